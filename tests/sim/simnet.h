/* simnet: the simulated mobile network: a service centre, the way to it, handsets, and the modems
 * (stations) that hang on it. No I/O: time comes in by simnet_advance(), messages by
 * simnet_submit(), answers go out through the station's ops.
 *
 *   submit --latency--> service centre --> handset | station      (accepted: it was sent)
 *             |                       \--report_ms--> status report to the sender
 *             \--> answer to the modem: at once, late, wrong or never, as planned
 *
 * What really happened is told to the log (sim_event.h), whatever the modem answers. */
#ifndef SIMNET_H
#define SIMNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sim_clock.h"
#include "sim_event.h"
#include "sim_handset.h"
#include "sim_pdu.h"

struct simnet;
struct simnet_station;

/* --- the world --- */

struct simnet *simnet_new(uint64_t seed);
void simnet_free(struct simnet *net); /* every station has left */
/* When something happens next, INT64_MAX where nothing will; call simnet_advance() then. */
int64_t simnet_next_ms(const struct simnet *net);
void simnet_advance(struct simnet *net, int64_t now_ms);
struct sim_clock *simnet_clock(struct simnet *net);
int64_t simnet_now_ms(const struct simnet *net);
uint64_t simnet_random(struct simnet *net); /* of the seed; for whoever belongs to this world */

/* What time stamps show: the wall clock at this moment, ms since 1970 UTC. */
void simnet_wall_set(struct simnet *net, int64_t wall_ms);
int64_t simnet_wall_ms(const struct simnet *net);

struct simnet_timing {
    int64_t latency_ms; /* of a submit, prompt to answer; default 2500 */
    int64_t jitter_ms;  /* up to this much more, evenly; default 0 */
    int64_t report_ms;  /* from the centre's yes to the status report; default 5000 */
};
struct simnet_timing *simnet_timing(struct simnet *net); /* change at any time */

void simnet_log_set(struct simnet *net, sim_event_fn *fn, void *arg);
bool simnet_logs(const struct simnet *net);
void simnet_log(struct simnet *net, struct sim_event event); /* at_ms is filled in */

/* The handset of a number in any form, NULL while it has got nothing. */
const struct sim_handset *simnet_handset(struct simnet *net, const char *number);
/* One part from somebody to a station, at once; from, wall_ms and the user data are filled in.
 * False: no such station, or a field is out of range. */
bool simnet_deliver(struct simnet *net, const char *to_station, const struct sim_deliver *deliver);
/* A handset (or "1414", or a name) writes to a modem's number: text of one part. False: no such
 * modem, or the text is too long. */
bool simnet_write(struct simnet *net, const char *from, const char *to_station, const char *text);
/* The same by somebody whose name this is, also where it reads like a number. */
bool simnet_write_named(struct simnet *net, const char *name, const char *to_station,
                        const char *text);

struct simnet_counts {
    uint64_t submitted, accepted, refused, delivered, reported, received;
};
const struct simnet_counts *simnet_counts(const struct simnet *net);

/* --- what is planned for a station's next submits --- */

enum simnet_answer_kind {
    SIMNET_REFERENCE,       /* +CMGS: mr and OK */
    SIMNET_CMS,             /* +CMS ERROR: cause */
    SIMNET_ERROR,           /* a plain ERROR */
    SIMNET_OK_ONLY,         /* OK without +CMGS */
    SIMNET_REFERENCE_ERROR, /* +CMGS: mr and then ERROR */
    SIMNET_SILENCE,         /* nothing is said; the modem just takes commands again */
};
struct simnet_plan {
    unsigned count; /* of submits it holds for */
    bool accepted;  /* whether the centre gets it */
    enum simnet_answer_kind answer;
    int cause;
    int64_t late_ms; /* the answer comes so much after the centre's decision */
};
enum simnet_report_kind {
    SIMNET_REPORT_GOOD,
    SIMNET_REPORT_EARLY /* before the answer */,
    SIMNET_REPORT_LOST,
    SIMNET_REPORT_FOREIGN /* of a submit nobody made, instead */
};
struct simnet_report_plan {
    unsigned count;
    enum simnet_report_kind kind;
    int64_t late_ms;
    uint8_t status; /* TP-ST */
    int interim;    /* TP-ST of a report before it, half-way; -1: none */
};

/* Plans are served in the order of their making; each returns false where too many wait. */
bool simnet_plan(struct simnet_station *station, const struct simnet_plan *plan)
    __attribute__((warn_unused_result));
bool simnet_plan_reports(struct simnet_station *station, const struct simnet_report_plan *plan)
    __attribute__((warn_unused_result));
void simnet_plans_clear(struct simnet_station *station);

/* --- stations: embedded in what is a modem --- */

/* What the network answers to a USSD code, or to the answer of a menu. */
struct simnet_ussd {
    char code[48];
    char text[184]; /* UTF-8 of at most 160 characters; "": none */
    int end;        /* <m> of +CUSD: 0 done, 1 a menu, 2 to 5; -1: silence */
    int64_t ms;     /* after the OK */
};

struct simnet_answer {
    enum simnet_answer_kind kind;
    uint8_t mr;
    int cause;
};
struct simnet_station_ops {
    void (*answer)(struct simnet_station *, uint64_t id, const struct simnet_answer *);
    /* False: cannot take it now (off, no service, storage full); simnet_station_ready() tries
     * again. */
    bool (*deliver)(struct simnet_station *, const uint8_t *tpdu, size_t len);
    bool (*report)(struct simnet_station *, const uint8_t *tpdu, size_t len);
};
enum { SIMNET_PLANS = 16 };
struct simnet_waiting;
struct simnet_station {
    const struct simnet_station_ops *ops;
    struct simnet *net;
    struct simnet_station *next;
    int index;
    char number[SIM_NUMBER];
    char mcc_mnc[8]; /* whose SIM it is */
    struct simnet_plan plan[SIMNET_PLANS];
    struct simnet_report_plan report_plan[SIMNET_PLANS];
    unsigned plans, report_plans;
    struct simnet_waiting *waiting, **waiting_end; /* at the centre, oldest first */
};

/* What the network itself answers: messages to a short number (its handset shows them all the same)
 * and USSD codes that the modem was told nothing of. The functions plan their answers; they never
 * deliver from inside the call. */
struct simnet_service {
    const char *number; /* "1414" */
    void (*message)(void *arg, struct simnet_station *from, const char *text);
    /* False: no such code. `in_menu`: a menu is open, and this is what was chosen. */
    bool (*ussd)(void *arg, struct simnet_station *from, const char *code, bool in_menu,
                 struct simnet_ussd *answer);
    void *arg;
};
void simnet_serve(struct simnet *net, const struct simnet_service *service); /* NULL: no more */
const struct simnet_service *simnet_service(const struct simnet *net);       /* NULL: none */

void simnet_join(struct simnet *net, struct simnet_station *station,
                 const struct simnet_station_ops *ops, int index, const char *number);
void simnet_leave(struct simnet_station *station); /* answers under way are dropped */
/* The radio is on the air or room was made: what waits at the centre is tried again. */
void simnet_station_ready(struct simnet_station *station);
size_t simnet_waiting_count(const struct simnet_station *station);

/* A submit leaves the modem. Its answer comes by ops->answer with the id returned, never from
 * inside this call. */
uint64_t simnet_submit(struct simnet_station *station, const struct sim_submit *submit, uint8_t mr);

#endif
