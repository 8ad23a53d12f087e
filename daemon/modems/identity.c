/* identity: see identity.h. */
#include "identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "refusal.h"
#include "text.h"

static const char *tail_of(const char *iccid)
{
    size_t len = strlen(iccid);

    return len > 4 ? iccid + len - 4 : "";
}

static void doubt_set(struct modem *modem, enum modem_doubt doubt, const char *why)
{
    modem->identity.doubt = doubt;
    text_copy(modem->identity.why, sizeof modem->identity.why, why);
    log_event(doubt ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "fleet", modem->config.name,
              doubt ? "held" : "released", "why=\"%s\"", why);
    if (doubt)
        modem_sim_away(modem);
}

/* --- is it what the section names, and nobody else's? -------------------------------------------
 */

static const char *other_than_named(const struct modem *modem)
{
    const struct link_identity *is = &modem->link->identity;
    const struct config_modem *named = &modem->config;

    if (named->imei[0] && is->imei[0] && !same_imei(named->imei, is->imei))
        return "its IMEI is not that of its section";
    if (named->iccid[0] && is->iccid[0] && !same_iccid(named->iccid, is->iccid))
        return "its SIM is not that of its section (iccid)";
    if (named->imsi[0] && is->imsi[0] && strcmp(named->imsi, is->imsi) != 0)
        return "its SIM is not that of its section (imsi)";
    return NULL;
}

static const struct modem *twin_of(const struct modem *modem)
{
    for (const struct modem *other = modem->fleet->modems; other; other = other->next)
        if (other != modem && !other->retired && other->identity.doubt != DOUBT_TWICE &&
            modem_is_known(other) &&
            same_imei(other->link->identity.imei, modem->link->identity.imei))
            return other;
    return NULL;
}

/* Two dialogues with one modem would take each other's answers: the second one leaves the port. */
static void refuse_twin(struct modem *modem, const struct modem *twin)
{
    char why[96];

    snprintf(why, sizeof why, "refused: [modem %.60s] has this modem", twin->config.name);
    doubt_set(modem, DOUBT_TWICE, why);
    if (link_can_attach(modem->link))
        (void)link_attach(modem->link, NULL); /* a detach cannot fail */
}

bool identity_twin_left(struct modem *modem, const char *name)
{
    char why[96];

    snprintf(why, sizeof why, "refused: [modem %.60s] has this modem", name);
    if (modem->identity.doubt != DOUBT_TWICE || modem->retired ||
        strcmp(modem->identity.why, why) != 0)
        return false;
    doubt_set(modem, DOUBT_NONE, "who had its modem is off");
    modem->identity.looked_imei[0] = '\0';
    return true;
}

/* --- the pair of modem and SIM ------------------------------------------------------------------
 */

static void pair_keep(struct modem *modem)
{
    const struct link_identity *is = &modem->link->identity;
    int rc = store_pair_set(modem->fleet->store, is->imei, is->iccid);

    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "fleet", modem->config.name, "pair_not_kept", "error=\"%s\"",
                  strerror(-rc));
}

static void alarm_end(struct modem *modem)
{
    modem_alarm_over(modem, "sim_swapped");
}

/* Returns true where the modem waits. */
static bool pair_changed(struct modem *modem, enum store_pair was)
{
    const char *iccid = modem->link->identity.iccid;
    bool hold = modem->fleet->config->sim_swap == SIM_SWAP_HOLD;
    const char *what = was == STORE_PAIR_OTHER_SIM ? "it holds another SIM than before"
                                                   : "its SIM was in another modem before";
    char sentence[200];

    snprintf(sentence, sizeof sentence, "%s (iccid ...%s)%s", what, tail_of(iccid),
             hold ? ": otpgatectl accept takes it" : "; taken, as sim_swap says");
    modem_alarm(modem, "sim_swapped", sentence);
    if (hold) {
        snprintf(sentence, 96, "%s; modem.accept takes it", what);
        doubt_set(modem, DOUBT_SWAPPED, sentence);
    } else {
        pair_keep(modem);
    }
    return hold;
}

/* Returns true where the modem waits. */
static bool pair_look(struct modem *modem)
{
    const struct link_identity *is = &modem->link->identity;
    enum store_pair was;

    if (!is->imei[0] || !is->iccid[0])
        return false;
    int rc = store_pair_get(modem->fleet->store, is->imei, is->iccid, &was);
    if (rc < 0) { /* a store that cannot be read lets nothing leave anyway */
        log_event(LOG_LEVEL_ERROR, "fleet", modem->config.name, "pair_unknown", "error=\"%s\"",
                  strerror(-rc));
        modem->identity.looked_imei[0] = '\0'; /* looked at anew */
        return false;
    }
    switch (was) {
    case STORE_PAIR_NEW:
        pair_keep(modem);
        return false;
    case STORE_PAIR_SAME:
        alarm_end(modem);
        return false;
    case STORE_PAIR_OTHER_SIM:
    case STORE_PAIR_OTHER_MODEM:
        return pair_changed(modem, was);
    }
    return false;
}

/* --- looking ------------------------------------------------------------------------------------
 */

void identity_look(struct modem *modem)
{
    const struct link_identity *is = &modem->link->identity;

    if (!modem_is_known(modem) || (strcmp(modem->identity.looked_imei, is->imei) == 0 &&
                                   strcmp(modem->identity.looked_iccid, is->iccid) == 0))
        return;
    text_copy(modem->identity.looked_imei, sizeof modem->identity.looked_imei, is->imei);
    text_copy(modem->identity.looked_iccid, sizeof modem->identity.looked_iccid, is->iccid);
    const struct modem *twin = twin_of(modem);
    const char *other = other_than_named(modem);
    if (twin) {
        refuse_twin(modem, twin);
    } else if (other) {
        doubt_set(modem, DOUBT_OTHER, other);
    } else if (!pair_look(modem) && modem->identity.doubt) {
        doubt_set(modem, DOUBT_NONE, "it is the right one");
    }
}

/* The disk has the last word: where it did not take the pair, the modem is held as before. */
static void on_accepted(void *arg, int rc)
{
    struct modem *modem = arg;

    if (rc == 0)
        return;
    modem->identity.looked_imei[0] = '\0';
    identity_look(modem);
    modem_tell(modem, NULL);
}

int identity_accept(struct fleet *fleet, const char *name, struct refusal *refusal)
{
    struct modem *modem = fleet_find(fleet, name);

    *refusal = (struct refusal){.name = "not_found", .sentence = "no modem has this name"};
    if (!modem)
        return -1;
    *refusal = (struct refusal){.name = "conflict",
                                .sentence = "its SIM is not known now: plug it in, and look again"};
    if (!modem_is_known(modem) || !modem->link->identity.iccid[0])
        return -1;
    if (modem->identity.doubt == DOUBT_OTHER || modem->identity.doubt == DOUBT_TWICE) {
        text_copy(refusal->sentence, sizeof refusal->sentence, modem->identity.why);
        return -1;
    }
    *refusal = (struct refusal){.name = "store_failed",
                                .sentence = "the gateway cannot write to its disk"};
    if (store_pair_set(fleet->store, modem->link->identity.imei, modem->link->identity.iccid) < 0)
        return -1;
    fleet_guard(fleet);
    if (!modem->identity.accepted.queued)
        store_when_durable(fleet->store, &modem->identity.accepted);
    alarm_end(modem);
    if (modem->identity.doubt == DOUBT_SWAPPED) {
        doubt_set(modem, DOUBT_NONE, "its SIM was accepted");
        modem_say(modem, "its SIM was accepted");
        fleet_kick(fleet);
    }
    return 0;
}

void identity_init(struct modem *modem)
{
    modem->identity.accepted =
        (struct store_waiter){.fn = on_accepted, .arg = modem, .patient = true};
}

void identity_stop(struct modem *modem)
{
    store_forget(modem->fleet->store, &modem->identity.accepted);
}
