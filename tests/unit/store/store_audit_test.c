/* What is on record: in and out, in order, purged; what people wrote is nowhere as plain text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store_audit.h"
#include "store_internal.h"
#include "store_rig.h"

static void put(struct rig *rig, const char *method, const char *reason, int64_t wall_ms)
{
    struct audit_row row = {.wall_ms = wall_ms, .uid = 33, .pid = 811};
    snprintf(row.method, sizeof row.method, "%s", method);
    snprintf(row.outcome, sizeof row.outcome, "ok");
    snprintf(row.modem, sizeof row.modem, "viettel-1");
    snprintf(row.conclusion, sizeof row.conclusion, "match");
    snprintf(row.reason, sizeof row.reason, "%s", reason);
    snprintf(row.actor, sizeof row.actor, "%s", *reason ? "canh.bao" : "");
    assert_int_equal(store_audit_insert(rig->store, &row), 0);
    assert_true(row.row > 0);
}

static void test_round_trip(void **state)
{
    struct rig rig;
    struct audit_row rows[4];
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_audit_list(rig.store, 0, rows, 4), 0);
    put(&rig, "modem.pause", "", 1000);
    put(&rig, "subscriber.lookup", "vụ 727272", 2000);
    put(&rig, "inbox.list", "", 3000);
    rig_commit(&rig);
    rig_reopen(&rig);
    assert_int_equal(store_audit_list(rig.store, 0, rows, 2), 2);
    assert_string_equal(rows[0].method, "inbox.list");
    assert_string_equal(rows[0].reason, "");
    assert_string_equal(rows[0].actor, "");
    assert_string_equal(rows[1].method, "subscriber.lookup");
    assert_string_equal(rows[1].reason, "vụ 727272");
    assert_string_equal(rows[1].actor, "canh.bao");
    assert_string_equal(rows[1].modem, "viettel-1");
    assert_string_equal(rows[1].conclusion, "match");
    assert_string_equal(rows[1].outcome, "ok");
    assert_int_equal(rows[1].uid, 33);
    assert_int_equal(rows[1].pid, 811);
    assert_int_equal(rows[1].wall_ms, 2000);
    assert_int_equal(store_audit_list(rig.store, rows[1].row, rows, 4), 1);
    assert_string_equal(rows[0].method, "modem.pause");
    rig_end(&rig);
}

static void test_nothing_personal_is_on_disk(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    put(&rig, "subscriber.lookup", "vu 727272 cua Nguyen", 2000);
    rig_commit(&rig);
    /* the row is there, in the file or its WAL, and what people wrote is not */
    rig_shell("grep -qa subscriber.lookup %s/*", rig.dir);
    rig_shell("! grep -qaE '727272|Nguyen|canh.bao' %s/*", rig.dir);
    rig_end(&rig);
}

static void test_the_old_go(void **state)
{
    struct rig rig;
    struct audit_row rows[8];
    (void)state;
    rig_memory(&rig);
    for (int i = 1; i <= 5; i++)
        put(&rig, "modem.pause", "x", i * 1000);
    assert_int_equal(store_audit_purge(rig.store, 3500, 2), 2);
    assert_int_equal(store_audit_purge(rig.store, 3500, 2), 1);
    assert_int_equal(store_audit_purge(rig.store, 3500, 2), 0);
    assert_int_equal(store_audit_list(rig.store, 0, rows, 8), 2);
    assert_int_equal(rows[1].wall_ms, 4000);
    rig_end(&rig);
}

static int purge_all(struct rig *rig, int64_t before_wall_ms)
{
    int count = 0, rc;
    for (int i = 0; i < 100; i++, count += rc)
        if ((rc = store_audit_purge(rig->store, before_wall_ms, 2)) == 0)
            return count;
    fail();
    return -1;
}

static int on_record(struct rig *rig)
{
    struct audit_row rows[32];
    int count = store_audit_list(rig->store, 0, rows, 32);
    assert_in_range(count, 0, 31);
    return count;
}

/* A clock that stood a year ahead for a while does not hold up the purge for a year, and one that
 * stands behind takes nothing along. */
static void test_a_clock_that_stood_wrong(void **state)
{
    const int64_t day_ms = 24 * 3600 * 1000, now_ms = RIG_WALL_MS;
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    put(&rig, "modem.pause", "", now_ms - 2 * day_ms);
    for (int i = 0; i < 9; i++)
        put(&rig, "modem.pause", "", now_ms + (365 + i) * day_ms);
    put(&rig, "modem.pause", "", now_ms - day_ms);
    put(&rig, "modem.pause", "", now_ms);
    assert_int_equal(purge_all(&rig, now_ms - 3 * day_ms), 0);
    assert_int_equal(on_record(&rig), 12);
    (void)purge_all(&rig, now_ms - day_ms); /* nothing tells yet how old those are */
    assert_int_equal(on_record(&rig), 11);
    loop_sim_wall_set(rig.loop, now_ms - 1000 * day_ms);
    (void)purge_all(&rig, now_ms - 1003 * day_ms);
    assert_int_equal(on_record(&rig), 11);
    loop_sim_wall_set(rig.loop, now_ms);
    (void)purge_all(&rig, now_ms - day_ms + 1);
    assert_int_equal(on_record(&rig), 1);
    rig_end(&rig);
}

static void test_undone_with_its_transaction(void **state)
{
    struct rig rig;
    struct audit_row rows[2];
    (void)state;
    rig_memory(&rig);
    assert_int_equal(store_begin(rig.store), 0);
    put(&rig, "modem.pause", "", 1000);
    assert_int_equal(store_end(rig.store, false), 0);
    assert_int_equal(store_audit_list(rig.store, 0, rows, 2), 0);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_nothing_personal_is_on_disk),
        cmocka_unit_test(test_the_old_go),
        cmocka_unit_test(test_a_clock_that_stood_wrong),
        cmocka_unit_test(test_undone_with_its_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
