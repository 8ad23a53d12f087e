/* at_probe: asks a port whether somebody speaks AT there, and who: at most 15 s for opening it,
 * four tries in 9 s, any final result counts; then IMEI, ICCID and IMSI as far as they can be read.
 * It changes nothing in the modem, types no PIN, and lets go of the port before it answers. */
#ifndef OTPGATE_AT_PROBE_H
#define OTPGATE_AT_PROBE_H

#include "link.h"
#include "port.h"

struct at_probe;

struct at_probe_answer {
    int err;         /* 0: it speaks AT; -ETIMEDOUT: nobody does; else -errno of the port */
    const char *why; /* err: in words */
    const struct link_identity *identity; /* what could be read */
};
/* Called once, from the loop; the probe is freed after it. But for -EBUSY, another program has the
 * port: the probe waits until that lets go of it, tries again and answers anew. */
typedef void at_probe_fn(void *arg, const struct at_probe_answer *answer);

/* The port is the probe's from now on, also where this fails (NULL: no memory). */
struct at_probe *at_probe_new(struct loop *loop, struct port *port, at_probe_fn *fn, void *arg)
    __attribute__((warn_unused_result));
void at_probe_forget(struct at_probe *probe); /* no answer any more */

#endif
