/* fsm: the one function that moves a state machine. See fsm.h. */
#include "fsm.h"
#include "log.h"

#include <assert.h>
#include <stddef.h>

static void (*trace_fn)(void *arg, const struct fsm *fsm, unsigned from, const char *why);
static void *trace_arg;

static void fsm_enter(struct fsm *fsm, unsigned state)
{
    fsm->state = state;
    fsm->since_ms = loop_now_ms(fsm->timer.loop);
    loop_timer_cancel(&fsm->timer);
    if (fsm->table->states[state].timeout_ms > 0)
        loop_timer_arm_in(&fsm->timer, fsm->table->states[state].timeout_ms);
}

void fsm_init(struct fsm *fsm, const struct fsm_table *table, const char *id, unsigned state,
              struct loop *loop, loop_fn *on_timeout, void *arg)
{
    assert(table->count <= 32 && state < table->count);
    *fsm = (struct fsm){.table = table, .id = id};
    loop_timer_init(&fsm->timer, loop, on_timeout, arg);
    fsm_enter(fsm, state);
}

static enum log_level fsm_move_level(const struct fsm_table *table, unsigned from, unsigned next)
{
    uint32_t both = FSM_TO(from) | FSM_TO(next);
    return (table->routine & both) == both ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

void fsm_goto(struct fsm *fsm, unsigned next, const char *why)
{
    const struct fsm_state *states = fsm->table->states;
    unsigned from = fsm->state;
    assert(next < fsm->table->count);
    assert(states[from].next & FSM_TO(next));
    log_event(fsm_move_level(fsm->table, from, next), fsm->table->room, fsm->id, "state",
              "from=%s to=%s why=\"%s\"", states[from].name, states[next].name, why);
    fsm_enter(fsm, next);
    if (trace_fn)
        trace_fn(trace_arg, fsm, from, why);
}

const char *fsm_name(const struct fsm *fsm)
{
    return fsm->table->states[fsm->state].name;
}

void fsm_stop(struct fsm *fsm)
{
    loop_timer_cancel(&fsm->timer);
}

void fsm_trace_set(void (*trace)(void *arg, const struct fsm *fsm, unsigned from, const char *why),
                   void *arg)
{
    trace_fn = trace;
    trace_arg = arg;
}
