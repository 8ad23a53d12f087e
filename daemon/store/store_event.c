/* store_event: what happened, numbered, in the same transaction as the change itself; shown only
 * once it is on disk. Also the small facts. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "log.h"
#include "store_otp.h"
#include "text.h"

static const char column_masked[] = "event.to_masked";

/* Wall and boot clock are the first of every insert. */
static struct query event_start(struct store *store, enum sql insert)
{
    struct query query = query_start(store, insert);
    query_put(&query, loop_wall_ms(store->loop));
    query_put(&query, loop_now_ms(store->loop));
    return query;
}

static int event_run(struct query *query)
{
    struct store *store = query->store;
    int rc = query_run(query);
    if (rc == 0)
        store->tally.seq = sqlite3_last_insert_rowid(store->db);
    return rc;
}

/* The event says what the row says now; its key travels as it is sealed there. */
int event_append(struct store *store, enum event_topic topic, int64_t row)
{
    static const enum sql inserts[] = {
        [EVENT_MESSAGE] = SQL_EVENT_INSERT,
        [EVENT_INBOX] = SQL_EVENT_INSERT_INBOX,
    };
    struct query query = event_start(store, inserts[topic]);
    query_put(&query, row);
    return event_run(&query);
}

/* Masked digits of a number are still a part of it: sealed. */
int event_append_otp(struct store *store, const struct otp_row *otp, enum otp_news news,
                     int checks_left)
{
    char masked[16];
    uint8_t sealed[sizeof masked + SEAL_OVERHEAD];
    size_t len = 0;
    if (otp->to[0]) {
        text_mask_number(otp->to, masked);
        len = strlen(masked);
        seal_close(store->keys->key[KEY_BODY], column_masked, otp->id, masked, len, sealed);
    }
    struct query query = event_start(store, SQL_EVENT_INSERT_OTP);
    query_put(&query, otp->row);
    query_put_blob(&query, otp->id, OTP_ID);
    query_put(&query, otp->uid);
    query_put_blob(&query, len > 0 ? sealed : NULL, len + SEAL_OVERHEAD);
    query_put(&query, news);
    query_put(&query, checks_left);
    query_put_text(&query, otp->purpose);
    return event_run(&query);
}

/* What the columns mean that a verification shares with a message. */
static void event_is_otp(struct event *event)
{
    event->news = (enum otp_news)event->state;
    event->checks_left = event->part;
    event->state = MESSAGE_QUEUED;
    event->part = 0;
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
    query_get_text(query, out->purpose, sizeof out->purpose);
    const uint8_t *sealed = query_get_blob(query, &len);
    int rc;
    if (out->topic == EVENT_OTP) {
        event_is_otp(out);
        rc = unseal_text(query->store, column_masked, out->id, sealed, len, out->to_masked,
                         sizeof out->to_masked);
    } else {
        rc = unseal_text(query->store, seal_column_key, out->id, sealed, len, out->key,
                         sizeof out->key);
    }
    if (rc != 0) /* the event is worth telling without it */
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

/* The events of the inbox have a uid of their own, and with it an index; those of verifications
 * have an index. What stands between two events of messages is as many rows as the other topics
 * have written meanwhile. */
int store_event_previous(struct store *store, int64_t seq, enum event_topic topic, uint32_t uid,
                         int64_t *previous)
{
    static const enum sql looks[EVENT_TOPICS][2] = {
        [EVENT_MESSAGE] = {SQL_EVENT_PREVIOUS_MESSAGE, SQL_EVENT_PREVIOUS_MESSAGE_UID},
        [EVENT_INBOX] = {SQL_EVENT_PREVIOUS_INBOX, SQL_EVENT_PREVIOUS_INBOX},
        [EVENT_OTP] = {SQL_EVENT_PREVIOUS_OTP, SQL_EVENT_PREVIOUS_OTP_UID},
    };
    bool one = uid != UINT32_MAX;
    *previous = 0;
    if (one && topic == EVENT_INBOX)
        return 0; /* it is nobody's own */
    struct query query = query_start(store, looks[topic][one]);
    query_put(&query, seq);
    if (one)
        query_put(&query, uid);
    int rc = query_step(&query);
    if (rc == 1) {
        *previous = query_get(&query);
        query_end(&query);
        rc = 0;
    }
    return rc;
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
