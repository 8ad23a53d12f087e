/* store_owncheck: the last check of a SIM outlives the daemon; no number of it is in any file; rows
 * of SIMs that are gone go too. */
#include "store_owncheck.h"
#include "store_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sim_a[] = "8984048000012345678", sim_b[] = "8984048000012345686";

static struct owncheck_row some_row(void)
{
    return (struct owncheck_row){.due_wall_ms = 10,
                                 .checked_wall_ms = 9,
                                 .owner = 2,
                                 .balance = 1,
                                 .changed = true,
                                 .read_wall_ms = 8,
                                 .vnd = 12345,
                                 .expires = "2026-12-31",
                                 .has_id = true,
                                 .id = {1, 2, 3}};
}

static void a_check_outlives_the_daemon(void **state)
{
    struct rig rig = {0};
    struct owncheck_row in = some_row(), out;
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_owncheck_get(rig.store, sim_a, &out), 0);
    assert_int_equal(store_owncheck_set(rig.store, sim_a, &in), 0);
    rig_reopen(&rig);
    assert_int_equal(store_owncheck_get(rig.store, sim_b, &out), 0);
    assert_int_equal(store_owncheck_get(rig.store, sim_a, &out), 1);
    assert_int_equal(out.due_wall_ms, 10);
    assert_int_equal(out.checked_wall_ms, 9);
    assert_int_equal(out.owner, 2);
    assert_int_equal(out.balance, 1);
    assert_true(out.changed);
    assert_int_equal(out.read_wall_ms, 8);
    assert_int_equal(out.vnd, 12345);
    assert_string_equal(out.expires, "2026-12-31");
    assert_false(out.has_name);
    assert_true(out.has_id);
    assert_memory_equal(out.id, in.id, OWNCHECK_HASH);
    rig_close(&rig);
    rig_shell("! grep -aq %s %s", sim_a, rig_path(&rig, "otpgate.db"));
    rig_end(&rig);
}

static void what_nobody_writes_any_more_goes(void **state)
{
    struct rig rig = {0};
    struct owncheck_row row = some_row(), out;
    (void)state;
    rig_memory(&rig);
    assert_int_equal(store_owncheck_set(rig.store, sim_a, &row), 0);
    rig_pass(&rig, INT64_C(399) * 24 * 3600 * 1000);
    assert_int_equal(store_owncheck_set(rig.store, sim_b, &row), 0);
    assert_int_equal(store_owncheck_get(rig.store, sim_a, &out), 1);
    rig_pass(&rig, INT64_C(2) * 24 * 3600 * 1000);
    assert_int_equal(store_owncheck_set(rig.store, sim_b, &row), 0);
    assert_int_equal(store_owncheck_get(rig.store, sim_a, &out), 0);
    assert_int_equal(store_owncheck_get(rig.store, sim_b, &out), 1);
    rig_end(&rig);
}

static void lost_keys_forget_it(void **state)
{
    struct rig rig = {0};
    struct owncheck_row row = some_row(), out;
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_owncheck_set(rig.store, sim_a, &row), 0);
    rig_close(&rig);
    rig_shell("rm -r %s", rig_path(&rig, "keys"));
    rig.options.new_keys = true;
    assert_int_equal(rig_open(&rig), 0);
    assert_int_equal(store_owncheck_get(rig.store, sim_a, &out), 0);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_outlives_the_daemon),
        cmocka_unit_test(what_nobody_writes_any_more_goes),
        cmocka_unit_test(lost_keys_forget_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
