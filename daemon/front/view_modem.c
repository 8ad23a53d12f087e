#include "view_modem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "view_put.h"

/* 3GPP TS 27.007 clause 7.2, <stat>; 6 to 10 are registrations for SMS alone or without it. */
static const char *registration_name(int stat)
{
    static const char *const names[] = {"not_registered", "home",    "searching", "denied",
                                        "unknown",        "roaming", "home",      "roaming",
                                        "not_registered", "home",    "roaming"};
    return stat >= 0 && stat < (int)(sizeof names / sizeof *names) ? names[stat] : "unknown";
}

/* 3GPP TS 27.007 clause 7.3, <AcT>. */
static const char *technology_name(int act)
{
    static const char *const names[] = {"gsm", "gsm", "utran", "gsm", "utran", "utran", "utran",
                                        "lte", "gsm", "lte",   "lte", "nr",    "nr",    "nr"};
    return act >= 0 && act < (int)(sizeof names / sizeof *names) ? names[act] : "unknown";
}

/* Fifteen digits that name a device or a SIM, as much as tells two apart: "86**112". */
static void put_masked(json_t **object, const char *name, const char *digits)
{
    assert(digits);
    size_t len = strlen(digits);
    char text[16];
    if (len < 8)
        return;
    snprintf(text, sizeof text, "%.2s**%.3s", digits, digits + len - 3);
    view_put_text(object, name, text);
}

static void put_identity(json_t **view, const struct link_identity *identity)
{
    view_put_known(view, "maker", identity->maker);
    view_put_known(view, "model", identity->model);
    put_masked(view, "imei", identity->imei);
    put_masked(view, "iccid", identity->iccid);
}

static void put_radio(json_t **view, const struct link_radio *radio)
{
    view_put_known(view, "operator", radio->operator_);
    if (radio->technology >= 0)
        view_put(view, "technology", json_string(technology_name(radio->technology)));
    if (radio->signal_dbm != 0)
        view_put_integer(view, "signal_dbm", radio->signal_dbm);
    if (radio->registration >= 0)
        view_put(view, "registration", json_string(registration_name(radio->registration)));
}

json_t *view_modem(const struct modem_view *modem)
{
    json_t *view = json_object();
    view_put_text(&view, "name", modem->name);
    view_put(&view, "state", json_string(link_state_name(modem->state)));
    view_put_time(&view, "since", modem->since_wall_ms);
    view_put_known(&view, "why", modem->why);
    view_put_text(&view, "port", modem->port);
    view_put_text(&view, "driver", modem->driver);
    if (modem->identity)
        put_identity(&view, modem->identity);
    if (modem->card != LINK_CARD_UNKNOWN)
        view_put(&view, "card", json_string(link_card_name(modem->card)));
    if (modem->card == LINK_CARD_PIN && modem->pin_left >= 0)
        view_put_integer(&view, "pin_left", modem->pin_left);
    if (modem->radio)
        put_radio(&view, modem->radio);
    view_put_known(&view, "carrier", modem->carrier);
    view_put_integer(&view, "budget", modem->daily_budget);
    view_put_integer(&view, "used_today", modem->used_today);
    view_put_integer(&view, "sent_today", modem->sent_today);
    view_put_integer(&view, "failed_today", modem->failed_today);
    view_put(&view, "penalty", json_real(modem->penalty));
    view_put(&view, "paused", json_boolean(modem->paused));
    view_put_known(&view, "held", modem->held);
    if (modem->trial_wall_ms)
        view_put_time(&view, "trial_at", modem->trial_wall_ms);
    view_put_known(&view, "last_error", modem->last_error);
    return view;
}

json_t *view_left(const struct plug_left *left)
{
    json_t *view = json_object();
    view_put(&view, "state", json_string(left->asking ? "asking" : "left"));
    view_put_known(&view, "why", left->why);
    view_put_text(&view, "port", left->port);
    view_put_text(&view, "usb_path", left->usb_path);
    put_identity(&view, left->identity);
    if (!left->identity->model[0])
        view_put_known(&view, "model", left->model);
    return view;
}

json_t *view_modem_event(const struct modem_view *modem)
{
    json_t *view = json_object();
    view_put(&view, "topic", json_string("modem"));
    view_put_text(&view, "name", modem->name);
    view_put(&view, "state", json_string(link_state_name(modem->state)));
    view_put_known(&view, "why", modem->why);
    view_put_time(&view, "at", modem->since_wall_ms);
    return view;
}

/* --- its flight recorder -------------------------------------------------------------------- */

json_t *view_trace(const struct link_trace *line)
{
    char at[40];
    const char way[2] = {line->way, '\0'};
    snprintf(at, sizeof at, "%lld.%09lld", (long long)(line->at_ns / 1000000000),
             (long long)(line->at_ns % 1000000000));
    json_t *view = json_object();
    view_put_integer(&view, "number", (int64_t)line->number);
    view_put_text(&view, "at", at);
    view_put_text(&view, "way", way);
    view_put_text(&view, "text", line->text);
    return view;
}

json_t *view_trace_event(const char *modem, const struct link_trace *line)
{
    json_t *view = view_trace(line);
    view_put(&view, "topic", json_string("trace"));
    view_put_text(&view, "modem", modem);
    return view;
}
