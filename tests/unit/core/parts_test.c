/* Messages of several parts, and the SIM that they belong to: what becomes of them where it goes,
 * and what evidence is worth that speaks of parts which were begun before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "rig.h"

static struct send_request two_parts(const char *key)
{
    static char text[200];
    struct send_request request = rig_request(key);

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = sizeof text;
    return request;
}

static void sent(struct world *world, int link)
{
    rig_prompt(world, link);
    assert_true(world->link[link]->yes);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
}

static void left_without_answer(struct world *world, int link)
{
    rig_prompt(world, link);
    assert_true(world->link[link]->yes);
    rig_outcome(world, link, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
}

/* The reference of the concatenation: its information element is the first of the user data. */
static int reference_of(const struct hand_link *link)
{
    static const uint8_t element[] = {5, 0, 3};
    const struct pdu_tpdu *tpdu = &link->submit.tpdu;

    for (size_t i = 0; i + 3 < tpdu->len; i++)
        if (memcmp(tpdu->octet + i, element, sizeof element) == 0)
            return tpdu->octet[i + 3];
    return -1;
}

/* A report about +84912345678, from the air of one modem. */
static void report(struct world *world, int link, unsigned reference, unsigned status)
{
    char hex[256];

    snprintf(hex, sizeof hex, "06%02X0B914819325476F8622211610000A3622211610000A3%02X", reference,
             status);
    hand_link_inbound(world->link[link], hex);
    rig_settle(world);
}

/* --- two runs ------------------------------------------------------------------------------------
 */

/* The first part left without an answer and its SIM went: all parts anew. Then it is back, and with
 * it the report about the old first part. */
static int64_t begun_anew(struct world *world)
{
    struct send_request request = two_parts("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    hand_link_state(world->link[0], LINK_GONE);
    left_without_answer(world, 0);
    rig_run_for(world, 6000);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    return row;
}

static void a_report_of_the_former_run_is_no_part_of_the_new_one(void **state)
{
    struct world *world = *state;
    int64_t row = begun_anew(world);

    report(world, 0, 7, 0);
    rig_ready(world, 0);
    assert_int_equal(world->link[0]->submit.part, 0);
    sent(world, 0);
    assert_int_equal(world->link[0]->submit.part, 1);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

static void a_late_reference_of_the_former_run_is_none_either(void **state)
{
    struct world *world = *state;
    struct link_evidence late = {.reference = 9};
    struct attempt attempt;
    int64_t row = begun_anew(world);

    late.token = world->link[0]->submit.token;
    world->link[0]->link.sink->evidence(world->link[0]->link.ctx, &world->link[0]->link, &late);
    rig_settle(world);
    assert_int_equal(store_attempt_by_token(world->store, late.token, &attempt), 1);
    assert_int_equal(attempt.state, ATTEMPT_SENT); /* it is known of the part */
    rig_ready(world, 1);
    assert_int_equal(world->link[1]->submit.part, 0);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

/* Each run has had one part delivered: nobody can read that. */
static void parts_of_two_runs_are_no_message(void **state)
{
    struct world *world = *state;
    int64_t row = begun_anew(world);

    report(world, 0, 7, 0); /* part 0, before */
    rig_ready(world, 1);
    sent(world, 1);
    rig_prompt(world, 1);
    hand_link_outcome(world->link[1], SMS_SENT, SMS_CAUSE_NONE, 0, 8);
    rig_settle(world);
    report(world, 1, 8, 0); /* part 1, now */
    rig_assert_state(world, row, MESSAGE_SENT);
    report(world, 1, 7, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

static void a_new_run_has_a_reference_of_its_own(void **state)
{
    struct world *world = *state;
    struct send_request next = two_parts("b");
    begun_anew(world);

    rig_ready(world, 1);
    int anew = reference_of(world->link[1]);
    assert_int_not_equal(anew, reference_of(world->link[0]));
    sent(world, 1);
    sent(world, 1);
    rig_accept(world, &next);
    assert_int_not_equal(reference_of(world->link[1]), anew);
    assert_int_not_equal(anew, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_report_of_the_former_run_is_no_part_of_the_new_one),
        TEST(a_late_reference_of_the_former_run_is_none_either),
        TEST(parts_of_two_runs_are_no_message),
        TEST(a_new_run_has_a_reference_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
