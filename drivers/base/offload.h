/* offload: a call that the kernel may hold for seconds runs in a thread, and the loop turns on.
 *
 * A hung USB stick holds open(), tcsetattr(), TIOCMSET and close() until its control transfers time
 * out, 5 s each. Calls of one lane (the name of a device) run one after another, in the order in
 * which they were started, in a thread that ends with the last of them: what hangs there delays
 * that lane alone.
 *
 * Everything below is called from the loop's thread. What `arg` points to is the thread's from the
 * start until done(). A thread has all signals blocked; it logs nothing, starts no program and
 * touches nothing of the loop's. */
#ifndef OTPGATE_OFFLOAD_H
#define OTPGATE_OFFLOAD_H

#include "loop.h"

struct offload;
struct offload_call {
    void (*work)(void *arg); /* in the thread */
    /* In the loop, once, after work(); never from inside offload_start(). `arg` is the owner's
     * again. */
    void (*done)(void *arg);
    /* In place of done() once the call is abandoned: releases what work() has produced, and `arg`.
     * In the thread, after work(); where work() has not begun, in its place, inside
     * offload_abandon(). */
    void (*drop)(void *arg);
    void *arg;
};

/* 0, or -errno (no memory, no file or no thread is left): then nothing is called. The handle ends
 * where done() begins. */
int offload_start(struct loop *loop, const char *lane, const struct offload_call *what,
                  struct offload **out) __attribute__((warn_unused_result));
void offload_abandon(struct offload *call);
/* What nobody waits for, and what must be done: a close. Where no thread is to be had it is done
 * here and now, for a loop that stands still is better than a port that nobody can open. */
void offload_release(const char *lane, void (*work)(void *arg), void *arg);
/* Something of this lane is under way, or waits for its turn. */
bool offload_is_busy(const char *lane);
/* Before the process ends: waits until nothing is under way any more, `most_ms` at most. Every call
 * has been done or abandoned. False: something still hangs, and ends with the process. */
bool offload_settle(int64_t most_ms);

#endif
