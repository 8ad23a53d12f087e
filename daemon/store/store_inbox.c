/* store_inbox: what came in, and what was seen before. Whoever sent it chose every byte of it: what
 * is kept is bounded, and a sender and a text are sealed before they reach SQLite. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "log.h"
#include "text.h"

static const char column_from[] = "inbox.from";
static const char column_body[] = "inbox.body";
static const int64_t SEEN_FRESH_MS = INT64_C(24) * 3600 * 1000;

static void inbox_drop_text(struct inbox *inbox)
{
    if (inbox->text) {
        sodium_memzero(inbox->text, inbox->text_len);
        free(inbox->text);
    }
    inbox->text = NULL;
    inbox->text_len = 0;
}

void inbox_clear(struct inbox *inbox)
{
    inbox_drop_text(inbox);
    sodium_memzero(inbox, sizeof *inbox);
}

/* --- in --------------------------------------------------------------------------------------- */

static int inbox_run_insert(struct store *store, const struct inbox *inbox, const uint8_t *from,
                            const uint8_t *body)
{
    struct query query = query_start(store, SQL_INBOX_INSERT);
    query_put_blob(&query, inbox->id, sizeof inbox->id);
    query_put(&query, inbox->wall_ms);
    query_put(&query, inbox->sent_wall_ms);
    query_put_text(&query, inbox->modem);
    query_put_text(&query, inbox->iccid);
    query_put(&query, inbox->parts);
    query_put(&query, inbox->missing);
    query_put(&query, inbox->class_);
    query_put(&query, inbox->named);
    query_put(&query, store->seal);
    query_put_blob(&query, from, strlen(inbox->from) + SEAL_OVERHEAD);
    query_put_blob(&query, body, inbox->text_len + SEAL_OVERHEAD);
    return query_run(&query);
}

int store_inbox_insert(struct store *store, struct inbox *inbox)
{
    assert(store->txn.savepoint && inbox->row == 0 && (inbox->text || inbox->text_len == 0));
    if (inbox->text_len > INBOX_TEXT_MAX)
        return -E2BIG;
    uint8_t from[INBOX_FROM_MAX + SEAL_OVERHEAD];
    uint8_t *body = malloc(inbox->text_len + SEAL_OVERHEAD);
    if (!body)
        return -ENOMEM;
    const uint8_t *key = store->keys->key[KEY_BODY];
    id_make(loop_wall_ms(store->loop), inbox->id);
    seal_close(key, column_from, inbox->id, inbox->from, strlen(inbox->from), from);
    seal_close(keys_body(store, store->seal), column_body, inbox->id,
               inbox->text ? inbox->text : "", inbox->text_len, body);
    int rc = inbox_run_insert(store, inbox, from, body);
    free(body);
    if (rc != 0)
        return rc;
    inbox->row = sqlite3_last_insert_rowid(store->db);
    return event_append(store, EVENT_INBOX, inbox->row);
}

/* --- out -------------------------------------------------------------------------------------- */

static int inbox_get_text(struct query *query, int64_t seal, struct inbox *out)
{
    size_t len;
    const uint8_t *body = query_get_blob(query, &len), *key = keys_body(query->store, seal);
    if (!body || !key)
        return 0;
    if (len < SEAL_OVERHEAD)
        return -EBADMSG;
    out->text = malloc(len - SEAL_OVERHEAD + 1);
    if (!out->text)
        return -ENOMEM;
    out->text_len = len - SEAL_OVERHEAD;
    out->text[out->text_len] = '\0';
    int rc = seal_open(key, column_body, out->id, body, len, out->text);
    if (rc != 0)
        inbox_drop_text(out);
    return rc;
}

static void inbox_get_plain(struct query *query, struct inbox *out)
{
    size_t len;
    memset(out, 0, sizeof *out);
    out->row = query_get(query);
    const uint8_t *id = query_get_blob(query, &len);
    if (id && len == sizeof out->id)
        memcpy(out->id, id, sizeof out->id);
    out->wall_ms = query_get(query);
    out->sent_wall_ms = query_get(query);
    query_get_text(query, out->modem, sizeof out->modem);
    query_get_text(query, out->iccid, sizeof out->iccid);
    out->parts = (uint8_t)query_get(query);
    out->missing = (uint8_t)query_get(query);
    out->class_ = (int)query_get(query);
    out->named = query_get(query) != 0;
}

/* As message_load(): what does not open is told of and comes empty; the list goes on. */
static int inbox_get(struct query *query, struct inbox *out)
{
    size_t len;
    inbox_get_plain(query, out);
    int64_t seal = query_get(query);
    const uint8_t *sealed = query_get_blob(query, &len);
    int from =
        unseal_text(query->store, column_from, out->id, sealed, len, out->from, sizeof out->from);
    int rc = inbox_get_text(query, seal, out);
    if (rc == -ENOMEM)
        return rc;
    if (from != 0 || rc != 0)
        log_event(LOG_LEVEL_ERROR, "store", "-", "does_not_open", "inbox=%lld",
                  (long long)out->row);
    return 0;
}

int store_inbox_list(struct store *store, int64_t cursor, struct inbox *out, size_t limit)
{
    struct query query = query_start(store, SQL_INBOX_LIST);
    query_put(&query, cursor > 0 ? cursor : INT64_MAX);
    query_put(&query, (int64_t)limit);
    size_t count = 0;
    int rc;
    while ((rc = query_step(&query)) == 1) {
        assert(count < limit);
        rc = inbox_get(&query, &out[count]);
        if (rc != 0) {
            query_end(&query);
            break;
        }
        count++;
    }
    if (rc == 0)
        return (int)count;
    while (count > 0)
        inbox_clear(&out[--count]);
    return rc;
}

/* --- seen before ------------------------------------------------------------------------------ */

/* Two rounds, so that any length has a place and no TPDU can lean on the end of an ICCID. */
static void seen_hash(const struct store *store, const char *iccid, const void *tpdu, size_t len,
                      uint8_t out[STORE_HASH])
{
    uint8_t bytes[SEAL_HASH + 32] = {0}, hash[SEAL_HASH];
    bool fits = text_copy((char *)bytes + SEAL_HASH, sizeof bytes - SEAL_HASH, iccid);
    assert(fits);
    (void)fits;
    store_hash(store, "seen.tpdu", tpdu, len, bytes);
    store_hash(store, "seen", bytes, sizeof bytes, hash);
    memcpy(out, hash, STORE_HASH);
}

/* 1 and where and when; 0; -errno. */
static int seen_find(struct store *store, const uint8_t hash[STORE_HASH], int64_t *row,
                     int64_t *wall_ms)
{
    struct query query = query_start(store, SQL_SEEN_FIND);
    query_put_blob(&query, hash, STORE_HASH);
    int rc = query_step(&query);
    if (rc == 1) {
        *row = query_get(&query);
        *wall_ms = query_get(&query);
        query_end(&query);
    }
    return rc;
}

static int seen_forget(struct store *store, int64_t from, int64_t to)
{
    struct query query = query_start(store, SQL_SEEN_FORGET);
    query_put(&query, to);
    query_put(&query, from);
    return query_run(&query);
}

/* Rows grow, so that the newest STORE_SEEN_MAX are those above a number. */
static int seen_remember(struct store *store, const uint8_t hash[STORE_HASH])
{
    struct query query = query_start(store, SQL_SEEN_INSERT);
    query_put_blob(&query, hash, STORE_HASH);
    query_put(&query, loop_wall_ms(store->loop));
    int rc = query_run(&query);
    if (rc != 0)
        return rc;
    return seen_forget(store, INT64_MIN, sqlite3_last_insert_rowid(store->db) - STORE_SEEN_MAX);
}

/* What a modem cannot delete is met in every sweep: once a day that makes it new again, so that it
 * does not come in a second time when its days are over. */
int store_seen(struct store *store, const char *iccid, const void *tpdu, size_t len)
{
    assert(store->txn.savepoint);
    uint8_t hash[STORE_HASH];
    int64_t row = 0, wall_ms = 0;
    seen_hash(store, iccid, tpdu, len, hash);
    int found = seen_find(store, hash, &row, &wall_ms);
    if (found < 0 || (found == 1 && loop_wall_ms(store->loop) - wall_ms < SEEN_FRESH_MS))
        return found;
    int rc = found == 1 ? seen_forget(store, row, row) : 0;
    if (rc == 0)
        rc = seen_remember(store, hash);
    return rc < 0 ? rc : found;
}
