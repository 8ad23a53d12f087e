/* hold: what an operator stops, and lets go again. */
#ifndef OTPGATE_HOLD_H
#define OTPGATE_HOLD_H

#include <stdbool.h>
#include "loop.h"

struct fleet;
struct message;
struct modem;
struct refusal;

struct hold {
    bool paused;           /* by an operator: a fact on disk */
    bool finishing;        /* held, and a message begun here may still want its next part */
    struct loop_task tell; /* followers hear that it is held, or no more */
};

void hold_init(struct modem *modem); /* a new modem: what the disk says of it */
void hold_stop(struct modem *modem);
/* Reads the facts again: at start, after a transaction that failed, and when the disk is mended. */
void hold_load(struct fleet *fleet);
/* It, or everything. */
bool modem_is_paused(const struct modem *modem);
/* What it began may go on elsewhere: it is gone, quarantined, or paused with nothing left to
 * finish. */
bool modem_is_away(const struct modem *modem);
/* Why, in words; "" where it is not held. */
const char *hold_words(const struct modem *modem);
/* The next part of a message that a held modem has begun: 1 with its text, 0 none, -errno. */
int hold_next_part(struct modem *modem, struct message *out);
/* The modem has become ready. */
void hold_on_ready(struct modem *modem);
/* One modem, or all of them, are paused or resumed; inside the transaction. Another starts anew by
 * its own command. 0, or -1 with the refusal: not_found, no_modem, store_failed. */
int hold_modem(struct fleet *fleet, const char *name, bool pause, struct refusal *refusal);
int hold_all(struct fleet *fleet, bool pause, struct refusal *refusal);
int hold_reset(struct fleet *fleet, const char *name, struct refusal *refusal);

#endif
