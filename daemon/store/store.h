/* store: the disk is the truth. SQLite behind one writer; nothing above knows SQL.
 *
 * Group commit: the first write of a turn opens a transaction; it is committed when the loop has
 * nothing more urgent to do (or at 512 rows or 20 ms). Whoever promises something to the outside (a
 * reply, a Ctrl-Z) does it from store_when_durable(). That COMMIT is the one place where the loop
 * blocks.
 *
 * Nothing personal is ever in a page or a WAL frame as plain text: numbers, keys and texts are
 * sealed (XChaCha20-Poly1305, the row's id as additional data) and looked up by keyed hash (index
 * key). */
#ifndef OTPGATE_STORE_H
#define OTPGATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loop.h"
#include "outcome.h"
#include "encoding.h"

struct store;

struct store_options {
    const char
        *state_dir; /* holds otpgate.db, keys/, reserve, lock; NULL: in memory (simulation) */
    bool new_keys;  /* --new-keys: what cannot be read any more FAILS aloud */
    const char *runtime_dir; /* in memory, gone with a reboot; holds the key of texts where
                                `ephemeral`, and may hold one from before; NULL: there is none */
    bool ephemeral;          /* texts are sealed with the key in runtime_dir, made where it is not
                                there: a disk that is stolen opens none, and a power loss takes them:
                                FAILED `body_key_lost` */
    const char *boot_id;     /* NULL: of this boot; simulation gives its own */
};

/* Opens, migrates, recovers: a claim goes back to the queue (FAILED `internal` at the third crash),
 * a commit becomes UNKNOWN `crash`, clocks are carried over a reboot. What must not be sent any
 * more ends with its event: FAILED `restored_backup`, FAILED `key_lost`, FAILED `body_key_lost`,
 * EXPIRED `clock_went_back`; where an earlier attempt may have left, UNKNOWN with that reason and
 * without its text. A second opener of the same directory gets -EBUSY. On error *why is a sentence
 * that says what is wrong and how to mend it (static or store-owned text valid until the next
 * call). Errors: -EBUSY, -EACCES, -EROFS, -ENOSPC, -EPROTO (newer schema), -EBADMSG (corrupt),
 * -ENOKEY (keys missing or foreign with live rows), -EIO. */
int store_open(struct loop *loop, const struct store_options *options, struct store **out,
               const char **why) __attribute__((warn_unused_result));
/* Commits what is open, writes the clean-shutdown mark, closes. */
void store_close(struct store *store);
/* As if the process had been killed: what is not committed is undone, no mark is left, nobody is
 * told. For tests. */
void store_abandon(struct store *store);

/* --- transactions ----------------------------------------------------------------------------- */

/* Joins (or opens) this turn's transaction and sets a savepoint: one bad row fails alone.
 * 0, or -errno (-ENOSPC, -EIO): nothing may be written now. Not nested. */
int store_begin(struct store *store) __attribute__((warn_unused_result));
/* Keeps (ok) or undoes (!ok) what was written since store_begin(). Returns -errno where keeping
 * failed: then it is undone. */
int store_end(struct store *store, bool ok) __attribute__((warn_unused_result));

/* Called when a savepoint has been set, and (`undone`) when one is undone, alone or with its
 * transaction: what was counted in between in RAM is to be taken back. NULL: nobody. */
void store_on_savepoint(struct store *store, void (*fn)(void *arg, bool undone), void *arg);

/* Calls back once everything written so far is on disk (rc 0) or is known not to be (rc -errno, the
 * whole transaction is undone), from the loop, never from inside this call; at the end of this turn
 * where nothing is open. Callbacks run in the order of asking. */
struct store_waiter {
    struct store_waiter *next;
    void (*fn)(void *arg, int rc);
    void *arg;
    bool patient; /* it may wait while the COMMIT is held, see store_hold() */
    bool queued;
    int rc;       /* the store's: what the callback will hear */
    bool wrote;   /* the store's: its COMMIT has put something on the disk; false where nothing had
                     changed */
    uint64_t txn; /* the store's: the transaction that it waits for */
};
void store_when_durable(struct store *store, struct store_waiter *waiter);
void store_forget(struct store *store, struct store_waiter *waiter); /* idempotent */
/* It waits for the transaction that is open now; where none is, for the end of this turn. */
bool store_waits(const struct store *store, const struct store_waiter *waiter);

/* Called before each COMMIT, with the transaction open (and never from elsewhere): the scheduler
 * claims here, so that a claim rides with the accept or the outcome before it. May begin/end
 * savepoints. Called again where the COMMIT was held. */
void store_before_commit(struct store *store, void (*fn)(void *arg), void *arg);
/* From that hook: something is about to be written that may as well ride along (a modem was asked
 * for its prompt). The COMMIT waits for it, for at most STORE_HOLD_MS and only while nobody waits
 * who is not patient. */
enum { STORE_HOLD_MS = 5 };
void store_hold(struct store *store);
/* What is open is committed this turn after all. */
void store_hurry(struct store *store);
/* Opens an empty transaction so that the hook and a commit will run this turn. 0/-errno. */
int store_touch(struct store *store) __attribute__((warn_unused_result));
/* Commits now, waiters run. For shutdown and tests. */
int store_flush(struct store *store);

/* The reserved file is freed so that outcomes can still be written on a full disk; it is taken back
 * once there is room. Returns true where there was something to free. */
bool store_free_reserve(struct store *store);

/* --- messages --------------------------------------------------------------------------------- */

enum message_state {
    MESSAGE_QUEUED,
    MESSAGE_CLAIMED,
    MESSAGE_SENDING,
    MESSAGE_SENT,
    MESSAGE_UNKNOWN,
    MESSAGE_DELIVERED,
    MESSAGE_UNDELIVERED,
    MESSAGE_FAILED,
    MESSAGE_EXPIRED,
    MESSAGE_CANCELLED,
};
enum { MESSAGE_STATES = MESSAGE_CANCELLED + 1 };
const char *message_state_name(enum message_state state);
bool message_state_is_final(enum message_state state);

enum message_class { CLASS_OTP, CLASS_NOTICE, CLASS_BULK };
enum { MESSAGE_CLASSES = CLASS_BULK + 1 };
enum on_unknown { ON_UNKNOWN_RESEND, ON_UNKNOWN_REPORT };

enum { MESSAGE_KEY_MAX = 128, MESSAGE_TEXT_MAX = 6400, MODEM_NAME_MAX = 64 };

struct message {
    int64_t row;    /* 0: not stored yet */
    uint8_t id[16]; /* UUIDv7, RFC 9562 */
    uint32_t uid;   /* of the client */
    int64_t otp;    /* row of the verification that it carries the code of; 0: of none */
    int64_t seal;   /* which key its text and content are sealed with: the store's own affair */
    enum message_class class_;
    enum message_state state;
    enum on_unknown on_unknown;
    enum sms_encoding encoding;
    uint8_t parts;
    uint8_t parts_done; /* parts known SENT, in order */
    bool report, flash, unaccented, no_validity;
    uint8_t replace_type;
    uint8_t reference; /* of the concatenation */
    int run;           /* how often all its parts were begun anew: parts of two runs never join */
    uint8_t sent_nothing; /* attempts that sent nothing; at most 4 */
    uint8_t resends;      /* 0 or 1 */
    uint8_t crashes;      /* starts that found a claim of it open */
    int64_t created_wall_ms, expires_wall_ms;
    int64_t expires_ms;                                   /* CLOCK_BOOTTIME of this boot */
    int64_t wait_until_ms;                                /* not before; 0: due */
    int64_t sending_wall_ms, sent_wall_ms, ended_wall_ms; /* 0: not yet */
    int64_t report_until_ms;      /* SENT and UNKNOWN end here: no report can come any more; 0 */
    char pin[MODEM_NAME_MAX + 8]; /* "" any; "modem:NAME"; "sim:ICCID" (parts follow their first) */
    bool only;                    /* pinned to a SIM, and no other modem than `modem` may have it */
    char avoid[23];               /* ICCID that a resend avoids where another may send */
    char modem[MODEM_NAME_MAX];   /* that sent, or tries */
    char iccid[23];
    char reason[32]; /* stable name of why it stands where it stands; "" */
    enum sms_cause_space space;
    int cause;
    /* sealed on disk */
    char to[17];
    char key[MESSAGE_KEY_MAX + 1]; /* "" : none given */
    char *text; /* UTF-8 as it travels (folded), malloc'd; NULL once wiped or not loaded */
    size_t text_len;
};
void message_clear(struct message *message); /* wipes and frees the text */
void message_id_text(const uint8_t id[16], char out[37]);
bool message_id_parse(const char *text, uint8_t id[16]);

/* Inserts, with its event; fills row and, where it is all zero, id. This and all that follows with
 * "insert" or "update" stands between store_begin() and store_end(); wake, purge and fact_set may
 * also stand alone. `content`: what "the same content" is compared by: any bytes, kept as keyed
 * hash. -EEXIST: (uid, key) is there already, see store_message_by_key(). */
int store_message_insert(struct store *store, struct message *message, const void *content,
                         size_t content_len) __attribute__((warn_unused_result));
/* Writes back every changeable column (state, counters, times, pin, avoid, modem, reason ...) of
 * the row; the move must be allowed by the table of states (assert). wipe: the body is no longer
 * needed. Appends the event when the state changed, but for moves that are nobody's news: to
 * CLAIMED, from CLAIMED back, and between the parts of one message. */
int store_message_update(struct store *store, const struct message *message, bool wipe)
    __attribute__((warn_unused_result));

/* 1 found, 0 not, -errno. with_text: also unseal the body. The caller clears the message. What a
 * damaged page does not let open is told in the log and comes empty, and then without its text. */
int store_message_by_row(struct store *store, int64_t row, bool with_text, struct message *out);
int store_message_by_id(struct store *store, const uint8_t id[16], struct message *out);
/* same: whether the content is the same (may be NULL with content NULL). */
int store_message_by_key(struct store *store, uint32_t uid, const char *key, const void *content,
                         size_t content_len, bool *same, struct message *out);

/* The nth (1: the first) that was accepted for this verification; its key is not looked up. */
int store_message_of_otp(struct store *store, int64_t otp, int nth, struct message *out);

/* Who asks what is due. */
struct store_taker {
    const char *modem, *iccid;
    int parts;  /* takes what has so many left; of what it has begun (pinned to its SIM) any number
                 */
    int others; /* what avoids its SIM and has so many left, or fewer, is for others; 0: nobody's */
};
/* The due message for one free SIM: highest class, then nearest deadline, then oldest; of those
 * that are pinned to nothing, to this modem or to this SIM. (Pinned ones are for no other, avoided
 * or not.) Where some have too many parts it looks past them, at the STORE_DUE_LOOK most urgent of
 * each kind. 1 (with its text), 0 none, -errno. Cost does not grow with the queue. */
enum { STORE_DUE_LOOK = 32 };
int store_message_due(struct store *store, const struct store_taker *taker, struct message *out);
/* Puts waiting messages whose time has come back into the due queue, the longest waiting first, at
 * most `limit`. Number moved, or -errno. */
int store_message_wake(struct store *store, int64_t now_ms, size_t limit);
/* Earliest wait_until of the queued, earliest expires of the queued, earliest report_until:
 * INT64_MAX where none. */
struct store_next {
    int64_t wake_ms, expire_ms, report_end_ms;
};
int store_next_times(struct store *store, struct store_next *out);
/* Up to `limit` rows of QUEUED past expires_ms / of SENT or UNKNOWN past report_until_ms. Number,
 * or -errno. */
int store_rows_expired(struct store *store, int64_t now_ms, int64_t *rows, size_t limit);
int store_rows_report_ended(struct store *store, int64_t now_ms, int64_t *rows, size_t limit);

/* Of which messages: state and class -1 for any, uid UINT32_MAX for any. */
struct message_filter {
    uint32_t uid;
    int state, class_;
};
enum { STORE_LIST_LOOK = 2048 };
/* Newest first. *cursor: row to go on below, 0: from the newest; afterwards where the next call
 * goes on, 0 where nothing is left. It looks at STORE_LIST_LOOK messages at most, so that it may
 * find none and not be through. Texts are not loaded. Number of rows filled, or -errno. */
int store_message_list(struct store *store, const struct message_filter *filter, int64_t *cursor,
                       struct message *out, size_t limit);
/* QUEUED rows with this pin ("sim:ICCID"), waiting ones too, from the row after `after` on. Number,
 * or -errno. */
int store_rows_pinned(struct store *store, const char *pin, int64_t after, int64_t *rows,
                      size_t limit);
/* Of the pins "sim:ICCID" that QUEUED rows have, the next one after `pin`, into it ("": the first).
 * 1, 0 none, -errno. */
int store_next_sim_pin(struct store *store, char pin[MODEM_NAME_MAX + 8]);
/* Of the QUEUED rows with this pin some of whose parts are SENT: one that is due, else the next to
 * be. 1 (with its text), 0 none, -errno. */
int store_message_begun(struct store *store, const char *pin, struct message *out);
/* Calls `fn` for every QUEUED message (class, parts still to send, expires_ms): rebuilds the
 * admission counters at start. */
int store_queue_scan(struct store *store,
                     void (*fn)(void *arg, int class_, int parts, int64_t expires_ms), void *arg);
/* Counts by state. */
int store_message_counts(struct store *store, int64_t counts[MESSAGE_STATES]);

/* --- attempts --------------------------------------------------------------------------------- */

enum attempt_state {
    ATTEMPT_CLAIMED,
    ATTEMPT_COMMITTED,
    ATTEMPT_SENT,
    ATTEMPT_NOT_SENT,
    ATTEMPT_UNKNOWN
};
const char *attempt_state_name(enum attempt_state state);

struct attempt {
    uint64_t token; /* 0: not stored yet; never used twice */
    int64_t message;
    uint8_t part;
    int run; /* of the message, when it was claimed */
    enum attempt_state state;
    char modem[MODEM_NAME_MAX];
    char iccid[23];
    int reference; /* TP-MR, -1 */
    enum sms_cause_space space;
    int cause;
    int64_t claimed_wall_ms, committed_wall_ms, ended_wall_ms;
    int64_t committed_ms;    /* CLOCK_BOOTTIME of this boot; 0 */
    int64_t report_until_ms; /* evidence is believed until then */
    int report;              /* TP-ST of the newest delivery report, -1: none came */
    int64_t report_wall_ms;
};
/* Fills token; report is -1 from then on. */
int store_attempt_insert(struct store *store, struct attempt *attempt, const char *to)
    __attribute__((warn_unused_result));
int store_attempt_update(struct store *store, const struct attempt *attempt)
    __attribute__((warn_unused_result));
/* 1 found, 0 not, -errno */
int store_attempt_by_token(struct store *store, uint64_t token, struct attempt *out);
int store_attempts_of(struct store *store, int64_t message, struct attempt *out, size_t limit);
/* Of one run of the message, oldest first: those that were SENT or have a report. Number (at most
 * limit), or -errno. */
int store_attempts_told(struct store *store, int64_t message, int run, struct attempt *out,
                        size_t limit);
/* For reports, newest first, only those whose report_until_ms is not past: by (iccid, reference,
 * tail of the number). reference -1: those that have no reference (their +CMGS never came). Number
 * found (at most limit), or -errno. */
int store_attempts_match(struct store *store, const char *iccid, int reference, const char *tail,
                         int64_t now_ms, struct attempt *out, size_t limit);
/* UNKNOWN or COMMITTED attempts of an ICCID committed after `since_ms`: an orphan +CMGS settles
 * only a single one. */
int store_attempts_open(struct store *store, const char *iccid, int64_t since_ms,
                        struct attempt *out, size_t limit);
/* Parts of this ICCID from `since_wall_ms` until before `until_wall_ms` (its day): used: their text
 * may have left (the budget); sent; failed: not sent, or unknown, but for those that we took back
 * ourselves. What the clock dated into the future counts there. */
struct store_day {
    int64_t used, sent, failed;
};
int store_attempts_day(struct store *store, const char *iccid, int64_t since_wall_ms,
                       int64_t until_wall_ms, struct store_day *out);

/* --- events ----------------------------------------------------------------------------------- */

enum event_topic { EVENT_MESSAGE, EVENT_INBOX, EVENT_OTP };
enum { EVENT_TOPICS = EVENT_OTP + 1 };
/* Of a verification. The first five are its states (enum otp_state). */
enum otp_news {
    OTP_NEWS_STARTED,
    OTP_NEWS_APPROVED,
    OTP_NEWS_EXHAUSTED,
    OTP_NEWS_EXPIRED,
    OTP_NEWS_CANCELLED,
    OTP_NEWS_RESENT,
    OTP_NEWS_WRONG,      /* a check of a code that never was its own */
    OTP_NEWS_SUPERSEDED, /* a check of one that a newer one stands for */
};
struct event {
    int64_t seq;
    int64_t wall_ms;
    enum event_topic topic;
    int64_t message; /* row of the message, of the inbox: then state, key, reason and cause say
                        nothing, and `part` is the number of parts that came; or of the
                        verification: only what stands from `news` on is said */
    uint8_t id[16];
    uint32_t uid;
    enum message_state state;
    char key[MESSAGE_KEY_MAX + 1];
    char modem[MODEM_NAME_MAX];
    char reason[32];
    enum sms_cause_space space;
    int cause;
    uint8_t part, parts;
    enum otp_news news;
    uint8_t checks_left; /* of WRONG and SUPERSEDED */
    char purpose[64];
    char to_masked[16]; /* "" where the number is not kept */
};
/* Events with seq over `after`, oldest first; uid UINT32_MAX: any. Number, or -errno. Only what is
 * durable is ever returned: asked inside a transaction, what this transaction wrote is left out. */
int store_events_after(struct store *store, int64_t after, uint32_t uid, struct event *out,
                       size_t limit);
/* *newest: the last durable one, 0 before the first; *oldest: the first that can still be had,
 * *newest + 1 where there is none. */
int store_event_bounds(struct store *store, int64_t *oldest, int64_t *newest);
/* seq of the newest event of this topic before `seq` that this uid may see, 0 where there is none;
 * uid UINT32_MAX: any. */
int store_event_previous(struct store *store, int64_t seq, enum event_topic topic, uint32_t uid,
                         int64_t *previous);
/* Called from the loop after a COMMIT that wrote events, when its waiters have been told; outside
 * any store_begin(). */
void store_on_events(struct store *store, void (*fn)(void *arg), void *arg);
/* One small step: deletes messages (with their attempts) that ended and expired before their time,
 * events and inbox rows older than theirs, and what was seen over seven days ago: at most `rows` in
 * all, and less where they are heavy, so that a step of STORE_PURGE_STEP rows stays well under 10
 * ms and its COMMIT is one like any other, however large the tables are. Number deleted, or passed
 * over for now: call again while it is not 0. */
struct store_purge {
    int64_t messages_before_wall_ms, events_before_wall_ms, inbox_before_wall_ms;
};
enum { STORE_PURGE_STEP = 64 };
int store_purge(struct store *store, const struct store_purge *before, size_t rows);
/* Between two such steps: writes the log back where they have made it long, so that no COMMIT has
 * to do it for thousands of pages at once. True: it did, which was a step's worth of work; false:
 * there was no need, or the disk would not have it. */
bool store_tidy(struct store *store);

/* --- inbox
 * ---------------------------------------------------------------------------------------- */

enum { INBOX_FROM_MAX = 64, INBOX_TEXT_MAX = 255 * 160 * 4, INBOX_PARTS_MAX = 255 };
struct inbox {
    int64_t row;
    uint8_t id[16];       /* UUIDv7 */
    int64_t wall_ms;      /* when it was taken */
    int64_t sent_wall_ms; /* TP-SCTS, 0: none */
    char modem[MODEM_NAME_MAX];
    char iccid[23];
    char from[INBOX_FROM_MAX]; /* UTF-8, fit for people */
    bool named;                /* `from` is a name, which may read like a number: "1414" */
    uint8_t parts, missing;    /* missing: parts that never came (a set given up after 24 h) */
    int class_;                /* 0 to 3; -1: none */
    char *text;                /* UTF-8, fit for people; malloc'd; NULL: not loaded */
    size_t text_len;
};
void inbox_clear(struct inbox *inbox);
/* Sealed like a message; appends an event of topic EVENT_INBOX (uid UINT32_MAX: for operators).
 * Inside store_begin(). Fills row and id; the text may be NULL. 0; -E2BIG: over INBOX_TEXT_MAX;
 * -errno. */
int store_inbox_insert(struct store *store, struct inbox *inbox)
    __attribute__((warn_unused_result));
/* Newest first, with texts (NULL where the key is lost or the page is damaged); cursor: row to go
 * on below, 0: newest. The caller clears them. Number, or -errno. */
int store_inbox_list(struct store *store, int64_t cursor, struct inbox *out, size_t limit);

/* Was this very TPDU of this SIM taken before? 1 yes; 0 no, and now it is remembered (by keyed
 * hash, until it was not met for 7 days, the newest 100,000): a delete that fails does not bring it
 * in twice. Inside store_begin(). */
int store_seen(struct store *store, const char *iccid, const void *tpdu, size_t len);

/* Parts of an unfinished set; `set` is a keyed hash (store_hash) of what makes it one. The TPDU is
 * sealed. Inside store_begin(). 1 kept, 0 this very part is there already, -EEXIST: another TPDU,
 * or one that does not open, has its place; -ENOSPC: over STORE_PARTS_MAX rows in all (the oldest
 * set of all must go first: see store_parts_oldest; or the disk is full: then store_parts_delete()
 * fails too), -E2BIG: no TPDU is that long, -errno. */
enum { STORE_PARTS_MAX = 20000 };
int store_part_insert(struct store *store, const uint8_t set[32], uint8_t part, uint8_t total,
                      const char *iccid, const char *modem, const void *tpdu, size_t len);
struct inbox_part {
    uint8_t part, total;
    int64_t wall_ms;
    char iccid[23], modem[MODEM_NAME_MAX];
    uint8_t len;
    uint8_t tpdu[176];
};
/* In the order of their numbers; one that a damaged page does not let open is left out. Number, or
 * -errno. */
int store_parts_of(struct store *store, const uint8_t set[32], struct inbox_part *out,
                   size_t limit);
int store_parts_count(struct store *store, const uint8_t set[32]); /* or -errno */
int store_parts_delete(struct store *store, const uint8_t set[32])
    __attribute__((warn_unused_result));
/* Its parts count as if they had come just now, after all others. Inside store_begin(). */
int store_parts_renew(struct store *store, const uint8_t set[32])
    __attribute__((warn_unused_result));
/* The set whose first part came before all others: 1 and *set, *wall_ms; 0: none; -errno. */
int store_parts_oldest(struct store *store, uint8_t set[32], int64_t *wall_ms);

/* --- pairs of modem and SIM ------------------------------------------------------------------- */

/* What is known of a modem (by the first 14 digits of its IMEI) and a SIM (by its ICCID). Kept as
 * they are: they name things, not people. */
enum store_pair {
    STORE_PAIR_NEW,         /* neither was ever seen */
    STORE_PAIR_SAME,        /* together, as now */
    STORE_PAIR_OTHER_SIM,   /* the modem held another SIM */
    STORE_PAIR_OTHER_MODEM, /* the SIM was in another modem */
};
int store_pair_get(struct store *store, const char *imei, const char *iccid, enum store_pair *out)
    __attribute__((warn_unused_result));
/* They belong together from now on, and to nothing else. May stand alone. 0/-errno */
int store_pair_set(struct store *store, const char *imei, const char *iccid)
    __attribute__((warn_unused_result));

/* --- odds and ends ---------------------------------------------------------------------------- */

/* Small durable facts ("sim.8984...": ...): value up to 255 bytes. Stored as they are: never
 * anything personal. 1/0/-errno. */
int store_fact_get(struct store *store, const char *name, char *out, size_t room);
int store_fact_set(struct store *store, const char *name, const char *value)
    __attribute__((warn_unused_result));
/* Messages and verifications that ended at this start because the key of their texts was gone. */
int64_t store_bodies_lost(const struct store *store);
/* Messages that this start gave up, since they were with a modem at too many crashes in a row. */
int64_t store_given_up(const struct store *store);
/* True where the last run did not end with store_close(). */
bool store_was_unclean(const struct store *store);
/* Keyed hash under the index key, for comparing without keeping. */
void store_hash(const struct store *store, const char *domain, const void *bytes, size_t len,
                uint8_t out[32]);

#endif
