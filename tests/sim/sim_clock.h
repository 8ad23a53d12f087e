/* sim_clock: the simulated world's time and what is to happen in it. Time is given from outside and
 * never read from the system: the same calls give the same world, to the byte. */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct sim_clock;

/* One-shot; embedded in its owner, who cancels it before it goes. */
struct sim_timer {
    struct sim_clock *clock;
    void (*fn)(void *arg);
    void *arg;
    int64_t at_ms;
    uint64_t order;
    size_t slot; /* place in the heap + 1; 0: not armed */
};
struct sim_clock {
    int64_t now_ms;
    uint64_t order;
    struct sim_timer **heap;
    size_t count, room;
};

void sim_timer_init(struct sim_timer *timer, struct sim_clock *clock, void (*fn)(void *),
                    void *arg);
/* Arm, or arm anew. Timers of one millisecond fire in the order of arming. */
void sim_timer_arm(struct sim_timer *timer, int64_t at_ms);
void sim_timer_cancel(struct sim_timer *timer);

int64_t sim_clock_next_ms(const struct sim_clock *clock); /* INT64_MAX: nothing is armed */
/* Fires all that is due up to now_ms, each at its own time. Time never goes back. */
void sim_clock_advance(struct sim_clock *clock, int64_t now_ms);
void sim_clock_free(struct sim_clock *clock);

/* Zeroed memory or the end of the program: a simulator without memory has nothing to say. */
void *sim_alloc(size_t size);
void *sim_grow(void *memory, size_t size);

#endif
