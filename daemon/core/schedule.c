/* schedule: one timer for the next thing due, and the claims that ride with each transaction.
 *
 * Nothing polls: the timer stands at the earliest wake, deadline or end of waiting that is known;
 * it may be early (a message that left meanwhile), never late. */
#include "schedule.h"

#include <errno.h>
#include <stdio.h>
#include "attempt.h"
#include "choose.h"
#include "gateway_inside.h"
#include "log.h"
#include "serve.h"
#include "settle.h"
#include "text.h"

enum {
    /* A step of what time alone brings about: beside it nothing goes on. */
    SWEEP_ROWS = 32,
    SWEEP_PAUSE_MS = 1, /* then it is the others' turn */
    CLAIM_ENDS = 8,     /* found past their deadline while something to claim was looked for */
    WAKE_AGAIN_MS = 1000,
};

void schedule_kick(struct gateway *gateway)
{
    if (gateway->fleet.stopping || admission_total(&gateway->admission) == 0)
        return;
    for (struct modem *modem = gateway->fleet.modems; modem; modem = modem->next) {
        if (modem_is_free(modem)) {
            if (store_touch(gateway->store) < 0)
                loop_timer_no_later(&gateway->schedule.due,
                                    loop_now_ms(gateway->loop) + WAKE_AGAIN_MS);
            return;
        }
    }
}

/* A deadline has passed in the queue. */
static int expire_row(struct gateway *gateway, int64_t row)
{
    struct message message = {0};
    int rc = store_message_by_row(gateway->store, row, false, &message);

    if (rc <= 0)
        return rc;
    if (message.state == MESSAGE_QUEUED) {
        admission_add(&gateway->admission, message.class_, message.expires_ms,
                      message.parts_done - message.parts);
        message.state = settle_end_state(&message, MESSAGE_EXPIRED);
        text_copy(message.reason, sizeof message.reason,
                  message.state == MESSAGE_FAILED ? "partly_sent" : "deadline");
        if (message.state != MESSAGE_UNKNOWN)
            message.ended_wall_ms = loop_wall_ms(gateway->loop);
        rc = store_message_update(gateway->store, &message, true);
    }
    message_clear(&message);
    return rc < 0 ? rc : 0;
}

static int expire_now(struct gateway *gateway, int64_t row)
{
    int rc = store_begin(gateway->store);

    if (rc < 0)
        return rc;
    rc = expire_row(gateway, row);
    int end = store_end(gateway->store, rc == 0);
    return rc < 0 ? rc : end;
}

/* 1 (with its text), 0 none, -errno. */
static int due_for(struct modem *modem, struct message *out)
{
    return modem_is_paused(modem) ? hold_next_part(modem, out) : modem_due(modem, out);
}

/* The modem and its message: another modem may be nearer to the recipient. That one takes what is
 * most urgent for it, which may be something of its own. 1, 0 nothing is due, -errno. */
static int pair(struct modem **modem, struct message *message)
{
    struct message other = {0};
    int rc = due_for(*modem, message);

    if (rc <= 0)
        return rc;
    struct modem *nearer = choose_for(*modem, message);
    if (nearer == *modem)
        return 1;
    rc = due_for(nearer, &other);
    if (rc > 0) {
        message_clear(message);
        *message = other;
        *modem = nearer;
    }
    return rc < 0 ? rc : 1;
}

/* 1: a message was dealt with, 0: nothing is due for this modem (or what is has to be swept away
 * first), -errno. */
static int claim_for(struct gateway *gateway, struct modem *modem)
{
    struct message message = {0};
    int rc = pair(&modem, &message);

    if (rc > 0 && loop_now_ms(gateway->loop) >= message.expires_ms) {
        /* its timer fires in this same moment, or a sweep that is under way comes to it */
        bool may = gateway->schedule.may_end-- > 0;
        rc = may ? expire_now(gateway, message.row) : 0;
        rc = rc < 0 ? rc : may;
    } else if (rc > 0) {
        rc = attempt_claim(modem, &message);
        rc = rc < 0 ? rc : 1;
    }
    message_clear(&message);
    return rc;
}

/* Before each COMMIT: every free modem takes what is due, so that a claim is never a flush of its
 * own. */
static void claim_all_due(struct gateway *gateway)
{
    struct modem *modem;

    if (gateway->fleet.stopping || gateway->disk.failing ||
        admission_total(&gateway->admission) == 0)
        return;
    choose_round(&gateway->fleet);
    gateway->schedule.may_end = CLAIM_ENDS;
    while ((modem = choose_modem(&gateway->fleet))) {
        int rc = claim_for(gateway, modem);
        if (rc < 0) {
            log_event(LOG_LEVEL_ERROR, "schedule", modem->config.name, "claim_failed", "errno=%d",
                      -rc);
            disk_failing(gateway, true);
            return;
        }
        if (rc == 0)
            choose_pass_over(modem);
    }
}

static void claim_due(void *arg)
{
    struct gateway *gateway = arg;

    evidence_write(gateway); /* what is known already must not be sent again */
    claim_all_due(gateway);
    lease_yield_all(&gateway->fleet);
}

/* No report can come any more: SENT and UNKNOWN stay what they are, for good. */
static int end_row(struct gateway *gateway, int64_t row)
{
    struct message message = {0};
    int rc = store_message_by_row(gateway->store, row, false, &message);

    if (rc <= 0)
        return rc;
    message.report_until_ms = 0;
    if (!message.ended_wall_ms)
        message.ended_wall_ms = loop_wall_ms(gateway->loop);
    rc = store_message_update(gateway->store, &message, true);
    message_clear(&message);
    return rc < 0 ? rc : 0;
}

/* Waits that are over, deadlines that have passed, messages that no report can reach any more: one
 * small step of them. *more: it may not have been all. */
static int sweep(struct gateway *gateway, int64_t now_ms, bool *more)
{
    int64_t rows[SWEEP_ROWS];
    size_t left = SWEEP_ROWS;
    int rc = 0;
    int count = store_message_wake(gateway->store, now_ms, left);

    if (count < 0)
        return count;
    left -= (size_t)count;
    count = store_rows_expired(gateway->store, now_ms, rows, left);
    for (int i = 0; rc == 0 && i < count; i++)
        rc = expire_row(gateway, rows[i]);
    if (count < 0 || rc < 0)
        return count < 0 ? count : rc;
    left -= (size_t)count;
    count = store_rows_report_ended(gateway->store, now_ms, rows, left);
    for (int i = 0; rc == 0 && i < count; i++)
        rc = end_row(gateway, rows[i]);
    *more = count >= 0 && left == (size_t)count;
    return count < 0 ? count : rc;
}

static void arm_next(struct gateway *gateway)
{
    struct store_next next;

    if (store_next_times(gateway->store, &next) < 0) {
        disk_failing(gateway, true);
        return;
    }
    int64_t at = next.wake_ms < next.expire_ms ? next.wake_ms : next.expire_ms;
    if (next.report_end_ms < at)
        at = next.report_end_ms;
    if (at != INT64_MAX)
        loop_timer_no_later(&gateway->schedule.due, at);
}

static void count_one(void *arg, int class_, int parts, int64_t expires_ms)
{
    struct gateway *gateway = arg;

    admission_add(&gateway->admission, (enum message_class)class_, expires_ms, parts);
}

/* One that cannot be counted looks empty, and nothing is taken or sent until it can. */
static bool count_queue(struct gateway *gateway)
{
    admission_clear(&gateway->admission);
    gateway->recount = store_queue_scan(gateway->store, count_one, gateway) < 0;
    if (gateway->recount) {
        log_event(LOG_LEVEL_ERROR, "schedule", "-", "scan_failed", "%s", "");
        disk_failing(gateway, true);
    }
    return !gateway->recount;
}

static void look(struct gateway *gateway)
{
    int64_t now_ms = loop_now_ms(gateway->loop);
    bool more = false;

    if (gateway->recount) {
        if (!count_queue(gateway))
            return;
        schedule_kick(gateway);
    }
    int rc = store_begin(gateway->store);
    if (rc == 0) {
        rc = sweep(gateway, now_ms, &more);
        int end = store_end(gateway->store, rc == 0);
        if (rc == 0)
            rc = end;
        disk_guard(gateway);
    }
    if (rc < 0) {
        log_event(LOG_LEVEL_ERROR, "schedule", "-", "sweep_failed", "errno=%d", -rc);
        disk_failing(gateway, true);
        return;
    }
    if (more)
        loop_timer_no_later(&gateway->schedule.due, now_ms + SWEEP_PAUSE_MS);
    else
        arm_next(gateway);
}

/* A refusal undoes what its call has written, and with it what that call has counted. */
static void on_savepoint(void *arg, bool undone)
{
    struct gateway *gateway = arg;

    if (!undone) {
        admission_mark(&gateway->admission);
    } else if (!admission_undo(&gateway->admission)) {
        gateway->recount = true;
        loop_timer_no_later(&gateway->schedule.due, loop_now_ms(gateway->loop));
    }
    disk_savepoint(gateway, undone);
}

static void on_due(void *arg)
{
    struct gateway *gateway = arg;

    if (gateway->disk.failing)
        disk_look(gateway);
    else
        look(gateway);
}

/* Something has reached the disk, and can_read(). */
static void on_mended(struct gateway *gateway)
{
    log_event(LOG_LEVEL_NOTICE, "schedule", "-", "store_mended", "%s", "");
    disk_failing(gateway, false);
    hold_load(&gateway->fleet); /* where it could not be read */
    arm_next(gateway);
    schedule_kick(gateway);
}

/* Writes alone mend nothing: what is due, and what time ends, is found by reading. The whole queue
 * is counted here, once, and not at each failure: nothing was taken and nothing begun in between.
 */
static bool can_read(struct gateway *gateway)
{
    struct store_next next;
    int64_t row, now_ms = loop_now_ms(gateway->loop);
    bool fine = store_next_times(gateway->store, &next) == 0 &&
                store_rows_expired(gateway->store, now_ms, &row, 1) >= 0 &&
                store_rows_report_ended(gateway->store, now_ms, &row, 1) >= 0;

    for (struct modem *modem = gateway->fleet.modems; fine && modem; modem = modem->next) {
        struct message message = {0};
        fine = modem_due(modem, &message) >= 0;
        message_clear(&message);
    }
    return fine && (!gateway->recount || count_queue(gateway));
}

/* A transaction has ended: the question of a lookup may be another's now. */
static void on_ended(struct gateway *gateway, bool mended)
{
    registry_look(gateway);
    if (mended)
        on_mended(gateway);
}

void schedule_init(struct gateway *gateway)
{
    disk_init(gateway, on_ended, can_read);
    loop_timer_init(&gateway->schedule.due, gateway->loop, on_due, gateway);
    store_before_commit(gateway->store, claim_due, gateway);
    store_on_savepoint(gateway->store, on_savepoint, gateway);
    if (count_queue(gateway))
        arm_next(gateway);
}

void schedule_stop(struct gateway *gateway)
{
    loop_timer_cancel(&gateway->schedule.due);
    disk_stop(gateway);
    store_before_commit(gateway->store, NULL, NULL);
    store_on_savepoint(gateway->store, NULL, NULL);
}
