/* view: messages, events and modems as JSON, in the shapes of proto/openrpc.json. Pure.
 * A text is in none of them but view_inbox(), which is for operators; a number is whole for who
 * sent the message (`viewer`: a uid) and for who may see all (UINT32_MAX), masked for everybody
 * else. Each returns a new reference, or NULL where there is no memory. */
#ifndef OTPGATE_VIEW_H
#define OTPGATE_VIEW_H

#include <jansson.h>
#include "alarm.h"
#include "gateway.h"
#include "plug.h"
#include "store.h"
#include "store_audit.h"

json_t *view_accepted(const struct send_result *result, uint32_t viewer);
json_t *view_summary(const struct message *message, uint32_t viewer);
/* The summary with its ladder and attempts (oldest first). */
json_t *view_message(const struct message *message, const struct attempt *attempts, size_t count,
                     uint32_t viewer);
json_t *view_event(const struct event *event, int64_t previous);

/* What came in, with its text and who wrote it, as a whole number or masked. */
json_t *view_inbox(const struct inbox *inbox, bool whole);

json_t *view_modem(const struct modem_view *modem);
json_t *view_left(const struct plug_left *left);
json_t *view_modem_event(const struct modem_view *modem);
/* A line of a flight recorder; and as an event. */
json_t *view_trace(const struct link_trace *line);
json_t *view_trace_event(const char *modem, const struct link_trace *line);

json_t *view_alarm(const struct alarm_view *alarm);
json_t *view_alarm_event(const struct alarm_view *alarm, bool raised, int64_t wall_ms);

json_t *view_audit(const struct audit_row *row);

json_t *view_stats(const struct gateway_stats *stats);

/* Names as they stand in the document. */
const char *view_class_name(enum message_class class_);
const char *view_encoding_name(enum sms_encoding encoding);

#endif
