/* Parts a day: what a SIM may send, and when its day begins anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "loop_sim.h"
#include "rig.h"

enum { HOUR_MS = 3600 * 1000, DAY_S = 24 * 3600 };

static bool unreadable;

int __real_store_attempts_day(struct store *store, const char *iccid, int64_t since_wall_ms,
                              int64_t until_wall_ms, struct store_day *out);
int __wrap_store_attempts_day(struct store *store, const char *iccid, int64_t since_wall_ms,
                              int64_t until_wall_ms, struct store_day *out);
int __wrap_store_attempts_day(struct store *store, const char *iccid, int64_t since_wall_ms,
                              int64_t until_wall_ms, struct store_day *out)
{
    if (unreadable)
        return -EIO;
    return __real_store_attempts_day(store, iccid, since_wall_ms, until_wall_ms, out);
}

/* It is noon. */
static int setup(void **state)
{
    rig_setup(state);
    struct world *world = *state;
    int64_t wall_ms = loop_wall_ms(world->loop);

    unreadable = false;
    loop_sim_wall_set(world->loop, wall_ms - wall_ms % (24 * HOUR_MS) + 12 * HOUR_MS);
    hand_link_state(world->link[1], LINK_GONE);
    rig_settle(world);
    return 0;
}

static struct send_request patient(const char *key)
{
    struct send_request request = rig_request(key);

    request.ttl_s = DAY_S;
    return request;
}

static void send_one(struct world *world, const char *key)
{
    struct send_request request = patient(key);

    rig_accept(world, &request);
    rig_prompt(world, 0);
    assert_true(world->link[0]->yes);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
}

/* m0 is ready and has sent all it may today. */
static void used_up(struct world *world, int budget)
{
    char key[2] = "a";

    world->modem[0].daily_budget = budget;
    gateway_reload(world->gateway, &world->config);
    rig_ready(world, 0);
    for (int i = 0; i < budget; i++, key[0]++)
        send_one(world, key);
}

static int64_t used_today(struct world *world)
{
    struct modem_view view;

    assert_true(gateway_modem_at(world->gateway, 0, &view));
    return view.used_today;
}

static void leap(struct world *world, int64_t ms)
{
    loop_sim_wall_set(world->loop, loop_wall_ms(world->loop) + ms);
    rig_settle(world);
}

/* --- days ----------------------------------------------------------------------------------------
 */

static void the_next_day_begins_at_midnight(void **state)
{
    struct world *world = *state;
    struct send_request next = patient("next");

    used_up(world, 2);
    int64_t row = rig_accept(world, &next);
    rig_run_for(world, 12 * HOUR_MS - 1);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 1);
    assert_true(world->link[0]->busy);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

/* A machine without a clock of its own learns the time after its start. */
static void a_clock_that_is_set_forward_brings_the_next_day(void **state)
{
    struct world *world = *state;
    struct send_request next = patient("next"), soon = rig_request("soon");
    struct refusal refusal;

    used_up(world, 1);
    rig_accept(world, &next);
    assert_int_equal(rig_send(world, &soon, &refusal), 0); /* not within its 300 s */
    assert_string_equal(refusal.name, "no_modem");
    leap(world, 15 * HOUR_MS);
    assert_true(world->link[0]->busy);
    assert_int_equal(used_today(world), 0);
}

/* Midnight is late then; its timer stands at the former one. */
static void a_clock_that_is_set_back_brings_no_new_day(void **state)
{
    struct world *world = *state;
    struct send_request next = patient("next");

    used_up(world, 1);
    leap(world, -6 * HOUR_MS);
    rig_accept(world, &next);
    rig_run_for(world, 18 * HOUR_MS - 1);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 1);
    assert_true(world->link[0]->busy);
}

/* What was sent while the clock stood in another year is of that year's day. */
static void what_was_sent_in_the_future_is_not_of_today(void **state)
{
    struct world *world = *state;

    used_up(world, 2);
    assert_int_equal(used_today(world), 2);
    leap(world, -365 * INT64_C(24) * HOUR_MS);
    assert_int_equal(used_today(world), 0);
    send_one(world, "now");
    assert_int_equal(used_today(world), 1);
    leap(world, 365 * INT64_C(24) * HOUR_MS);
    assert_int_equal(used_today(world), 2);
}

/* --- messages of several parts -------------------------------------------------------------------
 */

static struct send_request three_parts(const char *key)
{
    static char text[320];
    struct send_request request = rig_request(key);

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = sizeof text;
    return request;
}

static void with_budgets(struct world *world, int m0, int m1)
{
    world->modem[0].daily_budget = m0;
    world->modem[1].daily_budget = m1;
    gateway_reload(world->gateway, &world->config);
    hand_link_state(world->link[1], LINK_REGISTERING);
    rig_ready(world, 0);
}

static void all_parts_leave(struct world *world, int link, int64_t row)
{
    for (unsigned part = 0; part < 3; part++) {
        assert_true(world->link[link]->busy);
        assert_int_equal(world->link[link]->submit.part, part);
        rig_prompt(world, link);
        rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* Half a message is worth less than none. */
static void a_message_is_begun_where_all_of_it_fits(void **state)
{
    struct world *world = *state;
    struct send_request request = three_parts("a");

    with_budgets(world, 2, 3);
    int64_t row = rig_accept(world, &request);
    assert_false(world->link[0]->busy);
    rig_ready(world, 1);
    assert_false(world->link[0]->busy);
    all_parts_leave(world, 1, row);
}

static void what_is_begun_is_finished(void **state)
{
    struct world *world = *state;
    struct send_request request = three_parts("a"), next = rig_request("b");

    with_budgets(world, 3, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    for (int i = 0; i < 2; i++) { /* these count, and nothing is left */
        assert_int_equal(world->link[0]->submit.part, 1);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42);
        assert_false(world->link[0]->busy);
        rig_run_for(world, 5000);
    }
    assert_int_equal(used_today(world), 3);
    for (unsigned part = 1; part < 3; part++) {
        assert_int_equal(world->link[0]->submit.part, part);
        rig_prompt(world, 0);
        assert_true(world->link[0]->yes);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    rig_accept(world, &next);
    assert_false(world->link[0]->busy); /* and nothing else */
}

/* The more urgent one is too large for the day. */
static void a_small_one_goes_before_one_that_does_not_fit(void **state)
{
    struct world *world = *state;
    struct send_request large = three_parts("a"), small = rig_request("b");

    with_budgets(world, 2, 0);
    large.ttl_s = 100;
    int64_t first = rig_accept(world, &large), second = rig_accept(world, &small);
    rig_assert_state(world, first, MESSAGE_QUEUED);
    rig_assert_state(world, second, MESSAGE_CLAIMED);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, second, MESSAGE_SENT);
}

static void the_door_knows_what_fits(void **state)
{
    struct world *world = *state;
    struct send_request request = three_parts("a"), later = three_parts("b"), one = patient("c");
    struct refusal refusal;

    with_budgets(world, 2, 2);
    later.ttl_s = DAY_S;
    assert_int_equal(rig_send(world, &later, &refusal), 0); /* on no day */
    assert_string_equal(refusal.name, "no_modem");
    assert_non_null(strstr(refusal.sentence, "daily_budget"));
    with_budgets(world, 3, 2);
    rig_accept(world, &one);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_int_equal(rig_send(world, &request, &refusal), 0); /* not today */
    assert_string_equal(refusal.name, "no_modem");
    int64_t row = rig_accept(world, &later);
    rig_run_for(world, 12 * HOUR_MS);
    all_parts_leave(world, 0, row);
}

/* Another SIM that has no room for it is no other. */
static void what_fits_nowhere_else_is_tried_again_here(void **state)
{
    struct world *world = *state;
    struct send_request request = three_parts("a");

    with_budgets(world, 0, 2);
    rig_ready(world, 1);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 38);
    assert_false(world->link[1]->busy);
    rig_run_for(world, 61 * 1000);
    all_parts_leave(world, 0, row);
}

/* --- what the disk does not tell -----------------------------------------------------------------
 */

static void a_day_that_cannot_be_counted_is_no_new_budget(void **state)
{
    struct world *world = *state;
    struct send_request next = patient("next");

    used_up(world, 1);
    unreadable = true;
    rig_restart(world);
    rig_ready(world, 0);
    rig_accept(world, &next);
    rig_run_for(world, 10 * 1000);
    assert_false(world->link[0]->busy);
    unreadable = false;
    rig_run_for(world, 2000);
    assert_int_equal(used_today(world), 1);
    assert_false(world->link[0]->busy);
    world->modem[0].daily_budget = 2;
    unreadable = true;
    rig_restart(world);
    rig_ready(world, 0);
    rig_run_for(world, 10 * 1000);
    assert_false(world->link[0]->busy);
    unreadable = false;
    rig_run_for(world, 2000); /* nothing else happens */
    assert_true(world->link[0]->busy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_next_day_begins_at_midnight),
        TEST(a_clock_that_is_set_forward_brings_the_next_day),
        TEST(a_clock_that_is_set_back_brings_no_new_day),
        TEST(what_was_sent_in_the_future_is_not_of_today),
        TEST(a_message_is_begun_where_all_of_it_fits),
        TEST(what_is_begun_is_finished),
        TEST(a_small_one_goes_before_one_that_does_not_fit),
        TEST(the_door_knows_what_fits),
        TEST(what_fits_nowhere_else_is_tried_again_here),
        TEST(a_day_that_cannot_be_counted_is_no_new_budget),
    };

    setenv("TZ", "UTC0", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
