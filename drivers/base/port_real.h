/* port_real: what the rooms of the real ports share. Included by port*.c alone. */
#ifndef OTPGATE_PORT_REAL_H
#define OTPGATE_PORT_REAL_H

#include "port.h"

enum { PORT_BAUD = 115200, PORT_NAME_ROOM = 64 };

/* The makers behind port_new(); each checks what follows its own mark in the URI. */
int port_tty_new(struct loop *loop, const char *uri, struct port **out, const char **why)
    __attribute__((warn_unused_result));
int port_tcp_new(struct loop *loop, const char *uri, struct port **out, const char **why)
    __attribute__((warn_unused_result));

/* Holds the tty against every other program. 0, -EBUSY, -errno. port_tty_unlock() before the
 * close: an exclusive mark outlives its fd where somebody else still holds the tty. */
int port_tty_lock(int fd) __attribute__((warn_unused_result));
void port_tty_unlock(int fd);

/* The name under which libserialport knows what `path` leads to ("/dev/ttyUSB0"); false
 * where it knows nothing of it. */
bool port_serial_name(const char *path, char name[PORT_NAME_ROOM]);
/* Never waits. `name` is also its lane (offload.h). What is wrong with the device is told by
 * on_gone; -errno: there is no memory, file or thread left to open it. */
int port_serial_open(struct loop *loop, const char *name, const struct stream_sink *sink, void *ctx,
                     struct stream **out) __attribute__((warn_unused_result));

#endif
