/* A list of what is stored that does not end, while the modem goes on talking: it costs its time
 * and no more, and what lies there is found all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_sim_world.h"

static struct loop_timer tongue;
static const char *said;
static int every_ms;

static void on_tongue(void *arg)
{
    (void)arg;
    assert_int_equal(stream_write(t.wire, said, strlen(said)), 0);
    loop_timer_arm_in(&tongue, every_ms);
}

/* Three messages lie in a modem that answers no list and says `line` every `ms`. */
static void talks(const char *line, int ms)
{
    said = line;
    every_ms = ms;
    sim_world_prepare("huawei");
    t.intercept = "AT+CMGL";
    t.instead = "";
    t.intercepts = 1000;
    for (int i = 0; i < 3; i++)
        sim_world_write((const char *const[]){"tin 0", "tin 1", "tin 2"}[i]);
    sim_world_run(100);
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000);
    assert_int_equal(t.intercepted, 1); /* the list is asked for */
    loop_timer_init(&tongue, t.loop, on_tongue, NULL);
    loop_timer_arm_in(&tongue, every_ms);
}

/* A submit that waits behind the list has its outcome within `ms` (it is told so and can be given
 * to another modem), the next one goes, and what was to be listed is read one by one. */
static void goes_on_within(int64_t ms)
{
    assert_int_equal(sim_world_submit_only(false), 0);
    sim_world_run(ms);
    assert_int_equal(t.outcomes, 1);
    assert_int_equal(t.outcome.verdict, SMS_NOT_SENT);
    assert_true(sim_world_until_ready(20000));
    sim_world_submit(false);
    assert_int_equal(t.outcome.verdict, SMS_SENT);
    sim_world_run(60000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sim_world_find((const char *const[]){"tin 0", "tin 1", "tin 2"}[i])->told,
                         1);
    assert_int_equal(sim_world_stored(), 0);
    assert_int_equal(t.intercepted, 1);
    loop_timer_cancel(&tongue);
    sim_world_no_violations("");
    sim_world_stop();
}

static void what_it_says_unasked_is_no_list(void **state)
{
    (void)state;
    talks("\r\n^FOO: 1\r\n", 5000);
    goes_on_within(45000);
}

static void a_list_that_never_ends_does(void **state)
{
    (void)state;
    talks("\r\n+CMGL: 200,3,,26\r\n", 5000); /* a draft, again and again */
    goes_on_within(75000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_unasked_is_no_list),
        cmocka_unit_test(a_list_that_never_ends_does),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
