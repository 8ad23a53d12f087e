/* A modem that refuses what it is given: before the text has left it is the modem's fault, and its
 * messages go elsewhere; of a text that was refused a second SIM tells whose fault it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "rig.h"

enum { MESSAGES = 7 };

static bool is_out(struct world *world, const char *subject)
{
    struct alarm_view alarm;

    for (size_t i = 0; alarm_at(gateway_alarms(world->gateway), i, &alarm); i++)
        if (strcmp(alarm.name, "sim_failing") == 0 && strcmp(alarm.subject, subject) == 0)
            return true;
    return false;
}

static int64_t accept_to(struct world *world, int at)
{
    char key[8], to[16];
    snprintf(key, sizeof key, "k%d", at);
    snprintf(to, sizeof to, "09123456%02d", at);
    struct send_request request = rig_request(key);
    request.to = to;
    request.ttl_s = 600;
    return rig_accept(world, &request);
}

/* One answers so at its prompt, in no time; the other sends each in 2.5 s. Nothing is lost by it,
 * and in the end the first is taken out. */
static void other_sends_all(struct world *world, enum sms_cause_space space, int cause)
{
    int64_t row[MESSAGES];

    rig_ready(world, 0);
    rig_ready(world, 1);
    for (int i = 0; i < MESSAGES; i++)
        row[i] = accept_to(world, i);
    for (int turn = 0; turn < 60; turn++) {
        while (world->link[0]->busy)
            rig_outcome(world, 0, SMS_NOT_SENT, space, cause);
        if (world->link[1]->busy)
            rig_prompt(world, 1);
        rig_run_for(world, 2500);
        if (world->link[1]->busy)
            rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    for (int i = 0; i < MESSAGES; i++)
        rig_assert_state(world, row[i], MESSAGE_SENT);
}

static void one_that_does_not_allow_it_is_no_hole(void **state)
{
    static const struct {
        enum sms_cause_space space;
        int cause;
    } rows[] = {{SMS_CAUSE_CME, 3},   {SMS_CAUSE_CME, 4},   {SMS_CAUSE_CMS, 303},
                {SMS_CAUSE_CMS, 304}, {SMS_CAUSE_CMS, 305}, {SMS_CAUSE_LOCAL, SMS_LOCAL_ERROR}};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *own = NULL;
        rig_setup(&own);
        other_sends_all(own, rows[i].space, rows[i].cause);
        rig_teardown(&own);
    }
}

static void it_rests_and_is_punished(void **state)
{
    struct world *world = *state;
    struct modem_view view;

    rig_ready(world, 0);
    int64_t row = accept_to(world, 0);
    accept_to(world, 1);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CME, 3);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    assert_true(gateway_modem_at(world->gateway, 0, &view));
    assert_true(view.penalty > 2);
    rig_run_for(world, 29 * 1000);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 1000);
    assert_true(world->link[0]->busy);
}

static void three_recipients_take_it_out(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    for (int i = 0; i < 3; i++) {
        accept_to(world, i);
        assert_false(is_out(world, "m0"));
        rig_run_for(world, 60 * 1000);
        for (int again = 0; again < 4 && world->link[0]->busy && !is_out(world, "m0"); again++) {
            rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CME, 3);
            rig_run_for(world, 60 * 1000);
        }
    }
    assert_true(is_out(world, "m0"));
}

/* --- the text was refused ------------------------------------------------------------------------
 */

static void refuse_text(struct world *world, int link, int cause)
{
    rig_prompt(world, link);
    rig_outcome(world, link, SMS_NOT_SENT, SMS_CAUSE_CMS, cause);
}

/* What two SIMs refuse is the message's own fault: it fails, and neither is blamed, however many
 * of its kind there are. */
static void what_two_sims_refuse_is_the_message(void **state)
{
    static const int causes[] = {304, 145, 176};
    struct world *world = *state;
    int at = 0;

    rig_ready(world, 0);
    rig_ready(world, 1);
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        for (int n = 0; n < 5; n++) {
            int64_t row = accept_to(world, at++);
            int first = world->link[0]->busy ? 0 : 1;
            assert_true(world->link[first]->busy);
            refuse_text(world, first, causes[i]);
            assert_true(world->link[1 - first]->busy); /* at once */
            refuse_text(world, 1 - first, causes[i]);
            rig_assert_state(world, row, MESSAGE_FAILED);
        }
    }
    assert_false(is_out(world, "m0") || is_out(world, "m1"));
    int64_t good = accept_to(world, at);
    assert_true(world->link[0]->busy || world->link[1]->busy); /* none of them rests */
    rig_assert_state(world, good, MESSAGE_CLAIMED);
}

static void where_there_is_one_sim_it_fails_there(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    int64_t row = accept_to(world, 0);
    refuse_text(world, 0, 304);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    int64_t good = accept_to(world, 1);
    assert_true(world->link[0]->busy); /* it rests for nobody yet */
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, good, MESSAGE_SENT);
    rig_run_for(world, 30 * 1000);
    refuse_text(world, 0, 304);
    struct message message = rig_look(world, row);
    assert_int_equal(message.state, MESSAGE_FAILED);
    assert_string_equal(message.reason, "invalid_pdu");
    message_clear(&message);
}

static void who_refuses_what_others_send_is_taken_out(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    rig_ready(world, 1);
    for (int i = 0; i < 40 && !is_out(world, "m0"); i++) {
        int64_t row = accept_to(world, i);
        if (world->link[0]->busy)
            refuse_text(world, 0, 304);
        if (world->link[1]->busy) {
            rig_prompt(world, 1);
            rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
        }
        rig_assert_state(world, row, MESSAGE_SENT);
        rig_run_for(world, 31 * 1000);
    }
    assert_true(is_out(world, "m0"));
    assert_false(is_out(world, "m1"));
}

/* --- a plain ERROR at the prompt -----------------------------------------------------------------
 */

static void an_error_is_waited_out(struct world *world, int links)
{
    int64_t row, until_ms;

    for (int i = 0; i < links; i++)
        rig_ready(world, i);
    row = accept_to(world, 0);
    until_ms = loop_now_ms(world->loop) + 20 * 1000;
    while (loop_now_ms(world->loop) < until_ms) {
        for (int i = 0; i < links; i++)
            while (world->link[i]->busy)
                rig_outcome(world, i, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ERROR);
        rig_run_for(world, 100);
    }
    for (int t = 0; t < 60; t++) {
        for (int i = 0; i < links; i++) {
            if (!world->link[i]->busy)
                continue;
            rig_prompt(world, i);
            rig_outcome(world, i, SMS_SENT, SMS_CAUSE_NONE, 0);
        }
        rig_run_for(world, 1000);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void an_error_at_the_prompt_burns_no_attempts(void **state)
{
    an_error_is_waited_out(*state, 1);
}

static void nor_where_all_say_so(void **state)
{
    an_error_is_waited_out(*state, LINKS_MAX);
}

/* The first is soon over, what goes on is asked less often. */
static void its_rest_grows(void **state)
{
    struct world *world = *state;
    int64_t before_ms = 0;

    rig_ready(world, 0);
    for (int i = 0; i < 4; i++) {
        accept_to(world, i);
        int64_t from_ms = loop_now_ms(world->loop);
        assert_true(world->link[0]->busy);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ERROR);
        while (!world->link[0]->busy)
            rig_run_for(world, 100);
        int64_t rest_ms = loop_now_ms(world->loop) - from_ms;
        assert_true(i > 0 || rest_ms <= 5100);
        assert_true(rest_ms > before_ms && rest_ms <= 60 * 1000);
        before_ms = rest_ms;
    }
}

static int setup_many(void **state)
{
    rig_setup_links(state, NULL, LINKS_MAX);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_does_not_allow_it_is_no_hole),
        TEST(it_rests_and_is_punished),
        TEST(three_recipients_take_it_out),
        TEST(what_two_sims_refuse_is_the_message),
        TEST(where_there_is_one_sim_it_fails_there),
        TEST(who_refuses_what_others_send_is_taken_out),
        TEST(an_error_at_the_prompt_burns_no_attempts),
        cmocka_unit_test_setup_teardown(nor_where_all_say_so, setup_many, rig_teardown),
        TEST(its_rest_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
