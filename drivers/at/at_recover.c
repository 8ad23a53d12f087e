/* at_recover: what keeps a modem alive, and what is noticed of one that is not: the keepalive,
 * fences, answers that are still due, restarts, ports that go. What is then done stands in
 * at_ladder.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"
#include "port_holder.h"

enum {
    RESET_SEEN_MS = 1000, /* behind the line that says it has started */
    GONE_STEP_MS = 1000,
    RETURN_MS = 60000, /* for a port that our own reset took away */
    RETURN_MAX_MS = 3600000,
    PENALTY_MAX_MS = 600000,
    ANSWER_LATEST_MS = 180000, /* u-blox: the longest that any maker states for AT+CMGS */
    HOLD_TAIL_MS = 1000,       /* a final error may come right behind the late answer */
    SAME_START_MS = 2000,      /* some say so twice, each in its own words */
    DROP_MS = 30000, /* some need 20 s from the bus to the bus; a hand has it in hand longer */
    CUTS_CLIMB = 3,  /* messages in a row that it dropped off in */
};

int64_t at_recover_penalty_ms(unsigned *failures, int64_t step_ms)
{
    if (*failures < 100)
        ++*failures;
    int64_t wait_ms = step_ms * *failures * *failures;
    return wait_ms < PENALTY_MAX_MS ? wait_ms : PENALTY_MAX_MS;
}

void at_recover_healthy(struct at_link *l, bool sent)
{
    struct at_recovery *recovery = &l->recovery;
    int64_t now_ms = loop_now_ms(l->loop);
    /* One that answers everything and sends nothing is not well for all its answers, nor is one
     * that answers only until it restarts or drops off again. */
    bool restarts = often_is_trouble(&recovery->restarts, now_ms);
    bool drops = often_is_trouble(&recovery->drops, now_ms);
    if (!sent && (recovery->sending || restarts || drops))
        return;
    if (sent) {
        often_forget(&recovery->drops);
        recovery->left_busy = false;
        recovery->cuts = 0;
    }
    recovery->sending = false;
    recovery->rung = AT_RUNG_RADIO;
    recovery->penalty = 0;
    recovery->tries = 0;
    recovery->replugs = 0;
}

/* A stick whose power is too weak comes anew by itself, and would never be left alone. Whether that
 * was somebody's hand cannot be seen: so its penalty stays, and the rest is kept in the end. */
bool at_recover_plugged(struct at_link *l)
{
    if (at_link_state(l) != LINK_QUARANTINED)
        return true;
    if (l->recovery.replugs == AT_REPLUGS)
        return false;
    l->recovery.replugs++;
    return true;
}

/* --- keepalive --- */

/* The answers are looked up as unsolicited lines: one place knows all three. */
static const char *ask_network(void *arg)
{
    static const char *const commands[AT_FAMILIES] = {"AT+CREG?", "AT+CGREG?", "AT+CEREG?"};
    const struct at_link *l = arg;
    for (unsigned i = 0; i < AT_FAMILIES; i++)
        if (l->stat[i] > 0 && l->stat[i] == l->link.radio.registration)
            return commands[i];
    return commands[0];
}

/* Text mode, or an echo, means that the modem has restarted without a word. */
static bool check_mode(void *arg, const char *line)
{
    struct at_link *l = arg;
    int mode;
    if (!at_parse_cmgf(line, &mode))
        return false;
    if (mode != 0 || (l->echo_off && l->chat.echoed))
        at_recover_forgot(l);
    return true;
}

static const struct at_step keepalive_steps[] = {
    {.command = "AT+CMGF?", .prefix = {"+CMGF:"}, .line = check_mode, .timeout_ms = 5000},
    {.make = ask_network, .timeout_ms = 5000},
    {.make = at_network_ask_signal,
     .prefix = {"+CSQ:", "+CESQ:"},
     .line = at_network_parse_signal,
     .timeout_ms = 5000},
    {0},
};

static void kept_alive(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    bool waiting = l->send.active && !l->send.started;
    if (end == AT_SCRIPT_DEAF || end == AT_SCRIPT_FAILED) {
        if (waiting)
            at_send_end_unstarted(l, SMS_LOCAL_NOT_READY);
        if (!at_init_restarted(l))
            at_ladder_climb(l, "deaf");
        return;
    }
    if (end == AT_SCRIPT_DONE) {
        l->look_ms = loop_now_ms(l->loop) + l->keepalive_ms;
        if (!l->recovery.reboot_seen)
            at_recover_healthy(l, false);
    }
    if (waiting)
        at_send_begin(l);
    else
        at_network_settle(l, "free");
}

void at_recover_keepalive(struct at_link *l)
{
    if (l->script.steps || !at_chat_is_idle(&l->chat))
        loop_timer_arm_in(&l->timer, 1000);
    else
        at_script_run(&l->script, keepalive_steps, kept_alive);
}

/* That it answers, and in which mode, the message before has shown. */
static const struct at_step busy_steps[] = {
    {.make = ask_network, .timeout_ms = 5000},
    {.make = at_network_ask_signal,
     .prefix = {"+CSQ:", "+CESQ:"},
     .line = at_network_parse_signal,
     .timeout_ms = 5000},
    {0},
};

bool at_recover_take_turn(struct at_link *l)
{
    if (at_link_state(l) != LINK_BUSY || loop_now_ms(l->loop) < l->look_ms)
        return false;
    at_script_run(&l->script, busy_steps, kept_alive);
    return true;
}

void at_recover_resync(struct at_link *l, const char *why)
{
    at_link_goto(l, LINK_RECOVERING, why);
    l->recovery.wait = AT_WAIT_NOTHING;
    at_chat_fence(&l->chat);
}

/* A fence that no command asked for: our own, or one for a prompt out of nowhere. */
void at_recover_fenced(struct at_link *l, bool in_step)
{
    bool waiting = l->send.active && !l->send.started;
    if (at_link_state(l) == LINK_SYNCING && !l->script.steps) {
        at_init_fenced(l, in_step);
    } else if (!in_step) {
        if (waiting)
            at_send_end_unstarted(l, SMS_LOCAL_NOT_READY);
        at_init_failed(l, AT_SCRIPT_DEAF);
    } else if (waiting) {
        at_send_begin(l);
    } else if (at_link_state(l) == LINK_READY || at_link_state(l) == LINK_BUSY ||
               (at_link_state(l) == LINK_RECOVERING && l->recovery.wait == AT_WAIT_NOTHING)) {
        at_network_settle(l, "in step");
    }
}

/* --- an answer that is still due --- */

void at_recover_hold(struct at_link *l)
{
    int most_ms = l->quirks->answer_max_ms;
    int64_t over_ms = l->send.left_ms + (most_ms ? most_ms : ANSWER_LATEST_MS);
    at_link_goto(l, LINK_RECOVERING, "an answer is still due");
    l->recovery.wait = AT_WAIT_ANSWER;
    loop_timer_arm(&l->timer, over_ms);
}

bool at_recover_is_held(const struct at_link *l)
{
    return at_link_state(l) == LINK_RECOVERING && l->recovery.wait == AT_WAIT_ANSWER;
}

void at_recover_answered(struct at_link *l)
{
    if (!at_recover_is_held(l))
        return;
    l->send.silences = 0;
    loop_timer_arm_in(&l->timer, HOLD_TAIL_MS);
}

/* --- a modem that restarts by itself, a port that goes --- */

/* One that starts every few seconds, for its power supply is too weak, is begun with anew each time
 * and so never found wanting. Only the starts themselves tell. */
static void note_restart(struct at_link *l)
{
    struct at_recovery *recovery = &l->recovery;
    int64_t now_ms = loop_now_ms(l->loop);
    if (recovery->restarted_ms && now_ms - recovery->restarted_ms < SAME_START_MS)
        return;
    recovery->restarted_ms = now_ms;
    bool fresh = recovery->fresh_ms && now_ms - recovery->fresh_ms <= DROP_MS;
    recovery->fresh_ms = 0;
    if (!fresh && often_note(&recovery->restarts, now_ms))
        recovery->restarts_too_much = true;
}

/* Nothing else would ever count them: the modem answers to all that it is asked, and is begun anew.
 */
void at_recover_forgot(struct at_link *l)
{
    if (l->recovery.reboot_seen)
        return;
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "restart", "why=\"its settings are gone\"");
    note_restart(l);
    l->recovery.reboot_seen = true;
}

bool at_recover_take_restarts(struct at_link *l)
{
    bool too_much = l->recovery.restarts_too_much;
    l->recovery.restarts_too_much = false;
    return too_much;
}

void at_recover_on_reboot(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "restart", "line=\"%.20s\"", line);
    if (at_link_state(l) == LINK_RECOVERING && l->recovery.wait == AT_WAIT_RESET) {
        loop_timer_arm_in(&l->timer, RESET_SEEN_MS);
        return;
    }
    note_restart(l);
    if (!l->recovery.reboot_seen) /* the first one: another adds nothing to a message's time */
        at_send_on_reboot(l);
    l->recovery.reboot_seen = true;
    l->recovery.reset_asked = false;
    if (at_chat_is_idle(&l->chat) && !l->script.steps && !l->send.active)
        (void)at_init_restarted(l);
}

/* A bad cable, or a power supply that is too weak: each time all is well, and then not. Whether
 * that was somebody's hand cannot be seen; but a hand takes longer, does not do it five times, and
 * not just when a message goes, every time. */
bool at_recover_returned(struct at_link *l)
{
    struct at_recovery *recovery = &l->recovery;
    int64_t now_ms = loop_now_ms(l->loop), left_ms = recovery->left_ms;
    bool busy = recovery->left_busy;
    recovery->left_ms = 0;
    recovery->left_busy = recovery->moving = false;
    recovery->fresh_ms = now_ms;
    often_wake(&recovery->restarts, now_ms);
    often_wake(&recovery->drops, now_ms);
    if (!left_ms || now_ms - left_ms > DROP_MS)
        return false;
    bool again = often_is_trouble(&recovery->drops, now_ms);
    again |= often_note(&recovery->drops, now_ms);
    recovery->cuts += busy;
    if (busy && recovery->cuts >= CUTS_CLIMB) {
        recovery->sending = true;
        at_ladder_rescue(l, "it drops off in the midst of each message");
    } else if (again) {
        at_ladder_rescue(l, "it drops off again and again");
    } else {
        return false;
    }
    return true;
}

static void note_drop(struct at_link *l)
{
    struct at_recovery *recovery = &l->recovery;
    bool reset = at_link_state(l) == LINK_RECOVERING && recovery->wait == AT_WAIT_RESET;
    if (l->stream && at_link_state(l) != LINK_OPENING && !reset && !recovery->moving) {
        recovery->left_ms = loop_now_ms(l->loop);
        recovery->left_busy = l->send.active;
    }
    recovery->moving = false;
}

/* A minute at first; then ever longer, an hour at most: what is cut off may hang on more than the
 * modem that is awaited, and nobody can tell a modem that fell off the bus from one that was taken
 * away. */
static int64_t return_ms(const struct at_link *l)
{
    int64_t missed = l->recovery.missed > 0 ? l->recovery.missed : 1;
    int64_t wait_ms = RETURN_MS * missed * missed;
    return wait_ms < RETURN_MAX_MS ? wait_ms : RETURN_MAX_MS;
}

static bool can_be_rescued(const struct at_link *l)
{
    return l->rescue && (rescue_can(l->rescue, RESCUE_USB) || rescue_can(l->rescue, RESCUE_POWER));
}

static void on_port(void *arg)
{
    at_link_open_port(arg, "port is there");
}

void at_recover_gone(struct at_link *l, const char *why, bool was_open)
{
    note_drop(l); /* first: what is under way may yet turn out to have gone */
    at_link_drop_port(l);
    l->recovery.reset_asked = false;
    at_link_goto(l, LINK_GONE, why);
    port_watch(l->port, on_port, l);
    /* The node may still be there (another program holds it, a hang-up): then nothing would ever
     * call. Slower each time, until the modem is healthy again. */
    if (was_open)
        loop_timer_arm_in(&l->timer, at_recover_penalty_ms(&l->recovery.tries, GONE_STEP_MS));
    /* It went in the midst of a recovery: a reset that dropped it off the bus, most likely. */
    l->recovery.awaited = !was_open && (l->recovery.rung > AT_RUNG_RADIO ||
                                        (l->recovery.missed > 0 && can_be_rescued(l)));
    if (l->recovery.awaited)
        loop_timer_arm_in(&l->timer, return_ms(l));
}

/* What the kernel says of a USB device that is there and does not do what it is told: its firmware
 * hangs. To come back and try again helps it no further. */
static bool hangs(const struct at_link *l, int err)
{
    static const int errors[] = {EIO,    EPROTO,    ETIMEDOUT, EPIPE,
                                 EILSEQ, EREMOTEIO, ESHUTDOWN, EOVERFLOW};
    if (port_uri(l->port)[0] != '/') /* a serial server: its own, or the way there */
        return false;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (err == errors[i])
            return true;
    return false;
}

/* Whether that was found out at once or after a while. */
void at_recover_cannot_open(struct at_link *l, int err)
{
    bool absent = err == ENOENT || err == ENODEV || err == ENXIO || err == ENOTDIR;
    if (err == EBUSY) {
        char holder[PORT_HOLDER_ROOM];
        port_holder(port_uri(l->port), holder);
        at_recover_gone(l, holder, true);
        return;
    }
    if (hangs(l, err)) {
        char why[sizeof l->notices.why];
        (void)snprintf(why, sizeof why, "the port does not open: %s", strerror(err));
        if (l->rescue)
            rescue_note(l->rescue, port_uri(l->port));
        at_ladder_climb(l, why);
        return;
    }
    at_recover_gone(l, absent ? "no such port" : strerror(err), !absent);
}

void at_recover_on_timer(struct at_link *l)
{
    if (at_link_state(l) == LINK_GONE && l->recovery.awaited) {
        if (l->recovery.missed < 100)
            l->recovery.missed++;
        at_ladder_climb(l, "it did not come back");
        return;
    }
    if (at_link_state(l) != LINK_RECOVERING) {
        if (at_link_state(l) == LINK_QUARANTINED)
            l->recovery.replugs = 0;
        at_link_open_port(l, "another try");
        return;
    }
    switch (l->recovery.wait) {
    case AT_WAIT_NOTHING:
    case AT_WAIT_RADIO:
    case AT_WAIT_RESCUE:
        break;
    case AT_WAIT_RESET:
        at_init_wake(l, "restarted");
        break;
    case AT_WAIT_REOPEN:
        at_link_open_port(l, "another try");
        break;
    case AT_WAIT_ANSWER:
        if (at_chat_is_idle(&l->chat))
            at_network_settle(l, "nothing is due any more");
        else
            loop_timer_arm_in(&l->timer, HOLD_TAIL_MS);
        break;
    }
}
