/* What lies in the modem and is not for us: drafts and sent copies of whoever had the SIM before.
 * They are neither told nor deleted, cost no command once they are known, and hide nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

enum { SLOTS = 10, NOTHING = -1, UNREAD = 0, READ = 1, UNSENT = 2, SENT = 3 };
enum { KEEPALIVE_MS = 60000, HOUR_MS = 3600000 };

/* The memory of a modem that answers from it; slots from 1. */
static int stat[SLOTS + 1];
static unsigned lists, reads[SLOTS + 1];
static const char *list_end; /* behind the lines of a list */
static bool other_memory;    /* the SIM's, which is empty, is selected */

static void say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct world *w, const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert_in_range(len, 1, sizeof line - 1);
    world_say(w, line, (size_t)len);
}

static unsigned used(void)
{
    unsigned count = 0;
    for (int i = 1; i <= SLOTS; i++)
        count += stat[i] != NOTHING;
    return count;
}

/* The one of each slot is another: the clock of its service centre tells. */
static void say_stored(struct world *w, const char *header, int i)
{
    if (stat[i] < UNSENT)
        say(w, "\r\n%s%d,,22\r\n00040B914819325476F800005211621000%02d8203F4B41B\r\n", header,
            stat[i], i);
    else
        say(w, "\r\n%s%d,,16\r\n0011000B914819325476F80000A703F4B41B\r\n", header, stat[i]);
}

static void say_list(struct world *w)
{
    char header[24];
    lists++;
    for (int i = 1; i <= SLOTS && !other_memory; i++) {
        (void)snprintf(header, sizeof header, "+CMGL: %d,", i);
        if (stat[i] != NOTHING)
            say_stored(w, header, i);
    }
    say(w, "%s", list_end);
}

static bool answers(struct world *w, const char *command)
{
    unsigned count = other_memory ? 0 : used();
    int i;
    if (strncmp(command, "AT+CPMS=\"", 9) == 0) {
        other_memory = command[9] == 'S';
        say(w, "\r\n+CPMS: %u,%d,0,%d,0,%d\r\n\r\nOK\r\n", other_memory ? 0 : used(), SLOTS, SLOTS,
            SLOTS);
    } else if (strcmp(command, "AT+CPMS?") == 0) {
        const char *name = other_memory ? "SM" : "ME";
        say(w, "\r\n+CPMS: \"%s\",%u,%d,\"%s\",%u,%d,\"%s\",%u,%d\r\n\r\nOK\r\n", name, count,
            SLOTS, name, count, SLOTS, name, count, SLOTS);
    } else if (strcmp(command, "AT+CMGL=4") == 0) {
        say_list(w);
    } else if (sscanf(command, "AT+CMGR=%d", &i) == 1) {
        bool there = i >= 1 && i <= SLOTS && !other_memory && stat[i] != NOTHING;
        if (i >= 1 && i <= SLOTS)
            reads[i]++;
        if (there)
            say_stored(w, "+CMGR: ", i);
        say(w, "\r\nOK\r\n");
    } else if (sscanf(command, "AT+CMGD=%d", &i) == 1) {
        assert_in_range(i, 1, SLOTS);
        stat[i] = NOTHING;
        say(w, "\r\nOK\r\n");
    } else {
        return false;
    }
    return true;
}

static struct world *ready_with(const int stats[SLOTS])
{
    struct world *w = world_new();
    for (int i = 1; i <= SLOTS; i++)
        stat[i] = stats[i - 1];
    memset(reads, 0, sizeof reads);
    lists = 0;
    other_memory = false;
    w->hook = answers;
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    world_run(w, 1000);
    return w;
}

static const int mixed[SLOTS] = {UNSENT,  READ,    SENT,    UNREAD,  NOTHING,
                                 NOTHING, NOTHING, NOTHING, NOTHING, NOTHING};

static void drafts_are_there(void)
{
    assert_int_equal(stat[1], UNSENT);
    assert_int_equal(stat[3], SENT);
}

/* Found by a list, or where there is none by going from slot to slot. */
static const char *const list_ends[] = {"\r\nOK\r\n", "\r\n+CMS ERROR: 500\r\n"};
enum { LIST_ENDS = sizeof list_ends / sizeof *list_ends };

static void they_are_neither_told_nor_deleted(void **state)
{
    (void)state;
    for (size_t i = 0; i < LIST_ENDS; i++) {
        list_end = list_ends[i];
        struct world *w = ready_with(mixed);
        assert_int_equal(w->inbounds, 2);
        assert_int_equal(used(), 2);
        drafts_are_there();
        world_run(w, 2 * HOUR_MS);
        assert_int_equal(w->inbounds, 2);
        assert_int_equal(used(), 2);
        drafts_are_there();
        world_end(w);
    }
}

/* A full keepalive's look at each of them would cost as much as all else that is said. */
static void they_cost_no_command_once_known(void **state)
{
    (void)state;
    list_end = list_ends[0];
    struct world *w = ready_with(mixed);
    unsigned before = lists;
    world_run(w, 8 * KEEPALIVE_MS); /* before the tenth, which looks at all */
    assert_int_equal(lists, before);
    for (int i = 1; i <= SLOTS; i++)
        assert_int_equal(reads[i], 0);
    world_end(w);
}

/* One more than what is known to stay: there is something new. */
static void one_that_comes_unannounced_is_found_beside_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < LIST_ENDS; i++) {
        list_end = list_ends[i];
        struct world *w = ready_with(mixed);
        for (unsigned n = 1; n <= 3; n++) {
            stat[5 + n] = UNREAD;
            world_run(w, KEEPALIVE_MS + 5000);
            assert_int_equal(w->inbounds, 2 + n);
            assert_int_equal(stat[5 + n], NOTHING);
        }
        drafts_are_there();
        world_end(w);
    }
}

/* The owner of the SIM has deleted a draft, and a message took its place: as many as before. */
static void one_in_the_place_of_a_draft_is_found(void **state)
{
    (void)state;
    list_end = list_ends[0];
    struct world *w = ready_with(mixed);
    stat[1] = UNREAD;
    world_run(w, 11 * KEEPALIVE_MS);
    assert_int_equal(w->inbounds, 3);
    assert_int_equal(stat[1], NOTHING);
    assert_int_equal(stat[3], SENT);
    world_end(w);
}

/* The notice was of something that is not there any more, or lied. */
static void one_that_is_announced_is_read_once(void **state)
{
    (void)state;
    list_end = list_ends[0];
    struct world *w = ready_with(mixed);
    for (int i = 1; i <= 3; i += 2) {
        say(w, "\r\n+CMTI: \"ME\",%d\r\n", i);
        world_run(w, 5000);
        assert_int_equal(reads[i], 1);
    }
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 5000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    world_run(w, HOUR_MS);
    assert_int_equal(w->inbounds, 2);
    assert_int_equal(reads[1] + reads[3], 2);
    drafts_are_there();
    world_end(w);
}

/* The first and the last slot, and a modem that counts what it does not show. */
static void a_walk_sees_every_slot(void **state)
{
    static const int spread[SLOTS] = {UNREAD, NOTHING, UNSENT,  NOTHING, NOTHING,
                                      UNREAD, NOTHING, NOTHING, NOTHING, UNREAD};
    (void)state;
    list_end = list_ends[1];
    struct world *w = ready_with(spread);
    assert_int_equal(w->inbounds, 3);
    assert_int_equal(used(), 1);
    assert_int_equal(stat[3], UNSENT);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_neither_told_nor_deleted),
        cmocka_unit_test(they_cost_no_command_once_known),
        cmocka_unit_test(one_that_comes_unannounced_is_found_beside_them),
        cmocka_unit_test(one_in_the_place_of_a_draft_is_found),
        cmocka_unit_test(one_that_is_announced_is_read_once),
        cmocka_unit_test(a_walk_sees_every_slot),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
