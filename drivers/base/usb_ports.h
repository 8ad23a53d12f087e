/* usb_ports: which serial ports are there, and of which USB device each one is.
 *
 * Pure: told of ports by hotplug (or a test), tells its owner once a burst has settled. A stick
 * comes as a handful of ports within a second, and a replug as many removes and adds; what is told
 * is only what stands then. */
#ifndef OTPGATE_USB_PORTS_H
#define OTPGATE_USB_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"

enum { USB_PORTS_MAX = 256, USB_PORTS_SETTLE_MS = 1000, USB_PORTS_LATEST_MS = 10000 };

/* What a port is for: property OTPGATE_PORT of our udev rules. */
enum usb_role {
    USB_ROLE_UNKNOWN, /* no rule names it: asked whether it speaks AT, where somebody waits */
    USB_ROLE_AT,      /* takes commands, and tells what comes unasked */
    USB_ROLE_DIAG,    /* the rest is never opened */
    USB_ROLE_GPS,
    USB_ROLE_AUDIO,
    USB_ROLE_IGNORE,
};
/* "at", ...; anything else, NULL too, is UNKNOWN. A word that is not known is IGNORE: some rule did
 * name the port. */
enum usb_role usb_role_of(const char *word);

struct usb_port {
    char node[64];     /* "/dev/ttyUSB3" */
    char links[512];   /* other names of it, with blanks between: udev's DEVLINKS */
    char device[256];  /* of its USB device: the path in sysfs, which is its stick */
    char usb_path[64]; /* the same by the kernel's name of it: "1-1.2" */
    char id_path[128]; /* udev's ID_PATH without the interface: "pci-0000:00:14.0-usb-0:1.2"; "" */
    char model[64];    /* as our udev rules call it, for people; "" */
    int bus, number;   /* busnum, devnum: another number is another plugging in */
    int vendor, product;
    int interface; /* -1 unknown */
    enum usb_role role;
    uint64_t serial; /* the same node with another serial was plugged in anew */
};

/* The same node under this or another of its names. Pure. */
bool usb_port_is(const struct usb_port *port, const char *path);
/* Whether that USB socket is the port's: by usb_path, or by ID_PATH with or without its interface.
 * Pure. */
bool usb_port_in(const struct usb_port *port, const char *usb_path);

struct usb_ports {
    struct loop *loop;
    struct usb_port port[USB_PORTS_MAX]; /* in the order of device and interface */
    size_t count;
    uint64_t serial;
    int64_t first_ms; /* of the burst */
    struct loop_timer settle;
    void (*fn)(void *arg);
    void *arg;
};

/* `fn`: what is there has settled, one second after the last change of it (ten after the first, for
 * a port that comes and goes for ever). Cancelled by usb_ports_stop(). */
void usb_ports_init(struct usb_ports *ports, struct loop *loop, void (*fn)(void *arg), void *arg);
void usb_ports_stop(struct usb_ports *ports);
/* New, or known and told of once more: as many "add" as there are of one that stayed (udevadm
 * trigger, an update of udev) are one plugging in. False: no room. */
bool usb_ports_add(struct usb_ports *ports, const struct usb_port *port);
void usb_ports_remove(struct usb_ports *ports, const char *node);
/* What was enumerated at the start is not a burst: told at the end of this turn. */
void usb_ports_settled(struct usb_ports *ports);

#endif
