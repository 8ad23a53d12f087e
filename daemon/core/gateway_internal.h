/* What the rooms of core share: the gateway and its modems. Nobody outside core includes this. */
#ifndef OTPGATE_GATEWAY_INTERNAL_H
#define OTPGATE_GATEWAY_INTERNAL_H

#include "admission.h"
#include "alarm.h"
#include "gateway.h"
#include "identity.h"
#include "lease.h"
#include "pdu_decode.h"
#include "plug.h"
#include "registry.h"

/* Where the attempt stands that a modem has under way. */
enum slot_state {
    SLOT_FREE,
    SLOT_SUBMITTED, /* its row is written, the link has it and will ask at the prompt */
    SLOT_ASKED,     /* "committed" is written, the COMMIT is awaited */
    SLOT_ANSWERED,  /* proceed was given, the outcome is awaited */
    SLOT_OVER,      /* its outcome waits until the one before it is on disk */
};

/* An outcome on its way to the disk; kept in RAM and tried again where it cannot be written. */
struct ending {
    bool active;
    bool written; /* inside the open transaction */
    uint64_t token;
    struct sms_outcome outcome;
    bool blames_sim;    /* the message is not to blame: suspect.c */
    bool message_waits; /* nobody else may take it, and the modem does not rest for it */
    struct store_waiter waiter;
    struct loop_timer retry;
    int retry_ms;
};

/* Its SIM's PIN, from the question to what the SIM said. */
enum { PIN_SIM_ROOM = 32 };
struct pin {
    char sim[PIN_SIM_ROOM]; /* ICCID, or "imei:..." */
    char code[9];           /* only until it is on disk that it is tried */
    bool typed;             /* and nothing is known of it yet */
    bool ours;              /* all that is written as tried on this SIM, for `before` to judge */
    unsigned before;        /* link->pins_typed when it was written */
    struct store_waiter waiter;
};

/* What the failures of a SIM say of it; see suspect.c. */
struct suspect_row;
enum { SUSPECT_RECIPIENTS = 3, SUSPECT_HASH = 8 };
struct suspicion {
    char iccid[23];                /* of which SIM all this is */
    const struct suspect_row *row; /* of the failures in a row; NULL: none */
    unsigned count;                /* different recipients of theirs */
    uint8_t recipient[SUSPECT_RECIPIENTS][SUSPECT_HASH];
    const struct suspect_row *out; /* why the SIM is taken out; NULL: it is not */
    bool trial;                    /* out, but one message may try it */
    unsigned times;                /* in a row that it was taken out */
    int64_t trial_wall_ms;
    struct loop_timer timer;
    /* An operator lets it back in, which is on its way to the disk: what it was before. */
    struct store_waiter forgiven;
    const struct suspect_row *former_out;
    unsigned former_times;
    int64_t former_trial_wall_ms;
};

/* Of the session on a modem; see lease.h. */
enum lease_state {
    LEASE_FREE,
    LEASE_WANTED,   /* waits until the modem has nothing under way */
    LEASE_REFUSING, /* the driver cannot: told in a moment */
    LEASE_ASKING,   /* the link has it */
    LEASE_OPEN,     /* a menu waits for its answer */
    LEASE_ENDING,   /* the link has been told to end it */
};
struct lease {
    enum lease_state state;
    char code[USSD_CODE_MAX + 1];
    uint32_t uid;
    lease_fn *fn; /* NULL: nobody waits */
    void *arg;
    struct loop_timer timer;
    int64_t until_ms; /* no exchange begins later */
};

/* What a modem rests for, and what ends it before its time. Pacing is none of them: nothing does.
 */
enum rest {
    REST_NETWORK, /* its network, or a link that was not ready: READY, when it was looked for anew
                   */
    REST_FAULT,   /* modem, SIM, or what it says to every message: GONE, for somebody pulled it */
    RESTS,
};

struct modem {
    struct gateway *gateway;
    struct modem *next;
    struct config_modem config;
    struct link *link;
    bool retired;          /* left the configuration, goes when free */
    bool paused;           /* by an operator: a fact on disk */
    bool finishing;        /* held, and a message begun here may still want its next part */
    struct loop_task tell; /* followers hear that it is held, or no more */
    struct suspicion suspicion;

    enum link_state state;
    struct pin pin;
    int64_t since_wall_ms;
    char why[96];

    char place[256]; /* the port it is at; "": nowhere */
    bool adopted;    /* no section names it; its config is made up */
    bool moving;     /* to another port of its stick: takes nothing new */
    char absent[96]; /* why it is nowhere */
    enum modem_doubt doubt;
    char doubt_why[96];
    char had_iccid[23];       /* the last SIM that it has told of; see unpin.c */
    int64_t born_ms, away_ms; /* since when it is known, and since when its SIM is away, or was */
    bool card_out;            /* its SIM does not work, and it says so */
    char looked_imei[17], looked_iccid[23];        /* what identity_look() has judged */
    struct store_waiter accepted;                  /* its pair is on its way to the disk */
    char recalled_imei[17], recalled_revision[40]; /* whose habits its link was told */

    enum slot_state slot;
    struct link_submit submit; /* token 0: none */
    int64_t row;               /* of the message under way */
    int parts_left;            /* of it, with this one */
    int64_t expires_ms;
    uint8_t recipient[SUSPECT_HASH]; /* keyed hash of its number */
    bool refuse; /* answer "no" at the prompt: cancelled, superseded or undone meanwhile */
    struct sms_outcome over; /* SLOT_OVER */
    struct store_waiter claim_waiter, commit_waiter;
    struct ending ending;

    uint64_t round;               /* of claims, in which nothing was due for it */
    struct loop_timer free_timer; /* pacing and cooling */
    int64_t text_ms;              /* when its text was let go */
    int64_t paced_ms;             /* the same, of the last that left, or may have; 0: none */
    int64_t rest_until_ms[RESTS];
    double penalty; /* decays, see fleet.c */
    int64_t penalty_at_ms;
    int64_t service_ms; /* mean time of a submit, claim to outcome */
    int64_t claimed_at_ms;

    struct store_day today;                     /* parts of this SIM since midnight */
    int64_t day_start_wall_ms, day_end_wall_ms; /* end 0: not counted */
    bool day_unknown;                           /* the disk did not tell */
    char counted_iccid[23];                     /* of which SIM today's counts are */
    char last_error[128];
    struct lease lease;
    struct loop_timer absence_timer; /* runs while it is not ready */
    bool absent_long;                /* and has run out */
};

/* A report that nobody waits for yet: it may be faster than our own +CMGS. */
struct early_report {
    struct gateway *gateway;
    int64_t came_ms, until_ms; /* until 0: free */
    uint64_t number;           /* in the order in which they came */
    int64_t again_ms; /* its attempt is known, the disk failed: then it is tried again; 0: not */
    bool written;     /* inside the open transaction */
    char iccid[23];
    struct pdu_report report;
    struct store_waiter waiter;
};
enum { EARLY_REPORTS = 64 };

/* The look for parts whose SIM nobody keeps; see unpin.c. */
struct unpin {
    struct loop_timer timer;
    struct store_waiter waiter;   /* of a step */
    bool again;                   /* once more when it is through */
    char pin[MODEM_NAME_MAX + 8]; /* where it stands; "": before the first */
    int64_t row;
};

/* A TPDU whose modem waits to hear that it is on disk. */
struct taking;

/* What those above lend to the registry; NULL: nothing. */
struct registry_hooks {
    registry_read_fn *read;
    void *read_arg;
    registry_news_fn *news;
    void *news_arg;
};

struct stick; /* plug.c */

/* What a model of stick has taught: plug_lesson.c. */
struct plug_lesson {
    unsigned vendor, product; /* 0: none */
    int speaks;               /* the interface that takes commands: asked first the next time */
    bool heard;               /* others take them too, and what comes is not told there */
    int ear;                  /* the interface that tells it, where that is another one; -1 */
};
enum { PLUG_LESSONS = 16 };

enum { GUARDS = 8 }; /* commits that one turn of the loop may see */
struct guard {
    struct store_waiter waiter;
    struct gateway *gateway;
};

/* Of the counters in gateway_stats: what has come with writes that may be undone, and made anew. */
struct counted {
    int64_t resent, evidence, inbound, inbound_doubles, reports;
};

struct gateway {
    struct loop *loop;
    struct store *store;
    const struct config *config;
    gateway_link_fn *make_link;
    void *make_link_arg;
    struct modem *modems;

    uint64_t round; /* of claims, one before each COMMIT */
    int may_end;    /* messages that this round may end, being past their deadline */
    struct admission admission;
    /* Each transaction has one of its own, which hears if it failed. */
    struct guard guard[GUARDS];
    struct loop_timer due; /* the one timer for the next thing due */
    bool stopping;
    struct loop_task stopped;
    loop_fn *on_stopped;
    void *on_stopped_arg;
    void (*on_modem)(void *arg, const struct modem_view *view);
    void *on_modem_arg;
    void (*on_trace)(void *arg, const char *modem);
    void *on_trace_arg;

    struct alarms alarms;
    struct gateway_stats stats;    /* the counters of it */
    unsigned accepts_open;         /* counted as accepted, not on disk yet */
    unsigned accepts_here;         /* those of them that stand in the open savepoint */
    struct counted counted;        /* not on disk yet: no part of the stats */
    struct counted counted_before; /* the open savepoint */
    bool store_failing;
    bool recount; /* the counters may be wrong until they are counted anew; nothing is begun then */
    int probe_ms; /* while it fails: the pause before the next try, and when that is */
    int64_t probe_at_ms;
    uint8_t next_reference; /* of a concatenation */

    struct registry_sim *registry; /* SIMs that have asked 1414 */
    struct registry_hooks registry_hooks;
    struct early_report early[EARLY_REPORTS];
    uint64_t early_count; /* since start */
    struct loop_timer early_timer;
    struct taking *takings;
    struct unpin unpin;
    struct late *late; /* evidence on its way to the disk, see evidence.c */
    struct loop_timer late_timer;
    int late_retry_ms;
    struct loop_timer sets_timer; /* unfinished sets are given up */
    struct loop_timer purge_timer;
    struct loop_timer day_timer; /* budgets begin anew */
    bool paused;                 /* by an operator: a fact on disk */

    struct plug_asker asker;
    struct stick *sticks;
    struct plug_lesson lesson[PLUG_LESSONS];
    unsigned lesson_next; /* the oldest is there */
};

/* --- schedule.c: what is due, and when to look again --- */

void schedule_init(struct gateway *gateway);
/* Something may be due for a free modem: claims are made in this turn's transaction. */
void schedule_kick(struct gateway *gateway);
/* Look again at `at_ms` at the latest. */
void schedule_no_later(struct gateway *gateway, int64_t at_ms);
/* Every write of the gateway is followed by this one: RAM learns of a transaction that failed. */
void schedule_guard(struct gateway *gateway);
/* The store has begun to fail: it is tried until something has reached the disk. */
void schedule_probe(struct gateway *gateway);

/* --- gateway.c --- */

/* The store failed, or works again: the flag and the alarm. Whoever says that it failed need not
 * see to it that it is tried again. */
void gateway_store_failing(struct gateway *gateway, bool failing);

/* --- policy.c --- */

/* Takes back what has not left: inside the transaction. 0, 1 too late (refusal filled), else
 * -errno. */
int gateway_withdraw(struct gateway *gateway, struct message *message, const char *reason,
                     struct refusal *refusal);

/* --- fleet.c: modems --- */

extern const struct link_sink fleet_sink;
struct modem *fleet_find(struct gateway *gateway, const char *name);
int fleet_open(struct gateway *gateway); /* links for sections that have none; 0/-ENOMEM */
void fleet_reload(struct gateway *gateway);
void fleet_close(struct gateway *gateway);
/* A modem that no section names, with a config made up; it is opened. NULL: no memory. */
struct modem *fleet_adopt(struct gateway *gateway, const struct config_modem *config);
void fleet_retire(struct modem *modem);
/* An alarm of this modem, by its name; of one that has retired there are none. */
void modem_alarm(struct modem *modem, const char *name, const char *sentence);
void modem_alarm_over(struct modem *modem, const char *name);
/* Its news: why it stands where it stands. */
void modem_say(struct modem *modem, const char *why);
void fleet_reap(struct modem *modem);    /* a retired modem that is free goes */
bool modem_is_free(struct modem *modem); /* may take what is due for it now */
/* May send so many before `until_ms`: not gone, quarantined, paused, or out of budget past it. */
bool modem_may_serve(struct modem *modem, int parts, int64_t until_ms);
/* Parts that another than this one may send of what avoids it; 0: there is none. */
int fleet_other_parts(struct gateway *gateway, const struct modem *than);
/* What is due for it, held or not, and fits into its budget: 1 with its text, 0 none, -errno. */
int modem_due(struct modem *modem, struct message *out);
/* The largest daily budget (of the modem `only`); INT_MAX: no limit; 0: no modem. */
int fleet_most_parts(const struct gateway *gateway, const char *only);
double modem_penalty_now(const struct modem *modem);
/* It takes nothing before `at_ms`. */
void modem_rest(struct modem *modem, enum rest rest, int64_t at_ms);
/* When neither its pacing nor a rest is in the way. */
int64_t modem_free_at_ms(const struct modem *modem);
/* A text has left it, or may have: min_interval_ms counts from when it was let go. */
void modem_pace(struct modem *modem);
void modem_punish(struct modem *modem, double penalty, const char *why);
void modem_view_fill(struct modem *modem, struct modem_view *view);
/* Followers hear of a change; `why` in a few words, NULL: the link's own. */
void modem_tell(struct modem *modem, const char *why);
/* Time of one part of a message of `parts` through the whole fleet, for estimates; 0: nobody may
 * serve before `until_ms`. */
double fleet_part_ms(struct gateway *gateway, int parts, int64_t until_ms, const char *only);
/* Time of one part on one modem. */
double fleet_submit_ms(const struct gateway *gateway);

/* --- budget.c: parts a day --- */

void budget_init(struct gateway *gateway);
void budget_stop(struct gateway *gateway);
void modem_count_part(struct modem *modem); /* one part committed */
void modem_count_outcome(struct modem *modem, bool sent);
int64_t modem_used_today(struct modem *modem);
/* Parts that this SIM may still send today; INT_MAX: no limit. */
int budget_left(struct modem *modem);
/* It may send so many before `until_ms`: today, or on another day. */
bool budget_before(struct modem *modem, int parts, int64_t until_ms);

/* --- hold.c: what an operator stops, and lets go again --- */

void hold_init(struct modem *modem); /* a new modem: what the disk says of it */
void hold_stop(struct modem *modem);
/* Reads the facts again: at start, after a transaction that failed, and when the disk is mended. */
void hold_load(struct gateway *gateway);
/* It, or everything. */
bool modem_is_paused(const struct modem *modem);
/* What it began may go on elsewhere: it is gone, quarantined, or paused with nothing left to
 * finish.
 */
bool modem_is_away(const struct modem *modem);
/* Why, in words; "" where it is not held. */
const char *hold_words(const struct modem *modem);
/* The next part of a message that a held modem has begun: 1 with its text, 0 none, -errno. */
int hold_next_part(struct modem *modem, struct message *out);
/* The modem has become ready. */
void hold_on_ready(struct modem *modem);

/* --- absence.c: one that is not ready for long --- */

void absence_init(struct modem *modem);
void absence_stop(struct modem *modem);
void absence_follow(struct modem *modem); /* its state is new */

/* --- suspect.c: SIMs that fail, and numbers that fail --- */

void suspect_init(struct modem *modem);
void suspect_stop(struct modem *modem);
void suspect_meet(struct modem *modem);                    /* its SIM may be another now */
void suspect_claimed(struct modem *modem, const char *to); /* who gets what it takes now */
struct suspect_finding {
    bool rests; /* where its class lets the modem rest */
    bool
        blames_sim; /* the SIM is taken out for it: the message may go elsewhere, whatever the cause
                     */
};
struct suspect_finding suspect_learn(struct modem *modem, const struct sms_outcome *outcome);
/* Inside the transaction: an operator lets it back in; out again where that is undone. 0/-errno */
int suspect_forgive(struct modem *modem);
bool suspect_is_out(const struct modem *modem);
bool suspect_on_trial(const struct modem *modem); /* out, and one message may try it now */
const char *suspect_words(const struct modem *modem);

/* --- choose.c: which modem sends --- */

/* Of the free ones that this round has not looked at; NULL: none. */
struct modem *choose_modem(struct gateway *gateway);
/* Among its equals one on the recipient's network, else `first` itself. */
struct modem *choose_for(struct modem *first, const struct message *message);

/* --- lease.c: a modem taken for a question to its network --- */

void lease_init(struct modem *modem);
void lease_stop(struct modem *modem); /* its link is closed; who waits is told */
bool lease_holds(const struct modem *modem);
bool lease_is_open(const struct modem *modem); /* the link has its session */
/* The modem may have nothing under way now: what waits for it begins. */
void lease_on_free(struct modem *modem);
void lease_on_ussd(struct modem *modem, const struct link_ussd *result);
/* Ends a menu where a message of class otp is due for this modem; a transaction may be open. */
void lease_yield(struct modem *modem);
void lease_yield_all(struct gateway *gateway);

/* --- attempt.c: one attempt from claim to outcome --- */

void attempt_init(struct modem *modem);
/* Inside the transaction: claims `message` (with its text) for the free modem. 0/-errno */
int attempt_claim(struct modem *modem, struct message *message);
void attempt_commit_asked(struct modem *modem, uint64_t token, unsigned part);
void attempt_outcome(struct modem *modem, uint64_t token, unsigned part,
                     const struct sms_outcome *outcome);
/* The message was cancelled or superseded: whoever has it says no at the prompt. */
void attempt_refuse(struct gateway *gateway, int64_t row);
void attempt_drop(struct modem *modem); /* the link is closed under it */
/* The state in which a message ends that cannot go on: UNKNOWN where a copy may have left, else
 * `wanted`. */
enum message_state attempt_end_state(const struct message *message, enum message_state wanted);
void attempt_check_stopped(struct gateway *gateway);

/* --- evidence.c --- */

enum { ATTEMPTS_TOLD = SMS_PARTS_MAX * 6 }; /* more of them than one run of a message can have */

void evidence_init(struct gateway *gateway);
void evidence_stop(struct gateway *gateway);
/* A link tells of an attempt, once: it is kept until it is on disk. */
void evidence_take(struct modem *modem, const struct link_evidence *evidence);
/* Inside a transaction, or opens one: what a failure has left to be written, before any claim. */
void evidence_write(struct gateway *gateway);
/* Inside the transaction: the attempt was sent (unsure: perhaps not), its message is loaded and
 * moved on where this moves it. 1: settled, 0: no such message, -errno. */
int evidence_settle(struct gateway *gateway, struct attempt *attempt, int reference, bool unsure,
                    struct message *message);
/* At start: what a crash left UNKNOWN is put where its on_unknown says. */
void evidence_recover(struct gateway *gateway);
/* The message is UNKNOWN: it is written so, and queued again after evidence_wait_s where it may be.
 * 0/-errno */
int evidence_await(struct gateway *gateway, struct message *message,
                   const struct sms_outcome *outcome);

/* --- unpin.c: parts whose SIM goes --- */

void unpin_init(struct gateway *gateway);
void unpin_stop(struct gateway *gateway);
/* What is left of the message leaves by the SIM of its first part, which is this one unless it is
 * tied already; to be written by the caller. */
void unpin_tie(struct gateway *gateway, struct message *message, const char *iccid);
/* The modem sends nothing from now on: after evidence_wait_s what it began is begun anew elsewhere,
 * where that is wanted. */
void unpin_later(struct modem *modem);
void unpin_follow(struct modem *modem); /* the link has told its state */

/* --- reports.c: delivery reports --- */

void reports_init(struct gateway *gateway);
void reports_stop(struct gateway *gateway);
/* Inside the transaction. 0/-errno */
int reports_take(struct gateway *gateway, const char *iccid, const struct pdu_report *report);
/* Inside the transaction: what the reports on disk make of a message that is SENT: DELIVERED where
 * they tell so of each of its parts, UNDELIVERED where one has failed. 0/-errno */
int reports_weigh(struct gateway *gateway, struct message *message);
/* An attempt of this SIM has got its reference: a report that came before may be its. */
void reports_look_again(struct gateway *gateway, const char *iccid);

/* --- pin.c: the PIN of a SIM, and what its SIM wants of somebody --- */

struct store_pin_view;
/* Why a PIN of which this is known may not be typed where `left` attempts are left (-1: not told);
 * NULL: it may. */
const char *pin_refusal(const struct store_pin_view *view, int left);
void pin_asked(struct modem *modem);
void pin_rejected(struct modem *modem);
void pin_follow(struct modem *modem, enum link_state state); /* the link has told its state */
void pin_stop(struct modem *modem);                          /* its link is to be closed */
void pin_alarms_over(struct modem *modem);

/* --- habit.c: what a modem has taught --- */

void habit_recall(struct modem *modem); /* the link has told its state */
void habit_learn(struct modem *modem, enum ussd_form form);

/* --- inbox.c: what comes from the air --- */

void inbox_init(struct gateway *gateway);
void inbox_stop(struct gateway *gateway);
void inbox_take(struct modem *modem, const struct link_inbound *inbound);
void inbox_forget(struct modem *modem); /* its link is closed: no answers to it any more */

/* --- registry.c: what 1414 says, see registry.h --- */

/* Inside the transaction: true where it is a record of the registry and must not be kept; `shown`
 * stands in its place. Who asked is told after this turn. */
enum { REGISTRY_SHOWN_MAX = 96 };
bool registry_catch(struct gateway *gateway, const struct inbox *inbox,
                    char shown[REGISTRY_SHOWN_MAX]);
/* `part` of `parts` of a message have come. */
void registry_part(struct gateway *gateway, const char *modem, const char *iccid,
                   const struct pdu_address *from, int part, int parts);
/* Messages or modems are others than they were: questions in the queue are looked at. */
void registry_look(struct gateway *gateway);
void registry_fini(struct gateway *gateway);

/* --- housekeeping.c: what has been kept long enough goes, in small steps --- */

void housekeeping_init(struct gateway *gateway);
void housekeeping_stop(struct gateway *gateway);

#endif
