#include "serve.h"

#include <limits.h>
#include <string.h>
#include "fleet.h"
#include "modem.h"

enum { OTHER_SOON_MS = 2000 }; /* one that rests longer is no alternative */

bool modem_may_serve(struct modem *modem, int parts, int64_t until_ms)
{
    if (!modem->link || modem->retired || modem->identity.doubt || modem_is_paused(modem))
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

int fleet_other_parts(struct fleet *fleet, const struct modem *than)
{
    int64_t soon_ms = loop_now_ms(fleet->loop) + OTHER_SOON_MS;
    int most = 0;

    for (struct modem *modem = fleet->modems; modem; modem = modem->next) {
        if (modem == than || modem->retired || modem->identity.doubt || modem_is_paused(modem))
            continue;
        if ((modem->state == LINK_READY || modem->state == LINK_BUSY) &&
            modem_free_at_ms(modem) <= soon_ms && budget_left(modem) > most &&
            strcmp(modem->link->identity.iccid, than->link->identity.iccid) != 0)
            most = budget_left(modem);
    }
    return most;
}

int modem_due(struct modem *modem, struct message *out)
{
    const struct store_taker taker = {
        .modem = modem->config.name,
        .iccid = modem->link->identity.iccid,
        .parts = budget_left(modem),
        .others = fleet_other_parts(modem->fleet, modem),
    };

    return store_message_due(modem->fleet->store, &taker, out);
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
