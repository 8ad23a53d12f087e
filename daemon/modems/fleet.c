/* fleet: see fleet.h. Which modem stands for which section, and which room hears what of its link.
 */
#include "fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "carriers.h"
#include "log.h"
#include "modem.h"
#include "serve.h"
#include "text.h"

/* --- the link's sink
 * ------------------------------------------------------------------------------ */

/* Who was refused because of this one may use its port. */
static void name_is_off(struct fleet *fleet, const char *name)
{
    for (struct modem *other = fleet->modems; other; other = other->next)
        if (identity_twin_left(other, name) && other->place[0] && link_can_attach(other->link))
            plug_back(other);
}

static void on_state(void *ctx, struct link *link, enum link_state state, const char *why)
{
    struct modem *modem = ctx;
    bool was_ready = modem->state == LINK_READY || modem->state == LINK_BUSY;
    bool was_off = modem->state == LINK_GONE || modem->state == LINK_QUARANTINED;
    bool is_off = state == LINK_GONE || state == LINK_QUARANTINED;
    /* not only in step again after a fence */
    bool came_up = state == LINK_READY && !was_ready && modem->state != LINK_RECOVERING;
    /* to and fro for each message: no news for anybody */
    bool is_news = !((modem->state == LINK_READY && state == LINK_BUSY) ||
                     (modem->state == LINK_BUSY && state == LINK_READY));

    (void)link;
    modem->state = state;
    modem->since_wall_ms = loop_wall_ms(modem->fleet->loop);
    if (state == LINK_GONE && !modem->place[0])
        why = modem->absent;
    text_copy(modem->why, sizeof modem->why, why);
    modem_name_sim(modem);
    identity_look(modem);
    habit_recall(modem);
    if (is_off)
        text_copy(modem->last_error, sizeof modem->last_error, why);
    pin_follow(modem, state);
    if (is_off && !was_off) {
        modem_sim_away(modem);
        name_is_off(modem->fleet, modem->config.name);
    }
    suspect_meet(modem);
    keeper_follow(modem);
    if (is_news)
        modem_tell(modem, NULL);
    absence_follow(modem);
    if (state == LINK_QUARANTINED)
        modem_alarm(modem, "modem_quarantined", NULL);
    if (state == LINK_READY)
        modem_alarm_over(modem, "modem_quarantined");
    if (came_up)
        modem_rest_over(modem, REST_NETWORK);
    if (state == LINK_GONE)
        modem_rest_over(modem, REST_FAULT);
    pace_arm(modem);
    if (state == LINK_READY && !was_ready)
        hold_on_ready(modem);
    plug_follow(modem);
    /* One that leaves may have been the alternative that others waited for. */
    if (state == LINK_READY)
        lease_on_free(modem);
    if (state == LINK_READY || (was_ready && state != LINK_BUSY))
        fleet_kick(modem->fleet);
}

static const struct fleet_events *owner_of(const struct modem *modem)
{
    return modem->fleet->events;
}

static void on_commit(void *ctx, struct link *link, uint64_t token, unsigned part)
{
    (void)link;
    owner_of(ctx)->commit(ctx, token, part);
}

static void on_outcome(void *ctx, struct link *link, uint64_t token, unsigned part,
                       const struct sms_outcome *outcome)
{
    (void)link;
    owner_of(ctx)->outcome(ctx, token, part, outcome);
}

static void on_evidence(void *ctx, struct link *link, const struct link_evidence *evidence)
{
    (void)link;
    struct link_evidence of = *evidence;

    if (!of.iccid[0])
        modem_stand_in(ctx, of.iccid);
    owner_of(ctx)->evidence(ctx, &of);
}

static void on_inbound(void *ctx, struct link *link, const struct link_inbound *inbound)
{
    (void)link;
    struct link_inbound of = *inbound;

    if (!of.iccid[0])
        modem_stand_in(ctx, of.iccid);
    owner_of(ctx)->inbound(ctx, &of);
}

static void on_radio(void *ctx, struct link *link, const struct link_radio *radio)
{
    (void)ctx;
    (void)link;
    (void)radio; /* kept by the link; read when somebody looks */
}

static void on_ussd(void *ctx, struct link *link, const struct link_ussd *result)
{
    (void)link;
    lease_on_ussd(ctx, result);
}

static void on_ussd_form(void *ctx, struct link *link, enum ussd_form form)
{
    (void)link;
    habit_learn(ctx, form);
}

static void on_traced(void *ctx, struct link *link)
{
    struct modem *modem = ctx;

    (void)link;
    if (!modem->retired)
        owner_of(modem)->traced(modem);
}

static void on_pin(void *ctx, struct link *link)
{
    (void)link;
    pin_asked(ctx);
}

static void on_pin_rejected(void *ctx, struct link *link)
{
    (void)link;
    pin_rejected(ctx);
}

static void on_elsewhere(void *ctx, struct link *link)
{
    (void)link;
    plug_elsewhere(ctx);
}

static const struct link_sink sink = {
    .state = on_state,
    .commit = on_commit,
    .outcome = on_outcome,
    .evidence = on_evidence,
    .inbound = on_inbound,
    .radio = on_radio,
    .ussd = on_ussd,
    .ussd_form = on_ussd_form,
    .traced = on_traced,
    .pin = on_pin,
    .pin_rejected = on_pin_rejected,
    .elsewhere = on_elsewhere,
};

/* --- coming and going
 * ------------------------------------------------------------------------------ */

static struct modem *modem_new(struct fleet *fleet, const struct config_modem *config)
{
    struct modem *modem = calloc(1, sizeof *modem);

    if (!modem)
        return NULL;
    modem->fleet = fleet;
    modem->config = *config;
    modem->state = LINK_OPENING;
    modem->keeper.born_ms = loop_now_ms(fleet->loop);
    modem->since_wall_ms = loop_wall_ms(fleet->loop);
    if (!plug_wants(config))
        text_copy(modem->place, sizeof modem->place,
                  *config->port ? config->port : config->gammu_device);
    text_copy(modem->absent, sizeof modem->absent, "not plugged in");
    pace_init(modem);
    hold_init(modem);
    suspect_init(modem);
    absence_init(modem);
    identity_init(modem);
    lease_init(modem);
    if (fleet->events->opened(modem) < 0) {
        free(modem);
        return NULL;
    }
    modem->link = fleet->make_link(fleet->make_link_arg, config, &sink, modem);
    if (!modem->link) {
        fleet->events->closing(modem);
        free(modem);
        return NULL;
    }
    struct modem **end = &fleet->modems;
    while (*end)
        end = &(*end)->next;
    *end = modem;
    return modem;
}

static void all_alarms_over(struct modem *modem)
{
    modem_alarm_over(modem, "modem_quarantined");
    modem_alarm_over(modem, "modem_away");
    modem_alarm_over(modem, "sim_swapped");
    modem_alarm_over(modem, "sim_failing");
    pin_alarms_over(modem);
}

/* It stands in no list any more. */
static void modem_free(struct modem *modem)
{
    all_alarms_over(modem);
    plug_forget(modem);
    modem->fleet->events->closing(modem);
    hold_stop(modem);
    suspect_stop(modem);
    absence_stop(modem);
    identity_stop(modem);
    lease_stop(modem);
    pin_stop(modem);
    pace_stop(modem);
    link_close(modem->link);
    free(modem);
}

static void modem_remove(struct modem *modem)
{
    struct fleet *fleet = modem->fleet;
    struct modem **at = &fleet->modems;
    char name[sizeof modem->config.name];

    while (*at != modem)
        at = &(*at)->next;
    *at = modem->next;
    text_copy(name, sizeof name, modem->config.name);
    modem_free(modem);
    name_is_off(fleet, name); /* its port is closed: now another may open one of it */
}

void fleet_reap(struct modem *modem)
{
    if (!modem->retired || modem->slot != SLOT_FREE || modem->ending != ENDING_NONE)
        return;
    log_event(LOG_LEVEL_NOTICE, "fleet", modem->config.name, "removed", "%s", "");
    modem_remove(modem);
}

static int fleet_open(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->config->modem_count; i++) {
        const struct config_modem *config = &fleet->config->modems[i];
        if (fleet_find(fleet, config->name))
            continue;
        struct modem *modem = modem_new(fleet, config);
        if (!modem)
            return -ENOMEM;
        int rc = link_open(modem->link);
        if (rc < 0)
            return rc;
    }
    plug_look(fleet);
    return 0;
}

struct modem *fleet_adopt(struct fleet *fleet, const struct config_modem *config)
{
    struct modem *modem = modem_new(fleet, config);

    if (!modem)
        return NULL;
    modem->adopted = true;
    if (link_open(modem->link) == 0)
        return modem;
    fleet_retire(modem);
    return NULL;
}

static const struct config_modem *section_of(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->modem_count; i++)
        if (strcmp(config->modems[i].name, name) == 0)
            return &config->modems[i];
    return NULL;
}

static bool same_place(const struct config_modem *a, const struct config_modem *b)
{
    return strcmp(a->port, b->port) == 0 && strcmp(a->imei, b->imei) == 0 &&
           strcmp(a->iccid, b->iccid) == 0 && strcmp(a->imsi, b->imsi) == 0 &&
           strcmp(a->usb_path, b->usb_path) == 0 && strcmp(a->driver, b->driver) == 0 &&
           strcmp(a->gammu_device, b->gammu_device) == 0 &&
           strcmp(a->gammu_connection, b->gammu_connection) == 0 &&
           strcmp(a->gammu_model, b->gammu_model) == 0 && strcmp(a->smsc, b->smsc) == 0 &&
           a->roaming == b->roaming && strcmp(a->power_cycle, b->power_cycle) == 0 &&
           a->power_cycle_every_s == b->power_cycle_every_s;
}

void fleet_retire(struct modem *modem)
{
    all_alarms_over(modem); /* whoever gets its name has its own */
    modem->retired = true;
    modem_sim_away(modem);
    if (modem->slot == SLOT_SUBMITTED)
        link_abort(modem->link);
    fleet_reap(modem);
}

/* One that no section named before and one does now is that section's; a new [gateway] adopt = no
 * lets all of them go. */
static bool adopted_stays(const struct fleet *fleet, const struct modem *modem)
{
    if (!modem->adopted || !fleet->config->adopt)
        return false;
    for (size_t i = 0; i < fleet->config->modem_count; i++) {
        const struct config_modem *section = &fleet->config->modems[i];
        if (strcmp(section->name, modem->config.name) == 0 ||
            same_imei(section->imei, modem->config.imei) || plug_is_named(modem, section))
            return false;
    }
    return true;
}

/* sim_swap may be another. */
static void look_again(struct modem *modem)
{
    enum modem_doubt was = modem->identity.doubt;

    modem->identity.looked_imei[0] = '\0';
    identity_look(modem);
    if (modem->identity.doubt != was)
        modem_tell(modem, NULL);
}

/* A modem whose section left or points elsewhere retires: it finishes what has left it and goes. */
void fleet_reload(struct fleet *fleet, const struct config *config)
{
    struct modem *next;

    fleet->config = config;
    for (struct modem *modem = fleet->modems; modem; modem = next) {
        const struct config_modem *section = section_of(fleet->config, modem->config.name);
        next = modem->next;
        if (modem->retired)
            continue;
        if (section && same_place(section, &modem->config)) {
            modem->config = *section;
            pace_arm(modem); /* min_interval_ms may be another */
            look_again(modem);
            continue;
        }
        if (!adopted_stays(fleet, modem))
            fleet_retire(modem);
    }
    if (fleet_open(fleet) < 0)
        log_event(LOG_LEVEL_ERROR, "fleet", "-", "open_failed", "%s", "");
    fleet_kick(fleet);
}

void fleet_init(struct fleet *fleet)
{
    budget_init(fleet);
    serve_init(fleet);
}

int fleet_start(struct fleet *fleet)
{
    hold_load(fleet);
    plug_lessons_load(fleet);
    return fleet_open(fleet);
}

void fleet_close(struct fleet *fleet)
{
    struct modem *next;

    for (struct modem *modem = fleet->modems; modem; modem = next) {
        next = modem->next;
        fleet->modems = next;
        modem_free(modem);
    }
    serve_stop(fleet);
    budget_stop(fleet);
}

void modem_view_fill(struct modem *modem, struct modem_view *view)
{
    const struct carrier *carrier =
        carriers_of_imsi(modem->fleet->config->carriers, modem->link->identity.imsi);

    if (modem_sim(modem)[0])
        (void)modem_used_today(modem);
    *view = (struct modem_view){
        .name = modem->config.name,
        .port = modem->place,
        .driver = modem->config.driver,
        .why = modem->identity.doubt ? modem->identity.why : modem->why,
        .state = modem->state,
        .since_wall_ms = modem->since_wall_ms,
        .identity = &modem->link->identity,
        .radio = &modem->link->radio,
        .card = modem_is_known(modem) ? modem->link->card : LINK_CARD_UNKNOWN,
        .pin_left = modem->link->pin_left,
        .daily_budget = modem->config.daily_budget,
        .used_today = (int)modem->budget.today.used,
        .sent_today = modem->budget.today.sent,
        .failed_today = modem->budget.today.failed,
        .carrier = carrier ? carrier->title : "",
        .penalty = modem_penalty_now(modem),
        .paused = modem->hold.paused,
        .held = hold_words(modem),
        .trial_wall_ms = suspect_is_out(modem) ? modem->suspicion.trial_wall_ms : 0,
        .last_error = modem->last_error,
    };
}
