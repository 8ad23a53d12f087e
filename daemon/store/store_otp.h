/* store_otp: what is kept of a verification (one code for one number), of the windows that limit
 * them, and of how many codes come back. The rules that decide stand in daemon/otp; here are rows.
 *
 * A number is sealed and looked up by keyed hash, a subject and a client's address are keyed hashes
 * alone, a code is a keyed hash bound to its verification: no column holds one of them. All writes
 * stand between store_begin() and store_end(), but the purge. */
#ifndef OTPGATE_STORE_OTP_H
#define OTPGATE_STORE_OTP_H

#include "store.h"

enum {
    OTP_ID = 16,     /* bytes, all random */
    OTP_HASH = 16,   /* of a keyed hash that is kept for looking up */
    OTP_CODE = 32,   /* of a code's keyed hash */
    OTP_DIGITS = 10, /* of the longest code */
    OTP_FORMERS = 9, /* codes that a newer one has superseded */
};

enum otp_state { OTP_PENDING, OTP_APPROVED, OTP_EXHAUSTED, OTP_EXPIRED, OTP_CANCELLED };
enum { OTP_STATES = OTP_CANCELLED + 1 };
_Static_assert((int)OTP_PENDING == OTP_NEWS_STARTED && (int)OTP_APPROVED == OTP_NEWS_APPROVED &&
                   (int)OTP_EXHAUSTED == OTP_NEWS_EXHAUSTED &&
                   (int)OTP_EXPIRED == OTP_NEWS_EXPIRED && (int)OTP_CANCELLED == OTP_NEWS_CANCELLED,
               "an end is its own news");

/* Times of `clock` are those of store_clock_ms(). */
struct otp_row {
    int64_t row; /* 0: not stored yet */
    uint8_t id[OTP_ID];
    int64_t seal; /* which key its seed and code are sealed with: the store's own affair */
    uint32_t uid; /* of the client that started it */
    char purpose[64];
    char locale[16];
    char to[17];             /* sealed; "" once purged */
    char last3[4];           /* the last three digits */
    uint8_t tuple[OTP_HASH]; /* of client, number, purpose and subject: one is pending of each; all
                                zero once purged */
    enum otp_state state;
    char reason[32];      /* stable name of why it ended otherwise than by time and checks; "" */
    uint8_t length;       /* of its code, digits */
    uint8_t checks;       /* that were compared */
    uint8_t sends;        /* messages accepted for it */
    uint16_t streak;      /* sends of those of its tuple before it, none of which was approved */
    uint8_t seed[OTP_ID]; /* its code is made of this and the key `otp`; sealed, wiped at the end */
    uint8_t code[OTP_CODE]; /* wiped at the end */
    uint8_t formers;
    uint8_t former[OTP_FORMERS][OTP_CODE];
    int64_t expires_ms; /* clock */
    int64_t sent_ms;    /* clock: the newest accept */
    int64_t checked_ms; /* clock: the newest comparison; INT64_MIN: none */
    int64_t created_wall_ms, expires_wall_ms, ended_wall_ms /* 0: pending */;
    char app_hash[12], origin[128]; /* the last line of its text; "" */
};

/* CLOCK_BOOTTIME that goes on over a reboot by what the wall clock says has passed, and stands
 * where that one went back: windows and lifetimes need not be carried over row by row. */
int64_t store_clock_ms(const struct store *store);

void store_random(void *out, size_t len);
/* The code of a seed: uniform over 10^digits (rejection sampling on the output of the keyed hash),
 * known only to who has the key `otp` and the seed. `out` ends with a NUL. */
void store_code_make(const struct store *store, const uint8_t id[OTP_ID],
                     const uint8_t seed[OTP_ID], unsigned digits, char out[OTP_DIGITS + 1]);
/* Keyed hash under `otp` of id and code. */
void store_code_hash(const struct store *store, const uint8_t id[OTP_ID], const char *code,
                     size_t len, uint8_t out[OTP_CODE]);
bool store_code_same(const uint8_t a[OTP_CODE], const uint8_t b[OTP_CODE]); /* constant time */

/* Fills row; with its event. -EEXIST: another of its tuple is pending. */
int store_otp_insert(struct store *store, struct otp_row *otp) __attribute__((warn_unused_result));
/* Every changeable column, with the event that says why; seed, code and formers go with the state
 * PENDING. checks_left: of WRONG and SUPERSEDED, else 0. */
int store_otp_update(struct store *store, const struct otp_row *otp, enum otp_news news,
                     int checks_left) __attribute__((warn_unused_result));
/* 1 found, 0 not, -errno. */
int store_otp_by_id(struct store *store, const uint8_t id[OTP_ID], struct otp_row *out);
int store_otp_by_row(struct store *store, int64_t row, struct otp_row *out);
/* The newest of the tuple. */
int store_otp_by_tuple(struct store *store, const uint8_t tuple[OTP_HASH], struct otp_row *out);
/* Newest first, of this number, or (to NULL) of these last three digits since `since_wall_ms`;
 * uid UINT32_MAX: anybody's. Number found, or -errno. */
int store_otp_find(struct store *store, const char *to, const char *last3, int64_t since_wall_ms,
                   uint32_t uid, struct otp_row *out, size_t limit);
/* Rows of PENDING past their time, the oldest first. Number, or -errno. */
int store_otp_expired(struct store *store, int64_t *rows, size_t limit);
/* *out: when the next PENDING expires (clock), INT64_MAX: none. */
int store_otp_next(struct store *store, int64_t *out);

/* What a call with a key did: repeated, it gets the same answer. `name` is a keyed hash of the
 * verb, its owner and the key. `owner`: row of the verification that the call is about, so that
 * its keys lie together; 0: of none yet. */
struct otp_key {
    int64_t owner;
    uint8_t name[OTP_HASH], content[OTP_HASH];
    int64_t otp; /* row; 0: of none */
    int result, left;
};
int store_otp_key_put(struct store *store, const struct otp_key *key)
    __attribute__((warn_unused_result));
/* By owner and name: 1 and the rest, 0, -errno. */
int store_otp_key_get(struct store *store, struct otp_key *key);
/* Keyed hash under the index key, cut for a column. */
void store_otp_hash(const struct store *store, const char *domain, const void *bytes, size_t len,
                    uint8_t out[OTP_HASH]);

/* --- windows: what happened to one thing, counted exactly, at any length of history ------------
 */

/* keep_ms: how long it matters. */
int store_window_add(struct store *store, int scope, const uint8_t name[OTP_HASH], int64_t keep_ms)
    __attribute__((warn_unused_result));
/* *at_ms (clock): when the nth newest was (1: the newest), INT64_MIN where there are fewer. */
int store_window_nth(struct store *store, int scope, const uint8_t name[OTP_HASH], int nth,
                     int64_t *at_ms) __attribute__((warn_unused_result));

/* --- tallies: how many codes come back, by hour --------------------------------------------------
 */

enum { OTP_TALLY_NAME = 64 };
/* Adds one to (hour, kind, name, slot). */
int store_tally_add(struct store *store, int64_t hour, int kind, const char *name, int slot)
    __attribute__((warn_unused_result));
/* Sums over the hours from `since` on (hour 0 in the answer), or of each hour. */
int store_tally_read(struct store *store, int64_t since_hour, int kind,
                     void (*fn)(void *arg, const char *name, int slot, int64_t count), void *arg)
    __attribute__((warn_unused_result));

/* One small step. What ended gives up its tuple where its newest message is from before
 * `streaks_before_ms` (clock), and its number, subject and sender before `numbers_before_wall_ms`
 * (the keyed hash and the last three digits stay); keys of calls from before `keys_before_wall_ms`,
 * rows from before `rows_before_wall_ms` and tallies from before `tally_before_hour` go, and all
 * that windows keep no longer. Number of rows touched: call again while it is not 0. */
struct store_otp_purge {
    int64_t streaks_before_ms, keys_before_wall_ms, numbers_before_wall_ms, rows_before_wall_ms,
        tally_before_hour;
};
int store_otp_purge(struct store *store, const struct store_otp_purge *before, size_t rows);

#endif
