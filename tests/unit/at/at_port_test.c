/* The link and its port: one that is not there, that others have, that opens late or never. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_world.h"

static void send_one(struct world *w)
{
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    assert_true(world_until_outcome(w, token, 150000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    assert_int_equal(w->outcome.reference, world_truth_of(w, token));
}

static void an_absent_port_is_watched_not_polled(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->absent = true;
    world_start(w);
    world_run(w, 10);
    assert_int_equal(world_state(w), LINK_GONE);
    assert_non_null(w->watch);
    assert_true(loop_sim_next_ms(w->loop) == INT64_MAX);
    world_plug(w);
    assert_true(world_until_ready(w, 5000));
    send_one(w);
    world_end(w);
}

static void unplug_and_replug(void **state)
{
    (void)state;
    struct world *w = world_ready();
    for (int i = 0; i < 20; i++) {
        world_unplug(w);
        world_run(w, 100);
        assert_int_equal(world_state(w), LINK_GONE);
        assert_int_equal(world_submit(w, false), 0);
        world_run(w, 500);
        world_plug(w);
        assert_true(world_until_ready(w, 1000));
        send_one(w);
    }
    world_end(w);
}

static void a_port_held_by_others_is_tried_less_and_less(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->open_error = -EBUSY;
    world_start(w);
    world_run(w, 3600000);
    unsigned tries = 0;
    for (const char *at = w->trace; (at = strstr(at, "state gone")); at++)
        tries++;
    assert_in_range(tries, 5, 40);
    w->open_error = 0;
    assert_true(world_until_ready(w, 601000));
    world_end(w);
}

/* In place: what is told in one turn is told once, so that only a late failure shows an opening. */
static const char *without_openings(char *trace)
{
    for (char *line = trace, *end; (end = strchr(line, '\n'));) {
        const char *at = strstr(line, " state opening ");
        if (at && at < end)
            memmove(line, end + 1, strlen(end + 1) + 1);
        else
            line = end + 1;
    }
    return trace;
}

/* What is wrong with a serial device is found out after the open has returned: no word, state or
 * time is another for that. */
static void what_is_wrong_may_come_later(void **state)
{
    static const int errors[] = {EBUSY, ENOENT, ENODEV, ENXIO, ENOTDIR, EACCES, EIO};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct world *w[2] = {world_new(), world_new()};
        for (int late = 0; late < 2; late++) {
            w[late]->open_error = -errors[i];
            w[late]->open_late = late;
            world_start(w[late]);
            world_run(w[late], 3600000);
            world_let_go(w[late]);
            world_run(w[late], 60000);
            w[late]->open_error = 0;
            world_plug(w[late]);
            assert_true(world_until_ready(w[late], 601000));
        }
        const char *end = errors[i] == EIO ? "state quarantined" : "state gone";
        assert_non_null(strstr(w[0]->trace, end));
        assert_string_equal(without_openings(w[0]->trace), without_openings(w[1]->trace));
        world_end(w[0]);
        world_end(w[1]);
    }
}

/* A stick that hangs while it is opened: after a minute it is given up, and tried again. */
static void a_port_that_does_not_open_is_given_up(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->open_error = -EIO;
    w->open_late = true;
    w->open_error_ms = -1;
    world_start(w);
    world_run(w, 59000);
    assert_int_equal(world_state(w), LINK_OPENING);
    assert_int_equal(world_submit(w, false), 0);
    world_run(w, 1000);
    assert_non_null(
        strstr(w->trace, "state recovering (the port does not open: Connection timed out)"));
    w->open_error = 0;
    assert_true(world_until_ready(w, 601000));
    send_one(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absent_port_is_watched_not_polled),
        cmocka_unit_test(unplug_and_replug),
        cmocka_unit_test(a_port_held_by_others_is_tried_less_and_less),
        cmocka_unit_test(what_is_wrong_may_come_later),
        cmocka_unit_test(a_port_that_does_not_open_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
