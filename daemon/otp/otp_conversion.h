/* otp_conversion: how many codes that the network took came back, by SIM, by carrier and range of
 * the number, by hour. A SIM whose messages are taken and never used is blocked without a word; a
 * range that is asked for and never used is somebody who earns by it. Counted on disk, two days. */
#ifndef OTPGATE_OTP_CONVERSION_H
#define OTPGATE_OTP_CONVERSION_H

#include "otp.h"

/* Kinds on disk. */
enum conversion_kind {
    CONVERSION_MODEM,
    CONVERSION_CARRIER,
    CONVERSION_PREFIX,
    CONVERSION_HOUR, /* name: the hour since 1970 */
};
enum { CONVERSION_KINDS = CONVERSION_HOUR + 1, CONVERSION_ROWS = 64 };
/* Of its own: starts by range of the number, whatever became of them; `accepted` counts them. */
enum { CONVERSION_STARTS = CONVERSION_KINDS };

struct conversion_row {
    char name[OTP_TALLY_NAME];
    int64_t accepted, used;
    int median_s; /* from start to the right code; an estimate to a few parts in a hundred; -1 */
};

/* Inside the transaction: a message that the network took, whose code came back or not, of a
 * verification that began at `since_wall_ms`. 0/-errno */
int conversion_count(struct otp *otp, const struct message *message, bool used,
                     int64_t since_wall_ms) __attribute__((warn_unused_result));
/* Inside the transaction: a verification of this number begins. 0/-errno */
int conversion_started(struct otp *otp, const char *to) __attribute__((warn_unused_result));
/* Of the last 24 hours (`hours`: of that many); `kind` may be CONVERSION_STARTS; at most
 * CONVERSION_ROWS, the rest together as "other". Number, or -errno. */
int conversion_read(const struct otp *otp, int kind, int hours,
                    struct conversion_row rows[CONVERSION_ROWS]);
/* Room for what a look has seen, to be freed. NULL: no memory. */
struct judged *conversion_new(void) __attribute__((warn_unused_result));
/* To be called at each start and each end: looks at most once a minute at the last three hours (a
 * few rows, at any length of history); raises and clears the alarms sim_conversion (a modem far
 * below its peers) and sms_pumping (a range of numbers that is asked for and never used: what was
 * started before the look before this one has had its time to be typed in). */
void conversion_judge(struct otp *otp);

#endif
