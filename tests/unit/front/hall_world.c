#include "hall_world.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "registry.h"
#include "status.h"

/* --- the gateway ---------------------------------------------------------------------------- */

static int refuse(struct refusal *refusal, const char *name, const char *sentence)
{
    refusal->name = name;
    snprintf(refusal->sentence, sizeof refusal->sentence, "%s", sentence);
    return -1;
}

int gateway_send(struct gateway *gateway, const struct send_request *request,
                 struct send_result *result, struct refusal *refusal)
{
    bool same = false;
    gateway->sends++;
    if (gateway->refuse.name) {
        *refusal = gateway->refuse;
        return -1;
    }
    int rc = store_message_by_key(gateway->store, request->uid, request->key, request->text,
                                  request->text_len, &same, &result->message);
    if (rc > 0) {
        result->duplicate = true;
        return same ? 0 : refuse(refusal, "conflict", "");
    }
    if (request->retry_after_s > 0) {
        refusal->retry_after_s = request->retry_after_s;
        return refuse(refusal, "rate_limited", "");
    }
    struct message *m = &result->message;
    *m = (struct message){.uid = request->uid,
                          .class_ = request->class_,
                          .encoding = SMS_GSM7,
                          .parts = 1,
                          .report = request->report,
                          .created_wall_ms = loop_wall_ms(gateway->loop),
                          .expires_wall_ms = loop_wall_ms(gateway->loop) + 300000,
                          .expires_ms = loop_now_ms(gateway->loop) + 300000};
    snprintf(m->to, sizeof m->to, "%s", request->to);
    snprintf(m->key, sizeof m->key, "%s", request->key);
    m->text = strndup(request->text, request->text_len);
    m->text_len = request->text_len;
    assert_non_null(m->text);
    rc = store_message_insert(gateway->store, m, request->text, request->text_len);
    result->eta_ms = 2500;
    return rc < 0 ? refuse(refusal, "store_failed", "") : 0;
}

int gateway_cancel(struct gateway *gateway, struct message *message, struct refusal *refusal)
{
    if (message->state != MESSAGE_QUEUED)
        return refuse(refusal, "too_late", "");
    message->state = MESSAGE_CANCELLED;
    message->ended_wall_ms = loop_wall_ms(gateway->loop);
    return store_message_update(gateway->store, message, true) < 0
               ? refuse(refusal, "store_failed", "")
               : 0;
}

size_t gateway_modem_count(const struct gateway *gateway)
{
    return gateway->modem.name != NULL;
}

bool gateway_modem_at(const struct gateway *gateway, size_t i, struct modem_view *out)
{
    *out = gateway->modem;
    return i < gateway_modem_count(gateway);
}

bool plug_left_at(const struct fleet *fleet, size_t i, struct plug_left *out)
{
    const struct gateway *gateway = fleet->gateway;

    *out = gateway->left;
    return gateway->left.port && i == 0;
}

static int refused(const struct gateway *gateway, const char *name, struct refusal *refusal)
{
    *refusal = gateway->refuse;
    if (!refusal->name && name && (!gateway->modem.name || strcmp(name, gateway->modem.name) != 0))
        *refusal = (struct refusal){.name = "not_found"};
    return refusal->name ? -1 : 0;
}

int gateway_modem_pause(struct gateway *gateway, const char *name, bool pause,
                        struct refusal *refusal)
{
    if (refused(gateway, name, refusal) < 0)
        return -1;
    gateway->modem.paused = pause;
    gateway->modem.held = pause ? "paused by an operator" : "";
    return store_fact_set(gateway->store, "modem", pause ? "1" : "");
}

int gateway_pause(struct gateway *gateway, bool pause, struct refusal *refusal)
{
    if (refused(gateway, NULL, refusal) < 0)
        return -1;
    gateway->paused = pause;
    return store_fact_set(gateway->store, "gateway", pause ? "1" : "");
}

/* Lines from 7 on, three and those that the test adds, whatever the modem. */
bool gateway_modem_trace(struct gateway *gateway, const char *name, uint64_t number,
                         struct link_trace *out)
{
    (void)name;
    *out = (struct link_trace){
        .number = number < 7 ? 7 : number, .at_ns = 1000000000, .way = '<', .text = "OK"};
    return out->number < 10 + (uint64_t)gateway->traced;
}

int gateway_modem_reset(struct gateway *gateway, const char *name, struct refusal *refusal)
{
    gateway->resets++;
    return refused(gateway, name, refusal);
}

int gateway_modem_accept(struct gateway *gateway, const char *name, struct refusal *refusal)
{
    if (refused(gateway, name, refusal) < 0)
        return -1;
    gateway->modem.held = "";
    return store_fact_set(gateway->store, "accepted", "1");
}

int lease_run(struct fleet *fleet, const struct lease_request *request, struct refusal *refusal)
{
    struct gateway *gateway = fleet->gateway;

    if (refused(gateway, request->modem, refusal) < 0)
        return -1;
    gateway->ussd = request->fn;
    gateway->ussd_arg = request->arg;
    return 0;
}

int lease_answer(struct fleet *fleet, const char *name, uint32_t uid, const char *text,
                 lease_fn *fn, void *arg, struct refusal *refusal)
{
    const struct lease_request request = {
        .modem = name, .uid = uid, .code = text, .fn = fn, .arg = arg};
    return lease_run(fleet, &request, refusal);
}

int lease_cancel(struct fleet *fleet, const char *name, struct refusal *refusal)
{
    return refused(fleet->gateway, name, refusal);
}

void lease_forget(struct fleet *fleet, const void *arg)
{
    struct gateway *gateway = fleet->gateway;

    gateway->ussd_forgotten = gateway->ussd && gateway->ussd_arg == arg;
    if (gateway->ussd_forgotten)
        gateway->ussd = NULL;
}

void gateway_on_modem(struct gateway *gateway, void (*fn)(void *arg, const struct modem_view *view),
                      void *arg)
{
    gateway->on_modem = fn;
    gateway->on_modem_arg = arg;
}

void gateway_on_trace(struct gateway *gateway, void (*fn)(void *arg, const char *modem), void *arg)
{
    gateway->on_trace = fn;
    gateway->on_trace_arg = arg;
}

bool gateway_shutting_down(const struct gateway *gateway)
{
    (void)gateway;
    return false;
}

struct fleet *gateway_fleet(struct gateway *gateway)
{
    gateway->fleet.gateway = gateway;
    return &gateway->fleet;
}

struct alarms *gateway_alarms(struct gateway *gateway)
{
    return &gateway->alarms;
}

void gateway_stats(struct gateway *gateway, struct gateway_stats *out)
{
    *out = gateway->stats;
    out->eta_ms = -1;
    out->start_wall_ms = loop_wall_ms(gateway->loop);
    assert_int_equal(store_message_counts(gateway->store, out->by_state), 0);
}

int registry_ask(struct gateway *gateway, const char *modem, uint32_t uid, struct registry_ask *ask,
                 const struct carrier **carrier, struct refusal *refusal)
{
    (void)uid;
    (void)ask;
    *carrier = NULL;
    if (refused(gateway, modem, refusal) < 0)
        return -1;
    return refuse(refusal, "no_modem", "");
}

void registry_forget(struct registry_ask *ask)
{
    ask->sim = NULL;
}

void registry_on_reply(struct gateway *gateway, registry_read_fn *fn, void *arg)
{
    (void)gateway;
    (void)fn;
    (void)arg;
}

void registry_on_news(struct gateway *gateway, registry_news_fn *fn, void *arg)
{
    gateway->on_news = fn;
    gateway->on_news_arg = arg;
}

/* --- the world ------------------------------------------------------------------------------ */

static void world_before_commit(void *arg)
{
    struct gateway *gateway = arg;
    if (gateway->before_commit)
        gateway->before_commit(gateway->before_commit_arg);
}

static void world_start(struct world *world)
{
    const struct store_options options = {.state_dir = world->dir, .boot_id = "boot-1"};
    const char *why = NULL;
    assert_int_equal(store_open(world->loop, &options, &world->store, &why), 0);
    world->gateway.loop = world->loop;
    world->gateway.store = world->store;
    alarms_init(&world->gateway.alarms, world->loop);
    store_before_commit(world->store, world_before_commit, &world->gateway);
    world->front = front_new(world->loop, world->store, &world->gateway, &world->config);
    assert_non_null(world->front);
    world->front->own_uid = OTHER;
    loop_sim_settle(world->loop);
}

void world_open(struct world *world, const char *state_dir)
{
    *world = (struct world){.dir = state_dir ? strdup(state_dir) : NULL};
    world->config = (struct config){.name = "test",
                                    .country = "84",
                                    .max_connections = 4,
                                    .max_connections_total = 6,
                                    .max_in_flight = 4,
                                    .max_line_bytes = 4096,
                                    .max_unsent_kb = 64,
                                    .max_queued = 1000};
    world->loop = loop_sim_new(1000000, 1763780000000);
    assert_non_null(world->loop);
    world_start(world);
}

void world_restart(struct world *world)
{
    front_free(world->front);
    alarms_fini(&world->gateway.alarms);
    loop_sim_settle(world->loop);
    store_close(world->store);
    world_start(world);
}

void world_close(struct world *world)
{
    front_free(world->front);
    alarms_fini(&world->gateway.alarms);
    loop_sim_settle(world->loop);
    store_close(world->store);
    loop_free(world->loop);
    free(world->dir);
}

void world_settle(struct world *world)
{
    loop_sim_settle(world->loop);
}

void world_pass(struct world *world, int64_t ms)
{
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + ms);
}

void world_message_goto(struct world *world, const char *key, enum message_state state)
{
    struct message message = {0};
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(store_message_by_key(world->store, 0, key, NULL, 0, NULL, &message), 1);
    int64_t now = loop_wall_ms(world->loop);
    message.state = state;
    if (state == MESSAGE_SENDING)
        message.sending_wall_ms = now;
    if (state == MESSAGE_SENT) {
        message.sent_wall_ms = now;
        message.parts_done = message.parts;
        message.report_until_ms = loop_now_ms(world->loop) + 7200000;
    }
    if (message_state_is_final(state))
        message.ended_wall_ms = now;
    snprintf(message.modem, sizeof message.modem, "viettel-1");
    assert_int_equal(store_message_update(world->store, &message, false), 0);
    assert_int_equal(store_end(world->store, true), 0);
    message_clear(&message);
}

void world_receive(struct world *world, const struct inbox *inbox, const char *text)
{
    struct inbox taken = *inbox;
    taken.wall_ms = loop_wall_ms(world->loop);
    taken.parts = inbox->parts ? inbox->parts : 1;
    taken.text = strdup(text);
    taken.text_len = strlen(text);
    assert_non_null(taken.text);
    if (!taken.modem[0])
        snprintf(taken.modem, sizeof taken.modem, "viettel-1");
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(store_inbox_insert(world->store, &taken), 0);
    assert_int_equal(store_end(world->store, true), 0);
    inbox_clear(&taken);
}

void world_report(struct world *world, const char *key, int status)
{
    const struct sms_status_row *row = sms_status_find((uint8_t)status);
    struct message message = {0};
    struct attempt attempt;
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(store_message_by_key(world->store, 0, key, NULL, 0, NULL, &message), 1);
    assert_int_equal(store_attempts_of(world->store, message.row, &attempt, 1), 1);
    attempt.report = status;
    attempt.report_wall_ms = loop_wall_ms(world->loop);
    assert_int_equal(store_attempt_update(world->store, &attempt), 0);
    if (row->class_ != SMS_STATUS_TRYING) {
        bool there = row->class_ == SMS_STATUS_DELIVERED;
        message.state = there ? MESSAGE_DELIVERED : MESSAGE_UNDELIVERED;
        message.ended_wall_ms = attempt.report_wall_ms;
        snprintf(message.reason, sizeof message.reason, "%s", row->name);
        assert_int_equal(store_message_update(world->store, &message, true), 0);
    }
    assert_int_equal(store_end(world->store, true), 0);
    message_clear(&message);
}

/* --- clients -------------------------------------------------------------------------------- */

static void client_on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct client *client = ctx;
    client->heard = realloc(client->heard, client->len + len + 1);
    assert_non_null(client->heard);
    memcpy(client->heard + client->len, data, len);
    client->len += len;
    client->heard[client->len] = '\0';
}

static void client_on_gone(void *ctx, int err)
{
    struct client *client = ctx;
    (void)err;
    client->gone = true;
}

static const struct stream_sink client_sink = {.on_data = client_on_data,
                                               .on_gone = client_on_gone};

bool client_open(struct client *client, struct world *world, uid_t uid)
{
    const struct peer peer = {.uid = uid, .gid = uid, .pid = 1};
    struct stream *far;
    *client = (struct client){.world = world};
    client->session = session_new(world->front, &peer);
    if (!client->session)
        return false;
    assert_int_equal(stream_pipe_new(world->loop, 0, &session_sink, client->session, &far,
                                     &client_sink, client, &client->stream),
                     0);
    session_attach(client->session, far);
    world_settle(world);
    return true;
}

void client_close(struct client *client)
{
    if (client->stream)
        stream_close(client->stream);
    client->stream = NULL;
    free(client->heard);
    client->heard = NULL;
    client->len = 0;
}

void client_bytes(struct client *client, const void *bytes, size_t len)
{
    int rc = stream_write(client->stream, bytes, len);
    assert_true(rc == 0 || client->gone);
}

void client_say(struct client *client, const char *line)
{
    client_bytes(client, line, strlen(line));
    client_bytes(client, "\n", 1);
}

size_t client_lines(const struct client *client)
{
    size_t lines = 0;
    for (size_t i = 0; i < client->len; i++)
        lines += client->heard[i] == '\n';
    return lines;
}

const char *client_line(struct client *client)
{
    static char line[1 << 20];
    char *end = client->len ? strchr(client->heard, '\n') : NULL;
    if (!end)
        return NULL;
    size_t len = (size_t)(end - client->heard);
    assert_true(len < sizeof line);
    memcpy(line, client->heard, len);
    line[len] = '\0';
    client->len -= len + 1;
    memmove(client->heard, end + 1, client->len + 1);
    return line;
}

json_t *client_json(struct client *client)
{
    const char *line = client_line(client);
    if (!line)
        return NULL;
    json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    return value;
}

/* --- talk ----------------------------------------------------------------------------------- */

static bool value_is_like(const json_t *actual, const json_t *pattern)
{
    if (json_is_string(pattern) && strcmp(json_string_value(pattern), "*") == 0)
        return actual != NULL;
    if (json_is_array(pattern)) {
        bool like = json_array_size(actual) == json_array_size(pattern);
        for (size_t i = 0; like && i < json_array_size(pattern); i++)
            like = value_is_like(json_array_get(actual, i), json_array_get(pattern, i));
        return like;
    }
    if (!json_is_object(pattern))
        return json_equal(actual, pattern);
    const char *name;
    json_t *value;
    json_t *members = json_deep_copy(pattern);
    bool like = json_is_object(actual);
    json_object_foreach(members, name, value) like =
        like && value_is_like(json_object_get(actual, name), value);
    json_decref(members);
    return like;
}

bool json_is_like(const json_t *actual, const char *pattern)
{
    json_error_t error;
    json_t *wanted = json_loads(pattern, JSON_DECODE_ANY, &error);
    if (!wanted)
        fail_msg("the pattern is no JSON: %s: %s", error.text, pattern);
    bool like = value_is_like(actual, wanted);
    json_decref(wanted);
    return like;
}

/* What leaves must be as the document says. */
static void check_shape(const char *say, const json_t *heard, const char *line)
{
    char why[256] = "";
    json_t *said = say ? json_loads(say, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(said, "method"));
    const struct wire_method *method = name ? wire_method_find(name) : NULL;
    const json_t *result = json_object_get(heard, "result");
    const json_t *event = json_object_get(heard, "params");
    if (result && method && wire_result_check(method, result, why, sizeof why))
        fail_msg("%s: result: %s", line, why);
    if (event && wire_event_check(event, why, sizeof why))
        fail_msg("%s: event: %s", line, why);
    json_decref(said);
}

void talk(struct client *client, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].say)
            client_say(client, steps[i].say);
        world_settle(client->world);
        if (steps[i].hear && strcmp(steps[i].hear, "END") == 0) {
            assert_true(client->gone);
            assert_null(client_line(client));
            continue;
        }
        const char *line = client_line(client);
        if (!steps[i].hear) {
            if (line)
                fail_msg("step %zu: heard %s", i, line);
            continue;
        }
        if (!line)
            fail_msg("step %zu: heard nothing, wanted %s", i, steps[i].hear);
        json_t *heard = json_loads(line, 0, NULL);
        assert_non_null(heard);
        if (!json_is_like(heard, steps[i].hear))
            fail_msg("step %zu: heard %s, wanted %s", i, line, steps[i].hear);
        check_shape(steps[i].say, heard, line);
        json_decref(heard);
    }
}
