/* A SIM and its PIN, against the simulated modem: what is asked, typed, told, and forgotten. The
 * SIM counts wrong attempts; after the third only its PUK helps, which no machine has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_modem.h"
#include "at_sim_world.h"
#include "log.h"
#include "simmodem_inside.h"

static const char right[] = "1234", wrong[] = "73519846";
static unsigned leaks; /* log lines that show a PIN */

static void watch_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    leaks += strstr(line, wrong) != NULL || strstr(line, "\"1234\"") != NULL;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

static unsigned typed(void)
{
    return sim_world_count("AT+CPIN=");
}

static void start_locked(const char *profile, enum simmodem_sim sim, const char *pin)
{
    sim_world_prepare(profile);
    simmodem_sim_set(t.modem, sim);
    t.pin = pin;
    assert_int_equal(link_open(t.link), 0);
}

static void stop(void)
{
    assert_int_equal(leaks, 0);
    sim_world_stop();
}

static void every_profile_is_unlocked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        const struct sim_profile *profile = &sim_profiles[i];
        start_locked(profile->name, SIMMODEM_SIM_PIN, NULL);
        sim_world_run(30000);
        /* Asked once, with all that the modem tells of a locked SIM. */
        if (t.pins_asked != 1 || t.state != LINK_SIM || t.link->card != LINK_CARD_PIN)
            fail_msg("%s: asked %u times, %s", profile->name, t.pins_asked,
                     link_state_name(t.state));
        if (t.link->pin_left != (profile->habits & SIM_HABIT_NO_PIN_COUNT ? -1 : SIM_PIN_TRIES))
            fail_msg("%s: %d attempts left", profile->name, t.link->pin_left);
        assert_string_equal(t.link->identity.iccid, profile->habits & SIM_HABIT_ICCID_LOCKED
                                                        ? ""
                                                        : simmodem_iccid(t.modem));
        assert_int_equal(typed(), 0);
        link_pin(t.link, right, "");
        if (!sim_world_until_ready(60000))
            fail_msg("%s: not ready but %s", profile->name, link_state_name(t.state));
        assert_int_equal(typed(), 1);
        assert_int_equal(t.pins_asked, 1);
        assert_int_equal(t.link->card, LINK_CARD_READY);
        sim_world_submit(true);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        assert_int_equal(t.pins_rejected, 0);
        sim_world_no_violations(profile->name);
        stop();
    }
}

static void a_restart_asks_again(void **state)
{
    (void)state;
    start_locked("huawei", SIMMODEM_SIM_PIN, right);
    assert_true(sim_world_until_ready(60000));
    simmodem_reset(t.modem);
    sim_world_net();
    sim_world_run(1000);
    assert_true(sim_world_until_ready(120000));
    assert_int_equal(t.pins_asked, 2);
    assert_int_equal(typed(), 2);
    assert_int_equal(t.modem->pin_left, SIM_PIN_TRIES);
    stop();
}

static void a_wrong_pin_is_told_once_and_never_typed_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        start_locked(sim_profiles[i].name, SIMMODEM_SIM_PIN, wrong);
        sim_world_run(3600000);
        assert_int_equal(t.pins_rejected, 1);
        if (typed() != 1 || t.modem->pin_left != SIM_PIN_TRIES - 1)
            fail_msg("%s: typed %u times, %d left", sim_profiles[i].name, typed(),
                     t.modem->pin_left);
        assert_true(t.pins_asked > 50 && t.pins_asked < 65); /* each minute: it may be mended */
        assert_string_equal(t.why, "no PIN for it");
        if (!(sim_profiles[i].habits & SIM_HABIT_NO_PIN_COUNT))
            assert_int_equal(t.link->pin_left, SIM_PIN_TRIES - 1);
        /* The right one, put in its place. */
        t.pin = right;
        assert_true(sim_world_until_ready(180000));
        assert_int_equal(t.pins_rejected, 1);
        sim_world_no_violations(sim_profiles[i].name);
        stop();
    }
}

static void a_refusal_without_a_cause_counts_as_one(void **state)
{
    (void)state;
    start_locked("generic", SIMMODEM_SIM_PIN, wrong);
    t.intercept = "AT+CPIN=";
    t.instead = "\r\nERROR\r\n";
    t.intercepts = 1;
    sim_world_run(5000);
    assert_int_equal(t.intercepted, 1);
    assert_int_equal(t.pins_rejected, 1);
    stop();
}

static void busy_is_no_refusal(void **state)
{
    (void)state;
    start_locked("generic", SIMMODEM_SIM_PIN, right);
    t.intercept = "AT+CPIN=";
    t.instead = "\r\n+CME ERROR: 14\r\n";
    t.intercepts = 1;
    assert_true(sim_world_until_ready(180000));
    assert_int_equal(t.pins_rejected, 0);
    assert_int_equal(typed(), 2);
    stop();
}

static void silence_after_a_pin_is_told_as_nothing(void **state)
{
    (void)state;
    start_locked("generic", SIMMODEM_SIM_PIN, wrong);
    t.intercept = "AT+CPIN=";
    t.instead = "";
    t.intercepts = 1;
    sim_world_run(25000);
    t.pin = "";
    sim_world_run(120000);
    assert_int_equal(t.pins_rejected, 0);
    assert_int_equal(typed(), 1);
    assert_true(t.pins_asked >= 2); /* the owner, who has noted that it may have been typed */
    stop();
}

static void a_port_that_goes_types_nothing_later(void **state)
{
    (void)state;
    start_locked("generic", SIMMODEM_SIM_PIN, NULL);
    sim_world_run(10000);
    assert_int_equal(t.pins_asked, 1);
    simmodem_unplug(t.modem);
    sim_world_run(100);
    assert_int_equal(t.link->card, LINK_CARD_UNKNOWN);
    link_pin(t.link, right, ""); /* late: nobody asks any more */
    simmodem_replug(t.modem);
    sim_world_net();
    sim_world_run(20000);
    assert_int_equal(typed(), 0);
    assert_int_equal(t.pins_asked, 2);
    link_pin(t.link, right, "");
    link_pin(t.link, wrong, ""); /* twice: the second is nobody's answer */
    assert_true(sim_world_until_ready(60000));
    assert_int_equal(typed(), 1);
    stop();
}

static void what_is_no_pin_is_shown(void **state)
{
    static const struct {
        enum simmodem_sim sim;
        enum link_card card;
        const char *why;
    } rows[] = {
        {SIMMODEM_SIM_PUK, LINK_CARD_PUK, "SIM asks for its PUK"},
        {SIMMODEM_SIM_ABSENT, LINK_CARD_ABSENT, "no SIM"},
        {SIMMODEM_SIM_FAILURE, LINK_CARD_FAILURE, "SIM failure"},
        {SIMMODEM_SIM_BUSY, LINK_CARD_BUSY, "SIM busy"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start_locked("generic", rows[i].sim, right);
        sim_world_run(60000);
        assert_int_equal(t.state, LINK_SIM);
        assert_int_equal(t.link->card, rows[i].card);
        assert_string_equal(t.why, rows[i].why);
        assert_int_equal(t.pins_asked, 0);
        assert_int_equal(typed(), 0);
        simmodem_sim_set(t.modem, SIMMODEM_SIM_READY);
        sim_world_net();
        assert_true(sim_world_until_ready(70000)); /* somebody saw to it */
        assert_string_equal(link_card_name(t.link->card), "ready");
        stop();
    }
}

static void say_now(const char *line)
{
    struct simmodem_trigger trigger;
    assert_true(simmodem_say_trigger(t.modem, SIMMODEM_NOW, line, false, &trigger));
    assert_true(simmodem_trigger(t.modem, &trigger));
    sim_world_net();
}

static void a_sim_pulled_out_in_service_is_noticed(void **state)
{
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        start_locked("simcom", SIMMODEM_SIM_READY, right);
        assert_true(sim_world_until_ready(60000));
        unsigned outcomes = t.outcomes;
        if (busy)
            assert_int_equal(sim_world_submit_only(false), 0);
        simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
        say_now("+CPIN: NOT INSERTED");
        sim_world_run(30000);
        assert_int_equal(t.outcomes, outcomes + (unsigned)busy);
        assert_int_equal(t.state, LINK_SIM);
        assert_int_equal(t.link->card, LINK_CARD_ABSENT);
        assert_string_equal(t.link->identity.iccid, "");
        simmodem_sim_set(t.modem, SIMMODEM_SIM_READY);
        say_now("+CPIN: READY");
        assert_true(sim_world_until_ready(20000));
        assert_string_equal(t.link->identity.iccid, simmodem_iccid(t.modem));
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        stop();
    }
}

/* The link's memory, after it was typed, with an echo and without. */
static void a_pin_leaves_no_trace(void **state)
{
    (void)state;
    start_locked("generic", SIMMODEM_SIM_PIN, NULL);
    sim_world_run(10000);
    assert_int_equal(t.pins_asked, 1);
    t.modem->settings.echo = 1; /* one that ATE0 does not silence */
    link_pin(t.link, wrong, "");
    sim_world_run(5000);
    assert_int_equal(t.pins_rejected, 1);
    assert_int_equal(typed(), 1);
    assert_null(memmem(t.link, sizeof(struct at_link), wrong, sizeof wrong - 1));
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_is_unlocked),
        cmocka_unit_test(a_restart_asks_again),
        cmocka_unit_test(a_wrong_pin_is_told_once_and_never_typed_again),
        cmocka_unit_test(a_refusal_without_a_cause_counts_as_one),
        cmocka_unit_test(busy_is_no_refusal),
        cmocka_unit_test(silence_after_a_pin_is_told_as_nothing),
        cmocka_unit_test(a_port_that_goes_types_nothing_later),
        cmocka_unit_test(what_is_no_pin_is_shown),
        cmocka_unit_test(a_sim_pulled_out_in_service_is_noticed),
        cmocka_unit_test(a_pin_leaves_no_trace),
    };
    log_sink_set(watch_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
