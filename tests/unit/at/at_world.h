/* at_world: an AT link on virtual time with a modem at the other end of an in-memory pipe, for
 * tests.
 *
 * The modem is in order and honest unless a fault says otherwise: it reads bytes, answers commands
 * from a table, and keeps the truth about every message that reached its Ctrl-Z. The owner answers
 * commit() as told. Everything the link says upward goes into one trace, so that two runs can be
 * compared. */
#ifndef OTPGATE_AT_WORLD_H
#define OTPGATE_AT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "at_link.h"
#include "loop_sim.h"
#include "stream_pipe.h"

enum { WORLD_WIRE = 1 << 16, WORLD_TRACE = 1 << 16, WORLD_TRUTHS = 64 };

enum world_owner { OWNER_YES, OWNER_NO, OWNER_SILENT, OWNER_LATE_YES, OWNER_ABORTS, OWNER_CLOSES };

/* What goes wrong, once, when the modem has put out `at_byte` bytes of one message's dialogue. */
enum world_fault {
    FAULT_NONE,
    FAULT_CLOSE,   /* the port hangs up; it is back after replug_ms */
    FAULT_CUT,     /* the same, and what was under way is lost */
    FAULT_DEAF,    /* nothing is read or said any more, until a reset or the port is opened anew */
    FAULT_STALL,   /* nothing is read or said for stall_ms, then it goes on in order */
    FAULT_GARBAGE, /* noise instead of the rest of this answer */
    FAULT_INJECT,  /* `inject` is put out here, and the answer goes on */
};

struct world_truth {
    uint64_t token;
    int reference;
};

struct world {
    struct loop *loop;
    struct port port;
    struct link *link;
    struct stream *host, *modem;
    bool absent, plugged;
    int open_error;
    bool open_late;        /* which comes after the open has returned */
    int64_t open_error_ms; /* so long after it */
    loop_fn *watch;
    void *watch_arg;
    bool watch_new; /* for another device alone */
    struct loop_timer replug, stall, owner, watched, late;
    char late_answer[128];

    /* the modem */
    bool echo, in_prompt, deaf, stalled, dialogue;
    bool restart_echoes; /* lost its settings without a word */
    char maker[32], model[32];
    const char *cmgs_answer; /* printf format with %d; NULL: "\r\n+CMGS: %d\r\n\r\nOK\r\n" */
    const char *prompt;      /* NULL: "\r\n> " */
    const char *cereg, *csca, *cmgf; /* NULL: ERROR, a number, PDU mode */
    const char *cpin, *creg;         /* NULL: ready, home */
    const char *mute;                /* commands that begin so are never answered */
    int64_t answer_late_ms;          /* the message's answer comes so late, others meanwhile */
    char line[1024];
    size_t line_len;
    char out[4096]; /* held back by a stall */
    size_t out_len;
    char in[8192]; /* arrived during a stall */
    size_t in_len;
    enum world_fault fault;
    size_t at_byte, said; /* said: bytes of the dialogue put out */
    int64_t stall_ms, replug_ms;
    const char *inject;
    bool fault_done;
    uint8_t borders[2048]; /* all: 1 where byte n starts between two lines */
    bool all;              /* every byte counts as dialogue; the fault strikes between lines only */
    int next_reference;
    unsigned sent; /* complete messages */
    struct world_truth truth[WORLD_TRUTHS];
    unsigned commands;          /* lines read */
    unsigned written_meanwhile; /* commands that came while another was unanswered: must stay 0 */
    bool busy;
    /* Asked first: true where it has answered itself, by world_say(). */
    bool (*hook)(struct world *world, const char *command);

    /* what can be done from outside: used, and what it does */
    struct rescue rescue;
    bool has_usb, has_power, rescue_revives; /* a rescue makes a dead modem live */
    bool noted;                              /* it knows whose device it is */
    int rescue_result;
    int64_t rescue_ms; /* how long one takes */
    unsigned usbs, powers, rescue_stops;
    rescue_done_fn *rescue_done;
    void *rescue_arg;
    struct loop_timer rescued;

    /* the owner */
    enum world_owner answer;
    int64_t answer_ms;
    uint64_t asked_token;
    unsigned asked_part;
    unsigned commits, outcomes, evidences, inbounds;
    struct sms_outcome outcome; /* the last */
    uint64_t outcome_token;
    struct link_evidence evidence; /* the last */
    uint64_t next_token;
    unsigned ussds, forms;
    enum ussd_form form;   /* the last that worked */
    struct link_ussd ussd; /* the last */

    const char *smsc; /* for the configuration */
    bool moves;       /* its port is a slot: link_attach() */
    bool roaming;
    int64_t asked_ms, told_ms; /* when commit() and outcome() were called */
    unsigned opens;
    bool dead;         /* no reset and no opening helps */
    int64_t ctrl_z_ms; /* an answer is due since then; 0: none */
    bool no_radio;     /* leaves radio() out of the trace */
    char trace[WORLD_TRACE];
    size_t trace_len;
    char wire[WORLD_WIRE]; /* what the host wrote */
    size_t wire_len;
};

void world_start(struct world *world); /* the world is zeroed but for its wishes; opens the link */
void world_stop(struct world *world);
/* One without wishes, on the heap, not started; one that is started and READY; and their end. */
struct world *world_new(void);
struct world *world_ready(void);
void world_end(struct world *world);
void world_run(struct world *world, int64_t ms);
/* Until the link is READY, at most `ms`; false: it never was. */
bool world_until_ready(struct world *world, int64_t ms);
/* Submits one and returns its token; 0: refused. */
uint64_t world_submit(struct world *world, bool more);
/* Until its outcome came, at most `ms`. */
bool world_until_outcome(struct world *world, uint64_t token, int64_t ms);
void world_say(struct world *world, const char *bytes, size_t len); /* the modem, unasked */
void world_unplug(struct world *world);
void world_plug(struct world *world);
void world_let_go(struct world *world); /* another program has closed the port */
/* The reference the modem gave to the message of this token; -1: it never had it whole. */
int world_truth_of(const struct world *world, uint64_t token);
/* How often the link has written this to its port. */
unsigned world_wrote(const struct world *world, const char *command);
enum link_state world_state(const struct world *world);

#endif
