/* port_slot: see port_slot.h. The stream that it hands out stands before the inner one, so that a
 * detach can end it. */
#include "port_slot.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct slot;

struct slot_stream {
    struct stream stream; /* first */
    struct slot *slot;    /* NULL: no longer its current one */
    struct stream *inner; /* NULL: the place is gone */
    size_t unsent;        /* what it had not taken then */
    bool told;            /* on_gone was called, or is no longer wanted */
    struct loop_task gone, reaper;
};

struct slot {
    struct port port; /* first */
    struct loop *loop;
    port_make_fn *make;
    void *make_arg;
    struct port *inner; /* NULL: detached */
    struct slot_stream *open;
    loop_fn *watch; /* NULL: nobody waits */
    void *watch_arg;
    struct loop_task wake;
};

static struct slot *slot_of(struct port *port)
{
    return (struct slot *)port;
}

/* --- the stream --- */

static void stream_on_open(void *ctx)
{
    struct slot_stream *s = ctx;
    if (s->stream.sink->on_open)
        s->stream.sink->on_open(s->stream.ctx);
}

static void stream_on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct slot_stream *s = ctx;
    s->stream.sink->on_data(s->stream.ctx, data, len);
}

static void stream_tell_gone(struct slot_stream *s, int err)
{
    if (s->told)
        return;
    s->told = true;
    s->stream.sink->on_gone(s->stream.ctx, err);
}

static void stream_on_gone(void *ctx, int err)
{
    stream_tell_gone(ctx, err);
}

static void stream_on_drained(void *ctx)
{
    struct slot_stream *s = ctx;
    if (s->stream.sink->on_drained)
        s->stream.sink->on_drained(s->stream.ctx);
}

static const struct stream_sink inner_sink = {.on_open = stream_on_open,
                                              .on_data = stream_on_data,
                                              .on_gone = stream_on_gone,
                                              .on_drained = stream_on_drained};

static void stream_gone(void *arg)
{
    stream_tell_gone(arg, ENODEV);
}

static void stream_reap(void *arg)
{
    free(arg);
}

static struct slot_stream *own(struct stream *stream)
{
    return (struct slot_stream *)stream;
}

static int op_write(struct stream *stream, const void *data, size_t len)
{
    struct slot_stream *s = own(stream);
    return s->inner ? stream_write(s->inner, data, len) : -EPIPE;
}

static size_t op_unsent(const struct stream *stream)
{
    const struct slot_stream *s = (const struct slot_stream *)stream;
    return s->inner ? stream_unsent(s->inner) : s->unsent;
}

static void op_drain(struct stream *stream)
{
    struct slot_stream *s = own(stream);
    if (s->inner)
        stream_drain(s->inner);
}

static void op_pause(struct stream *stream, int pause)
{
    struct slot_stream *s = own(stream);
    if (s->inner)
        stream_pause(s->inner, pause);
}

static void op_close(struct stream *stream)
{
    struct slot_stream *s = own(stream);
    if (s->slot)
        s->slot->open = NULL;
    if (s->inner)
        stream_close(s->inner);
    s->inner = NULL;
    s->told = true;
    loop_task_cancel(&s->gone);
    loop_defer(&s->reaper, LOOP_SOON);
}

static const struct stream_ops stream_ops = {.write = op_write,
                                             .unsent = op_unsent,
                                             .drain = op_drain,
                                             .pause = op_pause,
                                             .close = op_close};

/* --- the port --- */

static int slot_open(struct port *port, const struct stream_sink *sink, void *ctx,
                     struct stream **out)
{
    struct slot *slot = slot_of(port);
    assert(!slot->open);
    if (!slot->inner)
        return -ENXIO;
    struct slot_stream *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->stream = (struct stream){.ops = &stream_ops, .sink = sink, .ctx = ctx};
    loop_task_init(&s->gone, slot->loop, stream_gone, s);
    loop_task_init(&s->reaper, slot->loop, stream_reap, s);
    int rc = port_open(slot->inner, &inner_sink, s, &s->inner);
    if (rc < 0) {
        free(s);
        return rc;
    }
    s->slot = slot;
    slot->open = s;
    *out = &s->stream;
    return 0;
}

static void slot_wake(void *arg)
{
    struct slot *slot = arg;
    loop_fn *fn = slot->watch;
    if (!fn)
        return;
    if (slot->inner)
        port_unwatch(slot->inner);
    slot->watch = NULL;
    fn(slot->watch_arg);
}

static void slot_watch(struct port *port, loop_fn *fn, void *arg)
{
    struct slot *slot = slot_of(port);
    slot->watch = fn;
    slot->watch_arg = arg;
    if (slot->inner)
        port_watch(slot->inner, slot_wake, slot);
}

static void slot_watch_new(struct port *port, loop_fn *fn, void *arg)
{
    struct slot *slot = slot_of(port);
    slot->watch = fn;
    slot->watch_arg = arg;
    if (slot->inner)
        port_watch_new(slot->inner, slot_wake, slot);
}

static void slot_unwatch(struct port *port)
{
    struct slot *slot = slot_of(port);
    slot->watch = NULL;
    loop_task_cancel(&slot->wake);
    if (slot->inner)
        port_unwatch(slot->inner);
}

static void slot_free(struct port *port)
{
    struct slot *slot = slot_of(port);
    slot_unwatch(port);
    port_slot_detach(port);
    free(slot);
}

static const struct port_ops slot_ops = {.open = slot_open,
                                         .watch = slot_watch,
                                         .unwatch = slot_unwatch,
                                         .free = slot_free,
                                         .watch_new = slot_watch_new};

static int make_real(void *arg, const char *uri, struct port **out, const char **why)
{
    return port_new(arg, uri, out, why);
}

struct port *port_slot_new(struct loop *loop, port_make_fn *make, void *arg)
{
    struct slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    slot->port.ops = &slot_ops;
    slot->loop = loop;
    slot->make = make ? make : make_real;
    slot->make_arg = make ? arg : loop;
    loop_task_init(&slot->wake, loop, slot_wake, slot);
    return &slot->port;
}

void port_slot_detach(struct port *port)
{
    struct slot *slot = slot_of(port);
    struct slot_stream *s = slot->open;
    assert(port->ops == &slot_ops);
    slot->open = NULL;
    if (s) {
        s->slot = NULL;
        s->unsent = stream_unsent(s->inner);
        stream_close(s->inner);
        s->inner = NULL;
        loop_defer(&s->gone, LOOP_SOON);
    }
    if (slot->inner) {
        port_unwatch(slot->inner);
        port_free(slot->inner);
    }
    slot->inner = NULL;
    slot->port.uri[0] = '\0';
}

int port_slot_attach(struct port *port, const char *uri, const char **why)
{
    struct slot *slot = slot_of(port);
    assert(port->ops == &slot_ops);
    if (!slot->inner || strcmp(port->uri, uri) != 0) {
        port_slot_detach(port);
        int rc = slot->make(slot->make_arg, uri, &slot->inner, why);
        if (rc < 0) {
            slot->inner = NULL;
            return rc;
        }
        (void)text_copy(port->uri, sizeof port->uri, uri);
    }
    if (slot->watch)
        loop_defer(&slot->wake, LOOP_SOON);
    return 0;
}
