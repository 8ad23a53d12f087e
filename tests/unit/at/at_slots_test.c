/* What lies in a slot is what was read there? Slots change hands behind our back: another program
 * deletes, the SIM is put into a phone, the modem restarts; and what comes then lands where one lay
 * that we may delete. Nothing is deleted unread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_sim_world.h"
#include "log.h"
#include "simmodem_inside.h"

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

static void ready(int latency_ms)
{
    sim_world_prepare("generic");
    t.latency_ms = latency_ms;
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000); /* the first sweep */
}

static void end(void)
{
    sim_world_no_violations("");
    sim_world_stop();
}

/* Somebody else has deleted what lay in the first slot. */
static void vanish(void)
{
    assert_true(sim_memory_delete(&t.modem->memory[SIM_MEMORY_ME], 0));
}

static void write_unannounced(const char *text)
{
    int cnmi = t.modem->settings.cnmi[1];
    t.modem->settings.cnmi[1] = 0;
    sim_world_write(text);
    t.modem->settings.cnmi[1] = cnmi;
}

static void say(const char *line)
{
    struct simmodem_trigger trigger;
    assert_true(simmodem_say_trigger(t.modem, SIMMODEM_NOW, line, false, &trigger));
    assert_true(simmodem_trigger(t.modem, &trigger));
}

static void all_taken(const char *text)
{
    assert_int_equal(sim_world_find(text)->told, 1);
    assert_int_equal(sim_world_find(text)->taken, 1);
    assert_int_equal(sim_world_stored(), 0);
}

static void announced_where_one_is_out(void **state)
{
    (void)state;
    ready(0);
    t.owner = SIM_OWNER_SILENT;
    sim_world_write("old");
    sim_world_run(1000);
    assert_int_equal(t.told, 1);
    vanish();
    sim_world_write("new");
    sim_world_run(1000);
    t.owner = SIM_OWNER_TAKES;
    link_taken(t.link, 1, true); /* the old one */
    sim_world_run(1000);
    all_taken("new");
    end();
}

static void found_where_one_is_out(void **state)
{
    (void)state;
    ready(0);
    t.owner = SIM_OWNER_SILENT;
    sim_world_write("old");
    sim_world_run(1000);
    vanish();
    write_unannounced("new");
    sim_world_run(120000);
    assert_int_equal(t.told, 2);
    link_taken(t.link, 1, true); /* the old one: says nothing of the new one */
    sim_world_run(1000);
    assert_int_equal(sim_world_stored(), 1);
    link_taken(t.link, t.last_handle, true);
    sim_world_run(1000);
    assert_int_equal(sim_world_stored(), 0);
    end();
}

static void found_where_a_delete_failed(void **state)
{
    (void)state;
    ready(0);
    t.intercept = "AT+CMGD";
    t.instead = "\r\nERROR\r\n";
    t.intercepts = 1;
    sim_world_write("old");
    sim_world_run(1000);
    assert_int_equal(t.intercepted, 1);
    vanish();
    write_unannounced("new");
    sim_world_run(130000);
    all_taken("new");
    end();
}

/* Taken and not yet deleted, and the port goes: what it finds there on its return may be new. */
static void found_behind_an_absence(void **state)
{
    (void)state;
    ready(0);
    t.intercept = "AT+CMGD";
    t.instead = "";
    t.intercepts = 1;
    t.owner = SIM_OWNER_SILENT;
    sim_world_write("old 1");
    sim_world_write("old 2");
    sim_world_run(1000);
    assert_int_equal(t.told, 2);
    link_taken(t.link, 1, true);
    link_taken(t.link, 2, true);
    sim_world_run(1000);
    assert_int_equal(t.intercepted, 1); /* the second waits behind it */
    simmodem_unplug(t.modem);
    sim_world_run(1000);
    for (int i = 0; i < 2; i++)
        assert_true(sim_memory_delete(&t.modem->memory[SIM_MEMORY_ME], i));
    t.owner = SIM_OWNER_TAKES;
    simmodem_replug(t.modem);
    sim_world_net();
    sim_world_write("new 1");
    sim_world_write("new 2");
    assert_true(sim_world_until_ready(60000));
    sim_world_run(70000);
    all_taken("new 1");
    all_taken("new 2");
    end();
}

/* "Not now" is no proof that nobody will ever read it. */
static void what_cannot_be_read_for_errors_stays(void **state)
{
    (void)state;
    ready(0);
    t.intercept = "AT+CMGR";
    t.instead = "\r\n+CMS ERROR: 500\r\n";
    t.intercepts = 1000;
    t.intercept_too = "AT+CMGL";
    t.instead_too = "\r\n+CMGL: 1,0,,30\r\nno hex at all\r\n\r\nOK\r\n"; /* it is there */
    sim_world_write("tin");
    sim_world_run(900000);
    assert_true(t.intercepted > 3);
    assert_int_equal(sim_world_stored(), 1);
    assert_int_equal(sim_world_count("AT+CMGD"), 0);
    t.intercepts = 0;
    t.intercept_too = NULL;
    sim_world_run(130000);
    all_taken("tin");
    end();
}

/* Up to the first read on the wire; then the SIM is pulled. Whose is the next? */
static void pulled_in_a_sweep(bool message_waits)
{
    ready(50);
    sim_world_write("tin 0");
    sim_world_write("tin 1");
    sim_world_write("tin 2");
    sim_world_run(60);
    assert_int_equal(t.told, 0);
    if (message_waits)
        assert_int_equal(sim_world_submit_only(false), 0);
    t.wire_len = 0;
    say("+CPIN: NOT INSERTED");
    sim_world_run(1000);
    t.wire_log[t.wire_len] = '\0';
    assert_int_equal(strncmp(t.wire_log, "AT+CMGR=1\rAT+CPIN?\r", 19), 0);
}

static void a_sim_that_goes_in_a_sweep_is_looked_at_next(void **state)
{
    (void)state;
    pulled_in_a_sweep(false);
    assert_true(sim_world_until_ready(60000));
    sim_world_run(70000);
    assert_int_equal(sim_world_stored(), 0);
    end();
}

/* Nor is a message sent by the one that is there now. */
static void a_message_that_waits_behind_the_sweep_is_not_sent(void **state)
{
    (void)state;
    pulled_in_a_sweep(true);
    assert_int_equal(t.outcomes, 1);
    assert_int_equal(t.outcome.verdict, SMS_NOT_SENT);
    assert_int_equal(t.outcome.cause, SMS_LOCAL_NOT_READY);
    assert_true(sim_world_until_ready(60000));
    end();
}

/* The owner's word for a message of the SIM before says nothing of what lies there now. */
static void found_in_another_sim(void **state)
{
    (void)state;
    ready(50);
    t.owner = SIM_OWNER_SILENT;
    sim_world_write("old");
    sim_world_run(1000);
    assert_int_equal(t.told, 1);
    say("+CPIN: NOT INSERTED");
    vanish();
    write_unannounced("new");
    t.owner = SIM_OWNER_TAKES;
    for (int ms = 0; ms < 1000 && t.state == LINK_READY; ms++)
        sim_world_run(1);
    assert_int_equal(t.state, LINK_SIM);
    link_taken(t.link, 1, true);
    assert_true(sim_world_until_ready(60000));
    sim_world_run(70000);
    all_taken("new");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announced_where_one_is_out),
        cmocka_unit_test(found_where_one_is_out),
        cmocka_unit_test(found_where_a_delete_failed),
        cmocka_unit_test(found_behind_an_absence),
        cmocka_unit_test(found_in_another_sim),
        cmocka_unit_test(what_cannot_be_read_for_errors_stays),
        cmocka_unit_test(a_sim_that_goes_in_a_sweep_is_looked_at_next),
        cmocka_unit_test(a_message_that_waits_behind_the_sweep_is_not_sent),
    };
    log_sink_set(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
