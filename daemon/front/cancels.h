/* cancels: message.cancel by a filter. The queue is walked from its newest message down, a few rows
 * a step and a COMMIT each, so that the loop is never held for longer than by any other request;
 * what is accepted meanwhile is not touched. Ends with its session: what was cancelled stays so. */
#ifndef OTPGATE_CANCELS_H
#define OTPGATE_CANCELS_H

#include "call.h"

struct cancels_filter {
    uint32_t uid;           /* UINT32_MAX: everybody's */
    int class_;             /* -1: any */
    const char *modem;      /* those that this modem alone may send; NULL: any. Copied */
    int64_t before_wall_ms; /* created before; INT64_MAX: any */
};
/* Parks the call; answers {cancelled: n}. False: no memory. */
bool cancels_start(struct call *call, const struct cancels_filter *filter)
    __attribute__((warn_unused_result));

#endif
