/* store_attempt: one row for each part given to a modem: claimed, committed, what became of it.
 * Evidence finds its attempt here: by SIM, message reference and the tail of the number. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "number.h"
#include "text.h"

const char *attempt_state_name(enum attempt_state state)
{
    static const char *const names[] = {
        [ATTEMPT_CLAIMED] = "claimed",   [ATTEMPT_COMMITTED] = "committed", [ATTEMPT_SENT] = "sent",
        [ATTEMPT_NOT_SENT] = "not_sent", [ATTEMPT_UNKNOWN] = "unknown",
    };
    return names[state];
}

static void attempt_hash_tail(const struct store *store, const char *tail, uint8_t out[STORE_HASH])
{
    uint8_t hash[SEAL_HASH];
    store_hash(store, "attempt.tail", tail, strlen(tail), hash);
    memcpy(out, hash, STORE_HASH);
}

int store_attempt_insert(struct store *store, struct attempt *attempt, const char *to)
{
    assert(store->txn.savepoint && attempt->token == 0 && attempt->message > 0);
    uint8_t tail[STORE_HASH];
    attempt_hash_tail(store, number_tail(to), tail);
    uint64_t token = ++store->token; /* not given back where the insert is undone: a link may
                                        have heard of it */
    struct query query = query_start(store, SQL_ATTEMPT_INSERT);
    query_put(&query, (int64_t)token);
    query_put(&query, attempt->message);
    query_put(&query, attempt->part);
    query_put(&query, attempt->run);
    query_put(&query, attempt->state);
    query_put_text(&query, attempt->modem);
    query_put_text(&query, attempt->iccid);
    query_put(&query, attempt->reference);
    query_put(&query, attempt->space);
    query_put(&query, attempt->cause);
    query_put(&query, attempt->claimed_wall_ms);
    query_put(&query, attempt->committed_wall_ms);
    query_put(&query, attempt->ended_wall_ms);
    query_put(&query, attempt->committed_ms);
    query_put(&query, attempt->report_until_ms);
    attempt->report = -1; /* nobody has seen it yet */
    attempt->report_wall_ms = 0;
    query_put(&query, attempt->report);
    query_put(&query, attempt->report_wall_ms);
    query_put_blob(&query, tail, sizeof tail);
    int rc = query_run(&query);
    if (rc == 0)
        attempt->token = token;
    return rc;
}

int store_attempt_update(struct store *store, const struct attempt *attempt)
{
    assert(store->txn.savepoint);
    struct query query = query_start(store, SQL_ATTEMPT_UPDATE);
    query_put(&query, attempt->state);
    query_put(&query, attempt->reference);
    query_put(&query, attempt->space);
    query_put(&query, attempt->cause);
    query_put(&query, attempt->committed_wall_ms);
    query_put(&query, attempt->ended_wall_ms);
    query_put(&query, attempt->committed_ms);
    query_put(&query, attempt->report_until_ms);
    query_put(&query, attempt->report);
    query_put(&query, attempt->report_wall_ms);
    query_put(&query, (int64_t)attempt->token);
    int rc = query_run(&query);
    return rc == 0 && sqlite3_changes(store->db) == 0 ? -ENOENT : rc;
}

static void attempt_get(struct query *query, struct attempt *out)
{
    memset(out, 0, sizeof *out);
    out->token = (uint64_t)query_get(query);
    out->message = query_get(query);
    out->part = (uint8_t)query_get(query);
    out->run = (int)query_get(query);
    out->state = (enum attempt_state)query_get(query);
    query_get_text(query, out->modem, sizeof out->modem);
    query_get_text(query, out->iccid, sizeof out->iccid);
    out->reference = (int)query_get(query);
    out->space = (enum sms_cause_space)query_get(query);
    out->cause = (int)query_get(query);
    out->claimed_wall_ms = query_get(query);
    out->committed_wall_ms = query_get(query);
    out->ended_wall_ms = query_get(query);
    out->committed_ms = query_get(query);
    out->report_until_ms = query_get(query);
    out->report = (int)query_get(query);
    out->report_wall_ms = query_get(query);
}

/* All rows of a query that was filled in. Number, or -errno. */
static int attempt_get_all(struct query *query, struct attempt *out, size_t limit)
{
    size_t count = 0;
    int rc;
    while ((rc = query_step(query)) == 1) {
        assert(count < limit);
        attempt_get(query, &out[count++]);
    }
    return rc < 0 ? rc : (int)count;
}

int store_attempt_by_token(struct store *store, uint64_t token, struct attempt *out)
{
    struct query query = query_start(store, SQL_ATTEMPT_BY_TOKEN);
    query_put(&query, (int64_t)token);
    return attempt_get_all(&query, out, 1);
}

int store_attempts_of(struct store *store, int64_t message, struct attempt *out, size_t limit)
{
    struct query query = query_start(store, SQL_ATTEMPTS_OF);
    query_put(&query, message);
    query_put(&query, (int64_t)limit);
    return attempt_get_all(&query, out, limit);
}

int store_attempts_told(struct store *store, int64_t message, int run, struct attempt *out,
                        size_t limit)
{
    struct query query = query_start(store, SQL_ATTEMPTS_TOLD);
    query_put(&query, message);
    query_put(&query, run);
    query_put(&query, (int64_t)limit);
    return attempt_get_all(&query, out, limit);
}

int store_attempts_match(struct store *store, const char *iccid, int reference, const char *tail,
                         int64_t now_ms, struct attempt *out, size_t limit)
{
    uint8_t hash[STORE_HASH];
    attempt_hash_tail(store, number_tail(tail), hash);
    struct query query = query_start(store, SQL_ATTEMPTS_MATCH);
    query_put_blob(&query, hash, sizeof hash);
    query_put_text(&query, iccid);
    query_put(&query, reference < 0 ? -1 : reference);
    query_put(&query, store->attempts_past);
    query_put(&query, now_ms);
    query_put(&query, (int64_t)limit);
    return attempt_get_all(&query, out, limit);
}

int store_attempts_open(struct store *store, const char *iccid, int64_t since_ms,
                        struct attempt *out, size_t limit)
{
    struct query query = query_start(store, SQL_ATTEMPTS_OPEN);
    query_put_text(&query, iccid);
    query_put(&query, since_ms);
    query_put(&query, (int64_t)limit);
    return attempt_get_all(&query, out, limit);
}

int store_attempts_day(struct store *store, const char *iccid, int64_t since_wall_ms,
                       int64_t until_wall_ms, struct store_day *out)
{
    struct query query = query_start(store, SQL_ATTEMPTS_DAY);
    query_put_text(&query, iccid);
    query_put(&query, since_wall_ms);
    query_put(&query, SMS_CAUSE_LOCAL);
    query_put(&query, SMS_LOCAL_REFUSED);
    query_put(&query, SMS_LOCAL_NOT_READY);
    query_put(&query, SMS_LOCAL_ABORTED);
    query_put(&query, until_wall_ms);
    int rc = query_step(&query);
    if (rc == 1) {
        out->used = query_get(&query);
        out->sent = query_get(&query);
        out->failed = query_get(&query);
        query_end(&query);
        rc = 0;
    }
    return rc;
}
