/* attempt: one part of one message on one modem, from the claim to the outcome on disk. */
#ifndef OTPGATE_ATTEMPT_H
#define OTPGATE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include "link.h"
#include "store.h"

struct gateway;
struct modem;

/* An outcome on its way to the disk; kept in RAM and tried again where it cannot be written. Where
 * it stands: modem->ending. */
struct ending {
    uint64_t token;
    struct sms_outcome outcome;
    bool blames_sim;    /* the message is not to blame: suspect.c */
    bool message_waits; /* nobody else may take it, and the modem does not rest for it */
    struct store_waiter waiter;
    struct loop_timer retry;
    int retry_ms;
};

/* What a modem has under way. Where it stands: modem->slot. */
struct sending {
    struct link_submit submit; /* token 0: none */
    int64_t row;               /* of the message under way */
    int parts_left;            /* of it, with this one */
    int64_t claimed_at_ms, expires_ms;
    bool refuse; /* answer "no" at the prompt: cancelled, superseded or undone meanwhile */
    struct sms_outcome over; /* SLOT_OVER */
    struct store_waiter claim_waiter, commit_waiter;
    struct ending ending;
};

int attempt_open(struct modem *modem);  /* a new modem: 0/-ENOMEM */
void attempt_drop(struct modem *modem); /* its link is closed under it */
/* Inside the transaction: claims `message` (with its text) for the free modem. 0/-errno */
int attempt_claim(struct modem *modem, struct message *message);
void attempt_commit_asked(struct modem *modem, uint64_t token, unsigned part);
void attempt_outcome(struct modem *modem, uint64_t token, unsigned part,
                     const struct sms_outcome *outcome);
/* The message was cancelled or superseded: whoever has it says no at the prompt. */
void attempt_refuse(struct gateway *gateway, int64_t row);
/* The state in which a message ends that cannot go on: UNKNOWN where a copy may have left, else
 * `wanted`. Pure. */
enum message_state attempt_end_state(const struct message *message, enum message_state wanted);
void attempt_check_stopped(struct gateway *gateway);

#endif
