#include "server.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "log.h"
#include "loop_event.h"
#include "session.h"
#include "stream_fd.h"

enum {
    ACCEPTS_A_TURN = 64, /* clients that are connected already must not starve */
    REST_MS = 500,       /* after EMFILE: a connection that waits stays readable, that would spin */
    SOCKET_BACKLOG = 512,
};

struct server {
    struct loop *loop;
    struct front *front;
    struct loop_watch *watch;
    struct loop_timer rest;
    int fd, lock_fd; /* lock_fd -1: the socket is systemd's */
    char path[108];
    dev_t dev;
    ino_t ino;
};

static void server_close_fd(int fd)
{
    if (fd >= 0)
        close(fd); /* nothing is unsaved behind any of these */
}

/* --- who knocks ----------------------------------------------------------------------------- */

/* One line that says why, as far as the kernel takes it at once. */
static void server_turn_away(int fd, enum wire_error error, const char *sentence)
{
    size_t len = 0;
    char *line = wire_error_line(NULL, error, sentence, NULL, &len);
    if (line && send(fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_event(LOG_LEVEL_DEBUG, "server", "-", "unheard", "error=\"%s\"", strerror(errno));
    free(line);
    close(fd);
}

/* The further groups of whoever connected, malloc'd; none where there are none or this kernel does
 * not tell. 0, -ENOMEM. */
static int server_groups(int fd, gid_t **groups, size_t *count)
{
    socklen_t len = 0;
    *groups = NULL;
    *count = 0;
    /* too small a buffer gives the size that is needed; another process's set does not change */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
        return 0;
    gid_t *found = malloc(len);
    if (!found)
        return -ENOMEM;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, found, &len)) {
        free(found);
        return 0;
    }
    *groups = found;
    *count = len / sizeof *found;
    return 0;
}

static void server_admit(struct server *server, int fd)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
        log_event(LOG_LEVEL_WARNING, "server", "-", "no_credentials", "error=\"%s\"",
                  strerror(errno));
        close(fd);
        return;
    }
    struct peer peer = {.uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
    gid_t *groups;
    if (server_groups(fd, &groups, &peer.group_count)) {
        close(fd);
        return;
    }
    peer.groups = groups;
    struct session *session = session_new(server->front, &peer);
    free(groups);
    if (!session) {
        server_turn_away(fd, WIRE_RATE_LIMITED, "too many connections");
        return;
    }
    struct stream *stream;
    int rc = stream_fd_new(server->loop, fd, 0, NULL, NULL, &session_sink, session, &stream);
    if (rc < 0) {
        session_end(session, strerror(-rc));
        close(fd);
        return;
    }
    stream_fd_on_end(stream, session_on_end);
    session_attach(session, stream);
}

/* --- the door ------------------------------------------------------------------------------- */

static void server_rest(struct server *server, int err)
{
    log_event(LOG_LEVEL_WARNING, "server", "-", "rests", "ms=%d error=\"%s\"", REST_MS,
              strerror(err));
    loop_watch_set(server->watch, 0);
    loop_timer_arm_in(&server->rest, REST_MS);
}

static void server_on_rested(void *arg)
{
    struct server *server = arg;
    loop_watch_set(server->watch, LOOP_READ);
}

static void server_on_ready(void *arg, int ready)
{
    struct server *server = arg;
    (void)ready;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            server_admit(server, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            server_rest(server, errno); /* EMFILE, ENFILE, ENOBUFS, ENOMEM */
            return;
        }
    }
}

/* --- the socket ----------------------------------------------------------------------------- */

/* >= 0: systemd's listening socket; -ENOENT: it gave none. */
static int server_fd_given(const char **why)
{
    int count = sd_listen_fds(1);
    if (count == 0)
        return -ENOENT;
    *why = "systemd handed over something else than one listening Unix socket";
    if (count < 0)
        return count;
    if (count != 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
        return -EINVAL;
    int flags = fcntl(SD_LISTEN_FDS_START, F_GETFL);
    if (flags < 0 || fcntl(SD_LISTEN_FDS_START, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return SD_LISTEN_FDS_START;
}

static int server_lock(struct server *server, const char **why)
{
    char path[sizeof server->path + 8];
    snprintf(path, sizeof path, "%s.lock", server->path);
    *why = "the lock file beside the socket cannot be made";
    server->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (server->lock_fd < 0)
        return -errno;
    if (flock(server->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    *why = "another daemon has this socket";
    return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
}

/* Makes way for bind(): 0 where nothing stands at the path any more. */
static int server_clear_path(const struct sockaddr_un *address, const char **why)
{
    struct stat there;
    if (lstat(address->sun_path, &there))
        return errno == ENOENT ? 0 : -errno;
    *why = "at the path of the socket stands something that is no socket";
    if (!S_ISSOCK(there.st_mode))
        return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int rc = connect(fd, (const struct sockaddr *)address, sizeof *address) ? errno : 0;
    close(fd);
    *why = "another program answers on this socket";
    if (rc == 0 || rc == EAGAIN || rc == EINPROGRESS)
        return -EADDRINUSE;
    *why = "the socket of an earlier run cannot be removed";
    if (rc != ECONNREFUSED)
        return -rc;
    return unlink(address->sun_path) ? -errno : 0;
}

/* Not even for a moment may more connect than the mode says: nobody can before listen(). */
static int server_bind(struct server *server, const struct config *config, const char **why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat made;
    memcpy(address.sun_path, server->path, sizeof address.sun_path);
    int rc = server_clear_path(&address, why);
    if (rc < 0)
        return rc;
    *why = "the socket cannot be made";
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || bind(server->fd, (const struct sockaddr *)&address, sizeof address))
        return -errno;
    if (lstat(server->path, &made))
        return -errno;
    server->dev = made.st_dev;
    server->ino = made.st_ino;
    if (chmod(server->path, (mode_t)config->socket_mode) || listen(server->fd, SOCKET_BACKLOG))
        return -errno;
    return 0;
}

static int server_open(struct server *server, const struct config *config, const char **why)
{
    int fd = server_fd_given(why);
    if (fd != -ENOENT) {
        server->fd = fd;
        return fd >= 0 ? 0 : fd;
    }
    *why = "the path of the socket is too long";
    if ((size_t)snprintf(server->path, sizeof server->path, "%s", config->socket) >=
        sizeof server->path)
        return -ENAMETOOLONG;
    int rc = server_lock(server, why);
    return rc < 0 ? rc : server_bind(server, config, why);
}

int server_new(struct loop *loop, struct front *front, const struct config *config,
               struct server **out, const char **why)
{
    struct server *server = calloc(1, sizeof *server);
    *why = "no memory";
    if (!server)
        return -ENOMEM;
    *server = (struct server){.loop = loop, .front = front, .fd = -1, .lock_fd = -1};
    loop_timer_init(&server->rest, loop, server_on_rested, server);
    int rc = server_open(server, config, why);
    if (rc == 0) {
        *why = "the socket cannot be watched";
        server->watch = loop_watch_new(loop, server->fd, server_on_ready, server);
        rc = server->watch ? 0 : -ENOMEM;
    }
    if (rc < 0) {
        server_free(server);
        return rc;
    }
    loop_watch_set(server->watch, LOOP_READ);
    log_event(LOG_LEVEL_NOTICE, "server", "-", "listens", "socket=%s",
              server->path[0] ? server->path : "systemd");
    *out = server;
    return 0;
}

void server_free(struct server *server)
{
    struct stat there;
    if (server->watch)
        loop_watch_free(server->watch);
    loop_timer_cancel(&server->rest);
    if (server->ino && lstat(server->path, &there) == 0 && there.st_ino == server->ino &&
        there.st_dev == server->dev && unlink(server->path))
        log_event(LOG_LEVEL_WARNING, "server", "-", "left", "error=\"%s\"", strerror(errno));
    server_close_fd(server->fd);
    server_close_fd(server->lock_fd); /* the file stays: removing it would undo somebody's lock */
    free(server);
}
