/* The SIM goes, or is doubted, between a submit and its text: the text stays here, for what is in
 * now may be another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

static const char *const words[] = {
    "\r\n+CPIN: NOT INSERTED\r\n",      /* it is gone */
    "\r\n^SIMST:255\r\n",               /* a maker's word */
    "\r\n+CREG: 0\r\n\r\n+CREG: 1\r\n", /* it went and came in one breath, and nobody said so */
};
enum { WORDS = sizeof words / sizeof *words };

static void say(struct world *w, const char *word)
{
    world_say(w, word, strlen(word));
}

static void is_not_sent(struct world *w, uint64_t token)
{
    assert_true(world_until_outcome(w, token, 30000));
    assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
    assert_int_equal(w->outcome.cause, SMS_LOCAL_NOT_READY);
    assert_int_equal(w->sent, 0);
    assert_null(memchr(w->wire, 0x1a, w->wire_len));
}

static void sends(struct world *w)
{
    assert_true(world_until_ready(w, 120000));
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 10000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
}

/* The owner's yes comes behind it. */
static void while_the_owner_thinks(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORDS; i++) {
        struct world *w = world_ready();
        w->answer = OWNER_LATE_YES;
        w->answer_ms = 5000;
        uint64_t token = world_submit(w, false);
        world_run(w, 1000);
        assert_int_equal(w->commits, 1);
        say(w, words[i]);
        is_not_sent(w, token);
        w->answer = OWNER_YES;
        w->answer_ms = 0;
        sends(w);
        world_end(w);
    }
}

/* One that is gone for sure is not waited for. */
static void gone_at_the_prompt(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->answer = OWNER_SILENT;
    uint64_t token = world_submit(w, false);
    world_run(w, 1000);
    assert_int_equal(w->commits, 1);
    say(w, words[0]);
    assert_true(world_until_outcome(w, token, 1000));
    is_not_sent(w, token);
    world_end(w);
}

/* In the command before it, that keeps the radio link. */
static bool says_in_cmms(struct world *w, const char *command)
{
    if (strncmp(command, "AT+CMMS", 7) != 0)
        return false;
    say(w, w->inject);
    say(w, "\r\nOK\r\n");
    return true;
}

static void in_the_command_before_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORDS; i++) {
        struct world *w = world_ready();
        w->hook = says_in_cmms;
        w->inject = words[i];
        is_not_sent(w, world_submit(w, true));
        assert_int_equal(w->commits, 0);
        assert_null(memmem(w->wire, w->wire_len, "AT+CMGS", 7));
        sends(w);
        world_end(w);
    }
}

/* Taken back there it never comes to the prompt. */
static bool aborts_in_cmms(struct world *w, const char *command)
{
    if (strncmp(command, "AT+CMMS", 7) != 0)
        return false;
    link_abort(w->link);
    say(w, "\r\nOK\r\n");
    return true;
}

static void taken_back_in_the_command_before_it(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->hook = aborts_in_cmms;
    uint64_t token = world_submit(w, true);
    assert_true(world_until_outcome(w, token, 30000));
    assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
    assert_int_equal(w->outcome.cause, SMS_LOCAL_ABORTED);
    assert_int_equal(w->commits, 0);
    assert_null(memmem(w->wire, w->wire_len, "AT+CMGS", 7));
    sends(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_the_owner_thinks),
        cmocka_unit_test(gone_at_the_prompt),
        cmocka_unit_test(in_the_command_before_it),
        cmocka_unit_test(taken_back_in_the_command_before_it),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
