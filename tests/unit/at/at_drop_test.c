/* A modem that drops off the bus and comes back by itself: a bad cable, a power supply that is too
 * weak, at a message for one. Nobody has to do with a stick that was pulled and put back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_world.h"
#include "log.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000 };

static unsigned rungs, quarantines, lines;
static char first[256], why[96]; /* the first rungs; of the last one */
static unsigned waits_s[64];     /* of the quarantines */

static void hear(void *arg, enum log_level level, const char *line)
{
    char rung[16];
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
    lines++;
    if (sscanf(line, "at test ladder rung=%15s why=\"%95[^\"]\"", rung, why) == 2 && rungs++ < 8)
        (void)snprintf(first + strlen(first), sizeof first - strlen(first), " %s", rung);
    if (sscanf(line, "at test quarantine for_s=%u", &waits_s[quarantines % 64]) == 1)
        quarantines++;
}

static struct world *world_well(void)
{
    struct world *w = world_new();
    rungs = quarantines = lines = 0;
    first[0] = why[0] = '\0';
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    return w;
}

/* It says so behind its start, as many do. */
static void drop(struct world *w, int64_t away_ms)
{
    static const char line[] = "\r\nRDY\r\n";
    world_unplug(w);
    world_run(w, away_ms);
    world_plug(w);
    world_run(w, 500);
    if (w->modem)
        world_say(w, line, sizeof line - 1);
}

/* The line hangs up, and its port stays. */
static void hang_up(struct world *w)
{
    struct stream *modem = w->modem;
    w->modem = NULL;
    if (modem)
        stream_close(modem);
}

static void sends(struct world *w)
{
    assert_true(world_until_ready(w, 700000));
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 10000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
}

/* --- by hand --- */

static void one_that_is_pulled_and_put_back_is_no_patient(void **state)
{
    static const struct {
        int times;
        int64_t away_ms, every_ms;
    } rows[] = {
        {1, 500, 1000},             /* so fast that it might have been itself */
        {4, 3000, 5000},            /* somebody looks for the right socket */
        {20, MINUTE_MS, MINUTE_MS}, /* and takes his time */
        {24, 3000, 10 * MINUTE_MS}, /* now and then */
        {48, 15000, 8 * 20 * 1000}, /* a bad cable, and messages go all the same */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_well();
        w->has_usb = w->has_power = true;
        for (int n = 0; n < rows[i].times; n++) {
            drop(w, rows[i].away_ms);
            world_run(w, rows[i].every_ms);
            if (i == 4)
                sends(w);
        }
        if (rungs > 0)
            fail_msg("row %zu: %u rungs, the last: %s", i, rungs, why);
        assert_int_equal(w->usbs + w->powers, 0);
        sends(w);
        world_end(w);
    }
}

/* --- by itself --- */

/* Every few seconds, every two minutes (its keepalives are all answered), and with its port left
 * behind: for half a day. */
static void one_that_drops_off_all_the_time_is_left_alone(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct world *w = world_well();
        int64_t end_ms = loop_now_ms(w->loop) + 12LL * HOUR_MS;
        while (loop_now_ms(w->loop) < end_ms) {
            if (way == 2)
                hang_up(w);
            else
                drop(w, 2000);
            world_run(w, way == 1 ? 2 * MINUTE_MS : 5000);
        }
        assert_string_equal(why, "it drops off again and again");
        print_message("way %d: %u quarantines, %u openings, %u lines\n", way, quarantines, w->opens,
                      lines);
        assert_in_range(quarantines, 60, 300); /* four for each that is kept, of ten minutes soon */
        assert_int_equal(rungs, quarantines);  /* nothing else is possible here */
        assert_true(w->opens <= 2 * quarantines + 10);
        assert_true(lines < 20000);
        sends(w);
        world_end(w);
    }
}

/* What may help is done first: to open it anew is not. */
static void it_climbs_rung_after_rung(void **state)
{
    (void)state;
    struct world *w = world_well();
    w->has_usb = w->has_power = true;
    w->rescue_ms = 1000;
    for (int n = 0; n < 4; n++) {
        drop(w, 2000);
        world_run(w, 90000);
    }
    assert_string_equal(first, "");
    for (int n = 0; n < 3; n++) {
        assert_true(world_until_ready(w, 120000));
        drop(w, 2000);
        world_run(w, 10000);
    }
    assert_string_equal(first, " usb power quarantine");
    assert_int_equal(w->usbs, 1);
    assert_int_equal(w->powers, 1);
    sends(w); /* it is well: what comes is another trouble */
    for (int n = 0; n < 4; n++) {
        drop(w, 2000);
        world_run(w, 90000);
    }
    assert_int_equal(rungs, 3);
    drop(w, 2000);
    world_run(w, 10000);
    assert_string_equal(first, " usb power quarantine usb");
    world_end(w);
}

/* Ten quiet minutes prove it well too, the time in which it was left alone not counted. */
static void ten_quiet_minutes_end_it(void **state)
{
    (void)state;
    struct world *w = world_well();
    for (int quiet = 0; quiet < 2; quiet++) {
        for (int n = 0; n < 5000 && (!quarantines || waits_s[quarantines - 1] < 600); n++) {
            drop(w, 1000);
            world_run(w, 5000);
        }
        assert_in_range(quarantines, 1, 63);
        assert_true(world_until_ready(w, 700000));
        quarantines = 0;
        world_run(w, quiet ? 12 * MINUTE_MS : 2 * MINUTE_MS);
        for (int n = 0; n < 4; n++) {
            drop(w, 1000);
            world_run(w, 5000);
        }
        assert_int_equal(quarantines > 0, !quiet);
    }
    world_end(w);
}

/* --- at a message --- */

/* Each has its verdict, once; the third in a row that was cut is a rung, however seldom they are.
 */
static void one_that_drops_off_at_each_message_climbs(void **state)
{
    (void)state;
    for (int left = 0; left < 2; left++) {
        struct world *w = world_well();
        w->answer = left ? OWNER_YES : OWNER_SILENT;
        w->cmgs_answer = "";
        for (unsigned n = 1; n <= 5; n++) {
            assert_true(world_until_ready(w, 700000));
            uint64_t token = world_submit(w, false);
            world_run(w, 1000);
            assert_int_equal(w->outcomes, n - 1);
            drop(w, 2000);
            assert_int_equal(w->outcomes, n);
            assert_true(w->outcome_token == token);
            assert_int_equal(w->outcome.verdict, left ? SMS_UNKNOWN : SMS_NOT_SENT);
            world_run(w, 5000);
            assert_int_equal(rungs, n < 3 ? 0 : n - 2);
            if (n >= 3)
                assert_string_equal(why, "it drops off in the midst of each message");
            world_run(w, 12 * MINUTE_MS); /* keepalives are answered, and say nothing */
        }
        assert_int_equal(quarantines, 3);
        assert_int_equal(waits_s[2], 90);
        w->answer = OWNER_YES;
        w->cmgs_answer = NULL;
        sends(w);
        w->cmgs_answer = "";
        for (int n = 0; n < 2; n++) {
            assert_true(world_until_ready(w, 10000));
            (void)world_submit(w, false);
            world_run(w, 1000);
            drop(w, 2000);
        }
        world_run(w, 5000);
        assert_int_equal(rungs, 3);
        world_end(w);
    }
}

/* Its +CMGS came: that one went, and the others do not count any more. */
static void a_message_that_went_ends_the_count(void **state)
{
    (void)state;
    struct world *w = world_well();
    for (int n = 0; n < 12; n++) {
        w->cmgs_answer = n % 3 < 2 ? "" : "\r\n+CMGS: %d\r\n";
        assert_true(world_until_ready(w, 10000));
        (void)world_submit(w, false);
        world_run(w, 1000);
        drop(w, 2000);
        assert_int_equal(w->outcome.verdict, n % 3 < 2 ? SMS_UNKNOWN : SMS_SENT);
    }
    world_run(w, MINUTE_MS);
    assert_int_equal(rungs, 0);
    assert_int_equal(w->outcomes, 12);
    world_end(w);
}

/* --- what is our own doing --- */

static bool leaves(struct world *w, const char *command)
{
    if (strcmp(command, "AT+CFUN=1,1") != 0)
        return false;
    world_unplug(w);
    return true;
}

static void a_reset_that_takes_it_off_the_bus_does_not_count(void **state)
{
    (void)state;
    struct world *w = world_well();
    w->hook = leaves;
    for (int n = 0; n < 8; n++) {
        assert_true(world_until_ready(w, 10000));
        assert_int_equal(link_reset(w->link), 0);
        world_run(w, 10000);
        world_plug(w);
    }
    assert_int_equal(rungs, 8); /* by hand */
    assert_string_equal(why, "reset asked for");
    sends(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_pulled_and_put_back_is_no_patient),
        cmocka_unit_test(one_that_drops_off_all_the_time_is_left_alone),
        cmocka_unit_test(it_climbs_rung_after_rung),
        cmocka_unit_test(ten_quiet_minutes_end_it),
        cmocka_unit_test(one_that_drops_off_at_each_message_climbs),
        cmocka_unit_test(a_message_that_went_ends_the_count),
        cmocka_unit_test(a_reset_that_takes_it_off_the_bus_does_not_count),
    };
    log_sink_set(hear, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
