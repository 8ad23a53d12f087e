/* at_probe: a port is asked who is there, as every profile of the simulated modem answers; silence,
 * and ports that go meanwhile. On virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "at_chat.h"
#include "at_probe.h"
#include "at_sim_world.h"
#include "late_stream.h"

static struct {
    unsigned answers;
    int err;
    char why[96];
    int64_t at_ms;
    struct link_identity identity;
} got;

static void on_answer(void *arg, const struct at_probe_answer *answer)
{
    assert_ptr_equal(arg, &got);
    got.answers++;
    got.err = answer->err;
    (void)snprintf(got.why, sizeof got.why, "%s", answer->why);
    got.at_ms = loop_now_ms(t.loop);
    got.identity = *answer->identity;
}

/* What is wrong with the port, and whether that comes after the open has returned. */
static int wrong;
static bool wrong_late;
static int64_t wrong_ms;

/* The probe frees its port; the world keeps its own. */
static bool busy;
static loop_fn *watch;
static void *watch_arg;

static int lent_open(struct port *port, const struct stream_sink *sink, void *ctx,
                     struct stream **out)
{
    (void)port;
    if (wrong && !wrong_late)
        return -wrong;
    if (wrong)
        return late_stream_new(t.loop, wrong, wrong_ms, sink, ctx, out);
    return busy ? -EBUSY : port_open(&t.port, sink, ctx, out);
}

static unsigned freed;

static void lent_free(struct port *port)
{
    (void)port;
    freed++;
}

static void lent_watch(struct port *port, loop_fn *fn, void *arg)
{
    (void)port;
    watch = fn;
    watch_arg = arg;
}

static void lent_unwatch(struct port *port)
{
    (void)port;
    watch = NULL;
}

static const struct port_ops lent_ops = {
    .open = lent_open, .watch = lent_watch, .unwatch = lent_unwatch, .free = lent_free};
static struct port lent = {.ops = &lent_ops};

static struct at_probe *begin(const char *profile)
{
    sim_world_prepare(profile);
    memset(&got, 0, sizeof got);
    freed = 0;
    struct at_probe *probe = at_probe_new(t.loop, &lent, on_answer, &got);
    assert_non_null(probe);
    assert_int_equal(got.answers, 0); /* never from inside */
    return probe;
}

static void everybody_tells_who_it_is(void **state)
{
    static const char *const profiles[] = {"generic", "huawei", "zte",  "simcom",   "quectel",
                                           "telit",   "ublox",  "aosp", "cinterion"};
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        begin(profiles[i]);
        sim_world_run(60000);
        assert_int_equal(got.answers, 1);
        assert_int_equal(got.err, 0);
        assert_int_equal(strlen(got.identity.imei), 15);
        assert_string_equal(got.identity.iccid, simmodem_iccid(t.modem));
        sim_world_no_violations(profiles[i]);
        /* the port is free again: the link itself comes up on it */
        link_open(t.link);
        assert_true(sim_world_until_ready(120000));
        assert_string_equal(t.link->identity.imei, got.identity.imei);
        sim_world_stop();
    }
}

static void silence_is_four_tries_in_nine_seconds(void **state)
{
    (void)state;
    begin("generic");
    int64_t start_ms = loop_now_ms(t.loop);
    simmodem_hang(t.modem);
    sim_world_run(9000);
    assert_int_equal(got.answers, 0);
    sim_world_run(1000);
    assert_int_equal(got.answers, 1);
    assert_int_equal(got.err, -ETIMEDOUT);
    assert_int_equal(got.at_ms - start_ms, AT_CHAT_SETTLE_MS + 3 * 3000);
    assert_int_equal(sim_world_count("AT"), 4);
    sim_world_stop();
}

/* Its answer to the first try comes behind the second: none of it is taken for its name. */
static void a_slow_one_is_not_misread(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        begin("generic");
        const struct simmodem_trigger slow = {
            .point = SIMMODEM_NOW, .action = SIMMODEM_DELAY, .ms = late ? 3100 : 700};
        assert_true(simmodem_trigger(t.modem, &slow));
        sim_world_net();
        sim_world_run(60000);
        assert_int_equal(got.answers, 1);
        assert_int_equal(got.err, 0);
        assert_string_equal(got.identity.maker, "otpgate");
        assert_string_equal(got.identity.model, "SIM-1");
        assert_string_equal(got.identity.iccid, simmodem_iccid(t.modem));
        assert_int_equal(strlen(got.identity.imei), 15);
        assert_int_equal(strlen(got.identity.imsi), 15);
        sim_world_stop();
    }
}

static void a_port_that_goes_is_told(void **state)
{
    (void)state;
    begin("generic");
    sim_world_run(50);
    simmodem_unplug(t.modem);
    sim_world_run(1000);
    assert_int_equal(got.answers, 1);
    assert_true(got.err < 0 && got.err != -ETIMEDOUT);
    sim_world_stop();
}

static void a_forgotten_one_says_nothing(void **state)
{
    (void)state;
    struct at_probe *probe = begin("generic");
    sim_world_run(100);
    at_probe_forget(probe);
    sim_world_run(60000);
    assert_int_equal(got.answers, 0);
    assert_int_equal(freed, 1);
    sim_world_stop();
}

static void what_is_wrong_may_come_later(void **state)
{
    static const int errors[] = {EBUSY, ENOENT, ENODEV, EACCES, EIO};
    char why[sizeof got.why];
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        wrong = errors[i];
        for (int late = 0; late < 2; late++) {
            wrong_late = late;
            wrong_ms = 0;
            struct at_probe *probe = begin("generic");
            sim_world_run(1);
            assert_int_equal(got.answers, 1);
            assert_int_equal(got.err, -wrong);
            assert_int_equal(freed, wrong != EBUSY); /* that one waits */
            if (late)
                assert_string_equal(got.why, why);
            memcpy(why, got.why, sizeof why);
            sim_world_run(60000);
            assert_int_equal(got.answers, 1);
            if (wrong == EBUSY)
                at_probe_forget(probe);
            sim_world_stop();
        }
    }
    wrong = EBUSY;
    struct at_probe *probe = begin("generic");
    sim_world_run(1);
    assert_non_null(strstr(got.why, "held by"));
    at_probe_forget(probe);
    sim_world_stop();
    wrong = 0;
}

/* Whoever waits for the answer is to ask another port. It is no port without AT, either. */
static void one_that_does_not_open_is_given_up(void **state)
{
    (void)state;
    wrong = EIO;
    wrong_late = true;
    wrong_ms = -1;
    begin("generic");
    sim_world_run(14900);
    assert_int_equal(got.answers, 0);
    sim_world_run(200);
    assert_int_equal(got.answers, 1);
    assert_int_equal(got.err, -EIO);
    assert_string_equal(got.why, "the port does not open");
    assert_int_equal(freed, 1);
    sim_world_stop();
    struct at_probe *probe = begin("generic");
    sim_world_run(1000);
    at_probe_forget(probe);
    sim_world_run(60000);
    assert_int_equal(got.answers, 0);
    assert_int_equal(freed, 1);
    sim_world_stop();
    wrong = 0;
}

static void is_let_go(void)
{
    loop_fn *fn = watch;
    assert_non_null(fn);
    watch = NULL;
    fn(watch_arg);
}

/* It may be the next program's then, and is nobody's in the end. */
static void one_that_is_held_is_asked_when_it_is_let_go(void **state)
{
    (void)state;
    busy = true;
    begin("generic");
    for (unsigned n = 1; n <= 2; n++) {
        sim_world_run(3600000);
        assert_int_equal(got.answers, n);
        assert_int_equal(got.err, -EBUSY);
        busy = n < 2;
        is_let_go();
    }
    sim_world_run(5000);
    assert_int_equal(got.answers, 3);
    assert_int_equal(got.err, 0);
    assert_string_equal(got.identity.iccid, simmodem_iccid(t.modem));
    assert_int_equal(freed, 1);
    sim_world_stop();
}

static void a_forgotten_one_waits_for_nothing(void **state)
{
    (void)state;
    busy = true;
    struct at_probe *probe = begin("generic");
    sim_world_run(0);
    assert_int_equal(got.answers, 1);
    assert_non_null(watch);
    at_probe_forget(probe);
    sim_world_run(0);
    assert_null(watch);
    assert_int_equal(freed, 1);
    busy = false;
    sim_world_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_tells_who_it_is),
        cmocka_unit_test(silence_is_four_tries_in_nine_seconds),
        cmocka_unit_test(a_slow_one_is_not_misread),
        cmocka_unit_test(a_port_that_goes_is_told),
        cmocka_unit_test(a_forgotten_one_says_nothing),
        cmocka_unit_test(what_is_wrong_may_come_later),
        cmocka_unit_test(one_that_does_not_open_is_given_up),
        cmocka_unit_test(one_that_is_held_is_asked_when_it_is_let_go),
        cmocka_unit_test(a_forgotten_one_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
