/* USSD on the link: the table of exchanges (ussd/exchanges.txt) end to end, and what a session does
 * to the link: window, cancel, menus, a modem that is lost. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_parse_cusd.h"
#include "at_world.h"
#include "log.h"
#include "text.h"

enum { ASKS = 6, PAUSE_MS = 500, LONGEST = 4096 };

static struct exchange {
    char name[120], maker[32], model[32], end[16];
    struct {
        char ask[256];
        char say[LONGEST];
        size_t len;
    } step[ASKS];
    unsigned steps;
    char text[LONGEST];
} row;

static struct world *w;
static unsigned at; /* of row.step: what is expected next */
static struct loop_timer tongue;
static const char *rest; /* what the modem still has to say */
static size_t rest_len;

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    assert_null(strstr(line, "101")); /* the code */
    assert_null(strstr(line, "15000"));
    if (getenv("AT_LOG"))
        fprintf(stderr, "%s\n", line);
}

/* --- the table --- */

static size_t unescape(const char *from, char *out)
{
    size_t len = 0;
    for (; *from && *from != '\n'; from++) {
        unsigned byte = (unsigned char)*from;
        if (*from == '\\') {
            from++;
            byte = *from == 'r' ? '\r' : *from == 'n' ? '\n' : '\\';
            if (*from == 'x') {
                assert_int_equal(sscanf(from + 1, "%2x", &byte), 1);
                from += 2;
            }
        }
        assert_true(len + 1 < LONGEST);
        out[len++] = (char)byte;
    }
    out[len] = '\0';
    return len;
}

/* The next block; false: no more. */
static bool row_read(FILE *file)
{
    static char line[LONGEST * 2], value[LONGEST];
    memset(&row, 0, sizeof row);
    while (fgets(line, sizeof line, file) && *line != '\n') {
        char *space = strchr(line, ' ');
        assert_non_null(space);
        *space = '\0';
        size_t len = unescape(space + 1, value);
        if (strcmp(line, "name") == 0) {
            (void)text_copy(row.name, sizeof row.name, value);
        } else if (strcmp(line, "modem") == 0) {
            assert_int_equal(sscanf(value, "%31s %31s", row.maker, row.model), 2);
        } else if (strcmp(line, "ask") == 0) {
            assert_true(row.steps < ASKS);
            (void)text_copy(row.step[row.steps].ask, sizeof row.step[0].ask, value);
        } else if (strcmp(line, "say") == 0) {
            memcpy(row.step[row.steps].say, value, len);
            row.step[row.steps++].len = len;
        } else if (strcmp(line, "end") == 0) {
            (void)text_copy(row.end, sizeof row.end, value);
        } else {
            assert_string_equal(line, "text");
            (void)text_copy(row.text, sizeof row.text, value);
        }
    }
    return row.name[0] != '\0';
}

/* --- the modem --- */

static void speak(void *arg)
{
    (void)arg;
    size_t len = 0;
    while (len < rest_len && rest[len] != '~')
        len++;
    if (len > 0)
        world_say(w, rest, len);
    bool pause = len < rest_len;
    rest += len + pause;
    rest_len -= len + pause;
    if (pause)
        loop_timer_arm_in(&tongue, PAUSE_MS);
}

static void say(const char *text, size_t len)
{
    loop_timer_cancel(&tongue);
    rest = text;
    rest_len = len;
    speak(NULL);
}

static bool on_command(struct world *world, const char *command)
{
    (void)world;
    bool expected = at < row.steps && strcmp(command, row.step[at].ask) == 0;
    if (expected) {
        at++;
        say(row.step[at - 1].say, row.step[at - 1].len);
        return true;
    }
    if (strncmp(command, "AT+CUSD", 7) == 0)
        fail_msg("%s: the host wrote <%s>", row.name, command);
    if (strncmp(command, "AT+CSCS=", 8) != 0)
        return false;
    world_say(w, "\r\nOK\r\n", 6);
    return true;
}

static void begin(void)
{
    w = calloc(1, sizeof *w);
    assert_non_null(w);
    (void)text_copy(w->maker, sizeof w->maker, row.maker);
    (void)text_copy(w->model, sizeof w->model, row.model);
    w->hook = on_command;
    at = 0;
    world_start(w);
    loop_timer_init(&tongue, w->loop, speak, NULL);
    assert_true(world_until_ready(w, 20000));
}

static void finish(void)
{
    loop_timer_cancel(&tongue);
    world_stop(w);
    free(w);
}

static void until_told(unsigned ussds)
{
    for (int i = 0; i < 1200 && w->ussds < ussds; i++)
        world_run(w, 100);
    if (w->ussds != ussds)
        fail_msg("%s: told %u times", row.name, w->ussds);
}

static void every_exchange(void **state)
{
    (void)state;
    FILE *file = fopen(USSD_EXCHANGES, "r");
    unsigned rows = 0;
    assert_non_null(file);
    while (row_read(file)) {
        begin();
        assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
        until_told(1);
        if (strcmp(link_ussd_end_name(w->ussd.end), row.end) != 0 ||
            strcmp(w->ussd.text, row.text) != 0)
            fail_msg("%s: %s <%s>, not %s <%s>", row.name, link_ussd_end_name(w->ussd.end),
                     w->ussd.text, row.end, row.text);
        if (at != row.steps)
            fail_msg("%s: <%s> was not written", row.name, row.step[at].ask);
        if (w->ussd.end == LINK_USSD_MORE) {
            assert_int_equal(world_state(w), LINK_BUSY);
        } else if (w->ussd.end != LINK_USSD_GONE) {
            assert_true(world_until_ready(w, 100));
            uint64_t token = world_submit(w, false); /* and it sends as before */
            assert_true(world_until_outcome(w, token, 1000));
            assert_int_equal(w->outcome.verdict, SMS_SENT);
        }
        world_run(w, 20000);
        assert_int_equal(w->ussds, 1); /* nothing is told twice */
        finish();
        rows++;
    }
    (void)fclose(file);
    assert_true(rows >= 100);
}

/* --- the session --- */

static void set_row(const char *maker, const char *model)
{
    memset(&row, 0, sizeof row);
    (void)text_copy(row.name, sizeof row.name, model);
    (void)text_copy(row.maker, sizeof row.maker, maker);
    (void)text_copy(row.model, sizeof row.model, model);
}

static void expect(const char *ask, const char *answer)
{
    assert_true(row.steps < ASKS);
    (void)text_copy(row.step[row.steps].ask, sizeof row.step[0].ask, ask);
    row.step[row.steps].len = strlen(answer);
    memcpy(row.step[row.steps].say, answer, strlen(answer));
    row.steps++;
}

static void what_worked_is_asked_first(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nERROR\r\n");
    expect("AT+CUSD=1,\"AA182C3602\",15", "\r\nOK\r\n~\r\n+CUSD: 0,\"E837DE7D06\",15\r\n");
    expect("AT+CUSD=1,\"AA182C3602\",15", "\r\nOK\r\n~\r\n+CUSD: 0,\"E837DE7D06\",15\r\n");
    begin();
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    until_told(1);
    assert_true(world_until_ready(w, 1000));
    world_unplug(w); /* the same IMEI and firmware come back */
    world_run(w, 3000);
    world_plug(w);
    assert_true(world_until_ready(w, 30000));
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    until_told(2);
    assert_int_equal(w->ussd.end, LINK_USSD_DONE);
    assert_int_equal(at, 3);
    finish();
}

/* The owner hears what worked once, and what it gives to the next link is asked first there. */
static void what_worked_is_told_and_recalled(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nERROR\r\n");
    expect("AT+CUSD=1,\"AA182C3602\",15", "\r\nOK\r\n~\r\n+CUSD: 0,\"E837DE7D06\",15\r\n");
    expect("AT+CUSD=1,\"AA182C3602\",15", "\r\nOK\r\n~\r\n+CUSD: 0,\"E837DE7D06\",15\r\n");
    begin();
    for (unsigned told = 1; told <= 2; told++) {
        assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
        until_told(told);
        assert_true(world_until_ready(w, 1000));
    }
    assert_int_equal(w->forms, 1);
    assert_int_equal(w->form, USSD_PACKED);
    finish();

    set_row("any", "plain");
    expect("AT+CUSD=1,\"AA182C3602\",15", "\r\nOK\r\n~\r\n+CUSD: 0,\"E837DE7D06\",15\r\n");
    begin();
    link_ussd_form(w->link, USSD_PACKED);
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    until_told(1);
    assert_int_equal(w->ussd.end, LINK_USSD_DONE);
    assert_int_equal(w->forms, 0);
    finish();
}

/* What is recalled is not believed where it is refused: and what works then is told. */
static void what_is_recalled_may_be_wrong(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"AA182C3602\",15", "\r\n+CUSD: 4\r\n\r\nOK\r\n");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nOK\r\n~\r\n+CUSD: 0,\"Xong\",15\r\n");
    begin();
    link_ussd_form(w->link, USSD_PACKED);
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    until_told(1);
    assert_string_equal(w->ussd.text, "Xong");
    assert_int_equal(w->forms, 1);
    assert_int_equal(w->form, USSD_PLAIN);
    finish();
}

static void a_menu_is_answered(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nOK\r\n\r\n+CUSD: 1,\"1. A\r\n2. B\",15\r\n");
    expect("AT+CUSD=1,\"2\",15", "\r\nOK\r\n~\r\n+CUSD: 0,\"B\",15\r\n");
    begin();
    assert_int_equal(link_ussd_answer(w->link, "1", 30000), -EAGAIN);
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), -EAGAIN);
    until_told(1);
    assert_int_equal(world_submit(w, false), 0); /* the window is taken */
    assert_int_equal(link_ussd_answer(w->link, "1\";+X", 30000), -EINVAL);
    assert_int_equal(link_ussd_answer(w->link, "2", 30000), 0);
    assert_int_equal(link_ussd_answer(w->link, "2", 30000), -EAGAIN);
    until_told(2);
    assert_int_equal(w->ussd.end, LINK_USSD_DONE);
    assert_string_equal(w->ussd.text, "B");
    assert_true(world_until_ready(w, 100));
    finish();
}

static void a_menu_ends_by_itself(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nOK\r\n\r\n+CUSD: 1,\"menu\",15\r\n~~\r\n+CUSD: 2\r\n");
    begin();
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    until_told(2);
    assert_int_equal(w->ussd.end, LINK_USSD_RELEASED);
    assert_true(world_until_ready(w, 100));
    finish();
}

/* Whatever the modem says once the network has answered: the code has done what it does. */
static void what_the_network_answered_is_not_asked_again(void **state)
{
    (void)state;
    static const struct {
        const char *say;
        unsigned told;
        enum link_ussd_end end;
        const char *text;
    } rows[] = {
        {"\r\nOK\r\n\r\n+CUSD: 1,\"menu\",15\r\n~~\r\n+CUSD: 4\r\n", 2, LINK_USSD_REFUSED, ""},
        {"\r\n+CUSD: 1,\"menu\",15\r\n+CUSD: 4\r\n\r\nOK\r\n", 1, LINK_USSD_REFUSED, "menu"},
        {"\r\nOK\r\n~\r\n+CUSD: 2,\"Xong\",15\r\n~\r\n+CUSD: 4\r\n", 1, LINK_USSD_DONE, "Xong"},
        {"\r\n+CUSD: 2,\"Xong\",15\r\n+CUSD: 4\r\n\r\nOK\r\n", 1, LINK_USSD_DONE, "Xong"},
        {"\r\n+CUSD: 0,\"Xong\",15\r\n+CUSD: 5\r\n\r\nOK\r\n", 1, LINK_USSD_DONE, "Xong"},
        {"\r\nOK\r\n~\r\n+CUSD: 2,\"Xong\",15\r\n~\r\n+CUSD: 5\r\n", 1, LINK_USSD_DONE, "Xong"},
        {"\r\nOK\r\n~\r\n+CUSD: 2\r\n~\r\n+CUSD: 4\r\n", 1, LINK_USSD_REFUSED, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_row("any", rows[i].say);
        expect("AT+CUSD=1,\"*101#\",15", rows[i].say);
        begin();
        assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
        until_told(rows[i].told);
        assert_int_equal(w->ussd.end, rows[i].end);
        assert_string_equal(w->ussd.text, rows[i].text);
        assert_true(world_until_ready(w, 100));
        finish();
    }
}

static void cancel_wherever_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *say;
        int after_ms;
    } rows[] = {
        {"~~~~\r\nOK\r\n", 300},                              /* the command is on the wire */
        {"\r\nOK\r\n", 1000},                                 /* the answer is due */
        {"\r\nOK\r\n\r\n+CUSD: 1,\"menu\",15\r\n", 1000},     /* a menu is open */
        {"~~\r\n+CUSD: 1,\"menu\",15\r\n~~\r\nOK\r\n", 1600}, /* it opens before the OK */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_row("any", "plain");
        expect("AT+CUSD=1,\"*101#\",15", rows[i].say);
        expect("AT+CUSD=2", "\r\nOK\r\n");
        begin();
        assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
        world_run(w, rows[i].after_ms);
        link_ussd_cancel(w->link);
        world_run(w, 5000);
        assert_int_equal(w->ussd.end, LINK_USSD_CANCELLED);
        assert_int_equal(world_state(w), LINK_READY);
        assert_int_equal(at, 2);
        finish();
    }
}

static void what_is_not_clean_is_not_asked(void **state)
{
    static const char *const codes[] = {
        "",        "*101#;+CFUN=0", "*101#\"",
        "*101#\r", "abc",           " *101#",
        "*101#\n", "*1\x1a",        "00000000000000000000000000000000000000000"};
    (void)state;
    set_row("any", "plain");
    begin();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(link_ussd_start(w->link, codes[i], 30000), -EINVAL);
    assert_int_equal(world_state(w), LINK_READY);
    finish();
}

static void a_lost_modem_is_told(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nOK\r\n");
    begin();
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    world_run(w, 1000);
    world_unplug(w);
    world_run(w, 1000);
    assert_int_equal(w->ussds, 1);
    assert_int_equal(w->ussd.end, LINK_USSD_GONE);
    finish();
}

/* A prompt out of nowhere brings a fence about; the answer of the network is not lost. */
static void a_stray_prompt_meanwhile(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nOK\r\n~\r\n> \r\n+CUSD: 0,\"Xong\",15\r\n");
    begin();
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    until_told(1);
    assert_int_equal(w->ussd.end, LINK_USSD_DONE);
    assert_string_equal(w->ussd.text, "Xong");
    assert_true(world_until_ready(w, 5000));
    finish();
}

static void ucs2_is_left_behind(void **state)
{
    (void)state;
    set_row("any", "plain");
    expect("AT+CUSD=1,\"*101#\",15", "\r\nERROR\r\n");
    expect("AT+CUSD=1,\"AA182C3602\",15", "\r\nERROR\r\n");
    expect("AT+CSCS=\"UCS2\"", "\r\nOK\r\n");
    expect("AT+CUSD=1,\"002A0031003000310023\",15",
           "\r\nOK\r\n\r\n+CUSD: 0,\"0058006F006E0067\",15\r\n");
    expect("AT+CSCS=\"GSM\"", "\r\nOK\r\n");
    begin();
    assert_int_equal(link_ussd_start(w->link, "*101#", 30000), 0);
    until_told(1);
    assert_string_equal(w->ussd.text, "Xong");
    assert_int_equal(at, 5);
    finish();
}

static void nobody_asked(void **state)
{
    (void)state;
    set_row("any", "plain");
    begin();
    world_say(w, "\r\n+CUSD: 1,\"Khuyen mai\",15\r\n", 28);
    world_run(w, 1000);
    assert_int_equal(w->ussds, 0);
    assert_int_equal(world_state(w), LINK_READY);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_exchange),
        cmocka_unit_test(what_worked_is_asked_first),
        cmocka_unit_test(what_worked_is_told_and_recalled),
        cmocka_unit_test(what_is_recalled_may_be_wrong),
        cmocka_unit_test(a_menu_is_answered),
        cmocka_unit_test(a_menu_ends_by_itself),
        cmocka_unit_test(what_the_network_answered_is_not_asked_again),
        cmocka_unit_test(cancel_wherever_it_is),
        cmocka_unit_test(what_is_not_clean_is_not_asked),
        cmocka_unit_test(a_lost_modem_is_told),
        cmocka_unit_test(a_stray_prompt_meanwhile),
        cmocka_unit_test(ucs2_is_left_behind),
        cmocka_unit_test(nobody_asked),
    };
    log_sink_set(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
