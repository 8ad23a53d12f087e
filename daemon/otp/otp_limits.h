/* otp_limits: how many codes in which time: sliding windows on disk. Looked at before anything is
 * written; counted in the transaction of the send, so that a refusal counts nothing. */
#ifndef OTPGATE_OTP_LIMITS_H
#define OTPGATE_OTP_LIMITS_H

#include "config.h"
#include "gateway.h"
#include "store_otp.h"

struct limits_ask {
    const struct config *config;
    const struct config_purpose *purpose;
    const char *to;      /* E.164 */
    const char *subject; /* NULL: none, or it is a resend */
    const char *address; /* client_ip as limits_address() left it; NULL */
};
enum { LIMITS_ADDRESS = 48, LIMITS_PREFIX = 6 };

/* 0; 1 with the refusal and its retry_after_s; -errno of the store. */
int limits_check(struct store *store, const struct limits_ask *ask, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* 0/-errno */
int limits_count(struct store *store, const struct limits_ask *ask)
    __attribute__((warn_unused_result));
/* An address in normal form, of IPv6 its first 64 bits: who has one has all of them. False: none.
 */
bool limits_address(const char *text, char out[LIMITS_ADDRESS]);
/* What numbers of one range of a carrier have in common: "+8491". */
void limits_prefix(const char *e164, char out[LIMITS_PREFIX]);

#endif
