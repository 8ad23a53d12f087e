#include "gammu_port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "port_wait.h"
#include "stream_fd.h"
#include "text.h"

struct gammu_port {
    struct port port; /* first */
    struct loop *loop;
    char program[256], connection[40], device[256], model[50], smsc[17];
    struct port_wait wait;
};

/* One helper: it ends with its stream, at the latest. */
struct helper {
    int fd;
    struct child *child; /* NULL: it has ended by itself */
};

static void helper_ended(void *arg, int status)
{
    struct helper *helper = arg;
    (void)status; /* the stream tells of its end, in the order of what it said */
    helper->child = NULL;
}

static void helper_release(void *arg)
{
    struct helper *helper = arg;
    close(helper->fd);
    if (helper->child)
        child_forget(helper->child, true);
    free(helper);
}

static int helper_start(struct gammu_port *g, int input, struct helper *helper)
{
    char *const argv[] = {g->program, g->connection, g->device, g->model, g->smsc, NULL};
    const struct child_config config = {.argv = argv, .input = input};
    return child_start(g->loop, &config, helper_ended, helper, &helper->child);
}

static int port_start(struct port *port, const struct stream_sink *sink, void *ctx,
                      struct stream **out)
{
    struct gammu_port *g = (struct gammu_port *)port;
    int pair[2];
    port_wait_note(&g->wait);
    if (access(g->device, F_OK) != 0 && *g->device == '/')
        return -errno;
    struct helper *helper = calloc(1, sizeof *helper);
    if (!helper)
        return -ENOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        free(helper);
        return -errno;
    }
    helper->fd = pair[0];
    int rc = helper_start(g, pair[1], helper);
    close(pair[1]);
    if (rc == 0)
        rc = stream_fd_new(g->loop, pair[0], 0, helper_release, helper, sink, ctx, out);
    if (rc < 0)
        helper_release(helper);
    return rc;
}

static void port_wait_for(struct port *port, loop_fn *fn, void *arg)
{
    port_wait_start(&((struct gammu_port *)port)->wait, fn, arg);
}

static void port_wait_for_new(struct port *port, loop_fn *fn, void *arg)
{
    port_wait_start_new(&((struct gammu_port *)port)->wait, fn, arg);
}

static void port_wait_no_more(struct port *port)
{
    port_wait_stop(&((struct gammu_port *)port)->wait);
}

static void port_end(struct port *port)
{
    port_wait_no_more(port);
    free(port);
}

static const struct port_ops ops = {.open = port_start,
                                    .watch = port_wait_for,
                                    .unwatch = port_wait_no_more,
                                    .free = port_end,
                                    .watch_new = port_wait_for_new};

int gammu_port_new(struct loop *loop, const struct gammu_port_config *config, struct port **out)
{
    struct gammu_port *g = calloc(1, sizeof *g);
    if (!g)
        return -ENOMEM;
    g->port.ops = &ops;
    g->loop = loop;
    bool fits = text_copy(g->port.uri, sizeof g->port.uri, config->device) &&
                text_copy(g->program, sizeof g->program, config->program) &&
                text_copy(g->connection, sizeof g->connection, config->connection) &&
                text_copy(g->device, sizeof g->device, config->device) &&
                text_copy(g->model, sizeof g->model, config->model) &&
                text_copy(g->smsc, sizeof g->smsc, config->smsc);
    if (!fits) {
        free(g);
        return -EINVAL;
    }
    port_wait_init(&g->wait, loop, g->device);
    *out = &g->port;
    return 0;
}
