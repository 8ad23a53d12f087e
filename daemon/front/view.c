#include "view.h"

#include <string.h>
#include "text.h"
#include "view_message.h"
#include "view_otp.h"
#include "view_put.h"

/* --- events --------------------------------------------------------------------------------- */

/* What came in is told, not what it says nor who wrote it: inbox.list shows that. */
json_t *view_event(const struct event *e, int64_t previous)
{
    static const char *const topics[] = {
        [EVENT_MESSAGE] = "message", [EVENT_INBOX] = "inbox", [EVENT_OTP] = "otp"};
    json_t *view = json_object();
    view_put_integer(&view, "seq", e->seq);
    view_put_integer(&view, "prev_seq", previous);
    view_put(&view, "topic", json_string(topics[e->topic]));
    view_put_id(&view, e->id);
    switch (e->topic) {
    case EVENT_MESSAGE:
        view_message_news(&view, e);
        view_put_integer(&view, "parts", e->parts);
        break;
    case EVENT_INBOX:
        view_put_text(&view, "modem", e->modem);
        view_put_integer(&view, "parts", e->parts);
        break;
    case EVENT_OTP:
        view_otp_news(&view, e);
        break;
    }
    view_put_time(&view, "at", e->wall_ms);
    return view;
}

/* --- what came in --------------------------------------------------------------------------- */

/* Long, and not ours: a text that is no UTF-8 all the same is not shown at all. */
static void put_body(json_t **object, const char *name, const char *text, size_t len)
{
    bool shown = text && text_utf8_valid(text, len);
    view_put(object, name, json_stringn(shown ? text : "", shown ? len : 0));
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
    view_put_id(&view, inbox->id);
    view_put_text(&view, "from", whole || !is_somebody(inbox->from) ? inbox->from : masked);
    if (inbox->named)
        view_put(&view, "named", json_true());
    put_body(&view, "text", inbox->text, inbox->text_len);
    view_put_time(&view, "received_at", inbox->wall_ms);
    if (inbox->sent_wall_ms != 0)
        view_put_time(&view, "sent_at", inbox->sent_wall_ms);
    view_put_text(&view, "modem", inbox->modem);
    view_put_integer(&view, "parts", inbox->parts);
    if (inbox->missing > 0)
        view_put_integer(&view, "missing", inbox->missing);
    if (inbox->class_ >= 0)
        view_put_integer(&view, "class", inbox->class_);
    return view;
}

/* --- alarms --------------------------------------------------------------------------------- */

json_t *view_alarm(const struct alarm_view *alarm)
{
    json_t *view = json_object();
    view_put_text(&view, "name", alarm->name);
    view_put_text(&view, "subject", alarm->subject);
    view_put_text(&view, "severity", alarm_severity_name(alarm->severity));
    view_put_time(&view, "since", alarm->since_wall_ms);
    view_put_text(&view, "sentence", alarm->sentence);
    return view;
}

json_t *view_alarm_event(const struct alarm_view *alarm, bool raised, int64_t wall_ms)
{
    json_t *view = view_alarm(alarm);
    view_put(&view, "topic", json_string("alarm"));
    view_put(&view, "raised", json_boolean(raised));
    view_put_time(&view, "at", wall_ms);
    return view;
}

/* --- what is on record ------------------------------------------------------------------------ */

json_t *view_audit(const struct audit_row *row)
{
    json_t *view = json_object();
    view_put_time(&view, "at", row->wall_ms);
    view_put_integer(&view, "uid", row->uid);
    view_put_integer(&view, "pid", row->pid);
    view_put_text(&view, "method", row->method);
    view_put_text(&view, "outcome", row->outcome);
    view_put_known(&view, "modem", row->modem);
    view_put_known(&view, "conclusion", row->conclusion);
    view_put_known(&view, "reason", row->reason);
    view_put_known(&view, "actor", row->actor);
    return view;
}

/* --- counters ------------------------------------------------------------------------------- */

json_t *view_stats(const struct gateway_stats *stats)
{
    json_t *view = json_object();
    json_t *states = json_object();
    json_t *parts = json_object();
    for (int s = 0; s < MESSAGE_STATES; s++)
        view_put_integer(&states, message_state_name(s), stats->by_state[s]);
    for (int c = 0; c < MESSAGE_CLASSES; c++)
        view_put_integer(&parts, view_class_name(c), stats->queued_parts[c]);
    view_put(&view, "by_state", states);
    view_put_integer(&view, "accepted", stats->accepted);
    view_put_integer(&view, "duplicates", stats->duplicates);
    view_put_integer(&view, "refused", stats->refused);
    view_put_integer(&view, "sent", stats->sent);
    view_put_integer(&view, "not_sent", stats->not_sent);
    view_put_integer(&view, "unknown", stats->unknown);
    view_put_integer(&view, "resent", stats->resent);
    view_put_integer(&view, "evidence", stats->evidence);
    view_put_integer(&view, "inbound", stats->inbound);
    view_put_integer(&view, "inbound_refused", stats->inbound_refused);
    view_put_integer(&view, "inbound_doubles", stats->inbound_doubles);
    view_put_integer(&view, "reports", stats->reports);
    view_put_integer(&view, "reports_unmatched", stats->reports_unmatched);
    view_put(&view, "queued_parts", parts);
    if (stats->eta_ms >= 0)
        view_put_integer(&view, "eta_ms", stats->eta_ms);
    view_put_time(&view, "started_at", stats->start_wall_ms);
    view_put_integer(&view, "body_key_lost", stats->bodies_lost);
    view_put(&view, "unclean_start", json_boolean(stats->unclean_start));
    view_put(&view, "store_failing", json_boolean(stats->store_failing));
    view_put(&view, "paused", json_boolean(stats->paused));
    return view;
}
