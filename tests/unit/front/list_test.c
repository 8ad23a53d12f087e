/* message.list with a filter that fits few of many: in steps, beside others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hall_desk.h"

#define LIST(id, params) REQUEST(id, "message.list", params)

static void put(const char *key, const char *class_)
{
    char line[300];
    snprintf(line, sizeof line,
             REQUEST("1", "message.send",
                     "{\"key\":\"%s\",\"to\":\"+84912345678\",\"text\":\"t\",\"class\":\"%s\"}"),
             key, class_);
    client_say(&client, line);
    world_settle(&world);
    while (client_line(&client))
        ;
}

static void one_among_many(void **state)
{
    (void)state;
    struct client other;
    put("first", "bulk");
    for (int i = 0; i < STORE_LIST_LOOK; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        put(key, "otp");
    }
    put("last", "bulk");
    /* in the first look; only what is below it tells that there is no more */
    TALK(&client, {LIST("2", "{\"class\":\"bulk\",\"limit\":1}"), NULL});
    world_pass(&world, 10);
    TALK(&client,
         {NULL, "{\"id\":2,\"result\":{\"messages\":[{\"key\":\"last\"}],\"next_cursor\":"
                "\"*\"}}"},
         {LIST("3", "{\"limit\":1}"), "{\"id\":3,\"result\":{\"next_cursor\":\"*\"}}"});
    assert_true(client_open(&other, &world, OTHER));
    client_say(&other, LIST("4", "{\"class\":\"bulk\"}"));
    client_say(&client, LIST("5", "{\"class\":\"notice\"}"));
    world_settle(&world);
    client_close(&other); /* hangs up in the middle */
    world_pass(&world, 10);
    TALK(&client, {NULL, "{\"id\":5,\"result\":{\"messages\":[]}}"});
}

/* As many as may be in flight wait; one more is told so, and none is answered twice. */
static void so_many_wait(void **state)
{
    (void)state;
    for (int i = 0; i <= STORE_LIST_LOOK; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        put(key, "otp");
    }
    TALK(&client, {LIST("1", "{\"class\":\"bulk\"}"), NULL},
         {LIST("2", "{\"class\":\"bulk\"}"), NULL}, {LIST("3", "{\"class\":\"bulk\"}"), NULL},
         {LIST("4", "{\"class\":\"bulk\"}"), NULL},
         {LIST("5", "{\"class\":\"bulk\"}"), ERROR("5", "rate_limited")});
    world_pass(&world, 50);
    for (int id = 1; id <= 4; id++) {
        json_t *line = client_json(&client);
        assert_true(json_is_like(line, "{\"result\":{\"messages\":[]}}"));
        json_decref(line);
    }
    assert_int_equal(client_lines(&client), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_among_many, desk_setup, desk_teardown),
        cmocka_unit_test_setup_teardown(so_many_wait, desk_setup, desk_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
