/* verbs: each method of openrpc.json has a verb and each verb a method; what they answer; waiting.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hall_desk.h"
#include "verbs.h"

#define GET(id, params) REQUEST(id, "message.get", params)

static void the_table_is_the_document(void **state)
{
    (void)state;
    for (size_t i = 0; wire_method_at(i); i++)
        if (!verb_find(wire_method_at(i)->name))
            fail_msg("%s has no verb", wire_method_at(i)->name);
    for (size_t i = 0; verb_at(i); i++)
        if (!wire_method_find(verb_at(i)->method))
            fail_msg("%s is not in the document", verb_at(i)->method);
}

static void send_answers_with_the_message(void **state)
{
    (void)state;
    TALK(
        &client,
        {SEND("1", "a"), "{\"id\":1,\"result\":{\"id\":\"*\",\"state\":\"queued\","
                         "\"to\":\"+84912345678\",\"parts\":1,\"encoding\":\"gsm7\","
                         "\"created_at\":\"2025-11-22T02:53:20.000Z\","
                         "\"expires_at\":\"2025-11-22T02:58:20.000Z\","
                         "\"eta_ms\":2500,\"duplicate\":false}}"},
        {SEND("2", "a"), "{\"id\":2,\"result\":{\"state\":\"queued\",\"duplicate\":true}}"},
        {REQUEST("3", "message.send", "{\"key\":\"a\",\"to\":\"+84912345678\",\"text\":\"other\"}"),
         ERROR("3", "conflict")});
}

static void refusals_carry_what_helps(void **state)
{
    (void)state;
    world.gateway.refuse = (struct refusal){.name = "overloaded",
                                            .sentence = "the queue is full",
                                            .retry_after_s = 7,
                                            .estimate_ms = 9000};
    TALK(&client,
         {SEND("1", "a"), "{\"id\":1,\"error\":{\"message\":\"the queue is full\",\"data\":"
                          "{\"name\":\"overloaded\",\"retry_after_s\":7,"
                          "\"estimate_ms\":9000,\"say\":{\"vi\":\"*\",\"en\":\"*\"}}}}"});
    world.gateway.refuse = (struct refusal){.name = "bad_number", .suggest = "+84355555555"};
    TALK(&client, {SEND("2", "a"), "{\"id\":2,\"error\":{\"message\":\"*\",\"data\":"
                                   "{\"name\":\"bad_number\",\"suggest\":\"+84355555555\"}}}"});
    world.gateway.refuse = (struct refusal){0};
    TALK(&client, {SEND("3", "a"), "{\"id\":3,\"result\":{\"duplicate\":false}}"});
}

static void get_shows_the_ladder(void **state)
{
    (void)state;
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"});
    world_message_goto(&world, "a", MESSAGE_CLAIMED);
    world_message_goto(&world, "a", MESSAGE_SENDING);
    world_pass(&world, 2500);
    world_message_goto(&world, "a", MESSAGE_SENT);
    TALK(&client, {GET("2", "{\"key\":\"a\"}"),
                   "{\"id\":2,\"result\":{\"id\":\"*\",\"key\":\"a\",\"state\":\"sent\","
                   "\"class\":\"otp\",\"modem\":\"viettel-1\",\"attempts\":[],\"ladder\":["
                   "{\"state\":\"queued\",\"at\":\"2025-11-22T02:53:20.000Z\"},"
                   "{\"state\":\"sending\",\"at\":\"*\",\"modem\":\"viettel-1\"},"
                   "{\"state\":\"sent\",\"at\":\"2025-11-22T02:53:22.500Z\"}]}}"});
}

/* The last step of the ladder is the present state, also where it has no time of its own. */
static void the_ladder_ends_where_it_stands(void **state)
{
    (void)state;
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"});
    world_message_goto(&world, "a", MESSAGE_CLAIMED);
    TALK(&client, {GET("2", "{\"key\":\"a\"}"),
                   "{\"result\":{\"ladder\":[{\"state\":\"queued\"},{\"state\":\"claimed\"}]}}"});
    world_message_goto(&world, "a", MESSAGE_SENDING);
    world_message_goto(&world, "a", MESSAGE_UNKNOWN);
    TALK(&client, {GET("3", "{\"key\":\"a\"}"),
                   "{\"result\":{\"ladder\":[{\"state\":\"queued\"},{\"state\":\"sending\"},"
                   "{\"state\":\"unknown\",\"modem\":\"viettel-1\"}]}}"});
}

/* The attempts with their causes, as the network gave them. */
static void get_shows_the_attempts(void **state)
{
    (void)state;
    struct message message = {0};
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"});
    assert_int_equal(store_begin(world.store), 0);
    assert_int_equal(store_message_by_key(world.store, 0, "a", NULL, 0, NULL, &message), 1);
    struct attempt attempt = {.message = message.row,
                              .state = ATTEMPT_NOT_SENT,
                              .modem = "viettel-1",
                              .reference = -1,
                              .space = SMS_CAUSE_CMS,
                              .cause = 1,
                              .claimed_wall_ms = 1763780000000,
                              .ended_wall_ms = 1763780001000};
    assert_int_equal(store_attempt_insert(world.store, &attempt, message.to), 0);
    attempt.token = 0;
    attempt.state = ATTEMPT_SENT;
    attempt.space = SMS_CAUSE_NONE;
    attempt.reference = 17;
    assert_int_equal(store_attempt_insert(world.store, &attempt, message.to), 0);
    assert_int_equal(store_end(world.store, true), 0);
    message_clear(&message);
    TALK(&client,
         {GET("2", "{\"key\":\"a\"}"),
          "{\"result\":{\"attempts\":[{\"part\":1,\"state\":\"not_sent\",\"modem\":\"viettel-1\","
          "\"at\":\"2025-11-22T02:53:21.000Z\",\"cause\":{\"space\":\"cms\",\"code\":1,"
          "\"name\":\"unassigned_number\"}},"
          "{\"part\":1,\"state\":\"sent\",\"reference\":17}]}}"});
}

static void add_attempt(const char *key, enum attempt_state verdict)
{
    struct message message = {0};
    assert_int_equal(store_begin(world.store), 0);
    assert_int_equal(store_message_by_key(world.store, 0, key, NULL, 0, NULL, &message), 1);
    struct attempt attempt = {.message = message.row,
                              .state = verdict,
                              .modem = "viettel-1",
                              .reference = 17,
                              .claimed_wall_ms = 1763780000000,
                              .ended_wall_ms = 1763780001000};
    assert_int_equal(store_attempt_insert(world.store, &attempt, message.to), 0);
    assert_int_equal(store_end(world.store, true), 0);
    message_clear(&message);
}

/* As the network gave it, beside its attempt; the end of the ladder says it too. */
static void get_shows_the_report(void **state)
{
    (void)state;
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"});
    world_message_goto(&world, "a", MESSAGE_CLAIMED);
    world_message_goto(&world, "a", MESSAGE_SENDING);
    add_attempt("a", ATTEMPT_SENT);
    world_message_goto(&world, "a", MESSAGE_SENT);
    world_pass(&world, 5000);
    world_report(&world, "a", 0x22);
    TALK(&client, {GET("2", "{\"key\":\"a\"}"),
                   "{\"result\":{\"state\":\"sent\",\"attempts\":[{\"state\":\"sent\",\"report\":"
                   "{\"status\":34,\"name\":\"no_response\",\"sentence\":\"*\","
                   "\"at\":\"2025-11-22T02:53:25.000Z\"}}]}}"});
    world_pass(&world, 5000);
    world_report(&world, "a", 0x46);
    TALK(&client,
         {GET("3", "{\"key\":\"a\"}"),
          "{\"result\":{\"state\":\"undelivered\",\"reason\":\"validity_expired\",\"ladder\":["
          "{\"state\":\"queued\"},{\"state\":\"sending\"},{\"state\":\"sent\"},"
          "{\"state\":\"undelivered\",\"at\":\"2025-11-22T02:53:30.000Z\","
          "\"reason\":\"validity_expired\"}],\"attempts\":[{\"state\":\"sent\",\"report\":"
          "{\"status\":70,\"name\":\"validity_expired\"}}]}}"},
         {REQUEST("4", "message.list", "{}"),
          "{\"result\":{\"messages\":[{\"reason\":\"validity_expired\"}]}}"});
}

static void get_by_id(void **state)
{
    (void)state;
    char line[256];
    client_say(&client, SEND("1", "a"));
    world_settle(&world);
    json_t *sent = client_json(&client);
    snprintf(line, sizeof line, GET("2", "{\"id\":\"%s\"}"),
             json_string_value(json_object_get(json_object_get(sent, "result"), "id")));
    json_decref(sent);
    TALK(&client, {line, "{\"id\":2,\"result\":{\"key\":\"a\"}}"},
         {GET("3", "{\"id\":\"019aa9d1-5c3f-7c04-9f1e-3b6f2a7d8e11\"}"), ERROR("3", "not_found")},
         {GET("4", "{\"id\":\"no id\"}"), ERROR("4", "not_found")},
         {GET("5", "{\"key\":\"b\"}"), ERROR("5", "not_found")});
}

/* Another uid that may operate sees the message, but not the number, and has names of its own. */
static void others_see_masked_numbers(void **state)
{
    (void)state;
    struct client other;
    assert_true(client_open(&other, &world, OTHER));
    TALK(&client, {SEND("1", "a"), "{\"result\":{\"to\":\"+84912345678\"}}"});
    TALK(
        &other,
        {REQUEST("1", "message.list", "{}"), "{\"result\":{\"messages\":[{\"to\":\"091**678\"}]}}"},
        {GET("2", "{\"key\":\"a\"}"), ERROR("2", "not_found")},
        {SEND("3", "a"), "{\"result\":{\"duplicate\":false}}"});
    TALK(&client,
         {REQUEST("4", "message.list", "{}"),
          "{\"result\":{\"messages\":[{\"to\":\"091**678\"},{\"to\":\"+84912345678\"}]}}"});
    client_close(&other);
}

static void list_goes_on_at_its_cursor(void **state)
{
    (void)state;
    char line[256];
    json_int_t cursor = 0;
    unsigned seen = 0, pages = 0;
    for (int i = 0; i < 7; i++) {
        snprintf(line, sizeof line, SEND("1", "k%d"), i);
        TALK(&client, {line, "{\"result\":\"*\"}"});
    }
    TALK(&client,
         {REQUEST("2", "message.cancel", "{\"key\":\"k3\"}"),
          "{\"result\":{\"state\":\"cancelled\"}}"},
         {REQUEST("3", "message.list", "{\"state\":\"cancelled\"}"),
          "{\"result\":{\"messages\":[{\"key\":\"k3\"}]}}"},
         {REQUEST("4", "message.list", "{\"class\":\"bulk\"}"), "{\"result\":{\"messages\":[]}}"});
    do {
        snprintf(line, sizeof line,
                 cursor ? REQUEST("5", "message.list", "{\"limit\":3,\"cursor\":%lld}")
                        : REQUEST("5", "message.list", "{\"limit\":3}"),
                 (long long)cursor);
        client_say(&client, line);
        world_settle(&world);
        json_t *heard = client_json(&client);
        const json_t *result = json_object_get(heard, "result");
        const json_t *messages = json_object_get(result, "messages");
        for (size_t i = 0; i < json_array_size(messages); i++, seen++) {
            char key[8];
            snprintf(key, sizeof key, "k%u", 6 - seen);
            assert_string_equal(
                json_string_value(json_object_get(json_array_get(messages, i), "key")), key);
        }
        cursor = json_integer_value(json_object_get(result, "next_cursor"));
        json_decref(heard);
        pages++;
    } while (cursor);
    assert_int_equal(seen, 7);
    assert_int_equal(pages, 3);
}

static void cancel_tells_what_it_is_now(void **state)
{
    (void)state;
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"},
         {REQUEST("2", "message.cancel", "{\"key\":\"a\"}"),
          "{\"id\":2,\"result\":{\"state\":\"cancelled\",\"ladder\":[{\"state\":\"queued\"},"
          "{\"state\":\"cancelled\"}]}}"},
         {REQUEST("3", "message.cancel", "{\"key\":\"a\"}"), ERROR("3", "too_late")},
         {REQUEST("4", "message.cancel", "{\"key\":\"b\"}"), ERROR("4", "not_found")});
}

static void the_gateway_tells_of_itself(void **state)
{
    (void)state;
    world.gateway.stats = (struct gateway_stats){.inbound = 5,
                                                 .inbound_refused = 6,
                                                 .inbound_doubles = 7,
                                                 .reports = 8,
                                                 .reports_unmatched = 9};
    TALK(
        &client,
        {REQUEST("1", "gateway.info", "{}"),
         "{\"result\":{\"name\":\"test\",\"roles\":[\"send\",\"verify\",\"subscriber\",\"monitor\","
         "\"operate\"],"
         "\"limits\":{\"line_bytes\":4096,\"unread_bytes\":65536,\"in_flight\":4}}}"},
        {SEND("2", "a"), "{\"result\":\"*\"}"},
        {REQUEST("3", "gateway.stats", "{}"),
         "{\"result\":{\"by_state\":{\"queued\":1,\"sent\":0},\"queued_parts\":{\"otp\":0},"
         "\"inbound\":5,\"inbound_refused\":6,\"inbound_doubles\":7,\"reports\":8,"
         "\"reports_unmatched\":9}}"},
        {REQUEST("4", "rpc.discover", "{}"), "{\"result\":{\"openrpc\":\"*\",\"methods\":\"*\"}}"});
}

/* --- what came in --------------------------------------------------------------------------- */

#define INBOX(id, params) REQUEST(id, "inbox.list", params)

/* The one place where a text and a number are shown, both whole. */
static void the_inbox_shows_text_and_number(void **state)
{
    (void)state;
    const struct inbox plain = {.from = "1414", .sent_wall_ms = 1763779990000, .class_ = -1};
    const struct inbox whole = {
        .from = "+84912345678", .class_ = 0, .parts = 3, .missing = 1, .modem = "vina-2"};
    const struct inbox rented = {.from = "1414", .named = true, .class_ = -1};
    TALK(&client, {INBOX("1", "{}"), "{\"result\":{\"messages\":[]}}"});
    world_receive(&world, &plain, "Thuê bao đã đăng ký\nOK");
    world_pass(&world, 1500);
    world_receive(&world, &whole, "");
    world_receive(&world, &rented, "");
    client_say(&client, INBOX("2", "{}"));
    world_settle(&world);
    json_t *heard = client_json(&client);
    const json_t *result = json_object_get(heard, "result");
    char why[200];
    assert_int_equal(wire_result_check(wire_method_find("inbox.list"), result, why, sizeof why), 0);
    assert_true(json_is_like(
        result,
        "{\"messages\":[{\"from\":\"1414\",\"named\":true},"
        "{\"id\":\"*\",\"from\":\"+84912345678\",\"text\":\"\",\"modem\":\"vina-2\",\"parts\":3,"
        "\"missing\":1,\"class\":0,\"received_at\":\"2025-11-22T02:53:21.500Z\"},"
        "{\"id\":\"*\",\"from\":\"1414\",\"text\":\"Thuê bao đã đăng ký\\nOK\","
        "\"modem\":\"viettel-1\",\"parts\":1,\"received_at\":\"2025-11-22T02:53:20.000Z\","
        "\"sent_at\":\"2025-11-22T02:53:10.000Z\"}]}"));
    const json_t *newest = json_array_get(json_object_get(result, "messages"), 1);
    const json_t *oldest = json_array_get(json_object_get(result, "messages"), 2);
    assert_null(json_object_get(oldest, "named"));
    assert_null(json_object_get(newest, "sent_at"));
    assert_null(json_object_get(oldest, "missing"));
    assert_null(json_object_get(oldest, "class"));
    assert_null(json_object_get(result, "next_cursor"));
    json_decref(heard);
}

/* What a list of `params` gives: how many, and the next cursor; 0 where there is none. */
static json_int_t inbox_page(const char *params, size_t *count, const char *first)
{
    char line[128];
    snprintf(line, sizeof line, INBOX("1", "%s"), params);
    client_say(&client, line);
    world_settle(&world);
    json_t *heard = client_json(&client);
    const json_t *result = json_object_get(heard, "result");
    const json_t *messages = json_object_get(result, "messages");
    *count = json_array_size(messages);
    if (first)
        assert_string_equal(json_string_value(json_object_get(json_array_get(messages, 0), "from")),
                            first);
    json_int_t cursor = json_integer_value(json_object_get(result, "next_cursor"));
    json_decref(heard);
    return cursor;
}

static void the_inbox_goes_on_at_its_cursor(void **state)
{
    (void)state;
    char params[64], from[8];
    json_int_t cursor = 0;
    size_t count, seen = 0;
    for (int i = 0; i < 60; i++) {
        struct inbox inbox = {.class_ = -1};
        snprintf(inbox.from, sizeof inbox.from, "%d", i);
        world_receive(&world, &inbox, "x");
    }
    world_settle(&world);
    assert_true(inbox_page("{}", &count, "59") > 0);
    assert_int_equal(count, 50);
    assert_int_equal(inbox_page("{\"limit\":60}", &count, "59"), 0);
    assert_int_equal(count, 60);
    do {
        snprintf(params, sizeof params, cursor ? "{\"limit\":7,\"cursor\":%lld}" : "{\"limit\":7}",
                 (long long)cursor);
        snprintf(from, sizeof from, "%zu", 59 - seen);
        cursor = inbox_page(params, &count, from);
        seen += count;
    } while (cursor);
    assert_int_equal(seen, 60);
    TALK(&client, {INBOX("2", "{\"limit\":201}"), ERROR("2", "invalid_params")},
         {INBOX("3", "{\"cursor\":0}"), ERROR("3", "invalid_params")});
}

/* An answer is bounded, however long the texts are; a single one always fits. */
static void long_texts_end_a_page(void **state)
{
    (void)state;
    static char text[INBOX_TEXT_MAX + 1];
    const struct inbox inbox = {.from = "1414", .class_ = -1, .parts = 255};
    char params[64];
    size_t count, seen = 0, pages = 0;
    json_int_t cursor = 0;
    world.config.max_unsent_kb = 4096;
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 5; i++)
        world_receive(&world, &inbox, text);
    world_settle(&world);
    do {
        snprintf(params, sizeof params, cursor ? "{\"cursor\":%lld}" : "{}", (long long)cursor);
        cursor = inbox_page(params, &count, "1414");
        assert_true(count == 1);
        seen += count;
        pages++;
    } while (cursor);
    assert_int_equal(seen, 5);
    assert_int_equal(pages, 5);
}

/* --- waiting -------------------------------------------------------------------------------- */

static void a_wait_ends_with_the_state(void **state)
{
    (void)state;
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"},
         {GET("2", "{\"key\":\"a\",\"wait_ms\":30000}"), NULL},
         {GET("3", "{\"key\":\"a\",\"wait_ms\":30000,\"until\":\"final\"}"), NULL},
         {GET("4", "{\"key\":\"a\"}"), "{\"id\":4,\"result\":{\"state\":\"queued\"}}"});
    world_message_goto(&world, "a", MESSAGE_CLAIMED);
    world_message_goto(&world, "a", MESSAGE_SENDING);
    world_pass(&world, 2500);
    TALK(&client, {NULL, NULL});
    world_message_goto(&world, "a", MESSAGE_SENT);
    TALK(&client, {NULL, "{\"id\":2,\"result\":{\"state\":\"sent\"}}"}, {NULL, NULL});
    world_message_goto(&world, "a", MESSAGE_DELIVERED);
    TALK(&client, {NULL, "{\"id\":3,\"result\":{\"state\":\"delivered\"}}"},
         {GET("5", "{\"key\":\"a\",\"wait_ms\":30000,\"until\":\"final\"}"),
          "{\"id\":5,\"result\":{\"state\":\"delivered\"}}"});
    assert_int_equal(world.front->waits.count, 0);
}

/* Whatever the network says in the end; not what it says on the way. */
static void a_wait_for_delivery_ends_with_the_report(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int status;
        const char *hear;
    } rows[] = {
        {"there", 0x00, "{\"id\":2,\"result\":{\"state\":\"delivered\"}}"},
        {"off", 0x46, "{\"id\":2,\"result\":{\"state\":\"undelivered\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[256];
        snprintf(line, sizeof line, SEND("1", "%s"), rows[i].key);
        TALK(&client, {line, "{\"result\":\"*\"}"});
        snprintf(line, sizeof line,
                 GET("2", "{\"key\":\"%s\",\"wait_ms\":30000,\"until\":\"delivered\"}"),
                 rows[i].key);
        TALK(&client, {line, NULL});
        world_message_goto(&world, rows[i].key, MESSAGE_CLAIMED);
        world_message_goto(&world, rows[i].key, MESSAGE_SENDING);
        add_attempt(rows[i].key, ATTEMPT_SENT);
        world_message_goto(&world, rows[i].key, MESSAGE_SENT);
        TALK(&client, {NULL, NULL});
        world_report(&world, rows[i].key, 0x20);
        TALK(&client, {NULL, NULL});
        world_report(&world, rows[i].key, rows[i].status);
        TALK(&client, {NULL, rows[i].hear}, {NULL, NULL}, {line, rows[i].hear});
    }
    TALK(&client, {SEND("3", "c"), "{\"result\":\"*\"}"},
         {GET("4", "{\"key\":\"c\",\"wait_ms\":30000,\"until\":\"delivered\"}"), NULL},
         {REQUEST("5", "message.cancel", "{\"key\":\"c\"}"), "{\"id\":5}"},
         {NULL, "{\"id\":4,\"result\":{\"state\":\"cancelled\"}}"});
    assert_int_equal(world.front->waits.count, 0);
}

/* Nobody waits for a report that cannot come. */
static void without_a_report_sent_is_the_end(void **state)
{
    (void)state;
    static const struct {
        enum message_state state;
        bool report;
        int64_t report_until_ms;
        bool over;
    } rows[] = {
        {MESSAGE_SENDING, false, 0, false},   {MESSAGE_SENT, true, 5000, false},
        {MESSAGE_SENT, true, 0, true},        {MESSAGE_SENT, false, 5000, true},
        {MESSAGE_UNKNOWN, true, 5000, false}, {MESSAGE_UNKNOWN, false, 5000, false},
        {MESSAGE_UNKNOWN, true, 0, true},     {MESSAGE_FAILED, true, 5000, true},
        {MESSAGE_DELIVERED, true, 0, true},   {MESSAGE_UNDELIVERED, true, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct message message = {.state = rows[i].state,
                                        .report = rows[i].report,
                                        .report_until_ms = rows[i].report_until_ms};
        assert_int_equal(wait_is_over(&message, WAIT_DELIVERED), rows[i].over);
    }
}

static void a_wait_ends_with_its_time(void **state)
{
    (void)state;
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"},
         {GET("2", "{\"key\":\"a\",\"wait_ms\":1000}"), NULL});
    world_pass(&world, 999);
    TALK(&client, {NULL, NULL});
    world_pass(&world, 1);
    TALK(&client, {NULL, "{\"id\":2,\"result\":{\"state\":\"queued\"}}"});
}

/* The request and the event that ends its wait may come in one turn, before the commit. */
static void a_wait_in_the_turn_of_its_send(void **state)
{
    (void)state;
    client_say(&client, SEND("1", "a"));
    client_say(&client, GET("2", "{\"key\":\"a\",\"wait_ms\":30000}"));
    client_say(&client, REQUEST("3", "message.cancel", "{\"key\":\"a\"}"));
    TALK(&client, {NULL, "{\"id\":1,\"result\":\"*\"}"}, {NULL, "{\"id\":3,\"result\":\"*\"}"},
         {NULL, "{\"id\":2,\"result\":{\"state\":\"cancelled\"}}"});
}

static void waits_do_not_hold_up_other_requests(void **state)
{
    (void)state;
    char line[128];
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"});
    for (int i = 0; i < 4; i++) {
        snprintf(line, sizeof line, GET("%d", "{\"key\":\"a\",\"wait_ms\":30000}"), 10 + i);
        TALK(&client, {line, NULL});
    }
    TALK(&client, {GET("20", "{\"key\":\"a\",\"wait_ms\":30000}"), ERROR("20", "rate_limited")},
         {GET("21", "{\"key\":\"a\"}"), "{\"id\":21,\"result\":\"*\"}"},
         {REQUEST("22", "message.cancel", "{\"key\":\"a\"}"), "{\"id\":22,\"result\":\"*\"}"});
    assert_int_equal(client_lines(&client), 4);
}

static void a_client_leaves_while_it_waits(void **state)
{
    (void)state;
    struct client other;
    assert_true(client_open(&other, &world, 0));
    TALK(&other, {SEND("1", "a"), "{\"result\":\"*\"}"},
         {GET("2", "{\"key\":\"a\",\"wait_ms\":30000}"), NULL});
    assert_int_equal(world.front->waits.count, 1);
    client_close(&other);
    world_settle(&world);
    assert_int_equal(world.front->waits.count, 0);
    world_message_goto(&world, "a", MESSAGE_CANCELLED);
    world_pass(&world, 60000);
}

/* --- no memory ---------------------------------------------------------------------------------
 */

static int allocations_left;

static void *scarce(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* Fails the first, second, third ... allocation of a request: there is an answer, or the connection
 * ends. */
static void no_memory_ends_nothing_but_the_request(void **state)
{
    (void)state;
    static const char *const requests[] = {
        GET("1", "{\"key\":\"a\"}"),
        SEND("1", "a"),
        REQUEST("1", "message.list", "{\"limit\":1}"),
        REQUEST("1", "inbox.list", "{\"limit\":1}"),
        REQUEST("1", "events.follow", "{\"from_seq\":0}"),
        REQUEST("1", "modem.list", "{}"),
        REQUEST("1", "gateway.info", "{}"),
        REQUEST("1", "gateway.stats", "{}"),
        REQUEST("1", "message.get", "{\"key\":\"none\"}"),
    };
    struct client other;
    unsigned answers = 0, ends = 0;
    world.gateway.modem =
        (struct modem_view){.name = "viettel-1", .port = "p", .driver = "at", .state = LINK_READY};
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"}, {SEND("1", "b"), "{\"result\":\"*\"}"});
    for (int i = 0; i < 2; i++)
        world_receive(&world, &(const struct inbox){.from = "1414", .class_ = -1}, "x");
    for (size_t r = 0; r < sizeof requests / sizeof *requests; r++) {
        for (int most = 0, enough = 0; !enough; most++) {
            assert_true(client_open(&other, &world, 0));
            client_say(&other, requests[r]);
            allocations_left = most;
            json_set_alloc_funcs(scarce, free);
            world_settle(&world);
            json_set_alloc_funcs(malloc, free);
            enough = allocations_left > 0;
            json_t *heard = client_json(&other);
            assert_true(heard || other.gone);
            answers += heard != NULL;
            ends += other.gone;
            json_decref(heard);
            client_close(&other);
            world_settle(&world);
        }
    }
    assert_true(answers > 50 && ends > 50);
    TALK(&client, {GET("2", "{\"key\":\"a\"}"), "{\"result\":\"*\"}"});
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_table_is_the_document),
        TEST(send_answers_with_the_message),
        TEST(refusals_carry_what_helps),
        TEST(get_shows_the_ladder),
        TEST(the_ladder_ends_where_it_stands),
        TEST(get_shows_the_attempts),
        TEST(get_shows_the_report),
        TEST(get_by_id),
        TEST(others_see_masked_numbers),
        TEST(list_goes_on_at_its_cursor),
        TEST(cancel_tells_what_it_is_now),
        TEST(the_gateway_tells_of_itself),
        TEST(the_inbox_shows_text_and_number),
        TEST(the_inbox_goes_on_at_its_cursor),
        TEST(long_texts_end_a_page),
        TEST(a_wait_ends_with_the_state),
        TEST(a_wait_for_delivery_ends_with_the_report),
        TEST(without_a_report_sent_is_the_end),
        TEST(a_wait_ends_with_its_time),
        TEST(a_wait_in_the_turn_of_its_send),
        TEST(waits_do_not_hold_up_other_requests),
        TEST(a_client_leaves_while_it_waits),
        TEST(no_memory_ends_nothing_but_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
