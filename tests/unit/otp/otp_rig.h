/* otp_rig: codes on the rig of the core: one purpose, a client, and the text that a handset would
 * show, from which the test reads the code as a citizen does. */
#ifndef OTPGATE_OTP_RIG_H
#define OTPGATE_OTP_RIG_H

#include "otp.h"
#include "rig.h"

struct otp_rig {
    struct world *world;
    struct otp *otp;
    struct config_purpose purpose;
    struct refusal refusal; /* of the last call */
    unsigned keys;
};

int otp_rig_setup(void **state);
void otp_rig_setup_in(void **state, const char *dir); /* the database on disk; NULL: in memory */
int otp_rig_teardown(void **state);

/* Each in a transaction of its own, settled. True: done; else rig->refusal. */
bool otp_rig_start(struct otp_rig *rig, const struct otp_start *start, struct otp_standing *out);
bool otp_rig_resend(struct otp_rig *rig, const uint8_t id[OTP_ID], struct otp_standing *out);
bool otp_rig_cancel(struct otp_rig *rig, const uint8_t id[OTP_ID]);
bool otp_rig_check(struct otp_rig *rig, const uint8_t id[OTP_ID], const char *code, const char *key,
                   struct otp_checked *out);
/* A start with a key of its own; the caller may change it. */
struct otp_start otp_rig_asked(struct otp_rig *rig);
void otp_rig_key(struct otp_rig *rig, struct otp_start *start);
/* The nth message of a verification, with its text as it waits; the caller clears it. */
struct message otp_rig_message(struct otp_rig *rig, const struct otp_row *row, int nth);
/* The code in it, six digits after "Ma ". */
void otp_rig_code(struct otp_rig *rig, const struct otp_row *row, int nth,
                  char out[OTP_DIGITS + 1]);
/* A code of as many digits that is not this one. */
void otp_rig_other(const char *code, char out[OTP_DIGITS + 1]);
struct otp_row otp_rig_row(struct otp_rig *rig, const uint8_t id[OTP_ID]);
void otp_rig_pass(struct otp_rig *rig, int64_t ms);
bool otp_rig_refused(const struct otp_rig *rig, const char *name);

#endif
