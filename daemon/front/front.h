/* front: the door for clients: accepted connections, who they are, lines, verbs, followers. */
#ifndef OTPGATE_FRONT_H
#define OTPGATE_FRONT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "config.h"
#include "gateway.h"
#include "stream.h"

struct front;

/* Registers itself for events with the store and the gateway. NULL: no memory. */
struct front *front_new(struct loop *loop, struct store *store, struct gateway *gateway,
                        const struct config *config) __attribute__((warn_unused_result));
void front_reload(struct front *front, const struct config *config);
/* Takes the rules of subscriber.ini over, in place of those before (at first the compiled-in ones).
 */
struct subscriber_rules;
void front_subscriber_rules(struct front *front, struct subscriber_rules *rules);
/* No further requests are taken (shutting_down); sessions stay to hear what becomes of theirs. */
void front_shutdown(struct front *front);
void front_free(struct front *front); /* sessions are closed */

/* Who is at the other end. The maker of a session gives the first five; the rest is what its roles
 * say (roles.h). */
struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    const gid_t *groups; /* the further ones; copied by session_new() */
    size_t group_count;
    unsigned may;                    /* some of MAY_ */
    bool shows_numbers, shows_inbox; /* whole numbers of others' messages; of who wrote to a SIM */
    int max_connections, max_in_flight, sends_per_minute; /* 0: none of its own */
};
/* A session on a stream that is open already; it ends by itself. The sink to give to the stream's
 * maker is session_sink with the session as ctx, hence two steps. NULL: over a limit of connections
 * (the caller closes), or no memory. */
struct session;
extern const struct stream_sink session_sink;
struct session *session_new(struct front *front, const struct peer *peer)
    __attribute__((warn_unused_result));
void session_attach(struct session *session, struct stream *stream);

#endif
