/* A changed configuration, under modems that are in the middle of something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "rig.h"

static const char imei[] = "867542030000017";

static const char *held(struct world *world, size_t i)
{
    static char words[256];
    struct modem_view view;

    assert_true(gateway_modem_at(world->gateway, i, &view));
    snprintf(words, sizeof words, "%s", view.held);
    return words;
}

/* Sections with a port of their own each, opened anew. */
static void with_ports(struct world *world)
{
    for (int i = 0; i < LINKS; i++) {
        strcpy(world->modem[i].driver, "at");
        snprintf(world->modem[i].port, sizeof world->modem[i].port, "/dev/port%d", i);
    }
    rig_restart(world);
}

static void reload(struct world *world)
{
    gateway_reload(world->gateway, &world->config);
    rig_settle(world);
}

/* The section m0 leaves, and with it link 0. */
static void without_m0(struct world *world)
{
    world->config.modems = &world->modem[1];
    world->config.modem_count = 1;
    reload(world);
}

/* --- who has the modem ---------------------------------------------------------------------------
 */

static void who_was_refused_for_a_modem_that_leaves_gets_it(void **state)
{
    struct world *world = *state;

    with_ports(world);
    for (int i = 0; i < LINKS; i++) {
        strcpy(world->link[i]->link.identity.imei, imei);
        strcpy(world->link[i]->link.identity.iccid, "89840");
        hand_link_state(world->link[i], LINK_SIM);
    }
    rig_settle(world);
    assert_string_equal(held(world, 1), "refused: [modem m0] has this modem");
    hand_link_state(world->link[1], LINK_GONE);
    assert_string_equal(world->link[1]->place, "");
    unsigned attaches = world->link[1]->attaches;
    without_m0(world);
    assert_string_equal(held(world, 0), "");
    assert_int_equal(world->link[1]->attaches, attaches + 1);
    assert_string_equal(world->link[1]->place, "/dev/port1");
    hand_link_state(world->link[1], LINK_SIM);
    rig_ready(world, 1);
    assert_string_equal(held(world, 0), "");
}

static void a_swap_that_may_be_taken_now_is(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    strcpy(world->link[0]->link.identity.imei, imei);
    rig_ready(world, 0);
    hand_link_state(world->link[0], LINK_GONE);
    strcpy(world->link[0]->link.identity.iccid, "89849");
    rig_ready(world, 0);
    assert_string_equal(held(world, 0), "it holds another SIM than before; modem.accept takes it");
    int64_t row = rig_accept(world, &request);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    world->config.sim_swap = SIM_SWAP_ACCEPT;
    reload(world);
    assert_string_equal(held(world, 0), "");
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

/* --- alarms --------------------------------------------------------------------------------------
 */

static bool alarmed(struct world *world, const char *name)
{
    struct alarm_view alarm;

    for (size_t i = 0; alarm_at(gateway_alarms(world->gateway), i, &alarm); i++)
        if (strcmp(alarm.name, name) == 0 && strcmp(alarm.subject, "m0") == 0)
            return true;
    return false;
}

static void a_modem_that_leaves_takes_its_alarms_along(void **state)
{
    struct world *world = *state;

    strcpy(world->link[0]->link.identity.imei, imei);
    rig_ready(world, 0);
    strcpy(world->link[0]->link.identity.iccid, "89849");
    hand_link_state(world->link[0], LINK_REGISTERING);
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_PUK);
    hand_link_state(world->link[0], LINK_QUARANTINED);
    assert_true(alarmed(world, "sim_swapped"));
    assert_true(alarmed(world, "sim_puk"));
    assert_true(alarmed(world, "modem_quarantined"));
    without_m0(world);
    struct alarm_view alarm;
    assert_false(alarm_at(gateway_alarms(world->gateway), 0, &alarm));
}

/* The former m0 still awaits what became of a text when the next of that name is there. */
static void alarms_of_one_name_are_the_living_modems(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    rig_accept(world, &request);
    rig_prompt(world, 0);
    strcpy(world->modem[0].port, "/dev/other");
    reload(world);
    hand_link_state(world->link[0], LINK_QUARANTINED);
    assert_false(alarmed(world, "modem_quarantined"));
    hand_link_card(world->link[LINKS], LINK_SIM, LINK_CARD_PUK);
    hand_link_state(world->link[LINKS], LINK_QUARANTINED);
    hand_link_card(world->link[0], LINK_READY, LINK_CARD_READY);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0); /* and it goes */
    assert_true(alarmed(world, "sim_puk"));
    assert_true(alarmed(world, "modem_quarantined"));
}

/* --- what takes a new link -----------------------------------------------------------------------
 */

static void another_model_is_another_phone(void **state)
{
    struct world *world = *state;

    assert_int_equal(world->links, LINKS);
    strcpy(world->modem[0].gammu_model, "6230");
    reload(world);
    assert_int_equal(world->links, LINKS + 1);
    reload(world);
    assert_int_equal(world->links, LINKS + 1);
}

/* No section names it any more: what has not left it goes back, and nothing leaves. */
static void a_modem_that_is_removed_sends_no_more(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    rig_ready(world, 1);
    int64_t row = rig_accept(world, &a);
    assert_true(world->link[1]->busy);
    world->config.modem_count = 1;
    reload(world);
    assert_true(world->link[1]->aborted);
    rig_prompt(world, 1); /* it was faster */
    assert_true(world->link[1]->answered);
    assert_false(world->link[1]->yes);
    rig_outcome(world, 1, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    assert_int_equal(gateway_modem_count(world->gateway), 1);
    rig_ready(world, 0);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_was_refused_for_a_modem_that_leaves_gets_it),
        TEST(a_swap_that_may_be_taken_now_is),
        TEST(a_modem_that_is_removed_sends_no_more),
        TEST(a_modem_that_leaves_takes_its_alarms_along),
        TEST(alarms_of_one_name_are_the_living_modems),
        TEST(another_model_is_another_phone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
