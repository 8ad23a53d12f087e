/* Recovery: what a crash, a reboot, a clock and a restored backup leave, and what a start makes of
 * it. A crash is a child process that dies with the store open. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"
#include "vfs_shim.h"

static int64_t due_row(struct rig *rig)
{
    struct message message;
    const struct store_taker taker = {"m", "s", SMS_PARTS_MAX, 0};
    assert_in_range(store_message_due(rig->store, &taker, &message), 0, 1);
    int64_t row = message.row;
    message_clear(&message);
    return row;
}

/* --- claims and commits ----------------------------------------------------------------------- */

static void claim_1(struct rig *rig)
{
    rig_move(rig, 1, MESSAGE_CLAIMED);
    rig_attempt(rig, 1, ATTEMPT_CLAIMED, "s");
    rig_commit(rig);
}

static void commit_1(struct rig *rig)
{
    struct attempt attempt;
    rig_move(rig, 1, MESSAGE_CLAIMED);
    uint64_t token = rig_attempt(rig, 1, ATTEMPT_CLAIMED, "s");
    rig_move(rig, 1, MESSAGE_SENDING);
    assert_int_equal(store_attempt_by_token(rig->store, token, &attempt), 1);
    attempt.state = ATTEMPT_COMMITTED;
    attempt.committed_ms = loop_now_ms(rig->loop);
    rig_begin(rig);
    assert_int_equal(store_attempt_update(rig->store, &attempt), 0);
    rig_keep(rig);
    rig_commit(rig);
}

static void test_claim_goes_back(void **state)
{
    struct rig rig;
    struct message message;
    struct attempt attempt;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    rig_close(&rig);
    for (int crash = 1; crash <= 3; crash++) {
        rig_crash(&rig, claim_1);
        rig_reopen(&rig);
        assert_int_equal(store_message_by_row(rig.store, 1, true, &message), 1);
        assert_int_equal(message.crashes, crash);
        assert_int_equal(message.state, crash < 3 ? MESSAGE_QUEUED : MESSAGE_FAILED);
        assert_string_equal(message.reason, crash < 3 ? "crash" : "internal");
        assert_int_equal(message.text != NULL, crash < 3);
        assert_int_equal(message.ended_wall_ms != 0, crash == 3);
        assert_int_equal(due_row(&rig), crash < 3 ? 1 : 0);
        message_clear(&message);
        assert_int_equal(store_attempt_by_token(rig.store, (uint64_t)crash, &attempt), 1);
        assert_int_equal(attempt.state, ATTEMPT_NOT_SENT);
        rig_close(&rig);
    }
    rig_reopen(&rig);
    assert_string_equal(rig_ladder(&rig, 1), "queued failed");
    rig_end(&rig);
}

/* An earlier copy may have left: that it never did is not known, and no other follows. */
static void test_claim_of_a_copy_ends_unknown(void **state)
{
    struct rig rig;
    struct message message;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    assert_int_equal(store_message_by_row(rig.store, 1, false, &message), 1);
    message.resends = 1;
    rig_begin(&rig);
    assert_int_equal(store_message_update(rig.store, &message, false), 0);
    rig_keep(&rig);
    message_clear(&message);
    rig_close(&rig);
    for (int crash = 1; crash <= 3; crash++) {
        rig_crash(&rig, claim_1);
        rig_reopen(&rig);
        assert_int_equal(rig_state(&rig, 1), crash < 3 ? MESSAGE_QUEUED : MESSAGE_UNKNOWN);
        rig_close(&rig);
    }
    rig_reopen(&rig);
    assert_int_equal(store_message_by_row(rig.store, 1, true, &message), 1);
    assert_int_equal(message.on_unknown, ON_UNKNOWN_REPORT);
    assert_int_equal(message.ended_wall_ms, 0);
    assert_null(message.text);
    message_clear(&message);
    rig_end(&rig);
}

static void test_commit_is_unknown(void **state)
{
    struct rig rig;
    struct message message;
    struct attempt attempt;
    struct store_next next;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    rig_close(&rig);
    rig_crash(&rig, commit_1);
    rig_reopen(&rig);
    assert_int_equal(store_message_by_row(rig.store, 1, true, &message), 1);
    assert_int_equal(message.state, MESSAGE_UNKNOWN);
    assert_string_equal(message.reason, "crash");
    assert_int_equal(message.space, SMS_CAUSE_LOCAL);
    assert_int_equal(message.cause, SMS_LOCAL_CRASH);
    assert_int_equal(message.crashes, 0);
    assert_non_null(message.text); /* a resend may follow */
    message_clear(&message);
    assert_int_equal(store_attempt_by_token(rig.store, 1, &attempt), 1);
    assert_int_equal(attempt.state, ATTEMPT_UNKNOWN);
    assert_int_equal(attempt.cause, SMS_LOCAL_CRASH);
    assert_true(attempt.report_until_ms > RIG_NOW_MS);
    assert_int_equal(store_next_times(rig.store, &next), 0);
    assert_true(next.report_end_ms < INT64_MAX); /* it ends by itself */
    assert_int_equal(due_row(&rig), 0);
    assert_string_equal(rig_ladder(&rig, 1), "queued sending unknown");
    rig_end(&rig);
}

/* Nothing will be sent again: the text is wanted no more. */
static void test_commit_that_is_not_resent_keeps_no_text(void **state)
{
    struct rig rig;
    struct message message;
    (void)state;
    for (int i = 0; i < 2; i++) {
        rig_disk(&rig);
        assert_int_equal(rig_put(&rig, "k"), 1);
        assert_int_equal(store_message_by_row(rig.store, 1, false, &message), 1);
        message.on_unknown = i == 0 ? ON_UNKNOWN_REPORT : ON_UNKNOWN_RESEND;
        message.resends = (uint8_t)i;
        rig_update(&rig, &message, false);
        message_clear(&message);
        rig_close(&rig);
        rig_crash(&rig, commit_1);
        rig_reopen(&rig);
        assert_int_equal(store_message_by_row(rig.store, 1, true, &message), 1);
        assert_int_equal(message.state, MESSAGE_UNKNOWN);
        assert_null(message.text);
        message_clear(&message);
        rig_end(&rig);
    }
}

static void claim_without_commit(struct rig *rig)
{
    rig_move(rig, 1, MESSAGE_CLAIMED); /* joins a transaction that dies with the process */
}

static void test_open_transaction_is_gone(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    rig_close(&rig);
    rig_crash(&rig, claim_without_commit);
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, 1), MESSAGE_QUEUED);
    assert_string_equal(rig_ladder(&rig, 1), "queued");
    rig_end(&rig);
}

/* --- clocks ----------------------------------------------------------------------------------- */

static void test_same_boot(void **state)
{
    struct rig rig;
    struct message message;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    rig_close(&rig);
    loop_sim_run_until(rig.loop, RIG_NOW_MS + 1000);
    loop_sim_wall_set(rig.loop, 0); /* the wall clock says nothing within one boot */
    rig_reopen(&rig);
    assert_int_equal(store_message_by_row(rig.store, 1, false, &message), 1);
    assert_int_equal(message.state, MESSAGE_QUEUED);
    assert_int_equal(message.expires_ms, RIG_NOW_MS + 300000);
    message_clear(&message);
    rig_end(&rig);
}

static void wait_and_report(struct rig *rig)
{
    struct message message;
    assert_int_equal(store_message_by_row(rig->store, 1, false, &message), 1);
    message.wait_until_ms = RIG_NOW_MS + 60000;
    rig_update(rig, &message, false);
    message_clear(&message);
    rig_move(rig, 2, MESSAGE_CLAIMED);
    rig_move(rig, 2, MESSAGE_SENDING);
    struct attempt attempt = {.message = 2,
                              .state = ATTEMPT_SENT,
                              .iccid = "s",
                              .reference = 4,
                              .committed_ms = RIG_NOW_MS,
                              .report_until_ms = RIG_NOW_MS + 90000};
    rig_begin(rig);
    assert_int_equal(store_attempt_insert(rig->store, &attempt, "+84912345678"), 0);
    rig_keep(rig);
    assert_int_equal(store_message_by_row(rig->store, 2, false, &message), 1);
    message.state = MESSAGE_SENT;
    message.report_until_ms = RIG_NOW_MS + 90000;
    rig_update(rig, &message, true);
    message_clear(&message);
    rig_commit(rig);
}

static void test_reboot(void **state)
{
    struct rig rig;
    struct message message;
    struct attempt attempt;
    struct store_next next;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "a");
    rig_put(&rig, "b");
    rig_close(&rig);
    rig_crash(&rig, wait_and_report);
    rig_reboot(&rig, 40000); /* 40 s later by the wall clock, 5 s after boot */
    rig_reopen(&rig);
    const int64_t now = 5000;
    assert_int_equal(store_message_by_row(rig.store, 1, true, &message), 1);
    assert_int_equal(message.state, MESSAGE_QUEUED);
    assert_int_equal(message.expires_ms, now + 300000 - 40000);
    assert_int_equal(message.wait_until_ms, now + 60000 - 40000);
    assert_non_null(message.text);
    message_clear(&message);
    assert_int_equal(store_next_times(rig.store, &next), 0);
    assert_int_equal(next.report_end_ms, now + 90000 - 40000);
    assert_int_equal(store_attempts_match(rig.store, "s", 4, "912345678", now + 49999, &attempt, 1),
                     1);
    assert_int_equal(store_attempts_match(rig.store, "s", 4, "912345678", now + 50000, &attempt, 1),
                     0);
    assert_int_equal(store_attempts_open(rig.store, "s", now - 40001, &attempt, 1), 0);
    rig_close(&rig);
    rig_reboot(&rig, 600000); /* and again: what was due and what waited is late now */
    rig_reopen(&rig);
    assert_int_equal(store_message_by_row(rig.store, 1, false, &message), 1);
    assert_true(message.expires_ms < 5000);
    assert_int_equal(message.wait_until_ms, 1);
    message_clear(&message);
    int64_t row = 0;
    assert_int_equal(store_rows_expired(rig.store, 5000, &row, 1), 1);
    assert_int_equal(store_message_wake(rig.store, 5000, 9), 1);
    assert_int_equal(store_rows_report_ended(rig.store, 5000, &row, 1), 1);
    rig_end(&rig);
}

/* Sent, and no report can come any more. */
static void put_ended(struct rig *rig)
{
    struct message message;
    int64_t row = rig_put(rig, "");
    struct attempt attempt = {.message = row,
                              .state = ATTEMPT_SENT,
                              .iccid = "s",
                              .reference = 4,
                              .committed_ms = RIG_NOW_MS,
                              .report_until_ms = RIG_NOW_MS + 90000};
    rig_begin(rig);
    assert_int_equal(store_attempt_insert(rig->store, &attempt, "+84912345678"), 0);
    rig_keep(rig);
    assert_int_equal(store_message_by_row(rig->store, row, false, &message), 1);
    message.state = MESSAGE_SENT;
    message.ended_wall_ms = RIG_WALL_MS;
    rig_update(rig, &message, true);
    message_clear(&message);
}

/* They are kept for a month: no reboot writes all of them anew. That they are past is said once,
 * for the times of another boot look like times to come. */
static void test_a_reboot_leaves_alone_what_has_ended(void **state)
{
    enum { MANY = 200 };
    struct rig rig;
    struct attempt attempt;
    (void)state;
    rig_disk(&rig);
    for (int i = 0; i < MANY; i++)
        put_ended(&rig);
    for (int boot = 0; boot < 3; boot++) {
        rig_close(&rig);
        rig_reboot(&rig, 600000);
        rig_reopen(&rig);
        assert_in_range(rig_number(&rig, "SELECT total_changes()"), 1, boot == 0 ? MANY + 20 : 20);
        assert_int_equal(store_attempts_match(rig.store, "s", 4, "912345678", loop_now_ms(rig.loop),
                                              &attempt, 1),
                         0);
    }
    rig_end(&rig);
}

/* Sent, and its report is awaited for a day. */
static void put_awaited(struct rig *rig, int reference)
{
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    struct attempt attempt = {.message = 1,
                              .state = ATTEMPT_SENT,
                              .iccid = "s",
                              .reference = reference,
                              .committed_ms = loop_now_ms(rig->loop),
                              .report_until_ms = loop_now_ms(rig->loop) + day_ms};
    rig_begin(rig);
    assert_int_equal(store_attempt_insert(rig->store, &attempt, "+84912345678"), 0);
    rig_keep(rig);
}

static int found(struct rig *rig, int reference)
{
    struct attempt attempt;
    return store_attempts_match(rig->store, "s", reference, "912345678", loop_now_ms(rig->loop),
                                &attempt, 1);
}

static int64_t reboot_steps(struct rig *rig)
{
    static const enum sql looked[] = {SQL_SHIFT_MESSAGES, SQL_SHIFT_REPORTS,  SQL_ATTEMPTS_PAST,
                                      SQL_SHIFT_OPEN,     SQL_SHIFT_ATTEMPTS, SQL_CLAIMS};
    int64_t steps = 0;
    rig_close(rig);
    rig_reboot(rig, 600000);
    rig_reopen(rig);
    for (size_t i = 0; i < sizeof looked / sizeof looked[0]; i++)
        steps += sqlite3_stmt_status(rig->store->stmt[looked[i]], SQLITE_STMTSTATUS_VM_STEP, 0);
    return steps;
}

/* A month of them lies before those of which a report may still come: a reboot passes them by, the
 * first one too, and the awaited ones keep their time. */
static void test_a_reboot_costs_the_same_behind_a_month(void **state)
{
    static const char many[] =
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO attempt (message, part, state, modem, iccid, reference, space, cause, "
        "claimed_wall, committed_wall, ended_wall, committed, report_until, report, report_wall, "
        "tail) SELECT message, part, state, modem, iccid, reference, space, cause, claimed_wall, "
        "committed_wall, ended_wall, committed, report_until, report, report_wall, tail FROM n, "
        "attempt WHERE token = 1;"
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO message (id, uid, otp, seal, class, encoding, parts, report, flash, "
        "unaccented, replace_type, created_wall, expires_wall, expires, state, on_unknown, "
        "parts_done, no_validity, reference, sent_nothing, resends, crashes, wait, sending_wall, "
        "sent_wall, ended_wall, report_until, pin, avoid, modem, iccid, reason, space, cause) "
        "SELECT randomblob(16), uid, otp, seal, class, encoding, parts, report, flash, unaccented, "
        "replace_type, created_wall, expires_wall, expires, 3, on_unknown, parts_done, "
        "no_validity, reference, sent_nothing, resends, crashes, wait, sending_wall, sent_wall, "
        "created_wall, 0, pin, avoid, modem, iccid, reason, space, cause FROM n, message WHERE row "
        "= 1;";
    int64_t steps[2];
    (void)state;
    for (int month = 0; month < 2; month++) {
        struct rig rig;
        rig_disk(&rig);
        rig_put(&rig, "k");
        put_awaited(&rig, 1);
        rig_commit(&rig);
        if (month)
            assert_int_equal(sqlite3_exec(rig.store->db, many, NULL, NULL, NULL), SQLITE_OK);
        rig_close(&rig);
        rig_reopen(&rig); /* it knows of them */
        rig_pass(&rig, INT64_C(60) * 3600 * 1000);
        for (int i = 0; i < 20; i++)
            put_awaited(&rig, 2 + i);
        rig_commit(&rig);
        steps[month] = reboot_steps(&rig);
        for (int boot = 0; boot < 2; boot++) {
            assert_int_equal(found(&rig, 1), 0);
            assert_int_equal(found(&rig, 2), 1);
            assert_int_equal(found(&rig, 21), 1);
            assert_in_range(reboot_steps(&rig), steps[month] / 4, steps[month] * 2);
        }
        rig_close(&rig);
        rig_reopen(&rig); /* the same boot */
        assert_int_equal(found(&rig, 1), 0);
        assert_int_equal(found(&rig, 2), 1);
        rig_close(&rig);
        rig_reboot(&rig, INT64_C(24) * 3600 * 1000);
        rig_reopen(&rig);
        assert_int_equal(found(&rig, 2), 0);
        rig_end(&rig);
    }
    print_message("steps of a reboot: %d, and %d behind 20,000\n", (int)steps[0], (int)steps[1]);
    assert_in_range(steps[1], 1, steps[0] + steps[0] / 10);
}

static void events_after_ntp(struct rig *rig)
{
    loop_sim_run_until(rig->loop, RIG_NOW_MS + 1000);
    loop_sim_wall_set(rig->loop, RIG_WALL_MS + 1000 + 7200000); /* set right by two hours */
    rig_put(rig, "later");
}

/* The clock was set right within the boot: what counts is how it stood last. */
static void test_reboot_after_a_correction(void **state)
{
    struct rig rig;
    struct message message;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    rig_close(&rig);
    rig_crash(&rig, events_after_ntp);
    rig_reboot(&rig, 7200000 + 1000 + 10000);
    rig_reopen(&rig);
    assert_int_equal(store_message_by_row(rig.store, 1, false, &message), 1);
    assert_int_equal(message.expires_ms, 5000 + 300000 - 1000 - 10000);
    message_clear(&message);
    rig_end(&rig);
}

static void unknown_then_queued(struct rig *rig)
{
    rig_move(rig, 1, MESSAGE_CLAIMED);
    rig_move(rig, 1, MESSAGE_SENDING);
    rig_attempt(rig, 1, ATTEMPT_UNKNOWN, "s");
    rig_move(rig, 1, MESSAGE_UNKNOWN);
    rig_move(rig, 1, MESSAGE_QUEUED); /* its resend is due */
    rig_move(rig, 2, MESSAGE_CLAIMED);
    rig_attempt(rig, 2, ATTEMPT_CLAIMED, "s");
    rig_move(rig, 3, MESSAGE_CLAIMED);
    rig_move(rig, 3, MESSAGE_SENDING);
    rig_attempt(rig, 3, ATTEMPT_COMMITTED, "s");
    rig_commit(rig);
}

/* 1: queued, but its first copy may have arrived; 2: claimed; 3: committed; 4: queued. */
static void four_messages(struct rig *rig)
{
    rig_disk(rig);
    rig_put(rig, "a");
    rig_put(rig, "b");
    rig_put(rig, "c");
    rig_put(rig, "d");
    rig_close(rig);
}

static void nothing_is_sent_any_more(struct rig *rig, enum message_state end, const char *reason)
{
    struct message message;
    struct store_next next;
    int64_t counts[MESSAGE_STATES];
    assert_int_equal(rig_state(rig, 1), MESSAGE_UNKNOWN);
    rig_reason(rig, 1, reason);
    assert_int_equal(rig_state(rig, 2), end);
    rig_reason(rig, 2, reason);
    assert_int_equal(rig_state(rig, 3), MESSAGE_UNKNOWN);
    assert_int_equal(rig_state(rig, 4), end);
    assert_int_equal(due_row(rig), 0);
    for (int64_t row = 1; row <= 3; row += 2) { /* may have left: no resend */
        assert_int_equal(store_message_by_row(rig->store, row, true, &message), 1);
        assert_null(message.text);
        assert_int_equal(message.on_unknown, ON_UNKNOWN_REPORT);
        assert_true(message.report_until_ms > 0 && message.ended_wall_ms == 0);
        message_clear(&message);
    }
    assert_int_equal(store_message_by_row(rig->store, 4, true, &message), 1);
    assert_null(message.text);
    assert_true(message.ended_wall_ms > 0);
    message_clear(&message);
    assert_int_equal(store_next_times(rig->store, &next), 0);
    assert_true(next.expire_ms == INT64_MAX);
    assert_int_equal(store_message_counts(rig->store, counts), 0);
    assert_int_equal(counts[MESSAGE_UNKNOWN], 2);
    assert_int_equal(counts[end], 2);
    char want[32];
    snprintf(want, sizeof want, "queued %s", message_state_name(end));
    assert_string_equal(rig_ladder(rig, 4), want);
}

static void half_sent(struct rig *rig)
{
    struct message message;

    rig_move(rig, 1, MESSAGE_CLAIMED);
    rig_move(rig, 1, MESSAGE_SENDING);
    rig_attempt(rig, 1, ATTEMPT_SENT, "s");
    assert_int_equal(store_message_by_row(rig->store, 1, false, &message), 1);
    message.state = MESSAGE_QUEUED;
    message.parts_done = 1;
    assert_int_equal(store_begin(rig->store), 0);
    assert_int_equal(store_message_update(rig->store, &message, false), 0);
    assert_int_equal(store_end(rig->store, true), 0);
    message_clear(&message);
    rig_commit(rig);
}

/* Expired means that nothing has left. */
static void test_clock_went_back_between_two_parts(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "a");
    rig_close(&rig);
    rig_crash(&rig, half_sent);
    rig_reboot(&rig, -1);
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, 1), MESSAGE_FAILED);
    rig_reason(&rig, 1, "clock_went_back");
    assert_non_null(strstr(rig_ladder(&rig, 1), "failed"));
    rig_end(&rig);
}

static void test_clock_went_back(void **state)
{
    struct rig rig;
    (void)state;
    four_messages(&rig);
    rig_crash(&rig, unknown_then_queued);
    rig_reboot(&rig, -1);
    rig_reopen(&rig);
    nothing_is_sent_any_more(&rig, MESSAGE_EXPIRED, "clock_went_back");
    rig_put(&rig, "e"); /* the new ones live, also over the next start */
    rig_close(&rig);
    rig_reboot(&rig, 1000);
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, 5), MESSAGE_QUEUED);
    rig_end(&rig);
}

/* --- backups ---------------------------------------------------------------------------------- */

static void backup(struct rig *rig)
{
    rig_shell("cp -a %s %s.backup", rig->dir, rig->dir);
}

static void end_with_backup(struct rig *rig)
{
    rig_shell("rm -rf %s.backup", rig->dir);
    rig_end(rig);
}

static void test_whole_directory_restored(void **state)
{
    struct rig rig;
    (void)state;
    four_messages(&rig);
    rig_crash(&rig, unknown_then_queued);
    backup(&rig);
    rig_shell("rm -rf %s && cp -a %s.backup %s", rig.dir, rig.dir, rig.dir);
    rig_reopen(&rig);
    nothing_is_sent_any_more(&rig, MESSAGE_FAILED, "restored_backup");
    rig_put(&rig, "e"); /* once only */
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, 5), MESSAGE_QUEUED);
    end_with_backup(&rig);
}

static void put_one_more(struct rig *rig)
{
    rig_put(rig, "more");
}

/* Taken and put back while the very same run went on: only the newest event tells. */
static void put_backup_and_more(struct rig *rig)
{
    rig_put(rig, "before");
    rig_shell("sqlite3 %s '.backup %s.backup'", rig_path(rig, "otpgate.db"), rig->dir);
    put_one_more(rig);
}

static void test_database_restored(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    rig_crash(&rig, put_backup_and_more);
    rig_shell("cd %s && rm otpgate.db-wal otpgate.db-shm && cp %s.backup otpgate.db && chmod 600 "
              "otpgate.db",
              rig.dir, rig.dir);
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, 1), MESSAGE_FAILED);
    rig_reason(&rig, 1, "restored_backup");
    end_with_backup(&rig);
}

static void test_incarnation_gone(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    rig_close(&rig);
    rig_shell("rm %s", rig_path(&rig, "incarnation"));
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, 1), MESSAGE_FAILED);
    rig_end(&rig);
}

static void put_unnamed(struct rig *rig)
{
    rig_put(rig, "");
}

/* The other way round: no crash, no clean end, no chmod may look like a restore. */
static void test_crashes_are_no_restore(void **state)
{
    struct rig rig;
    int64_t counts[MESSAGE_STATES];
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    for (int i = 0; i < 5; i++) {
        rig_crash(&rig, put_unnamed);
        rig_shell("chmod 0700 %s && touch %s", rig.dir, rig_path(&rig, "incarnation"));
    }
    rig_reopen(&rig);
    rig_close(&rig);
    /* a crash between the COMMIT that knows the new file and its rename */
    rig_shell("mv %s %s/incarnation.new", rig_path(&rig, "incarnation"), rig.dir);
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 1); /* and the next start fails before its own */
    assert_int_equal(rig_open(&rig), -EIO);
    rig_reopen(&rig);
    assert_int_equal(store_message_counts(rig.store, counts), 0);
    assert_int_equal(counts[MESSAGE_QUEUED], 5);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claim_goes_back),
        cmocka_unit_test(test_claim_of_a_copy_ends_unknown),
        cmocka_unit_test(test_commit_is_unknown),
        cmocka_unit_test(test_commit_that_is_not_resent_keeps_no_text),
        cmocka_unit_test(test_open_transaction_is_gone),
        cmocka_unit_test(test_same_boot),
        cmocka_unit_test(test_reboot),
        cmocka_unit_test(test_a_reboot_leaves_alone_what_has_ended),
        cmocka_unit_test(test_a_reboot_costs_the_same_behind_a_month),
        cmocka_unit_test(test_reboot_after_a_correction),
        cmocka_unit_test(test_clock_went_back),
        cmocka_unit_test(test_clock_went_back_between_two_parts),
        cmocka_unit_test(test_whole_directory_restored),
        cmocka_unit_test(test_database_restored),
        cmocka_unit_test(test_incarnation_gone),
        cmocka_unit_test(test_crashes_are_no_restore),
    };
    return vfs_shim_install() != 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
