#include "store_audit.h"

#include <errno.h>
#include <string.h>
#include <sodium.h>
#include "log.h"
#include "store_internal.h"
#include "text.h"

static const char column_reason[] = "audit.reason";
static const char column_actor[] = "audit.actor";

/* NULL for an empty text: nothing is sealed. Returns the sealed length. */
static size_t seal_text(const struct store *store, const char *column, const uint8_t id[16],
                        const char *text, uint8_t *out)
{
    size_t len = strlen(text);
    if (len == 0)
        return 0;
    seal_close(store->keys->key[KEY_BODY], column, id, text, len, out);
    return len + SEAL_OVERHEAD;
}

int store_audit_insert(struct store *store, struct audit_row *audit)
{
    uint8_t reason[AUDIT_REASON_MAX + SEAL_OVERHEAD], actor[AUDIT_ACTOR_MAX + SEAL_OVERHEAD];
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    id_make(loop_wall_ms(store->loop), audit->id);
    size_t reason_len = seal_text(store, column_reason, audit->id, audit->reason, reason);
    size_t actor_len = seal_text(store, column_actor, audit->id, audit->actor, actor);
    struct query query = query_start(store, SQL_AUDIT_INSERT);
    query_put_blob(&query, audit->id, sizeof audit->id);
    query_put(&query, audit->wall_ms);
    query_put(&query, audit->uid);
    query_put(&query, audit->pid);
    query_put_text(&query, audit->method);
    query_put_text(&query, audit->outcome);
    query_put_text(&query, audit->modem);
    query_put_text(&query, audit->conclusion);
    query_put_blob(&query, reason_len ? reason : NULL, reason_len);
    query_put_blob(&query, actor_len ? actor : NULL, actor_len);
    rc = query_run(&query);
    if (rc == 0)
        audit->row = sqlite3_last_insert_rowid(store->db);
    return txn_leave(store, &own, rc);
}

/* What does not open is told of and comes empty; the list goes on. */
static void audit_get_sealed(struct query *query, const char *column, struct audit_row *out,
                             char *text, size_t room)
{
    size_t len;
    const uint8_t *sealed = query_get_blob(query, &len);
    if (unseal_text(query->store, column, out->id, sealed, len, text, room) != 0)
        log_event(LOG_LEVEL_ERROR, "store", "-", "does_not_open", "audit=%lld",
                  (long long)out->row);
}

static void audit_get(struct query *query, struct audit_row *out)
{
    size_t len;
    memset(out, 0, sizeof *out);
    out->row = query_get(query);
    const uint8_t *id = query_get_blob(query, &len);
    if (id && len == sizeof out->id)
        memcpy(out->id, id, sizeof out->id);
    out->wall_ms = query_get(query);
    out->uid = (uint32_t)query_get(query);
    out->pid = (int)query_get(query);
    query_get_text(query, out->method, sizeof out->method);
    query_get_text(query, out->outcome, sizeof out->outcome);
    query_get_text(query, out->modem, sizeof out->modem);
    query_get_text(query, out->conclusion, sizeof out->conclusion);
    audit_get_sealed(query, column_reason, out, out->reason, sizeof out->reason);
    audit_get_sealed(query, column_actor, out, out->actor, sizeof out->actor);
}

int store_audit_list(struct store *store, int64_t cursor, struct audit_row *out, size_t limit)
{
    struct query query = query_start(store, SQL_AUDIT_LIST);
    query_put(&query, cursor ? cursor : INT64_MAX);
    query_put(&query, (int64_t)limit);
    int count = 0, rc;
    while ((rc = query_step(&query)) == 1)
        audit_get(&query, &out[count++]);
    return rc < 0 ? rc : count;
}

int store_audit_purge(struct store *store, int64_t before_wall_ms, size_t rows)
{
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    rc = purge_in_order(store, SQL_AUDIT_PURGE_LOOK, SQL_AUDIT_PURGE, &store->purge_past.audit,
                        before_wall_ms, rows);
    return txn_leave(store, &own, rc);
}
