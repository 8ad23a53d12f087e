/* call: one request between its line and its answer. A verb gets one and answers it exactly once,
 * now or later, with call_reply(), call_fail() or call_refuse(); it must not be touched after that.
 *
 * The answer's line is formed at once and leaves when everything written so far is on disk. A call
 * outlives its session: then nobody hears the answer and the call frees itself. */
#ifndef OTPGATE_CALL_H
#define OTPGATE_CALL_H

#include <jansson.h>
#include "front.h"
#include "wire.h"

struct audit_row;

struct call {
    struct front *front;
    struct session *session; /* NULL: it ended */
    struct peer peer;
    json_t *id; /* NULL: it could not be read */
    json_t *params;
    const struct wire_method *method; /* NULL: there is none */
    bool promises; /* a verb has run whose answer stands on this turn's transaction */
    bool last;     /* the connection ends after the answer */
    bool failed;   /* the answer is an error */
    enum wire_error error;
    char *line; /* the answer; NULL before it */
    size_t line_len;
    size_t counted; /* of its session's `pending` */
    /* Set while parked: lets go of the call and ends with call_drop(). */
    void (*abandon)(struct call *call);
    void *parked;            /* of who parked it */
    struct audit_row *audit; /* of audit.c; NULL: nothing is noted */
    struct store_waiter waiter;
    struct call *prev, *next; /* in its session's list or among the orphans */
};

/* References to id and params are stolen. NULL: no memory. */
struct call *call_new(struct session *session, json_t *id, json_t *params)
    __attribute__((warn_unused_result));

/* `result` is stolen; NULL stands for "no memory". */
void call_reply(struct call *call, json_t *result);
/* `sentence` NULL: the one of the error table. `data`: an object or NULL, stolen. */
void call_fail(struct call *call, enum wire_error error, const char *sentence, json_t *data);
void call_refuse(struct call *call, const struct refusal *refusal);
/* Whether its peer has the role that its method asks for. */
bool call_may(const struct call *call);
/* not_allowed: "`what` needs the role `role`". */
void call_not_allowed(struct call *call, const char *what, const char *role);
/* A store call failed with -errno: the client gets store_failed, the log the cause. */
void call_fail_store(struct call *call, int rc);

/* For a verb that changes something: a savepoint of its own. False: the call has been answered. */
bool call_begun(struct call *call);
/* Ends it: true where it is done (rc 0) and kept; else it is undone, and the call has been
 * answered, with `refusal` where the verb was refused (rc < 0). */
bool call_kept(struct call *call, int rc, const struct refusal *refusal);

/* False where the connection has calls enough that wait: then it has been answered. */
bool call_may_wait(struct call *call) __attribute__((warn_unused_result));
/* Waits for something else than the disk: no longer counted as in flight. `abandon` is called where
 * the session ends first. */
void call_park(struct call *call, void (*abandon)(struct call *call), void *parked);
/* Goes on towards its answer. */
void call_unpark(struct call *call);

/* The session ends: the answer is heard by nobody. */
void call_detach(struct call *call);
/* Frees it, answered or not. */
void call_drop(struct call *call);

#endif
