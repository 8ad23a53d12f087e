/* owncheck: are the gateway's own SIMs well? Each is checked once in a period, and when somebody
 * asks: 1414 tells who owns it, a USSD code what it has left. What is not well is an alarm.
 *
 *   due, or asked for -> 1414 (registry.h) -> balance (lease.h), code after code -> verdict: row,
 *                                                                      audit, alarms, who waits
 *
 * One SIM at a time. The times of a period are spread by a keyed hash of the SIM, and stand on
 * disk. One timer waits for the next; a SIM that is due and has no network is checked when its
 * modem says that it is ready. What 1414 says is a person's record: it is compared and forgotten
 * (store_owncheck.h).
 *
 * Above core and subscriber, below front. */
#ifndef OTPGATE_OWNCHECK_H
#define OTPGATE_OWNCHECK_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "gateway.h"
#include "store.h"
#include "subscriber_rules.h"

/* What 1414 said of the SIM. On disk: append only. */
enum owncheck_owner {
    OWNER_NEVER, /* it was not asked yet */
    OWNER_SAME,  /* who is remembered; the first answer is remembered */
    OWNER_CHANGED,
    OWNER_REFUSED, /* an answer that gives nothing: a day's number is reached, not now, ... */
    OWNER_NO_RECORD,
    OWNER_UNREADABLE,
    OWNER_SILENT,
    OWNER_NOT_SENT,   /* the question did not leave */
    OWNER_NO_WAY,     /* carriers.ini does not tell how this carrier is asked */
    OWNER_INCOMPLETE, /* of the answer some parts did not come */
};
enum { OWNERS = OWNER_INCOMPLETE + 1 };
/* What the carrier said of the balance. On disk: append only. */
enum owncheck_left {
    LEFT_NEVER,
    LEFT_READ,
    LEFT_POSTPAID, /* there is none */
    LEFT_UNPARSED, /* an answer that no rule of subscriber.ini fits */
    LEFT_REFUSED,  /* by the network, or by the carrier for now */
    LEFT_SILENT,
    LEFT_NOT_ASKED, /* the modem had no time, or went away */
    LEFT_NO_WAY,    /* carriers.ini tells no code */
};
enum { LEFTS = LEFT_NO_WAY + 1 };
const char *owncheck_owner_name(enum owncheck_owner owner); /* "same" */
const char *owncheck_left_name(enum owncheck_left left);    /* "read" */

/* A modem's SIM as it was found. */
enum { OWNCHECK_ALARMS = 4 };
struct owncheck_view {
    const char *modem;
    enum owncheck_owner owner;
    enum owncheck_left left;
    int64_t checked_wall_ms; /* 0: never */
    int64_t due_wall_ms;     /* 0: not by itself */
    int64_t read_wall_ms;    /* the balance was read then; 0: never */
    int64_t vnd;
    const char *expires;                /* "2026-12-31"; "" */
    const char *skipped;                /* why it was not checked though asked for, in words; "" */
    const char *alarm[OWNCHECK_ALARMS]; /* names that stand; NULL past the last */
};

struct owncheck;

/* All but the loop are lent and outlive it; `rules` until owncheck_reload(). `uid`: the daemon's,
 * who asks. NULL: no memory. */
struct owncheck *owncheck_new(struct loop *loop, struct store *store, struct gateway *gateway,
                              const struct config *config, const struct subscriber_rules *rules,
                              uint32_t uid) __attribute__((warn_unused_result));
void owncheck_reload(struct owncheck *own, const struct config *config,
                     const struct subscriber_rules *rules);
/* Before the gateway is freed. Who waits is told nothing. */
void owncheck_free(struct owncheck *own);
/* A modem has changed its state (gateway_on_modem()): what waited for that goes on. */
void owncheck_wake(struct owncheck *own);
/* How far a check is, in words: for followers. NULL: nobody listens. */
void owncheck_on_progress(struct owncheck *own,
                          void (*fn)(void *arg, const char *modem, const char *words), void *arg);

/* false: no SIM of this modem was seen. Pointers hold until the next turn. */
bool owncheck_look(struct owncheck *own, const char *modem, struct owncheck_view *out);

/* Who wants a check now. Owned by the caller until `fn` said that it is over, or
 * owncheck_forget(). */
struct owncheck_wait {
    /* Once for each SIM, then once with NULL. Never from inside owncheck_run(). */
    void (*fn)(struct owncheck_wait *wait, const struct owncheck_view *view);
    struct owncheck *own; /* NULL: it waits for nothing (any more) */
};
struct owncheck_request {
    const char *modem;  /* NULL: all */
    const char *reason; /* on record for each SIM; copied */
    const char *actor;  /* NULL: none */
    bool accept_owner;  /* the owner that 1414 names now is the right one */
};
/* 0, or -1 with the refusal: not_found (no such modem), no_modem (no SIM is known),
 * overloaded (a check that was asked for is under way), shutting_down. A SIM that cannot be asked
 * now is told as skipped. */
int owncheck_run(struct owncheck *own, const struct owncheck_request *request,
                 struct owncheck_wait *wait, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* What has begun is finished, what has not is not begun. Idempotent. */
void owncheck_forget(struct owncheck_wait *wait);

#endif
