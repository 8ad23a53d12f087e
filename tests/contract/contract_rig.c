#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "log.h"

enum { LIMIT_MS = 60000, LATENCY_MS = 30 };
static const char phone[] = "+84912345678";
static const struct contract_fixture *running;

/* --- the simulator --- */

/* Whatever is preloaded for this program's ports is not for the simulator's. */
static char **environment(void)
{
    static char *kept[512];
    size_t count = 0;
    for (char **at = environ; *at && count < 511; at++)
        if (strncmp(*at, "LD_PRELOAD=", 11) != 0 && strncmp(*at, "UMOCKDEV_DIR=", 13) != 0)
            kept[count++] = *at;
    kept[count] = NULL;
    return kept;
}

static void sim_start(struct rig *rig)
{
    char socket_path[96], tcp[16], latency[16], said[8] = "";
    int out[2];
    snprintf(socket_path, sizeof socket_path, "%s/sim.sock", rig->dir);
    snprintf(tcp, sizeof tcp, "%d", rig->fixture->tcp_port);
    snprintf(latency, sizeof latency, "%d", LATENCY_MS);
    char *argv[] = {(char *)(uintptr_t)MODEMSIM,
                    (char *)(uintptr_t) "--control",
                    socket_path,
                    (char *)(uintptr_t) "--latency",
                    latency,
                    (char *)(uintptr_t) "--report",
                    latency,
                    (char *)(uintptr_t)(rig->fixture->tcp_port ? "--tcp" : "--dir"),
                    rig->fixture->tcp_port ? tcp : rig->dir,
                    NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn(&rig->sim, MODEMSIM, &actions, NULL, argv, environment()), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    assert_int_equal(read(out[0], said, sizeof said - 1), 6);
    assert_string_equal(said, "ready\n");
    close(out[0]);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    rig->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(rig->control >= 0);
    assert_int_equal(connect(rig->control, (struct sockaddr *)&address, sizeof address), 0);
}

void rig_sim(struct rig *rig, const char *method, const char *params, ...)
{
    char inside[512], line[768];
    va_list args;
    va_start(args, params);
    vsnprintf(inside, sizeof inside, params, args);
    va_end(args);
    if (rig->fixture->steer) {
        if (!rig->fixture->steer(rig, method, inside)) {
            printf("%s cannot be shown on %s\n", method, rig->fixture->name);
            skip();
        }
        return;
    }
    int len = snprintf(line, sizeof line,
                       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}\n", method,
                       inside);
    assert_int_equal(write(rig->control, line, (size_t)len), len);
    size_t got = 0;
    while (got == 0 || rig->reply[got - 1] != '\n') {
        ssize_t count = read(rig->control, rig->reply + got, sizeof rig->reply - 1 - got);
        assert_true(count > 0);
        got += (size_t)count;
    }
    rig->reply[got] = '\0';
    if (strstr(rig->reply, "\"error\""))
        fail_msg("%s {%s}: %s", method, inside, rig->reply);
}

int rig_reply_number(const struct rig *rig, const char *name)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\"", name);
    const char *at = strstr(rig->reply, wanted);
    assert_non_null(at);
    return (int)strtol(at + strlen(wanted) + strspn(at + strlen(wanted), ": "), NULL, 10);
}

int rig_copies(struct rig *rig)
{
    if (rig->fixture->steer)
        return (int)rig->sents;
    rig_sim(rig, "handset.list", "\"number\":\"%s\",\"limit\":1", phone);
    return rig_reply_number(rig, "total");
}

bool rig_shows(struct rig *rig, const char *text)
{
    if (rig->fixture->steer)
        return true;
    rig_sim(rig, "handset.list", "\"number\":\"%s\"", phone);
    return strstr(rig->reply, text) != NULL;
}

/* --- the sink --- */

static void heard(struct rig *rig)
{
    assert_false(rig->inside);
    assert_false(rig->closed);
}

static void look(struct rig *rig)
{
    if (rig->until && rig->until(rig))
        loop_stop(rig->loop);
}

static void on_state(void *ctx, struct link *link, enum link_state state, const char *why)
{
    struct rig *rig = ctx;
    heard(rig);
    assert_ptr_equal(link, rig->link);
    assert_true(why && *why);
    assert_true(strcmp(link_state_name(state), "") != 0);
    rig->readies += state == LINK_READY && rig->state != LINK_READY;
    rig->state = state;
    rig->states |= 1U << state;
    rig->moves++;
    if (getenv("CONTRACT_LOG"))
        fprintf(stderr, "  %s (%s)\n", link_state_name(state), why);
    look(rig);
}

static void on_commit(void *ctx, struct link *link, uint64_t token, unsigned part)
{
    struct rig *rig = ctx;
    heard(rig);
    assert_ptr_equal(link, rig->link);
    assert_true(rig->pending); /* only for what is submitted, and before its outcome */
    assert_false(link_in_flight(link));
    rig->commits++;
    rig->asked_token = token;
    rig->asked_part = part;
    if (rig->owner != RIG_SILENT)
        loop_defer(&rig->proceed, LOOP_SOON);
    look(rig);
}

static void on_outcome(void *ctx, struct link *link, uint64_t token, unsigned part,
                       const struct sms_outcome *outcome)
{
    struct rig *rig = ctx;
    heard(rig);
    assert_ptr_equal(link, rig->link);
    assert_true(rig->pending);
    assert_true(outcome->verdict != SMS_SENT ||
                (outcome->reference >= 0 && outcome->reference <= 255));
    rig->pending = false;
    rig->outcomes++;
    rig->sents += outcome->verdict == SMS_SENT;
    rig->outcome_token = token;
    rig->outcome_part = part;
    rig->told_in = rig->state;
    rig->outcome = *outcome;
    look(rig);
}

static void on_evidence(void *ctx, struct link *link, const struct link_evidence *evidence)
{
    struct rig *rig = ctx;
    heard(rig);
    assert_ptr_equal(link, rig->link);
    rig->evidences++;
    rig->evidence = *evidence;
    look(rig);
}

static void on_inbound(void *ctx, struct link *link, const struct link_inbound *inbound)
{
    struct rig *rig = ctx;
    heard(rig);
    assert_ptr_equal(link, rig->link);
    for (unsigned i = 0; i < rig->inbounds && i < 16; i++)
        assert_true(rig->handles[i] != inbound->handle); /* never used twice */
    assert_true(rig->inbounds < 16);
    rig->handles[rig->inbounds++] = inbound->handle;
    rig->inbound = *inbound;
    if (rig->taker != RIG_WAITS)
        loop_defer(&rig->take, LOOP_SOON);
    look(rig);
}

static void on_traced(void *ctx, struct link *link)
{
    struct rig *rig = ctx;
    heard(rig);
    assert_ptr_equal(link, rig->link);
    rig->traced++;
}

static void on_radio(void *ctx, struct link *link, const struct link_radio *radio)
{
    struct rig *rig = ctx;
    heard(rig);
    assert_ptr_equal(radio, &link->radio);
    rig->radios++;
    look(rig);
}

static const struct link_sink sink = {.state = on_state,
                                      .commit = on_commit,
                                      .outcome = on_outcome,
                                      .evidence = on_evidence,
                                      .inbound = on_inbound,
                                      .radio = on_radio,
                                      .traced = on_traced};

/* --- the owner --- */

static void do_proceed(void *arg)
{
    struct rig *rig = arg;
    rig_proceed(rig, rig->asked_token, rig->asked_part, rig->owner == RIG_YES);
}

static void do_take(void *arg)
{
    struct rig *rig = arg;
    rig_taken(rig, rig->inbound.handle, rig->taker == RIG_TAKES);
}

int rig_submit_part(struct rig *rig, unsigned part, bool more)
{
    static struct sms_text text;
    char words[32];
    struct link_submit submit = {.token = rig->next_token, .part = part, .more = more};
    struct pdu_submit pdu = {.to = phone, .text = &text, .validity_ms = 300000};
    int len = snprintf(words, sizeof words, "Ma OTP: %06d", (int)(rig->next_token % 1000000));
    assert_int_equal(sms_text_encode(words, (size_t)len, SMS_GSM7, &text, NULL), 0);
    assert_int_equal(pdu_submit_encode(&pdu, &submit.tpdu), 0);
    rig->inside = true;
    int result = link_submit(rig->link, &submit);
    rig->inside = false;
    memset(&submit, 0, sizeof submit); /* it was copied */
    if (result == 0) {
        assert_false(rig->pending);
        rig->pending = true;
        rig->next_token++;
    }
    return result;
}

int rig_submit(struct rig *rig)
{
    return rig_submit_part(rig, 0, false);
}

void rig_proceed(struct rig *rig, uint64_t token, unsigned part, bool yes)
{
    rig->inside = true;
    link_proceed(rig->link, token, part, yes);
    rig->inside = false;
}

void rig_abort(struct rig *rig)
{
    rig->inside = true;
    link_abort(rig->link);
    rig->inside = false;
}

void rig_taken(struct rig *rig, uint64_t handle, bool ok)
{
    rig->inside = true;
    link_taken(rig->link, handle, ok);
    rig->inside = false;
}

void rig_wants(struct rig *rig, enum sms_verdict verdict, enum sms_cause_space space, int cause)
{
    rig_until(rig, rig_has_outcome);
    assert_string_equal(sms_verdict_name(rig->outcome.verdict), sms_verdict_name(verdict));
    assert_int_equal(rig->outcome.space, space);
    assert_int_equal(rig->outcome.cause, cause);
    assert_int_equal(rig->outcome_token, rig->next_token - 1);
    assert_false(link_in_flight(rig->link));
}

void rig_sends(struct rig *rig)
{
    char words[32];
    enum rig_owner owner = rig->owner;
    int copies = rig_copies(rig);
    rig_until(rig, rig_is_ready);
    rig->owner = RIG_YES;
    assert_int_equal(rig_submit(rig), 0);
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig->owner = owner;
    snprintf(words, sizeof words, "Ma OTP: %06d", (int)(rig->outcome_token % 1000000));
    assert_true(rig_shows(rig, words));
    assert_int_equal(rig_copies(rig), copies + 1);
    rig_until(rig, rig_is_ready);
}

/* --- turning --- */

bool rig_is_ready(struct rig *rig)
{
    return rig->state == LINK_READY;
}

bool rig_is_off(struct rig *rig)
{
    return rig->state != LINK_READY && rig->state != LINK_BUSY;
}

bool rig_is_gone(struct rig *rig)
{
    return rig->state == LINK_GONE;
}

bool rig_has_outcome(struct rig *rig)
{
    return rig->outcomes > 0 && rig->outcome_token == rig->next_token - 1;
}

bool rig_is_asked(struct rig *rig)
{
    return rig->commits > 0 && rig->asked_token == rig->next_token - 1;
}

static void limit_over(void *arg)
{
    struct rig *rig = arg;
    loop_stop(rig->loop);
}

void rig_until(struct rig *rig, bool (*until)(struct rig *rig))
{
    if (until(rig))
        return;
    rig->until = until;
    loop_timer_arm_in(&rig->limit, LIMIT_MS);
    assert_int_equal(loop_run(rig->loop), 0);
    loop_timer_cancel(&rig->limit);
    rig->until = NULL;
    if (!until(rig))
        fail_msg("a minute is over, in the state %s", link_state_name(rig->state));
}

void rig_idle(struct rig *rig, int64_t ms)
{
    loop_timer_arm_in(&rig->limit, ms);
    assert_int_equal(loop_run(rig->loop), 0);
}

/* --- life --- */

void rig_open(struct rig *rig)
{
    rig->closed = false;
    rig->pending = false;
    rig->state = LINK_OPENING;
    memset(rig->handles, 0, sizeof rig->handles); /* each link has its own */
    rig->link = rig->fixture->make(rig, &sink, rig);
    assert_non_null(rig->link);
    rig->inside = true;
    assert_int_equal(link_open(rig->link), 0);
    rig->inside = false;
}

void rig_close(struct rig *rig)
{
    rig->inside = true;
    link_close(rig->link);
    rig->inside = false;
    rig->closed = true;
    rig->link = NULL;
    loop_task_cancel(&rig->proceed);
    loop_task_cancel(&rig->take);
}

void rig_start(struct rig *rig, bool ready)
{
    rig->fixture->plug(rig);
    rig_open(rig);
    if (ready)
        rig_until(rig, rig_is_ready);
}

static void log_line(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("CONTRACT_LOG"))
        fprintf(stderr, "%s\n", line);
}

int contract_setup(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    log_sink_set(log_line, NULL);
    rig->fixture = running;
    rig->control = -1;
    rig->next_token = 1;
    snprintf(rig->dir, sizeof rig->dir, "/tmp/otpgate-contract-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    rig->loop = loop_event_new();
    assert_non_null(rig->loop);
    loop_timer_init(&rig->limit, rig->loop, limit_over, rig);
    loop_task_init(&rig->proceed, rig->loop, do_proceed, rig);
    loop_task_init(&rig->take, rig->loop, do_take, rig);
    if (!rig->fixture->steer)
        sim_start(rig);
    *state = rig;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* The modem's own account: no host may speak out of turn. */
static int breaches(struct rig *rig)
{
    rig_sim(rig, "stats", "%s", "");
    return rig_reply_number(rig, "violations_total");
}

int contract_teardown(void **state)
{
    struct rig *rig = *state;
    int broken = rig->fixture->steer ? 0 : breaches(rig);
    if (rig->link)
        rig_close(rig);
    loop_timer_cancel(&rig->limit);
    rig_idle(rig, 0);
    loop_free(rig->loop);
    if (rig->sim) {
        close(rig->control);
        kill(rig->sim, SIGTERM);
        waitpid(rig->sim, NULL, 0);
    }
    nftw(rig->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(rig);
    return broken;
}

int contract_run(const struct contract_fixture *fixture)
{
    static struct CMUnitTest tests[64];
    size_t count = 0;
    running = fixture;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < contract_send_count; i++)
        tests[count++] = contract_send[i];
    for (size_t i = 0; i < contract_port_count; i++)
        tests[count++] = contract_port[i];
    for (size_t i = 0; i < contract_receive_count; i++)
        tests[count++] = contract_receive[i];
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = contract_setup;
        tests[i].teardown_func = contract_teardown;
    }
    const char *only = getenv("CONTRACT_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    printf("link contract on %s: %zu cases\n", fixture->name, count);
    return _cmocka_run_group_tests(fixture->name, tests, count, NULL, NULL);
}
