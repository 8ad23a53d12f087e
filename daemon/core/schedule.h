/* schedule: what is due, and when to look again; and whether the disk takes it. */
#ifndef OTPGATE_SCHEDULE_H
#define OTPGATE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

struct gateway;

/* Each transaction has one of its own, which hears if it failed. */
struct guard {
    struct store_waiter waiter;
    struct gateway *gateway;
};
enum { GUARDS = 8 }; /* commits that one turn of the loop may see */

struct schedule {
    int may_end; /* messages that this round may end, being past their deadline */
    struct guard guard[GUARDS];
    struct loop_timer due; /* the one timer for the next thing due */
    bool recount; /* the counters may be wrong until they are counted anew; nothing is begun then */
    int probe_ms; /* while the store fails: the pause before the next try, and when that is */
    int64_t probe_at_ms;
};

void schedule_init(struct gateway *gateway);
void schedule_stop(struct gateway *gateway);
/* Something may be due for a free modem: claims are made in this turn's transaction. */
void schedule_kick(struct gateway *gateway);
/* Look again at `at_ms` at the latest. */
void schedule_no_later(struct gateway *gateway, int64_t at_ms);
/* Every write of the gateway is followed by this one: RAM learns of a transaction that failed. */
void schedule_guard(struct gateway *gateway);
/* The store has begun to fail: it is tried until something has reached the disk. */
void schedule_probe(struct gateway *gateway);

#endif
