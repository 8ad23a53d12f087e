#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "vfs_shim.h"

static const int64_t WALL_MS = INT64_C(1795000000000);
enum {
    START_MS = 1000000,
    DRAIN_MS =
        2 * 3600 * 1000, /* the longest lifetime a client asks for, and the hour for its report */
};

uint64_t world_random(struct world *world, uint64_t below)
{
    /* SplitMix64 */
    uint64_t z = (world->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below ? z % below : 0;
}

bool world_chance(struct world *world, unsigned percent)
{
    return world_random(world, 100) < percent;
}

static void on_net(void *arg)
{
    struct world *world = arg;

    simnet_advance(world->net, loop_now_ms(world->loop));
    world_net_moved(world);
}

static void log_nowhere(void *arg, enum log_level level, const char *line)
{
    const struct world *world = arg;

    if (level <= LOG_LEVEL_INFO && world->oracle)
        oracle_logged(world->oracle);
    if (world->options.trace)
        printf("%9lld    %s\n", world->loop ? (long long)loop_now_ms(world->loop) : 0, line);
}

static void configure(struct world *world)
{
    struct config *config = &world->config;

    strcpy(config->country, "84");
    config->evidence_wait_s = 5;
    config->retention_days = 30;
    config->keepalive_s = 60;
    config->max_connections = config->max_connections_total = 100;
    config->max_in_flight = 32;
    config->max_line_bytes = 65536;
    config->max_unsent_kb = 1024;
    config->max_queued = 1000000;
    config->modems = world->section;
    config->modem_count = (size_t)world->options.modems;
    for (int i = 0; i < world->options.modems; i++) {
        snprintf(world->section[i].name, sizeof world->section[i].name, "m%d", i);
        snprintf(world->section[i].port, sizeof world->section[i].port, "sim%d", i);
        strcpy(world->section[i].driver, "at");
        world->section[i].min_interval_ms = world_chance(world, 70) ? 0 : 1000;
    }
}

/* --- the gateway comes and goes
 * ------------------------------------------------------------------- */

static void gateway_start(struct world *world)
{
    const struct store_options options = {.state_dir = world->options.dir, .boot_id = "boot"};
    const char *why = "";
    int rc = store_open(world->loop, &options, &world->store, &why);

    if (rc < 0) {
        printf("store: %s\n", why);
        abort();
    }
    world->gateway = gateway_new(world->loop, world->store, &world->config, world_make_link, world);
    world->front = front_new(world->loop, world->store, world->gateway, &world->config);
    world->disk_hurt = false;
    world->starts++;
    for (int i = 0; i < WORLD_CLIENTS; i++)
        if (world->client[i])
            client_connect(world->client[i]);
}

/* As after kill -9, or a power cut: what was not committed (synced) is gone, what was on the wire
 * is on the wire. */
static void gateway_crash(struct world *world)
{
    bool power = world_chance(world, 50);

    world->disk_hurt = true;
    if (power)
        vfs_shim_die(VFS_WRITE, 1);
    for (int i = 0; i < WORLD_CLIENTS; i++)
        client_lost(world->client[i]);
    front_free(world->front);
    gateway_free(world->gateway);
    store_abandon(world->store);
    vfs_shim_reset();
    if (power)
        vfs_shim_power_loss(world_random(world, 1000));
    world->front = NULL;
    world->gateway = NULL;
    world->store = NULL;
    loop_sim_settle(world->loop);
}

static void gateway_stop(struct world *world)
{
    front_free(world->front);
    gateway_free(world->gateway);
    store_close(world->store);
}

/* --- one seed
 * ------------------------------------------------------------------------------------------ */

static void world_new(struct world *world, const struct world_options *options)
{
    memset(world, 0, sizeof *world);
    world->options = *options;
    world->random = options->seed;
    log_sink_set(log_nowhere, world);
    log_level_set(options->trace ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    world->loop = loop_sim_new(START_MS, WALL_MS);
    world->net = simnet_new(options->seed);
    simnet_wall_set(world->net, WALL_MS);
    simnet_advance(world->net, START_MS);
    simnet_timing(world->net)->latency_ms = options->latency_ms;
    simnet_timing(world->net)->jitter_ms = options->latency_ms / 2;
    loop_timer_init(&world->net_timer, world->loop, on_net, world);
    configure(world);
    world->oracle = oracle_new(world);
    simnet_log_set(world->net, oracle_sim_event, world->oracle);
    for (int i = 0; i < options->modems; i++)
        world_modem_init(world, i,
                         options->profile ? options->profile
                                          : &sim_profiles[world_random(world, sim_profile_count)]);
    world_net_moved(world);
    gateway_start(world);
    for (int i = 0; i < WORLD_CLIENTS; i++) {
        world->client[i] = client_new(world, i);
        client_connect(world->client[i]);
    }
    faults_start(world);
}

static void world_free(struct world *world)
{
    for (int i = 0; i < WORLD_CLIENTS; i++)
        client_free(world->client[i]);
    gateway_stop(world);
    loop_sim_settle(world->loop);
    for (int i = 0; i < world->options.modems; i++)
        world_modem_free(&world->modem[i]);
    loop_timer_cancel(&world->net_timer);
    loop_timer_cancel(&world->fault_timer);
    loop_timer_cancel(&world->air_timer);
    oracle_free(world->oracle);
    simnet_free(world->net);
    loop_free(world->loop);
    log_sink_set(NULL, NULL);
}

/* The disk is full, or fails, for the next few writes. */
static void disk_fault(struct world *world)
{
    world->disk_hurt = true;
    vfs_shim_fail(world_chance(world, 70) ? VFS_DISK_FULL : VFS_IO_ERROR,
                  world_chance(world, 70) ? VFS_WRITE : VFS_SYNC, 1 + world_random(world, 8),
                  1 + world_random(world, 12));
}

static void play_load(struct world *world)
{
    int64_t end_ms = START_MS + world->options.minutes * INT64_C(60000);

    while (loop_now_ms(world->loop) < end_ms) {
        int64_t look_ms = 1 + (int64_t)world_random(world, (uint64_t)world->options.look_ms);
        loop_sim_run_until(world->loop, loop_now_ms(world->loop) + look_ms);
        oracle_look(world->oracle);
        oracle_look_at_storage(world->oracle);
        if (world->options.faults && world_random(world, 200) == 0)
            disk_fault(world);
        if (world->options.crashes && world_random(world, 400) == 0) {
            gateway_crash(world);
            loop_sim_run_until(world->loop,
                               loop_now_ms(world->loop) + (int64_t)world_random(world, 5000));
            gateway_start(world);
        }
    }
}

unsigned world_play(const struct world_options *options)
{
    static struct world world;

    world_new(&world, options);
    play_load(&world);
    vfs_shim_reset();
    faults_heal(&world);
    int64_t now_ms = loop_now_ms(world.loop);
    loop_sim_run_until(world.loop, now_ms + 15 * 60 * 1000);
    oracle_look(world.oracle);
    oracle_look_at_modems(world.oracle);
    loop_sim_run_until(world.loop, now_ms + DRAIN_MS);
    oracle_drained(world.oracle);
    unsigned broken = oracle_broken(world.oracle);
    if (options->trace || broken)
        printf("seed %llu: %lu accepted, %llu submits, %u starts, %u lines in a "
               "minute at most, %u broken\n",
               (unsigned long long)options->seed, clients_accepted(&world),
               (unsigned long long)simnet_counts(world.net)->submitted, world.starts,
               oracle_most_lines(world.oracle), broken);
    world_free(&world);
    return broken;
}
