#include "at_sim_world.h"
#include "late_stream.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "port_slot.h"
#include "simmodem_inside.h"
#include "text.h"

struct sim_world t;

/* --- the modem's side --- */

void sim_world_net(void)
{
    int64_t next = simnet_next_ms(t.net);
    if (next != INT64_MAX)
        loop_timer_arm(&t.tick, next);
}

static void on_tick(void *arg)
{
    (void)arg;
    simnet_advance(t.net, loop_now_ms(t.loop));
    sim_world_net();
}

/* Out of the modem's own call nothing may be done to it. */
static void on_strike(void *arg)
{
    (void)arg;
    switch (t.fault) {
    case SIM_FAULT_CLOSE:
        simmodem_unplug(t.modem);
        loop_timer_arm_in(&t.replug, 5000);
        break;
    case SIM_FAULT_HANG:
        simmodem_hang(t.modem);
        break;
    case SIM_FAULT_RESET:
        simmodem_reset(t.modem);
        break;
    case SIM_FAULT_NONE:
    case SIM_FAULT_LOSE:
    case SIM_FAULT_MUTE:
    case SIM_FAULT_NOISE:
        break;
    }
    t.fault = SIM_FAULT_NONE;
    t.lost = 0;
    sim_world_net();
}

static void on_replug(void *arg)
{
    (void)arg;
    simmodem_replug(t.modem);
    sim_world_net();
}

static void say(const char *bytes, size_t len)
{
    if (t.wire && len > 0)
        assert_int_equal(stream_write(t.wire, bytes, len), 0);
}

static void modem_output(void *ctx, const uint8_t *bytes, size_t len)
{
    static const char noise[] = "\r\n^RSSI:17\r\n";
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        if (t.fault != SIM_FAULT_NONE && t.lost == 0 && t.said == t.fault_at) {
            loop_timer_arm_in(&t.strike, 0);
            t.lost = t.fault == SIM_FAULT_LOSE ? 8 : t.fault == SIM_FAULT_NOISE ? 0 : UINT_MAX;
            if (t.fault == SIM_FAULT_NOISE)
                say(noise, sizeof noise - 1);
        }
        t.said++;
        if (t.lost > 0)
            t.lost--;
        else
            say((const char *)bytes + i, 1);
    }
}

static void modem_closed(void *ctx)
{
    (void)ctx;
    if (t.wire)
        stream_close(t.wire);
    t.wire = NULL;
}

static void on_plug(void *arg)
{
    loop_fn *fn = t.watch;
    (void)arg;
    t.watch = NULL;
    if (fn)
        fn(t.watch_arg);
}

static void modem_opened(void *ctx)
{
    (void)ctx;
    loop_timer_arm_in(&t.plug, 0);
}

/* --- its other port --- */

static void modem_beside(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (t.ear_wire)
        assert_int_equal(stream_write(t.ear_wire, bytes, len), 0);
}

void sim_world_beside(const char *bytes)
{
    modem_beside(NULL, (const uint8_t *)bytes, strlen(bytes));
}

static void ear_on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    (void)data;
    t.ear_written += len;
}

static void ear_on_gone(void *ctx, int err)
{
    (void)ctx;
    (void)err;
    stream_close(t.ear_wire);
    t.ear_wire = NULL;
}

static const struct stream_sink ear_wire_sink = {.on_data = ear_on_data, .on_gone = ear_on_gone};

static int ear_open(struct port *port, const struct stream_sink *to, void *ctx, struct stream **out)
{
    (void)port;
    if (t.ear_late)
        return late_stream_new(t.loop, EBUSY, t.ear_wrong_ms, to, ctx, out);
    return stream_pipe_new(t.loop, t.latency_ms, to, ctx, out, &ear_wire_sink, NULL, &t.ear_wire);
}

static void ear_unwatch(struct port *port)
{
    (void)port;
}

static int ear_make(void *arg, const char *uri, struct port **out, const char **why)
{
    static const struct port_ops ear_ops = {
        .open = ear_open, .unwatch = ear_unwatch, .free = ear_unwatch};
    (void)arg;
    *why = "no such port";
    if (strcmp(uri, "/dev/beside") != 0)
        return -EINVAL;
    t.ear_port = (struct port){.ops = &ear_ops};
    (void)text_copy(t.ear_port.uri, sizeof t.ear_port.uri, uri);
    *out = &t.ear_port;
    return 0;
}

static const struct simmodem_host modem_host = {modem_output, modem_closed, modem_opened};

static void wire_on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len && t.wire_len + 1 < sizeof t.wire_log; i++)
        t.wire_log[t.wire_len++] = (char)data[i];
    if (t.intercepts > 0 && strlen(t.intercept) <= len &&
        memcmp(data, t.intercept, strlen(t.intercept)) == 0) {
        t.intercepts--;
        t.intercepted++;
        say(t.instead, strlen(t.instead));
        return;
    }
    if (t.intercept_too && strlen(t.intercept_too) <= len &&
        memcmp(data, t.intercept_too, strlen(t.intercept_too)) == 0) {
        say(t.instead_too, strlen(t.instead_too));
        return;
    }
    simnet_advance(t.net, loop_now_ms(t.loop));
    if (t.replay)
        sim_replay_input(t.replay, data, len);
    else
        simmodem_input(t.modem, data, len);
    sim_world_net();
}

static void replay_output(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    say((const char *)bytes, len);
}

static void replay_unknown(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "not in the trace: %.*s\n", (int)len, (const char *)bytes);
    t.unplayed++;
    simmodem_input(t.modem, bytes, len);
}

void sim_world_replay(const char *trace, size_t len)
{
    static const struct sim_replay_host host = {replay_output, replay_unknown};
    unsigned wrong;
    t.replay = sim_replay_new(simnet_clock(t.net), trace, len, &host, NULL, &wrong);
    assert_non_null(t.replay);
}

static void wire_on_gone(void *ctx, int err)
{
    (void)ctx;
    (void)err;
    if (t.wire)
        stream_close(t.wire);
    t.wire = NULL;
}

static const struct stream_sink wire_sink = {.on_data = wire_on_data, .on_gone = wire_on_gone};

static int port_do_open(struct port *port, const struct stream_sink *sink, void *ctx,
                        struct stream **out)
{
    (void)port;
    if (!simmodem_plugged(t.modem))
        return -ENOENT;
    if (t.replay)
        sim_replay_closed(t.replay);
    return stream_pipe_new(t.loop, t.latency_ms, sink, ctx, out, &wire_sink, NULL, &t.wire);
}

static void port_do_watch(struct port *port, loop_fn *fn, void *arg)
{
    (void)port;
    t.watch = fn;
    t.watch_arg = arg;
}

static void port_do_unwatch(struct port *port)
{
    (void)port;
    t.watch = NULL;
}

static const struct port_ops port_ops = {.open = port_do_open,
                                         .watch = port_do_watch,
                                         .unwatch = port_do_unwatch,
                                         .watch_new = port_do_watch};

static void on_sim_event(void *arg, const struct sim_event *event)
{
    (void)arg;
    t.accepted += event->kind == SIM_EVENT_ACCEPTED;
    t.received += event->kind == SIM_EVENT_RECEIVED;
    t.reports += event->kind == SIM_EVENT_REPORT;
    t.deleted += event->kind == SIM_EVENT_DELETED;
    t.dropped += event->kind == SIM_EVENT_DROPPED;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "sim %lld %s %s %d\n", (long long)event->at_ms,
                      sim_event_name(event->kind), event->line ? event->line : "", event->value);
}

/* --- the owner --- */

static void on_state(void *ctx, struct link *link, enum link_state state, const char *why)
{
    (void)ctx;
    (void)link;
    (void)text_copy(t.why, sizeof t.why, why);
    t.state = state;
}

static void on_commit(void *ctx, struct link *link, uint64_t token, unsigned part)
{
    (void)ctx;
    link_proceed(link, token, part, true);
}

static void on_outcome(void *ctx, struct link *link, uint64_t token, unsigned part,
                       const struct sms_outcome *outcome)
{
    (void)ctx;
    (void)link;
    (void)part;
    assert_true(token == t.next_token - 1);
    t.outcomes++;
    t.outcome = *outcome;
}

static void on_evidence(void *ctx, struct link *link, const struct link_evidence *evidence)
{
    (void)ctx;
    (void)link;
    t.evidences++;
    t.evidence = *evidence;
}

static struct sim_kept *keep(const struct link_inbound *inbound)
{
    struct pdu_deliver deliver;
    struct pdu_report report;
    for (unsigned i = 0; i < t.kepts; i++)
        if (t.kept[i].len == inbound->len &&
            memcmp(t.kept[i].tpdu, inbound->tpdu, inbound->len) == 0)
            return &t.kept[i];
    assert_true(t.kepts < SIM_WORLD_KEPT);
    struct sim_kept *kept = &t.kept[t.kepts++];
    kept->len = inbound->len;
    memcpy(kept->tpdu, inbound->tpdu, inbound->len);
    if (pdu_decode_deliver(inbound->tpdu, inbound->len, &deliver) == PDU_OK) {
        (void)text_copy(kept->text, sizeof kept->text, deliver.text);
    } else if (pdu_decode_report(inbound->tpdu, inbound->len, &report) == PDU_OK) {
        kept->report = true;
        kept->reference = report.reference;
    }
    return kept;
}

static void answer(uint64_t handle, bool ok)
{
    t.open--;
    link_taken(t.link, handle, ok);
}

static void on_late(void *arg)
{
    (void)arg;
    if (t.waits == 0)
        return;
    uint64_t handle = t.waiting[0];
    memmove(t.waiting, t.waiting + 1, --t.waits * sizeof *t.waiting);
    answer(handle, true);
    if (t.waits > 0)
        loop_timer_arm_in(&t.late, t.owner_ms);
}

static void on_inbound(void *ctx, struct link *link, const struct link_inbound *inbound)
{
    (void)ctx;
    assert_true(link == t.link && inbound->handle > t.last_handle);
    if (!t.replay) /* whose identities are made up */
        assert_string_equal(inbound->iccid, simmodem_iccid(t.modem));
    t.last_handle = inbound->handle;
    struct sim_kept *kept = keep(inbound);
    kept->told++;
    t.told++;
    t.open++;
    if (t.open > t.most_open)
        t.most_open = t.open;
    switch (t.owner) {
    case SIM_OWNER_TAKES:
        kept->taken++;
        answer(inbound->handle, true);
        break;
    case SIM_OWNER_LATE:
        kept->taken++;
        assert_true(t.waits < sizeof t.waiting / sizeof *t.waiting);
        t.waiting[t.waits++] = inbound->handle;
        if (t.waits == 1)
            loop_timer_arm_in(&t.late, t.owner_ms);
        break;
    case SIM_OWNER_SILENT:
        break;
    case SIM_OWNER_REFUSES:
        answer(inbound->handle, false);
        break;
    }
}

static void on_radio(void *ctx, struct link *link, const struct link_radio *radio)
{
    (void)ctx;
    (void)link;
    (void)radio;
}

static void on_pin(void *ctx, struct link *link)
{
    (void)ctx;
    t.pins_asked++;
    if (t.pin)
        link_pin(link, t.pin[0] ? t.pin : NULL, "no PIN for it");
}

static void on_pin_rejected(void *ctx, struct link *link)
{
    (void)ctx;
    (void)link;
    t.pins_rejected++;
    t.pin = ""; /* as the gateway: never again */
}

static void on_ussd(void *ctx, struct link *link, const struct link_ussd *result)
{
    (void)ctx;
    (void)link;
    t.ussds++;
    t.ussd = *result;
}

static void on_elsewhere(void *ctx, struct link *link)
{
    (void)ctx;
    (void)link;
    t.elsewhere++;
}

static const struct link_sink sink = {.state = on_state,
                                      .elsewhere = on_elsewhere,
                                      .commit = on_commit,
                                      .outcome = on_outcome,
                                      .evidence = on_evidence,
                                      .inbound = on_inbound,
                                      .radio = on_radio,
                                      .ussd = on_ussd,
                                      .pin = on_pin,
                                      .pin_rejected = on_pin_rejected};

/* --- the world --- */

void sim_world_prepare(const char *profile)
{
    struct at_link_config config = {.name = "test"};
    const struct simmodem_config modem = {.profile = sim_profile_find(profile)};
    memset(&t, 0, sizeof t);
    assert_non_null(modem.profile);
    t.state = LINK_GONE;
    t.next_token = 1;
    t.owner_ms = 100;
    t.loop = loop_sim_new(1000, 1795000000000);
    t.net = simnet_new(7);
    assert_true(t.loop && t.net);
    loop_timer_init(&t.tick, t.loop, on_tick, NULL);
    loop_timer_init(&t.plug, t.loop, on_plug, NULL);
    loop_timer_init(&t.late, t.loop, on_late, NULL);
    loop_timer_init(&t.strike, t.loop, on_strike, NULL);
    loop_timer_init(&t.replug, t.loop, on_replug, NULL);
    simnet_log_set(t.net, on_sim_event, NULL);
    simnet_advance(t.net, 1000);
    simnet_wall_set(t.net, loop_wall_ms(t.loop));
    t.modem = simmodem_new(t.net, &modem, &modem_host, NULL);
    assert_non_null(t.modem);
    simmodem_beside_set(t.modem, modem_beside);
    sim_world_net();
    t.port.ops = &port_ops;
    config.ear = port_slot_new(t.loop, ear_make, NULL);
    t.link = at_link_new(t.loop, &t.port, &config, &sink, NULL);
    assert_non_null(t.link);
}

void sim_world_start(const char *profile)
{
    sim_world_prepare(profile);
    assert_int_equal(link_open(t.link), 0);
}

void sim_world_stop(void)
{
    link_close(t.link);
    loop_sim_settle(t.loop);
    if (t.wire)
        stream_close(t.wire);
    if (t.ear_wire)
        stream_close(t.ear_wire);
    t.wire = t.ear_wire = NULL;
    loop_timer_cancel(&t.tick);
    loop_timer_cancel(&t.plug);
    loop_timer_cancel(&t.late);
    loop_timer_cancel(&t.strike);
    loop_timer_cancel(&t.replug);
    loop_sim_settle(t.loop);
    if (t.replay)
        sim_replay_free(t.replay);
    simmodem_free(t.modem);
    simnet_free(t.net);
    loop_free(t.loop);
}

void sim_world_run(int64_t ms)
{
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + ms);
}

bool sim_world_until_ready(int64_t ms)
{
    int64_t end = loop_now_ms(t.loop) + ms;
    loop_sim_settle(t.loop);
    while (t.state != LINK_READY && loop_sim_next_ms(t.loop) <= end)
        loop_sim_run_until(t.loop, loop_sim_next_ms(t.loop));
    return t.state == LINK_READY;
}

int sim_world_submit_only(bool report)
{
    static const char words[] = "Ma OTP: 123456";
    static struct sms_text text;
    struct link_submit s = {.token = t.next_token};
    struct pdu_submit pdu = {
        .to = "+84912345678", .text = &text, .validity_ms = 300000, .report = report};
    assert_int_equal(sms_text_encode(words, sizeof words - 1, SMS_GSM7, &text, NULL), 0);
    assert_int_equal(pdu_submit_encode(&pdu, &s.tpdu), 0);
    int err = link_submit(t.link, &s);
    t.next_token += err == 0;
    return err;
}

void sim_world_submit(bool report)
{
    unsigned outcomes = t.outcomes;
    assert_int_equal(sim_world_submit_only(report), 0);
    int64_t end = loop_now_ms(t.loop) + 200000;
    loop_sim_settle(t.loop);
    while (t.outcomes == outcomes && loop_sim_next_ms(t.loop) <= end)
        loop_sim_run_until(t.loop, loop_sim_next_ms(t.loop));
    assert_int_equal(t.outcomes, outcomes + 1);
}

void sim_world_write(const char *text)
{
    simnet_advance(t.net, loop_now_ms(t.loop));
    assert_true(simnet_write(t.net, "+84905111222", simmodem_number(t.modem), text));
    sim_world_net();
}

unsigned sim_world_stored(void)
{
    unsigned used = 0;
    for (int i = 0; i < SIM_MEMORIES; i++)
        used += t.modem->memory[i].used;
    return used;
}

unsigned sim_world_count(const char *command)
{
    unsigned count = 0;
    t.wire_log[t.wire_len] = '\0';
    for (const char *at = t.wire_log; (at = strstr(at, command)); at++)
        count++;
    return count;
}

const struct sim_kept *sim_world_find(const char *text)
{
    static const struct sim_kept none;
    for (unsigned i = 0; i < t.kepts; i++)
        if (!t.kept[i].report && strcmp(t.kept[i].text, text) == 0)
            return &t.kept[i];
    return &none;
}

void sim_world_no_violations(const char *where)
{
    const struct simmodem_stats *stats = simmodem_stats(t.modem);
    for (int i = 0; i < SIMMODEM_VIOLATIONS; i++)
        if (stats->violation[i] > 0)
            fail_msg("%s: %s", where, simmodem_violation_name((enum simmodem_violation)i));
}
