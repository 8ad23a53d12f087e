#include "serve.h"

#include <limits.h>
#include <string.h>
#include "fleet.h"
#include "modem.h"

enum { OTHER_SOON_MS = 2000 }; /* one that rests longer is no alternative */

bool modem_may_serve(struct modem *modem, int parts, int64_t until_ms)
{
    if (!modem->link || modem->retired || modem->identity.doubt || modem_is_paused(modem) ||
        pin_wants_people(modem))
        return false;
    switch (modem->state) {
    case LINK_GONE:
    case LINK_QUARANTINED:
        return false;
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_SIM:
    case LINK_REGISTERING:
    case LINK_READY:
    case LINK_BUSY:
    case LINK_RECOVERING:
        break;
    }
    return modem_free_at_ms(modem) < until_ms && budget_before(modem, parts, until_ms);
}

/* Until when it is believed that it may send soon: INT64_MAX it may, or does when its rest is over;
 * 0: it may not. */
static int64_t soon_until_ms(const struct modem *modem)
{
    int64_t now_ms = loop_now_ms(modem->fleet->loop), usual_ms = modem_submit_ms(modem);

    if (modem->retired || modem->identity.doubt || modem_is_paused(modem) ||
        (modem->state != LINK_READY && modem->state != LINK_BUSY) ||
        modem_free_at_ms(modem) > now_ms + OTHER_SOON_MS)
        return 0;
    if (modem->state == LINK_READY && modem->slot == SLOT_FREE && !lease_holds(modem))
        return INT64_MAX;
    return modem->pace.begun_ms + (usual_ms > OTHER_SOON_MS ? usual_ms : OTHER_SOON_MS);
}

/* *until_ms: when it has to be asked again, because one of them is busy. */
static int other_parts(struct fleet *fleet, const struct modem *than, int64_t *until_ms)
{
    int most = 0;

    *until_ms = INT64_MAX;
    for (struct modem *modem = fleet->modems; modem; modem = modem->next) {
        int64_t soon_ms = soon_until_ms(modem);
        if (modem == than || soon_ms <= loop_now_ms(fleet->loop) ||
            strcmp(modem_sim(modem), modem_sim(than)) == 0)
            continue;
        if (budget_left(modem) > most)
            most = budget_left(modem);
        if (soon_ms < *until_ms)
            *until_ms = soon_ms;
    }
    return most;
}

int fleet_other_parts(struct fleet *fleet, const struct modem *than)
{
    int64_t until_ms;

    return other_parts(fleet, than, &until_ms);
}

int modem_due(struct modem *modem, struct message *out)
{
    struct fleet *fleet = modem->fleet;
    int64_t until_ms;
    const struct store_taker taker = {
        .modem = modem->config.name,
        .iccid = modem_sim(modem),
        .parts = budget_left(modem),
        .others = other_parts(fleet, modem, &until_ms),
    };
    int rc = store_message_due(fleet->store, &taker, out);

    if (rc == 0 && until_ms < INT64_MAX)
        loop_timer_no_later(&fleet->wait_timer, until_ms);
    return rc;
}

static void on_wait(void *arg)
{
    fleet_kick(arg);
}

void serve_init(struct fleet *fleet)
{
    loop_timer_init(&fleet->wait_timer, fleet->loop, on_wait, fleet);
}

void serve_stop(struct fleet *fleet)
{
    loop_timer_cancel(&fleet->wait_timer);
}

int fleet_most_parts(const struct fleet *fleet, const char *only)
{
    int most = 0;

    for (const struct modem *modem = fleet->modems; modem; modem = modem->next) {
        int budget = modem->config.daily_budget ? modem->config.daily_budget : INT_MAX;
        if (!modem->retired && budget > most && (!only || strcmp(modem->config.name, only) == 0))
            most = budget;
    }
    return most;
}

double fleet_part_ms(struct fleet *fleet, int parts, int64_t until_ms, const char *only)
{
    double rate = 0;

    for (struct modem *modem = fleet->modems; modem; modem = modem->next)
        if (modem_may_serve(modem, parts, until_ms) &&
            (!only || strcmp(modem->config.name, only) == 0))
            rate += 1.0 / (double)(modem_service_ms(modem) > 0 ? modem_service_ms(modem) : 1);
    return rate > 0 ? 1.0 / rate : 0;
}

double fleet_submit_ms(const struct fleet *fleet)
{
    int64_t best = 0;

    for (const struct modem *modem = fleet->modems; modem; modem = modem->next) {
        int64_t ms = modem_submit_ms(modem);
        if (!modem->retired && (!best || ms < best))
            best = ms;
    }
    return (double)(best ? best : SUBMIT_FIRST_MS);
}
