/* A modem in trouble: what it tells, and that the others do not wait for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "rig.h"

static bool stands(struct world *world, const char *subject)
{
    struct alarm_view alarm;

    for (size_t i = 0; alarm_at(world->gateway, i, &alarm); i++)
        if (strcmp(alarm.name, "modem_quarantined") == 0 && strcmp(alarm.subject, subject) == 0)
            return true;
    return false;
}

static void a_quarantine_is_an_alarm_until_it_is_ready(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    rig_ready(world, 1);
    hand_link_state(world->link[0], LINK_RECOVERING);
    assert_false(stands(world, "m0"));
    hand_link_state(world->link[0], LINK_QUARANTINED);
    assert_true(stands(world, "m0"));
    assert_false(stands(world, "m1"));
    hand_link_state(world->link[0], LINK_OPENING);
    hand_link_state(world->link[0], LINK_SYNCING);
    hand_link_state(world->link[0], LINK_RECOVERING);
    assert_true(stands(world, "m0")); /* it only tries */
    hand_link_state(world->link[0], LINK_GONE);
    assert_true(stands(world, "m0"));
    rig_ready(world, 0);
    assert_false(stands(world, "m0"));
}

/* One climbs through every state there is; what the other sends waits not a millisecond for it. */
static void while_one_climbs_the_other_sends(void **state)
{
    static const enum link_state climbing[] = {
        LINK_RECOVERING, LINK_SYNCING,     LINK_RECOVERING, LINK_OPENING,    LINK_GONE,
        LINK_RECOVERING, LINK_QUARANTINED, LINK_OPENING,    LINK_SYNCING,    LINK_IDENTIFYING,
        LINK_SIM,        LINK_REGISTERING, LINK_RECOVERING, LINK_QUARANTINED};
    struct world *world = *state;
    char key[16];

    rig_ready(world, 0);
    rig_ready(world, 1);
    for (size_t i = 0; i < sizeof climbing / sizeof *climbing; i++) {
        hand_link_state(world->link[0], climbing[i]);
        snprintf(key, sizeof key, "k%zu", i);
        struct send_request request = rig_request(key);
        int64_t at_ms = loop_now_ms(world->loop);
        int64_t row = rig_accept(world, &request);
        assert_false(world->link[0]->busy);
        assert_true(world->link[1]->busy);
        assert_int_equal(loop_now_ms(world->loop), at_ms);
        rig_prompt(world, 1);
        rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
        rig_assert_state(world, row, MESSAGE_SENT);
    }
}

/* Its own message goes to the other as soon as the link has told what became of it. */
static void what_it_had_under_way_goes_to_the_other(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    assert_true(world->link[0]->busy);
    rig_ready(world, 1);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_NO_PROMPT);
    hand_link_state(world->link[0], LINK_RECOVERING);
    rig_settle(world);
    assert_true(world->link[1]->busy);
    rig_prompt(world, 1);
    rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_quarantine_is_an_alarm_until_it_is_ready),
        TEST(while_one_climbs_the_other_sends),
        TEST(what_it_had_under_way_goes_to_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
