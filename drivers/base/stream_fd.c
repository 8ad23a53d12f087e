/* stream_fd: bytes on a file descriptor. See stream_fd.h.
 *
 * Owned by who opened the stream. Never calls back from inside write, pause or close: what a
 * failed write found out is told at the end of the turn, after what has still arrived.
 */
#include "stream_fd.h"
#include "loop_event.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* One read a turn, so that a flood starves nobody; a drain takes what a port may hold. */
enum { TURN_BYTES = 16 * 1024, DRAIN_BYTES = 64 * 1024, OUT_ROOM_MIN = 1024 };

struct stream_fd {
    struct stream stream; /* first: a stream is its stream_fd */
    struct loop *loop;
    struct loop_watch *watch; /* NULL: there is no fd yet */
    void (*release)(void *);
    void *owner;
    void (*on_end)(void *);
    int fd;
    bool socket, connecting, opened, told_end, told_gone, closed, paused, draining;
    bool ended;  /* the far end has shut its half */
    bool broken; /* found out, not told yet */
    int broken_err;
    uint8_t *out; /* accepted, not taken by the kernel: out[out_from .. out_from + out_len) */
    size_t out_from, out_len, out_room;
    struct loop_task soon, reaper;
};

static const struct stream_ops fd_ops;

static struct stream_fd *fd_of(struct stream *stream)
{
    assert(stream->ops == &fd_ops);
    return (struct stream_fd *)stream;
}

static void fd_want(struct stream_fd *sfd)
{
    bool reads = !sfd->paused && !sfd->connecting && !sfd->ended;
    bool writes = sfd->connecting || sfd->out_len > 0;
    if (sfd->closed || !sfd->watch)
        return;
    if (sfd->broken || sfd->told_gone)
        reads = writes = false;
    loop_watch_set(sfd->watch, (reads ? LOOP_READ : 0) | (writes ? LOOP_WRITE : 0));
}

/* --- upward --- */

static void fd_announce(struct stream_fd *sfd)
{
    if (sfd->opened || sfd->closed)
        return;
    sfd->opened = true;
    if (sfd->stream.sink->on_open)
        sfd->stream.sink->on_open(sfd->stream.ctx);
}

static void fd_break(struct stream_fd *sfd, int err)
{
    if (sfd->broken)
        return;
    sfd->broken = true;
    sfd->broken_err = err;
    fd_want(sfd);
    loop_defer(&sfd->soon, LOOP_SOON);
}

/* A peer that has only shut its half still reads; one that has closed is a hang-up. */
static bool fd_half_shut(const struct stream_fd *sfd)
{
    struct pollfd poll_fd = {.fd = sfd->fd};
    return sfd->socket && sfd->on_end && poll(&poll_fd, 1, 0) == 0;
}

/* At the end of a turn, like on_gone: a reader may be in the middle of something. */
static void fd_end(struct stream_fd *sfd)
{
    if (sfd->ended)
        return;
    sfd->ended = true;
    fd_want(sfd);
    loop_defer(&sfd->soon, LOOP_SOON);
}

/* One read of at most `room` bytes; how many came, 0 where there is no more for now. */
static size_t fd_read(struct stream_fd *sfd, size_t room)
{
    uint8_t bytes[TURN_BYTES];
    ssize_t len;
    do
        len = read(sfd->fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
    while (len < 0 && errno == EINTR);
    if (len > 0) {
        sfd->stream.sink->on_data(sfd->stream.ctx, bytes, (size_t)len);
        return (size_t)len;
    }
    if (len == 0 && fd_half_shut(sfd))
        fd_end(sfd);
    else if (len == 0)
        fd_break(sfd, 0);
    else if (errno != EAGAIN)
        fd_break(sfd, errno);
    return 0;
}

static bool fd_may_read(const struct stream_fd *sfd)
{
    return !sfd->closed && !sfd->paused && !sfd->connecting && !sfd->ended && !sfd->told_gone;
}

static void fd_read_all(struct stream_fd *sfd)
{
    size_t left = DRAIN_BYTES, len = 1;
    while (fd_may_read(sfd) && left > 0 && len > 0) {
        len = fd_read(sfd, left);
        left -= len;
    }
}

/* At the end of a turn: tell of the opening, or of the end, after the last bytes. */
static void fd_soon(void *arg)
{
    struct stream_fd *sfd = arg;
    if (!sfd->connecting)
        fd_announce(sfd);
    if (sfd->ended && !sfd->told_end && !sfd->closed) {
        sfd->told_end = true;
        sfd->on_end(sfd->stream.ctx);
    }
    if (!sfd->broken || sfd->told_gone || sfd->closed)
        return;
    fd_read_all(sfd);
    if (sfd->closed)
        return;
    loop_task_cancel(&sfd->soon);
    sfd->told_gone = true;
    sfd->stream.sink->on_gone(sfd->stream.ctx, sfd->broken_err);
}

/* --- what the kernel reports --- */

static ssize_t fd_send(struct stream_fd *sfd, const void *data, size_t len)
{
    ssize_t sent;
    do
        sent = sfd->socket ? send(sfd->fd, data, len, MSG_NOSIGNAL) : write(sfd->fd, data, len);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN)
        return 0;
    return sent < 0 ? -errno : sent;
}

/* Only the loop calls this, so that on_drained() may do what it likes; it comes last. */
static void fd_flush(struct stream_fd *sfd)
{
    ssize_t sent = fd_send(sfd, sfd->out + sfd->out_from, sfd->out_len);
    if (sent < 0) {
        fd_break(sfd, (int)-sent);
        return;
    }
    sfd->out_from += (size_t)sent;
    sfd->out_len -= (size_t)sent;
    if (sfd->out_len == 0) { /* one long answer is not kept as long as its client */
        explicit_bzero(sfd->out, sfd->out_room);
        free(sfd->out);
        sfd->out = NULL;
        sfd->out_from = sfd->out_room = 0;
    }
    fd_want(sfd);
    if (sfd->out_len == 0 && sfd->stream.sink->on_drained)
        sfd->stream.sink->on_drained(sfd->stream.ctx);
}

static void fd_connected(struct stream_fd *sfd)
{
    int err = 0;
    socklen_t size = sizeof(err);
    if (getsockopt(sfd->fd, SOL_SOCKET, SO_ERROR, &err, &size) != 0)
        err = errno;
    if (err) {
        fd_break(sfd, err); /* still connecting: nothing was ever open */
        return;
    }
    sfd->connecting = false;
    fd_want(sfd);
    fd_announce(sfd);
}

static void fd_ready(void *arg, int ready)
{
    struct stream_fd *sfd = arg;
    if (sfd->connecting) {
        fd_connected(sfd);
        return;
    }
    fd_announce(sfd);
    if (sfd->closed || sfd->broken)
        return;
    if (ready & LOOP_READ)
        fd_read(sfd, TURN_BYTES);
    else if (sfd->out_len > 0)
        fd_flush(sfd);
}

/* --- the stream's calls --- */

/* Room for `len` more. Moved down only where at least half is free, so that a slow reader
 * costs no more than its bytes. */
static int fd_make_room(struct stream_fd *sfd, size_t len)
{
    if (sfd->out_from + sfd->out_len + len <= sfd->out_room)
        return 0;
    if (sfd->out_from < sfd->out_len || sfd->out_len + len > sfd->out_room) {
        size_t room = sfd->out_room ? sfd->out_room : OUT_ROOM_MIN;
        while (room < sfd->out_from + sfd->out_len + len)
            room *= 2;
        uint8_t *out = realloc(sfd->out, room);
        if (!out)
            return -ENOMEM;
        sfd->out = out;
        sfd->out_room = room;
        return 0;
    }
    memmove(sfd->out, sfd->out + sfd->out_from, sfd->out_len);
    sfd->out_from = 0;
    return 0;
}

static int fd_keep(struct stream_fd *sfd, const uint8_t *data, size_t len)
{
    int result = fd_make_room(sfd, len);
    if (result < 0)
        return result;
    memcpy(sfd->out + sfd->out_from + sfd->out_len, data, len);
    sfd->out_len += len;
    return 0;
}

static int fd_write(struct stream *stream, const void *data, size_t len)
{
    struct stream_fd *sfd = fd_of(stream);
    ssize_t sent = 0;
    assert(!sfd->closed);
    if (sfd->broken || sfd->told_gone)
        return -EPIPE;
    if (sfd->connecting)
        return -ENOTCONN;
    if (len == 0)
        return 0;
    if (sfd->out_len == 0) {
        sent = fd_send(sfd, data, len);
        if (sent < 0) {
            fd_break(sfd, (int)-sent);
            return -EPIPE;
        }
    }
    if ((size_t)sent == len)
        return 0;
    int result = fd_keep(sfd, (const uint8_t *)data + sent, len - (size_t)sent);
    if (result < 0)
        fd_break(sfd, -result); /* half of it has left: this stream is of no use any more */
    fd_want(sfd);
    return result;
}

static size_t fd_unsent(const struct stream *stream)
{
    return ((const struct stream_fd *)stream)->out_len;
}

static void fd_drain(struct stream *stream)
{
    struct stream_fd *sfd = fd_of(stream);
    if (sfd->draining || sfd->closed || sfd->connecting)
        return;
    sfd->draining = true;
    fd_announce(sfd);
    fd_read_all(sfd);
    sfd->draining = false;
}

static void fd_pause(struct stream *stream, int pause)
{
    struct stream_fd *sfd = fd_of(stream);
    sfd->paused = pause != 0;
    fd_want(sfd);
}

static void fd_reap(void *arg)
{
    struct stream_fd *sfd = arg;
    if (sfd->out)
        explicit_bzero(sfd->out, sfd->out_room);
    free(sfd->out);
    free(sfd);
}

/* The fd goes at once, so that the port can be opened again in the same turn. */
static void fd_close(struct stream *stream)
{
    struct stream_fd *sfd = fd_of(stream);
    assert(!sfd->closed);
    sfd->closed = true;
    loop_task_cancel(&sfd->soon);
    if (sfd->watch)
        loop_watch_free(sfd->watch);
    if (sfd->release)
        sfd->release(sfd->owner);
    else
        close(sfd->fd);
    loop_defer(&sfd->reaper, LOOP_SOON);
}

static const struct stream_ops fd_ops = {
    .write = fd_write,
    .unsent = fd_unsent,
    .drain = fd_drain,
    .pause = fd_pause,
    .close = fd_close,
};

static int fd_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    flags = fcntl(fd, F_GETFD);
    if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

static int fd_adopt(struct stream_fd *sfd, int fd)
{
    struct stat st;
    int result = fd_prepare(fd);
    if (result < 0)
        return result;
    if (fstat(fd, &st) != 0)
        return -errno;
    sfd->watch = loop_watch_new(sfd->loop, fd, fd_ready, sfd);
    if (!sfd->watch)
        return -ENOMEM;
    sfd->fd = fd;
    sfd->socket = S_ISSOCK(st.st_mode);
    return 0;
}

int stream_fd_new_opening(struct loop *loop, void (*release)(void *), void *owner,
                          const struct stream_sink *sink, void *ctx, struct stream **out)
{
    struct stream_fd *sfd = calloc(1, sizeof(*sfd));
    if (!sfd)
        return -ENOMEM;
    *sfd = (struct stream_fd){.stream = {.ops = &fd_ops, .sink = sink, .ctx = ctx},
                              .loop = loop,
                              .release = release,
                              .owner = owner,
                              .fd = -1,
                              .connecting = true};
    loop_task_init(&sfd->soon, loop, fd_soon, sfd);
    loop_task_init(&sfd->reaper, loop, fd_reap, sfd);
    *out = &sfd->stream;
    return 0;
}

void stream_fd_opened(struct stream *stream, int fd)
{
    struct stream_fd *sfd = fd_of(stream);
    assert(sfd->connecting && !sfd->watch && !sfd->broken && !sfd->closed);
    int result = fd_adopt(sfd, fd);
    if (result < 0) {
        fd_break(sfd, -result);
        return;
    }
    sfd->connecting = false;
    fd_want(sfd);
    fd_announce(sfd);
}

void stream_fd_failed(struct stream *stream, int err)
{
    struct stream_fd *sfd = fd_of(stream);
    assert(sfd->connecting && !sfd->watch && !sfd->closed);
    fd_break(sfd, err);
}

int stream_fd_new(struct loop *loop, int fd, int connecting, void (*release)(void *), void *owner,
                  const struct stream_sink *sink, void *ctx, struct stream **out)
{
    struct stream *stream;
    int result = stream_fd_new_opening(loop, release, owner, sink, ctx, &stream);
    if (result < 0)
        return result;
    struct stream_fd *sfd = fd_of(stream);
    result = fd_adopt(sfd, fd);
    if (result < 0) {
        free(sfd);
        return result;
    }
    sfd->connecting = connecting != 0;
    if (!sfd->connecting)
        loop_defer(&sfd->soon, LOOP_SOON);
    fd_want(sfd);
    *out = stream;
    return 0;
}

void stream_fd_on_end(struct stream *stream, void (*fn)(void *ctx))
{
    fd_of(stream)->on_end = fn;
}
