/* usb_ports: see usb_ports.h. */
#include "usb_ports.h"

#include <string.h>

#include "text.h"

enum usb_role usb_role_of(const char *word)
{
    static const struct {
        const char *word;
        enum usb_role role;
    } rows[] = {{"at", USB_ROLE_AT},
                {"diag", USB_ROLE_DIAG},
                {"gps", USB_ROLE_GPS},
                {"audio", USB_ROLE_AUDIO}};
    if (!word || !*word)
        return USB_ROLE_UNKNOWN;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].role;
    return USB_ROLE_IGNORE;
}

bool usb_port_is(const struct usb_port *port, const char *path)
{
    size_t len = strlen(path);
    if (strcmp(port->node, path) == 0)
        return true;
    for (const char *at = port->links; *at;) {
        size_t word = strcspn(at, " ");
        if (word == len && strncmp(at, path, len) == 0)
            return true;
        at += word + strspn(at + word, " ");
    }
    return false;
}

bool usb_port_in(const struct usb_port *port, const char *usb_path)
{
    size_t len = strlen(port->id_path);
    if (strcmp(port->usb_path, usb_path) == 0)
        return true;
    /* as udev gives it for a port, ":1.3" stands behind the socket */
    return len > 0 && strncmp(port->id_path, usb_path, len) == 0 &&
           (usb_path[len] == '\0' || (usb_path[len] == ':' && strchr(usb_path + len, '.')));
}

/* --- the table --- */

static void changed(struct usb_ports *ports)
{
    int64_t now_ms = loop_now_ms(ports->loop);
    if (!loop_timer_armed(&ports->settle))
        ports->first_ms = now_ms;
    int64_t at_ms = now_ms + USB_PORTS_SETTLE_MS, latest_ms = ports->first_ms + USB_PORTS_LATEST_MS;
    loop_timer_arm(&ports->settle, at_ms < latest_ms ? at_ms : latest_ms);
}

static void on_settle(void *arg)
{
    struct usb_ports *ports = arg;
    ports->fn(ports->arg);
}

void usb_ports_init(struct usb_ports *ports, struct loop *loop, void (*fn)(void *arg), void *arg)
{
    memset(ports, 0, sizeof *ports);
    ports->loop = loop;
    ports->fn = fn;
    ports->arg = arg;
    loop_timer_init(&ports->settle, loop, on_settle, ports);
}

void usb_ports_stop(struct usb_ports *ports)
{
    loop_timer_cancel(&ports->settle);
}

static struct usb_port *find(struct usb_ports *ports, const char *node)
{
    for (size_t i = 0; i < ports->count; i++)
        if (strcmp(ports->port[i].node, node) == 0)
            return &ports->port[i];
    return NULL;
}

static void take_out(struct usb_ports *ports, struct usb_port *port)
{
    size_t at = (size_t)(port - ports->port);
    memmove(port, port + 1, (ports->count - at - 1) * sizeof *port);
    ports->count--;
}

static bool before(const struct usb_port *a, const struct usb_port *b)
{
    int order = strcmp(a->device, b->device);
    return order < 0 || (order == 0 && a->interface < b->interface);
}

bool usb_ports_add(struct usb_ports *ports, const struct usb_port *port)
{
    struct usb_port made = *port, *known = find(ports, port->node);
    if (known) {
        bool same = known->bus == port->bus && known->number == port->number &&
                    strcmp(known->device, port->device) == 0;
        made.serial = same ? known->serial : 0;
        take_out(ports, known);
    } else {
        made.serial = 0;
    }
    if (ports->count == USB_PORTS_MAX)
        return false;
    if (!made.serial)
        made.serial = ++ports->serial;
    size_t at = 0;
    while (at < ports->count && before(&ports->port[at], &made))
        at++;
    memmove(&ports->port[at + 1], &ports->port[at], (ports->count - at) * sizeof made);
    ports->port[at] = made;
    ports->count++;
    changed(ports);
    return true;
}

void usb_ports_remove(struct usb_ports *ports, const char *node)
{
    struct usb_port *port = find(ports, node);
    if (!port)
        return;
    take_out(ports, port);
    changed(ports);
}

void usb_ports_settled(struct usb_ports *ports)
{
    loop_timer_arm_in(&ports->settle, 0);
}
