/* loop: timers and tasks, the same for both backends. */
#include "loop_core.h"

#include <assert.h>
#include <stdlib.h>

enum { HEAP_ROOM_MIN = 64, NS_PER_MS = 1000000 };

int64_t loop_now_ns(const struct loop *loop)
{
    return loop->backend->now_ns(loop);
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->backend->now_ns(loop) / NS_PER_MS;
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return loop->backend->wall_ms(loop);
}

/* --- the heap --- */

static bool heap_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_put(struct loop *loop, size_t place, struct loop_timer *timer)
{
    loop->heap[place] = timer;
    timer->slot = place + 1;
}

static void heap_rise(struct loop *loop, size_t place, struct loop_timer *timer)
{
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (!heap_before(timer, loop->heap[parent]))
            break;
        heap_put(loop, place, loop->heap[parent]);
        place = parent;
    }
    heap_put(loop, place, timer);
}

static void heap_sink(struct loop *loop, size_t place, struct loop_timer *timer)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= loop->armed)
            break;
        if (child + 1 < loop->armed && heap_before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (!heap_before(loop->heap[child], timer))
            break;
        heap_put(loop, place, loop->heap[child]);
        place = child;
    }
    heap_put(loop, place, timer);
}

/* The array of pointers is the one thing that grows here. Arming cannot report a failure:
 * where not even this is to be had we end, and the supervisor starts us again. */
static void heap_grow(struct loop *loop)
{
    size_t room = loop->room ? 2 * loop->room : HEAP_ROOM_MIN;
    struct loop_timer **heap = realloc(loop->heap, room * sizeof(struct loop_timer *));
    if (!heap)
        abort();
    loop->heap = heap;
    loop->room = room;
}

static void heap_remove(struct loop *loop, struct loop_timer *timer)
{
    size_t place = timer->slot - 1;
    struct loop_timer *last = loop->heap[--loop->armed];
    timer->slot = 0;
    if (last == timer)
        return;
    if (place > 0 && heap_before(last, loop->heap[(place - 1) / 2]))
        heap_rise(loop, place, last);
    else
        heap_sink(loop, place, last);
}

/* --- timers --- */

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_fn *fn, void *arg)
{
    *timer = (struct loop_timer){.loop = loop, .fn = fn, .arg = arg};
}

static void timer_arm(struct loop_timer *timer, int64_t at_ms, int64_t now_ms)
{
    struct loop *loop = timer->loop;
    loop_timer_cancel(timer);
    if (loop->armed == loop->room)
        heap_grow(loop);
    /* What is past counts from now: it queues behind all that is due already, so that one
     * who always asks for the past starves nobody. */
    timer->at_ms = at_ms > now_ms ? at_ms : now_ms;
    timer->order = loop->order++;
    heap_rise(loop, loop->armed++, timer);
}

void loop_timer_arm(struct loop_timer *timer, int64_t at_ms)
{
    timer_arm(timer, at_ms, loop_now_ms(timer->loop));
}

void loop_timer_arm_in(struct loop_timer *timer, int64_t in_ms)
{
    int64_t now_ms = loop_now_ms(timer->loop);
    timer_arm(timer, in_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + in_ms, now_ms);
}

void loop_timer_no_later(struct loop_timer *timer, int64_t at_ms)
{
    if (!loop_timer_armed(timer) || timer->at_ms > at_ms)
        loop_timer_arm(timer, at_ms);
}

void loop_timer_cancel(struct loop_timer *timer)
{
    if (timer->slot)
        heap_remove(timer->loop, timer);
}

bool loop_timer_armed(const struct loop_timer *timer)
{
    return timer->slot != 0;
}

/* --- tasks --- */

void loop_task_init(struct loop_task *task, struct loop *loop, loop_fn *fn, void *arg)
{
    *task = (struct loop_task){.loop = loop, .fn = fn, .arg = arg};
}

static void ring_init(struct loop_task *head)
{
    head->prev = head->next = head;
}

static bool ring_empty(const struct loop_task *head)
{
    return head->next == head;
}

static void task_run(struct loop *loop, struct loop_task *task)
{
    loop_task_cancel(task);
    loop->ran++;
    task->fn(task->arg); /* may free the task */
}

static void idle_begins(struct loop *loop)
{
    loop->idle_since_ms = loop_now_ms(loop);
    loop->idle_turns = 0;
}

void loop_defer(struct loop_task *task, enum loop_when when)
{
    if (loop_task_queued(task)) {
        if (task->when <= when)
            return;
        loop_task_cancel(task); /* was to wait for an idle turn, is wanted sooner */
    }
    struct loop *loop = task->loop;
    struct loop_task *head = when == LOOP_SOON ? &loop->soon : &loop->idle;
    if (when == LOOP_IDLE && ring_empty(&loop->idle))
        idle_begins(loop);
    task->when = when;
    task->prev = head->prev;
    task->next = head;
    head->prev->next = task;
    head->prev = task;
}

void loop_task_cancel(struct loop_task *task)
{
    if (!task->next)
        return;
    task->prev->next = task->next;
    task->next->prev = task->prev;
    task->prev = task->next = NULL;
}

bool loop_task_queued(const struct loop_task *task)
{
    return task->next != NULL;
}

/* --- turns --- */

int loop_run(struct loop *loop)
{
    return loop->backend->run(loop);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

void loop_free(struct loop *loop)
{
    loop_core_soon_run(loop); /* reapers of what was closed just now */
    loop->backend->free(loop);
}

void loop_core_init(struct loop *loop, const struct loop_backend *backend)
{
    *loop = (struct loop){.backend = backend};
    ring_init(&loop->soon);
    ring_init(&loop->idle);
}

void loop_core_fini(struct loop *loop)
{
    assert(loop->armed == 0);
    assert(!loop_core_tasks_wait(loop));
    free(loop->heap);
}

void loop_on_wall_set(struct loop *loop, loop_fn *fn, void *arg)
{
    loop_task_cancel(&loop->wall);
    loop_task_init(&loop->wall, loop, fn, arg);
    if (fn && loop->backend->watch_wall)
        loop->backend->watch_wall(loop);
}

void loop_core_wall_set(struct loop *loop)
{
    if (loop->wall.fn)
        loop_defer(&loop->wall, LOOP_SOON);
}

int64_t loop_core_next_ms(const struct loop *loop)
{
    return loop->armed ? loop->heap[0]->at_ms : INT64_MAX;
}

bool loop_core_tasks_wait(const struct loop *loop)
{
    return !ring_empty(&loop->soon) || !ring_empty(&loop->idle);
}

void loop_core_timers_run(struct loop *loop)
{
    if (!loop->armed)
        return;
    int64_t now_ms = loop_now_ms(loop);
    uint64_t limit = loop->order; /* armed from here on: next turn */
    while (loop->armed && loop->heap[0]->at_ms <= now_ms && loop->heap[0]->order < limit) {
        struct loop_timer *timer = loop->heap[0];
        heap_remove(loop, timer);
        loop->ran++;
        timer->fn(timer->arg); /* may free the timer */
    }
}

void loop_core_soon_run(struct loop *loop)
{
    while (!ring_empty(&loop->soon))
        task_run(loop, loop->soon.next);
}

void loop_core_idle_run(struct loop *loop)
{
    if (ring_empty(&loop->idle))
        return;
    idle_begins(loop);
    task_run(loop, loop->idle.next);
}

bool loop_core_idle_overdue(struct loop *loop)
{
    return !ring_empty(&loop->idle) && ++loop->idle_turns >= LOOP_IDLE_TURNS &&
           loop_now_ms(loop) - loop->idle_since_ms >= LOOP_IDLE_MS;
}
