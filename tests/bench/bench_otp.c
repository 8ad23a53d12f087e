/* bench_otp: what a start and a check cost as history grows, beside message.send and its cancel:
 * everything below the socket, on a real disk, 64 of them a COMMIT.
 *
 *   bench_otp DIRECTORY ROUNDS COUNT HISTORY...   a database in DIRECTORY for each HISTORY
 *
 * They take turns, ROUNDS of COUNT calls of each kind, so that what else the machine does hits all
 * alike. Prints JSON: the rates of each round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bench_history.h"
#include "log.h"
#include "loop_sim.h"
#include "otp_rig.h"

#define WALL_MS INT64_C(1795000000000)
enum { TOGETHER = 64, LEVELS_MAX = 8, ROUNDS_MAX = 32 };

/* A gateway with so much history. */
struct level {
    struct world world;
    struct otp *otp;
    unsigned history, serial;
    double fill_s;
    double start[ROUNDS_MAX], check[ROUNDS_MAX], send[ROUNDS_MAX]; /* a second */
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void need(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "otp_bench: %s: %d\n", what, rc);
    exit(1);
}

static struct link *make_link(void *arg, const struct config_modem *modem,
                              const struct link_sink *sink, void *ctx)
{
    struct level *level = arg;
    struct link *link = hand_link_new(modem->name, "8984", sink, ctx);

    level->world.link[0] = hand_link_of(link);
    return link;
}

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

struct made {
    uint8_t id[OTP_ID];
    char code[OTP_DIGITS + 1];
};

static void start_one(struct level *level, struct made *made)
{
    struct otp_standing out;
    struct refusal refusal;
    char to[16], key[24], address[24];
    const struct otp_start start = {.uid = 1000,
                                    .key = key,
                                    .to = to,
                                    .purpose = "register",
                                    .subject = key,
                                    .client_ip = address};

    level->serial++;
    snprintf(to, sizeof to, "09%08u", 10000000 + level->serial);
    snprintf(key, sizeof key, "k-%u", level->serial);
    snprintf(address, sizeof address, "10.%u.%u.%u", level->serial >> 16 & 255,
             level->serial >> 8 & 255, level->serial & 255);
    need(store_begin(level->world.store), "begin");
    need(otp_start(level->otp, &start, &out, &refusal), "start");
    need(store_end(level->world.store, true), "end");
    memcpy(made->id, out.row.id, OTP_ID);
    store_code_make(level->world.store, out.row.id, out.row.seed, 6, made->code);
}

static void check_one(struct level *level, const struct made *made)
{
    struct otp_checked checked;
    struct refusal refusal;

    need(store_begin(level->world.store), "begin");
    need(otp_check(level->otp, 1000, made->id, made->code, "try", &checked, &refusal), "check");
    need(store_end(level->world.store, true), "end");
    need(checked.result != OTP_SAYS_APPROVED, "approved");
}

/* Cancelled at once: the queue stays empty, as after a start and its check. */
static void send_one(struct level *level)
{
    struct send_result result;
    struct refusal refusal;
    char key[24] = "", text[40];
    struct send_request request = rig_request(key);

    snprintf(key, sizeof key, "m-%u", ++level->serial);
    snprintf(text, sizeof text, "Ma OTP: %06u", level->serial % 1000000);
    request.text = text;
    request.text_len = strlen(text);
    need(store_begin(level->world.store), "begin");
    need(gateway_send(level->world.gateway, &request, &result, &refusal), "send");
    need(store_end(level->world.store, true), "end");
    need(store_begin(level->world.store), "begin");
    need(gateway_cancel(level->world.gateway, &result.message, &refusal), "cancel");
    need(store_end(level->world.store, true), "end");
    message_clear(&result.message);
}

/* Nanoseconds for a COMMIT's worth of one kind; the COMMIT is part of it. */
static int64_t finish(struct level *level, int64_t begun_ns)
{
    need(store_flush(level->world.store), "commit");
    return now_ns() - begun_ns;
}

static void play(struct level *level, unsigned count, int round)
{
    static struct made made[TOGETHER];
    int64_t start_ns = 0, check_ns = 0, send_ns = 0;

    for (unsigned done = 0; done < count; done += TOGETHER) {
        int64_t begun = now_ns();
        for (unsigned i = 0; i < TOGETHER; i++)
            start_one(level, &made[i]);
        start_ns += finish(level, begun);
        begun = now_ns();
        for (unsigned i = 0; i < TOGETHER; i++)
            check_one(level, &made[i]);
        check_ns += finish(level, begun);
        begun = now_ns();
        for (unsigned i = 0; i < TOGETHER; i++)
            send_one(level);
        send_ns += finish(level, begun);
        loop_sim_run_until(level->world.loop, loop_now_ms(level->world.loop) + 2000);
    }
    level->start[round] = count * 1e9 / (double)start_ns;
    level->check[round] = count * 1e9 / (double)check_ns;
    level->send[round] = count * 1e9 / (double)send_ns;
}

static struct config_purpose *make_purpose(void)
{
    static char template_vi[] = "Ma {code} trong {minutes} phut", vi[] = "vi", wait[] = "30";
    static struct config_pair pair = {vi, template_vi, 1};
    static char *waits[] = {wait};
    static struct config_purpose purpose = {.name = "register",
                                            .template_ = {&pair, 1},
                                            .ttl_s = 300,
                                            .length = 6,
                                            .checks = 5,
                                            .sends = 3,
                                            .resend_after_s = {waits, 1},
                                            .check_interval_ms = 1000,
                                            .number_per_day = 5,
                                            .subject_per_hour = 3,
                                            .ip_per_hour = 60,
                                            .prefix_per_hour = 1000000,
                                            .per_hour = 1000000};

    return &purpose;
}

static void open_level(struct level *level, const char *dir)
{
    const struct store_options options = {.state_dir = dir, .boot_id = "boot"};
    struct world *world = &level->world;
    const char *why = "";

    world->loop = loop_sim_new(1000000, WALL_MS);
    if (store_open(world->loop, &options, &world->store, &why) != 0) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    strcpy(world->config.country, "84");
    world->config.retention_days = 30;
    world->config.max_queued = 1000000;
    world->config.otp_per_hour = 1000000;
    world->config.modems = world->modem;
    world->config.modem_count = 1;
    world->config.purposes = make_purpose();
    world->config.purpose_count = 1;
    strcpy(world->modem[0].name, "m0");
    world->gateway = gateway_new(world->loop, world->store, &world->config, make_link, level);
    level->otp = otp_new(world->loop, world->store, world->gateway, &world->config);
    hand_link_state(world->link[0], LINK_READY);
    hand_link_state(world->link[0], LINK_REGISTERING); /* may serve, takes nothing */
}

static void close_level(struct level *level)
{
    otp_free(level->otp);
    gateway_free(level->world.gateway);
    store_close(level->world.store);
    loop_free(level->world.loop);
}

static void fill_level(struct level *level, const char *dir)
{
    char path[512];
    int64_t begun = now_ns();

    open_level(level, dir); /* makes the database */
    close_level(level);
    snprintf(path, sizeof path, "%s/otpgate.db", dir);
    bench_history_fill(path, level->history, WALL_MS);
    level->fill_s = (double)(now_ns() - begun) / 1e9;
}

static void print_rates(const char *name, const double *rates, int rounds)
{
    printf(", \"%s\": [", name);
    for (int i = 0; i < rounds; i++)
        printf("%s%.0f", i ? ", " : "", rates[i]);
    printf("]");
}

int main(int argc, char **argv)
{
    static struct level levels[LEVELS_MAX];

    if (argc < 5 || argc > 4 + LEVELS_MAX)
        return 2;
    int rounds = atoi(argv[2]), count = argc - 4;
    unsigned calls = (unsigned)atoi(argv[3]);
    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    log_sink_set(no_log, NULL);
    for (int i = 0; i < count; i++) {
        char dir[256];
        levels[i].history = (unsigned)atoi(argv[4 + i]);
        snprintf(dir, sizeof dir, "%s/%u", argv[1], levels[i].history);
        fill_level(&levels[i], dir);
        open_level(&levels[i], dir);
        play(&levels[i], TOGETHER * 4, 0); /* warm */
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++)
            play(&levels[i], calls, round);
    for (int i = 0; i < count; i++) {
        printf("%s{\"history\": %u, \"fill_s\": %.1f", i ? ",\n " : "[", levels[i].history,
               levels[i].fill_s);
        print_rates("start", levels[i].start, rounds);
        print_rates("check", levels[i].check, rounds);
        print_rates("send", levels[i].send, rounds);
        printf("}");
        close_level(&levels[i]);
    }
    printf("]\n");
    return 0;
}
