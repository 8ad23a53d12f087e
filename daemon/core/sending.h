/* sending: what a modem has under way. Where it stands: modem->slot. */
#ifndef OTPGATE_SENDING_H
#define OTPGATE_SENDING_H

#include <stdbool.h>
#include <stdint.h>
#include "link.h"
#include "store.h"

struct fleet;
struct modem;

/* An outcome on its way to the disk; kept in RAM and tried again where it cannot be written. Where
 * it stands: modem->ending. */
struct ending {
    uint64_t token;
    struct sms_outcome outcome;
    bool text_left;     /* the modem had been given the text */
    bool blames_sim;    /* the message is not to blame: suspect.c */
    bool message_waits; /* nobody else may take it, and the modem does not rest for it */
    struct store_waiter waiter;
    struct loop_timer retry;
    int retry_ms;
};

struct sending {
    struct link_submit submit; /* token 0: none */
    int64_t row;               /* of the message under way */
    int parts_left;            /* of it, with this one */
    int64_t expires_ms;
    bool refuse; /* answer "no" at the prompt: cancelled, superseded or undone meanwhile */
    struct sms_outcome over; /* SLOT_OVER */
    bool text_left;          /* of it: not at the prompt any more */
    struct store_waiter claim_waiter, commit_waiter;
    struct ending ending;
};

/* The message was cancelled or superseded: whoever has it says no at the prompt. */
void sending_refuse(struct fleet *fleet, int64_t row);
/* Modems that have something under way. */
int sending_count(const struct fleet *fleet);
/* Nothing is under way, and each outcome is on disk. */
bool sending_none(const struct fleet *fleet);
/* A text that left by this SIM before `came_ms` has no outcome yet, or none on disk. */
bool sending_left_by(const struct fleet *fleet, const char *iccid, int64_t came_ms);

#endif
