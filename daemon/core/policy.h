/* policy: what is accepted; gateway_send() and gateway_cancel() are its door. */
#ifndef OTPGATE_POLICY_H
#define OTPGATE_POLICY_H

#include "gateway.h"

/* Takes back what has not left: inside the transaction. 0, 1 too late (refusal filled), else
 * -errno. */
int gateway_withdraw(struct gateway *gateway, struct message *message, const char *reason,
                     struct refusal *refusal);

#endif
