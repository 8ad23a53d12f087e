/* at_send: one short message at a time, from AT+CMGS to its verdict, and the answers that come too
 * late. The line is drawn here: see link.h. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"

enum {
    CMMS_MS = 5000,
    PROMPT_MS = 10000, /* peers wait 5 to 10 s; before the text has left waiting costs little */
    OWNER_MS = 20000,  /* for the owner's transaction, well inside a modem's patience at a prompt */
    SLOW_MS = 60000,   /* the network's own timers (TR1M, TS 24.011) are over: worth a line */
    ANSWER_MS = 120000,
    TAIL_MS = 5000,       /* the OK behind +CMGS, which nothing depends on */
    REBOOT_MS = 5000,     /* the answer, when the modem has restarted behind the Ctrl-Z */
    LATE_ERROR_MS = 5000, /* "right after" */
    CMS_MEMORY_FULL = 322,
    ERRORS_RESYNC = 2,
    ERRORS_CLIMB = 3, /* plain ERRORs in a row */
    SILENCES_CLIMB = 2,
    REFUSALS_CLIMB = 5, /* in words, in a row: one more than one message is tried */
    CMS_MODEM_FAILURE = 300,
    CMS_CENTRE_UNKNOWN = 330,
};

struct sms_outcome at_send_verdict(const struct at_result *result, int reference,
                                   enum sms_local ended_by_us)
{
    struct sms_outcome outcome = {.space = SMS_CAUSE_LOCAL, .reference = reference};
    if (reference >= 0) {
        outcome.verdict = SMS_SENT;
        outcome.space = SMS_CAUSE_NONE;
        return outcome;
    }
    switch (result->end) {
    case AT_END_FINAL:
        switch (result->final.kind) {
        case AT_FINAL_CMS:
            outcome.space = SMS_CAUSE_CMS;
            outcome.cause = result->final.code;
            break;
        case AT_FINAL_CME:
            outcome.space = SMS_CAUSE_CME;
            outcome.cause = result->final.code;
            break;
        case AT_FINAL_OK:
            outcome.cause = result->body_left ? SMS_LOCAL_OK_ONLY : SMS_LOCAL_NO_PROMPT;
            break;
        case AT_FINAL_ERROR:
        case AT_FINAL_CALL:
            outcome.cause = SMS_LOCAL_ERROR;
            break;
        }
        break;
    case AT_END_TIMEOUT:
        outcome.cause = result->prompted ? SMS_LOCAL_TIMEOUT : SMS_LOCAL_NO_PROMPT;
        break;
    case AT_END_TAKEN_BACK:
        outcome.cause = (int)(ended_by_us ? ended_by_us : SMS_LOCAL_ABORTED);
        break;
    case AT_END_GONE:
        outcome.cause = SMS_LOCAL_GONE;
        break;
    }
    outcome.verdict = sms_cause_verdict(outcome.space, outcome.cause, result->body_left);
    return outcome;
}

static void send_not_sent(struct at_link *l, enum sms_local cause)
{
    struct sms_outcome outcome = {SMS_NOT_SENT, SMS_CAUSE_LOCAL, cause, -1};
    at_link_tell_outcome(l, &outcome);
}

void at_send_end_unstarted(struct at_link *l, enum sms_local cause)
{
    assert(l->send.active && !l->send.started);
    send_not_sent(l, cause);
}

/* The SIM that the message is for may not be in any more: that is looked at first. */
static bool is_another(const struct at_link *l)
{
    return l->pin.lost || at_card_is_doubted(l);
}

/* --- the dialogue --- */

static bool cmgs_line(void *arg, const char *line)
{
    struct at_link *l = arg;
    int reference;
    if (!at_parse_cmgs(line, &reference))
        return false;
    if (l->send.reference < 0) {
        l->send.reference = reference;
        if (!l->send.active) /* in its fence: its verdict is given */
            at_send_on_cmgs(l, line);
    }
    at_chat_extend(&l->chat, TAIL_MS);
    return true;
}

static void cmgs_prompted(void *arg)
{
    struct at_link *l = arg;
    /* The echo is back: the modem has restarted without a word. It may be in text mode, where the
     * length we gave is a recipient. */
    if (l->echo_off && l->chat.echoed) {
        at_recover_forgot(l);
        l->recovery.sending = true; /* its answers to all else prove nothing */
        l->send.ended_by_us = SMS_LOCAL_NOT_READY;
        at_chat_escape(&l->chat);
        return;
    }
    at_link_tell_commit(l);
}

/* What the modem says of itself, and neither of the message nor of the network. */
static bool blames_modem(const struct at_final *final)
{
    switch (final->kind) {
    case AT_FINAL_OK: /* in place of the prompt */
    case AT_FINAL_ERROR:
        return true;
    case AT_FINAL_CMS: /* 303 to 305: the message; 331 and on: the network */
        return (final->code >= 300 && final->code <= 302) ||
               (final->code >= 310 && final->code <= 330) || final->code == 500;
    case AT_FINAL_CME:
        return final->code == 0 || final->code == 3 || (final->code >= 10 && final->code <= 18) ||
               final->code == 100;
    case AT_FINAL_CALL:
        break;
    }
    return false;
}

/* Causes that stand for a SIM that is not what it was when it was looked at. */
static bool blames_card(const struct at_final *final)
{
    return (final->kind == AT_FINAL_CMS && final->code >= 310 && final->code <= 318) ||
           (final->kind == AT_FINAL_CME && final->code >= 10 && final->code <= 18);
}

static bool is_cms(const struct at_result *result, int code)
{
    return result->end == AT_END_FINAL && result->final.kind == AT_FINAL_CMS &&
           result->final.code == code;
}

/* Behind the Ctrl-Z, and it says nothing at all of what it was. */
static bool is_bare(const struct at_result *result)
{
    return result->body_left && (result->final.kind == AT_FINAL_OK ||
                                 result->final.kind == AT_FINAL_ERROR || is_cms(result, 500));
}

/* It answers, and refuses: this too looks fine to all who only ask how it is. */
static void count_refusals(struct at_link *l, const struct at_result *result)
{
    struct at_sending *send = &l->send;
    if (result->end != AT_END_FINAL)
        return;
    if (send->reference >= 0 || !blames_modem(&result->final))
        send->refusals = 0;
    else if (!is_bare(result))
        send->refusals++;
    if (send->reference < 0)
        l->card.unsure |= blames_card(&result->final);
}

static void count_errors(struct at_link *l, const struct at_result *result)
{
    bool plain = result->body_left && result->end == AT_END_FINAL && l->send.reference < 0 &&
                 (result->final.kind == AT_FINAL_ERROR || is_cms(result, 500));
    if (plain)
        l->send.errors++;
    else if (l->send.reference >= 0)
        l->send.errors = 0;
    /* It answers everything but this: it looks fine to all who only ask how it is. */
    if (result->end == AT_END_TIMEOUT && l->send.reference < 0)
        l->send.silences++;
    else if (result->end == AT_END_FINAL)
        l->send.silences = 0;
    count_refusals(l, result);
    if (l->send.reference >= 0)
        at_recover_healthy(l, true);
}

/* What to do with the modem once a message has its verdict. */
static void cmgs_after(struct at_link *l, const struct at_result *result)
{
    bool pending = l->send.unanswered.open && result->end == AT_END_TIMEOUT && result->body_left &&
                   !l->recovery.reboot_seen;
    bool errors = l->send.errors >= ERRORS_CLIMB;
    bool silences = l->send.silences >= SILENCES_CLIMB;
    if (errors)
        l->send.errors = 0;
    if (silences)
        l->send.silences = 0;
    bool refusals = l->send.refusals >= REFUSALS_CLIMB;
    if (refusals || errors)
        l->send.refusals = 0;
    if (refusals && is_cms(result, CMS_MODEM_FAILURE) && l->recovery.rung < AT_RUNG_RESET)
        l->recovery.rung = AT_RUNG_RESET; /* it has failed, by its own word: nothing less will do */
    if (result->stuck) {
        at_ladder_reopen(l, "the port takes no bytes");
    } else if (!result->in_step) {
        at_init_failed(l, AT_SCRIPT_DEAF);
    } else if (errors) {
        at_ladder_climb_for_sending(l, "errors without a cause, again and again");
    } else if (silences) {
        at_ladder_climb_for_sending(l, "it answers, but takes no message");
    } else if (refusals) {
        at_ladder_climb_for_sending(l, "it answers, and refuses every message");
    } else if (pending) {
        at_recover_hold(l);
    } else if (l->send.errors == ERRORS_RESYNC) {
        at_recover_resync(l, "errors without a cause");
    } else if (!is_cms(result, CMS_CENTRE_UNKNOWN) || !at_sim_restore_centre(l)) {
        at_network_settle(l, "free");
    }
}

/* Where the modem does not say that its network went, its messages do. */
static bool is_for_want_of_a_network(const struct sms_outcome *outcome)
{
    return (outcome->space == SMS_CAUSE_CMS && (outcome->cause == 331 || outcome->cause == 332)) ||
           (outcome->space == SMS_CAUSE_CME && outcome->cause >= 30 && outcome->cause <= 32);
}

static void send_end(struct at_link *l, const struct at_result *result)
{
    struct at_sending *send = &l->send;
    struct sms_outcome outcome = at_send_verdict(result, send->reference, send->ended_by_us);
    if (outcome.space == SMS_CAUSE_CMS && outcome.cause == CMS_MEMORY_FULL)
        at_receive_full(l);
    if (is_for_want_of_a_network(&outcome))
        l->look_ms = loop_now_ms(l->loop);
    if (outcome.verdict == SMS_UNKNOWN) {
        send->unanswered.open = true;
        send->unanswered.token = send->submit.token;
        send->unanswered.part = send->submit.part;
    }
    at_link_tell_outcome(l, &outcome);
}

static void cmgs_done(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    count_errors(l, result);
    if (l->send.active)
        send_end(l, result);
    if (l->chat.state != AT_CHAT_CLOSED)
        cmgs_after(l, result);
}

static void send_cmgs(struct at_link *l)
{
    char text[24];
    (void)snprintf(text, sizeof text, "AT+CMGS=%u", l->send.submit.tpdu.len);
    struct at_command command = {.text = text,
                                 .prefix = {"+CMGS:"},
                                 .timeout_ms = PROMPT_MS,
                                 .owner_ms = OWNER_MS,
                                 .prompt = true,
                                 .line = cmgs_line,
                                 .prompted = cmgs_prompted,
                                 .done = cmgs_done,
                                 .arg = l};
    at_chat_send(&l->chat, &command);
}

static void cmms_done(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    bool told = !l->send.active;
    if (l->chat.state == AT_CHAT_CLOSED) {
        if (!told)
            send_not_sent(l, SMS_LOCAL_GONE);
    } else if (!result->in_step) {
        if (!told)
            send_not_sent(l, SMS_LOCAL_NOT_READY);
        at_init_failed(l, AT_SCRIPT_DEAF);
    } else if (told) {
        at_network_settle(l, "free");
    } else if (l->send.ended_by_us || is_another(l)) {
        send_not_sent(l, l->send.ended_by_us ? l->send.ended_by_us : SMS_LOCAL_NOT_READY);
        at_network_settle(l, "free");
    } else {
        send_cmgs(l);
    }
}

void at_send_begin(struct at_link *l)
{
    struct at_sending *send = &l->send;
    assert(send->active && !send->started);
    if (l->recovery.reboot_seen || is_another(l)) {
        send_not_sent(l, SMS_LOCAL_NOT_READY);
        at_network_settle(l, "");
        return;
    }
    send->started = true;
    l->receive.since_send = 0;
    if (!send->submit.more || send->cmms_on || l->quirks->no_cmms) {
        send_cmgs(l);
        return;
    }
    /* Keeps the radio link up between parts; stays on until the modem restarts. An ERROR only means
     * that the modem does not know it. */
    send->cmms_on = true;
    struct at_command command = {
        .text = "AT+CMMS=2", .timeout_ms = CMMS_MS, .done = cmms_done, .arg = l};
    at_chat_send(&l->chat, &command);
}

static void send_on_slow(void *arg)
{
    struct at_link *l = arg;
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "slow", "token=%llu waited_s=%d",
              (unsigned long long)l->send.submit.token, SLOW_MS / 1000);
}

void at_send_init(struct at_link *l)
{
    l->send.reference = -1;
    loop_timer_init(&l->send.slow, l->loop, send_on_slow, l);
}

/* --- the contract's calls --- */

int at_send_submit(struct at_link *l, const struct link_submit *submit)
{
    struct at_sending *send = &l->send;
    assert(submit->tpdu.len > 0 && submit->tpdu.len <= PDU_TPDU_MAX);
    if (at_link_state(l) != LINK_READY || send->active || l->notices.outcome)
        return -EAGAIN;
    send->active = true;
    send->started = send->asked = send->left = false;
    send->ended_by_us = 0;
    send->reference = -1;
    send->submit = *submit;
    at_link_goto(l, LINK_BUSY, "submit");
    /* A keepalive's command on the wire is awaited first; its end begins this one. */
    if (!at_script_stop(&l->script) && at_chat_is_idle(&l->chat))
        at_send_begin(l);
    return 0;
}

void at_send_proceed(struct at_link *l, uint64_t token, unsigned part, bool yes)
{
    struct at_sending *send = &l->send;
    char line[2 * PDU_TPDU_MAX + 3];
    if (!send->active || !send->asked || token != send->submit.token || part != send->submit.part)
        return;
    send->asked = false;
    if (!at_chat_is_prompted(&l->chat))
        return; /* the prompt is gone; the outcome is on its way */
    if (!yes || is_another(l)) {
        send->ended_by_us = yes ? SMS_LOCAL_NOT_READY : SMS_LOCAL_REFUSED;
        at_chat_escape(&l->chat);
        return;
    }
    pdu_submit_line(&send->submit.tpdu, line);
    send->unanswered.open = false;
    send->late.fresh = false;
    send->left_ms = loop_now_ms(l->loop);
    send->left = at_chat_body(&l->chat, line, strlen(line), ANSWER_MS);
    loop_timer_arm_in(&send->slow, SLOW_MS);
}

void at_send_abort(struct at_link *l)
{
    struct at_sending *send = &l->send;
    if (!send->active || send->left || send->ended_by_us)
        return;
    send->ended_by_us = SMS_LOCAL_ABORTED;
    if (send->started) {
        at_chat_escape(&l->chat); /* in AT+CMMS: its end sees it */
        return;
    }
    at_send_end_unstarted(l, SMS_LOCAL_ABORTED);
    if (!l->script.steps && at_chat_is_idle(&l->chat))
        at_network_settle(l, "free");
}

/* --- late answers --- */

/* The fence that follows may take another nine seconds, and the ladder minutes: the message need
 * not wait for them. A late answer is evidence. */
void at_send_overdue(struct at_link *l, const struct at_command *command,
                     const struct at_result *so_far)
{
    if (!l->send.active)
        return;
    if (l->send.started && command && command->prompt)
        send_end(l, so_far);
    else
        send_not_sent(l, SMS_LOCAL_NOT_READY);
}

void at_send_on_cmgs(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    struct at_sending *send = &l->send;
    struct link_evidence evidence = {.reference = -1};
    if (!at_parse_cmgs(line, &evidence.reference))
        return;
    memcpy(evidence.iccid, l->link.identity.iccid, sizeof evidence.iccid);
    if (send->unanswered.open) {
        evidence.token = send->unanswered.token;
        evidence.part = send->unanswered.part;
        send->unanswered.open = false;
    }
    send->late.fresh = at_recover_is_held(l);
    send->late.at_ms = loop_now_ms(l->loop);
    send->late.evidence = evidence;
    at_link_tell_evidence(l, &evidence);
    at_recover_answered(l);
}

/* A final result nobody waits for. Behind a late +CMGS of a modem that answers other commands
 * meanwhile it may be the true end of that message. */
void at_send_on_orphan(struct at_link *l, const struct at_final *final)
{
    struct at_sending *send = &l->send;
    bool fresh = send->late.fresh && loop_now_ms(l->loop) - send->late.at_ms <= LATE_ERROR_MS;
    send->late.fresh = false;
    if (fresh && final->kind != AT_FINAL_OK) {
        send->late.evidence.unsure = true;
        at_link_tell_evidence(l, &send->late.evidence);
    }
    at_recover_answered(l);
}

/* Before the text has left it never will: the owner's yes would go to a modem that starts. */
void at_send_on_reboot(struct at_link *l)
{
    if (!l->send.active)
        return;
    if (l->send.left) {
        at_chat_extend(&l->chat, REBOOT_MS);
    } else if (l->send.started) {
        send_not_sent(l, SMS_LOCAL_NOT_READY);
        at_chat_escape(&l->chat); /* in AT+CMMS: its end sees it */
    }
}

/* Nor is the owner's yes waited for where its SIM is gone. */
void at_send_on_lost(struct at_link *l)
{
    if (!l->send.active || !l->send.started || l->send.left || l->send.ended_by_us)
        return;
    l->send.ended_by_us = SMS_LOCAL_NOT_READY;
    at_chat_escape(&l->chat); /* in AT+CMMS: its end sees it */
}
