/* hotplug: tells of serial ports on the USB that are there, come and go. The only room that knows
 * libudev: a monitor whose fd is in the loop, and one look at what is there already, taken after
 * the monitor listens. What it sees goes into usb_ports, which lets it settle.
 *
 * Only ports with the tag of our udev rules are told, when those have run. Without udevd (a
 * container) there are no tags: the look takes what is there, and the monitor stays silent. */
#ifndef OTPGATE_HOTPLUG_H
#define OTPGATE_HOTPLUG_H

#include "usb_ports.h"

struct hotplug;

/* Calls `fn` once in the next turn with what is there now, and after each burst. The ports are
 * hotplug's, and hold until `fn` returns. NULL: no memory, or no netlink socket may be made
 * (errno). */
typedef void hotplug_fn(void *arg, const struct usb_port *ports, size_t count);
struct hotplug *hotplug_new(struct loop *loop, hotplug_fn *fn, void *arg)
    __attribute__((warn_unused_result));
void hotplug_free(struct hotplug *hotplug); /* NULL: nothing */

#endif
