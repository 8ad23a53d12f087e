/* fsm: a state machine as a const table. One function moves it: it checks that the move is
 * allowed (assert: a fault of ours), logs one line, notes since when, and re-arms the timer. */
#ifndef OTPGATE_FSM_H
#define OTPGATE_FSM_H

#include <stdint.h>
#include "loop.h"

struct fsm_state {
    const char *name;   /* lower case, as on the wire */
    uint32_t next;      /* bit n: may move to state n */
    int32_t timeout_ms; /* 0: this state does not wait */
};
struct fsm_table {
    const char *room;
    const struct fsm_state *states;
    unsigned count;
    uint32_t routine; /* bit n: a move between two such states is everyday, logged at debug */
};
#define FSM_TO(state) (1u << (state))

struct fsm {
    const struct fsm_table *table;
    const char *id; /* of the object, for the log; must outlive the fsm */
    unsigned state;
    int64_t since_ms;
    struct loop_timer timer;
};

void fsm_init(struct fsm *fsm, const struct fsm_table *table, const char *id, unsigned state,
              struct loop *loop, loop_fn *on_timeout, void *arg);
void fsm_goto(struct fsm *fsm, unsigned next, const char *why);
const char *fsm_name(const struct fsm *fsm);
void fsm_stop(struct fsm *fsm); /* disarms the timer */
/* Tests compare the trace: called at each move, after the log line. */
void fsm_trace_set(void (*trace)(void *arg, const struct fsm *fsm, unsigned from, const char *why),
                   void *arg);

#endif
