/* gateway: the rooms of core put together, and what others may ask of them. */
#include "gateway_inside.h"

#include <stdlib.h>
#include <string.h>
#include "attempt.h"
#include "await.h"
#include "housekeeping.h"
#include "log.h"
#include "serve.h"

enum { ESTIMATE_MS = 300 * 1000 }; /* the deadline of an otp as it comes by default */

static void on_stopped(void *arg)
{
    struct gateway *gateway = arg;

    gateway->on_stopped(gateway->on_stopped_arg);
}

/* --- what its modems tell ------------------------------------------------------------------------
 */

static void on_kick(void *owner)
{
    schedule_kick(owner);
}

static void on_guard(void *owner)
{
    disk_guard(owner);
}

static void on_sim_away(void *owner)
{
    unpin_later(owner);
}

static void on_closing(struct modem *modem)
{
    attempt_drop(modem);
    inbox_forget(modem);
}

static void on_traced(struct modem *modem)
{
    const struct gateway *gateway = gateway_of(modem);

    if (gateway->on_trace)
        gateway->on_trace(gateway->on_trace_arg, modem->config.name);
}

static void on_told(struct modem *modem, const char *why)
{
    struct gateway *gateway = gateway_of(modem);
    struct modem_view view;

    registry_look(gateway);
    if (!gateway->on_modem || modem->retired)
        return;
    modem_view_fill(modem, &view);
    if (why)
        view.why = why;
    gateway->on_modem(gateway->on_modem_arg, &view);
}

static const struct fleet_events fleet_events = {
    .kick = on_kick,
    .guard = on_guard,
    .sim_away = on_sim_away,
    .opened = attempt_open,
    .closing = on_closing,
    .commit = attempt_commit_asked,
    .outcome = attempt_outcome,
    .evidence = evidence_take,
    .inbound = inbox_take,
    .traced = on_traced,
    .told = on_told,
};

/* --- birth and end ------------------------------------------------------------------------------
 */

struct gateway *gateway_new(struct loop *loop, struct store *store, const struct config *config,
                            modem_link_fn *make_link, void *arg)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);

    if (!gateway)
        return NULL;
    gateway->loop = loop;
    gateway->store = store;
    gateway->config = config;
    gateway->fleet = (struct fleet){.loop = loop,
                                    .store = store,
                                    .config = config,
                                    .make_link = make_link,
                                    .make_link_arg = arg,
                                    .alarms = &gateway->alarms,
                                    .events = &fleet_events,
                                    .owner = gateway};
    gateway->stats.start_wall_ms = loop_wall_ms(loop);
    gateway->next_reference = (uint8_t)(gateway->stats.start_wall_ms / 1000);
    gateway->stats.unclean_start = store_was_unclean(store);
    gateway->stats.bodies_lost = store_bodies_lost(store);
    loop_task_init(&gateway->stopped, loop, on_stopped, gateway);
    alarms_init(&gateway->alarms, loop);
    if (gateway->stats.bodies_lost > 0)
        alarm_raise(&gateway->alarms, "body_key_lost", "-", NULL);
    if (store_given_up(store) > 0)
        alarm_raise(&gateway->alarms, "message_crashes", "-", NULL);
    schedule_init(gateway);
    reports_init(gateway);
    inbox_init(gateway);
    housekeeping_init(gateway);
    fleet_init(&gateway->fleet);
    unpin_init(gateway);
    evidence_init(gateway);
    await_recover(gateway);
    if (fleet_start(&gateway->fleet) < 0) {
        gateway_free(gateway);
        return NULL;
    }
    return gateway;
}

void gateway_reload(struct gateway *gateway, const struct config *config)
{
    gateway->config = config;
    plug_ask_anew(&gateway->fleet);
    fleet_reload(&gateway->fleet, config);
    registry_look(gateway);
}

void gateway_shutdown(struct gateway *gateway, loop_fn *done, void *arg)
{
    gateway->fleet.stopping = true;
    gateway->on_stopped = done;
    gateway->on_stopped_arg = arg;
    for (struct modem *modem = gateway->fleet.modems; modem; modem = modem->next)
        if (modem->slot == SLOT_SUBMITTED)
            link_abort(modem->link);
    attempt_check_stopped(gateway);
}

bool gateway_shutting_down(const struct gateway *gateway)
{
    return gateway->fleet.stopping;
}

void gateway_free(struct gateway *gateway)
{
    plug_stop(&gateway->fleet);
    registry_fini(gateway);
    fleet_close(&gateway->fleet);
    reports_stop(gateway);
    unpin_stop(gateway);
    evidence_stop(gateway);
    inbox_stop(gateway);
    housekeeping_stop(gateway);
    loop_task_cancel(&gateway->stopped);
    schedule_stop(gateway);
    alarms_fini(&gateway->alarms);
    free(gateway);
}

struct fleet *gateway_fleet(struct gateway *gateway)
{
    return &gateway->fleet;
}

struct alarms *gateway_alarms(struct gateway *gateway)
{
    return &gateway->alarms;
}

size_t gateway_modem_count(const struct gateway *gateway)
{
    size_t count = 0;

    for (const struct modem *modem = gateway->fleet.modems; modem; modem = modem->next)
        count += !modem->retired;
    return count;
}

bool gateway_modem_at(const struct gateway *gateway, size_t i, struct modem_view *out)
{
    for (struct modem *modem = gateway->fleet.modems; modem; modem = modem->next) {
        if (modem->retired || i-- > 0)
            continue;
        modem_view_fill(modem, out);
        return true;
    }
    return false;
}

bool gateway_modem_trace(struct gateway *gateway, const char *name, uint64_t number,
                         struct link_trace *out)
{
    struct modem *modem = fleet_find(&gateway->fleet, name);

    return modem && link_trace(modem->link, number, out);
}

int gateway_modem_pause(struct gateway *gateway, const char *name, bool pause,
                        struct refusal *refusal)
{
    return hold_modem(&gateway->fleet, name, pause, refusal);
}

int gateway_pause(struct gateway *gateway, bool pause, struct refusal *refusal)
{
    return hold_all(&gateway->fleet, pause, refusal);
}

int gateway_modem_reset(struct gateway *gateway, const char *name, struct refusal *refusal)
{
    return hold_reset(&gateway->fleet, name, refusal);
}

int gateway_modem_accept(struct gateway *gateway, const char *name, struct refusal *refusal)
{
    return identity_accept(&gateway->fleet, name, refusal);
}

void gateway_on_modem(struct gateway *gateway, void (*fn)(void *arg, const struct modem_view *view),
                      void *arg)
{
    gateway->on_modem = fn;
    gateway->on_modem_arg = arg;
}

void gateway_on_trace(struct gateway *gateway, void (*fn)(void *arg, const char *modem), void *arg)
{
    gateway->on_trace = fn;
    gateway->on_trace_arg = arg;
}

void gateway_stats(struct gateway *gateway, struct gateway_stats *out)
{
    int64_t now_ms = loop_now_ms(gateway->loop);
    double part_ms = fleet_part_ms(&gateway->fleet, 1, now_ms + ESTIMATE_MS, NULL);

    *out = gateway->stats;
    if (store_message_counts(gateway->store, out->by_state) < 0)
        log_event(LOG_LEVEL_ERROR, "gateway", "-", "counts_failed", "%s", "");
    memcpy(out->queued_parts, gateway->admission.parts, sizeof out->queued_parts);
    out->store_failing = gateway->disk.failing;
    out->paused = gateway->fleet.paused;
    out->eta_ms = -1;
    if (part_ms > 0)
        out->eta_ms = (int)(part_ms * (double)admission_ahead(&gateway->admission, CLASS_OTP,
                                                              now_ms, now_ms + ESTIMATE_MS) +
                            fleet_submit_ms(&gateway->fleet));
}
