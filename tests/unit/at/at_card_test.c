/* A SIM that is changed for another: while it waits for its PIN, and in service. What is told of a
 * SIM must be told of the one that is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_modem.h"
#include "at_sim_world.h"

static const char other[] = "8984049999999999990";

static void put_in(const char *iccid, enum simmodem_sim sim)
{
    assert_true(simmodem_iccid_set(t.modem, iccid));
    simmodem_sim_set(t.modem, sim);
    sim_world_net();
}

static void say(const char *line)
{
    struct simmodem_trigger trigger;
    assert_true(simmodem_say_trigger(t.modem, SIMMODEM_NOW, line, false, &trigger));
    assert_true(simmodem_trigger(t.modem, &trigger));
    sim_world_net();
}

static void start_locked(const char *profile, char first[23])
{
    sim_world_prepare(profile);
    simmodem_sim_set(t.modem, SIMMODEM_SIM_PIN);
    t.pin = "";
    assert_int_equal(link_open(t.link), 0);
    sim_world_run(30000);
    assert_int_equal(t.pins_asked, 1);
    assert_string_equal(t.link->identity.iccid, simmodem_iccid(t.modem));
    (void)snprintf(first, 23, "%s", simmodem_iccid(t.modem));
    assert_string_not_equal(first, other);
}

static void start_ready(const char *profile)
{
    sim_world_start(profile);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(5000);
    assert_string_equal(t.link->identity.iccid, simmodem_iccid(t.modem));
    assert_string_not_equal(simmodem_iccid(t.modem), other);
}

/* --- while it waits for its PIN --- */

/* `seen`: a look finds the modem empty in between. */
static void change_locked(const char *profile, bool seen, enum simmodem_sim sim)
{
    char first[23];
    start_locked(profile, first);
    simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
    if (seen) {
        sim_world_run(61000);
        assert_int_equal(t.link->card, LINK_CARD_ABSENT);
        assert_string_equal(t.link->identity.iccid, "");
    }
    put_in(other, sim);
    sim_world_run(61000);
    assert_string_equal(t.link->identity.iccid, other);
    assert_int_equal(t.pins_asked, sim == SIMMODEM_SIM_PIN ? 2 : 1);
    assert_int_equal(t.link->card, sim == SIMMODEM_SIM_PIN ? LINK_CARD_PIN : LINK_CARD_READY);
    assert_int_equal(sim_world_count("AT+CPIN="), 0);
    sim_world_no_violations(profile);
    sim_world_stop();
}

static void a_locked_sim_is_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        if (sim_profiles[i].habits & SIM_HABIT_ICCID_LOCKED)
            continue;
        for (int seen = 0; seen < 2; seen++) {
            change_locked(sim_profiles[i].name, seen, SIMMODEM_SIM_PIN);
            change_locked(sim_profiles[i].name, seen, SIMMODEM_SIM_READY);
        }
    }
}

/* Its owner would look up what this SIM has rejected under the modem's name, and find nothing. */
static void one_silence_about_the_iccid_asks_nobody(void **state)
{
    char first[23];
    (void)state;
    start_locked("simcom", first);
    t.intercept = "AT+CICCID";
    t.instead = "\r\nERROR\r\n";
    t.intercepts = 1;
    t.intercept_too = "AT+CRSM";
    t.instead_too = "\r\nERROR\r\n";
    sim_world_run(60000);
    assert_int_equal(t.intercepted, 1);
    assert_int_equal(t.pins_asked, 1);
    assert_string_equal(t.link->identity.iccid, "");
    sim_world_run(60000);
    assert_int_equal(t.pins_asked, 2);
    assert_string_equal(t.link->identity.iccid, first);
    t.intercepts = 100; /* it never tells again: asked all the same */
    sim_world_run(60000);
    assert_int_equal(t.pins_asked, 2);
    sim_world_run(60000);
    assert_int_equal(t.pins_asked, 3);
    sim_world_stop();
}

/* Between the question and its answer: the answer is for the SIM that was. */
static void one_that_goes_while_its_owner_thinks(void **state)
{
    char first[23];
    (void)state;
    start_locked("huawei", first);
    t.pin = NULL;
    sim_world_run(60000);
    assert_int_equal(t.pins_asked, 2);
    put_in(other, SIMMODEM_SIM_PIN);
    say("^SIMST:255");
    link_pin(t.link, "1234", "");
    sim_world_run(2000);
    assert_int_equal(sim_world_count("AT+CPIN="), 0);
    assert_int_equal(t.pins_asked, 3);
    assert_string_equal(t.link->identity.iccid, other);
    sim_world_stop();
}

/* "It asks for its PIN" is what is known: the question stands, and its answer counts. */
static void the_same_question_again_is_no_news(void **state)
{
    char first[23];
    (void)state;
    start_locked("huawei", first);
    t.pin = NULL;
    sim_world_run(60000);
    assert_int_equal(t.pins_asked, 2);
    say("+CPIN: SIM PIN");
    sim_world_run(2000);
    link_pin(t.link, "1234", "");
    say("+CPIN: SIM PIN");
    assert_true(sim_world_until_ready(60000));
    assert_int_equal(sim_world_count("AT+CPIN="), 1);
    assert_int_equal(t.pins_asked, 2);
    assert_int_equal(t.link->pins_typed, 1);
    sim_world_stop();
}

/* What is answered and not typed does not count as typed. */
static void a_notice_before_the_answer_types_nothing(void **state)
{
    char first[23];
    (void)state;
    start_locked("huawei", first);
    t.pin = NULL;
    sim_world_run(60000);
    say("^SIMST:1");
    link_pin(t.link, "1234", "");
    sim_world_run(2000);
    assert_int_equal(sim_world_count("AT+CPIN="), 0);
    assert_int_equal(t.pins_asked, 3);
    assert_int_equal(t.link->pins_typed, 0);
    link_pin(t.link, "1234", "");
    assert_true(sim_world_until_ready(60000));
    assert_int_equal(t.link->pins_typed, 1);
    sim_world_stop();
}

/* --- in service --- */

/* Not a word from the modem but that the network went, and is back. */
static void the_network_went_and_came_with_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        const char *profile = sim_profiles[i].name;
        start_ready(profile);
        simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
        sim_world_run(1000);
        assert_int_equal(t.state, LINK_REGISTERING);
        put_in(other, SIMMODEM_SIM_READY);
        sim_world_run(30000);
        if (!sim_world_until_ready(30000))
            fail_msg("%s: not ready but %s", profile, link_state_name(t.state));
        if (strcmp(t.link->identity.iccid, other) != 0)
            fail_msg("%s: ICCID <%s>", profile, t.link->identity.iccid);
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        sim_world_no_violations(profile);
        sim_world_stop();
    }
}

/* Where the registration alone is told: it was lost and came back in one breath, and the modem has
 * something to tell at once. */
static void what_comes_in_doubt_is_told_of_the_right_one(void **state)
{
    (void)state;
    for (unsigned held = 0; held < 2; held++) { /* held: in the midst of a keepalive */
        start_ready("generic");
        t.owner = SIM_OWNER_TAKES; /* who looks at the ICCID of what is told */
        unsigned told = t.told;
        t.intercept = "AT+CMGF?";
        t.instead = "";
        t.intercepts = held;
        sim_world_run(held * 58000);
        assert_int_equal(t.intercepted, held);
        assert_true(simmodem_iccid_set(t.modem, other));
        simmodem_registration_set(t.modem, SIMMODEM_ALL_DOMAINS, 0);
        simmodem_registration_set(t.modem, SIMMODEM_ALL_DOMAINS, 1);
        say("+CMT: ,27\r\n0791448720003023040B914809112233F400006211625105008205E8329BFD06");
        sim_world_net();
        sim_world_run(30000);
        assert_int_equal(t.told, told + 1);
        assert_string_equal(t.link->identity.iccid, other);
        sim_world_stop();
    }
}

static void one_pulled_out_is_absent_soon(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        start_ready(sim_profiles[i].name);
        simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
        sim_world_run(10000);
        if (t.link->card != LINK_CARD_ABSENT || t.state != LINK_SIM)
            fail_msg("%s: %s", sim_profiles[i].name, link_card_name(t.link->card));
        assert_string_equal(t.link->identity.iccid, "");
        sim_world_stop();
    }
}

/* The network alone is away: its SIM is asked for now and then, and stays what it is. */
static void one_that_was_never_registered_is_missed(void **state)
{
    (void)state;
    sim_world_prepare("generic");
    simmodem_registration_set(t.modem, SIMMODEM_ALL_DOMAINS, 2);
    assert_int_equal(link_open(t.link), 0);
    sim_world_run(600000);
    assert_int_equal(t.state, LINK_REGISTERING);
    assert_int_equal(t.link->card, LINK_CARD_READY);
    unsigned asked = sim_world_count("AT+CPIN?");
    assert_true(asked > 1 && asked < 12);
    simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
    sim_world_run(61000);
    assert_int_equal(t.link->card, LINK_CARD_ABSENT);
    sim_world_stop();
}

/* --- what makers say of it --- */

/* Neither the network nor +CPIN: says anything; the SIM that is in has changed. */
static void each_makers_notice_is_believed(void **state)
{
    static const char *const notices[] = {
        "^SIMST:255", "^SIMST:1",      "+ZUSIMR:1",    "+QUSIM: 1", "+QSIMSTAT: 1,1",
        "#QSS: 0",    "+UUSIMSTAT: 0", "+CSMINS: 1,0", "^SCKS: 0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
        start_ready("generic");
        assert_true(simmodem_iccid_set(t.modem, other));
        say(notices[i]);
        sim_world_run(3000);
        assert_true(sim_world_until_ready(30000));
        if (strcmp(t.link->identity.iccid, other) != 0)
            fail_msg("%s: not heard", notices[i]);
        sim_world_stop();
    }
}

/* SIMCom's own command fails once, and the file has a check digit that it leaves out. */
static void tell_by_the_file(const char *first)
{
    static char file[80];
    assert_int_equal(strlen(first), 19);
    int len = snprintf(file, sizeof file, "\r\n+CRSM: 144,0,\"");
    for (size_t i = 0; i < 20; i += 2) { /* each octet's digits in turn */
        file[len++] = i + 1 < 19 ? first[i + 1] : '7';
        file[len++] = first[i];
    }
    (void)snprintf(file + len, sizeof file - (size_t)len, "\"\r\n\r\nOK\r\n");
    t.intercept = "AT+CICCID";
    t.instead = "\r\n+CME ERROR: 14\r\n";
    t.intercepts = 1;
    t.intercept_too = "AT+CRSM";
    t.instead_too = file;
}

/* One way tells the check digit and the other does not. */
static void one_read_in_two_ways_is_the_same(void **state)
{
    char first[23];
    (void)state;
    start_ready("simcom");
    (void)snprintf(first, sizeof first, "%s", t.link->identity.iccid);
    tell_by_the_file(first);
    t.wire_len = 0;
    say("^SIMST:1");
    sim_world_run(5000);
    assert_int_equal(t.intercepted, 1);
    assert_int_equal(sim_world_count("AT+CRSM"), 1);
    assert_int_equal(sim_world_count("AT+CSCA?"), 0); /* not begun anew */
    assert_string_equal(t.link->identity.iccid, first);
    assert_string_not_equal(t.link->identity.imsi, "");
    assert_int_equal(t.state, LINK_READY);
    sim_world_stop();
}

/* Whoever keeps what it knows of a SIM over a restart knows it by the same name. */
static void a_restart_gives_it_no_other_name(void **state)
{
    char first[23];
    (void)state;
    start_ready("simcom");
    (void)snprintf(first, sizeof first, "%s", t.link->identity.iccid);
    tell_by_the_file(first);
    say("RDY");
    sim_world_run(5000);
    assert_true(sim_world_until_ready(120000));
    assert_int_equal(t.intercepted, 1);
    assert_string_equal(t.link->identity.iccid, first);
    sim_world_stop();
}

/* In the midst of a message whose text has left: looked at behind it. */
static void a_notice_waits_for_the_message(void **state)
{
    (void)state;
    start_ready("huawei");
    assert_int_equal(sim_world_submit_only(false), 0);
    while (!memchr(t.wire_log, 0x1a, t.wire_len))
        loop_sim_run_until(t.loop, loop_sim_next_ms(t.loop));
    assert_int_equal(t.outcomes, 0);
    say("^SIMST:255");
    sim_world_run(60000);
    assert_int_equal(t.outcome.verdict, SMS_SENT);
    assert_int_equal(t.state, LINK_READY);
    assert_int_equal(sim_world_count("AT+CPIN?"), 2);
    sim_world_no_violations("huawei");
    sim_world_stop();
}

/* Every second for an hour, and at each look: one look for each line, and no message waits. */
static void a_notice_without_meaning_costs_one_look(void **state)
{
    static const char *const lines[] = {"^SIMST:1", "^SIMST:3", "+ZUSIMR:2"};
    (void)state;
    start_ready("generic");
    unsigned asked = sim_world_count("AT+CPIN?");
    t.wire_len = 0; /* an hour of keepalives */
    for (int s = 0; s < 3600; s++) {
        say(lines[s % 3]);
        sim_world_run(1000);
        assert_int_not_equal(t.state, LINK_SIM);
    }
    assert_int_equal(asked, 1);
    assert_int_equal(sim_world_count("AT+CPIN?"), 3);
    sim_world_submit(false);
    assert_int_equal(t.outcome.verdict, SMS_SENT);
    /* Every time another one. */
    t.wire_len = 0;
    for (int s = 0; s < 600; s++) {
        char line[32];
        (void)snprintf(line, sizeof line, "+UUSIMSTAT: %d", s);
        say(line);
        sim_world_run(1000);
    }
    assert_true(sim_world_count("AT+CPIN?") <= AT_CARD_INNOCENTS);
    sim_world_stop();
}

/* The minute between two looks is not waited out; nor does the modem's talk make it a second. */
static void one_put_in_is_noticed_by_its_makers_word(void **state)
{
    (void)state;
    start_ready("huawei");
    simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
    say("^SIMST:255");
    sim_world_run(3000);
    assert_int_equal(t.link->card, LINK_CARD_ABSENT);
    t.wire_len = 0;
    for (int s = 0; s < 600; s++) {
        say(s % 2 ? "^SIMST:255" : "^SIMST:0");
        sim_world_run(1000);
    }
    assert_true(sim_world_count("AT+CPIN?") <= 14);
    put_in(other, SIMMODEM_SIM_READY);
    say("^SIMST:1");
    assert_true(sim_world_until_ready(15000));
    assert_string_equal(t.link->identity.iccid, other);
    sim_world_stop();
}

/* --- the way there --- */

static void until_wrote(const char *command)
{
    for (int ms = 0; ms < 60000 && sim_world_count(command) == 0; ms++)
        sim_world_run(1);
    assert_int_equal(sim_world_count(command), 1);
}

/* Which SIM it is has been asked by then. */
static void one_changed_while_it_is_got_ready_is_seen(void **state)
{
    (void)state;
    sim_world_prepare("huawei");
    t.latency_ms = 20;
    assert_int_equal(link_open(t.link), 0);
    until_wrote("AT+CSCA?");
    assert_string_not_equal(t.link->identity.iccid, "");
    put_in(other, SIMMODEM_SIM_READY);
    say("^SIMST:1");
    assert_true(sim_world_until_ready(30000));
    assert_string_equal(t.link->identity.iccid, other);
    sim_world_stop();
}

/* Found locked, and changed before its owner is asked. */
static void one_put_in_during_a_look_is_not_waited_for(void **state)
{
    (void)state;
    sim_world_prepare("huawei");
    t.latency_ms = 20;
    t.pin = NULL;
    simmodem_sim_set(t.modem, SIMMODEM_SIM_PIN);
    assert_int_equal(link_open(t.link), 0);
    until_wrote("AT^CPIN?");
    put_in(other, SIMMODEM_SIM_READY);
    say("^SIMST:1");
    assert_true(sim_world_until_ready(30000));
    assert_int_equal(t.pins_asked, 0);
    assert_string_equal(t.link->identity.iccid, other);
    sim_world_stop();
}

/* Without a SIM some modems refuse AT+CMGF?, which the fence asks in service. */
static void a_silence_without_a_sim_climbs_no_rung(void **state)
{
    (void)state;
    start_ready("simcom");
    simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
    t.intercept_too = "AT+CMGF?";
    t.instead_too = "\r\n+CMS ERROR: 310\r\n";
    say("+CPIN: NOT INSERTED");
    sim_world_run(30000);
    assert_int_equal(t.link->card, LINK_CARD_ABSENT);
    t.intercept = "AT+CPIN?";
    t.instead = "";
    t.intercepts = 1;
    sim_world_run(90000);
    assert_int_equal(t.intercepted, 1);
    assert_int_equal(t.state, LINK_SIM);
    assert_int_equal(sim_world_count("AT+CFUN=4"), 0);
    assert_int_equal(sim_world_count("AT+CRESET"), 0);
    sim_world_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_locked_sim_is_changed),
        cmocka_unit_test(one_silence_about_the_iccid_asks_nobody),
        cmocka_unit_test(one_that_goes_while_its_owner_thinks),
        cmocka_unit_test(the_same_question_again_is_no_news),
        cmocka_unit_test(a_notice_before_the_answer_types_nothing),
        cmocka_unit_test(the_network_went_and_came_with_another),
        cmocka_unit_test(what_comes_in_doubt_is_told_of_the_right_one),
        cmocka_unit_test(one_pulled_out_is_absent_soon),
        cmocka_unit_test(one_that_was_never_registered_is_missed),
        cmocka_unit_test(each_makers_notice_is_believed),
        cmocka_unit_test(one_read_in_two_ways_is_the_same),
        cmocka_unit_test(a_restart_gives_it_no_other_name),
        cmocka_unit_test(a_notice_waits_for_the_message),
        cmocka_unit_test(a_notice_without_meaning_costs_one_look),
        cmocka_unit_test(one_put_in_is_noticed_by_its_makers_word),
        cmocka_unit_test(one_changed_while_it_is_got_ready_is_seen),
        cmocka_unit_test(one_put_in_during_a_look_is_not_waited_for),
        cmocka_unit_test(a_silence_without_a_sim_climbs_no_rung),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
