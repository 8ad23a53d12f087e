#include "gammu_link.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gammu_inside.h"
#include "log.h"
#include "text.h"

enum {
    KEEPALIVE_DEFAULT_S = 60,
    CONNECT_MS = 90000, /* libgammu tries a silent phone for half a minute and more */
    SEARCH_MS = 10000,  /* between two looks for a network */
    REST_MS = 2000,     /* before a helper is started again */
    GONE_STEP_MS = 1000,
    QUARANTINE_STEP_MS = 10000,
    PENALTY_MAX_MS = 600000,
    RESTARTS = 3, /* in a row, then quarantine */
    REPLUGS = 3,  /* in a row end a quarantine */
};

#define WHEREVER (FSM_TO(LINK_RECOVERING) | FSM_TO(LINK_QUARANTINED) | FSM_TO(LINK_GONE))
static const struct fsm_state states[LINK_STATES] = {
    [LINK_OPENING] = {"opening", FSM_TO(LINK_SYNCING) | WHEREVER, 0},
    [LINK_SYNCING] = {"syncing", FSM_TO(LINK_IDENTIFYING) | WHEREVER, CONNECT_MS},
    [LINK_IDENTIFYING] = {"identifying", FSM_TO(LINK_REGISTERING) | WHEREVER, CONNECT_MS},
    [LINK_SIM] = {"sim", 0, 0}, /* libgammu tells of a SIM that it is ready, or fails to connect */
    [LINK_REGISTERING] = {"registering", FSM_TO(LINK_READY) | WHEREVER, 0},
    [LINK_READY] = {"ready", FSM_TO(LINK_BUSY) | FSM_TO(LINK_REGISTERING) | WHEREVER, 0},
    [LINK_BUSY] = {"busy", FSM_TO(LINK_READY) | FSM_TO(LINK_REGISTERING) | WHEREVER,
                   GAMMU_OWNER_MS + GAMMU_ANSWER_MS + GAMMU_ALIVE_MS},
    [LINK_RECOVERING] = {"recovering",
                         FSM_TO(LINK_OPENING) | FSM_TO(LINK_RECOVERING) | FSM_TO(LINK_QUARANTINED) |
                             FSM_TO(LINK_GONE),
                         0},
    [LINK_QUARANTINED] = {"quarantined", FSM_TO(LINK_OPENING), 0},
    [LINK_GONE] = {"gone", FSM_TO(LINK_OPENING), 0},
};
static const struct fsm_table table = {"gammu", states, LINK_STATES,
                                       FSM_TO(LINK_READY) | FSM_TO(LINK_BUSY)};

struct gammu_link *gammu_own(struct link *link)
{
    return (struct gammu_link *)link;
}

enum link_state gammu_state(const struct gammu_link *l)
{
    return (enum link_state)l->fsm.state;
}

/* --- telling ------------------------------------------------------------------------------- */

static void flush(void *arg)
{
    struct gammu_link *l = arg;
    const struct link_sink *sink = l->link.sink;
    if (l->notices.outcome) {
        struct sms_outcome result = l->notices.result;
        l->notices.outcome = false;
        l->send.left = false;
        sink->outcome(l->link.ctx, &l->link, l->send.submit.token, l->send.submit.part, &result);
    }
    if (!l->closed && l->notices.state) {
        char why[sizeof l->notices.why];
        memcpy(why, l->notices.why, sizeof why);
        l->notices.state = false;
        sink->state(l->link.ctx, &l->link, gammu_state(l), why);
    }
    if (!l->closed && l->notices.commit) {
        l->notices.commit = false;
        l->send.asked = true;
        sink->commit(l->link.ctx, &l->link, l->send.submit.token, l->send.submit.part);
    }
    for (unsigned i = 0; !l->closed && i < GAMMU_WINDOW; i++)
        if (l->window[i].handle && !l->window[i].told)
            gammu_tell_inbound(l, &l->window[i]);
    if (!l->closed && l->notices.radio) {
        l->notices.radio = false;
        sink->radio(l->link.ctx, &l->link, &l->link.radio);
    }
}

void gammu_notify(struct gammu_link *l)
{
    loop_defer(&l->notices.task, LOOP_SOON);
}

static void tell_traced(void *arg)
{
    struct gammu_link *l = arg;
    l->link.sink->traced(l->link.ctx, &l->link);
}

void gammu_goto(struct gammu_link *l, enum link_state state, const char *why)
{
    loop_timer_cancel(&l->timer);
    fsm_goto(&l->fsm, state, why);
    recorder_state(&l->recorder, loop_now_ns(l->loop), link_state_name(state), why);
    if (state == LINK_QUARANTINED)
        recorder_dump(&l->recorder, l->link.name);
    (void)text_copy(l->notices.why, sizeof l->notices.why, why);
    l->notices.state = true;
    gammu_notify(l);
}

/* --- coming and going ------------------------------------------------------------------------ */

static int64_t penalty_ms(struct gammu_link *l, int64_t step_ms)
{
    if (l->penalty < 100)
        l->penalty++;
    int64_t wait_ms = step_ms * l->penalty * l->penalty;
    return wait_ms < PENALTY_MAX_MS ? wait_ms : PENALTY_MAX_MS;
}

/* The one way out of a helper: the submit under way gets its verdict, the process its end. */
static void drop(struct gammu_link *l, enum sms_local cause)
{
    loop_timer_cancel(&l->answer);
    l->looking = l->reset_asked = false;
    l->in_len = 0;
    memset(l->window, 0, sizeof l->window); /* told again by the next helper */
    if (l->stream)
        stream_close(l->stream);
    l->stream = NULL;
    if (l->send.active)
        gammu_send_failed(l, cause);
}

static void open_port(struct gammu_link *l, const char *why);

static void came_anew(void *arg)
{
    struct gammu_link *l = arg;
    if (l->replugs == REPLUGS)
        return; /* it may do so by itself, for its power is too weak */
    l->replugs++;
    open_port(l, "plugged in");
}

static void rest(struct gammu_link *l, const char *why)
{
    int64_t wait_ms = penalty_ms(l, QUARANTINE_STEP_MS);
    gammu_goto(l, LINK_QUARANTINED, why);
    loop_timer_arm_in(&l->timer, wait_ms);
    port_watch_new(l->port, came_anew, l);
}

/* Each time all is well, and then it drops off the bus, or its helper ends. True: too often. */
static bool note_loss(struct gammu_link *l)
{
    int64_t now_ms = loop_now_ms(l->loop);
    bool trouble = often_is_trouble(&l->losses, now_ms);
    bool known = gammu_state(l) == LINK_REGISTERING || gammu_state(l) == LINK_READY ||
                 gammu_state(l) == LINK_BUSY;
    if (!known || l->reset_asked)
        return trouble;
    l->lost = true;
    return often_note(&l->losses, now_ms) || trouble;
}

void gammu_restart(struct gammu_link *l, enum sms_local cause, const char *why)
{
    bool too_often = note_loss(l);
    l->sending |= l->send.active && l->send.left;
    drop(l, cause);
    log_event(LOG_LEVEL_WARNING, "gammu", l->link.name, "restart", "why=\"%s\"", why);
    if (l->penalty >= RESTARTS || too_often) {
        rest(l, why);
        return;
    }
    l->penalty++;
    gammu_goto(l, LINK_RECOVERING, why);
    loop_timer_arm_in(&l->timer, REST_MS);
}

/* One that comes anew and is never reached counts too. */
static void on_port(void *arg)
{
    struct gammu_link *l = arg;
    if (!l->lost)
        (void)often_note(&l->losses, loop_now_ms(l->loop));
    l->lost = false;
    open_port(l, "port is there");
}

/* A port that is there is watched for another device alone: that somebody lets go of it would be
 * our own helper, which ends just now. */
void gammu_gone(struct gammu_link *l, const char *why, int64_t most_ms)
{
    bool too_often = note_loss(l);
    drop(l, SMS_LOCAL_GONE);
    if (too_often && most_ms > 0) {
        rest(l, "it drops off again and again");
        return;
    }
    gammu_goto(l, LINK_GONE, why);
    if (most_ms == 0) {
        port_watch(l->port, on_port, l);
        return;
    }
    int64_t wait_ms = penalty_ms(l, GONE_STEP_MS);
    port_watch_new(l->port, on_port, l);
    loop_timer_arm_in(&l->timer, wait_ms < most_ms ? wait_ms : most_ms);
}

static void open_port(struct gammu_link *l, const char *why)
{
    port_unwatch(l->port);
    often_wake(&l->losses, loop_now_ms(l->loop));
    gammu_goto(l, LINK_OPENING, why);
    memset(&l->link.identity, 0, sizeof l->link.identity);
    l->link.radio = (struct link_radio){.registration = -1, .technology = -1};
    int rc = port_open(l->port, &gammu_hears, l, &l->stream);
    if (rc < 0) {
        l->stream = NULL;
        gammu_gone(l, rc == -ENOENT ? "no such port" : strerror(-rc),
                   rc == -ENOENT ? 0 : GAMMU_GONE_MS);
        return;
    }
    l->lines = 0;
    l->started_ms = loop_now_ms(l->loop);
    gammu_goto(l, LINK_SYNCING, "helper started");
}

void gammu_say(struct gammu_link *l, const struct gammu_line *line)
{
    char text[GAMMU_LINE_MAX + 2];
    size_t len = gammu_line_form(line, text);
    gammu_line_show(line, recorder_put(&l->recorder, loop_now_ns(l->loop), '>'), RECORDER_TEXT);
    if (l->stream && stream_write(l->stream, text, len) < 0)
        return; /* on_gone follows */
}

void gammu_look(struct gammu_link *l)
{
    const struct gammu_line line = {.word = GAMMU_LOOK};
    if (l->looking)
        return; /* each has its own answer: the one that is due will do */
    l->looking = true;
    l->lines = 0;
    loop_timer_arm_in(&l->answer, GAMMU_ALIVE_MS);
    gammu_say(l, &line);
}

static bool registered(const struct gammu_link *l)
{
    int stat = l->link.radio.registration;
    return stat == 1 || (stat == 5 && l->roaming);
}

/* The state stays, and the reason is new. */
static void say_why(struct gammu_link *l, const char *why)
{
    if (strcmp(l->notices.why, why) == 0)
        return;
    (void)text_copy(l->notices.why, sizeof l->notices.why, why);
    l->notices.state = true;
    gammu_notify(l);
}

static const char *why_not(const struct gammu_link *l)
{
    return l->link.radio.registration == 5 ? "only a foreign network, and roaming is off"
                                           : "no network";
}

void gammu_settle(struct gammu_link *l, const char *why)
{
    if (l->reset_asked) {
        gammu_restart(l, SMS_LOCAL_GONE, "asked to");
        return;
    }
    enum link_state wanted = registered(l) ? LINK_READY : LINK_REGISTERING;
    if (gammu_state(l) != wanted)
        gammu_goto(l, wanted, registered(l) ? why : why_not(l));
    else if (!registered(l))
        say_why(l, why_not(l));
    /* As long after the last one, however many messages there were since. Where it is due it comes
     * before the next of them, which would put it off again. */
    int64_t next_ms = l->looked_ms + (registered(l) ? l->keepalive_ms : SEARCH_MS);
    if (next_ms > loop_now_ms(l->loop))
        loop_timer_arm(&l->timer, next_ms);
    else
        gammu_look(l);
}

/* --- time --- */

/* Bytes that have already arrived are handled before a time-out is believed. */
static bool answered_meanwhile(struct gammu_link *l)
{
    if (l->stream)
        stream_drain(l->stream);
    return loop_timer_armed(&l->answer) || (!l->send.active && !l->looking);
}

static void on_answer_timeout(void *arg)
{
    struct gammu_link *l = arg;
    if (answered_meanwhile(l))
        return;
    if (l->send.active && !l->send.left) {
        gammu_send_failed(l, SMS_LOCAL_ABORTED); /* the owner was silent */
        gammu_settle(l, "free");
    } else {
        gammu_restart(l, SMS_LOCAL_TIMEOUT, "the helper hangs");
    }
}

static void on_timer(void *arg)
{
    struct gammu_link *l = arg;
    switch (gammu_state(l)) {
    case LINK_REGISTERING:
    case LINK_READY:
        gammu_look(l);
        break;
    case LINK_QUARANTINED:
        l->replugs = 0;
        open_port(l, "another try");
        break;
    case LINK_RECOVERING:
    case LINK_GONE:
        open_port(l, "another try");
        break;
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_SIM:
    case LINK_BUSY:
        break;
    }
}

static void on_state_timeout(void *arg)
{
    gammu_restart(arg, SMS_LOCAL_TIMEOUT, "the phone does not answer");
}

/* --- the contract's calls --- */

static int op_open(struct link *link)
{
    open_port(gammu_own(link), "open");
    return 0;
}

static int op_reset(struct link *link)
{
    struct gammu_link *l = gammu_own(link);
    if (gammu_state(l) == LINK_GONE)
        return -ENODEV;
    if (gammu_state(l) == LINK_QUARANTINED || gammu_state(l) == LINK_RECOVERING) {
        open_port(l, "another try");
    } else if (gammu_state(l) == LINK_BUSY) {
        l->reset_asked = true;
    } else if (gammu_state(l) == LINK_READY || gammu_state(l) == LINK_REGISTERING) {
        l->reset_asked = true;
        gammu_restart(l, SMS_LOCAL_GONE, "asked to");
    }
    return 0; /* else it starts just now */
}

static bool op_trace(const struct link *link, uint64_t number, struct link_trace *out)
{
    return link_trace_of(&((const struct gammu_link *)link)->recorder, number, out);
}

static bool op_in_flight(const struct link *link)
{
    return ((const struct gammu_link *)link)->send.left;
}

static int op_ussd(struct link *link, const char *text, int timeout_ms)
{
    (void)link;
    (void)text;
    (void)timeout_ms;
    return -ENOTSUP; /* libgammu's phones without AT have none */
}

static void op_ussd_cancel(struct link *link)
{
    (void)link;
}

static void op_pin(struct link *link, const char *pin, const char *why)
{
    (void)link;
    (void)pin;
    (void)why; /* never asked for */
}

static void reap(void *arg)
{
    struct gammu_link *l = arg;
    if (l->owns_port)
        port_free(l->port);
    explicit_bzero(l, sizeof *l);
    free(l);
}

static void op_close(struct link *link)
{
    struct gammu_link *l = gammu_own(link);
    assert(!l->closed);
    l->closed = true;
    port_unwatch(l->port);
    if (l->stream)
        stream_close(l->stream);
    l->stream = NULL;
    fsm_stop(&l->fsm);
    loop_timer_cancel(&l->timer);
    loop_timer_cancel(&l->answer);
    loop_task_cancel(&l->notices.task);
    loop_task_cancel(&l->traced);
    l->recorder.told = NULL;
    loop_defer(&l->reaper, LOOP_SOON);
}

static const struct link_ops ops = {
    .open = op_open,
    .submit = gammu_op_submit,
    .proceed = gammu_op_proceed,
    .ussd_start = op_ussd,
    .ussd_answer = op_ussd,
    .ussd_cancel = op_ussd_cancel,
    .abort = gammu_op_abort,
    .reset = op_reset,
    .close = op_close,
    .taken = gammu_op_taken,
    .in_flight = op_in_flight,
    .trace = op_trace,
    .pin = op_pin,
};

struct link *gammu_link_new(struct loop *loop, struct port *port,
                            const struct gammu_link_config *config, const struct link_sink *sink,
                            void *ctx)
{
    struct gammu_link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->link.ops = &ops;
    l->link.sink = sink;
    l->link.ctx = ctx;
    (void)text_copy(l->link.name, sizeof l->link.name, config->name);
    l->link.radio = (struct link_radio){.registration = -1, .technology = -1};
    l->link.pin_left = -1;
    l->loop = loop;
    l->port = port;
    l->owns_port = config->owns_port;
    l->roaming = config->roaming;
    l->keepalive_ms =
        1000 * (int64_t)(config->keepalive_s > 0 ? config->keepalive_s : KEEPALIVE_DEFAULT_S);
    fsm_init(&l->fsm, &table, l->link.name, LINK_GONE, loop, on_state_timeout, l);
    loop_timer_init(&l->timer, loop, on_timer, l);
    loop_timer_init(&l->answer, loop, on_answer_timeout, l);
    loop_task_init(&l->notices.task, loop, flush, l);
    loop_task_init(&l->reaper, loop, reap, l);
    loop_task_init(&l->traced, loop, tell_traced, l);
    l->recorder.told = sink->traced ? &l->traced : NULL;
    return &l->link;
}
