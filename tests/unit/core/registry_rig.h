/* registry_rig: a lookup on the rig: who waits and what it was told, 1414 from the air, the
 * network's USSD. Replies are SYNTHETIC. */
#ifndef OTPGATE_REGISTRY_RIG_H
#define OTPGATE_REGISTRY_RIG_H

#include "registry.h"
#include "rig.h"

enum { LIST = 8, UID = 7, OTHER_UID = 8, MODEMS = 8 };

extern struct carrier viettel; /* of all SIMs here */
extern const struct carrier_way TTTB, CODE, MENU;
extern char news[400]; /* progress, in words */

/* Who waits: what it was told. */
struct waiter {
    struct registry_ask ask;
    int told;
    enum registry_end end;
    int part, parts;
    char way[8], why[80];
    char text[200];
};

#define REGISTRY "04814141"
#define SOMEBODY "0B914819325476F8"
#define SHOWN(outcome) (REGISTRY_SHOWN " " #outcome)

void ways(size_t count, const struct carrier_way *first, const struct carrier_way *second);
int setup(void **state);
int setup_many(void **state);
const char *ask(struct world *world, int link, uint32_t uid, struct waiter *waiter);
void question_leaves(struct world *world, int link);
void air_units(struct world *world, int link, const char *from, int total, int sequence,
               const char *units);
void air_from(struct world *world, int link, const char *from, int total, int sequence,
              const char *text);
void inbox_has(struct world *world, const char *const *texts);
struct waiter *at_once(struct world *world, struct waiter *waiter);
void network(struct world *world, int link, enum link_ussd_end end, const char *text);

#endif
