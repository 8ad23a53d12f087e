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

struct gateway;
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
/* The modem of this name is off, or is none any more: who was refused because of it is looked at
 * anew. */
void identity_left(struct gateway *gateway, const char *name);

#endif
