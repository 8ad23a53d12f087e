#include "await.h"

#include "gateway_inside.h"
#include "log.h"
#include "text.h"

enum { PAGE = 64 };

static bool may_resend(struct gateway *gateway, const struct message *message)
{
    return message->on_unknown == ON_UNKNOWN_RESEND && message->resends == 0 &&
           loop_now_ms(gateway->loop) + gateway->config->evidence_wait_s * INT64_C(1000) <
               message->expires_ms;
}

/* The message goes back to the queue, after the wait for evidence: on another SIM where there is
 * one; a part of several only by the same SIM, with the same reference. */
static int resend_later(struct gateway *gateway, struct message *message)
{
    message->resends = 1;
    message->state = MESSAGE_QUEUED;
    message->wait_until_ms =
        loop_now_ms(gateway->loop) + gateway->config->evidence_wait_s * INT64_C(1000);
    if (message->parts > 1)
        unpin_tie(gateway, message, message->iccid);
    else
        text_copy(message->avoid, sizeof message->avoid, message->iccid);
    admission_add(&gateway->admission, message->class_, message->expires_ms,
                  message->parts - message->parts_done);
    loop_timer_no_later(&gateway->schedule.due, message->wait_until_ms);
    gateway->counted.resent++;
    return store_message_update(gateway->store, message, false);
}

int await_evidence(struct gateway *gateway, struct message *message,
                   const struct sms_outcome *outcome)
{
    bool resend = may_resend(gateway, message);

    if (!resend)
        message->on_unknown = ON_UNKNOWN_REPORT; /* its text goes: not by another start either */

    message->state = MESSAGE_UNKNOWN;
    message->space = outcome->space;
    message->cause = outcome->cause;
    text_copy(message->reason, sizeof message->reason,
              sms_cause_find(outcome->space, outcome->cause)->name);
    loop_timer_no_later(&gateway->schedule.due, message->report_until_ms);
    int rc = store_message_update(gateway->store, message, !resend);
    return rc == 0 && resend ? resend_later(gateway, message) : rc;
}

/* --- after a crash ------------------------------------------------------------------------------
 */

/* It is resent now, or never: then its text goes. */
static int recover_one(struct gateway *gateway, struct message *message)
{
    if (message->ended_wall_ms || message->resends > 0 || message->on_unknown == ON_UNKNOWN_REPORT)
        return 0;
    if (may_resend(gateway, message))
        return resend_later(gateway, message);
    message->on_unknown = ON_UNKNOWN_REPORT;
    return store_message_update(gateway->store, message, true);
}

static int recover_page(struct gateway *gateway, int64_t *cursor)
{
    struct message page[PAGE];
    const struct message_filter unknown = {UINT32_MAX, MESSAGE_UNKNOWN, -1};
    int count = store_message_list(gateway->store, &unknown, cursor, page, PAGE);
    int rc = 0;

    for (int i = 0; i < count; i++) {
        if (rc == 0)
            rc = recover_one(gateway, &page[i]);
        message_clear(&page[i]);
    }
    return count < 0 ? count : rc < 0 ? rc : *cursor > 0;
}

void await_recover(struct gateway *gateway)
{
    int64_t cursor = 0;
    int rc;

    do {
        rc = store_begin(gateway->store);
        if (rc == 0) {
            disk_guard(gateway);
            rc = recover_page(gateway, &cursor);
            int end = store_end(gateway->store, rc >= 0);
            if (rc >= 0 && end < 0)
                rc = end;
        }
    } while (rc > 0);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "evidence", "-", "recover_failed", "errno=%d", -rc);
}
