/* loop_event: the loop on real time, and what only a real loop has: watched file
 * descriptors and signals. Used by the streams, the port watchers, the accepting
 * socket and main; what decides never includes this. */
#ifndef OTPGATE_LOOP_EVENT_H
#define OTPGATE_LOOP_EVENT_H

#include "loop.h"

/* Returns NULL where libevent or a timerfd cannot be had (errno says why). */
struct loop *loop_event_new(void) __attribute__((warn_unused_result));

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
typedef void loop_ready_fn(void *arg, int ready /* LOOP_READ | LOOP_WRITE */);

/* Watch `fd` (level-triggered, until freed). The fd stays the caller's: free the
 * watch before closing it. NULL: no memory. */
struct loop_watch;
struct loop_watch *loop_watch_new(struct loop *loop, int fd, loop_ready_fn *fn, void *arg)
    __attribute__((warn_unused_result));
void loop_watch_set(struct loop_watch *watch, int wanted); /* 0: pause */
void loop_watch_free(struct loop_watch *watch);

/* Call `fn` in a turn of the loop for each `signo`, until the loop is freed. 0/-errno. */
int loop_signal(struct loop *loop, int signo, loop_fn *fn, void *arg)
    __attribute__((warn_unused_result));

#endif
