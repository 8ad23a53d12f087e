/* The ladder: which rung, why, how often, and that it ends. What happened is read from the log,
 * which has one line for each rung. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_world.h"
#include "log_limit.h"
#include "recorder.h"
#include "text.h"

enum { CLIMBS = 512, HOUR_MS = 3600000 };

static struct climb {
    int64_t at_ms;
    char rung[16];
    char why[64];
} climbs[CLIMBS];
static unsigned climb_count, quarantines, lines, dumped;
static char dump[RECORDER_DUMP * 2][RECORDER_TEXT + 32];
static struct world *now_in;

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        fprintf(stderr, "%s\n", line);
    lines++;
    if (strncmp(line, "trace test line ", 16) == 0 && dumped < RECORDER_DUMP * 2)
        (void)text_copy(dump[dumped++], sizeof dump[0], line + 16);
    struct climb *climb = &climbs[climb_count % CLIMBS];
    if (sscanf(line, "at test ladder rung=%15s why=\"%63[^\"]\"", climb->rung, climb->why) == 2) {
        climb->at_ms = loop_now_ms(now_in->loop);
        climb_count++;
    }
    quarantines += strncmp(line, "at test quarantine", 18) == 0;
}

static struct world *world_heard(void)
{
    now_in = world_new();
    climb_count = quarantines = lines = dumped = 0;
    return now_in;
}

static struct world *world_heard_ready(void)
{
    struct world *w = world_heard();
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    return w;
}

static void rungs_are(const char *wanted)
{
    char got[512] = "";
    for (unsigned i = 0; i < climb_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", climbs[i].rung);
    assert_string_equal(got, wanted);
}

/* The most climbs of one kind in any span of time. */
static unsigned most_in(const char *rung, int64_t span_ms)
{
    unsigned most = 0;
    for (unsigned i = 0; i < climb_count; i++) {
        unsigned count = 0;
        for (unsigned j = i; j < climb_count && climbs[j].at_ms < climbs[i].at_ms + span_ms; j++)
            count += strcmp(climbs[j].rung, rung) == 0;
        most = count > most ? count : most;
    }
    return most;
}

static void send_one(struct world *w, enum sms_verdict verdict)
{
    assert_true(world_until_ready(w, 120000));
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    assert_true(world_until_outcome(w, token, 150000));
    assert_int_equal(w->outcome.verdict, verdict);
}

/* --- which rung --- */

static void a_modem_that_answers_registers_anew_first(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->cmgs_answer = "\r\nERROR\r\n";
    for (int i = 0; i < 3; i++)
        send_one(w, SMS_UNKNOWN);
    world_run(w, 0);
    rungs_are("radio");
    assert_true(world_until_ready(w, 30000));
    assert_int_equal(world_wrote(w, "AT+CFUN=4\r"), 1);
    assert_int_equal(world_wrote(w, "AT+CFUN=1\r"), 1);
    assert_int_equal(world_wrote(w, "AT+CFUN=1,1\r"), 0);
    for (int i = 0; i < 3; i++)
        send_one(w, SMS_UNKNOWN);
    world_run(w, 0);
    rungs_are("radio reset");
    w->cmgs_answer = NULL;
    send_one(w, SMS_SENT); /* it is well: the next trouble begins at the bottom */
    w->cmgs_answer = "\r\nERROR\r\n";
    for (int i = 0; i < 3; i++)
        send_one(w, SMS_UNKNOWN);
    world_run(w, 0);
    rungs_are("radio reset radio");
    world_end(w);
}

static void a_deaf_modem_is_not_talked_to(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->deaf = true;
    world_run(w, 75000);
    rungs_are("reset");
    assert_string_equal(climbs[0].why, "deaf");
    assert_int_equal(world_wrote(w, "AT+CFUN=4\r"), 0);
    send_one(w, SMS_SENT);
    world_end(w);
}

/* Everything is answered but messages: all who only ask how it is find it well. */
static void a_modem_that_only_looks_fine_climbs_all_the_same(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_usb = true;
    w->mute = "AT+CMGS";
    for (int i = 0; climb_count < 4 && i < 40; i++) {
        assert_true(world_until_ready(w, 120000));
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 60000));
        assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
        world_run(w, 130000); /* two keepalives, answered */
    }
    rungs_are("radio reset reopen usb");
    assert_string_equal(climbs[3].why, "it answers, but takes no message");
    w->mute = NULL;
    send_one(w, SMS_SENT);
    w->mute = "AT+CMGS";
    for (int i = 0; i < 2; i++) {
        send_one(w, SMS_NOT_SENT);
        world_run(w, 200); /* its fence */
    }
    rungs_are("radio reset reopen usb radio");
    world_end(w);
}

/* A fence that passes shows a modem that talks, not one that is well: only a keepalive does. */
static void a_fence_that_passes_ends_no_trouble(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->deaf = true;
    world_run(w, 75000);
    rungs_are("reset");
    assert_true(world_until_ready(w, 30000));
    world_say(w, "\r\n> ", 4); /* out of nowhere */
    world_run(w, 2000);
    assert_int_equal(world_state(w), LINK_READY);
    w->deaf = true;
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 60000));
    world_run(w, 20000);
    rungs_are("reset reopen");
    world_end(w);
}

/* Hours later it is another trouble: from the bottom, where nothing wears the modem. */
static void a_trouble_of_hours_ago_is_over(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    for (int trouble = 0; trouble < 2; trouble++) {
        w->cmgs_answer = "\r\nERROR\r\n";
        for (int i = 0; i < 3; i++)
            send_one(w, SMS_UNKNOWN);
        world_run(w, 2 * HOUR_MS);
    }
    rungs_are("radio radio");
    world_end(w);
}

static void a_silence_now_and_then_is_no_rung(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    for (int i = 0; i < 4; i++) {
        w->mute = "AT+CMGS";
        send_one(w, SMS_NOT_SENT);
        world_run(w, 1000); /* its fence */
        w->mute = NULL;
        w->cmgs_answer = i % 2 ? "\r\n+CMS ERROR: 38\r\n" : NULL; /* an answer is one */
        send_one(w, i % 2 ? SMS_NOT_SENT : SMS_SENT);
    }
    assert_int_equal(climb_count, 0);
    world_end(w);
}

static void no_network_for_half_an_hour_is_a_rung(void **state)
{
    (void)state;
    struct world *w = world_heard();
    w->creg = "\r\n+CREG: 2,2\r\n\r\nOK\r\n";
    world_start(w);
    world_run(w, 4 * HOUR_MS + HOUR_MS / 2);
    assert_true(climb_count >= 6);
    assert_string_equal(climbs[0].rung, "radio");
    assert_string_equal(climbs[0].why, "no network for half an hour");
    assert_string_equal(climbs[1].rung, "reset");
    w->creg = NULL;
    assert_true(world_until_ready(w, 700000));
    world_end(w);
}

/* --- the whole way up --- */

static void a_dead_modem_climbs_rung_after_rung(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_usb = w->has_power = true;
    w->rescue_ms = 3000;
    w->deaf = w->dead = true;
    for (int s = 0; s < 600 && !quarantines; s++)
        world_run(w, 1000);
    assert_int_equal(w->usbs, 1);
    assert_int_equal(w->powers, 1);
    rungs_are("reset reopen usb power quarantine");
    for (unsigned i = 0; i < climb_count; i++)
        assert_true(climbs[i].why[0] != '\0');
    assert_int_equal(world_state(w), LINK_QUARANTINED);
    w->dead = false;
    send_one(w, SMS_SENT);
    world_end(w);
}

/* The journal has what led to a quarantine: the last lines of the recorder, as they stand there,
 * whole whatever else the modem's trouble had said, and nothing of a message or a number. */
static void a_quarantine_leaves_its_dialogue(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    static const char from_the_air[] = "\r\n+CMT: \"+84912345678\",,\"26/11/22,10:00:00+28\"\r\n"
                                       "Ma OTP: KHANARY 727272\r\n";
    log_limit_set(w->loop);
    for (int i = 0; i < 1000; i++)
        log_event(LOG_LEVEL_INFO, "at", "test", "noise", "%s", "");
    w->mute = "AT+CMGS";
    for (int i = 0; i < 80 && !dumped; i++) {
        if (!world_until_ready(w, 120000))
            continue;
        world_say(w, from_the_air, sizeof from_the_air - 1);
        uint64_t token = world_submit(w, false);
        (void)world_until_outcome(w, token, 150000);
        world_run(w, 200); /* its fence */
    }
    assert_int_equal(world_state(w), LINK_QUARANTINED);
    assert_int_equal(dumped, RECORDER_DUMP);
    struct link_trace line;
    uint64_t end = 0;
    while (link_trace(w->link, end, &line))
        end = line.number + 1;
    bool body = false;
    for (unsigned i = 0; i < RECORDER_DUMP; i++) {
        char want[RECORDER_TEXT + 32];
        assert_true(link_trace(w->link, end - RECORDER_DUMP + i, &line));
        snprintf(want, sizeof want, "%lld.%09lld %c %s", (long long)(line.at_ns / 1000000000),
                 (long long)(line.at_ns % 1000000000), line.way, line.text);
        assert_string_equal(dump[i], want);
        body |= strstr(dump[i], "<line:22>") != NULL;
        for (const char *const *secret =
                 (const char *const[]){"KHANARY", "727272", "912345678", NULL};
             *secret; secret++)
            assert_null(strstr(dump[i], *secret));
    }
    assert_true(body); /* it was said, and is seen by its length */
    assert_non_null(strstr(dump[RECORDER_DUMP - 1], "= quarantined: "));
    world_run(w, HOUR_MS); /* its time ends, and it goes on: no line is told twice */
    for (unsigned i = RECORDER_DUMP; i < dumped; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(dump[i], dump[k]);
    log_limit_set(NULL);
    world_end(w);
}

/* Pulled out and put back it is another modem, or the same one started anew: it is opened at once.
 * That another program lets go of the port says nothing of the modem. */
static void a_quarantine_ends_with_a_replug(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->deaf = w->dead = true;
    for (int s = 0; s < 20 * 3600 && quarantines < 5; s++)
        world_run(w, 1000);
    assert_int_equal(world_state(w), LINK_QUARANTINED); /* for 250 s */
    unsigned climbed = climb_count;
    world_let_go(w);
    world_run(w, 5000);
    assert_int_equal(world_state(w), LINK_QUARANTINED);
    world_unplug(w);
    w->dead = false;
    world_run(w, 5000);
    assert_int_equal(world_state(w), LINK_QUARANTINED);
    world_plug(w);
    assert_true(world_until_ready(w, 2000));
    assert_int_equal(climb_count, climbed);

    /* And where that was no help, the next one is as long as it would have been. */
    w->deaf = w->dead = true;
    for (int s = 0; s < 3600 && quarantines < 6; s++)
        world_run(w, 1000);
    unsigned opens = w->opens;
    world_run(w, 358000);
    assert_int_equal(w->opens, opens);
    world_run(w, 2000);
    assert_int_equal(w->opens, opens + 1);
    world_end(w);
}

/* A stick whose power is too weak comes anew by itself: nobody has put it back. */
static void one_that_comes_anew_by_itself_is_left_alone_too(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->deaf = w->dead = true;
    for (int s = 0; s < 3600; s += 5) {
        world_run(w, 5000);
        if (world_state(w) != LINK_QUARANTINED)
            continue;
        world_unplug(w);
        world_plug(w);
    }
    assert_in_range(quarantines, 10, 30); /* four for each that is kept, of ten minutes soon */
    assert_in_range(w->opens, 20, 60);
    world_end(w);
}

static void a_power_cycle_helps(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_power = w->rescue_revives = true;
    w->rescue_ms = 5000;
    w->deaf = w->dead = true;
    world_run(w, 180000);
    send_one(w, SMS_SENT);
    rungs_are("reset reopen power");
    assert_int_equal(quarantines, 0);
    world_end(w);
}

static void a_rung_that_fails_is_stepped_over(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_usb = w->has_power = true;
    w->rescue_result = -ETIMEDOUT;
    w->rescue_ms = 30000;
    w->deaf = w->dead = true;
    world_run(w, 250000);
    assert_true(climb_count >= 5);
    climb_count = 5;
    rungs_are("reset reopen usb power quarantine");
    assert_string_equal(climbs[3].why, "the rung before has failed");
    world_end(w);
}

static void budgets_bound_what_wears_a_modem(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_usb = w->has_power = true;
    w->rescue_ms = 2000;
    w->deaf = w->dead = true;
    world_run(w, 12LL * HOUR_MS);
    assert_true(climb_count < CLIMBS);
    assert_int_equal(most_in("reset", HOUR_MS), 3);
    assert_int_equal(most_in("usb", HOUR_MS), 3);
    assert_int_equal(most_in("power", 600000), 1);
    assert_true(w->powers >= 12); /* and it is not given up */
    assert_in_range(quarantines, 60, 110);
    world_end(w);
}

/* Flaps: answers for a while after each reset. Never more resets than the budget has. */
static void a_modem_that_comes_and_goes_has_a_budget_too(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    int64_t end_ms = loop_now_ms(w->loop) + 6LL * HOUR_MS;
    while (loop_now_ms(w->loop) < end_ms) {
        w->deaf = true;
        world_run(w, 90000);
        (void)world_until_ready(w, 700000);
    }
    assert_int_equal(most_in("reset", HOUR_MS), 3);
    assert_true(most_in("reopen", HOUR_MS) > 3);
    world_end(w);
}

/* --- a port that our own reset took away --- */

static bool vanishes(struct world *w, const char *command)
{
    if (strcmp(command, "AT+CFUN=1,1") != 0)
        return false;
    world_unplug(w);
    return true;
}

static void a_reset_that_drops_the_port_is_waited_for(void **state)
{
    (void)state;
    for (int back = 0; back < 2; back++) {
        struct world *w = world_heard_ready();
        w->has_power = w->rescue_revives = true;
        w->hook = vanishes;
        assert_int_equal(link_reset(w->link), 0);
        world_run(w, 20000);
        assert_int_equal(world_state(w), LINK_GONE);
        if (back) {
            world_plug(w);
            assert_true(world_until_ready(w, 2000));
            world_run(w, 120000);
            rungs_are("reset");
        } else {
            world_run(w, 60000);
            send_one(w, SMS_SENT);
            rungs_are("reset power");
            assert_string_equal(climbs[1].why, "it did not come back");
        }
        world_end(w);
    }
}

/* Without a way to bring it back: one quarantine, then it is watched for and nothing is done. */
static void one_that_never_comes_back_is_left_alone(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->hook = vanishes;
    assert_int_equal(link_reset(w->link), 0);
    world_run(w, 24LL * HOUR_MS);
    rungs_are("reset quarantine");
    assert_int_equal(world_state(w), LINK_GONE);
    assert_true(loop_sim_next_ms(w->loop) == INT64_MAX); /* no timer at all */
    world_plug(w);
    assert_true(world_until_ready(w, 2000));
    world_end(w);
}

/* Pulled by hand, in good health: nothing climbs. */
static void a_pulled_modem_is_no_patient(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_usb = w->has_power = true;
    world_run(w, 61000);
    world_unplug(w);
    world_run(w, HOUR_MS);
    rungs_are("");
    assert_int_equal(w->usbs + w->powers, 0);
    world_end(w);
}

/* Refused, or in another's hands: what its place was is no business of its link. */
static void one_taken_away_is_not_acted_upon(void **state)
{
    (void)state;
    struct world *w = world_heard();
    w->moves = true;
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    assert_true(w->noted);
    assert_int_equal(link_attach(w->link, NULL), 0);
    world_run(w, 0);
    assert_int_equal(world_state(w), LINK_GONE);
    assert_false(w->noted);
    assert_int_equal(link_attach(w->link, "/dev/ttyUSB1"), 0);
    assert_true(world_until_ready(w, 5000));
    assert_true(w->noted);
    world_end(w);
}

/* --- what is under way, and the end --- */

static void what_is_under_way_gets_its_verdict(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    w->has_usb = true;
    w->fault = FAULT_DEAF;
    w->at_byte = 5; /* the Ctrl-Z has left */
    w->dead = true;
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 140000));
    assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
    world_run(w, 300000);
    assert_int_equal(w->outcomes, 1);
    world_end(w);
}

static void a_link_closes_on_every_rung(void **state)
{
    (void)state;
    for (int64_t ms = 60000; ms < 400000; ms += 7919) {
        struct world *w = world_heard_ready();
        w->has_usb = w->has_power = true;
        w->rescue_ms = 20000;
        w->deaf = w->dead = true;
        world_run(w, ms);
        bool busy = w->rescue_done != NULL;
        size_t told = w->trace_len;
        link_close(w->link);
        w->link = NULL;
        world_run(w, HOUR_MS);
        assert_int_equal(w->trace_len, told);
        assert_true(!busy || w->rescue_stops > 0);
        assert_null(w->rescue_done);
        world_end(w);
    }
}

/* Gammu wrote 3.6 GB in five minutes after a replug. Whatever a modem shouts for an hour: */
static void a_modem_that_floods_fills_no_log(void **state)
{
    (void)state;
    static const char *const floods[] = {"\r\nRDY\r\n", "\r\n+CPIN: READY\r\n", "\r\n+CMGS: 7\r\n",
                                         "\r\n^RSSI:20\r\n", "\r\n\xff\x7e?\r\n> \r\nERROR\r\n"};
    for (size_t f = 0; f < sizeof floods / sizeof *floods; f++) {
        struct world *w = world_heard_ready();
        log_limit_set(w->loop);
        for (int i = 0; i < 36000; i++) {
            world_say(w, floods[f], strlen(floods[f]));
            world_run(w, 100);
        }
        assert_true(lines < 5000);
        log_limit_set(NULL);
        assert_true(world_until_ready(w, 700000)); /* and it was only noise */
        world_end(w);
    }
    struct world *w = world_heard_ready(); /* a plug that is loose */
    log_limit_set(w->loop);
    for (int i = 0; i < 36000; i++) {
        i % 2 ? world_plug(w) : world_unplug(w);
        world_run(w, 100);
    }
    assert_true(quarantines > 0);
    assert_true(lines < 1000);
    log_limit_set(NULL);
    world_plug(w);
    assert_true(world_until_ready(w, 700000));
    world_end(w);
}

static void a_hand_is_not_bound_by_the_budget(void **state)
{
    (void)state;
    struct world *w = world_heard_ready();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(link_reset(w->link), 0);
        assert_true(world_until_ready(w, 30000));
    }
    rungs_are("reset reset reset reset reset");
    w->deaf = true; /* its budget is used up all the same */
    world_run(w, 75000);
    rungs_are("reset reset reset reset reset reopen");
    assert_true(world_until_ready(w, 30000));
    world_end(w);
}

/* Asked at any moment of a modem's day it begins when what is under way has ended, once, with no
 * timer of its own; no message goes first. */
static void a_reset_waits_for_what_is_under_way(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t at_ms;            /* since READY */
        int submit;               /* 1: a message first, 2: one that is never answered */
        const char *mute, *rungs; /* what is not answered */
        int64_t within_ms;        /* until it has begun */
    } rows[] = {
        {"idle", 10, 0, NULL, "reset", 0},
        {"behind a message", 10, 1, NULL, "reset", 300},
        {"behind a keepalive", 60500, 0, "AT+CREG?", "reset", 4600},
        {"behind a sweep", 60500, 0, "AT+CPMS?", "reset", 10000},
        {"on the way up", 10, 2, NULL, "reset", 130000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_heard_ready();
        w->mute = rows[i].mute;
        w->cmgs_answer = rows[i].submit == 2 ? "" : NULL;
        w->answer = rows[i].submit == 1 ? OWNER_LATE_YES : OWNER_YES;
        w->answer_ms = rows[i].submit == 1 ? 300 : 0;
        world_run(w, rows[i].at_ms);
        uint64_t token = rows[i].submit ? world_submit(w, false) : 0;
        world_run(w, 10);
        w->deaf = rows[i].submit == 2;
        w->dead = false;
        assert_int_equal(link_reset(w->link), 0);
        assert_int_equal(link_reset(w->link), 0);
        assert_int_equal(world_submit(w, false), 0);
        world_run(w, rows[i].within_ms);
        if (climb_count != 1)
            fail_msg("%s: %u climbs", rows[i].name, climb_count);
        assert_int_equal(w->outcomes, token != 0);
        w->mute = w->cmgs_answer = NULL;
        assert_true(world_until_ready(w, 60000));
        w->answer = OWNER_YES;
        w->answer_ms = 0;
        send_one(w, SMS_SENT);
        world_run(w, 130000);
        rungs_are(rows[i].rungs);
        world_end(w);
    }
}

/* Without a SIM, or a network, it waits for nothing but its next look. */
static void a_modem_that_cannot_send_is_reset_too(void **state)
{
    (void)state;
    for (int sim = 0; sim < 2; sim++) {
        struct world *w = world_heard();
        w->cpin = sim ? "\r\n+CME ERROR: 10\r\n" : NULL;
        w->creg = sim ? NULL : "\r\n+CREG: 2,2\r\n\r\nOK\r\n";
        world_start(w);
        world_run(w, 151); /* in the middle of its first look */
        assert_int_equal(link_reset(w->link), 0);
        world_run(w, 1000);
        rungs_are("reset");
        world_run(w, 30000);
        assert_int_equal(world_state(w), sim ? LINK_SIM : LINK_REGISTERING);
        assert_int_equal(link_reset(w->link), 0);
        world_run(w, 0);
        rungs_are("reset reset");
        world_end(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modem_that_answers_registers_anew_first),
        cmocka_unit_test(a_deaf_modem_is_not_talked_to),
        cmocka_unit_test(a_modem_that_only_looks_fine_climbs_all_the_same),
        cmocka_unit_test(a_fence_that_passes_ends_no_trouble),
        cmocka_unit_test(a_trouble_of_hours_ago_is_over),
        cmocka_unit_test(a_silence_now_and_then_is_no_rung),
        cmocka_unit_test(no_network_for_half_an_hour_is_a_rung),
        cmocka_unit_test(a_dead_modem_climbs_rung_after_rung),
        cmocka_unit_test(a_quarantine_leaves_its_dialogue),
        cmocka_unit_test(a_quarantine_ends_with_a_replug),
        cmocka_unit_test(one_that_comes_anew_by_itself_is_left_alone_too),
        cmocka_unit_test(a_power_cycle_helps),
        cmocka_unit_test(a_rung_that_fails_is_stepped_over),
        cmocka_unit_test(budgets_bound_what_wears_a_modem),
        cmocka_unit_test(a_modem_that_comes_and_goes_has_a_budget_too),
        cmocka_unit_test(a_reset_that_drops_the_port_is_waited_for),
        cmocka_unit_test(one_that_never_comes_back_is_left_alone),
        cmocka_unit_test(a_pulled_modem_is_no_patient),
        cmocka_unit_test(one_taken_away_is_not_acted_upon),
        cmocka_unit_test(what_is_under_way_gets_its_verdict),
        cmocka_unit_test(a_link_closes_on_every_rung),
        cmocka_unit_test(a_modem_that_floods_fills_no_log),
        cmocka_unit_test(a_hand_is_not_bound_by_the_budget),
        cmocka_unit_test(a_reset_waits_for_what_is_under_way),
        cmocka_unit_test(a_modem_that_cannot_send_is_reset_too),
    };
    log_sink_set(hear, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
