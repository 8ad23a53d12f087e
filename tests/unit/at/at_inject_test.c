/* Unsolicited lines in the middle of everything: two runs, one with a line put in at one place,
 * must tell their owner exactly the same, at the same times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

/* Whole lines, as modems print them. */
static const char *const lines[] = {
    "\r\n^RSSI:15\r\n",
    "\r\n^BOOT:20220816,0,0,0,20\r\n",
    "\r\n+CMTI: \"SM\",3\r\n",
    "\r\nRING\r\n",
    "\r\nNO CARRIER\r\n",
    "\r\n+CUSD: 0,\"line one\r\nline two\",15\r\n",
    "\r\n+CMT: ,23\r\n07914889200026F0040B914819325476F8\r\n",
    "\r\n+CREG: 1\r\n",
    "\r\n\r\n\r\n",
    "\r\n+NEVER: \"heard of\"\r\n",
    "\r\n+NEVER: ERROR\r\n",
    "\r\n^NEVER:OK\r\n",
};
/* Cut, glued or dirty: at the borders of lines only. */
static const char *const scraps[] = {
    "#STN: 150,1,\"\"\r\n",
    "#STN: 150,1,\"\"\r\nAT+CSQ\r\r\n",
    "^RSSI:1",
    "+CMTI: \"S",
    "\r\n^HCSQ:\"LTE\",47,4",
    "+CUSD: 0,\"never ends",
    "\r\n^MODE:5,4\r",
    "\x01\x02\x7f\x1b\x1a",
    "\n",
};

struct run {
    char trace[WORLD_TRACE];
    size_t bytes; /* of the modem's output in the dialogue */
    uint8_t borders[2048];
};

/* From the port to a sent message, with `inject` at byte `at` of everything the modem says (whole)
 * or of the message's dialogue. */
static void run_once(struct run *run, const char *inject, size_t at, bool whole)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->fault = inject ? FAULT_INJECT : FAULT_NONE;
    w->inject = inject;
    w->at_byte = at;
    w->all = whole;
    w->no_radio = true; /* a +CREG put in is news, and rightly told */
    world_start(w);
    assert_true(world_until_ready(w, 30000));
    for (int i = 0; i < 2; i++) {
        uint64_t token = world_submit(w, false);
        assert_true(token != 0);
        assert_true(world_until_outcome(w, token, 200000));
    }
    w->dialogue = false;
    memcpy(run->trace, w->trace, w->trace_len + 1);
    run->bytes = w->said;
    memcpy(run->borders, w->borders, sizeof run->borders);
    world_stop(w);
    free(w);
}

static void compare(const char *inject, size_t at, bool whole, const struct run *plain)
{
    static struct run run;
    run_once(&run, inject, at, whole);
    if (strcmp(run.trace, plain->trace) != 0) {
        fprintf(stderr, "injected at byte %zu: <%s>\n--- with\n%s--- without\n%s", at, inject,
                run.trace, plain->trace);
        fail();
    }
}

static const char dialogue[] = "\r\n> \r\n+CMGS: 7\r\n\r\nOK\r\n";

static void whole_lines_at_every_byte_of_the_dialogue(void **state)
{
    (void)state;
    static struct run plain;
    run_once(&plain, NULL, 0, false);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (size_t at = 0; at < sizeof dialogue - 1; at++)
            compare(lines[i], at, false, &plain);
}

static void scraps_at_the_borders_of_the_dialogue(void **state)
{
    (void)state;
    static struct run plain;
    run_once(&plain, NULL, 0, false);
    for (size_t i = 0; i < sizeof scraps / sizeof *scraps; i++)
        for (size_t at = 0; at < sizeof dialogue - 1; at++) {
            bool border =
                at == 0 || at == 4 || dialogue[at - 1] == '\n' || dialogue[at - 1] == '\r';
            /* Without a line end before it, a prompt is none: NOT_SENT, told below. */
            bool before_prompt = at == 2;
            bool ends = strchr("\r\n", scraps[i][strlen(scraps[i]) - 1]) || scraps[i][0] == 1;
            /* Glued to text from the air an answer is not believed: anybody might have sent it. */
            bool in_text = scraps[i][0] == '+' && scraps[i][2] == 'U' && dialogue[at] != '\r';
            if (border && !in_text && (ends || !before_prompt))
                compare(scraps[i], at, false, &plain);
        }
}

/* A notice whose own value is the word that ends a command: the SIM is looked at behind the
 * message, and what answers it is what comes for it. */
static void a_notice_that_ends_like_a_command(void **state)
{
    (void)state;
    for (size_t at = 4; at < sizeof dialogue - 1; at++) {
        if (dialogue[at] == '\n' || (dialogue[at] != '\r' && dialogue[at - 1] != '\n'))
            continue; /* between lines only: in the midst of one it is no notice */
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->fault = FAULT_INJECT;
        w->inject = "\r\n+CPIN: ERROR\r\n";
        w->at_byte = at;
        world_start(w);
        assert_true(world_until_ready(w, 30000));
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 200000));
        if (w->outcome.verdict != SMS_SENT || w->outcome.reference != 7)
            fail_msg("byte %zu: %s, cause %d", at, sms_verdict_name(w->outcome.verdict),
                     w->outcome.cause);
        world_run(w, 100);
        assert_int_equal(w->evidences, 0);
        world_stop(w);
        free(w);
    }
}

/* The one place where half a line costs something: the prompt is not seen. Nothing is sent. */
static void half_a_line_before_the_prompt_is_not_sent(void **state)
{
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->fault = FAULT_INJECT;
    w->inject = "^RSSI:1";
    w->at_byte = 2;
    world_start(w);
    assert_true(world_until_ready(w, 30000));
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 30000));
    assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
    assert_int_equal(w->outcome.cause, SMS_LOCAL_NO_PROMPT);
    assert_int_equal(w->commits, 0);
    assert_true(world_until_ready(w, 1000)); /* behind the fence */
    token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 30000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    world_stop(w);
    free(w);
}

static void whole_lines_between_any_two_lines_of_the_start(void **state)
{
    (void)state;
    static struct run plain;
    run_once(&plain, NULL, 0, true);
    assert_in_range(plain.bytes, 400, sizeof plain.borders);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (size_t at = 0; at < plain.bytes; at++)
            if (plain.borders[at])
                compare(lines[i], at, true, &plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_lines_at_every_byte_of_the_dialogue),
        cmocka_unit_test(scraps_at_the_borders_of_the_dialogue),
        cmocka_unit_test(a_notice_that_ends_like_a_command),
        cmocka_unit_test(half_a_line_before_the_prompt_is_not_sent),
        cmocka_unit_test(whole_lines_between_any_two_lines_of_the_start),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
