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

struct conversion_row {
    char name[OTP_TALLY_NAME];
    int64_t accepted, used;
    int median_s; /* from start to the right code; an estimate to a few parts in a hundred; -1 */
};

/* Inside the transaction: a message that the network took, whose code came back or not, of a
 * verification that began at `since_wall_ms`. 0/-errno */
int conversion_count(struct otp *otp, const struct message *message, bool used,
                     int64_t since_wall_ms) __attribute__((warn_unused_result));
/* Of the last 24 hours (`hours`: of that many); at most CONVERSION_ROWS, the rest together as
 * "other". Number, or -errno. */
int conversion_read(const struct otp *otp, enum conversion_kind kind, int hours,
                    struct conversion_row rows[CONVERSION_ROWS]);
/* Looks at most once a minute at the last three hours; raises and clears the alarms sim_conversion
 * (a modem far below its peers) and sms_pumping (a range of numbers that is asked for and never
 * used). */
void conversion_judge(struct otp *otp);

#endif
