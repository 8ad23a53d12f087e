/* attempt: one part of one message on one modem, from the claim to the outcome on disk. */
#ifndef OTPGATE_ATTEMPT_H
#define OTPGATE_ATTEMPT_H

#include <stdint.h>
#include "outcome.h"

struct gateway;
struct message;
struct modem;

int attempt_open(struct modem *modem);  /* a new modem: 0/-ENOMEM */
void attempt_drop(struct modem *modem); /* its link is closed under it */
/* Inside the transaction: claims `message` (with its text) for the free modem. 0/-errno */
int attempt_claim(struct modem *modem, struct message *message);
void attempt_commit_asked(struct modem *modem, uint64_t token, unsigned part);
void attempt_outcome(struct modem *modem, uint64_t token, unsigned part,
                     const struct sms_outcome *outcome);
/* Whoever waits for the end hears of it when nothing is under way any more. */
void attempt_check_stopped(struct gateway *gateway);

#endif
