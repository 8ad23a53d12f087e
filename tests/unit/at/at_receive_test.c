/* What comes back, against the simulated modem: every profile hands messages and reports up exactly
 * once, its memory is empty afterwards, and whatever goes wrong on the way nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_sim_world.h"
#include "simmodem_inside.h"

static void write_many(unsigned count)
{
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(text, sizeof text, "tin %u", i);
        sim_world_write(text);
    }
}

/* Each of them is stored once by its owner; told more often only if `twice` allows. */
static void all_kept(const char *where, unsigned count, bool twice)
{
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(text, sizeof text, "tin %u", i);
        const struct sim_kept *kept = sim_world_find(text);
        if (kept->taken == 0 || (!twice && kept->told != 1))
            fail_msg("%s: <%s> told %u times, taken %u", where, text, kept->told, kept->taken);
    }
    if (sim_world_stored() != 0)
        fail_msg("%s: %u left in the modem", where, sim_world_stored());
}

static void ready(const char *profile)
{
    sim_world_start(profile);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000); /* the first sweep */
}

static void end(void)
{
    sim_world_no_violations("");
    sim_world_stop();
}

/* --- what comes, comes once --- */

static void every_profile_receives_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        const char *name = sim_profiles[i].name;
        sim_world_start(name);
        assert_true(sim_world_until_ready(120000));
        for (int k = 0; k < 3; k++) {
            char text[32];
            (void)snprintf(text, sizeof text, "tin %d", k);
            sim_world_write(text);
            sim_world_submit(true);
            assert_int_equal(t.outcome.verdict, SMS_SENT);
            sim_world_run(20000);
        }
        all_kept(name, 3, false);
        if (t.reports != 3 || t.told != 6)
            fail_msg("%s: %u reports, %u told", name, t.reports, t.told);
        sim_world_run(3600000);
        assert_int_equal(t.told, 6);
        assert_int_equal(t.evidences, 0);
        sim_world_no_violations(name);
        sim_world_stop();
    }
}

static void a_full_memory_is_emptied_after_the_start(void **state)
{
    static const char *const profiles[] = {"generic", "huawei", "simcom", "zte", "cinterion"};
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        sim_world_prepare(profiles[i]);
        t.owner = SIM_OWNER_LATE;
        t.owner_ms = 5;
        unsigned slots = (unsigned)sim_profile_find(profiles[i])->slots;
        write_many(slots + 10);
        sim_world_run(1000);
        assert_in_range(sim_world_stored(), 1, slots);
        assert_int_equal(link_open(t.link), 0);
        assert_true(sim_world_until_ready(120000));
        sim_world_run(60000);
        all_kept(profiles[i], slots + 10, false);
        assert_in_range(t.most_open, 1, 16);
        end();
    }
}

static void full_while_it_runs(void **state)
{
    static const char *const profiles[] = {"generic", "huawei", "simcom"};
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        ready(profiles[i]);
        t.owner = SIM_OWNER_SILENT; /* a disk that is full, say */
        unsigned slots = (unsigned)sim_profile_find(profiles[i])->slots;
        write_many(slots + 30);
        sim_world_run(1000);
        assert_int_equal(t.most_open, 16);
        assert_int_equal(sim_world_stored(), slots);
        for (uint64_t handle = 1; handle <= t.last_handle; handle++)
            link_taken(t.link, handle, false);
        t.owner = SIM_OWNER_TAKES;
        sim_world_run(70000);
        all_kept(profiles[i], slots + 30, true);
        end();
    }
}

/* --- on which port --- */

/* We hold its modem port: it announces on another one until it is told not to; found out by what
 * the keepalive's sweep finds, and settled by the next one. */
static void told_on_another_port_until_asked(void **state)
{
    static const struct {
        const char *profile, *second;
        int port;
    } rows[] = {{"huawei", "AT^PORTSEL=1", 1},
                {"quectel", "AT+QURCCFG=\"urcport\",\"usbmodem\"", 1},
                {"quectel", "AT+QURCCFG=\"urcport\",\"uart1\"", 2}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sim_world_prepare(rows[i].profile);
        simmodem_port_set(t.modem, rows[i].port);
        sim_world_write("tin 0"); /* before the start: proves nothing */
        assert_int_equal(link_open(t.link), 0);
        assert_true(sim_world_until_ready(120000));
        sim_world_run(200000);
        assert_int_equal(sim_world_count(rows[i].second), 0);
        for (int n = 1; n <= rows[i].port; n++) {
            write_many(1);
            sim_world_run(1000);
            assert_int_equal(sim_world_stored(), 1); /* nobody told us */
            sim_world_run(180000);
            assert_int_equal(sim_world_stored(), 0);
        }
        assert_int_equal(sim_world_count(rows[i].second), 1);
        write_many(1);
        sim_world_run(1000);
        assert_int_equal(sim_world_stored(), 0);
        sim_world_run(600000);
        assert_int_equal(sim_world_count(rows[i].second), 1);
        assert_int_equal(t.elsewhere, 0);
        simmodem_reset(t.modem); /* forgets it; we do not */
        sim_world_net();
        sim_world_run(5000);
        assert_true(sim_world_until_ready(120000));
        sim_world_run(5000);
        write_many(1);
        sim_world_run(1000);
        assert_int_equal(sim_world_stored(), 0);
        end();
    }
}

static void told_on_another_port_for_good(void **state)
{
    (void)state;
    sim_world_prepare("telit");
    simmodem_port_set(t.modem, 1);
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000);
    for (int i = 0; i < 3; i++) {
        write_many(1);
        sim_world_run(200000);
        assert_int_equal(sim_world_stored(), 0);
        assert_int_equal(t.elsewhere, 1); /* once */
    }
    end();
}

/* No command of its row helps: the first is in force again, for all that is known it is the best.
 */
static void told_nowhere_goes_back_to_the_first(void **state)
{
    (void)state;
    sim_world_prepare("huawei");
    simmodem_port_set(t.modem, 5);
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000);
    for (int i = 0; i < 4; i++) {
        write_many(1);
        sim_world_run(200000);
        assert_int_equal(sim_world_stored(), 0);
    }
    assert_int_equal(sim_world_count("AT^PORTSEL=0"), 2);
    assert_int_equal(sim_world_count("AT^PORTSEL=1"), 1);
    assert_int_equal(t.elsewhere, 1);
    end();
}

/* On the right port nothing is ever changed, also where a notice gets lost now and then. */
static void told_here_is_left_alone(void **state)
{
    (void)state;
    ready("huawei");
    write_many(1);
    sim_world_run(1000);
    assert_int_equal(sim_world_stored(), 0);
    simmodem_port_set(t.modem, 1);
    write_many(1);
    sim_world_run(300000);
    assert_int_equal(sim_world_stored(), 0);
    assert_int_equal(sim_world_count("AT^PORTSEL=0"), 1);
    assert_int_equal(sim_world_count("AT^PORTSEL=1"), 0);
    end();
}

/* --- the owner's word --- */

static void nothing_is_deleted_that_was_not_taken(void **state)
{
    (void)state;
    ready("generic");
    t.owner = SIM_OWNER_REFUSES;
    write_many(3);
    sim_world_run(300000);
    assert_int_equal(t.deleted, 0);
    assert_int_equal(sim_world_stored(), 3);
    /* Told again by the sweeps, once a minute and not more often. */
    assert_in_range(sim_world_find("tin 1")->told, 3, 8);
    t.owner = SIM_OWNER_TAKES;
    sim_world_run(120000);
    all_kept("", 3, true);
    assert_int_equal(t.deleted, 3);
    end();
}

static void a_silent_owner_holds_a_window_and_no_more(void **state)
{
    (void)state;
    ready("generic");
    t.owner = SIM_OWNER_SILENT;
    write_many(40);
    sim_world_run(600000);
    assert_int_equal(t.told, 16);
    assert_int_equal(t.deleted, 0);
    t.owner = SIM_OWNER_TAKES;
    for (uint64_t handle = 1; handle <= 16; handle++)
        link_taken(t.link, handle, true);
    sim_world_run(5000);
    assert_int_equal(t.told, 40);
    assert_int_equal(sim_world_stored(), 0);
    end();
}

static void a_handle_of_a_former_life_is_ignored(void **state)
{
    (void)state;
    ready("generic");
    t.owner = SIM_OWNER_SILENT;
    write_many(2);
    sim_world_run(1000);
    assert_int_equal(t.told, 2);
    simmodem_unplug(t.modem);
    sim_world_run(5000);
    simmodem_replug(t.modem);
    sim_world_net();
    assert_true(sim_world_until_ready(60000));
    sim_world_run(1000);
    assert_int_equal(t.told, 4);
    link_taken(t.link, 1, true);
    link_taken(t.link, 2, true);
    link_taken(t.link, 77, true);
    link_taken(t.link, 0, false);
    sim_world_run(1000);
    assert_int_equal(t.deleted, 0);
    link_taken(t.link, 3, true);
    link_taken(t.link, 3, true);
    link_taken(t.link, 4, true);
    sim_world_run(1000);
    assert_int_equal(t.deleted, 2);
    end();
}

/* --- deletes that fail --- */

static void a_delete_that_fails_waits_for_the_sweep(void **state)
{
    static const char *const answers[] = {"\r\nERROR\r\n", "\r\n+CMS ERROR: 320\r\n",
                                          "\r\n+CMS ERROR: 500\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        ready("generic");
        t.intercept = "AT+CMGD";
        t.instead = answers[i];
        t.intercepts = 6;
        write_many(2);
        sim_world_run(30000);
        assert_int_equal(t.intercepted, 2); /* once each, and no spin */
        assert_int_equal(sim_world_stored(), 2);
        sim_world_run(600000);
        assert_int_equal(t.intercepted, 6);
        all_kept(answers[i], 2, false); /* never told twice */
        end();
    }
}

static void a_delete_without_an_answer_does_not_starve_the_outbox(void **state)
{
    (void)state;
    ready("generic");
    t.intercept = "AT+CMGD";
    t.instead = "";
    t.intercepts = 1000000;
    write_many(10);
    unsigned sent = 0;
    int64_t over = loop_now_ms(t.loop) + 3600000;
    while (loop_now_ms(t.loop) < over) {
        assert_true(sim_world_until_ready(60000));
        sim_world_submit(false);
        sent += t.outcome.verdict == SMS_SENT;
    }
    /* 2.5 s each, less at most ten time-outs of 25 s and their fences. */
    assert_in_range(sent, 1300, 1440);
    assert_in_range(t.intercepted, 2, 12);
    t.intercepts = 0;
    sim_world_run(3 * 3600000);
    all_kept("", 10, false);
    end();
}

/* --- reading that fails --- */

static void a_list_without_an_answer_is_walked(void **state)
{
    static const char *const answers[] = {"", "\r\nERROR\r\n", "\r\n+CMS ERROR: 500\r\n"};
    static const char *const profiles[] = {"generic", "huawei"}; /* slots from 1, from 0 */
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t p = 0; p < 2; p++) {
            sim_world_prepare(profiles[p]);
            t.intercept = "AT+CMGL";
            t.instead = answers[i];
            t.intercepts = 1000;
            write_many(5);
            sim_world_run(100);
            assert_int_equal(link_open(t.link), 0);
            assert_true(sim_world_until_ready(120000));
            sim_world_run(240000);
            all_kept(profiles[p], 5, false);
            if (!*answers[i])
                assert_int_equal(t.intercepted, 1); /* silence is not asked for twice */
            end();
        }
}

static void what_cannot_be_read_alone_is_listed(void **state)
{
    (void)state;
    ready("generic");
    t.intercept = "AT+CMGR=1\r";
    t.instead = "\r\n+CMGR: 0,,30\r\nno hex at all\r\n\r\nOK\r\n";
    t.intercepts = 100;
    write_many(2);
    sim_world_run(1000);
    assert_int_equal(sim_world_find("tin 1")->told, 1);
    assert_int_equal(sim_world_stored(), 1);
    /* A list brings it after all. */
    sim_world_run(70000);
    all_kept("", 2, false);
    end();
}

static void text_mode_means_a_restart(void **state)
{
    (void)state;
    ready("generic");
    t.intercept = "AT+CMGR";
    t.instead = "\r\n+CMGR: \"REC UNREAD\",\"+84905111222\",,\"26/11/22,10:00:00+28\"\r\ntin "
                "0\r\n\r\nOK\r\n";
    t.intercepts = 1;
    write_many(1);
    sim_world_run(20000);
    assert_int_equal(sim_world_count("AT+CMGF=0"), 4); /* two of each start */
    all_kept("", 1, false);
    end();
}

/* --- memories --- */

static void another_memory_than_the_selected(void **state)
{
    (void)state;
    ready("generic");
    /* The modem puts what comes into the SIM, whatever was said. */
    t.modem->settings.mem[2] = SIM_MEMORY_SM;
    write_many(3);
    sim_world_run(2000);
    all_kept("", 3, false);
    assert_int_equal(t.modem->settings.mem[0], SIM_MEMORY_ME); /* and home again */
    /* No notice, and it is found all the same. */
    t.modem->settings.cnmi[1] = 0;
    sim_world_write("tin 3");
    sim_world_run(120000);
    all_kept("", 4, false);
    end();
}

static void what_lay_in_the_sim_before_is_found(void **state)
{
    (void)state;
    sim_world_prepare("generic");
    t.modem->settings.mem[2] = SIM_MEMORY_SM;
    write_many(4);
    t.modem->settings.mem[2] = SIM_MEMORY_ME;
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(60000));
    sim_world_run(2000);
    all_kept("", 4, false);
    end();
}

static void reports_in_their_own_memory(void **state)
{
    (void)state;
    ready("zte");
    t.modem->settings.cnmi[3] = 2; /* as if it had refused 1 */
    sim_world_submit(true);
    sim_world_run(20000);
    assert_int_equal(t.reports, 1);
    assert_int_equal(t.told, 1);
    assert_true(t.kept[0].report);
    assert_int_equal(sim_world_stored(), 0);
    end();
}

static void a_memory_that_is_refused(void **state)
{
    (void)state;
    ready("generic");
    t.intercept = "AT+CPMS=\"SM\"\r";
    t.instead = "\r\n+CMS ERROR: 302\r\n";
    t.intercepts = 1000000;
    t.modem->settings.mem[2] = SIM_MEMORY_SM;
    for (int i = 0; i < 15; i++) {
        write_many(2);
        sim_world_run(1000);
    }
    assert_in_range(t.intercepted, 1, 3); /* once is enough for a while */
    sim_world_run(600000);
    assert_in_range(t.intercepted, 1, 15); /* no spin */
    t.intercepts = 0;
    sim_world_write("tin 2"); /* its notice names the memory again */
    sim_world_run(120000);
    all_kept("", 3, false);
    end();
}

/* --- notices --- */

static void a_deafened_modem_hears_again(void **state)
{
    (void)state;
    ready("generic");
    t.modem->settings.cnmi[1] = t.modem->settings.cnmi[3] = 0;
    write_many(1);
    sim_world_run(61000 * 2);
    assert_int_equal(t.modem->settings.cnmi[1], 1);
    assert_int_equal(t.modem->settings.cnmi[3], 1);
    all_kept("", 1, false);
    end();
}

static void a_modem_that_hands_over(void **state)
{
    (void)state;
    ready("generic");
    t.modem->settings.cnmi[1] = 2;
    t.owner = SIM_OWNER_REFUSES;
    write_many(2);
    sim_world_run(1000);
    assert_int_equal(t.told, 2);
    t.owner = SIM_OWNER_TAKES;
    sim_world_run(120000); /* kept meanwhile, for it is stored nowhere else */
    assert_int_equal(t.told, 4);
    assert_int_equal(sim_world_count("AT+CMGD"), 0);
    all_kept("", 2, true);
    end();
}

static void a_notice_that_is_cut_or_lost(void **state)
{
    static const char *const lines[] = {"+CMTI: \"S", "^SMMEMFULL: \"SM\"", "+SMS FULL",
                                        "+CIEV: \"smsfull\",1", "+CMS ERROR: 322"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct simmodem_trigger trigger;
        ready("generic");
        t.modem->settings.cnmi[1] = 0;
        write_many(1);
        t.modem->settings.cnmi[1] = 1;
        assert_int_equal(t.told, 0);
        assert_true(simmodem_say_trigger(t.modem, SIMMODEM_NOW, lines[i], false, &trigger));
        assert_true(simmodem_trigger(t.modem, &trigger));
        sim_world_run(1000);
        all_kept(lines[i], 1, false);
        end();
    }
}

static void a_notice_of_an_empty_slot_costs_two_commands(void **state)
{
    static const char *const lines[] = {"+CMTI: \"ME\",7", "+CMTI: 0,7", "+CMTI: \"ME\",60000"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct simmodem_trigger trigger;
        ready("generic");
        uint64_t commands = simmodem_stats(t.modem)->commands;
        assert_true(simmodem_say_trigger(t.modem, SIMMODEM_NOW, lines[i], false, &trigger));
        assert_true(simmodem_trigger(t.modem, &trigger));
        sim_world_run(1000);
        assert_int_equal(simmodem_stats(t.modem)->commands, commands + 1);
        assert_int_equal(t.told, 0);
        end();
    }
}

/* --- beside sending --- */

/* Sends one after the other for an hour of its time; `incoming` messages come in meanwhile. */
static unsigned hour(const char *profile, int latency_ms, unsigned incoming)
{
    char text[32];
    unsigned written = 0;
    sim_world_prepare(profile);
    t.latency_ms = latency_ms;
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    int64_t start = loop_now_ms(t.loop);
    unsigned sent = 0;
    while (loop_now_ms(t.loop) < start + 3600000) {
        while (incoming &&
               written < (unsigned)((loop_now_ms(t.loop) - start) * incoming / 3600000)) {
            (void)snprintf(text, sizeof text, "tin %u", written++);
            sim_world_write(text);
        }
        sim_world_submit(incoming > 0);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        sent++;
        assert_true(sim_world_until_ready(60000));
    }
    sim_world_run(60000);
    if (incoming > 0)
        all_kept(profile, written, false);
    sim_world_no_violations(profile);
    sim_world_stop();
    return sent;
}

static void sending_is_unharmed(void **state)
{
    (void)state;
    unsigned alone = hour("generic", 10, 0);
    unsigned direct = hour("generic", 10, 360);
    unsigned stored = hour("huawei", 10, 360);
    print_message("sent in an hour: %u alone, %u with reports and 360 in, %u with stored reports\n",
                  alone, direct, stored);
    assert_true(direct * 100 >= alone * 97);
    assert_true(stored * 100 >= alone * 95);
}

static void a_submit_waits_for_one_command(void **state)
{
    (void)state;
    sim_world_prepare("generic");
    t.latency_ms = 50;
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(5000);
    write_many(3);
    sim_world_run(110); /* the first read has left */
    assert_int_equal(t.state, LINK_READY);
    t.wire_len = 0;
    assert_int_equal(sim_world_submit_only(false), 0);
    sim_world_run(10000);
    assert_int_equal(t.outcome.verdict, SMS_SENT);
    t.wire_log[t.wire_len] = '\0';
    const char *first = strstr(t.wire_log, "AT+CMGS");
    assert_non_null(first);
    assert_null(memmem(t.wire_log, (size_t)(first - t.wire_log), "AT+CMGR", 7));
    all_kept("", 3, false);
    end();
}

/* --- a fault at every byte --- */

static void fault_once(const char *profile, enum sim_fault fault, size_t byte, unsigned count)
{
    char where[80];
    (void)snprintf(where, sizeof where, "%s: fault %d at byte %zu", profile, fault, byte);
    ready(profile);
    t.said = 0;
    t.fault = fault;
    t.fault_at = byte;
    write_many(count);
    sim_world_submit(true);
    for (int i = 0; i < 6; i++) {
        sim_world_run(60000);
        simmodem_unhang(t.modem);
    }
    if (!sim_world_until_ready(2000000))
        fail_msg("%s: never ready again but %s", where, link_state_name(t.state));
    sim_world_run(200000);
    all_kept(where, count, true);
    sim_world_no_violations(where);
    sim_world_stop();
}

static void a_fault_at_every_byte(void **state)
{
    static const char *const profiles[] = {"generic", "huawei"};
    static const enum sim_fault faults[] = {SIM_FAULT_CLOSE, SIM_FAULT_HANG,  SIM_FAULT_LOSE,
                                            SIM_FAULT_MUTE,  SIM_FAULT_NOISE, SIM_FAULT_RESET};
    (void)state;
    for (size_t p = 0; p < 2; p++)
        for (size_t f = 0; f < sizeof faults / sizeof *faults; f++)
            for (size_t byte = 0; byte < 320; byte++)
                fault_once(profiles[p], faults[f], byte, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_receives_once),
        cmocka_unit_test(a_full_memory_is_emptied_after_the_start),
        cmocka_unit_test(full_while_it_runs),
        cmocka_unit_test(told_on_another_port_until_asked),
        cmocka_unit_test(told_on_another_port_for_good),
        cmocka_unit_test(told_nowhere_goes_back_to_the_first),
        cmocka_unit_test(told_here_is_left_alone),
        cmocka_unit_test(nothing_is_deleted_that_was_not_taken),
        cmocka_unit_test(a_silent_owner_holds_a_window_and_no_more),
        cmocka_unit_test(a_handle_of_a_former_life_is_ignored),
        cmocka_unit_test(a_delete_that_fails_waits_for_the_sweep),
        cmocka_unit_test(a_delete_without_an_answer_does_not_starve_the_outbox),
        cmocka_unit_test(a_list_without_an_answer_is_walked),
        cmocka_unit_test(what_cannot_be_read_alone_is_listed),
        cmocka_unit_test(text_mode_means_a_restart),
        cmocka_unit_test(another_memory_than_the_selected),
        cmocka_unit_test(what_lay_in_the_sim_before_is_found),
        cmocka_unit_test(reports_in_their_own_memory),
        cmocka_unit_test(a_memory_that_is_refused),
        cmocka_unit_test(a_deafened_modem_hears_again),
        cmocka_unit_test(a_modem_that_hands_over),
        cmocka_unit_test(a_notice_that_is_cut_or_lost),
        cmocka_unit_test(a_notice_of_an_empty_slot_costs_two_commands),
        cmocka_unit_test(sending_is_unharmed),
        cmocka_unit_test(a_submit_waits_for_one_command),
        cmocka_unit_test(a_fault_at_every_byte),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
