/* store_otp: rows of verifications and the keys of the calls that made them. */
#include "store_otp.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sodium.h>
#include "log.h"
#include "store_internal.h"
#include "text.h"

static const char column_to[] = "otp.to";
static const char column_seed[] = "otp.seed";

_Static_assert((int)OTP_HASH == (int)STORE_HASH, "one length for all that is looked up");

int64_t store_clock_ms(const struct store *store)
{
    return loop_now_ms(store->loop) + store->clock_shift;
}

void store_otp_hash(const struct store *store, const char *domain, const void *bytes, size_t len,
                    uint8_t out[OTP_HASH])
{
    uint8_t hash[SEAL_HASH];
    store_hash(store, domain, bytes, len, hash);
    memcpy(out, hash, OTP_HASH);
}

/* --- in --------------------------------------------------------------------------------------- */

/* What makes its code and what knows it: seed, hash, hashes of the former ones, as one. A hash is
 * sealed too: six digits are guessed by it. */
enum { SECRET_MAX = OTP_ID + OTP_CODE * (1 + OTP_FORMERS) };

/* Length. */
static size_t otp_close_secret(const struct store *store, const struct otp_row *otp,
                               uint8_t sealed[SECRET_MAX + SEAL_OVERHEAD])
{
    uint8_t plain[SECRET_MAX];
    size_t len = OTP_ID + (size_t)OTP_CODE * (1 + otp->formers);
    memcpy(plain, otp->seed, OTP_ID);
    memcpy(plain + OTP_ID, otp->code, OTP_CODE);
    memcpy(plain + OTP_ID + OTP_CODE, otp->former, (size_t)OTP_CODE * otp->formers);
    seal_close(keys_body(store, otp->seal), column_seed, otp->id, plain, len, sealed);
    sodium_memzero(plain, sizeof plain);
    return len + SEAL_OVERHEAD;
}

/* In the order of SQL_OTP_INSERT and SQL_OTP_UPDATE. What makes or knows a code goes with the end
 * of the verification. */
static int otp_run(struct query *query, const struct otp_row *otp, bool update)
{
    uint8_t sealed[SECRET_MAX + SEAL_OVERHEAD];
    bool pending = otp->state == OTP_PENDING;
    query_put(query, otp->state);
    query_put_text(query, otp->reason);
    query_put(query, otp->checks);
    query_put(query, otp->sends);
    query_put(query, otp->expires_ms);
    query_put(query, otp->sent_ms);
    query_put(query, otp->checked_ms);
    query_put(query, otp->expires_wall_ms);
    query_put(query, otp->ended_wall_ms);
    size_t len = pending ? otp_close_secret(query->store, otp, sealed) : 0;
    query_put_blob(query, pending ? sealed : NULL, len);
    if (update)
        query_put(query, otp->row);
    return query_run(query);
}

int store_otp_insert(struct store *store, struct otp_row *otp)
{
    assert(store->txn.savepoint && otp->row == 0 && otp->state == OTP_PENDING);
    uint8_t to[sizeof otp->to + SEAL_OVERHEAD], hash[OTP_HASH];
    otp->seal = store->seal;
    seal_close(store->keys->key[KEY_BODY], column_to, otp->id, otp->to, strlen(otp->to), to);
    store_otp_hash(store, "otp.to", otp->to, strlen(otp->to), hash);
    struct query query = query_start(store, SQL_OTP_INSERT);
    query_put_blob(&query, otp->id, OTP_ID);
    query_put(&query, otp->seal);
    query_put(&query, otp->uid);
    query_put_text(&query, otp->purpose);
    query_put_text(&query, otp->locale);
    query_put_blob(&query, to, strlen(otp->to) + SEAL_OVERHEAD);
    query_put_blob(&query, hash, OTP_HASH);
    query_put_text(&query, otp->last3);
    query_put_blob(&query, otp->tuple, OTP_HASH);
    query_put(&query, otp->length);
    query_put(&query, otp->streak);
    query_put(&query, otp->created_wall_ms);
    query_put_text(&query, otp->app_hash);
    query_put_text(&query, otp->origin);
    int rc = otp_run(&query, otp, false);
    if (rc != 0)
        return rc;
    otp->row = sqlite3_last_insert_rowid(store->db);
    return event_append_otp(store, otp, OTP_NEWS_STARTED, 0);
}

int store_otp_update(struct store *store, const struct otp_row *otp, enum otp_news news,
                     int checks_left)
{
    assert(store->txn.savepoint && otp->row > 0);
    struct query query = query_start(store, SQL_OTP_UPDATE);
    int rc = otp_run(&query, otp, true);
    return rc == 0 ? event_append_otp(store, otp, news, checks_left) : rc;
}

/* --- out -------------------------------------------------------------------------------------- */

static size_t otp_get_blob(struct query *query, void *out, size_t room)
{
    size_t len;
    const uint8_t *bytes = query_get_blob(query, &len);
    if (!bytes || len > room)
        return 0;
    memcpy(out, bytes, len);
    return len;
}

static void otp_get_plain(struct query *query, struct otp_row *out)
{
    out->row = query_get(query);
    (void)otp_get_blob(query, out->id, OTP_ID); /* NOT NULL, and as long as it was put */
    out->seal = query_get(query);
    out->uid = (uint32_t)query_get(query);
    query_get_text(query, out->purpose, sizeof out->purpose);
    query_get_text(query, out->locale, sizeof out->locale);
    query_get_text(query, out->last3, sizeof out->last3);
    (void)otp_get_blob(query, out->tuple, OTP_HASH);
    out->length = (uint8_t)query_get(query);
    out->streak = (uint16_t)query_get(query);
    out->created_wall_ms = query_get(query);
    query_get_text(query, out->app_hash, sizeof out->app_hash);
    query_get_text(query, out->origin, sizeof out->origin);
    out->state = (enum otp_state)query_get(query);
    query_get_text(query, out->reason, sizeof out->reason);
    out->checks = (uint8_t)query_get(query);
    out->sends = (uint8_t)query_get(query);
    out->expires_ms = query_get(query);
    out->sent_ms = query_get(query);
    out->checked_ms = query_get(query);
    out->expires_wall_ms = query_get(query);
    out->ended_wall_ms = query_get(query);
}

static int otp_open_secret(struct query *query, struct otp_row *out)
{
    uint8_t plain[SECRET_MAX];
    size_t len;
    /* until revision 7 the hashes were columns of their own */
    (void)otp_get_blob(query, out->code, OTP_CODE);
    out->formers = (uint8_t)(otp_get_blob(query, out->former, sizeof out->former) / OTP_CODE);
    const uint8_t *sealed = query_get_blob(query, &len), *key = keys_body(query->store, out->seal);
    if (!sealed)
        return 0;
    if (!key || len < OTP_ID + SEAL_OVERHEAD || len > sizeof plain + SEAL_OVERHEAD)
        return -EBADMSG;
    int rc = seal_open(key, column_seed, out->id, sealed, len, plain);
    len -= SEAL_OVERHEAD;
    if (rc == 0)
        memcpy(out->seed, plain, OTP_ID);
    if (rc == 0 && len >= OTP_ID + OTP_CODE) {
        memcpy(out->code, plain + OTP_ID, OTP_CODE);
        out->formers = (uint8_t)(len / OTP_CODE - 1);
        memcpy(out->former, plain + OTP_ID + OTP_CODE, (size_t)OTP_CODE * out->formers);
    }
    sodium_memzero(plain, sizeof plain);
    return rc;
}

/* One that a damaged page does not let open is told of; without its seed it sends nothing, and
 * without its hash (all zero) no code is right. */
static void otp_load(struct query *query, struct otp_row *out)
{
    size_t len;
    memset(out, 0, sizeof *out);
    otp_get_plain(query, out);
    const uint8_t *to = query_get_blob(query, &len);
    int rc = unseal_text(query->store, column_to, out->id, to, len, out->to, sizeof out->to);
    if (rc == 0)
        rc = otp_open_secret(query, out);
    if (rc != 0)
        log_event(LOG_LEVEL_ERROR, "store", "-", "does_not_open", "otp=%lld", (long long)out->row);
}

static int otp_load_one(struct query *query, struct otp_row *out)
{
    int rc = query_step(query);
    if (rc != 1)
        return rc;
    otp_load(query, out);
    query_end(query);
    return 1;
}

int store_otp_by_id(struct store *store, const uint8_t id[OTP_ID], struct otp_row *out)
{
    struct query query = query_start(store, SQL_OTP_BY_ID);
    query_put_blob(&query, id, OTP_ID);
    return otp_load_one(&query, out);
}

int store_otp_by_row(struct store *store, int64_t row, struct otp_row *out)
{
    struct query query = query_start(store, SQL_OTP_BY_ROW);
    query_put(&query, row);
    return otp_load_one(&query, out);
}

int store_otp_by_tuple(struct store *store, const uint8_t tuple[OTP_HASH], struct otp_row *out)
{
    struct query query = query_start(store, SQL_OTP_BY_TUPLE);
    query_put_blob(&query, tuple, OTP_HASH);
    return otp_load_one(&query, out);
}

int store_otp_find(struct store *store, const char *to, const char *last3, int64_t since_wall_ms,
                   uint32_t uid, struct otp_row *out, size_t limit)
{
    uint8_t hash[OTP_HASH];
    struct query query = query_start(store, to ? SQL_OTP_FIND_TO : SQL_OTP_FIND_LAST3);
    if (to) {
        store_otp_hash(store, "otp.to", to, strlen(to), hash);
        query_put_blob(&query, hash, OTP_HASH);
    } else {
        query_put_text(&query, last3);
    }
    query_put(&query, since_wall_ms);
    query_put(&query, uid == UINT32_MAX ? -1 : (int64_t)uid);
    query_put(&query, (int64_t)limit);
    int count = 0, rc;
    while ((rc = query_step(&query)) == 1)
        otp_load(&query, &out[count++]);
    return rc < 0 ? rc : count;
}

int store_otp_expired(struct store *store, int64_t *rows, size_t limit)
{
    struct query query = query_start(store, SQL_OTP_EXPIRED);
    query_put(&query, store_clock_ms(store));
    query_put(&query, (int64_t)limit);
    int count = 0, rc;
    while ((rc = query_step(&query)) == 1)
        rows[count++] = query_get(&query);
    return rc < 0 ? rc : count;
}

int store_otp_next(struct store *store, int64_t *out)
{
    struct query query = query_start(store, SQL_OTP_NEXT);
    *out = INT64_MAX;
    int rc = query_step(&query);
    if (rc == 1) {
        *out = query_get(&query);
        query_end(&query);
    }
    return rc < 0 ? rc : 0;
}

/* --- keys of calls ---------------------------------------------------------------------------- */

int store_otp_key_put(struct store *store, const struct otp_key *key)
{
    assert(store->txn.savepoint);
    struct query query = query_start(store, SQL_OTP_KEY_INSERT);
    query_put(&query, key->owner);
    query_put_blob(&query, key->name, OTP_HASH);
    query_put_blob(&query, key->content, OTP_HASH);
    query_put(&query, key->otp);
    query_put(&query, key->result);
    query_put(&query, key->left);
    query_put(&query, loop_wall_ms(store->loop));
    return query_run(&query);
}

int store_otp_key_get(struct store *store, struct otp_key *key)
{
    struct query query = query_start(store, SQL_OTP_KEY_GET);
    query_put(&query, key->owner);
    query_put_blob(&query, key->name, OTP_HASH);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    (void)otp_get_blob(&query, key->content, OTP_HASH);
    key->otp = query_get(&query);
    key->result = (int)query_get(&query);
    key->left = (int)query_get(&query);
    query_end(&query);
    return 1;
}
