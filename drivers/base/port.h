/* port: the place where a modem is reached: a serial device, a pty, tcp://host:port, or a
 * simulated one. A port outlives the streams that are opened on it. */
#ifndef OTPGATE_PORT_H
#define OTPGATE_PORT_H

#include "stream.h"

struct port;

/* From configuration text: "/dev/..." (a USB serial device goes through libserialport, a pty
 * or plain tty does not; decided at each open, after resolving links) or
 * "tcp://host:port" (host: a numeric address or a name that resolves at once from /etc/hosts).
 * -EINVAL: neither; *why then says what is wrong (static text). */
int port_new(struct loop *loop, const char *uri, struct port **out, const char **why)
    __attribute__((warn_unused_result));
const char *port_uri(const struct port *port);

/* Opens the port: raw, 115200 8N1 (a rate where the device has one), exclusive (flock and
 * TIOCEXCL), DTR and RTS up, close-on-exec. 0, or -ENOENT/-ENODEV (not there), -EBUSY (held by
 * another program), -EACCES, …
 *
 * 0 means that it is being opened, no more: where that fails later (a TCP connect, a serial device,
 * which may take as long as a hung stick makes it) the same errno comes as an on_gone before any
 * on_open. How long that may take is for the owner to say: stream_close() gives it up at any time.
 * A serial device that is closed is let go of behind the loop's back; an open of it in this process
 * that comes later waits for that. */
int port_open(struct port *port, const struct stream_sink *sink, void *ctx, struct stream **out)
    __attribute__((warn_unused_result));

/* Calls `fn` once when it is worth trying to open again: a device node has appeared or changed
 * (inotify on the nearest existing directory), a TCP back-off has passed (1 s doubling to 30 s;
 * a stream that opened resets it). Never a poll. One watch at a time. */
void port_watch(struct port *port, loop_fn *fn, void *arg);
/* Calls `fn` once when another device stands there than the last open found: not where somebody has
 * let go of it, nor because time has passed (over TCP: never). In place of a watch. */
void port_watch_new(struct port *port, loop_fn *fn, void *arg);
void port_unwatch(struct port *port); /* either one */
void port_free(struct port *port);    /* its streams are closed already */

/* --- for those who make ports (the real ones in port.c, simulated ones in tests) --- */
struct port_ops {
    int (*open)(struct port *, const struct stream_sink *, void *, struct stream **);
    void (*watch)(struct port *, loop_fn *, void *);
    void (*unwatch)(struct port *);
    void (*free)(struct port *);
    void (*watch_new)(struct port *, loop_fn *, void *); /* NULL: it cannot tell */
};
struct port {
    const struct port_ops *ops;
    char uri[256];
};

#endif
