/* store_event: what happened, numbered, in the same transaction as the change itself; shown only
 * once it is on disk. Also the small facts. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "log.h"
#include "text.h"

/* The event says what the row says now; its key travels as it is sealed there. */
int event_append(struct store *store, enum event_topic topic, int64_t row)
{
    static const enum sql inserts[] = {
        [EVENT_MESSAGE] = SQL_EVENT_INSERT,
        [EVENT_INBOX] = SQL_EVENT_INSERT_INBOX,
    };
    struct query query = query_start(store, inserts[topic]);
    query_put(&query, loop_wall_ms(store->loop));
    query_put(&query, loop_now_ms(store->loop));
    query_put(&query, row);
    int rc = query_run(&query);
    if (rc == 0)
        store->tally.seq = sqlite3_last_insert_rowid(store->db);
    return rc;
}

static int event_get(struct query *query, struct event *out)
{
    size_t len;
    memset(out, 0, sizeof *out);
    out->seq = query_get(query);
    out->wall_ms = query_get(query);
    out->topic = (enum event_topic)query_get(query);
    out->message = query_get(query);
    const uint8_t *id = query_get_blob(query, &len);
    if (!id || len != sizeof out->id)
        return -EBADMSG;
    memcpy(out->id, id, sizeof out->id);
    out->uid = (uint32_t)query_get(query);
    out->state = (enum message_state)query_get(query);
    query_get_text(query, out->modem, sizeof out->modem);
    query_get_text(query, out->reason, sizeof out->reason);
    out->space = (enum sms_cause_space)query_get(query);
    out->cause = (int)query_get(query);
    out->part = (uint8_t)query_get(query);
    out->parts = (uint8_t)query_get(query);
    const uint8_t *sealed = query_get_blob(query, &len);
    if (unseal_text(query->store, seal_column_key, out->id, sealed, len, out->key,
                    sizeof out->key) != 0) /* the event is worth telling without it */
        log_event(LOG_LEVEL_ERROR, "store", "-", "does_not_open", "seq=%lld", (long long)out->seq);
    return 0;
}

int store_events_after(struct store *store, int64_t after, uint32_t uid, struct event *out,
                       size_t limit)
{
    bool any = uid == UINT32_MAX;
    struct query query = query_start(store, any ? SQL_EVENTS_AFTER : SQL_EVENTS_AFTER_UID);
    query_put(&query, after);
    query_put(&query, store->seq_durable);
    query_put(&query, (int64_t)limit);
    if (!any)
        query_put(&query, uid);
    size_t count = 0;
    int rc;
    while ((rc = query_step(&query)) == 1) {
        assert(count < limit);
        rc = event_get(&query, &out[count]);
        if (rc != 0) {
            query_end(&query);
            break;
        }
        count++;
    }
    return rc < 0 ? rc : (int)count;
}

int store_event_bounds(struct store *store, int64_t *oldest, int64_t *newest)
{
    *newest = store->seq_durable;
    *oldest = *newest + 1;
    struct query query = query_start(store, SQL_EVENT_OLDEST);
    int rc = query_step(&query);
    if (rc == 1) {
        int64_t first = query_get(&query);
        if (first > 0 && first < *oldest)
            *oldest = first;
        query_end(&query);
        rc = 0;
    }
    return rc;
}

/* The one seq of a query that was filled in. */
static int event_get_previous(struct query *query, int64_t *previous)
{
    *previous = 0;
    int rc = query_step(query);
    if (rc == 1) {
        *previous = query_get(query);
        query_end(query);
        rc = 0;
    }
    return rc;
}

int store_event_previous(struct store *store, int64_t seq, uint32_t uid, int64_t *previous)
{
    bool any = uid == UINT32_MAX;
    struct query query = query_start(store, any ? SQL_EVENT_PREVIOUS : SQL_EVENT_PREVIOUS_UID);
    query_put(&query, seq);
    if (!any)
        query_put(&query, uid);
    return event_get_previous(&query, previous);
}

/* The events of the inbox have a uid of their own, and with it an index; what stands between two
 * events of messages is as many rows as came in meanwhile. */
int store_event_previous_topic(struct store *store, int64_t seq, enum event_topic topic,
                               int64_t *previous)
{
    static const enum sql looks[] = {
        [EVENT_MESSAGE] = SQL_EVENT_PREVIOUS_MESSAGE,
        [EVENT_INBOX] = SQL_EVENT_PREVIOUS_UID,
    };
    struct query query = query_start(store, looks[topic]);
    query_put(&query, seq);
    if (topic == EVENT_INBOX)
        query_put(&query, UINT32_MAX);
    return event_get_previous(&query, previous);
}

void store_on_events(struct store *store, void (*fn)(void *arg), void *arg)
{
    store->on_events = fn;
    store->on_events_arg = arg;
}

/* --- facts ------------------------------------------------------------------------------------ */

int store_fact_get(struct store *store, const char *name, char *out, size_t room)
{
    struct query query = query_start(store, SQL_FACT_GET);
    query_put_text(&query, name);
    int rc = query_step(&query);
    if (rc == 1) {
        query_get_text(&query, out, room);
        query_end(&query);
    }
    return rc;
}

int store_fact_set(struct store *store, const char *name, const char *value)
{
    assert(strlen(value) <= 255);
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    struct query query = query_start(store, SQL_FACT_SET);
    query_put_text(&query, name);
    query_put_text(&query, value);
    return txn_leave(store, &own, query_run(&query));
}
