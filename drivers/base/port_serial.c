/* port_serial: a USB serial device, by libserialport. The only room that includes it.
 *
 * The library opens and configures; what it leaves out is done here: no other program may
 * have the port (it neither locks nor marks), the fd does not survive exec, closing does not
 * hang the modem up (it sets HUPCL), and a read of nothing is no end (it clears VMIN).
 *
 * Opening, configuring and closing may each wait for a stick that hangs, so all three are done in a
 * thread, in the lane of that device: an open meets no close of ours that is still under way. */
#include "offload.h"
#include "port_real.h"
#include "stream_fd.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { LINKS_MAX = 8, CLOSING_WAIT_NONE = 65535 };

/* Whether /dev/`base` is a tty with a device behind it and the very node `path` leads to: a
 * link may bear the name of one device and lead to another. */
static bool sysfs_knows(const char *path, const char *base, char name[PORT_NAME_ROOM])
{
    char sysfs[PORT_NAME_ROOM + 32];
    struct stat ours, named;
    if (!*base || snprintf(name, PORT_NAME_ROOM, "/dev/%s", base) >= PORT_NAME_ROOM)
        return false;
    snprintf(sysfs, sizeof(sysfs), "/sys/class/tty/%s/device", base);
    return access(sysfs, F_OK) == 0 && stat(path, &ours) == 0 && stat(name, &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* libserialport refuses links and ptys: links are followed one by one, and the first name
 * that sysfs knows is it. */
bool port_serial_name(const char *path, char name[PORT_NAME_ROOM])
{
    char now[PATH_MAX], target[PATH_MAX];
    if (!text_copy(now, sizeof(now), path))
        return false;
    for (unsigned links = 0; links < LINKS_MAX; links++) {
        const char *base = strrchr(now, '/') + 1;
        if (sysfs_knows(path, base, name))
            return true;
        ssize_t len = readlink(now, target, sizeof(target) - 1);
        if (len < 0)
            return false;
        size_t dir_len = target[0] == '/' ? 0 : (size_t)(base - now);
        if (dir_len + (size_t)len >= sizeof(now))
            return false;
        memcpy(now + dir_len, target, (size_t)len);
        now[dir_len + (size_t)len] = '\0';
    }
    return false;
}

static int serial_error(enum sp_return result)
{
    switch (result) {
    case SP_OK:
        return 0;
    case SP_ERR_ARG:
    case SP_ERR_SUPP:
        return -ENODEV;
    case SP_ERR_MEM:
        return -ENOMEM;
    case SP_ERR_FAIL:
        break;
    }
    int code = sp_last_error_code();
    return code > 0 ? -code : -EIO;
}

/* One call for everything: each sp_set_* would read and apply all of it again. */
static int serial_configure(struct sp_port *serial)
{
    struct sp_port_config *config;
    enum sp_return result = sp_new_config(&config);
    if (result != SP_OK)
        return serial_error(result);
    if (sp_set_config_baudrate(config, PORT_BAUD) != SP_OK ||
        sp_set_config_bits(config, 8) != SP_OK ||
        sp_set_config_parity(config, SP_PARITY_NONE) != SP_OK ||
        sp_set_config_stopbits(config, 1) != SP_OK ||
        sp_set_config_flowcontrol(config, SP_FLOWCONTROL_NONE) != SP_OK ||
        sp_set_config_rts(config, SP_RTS_ON) != SP_OK ||
        sp_set_config_dtr(config, SP_DTR_ON) != SP_OK)
        result = SP_ERR_ARG;
    else
        result = sp_set_config(serial, config);
    sp_free_config(config);
    return serial_error(result);
}

/* What the library leaves out. */
static int serial_finish(int fd)
{
    struct termios term;
    struct serial_struct line;
    if (tcgetattr(fd, &term) != 0)
        return -errno;
    term.c_cflag &= (tcflag_t)~HUPCL;
    term.c_cflag |= CLOCAL | CREAD;
    term.c_cc[VMIN] = 1; /* it leaves 0: then a read of nothing is 0, as after a hang-up */
    term.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSANOW, &term) != 0)
        return -errno;
    /* A close waits up to 30 s for bytes that a hung modem does not take. Only root may say
     * no to that; where it is refused serial_let_go() throws them away first. */
    if (ioctl(fd, TIOCGSERIAL, &line) == 0) {
        line.closing_wait = CLOSING_WAIT_NONE;
        (void)ioctl(fd, TIOCSSERIAL, &line);
    }
    return 0;
}

/* --- what may hang: in a thread --- */

struct serial {
    char name[PORT_NAME_ROOM];
    struct sp_port *port; /* NULL: not open */
    int fd, result;
    struct offload *opening; /* NULL: done, one way or the other */
    struct stream *stream;
};

static void serial_close(struct sp_port *port)
{
    sp_close(port);
    sp_free_port(port);
}

static void serial_let_go(struct serial *serial)
{
    int queued = 0;
    if (ioctl(serial->fd, TIOCOUTQ, &queued) == 0 && queued > 0)
        tcflush(serial->fd, TCOFLUSH);
    port_tty_unlock(serial->fd);
    serial_close(serial->port);
    serial->port = NULL;
}

static void serial_end(void *arg)
{
    struct serial *serial = arg;
    if (serial->port)
        serial_let_go(serial);
    free(serial);
}

/* 0 and it is ours; or it is left as it was. */
static int serial_take(struct serial *serial)
{
    struct sp_port *port;
    int result = serial_error(sp_get_port_by_name(serial->name, &port));
    if (result < 0)
        return result;
    result = serial_error(sp_open(port, SP_MODE_READ_WRITE));
    if (result < 0) {
        sp_free_port(port);
        return result;
    }
    result = serial_error(sp_get_port_handle(port, &serial->fd));
    if (result == 0)
        result = port_tty_lock(serial->fd);
    if (result < 0) {
        serial_close(port);
        return result;
    }
    serial->port = port;
    return 0;
}

static void serial_begin(void *arg)
{
    struct serial *serial = arg;
    serial->result = serial_take(serial);
    if (serial->result < 0)
        return;
    serial->result = serial_configure(serial->port);
    if (serial->result == 0)
        serial->result = serial_finish(serial->fd);
    if (serial->result < 0)
        serial_let_go(serial);
}

/* --- in the loop --- */

static void serial_begun(void *arg)
{
    struct serial *serial = arg;
    serial->opening = NULL;
    if (serial->result == 0)
        stream_fd_opened(serial->stream, serial->fd);
    else
        stream_fd_failed(serial->stream, -serial->result);
}

/* The stream is closed. What has been begun is waited for by nobody. */
static void serial_release(void *owner)
{
    struct serial *serial = owner;
    if (serial->opening)
        offload_abandon(serial->opening);
    else if (serial->port)
        offload_release(serial->name, serial_end, serial);
    else
        free(serial);
}

int port_serial_open(struct loop *loop, const char *name, const struct stream_sink *sink, void *ctx,
                     struct stream **out)
{
    struct serial *serial = calloc(1, sizeof(*serial));
    if (!serial)
        return -ENOMEM;
    (void)text_copy(serial->name, sizeof(serial->name), name);
    const struct offload_call call = {
        .work = serial_begin, .done = serial_begun, .drop = serial_end, .arg = serial};
    int result = stream_fd_new_opening(loop, serial_release, serial, sink, ctx, &serial->stream);
    if (result < 0) {
        free(serial);
        return result;
    }
    *out = serial->stream;
    result = offload_start(loop, serial->name, &call, &serial->opening);
    if (result < 0)
        stream_close(serial->stream);
    return result;
}
