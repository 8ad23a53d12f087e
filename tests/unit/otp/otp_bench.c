/* otp_bench: what a start and a check cost as history grows, beside message.send: everything below
 * the socket, on a real disk, 64 of them a COMMIT. No test: prints figures.
 *
 *   otp_bench DIRECTORY COUNT BLOCK      the directory is made; it is not removed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "log.h"
#include "loop_sim.h"
#include "otp_rig.h"

enum { TOGETHER = 64, SENDS = 6400 };

static struct world world;
static struct otp *otp;

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
    struct link *link = hand_link_new(modem->name, "8984", sink, ctx);

    (void)arg;
    world.link[0] = hand_link_of(link);
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

static void start_one(unsigned serial, struct made *made)
{
    struct otp_standing out;
    struct refusal refusal;
    char to[16], key[24];
    const struct otp_start start = {.uid = 1000,
                                    .key = key,
                                    .to = to,
                                    .purpose = "register",
                                    .subject = key,
                                    .client_ip = "192.0.2.7"};

    snprintf(to, sizeof to, "09%08u", serial);
    snprintf(key, sizeof key, "k-%u", serial);
    need(store_begin(world.store), "begin");
    need(otp_start(otp, &start, &out, &refusal), "start");
    need(store_end(world.store, true), "end");
    memcpy(made->id, out.row.id, OTP_ID);
    store_code_make(world.store, out.row.id, out.row.seed, 6, made->code);
}

static void check_one(const struct made *made)
{
    struct otp_checked checked;
    struct refusal refusal;

    need(store_begin(world.store), "begin");
    need(otp_check(otp, 1000, made->id, made->code, "try", &checked, &refusal), "check");
    need(store_end(world.store, true), "end");
    need(checked.result != OTP_SAYS_APPROVED, "approved");
}

static void send_one(unsigned serial)
{
    struct send_result result;
    struct refusal refusal;
    char key[24] = "", text[40];
    struct send_request request = rig_request(key);

    snprintf(key, sizeof key, "m-%u", serial);
    snprintf(text, sizeof text, "Ma OTP: %06u", serial % 1000000);
    request.text = text;
    request.text_len = strlen(text);
    need(store_begin(world.store), "begin");
    need(gateway_send(world.gateway, &request, &result, &refusal), "send");
    need(store_end(world.store, true), "end");
    need(store_begin(world.store), "begin");
    need(gateway_cancel(world.gateway, &result.message, &refusal), "cancel");
    need(store_end(world.store, true), "end");
    message_clear(&result.message);
}

/* Nanoseconds for a COMMIT's worth of one kind; the COMMIT is part of it. */
static int64_t finish(int64_t begun_ns)
{
    need(store_flush(world.store), "commit");
    return now_ns() - begun_ns;
}

static void block(unsigned first, unsigned count)
{
    static struct made made[TOGETHER];
    int64_t start_ns = 0, check_ns = 0;

    for (unsigned done = 0; done < count; done += TOGETHER) {
        int64_t begun = now_ns();
        for (unsigned i = 0; i < TOGETHER; i++)
            start_one(first + done + i, &made[i]);
        start_ns += finish(begun);
        begun = now_ns();
        for (unsigned i = 0; i < TOGETHER; i++)
            check_one(&made[i]);
        check_ns += finish(begun);
        loop_sim_run_until(world.loop, loop_now_ms(world.loop) + 2000);
    }
    printf("%8u before: otp.start %6.0f/s, otp.check %6.0f/s", first,
           count * 1e9 / (double)start_ns, count * 1e9 / (double)check_ns);
}

static void sends(unsigned first)
{
    int64_t ns = 0;

    for (unsigned done = 0; done < SENDS; done += TOGETHER) {
        int64_t begun = now_ns();
        for (unsigned i = 0; i < TOGETHER; i++)
            send_one(first + done + i);
        ns += finish(begun);
    }
    printf(", message.send and its cancel %6.0f/s\n", SENDS * 1e9 / (double)ns);
    fflush(stdout);
}

int main(int argc, char **argv)
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
                                            .ip_per_hour = 1000000};
    const char *why = "";

    if (argc != 4)
        return 2;
    const struct store_options options = {.state_dir = argv[1], .boot_id = "boot"};
    unsigned count = (unsigned)atoi(argv[2]), step = (unsigned)atoi(argv[3]);
    log_sink_set(no_log, NULL);
    world.loop = loop_sim_new(1000000, INT64_C(1795000000000));
    if (store_open(world.loop, &options, &world.store, &why) != 0) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    strcpy(world.config.country, "84");
    world.config.retention_days = 30;
    world.config.max_queued = 1000000;
    world.config.modems = world.modem;
    world.config.modem_count = 1;
    world.config.purposes = &purpose;
    world.config.purpose_count = 1;
    strcpy(world.modem[0].name, "m0");
    world.gateway = gateway_new(world.loop, world.store, &world.config, make_link, NULL);
    otp = otp_new(world.loop, world.store, world.gateway, &world.config);
    hand_link_state(world.link[0], LINK_READY);
    hand_link_state(world.link[0], LINK_REGISTERING); /* may serve, takes nothing */
    for (unsigned first = 0; first < count; first += step) {
        block(10000000 + first, step);
        sends(first);
    }
    otp_free(otp);
    gateway_free(world.gateway);
    store_close(world.store);
    loop_free(world.loop);
    return 0;
}
