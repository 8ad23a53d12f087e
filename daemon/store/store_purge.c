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

/* What is next in a table, as long as it is of the future or old. */
struct purge_look {
    int64_t last_old, last; /* rows */
    size_t seen;
    bool kept; /* one has to stay for its time */
};

static int purge_look(struct store *store, enum sql look, int64_t past, int64_t before_wall_ms,
                      size_t rows, struct purge_look *out)
{
    int64_t now_wall_ms = loop_wall_ms(store->loop);
    struct query query = query_start(store, look);
    query_put(&query, past);
    query_put(&query, (int64_t)rows);
    int rc;
    *out = (struct purge_look){0};
    while ((rc = query_step(&query)) == 1) {
        out->last = query_get(&query);
        int64_t wall_ms = query_get(&query);
        out->seen++;
        if (wall_ms < before_wall_ms)
            out->last_old = out->last;
        else if (wall_ms <= now_wall_ms)
            out->kept = true;
    }
    return rc;
}

int purge_in_order(struct store *store, enum sql look, enum sql purge, int64_t *past,
                   int64_t before_wall_ms, size_t rows)
{
    struct purge_look next;
    int rc = purge_look(store, look, *past, before_wall_ms, rows, &next);
    if (rc < 0)
        return rc;
    if (next.last_old > 0) {
        struct query query = query_start(store, purge);
        query_put(&query, next.last_old);
        query_put(&query, before_wall_ms);
        query_put(&query, loop_wall_ms(store->loop));
        query_put(&query, (int64_t)rows);
        rc = query_run(&query);
        return rc < 0 ? rc : sqlite3_changes(store->db);
    }
    bool on = !next.kept && next.seen == rows; /* all of it is of the future: what comes after? */
    *past = on ? next.last : 0;
    return on ? (int)next.seen : 0;
}

/* What is small and stands in the order of time goes in one stroke. */
static int purge_oldest(struct purge *purge, enum sql look, enum sql sql, int64_t *past,
                        int64_t before_wall_ms)
{
    if (!purge_may_go_on(purge))
        return 0;
    int rc = purge_in_order(purge->store, look, sql, past, before_wall_ms, purge->rows);
    if (rc > 0)
        purge_note(purge, rc);
    return rc < 0 ? rc : 0;
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
        rc = purge_oldest(&purge, SQL_PURGE_EVENTS_LOOK, SQL_PURGE_EVENTS, &store->purge_past.event,
                          before->events_before_wall_ms);
    if (rc == 0)
        rc = purge_oldest(&purge, SQL_PURGE_SEEN_LOOK, SQL_PURGE_SEEN, &store->purge_past.seen,
                          loop_wall_ms(store->loop) - SEEN_KEPT_MS);
    return txn_leave(store, &own, rc < 0 ? rc : purge.count);
}
