/* alarm: raised once, cleared once; one line and one call of the listener for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "log.h"
#include "loop_sim.h"

static struct alarms house;
static char lines[8][400], told[8][200];
static size_t line_count, told_count;

static void on_line(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    snprintf(lines[line_count++ % 8], sizeof lines[0], "%d %s", level, line);
}

static void on_alarm(void *arg, const struct alarm_view *alarm, bool raised)
{
    assert_ptr_equal(arg, &house);
    snprintf(told[told_count++ % 8], sizeof told[0], "%s %s %s %s", raised ? "raised" : "cleared",
             alarm->name, alarm->subject, alarm_severity_name(alarm->severity));
}

static int setup(void **state)
{
    struct loop *loop = loop_sim_new(1000, 1763780000000);
    *state = loop;
    line_count = told_count = 0;
    log_sink_set(on_line, NULL);
    alarms_init(&house, loop);
    alarm_on_change(&house, on_alarm, &house);
    return loop ? 0 : -1;
}

static int teardown(void **state)
{
    alarms_fini(&house);
    loop_free(*state);
    log_sink_set(NULL, NULL);
    return 0;
}

static void once_each(void **state)
{
    struct alarm_view alarm;
    for (int i = 0; i < 3; i++)
        alarm_raise(&house, "store_failing", "a", "free some space");
    assert_int_equal(line_count, 1);
    assert_string_equal(lines[0], "3 alarm a raised name=store_failing severity=critical "
                                  "do=\"free some space\"");
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0], "raised store_failing a critical");
    alarm_clear(&house, "store_failing", "b"); /* another subject */
    assert_int_equal(line_count, 1);
    loop_sim_run_until(*state, loop_now_ms(*state) + 7000);
    for (int i = 0; i < 3; i++)
        alarm_clear(&house, "store_failing", "a");
    assert_int_equal(line_count, 2);
    assert_string_equal(lines[1], "5 alarm a cleared name=store_failing after_s=7");
    assert_string_equal(told[1], "cleared store_failing a critical");
    assert_false(alarm_at(&house, 0, &alarm));
}

static void by_subject_newest_first(void **state)
{
    struct alarm_view alarm;
    alarm_raise(&house, "store_failing", "a", NULL);
    loop_sim_run_until(*state, loop_now_ms(*state) + 1000);
    alarm_raise(&house, "store_failing", "b", "one");
    alarm_raise(&house, "store_failing", "b", "two"); /* the newest advice, the old time */
    assert_true(alarm_at(&house, 0, &alarm));
    assert_string_equal(alarm.subject, "b");
    assert_string_equal(alarm.sentence, "two");
    assert_int_equal(alarm.since_wall_ms, 1763780001000);
    assert_true(alarm_at(&house, 1, &alarm));
    assert_string_equal(alarm.subject, "a");
    assert_non_null(strstr(alarm.sentence, "free some space"));
    assert_int_equal(alarm.since_wall_ms, 1763780000000);
    assert_false(alarm_at(&house, 2, &alarm));
    alarm_clear(&house, "store_failing", "a");
    assert_true(alarm_at(&house, 0, &alarm));
    assert_string_equal(alarm.subject, "b");
    assert_false(alarm_at(&house, 1, &alarm));
}

static void a_flood_is_bounded(void **state)
{
    char subject[16];
    (void)state;
    for (int i = 0; i < ALARMS_MAX + 2; i++) {
        snprintf(subject, sizeof subject, "m%d", i);
        alarm_raise(&house, "store_failing", subject, NULL);
    }
    assert_int_equal(house.count, ALARMS_MAX);
    assert_int_equal(told_count, ALARMS_MAX);
    assert_non_null(strstr(lines[(line_count - 1) % 8], "no_room"));
}

static void the_list_for_operators_is_whole(void **state)
{
    static char page[1 << 16];
    char wanted[100];
    const char *name;
    (void)state;
    FILE *file = fopen("docs/operations.md", "r");
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; (name = alarm_name_at(i)); i++) {
        snprintf(wanted, sizeof wanted, "\n| `%s` | ", name);
        if (!strstr(page, wanted))
            fail_msg("docs/operations.md has no row%s", wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once_each, setup, teardown),
        cmocka_unit_test_setup_teardown(by_subject_newest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(the_list_for_operators_is_whole, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
