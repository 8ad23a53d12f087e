/* await: a message that is UNKNOWN waits for evidence; then it is sent once more where that is
 * wanted, or stays so. */
#ifndef OTPGATE_AWAIT_H
#define OTPGATE_AWAIT_H

#include "outcome.h"

struct gateway;
struct message;

/* Inside the transaction: the message is UNKNOWN by this outcome: it is written so, and queued
 * again after evidence_wait_s where it may be. 0/-errno */
int await_evidence(struct gateway *gateway, struct message *message,
                   const struct sms_outcome *outcome);
/* At start: what a crash left UNKNOWN is put where its on_unknown says. */
void await_recover(struct gateway *gateway);

#endif
