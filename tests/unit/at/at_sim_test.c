/* The link against the simulated modem, which was written by the standard and not by this link:
 * every profile becomes READY and sends, and a fault at every byte of the dialogue leaves both
 * sides' books in agreement. The simulator counts what a host must never do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_sim_world.h"

static void every_profile_sends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        sim_world_start(sim_profiles[i].name);
        if (!sim_world_until_ready(120000))
            fail_msg("%s: not ready but %s", sim_profiles[i].name, link_state_name(t.state));
        assert_string_equal(t.link->identity.maker, sim_profiles[i].maker);
        assert_string_equal(t.link->identity.model, sim_profiles[i].model);
        if (strcmp(t.link->identity.iccid, simmodem_iccid(t.modem)) != 0)
            fail_msg("%s: ICCID <%s>", sim_profiles[i].name, t.link->identity.iccid);
        for (int k = 0; k < 3; k++) {
            sim_world_submit(false);
            assert_int_equal(t.outcome.verdict, SMS_SENT);
            assert_true(sim_world_until_ready(0));
        }
        assert_int_equal(t.accepted, 3);
        /* An hour with all its noise and keepalives. */
        loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 3600000);
        assert_true(sim_world_until_ready(120000));
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        sim_world_no_violations(sim_profiles[i].name);
        sim_world_stop();
    }
}

static void fault_once(const char *profile, enum simmodem_action action, int64_t ms, unsigned byte)
{
    char where[80];
    (void)snprintf(where, sizeof where, "%s: action %d, %d ms, byte %u", profile, action, (int)ms,
                   byte);
    sim_world_start(profile);
    assert_true(sim_world_until_ready(120000));
    struct simmodem_trigger trigger = {
        .point = SIMMODEM_AT_BYTE, .action = action, .byte = byte, .ms = ms};
    assert_true(simmodem_trigger(t.modem, &trigger));
    sim_world_submit(false);
    bool accepted = t.accepted == 1;
    if (t.outcome.verdict == SMS_SENT && !accepted)
        fail_msg("%s: told SENT, and it was not", where);
    if (t.outcome.verdict == SMS_NOT_SENT && accepted)
        fail_msg("%s: told NOT_SENT, and it was", where);
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 60000);
    simmodem_unhang(t.modem); /* a person with a paper clip */
    if (!sim_world_until_ready(2000000))
        fail_msg("%s: never ready again but %s", where, link_state_name(t.state));
    sim_world_submit(false);
    if (t.outcome.verdict != SMS_SENT) { /* struck behind the final result: the next one */
        assert_int_equal(t.outcome.verdict, SMS_NOT_SENT);
        assert_true(sim_world_until_ready(2000000));
        sim_world_submit(false);
    }
    if (t.outcome.verdict != SMS_SENT)
        fail_msg("%s: the next one is not sent", where);
    sim_world_no_violations(where);
    sim_world_stop();
}

static void a_fault_at_every_byte(void **state)
{
    static const struct {
        enum simmodem_action action;
        int64_t ms;
    } faults[] = {
        {SIMMODEM_HANG, 0},       {SIMMODEM_HANG, 130000},  {SIMMODEM_MUTE, 0},
        {SIMMODEM_CLOSE, 5000},   {SIMMODEM_GARBAGE, 0},    {SIMMODEM_DELAY, 3000},
        {SIMMODEM_DELAY, 121000}, {SIMMODEM_DELAY, 140000},
    };
    static const char *const profiles[] = {"generic", "huawei", "aosp", "late_cmgs"};
    (void)state;
    for (size_t p = 0; p < sizeof profiles / sizeof *profiles; p++)
        for (size_t f = 0; f < sizeof faults / sizeof *faults; f++)
            for (unsigned byte = 0; byte < 24; byte++)
                fault_once(profiles[p], faults[f].action, faults[f].ms, byte);
}

/* What an operator asks for: between two dialogues, and then the modem comes back and sends. */
static void a_reset_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        sim_world_start(sim_profiles[i].name);
        assert_true(sim_world_until_ready(120000));
        assert_int_equal(sim_world_submit_only(false), 0);
        uint64_t boots = simmodem_stats(t.modem)->boots;
        assert_int_equal(link_reset(t.link), 0); /* behind the message */
        assert_int_equal(link_reset(t.link), 0);
        sim_world_run(30000);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        assert_int_equal(link_reset(t.link), 0); /* it is on its way, or over */
        sim_world_run(2000);
        if (!sim_world_until_ready(240000))
            fail_msg("%s: not ready but %s", sim_profiles[i].name, link_state_name(t.state));
        if (simmodem_stats(t.modem)->boots == boots)
            fail_msg("%s: did not restart", sim_profiles[i].name);
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        sim_world_no_violations(sim_profiles[i].name);
        simmodem_unplug(t.modem);
        sim_world_net();
        sim_world_run(1000);
        assert_int_equal(link_reset(t.link), -ENODEV);
        sim_world_stop();
    }
}

/* One that is left alone for minutes is tried at once. */
static void a_reset_ends_a_quarantine(void **state)
{
    (void)state;
    sim_world_start("generic");
    assert_true(sim_world_until_ready(120000));
    simmodem_hang(t.modem);
    for (int s = 0; s < 3600 && t.state != LINK_QUARANTINED; s++)
        sim_world_run(1000);
    assert_int_equal(t.state, LINK_QUARANTINED);
    simmodem_unhang(t.modem);
    assert_int_equal(link_reset(t.link), 0);
    assert_true(sim_world_until_ready(9000)); /* the quarantine takes longer */
    sim_world_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_sends),
        cmocka_unit_test(a_fault_at_every_byte),
        cmocka_unit_test(a_reset_asked_for),
        cmocka_unit_test(a_reset_ends_a_quarantine),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
