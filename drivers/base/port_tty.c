/* port_tty: a device by its path: a serial device (libserialport), a plain tty or a pty,
 * decided at each open, for what stands behind a link changes.
 *
 * A plain tty or pty is opened and closed here and now: no USB device stands behind it that could
 * hang (each that does is in sysfs, and so goes through libserialport). */
#include "offload.h"
#include "port_real.h"
#include "port_wait.h"
#include "stream_fd.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

/* Documentation/admin-guide/devices.txt: the slaves of Unix98 ptys. */
enum { PTY_MAJOR_FIRST = 136, PTY_MAJOR_LAST = 143 };

struct port_tty {
    struct port port; /* first */
    struct loop *loop;
    struct port_wait wait;
    char name[PORT_NAME_ROOM]; /* the serial device that was opened last; "": none */
    struct offload *closing;   /* ours, which is waited for */
};

static struct port_tty *tty_of(struct port *port)
{
    return (struct port_tty *)port;
}

static bool fd_is_pty(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) >= PTY_MAJOR_FIRST &&
           major(st.st_rdev) <= PTY_MAJOR_LAST;
}

/* The mark is not set on a pty: there it stays for as long as the master is open, and after a
 * crash of ours would keep out whoever is not root, ourselves too. */
int port_tty_lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    if (!fd_is_pty(fd) && ioctl(fd, TIOCEXCL) != 0)
        return -errno;
    return 0;
}

void port_tty_unlock(int fd)
{
    if (!fd_is_pty(fd))
        (void)ioctl(fd, TIOCNXCL);
}

static int tty_configure(int fd)
{
    struct termios term;
    if (tcgetattr(fd, &term) != 0)
        return -errno;
    cfmakeraw(&term);
    term.c_cflag |= CLOCAL | CREAD;
    term.c_cflag &= (tcflag_t) ~(HUPCL | CSTOPB | CRTSCTS);
    term.c_cc[VMIN] = 1;
    term.c_cc[VTIME] = 0;
    if (cfsetspeed(&term, B115200) != 0 || tcsetattr(fd, TCSANOW, &term) != 0)
        return -errno;
    int lines = TIOCM_DTR | TIOCM_RTS;
    (void)ioctl(fd, TIOCMBIS, &lines); /* a pty has none */
    return 0;
}

static int tty_open_plain(struct port_tty *tty, const struct stream_sink *sink, void *ctx,
                          struct stream **out)
{
    int fd = open(tty->port.uri, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = isatty(fd) ? port_tty_lock(fd) : -ENOTTY;
    if (result == 0)
        result = tty_configure(fd);
    if (result == 0)
        result = stream_fd_new(tty->loop, fd, 0, NULL, NULL, sink, ctx, out);
    if (result < 0)
        close(fd);
    return result;
}

static int tty_open(struct port *port, const struct stream_sink *sink, void *ctx,
                    struct stream **out)
{
    struct port_tty *tty = tty_of(port);
    port_wait_note(&tty->wait);
    if (port_serial_name(port->uri, tty->name))
        return port_serial_open(tty->loop, tty->name, sink, ctx, out);
    tty->name[0] = '\0';
    return tty_open_plain(tty, sink, ctx, out);
}

/* --- waiting --- */

static void closing_nothing(void *arg)
{
    (void)arg;
}

static void closing_over(void *arg)
{
    struct port_tty *tty = arg;
    tty->closing = NULL;
    port_wait_widen(&tty->wait);
}

static void tty_unwatch(struct port *port)
{
    struct port_tty *tty = tty_of(port);
    if (tty->closing)
        offload_abandon(tty->closing);
    tty->closing = NULL;
    port_wait_stop(&tty->wait);
}

/* Where a close of ours is still under way it would look as if somebody had let go of the device,
 * and each try would bring about the next: that counts only from the end of that close. */
static void tty_watch(struct port *port, loop_fn *fn, void *arg)
{
    struct port_tty *tty = tty_of(port);
    const struct offload_call after = {
        .work = closing_nothing, .done = closing_over, .drop = closing_nothing, .arg = tty};
    tty_unwatch(port);
    if (tty->name[0] && offload_is_busy(tty->name) &&
        offload_start(tty->loop, tty->name, &after, &tty->closing) == 0)
        port_wait_start_new(&tty->wait, fn, arg);
    else
        port_wait_start(&tty->wait, fn, arg);
}

static void tty_watch_new(struct port *port, loop_fn *fn, void *arg)
{
    tty_unwatch(port);
    port_wait_start_new(&tty_of(port)->wait, fn, arg);
}

static void tty_free(struct port *port)
{
    tty_unwatch(port);
    free(tty_of(port));
}

static const struct port_ops tty_ops = {
    .open = tty_open,
    .watch = tty_watch,
    .unwatch = tty_unwatch,
    .free = tty_free,
    .watch_new = tty_watch_new,
};

int port_tty_new(struct loop *loop, const char *uri, struct port **out, const char **why)
{
    size_t len = strlen(uri);
    if (uri[len - 1] == '/') {
        *why = "is a directory's path";
        return -EINVAL;
    }
    struct port_tty *tty = calloc(1, sizeof(*tty));
    if (!tty) {
        *why = "finds no memory";
        return -ENOMEM;
    }
    tty->port.ops = &tty_ops;
    (void)text_copy(tty->port.uri, sizeof(tty->port.uri), uri);
    tty->loop = loop;
    port_wait_init(&tty->wait, loop, tty->port.uri);
    *out = &tty->port;
    return 0;
}
