/* roles: who may do what, by user and by group; the union of several roles and the strictest of
 * their limits; what a reload changes; whose numbers are whole; how many may be sent. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hall_world.h"
#include "log.h"

#define REQUEST(id, method, params)                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"
#define SEND(id, key)                                                                              \
    REQUEST(id, "message.send",                                                                    \
            "{\"key\":\"" key "\",\"to\":\"+84912345678\",\"text\":\"Ma OTP: 908172\"}")
#define INFO(id) REQUEST(id, "gateway.info", "{}")
#define NEEDS(id, what, role)                                                                      \
    "{\"id\":" id ",\"error\":{\"code\":-32002,\"message\":\"" what " needs the role " role        \
    "\",\"data\":{\"name\":\"not_allowed\",\"role\":\"" role "\"}}}"
#define FINE(id) "{\"id\":" id ",\"result\":\"*\"}"

enum { PORTAL = 33, STAFF = 100 };

static struct world world;
static struct config_role roles[4];

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static int setup(void **state)
{
    (void)state;
    log_sink_set(on_log, NULL);
    world_open(&world, NULL);
    memset(roles, 0, sizeof roles);
    world.config.roles = roles;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_settle(&world);
    world_close(&world);
    return 0;
}

static struct config_role *user_role(size_t i, unsigned uid, unsigned may)
{
    roles[i] = (struct config_role){.users = {{uid}, 1}, .may = may};
    if (world.config.role_count <= i)
        world.config.role_count = i + 1;
    return &roles[i];
}

static struct config_role *group_role(size_t i, unsigned gid, unsigned may)
{
    struct config_role *role = user_role(i, 0, may);
    role->users.count = 0;
    role->groups = (struct config_ids){{gid}, 1};
    return role;
}

static unsigned may_of(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
    struct peer peer = {.uid = uid, .gid = gid, .groups = groups, .group_count = count};
    roles_resolve(world.front, &peer);
    return peer.may;
}

static void by_user_and_by_any_group(void **state)
{
    static const gid_t groups[] = {7, STAFF, 9};
    (void)state;
    user_role(0, PORTAL, MAY_SEND);
    group_role(1, STAFF, MAY_MONITOR | MAY_OPERATE);
    assert_int_equal(may_of(PORTAL, PORTAL, NULL, 0), MAY_SEND);
    assert_int_equal(may_of(34, STAFF, NULL, 0), MAY_MONITOR | MAY_OPERATE);
    assert_int_equal(may_of(34, 34, groups, 3), MAY_MONITOR | MAY_OPERATE);
    assert_int_equal(may_of(34, 34, groups, 1), 0);
    assert_int_equal(may_of(PORTAL, 34, groups, 2), MAY_SEND | MAY_MONITOR | MAY_OPERATE);
    assert_int_equal(may_of(STAFF, PORTAL, NULL, 0), 0); /* a uid is no gid */
    assert_int_equal(may_of(0, 0, NULL, 0), MAY_ALL);
    assert_int_equal(may_of(OTHER, 34, NULL, 0), MAY_ALL); /* the daemon's own */
}

static void the_strictest_limit_counts(void **state)
{
    (void)state;
    struct peer peer = {.uid = PORTAL};
    roles_resolve(world.front, &peer);
    assert_int_equal(peer_max_connections(world.front, &peer), 4); /* of the gateway */
    struct config_role *first = user_role(0, PORTAL, MAY_SEND);
    struct config_role *second = user_role(1, PORTAL, MAY_VERIFY);
    first->max_connections = 3;
    first->max_in_flight = 100;
    second->max_connections = 2;
    second->sends_per_minute = 50;
    first->sends_per_minute = 20;
    user_role(2, 34, MAY_SEND)->max_connections = 1;
    roles_resolve(world.front, &peer);
    assert_int_equal(peer_max_connections(world.front, &peer), 2);
    assert_int_equal(peer_max_in_flight(world.front, &peer), 4); /* no more than the gateway's */
    assert_int_equal(peer.sends_per_minute, 20);
    first->sends_per_minute = 0; /* none, and no limit of another role's */
    roles_resolve(world.front, &peer);
    assert_int_equal(peer.sends_per_minute, 50);
    first->max_connections = 1;
    roles_resolve(world.front, &peer);
    assert_int_equal(peer_max_connections(world.front, &peer), 1);
    first->max_connections = 3;
    struct client client[3];
    assert_true(client_open(&client[0], &world, PORTAL));
    assert_true(client_open(&client[1], &world, PORTAL));
    assert_false(client_open(&client[2], &world, PORTAL));
    TALK(&client[0],
         {INFO("1"), "{\"result\":{\"roles\":[\"send\",\"verify\"],\"limits\":{\"connections\":2,"
                     "\"in_flight\":4}}}"});
    client_close(&client[0]);
    client_close(&client[1]);
}

static void the_error_names_the_role(void **state)
{
    struct client client;
    (void)state;
    user_role(0, PORTAL, MAY_SEND);
    assert_true(client_open(&client, &world, PORTAL));
    TALK(&client, {SEND("1", "a"), FINE("1")},
         {REQUEST("2", "message.get", "{\"key\":\"a\"}"), FINE("2")},
         {REQUEST("3", "message.list", "{}"), FINE("3")},
         {REQUEST("4", "message.cancel", "{\"key\":\"a\"}"), FINE("4")},
         {REQUEST("5", "modem.list", "{}"), NEEDS("5", "modem.list", "monitor")},
         {REQUEST("6", "modem.pause", "{\"name\":\"m\"}"), NEEDS("6", "modem.pause", "operate")},
         {REQUEST("7", "events.follow", "{\"topics\":[\"message\",\"alarm\"]}"),
          NEEDS("7", "the topic alarm", "monitor")},
         {REQUEST("8", "message.send",
                  "{\"key\":\"b\",\"to\":\"+84912345678\",\"text\":\"t\",\"modem\":\"m\"}"),
          NEEDS("8", "modem", "operate")},
         {REQUEST("9", "events.follow", "{}"), "{\"result\":{\"topics\":[\"message\"]}}"},
         {REQUEST("9", "events.follow", "{\"topics\":[\"otp\"]}"),
          NEEDS("9", "the topic otp", "verify")},
         {INFO("10"), "{\"result\":{\"roles\":[\"send\"]}}"});
    client_close(&client);
}

/* Who sends sees its own; who operates sees all, and need not be able to send. */
static void own_messages_and_everybodys(void **state)
{
    struct client portal, other, staff;
    (void)state;
    user_role(0, PORTAL, MAY_SEND);
    user_role(1, 34, MAY_SEND);
    struct config_role *operate = user_role(2, STAFF, MAY_OPERATE);
    assert_true(client_open(&portal, &world, PORTAL));
    assert_true(client_open(&other, &world, 34));
    assert_true(client_open(&staff, &world, STAFF));
    client_say(&portal, SEND("1", "a"));
    world_settle(&world);
    json_t *sent = client_json(&portal);
    const char *id = json_string_value(json_object_get(json_object_get(sent, "result"), "id"));
    char get[200], cancel[200];
    snprintf(get, sizeof get, REQUEST("2", "message.get", "{\"id\":\"%s\"}"), id);
    snprintf(cancel, sizeof cancel, REQUEST("3", "message.cancel", "{\"id\":\"%s\"}"), id);
    TALK(&other, {get, "{\"id\":2,\"error\":{\"data\":{\"name\":\"not_found\"}}}"},
         {cancel, "{\"id\":3,\"error\":{\"data\":{\"name\":\"not_found\"}}}"},
         {REQUEST("4", "message.list", "{}"), "{\"result\":{\"messages\":[]}}"});
    TALK(
        &staff, {get, "{\"result\":{\"to\":\"091**678\"}}"},
        {REQUEST("4", "message.list", "{}"), "{\"result\":{\"messages\":[{\"to\":\"091**678\"}]}}"},
        {SEND("5", "a"), NEEDS("5", "message.send", "send")},
        {REQUEST("6", "events.follow", "{}"), "{\"result\":{\"topics\":[\"message\"]}}"},
        {REQUEST("7", "events.follow", "{\"topics\":[\"otp\"]}"),
         "{\"result\":{\"topics\":[\"otp\"]}}"});
    operate->show_numbers = true;
    front_reload(world.front, &world.config);
    TALK(&staff, {get, "{\"result\":{\"to\":\"+84912345678\"}}"},
         {REQUEST("4", "message.list", "{}"),
          "{\"result\":{\"messages\":[{\"to\":\"+84912345678\"}]}}"},
         {cancel, "{\"id\":3,\"result\":{\"state\":\"cancelled\",\"to\":\"+84912345678\"}}"});
    json_decref(sent);
    client_close(&portal);
    client_close(&other);
    client_close(&staff);
}

static void who_wrote_is_masked_too(void **state)
{
    static const struct {
        const char *from, *masked;
    } rows[] = {{"+84912345678", "091**678"}, {"1414", "1414"}, {"Viettel", "Viettel"}};
    struct client staff, root;
    char pattern[200];
    (void)state;
    struct config_role *operate = user_role(0, STAFF, MAY_OPERATE);
    assert_true(client_open(&staff, &world, STAFF));
    assert_true(client_open(&root, &world, 0));
    for (size_t i = 0; i < 3; i++) {
        struct inbox inbox = {.class_ = -1};
        snprintf(inbox.from, sizeof inbox.from, "%s", rows[i].from);
        world_receive(&world, &inbox, "t");
        snprintf(pattern, sizeof pattern, "{\"result\":{\"messages\":[{\"from\":\"%s\"}]}}",
                 rows[i].masked);
        TALK(&staff, {REQUEST("1", "inbox.list", "{\"limit\":1}"), pattern});
        snprintf(pattern, sizeof pattern, "{\"result\":{\"messages\":[{\"from\":\"%s\"}]}}",
                 rows[i].from);
        TALK(&root, {REQUEST("1", "inbox.list", "{\"limit\":1}"), pattern});
    }
    operate->show_numbers = true;
    front_reload(world.front, &world.config);
    TALK(&staff, {REQUEST("1", "inbox.list", "{}"),
                  "{\"result\":{\"messages\":[\"*\",\"*\",{\"from\":\"+84912345678\"}]}}"});
    operate->show_numbers = false; /* and it is taken away again */
    front_reload(world.front, &world.config);
    TALK(&staff, {REQUEST("1", "inbox.list", "{}"),
                  "{\"result\":{\"messages\":[\"*\",\"*\",{\"from\":\"091**678\"}]}}"});
    client_close(&staff);
    client_close(&root);
}

static void a_reload_gives_and_takes(void **state)
{
    struct client follows, asks;
    (void)state;
    assert_true(client_open(&asks, &world, PORTAL));
    TALK(&asks, {SEND("1", "a"), NEEDS("1", "message.send", "send")});
    user_role(0, PORTAL, MAY_SEND | MAY_MONITOR);
    front_reload(world.front, &world.config);
    TALK(&asks, {SEND("2", "a"), FINE("2")});
    assert_true(client_open(&follows, &world, PORTAL));
    TALK(&follows, {REQUEST("3", "events.follow", "{}"),
                    "{\"result\":{\"topics\":[\"message\",\"modem\",\"alarm\"]}}"});
    user_role(0, PORTAL, MAY_SEND | MAY_MONITOR | MAY_OPERATE);
    front_reload(world.front, &world.config);
    world_settle(&world);
    assert_false(follows.gone);
    user_role(0, PORTAL, MAY_SEND | MAY_OPERATE);
    front_reload(world.front, &world.config);
    TALK(&follows, {NULL, "END"});
    TALK(&asks, {REQUEST("4", "modem.list", "{}"), NEEDS("4", "modem.list", "monitor")});
    client_close(&asks);
    client_close(&follows);
}

#define LIMITED(id, seconds)                                                                       \
    "{\"id\":" id ",\"error\":{\"data\":{\"name\":\"rate_limited\",\"retry_after_s\":" seconds "}" \
    "}"                                                                                            \
    "}"

static void so_many_in_a_minute(void **state)
{
    struct client client, second, free_one;
    (void)state;
    user_role(0, PORTAL, MAY_SEND)->sends_per_minute = 3;
    user_role(1, 34, MAY_SEND);
    assert_true(client_open(&client, &world, PORTAL));
    assert_true(client_open(&second, &world, PORTAL));
    assert_true(client_open(&free_one, &world, 34));
    TALK(&client, {SEND("1", "a"), FINE("1")}, {SEND("2", "b"), FINE("2")},
         {SEND("3", "a"), "{\"id\":3,\"result\":{\"duplicate\":true}}"}, /* costs nothing */
         {SEND("4", "c"), FINE("4")}, {SEND("5", "d"), LIMITED("5", "20")},
         {SEND("6", "c"), "{\"id\":6,\"result\":{\"duplicate\":true}}"}); /* and is answered */
    TALK(&second, {SEND("7", "e"), LIMITED("7", "20")}); /* one count, all connections */
    TALK(&free_one, {SEND("8", "e"), FINE("8")});
    world_pass(&world, 19900);
    TALK(&client, {SEND("9", "d"), LIMITED("9", "1")});
    world_pass(&world, 100);
    TALK(&client, {SEND("10", "d"), FINE("10")}, {SEND("11", "f"), LIMITED("11", "20")});
    world_pass(&world, 60000);
    TALK(&client, {SEND("12", "f"), FINE("12")}, {SEND("13", "g"), FINE("13")},
         {SEND("14", "h"), FINE("14")}, {SEND("15", "i"), LIMITED("15", "20")});
    client_close(&client);
    client_close(&second);
    client_close(&free_one);
}

/* A uid that came and went takes no memory. */
static void rates_are_forgotten(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct peer peer = {.uid = 1000 + i, .sends_per_minute = 60};
        rates_take(world.front, &peer);
        assert_int_equal(rates_wait_s(world.front, &peer), 0);
    }
    assert_int_equal(world.front->rates.count, 50);
    world_pass(&world, 2000);
    struct peer peer = {.uid = 1, .sends_per_minute = 60};
    rates_take(world.front, &peer);
    assert_int_equal(world.front->rates.count, 1);
    for (unsigned i = 0; i < 10000; i++) { /* all at once: it stays bounded */
        peer.uid = 1000 + i;
        rates_take(world.front, &peer);
    }
    assert_in_range(world.front->rates.count, 1, 4096);
}

/* A session asks them again at a reload, when whoever told of them is long gone. */
static void a_session_has_its_groups(void **state)
{
    gid_t groups[] = {7, STAFF};
    (void)state;
    const struct peer peer = {.uid = 34, .gid = 34, .groups = groups, .group_count = 2};
    struct session *session = session_new(world.front, &peer);
    assert_non_null(session);
    groups[0] = groups[1] = 8;
    group_role(0, STAFF, MAY_MONITOR);
    front_reload(world.front, &world.config);
    assert_int_equal(session->peer.may, MAY_MONITOR);
    session_end(session, "the test ends");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(by_user_and_by_any_group), TEST(the_strictest_limit_counts),
        TEST(the_error_names_the_role), TEST(own_messages_and_everybodys),
        TEST(who_wrote_is_masked_too),  TEST(a_reload_gives_and_takes),
        TEST(so_many_in_a_minute),      TEST(rates_are_forgotten),
        TEST(a_session_has_its_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
