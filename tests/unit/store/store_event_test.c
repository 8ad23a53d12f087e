/* Events: shown when durable, in order, to whom they belong; purge; facts. */
#include <stdio.h>
#include <string.h>
#include "store_rig.h"

static int heard;
static void on_events(void *arg)
{
    struct rig *rig = arg;
    struct event events[8];
    heard = store_events_after(rig->store, 0, UINT32_MAX, events, 8);
}

static void test_only_what_is_durable(void **state)
{
    struct rig rig;
    struct event events[8];
    int64_t oldest, newest;
    (void)state;
    rig_memory(&rig);
    loop_sim_settle(rig.loop);
    store_on_events(rig.store, on_events, &rig);
    heard = -1;
    struct message message = rig_message(&rig, "login-81", "x");
    rig_begin(&rig);
    assert_int_equal(store_message_insert(rig.store, &message, NULL, 0), 0);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 0);
    rig_keep(&rig);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 0);
    assert_int_equal(store_event_bounds(rig.store, &oldest, &newest), 0);
    assert_int_equal(oldest, 1);
    assert_int_equal(newest, 0);
    assert_int_equal(heard, -1);
    loop_sim_settle(rig.loop);
    assert_int_equal(heard, 1);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 1);
    assert_int_equal(events[0].seq, 1);
    assert_int_equal(events[0].wall_ms, RIG_WALL_MS);
    assert_int_equal(events[0].message, message.row);
    assert_memory_equal(events[0].id, message.id, 16);
    assert_string_equal(events[0].key, "login-81");
    assert_int_equal(events[0].state, MESSAGE_QUEUED);
    assert_int_equal(events[0].uid, 1000);
    assert_int_equal(events[0].parts, 1);
    rig_begin(&rig); /* a second one, while the first is durable */
    message.state = MESSAGE_CANCELLED;
    assert_int_equal(store_message_update(rig.store, &message, true), 0);
    rig_keep(&rig);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 1);
    assert_int_equal(store_events_after(rig.store, 0, 1000, events, 8), 1);
    loop_sim_settle(rig.loop);
    assert_int_equal(store_events_after(rig.store, 0, 1000, events, 8), 2);
    /* a commit without events calls nobody */
    heard = -1;
    assert_int_equal(store_fact_set(rig.store, "a", "b"), 0);
    loop_sim_settle(rig.loop);
    assert_int_equal(heard, -1);
    message_clear(&message);
    rig_end(&rig);
}

static void put_for(struct rig *rig, uint32_t uid)
{
    struct message message = rig_message(rig, "", "x");
    message.uid = uid;
    rig_begin(rig);
    assert_int_equal(store_message_insert(rig->store, &message, NULL, 0), 0);
    rig_keep(rig);
    message_clear(&message);
    rig_commit(rig);
}

static void test_follow(void **state)
{
    struct rig rig;
    struct event events[8];
    int64_t previous;
    (void)state;
    rig_memory(&rig);
    for (int i = 0; i < 6; i++)
        put_for(&rig, i % 3 ? 1 : 2); /* seq 1 and 4 are of uid 2 */
    assert_int_equal(store_events_after(rig.store, 2, UINT32_MAX, events, 8), 4);
    assert_int_equal(events[0].seq, 3);
    assert_int_equal(store_events_after(rig.store, 2, UINT32_MAX, events, 2), 2);
    assert_int_equal(store_events_after(rig.store, 0, 2, events, 8), 2);
    assert_int_equal(events[1].seq, 4);
    assert_int_equal(store_events_after(rig.store, 6, UINT32_MAX, events, 8), 0);
    static const struct {
        int64_t seq;
        uint32_t uid;
        int64_t want;
    } cases[] = {{6, UINT32_MAX, 5}, {1, UINT32_MAX, 0}, {4, 2, 1}, {1, 2, 0},
                 {5, 1, 3},          {9, 2, 4},          {9, 3, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            store_event_previous(rig.store, cases[i].seq, EVENT_MESSAGE, cases[i].uid, &previous),
            0);
        assert_int_equal(previous, cases[i].want);
    }
    rig_end(&rig);
}

static void end_row(struct rig *rig, int64_t row, int64_t ended_wall_ms)
{
    struct message message;
    assert_int_equal(store_message_by_row(rig->store, row, false, &message), 1);
    message.state = MESSAGE_CANCELLED;
    message.ended_wall_ms = ended_wall_ms;
    rig_update(rig, &message, true);
    message_clear(&message);
}

static int purge(struct rig *rig, int64_t messages_before, int64_t events_before, size_t rows)
{
    const struct store_purge before = {.messages_before_wall_ms = messages_before,
                                       .events_before_wall_ms = events_before};
    return store_purge(rig->store, &before, rows);
}

static void test_purge(void **state)
{
    struct rig rig;
    struct message message;
    struct attempt attempts[2];
    int64_t oldest, newest, counts[MESSAGE_STATES];
    const int64_t expiry = RIG_WALL_MS + 300000;
    (void)state;
    rig_memory(&rig);
    int64_t a = rig_put(&rig, "a"), b = rig_put(&rig, "b"), live = rig_put(&rig, "c");
    rig_attempt(&rig, a, ATTEMPT_NOT_SENT, "s");
    end_row(&rig, a, RIG_WALL_MS);
    end_row(&rig, b, expiry + 50);
    rig_commit(&rig);
    assert_int_equal(purge(&rig, expiry, 0, 10), 0); /* its key lives as long as it */
    assert_int_equal(purge(&rig, expiry + 1, 0, 10), 1);
    assert_int_equal(store_message_by_row(rig.store, a, false, &message), 0);
    assert_int_equal(store_attempts_of(rig.store, a, attempts, 2), 0);
    assert_int_equal(purge(&rig, expiry + 51, 0, 0), 0);
    assert_int_equal(purge(&rig, expiry + 51, 0, 10), 1);
    assert_int_equal(rig_state(&rig, live), MESSAGE_QUEUED);
    assert_int_equal(store_message_counts(rig.store, counts), 0);
    assert_int_equal(counts[MESSAGE_CANCELLED], 0);
    assert_int_equal(counts[MESSAGE_QUEUED], 1);
    assert_string_equal(rig_ladder(&rig, a), "queued cancelled"); /* outlives its message */
    assert_int_equal(purge(&rig, 0, RIG_WALL_MS, 10), 0);
    assert_int_equal(purge(&rig, 0, RIG_WALL_MS + 1, 3), 3);
    assert_int_equal(store_event_bounds(rig.store, &oldest, &newest), 0);
    assert_int_equal(oldest, 4);
    assert_int_equal(newest, 5);
    assert_int_equal(purge(&rig, 0, RIG_WALL_MS + 1, 10), 2);
    rig_commit(&rig);
    assert_int_equal(store_event_bounds(rig.store, &oldest, &newest), 0);
    assert_int_equal(oldest, 6);
    assert_int_equal(newest, 5);
    rig_end(&rig);
}

static void test_numbers_go_on_after_a_purge(void **state)
{
    struct rig rig;
    int64_t oldest, newest;
    (void)state;
    rig_disk(&rig);
    int64_t row = rig_put(&rig, "a");
    end_row(&rig, row, 1);
    assert_int_equal(purge(&rig, INT64_MAX, INT64_MAX, 10), 3);
    rig_commit(&rig);
    rig_reopen(&rig);
    assert_int_equal(store_event_bounds(rig.store, &oldest, &newest), 0);
    assert_int_equal(oldest, 3);
    assert_int_equal(newest, 2);
    assert_true(rig_put(&rig, "a") > row);
    assert_int_equal(store_event_bounds(rig.store, &oldest, &newest), 0);
    assert_int_equal(newest, 3);
    rig_end(&rig);
}

static void test_facts(void **state)
{
    struct rig rig;
    char value[256], big[256];
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_fact_get(rig.store, "sim.8984", value, sizeof value), 0);
    memset(big, 'x', 255);
    big[255] = '\0';
    assert_int_equal(store_fact_set(rig.store, "sim.8984", "viettel-1"), 0);
    assert_int_equal(store_fact_set(rig.store, "sim.8984", big), 0);
    rig_reopen(&rig);
    assert_int_equal(store_fact_get(rig.store, "sim.8984", value, sizeof value), 1);
    assert_string_equal(value, big);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_is_durable),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_purge),
        cmocka_unit_test(test_numbers_go_on_after_a_purge),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
