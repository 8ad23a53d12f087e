/* What the rooms of otp share. Nobody outside daemon/otp includes this. */
#ifndef OTPGATE_OTP_INTERNAL_H
#define OTPGATE_OTP_INTERNAL_H

#include "otp.h"
#include "purpose.h"

struct judged; /* otp_conversion.c */

/* So long after its newest message a verification that was not approved makes the next one wait. */
enum { OTP_STREAK_MS = 3600 * 1000 };

struct otp {
    struct loop *loop;
    struct store *store;
    struct gateway *gateway;
    const struct config *config;
    struct loop_timer sweep_timer; /* the next pending one ends */
    struct loop_timer purge_timer;
    int64_t judged_ms;     /* when conversion was last looked at; 0: not yet */
    struct judged *judged; /* what was seen then */
};

/* --- otp.c --- */

int otp_refuse_store(struct refusal *refusal, int rc);
/* Its time is over. */
bool otp_is_over(const struct otp *otp, const struct otp_row *row);
/* Loads one that this client may see: 0, or -1 with the refusal. */
int otp_load_own(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], struct otp_row *row,
                 struct refusal *refusal);
/* The name under which a call's key is kept. */
void otp_key_name(const struct otp *otp, const char *verb, uint32_t uid, const uint8_t id[OTP_ID],
                  const char *key, uint8_t out[OTP_HASH]);
void otp_log(const struct otp_row *row, const char *what);

/* --- otp_end.c: how verifications end --- */

/* Moves it to its end, writes it, counts it, and takes back a message that still waits. 0/-errno */
int otp_end(struct otp *otp, struct otp_row *row, enum otp_state state);
void otp_end_init(struct otp *otp);
void otp_end_stop(struct otp *otp);
/* One more is pending, until `expires_ms` (clock). */
void otp_end_no_later(struct otp *otp, int64_t expires_ms);

#endif
