/* port_slot: a port whose place changes: a USB modem is at another ttyUSBn after each replug.
 *
 * Whoever opens it sees one port all the time. While it is attached to no place an open gives
 * -ENXIO; an attach wakes who watches it. A detach ends the stream that is open on it with on_gone,
 * once, whether the kernel's own hang-up comes before, after or never. */
#ifndef OTPGATE_PORT_SLOT_H
#define OTPGATE_PORT_SLOT_H

#include "port.h"

/* Made from a URI like port_new(); tests make theirs. The port is the slot's. */
typedef int port_make_fn(void *arg, const char *uri, struct port **out, const char **why);

/* `make` NULL: port_new(). Detached at first. NULL: no memory. */
struct port *port_slot_new(struct loop *loop, port_make_fn *make, void *arg)
    __attribute__((warn_unused_result));
/* To another place, or (uri NULL) to none. The same place again changes nothing but wakes a
 * watcher. 0, or -errno of port_new() with *why; then it is detached. */
int port_slot_attach(struct port *port, const char *uri, const char **why)
    __attribute__((warn_unused_result));
void port_slot_detach(struct port *port);

#endif
