/* stream_pipe: two ends on virtual time. */
#include "cm.h"
#include "loop_sim.h"
#include "stream_pipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct side {
    struct world *world;
    struct stream *stream;
    char seen[512]; /* "open", bytes, "gone(err)" */
    int close_on_data, pause_on_data;
};
struct world {
    struct loop *loop;
    struct side a, b;
};

static void see(struct side *side, const char *text)
{
    strncat(side->seen, text, sizeof(side->seen) - strlen(side->seen) - 1);
}

static void on_open(void *ctx)
{
    see(ctx, "open ");
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct side *side = ctx;
    char text[128];
    snprintf(text, sizeof(text), "%.*s@%lld ", (int)len, (const char *)data,
             (long long)loop_now_ms(side->world->loop));
    see(side, text);
    if (side->close_on_data) {
        stream_close(side->stream);
        side->stream = NULL;
    }
    if (side->pause_on_data)
        stream_pause(side->stream, 1);
}

static void on_gone(void *ctx, int err)
{
    struct side *side = ctx;
    char text[64];
    snprintf(text, sizeof(text), "gone(%d)@%lld ", err, (long long)loop_now_ms(side->world->loop));
    see(side, text);
}

static void on_drained(void *ctx)
{
    struct side *side = ctx;
    assert_int_equal(stream_unsent(side->stream), 0);
    see(side, "drained ");
}

static const struct stream_sink sink = {on_open, on_data, on_gone, on_drained};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_sim_new(0, 0);
    world->a.world = world->b.world = world;
    *state = world;
    return 0;
}

static void join(struct world *world, int64_t delay_ms)
{
    assert_int_equal(stream_pipe_new(world->loop, delay_ms, &sink, &world->a, &world->a.stream,
                                     &sink, &world->b, &world->b.stream),
                     0);
}

static void put(struct side *side, const char *text)
{
    assert_int_equal(stream_write(side->stream, text, strlen(text)), 0);
}

static int teardown(void **state)
{
    struct world *world = *state;
    if (world->a.stream)
        stream_close(world->a.stream);
    if (world->b.stream)
        stream_close(world->b.stream);
    loop_free(world->loop);
    free(world);
    return 0;
}

static void bytes_take_their_time(void **state)
{
    struct world *world = *state;
    join(world, 20);
    put(&world->a, "one");
    assert_string_equal(world->b.seen, "");
    loop_sim_run_until(world->loop, 5);
    put(&world->a, "two");
    put(&world->b, "back");
    loop_sim_run_until(world->loop, 19);
    assert_string_equal(world->b.seen, "open ");
    loop_sim_run_until(world->loop, 100);
    assert_string_equal(world->b.seen, "open one@20 two@25 ");
    assert_string_equal(world->a.seen, "open back@25 ");
    assert_int_equal(stream_unsent(world->a.stream), 0);
}

static void no_delay_is_next_turn(void **state)
{
    struct world *world = *state;
    join(world, 0);
    put(&world->a, "x");
    assert_string_equal(world->b.seen, "");
    loop_sim_settle(world->loop);
    assert_string_equal(world->b.seen, "open x@0 "); /* opened first */
}

static void close_hangs_up_after_the_last_byte(void **state)
{
    struct world *world = *state;
    join(world, 10);
    put(&world->a, "bye");
    put(&world->b, "lost");
    stream_close(world->a.stream);
    world->a.stream = NULL;
    loop_sim_run_until(world->loop, 9);
    put(&world->b, "late"); /* has not heard of it yet */
    loop_sim_run_until(world->loop, 50);
    assert_string_equal(world->b.seen, "open bye@10 gone(0)@10 ");
    assert_string_equal(world->a.seen, ""); /* not a call after close */
    assert_int_equal(stream_write(world->b.stream, "x", 1), -EPIPE);
}

static void a_cut_loses_what_was_under_way(void **state)
{
    struct world *world = *state;
    join(world, 10);
    put(&world->a, "one");
    loop_sim_run_until(world->loop, 10);
    put(&world->a, "two");
    put(&world->b, "three");
    loop_sim_stall(world->loop, 10);  /* come to the end of the wire, not taken off it */
    stream_pause(world->b.stream, 1); /* a cut is heard all the same */
    stream_pipe_cut(world->a.stream, EIO);
    assert_string_equal(world->a.seen, "open ");
    assert_int_equal(stream_write(world->a.stream, "x", 1), -EPIPE);
    loop_sim_run_until(world->loop, 90);
    assert_string_equal(world->a.seen, "open gone(5)@20 ");
    assert_string_equal(world->b.seen, "open one@10 gone(5)@20 ");
}

static void pause_holds_back(void **state)
{
    struct world *world = *state;
    join(world, 0);
    world->b.pause_on_data = 1;
    put(&world->a, "one");
    put(&world->a, "two");
    stream_close(world->a.stream);
    world->a.stream = NULL;
    loop_sim_run_until(world->loop, 10);
    assert_string_equal(world->b.seen, "open one@0 ");
    world->b.pause_on_data = 0;
    stream_pause(world->b.stream, 0);
    assert_string_equal(world->b.seen, "open one@0 "); /* never from inside */
    loop_sim_run_until(world->loop, 20);
    assert_string_equal(world->b.seen, "open one@0 two@10 gone(0)@10 ");
}

static void drain_hands_over_what_is_here(void **state)
{
    struct world *world = *state;
    join(world, 10);
    put(&world->a, "one");
    loop_sim_run_until(world->loop, 5);
    put(&world->a, "two");
    loop_sim_stall(world->loop, 6); /* "one" has arrived, nobody has looked */
    stream_drain(world->b.stream);
    assert_string_equal(world->b.seen, "open one@11 ");
    stream_drain(world->b.stream);
    loop_sim_run_until(world->loop, 99);
    assert_string_equal(world->b.seen, "open one@11 two@15 ");
}

static void closed_from_its_own_callback(void **state)
{
    struct world *world = *state;
    join(world, 0);
    world->b.close_on_data = 1;
    put(&world->a, "one");
    put(&world->a, "two");
    loop_sim_run_until(world->loop, 10);
    assert_string_equal(world->b.seen, "open one@0 ");
    assert_string_equal(world->a.seen, "open gone(0)@0 ");
}

static void held_bytes_have_not_left(void **state)
{
    struct world *world = *state;
    join(world, 10);
    stream_pipe_hold(world->a.stream, 1);
    put(&world->a, "one");
    put(&world->a, "four");
    loop_sim_run_until(world->loop, 100);
    assert_int_equal(stream_unsent(world->a.stream), 7);
    assert_string_equal(world->b.seen, "open ");
    stream_pipe_hold(world->a.stream, 0);
    assert_int_equal(stream_unsent(world->a.stream), 0);
    loop_sim_run_until(world->loop, 200);
    assert_string_equal(world->b.seen, "open one@110 four@110 ");
    stream_pipe_hold(world->a.stream, 1);
    put(&world->a, "last");
    stream_pipe_cut(world->a.stream, EIO);
    loop_sim_run_until(world->loop, 300);
    assert_int_equal(stream_unsent(world->a.stream), 4); /* true after the end as well */
    assert_string_equal(world->b.seen, "open one@110 four@110 gone(5)@200 ");
}

/* Told once for all that was held, at the end of the turn, and only while it is true. */
static void drained_is_told_once(void **state)
{
    struct world *world = *state;
    join(world, 10);
    put(&world->a, "at once");
    loop_sim_run_until(world->loop, 50);
    assert_string_equal(world->a.seen, "open "); /* nothing was ever unsent */
    stream_pipe_hold(world->a.stream, 1);
    put(&world->a, "one");
    put(&world->a, "two");
    stream_pipe_hold(world->a.stream, 0);
    assert_string_equal(world->a.seen, "open "); /* not from inside */
    loop_sim_settle(world->loop);
    assert_string_equal(world->a.seen, "open drained ");
    stream_pipe_hold(world->a.stream, 1);
    stream_pipe_hold(world->a.stream, 0); /* nothing was held */
    loop_sim_settle(world->loop);
    assert_string_equal(world->a.seen, "open drained ");
    stream_pipe_hold(world->a.stream, 1);
    put(&world->a, "three");
    stream_pipe_hold(world->a.stream, 0);
    stream_pipe_hold(world->a.stream, 1);
    put(&world->a, "four"); /* before it could be told */
    loop_sim_settle(world->loop);
    assert_string_equal(world->a.seen, "open drained ");
    stream_pipe_hold(world->a.stream, 0);
    loop_sim_settle(world->loop);
    assert_string_equal(world->a.seen, "open drained drained ");
    stream_pipe_hold(world->a.stream, 1);
    put(&world->a, "five");
    stream_pipe_hold(world->a.stream, 0);
    stream_close(world->a.stream);
    world->a.stream = NULL;
    loop_sim_run_until(world->loop, 1000);
    assert_string_equal(world->a.seen, "open drained drained ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bytes_take_their_time),
        TEST(no_delay_is_next_turn),
        TEST(close_hangs_up_after_the_last_byte),
        TEST(a_cut_loses_what_was_under_way),
        TEST(pause_holds_back),
        TEST(drain_hands_over_what_is_here),
        TEST(closed_from_its_own_callback),
        TEST(held_bytes_have_not_left),
        TEST(drained_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
