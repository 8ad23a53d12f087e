/* loop: time and turns.
 *
 * Everything that decides gets its time and its "later" from here, so that the
 * same code runs on the real clock (loop_event.c, libevent) and, in tests, on a
 * virtual one at thousands of times real speed (loop_sim.c: a heap and a counter).
 * Nobody else calls time() or clock_gettime().
 *
 * One thread (what may block in the kernel: offload.h). A callback may arm, cancel, defer and free
 * anything but the loop.
 */
#ifndef OTPGATE_LOOP_H
#define OTPGATE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
typedef void loop_fn(void *arg);

/* Milliseconds of CLOCK_BOOTTIME: goes on during suspend, never back; the clock of
 * every deadline within one boot. */
int64_t loop_now_ms(const struct loop *loop);
/* The same clock in nanoseconds, for traces and measurements. */
int64_t loop_now_ns(const struct loop *loop);
/* Milliseconds since 1970, UTC: for people, and for deadlines across a reboot only. */
int64_t loop_wall_ms(const struct loop *loop);

/* One-shot timer. Owned and embedded by its user; no allocation can fail.
 * Timers that are due at the same millisecond fire in the order of arming. */
struct loop_timer {
    struct loop *loop;
    loop_fn *fn;
    void *arg;
    int64_t at_ms;
    uint64_t order;
    size_t slot; /* place in the heap + 1; 0: not armed */
};

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_fn *fn, void *arg);
/* Arm (or arm anew) for the absolute time `at_ms` of loop_now_ms(); a time that is
 * past fires on the next turn, never from inside this call. */
void loop_timer_arm(struct loop_timer *timer, int64_t at_ms);
/* The same, `in_ms` from now. */
void loop_timer_arm_in(struct loop_timer *timer, int64_t in_ms);
/* One that is armed for later is set forward. */
void loop_timer_no_later(struct loop_timer *timer, int64_t at_ms);
void loop_timer_cancel(struct loop_timer *timer);
bool loop_timer_armed(const struct loop_timer *timer);

/* A call put off. Owned and embedded by its user; deferring one twice runs it once (at the
 * sooner of the two).
 * LOOP_SOON: at the end of this turn, in the order of deferring (reapers, callbacks
 *   that must not run inside an op). One deferred by a LOOP_SOON runs in the same turn.
 * LOOP_IDLE: when nothing more urgent is ready: no readable stream, no due timer,
 *   no LOOP_SOON (the group commit); where there always is something, after LOOP_IDLE_TURNS
 *   that took LOOP_IDLE_MS. */
enum loop_when { LOOP_SOON, LOOP_IDLE };
enum { LOOP_IDLE_TURNS = 32, LOOP_IDLE_MS = 20 };
struct loop_task {
    struct loop *loop;
    loop_fn *fn;
    void *arg;
    struct loop_task *prev, *next; /* both NULL: not queued */
    enum loop_when when;           /* while queued */
};

void loop_task_init(struct loop_task *task, struct loop *loop, loop_fn *fn, void *arg);
void loop_defer(struct loop_task *task, enum loop_when when);
void loop_task_cancel(struct loop_task *task);
bool loop_task_queued(const struct loop_task *task);

/* `fn` is called in the turn after the wall clock was set, by a person or by a daemon that found it
 * wrong (not where it is slewed); now and then without cause. One listener; NULL: nobody any more.
 */
void loop_on_wall_set(struct loop *loop, loop_fn *fn, void *arg);

/* Turn until loop_stop(). Returns 0, or -errno where the backend failed. */
int loop_run(struct loop *loop) __attribute__((warn_unused_result));
void loop_stop(struct loop *loop);
/* Runs the LOOP_SOON that are left (reapers); every timer, other task and watch must be gone. */
void loop_free(struct loop *loop);

#endif
