/* modem_view: a modem as those above see it: how its link is made, and what is shown of it. */
#ifndef OTPGATE_MODEM_VIEW_H
#define OTPGATE_MODEM_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "link.h"

/* Makes the link of one [modem] section; its sink and ctx are the fleet's. NULL: no memory. */
typedef struct link *modem_link_fn(void *arg, const struct config_modem *modem,
                                   const struct link_sink *sink, void *ctx);

struct modem_view {
    const char *name, *port, *driver, *why; /* why: a few words on the last state change */
    enum link_state state;
    int64_t since_wall_ms;
    const struct link_identity *identity;
    const struct link_radio *radio;
    enum link_card card; /* UNKNOWN, too, while nobody speaks there */
    int pin_left;        /* attempts before the SIM wants its PUK; -1: not told */
    const char *carrier; /* of its SIM, for people; "" while it is not known */
    int daily_budget, used_today;
    int64_t sent_today, failed_today;
    double penalty;
    bool paused;            /* by an operator */
    const char *held;       /* why it takes no new message, in words; "" */
    int64_t trial_wall_ms;  /* its SIM is taken out: when one message may try it; 0 */
    const char *last_error; /* in words; "" */
};

#endif
