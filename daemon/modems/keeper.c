#include "keeper.h"

#include <string.h>
#include "fleet.h"
#include "modem.h"
#include "text.h"

enum { START_MOST_MS = 60 * 1000 };

/* It stands without a SIM that works, and says so. */
static bool card_is_out(const struct modem *modem)
{
    switch (modem->link->card) {
    case LINK_CARD_PIN:
    case LINK_CARD_PUK:
    case LINK_CARD_LOCKED:
    case LINK_CARD_ABSENT:
    case LINK_CARD_FAILURE:
        return modem->state == LINK_SIM;
    case LINK_CARD_UNKNOWN:
    case LINK_CARD_READY:
    case LINK_CARD_BUSY:
        break;
    }
    return false;
}

/* Until when this modem keeps the SIM: 0 it does not, INT64_MAX no end is known. */
static int64_t kept_until(const struct modem *modem, const char *iccid)
{
    const char *is = modem_sim(modem), *was = modem->keeper.had_iccid;
    bool away = modem_is_away(modem) || card_is_out(modem);

    if (modem->retired)
        return 0;
    if (strcmp(is[0] ? is : was, iccid) == 0)
        return away ? modem->keeper.away_ms + modem->fleet->config->evidence_wait_s * INT64_C(1000)
                    : INT64_MAX;
    return is[0] || was[0] || away ? 0 : modem->keeper.born_ms + START_MOST_MS;
}

int64_t sim_kept_until(const struct fleet *fleet, const char *iccid)
{
    int64_t until_ms = 0;

    for (const struct modem *modem = fleet->modems; modem; modem = modem->next) {
        int64_t one_ms = kept_until(modem, iccid);
        if (one_ms > until_ms)
            until_ms = one_ms;
    }
    return until_ms;
}

void keeper_follow(struct modem *modem)
{
    struct keeper *keeper = &modem->keeper;
    const char *is = modem_sim(modem);
    bool out = card_is_out(modem);

    if (out && !keeper->card_out)
        modem_sim_away(modem);
    keeper->card_out = out;
    if (!is[0] || strcmp(is, keeper->had_iccid) == 0)
        return;
    /* another SIM than it had, or the first that is heard of: one that was waited for is not here
     */
    if (keeper->had_iccid[0] || loop_now_ms(modem->fleet->loop) < keeper->born_ms + START_MOST_MS)
        modem->fleet->events->sim_away(modem->fleet->owner);
    text_copy(keeper->had_iccid, sizeof keeper->had_iccid, is);
}
