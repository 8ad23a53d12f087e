/* What has been kept long enough goes, by itself, and nothing before its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "store_audit.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

static bool there(struct world *world, int64_t row)
{
    struct message message = {0};
    int rc = store_message_by_row(world->store, row, false, &message);

    assert_true(rc >= 0);
    message_clear(&message);
    return rc == 1;
}

static int64_t ended(struct world *world, const char *key)
{
    struct send_request request = rig_request(key);
    int64_t row = rig_accept(world, &request);

    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 195);
    rig_assert_state(world, row, MESSAGE_FAILED);
    return row;
}

static void messages_stay_for_their_days_and_go(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    int64_t row = ended(world, "a");
    rig_run_for(world, 15 * DAY_MS);
    int64_t later = ended(world, "b");
    rig_run_for(world, 15 * DAY_MS - 3600 * 1000);
    assert_true(there(world, row));
    rig_run_for(world, 3 * 3600 * 1000);
    assert_false(there(world, row));
    assert_true(there(world, later));
}

/* What was written to us is as personal as what we write. */
static void inbound_texts_go_with_them(void **state)
{
    struct world *world = *state;
    struct inbox list[2];

    rig_ready(world, 0);
    hand_link_inbound(world->link[0], "040B914819325476F80008622211610000A3020041");
    rig_settle(world);
    rig_run_for(world, 30 * DAY_MS - 3600 * 1000);
    assert_int_equal(store_inbox_list(world->store, 0, list, 2), 1);
    inbox_clear(&list[0]);
    rig_run_for(world, 3 * 3600 * 1000);
    assert_int_equal(store_inbox_list(world->store, 0, list, 2), 0);
}

static void events_stay_for_a_week(void **state)
{
    struct world *world = *state;
    static struct event events[8];

    rig_ready(world, 0);
    (void)ended(world, "a");
    rig_run_for(world, 7 * DAY_MS - 3600 * 1000);
    assert_true(store_events_after(world->store, 0, UINT32_MAX, events, 8) > 0);
    rig_run_for(world, 3 * 3600 * 1000);
    assert_int_equal(store_events_after(world->store, 0, UINT32_MAX, events, 8), 0);
}

/* Who asked about whom is kept longer than what was sent. */
static void what_is_on_record_has_its_own_time(void **state)
{
    struct world *world = *state;
    struct audit_row row = {.uid = 1, .wall_ms = loop_wall_ms(world->loop)};
    static struct audit_row list[2];

    world->config.audit_days = 60;
    strcpy(row.method, "modem.pause");
    strcpy(row.outcome, "ok");
    assert_int_equal(store_audit_insert(world->store, &row), 0);
    rig_settle(world);
    rig_run_for(world, 60 * DAY_MS - 3600 * 1000);
    assert_int_equal(store_audit_list(world->store, 0, list, 2), 1);
    rig_run_for(world, 3 * 3600 * 1000);
    assert_int_equal(store_audit_list(world->store, 0, list, 2), 0);
}

/* A few at a time, one step behind the other: not so many an hour. */
static void many_go_in_one_go(void **state)
{
    enum { MANY = 4 * STORE_PURGE_STEP };
    struct world *world = *state;
    static int64_t rows[MANY];
    char key[16];

    rig_ready(world, 0);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "k%d", i);
        rows[i] = ended(world, key);
    }
    rig_run_for(world, 30 * DAY_MS + 2 * 3600 * 1000);
    for (int i = 0; i < MANY; i++)
        assert_false(there(world, rows[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_stay_for_their_days_and_go),
        TEST(inbound_texts_go_with_them),
        TEST(events_stay_for_a_week),
        TEST(what_is_on_record_has_its_own_time),
        TEST(many_go_in_one_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
