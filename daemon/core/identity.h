/* identity: is a modem the one it should be? Its link tells an IMEI, later a SIM; here they are
 * held against the section, the other modems and the pair that is on disk. A modem in doubt keeps
 * its link and takes no message; people see why (`held`). */
#ifndef OTPGATE_IDENTITY_H
#define OTPGATE_IDENTITY_H

#include <stdbool.h>

enum modem_doubt {
    DOUBT_NONE,
    DOUBT_OTHER,   /* not what its section names */
    DOUBT_TWICE,   /* another section has this very modem */
    DOUBT_SWAPPED, /* another SIM than before, or a SIM of another modem: modem.accept */
};

struct gateway;
struct modem;

void identity_init(struct modem *modem);
void identity_stop(struct modem *modem);
/* The link has learned which modem it is, and is not on its way there again. */
bool identity_is_known(const struct modem *modem);
/* After each change of the link's state. */
void identity_look(struct modem *modem);
/* The modem of this name is off, or is none any more: who was refused because of it is looked at
 * anew. */
void identity_left(struct gateway *gateway, const char *name);

#endif
