#include "world.h"

#include <errno.h>
#include <stdio.h>
#include "at_link.h"
#include "stream_pipe.h"

void world_net_moved(struct world *world)
{
    int64_t next_ms = simnet_next_ms(world->net);

    if (next_ms == INT64_MAX)
        loop_timer_cancel(&world->net_timer);
    else
        loop_timer_arm(&world->net_timer, next_ms);
}

/* --- the modem's side of the wire --- */

static void on_bytes(void *ctx, const uint8_t *data, size_t len)
{
    struct world_modem *modem = ctx;

    simnet_advance(modem->world->net, loop_now_ms(modem->world->loop));
    simmodem_input(modem->modem, data, len);
    world_net_moved(modem->world);
}

static void on_gone(void *ctx, int err)
{
    struct world_modem *modem = ctx;

    (void)err;
    stream_close(modem->end);
    modem->end = NULL;
}

static const struct stream_sink modem_sink = {.on_data = on_bytes, .on_gone = on_gone};

static struct world_modem *place_of(void *ctx)
{
    return ((struct world_stick *)ctx)->at;
}

static void on_output(void *ctx, const uint8_t *bytes, size_t len)
{
    struct world_modem *modem = place_of(ctx);

    /* A port that nobody has open loses what the modem says. */
    if (modem->end && stream_write(modem->end, bytes, len) < 0)
        return;
}

static void on_closed(void *ctx)
{
    struct world_modem *modem = place_of(ctx);

    if (modem->end)
        stream_close(modem->end);
    modem->end = NULL;
}

static void on_appeared(void *arg)
{
    struct world_modem *modem = arg;
    loop_fn *watch = modem->watch;

    modem->watch = NULL;
    if (watch)
        watch(modem->watch_arg);
}

static void on_opened(void *ctx)
{
    struct world_modem *modem = place_of(ctx);

    loop_defer(&modem->appeared, LOOP_SOON);
}

static const struct simmodem_host host = {
    .output = on_output, .closed = on_closed, .opened = on_opened};

/* --- the port --- */

static int sim_open(struct port *port, const struct stream_sink *sink, void *ctx,
                    struct stream **out)
{
    struct world_modem *modem = (struct world_modem *)port;

    if (!simmodem_plugged(modem->modem))
        return -ENOENT;
    if (modem->end)
        return -EBUSY;
    return stream_pipe_new(modem->world->loop, 0, sink, ctx, out, &modem_sink, modem, &modem->end);
}

static void sim_watch(struct port *port, loop_fn *fn, void *arg)
{
    struct world_modem *modem = (struct world_modem *)port;

    modem->watch = fn;
    modem->watch_arg = arg;
    if (simmodem_plugged(modem->modem))
        loop_defer(&modem->appeared, LOOP_SOON);
}

static void sim_unwatch(struct port *port)
{
    ((struct world_modem *)port)->watch = NULL;
}

static void sim_free(struct port *port)
{
    sim_unwatch(port);
}

static const struct port_ops port_ops = {
    .open = sim_open, .watch = sim_watch, .unwatch = sim_unwatch, .free = sim_free};

void world_modem_init(struct world *world, int index, const struct sim_profile *profile)
{
    struct world_modem *modem = &world->modem[index];
    const struct simmodem_config config = {.profile = profile, .index = index};

    modem->world = world;
    modem->index = index;
    modem->port.ops = &port_ops;
    snprintf(modem->port.uri, sizeof modem->port.uri, "sim%d", index);
    loop_task_init(&modem->appeared, world->loop, on_appeared, modem);
    world->stick[index].at = modem;
    modem->modem = simmodem_new(world->net, &config, &host, &world->stick[index]);
}

void world_modems_swap(struct world_modem *a, struct world_modem *b)
{
    struct simmodem *modem = a->modem;
    struct world_stick *of_a = NULL, *of_b = NULL;

    for (int i = 0; i < WORLD_MODEMS; i++) {
        struct world_stick *stick = &a->world->stick[i];
        of_a = stick->at == a ? stick : of_a;
        of_b = stick->at == b ? stick : of_b;
    }
    if (simmodem_plugged(a->modem))
        simmodem_unplug(a->modem);
    if (simmodem_plugged(b->modem))
        simmodem_unplug(b->modem);
    a->modem = b->modem;
    b->modem = modem;
    of_a->at = b;
    of_b->at = a;
    a->full_since_ms = b->full_since_ms = 0;
    simmodem_replug(a->modem);
    simmodem_replug(b->modem);
}

void world_modem_free(struct world_modem *modem)
{
    loop_task_cancel(&modem->appeared);
    simmodem_free(modem->modem);
}

struct link *world_make_link(void *arg, const struct config_modem *section,
                             const struct link_sink *sink, void *ctx)
{
    struct world *world = arg;
    int index = 0;
    const struct at_link_config config = {.name = section->name};

    sscanf(section->name, "m%d", &index);
    return at_link_new(world->loop, &world->modem[index].port, &config, sink, ctx);
}
