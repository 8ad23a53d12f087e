/* What the rooms of owncheck share. */
#ifndef OTPGATE_OWNCHECK_INTERNAL_H
#define OTPGATE_OWNCHECK_INTERNAL_H

#include "owncheck.h"
#include "registry.h"
#include "store_audit.h"
#include "store_owncheck.h"

/* The SIM in a modem. */
struct own_sim {
    struct own_sim *next;
    char modem[MODEM_NAME_MAX];
    char iccid[23];
    bool there;  /* in the fleet, of owncheck.c */
    bool wanted; /* somebody asked for it */
    struct owncheck_row row;
    int64_t not_before_ms; /* it was tried, and could not be asked; CLOCK_BOOTTIME, 0 */
    unsigned tries;        /* in a row that could not be asked */
};

/* The check that is under way. */
enum own_step { STEP_REGISTRY, STEP_BALANCE, STEP_OVER };
struct own_check {
    struct own_sim *sim; /* NULL: none */
    bool by_hand;
    enum own_step step;
    struct registry_ask ask; /* answered by it, or `asking` is false */
    bool asking, leased;
    size_t code; /* of the carrier's balance codes: the next */
    enum owncheck_owner owner;
    enum owncheck_left left;
    bool has_name, has_id; /* of the owner who was named */
    uint8_t name[OWNCHECK_HASH], id[OWNCHECK_HASH];
    int64_t vnd;
    char expires[11];
    int retry_after_s; /* NOT_SENT: when it may be tried again; 0 */
};

struct owncheck {
    struct loop *loop;
    struct store *store;
    struct gateway *gateway;
    const struct config *config;
    int hours; /* of the period that the turns are of */
    const struct subscriber_rules *rules;
    uint32_t uid;
    struct own_sim *sims;
    struct own_check check;
    struct loop_task look, step;
    struct loop_timer due;
    void (*on_progress)(void *arg, const char *modem, const char *words);
    void *on_progress_arg;
    /* What somebody asked for. */
    struct owncheck_wait *wait; /* NULL: nobody waits */
    bool by_hand;               /* some are wanted, or were just now */
    bool accept_owner;
    char reason[AUDIT_REASON_MAX], actor[AUDIT_ACTOR_MAX];
};

/* --- owncheck.c --- */

/* The check has all that it can get: row, record, alarms, who waits. */
void owncheck_over(struct owncheck *own);
void owncheck_tell(struct owncheck *own, const char *modem, const char *words);

/* --- owncheck_ask.c: one SIM, from the question to the answers --- */

void ask_init(struct owncheck *own);
void ask_begin(struct owncheck *own, struct own_sim *sim, bool by_hand);
void ask_stop(struct owncheck *own); /* nobody is told */

/* --- owncheck_judge.c: pure but for hashes and alarms --- */

/* Who is named in a reply of 1414, as hashes; and how the question ended. */
void judge_reply(struct owncheck *own, const char *carrier, const char *text, size_t len);
/* Is it the owner who is remembered? Moves `row` on: what was not known of him is learnt; with
 * `accept` whoever it is. */
enum owncheck_owner judge_owner(const struct own_check *check, bool accept,
                                struct owncheck_row *row);
/* Raises and clears the alarms of this SIM by its row. */
void judge_alarms(struct owncheck *own, const struct own_sim *sim);
void judge_clear(struct owncheck *own, const char *modem); /* all of them: it is another SIM */
/* Names of the alarms that the row is worth. */
void judge_names(struct owncheck *own, const struct owncheck_row *row,
                 const char *out[OWNCHECK_ALARMS]);
/* When judge_alarms() will say something else by itself: wall time, INT64_MAX: never. */
int64_t judge_next(struct owncheck *own, const struct owncheck_row *row);

#endif
