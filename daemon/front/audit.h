/* audit: a line in the journal and a row on disk for each call that was refused for want of a role,
 * and for each that operates the gateway or asks about a person (roles operate and subscriber).
 *
 * Written when the call is answered, in the transaction that the answer waits for: what was shown
 * is on record. Where the disk takes no row, the journal line is all there is. Refusals of one uid
 * are bounded, so that nobody fills the disk with them. */
#ifndef OTPGATE_AUDIT_H
#define OTPGATE_AUDIT_H

#include "front.h"

struct call;

/* What a verb knows besides who, what and when; NULL: nothing. Copied. */
struct audit_fields {
    const char *modem;      /* of the configuration */
    const char *conclusion; /* one word of ours: "match", "other_person" */
    const char *reason;     /* as the caller gave them: sealed on disk, never in the journal */
    const char *actor;
};
/* The call is put on record, whatever its role, with these. Before its answer; a second one
 * replaces what it names. */
void audit_note(struct call *call, const struct audit_fields *fields);
/* For call.c: the call has its answer. */
void audit_answered(struct call *call);
/* For call.c: frees what was noted. */
void audit_drop(struct call *call);

#endif
