/* At most one copy: what settles an UNKNOWN and what must not, parts that arrive twice, SIMs that
 * come and go, and the start after a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lease.h"
#include "rig.h"
#include "text.h"

enum { WAIT_MS = 5000 }; /* the rig's evidence_wait */

static struct send_request long_request(const char *key)
{
    static char text[320];
    struct send_request request = rig_request(key);

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = 320; /* three parts */
    return request;
}

/* A +CMGS behind its time, of the submit with this token; 0: nobody knows of which. */
static void late(struct world *world, int link, uint64_t token)
{
    struct hand_link *hand = world->link[link];
    struct link_evidence evidence = {.token = token, .reference = 9};

    text_copy(evidence.iccid, sizeof evidence.iccid, hand->link.identity.iccid);
    hand->link.sink->evidence(hand->link.ctx, &hand->link, &evidence);
}

static void sent(struct world *world, int link)
{
    rig_prompt(world, link);
    assert_true(world->link[link]->yes);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
}

/* Left, and nobody knows whether it arrived. The token. */
static uint64_t unknown(struct world *world, int link)
{
    uint64_t token = world->link[link]->submit.token;

    rig_prompt(world, link);
    assert_true(world->link[link]->yes);
    rig_outcome(world, link, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    return token;
}

/* --- the other modem -----------------------------------------------------------------------------
 */

/* The first left its text without an answer and is free again; the copy is for the other one. */
static int64_t copy_for_the_other(struct world *world)
{
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    unknown(world, 0);
    rig_ready(world, 1);
    return row;
}

/* The other hangs in a submit: that is no reason to wait for its time-out. */
static void a_copy_does_not_wait_for_one_that_hangs(void **state)
{
    struct world *world = *state;
    struct send_request b = rig_request("b");
    int64_t row = copy_for_the_other(world);

    rig_run_for(world, WAIT_MS - 500);
    b.to = "0912345679";
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_accept(world, &b);
    assert_true(world->link[1]->busy);
    rig_prompt(world, 1);
    hand_link_state(world->link[1], LINK_BUSY);
    rig_ready(world, 0);
    rig_run_for(world, 500);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 2500);
    assert_true(world->link[0]->busy); /* nobody else stirs: by its own timer */
    sent(world, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* Nor for one that has nothing under way and owes an answer to what it had. */
static void nor_for_one_that_owes_an_answer(void **state)
{
    struct world *world = *state;
    int64_t row = copy_for_the_other(world);

    hand_link_state(world->link[1], LINK_BUSY);
    rig_run_for(world, WAIT_MS);
    assert_true(world->link[0]->busy);
    sent(world, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void on_told(void *arg, const struct lease_result *result)
{
    (void)arg;
    (void)result;
}

/* Nor for one at which a USSD hangs. */
static void nor_for_one_that_asks_the_network(void **state)
{
    struct world *world = *state;
    const struct lease_request request = {
        .modem = "m1", .code = "*101#", .trusted = true, .fn = on_told};
    struct refusal refusal;
    int64_t row = copy_for_the_other(world);

    rig_run_for(world, WAIT_MS - 500);
    assert_int_equal(lease_run(gateway_fleet(world->gateway), &request, &refusal), 0);
    rig_run_for(world, 500);
    assert_true(world->link[1]->ussd_open);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 2500);
    assert_true(world->link[0]->busy);
    sent(world, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* --- copies --------------------------------------------------------------------------------------
 */

/* The resend stands at its prompt and "committed" is on its way to the disk. */
static void evidence_is_heard_until_the_text_leaves(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    uint64_t token = unknown(world, 0);
    rig_run_for(world, WAIT_MS + 100);
    assert_true(world->link[0]->busy);
    hand_link_prompt(world->link[0]);
    assert_false(world->link[0]->answered);
    late(world, 0, token);
    rig_settle(world);
    assert_true(world->link[0]->answered);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_false(world->link[0]->busy);
}

/* What is said of the second copy says nothing of the first. */
static void a_copy_may_have_left_whatever_the_next_says(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    (void)unknown(world, 0);
    rig_run_for(world, WAIT_MS + 100);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 195);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    rig_run_for(world, 400 * 1000);
    assert_int_equal(world->link[0]->submits, 2);
}

static void a_resend_that_cannot_be_in_time_is_none(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");
    request.ttl_s = 60;

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_run_for(world, 60 * 1000 - WAIT_MS);
    (void)unknown(world, 0);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    rig_run_for(world, 120 * 1000);
    assert_int_equal(world->link[0]->submits, 1);
}

/* After a restart of ours a +CMGS has no name: a single one that is open can be meant. */
static void without_a_name_only_one_can_be_meant(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b"), c = rig_request("c");
    int64_t rows[2];

    a.on_unknown = b.on_unknown = c.on_unknown = ON_UNKNOWN_REPORT;
    rig_ready(world, 0);
    rows[0] = rig_accept(world, &a);
    (void)unknown(world, 0);
    rows[1] = rig_accept(world, &b);
    (void)unknown(world, 0);
    late(world, 0, 0);
    rig_settle(world);
    rig_assert_state(world, rows[0], MESSAGE_UNKNOWN);
    rig_assert_state(world, rows[1], MESSAGE_UNKNOWN);
    rig_run_for(world, 121 * 1000); /* too old to be meant */
    int64_t row = rig_accept(world, &c);
    (void)unknown(world, 0);
    late(world, 0, 0);
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_SENT);
    rig_assert_state(world, rows[0], MESSAGE_UNKNOWN);
}

static void an_error_behind_the_reference_is_an_unknown(void **state)
{
    struct world *world = *state;
    struct hand_link *hand = world->link[0];
    struct send_request request = rig_request("a");
    struct link_evidence unsure = {.reference = 7, .unsure = true};

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    unsure.token = hand->submit.token;
    sent(world, 0);
    hand->link.sink->evidence(hand->link.ctx, &hand->link, &unsure);
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    rig_run_for(world, 60 * 1000);
    assert_int_equal(hand->submits, 1);
}

/* --- parts ---------------------------------------------------------------------------------------
 */

/* Both copies of the first part have arrived: the second is the next one all the same. */
static void a_part_that_arrived_twice_counts_once(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    uint64_t token = unknown(world, 0);
    rig_run_for(world, WAIT_MS + 100);
    assert_int_equal(world->link[0]->submit.part, 0);
    rig_prompt(world, 0);
    late(world, 0, token); /* while the copy is under way */
    rig_settle(world);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    for (unsigned part = 1; part < 3; part++) {
        assert_int_equal(world->link[0]->submit.part, part);
        sent(world, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_int_equal(world->link[0]->submits, 4);
}

static void evidence_of_a_part_that_is_done_is_no_news(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    uint64_t token = unknown(world, 0);
    rig_run_for(world, WAIT_MS + 100);
    sent(world, 0); /* the copy */
    late(world, 0, token);
    rig_settle(world);
    for (unsigned part = 1; part < 3; part++) {
        assert_int_equal(world->link[0]->submit.part, part);
        sent(world, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_int_equal(world->link[0]->submits, 4);
}

/* The first part has left by a SIM that goes away, and what remains waits for it. */
static int64_t begun_and_gone(struct world *world)
{
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    sent(world, 0);
    rig_ready(world, 1);
    hand_link_state(world->link[0], LINK_GONE);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
    return row;
}

static void a_sim_that_comes_back_goes_on(void **state)
{
    struct world *world = *state;
    int64_t row = begun_and_gone(world);

    rig_run_for(world, WAIT_MS - 1000);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_run_for(world, WAIT_MS);
    assert_int_equal(world->link[1]->submits, 0);
    rig_ready(world, 0);
    for (unsigned part = 1; part < 3; part++) {
        assert_int_equal(world->link[0]->submit.part, part);
        sent(world, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_int_equal(world->link[1]->submits, 0);
}

/* All parts anew by another SIM: that is the one copy there may be. */
static void parts_start_anew_once(void **state)
{
    struct world *world = *state;
    int64_t row = begun_and_gone(world);

    rig_run_for(world, WAIT_MS + 1000);
    assert_int_equal(world->link[1]->submit.part, 0);
    sent(world, 1);
    unsigned before = world->link[0]->submits;
    rig_ready(world, 0);
    hand_link_state(world->link[1], LINK_GONE);
    rig_outcome(world, 1, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
    rig_run_for(world, 400 * 1000);
    assert_int_equal(world->link[0]->submits, before);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
}

/* --- after a crash -------------------------------------------------------------------------------
 */

static void was_unknown(struct world *world, int64_t row, int64_t ended_wall_ms)
{
    struct message message = {0};

    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(store_message_by_row(world->store, row, false, &message), 1);
    message.state = MESSAGE_UNKNOWN;
    message.ended_wall_ms = ended_wall_ms;
    assert_int_equal(store_message_update(world->store, &message, false), 0);
    assert_int_equal(store_end(world->store, true), 0);
    message_clear(&message);
}

/* Each of them, on the second page too; but none whose end is known. */
static void a_start_resends_what_may_be(void **state)
{
    enum { MANY = 70 };
    struct world *world = *state;
    int64_t rows[MANY];
    char key[16];

    hand_link_state(world->link[0], LINK_REGISTERING);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = rig_request(key);
        request.ttl_s = 3600;
        rows[i] = rig_accept(world, &request);
        was_unknown(world, rows[i], i == 1 ? loop_wall_ms(world->loop) : 0);
    }
    rig_restart(world);
    for (int i = 0; i < MANY; i++)
        rig_assert_state(world, rows[i], i == 1 ? MESSAGE_UNKNOWN : MESSAGE_QUEUED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_copy_does_not_wait_for_one_that_hangs),
        TEST(nor_for_one_that_owes_an_answer),
        TEST(nor_for_one_that_asks_the_network),
        TEST(evidence_is_heard_until_the_text_leaves),
        TEST(a_copy_may_have_left_whatever_the_next_says),
        TEST(a_resend_that_cannot_be_in_time_is_none),
        TEST(without_a_name_only_one_can_be_meant),
        TEST(an_error_behind_the_reference_is_an_unknown),
        TEST(a_part_that_arrived_twice_counts_once),
        TEST(evidence_of_a_part_that_is_done_is_no_news),
        TEST(a_sim_that_comes_back_goes_on),
        TEST(parts_start_anew_once),
        TEST(a_start_resends_what_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
