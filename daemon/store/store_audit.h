/* store_audit: who asked for what that is looked at later: refused calls, and every call that
 * operates the gateway or asks about a person. */
#ifndef OTPGATE_STORE_AUDIT_H
#define OTPGATE_STORE_AUDIT_H

#include "store.h"

enum { AUDIT_REASON_MAX = 400, AUDIT_ACTOR_MAX = 128 };

struct audit_row {
    int64_t row;
    uint8_t id[16];
    int64_t wall_ms;
    uint32_t uid;
    int pid;
    char method[64], outcome[32];               /* outcome: "ok", or the name of the error */
    char modem[MODEM_NAME_MAX], conclusion[40]; /* "" where there is none */
    /* What people wrote: sealed, and "" where the key is lost. */
    char reason[AUDIT_REASON_MAX], actor[AUDIT_ACTOR_MAX];
};

/* Stands alone or joins the savepoint that is open. Fills row and id. 0/-errno */
int store_audit_insert(struct store *store, struct audit_row *audit)
    __attribute__((warn_unused_result));
/* Newest first; cursor: row to go on below, 0: newest. Number, or -errno. */
int store_audit_list(struct store *store, int64_t cursor, struct audit_row *out, size_t limit);
/* Deletes at most `rows` that are older. Number deleted, or passed over for now (call again while
 * it is not 0), or -errno. */
int store_audit_purge(struct store *store, int64_t before_wall_ms, size_t rows);

#endif
