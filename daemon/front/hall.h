/* hall: where the rooms of the front meet: the one struct front, and who may do what.
 * Owned by front.c; sessions, events and waits keep their own lists in it and nobody else's.
 * Included by the rooms of this folder only. */
#ifndef OTPGATE_HALL_H
#define OTPGATE_HALL_H

#include "events.h"
#include "front.h"
#include "otp.h"
#include "owncheck.h"
#include "roles.h"
#include "session.h"
#include "waits.h"
#include "walks.h"

struct front {
    struct loop *loop;
    struct store *store;
    struct gateway *gateway;
    struct otp *otp;      /* owned */
    struct owncheck *own; /* owned */
    const struct config *config;
    uid_t own_uid; /* of the daemon */
    bool stopping;
    struct sessions sessions;
    struct call *orphans; /* calls whose session ended before their answer */
    struct events events;
    struct waits waits;
    struct walks walks;
    struct rates rates, refusals;              /* of sends; of what is on record */
    struct subscriber_rules *subscriber_rules; /* never NULL */
    json_t *openrpc;                           /* proto/openrpc.json; NULL: nobody has asked yet */
};

/* Whether this peer may do what asks for `role` (x-role of proto/openrpc.json); see roles.h. */
bool peer_may(const struct front *front, const struct peer *peer, const char *role);

#endif
