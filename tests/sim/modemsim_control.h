/* modemsim_control: the socket through which a script steers the simulated world: JSON-RPC 2.0, one
 * object a line. `--help` and the table in modemsim_verbs.c list the methods. */
#ifndef MODEMSIM_CONTROL_H
#define MODEMSIM_CONTROL_H

#include <jansson.h>
#include "modemsim_log.h"
#include "modemsim_port.h"
#include "sim_registry.h"

struct modemsim_control_client;
struct modemsim_control {
    struct simnet *net;
    struct sim_registry *registry;
    struct modemsim_log *log;
    struct modemsim_port *port;
    int ports;
    const char *path;
    struct modemsim_watch accept;
    struct modemsim_control_client *clients;
};

/* Listens on `path` (a stale socket there is replaced). False: errno says why. */
bool modemsim_control_start(struct modemsim_control *control);
void modemsim_control_stop(struct modemsim_control *control);

/* --- between modemsim_control.c and modemsim_verbs.c --- */

/* A call answers with `result`, or with an error, or later (wait). */
struct modemsim_reply {
    json_t *result;
    int code; /* 0: fine */
    const char *message;
    bool waits;
    enum sim_event_kind event;
    int modem; /* -1: of all */
    uint64_t count;
    int64_t timeout_ms;
};
struct modemsim_verb {
    const char *name;
    void (*run)(struct modemsim_control *, json_t *params, struct modemsim_reply *);
    const char *help; /* parameters and what it does, one line */
};
extern const struct modemsim_verb modemsim_verbs[];
extern const size_t modemsim_verb_count;
uint64_t modemsim_control_counted(const struct modemsim_control *control, enum sim_event_kind event,
                                  int modem);

#endif
