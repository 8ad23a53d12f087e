/* otp: the whole life of a one-time password: start, resend, check, end. Stands on the gateway,
 * which carries the texts, and on the store, which keeps what must survive; knows nothing of JSON.
 *
 * A client is a uid and sees its own verifications only. Calls that change something stand between
 * store_begin() and store_end(ok) of the caller and promise nothing until store_when_durable(). A
 * refused call (-1) has sent nothing and counts nothing: the caller undoes its savepoint.
 * Codes and numbers never leave this floor but in the text of a message. */
#ifndef OTPGATE_OTP_H
#define OTPGATE_OTP_H

#include "config.h"
#include "gateway.h"
#include "otp_machine.h"
#include "store_otp.h"

struct otp;

/* Store, gateway and configuration outlive it. NULL: no memory. */
struct otp *otp_new(struct loop *loop, struct store *store, struct gateway *gateway,
                    const struct config *config) __attribute__((warn_unused_result));
void otp_reload(struct otp *otp, const struct config *config);
void otp_free(struct otp *otp);

struct otp_start {
    uint32_t uid;
    const char *key; /* 1 to MESSAGE_KEY_MAX bytes */
    const char *to, *purpose;
    const char *subject, *locale, *origin, *app_hash, *client_ip; /* NULL: none */
    int ttl_s, length;                                            /* 0: the purpose's */
};
struct otp_standing {
    struct otp_row row;
    int resend_after_s; /* until the next send may be asked for */
    int sends_left;
    int eta_ms;     /* of the message just accepted; 0: none was */
    bool duplicate; /* the key was used before: nothing was sent */
};
int otp_start(struct otp *otp, const struct otp_start *start, struct otp_standing *out,
              struct refusal *refusal) __attribute__((warn_unused_result));
/* key: NULL: none. */
int otp_resend(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], const char *key,
               struct otp_standing *out, struct refusal *refusal)
    __attribute__((warn_unused_result));

struct otp_checked {
    enum otp_answer result; /* under OTP_RESULTS */
    int attempts_left;
};
/* `code` as the citizen typed it: blanks and dashes are left out. The same key with the same code
 * gets the same result; with another code it is refused (conflict). */
int otp_check(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], const char *code,
              const char *key, struct otp_checked *out, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* uid UINT32_MAX: anybody's. */
int otp_cancel(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], struct otp_standing *out,
               struct refusal *refusal) __attribute__((warn_unused_result));
/* Whether the code of a message that was sent by message.send came back; said again it changes
 * nothing. */
int otp_feedback(struct otp *otp, const struct message *message, bool used, struct refusal *refusal)
    __attribute__((warn_unused_result));

/* As it stands now: a lifetime that is over is seen, though not written yet. */
void otp_stand(const struct otp *otp, struct otp_row *row, struct otp_standing *out);
/* Its nth message (1: the first), without text: 1, 0 (not kept any more), -errno. The caller clears
 * it. */
int otp_message(const struct otp *otp, const struct otp_row *row, int nth, struct message *out);

#endif
