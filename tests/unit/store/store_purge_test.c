/* The purge: what is old goes, what is live stays; one step is small however heavy its rows are,
 * and costs the same however many there are. So do the looks that reports and parts make. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"
#include "vfs_shim.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

static void exec(struct rig *rig, const char *sql)
{
    if (sqlite3_exec(rig->store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(rig->store->db));
}

static void put_inbox(struct rig *rig, size_t len)
{
    struct inbox inbox = {
        .wall_ms = loop_wall_ms(rig->loop), .parts = 1, .class_ = -1, .text = calloc(1, len + 1)};
    inbox.text_len = len;
    rig_begin(rig);
    assert_int_equal(store_inbox_insert(rig->store, &inbox), 0);
    rig_keep(rig);
    inbox_clear(&inbox);
}

static void put_seen(struct rig *rig, const char *tpdu)
{
    rig_begin(rig);
    assert_in_range(store_seen(rig->store, "s", tpdu, strlen(tpdu)), 0, 1);
    rig_keep(rig);
}

static void put_part(struct rig *rig)
{
    const uint8_t set[32] = {1};
    rig_begin(rig);
    assert_int_equal(store_part_insert(rig->store, set, 1, 2, "s", "m", "t", 1), 1);
    rig_keep(rig);
}

static void end_row(struct rig *rig, int64_t row)
{
    struct message message;
    assert_int_equal(store_message_by_row(rig->store, row, false, &message), 1);
    message.state = MESSAGE_CANCELLED;
    message.ended_wall_ms = loop_wall_ms(rig->loop);
    rig_update(rig, &message, true);
    message_clear(&message);
}

/* Everything up to now, 7 days for events as for hashes; until nothing is left. */
static int purge_all(struct rig *rig, size_t rows)
{
    const int64_t now = loop_wall_ms(rig->loop);
    const struct store_purge before = {now, now, now};
    int all = 0, count;
    while ((count = store_purge(rig->store, &before, rows)) > 0) {
        assert_true((size_t)count <= rows);
        all += count;
    }
    assert_int_equal(count, 0);
    return all;
}

static void test_what_is_live_stays(void **state)
{
    struct rig rig;
    struct inbox inbox[2];
    int64_t counts[MESSAGE_STATES];
    (void)state;
    rig_memory(&rig);
    int64_t live[MESSAGE_UNKNOWN + 1];
    static const enum message_state way[] = {MESSAGE_CLAIMED, MESSAGE_SENDING, MESSAGE_SENT};
    for (int i = 0; i <= MESSAGE_UNKNOWN; i++) {
        live[i] = rig_put(&rig, "");
        for (int step = 0; step < i && step < 3; step++)
            rig_move(&rig, live[i], way[step]);
        rig_attempt(&rig, live[i], ATTEMPT_COMMITTED, "s");
    }
    rig_move(&rig, live[MESSAGE_UNKNOWN], MESSAGE_UNKNOWN);
    int64_t ended = rig_put(&rig, "");
    end_row(&rig, ended);
    put_inbox(&rig, 10);
    put_seen(&rig, "old");
    put_part(&rig);
    rig_pass(&rig, 400 * DAY_MS);
    put_inbox(&rig, 10);
    put_seen(&rig, "new");
    rig_commit(&rig);
    int64_t events = rig_number(&rig, "SELECT count(*) FROM event");
    assert_int_equal(purge_all(&rig, 3), 1 + 1 + (events - 1) + 1);
    for (int i = 0; i <= MESSAGE_UNKNOWN; i++)
        assert_int_equal(rig_state(&rig, live[i]), i);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM attempt"), MESSAGE_UNKNOWN + 1);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM part"), 1);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM seen"), 1);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM event"), 1);
    assert_int_equal(store_inbox_list(rig.store, 0, inbox, 2), 1);
    assert_int_equal(inbox[0].row, 2);
    inbox_clear(&inbox[0]);
    assert_int_equal(store_message_counts(rig.store, counts), 0);
    assert_int_equal(counts[MESSAGE_CANCELLED], 0);
    assert_int_equal(counts[MESSAGE_QUEUED], 1);
    rig_end(&rig);
}

static void test_each_has_its_time(void **state)
{
    struct rig rig;
    struct store_purge before = {0};
    (void)state;
    rig_memory(&rig);
    put_inbox(&rig, 1);
    rig_commit(&rig);
    before.messages_before_wall_ms = INT64_MAX;
    assert_int_equal(store_purge(rig.store, &before, 9), 0);
    before.inbox_before_wall_ms = RIG_WALL_MS;
    assert_int_equal(store_purge(rig.store, &before, 9), 0);
    before.inbox_before_wall_ms = RIG_WALL_MS + 1;
    assert_int_equal(store_purge(rig.store, &before, 0), 0);
    assert_int_equal(store_purge(rig.store, &before, 9), 1);
    before.events_before_wall_ms = RIG_WALL_MS + 1;
    assert_int_equal(store_purge(rig.store, &before, 9), 1);
    rig_end(&rig);
}

/* The most that one step and its COMMIT have written, in calls of the file system. */
static uint64_t heaviest_step(struct rig *rig, int *steps)
{
    const struct store_purge before = {INT64_MAX, INT64_MAX, INT64_MAX};
    uint64_t most = 0;
    *steps = 0;
    for (;; (*steps)++) {
        uint64_t writes = vfs_shim_count(VFS_WRITE);
        int count = store_purge(rig->store, &before, STORE_PURGE_STEP);
        rig_commit(rig);
        writes = vfs_shim_count(VFS_WRITE) - writes;
        most = writes > most ? writes : most;
        if (count == 0)
            return most;
    }
}

static int purge_messages(struct rig *rig)
{
    const struct store_purge before = {.messages_before_wall_ms = INT64_MAX};
    return store_purge(rig->store, &before, STORE_PURGE_STEP);
}

static int64_t rows_of(struct rig *rig, const char *table)
{
    sqlite3_stmt *stmt;
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(rig->store->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return count;
}

/* A clock that stood in the future for a while: what it has dated goes with what came after it. */
static void test_the_future_goes_too(void **state)
{
    enum { AHEAD = STORE_PURGE_STEP * 2 + 5 };
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    loop_sim_wall_set(rig.loop, RIG_WALL_MS + 365 * DAY_MS);
    for (int i = 0; i < AHEAD; i++) {
        rig_put(&rig, "");
        rig_begin(&rig);
        assert_int_equal(store_seen(rig.store, "s", &i, sizeof i), 0);
        rig_keep(&rig);
    }
    loop_sim_wall_set(rig.loop, RIG_WALL_MS);
    rig_put(&rig, "");
    rig_begin(&rig);
    assert_int_equal(store_seen(rig.store, "s", "now", 3), 0);
    rig_keep(&rig);
    const struct store_purge before = {.events_before_wall_ms = RIG_WALL_MS + 1};
    while (store_purge(rig.store, &(struct store_purge){0}, STORE_PURGE_STEP) > 0)
        ;
    assert_int_equal(rows_of(&rig, "event"), AHEAD + 1);
    assert_int_equal(rows_of(&rig, "seen"), AHEAD + 1);
    rig_pass(&rig, 8 * DAY_MS);
    while (store_purge(rig.store, &before, STORE_PURGE_STEP) > 0)
        ;
    assert_int_equal(rows_of(&rig, "event"), 0);
    assert_int_equal(rows_of(&rig, "seen"), 0);
    rig_end(&rig);
}

static void test_heavy_rows_make_small_steps(void **state)
{
    struct rig rig;
    int steps;
    (void)state;
    rig_disk(&rig);
    for (int i = 0; i < 10; i++)
        put_inbox(&rig, INBOX_TEXT_MAX);
    for (int i = 0; i < 10; i++) {
        int64_t row = rig_put(&rig, "");
        for (int j = 0; j < 200; j++)
            rig_attempt(&rig, row, ATTEMPT_NOT_SENT, "s");
        end_row(&rig, row);
    }
    rig_commit(&rig);
    uint64_t most = heaviest_step(&rig, &steps);
    print_message("heavy: %d steps, at most %d writes in one\n", steps, (int)most);
    assert_true(most < 300);
    assert_in_range(steps, 15, 17); /* ten texts, two messages at a time */
    for (int i = 0; i < 1000; i++)
        put_inbox(&rig, 40);
    rig_commit(&rig);
    for (int i = 0; i < 64; i++)
        end_row(&rig, rig_put(&rig, ""));
    assert_int_equal(purge_messages(&rig), STORE_PURGE_MESSAGES);
    most = heaviest_step(&rig, &steps);
    print_message("light: %d steps, at most %d writes in one\n", steps, (int)most);
    assert_in_range(steps, 35, 38); /* 1000 rows, 1128 events, three times 16 messages */
    rig_end(&rig);
}

/* Between two steps the log is written back before it is so long that a COMMIT would have to. */
static void test_the_log_stays_short(void **state)
{
    struct rig rig;
    int longest = 0, tidied = 0;
    (void)state;
    rig_disk(&rig);
    for (int i = 0; i < 2000; i++)
        put_inbox(&rig, 40);
    rig_commit(&rig);
    const struct store_purge before = {0, 0, loop_wall_ms(rig.loop) + 1};
    for (int rows = 1; rows > 0;) {
        if (store_tidy(rig.store)) {
            assert_int_equal(rig.store->wal_pages, 0);
            assert_false(store_tidy(rig.store));
            tidied++;
            continue;
        }
        rows = store_purge(rig.store, &before, STORE_PURGE_STEP);
        rig_commit(&rig);
        if (rig.store->wal_pages > longest)
            longest = rig.store->wal_pages;
    }
    print_message("%d times, the log at most %d pages long\n", tidied, longest);
    assert_true(tidied > 0);
    assert_in_range(longest, 1, 2 * STORE_WAL_STEP_PAGES);
    rig_end(&rig);
}

/* Or it stays as long as it is, and that is no step that was made. */
static void test_a_log_that_cannot_be_written_back_stays(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    while (rig.store->wal_pages < STORE_WAL_STEP_PAGES) {
        for (int i = 0; i < 100; i++)
            put_inbox(&rig, 400);
        rig_commit(&rig);
    }
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, UINT64_MAX);
    assert_false(store_tidy(rig.store));
    vfs_shim_reset();
    assert_true(store_tidy(rig.store));
    rig_end(&rig);
}

/* --- cost ------------------------------------------------------------------------------------- */

/* One of each, by rows that stand everywhere in the tables. */
static void work(struct rig *rig)
{
    const int64_t old = RIG_WALL_MS + DAY_MS;
    const struct store_purge before[] = {{old, 0, 0}, {0, old, 0}, {0, 0, old}, {0, 0, 0}};
    struct attempt attempt[4];
    struct inbox inbox[4];
    uint8_t set[32] = {1};
    int64_t value;
    static int serial = 1; /* part 1 is there */
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        assert_int_equal(store_purge(rig->store, &before[i], 8), 8);
    assert_in_range(store_attempts_match(rig->store, "s", 7, "912345678", 0, attempt, 4), 0, 4);
    assert_int_equal(store_attempts_match(rig->store, "s", -1, "912345678", 0, attempt, 4), 4);
    assert_int_equal(store_attempts_match(rig->store, "s", 300, "912345678", 0, attempt, 4), 0);
    assert_int_equal(store_event_previous(rig->store, INT64_MAX, EVENT_INBOX, UINT32_MAX, &value),
                     0);
    assert_int_equal(store_event_previous(rig->store, INT64_MAX, EVENT_MESSAGE, UINT32_MAX, &value),
                     0);
    assert_int_equal(store_inbox_list(rig->store, 0, inbox, 4), 4);
    for (int i = 0; i < 4; i++)
        inbox_clear(&inbox[i]);
    assert_int_equal(store_parts_oldest(rig->store, set, &value), 1);
    rig_begin(rig);
    serial++;
    assert_int_equal(store_seen(rig->store, "s", &serial, sizeof serial), 0);
    assert_int_equal(store_part_insert(rig->store, set, (uint8_t)serial, 9, "s", "m", "t", 1), 1);
    assert_int_equal(store_end(rig->store, false), 0);
}

static int64_t steps_of_work(struct rig *rig)
{
    int64_t steps = 0;
    work(rig);
    for (int i = 0; i < SQLS; i++)
        sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_VM_STEP, 1);
    work(rig);
    for (int i = 0; i < SQLS; i++)
        steps += sqlite3_stmt_status(rig->store->stmt[i], SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

/* `count` of each kind: old ones that go, ended ones of which one of the two times is too young,
 * live ones, and attempts for one number with every reference. */
static void fill(struct rig *rig, int count)
{
    char script[4096];
    snprintf(script, sizeof script,
             "CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 "
             "FROM n WHERE i < %d) SELECT i FROM n;"
             "CREATE TEMP TABLE copy AS SELECT * FROM message WHERE row = 1;"
             "CREATE TEMP TABLE tried AS SELECT * FROM attempt WHERE token = 1;"
             "CREATE TEMP TABLE came AS SELECT * FROM inbox WHERE row = 1;"
             "UPDATE copy SET row = NULL, state = 9;"
             "UPDATE tried SET token = NULL; UPDATE came SET row = NULL;",
             count);
    exec(rig, script);
    static const char *const ended[] = {
        "ended_wall = 1795000000000, expires_wall = 1795000000000",
        "ended_wall = 1800000000000, expires_wall = 1795000000000",
        "ended_wall = 1795000000000, expires_wall = 1800000000000",
    };
    for (int i = 0; i < 3; i++) {
        snprintf(script, sizeof script,
                 "CREATE TEMP TABLE many AS SELECT copy.* FROM copy, n;"
                 "UPDATE many SET id = randomblob(16), %s;"
                 "INSERT INTO message SELECT * FROM many; DROP TABLE many;",
                 ended[i]);
        exec(rig, script);
    }
    exec(rig, "CREATE TEMP TABLE many AS SELECT tried.* FROM tried, n;"
              "UPDATE many SET reference = rowid % 257 - 1, report_until = 1 << 40;"
              "INSERT INTO attempt SELECT * FROM many; DROP TABLE many;"
              "INSERT INTO inbox SELECT came.* FROM came, n;"
              "UPDATE inbox SET wall = 1800000000000 WHERE row % 2;"
              "INSERT INTO seen (hash, wall) SELECT randomblob(16), 1 FROM n;"
              "INSERT INTO event (wall, at, message, id, uid, state, modem, reason, space, cause, "
              "part, parts) SELECT 1795000000000, 1, 1, zeroblob(16), 7, 0, '', '', 0, 0, 0, 1 "
              "FROM n;"
              "INSERT INTO part (set_hash, part, total, wall, iccid, modem, sealed_tpdu) SELECT "
              "randomblob(32), 1, 2, 1, '', '', x'00' FROM n;"
              "DROP TABLE n; DROP TABLE copy; DROP TABLE tried; DROP TABLE came;");
}

static void test_cost_does_not_grow(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    rig_attempt(&rig, rig_put(&rig, ""), ATTEMPT_SENT, "s");
    put_inbox(&rig, 10);
    put_part(&rig);
    rig_commit(&rig);
    rig_pass(&rig, 30 * DAY_MS);
    fill(&rig, 2000);
    int64_t few = steps_of_work(&rig);
    fill(&rig, 30000);
    int64_t many = steps_of_work(&rig);
    print_message("steps: %d with 2000 of each kind, %d with 32000\n", (int)few, (int)many);
    assert_in_range(many, few - few / 10, few + few / 10);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_live_stays),
        cmocka_unit_test(test_each_has_its_time),
        cmocka_unit_test(test_the_future_goes_too),
        cmocka_unit_test(test_heavy_rows_make_small_steps),
        cmocka_unit_test(test_the_log_stays_short),
        cmocka_unit_test(test_a_log_that_cannot_be_written_back_stays),
        cmocka_unit_test(test_cost_does_not_grow),
    };
    return vfs_shim_install() != 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
