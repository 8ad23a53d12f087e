/* pin: the PIN of a SIM, from the question whether it may be typed to what the SIM said; and what
 * its SIM wants of somebody. */
#ifndef OTPGATE_PIN_H
#define OTPGATE_PIN_H

#include <stdbool.h>
#include "link.h"
#include "store.h"

struct modem;
struct store_pin_view;

enum { PIN_SIM_ROOM = 32 };
struct pin {
    char sim[PIN_SIM_ROOM]; /* ICCID, or "imei:..." */
    char code[9];           /* only until it is on disk that it is tried */
    bool typed;             /* and nothing is known of it yet */
    bool none;              /* it asks for one, and there is none that may be typed */
    bool ours;              /* all that is written as tried on this SIM, for `before` to judge */
    unsigned before;        /* link->pins_typed when it was written */
    struct store_waiter waiter;
};

/* Why a PIN of which this is known may not be typed where `left` attempts are left (-1: not told);
 * NULL: it may. Pure. */
const char *pin_refusal(const struct store_pin_view *view, int left);
void pin_asked(struct modem *modem);
void pin_rejected(struct modem *modem);
void pin_follow(struct modem *modem, enum link_state state); /* the link has told its state */
void pin_stop(struct modem *modem);                          /* its link is to be closed */
void pin_alarms_over(struct modem *modem);
/* Its SIM does not work before somebody has seen to it. */
bool pin_wants_people(const struct modem *modem);

#endif
