#include "plug_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"

const char imei_a[] = "867542030000017", imei_b[] = "867542030000025";
const char sim_1[] = "8984048000000000001", sim_2[] = "8984048000000000002";

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static struct link *make_link(void *arg, const struct config_modem *modem,
                              const struct link_sink *sink, void *ctx)
{
    struct world *world = arg;
    struct link *link = hand_link_new(modem->name, "", sink, ctx);
    assert_true(world->links < LINKS);
    world->link[world->links++] = hand_link_of(link);
    return link;
}

static void *ask(void *arg, const char *node, plug_answer_fn *fn, void *ctx)
{
    struct world *world = arg;
    assert_false(world->q.open);
    world->q.open = true;
    world->q.asked++;
    snprintf(world->q.node, sizeof world->q.node, "%s", node);
    world->q.fn = fn;
    world->q.ctx = ctx;
    return world;
}

static void forget(void *arg, void *question)
{
    struct world *world = arg;
    assert_ptr_equal(question, world);
    world->q.open = false;
    world->q.forgotten++;
}

int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    const struct store_options options = {.boot_id = "boot"};
    const char *why = "";
    log_sink_set(no_log, NULL);
    world->loop = loop_sim_new(1000000, INT64_C(1795000000000));
    assert_int_equal(store_open(world->loop, &options, &world->store, &why), 0);
    strcpy(world->config.country, "84");
    world->config.max_queued = 1000;
    world->config.retention_days = 30;
    world->config.modems = world->modem;
    *state = world;
    return 0;
}

struct config_modem *section(struct world *world, const char *name)
{
    struct config_modem *modem = &world->modem[world->config.modem_count++];
    snprintf(modem->name, sizeof modem->name, "%s", name);
    strcpy(modem->driver, "at");
    return modem;
}

void settle(struct world *world)
{
    loop_sim_settle(world->loop);
}

void start(struct world *world)
{
    world->gateway = gateway_new(world->loop, world->store, &world->config, make_link, world);
    assert_non_null(world->gateway);
    plug_asker(gateway_fleet(world->gateway), &(struct plug_asker){ask, forget, world});
    settle(world);
}

void restart(struct world *world)
{
    gateway_free(world->gateway);
    world->links = world->ports = 0;
    start(world);
}

int teardown(void **state)
{
    struct world *world = *state;
    gateway_free(world->gateway);
    assert_false(world->q.open); /* no question outlives the gateway */
    store_close(world->store);
    loop_free(world->loop);
    free(world);
    return 0;
}

void port(struct world *world, const char *usb, int interface, int number, enum usb_role role)
{
    struct usb_port *made = &world->port[world->ports++];
    *made = (struct usb_port){.vendor = 0x1e0e,
                              .product = 0x9001,
                              .interface = interface,
                              .role = role,
                              .serial = ++world->serial};
    snprintf(made->node, sizeof made->node, "/dev/ttyUSB%d", number);
    snprintf(made->usb_path, sizeof made->usb_path, "%s", usb);
    snprintf(made->device, sizeof made->device, "/sys/%s", usb);
}

void tell(struct world *world)
{
    plug_ports(gateway_fleet(world->gateway), world->port, world->ports);
    settle(world);
}

void pull(struct world *world)
{
    world->ports = 0;
    tell(world);
}

void answer(struct world *world, int err, const char *imei, const char *iccid)
{
    struct plug_answer said = {.err = err};
    assert_true(world->q.open);
    world->q.open = err == -EBUSY; /* it waits until the port is let go */
    strcpy(said.why, err ? "not there" : "");
    strcpy(said.identity.imei, imei);
    strcpy(said.identity.iccid, iccid);
    world->q.fn(world->q.ctx, &said);
    settle(world);
}

void asked(struct world *world, const char *node)
{
    assert_true(world->q.open);
    assert_string_equal(world->q.node, node);
}

void at(const struct world *world, int link, const char *place)
{
    assert_string_equal(world->link[link]->place, place);
}

struct modem_view view_of(struct world *world, const char *name)
{
    struct modem_view view;
    for (size_t i = 0; gateway_modem_at(world->gateway, i, &view); i++)
        if (strcmp(view.name, name) == 0)
            return view;
    fail_msg("no modem %s", name);
    return view;
}

void comes_up(struct world *world, int link, const char *imei, const char *iccid)
{
    struct hand_link *hand = world->link[link];
    strcpy(hand->link.identity.imei, imei);
    hand->link.identity.iccid[0] = '\0';
    hand_link_state(hand, LINK_SIM);
    strcpy(hand->link.identity.iccid, iccid);
    hand_link_state(hand, LINK_REGISTERING);
    hand_link_state(hand, LINK_READY);
    settle(world);
}
