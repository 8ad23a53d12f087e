/* A disk that fails: it is told once and tried ever less often, nothing is taken or begun until a
 * write has reached it, and then the counters are those of the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "log.h"
#include "rig.h"
#include "vfs_shim.h"

enum { FOREVER_S = 600 };

static char dir[] = "/tmp/otpgate-disk-XXXXXX";
static unsigned raised, cleared, undone;
static bool due_fails, sweep_fails, scan_fails;

static void on_alarm(void *arg, const struct alarm_view *alarm, bool is_raised)
{
    (void)arg;
    if (strcmp(alarm->name, "store_failing") == 0)
        *(is_raised ? &raised : &cleared) += 1;
}

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    undone += strncmp(line, "store - undone", 14) == 0;
}

static int setup(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/otpgate-disk-XXXXXX");
    if (vfs_shim_install() < 0 || !mkdtemp(dir))
        return -1;
    rig_setup_in(state, dir);
    struct world *world = *state;
    rig_settle(world);
    log_sink_set(on_log, NULL);
    raised = cleared = undone = 0;
    due_fails = sweep_fails = scan_fails = false;
    alarm_on_change(gateway_alarms(world->gateway), on_alarm, NULL);
    return 0;
}

static int teardown(void **state)
{
    char command[64];

    vfs_shim_reset();
    rig_teardown(state);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static void break_disk(void)
{
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, UINT64_MAX);
}

static int64_t accept_one(struct world *world, const char *key)
{
    struct send_request request = rig_request(key);
    return rig_accept(world, &request);
}

/* What the refusal is called; "" where it is taken (and then perhaps lost with its transaction). */
static const char *refusal_of(struct world *world, const char *key)
{
    static struct refusal refusal;
    struct send_request request = rig_request(key);

    memset(&refusal, 0, sizeof refusal);
    return rig_send(world, &request, &refusal) ? "" : refusal.name;
}

static struct gateway_stats stats_of(struct world *world)
{
    struct gateway_stats stats;

    gateway_stats(world->gateway, &stats);
    return stats;
}

/* The modem gives its prompt at once, and takes a no for what it is. */
static void play(struct world *world, int seconds)
{
    struct hand_link *link = world->link[0];

    for (int i = 0; i < seconds * 10; i++) {
        rig_run_for(world, 100);
        if (link->busy && !link->answered)
            rig_prompt(world, 0);
        if (link->busy && link->answered)
            rig_outcome(world, 0, link->yes ? SMS_SENT : SMS_NOT_SENT,
                        link->yes ? SMS_CAUSE_NONE : SMS_CAUSE_LOCAL,
                        link->yes ? 0 : SMS_LOCAL_REFUSED);
    }
}

/* --- one that cannot be read --- */

int __real_store_message_due(struct store *store, const struct store_taker *taker,
                             struct message *out);
int __wrap_store_message_due(struct store *store, const struct store_taker *taker,
                             struct message *out);
int __wrap_store_message_due(struct store *store, const struct store_taker *taker,
                             struct message *out)
{
    *out = (struct message){0};
    return due_fails ? -EIO : __real_store_message_due(store, taker, out);
}

int __real_store_rows_expired(struct store *store, int64_t now_ms, int64_t *rows, size_t limit);
int __wrap_store_rows_expired(struct store *store, int64_t now_ms, int64_t *rows, size_t limit);
int __wrap_store_rows_expired(struct store *store, int64_t now_ms, int64_t *rows, size_t limit)
{
    return sweep_fails ? -EBADMSG : __real_store_rows_expired(store, now_ms, rows, limit);
}

int __real_store_queue_scan(struct store *store,
                            void (*fn)(void *arg, int class_, int parts, int64_t expires_ms),
                            void *arg);
int __wrap_store_queue_scan(struct store *store,
                            void (*fn)(void *arg, int class_, int parts, int64_t expires_ms),
                            void *arg);
int __wrap_store_queue_scan(struct store *store,
                            void (*fn)(void *arg, int class_, int parts, int64_t expires_ms),
                            void *arg)
{
    return scan_fails ? -EIO : __real_store_queue_scan(store, fn, arg);
}

/* Though all is written: told once, and nothing is taken that would only expire. */
static void cannot_be_read(struct world *world, bool *fails)
{
    accept_one(world, "a");
    *fails = true;
    rig_ready(world, 0);
    rig_run_for(world, FOREVER_S * 1000);
    assert_int_equal(raised, 1);
    assert_int_equal(cleared, 0);
    assert_string_equal(refusal_of(world, "b"), "overloaded");
    *fails = false;
    rig_run_for(world, 61 * 1000);
    assert_int_equal(cleared, 1);
    assert_string_equal(refusal_of(world, "c"), "");
    play(world, 5);
    assert_int_equal(stats_of(world).sent, 1);
}

static void what_is_due_cannot_be_read(void **state)
{
    cannot_be_read(*state, &due_fails);
}

static void nor_what_has_expired(void **state)
{
    struct world *world = *state;

    hand_link_state(world->link[0], LINK_REGISTERING);
    hand_link_state(world->link[1], LINK_REGISTERING);
    accept_one(world, "0");
    sweep_fails = true;
    rig_run_for(world, 301 * 1000);
    assert_int_equal(raised, 1);
    rig_run_for(world, FOREVER_S * 1000);
    assert_int_equal(raised, 1);
    assert_int_equal(cleared, 0);
    sweep_fails = false;
    rig_run_for(world, 61 * 1000);
    assert_int_equal(cleared, 1);
}

/* A start that cannot count its queue would think it empty. */
static void nor_what_waits(void **state)
{
    struct world *world = *state;

    accept_one(world, "a");
    scan_fails = true;
    rig_restart(world);
    alarm_on_change(gateway_alarms(world->gateway), on_alarm, NULL);
    rig_ready(world, 0);
    rig_run_for(world, 200 * 1000);
    assert_true(stats_of(world).store_failing);
    assert_int_equal(cleared, 0);
    assert_string_equal(refusal_of(world, "b"), "overloaded");
    scan_fails = false;
    play(world, 65);
    assert_int_equal(cleared, 1);
    assert_int_equal(stats_of(world).sent, 1);
}

static void a_failing_disk_is_told_once(void **state)
{
    struct world *world = *state;
    int64_t row = accept_one(world, "a");

    break_disk();
    rig_ready(world, 0);
    play(world, 30);
    assert_int_equal(raised, 1);
    assert_int_equal(cleared, 0);
    assert_true(world->link[0]->submits <= 1);
    assert_true(stats_of(world).store_failing);
    rig_assert_state(world, row, MESSAGE_QUEUED);

    vfs_shim_reset();
    play(world, 60);
    assert_int_equal(raised, 1);
    assert_int_equal(cleared, 1);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* 1 s, then twice as long each time, a minute at most: 15 in ten minutes. */
static void it_is_tried_ever_less_often(void **state)
{
    struct world *world = *state;

    accept_one(world, "a");
    break_disk();
    rig_ready(world, 0);
    rig_run_for(world, 900);
    unsigned before = undone;
    rig_run_for(world, 200);
    assert_int_equal(undone, before + 1);
    rig_run_for(world, FOREVER_S * 1000);
    assert_in_range(undone, before + 12, before + 18);
    assert_int_equal(raised, 1);
}

/* Also one that is told, by somebody else's failure, to look again sooner. */
static void nothing_is_taken_until_a_write_has_reached_it(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    break_disk();
    (void)refusal_of(world, "a"); /* lost with its transaction: its client hears of that */
    assert_int_equal(raised, 1);
    for (int i = 0; i < 40; i++) {
        assert_string_equal(refusal_of(world, "b"), "overloaded");
        assert_int_equal(store_begin(world->store), 0); /* others write and take it back */
        assert_int_equal(store_fact_set(world->store, "other", "1"), 0);
        assert_int_equal(store_end(world->store, false), 0);
        rig_run_for(world, 250);
    }
    assert_int_equal(cleared, 0);
    vfs_shim_reset();
    rig_run_for(world, 16000);
    assert_int_equal(cleared, 1);
    assert_string_equal(refusal_of(world, "c"), "");
}

/* The outcome is written as soon as it can be: that is as good as any other write. */
static void an_outcome_on_disk_mends_it_too(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    int64_t row = accept_one(world, "a");
    rig_prompt(world, 0);
    break_disk();
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, FOREVER_S * 1000);
    assert_int_equal(raised, 1);
    vfs_shim_reset();
    rig_run_for(world, 10 * 1000);
    assert_int_equal(cleared, 1);
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void then_the_counters_are_those_of_the_disk(void **state)
{
    struct world *world = *state;

    accept_one(world, "a");
    break_disk();
    (void)refusal_of(world, "b");
    assert_true(stats_of(world).store_failing);
    vfs_shim_reset();
    rig_run_for(world, 2000);
    assert_int_equal(stats_of(world).queued_parts[CLASS_OTP], 1);
    assert_int_equal(stats_of(world).accepted, 1);
    assert_string_equal(refusal_of(world, "b"), "");
    assert_int_equal(stats_of(world).queued_parts[CLASS_OTP], 2);
}

/* A deadline that passes meanwhile is kept when it can be written. */
static void what_expires_meanwhile_ends_afterwards(void **state)
{
    struct world *world = *state;
    int64_t row = accept_one(world, "a");

    break_disk();
    (void)refusal_of(world, "b");
    rig_run_for(world, FOREVER_S * 1000);
    vfs_shim_reset();
    rig_run_for(world, 60 * 1000);
    rig_assert_state(world, row, MESSAGE_EXPIRED);
    assert_int_equal(cleared, 1);
}

/* What cannot go stays, and is not tried fifty times a second. */
static void what_is_kept_too_long_goes_afterwards(void **state)
{
    struct world *world = *state;
    struct message message = {0};

    world->config.retention_days = 1;
    rig_ready(world, 0);
    int64_t row = accept_one(world, "a");
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 195);
    rig_assert_state(world, row, MESSAGE_FAILED);
    rig_run_for(world, 23 * 3600 * 1000);
    assert_int_equal(undone, 0);
    break_disk();
    for (int minutes = 0; undone == 0 && minutes < 180; minutes++)
        rig_run_for(world, 60 * 1000);
    rig_run_for(world, 60 * 1000);
    assert_in_range(undone, 1, 20);
    assert_int_equal(raised, 1);
    vfs_shim_reset();
    rig_run_for(world, 180 * 1000);
    assert_int_equal(cleared, 1);
    assert_int_equal(store_message_by_row(world->store, row, false, &message), 0);
}

/* One page that does not come, at the door of a gateway that has nothing else to do. */
static void one_read_error_does_not_lock_the_door(void **state)
{
    struct world *world = *state;

    rig_teardown(state);
    rig_setup_in(state, dir); /* with no page in memory */
    world = *state;
    rig_settle(world);
    rig_ready(world, 0);
    vfs_shim_fail(VFS_IO_ERROR, VFS_READ, 1, 1);
    assert_string_equal(refusal_of(world, "a"), "store_failed");
    rig_run_for(world, 60 * 1000);
    assert_string_equal(refusal_of(world, "b"), "");
    assert_false(stats_of(world).store_failing);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_failing_disk_is_told_once),
        TEST(what_is_due_cannot_be_read),
        TEST(nor_what_has_expired),
        TEST(nor_what_waits),
        TEST(it_is_tried_ever_less_often),
        TEST(nothing_is_taken_until_a_write_has_reached_it),
        TEST(an_outcome_on_disk_mends_it_too),
        TEST(then_the_counters_are_those_of_the_disk),
        TEST(what_expires_meanwhile_ends_afterwards),
        TEST(what_is_kept_too_long_goes_afterwards),
        TEST(one_read_error_does_not_lock_the_door),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
