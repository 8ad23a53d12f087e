/* Power loss at every write and every sync of a workload: what was reported durable is there
 * afterwards, no state has gone backwards, and nothing is reported before its sync. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "power_walk.h"
#include "store_rig.h"

enum { MESSAGES = 3 };

/* How far a message has been reported durable. */
enum reached { NOTHING, ACCEPTED, COMMITTED, ENDED };

struct track {
    struct store_waiter waiter;
    struct rig *rig;
    int64_t row;
    uint64_t token;
    enum reached asked, reported;
    uint64_t syncs;
    bool failed;
};

static void on_durable(void *arg, int rc)
{
    struct track *track = arg;
    if (rc != 0) {
        track->failed = true;
        return;
    }
    vfs_shim_mark("report");
    assert_false(vfs_shim_unsynced());
    assert_true(vfs_shim_count(VFS_SYNC) > track->syncs);
    track->reported = track->asked;
}

static void report(struct track *track, enum reached asked)
{
    track->asked = asked;
    track->syncs = vfs_shim_count(VFS_SYNC);
    track->waiter.fn = on_durable;
    track->waiter.arg = track;
    store_when_durable(track->rig->store, &track->waiter);
}

/* Each step: 0, or -errno where the machine has died meanwhile. */
static int step_accept(struct track *track, int i)
{
    char key[16];
    snprintf(key, sizeof key, "key-%d", i);
    struct message message = rig_message(track->rig, key, "Ma OTP: 123456");
    int rc = store_begin(track->rig->store);
    if (rc == 0) {
        rc = store_message_insert(track->rig->store, &message, "c", 1);
        int end = store_end(track->rig->store, rc == 0);
        rc = rc ? rc : end;
    }
    track->row = message.row;
    message_clear(&message);
    if (rc == 0)
        report(track, ACCEPTED);
    return rc;
}

static int step_move(struct track *track, enum message_state to, enum attempt_state attempt_to)
{
    struct store *store = track->rig->store;
    struct message message;
    struct attempt attempt = {
        .message = track->row, .iccid = "89840", .modem = "m", .reference = -1};
    int rc = store_begin(store);
    if (rc != 0)
        return rc;
    rc = store_message_by_row(store, track->row, false, &message);
    if (rc == 1) {
        message.state = to;
        rc = store_message_update(store, &message, to == MESSAGE_SENT);
        message_clear(&message);
    }
    attempt.state = attempt_to;
    attempt.token = track->token;
    if (rc == 0 && attempt_to == ATTEMPT_CLAIMED) {
        rc = store_attempt_insert(store, &attempt, "+84912345678");
        track->token = attempt.token;
    } else if (rc == 0) {
        rc = store_attempt_update(store, &attempt);
    }
    int end = store_end(store, rc == 0);
    return rc ? rc : end;
}

static int step(struct track *track, int i, int number)
{
    int rc = 0;
    switch (number) {
    case 0:
        return step_accept(track, i);
    case 1:
        return step_move(track, MESSAGE_CLAIMED, ATTEMPT_CLAIMED);
    case 2:
        rc = step_move(track, MESSAGE_SENDING, ATTEMPT_COMMITTED);
        if (rc == 0)
            report(track, COMMITTED);
        return rc;
    default:
        rc = step_move(track, MESSAGE_SENT, ATTEMPT_SENT);
        if (rc == 0)
            report(track, ENDED);
        return rc;
    }
}

/* Accepts, claims, commits and outcomes of several messages, staggered so that turns mix them. */
static void workload(struct rig *rig, struct track track[MESSAGES])
{
    bool stopped = false;
    for (int turn = 0; turn < MESSAGES + 3 && !stopped; turn++) {
        for (int i = 0; i < MESSAGES && !stopped; i++)
            if (turn >= i && turn - i < 4)
                stopped = step(&track[i], i, turn - i) != 0;
        loop_sim_settle(rig->loop);
        for (int i = 0; i < MESSAGES; i++)
            stopped = stopped || track[i].failed;
    }
}

static void check_integrity(const struct rig *rig)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(rig_path(rig, "otpgate.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void check_message(struct rig *rig, const struct track *track)
{
    static const unsigned allowed[] = {
        /* after the recovery: a claim is queued again, a commit is unknown */
        [ACCEPTED] = 1u << MESSAGE_QUEUED | 1u << MESSAGE_UNKNOWN | 1u << MESSAGE_SENT,
        [COMMITTED] = 1u << MESSAGE_UNKNOWN | 1u << MESSAGE_SENT,
        [ENDED] = 1u << MESSAGE_SENT,
    };
    if (track->reported == NOTHING)
        return;
    struct message message;
    assert_int_equal(store_message_by_row(rig->store, track->row, true, &message), 1);
    assert_true(allowed[track->reported] & (1u << message.state));
    assert_string_equal(message.to, "+84912345678");
    if (message.state == MESSAGE_QUEUED)
        assert_string_equal(message.text, "Ma OTP: 123456");
    message_clear(&message);
}

/* One machine, one death. Returns whether it died before all was done. */
static bool die_at(enum vfs_op_kind kind, uint64_t nth, uint64_t seed)
{
    struct rig rig;
    struct track track[MESSAGES] = {0};
    vfs_shim_reset();
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    for (int i = 0; i < MESSAGES; i++)
        track[i].rig = &rig;
    vfs_shim_reset();
    vfs_shim_die(kind, nth);
    workload(&rig, track);
    rig_close(&rig); /* writes a checkpoint, if the power is still there */
    bool died = vfs_shim_is_dead();
    vfs_shim_power_loss(seed);
    check_integrity(&rig);
    rig_reopen(&rig);
    assert_true(died || !store_was_unclean(rig.store));
    for (int i = 0; i < MESSAGES; i++) {
        assert_true(died || track[i].reported == ENDED);
        check_message(&rig, &track[i]);
    }
    rig_end(&rig);
    return died;
}

static void test_every_write(void **state)
{
    (void)state;
    power_at_every_write(die_at, 50, 2000);
}

static void test_every_sync(void **state)
{
    (void)state;
    power_at_every_sync(die_at, 6, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_write),
        cmocka_unit_test(test_every_sync),
    };
    return vfs_shim_install() != 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
