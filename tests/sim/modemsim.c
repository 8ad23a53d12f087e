/* otpgate-modemsim: simulated GSM modems for those who have none: developers of portals, and this
 * project's own tests. Each modem is a pty (or a TCP port) that speaks AT commands; behind them is
 * a simulated network with handsets. Nothing ever leaves this machine. */
#include "modemsim_control.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct options {
    int modems;
    const char *dir, *log, *control, *replay;
    int tcp_port; /* 0: ptys */
    int64_t latency_ms, jitter_ms, report_ms;
    const struct sim_profile *profile[16];
    int profiles;
    const char *carrier[16];
    int carriers;
    bool registry;
    uint64_t seed;
};

static struct {
    struct simnet *net;
    struct sim_registry *registry;
    struct modemsim_log log;
    struct modemsim_control control;
    struct modemsim_port *port;
    struct modemsim_watch signals;
    struct sim_timer leaving;
} sim;

static void help(void)
{
    printf(
        "otpgate-modemsim: simulated GSM modems on a simulated network\n\n"
        "  otpgate-modemsim [--modems N] [--dir DIR | --tcp PORT] [options]\n\n"
        "  --modems N          how many (default 1)\n"
        "  --dir DIR           ptys, with the links DIR/modem0, DIR/modem1, ... (default .)\n"
        "  --tcp PORT          modem i listens on 127.0.0.1:PORT+i instead\n"
        "  --profile A[,B...]  makes of modem, in turn (default generic):\n                     ");
    for (size_t i = 0; i < sim_profile_count; i++)
        printf(" %s", sim_profiles[i].name);
    printf("\n"
           "  --carriers A[,B...] whose SIMs, in turn (default viettel,vinaphone,mobifone):\n"
           "                     ");
    for (size_t i = 0; i < sim_carrier_count; i++)
        printf(" %s", sim_carriers[i].name);
    printf(
        "\n"
        "  --registry on|off   whether 1414 answers TTTB with a SYNTHETIC record, and USSD tells "
        "a\n"
        "                      credit, before the control socket says how (default on)\n"
        "  --latency MS        network time of a submit (default 2500)\n"
        "  --jitter MS         up to so much more (default 0)\n"
        "  --report MS         from acceptance to the status report (default 5000)\n"
        "  --log FILE          what truly happens, a JSON object a line\n"
        "  --control SOCKET    JSON-RPC 2.0, one object a line\n"
        "  --seed N            of all that is random (default 1)\n"
        "  --replay FILE       play a trace (otpgatectl trace) as the first modem; what it does "
        "not\n"
        "                      hold the simulated modem answers\n"
        "  --help\n\n"
        "Prints \"ready\" when every port is there. Ends on SIGTERM, SIGINT or SIGHUP and removes\n"
        "its links and its socket. The SIM's PIN, where one is asked for, is 1234.\n\n"
        "Methods of the control socket (modem: 0, 1, ...; default 0):\n");
    for (size_t i = 0; i < modemsim_verb_count; i++)
        printf("  %-16s %s\n", modemsim_verbs[i].name, modemsim_verbs[i].help);
    printf("\nEvents:");
    for (int i = 0; i < SIM_EVENTS; i++)
        printf(" %s", sim_event_name((enum sim_event_kind)i));
    printf("\n\nExample: what the phone of 0912 345 678 shows\n"
           "  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"handset.list\","
           "\"params\":{\"number\":\"0912345678\"}}' | socat - UNIX-CONNECT:SOCKET\n");
}

static int fail(const char *what, const char *which)
{
    fprintf(stderr, "otpgate-modemsim: %s%s%s\n", what, *which ? ": " : "", which);
    return 2;
}

static bool number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return !errno && end != text && !*end && *out >= low && *out <= high;
}

static bool take_profiles(struct options *options, char *list)
{
    char *rest = NULL;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        const struct sim_profile *profile = sim_profile_find(name);
        if (!profile || options->profiles == 16)
            return false;
        options->profile[options->profiles++] = profile;
    }
    return options->profiles > 0;
}

static bool take_carriers(struct options *options, char *list)
{
    char *rest = NULL;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (!sim_carrier_find(name) || options->carriers == 16)
            return false;
        options->carrier[options->carriers++] = name;
    }
    return options->carriers > 0;
}

/* 0: go on, 1: done (help), 2: wrong */
static int take_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"modems", 1, 0, 'm'},   {"dir", 1, 0, 'd'},      {"tcp", 1, 0, 't'},
        {"latency", 1, 0, 'l'},  {"jitter", 1, 0, 'j'},   {"report", 1, 0, 'r'},
        {"profile", 1, 0, 'p'},  {"log", 1, 0, 'o'},      {"control", 1, 0, 'c'},
        {"seed", 1, 0, 's'},     {"replay", 1, 0, 'y'},   {"help", 0, 0, 'h'},
        {"carriers", 1, 0, 'a'}, {"registry", 1, 0, 'g'}, {0, 0, 0, 0},
    };
    int64_t value = 0;
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        bool good = true;
        switch (c) {
        case 'm':
            good = number(optarg, 1, MODEMSIM_MODEMS, &value);
            options->modems = (int)value;
            break;
        case 'd':
            options->dir = optarg;
            break;
        case 't':
            good = number(optarg, 1, 65535, &value);
            options->tcp_port = (int)value;
            break;
        case 'l':
            good = number(optarg, 0, 3600000, &options->latency_ms);
            break;
        case 'j':
            good = number(optarg, 0, 3600000, &options->jitter_ms);
            break;
        case 'r':
            good = number(optarg, 0, 864000000, &options->report_ms);
            break;
        case 'p':
            good = take_profiles(options, optarg);
            break;
        case 'o':
            options->log = optarg;
            break;
        case 'c':
            options->control = optarg;
            break;
        case 's':
            good = number(optarg, 0, INT64_MAX, &value);
            options->seed = (uint64_t)value;
            break;
        case 'a':
            good = take_carriers(options, optarg);
            break;
        case 'g':
            options->registry = !strcmp(optarg, "on");
            good = options->registry || !strcmp(optarg, "off");
            break;
        case 'y':
            options->replay = optarg;
            break;
        case 'h':
            help();
            return 1;
        default:
            return fail("--help tells the options", "");
        }
        if (!good)
            return fail("wrong value", optarg);
    }
    if (optind < argc)
        return fail("what is this", argv[optind]);
    if (options->tcp_port && options->tcp_port + options->modems > 65536)
        return fail("too many TCP ports", "");
    return 0;
}

/* Ports are closed only when the host has read what was said. */
static void leave_tick(void *arg)
{
    (void)arg;
    bool draining = false;
    for (int i = 0; i < sim.control.ports; i++)
        draining |= sim.port[i].draining;
    if (!draining)
        modemsim_loop_stop();
    else
        sim_timer_arm(&sim.leaving, simnet_now_ms(sim.net) + 5);
}

static void signalled(void *arg, unsigned events)
{
    struct signalfd_siginfo info;
    (void)arg, (void)events;
    if (read(sim.signals.fd, &info, sizeof info) < 0)
        return;
    for (int i = 0; i < sim.control.ports; i++)
        simmodem_unplug(sim.port[i].modem);
    if (!sim.leaving.slot)
        leave_tick(NULL);
}

static bool watch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return false;
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    sim.signals = (struct modemsim_watch){-1, signalled, NULL};
    sim_timer_init(&sim.leaving, simnet_clock(sim.net), leave_tick, NULL);
    return fd >= 0 && modemsim_watch_add(&sim.signals, fd, EPOLLIN);
}

static void wall_now(void)
{
    struct timespec now;
    if (!clock_gettime(CLOCK_REALTIME, &now))
        simnet_wall_set(sim.net, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static int start(const struct options *options)
{
    sim.net = simnet_new(options->seed);
    simnet_timing(sim.net)->latency_ms = options->latency_ms;
    simnet_timing(sim.net)->jitter_ms = options->jitter_ms;
    simnet_timing(sim.net)->report_ms = options->report_ms;
    simnet_advance(sim.net, modemsim_now_ns() / 1000000);
    wall_now();
    sim.port = sim_alloc((size_t)options->modems * sizeof *sim.port);
    if (!modemsim_loop_init(sim.net) || !watch_signals())
        return fail("start", strerror(errno));
    if (!modemsim_log_start(&sim.log, sim.net, options->log, options->control != NULL))
        return fail(options->log ? options->log : "log", strerror(errno));
    assert(options->dir);
    if (!options->tcp_port && mkdir(options->dir, 0777) && errno != EEXIST)
        return fail(options->dir, strerror(errno));
    sim.registry = sim_registry_new(sim.net, options->registry);
    sim.control = (struct modemsim_control){.net = sim.net,
                                            .registry = sim.registry,
                                            .log = &sim.log,
                                            .port = sim.port,
                                            .path = options->control,
                                            .accept.fd = -1};
    for (int i = 0; i < options->modems; i++) {
        const struct simmodem_config config = {
            .profile =
                options->profiles ? options->profile[i % options->profiles] : &sim_profiles[0],
            .index = i,
            .carrier = options->carriers ? options->carrier[i % options->carriers] : NULL,
        };
        sim.control.ports++;
        if (!modemsim_port_start(&sim.port[i], sim.net, &config,
                                 options->tcp_port ? NULL : options->dir, options->tcp_port + i))
            return fail(sim.port[i].link, strerror(errno));
    }
    if (options->replay && !modemsim_port_play(&sim.port[0], options->replay))
        return fail(options->replay, "no trace (SECONDS.NANOSECONDS <, > or =, text)");
    if (options->control && !modemsim_control_start(&sim.control))
        return fail(options->control, strerror(errno));
    return 0;
}

static void stop(void)
{
    for (int i = 0; i < sim.control.ports; i++)
        modemsim_port_stop(&sim.port[i]);
    if (sim.control.accept.fd >= 0)
        modemsim_control_stop(&sim.control);
    if (sim.registry)
        sim_registry_free(sim.registry);
    modemsim_log_stop(&sim.log);
    sim_timer_cancel(&sim.leaving);
    simnet_free(sim.net);
    free(sim.port);
    if (sim.signals.fd >= 0)
        close(sim.signals.fd);
    modemsim_loop_free();
}

int main(int argc, char **argv)
{
    struct options options = {.modems = 1,
                              .dir = ".",
                              .latency_ms = 2500,
                              .report_ms = 5000,
                              .seed = 1,
                              .registry = true};
    int status = take_options(argc, argv, &options);
    if (status)
        return status == 1 ? 0 : status;
    status = start(&options);
    if (!status) {
        printf("ready\n");
        fflush(stdout);
        if (!modemsim_loop_run())
            status = fail("epoll", strerror(errno));
    }
    stop();
    return status;
}
