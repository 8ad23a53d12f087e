/* ussd.*: calls that wait for the network of a modem, and what they answer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "hall_desk.h"
#include "log.h"

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    assert_null(strstr(line, "*101#"));
    assert_null(strstr(line, "Xong"));
}

static void told(enum lease_end end, const char *text)
{
    const struct lease_result result = {.end = end, .text = text};
    lease_fn *fn = world.gateway.ussd;
    assert_non_null(fn);
    world.gateway.ussd = NULL;
    fn(world.gateway.ussd_arg, &result);
    world_settle(&world);
}

static void hears(const char *pattern)
{
    json_t *heard = client_json(&client);
    assert_non_null(heard);
    assert_true(json_is_like(heard, pattern));
    json_decref(heard);
}

static void ussd_answers_when_the_network_has(void **state)
{
    (void)state;
    static const struct {
        enum lease_end end;
        const char *hear;
    } rows[] = {
        {LEASE_DONE, "{\"result\":{\"text\":\"Xong\",\"more\":false}}"},
        {LEASE_MORE, "{\"result\":{\"text\":\"Xong\",\"more\":true}}"},
        {LEASE_REFUSED, ERROR("1", "ussd_refused")},
        {LEASE_SILENT, ERROR("1", "no_answer")},
        {LEASE_CANCELLED, ERROR("1", "no_answer")},
        {LEASE_BUSY, ERROR("1", "no_modem")},
        {LEASE_GONE, ERROR("1", "no_answer")},
    };
    world_open(&world, NULL);
    assert_true(client_open(&client, &world, OTHER));
    world.gateway.modem = (struct modem_view){.name = "viettel-1"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        TALK(&client,
             {REQUEST("1", "ussd.run", "{\"modem\":\"viettel-1\",\"code\":\"*101#\"}"), NULL},
             {REQUEST("2", "gateway.info", "{}"),
              "{\"result\":{\"name\":\"*\"}}"}); /* it holds up nobody */
        told(rows[i].end, "Xong");
        hears(rows[i].hear);
    }
    TALK(&client, {REQUEST("3", "ussd.answer", "{\"modem\":\"viettel-1\",\"text\":\"2\"}"), NULL});
    told(LEASE_DONE, "");
    hears("{\"result\":{\"text\":\"\",\"more\":false}}");
    TALK(&client,
         {REQUEST("4", "ussd.cancel", "{\"modem\":\"viettel-1\"}"),
          "{\"result\":{\"cancelled\":true}}"},
         {REQUEST("5", "ussd.run", "{\"modem\":\"none\",\"code\":\"*101#\"}"),
          ERROR("5", "not_found")},
         {REQUEST("6", "ussd.run", "{\"modem\":\"viettel-1\",\"code\":\"*101#\"}"), NULL});
    client_close(&client); /* and who hangs up ends it */
    world_settle(&world);
    assert_true(world.gateway.ussd_forgotten);
    world_close(&world);
}

static void a_trace_is_told_in_pieces(void **state)
{
    (void)state;
    world_open(&world, NULL);
    assert_true(client_open(&client, &world, OTHER));
    world.gateway.modem = (struct modem_view){.name = "viettel-1"};
    TALK(&client,
         {REQUEST("1", "modem.trace", "{\"name\":\"viettel-1\"}"),
          "{\"result\":{\"next\":10,\"lines\":[{\"number\":7,\"at\":\"1.000000000\",\"way\":\"<\","
          "\"text\":\"OK\"},{\"number\":8},{\"number\":9}]}}"},
         {REQUEST("2", "modem.trace", "{\"name\":\"viettel-1\",\"from\":10}"),
          "{\"result\":{\"next\":10,\"lines\":[]}}"},
         {REQUEST("3", "modem.trace", "{\"name\":\"none\"}"), ERROR("3", "not_found")});
    client_close(&client);
    world_settle(&world);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ussd_answers_when_the_network_has),
        cmocka_unit_test(a_trace_is_told_in_pieces),
    };
    log_sink_set(on_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
