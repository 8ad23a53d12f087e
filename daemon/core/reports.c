/* reports: delivery reports: which attempt one is about, and what it makes of the message.
 *
 * Matched by (SIM, reference, last nine digits), newest first, while a report may still come. An
 * attempt whose +CMGS never came has no reference: there only a single candidate counts, and those
 * that carried the same part of the same message are one. A report may be faster than our own
 * +CMGS: one that finds nobody is kept for a minute, and while a text of its SIM has no outcome. */
#include "reports.h"

#include <string.h>
#include "gateway_inside.h"
#include "log.h"
#include "number.h"
#include "sending.h"
#include "settle.h"
#include "status.h"
#include "text.h"
#include "weigh.h"

enum { EARLY_MS = 60 * 1000, EARLY_AGAIN_MS = 1000, MATCH_MOST = 4 };

/* All of them carried one part of one message, and of none is it known what became of it. */
static bool are_one(const struct attempt *found, int count)
{
    for (int i = 0; i < count; i++)
        if (found[i].state != ATTEMPT_UNKNOWN || found[i].message != found[0].message ||
            found[i].run != found[0].run || found[i].part != found[0].part)
            return false;
    return count > 0;
}

/* 1 and *out, 0: nobody, -errno. */
static int find_attempt(struct gateway *gateway, const char *iccid, const struct pdu_report *report,
                        struct attempt *out)
{
    struct attempt found[MATCH_MOST];
    const char *tail = number_tail(report->to.text);
    int64_t now_ms = loop_now_ms(gateway->loop);
    int count = store_attempts_match(gateway->store, iccid, report->reference, tail, now_ms, found,
                                     MATCH_MOST);

    if (count > 0) {
        *out = found[0];
        return 1;
    }
    if (count == 0)
        count = store_attempts_match(gateway->store, iccid, -1, tail, now_ms, found, MATCH_MOST);
    if (!are_one(found, count))
        return count < 0 ? count : 0;
    *out = found[0];
    return 1;
}

static int apply_to_message(struct gateway *gateway, struct message *message,
                            const struct sms_status_row *row)
{
    switch (row->class_) {
    case SMS_STATUS_DELIVERED:
    case SMS_STATUS_FAILED:
    case SMS_STATUS_GAVE_UP:
        return weigh_reports(gateway, message);
    case SMS_STATUS_ACCEPTED: /* no proof, and nothing follows */
        return message->state == MESSAGE_SENT ? weigh_end(gateway, message, MESSAGE_SENT, row->name)
                                              : 0;
    case SMS_STATUS_TRYING:
        text_copy(message->reason, sizeof message->reason, row->name);
        return message->state == MESSAGE_SENT ? store_message_update(gateway->store, message, false)
                                              : 0;
    }
    return 0;
}

static int apply(struct gateway *gateway, struct attempt *attempt, const struct pdu_report *report)
{
    struct message message = {0};
    int rc;

    attempt->report = report->status;
    attempt->report_wall_ms = loop_wall_ms(gateway->loop);
    if (attempt->state == ATTEMPT_UNKNOWN) { /* the centre speaks of it: it was sent */
        gateway->counted.evidence++;
        rc = settle_attempt(gateway, attempt, report->reference, false, &message);
    } else {
        rc = store_attempt_update(gateway->store, attempt);
    }
    message_clear(&message);
    if (rc >= 0)
        rc = store_message_by_row(gateway->store, attempt->message, false, &message);
    if (rc > 0 && attempt->run == message.run)
        rc = apply_to_message(gateway, &message, sms_status_find(report->status));
    message_clear(&message);
    return rc < 0 ? rc : 0;
}

/* --- those that came too early
 * --------------------------------------------------------------------- */

static void arm_early(struct gateway *gateway)
{
    int64_t next_ms = INT64_MAX;

    for (int i = 0; i < EARLY_REPORTS; i++) {
        const struct early_report *early = &gateway->reports.early[i];
        int64_t at_ms = early->again_ms ? early->again_ms : early->until_ms;
        if (early->until_ms && !early->written && at_ms < next_ms)
            next_ms = at_ms;
    }
    if (next_ms == INT64_MAX)
        loop_timer_cancel(&gateway->reports.timer);
    else
        loop_timer_arm(&gateway->reports.timer, next_ms);
}

static void clear_early(struct early_report *early)
{
    struct gateway *gateway = early->gateway;

    store_forget(gateway->store, &early->waiter);
    *early = (struct early_report){.gateway = gateway};
}

static void drop_early(struct gateway *gateway, struct early_report *early)
{
    clear_early(early);
    gateway->stats.reports_unmatched++;
}

/* Its attempt is known: it is kept until it is on disk, as long as that takes. */
static void try_early_again(struct early_report *early)
{
    early->written = false;
    early->again_ms = loop_now_ms(early->gateway->loop) + EARLY_AGAIN_MS;
    early->until_ms = early->again_ms + EARLY_MS;
    arm_early(early->gateway);
}

static void on_early_durable(void *arg, int rc)
{
    struct early_report *early = arg;

    if (rc < 0)
        try_early_again(early);
    else
        clear_early(early);
}

static void look_at(struct gateway *gateway, struct early_report *early)
{
    struct attempt attempt;
    int rc = store_begin(gateway->store);

    early->again_ms = 0;
    if (rc == 0) {
        disk_guard(gateway);
        rc = find_attempt(gateway, early->iccid, &early->report, &attempt);
        if (rc > 0 && (rc = apply(gateway, &attempt, &early->report)) == 0)
            early->written = true;
        int end = store_end(gateway->store, rc >= 0);
        rc = rc < 0 ? rc : end;
    }
    if (rc < 0) {
        log_event(LOG_LEVEL_ERROR, "reports", "-", "held", "errno=%d", -rc);
        try_early_again(early);
    } else if (early->written) {
        early->waiter =
            (struct store_waiter){.fn = on_early_durable, .arg = early, .patient = true};
        store_when_durable(gateway->store, &early->waiter);
    }
}

static void on_early(void *arg)
{
    struct gateway *gateway = arg;
    int64_t now_ms = loop_now_ms(gateway->loop);

    for (int i = 0; i < EARLY_REPORTS; i++) {
        struct early_report *early = &gateway->reports.early[i];
        if (!early->until_ms || early->written)
            continue;
        if (early->again_ms && early->again_ms <= now_ms)
            look_at(gateway, early);
        else if (early->until_ms <= now_ms &&
                 sending_left_by(&gateway->fleet, early->iccid, early->came_ms))
            early->until_ms = now_ms + EARLY_MS;
        else if (early->until_ms <= now_ms)
            drop_early(gateway, early);
    }
    arm_early(gateway);
}

static bool gives_way_before(const struct early_report *early, const struct early_report *other)
{
    return early->until_ms != other->until_ms ? early->until_ms < other->until_ms
                                              : early->number < other->number;
}

/* A free one, or that of the oldest; never one on its way to the disk. NULL: all of them are. */
static struct early_report *early_place(struct gateway *gateway)
{
    struct early_report *place = NULL;

    for (int i = 0; i < EARLY_REPORTS; i++) {
        struct early_report *early = &gateway->reports.early[i];
        if (!early->written && (!place || gives_way_before(early, place)))
            place = early;
    }
    return place;
}

static void keep_early(struct gateway *gateway, const char *iccid, const struct pdu_report *report)
{
    struct early_report *place = early_place(gateway);

    if (!place) {
        gateway->stats.reports_unmatched++;
        return;
    }
    if (place->until_ms)
        drop_early(gateway, place);
    place->number = ++gateway->reports.count;
    place->came_ms = loop_now_ms(gateway->loop);
    place->until_ms = place->came_ms + EARLY_MS;
    place->report = *report;
    text_copy(place->iccid, sizeof place->iccid, iccid);
    arm_early(gateway);
}

void reports_look_again(struct gateway *gateway, const char *iccid)
{
    if (!loop_timer_armed(&gateway->reports.timer))
        return;
    for (int i = 0; i < EARLY_REPORTS; i++) {
        struct early_report *early = &gateway->reports.early[i];
        if (early->until_ms && !early->written && strcmp(early->iccid, iccid) == 0)
            look_at(gateway, early);
    }
    arm_early(gateway);
}

/* --- the door
 * ------------------------------------------------------------------------------------------ */

int reports_take(struct gateway *gateway, const char *iccid, const struct pdu_report *report)
{
    struct attempt attempt;
    int rc = find_attempt(gateway, iccid, report, &attempt);

    gateway->counted.reports++;
    if (rc > 0)
        return apply(gateway, &attempt, report);
    if (rc == 0)
        keep_early(gateway, iccid, report);
    return rc;
}

void reports_init(struct gateway *gateway)
{
    loop_timer_init(&gateway->reports.timer, gateway->loop, on_early, gateway);
    for (int i = 0; i < EARLY_REPORTS; i++)
        gateway->reports.early[i].gateway = gateway;
}

void reports_stop(struct gateway *gateway)
{
    loop_timer_cancel(&gateway->reports.timer);
    for (int i = 0; i < EARLY_REPORTS; i++)
        store_forget(gateway->store, &gateway->reports.early[i].waiter);
}
