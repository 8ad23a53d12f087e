/* modemsim_loop: the program's own small loop (epoll), apart from the gateway's. Time that passes
 * is handed to the simulated network, whose timers serve the program too: nothing polls. */
#ifndef MODEMSIM_LOOP_H
#define MODEMSIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "simnet.h"

struct modemsim_watch {
    int fd;                                 /* -1: not watched */
    void (*fn)(void *arg, unsigned events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, ... */
    void *arg;
};

int64_t modemsim_now_ns(void); /* CLOCK_MONOTONIC */
bool modemsim_loop_init(struct simnet *net);
/* Hands the time to the network: what is due happens now. */
void modemsim_loop_catch_up(void);
/* Edge-triggered: read until there is no more. */
bool modemsim_watch_add(struct modemsim_watch *watch, int fd, unsigned events);
void modemsim_watch_remove(struct modemsim_watch *watch);
/* Until modemsim_loop_stop(). */
bool modemsim_loop_run(void);
void modemsim_loop_stop(void);
void modemsim_loop_free(void);

#endif
