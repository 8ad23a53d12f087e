/* absence: a modem that is not ready for long. */
#ifndef OTPGATE_ABSENCE_H
#define OTPGATE_ABSENCE_H

#include <stdbool.h>
#include "loop.h"

struct modem;

struct absence {
    struct loop_timer timer; /* runs while it is not ready */
    bool is_long;            /* and has run out */
};

void absence_init(struct modem *modem);
void absence_stop(struct modem *modem);
void absence_follow(struct modem *modem); /* its state is new */

#endif
