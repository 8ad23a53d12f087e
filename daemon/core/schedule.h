/* schedule: what is due, and when to look again: schedule.due, which loop_timer_no_later() sets
 * forward. */
#ifndef OTPGATE_SCHEDULE_H
#define OTPGATE_SCHEDULE_H

#include "loop.h"

struct gateway;

struct schedule {
    int may_end;           /* messages that this round may end, being past their deadline */
    struct loop_timer due; /* the one timer for the next thing due */
};

void schedule_init(struct gateway *gateway);
void schedule_stop(struct gateway *gateway);
/* Something may be due for a free modem: claims are made in this turn's transaction. */
void schedule_kick(struct gateway *gateway);

#endif
