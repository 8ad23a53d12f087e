/* store_window: sliding windows and tallies on disk, and what becomes of them and of verifications
 * in the end. Each look is one descent, at any length of history: the things that happened to one
 * name are numbered, so that the nth newest is a key and no count. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "store_internal.h"
#include "store_otp.h"

/* *n: the number of the newest, 0: none. */
static int window_newest(struct store *store, int scope, const uint8_t name[OTP_HASH], int64_t *n)
{
    struct query query = query_start(store, SQL_WINDOW_NEWEST);
    query_put(&query, scope);
    query_put_blob(&query, name, OTP_HASH);
    *n = 0;
    int rc = query_step(&query);
    if (rc == 1) {
        *n = query_get(&query);
        query_end(&query);
    }
    return rc < 0 ? rc : 0;
}

int store_window_add(struct store *store, int scope, const uint8_t name[OTP_HASH], int64_t keep_ms)
{
    int64_t newest = 0;
    assert(store->txn.savepoint);
    int rc = window_newest(store, scope, name, &newest);
    if (rc < 0)
        return rc;
    struct query query = query_start(store, SQL_WINDOW_INSERT);
    query_put(&query, scope);
    query_put_blob(&query, name, OTP_HASH);
    query_put(&query, newest + 1);
    query_put(&query, store_clock_ms(store));
    query_put(&query, store_clock_ms(store) + keep_ms);
    return query_run(&query);
}

int store_window_nth(struct store *store, int scope, const uint8_t name[OTP_HASH], int nth,
                     int64_t *at_ms)
{
    int64_t newest = 0;
    *at_ms = INT64_MIN;
    int rc = window_newest(store, scope, name, &newest);
    if (rc < 0 || newest < nth)
        return rc;
    struct query query = query_start(store, SQL_WINDOW_AT);
    query_put(&query, scope);
    query_put_blob(&query, name, OTP_HASH);
    query_put(&query, newest - nth + 1);
    rc = query_step(&query);
    if (rc == 1) {
        *at_ms = query_get(&query);
        query_end(&query);
    }
    return rc < 0 ? rc : 0;
}

int store_tally_add(struct store *store, int64_t hour, int kind, const char *name, int slot)
{
    assert(store->txn.savepoint);
    struct query query = query_start(store, SQL_TALLY_ADD);
    query_put(&query, hour);
    query_put(&query, kind);
    query_put_text(&query, name);
    query_put(&query, slot);
    return query_run(&query);
}

int store_tally_read(struct store *store, int64_t since_hour, int kind,
                     void (*fn)(void *arg, const char *name, int slot, int64_t count), void *arg)
{
    struct query query = query_start(store, SQL_TALLY_READ);
    query_put(&query, since_hour);
    query_put(&query, kind);
    int rc;
    while ((rc = query_step(&query)) == 1) {
        char name[OTP_TALLY_NAME];
        query_get_text(&query, name, sizeof name);
        int slot = (int)query_get(&query);
        fn(arg, name, slot, query_get(&query));
    }
    return rc;
}

/* --- the purge -------------------------------------------------------------------------------- */

int store_otp_purge(struct store *store, const struct store_otp_purge *before, size_t rows)
{
    const struct {
        enum sql sql;
        int64_t before;
    } steps[] = {
        {SQL_OTP_PURGE_TUPLES, before->streaks_before_ms},
        {SQL_OTP_PURGE_KEYS, before->keys_before_wall_ms},
        {SQL_OTP_PURGE_NUMBERS, before->numbers_before_wall_ms},
        {SQL_WINDOW_PURGE, store_clock_ms(store)},
        {SQL_TALLY_PURGE, before->tally_before_hour},
    };
    struct store_own own;
    int count = 0;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof *steps; i++) {
        struct query query = query_start(store, steps[i].sql);
        query_put(&query, steps[i].before);
        query_put(&query, (int64_t)rows - count);
        rc = query_run(&query);
        count += rc == 0 ? sqlite3_changes(store->db) : 0;
    }
    if (rc == 0 && (size_t)count < rows) {
        rc = purge_in_order(store, SQL_OTP_PURGE_ROWS_LOOK, SQL_OTP_PURGE_ROWS,
                            &store->purge_past.otp, before->rows_before_wall_ms,
                            rows - (size_t)count);
        count += rc > 0 ? rc : 0;
    }
    return txn_leave(store, &own, rc < 0 ? rc : count);
}
