/* Reading and deleting what came, and sending, share one wire: while both have work they take
 * turns, and neither waits for the other to be done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_sim_world.h"
#include "simmodem_inside.h"

enum { CAME = 40, PRESSING = 8, TURN_MOST = 4, GAPS = 64 };

static unsigned gap[GAPS], gaps; /* storage commands before each AT+CMGS */

static void count_gaps(void)
{
    static const char *const storage[] = {"AT+CMGR=", "AT+CMGD=", "AT+CMGL=", "AT+CPMS"};
    unsigned count = 0;
    gaps = 0;
    for (size_t at = 0; at < t.wire_len; at++) {
        const char *from = t.wire_log + at;
        size_t left = t.wire_len - at;
        if (left > 8 && memcmp(from, "AT+CMGS=", 8) == 0) {
            assert_true(gaps < GAPS);
            gap[gaps++] = count;
            count = 0;
        }
        for (size_t i = 0; i < sizeof storage / sizeof *storage; i++)
            count += left > 8 && memcmp(from, storage[i], strlen(storage[i])) == 0;
    }
}

/* As much came as fills the modem's memory, and the outbox is never empty. */
static void both_have_work(void)
{
    char text[16];
    sim_world_prepare("generic");
    t.latency_ms = 20;
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(5000);
    t.wire_len = 0;
    for (int i = 0; i < CAME; i++) {
        (void)snprintf(text, sizeof text, "tin %d", i);
        sim_world_write(text);
    }
    for (int i = 0; i < GAPS / 2; i++) {
        assert_true(sim_world_until_ready(60000));
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
    }
    count_gaps();
}

static void end(void)
{
    sim_world_no_violations("");
    sim_world_stop();
}

static void neither_starves_the_other(void **state)
{
    (void)state;
    both_have_work();
    assert_int_equal(gaps, GAPS / 2);
    for (unsigned i = 0; i < gaps; i++)
        assert_in_range(gap[i], 0, TURN_MOST); /* a message waits for so many */
    /* Each that came takes two commands: what was pressing is done, four at a time. */
    for (unsigned i = 1; i < 2 * (CAME - PRESSING) / TURN_MOST - 1; i++)
        assert_int_equal(gap[i], TURN_MOST);
    assert_in_range(t.told, CAME - PRESSING + 1, CAME);
    /* Then one at a time, but never none. */
    unsigned all = 0;
    for (unsigned i = 0; i < gaps; i++)
        all += gap[i];
    assert_true(all >= 2 * (CAME - PRESSING) + PRESSING);
    assert_in_range(gap[2 * (CAME - PRESSING) / TURN_MOST + 3], 1, 1);
    sim_world_run(60000);
    assert_int_equal(t.told, CAME);
    assert_int_equal(sim_world_stored(), 0);
    end();
}

/* What fills its memory has made no notice. */
static void a_refusal_for_want_of_room_makes_room(void **state)
{
    (void)state;
    sim_world_start("generic");
    assert_true(sim_world_until_ready(120000));
    sim_world_run(5000);
    t.modem->settings.cnmi[1] = 0;
    sim_world_write("tin");
    t.modem->settings.cnmi[1] = 1;
    sim_world_run(1000);
    assert_int_equal(t.told, 0);
    t.intercept = "AT+CMGS";
    t.instead = "\r\n+CMS ERROR: 322\r\n";
    t.intercepts = 1;
    sim_world_submit(false);
    assert_int_equal(t.outcome.verdict, SMS_NOT_SENT);
    sim_world_run(1000);
    assert_int_equal(t.told, 1);
    assert_int_equal(sim_world_stored(), 0);
    end();
}

/* Ten times a second for a minute: it is looked at every ten seconds, and messages go. */
static void one_that_says_full_all_the_time(void **state)
{
    struct simmodem_trigger trigger;
    (void)state;
    sim_world_start("generic");
    assert_true(sim_world_until_ready(120000));
    sim_world_run(5000);
    t.wire_len = 0;
    for (int i = 0; i < 600; i++) {
        assert_true(simmodem_say_trigger(t.modem, SIMMODEM_NOW, "+SMS FULL", false, &trigger));
        assert_true(simmodem_trigger(t.modem, &trigger));
        sim_world_run(100);
    }
    assert_in_range(sim_world_count("AT+CPMS?"), 5, 9);
    sim_world_submit(false);
    assert_int_equal(t.outcome.verdict, SMS_SENT);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_starves_the_other),
        cmocka_unit_test(a_refusal_for_want_of_room_makes_room),
        cmocka_unit_test(one_that_says_full_all_the_time),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
