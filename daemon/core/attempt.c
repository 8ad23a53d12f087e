/* attempt: one part of one message on one modem, from the claim to the outcome on disk.
 *
 *   claim    rides with the accept or the outcome before it      row CLAIMED, AT+CMGS goes out
 *   commit   asked at the prompt: still wanted, still in time?   row COMMITTED, message SENDING
 *   proceed  yes when that is on disk                            the text and its Ctrl-Z
 *   outcome  SENT, NOT_SENT or UNKNOWN                           row ends; kept in RAM until on
 * disk
 *
 * The modem is asked for its prompt before the claim is on disk: nothing leaves by that, and a
 * claim that is undone is answered with "no". So a prompt that comes at once shares its transaction
 * with the claim and the outcome before: one COMMIT a message, where the modem is as fast as that.
 */
#include "attempt.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "await.h"
#include "fleet.h"
#include "gateway_inside.h"
#include "log.h"
#include "number.h"
#include "sending.h"
#include "serve.h"
#include "settle.h"
#include "text.h"
#include "weigh.h"

enum {
    NOTHING_SENT_MAX = 4,     /* attempts that sent nothing */
    NOTHING_SENT_ONCE = 2,    /* where the cause is worth one more attempt, not more */
    TRANSIENT_MAX = 2,        /* waits for the same modem, then it is another's turn */
    NOT_READY_HOLD_MS = 1000, /* a link that said READY and then no */
    RETRY_FIRST_MS = 250,     /* of an outcome that cannot be written */
    RETRY_MOST_MS = 10 * 1000,
    REPORT_GRACE_MS = 3600 * 1000, /* a report may come up to TP-VP + 1 h */
    MODEM_FAULT_HOLD_MS = 5 * 60 * 1000,
    PROMPT_MS = 5000, /* refused at the prompt: times a square, for the modem and for the message */
    PROMPT_REST_MOST_MS = 60 * 1000,
};

/* --- claim ----------------------------------------------------------------------------------- */

static int build_tpdu(struct gateway *gateway, const struct message *message, struct pdu_tpdu *out)
{
    struct sms_text text;
    int rc = sms_text_encode(message->text, message->text_len, message->encoding, &text, NULL);

    if (rc < 0)
        return rc;
    if (text.parts != message->parts || !number_is_clean(message->to))
        return -EINVAL;
    const struct pdu_submit submit = {
        .to = message->to,
        .text = &text,
        .part = message->parts_done,
        .reference = message->reference,
        .validity_ms = message->expires_ms - loop_now_ms(gateway->loop),
        .report = message->report,
        .flash = message->flash,
        .replace_type = message->replace_type,
        .no_validity = message->no_validity,
    };
    rc = pdu_submit_encode(&submit, out);
    explicit_bzero(&text, sizeof text);
    return rc;
}

/* What cannot be encoded will never be: it fails, and the queue goes on. */
static int fail_unreadable(struct gateway *gateway, struct message *message)
{
    log_event(LOG_LEVEL_ERROR, "attempt", "-", "cannot_encode", "row=%lld",
              (long long)message->row);
    message->state = settle_end_state(message, MESSAGE_FAILED);
    text_copy(message->reason, sizeof message->reason, "internal");
    message->ended_wall_ms = loop_wall_ms(gateway->loop);
    return store_message_update(gateway->store, message, true);
}

static int write_claim(struct modem *modem, struct message *message, struct attempt *attempt)
{
    struct gateway *gateway = gateway_of(modem);
    int rc = store_begin(gateway->store);
    if (rc < 0)
        return rc;

    rc = build_tpdu(gateway, message, &modem->sending->submit.tpdu);
    if (rc < 0) {
        rc = fail_unreadable(gateway, message);
    } else {
        rc = store_attempt_insert(gateway->store, attempt, message->to);
        message->state = MESSAGE_CLAIMED;
        message->wait_until_ms = 0;
        text_copy(message->modem, sizeof message->modem, modem->config.name);
        text_copy(message->iccid, sizeof message->iccid, attempt->iccid);
        if (rc == 0)
            rc = store_message_update(gateway->store, message, false);
    }
    int end = store_end(gateway->store, rc == 0);
    return rc < 0 ? rc : end;
}

int attempt_claim(struct modem *modem, struct message *message)
{
    struct gateway *gateway = gateway_of(modem);
    struct sending *sending = modem->sending;
    struct attempt attempt = {
        .message = message->row,
        .part = message->parts_done,
        .run = message->run,
        .state = ATTEMPT_CLAIMED,
        .reference = -1,
        .report = -1,
        .claimed_wall_ms = loop_wall_ms(gateway->loop),
    };

    text_copy(attempt.modem, sizeof attempt.modem, modem->config.name);
    text_copy(attempt.iccid, sizeof attempt.iccid, modem_sim(modem));
    disk_guard(gateway);
    int rc = write_claim(modem, message, &attempt);
    if (rc < 0)
        return rc;
    admission_add(&gateway->admission, message->class_, message->expires_ms,
                  message->parts_done - message->parts);
    if (message->state != MESSAGE_CLAIMED)
        return 0;

    modem->slot = SLOT_SUBMITTED;
    sending->submit.token = attempt.token;
    sending->submit.part = message->parts_done;
    sending->submit.more = message->parts_done + 1 < message->parts;
    sending->row = message->row;
    sending->parts_left = message->parts - message->parts_done;
    sending->expires_ms = message->expires_ms;
    suspect_claimed(modem, message);
    sending->refuse = false;
    pace_begin(modem);
    store_when_durable(gateway->store, &sending->claim_waiter);
    if (link_submit(modem->link, &sending->submit) == 0) {
        store_hold(gateway->store);
        return 0;
    }
    modem->slot = SLOT_OVER;
    sending->over = (struct sms_outcome){.verdict = SMS_NOT_SENT,
                                         .space = SMS_CAUSE_LOCAL,
                                         .cause = SMS_LOCAL_NOT_READY,
                                         .reference = -1};
    return 0;
}

static void outcome_go_on(struct modem *modem);

static void slot_clear(struct modem *modem)
{
    struct sending *sending = modem->sending;

    modem->slot = SLOT_FREE;
    sending->row = 0;
    sending->refuse = false;
    suspect_let_go(modem);
    explicit_bzero(&sending->submit, sizeof sending->submit);
}

static void on_claim_durable(void *arg, int rc)
{
    struct modem *modem = arg;

    if (rc < 0) /* undone with its transaction: the message is still queued */
        modem->sending->refuse = true;
    outcome_go_on(modem);
}

/* --- commit ------------------------------------------------------------------------------------
 */

/* Writes "committed" where the message is still wanted and in time. 1 written, 0 not wanted,
 * -errno. */
static int write_commit(struct modem *modem)
{
    struct gateway *gateway = gateway_of(modem);
    struct message message = {0};
    struct attempt attempt;
    int64_t now_ms = loop_now_ms(gateway->loop);

    int rc = store_message_by_row(gateway->store, modem->sending->row, false, &message);
    if (rc > 0)
        rc = store_attempt_by_token(gateway->store, modem->sending->submit.token, &attempt);
    if (rc > 0 && (message.state != MESSAGE_CLAIMED || now_ms >= message.expires_ms))
        rc = 0;
    if (rc > 0) {
        attempt.state = ATTEMPT_COMMITTED;
        attempt.committed_ms = now_ms;
        attempt.committed_wall_ms = loop_wall_ms(gateway->loop);
        attempt.report_until_ms =
            now_ms + pdu_validity_ms(pdu_validity(message.expires_ms - now_ms)) + REPORT_GRACE_MS;
        message.state = MESSAGE_SENDING;
        if (!message.sending_wall_ms)
            message.sending_wall_ms = attempt.committed_wall_ms;
        if (message.report_until_ms < attempt.report_until_ms)
            message.report_until_ms = attempt.report_until_ms;
        rc = store_attempt_update(gateway->store, &attempt);
        if (rc == 0)
            rc = store_message_update(gateway->store, &message, false);
        if (rc == 0)
            rc = 1;
    }
    message_clear(&message);
    return rc;
}

static void proceed(struct modem *modem, bool yes)
{
    const struct link_submit *submit = &modem->sending->submit;

    modem->slot = SLOT_ANSWERED;
    if (yes) {
        modem->pace.text_ms = loop_now_ms(modem->fleet->loop);
        modem_count_part(modem);
    }
    link_proceed(modem->link, submit->token, submit->part, yes);
}

/* That is what it has under way. */
static bool is_of(const struct modem *modem, uint64_t token, unsigned part)
{
    return modem->sending->submit.token == token && modem->sending->submit.part == part;
}

void attempt_commit_asked(struct modem *modem, uint64_t token, unsigned part)
{
    struct gateway *gateway = gateway_of(modem);

    if (modem->slot != SLOT_SUBMITTED || !is_of(modem, token, part))
        return;
    if (modem->sending->refuse || gateway->fleet.stopping || modem->retired) {
        proceed(modem, false);
        return;
    }
    int rc = store_begin(gateway->store);
    if (rc == 0) {
        rc = write_commit(modem);
        int end = store_end(gateway->store, rc > 0);
        if (rc > 0 && end < 0)
            rc = end;
        disk_guard(gateway);
    }
    if (rc <= 0) {
        proceed(modem, false);
        return;
    }
    modem->slot = SLOT_ASKED;
    store_when_durable(gateway->store, &modem->sending->commit_waiter);
}

static void on_commit_durable(void *arg, int rc)
{
    struct modem *modem = arg;
    const struct sending *sending = modem->sending;

    if (modem->slot != SLOT_ASKED)
        return; /* the link gave up meanwhile, its outcome is on the way */
    /* The disk may have been slow: the deadline is looked at last of all. */
    proceed(modem,
            rc == 0 && !sending->refuse && loop_now_ms(modem->fleet->loop) < sending->expires_ms);
}

/* --- outcome -------------------------------------------------------------------------------------
 */

static void requeue(struct gateway *gateway, struct message *message, int wait_ms)
{
    message->state = MESSAGE_QUEUED;
    message->wait_until_ms = wait_ms > 0 ? loop_now_ms(gateway->loop) + wait_ms : 0;
    if (wait_ms > 0)
        loop_timer_no_later(&gateway->schedule.due, message->wait_until_ms);
    if (message->parts_done > 0) /* handsets join parts by their sender */
        unpin_tie(gateway, message, message->iccid);
    admission_add(&gateway->admission, message->class_, message->expires_ms,
                  message->parts - message->parts_done);
}

static void end_as(struct gateway *gateway, struct message *message, enum message_state wanted,
                   const char *reason)
{
    message->state = settle_end_state(message, wanted);
    text_copy(message->reason, sizeof message->reason, reason);
    if (message->state != MESSAGE_UNKNOWN)
        message->ended_wall_ms = loop_wall_ms(gateway->loop);
}

static void end_late(struct gateway *gateway, struct message *message)
{
    end_as(gateway, message, MESSAGE_EXPIRED, message->parts_done > 0 ? "partly_sent" : "deadline");
}

static void apply_sent(struct gateway *gateway, struct message *message)
{
    message->parts_done++;
    message->reason[0] = '\0';
    message->space = SMS_CAUSE_NONE;
    message->cause = 0;
    if (message->parts_done < message->parts) {
        requeue(gateway, message, 0);
        return;
    }
    message->state = MESSAGE_SENT;
    message->sent_wall_ms = loop_wall_ms(gateway->loop);
    loop_timer_no_later(&gateway->schedule.due, message->report_until_ms);
}

/* We took it back ourselves: in time it goes back, without counting. */
static bool is_ours(const struct sms_outcome *outcome)
{
    return outcome->space == SMS_CAUSE_LOCAL &&
           (outcome->cause == SMS_LOCAL_REFUSED || outcome->cause == SMS_LOCAL_ABORTED ||
            outcome->cause == SMS_LOCAL_NOT_READY);
}

/* Where the SIM is to blame, the message may go elsewhere whatever the cause says of it. */
static enum sms_class class_of(const struct sms_cause_row *row, bool blames_sim)
{
    return blames_sim && row->class_ == SMS_CLASS_PERMANENT ? SMS_CLASS_MODEM : row->class_;
}

/* Until it goes to another modem. Where modem after modem refuses it before its text has left, they
 * get time, and its attempts are not spent in a moment. */
static int wait_elsewhere_ms(const struct message *message, const struct ending *ending,
                             const struct sms_cause_row *row)
{
    int before = message->sent_nothing - 1;

    if (!ending->text_left && (row->class_ == SMS_CLASS_UNKNOWN || row->class_ == SMS_CLASS_DEFECT))
        return before * before * PROMPT_MS;
    return ending->message_waits ? row->retry_ms : 0;
}

static void apply_not_sent(struct gateway *gateway, struct message *message,
                           const struct ending *ending)
{
    const struct sms_outcome *outcome = &ending->outcome;
    const struct sms_cause_row *row = sms_cause_find(outcome->space, outcome->cause);
    bool in_time = loop_now_ms(gateway->loop) < message->expires_ms;

    if (is_ours(outcome)) {
        if (in_time)
            requeue(gateway, message, 0);
        else
            end_late(gateway, message);
        return;
    }
    text_copy(message->reason, sizeof message->reason, row->name);
    message->space = outcome->space;
    message->cause = outcome->cause;
    bool once = row->once && ending->text_left;
    enum sms_class class_ = class_of(row, ending->blames_sim);
    if (++message->sent_nothing >= (once ? NOTHING_SENT_ONCE : NOTHING_SENT_MAX) ||
        class_ == SMS_CLASS_PERMANENT) {
        end_as(gateway, message, MESSAGE_FAILED, row->name);
        return;
    }
    if (!in_time) { /* its cause stays beside the reason */
        end_late(gateway, message);
        return;
    }
    switch (class_) {
    case SMS_CLASS_PERMANENT:
        return;
    case SMS_CLASS_NO_VALIDITY:
        message->no_validity = true;
        requeue(gateway, message, 0);
        return;
    case SMS_CLASS_TRANSIENT:
        if (message->sent_nothing > TRANSIENT_MAX)
            text_copy(message->avoid, sizeof message->avoid, message->iccid);
        requeue(gateway, message, row->retry_ms);
        return;
    case SMS_CLASS_UNKNOWN: /* before the Ctrl-Z: nothing left */
    case SMS_CLASS_DEFECT:
    case SMS_CLASS_NETWORK:
    case SMS_CLASS_MODEM:
    case SMS_CLASS_AS_SENT:
    case SMS_CLASS_NONE:
        text_copy(message->avoid, sizeof message->avoid, message->iccid);
        requeue(gateway, message, wait_elsewhere_ms(message, ending, row));
        return;
    }
}

/* Causes 38 and 41 may hide a time-out at the service centre: who wants no copy must not get one.
 */
static enum sms_verdict verdict_for(const struct message *message,
                                    const struct sms_outcome *outcome)
{
    if (outcome->verdict == SMS_NOT_SENT && outcome->space == SMS_CAUSE_CMS &&
        (outcome->cause == 38 || outcome->cause == 41) && message->on_unknown == ON_UNKNOWN_REPORT)
        return SMS_UNKNOWN;
    return outcome->verdict;
}

static int apply_to_message(struct gateway *gateway, struct message *message,
                            const struct ending *ending, enum sms_verdict verdict)
{
    const struct sms_outcome *outcome = &ending->outcome;

    switch (verdict) {
    case SMS_SENT:
        apply_sent(gateway, message);
        break;
    case SMS_NOT_SENT:
        apply_not_sent(gateway, message, ending);
        break;
    case SMS_UNKNOWN:
        return await_evidence(gateway, message, outcome);
    }
    bool open = message->state == MESSAGE_QUEUED || message->state == MESSAGE_CLAIMED;
    int rc = store_message_update(gateway->store, message, !open);
    if (rc == 0 && message->parts > 1) /* its first parts may have their reports */
        rc = weigh_reports(gateway, message);
    return rc;
}

static int apply(struct gateway *gateway, const struct ending *ending)
{
    const struct sms_outcome *outcome = &ending->outcome;
    struct message message = {0};
    struct attempt attempt;
    enum sms_verdict verdict = outcome->verdict;

    int rc = store_attempt_by_token(gateway->store, ending->token, &attempt);
    if (rc <= 0)
        return rc;
    rc = store_message_by_row(gateway->store, attempt.message, false, &message);
    if (rc <= 0)
        return rc;
    if (attempt.state == ATTEMPT_COMMITTED)
        verdict = verdict_for(&message, outcome);
    if (attempt.state != ATTEMPT_SENT) { /* else evidence was faster, and knows more */
        attempt.state = verdict == SMS_SENT       ? ATTEMPT_SENT
                        : verdict == SMS_NOT_SENT ? ATTEMPT_NOT_SENT
                                                  : ATTEMPT_UNKNOWN;
        attempt.reference = outcome->reference;
        attempt.space = outcome->space;
        attempt.cause = outcome->cause;
    }
    attempt.ended_wall_ms = loop_wall_ms(gateway->loop);
    rc = store_attempt_update(gateway->store, &attempt);
    /* Cancelled, superseded or settled by evidence meanwhile: only the attempt learns of this. */
    if (rc == 0 && (message.state == MESSAGE_CLAIMED || message.state == MESSAGE_SENDING)) {
        if (attempt.part == message.parts_done) {
            rc = apply_to_message(gateway, &message, ending, verdict);
        } else { /* evidence has settled this part while it was sent again */
            requeue(gateway, &message, 0);
            rc = store_message_update(gateway->store, &message, false);
        }
    }
    message_clear(&message);
    return rc;
}

static void ending_try_later(struct modem *modem)
{
    struct ending *ending = &modem->sending->ending;

    modem->ending = ENDING_HELD;
    disk_failing(gateway_of(modem), true);
    (void)store_free_reserve(modem->fleet->store);
    ending->retry_ms = ending->retry_ms ? ending->retry_ms * 2 : RETRY_FIRST_MS;
    if (ending->retry_ms > RETRY_MOST_MS)
        ending->retry_ms = RETRY_MOST_MS;
    log_event(LOG_LEVEL_ERROR, "attempt", modem->config.name, "outcome_held", "retry_ms=%d",
              ending->retry_ms);
    loop_timer_arm_in(&ending->retry, ending->retry_ms);
}

static void ending_write(void *arg)
{
    struct modem *modem = arg;
    struct gateway *gateway = gateway_of(modem);
    int rc = store_begin(gateway->store);

    if (rc == 0) {
        /* first, so that it hears of a failure before those who write after it */
        disk_guard(gateway);
        rc = apply(gateway, &modem->sending->ending);
        int end = store_end(gateway->store, rc == 0);
        if (rc == 0)
            rc = end;
    }
    if (rc < 0) {
        ending_try_later(modem);
        return;
    }
    modem->ending = ENDING_WRITTEN;
    store_when_durable(gateway->store, &modem->sending->ending.waiter);
}

static void on_ending_durable(void *arg, int rc)
{
    struct modem *modem = arg;
    struct ending *ending = &modem->sending->ending;

    if (rc < 0) {
        ending_try_later(modem);
        return;
    }
    modem->ending = ENDING_NONE;
    ending->retry_ms = 0;
    outcome_go_on(modem);
    if (ending->outcome.verdict != SMS_NOT_SENT) /* the modem may have been lost meanwhile */
        reports_look_again(gateway_of(modem), modem->keeper.had_iccid);
    attempt_check_stopped(gateway_of(modem));
    fleet_reap(modem);
}

/* One that says no to the one message is asked again soon, one that goes on so is not. */
static int64_t rest_at_prompt_ms(const struct modem *modem)
{
    double penalty = modem_penalty_now(modem);
    double ms = PROMPT_MS * penalty * penalty;

    return ms < PROMPT_REST_MOST_MS ? (int64_t)ms : PROMPT_REST_MOST_MS;
}

static void learn_sent(struct modem *modem)
{
    int64_t took_ms = loop_now_ms(modem->fleet->loop) - modem->pace.begun_ms;

    modem_served(modem, took_ms > 0 ? took_ms : 1);
    modem_count_outcome(modem, true);
    gateway_of(modem)->stats.sent++;
    modem_pace(modem);
}

/* What the modem itself learns from an outcome: once, whatever becomes of the disk. */
static void learn(struct modem *modem, const struct sms_outcome *outcome, bool rests)
{
    const struct sms_cause_row *row = sms_cause_find(outcome->space, outcome->cause);
    struct gateway_stats *stats = &gateway_of(modem)->stats;
    int64_t now_ms = loop_now_ms(modem->fleet->loop);

    if (outcome->verdict == SMS_SENT) {
        learn_sent(modem);
        return;
    }
    if (outcome->verdict == SMS_UNKNOWN) {
        stats->unknown++;
        modem_pace(modem);
    } else {
        stats->not_sent++;
    }
    if (is_ours(outcome)) {
        if (outcome->cause == SMS_LOCAL_NOT_READY)
            modem_rest(modem, REST_NETWORK, now_ms + NOT_READY_HOLD_MS);
        return;
    }
    modem_count_outcome(modem, false);
    switch (row->class_) {
    case SMS_CLASS_NETWORK:
        modem_punish(modem, 1, row->sentence);
        if (rests)
            modem_rest(modem, REST_NETWORK, now_ms + row->retry_ms);
        break;
    case SMS_CLASS_MODEM:
        modem_punish(modem, 3, row->sentence);
        modem_rest(modem, REST_FAULT,
                   now_ms + (row->retry_ms > 0 ? row->retry_ms : MODEM_FAULT_HOLD_MS));
        break;
    case SMS_CLASS_UNKNOWN:
        modem_punish(modem, 1, row->sentence);
        if (outcome->verdict == SMS_NOT_SENT)
            modem_rest(modem, REST_NETWORK, now_ms + rest_at_prompt_ms(modem));
        break;
    case SMS_CLASS_DEFECT:
        if (rests) {
            modem_punish(modem, 3, row->sentence);
            modem_rest(modem, REST_FAULT, now_ms + row->retry_ms);
        }
        text_copy(modem->last_error, sizeof modem->last_error, row->sentence);
        break;
    case SMS_CLASS_TRANSIENT: /* none of them is the recipient's: the next message would hear it too
                               */
        modem_rest(modem, REST_FAULT, now_ms + row->retry_ms);
        text_copy(modem->last_error, sizeof modem->last_error, row->sentence);
        break;
    case SMS_CLASS_NONE:
    case SMS_CLASS_PERMANENT:
    case SMS_CLASS_AS_SENT:
    case SMS_CLASS_NO_VALIDITY:
        text_copy(modem->last_error, sizeof modem->last_error, row->sentence);
        break;
    }
}

static void outcome_take(struct modem *modem)
{
    struct sending *sending = modem->sending;
    struct ending *ending = &sending->ending;
    const struct sms_outcome over = sending->over, *outcome = &over;

    modem->ending = ENDING_HELD;
    ending->token = sending->submit.token;
    ending->outcome = *outcome;
    ending->text_left = sending->text_left;
    const struct suspect_finding finding = suspect_learn(modem, outcome, ending->text_left);
    ending->blames_sim = finding.blames_sim;
    ending->message_waits =
        !finding.rests && fleet_other_parts(modem->fleet, modem) < sending->parts_left;
    learn(modem, outcome, finding.rests);
    slot_clear(modem);
    ending_write(modem);
    lease_on_free(modem);
}

/* One outcome after the other, and none before it is known what became of its claim. */
static void outcome_go_on(struct modem *modem)
{
    if (modem->slot == SLOT_OVER && modem->ending == ENDING_NONE &&
        !modem->sending->claim_waiter.queued)
        outcome_take(modem);
}

void attempt_outcome(struct modem *modem, uint64_t token, unsigned part,
                     const struct sms_outcome *outcome)
{
    if (modem->slot == SLOT_FREE || !is_of(modem, token, part))
        return;
    bool text_left = modem->slot == SLOT_ANSWERED;
    store_forget(modem->fleet->store, &modem->sending->commit_waiter);
    modem->slot = SLOT_OVER;
    modem->sending->over = *outcome;
    modem->sending->text_left = text_left;
    outcome_go_on(modem);
    if (modem->slot == SLOT_OVER)
        store_hurry(modem->fleet->store);
}

/* --- the rest
 * --------------------------------------------------------------------------------------- */

void attempt_check_stopped(struct gateway *gateway)
{
    if (!gateway->fleet.stopping || !gateway->on_stopped || !sending_none(&gateway->fleet))
        return;
    loop_defer(&gateway->stopped, LOOP_SOON);
}

void attempt_drop(struct modem *modem)
{
    struct store *store = modem->fleet->store;
    struct sending *sending = modem->sending;

    store_forget(store, &sending->claim_waiter);
    store_forget(store, &sending->commit_waiter);
    store_forget(store, &sending->ending.waiter);
    loop_timer_cancel(&sending->ending.retry);
    slot_clear(modem);
    modem->sending = NULL;
    free(sending);
}

int attempt_open(struct modem *modem)
{
    struct sending *sending = calloc(1, sizeof *sending);

    if (!sending)
        return -ENOMEM;
    sending->claim_waiter =
        (struct store_waiter){.fn = on_claim_durable, .arg = modem, .patient = true};
    sending->commit_waiter = (struct store_waiter){.fn = on_commit_durable, .arg = modem};
    sending->ending.waiter =
        (struct store_waiter){.fn = on_ending_durable, .arg = modem, .patient = true};
    loop_timer_init(&sending->ending.retry, modem->fleet->loop, ending_write, modem);
    modem->sending = sending;
    return 0;
}
