/* A modem in trouble: what it tells, and that the others do not wait for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "rig.h"

/* What it says to do; NULL: it does not stand. */
static const char *says(struct world *world, const char *name, const char *subject)
{
    struct alarm_view alarm;

    for (size_t i = 0; alarm_at(gateway_alarms(world->gateway), i, &alarm); i++)
        if (strcmp(alarm.name, name) == 0 && strcmp(alarm.subject, subject) == 0)
            return alarm.sentence;
    return NULL;
}

static bool stands(struct world *world, const char *subject)
{
    return says(world, "modem_quarantined", subject) != NULL;
}

static bool is_away(struct world *world, const char *subject)
{
    return says(world, "modem_away", subject) != NULL;
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

/* --- one that is away --- */

enum { AWAY_MS = 600000 };
static unsigned raised, cleared;

static void on_alarm(void *arg, const struct alarm_view *alarm, bool is_raised)
{
    (void)arg;
    if (strcmp(alarm->name, "modem_away") == 0)
        *(is_raised ? &raised : &cleared) += 1;
}

static void listen(struct world *world)
{
    raised = cleared = 0;
    alarm_on_change(gateway_alarms(world->gateway), on_alarm, NULL);
}

static void one_that_is_pulled_is_an_alarm_in_the_end(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    rig_ready(world, 1);
    listen(world);
    for (unsigned turn = 1; turn < 3; turn++) {
        hand_link_state(world->link[0], LINK_GONE);
        rig_run_for(world, AWAY_MS - 1);
        assert_false(is_away(world, "m0"));
        rig_run_for(world, 1);
        assert_non_null(strstr(says(world, "modem_away", "m0"), "not there"));
        rig_run_for(world, 5 * AWAY_MS);
        hand_link_state(world->link[0], LINK_OPENING);
        hand_link_state(world->link[0], LINK_GONE);
        hand_link_state(world->link[0], LINK_OPENING);
        assert_true(is_away(world, "m0")); /* it only tries */
        assert_int_equal(raised, turn);
        hand_link_state(world->link[0], LINK_REGISTERING);
        assert_non_null(strstr(says(world, "modem_away", "m0"), "no network"));
        assert_int_equal(raised, turn);
        rig_ready(world, 0);
        assert_false(is_away(world, "m0"));
        assert_int_equal(cleared, turn);
        rig_run_for(world, 2 * AWAY_MS);
    }
    assert_int_equal(raised, 2);
    assert_false(is_away(world, "m1"));
}

/* It never was ready long enough to matter: what counts is that it is not. */
static void one_that_hears_no_network_is_an_alarm(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    rig_ready(world, 1);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_run_for(world, AWAY_MS / 2);
    hand_link_state(world->link[0], LINK_RECOVERING);
    hand_link_state(world->link[0], LINK_SYNCING);
    rig_run_for(world, AWAY_MS / 2);
    assert_false(is_away(world, "m0")); /* on its way just now */
    hand_link_state(world->link[0], LINK_REGISTERING);
    assert_true(is_away(world, "m0"));
    rig_ready(world, 0);
    assert_false(is_away(world, "m0"));
    /* A short absence starts from the beginning each time. */
    for (int i = 0; i < 4; i++) {
        hand_link_state(world->link[0], LINK_REGISTERING);
        rig_run_for(world, AWAY_MS - 1000);
        assert_false(is_away(world, "m0"));
        rig_ready(world, 0);
    }
}

static void one_that_never_came_is_an_alarm(void **state)
{
    struct world *world = *state;

    hand_link_state(world->link[0], LINK_GONE);
    rig_ready(world, 1);
    rig_run_for(world, AWAY_MS);
    assert_true(is_away(world, "m0"));
    assert_false(is_away(world, "m1"));
}

/* Who looks at its SIM or its quarantine is told by their own alarms. */
static void what_has_an_alarm_of_its_own_is_not_away(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    rig_ready(world, 1);
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_ABSENT);
    hand_link_state(world->link[1], LINK_QUARANTINED);
    rig_run_for(world, 2 * AWAY_MS);
    assert_non_null(says(world, "sim_absent", "m0"));
    assert_true(stands(world, "m1"));
    assert_false(is_away(world, "m0"));
    assert_false(is_away(world, "m1"));
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_BUSY); /* has none */
    assert_true(is_away(world, "m0"));
}

/* Plugged in as it was told, it is not to be plugged in again: its SIM or its quarantine speaks. */
static void what_comes_back_to_another_alarm_is_not_away(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 2; i++) {
        hand_link_state(world->link[i], LINK_GONE);
        rig_run_for(world, AWAY_MS + 60 * 1000);
        assert_true(is_away(world, i == 0 ? "m0" : "m1"));
    }
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_PIN);
    hand_link_state(world->link[1], LINK_QUARANTINED);
    assert_false(is_away(world, "m0"));
    assert_false(is_away(world, "m1"));
    hand_link_state(world->link[0], LINK_GONE); /* pulled for good: at once, as before */
    assert_true(is_away(world, "m0"));
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
        TEST(one_that_is_pulled_is_an_alarm_in_the_end),
        TEST(one_that_hears_no_network_is_an_alarm),
        TEST(one_that_never_came_is_an_alarm),
        TEST(what_has_an_alarm_of_its_own_is_not_away),
        TEST(what_comes_back_to_another_alarm_is_not_away),
        TEST(while_one_climbs_the_other_sends),
        TEST(what_it_had_under_way_goes_to_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
