/* message.cancel by a filter: in steps, beside others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hall_desk.h"

#define CANCEL(id, filter) REQUEST(id, "message.cancel", "{\"filter\":" filter "}")

static void cancelling_by_filter(void **state)
{
    (void)state;
    struct client other;
    char line[300];
    assert_true(client_open(&other, &world, OTHER));
    for (int i = 0; i < 100; i++) { /* several steps */
        snprintf(
            line, sizeof line,
            REQUEST("%d", "message.send",
                    "{\"key\":\"f%d\",\"to\":\"+84912345678\",\"text\":\"t\",\"class\":\"%s\"}"),
            i, i, i % 2 ? "bulk" : "notice");
        client_say(i < 90 ? &client : &other, line);
        world_settle(&world);
        while (client_line(i < 90 ? &client : &other))
            ;
    }
    world_message_goto(&world, "f1", MESSAGE_CLAIMED);
    world_message_goto(&world, "f1", MESSAGE_SENDING);
    TALK(&client, {CANCEL("1", "{}"), ERROR("1", "invalid_params")},
         {CANCEL("2", "{\"colour\":1}"), ERROR("2", "invalid_params")},
         {CANCEL("3", "{\"older_than_s\":1}"), NULL});
    world_pass(&world, 500);
    TALK(&client, {NULL, "{\"id\":3,\"result\":{\"cancelled\":0}}"},
         {CANCEL("4", "{\"class\":\"bulk\",\"older_than_s\":0}"), NULL});
    world_pass(&world, 500);
    TALK(&client, {NULL, "{\"id\":4,\"result\":{\"cancelled\":49}}"}, /* f1 has left */
         {CANCEL("5", "{\"modem\":\"viettel-1\"}"), NULL});
    world_pass(&world, 500);
    TALK(&client, {NULL, "{\"id\":5,\"result\":{\"cancelled\":0}}"},
         {CANCEL("6", "{\"state\":\"queued\"}"), NULL});
    client_say(&other, CANCEL("7", "{\"state\":\"queued\"}"));
    client_close(&other); /* hangs up in the middle */
    world_pass(&world, 500);
    TALK(&client, {NULL, "{\"id\":6,\"result\":{\"cancelled\":\"*\"}}"},
         {CANCEL("8", "{\"state\":\"queued\"}"), "{\"id\":8,\"result\":{\"cancelled\":0}}"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cancelling_by_filter, desk_setup, desk_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
