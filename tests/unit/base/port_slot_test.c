/* port_slot: a port whose place comes, goes and moves. On virtual time, with pipes for ports. */
#include "cm.h"
#include "loop_sim.h"
#include "port_slot.h"
#include "stream_pipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world;

struct place {
    struct port port; /* first */
    struct world *world;
};

struct world {
    struct loop *loop;
    struct port *slot;
    struct stream *near, *far; /* the owner's end, the modem's */
    struct stream *inner;      /* of the place */
    unsigned places, opened, gone, woken, refuse;
    int gone_err;
    char heard[32];
    loop_fn *watch;
    void *watch_arg;
    bool watch_new;
};

static void ignore_data(void *ctx, const uint8_t *data, size_t len)
{
    struct world *world = ctx;
    size_t at = strlen(world->heard);
    assert_true(at + len < sizeof world->heard);
    memcpy(world->heard + at, data, len);
}

static void far_gone(void *ctx, int err)
{
    struct world *world = ctx;
    (void)err;
    stream_close(world->far);
    world->far = NULL;
}

static const struct stream_sink far_sink = {.on_data = ignore_data, .on_gone = far_gone};

static int place_open(struct port *port, const struct stream_sink *sink, void *ctx,
                      struct stream **out)
{
    struct world *world = ((struct place *)port)->world;
    if (world->refuse)
        return -EBUSY;
    int rc = stream_pipe_new(world->loop, 0, sink, ctx, out, &far_sink, world, &world->far);
    world->inner = *out;
    return rc;
}

static void place_watch(struct port *port, loop_fn *fn, void *arg)
{
    struct world *world = ((struct place *)port)->world;
    world->watch = fn;
    world->watch_arg = arg;
}

static void place_unwatch(struct port *port)
{
    ((struct place *)port)->world->watch = NULL;
}

static void place_free(struct port *port)
{
    ((struct place *)port)->world->places--;
    free(port);
}

static void place_watch_new(struct port *port, loop_fn *fn, void *arg)
{
    place_watch(port, fn, arg);
    ((struct place *)port)->world->watch_new = true;
}

static const struct port_ops place_ops = {.open = place_open,
                                          .watch = place_watch,
                                          .unwatch = place_unwatch,
                                          .free = place_free,
                                          .watch_new = place_watch_new};

static int make_place(void *arg, const char *uri, struct port **out, const char **why)
{
    if (strcmp(uri, "nonsense") == 0) {
        *why = "is none";
        return -EINVAL;
    }
    struct place *place = calloc(1, sizeof *place);
    place->port.ops = &place_ops;
    place->world = arg;
    place->world->places++;
    *out = &place->port;
    return 0;
}

static void near_open(void *ctx)
{
    ((struct world *)ctx)->opened++;
}

static void near_gone(void *ctx, int err)
{
    struct world *world = ctx;
    world->gone++;
    world->gone_err = err;
}

static const struct stream_sink near_sink = {
    .on_open = near_open, .on_data = ignore_data, .on_gone = near_gone};

static void on_wake(void *arg)
{
    ((struct world *)arg)->woken++;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->loop = loop_sim_new(0, 0);
    world->slot = port_slot_new(world->loop, make_place, world);
    assert_non_null(world->slot);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    if (world->near)
        stream_close(world->near);
    loop_sim_settle(world->loop);
    if (world->far)
        stream_close(world->far);
    port_free(world->slot);
    assert_int_equal(world->places, 0);
    loop_free(world->loop);
    free(world);
    return 0;
}

static void attach(struct world *world, const char *uri)
{
    const char *why = NULL;
    assert_int_equal(port_slot_attach(world->slot, uri, &why), 0);
    assert_string_equal(port_uri(world->slot), uri);
}

static void open_it(struct world *world)
{
    assert_int_equal(port_open(world->slot, &near_sink, world, &world->near), 0);
    loop_sim_settle(world->loop);
    assert_int_equal(world->opened, 1);
}

static void talks_through(void **state)
{
    struct world *world = *state;
    struct stream *none = NULL;
    assert_int_equal(port_open(world->slot, &near_sink, world, &none), -ENXIO);
    attach(world, "a");
    world->refuse = 1;
    assert_int_equal(port_open(world->slot, &near_sink, world, &none), -EBUSY);
    world->refuse = 0;
    open_it(world);
    assert_int_equal(stream_write(world->near, "AT", 2), 0);
    loop_sim_settle(world->loop);
    assert_string_equal(world->heard, "AT");
    assert_int_equal(stream_write(world->far, "OK", 2), 0);
    loop_sim_settle(world->loop);
    assert_string_equal(world->heard, "ATOK");
}

static void detached_before_the_hang_up(void **state)
{
    struct world *world = *state;
    attach(world, "a");
    open_it(world);
    port_slot_detach(world->slot);
    assert_int_equal(world->gone, 0); /* never from inside */
    loop_sim_settle(world->loop);
    assert_int_equal(world->gone, 1);
    assert_int_equal(world->gone_err, ENODEV);
    assert_int_equal(stream_write(world->near, "AT", 2), -EPIPE);
    assert_int_equal(world->places, 0);
}

/* What had not left then never will: whoever asks behind it hears so. */
static void detached_with_something_unsent(void **state)
{
    struct world *world = *state;
    attach(world, "a");
    open_it(world);
    stream_pipe_hold(world->inner, 1);
    assert_int_equal(stream_write(world->near, "0011", 4), 0);
    assert_int_equal(stream_unsent(world->near), 4);
    port_slot_detach(world->slot);
    assert_int_equal(stream_unsent(world->near), 4);
    loop_sim_settle(world->loop);
    assert_int_equal(world->gone, 1);
    assert_int_equal(stream_unsent(world->near), 4);
    assert_string_equal(world->heard, "");
}

static void hung_up_before_the_detach(void **state)
{
    struct world *world = *state;
    attach(world, "a");
    open_it(world);
    stream_pipe_cut(world->far, 0);
    loop_sim_settle(world->loop);
    assert_int_equal(world->gone, 1);
    port_slot_detach(world->slot);
    loop_sim_settle(world->loop);
    assert_int_equal(world->gone, 1);
    stream_close(world->near);
    world->near = NULL;
    port_slot_detach(world->slot); /* twice does no harm */
    assert_int_equal(world->gone, 1);
}

static void closed_in_the_turn_of_its_detach(void **state)
{
    struct world *world = *state;
    attach(world, "a");
    open_it(world);
    port_slot_detach(world->slot);
    stream_close(world->near);
    world->near = NULL;
    loop_sim_settle(world->loop);
    assert_int_equal(world->gone, 0);
}

static void an_attach_wakes(void **state)
{
    struct world *world = *state;
    port_watch(world->slot, on_wake, world);
    loop_sim_settle(world->loop);
    assert_int_equal(world->woken, 0);
    attach(world, "a");
    loop_sim_settle(world->loop);
    assert_int_equal(world->woken, 1);
    attach(world, "b"); /* once: nobody waits any more */
    loop_sim_settle(world->loop);
    assert_int_equal(world->woken, 1);
    port_watch(world->slot, on_wake, world);
    attach(world, "b");
    port_unwatch(world->slot);
    loop_sim_settle(world->loop);
    assert_int_equal(world->woken, 1);
}

static void its_place_wakes_too(void **state)
{
    struct world *world = *state;
    attach(world, "a");
    port_watch(world->slot, on_wake, world);
    assert_non_null(world->watch);
    world->watch(world->watch_arg);
    assert_int_equal(world->woken, 1);
}

/* To the place goes what it is watched for; an attach is a new one in any case. */
static void a_new_one_wakes(void **state)
{
    struct world *world = *state;
    attach(world, "a");
    port_watch_new(world->slot, on_wake, world);
    assert_non_null(world->watch);
    assert_true(world->watch_new);
    world->watch(world->watch_arg);
    assert_int_equal(world->woken, 1);
    port_watch_new(world->slot, on_wake, world);
    port_unwatch(world->slot);
    assert_null(world->watch);
    port_watch_new(world->slot, on_wake, world);
    attach(world, "b");
    loop_sim_settle(world->loop);
    assert_int_equal(world->woken, 2);
}

static void moved_under_an_open_stream(void **state)
{
    struct world *world = *state;
    const char *why = NULL;
    attach(world, "a");
    open_it(world);
    attach(world, "a"); /* the same: goes on */
    loop_sim_settle(world->loop);
    assert_int_equal(world->gone, 0);
    attach(world, "b");
    loop_sim_settle(world->loop);
    assert_int_equal(world->gone, 1);
    assert_int_equal(world->places, 1);
    assert_int_equal(port_slot_attach(world->slot, "nonsense", &why), -EINVAL);
    assert_string_equal(why, "is none");
    assert_int_equal(world->places, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(talks_through, setup, teardown),
        cmocka_unit_test_setup_teardown(detached_before_the_hang_up, setup, teardown),
        cmocka_unit_test_setup_teardown(detached_with_something_unsent, setup, teardown),
        cmocka_unit_test_setup_teardown(hung_up_before_the_detach, setup, teardown),
        cmocka_unit_test_setup_teardown(closed_in_the_turn_of_its_detach, setup, teardown),
        cmocka_unit_test_setup_teardown(an_attach_wakes, setup, teardown),
        cmocka_unit_test_setup_teardown(its_place_wakes_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_one_wakes, setup, teardown),
        cmocka_unit_test_setup_teardown(moved_under_an_open_stream, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
