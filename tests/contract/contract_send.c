/* contract_send: one message at a time: the question at the prompt, the line, one outcome. */
#include "contract.h"

#include <errno.h>
#include <string.h>

static void opens_and_becomes_ready(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    /* two states in one turn are told as one: a port may be open at once */
    const uint32_t on_the_way = 1U << LINK_SYNCING | 1U << LINK_READY;
    assert_int_equal(rig->states & on_the_way, on_the_way);
    assert_int_equal(rig->outcomes + rig->commits + rig->evidences, 0);
    assert_false(link_in_flight(rig->link));
}

static void knows_modem_and_sim_when_ready(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    const struct link_identity *id = &rig->link->identity;
    rig_sim(rig, "stats", "%s", "");
    assert_int_equal(strlen(id->imei), 15);
    assert_int_equal(strlen(id->imsi), 15);
    assert_true(strlen(id->iccid) >= 15);           /* or the IMSI in its place */
    assert_non_null(strstr(rig->reply, id->iccid)); /* the modem's own word */
    assert_true(id->maker[0] && id->model[0] && id->smsc[0]);
    assert_true(rig->radios > 0);
    assert_int_equal(rig->link->radio.registration, 1);
    assert_true(rig->link->radio.signal_dbm < 0 || rig->fixture->steer);
}

static void takes_nothing_before_it_is_ready(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, false);
    assert_int_equal(rig_submit(rig), -EAGAIN);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
    assert_int_equal(rig->outcomes, 1); /* no outcome follows -EAGAIN */
}

static void asks_before_it_sends(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit_part(rig, 3, false), 0);
    rig_until(rig, rig_is_asked);
    assert_int_equal(rig->state, LINK_BUSY);
    assert_int_equal(rig->asked_part, 3);
    assert_int_equal(rig->outcomes, 0);
    rig_idle(rig, 200);
    assert_int_equal(rig_copies(rig), 0); /* nothing leaves before the answer */
    rig_proceed(rig, rig->asked_token, 3, true);
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_int_equal(rig->outcome_part, 3);
    assert_int_equal(rig->commits, 1);
    assert_int_equal(rig_copies(rig), 1);
}

static void sends_nothing_against_the_owners_will(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig->owner = RIG_NO;
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    assert_int_equal(rig_copies(rig), 0);
    rig_sends(rig);
}

static void sends_two_in_a_row(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sends(rig);
    int first = rig->outcome.reference;
    rig_sends(rig);
    assert_int_equal(rig->outcome.reference,
                     rig->fixture->same_reference ? first : (first + 1) & 255);
    assert_int_equal(rig->outcomes, 2);
}

/* From inside the outcome the next part may be handed over: at READY, not before. */
static void sends_parts_one_after_another(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    for (unsigned part = 0; part < 3; part++) {
        rig_until(rig, rig_is_ready);
        assert_int_equal(rig_submit_part(rig, part, part < 2), 0);
        rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
        assert_int_equal(rig->outcome_part, part);
    }
    assert_int_equal(rig_copies(rig), 3);
}

static void has_a_window_of_one(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit(rig), 0);
    assert_int_equal(rig_submit(rig), -EAGAIN);
    rig_until(rig, rig_is_asked);
    assert_int_equal(rig_submit(rig), -EAGAIN);
    rig_proceed(rig, rig->asked_token, 0, true);
    assert_int_equal(rig_submit(rig), -EAGAIN);
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
    assert_int_equal(rig->outcomes, 2);
}

static void ignores_answers_it_did_not_ask_for(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_proceed(rig, 77, 0, true);
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit_part(rig, 1, false), 0);
    rig_proceed(rig, rig->next_token - 1, 1, true); /* not asked yet */
    rig_until(rig, rig_is_asked);
    rig_proceed(rig, rig->asked_token + 1, 1, true);
    rig_proceed(rig, rig->asked_token, 0, true);
    rig_proceed(rig, 0, 1, false);
    rig_idle(rig, 200);
    assert_int_equal(rig->outcomes, 0);
    assert_int_equal(rig_copies(rig), 0);
    rig_proceed(rig, rig->asked_token, 1, true);
    rig_proceed(rig, rig->asked_token, 1, false); /* once is enough */
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_proceed(rig, rig->asked_token, 1, true);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
}

static void tells_when_it_may_have_left(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "timing", "\"latency_ms\":300");
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit(rig), 0);
    assert_false(link_in_flight(rig->link));
    rig_until(rig, rig_is_asked);
    assert_false(link_in_flight(rig->link));
    rig_proceed(rig, rig->asked_token, 0, true);
    assert_true(link_in_flight(rig->link));
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0); /* and looks that it is over */
}

static void takes_back_what_has_not_left(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit(rig), 0);
    rig_abort(rig); /* the command is on its way */
    rig_wants(rig, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED);
    rig_until(rig, rig_is_ready);
    assert_int_equal(rig_submit(rig), 0);
    rig_until(rig, rig_is_asked);
    rig_abort(rig);
    rig_proceed(rig, rig->asked_token, 0, true); /* too late */
    rig_wants(rig, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED);
    assert_int_equal(rig_copies(rig), 0);
    rig_abort(rig); /* nothing is under way */
    rig_sends(rig);
}

static void awaits_what_has_left(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "timing", "\"latency_ms\":300");
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit(rig), 0);
    rig_until(rig, rig_is_asked);
    rig_proceed(rig, rig->asked_token, 0, true);
    rig_abort(rig);
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_int_equal(rig_copies(rig), 1);
}

static void a_reset_waits_for_what_is_under_way(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit(rig), 0);
    rig_until(rig, rig_is_asked);
    assert_int_equal(link_reset(rig->link), 0);
    assert_int_equal(link_reset(rig->link), 0);
    rig_idle(rig, 200);
    assert_int_equal(rig->outcomes, 0);
    assert_int_equal(rig->state, LINK_BUSY);
    rig_proceed(rig, rig->asked_token, 0, true);
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_until(rig, rig_is_off);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
    assert_int_equal(rig->outcomes, 2);
}

/* --- verdicts --- */

static void a_cause_of_the_network_is_not_sent(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "fail_next", "\"cms\":38");
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_NOT_SENT, SMS_CAUSE_CMS, 38);
    rig_sends(rig);
}

static void a_cause_that_says_nothing_is_unknown(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "fail_next", "\"cms\":500,\"accepted\":true");
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_UNKNOWN, SMS_CAUSE_CMS, 500);
    rig_sends(rig);
}

static void an_answer_without_a_reference_is_unknown(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "ok_without_cmgs", "%s", "");
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_OK_ONLY);
    assert_int_equal(rig->outcome.reference, -1);
    rig_sends(rig);
}

static void a_reference_is_sent_whatever_follows(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "error_next", "\"after_reference\":true");
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_sends(rig);
}

static bool has_evidence(struct rig *rig)
{
    return rig->evidences > 0;
}

static void a_late_reference_is_evidence(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "error_next", "\"accepted\":true");
    assert_int_equal(rig_submit_part(rig, 2, false), 0);
    rig_until(rig, rig_has_outcome);
    assert_int_equal(rig->outcome.verdict, SMS_UNKNOWN);
    uint64_t token = rig->outcome_token;
    rig_until(rig, rig_is_ready);
    rig_sim(rig, "inject", "\"line\":\"+CMGS: 0\"");
    rig_until(rig, has_evidence);
    assert_int_equal(rig->evidence.token, token);
    assert_int_equal(rig->evidence.part, 2);
    assert_int_equal(rig->evidence.reference, 0);
    assert_string_equal(rig->evidence.iccid, rig->link->identity.iccid);
    assert_int_equal(rig->outcomes, 1); /* it is no second outcome */
    rig_sends(rig);
    rig_sim(rig, "inject", "\"line\":\"+CMGS: 9\"");
    rig->evidences = 0;
    rig_until(rig, has_evidence);
    assert_int_equal(rig->evidence.token, 0); /* an orphan: nobody waits for it */
}

/* Ten seconds of patience, no more: told before it is known how the modem is. It is well again
 * after the fence. */
static void a_silent_modem_has_sent_nothing(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "fault", "\"kind\":\"mute\",\"at_byte\":0");
    assert_int_equal(rig_submit(rig), 0);
    rig_until(rig, rig_has_outcome);
    assert_int_equal(rig->outcome.verdict, SMS_NOT_SENT);
    assert_int_equal(rig->told_in, LINK_BUSY);
    assert_int_equal(rig->commits, 0);
    assert_int_equal(rig_copies(rig), 0);
    rig_sends(rig);
    assert_int_equal(rig->outcomes, 2);
}

const struct CMUnitTest contract_send[] = {
    cmocka_unit_test(opens_and_becomes_ready),
    cmocka_unit_test(knows_modem_and_sim_when_ready),
    cmocka_unit_test(takes_nothing_before_it_is_ready),
    cmocka_unit_test(asks_before_it_sends),
    cmocka_unit_test(sends_nothing_against_the_owners_will),
    cmocka_unit_test(sends_two_in_a_row),
    cmocka_unit_test(sends_parts_one_after_another),
    cmocka_unit_test(has_a_window_of_one),
    cmocka_unit_test(ignores_answers_it_did_not_ask_for),
    cmocka_unit_test(tells_when_it_may_have_left),
    cmocka_unit_test(takes_back_what_has_not_left),
    cmocka_unit_test(awaits_what_has_left),
    cmocka_unit_test(a_reset_waits_for_what_is_under_way),
    cmocka_unit_test(a_cause_of_the_network_is_not_sent),
    cmocka_unit_test(a_cause_that_says_nothing_is_unknown),
    cmocka_unit_test(an_answer_without_a_reference_is_unknown),
    cmocka_unit_test(a_reference_is_sent_whatever_follows),
    cmocka_unit_test(a_late_reference_is_evidence),
    cmocka_unit_test(a_silent_modem_has_sent_nothing),
};
const size_t contract_send_count = sizeof contract_send / sizeof *contract_send;
