/* The link as its owner sees it: states, sending, faults, on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_world.h"
#include "log.h"

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        fprintf(stderr, "%s\n", line);
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    return w;
}

static void world_end(struct world *w)
{
    world_stop(w);
    free(w);
}

static void a_plain_modem_becomes_ready_and_sends(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    assert_string_equal(w->link->identity.imei, "356938035643809");
    assert_string_equal(w->link->identity.iccid, "8984048000000000012");
    assert_string_equal(w->link->identity.imsi, "452040000000001");
    assert_string_equal(w->link->identity.smsc, "+84980200030");
    assert_int_equal(w->link->radio.registration, 1);
    assert_int_equal(w->link->radio.technology, 7);
    assert_int_equal(w->link->radio.signal_dbm, -73);
    assert_string_equal(w->link->radio.operator_, "45204");
    for (int i = 0; i < 3; i++) {
        uint64_t token = world_submit(w, false);
        assert_true(token != 0);
        assert_true(world_submit(w, false) == 0); /* window 1 */
        assert_true(world_until_outcome(w, token, 1000));
        assert_int_equal(w->outcome.verdict, SMS_SENT);
        assert_int_equal(w->outcome.reference, 7 + i);
        assert_int_equal(world_truth_of(w, token), 7 + i);
    }
    assert_int_equal(w->outcomes, 3);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_modem_becomes_ready_and_sends),
    };
    log_sink_set(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
