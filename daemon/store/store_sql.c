/* store_sql: see store_sql.h. Enum values stand as numbers in the SQL; the assertions below hold
 * them to the header. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "log.h"
#include "text.h"

_Static_assert(MESSAGE_QUEUED == 0 && MESSAGE_CLAIMED == 1 && MESSAGE_SENDING == 2 &&
                   MESSAGE_SENT == 3 && MESSAGE_UNKNOWN == 4 && MESSAGE_FAILED == 7 &&
                   MESSAGE_EXPIRED == 8,
               "states as in the SQL");
_Static_assert(ATTEMPT_CLAIMED == 0 && ATTEMPT_COMMITTED == 1 && ATTEMPT_SENT == 2 &&
                   ATTEMPT_NOT_SENT == 3 && ATTEMPT_UNKNOWN == 4,
               "attempt states as in the SQL");
_Static_assert(ON_UNKNOWN_REPORT == 1, "on_unknown as in the SQL");
_Static_assert(EVENT_MESSAGE == 0 && EVENT_INBOX == 1 && EVENT_OTP == 2, "topics as in the SQL");
_Static_assert(OTP_NEWS_EXPIRED == 3, "news as in the SQL");
_Static_assert(UINT32_MAX == 4294967295, "the uid of the inbox as in the SQL");

/* As in the index attempt_open, to the letter. */
#define ATTEMPT_OPEN "(state = 0 OR state = 1 OR state = 4)"
/* The order of message_load(). */
#define MESSAGE_COLUMNS                                                                            \
    "row, id, uid, otp, seal, class, encoding, parts, report, flash, unaccented, replace_type, "   \
    "created_wall, expires_wall, expires, "                                                        \
    "state, on_unknown, parts_done, no_validity, reference, run, sent_nothing, resends, crashes, " \
    "wait, sending_wall, sent_wall, ended_wall, report_until, pin, only, avoid, modem, iccid, "    \
    "reason, "                                                                                     \
    "space, cause, sealed_to, sealed_key"
#define ATTEMPT_COLUMNS                                                                            \
    "token, message, part, run, state, modem, iccid, reference, space, cause, claimed_wall, "      \
    "committed_wall, ended_wall, committed, report_until, report, report_wall"
#define EVENT_COLUMNS                                                                              \
    "seq, wall, topic, message, id, uid, state, modem, reason, space, cause, part, parts, "        \
    "purpose, sealed_key"
/* The order of otp_load(). */
#define OTP_COLUMNS                                                                                \
    "row, id, seal, uid, purpose, locale, last3, tuple, length, streak, created_wall, app_hash, "  \
    "origin, state, reason, checks, sends, expires, sent, checked, expires_wall, ended_wall, "     \
    "sealed_to, code, formers, sealed_seed"
/* Each run of rows (see schema_7) from the newest to the oldest. */
#define OTP_RUNS                                                                                   \
    "WITH RECURSIVE run (n) AS (SELECT max(row) >> 13 FROM otp UNION ALL SELECT n - 1 FROM run "   \
    "WHERE n > (SELECT min(row) >> 13 FROM otp)) "
#define OTP_FIND                                                                                   \
    "AND created_wall >= ?2 AND (?3 < 0 OR uid = ?3) ORDER BY row DESC LIMIT ?4) ORDER BY row "    \
    "DESC"
#define LIST_WHERE                                                                                 \
    "row < ?1 AND row >= ?6 AND (?2 < 0 OR class = ?2) AND (?3 < 0 OR uid = ?3) AND "              \
    "(?4 < 0 OR state = ?4) ORDER BY row DESC LIMIT ?5"
/* The row that so many others stand above: one look at a list goes down to it. */
#define LIST_FLOOR "row < ?1 ORDER BY row DESC LIMIT 1 OFFSET ?2"
/* A queued message that an earlier attempt may have sent is UNKNOWN, whatever ends it. */
#define MAY_HAVE_LEFT                                                                              \
    "EXISTS (SELECT 1 FROM attempt WHERE attempt.message = message.row AND attempt.state = 4)"

/* Expired is one of which nothing has left: half a message has failed. */
#define ENDS_AS(state) "iif(" state " = 8 AND parts_done > 0, 7, " state ")"

/* Sealed with a key that is gone: neither the persistent one (0) nor that in the runtime directory.
 * -1: whatever it is sealed with. */
#define UNREADABLE(seal) "(" seal " < 0 OR seal NOT IN (0, " seal "))"

static const char *const sql_text[SQLS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT one",
    [SQL_RELEASE] = "RELEASE one",
    [SQL_UNDO] = "ROLLBACK TO one",
    [SQL_META_GET] = "SELECT boot, wall, at, seq, clean, incarnation, key_check FROM meta",
    [SQL_META_START] = "UPDATE meta SET boot = ?, wall = ?, at = ?, seq = ?, clean = 0, "
                       "incarnation = ?, key_check = ?",
    [SQL_META_CLOSE] = "UPDATE meta SET wall = ?, at = ?, seq = ?, clean = 1, "
                       "incarnation = ?",
    [SQL_SEQUENCE] = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?",

    [SQL_MESSAGE_INSERT] =
        "INSERT INTO message (id, uid, otp, seal, key_hash, content_hash, sealed_to, sealed_key, "
        "body, "
        "class, "
        "encoding, parts, report, flash, unaccented, replace_type, created_wall, expires_wall, "
        "expires, state, on_unknown, parts_done, no_validity, reference, run, sent_nothing, "
        "resends, "
        "crashes, wait, sending_wall, sent_wall, ended_wall, report_until, pin, only, avoid, "
        "modem, "
        "iccid, reason, space, cause) VALUES "
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
        "?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_MESSAGE_UPDATE] =
        "UPDATE message SET state = ?, on_unknown = ?, parts_done = ?, no_validity = ?, "
        "reference = ?, run = ?, sent_nothing = ?, resends = ?, crashes = ?, wait = ?, "
        "sending_wall = ?, "
        "sent_wall = ?, ended_wall = ?, report_until = ?, pin = ?, only = ?, avoid = ?, modem = ?, "
        "iccid = ?, reason = ?, space = ?, cause = ?, body = iif(?, NULL, body) WHERE row = ?",
    [SQL_MESSAGE_STATE] = "SELECT state, parts_done FROM message WHERE row = ?",
    [SQL_MESSAGE_BY_ROW] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE row = ?",
    [SQL_MESSAGE_BY_ROW_TEXT] = "SELECT " MESSAGE_COLUMNS ", body FROM message WHERE row = ?",
    [SQL_MESSAGE_BY_ID] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE id = ?",
    [SQL_MESSAGE_BY_KEY] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE key_hash = ?",
    [SQL_MESSAGE_OF_OTP] = "SELECT " MESSAGE_COLUMNS " FROM message INDEXED BY message_otp WHERE "
                           "otp = ? AND otp > 0 ORDER BY row LIMIT 1 OFFSET ?",
    [SQL_MESSAGE_SAME] = "SELECT content_hash IS ? FROM message WHERE row = ?",
    [SQL_LIST_ALL] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE " LIST_WHERE,
    [SQL_LIST_UID] = "SELECT " MESSAGE_COLUMNS
                     " FROM message INDEXED BY message_uid WHERE uid = ?3 AND " LIST_WHERE,
    [SQL_LIST_STATE] = "SELECT " MESSAGE_COLUMNS
                       " FROM message INDEXED BY message_state WHERE state = ?4 AND " LIST_WHERE,
    [SQL_LIST_FLOOR_ALL] = "SELECT row FROM message WHERE " LIST_FLOOR,
    [SQL_LIST_FLOOR_UID] =
        "SELECT row FROM message INDEXED BY message_uid WHERE uid = ?3 AND " LIST_FLOOR,
    [SQL_LIST_FLOOR_STATE] =
        "SELECT row FROM message INDEXED BY message_state WHERE state = ?3 AND " LIST_FLOOR,
    [SQL_COUNTS] = "SELECT state, count(*) FROM message GROUP BY state",
    [SQL_QUEUE_SCAN] = "SELECT class, parts - parts_done, expires FROM message INDEXED BY "
                       "message_state WHERE state = 0",

    /* The due queue: three pins, and for each the few SIMs that are avoided. Each look is one
     * descent of message_due, however long the queue is. */
    [SQL_DUE_AVOID] = "SELECT avoid FROM message INDEXED BY message_due WHERE state = 0 AND "
                      "wait = 0 AND pin = ? AND avoid > ? ORDER BY avoid LIMIT 1",
    [SQL_DUE_HEAD] = "SELECT row, class, expires, parts - parts_done FROM message INDEXED BY "
                     "message_due WHERE state = 0 AND wait = 0 AND pin = ? AND avoid = ? "
                     "ORDER BY class, expires, row LIMIT ?",
    [SQL_WAKE] = "UPDATE message SET wait = 0 WHERE row IN (SELECT row FROM message INDEXED BY "
                 "message_wait WHERE state = 0 AND wait > 0 AND wait <= ? ORDER BY wait LIMIT ?)",
    [SQL_NEXT_WAKE] = "SELECT wait FROM message INDEXED BY message_wait WHERE state = 0 AND "
                      "wait > 0 ORDER BY wait LIMIT 1",
    [SQL_NEXT_EXPIRE] = "SELECT expires FROM message INDEXED BY message_expire WHERE state = 0 "
                        "ORDER BY expires LIMIT 1",
    [SQL_NEXT_REPORT] = "SELECT report_until FROM message INDEXED BY message_report WHERE "
                        "state IN (3, 4) AND report_until > 0 ORDER BY report_until LIMIT 1",
    [SQL_EXPIRED] = "SELECT row FROM message INDEXED BY message_expire WHERE state = 0 AND "
                    "expires <= ? ORDER BY expires LIMIT ?",
    [SQL_PINNED] = "SELECT row FROM message INDEXED BY message_pin WHERE state = 0 AND pin = ? "
                   "AND pin <> '' AND row > ? ORDER BY row LIMIT ?",
    [SQL_NEXT_SIM_PIN] =
        "SELECT pin FROM message INDEXED BY message_pin WHERE state = 0 AND pin <> '' "
        "AND pin > ? AND pin < 'sim;' ORDER BY pin LIMIT 1",
    [SQL_BEGUN] = "SELECT row FROM message INDEXED BY message_pin WHERE state = 0 AND pin = ? AND "
                  "pin <> '' AND parts_done > 0 ORDER BY wait, row LIMIT ?",
    [SQL_REPORT_ENDED] = "SELECT row FROM message INDEXED BY message_report WHERE state IN (3, 4) "
                         "AND report_until > 0 AND report_until <= ? ORDER BY report_until LIMIT ?",

    [SQL_ATTEMPT_INSERT] = "INSERT INTO attempt (" ATTEMPT_COLUMNS
                           ", tail) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_ATTEMPT_UPDATE] = "UPDATE attempt SET state = ?, reference = ?, space = ?, cause = ?, "
                           "committed_wall = ?, ended_wall = ?, committed = ?, report_until = ?, "
                           "report = ?, report_wall = ? WHERE token = ?",
    [SQL_ATTEMPT_BY_TOKEN] = "SELECT " ATTEMPT_COLUMNS " FROM attempt WHERE token = ?",
    [SQL_ATTEMPTS_OF] = "SELECT " ATTEMPT_COLUMNS " FROM attempt INDEXED BY attempt_message WHERE "
                        "message = ? ORDER BY token LIMIT ?",
    [SQL_ATTEMPTS_TOLD] =
        "SELECT " ATTEMPT_COLUMNS " FROM attempt INDEXED BY attempt_message WHERE message = ? AND "
        "run = ? AND (state = 2 OR report >= 0) ORDER BY token LIMIT ?",
    [SQL_ATTEMPTS_MATCH] =
        "SELECT " ATTEMPT_COLUMNS " FROM attempt INDEXED BY attempt_evidence WHERE tail = ? AND "
        "iccid = ? AND reference = ? AND token > ? AND report_until > ? AND state <> 3 "
        "ORDER BY token DESC LIMIT ?",
    [SQL_ATTEMPTS_OPEN] = "SELECT " ATTEMPT_COLUMNS
                          " FROM attempt INDEXED BY attempt_open WHERE " ATTEMPT_OPEN " AND "
                          "state <> 0 AND iccid = ? AND committed > ? ORDER BY committed LIMIT ?",
    /* Those that failed before their text left have an index of their own: they are few. */
    [SQL_ATTEMPTS_DAY] =
        "SELECT count(*), coalesce(sum(state = 2), 0), coalesce(sum(state IN (3, 4)), 0) + "
        "(SELECT count(*) FROM attempt INDEXED BY attempt_unsent WHERE iccid = ?1 AND state = 3 "
        "AND "
        "committed_wall = 0 AND ended_wall >= ?2 AND ended_wall < ?7 AND NOT (space = ?3 AND cause "
        "IN (?4, ?5, ?6))) "
        "FROM attempt INDEXED BY attempt_budget WHERE iccid = ?1 AND committed_wall > 0 AND "
        "committed_wall >= ?2 AND committed_wall < ?7",

    [SQL_EVENT_INSERT] =
        "INSERT INTO event (wall, at, message, id, uid, sealed_key, state, modem, reason, space, "
        "cause, part, parts) SELECT ?, ?, row, id, uid, sealed_key, state, modem, reason, space, "
        "cause, parts_done, parts FROM message WHERE row = ?",
    [SQL_EVENT_INSERT_INBOX] =
        "INSERT INTO event (wall, at, topic, message, id, uid, state, modem, reason, space, cause, "
        "part, parts) SELECT ?, ?, 1, row, id, 4294967295, 0, modem, '', 0, 0, parts - missing, "
        "parts FROM inbox WHERE row = ?",
    [SQL_EVENT_INSERT_OTP] =
        "INSERT INTO event (wall, at, topic, message, id, uid, sealed_key, state, modem, reason, "
        "space, cause, part, parts, purpose) VALUES (?, ?, 2, ?, ?, ?, ?, ?, '', '', 0, 0, ?, 0, "
        "?)",
    [SQL_EVENTS_AFTER] =
        "SELECT " EVENT_COLUMNS " FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
    [SQL_EVENTS_AFTER_UID] = "SELECT " EVENT_COLUMNS " FROM event INDEXED BY event_uid WHERE "
                             "seq > ?1 AND seq <= ?2 AND uid = ?4 ORDER BY seq LIMIT ?3",
    [SQL_EVENT_OLDEST] = "SELECT min(seq) FROM event",
    [SQL_EVENT_NEWEST] = "SELECT seq, wall, at FROM event ORDER BY seq DESC LIMIT 1",
    [SQL_EVENT_PREVIOUS_MESSAGE] = "SELECT seq FROM event WHERE seq < ? AND topic = 0 "
                                   "ORDER BY seq DESC LIMIT 1",
    [SQL_EVENT_PREVIOUS_MESSAGE_UID] =
        "SELECT seq FROM event INDEXED BY event_uid WHERE seq < ? AND uid = ? AND topic = 0 "
        "ORDER BY seq DESC LIMIT 1",
    [SQL_EVENT_PREVIOUS_INBOX] = "SELECT seq FROM event INDEXED BY event_uid WHERE seq < ? AND "
                                 "uid = 4294967295 ORDER BY seq DESC LIMIT 1",
    [SQL_EVENT_PREVIOUS_OTP] = "SELECT seq FROM event INDEXED BY event_otp WHERE seq < ? AND "
                               "topic = 2 ORDER BY seq DESC LIMIT 1",
    [SQL_EVENT_PREVIOUS_OTP_UID] =
        "SELECT seq FROM event INDEXED BY event_otp WHERE seq < ? AND topic = 2 AND uid = ? "
        "ORDER BY seq DESC LIMIT 1",

    [SQL_INBOX_INSERT] = "INSERT INTO inbox (id, wall, sent_wall, modem, iccid, parts, missing, "
                         "class, named, seal, sealed_from, body) VALUES "
                         "(?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_INBOX_LIST] =
        "SELECT row, id, wall, sent_wall, modem, iccid, parts, missing, class, "
        "named, seal, sealed_from, body FROM inbox WHERE row < ? ORDER BY row DESC LIMIT ?",
    [SQL_AUDIT_INSERT] = "INSERT INTO audit (id, wall, uid, pid, method, outcome, modem, "
                         "conclusion, sealed_reason, sealed_actor) VALUES (?,?,?,?,?,?,?,?,?,?)",
    [SQL_AUDIT_LIST] = "SELECT row, id, wall, uid, pid, method, outcome, modem, conclusion, "
                       "sealed_reason, sealed_actor FROM audit WHERE row < ? ORDER BY row DESC "
                       "LIMIT ?",
    [SQL_AUDIT_PURGE_LOOK] = "SELECT row, wall FROM audit WHERE row > ? ORDER BY row LIMIT ?",
    [SQL_AUDIT_PURGE] = "DELETE FROM audit WHERE row IN (SELECT row FROM audit WHERE row <= ? AND "
                        "(wall < ? OR wall > ?) ORDER BY row LIMIT ?)",
    [SQL_SEEN_FIND] = "SELECT row, wall FROM seen WHERE hash = ?",
    [SQL_SEEN_FORGET] = "DELETE FROM seen WHERE row <= ?1 AND row >= ?2",
    [SQL_SEEN_INSERT] = "INSERT INTO seen (hash, wall) VALUES (?, ?)",
    [SQL_PART_FIND] = "SELECT seal, sealed_tpdu FROM part WHERE set_hash = ? AND part = ?",
    [SQL_PART_INSERT] = "INSERT INTO part (set_hash, part, total, wall, iccid, modem, seal, "
                        "sealed_tpdu) VALUES (?,?,?,?,?,?,?,?)",
    [SQL_PARTS_OF] = "SELECT part, total, wall, iccid, modem, seal, sealed_tpdu FROM part WHERE "
                     "set_hash = ? ORDER BY part LIMIT ?",
    [SQL_PARTS_COUNT] = "SELECT count(*) FROM part WHERE set_hash = ?",
    [SQL_PARTS_DELETE] = "DELETE FROM part WHERE set_hash = ?",
    /* behind all others, and each of them in a row of its own */
    [SQL_PARTS_RENEW] = "UPDATE part SET row = (SELECT max(row) FROM part) + 1 + part, wall = ? "
                        "WHERE set_hash = ?",
    [SQL_PARTS_OLDEST] = "SELECT set_hash, wall FROM part ORDER BY row LIMIT 1",
    [SQL_PARTS_ALL] = "SELECT count(*) FROM part",

    /* The index holds the later of the two times: a look never passes over what has to stay. */
    [SQL_PURGE_MESSAGE] =
        "DELETE FROM message WHERE row = (SELECT row FROM message INDEXED BY message_purge WHERE "
        "ended_wall > 0 AND max(expires_wall, ended_wall) < ? "
        "ORDER BY max(expires_wall, ended_wall) LIMIT 1) RETURNING state",
    [SQL_PURGE_INBOX_NEXT] = "SELECT row, length(body) FROM inbox INDEXED BY inbox_purge WHERE "
                             "wall < ? ORDER BY wall LIMIT 1",
    [SQL_PURGE_INBOX] = "DELETE FROM inbox WHERE row = ?",
    [SQL_PURGE_EVENTS_LOOK] = "SELECT seq, wall FROM event WHERE seq > ? ORDER BY seq LIMIT ?",
    [SQL_PURGE_EVENTS] = "DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE seq <= ? AND "
                         "(wall < ? OR wall > ?) ORDER BY seq LIMIT ?)",
    [SQL_PURGE_SEEN_LOOK] = "SELECT row, wall FROM seen WHERE row > ? ORDER BY row LIMIT ?",
    [SQL_PURGE_SEEN] = "DELETE FROM seen WHERE row IN (SELECT row FROM seen WHERE row <= ? AND "
                       "(wall < ? OR wall > ?) ORDER BY row LIMIT ?)",
    [SQL_OTP_INSERT] =
        "INSERT INTO otp (id, seal, uid, purpose, locale, sealed_to, to_hash, last3, tuple, "
        "length, "
        "streak, created_wall, app_hash, origin, state, reason, checks, sends, expires, sent, "
        "checked, expires_wall, ended_wall, sealed_seed) VALUES "
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_OTP_UPDATE] =
        "UPDATE otp SET state = ?, reason = ?, checks = ?, sends = ?, expires = ?, sent = ?, "
        "checked = ?, expires_wall = ?, ended_wall = ?, sealed_seed = ?, code = NULL, "
        "formers = NULL WHERE row = ?",
    [SQL_OTP_BY_ID] = OTP_RUNS "SELECT " OTP_COLUMNS " FROM run CROSS JOIN otp INDEXED BY otp_id "
                               "WHERE row >> 13 = n AND id = ? LIMIT 1",
    [SQL_OTP_BY_ROW] = "SELECT " OTP_COLUMNS " FROM otp WHERE row = ?",
    [SQL_OTP_BY_TUPLE] = "SELECT " OTP_COLUMNS " FROM otp INDEXED BY otp_tuple WHERE tuple = ? "
                         "ORDER BY row DESC LIMIT 1",
    [SQL_OTP_FIND_TO] =
        OTP_RUNS "SELECT " OTP_COLUMNS " FROM otp WHERE row IN (SELECT row FROM run CROSS JOIN otp "
                 "INDEXED BY otp_to WHERE row >> 13 = n AND to_hash = ?1 " OTP_FIND,
    [SQL_OTP_FIND_LAST3] =
        OTP_RUNS "SELECT " OTP_COLUMNS " FROM otp WHERE row IN (SELECT row FROM run CROSS JOIN otp "
                 "INDEXED BY otp_last3 WHERE row >> 13 = n AND last3 = ?1 " OTP_FIND,
    [SQL_OTP_EXPIRED] = "SELECT row FROM otp INDEXED BY otp_expire WHERE state = 0 AND "
                        "expires <= ? ORDER BY expires LIMIT ?",
    [SQL_OTP_NEXT] = "SELECT expires FROM otp INDEXED BY otp_expire WHERE state = 0 "
                     "ORDER BY expires LIMIT 1",
    [SQL_OTP_KEY_INSERT] = "INSERT INTO otp_key (owner, name, content, otp, result, left_, wall) "
                           "VALUES (?,?,?,?,?,?,?)",
    [SQL_OTP_KEY_GET] = "SELECT content, otp, result, left_ FROM otp_key WHERE owner = ? AND "
                        "name = ?",
    [SQL_OTP_END_EVENTS] =
        "INSERT INTO event (wall, at, topic, message, id, uid, state, modem, reason, space, cause, "
        "part, parts, purpose) SELECT ?1, ?2, 2, row, id, uid, 3, '', '', 0, 0, 0, 0, purpose "
        "FROM otp WHERE state = 0 AND " UNREADABLE("?3"),
    [SQL_OTP_END] = "UPDATE otp SET state = 3, reason = ?, ended_wall = ?, sealed_seed = NULL, "
                    "code = NULL, formers = NULL WHERE state = 0 AND " UNREADABLE("?3"),
    [SQL_OTP_SCRUB] = "UPDATE otp SET sealed_to = NULL, to_hash = NULL, tuple = NULL",
    [SQL_OTP_PURGE_TUPLES] =
        "UPDATE otp SET tuple = NULL WHERE row IN (SELECT row FROM otp INDEXED BY otp_streak WHERE "
        "ended_wall > 0 AND tuple IS NOT NULL AND sent < ? ORDER BY sent LIMIT ?)",
    [SQL_OTP_PURGE_NUMBERS] =
        "UPDATE otp SET sealed_to = NULL, tuple = NULL, app_hash = '', origin = '' WHERE row IN "
        "(SELECT row FROM otp INDEXED BY otp_purge WHERE ended_wall > 0 AND sealed_to IS NOT NULL "
        "AND ended_wall < ? ORDER BY ended_wall LIMIT ?)",
    [SQL_OTP_PURGE_KEYS] = "DELETE FROM otp_key WHERE (owner, name) IN (SELECT owner, name FROM "
                           "otp_key INDEXED BY otp_key_wall WHERE wall < ? ORDER BY wall LIMIT ?)",
    /* What is pending has no time to go yet, as if it were of the future: it is passed by. */
    [SQL_OTP_PURGE_ROWS_LOOK] = "SELECT row, iif(state = 0, 0x7fffffffffffffff, created_wall) "
                                "FROM otp WHERE row > ? ORDER BY row LIMIT ?",
    [SQL_OTP_PURGE_ROWS] = "DELETE FROM otp WHERE row IN (SELECT row FROM otp WHERE row <= ? AND "
                           "(created_wall < ? OR created_wall > ?) AND state <> 0 "
                           "ORDER BY row LIMIT ?)",
    [SQL_WINDOW_NEWEST] =
        "SELECT n FROM otp_window WHERE scope = ? AND name = ? ORDER BY n DESC LIMIT 1",
    [SQL_WINDOW_INSERT] = "INSERT INTO otp_window (scope, name, n, at, until) VALUES (?,?,?,?,?)",
    [SQL_WINDOW_AT] = "SELECT at FROM otp_window WHERE scope = ? AND name = ? AND n = ?",
    [SQL_WINDOW_PURGE] =
        "DELETE FROM otp_window WHERE (scope, name, n) IN (SELECT scope, name, n FROM otp_window "
        "INDEXED BY otp_window_until WHERE until < ? ORDER BY until LIMIT ?)",
    [SQL_TALLY_ADD] =
        "INSERT INTO otp_tally (hour, kind, name, slot, count) VALUES (?,?,?,?,1) ON CONFLICT "
        "(hour, kind, name, slot) DO UPDATE SET count = count + 1",
    [SQL_TALLY_READ] = "SELECT name, slot, sum(count) FROM otp_tally WHERE hour >= ? AND kind = ? "
                       "GROUP BY name, slot",
    [SQL_TALLY_PURGE] =
        "DELETE FROM otp_tally WHERE (hour, kind, name, slot) IN (SELECT hour, kind, name, slot "
        "FROM otp_tally WHERE hour < ? LIMIT ?)",
    /* Nineteen: earlier revisions had longer names for the same SIMs and modems. */
    [SQL_PIN_LOOK] = "SELECT sim, hash, state, spent FROM pin WHERE "
                     "substr(sim, 1, 19) IN (?1, ?2) OR (?1 = ?2 AND modem = ?2)",
    [SQL_PIN_TRY] = "INSERT INTO pin (sim, hash, state, spent, wall, modem) "
                    "VALUES (?, ?, 1, 0, ?, ?) ON CONFLICT DO UPDATE SET modem = excluded.modem",
    [SQL_PIN_REJECT] = "UPDATE pin SET state = 2, spent = 1 WHERE sim = ?1 AND state = 1",
    [SQL_PIN_ACCEPT] = "DELETE FROM pin WHERE substr(sim, 1, 19) = ?1 AND state = 1",
    [SQL_PIN_UNSPEND] = "UPDATE pin SET spent = 0 WHERE substr(sim, 1, 19) = ?1 AND spent = 1",
    [SQL_PIN_KNOWN] =
        "SELECT 1 FROM pin WHERE substr(sim, 1, 19) = ?1 AND (state = 1 OR spent = 1)",
    [SQL_PAIR_GET] = "SELECT imei, iccid FROM sim_pair WHERE imei = ?1 OR iccid = ?2",
    [SQL_PAIR_FORGET] = "DELETE FROM sim_pair WHERE imei = ?1 OR iccid = ?2",
    [SQL_PAIR_INSERT] = "INSERT INTO sim_pair (imei, iccid) VALUES (?, ?)",
    [SQL_HABIT_GET] = "SELECT ussd FROM habit WHERE modem = ? AND firmware = ?",
    [SQL_HABIT_SET] = "INSERT OR REPLACE INTO habit (modem, firmware, ussd) VALUES (?, ?, ?)",
    [SQL_OWNCHECK_GET] = "SELECT due, checked, owner, balance, changed, read, vnd, expires, name, "
                         "id FROM owncheck WHERE sim = ?",
    [SQL_OWNCHECK_SET] = "INSERT OR REPLACE INTO owncheck (sim, wall, due, checked, owner, "
                         "balance, changed, read, vnd, expires, name, id) VALUES "
                         "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_OWNCHECK_PURGE] = "DELETE FROM owncheck WHERE wall < ?",
    [SQL_FACT_GET] = "SELECT value FROM fact WHERE name = ?",
    [SQL_FACT_SET] = "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE "
                     "SET value = excluded.value",

    /* Recovery, once a start. */
    [SQL_LIVE_COUNT] = "SELECT (SELECT count(*) FROM message WHERE state IN (0, 1, 2, 3, 4) AND "
                       "ended_wall = 0) + (SELECT count(*) FROM otp WHERE state = 0), (SELECT "
                       "count(*) FROM inbox WHERE body IS NOT NULL) + "
                       "(SELECT count(*) FROM part)",
    [SQL_SHIFT_MESSAGES] =
        "UPDATE message SET expires = expires + ?1, wait = iif(wait > 0, max(wait + ?1, 1), 0), "
        "report_until = iif(report_until > 0, max(report_until + ?1, 1), 0) "
        "WHERE state IN (0, 1, 2, 4)",
    /* Of those that were sent the ones whose report is awaited: the others stay for a month. */
    [SQL_SHIFT_REPORTS] =
        "UPDATE message INDEXED BY message_report SET expires = expires + ?1, wait = iif(wait > 0, "
        "max(wait + ?1, 1), 0), report_until = max(report_until + ?1, 1) "
        "WHERE state IN (3, 4) AND state = 3 AND report_until > 0",
    [SQL_ATTEMPTS_PAST] = "SELECT token FROM attempt WHERE token > ? AND report_until > 1 AND "
                          "committed <> 0 AND committed < ? ORDER BY token DESC LIMIT 1",
    /* Nobody asks for the other ones' times. What is past becomes 1, once. */
    [SQL_SHIFT_ATTEMPTS] = "UPDATE attempt SET committed = iif(committed <> 0, committed + ?1, 0), "
                           "report_until = max(report_until + ?1, 1) "
                           "WHERE token > ?2 AND report_until > 1 AND NOT " ATTEMPT_OPEN,
    [SQL_SHIFT_OPEN] =
        "UPDATE attempt INDEXED BY attempt_open SET "
        "committed = iif(committed <> 0, committed + ?1, 0), "
        "report_until = iif(report_until > 0, max(report_until + ?1, 1), 0) WHERE " ATTEMPT_OPEN,
    [SQL_CLAIMS] = "SELECT row, EXISTS (SELECT 1 FROM attempt WHERE attempt.message = message.row "
                   "AND attempt.state = 1) FROM message INDEXED BY message_state WHERE "
                   "state IN (1, 2) LIMIT 1",
    [SQL_ATTEMPTS_CRASHED] =
        "UPDATE attempt INDEXED BY attempt_open SET state = 4, space = ?, cause = ?, "
        "ended_wall = ?, report_until = iif(report_until > 0, report_until, ?) "
        "WHERE " ATTEMPT_OPEN " AND state = 1",
    [SQL_ATTEMPTS_UNCLAIMED] = "UPDATE attempt INDEXED BY attempt_open SET state = 3, space = ?, "
                               "cause = ?, ended_wall = ? WHERE " ATTEMPT_OPEN " AND state = 0",
    [SQL_NO_RESENDS] =
        "UPDATE message SET on_unknown = 1, body = NULL WHERE state = 4 AND " UNREADABLE("?1"),
    [SQL_SCRUB_MESSAGES] = "UPDATE message SET sealed_to = NULL, sealed_key = NULL, body = NULL, "
                           "key_hash = NULL, content_hash = NULL",
    [SQL_SCRUB_EVENTS] = "UPDATE event SET sealed_key = NULL",
    [SQL_SCRUB_ATTEMPTS] = "UPDATE attempt SET tail = NULL",
    [SQL_SCRUB_INBOX] = "UPDATE inbox SET sealed_from = NULL, body = NULL",
    [SQL_SCRUB_SEEN] = "DELETE FROM seen",
    /* Which PIN it was is lost: it may be any, and may be tried where all attempts are left. */
    [SQL_SCRUB_PINS] = "UPDATE OR REPLACE pin SET hash = x'', state = 1",
    [SQL_SCRUB_HABITS] = "DELETE FROM habit",
    [SQL_SCRUB_OWNCHECKS] = "DELETE FROM owncheck",
    [SQL_SCRUB_PARTS] = "DELETE FROM part",
    [SQL_LOSE_PARTS] = "DELETE FROM part WHERE " UNREADABLE("?1"),
    [SQL_SCRUB_AUDIT] = "UPDATE audit SET sealed_reason = NULL, sealed_actor = NULL",
    [SQL_END_QUEUED_EVENTS] =
        "INSERT INTO event (wall, at, message, id, uid, sealed_key, state, modem, reason, space, "
        "cause, part, parts) SELECT ?1, ?2, row, id, uid, sealed_key, " ENDS_AS(
            "?3") ", modem, ?4, 0, 0, "
                  "parts_done, parts FROM message WHERE state = 0 AND " UNREADABLE(
                      "?6") " AND " MAY_HAVE_LEFT " = ?5",
    [SQL_END_QUEUED] = "UPDATE message SET state = " ENDS_AS(
        "?3") ", reason = ?4, space = 0, cause = 0, wait = 0, body = NULL, "
              "on_unknown = 1, ended_wall = iif(?5, 0, ?1), "
              "report_until = iif(?5 AND report_until = 0, ?7, report_until) "
              "WHERE state = 0 AND " UNREADABLE("?6") " AND " MAY_HAVE_LEFT " = ?5",
};

int sql_prepare(struct store *store)
{
    for (int i = 0; i < SQLS; i++) {
        int rc = sqlite3_prepare_v3(store->db, sql_text[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &store->stmt[i], NULL);
        if (rc != SQLITE_OK) {
            log_event(LOG_LEVEL_ERROR, "store", "-", "statement", "number=%d error=\"%s\"", i,
                      sqlite3_errmsg(store->db));
            return sql_errno(store->db, rc);
        }
    }
    return 0;
}

void sql_finalize(struct store *store)
{
    for (int i = 0; i < SQLS; i++) {
        sqlite3_finalize(store->stmt[i]);
        store->stmt[i] = NULL;
    }
}

struct query query_start(struct store *store, enum sql sql)
{
    struct query query = {.store = store, .stmt = store->stmt[sql]};
    assert(query.stmt && !sqlite3_stmt_busy(query.stmt));
    return query;
}

static void query_note(struct query *query, int rc)
{
    assert(rc != SQLITE_RANGE && rc != SQLITE_MISUSE);
    if (rc != SQLITE_OK && query->rc == 0)
        query->rc = sql_errno(query->store->db, rc);
}

void query_put(struct query *query, int64_t value)
{
    query_note(query, sqlite3_bind_int64(query->stmt, ++query->in, value));
}

void query_put_text(struct query *query, const char *text)
{
    query_note(query, sqlite3_bind_text(query->stmt, ++query->in, text, -1, SQLITE_STATIC));
}

void query_put_blob(struct query *query, const void *bytes, size_t len)
{
    assert(len <= INT32_MAX);
    query_note(query, sqlite3_bind_blob(query->stmt, ++query->in, bytes, (int)len, SQLITE_STATIC));
}

void query_end(struct query *query)
{
    (void)sqlite3_reset(query->stmt);          /* says again what the last step said */
    (void)sqlite3_clear_bindings(query->stmt); /* cannot fail: SQLITE_OK always */
}

int query_step(struct query *query)
{
    struct store *store = query->store;
    int rc = query->rc;
    query->out = 0;
    if (rc == 0 && store->txn.lost && !sqlite3_stmt_readonly(query->stmt))
        rc = store->txn.lost; /* else it would be a transaction of its own */
    if (rc != 0) {
        query_end(query);
        return rc;
    }
    rc = sqlite3_step(query->stmt);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE)
        rc = sql_errno(store->db, rc);
    else
        rc = 0;
    if (!sqlite3_stmt_readonly(query->stmt))
        store->txn.rows++;
    query_end(query);
    if (rc != 0)
        txn_notice(store, rc);
    return rc;
}

int query_run(struct query *query)
{
    int rc = query_step(query);
    assert(rc <= 0);
    return rc;
}

int64_t query_get(struct query *query)
{
    return sqlite3_column_int64(query->stmt, query->out++);
}

void query_get_text(struct query *query, char *out, size_t room)
{
    const char *text = (const char *)sqlite3_column_text(query->stmt, query->out++);
    if (!text_copy(out, room, text ? text : ""))
        log_event(LOG_LEVEL_WARNING, "store", "-", "cut", "column=%d", query->out - 1);
}

const uint8_t *query_get_blob(struct query *query, size_t *len)
{
    const uint8_t *bytes = sqlite3_column_blob(query->stmt, query->out);
    *len = bytes ? (size_t)sqlite3_column_bytes(query->stmt, query->out) : 0;
    query->out++;
    return bytes;
}

/* SQLite folds a full disk into an I/O error where the sync finds it. */
static int sql_errno_io(sqlite3 *db)
{
    int system = db ? sqlite3_system_errno(db) : 0;
    if (system == ENOSPC || system == EDQUOT)
        return -ENOSPC;
    return system == EROFS ? -EROFS : -EIO;
}

int sql_errno(sqlite3 *db, int rc)
{
    static const struct {
        int rc, error;
    } rows[] = {
        {SQLITE_FULL, -ENOSPC},       {SQLITE_READONLY, -EROFS}, {SQLITE_CORRUPT, -EBADMSG},
        {SQLITE_NOTADB, -EBADMSG},    {SQLITE_CANTOPEN, -EIO},   {SQLITE_PERM, -EACCES},
        {SQLITE_BUSY, -EBUSY},        {SQLITE_LOCKED, -EBUSY},   {SQLITE_NOMEM, -ENOMEM},
        {SQLITE_CONSTRAINT, -EINVAL}, {SQLITE_TOOBIG, -E2BIG},
    };
    assert((rc & 0xff) != SQLITE_MISUSE);
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
        return -EEXIST;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((rc & 0xff) == rows[i].rc)
            return rows[i].error;
    return sql_errno_io(db);
}
