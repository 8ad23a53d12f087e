/* store_sql: every statement of the store as a row of one const table, compiled once at open.
 *
 * A query is a prepared statement under way: values are put and got in the order of the columns,
 * so that nobody counts indexes. Owned by the caller's frame; ends with query_end() unless
 * query_step() has said 0 or an error, or query_run() was called. */
#ifndef OTPGATE_STORE_SQL_H
#define OTPGATE_STORE_SQL_H

#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>

enum sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_RELEASE,
    SQL_UNDO,
    SQL_META_GET,
    SQL_META_START,
    SQL_META_CLOSE,
    SQL_SEQUENCE,
    SQL_MESSAGE_INSERT,
    SQL_MESSAGE_UPDATE,
    SQL_MESSAGE_STATE,
    SQL_MESSAGE_BY_ROW,
    SQL_MESSAGE_BY_ROW_TEXT,
    SQL_MESSAGE_BY_ID,
    SQL_MESSAGE_BY_KEY,
    SQL_MESSAGE_OF_OTP,
    SQL_MESSAGE_SAME,
    SQL_LIST_ALL,
    SQL_LIST_UID,
    SQL_LIST_STATE,
    SQL_LIST_FLOOR_ALL,
    SQL_LIST_FLOOR_UID,
    SQL_LIST_FLOOR_STATE,
    SQL_COUNTS,
    SQL_QUEUE_SCAN,
    SQL_DUE_AVOID,
    SQL_DUE_HEAD,
    SQL_WAKE,
    SQL_NEXT_WAKE,
    SQL_NEXT_EXPIRE,
    SQL_NEXT_REPORT,
    SQL_EXPIRED,
    SQL_REPORT_ENDED,
    SQL_PINNED,
    SQL_NEXT_SIM_PIN,
    SQL_BEGUN,
    SQL_ATTEMPT_INSERT,
    SQL_ATTEMPT_UPDATE,
    SQL_ATTEMPT_BY_TOKEN,
    SQL_ATTEMPTS_OF,
    SQL_ATTEMPTS_TOLD,
    SQL_ATTEMPTS_MATCH,
    SQL_ATTEMPTS_OPEN,
    SQL_ATTEMPTS_DAY,
    SQL_EVENT_INSERT,
    SQL_EVENT_INSERT_INBOX,
    SQL_EVENT_INSERT_OTP,
    SQL_EVENTS_AFTER,
    SQL_EVENTS_AFTER_UID,
    SQL_EVENT_OLDEST,
    SQL_EVENT_NEWEST,
    SQL_EVENT_PREVIOUS_MESSAGE,
    SQL_EVENT_PREVIOUS_MESSAGE_UID,
    SQL_EVENT_PREVIOUS_INBOX,
    SQL_EVENT_PREVIOUS_OTP,
    SQL_EVENT_PREVIOUS_OTP_UID,
    SQL_INBOX_INSERT,
    SQL_INBOX_LIST,
    SQL_AUDIT_INSERT,
    SQL_AUDIT_LIST,
    SQL_AUDIT_PURGE_LOOK,
    SQL_AUDIT_PURGE,
    SQL_SEEN_FIND,
    SQL_SEEN_FORGET,
    SQL_SEEN_INSERT,
    SQL_PART_FIND,
    SQL_PART_INSERT,
    SQL_PARTS_OF,
    SQL_PARTS_COUNT,
    SQL_PARTS_DELETE,
    SQL_PARTS_RENEW,
    SQL_PARTS_OLDEST,
    SQL_PARTS_ALL,
    SQL_PURGE_MESSAGE,
    SQL_PURGE_INBOX_NEXT,
    SQL_PURGE_INBOX,
    SQL_PURGE_EVENTS_LOOK,
    SQL_PURGE_EVENTS,
    SQL_PURGE_SEEN_LOOK,
    SQL_PURGE_SEEN,
    SQL_OTP_INSERT,
    SQL_OTP_UPDATE,
    SQL_OTP_BY_ID,
    SQL_OTP_BY_ROW,
    SQL_OTP_BY_TUPLE,
    SQL_OTP_FIND_TO,
    SQL_OTP_FIND_LAST3,
    SQL_OTP_EXPIRED,
    SQL_OTP_NEXT,
    SQL_OTP_KEY_INSERT,
    SQL_OTP_KEY_GET,
    SQL_OTP_END_EVENTS,
    SQL_OTP_END,
    SQL_OTP_SCRUB,
    SQL_OTP_PURGE_TUPLES,
    SQL_OTP_PURGE_NUMBERS,
    SQL_OTP_PURGE_KEYS,
    SQL_OTP_PURGE_ROWS_LOOK,
    SQL_OTP_PURGE_ROWS,
    SQL_WINDOW_NEWEST,
    SQL_WINDOW_INSERT,
    SQL_WINDOW_AT,
    SQL_WINDOW_PURGE,
    SQL_TALLY_ADD,
    SQL_TALLY_READ,
    SQL_TALLY_PURGE,
    SQL_PIN_LOOK,
    SQL_PIN_TRY,
    SQL_PIN_REJECT,
    SQL_PIN_ACCEPT,
    SQL_PIN_UNSPEND,
    SQL_PIN_KNOWN,
    SQL_PAIR_GET,
    SQL_PAIR_FORGET,
    SQL_PAIR_INSERT,
    SQL_HABIT_GET,
    SQL_HABIT_SET,
    SQL_OWNCHECK_GET,
    SQL_OWNCHECK_SET,
    SQL_OWNCHECK_PURGE,
    SQL_FACT_GET,
    SQL_FACT_SET,
    SQL_LIVE_COUNT,
    SQL_SHIFT_MESSAGES,
    SQL_SHIFT_REPORTS,
    SQL_ATTEMPTS_PAST,
    SQL_SHIFT_ATTEMPTS,
    SQL_SHIFT_OPEN,
    SQL_CLAIMS,
    SQL_ATTEMPTS_CRASHED,
    SQL_ATTEMPTS_UNCLAIMED,
    SQL_NO_RESENDS,
    SQL_SCRUB_MESSAGES,
    SQL_SCRUB_EVENTS,
    SQL_SCRUB_ATTEMPTS,
    SQL_SCRUB_INBOX,
    SQL_SCRUB_SEEN,
    SQL_SCRUB_PARTS,
    SQL_LOSE_PARTS,
    SQL_SCRUB_AUDIT,
    SQL_SCRUB_PINS,
    SQL_SCRUB_HABITS,
    SQL_SCRUB_OWNCHECKS,
    SQL_END_QUEUED_EVENTS,
    SQL_END_QUEUED,
    SQLS,
};

struct store;
struct query {
    struct store *store;
    sqlite3_stmt *stmt;
    int in, out; /* the last value put; the next column got */
    int rc;      /* first error of a put */
};

/* 0/-errno: -EIO where a statement does not compile (the log says which). */
int sql_prepare(struct store *store) __attribute__((warn_unused_result));
void sql_finalize(struct store *store);

struct query query_start(struct store *store, enum sql sql);
void query_put(struct query *query, int64_t value);
/* Texts and blobs must live until the query ends: they are not copied. NULL puts a NULL. */
void query_put_text(struct query *query, const char *text);
void query_put_blob(struct query *query, const void *bytes, size_t len);

/* 1: a row; 0: no more; -errno. The query has ended unless it is 1. */
int query_step(struct query *query) __attribute__((warn_unused_result));
/* For what returns no rows: 0/-errno, ended. */
int query_run(struct query *query) __attribute__((warn_unused_result));
void query_end(struct query *query);

int64_t query_get(struct query *query);
void query_get_text(struct query *query, char *out, size_t room);
/* NULL with len 0 for a NULL; holds until the next step or end. */
const uint8_t *query_get_blob(struct query *query, size_t *len);

/* What an error of SQLite is called here: -ENOSPC, -EROFS, -EIO, -EBADMSG, -EEXIST, ... */
int sql_errno(sqlite3 *db, int rc);

#endif
