/* A modem that dies at every single byte of a message's dialogue, in every way we could think of:
 * the verdict must be the one the line gives (link.h), each attempt must get exactly one, and the
 * next message must go, with its own reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

/* What the modem puts out for one message, and where the line is drawn in it. */
#define DIALOGUE "\r\n> \r\n+CMGS: 7\r\n\r\nOK\r\n"
enum {
    AFTER_PROMPT = 3,     /* bytes up to and with '>' */
    BEFORE_ANSWER = 4,    /* the Ctrl-Z has left by then */
    AFTER_REFERENCE = 15, /* "+CMGS: 7" and its CR */
    WHOLE = sizeof DIALOGUE - 1,
    PROMPT_MS = 10000,
    ANSWER_MS = 120000,
};

static const struct row {
    const char *name;
    enum world_fault fault;
    int64_t stall_ms;
    const char *answer;
    const char *maker, *model;
} rows[] = {
    {"hang-up", FAULT_CLOSE, 0, NULL, NULL, NULL},
    {"cut", FAULT_CUT, 0, NULL, NULL, NULL},
    {"deaf", FAULT_DEAF, 0, NULL, NULL, NULL},
    {"garbage", FAULT_GARBAGE, 0, NULL, NULL, NULL},
    {"stall 1 s", FAULT_STALL, 1000, NULL, NULL, NULL},
    {"stall 11 s", FAULT_STALL, 11000, NULL, NULL, NULL},
    {"stall 119 s", FAULT_STALL, 119000, NULL, NULL, NULL},
    {"stall 121 s", FAULT_STALL, 121000, NULL, NULL, NULL},
    {"stall 125 s", FAULT_STALL, 125000, NULL, NULL, NULL},
    {"stall 140 s", FAULT_STALL, 140000, NULL, NULL, NULL},
    {"stall 400 s", FAULT_STALL, 400000, NULL, NULL, NULL},
    {"deaf, then ERROR", FAULT_DEAF, 0, "\r\nERROR\r\n", NULL, NULL},
    {"stall 125 s, error behind +CMGS", FAULT_STALL, 125000, "\r\n+CMGS: %d\r\n\r\nERROR\r\n", NULL,
     NULL},
    {"stall 125 s, OK only", FAULT_STALL, 125000, "\r\nOK\r\n", NULL, NULL},
    {"late modem, stall 125 s", FAULT_STALL, 125000, NULL, "otpgate", "SIM-LATE"},
};

/* The reference is on its way, but not in time. A longer stall meets the ladder. */
static bool is_late(const struct row *row, size_t byte)
{
    return row->fault == FAULT_STALL && row->answer == NULL && row->stall_ms > 120000 &&
           row->stall_ms < 400000 && byte >= BEFORE_ANSWER && byte < AFTER_REFERENCE;
}

static size_t whole_of(const struct row *row)
{
    if (!row->answer)
        return WHOLE;
    return strlen("\r\n> ") + strlen(row->answer) - (strstr(row->answer, "%d") != NULL);
}

static void say(const struct row *row, size_t byte, const struct world *w)
{
    fprintf(stderr, "%s at byte %zu:\n%s", row->name, byte, w->trace);
}

#define check(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            say(row, byte, w);                                                                     \
            fail_msg("%s", #condition);                                                            \
        }                                                                                          \
    } while (0)

/* SENT only with the modem's own reference; NOT_SENT only where the network never had it. */
static void check_truth(const struct row *row, size_t byte, const struct world *w, uint64_t token)
{
    int truth = world_truth_of(w, token);
    if (w->outcome.verdict == SMS_SENT)
        check(truth >= 0 && w->outcome.reference == truth);
    if (w->outcome.verdict == SMS_NOT_SENT)
        check(truth < 0);
}

static void check_verdict(const struct row *row, size_t byte, const struct world *w)
{
    bool quiet = row->fault == FAULT_CLOSE || row->fault == FAULT_CUT || row->fault == FAULT_DEAF ||
                 row->fault == FAULT_GARBAGE;
    bool plain = row->answer == NULL;
    if (quiet && plain && byte < AFTER_PROMPT)
        check(w->outcome.verdict == SMS_NOT_SENT);
    if (quiet && plain && byte >= BEFORE_ANSWER && byte < AFTER_REFERENCE)
        check(w->outcome.verdict == SMS_UNKNOWN);
    /* What is cut while under way never came: the best verdict that bytes allow. */
    if (plain && byte >= AFTER_REFERENCE)
        check(w->outcome.verdict == (row->fault == FAULT_CUT ? SMS_UNKNOWN : SMS_SENT));
    /* In order: an answer inside the hard time-out is its own. */
    if (row->fault == FAULT_STALL && plain && byte >= BEFORE_ANSWER && row->stall_ms < 120000)
        check(w->outcome.verdict == SMS_SENT);
    if (row->fault == FAULT_STALL && byte < AFTER_PROMPT)
        check(w->outcome.verdict == (row->stall_ms < 10000 ? SMS_SENT : SMS_NOT_SENT) || !plain);
    /* Later ones come as evidence, with the token. */
    if (is_late(row, byte))
        check(w->outcome.verdict == SMS_UNKNOWN);
}

/* Told when the command in flight has had its time: no fence and no rung is waited for. */
static void check_time(const struct row *row, size_t byte, const struct world *w, int64_t asked_ms)
{
    check(w->told_ms - asked_ms <= PROMPT_MS + (w->commits > 0 ? ANSWER_MS : 0));
    if (row->fault == FAULT_DEAF && w->commits > 0)
        check(w->told_ms - w->asked_ms <= ANSWER_MS);
}

static void die_once(const struct row *row, size_t byte)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    if (row->maker) {
        strcpy(w->maker, row->maker);
        strcpy(w->model, row->model);
    }
    w->fault = row->fault;
    w->at_byte = byte;
    w->stall_ms = row->stall_ms;
    w->cmgs_answer = row->answer;
    world_start(w);
    check(world_until_ready(w, 5000));
    int64_t asked_ms = loop_now_ms(w->loop);
    uint64_t token = world_submit(w, false);
    check(world_until_outcome(w, token, 200000));
    check_truth(row, byte, w, token);
    check_verdict(row, byte, w);
    check_time(row, byte, w, asked_ms);
    unsigned outcomes = w->outcomes;
    check(byte >= AFTER_REFERENCE || w->written_meanwhile == 0);
    check(outcomes == 1);
    /* Whatever comes late is evidence for the right one. */
    world_run(w, 500);
    w->cmgs_answer = NULL;
    check(world_until_ready(w, 1500000));
    for (int i = 0; i < 3; i++) {
        uint64_t next = world_submit(w, false);
        check(next != 0);
        check(world_until_outcome(w, next, 200000));
        check_truth(row, byte, w, next);
        /* With the final result whole but for its LF the fault strikes the next message. */
        if (byte == whole_of(row) - 1 && i == 0 && w->outcome.verdict == SMS_NOT_SENT)
            check(world_until_ready(w, 1500000));
        else
            check(w->outcome.verdict == SMS_SENT);
    }
    check(w->outcomes == outcomes + 3);
    if (w->evidences > 0 && w->evidence.token == token)
        check(w->evidence.reference == world_truth_of(w, token));
    check(w->evidences <= 1 && (w->evidences == 0 || w->evidence.token == token));
    check(w->evidences == 1 || !is_late(row, byte) || row->stall_ms > 125000);
    world_stop(w);
    free(w);
}

static void every_byte_of_the_dialogue(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t byte = 0; byte < whole_of(&rows[r]); byte++)
            die_once(&rows[r], byte);
}

/* --- how it answers --- */

static void the_answer_decides(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum sms_verdict verdict;
        enum sms_cause_space space;
        int cause;
        bool reference;
    } answers[] = {
        {"\r\n+CMGS: %d\r\n\r\nOK\r\n", SMS_SENT, SMS_CAUSE_NONE, 0, true},
        {"\r\n+CMGS:%d\r\n\r\nERROR\r\n", SMS_SENT, SMS_CAUSE_NONE, 0, true},
        {"\r\n+CMGS: %d,\"26/11/22,12:00:00+28\"\r\n\r\n+CMS ERROR: 500\r\n", SMS_SENT,
         SMS_CAUSE_NONE, 0, true},
        {"\r\n+CMGS: %d\r", SMS_SENT, SMS_CAUSE_NONE, 0, true},
        {"\r\nOK\r\n", SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_OK_ONLY, false},
        {"\r\nERROR\r\n", SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_ERROR, false},
        {"\r\n+CMS ERROR: 38\r\n", SMS_NOT_SENT, SMS_CAUSE_CMS, 38, false},
        {"\r\n+CMS ERROR: 332\r\n", SMS_UNKNOWN, SMS_CAUSE_CMS, 332, false},
        {"\r\n+CMS ERROR: 500\r\n", SMS_UNKNOWN, SMS_CAUSE_CMS, 500, false},
        {"\r\n+CMS ERROR: 513\r\n", SMS_UNKNOWN, SMS_CAUSE_CMS, 513, false},
        {"\r\n+CMS ERROR: network timeout\r\n", SMS_UNKNOWN, SMS_CAUSE_CMS, 332, false},
        {"\r\n+CME ERROR: 31\r\n", SMS_UNKNOWN, SMS_CAUSE_CME, 31, false},
        {"\r\n+CME ERROR: 100\r\n", SMS_UNKNOWN, SMS_CAUSE_CME, 100, false},
        {"\r\nCOMMAND NOT SUPPORT\r\n", SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_ERROR, false},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->cmgs_answer = answers[i].answer;
        world_start(w);
        assert_true(world_until_ready(w, 5000));
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 30000));
        assert_int_equal(w->outcome.verdict, answers[i].verdict);
        assert_int_equal(w->outcome.space, answers[i].space);
        assert_int_equal(w->outcome.cause, answers[i].cause);
        assert_int_equal(w->outcome.reference, answers[i].reference ? 7 : -1);
        w->cmgs_answer = NULL;
        assert_true(world_until_ready(w, 60000));
        token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 1000));
        assert_int_equal(w->outcome.verdict, SMS_SENT);
        assert_int_equal(w->outcome.reference, 8);
        world_stop(w);
        free(w);
    }
}

static void instead_of_the_prompt(void **state)
{
    (void)state;
    static const struct {
        const char *prompt;
        enum sms_cause_space space;
        int cause;
    } answers[] = {
        {"\r\nERROR\r\n", SMS_CAUSE_LOCAL, SMS_LOCAL_ERROR},
        {"\r\n+CMS ERROR: 302\r\n", SMS_CAUSE_CMS, 302},
        {"\r\n+CMS ERROR: 38\r\n", SMS_CAUSE_CMS, 38},
        {"\r\nOK\r\n", SMS_CAUSE_LOCAL, SMS_LOCAL_NO_PROMPT},
        {"\r\n+CMGS: 9\r\n\r\nOK\r\n", SMS_CAUSE_LOCAL, SMS_LOCAL_NO_PROMPT},
        {"", SMS_CAUSE_LOCAL, SMS_LOCAL_NO_PROMPT},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->prompt = answers[i].prompt;
        world_start(w);
        assert_true(world_until_ready(w, 5000));
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 60000));
        assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
        assert_int_equal(w->outcome.space, answers[i].space);
        assert_int_equal(w->outcome.cause, answers[i].cause);
        assert_int_equal(w->commits, 0);
        assert_int_equal(w->sent, 0);
        world_stop(w);
        free(w);
    }
}

/* A dead modem's own message, whatever it waits for, and then the fence's and the ladder's time. */
static void a_dead_modems_message_waits_for_one_command(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool behind_prompt, more, kept_alive;
        int64_t told_ms;
        enum sms_verdict verdict;
        enum sms_local cause;
    } deaths[] = {
        {"AT+CMGS", false, false, false, 10000, SMS_NOT_SENT, SMS_LOCAL_NO_PROMPT},
        {"AT+CMMS", false, true, false, 5000, SMS_NOT_SENT, SMS_LOCAL_NOT_READY},
        {"a keepalive", false, false, true, 4000, SMS_NOT_SENT, SMS_LOCAL_NOT_READY},
        {"the answer", true, false, false, 120000, SMS_UNKNOWN, SMS_LOCAL_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->fault = FAULT_DEAF;
        w->at_byte = BEFORE_ANSWER;
        world_start(w);
        assert_true(world_until_ready(w, 5000));
        w->dead = true;
        w->deaf = !deaths[i].behind_prompt;
        if (deaths[i].kept_alive)
            world_run(w, 61000);
        int64_t asked_ms = loop_now_ms(w->loop);
        uint64_t token = world_submit(w, deaths[i].more);
        if (!token)
            fail_msg("dead in %s: not taken", deaths[i].name);
        assert_true(world_until_outcome(w, token, 200000));
        assert_int_equal(w->outcome.verdict, deaths[i].verdict);
        assert_int_equal(w->outcome.cause, deaths[i].cause);
        assert_int_equal(w->told_ms - asked_ms, deaths[i].told_ms);
        assert_false(link_in_flight(w->link));
        /* It takes no other before it is known how it is. */
        assert_int_equal(world_submit(w, false), 0);
        world_run(w, 9500);
        assert_int_equal(world_state(w), LINK_RECOVERING);
        assert_int_equal(w->outcomes, 1);
        world_stop(w);
        free(w);
    }
}

/* With the fence under way: the modem lives, and its answer is the truth. */
static void an_answer_in_the_fence_is_evidence(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->fault = FAULT_STALL;
        w->stall_ms = 124000;
        w->at_byte = BEFORE_ANSWER;
        w->cmgs_answer = twice ? "\r\n+CMGS: %d\r\n\r\n+CMGS: 7\r\n\r\nERROR\r\n" : NULL;
        world_start(w);
        assert_true(world_until_ready(w, 5000));
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 120000));
        assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
        assert_int_equal(w->evidences, 0);
        world_run(w, 5000);
        assert_int_equal(w->evidences, 1);
        assert_int_equal(w->evidence.token, token);
        assert_int_equal(w->evidence.reference, world_truth_of(w, token));
        assert_int_equal(w->outcomes, 1);
        assert_true(world_until_ready(w, 1000));
        w->cmgs_answer = NULL;
        token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 10));
        assert_int_equal(w->outcome.verdict, SMS_SENT);
        assert_int_equal(w->evidences, 1);
        world_stop(w);
        free(w);
    }
}

/* The kernel has not taken the last byte: it has certainly not left, and must never. */
static void a_body_stuck_in_the_port_is_not_sent(void **state)
{
    (void)state;
    for (int dies = 0; dies < 2; dies++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->answer = OWNER_LATE_YES;
        w->answer_ms = 100;
        world_start(w);
        assert_true(world_until_ready(w, 5000));
        uint64_t token = world_submit(w, false);
        world_run(w, 50);
        assert_int_equal(w->commits, 1);
        stream_pipe_hold(w->host, 1);
        world_run(w, 100);
        assert_true(link_in_flight(w->link)); /* may have left, for all the owner can tell */
        if (dies)
            world_unplug(w);
        assert_true(world_until_outcome(w, token, 121000));
        assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
        assert_int_equal(w->outcome.cause, dies ? SMS_LOCAL_GONE : SMS_LOCAL_TIMEOUT);
        assert_false(link_in_flight(w->link));
        world_run(w, 0);
        assert_null(w->modem); /* closed at once, or it would leave later */
        world_plug(w);
        w->answer = OWNER_YES;
        w->answer_ms = 0;
        assert_true(world_until_ready(w, 60000));
        assert_int_equal(w->sent, 0);
        token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 1000));
        assert_int_equal(w->outcome.verdict, SMS_SENT);
        world_stop(w);
        free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_of_the_dialogue),
        cmocka_unit_test(the_answer_decides),
        cmocka_unit_test(instead_of_the_prompt),
        cmocka_unit_test(a_dead_modems_message_waits_for_one_command),
        cmocka_unit_test(an_answer_in_the_fence_is_evidence),
        cmocka_unit_test(a_body_stuck_in_the_port_is_not_sent),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
