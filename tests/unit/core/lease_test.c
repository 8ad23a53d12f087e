/* A modem taken for a USSD: who goes first, what ends it, what sending waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lease.h"
#include "loop_sim.h"
#include "rig.h"

static unsigned told;
static enum lease_end end;
static char text[64];

static void on_told(void *arg, const struct lease_result *result)
{
    (void)arg;
    told++;
    end = result->end;
    snprintf(text, sizeof text, "%s", result->text);
}

static struct config_list patterns_of(char **item, size_t count)
{
    return (struct config_list){.item = item, .count = count};
}

static int setup(void **state)
{
    static char all[] = "*@#", menu[] = "*098#";
    static char *items[] = {all, menu};
    rig_setup(state);
    ((struct world *)*state)->config.ussd_allow = patterns_of(items, 2);
    told = 0;
    return 0;
}

static int run_on(struct world *world, const char *modem, const char *code, struct refusal *refusal)
{
    const struct lease_request request = {
        .modem = modem, .code = code, .uid = 1000, .fn = on_told, .arg = world};
    return lease_run(gateway_fleet(world->gateway), &request, refusal);
}

static void run(struct world *world)
{
    struct refusal refusal;
    assert_int_equal(run_on(world, "m0", "*101#", &refusal), 0);
    rig_settle(world);
}

static void network(struct world *world, enum link_ussd_end how, const char *words)
{
    hand_link_ussd(world->link[0], how, words);
    rig_settle(world);
}

static void patterns(void **state)
{
    (void)state;
    static char a[] = "*101#", b[] = "*1??#", c[] = "*100*@#", d[] = "@*";
    static char *items[] = {a, b, c, d};
    const struct config_list list = patterns_of(items, 4), none = {0};
    static const struct {
        const char *code;
        bool fits;
    } rows[] = {
        {"*101#", true},       {"*199#", true},   {"*19#", false},   {"*1999#", false},
        {"*1*9#", false},      {"*100*#", false}, {"*100*1#", true}, {"*100*123456789#", true},
        {"*100*12#3#", false}, {"12*", true},     {"*", false},      {"*101#1", false},
        {"101#", false},       {"", false},       {"*1??#", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (lease_code_allowed(&list, rows[i].code) != rows[i].fits)
            fail_msg("%s", rows[i].code);
        assert_false(lease_code_allowed(&none, rows[i].code));
    }
}

static void asked_and_told(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    run(world);
    assert_int_equal(told, 0);
    assert_string_equal(world->link[0]->ussd_code, "*101#");
    network(world, LINK_USSD_DONE, "15000d");
    assert_int_equal(told, 1);
    assert_int_equal(end, LEASE_DONE);
    assert_string_equal(text, "15000d");
    run(world); /* and again */
    assert_int_equal(world->link[0]->ussd_starts, 2);
}

static void what_is_refused(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    assert_int_equal(run_on(world, "m0", "*101#", &refusal), -1); /* it is not there yet */
    assert_string_equal(refusal.name, "no_modem");
    rig_ready(world, 0);
    assert_int_equal(run_on(world, "none", "*101#", &refusal), -1);
    assert_string_equal(refusal.name, "not_found");
    assert_int_equal(run_on(world, "m0", "#06#", &refusal), -1); /* no pattern fits */
    assert_string_equal(refusal.name, "not_allowed");
    assert_int_equal(run_on(world, "m0", "*101#\";+CFUN=0", &refusal), -1);
    assert_string_equal(refusal.name, "not_allowed");
    run(world);
    assert_int_equal(run_on(world, "m0", "*102#", &refusal), -1);
    assert_string_equal(refusal.name, "overloaded");
    assert_int_equal(
        lease_answer(gateway_fleet(world->gateway), "m0", 1000, "1", on_told, world, &refusal), -1);
    assert_string_equal(refusal.name, "not_found");
    assert_int_equal(lease_cancel(gateway_fleet(world->gateway), "m1", &refusal), -1);
    assert_int_equal(world->link[0]->ussd_starts, 1);
}

/* The figure: a message waits for what is left of the exchange, and not a millisecond longer. */
static void sending_waits_for_the_exchange_alone(void **state)
{
    struct world *world = *state;
    static const struct {
        int64_t after_ms, length_ms;
    } rows[] = {{0, 2500}, {1000, 2500}, {2499, 2500}, {5000, 30000}};
    char key[8];
    rig_ready(world, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct send_request a = rig_request(key);
        snprintf(key, sizeof key, "k%zu", i);
        int64_t asked_ms = loop_now_ms(world->loop);
        run(world);
        rig_run_for(world, rows[i].after_ms);
        int64_t row = rig_accept(world, &a);
        rig_run_for(world, rows[i].length_ms - rows[i].after_ms);
        rig_assert_state(world, row, MESSAGE_QUEUED);
        network(world, LINK_USSD_DONE, "");
        rig_assert_state(world, row, MESSAGE_CLAIMED);
        assert_true(world->link[0]->busy); /* and the link has it */
        assert_int_equal(loop_now_ms(world->loop) - asked_ms, rows[i].length_ms);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
        rig_run_for(world, 1000);
    }
}

/* It waits for the message under way, and goes before the next. */
static void it_goes_before_the_next_claim(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");
    rig_ready(world, 0);
    int64_t first = rig_accept(world, &a), second = rig_accept(world, &b);
    hand_link_state(world->link[0], LINK_BUSY);
    run(world);
    assert_int_equal(world->link[0]->ussd_starts, 0);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_ready(world, 0);
    rig_assert_state(world, first, MESSAGE_SENT);
    assert_int_equal(world->link[0]->ussd_starts, 1);
    rig_assert_state(world, second, MESSAGE_QUEUED);
    network(world, LINK_USSD_SILENT, "");
    assert_int_equal(end, LEASE_SILENT);
    rig_assert_state(world, second, MESSAGE_CLAIMED); /* in the same moment */
}

static void other_modems_hear_nothing_of_it(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");
    rig_ready(world, 0);
    rig_ready(world, 1);
    run(world);
    rig_accept(world, &a);
    assert_true(world->link[1]->busy);
    assert_false(world->link[0]->busy);
}

static void open_menu(struct world *world)
{
    rig_ready(world, 0);
    run(world);
    network(world, LINK_USSD_MORE, "1. A");
    assert_int_equal(end, LEASE_MORE);
    assert_string_equal(text, "1. A");
}

static void a_menu_is_answered(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    open_menu(world);
    assert_int_equal(
        lease_answer(gateway_fleet(world->gateway), "m0", 1001, "1", on_told, world, &refusal), -1);
    assert_int_equal(
        lease_answer(gateway_fleet(world->gateway), "m0", 1000, "x", on_told, world, &refusal), -1);
    assert_int_equal(
        lease_answer(gateway_fleet(world->gateway), "m0", 1000, "1", on_told, world, &refusal), 0);
    assert_string_equal(world->link[0]->ussd_code, "1");
    network(world, LINK_USSD_DONE, "A");
    assert_int_equal(told, 2);
    assert_string_equal(text, "A");
}

static void a_code_that_is_due_ends_a_menu(void **state)
{
    struct world *world = *state;
    struct send_request notice = rig_request("n"), otp = rig_request("o");
    struct refusal refusal;
    notice.class_ = CLASS_NOTICE;
    open_menu(world);
    rig_accept(world, &notice);
    assert_false(world->link[0]->ussd_cancelled); /* that can wait */
    int64_t row = rig_accept(world, &otp);
    assert_true(world->link[0]->ussd_cancelled);
    network(world, LINK_USSD_CANCELLED, "");
    rig_assert_state(world, row, MESSAGE_CLAIMED);
    assert_int_equal(
        lease_answer(gateway_fleet(world->gateway), "m0", 1000, "1", on_told, world, &refusal), -1);
    assert_string_equal(refusal.name, "not_found");
    assert_int_equal(told, 1);
}

/* One that waits already ends it as it opens. */
static void a_code_that_waits_ends_a_menu(void **state)
{
    struct world *world = *state;
    struct send_request otp = rig_request("o");
    rig_ready(world, 0);
    run(world);
    rig_accept(world, &otp);
    assert_false(world->link[0]->ussd_cancelled); /* the exchange itself is awaited */
    network(world, LINK_USSD_MORE, "1. A");
    assert_true(world->link[0]->ussd_cancelled);
}

static void nobody_answers(void **state)
{
    struct world *world = *state;
    open_menu(world);
    rig_run_for(world, 29000);
    assert_false(world->link[0]->ussd_cancelled);
    rig_run_for(world, 2000);
    assert_true(world->link[0]->ussd_cancelled);
}

static void who_asked_is_gone(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    run(world);
    lease_forget(gateway_fleet(world->gateway), world);
    assert_true(world->link[0]->ussd_cancelled);
    network(world, LINK_USSD_DONE, "15000d");
    assert_int_equal(told, 0);
    run(world);
    assert_int_equal(world->link[0]->ussd_starts, 2);
}

static void the_modem_has_no_time(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");
    rig_ready(world, 0);
    rig_accept(world, &a);
    hand_link_state(world->link[0], LINK_BUSY);
    run(world);
    rig_run_for(world, 31000);
    assert_int_equal(end, LEASE_BUSY);
    assert_int_equal(world->link[0]->ussd_starts, 0);
}

static void the_gateway_ends(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    run(world);
    rig_restart(world);
    assert_int_equal(told, 1);
    assert_int_equal(end, LEASE_GONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        TEST(asked_and_told),
        TEST(what_is_refused),
        TEST(sending_waits_for_the_exchange_alone),
        TEST(it_goes_before_the_next_claim),
        TEST(other_modems_hear_nothing_of_it),
        TEST(a_menu_is_answered),
        TEST(a_code_that_is_due_ends_a_menu),
        TEST(a_code_that_waits_ends_a_menu),
        TEST(nobody_answers),
        TEST(who_asked_is_gone),
        TEST(the_modem_has_no_time),
        TEST(the_gateway_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
