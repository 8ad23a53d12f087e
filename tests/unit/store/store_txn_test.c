/* The group commit: one COMMIT for a turn, waiters in the order of asking, one bad row fails
 * alone, a transaction that fails is heard of by everybody. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"
#include "vfs_shim.h"

/* A waiter that writes down that it was told. */
struct told {
    struct store_waiter waiter;
    struct rig *rig;
    char name;
    int rc;
    void (*then)(struct told *told);
};
static char trace[256];

static void on_told(void *arg, int rc)
{
    struct told *told = arg;
    size_t len = strlen(trace);
    told->rc = rc;
    snprintf(trace + len, sizeof trace - len, "%c", told->name);
    if (told->then)
        told->then(told);
}

static void ask(struct rig *rig, struct told *told, char name)
{
    void (*then)(struct told *) = told->then;
    bool patient = told->waiter.patient;
    *told = (struct told){.rig = rig, .name = name, .rc = 1, .then = then};
    told->waiter.patient = patient;
    told->waiter.fn = on_told;
    told->waiter.arg = told;
    store_when_durable(rig->store, &told->waiter);
}

static void hook_count(void *arg)
{
    (*(int *)arg)++;
}

static int64_t insert(struct rig *rig, const char *key)
{
    struct message message = rig_message(rig, key, "x");
    rig_begin(rig);
    assert_int_equal(store_message_insert(rig->store, &message, NULL, 0), 0);
    rig_keep(rig);
    int64_t row = message.row;
    message_clear(&message);
    return row;
}

static void test_one_commit_a_turn(void **state)
{
    struct rig rig;
    struct told told[64] = {0};
    int commits = 0;
    (void)state;
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    store_before_commit(rig.store, hook_count, &commits);
    vfs_shim_reset();
    trace[0] = '\0';
    for (int i = 0; i < 64; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        insert(&rig, key);
        ask(&rig, &told[i], (char)('0' + i));
    }
    assert_string_equal(trace, "");
    loop_sim_settle(rig.loop);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(told[i].rc, 0);
        assert_int_equal(trace[i], '0' + i);
    }
    assert_int_equal(commits, 1);
    assert_int_equal(vfs_shim_count(VFS_SYNC), 1);
    rig_end(&rig);
}

static void test_nothing_open(void **state)
{
    struct rig rig;
    struct told a = {0}, b = {0};
    (void)state;
    rig_memory(&rig);
    loop_sim_settle(rig.loop);
    trace[0] = '\0';
    ask(&rig, &a, 'a');
    ask(&rig, &b, 'b');
    assert_string_equal(trace, "");
    loop_sim_settle(rig.loop);
    assert_string_equal(trace, "ab");
    assert_int_equal(a.rc, 0);
    rig_end(&rig);
}

/* An empty COMMIT says nothing of the disk. */
static void test_who_waits_hears_whether_it_was_written(void **state)
{
    struct rig rig;
    struct told told = {0};
    (void)state;
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    trace[0] = '\0';
    vfs_shim_reset();
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, UINT64_MAX);
    rig_begin(&rig);
    ask(&rig, &told, 'a');
    rig_keep(&rig);
    loop_sim_settle(rig.loop);
    assert_int_equal(told.rc, 0);
    assert_false(told.waiter.wrote);
    insert(&rig, "k");
    ask(&rig, &told, 'b');
    loop_sim_settle(rig.loop);
    assert_true(told.rc < 0);
    assert_false(told.waiter.wrote);
    vfs_shim_reset();
    insert(&rig, "k");
    ask(&rig, &told, 'c');
    loop_sim_settle(rig.loop);
    assert_int_equal(told.rc, 0);
    assert_true(told.waiter.wrote);
    ask(&rig, &told, 'd'); /* nothing is open */
    loop_sim_settle(rig.loop);
    assert_false(told.waiter.wrote);
    assert_string_equal(trace, "abcd");
    rig_end(&rig);
}

static void then_again(struct told *told)
{
    told->then = NULL;
    ask(told->rig, told, 'A');
}

static struct told *forget_me;
static void then_forget(struct told *told)
{
    store_forget(told->rig->store, &forget_me->waiter);
    store_forget(told->rig->store, &told->waiter); /* itself: long done */
}

static void test_ask_again_and_forget(void **state)
{
    struct rig rig;
    struct told a = {0}, b = {0}, c = {0}, d = {0};
    (void)state;
    rig_memory(&rig);
    loop_sim_settle(rig.loop);
    trace[0] = '\0';
    a.then = then_again;
    b.then = then_forget;
    forget_me = &c;
    insert(&rig, "k");
    ask(&rig, &a, 'a');
    ask(&rig, &b, 'b');
    ask(&rig, &c, 'c');
    ask(&rig, &d, 'd');
    store_forget(rig.store, &d.waiter);
    store_forget(rig.store, &d.waiter);
    loop_sim_settle(rig.loop);
    assert_string_equal(trace, "abA");
    assert_int_equal(c.rc, 1);
    assert_int_equal(d.rc, 1);
    rig_end(&rig);
}

static void test_bad_row_fails_alone(void **state)
{
    struct rig rig;
    struct told a = {0};
    struct message out;
    int64_t counts[MESSAGE_STATES];
    (void)state;
    rig_memory(&rig);
    insert(&rig, "one");
    struct message twice = rig_message(&rig, "one", "x");
    rig_begin(&rig);
    assert_int_equal(store_fact_set(rig.store, "fact", "undone"), 0);
    assert_int_equal(store_message_insert(rig.store, &twice, NULL, 0), -EEXIST);
    assert_int_equal(store_end(rig.store, false), 0);
    message_clear(&twice);
    struct message undone = rig_message(&rig, "three", "x");
    rig_begin(&rig);
    assert_int_equal(store_message_insert(rig.store, &undone, NULL, 0), 0);
    assert_int_equal(store_end(rig.store, false), 0);
    message_clear(&undone);
    int64_t row = insert(&rig, "two");
    ask(&rig, &a, 'a');
    loop_sim_settle(rig.loop);
    assert_int_equal(a.rc, 0);
    assert_int_equal(store_message_by_row(rig.store, row, false, &out), 1);
    message_clear(&out);
    char fact[8];
    assert_int_equal(store_fact_get(rig.store, "fact", fact, sizeof fact), 0);
    assert_int_equal(store_message_counts(rig.store, counts), 0);
    assert_int_equal(counts[MESSAGE_QUEUED], 2);
    assert_string_equal(rig_ladder(&rig, row), "queued");
    rig_end(&rig);
}

static void test_caps(void **state)
{
    struct rig rig;
    int commits = 0;
    (void)state;
    rig_memory(&rig);
    loop_sim_settle(rig.loop);
    store_before_commit(rig.store, hook_count, &commits);
    for (int i = 0; i < STORE_TXN_ROWS / 2 - 1; i++)
        insert(&rig, ""); /* a row and its event */
    assert_int_equal(commits, 0);
    insert(&rig, "");
    assert_int_equal(commits, 1);
    insert(&rig, "");
    assert_int_equal(commits, 1);
    loop_sim_stall(rig.loop, STORE_TXN_AGE_MS);
    insert(&rig, "");
    assert_int_equal(commits, 2);
    loop_sim_settle(rig.loop);
    assert_int_equal(commits, 2);
    rig_end(&rig);
}

static struct rig *hook_rig;
static void hook_writes(void *arg)
{
    struct told *told = arg;
    if (told->waiter.fn)
        return;
    insert(hook_rig, "from-hook");
    ask(hook_rig, told, 'h');
}

static void test_hook_rides_along(void **state)
{
    struct rig rig;
    struct told a = {0}, hook = {0};
    (void)state;
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    hook_rig = &rig;
    store_before_commit(rig.store, hook_writes, &hook);
    vfs_shim_reset();
    trace[0] = '\0';
    insert(&rig, "k");
    ask(&rig, &a, 'a');
    loop_sim_settle(rig.loop);
    assert_string_equal(trace, "ah");
    assert_int_equal(vfs_shim_count(VFS_SYNC), 1);
    rig_end(&rig);
}

static void hook_holds(void *arg)
{
    (*(int *)arg)++;
    store_hold(hook_rig->store);
}

/* A COMMIT that is held: for the patient only, not for long, and the hook looks at all that comes.
 */
static void test_hold(void **state)
{
    struct rig rig;
    struct told a = {0}, b = {0}, c = {0};
    int looks = 0;
    (void)state;
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    hook_rig = &rig;
    store_before_commit(rig.store, hook_holds, &looks);
    vfs_shim_reset();
    trace[0] = '\0';
    insert(&rig, "a");
    a.waiter.patient = true;
    ask(&rig, &a, 'a');
    loop_sim_settle(rig.loop);
    assert_int_equal(looks, 1);
    loop_sim_run_until(rig.loop, loop_now_ms(rig.loop) + STORE_HOLD_MS - 1);
    assert_string_equal(trace, "");
    insert(&rig, "b");
    loop_sim_settle(rig.loop);
    assert_int_equal(looks, 2);
    assert_string_equal(trace, ""); /* nor does it begin anew */
    loop_sim_run_until(rig.loop, loop_now_ms(rig.loop) + 1);
    assert_string_equal(trace, "a");
    assert_int_equal(vfs_shim_count(VFS_SYNC), 1);
    insert(&rig, "c");
    b.waiter.patient = true;
    ask(&rig, &b, 'b');
    loop_sim_settle(rig.loop);
    assert_string_equal(trace, "a");
    ask(&rig, &c, 'c'); /* writes nothing, but will not wait */
    loop_sim_settle(rig.loop);
    assert_string_equal(trace, "abc");
    assert_int_equal(vfs_shim_count(VFS_SYNC), 2);
    rig_end(&rig);
}

static void test_touch(void **state)
{
    struct rig rig;
    struct told a = {0};
    int commits = 0;
    (void)state;
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    vfs_shim_reset();
    store_before_commit(rig.store, hook_count, &commits);
    assert_int_equal(store_touch(rig.store), 0);
    assert_int_equal(store_touch(rig.store), 0);
    ask(&rig, &a, 'a');
    loop_sim_settle(rig.loop);
    assert_int_equal(commits, 1);
    assert_int_equal(a.rc, 0);
    assert_int_equal(vfs_shim_count(VFS_WRITE), 0); /* an empty one costs no flush */
    rig_end(&rig);
}

/* A full disk or an I/O error, at any of the first writes or at the sync: everybody hears it, all
 * of it is undone, and the next turn works. */
static void fail_once(enum vfs_fault fault, enum vfs_op_kind kind, uint64_t nth, int want)
{
    struct rig rig;
    struct told a = {0}, b = {0}, c = {0};
    int64_t before[MESSAGE_STATES], after[MESSAGE_STATES];
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    insert(&rig, "kept");
    loop_sim_settle(rig.loop);
    assert_int_equal(store_message_counts(rig.store, before), 0);
    insert(&rig, "a");
    ask(&rig, &a, 'a');
    insert(&rig, "b");
    ask(&rig, &b, 'b');
    vfs_shim_reset();
    vfs_shim_fail(fault, kind, nth, 1);
    loop_sim_settle(rig.loop);
    assert_int_equal(a.rc, want);
    assert_int_equal(b.rc, want);
    struct event events[8];
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 1);
    assert_int_equal(store_message_counts(rig.store, after), 0);
    assert_memory_equal(before, after, sizeof before);
    insert(&rig, "a");
    ask(&rig, &c, 'c');
    loop_sim_settle(rig.loop);
    assert_int_equal(c.rc, 0);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 2);
    rig_end(&rig);
}

static void test_failing_commit(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 8; nth++) {
        fail_once(VFS_DISK_FULL, VFS_WRITE, nth, -ENOSPC);
        fail_once(VFS_IO_ERROR, VFS_WRITE, nth, -EIO);
    }
    fail_once(VFS_IO_ERROR, VFS_SYNC, 1, -EIO);
}

/* The cap's inline commit fails: store_end() says so, and nothing more is taken this turn. */
static void test_failing_inline(void **state)
{
    struct rig rig;
    struct told a = {0}, b = {0};
    (void)state;
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    insert(&rig, "a");
    ask(&rig, &a, 'a');
    loop_sim_stall(rig.loop, STORE_TXN_AGE_MS);
    struct message message = rig_message(&rig, "b", "x");
    vfs_shim_reset();
    vfs_shim_fail(VFS_DISK_FULL, VFS_WRITE, 1, 1);
    rig_begin(&rig);
    assert_int_equal(store_message_insert(rig.store, &message, NULL, 0), 0);
    assert_int_equal(store_end(rig.store, true), -ENOSPC);
    message_clear(&message);
    assert_int_equal(store_begin(rig.store), -ENOSPC);
    assert_int_equal(store_touch(rig.store), -ENOSPC);
    ask(&rig, &b, 'b');
    loop_sim_settle(rig.loop);
    assert_int_equal(a.rc, -ENOSPC);
    assert_int_equal(b.rc, -ENOSPC);
    insert(&rig, "b");
    rig_commit(&rig);
    rig_end(&rig);
}

/* SQLite undoes the whole transaction in the middle of a savepoint. */
static void test_lost_inside(void **state)
{
    struct rig rig;
    struct told a = {0}, b = {0};
    (void)state;
    rig_memory(&rig);
    loop_sim_settle(rig.loop);
    insert(&rig, "a");
    ask(&rig, &a, 'a');
    rig_begin(&rig);
    assert_int_equal(sqlite3_exec(rig.store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    txn_notice(rig.store, -ENOSPC);
    assert_int_equal(store_fact_set(rig.store, "f", "must not stand alone"), -ENOSPC);
    struct message alone = rig_message(&rig, "b", "nor this");
    assert_int_equal(store_message_insert(rig.store, &alone, NULL, 0), -ENOSPC);
    message_clear(&alone);
    ask(&rig, &b, 'b');
    assert_int_equal(store_end(rig.store, true), -ENOSPC);
    loop_sim_settle(rig.loop);
    assert_int_equal(a.rc, -ENOSPC);
    assert_int_equal(b.rc, -ENOSPC);
    char fact[32];
    assert_int_equal(store_fact_get(rig.store, "f", fact, sizeof fact), 0);
    struct message list[2];
    int64_t cursor = 0;
    assert_int_equal(store_message_list(rig.store, &(struct message_filter){UINT32_MAX, -1, -1},
                                        &cursor, list, 2),
                     0);
    insert(&rig, "a");
    rig_commit(&rig);
    rig_end(&rig);
}

static void test_reserve(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_shell("test $(stat -c %%s %s) = 1048576", rig_path(&rig, "reserve"));
    assert_true(store_free_reserve(rig.store));
    assert_false(store_free_reserve(rig.store));
    rig_shell("test ! -e %s", rig_path(&rig, "reserve"));
    for (int i = 0; i < 200; i++) /* the disk is tight: the log goes round in a small room */
        rig_put(&rig, "");
    rig_shell("test $(stat -c %%s %s) -lt 500000", rig_path(&rig, "otpgate.db-wal"));
    rig_shell("test ! -e %s", rig_path(&rig, "reserve")); /* not at once: it was freed for others */
    loop_sim_run_until(rig.loop, RIG_NOW_MS + 20000);
    rig_put(&rig, "b");
    rig_shell("test $(stat -c %%s %s) = 1048576", rig_path(&rig, "reserve"));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_commit_a_turn),
        cmocka_unit_test(test_nothing_open),
        cmocka_unit_test(test_who_waits_hears_whether_it_was_written),
        cmocka_unit_test(test_ask_again_and_forget),
        cmocka_unit_test(test_bad_row_fails_alone),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_hook_rides_along),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_touch),
        cmocka_unit_test(test_failing_commit),
        cmocka_unit_test(test_failing_inline),
        cmocka_unit_test(test_lost_inside),
        cmocka_unit_test(test_reserve),
    };
    return vfs_shim_install() != 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
