/* What comes back, against the simulated modem: every profile hands messages and reports up exactly
 * once, its memory is empty afterwards, and whatever goes wrong on the way nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_sim_world.h"
#include "log.h"

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

static void every_profile_receives_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        const char *name = sim_profiles[i].name;
        sim_world_start(name);
        assert_true(sim_world_until_ready(120000));
        for (int k = 0; k < 3; k++) {
            char text[32];
            (void)snprintf(text, sizeof text, "tin %d", k);
            sim_world_write(text);
            sim_world_submit(true);
            assert_int_equal(t.outcome.verdict, SMS_SENT);
            sim_world_run(20000);
            if (sim_world_find(text)->told != 1)
                fail_msg("%s: <%s> told %u times", name, text, sim_world_find(text)->told);
        }
        if (t.reports != 3 || t.told != 6)
            fail_msg("%s: %u reports, %u told", name, t.reports, t.told);
        sim_world_run(3600000);
        assert_int_equal(t.told, 6);
        sim_world_no_violations(name);
        sim_world_stop();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_receives_once),
    };
    log_sink_set(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
