/* disk: whether the disk takes what is written: what a transaction that failed undoes in memory,
 * and how a store that fails is tried. */
#ifndef OTPGATE_DISK_H
#define OTPGATE_DISK_H

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

/* A transaction has ended, and memory knows it. `mended`: the store failed, and works again. */
typedef void disk_fn(struct gateway *gateway, bool mended);
/* What has to be read can be read. */
typedef bool disk_read_fn(struct gateway *gateway);

struct disk {
    struct guard guard[GUARDS];
    bool failing;
    int probe_ms; /* while it fails: the pause before the next try, and when that is */
    int64_t probe_at_ms;
    disk_fn *ended;
    disk_read_fn *reads;
};

void disk_init(struct gateway *gateway, disk_fn *ended, disk_read_fn *reads);
void disk_stop(struct gateway *gateway);
/* Every write of the gateway is followed by this one: RAM learns of a transaction that failed. */
void disk_guard(struct gateway *gateway);
/* The store failed, or works again: the flag and the alarm. Whoever says that it failed need not
 * see to it that it is tried again. */
void disk_failing(struct gateway *gateway, bool failing);
/* While it fails, at each moment when something is due: it is tried, until something has reached
 * it.
 */
void disk_look(struct gateway *gateway);
/* What a savepoint has counted is kept, or undone with it. */
void disk_savepoint(struct gateway *gateway, bool undone);

#endif
