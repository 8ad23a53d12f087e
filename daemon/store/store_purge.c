/* store_purge: what is old enough goes, one small step at a time: the loop waits for each. Every
 * look is one descent of an index that holds only what may go, so that a step costs the same in a
 * table of ten million. What is live is in none of them. */
#include "store_internal.h"

static const int64_t SEEN_KEPT_MS = INT64_C(7) * 24 * 3600 * 1000;

struct purge {
    struct store *store;
    size_t rows; /* that may still go */
    int count, messages;
    int64_t bytes;
    int64_t changes_at_start;
};

static bool purge_may_go_on(const struct purge *purge)
{
    int64_t changes = sqlite3_total_changes64(purge->store->db) - purge->changes_at_start;
    return purge->rows > 0 && purge->messages < STORE_PURGE_MESSAGES &&
           purge->bytes < STORE_PURGE_BYTES && changes < STORE_PURGE_CHANGES;
}

static void purge_note(struct purge *purge, int count)
{
    purge->count += count;
    purge->rows -= (size_t)count;
}

/* One at a time: nobody knows how many attempts go with it. 1 deleted, 0 nothing left, -errno. */
static int purge_message(struct purge *purge, int64_t before_wall_ms)
{
    struct query query = query_start(purge->store, SQL_PURGE_MESSAGE);
    query_put(&query, before_wall_ms);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    int64_t state = query_get(&query);
    rc = query_run(&query);
    if (rc != 0)
        return rc;
    purge->store->tally.counts[state]--;
    purge->messages++;
    purge_note(purge, 1);
    return 1;
}

static int purge_inbox(struct purge *purge, int64_t before_wall_ms)
{
    struct query query = query_start(purge->store, SQL_PURGE_INBOX_NEXT);
    query_put(&query, before_wall_ms);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    int64_t row = query_get(&query);
    int64_t bytes = query_get(&query);
    query_end(&query);
    query = query_start(purge->store, SQL_PURGE_INBOX);
    query_put(&query, row);
    rc = query_run(&query);
    if (rc != 0)
        return rc;
    purge->bytes += bytes;
    purge_note(purge, 1);
    return 1;
}

/* What is small and stands in the order of time goes in one stroke. */
static int purge_oldest(struct purge *purge, enum sql sql, int64_t before_wall_ms)
{
    if (!purge_may_go_on(purge))
        return 0;
    struct query query = query_start(purge->store, sql);
    query_put(&query, before_wall_ms);
    query_put(&query, (int64_t)purge->rows);
    int rc = query_run(&query);
    if (rc == 0)
        purge_note(purge, sqlite3_changes(purge->store->db));
    return rc;
}

static int purge_one_by_one(struct purge *purge, int64_t before_wall_ms,
                            int (*one)(struct purge *purge, int64_t before_wall_ms))
{
    int rc = 1;
    while (rc == 1 && purge_may_go_on(purge))
        rc = one(purge, before_wall_ms);
    return rc < 0 ? rc : 0;
}

int store_purge(struct store *store, const struct store_purge *before, size_t rows)
{
    struct purge purge = {.store = store, .rows = rows};
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    purge.changes_at_start = sqlite3_total_changes64(store->db);
    rc = purge_one_by_one(&purge, before->messages_before_wall_ms, purge_message);
    if (rc == 0)
        rc = purge_one_by_one(&purge, before->inbox_before_wall_ms, purge_inbox);
    if (rc == 0)
        rc = purge_oldest(&purge, SQL_PURGE_EVENTS, before->events_before_wall_ms);
    if (rc == 0)
        rc = purge_oldest(&purge, SQL_PURGE_SEEN, loop_wall_ms(store->loop) - SEEN_KEPT_MS);
    return txn_leave(store, &own, rc < 0 ? rc : purge.count);
}
