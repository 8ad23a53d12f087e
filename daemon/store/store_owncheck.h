/* store_owncheck: what the last check of a SIM of the gateway's own said, and when the next is due.
 *
 * A SIM is known by the keyed hash of its ICCID. Its owner, as 1414 names him, is kept only as
 * keyed hashes, enough to notice that he is another. Its balance is a sum of the gateway's own and
 * names nobody: it stands as it is, like the counters. Under new keys (--new-keys) all of it is
 * forgotten, since no SIM could be found again. */
#ifndef OTPGATE_STORE_OWNCHECK_H
#define OTPGATE_STORE_OWNCHECK_H

#include "store.h"

enum { OWNCHECK_HASH = 16 };

struct owncheck_row {
    int64_t due_wall_ms;     /* of the next check; 0: none */
    int64_t checked_wall_ms; /* the last check; 0: never */
    int owner, balance;      /* how it ended: enums of owncheck.h */
    bool changed;            /* another owner than the one that is remembered */
    int64_t read_wall_ms;    /* when the balance was last read; 0: never */
    int64_t vnd;             /* then */
    char expires[11];        /* "2026-12-31"; "": not told */
    /* Of the owner who is remembered. */
    bool has_name, has_id;
    uint8_t name[OWNCHECK_HASH], id[OWNCHECK_HASH];
};

/* 1 found, 0 not, -errno */
int store_owncheck_get(struct store *store, const char *iccid, struct owncheck_row *out);
/* May stand alone. Rows that nobody wrote for STORE_OWNCHECK_DAYS go: their SIMs are gone. 0/-errno
 */
enum { STORE_OWNCHECK_DAYS = 400 };
int store_owncheck_set(struct store *store, const char *iccid, const struct owncheck_row *row)
    __attribute__((warn_unused_result));

#endif
