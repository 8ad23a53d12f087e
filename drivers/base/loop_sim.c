/* loop_sim: a heap and a counter. See loop_sim.h. */
#include "loop_sim.h"
#include "loop_core.h"

#include <assert.h>
#include <stdlib.h>

enum { NS_PER_MS = 1000000 };

struct loop_sim {
    struct loop core;
    int64_t now_ms;
    int64_t wall_ahead_ms; /* of now_ms */
};

static const struct loop_backend sim_backend;

static struct loop_sim *sim_of(struct loop *loop)
{
    assert(loop->backend == &sim_backend);
    return (struct loop_sim *)loop;
}

static const struct loop_sim *sim_of_const(const struct loop *loop)
{
    assert(loop->backend == &sim_backend);
    return (const struct loop_sim *)loop;
}

static int64_t sim_now_ns(const struct loop *loop)
{
    return sim_of_const(loop)->now_ms * NS_PER_MS;
}

static int64_t sim_wall_ms(const struct loop *loop)
{
    const struct loop_sim *sim = sim_of_const(loop);
    return sim->now_ms + sim->wall_ahead_ms;
}

static bool sim_turn(struct loop *loop)
{
    uint64_t before = loop->ran;
    loop_core_timers_run(loop);
    loop_core_soon_run(loop);
    if (loop->ran == before) {
        loop_core_idle_run(loop);
        loop_core_soon_run(loop);
    }
    return loop->ran != before;
}

static bool sim_advance(struct loop_sim *sim, int64_t until_ms)
{
    int64_t next_ms = loop_core_next_ms(&sim->core);
    if (next_ms == INT64_MAX || next_ms > until_ms)
        return false;
    if (sim->now_ms < next_ms)
        sim->now_ms = next_ms;
    return true;
}

/* Ends when nothing is left, for nothing can come from outside. */
static int sim_run(struct loop *loop)
{
    struct loop_sim *sim = sim_of(loop);
    while (!loop->stopped && (sim_turn(loop) || sim_advance(sim, INT64_MAX)))
        ;
    loop->stopped = false;
    return 0;
}

static void sim_free(struct loop *loop)
{
    loop_core_fini(loop);
    free(sim_of(loop));
}

static const struct loop_backend sim_backend = {
    .now_ns = sim_now_ns,
    .wall_ms = sim_wall_ms,
    .run = sim_run,
    .free = sim_free,
};

struct loop *loop_sim_new(int64_t now_ms, int64_t wall_ms)
{
    struct loop_sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        return NULL;
    loop_core_init(&sim->core, &sim_backend);
    sim->now_ms = now_ms;
    sim->wall_ahead_ms = wall_ms - now_ms;
    return &sim->core;
}

uint64_t loop_sim_run_until(struct loop *loop, int64_t until_ms)
{
    struct loop_sim *sim = sim_of(loop);
    uint64_t before = loop->ran;
    while (!loop->stopped && (sim_turn(loop) || sim_advance(sim, until_ms)))
        ;
    if (!loop->stopped && sim->now_ms < until_ms)
        sim->now_ms = until_ms;
    loop->stopped = false;
    return loop->ran - before;
}

uint64_t loop_sim_settle(struct loop *loop)
{
    return loop_sim_run_until(loop, sim_of(loop)->now_ms);
}

int64_t loop_sim_next_ms(const struct loop *loop)
{
    return loop_core_next_ms(loop);
}

void loop_sim_wall_set(struct loop *loop, int64_t wall_ms)
{
    struct loop_sim *sim = sim_of(loop);
    sim->wall_ahead_ms = wall_ms - sim->now_ms;
    loop_core_wall_set(loop);
}

void loop_sim_stall(struct loop *loop, int64_t ms)
{
    sim_of(loop)->now_ms += ms;
}
