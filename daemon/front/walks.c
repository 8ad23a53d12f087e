#include "walks.h"
#include <assert.h>
#include "hall.h"

enum { STEP_MS = 1 }; /* then it is the others' turn, whose messages are to be sent */

static void leave(struct walk *walk)
{
    walk->prev->next = walk->next;
    walk->next->prev = walk->prev;
    walk->prev = walk->next = NULL;
}

static bool none_waits(const struct walks *walks)
{
    return walks->first.next == &walks->first;
}

static void on_turn(void *arg)
{
    struct front *front = arg;
    struct walks *walks = &front->walks;
    struct walk *walk = walks->first.next;

    assert(!none_waits(walks));
    leave(walk);
    if (!none_waits(walks))
        loop_timer_arm_in(&walks->timer, STEP_MS);
    walk->step(walk);
}

void walks_init(struct front *front)
{
    struct walks *walks = &front->walks;

    walks->first.prev = walks->first.next = &walks->first;
    loop_timer_init(&walks->timer, front->loop, on_turn, front);
}

void walks_fini(struct front *front)
{
    assert(none_waits(&front->walks));
    loop_timer_cancel(&front->walks.timer);
}

static void wait_for_turn(struct front *front, struct walk *walk, int in_ms)
{
    struct walks *walks = &front->walks;

    assert(!walk->next);
    walk->prev = walks->first.prev;
    walk->next = &walks->first;
    walks->first.prev->next = walk;
    walks->first.prev = walk;
    if (!loop_timer_armed(&walks->timer))
        loop_timer_arm_in(&walks->timer, in_ms);
}

void walks_begin(struct front *front, struct walk *walk)
{
    wait_for_turn(front, walk, 0);
}

void walks_go_on(struct front *front, struct walk *walk)
{
    wait_for_turn(front, walk, STEP_MS);
}

void walks_forget(struct front *front, struct walk *walk)
{
    if (!walk->next)
        return;
    leave(walk);
    if (none_waits(&front->walks))
        loop_timer_cancel(&front->walks.timer);
}
