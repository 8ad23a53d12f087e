/* bench_history: see bench_history.h. */
#include "bench_history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* How long the gateway keeps what. */
#define HISTORY_MS (30 * DAY_MS) /* retention_days */
#define KEYS_MS (25 * HOUR_MS)
#define TUPLES_MS HOUR_MS

enum statement { OTP, KEY, WINDOW, MESSAGE, STATEMENTS };

/* ?1 its row; ?2 when, in wall time; ?3 to ?8 noise of 16, 16, 16, 16, 32 and 52 bytes. */
static const char *const sql[STATEMENTS] = {
    [OTP] = "INSERT INTO otp (row, id, uid, purpose, locale, sealed_to, to_hash, last3, tuple, "
            "length, streak, created_wall, app_hash, origin, state, reason, checks, sends, "
            "expires, sent, checked, expires_wall, ended_wall) VALUES (?1, ?3, 1000, 'register', "
            "'', ?8, ?4, ?11, iif(?9, ?5, NULL), 6, 0, ?2, '', '', 1, '', 1, 1, ?10 + 300000, "
            "?10, ?10 + 20000, ?2 + 300000, ?2 + 20000)",
    [KEY] = "INSERT INTO otp_key (owner, name, content, otp, result, left_, wall) VALUES (?9, ?3, "
            "?4, ?1, 0, "
            "0, ?2)",
    [WINDOW] =
        "INSERT INTO otp_window (scope, name, n, at, until) VALUES (?1, ?3, 1, ?10, ?10 + ?2)",
    [MESSAGE] =
        "INSERT INTO message (row, id, uid, otp, key_hash, content_hash, sealed_to, sealed_key, "
        "class, "
        "encoding, parts, report, flash, unaccented, replace_type, created_wall, expires_wall, "
        "expires, state, on_unknown, parts_done, no_validity, reference, sent_nothing, resends, "
        "crashes, wait, sending_wall, sent_wall, ended_wall, report_until, pin, avoid, modem, "
        "iccid, reason, space, cause) VALUES (?1, ?3, 1000, ?1, NULL, ?5, ?8, ?8, 0, 1, 1, 1, 0, "
        "0, 0, "
        "?2, ?2 + 300000, ?10 + 300000, 5, 0, 1, 0, 7, 0, 0, 0, 0, ?2 + 100, ?2 + 3000, "
        "?2 + 6000, 0, '', '', 'viettel-1', '8984040000000000000', '', 0, 0)",
};

/* Of a number, a subject, an address: see otp_limits.c. */
enum { SCOPES = 3 };
static const int64_t windows_ms[SCOPES] = {DAY_MS, HOUR_MS, HOUR_MS};

enum { NOISES = 6, NOISE_MAX = 52, FIRST_NOISE = 3, RECENT = 9, OWNER = 9, CLOCK = 10, LAST3 = 11 };
static const int noise_len[NOISES] = {16, 16, 16, 16, 32, NOISE_MAX};

struct history {
    sqlite3 *db;
    sqlite3_stmt *stmt[STATEMENTS];
    uint64_t random;
    uint8_t noise[NOISES][NOISE_MAX];
};

static _Noreturn void die(const struct history *history, const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, sqlite3_errmsg(history->db));
    exit(2);
}

static uint64_t next(struct history *history)
{
    history->random ^= history->random << 13;
    history->random ^= history->random >> 7;
    history->random ^= history->random << 17;
    return history->random;
}

static void make_noise(struct history *history)
{
    for (int i = 0; i < NOISES; i++)
        for (int at = 0; at < noise_len[i]; at++)
            history->noise[i][at] = (uint8_t)(next(history) >> 32);
}

static void run(struct history *history, enum statement which, int64_t first, int64_t second,
                int64_t clock_ms)
{
    sqlite3_stmt *stmt = history->stmt[which];
    int places = sqlite3_bind_parameter_count(stmt);

    sqlite3_bind_int64(stmt, 1, first);
    sqlite3_bind_int64(stmt, 2, second);
    for (int i = 0; i < NOISES && i + FIRST_NOISE <= places; i++)
        sqlite3_bind_blob(stmt, i + FIRST_NOISE, history->noise[i], noise_len[i], SQLITE_STATIC);
    if (places >= CLOCK)
        sqlite3_bind_int64(stmt, CLOCK, clock_ms);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        die(history, sql[which]);
    sqlite3_reset(stmt);
}

/* A verification, approved after twenty seconds, and its message, delivered after six. */
static void add(struct history *history, int64_t row, int64_t age_ms, int64_t wall_ms)
{
    int64_t at_ms = wall_ms - age_ms;
    char last3[4];

    make_noise(history);
    snprintf(last3, sizeof last3, "%03u", (unsigned)(next(history) % 1000));
    sqlite3_bind_int(history->stmt[OTP], RECENT, age_ms < TUPLES_MS);
    sqlite3_bind_text(history->stmt[OTP], LAST3, last3, -1, SQLITE_STATIC);
    run(history, OTP, row, at_ms, -age_ms);
    for (int calls = 0; calls < 2 && age_ms < KEYS_MS; calls++) { /* a start and a check */
        make_noise(history);
        sqlite3_bind_int64(history->stmt[KEY], OWNER, calls == 0 ? 0 : row);
        run(history, KEY, row, at_ms, 0);
    }
    for (int scope = 0; scope < SCOPES; scope++) {
        make_noise(history);
        if (age_ms < windows_ms[scope])
            run(history, WINDOW, scope, windows_ms[scope], -age_ms);
    }
    make_noise(history);
    for (int i = 0; i < 6; i++) /* the time comes first in the id of a message */
        history->noise[0][i] = (uint8_t)((uint64_t)at_ms >> (40 - 8 * i));
    run(history, MESSAGE, row, at_ms, -age_ms);
}

/* All of it in memory until it is written once; nothing needs to survive a crash of the bench. */
void bench_history_fill(const char *path, int64_t count, int64_t wall_ms)
{
    struct history history = {.random = UINT64_C(0x9e3779b97f4a7c15)};

    if (sqlite3_open_v2(path, &history.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
        sqlite3_exec(history.db,
                     "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF;"
                     "PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; BEGIN",
                     NULL, NULL, NULL))
        die(&history, path);
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v2(history.db, sql[i], -1, &history.stmt[i], NULL))
            die(&history, sql[i]);
    for (int64_t i = 0; i < count; i++)
        add(&history, i + 1, HISTORY_MS - i * HISTORY_MS / count, wall_ms);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(history.stmt[i]);
    if (sqlite3_exec(history.db, "COMMIT; PRAGMA journal_mode = WAL", NULL, NULL, NULL) ||
        sqlite3_close(history.db) != SQLITE_OK)
        die(&history, "the end");
}
