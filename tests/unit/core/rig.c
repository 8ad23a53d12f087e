/* rig: the gateway with the real store on virtual time, and links that the test plays by hand. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "loop_sim.h"

enum { NOW_MS = 1000000 };
static const int64_t WALL_MS = INT64_C(1795000000000);

static struct link *make_link(void *arg, const struct config_modem *modem,
                              const struct link_sink *sink, void *ctx)
{
    struct world *world = arg;
    struct link *link = hand_link_new(modem->name, modem->number, sink, ctx);

    world->link[world->links++] = hand_link_of(link);
    return link;
}

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

void rig_settle(struct world *world)
{
    loop_sim_settle(world->loop);
}

void rig_run_for(struct world *world, int64_t ms)
{
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + ms);
}

static void open_store(struct world *world, const char *dir)
{
    const struct store_options options = {.boot_id = "boot", .state_dir = dir};
    const char *why = "";

    assert_int_equal(store_open(world->loop, &options, &world->store, &why), 0);
}

void rig_setup_links(void **state, const char *dir, int links)
{
    struct world *world = calloc(1, sizeof *world);

    log_sink_set(no_log, NULL);
    world->loop = loop_sim_new(NOW_MS, WALL_MS);
    open_store(world, dir);
    strcpy(world->config.country, "84");
    world->config.evidence_wait_s = 5;
    world->config.retention_days = 30;
    world->config.max_queued = 1000;
    world->config.ussd_timeout_s = 30;
    world->config.registry_timeout_s = 60;
    world->config.modems = world->modem;
    world->config.modem_count = (size_t)links;
    for (int i = 0; i < links; i++) {
        snprintf(world->modem[i].name, sizeof world->modem[i].name, "m%d", i);
        snprintf(world->modem[i].number, sizeof world->modem[i].number, "8984%d", i);
    }
    world->gateway = gateway_new(world->loop, world->store, &world->config, make_link, world);
    assert_non_null(world->gateway);
    *state = world;
}

void rig_setup_in(void **state, const char *dir)
{
    rig_setup_links(state, dir, LINKS);
}

int rig_setup(void **state)
{
    rig_setup_in(state, NULL);
    return 0;
}

static void start_gateway(struct world *world)
{
    world->links = 0;
    world->gateway = gateway_new(world->loop, world->store, &world->config, make_link, world);
    assert_non_null(world->gateway);
    rig_settle(world);
}

/* The gateway alone, on the same store. */
void rig_restart(struct world *world)
{
    gateway_free(world->gateway);
    rig_settle(world);
    start_gateway(world);
}

void rig_crash(struct world *world, const char *dir)
{
    gateway_free(world->gateway);
    store_abandon(world->store);
    open_store(world, dir);
    start_gateway(world);
}

int rig_teardown(void **state)
{
    struct world *world = *state;

    gateway_free(world->gateway);
    store_close(world->store);
    loop_free(world->loop);
    free(world);
    return 0;
}

void rig_ready(struct world *world, int link)
{
    hand_link_state(world->link[link], LINK_READY);
    rig_settle(world);
}

struct send_request rig_request(const char *key)
{
    return (struct send_request){.uid = 1000,
                                 .key = key,
                                 .to = "0912345678",
                                 .text = "Ma OTP: 123456",
                                 .text_len = strlen("Ma OTP: 123456"),
                                 .class_ = CLASS_OTP,
                                 .report = true,
                                 .on_unknown = -1};
}

static void on_answer(void *arg, int rc)
{
    *(bool *)arg = true;
    (void)rc;
}

void rig_await(struct world *world)
{
    bool heard = false;
    struct store_waiter client = {.fn = on_answer, .arg = &heard};

    store_when_durable(world->store, &client);
    rig_settle(world);
    assert_true(heard);
}

/* Sends and waits for the disk; the row of the message, or 0 with the refusal's name. */
int64_t rig_send(struct world *world, const struct send_request *request, struct refusal *refusal)
{
    struct send_result result;
    int64_t row = 0;

    assert_int_equal(store_begin(world->store), 0);
    int rc = gateway_send(world->gateway, request, &result, refusal);
    assert_int_equal(store_end(world->store, rc == 0), 0);
    if (rc == 0) {
        row = result.message.row;
        message_clear(&result.message);
    }
    rig_await(world);
    return row;
}

int64_t rig_accept(struct world *world, const struct send_request *request)
{
    struct refusal refusal;
    int64_t row = rig_send(world, request, &refusal);

    assert_true(row > 0);
    return row;
}

struct message rig_look(struct world *world, int64_t row)
{
    struct message message = {0};

    assert_int_equal(store_message_by_row(world->store, row, false, &message), 1);
    return message;
}

void rig_assert_state(struct world *world, int64_t row, enum message_state state)
{
    struct message message = rig_look(world, row);

    assert_string_equal(message_state_name(message.state), message_state_name(state));
    message_clear(&message);
}

void rig_prompt(struct world *world, int link)
{
    assert_true(world->link[link]->busy);
    hand_link_prompt(world->link[link]);
    rig_settle(world);
}

void rig_outcome(struct world *world, int link, enum sms_verdict verdict,
                 enum sms_cause_space space, int cause)
{
    hand_link_outcome(world->link[link], verdict, space, cause, verdict == SMS_SENT ? 7 : -1);
    rig_settle(world);
}
