/* How messages shall come, of modems that offer little, nothing, or what they do not keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

static const struct row {
    const char *begin, *answer;
} * rows; /* the first that fits */

static bool answers(struct world *w, const char *command)
{
    for (const struct row *row = rows; row->begin; row++)
        if (strncmp(command, row->begin, strlen(row->begin)) == 0) {
            world_say(w, row->answer, strlen(row->answer));
            return true;
        }
    return false;
}

static struct world *ready_with(const struct row *with)
{
    struct world *w = world_new();
    rows = with;
    w->hook = answers;
    world_start(w);
    assert_true(world_until_ready(w, 30000));
    world_run(w, 2000);
    return w;
}

#define OK "\r\nOK\r\n"
#define ERROR "\r\nERROR\r\n"

/* It has no flash for it. */
static void a_memory_without_slots_is_none(void **state)
{
    static const struct row none[] = {
        {"AT+CPMS=\"ME\"", "\r\n+CPMS: 0,0,0,0,0,0\r\n" OK},
        {"AT+CPMS=\"SM\"", "\r\n+CPMS: 0,20,0,20,0,20\r\n" OK},
        {"AT+CPMS?", "\r\n+CPMS: \"SM\",0,20,\"SM\",0,20,\"SM\",0,20\r\n" OK},
        {NULL, NULL}};
    (void)state;
    struct world *w = ready_with(none);
    assert_int_equal(world_wrote(w, "AT+CPMS=\"SM\",\"SM\",\"SM\"\r"), 1);
    w->wire_len = 0;
    world_run(w, 300000);
    assert_true(world_wrote(w, "AT+CPMS?\r") > 0);
    assert_int_equal(world_wrote(w, "AT+CPMS=\"ME\""), 0);
    world_end(w);
}

static void one_that_tells_of_no_memory_is_asked_for_it(void **state)
{
    static const struct row silent[] = {{"AT+CPMS=?", ERROR}, {NULL, NULL}};
    (void)state;
    struct world *w = ready_with(silent);
    assert_int_equal(world_wrote(w, "AT+CPMS=\"ME\",\"ME\",\"ME\"\r"), 1);
    world_end(w);
}

/* Then nobody looks whether it has kept what it never took. */
static void one_that_takes_no_notices(void **state)
{
    static const struct row stubborn[] = {{"AT+CNMI=?", OK}, {"AT+CNMI=", ERROR}, {NULL, NULL}};
    (void)state;
    struct world *w = ready_with(stubborn);
    world_run(w, 300000);
    assert_int_equal(world_wrote(w, "AT+CNMI?\r"), 0);
    assert_true(world_wrote(w, "AT+CPMS?\r") > 3); /* it is looked through instead */
    world_end(w);
}

/* It offers what it refuses, and takes what it does not offer. */
static void one_that_lies_of_its_notices(void **state)
{
    static const struct row liar[] = {{"AT+CNMI=?", "\r\n+CNMI: (0,1),(0,1),(0),(0,1),(0)\r\n" OK},
                                      {"AT+CNMI=1", ERROR},
                                      {NULL, NULL}};
    (void)state;
    struct world *w = ready_with(liar);
    assert_true(world_wrote(w, "AT+CNMI=1,1,0,1,0\r") > 0);
    assert_int_equal(world_wrote(w, "AT+CNMI=2,1,0,1,0\r"), 1);
    world_run(w, 100000);
    assert_true(world_wrote(w, "AT+CNMI?\r") > 0);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_memory_without_slots_is_none),
        cmocka_unit_test(one_that_tells_of_no_memory_is_asked_for_it),
        cmocka_unit_test(one_that_takes_no_notices),
        cmocka_unit_test(one_that_lies_of_its_notices),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
