/* unpin: parts whose SIM goes. */
#ifndef OTPGATE_UNPIN_H
#define OTPGATE_UNPIN_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "store.h"

struct gateway;

/* The look for parts whose SIM nobody keeps. */
struct unpin {
    struct loop_timer timer;
    struct store_waiter waiter;   /* of a step */
    bool again;                   /* once more when it is through */
    char pin[MODEM_NAME_MAX + 8]; /* where it stands; "": before the first */
    int64_t row;
};

void unpin_init(struct gateway *gateway);
void unpin_stop(struct gateway *gateway);
/* What is left of the message leaves by the SIM of its first part, which is this one unless it is
 * tied already; to be written by the caller. */
void unpin_tie(struct gateway *gateway, struct message *message, const char *iccid);
/* A SIM is away from now on, or another one is in its place: looked for after evidence_wait_s. */
void unpin_later(struct gateway *gateway);

#endif
