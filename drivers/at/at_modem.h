/* at_modem: what the rooms of the AT link share; nobody outside drivers/at includes it.
 *
 *   at_link.c     states, the contract's calls, what is told upward and when
 *   at_init.c     from an open port to a modem that is known: scripts, identity
 *   at_sim.c      the SIM and its PIN
 *   at_card.c     which SIM it is, and whether it is still the same
 *   at_network.c  registration and signal; READY, or REGISTERING
 *   at_send.c     one short message: prompt, commit, body, verdict, late answers
 *   at_ussd.h     one USSD session
 *   at_receive.h  what comes back: five rooms, see there
 *   at_recover.c  keepalive, fences, restarts, a port that is not there
 *   at_ladder.c   what is done to a modem that does not do its work, rung after rung
 *
 * One owner (the link), one way to move (at_link_goto), one way out of a port (at_link_drop_port).
 * The sink is called from one task at the end of the turn, never from anywhere else. */
#ifndef OTPGATE_AT_MODEM_H
#define OTPGATE_AT_MODEM_H

#include <stdbool.h>
#include <stdint.h>

#include "at_chat.h"
#include "at_link.h"
#include "at_quirks.h"
#include "at_receive.h"
#include "at_script.h"
#include "at_ussd.h"
#include "fsm.h"
#include "often.h"
#include "rescue.h"

enum { AT_FAMILIES = 3 };     /* CREG, CGREG, CEREG */
enum { AT_EVIDENCE_MAX = 8 }; /* told in one turn; a modem that shouts more is not listened to */

/* What the sink will be told at the end of the turn, in this order. */
struct at_notices {
    bool outcome, state, commit, radio, ussd, form, pin, pin_rejected, elsewhere;
    uint64_t token; /* of the outcome */
    unsigned part;
    struct sms_outcome result;
    unsigned evidences;
    struct link_evidence evidence[AT_EVIDENCE_MAX];
    struct link_ussd ussd_result;
    enum ussd_form ussd_form;
    char why[80];
    struct loop_task task;
};

/* The submit under way, and what earlier ones still wait for. */
struct at_sending {
    bool active;                /* submitted, outcome not yet decided */
    bool started;               /* its first command is written */
    bool asked;                 /* commit() is asked and not answered */
    bool left;                  /* the Ctrl-Z may have left; until the outcome is told */
    enum sms_local ended_by_us; /* why it was taken back; 0: it was not */
    int reference;              /* of its +CMGS, -1 */
    int64_t left_ms;
    struct link_submit submit;
    struct loop_timer slow;
    bool cmms_on; /* AT+CMMS=2 was asked for since the last start of the modem */
    int errors;   /* plain ERRORs behind a Ctrl-Z in a row */
    int silences; /* messages in a row that a modem in step said nothing to */
    int refusals; /* and such as it refused in words, for a reason of its own */
    struct {      /* the last one whose answer may still come: nothing was sent since */
        bool open;
        uint64_t token;
        unsigned part;
    } unanswered;
    struct { /* a late +CMGS just taken for true: a final error right behind it makes it doubtful */
        bool fresh;
        int64_t at_ms;
        struct link_evidence evidence;
    } late;
};

enum at_wait { /* what a RECOVERING link waits for */
               AT_WAIT_NOTHING,
               AT_WAIT_RADIO,  /* its radio restarts */
               AT_WAIT_RESET,  /* the modem restarts */
               AT_WAIT_RESCUE, /* USB or power, from outside */
               AT_WAIT_REOPEN, /* the port rests */
               AT_WAIT_ANSWER, /* a short message's answer is still due, and others came */
};
/* The PIN, from the question to what the SIM said. */
struct at_pin {
    bool asked;   /* the owner has not answered */
    bool typed;   /* and not yet judged */
    bool refused; /* by `answer` */
    bool lost;    /* the SIM, while it was in use */
    struct at_final answer;
    char code[9]; /* only between the owner's answer and the command */
};
enum { AT_CARD_INNOCENTS = 8 }; /* then no notice is believed any more */
/* What is known of the SIM in use, and what speaks against it. */
struct at_card {
    bool told;        /* its ICCID, in this script */
    bool other;       /* and it was another one than before */
    bool unsure;      /* the network was lost, and the SIM not looked at since */
    bool looking;     /* just now */
    uint32_t noticed; /* the last notice, as a sum; 0: none that is not looked at */
    uint32_t judged;  /* the one that is */
    uint32_t innocent[AT_CARD_INNOCENTS]; /* came, and it was the same SIM */
    unsigned innocents;
};
enum at_rung {
    AT_RUNG_RADIO,
    AT_RUNG_RESET,
    AT_RUNG_REOPEN,
    AT_RUNG_USB,
    AT_RUNG_POWER,
    AT_RUNG_QUARANTINE,
};
enum { AT_RUNGS = AT_RUNG_QUARANTINE + 1, AT_RUNG_MOST = 3 };
enum { AT_REPLUGS = 3 }; /* in a row end a quarantine */
struct at_recovery {
    enum at_rung rung;                       /* next to be climbed */
    int64_t climbed_ms;                      /* the last time, 0: never */
    int64_t used_ms[AT_RUNGS][AT_RUNG_MOST]; /* for the budgets; 0: not used */
    bool sending;     /* it answers, but sends nothing: only a message that went proves it well */
    bool awaited;     /* GONE in the midst of a recovery: the ladder goes on if it stays away */
    unsigned missed;  /* times that it did not come back, since its port was open */
    unsigned penalty; /* quarantines in a row, squared into a waiting time */
    unsigned tries;   /* in a row that its port went or did not open, squared too */
    unsigned replugs; /* that ended a quarantine, since one was kept or it was well */
    enum at_wait wait;
    bool reboot_seen;       /* the modem said that it has restarted */
    struct often restarts;  /* by itself */
    int64_t restarted_ms;   /* the last one; 0: none */
    bool restarts_too_much; /* and nothing is done about it yet */
    struct often drops;     /* off the bus, by itself, and no message went since */
    int64_t left_ms;        /* it went, not by our doing, and is not open again; 0: no */
    bool left_busy;         /* with a message under way */
    unsigned cuts;          /* messages in a row that ended so */
    int64_t fresh_ms;       /* it is open since then, and has not told of its start; 0: it has */
    bool moving;            /* its port goes because it is to be another one */
    bool reset_asked;       /* by the owner, and not begun: waits for what is under way */
};

struct at_link {
    struct link link; /* first: a link is its AT link */
    struct loop *loop;
    struct port *port;
    bool owns_port;
    struct link_ops ops;   /* this link's: attach() only where its port is a slot */
    struct rescue *rescue; /* NULL: none */
    int64_t power_every_ms;
    char smsc[17];
    bool roaming;
    int64_t keepalive_ms;
    int64_t look_ms; /* when it is to be looked at again how it is */

    struct fsm fsm;          /* states: enum link_state */
    struct loop_timer timer; /* what the state waits for */
    struct stream *stream;
    struct at_chat chat;
    struct at_trace trace;
    struct loop_task traced;
    struct at_script script;
    char room[AT_COMMAND_MAX + 1]; /* for a script's text that is made, not constant */
    const struct at_quirks *quirks;

    enum at_sim sim;
    struct at_pin pin;
    struct at_card card;
    bool echo_off;   /* ATE0 was obeyed: an echo means that the modem has restarted */
    int fun;         /* AT+CFUN?, -1 */
    bool no_cesq;    /* AT+CESQ is not known, or knows nothing: AT+CSQ */
    unsigned looked; /* at the SIM or the network, in this state */
    int stat[AT_FAMILIES], technology[AT_FAMILIES]; /* -1: not told */

    struct at_sending send;
    struct at_ussd ussd;
    struct at_receiving receive;
    struct at_ear ear;
    unsigned announce, announce_tried; /* of the row's commands: the one in force; turns in vain */
    struct at_recovery recovery;
    struct at_notices notices;
    bool closed;
    struct loop_task reaper;
};

/* --- at_link.c --- */
void at_link_goto(struct at_link *l, enum link_state state, const char *why);
void at_link_say(struct at_link *l, const char *why); /* the state stays, the reason is new */
enum link_state at_link_state(const struct at_link *l);
void at_link_open_port(struct at_link *l, const char *why);
/* Ends the dialogue (a submit under way gets its outcome) and closes the stream. */
void at_link_drop_port(struct at_link *l);
void at_link_tell_outcome(struct at_link *l, const struct sms_outcome *outcome);
void at_link_tell_evidence(struct at_link *l, const struct link_evidence *evidence);
void at_link_tell_commit(struct at_link *l);
void at_link_tell_radio(struct at_link *l);
void at_link_tell_ussd(struct at_link *l, const struct link_ussd *result);
void at_link_tell_ussd_form(struct at_link *l, enum ussd_form form);
void at_link_tell_inbound(struct at_link *l);
void at_link_tell_elsewhere(struct at_link *l);
void at_link_tell_pin(struct at_link *l);
void at_link_tell_pin_rejected(struct at_link *l);

/* --- at_init.c --- */
void at_init_wake(struct at_link *l, const char *why); /* → SYNCING on the open stream */
void at_init_awake(struct at_link *l);                 /* the settling time is over */
void at_init_fenced(struct at_link *l, bool in_step);  /* SYNCING */
/* True: the modem said that it has restarted, and is started from the beginning, or done to as the
 * ladder says where that happens again and again. */
bool at_init_restarted(struct at_link *l);
void at_init_failed(struct at_link *l, enum at_script_end end);

/* --- at_sim.c --- */
void at_sim_look(struct at_link *l); /* SIM, and the chat idle */
void at_sim_on_timer(struct at_link *l);
void at_sim_pin(struct at_link *l, const char *pin, const char *why); /* the owner's answer */
void at_sim_look_soon(struct at_link *l); /* SIM: whoever was asked for a PIN is asked no more */
/* Wipes it, and what is known of the SIM with it. */
void at_sim_forget_pin(struct at_link *l);
/* True: the service centre that the modem has lost is set again, and READY follows. The chat is
 * idle.
 */
bool at_sim_restore_centre(struct at_link *l);
/* True: the SIM went while it was in use, and is looked at again. The chat is idle. */
bool at_sim_was_lost(struct at_link *l);
void at_sim_on_cpin(void *ctx, const char *line);
void at_sim_on_sms_ready(void *ctx, const char *line);

/* --- at_card.c --- */
/* True: the SIM is doubted, and looked at before anything else. The chat is idle. */
bool at_card_take_turn(struct at_link *l);
/* True, once: the modem has said something of its SIM while that was looked at. */
bool at_card_take_notice(struct at_link *l);
bool at_card_is_doubted(const struct at_link *l); /* what comes now may be another's */
void at_card_forget(struct at_link *l);           /* the doubts */
void at_card_forget_identity(struct at_link *l);
void at_card_on_notice(void *ctx, const char *line); /* a maker's own word on its SIM */
/* Steps that ask AT+CPIN? of a SIM in use: what they learn is acted on by at_sim_was_lost(). */
bool at_card_learn_ready(void *arg, const char *line);
void at_card_learn_error(void *arg, const struct at_final *final);
/* Steps that ask which SIM it is: anew, until one way is answered. */
const char *at_card_ask_anew(void *arg);
const char *at_card_ask_own(void *arg);
const char *at_card_ask_common(void *arg);
const char *at_card_ask_file(void *arg);
bool at_card_learn_iccid(void *arg, const char *line);
/* clang-format off */
#define AT_CARD_WHICH                                                                              \
    {.make = at_card_ask_anew},                                                                    \
    {.make = at_card_ask_own, .prefix = {""}, .line = at_card_learn_iccid, .timeout_ms = 5000},    \
    {.make = at_card_ask_common, .prefix = {""}, .line = at_card_learn_iccid, .timeout_ms = 5000}, \
    {.make = at_card_ask_file, .prefix = {"+CRSM:"}, .line = at_card_learn_iccid, .timeout_ms = 5000}
/* clang-format on */

/* --- at_network.c --- */
void at_network_look(struct at_link *l); /* REGISTERING */
void at_network_on_timer(struct at_link *l);
void at_network_arrive(struct at_link *l); /* REGISTERING, and there is one */
bool at_network_registered(const struct at_link *l);
/* READY, or back to REGISTERING where the network was lost meanwhile. The chat is idle. */
void at_network_settle(struct at_link *l, const char *why);
/* A step that asks for the signal: its command, its line. */
const char *at_network_ask_signal(void *arg);
bool at_network_parse_signal(void *arg, const char *line);
bool at_network_parse_registration(void *arg, const char *line);
void at_network_on_registration(void *ctx, const char *line); /* unsolicited */

/* --- at_send.c --- */
void at_send_init(struct at_link *l);
int at_send_submit(struct at_link *l, const struct link_submit *submit);
void at_send_begin(struct at_link *l); /* BUSY and the chat idle: writes the first command */
void at_send_proceed(struct at_link *l, uint64_t token, unsigned part, bool yes);
void at_send_abort(struct at_link *l);
void at_send_on_cmgs(void *ctx, const char *line); /* nobody waits for it */
void at_send_on_orphan(struct at_link *l, const struct at_final *final);
void at_send_on_reboot(struct at_link *l);
void at_send_on_lost(struct at_link *l); /* the SIM */
/* The command on the wire (NULL: none, but a fence) has had its time: the verdict is given before
 * its fence. */
void at_send_overdue(struct at_link *l, const struct at_command *command,
                     const struct at_result *so_far);
/* An outcome for a submit whose first command was never written. */
void at_send_end_unstarted(struct at_link *l, enum sms_local cause);
/* The verdict by the line (link.h). Pure. `reference`: of a +CMGS line that came, -1: none did. */
struct sms_outcome at_send_verdict(const struct at_result *result, int reference,
                                   enum sms_local ended_by_us);

/* --- at_recover.c --- */
void at_recover_keepalive(struct at_link *l);               /* READY, its time has come */
void at_recover_resync(struct at_link *l, const char *why); /* the fence, without a time-out */
void at_recover_fenced(struct at_link *l, bool in_step);
/* A short message is unanswered, and the modem answers all else: the fence proves nothing about
 * that answer, and the next message's would be taken for it. Until it came, the modem has
 * restarted, or it cannot come any more. */
void at_recover_hold(struct at_link *l);
bool at_recover_is_held(const struct at_link *l);
void at_recover_gone(struct at_link *l, const char *why, bool was_open);
void at_recover_cannot_open(struct at_link *l, int err); /* its port */
void at_recover_on_timer(struct at_link *l);             /* RECOVERING, QUARANTINED, GONE */
void at_recover_on_reboot(void *ctx, const char *line);
/* True: it has been at work without a pause, or a message says that there is no network, and is
 * looked at before the next. The chat is idle. */
bool at_recover_take_turn(struct at_link *l);
void at_recover_forgot(struct at_link *l); /* its settings are gone: a restart without a word */
/* True, once: it has restarted by itself too often lately. */
bool at_recover_take_restarts(struct at_link *l);
/* Its port is open. True: it drops off the bus by itself too often, and climbs for it. */
bool at_recover_returned(struct at_link *l);
/* The keepalive was answered, or (sent) a message went: the trouble is over. */
void at_recover_healthy(struct at_link *l, bool sent);
/* It is plugged in. False: so it was too often, and its quarantine goes on. */
bool at_recover_plugged(struct at_link *l);
int64_t at_recover_penalty_ms(unsigned *failures, int64_t step_ms); /* one more in a row */
void at_recover_answered(struct at_link *l); /* what was due has come: ends a hold */

/* --- at_ladder.c --- */
void at_ladder_climb(struct at_link *l, const char *why); /* the modem fails: the next rung */
void at_ladder_climb_for_sending(struct at_link *l, const char *why);
void at_ladder_reopen(struct at_link *l, const char *why); /* the port has to be closed at once */
void at_ladder_rescue(struct at_link *l, const char *why); /* to open it anew is of no help */
int at_ladder_reset(struct at_link *l);                    /* the owner's wish; as link.h has it */
/* True: a reset that was asked for begins. Between two dialogues: nothing is under way. */
bool at_ladder_take_turn(struct at_link *l);
void at_ladder_idle(struct at_link *l); /* nothing is on the wire any more */

#endif
