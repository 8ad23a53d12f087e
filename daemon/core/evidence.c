/* evidence: what settles an UNKNOWN: a late +CMGS, a delivery report, or the message's own
 * on_unknown. */
#include "evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "attempt.h"
#include "gateway_inside.h"
#include "log.h"
#include "text.h"

enum {
    ORPHAN_MS = 120 * 1000, /* an orphan +CMGS after a restart is believed this long */
    PAGE = 64,
    RETRY_FIRST_MS = 250, /* of what cannot be written */
    RETRY_MOST_MS = 10 * 1000,
};

/* --- waiting for it ------------------------------------------------------------------------------
 */

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
    schedule_no_later(gateway, message->wait_until_ms);
    gateway->counted.resent++;
    return store_message_update(gateway->store, message, false);
}

int evidence_await(struct gateway *gateway, struct message *message,
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
    schedule_no_later(gateway, message->report_until_ms);
    int rc = store_message_update(gateway->store, message, !resend);
    return rc == 0 && resend ? resend_later(gateway, message) : rc;
}

/* --- taking it
 * -------------------------------------------------------------------------------------- */

/* How many parts of this run are known SENT, from the first on; -errno. */
static int parts_sent(struct gateway *gateway, const struct message *message)
{
    struct attempt told[ATTEMPTS_TOLD];
    bool sent[SMS_PARTS_MAX + 1] = {false};
    int count =
        store_attempts_told(gateway->store, message->row, message->run, told, ATTEMPTS_TOLD);
    int parts = 0;

    for (int i = 0; i < count; i++)
        if (told[i].state == ATTEMPT_SENT && told[i].part < SMS_PARTS_MAX)
            sent[told[i].part] = true;
    while (sent[parts])
        parts++;
    return count < 0 ? count : parts;
}

/* It was believed SENT, so that its text is gone: no resend can follow. */
static int reopen(struct gateway *gateway, struct message *message, int sent)
{
    if (message->state != MESSAGE_SENT || sent >= message->parts)
        return 0;
    message->state = MESSAGE_UNKNOWN;
    message->parts_done = (uint8_t)sent;
    message->on_unknown = ON_UNKNOWN_REPORT;
    text_copy(message->reason, sizeof message->reason, "error_after_reference");
    return store_message_update(gateway->store, message, true);
}

static int settle_message(struct gateway *gateway, struct message *message,
                          const struct attempt *attempt, bool unsure)
{
    int sent = parts_sent(gateway, message);

    if (sent < 0)
        return sent;
    if (unsure)
        return reopen(gateway, message, sent);
    if (message->state == MESSAGE_SENT || message->state == MESSAGE_DELIVERED ||
        message->state == MESSAGE_UNDELIVERED || message->state == MESSAGE_CANCELLED)
        return 0;
    if (sent <= message->parts_done)
        return 0;
    if (message->state == MESSAGE_QUEUED)
        admission_add(&gateway->admission, message->class_, message->expires_ms,
                      message->parts_done - message->parts);
    message->parts_done = (uint8_t)sent;
    message->wait_until_ms = 0;
    message->reason[0] = '\0';
    message->space = SMS_CAUSE_NONE;
    message->cause = 0;
    attempt_refuse(gateway, message->row);
    if (message->parts_done < message->parts) {
        unpin_tie(gateway, message, attempt->iccid);
        if (message->state != MESSAGE_QUEUED)
            return store_message_update(gateway->store, message, false);
        message->resends = 0; /* that part is settled; the next has its own */
        admission_add(&gateway->admission, message->class_, message->expires_ms,
                      message->parts - message->parts_done);
        return store_message_update(gateway->store, message, false);
    }
    message->state = MESSAGE_SENT;
    message->ended_wall_ms = 0;
    message->sent_wall_ms = loop_wall_ms(gateway->loop);
    schedule_no_later(gateway, message->report_until_ms);
    int rc = store_message_update(gateway->store, message, true);
    return rc == 0 ? reports_weigh(gateway, message) : rc;
}

int evidence_settle(struct gateway *gateway, struct attempt *attempt, int reference, bool unsure,
                    struct message *message)
{
    int rc = store_message_by_row(gateway->store, attempt->message, false, message);

    if (rc <= 0)
        return rc;
    attempt->state = unsure ? ATTEMPT_UNKNOWN : ATTEMPT_SENT;
    if (reference >= 0)
        attempt->reference = reference;
    attempt->ended_wall_ms = loop_wall_ms(gateway->loop);
    rc = store_attempt_update(gateway->store, attempt);
    if (rc < 0 || attempt->run != message->run)
        return rc; /* parts of a former run: the handset never joins them with ours */
    return settle_message(gateway, message, attempt, unsure);
}

/* --- keeping it until it is on disk --------------------------------------------------------------
 */

/* A link tells it once: it is kept in RAM and tried again where it cannot be written, in the order
 * in which it came, and before anything is claimed: a resend would be a double that we know of. */
struct late {
    struct late *next;
    struct gateway *gateway;
    struct link_evidence evidence;
    char modem[MODEM_NAME_MAX];
    bool matched;
    bool written; /* inside the open transaction */
    struct store_waiter waiter;
};

/* Which attempt it is about. 1, 0, -errno. */
static int find_attempt(struct gateway *gateway, const struct link_evidence *evidence,
                        struct attempt *out)
{
    struct attempt found[2];

    if (evidence->token)
        return store_attempt_by_token(gateway->store, evidence->token, out);
    int count = store_attempts_open(gateway->store, evidence->iccid,
                                    loop_now_ms(gateway->loop) - ORPHAN_MS, found, 2);
    if (count == 1) /* after a restart only a single one can be meant */
        *out = found[0];
    return count > 1 ? 0 : count;
}

static int late_apply(struct gateway *gateway, struct late *late)
{
    struct message message = {0};
    struct attempt attempt;
    int rc = find_attempt(gateway, &late->evidence, &attempt);

    late->matched = rc > 0;
    if (rc > 0)
        rc = evidence_settle(gateway, &attempt, late->evidence.reference, late->evidence.unsure,
                             &message);
    message_clear(&message);
    return rc;
}

static int late_write(struct gateway *gateway, struct late *late)
{
    int rc = store_begin(gateway->store);

    if (rc < 0)
        return rc;
    schedule_guard(gateway);
    rc = late_apply(gateway, late);
    late->written = rc >= 0; /* the end of it may commit, and each commit looks for what is not */
    int end = store_end(gateway->store, rc >= 0);
    if (rc >= 0 && end < 0) {
        late->written = false;
        rc = end;
    }
    return rc;
}

static void late_free(struct late *late)
{
    struct late **at = &late->gateway->evidence.late;

    while (*at != late)
        at = &(*at)->next;
    *at = late->next;
    free(late);
}

static void try_later(struct gateway *gateway, const struct late *late, int rc)
{
    int ms = gateway->evidence.retry_ms ? gateway->evidence.retry_ms * 2 : RETRY_FIRST_MS;

    gateway->evidence.retry_ms = ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS;
    log_event(LOG_LEVEL_ERROR, "evidence", late->modem, "held", "errno=%d retry_ms=%d", -rc,
              gateway->evidence.retry_ms);
    loop_timer_arm_in(&gateway->evidence.timer, gateway->evidence.retry_ms);
}

static void on_late_durable(void *arg, int rc)
{
    struct late *late = arg;
    struct gateway *gateway = late->gateway;

    if (rc < 0) {
        late->written = false;
        try_later(gateway, late, rc);
        return;
    }
    gateway->evidence.retry_ms = 0;
    if (late->matched) {
        gateway->stats.evidence++;
        reports_look_again(gateway, late->evidence.iccid);
    } else {
        log_event(LOG_LEVEL_INFO, "evidence", late->modem, "unmatched", "reference=%d",
                  late->evidence.reference);
    }
    late_free(late);
}

void evidence_write(struct gateway *gateway)
{
    for (struct late *late = gateway->evidence.late; late; late = late->next) {
        if (late->written)
            continue;
        int rc = late_write(gateway, late);
        if (rc < 0) {
            try_later(gateway, late, rc);
            return; /* those that came after it wait for it */
        }
        store_when_durable(gateway->store, &late->waiter);
    }
}

static void on_late(void *arg)
{
    evidence_write(arg);
}

void evidence_take(struct modem *modem, const struct link_evidence *evidence)
{
    struct gateway *gateway = gateway_of(modem);
    struct late *late = calloc(1, sizeof *late), **end = &gateway->evidence.late;

    if (!late) {
        log_event(LOG_LEVEL_ERROR, "evidence", modem->config.name, "lost", "errno=%d", ENOMEM);
        return;
    }
    late->gateway = gateway;
    late->evidence = *evidence;
    late->waiter = (struct store_waiter){.fn = on_late_durable, .arg = late, .patient = true};
    text_copy(late->modem, sizeof late->modem, modem->config.name);
    while (*end)
        end = &(*end)->next;
    *end = late;
    evidence_write(gateway);
}

void evidence_init(struct gateway *gateway)
{
    loop_timer_init(&gateway->evidence.timer, gateway->loop, on_late, gateway);
}

void evidence_stop(struct gateway *gateway)
{
    loop_timer_cancel(&gateway->evidence.timer);
    for (struct late *late = gateway->evidence.late, *next; late; late = next) {
        next = late->next;
        store_forget(gateway->store, &late->waiter);
        free(late);
    }
    gateway->evidence.late = NULL;
}

/* --- after a crash
 * --------------------------------------------------------------------------------------- */

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
    int count =
        store_message_list(gateway->store, UINT32_MAX, MESSAGE_UNKNOWN, -1, *cursor, page, PAGE);
    int rc = 0;

    for (int i = 0; i < count; i++) {
        *cursor = page[i].row;
        if (rc == 0)
            rc = recover_one(gateway, &page[i]);
        message_clear(&page[i]);
    }
    return rc < 0 ? rc : count;
}

void evidence_recover(struct gateway *gateway)
{
    int64_t cursor = 0;
    int rc;

    do {
        rc = store_begin(gateway->store);
        if (rc == 0) {
            schedule_guard(gateway);
            rc = recover_page(gateway, &cursor);
            int end = store_end(gateway->store, rc >= 0);
            if (rc >= 0 && end < 0)
                rc = end;
        }
    } while (rc > 0);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "evidence", "-", "recover_failed", "errno=%d", -rc);
}
