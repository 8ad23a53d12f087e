/* gateway_inside: the rooms of core as they stand together; each is told by its own header. Nobody
 * outside core includes this. */
#ifndef OTPGATE_GATEWAY_INSIDE_H
#define OTPGATE_GATEWAY_INSIDE_H

#include "admission.h"
#include "alarm.h"
#include "disk.h"
#include "evidence.h"
#include "fleet.h"
#include "gateway.h"
#include "inbox.h"
#include "modem.h"
#include "registry_inside.h"
#include "reports.h"
#include "schedule.h"
#include "unpin.h"

/* Of the counters in gateway_stats: what has come with writes that may be undone, and made anew. */
struct counted {
    int64_t resent, evidence, inbound, inbound_doubles, reports;
};

struct gateway {
    struct loop *loop;
    struct store *store;
    const struct config *config;
    struct fleet fleet;
    struct alarms alarms;

    struct loop_task stopped;
    loop_fn *on_stopped;
    void *on_stopped_arg;
    void (*on_modem)(void *arg, const struct modem_view *view);
    void *on_modem_arg;
    void (*on_trace)(void *arg, const char *modem);
    void *on_trace_arg;

    struct gateway_stats stats;    /* the counters of it */
    unsigned accepts_open;         /* counted as accepted, not on disk yet */
    unsigned accepts_here;         /* those of them that stand in the open savepoint */
    struct counted counted;        /* not on disk yet: no part of the stats */
    struct counted counted_before; /* the open savepoint */
    bool recount;           /* the queue's counters may be wrong until they are counted anew */
    uint8_t next_reference; /* of a concatenation */

    struct admission admission;
    struct disk disk;
    struct schedule schedule;
    struct evidence evidence;
    struct reports reports;
    struct unpin unpin;
    struct intake intake;
    struct registry registry;
    struct loop_timer purge_timer;
};

/* Whose modem it is. */
static inline struct gateway *gateway_of(const struct modem *modem)
{
    return modem->fleet->owner;
}

#endif
