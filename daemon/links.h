/* links: from a [modem] section to its link: its driver, the port that it is reached through, and
 * what can be done to it from outside. Lent to the gateway, which owns what is made. */
#ifndef OTPGATE_LINKS_H
#define OTPGATE_LINKS_H

#include "config.h"
#include "link.h"
#include "loop.h"

struct links {
    struct loop *loop;
    int keepalive_s; /* of the links that are made from now on */
};

/* A modem_link_fn; `arg` is a struct links. NULL: it has been logged why. */
struct link *links_make(void *arg, const struct config_modem *modem, const struct link_sink *sink,
                        void *ctx);

#endif
