/* store_schema: the database itself: opened, set up, migrated.
 *
 * The revision stands in user_version; migrations run in order, each in a transaction of its own
 * together with its number, so that a crash between two leaves a database that goes on from there.
 * A script that was released is never edited: append the next. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "log.h"

/* "OTPG": tells our database from any other SQLite file. */
enum { SCHEMA_APPLICATION = 0x4f545047 };
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

/* Times: *_wall in ms since 1970; the others (at, expires, wait, report_until, committed) in ms of
 * CLOCK_BOOTTIME of the boot in meta. sealed_* and body are AEAD, *_hash and tail keyed hashes:
 * NULL where there is none or its key is lost. */
static const char schema_1[] =
    "CREATE TABLE meta ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " boot TEXT NOT NULL, wall INTEGER NOT NULL, at INTEGER NOT NULL,"
    " seq INTEGER NOT NULL," /* newest event when wall and at were written */
    " clean INTEGER NOT NULL,"
    " incarnation BLOB, key_check BLOB) STRICT;"
    "INSERT INTO meta VALUES (1, '', 0, 0, 0, 1, NULL, NULL);"

    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    /* AUTOINCREMENT: a row, a token, a seq is never used twice, not even after a purge. */
    "CREATE TABLE message ("
    " row INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, uid INTEGER NOT NULL,"
    " key_hash BLOB UNIQUE, content_hash BLOB, sealed_to BLOB, sealed_key BLOB, body BLOB,"
    " class INTEGER NOT NULL CHECK (class BETWEEN 0 AND 2),"
    " encoding INTEGER NOT NULL, parts INTEGER NOT NULL, report INTEGER NOT NULL,"
    " flash INTEGER NOT NULL, unaccented INTEGER NOT NULL, replace_type INTEGER NOT NULL,"
    " created_wall INTEGER NOT NULL, expires_wall INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 9), on_unknown INTEGER NOT NULL,"
    " parts_done INTEGER NOT NULL, no_validity INTEGER NOT NULL, reference INTEGER NOT NULL,"
    " sent_nothing INTEGER NOT NULL, resends INTEGER NOT NULL, crashes INTEGER NOT NULL,"
    " wait INTEGER NOT NULL, sending_wall INTEGER NOT NULL, sent_wall INTEGER NOT NULL,"
    " ended_wall INTEGER NOT NULL, report_until INTEGER NOT NULL, pin TEXT NOT NULL,"
    " avoid TEXT NOT NULL, modem TEXT NOT NULL, iccid TEXT NOT NULL, reason TEXT NOT NULL,"
    " space INTEGER NOT NULL, cause INTEGER NOT NULL) STRICT;"
    /* Partial: an index holds what its question can be about and nothing else, so that ended
     * messages cost the queue nothing. */
    "CREATE INDEX message_due ON message (pin, avoid, class, expires)"
    " WHERE state = 0 AND wait = 0;"
    "CREATE INDEX message_wait ON message (wait) WHERE state = 0 AND wait > 0;"
    "CREATE INDEX message_expire ON message (expires) WHERE state = 0;"
    "CREATE INDEX message_pin ON message (pin) WHERE state = 0 AND pin <> '';"
    "CREATE INDEX message_report ON message (report_until)"
    " WHERE state IN (3, 4) AND report_until > 0;"
    "CREATE INDEX message_purge ON message (max(expires_wall, ended_wall)) WHERE ended_wall > 0;"
    "CREATE INDEX message_state ON message (state);"
    "CREATE INDEX message_uid ON message (uid);"

    "CREATE TABLE attempt ("
    " token INTEGER PRIMARY KEY AUTOINCREMENT,"
    " message INTEGER NOT NULL REFERENCES message (row) ON DELETE CASCADE,"
    " part INTEGER NOT NULL, state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),"
    " modem TEXT NOT NULL, iccid TEXT NOT NULL, reference INTEGER NOT NULL,"
    " space INTEGER NOT NULL, cause INTEGER NOT NULL, claimed_wall INTEGER NOT NULL,"
    " committed_wall INTEGER NOT NULL, ended_wall INTEGER NOT NULL, committed INTEGER NOT NULL,"
    " report_until INTEGER NOT NULL, report INTEGER NOT NULL, report_wall INTEGER NOT NULL,"
    " tail BLOB) STRICT;"
    "CREATE INDEX attempt_message ON attempt (message);"
    "CREATE INDEX attempt_evidence ON attempt (tail, iccid, reference);"
    /* ORs: for three values in an IN, SQLite would build a table at each look at a row. */
    "CREATE INDEX attempt_open ON attempt (iccid, committed)"
    " WHERE state = 0 OR state = 1 OR state = 4;"
    "CREATE INDEX attempt_budget ON attempt (iccid, committed_wall) WHERE committed_wall > 0;"

    /* No foreign key: an event outlives its message. */
    "CREATE TABLE event ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT, wall INTEGER NOT NULL, at INTEGER NOT NULL,"
    " topic INTEGER NOT NULL DEFAULT 0 CHECK (topic BETWEEN 0 AND 1), message INTEGER NOT NULL, id "
    "BLOB NOT NULL, uid INTEGER NOT NULL, sealed_key BLOB,"
    " state INTEGER NOT NULL, modem TEXT NOT NULL, reason TEXT NOT NULL, space INTEGER NOT NULL,"
    " cause INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL) STRICT;"
    "CREATE INDEX event_uid ON event (uid);"

    /* What comes in. Numbers and texts sealed; body NULL: its key is lost. */
    "CREATE TABLE inbox ("
    " row INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, wall INTEGER NOT NULL,"
    " sent_wall INTEGER NOT NULL, modem TEXT NOT NULL, iccid TEXT NOT NULL,"
    " parts INTEGER NOT NULL, missing INTEGER NOT NULL,"
    " class INTEGER NOT NULL CHECK (class BETWEEN -1 AND 3),"
    " sealed_from BLOB, body BLOB) STRICT;"
    "CREATE INDEX inbox_purge ON inbox (wall);"

    /* In the order of rows: the oldest is the first. A row that was freed may be used again. */
    "CREATE TABLE seen ("
    " row INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, wall INTEGER NOT NULL) STRICT;"
    "CREATE TABLE part ("
    " row INTEGER PRIMARY KEY, set_hash BLOB NOT NULL, part INTEGER NOT NULL,"
    " total INTEGER NOT NULL, wall INTEGER NOT NULL, iccid TEXT NOT NULL, modem TEXT NOT NULL,"
    " sealed_tpdu BLOB NOT NULL, UNIQUE (set_hash, part)) STRICT;";

/* Verifications. `at` and `expires` are in ms of store_clock_ms(), which goes on over a reboot.
 * otp_key: what a call with a key did. otp_window: things that happened to one name, numbered from
 * 1. otp_tally: how many of what in an hour. */
static const char schema_2[] =
    "CREATE TABLE otp ("
    " row INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, uid INTEGER NOT NULL,"
    " purpose TEXT NOT NULL, locale TEXT NOT NULL, sealed_to BLOB, to_hash BLOB, last3 TEXT NOT "
    "NULL,"
    " tuple BLOB, length INTEGER NOT NULL, streak INTEGER NOT NULL,"
    " created_wall INTEGER NOT NULL, app_hash TEXT NOT NULL, origin TEXT NOT NULL,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), reason TEXT NOT NULL,"
    " checks INTEGER NOT NULL, sends INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " sent INTEGER NOT NULL, checked INTEGER NOT NULL, expires_wall INTEGER NOT NULL,"
    " ended_wall INTEGER NOT NULL, sealed_seed BLOB, code BLOB, formers BLOB) STRICT;"
    "CREATE UNIQUE INDEX otp_pending ON otp (tuple) WHERE state = 0;"
    "CREATE INDEX otp_tuple ON otp (tuple, row) WHERE tuple IS NOT NULL;"
    "CREATE INDEX otp_to ON otp (to_hash, row);"
    "CREATE INDEX otp_last3 ON otp (last3, row);"
    "CREATE INDEX otp_expire ON otp (expires) WHERE state = 0;"
    "CREATE INDEX otp_purge ON otp (ended_wall) WHERE ended_wall > 0 AND sealed_to IS NOT NULL;"
    "CREATE TABLE otp_key ("
    " name BLOB PRIMARY KEY, content BLOB NOT NULL, otp INTEGER NOT NULL,"
    " result INTEGER NOT NULL, left_ INTEGER NOT NULL, wall INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX otp_key_wall ON otp_key (wall);"
    "CREATE TABLE otp_window ("
    " scope INTEGER NOT NULL, name BLOB NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (scope, name, n)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX otp_window_at ON otp_window (at);"
    "CREATE TABLE otp_tally ("
    " hour INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, slot INTEGER NOT NULL,"
    " count INTEGER NOT NULL, PRIMARY KEY (hour, kind, name, slot)) STRICT, WITHOUT ROWID;";

/* PINs that were typed into SIMs. state: enum store_pin; hash: empty where its key is lost. */
static const char schema_3[] =
    "CREATE TABLE pin ("
    " sim TEXT NOT NULL, hash BLOB NOT NULL, state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 2),"
    " spent INTEGER NOT NULL, wall INTEGER NOT NULL, PRIMARY KEY (sim, hash)) STRICT, WITHOUT "
    "ROWID;";

/* Who asked for what; see store_audit.h. */
static const char schema_4[] =
    "CREATE TABLE audit ("
    " row INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, wall INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, pid INTEGER NOT NULL, method TEXT NOT NULL, outcome TEXT NOT NULL,"
    " modem TEXT NOT NULL, conclusion TEXT NOT NULL, sealed_reason BLOB, sealed_actor BLOB) "
    "STRICT;";

/* What failed before its text left: counted for a day. */
static const char schema_5[] = "CREATE INDEX attempt_unsent ON attempt (iccid, ended_wall)"
                               " WHERE state = 3 AND committed_wall = 0;";

/* Which SIM is in which modem: the first 14 digits of an IMEI, and an ICCID. */
static const char schema_6[] =
    "CREATE TABLE sim_pair (imei TEXT PRIMARY KEY, iccid TEXT NOT NULL UNIQUE)"
    " STRICT, WITHOUT ROWID;";

/* habit: what works with a modem and its firmware (keyed hashes). ussd: enum ussd_form.
 *
 * otp and its neighbours: what a start touches does not grow with history. A hash falls anywhere in
 * an index: those of otp are cut into runs of 8192 rows, so that all that is written now falls into
 * the newest one, which is small; a look-up descends once for each run. The messages of a
 * verification are found by its row, keys of calls about one verification lie beside each other,
 * and what is looked at for an hour alone is kept for an hour.
 *
 * seal: which key has sealed a text, a TPDU, or the seed of a code; see store_keys.c.
 *
 * event: made anew with the topic of verifications. Its index of those alone grows at its end. */
static const char schema_7[] =
    "CREATE TABLE habit (modem BLOB PRIMARY KEY, firmware BLOB NOT NULL, ussd INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    /* The last check of a SIM of ours; see store_owncheck.h. owner, balance: enums of owncheck.h.
     */
    "CREATE TABLE owncheck ("
    " sim BLOB PRIMARY KEY, wall INTEGER NOT NULL, due INTEGER NOT NULL, checked INTEGER NOT NULL,"
    " owner INTEGER NOT NULL, balance INTEGER NOT NULL, changed INTEGER NOT NULL,"
    " read INTEGER NOT NULL, vnd INTEGER NOT NULL, expires TEXT NOT NULL, name BLOB, id BLOB)"
    " STRICT, WITHOUT ROWID;"

    "ALTER TABLE otp RENAME TO otp_6;" /* made anew without the constraint on its id */
    "CREATE TABLE otp ("
    " row INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, uid INTEGER NOT NULL,"
    " purpose TEXT NOT NULL, locale TEXT NOT NULL, sealed_to BLOB, to_hash BLOB, last3 TEXT NOT "
    "NULL,"
    " tuple BLOB, length INTEGER NOT NULL, streak INTEGER NOT NULL,"
    " created_wall INTEGER NOT NULL, app_hash TEXT NOT NULL, origin TEXT NOT NULL,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), reason TEXT NOT NULL,"
    " checks INTEGER NOT NULL, sends INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " sent INTEGER NOT NULL, checked INTEGER NOT NULL, expires_wall INTEGER NOT NULL,"
    " ended_wall INTEGER NOT NULL, sealed_seed BLOB, code BLOB, formers BLOB) STRICT;"
    "INSERT INTO otp SELECT * FROM otp_6 ORDER BY row;"
    "DELETE FROM sqlite_sequence WHERE name = 'otp';"
    "UPDATE sqlite_sequence SET name = 'otp' WHERE name = 'otp_6';"
    "DROP TABLE otp_6;"
    "CREATE UNIQUE INDEX otp_pending ON otp (tuple) WHERE state = 0;"
    "CREATE INDEX otp_tuple ON otp (tuple, row) WHERE tuple IS NOT NULL;"
    "CREATE INDEX otp_id ON otp (row >> 13, id);"
    "CREATE INDEX otp_to ON otp (row >> 13, to_hash);"
    "CREATE INDEX otp_last3 ON otp (row >> 13, last3);"
    "CREATE INDEX otp_expire ON otp (expires) WHERE state = 0;"
    "CREATE INDEX otp_purge ON otp (ended_wall) WHERE ended_wall > 0 AND sealed_to IS NOT NULL;"
    "ALTER TABLE message ADD COLUMN otp INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE message ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE inbox ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE part ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE otp ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX message_otp ON message (otp) WHERE otp > 0;"
    "CREATE INDEX otp_streak ON otp (sent) WHERE ended_wall > 0 AND tuple IS NOT NULL;"
    "ALTER TABLE otp_key RENAME TO otp_key_6;"
    "DROP INDEX otp_key_wall;"
    "CREATE TABLE otp_key ("
    " owner INTEGER NOT NULL, name BLOB NOT NULL, content BLOB NOT NULL, otp INTEGER NOT NULL,"
    " result INTEGER NOT NULL, left_ INTEGER NOT NULL, wall INTEGER NOT NULL,"
    " PRIMARY KEY (owner, name)) STRICT, WITHOUT ROWID;"
    /* which call an old one was of is not known: no name stands for two */
    "INSERT INTO otp_key SELECT 0, name, content, otp, result, left_, wall FROM otp_key_6;"
    "INSERT INTO otp_key SELECT otp, name, content, otp, result, left_, wall FROM otp_key_6"
    " WHERE otp > 0;"
    "DROP TABLE otp_key_6;"
    "CREATE INDEX otp_key_wall ON otp_key (wall);"
    "ALTER TABLE otp_window ADD COLUMN until INTEGER NOT NULL DEFAULT 0;"
    "UPDATE otp_window SET until = at + 86400000;"
    "DROP INDEX otp_window_at;"
    "CREATE INDEX otp_window_until ON otp_window (until);"

    "ALTER TABLE event RENAME TO event_6;"
    "CREATE TABLE event ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT, wall INTEGER NOT NULL, at INTEGER NOT NULL,"
    " topic INTEGER NOT NULL DEFAULT 0 CHECK (topic BETWEEN 0 AND 2), message INTEGER NOT NULL, id "
    "BLOB NOT NULL, uid INTEGER NOT NULL, sealed_key BLOB,"
    " state INTEGER NOT NULL, modem TEXT NOT NULL, reason TEXT NOT NULL, space INTEGER NOT NULL,"
    " cause INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,"
    " purpose TEXT NOT NULL DEFAULT '') STRICT;"
    "INSERT INTO event SELECT *, '' FROM event_6 ORDER BY seq;"
    "DELETE FROM sqlite_sequence WHERE name = 'event';"
    "UPDATE sqlite_sequence SET name = 'event' WHERE name = 'event_6';"
    "DROP TABLE event_6;"
    "CREATE INDEX event_uid ON event (uid);"
    "CREATE INDEX event_otp ON event (topic) WHERE topic = 2;";

/* Parts of one message that were begun anew elsewhere: which run an attempt belongs to. */
static const char schema_8[] = "ALTER TABLE message ADD COLUMN run INTEGER NOT NULL DEFAULT 0;"
                               "ALTER TABLE attempt ADD COLUMN run INTEGER NOT NULL DEFAULT 0;";

/* Of what came before it is not known whether its sender is a name. */
static const char schema_9[] = "ALTER TABLE inbox ADD COLUMN named INTEGER NOT NULL DEFAULT 0;";

/* A SIM was known by whatever its modem had told of it: from here on by nineteen digits. */
static const char schema_10[] =
    "UPDATE OR REPLACE sim_pair SET iccid = substr(iccid, 1, 19) WHERE length(iccid) > 19;"
    "UPDATE attempt SET iccid = substr(iccid, 1, 19) WHERE length(iccid) > 19;"
    "UPDATE message SET iccid = substr(iccid, 1, 19), avoid = substr(avoid, 1, 19),"
    " pin = iif(pin GLOB 'sim:*', substr(pin, 1, 23), pin) WHERE length(iccid) > 19 OR"
    " length(avoid) > 19 OR (pin GLOB 'sim:*' AND length(pin) > 23);"
    "UPDATE inbox SET iccid = substr(iccid, 1, 19) WHERE length(iccid) > 19;"
    "UPDATE part SET iccid = substr(iccid, 1, 19) WHERE length(iccid) > 19;"
    /* sim.ICCID.out and its like */
    "UPDATE OR REPLACE fact SET name = substr(name, 1, 23) ||"
    " substr(name, 4 + instr(substr(name, 5), '.'))"
    " WHERE name GLOB 'sim.*.*' AND instr(substr(name, 5), '.') > 20;";

/* Where it was typed: of what came before that is not known. */
static const char schema_11[] = "ALTER TABLE pin ADD COLUMN modem TEXT NOT NULL DEFAULT '';";

/* Parts that one modem alone may send: it stands in the column modem. */
static const char schema_12[] = "ALTER TABLE message ADD COLUMN only INTEGER NOT NULL DEFAULT 0;";

static const char *const schema_scripts[STORE_SCHEMA] = {
    schema_1, schema_2, schema_3, schema_4,  schema_5,  schema_6,
    schema_7, schema_8, schema_9, schema_10, schema_11, schema_12,
};

const char *schema_script(int revision)
{
    assert(revision >= 1 && revision <= STORE_SCHEMA);
    return schema_scripts[revision - 1];
}

static int schema_exec(struct store *store, const char *script)
{
    int rc = sqlite3_exec(store->db, script, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sql_errno(store->db, rc);
}

/* The one value of a PRAGMA or SELECT; before any statement is prepared. */
static int schema_number(struct store *store, const char *sql, int64_t *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    int error = rc == SQLITE_ROW ? 0 : sql_errno(store->db, rc);
    sqlite3_finalize(stmt);
    return error;
}

static int schema_migrate(struct store *store, int64_t from)
{
    for (int64_t i = from; i < STORE_SCHEMA; i++) {
        char number[64];
        snprintf(number, sizeof number, "PRAGMA user_version = %d", (int)i + 1);
        int rc = schema_exec(store, "BEGIN IMMEDIATE");
        if (rc == 0)
            rc = schema_exec(store, schema_scripts[i]);
        if (rc == 0)
            rc = schema_exec(store, "PRAGMA application_id = " TEXT_OF(0x4f545047));
        if (rc == 0)
            rc = schema_exec(store, number);
        if (rc == 0)
            rc = schema_exec(store, "COMMIT");
        if (rc != 0) {
            if (!sqlite3_get_autocommit(store->db))
                (void)schema_exec(store, "ROLLBACK"); /* the first error is the one to tell */
            return store_why(rc, "The database %s/otpgate.db cannot be set up (revision %d): %s.",
                             store->dir, (int)i + 1, strerror(-rc));
        }
        if (store->dir_fd >= 0)
            log_event(LOG_LEVEL_NOTICE, "store", "-", "migrated", "revision=%d", (int)i + 1);
    }
    return 0;
}

/* secure_delete: what is deleted is overwritten in the page; what is left in the WAL is sealed.
 * synchronous=FULL: a COMMIT has returned only when it is on the disk. temp_store: nothing of ours
 * in files of others. busy_timeout: an operator's backup may hold a lock for a moment. */
static const char schema_pragmas[] = "PRAGMA journal_mode = WAL;"
                                     "PRAGMA synchronous = FULL;"
                                     "PRAGMA secure_delete = ON;"
                                     "PRAGMA foreign_keys = ON;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA cache_size = -8192;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA busy_timeout = 50;"
                                     "PRAGMA wal_autocheckpoint = " TEXT_OF(10000);
_Static_assert(STORE_WAL_PAGES == 10000, "as in the pragma");

/* sqlite3_wal_autocheckpoint() is itself a hook; ours does the same and remembers the size. It is
 * not called for a COMMIT that had nothing to write. */
static int schema_on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct store *store = arg;
    store->wal_pages = pages;
    store->txn.wrote = true;
    if (pages >= STORE_WAL_PAGES) {
        int rc = sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        if (rc != SQLITE_OK) /* the WAL keeps everything; the next commit tries again */
            log_event(LOG_LEVEL_WARNING, "store", "-", "checkpoint", "error=\"%s\"",
                      sqlite3_errstr(rc));
    }
    return SQLITE_OK; /* anything else would make a COMMIT that was done look failed */
}

static int schema_damaged(struct store *store, const char *what)
{
    return store_why(-EBADMSG,
                     "The database %s/otpgate.db is damaged (%s). Keep a copy, then mend it with "
                     "\"sqlite3 otpgate.db .recover | sqlite3 mended.db\" and put mended.db in its "
                     "place, or move it away to begin with an empty one.",
                     store->dir, what);
}

int schema_failed(struct store *store, int rc)
{
    if (rc == -EBADMSG)
        return schema_damaged(store, sqlite3_errmsg(store->db));
    if (rc == -EROFS)
        return store_why(rc,
                         "The database %s/otpgate.db can be read but not written: remount the "
                         "file system or give the file back to the daemon's user.",
                         store->dir);
    if (rc == -ENOSPC)
        return store_why(rc, "The disk that holds %s is full: free some space and start again.",
                         store->dir);
    return store_why(rc, "The database %s/otpgate.db cannot be opened: %s (%s).", store->dir,
                     strerror(-rc), sqlite3_errmsg(store->db));
}

int schema_open(struct store *store)
{
    char path[sizeof store->dir + 16] = ":memory:";
    if (store->dir_fd >= 0)
        files_path(store, "otpgate.db", path, sizeof path);
    int rc = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        int error = sql_errno(store->db, rc);
        return store->db ? schema_failed(store, error) : store_why(error, "No memory.");
    }
    (void)sqlite3_extended_result_codes(store->db, 1); /* fails only without a db */
    if (sqlite3_db_readonly(store->db, "main") == 1)
        return schema_failed(store, -EROFS);
    int64_t revision = 0, application = 0, tables = 0;
    rc = schema_number(store, "PRAGMA user_version", &revision);
    if (rc == 0)
        rc = schema_number(store, "PRAGMA application_id", &application);
    if (rc == 0)
        rc = schema_number(store, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc != 0)
        return schema_failed(store, rc);
    if (tables > 0 && application != SCHEMA_APPLICATION)
        return store_why(-EBADMSG, "%s/otpgate.db is a database of another program: move it away.",
                         store->dir);
    if (revision > STORE_SCHEMA)
        return store_why(-EPROTO,
                         "The database %s/otpgate.db was written by a newer otpgated (revision %d, "
                         "this one knows %d): install that version again.",
                         store->dir, (int)revision, STORE_SCHEMA);
    rc = schema_exec(store, schema_pragmas);
    if (rc != 0)
        return schema_failed(store, rc);
    sqlite3_wal_hook(store->db, schema_on_wal, store);
    return schema_migrate(store, revision);
}

int schema_check(struct store *store)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    int error = 0;
    if (rc != SQLITE_ROW)
        error = schema_failed(store, sql_errno(store->db, rc));
    else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
        error = schema_damaged(store, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return error;
}
