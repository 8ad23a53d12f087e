/* weigh: what the delivery reports on disk make of a message. */
#ifndef OTPGATE_WEIGH_H
#define OTPGATE_WEIGH_H

#include "store.h"

struct gateway;

enum { ATTEMPTS_TOLD = SMS_PARTS_MAX * 6 }; /* more of them than one run of a message can have */

/* Inside the transaction: a message that is SENT becomes DELIVERED where they tell so of each of
 * its parts, UNDELIVERED where one has failed. 0/-errno */
int weigh_reports(struct gateway *gateway, struct message *message);
/* Inside the transaction: no report can change it any more. 0/-errno */
int weigh_end(struct gateway *gateway, struct message *message, enum message_state state,
              const char *reason);

#endif
