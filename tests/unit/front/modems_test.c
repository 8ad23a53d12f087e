/* verbs_modem: the modems as they are shown, those that are left alone too, and what operators do
 * to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "hall_desk.h"

static void modems_are_shown(void **state)
{
    (void)state;
    static const struct link_identity identity = {.maker = "SIMCOM",
                                                  .model = "SIM7600G",
                                                  .imei = "861234567890112",
                                                  .iccid = "8984012345678900931"};
    static const struct link_radio radio = {
        .registration = 1, .technology = 7, .signal_dbm = -71, .operator_ = "Vie\xfftel"};
    TALK(&client, {REQUEST("1", "modem.list", "{}"), "{\"result\":{\"modems\":[],\"left\":[]}}"});
    world.gateway.modem = (struct modem_view){.name = "viettel-1",
                                              .port = "/dev/ttyUSB0",
                                              .driver = "at",
                                              .why = "registered",
                                              .state = LINK_READY,
                                              .since_wall_ms = 1763780000000,
                                              .identity = &identity,
                                              .radio = &radio,
                                              .last_error = ""};
    TALK(&client,
         {REQUEST("2", "modem.list", "{}"),
          "{\"result\":{\"modems\":[{\"name\":\"viettel-1\",\"state\":\"ready\","
          "\"imei\":\"86**112\",\"iccid\":\"89**931\",\"operator\":\"Vie?tel\","
          "\"technology\":\"lte\",\"registration\":\"home\",\"signal_dbm\":-71}]}}"},
         {REQUEST("3", "modem.get", "{\"name\":\"viettel-1\"}"),
          "{\"result\":{\"since\":\"2025-11-22T02:53:20.000Z\"}}"},
         {REQUEST("4", "modem.get", "{\"name\":\"viettel-2\"}"), ERROR("4", "not_found")});
}

static void what_is_left_alone_is_shown(void **state)
{
    (void)state;
    static const struct link_identity nobody,
        somebody = {.maker = "huawei", .model = "E173", .imei = "861234567890112"};
    world.gateway.left = (struct plug_left){.port = "/dev/ttyUSB7",
                                            .usb_path = "1-1.4",
                                            .model = "Huawei E1550, E160",
                                            .why = "no section names it",
                                            .identity = &nobody};
    TALK(&client,
         {REQUEST("1", "modem.list", "{}"),
          "{\"result\":{\"modems\":[],\"left\":[{\"state\":\"left\",\"port\":\"/dev/ttyUSB7\","
          "\"usb_path\":\"1-1.4\",\"model\":\"Huawei E1550, E160\","
          "\"why\":\"no section names it\"}]}}"});
    world.gateway.left.identity = &somebody;
    world.gateway.left.asking = true;
    TALK(&client,
         {REQUEST("2", "modem.list", "{}"),
          "{\"result\":{\"left\":[{\"state\":\"asking\",\"maker\":\"huawei\",\"model\":\"E173\","
          "\"imei\":\"86**112\"}]}}"});
}

static void the_card_is_shown(void **state)
{
    (void)state;
    world.gateway.modem = (struct modem_view){.name = "viettel-1",
                                              .port = "p",
                                              .driver = "at",
                                              .state = LINK_SIM,
                                              .card = LINK_CARD_PIN,
                                              .pin_left = 3};
    TALK(&client, {REQUEST("1", "modem.get", "{\"name\":\"viettel-1\"}"),
                   "{\"result\":{\"card\":\"pin\",\"pin_left\":3}}"});
    world.gateway.modem.card = LINK_CARD_PUK;
    TALK(&client, {REQUEST("2", "modem.get", "{\"name\":\"viettel-1\"}"),
                   "{\"result\":{\"card\":\"puk\"}}"});
}

static void operators_stop_and_go(void **state)
{
    (void)state;
    world.gateway.modem = (struct modem_view){.name = "viettel-1",
                                              .port = "p",
                                              .driver = "at",
                                              .why = "",
                                              .state = LINK_READY,
                                              .held = "",
                                              .last_error = ""};
    TALK(&client,
         {REQUEST("1", "modem.pause", "{\"name\":\"viettel-1\"}"),
          "{\"result\":{\"paused\":true,\"held\":\"paused by an operator\"}}"},
         {REQUEST("2", "modem.resume", "{\"name\":\"viettel-1\"}"),
          "{\"result\":{\"paused\":false}}"},
         {REQUEST("3", "modem.pause", "{\"name\":\"none\"}"), ERROR("3", "not_found")},
         {REQUEST("4", "gateway.pause", "{}"), "{\"result\":{\"paused\":true}}"},
         {REQUEST("5", "gateway.resume", "{}"), "{\"result\":{\"paused\":false}}"},
         {REQUEST("6", "modem.reset", "{\"name\":\"viettel-1\"}"),
          "{\"result\":{\"name\":\"viettel-1\"}}"});
    assert_int_equal(world.gateway.resets, 1);
    world.gateway.modem.held = "it holds another SIM than before";
    TALK(&client, {REQUEST("8", "modem.accept", "{\"name\":\"none\"}"), ERROR("8", "not_found")},
         {REQUEST("9", "modem.accept", "{\"name\":\"viettel-1\"}"),
          "{\"result\":{\"name\":\"viettel-1\"}}"});
    assert_string_equal(world.gateway.modem.held, "");
    world.gateway.refuse = (struct refusal){.name = "no_modem", .sentence = "not there"};
    TALK(&client,
         {REQUEST("7", "modem.reset", "{\"name\":\"viettel-1\"}"), ERROR("7", "no_modem")});
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(modems_are_shown),
        TEST(what_is_left_alone_is_shown),
        TEST(the_card_is_shown),
        TEST(operators_stop_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
