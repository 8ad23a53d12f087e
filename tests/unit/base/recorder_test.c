/* recorder: a ring of lines, and their way into the log. */
#include "cm.h"
#include "log_limit.h"
#include "loop_sim.h"
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEARD = 256, LINE = 128 };
static struct recorder recorder;
static char heard[HEARD][LINE]; /* lines of the dump */
static unsigned heards, others;

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (strncmp(line, "trace m0 line ", 14) != 0) {
        others++;
        return;
    }
    assert_true(heards < HEARD);
    snprintf(heard[heards++], LINE, "%s", line + 14);
}

static int fresh(void **state)
{
    (void)state;
    memset(&recorder, 0, sizeof recorder);
    heards = others = 0;
    log_sink_set(hear, NULL);
    return 0;
}

static void put(int64_t at_ns)
{
    snprintf(recorder_put(&recorder, at_ns, '>'), RECORDER_TEXT, "n%lld", (long long)at_ns);
}

static void the_ring_holds_the_last(void **state)
{
    (void)state;
    uint64_t number = 0;
    assert_null(recorder_from(&recorder, &number));
    for (int i = 0; i < RECORDER_LINES + 5; i++)
        put(i);
    assert_int_equal(recorder_from(&recorder, &number)->at_ns, 5);
    assert_int_equal(number, 5);
    number = RECORDER_LINES + 4;
    assert_non_null(recorder_from(&recorder, &number));
    number = RECORDER_LINES + 5;
    assert_null(recorder_from(&recorder, &number));
}

static void count(void *arg)
{
    ++*(unsigned *)arg;
}

static void who_reads_along_is_told_once_a_turn(void **state)
{
    (void)state;
    struct loop *loop = loop_sim_new(1000, 1763780000000);
    struct loop_task told;
    loop_task_init(&told, loop, count, &others);
    recorder.told = &told;
    put(1);
    recorder_state(&recorder, 2, "ready", "free");
    assert_int_equal(others, 0);
    loop_sim_settle(loop);
    assert_int_equal(others, 1);
    uint64_t number = 1;
    assert_string_equal(recorder_from(&recorder, &number)->text, "ready: free");
    loop_free(loop);
}

static void a_dump_is_the_last_lines_once(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        put(2000000000 + i);
    recorder_dump(&recorder, "m0");
    assert_int_equal(heards, RECORDER_DUMP);
    assert_string_equal(heard[0], "2.000000060 > n2000000060");
    assert_string_equal(heard[RECORDER_DUMP - 1], "2.000000099 > n2000000099");
    recorder_dump(&recorder, "m0");
    assert_int_equal(heards, RECORDER_DUMP);
    put(7);
    recorder_dump(&recorder, "m0");
    assert_int_equal(heards, RECORDER_DUMP + 1);
    assert_string_equal(heard[RECORDER_DUMP], "0.000000007 > n7");
}

/* What a link in trouble says of itself is bounded; its dump is not cut short by it. */
static void a_dump_is_whole_after_a_flood(void **state)
{
    (void)state;
    struct loop *loop = loop_sim_new(1000, 1763780000000);
    log_limit_set(loop);
    for (int i = 0; i < 300; i++) {
        log_event(LOG_LEVEL_INFO, "at", "m0", "noise", "n=%d", i);
        put(i);
    }
    assert_true(others < 300);
    recorder_dump(&recorder, "m0");
    assert_int_equal(heards, RECORDER_DUMP);
    log_limit_set(NULL);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_ring_holds_the_last, fresh),
        cmocka_unit_test_setup(who_reads_along_is_told_once_a_turn, fresh),
        cmocka_unit_test_setup(a_dump_is_the_last_lines_once, fresh),
        cmocka_unit_test_setup(a_dump_is_whole_after_a_flood, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
