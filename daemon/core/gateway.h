/* gateway: what decides. Store, fleet and schedule behind the few calls that a session makes.
 * Knows nothing of JSON and sockets; drives links through link.h alone. */
#ifndef OTPGATE_GATEWAY_H
#define OTPGATE_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config.h"
#include "link.h"
#include "modem_view.h"
#include "refusal.h"
#include "store.h"

struct alarms;
struct fleet;
struct gateway;

/* The store and the configuration outlive the gateway. Opens a link for each section. NULL: no
 * memory. */
struct gateway *gateway_new(struct loop *loop, struct store *store, const struct config *config,
                            modem_link_fn *make_link, void *arg)
    __attribute__((warn_unused_result));
/* Takes a re-read configuration over (SIGHUP): modems that left are closed when free, new ones
 * opened, limits changed. `config` must outlive the gateway; the former one may be freed
 * afterwards. */
void gateway_reload(struct gateway *gateway, const struct config *config);
/* Claims stop at once; `done` is called when no committed attempt is under way any more. */
void gateway_shutdown(struct gateway *gateway, loop_fn *done, void *arg);
bool gateway_shutting_down(const struct gateway *gateway);
void gateway_free(struct gateway *gateway); /* links are closed here */

struct send_request {
    uint32_t uid;
    int64_t otp;     /* row of the verification that it is sent for; 0: of none */
    const char *key; /* 1 to MESSAGE_KEY_MAX bytes; with otp: shown only, and never a repeat */
    const char *to;
    const char *text;
    size_t text_len;
    enum message_class class_;
    int ttl_s; /* 10 to 86400; 0: the class's default (otp 300, else 3600) */
    enum sms_encoding encoding;
    bool unaccented, report, flash;
    int on_unknown;   /* enum on_unknown; -1: the class's default (otp: resend, else report) */
    int replace_type; /* 0 to 7 */
    const char *supersedes; /* id or key of an older message of the same uid; NULL */
    const char *modem;      /* NULL: any */
    int retry_after_s;      /* its sender has had its share: a new one is rate_limited; 0: not so */
    bool own;               /* the gateway's own question to a service: short codes are fine */
};
struct send_result {
    struct message message; /* caller clears it */
    int eta_ms;
    bool duplicate;
};
/* Between store_begin() and store_end(ok) of the caller: promises nothing until
 * store_when_durable(). 0, or -1 with the refusal: then nothing was written. */
int gateway_send(struct gateway *gateway, const struct send_request *request,
                 struct send_result *result, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* Cancels one that has not left (QUEUED, CLAIMED; SENDING before its commit). The same transaction
 * rules. refusal "too_late" where it has left or ended; *message is what it is now. */
int gateway_cancel(struct gateway *gateway, struct message *message, struct refusal *refusal)
    __attribute__((warn_unused_result));

size_t gateway_modem_count(const struct gateway *gateway);
/* false past the end. Pointers hold until the next turn. */
bool gateway_modem_at(const struct gateway *gateway, size_t i, struct modem_view *out);
/* Called (deferred) when a modem changed its state: the volatile event "modem". */
void gateway_on_modem(struct gateway *gateway, void (*fn)(void *arg, const struct modem_view *view),
                      void *arg);

/* What operators stop and let go; facts on disk, so that they hold over a restart. Between
 * store_begin() and store_end() of the caller. A message under way is finished, with all its parts;
 * nothing else is claimed. 0, or -1 with the refusal (not_found, no_modem, store_failed). */
int gateway_modem_pause(struct gateway *gateway, const char *name, bool pause,
                        struct refusal *refusal) __attribute__((warn_unused_result));
/* All of them: then nothing is accepted either (no_modem), since nobody knows when it would leave.
 */
int gateway_pause(struct gateway *gateway, bool pause, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* The SIM that the modem holds now is the right one: the pair is kept, the alarm ends, and it
 * sends. Between store_begin() and store_end(). 0, or -1 with the refusal: not_found, conflict (no
 * SIM is known now, or it is held for another reason), store_failed. */
int gateway_modem_accept(struct gateway *gateway, const char *name, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* The first line of a modem's flight recorder that is kept from `number` on; false: none (yet), or
 * no such modem. Its text holds until the next turn. */
bool gateway_modem_trace(struct gateway *gateway, const char *name, uint64_t number,
                         struct link_trace *out);
/* Called (deferred, once a turn) when a modem's flight recorder has more lines. */
void gateway_on_trace(struct gateway *gateway, void (*fn)(void *arg, const char *modem), void *arg);
/* Restarts a modem by its own command as soon as what is under way has ended. */
int gateway_modem_reset(struct gateway *gateway, const char *name, struct refusal *refusal)
    __attribute__((warn_unused_result));

struct gateway_stats {
    int64_t by_state[MESSAGE_STATES]; /* on disk now */
    int64_t accepted, duplicates, refused, sent, not_sent, unknown, resent,
        evidence; /* since start */
    /* From the air, since start: messages taken, TPDUs refused (no message, or over a bound), those
     * that were there already; reports, and those of them that nothing of ours fits. */
    int64_t inbound, inbound_refused, inbound_doubles, reports, reports_unmatched;
    int64_t queued_parts[MESSAGE_CLASSES];
    int eta_ms; /* of a one-part otp now; -1: no modem */
    int64_t start_wall_ms;
    int64_t bodies_lost; /* messages and verifications that ended at the start: body_key_lost */
    bool unclean_start, store_failing, paused;
};
void gateway_stats(struct gateway *gateway, struct gateway_stats *out);

/* What stands behind it: its modems (lease.h, plug.h) and its alarms (alarm.h). */
struct fleet *gateway_fleet(struct gateway *gateway);
struct alarms *gateway_alarms(struct gateway *gateway);

#endif
