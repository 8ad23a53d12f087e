/* at_modem: what the rooms of the AT link share; nobody outside drivers/at includes it.
 *
 *   at_link.c     states, the contract's calls, what is told upward and when
 *   at_init.c     from an open port to a SIM that is ready: scripts, identity
 *   at_network.c  registration and signal; READY, or REGISTERING
 *   at_send.c     one short message: prompt, commit, body, verdict, late answers
 *   at_delivery.c how messages shall come: memory and notices, chosen and kept
 *   at_inbound.c  what came and is with the owner: handles, a bounded window
 *   at_receive.c  reading and deleting what is stored, between the sends
 *   at_recover.c  keepalive, the ladder, quarantine, a port that is not there
 *
 * One owner (the link), one way to move (at_link_goto), one way out of a port (at_link_drop_port).
 * The sink is called from one task at the end of the turn, never from anywhere else. */
#ifndef OTPGATE_AT_MODEM_H
#define OTPGATE_AT_MODEM_H

#include <stdbool.h>
#include <stdint.h>

#include "at_chat.h"
#include "at_link.h"
#include "at_places.h"
#include "at_quirks.h"
#include "at_script.h"
#include "fsm.h"

enum { AT_FAMILIES = 3 };     /* CREG, CGREG, CEREG */
enum { AT_EVIDENCE_MAX = 8 }; /* told in one turn; a modem that shouts more is not listened to */

/* What the sink will be told at the end of the turn, in this order. */
struct at_notices {
    bool outcome, state, commit, radio;
    uint64_t token; /* of the outcome */
    unsigned part;
    struct sms_outcome result;
    unsigned evidences;
    struct link_evidence evidence[AT_EVIDENCE_MAX];
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
               AT_WAIT_RESET,  /* the modem restarts */
               AT_WAIT_REOPEN, /* the port rests */
               AT_WAIT_ANSWER, /* a short message's answer is still due (answers_during_cmgs) */
};
struct at_recovery {
    unsigned rung;    /* of the ladder, next to be climbed */
    unsigned penalty; /* failures in a row, squared into a waiting time */
    enum at_wait wait;
    bool reboot_seen; /* the modem said that it has restarted */
};

/* What is with the owner, or on its way there. */
enum {
    AT_WINDOW = 16,             /* stored messages that the owner has not answered for */
    AT_INBOUND = AT_WINDOW + 8, /* and such as came directly and are stored nowhere */
};
struct at_inbound {
    enum { AT_INBOUND_FREE, AT_INBOUND_DUE, AT_INBOUND_OUT, AT_INBOUND_LATER } state;
    bool direct;
    struct link_inbound inbound;
};

enum at_job {
    AT_JOB_NONE,
    AT_JOB_SELECT, /* AT+CPMS="xx" */
    AT_JOB_USED,   /* AT+CPMS? */
    AT_JOB_LIST,   /* AT+CMGL=4 */
    AT_JOB_WALK,   /* AT+CMGR, index after index, in place of a list */
    AT_JOB_READ,   /* AT+CMGR of a place */
    AT_JOB_DELETE, /* AT+CMGD */
    AT_JOB_ASK_CNMI,
    AT_JOB_SET_CNMI,
};
enum at_sweep { AT_SWEEP_NONE, AT_SWEEP_ASK, AT_SWEEP_LIST, AT_SWEEP_WALK };

struct at_receiving {
    /* how messages come */
    unsigned offered[3], cnmi_offer[5];
    unsigned preference; /* index of the memory or the notices tried now */
    bool cnmi_set, cnmi_changed;
    int cnmi[5];
    enum at_memory home, selected; /* AT_MEMORY_SELECTED: AT+CPMS is not understood */
    int used, total;               /* of `selected`; -1 not told */
    /* what is known */
    struct at_places places;
    struct at_inbound inbound[AT_INBOUND];
    uint64_t handles;
    int announced; /* the length in front of a direct TPDU */
    /* the command under way */
    enum at_job job;
    struct at_place place;
    bool pending, header; /* a header waits for its TPDU; one came at all */
    struct at_stored stored;
    bool cnmi_wrong;
    unsigned since_send; /* storage commands since the last short message */
    unsigned silent;     /* time-outs in a row */
    int64_t rest_until_ms;
    /* sweeps: a bit for each memory */
    unsigned due, forced, watched, refused;
    struct {
        enum at_sweep stage;
        enum at_memory memory;
        unsigned index, found, foreign, used;
    } sweep;
    int foreign[AT_MEMORIES + 1]; /* what the last sweep left on purpose */
    bool list_silent;             /* AT+CMGL was not answered: never asked again */
    int64_t inspected_ms, full_ms;
    unsigned inspections;
    struct loop_task task;
};

struct at_link {
    struct link link; /* first: a link is its AT link */
    struct loop *loop;
    struct port *port;
    bool owns_port;
    char smsc[17];
    bool roaming;
    int64_t keepalive_ms;

    struct fsm fsm;          /* states: enum link_state */
    struct loop_timer timer; /* what the state waits for */
    struct stream *stream;
    struct at_chat chat;
    struct at_script script;
    char room[AT_COMMAND_MAX + 1]; /* for a script's text that is made, not constant */
    const struct at_quirks *quirks;

    enum at_sim sim;
    bool echo_off;   /* ATE0 was obeyed: an echo means that the modem has restarted */
    int fun;         /* AT+CFUN?, -1 */
    unsigned looked; /* at the SIM or the network, in this state */
    int stat[AT_FAMILIES], technology[AT_FAMILIES]; /* -1: not told */

    struct at_sending send;
    struct at_receiving receive;
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
void at_link_tell_inbound(struct at_link *l);

/* --- at_init.c --- */
void at_init_wake(struct at_link *l, const char *why); /* → SYNCING on the open stream */
void at_init_awake(struct at_link *l);                 /* the settling time is over */
void at_init_fenced(struct at_link *l, bool in_step);  /* SYNCING */
void at_init_on_timer(struct at_link *l);              /* SIM, REGISTERING */
/* True: the modem said that it has restarted, and is started from the beginning. */
bool at_init_restarted(struct at_link *l);
void at_init_failed(struct at_link *l, enum at_script_end end);
void at_init_on_cpin(void *ctx, const char *line);
void at_init_on_sms_ready(void *ctx, const char *line);

/* --- at_network.c --- */
void at_network_look(struct at_link *l); /* REGISTERING */
bool at_network_registered(const struct at_link *l);
/* READY, or back to REGISTERING where the network was lost meanwhile. The chat is idle. */
void at_network_settle(struct at_link *l, const char *why);
bool at_network_parse_csq(void *arg, const char *line);
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
/* An outcome for a submit whose first command was never written. */
void at_send_end_unstarted(struct at_link *l, enum sms_local cause);
/* The verdict by the line (link.h). Pure. `reference`: of a +CMGS line that came, -1: none did. */
struct sms_outcome at_send_verdict(const struct at_result *result, int reference,
                                   enum sms_local ended_by_us);

/* --- at_delivery.c --- */
/* Chooses memory and notices, with the link's script; the chat is idle. */
void at_delivery_choose(struct at_link *l, void (*done)(void *arg, enum at_script_end end));
/* AT+CNMI as it was chosen; `text` holds AT_COMMAND_MAX + 1. */
void at_delivery_cnmi(const struct at_link *l, char *text);
/* A +CNMI line: false where the modem would not tell of messages any more. */
bool at_delivery_is_kept(const struct at_link *l, const char *line);

/* --- at_inbound.c --- */
/* Is there room for one more stored message? */
bool at_inbound_has_room(const struct at_link *l);
/* Tells what lies in `slot` upward, or leaves it FOUND where there is no room. */
void at_inbound_put(struct at_link *l, struct at_slot *slot, const struct pdu_tpdu *tpdu);
void at_inbound_on_header(void *ctx, const char *line); /* +CMT, +CDS */
bool at_inbound_on_body(void *ctx, const char *line);
/* The next to be told; false: none now. */
bool at_inbound_next(struct at_link *l, struct link_inbound *out);
/* The owner's answer. */
void at_inbound_taken(struct at_link *l, uint64_t handle, bool ok);
void at_inbound_drop(struct at_link *l, uint64_t handle);
void at_inbound_remind(struct at_link *l); /* tells again what came directly and was not taken */
uint64_t at_inbound_sum(const struct pdu_tpdu *tpdu); /* never 0 */

/* --- at_receive.c --- */
void at_receive_init(struct at_link *l);
/* The dialogue ends: handles and places are forgotten, but for what is taken and not deleted. */
void at_receive_forget(struct at_link *l);
void at_receive_start(struct at_link *l); /* memory and notices are chosen: everything is swept */
/* READY and the chat idle: one command, where there is something to do. */
void at_receive_work(struct at_link *l);
void at_receive_soon(struct at_link *l); /* the same, at the end of the turn */
void at_receive_taken(struct at_link *l, uint64_t handle, bool ok);
void at_receive_full(struct at_link *l);                /* the modem has no room left: sweep */
void at_receive_on_stored(void *ctx, const char *line); /* +CMTI, +CDSI */
void at_receive_on_full(void *ctx, const char *line);

/* --- at_recover.c --- */
void at_recover_keepalive(struct at_link *l);              /* READY, its time has come */
void at_recover_climb(struct at_link *l, const char *why); /* the modem is deaf: the next rung */
void at_recover_reopen(struct at_link *l, const char *why);
void at_recover_resync(struct at_link *l, const char *why); /* the fence, without a time-out */
void at_recover_fenced(struct at_link *l, bool in_step);
void at_recover_hold(struct at_link *l); /* until a late answer came */
void at_recover_gone(struct at_link *l, const char *why, bool was_open);
void at_recover_on_timer(struct at_link *l); /* RECOVERING, QUARANTINED, GONE */
void at_recover_on_reboot(void *ctx, const char *line);
void at_recover_healthy(struct at_link *l);
void at_recover_answered(struct at_link *l); /* what was due has come: ends a hold */

#endif
