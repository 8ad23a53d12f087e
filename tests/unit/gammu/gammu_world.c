#include "gammu_world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "loop_sim.h"
#include "stream_pipe.h"
#include "text.h"

/* --- the helper's end --- */

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct gammu_world *world = ctx;
    if (world->heard_len + len >= sizeof world->heard)
        world->heard_len = 0;
    memcpy(world->heard + world->heard_len, data, len);
    world->heard_len += len;
    world->heard[world->heard_len] = '\0';
}

static void on_gone(void *ctx, int err)
{
    struct gammu_world *world = ctx;
    (void)err;
    gammu_world_die(world);
}

static const struct stream_sink helper_sink = {.on_data = on_data, .on_gone = on_gone};

static int port_start(struct port *port, const struct stream_sink *sink, void *ctx,
                      struct stream **out)
{
    struct gammu_world *world = (struct gammu_world *)port;
    if (!world->there)
        return -ENOENT;
    assert(!world->helper); /* one helper a phone */
    world->starts++;
    return stream_pipe_new(world->loop, 0, sink, ctx, out, &helper_sink, world, &world->helper);
}

static void port_wait_for(struct port *port, loop_fn *fn, void *arg)
{
    struct gammu_world *world = (struct gammu_world *)port;
    world->watch = fn;
    world->watch_arg = arg;
    world->watch_new = false;
}

static void port_wait_for_new(struct port *port, loop_fn *fn, void *arg)
{
    port_wait_for(port, fn, arg);
    ((struct gammu_world *)port)->watch_new = true;
}

static void port_wait_no_more(struct port *port)
{
    ((struct gammu_world *)port)->watch = NULL;
}

static const struct port_ops ops = {.open = port_start,
                                    .watch = port_wait_for,
                                    .unwatch = port_wait_no_more,
                                    .free = port_wait_no_more,
                                    .watch_new = port_wait_for_new};

/* --- the sink --- */

static void on_state(void *ctx, struct link *link, enum link_state state, const char *why)
{
    struct gammu_world *world = ctx;
    (void)link;
    assert(*why);
    world->state = state;
    (void)text_copy(world->why, sizeof world->why, why);
}

static void on_commit(void *ctx, struct link *link, uint64_t token, unsigned part)
{
    struct gammu_world *world = ctx;
    (void)link;
    assert(world->pending && token > 0 && part == 0);
    world->commits++;
}

static void on_outcome(void *ctx, struct link *link, uint64_t token, unsigned part,
                       const struct sms_outcome *outcome)
{
    struct gammu_world *world = ctx;
    (void)link;
    assert(world->pending && token > 0 && part == 0);
    world->pending = false;
    world->outcomes++;
    world->outcome = *outcome;
}

static void on_evidence(void *ctx, struct link *link, const struct link_evidence *evidence)
{
    (void)ctx;
    (void)link;
    (void)evidence;
    assert(!"this driver has none");
}

static void on_inbound(void *ctx, struct link *link, const struct link_inbound *inbound)
{
    struct gammu_world *world = ctx;
    (void)link;
    world->inbounds++;
    world->inbound = *inbound;
}

static void on_radio(void *ctx, struct link *link, const struct link_radio *radio)
{
    (void)ctx;
    (void)link;
    assert(radio->registration >= 0);
}

static const struct link_sink sink = {.state = on_state,
                                      .commit = on_commit,
                                      .outcome = on_outcome,
                                      .evidence = on_evidence,
                                      .inbound = on_inbound,
                                      .radio = on_radio};

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

/* --- life --- */

static struct gammu_world *world_make(int keepalive_s, bool roaming)
{
    const struct gammu_link_config config = {
        .name = "phone", .keepalive_s = keepalive_s, .roaming = roaming};
    struct gammu_world *world = calloc(1, sizeof *world);
    assert(world);
    log_sink_set(no_log, NULL);
    world->port.ops = &ops;
    world->loop = loop_sim_new(1000000, 1795000000000);
    world->there = true;
    world->link = gammu_link_new(world->loop, &world->port, &config, &sink, world);
    assert(world->link);
    int rc = link_open(world->link);
    assert(rc == 0);
    (void)rc;
    gammu_world_run(world, 0);
    return world;
}

struct gammu_world *gammu_world_new(void)
{
    return world_make(60, false);
}

struct gammu_world *gammu_world_looking(int every_s)
{
    return world_make(every_s, false);
}

struct gammu_world *gammu_world_roaming(void)
{
    return world_make(60, true);
}

void gammu_world_free(struct gammu_world *world)
{
    link_close(world->link);
    gammu_world_die(world);
    loop_sim_settle(world->loop);
    loop_free(world->loop);
    free(world);
}

void gammu_world_run(struct gammu_world *world, int64_t ms)
{
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + ms);
}

void gammu_world_say(struct gammu_world *world, const char *bytes, size_t len)
{
    if (world->helper && stream_write(world->helper, bytes, len) < 0)
        return; /* the link has closed it */
    gammu_world_run(world, 0);
}

void gammu_world_line(struct gammu_world *world, const char *line)
{
    gammu_world_say(world, line, strlen(line));
    gammu_world_say(world, "\n", 1);
}

void gammu_world_die(struct gammu_world *world)
{
    if (world->helper)
        stream_close(world->helper);
    world->helper = NULL;
}

void gammu_world_ready(struct gammu_world *world)
{
    static const char *const lines[] = {"hello 1",
                                        "imei 867542030000007",
                                        "imsi 452040000000001",
                                        "smsc +84980200030",
                                        "maker Nokia",
                                        "model 6310",
                                        "revision 5.52",
                                        "ready",
                                        "radio 1 -71 Viettel",
                                        "alive"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        gammu_world_line(world, lines[i]);
    assert(world->state == LINK_READY);
}

int gammu_world_submit(struct gammu_world *world)
{
    static uint64_t token;
    token++;
    struct link_submit submit = {.token = token};
    static const uint8_t tpdu[] = {0x31, 0x00, 0x03, 0x81, 0x21, 0xF3,
                                   0x00, 0x00, 0x01, 0x01, 0x41};
    memcpy(submit.tpdu.octet, tpdu, sizeof tpdu);
    submit.tpdu.len = sizeof tpdu;
    int rc = link_submit(world->link, &submit);
    world->pending = world->pending || rc == 0;
    gammu_world_run(world, 0);
    return rc == 0 ? (int)token : rc;
}

bool gammu_world_heard(struct gammu_world *world, const char *line)
{
    bool heard = strstr(world->heard, line) != NULL;
    world->heard_len = 0;
    world->heard[0] = '\0';
    return heard;
}
