/* Which rung is next, where something else than the ladder itself has a say: a reset that was asked
 * for, a port that has to be closed, that does not open or is not there, a rescue under way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_world.h"
#include "log.h"

enum { HOUR_MS = 3600000 };
static char rungs[256];

static void hear(void *arg, enum log_level level, const char *line)
{
    char rung[16];
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
    if (sscanf(line, "at test ladder rung=%15s", rung) == 1)
        (void)snprintf(rungs + strlen(rungs), sizeof rungs - strlen(rungs), "%s%s",
                       *rungs ? " " : "", rung);
}

static struct world *world_heard_ready(void)
{
    rungs[0] = '\0';
    return world_ready();
}

/* Asked for while a message is under way, and that one is the last that the modem is forgiven: what
 * would come first is stepped over, and nothing is done twice. */
static void a_reset_that_was_asked_for_comes_first(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->cmgs_answer = "\r\nERROR\r\n";
    for (int i = 0; i < 3; i++) {
        assert_true(world_until_ready(w, 60000));
        if (i == 2) {
            w->answer = OWNER_LATE_YES;
            w->answer_ms = 100;
        }
        uint64_t token = world_submit(w, false);
        world_run(w, 50);
        if (i == 2)
            assert_int_equal(link_reset(w->link), 0);
        assert_true(world_until_outcome(w, token, 60000));
        assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
    }
    w->cmgs_answer = NULL;
    assert_true(world_until_ready(w, 60000));
    world_run(w, 130000);
    assert_string_equal(rungs, "reset");
    world_end(w);
}

/* The port takes no bytes behind the prompt: it has to be closed, no rung below will do; and where
 * that was no help, the next one does more. */
static void a_port_that_takes_nothing_climbs_on(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_usb = true;
    w->rescue_ms = 1000;
    w->answer = OWNER_LATE_YES;
    w->answer_ms = 100;
    for (int i = 0; i < 2; i++) {
        assert_true(world_until_ready(w, 60000));
        uint64_t token = world_submit(w, false);
        world_run(w, 50);
        stream_pipe_hold(w->host, 1);
        assert_true(world_until_outcome(w, token, 130000));
        assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
        world_run(w, 100);
    }
    assert_string_equal(rungs, "reopen usb");
    assert_true(world_until_ready(w, 60000));
    world_end(w);
}

/* It restarts as it is: a wish for that is fulfilled, and not once more behind it. */
static void a_reset_while_it_is_rescued(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_power = w->rescue_revives = true;
    w->rescue_ms = 20000;
    w->deaf = w->dead = true;
    for (int s = 0; s < 300 && w->powers == 0; s++)
        world_run(w, 1000);
    assert_int_equal(w->powers, 1);
    assert_int_equal(link_reset(w->link), 0);
    assert_true(world_until_ready(w, 60000));
    world_run(w, 130000);
    assert_string_equal(rungs, "reset reopen power");
    world_end(w);
}

/* Nor is it forgotten where only the port was closed. */
static void a_reset_outlives_a_port_that_was_closed(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->answer = OWNER_LATE_YES;
    w->answer_ms = 100;
    uint64_t token = world_submit(w, false);
    world_run(w, 50);
    assert_int_equal(link_reset(w->link), 0);
    stream_pipe_hold(w->host, 1);
    assert_true(world_until_outcome(w, token, 130000));
    world_run(w, 30000);
    assert_string_equal(rungs, "reopen reset");
    world_end(w);
}

static bool vanishes(struct world *w, const char *command)
{
    if (strcmp(command, "AT+CFUN=1,1") != 0)
        return false;
    world_unplug(w);
    return true;
}

/* Its power is off and on: that it is seen meanwhile is no reason to open it. */
static void one_that_comes_while_it_is_rescued(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_power = true;
    w->rescue_ms = 20000;
    w->hook = vanishes;
    assert_int_equal(link_reset(w->link), 0);
    for (int s = 0; s < 100 && w->powers == 0; s++)
        world_run(w, 1000);
    assert_int_equal(w->powers, 1);
    unsigned opens = w->opens;
    world_plug(w);
    world_run(w, 15000);
    assert_int_equal(w->opens, opens);
    assert_true(world_until_ready(w, 15000));
    assert_string_equal(rungs, "reset power");
    world_end(w);
}

/* One that was well in between is left alone as short as at the first time. */
static void a_quarantine_after_a_good_time_is_short(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    for (int i = 0; i < 2; i++) {
        w->deaf = w->dead = true;
        for (int s = 0; s < 600 && world_state(w) != LINK_QUARANTINED; s++)
            world_run(w, 1000);
        assert_int_equal(world_state(w), LINK_QUARANTINED);
        w->dead = false;
        assert_true(world_until_ready(w, 13000)); /* 10 s, and its start */
        world_run(w, 130000);                     /* two keepalives */
    }
    world_end(w);
}

/* --- a port that does not come back, or does not open --- */

/* Where something may fetch it that is tried again, ever less often: it may as well have been taken
 * away. */
static void one_that_stays_away_is_tried_ever_less_often(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_power = true;
    w->hook = vanishes;
    assert_int_equal(link_reset(w->link), 0);
    world_run(w, 2LL * HOUR_MS);
    assert_in_range(w->powers, 3, 6);
    world_run(w, 22LL * HOUR_MS);
    assert_in_range(w->powers, 15, 30);
    w->hook = NULL;
    w->rescue_revives = true;
    assert_true(world_until_ready(w, 3LL * HOUR_MS));
    world_run(w, 61000); /* well, and pulled by hand: that is another story */
    world_unplug(w);
    unsigned powers = w->powers;
    world_run(w, 24LL * HOUR_MS);
    assert_int_equal(w->powers, powers);
    world_end(w);
}

/* Its firmware hangs so that not even the port opens, though it is there. */
static void one_that_does_not_open_climbs_on(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) { /* at once, after 15 s, never */
        struct world *w = world_heard_ready();
        w->has_usb = w->has_power = true;
        w->rescue_ms = 2000;
        w->deaf = w->dead = true;
        w->open_error = -EIO;
        w->open_late = how > 0;
        w->open_error_ms = how == 1 ? 15000 : -1;
        for (int s = 0; s < 600 && world_state(w) != LINK_QUARANTINED; s++)
            world_run(w, 1000);
        assert_string_equal(rungs, "reset reopen usb power quarantine");
        assert_non_null(strstr(w->trace, how == 2
                                             ? "(the port does not open: Connection timed out)"
                                             : "(the port does not open: Input/output error)"));
        world_run(w, 12LL * HOUR_MS);
        assert_in_range(w->usbs, 12, 39);
        assert_in_range(w->powers, 12, 75);
        w->rescue_revives = true;
        assert_true(world_until_ready(w, 2LL * HOUR_MS));
        world_end(w);
    }
    struct world *w = world_new(); /* never opened since the start */
    rungs[0] = '\0';
    w->has_usb = w->rescue_revives = true;
    w->open_error = -EPROTO;
    world_start(w);
    world_run(w, 10000);
    assert_string_equal(rungs, "reopen usb");
    assert_true(w->noted);
    assert_true(world_until_ready(w, 5000));
    world_end(w);
}

/* It is not its fault. */
static void one_that_may_not_be_opened_climbs_nothing(void **state)
{
    static const int errors[] = {EBUSY, EACCES, EMFILE, ENOMEM};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct world *w = world_heard_ready();
        w->has_usb = w->has_power = true;
        w->open_error = -errors[i];
        world_unplug(w);
        world_plug(w);
        world_run(w, HOUR_MS);
        assert_int_equal(world_state(w), LINK_GONE);
        assert_string_equal(rungs, "");
        world_end(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_that_was_asked_for_comes_first),
        cmocka_unit_test(a_port_that_takes_nothing_climbs_on),
        cmocka_unit_test(a_reset_while_it_is_rescued),
        cmocka_unit_test(a_reset_outlives_a_port_that_was_closed),
        cmocka_unit_test(one_that_comes_while_it_is_rescued),
        cmocka_unit_test(a_quarantine_after_a_good_time_is_short),
        cmocka_unit_test(one_that_stays_away_is_tried_ever_less_often),
        cmocka_unit_test(one_that_does_not_open_climbs_on),
        cmocka_unit_test(one_that_may_not_be_opened_climbs_nothing),
    };
    log_sink_set(hear, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
