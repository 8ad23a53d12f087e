/* sim_clock: see sim_clock.h. A binary heap ordered by time, then by order of arming. */
#include "sim_clock.h"

#include <stdbool.h>
#include <stdlib.h>

void *sim_alloc(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

void *sim_grow(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory)
        abort();
    return memory;
}

static bool before(const struct sim_timer *a, const struct sim_timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void place(struct sim_clock *clock, size_t at, struct sim_timer *timer)
{
    clock->heap[at] = timer;
    timer->slot = at + 1;
}

static void sift(struct sim_clock *clock, size_t at)
{
    struct sim_timer *timer = clock->heap[at];
    while (at > 0 && before(timer, clock->heap[(at - 1) / 2])) {
        place(clock, at, clock->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < clock->count && before(clock->heap[child + 1], clock->heap[child]))
            child++;
        if (child >= clock->count || !before(clock->heap[child], timer))
            break;
        place(clock, at, clock->heap[child]);
        at = child;
    }
    place(clock, at, timer);
}

void sim_timer_init(struct sim_timer *timer, struct sim_clock *clock, void (*fn)(void *), void *arg)
{
    *timer = (struct sim_timer){.clock = clock, .fn = fn, .arg = arg};
}

void sim_timer_arm(struct sim_timer *timer, int64_t at_ms)
{
    struct sim_clock *clock = timer->clock;
    sim_timer_cancel(timer);
    timer->at_ms = at_ms;
    timer->order = ++clock->order;
    if (clock->count == clock->room) {
        clock->room = clock->room ? 2 * clock->room : 64;
        clock->heap = sim_grow(clock->heap, clock->room * sizeof(struct sim_timer *));
    }
    place(clock, clock->count++, timer);
    sift(clock, clock->count - 1);
}

void sim_timer_cancel(struct sim_timer *timer)
{
    if (!timer->slot)
        return;
    struct sim_clock *clock = timer->clock;
    size_t at = timer->slot - 1;
    timer->slot = 0;
    struct sim_timer *last = clock->heap[--clock->count];
    if (last == timer)
        return;
    place(clock, at, last);
    sift(clock, at);
}

int64_t sim_clock_next_ms(const struct sim_clock *clock)
{
    return clock->count ? clock->heap[0]->at_ms : INT64_MAX;
}

void sim_clock_advance(struct sim_clock *clock, int64_t now_ms)
{
    while (clock->count && clock->heap[0]->at_ms <= now_ms) {
        struct sim_timer *timer = clock->heap[0];
        sim_timer_cancel(timer);
        if (timer->at_ms > clock->now_ms)
            clock->now_ms = timer->at_ms;
        timer->fn(timer->arg);
    }
    if (now_ms > clock->now_ms)
        clock->now_ms = now_ms;
}

void sim_clock_free(struct sim_clock *clock)
{
    free(clock->heap);
    *clock = (struct sim_clock){0};
}
