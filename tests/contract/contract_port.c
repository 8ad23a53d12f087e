/* contract_port: ports that come and go, modems that restart, links that are closed. */
#include "contract.h"

#include <errno.h>

static void goes_back_to(struct rig *rig)
{
    rig_until(rig, rig_is_gone);
    assert_int_equal(rig_submit(rig), -EAGAIN);
    rig->fixture->pull(rig);
    rig->fixture->plug(rig);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
}

static void waits_for_a_port_that_is_not_there(void **state)
{
    struct rig *rig = *state;
    rig->fixture->plug(rig);
    rig->fixture->pull(rig);
    rig_open(rig);
    rig_until(rig, rig_is_gone);
    assert_int_equal(rig_submit(rig), -EAGAIN);
    rig->fixture->plug(rig);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
}

static void comes_back_with_its_port(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    for (int i = 0; i < 3; i++) {
        rig->fixture->pull(rig);
        rig_until(rig, rig_is_gone);
        assert_int_equal(rig_submit(rig), -EAGAIN);
        rig->fixture->plug(rig);
        rig_until(rig, rig_is_ready);
        rig_sends(rig);
    }
    assert_int_equal(rig->outcomes, 3);
}

static void a_port_that_goes_before_the_prompt_has_sent_nothing(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "fault", "\"kind\":\"close\",\"at_byte\":0");
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
    assert_int_equal(rig->commits, 0);
    goes_back_to(rig);
}

static void a_port_that_goes_at_the_prompt_has_sent_nothing(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit(rig), 0);
    rig_until(rig, rig_is_asked);
    rig->fixture->pull(rig);
    rig_wants(rig, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
    rig_proceed(rig, rig->asked_token, 0, true); /* too late, and ignored */
    rig->owner = RIG_YES;
    goes_back_to(rig);
    assert_int_equal(rig_copies(rig), 1);
}

static void a_port_that_goes_after_the_text_is_unknown(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "fault", "\"kind\":\"close\",\"when\":\"body\"");
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
    assert_int_equal(rig->outcomes, 1);
    goes_back_to(rig);
    assert_int_equal(rig->outcomes, 2);
}

static void a_restart_in_mid_air_is_one_outcome(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "timing", "\"latency_ms\":2000");
    rig->owner = RIG_SILENT;
    assert_int_equal(rig_submit(rig), 0);
    rig_until(rig, rig_is_asked);
    rig_proceed(rig, rig->asked_token, 0, true);
    rig_idle(rig, 300);
    rig_sim(rig, "reset", "%s", "");
    rig_sim(rig, "inject", "\"line\":\"RDY\""); /* most makes say so; one that does not is silent */
    rig_sim(rig, "timing", "\"latency_ms\":30");
    rig->owner = RIG_YES;
    rig_until(rig, rig_has_outcome);
    assert_true(rig->outcome.verdict == SMS_UNKNOWN || rig->outcome.verdict == SMS_SENT);
    rig_until(rig, rig_is_ready);
    assert_int_equal(rig->outcomes, 1);
    rig_sends(rig);
}

static void a_lost_network_is_not_ready(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "registration", "\"stat\":2");
    rig_until(rig, rig_is_off);
    assert_int_equal(rig_submit(rig), -EAGAIN);
    rig_sim(rig, "registration", "\"stat\":1");
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
}

/* The rig fails where anything is said after the close. */
static void says_nothing_once_it_is_closed(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "timing", "\"latency_ms\":100");
    rig->owner = RIG_SILENT;
    for (int left = 0; left < 2; left++) {
        assert_int_equal(rig_submit(rig), 0);
        rig_until(rig, rig_is_asked);
        if (left)
            rig_proceed(rig, rig->asked_token, 0, true);
        rig_close(rig);
        rig_idle(rig, 400);
        rig_open(rig);
        rig_until(rig, rig_is_ready);
    }
    assert_int_equal(rig->outcomes, 0);
    if (!rig->fixture->steer)
        assert_int_equal(rig_copies(rig), 1); /* what had left is not taken back */
    rig_sends(rig);
}

static void can_be_closed_at_any_time(void **state)
{
    struct rig *rig = *state;
    rig->fixture->plug(rig);
    for (int ms = 0; ms <= 400; ms += 100) {
        rig_open(rig);
        rig_idle(rig, ms);
        rig_close(rig);
        rig_idle(rig, 20);
    }
    rig_open(rig);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
}

static void a_port_in_use_is_waited_for(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    struct link *first = rig->link;
    rig_idle(rig, 50);
    rig_open(rig); /* a second one on the same port: its words are the rig's now */
    rig_idle(rig, 300);
    assert_false(rig_is_ready(rig));
    assert_int_equal(rig_submit(rig), -EAGAIN);
    link_close(first);
    rig_until(rig, rig_is_ready);
    rig_sends(rig);
}

const struct CMUnitTest contract_port[] = {
    cmocka_unit_test(waits_for_a_port_that_is_not_there),
    cmocka_unit_test(comes_back_with_its_port),
    cmocka_unit_test(a_port_that_goes_before_the_prompt_has_sent_nothing),
    cmocka_unit_test(a_port_that_goes_at_the_prompt_has_sent_nothing),
    cmocka_unit_test(a_port_that_goes_after_the_text_is_unknown),
    cmocka_unit_test(a_restart_in_mid_air_is_one_outcome),
    cmocka_unit_test(a_lost_network_is_not_ready),
    cmocka_unit_test(says_nothing_once_it_is_closed),
    cmocka_unit_test(can_be_closed_at_any_time),
    cmocka_unit_test(a_port_in_use_is_waited_for),
};
const size_t contract_port_count = sizeof contract_port / sizeof *contract_port;
