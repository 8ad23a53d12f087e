/* waits: message.get calls that answer when a message has come to a state, or when their time is
 * over. Driven by the events of the store, not by looking again. A wait ends with its call. */
#ifndef OTPGATE_WAITS_H
#define OTPGATE_WAITS_H

#include "call.h"

enum { WAIT_BUCKETS = 64 };

struct wait;
struct waits {
    struct wait *bucket[WAIT_BUCKETS]; /* by the message's row */
    size_t count;
    int64_t seen; /* events up to here were looked at */
};

/* How far a message must have come. WAIT_DELIVERED: its end, or as far as it can come without a
 * delivery report. */
enum wait_until { WAIT_SENT, WAIT_DELIVERED, WAIT_FINAL };

/* Answers a call with what the message is now. */
typedef void wait_answer_fn(struct call *call, const struct message *message);

/* Parks the call for at most `wait_ms`; false: no memory, the call is still the caller's. */
bool waits_add(struct front *front, struct call *call, const struct message *message,
               enum wait_until until, int64_t wait_ms, wait_answer_fn *answer)
    __attribute__((warn_unused_result));
bool wait_is_over(const struct message *message, enum wait_until until);
/* The store has committed events up to `newest`. */
void waits_on_events(struct front *front, int64_t newest);

#endif
