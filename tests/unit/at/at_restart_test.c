/* A modem that restarts by itself: in the midst of a message, and again and again, as one does
 * whose power supply is too weak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_world.h"
#include "log.h"

static unsigned rungs, quarantines;

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
    rungs += strncmp(line, "at test ladder ", 15) == 0;
    quarantines += strncmp(line, "at test quarantine ", 19) == 0;
}

static struct world *world_well(void)
{
    rungs = quarantines = 0;
    return world_ready();
}

/* What it was at is lost. */
static void restart(struct world *w)
{
    static const char line[] = "\r\nRDY\r\n";
    w->in_prompt = w->dialogue = false;
    w->line_len = 0;
    if (w->modem)
        world_say(w, line, sizeof line - 1);
}

static unsigned ctrl_zs(const struct world *w)
{
    unsigned count = 0;
    for (size_t i = 0; i < w->wire_len; i++)
        count += w->wire[i] == 0x1a;
    return count;
}

static void sends(struct world *w)
{
    assert_true(world_until_ready(w, 700000));
    w->answer = OWNER_YES;
    w->answer_ms = 0;
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 10000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
}

/* --- in the midst of a message --- */

static void before_the_text_it_is_not_sent_at_once(void **state)
{
    static const char *const prompts[] = {NULL, ""}; /* asked for the text, and not yet */
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_well();
        w->prompt = prompts[i];
        w->answer = OWNER_LATE_YES;
        w->answer_ms = 15000;
        uint64_t token = world_submit(w, false);
        world_run(w, 2000);
        assert_int_equal(w->commits, i == 0);
        restart(w);
        assert_true(world_until_outcome(w, token, 100));
        assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
        assert_int_equal(w->outcome.cause, SMS_LOCAL_NOT_READY);
        w->prompt = NULL;
        world_run(w, 30000); /* the owner's yes comes too late */
        assert_int_equal(ctrl_zs(w), 0);
        assert_int_equal(w->outcomes, 1);
        assert_int_equal(w->sent, 0);
        sends(w);
        assert_int_equal(ctrl_zs(w), 1);
        world_end(w);
    }
}

/* In the command before it, that keeps the radio link. */
static void before_the_command_too(void **state)
{
    (void)state;
    struct world *w = world_well();
    w->mute = "AT+CMMS";
    uint64_t token = world_submit(w, true);
    world_run(w, 1000);
    restart(w);
    assert_true(world_until_outcome(w, token, 100));
    assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
    w->mute = NULL;
    world_run(w, 20000);
    assert_int_equal(ctrl_zs(w), 0);
    sends(w);
    world_end(w);
}

/* The verdict is given 5 s behind the first one: no answer will come any more. */
static void behind_the_text_it_is_unknown_soon(void **state)
{
    (void)state;
    struct world *w = world_well();
    w->cmgs_answer = "";
    uint64_t token = world_submit(w, false);
    world_run(w, 1000);
    for (int i = 0; i < 4 && w->outcomes == 0; i++) {
        restart(w);
        world_run(w, 3000);
    }
    assert_int_equal(w->outcomes, 1);
    assert_true(w->outcome_token == token);
    assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
    w->cmgs_answer = NULL;
    sends(w);
    world_end(w);
}

/* --- in the midst of another command --- */

static const char *in_midst; /* of this command it restarts, and is silent until it is up */

static bool restarts(struct world *w, const char *command)
{
    if (strncmp(command, in_midst, strlen(in_midst)) != 0)
        return false;
    w->mute = "AT";
    restart(w);
    return true;
}

/* It said why it is silent: begun anew, and no rung is climbed. */
static void a_silence_behind_it_climbs_nothing(void **state)
{
    static const struct {
        const char *command, *said;
        bool ussd;
    } rows[] = {
        {.command = "AT+CMGF?"},                                    /* a keepalive's */
        {.command = "AT+CPMS?"},                                    /* a sweep's */
        {.command = "AT+CMGR=", .said = "\r\n+CMTI: \"ME\",3\r\n"}, /* a reading */
        {.command = "AT", .said = "\r\n> "},                        /* a fence's own */
        {.command = "AT+CUSD=1", .ussd = true},
        {.command = "AT+CUSD=1", .ussd = true, .said = "\r\n+CUSD: 2,\"1\",15\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_well();
        world_run(w, 5000);
        in_midst = rows[i].command;
        w->hook = restarts;
        if (rows[i].ussd)
            assert_int_equal(link_ussd_start(w->link, "*101#", 60000), 0);
        if (rows[i].said) {
            world_run(w, 10);
            world_say(w, rows[i].said, strlen(rows[i].said));
        }
        for (int s = 0; s < 600 && !w->mute; s++)
            world_run(w, 100);
        assert_non_null(w->mute);
        w->hook = NULL;
        int64_t silent_ms = loop_now_ms(w->loop);
        while (world_state(w) != LINK_SYNCING && loop_now_ms(w->loop) < silent_ms + 70000)
            world_run(w, 100);
        if (world_state(w) != LINK_SYNCING || rungs > 0)
            fail_msg("%s: %s, %u rungs", in_midst, link_state_name(world_state(w)), rungs);
        w->mute = NULL;
        sends(w);
        assert_int_equal(rungs, 0);
        assert_int_equal(w->ussds, rows[i].ussd);
        world_end(w);
    }
}

/* --- again and again --- */

/* It never gets far enough to be asked how it is. */
static void one_that_restarts_all_the_time_climbs(void **state)
{
    (void)state;
    struct world *w = world_well();
    for (int s = 0; s < 600; s += 3) {
        restart(w);
        world_run(w, 3000);
    }
    assert_true(rungs >= 2);
    for (int s = 0; s < 3600; s += 3) {
        restart(w);
        world_run(w, 3000);
    }
    assert_true(quarantines > 0);
    assert_true(rungs < 60);
    sends(w);
    world_end(w);
}

/* Its keepalives are answered in between, and prove nothing. */
static void one_that_restarts_every_two_minutes_is_left_alone(void **state)
{
    (void)state;
    struct world *w = world_well();
    for (int minute = 0; minute < 6 * 60; minute += 2) {
        restart(w);
        world_run(w, 120000);
    }
    assert_in_range(quarantines, 3, 40);
    assert_true(rungs < 60);
    sends(w);
    world_run(w, 1800000);
    unsigned before = rungs;
    for (int i = 0; i < 4; i++) {
        restart(w);
        world_run(w, 120000);
    }
    assert_int_equal(rungs, before);
    world_end(w);
}

/* Its answers come too late for each start, so that it never leaves SYNCING. */
static void one_that_never_gets_through_climbs_too(void **state)
{
    (void)state;
    struct world *w = world_well();
    w->mute = "AT";
    for (int s = 0; s < 600; s += 3) {
        restart(w);
        world_run(w, 3000);
    }
    assert_true(rungs >= 2);
    world_end(w);
}

static void one_that_restarts_now_and_then_climbs_nothing(void **state)
{
    (void)state;
    struct world *w = world_well();
    for (int i = 0; i < 24; i++) { /* every quarter of an hour; each start has several lines */
        for (int line = 0; line < 6; line++) {
            restart(w);
            world_run(w, 200);
        }
        sends(w);
        world_run(w, 900000);
    }
    assert_int_equal(rungs, 0);
    /* A bad moment. */
    for (int i = 0; i < 4; i++) {
        restart(w);
        world_run(w, 10000);
    }
    assert_int_equal(rungs, 0);
    sends(w);
    world_end(w);
}

/* --- without a word --- */

static bool echoes_a_message(struct world *w, const char *command)
{
    if (strncmp(command, "AT+CMGS=", 8) == 0) {
        world_say(w, command, strlen(command));
        world_say(w, "\r", 1);
    }
    return false;
}

/* Its echo is back at every message, and at nothing else. */
static void one_that_never_takes_a_message_climbs(void **state)
{
    (void)state;
    struct world *w = world_well();
    w->hook = echoes_a_message;
    for (int i = 0; i < 300 && quarantines == 0; i++) {
        if (world_until_ready(w, 60000)) {
            uint64_t token = world_submit(w, false);
            assert_true(world_until_outcome(w, token, 60000));
            assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
        }
        if (i == 3)
            assert_int_equal(rungs, 0);
        world_run(w, 65000); /* a keepalive is answered */
    }
    assert_int_equal(quarantines, 1);
    assert_int_equal(ctrl_zs(w), 0);
    w->hook = NULL;
    sends(w);
    world_end(w);
}

/* It says so only when it is asked. */
static void one_that_falls_back_to_text_mode_climbs(void **state)
{
    (void)state;
    struct world *w = world_well();
    w->cmgf = "\r\n+CMGF: 1\r\n\r\nOK\r\n";
    world_run(w, 3 * 3600000);
    assert_true(rungs >= 4);
    assert_true(quarantines > 0);
    w->cmgf = NULL;
    world_run(w, 600000);
    sends(w);
    world_end(w);
}

static void one_that_forgets_once_climbs_nothing(void **state)
{
    (void)state;
    struct world *w = world_well();
    for (int i = 0; i < 24; i++) {
        w->hook = echoes_a_message;
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 60000));
        w->hook = NULL;
        sends(w);
        world_run(w, 900000);
    }
    assert_int_equal(rungs, 0);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_text_it_is_not_sent_at_once),
        cmocka_unit_test(before_the_command_too),
        cmocka_unit_test(behind_the_text_it_is_unknown_soon),
        cmocka_unit_test(a_silence_behind_it_climbs_nothing),
        cmocka_unit_test(one_that_restarts_all_the_time_climbs),
        cmocka_unit_test(one_that_restarts_every_two_minutes_is_left_alone),
        cmocka_unit_test(one_that_never_gets_through_climbs_too),
        cmocka_unit_test(one_that_restarts_now_and_then_climbs_nothing),
        cmocka_unit_test(one_that_never_takes_a_message_climbs),
        cmocka_unit_test(one_that_falls_back_to_text_mode_climbs),
        cmocka_unit_test(one_that_forgets_once_climbs_nothing),
    };
    log_sink_set(hear, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
