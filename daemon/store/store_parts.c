/* store_parts: parts of messages that are not whole yet. Anybody may send halves without end: the
 * rows are counted, and the oldest set is found without a search. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "log.h"
#include "pdu.h"

enum { SET = 32 };
static const char column_tpdu[] = "part.tpdu";
_Static_assert(sizeof((struct inbox_part *)0)->tpdu == PDU_TPDU_MAX, "the longest TPDU fits");

/* A sealed part opens only as this part of this set. */
static void part_id(const struct store *store, const uint8_t set[SET], uint8_t part,
                    uint8_t out[SEAL_ROW_ID])
{
    uint8_t place[SET + 1], hash[SEAL_HASH];
    memcpy(place, set, SET);
    place[SET] = part;
    store_hash(store, "part.place", place, sizeof place, hash);
    memcpy(out, hash, SEAL_ROW_ID);
}

/* The two columns that hold the TPDU. 0, -EBADMSG: it does not open. */
static int tpdu_get(struct query *query, const uint8_t set[SET], struct inbox_part *out)
{
    uint8_t id[SEAL_ROW_ID];
    size_t len;
    const uint8_t *key = keys_body(query->store, query_get(query));
    const uint8_t *sealed = query_get_blob(query, &len);
    if (!key || !sealed || len < SEAL_OVERHEAD || len > sizeof out->tpdu + SEAL_OVERHEAD)
        return -EBADMSG;
    out->len = (uint8_t)(len - SEAL_OVERHEAD);
    part_id(query->store, set, out->part, id);
    return seal_open(key, column_tpdu, id, sealed, len, out->tpdu);
}

/* Is this very part there? 1 yes, 0 its place is free, -EEXIST: its place is taken, -errno. */
static int part_find(struct store *store, const uint8_t set[SET], uint8_t part, const void *tpdu,
                     size_t len)
{
    struct inbox_part there = {.part = part};
    struct query query = query_start(store, SQL_PART_FIND);
    query_put_blob(&query, set, SET);
    query_put(&query, part);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    bool same = tpdu_get(&query, set, &there) == 0 && there.len == len &&
                memcmp(there.tpdu, tpdu, len) == 0;
    query_end(&query);
    explicit_bzero(&there, sizeof there);
    return same ? 1 : -EEXIST;
}

int store_part_insert(struct store *store, const uint8_t set[32], uint8_t part, uint8_t total,
                      const char *iccid, const char *modem, const void *tpdu, size_t len)
{
    assert(store->txn.savepoint);
    if (len > PDU_TPDU_MAX)
        return -E2BIG;
    int rc = part_find(store, set, part, tpdu, len);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (store->tally.parts >= STORE_PARTS_MAX)
        return -ENOSPC;
    uint8_t id[SEAL_ROW_ID], sealed[PDU_TPDU_MAX + SEAL_OVERHEAD];
    part_id(store, set, part, id);
    seal_close(keys_body(store, store->seal), column_tpdu, id, tpdu, len, sealed);
    struct query query = query_start(store, SQL_PART_INSERT);
    query_put_blob(&query, set, SET);
    query_put(&query, part);
    query_put(&query, total);
    query_put(&query, loop_wall_ms(store->loop));
    query_put_text(&query, iccid);
    query_put_text(&query, modem);
    query_put(&query, store->seal);
    query_put_blob(&query, sealed, len + SEAL_OVERHEAD);
    rc = query_run(&query);
    if (rc != 0)
        return rc;
    store->tally.parts++;
    return 1;
}

static int part_get(struct query *query, const uint8_t set[SET], struct inbox_part *out)
{
    memset(out, 0, sizeof *out);
    out->part = (uint8_t)query_get(query);
    out->total = (uint8_t)query_get(query);
    out->wall_ms = query_get(query);
    query_get_text(query, out->iccid, sizeof out->iccid);
    query_get_text(query, out->modem, sizeof out->modem);
    return tpdu_get(query, set, out);
}

int store_parts_of(struct store *store, const uint8_t set[32], struct inbox_part *out, size_t limit)
{
    struct query query = query_start(store, SQL_PARTS_OF);
    query_put_blob(&query, set, SET);
    query_put(&query, (int64_t)limit);
    size_t count = 0;
    int rc;
    while ((rc = query_step(&query)) == 1) {
        assert(count < limit);
        if (part_get(&query, set, &out[count]) == 0)
            count++;
        else
            log_event(LOG_LEVEL_ERROR, "store", "-", "does_not_open", "part=%u", out[count].part);
    }
    return rc < 0 ? rc : (int)count;
}

int store_parts_count(struct store *store, const uint8_t set[32])
{
    struct query query = query_start(store, SQL_PARTS_COUNT);
    query_put_blob(&query, set, SET);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    int count = (int)query_get(&query);
    query_end(&query);
    return count;
}

int store_parts_delete(struct store *store, const uint8_t set[32])
{
    assert(store->txn.savepoint);
    struct query query = query_start(store, SQL_PARTS_DELETE);
    query_put_blob(&query, set, SET);
    int rc = query_run(&query);
    if (rc == 0)
        store->tally.parts -= sqlite3_changes(store->db);
    return rc;
}

int store_parts_renew(struct store *store, const uint8_t set[32])
{
    assert(store->txn.savepoint);
    struct query query = query_start(store, SQL_PARTS_RENEW);
    query_put(&query, loop_wall_ms(store->loop));
    query_put_blob(&query, set, SET);
    return query_run(&query);
}

int store_parts_oldest(struct store *store, uint8_t set[32], int64_t *wall_ms)
{
    struct query query = query_start(store, SQL_PARTS_OLDEST);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    size_t len;
    const uint8_t *hash = query_get_blob(&query, &len);
    bool whole = hash && len == SET;
    if (whole)
        memcpy(set, hash, SET);
    *wall_ms = query_get(&query);
    query_end(&query);
    return whole ? 1 : -EBADMSG;
}

int parts_count_load(struct store *store)
{
    struct query query = query_start(store, SQL_PARTS_ALL);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    store->tally.parts = query_get(&query);
    query_end(&query);
    return 0;
}
