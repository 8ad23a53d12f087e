/* loop on virtual time: order, turns, tasks, determinism, stalls, leaps of the wall clock. */
#include "cm.h"
#include "loop_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct loop *loop;
    char trace[4096];
};
struct item {
    struct world *world;
    const char *name;
    struct loop_timer timer;
    struct loop_task task;
    struct item *arms, *cancels; /* by its callback */
    int64_t arms_at_ms;
    enum loop_when defers_when;
    struct item *defers;
    unsigned again; /* re-arms itself for now, that often */
};

static void note(struct item *item)
{
    struct world *world = item->world;
    size_t len = strlen(world->trace);
    snprintf(world->trace + len, sizeof(world->trace) - len, "%s@%lld ", item->name,
             (long long)loop_now_ms(world->loop));
}

static void act(struct item *item)
{
    note(item);
    if (item->arms)
        loop_timer_arm(&item->arms->timer, item->arms_at_ms);
    if (item->cancels) {
        loop_timer_cancel(&item->cancels->timer);
        loop_task_cancel(&item->cancels->task);
    }
    if (item->defers)
        loop_defer(&item->defers->task, item->defers_when);
    if (item->again && item->again--)
        loop_timer_arm_in(&item->timer, 0);
}

static void run_item(void *arg)
{
    act(arg);
}

static void item_init(struct item *item, struct world *world, const char *name)
{
    *item = (struct item){.world = world, .name = name};
    loop_timer_init(&item->timer, world->loop, run_item, item);
    loop_task_init(&item->task, world->loop, run_item, item);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_sim_new(100, 5000);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    loop_free(world->loop);
    free(world);
    return 0;
}

static void timers_in_order(void **state)
{
    struct world *world = *state;
    struct item a, b, c, d;
    item_init(&a, world, "a"), item_init(&b, world, "b");
    item_init(&c, world, "c"), item_init(&d, world, "d");
    loop_timer_arm(&b.timer, 300);
    loop_timer_arm(&a.timer, 300);
    loop_timer_arm_in(&c.timer, 50);
    loop_timer_arm(&d.timer, 7); /* past: now, but not from inside */
    assert_string_equal(world->trace, "");
    assert_int_equal(loop_sim_next_ms(world->loop), 100);
    assert_int_equal(loop_sim_run_until(world->loop, 299), 2);
    assert_string_equal(world->trace, "d@100 c@150 ");
    assert_int_equal(loop_now_ms(world->loop), 299);
    loop_timer_arm(&b.timer, 300); /* anew: now behind a */
    loop_sim_run_until(world->loop, 300);
    assert_string_equal(world->trace, "d@100 c@150 a@300 b@300 ");
    assert_false(loop_timer_armed(&a.timer));
    assert_int_equal(loop_sim_next_ms(world->loop), INT64_MAX);
    loop_timer_arm_in(&a.timer, INT64_MAX); /* does not wrap round */
    assert_int_equal(loop_sim_run_until(world->loop, 1000), 0);
    loop_timer_cancel(&a.timer);
}

static void callbacks_arm_and_cancel(void **state)
{
    struct world *world = *state;
    struct item a, b, c;
    item_init(&a, world, "a"), item_init(&b, world, "b"), item_init(&c, world, "c");
    a.cancels = &b; /* due at the same time */
    a.arms = &c;
    a.arms_at_ms = 250;
    c.arms = &c; /* itself */
    c.arms_at_ms = 400;
    loop_timer_arm(&a.timer, 200);
    loop_timer_arm(&b.timer, 200);
    loop_sim_run_until(world->loop, 399);
    assert_string_equal(world->trace, "a@200 c@250 ");
    assert_true(loop_timer_armed(&c.timer));
    loop_timer_cancel(&c.timer);
    loop_timer_cancel(&c.timer);
    loop_sim_run_until(world->loop, 1000);
    assert_string_equal(world->trace, "a@200 c@250 ");
}

static void nobody_starves(void **state)
{
    struct world *world = *state;
    struct item greedy, other, soon;
    item_init(&greedy, world, "greedy"), item_init(&other, world, "other");
    item_init(&soon, world, "soon");
    greedy.again = 2;
    greedy.defers = &soon;
    loop_timer_arm(&greedy.timer, 0);
    loop_timer_arm(&other.timer, 100);
    loop_sim_settle(world->loop);
    assert_string_equal(world->trace, "greedy@100 other@100 soon@100 greedy@100 soon@100 "
                                      "greedy@100 soon@100 ");
}

static void tasks_in_order(void **state)
{
    struct world *world = *state;
    struct item a, b, c, idle, timer;
    item_init(&a, world, "a"), item_init(&b, world, "b"), item_init(&c, world, "c");
    item_init(&idle, world, "idle"), item_init(&timer, world, "timer");
    timer.again = 1;
    a.defers = &c;
    loop_defer(&idle.task, LOOP_IDLE);
    loop_defer(&a.task, LOOP_SOON);
    loop_defer(&b.task, LOOP_SOON);
    loop_defer(&a.task, LOOP_SOON); /* once, at its first place */
    loop_defer(&a.task, LOOP_IDLE); /* still soon */
    loop_timer_arm(&timer.timer, 0);
    assert_true(loop_task_queued(&a.task));
    loop_sim_settle(world->loop);
    /* idle last: a due timer, then what it armed, went before */
    assert_string_equal(world->trace, "timer@100 a@100 b@100 c@100 timer@100 idle@100 ");
    assert_false(loop_task_queued(&a.task));
}

static void idle_waits_for_what_idle_began(void **state)
{
    struct world *world = *state;
    struct item first, second, soon, timer;
    item_init(&first, world, "first"), item_init(&second, world, "second");
    item_init(&soon, world, "soon"), item_init(&timer, world, "timer");
    first.defers = &soon;
    first.arms = &timer;
    first.arms_at_ms = 100;
    loop_defer(&first.task, LOOP_IDLE);
    loop_defer(&second.task, LOOP_IDLE);
    loop_sim_settle(world->loop);
    assert_string_equal(world->trace, "first@100 soon@100 timer@100 second@100 ");
}

static void tasks_cancelled_and_hastened(void **state)
{
    struct world *world = *state;
    struct item a, b, c, d;
    item_init(&a, world, "a"), item_init(&b, world, "b");
    item_init(&c, world, "c"), item_init(&d, world, "d");
    loop_defer(&a.task, LOOP_SOON);
    loop_defer(&b.task, LOOP_SOON);
    loop_defer(&d.task, LOOP_IDLE);
    loop_defer(&c.task, LOOP_IDLE);
    loop_defer(&c.task, LOOP_SOON); /* the sooner of the two */
    a.cancels = &b;
    loop_sim_settle(world->loop);
    assert_string_equal(world->trace, "a@100 c@100 d@100 ");
    loop_task_cancel(&b.task);
}

struct freed {
    struct loop_timer timer;
    struct loop_task task;
};

static void free_it(void *arg)
{
    free(arg);
}

static void a_callback_frees_its_own(void **state)
{
    struct world *world = *state;
    struct freed *one = calloc(1, sizeof(*one)), *two = calloc(1, sizeof(*two));
    loop_timer_init(&one->timer, world->loop, free_it, one);
    loop_timer_arm_in(&one->timer, 5);
    loop_task_init(&two->task, world->loop, free_it, two);
    loop_defer(&two->task, LOOP_SOON);
    assert_int_equal(loop_sim_run_until(world->loop, 200), 2);
}

static void stall_and_leap(void **state)
{
    struct world *world = *state;
    struct item a, b, late;
    item_init(&a, world, "a"), item_init(&b, world, "b"), item_init(&late, world, "late");
    assert_int_equal(loop_wall_ms(world->loop), 5000);
    loop_timer_arm(&b.timer, 220);
    loop_timer_arm(&a.timer, 210);
    loop_sim_stall(world->loop, 400);
    assert_string_equal(world->trace, "");
    loop_timer_arm(&late.timer, 205); /* asked for after the stall: behind what was due */
    loop_sim_settle(world->loop);
    assert_string_equal(world->trace, "a@500 b@500 late@500 ");
    assert_int_equal(loop_wall_ms(world->loop), 5400);
    loop_sim_wall_set(world->loop, 1000);
    loop_sim_run_until(world->loop, 600);
    assert_int_equal(loop_wall_ms(world->loop), 1100);
    assert_int_equal(loop_now_ns(world->loop), 600000000);
}

static void who_listens_hears_that_the_wall_clock_was_set(void **state)
{
    struct world *world = *state;
    struct item a;
    item_init(&a, world, "a");
    loop_sim_wall_set(world->loop, 1000); /* nobody does */
    loop_on_wall_set(world->loop, a.timer.fn, &a);
    loop_sim_run_until(world->loop, 300);
    assert_string_equal(world->trace, "");
    loop_sim_wall_set(world->loop, 9000);
    loop_sim_wall_set(world->loop, 9500);
    assert_string_equal(world->trace, "");
    loop_sim_settle(world->loop);
    assert_string_equal(world->trace, "a@300 ");
    loop_sim_wall_set(world->loop, 1000);
    loop_on_wall_set(world->loop, NULL, NULL);
    loop_sim_settle(world->loop);
    assert_string_equal(world->trace, "a@300 ");
}

static void stop_it(void *arg)
{
    loop_stop(arg);
}

static void run_and_stop(void **state)
{
    struct world *world = *state;
    struct item later;
    struct loop_timer stopper;
    item_init(&later, world, "later");
    loop_timer_init(&stopper, world->loop, stop_it, world->loop);
    loop_timer_arm(&stopper, 700);
    loop_timer_arm(&later.timer, 800);
    assert_int_equal(loop_run(world->loop), 0);
    assert_int_equal(loop_now_ms(world->loop), 700);
    assert_int_equal(loop_run(world->loop), 0); /* ends where nothing is left */
    assert_string_equal(world->trace, "later@800 ");
}

/* Timers that re-arm, cancel and defer by a seeded generator; the trace as a hash. */
enum { CROWD = 200 };
struct crowd {
    struct loop *loop;
    uint64_t seed, hash;
    unsigned left;
    struct member {
        struct crowd *crowd;
        struct loop_timer timer;
        struct loop_task task;
    } members[CROWD];
};

static uint64_t crowd_random(struct crowd *crowd)
{
    crowd->seed = crowd->seed * 6364136223846793005u + 1442695040888963407u;
    return crowd->seed >> 33;
}

static void crowd_note(struct member *member, uint64_t kind)
{
    struct crowd *crowd = member->crowd;
    uint64_t what = (uint64_t)(member - crowd->members) * 4 + kind;
    crowd->hash = (crowd->hash ^ what ^ (uint64_t)loop_now_ms(crowd->loop) << 16) * 1099511628211u;
}

static void crowd_task(void *arg)
{
    crowd_note(arg, 1);
}

static void crowd_timer(void *arg)
{
    struct member *member = arg;
    struct crowd *crowd = member->crowd;
    crowd_note(member, 0);
    if (crowd->left == 0)
        return;
    crowd->left--;
    loop_timer_arm_in(&member->timer, (int64_t)(crowd_random(crowd) % 50));
    loop_timer_arm_in(&crowd->members[crowd_random(crowd) % CROWD].timer, 10);
    loop_timer_cancel(&crowd->members[crowd_random(crowd) % CROWD].timer);
    loop_defer(&crowd->members[crowd_random(crowd) % CROWD].task, crowd_random(crowd) % 2);
}

static uint64_t crowd_run(uint64_t seed, int64_t step_ms)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    crowd->loop = loop_sim_new(0, 0);
    crowd->seed = seed;
    crowd->left = 20000;
    for (unsigned i = 0; i < CROWD; i++) {
        struct member *member = &crowd->members[i];
        member->crowd = crowd;
        loop_timer_init(&member->timer, crowd->loop, crowd_timer, member);
        loop_task_init(&member->task, crowd->loop, crowd_task, member);
        loop_timer_arm_in(&member->timer, (int64_t)(crowd_random(crowd) % 100));
    }
    while (loop_sim_next_ms(crowd->loop) != INT64_MAX)
        loop_sim_run_until(crowd->loop, loop_now_ms(crowd->loop) + step_ms);
    uint64_t hash = crowd->hash;
    loop_free(crowd->loop);
    free(crowd);
    return hash;
}

static void same_calls_same_run(void **state)
{
    (void)state;
    assert_int_equal(crowd_run(7, 1000), crowd_run(7, 1000));
    assert_int_equal(crowd_run(7, 1000), crowd_run(7, 1)); /* however it is cut up */
    assert_int_not_equal(crowd_run(7, 1000), crowd_run(8, 1000));
}

enum { MANY = 100000 };
static int64_t last_ms;
static unsigned fired;

static void in_order(void *arg)
{
    struct loop_timer *timer = arg;
    assert_true(timer->at_ms >= last_ms);
    last_ms = timer->at_ms;
    fired++;
}

/* No clock here: a heap that is not one (n * n) shows as the test's time-out. */
static void a_hundred_thousand_timers(void **state)
{
    struct world *world = *state;
    struct loop_timer *timers = calloc(MANY, sizeof(*timers));
    uint64_t seed = 1;
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < MANY; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if (round == 0)
                loop_timer_init(&timers[i], world->loop, in_order, &timers[i]);
            if (round == 2 && i % 2)
                loop_timer_cancel(&timers[i]);
            else
                loop_timer_arm(&timers[i], 1000 + (int64_t)(seed >> 33) % 1000000);
        }
    loop_sim_run_until(world->loop, 2000000);
    assert_int_equal(fired, MANY / 2);
    free(timers);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(timers_in_order),
        TEST(callbacks_arm_and_cancel),
        TEST(nobody_starves),
        TEST(tasks_in_order),
        TEST(idle_waits_for_what_idle_began),
        TEST(tasks_cancelled_and_hastened),
        TEST(a_callback_frees_its_own),
        TEST(stall_and_leap),
        TEST(who_listens_hears_that_the_wall_clock_was_set),
        TEST(run_and_stop),
        TEST(same_calls_same_run),
        TEST(a_hundred_thousand_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
