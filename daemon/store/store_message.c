/* store_message: messages by row, id and key; what may follow what. The due queue is in
 * store_due.c. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "log.h"
#include "text.h"

#define TO(state) (1u << MESSAGE_##state)
/* Evidence (a late +CMGS, a delivery report) beats whatever was believed of an attempt. */
#define EVIDENCE (TO(SENT) | TO(DELIVERED) | TO(UNDELIVERED))
#define GIVEN_UP (TO(FAILED) | TO(EXPIRED) | TO(CANCELLED))

/* A move to the same state is always allowed: counters and times change without it. */
static const struct {
    const char *name;
    unsigned next;
    bool final;
} message_states[MESSAGE_STATES] = {
    /* UNKNOWN: what waited for its resend ends, and the first copy may have arrived */
    [MESSAGE_QUEUED] = {"queued", TO(CLAIMED) | TO(UNKNOWN) | GIVEN_UP | EVIDENCE, false},
    [MESSAGE_CLAIMED] = {"claimed", TO(QUEUED) | TO(SENDING) | TO(UNKNOWN) | GIVEN_UP | EVIDENCE,
                         false},
    /* CLAIMED: the next part */
    [MESSAGE_SENDING] = {"sending", TO(QUEUED) | TO(CLAIMED) | TO(UNKNOWN) | GIVEN_UP | EVIDENCE,
                         false},
    /* UNKNOWN: an orphan final error right after a late +CMGS reopens it */
    [MESSAGE_SENT] = {"sent", TO(UNKNOWN) | TO(DELIVERED) | TO(UNDELIVERED), false},
    /* QUEUED: the one resend */
    [MESSAGE_UNKNOWN] = {"unknown", TO(QUEUED) | TO(FAILED) | EVIDENCE, false},
    [MESSAGE_DELIVERED] = {"delivered", 0, true},
    /* the first copy was refused by the handset, the second arrived */
    [MESSAGE_UNDELIVERED] = {"undelivered", TO(DELIVERED), true},
    [MESSAGE_FAILED] = {"failed", EVIDENCE, true},
    [MESSAGE_EXPIRED] = {"expired", EVIDENCE, true},
    [MESSAGE_CANCELLED] = {"cancelled", EVIDENCE, true},
};

const char seal_column_to[] = "message.to";
const char seal_column_key[] = "message.key";
const char seal_column_body[] = "message.body";

const char *message_state_name(enum message_state state)
{
    return message_states[state].name;
}

bool message_state_is_final(enum message_state state)
{
    return message_states[state].final;
}

static void message_drop_text(struct message *message)
{
    if (message->text) {
        sodium_memzero(message->text, message->text_len);
        free(message->text);
    }
    message->text = NULL;
    message->text_len = 0;
}

void message_clear(struct message *message)
{
    message_drop_text(message);
    sodium_memzero(message, sizeof *message);
}

/* --- sealing ---------------------------------------------------------------------------------- */

int unseal_text(const struct store *store, const char *column, const uint8_t id[16],
                const uint8_t *sealed, size_t len, char *out, size_t room)
{
    out[0] = '\0';
    if (!sealed)
        return 0;
    if (len < SEAL_OVERHEAD || len - SEAL_OVERHEAD >= room)
        return -EBADMSG;
    int rc = seal_open(store->keys->key[KEY_BODY], column, id, sealed, len, out);
    out[rc == 0 ? len - SEAL_OVERHEAD : 0] = '\0';
    return rc;
}

/* Under the key of the text where that is not the persistent one: a text is guessed by its hash. */
static void message_hash_content(const struct store *store, int64_t seal, const void *bytes,
                                 size_t len, uint8_t out[STORE_HASH])
{
    uint8_t hash[SEAL_HASH];
    const uint8_t *key = seal == 0 ? store->keys->key[KEY_INDEX] : keys_body(store, seal);
    seal_hash(key, "message.content", bytes, len, hash);
    memcpy(out, hash, STORE_HASH);
}

/* A key belongs to its client: the same text of two uids has two hashes. */
static void message_hash_key(const struct store *store, uint32_t uid, const char *key,
                             uint8_t out[STORE_HASH])
{
    uint8_t bytes[4 + MESSAGE_KEY_MAX];
    size_t len = strlen(key);
    assert(len <= MESSAGE_KEY_MAX);
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(uid >> (8 * i));
    for (size_t i = 0; i < len; i++)
        bytes[4 + i] = (uint8_t)key[i];
    uint8_t hash[SEAL_HASH];
    store_hash(store, "message.key", bytes, 4 + len, hash);
    memcpy(out, hash, STORE_HASH);
    sodium_memzero(bytes, sizeof bytes);
}

/* --- insert and update ------------------------------------------------------------------------ */

/* The columns that may change, in the order of SQL_MESSAGE_INSERT and SQL_MESSAGE_UPDATE. */
static void message_put_changing(struct query *query, const struct message *message)
{
    query_put(query, message->state);
    query_put(query, message->on_unknown);
    query_put(query, message->parts_done);
    query_put(query, message->no_validity);
    query_put(query, message->reference);
    query_put(query, message->run);
    query_put(query, message->sent_nothing);
    query_put(query, message->resends);
    query_put(query, message->crashes);
    query_put(query, message->wait_until_ms);
    query_put(query, message->sending_wall_ms);
    query_put(query, message->sent_wall_ms);
    query_put(query, message->ended_wall_ms);
    query_put(query, message->report_until_ms);
    query_put_text(query, message->pin);
    query_put(query, message->only);
    query_put_text(query, message->avoid);
    query_put_text(query, message->modem);
    query_put_text(query, message->iccid);
    query_put_text(query, message->reason);
    query_put(query, message->space);
    query_put(query, message->cause);
}

static void message_put_fixed(struct query *query, const struct message *message)
{
    query_put(query, message->class_);
    query_put(query, message->encoding);
    query_put(query, message->parts);
    query_put(query, message->report);
    query_put(query, message->flash);
    query_put(query, message->unaccented);
    query_put(query, message->replace_type);
    query_put(query, message->created_wall_ms);
    query_put(query, message->expires_wall_ms);
    query_put(query, message->expires_ms);
}

/* What of a message is stored sealed or hashed. */
struct message_sealed {
    uint8_t key_hash[STORE_HASH], content[STORE_HASH];
    uint8_t to[sizeof((struct message *)0)->to + SEAL_OVERHEAD];
    uint8_t key[MESSAGE_KEY_MAX + SEAL_OVERHEAD];
    uint8_t body[MESSAGE_TEXT_MAX + SEAL_OVERHEAD];
};

static int message_run_insert(struct store *store, const struct message *message, bool content,
                              const struct message_sealed *sealed)
{
    size_t key_len = strlen(message->key);
    struct query query = query_start(store, SQL_MESSAGE_INSERT);
    query_put_blob(&query, message->id, sizeof message->id);
    query_put(&query, message->uid);
    query_put(&query, message->otp);
    query_put(&query, message->seal);
    query_put_blob(&query, key_len && !message->otp ? sealed->key_hash : NULL, STORE_HASH);
    query_put_blob(&query, content ? sealed->content : NULL, STORE_HASH);
    query_put_blob(&query, sealed->to, strlen(message->to) + SEAL_OVERHEAD);
    query_put_blob(&query, key_len ? sealed->key : NULL, key_len + SEAL_OVERHEAD);
    query_put_blob(&query, message->text ? sealed->body : NULL, message->text_len + SEAL_OVERHEAD);
    message_put_fixed(&query, message);
    message_put_changing(&query, message);
    return query_run(&query);
}

int store_message_insert(struct store *store, struct message *message, const void *content,
                         size_t content_len)
{
    static const uint8_t no_id[16];
    assert(store->txn.savepoint && message->row == 0 && message->text_len <= MESSAGE_TEXT_MAX);
    if (memcmp(message->id, no_id, sizeof no_id) == 0)
        id_make(loop_wall_ms(store->loop), message->id);
    message->seal = store->seal;
    const uint8_t *key = store->keys->key[KEY_BODY];
    struct message_sealed sealed;
    seal_close(key, seal_column_to, message->id, message->to, strlen(message->to), sealed.to);
    if (message->key[0]) {
        message_hash_key(store, message->uid, message->key, sealed.key_hash);
        seal_close(key, seal_column_key, message->id, message->key, strlen(message->key),
                   sealed.key);
    }
    if (content)
        message_hash_content(store, message->seal, content, content_len, sealed.content);
    if (message->text)
        seal_close(keys_body(store, message->seal), seal_column_body, message->id, message->text,
                   message->text_len, sealed.body);
    int rc = message_run_insert(store, message, content != NULL, &sealed);
    if (rc != 0)
        return rc;
    message->row = sqlite3_last_insert_rowid(store->db);
    store->tally.counts[message->state]++;
    return event_append(store, EVENT_MESSAGE, message->row);
}

static int message_state_of(struct store *store, int64_t row, enum message_state *out,
                            int *parts_done)
{
    struct query query = query_start(store, SQL_MESSAGE_STATE);
    query_put(&query, row);
    int rc = query_step(&query);
    if (rc == 1) {
        *out = (enum message_state)query_get(&query);
        *parts_done = (int)query_get(&query);
        query_end(&query);
    }
    return rc;
}

/* Claims come and go by themselves, and so do the parts of one message: no news. */
static bool message_is_news(enum message_state from, int parts_done, const struct message *to)
{
    if (to->state == MESSAGE_CLAIMED)
        return false;
    return to->state != MESSAGE_QUEUED || (from != MESSAGE_CLAIMED && to->parts_done <= parts_done);
}

int store_message_update(struct store *store, const struct message *message, bool wipe)
{
    enum message_state from = MESSAGE_QUEUED;
    assert(store->txn.savepoint);
    int parts_done = 0;
    int rc = message_state_of(store, message->row, &from, &parts_done);
    if (rc <= 0)
        return rc < 0 ? rc : -ENOENT;
    bool moved = from != message->state;
    assert(!moved || (message_states[from].next & (1u << message->state)));
    struct query query = query_start(store, SQL_MESSAGE_UPDATE);
    message_put_changing(&query, message);
    query_put(&query, wipe);
    query_put(&query, message->row);
    rc = query_run(&query);
    if (rc != 0 || !moved)
        return rc;
    store->tally.counts[from]--;
    store->tally.counts[message->state]++;
    return message_is_news(from, parts_done, message)
               ? event_append(store, EVENT_MESSAGE, message->row)
               : 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void message_get_plain(struct query *query, struct message *out)
{
    size_t len;
    out->row = query_get(query);
    const uint8_t *id = query_get_blob(query, &len);
    if (id && len == sizeof out->id)
        memcpy(out->id, id, sizeof out->id);
    out->uid = (uint32_t)query_get(query);
    out->otp = query_get(query);
    out->seal = query_get(query);
    out->class_ = (enum message_class)query_get(query);
    out->encoding = (enum sms_encoding)query_get(query);
    out->parts = (uint8_t)query_get(query);
    out->report = query_get(query) != 0;
    out->flash = query_get(query) != 0;
    out->unaccented = query_get(query) != 0;
    out->replace_type = (uint8_t)query_get(query);
    out->created_wall_ms = query_get(query);
    out->expires_wall_ms = query_get(query);
    out->expires_ms = query_get(query);
    out->state = (enum message_state)query_get(query);
    out->on_unknown = (enum on_unknown)query_get(query);
    out->parts_done = (uint8_t)query_get(query);
    out->no_validity = query_get(query) != 0;
    out->reference = (uint8_t)query_get(query);
    out->run = (int)query_get(query);
    out->sent_nothing = (uint8_t)query_get(query);
    out->resends = (uint8_t)query_get(query);
    out->crashes = (uint8_t)query_get(query);
    out->wait_until_ms = query_get(query);
    out->sending_wall_ms = query_get(query);
    out->sent_wall_ms = query_get(query);
    out->ended_wall_ms = query_get(query);
    out->report_until_ms = query_get(query);
    query_get_text(query, out->pin, sizeof out->pin);
    out->only = query_get(query) != 0;
    query_get_text(query, out->avoid, sizeof out->avoid);
    query_get_text(query, out->modem, sizeof out->modem);
    query_get_text(query, out->iccid, sizeof out->iccid);
    query_get_text(query, out->reason, sizeof out->reason);
    out->space = (enum sms_cause_space)query_get(query);
    out->cause = (int)query_get(query);
}

static int message_get_text(struct query *query, struct message *out)
{
    size_t len;
    const uint8_t *body = query_get_blob(query, &len), *key = keys_body(query->store, out->seal);
    if (!body || !key)
        return 0;
    if (len < SEAL_OVERHEAD)
        return -EBADMSG;
    size_t text_len = len - SEAL_OVERHEAD;
    out->text = malloc(text_len + 1);
    if (!out->text)
        return -ENOMEM;
    out->text_len = text_len;
    out->text[text_len] = '\0';
    return seal_open(key, seal_column_body, out->id, body, len, out->text);
}

/* Reads the row that the query stands on. A column that does not open (a damaged page) is told of
 * and taken as not there, its text with it: one row must hold up neither the queue nor a list, and
 * nothing half-read is ever sent. -ENOMEM: `out` is clear. */
int message_load(struct query *query, bool with_text, struct message *out)
{
    size_t len;
    memset(out, 0, sizeof *out);
    message_get_plain(query, out);
    const uint8_t *sealed = query_get_blob(query, &len);
    int rc =
        unseal_text(query->store, seal_column_to, out->id, sealed, len, out->to, sizeof out->to);
    sealed = query_get_blob(query, &len);
    int key =
        unseal_text(query->store, seal_column_key, out->id, sealed, len, out->key, sizeof out->key);
    if (rc == 0)
        rc = key;
    if (rc == 0 && with_text)
        rc = message_get_text(query, out);
    if (rc == 0)
        return 0;
    message_drop_text(out);
    if (rc == -EBADMSG) {
        char id[37];
        message_id_text(out->id, id);
        log_event(LOG_LEVEL_ERROR, "store", id, "does_not_open", "row=%lld", (long long)out->row);
        return 0;
    }
    message_clear(out);
    return rc;
}

/* The one row of a query that was filled in: 1/0/-errno. */
static int message_load_one(struct query *query, bool with_text, struct message *out)
{
    int rc = query_step(query);
    if (rc != 1) {
        memset(out, 0, sizeof *out);
        return rc;
    }
    rc = message_load(query, with_text, out);
    query_end(query);
    return rc == 0 ? 1 : rc;
}

int store_message_by_row(struct store *store, int64_t row, bool with_text, struct message *out)
{
    struct query query =
        query_start(store, with_text ? SQL_MESSAGE_BY_ROW_TEXT : SQL_MESSAGE_BY_ROW);
    query_put(&query, row);
    return message_load_one(&query, with_text, out);
}

int store_message_by_id(struct store *store, const uint8_t id[16], struct message *out)
{
    struct query query = query_start(store, SQL_MESSAGE_BY_ID);
    query_put_blob(&query, id, 16);
    return message_load_one(&query, false, out);
}

/* Whose key is gone is taken for the same: who repeats a call shall hear what became of it. */
static int message_same(struct store *store, const struct message *message, const void *content,
                        size_t len, bool *same)
{
    uint8_t hash[STORE_HASH];
    *same = true;
    if (!keys_body(store, message->seal))
        return 1;
    message_hash_content(store, message->seal, content, len, hash);
    struct query query = query_start(store, SQL_MESSAGE_SAME);
    query_put_blob(&query, hash, sizeof hash);
    query_put(&query, message->row);
    int rc = query_step(&query);
    if (rc == 1) {
        *same = query_get(&query) != 0;
        query_end(&query);
    }
    return rc;
}

int store_message_by_key(struct store *store, uint32_t uid, const char *key, const void *content,
                         size_t content_len, bool *same, struct message *out)
{
    memset(out, 0, sizeof *out);
    if (key[0] == '\0' || strlen(key) > MESSAGE_KEY_MAX)
        return 0;
    uint8_t hash[STORE_HASH];
    message_hash_key(store, uid, key, hash);
    struct query query = query_start(store, SQL_MESSAGE_BY_KEY);
    query_put_blob(&query, hash, sizeof hash);
    int rc = message_load_one(&query, false, out);
    if (rc != 1 || !content || !same)
        return rc;
    rc = message_same(store, out, content, content_len, same);
    if (rc != 1)
        message_clear(out);
    return rc;
}

int store_message_of_otp(struct store *store, int64_t otp, int nth, struct message *out)
{
    struct query query = query_start(store, SQL_MESSAGE_OF_OTP);
    query_put(&query, otp);
    query_put(&query, nth - 1);
    return message_load_one(&query, false, out);
}

/* The lowest row of this look; 0: all that is left. */
static int list_floor(struct store *store, const struct message_filter *filter, int64_t from,
                      int64_t *floor)
{
    enum sql sql = filter->state >= 0          ? SQL_LIST_FLOOR_STATE
                   : filter->uid != UINT32_MAX ? SQL_LIST_FLOOR_UID
                                               : SQL_LIST_FLOOR_ALL;
    struct query query = query_start(store, sql);
    query_put(&query, from);
    query_put(&query, STORE_LIST_LOOK - 1);
    if (sql != SQL_LIST_FLOOR_ALL)
        query_put(&query, filter->state >= 0 ? filter->state : (int64_t)filter->uid);
    *floor = 0;
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    *floor = query_get(&query);
    query_end(&query);
    return 0;
}

static int list_between(struct store *store, const struct message_filter *filter, int64_t from,
                        int64_t floor, struct message *out, size_t limit)
{
    enum sql sql = filter->state >= 0          ? SQL_LIST_STATE
                   : filter->uid != UINT32_MAX ? SQL_LIST_UID
                                               : SQL_LIST_ALL;
    struct query query = query_start(store, sql);
    query_put(&query, from);
    query_put(&query, filter->class_);
    query_put(&query, filter->uid == UINT32_MAX ? -1 : (int64_t)filter->uid);
    query_put(&query, filter->state);
    query_put(&query, (int64_t)limit);
    query_put(&query, floor);
    size_t count = 0;
    int rc;
    while ((rc = query_step(&query)) == 1) {
        assert(count < limit);
        rc = message_load(&query, false, &out[count]);
        if (rc != 0) {
            query_end(&query);
            break;
        }
        count++;
    }
    if (rc == 0)
        return (int)count;
    while (count > 0)
        message_clear(&out[--count]);
    return rc;
}

int store_message_list(struct store *store, const struct message_filter *filter, int64_t *cursor,
                       struct message *out, size_t limit)
{
    int64_t from = *cursor > 0 ? *cursor : INT64_MAX, floor;
    int count = list_floor(store, filter, from, &floor);
    if (count == 0)
        count = list_between(store, filter, from, floor, out, limit);
    if (count < 0)
        return count;
    *cursor = (size_t)count == limit ? out[count - 1].row : floor;
    return count;
}

/* --- counts ----------------------------------------------------------------------------------- */

/* Kept in RAM with each change (and undone with it): counting a million rows takes too long. */
int message_counts_load(struct store *store)
{
    memset(store->tally.counts, 0, sizeof store->tally.counts);
    struct query query = query_start(store, SQL_COUNTS);
    int rc;
    while ((rc = query_step(&query)) == 1) {
        int64_t state = query_get(&query);
        if (state >= 0 && state < MESSAGE_STATES)
            store->tally.counts[state] = query_get(&query);
    }
    return rc;
}

int store_message_counts(struct store *store, int64_t counts[MESSAGE_STATES])
{
    memcpy(counts, store->tally.counts, sizeof store->tally.counts);
    return 0;
}
