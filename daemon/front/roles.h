/* roles: who may do what: the [role] sections against the uid and the groups that the kernel gives.
 *
 * Root and the daemon's own uid may do everything, with and without roles: both can read the
 * database and its keys anyway, and a mistake in a role must not lock the operators out. All others
 * may do what the roles that name them say, together; of their limits the strictest counts. Whole
 * numbers of others are shown to nobody whom a role does not show them to, root included.
 *
 * peer_may() of hall.h is the one question. */
#ifndef OTPGATE_ROLES_H
#define OTPGATE_ROLES_H

#include "front.h"

struct call;

/* Fills what the peer may: when it connects, and again when the configuration was re-read. */
void roles_resolve(const struct front *front, struct peer *peer);
/* The role's name, from the first; NULL past the end. */
const char *roles_name_at(size_t i);

/* Of this peer: the gateway's limit, or the one of its roles where that is less. */
int peer_max_connections(const struct front *front, const struct peer *peer);
int peer_max_in_flight(const struct front *front, const struct peer *peer);

/* As whom the peer sees numbers of messages: its uid, or UINT32_MAX: all are whole. */
uint32_t peer_viewer(const struct peer *peer);

/* --- so many in a minute (sends_per_minute): one count of each uid, over all its connections ---
 */

/* A window that slides: as many at once as fit into a minute, then one each time a share of the
 * minute has passed. In memory: it begins anew with the daemon. */
struct rate;
struct rates {
    struct rate *first;
    size_t count;
};
/* Seconds until one more of this uid is allowed, 0: now. per_minute 0: no limit. */
int rate_wait_s(struct rates *rates, int64_t now_ms, uid_t uid, int per_minute);
/* One more was accepted. */
void rate_take(struct rates *rates, int64_t now_ms, uid_t uid, int per_minute);
void rates_fini(struct rates *rates);
/* The same for a message of this peer. */
int rates_wait_s(struct front *front, const struct peer *peer);
void rates_take(struct front *front, const struct peer *peer);

#endif
