#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "vfs_shim.h"
#include "world.h"

static const char *const breaches[] = {"none", "late",   "twice", "lost",  "order",
                                       "full", "missed", "log",   "stuck", "report"};

static void usage(void)
{
    puts("usage: world_play [--seed N | --first N --seeds COUNT] [--minutes N] [--modems N]\n"
         "             [--latency MS] [--tick MS] [--air MS] [--fault MS] [--look MS] [--fleet] "
         "[--part N/M] [--most N]\n"
         "             [--profile NAME] [--least N]\n"
         "             [--no-faults] [--no-crashes] [--breach NAME] [--trace]");
}

static void remove_state(const char *dir)
{
    static const char *const files[] = {
        "otpgate.db",  "otpgate.db-wal", "otpgate.db-shm", "reserve",  "lock",
        "incarnation", "keys/body",      "keys/index",     "keys/otp", "keys"};
    char path[300];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        if (unlink(path) < 0)
            rmdir(path);
    }
}

/* The way to play it again, to the byte: every wish that is not a default, by name. */
static void print_failed(const struct world_options *options)
{
    printf(
        "FAILED: world_play --seed %llu --minutes %d --modems %d --latency %d --tick %d --air %d "
        "--fault %d --look %d%s%s%s%s%s\n",
        (unsigned long long)options->seed, options->minutes, options->modems, options->latency_ms,
        options->tick_ms, options->air_ms, options->fault_ms, options->look_ms,
        options->fleet ? " --fleet" : "", options->faults ? "" : " --no-faults",
        options->crashes ? "" : " --no-crashes", options->breach == BREACH_NONE ? "" : " --breach ",
        options->breach == BREACH_NONE ? "" : breaches[options->breach]);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'},   {"first", required_argument, NULL, 'f'},
        {"seeds", required_argument, NULL, 'n'},  {"minutes", required_argument, NULL, 'm'},
        {"modems", required_argument, NULL, 'M'}, {"latency", required_argument, NULL, 'l'},
        {"tick", required_argument, NULL, 'T'},   {"air", required_argument, NULL, 'a'},
        {"fault", required_argument, NULL, 'u'},  {"look", required_argument, NULL, 'k'},
        {"no-faults", no_argument, NULL, 'F'},    {"fleet", no_argument, NULL, 'L'},
        {"part", required_argument, NULL, 'p'},   {"most", required_argument, NULL, 'x'},
        {"no-crashes", no_argument, NULL, 'C'},   {"breach", required_argument, NULL, 'b'},
        {"trace", no_argument, NULL, 't'},        {"profile", required_argument, NULL, 'P'},
        {"least", required_argument, NULL, 'e'},  {NULL, 0, NULL, 0},
    };
    struct world_options options = {.minutes = 10,
                                    .modems = 3,
                                    .latency_ms = 2500,
                                    .tick_ms = 3000,
                                    .air_ms = 5000,
                                    .fault_ms = 8000,
                                    .look_ms = 500,
                                    .faults = true,
                                    .crashes = true};
    unsigned long long first = 1, seeds = 1, failed = 0, part = 1, parts = 1, most = 0;
    char dir[] = "/dev/shm/otpgate-world-XXXXXX";
    int at;

    while ((at = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (at) {
        case 's':
        case 'f':
            first = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            seeds = strtoull(optarg, NULL, 10);
            break;
        case 'm':
            options.minutes = atoi(optarg);
            break;
        case 'M':
            options.modems = atoi(optarg);
            break;
        case 'l':
            options.latency_ms = atoi(optarg);
            break;
        case 'T':
            options.tick_ms = atoi(optarg);
            break;
        case 'a':
            options.air_ms = atoi(optarg);
            break;
        case 'u':
            options.fault_ms = atoi(optarg);
            break;
        case 'k':
            options.look_ms = atoi(optarg);
            break;
        case 'p':
            if (sscanf(optarg, "%llu/%llu", &part, &parts) != 2 || part < 1 || part > parts) {
                usage();
                return 2;
            }
            break;
        case 'x':
            most = strtoull(optarg, NULL, 10);
            break;
        case 'L':
            options.fleet = true;
            break;
        case 'F':
            options.faults = false;
            break;
        case 'C':
            options.crashes = false;
            break;
        case 'b':
            for (unsigned i = 0; i < sizeof breaches / sizeof *breaches; i++)
                if (strcmp(optarg, breaches[i]) == 0)
                    options.breach = (enum breach)i;
            break;
        case 'P':
            options.profile = sim_profile_find(optarg);
            break;
        case 'e':
            options.least = (unsigned)atoi(optarg);
            break;
        case 't':
            options.trace = true;
            break;
        default:
            usage();
            return 2;
        }
    }
    if (options.modems < 1 || options.modems > WORLD_MODEMS || !mkdtemp(dir)) {
        usage();
        return 2;
    }
    options.dir = dir;
    if (vfs_shim_install() < 0)
        return 2;
    if (seeds == 0) { /* as many as the run asks for */
        const char *wanted = getenv("OTPGATE_SEEDS");
        seeds = wanted ? strtoull(wanted, NULL, 10) : 200;
        seeds = most && most < seeds ? most : seeds;
    }
    for (unsigned long long seed = first; seed < first + seeds; seed++) {
        if (seed % parts != part % parts)
            continue;
        options.seed = seed;
        vfs_shim_alone();
        if (world_play(&options) > 0) {
            print_failed(&options);
            failed++;
        }
        remove_state(dir);
    }
    rmdir(dir);
    printf("%llu seeds, %llu failed\n", seeds, failed);
    return failed > 0;
}
