/* modemsim_port: where a host reaches a simulated modem: a pty with a link to it, or a TCP port on
 * 127.0.0.1. Owns the file descriptors and the modem. */
#ifndef MODEMSIM_PORT_H
#define MODEMSIM_PORT_H

#include "modemsim_loop.h"
#include "sim_replay.h"
#include "simmodem.h"

struct modemsim_port {
    struct simmodem *modem;
    struct simnet *net;
    int index;
    const char *dir; /* NULL: TCP */
    char link[256];  /* path of the link, or "127.0.0.1:PORT" */
    int tcp_port;
    struct modemsim_watch io;     /* the pty's master, or the client */
    struct modemsim_watch accept; /* TCP */
    char tty[64];                 /* the pty's slave */
    char *out;                    /* what the kernel has not taken */
    size_t out_len, out_room;
    bool clean;    /* no host has spoken since the pty was made or left */
    bool draining; /* unplugged: closed once the host has read its last bytes */
    int drain_ticks, drain_quiet;
    struct sim_timer drain;
    struct sim_replay *replay; /* speaks first; NULL: there is none */
    uint64_t lost_bytes;       /* said while nobody listened */
};

/* Pty with link DIR/modemN, or (dir NULL) 127.0.0.1:tcp_port. False: errno says why. */
bool modemsim_port_start(struct modemsim_port *port, struct simnet *net,
                         const struct simmodem_config *config, const char *dir, int tcp_port);
/* Plugs the modem in again; `name` (may be NULL) renames its link. */
bool modemsim_port_replug(struct modemsim_port *port, const char *name);
/* Plays the trace in `path` from now on. False: it cannot be read, or is none. */
bool modemsim_port_play(struct modemsim_port *port, const char *path);
void modemsim_port_stop(struct modemsim_port *port);

#endif
