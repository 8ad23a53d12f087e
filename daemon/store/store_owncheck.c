#include "store_owncheck.h"

#include <string.h>
#include "store_internal.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

static void sim_hash(const struct store *store, const char *iccid, uint8_t out[32])
{
    store_hash(store, "owncheck-sim", iccid, strlen(iccid), out);
}

static bool get_hash(struct query *query, uint8_t out[OWNCHECK_HASH])
{
    size_t len;
    const uint8_t *blob = query_get_blob(query, &len);
    if (!blob || len != OWNCHECK_HASH)
        return false;
    memcpy(out, blob, OWNCHECK_HASH);
    return true;
}

int store_owncheck_get(struct store *store, const char *iccid, struct owncheck_row *out)
{
    uint8_t sim[32];
    *out = (struct owncheck_row){0};
    sim_hash(store, iccid, sim);
    struct query query = query_start(store, SQL_OWNCHECK_GET);
    query_put_blob(&query, sim, STORE_HASH);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    out->due_wall_ms = query_get(&query);
    out->checked_wall_ms = query_get(&query);
    out->owner = (int)query_get(&query);
    out->balance = (int)query_get(&query);
    out->changed = query_get(&query) != 0;
    out->read_wall_ms = query_get(&query);
    out->vnd = query_get(&query);
    query_get_text(&query, out->expires, sizeof out->expires);
    out->has_name = get_hash(&query, out->name);
    out->has_id = get_hash(&query, out->id);
    query_end(&query);
    return 1;
}

int store_owncheck_set(struct store *store, const char *iccid, const struct owncheck_row *row)
{
    uint8_t sim[32];
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    int64_t now_ms = loop_wall_ms(store->loop);
    sim_hash(store, iccid, sim);
    struct query query = query_start(store, SQL_OWNCHECK_SET);
    query_put_blob(&query, sim, STORE_HASH);
    query_put(&query, now_ms);
    query_put(&query, row->due_wall_ms);
    query_put(&query, row->checked_wall_ms);
    query_put(&query, row->owner);
    query_put(&query, row->balance);
    query_put(&query, row->changed);
    query_put(&query, row->read_wall_ms);
    query_put(&query, row->vnd);
    query_put_text(&query, row->expires);
    query_put_blob(&query, row->has_name ? row->name : NULL, OWNCHECK_HASH);
    query_put_blob(&query, row->has_id ? row->id : NULL, OWNCHECK_HASH);
    rc = query_run(&query);
    if (rc == 0) {
        query = query_start(store, SQL_OWNCHECK_PURGE);
        query_put(&query, now_ms - STORE_OWNCHECK_DAYS * DAY_MS);
        rc = query_run(&query);
    }
    return txn_leave(store, &own, rc);
}
