/* fsm: moves, time-outs, trace, and that a move nobody allowed ends the process. */
#include "cm.h"
#include "fsm.h"
#include "log.h"
#include "loop_sim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHUT, OPENING, OPEN };
static const struct fsm_state door_states[] = {
    [SHUT] = {"shut", FSM_TO(OPENING), 0},
    [OPENING] = {"opening", FSM_TO(OPEN) | FSM_TO(SHUT), 500},
    [OPEN] = {"open", FSM_TO(SHUT), 0},
};
static const struct fsm_table door = {"door", door_states, 3, FSM_TO(OPEN) | FSM_TO(SHUT)};

struct world {
    struct loop *loop;
    struct fsm fsm;
    int64_t timed_out_ms;
    char line[256], trace[256];
};

static void on_timeout(void *arg)
{
    struct world *world = arg;
    world->timed_out_ms = loop_now_ms(world->loop);
    fsm_goto(&world->fsm, SHUT, "stuck");
}

static void take_line(void *arg, enum log_level level, const char *line)
{
    struct world *world = arg;
    (void)level;
    snprintf(world->line, sizeof(world->line), "%s", line);
}

static void take_move(void *arg, const struct fsm *fsm, unsigned from, const char *why)
{
    struct world *world = arg;
    size_t len = strlen(world->trace);
    snprintf(world->trace + len, sizeof(world->trace) - len, "%s>%s(%s) ", door_states[from].name,
             fsm_name(fsm), why);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_sim_new(1000, 0);
    fsm_init(&world->fsm, &door, "front", SHUT, world->loop, on_timeout, world);
    log_sink_set(take_line, world);
    fsm_trace_set(take_move, world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    fsm_stop(&world->fsm);
    loop_free(world->loop);
    log_sink_set(NULL, NULL);
    fsm_trace_set(NULL, NULL);
    free(world);
    return 0;
}

/* What happens for each message is no line of the log, unless somebody looks closely. */
static void everyday_moves_are_quiet(void **state)
{
    struct world *world = *state;
    fsm_goto(&world->fsm, OPENING, "rung");
    fsm_goto(&world->fsm, OPEN, "answered");
    assert_string_equal(world->line, "door front state from=opening to=open why=\"answered\"");
    world->line[0] = '\0';
    fsm_goto(&world->fsm, SHUT, "gone in");
    assert_string_equal(world->line, "");
    fsm_goto(&world->fsm, OPENING, "rung");
    fsm_goto(&world->fsm, OPEN, "answered");
    log_level_set(LOG_LEVEL_DEBUG);
    fsm_goto(&world->fsm, SHUT, "gone in");
    log_level_set(LOG_LEVEL_INFO);
    assert_string_equal(world->line, "door front state from=open to=shut why=\"gone in\"");
}

static void moves_and_logs(void **state)
{
    struct world *world = *state;
    loop_sim_run_until(world->loop, 1500);
    fsm_goto(&world->fsm, OPENING, "rung");
    assert_string_equal(world->line, "door front state from=shut to=opening why=\"rung\"");
    assert_int_equal(world->fsm.since_ms, 1500);
    fsm_goto(&world->fsm, OPEN, "pushed");
    assert_string_equal(fsm_name(&world->fsm), "open");
    assert_string_equal(world->trace, "shut>opening(rung) opening>open(pushed) ");
    loop_sim_run_until(world->loop, 10000); /* `open` does not wait */
    assert_int_equal(world->timed_out_ms, 0);
}

static void waits_only_so_long(void **state)
{
    struct world *world = *state;
    fsm_goto(&world->fsm, OPENING, "rung");
    loop_sim_run_until(world->loop, 1499);
    assert_int_equal(world->fsm.state, OPENING);
    loop_sim_run_until(world->loop, 1500);
    assert_int_equal(world->timed_out_ms, 1500);
    assert_int_equal(world->fsm.state, SHUT);
    fsm_goto(&world->fsm, OPENING, "again"); /* the time counts anew */
    loop_sim_run_until(world->loop, 1999);
    assert_int_equal(world->fsm.state, OPENING);
    fsm_stop(&world->fsm);
    loop_sim_run_until(world->loop, 9000);
    assert_int_equal(world->fsm.state, OPENING);
}

static int status_of_move(struct world *world, unsigned next)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr)) /* the assert's own words */
            _exit(1);
        fsm_goto(&world->fsm, next, "test");
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_move_not_allowed_ends_us(void **state)
{
    struct world *world = *state;
    static const unsigned wrong[] = {SHUT, OPEN, 3, 40};
    assert_int_equal(status_of_move(world, OPENING), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int status = status_of_move(world, wrong[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(moves_and_logs, setup, teardown),
        cmocka_unit_test_setup_teardown(everyday_moves_are_quiet, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_only_so_long, setup, teardown),
        cmocka_unit_test_setup_teardown(a_move_not_allowed_ends_us, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
