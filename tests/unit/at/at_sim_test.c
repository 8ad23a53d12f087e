/* The link against the simulated modem, which was written by the standard and not by this link:
 * every profile becomes READY and sends, and a fault at every byte of the dialogue leaves both
 * sides' books in agreement. The simulator counts what a host must never do. */
#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_link.h"
#include "log.h"
#include "loop_sim.h"
#include "simmodem.h"
#include "simnet.h"
#include "stream_pipe.h"

static struct {
    struct loop *loop;
    struct port port;
    struct link *link;
    struct simnet *net;
    struct simmodem *modem;
    struct stream *wire; /* the modem's end */
    struct loop_timer tick, plug;
    loop_fn *watch;
    void *watch_arg;
    enum link_state state;
    unsigned outcomes, accepted, evidences;
    struct sms_outcome outcome;
    struct link_evidence evidence;
    uint64_t next_token;
} t;

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

/* --- the modem's side --- */

static void net_arm(void)
{
    int64_t next = simnet_next_ms(t.net);
    if (next != INT64_MAX)
        loop_timer_arm(&t.tick, next);
}

static void on_tick(void *arg)
{
    (void)arg;
    simnet_advance(t.net, loop_now_ms(t.loop));
    net_arm();
}

static void modem_output(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (t.wire)
        assert_int_equal(stream_write(t.wire, bytes, len), 0);
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

static const struct simmodem_host modem_host = {modem_output, modem_closed, modem_opened};

static void wire_on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    simnet_advance(t.net, loop_now_ms(t.loop));
    simmodem_input(t.modem, data, len);
    net_arm();
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
    return stream_pipe_new(t.loop, 0, sink, ctx, out, &wire_sink, NULL, &t.wire);
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

static const struct port_ops port_ops = {port_do_open, port_do_watch, port_do_unwatch, NULL};

static void on_sim_event(void *arg, const struct sim_event *event)
{
    (void)arg;
    if (event->kind == SIM_EVENT_ACCEPTED)
        t.accepted++;
    if (event->kind == SIM_EVENT_VIOLATION && getenv("AT_LOG"))
        (void)fprintf(stderr, "violation at %lld\n", (long long)event->at_ms);
}

/* --- the owner --- */

static void on_state(void *ctx, struct link *link, enum link_state state, const char *why)
{
    (void)ctx;
    (void)link;
    (void)why;
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

static void on_inbound(void *ctx, struct link *link, const struct link_inbound *inbound)
{
    (void)ctx;
    (void)link;
    (void)inbound;
}

static void on_radio(void *ctx, struct link *link, const struct link_radio *radio)
{
    (void)ctx;
    (void)link;
    (void)radio;
}

static const struct link_sink sink = {on_state,    on_commit,  on_outcome,
                                      on_evidence, on_inbound, on_radio};

/* --- the world --- */

static void start(const char *profile)
{
    const struct at_link_config config = {.name = "test"};
    const struct simmodem_config modem = {.profile = sim_profile_find(profile)};
    memset(&t, 0, sizeof t);
    assert_non_null(modem.profile);
    t.state = LINK_GONE;
    t.next_token = 1;
    t.loop = loop_sim_new(1000, 1795000000000);
    t.net = simnet_new(7);
    assert_true(t.loop && t.net);
    loop_timer_init(&t.tick, t.loop, on_tick, NULL);
    loop_timer_init(&t.plug, t.loop, on_plug, NULL);
    simnet_log_set(t.net, on_sim_event, NULL);
    simnet_advance(t.net, 1000);
    t.modem = simmodem_new(t.net, &modem, &modem_host, NULL);
    assert_non_null(t.modem);
    net_arm();
    t.port.ops = &port_ops;
    t.link = at_link_new(t.loop, &t.port, &config, &sink, NULL);
    assert_non_null(t.link);
    assert_int_equal(link_open(t.link), 0);
}

static void stop(void)
{
    link_close(t.link);
    loop_sim_settle(t.loop);
    if (t.wire)
        stream_close(t.wire);
    t.wire = NULL;
    loop_timer_cancel(&t.tick);
    loop_timer_cancel(&t.plug);
    loop_sim_settle(t.loop);
    simmodem_free(t.modem);
    simnet_free(t.net);
    loop_free(t.loop);
}

static bool until_ready(int64_t ms)
{
    int64_t end = loop_now_ms(t.loop) + ms;
    loop_sim_settle(t.loop);
    while (t.state != LINK_READY && loop_sim_next_ms(t.loop) <= end)
        loop_sim_run_until(t.loop, loop_sim_next_ms(t.loop));
    return t.state == LINK_READY;
}

/* Submits one and waits for its outcome. */
static void submit(void)
{
    static const char words[] = "Ma OTP: 123456";
    static struct sms_text text;
    struct link_submit s = {.token = t.next_token++};
    struct pdu_submit pdu = {.to = "+84912345678", .text = &text, .validity_ms = 300000};
    unsigned outcomes = t.outcomes;
    assert_int_equal(sms_text_encode(words, sizeof words - 1, SMS_GSM7, &text, NULL), 0);
    assert_int_equal(pdu_submit_encode(&pdu, &s.tpdu), 0);
    assert_int_equal(link_submit(t.link, &s), 0);
    int64_t end = loop_now_ms(t.loop) + 200000;
    loop_sim_settle(t.loop);
    while (t.outcomes == outcomes && loop_sim_next_ms(t.loop) <= end)
        loop_sim_run_until(t.loop, loop_sim_next_ms(t.loop));
    assert_int_equal(t.outcomes, outcomes + 1);
}

static void no_violations(const char *where)
{
    const struct simmodem_stats *stats = simmodem_stats(t.modem);
    for (int i = 0; i < SIMMODEM_VIOLATIONS; i++)
        if (stats->violation[i] > 0)
            fail_msg("%s: %s", where, simmodem_violation_name((enum simmodem_violation)i));
}

static void every_profile_sends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        start(sim_profiles[i].name);
        if (!until_ready(120000))
            fail_msg("%s: not ready but %s", sim_profiles[i].name, link_state_name(t.state));
        assert_string_equal(t.link->identity.maker, sim_profiles[i].maker);
        assert_string_equal(t.link->identity.model, sim_profiles[i].model);
        if (strcmp(t.link->identity.iccid, simmodem_iccid(t.modem)) != 0)
            fail_msg("%s: ICCID <%s>", sim_profiles[i].name, t.link->identity.iccid);
        for (int k = 0; k < 3; k++) {
            submit();
            assert_int_equal(t.outcome.verdict, SMS_SENT);
            assert_true(until_ready(0));
        }
        assert_int_equal(t.accepted, 3);
        /* An hour with all its noise and keepalives. */
        loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 3600000);
        assert_true(until_ready(120000));
        submit();
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        no_violations(sim_profiles[i].name);
        stop();
    }
}

static void fault_once(const char *profile, enum simmodem_action action, int64_t ms, unsigned byte)
{
    char where[80];
    (void)snprintf(where, sizeof where, "%s: action %d, %d ms, byte %u", profile, action, (int)ms,
                   byte);
    start(profile);
    assert_true(until_ready(120000));
    struct simmodem_trigger trigger = {
        .point = SIMMODEM_AT_BYTE, .action = action, .byte = byte, .ms = ms};
    assert_true(simmodem_trigger(t.modem, &trigger));
    submit();
    bool accepted = t.accepted == 1;
    if (t.outcome.verdict == SMS_SENT && !accepted)
        fail_msg("%s: told SENT, and it was not", where);
    if (t.outcome.verdict == SMS_NOT_SENT && accepted)
        fail_msg("%s: told NOT_SENT, and it was", where);
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 60000);
    simmodem_unhang(t.modem); /* a person with a paper clip */
    if (!until_ready(2000000))
        fail_msg("%s: never ready again but %s", where, link_state_name(t.state));
    submit();
    if (t.outcome.verdict != SMS_SENT) { /* struck behind the final result: the next one */
        assert_int_equal(t.outcome.verdict, SMS_NOT_SENT);
        assert_true(until_ready(2000000));
        submit();
    }
    if (t.outcome.verdict != SMS_SENT)
        fail_msg("%s: the next one is not sent", where);
    no_violations(where);
    stop();
}

static void a_fault_at_every_byte(void **state)
{
    static const struct {
        enum simmodem_action action;
        int64_t ms;
    } faults[] = {
        {SIMMODEM_HANG, 0},       {SIMMODEM_HANG, 130000},  {SIMMODEM_MUTE, 0},
        {SIMMODEM_CLOSE, 5000},   {SIMMODEM_GARBAGE, 0},    {SIMMODEM_DELAY, 3000},
        {SIMMODEM_DELAY, 121000}, {SIMMODEM_DELAY, 140000},
    };
    static const char *const profiles[] = {"generic", "huawei", "aosp", "late_cmgs"};
    (void)state;
    for (size_t p = 0; p < sizeof profiles / sizeof *profiles; p++)
        for (size_t f = 0; f < sizeof faults / sizeof *faults; f++)
            for (unsigned byte = 0; byte < 24; byte++)
                fault_once(profiles[p], faults[f].action, faults[f].ms, byte);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_sends),
        cmocka_unit_test(a_fault_at_every_byte),
    };
    log_sink_set(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
