/* gammu_inside: what the rooms of the link share; nobody outside drivers/gammu includes it.
 *
 *   gammu_link.c     states, the contract's calls, what is told upward and when, time
 *   gammu_hear.c     lines of the helper: which may be said when, and what each changes
 *   gammu_send.c     one short message: commit, hand over, verdict
 *   gammu_receive.c  what came in and is not taken yet
 *
 * One owner (the link), one way to move (gammu_goto), one way out of a helper (gammu_restart and
 * gammu_gone). The sink is called from one task at the end of the turn, never from elsewhere. */
#ifndef OTPGATE_GAMMU_INSIDE_H
#define OTPGATE_GAMMU_INSIDE_H

#include "fsm.h"
#include "gammu_link.h"
#include "gammu_wire.h"
#include "often.h"
#include "recorder.h"

enum {
    GAMMU_OWNER_MS = 20000,   /* for the owner's transaction */
    GAMMU_ANSWER_MS = 120000, /* of a submit: the network's own timers and libgammu's waits */
    GAMMU_ALIVE_MS = 60000,   /* of a look, which may read a full memory */
    GAMMU_GONE_MS = 600000,   /* of waiting for a phone that is not reached */
    GAMMU_BUSY_MS = 30000,    /* or that another program holds: to find that out costs nothing */
    GAMMU_WINDOW = 16,        /* TPDUs told upward and not taken */
};

struct gammu_window {
    uint64_t handle; /* ours; 0: free */
    uint64_t theirs;
    bool told;
    struct pdu_tpdu tpdu;
};

struct gammu_link {
    struct link link; /* first */
    struct loop *loop;
    struct port *port;
    bool owns_port;
    int64_t keepalive_ms;
    bool roaming;

    struct fsm fsm;
    struct loop_timer timer;  /* the next look, or the next try */
    struct loop_timer answer; /* of a commit, a submit or a look */
    struct stream *stream;
    char in[GAMMU_LINE_MAX + 1];
    size_t in_len;
    unsigned lines; /* since the last look */
    bool looking;
    int64_t looked_ms;   /* the end of the last look */
    bool reset_asked;    /* as soon as what is under way has ended */
    unsigned penalty;    /* failures in a row, squared into a waiting time */
    unsigned replugs;    /* that ended a quarantine, since one was kept or it was well */
    bool sending;        /* it has failed with a message: only one that went proves it well */
    struct often losses; /* of a phone that was known, and how often one came anew */
    bool lost;           /* and its coming anew is no news */
    int64_t started_ms;  /* the helper */

    struct {
        bool active, asked, left;
        struct link_submit submit;
    } send;
    struct gammu_window window[GAMMU_WINDOW];
    uint64_t next_handle;

    struct { /* what the sink is told at the end of the turn, in this order */
        bool outcome, state, commit, radio;
        struct sms_outcome result;
        char why[80];
        struct loop_task task;
    } notices;
    struct recorder recorder;
    struct loop_task traced;
    bool closed;
    struct loop_task reaper;
};

struct gammu_link *gammu_own(struct link *link);
enum link_state gammu_state(const struct gammu_link *l);

/* --- gammu_link.c --- */

void gammu_goto(struct gammu_link *l, enum link_state state, const char *why);
/* The sink hears of the notices at the end of the turn. */
void gammu_notify(struct gammu_link *l);
/* The helper is ended: it is started again, or the phone is not there. A submit under way fails
 * with `cause`. `most_ms`: the longest time to another try; 0: there is no port, it is watched for.
 */
void gammu_restart(struct gammu_link *l, enum sms_local cause, const char *why);
void gammu_gone(struct gammu_link *l, const char *why, int64_t most_ms);
void gammu_say(struct gammu_link *l, const struct gammu_line *line);
/* Asks for radio and what came. */
void gammu_look(struct gammu_link *l);
/* READY or REGISTERING, as the last radio line has it. */
void gammu_settle(struct gammu_link *l, const char *why);

/* --- gammu_hear.c --- */

extern const struct stream_sink gammu_hears;

/* --- gammu_send.c --- */

int gammu_op_submit(struct link *link, const struct link_submit *submit);
void gammu_op_proceed(struct link *link, uint64_t token, unsigned part, bool yes);
void gammu_op_abort(struct link *link);
/* The submit under way ends without the helper's word. */
void gammu_send_failed(struct gammu_link *l, enum sms_local cause);
/* sent, refused or failed. False: of something that is not under way. */
bool gammu_take_outcome(struct gammu_link *l, const struct gammu_line *line);

/* --- gammu_receive.c --- */

/* False: over what it was told it may tell. */
bool gammu_take_inbound(struct gammu_link *l, const struct gammu_line *line);
void gammu_tell_inbound(struct gammu_link *l, struct gammu_window *window);
void gammu_op_taken(struct link *link, uint64_t handle, bool ok);

#endif
