/* lists: message.list. A filter may fit few messages of many: they are walked from the newest down,
 * a bounded look a step. Ends with its session. */
#ifndef OTPGATE_LISTS_H
#define OTPGATE_LISTS_H

#include "call.h"
#include "store.h"

enum { LISTS_MAX = 200 };
/* Parks the call; answers {messages, next_cursor}: up to `limit` (1 to LISTS_MAX) below `cursor`
 * (0: from the newest). False: no memory. */
bool lists_start(struct call *call, const struct message_filter *filter, int64_t cursor,
                 size_t limit) __attribute__((warn_unused_result));

#endif
