/* bench_rows: see bench_rows.h. */
#include "bench_rows.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench_port.h"

enum statement {
    BEGIN,
    COMMIT,
    MESSAGE_INSERT,
    MESSAGE_CLAIM,
    MESSAGE_COMMITTED,
    MESSAGE_SENT,
    ATTEMPT_INSERT,
    ATTEMPT_COMMITTED,
    ATTEMPT_SENT,
    EVENT_INSERT,
    STATEMENTS
};

/* ?1 is the row of the message (which is its attempt's token too), ?2 the time, ?3 a deadline. */
static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    /* sealed: 24 bytes of nonce and 16 of tag around 12 of number, 12 of key, 32 of text */
    [MESSAGE_INSERT] =
        "INSERT INTO message (id, uid, key_hash, content_hash, sealed_to, sealed_key, body, class, "
        "encoding, parts, report, flash, unaccented, replace_type, created_wall, expires_wall, "
        "expires, state, on_unknown, parts_done, no_validity, reference, sent_nothing, resends, "
        "crashes, wait, sending_wall, sent_wall, ended_wall, report_until, pin, avoid, modem, "
        "iccid, reason, space, cause) VALUES (?4, 1000, ?5, ?6, ?7, ?7, ?8, 0, 1, 1, 1, 0, 0, 0, "
        "?2, ?3, ?3, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', '', 0, 0)",
    [MESSAGE_CLAIM] = "UPDATE message SET state = 1, modem = 'viettel-1', "
                      "iccid = '8984040000000000000' WHERE row = ?1",
    [MESSAGE_COMMITTED] =
        "UPDATE message SET state = 2, sending_wall = ?2, report_until = ?3 WHERE row = ?1",
    [MESSAGE_SENT] = "UPDATE message SET state = 3, parts_done = 1, sent_wall = ?2, body = NULL "
                     "WHERE row = ?1",
    [ATTEMPT_INSERT] =
        "INSERT INTO attempt (token, message, part, state, modem, iccid, reference, space, cause, "
        "claimed_wall, committed_wall, ended_wall, committed, report_until, report, report_wall, "
        "tail) "
        "VALUES (?1, ?1, 0, 0, 'viettel-1', '8984040000000000000', -1, 0, 0, ?2, 0, 0, 0, 0, -1, "
        "0, "
        "?5)",
    [ATTEMPT_COMMITTED] = "UPDATE attempt SET state = 1, committed_wall = ?2, committed = ?2, "
                          "report_until = ?3 WHERE token = ?1",
    [ATTEMPT_SENT] =
        "UPDATE attempt SET state = 2, reference = 7, ended_wall = ?2 WHERE token = ?1",
    [EVENT_INSERT] =
        "INSERT INTO event (wall, at, message, id, uid, sealed_key, state, modem, reason, space, "
        "cause, part, parts) VALUES (?2, ?2, ?1, ?4, 1000, ?7, 0, 'viettel-1', '', 0, 0, 0, 1)",
};

/* As the gateway opens it. */
static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;"
                              "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;"
                              "PRAGMA trusted_schema = OFF; PRAGMA wal_autocheckpoint = 10000;";

struct bench_rows {
    sqlite3 *db;
    sqlite3_stmt *stmt[STATEMENTS];
    int64_t row; /* of the message under way */
    uint8_t id[16], key_hash[16], content_hash[16], sealed[52], body[72];
    uint64_t random;
};

static _Noreturn void rows_die(const struct bench_rows *rows, const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, sqlite3_errmsg(rows->db));
    exit(2);
}

/* Hashes, nonces and ids fall anywhere in an index, so these do too. */
static void fill(struct bench_rows *rows, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        rows->random ^= rows->random << 13;
        rows->random ^= rows->random >> 7;
        rows->random ^= rows->random << 17;
        bytes[i] = (uint8_t)(rows->random >> 32);
    }
}

static void bind(sqlite3_stmt *stmt, int place, const void *bytes, int len)
{
    if (place <= sqlite3_bind_parameter_count(stmt) &&
        sqlite3_bind_blob(stmt, place, bytes, len, SQLITE_STATIC) != SQLITE_OK)
        bench_die("bind");
}

static void run(struct bench_rows *rows, enum statement which)
{
    sqlite3_stmt *stmt = rows->stmt[which];
    int64_t now_ms = bench_now_ns() / 1000000;
    int count = sqlite3_bind_parameter_count(stmt);
    if (count > 0)
        sqlite3_bind_int64(stmt, 1, rows->row);
    if (count > 1)
        sqlite3_bind_int64(stmt, 2, now_ms);
    if (count > 2)
        sqlite3_bind_int64(stmt, 3, now_ms + 300000);
    bind(stmt, 4, rows->id, sizeof rows->id);
    bind(stmt, 5, rows->key_hash, sizeof rows->key_hash);
    bind(stmt, 6, rows->content_hash, sizeof rows->content_hash);
    bind(stmt, 7, rows->sealed, sizeof rows->sealed);
    bind(stmt, 8, rows->body, sizeof rows->body);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        rows_die(rows, sql[which]);
    sqlite3_reset(stmt);
}

struct bench_rows *bench_rows_open(const char *path)
{
    struct bench_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        bench_die("memory");
    rows->random = (uint64_t)bench_now_ns() | 1;
    if (sqlite3_open_v2(path, &rows->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
        sqlite3_exec(rows->db, pragmas, NULL, NULL, NULL))
        rows_die(rows, path);
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(rows->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &rows->stmt[i],
                               NULL))
            rows_die(rows, sql[i]);
    return rows;
}

void bench_rows_close(struct bench_rows *rows)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(rows->stmt[i]);
    if (sqlite3_close(rows->db) != SQLITE_OK)
        rows_die(rows, "close");
    free(rows);
}

void bench_rows_begin(struct bench_rows *rows)
{
    run(rows, BEGIN);
}

void bench_rows_commit(struct bench_rows *rows)
{
    run(rows, COMMIT);
}

void bench_rows_accept(struct bench_rows *rows)
{
    int64_t now_ms = bench_now_ns() / 1000000;
    fill(rows, rows->id, sizeof rows->id);
    for (int i = 0; i < 6; i++) /* the time comes first in an id of the gateway's */
        rows->id[i] = (uint8_t)((uint64_t)now_ms >> (40 - 8 * i));
    fill(rows, rows->key_hash, sizeof rows->key_hash);
    fill(rows, rows->content_hash, sizeof rows->content_hash);
    fill(rows, rows->sealed, sizeof rows->sealed);
    fill(rows, rows->body, sizeof rows->body);
    run(rows, MESSAGE_INSERT);
    rows->row = sqlite3_last_insert_rowid(rows->db);
    run(rows, EVENT_INSERT);
}

void bench_rows_claim(struct bench_rows *rows)
{
    run(rows, ATTEMPT_INSERT);
    run(rows, MESSAGE_CLAIM);
}

void bench_rows_committed(struct bench_rows *rows)
{
    run(rows, ATTEMPT_COMMITTED);
    run(rows, MESSAGE_COMMITTED);
    run(rows, EVENT_INSERT);
}

void bench_rows_sent(struct bench_rows *rows)
{
    run(rows, ATTEMPT_SENT);
    run(rows, MESSAGE_SENT);
    run(rows, EVENT_INSERT);
}
