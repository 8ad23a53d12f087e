/* From a stick that is pulled and put back under other names to a modem that may send: the real
 * usb_ports, plug, identity, probe, slot and link on virtual time, with the simulated modem at the
 * other end of a slow wire. What the modem takes for its answers is counted, the time of the wire
 * for each command; the rest is ours, and may be two seconds, one of which a burst of ports is
 * given to settle. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_chat.h"
#include "at_link.h"
#include "at_probe.h"
#include "gateway.h"
#include "log.h"
#include "loop_sim.h"
#include "plug.h"
#include "port_slot.h"
#include "simmodem.h"
#include "simnet.h"
#include "store.h"
#include "stream_pipe.h"
#include "text.h"

enum {
    PORTS = 3,
    SPEAKS = 2,
    OURS_MS = 2000,
    BOOTS_MS = 30000,
    TRY_MS = 3000, /* one that began before the modem heard anything has its time */
    PAUSE_MS = 2000,
};

struct way {
    const char *name;
    enum usb_role role; /* of the port that speaks */
    bool by_socket;     /* the section names the socket, not the modem */
    bool fixed;         /* it names the port, which gets the same name again */
    bool quarantined;   /* pulled out while it is left alone */
};
static const struct way ways[] = {
    {.name = "a port that a rule names", .role = USB_ROLE_AT},
    {.name = "a port that spoke before"},
    {.name = "a socket", .role = USB_ROLE_AT, .by_socket = true},
    {.name = "a fixed port", .role = USB_ROLE_AT, .fixed = true},
    {.name = "left alone, a port that a rule names", .role = USB_ROLE_AT, .quarantined = true},
    {.name = "left alone, a fixed port", .role = USB_ROLE_AT, .fixed = true, .quarantined = true},
};

static struct world {
    struct loop *loop;
    struct store *store;
    struct config config;
    struct config_modem section;
    struct gateway *gateway;
    struct usb_ports ports;
    struct simnet *net;
    struct simmodem *modem;
    struct loop_timer tick;
    struct stream *wire; /* the modem's end */
    int first_tty;       /* its ports are this one and the two behind it */
    int latency_ms;      /* of the wire, each way */
    unsigned commands;
    bool dead; /* the modem: it hears nothing */
    loop_fn *watch;
    void *watch_arg;
    struct loop_task seen;
    enum link_state state;
} t;

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        fprintf(stderr, "%lld %s\n", t.loop ? (long long)loop_now_ms(t.loop) : 0, line);
}

/* --- the modem --- */

static void on_tick(void *arg)
{
    (void)arg;
    simnet_advance(t.net, loop_now_ms(t.loop));
    if (simnet_next_ms(t.net) != INT64_MAX)
        loop_timer_arm(&t.tick, simnet_next_ms(t.net));
}

static void on_output(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (t.wire)
        assert_int_equal(stream_write(t.wire, bytes, len), 0);
}

static void on_closed(void *ctx)
{
    (void)ctx;
    if (t.wire)
        stream_close(t.wire);
    t.wire = NULL;
}

static void on_opened(void *ctx)
{
    (void)ctx;
}

static void on_bytes(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        t.commands += data[i] == '\r';
    if (t.dead)
        return;
    simnet_advance(t.net, loop_now_ms(t.loop));
    simmodem_input(t.modem, data, len);
    on_tick(NULL);
}

static void on_left(void *ctx, int err)
{
    (void)err;
    on_closed(ctx);
}

static const struct simmodem_host host = {on_output, on_closed, on_opened};
static const struct stream_sink wire_sink = {.on_data = on_bytes, .on_gone = on_left};

/* --- its ports --- */

static void node_of(int interface, char out[64])
{
    snprintf(out, 64, "/dev/ttyUSB%d", t.first_tty + interface);
}

static int port_do_open(struct port *port, const struct stream_sink *sink, void *ctx,
                        struct stream **out)
{
    char node[64];
    node_of(SPEAKS, node);
    if (!simmodem_plugged(t.modem) || strcmp(port->uri, node) != 0)
        return -ENOENT;
    on_closed(NULL); /* whoever had it has closed it: the slow wire only has not said so */
    return stream_pipe_new(t.loop, t.latency_ms, sink, ctx, out, &wire_sink, NULL, &t.wire);
}

static void port_do_watch(struct port *port, loop_fn *fn, void *arg)
{
    (void)port;
    t.watch = fn;
    t.watch_arg = arg;
}

static void on_seen(void *arg)
{
    loop_fn *fn = t.watch;
    (void)arg;
    t.watch = NULL;
    if (fn)
        fn(t.watch_arg);
}

static void port_do_unwatch(struct port *port)
{
    (void)port;
    t.watch = NULL;
}

static void port_do_free(struct port *port)
{
    free(port);
}

static const struct port_ops port_ops = {.open = port_do_open,
                                         .watch = port_do_watch,
                                         .unwatch = port_do_unwatch,
                                         .free = port_do_free,
                                         .watch_new = port_do_watch};

static int make_port(void *arg, const char *uri, struct port **out, const char **why)
{
    (void)arg;
    (void)why;
    *out = calloc(1, sizeof **out);
    assert_non_null(*out);
    (*out)->ops = &port_ops;
    assert_true(text_copy((*out)->uri, sizeof(*out)->uri, uri));
    return 0;
}

/* --- what main lends to the gateway --- */

static struct link *make_link(void *arg, const struct config_modem *modem,
                              const struct link_sink *sink, void *ctx)
{
    const struct at_link_config config = {
        .name = modem->name, .keepalive_s = 60, .owns_port = true, .slot = true};
    struct port *port = port_slot_new(t.loop, make_port, NULL);
    const char *why;
    (void)arg;
    assert_non_null(port);
    if (modem->port[0])
        assert_int_equal(port_slot_attach(port, modem->port, &why), 0);
    return at_link_new(t.loop, port, &config, sink, ctx);
}

struct question {
    struct at_probe *probe;
    plug_answer_fn *fn;
    void *ctx;
};

static void on_probed(void *arg, const struct at_probe_answer *probed)
{
    struct question question = *(struct question *)arg;
    struct plug_answer answer = {.err = probed->err, .identity = *probed->identity};
    text_copy(answer.why, sizeof answer.why, probed->why);
    free(arg);
    question.fn(question.ctx, &answer);
}

static void *ask(void *arg, const char *node, plug_answer_fn *fn, void *ctx)
{
    struct question *question = calloc(1, sizeof *question);
    struct port *port;
    const char *why;
    (void)arg;
    assert_non_null(question);
    *question = (struct question){.fn = fn, .ctx = ctx};
    assert_int_equal(make_port(NULL, node, &port, &why), 0);
    question->probe = at_probe_new(t.loop, port, on_probed, question);
    return question;
}

static void forget(void *arg, void *asked)
{
    (void)arg;
    at_probe_forget(((struct question *)asked)->probe);
    free(asked);
}

static void on_settled(void *arg)
{
    (void)arg;
    plug_ports(gateway_fleet(t.gateway), t.ports.port, t.ports.count);
}

static void on_modem(void *arg, const struct modem_view *view)
{
    (void)arg;
    t.state = view->state;
}

/* --- playing --- */

static void pull(void)
{
    char node[64];
    simmodem_unplug(t.modem);
    for (int i = 0; i < PORTS; i++) {
        node_of(i, node);
        usb_ports_remove(&t.ports, node);
    }
}

static void plug(const struct way *way, int first_tty)
{
    t.first_tty = first_tty;
    for (int i = 0; i < PORTS; i++) {
        struct usb_port port = {.vendor = 0x1e0e,
                                .product = 0x9001,
                                .interface = i,
                                .bus = 1,
                                .number = first_tty,
                                .device = "/sys/1-1",
                                .usb_path = "1-1",
                                .role = USB_ROLE_DIAG};
        if (i == SPEAKS)
            port.role = way->role;
        node_of(i, port.node);
        assert_true(usb_ports_add(&t.ports, &port));
    }
    if (way->fixed && t.watch) /* what inotify tells of */
        loop_defer(&t.seen, LOOP_SOON);
}

/* False: not within an hour. */
static bool until(enum link_state state)
{
    int64_t end_ms = loop_now_ms(t.loop) + 3600000;
    loop_sim_settle(t.loop);
    while (t.state != state && loop_sim_next_ms(t.loop) <= end_ms)
        loop_sim_run_until(t.loop, loop_sim_next_ms(t.loop));
    return t.state == state;
}

static void start(const struct sim_profile *profile, const struct way *way, int latency_ms)
{
    const struct store_options options = {.boot_id = "boot"};
    const struct simmodem_config modem = {.profile = profile};
    const char *why = "";
    memset(&t, 0, sizeof t);
    t.loop = loop_sim_new(1000000, INT64_C(1795000000000));
    t.latency_ms = latency_ms;
    t.state = LINK_GONE;
    t.net = simnet_new(1);
    simnet_advance(t.net, loop_now_ms(t.loop));
    t.modem = simmodem_new(t.net, &modem, &host, NULL);
    loop_timer_init(&t.tick, t.loop, on_tick, NULL);
    loop_task_init(&t.seen, t.loop, on_seen, NULL);
    on_tick(NULL);
    assert_int_equal(store_open(t.loop, &options, &t.store, &why), 0);
    strcpy(t.config.country, "84");
    t.config.max_queued = 1000;
    t.config.retention_days = 30;
    t.config.modems = &t.section;
    t.config.modem_count = 1;
    strcpy(t.section.name, "m0");
    strcpy(t.section.driver, "at");
    if (way->fixed)
        node_of(SPEAKS, t.section.port);
    else if (way->by_socket)
        strcpy(t.section.usb_path, "1-1");
    else
        strcpy(t.section.iccid, simmodem_iccid(t.modem));
    t.gateway = gateway_new(t.loop, t.store, &t.config, make_link, NULL);
    assert_non_null(t.gateway);
    gateway_on_modem(t.gateway, on_modem, NULL);
    plug_asker(gateway_fleet(t.gateway), &(struct plug_asker){ask, forget, NULL});
    usb_ports_init(&t.ports, t.loop, on_settled, NULL);
}

static void stop(void)
{
    usb_ports_stop(&t.ports);
    gateway_free(t.gateway);
    store_close(t.store);
    on_closed(NULL);
    loop_task_cancel(&t.seen);
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 1000); /* the wire runs dry */
    loop_timer_cancel(&t.tick);
    simmodem_free(t.modem);
    simnet_free(t.net);
    loop_free(t.loop);
}

static void replug(const struct sim_profile *profile, const struct way *way, int latency_ms)
{
    start(profile, way, latency_ms);
    plug(way, 0);
    assert_true(until(LINK_READY));
    for (int again = 1; again <= 3; again++) {
        loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 5000 + 137 * again);
        t.dead = way->quarantined;
        if (way->quarantined)
            assert_true(until(LINK_QUARANTINED));
        pull();
        loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 5000);
        assert_int_equal(t.state, way->quarantined ? LINK_QUARANTINED : LINK_GONE);
        t.dead = false;
        int64_t from_ms = loop_now_ms(t.loop);
        t.commands = 0;
        simmodem_replug(t.modem);
        on_tick(NULL);
        plug(way, way->fixed ? 0 : 4 * again);
        assert_true(until(LINK_READY));
        int64_t took_ms = loop_now_ms(t.loop) - from_ms;
        int64_t own_ms = 2LL * latency_ms * t.commands;
        if (getenv("AT_LOG") || took_ms > own_ms + OURS_MS)
            print_message("%s, %s, %d ms: took %lld ms, %lld of them for %u commands\n",
                          profile->name, way->name, latency_ms, (long long)took_ms,
                          (long long)own_ms, t.commands);
        assert_true(took_ms <= own_ms + OURS_MS);
        if (!way->fixed)
            assert_true(took_ms >= USB_PORTS_SETTLE_MS); /* and no sooner: a burst settles */
    }
    stop();
}

static void ready_two_seconds_behind_the_modems_own(void **state)
{
    (void)state;
    for (size_t p = 0; p < sim_profile_count; p++)
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
            for (int latency_ms = 0; latency_ms <= 50; latency_ms += 50)
                replug(&sim_profiles[p], &ways[w], latency_ms);
}

/* Its ports are there, and nobody behind them hears anything yet. */
static void ready_soon_behind_a_slow_boot(void **state)
{
    int64_t worst_ms = 0;
    (void)state;
    for (size_t w = 0; w < 2; w++)
        for (int64_t boots_ms = 1700; boots_ms <= BOOTS_MS; boots_ms += 700) {
            start(&sim_profiles[0], &ways[w], 0);
            t.dead = true;
            plug(&ways[w], 0);
            loop_sim_run_until(t.loop, loop_now_ms(t.loop) + boots_ms);
            t.dead = false;
            int64_t from_ms = loop_now_ms(t.loop);
            assert_true(until(LINK_READY));
            int64_t took_ms = loop_now_ms(t.loop) - from_ms;
            if (getenv("AT_LOG"))
                print_message("%s: %lld ms behind %lld\n", ways[w].name, (long long)took_ms,
                              (long long)boots_ms);
            if (took_ms > worst_ms)
                worst_ms = took_ms;
            stop();
        }
    assert_in_range(worst_ms, 0, TRY_MS + PAUSE_MS + AT_CHAT_SETTLE_MS);
}

/* Somebody's hand, or a supply that is too weak, while it is left alone. */
static void plug_again(const struct way *way, int first_tty)
{
    t.dead = true;
    assert_true(until(LINK_QUARANTINED));
    pull();
    simmodem_replug(t.modem);
    on_tick(NULL);
    plug(way, first_tty);
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + OURS_MS);
}

/* After the third time that was no help it is left alone to the end. */
static void plugged_in_again_and_again_it_rests(void **state)
{
    const struct way *way = &ways[2]; /* no other is plugged in without an answer */
    (void)state;
    start(&sim_profiles[0], way, 0);
    plug(way, 0);
    assert_true(until(LINK_READY));
    for (int again = 1; again <= 3; again++) {
        plug_again(way, 4 * again);
        assert_int_not_equal(t.state, LINK_QUARANTINED);
    }
    plug_again(way, 16);
    assert_int_equal(t.state, LINK_QUARANTINED);
    t.dead = false;
    assert_true(until(LINK_READY)); /* where it is now */
    plug_again(way, 20);
    assert_int_not_equal(t.state, LINK_QUARANTINED);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_two_seconds_behind_the_modems_own),
        cmocka_unit_test(ready_soon_behind_a_slow_boot),
        cmocka_unit_test(plugged_in_again_and_again_it_rests),
    };
    log_sink_set(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
