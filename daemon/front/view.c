#include "view.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "status.h"
#include "text.h"
#include "view_otp.h"

/* --- members: an object that lost one for want of memory is no object any more -------------- */

static void put(json_t **object, const char *name, json_t *value)
{
    if (json_object_set_new(*object, name, value)) {
        json_decref(*object);
        *object = NULL;
    }
}

/* What a modem says of itself and of its network may be anything: what is not UTF-8 is shown as
 * '?'. */
static void put_text(json_t **object, const char *name, const char *text)
{
    char clean[256];
    if (text_utf8_valid(text, strlen(text))) {
        put(object, name, json_string(text));
        return;
    }
    text_copy(clean, sizeof clean, text);
    for (char *c = clean; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    put(object, name, json_string(clean));
}

static void put_known(json_t **object, const char *name, const char *text)
{
    if (text && text[0])
        put_text(object, name, text);
}

static void put_integer(json_t **object, const char *name, int64_t value)
{
    put(object, name, json_integer(value));
}

static void put_time(json_t **object, const char *name, int64_t wall_ms)
{
    char text[32];
    text_iso8601(wall_ms, text);
    put(object, name, json_string(text));
}

static void put_id(json_t **object, const uint8_t id[16])
{
    char text[37];
    message_id_text(id, text);
    put(object, "id", json_string(text));
}

static void put_cause(json_t **object, enum sms_cause_space space, int cause)
{
    static const char *const names[] = {
        [SMS_CAUSE_NONE] = NULL,
        [SMS_CAUSE_CMS] = "cms",
        [SMS_CAUSE_CME] = "cme",
        [SMS_CAUSE_LOCAL] = "local",
    };
    if (!names[space])
        return;
    const struct sms_cause_row *row = sms_cause_find(space, cause);
    json_t *view = json_object();
    put(&view, "space", json_string(names[space]));
    put_integer(&view, "code", cause);
    put_known(&view, "name", row->name);
    put_known(&view, "sentence", row->sentence);
    put(object, "cause", view);
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
    put_text(object, name, text);
}

/* --- names ---------------------------------------------------------------------------------- */

const char *view_class_name(enum message_class class_)
{
    static const char *const names[MESSAGE_CLASSES] = {"otp", "notice", "bulk"};
    return names[class_];
}

const char *view_encoding_name(enum sms_encoding encoding)
{
    static const char *const names[] = {
        [SMS_AUTO] = "auto", [SMS_GSM7] = "gsm7", [SMS_UCS2] = "ucs2"};
    return names[encoding];
}

/* --- messages ------------------------------------------------------------------------------- */

/* What an accepted message and a listed one have in common. */
static json_t *view_head(const struct message *m, uint32_t viewer)
{
    json_t *view = json_object();
    char masked[16];
    text_mask_number(m->to, masked);
    put_id(&view, m->id);
    put(&view, "state", json_string(message_state_name(m->state)));
    put(&view, "to", json_string(m->uid == viewer || viewer == UINT32_MAX ? m->to : masked));
    put_integer(&view, "parts", m->parts);
    put(&view, "encoding", json_string(view_encoding_name(m->encoding)));
    put_time(&view, "created_at", m->created_wall_ms);
    put_time(&view, "expires_at", m->expires_wall_ms);
    return view;
}

json_t *view_accepted(const struct send_result *result, uint32_t viewer)
{
    json_t *view = view_head(&result->message, viewer);
    bool waits =
        result->message.state == MESSAGE_QUEUED || result->message.state == MESSAGE_CLAIMED;
    if (waits && result->eta_ms >= 0)
        put_integer(&view, "eta_ms", result->eta_ms);
    put(&view, "duplicate", json_boolean(result->duplicate));
    return view;
}

json_t *view_summary(const struct message *m, uint32_t viewer)
{
    json_t *view = view_head(m, viewer);
    put(&view, "class", json_string(view_class_name(m->class_)));
    put_text(&view, "key", m->key);
    put_known(&view, "modem", m->modem);
    put_known(&view, "reason", m->reason);
    put_cause(&view, m->space, m->cause);
    return view;
}

static void ladder_add(json_t **ladder, enum message_state state, int64_t wall_ms,
                       const char *modem, const char *reason)
{
    json_t *step = json_object();
    put(&step, "state", json_string(message_state_name(state)));
    put_time(&step, "at", wall_ms);
    put_known(&step, "modem", modem);
    put_known(&step, "reason", reason);
    if (json_array_append_new(*ladder, step)) {
        json_decref(*ladder);
        *ladder = NULL;
    }
}

/* The states with their times, the present one last. Where that has no time of its own (queued
 * again, claimed, unknown) the newest attempt brought it about. */
static json_t *view_ladder(const struct message *m, int64_t attempted_wall_ms)
{
    const struct {
        enum message_state state;
        int64_t wall_ms;
        const char *modem;
    } steps[] = {
        {MESSAGE_QUEUED, m->created_wall_ms, NULL},
        {MESSAGE_SENDING, m->sending_wall_ms, m->modem},
        {MESSAGE_SENT, m->sent_wall_ms, m->modem},
    };
    json_t *ladder = json_array();
    enum message_state last = MESSAGE_QUEUED;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i].wall_ms == 0)
            continue;
        ladder_add(&ladder, steps[i].state, steps[i].wall_ms, steps[i].modem, NULL);
        last = steps[i].state;
    }
    if (message_state_is_final(m->state))
        ladder_add(&ladder, m->state, m->ended_wall_ms, NULL, m->reason);
    else if (m->state != last)
        ladder_add(&ladder, m->state, attempted_wall_ms, m->modem, m->reason);
    return ladder;
}

static int64_t attempt_wall_ms(const struct attempt *a)
{
    if (a->ended_wall_ms)
        return a->ended_wall_ms;
    return a->committed_wall_ms ? a->committed_wall_ms : a->claimed_wall_ms;
}

static json_t *view_report(int status, int64_t wall_ms)
{
    const struct sms_status_row *row = sms_status_find((uint8_t)status);
    json_t *view = json_object();
    put_integer(&view, "status", status);
    put_text(&view, "name", row->name);
    put_text(&view, "sentence", row->sentence);
    put_time(&view, "at", wall_ms);
    return view;
}

static json_t *view_attempt(const struct attempt *a)
{
    json_t *view = json_object();
    put_integer(&view, "part", a->part + 1);
    put(&view, "state", json_string(attempt_state_name(a->state)));
    put_text(&view, "modem", a->modem);
    if (a->reference >= 0)
        put_integer(&view, "reference", a->reference);
    put_cause(&view, a->space, a->cause);
    put_time(&view, "at", attempt_wall_ms(a));
    if (a->report_wall_ms > 0 && a->report >= 0)
        put(&view, "report", view_report(a->report, a->report_wall_ms));
    return view;
}

json_t *view_message(const struct message *m, const struct attempt *attempts, size_t count,
                     uint32_t viewer)
{
    json_t *view = view_summary(m, viewer);
    json_t *list = json_array();
    int64_t attempted = m->created_wall_ms;
    int rc = 0;
    for (size_t i = 0; i < count; i++) {
        rc |= json_array_append_new(list, view_attempt(&attempts[i]));
        attempted = attempt_wall_ms(&attempts[i]);
    }
    if (rc) {
        json_decref(list);
        list = NULL;
    }
    put(&view, "ladder", view_ladder(m, attempted));
    put(&view, "attempts", list);
    return view;
}

static void put_message_event(json_t **view, const struct event *e)
{
    put_text(view, "key", e->key);
    put(view, "state", json_string(message_state_name(e->state)));
    put_known(view, "modem", e->modem);
    put_known(view, "reason", e->reason);
    put_cause(view, e->space, e->cause);
    if (e->part > 0) /* the last one that went */
        put_integer(view, "part", e->part);
}

json_t *view_trace(const struct link_trace *line)
{
    char at[40];
    const char way[2] = {line->way, '\0'};
    snprintf(at, sizeof at, "%lld.%09lld", (long long)(line->at_ns / 1000000000),
             (long long)(line->at_ns % 1000000000));
    json_t *view = json_object();
    put_integer(&view, "number", (int64_t)line->number);
    put_text(&view, "at", at);
    put_text(&view, "way", way);
    put_text(&view, "text", line->text);
    return view;
}

json_t *view_trace_event(const char *modem, const struct link_trace *line)
{
    json_t *view = view_trace(line);
    put(&view, "topic", json_string("trace"));
    put_text(&view, "modem", modem);
    return view;
}

/* What came in is told, not what it says nor who wrote it: inbox.list shows that. */
json_t *view_event(const struct event *e, int64_t previous)
{
    static const char *const topics[] = {
        [EVENT_MESSAGE] = "message", [EVENT_INBOX] = "inbox", [EVENT_OTP] = "otp"};
    json_t *view = json_object();
    put_integer(&view, "seq", e->seq);
    put_integer(&view, "prev_seq", previous);
    put(&view, "topic", json_string(topics[e->topic]));
    put_id(&view, e->id);
    switch (e->topic) {
    case EVENT_MESSAGE:
        put_message_event(&view, e);
        put_integer(&view, "parts", e->parts);
        break;
    case EVENT_INBOX:
        put_text(&view, "modem", e->modem);
        put_integer(&view, "parts", e->parts);
        break;
    case EVENT_OTP:
        view_otp_news(&view, e);
        break;
    }
    put_time(&view, "at", e->wall_ms);
    return view;
}

/* --- what came in --------------------------------------------------------------------------- */

/* Long, and not ours: a text that is no UTF-8 all the same is not shown at all. */
static void put_body(json_t **object, const char *name, const char *text, size_t len)
{
    bool shown = text && text_utf8_valid(text, len);
    put(object, name, json_stringn(shown ? text : "", shown ? len : 0));
}

/* A name or a short code is nobody's number. */
static bool is_somebody(const char *from)
{
    const char *digits = from + (*from == '+');
    return strlen(digits) > 6 && strspn(digits, "0123456789") == strlen(digits);
}

json_t *view_inbox(const struct inbox *inbox, bool whole)
{
    json_t *view = json_object();
    char masked[16];
    text_mask_number(inbox->from, masked);
    put_id(&view, inbox->id);
    put_text(&view, "from", whole || !is_somebody(inbox->from) ? inbox->from : masked);
    put_body(&view, "text", inbox->text, inbox->text_len);
    put_time(&view, "received_at", inbox->wall_ms);
    if (inbox->sent_wall_ms != 0)
        put_time(&view, "sent_at", inbox->sent_wall_ms);
    put_text(&view, "modem", inbox->modem);
    put_integer(&view, "parts", inbox->parts);
    if (inbox->missing > 0)
        put_integer(&view, "missing", inbox->missing);
    if (inbox->class_ >= 0)
        put_integer(&view, "class", inbox->class_);
    return view;
}

/* --- modems --------------------------------------------------------------------------------- */

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

static void put_identity(json_t **view, const struct link_identity *identity)
{
    put_known(view, "maker", identity->maker);
    put_known(view, "model", identity->model);
    put_masked(view, "imei", identity->imei);
    put_masked(view, "iccid", identity->iccid);
}

static void put_radio(json_t **view, const struct link_radio *radio)
{
    put_known(view, "operator", radio->operator_);
    if (radio->technology >= 0)
        put(view, "technology", json_string(technology_name(radio->technology)));
    if (radio->signal_dbm != 0)
        put_integer(view, "signal_dbm", radio->signal_dbm);
    if (radio->registration >= 0)
        put(view, "registration", json_string(registration_name(radio->registration)));
}

json_t *view_modem(const struct modem_view *modem)
{
    json_t *view = json_object();
    put_text(&view, "name", modem->name);
    put(&view, "state", json_string(link_state_name(modem->state)));
    put_time(&view, "since", modem->since_wall_ms);
    put_known(&view, "why", modem->why);
    put_text(&view, "port", modem->port);
    put_text(&view, "driver", modem->driver);
    if (modem->identity)
        put_identity(&view, modem->identity);
    if (modem->card != LINK_CARD_UNKNOWN)
        put(&view, "card", json_string(link_card_name(modem->card)));
    if (modem->card == LINK_CARD_PIN && modem->pin_left >= 0)
        put_integer(&view, "pin_left", modem->pin_left);
    if (modem->radio)
        put_radio(&view, modem->radio);
    put_known(&view, "carrier", modem->carrier);
    put_integer(&view, "budget", modem->daily_budget);
    put_integer(&view, "used_today", modem->used_today);
    put_integer(&view, "sent_today", modem->sent_today);
    put_integer(&view, "failed_today", modem->failed_today);
    put(&view, "penalty", json_real(modem->penalty));
    put(&view, "paused", json_boolean(modem->paused));
    put_known(&view, "held", modem->held);
    if (modem->trial_wall_ms)
        put_time(&view, "trial_at", modem->trial_wall_ms);
    put_known(&view, "last_error", modem->last_error);
    return view;
}

json_t *view_left(const struct plug_left *left)
{
    json_t *view = json_object();
    put(&view, "state", json_string(left->asking ? "asking" : "left"));
    put_known(&view, "why", left->why);
    put_text(&view, "port", left->port);
    put_text(&view, "usb_path", left->usb_path);
    put_identity(&view, left->identity);
    if (!left->identity->model[0])
        put_known(&view, "model", left->model);
    return view;
}

json_t *view_modem_event(const struct modem_view *modem)
{
    json_t *view = json_object();
    put(&view, "topic", json_string("modem"));
    put_text(&view, "name", modem->name);
    put(&view, "state", json_string(link_state_name(modem->state)));
    put_known(&view, "why", modem->why);
    put_time(&view, "at", modem->since_wall_ms);
    return view;
}

/* --- alarms --------------------------------------------------------------------------------- */

json_t *view_alarm(const struct alarm_view *alarm)
{
    json_t *view = json_object();
    put_text(&view, "name", alarm->name);
    put_text(&view, "subject", alarm->subject);
    put_text(&view, "severity", alarm_severity_name(alarm->severity));
    put_time(&view, "since", alarm->since_wall_ms);
    put_text(&view, "sentence", alarm->sentence);
    return view;
}

json_t *view_alarm_event(const struct alarm_view *alarm, bool raised, int64_t wall_ms)
{
    json_t *view = view_alarm(alarm);
    put(&view, "topic", json_string("alarm"));
    put(&view, "raised", json_boolean(raised));
    put_time(&view, "at", wall_ms);
    return view;
}

/* --- what is on record ------------------------------------------------------------------------ */

json_t *view_audit(const struct audit_row *row)
{
    json_t *view = json_object();
    put_time(&view, "at", row->wall_ms);
    put_integer(&view, "uid", row->uid);
    put_integer(&view, "pid", row->pid);
    put_text(&view, "method", row->method);
    put_text(&view, "outcome", row->outcome);
    put_known(&view, "modem", row->modem);
    put_known(&view, "conclusion", row->conclusion);
    put_known(&view, "reason", row->reason);
    put_known(&view, "actor", row->actor);
    return view;
}

/* --- counters ------------------------------------------------------------------------------- */

json_t *view_stats(const struct gateway_stats *stats)
{
    json_t *view = json_object();
    json_t *states = json_object();
    json_t *parts = json_object();
    for (int s = 0; s < MESSAGE_STATES; s++)
        put_integer(&states, message_state_name(s), stats->by_state[s]);
    for (int c = 0; c < MESSAGE_CLASSES; c++)
        put_integer(&parts, view_class_name(c), stats->queued_parts[c]);
    put(&view, "by_state", states);
    put_integer(&view, "accepted", stats->accepted);
    put_integer(&view, "duplicates", stats->duplicates);
    put_integer(&view, "refused", stats->refused);
    put_integer(&view, "sent", stats->sent);
    put_integer(&view, "not_sent", stats->not_sent);
    put_integer(&view, "unknown", stats->unknown);
    put_integer(&view, "resent", stats->resent);
    put_integer(&view, "evidence", stats->evidence);
    put_integer(&view, "inbound", stats->inbound);
    put_integer(&view, "inbound_refused", stats->inbound_refused);
    put_integer(&view, "inbound_doubles", stats->inbound_doubles);
    put_integer(&view, "reports", stats->reports);
    put_integer(&view, "reports_unmatched", stats->reports_unmatched);
    put(&view, "queued_parts", parts);
    if (stats->eta_ms >= 0)
        put_integer(&view, "eta_ms", stats->eta_ms);
    put_time(&view, "started_at", stats->start_wall_ms);
    put_integer(&view, "body_key_lost", stats->bodies_lost);
    put(&view, "unclean_start", json_boolean(stats->unclean_start));
    put(&view, "store_failing", json_boolean(stats->store_failing));
    put(&view, "paused", json_boolean(stats->paused));
    return view;
}
