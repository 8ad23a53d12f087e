/* store_rig: see store_rig.h. */
#include "store_rig.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sqlite3.h>
#include "log.h"
#include "store_internal.h"

/* What the store says in these tests is expected; a test that cares sets its own. */
static void log_nothing(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void rig_start(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    log_sink_set(log_nothing, NULL);
    snprintf(rig->boot, sizeof rig->boot, "boot-1");
    rig->loop = loop_sim_new(RIG_NOW_MS, RIG_WALL_MS);
    assert_non_null(rig->loop);
}

int rig_open(struct rig *rig)
{
    rig->options.state_dir = rig->dir[0] ? rig->dir : NULL;
    rig->options.boot_id = rig->boot;
    return store_open(rig->loop, &rig->options, &rig->store, &rig->why);
}

static void rig_open_well(struct rig *rig)
{
    int rc = rig_open(rig);
    if (rc != 0)
        fail_msg("open: %d %s", rc, rig->why);
}

void rig_memory(struct rig *rig)
{
    rig_start(rig);
    rig_open_well(rig);
}

void rig_disk(struct rig *rig)
{
    rig_start(rig);
    /* in memory where there is such a place: hundreds of flushes, and the shim knows the order */
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(rig->dir, sizeof rig->dir, "%s/otpgate-store-XXXXXX", root);
    assert_non_null(mkdtemp(rig->dir));
    rig_open_well(rig);
}

void rig_close(struct rig *rig)
{
    store_close(rig->store);
    rig->store = NULL;
}

void rig_reopen(struct rig *rig)
{
    if (rig->store)
        rig_close(rig);
    rig_open_well(rig);
}

void rig_end(struct rig *rig)
{
    if (rig->store)
        rig_close(rig);
    loop_free(rig->loop);
    if (rig->dir[0])
        rig_shell("rm -rf %s", rig->dir);
}

void rig_crash(struct rig *rig, void (*work)(struct rig *rig))
{
    assert_null(rig->store);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (rig_open(rig) != 0)
            _exit(2);
        work(rig);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

bool rig_dies(struct rig *rig, void (*work)(struct rig *rig))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY); /* the assertion's own words */
        if (null >= 0)
            (void)dup2(null, STDERR_FILENO);
        work(rig);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

void rig_reboot(struct rig *rig, int64_t passed_ms)
{
    assert_null(rig->store);
    int64_t wall = loop_wall_ms(rig->loop) + passed_ms;
    loop_free(rig->loop);
    rig->loop = loop_sim_new(5000, wall);
    snprintf(rig->boot, sizeof rig->boot, "boot-%lld", (long long)wall);
}

const char *rig_path(const struct rig *rig, const char *file)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", rig->dir, file);
    return path;
}

void rig_shell(const char *format, ...)
{
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

struct message rig_message(const struct rig *rig, const char *key, const char *text)
{
    struct message message = {.uid = 1000, .parts = 1, .report = true, .encoding = SMS_GSM7};
    snprintf(message.key, sizeof message.key, "%s", key);
    snprintf(message.to, sizeof message.to, "+84912345678");
    message.text = strdup(text);
    assert_non_null(message.text);
    message.text_len = strlen(text);
    message.created_wall_ms = loop_wall_ms(rig->loop);
    message.expires_wall_ms = loop_wall_ms(rig->loop) + 300000;
    message.expires_ms = loop_now_ms(rig->loop) + 300000;
    return message;
}

void rig_begin(struct rig *rig)
{
    assert_int_equal(store_begin(rig->store), 0);
}

void rig_keep(struct rig *rig)
{
    assert_int_equal(store_end(rig->store, true), 0);
}

struct otp_row rig_otp(const struct rig *rig, const char *tuple, char code[OTP_DIGITS + 1])
{
    struct otp_row otp = {.uid = 1000,
                          .purpose = "register",
                          .locale = "vi",
                          .to = "+84912345678",
                          .last3 = "678",
                          .length = 6,
                          .checked_ms = INT64_MIN,
                          .created_wall_ms = loop_wall_ms(rig->loop),
                          .expires_wall_ms = loop_wall_ms(rig->loop) + 300000,
                          .expires_ms = store_clock_ms(rig->store) + 300000};
    store_random(otp.id, sizeof otp.id);
    store_random(otp.seed, sizeof otp.seed);
    store_otp_hash(rig->store, "otp.tuple", tuple, strlen(tuple), otp.tuple);
    store_code_make(rig->store, otp.id, otp.seed, otp.length, code);
    store_code_hash(rig->store, otp.id, code, otp.length, otp.code);
    return otp;
}

int64_t rig_number(const struct rig *rig, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(rig->store->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return number;
}

void rig_commit(struct rig *rig)
{
    assert_int_equal(store_flush(rig->store), 0);
}

void rig_pass(struct rig *rig, int64_t ms)
{
    (void)loop_sim_run_until(rig->loop, loop_now_ms(rig->loop) + ms);
}

int64_t rig_put(struct rig *rig, const char *key)
{
    struct message message = rig_message(rig, key, "Ma OTP: 123456");
    rig_begin(rig);
    assert_int_equal(store_message_insert(rig->store, &message, "same", 4), 0);
    rig_keep(rig);
    int64_t row = message.row;
    message_clear(&message);
    rig_commit(rig);
    return row;
}

void rig_update(struct rig *rig, const struct message *message, bool wipe)
{
    rig_begin(rig);
    assert_int_equal(store_message_update(rig->store, message, wipe), 0);
    rig_keep(rig);
}

static struct message rig_get(struct rig *rig, int64_t row)
{
    struct message message;
    assert_int_equal(store_message_by_row(rig->store, row, false, &message), 1);
    return message;
}

void rig_move(struct rig *rig, int64_t row, enum message_state state)
{
    struct message message = rig_get(rig, row);
    message.state = state;
    rig_update(rig, &message, false);
    message_clear(&message);
}

uint64_t rig_attempt(struct rig *rig, int64_t row, enum attempt_state state, const char *iccid)
{
    struct attempt attempt = {.message = row, .state = state, .reference = -1};
    snprintf(attempt.iccid, sizeof attempt.iccid, "%s", iccid);
    snprintf(attempt.modem, sizeof attempt.modem, "viettel-1");
    if (state != ATTEMPT_CLAIMED) {
        attempt.committed_ms = loop_now_ms(rig->loop);
        attempt.committed_wall_ms = loop_wall_ms(rig->loop);
    }
    rig_begin(rig);
    assert_int_equal(store_attempt_insert(rig->store, &attempt, "+84912345678"), 0);
    rig_keep(rig);
    return attempt.token;
}

enum message_state rig_state(struct rig *rig, int64_t row)
{
    struct message message = rig_get(rig, row);
    enum message_state state = message.state;
    message_clear(&message);
    return state;
}

void rig_reason(struct rig *rig, int64_t row, const char *want)
{
    struct message message = rig_get(rig, row);
    assert_string_equal(message.reason, want);
    message_clear(&message);
}

const char *rig_ladder(struct rig *rig, int64_t row)
{
    static char ladder[256];
    struct event events[64];
    ladder[0] = '\0';
    int count = store_events_after(rig->store, 0, UINT32_MAX, events, 64);
    assert_true(count >= 0 && count < 64);
    for (int i = 0; i < count; i++) {
        if (events[i].topic != EVENT_MESSAGE || events[i].message != row)
            continue;
        size_t len = strlen(ladder);
        snprintf(ladder + len, sizeof ladder - len, "%s%s", len ? " " : "",
                 message_state_name(events[i].state));
    }
    return ladder;
}
