/* port: from a line of configuration to the room that opens it. */
#include "port.h"
#include "port_real.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *mark;
    int (*make)(struct loop *, const char *, struct port **, const char **);
} makers[] = {
    {"tcp://", port_tcp_new},
    {"/", port_tty_new},
};

int port_new(struct loop *loop, const char *uri, struct port **out, const char **why)
{
    if (strlen(uri) >= sizeof((*out)->uri)) {
        *why = "is too long";
        return -EINVAL;
    }
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
        if (strncmp(uri, makers[i].mark, strlen(makers[i].mark)) == 0)
            return makers[i].make(loop, uri, out, why);
    *why = "is neither a device's path nor tcp://host:port";
    return -EINVAL;
}

const char *port_uri(const struct port *port)
{
    return port->uri;
}

int port_open(struct port *port, const struct stream_sink *sink, void *ctx, struct stream **out)
{
    return port->ops->open(port, sink, ctx, out);
}

void port_watch(struct port *port, loop_fn *fn, void *arg)
{
    port->ops->watch(port, fn, arg);
}

void port_watch_new(struct port *port, loop_fn *fn, void *arg)
{
    if (port->ops->watch_new)
        port->ops->watch_new(port, fn, arg);
}

void port_unwatch(struct port *port)
{
    port->ops->unwatch(port);
}

void port_free(struct port *port)
{
    if (port)
        port->ops->free(port);
}
