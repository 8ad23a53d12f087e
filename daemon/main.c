/* otpgated: puts the rooms together, listens to signals, and takes them apart in the right order.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include "config.h"
#include "front.h"
#include "gateway.h"
#include "links.h"
#include "log.h"
#include "log_limit.h"
#include "loop_event.h"
#include "offload.h"
#include "plugging.h"
#include "server.h"
#include "store.h"
#include "subscriber_rules.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78 /* EX_CONFIG of sysexits.h */ };
/* For the last ports to be let go of; a control transfer that hangs would take 5 s. */
enum { SETTLE_MS = 2000 };

struct daemon {
    const char *config_path;
    struct config *config;
    struct subscriber_rules *rules; /* until the front has them */
    struct loop *loop;
    struct store *store;
    struct links links; /* the gateway's modems are made by it */
    struct gateway *gateway;
    struct plugging *plugging;
    struct front *front;
    struct server *server;
    int terms; /* SIGTERMs heard */
};

struct options {
    const char *config_path;
    bool check, help_config, help_roff, new_keys;
};

static void usage(FILE *out)
{
    fputs(
        "usage: otpgated [--config FILE] [--check | --help-config | --new-keys | --version]\n"
        "\n"
        "  --config FILE   default /etc/otpgate/otpgate.conf, with conf.d/*.conf beside it\n"
        "  --check         read the configuration, say all that is wrong with it, and end\n"
        "  --help-config   every key with its meaning, default and range\n"
        "  --new-keys      make new keys where they are lost; messages that can no longer be read\n"
        "                  fail aloud\n"
        "  --version\n"
        "\n"
        "SIGHUP reads the configuration anew; SIGTERM ends when what has left is answered for,\n"
        "a second SIGTERM at once.\n",
        out);
}

/* 0 go on, else the exit code + 1. */
static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"help-config", no_argument, NULL, 'H'},  {"man-config", no_argument, NULL, 'R'},
        {"new-keys", no_argument, NULL, 'n'},     {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int at;

    options->config_path = "/etc/otpgate/otpgate.conf";
    while ((at = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
        switch (at) {
        case 'c':
            options->config_path = optarg;
            break;
        case 'k':
            options->check = true;
            break;
        case 'H':
            options->help_config = true;
            break;
        case 'R':
            options->help_roff = true;
            break;
        case 'n':
            options->new_keys = true;
            break;
        case 'v':
            puts("otpgated " OTPGATE_VERSION);
            return EXIT_SUCCESS + 1;
        case 'h':
            usage(stdout);
            return EXIT_SUCCESS + 1;
        default:
            usage(stderr);
            return EXIT_USAGE + 1;
        }
    }
    if (optind < argc) {
        usage(stderr);
        return EXIT_USAGE + 1;
    }
    return 0;
}

static void print_mistakes(const struct config_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        fprintf(stderr, "%s\n", mistakes->line[i]);
}

static void log_mistakes(const struct config_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        log_event(LOG_LEVEL_ERROR, "config", "-", "mistake", "%s", mistakes->line[i]);
}

/* Nothing of this process may end in a file by accident: no core, no ptrace by the same uid. */
static void seal_process(void)
{
    const struct rlimit none = {0, 0};

    umask(0077);
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        log_event(LOG_LEVEL_WARNING, "main", "-", "cores_not_forbidden", "errno=%d", errno);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit of file size is a full disk, no end */
}

static void on_stopped(void *arg)
{
    struct daemon *daemon = arg;

    loop_stop(daemon->loop);
}

static void on_term(void *arg)
{
    struct daemon *daemon = arg;

    if (daemon->terms++ > 0) {
        log_event(LOG_LEVEL_WARNING, "main", "-", "stop_now", "%s", "");
        loop_stop(daemon->loop);
        return;
    }
    log_event(LOG_LEVEL_NOTICE, "main", "-", "stopping", "%s", "");
    sd_notify(0, "STOPPING=1");
    front_shutdown(daemon->front);
    gateway_shutdown(daemon->gateway, on_stopped, daemon);
}

/* NULL: it has been logged why. */
static struct subscriber_rules *load_rules(const struct config *config)
{
    struct subscriber_rules *rules;
    char why[300];

    if (subscriber_rules_load(config->subscriber_rules, &rules, why, sizeof why) < 0)
        log_event(LOG_LEVEL_ERROR, "config", "-", "mistake", "%s", why);
    return rules;
}

static void take_over(struct daemon *daemon, struct config *config)
{
    const char *fixed[16];
    size_t count = config_fixed_differences(daemon->config, config, fixed, 16);

    if (count > 0) {
        for (size_t i = 0; i < count && i < 16; i++)
            log_event(LOG_LEVEL_ERROR, "config", "-", "needs_restart", "key=%s", fixed[i]);
        log_event(LOG_LEVEL_ERROR, "config", "-", "reload_refused", "%s", "nothing changed");
        config_free(config);
        return;
    }
    struct subscriber_rules *rules = load_rules(config);
    if (!rules) {
        log_event(LOG_LEVEL_ERROR, "config", "-", "reload_refused", "%s", "nothing changed");
        config_free(config);
        return;
    }
    struct config *former = daemon->config;
    daemon->config = config;
    daemon->links.keepalive_s = config->keepalive_s;
    log_level_set((enum log_level)config->log_level);
    gateway_reload(daemon->gateway, config);
    front_reload(daemon->front, config);
    front_subscriber_rules(daemon->front, rules);
    config_free(former);
    log_event(LOG_LEVEL_NOTICE, "config", "-", "reloaded", "modems=%zu", config->modem_count);
}

static void on_hup(void *arg)
{
    struct daemon *daemon = arg;
    struct config_mistakes mistakes = {0};
    struct config *config = NULL;

    if (daemon->terms > 0)
        return;
    if (config_load(daemon->config_path, &config, &mistakes) < 0) {
        log_mistakes(&mistakes);
        log_event(LOG_LEVEL_ERROR, "config", "-", "reload_refused", "mistakes=%zu nothing changed",
                  mistakes.count);
    } else {
        take_over(daemon, config);
    }
    config_mistakes_free(&mistakes);
}

static int fail(const char *what, const char *why, int rc)
{
    fprintf(stderr, "otpgated: %s: %s (%s)\n", what, why, strerror(-rc));
    return rc;
}

/* systemd's RuntimeDirectory= (the first, where there are several), else where the socket is. */
static const char *runtime_dir_of(const struct config *config, char *out, size_t room)
{
    const char *given = getenv("RUNTIME_DIRECTORY");

    snprintf(out, room, "%s", given && given[0] ? given : config->socket);
    char *end = given && given[0] ? strchr(out, ':') : strrchr(out, '/');
    if (end)
        *(end == out ? end + 1 : end) = '\0';
    return out;
}

static int start(struct daemon *daemon, bool new_keys)
{
    char runtime_dir[sizeof daemon->config->socket];
    const struct store_options store = {
        .state_dir = daemon->config->state_dir,
        .new_keys = new_keys,
        .runtime_dir = runtime_dir_of(daemon->config, runtime_dir, sizeof runtime_dir),
        .ephemeral = daemon->config->body_key == BODY_KEY_EPHEMERAL,
    };
    const char *why = "";
    int rc;

    daemon->loop = loop_event_new();
    if (!daemon->loop)
        return fail("event loop", "cannot be made", -errno);
    log_limit_set(daemon->loop);
    rc = store_open(daemon->loop, &store, &daemon->store, &why);
    if (rc < 0)
        return fail(daemon->config->state_dir, why, rc);
    daemon->links = (struct links){daemon->loop, daemon->config->keepalive_s};
    daemon->gateway =
        gateway_new(daemon->loop, daemon->store, daemon->config, links_make, &daemon->links);
    if (!daemon->gateway)
        return fail("gateway", "out of memory", -ENOMEM);
    daemon->plugging = plugging_new(daemon->loop, daemon->gateway);
    if (!daemon->plugging)
        return fail("hotplug", "out of memory", -ENOMEM);
    daemon->front = front_new(daemon->loop, daemon->store, daemon->gateway, daemon->config);
    if (!daemon->front)
        return fail("front", "out of memory", -ENOMEM);
    front_subscriber_rules(daemon->front, daemon->rules);
    daemon->rules = NULL;
    rc = server_new(daemon->loop, daemon->front, daemon->config, &daemon->server, &why);
    if (rc < 0)
        return fail(daemon->config->socket, why, rc);
    if ((rc = loop_signal(daemon->loop, SIGTERM, on_term, daemon)) < 0 ||
        (rc = loop_signal(daemon->loop, SIGINT, on_term, daemon)) < 0 ||
        (rc = loop_signal(daemon->loop, SIGHUP, on_hup, daemon)) < 0)
        return fail("signals", "cannot be watched", rc);
    return 0;
}

static void stop(struct daemon *daemon)
{
    if (daemon->server)
        server_free(daemon->server);
    if (daemon->front)
        front_free(daemon->front);
    if (daemon->gateway)
        gateway_free(daemon->gateway); /* its questions to ports end here */
    plugging_free(daemon->plugging);
    if (daemon->store)
        store_close(daemon->store);
    if (!offload_settle(SETTLE_MS))
        log_event(LOG_LEVEL_WARNING, "main", "-", "port_hangs", "%s",
                  "the end of this process may wait for the kernel to let go of it");
    log_limit_set(NULL);
    if (daemon->loop)
        loop_free(daemon->loop);
    subscriber_rules_free(daemon->rules);
    config_free(daemon->config);
}

/* subscriber.ini belongs to the configuration: a mistake in it is one of it. */
static bool read_rules(struct daemon *daemon)
{
    char why[300];

    if (subscriber_rules_load(daemon->config->subscriber_rules, &daemon->rules, why, sizeof why) ==
        0)
        return true;
    fprintf(stderr, "%s\n", why);
    config_free(daemon->config);
    return false;
}

/* Not a mistake: the default may be what is missing, and messages leave all the same. */
static void warn_of_zone(const struct config *config)
{
    if (!config_zone_is_here(config->timezone))
        log_event(LOG_LEVEL_WARNING, "main", "-", "timezone_unknown",
                  "timezone=%s why=\"not known here (tzdata): days are those of UTC\"",
                  config->timezone);
}

static int run(const struct options *options)
{
    struct daemon daemon = {.config_path = options->config_path};
    struct config_mistakes mistakes = {0};

    if (config_load(options->config_path, &daemon.config, &mistakes) < 0) {
        print_mistakes(&mistakes);
        config_mistakes_free(&mistakes);
        return EXIT_CONFIG;
    }
    config_mistakes_free(&mistakes);
    if (!read_rules(&daemon))
        return EXIT_CONFIG;
    warn_of_zone(daemon.config);
    if (options->check) {
        printf("%s: fine, %zu modems\n", options->config_path, daemon.config->modem_count);
        subscriber_rules_free(daemon.rules);
        config_free(daemon.config);
        return EXIT_SUCCESS;
    }
    log_level_set((enum log_level)daemon.config->log_level);
    setenv("TZ", daemon.config->timezone, 1); /* budgets count days of the gateway's zone */
    tzset();
    seal_process();

    int rc = start(&daemon, options->new_keys);
    if (rc == 0) {
        log_event(LOG_LEVEL_NOTICE, "main", "-", "ready", "version=%s socket=%s modems=%zu",
                  OTPGATE_VERSION, daemon.config->socket, daemon.config->modem_count);
        sd_notify(0, "READY=1");
        rc = loop_run(daemon.loop);
        log_event(LOG_LEVEL_NOTICE, "main", "-", "stopped", "%s", "");
    }
    stop(&daemon);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int code = parse_options(argc, argv, &options);

    if (code)
        return code - 1;
    if (options.help_config || options.help_roff) {
        config_help(stdout, options.help_roff);
        return EXIT_SUCCESS;
    }
    return run(&options);
}
