/* subscriber.check_fleet and what modem.list shows of it: a gateway of the tests' own, whose 1414
 * cannot be asked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "hall_desk.h"
#include "store_audit.h"

static const struct link_identity identity = {.iccid = "8984048000012345678",
                                              .imsi = "452040000000001"};

static int setup(void **state)
{
    (void)state;
    world_open(&world, NULL);
    world.gateway.modem = (struct modem_view){.name = "viettel-1",
                                              .identity = &identity,
                                              .state = LINK_READY,
                                              .held = "",
                                              .port = "",
                                              .driver = "at",
                                              .why = "",
                                              .carrier = "",
                                              .last_error = ""};
    return client_open(&client, &world, OTHER) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    client_close(&client);
    world_close(&world);
    return 0;
}

static void a_check_is_answered_and_shown(void **state)
{
    struct audit_row rows[3];
    (void)state;
    TALK(&client,
         {REQUEST("1", "subscriber.check_fleet", "{\"reason\":\"case 7\"}"),
          "{\"id\":1,\"result\":{\"sims\":[{\"modem\":\"viettel-1\",\"owner\":\"not_sent\","
          "\"balance\":\"not_configured\",\"alarms\":[]}]}}"},
         {REQUEST("2", "modem.list", "{}"),
          "{\"id\":2,\"result\":{\"modems\":[{\"own_check\":{\"owner\":\"never\",\"balance\":\"not_"
          "configured\"}}]}}"});
    assert_int_equal(store_audit_list(world.store, 0, rows, 3), 1); /* 1414 was not asked */
    assert_string_equal(rows[0].conclusion, "incomplete");
    assert_string_equal(rows[0].reason, "case 7");
    assert_int_equal(rows[0].uid, OTHER);
}

static void who_cannot_be_asked_is_skipped(void **state)
{
    (void)state;
    world.gateway.modem.held = "paused by an operator";
    TALK(&client,
         {REQUEST("1", "subscriber.check_fleet", "{\"reason\":\"case 7\",\"modem\":\"viettel-1\"}"),
          "{\"id\":1,\"result\":{\"sims\":[{\"skipped\":\"paused by an operator\",\"owner\":"
          "\"never\"}]}}"});
}

static void refusals(void **state)
{
    struct client stranger;
    (void)state;
    TALK(&client,
         {REQUEST("1", "subscriber.check_fleet", "{\"reason\":\"r\",\"modem\":\"none\"}"),
          ERROR("1", "not_found")},
         {REQUEST("2", "subscriber.check_fleet", "{}"), ERROR("2", "invalid_params")},
         {REQUEST("3", "subscriber.check_fleet", "{\"reason\":\"r\",\"accept_owner\":true}"),
          ERROR("3", "invalid_params")});
    assert_true(client_open(&stranger, &world, STRANGER));
    TALK(&stranger,
         {REQUEST("4", "subscriber.check_fleet", "{\"reason\":\"r\"}"), ERROR("4", "not_allowed")});
    client_close(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_check_is_answered_and_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(who_cannot_be_asked_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
