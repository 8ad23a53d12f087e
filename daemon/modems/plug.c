/* plug: see plug.h. A stick lives from the burst that brought it to the one that takes it away. */
#include "plug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "plug_stick.h"
#include "text.h"

enum {
    IMEI_LEAST = 14, /* digits */
    ADOPTED_TAIL = 6,
    SOON_MS = 2000, /* a SIM is busy for 2 to 20 s after a start */
    SOON_LOOKS = 10,
    LATER_MS = 60000, /* a SIM that somebody has to unlock */
};
/* Behind each round in which no port has answered. A stick that boots is silent for half a minute,
 * and then soon wanted; what says nothing for three is no modem, or needs somebody's hand. */
static const int again_ms[] = {2000, 2000, 2000, 2000, 5000, 5000, 10000, 20000, 60000};
enum { ROUNDS = sizeof again_ms / sizeof *again_ms };

/* --- pure ------------------------------------------------------------------------------------- */

bool plug_wants(const struct config_modem *section)
{
    return strcmp(section->driver, "at") == 0 && (!section->port[0] || section->usb_path[0]);
}

enum plug_fit plug_fit(const struct config_modem *section, const struct usb_port *port,
                       const struct link_identity *identity)
{
    enum plug_fit fit = PLUG_FITS;

    if ((section->port[0] && !usb_port_is(port, section->port)) ||
        (section->usb_path[0] && !usb_port_in(port, section->usb_path)))
        return PLUG_NO;
    if (section->imei[0] && !identity->imei[0])
        fit = PLUG_PERHAPS;
    else if (section->imei[0] && !same_imei(section->imei, identity->imei))
        return PLUG_NO;
    if (section->iccid[0] && !identity->iccid[0])
        fit = PLUG_PERHAPS;
    else if (section->iccid[0] && !same_iccid(section->iccid, identity->iccid))
        return PLUG_NO;
    if (section->imsi[0] && !identity->imsi[0])
        fit = PLUG_PERHAPS;
    else if (section->imsi[0] && strcmp(section->imsi, identity->imsi) != 0)
        return PLUG_NO;
    return fit;
}

static bool port_fits(const struct config_modem *section, const struct usb_port *port,
                      const struct link_identity *identity)
{
    if (section->gammu_device[0])
        return usb_port_is(port, section->gammu_device);
    return plug_fit(section, port, identity) == PLUG_FITS;
}

bool plug_is_named(const struct modem *modem, const struct config_modem *section)
{
    const struct stick *stick = modem->fleet->plug.sticks;

    while (stick && stick->modem != modem)
        stick = stick->next;
    for (size_t i = 0; stick && i < stick->count; i++)
        if (port_fits(section, &stick->port[i],
                      modem_is_known(modem) ? &modem->link->identity : &stick->identity))
            return true;
    return false;
}

/* --- sticks ----------------------------------------------------------------------------------- */

static void on_again(void *arg)
{
    struct stick *stick = arg;

    memset(stick->tried, 0, sizeof stick->tried);
    memset(stick->mute, 0, sizeof stick->mute);
    stick->busy = -1;
    if (stick->modem) {
        stick_move(stick);
        return;
    }
    stick->known = false;
    stick_look(stick);
}

static struct stick *stick_new(struct fleet *fleet, const struct usb_port *ports, size_t count)
{
    struct stick *stick = calloc(1, sizeof *stick);

    if (!stick)
        return NULL;
    stick->fleet = fleet;
    stick->count = count < STICK_PORTS ? count : STICK_PORTS;
    memcpy(stick->port, ports, stick->count * sizeof *ports);
    stick->at = stick->found = stick->ear = stick->busy = -1;
    loop_timer_init(&stick->again, fleet->loop, on_again, stick);
    struct stick **end = &fleet->plug.sticks;
    while (*end)
        end = &(*end)->next;
    *end = stick;
    log_event(LOG_LEVEL_INFO, "plug", ports->usb_path, "plugged", "ids=%04x:%04x ports=%zu",
              (unsigned)ports->vendor, (unsigned)ports->product, count);
    return stick;
}

void stick_forget_question(struct stick *stick)
{
    if (stick->question)
        stick->fleet->plug.asker.forget(stick->fleet->plug.asker.arg, stick->question);
    stick->question = NULL;
    stick->held = false;
}

static void stick_ask_no_more(struct stick *stick)
{
    stick_forget_question(stick);
    loop_timer_cancel(&stick->again);
}

static void refused_by(const struct modem *modem, char why[96])
{
    snprintf(why, 96, "refused: [modem %.60s] has this modem", modem->config.name);
}

static void stick_let_go(struct stick *stick, const char *why)
{
    struct modem *modem = stick->modem;
    char refused[96];

    stick_stay(stick);
    stick->modem = NULL;
    stick->ear = -1;
    if (!modem)
        return;
    modem->place[0] = '\0';
    text_copy(modem->absent, sizeof modem->absent, why);
    /* The line may have hung up before the stick went: then its link has nothing more to tell. */
    if (link_attach(modem->link, NULL) < 0 || modem->state == LINK_GONE)
        modem_say(modem, why);
    refused_by(modem, refused);
    for (struct modem *other = modem->fleet->modems; other; other = other->next)
        if (strcmp(other->absent, refused) == 0) {
            text_copy(other->absent, sizeof other->absent, "not plugged in");
            modem_say(other, other->absent);
        }
}

static void stick_free(struct fleet *fleet, struct stick *stick, const char *why)
{
    struct stick **at = &fleet->plug.sticks;

    while (*at != stick)
        at = &(*at)->next;
    *at = stick->next;
    stick_ask_no_more(stick);
    stick_let_go(stick, why);
    free(stick);
}

/* --- who gets it ------------------------------------------------------------------------------ */

static void stick_leave(struct stick *stick, const char *why)
{
    if (strcmp(stick->why, why) != 0)
        log_event(LOG_LEVEL_NOTICE, "plug", stick->port->usb_path, "left", "why=\"%s\"", why);
    text_copy(stick->why, sizeof stick->why, why);
}

static void stick_give(struct stick *stick, struct modem *modem)
{
    const struct usb_port *port = &stick->port[stick->at];

    stick_ask_no_more(stick);
    stick->modem = modem;
    stick->why[0] = '\0';
    text_copy(modem->place, sizeof modem->place, port->node);
    log_event(LOG_LEVEL_NOTICE, "plug", modem->config.name, "found", "port=%s usb=%s interface=%d",
              port->node, port->usb_path, port->interface);
    if (link_attach(modem->link, port->node) < 0)
        stick_let_go(stick, "its port is none");
    else
        stick_listen(stick);
}

/* Another section has the modem already, by this stick or through a port of its own. */
static const struct modem *whose(const struct stick *stick)
{
    for (const struct modem *modem = stick->fleet->modems; modem; modem = modem->next)
        if (!modem->retired && modem->place[0] && modem_is_known(modem) &&
            same_imei(modem->link->identity.imei, stick->identity.imei))
            return modem;
    return NULL;
}

/* Sections that this stick would fit too hear who has it. */
static void tell_others(struct stick *stick)
{
    char why[96];

    refused_by(stick->modem, why);
    for (struct modem *modem = stick->fleet->modems; modem; modem = modem->next) {
        if (modem == stick->modem || modem->retired || modem->place[0] ||
            !plug_wants(&modem->config) || strcmp(modem->absent, why) == 0 ||
            plug_fit(&modem->config, &stick->port[stick->at], &stick->identity) != PLUG_FITS)
            continue;
        log_event(LOG_LEVEL_WARNING, "plug", modem->config.name, "refused", "by=%s",
                  stick->modem->config.name);
        text_copy(modem->absent, sizeof modem->absent, why);
        modem_say(modem, why);
    }
}

static void stick_adopt(struct stick *stick)
{
    struct config_modem config = {.driver = "at"};
    const char *imei = stick->identity.imei;
    size_t len = strlen(imei);

    if (len < IMEI_LEAST) {
        stick_leave(stick, "its IMEI cannot be read, and no section names it");
        return;
    }
    snprintf(config.name, sizeof config.name, "imei-%s", imei + len - ADOPTED_TAIL);
    text_copy(config.imei, sizeof config.imei, imei);
    if (fleet_find(stick->fleet, config.name)) {
        stick_leave(stick, "another modem has the name made from its IMEI");
        return;
    }
    struct modem *modem = fleet_adopt(stick->fleet, &config);
    if (!modem) {
        stick_leave(stick, "no memory");
        return;
    }
    log_event(LOG_LEVEL_NOTICE, "plug", config.name, "adopted", "usb=%s", stick->port->usb_path);
    stick_give(stick, modem);
}

/* Its section came while the stick was away. */
static void adopted_goes(struct stick *stick)
{
    struct modem *next;

    for (struct modem *modem = stick->fleet->modems; modem; modem = next) {
        next = modem->next;
        if (modem->adopted && !modem->retired && !modem->place[0] &&
            same_imei(modem->config.imei, stick->identity.imei))
            fleet_retire(modem);
    }
}

/* It has said who it is. */
static void stick_decide(struct stick *stick)
{
    const struct usb_port *port = &stick->port[stick->at];
    const struct modem *other = whose(stick);
    struct modem *fits = NULL;
    bool perhaps = false;
    char why[96];

    if (other) {
        refused_by(other, why);
        stick_leave(stick, why);
        return;
    }
    for (struct modem *modem = stick->fleet->modems; modem; modem = modem->next) {
        if (modem->retired || modem->place[0] || !plug_wants(&modem->config))
            continue;
        enum plug_fit fit = plug_fit(&modem->config, port, &stick->identity);
        perhaps = perhaps || fit == PLUG_PERHAPS;
        if (fit == PLUG_FITS && (!fits || (fits->adopted && !modem->adopted)))
            fits = modem;
    }
    if (fits) {
        if (!fits->adopted)
            adopted_goes(stick);
        stick_give(stick, fits);
        tell_others(stick);
    } else if (perhaps) {
        stick_leave(stick, "its SIM cannot be read yet");
        loop_timer_arm_in(&stick->again, ++stick->looks < SOON_LOOKS ? SOON_MS : LATER_MS);
    } else if (stick->fleet->config->adopt) {
        stick_adopt(stick);
    } else {
        stick_leave(stick, "no section names it");
    }
}

/* --- who is asked ----------------------------------------------------------------------------- */

/* Each port of it was asked, the last one just now. */
static void stick_end_round(struct stick *stick, const char *why)
{
    char no_more[96];

    if (stick->busy >= 0 && stick->busy != stick->asked) { /* that one is waited for */
        stick->tried[stick->busy] = false;
        stick_look(stick);
    } else if (stick->rounds < ROUNDS) {
        stick_leave(stick, why);
        loop_timer_arm_in(&stick->again, again_ms[stick->rounds++]);
    } else {
        snprintf(no_more, sizeof no_more, "%.50s; asked no more: plug it in anew, or reload", why);
        stick_leave(stick, no_more);
    }
}

static void on_answer(void *ctx, const struct plug_answer *answer)
{
    struct stick *stick = ctx;
    const struct usb_port *port = &stick->port[stick->asked];

    log_event(LOG_LEVEL_INFO, "plug", port->usb_path, "asked", "port=%s interface=%d answer=\"%s\"",
              port->node, port->interface, answer->err ? answer->why : "AT");
    stick->tried[stick->asked] = answer->err != 0;
    if (answer->err && answer->err != -ETIMEDOUT)
        stick_leave(stick, answer->why);
    if (answer->err == -EBUSY) {
        stick->busy = stick->asked;
        stick->held = stick_port_to_ask(stick) < 0;
        if (stick->held)
            return;
        stick_forget_question(stick);
    }
    stick->question = NULL;
    stick->held = false;
    if (answer->err == 0) {
        stick->at = stick->asked;
        stick->known = true;
        stick->rounds = 0;
        stick->identity = answer->identity;
        stick_remember(stick, false);
        stick_look(stick);
    } else if (stick_port_to_ask(stick) >= 0) {
        stick_look(stick);
    } else {
        stick_end_round(stick,
                        answer->err == -ETIMEDOUT ? "none of its ports speaks AT" : answer->why);
    }
}

/* Whether anybody may want this stick; *at_once: who has it without asking, on which port, for the
 * section names the port, or the socket of one whose port a rule names. */
static bool is_wanted(const struct stick *stick, struct modem **at_once, int *on)
{
    static const struct link_identity nothing;
    bool wanted = stick->fleet->config->adopt;

    *at_once = NULL;
    for (struct modem *modem = stick->fleet->modems; modem; modem = modem->next) {
        bool may = false;
        if (modem->retired || modem->place[0] || !plug_wants(&modem->config))
            continue;
        for (size_t i = 0; i < stick->count; i++) {
            enum plug_fit fit = plug_fit(&modem->config, &stick->port[i], &nothing);
            bool named = fit != PLUG_NO && modem->config.port[0];
            may = may || fit != PLUG_NO;
            if (!*at_once && (named || (fit == PLUG_FITS && stick->port[i].role == USB_ROLE_AT))) {
                *at_once = modem;
                *on = (int)i;
            }
        }
        wanted = wanted || may;
    }
    int heard = stick_port_heard(stick);
    if (*at_once && !(*at_once)->config.port[0] && heard >= 0)
        *on = heard;
    return wanted;
}

/* A section with a port of its own is served without us. */
static bool is_fixed(const struct stick *stick)
{
    const struct config *config = stick->fleet->config;

    for (size_t s = 0; s < config->modem_count; s++)
        for (size_t i = 0; i < stick->count; i++)
            if (!plug_wants(&config->modems[s]) &&
                usb_port_is(&stick->port[i], config->modems[s].port))
                return true;
    return false;
}

void stick_look(struct stick *stick)
{
    struct fleet *fleet = stick->fleet;
    struct modem *at_once;
    int next = stick_port_to_ask(stick), on = -1;

    if (stick->modem || stick->question || fleet->stopping)
        return;
    stick->fixed = is_fixed(stick);
    if (stick->fixed)
        return;
    if (stick->known && stick->at >= 0) {
        stick_decide(stick);
    } else if (!is_wanted(stick, &at_once, &on)) {
        stick_leave(stick, "no section names it");
    } else if (at_once) {
        stick->at = on;
        stick_give(stick, at_once);
    } else if (next >= 0 && fleet->plug.asker.ask) {
        stick->asked = next;
        stick->question =
            fleet->plug.asker.ask(fleet->plug.asker.arg, stick->port[next].node, on_answer, stick);
        if (!stick->question)
            stick_leave(stick, "no memory");
    } else if (next < 0 && !stick->why[0]) {
        stick_leave(stick, "it has no port for commands");
    }
}

/* --- coming and going ------------------------------------------------------------------------- */

/* What this stick is now: the same ports, or at least the one that is in use. */
static bool stick_stays(struct stick *stick, const struct usb_port *ports, size_t count)
{
    int in_use = stick->question ? stick->asked : stick->at;
    int found = -1, ear = -1;

    if (count == 0 || count > STICK_PORTS)
        return false;
    bool same = stick->count == count;
    for (size_t i = 0; i < count; i++) {
        same = same && stick->port[i].serial == ports[i].serial;
        if (in_use >= 0 && ports[i].serial == stick->port[in_use].serial)
            found = (int)i;
        if (stick->ear >= 0 && ports[i].serial == stick->port[stick->ear].serial)
            ear = (int)i;
    }
    if (!same && (found < 0 || stick->question))
        return false;
    memcpy(stick->port, ports, count * sizeof *ports);
    stick->count = count;
    if (!same) {
        stick->at = found;
        stick->ear = ear;
        stick->busy = -1;
        stick->rounds = 0;
        stick_stay(stick); /* where it was to go may be another's now */
        memset(stick->tried, 0, sizeof stick->tried);
        memset(stick->deaf, 0, sizeof stick->deaf);
        memset(stick->mute, 0, sizeof stick->mute);
    }
    return true;
}

void plug_ports(struct fleet *fleet, const struct usb_port *ports, size_t count)
{
    struct stick *next;

    for (struct stick *stick = fleet->plug.sticks; stick; stick = next) {
        size_t first = 0, end;
        next = stick->next;
        while (first < count && strcmp(ports[first].device, stick->port->device) != 0)
            first++;
        for (end = first; end < count && strcmp(ports[end].device, stick->port->device) == 0;)
            end++;
        if (!stick_stays(stick, ports + first, end - first))
            stick_free(fleet, stick, "unplugged");
    }
    for (size_t first = 0, end; first < count; first = end) {
        bool there = false;
        for (end = first; end < count && strcmp(ports[end].device, ports[first].device) == 0;)
            end++;
        for (struct stick *stick = fleet->plug.sticks; stick; stick = stick->next)
            there = there || strcmp(stick->port->device, ports[first].device) == 0;
        if (!there && !stick_new(fleet, ports + first, end - first))
            log_event(LOG_LEVEL_ERROR, "plug", ports[first].usb_path, "no_memory", "%s", "");
    }
    plug_look(fleet);
}

void plug_look(struct fleet *fleet)
{
    for (struct stick *stick = fleet->plug.sticks; stick; stick = stick->next)
        stick_look(stick);
}

void plug_ask_anew(struct fleet *fleet)
{
    for (struct stick *stick = fleet->plug.sticks; stick; stick = stick->next)
        if (!stick->modem && !stick->question && stick->rounds > 0) {
            stick->rounds = 0;
            loop_timer_arm_in(&stick->again, 0);
        }
}

void plug_forget(struct modem *modem)
{
    for (struct stick *stick = modem->fleet->plug.sticks; stick; stick = stick->next)
        if (stick->modem == modem) {
            stick_stay(stick);
            stick->modem = NULL;
            stick->ear = -1;
            stick->known = false; /* asked anew, when the link has let go of it */
            loop_timer_arm_in(&stick->again, 0);
        }
}

void plug_stop(struct fleet *fleet)
{
    while (fleet->plug.sticks) {
        struct stick *stick = fleet->plug.sticks;
        fleet->plug.sticks = stick->next;
        stick_ask_no_more(stick);
        free(stick);
    }
}

void plug_asker(struct fleet *fleet, const struct plug_asker *asker)
{
    fleet->plug.asker = *asker;
}

static int port_to_show(const struct stick *stick)
{
    if (stick->at >= 0 || stick->question)
        return stick->at >= 0 ? stick->at : stick->asked;
    for (size_t i = 0; i < stick->count; i++)
        if (stick->port[i].role == USB_ROLE_AT)
            return (int)i;
    return 0;
}

bool plug_left_at(const struct fleet *fleet, size_t i, struct plug_left *out)
{
    for (const struct stick *stick = fleet->plug.sticks; stick; stick = stick->next) {
        if (stick->modem || stick->fixed || i-- > 0)
            continue;
        *out = (struct plug_left){.port = stick->port[port_to_show(stick)].node,
                                  .usb_path = stick->port->usb_path,
                                  .model = stick->port->model,
                                  .asking = stick->question && !stick->held,
                                  .why = stick->why,
                                  .identity = &stick->identity};
        return true;
    }
    return false;
}
