#include "gammu_link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm.h"
#include "gammu_wire.h"
#include "log.h"
#include "recorder.h"
#include "text.h"

enum {
    KEEPALIVE_DEFAULT_S = 60,
    CONNECT_MS = 90000, /* libgammu tries a silent phone for half a minute and more */
    OWNER_MS = 20000,   /* for the owner's transaction */
    ANSWER_MS = 120000, /* of a submit: the network's own timers and libgammu's waits */
    ALIVE_MS = 60000,   /* of a look, which may read a full memory */
    SEARCH_MS = 10000,  /* between two looks for a network */
    REST_MS = 2000,     /* before a helper is started again */
    GONE_STEP_MS = 1000,
    QUARANTINE_STEP_MS = 10000,
    PENALTY_MAX_MS = 600000,
    RESTARTS = 3,      /* in a row, then quarantine */
    WINDOW = 16,       /* TPDUs told upward and not taken */
    LINES_MAX = 10000, /* between two looks: more is a flood */
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
                   OWNER_MS + ANSWER_MS + ALIVE_MS},
    [LINK_RECOVERING] = {"recovering",
                         FSM_TO(LINK_OPENING) | FSM_TO(LINK_RECOVERING) | FSM_TO(LINK_QUARANTINED) |
                             FSM_TO(LINK_GONE),
                         0},
    [LINK_QUARANTINED] = {"quarantined", FSM_TO(LINK_OPENING), 0},
    [LINK_GONE] = {"gone", FSM_TO(LINK_OPENING), 0},
};
static const struct fsm_table table = {"gammu", states, LINK_STATES,
                                       FSM_TO(LINK_READY) | FSM_TO(LINK_BUSY)};

struct window {
    uint64_t handle; /* ours; 0: free */
    uint64_t theirs;
    bool told;
    struct pdu_tpdu tpdu;
};

struct gammu_link {
    struct link link; /* first */
    struct loop *loop;
    struct port *port;
    bool owns_port;
    int64_t keepalive_ms;

    struct fsm fsm;
    struct loop_timer timer;  /* the next look, or the next try */
    struct loop_timer answer; /* of a commit, a submit or a look */
    struct stream *stream;
    char in[GAMMU_LINE_MAX + 1];
    size_t in_len;
    unsigned lines; /* since the last look */
    bool looking;
    bool reset_asked; /* as soon as what is under way has ended */
    unsigned penalty;

    struct {
        bool active, asked, left;
        struct link_submit submit;
    } send;
    struct window window[WINDOW];
    uint64_t next_handle;

    struct { /* what the sink is told at the end of the turn, in this order */
        bool outcome, state, commit, radio;
        struct sms_outcome result;
        char why[80];
        struct loop_task task;
    } notices;
    struct recorder recorder;
    struct loop_task traced;
    bool closed;
    struct loop_task reaper;
};

static struct gammu_link *own(struct link *link)
{
    return (struct gammu_link *)link;
}

static enum link_state state_of(const struct gammu_link *l)
{
    return (enum link_state)l->fsm.state;
}

/* --- telling ------------------------------------------------------------------------------- */

static void tell_inbound(struct gammu_link *l, struct window *window)
{
    struct link_inbound inbound = {.handle = window->handle, .len = window->tpdu.len};
    window->told = true;
    memcpy(inbound.iccid, l->link.identity.iccid, sizeof inbound.iccid);
    memcpy(inbound.tpdu, window->tpdu.octet, window->tpdu.len);
    l->link.sink->inbound(l->link.ctx, &l->link, &inbound);
}

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
        sink->state(l->link.ctx, &l->link, state_of(l), why);
    }
    if (!l->closed && l->notices.commit) {
        l->notices.commit = false;
        l->send.asked = true;
        sink->commit(l->link.ctx, &l->link, l->send.submit.token, l->send.submit.part);
    }
    for (unsigned i = 0; !l->closed && i < WINDOW; i++)
        if (l->window[i].handle && !l->window[i].told)
            tell_inbound(l, &l->window[i]);
    if (!l->closed && l->notices.radio) {
        l->notices.radio = false;
        sink->radio(l->link.ctx, &l->link, &l->link.radio);
    }
}

static void notify(struct gammu_link *l)
{
    loop_defer(&l->notices.task, LOOP_SOON);
}

static void tell_traced(void *arg)
{
    struct gammu_link *l = arg;
    l->link.sink->traced(l->link.ctx, &l->link);
}

static void go(struct gammu_link *l, enum link_state state, const char *why)
{
    loop_timer_cancel(&l->timer);
    fsm_goto(&l->fsm, state, why);
    recorder_state(&l->recorder, loop_now_ns(l->loop), link_state_name(state), why);
    if (state == LINK_QUARANTINED)
        recorder_dump(&l->recorder, l->link.name);
    (void)text_copy(l->notices.why, sizeof l->notices.why, why);
    l->notices.state = true;
    notify(l);
}

static void tell_outcome(struct gammu_link *l, const struct sms_outcome *outcome)
{
    assert(l->send.active);
    l->send.active = l->send.asked = false;
    l->notices.commit = false;
    l->notices.outcome = true;
    l->notices.result = *outcome;
    loop_timer_cancel(&l->answer);
    log_event(LOG_LEVEL_INFO, "gammu", l->link.name, "outcome",
              "token=%llu part=%u verdict=%s cause=%d reference=%d",
              (unsigned long long)l->send.submit.token, l->send.submit.part,
              sms_verdict_name(outcome->verdict), outcome->cause, outcome->reference);
    notify(l);
}

static void tell_failed(struct gammu_link *l, enum sms_local cause)
{
    const struct sms_outcome outcome = {
        .verdict = sms_cause_verdict(SMS_CAUSE_LOCAL, (int)cause, l->send.left),
        .space = SMS_CAUSE_LOCAL,
        .cause = (int)cause,
        .reference = -1};
    tell_outcome(l, &outcome);
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
        tell_failed(l, cause);
}

static void restart(struct gammu_link *l, enum sms_local cause, const char *why)
{
    drop(l, cause);
    log_event(LOG_LEVEL_WARNING, "gammu", l->link.name, "restart", "why=\"%s\"", why);
    if (l->penalty < RESTARTS) {
        l->penalty++;
        go(l, LINK_RECOVERING, why);
        loop_timer_arm_in(&l->timer, REST_MS);
        return;
    }
    int64_t wait_ms = penalty_ms(l, QUARANTINE_STEP_MS);
    go(l, LINK_QUARANTINED, why);
    loop_timer_arm_in(&l->timer, wait_ms);
}

static void open_port(struct gammu_link *l, const char *why);

static void on_port(void *arg)
{
    open_port(arg, "port is there");
}

static void gone(struct gammu_link *l, const char *why)
{
    drop(l, SMS_LOCAL_GONE);
    go(l, LINK_GONE, why);
    port_watch(l->port, on_port, l);
    loop_timer_arm_in(&l->timer, penalty_ms(l, GONE_STEP_MS));
}

static const struct stream_sink stream_sink;

static void open_port(struct gammu_link *l, const char *why)
{
    port_unwatch(l->port);
    go(l, LINK_OPENING, why);
    memset(&l->link.identity, 0, sizeof l->link.identity);
    l->link.radio = (struct link_radio){.registration = -1, .technology = -1};
    int rc = port_open(l->port, &stream_sink, l, &l->stream);
    if (rc < 0) {
        l->stream = NULL;
        gone(l, rc == -ENOENT ? "no such port" : strerror(-rc));
        return;
    }
    l->lines = 0;
    go(l, LINK_SYNCING, "helper started");
}

static void say(struct gammu_link *l, const struct gammu_line *line)
{
    char text[GAMMU_LINE_MAX + 2];
    size_t len = gammu_line_form(line, text);
    gammu_line_show(line, recorder_put(&l->recorder, loop_now_ns(l->loop), '>'), RECORDER_TEXT);
    if (l->stream && stream_write(l->stream, text, len) < 0)
        return; /* on_gone follows */
}

static void look(struct gammu_link *l)
{
    const struct gammu_line line = {.word = GAMMU_LOOK};
    l->looking = true;
    l->lines = 0;
    loop_timer_arm_in(&l->answer, ALIVE_MS);
    say(l, &line);
}

/* --- what the helper says --- */

static bool registered(const struct gammu_link *l)
{
    int stat = l->link.radio.registration;
    return stat == 1 || stat == 5;
}

/* READY or REGISTERING, as the last radio line has it. */
static void settle(struct gammu_link *l, const char *why)
{
    if (l->reset_asked) {
        restart(l, SMS_LOCAL_GONE, "asked to");
        return;
    }
    enum link_state wanted = registered(l) ? LINK_READY : LINK_REGISTERING;
    if (state_of(l) != wanted)
        go(l, wanted, registered(l) ? why : "no network");
    if (!loop_timer_armed(&l->timer))
        loop_timer_arm_in(&l->timer, registered(l) ? l->keepalive_ms : SEARCH_MS);
}

static bool take_identity(struct gammu_link *l, const struct gammu_line *line, char *out,
                          size_t room)
{
    return state_of(l) == LINK_IDENTIFYING && text_copy(out, room, line->text);
}

static bool take_ready(struct gammu_link *l)
{
    if (state_of(l) != LINK_IDENTIFYING)
        return false;
    l->link.card = LINK_CARD_READY;
    go(l, LINK_REGISTERING, "phone known");
    look(l);
    return true;
}

static bool take_radio(struct gammu_link *l, const struct gammu_line *line)
{
    l->link.radio.registration = (int)line->number;
    l->link.radio.signal_dbm = line->value;
    (void)text_copy(l->link.radio.operator_, sizeof l->link.radio.operator_, line->text);
    l->notices.radio = true;
    notify(l);
    return true;
}

static bool take_inbound(struct gammu_link *l, const struct gammu_line *line)
{
    struct window *free_one = NULL;
    for (unsigned i = 0; i < WINDOW; i++) {
        if (l->window[i].handle && l->window[i].theirs == line->id)
            return true; /* told again before it was taken */
        if (!l->window[i].handle)
            free_one = &l->window[i];
    }
    if (!free_one)
        return false; /* it was told how many it may tell */
    *free_one = (struct window){
        .handle = ++l->next_handle, .theirs = line->id, .told = false, .tpdu = line->tpdu};
    notify(l);
    return true;
}

static bool take_outcome(struct gammu_link *l, const struct gammu_line *line)
{
    struct sms_outcome outcome = {.verdict =
                                      line->word == GAMMU_REFUSED ? SMS_NOT_SENT : SMS_UNKNOWN,
                                  .space = SMS_CAUSE_LOCAL,
                                  .cause = SMS_LOCAL_ERROR,
                                  .reference = -1};
    if (!l->send.active || !l->send.left || l->send.submit.token != line->id ||
        l->send.submit.part != line->number)
        return false; /* of something that is not under way: it lies */
    if (line->word == GAMMU_SENT) {
        outcome = (struct sms_outcome){
            .verdict = SMS_SENT, .space = SMS_CAUSE_NONE, .reference = line->value & 0xFF};
        l->penalty = 0;
    }
    tell_outcome(l, &outcome);
    settle(l, "free");
    return true;
}

static bool take_alive(struct gammu_link *l)
{
    if (!l->looking)
        return false;
    l->looking = false;
    if (l->send.active)
        return true; /* the answer that is awaited is another one */
    loop_timer_cancel(&l->answer);
    loop_timer_cancel(&l->timer);
    settle(l, "registered");
    return true;
}

/* False: it has no business to say so now. */
static bool take(struct gammu_link *l, const struct gammu_line *line)
{
    struct link_identity *id = &l->link.identity;
    bool known =
        state_of(l) == LINK_REGISTERING || state_of(l) == LINK_READY || state_of(l) == LINK_BUSY;
    switch (line->word) {
    case GAMMU_HELLO:
        if (state_of(l) != LINK_SYNCING || line->number != GAMMU_WIRE_VERSION)
            return false;
        go(l, LINK_IDENTIFYING, "helper speaks");
        return true;
    case GAMMU_IMEI:
        return take_identity(l, line, id->imei, sizeof id->imei);
    case GAMMU_IMSI:
        return take_identity(l, line, id->imsi, sizeof id->imsi) &&
               take_identity(l, line, id->iccid, sizeof id->iccid);
    case GAMMU_SMSC:
        return take_identity(l, line, id->smsc, sizeof id->smsc);
    case GAMMU_MAKER:
        return take_identity(l, line, id->maker, sizeof id->maker);
    case GAMMU_MODEL:
        return take_identity(l, line, id->model, sizeof id->model);
    case GAMMU_REVISION:
        return take_identity(l, line, id->revision, sizeof id->revision);
    case GAMMU_READY:
        return take_ready(l);
    case GAMMU_RADIO:
        return known && take_radio(l, line);
    case GAMMU_INBOUND:
        return known && take_inbound(l, line);
    case GAMMU_SENT:
    case GAMMU_REFUSED:
    case GAMMU_FAILED:
        return take_outcome(l, line);
    case GAMMU_ALIVE:
        return known && take_alive(l);
    case GAMMU_BROKEN:
        log_event(LOG_LEVEL_WARNING, "gammu", l->link.name, "broken", "error=%u", line->number);
        gone(l, "the phone is not reached");
        return true;
    case GAMMU_SEND:
    case GAMMU_TAKEN:
    case GAMMU_LOOK:
        return false;
    }
    return false;
}

static void take_text(struct gammu_link *l, const char *text, size_t len)
{
    struct gammu_line line;
    bool known = gammu_line_parse(text, len, &line);
    char *seen = recorder_put(&l->recorder, loop_now_ns(l->loop), '<');
    if (known)
        gammu_line_show(&line, seen, RECORDER_TEXT);
    else
        (void)snprintf(seen, RECORDER_TEXT, "<line:%zu>", len);
    if (++l->lines > LINES_MAX)
        restart(l, SMS_LOCAL_GONE, "the helper floods");
    else if (!known || !take(l, &line))
        restart(l, SMS_LOCAL_GONE, "the helper says what it must not");
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct gammu_link *l = ctx;
    const struct stream *stream = l->stream;
    for (size_t i = 0; i < len && l->stream && l->stream == stream; i++) {
        if (data[i] == '\n') {
            size_t line = l->in_len;
            l->in_len = 0;
            take_text(l, l->in, line);
        } else if (l->in_len < GAMMU_LINE_MAX) {
            l->in[l->in_len++] = (char)data[i];
        } else {
            restart(l, SMS_LOCAL_GONE, "the helper says what it must not");
        }
    }
}

static void on_gone(void *ctx, int err)
{
    (void)err;
    restart(ctx, SMS_LOCAL_GONE, "the helper has ended");
}

static const struct stream_sink stream_sink = {.on_data = on_data, .on_gone = on_gone};

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
        tell_failed(l, SMS_LOCAL_ABORTED); /* the owner was silent */
        settle(l, "free");
    } else {
        restart(l, SMS_LOCAL_TIMEOUT, "the helper hangs");
    }
}

static void on_timer(void *arg)
{
    struct gammu_link *l = arg;
    switch (state_of(l)) {
    case LINK_REGISTERING:
    case LINK_READY:
        look(l);
        break;
    case LINK_RECOVERING:
    case LINK_QUARANTINED:
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
    restart(arg, SMS_LOCAL_TIMEOUT, "the phone does not answer");
}

/* --- the contract's calls --- */

static int op_open(struct link *link)
{
    open_port(own(link), "open");
    return 0;
}

static int op_submit(struct link *link, const struct link_submit *submit)
{
    struct gammu_link *l = own(link);
    if (state_of(l) != LINK_READY || l->send.active || l->notices.outcome)
        return -EAGAIN;
    l->send.active = true;
    l->send.asked = l->send.left = false;
    l->send.submit = *submit;
    go(l, LINK_BUSY, "submit");
    loop_timer_arm_in(&l->answer, OWNER_MS);
    l->notices.commit = true;
    notify(l);
    return 0;
}

static void op_proceed(struct link *link, uint64_t token, unsigned part, bool yes)
{
    struct gammu_link *l = own(link);
    if (!l->send.active || !l->send.asked || token != l->send.submit.token ||
        part != l->send.submit.part)
        return;
    l->send.asked = false;
    if (!yes) {
        tell_failed(l, SMS_LOCAL_REFUSED);
        settle(l, "free");
        return;
    }
    const struct gammu_line line = {
        .word = GAMMU_SEND, .id = token, .number = part, .tpdu = l->send.submit.tpdu};
    l->send.left = true; /* a helper that ends now may have had it */
    loop_timer_arm_in(&l->answer, ANSWER_MS);
    say(l, &line);
}

static void op_abort(struct link *link)
{
    struct gammu_link *l = own(link);
    if (!l->send.active || l->send.left)
        return;
    tell_failed(l, SMS_LOCAL_ABORTED);
    settle(l, "free");
}

static int op_reset(struct link *link)
{
    struct gammu_link *l = own(link);
    if (state_of(l) == LINK_GONE)
        return -ENODEV;
    if (state_of(l) == LINK_QUARANTINED || state_of(l) == LINK_RECOVERING)
        open_port(l, "another try");
    else if (state_of(l) == LINK_BUSY)
        l->reset_asked = true;
    else if (state_of(l) == LINK_READY || state_of(l) == LINK_REGISTERING)
        restart(l, SMS_LOCAL_GONE, "asked to");
    return 0; /* else it starts just now */
}

static void op_taken(struct link *link, uint64_t handle, bool ok)
{
    struct gammu_link *l = own(link);
    for (unsigned i = 0; handle && i < WINDOW; i++) {
        if (l->window[i].handle != handle)
            continue;
        const struct gammu_line line = {
            .word = GAMMU_TAKEN, .id = l->window[i].theirs, .number = ok};
        memset(&l->window[i], 0, sizeof l->window[i]);
        say(l, &line);
        return;
    }
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
    struct gammu_link *l = own(link);
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
    .submit = op_submit,
    .proceed = op_proceed,
    .ussd_start = op_ussd,
    .ussd_answer = op_ussd,
    .ussd_cancel = op_ussd_cancel,
    .abort = op_abort,
    .reset = op_reset,
    .close = op_close,
    .taken = op_taken,
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
