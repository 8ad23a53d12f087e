#include "otp_machine.h"

#include <assert.h>

#define STAYS(state, says)                                                                         \
    {                                                                                              \
        OTP_##state, OTP_SAYS_##says                                                               \
    }
/* What has ended answers every check with how it ended, whatever code is shown: no code is compared
 * any more. */
#define ENDED(state, says)                                                                         \
    [OTP_RIGHT] = STAYS(state, says), [OTP_WRONG] = STAYS(state, says),                            \
    [OTP_FORMER] = STAYS(state, says), [OTP_LAST] = STAYS(state, says),                            \
    [OTP_RESEND] = STAYS(state, TOO_LATE), [OTP_TIME] = STAYS(state, DONE)

static const struct otp_step steps[OTP_STATES][OTP_EVENTS] = {
    [OTP_PENDING] =
        {
            [OTP_RIGHT] = {OTP_APPROVED, OTP_SAYS_APPROVED},
            [OTP_WRONG] = {OTP_PENDING, OTP_SAYS_WRONG},
            [OTP_FORMER] = {OTP_PENDING, OTP_SAYS_SUPERSEDED},
            [OTP_LAST] = {OTP_EXHAUSTED, OTP_SAYS_EXHAUSTED},
            [OTP_RESEND] = {OTP_PENDING, OTP_SAYS_DONE},
            [OTP_CANCEL] = {OTP_CANCELLED, OTP_SAYS_DONE},
            [OTP_TIME] = {OTP_EXPIRED, OTP_SAYS_DONE},
        },
    [OTP_APPROVED] = {ENDED(APPROVED, ALREADY_USED), [OTP_CANCEL] = STAYS(APPROVED, TOO_LATE)},
    [OTP_EXHAUSTED] = {ENDED(EXHAUSTED, EXHAUSTED), [OTP_CANCEL] = STAYS(EXHAUSTED, TOO_LATE)},
    [OTP_EXPIRED] = {ENDED(EXPIRED, EXPIRED), [OTP_CANCEL] = STAYS(EXPIRED, TOO_LATE)},
    /* twice is once */
    [OTP_CANCELLED] = {ENDED(CANCELLED, CANCELLED), [OTP_CANCEL] = STAYS(CANCELLED, DONE)},
};

struct otp_step otp_step(enum otp_state state, enum otp_event event)
{
    return steps[state][event];
}

const char *otp_state_name(enum otp_state state)
{
    static const char *const names[OTP_STATES] = {"pending", "approved", "exhausted", "expired",
                                                  "cancelled"};
    return names[state];
}

const char *otp_result_name(enum otp_answer answer)
{
    static const char *const names[OTP_RESULTS] = {
        [OTP_SAYS_APPROVED] = "approved",         [OTP_SAYS_WRONG] = "wrong",
        [OTP_SAYS_EXPIRED] = "expired",           [OTP_SAYS_EXHAUSTED] = "exhausted",
        [OTP_SAYS_ALREADY_USED] = "already_used", [OTP_SAYS_SUPERSEDED] = "superseded",
        [OTP_SAYS_CANCELLED] = "cancelled",
    };
    assert((int)answer < OTP_RESULTS);
    return names[answer];
}
