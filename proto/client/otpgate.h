/* libotpgate: talk to the gateway from C. Blocking calls with time-outs; a file descriptor for
 * those who have a loop.
 *
 *   struct otpgate *gate;
 *   struct otpgate_error error;
 *   json_t *result;
 *   if (otpgate_open(OTPGATE_SOCKET, 5000, &gate) == 0) {
 *       int rc = otpgate_call(gate, "message.send",
 *                             json_pack("{s:s, s:s, s:s}", "key", key, "to", to, "text", text),
 *                             10000, &result, &error);
 *       if (rc == 0) { ...; json_decref(result); }
 *       else if (rc == -EREMOTEIO) { error.name, error.message, error.retry_after_s }
 *   }
 *   otpgate_close(gate);
 *
 * One connection belongs to one thread at a time. It never connects again by itself: what was under
 * way when it broke may have been done or not, and only the caller knows its key to ask with.
 * Nothing is ever printed.
 *
 * Every function that can fail returns 0 or one of:
 *   -EREMOTEIO   the gateway refused; struct otpgate_error says why
 *   -ETIMEDOUT   no answer in time; the request may still be carried out
 *   -ECONNRESET  the connection is over
 *   -EPROTO      what came is no answer of this protocol; the connection is over
 *   -EMSGSIZE    a line over OTPGATE_LINE_MAX came; the connection is over
 *   -ENOBUFS     OTPGATE_NOTES_MAX notifications wait: take them first; or OTPGATE_CALLS_MAX calls
 * are under way -EINVAL      no such call is under way -ENOMEM and, from otpgate_open(), what
 * connect(2) says. otpgate_reason() has a sentence for each. */
#ifndef OTPGATE_H
#define OTPGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#define OTPGATE_SOCKET "/run/otpgate/otpgate.sock"

enum {
    OTPGATE_LINE_MAX = 1 << 20, /* bytes of one line from the gateway */
    OTPGATE_NOTES_MAX = 1024,   /* notifications kept until they are taken */
    OTPGATE_CALLS_MAX = 32,     /* under way at once; the gateway's own default limit */
};

struct otpgate;

/* A refusal by the gateway. Programs go by `name` (docs/protocol.md), people read `message`. */
struct otpgate_error {
    char name[32];
    int code;
    char message[256];
    int retry_after_s; /* 0: time does not mend it */
    const json_t
        *data; /* all that came with it; the connection's, until the next call on it. May be NULL */
};

/* `timeout_ms` everywhere: 0 does not wait, -1 waits as long as it takes. */

/* Connects. On success *out is the caller's, to be ended with otpgate_close(). */
int otpgate_open(const char *path, int timeout_ms, struct otpgate **out)
    __attribute__((warn_unused_result));
/* Wipes and frees; NULL is fine. */
void otpgate_close(struct otpgate *gate);

/* One request and its answer. Takes `params` over (NULL: none), also on failure. On 0 *result is
 * the caller's. On -EREMOTEIO *error is filled. A late answer to a call that timed out is dropped.
 * Notifications that come meanwhile are kept for otpgate_next(). */
int otpgate_call(struct otpgate *gate, const char *method, json_t *params, int timeout_ms,
                 json_t **result, struct otpgate_error *error) __attribute__((warn_unused_result));

/* The same in two steps, so that several can be under way. start: writes the request; *id names it.
 * finish: its answer; after -ETIMEDOUT it may be asked for again, after anything else `id` is used
 * up. forget: it is not wanted any more. */
int otpgate_start(struct otpgate *gate, const char *method, json_t *params, int timeout_ms,
                  int64_t *id) __attribute__((warn_unused_result));
int otpgate_finish(struct otpgate *gate, int64_t id, int timeout_ms, json_t **result,
                   struct otpgate_error *error) __attribute__((warn_unused_result));
void otpgate_forget(struct otpgate *gate, int64_t id);

/* The next notification: its method (may be NULL if not wanted) and params, both the caller's
 * (free(), json_decref()). After events.follow they are `event`. */
int otpgate_next(struct otpgate *gate, int timeout_ms, char **method, json_t **params)
    __attribute__((warn_unused_result));

/* Waits until the answer of call `id`, or a notification, is there: then finish and next return it
 * at once. */
int otpgate_wait(struct otpgate *gate, int64_t id, int timeout_ms)
    __attribute__((warn_unused_result));

/* For a loop: readable when something may have come. Then finish or next with time-out 0 until
 * -ETIMEDOUT, since one read may bring several lines. The descriptor stays the connection's. */
int otpgate_fd(const struct otpgate *gate);

/* A sentence for a return value of these functions. Static text. */
const char *otpgate_reason(int rc);

#endif
