/* Verifications on disk: one pending of a tuple, what goes with its end, windows that slide, a
 * clock that goes on over a reboot, and what a lost key, a backup and the purge leave. */
#include "store_otp.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

#define EXPIRED_EVENTS "SELECT count(*) FROM event WHERE topic = 2 AND state = 3 AND message = 1"

static struct otp_row make(struct rig *rig, const char *tuple)
{
    char code[OTP_DIGITS + 1];
    return rig_otp(rig, tuple, code);
}

static int put(struct rig *rig, struct otp_row *otp)
{
    rig_begin(rig);
    int rc = store_otp_insert(rig->store, otp);
    assert_int_equal(store_end(rig->store, rc == 0), 0);
    return rc;
}

static void update(struct rig *rig, const struct otp_row *otp)
{
    rig_begin(rig);
    assert_int_equal(store_otp_update(rig->store, otp, (enum otp_news)otp->state, 0), 0);
    rig_keep(rig);
}

static void test_round_trip(void **state)
{
    struct rig rig;
    struct otp_row out;
    (void)state;
    rig_disk(&rig);
    struct otp_row otp = make(&rig, "a");
    otp.formers = 2;
    otp.former[1][3] = 7;
    assert_int_equal(put(&rig, &otp), 0);
    rig_reopen(&rig);
    assert_int_equal(store_otp_by_id(rig.store, otp.id, &out), 1);
    assert_memory_equal(&out, &otp, sizeof otp);
    assert_int_equal(store_otp_by_row(rig.store, otp.row, &out), 1);
    assert_int_equal(store_otp_by_tuple(rig.store, otp.tuple, &out), 1);
    assert_int_equal(out.row, otp.row);
    out.id[0] ^= 1;
    assert_int_equal(store_otp_by_id(rig.store, out.id, &out), 0);
    rig_end(&rig);
}

static void test_one_pending_of_a_tuple(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    struct otp_row first = make(&rig, "a"), second = make(&rig, "a"), other = make(&rig, "b");
    assert_int_equal(put(&rig, &first), 0);
    assert_int_equal(put(&rig, &second), -EEXIST);
    assert_int_equal(put(&rig, &other), 0);
    first.state = OTP_APPROVED;
    first.ended_wall_ms = loop_wall_ms(rig.loop);
    update(&rig, &first);
    second.row = 0;
    assert_int_equal(put(&rig, &second), 0);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM otp WHERE code IS NULL"), 3);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM otp WHERE sealed_seed IS NULL"), 1);
    rig_end(&rig);
}

static void test_codes(void **state)
{
    struct rig rig;
    unsigned first[10] = {0}, last[10] = {0};
    char code[OTP_DIGITS + 1], again[OTP_DIGITS + 1];
    uint8_t id[OTP_ID], seed[OTP_ID], a[OTP_CODE], b[OTP_CODE];
    (void)state;
    rig_memory(&rig);
    for (int i = 0; i < 20000; i++) {
        store_random(id, sizeof id);
        store_random(seed, sizeof seed);
        store_code_make(rig.store, id, seed, 6, code);
        assert_int_equal(strspn(code, "0123456789"), 6);
        first[code[0] - '0']++;
        last[code[5] - '0']++;
    }
    for (int d = 0; d < 10; d++) { /* 2000 +- 42: seven sigmas */
        assert_in_range(first[d], 1700, 2300);
        assert_in_range(last[d], 1700, 2300);
    }
    store_code_make(rig.store, id, seed, 10, code);
    assert_int_equal(strlen(code), 10);
    store_code_make(rig.store, id, seed, 10, again);
    assert_string_equal(code, again);
    store_code_hash(rig.store, id, code, 10, a);
    store_code_hash(rig.store, id, again, 10, b);
    assert_true(store_code_same(a, b));
    id[15] ^= 1; /* bound to its verification */
    store_code_hash(rig.store, id, code, 10, b);
    assert_false(store_code_same(a, b));
    store_code_make(rig.store, id, seed, 10, again);
    assert_string_not_equal(code, again);
    rig_end(&rig);
}

static void add(struct rig *rig, int scope, const uint8_t name[OTP_HASH])
{
    rig_begin(rig);
    assert_int_equal(store_window_add(rig->store, scope, name, 10000), 0);
    rig_keep(rig);
}

static int64_t nth(struct rig *rig, int scope, const uint8_t name[OTP_HASH], int n)
{
    int64_t at = 0;
    assert_int_equal(store_window_nth(rig->store, scope, name, n, &at), 0);
    return at;
}

static void test_windows(void **state)
{
    struct rig rig;
    const uint8_t name[OTP_HASH] = {1}, other[OTP_HASH] = {2};
    (void)state;
    rig_memory(&rig);
    int64_t start = store_clock_ms(rig.store);
    assert_true(nth(&rig, 0, name, 1) == INT64_MIN);
    for (int i = 0; i < 5; i++) {
        add(&rig, 0, name);
        rig_pass(&rig, 1000);
    }
    add(&rig, 1, name);
    add(&rig, 0, other);
    assert_int_equal(nth(&rig, 0, name, 1), start + 4000);
    assert_int_equal(nth(&rig, 0, name, 5), start);
    assert_true(nth(&rig, 0, name, 6) == INT64_MIN);
    const struct store_otp_purge old = {0};
    assert_int_equal(store_otp_purge(rig.store, &old, 64), 0);
    rig_pass(&rig, 7000); /* since the first: 12 s */
    assert_int_equal(store_otp_purge(rig.store, &old, 64), 2);
    assert_true(nth(&rig, 0, name, 5) == INT64_MIN);
    assert_int_equal(nth(&rig, 0, name, 3), start + 2000);
    add(&rig, 0, name);
    assert_int_equal(nth(&rig, 0, name, 1), start + 12000);
    assert_int_equal(nth(&rig, 0, name, 2), start + 4000);
    rig_begin(&rig); /* undone: not counted */
    assert_int_equal(store_window_add(rig.store, 0, name, 10000), 0);
    assert_int_equal(store_end(rig.store, false), 0);
    assert_int_equal(nth(&rig, 0, name, 2), start + 4000);
    rig_end(&rig);
}

static void test_clock_goes_on_over_reboots(void **state)
{
    struct rig rig;
    struct otp_row out;
    (void)state;
    rig_disk(&rig);
    struct otp_row otp = make(&rig, "a");
    assert_int_equal(put(&rig, &otp), 0);
    int64_t before = store_clock_ms(rig.store);
    for (int boot = 0; boot < 3; boot++) {
        rig_close(&rig);
        rig_reboot(&rig, 60000);
        rig_reopen(&rig);
    }
    assert_int_equal(store_clock_ms(rig.store) - before, 180000);
    assert_int_equal(store_otp_by_row(rig.store, otp.row, &out), 1);
    assert_int_equal(out.state, OTP_PENDING);
    assert_int_equal(out.expires_ms - store_clock_ms(rig.store), 120000);
    before = store_clock_ms(rig.store);
    rig_close(&rig);
    rig_reboot(&rig, -3600000); /* the wall clock went back: no time has passed, codes end */
    rig_reopen(&rig);
    assert_int_equal(store_clock_ms(rig.store), before);
    assert_int_equal(store_otp_by_row(rig.store, otp.row, &out), 1);
    assert_int_equal(out.state, OTP_EXPIRED);
    assert_string_equal(out.reason, "clock_went_back");
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM otp WHERE sealed_seed IS NOT NULL"), 0);
    rig_end(&rig);
}

/* A used code of a backup is not taken a second time. */
static void test_backup_takes_no_code(void **state)
{
    struct rig rig;
    struct otp_row out;
    (void)state;
    rig_disk(&rig);
    struct otp_row otp = make(&rig, "a");
    assert_int_equal(put(&rig, &otp), 0);
    rig_close(&rig);
    rig_shell("cp %s/otpgate.db %s/backup", rig.dir, rig.dir);
    rig_reopen(&rig);
    otp.state = OTP_APPROVED;
    otp.ended_wall_ms = loop_wall_ms(rig.loop);
    update(&rig, &otp);
    rig_put(&rig, "");
    rig_close(&rig);
    rig_shell("mv %s/backup %s/otpgate.db", rig.dir, rig.dir);
    rig_reopen(&rig);
    assert_int_equal(store_otp_by_row(rig.store, otp.row, &out), 1);
    assert_int_equal(out.state, OTP_EXPIRED);
    assert_string_equal(out.reason, "restored_backup");
    assert_int_equal(rig_number(&rig, EXPIRED_EVENTS), 1);
    rig_end(&rig);
}

static void test_lost_keys(void **state)
{
    struct rig rig;
    struct otp_row out;
    (void)state;
    rig_disk(&rig);
    struct otp_row otp = make(&rig, "a");
    assert_int_equal(put(&rig, &otp), 0);
    rig_close(&rig);
    rig_shell("rm %s/*", rig_path(&rig, "keys"));
    assert_int_equal(rig_open(&rig), -ENOKEY);
    rig.options.new_keys = true;
    rig_reopen(&rig);
    assert_int_equal(store_otp_by_row(rig.store, otp.row, &out), 1);
    assert_int_equal(out.state, OTP_EXPIRED);
    assert_string_equal(out.reason, "key_lost");
    assert_int_equal(rig_number(&rig, EXPIRED_EVENTS), 1);
    assert_string_equal(out.to, "");
    rig_end(&rig);
}

static void test_find_and_purge(void **state)
{
    struct rig rig;
    struct otp_row out[4];
    (void)state;
    rig_memory(&rig);
    struct otp_row ended = make(&rig, "a"), live = make(&rig, "b");
    assert_int_equal(put(&rig, &ended), 0);
    ended.state = OTP_APPROVED;
    ended.ended_wall_ms = loop_wall_ms(rig.loop);
    update(&rig, &ended);
    assert_int_equal(put(&rig, &live), 0);
    struct otp_key key = {
        .owner = ended.row, .name = {1}, .content = {2}, .otp = ended.row, .result = 3, .left = 4};
    rig_begin(&rig);
    assert_int_equal(store_otp_key_put(rig.store, &key), 0);
    rig_keep(&rig);
    key = (struct otp_key){.name = {1}};
    assert_int_equal(store_otp_key_get(rig.store, &key), 0);
    key.owner = ended.row;
    assert_int_equal(store_otp_key_get(rig.store, &key), 1);
    assert_int_equal(key.left, 4);
    assert_int_equal(store_otp_find(rig.store, "+84912345678", NULL, 0, 1000, out, 4), 2);
    assert_int_equal(out[0].row, live.row);
    assert_int_equal(store_otp_find(rig.store, NULL, "678", 0, UINT32_MAX, out, 1), 1);
    assert_int_equal(store_otp_find(rig.store, NULL, "678", RIG_WALL_MS + 1, 1000, out, 4), 0);
    assert_int_equal(store_otp_find(rig.store, NULL, "678", 0, 1001, out, 4), 0);

    rig_pass(&rig, 31 * DAY_MS);
    const struct store_otp_purge old = {
        .streaks_before_ms = store_clock_ms(rig.store) - 3600000,
        .keys_before_wall_ms = loop_wall_ms(rig.loop) - 2 * DAY_MS,
        .numbers_before_wall_ms = loop_wall_ms(rig.loop) - 30 * DAY_MS,
    };
    assert_int_equal(store_otp_by_tuple(rig.store, ended.tuple, &out[0]), 1);
    assert_int_equal(store_otp_purge(rig.store, &old, 64), 3);
    assert_int_equal(store_otp_purge(rig.store, &old, 64), 0);
    assert_int_equal(store_otp_by_tuple(rig.store, ended.tuple, &out[0]), 0);
    assert_int_equal(store_otp_by_tuple(rig.store, live.tuple, &out[0]), 1);
    assert_int_equal(store_otp_find(rig.store, "+84912345678", NULL, 0, 1000, out, 4), 2);
    assert_string_equal(out[1].to, "");
    assert_string_equal(out[1].last3, "678");
    assert_int_equal(store_otp_key_get(rig.store, &key), 0);
    const struct store_otp_purge rows = {.rows_before_wall_ms = loop_wall_ms(rig.loop)};
    assert_int_equal(store_otp_purge(rig.store, &rows, 64), 1); /* the pending one stays */
    rig_end(&rig);
}

static void put_many(struct rig *rig, const char *tuple, int count, bool pending)
{
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s%d", tuple, i);
        struct otp_row row = make(rig, name);
        assert_int_equal(put(rig, &row), 0);
        if (pending)
            continue;
        row.state = OTP_APPROVED;
        row.ended_wall_ms = loop_wall_ms(rig->loop);
        update(rig, &row);
    }
}

static int purge_rows(struct rig *rig, int64_t before_wall_ms)
{
    const struct store_otp_purge before = {.rows_before_wall_ms = before_wall_ms};
    int all = 0, steps = 0;
    for (int count; (count = store_otp_purge(rig->store, &before, 8)) != 0; all += count) {
        assert_in_range(count, 1, 8);
        assert_true(steps++ < 100); /* it comes to an end */
    }
    return all;
}

/* A clock that stood in the future for a while, and what is pending for long: neither keeps back
 * what came later, and what is of the future goes with it. */
static void test_the_future_blocks_nothing(void **state)
{
    enum { AHEAD = 30, BEHIND = 20 };
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    put_many(&rig, "pending", AHEAD, true);
    loop_sim_wall_set(rig.loop, RIG_WALL_MS + 3650 * DAY_MS);
    put_many(&rig, "ahead", AHEAD, false);
    (void)purge_rows(&rig, RIG_WALL_MS);
    loop_sim_wall_set(rig.loop, RIG_WALL_MS);
    put_many(&rig, "behind", BEHIND, false);
    (void)purge_rows(&rig, RIG_WALL_MS); /* nothing is old: what is of the future may be right */
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM otp"), 2 * AHEAD + BEHIND);
    rig_pass(&rig, 400 * DAY_MS);
    put_many(&rig, "now", 3, false);
    (void)purge_rows(&rig, loop_wall_ms(rig.loop));
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM otp"), AHEAD + 3);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM otp WHERE state = 0"), AHEAD);
    rig_end(&rig);
}

/* Look-ups go through runs of 8192 rows, the newest first. */
static void test_runs(void **state)
{
    static const char *const tuples[] = {"a", "b", "c", "d"};
    static const int64_t rows[] = {1, 8191, 8192, 40000};
    struct rig rig;
    struct otp_row made[4], out[4];
    (void)state;
    rig_memory(&rig);
    assert_int_equal(store_otp_find(rig.store, NULL, "678", 0, 1000, out, 4), 0);
    for (int i = 0; i < 4; i++) {
        char text[80];
        snprintf(text, sizeof text, "UPDATE sqlite_sequence SET seq = %d WHERE name = 'otp'",
                 (int)rows[i] - 1);
        assert_int_equal(sqlite3_exec(rig.store->db, text, NULL, NULL, NULL), SQLITE_OK);
        made[i] = make(&rig, tuples[i]);
        assert_int_equal(put(&rig, &made[i]), 0);
        assert_int_equal(made[i].row, rows[i]);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(store_otp_by_id(rig.store, made[i].id, &out[0]), 1);
        assert_int_equal(out[0].row, rows[i]);
    }
    made[0].id[0] ^= 1;
    assert_int_equal(store_otp_by_id(rig.store, made[0].id, &out[0]), 0);
    assert_int_equal(store_otp_find(rig.store, "+84912345678", NULL, 0, 1000, out, 3), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(out[i].row, rows[3 - i]);
    assert_int_equal(store_otp_find(rig.store, NULL, "678", 0, 1000, out, 4), 4);
    assert_int_equal(out[3].row, 1);
    rig_end(&rig);
}

/* What revision 6 has written is found again, and its keys still stand. */
static void test_from_revision_6(void **state)
{
    static const char rows[] =
        "INSERT INTO otp (row, id, uid, purpose, locale, to_hash, last3, tuple, length, streak, "
        "created_wall, app_hash, origin, state, reason, checks, sends, expires, sent, checked, "
        "expires_wall, ended_wall) VALUES (7, x'000102030405060708090a0b0c0d0e0f', 1000, "
        "'register', '', x'01', '678', x'02', 6, 0, 5, '', '', 1, '', 1, 1, 9, 5, 6, 9, 6);"
        "DELETE FROM sqlite_sequence WHERE name = 'otp';"
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('otp', 90);" /* the newest was purged */
        "INSERT INTO otp_key VALUES (x'0a000000000000000000000000000000', x'0b', 7, 3, 4, 5);"
        "INSERT INTO otp_window VALUES (0, x'0c000000000000000000000000000000', 1, 5);"
        "INSERT INTO event (seq, wall, at, topic, message, id, uid, state, modem, reason, space, "
        "cause, part, parts) VALUES (3, 5, 5, 0, 2, x'000102030405060708090a0b0c0d0e0f', 1000, 7, "
        "'viettel-1', 'cms', 1, 42, 1, 2), (5, 6, 6, 1, 1, x'000102030405060708090a0b0c0d0e0f', "
        "4294967295, 0, 'viettel-1', '', 0, 0, 1, 1);"
        "UPDATE sqlite_sequence SET seq = 60 WHERE name = 'event';"
        "PRAGMA user_version = 6; PRAGMA application_id = 0x4f545047;";
    struct rig rig;
    struct otp_row out;
    struct otp_key key = {.name = {0x0a}};
    struct event events[8];
    uint8_t id[OTP_ID];
    sqlite3 *db;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    rig_shell("rm -r %s/*", rig.dir);
    assert_int_equal(sqlite3_open(rig_path(&rig, "otpgate.db"), &db), SQLITE_OK);
    for (int i = 1; i <= 6; i++)
        assert_int_equal(sqlite3_exec(db, schema_script(i), NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    rig_reopen(&rig);
    for (int i = 0; i < OTP_ID; i++)
        id[i] = (uint8_t)i;
    assert_int_equal(store_otp_by_id(rig.store, id, &out), 1);
    assert_int_equal(out.row, 7);
    assert_int_equal(out.state, OTP_APPROVED);
    for (int i = 0; i < 2; i++) { /* of a start, or of a check: an old key stands for either */
        key.owner = i * 7;
        assert_int_equal(store_otp_key_get(rig.store, &key), 1);
        assert_int_equal(key.left, 4);
    }
    assert_int_equal(rig_number(&rig, "SELECT until - at FROM otp_window"), DAY_MS);
    struct otp_row next = make(&rig, "a");
    assert_int_equal(put(&rig, &next), 0);
    assert_int_equal(next.row, 91);
    loop_sim_settle(rig.loop);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 3);
    assert_int_equal(events[0].seq, 3);
    assert_int_equal(events[0].state, 7);
    assert_string_equal(events[0].reason, "cms");
    assert_int_equal(events[0].cause, 42);
    assert_int_equal(events[0].parts, 2);
    assert_int_equal(events[1].topic, EVENT_INBOX);
    assert_int_equal(events[2].topic, EVENT_OTP);
    assert_int_equal(events[2].seq, 61); /* no seq is used twice */
    assert_string_equal(events[2].to_masked, "091**678");
    assert_int_equal(store_events_after(rig.store, 0, 1000, events, 8), 2);
    rig_end(&rig);
}

static void note(void *arg, const char *name, int slot, int64_t count)
{
    char *out = arg;
    snprintf(out + strlen(out), 100, "%s/%d=%d ", name, slot, (int)count);
}

static void test_tallies(void **state)
{
    struct rig rig;
    char out[300] = "";
    (void)state;
    rig_memory(&rig);
    rig_begin(&rig);
    for (int hour = 10; hour < 13; hour++)
        for (int i = 0; i < hour - 9; i++)
            assert_int_equal(store_tally_add(rig.store, hour, 0, "viettel-1", hour & 1), 0);
    rig_keep(&rig);
    assert_int_equal(store_tally_read(rig.store, 11, 0, note, out), 0);
    assert_string_equal(out, "viettel-1/0=3 viettel-1/1=2 ");
    const struct store_otp_purge old = {.tally_before_hour = 12};
    assert_int_equal(store_otp_purge(rig.store, &old, 64), 2);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_one_pending_of_a_tuple),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_clock_goes_on_over_reboots),
        cmocka_unit_test(test_backup_takes_no_code),
        cmocka_unit_test(test_lost_keys),
        cmocka_unit_test(test_find_and_purge),
        cmocka_unit_test(test_the_future_blocks_nothing),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_from_revision_6),
        cmocka_unit_test(test_tallies),
    };
    return cmocka_run_group_tests_name("store_otp", tests, NULL, NULL);
}
