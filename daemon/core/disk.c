#include "disk.h"

#include <stdio.h>
#include "gateway_inside.h"
#include "log.h"

enum {
    PROBE_FIRST_MS = 1000, /* of a store that fails; twice as long each time */
    PROBE_MOST_MS = 60 * 1000,
};
static const char probe_fact[] = "store.probe";

/* --- a store that fails -------------------------------------------------------------------------
 */

static void probe_begin(struct gateway *gateway)
{
    gateway->disk.probe_ms = PROBE_FIRST_MS;
    gateway->disk.probe_at_ms = loop_now_ms(gateway->loop) + PROBE_FIRST_MS;
    loop_timer_no_later(&gateway->schedule.due, gateway->disk.probe_at_ms);
}

void disk_failing(struct gateway *gateway, bool failing)
{
    bool begins = failing && !gateway->disk.failing;

    gateway->disk.failing = failing;
    if (begins)
        probe_begin(gateway);
    if (failing)
        alarm_raise(&gateway->alarms, "store_failing", "-", NULL);
    else
        alarm_clear(&gateway->alarms, "store_failing", "-");
}

/* One small row, and nothing else is tried: an empty COMMIT succeeds on any disk. Its guard hears
 * what became of it. */
static void probe(struct gateway *gateway)
{
    char text[24];
    int rc = store_begin(gateway->store);

    snprintf(text, sizeof text, "%lld", (long long)loop_wall_ms(gateway->loop));
    if (rc == 0) {
        rc = store_fact_set(gateway->store, probe_fact, text);
        int end = store_end(gateway->store, rc == 0);
        if (rc == 0)
            rc = end;
        disk_guard(gateway);
    }
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "schedule", "-", "probe_failed", "errno=%d", -rc);
}

/* Whatever was to be done at this moment waits until the store works again. */
void disk_look(struct gateway *gateway)
{
    int64_t now_ms = loop_now_ms(gateway->loop);

    if (now_ms >= gateway->disk.probe_at_ms) {
        gateway->disk.probe_ms *= 2;
        if (gateway->disk.probe_ms > PROBE_MOST_MS)
            gateway->disk.probe_ms = PROBE_MOST_MS;
        gateway->disk.probe_at_ms = now_ms + gateway->disk.probe_ms;
        probe(gateway);
    }
    loop_timer_no_later(&gateway->schedule.due, gateway->disk.probe_at_ms);
}

/* --- the end of a transaction -------------------------------------------------------------------
 */

static void on_failed(struct gateway *gateway, int rc)
{
    if (!gateway->disk.failing)
        log_event(LOG_LEVEL_ERROR, "schedule", "-", "store_failing", "errno=%d", -rc);
    gateway->stats.accepted -= gateway->accepts_open;
    gateway->stats.refused += gateway->accepts_open;
    gateway->recount = true;
    disk_failing(gateway, true);
    hold_load(&gateway->fleet);
}

static void count_durable(struct gateway *gateway)
{
    const struct counted *counted = &gateway->counted;

    gateway->stats.resent += counted->resent;
    gateway->stats.evidence += counted->evidence;
    gateway->stats.inbound += counted->inbound;
    gateway->stats.inbound_doubles += counted->inbound_doubles;
    gateway->stats.reports += counted->reports;
}

static void on_guard(void *arg, int rc)
{
    const struct guard *guard = arg;
    struct gateway *gateway = guard->gateway;
    bool mended =
        rc == 0 && guard->waiter.wrote && gateway->disk.failing && gateway->disk.reads(gateway);

    if (rc < 0)
        on_failed(gateway, rc);
    else
        count_durable(gateway);
    gateway->counted = (struct counted){0};
    gateway->accepts_open = 0;
    gateway->disk.ended(gateway, mended);
}

void disk_guard(struct gateway *gateway)
{
    struct store_waiter *idle = NULL;

    for (int i = 0; i < GUARDS; i++) {
        struct store_waiter *waiter = &gateway->disk.guard[i].waiter;
        if (store_waits(gateway->store, waiter))
            return;
        if (!waiter->queued)
            idle = waiter;
    }
    if (idle)
        store_when_durable(gateway->store, idle);
}

void disk_savepoint(struct gateway *gateway, bool undone)
{
    if (undone) {
        gateway->counted = gateway->counted_before;
        gateway->stats.accepted -= gateway->accepts_here;
        gateway->stats.refused += gateway->accepts_here;
        gateway->accepts_open -= gateway->accepts_here;
    }
    gateway->counted_before = gateway->counted;
    gateway->accepts_here = 0;
}

void disk_init(struct gateway *gateway, disk_fn *ended, disk_read_fn *reads)
{
    gateway->disk.ended = ended;
    gateway->disk.reads = reads;
    for (int i = 0; i < GUARDS; i++)
        gateway->disk.guard[i] = (struct guard){
            .waiter = {.fn = on_guard, .arg = &gateway->disk.guard[i], .patient = true},
            .gateway = gateway};
}

void disk_stop(struct gateway *gateway)
{
    for (int i = 0; i < GUARDS; i++)
        store_forget(gateway->store, &gateway->disk.guard[i].waiter);
}
