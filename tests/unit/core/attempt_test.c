/* The life of a message against links that the test plays by hand, on virtual time with the real
 * store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loop_sim.h"
#include "rig.h"

/* --- the straight way ----------------------------------------------------------------------------
 */

static void sent_in_one_go(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    assert_true(world->link[0]->busy); /* the claim rode with the accept */
    rig_assert_state(world, row, MESSAGE_CLAIMED);
    rig_prompt(world, 0);
    assert_true(world->link[0]->answered && world->link[0]->yes);
    rig_assert_state(world, row, MESSAGE_SENDING);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);

    struct attempt attempts[4];
    assert_int_equal(store_attempts_of(world->store, row, attempts, 4), 1);
    assert_int_equal(attempts[0].state, ATTEMPT_SENT);
    assert_int_equal(attempts[0].reference, 7);
}

static void highest_class_then_nearest_deadline(void **state)
{
    struct world *world = *state;
    struct send_request first = rig_request("bulk"), late = rig_request("late"),
                        soon = rig_request("soon");
    first.class_ = CLASS_BULK;
    late.ttl_s = 600;
    soon.ttl_s = 100;

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t bulk = rig_accept(world, &first), far = rig_accept(world, &late),
            near = rig_accept(world, &soon);
    const int64_t order[] = {near, far, bulk};
    rig_ready(world, 0);
    for (int i = 0; i < 3; i++) {
        rig_assert_state(world, order[i], MESSAGE_CLAIMED);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
        rig_assert_state(world, order[i], MESSAGE_SENT);
    }
}

static void two_modems_share(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");

    rig_ready(world, 0);
    rig_ready(world, 1);
    rig_accept(world, &a);
    rig_accept(world, &b);
    assert_true(world->link[0]->busy && world->link[1]->busy);
}

static void same_key_is_one_message(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), other = rig_request("a");
    struct refusal refusal;
    other.text_len--;

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &a);
    assert_int_equal(rig_accept(world, &a), row);
    assert_int_equal(rig_send(world, &other, &refusal), 0);
    assert_string_equal(refusal.name, "conflict");
    other.uid++; /* another client's key is another key */
    assert_true(rig_accept(world, &other) != row);
}

/* --- deadlines
 * ------------------------------------------------------------------------------------- */

static void nothing_leaves_after_its_deadline(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_run_for(world, 300 * 1000); /* the prompt comes too late */
    rig_prompt(world, 0);
    assert_true(world->link[0]->answered);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_assert_state(world, row, MESSAGE_EXPIRED);
}

static void waiting_ones_expire(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t row = rig_accept(world, &request);
    rig_run_for(world, 299 * 1000);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    rig_run_for(world, 1000);
    rig_assert_state(world, row, MESSAGE_EXPIRED);
    rig_ready(world, 0);
    assert_false(world->link[0]->busy);
}

/* The network said why, after the deadline: the client learns it, and not only that it was late. */
static void what_the_network_refused_is_told_after_the_deadline(void **state)
{
    static const struct {
        int cause;
        enum message_state state;
        const char *reason;
    } rows[] = {{1, MESSAGE_FAILED, "unassigned_number"}, {42, MESSAGE_EXPIRED, "deadline"}};
    struct world *world = *state;
    char key[4];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        struct send_request request = rig_request(key);
        rig_ready(world, 0);
        int64_t row = rig_accept(world, &request);
        rig_prompt(world, 0);
        rig_run_for(world, 301 * 1000);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, rows[i].cause);
        struct message message = rig_look(world, row);
        assert_string_equal(message_state_name(message.state), message_state_name(rows[i].state));
        assert_string_equal(message.reason, rows[i].reason);
        assert_int_equal(message.cause, rows[i].cause); /* raw, beside the reason */
        message_clear(&message);
        rig_run_for(world, 60 * 1000);
    }
}

/* In time at the prompt; the disk has taken longer than what was left. */
static void a_slow_disk_lets_nothing_out_late(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_run_for(world, 299 * 1000);
    hand_link_prompt(world->link[0]);
    assert_false(world->link[0]->answered);
    loop_sim_stall(world->loop, 1000);
    rig_settle(world);
    assert_true(world->link[0]->answered);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_assert_state(world, row, MESSAGE_EXPIRED);
}

/* The service centre gives up when it is late: minutes are in steps of five. */
static void the_network_is_told_how_long_it_may_take(void **state)
{
    static const int left_s[] = {299, 1800, 3600};
    struct world *world = *state;
    char key[8];

    rig_ready(world, 0);
    for (size_t i = 0; i < sizeof left_s / sizeof *left_s; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        struct send_request request = rig_request(key);
        request.ttl_s = left_s[i];
        rig_accept(world, &request);
        const struct pdu_tpdu *tpdu = &world->link[0]->submit.tpdu;
        size_t behind_number = 4 + (tpdu->octet[2] + 1u) / 2;
        assert_int_equal(tpdu->octet[0] & 0x18, 0x10); /* relative */
        assert_int_equal(tpdu->octet[behind_number + 2], pdu_validity(left_s[i] * 1000));
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
}

static void what_cannot_make_it_is_refused(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    char key[16];

    hand_link_state(world->link[0], LINK_REGISTERING);
    hand_link_state(world->link[1], LINK_GONE);
    int accepted = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = rig_request(key);
        request.ttl_s = 20;
        if (!rig_send(world, &request, &refusal))
            break;
        accepted++;
    }
    assert_in_range(accepted, 6, 8); /* 2.5 s each */
    assert_string_equal(refusal.name, "overloaded");
    assert_true(refusal.retry_after_s > 0 && refusal.estimate_ms > 20000);
    rig_run_for(world, 21 * 1000); /* they are over, and count no more */
    struct send_request again = rig_request("again");
    again.ttl_s = 20;
    rig_accept(world, &again);

    hand_link_state(world->link[0], LINK_QUARANTINED);
    struct send_request request = rig_request("z");
    assert_int_equal(rig_send(world, &request, &refusal), 0);
    assert_string_equal(refusal.name, "no_modem");
}

/* --- outcomes
 * ---------------------------------------------------------------------------------------- */

static void unknown_otp_is_sent_once_more_elsewhere(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_ready(world, 1);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    rig_run_for(world, 4900);
    assert_false(world->link[0]->busy || world->link[1]->busy);
    rig_run_for(world, 200);
    assert_false(world->link[0]->busy);
    rig_prompt(world, 1);
    assert_true(world->link[1]->yes);
    rig_outcome(world, 1, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_assert_state(world, row, MESSAGE_UNKNOWN); /* never a third copy */
    rig_run_for(world, 400 * 1000);
    assert_false(world->link[0]->busy || world->link[1]->busy);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
}

static void unknown_report_is_never_sent_again(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");
    request.on_unknown = ON_UNKNOWN_REPORT;

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_CMS, 500);
    rig_run_for(world, 1000 * 1000);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    assert_int_equal(world->link[0]->submits, 1);
}

static void causes_38_and_41_are_unknown_for_report(void **state)
{
    static const int causes[] = {38, 41};
    struct world *world = *state;
    char key[8];

    for (size_t i = 0; i < 2; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        struct send_request request = rig_request(key);
        request.on_unknown = ON_UNKNOWN_REPORT;
        rig_ready(world, 0);
        int64_t row = rig_accept(world, &request);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, causes[i]);
        rig_assert_state(world, row, MESSAGE_UNKNOWN);
        hand_link_state(world->link[0], LINK_REGISTERING); /* rests no longer */
    }
}

static void late_reference_settles_and_stops_the_resend(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");
    struct link_evidence late = {.reference = 9};

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    late.token = world->link[0]->submit.token;
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_run_for(world, 5100);
    assert_true(world->link[0]->busy); /* the resend is claimed, its prompt not yet there */
    world->link[0]->link.sink->evidence(world->link[0]->link.ctx, &world->link[0]->link, &late);
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_SENT);
    rig_prompt(world, 0);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_false(world->link[0]->busy);
}

static void four_attempts_that_sent_nothing_are_enough(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    for (int i = 0; i < 4; i++) {
        assert_true(world->link[0]->busy);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42);
        rig_run_for(world, 60 * 1000);
    }
    rig_assert_state(world, row, MESSAGE_FAILED);
    assert_int_equal(world->link[0]->submits, 4);
}

/* Two waits for the same modem, then it is another's turn. */
static void after_two_waits_another_modem_is_wanted(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    for (int i = 0; i < 3; i++) {
        struct message message = rig_look(world, row);
        assert_string_equal(message.avoid, "");
        message_clear(&message);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42);
        if (i < 2)
            rig_run_for(world, 60 * 1000);
    }
    struct message message = rig_look(world, row);
    assert_string_equal(message.avoid, world->link[0]->link.identity.iccid);
    message_clear(&message);
}

/* Of an attempt that is over, or never was. */
static void an_outcome_of_another_attempt_is_no_news(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");
    const struct sms_outcome stale = {.verdict = SMS_SENT, .reference = 3};

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    struct hand_link *hand = world->link[0];
    hand->link.sink->outcome(hand->link.ctx, &hand->link, hand->submit.token + 1, 0, &stale);
    hand->link.sink->outcome(hand->link.ctx, &hand->link, hand->submit.token, 1, &stale);
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
    rig_prompt(world, 0);
    assert_true(hand->yes);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void a_cause_worth_one_more_attempt_gets_one(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    for (int i = 0; i < 2; i++) {
        assert_true(world->link[0]->busy);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 127);
        rig_run_for(world, 60 * 1000);
    }
    rig_assert_state(world, row, MESSAGE_FAILED);
    assert_int_equal(world->link[0]->submits, 2);
}

static void a_permanent_cause_fails_at_once(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 195);
    rig_assert_state(world, row, MESSAGE_FAILED);
    struct message message = rig_look(world, row);
    assert_int_equal(message.cause, 195);
    message_clear(&message);
}

static void a_network_cause_goes_to_another_modem(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_ready(world, 1);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 38);
    assert_true(world->link[1]->busy);
    rig_prompt(world, 1);
    rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void a_link_that_is_not_ready_is_not_asked_in_a_spin(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    world->link[0]->refuse = -EAGAIN;
    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    rig_run_for(world, 500);
    world->link[0]->refuse = 0;
    rig_run_for(world, 1000);
    assert_true(world->link[0]->busy);
}

/* --- cancel, supersede, stop
 * -------------------------------------------------------------------------- */

static int cancel(struct world *world, int64_t row, struct refusal *refusal)
{
    struct message message = rig_look(world, row);

    assert_int_equal(store_begin(world->store), 0);
    int rc = gateway_cancel(world->gateway, &message, refusal);
    assert_int_equal(store_end(world->store, rc == 0), 0);
    message_clear(&message);
    rig_settle(world);
    return rc;
}

static void cancelled_before_the_prompt_does_not_leave(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");
    struct refusal refusal;

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    assert_int_equal(cancel(world, row, &refusal), 0);
    rig_assert_state(world, row, MESSAGE_CANCELLED);
    rig_prompt(world, 0);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_assert_state(world, row, MESSAGE_CANCELLED);
}

static void cancelled_after_the_commit_is_too_late(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");
    struct refusal refusal;

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    assert_int_equal(cancel(world, row, &refusal), -1);
    assert_string_equal(refusal.name, "too_late");
    rig_assert_state(world, row, MESSAGE_SENDING);
}

static void a_newer_one_supersedes(void **state)
{
    struct world *world = *state;
    struct send_request older = rig_request("a"), newer = rig_request("b");
    newer.supersedes = "a";

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t first = rig_accept(world, &older), second = rig_accept(world, &newer);
    rig_assert_state(world, first, MESSAGE_CANCELLED);
    rig_assert_state(world, second, MESSAGE_QUEUED);
}

static void count_done(void *arg)
{
    ++*(int *)arg;
}

static void stopping_awaits_what_has_left(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");
    int done = 0;

    rig_ready(world, 0);
    rig_ready(world, 1);
    int64_t first = rig_accept(world, &a), second = rig_accept(world, &b);
    rig_prompt(world, 0);
    gateway_shutdown(world->gateway, count_done, &done);
    rig_settle(world);
    assert_true(world->link[1]->aborted);
    rig_prompt(world, 1); /* it was faster */
    assert_true(world->link[1]->answered);
    assert_false(world->link[1]->yes);
    rig_outcome(world, 1, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED);
    assert_int_equal(done, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_int_equal(done, 1);
    rig_assert_state(world, first, MESSAGE_SENT);
    rig_assert_state(world, second, MESSAGE_QUEUED);
}

/* --- several parts
 * -------------------------------------------------------------------------------------- */

static struct send_request long_request(const char *key)
{
    static char text[320];
    struct send_request request = rig_request(key);

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = 320; /* three parts */
    return request;
}

static void parts_follow_on_the_same_sim(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_ready(world, 1);
    for (unsigned part = 0; part < 3; part++) {
        assert_true(world->link[0]->busy);
        assert_false(world->link[1]->busy);
        assert_int_equal(world->link[0]->submit.part, part);
        assert_int_equal(world->link[0]->submit.more, part < 2);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void parts_start_anew_where_their_sim_is_gone(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    uint8_t reference = world->link[0]->submit.tpdu.octet[world->link[0]->submit.tpdu.len / 2];
    (void)reference;
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_ready(world, 1);
    hand_link_state(world->link[0], LINK_GONE);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
    assert_false(world->link[1]->busy);
    rig_run_for(world, 6000);
    for (unsigned part = 0; part < 3; part++) {
        assert_int_equal(world->link[1]->submit.part, part);
        rig_prompt(world, 1);
        rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(sent_in_one_go),
        WORLD_TEST(highest_class_then_nearest_deadline),
        WORLD_TEST(two_modems_share),
        WORLD_TEST(same_key_is_one_message),
        WORLD_TEST(nothing_leaves_after_its_deadline),
        WORLD_TEST(waiting_ones_expire),
        WORLD_TEST(what_the_network_refused_is_told_after_the_deadline),
        WORLD_TEST(a_slow_disk_lets_nothing_out_late),
        WORLD_TEST(the_network_is_told_how_long_it_may_take),
        WORLD_TEST(what_cannot_make_it_is_refused),
        WORLD_TEST(unknown_otp_is_sent_once_more_elsewhere),
        WORLD_TEST(unknown_report_is_never_sent_again),
        WORLD_TEST(causes_38_and_41_are_unknown_for_report),
        WORLD_TEST(late_reference_settles_and_stops_the_resend),
        WORLD_TEST(four_attempts_that_sent_nothing_are_enough),
        WORLD_TEST(after_two_waits_another_modem_is_wanted),
        WORLD_TEST(an_outcome_of_another_attempt_is_no_news),
        WORLD_TEST(a_cause_worth_one_more_attempt_gets_one),
        WORLD_TEST(a_permanent_cause_fails_at_once),
        WORLD_TEST(a_network_cause_goes_to_another_modem),
        WORLD_TEST(a_link_that_is_not_ready_is_not_asked_in_a_spin),
        WORLD_TEST(cancelled_before_the_prompt_does_not_leave),
        WORLD_TEST(cancelled_after_the_commit_is_too_late),
        WORLD_TEST(a_newer_one_supersedes),
        WORLD_TEST(stopping_awaits_what_has_left),
        WORLD_TEST(parts_follow_on_the_same_sim),
        WORLD_TEST(parts_start_anew_where_their_sim_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
