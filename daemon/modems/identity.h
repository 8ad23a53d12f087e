/* identity: is a modem the one it should be? Its link tells an IMEI, later a SIM; here they are
 * held against the section, the other modems and the pair that is on disk. A modem in doubt keeps
 * its link and takes no message; people see why (`held`). */
#ifndef OTPGATE_IDENTITY_H
#define OTPGATE_IDENTITY_H

#include <stdbool.h>
#include "store.h"

enum modem_doubt {
    DOUBT_NONE,
    DOUBT_OTHER,   /* not what its section names */
    DOUBT_TWICE,   /* another section has this very modem */
    DOUBT_SWAPPED, /* another SIM than before, or a SIM of another modem: modem.accept */
};

struct fleet;
struct modem;
struct refusal;

struct identity {
    enum modem_doubt doubt;
    char why[96];                           /* of the doubt */
    char looked_imei[17], looked_iccid[23]; /* what identity_look() has judged */
    struct store_waiter accepted;           /* its pair is on its way to the disk */
};

void identity_init(struct modem *modem);
void identity_stop(struct modem *modem);
/* After each change of the link's state. */
void identity_look(struct modem *modem);
/* The modem of this name is off, or is none any more: true where this one was refused because of
 * it, and is so no more. */
bool identity_twin_left(struct modem *modem, const char *name);
/* The SIM that the modem holds now is the right one: the pair is kept, the alarm ends, and it
 * sends. Inside the transaction. 0, or -1 with the refusal: not_found, conflict (no SIM is known
 * now, or it is held for another reason), store_failed. */
int identity_accept(struct fleet *fleet, const char *name, struct refusal *refusal);

#endif
