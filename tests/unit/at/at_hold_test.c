/* Modems that answer other commands while a message is under way: the SIM is held until its answer
 * came. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

static void send_one(struct world *w)
{
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    assert_true(world_until_outcome(w, token, 150000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    assert_int_equal(w->outcome.reference, world_truth_of(w, token));
}

static void say(struct world *w, const char *text)
{
    world_say(w, text, strlen(text));
}

/* One that is unknown after two minutes, and answered so long after its Ctrl-Z. */
static uint64_t late_one(struct world *w, int64_t late_ms, const char *answer)
{
    w->answer_late_ms = late_ms;
    w->cmgs_answer = answer;
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 125000));
    assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
    assert_int_equal(w->outcome.cause, SMS_LOCAL_TIMEOUT);
    world_run(w, 0);
    assert_int_equal(world_submit(w, false), 0);
    world_run(w, 200); /* the fence proves nothing */
    assert_int_equal(world_state(w), LINK_RECOVERING);
    assert_int_equal(world_submit(w, false), 0);
    w->answer_late_ms = 0;
    w->cmgs_answer = NULL;
    return token;
}

static struct world *world_of(const char *model)
{
    struct world *w = world_new();
    strcpy(w->maker, "otpgate");
    strcpy(w->model, model);
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    return w;
}

static struct world *world_late(int64_t late_ms, const char *answer)
{
    struct world *w = world_of("SIM-LATE");
    (void)late_one(w, late_ms, answer);
    return w;
}

static void its_sim_is_held_until_the_answer(void **state)
{
    (void)state;
    struct world *w = world_late(200000, NULL);
    world_run(w, 79000);
    assert_int_equal(world_state(w), LINK_RECOVERING);
    assert_int_equal(w->evidences, 0);
    assert_true(world_until_ready(w, 3000));
    assert_int_equal(w->evidences, 1);
    assert_int_equal(w->evidence.token, 100);
    assert_int_equal(w->evidence.reference, 7);
    assert_false(w->evidence.unsure);
    send_one(w);
    assert_int_equal(w->evidences, 1);
    world_end(w);
}

static void an_error_right_behind_makes_it_unsure(void **state)
{
    (void)state;
    struct world *w = world_late(200000, "\r\n+CMGS: %d\r\n\r\n+CMS ERROR: 500\r\n");
    assert_true(world_until_ready(w, 85000));
    assert_int_equal(w->evidences, 2);
    assert_int_equal(w->evidence.token, 100);
    assert_true(w->evidence.unsure);
    send_one(w);
    world_end(w);
}

/* The next message has its own end: an error then says nothing of the one before. */
static void an_error_behind_the_next_message_is_nobodys(void **state)
{
    (void)state;
    struct world *w = world_late(200000, "\r\n+CMGS: %d\r\n");
    assert_true(world_until_ready(w, 85000));
    assert_int_equal(w->evidences, 1);
    send_one(w);
    say(w, "\r\n+CMS ERROR: 500\r\n");
    world_run(w, 0);
    assert_int_equal(w->evidences, 1);
    world_end(w);
}

/* Minutes later it is not the end of that answer. */
static void an_error_long_behind_is_nobodys(void **state)
{
    (void)state;
    struct world *w = world_late(200000, NULL);
    assert_true(world_until_ready(w, 85000));
    world_run(w, 30000);
    say(w, "\r\n+CMS ERROR: 500\r\n");
    world_run(w, 0);
    assert_int_equal(w->evidences, 1);
    world_end(w);
}

static void a_late_error_ends_the_hold(void **state)
{
    (void)state;
    struct world *w = world_late(200000, "\r\n+CMS ERROR: 38\r\n");
    assert_true(world_until_ready(w, 82000));
    assert_int_equal(w->evidences, 0);
    send_one(w);
    world_end(w);
}

static void the_longest_answer_time_ends_the_hold(void **state)
{
    (void)state;
    struct world *w = world_late(4000000, NULL);
    assert_false(world_until_ready(w, 175000));
    assert_true(world_until_ready(w, 10000));
    send_one(w);
    world_end(w);
}

/* Nobody has to know of a modem that it is of that kind: it has passed a fence. */
static void a_plain_one_is_held_too(void **state)
{
    static const struct {
        const char *answer;
        unsigned evidences;
        bool unsure;
    } rows[] = {{NULL, 1, false},
                {"\r\n+CMGS: %d\r\n\r\n+CMS ERROR: 500\r\n", 2, true},
                {"\r\n+CMS ERROR: 38\r\n", 0, false},
                {"\r\nERROR\r\n", 0, false},
                {"\r\nOK\r\n", 0, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_of("SIM-1");
        for (unsigned n = 1; n <= 3; n++) { /* they were answered in the end: no rung */
            uint64_t token = late_one(w, 125000, rows[i].answer);
            world_run(w, 4000);
            assert_int_equal(world_state(w), LINK_RECOVERING);
            assert_true(world_until_ready(w, 2000));
            assert_int_equal(w->evidences, n * rows[i].evidences);
            assert_int_equal(w->evidence.token, rows[i].evidences ? token : 0);
            assert_int_equal(w->evidence.unsure, rows[i].unsure);
        }
        send_one(w);
        world_end(w);
    }
}

/* A minute behind the verdict it is ready again; the next silence is a rung, and none that waits.
 */
static void a_plain_one_is_held_for_a_minute(void **state)
{
    (void)state;
    struct world *w = world_of("SIM-1");
    (void)late_one(w, 4000000, NULL);
    assert_false(world_until_ready(w, 59500));
    assert_true(world_until_ready(w, 1000));
    w->cmgs_answer = "";
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 120000));
    assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
    assert_null(strstr(w->wire, "AT+CFUN=4"));
    w->cmgs_answer = NULL;
    assert_true(world_until_ready(w, 5000));
    assert_non_null(strstr(w->wire, "AT+CFUN=4")); /* its radio has restarted */
    send_one(w);
    world_end(w);
}

static void a_restart_ends_the_hold(void **state)
{
    (void)state;
    struct world *w = world_late(4000000, NULL);
    world_run(w, 5000);
    say(w, "\r\nRDY\r\n");
    assert_true(world_until_ready(w, 2000));
    send_one(w);
    world_end(w);
}

static void a_reference_out_of_nowhere_is_an_orphan(void **state)
{
    (void)state;
    struct world *w = world_ready();
    send_one(w);
    say(w, "\r\n+CMGS: 99\r\n");
    world_run(w, 0);
    assert_int_equal(w->evidences, 1);
    assert_int_equal(w->evidence.token, 0);
    assert_int_equal(w->evidence.reference, 99);
    assert_string_equal(w->evidence.iccid, "8984048000000000012");
    /* One whose answer may still come names it, until another text has left. */
    for (int later = 0; later < 2; later++) {
        w->cmgs_answer = "\r\nOK\r\n";
        uint64_t unknown = world_submit(w, false);
        assert_true(world_until_outcome(w, unknown, 10));
        assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
        w->cmgs_answer = NULL;
        world_run(w, 0);
        if (later)
            send_one(w);
        say(w, "\r\n+CMGS: 97\r\n");
        world_run(w, 0);
        assert_int_equal(w->evidence.token, later ? 0 : unknown);
        say(w, "\r\n+CMGS: 96\r\n"); /* whose ever: that one has its answer */
        world_run(w, 0);
        assert_int_equal(w->evidence.token, 0);
    }
    /* Between AT+CMGS and our own text it cannot be ours. */
    w->answer = OWNER_SILENT;
    uint64_t token = world_submit(w, false);
    world_run(w, 0);
    say(w, "\r\n+CMGS: 98\r\n");
    world_run(w, 0);
    assert_int_equal(w->evidence.reference, 98);
    link_proceed(w->link, token, 0, true);
    assert_true(world_until_outcome(w, token, 10));
    assert_int_equal(w->outcome.reference, world_truth_of(w, token));
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_sim_is_held_until_the_answer),
        cmocka_unit_test(an_error_right_behind_makes_it_unsure),
        cmocka_unit_test(an_error_behind_the_next_message_is_nobodys),
        cmocka_unit_test(an_error_long_behind_is_nobodys),
        cmocka_unit_test(a_late_error_ends_the_hold),
        cmocka_unit_test(the_longest_answer_time_ends_the_hold),
        cmocka_unit_test(a_plain_one_is_held_too),
        cmocka_unit_test(a_plain_one_is_held_for_a_minute),
        cmocka_unit_test(a_restart_ends_the_hold),
        cmocka_unit_test(a_reference_out_of_nowhere_is_an_orphan),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
