/* session: any bytes from a client, in pieces of any size, against a real store in memory and the
 * tests' gateway. The first byte gives the size of the pieces. Whatever came, every line that
 * leaves is JSON of one of the three kinds, every event is as the document says, and the session is
 * gone when its client is.
 *
 * Before each input a verification of a known id and code is pending; after it something of every
 * topic happens, and an open USSD question is answered. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "hall_world.h"
#include "log.h"
#include "store_otp.h"

enum { INPUTS_A_WORLD = 500, WAITS_END_MS = 61000 };

static const char settings[] =
    "[purpose login]\ntemplate.vi = Ma {code}\ntemplate.en = Code {code}\n"
    "resend_after_s = 1\nnumber_per_day = 0\nsubject_per_hour = 0\n"
    "ip_per_hour = 0\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

/* A purpose and the carriers as the daemon has them; a modem. */
static void furnish(struct world *world)
{
    static struct config *config;
    struct config_mistakes mistakes = {0};
    if (!config) {
        int rc = config_parse("fuzz", settings, strlen(settings), &config, &mistakes);
        assert(rc == 0);
        config_mistakes_free(&mistakes);
    }
    world->config.purposes = config->purposes;
    world->config.purpose_count = config->purpose_count;
    world->config.carriers = config->carriers;
    front_reload(world->front, &world->config);
    world->gateway.modem = (struct modem_view){.name = "m",
                                               .port = "p",
                                               .driver = "at",
                                               .why = "registered",
                                               .state = LINK_READY,
                                               .since_wall_ms = 1763780000000,
                                               .last_error = ""};
}

/* Two in the inbox, so that its pages and its events are reached. */
static void open_world(struct world *world)
{
    const struct inbox inbox = {.from = "1414", .class_ = -1};
    if (world->loop)
        world_close(world);
    world_open(world, NULL);
    furnish(world);
    world_receive(world, &inbox, "So thue bao nay da duoc dang ky.");
    world_receive(world, &inbox, "");
    world_settle(world);
}

static const uint8_t known_id[OTP_ID] = {0x01, 0x93, [6] = 0x70, [8] = 0x80, [15] = 1};
static const char known_code[] = "1234";

/* The keys of a store are its own: which seed makes this code has to be tried, ten thousand times
 * or so. */
static void find_seed(const struct world *world, uint8_t seed[OTP_ID])
{
    char code[OTP_DIGITS + 1] = "";
    memset(seed, 0, OTP_ID);
    for (uint32_t n = 0; strcmp(code, known_code) != 0; n++) {
        memcpy(seed, &n, sizeof n);
        store_code_make(world->store, known_id, seed, sizeof known_code - 1, code);
    }
}

/* 01930000-0000-7000-8000-000000000001, whose code is 1234; whatever an input has done to it, the
 * next finds it pending. */
static void put_verification(struct world *world, const uint8_t seed[OTP_ID])
{
    struct otp_row otp;
    int rc = store_begin(world->store);
    assert(rc == 0);
    int there = store_otp_by_id(world->store, known_id, &otp);
    int64_t row = there > 0 ? otp.row : 0, seal = there > 0 ? otp.seal : 0;
    otp = (struct otp_row){.row = row,
                           .seal = seal,
                           .purpose = "login",
                           .locale = "vi",
                           .to = "+84912345678",
                           .last3 = "678",
                           .tuple = {1},
                           .length = sizeof known_code - 1,
                           .sends = 1,
                           .sent_ms = store_clock_ms(world->store) - 60000,
                           .checked_ms = INT64_MIN,
                           .created_wall_ms = loop_wall_ms(world->loop),
                           .expires_wall_ms = loop_wall_ms(world->loop) + 300000,
                           .expires_ms = store_clock_ms(world->store) + 300000};
    memcpy(otp.id, known_id, sizeof otp.id);
    memcpy(otp.seed, seed, sizeof otp.seed);
    store_code_hash(world->store, known_id, known_code, sizeof known_code - 1, otp.code);
    rc = there > 0 ? store_otp_update(world->store, &otp, OTP_NEWS_STARTED, 0)
                   : store_otp_insert(world->store, &otp);
    assert(rc == 0);
    rc = store_end(world->store, true);
    assert(rc == 0);
    world_settle(world);
}

/* Whoever follows hears of it. */
static void happen(struct world *world)
{
    struct gateway *gateway = &world->gateway;
    const struct registry_news news = {
        .step = REGISTRY_PART, .modem = "m", .way = "sms", .why = "", .part = 1, .parts = 2};
    const struct lease_result said = {.end = LEASE_DONE, .text = "TK chinh: 5.000d"};
    lease_fn *told = gateway->ussd;
    gateway->on_modem(gateway->on_modem_arg, &gateway->modem);
    gateway->on_news(gateway->on_news_arg, &news);
    gateway->traced = (gateway->traced + 1) % 8;
    gateway->on_trace(gateway->on_trace_arg, "m");
    alarm_raise(gateway_alarms(gateway), "store_failing", "-", NULL);
    alarm_clear(gateway_alarms(gateway), "store_failing", "-");
    gateway->ussd = NULL;
    if (told)
        told(gateway->ussd_arg, &said);
    world_settle(world);
}

static void check_line(const char *text)
{
    char why[256];
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *params = json_object_get(line, "params");
    const json_t *error = json_object_get(line, "error");
    assert(line);
    if (params) {
        assert(wire_event_check(params, why, sizeof why) == 0);
    } else if (error) {
        const json_t *name = json_object_get(json_object_get(error, "data"), "name");
        assert(json_object_get(line, "id") && wire_error_by_name(json_string_value(name)));
    } else {
        assert(json_object_get(line, "id") && json_is_object(json_object_get(line, "result")));
    }
    json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    static unsigned inputs;
    static uint8_t seed[OTP_ID];
    struct client client;
    if (size == 0)
        return 0;
    if (inputs++ % INPUTS_A_WORLD == 0) {
        log_sink_set(on_log, NULL);
        open_world(&world);
        find_seed(&world, seed);
    }
    put_verification(&world, seed);
    bool open = client_open(&client, &world, data[0] % 8 ? 0 : STRANGER);
    assert(open);
    size_t piece = data[0] < 200 ? data[0] + 1u : size;
    for (size_t at = 1; at < size && !client.gone; at += piece) {
        client_bytes(&client, data + at, size - at < piece ? size - at : piece);
        if (at % 2)
            world_settle(&world);
    }
    world_settle(&world);
    happen(&world);
    world_pass(&world, data[0] % 3 ? WAITS_END_MS : 0);
    for (const char *line; (line = client_line(&client));)
        check_line(line);
    client_close(&client);
    world_settle(&world);
    assert(world.front->sessions.count == 0 && !world.front->orphans);
    assert(world.front->waits.count == 0 && !world.front->events.first);
    return 0;
}
