/* The dialogue engine, one dialogue a table: what the owner calls, what must be on the wire, what
 * the modem says, how time passes, and what the owner hears. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_chat.h"
#include "loop_sim.h"
#include "stream_pipe.h"

enum op { END, SEND, BODY, ESCAPE, FENCE, EXTEND, IN, OUT, WAIT, HEAR, HOLD, CUT };
struct step {
    enum op op;
    const char *text; /* SEND: of a command; IN, OUT: bytes; HEAR: what the owner heard since */
    int ms;
};

static struct {
    struct loop *loop;
    struct stream *host, *modem;
    struct at_chat chat;
    char wire[4096], heard[4096];
    size_t wire_len, heard_len;
    const char *next; /* sent from within the end of the one before */
} t;

static void send_command(const char *text);

static void __attribute__((format(printf, 1, 2))) hear(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    t.heard_len +=
        (size_t)vsnprintf(t.heard + t.heard_len, sizeof t.heard - t.heard_len, format, args);
    va_end(args);
    assert_true(t.heard_len < sizeof t.heard);
}

/* --- the owner --- */

static bool on_line(void *arg, const char *line)
{
    int value;
    (void)arg;
    if (strncmp(line, "+CMGS:", 6) == 0 && !at_parse_cmgs(line, &value))
        return false;
    hear("line<%s> ", line);
    return true;
}

static void on_prompted(void *arg)
{
    (void)arg;
    hear("prompted ");
}

static void on_done(void *arg, const struct at_result *result)
{
    static const char *const ends[] = {"final", "timeout", "taken-back", "gone"};
    (void)arg;
    hear("done:%s", ends[result->end]);
    if (result->end == AT_END_FINAL)
        hear(":%d/%d", result->final.kind, result->final.code);
    hear("%s%s%s%s ", result->prompted ? ",prompted" : "", result->body_left ? ",left" : "",
         result->in_step ? "" : ",out-of-step", result->stuck ? ",stuck" : "");
    const char *next = t.next;
    t.next = NULL;
    if (next)
        send_command(next);
}

static void on_awake(void *ctx)
{
    (void)ctx;
    hear("awake ");
}

static void on_fenced(void *ctx, bool in_step)
{
    (void)ctx;
    hear("fenced:%d ", in_step);
}

static void on_orphan(void *ctx, const struct at_final *final)
{
    (void)ctx;
    hear("orphan:%d ", final->kind);
}

static void on_broken(void *ctx)
{
    (void)ctx;
    hear("broken ");
}

static void on_overdue(void *ctx, const struct at_command *command, const struct at_result *so_far)
{
    (void)ctx;
    assert_true(!command || so_far->end != AT_END_FINAL || so_far->prompted);
    hear("overdue:%s ", command ? command->text : "-");
}

static void on_idle(void *ctx)
{
    (void)ctx;
    assert_true(at_chat_is_idle(&t.chat));
}

static void on_urc(void *ctx, const char *line)
{
    (void)ctx;
    hear("urc<%s> ", line);
}

/* Whole from eight digits on. */
static bool on_body(void *ctx, const char *line)
{
    (void)ctx;
    if (strlen(line) < 8)
        return false;
    hear("body<%s> ", line);
    return true;
}

static const struct at_chat_sink chat_sink = {.awake = on_awake,
                                              .fenced = on_fenced,
                                              .orphan = on_orphan,
                                              .broken = on_broken,
                                              .overdue = on_overdue,
                                              .idle = on_idle};
static const struct at_urc urcs[] = {
    {.prefix = "+CREG:", .fn = on_urc},
    {.prefix = "+CMGS:", .fn = on_urc},
    {.prefix = "^RSSI:"},
    {.prefix = "+CMT:", .text = true, .body = true},
    {.prefix = "+CDS:", .text = true, .body = true, .body_fn = on_body},
    {.prefix = NULL},
};
static const struct at_command commands[] = {
    {.text = "AT+CSQ", .prefix = {"+CSQ:"}, .timeout_ms = 5000},
    {.text = "AT+CREG?", .prefix = {"+CREG:"}, .timeout_ms = 5000},
    {.text = "AT+CGMM", .prefix = {"+CGMM:", ""}, .timeout_ms = 5000},
    {.text = "AT+CPIN?", .prefix = {"+CPIN:"}, .timeout_ms = 3000, .info_enough = true},
    {.text = "AT+CFUN=1,1", .timeout_ms = 5000, .no_fence = true},
    {.text = "AT+CMGF?", .prefix = {"+CMGF:"}, .timeout_ms = 5000},
    {.text = "AT+CMGS=20",
     .prefix = {"+CMGS:"},
     .timeout_ms = 10000,
     .owner_ms = 20000,
     .prompt = true},
};

/* --- the wires --- */

static void host_on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    at_chat_feed(&t.chat, data, len);
}

static void host_on_gone(void *ctx, int err)
{
    (void)ctx;
    (void)err;
    at_chat_gone(&t.chat);
}

static void modem_on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    assert_true(t.wire_len + len < sizeof t.wire);
    memcpy(t.wire + t.wire_len, data, len);
    t.wire_len += len;
    t.wire[t.wire_len] = '\0';
}

static void modem_on_gone(void *ctx, int err)
{
    (void)ctx;
    (void)err;
}

static const struct stream_sink host_sink = {.on_data = host_on_data, .on_gone = host_on_gone};
static const struct stream_sink modem_sink = {.on_data = modem_on_data, .on_gone = modem_on_gone};

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.loop = loop_sim_new(5000, 0);
    assert_non_null(t.loop);
    assert_int_equal(
        stream_pipe_new(t.loop, 0, &host_sink, NULL, &t.host, &modem_sink, NULL, &t.modem), 0);
    at_chat_init(&t.chat, t.loop, urcs, &chat_sink, NULL);
    at_chat_wake(&t.chat, t.host);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    at_chat_close(&t.chat);
    stream_close(t.host);
    stream_close(t.modem);
    loop_sim_settle(t.loop);
    loop_free(t.loop);
    return 0;
}

/* --- playing --- */

static void send_command(const char *text)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].text, text) == 0) {
            struct at_command command = commands[i];
            command.line = on_line;
            command.prompted = on_prompted;
            command.done = on_done;
            at_chat_send(&t.chat, &command);
            return;
        }
    fail_msg("no such command: %s", text);
}

static void expect(const char *what, unsigned i, const char *got, const char *wanted)
{
    if (strcmp(got, wanted) == 0)
        return;
    fail_msg("step %u: %s <%s>, wanted <%s>", i, what, got, wanted);
}

static void play(const struct step *steps)
{
    for (unsigned i = 0; steps[i].op != END; i++) {
        const struct step *step = &steps[i];
        switch (step->op) {
        case SEND:
            send_command(step->text);
            break;
        case BODY:
            (void)at_chat_body(&t.chat, step->text, strlen(step->text), step->ms);
            break;
        case ESCAPE:
            at_chat_escape(&t.chat);
            break;
        case FENCE:
            at_chat_fence(&t.chat);
            break;
        case EXTEND:
            at_chat_extend(&t.chat, step->ms);
            break;
        case IN:
            assert_int_equal(stream_write(t.modem, step->text, strlen(step->text)), 0);
            break;
        case OUT:
            loop_sim_settle(t.loop);
            expect("on the wire", i, t.wire, step->text);
            t.wire[t.wire_len = 0] = '\0';
            break;
        case WAIT:
            loop_sim_run_until(t.loop, loop_now_ms(t.loop) + step->ms);
            break;
        case HEAR:
            loop_sim_settle(t.loop);
            expect("heard", i, t.heard, step->text);
            t.heard[t.heard_len = 0] = '\0';
            break;
        case HOLD:
            stream_pipe_hold(t.host, step->ms);
            break;
        case CUT:
            stream_pipe_cut(t.modem, 5);
            break;
        case END:
            break;
        }
        loop_sim_settle(t.loop);
    }
}

#define WAKE                                                                                       \
    {OUT, "\x1b\r", 0}, {IN, "\r\n^BOOT:1\r\nOK\r\n> ", 0}, {WAIT, NULL, 150},                     \
    {                                                                                              \
        HEAR, "awake ", 0                                                                          \
    }
#define PASS                                                                                       \
    {OUT, "AT+CMGF?\r", 0}, {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "AT+CMEE?\r", 0},         \
    {                                                                                              \
        IN, "\r\n+CMEE: 1\r\n\r\nOK\r\n", 0                                                        \
    }
#define DIALOGUE(name, ...)                                                                        \
    static void name(void **state)                                                                 \
    {                                                                                              \
        static const struct step steps[] = {WAKE, __VA_ARGS__, {END, NULL, 0}};                    \
        (void)state;                                                                               \
        play(steps);                                                                               \
    }

/* clang-format off */
DIALOGUE(a_command_and_its_answer,
    {SEND, "AT+CSQ", 0}, {OUT, "AT+CSQ\r", 0},
    {IN, "\r\n+CSQ: 20,99\r\n", 0}, {HEAR, "line<+CSQ: 20,99> ", 0},
    {IN, "\r\nOK\r\n", 0}, {HEAR, "done:final:0/0 ", 0}, {OUT, "", 0})
DIALOGUE(echo_is_parsed_away,
    {SEND, "AT+CSQ", 0}, {OUT, "AT+CSQ\r", 0},
    {IN, "AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n", 0}, {HEAR, "line<+CSQ: 20,99> done:final:0/0 ", 0})
DIALOGUE(errors_carry_their_cause,
    {SEND, "AT+CSQ", 0}, {IN, "\r\n+CME ERROR: 14\r\n", 0}, {HEAR, "done:final:3/14 ", 0},
    {SEND, "AT+CSQ", 0}, {IN, "\r\nCOMMAND NOT SUPPORT\r\n", 0}, {HEAR, "done:final:1/0 ", 0})
DIALOGUE(unsolicited_lines_go_elsewhere,
    {IN, "\r\n+CREG: 1\r\n^RSSI:5\r\n", 0}, {HEAR, "urc<+CREG: 1> ", 0},
    {SEND, "AT+CSQ", 0}, {IN, "\r\n+CREG: 2\r\n\r\n^RSSI:7\r\n+FOO: 1\r\n\r\nRING\r\n", 0},
    {HEAR, "urc<+CREG: 2> ", 0},
    {IN, "\r\n+CSQ: 1,99\r\n\r\nNO CARRIER\r\n\r\nOK\r\n", 0}, {HEAR, "line<+CSQ: 1,99> done:final:0/0 ", 0})
DIALOGUE(an_owned_prefix_is_owned_for_the_time_of_its_command,
    {SEND, "AT+CREG?", 0}, {IN, "\r\n+CREG: 0,1\r\n\r\nOK\r\n", 0}, {HEAR, "line<+CREG: 0,1> done:final:0/0 ", 0},
    {IN, "\r\n+CREG: 5\r\n", 0}, {HEAR, "urc<+CREG: 5> ", 0})
DIALOGUE(a_bare_answer,
    {SEND, "AT+CGMM", 0}, {IN, "\r\nE3372\r\n^RSSI:5\r\n+CREG: 1\r\n\r\nOK\r\n", 0},
    {HEAR, "line<E3372> urc<+CREG: 1> done:final:0/0 ", 0})
DIALOGUE(a_final_nobody_waits_for,
    {IN, "\r\nOK\r\n\r\nERROR\r\n\r\nNO CARRIER\r\n", 0}, {HEAR, "orphan:0 orphan:1 ", 0})
DIALOGUE(a_line_cut_in_two_is_joined,
    {SEND, "AT+CSQ", 0}, {IN, "\r\n+CS\r\n^RSSI:5\r\nQ: 20,99\r\n\r\nO\r\n+NEW: 1\r\nK\r\n", 0},
    {HEAR, "line<+CSQ: 20,99> done:final:0/0 ", 0})
DIALOGUE(half_a_line_in_front,
    {SEND, "AT+CSQ", 0}, {IN, "\r\n^RSSI:1+CSQ: 20,99\r\n^RSSI:1OK\r\n", 0},
    {HEAR, "line<+CSQ: 20,99> done:final:0/0 ", 0})
DIALOGUE(text_from_the_air_is_never_an_answer,
    {SEND, "AT+CSQ", 0}, {IN, "\r\n+CMT: \"x+CSQ: 1,1\",OK\r\n0791AB\r\n", 0}, {HEAR, "", 0},
    {IN, "\r\n+CSQ: 20,99\r\n\r\nOK\r\n", 0}, {HEAR, "line<+CSQ: 20,99> done:final:0/0 ", 0})
DIALOGUE(a_second_line_belongs_to_the_first,
    {IN, "\r\n+CDS: 4\r\n0102ABcd\r\n01020304\r\n", 0}, {HEAR, "body<0102ABcd> ", 0},
    /* in two halves, with other lines between */
    {IN, "\r\n+CDS: 4\r\n0102\r\n^RSSI:5\r\n+CREG: 1\r\n0304\r\n", 0},
    {HEAR, "urc<+CREG: 1> body<01020304> ", 0},
    /* never, and the next is another's */
    {IN, "\r\n+CDS: 4\r\n+CREG: 1\r\n+CREG: 2\r\n+CREG: 3\r\n+CREG: 4\r\n01020304\r\n", 0},
    {HEAR, "urc<+CREG: 1> urc<+CREG: 2> urc<+CREG: 3> urc<+CREG: 4> ", 0})
DIALOGUE(a_command_that_wants_a_bare_line_comes_first,
    {SEND, "AT+CGMM", 0}, {IN, "\r\n+CDS: 4\r\n^RSSI:5\r\n0102030405\r\n\r\nOK\r\n", 0},
    {HEAR, "line<0102030405> done:final:0/0 ", 0},
    {SEND, "AT+CGMM", 0}, {IN, "\r\n+CDS: 4\r\n01020304\r\n0102030405\r\n\r\nOK\r\n", 0},
    {HEAR, "body<01020304> line<0102030405> done:final:0/0 ", 0})

DIALOGUE(silence_leads_to_the_fence,
    {SEND, "AT+CSQ", 0}, {OUT, "AT+CSQ\r", 0}, {WAIT, NULL, 4999}, {OUT, "", 0}, {WAIT, NULL, 1},
    PASS, {HEAR, "overdue:AT+CSQ done:timeout ", 0})
DIALOGUE(a_late_answer_is_not_the_next_ones,
    {SEND, "AT+CSQ", 0}, {OUT, "AT+CSQ\r", 0}, {WAIT, NULL, 5000}, {OUT, "AT+CMGF?\r", 0},
    {IN, "\r\n+CSQ: 20,99\r\n\r\nOK\r\n", 0}, {OUT, "", 0}, {HEAR, "overdue:AT+CSQ line<+CSQ: 20,99> ", 0},
    {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "AT+CMEE?\r", 0},
    {IN, "\r\n^RSSI:1\r\n\r\nOK\r\n", 0}, {HEAR, "", 0}, /* an OK without its line is nobody's */
    {IN, "\r\n+CMEE: 1\r\n\r\nOK\r\n", 0}, {HEAR, "done:timeout ", 0})
DIALOGUE(a_late_answer_to_the_fences_own_query,
    {SEND, "AT+CMGF?", 0}, {OUT, "AT+CMGF?\r", 0}, {WAIT, NULL, 5000}, {OUT, "AT+CMGF?\r", 0},
    {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "AT+CMEE?\r", 0},
    {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {HEAR, "overdue:AT+CMGF? ", 0}, {OUT, "", 0},
    {IN, "\r\n+CMEE: 1\r\n\r\nOK\r\n", 0}, {HEAR, "done:timeout ", 0})
DIALOGUE(a_query_asked_twice_is_answered_twice,
    {FENCE, NULL, 0}, {OUT, "AT+CMGF?\r", 0}, {WAIT, NULL, 3000}, {OUT, "AT+CMGF?\r", 0},
    {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "", 0},
    {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "AT+CMEE?\r", 0},
    {IN, "\r\n+CMEE: 1\r\n\r\nOK\r\n", 0}, {HEAR, "overdue:- fenced:1 ", 0})
DIALOGUE(a_query_that_was_lost_is_forgiven,
    {FENCE, NULL, 0}, {OUT, "AT+CMGF?\r", 0}, {WAIT, NULL, 3000}, {OUT, "AT+CMGF?\r", 0},
    {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "", 0}, {WAIT, NULL, 3000},
    PASS, {HEAR, "overdue:- overdue:- fenced:1 ", 0})
DIALOGUE(errors_do_not_pass_a_fence,
    {FENCE, NULL, 0}, {OUT, "AT+CMGF?\r", 0}, {IN, "\r\nERROR\r\n", 0}, {WAIT, NULL, 3000},
    {OUT, "AT+CMGF?\r", 0}, {IN, "\r\n+CMGF: 0\r\n\r\nERROR\r\n", 0}, {WAIT, NULL, 3000},
    {OUT, "AT+CMGF?\r", 0}, {IN, "\r\nOK\r\n", 0}, {WAIT, NULL, 3000}, {HEAR, "overdue:- overdue:- fenced:0 ", 0},
    {OUT, "", 0})
DIALOGUE(a_deaf_modem,
    {SEND, "AT+CSQ", 0}, {OUT, "AT+CSQ\r", 0}, {WAIT, NULL, 4999}, {HEAR, "", 0},
    {WAIT, NULL, 1}, {HEAR, "overdue:AT+CSQ ", 0}, {WAIT, NULL, 3 * 3000 - 1},
    {HEAR, "overdue:AT+CSQ overdue:AT+CSQ ", 0},
    {OUT, "AT+CMGF?\rAT+CMGF?\rAT+CMGF?\r", 0}, {WAIT, NULL, 1}, {HEAR, "done:timeout,out-of-step ", 0})
DIALOGUE(an_information_line_may_be_enough,
    {SEND, "AT+CPIN?", 0}, {OUT, "AT+CPIN?\r", 0}, {IN, "\r\n+CPIN: READY\r\n", 0}, {HEAR, "line<+CPIN: READY> ", 0},
    {WAIT, NULL, 3000}, PASS, {HEAR, "done:final:0/0 ", 0})
DIALOGUE(a_reset_owes_no_answer,
    {SEND, "AT+CFUN=1,1", 0}, {OUT, "AT+CFUN=1,1\r", 0}, {WAIT, NULL, 5000},
    {HEAR, "done:timeout,out-of-step ", 0}, {OUT, "", 0})

DIALOGUE(a_body_behind_the_prompt,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {IN, "\r\n> ", 0}, {HEAR, "prompted ", 0}, {OUT, "", 0},
    {BODY, "0011", 120000}, {OUT, "0011\x1a", 0},
    {IN, "\r\n+CMGS: 7\r\n\r\nOK\r\n", 0}, {HEAR, "line<+CMGS: 7> done:final:0/0,prompted,left ", 0})
DIALOGUE(a_reference_before_our_body_is_anothers,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n+CMGS: 6\r\n", 0}, {HEAR, "urc<+CMGS: 6> ", 0},
    {IN, "\r\n> \r\n+CMGS: 5\r\n", 0}, {HEAR, "prompted urc<+CMGS: 5> ", 0},
    {BODY, "0011", 120000}, {IN, "\r\n+CMGS: 7\r\n", 0}, {HEAR, "line<+CMGS: 7> ", 0})
DIALOGUE(no_prompt_is_taken_back,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {WAIT, NULL, 10000}, {OUT, "\x1b", 0},
    {HEAR, "overdue:AT+CMGS=20 ", 0}, {WAIT, NULL, 200}, PASS, {HEAR, "done:timeout ", 0})
DIALOGUE(a_prompt_in_the_fence_is_taken_back_again,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {WAIT, NULL, 10200}, {OUT, "\x1b" "AT+CMGF?\r", 0},
    {IN, "\r\n> ", 0}, {OUT, "\x1b", 0}, {IN, "\r\nOK\r\n", 0}, {WAIT, NULL, 200},
    PASS, {HEAR, "overdue:AT+CMGS=20 done:timeout ", 0})
DIALOGUE(prompts_without_end_are_a_failed_fence,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {WAIT, NULL, 10000},
    {IN, "> \r\n> \r\n> \r\n> \r\n> \r\n> ", 0}, {OUT, "\x1b\x1b\x1b\x1b\x1b\x1b", 0},
    {HEAR, "overdue:AT+CMGS=20 done:timeout,out-of-step ", 0})
DIALOGUE(a_refusal_instead_of_the_prompt,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {IN, "\r\n+CMS ERROR: 302\r\n", 0},
    {HEAR, "done:final:2/302 ", 0}, {OUT, "", 0})
DIALOGUE(an_end_behind_the_prompt_leaves_a_doubt,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {IN, "\r\n> \r\n+CMS ERROR: 500\r\n", 0},
    {HEAR, "prompted ", 0}, {OUT, "\x1b", 0}, {WAIT, NULL, 200}, PASS, {HEAR, "done:final:2/500,prompted ", 0})
DIALOGUE(an_ok_instead_of_the_prompt_leaves_a_doubt,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {IN, "\r\nOK\r\n", 0}, {HEAR, "", 0}, {OUT, "\x1b", 0},
    {WAIT, NULL, 200}, PASS, {HEAR, "done:final:0/0 ", 0})
DIALOGUE(the_owner_takes_it_back,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {IN, "\r\n> ", 0}, {HEAR, "prompted ", 0},
    {ESCAPE, NULL, 0}, {OUT, "\x1b", 0}, {IN, "\r\nOK\r\n", 0}, {WAIT, NULL, 200},
    PASS, {HEAR, "done:taken-back,prompted ", 0})
DIALOGUE(a_silent_owner_at_the_prompt,
    {SEND, "AT+CMGS=20", 0}, {OUT, "AT+CMGS=20\r", 0}, {IN, "\r\n> ", 0}, {WAIT, NULL, 20000},
    {OUT, "\x1b", 0}, {WAIT, NULL, 200}, PASS, {HEAR, "prompted overdue:AT+CMGS=20 done:taken-back,prompted ", 0})
DIALOGUE(a_late_reference_in_the_fence_is_its_own,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {BODY, "0011", 120000}, {OUT, "AT+CMGS=20\r0011\x1a", 0},
    {WAIT, NULL, 119999}, {OUT, "", 0}, {WAIT, NULL, 201}, {OUT, "\x1b" "AT+CMGF?\r", 0},
    {IN, "\r\n+CMGS: 9\r\n\r\nOK\r\n\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "AT+CMEE?\r", 0},
    {IN, "\r\n+CMEE: 1\r\n\r\nOK\r\n", 0}, {HEAR, "prompted overdue:AT+CMGS=20 line<+CMGS: 9> done:timeout,prompted,left ", 0})
DIALOGUE(nothing_is_written_while_a_body_is_out,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {BODY, "0011", 120000}, {OUT, "AT+CMGS=20\r0011\x1a", 0},
    {IN, "\r\n> \r\n> ", 0}, {ESCAPE, NULL, 0}, {WAIT, NULL, 119999}, {OUT, "", 0}, {HEAR, "prompted ", 0})
DIALOGUE(a_new_time_out_behind_the_reference,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {BODY, "0011", 120000}, {EXTEND, NULL, 5000},
    {OUT, "AT+CMGS=20\r0011\x1a", 0}, {WAIT, NULL, 4999}, {OUT, "", 0}, {WAIT, NULL, 1}, {OUT, "\x1b", 0})
DIALOGUE(an_answer_before_the_question_passes_no_fence,
    {IN, "\r\n> ", 0}, {OUT, "\x1b", 0}, {IN, "\r\n+CMGF: 0\r\n\r\nOK\r\n", 0}, {OUT, "", 0},
    {WAIT, NULL, 200}, {HEAR, "", 0}, PASS, {HEAR, "fenced:1 ", 0})
DIALOGUE(a_prompt_out_of_nowhere,
    {IN, "\r\n> ", 0}, {OUT, "\x1b", 0}, {WAIT, NULL, 200}, PASS, {HEAR, "fenced:1 ", 0},
    {SEND, "AT+CSQ", 0}, {OUT, "AT+CSQ\r", 0}, {IN, "\r\n> ", 0}, {OUT, "\x1b", 0}, {WAIT, NULL, 200},
    PASS, {HEAR, "done:timeout ", 0})

DIALOGUE(a_port_that_goes_behind_the_body,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {BODY, "0011", 120000}, {CUT, NULL, 0},
    {HEAR, "prompted done:gone,prompted,left,out-of-step ", 0})
DIALOGUE(a_port_that_never_took_the_body,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {HOLD, NULL, 1}, {BODY, "0011", 120000}, {CUT, NULL, 0},
    {HEAR, "prompted done:gone,prompted,out-of-step ", 0})
DIALOGUE(a_port_that_takes_no_bytes,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {HOLD, NULL, 1}, {BODY, "0011", 120000}, {WAIT, NULL, 120000},
    {HEAR, "prompted done:timeout,prompted,out-of-step,stuck ", 0})
DIALOGUE(an_answer_to_a_body_that_still_waits,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {HOLD, NULL, 1}, {BODY, "0011", 120000},
    {IN, "\r\n+CMS ERROR: 38\r\n", 0}, {HEAR, "prompted done:final:2/38,prompted,out-of-step,stuck ", 0})
DIALOGUE(a_port_that_goes_in_the_fence_keeps_the_cause,
    {SEND, "AT+CMGS=20", 0}, {IN, "\r\n> ", 0}, {BODY, "0011", 120000}, {WAIT, NULL, 121000}, {CUT, NULL, 0},
    {HEAR, "prompted overdue:AT+CMGS=20 done:timeout,prompted,left,out-of-step ", 0})
/* clang-format on */

/* An answer that lies in the port is no silence, however late we look: a stream that has bytes, and
 * a time-out that fires before anybody has read them. */
static int still_write(struct stream *stream, const void *data, size_t len)
{
    (void)stream;
    (void)data;
    (void)len;
    return 0;
}

static size_t still_unsent(const struct stream *stream)
{
    (void)stream;
    return 0;
}

static void still_drain(struct stream *stream)
{
    static const char answer[] = "\r\n+CSQ: 20,99\r\n\r\nOK\r\n";
    (void)stream;
    at_chat_feed(&t.chat, (const uint8_t *)answer, sizeof answer - 1);
}

static void what_has_arrived_counts(void **state)
{
    static const struct stream_ops still_ops = {
        .write = still_write, .unsent = still_unsent, .drain = still_drain};
    struct stream still = {.ops = &still_ops};
    (void)state;
    at_chat_close(&t.chat);
    at_chat_wake(&t.chat, &still);
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 150);
    send_command("AT+CSQ");
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 5000);
    expect("heard", 0, t.heard, "awake line<+CSQ: 20,99> done:final:0/0 ");
}

/* The end that lay in the port begins the next command: it is not that one whose time is over. */
static void what_has_arrived_begins_the_next(void **state)
{
    static const struct stream_ops still_ops = {
        .write = still_write, .unsent = still_unsent, .drain = still_drain};
    struct stream still = {.ops = &still_ops};
    (void)state;
    at_chat_close(&t.chat);
    at_chat_wake(&t.chat, &still);
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 150);
    send_command("AT+CSQ");
    t.next = "AT+CSQ";
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 5000);
    expect("heard", 0, t.heard, "awake line<+CSQ: 20,99> done:final:0/0 ");
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 5000);
    expect("heard", 1, t.heard,
           "awake line<+CSQ: 20,99> done:final:0/0 line<+CSQ: 20,99> done:final:0/0 ");
}

static int torn_write(struct stream *stream, const void *data, size_t len)
{
    (void)stream;
    (void)data;
    (void)len;
    return -EIO;
}

static void a_port_that_was_closed_is_not_told_broken(void **state)
{
    static const struct stream_ops torn_ops = {
        .write = torn_write, .unsent = still_unsent, .drain = still_drain};
    struct stream torn = {.ops = &torn_ops};
    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        at_chat_close(&t.chat);
        at_chat_wake(&t.chat, &torn);
        if (closed)
            at_chat_close(&t.chat);
        loop_sim_settle(t.loop);
        expect("heard", (unsigned)closed, t.heard, "broken ");
    }
}

/* Its text ends with the port; nothing is awaited of it any more. */
static void a_port_that_goes_within_a_quote(void **state)
{
    static const char half[] = "\r\n+CUSD: 0,\"So du\r\n";
    (void)state;
    loop_sim_run_until(t.loop, loop_now_ms(t.loop) + 150);
    at_chat_feed(&t.chat, (const uint8_t *)half, sizeof half - 1);
    assert_true(loop_sim_next_ms(t.loop) != INT64_MAX);
    at_chat_close(&t.chat);
    assert_true(loop_sim_next_ms(t.loop) == INT64_MAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_command_and_its_answer),
        T(echo_is_parsed_away),
        T(errors_carry_their_cause),
        T(unsolicited_lines_go_elsewhere),
        T(an_owned_prefix_is_owned_for_the_time_of_its_command),
        T(a_bare_answer),
        T(a_final_nobody_waits_for),
        T(a_second_line_belongs_to_the_first),
        T(a_command_that_wants_a_bare_line_comes_first),
        T(a_line_cut_in_two_is_joined),
        T(half_a_line_in_front),
        T(text_from_the_air_is_never_an_answer),
        T(silence_leads_to_the_fence),
        T(a_late_answer_is_not_the_next_ones),
        T(a_late_answer_to_the_fences_own_query),
        T(a_query_asked_twice_is_answered_twice),
        T(a_query_that_was_lost_is_forgiven),
        T(errors_do_not_pass_a_fence),
        T(a_deaf_modem),
        T(an_information_line_may_be_enough),
        T(a_reset_owes_no_answer),
        T(a_body_behind_the_prompt),
        T(a_reference_before_our_body_is_anothers),
        T(no_prompt_is_taken_back),
        T(a_prompt_in_the_fence_is_taken_back_again),
        T(prompts_without_end_are_a_failed_fence),
        T(a_refusal_instead_of_the_prompt),
        T(an_end_behind_the_prompt_leaves_a_doubt),
        T(an_ok_instead_of_the_prompt_leaves_a_doubt),
        T(the_owner_takes_it_back),
        T(a_silent_owner_at_the_prompt),
        T(a_late_reference_in_the_fence_is_its_own),
        T(nothing_is_written_while_a_body_is_out),
        T(a_new_time_out_behind_the_reference),
        T(an_answer_before_the_question_passes_no_fence),
        T(a_prompt_out_of_nowhere),
        T(a_port_that_goes_behind_the_body),
        T(a_port_that_never_took_the_body),
        T(a_port_that_takes_no_bytes),
        T(an_answer_to_a_body_that_still_waits),
        T(a_port_that_goes_in_the_fence_keeps_the_cause),
        T(what_has_arrived_counts),
        T(what_has_arrived_begins_the_next),
        T(a_port_that_was_closed_is_not_told_broken),
        T(a_port_that_goes_within_a_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
