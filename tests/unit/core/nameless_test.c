/* Modems that tell no ICCID: each of them is a SIM of its own all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rig.h"

static const char *const imei[] = {"867542030000017", "867542030000025"};

static void tell_no_iccid(struct world *world)
{
    for (int i = 0; i < LINKS; i++) {
        struct link_identity *identity = &world->link[i]->link.identity;
        identity->iccid[0] = '\0';
        strcpy(identity->imei, imei[i]);
    }
}

static int setup(void **state)
{
    rig_setup(state);
    tell_no_iccid(*state);
    return 0;
}

static struct modem_view view_of(struct world *world, size_t i)
{
    struct modem_view view;

    assert_true(gateway_modem_at(world->gateway, i, &view));
    return view;
}

static void parts_of_a_message_stay_on_their_modem(void **state)
{
    static char text[200];
    struct world *world = *state;
    struct send_request request = rig_request("a");

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = sizeof text; /* two parts */
    world->modem[0].min_interval_ms = 60000;
    gateway_reload(world->gateway, &world->config);
    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_ready(world, 1);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, 30000);
    assert_int_equal(world->link[1]->submits, 0);
    rig_run_for(world, 31000);
    assert_int_equal(world->link[0]->submits, 2);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void each_has_its_budget(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");

    world->modem[0].daily_budget = world->modem[1].daily_budget = 1;
    gateway_reload(world->gateway, &world->config);
    rig_ready(world, 0);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_restart(world); /* counted anew, on disk */
    tell_no_iccid(world);
    rig_ready(world, 1);
    rig_ready(world, 0);
    assert_int_equal(view_of(world, 0).used_today, 1);
    assert_int_equal(view_of(world, 1).used_today, 0);
    rig_accept(world, &b);
    assert_int_equal(world->link[1]->submits, 1);
}

static void a_report_is_of_its_modem(void **state)
{
    static const char report[] =
        "06070B914819325476F8622211610000A3622211610000A300"; /* reference 7 */
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    rig_ready(world, 1);
    int64_t row = rig_accept(world, &request);
    int by = world->link[0]->busy ? 0 : 1;
    rig_prompt(world, by);
    rig_outcome(world, by, SMS_SENT, SMS_CAUSE_NONE, 0);
    hand_link_inbound(world->link[!by], report);
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_SENT);
    hand_link_inbound(world->link[by], report);
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

/* It is asked anew at a port that was lost, and tells as little: still the same. */
static void it_is_the_same_when_it_comes_back(void **state)
{
    static char text[200];
    struct world *world = *state;
    struct send_request request = rig_request("a");

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = sizeof text;
    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    hand_link_outcome(world->link[0], SMS_SENT, SMS_CAUSE_NONE, 0, 7);
    hand_link_state(world->link[0], LINK_GONE);
    rig_ready(world, 1);
    rig_run_for(world, 2000);
    rig_ready(world, 0);
    rig_settle(world);
    assert_int_equal(world->link[1]->submits, 0);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* One that says later who its SIM is, is known by that. */
static void an_iccid_goes_before_it(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    rig_ready(world, 0);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_int_equal(view_of(world, 0).used_today, 1);
    hand_link_state(world->link[0], LINK_GONE);
    strcpy(world->link[0]->link.identity.iccid, "8984048000000000001");
    rig_ready(world, 0);
    assert_int_equal(view_of(world, 0).used_today, 0);
    assert_string_equal(view_of(world, 0).identity->iccid, "8984048000000000001");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parts_of_a_message_stay_on_their_modem),
        TEST(each_has_its_budget),
        TEST(a_report_is_of_its_modem),
        TEST(it_is_the_same_when_it_comes_back),
        TEST(an_iccid_goes_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
