/* session: lines in and out, limits, and what becomes of bad input and of clients that leave. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "hall_world.h"
#include "log.h"

#define REQUEST(id, method, params)                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"
#define INFO(id) REQUEST(id, "gateway.info", "{}")
#define SEND(id, key)                                                                              \
    REQUEST(id, "message.send",                                                                    \
            "{\"key\":\"" key "\",\"to\":\"+84912345678\",\"text\":\"Ma OTP: 908172\"}")
#define ERROR(id, name)                                                                            \
    "{\"id\":" id ",\"error\":{\"message\":\"*\",\"data\":{\"name\":\"" name "\"}}}"
#define RESULT(id) "{\"id\":" id ",\"result\":\"*\"}"

static struct world world;
static char logged[1 << 16];

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof logged - used, "%s\n", line);
}

static int setup(void **state)
{
    (void)state;
    logged[0] = '\0';
    log_sink_set(on_log, NULL);
    log_level_set(LOG_LEVEL_DEBUG);
    world_open(&world, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    /* whatever a test said, no code and no whole number came into a log line */
    assert_null(strstr(logged, "908172"));
    assert_null(strstr(logged, "912345678"));
    return 0;
}

static void bad_input_is_named_and_the_client_goes_on(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    TALK(
        &client, {"nonsense", ERROR("null", "parse_error")}, {"", ERROR("null", "parse_error")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.info\"", ERROR("null", "parse_error")},
        {"[" INFO("1") "]", ERROR("null", "invalid_request")},
        {"\"text\"", ERROR("null", "invalid_request")},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"gateway.info\"}",
         ERROR("1", "invalid_request")},
        {"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"gateway.info\",\"parms\":{}}",
         ERROR("2", "invalid_request")},
        {REQUEST("3", "gateway.inf", "{}"), ERROR("3", "method_not_found")},
        {REQUEST("4", "gateway.info", "{\"x\":1}"), ERROR("4", "invalid_params")},
        {REQUEST("5", "gateway.info", "[]"), ERROR("5", "invalid_params")},
        {REQUEST("6", "message.send", "{}"), ERROR("6", "invalid_params")},
        {REQUEST("7", "message.send", "{\"key\":7,\"to\":\"1\",\"text\":\"t\"}"),
         ERROR("7", "invalid_params")},
        {REQUEST("8", "message.send", "{\"key\":\"k\",\"to\":\"1\",\"text\":\"a\\u0000b\"}"),
         ERROR("null", "parse_error")},
        {REQUEST("9", "message.send", "{\"key\":\"k\",\"to\":\"1\",\"text\":\"\xff\"}"),
         ERROR("null", "parse_error")},
        {REQUEST("[]", "gateway.info", "{}"), ERROR("null", "invalid_request")},
        {REQUEST("10", "message.send", "{\"key\":\"k\",\"to\":\"1\",\"text\":\"t\",\"ttl_s\":9}"),
         ERROR("10", "invalid_params")},
        {REQUEST("11", "message.get", "{\"id\":\"a\",\"key\":\"b\"}"),
         ERROR("11", "invalid_params")},
        {INFO("\"still here\""), RESULT("\"still here\"")});
    assert_int_equal(world.gateway.sends, 0);
    client_close(&client);
}

/* The sentence names the member, so that a typing mistake is found without reading the document. */
static void the_sentence_names_the_member(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    client_say(&client, REQUEST("1", "message.send", "{\"key\":\"k\",\"to\":\"1\",\"txt\":\"t\"}"));
    world_settle(&world);
    const char *line = client_line(&client);
    assert_non_null(line);
    assert_non_null(strstr(line, "txt"));
    client_close(&client);
}

static void nul_bytes_and_depth_are_refused(void **state)
{
    (void)state;
    struct client client;
    char deep[2000];
    static const char nul[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\0\"method\":\"gateway.info\"}\n";
    assert_true(client_open(&client, &world, 0));
    client_bytes(&client, nul, sizeof nul - 1);
    TALK(&client, {NULL, ERROR("null", "parse_error")});
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    TALK(&client, {deep, ERROR("null", "invalid_request")}, {INFO("2"), RESULT("2")});
    client_close(&client);
}

static void a_request_without_id_ends_the_connection(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    client_say(&client, SEND("1", "a"));
    client_say(&client, "{\"jsonrpc\":\"2.0\",\"method\":\"message.send\",\"params\":"
                        "{\"key\":\"b\",\"to\":\"+84912345678\",\"text\":\"t\"}}");
    client_say(&client, SEND("3", "c"));
    TALK(&client, {NULL, RESULT("1")}, {NULL, ERROR("null", "invalid_request")}, {NULL, "END"});
    assert_int_equal(world.gateway.sends, 1);
    client_close(&client);
}

static void a_line_that_is_too_long_ends_the_connection(void **state)
{
    (void)state;
    struct client client;
    size_t len = 10u << 20;
    char *line = malloc(len);
    assert_non_null(line);
    memset(line, 'x', len);
    assert_true(client_open(&client, &world, 0));
    client_say(&client, INFO("1"));
    for (size_t at = 0; at < len && !client.gone; at += 64 * 1024) {
        client_bytes(&client, line + at, 64 * 1024);
        world_settle(&world);
        if (!client.gone) /* never more than the limit and what one read brings */
            assert_true(client.session->in.room <= 2 * (4096 + 64 * 1024));
    }
    TALK(&client, {NULL, RESULT("1")}, {NULL, ERROR("null", "invalid_request")}, {NULL, "END"});
    client_close(&client);
    free(line);
}

static void a_line_of_exactly_the_limit_is_taken(void **state)
{
    (void)state;
    struct client client;
    char line[4098];
    memset(line, ' ', sizeof line);
    memcpy(line, INFO("1"), sizeof INFO("1") - 1);
    line[4096] = '\n';
    assert_true(client_open(&client, &world, 0));
    client_bytes(&client, line, 4097);
    TALK(&client, {NULL, RESULT("1")});
    line[4096] = ' ';
    client_bytes(&client, line, 4097);
    TALK(&client, {NULL, ERROR("null", "invalid_request")}, {NULL, "END"});
    client_close(&client);
}

static void lines_may_come_in_any_pieces(void **state)
{
    (void)state;
    struct client client;
    static const char lines[] = INFO("1") "\n" SEND("2", "a") "\n" INFO("3") "\n";
    for (size_t piece = 1; piece < sizeof lines; piece = piece * 2 + 1) {
        assert_true(client_open(&client, &world, 0));
        for (size_t at = 0; at < sizeof lines - 1; at += piece) {
            size_t left = sizeof lines - 1 - at;
            client_bytes(&client, lines + at, left < piece ? left : piece);
            world_settle(&world);
        }
        TALK(&client, {NULL, RESULT("1")}, {NULL, RESULT("2")}, {NULL, RESULT("3")});
        assert_null(client_line(&client));
        client_close(&client);
        world_settle(&world);
    }
}

static void note_in_flight(void *arg)
{
    unsigned *most = arg;
    for (const struct session *s = world.front->sessions.first; s; s = s->next)
        *most = s->in_flight > *most ? s->in_flight : *most;
}

/* More lines at once than may be in flight: reading rests, nothing is lost, and the order is that
 * of arrival. */
static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct client client;
    enum { REQUESTS = 100 };
    char line[256];
    unsigned most = 0;
    assert_true(client_open(&client, &world, 0));
    world.gateway.before_commit = note_in_flight;
    world.gateway.before_commit_arg = &most;
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(line, sizeof line,
                 i % 3 ? REQUEST("%d", "message.send",
                                 "{\"key\":\"k%d\",\"to\":\"+84912345678\",\"text\":\"t\"}")
                       : REQUEST("%d", "message.get", "{\"key\":\"k%d\"}"),
                 i, i % 3 ? i + 1 - i % 3 : i - 2);
        client_say(&client, line);
    }
    world_settle(&world);
    assert_int_equal(client_lines(&client), REQUESTS);
    assert_int_equal(most, world.config.max_in_flight);
    for (int i = 0; i < REQUESTS; i++) {
        json_t *heard = client_json(&client);
        assert_int_equal(json_integer_value(json_object_get(heard, "id")), i);
        assert_int_equal(json_object_get(heard, "result") != NULL, i > 0);
        json_decref(heard);
    }
    client_close(&client);
}

/* --- durable before reply ------------------------------------------------------------------- */

struct look {
    struct client *client;
    size_t heard, out;
    unsigned commits;
};

static void look_at_commit(void *arg)
{
    struct look *look = arg;
    look->heard = look->client->len;
    look->out = session_unsent(look->client->session);
    look->commits++;
}

static void nothing_is_answered_before_the_commit(void **state)
{
    (void)state;
    struct client client;
    struct look look = {.client = &client};
    assert_true(client_open(&client, &world, 0));
    world.gateway.before_commit = look_at_commit;
    world.gateway.before_commit_arg = &look;
    client_say(&client, SEND("1", "a"));
    client_say(&client, REQUEST("2", "message.get", "{\"key\":\"a\"}"));
    client_say(&client, INFO("3"));
    TALK(&client, {NULL, RESULT("1")}, {NULL, RESULT("2")}, {NULL, RESULT("3")});
    assert_int_equal(look.commits, 1);
    assert_int_equal(look.heard, 0);
    assert_int_equal(look.out, 0);
    client_close(&client);
}

static void file_size_limit(rlim_t most)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void let_the_commit_fail(void *arg)
{
    (void)arg;
    file_size_limit(0);
}

static void a_failed_commit_is_told(void **state)
{
    (void)state;
    struct client client, other;
    char dir[] = "/tmp/otpgate-session-XXXXXX";
    char command[64];
    signal(SIGXFSZ, SIG_IGN);
    assert_non_null(mkdtemp(dir));
    world_close(&world);
    world_open(&world, dir);
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {SEND("1", "a"), RESULT("1")});
    world.gateway.before_commit = let_the_commit_fail;
    client_say(&client, SEND("2", "b"));
    client_say(&client, REQUEST("3", "message.get", "{\"key\":\"b\"}"));
    client_say(&client, REQUEST("4", "message.gett", "{}"));
    client_say(&client, REQUEST("7", "message.get", "{\"key\":\"b\",\"wait_ms\":30000}"));
    TALK(&client, {NULL, ERROR("2", "store_failed")}, {NULL, ERROR("3", "store_failed")},
         {NULL, ERROR("4", "method_not_found")});
    file_size_limit(RLIM_INFINITY);
    world.gateway.before_commit = NULL;
    TALK(&client, {REQUEST("5", "message.get", "{\"key\":\"b\"}"), ERROR("5", "not_found")},
         {NULL, NULL});
    /* the row that was undone is another's now: who waited for it must not hear of that */
    assert_true(client_open(&other, &world, OTHER));
    TALK(&other, {SEND("1", "x"), RESULT("1")},
         {REQUEST("2", "message.cancel", "{\"key\":\"x\"}"), RESULT("2")});
    TALK(&client, {NULL, ERROR("7", "not_found")}, {SEND("6", "b"), RESULT("6")});
    client_close(&client);
    client_close(&other);
    world_settle(&world);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

/* --- clients that leave or do not read ------------------------------------------------------ */

static void a_client_leaves_with_an_answer_pending(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    client_say(&client, SEND("1", "a"));
    client_say(&client, SEND("2", "b"));
    client_close(&client);
    world_settle(&world);
    assert_int_equal(world.gateway.sends, 2);
    assert_int_equal(world.front->sessions.count, 0);
    assert_null(world.front->orphans);
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {REQUEST("3", "message.get", "{\"key\":\"b\"}"), RESULT("3")});
    client_close(&client);
}

/* The session ends between the request and the commit: its calls answer nobody. */
static void end_all_at_commit(void *arg)
{
    struct world *w = arg;
    while (w->front->sessions.first)
        session_end(w->front->sessions.first, "test");
}

static void a_session_ends_before_the_commit(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    world.gateway.before_commit = end_all_at_commit;
    world.gateway.before_commit_arg = &world;
    client_say(&client, SEND("1", "a"));
    world_settle(&world);
    assert_true(client.gone);
    assert_null(client_line(&client));
    assert_null(world.front->orphans);
    world.gateway.before_commit = NULL;
    client_close(&client);
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {REQUEST("2", "message.get", "{\"key\":\"a\"}"), RESULT("2")});
    client_close(&client);
}

/* It may ask as much as it likes: what it does not read is not even prepared, and in the end it is
 * cut. */
static void a_client_that_does_not_read_is_cut(void **state)
{
    (void)state;
    struct client client, other;
    assert_true(client_open(&client, &world, 0));
    assert_true(client_open(&other, &world, 0));
    stream_pipe_hold(client.session->stream, 1);
    for (int i = 0; i < 200; i++) {
        client_say(&client, REQUEST("1", "rpc.discover", "{}"));
        world_settle(&world);
        assert_true(session_unsent(client.session) <= 2 * 64 * 1024);
    }
    world_pass(&world, 29000);
    assert_false(client.gone);
    TALK(&other, {INFO("1"), RESULT("1")});
    world_pass(&world, 2000);
    assert_true(client.gone);
    assert_non_null(strstr(logged, "it does not read"));
    TALK(&other, {INFO("1"), RESULT("1")});
    client_close(&client);
    client_close(&other);
}

/* Long answers to many requests at once: a client that reads gets them all, however small the
 * limit. */
static void a_client_that_reads_is_never_cut(void **state)
{
    (void)state;
    enum { REQUESTS = 50 };
    struct client client;
    assert_true(client_open(&client, &world, 0));
    for (int i = 0; i < REQUESTS; i++)
        client_say(&client, REQUEST("1", "rpc.discover", "{}"));
    world_settle(&world);
    assert_int_equal(client_lines(&client), REQUESTS);
    client_close(&client);
}

/* The same with one that reads slowly. */
static void a_slow_client_gets_its_answers(void **state)
{
    (void)state;
    enum { REQUESTS = 50 };
    struct client client;
    assert_true(client_open(&client, &world, 0));
    stream_pipe_hold(client.session->stream, 1);
    for (int i = 0; i < REQUESTS; i++)
        client_say(&client, REQUEST("1", "rpc.discover", "{}"));
    for (int i = 0; i < REQUESTS; i++) {
        world_pass(&world, 10000);
        assert_false(client.gone);
        stream_pipe_hold(client.session->stream, 0);
        stream_pipe_hold(client.session->stream, 1);
    }
    world_settle(&world);
    assert_int_equal(client_lines(&client), REQUESTS);
    client_close(&client);
}

/* A stream that takes what the test says. */
struct trickle {
    struct stream stream;
    size_t unsent;
    unsigned lines;
    bool closed;
};

static int trickle_write(struct stream *stream, const void *data, size_t len)
{
    struct trickle *trickle = (struct trickle *)stream;
    trickle->unsent += len;
    for (size_t i = 0; i < len; i++)
        trickle->lines += ((const char *)data)[i] == '\n';
    return 0;
}

static size_t trickle_unsent(const struct stream *stream)
{
    return ((const struct trickle *)stream)->unsent;
}

static void trickle_pause(struct stream *stream, int pause)
{
    (void)stream;
    (void)pause;
}

static void trickle_close(struct stream *stream)
{
    ((struct trickle *)stream)->closed = true;
}

static const struct stream_ops trickle_ops = {.write = trickle_write,
                                              .unsent = trickle_unsent,
                                              .pause = trickle_pause,
                                              .close = trickle_close};

static struct session *trickle_open(struct trickle *trickle)
{
    const struct peer peer = {0};
    world.config.max_unsent_kb = 128; /* the document fits, and is over half of it */
    struct session *session = session_new(world.front, &peer);
    assert_non_null(session);
    *trickle = (struct trickle){.stream = {&trickle_ops, &session_sink, session}};
    session_attach(session, &trickle->stream);
    return session;
}

static void trickle_say(struct session *session, const char *lines)
{
    session_sink.on_data(session, (const uint8_t *)lines, strlen(lines));
    world_settle(&world);
}

#define DISCOVER REQUEST("1", "rpc.discover", "{}") "\n"

/* It is looked at when its time is over, not before: one byte in 29 seconds is reading, and who
 * reads none is cut half a minute later, a minute at most. */
static void a_trickle_is_reading(void **state)
{
    (void)state;
    struct trickle trickle;
    struct session *session = trickle_open(&trickle);
    trickle_say(session, DISCOVER DISCOVER);
    assert_true(trickle.unsent > 128 * 1024 / 2);
    for (int i = 0; i < 10; i++) {
        world_pass(&world, 29000);
        assert_false(trickle.closed);
        trickle.unsent--;
    }
    world_pass(&world, 60000);
    assert_true(trickle.closed);
}

/* What counts is what was read: what is written meanwhile neither hides it nor looks like it. */
static void what_is_written_meanwhile_does_not_count(void **state)
{
    (void)state;
    static const char more[] = "{\"jsonrpc\":\"2.0\",\"method\":\"event\"}\n";
    struct trickle trickle;
    struct session *session = trickle_open(&trickle);
    trickle_say(session, DISCOVER);
    assert_true(trickle.unsent > 128 * 1024 / 2);
    for (int i = 0; i < 5; i++) {
        world_pass(&world, 20000);
        assert_false(trickle.closed);
        trickle.unsent -= strlen(more);
        session_send(session, more, strlen(more));
        world_settle(&world);
    }
    for (int i = 0; i < 4 && !trickle.closed; i++) {
        session_send(session, more, strlen(more));
        world_pass(&world, 20000);
    }
    assert_true(trickle.closed);
}

/* The last line has less time than the others had. */
static void who_is_behind_at_the_end_has_two_seconds(void **state)
{
    (void)state;
    struct trickle trickle;
    struct session *session = trickle_open(&trickle);
    trickle_say(session, DISCOVER);
    world_pass(&world, 5000);
    session_finish(session, "the test ends");
    world_pass(&world, 1900);
    assert_false(trickle.closed);
    world_pass(&world, 200);
    assert_true(trickle.closed);
}

/* Nothing happens between what a client says, the word that all has left, and its time. */
static void a_client_that_is_behind_is_not_looked_at(void **state)
{
    (void)state;
    struct trickle trickle;
    struct session *session = trickle_open(&trickle);
    trickle_say(session, DISCOVER DISCOVER);
    assert_int_equal(trickle.lines, 1);
    assert_int_equal(loop_sim_run_until(world.loop, loop_now_ms(world.loop) + 29000), 0);
    trickle.unsent = 0;
    session_sink.on_drained(session);
    world_settle(&world);
    assert_int_equal(trickle.lines, 2);
    trickle.unsent = 0;
    session_sink.on_drained(session);
    assert_true(loop_sim_run_until(world.loop, loop_now_ms(world.loop) + 1) > 0);
    assert_int_equal(loop_sim_run_until(world.loop, loop_now_ms(world.loop) + 100000), 0);
    session_end(session, "the test ends");
}

/* It has said all it wants to say, before all of that could be run. */
static void who_shuts_its_half_gets_all_answers(void **state)
{
    (void)state;
    struct trickle trickle;
    struct session *session = trickle_open(&trickle);
    trickle_say(session, DISCOVER DISCOVER DISCOVER DISCOVER DISCOVER);
    session_on_end(session);
    world_settle(&world);
    assert_true(trickle.lines < 5);
    for (int i = 0; i < 10 && !trickle.closed; i++) {
        trickle.unsent = 0;
        session_sink.on_drained(session);
        world_settle(&world);
    }
    assert_int_equal(trickle.lines, 5);
    assert_true(trickle.closed);
}

/* An error ends the connection, but its line is not read: it ends all the same. */
static void a_last_line_that_is_not_read(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    stream_pipe_hold(client.session->stream, 1);
    client_say(&client, "{\"jsonrpc\":\"2.0\",\"method\":\"gateway.info\"}");
    world_pass(&world, 1900);
    assert_false(client.gone);
    world_pass(&world, 200);
    assert_true(client.gone);
    client_close(&client);
}

/* --- limits and roles ----------------------------------------------------------------------- */

static void connections_are_limited_per_uid_and_in_all(void **state)
{
    (void)state;
    struct client mine[5], theirs[3], last;
    for (int i = 0; i < 4; i++)
        assert_true(client_open(&mine[i], &world, 0));
    assert_false(client_open(&mine[4], &world, 0));
    assert_true(client_open(&theirs[0], &world, STRANGER));
    assert_true(client_open(&theirs[1], &world, STRANGER));
    assert_false(client_open(&theirs[2], &world, OTHER));
    client_close(&mine[0]);
    world_settle(&world);
    assert_true(client_open(&last, &world, 0));
    for (int i = 1; i < 4; i++)
        client_close(&mine[i]);
    client_close(&theirs[0]);
    client_close(&theirs[1]);
    client_close(&last);
}

static void who_has_no_role_may_ask_what_is_for_any(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, STRANGER));
    TALK(&client, {SEND("1", "a"), ERROR("1", "not_allowed")},
         {REQUEST("2", "message.list", "{}"), ERROR("2", "not_allowed")},
         {REQUEST("3", "modem.list", "{\"bad\":1}"), ERROR("3", "not_allowed")},
         {REQUEST("4", "events.follow", "{}"), ERROR("4", "not_allowed")},
         {REQUEST("5", "events.follow", "{\"topics\":[\"message\"]}"), ERROR("5", "not_allowed")},
         {REQUEST("7", "inbox.list", "{}"), ERROR("7", "not_allowed")},
         {REQUEST("8", "events.follow", "{\"topics\":[\"inbox\"]}"),
          "{\"id\":8,\"error\":{\"message\":\"the topic inbox needs the role operate\","
          "\"data\":{\"name\":\"not_allowed\"}}}"},
         {INFO("6"), "{\"id\":6,\"result\":{\"roles\":[]}}"});
    assert_int_equal(world.gateway.sends, 0);
    client_close(&client);
}

static void while_stopping_nothing_new_is_taken(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {SEND("1", "a"), RESULT("1")});
    front_shutdown(world.front);
    TALK(&client, {SEND("2", "b"), ERROR("2", "shutting_down")},
         {REQUEST("3", "message.cancel", "{\"key\":\"a\"}"), ERROR("3", "shutting_down")},
         {REQUEST("4", "message.get", "{\"key\":\"a\"}"), RESULT("4")});
    client_close(&client);
}

static void the_end_is_logged_with_counts(void **state)
{
    (void)state;
    struct client client;
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {"x", ERROR("null", "parse_error")}, {SEND("1", "a"), RESULT("1")},
         {REQUEST("2", "message.get", "{\"key\":\"b\"}"), ERROR("2", "not_found")});
    client_close(&client);
    world_settle(&world);
    assert_non_null(
        strstr(logged, "uid=0 pid=1 requests=3 events=0 refused=parse_error:1,not_found:1"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bad_input_is_named_and_the_client_goes_on),
        TEST(the_sentence_names_the_member),
        TEST(nul_bytes_and_depth_are_refused),
        TEST(a_request_without_id_ends_the_connection),
        TEST(a_line_that_is_too_long_ends_the_connection),
        TEST(a_line_of_exactly_the_limit_is_taken),
        TEST(lines_may_come_in_any_pieces),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(nothing_is_answered_before_the_commit),
        TEST(a_failed_commit_is_told),
        TEST(a_client_leaves_with_an_answer_pending),
        TEST(a_session_ends_before_the_commit),
        TEST(a_client_that_does_not_read_is_cut),
        TEST(a_client_that_reads_is_never_cut),
        TEST(a_slow_client_gets_its_answers),
        TEST(a_trickle_is_reading),
        TEST(what_is_written_meanwhile_does_not_count),
        TEST(who_is_behind_at_the_end_has_two_seconds),
        TEST(a_client_that_is_behind_is_not_looked_at),
        TEST(who_shuts_its_half_gets_all_answers),
        TEST(a_last_line_that_is_not_read),
        TEST(connections_are_limited_per_uid_and_in_all),
        TEST(who_has_no_role_may_ask_what_is_for_any),
        TEST(while_stopping_nothing_new_is_taken),
        TEST(the_end_is_logged_with_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
