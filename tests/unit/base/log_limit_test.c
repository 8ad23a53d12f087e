/* log_limit: a flood is bounded, told, and hides nobody else. */
#include "cm.h"
#include "log_limit.h"
#include "loop_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;
static unsigned lines, of_b, ladders, broken;
static unsigned long left_out, left_out_loud;
static unsigned tellings;
static enum log_level loudest;

static void hear(void *arg, enum log_level level, const char *line)
{
    const char *count = strstr(line, "lines=");
    (void)arg;
    if (strstr(line, " left_out ")) {
        tellings++;
        *(strstr(line, "event=") ? &left_out_loud : &left_out) += strtoul(count + 6, NULL, 10);
        loudest = level < loudest ? level : loudest;
        return;
    }
    lines++;
    of_b += strncmp(line, "at b ", 5) == 0;
    ladders += strncmp(line, "at a ladder", 11) == 0;
    broken += strncmp(line, "at a broken", 11) == 0;
}

static int setup(void **state)
{
    (void)state;
    loop = loop_sim_new(1000, 1763780000000);
    lines = of_b = ladders = broken = tellings = 0;
    left_out = left_out_loud = 0;
    loudest = LOG_LEVEL_DEBUG;
    log_level_set(LOG_LEVEL_INFO);
    log_sink_set(hear, NULL);
    log_limit_set(loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_limit_set(NULL);
    log_sink_set(NULL, NULL);
    log_level_set(LOG_LEVEL_INFO);
    loop_free(loop);
    return 0;
}

static void pass(int64_t ms)
{
    loop_sim_run_until(loop, loop_now_ms(loop) + ms);
}

static void an_hours_flood_is_bounded_and_told(void **state)
{
    (void)state;
    enum { PER_S = 100, SECONDS = 3600 };
    for (int s = 0; s < SECONDS; s++) {
        for (int i = 0; i < PER_S; i++)
            log_event(LOG_LEVEL_INFO, "at", "a", "noise", "n=%d", i);
        log_event(LOG_LEVEL_INFO, "at", "b", "well", "%s", "");
        pass(1000);
    }
    assert_in_range(lines - of_b, 3600, 3600 + 201);
    assert_int_equal(of_b, SECONDS);
    log_limit_set(NULL); /* the rest is told at the end */
    assert_int_equal(lines - of_b + left_out, PER_S * SECONDS);
    assert_in_range(tellings, 59, 61);
    assert_int_equal(loudest, LOG_LEVEL_NOTICE);
}

static void a_flood_of_one_warning_hides_no_other(void **state)
{
    (void)state;
    for (int s = 0; s < 600; s++) {
        for (int i = 0; i < 10; i++) {
            log_event(LOG_LEVEL_WARNING, "at", "a", "broken", "n=%d", i);
            log_event(LOG_LEVEL_INFO, "at", "a", "noise", "n=%d", i);
        }
        if (s % 60 == 59)
            log_event(LOG_LEVEL_WARNING, "at", "a", "ladder", "rung=%s", "reset");
        pass(1000);
    }
    assert_int_equal(ladders, 10); /* each of them */
    assert_in_range(broken, 50 + 58, 50 + 61);
    log_limit_set(NULL);
    assert_int_equal(broken + left_out_loud, 6000);
    assert_int_equal(loudest, LOG_LEVEL_WARNING);
}

static void what_stops_is_told_too(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++)
        log_event(LOG_LEVEL_INFO, "at", "a", "noise", "%s", "");
    assert_int_equal(lines, 200);
    assert_int_equal(tellings, 0);
    pass(59000);
    assert_int_equal(tellings, 0);
    pass(1000);
    assert_int_equal(tellings, 1);
    assert_int_equal(left_out, 100);
    assert_true(loop_sim_next_ms(loop) == INT64_MAX); /* no timer where nothing is left out */
    log_event(LOG_LEVEL_INFO, "at", "a", "well", "%s", "");
    assert_int_equal(lines, 201);
}

static void what_is_not_logged_does_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++)
        log_event(LOG_LEVEL_DEBUG, "at", "a", "bytes", "%s", "");
    log_event(LOG_LEVEL_INFO, "at", "a", "well", "%s", "");
    assert_int_equal(lines, 1);
    log_level_set(LOG_LEVEL_DEBUG);
    for (int i = 0; i < 5000; i++)
        log_event(LOG_LEVEL_DEBUG, "at", "a", "bytes", "%s", "");
    log_event(LOG_LEVEL_INFO, "at", "a", "well", "%s", ""); /* a bucket of its own */
    assert_int_equal(lines, 1 + 2000 + 1);
}

/* All mistakes of a configuration are told. */
static void the_program_itself_may_say_more(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++)
        log_event(LOG_LEVEL_ERROR, "config", "-", "mistake", "line=%d", i);
    assert_int_equal(lines, 500);
}

/* Ids of messages come and go by thousands; the one that floods keeps its bucket. */
static void many_objects_do_not_help_the_one(void **state)
{
    (void)state;
    char id[16];
    for (int i = 0; i < 20000; i++) {
        snprintf(id, sizeof id, "m%d", i);
        log_event(LOG_LEVEL_INFO, "attempt", id, "sent", "%s", "");
        log_event(LOG_LEVEL_INFO, "at", "a", "noise", "%s", "");
    }
    assert_int_equal(lines, 20000 + 200);
    for (int i = 0; i < 300; i++) { /* silent now, forgotten, and told before */
        snprintf(id, sizeof id, "n%d", i);
        log_event(LOG_LEVEL_INFO, "attempt", id, "sent", "%s", "");
        pass(10);
    }
    assert_int_equal(left_out, 20000 - 200);
}

/* Sessions of one uid come and go by thousands: they are one object. */
static void what_stands_behind_a_slash_is_no_object(void **state)
{
    (void)state;
    char id[16];
    for (int i = 0; i < 20000; i++) {
        snprintf(id, sizeof id, "33/%d", i);
        log_event(LOG_LEVEL_INFO, "session", id, "end", "%s", "");
    }
    assert_int_equal(lines, 200);
    log_event(LOG_LEVEL_INFO, "session", "34/1", "end", "%s", "");
    assert_int_equal(lines, 201);
    log_limit_set(NULL);
    assert_int_equal(left_out, 20000 - 200);
}

static void without_a_loop_there_is_no_limit(void **state)
{
    (void)state;
    log_limit_set(NULL);
    for (int i = 0; i < 5000; i++)
        log_event(LOG_LEVEL_INFO, "at", "a", "noise", "%s", "");
    assert_int_equal(lines, 5000);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(an_hours_flood_is_bounded_and_told),
        CASE(a_flood_of_one_warning_hides_no_other),
        CASE(what_stops_is_told_too),
        CASE(what_is_not_logged_does_not_count),
        CASE(the_program_itself_may_say_more),
        CASE(many_objects_do_not_help_the_one),
        CASE(what_stands_behind_a_slash_is_no_object),
        CASE(without_a_loop_there_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
