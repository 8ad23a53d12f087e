/* Bad habits and lost ends, against the simulated modem: an echo that will not go off, notices that
 * run into answers, an OK that does not come. Every profile still becomes ready, sends, receives
 * and reports, and both sides' books agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_sim_world.h"

enum { MESSAGES = 4 };

static const struct {
    unsigned bits;
    const char *name;
} habits[] = {
    {0, "none"},
    {SIM_HABIT_ECHO_STAYS, "echo"},
    {SIM_HABIT_GLUES, "glues"},
    {SIM_HABIT_LOSES_OK, "loses OK"},
    {SIM_HABIT_ECHO_STAYS | SIM_HABIT_GLUES | SIM_HABIT_LOSES_OK, "all"},
};

static void each_comes_back(const char *where, unsigned reports)
{
    char text[32];
    for (int k = 0; k < MESSAGES; k++) {
        (void)snprintf(text, sizeof text, "tin %d", k);
        const struct sim_kept *kept = sim_world_find(text);
        if (kept->taken == 0)
            fail_msg("%s: <%s> told %u times", where, text, kept->told);
    }
    unsigned heard = 0;
    for (unsigned i = 0; i < t.kepts; i++)
        heard += t.kept[i].report;
    if (heard != reports)
        fail_msg("%s: %u of %u reports", where, heard, reports);
    if (sim_world_stored() != 0)
        fail_msg("%s: %u left in the modem", where, sim_world_stored());
}

static void live_with(const char *profile, size_t habit)
{
    char where[64], text[32];
    (void)snprintf(where, sizeof where, "%s, %s", profile, habits[habit].name);
    sim_world_prepare(profile);
    simmodem_habits_set(t.modem, habits[habit].bits, true);
    assert_int_equal(link_open(t.link), 0);
    if (!sim_world_until_ready(600000))
        fail_msg("%s: not ready but %s", where, link_state_name(t.state));
    assert_string_equal(t.link->identity.iccid, simmodem_iccid(t.modem));
    for (int k = 0; k < MESSAGES; k++) {
        (void)snprintf(text, sizeof text, "tin %d", k);
        sim_world_write(text);
        unsigned before = t.accepted;
        if (!sim_world_until_ready(600000))
            fail_msg("%s: not ready again but %s", where, link_state_name(t.state));
        sim_world_submit(true);
        /* Behind a command whose OK was lost it does not wait: another modem may take it. */
        for (int n = 0; n < 3 && t.outcome.cause == SMS_LOCAL_NOT_READY; n++)
            if (sim_world_until_ready(600000))
                sim_world_submit(true);
        bool accepted = t.accepted > before;
        if (t.outcome.verdict != SMS_SENT && !(habits[habit].bits & SIM_HABIT_LOSES_OK))
            fail_msg("%s: told %s", where, sms_verdict_name(t.outcome.verdict));
        if ((t.outcome.verdict == SMS_SENT && !accepted) ||
            (t.outcome.verdict == SMS_NOT_SENT && accepted))
            fail_msg("%s: told %s", where, sms_verdict_name(t.outcome.verdict));
    }
    sim_world_run(600000); /* reports and sweeps */
    each_comes_back(where, t.accepted);
    if (t.accepted != MESSAGES)
        fail_msg("%s: %u accepted", where, t.accepted);
    sim_world_no_violations(where);
    sim_world_stop();
}

static void every_profile_lives_with_its_habits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++)
        for (size_t h = 0; h < sizeof habits / sizeof *habits; h++)
            live_with(sim_profiles[i].name, h);
}

/* The first answer to each command of the start comes without its OK. */
static void an_ok_that_is_missing_costs_a_time_out(void **state)
{
    static const struct {
        const char *command, *answer;
    } rows[] = {
        {"ATE0Q0V1\r", ""},
        {"AT+CMEE=1\r", ""},
        {"AT+CGMI\r", "\r\notpgate\r\n"},
        {"AT+CFUN?\r", "\r\n+CFUN: 1\r\n"},
        {"AT+CPIN?\r", "\r\n+CPIN: READY\r\n"},
        {"AT+CMGF=0\r", ""},
        {"AT+CSCA?\r", "\r\n+CSCA: \"+84980200030\",145\r\n"},
        {"AT+CREG=2\r", ""},
        {"AT+CREG?\r", "\r\n+CREG: 2,1\r\n"},
        {"AT+COPS?\r", "\r\n+COPS: 0,2,\"45204\",7\r\n"},
        {"AT+CESQ\r", "\r\n+CESQ: 99,99,255,255,20,50\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sim_world_prepare("generic");
        t.intercept = rows[i].command;
        t.instead = rows[i].answer;
        t.intercepts = 1;
        assert_int_equal(link_open(t.link), 0);
        if (!sim_world_until_ready(60000) || t.intercepted != 1)
            fail_msg("%s: %s", rows[i].command, link_state_name(t.state));
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        sim_world_no_violations(rows[i].command);
        sim_world_stop();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_lives_with_its_habits),
        cmocka_unit_test(an_ok_that_is_missing_costs_a_time_out),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
