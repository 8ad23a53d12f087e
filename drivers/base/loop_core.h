/* loop_core: what both loops share: the heap of timers and the two queues of tasks.
 * Included by loop.c, loop_event.c and loop_sim.c alone. */
#ifndef OTPGATE_LOOP_CORE_H
#define OTPGATE_LOOP_CORE_H

#include "loop.h"

struct loop_backend {
    int64_t (*now_ns)(const struct loop *loop);
    int64_t (*wall_ms)(const struct loop *loop);
    int (*run)(struct loop *loop);
    void (*watch_wall)(struct loop *loop); /* from now on loop_core_wall_set(); NULL: always */
    void (*free)(struct loop *loop);
};

struct loop {
    const struct loop_backend *backend;
    struct loop_timer **heap; /* binary, by (at_ms, order); heap[0] is the next to fire */
    size_t armed, room;
    uint64_t order;              /* of the next arming */
    struct loop_task soon, idle; /* heads of rings */
    int64_t idle_since_ms;       /* since when the first of the idle ones waits */
    unsigned idle_turns;         /* and for how many turns */
    uint64_t ran;                /* callbacks so far: tells whether a turn was busy */
    bool stopped;
    struct loop_task wall; /* fn NULL: nobody listens */
};

void loop_core_init(struct loop *loop, const struct loop_backend *backend);
void loop_core_fini(struct loop *loop);

/* When the next timer is due, or INT64_MAX. */
int64_t loop_core_next_ms(const struct loop *loop);
/* Something waits for the end of a turn, or for an idle one. */
bool loop_core_tasks_wait(const struct loop *loop);

/* The backend has seen that the wall clock was set. */
void loop_core_wall_set(struct loop *loop);

/* The parts of a turn, after the backend has handed out what arrived from outside. */
void loop_core_timers_run(struct loop *loop);
void loop_core_soon_run(struct loop *loop);
void loop_core_idle_run(struct loop *loop); /* one task: the world is asked again in between */
/* Asked once a busy turn: the first of them has waited long enough for a quiet one. */
bool loop_core_idle_overdue(struct loop *loop);

#endif
