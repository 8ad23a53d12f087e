/* hotplug: see hotplug.h. */
#include "hotplug.h"

#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "loop_event.h"
#include "text.h"

struct hotplug {
    struct udev *udev;
    struct udev_monitor *monitor;
    struct loop_watch *watch;
    struct usb_ports ports;
    hotplug_fn *fn;
    void *arg;
};

static void on_settled(void *arg)
{
    struct hotplug *h = arg;
    h->fn(h->arg, h->ports.port, h->ports.count);
}

static int number_of(const char *text, int base)
{
    return text && *text ? (int)strtol(text, NULL, base) : -1;
}

/* ID_PATH ends with the interface, ":1.3"; a modem is in one socket with all of them. */
static void copy_id_path(char *out, size_t room, const char *id_path)
{
    (void)text_copy(out, room, id_path ? id_path : "");
    char *usb = strstr(out, "-usb-");
    char *colon = usb ? strrchr(usb, ':') : NULL;
    if (colon && strchr(colon, '.') && colon != strchr(usb, ':'))
        *colon = '\0';
}

static const char *interface_of(struct udev_device *tty)
{
    const char *number = udev_device_get_property_value(tty, "ID_USB_INTERFACE_NUM");
    struct udev_device *parent =
        udev_device_get_parent_with_subsystem_devtype(tty, "usb", "usb_interface");
    return number || !parent ? number : udev_device_get_sysattr_value(parent, "bInterfaceNumber");
}

/* False: no port on the USB. What udevd has not put into properties is asked of sysfs. */
static bool port_from(struct udev_device *tty, struct usb_port *port)
{
    const char *node = udev_device_get_devnode(tty);
    struct udev_device *device =
        udev_device_get_parent_with_subsystem_devtype(tty, "usb", "usb_device");
    memset(port, 0, sizeof *port);
    if (!node || !device || !text_copy(port->node, sizeof port->node, node) ||
        !text_copy(port->device, sizeof port->device, udev_device_get_syspath(device)))
        return false;
    (void)text_copy(port->usb_path, sizeof port->usb_path, udev_device_get_sysname(device));
    copy_id_path(port->id_path, sizeof port->id_path,
                 udev_device_get_property_value(tty, "ID_PATH"));
    port->bus = number_of(udev_device_get_sysattr_value(device, "busnum"), 10);
    port->number = number_of(udev_device_get_sysattr_value(device, "devnum"), 10);
    port->vendor = number_of(udev_device_get_sysattr_value(device, "idVendor"), 16);
    port->product = number_of(udev_device_get_sysattr_value(device, "idProduct"), 16);
    port->interface = number_of(interface_of(tty), 16);
    port->role = usb_role_of(udev_device_get_property_value(tty, "OTPGATE_PORT"));
    const char *model = udev_device_get_property_value(tty, "OTPGATE_MODEL");
    (void)text_copy(port->model, sizeof port->model, model ? model : "");
    struct udev_list_entry *link;
    size_t len = 0;
    udev_list_entry_foreach(link, udev_device_get_devlinks_list_entry(tty))
    {
        const char *name = udev_list_entry_get_name(link);
        if (len + strlen(name) + 2 < sizeof port->links)
            len += (size_t)snprintf(port->links + len, sizeof port->links - len, "%s%s",
                                    len ? " " : "", name);
    }
    return true;
}

/* Where udevd has been and our rules have not, or somebody has taken their tag away, nothing tells
 * a DIAG port from one that speaks AT: hands off. Without udevd nobody has been there. */
static bool is_ours(struct udev_device *tty)
{
    return udev_device_get_is_initialized(tty) <= 0 ||
           udev_device_has_current_tag(tty, "otpgate") > 0;
}

/* udevd has yet to look at it, and tells of it then: until its rules have run nobody knows what the
 * port is for. */
static bool is_awaited(struct udev_device *tty)
{
    return udev_device_get_is_initialized(tty) <= 0 && access("/run/udev/control", F_OK) == 0;
}

static void see(struct hotplug *h, struct udev_device *tty)
{
    struct usb_port port;
    if (!port_from(tty, &port))
        return;
    if (!is_ours(tty)) {
        log_event(LOG_LEVEL_NOTICE, "hotplug", port.node, "not_ours",
                  "why=\"our udev rules have not seen it, or a rule has taken their tag away\"");
        usb_ports_remove(&h->ports, port.node);
    } else if (!usb_ports_add(&h->ports, &port)) {
        log_event(LOG_LEVEL_ERROR, "hotplug", port.node, "too_many", "ports=%d", USB_PORTS_MAX);
    }
}

/* A remove comes when sysfs has nothing any more: its name is all there is. */
static void hear(struct hotplug *h, struct udev_device *tty)
{
    const char *action = udev_device_get_action(tty);
    const char *node = udev_device_get_property_value(tty, "DEVNAME");
    if (!action)
        return;
    log_event(LOG_LEVEL_DEBUG, "hotplug", node ? node : "-", action, "%s", "");
    if (strcmp(action, "remove") == 0) {
        if (node)
            usb_ports_remove(&h->ports, node);
    } else {
        see(h, tty);
    }
}

static int look_around(struct hotplug *h)
{
    struct udev_enumerate *all = udev_enumerate_new(h->udev);
    struct udev_list_entry *entry;
    if (!all)
        return -ENOMEM;
    int rc = udev_enumerate_add_match_subsystem(all, "tty");
    if (rc >= 0)
        rc = udev_enumerate_scan_devices(all);
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all))
    {
        struct udev_device *tty =
            udev_device_new_from_syspath(h->udev, udev_list_entry_get_name(entry));
        if (tty && !is_awaited(tty))
            see(h, tty);
        udev_device_unref(tty);
    }
    udev_enumerate_unref(all);
    return rc;
}

/* More was told at once than the socket holds, and what it was is lost. */
static void look_again(struct hotplug *h)
{
    log_event(LOG_LEVEL_NOTICE, "hotplug", "-", "overrun", "%s", "");
    for (size_t i = h->ports.count; i-- > 0;) {
        const char *node = h->ports.port[i].node;
        struct udev_device *tty =
            udev_device_new_from_subsystem_sysname(h->udev, "tty", strrchr(node, '/') + 1);
        if (!tty)
            usb_ports_remove(&h->ports, node);
        udev_device_unref(tty);
    }
    (void)look_around(h);
}

static void on_readable(void *arg, int ready)
{
    struct hotplug *h = arg;
    struct udev_device *tty;
    (void)ready;
    while ((tty = udev_monitor_receive_device(h->monitor))) {
        hear(h, tty);
        udev_device_unref(tty);
    }
    if (errno == ENOBUFS)
        look_again(h);
}

static int listen_to(struct hotplug *h, struct loop *loop)
{
    h->monitor = udev_monitor_new_from_netlink(h->udev, "udev");
    if (!h->monitor)
        return errno ? -errno : -ENOMEM;
    int rc = udev_monitor_filter_add_match_subsystem_devtype(h->monitor, "tty", NULL);
    if (rc >= 0)
        rc = udev_monitor_enable_receiving(h->monitor);
    if (rc < 0)
        return rc;
    h->watch = loop_watch_new(loop, udev_monitor_get_fd(h->monitor), on_readable, h);
    if (!h->watch)
        return -ENOMEM;
    loop_watch_set(h->watch, LOOP_READ);
    return 0;
}

struct hotplug *hotplug_new(struct loop *loop, hotplug_fn *fn, void *arg)
{
    struct hotplug *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->fn = fn;
    h->arg = arg;
    usb_ports_init(&h->ports, loop, on_settled, h);
    h->udev = udev_new();
    int rc = h->udev ? listen_to(h, loop) : -ENOMEM;
    if (rc >= 0)
        rc = look_around(h);
    if (rc < 0) {
        hotplug_free(h);
        errno = -rc;
        return NULL;
    }
    usb_ports_settled(&h->ports);
    return h;
}

void hotplug_free(struct hotplug *h)
{
    if (!h)
        return;
    usb_ports_stop(&h->ports);
    if (h->watch)
        loop_watch_free(h->watch);
    udev_monitor_unref(h->monitor);
    udev_unref(h->udev);
    free(h);
}
