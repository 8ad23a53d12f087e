/* modemsim_log: the ground truth as JSON lines: into a file (buffered), into a ring for `log.tail`,
 * and as counts for `wait` and `stats`. */
#ifndef MODEMSIM_LOG_H
#define MODEMSIM_LOG_H

#include <stdbool.h>
#include <stdio.h>
#include "modemsim_loop.h"

enum { MODEMSIM_RING = 1024, MODEMSIM_MODEMS = 256 };
struct modemsim_log {
    FILE *file; /* NULL: none */
    bool ring_on;
    uint64_t seq;
    char *ring[MODEMSIM_RING]; /* line seq at seq % MODEMSIM_RING */
    uint64_t count[SIM_EVENTS];
    uint64_t modem_count[MODEMSIM_MODEMS][SIM_EVENTS];
    struct sim_timer flush;
    void (*counted)(void *arg, enum sim_event_kind kind); /* after each event */
    void *counted_arg;
    char line[SIM_EVENT_ROOM];
};

/* `path` may be NULL. False: errno says why. The log hangs itself on the network. */
bool modemsim_log_start(struct modemsim_log *log, struct simnet *net, const char *path, bool ring);
void modemsim_log_flush(struct modemsim_log *log);
void modemsim_log_stop(struct modemsim_log *log);

#endif
