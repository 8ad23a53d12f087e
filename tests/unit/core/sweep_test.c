/* What time alone brings about comes in small steps, however many share a moment: between two of
 * them the others have their turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "loop_sim.h"
#include "rig.h"

enum { MANY = 200, STEP = 32, TTL_MS = 300 * 1000 };

static int64_t standing(struct world *world, enum message_state state)
{
    struct gateway_stats stats;

    gateway_stats(world->gateway, &stats);
    return stats.by_state[state];
}

static void accept_many(struct world *world, int64_t row[MANY])
{
    char key[16];

    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = rig_request(key);
        row[i] = rig_accept(world, &request);
    }
}

/* Each moment ends a step of them, and no more; and it goes on until all have ended. */
static void count_steps(struct world *world, enum message_state state)
{
    int64_t before = standing(world, state);

    for (int i = 0; i < MANY && before < MANY; i++) {
        rig_run_for(world, 1);
        int64_t now = standing(world, state);
        assert_in_range(now - before, 1, STEP);
        before = now;
    }
    assert_int_equal(before, MANY);
}

static void deadlines_pass_in_steps(void **state)
{
    struct world *world = *state;
    int64_t row[MANY];

    accept_many(world, row);
    rig_run_for(world, TTL_MS - 1);
    assert_int_equal(standing(world, MESSAGE_EXPIRED), 0);
    count_steps(world, MESSAGE_EXPIRED);
}

/* A modem looks for what is due and finds them first: it does not end them all. */
static void a_modem_that_comes_by_ends_few(void **state)
{
    struct world *world = *state;
    int64_t row[MANY];

    accept_many(world, row);
    struct send_request request = rig_request("later");
    request.ttl_s = 3600;
    int64_t later = rig_accept(world, &request);
    hand_link_state(world->link[0], LINK_REGISTERING);
    loop_sim_stall(world->loop, TTL_MS);
    hand_link_state(world->link[0], LINK_READY);
    rig_settle(world);
    int64_t expired = standing(world, MESSAGE_EXPIRED);
    assert_in_range(expired, 1, STEP + 3 * 8); /* the sweep, and what rode with its COMMITs */
    rig_run_for(world, 50);
    assert_int_equal(standing(world, MESSAGE_EXPIRED), MANY);
    assert_true(world->link[0]->busy);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, later, MESSAGE_SENT);
}

static void waits_end_in_steps(void **state)
{
    struct world *world = *state;
    int64_t row[MANY], until_ms = loop_now_ms(world->loop) + 60 * 1000;
    struct store_next next;

    accept_many(world, row);
    for (int i = 0; i < MANY; i++) {
        struct message message = rig_look(world, row[i]);
        message.wait_until_ms = until_ms;
        assert_int_equal(store_begin(world->store), 0);
        assert_int_equal(store_message_update(world->store, &message, false), 0);
        assert_int_equal(store_end(world->store, true), 0);
        message_clear(&message);
    }
    rig_await(world);
    rig_restart(world);
    rig_run_for(world, until_ms - loop_now_ms(world->loop));
    assert_int_equal(store_next_times(world->store, &next), 0);
    assert_int_equal(next.wake_ms, until_ms); /* not all of them at once */
    rig_run_for(world, MANY / STEP + 1);
    assert_int_equal(store_next_times(world->store, &next), 0);
    assert_true(next.wake_ms == INT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deadlines_pass_in_steps),
        TEST(a_modem_that_comes_by_ends_few),
        TEST(waits_end_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
