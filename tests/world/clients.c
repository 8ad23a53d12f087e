#include "world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "stream_pipe.h"

enum { BUFFER = 1 << 18, REMEMBERED = 64 };

/* What a client has asked and not heard of yet; it asks again with the same key after a cut. */
struct pending {
    bool used;
    int rpc_id;
    unsigned entry;
    char line[3000];
};

struct client {
    struct world *world;
    int index;
    struct stream *stream;
    struct stream *far; /* the gateway's end */
    bool slow;          /* reads nothing for a while */
    int64_t seen_seq;   /* of the last event; the follower's */
    struct loop_timer timer;
    char buffer[BUFFER];
    size_t len;
    struct pending pending[REMEMBERED];
    int next_id;
    unsigned keys;
    unsigned long accepted, refused;
    unsigned last_entry;
    char last_id[40];
};

static void client_write(struct client *client, const char *line)
{
    if (client->stream && stream_write(client->stream, line, strlen(line)) < 0)
        return; /* the cut is heard by on_gone */
}

static struct pending *pending_of(struct client *client, int rpc_id)
{
    for (int i = 0; i < REMEMBERED; i++)
        if (client->pending[i].used && client->pending[i].rpc_id == rpc_id)
            return &client->pending[i];
    return NULL;
}

static void on_answer(struct client *client, struct pending *pending, const json_t *answer)
{
    const json_t *result = json_object_get(answer, "result");

    oracle_promised(client->world->oracle, "an answer came");
    if (result) {
        const char *id = json_string_value(json_object_get(result, "id"));
        oracle_accepted(client->world->oracle, pending->entry, id,
                        (int)json_integer_value(json_object_get(result, "parts")));
        client->accepted++;
        client->last_entry = pending->entry;
        snprintf(client->last_id, sizeof client->last_id, "%s", id);
    } else {
        client->refused++;
    }
    pending->used = false;
}

static void on_line(struct client *client, const char *line, size_t len)
{
    json_t *message = json_loadb(line, len, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *id = json_object_get(message, "id");
    struct pending *pending = pending_of(client, (int)json_integer_value(id));

    if (!message) {
        fprintf(stderr, "world: a line that is no JSON: %.*s\n", (int)len, line);
        abort();
    }
    const json_t *event = json_object_get(message, "params");
    if (event) {
        int64_t seq = json_integer_value(json_object_get(event, "seq"));
        oracle_followed(client->world->oracle, seq,
                        json_integer_value(json_object_get(event, "prev_seq")), client->seen_seq);
        client->seen_seq = seq;
    } else if (json_is_integer(id) && pending)
        on_answer(client, pending, message);
    else if (json_is_string(id) && json_object_get(message, "result"))
        oracle_cancelled(client->world->oracle, (unsigned)atoi(json_string_value(id) + 1));
    json_decref(message);
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct client *client = ctx;

    if (client->len + len > BUFFER) {
        fprintf(stderr, "world: a client got more than it can hold\n");
        abort();
    }
    memcpy(client->buffer + client->len, data, len);
    client->len += len;
    char *start = client->buffer, *end = client->buffer + client->len, *lf;
    while ((lf = memchr(start, '\n', (size_t)(end - start)))) {
        on_line(client, start, (size_t)(lf - start));
        start = lf + 1;
    }
    client->len = (size_t)(end - start);
    memmove(client->buffer, start, client->len);
}

static void on_gone(void *ctx, int err)
{
    struct client *client = ctx;

    (void)err;
    client_lost(client);
}

static const struct stream_sink client_sink = {.on_data = on_data, .on_gone = on_gone};

/* From where it was: what happened meanwhile comes first. */
static void ask_follow(struct client *client)
{
    char line[200];

    snprintf(line, sizeof line,
             "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"events.follow\",\"params\":"
             "{\"from_seq\":%lld,\"topics\":[\"message\"]}}\n",
             (long long)client->seen_seq);
    client_write(client, line);
}

void client_connect(struct client *client)
{
    struct world *world = client->world;
    const struct peer peer = {.uid = 0};
    struct session *session = session_new(world->front, &peer);
    struct stream *far;

    if (!session)
        abort();
    if (stream_pipe_new(world->loop, 0, &session_sink, session, &far, &client_sink, client,
                        &client->stream) < 0)
        abort();
    session_attach(session, far);
    client->far = far;
    client->slow = false;
    client->len = 0;
    if (client->index == WORLD_FOLLOWER)
        ask_follow(client);
    /* What was asked and not answered is asked again, with its key: the answer is the first one's.
     */
    for (int i = 0; i < REMEMBERED; i++)
        if (client->pending[i].used) {
            oracle_asked_again(world->oracle, client->pending[i].entry);
            client_write(client, client->pending[i].line);
        }
}

void client_lost(struct client *client)
{
    if (client->stream)
        stream_close(client->stream);
    client->stream = NULL;
}

static struct pending *pending_new(struct client *client)
{
    for (int i = 0; i < REMEMBERED; i++) {
        if (!client->pending[i].used) {
            client->pending[i].used = true;
            client->pending[i].rpc_id = ++client->next_id;
            return &client->pending[i];
        }
    }
    return NULL;
}

static void ask_send(struct client *client)
{
    static const char *const classes[] = {"otp", "otp", "otp", "notice", "bulk"};
    static const int ttls[] = {10, 30, 60, 120, 300, 300, 600};
    struct world *world = client->world;
    struct pending *pending = pending_new(client);
    unsigned class_ = (unsigned)world_random(world, 5);
    const struct oracle_wish wish = {
        .resend = world_chance(world, 60),
        .ttl_s = ttls[world_random(world, sizeof ttls / sizeof *ttls)],
        .class_ = class_ < 3 ? 0 : (int)class_ - 2,
    };
    char number[16], text[512];

    if (!pending)
        return;
    pending->entry = oracle_wish(world->oracle, &wish);
    oracle_number(pending->entry, number);
    size_t len = world_chance(world, 85) ? 30 : 170 + world_random(world, 280);
    memset(text, 'a' + (int)(pending->entry % 26), len);
    text[len] = '\0';
    snprintf(
        pending->line, sizeof pending->line,
        "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"message.send\",\"params\":{\"key\":\"c%d-%u\","
        "\"to\":\"%s\",\"text\":\"%s\",\"class\":\"%s\",\"ttl_s\":%d,\"on_unknown\":\"%s\"}}\n",
        pending->rpc_id, client->index, ++client->keys, number, text, classes[class_], wish.ttl_s,
        wish.resend ? "resend" : "report");
    client_write(client, pending->line);
}

static void ask_cancel(struct client *client)
{
    char line[200];

    if (!client->last_id[0])
        return;
    snprintf(line, sizeof line,
             "{\"jsonrpc\":\"2.0\",\"id\":\"c%u\",\"method\":\"message.cancel\",\"params\":"
             "{\"id\":\"%s\"}}\n",
             client->last_entry, client->last_id);
    client_write(client, line);
}

static void on_tick(void *arg)
{
    struct client *client = arg;
    struct world *world = client->world;

    if (world->calm || !world->gateway)
        return;
    if (!client->stream)
        client_connect(client);
    unsigned what = (unsigned)world_random(world, 100);
    if (what < 88)
        ask_send(client);
    else if (what < 94)
        ask_cancel(client);
    else if (what < 97)
        client_write(client, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"message.list\"}\n");
    else if (client->index == WORLD_FOLLOWER && client->stream) {
        client->slow = !client->slow && what < 99;
        stream_pipe_hold(client->far, client->slow);
    }
    if (what == 99)
        client_lost(client); /* hangs up, perhaps with an answer on the way */
    loop_timer_arm_in(&client->timer,
                      1 + (int64_t)world_random(world, (uint64_t)world->options.tick_ms));
}

struct client *client_new(struct world *world, int index)
{
    struct client *client = calloc(1, sizeof *client);

    client->world = world;
    client->index = index;
    loop_timer_init(&client->timer, world->loop, on_tick, client);
    loop_timer_arm_in(&client->timer, 1 + index);
    return client;
}

void client_free(struct client *client)
{
    loop_timer_cancel(&client->timer);
    client_lost(client);
    free(client);
}

unsigned long clients_accepted(const struct world *world)
{
    unsigned long accepted = 0;

    for (int i = 0; i < WORLD_CLIENTS; i++)
        accepted += world->client[i]->accepted;
    return accepted;
}
