/* contract_at: the fixtures of the AT driver: a pty, TCP, and the serial path through libserialport
 * on a simulated stick (`stick run ROOT contract_at serial`). */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "at_link.h"
#include "port.h"

enum { KEEPALIVE_S = 10, SKIPPED = 77 };
static const char node[] = "ttyUSB96"; /* a name that no machine has */

static struct link *make_at(struct rig *rig, const char *uri, const struct link_sink *sink,
                            void *ctx)
{
    const struct at_link_config config = {
        .name = rig->fixture->name, .keepalive_s = KEEPALIVE_S, .owns_port = true};
    struct port *port = NULL;
    const char *why = NULL;
    assert_int_equal(port_new(rig->loop, uri, &port, &why), 0);
    return at_link_new(rig->loop, port, &config, sink, ctx);
}

static bool plugged(struct rig *rig)
{
    rig_sim(rig, "stats", "%s", "");
    return strstr(rig->reply, "\"plugged\":true") || strstr(rig->reply, "\"plugged\": true");
}

static void sim_plug(struct rig *rig)
{
    if (!plugged(rig))
        rig_sim(rig, "replug", "%s", "");
}

static void sim_pull(struct rig *rig)
{
    if (plugged(rig))
        rig_sim(rig, "unplug", "%s", "");
}

/* --- pty --- */

static struct link *make_pty(struct rig *rig, const struct link_sink *sink, void *ctx)
{
    char uri[96];
    snprintf(uri, sizeof uri, "%s/modem0", rig->dir);
    return make_at(rig, uri, sink, ctx);
}

/* --- TCP --- */

static struct link *make_tcp(struct rig *rig, const struct link_sink *sink, void *ctx)
{
    char uri[64];
    snprintf(uri, sizeof uri, "tcp://127.0.0.1:%d", rig->fixture->tcp_port);
    return make_at(rig, uri, sink, ctx);
}

/* --- serial --- */

static void stick(const char *verb, const char *args)
{
    char command[512];
    snprintf(command, sizeof command, STICK " %s '%s' %s %s", verb, getenv("UMOCKDEV_DIR"), node,
             args);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own script */
}

static bool node_is_there(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/dev/%s", getenv("UMOCKDEV_DIR"), node);
    struct stat st;
    return lstat(path, &st) == 0; /* a link, that may lead nowhere */
}

/* The line is dead first, then the node goes. */
static void serial_pull(struct rig *rig)
{
    sim_pull(rig);
    if (node_is_there())
        stick("unplug", "");
}

static void serial_plug(struct rig *rig)
{
    char link[96], pty[64];
    sim_plug(rig);
    snprintf(link, sizeof link, "%s/modem0", rig->dir);
    ssize_t len = readlink(link, pty, sizeof pty - 1);
    assert_true(len > 0);
    pty[len] = '\0';
    if (node_is_there())
        stick("unplug", "");
    stick("plug", pty);
}

static struct link *make_serial(struct rig *rig, const struct link_sink *sink, void *ctx)
{
    char uri[64];
    snprintf(uri, sizeof uri, "/dev/%s", node);
    return make_at(rig, uri, sink, ctx);
}

/* A port of this user's own; ports over the ephemeral range's end are seldom taken. */
static struct contract_fixture fixtures[] = {
    {.name = "pty", .plug = sim_plug, .pull = sim_pull, .make = make_pty},
    {.name = "tcp", .tcp_port = 61100, .plug = sim_plug, .pull = sim_pull, .make = make_tcp},
    {.name = "serial", .plug = serial_plug, .pull = serial_pull, .make = make_serial},
};

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "pty";
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        struct contract_fixture *fixture = &fixtures[i];
        if (strcmp(fixture->name, wanted) != 0)
            continue;
        if (fixture->make == make_serial && !getenv("UMOCKDEV_DIR")) {
            puts("skipped: this one runs inside `stick run`");
            return SKIPPED;
        }
        if (fixture->tcp_port)
            fixture->tcp_port += (int)(getpid() % 4000);
        return contract_run(fixture);
    }
    fprintf(stderr, "usage: contract_at pty|tcp|serial\n");
    return 2;
}
