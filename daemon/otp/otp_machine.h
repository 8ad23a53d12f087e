/* otp_machine: what may become of a verification, as one const table: state x event -> answer and
 * next state. Pure. */
#ifndef OTPGATE_OTP_MACHINE_H
#define OTPGATE_OTP_MACHINE_H

#include "store_otp.h"

enum otp_event {
    OTP_RIGHT,  /* a check: the code is right */
    OTP_WRONG,  /* it is not, and further checks are left */
    OTP_FORMER, /* it is one that a newer code has superseded, and further checks are left */
    OTP_LAST,   /* it is not right, and this was the last check */
    OTP_RESEND,
    OTP_CANCEL,
    OTP_TIME, /* its time is over */
};
enum { OTP_EVENTS = OTP_TIME + 1 };

enum otp_answer {
    OTP_SAYS_APPROVED,
    OTP_SAYS_WRONG,
    OTP_SAYS_EXPIRED,
    OTP_SAYS_EXHAUSTED,
    OTP_SAYS_ALREADY_USED,
    OTP_SAYS_SUPERSEDED,
    OTP_SAYS_CANCELLED,
    OTP_SAYS_DONE,     /* it was done: sent, cancelled, ended */
    OTP_SAYS_TOO_LATE, /* refused: it has ended */
};
enum { OTP_RESULTS = OTP_SAYS_CANCELLED + 1 };

struct otp_step {
    enum otp_state next;
    enum otp_answer answer;
};
struct otp_step otp_step(enum otp_state state, enum otp_event event);
const char *otp_state_name(enum otp_state state);    /* "pending", as on the wire */
const char *otp_result_name(enum otp_answer answer); /* "approved"; of a check's results */

#endif
