/* store: opening and closing; the other rooms do the work. Owns struct store. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "log.h"

/* Of the last open that failed: the store itself is gone by then. */
static char why_text[1024];

int store_why(int rc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why_text, sizeof why_text, format, args);
    va_end(args);
    return rc;
}

static void store_free(struct store *store)
{
    txn_stop(store);
    sql_finalize(store);
    int rc = sqlite3_close(store->db); /* NULL is fine */
    assert(rc == SQLITE_OK);           /* else a statement was left under way */
    (void)rc;
    keys_close(store);
    files_close(store);
    free(store);
}

static int store_open_parts(struct store *store, const struct store_options *options)
{
    int rc = files_open(store, options->state_dir);
    if (rc == 0)
        rc = schema_open(store);
    if (rc == 0 && (rc = sql_prepare(store)) != 0)
        rc = store_why(rc, "The tables of %s/otpgate.db are not those of this otpgated.",
                       store->dir);
    return rc == 0 ? recover_run(store, options) : rc;
}

/* One thread, one connection: SQLite needs neither its mutexes nor the count of its memory (13 % of
 * the instructions of a message's life). Refused where SQLite is up already: then it stays as it
 * was. */
static void store_tune_sqlite(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_open(struct loop *loop, const struct store_options *options, struct store **out,
               const char **why)
{
    *out = NULL;
    *why = why_text;
    why_text[0] = '\0';
    store_tune_sqlite();
    struct store *store = sodium_init() >= 0 ? calloc(1, sizeof *store) : NULL;
    if (!store)
        return store_why(-ENOMEM, "No memory for the store.");
    store->loop = loop;
    store->dir_fd = store->lock_fd = store->incarnation_fd = -1;
    txn_init(store);
    int rc = store_open_parts(store, options);
    if (rc != 0) {
        log_event(LOG_LEVEL_ERROR, "store", "-", "open", "error=\"%s\"", why_text);
        store_free(store);
        return rc;
    }
    *out = store;
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    assert(!store->txn.savepoint && !store->txn.committing);
    store->before_commit = NULL; /* nothing new is begun now */
    int rc = store_flush(store);
    if (rc == 0)
        rc = recover_mark_clean(store);
    if (rc != 0)
        log_event(LOG_LEVEL_ERROR, "store", "-", "close", "error=\"%s\"", strerror(-rc));
    assert(!store->waiting.head && !store->ready.head);
    store_free(store);
}

void store_abandon(struct store *store)
{
    assert(!store->txn.savepoint && !store->txn.committing);
    store->waiting = store->ready = (struct store_list){NULL, NULL};
    store_free(store); /* closing undoes what is open */
}

int64_t store_bodies_lost(const struct store *store)
{
    return store->bodies_lost_count;
}

int64_t store_given_up(const struct store *store)
{
    return store->given_up;
}

bool store_was_unclean(const struct store *store)
{
    return store->unclean;
}

void store_hash(const struct store *store, const char *domain, const void *bytes, size_t len,
                uint8_t out[32])
{
    seal_hash(store->keys->key[KEY_INDEX], domain, bytes, len, out);
}
