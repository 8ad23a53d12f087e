/* at_sim_world: an AT link on virtual time with the simulated modem and network at the other end,
 * for tests. The simulator was written by the standard and not by this link; it counts what a host
 * must never do, and its log is the truth.
 *
 * The owner says yes to every commit, answers every inbound as told, and keeps what it took by its
 * octets, as the daemon does: told twice is stored once. */
#ifndef OTPGATE_AT_SIM_WORLD_H
#define OTPGATE_AT_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "at_link.h"
#include "loop_sim.h"
#include "pdu_decode.h"
#include "sim_replay.h"
#include "simmodem.h"
#include "simnet.h"
#include "stream_pipe.h"

enum { SIM_WORLD_KEPT = 4096 };

enum sim_owner {
    SIM_OWNER_TAKES,   /* at once, from inside inbound() */
    SIM_OWNER_LATE,    /* after owner_ms, the oldest first */
    SIM_OWNER_SILENT,  /* never */
    SIM_OWNER_REFUSES, /* at once: not ok */
};

/* What goes wrong once, when the modem has put out `fault_at` more bytes. */
enum sim_fault {
    SIM_FAULT_NONE,
    SIM_FAULT_CLOSE, /* the port goes and is back after 5 s */
    SIM_FAULT_HANG,  /* deaf and dumb until it is reset or the port is opened anew */
    SIM_FAULT_LOSE,  /* this and the next seven bytes are lost */
    SIM_FAULT_MUTE,  /* the rest of what it says now is lost */
    SIM_FAULT_NOISE, /* a line in the middle */
    SIM_FAULT_RESET, /* the modem restarts */
};

/* One message or report, however often it was told. */
struct sim_kept {
    bool report;
    uint8_t reference; /* of a report */
    char text[64];     /* of a message */
    unsigned told, taken;
    uint8_t len, tpdu[PDU_TPDU_MAX];
};

struct sim_world {
    struct loop *loop;
    struct port port;
    struct link *link;
    struct simnet *net;
    struct simmodem *modem;
    unsigned unplayed;         /* what the trace did not hold */
    struct sim_replay *replay; /* speaks first; what it does not know the modem does; NULL */
    struct stream *wire;       /* the modem's end */
    struct port ear_port;      /* its other port, where it may be listened to */
    struct stream *ear_wire;   /* the modem's end; NULL: nobody listens */
    bool ear_late;             /* it opens late, if at all: after ear_wrong_ms it fails */
    int64_t ear_wrong_ms;
    size_t ear_written; /* bytes that the host wrote there: never any */
    int latency_ms;     /* of the wire, each way; before the start */
    struct loop_timer tick, plug, late, strike, replug;
    enum sim_fault fault;
    size_t fault_at, said;
    unsigned lost; /* bytes still to lose */
    /* Commands that begin so are answered with `instead` (printed as it is; "": not at all) and
     * never reach the modem; as often as `intercepts` says. */
    const char *intercept, *instead;
    unsigned intercepts, intercepted;
    const char *intercept_too, *instead_too; /* another, always; NULL: none */
    char wire_log[1 << 17];                  /* what the host wrote */
    size_t wire_len;
    loop_fn *watch;
    void *watch_arg;
    enum link_state state;
    char why[96];
    const char *pin; /* typed when asked; "": none is known; NULL: the owner is silent */
    unsigned pins_asked, pins_rejected;
    /* sending */
    unsigned outcomes, accepted, evidences;
    struct sms_outcome outcome;
    struct link_evidence evidence;
    uint64_t next_token;
    unsigned elsewhere; /* told so */
    unsigned ussds;
    struct link_ussd ussd; /* the last */
    /* receiving */
    enum sim_owner owner;
    int64_t owner_ms;
    unsigned told, open, most_open; /* open: not answered for */
    uint64_t last_handle;
    uint64_t waiting[64];
    unsigned waits;
    unsigned kepts;
    struct sim_kept kept[SIM_WORLD_KEPT];
    /* the truth */
    unsigned received, reports, deleted, dropped;
};
extern struct sim_world t;

void sim_world_start(const char *profile);
/* The link opens later, by link_open(t.link): first the modem's memory is filled, say. */
void sim_world_prepare(const char *profile);
/* Plays this trace from now on, before the link is opened. */
void sim_world_replay(const char *trace, size_t len);
void sim_world_stop(void);
void sim_world_run(int64_t ms);
bool sim_world_until_ready(int64_t ms);
/* Submits one (with a report, if so) and waits for its outcome. */
void sim_world_submit(bool report);
int sim_world_submit_only(bool report); /* what link_submit() said */
/* A handset writes `text` to the modem. */
void sim_world_write(const char *text);
/* The modem says this on its other port. */
void sim_world_beside(const char *bytes);
void sim_world_net(void);                      /* after a call into the network: its timer anew */
unsigned sim_world_stored(void);               /* messages in all memories of the modem */
unsigned sim_world_count(const char *command); /* how often the host wrote it */
/* How often this text was told, and taken; 0: never. */
const struct sim_kept *sim_world_find(const char *text);
void sim_world_no_violations(const char *where);

#endif
