/* bench_turns: how long the loop stands still for what the gateway does by itself when much of it
 * comes at once: what is old enough goes, deadlines pass, waits end, reports can come no more.
 *
 *   bench_turns DIRECTORY ROWS     a database in DIRECTORY for each, of ROWS messages
 *
 * A turn is one moment of the virtual clock: a step and its COMMIT, on a real disk; `worked` is the
 * processor's part of it. Prints JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "log.h"
#include "loop_sim.h"
#include "rig.h"

#define NOW_MS 1000000
#define WALL_MS INT64_C(1795000000000)
enum { TOGETHER = 256, QUIET_MS = 60 * 1000 };

/* What makes so many rows due at once: ?1 a moment from now, ?2 long ago by the wall clock. */
static const struct {
    const char *name, *sql;
} kinds[] = {
    {"purge", "UPDATE message SET state = 5, parts_done = 1, body = NULL, created_wall = ?2, "
              "expires_wall = ?2, sent_wall = ?2, ended_wall = ?2;"
              "INSERT INTO attempt (message, part, state, modem, iccid, reference, space, cause, "
              "claimed_wall, committed_wall, ended_wall, committed, report_until, report, "
              "report_wall, tail) "
              "SELECT row, 0, 2, 'm0', '8984', 7, 0, 0, ?2, ?2, ?2, ?1, ?1, 0, ?2, randomblob(16) "
              "FROM message;"
              "UPDATE event SET wall = ?2"},
    {"expire", "UPDATE message SET expires = ?1"},
    {"wake", "UPDATE message SET wait = ?1"},
    {"reports", "UPDATE message SET state = 3, parts_done = 1, body = NULL, report_until = ?1"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void need(bool well, const char *what)
{
    if (well)
        return;
    fprintf(stderr, "bench_turns: %s\n", what);
    exit(1);
}

static struct link *make_link(void *arg, const struct config_modem *modem,
                              const struct link_sink *sink, void *ctx)
{
    (void)arg;
    return hand_link_new(modem->name, "8984", sink, ctx);
}

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void insert_one(struct world *world, unsigned serial)
{
    struct message message = {.uid = 1000, .parts = 1, .report = true, .encoding = SMS_GSM7};

    snprintf(message.key, sizeof message.key, "k-%u", serial);
    snprintf(message.to, sizeof message.to, "+849%08u", serial);
    message.text = strdup("Ma OTP: 123456");
    need(message.text, "memory");
    message.text_len = strlen(message.text);
    message.created_wall_ms = WALL_MS;
    message.expires_wall_ms = WALL_MS + 86400000;
    message.expires_ms = NOW_MS + 86400000;
    need(store_message_insert(world->store, &message, "same", 4) == 0, "insert");
    message_clear(&message);
}

static void open_store(struct world *world, const char *dir)
{
    const struct store_options options = {.state_dir = dir, .boot_id = "boot"};
    const char *why = "";

    need(store_open(world->loop, &options, &world->store, &why) == 0, why);
}

static void fill(struct world *world, unsigned rows)
{
    for (unsigned done = 0; done < rows;) {
        need(store_begin(world->store) == 0, "begin");
        for (unsigned i = 0; i < TOGETHER && done < rows; i++)
            insert_one(world, done++);
        need(store_end(world->store, true) == 0 && store_flush(world->store) == 0, "commit");
    }
}

/* Past the gateway: it is not there yet. */
static void make_due(const char *dir, const char *sql)
{
    char path[512];
    sqlite3 *db;
    sqlite3_stmt *stmt;

    snprintf(path, sizeof path, "%s/otpgate.db", dir);
    need(sqlite3_open(path, &db) == SQLITE_OK, path);
    need(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK, sql);
    while (*sql) {
        need(sqlite3_prepare_v2(db, sql, -1, &stmt, &sql) == SQLITE_OK, sqlite3_errmsg(db));
        for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++)
            sqlite3_bind_int64(stmt, i, i == 1 ? NOW_MS + 1000 : WALL_MS / 2);
        need(sqlite3_step(stmt) == SQLITE_DONE, sqlite3_errmsg(db));
        sqlite3_finalize(stmt);
    }
    need(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "commit");
    need(sqlite3_close(db) == SQLITE_OK, "close");
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void print_turns(const char *name, int64_t *took, size_t turns)
{
    qsort(took, turns, sizeof *took, by_value);
    printf("\"%s_us\": {\"p50\": %" PRId64 ", \"p99\": %" PRId64 ", \"longest\": %" PRId64 "}",
           name, took[turns / 2] / 1000, took[turns * 99 / 100] / 1000, took[turns - 1] / 1000);
}

static void play(struct world *world, const char *name, unsigned rows)
{
    size_t turns = 0, room = 2 * (size_t)rows + 1000;
    int64_t *took = calloc(room, sizeof *took), *worked = calloc(room, sizeof *worked);

    need(took && worked, "memory");
    loop_sim_settle(world->loop);
    loop_sim_run_until(world->loop, NOW_MS + 10);
    for (int64_t at; (at = loop_sim_next_ms(world->loop)) < loop_now_ms(world->loop) + QUIET_MS;) {
        int64_t from_ns = clock_ns(CLOCK_MONOTONIC);
        int64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        loop_sim_run_until(world->loop, at);
        need(turns < room, "it comes to no end");
        worked[turns] = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
        took[turns++] = clock_ns(CLOCK_MONOTONIC) - from_ns;
    }
    need(turns > 0, "nothing was due");
    printf("\"%s\": {\"turns\": %zu, ", name, turns);
    print_turns("took", took, turns);
    printf(", ");
    print_turns("worked", worked, turns);
    printf("}");
    free(took);
    free(worked);
}

static void measure(const char *root, int kind, unsigned rows)
{
    static struct world world;
    char dir[256];

    memset(&world, 0, sizeof world);
    snprintf(dir, sizeof dir, "%s/%s", root, kinds[kind].name);
    need(mkdir(dir, 0700) == 0, dir);
    world.loop = loop_sim_new(NOW_MS, WALL_MS);
    open_store(&world, dir);
    fill(&world, rows);
    store_close(world.store);
    make_due(dir, kinds[kind].sql);
    open_store(&world, dir);
    strcpy(world.config.country, "84");
    world.config.retention_days = 30;
    world.config.audit_days = 365;
    world.config.max_queued = INT32_MAX;
    world.config.modems = world.modem;
    world.config.modem_count = 1;
    strcpy(world.modem[0].name, "m0");
    world.gateway = gateway_new(world.loop, world.store, &world.config, make_link, &world);
    need(world.gateway, "gateway");
    play(&world, kinds[kind].name, rows);
    gateway_free(world.gateway);
    store_close(world.store);
    loop_free(world.loop);
}

int main(int argc, char **argv)
{
    if (argc != 3 || atoi(argv[2]) < 1) {
        fputs("usage: bench_turns DIRECTORY ROWS\n", stderr);
        return 2;
    }
    log_sink_set(no_log, NULL);
    for (int kind = 0; kind < KINDS; kind++) {
        printf("%s", kind ? ",\n " : "{");
        measure(argv[1], kind, (unsigned)atoi(argv[2]));
        fflush(stdout);
    }
    printf("}\n");
    return 0;
}
