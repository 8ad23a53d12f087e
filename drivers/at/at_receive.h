/* at_receive: what comes back: messages and reports, from the modem's memory or directly. Part of
 * at_modem.h, which is the one that includes it.
 *
 *   at_delivery.c how messages shall come: memory and notices, chosen and kept
 *   at_inbound.c  what came and is with the owner: handles, a bounded window
 *   at_elsewhere.c is what comes announced on another port than ours?
 *   at_ear.c      that other port, where it takes no commands: read, and never written to
 *   at_places.c   the ledger of slots (a room with a header of its own)
 *   at_stored.c   what a slot's lines and the end of its command mean
 *   at_sweep.c    going through a memory, and which one is selected
 *   at_receive.c  notices, and which command is next, between the sends
 */
#ifndef OTPGATE_AT_RECEIVE_H
#define OTPGATE_AT_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "at_chat.h"
#include "at_places.h"
#include "at_script.h"
#include "link.h"

struct at_link;

/* What is with the owner, or on its way there. */
enum {
    AT_WINDOW = 16,              /* stored messages that the owner has not answered for */
    AT_INBOUND = AT_WINDOW + 48, /* and such as came directly and are stored nowhere */
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
    AT_JOB_ANNOUNCE, /* of the quirk row: notices to another of its ports */
};
enum { AT_JOBS = AT_JOB_ANNOUNCE + 1 };
/* After an AT+CPMS="xx" without its OK it may be the one or the other. */
enum at_which {
    AT_WHICH_KNOWN,
    AT_WHICH_ASK,   /* AT+CPMS? */
    AT_WHICH_AGAIN, /* it did not tell: home once more */
};
enum at_sweep { AT_SWEEP_NONE, AT_SWEEP_ASK, AT_SWEEP_LIST, AT_SWEEP_WALK };

/* The second port. */
struct at_ear {
    struct port *port;     /* NULL: this link can have none */
    struct stream *stream; /* NULL: not listening */
    bool open;             /* the port is: what comes is heard */
    struct at_lexer lexer;
    unsigned body_lines; /* within so many the TPDU of a header is due */
    char body[512];      /* its first half */
    int announced;       /* by that header */
    bool heard;          /* something has been announced there */
    unsigned strange;    /* lines in a row that no modem says */
};

struct at_receiving {
    /* how messages come */
    unsigned offered[3], cnmi_offer[5];
    unsigned preference; /* index of the memory or the notices tried now */
    bool cnmi_set, cnmi_changed;
    int cnmi[5];
    enum at_memory home, selected; /* AT_MEMORY_SELECTED: AT+CPMS is not understood */
    enum at_which which;           /* is it `selected`? */
    int used, total;               /* of `selected`; -1 not told */
    /* what is known */
    struct at_places places;
    struct at_inbound inbound[AT_INBOUND];
    uint64_t handles;
    unsigned dropped; /* of what came directly, for want of room, since we started */
    int announced;    /* the length in front of a direct TPDU */
    /* the command under way */
    enum at_job job;
    struct at_place place;
    bool pending, header; /* a header waits for its TPDU; one came at all */
    struct at_stored stored;
    bool cnmi_wrong;
    unsigned since_send; /* storage commands since the last short message */
    struct {
        unsigned silent; /* time-outs in a row */
        int64_t until_ms;
    } rest[AT_JOBS];
    /* sweeps: a bit for each memory */
    unsigned due, forced, watched;
    unsigned refused, refused_before; /* since the last inspection, the start */
    struct {
        enum at_sweep stage;
        enum at_memory memory;
        unsigned index, found, foreign, used;
        bool urgent; /* asked for, or something waits for it */
    } sweep;
    int foreign[AT_MEMORIES + 1]; /* what the last sweep left on purpose */
    bool clogged;                 /* and home holds nothing else: nothing can come */
    bool list_silent;             /* AT+CMGL was not answered: never asked again */
    int64_t listed_ms;            /* when it was asked */
    int64_t inspected_ms, full_ms;
    unsigned inspections;
    /* where the modem tells of what comes: at_elsewhere.c */
    bool told_here;      /* a notice has come on this port, since the start */
    bool inspected;      /* what a sweep finds now came after the start */
    unsigned untold;     /* found by such a sweep alone */
    bool elsewhere_said; /* the owner knows that nothing helps on this port */
    struct loop_task task;
};

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
/* A TPDU that came directly, behind a header with this length (-1: none was told); false: `line` is
 * none. */
bool at_inbound_direct(struct at_link *l, int announced, const char *line);
/* The next to be told; false: none now. */
bool at_inbound_next(struct at_link *l, struct link_inbound *out);
/* The owner's answer. */
void at_inbound_taken(struct at_link *l, uint64_t handle, bool ok);
void at_inbound_drop(struct at_link *l, uint64_t handle);
void at_inbound_remind(struct at_link *l); /* tells again what came directly and was not taken */
uint64_t at_inbound_sum(const struct pdu_tpdu *tpdu); /* never 0 */

/* --- at_ear.c --- */
int at_ear_listen(struct at_link *l, const char *where); /* as link.h has it */
void at_ear_close(struct at_link *l);

/* --- at_stored.c --- */
/* A line of AT+CMGR (r->place says of which slot) or AT+CMGL; false: not understood. */
bool at_stored_line(struct at_link *l, const char *line);
void at_stored_read(struct at_link *l, const struct at_result *result); /* AT_JOB_READ has ended */
void at_stored_deleted(struct at_link *l, const struct at_result *result); /* AT_JOB_DELETE */

/* --- at_sweep.c --- */
static inline unsigned at_memory_bit(enum at_memory memory)
{
    return 1U << memory;
}
void at_sweep_begin(struct at_link *l); /* if one is due and none is under way */
/* Its next command, in the memory that is selected; `place` is set for a walk. `room`: for one more
 * stored message with the owner. */
enum at_job at_sweep_next(struct at_link *l, bool room, struct at_place *place);
/* The ends of its commands. */
void at_sweep_selected(struct at_link *l, const struct at_result *result);
void at_sweep_used(struct at_link *l, const struct at_result *result);
void at_sweep_listed(struct at_link *l, const struct at_result *result);
void at_sweep_walked(struct at_link *l, const struct at_result *result);
/* What there is to say of the home memory to people; else `why`. */
const char *at_sweep_reason(const struct at_link *l, const char *why);
/* The memory that is selected at the start of the modem is known now, and what was told before. */
void at_sweep_home_known(struct at_link *l);

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

/* --- at_elsewhere.c --- */
void at_elsewhere_start(struct at_link *l);
void at_elsewhere_noticed(struct at_link *l); /* a notice came */
void at_elsewhere_found(struct at_link *l);   /* a sweep found what no notice told of */
/* At an inspection. True: the row's next command is due (at_elsewhere_command()). */
bool at_elsewhere_turn(struct at_link *l);
const char *at_elsewhere_command(const struct at_link *l); /* NULL: its row has none */

#endif
