/* audit: which calls are on record, what the record says, and that nobody fills the disk with it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit.h"
#include "call.h"
#include "hall_world.h"
#include "log.h"
#include "store_audit.h"
#include "store_otp.h"

#define REQUEST(id, method, params)                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"

enum { PORTAL = 33, STAFF = 100 };

static struct world world;
static struct config_role roles[2];
static char lines[200][300];
static size_t line_count;

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (strncmp(line, "audit ", 6) == 0)
        snprintf(lines[line_count++ % 200], sizeof lines[0], "%s", line);
}

static int setup(void **state)
{
    (void)state;
    line_count = 0;
    log_sink_set(on_log, NULL);
    world_open(&world, NULL);
    roles[0] = (struct config_role){.users = {{PORTAL}, 1}, .may = MAY_SEND};
    roles[1] = (struct config_role){.users = {{STAFF}, 1}, .may = MAY_OPERATE | MAY_MONITOR};
    world.config.roles = roles;
    world.config.role_count = 2;
    world.gateway.modem = (struct modem_view){
        .name = "viettel-1", .port = "/dev/a", .driver = "at", .why = "", .last_error = ""};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_settle(&world);
    world_close(&world);
    return 0;
}

static void record(size_t i, uint32_t uid, const char *method, const char *outcome,
                   const char *modem)
{
    struct audit_row rows[100];
    int count = store_audit_list(world.store, 0, rows, 100);
    assert_true(count > (int)i);
    assert_int_equal(rows[i].uid, uid);
    assert_int_equal(rows[i].pid, 1);
    assert_string_equal(rows[i].method, method);
    assert_string_equal(rows[i].outcome, outcome);
    assert_string_equal(rows[i].modem, modem);
    assert_in_range(rows[i].wall_ms, loop_wall_ms(world.loop) - 500, loop_wall_ms(world.loop));
}

static int records(void)
{
    struct audit_row rows[100];
    return store_audit_list(world.store, 0, rows, 100);
}

static void what_is_on_record(void **state)
{
    struct client portal, staff;
    (void)state;
    assert_true(client_open(&portal, &world, PORTAL));
    assert_true(client_open(&staff, &world, STAFF));
    TALK(&portal, {REQUEST("1", "gateway.info", "{}"), "{\"result\":\"*\"}"},
         {REQUEST("2", "message.list", "{}"), "{\"result\":\"*\"}"},
         {REQUEST("3", "no.such", "{}"), "{\"error\":\"*\"}"});
    TALK(&staff, {REQUEST("1", "modem.list", "{}"), "{\"result\":\"*\"}"});
    assert_int_equal(records(), 0);
    TALK(&portal, {REQUEST("4", "modem.pause", "{\"name\":\"viettel-1\"}"), "{\"error\":\"*\"}"});
    record(0, PORTAL, "modem.pause", "not_allowed", "viettel-1");
    TALK(&portal, {REQUEST("5", "modem.list", "{\"name\":\"0912345678\"}"), "{\"error\":\"*\"}"});
    record(0, PORTAL, "modem.list", "not_allowed", ""); /* only a modem that we have */
    TALK(&staff, {REQUEST("2", "inbox.list", "{}"), "{\"result\":\"*\"}"});
    record(0, STAFF, "inbox.list", "ok", "");
    TALK(&staff, {REQUEST("3", "inbox.list", "{\"limit\":0}"), "{\"error\":\"*\"}"});
    record(0, STAFF, "inbox.list", "invalid_params", "");
    assert_int_equal(records(), 4);
    assert_int_equal(line_count, 4);
    assert_non_null(strstr(lines[0], " call uid=33 pid=1 method=modem.pause outcome=not_allowed "
                                     "modem=viettel-1 conclusion=-"));
    TALK(
        &staff,
        {REQUEST("4", "audit.list", "{\"limit\":1}"),
         "{\"result\":{\"records\":[{\"uid\":100,\"method\":\"inbox.list\","
         "\"outcome\":\"invalid_params\"}],\"next_cursor\":4}}"},
        {REQUEST("5", "audit.list", "{\"cursor\":2}"),
         "{\"result\":{\"records\":[{\"uid\":33,\"method\":\"modem.pause\",\"modem\":\"viettel-1\","
         "\"at\":\"*\",\"pid\":1}]}}"});
    TALK(&portal,
         {REQUEST("6", "audit.list", "{}"), "{\"error\":{\"data\":{\"role\":\"operate\"}}}"});
    client_close(&portal);
    client_close(&staff);
}

/* Whoever asks about a person is on record, also where nothing came of it. */
static void who_asks_about_a_person(void **state)
{
    struct client staff;
    (void)state;
    roles[1].may |= MAY_SUBSCRIBER;
    assert_true(client_open(&staff, &world, STAFF));
    TALK(&staff, {REQUEST("1", "subscriber.lookup", "{}"), "{\"error\":\"*\"}"});
    record(0, STAFF, "subscriber.lookup", "invalid_params", "");
    client_close(&staff);
}

static void a_look_at_anothers_message(void **state)
{
    struct client portal, staff;
    char line[200];
    (void)state;
    assert_true(client_open(&portal, &world, PORTAL));
    assert_true(client_open(&staff, &world, STAFF));
    client_say(&portal, REQUEST("1", "message.send",
                                "{\"key\":\"a\",\"to\":\"+84912345678\",\"text\":\"t\"}"));
    world_settle(&world);
    json_t *sent = client_json(&portal);
    snprintf(line, sizeof line, REQUEST("2", "message.get", "{\"id\":\"%s\"}"),
             json_string_value(json_object_get(json_object_get(sent, "result"), "id")));
    TALK(&portal, {line, "{\"result\":\"*\"}"});
    assert_int_equal(records(), 0);
    TALK(&staff, {line, "{\"result\":\"*\"}"});
    record(0, STAFF, "message.get", "ok", "");
    json_decref(sent);
    client_close(&portal);
    client_close(&staff);
}

static void send(struct client *client, const char *key)
{
    char line[200];
    snprintf(
        line, sizeof line,
        REQUEST("9", "message.send", "{\"key\":\"%s\",\"to\":\"+84912345678\",\"text\":\"t\"}"),
        key);
    TALK(client, {line, "{\"result\":\"*\"}"});
}

/* The method is for `send`; what is asked of it is for `operate`. */
static void what_only_an_operator_may_ask(void **state)
{
    struct client portal, staff;
    (void)state;
    roles[1].may |= MAY_SEND;
    assert_true(client_open(&portal, &world, PORTAL));
    assert_true(client_open(&staff, &world, STAFF));
    send(&portal, "a");
    send(&staff, "b");
    TALK(&portal, {REQUEST("1", "message.cancel", "{\"filter\":{\"class\":\"bulk\"}}"),
                   "{\"result\":{\"cancelled\":0}}"}); /* its own: there is none */
    assert_int_equal(records(), 0);
    assert_int_equal(line_count, 0);

    TALK(&staff, {REQUEST("2", "message.cancel", "{\"filter\":{\"modem\":\"viettel-1\"}}"),
                  "{\"id\":2,\"result\":{\"cancelled\":0}}"});
    record(0, STAFF, "message.cancel", "ok", "viettel-1");
    TALK(&staff, {REQUEST("3", "message.cancel", "{\"filter\":{\"state\":\"queued\"}}"),
                  "{\"id\":3,\"result\":{\"cancelled\":2}}"});
    record(0, STAFF, "message.cancel", "ok", "");
    TALK(&staff, {REQUEST("4", "message.cancel", "{\"filter\":{}}"), "{\"error\":\"*\"}"});
    record(0, STAFF, "message.cancel", "invalid_params", "");
    TALK(&staff, {REQUEST("5", "message.send",
                          "{\"key\":\"c\",\"to\":\"+84912345678\",\"text\":\"t\","
                          "\"modem\":\"viettel-1\"}"),
                  "{\"result\":\"*\"}"});
    record(0, STAFF, "message.send", "ok", "viettel-1");
    assert_int_equal(records(), 4);
    assert_int_equal(line_count, 4);
    client_close(&portal);
    client_close(&staff);
}

/* Some are cancelled by then, and nobody hears how many. */
static void who_hangs_up_is_on_record(void **state)
{
    struct client staff;
    char key[16];
    (void)state;
    roles[1].may |= MAY_SEND;
    assert_true(client_open(&staff, &world, STAFF));
    for (int i = 0; i < 40; i++) { /* more than one step */
        snprintf(key, sizeof key, "k%d", i);
        send(&staff, key);
    }
    client_say(&staff, REQUEST("1", "message.cancel", "{\"filter\":{\"state\":\"queued\"}}"));
    world_settle(&world);
    client_close(&staff);
    world_pass(&world, 500);
    record(0, STAFF, "message.cancel", "ok", "");
    assert_int_equal(records(), 1);
}

/* One's own are one's own, also for an operator. */
static void a_list_with_anothers_messages(void **state)
{
    struct client portal, staff;
    (void)state;
    roles[1].may |= MAY_SEND;
    assert_true(client_open(&portal, &world, PORTAL));
    assert_true(client_open(&staff, &world, STAFF));
    send(&staff, "b");
    TALK(&staff, {REQUEST("1", "message.list", "{}"), "{\"result\":\"*\"}"});
    assert_int_equal(records(), 0);
    send(&portal, "a");
    TALK(&portal, {REQUEST("1", "message.list", "{}"), "{\"result\":\"*\"}"});
    assert_int_equal(records(), 0);
    TALK(&staff, {REQUEST("2", "message.list", "{}"), "{\"result\":\"*\"}"});
    record(0, STAFF, "message.list", "ok", "");
    client_close(&portal);
    client_close(&staff);
}

static void who_follows_the_others(void **state)
{
    struct client portal, staff;
    (void)state;
    assert_true(client_open(&portal, &world, PORTAL));
    assert_true(client_open(&staff, &world, STAFF));
    TALK(&portal, {REQUEST("1", "events.follow", "{}"), "{\"result\":\"*\"}"});
    TALK(&staff, {REQUEST("1", "events.follow", "{\"topics\":[\"modem\",\"alarm\"]}"),
                  "{\"result\":\"*\"}"});
    assert_int_equal(records(), 0);
    static const char *const topics[] = {"message", "inbox", "otp"};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        char line[120];
        snprintf(line, sizeof line, REQUEST("2", "events.follow", "{\"topics\":[\"%s\"]}"),
                 topics[i]);
        TALK(&staff, {line, "{\"result\":\"*\"}"});
        record(0, STAFF, "events.follow", "ok", "");
        assert_int_equal(records(), i + 1);
    }
    client_close(&portal);
    client_close(&staff);
}

static void verification(uint32_t uid, char id[37])
{
    struct otp_row otp = {.uid = uid,
                          .purpose = "register",
                          .locale = "vi",
                          .to = "+84912345678",
                          .last3 = "678",
                          .length = 6,
                          .checked_ms = INT64_MIN,
                          .created_wall_ms = loop_wall_ms(world.loop),
                          .expires_wall_ms = loop_wall_ms(world.loop) + 300000,
                          .expires_ms = store_clock_ms(world.store) + 300000};
    store_random(otp.id, sizeof otp.id);
    store_random(otp.seed, sizeof otp.seed);
    store_random(otp.tuple, sizeof otp.tuple);
    assert_int_equal(store_begin(world.store), 0);
    assert_int_equal(store_otp_insert(world.store, &otp), 0);
    assert_int_equal(store_end(world.store, true), 0);
    message_id_text(otp.id, id);
}

static void anothers_codes(void **state)
{
    static const struct {
        const char *method;
        bool by_id;
    } asked[] = {{"otp.get", true}, {"otp.find", false}, {"otp.cancel", true}};
    struct client staff;
    char own[37], others[37];
    (void)state;
    roles[1].may |= MAY_VERIFY;
    assert_true(client_open(&staff, &world, STAFF));
    verification(STAFF, own);
    for (int of_others = 0; of_others < 2; of_others++) {
        if (of_others)
            verification(PORTAL, others);
        for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
            char line[200];
            snprintf(line, sizeof line,
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
                     "\"params\":{\"%s\":\"%s\"}}",
                     asked[i].method, asked[i].by_id ? "id" : "last3",
                     !asked[i].by_id ? "678"
                     : of_others     ? others
                                     : own);
            TALK(&staff, {line, "{\"result\":\"*\"}"});
            assert_int_equal(records(), of_others ? i + 1 : 0);
            if (of_others)
                record(0, STAFF, asked[i].method, "ok", "");
        }
    }
    client_close(&staff);
}

/* What a verb knows goes to the disk whole, and into the journal without what people wrote. */
static void fields_of_a_verb(void **state)
{
    struct client staff;
    struct audit_row row;
    (void)state;
    assert_true(client_open(&staff, &world, STAFF));
    struct call *call = call_new(staff.session, json_integer(1), json_object());
    assert_non_null(call);
    call->method = wire_method_find("gateway.info");
    audit_note(call, &(struct audit_fields){.modem = "vina-1", .reason = "case 727272"});
    audit_note(call, &(struct audit_fields){.conclusion = "match", .actor = "lan.nguyen"});
    call_reply(call, json_object());
    world_settle(&world);
    assert_int_equal(store_audit_list(world.store, 0, &row, 1), 1);
    assert_string_equal(row.modem, "vina-1");
    assert_string_equal(row.conclusion, "match");
    assert_string_equal(row.reason, "case 727272");
    assert_string_equal(row.actor, "lan.nguyen");
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(lines[0], "modem=vina-1 conclusion=match"));
    assert_null(strstr(lines[0], "727272"));
    assert_null(strstr(lines[0], "lan"));
    client_close(&staff);
}

/* A question about a person: what it came to, why it was asked, and for whom. */
static void a_subscriber_call_says_why(void **state)
{
    struct client staff;
    struct audit_row row;
    (void)state;
    roles[1].may = MAY_SUBSCRIBER;
    assert_true(client_open(&staff, &world, STAFF));
    TALK(&staff, {REQUEST("1", "subscriber.parse",
                          "{\"text\":\"Ho ten: NGUYEN VAN AN\",\"reason\":\"case 118\","
                          "\"actor\":\"desk 4\",\"expect\":{\"full_name\":\"Le Thi Binh\"}}"),
                  "{\"result\":{\"conclusion\":\"name_differs\"}}"});
    assert_int_equal(store_audit_list(world.store, 0, &row, 1), 1);
    assert_string_equal(row.method, "subscriber.parse");
    assert_string_equal(row.conclusion, "name_differs");
    assert_string_equal(row.reason, "case 118");
    assert_string_equal(row.actor, "desk 4");
    client_close(&staff);
}

static void refusals_do_not_fill_the_disk(void **state)
{
    struct client portal;
    (void)state;
    assert_true(client_open(&portal, &world, PORTAL));
    for (int i = 0; i < 90; i++)
        TALK(&portal, {REQUEST("1", "modem.list", "{}"), "{\"error\":\"*\"}"});
    assert_int_equal(records(), 60);
    assert_int_equal(line_count, 60);
    world_pass(&world, 2000);
    TALK(&portal, {REQUEST("1", "modem.list", "{}"), "{\"error\":\"*\"}"});
    assert_int_equal(records(), 61);
    client_close(&portal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_on_record),
        TEST(who_asks_about_a_person),
        TEST(a_look_at_anothers_message),
        TEST(what_only_an_operator_may_ask),
        TEST(who_hangs_up_is_on_record),
        TEST(a_list_with_anothers_messages),
        TEST(who_follows_the_others),
        TEST(anothers_codes),
        TEST(fields_of_a_verb),
        TEST(a_subscriber_call_says_why),
        TEST(refusals_do_not_fill_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
