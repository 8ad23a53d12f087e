#include "sending.h"

#include <string.h>
#include "fleet.h"
#include "modem.h"

void sending_refuse(struct fleet *fleet, int64_t row)
{
    for (struct modem *modem = fleet->modems; modem; modem = modem->next)
        if (modem->slot != SLOT_FREE && modem->sending->row == row)
            modem->sending->refuse = true;
}

int sending_count(const struct fleet *fleet)
{
    int count = 0;

    for (const struct modem *modem = fleet->modems; modem; modem = modem->next)
        count += modem->slot != SLOT_FREE;
    return count;
}

bool sending_none(const struct fleet *fleet)
{
    for (const struct modem *modem = fleet->modems; modem; modem = modem->next)
        if (modem->slot != SLOT_FREE || modem->ending != ENDING_NONE)
            return false;
    return true;
}

bool sending_left_by(const struct fleet *fleet, const char *iccid, int64_t came_ms)
{
    for (const struct modem *modem = fleet->modems; modem; modem = modem->next)
        if (strcmp(modem->keeper.had_iccid, iccid) == 0 && modem->pace.text_ms <= came_ms &&
            (modem->slot == SLOT_ANSWERED || modem->slot == SLOT_OVER ||
             modem->ending != ENDING_NONE))
            return true;
    return false;
}
