/* The due queue: class, then deadline, then age; pins; what a SIM should leave to others; waiting;
 * ending; and that none of it costs more with a longer queue. */
#include <stdio.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"

static uint8_t parts_put = 1; /* of what is put */

struct shape {
    enum message_class class_;
    int64_t expires_in_ms;
    const char *pin, *avoid;
    int64_t wait_ms;
};

static int64_t put(struct rig *rig, const struct shape *shape)
{
    struct message message = rig_message(rig, "", "x");
    message.class_ = shape->class_;
    message.parts = parts_put;
    message.expires_ms = loop_now_ms(rig->loop) + shape->expires_in_ms;
    message.wait_until_ms = shape->wait_ms ? loop_now_ms(rig->loop) + shape->wait_ms : 0;
    snprintf(message.pin, sizeof message.pin, "%s", shape->pin ? shape->pin : "");
    snprintf(message.avoid, sizeof message.avoid, "%s", shape->avoid ? shape->avoid : "");
    rig_begin(rig);
    assert_int_equal(store_message_insert(rig->store, &message, NULL, 0), 0);
    rig_keep(rig);
    int64_t row = message.row;
    message_clear(&message);
    return row;
}

/* The row that is due for modem m1 with SIM s1; 0 where there is none. Claims it if asked. */
static int64_t due(struct rig *rig, bool skip_avoided, bool claim)
{
    struct message message;
    const struct store_taker taker = {"m1", "s1", SMS_PARTS_MAX, skip_avoided ? SMS_PARTS_MAX : 0};
    int rc = store_message_due(rig->store, &taker, &message);
    assert_in_range(rc, 0, 1);
    if (rc == 0)
        return 0;
    assert_non_null(message.text);
    int64_t row = message.row;
    if (claim) {
        message.state = MESSAGE_CLAIMED;
        rig_update(rig, &message, false);
    }
    message_clear(&message);
    return row;
}

static void test_order(void **state)
{
    static const struct shape shapes[] = {
        {CLASS_BULK, 1000, NULL, NULL, 0},         {CLASS_NOTICE, 9000, "modem:m1", NULL, 0},
        {CLASS_OTP, 5000, NULL, NULL, 0},          {CLASS_OTP, 4000, "sim:s1", NULL, 0},
        {CLASS_OTP, 4000, NULL, NULL, 0},          {CLASS_OTP, 100, "modem:m2", NULL, 0},
        {CLASS_OTP, 100, "sim:s2", NULL, 0},       {CLASS_NOTICE, 9000, NULL, "s2", 0},
        {CLASS_NOTICE, 8000, "modem:m1", "s9", 0}, {CLASS_OTP, 100, NULL, NULL, 50},
    };
    static const int want[] = {3, 4, 2, 8, 1, 7, 0};
    struct rig rig;
    int64_t rows[10];
    (void)state;
    rig_memory(&rig);
    for (int i = 0; i < 10; i++)
        rows[i] = put(&rig, &shapes[i]);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_int_equal(due(&rig, true, true), rows[want[i]]);
    assert_int_equal(due(&rig, true, true), 0);
    rig_end(&rig);
}

static void test_avoided(void **state)
{
    static const struct shape shapes[] = {
        {CLASS_OTP, 100, NULL, "s1", 0},
        {CLASS_OTP, 200, NULL, "s2", 0},
        {CLASS_OTP, 300, NULL, "", 0},
    };
    struct rig rig;
    int64_t rows[3];
    (void)state;
    rig_memory(&rig);
    for (int i = 0; i < 3; i++)
        rows[i] = put(&rig, &shapes[i]);
    assert_int_equal(due(&rig, false, false), rows[0]);
    assert_int_equal(due(&rig, true, true), rows[1]);
    assert_int_equal(due(&rig, true, true), rows[2]);
    assert_int_equal(due(&rig, true, true), 0);
    assert_int_equal(due(&rig, false, true), rows[0]);
    rig_end(&rig);
}

/* Nobody else may take them: avoided or not, they are due here. */
static void test_pinned_where_avoided(void **state)
{
    static const struct shape shapes[] = {
        {CLASS_OTP, 100, "modem:m1", "s1", 0},
        {CLASS_OTP, 200, "sim:s1", "s1", 0},
        {CLASS_OTP, 300, "modem:m2", "s1", 0},
    };
    struct rig rig;
    int64_t rows[3];
    (void)state;
    rig_memory(&rig);
    for (int i = 0; i < 3; i++)
        rows[i] = put(&rig, &shapes[i]);
    assert_int_equal(due(&rig, true, true), rows[0]);
    assert_int_equal(due(&rig, true, true), rows[1]);
    assert_int_equal(due(&rig, true, true), 0);
    rig_end(&rig);
}

static int64_t fits(struct rig *rig, int most, int others)
{
    const struct store_taker taker = {"m1", "s1", most, others};
    struct message message;
    int rc = store_message_due(rig->store, &taker, &message);
    assert_in_range(rc, 0, 1);
    int64_t row = rc > 0 ? message.row : 0;
    message_clear(&message);
    return row;
}

/* It looks past what is too long, but not past a queue of it. */
static void test_parts(void **state)
{
    static const struct shape first = {CLASS_OTP, 100, NULL, NULL, 0},
                              last = {CLASS_OTP, 200, NULL, NULL, 0},
                              begun = {CLASS_BULK, 900, "sim:s1", NULL, 0},
                              named = {CLASS_BULK, 300, "modem:m1", NULL, 0},
                              avoids = {CLASS_OTP, 50, NULL, "s1", 0};
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    parts_put = 5;
    int64_t ends_here = put(&rig, &begun), by_name = put(&rig, &named);
    assert_int_equal(fits(&rig, 0, 0), ends_here);
    assert_int_equal(fits(&rig, 4, 0), ends_here);
    assert_int_equal(fits(&rig, 5, 0), by_name);
    parts_put = 2;
    int64_t small = put(&rig, &last);
    parts_put = 3;
    int64_t large = put(&rig, &first);
    for (int i = 1; i < STORE_DUE_LOOK - 1; i++)
        put(&rig, &first);
    assert_int_equal(fits(&rig, 3, 0), large);
    assert_int_equal(fits(&rig, 2, 0), small);
    assert_int_equal(fits(&rig, 1, 0), ends_here);
    put(&rig, &first);
    assert_int_equal(fits(&rig, 2, 0), ends_here);
    int64_t avoiding = put(&rig, &avoids);
    assert_int_equal(fits(&rig, 3, 0), avoiding);
    assert_int_equal(fits(&rig, 3, 2), avoiding); /* the others have no room for it */
    assert_int_equal(fits(&rig, 3, 3), large);
    parts_put = 1;
    rig_end(&rig);
}

static void test_wake_and_next(void **state)
{
    static const struct shape waits = {CLASS_OTP, 5000, NULL, NULL, 70};
    static const struct shape later = {CLASS_OTP, 4000, NULL, NULL, 90};
    struct rig rig;
    struct store_next next;
    (void)state;
    rig_memory(&rig);
    assert_int_equal(store_next_times(rig.store, &next), 0);
    assert_true(next.wake_ms == INT64_MAX && next.expire_ms == INT64_MAX &&
                next.report_end_ms == INT64_MAX);
    int64_t row = put(&rig, &waits);
    put(&rig, &later);
    assert_int_equal(store_next_times(rig.store, &next), 0);
    assert_int_equal(next.wake_ms, RIG_NOW_MS + 70);
    assert_int_equal(next.expire_ms, RIG_NOW_MS + 4000);
    assert_int_equal(due(&rig, true, false), 0);
    assert_int_equal(store_message_wake(rig.store, RIG_NOW_MS + 69, 9), 0);
    assert_int_equal(store_message_wake(rig.store, RIG_NOW_MS + 70, 9), 1);
    assert_int_equal(due(&rig, true, true), row);
    assert_int_equal(store_next_times(rig.store, &next), 0);
    assert_int_equal(next.wake_ms, RIG_NOW_MS + 90);
    rig_end(&rig);
}

static void test_what_ends(void **state)
{
    static const struct shape soon = {CLASS_BULK, 100, "modem:m9", NULL, 50};
    static const struct shape late = {CLASS_OTP, 900, NULL, NULL, 0};
    struct rig rig;
    struct message message;
    struct store_next next;
    int64_t rows[4];
    (void)state;
    rig_memory(&rig);
    int64_t first = put(&rig, &soon), second = put(&rig, &late);
    assert_int_equal(store_rows_expired(rig.store, RIG_NOW_MS + 99, rows, 4), 0);
    assert_int_equal(store_rows_expired(rig.store, RIG_NOW_MS + 100, rows, 4), 1);
    assert_int_equal(rows[0], first);
    assert_int_equal(store_rows_expired(rig.store, RIG_NOW_MS + 900, rows, 4), 2);
    assert_int_equal(store_rows_expired(rig.store, RIG_NOW_MS + 900, rows, 1), 1);
    rig_move(&rig, second, MESSAGE_CLAIMED);
    assert_int_equal(store_message_by_row(rig.store, second, false, &message), 1);
    message.state = MESSAGE_SENT;
    message.report_until_ms = RIG_NOW_MS + 500;
    rig_update(&rig, &message, true);
    assert_int_equal(store_next_times(rig.store, &next), 0);
    assert_int_equal(next.report_end_ms, RIG_NOW_MS + 500);
    assert_int_equal(store_rows_report_ended(rig.store, RIG_NOW_MS + 499, rows, 4), 0);
    assert_int_equal(store_rows_report_ended(rig.store, RIG_NOW_MS + 500, rows, 4), 1);
    assert_int_equal(rows[0], second);
    message.report_until_ms = 0; /* the core has ended it */
    message.ended_wall_ms = 1;
    rig_update(&rig, &message, false);
    assert_int_equal(store_rows_report_ended(rig.store, RIG_NOW_MS + 500, rows, 4), 0);
    message_clear(&message);
    rig_end(&rig);
}

static void on_scan(void *arg, int class_, int parts, int64_t expires_ms)
{
    int64_t *sum = arg;
    assert_true(expires_ms > 0);
    sum[class_] += parts;
}

static void test_scan(void **state)
{
    static const struct shape otp = {CLASS_OTP, 100, NULL, NULL, 0},
                              bulk = {CLASS_BULK, 100, NULL, NULL, 9};
    struct rig rig;
    int64_t sum[MESSAGE_CLASSES] = {0};
    (void)state;
    rig_memory(&rig);
    rig_move(&rig, put(&rig, &otp), MESSAGE_CLAIMED);
    put(&rig, &otp);
    rig_move(&rig, put(&rig, &otp), MESSAGE_CANCELLED);
    put(&rig, &bulk);
    assert_int_equal(store_queue_scan(rig.store, on_scan, sum), 0);
    assert_int_equal(sum[CLASS_OTP], 1); /* what is claimed is on its way */
    assert_int_equal(sum[CLASS_NOTICE], 0);
    assert_int_equal(sum[CLASS_BULK], 1);
    rig_end(&rig);
}

static void dispatch(struct rig *rig)
{
    struct store_next next;
    int64_t rows[1];
    assert_true(due(rig, true, true) > 0);
    assert_true(due(rig, false, true) > 0);
    assert_int_equal(store_next_times(rig->store, &next), 0);
    assert_int_equal(store_rows_expired(rig->store, RIG_NOW_MS, rows, 1), 0);
    assert_int_equal(store_rows_report_ended(rig->store, RIG_NOW_MS, rows, 1), 0);
    assert_int_equal(store_message_wake(rig->store, RIG_NOW_MS, 9), 0);
}

/* Steps of SQLite's machine for two looks with their claims, and the next times. No step may be of
 * a scan or a sort, and nothing is compiled. */
static int64_t steps_of_dispatch(struct rig *rig)
{
    int64_t steps = 0;
    dispatch(rig); /* SQLite looks at the schema again where a test has changed it */
    for (int i = 0; i < SQLS; i++) {
        sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_VM_STEP, 1);
        sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_REPREPARE, 1);
    }
    dispatch(rig);
    for (int i = 0; i < SQLS; i++) {
        steps += sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_VM_STEP, 1);
        assert_int_equal(
            sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_FULLSCAN_STEP, 1), 0);
        assert_int_equal(sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_SORT, 1), 0);
        assert_int_equal(sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_REPREPARE, 1),
                         0);
    }
    return steps;
}

/* What a SIM has begun is found among any number that only waits for it. */
static void test_begun(void **state)
{
    struct rig rig;
    struct message message;
    int64_t rows[40], some[16];
    char pin[MODEM_NAME_MAX + 8] = "";
    (void)state;
    rig_memory(&rig);
    for (int i = 0; i < 40; i++) {
        const struct shape shape = {CLASS_OTP, 1000, i < 38 ? "sim:s1" : "sim:s2", "", 500 + i};
        rows[i] = put(&rig, &shape);
    }
    put(&rig, &(struct shape){CLASS_OTP, 1000, "modem:m1", "", 0});
    put(&rig, &(struct shape){CLASS_OTP, 1000, "", "", 0});
    assert_int_equal(store_message_begun(rig.store, "sim:s1", &message), 0);
    for (int i = 36; i < 38; i++) {
        assert_int_equal(store_message_by_row(rig.store, rows[i], false, &message), 1);
        message.parts_done = 1;
        message.wait_until_ms = i == 36 ? 500 : 0;
        rig_update(&rig, &message, false);
        message_clear(&message);
        assert_int_equal(store_message_begun(rig.store, "sim:s1", &message), 1);
        assert_int_equal(message.row, rows[i]);
        assert_int_equal(message.wait_until_ms, i == 36 ? 500 : 0);
        assert_non_null(message.text);
        message_clear(&message);
    }
    assert_int_equal(store_message_begun(rig.store, "sim:s2", &message), 0);

    int64_t after = 0;
    for (int i = 0; i < 38;) { /* page by page */
        int count = store_rows_pinned(rig.store, "sim:s1", after, some, 16);
        assert_int_equal(count, i < 32 ? 16 : 6);
        for (int k = 0; k < count; k++)
            assert_int_equal(after = some[k], rows[i++]);
    }
    assert_int_equal(store_rows_pinned(rig.store, "sim:s1", after, some, 16), 0);
    assert_int_equal(store_next_sim_pin(rig.store, pin), 1);
    assert_string_equal(pin, "sim:s1");
    assert_int_equal(store_next_sim_pin(rig.store, pin), 1);
    assert_string_equal(pin, "sim:s2");
    assert_int_equal(store_next_sim_pin(rig.store, pin), 0);
    rig_end(&rig);
}

static void fill(struct rig *rig, int count)
{
    static const char *const pins[] = {"", "", "", "modem:m1", "sim:s1", "modem:m2"};
    static const char *const avoids[] = {"", "", "", "", "s1", "s2", "s3"};
    for (int i = 0; i < count; i++) {
        const struct shape shape = {(enum message_class)(i % 3), 1000 + i % 977, pins[i % 6],
                                    avoids[i % 7], i % 11 == 0 ? 500 + i % 13 : 0};
        put(rig, &shape);
    }
    rig_commit(rig);
}

/* Doubles the queue until it has `count` more: copies that are due a little later. */
static void swell(struct rig *rig, int count)
{
    static const char script[] =
        "CREATE TEMP TABLE copy AS SELECT * FROM message;"
        "UPDATE copy SET row = NULL, id = randomblob(16), expires = expires + 100;"
        "INSERT INTO message SELECT * FROM copy;"
        "DROP TABLE copy;";
    int64_t counts[MESSAGE_STATES];
    assert_int_equal(store_message_counts(rig->store, counts), 0);
    for (int have = (int)counts[MESSAGE_QUEUED]; have < count; have *= 2)
        assert_int_equal(sqlite3_exec(rig->store->db, script, NULL, NULL, NULL), SQLITE_OK);
}

static void test_cost_does_not_grow(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    fill(&rig, 200);
    int64_t few = steps_of_dispatch(&rig);
    swell(&rig, 100000);
    int64_t many = steps_of_dispatch(&rig);
    print_message("steps for two dispatches: %d with 200 queued, %d with over 100000\n", (int)few,
                  (int)many);
    assert_in_range(many, few - few / 10, few + few / 10);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_avoided),
        cmocka_unit_test(test_pinned_where_avoided),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_wake_and_next),
        cmocka_unit_test(test_what_ends),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_begun),
        cmocka_unit_test(test_cost_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
