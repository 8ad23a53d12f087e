#include "modem.h"

#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "fleet.h"
#include "text.h"

enum {
    IMEI_COUNTS = 14, /* digits; the rest is a check digit, or a version of the software */
    ICCID_COUNTS = 18,
};

void fleet_kick(struct fleet *fleet)
{
    fleet->events->kick(fleet->owner);
}

void fleet_guard(struct fleet *fleet)
{
    fleet->events->guard(fleet->owner);
}

struct modem *fleet_find(struct fleet *fleet, const char *name)
{
    for (struct modem *modem = fleet->modems; modem; modem = modem->next)
        if (!modem->retired && strcmp(modem->config.name, name) == 0)
            return modem;
    return NULL;
}

/* --- who it is ---------------------------------------------------------------------------------
 */

bool same_imei(const char *a, const char *b)
{
    return strlen(a) >= IMEI_COUNTS && strncmp(a, b, IMEI_COUNTS) == 0;
}

bool same_iccid(const char *a, const char *b)
{
    size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

    return shorter >= ICCID_COUNTS && strncmp(a, b, shorter) == 0;
}

bool modem_is_known(const struct modem *modem)
{
    switch (modem->state) {
    case LINK_SIM:
    case LINK_REGISTERING:
    case LINK_READY:
    case LINK_BUSY:
    case LINK_RECOVERING:
        return modem->link->identity.imei[0] != '\0';
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_QUARANTINED:
    case LINK_GONE:
        break;
    }
    return false;
}

void modem_stand_in(const struct modem *modem, char out[23])
{
    const char *imei = modem->link->identity.imei;

    out[0] = '\0';
    if (imei[0])
        (void)snprintf(out, 23, "imei:%.14s", imei);
}

void modem_name_sim(struct modem *modem)
{
    if (modem->state == LINK_READY)
        modem_stand_in(modem, modem->stand_in);
    else if (modem->state != LINK_BUSY && modem->state != LINK_RECOVERING)
        modem->stand_in[0] = '\0';
}

const char *modem_sim(const struct modem *modem)
{
    const char *iccid = modem->link->identity.iccid;

    return iccid[0] ? iccid : modem->stand_in;
}

/* --- what others hear of it --------------------------------------------------------------------
 */

void modem_sim_away(struct modem *modem)
{
    modem->keeper.away_ms = loop_now_ms(modem->fleet->loop);
    modem->fleet->events->sim_away(modem->fleet->owner);
}

void modem_alarm(struct modem *modem, const char *name, const char *sentence)
{
    if (!modem->retired) /* its name may be another's by now */
        alarm_raise(modem->fleet->alarms, name, modem->config.name, sentence);
}

void modem_alarm_over(struct modem *modem, const char *name)
{
    if (!modem->retired)
        alarm_clear(modem->fleet->alarms, name, modem->config.name);
}

void modem_say(struct modem *modem, const char *why)
{
    text_copy(modem->why, sizeof modem->why, why);
    modem_tell(modem, NULL);
}

void modem_tell(struct modem *modem, const char *why)
{
    modem->fleet->events->told(modem, why);
}
