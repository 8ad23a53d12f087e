/* settle: how an attempt that was sent after all moves its message on; and how a message ends that
 * cannot go on. */
#ifndef OTPGATE_SETTLE_H
#define OTPGATE_SETTLE_H

#include <stdbool.h>
#include "store.h"

struct gateway;

/* Inside the transaction: the attempt was sent (unsure: perhaps not), its message is loaded and
 * moved on where this moves it. 1: settled, 0: no such message, -errno. */
int settle_attempt(struct gateway *gateway, struct attempt *attempt, int reference, bool unsure,
                   struct message *message);
/* The state in which a message ends that cannot go on: UNKNOWN where a copy may have left, else
 * `wanted`. Pure. */
enum message_state settle_end_state(const struct message *message, enum message_state wanted);

#endif
