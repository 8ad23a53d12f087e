/* Attempts: stored and read back, matched by evidence, counted against the budget. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include "store_internal.h"
#include "store_rig.h"

static void test_round_trip(void **state)
{
    struct rig rig;
    struct attempt out;
    (void)state;
    rig_memory(&rig);
    struct attempt in = {.message = rig_put(&rig, "k"),
                         .part = 2,
                         .run = 3,
                         .reference = -1,
                         .modem = "viettel-1",
                         .iccid = "8984",
                         .report_wall_ms = 99,
                         .claimed_wall_ms = 5};
    rig_begin(&rig);
    assert_int_equal(store_attempt_insert(rig.store, &in, "+84912345678"), 0);
    /* a zero would be a TP-ST: delivered */
    assert_int_equal(store_attempt_by_token(rig.store, in.token, &out), 1);
    assert_int_equal(out.report, -1);
    assert_int_equal(out.report_wall_ms, 0);
    assert_int_equal(in.report, -1);
    in.report = 0x46;
    in.report_wall_ms = 10;
    in.state = ATTEMPT_COMMITTED;
    in.committed_ms = 6;
    in.committed_wall_ms = 7;
    in.report_until_ms = 8;
    in.reference = 255;
    in.space = SMS_CAUSE_CMS;
    in.cause = 38;
    in.ended_wall_ms = 9;
    assert_int_equal(store_attempt_update(rig.store, &in), 0);
    rig_keep(&rig);
    assert_int_equal(store_attempt_by_token(rig.store, in.token, &out), 1);
    assert_int_equal(out.message, in.message);
    assert_int_equal(out.part, 2);
    assert_int_equal(out.run, 3);
    assert_int_equal(out.state, ATTEMPT_COMMITTED);
    assert_string_equal(out.modem, "viettel-1");
    assert_string_equal(out.iccid, "8984");
    assert_int_equal(out.reference, 255);
    assert_int_equal(out.cause, 38);
    assert_int_equal(out.claimed_wall_ms, 5);
    assert_int_equal(out.committed_ms, 6);
    assert_int_equal(out.committed_wall_ms, 7);
    assert_int_equal(out.report_until_ms, 8);
    assert_int_equal(out.ended_wall_ms, 9);
    assert_int_equal(out.report, 0x46);
    assert_int_equal(out.report_wall_ms, 10);
    assert_int_equal(store_attempt_by_token(rig.store, in.token + 1, &out), 0);
    in.token += 1;
    rig_begin(&rig);
    assert_int_equal(store_attempt_update(rig.store, &in), -ENOENT);
    assert_int_equal(store_end(rig.store, false), 0);
    rig_end(&rig);
}

/* Also where the insert was undone, and after a start. */
static void test_token_never_twice(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    int64_t row = rig_put(&rig, "k");
    uint64_t first = rig_attempt(&rig, row, ATTEMPT_CLAIMED, "s");
    struct attempt undone = {.message = row, .reference = -1};
    rig_begin(&rig);
    assert_int_equal(store_attempt_insert(rig.store, &undone, "1"), 0);
    assert_int_equal(store_end(rig.store, false), 0);
    uint64_t second = rig_attempt(&rig, row, ATTEMPT_CLAIMED, "s");
    assert_true(undone.token > first && second > undone.token);
    rig_reopen(&rig);
    assert_true(rig_attempt(&rig, row, ATTEMPT_CLAIMED, "s") > second);
    rig_end(&rig);
}

static uint64_t sent(struct rig *rig, int64_t row, const char *to, int reference,
                     int64_t report_until_ms)
{
    struct attempt attempt = {.message = row,
                              .state = ATTEMPT_SENT,
                              .iccid = "s1",
                              .reference = reference,
                              .report_until_ms = report_until_ms};
    rig_begin(rig);
    assert_int_equal(store_attempt_insert(rig->store, &attempt, to), 0);
    rig_keep(rig);
    return attempt.token;
}

static void test_evidence(void **state)
{
    struct rig rig;
    struct attempt out[4];
    (void)state;
    rig_memory(&rig);
    int64_t row = rig_put(&rig, "k");
    sent(&rig, row, "+84912345678", 7, 100); /* past */
    uint64_t a = sent(&rig, row, "+84912345678", 7, 2000);
    uint64_t b = sent(&rig, row, "0912345678", 7, 2000);
    uint64_t c = sent(&rig, row, "+84912345678", -1, 2000);
    sent(&rig, row, "+84912345679", 7, 2000);
    assert_int_equal(store_attempts_match(rig.store, "s1", 7, "912345678", 1999, out, 4), 2);
    assert_int_equal(out[0].token, b);
    assert_int_equal(out[1].token, a);
    assert_int_equal(store_attempts_match(rig.store, "s1", 7, "912345678", 1999, out, 1), 1);
    assert_int_equal(out[0].token, b);
    /* without a reference: those that have none themselves */
    assert_int_equal(store_attempts_match(rig.store, "s1", -1, "84912345678", 1999, out, 4), 1);
    assert_int_equal(out[0].token, c);
    assert_int_equal(store_attempts_match(rig.store, "s1", -2, "912345678", 1999, out, 1), 1);
    assert_int_equal(store_attempts_match(rig.store, "s1", -1, "912345678", 2000, out, 4), 0);
    assert_int_equal(store_attempts_match(rig.store, "s1", 7, "912345678", 2000, out, 4), 0);
    assert_int_equal(store_attempts_match(rig.store, "s2", 7, "912345678", 1999, out, 4), 0);
    assert_int_equal(store_attempts_match(rig.store, "s1", 8, "912345678", 1999, out, 4), 0);
    rig_end(&rig);
}

/* Refused before its text left. */
static void unsent(struct rig *rig, int64_t row, int64_t ended_wall_ms, enum sms_cause_space space,
                   int cause)
{
    struct attempt attempt = {.message = row,
                              .state = ATTEMPT_NOT_SENT,
                              .modem = "m",
                              .iccid = "s1",
                              .reference = -1,
                              .space = space,
                              .cause = cause,
                              .claimed_wall_ms = ended_wall_ms,
                              .ended_wall_ms = ended_wall_ms};

    assert_int_equal(store_begin(rig->store), 0);
    assert_int_equal(store_attempt_insert(rig->store, &attempt, "+84912345678"), 0);
    assert_int_equal(store_end(rig->store, true), 0);
}

static void test_open_and_budget(void **state)
{
    struct rig rig;
    struct attempt out[4];
    struct store_day day;
    (void)state;
    rig_memory(&rig);
    int64_t row = rig_put(&rig, "k");
    rig_attempt(&rig, row, ATTEMPT_CLAIMED, "s1");
    rig_attempt(&rig, row, ATTEMPT_COMMITTED, "s1");
    rig_attempt(&rig, row, ATTEMPT_UNKNOWN, "s1");
    rig_attempt(&rig, row, ATTEMPT_SENT, "s1");
    rig_attempt(&rig, row, ATTEMPT_COMMITTED, "s2");
    assert_int_equal(store_attempts_open(rig.store, "s1", RIG_NOW_MS - 1, out, 4), 2);
    assert_int_equal(store_attempts_open(rig.store, "s1", RIG_NOW_MS, out, 4), 0);
    assert_int_equal(store_attempts_of(rig.store, row, out, 4), 4);
    assert_int_equal(out[0].state, ATTEMPT_CLAIMED);
    unsent(&rig, row, RIG_WALL_MS, SMS_CAUSE_CMS, 302);
    unsent(&rig, row, RIG_WALL_MS - 1, SMS_CAUSE_CMS, 302);             /* yesterday */
    unsent(&rig, row, RIG_WALL_MS, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED); /* ours */
    assert_int_equal(store_attempts_day(rig.store, "s1", RIG_WALL_MS, INT64_MAX, &day), 0);
    assert_int_equal(day.used, 3);
    assert_int_equal(day.sent, 1);
    assert_int_equal(day.failed, 2);
    assert_int_equal(store_attempts_day(rig.store, "s1", RIG_WALL_MS + 1, INT64_MAX, &day), 0);
    assert_int_equal(day.used + day.sent + day.failed, 0);
    /* what a clock that stood wrong has dated into the future is of that day */
    assert_int_equal(store_attempts_day(rig.store, "s1", 0, RIG_WALL_MS - 1, &day), 0);
    assert_int_equal(day.used + day.sent + day.failed, 0);
    assert_int_equal(store_attempts_day(rig.store, "s3", 0, INT64_MAX, &day), 0);
    assert_int_equal(day.used + day.sent + day.failed, 0);
    rig_end(&rig);
}

/* What an earlier revision has begun is of the first run, its attempts and itself. */
static void test_runs_begin_with_the_first(void **state)
{
    static const char rows[] =
        "INSERT INTO message VALUES (7, x'000102030405060708090a0b0c0d0e0f', 1000, NULL, NULL, "
        "NULL, NULL, NULL, 0, 0, 2, 1, 0, 0, 0, 1, 2, 3, 0, 0, 1, 0, 42, 0, 0, 0, 0, 0, 0, 0, 0, "
        "'sim:8984', '', 'viettel-1', '8984', '', 0, 0, 0, 0);"
        "INSERT INTO attempt VALUES (9, 7, 0, 2, 'viettel-1', '8984', 5, 0, 0, 1, 1, 1, 1, 1, -1, "
        "0, NULL);"
        "PRAGMA user_version = 7; PRAGMA application_id = 0x4f545047;";
    struct rig rig;
    struct attempt attempt;
    struct message message;
    sqlite3 *db;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    rig_shell("rm -r %s/*", rig.dir);
    assert_int_equal(sqlite3_open(rig_path(&rig, "otpgate.db"), &db), SQLITE_OK);
    for (int i = 1; i <= 7; i++)
        assert_int_equal(sqlite3_exec(db, schema_script(i), NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    rig_reopen(&rig);
    assert_int_equal(store_attempt_by_token(rig.store, 9, &attempt), 1);
    assert_int_equal(attempt.run, 0);
    assert_int_equal(attempt.state, ATTEMPT_SENT);
    assert_int_equal(store_message_by_row(rig.store, 7, false, &message), 1);
    assert_int_equal(message.run, 0);
    assert_int_equal(message.parts_done, 1);
    message.run = 1;
    rig_update(&rig, &message, false);
    message_clear(&message);
    assert_int_equal(store_message_by_row(rig.store, 7, false, &message), 1);
    assert_int_equal(message.run, 1);
    assert_int_equal(message.reference, 42);
    message_clear(&message);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_token_never_twice),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_open_and_budget),
        cmocka_unit_test(test_runs_begin_with_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
