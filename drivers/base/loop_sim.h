/* loop_sim: the loop on virtual time. Time moves only when nothing is left to do now;
 * two runs with the same calls are the same to the microsecond. */
#ifndef OTPGATE_LOOP_SIM_H
#define OTPGATE_LOOP_SIM_H

#include "loop.h"

struct loop *loop_sim_new(int64_t now_ms, int64_t wall_ms) __attribute__((warn_unused_result));
/* Run everything that is due up to and including `until_ms`, then stand there.
 * Returns the number of callbacks run. */
uint64_t loop_sim_run_until(struct loop *loop, int64_t until_ms);
/* Only what is due now (timers, SOON, IDLE), without moving time. */
uint64_t loop_sim_settle(struct loop *loop);
/* The next armed timer, or INT64_MAX. */
int64_t loop_sim_next_ms(const struct loop *loop);
/* The wall clock leaps (backwards too); loop_now_ms() does not notice. */
void loop_sim_wall_set(struct loop *loop, int64_t wall_ms);
/* A stall of ours: time passes while no callback runs (a slow disk). */
void loop_sim_stall(struct loop *loop, int64_t ms);

#endif
