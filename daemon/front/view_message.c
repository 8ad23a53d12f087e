#include "view_message.h"

#include "status.h"
#include "text.h"
#include "view_put.h"

const char *view_class_name(enum message_class class_)
{
    static const char *const names[MESSAGE_CLASSES] = {"otp", "notice", "bulk"};
    return names[class_];
}

static const char *encoding_name(enum sms_encoding encoding)
{
    static const char *const names[] = {
        [SMS_AUTO] = "auto", [SMS_GSM7] = "gsm7", [SMS_UCS2] = "ucs2"};
    return names[encoding];
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
    view_put(&view, "space", json_string(names[space]));
    view_put_integer(&view, "code", cause);
    view_put_known(&view, "name", row->name);
    view_put_known(&view, "sentence", row->sentence);
    view_put(object, "cause", view);
}

/* What an accepted message and a listed one have in common. */
static json_t *view_head(const struct message *m, uint32_t viewer)
{
    json_t *view = json_object();
    char masked[16];
    text_mask_number(m->to, masked);
    view_put_id(&view, m->id);
    view_put(&view, "state", json_string(message_state_name(m->state)));
    view_put(&view, "to", json_string(m->uid == viewer || viewer == UINT32_MAX ? m->to : masked));
    view_put_integer(&view, "parts", m->parts);
    view_put(&view, "encoding", json_string(encoding_name(m->encoding)));
    view_put_time(&view, "created_at", m->created_wall_ms);
    view_put_time(&view, "expires_at", m->expires_wall_ms);
    return view;
}

json_t *view_accepted(const struct send_result *result, uint32_t viewer)
{
    json_t *view = view_head(&result->message, viewer);
    bool waits =
        result->message.state == MESSAGE_QUEUED || result->message.state == MESSAGE_CLAIMED;
    if (waits && result->eta_ms >= 0)
        view_put_integer(&view, "eta_ms", result->eta_ms);
    view_put(&view, "duplicate", json_boolean(result->duplicate));
    return view;
}

json_t *view_summary(const struct message *m, uint32_t viewer)
{
    json_t *view = view_head(m, viewer);
    view_put(&view, "class", json_string(view_class_name(m->class_)));
    view_put_text(&view, "key", m->key);
    view_put_known(&view, "modem", m->modem);
    view_put_known(&view, "reason", m->reason);
    put_cause(&view, m->space, m->cause);
    return view;
}

static void ladder_add(json_t **ladder, enum message_state state, int64_t wall_ms,
                       const char *modem, const char *reason)
{
    json_t *step = json_object();
    view_put(&step, "state", json_string(message_state_name(state)));
    view_put_time(&step, "at", wall_ms);
    view_put_known(&step, "modem", modem);
    view_put_known(&step, "reason", reason);
    view_append(ladder, step);
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
    view_put_integer(&view, "status", status);
    view_put_text(&view, "name", row->name);
    view_put_text(&view, "sentence", row->sentence);
    view_put_time(&view, "at", wall_ms);
    return view;
}

static json_t *view_attempt(const struct attempt *a)
{
    json_t *view = json_object();
    view_put_integer(&view, "part", a->part + 1);
    view_put(&view, "state", json_string(attempt_state_name(a->state)));
    view_put_text(&view, "modem", a->modem);
    if (a->reference >= 0)
        view_put_integer(&view, "reference", a->reference);
    put_cause(&view, a->space, a->cause);
    view_put_time(&view, "at", attempt_wall_ms(a));
    if (a->report_wall_ms > 0 && a->report >= 0)
        view_put(&view, "report", view_report(a->report, a->report_wall_ms));
    return view;
}

json_t *view_message(const struct message *m, const struct attempt *attempts, size_t count,
                     uint32_t viewer)
{
    json_t *view = view_summary(m, viewer);
    json_t *list = json_array();
    int64_t attempted = m->created_wall_ms;
    for (size_t i = 0; i < count; i++) {
        view_append(&list, view_attempt(&attempts[i]));
        attempted = attempt_wall_ms(&attempts[i]);
    }
    view_put(&view, "ladder", view_ladder(m, attempted));
    view_put(&view, "attempts", list);
    return view;
}

void view_message_news(json_t **view, const struct event *e)
{
    view_put_text(view, "key", e->key);
    view_put(view, "state", json_string(message_state_name(e->state)));
    view_put_known(view, "modem", e->modem);
    view_put_known(view, "reason", e->reason);
    put_cause(view, e->space, e->cause);
    if (e->part > 0) /* the last one that went */
        view_put_integer(view, "part", e->part);
}
