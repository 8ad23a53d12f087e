/* A helper that answers, refuses, fails, dies, hangs, lies and floods: each time the right verdict
 * and a restart, nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "gammu_world.h"
#include "log.h"
#include "loop_sim.h"

static int setup(void **state)
{
    *state = gammu_world_new();
    return 0;
}

static int teardown(void **state)
{
    gammu_world_free(*state);
    return 0;
}

/* And handed over; the helper has it. */
static int submitted(struct gammu_world *world)
{
    int token = gammu_world_submit(world);
    assert_true(token > 0);
    assert_false(link_in_flight(world->link));
    link_proceed(world->link, (uint64_t)token, 0, true);
    assert_true(link_in_flight(world->link));
    gammu_world_run(world, 0);
    assert_true(gammu_world_heard(world, "send "));
    return token;
}

static int handed_over(struct gammu_world *world)
{
    gammu_world_ready(world);
    return submitted(world);
}

static void answer(struct gammu_world *world, const char *word, int token, int value)
{
    char line[64];
    snprintf(line, sizeof line, "%s %d 0 %d", word, token, value);
    gammu_world_line(world, line);
}

static void wants(struct gammu_world *world, enum sms_verdict verdict, int cause)
{
    assert_int_equal(world->outcomes, 1);
    assert_int_equal(world->outcome.verdict, verdict);
    assert_int_equal(world->outcome.cause, cause);
    assert_false(link_in_flight(world->link));
}

/* The helper was ended, and another one comes up after a rest. */
static void restarts(struct gammu_world *world)
{
    assert_null(world->helper);
    assert_int_equal(world->state, LINK_RECOVERING);
    unsigned starts = world->starts;
    gammu_world_run(world, 1999);
    assert_int_equal(world->starts, starts);
    gammu_world_run(world, 1);
    assert_int_equal(world->starts, starts + 1);
    gammu_world_ready(world);
}

static void knows_its_phone(void **state)
{
    struct gammu_world *world = *state;
    gammu_world_ready(world);
    const struct link_identity *id = &world->link->identity;
    assert_string_equal(id->imei, "867542030000007");
    assert_string_equal(id->imsi, "452040000000001");
    assert_string_equal(id->iccid, id->imsi);
    assert_string_equal(id->model, "6310");
    assert_int_equal(world->link->radio.signal_dbm, -71);
    assert_string_equal(world->link->radio.operator_, "Viettel");
}

static void verdicts(void **state)
{
    static const struct {
        const char *word;
        int value;
        enum sms_verdict verdict;
        int cause;
    } rows[] = {{"sent", 17, SMS_SENT, 0},
                {"refused", 26, SMS_NOT_SENT, SMS_LOCAL_ERROR},
                {"failed", 14, SMS_UNKNOWN, SMS_LOCAL_ERROR}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gammu_world *world = gammu_world_new();
        answer(world, rows[i].word, handed_over(world), rows[i].value);
        wants(world, rows[i].verdict, rows[i].cause);
        assert_int_equal(world->outcome.reference, rows[i].verdict == SMS_SENT ? 17 : -1);
        assert_int_equal(world->state, LINK_READY);
        gammu_world_free(world);
    }
}

static void one_that_dies_before_the_word_has_sent_nothing(void **state)
{
    struct gammu_world *world = *state;
    gammu_world_ready(world);
    assert_true(gammu_world_submit(world) > 0);
    assert_int_equal(world->commits, 1);
    gammu_world_die(world);
    gammu_world_run(world, 0);
    wants(world, SMS_NOT_SENT, SMS_LOCAL_GONE);
    restarts(world);
}

static void one_that_dies_after_it_is_unknown(void **state)
{
    struct gammu_world *world = *state;
    (void)handed_over(world);
    gammu_world_die(world);
    gammu_world_run(world, 0);
    wants(world, SMS_UNKNOWN, SMS_LOCAL_GONE);
    restarts(world);
}

static void one_that_hangs_is_ended(void **state)
{
    struct gammu_world *world = *state;
    int token = handed_over(world);
    gammu_world_run(world, 119999);
    assert_int_equal(world->outcomes, 0);
    gammu_world_run(world, 1);
    wants(world, SMS_UNKNOWN, SMS_LOCAL_TIMEOUT);
    restarts(world);
    answer(world, "sent", token, 1); /* the new one cannot know of it */
    assert_int_equal(world->outcomes, 1);
    assert_null(world->helper);
}

static void a_silent_owner_takes_it_back(void **state)
{
    struct gammu_world *world = *state;
    gammu_world_ready(world);
    int token = gammu_world_submit(world);
    gammu_world_run(world, 20000);
    wants(world, SMS_NOT_SENT, SMS_LOCAL_ABORTED);
    assert_int_equal(world->state, LINK_READY);
    link_proceed(world->link, (uint64_t)token, 0, true);
    gammu_world_run(world, 0);
    assert_false(gammu_world_heard(world, "send "));
}

/* Whatever it must not say, at any time: a verdict by the line and a new helper. */
static void one_that_lies_is_ended(void **state)
{
    static const char *const lies[] = {
        "sent 999 0 1",  "sent 0 0 1",   "failed 1",
        "hello 1",       "ready",        "imei 1",
        "alive now",     "nonsense",     "",
        "send 1 0 0011", "radio 1",      "radio 1 -71 \x80",
        "taken 1 1",     "look",         "inbound 1",
        "inbound 1 0",   "inbound 1 XX", "sent -1 0 1",
        "sent 1  0",     " alive",       "sent 18446744073709551616 0 1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct gammu_world *world = gammu_world_new();
        (void)handed_over(world);
        gammu_world_line(world, lies[i]);
        wants(world, SMS_UNKNOWN, SMS_LOCAL_GONE);
        restarts(world);
        gammu_world_free(world);
    }
}

static void one_that_floods_is_ended(void **state)
{
    struct gammu_world *world = *state;
    char line[64];
    gammu_world_ready(world);
    for (unsigned i = 0; i < 20000 && world->helper; i++)
        gammu_world_line(world, "radio 1 -71 Viettel");
    restarts(world);
    for (unsigned i = 0; i < 17; i++) {
        assert_non_null(world->helper);
        snprintf(line, sizeof line, "inbound %u 0403812143", i);
        gammu_world_line(world, line);
    }
    assert_int_equal(world->inbounds, 16); /* as many as it may tell of */
    assert_null(world->helper);
    gammu_world_run(world, 2000);
    char endless[600];
    memset(endless, 'a', sizeof endless);
    gammu_world_say(world, endless, sizeof endless);
    assert_null(world->helper);
}

static void failing_again_and_again_it_rests(void **state)
{
    struct gammu_world *world = *state;
    for (unsigned i = 0; i < 3; i++) {
        gammu_world_die(world);
        gammu_world_run(world, 0);
        assert_int_equal(world->state, LINK_RECOVERING);
        gammu_world_run(world, 2000);
    }
    gammu_world_die(world);
    gammu_world_run(world, 0);
    assert_int_equal(world->state, LINK_QUARANTINED);
    assert_int_equal(gammu_world_submit(world), -EAGAIN);
    unsigned starts = world->starts;
    gammu_world_run(world, 159000);
    assert_int_equal(world->starts, starts);
    gammu_world_run(world, 2000);
    assert_int_equal(world->starts, starts + 1);
    gammu_world_ready(world);
}

/* Pulled out and put back, it is tried at once. */
static void a_rest_ends_with_a_replug(void **state)
{
    struct gammu_world *world = *state;
    for (unsigned i = 0; i < 4; i++) {
        gammu_world_die(world);
        gammu_world_run(world, 2000);
    }
    assert_int_equal(world->state, LINK_QUARANTINED);
    assert_non_null(world->watch);
    assert_true(world->watch_new);
    world->watch(world->watch_arg);
    gammu_world_run(world, 0);
    gammu_world_ready(world);
    gammu_world_die(world); /* and it was no help */
    gammu_world_run(world, 0);
    assert_int_equal(world->state, LINK_QUARANTINED);
    unsigned starts = world->starts;
    gammu_world_run(world, 249999);
    assert_int_equal(world->starts, starts);
    gammu_world_run(world, 1);
    assert_int_equal(world->starts, starts + 1);
}

static void comes_anew(struct gammu_world *world)
{
    loop_fn *fn = world->watch;
    assert_non_null(fn);
    world->watch = NULL;
    fn(world->watch_arg);
    gammu_world_run(world, 0);
}

/* One whose power is too weak comes anew 5 s after each start: nobody has put it back. */
static void one_that_comes_anew_by_itself_is_left_alone_too(void **state)
{
    struct gammu_world *world = *state;
    for (int s = 0, anew = -1; s < 3600; s++) {
        if (world->helper) {
            gammu_world_die(world);
            anew = s + 5;
        }
        gammu_world_run(world, 1000);
        if (s == anew && world->state == LINK_QUARANTINED)
            comes_anew(world);
    }
    assert_in_range(world->starts, 10, 40);
    for (int s = 0; s < 600 && !world->helper; s++)
        gammu_world_run(world, 1000);
    for (int again = 1; again <= 4; again++) { /* one was kept to its end: it begins anew */
        assert_non_null(world->helper);
        gammu_world_die(world);
        gammu_world_run(world, 0);
        assert_int_equal(world->state, LINK_QUARANTINED);
        comes_anew(world);
    }
    assert_int_equal(world->state, LINK_QUARANTINED);
}

/* Three times in as many hours is no reason to leave it alone. */
static void answered_looks_forgive_it(void **state)
{
    struct gammu_world *world = *state;
    for (unsigned i = 0; i < 6; i++) {
        gammu_world_ready(world);
        for (unsigned k = 0; k < 60; k++) {
            gammu_world_run(world, 60000);
            gammu_world_line(world, "radio 1 -80 Viettel");
            gammu_world_line(world, "alive");
        }
        gammu_world_die(world);
        gammu_world_run(world, 0);
        assert_int_equal(world->state, LINK_RECOVERING);
        unsigned starts = world->starts;
        gammu_world_run(world, 2000);
        assert_int_equal(world->starts, starts + 1);
    }
}

/* Answers to a look are none to these two: one that dies soon after each start, and one that dies
 * of each message. */
static void some_looks_forgive_nothing(void **state)
{
    struct gammu_world *world = *state;
    unsigned starts = world->starts;
    for (unsigned i = 0; i < 4; i++) {
        gammu_world_ready(world);
        gammu_world_run(world, 30000);
        gammu_world_die(world);
        gammu_world_run(world, 2000);
    }
    assert_int_equal(world->state, LINK_QUARANTINED);
    gammu_world_run(world, 160000);
    gammu_world_ready(world);
    answer(world, "sent", submitted(world), 7);
    assert_int_equal(world->outcome.verdict, SMS_SENT);
    starts = world->starts;
    for (unsigned i = 0; i < 4; i++) {
        (void)submitted(world);
        gammu_world_die(world);
        gammu_world_run(world, 2000);
        assert_int_equal(world->outcome.verdict, SMS_UNKNOWN);
        if (i == 3)
            break;
        assert_int_equal(world->starts, ++starts);
        gammu_world_ready(world);
        for (unsigned k = 0; k < 10; k++) {
            gammu_world_run(world, 60000);
            gammu_world_line(world, "alive");
        }
    }
    assert_int_equal(world->state, LINK_QUARANTINED);
}

/* A bad cable: each time all is well for a while, and looks are answered. With its helper's last
 * word, without one, and with a phone that is never reached before it drops off again. */
static void one_that_drops_off_again_and_again_is_left_alone(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct gammu_world *world = gammu_world_new();
        unsigned rests = 0;
        bool rested = false;
        for (int minute = 0; minute < 12 * 60; minute++) {
            if (world->helper && way < 2) {
                gammu_world_ready(world);
                gammu_world_run(world, 70000);
                gammu_world_line(world, "alive");
            }
            if (world->helper && way > 0)
                gammu_world_line(world, "broken 4");
            else if (world->helper)
                gammu_world_die(world);
            gammu_world_run(world, 3000);
            if (world->watch && world->state != LINK_QUARANTINED)
                comes_anew(world);
            gammu_world_run(world, 20000);
            rests += world->state == LINK_QUARANTINED && !rested;
            rested = world->state == LINK_QUARANTINED;
        }
        print_message("way %d: %u rests, %u starts\n", way, rests, world->starts);
        assert_in_range(rests, 5, 60);
        assert_in_range(world->starts, 10, 100);
        gammu_world_free(world);
    }
}

/* Now and then it is nobody's fault, and a hand is quick sometimes. */
static void one_that_drops_off_now_and_then_is_not(void **state)
{
    struct gammu_world *world = *state;
    for (unsigned i = 0; i < 40; i++) {
        gammu_world_ready(world);
        for (unsigned k = 0; k < (i < 3 ? 1 : 4); k++) {
            gammu_world_run(world, 61000);
            gammu_world_line(world, "alive");
        }
        gammu_world_line(world, "broken 4");
        gammu_world_run(world, 500);
        assert_int_equal(world->state, LINK_GONE);
        comes_anew(world);
    }
}

static void roaming_is_obeyed(void **state)
{
    struct gammu_world *world = *state;
    gammu_world_ready(world);
    gammu_world_run(world, 60000);
    gammu_world_line(world, "radio 5 -70 Unitel");
    gammu_world_line(world, "alive");
    assert_int_equal(world->state, LINK_REGISTERING);
    assert_int_equal(gammu_world_submit(world), -EAGAIN);
    assert_non_null(strstr(world->why, "roaming is off"));
    gammu_world_run(world, 10000);
    gammu_world_line(world, "radio 0 0");
    gammu_world_line(world, "alive");
    assert_string_equal(world->why, "no network"); /* the state is the same */
    gammu_world_run(world, 10000);
    gammu_world_line(world, "radio 1 -70 Viettel");
    gammu_world_line(world, "alive");
    assert_int_equal(world->state, LINK_READY);

    struct gammu_world *allowed = gammu_world_roaming();
    gammu_world_ready(allowed);
    gammu_world_run(allowed, 60000);
    gammu_world_line(allowed, "radio 5 -70 Unitel");
    gammu_world_line(allowed, "alive");
    assert_int_equal(allowed->state, LINK_READY);
    gammu_world_free(allowed);
}

static void a_phone_that_is_not_there_is_waited_for(void **state)
{
    struct gammu_world *world = *state;
    world->there = false;
    gammu_world_line(world, "broken 4");
    assert_int_equal(world->state, LINK_GONE);
    assert_non_null(world->watch);
    gammu_world_run(world, 3600000);
    assert_int_equal(world->starts, 1);
    assert_true(loop_sim_next_ms(world->loop) == INT64_MAX); /* for nothing but that it appears */
    world->there = true;
    world->watch(world->watch_arg);
    gammu_world_run(world, 0);
    assert_int_equal(world->starts, 2);
    gammu_world_ready(world);
}

/* Its own helper lets go of the device when it ends: that is no reason to try again at once. */
static void a_phone_that_is_not_reached_is_tried_more_and_more_rarely(void **state)
{
    static const struct {
        const char *line;
        int64_t most_ms;
    } rows[] = {{"broken 4", 600000}, {"broken 5", 30000}}; /* another program may let go of it */
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gammu_world *world = gammu_world_new();
        for (int64_t n = 1; n <= 30; n++) {
            gammu_world_line(world, rows[i].line);
            assert_int_equal(world->state, LINK_GONE);
            assert_non_null(world->watch);
            assert_true(world->watch_new);
            unsigned starts = world->starts;
            int64_t wait_ms = n * n * 1000 < rows[i].most_ms ? n * n * 1000 : rows[i].most_ms;
            gammu_world_run(world, wait_ms - 1);
            assert_int_equal(world->starts, starts);
            gammu_world_run(world, 1);
            assert_int_equal(world->starts, starts + 1);
        }
        gammu_world_free(world);
    }
}

static void is_looked_at_once_a_minute(void **state)
{
    struct gammu_world *world = *state;
    gammu_world_ready(world);
    assert_true(gammu_world_heard(world, "look\n"));
    for (unsigned i = 0; i < 3; i++) {
        gammu_world_run(world, 59999);
        assert_false(gammu_world_heard(world, "look\n"));
        gammu_world_run(world, 1);
        assert_true(gammu_world_heard(world, "look\n"));
        gammu_world_line(world, i == 1 ? "radio 0 0" : "radio 1 -80 Viettel");
        gammu_world_line(world, "alive");
        assert_int_equal(world->state, i == 1 ? LINK_REGISTERING : LINK_READY);
        if (i == 1) { /* without a network it is looked at sooner */
            gammu_world_run(world, 10000);
            assert_true(gammu_world_heard(world, "look\n"));
            gammu_world_line(world, "radio 1 -90");
            gammu_world_line(world, "alive");
        }
    }
    gammu_world_run(world, 60000 + 60000); /* and no answer */
    restarts(world);
}

static void sends(struct gammu_world *world, int64_t in_ms)
{
    int token = submitted(world);
    gammu_world_run(world, in_ms);
    answer(world, "sent", token, 7);
}

/* What the phone does not announce, and that its network is gone, is seen by looking alone. */
static void messages_do_not_put_the_look_off(void **state)
{
    struct gammu_world *world = *state;
    gammu_world_ready(world);
    gammu_world_run(world, 59000);
    sends(world, 0);
    assert_false(gammu_world_heard(world, "look\n"));
    gammu_world_run(world, 999);
    assert_false(gammu_world_heard(world, "look\n"));
    gammu_world_run(world, 1);
    assert_true(gammu_world_heard(world, "look\n"));
    gammu_world_line(world, "alive");
    /* Due while a message is under way: before the next one, which does not wait for it to begin.
     */
    gammu_world_run(world, 58000);
    sends(world, 3000);
    assert_true(gammu_world_heard(world, "look\n"));
    assert_int_equal(world->state, LINK_READY);
    int token = submitted(world);
    gammu_world_line(world, "radio 0 0");
    gammu_world_line(world, "alive");
    answer(world, "sent", token, 8);
    assert_int_equal(world->state, LINK_REGISTERING);
    assert_false(gammu_world_heard(world, "look\n"));
    gammu_world_run(world, 10000);
    assert_true(gammu_world_heard(world, "look\n"));
}

static struct gammu_world *taken_back_in_a_look(int every_s)
{
    struct gammu_world *world = gammu_world_looking(every_s);
    gammu_world_ready(world);
    (void)gammu_world_heard(world, "look\n");
    gammu_world_run(world, 1000 * (int64_t)every_s);
    assert_true(gammu_world_heard(world, "look\n"));
    int token = gammu_world_submit(world);
    assert_true(token > 0);
    gammu_world_run(world, 1000);
    link_proceed(world->link, (uint64_t)token, 0, false);
    gammu_world_run(world, 0);
    wants(world, SMS_NOT_SENT, SMS_LOCAL_REFUSED);
    assert_int_equal(world->state, LINK_READY);
    return world;
}

/* A second look beside the first would have two answers, and the second one is a lie. */
static void a_submit_taken_back_in_a_look_leaves_it_be(void **state)
{
    (void)state;
    struct gammu_world *world = taken_back_in_a_look(10);
    gammu_world_run(world, 50000); /* it reads a full memory */
    assert_false(gammu_world_heard(world, "look\n"));
    gammu_world_line(world, "alive");
    gammu_world_run(world, 9999);
    assert_false(gammu_world_heard(world, "look\n"));
    gammu_world_run(world, 1);
    assert_true(gammu_world_heard(world, "look\n"));
    gammu_world_line(world, "alive");
    assert_int_equal(world->starts, 1);
    gammu_world_free(world);

    world = taken_back_in_a_look(600);
    gammu_world_run(world, 59999);
    assert_int_equal(world->state, LINK_READY);
    gammu_world_run(world, 1); /* and one that hangs is found out */
    restarts(world);
    gammu_world_free(world);
}

static void what_comes_is_told_until_it_is_taken(void **state)
{
    struct gammu_world *world = *state;
    gammu_world_ready(world);
    gammu_world_line(world,
                     "inbound 2560257 040B914889674523F100F0621152916084000A542A55084297D9EC37");
    assert_int_equal(world->inbounds, 1);
    assert_int_equal(world->inbound.len, 28);
    assert_string_equal(world->inbound.iccid, "452040000000001");
    gammu_world_line(world,
                     "inbound 2560257 040B914889674523F100F0621152916084000A542A55084297D9EC37");
    assert_int_equal(world->inbounds, 1);
    uint64_t handle = world->inbound.handle;
    link_taken(world->link, handle + 1, true);
    link_taken(world->link, 0, true);
    gammu_world_run(world, 0);
    assert_false(gammu_world_heard(world, "taken"));
    link_taken(world->link, handle, true);
    link_taken(world->link, handle, true);
    gammu_world_run(world, 0);
    assert_true(gammu_world_heard(world, "taken 2560257 1\n"));
    gammu_world_line(world, "inbound 2560257 0403812143");
    assert_int_equal(world->inbounds, 2); /* another one, in the same place */
    assert_true(world->inbound.handle != handle);
}

static unsigned dumped;

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    dumped += strncmp(line, "trace ", 6) == 0;
    assert_null(strstr(line, "0621152916084000"));
}

static void it_is_recorded(void **state)
{
    struct gammu_world *world = *state;
    static const char *const wanted[] = {
        "< hello 1",  "< imei <imei:15>", "= ready: ", "> send ", "< inbound <digits:7> <pdu:56>",
        "< <line:9>", "= quarantined: "};
    struct link_trace line;
    size_t at = 0;
    (void)handed_over(world);
    gammu_world_line(world,
                     "inbound 2560257 040B914889674523F100F0621152916084000A542A55084297D9EC37");
    log_sink_set(hear, NULL);
    dumped = 0;
    gammu_world_line(world, "KHANARY 1");
    for (int i = 0; i < 10 && world->state != LINK_QUARANTINED; i++) {
        gammu_world_run(world, 2000);
        if (world->helper)
            gammu_world_die(world);
        gammu_world_run(world, 0);
    }
    log_sink_set(NULL, NULL);
    for (uint64_t n = 0; link_trace(world->link, n, &line); n = line.number + 1) {
        char seen[128];
        snprintf(seen, sizeof seen, "%c %s", line.way, line.text);
        if (at < sizeof wanted / sizeof *wanted &&
            strncmp(seen, wanted[at], strlen(wanted[at])) == 0)
            at++;
        assert_null(strstr(seen, "KHANARY"));
        assert_null(strstr(seen, "8675420300"));
        assert_null(strstr(seen, "4520400000"));
    }
    if (at < sizeof wanted / sizeof *wanted)
        fail_msg("not recorded: %s", wanted[at]);
    assert_true(dumped > 10); /* and what led to its rest stands in the journal */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_its_phone),
        cmocka_unit_test(verdicts),
        TEST(one_that_dies_before_the_word_has_sent_nothing),
        TEST(one_that_dies_after_it_is_unknown),
        TEST(one_that_hangs_is_ended),
        TEST(a_silent_owner_takes_it_back),
        cmocka_unit_test(one_that_lies_is_ended),
        TEST(one_that_floods_is_ended),
        TEST(failing_again_and_again_it_rests),
        TEST(a_rest_ends_with_a_replug),
        TEST(one_that_comes_anew_by_itself_is_left_alone_too),
        TEST(answered_looks_forgive_it),
        TEST(some_looks_forgive_nothing),
        TEST(roaming_is_obeyed),
        TEST(a_phone_that_is_not_there_is_waited_for),
        cmocka_unit_test(one_that_drops_off_again_and_again_is_left_alone),
        TEST(one_that_drops_off_now_and_then_is_not),
        cmocka_unit_test(a_phone_that_is_not_reached_is_tried_more_and_more_rarely),
        TEST(is_looked_at_once_a_minute),
        TEST(messages_do_not_put_the_look_off),
        cmocka_unit_test(a_submit_taken_back_in_a_look_leaves_it_be),
        TEST(what_comes_is_told_until_it_is_taken),
        TEST(it_is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
