/* view: events, the inbox, alarms, what is on record and counters as JSON, in the shapes of
 * proto/openrpc.json; messages, modems, verifications and subscribers have rooms of their own.
 * Pure. A text is in none of them but view_inbox(), which is for operators. Each returns a new
 * reference, or NULL where there is no memory. */
#ifndef OTPGATE_VIEW_H
#define OTPGATE_VIEW_H

#include <jansson.h>
#include "alarm.h"
#include "gateway.h"
#include "store.h"
#include "store_audit.h"

json_t *view_event(const struct event *event, int64_t previous);

/* What came in, with its text and who wrote it, as a whole number or masked. */
json_t *view_inbox(const struct inbox *inbox, bool whole);

json_t *view_alarm(const struct alarm_view *alarm);
json_t *view_alarm_event(const struct alarm_view *alarm, bool raised, int64_t wall_ms);

json_t *view_audit(const struct audit_row *row);

json_t *view_stats(const struct gateway_stats *stats);

#endif
