/* housekeeping: what has been kept long enough goes: messages and inbox after retention_days,
 * events after seven, what is on record after audit_days. A few rows at a time, so that no step
 * holds up the loop; looks once an hour, and not at all at a disk that fails.
 */
#include "housekeeping.h"

#include "gateway_inside.h"
#include "log.h"
#include "store_audit.h"

enum {
    STEP_MS = 20,
    LOOK_MS = 3600 * 1000,
    FAILING_MS = 60 * 1000, /* until the store works again */
    DAY_MS = 24 * 3600 * 1000,
    EVENT_DAYS = 7,
};

static void on_purge(void *arg)
{
    struct gateway *gateway = arg;
    int64_t wall_ms = loop_wall_ms(gateway->loop);
    int64_t kept_ms = wall_ms - gateway->config->retention_days * INT64_C(1) * DAY_MS;
    if (gateway->disk.failing) {
        loop_timer_arm_in(&gateway->purge_timer, FAILING_MS);
        return;
    }
    if (store_tidy(gateway->store)) { /* a step of its own: many at once take long to write back */
        loop_timer_arm_in(&gateway->purge_timer, STEP_MS);
        return;
    }
    const struct store_purge before = {
        .messages_before_wall_ms = kept_ms,
        .events_before_wall_ms = wall_ms - EVENT_DAYS * INT64_C(1) * DAY_MS,
        .inbox_before_wall_ms = kept_ms,
    };
    int64_t audit_ms = wall_ms - gateway->config->audit_days * INT64_C(1) * DAY_MS;
    int rows = store_purge(gateway->store, &before, STORE_PURGE_STEP);

    if (rows == 0)
        rows = store_audit_purge(gateway->store, audit_ms, STORE_PURGE_STEP);

    if (rows != 0)
        disk_guard(gateway); /* what is undone would be tried again at once, for ever */
    if (rows < 0)
        log_event(LOG_LEVEL_ERROR, "housekeeping", "-", "purge_failed", "errno=%d", -rows);
    loop_timer_arm_in(&gateway->purge_timer, rows > 0 ? STEP_MS : LOOK_MS);
}

void housekeeping_init(struct gateway *gateway)
{
    loop_timer_init(&gateway->purge_timer, gateway->loop, on_purge, gateway);
    loop_timer_arm_in(&gateway->purge_timer, STEP_MS);
}

void housekeeping_stop(struct gateway *gateway)
{
    loop_timer_cancel(&gateway->purge_timer);
}
