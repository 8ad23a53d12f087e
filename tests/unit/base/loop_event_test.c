/* loop on real time: turns, idle, signals, and that a quiet loop stays asleep. The program
 * puts its own epoll_wait and timerfd_settime before the C library's to count them. */
#include "cm.h"
#include "real_loop.h"

#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static unsigned waits, sets;
static int wall_fd = -1; /* the timer that is cancelled where the clock is set */

int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
    waits++;
    return (int)syscall(SYS_epoll_pwait, epfd, events, maxevents, timeout, NULL, 0);
}

int timerfd_settime(int ufd, int flags, const struct itimerspec *utmr, struct itimerspec *otmr)
{
    sets++;
    if (flags & TFD_TIMER_CANCEL_ON_SET)
        wall_fd = ufd;
    return (int)syscall(SYS_timerfd_settime, ufd, flags, utmr, otmr);
}

struct world {
    struct loop *loop;
    char trace[512];
};
struct item {
    struct world *world;
    const char *name;
    struct loop_timer timer;
    struct loop_task task;
    struct loop_watch *watch;
    int fd;
    unsigned stays; /* turns its fd stays readable */
    struct item *frees, *defers, *arms;
    bool stops;
};

static void item_run(void *arg)
{
    struct item *item = arg;
    strncat(item->world->trace, item->name,
            sizeof(item->world->trace) - strlen(item->world->trace) - 1);
    if (item->defers)
        loop_defer(&item->defers->task, LOOP_SOON);
    if (item->arms)
        loop_timer_arm_in(&item->arms->timer, 20);
    if (item->frees) {
        loop_watch_free(item->frees->watch);
        item->frees->watch = NULL;
        item->frees = NULL;
    }
    if (item->stops)
        loop_stop(item->world->loop);
}

static void item_ready(void *arg, int ready)
{
    struct item *item = arg;
    uint64_t value;
    assert_int_equal(ready, LOOP_READ);
    if (item->stays == 0 || --item->stays == 0)
        assert_int_equal(read(item->fd, &value, sizeof(value)), sizeof(value));
    item_run(item);
}

static void item_init(struct item *item, struct world *world, const char *name)
{
    *item = (struct item){.world = world, .name = name, .fd = -1};
    loop_timer_init(&item->timer, world->loop, item_run, item);
    loop_task_init(&item->task, world->loop, item_run, item);
}

static void item_make_readable(struct item *item)
{
    item->fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(item->fd >= 0);
    item->watch = loop_watch_new(item->world->loop, item->fd, item_ready, item);
    assert_non_null(item->watch);
    loop_watch_set(item->watch, LOOP_READ);
}

static void item_end(struct item *item)
{
    if (item->watch)
        loop_watch_free(item->watch);
    close(item->fd);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_event_new();
    assert_non_null(world->loop);
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
    int64_t begin_ms = loop_now_ms(world->loop);
    item_init(&a, world, "a"), item_init(&b, world, "b");
    item_init(&c, world, "c"), item_init(&d, world, "d");
    loop_timer_arm(&b.timer, begin_ms + 30);
    loop_timer_arm(&a.timer, begin_ms + 20); /* earlier than what the timerfd would stand at */
    loop_timer_arm(&c.timer, 0);
    loop_timer_arm(&d.timer, begin_ms + 10);
    loop_timer_cancel(&d.timer);
    b.stops = true;
    assert_string_equal(world->trace, "");
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "cab");
    assert_true(loop_now_ms(world->loop) >= begin_ms + 30);
}

static void an_idle_loop_sleeps(void **state)
{
    struct world *world = *state;
    struct item often, last;
    item_init(&often, world, "often"), item_init(&last, world, "last");
    last.stops = true;
    loop_timer_arm_in(&last.timer, 1); /* the first run: whatever begins */
    assert_int_equal(loop_run(world->loop), 0);
    waits = sets = 0;
    loop_timer_arm_in(&last.timer, 100);
    for (unsigned i = 0; i < 1000; i++) {
        loop_timer_arm_in(&often.timer, 5000);
        loop_timer_cancel(&often.timer);
    }
    assert_int_equal(sets, 0);
    assert_int_equal(loop_run(world->loop), 0);
    assert_int_equal(sets, 1);
    assert_int_equal(waits, 1);
}

static void busy_turns_set_no_timer(void **state)
{
    struct world *world = *state;
    struct item far, busy, last;
    item_init(&far, world, "far"), item_init(&busy, world, "."), item_init(&last, world, "last");
    loop_timer_arm_in(&far.timer, 60000);
    busy.stays = 20;
    item_make_readable(&busy);
    last.stops = true;
    loop_defer(&last.task, LOOP_IDLE);
    assert_int_equal(loop_run(world->loop), 0);
    item_end(&busy);
    item_init(&busy, world, ".");
    busy.stays = 20;
    item_make_readable(&busy);
    loop_timer_arm_in(&last.timer, 30);
    sets = 0;
    assert_int_equal(loop_run(world->loop), 0);
    assert_int_equal(sets, 1);
    item_end(&busy);
    loop_timer_cancel(&far.timer);
}

static void an_earlier_timer_is_not_late(void **state)
{
    struct world *world = *state;
    struct item far, reader, near;
    item_init(&far, world, "far"), item_init(&reader, world, "read ");
    item_init(&near, world, "near ");
    loop_timer_arm_in(&far.timer, 60000);
    item_make_readable(&reader);
    reader.arms = &near; /* in a turn for which the timerfd was set far ahead */
    near.stops = true;
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "read near ");
    item_end(&reader);
    loop_timer_cancel(&far.timer);
}

static void a_cancelled_timer_costs_one_wake_up(void **state)
{
    struct world *world = *state;
    struct item early, last;
    item_init(&early, world, "early"), item_init(&last, world, "last");
    last.stops = true;
    struct item begin;
    item_init(&begin, world, "begin");
    begin.stops = true;
    loop_timer_arm_in(&early.timer, 50);
    loop_defer(&begin.task, LOOP_IDLE);
    assert_int_equal(loop_run(world->loop), 0);
    loop_timer_arm_in(&begin.timer, 5); /* one turn that sleeps with `early` ahead */
    assert_int_equal(loop_run(world->loop), 0);
    loop_timer_cancel(&early.timer);
    waits = sets = 0;
    loop_timer_arm_in(&last.timer, 120);
    assert_int_equal(loop_run(world->loop), 0);
    assert_true(waits <= 2);
    assert_true(sets <= 2);
    assert_string_equal(world->trace, "beginbeginlast");
}

static void bytes_go_before_due_timers(void **state)
{
    struct world *world = *state;
    struct item timer, reader, soon;
    item_init(&timer, world, "timer "), item_init(&reader, world, "read ");
    item_init(&soon, world, "soon ");
    timer.defers = &soon;
    soon.stops = true;
    loop_timer_arm(&timer.timer, 0); /* due before the bytes were there: a stall of ours */
    item_make_readable(&reader);
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "read timer soon ");
    item_end(&reader);
}

static void idle_is_last(void **state)
{
    struct world *world = *state;
    struct item idle, soon, one, two, timer;
    item_init(&idle, world, "idle "), item_init(&soon, world, "soon ");
    item_init(&one, world, "one "), item_init(&two, world, "two ");
    item_init(&timer, world, "timer ");
    idle.stops = true;
    one.stays = 3;
    one.defers = &soon;
    loop_defer(&idle.task, LOOP_IDLE);
    item_make_readable(&one);
    loop_timer_arm(&timer.timer, 0);
    waits = 0;
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "one timer soon one soon one soon idle ");
    assert_int_equal(waits, 4); /* the last one only to see that nothing is ready */
    item_end(&one);
}

static void a_watch_alone_is_more_urgent(void **state)
{
    struct world *world = *state;
    struct item idle, reader;
    item_init(&idle, world, "idle "), item_init(&reader, world, "read ");
    idle.stops = true;
    reader.stays = 3;
    loop_defer(&idle.task, LOOP_IDLE);
    item_make_readable(&reader);
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "read read read idle ");
    item_end(&reader);
}

/* Somebody always has something to say: who waits for a quiet turn is not forgotten over it. */
static void idle_is_not_never(void **state)
{
    struct world *world = *state;
    struct item idle, reader;
    item_init(&idle, world, "idle "), item_init(&reader, world, "");
    idle.stops = true;
    reader.stays = UINT_MAX;
    loop_defer(&idle.task, LOOP_IDLE);
    item_make_readable(&reader);
    int64_t begin_ms = loop_now_ms(world->loop);
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "idle ");
    assert_true(loop_now_ms(world->loop) - begin_ms >= LOOP_IDLE_MS);
    item_end(&reader);
}

static void a_freed_watch_is_silent(void **state)
{
    struct world *world = *state;
    struct item one, two, stop;
    item_init(&one, world, "x"), item_init(&two, world, "x"), item_init(&stop, world, "");
    one.frees = &two; /* both are ready in the same turn; whoever is first frees the other */
    two.frees = &one;
    stop.stops = true;
    item_make_readable(&one);
    item_make_readable(&two);
    loop_defer(&stop.task, LOOP_IDLE);
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "x");
    item_end(&one);
    item_end(&two);
}

static void a_signal_is_a_call(void **state)
{
    struct world *world = *state;
    struct item item;
    item_init(&item, world, "usr1 ");
    item.stops = true;
    assert_int_equal(loop_signal(world->loop, SIGUSR1, item_run, &item), 0);
    raise(SIGUSR1);
    assert_string_equal(world->trace, "");
    assert_int_equal(loop_run(world->loop), 0);
    raise(SIGUSR1);
    assert_int_equal(loop_run(world->loop), 0);
    assert_string_equal(world->trace, "usr1 usr1 ");
}

static void clocks_agree(void **state)
{
    struct world *world = *state;
    struct timespec boot, wall;
    int64_t now_ms = loop_now_ms(world->loop), wall_ms = loop_wall_ms(world->loop);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    assert_in_range((int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000 - now_ms, 0, 5000);
    assert_in_range((int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 - wall_ms, 0, 5000);
    assert_true(loop_now_ns(world->loop) / 1000000 >= now_ms);
}

/* Nobody sets the clock for a test: its timer runs out instead, which looks the same. */
static void a_clock_that_was_set_is_a_call(void **state)
{
    struct world *world = *state;
    struct item a = {.world = world, .name = "set ", .stops = true};
    const struct itimerspec now = {.it_value.tv_nsec = 1};
    loop_on_wall_set(world->loop, item_run, &a);
    assert_true(wall_fd >= 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(syscall(SYS_timerfd_settime, wall_fd, 0, &now, NULL), 0);
        assert_int_equal(loop_run(world->loop), 0);
    }
    assert_string_equal(world->trace, "set set ");
    loop_on_wall_set(world->loop, NULL, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(timers_in_order),
        TEST(an_idle_loop_sleeps),
        TEST(busy_turns_set_no_timer),
        TEST(an_earlier_timer_is_not_late),
        TEST(a_cancelled_timer_costs_one_wake_up),
        TEST(bytes_go_before_due_timers),
        TEST(idle_is_last),
        TEST(a_watch_alone_is_more_urgent),
        TEST(idle_is_not_never),
        TEST(a_freed_watch_is_silent),
        TEST(a_signal_is_a_call),
        TEST(clocks_agree),
        TEST(a_clock_that_was_set_is_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
