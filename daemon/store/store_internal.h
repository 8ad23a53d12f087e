/* store_internal: what the rooms of the store share. Nobody outside daemon/store (and its own unit
 * tests) includes this. */
#ifndef OTPGATE_STORE_INTERNAL_H
#define OTPGATE_STORE_INTERNAL_H

#include "store.h"
#include "seal.h"
#include "store_sql.h"

enum {
    STORE_SCHEMA = 12,    /* PRAGMA user_version of this source */
    STORE_TXN_ROWS = 512, /* caps of one group commit: steady load must not starve it */
    STORE_TXN_AGE_MS = 20,
    STORE_WAL_PAGES = 10000,     /* checkpoint inline: never let the log grow without end */
    STORE_WAL_IDLE_PAGES = 1000, /* checkpoint when nothing was committed for a moment */
    STORE_WAL_STEP_PAGES = 256,  /* checkpoint between two steps of what is done little by little */
    STORE_WAL_TIGHT_PAGES = 64,  /* checkpoint at once while there is no reserve */
    STORE_QUIET_MS = 1000,
    STORE_CRASHES_MAX = 3,
    STORE_HASH = 16, /* bytes of a keyed hash that are kept in a column */
    STORE_INCARNATION = 32,
    STORE_SEEN_MAX = 100000,
    /* One step of the purge ends at these, whatever its caller allows: a message and its attempts
     * stand in eight indexes, some in no order (64 messages of a million: 10 ms, and as long again
     * for the COMMIT); an inbound text of 255 parts has 40 pages. */
    STORE_PURGE_MESSAGES = 16,
    STORE_PURGE_CHANGES = 256,
    STORE_PURGE_BYTES = 128 * 1024,
};

enum store_key { KEY_BODY, KEY_INDEX, KEY_OTP, KEY_RUNTIME };
enum { STORE_KEYS = KEY_OTP + 1 }; /* that must be there; KEY_RUNTIME may be */
struct store_keys {
    uint8_t key[KEY_RUNTIME + 1][SEAL_KEY];
};

struct store_list {
    struct store_waiter *head, *tail;
};

/* What RAM knows of the database and must forget again when it is undone. */
struct store_tally {
    int64_t counts[MESSAGE_STATES];
    int64_t seq;   /* of the newest event written */
    int64_t parts; /* rows of unfinished sets */
};

struct store_txn {
    bool open;       /* BEGIN was done and neither COMMIT nor ROLLBACK */
    bool savepoint;  /* between store_begin() and store_end() */
    bool committing; /* inside the hook: no commit from store_end() */
    bool uncapped;   /* recovery: all or nothing */
    bool urgent;     /* somebody waits who is not patient */
    int lost;      /* -errno from the undoing of a whole transaction until its waiters were told */
    unsigned rows; /* written since BEGIN */
    bool wrote;    /* its COMMIT has added to the log */
    int64_t opened_ms;
    int64_t hold_until_ms; /* 0: the COMMIT is not held */
    uint64_t number;
    struct store_tally at_begin, at_savepoint;
};

struct store {
    struct loop *loop;
    int64_t clock_shift; /* see store_clock_ms() */
    sqlite3 *db;
    sqlite3_stmt *stmt[SQLS];
    struct store_keys *keys; /* sodium_malloc: locked, guarded, read-only */
    /* Which key seals texts: 0: KEY_BODY; else the number of a KEY_RUNTIME, counted up. */
    int64_t seal;         /* what is written now */
    int64_t seal_runtime; /* of the KEY_RUNTIME that is there; 0: none is */
    bool bodies_lost;     /* what the former KEY_RUNTIME has sealed cannot be read any more */
    int64_t bodies_lost_count;
    int64_t given_up; /* at this start, after too many crashes */

    struct store_txn txn;
    struct store_tally tally;
    int64_t seq_durable;
    uint64_t token; /* the last given out: never again, not even after an undone insert */
    struct store_list waiting; /* for the COMMIT of the open transaction */
    struct store_list ready;   /* to be told */
    struct store_list telling; /* being told */
    bool events_new;
    struct loop_task commit_task, tell_task;
    struct loop_timer checkpoint_timer, hold_timer;
    int wal_pages;
    void (*before_commit)(void *arg);
    void *before_commit_arg;
    void (*on_savepoint)(void *arg, bool undone);
    void *on_savepoint_arg;
    void (*on_events)(void *arg);
    void *on_events_arg;

    int dir_fd, lock_fd, incarnation_fd; /* -1: in memory */
    int64_t attempts_past; /* no report can come for this token, nor for those before it */
    bool unclean, keys_lost, restored, incarnation_bad;
    uint8_t incarnation[STORE_INCARNATION];
    int64_t reserve_tried_ms;
    bool reserve_held;
    struct {
        int64_t audit, event, otp, seen;
    } purge_past; /* rows up to these are of a future, says this look of the purge; 0: a new look */
    char dir[512];
};

/* One step through a table whose rows stand in the order in which they were written, by two
 * statements: what is older than `before_wall_ms` goes, `rows` of it at the most. So does what a
 * clock that stood wrong has dated into the future, once something that was written later is old
 * enough; never by that clock alone, which may be the one that is wrong now. Rows dealt with: call
 * again while it is not 0. -errno. Inside a transaction. */
int purge_in_order(struct store *store, enum sql look, enum sql purge, int64_t *past,
                   int64_t before_wall_ms, size_t rows);

/* Why an open failed, in a sentence; returns `rc` so that it can stand in a return. */
int store_why(int rc, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- store_files.c: everything beside the database --- */
int files_open(struct store *store, const char *state_dir) __attribute__((warn_unused_result));
void files_close(struct store *store);
/* `file` of the state directory, as a path for SQLite. */
void files_path(const struct store *store, const char *file, char *out, size_t room);
/* Writes a new 0600 file whole and durably: a temporary name, fsync, rename, fsync. */
int files_write(int dir_fd, const char *name, const void *bytes, size_t len)
    __attribute__((warn_unused_result));
/* Tries, at most every ten seconds; sets reserve_held. */
void files_reserve_take(struct store *store);
/* Incarnation: see store_files.c. */
bool files_incarnation_known(struct store *store, const uint8_t want[STORE_INCARNATION],
                             int64_t seq);
int files_incarnation_make(struct store *store) __attribute__((warn_unused_result));
int files_incarnation_take(struct store *store) __attribute__((warn_unused_result));
void files_incarnation_note(struct store *store);

/* --- store_schema.c --- */
int schema_open(struct store *store) __attribute__((warn_unused_result));
int schema_check(struct store *store) __attribute__((warn_unused_result));

/* What makes this revision of the one before it: for tests, which begin at an old one. */
const char *schema_script(int revision);
/* The sentence for an error of the database; returns `rc`. */
int schema_failed(struct store *store, int rc);

/* --- store_keys.c --- */
int keys_open(struct store *store, const uint8_t *check, size_t check_len,
              const struct store_options *options) __attribute__((warn_unused_result));
/* The key of a text that was sealed with this number; NULL: it is gone. */
const uint8_t *keys_body(const struct store *store, int64_t seal);
/* Inside the transaction of the recovery: which KEY_RUNTIME it is. */
int keys_keep_runtime(struct store *store) __attribute__((warn_unused_result));
void keys_check_value(const struct store *store, uint8_t out[STORE_KEYS * SEAL_HASH]);
void keys_close(struct store *store);

/* --- store_recover.c --- */
int recover_run(struct store *store, const struct store_options *options)
    __attribute__((warn_unused_result));
int recover_mark_clean(struct store *store) __attribute__((warn_unused_result));

/* --- store_txn.c --- */
void txn_init(struct store *store);
void txn_stop(struct store *store);
/* After each error: has SQLite rolled the whole transaction back by itself? */
void txn_notice(struct store *store, int rc);
void txn_checkpoint(struct store *store);
int txn_commit(struct store *store) __attribute__((warn_unused_result));
/* For writes that may also stand alone: joins the savepoint that is open, or sets one. */
struct store_own {
    bool own;
};
int txn_join(struct store *store, struct store_own *own) __attribute__((warn_unused_result));
int txn_leave(struct store *store, struct store_own *own, int rc)
    __attribute__((warn_unused_result));

/* --- store_message.c --- */
int message_load(struct query *query, bool with_text, struct message *out)
    __attribute__((warn_unused_result));
int message_counts_load(struct store *store) __attribute__((warn_unused_result));

/* --- store_event.c --- */
/* `row` of the message or of the inbox. */
int event_append(struct store *store, enum event_topic topic, int64_t row)
    __attribute__((warn_unused_result));
struct otp_row;
int event_append_otp(struct store *store, const struct otp_row *otp, enum otp_news news,
                     int checks_left) __attribute__((warn_unused_result));

/* --- store_id.c --- */
void id_make(int64_t wall_ms, uint8_t id[16]);

/* --- store_parts.c --- */
int parts_count_load(struct store *store) __attribute__((warn_unused_result));

/* Sealed columns that a message and its events share. */
extern const char seal_column_to[], seal_column_key[], seal_column_body[];
/* "" for a NULL column; -EBADMSG where it does not open or does not fit. */
int unseal_text(const struct store *store, const char *column, const uint8_t id[16],
                const uint8_t *sealed, size_t len, char *out, size_t room)
    __attribute__((warn_unused_result));

#endif
