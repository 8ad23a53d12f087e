/* server: the listening Unix socket, and who has connected to it. The one room of the front that
 * knows file descriptors; it makes sessions and keeps none.
 *
 * The socket comes from systemd (LISTEN_FDS) or is made here. A socket file left behind by a crash
 * is replaced only while `<socket>.lock` is held and nobody answers on it: a second daemon is
 * refused, never ousted. */
#ifndef OTPGATE_SERVER_H
#define OTPGATE_SERVER_H

#include "front.h"

struct server;

/* 0 and *out, or -errno and *why, a static sentence: -EADDRINUSE (another daemon answers there),
 * -EEXIST (no socket stands at that path), -ENAMETOOLONG, -EACCES, ... `front` outlives the server.
 */
int server_new(struct loop *loop, struct front *front, const struct config *config,
               struct server **out, const char **why) __attribute__((warn_unused_result));
/* Stops listening and removes the socket file, if it is still ours. Sessions stay. */
void server_free(struct server *server);

#endif
