/* A savepoint that is undone takes with it what was counted in it, and only that. And what a crash
 * undoes once too often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "gateway_inside.h"
#include "rig.h"

static char dir[] = "/tmp/otpgate-undone-XXXXXX";

static int disk_setup(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/otpgate-undone-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    rig_setup_in(state, dir);
    return 0;
}

static int disk_teardown(void **state)
{
    char command[64];

    rig_teardown(state);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static struct gateway_stats stats_of(struct world *world)
{
    struct gateway_stats stats;

    gateway_stats(world->gateway, &stats);
    return stats;
}

static int64_t accept_one(struct world *world, const char *key)
{
    struct send_request request = rig_request(key);
    return rig_accept(world, &request);
}

/* Taken, and then its caller thinks better of it. */
static void send_and_undo(struct world *world, const char *key, const char *supersedes)
{
    struct send_request request = rig_request(key);
    struct send_result result;
    struct refusal refusal;

    request.supersedes = supersedes;
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_send(world->gateway, &request, &result, &refusal), 0);
    assert_int_equal(store_end(world->store, false), 0);
    message_clear(&result.message);
    rig_await(world);
}

static void an_accept_that_is_undone_is_not_counted(void **state)
{
    struct world *world = *state;

    accept_one(world, "a");
    send_and_undo(world, "b", NULL);
    assert_int_equal(stats_of(world).queued_parts[CLASS_OTP], 1);
    assert_int_equal(stats_of(world).accepted, 1);
    assert_int_equal(stats_of(world).refused, 1);
    send_and_undo(world, "b", "a"); /* one is taken away and one is added */
    assert_int_equal(stats_of(world).queued_parts[CLASS_OTP], 1);
    assert_int_equal(stats_of(world).accepted, 1);
}

/* Counted as gone it would wait until something else is queued: at 0 nobody looks. */
static void a_cancel_that_is_undone_does_not_hide_the_message(void **state)
{
    struct world *world = *state;
    int64_t row = accept_one(world, "a");
    struct message message = rig_look(world, row);
    struct refusal refusal;

    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_cancel(world->gateway, &message, &refusal), 0);
    assert_int_equal(store_end(world->store, false), 0);
    message_clear(&message);
    rig_await(world);
    assert_int_equal(stats_of(world).queued_parts[CLASS_OTP], 1);
    rig_ready(world, 0);
    assert_true(world->link[0]->busy);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* More than is noted: then the queue is counted anew. */
static void many_at_once_are_undone_too(void **state)
{
    struct world *world = *state;
    struct send_result result;
    struct refusal refusal;
    char key[16];

    accept_one(world, "a");
    assert_int_equal(store_begin(world->store), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = rig_request(key);
        request.ttl_s = 3600;
        assert_int_equal(gateway_send(world->gateway, &request, &result, &refusal), 0);
        message_clear(&result.message);
    }
    assert_int_equal(store_end(world->store, false), 0);
    rig_await(world);
    assert_int_equal(stats_of(world).queued_parts[CLASS_OTP], 1);
    assert_int_equal(stats_of(world).accepted, 1);
}

/* One more stands in the same transaction: that one is counted. */
static void a_report_that_is_undone_is_not_counted(void **state)
{
    struct world *world = *state;
    const struct pdu_report nobodys = {.reference = 7};

    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_begin(world->store), 0);
        disk_guard(world->gateway);
        assert_int_equal(reports_take(world->gateway, "89840", &nobodys), 0);
        assert_int_equal(store_end(world->store, i == 0), 0);
    }
    assert_int_equal(stats_of(world).reports, 0);
    rig_settle(world);
    assert_int_equal(stats_of(world).reports, 1);
}

static bool stands(struct world *world, const char *name)
{
    struct alarm_view alarm;

    for (size_t i = 0; alarm_at(gateway_alarms(world->gateway), i, &alarm); i++)
        if (strcmp(alarm.name, name) == 0)
            return true;
    return false;
}

static void three_crashes_with_one_message_are_an_alarm(void **state)
{
    struct world *world = *state;
    int64_t row = accept_one(world, "a");

    for (int crash = 1; crash <= 3; crash++) {
        assert_false(stands(world, "message_crashes"));
        rig_ready(world, 0);
        rig_run_for(world, 100);
        rig_assert_state(world, row, MESSAGE_CLAIMED);
        rig_crash(world, dir);
        rig_assert_state(world, row, crash < 3 ? MESSAGE_QUEUED : MESSAGE_FAILED);
    }
    assert_true(stands(world, "message_crashes"));
    rig_crash(world, dir);
    assert_false(stands(world, "message_crashes"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_accept_that_is_undone_is_not_counted),
        TEST(a_cancel_that_is_undone_does_not_hide_the_message),
        TEST(many_at_once_are_undone_too),
        TEST(a_report_that_is_undone_is_not_counted),
        cmocka_unit_test_setup_teardown(three_crashes_with_one_message_are_an_alarm, disk_setup,
                                        disk_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
