/* Parts of unfinished sets: in any order, doubles, the bound, the oldest set, damage. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"

struct set {
    uint8_t hash[32];
};

static struct set set_of(int number)
{
    struct set set = {{0}};
    memcpy(set.hash, &number, sizeof number);
    return set;
}

static int put(struct rig *rig, struct set set, uint8_t part, uint8_t total, size_t len)
{
    static const uint8_t tpdu[300] = {0x44, 0x0b, 0x91, 0x48};
    rig_begin(rig);
    int rc = store_part_insert(rig->store, set.hash, part, total, "8984", "viettel-1", tpdu, len);
    assert_int_equal(store_end(rig->store, rc >= 0), 0);
    return rc;
}

static void drop(struct rig *rig, struct set set)
{
    rig_begin(rig);
    assert_int_equal(store_parts_delete(rig->store, set.hash), 0);
    rig_keep(rig);
}

static void test_round_trip(void **state)
{
    struct rig rig;
    struct inbox_part out[4];
    struct set set = set_of(1);
    (void)state;
    rig_disk(&rig);
    assert_int_equal(put(&rig, set, 3, 3, 176), 1);
    assert_int_equal(put(&rig, set, 1, 3, 20), 1);
    assert_int_equal(put(&rig, set, 255, 3, 0), 1);
    assert_int_equal(put(&rig, set, 0, 3, 1), 1);
    assert_int_equal(put(&rig, set, 3, 3, 176), 0);
    assert_int_equal(put(&rig, set, 3, 3, 20), -EEXIST); /* the first one stays */
    assert_int_equal(put(&rig, set_of(2), 3, 9, 20), 1);
    rig_reopen(&rig);
    assert_int_equal(store_parts_count(rig.store, set.hash), 4);
    assert_int_equal(store_parts_count(rig.store, set_of(3).hash), 0);
    assert_int_equal(store_parts_of(rig.store, set.hash, out, 4), 4);
    static const uint8_t numbers[] = {0, 1, 3, 255}, lens[] = {1, 20, 176, 0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(out[i].part, numbers[i]);
        assert_int_equal(out[i].total, 3);
        assert_int_equal(out[i].len, lens[i]);
        assert_int_equal(out[i].wall_ms, RIG_WALL_MS);
        assert_string_equal(out[i].iccid, "8984");
        assert_string_equal(out[i].modem, "viettel-1");
    }
    assert_memory_equal(out[1].tpdu, "\x44\x0b\x91\x48\x00", 5);
    assert_int_equal(store_parts_of(rig.store, set.hash, out, 2), 2);
    drop(&rig, set);
    drop(&rig, set);
    assert_int_equal(store_parts_count(rig.store, set.hash), 0);
    assert_int_equal(store_parts_count(rig.store, set_of(2).hash), 1);
    assert_int_equal(put(&rig, set, 3, 3, 177), -E2BIG);
    rig_end(&rig);
}

/* A part that was moved to another place, or damaged, does not open; the others do. */
static void test_damage(void **state)
{
    struct rig rig;
    struct inbox_part out[4];
    (void)state;
    rig_memory(&rig);
    for (uint8_t part = 1; part <= 4; part++)
        assert_int_equal(put(&rig, set_of(1), part, 4, 20), 1);
    rig_commit(&rig);
    assert_int_equal(sqlite3_exec(rig.store->db,
                                  "UPDATE part SET sealed_tpdu = (SELECT sealed_tpdu FROM part "
                                  "WHERE part = 1) WHERE part = 2;"
                                  "UPDATE part SET sealed_tpdu = zeroblob(400) WHERE part = 3",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(store_parts_of(rig.store, set_of(1).hash, out, 4), 2);
    assert_int_equal(out[0].part, 1);
    assert_int_equal(out[1].part, 4);
    assert_int_equal(put(&rig, set_of(1), 4, 4, 20), 0);
    assert_int_equal(put(&rig, set_of(1), 3, 4, 20), -EEXIST);
    rig_end(&rig);
}

static void test_oldest(void **state)
{
    struct rig rig;
    struct set set;
    int64_t wall_ms;
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_parts_oldest(rig.store, set.hash, &wall_ms), 0);
    put(&rig, set_of(9), 1, 2, 20);
    rig_pass(&rig, 1000);
    put(&rig, set_of(5), 1, 3, 20);
    rig_pass(&rig, 1000);
    put(&rig, set_of(9), 7, 2, 20); /* a newer part does not make the set younger */
    put(&rig, set_of(5), 2, 3, 20);
    for (int reopened = 0; reopened < 2; reopened++) {
        assert_int_equal(store_parts_oldest(rig.store, set.hash, &wall_ms), 1);
        assert_memory_equal(set.hash, set_of(9).hash, 32);
        assert_int_equal(wall_ms, RIG_WALL_MS);
        rig_reopen(&rig);
    }
    drop(&rig, set_of(9));
    put(&rig, set_of(9), 1, 2, 20);
    assert_int_equal(store_parts_oldest(rig.store, set.hash, &wall_ms), 1);
    assert_memory_equal(set.hash, set_of(5).hash, 32);
    assert_int_equal(wall_ms, RIG_WALL_MS + 1000);
    rig_end(&rig);
}

/* All of it counts as if it had come now; what comes after is behind it. */
static void test_renew(void **state)
{
    struct rig rig;
    struct inbox_part out[4];
    struct set set;
    int64_t wall_ms;
    (void)state;
    rig_disk(&rig);
    for (uint8_t part = 0; part < 4; part++)
        put(&rig, set_of(9), (uint8_t)(part * 85), 2, 20);
    put(&rig, set_of(5), 1, 3, 20);
    rig_pass(&rig, 1000);
    rig_begin(&rig);
    assert_int_equal(store_parts_renew(rig.store, set_of(9).hash), 0);
    rig_keep(&rig);
    put(&rig, set_of(7), 1, 3, 20);
    static const int order[] = {5, 9, 7};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_parts_oldest(rig.store, set.hash, &wall_ms), 1);
        assert_memory_equal(set.hash, set_of(order[i]).hash, 32);
        assert_int_equal(wall_ms, RIG_WALL_MS + (i == 0 ? 0 : 1000));
        if (order[i] == 9)
            assert_int_equal(store_parts_of(rig.store, set.hash, out, 4), 4);
        drop(&rig, set);
    }
    rig_end(&rig);
}

/* Half-finished sets without end: the rows stay at their bound, the oldest go, and what was undone
 * or deleted does not count. */
static void test_bound(void **state)
{
    struct rig rig;
    struct set set;
    int64_t wall_ms;
    (void)state;
    rig_disk(&rig);
    for (int i = 0; i < STORE_PARTS_MAX - 1; i++)
        assert_int_equal(put(&rig, set_of(i / 2), (uint8_t)(i % 2), 3, 20), 1);
    rig_begin(&rig);
    struct set last = set_of(-1);
    assert_int_equal(store_part_insert(rig.store, last.hash, 1, 2, "s", "m", "t", 1), 1);
    assert_int_equal(store_part_insert(rig.store, last.hash, 2, 2, "s", "m", "t", 1), -ENOSPC);
    assert_int_equal(store_end(rig.store, false), 0);
    assert_int_equal(put(&rig, last, 1, 2, 20), 1);
    for (int reopened = 0; reopened < 2; reopened++) {
        assert_int_equal(put(&rig, last, 2, 2, 20), -ENOSPC);
        assert_int_equal(put(&rig, last, 1, 2, 20), 0); /* a double is a double */
        rig_reopen(&rig);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(store_parts_oldest(rig.store, set.hash, &wall_ms), 1);
        assert_memory_equal(set.hash, set_of(i).hash, 32);
        drop(&rig, set);
        assert_int_equal(put(&rig, set_of(50000 + i), 1, 2, 20), 1);
        assert_int_equal(put(&rig, set_of(50000 + i), 2, 2, 20), 1);
        assert_int_equal(put(&rig, set_of(90000), 2, 2, 20), -ENOSPC);
    }
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_oldest),     cmocka_unit_test(test_renew),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
