/* modemsim_port: see modemsim_port.h.
 *
 * The slave side is never kept open here: a host's TIOCEXCL would then outlive the host. The kernel
 * keeps what is written while no host is there for the next one; a real stick loses it, so it is
 * dropped here (POLLHUP on the master tells). */
#include "modemsim_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum {
    OUT_MAX = 1 << 20, /* more than this unread: the host has stopped listening */
    REPLAY_MAX = 4 << 20,
    DRAIN_MS = 5,
    DRAIN_TICKS = 200, /* 1 s at the most */
    DRAIN_QUIET =
        10, /* looks in a row that found nothing unread: bytes on their way are not seen */
    DRAIN_BLIND = 10, /* looks where the tty cannot be opened (TIOCEXCL) */
};

static void close_io(struct modemsim_port *port)
{
    int fd = port->io.fd;
    if (fd < 0)
        return;
    modemsim_watch_remove(&port->io);
    close(fd);
    port->out_len = 0;
    port->draining = false;
    sim_timer_cancel(&port->drain);
}

/* --- writing --- */

static void drop_output(struct modemsim_port *port)
{
    port->lost_bytes += port->out_len;
    port->out_len = 0;
}

static bool nobody_listens(const struct modemsim_port *port)
{
    struct pollfd poll_fd = {.fd = port->io.fd};
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
}

static void write_out(struct modemsim_port *port)
{
    size_t at = 0;
    if (port->clean && port->dir && nobody_listens(port)) {
        drop_output(port);
        return;
    }
    while (at < port->out_len) {
        ssize_t count = write(port->io.fd, port->out + at, port->out_len - at);
        if (count > 0) {
            at += (size_t)count;
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        } else { /* the client has gone */
            drop_output(port);
            return;
        }
    }
    port->out_len -= at;
    memmove(port->out, port->out + at, port->out_len);
}

static void modem_output(void *ctx, const uint8_t *bytes, size_t len)
{
    struct modemsim_port *port = ctx;
    if (port->io.fd < 0 || port->out_len + len > OUT_MAX) {
        port->lost_bytes += len;
        return;
    }
    if (port->out_len + len > port->out_room) {
        port->out_room = 2 * (port->out_len + len);
        port->out = sim_grow(port->out, port->out_room);
    }
    bool waiting = port->out_len > 0; /* for EPOLLOUT */
    memcpy(port->out + port->out_len, bytes, len);
    port->out_len += len;
    if (!waiting)
        write_out(port);
}

/* --- a pty --- */

static void modem_opened(void *ctx);

static bool set_raw(int fd)
{
    struct termios tio;
    if (tcgetattr(fd, &tio))
        return false;
    cfmakeraw(&tio);
    return tcsetattr(fd, TCSANOW, &tio) == 0;
}

/* The host has closed the pty: its lock and what it did not read must not meet the next one. False:
 * locked, for good to all but root. */
static bool make_clean(struct modemsim_port *port)
{
    int fd = open(port->tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    port->clean = true; /* closing fd is a hang-up too, and needs no cleaning */
    if (fd < 0)
        return false;
    (void)set_raw(fd);
    (void)tcflush(fd, TCIFLUSH);
    (void)ioctl(fd, TIOCNXCL);
    close(fd);
    return true;
}

static void read_in(struct modemsim_port *port)
{
    char bytes[4096];
    while (port->io.fd >= 0 && !port->draining) {
        ssize_t count = read(port->io.fd, bytes, sizeof bytes);
        if (count > 0) {
            port->clean = false;
            if (port->replay)
                sim_replay_input(port->replay, bytes, (size_t)count);
            else
                simmodem_input(port->modem, bytes, (size_t)count);
            modemsim_loop_catch_up(); /* with no latency the answer is due now */
            if ((size_t)count < sizeof bytes)
                return; /* that was all; more comes with an edge of its own */
            continue;
        }
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        drop_output(port);
        if (!port->dir)
            close_io(port);
        else if (!port->clean && !make_clean(port))
            modem_opened(port); /* a new pty takes its place */
        return;
    }
}

static void io_ready(void *arg, unsigned events)
{
    struct modemsim_port *port = arg;
    if (port->out_len && (events & EPOLLOUT))
        write_out(port);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        read_in(port);
}

static bool make_link(const struct modemsim_port *port)
{
    char fresh[sizeof port->link + 8];
    snprintf(fresh, sizeof fresh, "%s.new", port->link);
    (void)unlink(fresh);
    /* renamed into place: whoever watches the folder never sees half of it */
    return symlink(port->tty, fresh) == 0 && rename(fresh, port->link) == 0;
}

static bool open_pty(struct modemsim_port *port)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (grantpt(fd) || unlockpt(fd) || ptsname_r(fd, port->tty, sizeof port->tty) || !set_raw(fd) ||
        !modemsim_watch_add(&port->io, fd, EPOLLIN | EPOLLOUT)) {
        close(fd);
        return false;
    }
    return make_clean(port) && make_link(port);
}

/* Bytes the host has not read yet; -1: cannot be told. */
static int unread(const struct modemsim_port *port)
{
    int count = -1, fd = open(port->tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (ioctl(fd, FIONREAD, &count))
        count = -1;
    close(fd);
    return count;
}

/* A hang-up throws away what lies unread in a pty, so the last bytes are waited for. */
static void drain_tick(void *arg)
{
    struct modemsim_port *port = arg;
    int left = port->out_len ? 1 : unread(port);
    port->drain_ticks++;
    port->drain_quiet = left == 0 ? port->drain_quiet + 1 : 0;
    if (port->drain_quiet >= DRAIN_QUIET || port->drain_ticks >= DRAIN_TICKS ||
        (left < 0 && port->drain_ticks >= DRAIN_BLIND))
        close_io(port);
    else
        sim_timer_arm(&port->drain, simnet_now_ms(port->net) + DRAIN_MS);
}

/* --- TCP --- */

static void accept_ready(void *arg, unsigned events)
{
    struct modemsim_port *port = arg;
    (void)events;
    for (;;) {
        int fd = accept4(port->accept.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        int one = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (port->io.fd >= 0 || !modemsim_watch_add(&port->io, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP))
            close(fd); /* a serial port has one user */
    }
}

static bool open_tcp(struct modemsim_port *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port->tcp_port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
        bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 8) ||
        !modemsim_watch_add(&port->accept, fd, EPOLLIN)) {
        int err = errno;
        close(fd);
        errno = err;
        return false;
    }
    return true;
}

static void close_accept(struct modemsim_port *port)
{
    int fd = port->accept.fd;
    if (fd < 0)
        return;
    modemsim_watch_remove(&port->accept);
    close(fd);
}

/* --- what the modem tells --- */

static void modem_closed(void *ctx)
{
    struct modemsim_port *port = ctx;
    close_accept(port);
    if (!port->dir) {
        close_io(port); /* the kernel still sends what was written */
        return;
    }
    (void)unlink(port->link);
    port->draining = true;
    port->drain_ticks = port->drain_quiet = 0;
    sim_timer_arm(&port->drain, simnet_now_ms(port->net));
}

static void modem_opened(void *ctx)
{
    struct modemsim_port *port = ctx;
    if (port->replay)
        sim_replay_closed(port->replay);
    close_io(port);
    if (!(port->dir ? open_pty(port) : open_tcp(port)))
        fprintf(stderr, "otpgate-modemsim: modem %d cannot come back: %s\n", port->index,
                strerror(errno));
}

/* --- life --- */

static void name_link(struct modemsim_port *port, const char *name)
{
    if (!port->dir)
        snprintf(port->link, sizeof port->link, "127.0.0.1:%d", port->tcp_port);
    else if (name)
        snprintf(port->link, sizeof port->link, "%s/%s", port->dir, name);
    else
        snprintf(port->link, sizeof port->link, "%s/modem%d", port->dir, port->index);
}

bool modemsim_port_start(struct modemsim_port *port, struct simnet *net,
                         const struct simmodem_config *config, const char *dir, int tcp_port)
{
    static const struct simmodem_host host = {modem_output, modem_closed, modem_opened};
    *port = (struct modemsim_port){.net = net,
                                   .index = config->index,
                                   .dir = dir,
                                   .tcp_port = tcp_port,
                                   .io = {-1, io_ready, port},
                                   .accept = {-1, accept_ready, port}};
    sim_timer_init(&port->drain, simnet_clock(net), drain_tick, port);
    name_link(port, NULL);
    port->modem = simmodem_new(net, config, &host, port);
    return dir ? open_pty(port) : open_tcp(port);
}

bool modemsim_port_replug(struct modemsim_port *port, const char *name)
{
    if (name && (!*name || *name == '.' || strchr(name, '/') || strlen(name) > 64))
        return false;
    if (simmodem_plugged(port->modem))
        return false;
    if (name && port->dir) {
        char path[sizeof port->link];
        struct stat taken;
        snprintf(path, sizeof path, "%s/%s", port->dir, name);
        if (lstat(path, &taken) == 0)
            return false; /* another modem's, or not ours at all */
        name_link(port, name);
    }
    simmodem_replug(port->modem);
    return true;
}

static void replay_unknown(void *ctx, const uint8_t *bytes, size_t len)
{
    struct modemsim_port *port = ctx;
    simmodem_input(port->modem, bytes, len);
}

bool modemsim_port_play(struct modemsim_port *port, const char *path)
{
    static const struct sim_replay_host host = {modem_output, replay_unknown};
    char *text = sim_alloc(REPLAY_MAX);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, REPLAY_MAX, file) : 0;
    unsigned wrong = 0;
    if (file)
        fclose(file);
    port->replay = sim_replay_new(simnet_clock(port->net), text, len, &host, port, &wrong);
    if (wrong)
        fprintf(stderr, "otpgate-modemsim: line %u is no line of a trace\n", wrong);
    free(text);
    return port->replay != NULL;
}

void modemsim_port_stop(struct modemsim_port *port)
{
    if (!port->modem)
        return;
    if (port->replay)
        sim_replay_free(port->replay);
    port->replay = NULL;
    close_accept(port);
    close_io(port);
    if (port->dir && simmodem_plugged(port->modem))
        (void)unlink(port->link);
    simmodem_free(port->modem);
    free(port->out);
    port->modem = NULL;
}
