/* at_ladder: what is done, in which order, to a modem that does not do its work. Below the first
 * rung lies the fence, which every time-out brings about by itself (at_chat); a modem that it
 * brings back into step climbs nothing.
 *
 * Every rung takes longer than the one before it and has a budget: resets wear a modem's flash, and
 * a stick that is reset all day is as useless as a deaf one. A rung that is not possible here, or
 * whose budget is used up, is stepped over. The last one waits, longer each time: never a spin. */
#include <assert.h>
#include <errno.h>

#include "at_modem.h"
#include "log.h"

enum {
    RADIO_OFF_MS = 15000,
    RADIO_ON_MS = 60000, /* u-blox states up to 180 s; what takes longer is better reset */
    RESET_ANSWER_MS = 5000,
    REST_MS = 2000, /* between closing and opening a port */
    QUARANTINE_STEP_MS = 10000,
    HOUR_MS = 3600000,
    POWER_EVERY_DEFAULT_MS = 600000,
};

/* --- the rungs --- */

static void radio_restarted(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end == AT_SCRIPT_DONE)
        at_init_wake(l, "radio restarted");
    else
        at_ladder_climb(l, "the radio does not come back");
}

static const struct at_step radio_steps[] = {
    {.command = "AT+CFUN=4", .timeout_ms = RADIO_OFF_MS},
    {.command = "AT+CFUN=1",
     .timeout_ms = RADIO_ON_MS,
     .on_error = AT_GIVE_UP,
     .tries = 3,
     .retry_ms = 2000},
    {0},
};

/* It has answered lately, so it is worth talking to. */
static bool radio_possible(const struct at_link *l)
{
    return at_chat_is_idle(&l->chat) && l->chat.fence.alive;
}

static void climb_radio(struct at_link *l, const char *why)
{
    at_link_goto(l, LINK_RECOVERING, why);
    l->recovery.wait = AT_WAIT_RADIO;
    at_script_run(&l->script, radio_steps, radio_restarted);
}

static void reset_written(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    (void)result; /* a modem that restarts owes no answer */
    if (l->chat.state != AT_CHAT_CLOSED)
        loop_timer_arm_in(&l->timer, l->quirks->reset_wait_ms);
}

/* A deaf one too: some hear what they do not answer. */
static bool reset_possible(const struct at_link *l)
{
    return at_chat_is_idle(&l->chat);
}

static void climb_reset(struct at_link *l, const char *why)
{
    at_link_goto(l, LINK_RECOVERING, why);
    l->recovery.wait = AT_WAIT_RESET;
    struct at_command command = {.text = l->quirks->reset,
                                 .timeout_ms = RESET_ANSWER_MS,
                                 .no_fence = true,
                                 .done = reset_written,
                                 .arg = l};
    at_chat_send(&l->chat, &command);
}

static bool reopen_possible(const struct at_link *l)
{
    return at_link_state(l) != LINK_GONE;
}

static void climb_reopen(struct at_link *l, const char *why)
{
    at_link_drop_port(l);
    at_link_goto(l, LINK_RECOVERING, why);
    l->recovery.wait = AT_WAIT_REOPEN;
    loop_timer_arm_in(&l->timer, REST_MS);
}

static void rescued(void *arg, int result)
{
    struct at_link *l = arg;
    assert(l->recovery.wait == AT_WAIT_RESCUE);
    if (result == 0) {
        l->recovery.wait = AT_WAIT_REOPEN;
        loop_timer_arm_in(&l->timer, REST_MS);
        return;
    }
    log_event(LOG_LEVEL_WARNING, "at", l->link.name, "rung-failed", "result=%d", result);
    at_ladder_climb(l, "the rung before has failed");
}

static void climb_rescue(struct at_link *l, const char *why, enum rescue_way way)
{
    at_link_drop_port(l);
    at_link_goto(l, LINK_RECOVERING, why);
    l->recovery.wait = AT_WAIT_RESCUE;
    int err = rescue_start(l->rescue, way, rescued, l);
    if (err < 0) {
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "rung-failed", "result=%d", err);
        at_ladder_climb(l, why);
    }
}

static bool usb_possible(const struct at_link *l)
{
    return l->rescue && rescue_can(l->rescue, RESCUE_USB);
}

static void climb_usb(struct at_link *l, const char *why)
{
    climb_rescue(l, why, RESCUE_USB);
}

static bool power_possible(const struct at_link *l)
{
    return l->rescue && rescue_can(l->rescue, RESCUE_POWER);
}

static void climb_power(struct at_link *l, const char *why)
{
    climb_rescue(l, why, RESCUE_POWER);
}

static bool always(const struct at_link *l)
{
    (void)l;
    return true;
}

static void came_anew(void *arg)
{
    if (at_recover_plugged(arg))
        at_link_open_port(arg, "plugged in");
}

/* Whoever pulls it out and puts it back need not wait for its end. */
static void climb_quarantine(struct at_link *l, const char *why)
{
    int64_t wait_ms = at_recover_penalty_ms(&l->recovery.penalty, QUARANTINE_STEP_MS);
    l->recovery.tries = 0;
    at_link_drop_port(l);
    if (at_link_state(l) != LINK_RECOVERING)
        at_link_goto(l, LINK_RECOVERING, why);
    at_link_goto(l, LINK_QUARANTINED, why);
    log_event(LOG_LEVEL_WARNING, "at", l->link.name, "quarantine", "for_s=%d",
              (int)(wait_ms / 1000));
    loop_timer_arm_in(&l->timer, wait_ms);
    port_watch_new(l->port, came_anew, l);
}

static const struct rung {
    const char *name;
    bool (*possible)(const struct at_link *l);
    void (*climb)(struct at_link *l, const char *why);
    int most; /* in per_ms, AT_RUNG_MOST at most; 0: as often as it comes to it */
    int64_t per_ms;
} rungs[AT_RUNGS] = {
    /* Registers anew. Cheap, and what helps where the modem is fine and its network is not. */
    [AT_RUNG_RADIO] = {"radio", radio_possible, climb_radio, 3, HOUR_MS},
    /* The row's own reset: Huawei E1xx want it after any time-out, others take half a minute. */
    [AT_RUNG_RESET] = {"reset", reset_possible, climb_reset, 3, HOUR_MS},
    /* The driver's buffers and the modem's end of the line start anew. */
    [AT_RUNG_REOPEN] = {"reopen", reopen_possible, climb_reopen, 0, 0},
    /* As if it were pulled, but for its power. */
    [AT_RUNG_USB] = {"usb", usb_possible, climb_usb, 3, HOUR_MS},
    [AT_RUNG_POWER] = {"power", power_possible, climb_power, 1, POWER_EVERY_DEFAULT_MS},
    [AT_RUNG_QUARANTINE] = {"quarantine", always, climb_quarantine, 0, 0},
};

/* --- budgets --- */

static int64_t rung_per_ms(const struct at_link *l, enum at_rung rung)
{
    return rung == AT_RUNG_POWER && l->power_every_ms > 0 ? l->power_every_ms : rungs[rung].per_ms;
}

static bool rung_is_free(const struct at_link *l, enum at_rung rung)
{
    const int64_t *used_ms = l->recovery.used_ms[rung];
    int recent = 0;
    for (int i = 0; i < rungs[rung].most; i++)
        recent += used_ms[i] && loop_now_ms(l->loop) - used_ms[i] < rung_per_ms(l, rung);
    return !rungs[rung].most || recent < rungs[rung].most;
}

static void rung_note(struct at_link *l, enum at_rung rung)
{
    int64_t *oldest = &l->recovery.used_ms[rung][0];
    for (int i = 1; i < rungs[rung].most; i++)
        if (l->recovery.used_ms[rung][i] < *oldest)
            oldest = &l->recovery.used_ms[rung][i];
    *oldest = loop_now_ms(l->loop);
}

/* --- climbing --- */

static void climb(struct at_link *l, enum at_rung rung, const char *why)
{
    struct at_recovery *recovery = &l->recovery;
    rung_note(l, rung);
    log_event(LOG_LEVEL_WARNING, "at", l->link.name, "ladder", "rung=%s why=\"%s\"",
              rungs[rung].name, why);
    recovery->climbed_ms = loop_now_ms(l->loop);
    recovery->rung = rung == AT_RUNG_QUARANTINE ? AT_RUNG_RADIO : rung + 1;
    recovery->awaited = false;
    if (rung != AT_RUNG_RADIO && rung != AT_RUNG_REOPEN)
        recovery->reset_asked = false; /* it restarts, or is left alone */
    at_script_forget(&l->script);
    port_unwatch(l->port);
    rungs[rung].climb(l, why);
}

static void climb_from(struct at_link *l, enum at_rung lowest, const char *why)
{
    struct at_recovery *recovery = &l->recovery;
    /* A trouble of hours ago is another one. */
    if (recovery->climbed_ms && loop_now_ms(l->loop) - recovery->climbed_ms >= HOUR_MS)
        recovery->rung = AT_RUNG_RADIO;
    if (recovery->reset_asked && recovery->rung < AT_RUNG_RESET)
        recovery->rung = AT_RUNG_RESET;
    enum at_rung rung = recovery->rung < lowest ? lowest : recovery->rung;
    while (!rungs[rung].possible(l) || !rung_is_free(l, rung))
        rung++;
    climb(l, rung, why);
}

void at_ladder_climb(struct at_link *l, const char *why)
{
    climb_from(l, AT_RUNG_RADIO, why);
}

void at_ladder_climb_for_sending(struct at_link *l, const char *why)
{
    l->recovery.sending = true;
    at_ladder_climb(l, why);
}

/* The port has to be closed, at once: no rung below that will do. */
void at_ladder_reopen(struct at_link *l, const char *why)
{
    climb_from(l, AT_RUNG_REOPEN, why);
}

void at_ladder_rescue(struct at_link *l, const char *why)
{
    climb_from(l, AT_RUNG_USB, why);
}

/* --- what the owner asks for --- */

/* Where it does not help, the ladder goes on at the next rung. Whoever asks by hand is not bound by
 * the budget, but it is used. */
bool at_ladder_take_turn(struct at_link *l)
{
    if (!l->recovery.reset_asked || l->script.steps || !at_chat_is_idle(&l->chat) ||
        l->send.active || l->ussd.stage != AT_USSD_IDLE)
        return false;
    climb(l, AT_RUNG_RESET, "reset asked for");
    return true;
}

/* In these two states nobody comes by at_network_settle() for a long time. */
void at_ladder_idle(struct at_link *l)
{
    if (at_link_state(l) == LINK_SIM || at_link_state(l) == LINK_REGISTERING)
        (void)at_ladder_take_turn(l);
}

/* It begins at once, or at the end of what is under way. */
int at_ladder_reset(struct at_link *l)
{
    switch (at_link_state(l)) {
    case LINK_GONE:
        return -ENODEV;
    case LINK_QUARANTINED:
        at_link_open_port(l, "reset asked for");
        return 0;
    case LINK_RECOVERING:
        if (l->recovery.wait == AT_WAIT_RESET || l->recovery.wait == AT_WAIT_RESCUE)
            return 0; /* it restarts as it is */
        break;
    case LINK_READY:
        l->recovery.reset_asked = true;
        if (!at_ladder_take_turn(l)) { /* a look at how it is, or a sweep: no message goes first */
            (void)at_script_stop(&l->script);
            at_link_goto(l, LINK_BUSY, "reset asked for");
        }
        return 0;
    case LINK_SIM:
    case LINK_REGISTERING:
        l->recovery.reset_asked = true;
        (void)at_ladder_take_turn(l);
        return 0;
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_BUSY:
        break;
    }
    l->recovery.reset_asked = true;
    return 0;
}
