#include "at_link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"
#include "number.h"
#include "port_slot.h"
#include "text.h"

enum { KEEPALIVE_DEFAULT_S = 60, CMS_MEMORY_FULL = 322 };

/* A time-out here is the last resort of a state: each has a finer timer of its own. */
#define WHEREVER (FSM_TO(LINK_RECOVERING) | FSM_TO(LINK_GONE))
static const struct fsm_state states[LINK_STATES] = {
    [LINK_OPENING] = {"opening", FSM_TO(LINK_SYNCING) | WHEREVER, 60000},
    [LINK_SYNCING] = {"syncing", FSM_TO(LINK_SYNCING) | FSM_TO(LINK_IDENTIFYING) | WHEREVER,
                      120000},
    [LINK_IDENTIFYING] = {"identifying", FSM_TO(LINK_SIM) | FSM_TO(LINK_SYNCING) | WHEREVER,
                          300000},
    [LINK_SIM] = {"sim", FSM_TO(LINK_REGISTERING) | FSM_TO(LINK_SYNCING) | WHEREVER, 0},
    /* Modems are known to stop searching: a restart every half hour without a network. */
    [LINK_REGISTERING] = {"registering",
                          FSM_TO(LINK_READY) | FSM_TO(LINK_SIM) | FSM_TO(LINK_SYNCING) | WHEREVER,
                          1800000},
    [LINK_READY] = {"ready",
                    FSM_TO(LINK_BUSY) | FSM_TO(LINK_REGISTERING) | FSM_TO(LINK_SIM) |
                        FSM_TO(LINK_SYNCING) | WHEREVER,
                    0},
    [LINK_BUSY] = {"busy",
                   FSM_TO(LINK_READY) | FSM_TO(LINK_REGISTERING) | FSM_TO(LINK_SIM) |
                       FSM_TO(LINK_SYNCING) | WHEREVER,
                   400000},
    [LINK_RECOVERING] = {"recovering",
                         FSM_TO(LINK_RECOVERING) | FSM_TO(LINK_READY) | FSM_TO(LINK_REGISTERING) |
                             FSM_TO(LINK_SIM) | FSM_TO(LINK_SYNCING) | FSM_TO(LINK_OPENING) |
                             FSM_TO(LINK_QUARANTINED) | FSM_TO(LINK_GONE),
                         900000},
    [LINK_QUARANTINED] = {"quarantined", FSM_TO(LINK_OPENING), 900000},
    [LINK_GONE] = {"gone", FSM_TO(LINK_OPENING) | FSM_TO(LINK_RECOVERING), 0},
};
/* READY and BUSY: to and fro for each message, which has a line of its own. */
static const struct fsm_table table = {"at", states, LINK_STATES,
                                       FSM_TO(LINK_READY) | FSM_TO(LINK_BUSY)};

/* What modems say unasked. A row without a function is known noise (facts: ^RSSI and its like come
 * every few seconds); the first prefix that fits counts. */
static const struct at_urc urcs[] = {
    {.prefix = "+CMGS:", .fn = at_send_on_cmgs},
    {.prefix = "+CREG:", .fn = at_network_on_registration},
    {.prefix = "+CGREG:", .fn = at_network_on_registration},
    {.prefix = "+CEREG:", .fn = at_network_on_registration},
    {.prefix = "+CPIN:", .fn = at_sim_on_cpin},
    {.prefix = "RDY", .fn = at_recover_on_reboot},       /* Quectel, SIMCom */
    {.prefix = "^SYSSTART", .fn = at_recover_on_reboot}, /* Cinterion */
    {.prefix = "*ATREADY:", .fn = at_recover_on_reboot}, /* A76xx */
    {.prefix = "SMS Ready", .fn = at_sim_on_sms_ready},  /* SIM800 */
    {.prefix = "SMS READY", .fn = at_sim_on_sms_ready},  /* SIM7x00 */
    {.prefix = "SMS DONE", .fn = at_sim_on_sms_ready},   /* SIM7x00 */
    {.prefix = "+QIND: SMS DONE", .fn = at_sim_on_sms_ready},
    {.prefix = "+CMTI:", .fn = at_receive_on_stored},
    {.prefix = "+CDSI:", .fn = at_receive_on_stored},
    {.prefix = "+CMT:",
     .fn = at_inbound_on_header,
     .text = true,
     .body = true,
     .body_fn = at_inbound_on_body},
    {.prefix = "+CDS:",
     .fn = at_inbound_on_header,
     .text = true,
     .body = true,
     .body_fn = at_inbound_on_body},
    {.prefix = "+CBM:", .text = true, .body = true},
    {.prefix = "+CUSD:", .fn = at_ussd_on_line, .text = true},
    {.prefix = "RING"},
    {.prefix = "+CRING:"},
    {.prefix = "+CLIP:"},
    {.prefix = "^RSSI:"}, /* Huawei, down to ^SMMEMFULL */
    {.prefix = "^MODE:"},
    {.prefix = "^BOOT:"},
    {.prefix = "^DSFLOWRPT:"},
    {.prefix = "^HCSQ:"},
    {.prefix = "^SIMST:", .fn = at_card_on_notice},
    {.prefix = "^SRVST:"},
    {.prefix = "^STIN:"},
    {.prefix = "^NDISSTAT:"},
    {.prefix = "^CERSSI:"},
    {.prefix = "^SMMEMFULL", .fn = at_receive_on_full},
    {.prefix = "^SIND:", .fn = at_receive_on_full},    /* Cinterion */
    {.prefix = "+SMS FULL", .fn = at_receive_on_full}, /* A7670 */
    {.prefix = "+ZUSIMR:", .fn = at_card_on_notice},   /* ZTE, down to +ZURDY */
    {.prefix = "+ZPASR:"},
    {.prefix = "+ZDONR:"},
    {.prefix = "+ZEND"},
    {.prefix = "+ZURDY"},
    {.prefix = "+QIND:"},
    {.prefix = "+QUSIM:", .fn = at_card_on_notice},
    {.prefix = "+QSIMSTAT:", .fn = at_card_on_notice}, /* <enable>,<inserted> */
    {.prefix = "+CSMINS:", .fn = at_card_on_notice},   /* SIMCom, the same */
    {.prefix = "^SCKS:", .fn = at_card_on_notice},     /* Cinterion: its SIM tray */
    {.prefix = "#STN:"},                               /* Telit */
    {.prefix = "#QSS:", .fn = at_card_on_notice},
    {.prefix = "+UUSIMSTAT:", .fn = at_card_on_notice},
    {.prefix = "+UREG:"},
    {.prefix = "+CIEV:", .fn = at_receive_on_full},
    {.prefix = "+WIND:"},
    {.prefix = "*PSURC:"},
    {.prefix = "+CFUN:"},
    {.prefix = "+PACSP"},
    {.prefix = "Call Ready"},
    {.prefix = "PB DONE"},
    {.prefix = "UNDER-VOLTAGE"},
    {.prefix = NULL},
};

/* --- telling --- */

static void link_flush_pin(struct at_link *l)
{
    const struct link_sink *sink = l->link.sink;
    if (l->notices.pin_rejected) {
        l->notices.pin_rejected = false;
        if (sink->pin_rejected)
            sink->pin_rejected(l->link.ctx, &l->link);
    }
    if (!l->closed && l->notices.pin) {
        l->notices.pin = false;
        if (sink->pin && l->pin.asked)
            sink->pin(l->link.ctx, &l->link);
    }
}

static void link_flush(void *arg)
{
    struct at_link *l = arg;
    struct at_notices *n = &l->notices;
    const struct link_sink *sink = l->link.sink;
    if (n->outcome) {
        struct sms_outcome result = n->result;
        n->outcome = false;
        l->send.left = false;
        sink->outcome(l->link.ctx, &l->link, n->token, n->part, &result);
    }
    if (!l->closed && n->ussd) {
        n->ussd = false; /* first: the owner may go on from inside */
        struct link_ussd result = n->ussd_result;
        explicit_bzero(&n->ussd_result, sizeof n->ussd_result);
        if (sink->ussd)
            sink->ussd(l->link.ctx, &l->link, &result);
        explicit_bzero(&result, sizeof result);
    }
    if (!l->closed && n->form) {
        n->form = false;
        if (sink->ussd_form)
            sink->ussd_form(l->link.ctx, &l->link, n->ussd_form);
    }
    while (!l->closed && n->evidences > 0) {
        struct link_evidence evidence = n->evidence[0];
        memmove(n->evidence, n->evidence + 1, --n->evidences * sizeof evidence);
        sink->evidence(l->link.ctx, &l->link, &evidence);
    }
    if (!l->closed && n->state) {
        char why[sizeof n->why];
        memcpy(why, n->why, sizeof why);
        n->state = false;
        sink->state(l->link.ctx, &l->link, at_link_state(l), why);
    }
    if (!l->closed)
        link_flush_pin(l);
    if (!l->closed && n->commit) {
        n->commit = false;
        sink->commit(l->link.ctx, &l->link, l->send.submit.token, l->send.submit.part);
    }
    struct link_inbound inbound;
    while (!l->closed && at_inbound_next(l, &inbound))
        sink->inbound(l->link.ctx, &l->link, &inbound);
    if (!l->closed && n->elsewhere) {
        n->elsewhere = false;
        if (sink->elsewhere)
            sink->elsewhere(l->link.ctx, &l->link);
    }
    if (!l->closed && n->radio) {
        n->radio = false;
        sink->radio(l->link.ctx, &l->link, &l->link.radio);
    }
}

static void link_tell_traced(void *arg)
{
    struct at_link *l = arg;
    l->link.sink->traced(l->link.ctx, &l->link);
}

static void link_notify(struct at_link *l)
{
    loop_defer(&l->notices.task, LOOP_SOON);
}

void at_link_tell_pin(struct at_link *l)
{
    l->notices.pin = true;
    link_notify(l);
}

void at_link_tell_pin_rejected(struct at_link *l)
{
    l->notices.pin_rejected = true;
    link_notify(l);
}

void at_link_say(struct at_link *l, const char *why)
{
    (void)text_copy(l->notices.why, sizeof l->notices.why, why);
    l->notices.state = true;
    link_notify(l);
}

void at_link_tell_outcome(struct at_link *l, const struct sms_outcome *outcome)
{
    struct at_sending *send = &l->send;
    assert(send->active && !l->notices.outcome);
    send->active = false;
    send->asked = false;
    loop_timer_cancel(&send->slow);
    l->notices.commit = false;
    l->notices.outcome = true;
    l->notices.token = send->submit.token;
    l->notices.part = send->submit.part;
    l->notices.result = *outcome;
    log_event(LOG_LEVEL_INFO, "at", l->link.name, "outcome",
              "token=%llu part=%u verdict=%s space=%d cause=%d reference=%d",
              (unsigned long long)send->submit.token, send->submit.part,
              sms_verdict_name(outcome->verdict), outcome->space, outcome->cause,
              outcome->reference);
    link_notify(l);
}

void at_link_tell_evidence(struct at_link *l, const struct link_evidence *evidence)
{
    if (l->notices.evidences == AT_EVIDENCE_MAX) {
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "evidence-dropped", "reference=%d",
                  evidence->reference);
        return;
    }
    l->notices.evidence[l->notices.evidences++] = *evidence;
    log_event(LOG_LEVEL_INFO, "at", l->link.name, "evidence", "token=%llu reference=%d unsure=%d",
              (unsigned long long)evidence->token, evidence->reference, evidence->unsure);
    link_notify(l);
}

void at_link_tell_commit(struct at_link *l)
{
    l->send.asked = true;
    l->notices.commit = true;
    link_notify(l);
}

void at_link_tell_radio(struct at_link *l)
{
    l->notices.radio = true;
    link_notify(l);
}

void at_link_tell_ussd(struct at_link *l, const struct link_ussd *result)
{
    l->notices.ussd = true;
    l->notices.ussd_result = *result;
    link_notify(l);
}

void at_link_tell_ussd_form(struct at_link *l, enum ussd_form form)
{
    l->notices.form = true;
    l->notices.ussd_form = form;
    link_notify(l);
}

void at_link_tell_elsewhere(struct at_link *l)
{
    l->notices.elsewhere = true;
    link_notify(l);
}

void at_link_tell_inbound(struct at_link *l)
{
    link_notify(l);
}

/* --- moving --- */

enum link_state at_link_state(const struct at_link *l)
{
    return (enum link_state)l->fsm.state;
}

void at_link_goto(struct at_link *l, enum link_state state, const char *why)
{
    loop_timer_cancel(&l->timer);
    l->looked = 0;
    fsm_goto(&l->fsm, state, why);
    recorder_state(&l->trace.recorder, loop_now_ns(l->loop), link_state_name(state), why);
    if (state == LINK_QUARANTINED)
        recorder_dump(&l->trace.recorder, l->link.name);
    if (state != LINK_BUSY)
        at_ussd_forget(l);
    if (state == LINK_SYNCING)
        l->ussd.charset = AT_CHARSET_UNKNOWN;
    at_link_say(l, why);
}

static void link_on_timer(void *arg)
{
    struct at_link *l = arg;
    switch (at_link_state(l)) {
    case LINK_SIM:
        at_sim_on_timer(l);
        break;
    case LINK_REGISTERING:
        at_network_on_timer(l);
        break;
    case LINK_READY:
        at_recover_keepalive(l);
        break;
    case LINK_RECOVERING:
    case LINK_QUARANTINED:
    case LINK_GONE:
        at_recover_on_timer(l);
        break;
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_BUSY:
        break;
    }
}

static void link_on_state_timeout(void *arg)
{
    struct at_link *l = arg;
    switch (at_link_state(l)) {
    case LINK_OPENING:
        at_recover_cannot_open(l, ETIMEDOUT);
        break;
    case LINK_REGISTERING:
        at_ladder_climb(l, "no network for half an hour");
        break;
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_BUSY:
    case LINK_RECOVERING:
        at_ladder_climb(l, "nothing moves");
        break;
    case LINK_QUARANTINED:
        at_link_open_port(l, "quarantine over");
        break;
    case LINK_SIM:
    case LINK_READY:
    case LINK_GONE:
        break;
    }
}

/* --- the stream --- */

static void link_on_open(void *ctx)
{
    struct at_link *l = ctx;
    l->recovery.missed = 0;
    if (l->rescue)
        rescue_note(l->rescue, port_uri(l->port));
    if (!at_recover_returned(l))
        at_init_wake(l, "port open");
}

static void link_on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct at_link *l = ctx;
    at_chat_feed(&l->chat, data, len);
}

static void link_on_gone(void *ctx, int err)
{
    struct at_link *l = ctx;
    if (err && at_link_state(l) == LINK_OPENING)
        at_recover_cannot_open(l, err);
    else
        at_recover_gone(l, err ? strerror(err) : "hung up", true);
}

static const struct stream_sink stream_sink = {
    .on_open = link_on_open, .on_data = link_on_data, .on_gone = link_on_gone};

void at_link_open_port(struct at_link *l, const char *why)
{
    assert(!l->stream);
    port_unwatch(l->port);
    at_link_goto(l, LINK_OPENING, why);
    int err = port_open(l->port, &stream_sink, l, &l->stream);
    if (err == 0)
        return;
    l->stream = NULL;
    at_recover_cannot_open(l, -err);
}

void at_link_drop_port(struct at_link *l)
{
    at_script_forget(&l->script); /* first: it must not climb the ladder on our way out */
    at_chat_gone(&l->chat);
    at_receive_forget(l);
    at_sim_forget_pin(l);
    if (l->send.active && !l->send.started)
        at_send_end_unstarted(l, SMS_LOCAL_GONE);
    if (l->stream)
        stream_close(l->stream);
    l->stream = NULL;
}

/* --- the dialogue engine's sink --- */

static void link_awake(void *ctx)
{
    at_init_awake(ctx);
}

static void link_fenced(void *ctx, bool in_step)
{
    if (!in_step || !at_ussd_fenced(ctx))
        at_recover_fenced(ctx, in_step);
}

static void link_orphan(void *ctx, const struct at_final *final)
{
    struct at_link *l = ctx;
    at_send_on_orphan(l, final);
    at_ussd_on_orphan(l, final);
    if (final->kind == AT_FINAL_CMS && final->code == CMS_MEMORY_FULL)
        at_receive_full(l);
}

static void link_broken(void *ctx)
{
    at_recover_gone(ctx, "cannot write", true);
}

static void link_idle(void *ctx)
{
    at_ladder_idle(ctx);
}

/* Whoever waits is told now, and nobody else begins to wait. */
static void link_overdue(void *ctx, const struct at_command *command,
                         const struct at_result *so_far)
{
    struct at_link *l = ctx;
    if (at_link_state(l) == LINK_READY)
        at_link_goto(l, LINK_BUSY, "an answer is overdue");
    at_send_overdue(l, command, so_far);
}

static const struct at_chat_sink chat_sink = {.awake = link_awake,
                                              .fenced = link_fenced,
                                              .orphan = link_orphan,
                                              .broken = link_broken,
                                              .idle = link_idle,
                                              .overdue = link_overdue};

/* --- the contract's calls --- */

static struct at_link *own(struct link *link)
{
    return (struct at_link *)link;
}

static int op_open(struct link *link)
{
    struct at_link *l = own(link);
    assert(at_link_state(l) == LINK_GONE && !l->stream && !l->closed);
    at_link_open_port(l, "open");
    return 0;
}

static int op_submit(struct link *link, const struct link_submit *submit)
{
    return at_send_submit(own(link), submit);
}

static void op_proceed(struct link *link, uint64_t token, unsigned part, bool yes)
{
    at_send_proceed(own(link), token, part, yes);
}

static int op_ussd_start(struct link *link, const char *code, int timeout_ms)
{
    return at_ussd_start(own(link), code, timeout_ms);
}

static int op_ussd_answer(struct link *link, const char *text, int timeout_ms)
{
    return at_ussd_answer(own(link), text, timeout_ms);
}

static void op_ussd_cancel(struct link *link)
{
    at_ussd_cancel(own(link));
}

static void op_ussd_form(struct link *link, enum ussd_form form)
{
    at_ussd_recall(own(link), form);
}

static void op_abort(struct link *link)
{
    at_send_abort(own(link));
}

static int op_reset(struct link *link)
{
    return at_ladder_reset(own(link));
}

static void link_reap(void *arg)
{
    struct at_link *l = arg;
    explicit_bzero(&l->notices.ussd_result, sizeof l->notices.ussd_result);
    explicit_bzero(&l->ussd, sizeof l->ussd);
    if (l->owns_port)
        port_free(l->port);
    port_free(l->ear.port);
    rescue_free(l->rescue);
    free(l);
}

static void op_close(struct link *link)
{
    struct at_link *l = own(link);
    assert(!l->closed);
    l->closed = true;
    port_unwatch(l->port);
    at_chat_close(&l->chat);
    at_script_forget(&l->script);
    at_sim_forget_pin(l);
    if (l->rescue)
        rescue_stop(l->rescue);
    if (l->stream)
        stream_close(l->stream);
    l->stream = NULL;
    at_ear_close(l);
    fsm_stop(&l->fsm);
    loop_timer_cancel(&l->timer);
    loop_timer_cancel(&l->send.slow);
    loop_timer_cancel(&l->ussd.timer);
    loop_task_cancel(&l->notices.task);
    loop_task_cancel(&l->traced);
    l->trace.recorder.told = NULL;
    loop_task_cancel(&l->receive.task);
    loop_defer(&l->reaper, LOOP_SOON);
}

static void op_taken(struct link *link, uint64_t handle, bool ok)
{
    at_receive_taken(own(link), handle, ok);
}

static bool op_trace(const struct link *link, uint64_t number, struct link_trace *out)
{
    return link_trace_of(&((const struct at_link *)link)->trace.recorder, number, out);
}

static bool op_in_flight(const struct link *link)
{
    return ((const struct at_link *)link)->send.left;
}

static void op_pin(struct link *link, const char *pin, const char *why)
{
    at_sim_pin(own(link), pin, why);
}

/* Another place, or the same modem started anew: worth a try, however long it was to rest. */
static int op_attach(struct link *link, const char *where)
{
    struct at_link *l = own(link);
    const char *why = "";
    at_ear_close(l);
    if (!where) {
        port_slot_detach(l->port);
        if (l->rescue)
            rescue_note(l->rescue, NULL);
        return 0;
    }
    l->recovery.moving = l->stream && strcmp(port_uri(l->port), where) != 0;
    int rc = port_slot_attach(l->port, where, &why);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "at", l->link.name, "bad-port", "why=\"%s\"", why);
    l->announce_tried = 0;
    if (rc < 0 || l->stream || at_link_state(l) == LINK_OPENING)
        return rc;
    if (!at_recover_plugged(l))
        return 0; /* opened when its time has come */
    if (at_link_state(l) == LINK_RECOVERING && l->recovery.wait == AT_WAIT_RESCUE)
        return 0; /* it is being put back: opened when that is done */
    at_link_open_port(l, "plugged in");
    return 0;
}

static int op_listen(struct link *link, const char *where)
{
    return at_ear_listen(own(link), where);
}

static const struct link_ops ops = {
    .open = op_open,
    .submit = op_submit,
    .proceed = op_proceed,
    .ussd_start = op_ussd_start,
    .ussd_answer = op_ussd_answer,
    .ussd_cancel = op_ussd_cancel,
    .ussd_form = op_ussd_form,
    .abort = op_abort,
    .reset = op_reset,
    .close = op_close,
    .taken = op_taken,
    .in_flight = op_in_flight,
    .trace = op_trace,
    .pin = op_pin,
    .attach = op_attach,
    .listen = op_listen,
};

struct link *at_link_new(struct loop *loop, struct port *port, const struct at_link_config *config,
                         const struct link_sink *sink, void *ctx)
{
    struct at_link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->ops = ops;
    if (!config->slot)
        l->ops.attach = NULL;
    l->ear.port = config->ear;
    if (!config->ear)
        l->ops.listen = NULL;
    l->link.ops = &l->ops;
    l->link.sink = sink;
    l->link.ctx = ctx;
    (void)text_copy(l->link.name, sizeof l->link.name, config->name);
    l->link.radio = (struct link_radio){.registration = -1, .technology = -1};
    l->link.pin_left = -1;
    l->loop = loop;
    l->port = port;
    l->owns_port = config->owns_port;
    l->rescue = config->rescue;
    l->power_every_ms = 1000 * (int64_t)config->power_every_s;
    if (config->smsc && number_is_clean(config->smsc))
        (void)text_copy(l->smsc, sizeof l->smsc, config->smsc);
    l->roaming = config->roaming;
    l->keepalive_ms =
        1000 * (int64_t)(config->keepalive_s > 0 ? config->keepalive_s : KEEPALIVE_DEFAULT_S);
    l->quirks = at_quirks_find("", "");
    fsm_init(&l->fsm, &table, l->link.name, LINK_GONE, loop, link_on_state_timeout, l);
    loop_timer_init(&l->timer, loop, link_on_timer, l);
    loop_task_init(&l->notices.task, loop, link_flush, l);
    loop_task_init(&l->reaper, loop, link_reap, l);
    loop_task_init(&l->traced, loop, link_tell_traced, l);
    l->trace.recorder.told = sink->traced ? &l->traced : NULL;
    at_chat_init(&l->chat, loop, urcs, &chat_sink, l);
    l->chat.trace = &l->trace;
    at_script_init(&l->script, loop, &l->chat, l);
    at_send_init(l);
    at_ussd_init(l);
    at_receive_init(l);
    return &l->link;
}
