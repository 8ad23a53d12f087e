/* The simulated network: handsets, status reports, and messages between its own modems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim_text.h"
#include "simmodem.h"

#define OK "\r\nOK\r\n"
#define TO_1 "+84981000001" /* the second modem's number */

struct end {
    struct simmodem *modem;
    char out[65536];
    size_t out_len;
};
struct world {
    struct simnet *net;
    int64_t now_ms;
    struct end end[2];
};

static void output(void *ctx, const uint8_t *bytes, size_t len)
{
    struct end *end = ctx;
    assert_true(end->out_len + len < sizeof end->out);
    memcpy(end->out + end->out_len, bytes, len);
    end->out_len += len;
}

static void port_event(void *ctx)
{
    (void)ctx;
}

static void hear(struct end *end, const char *expected)
{
    end->out[end->out_len] = 0;
    assert_string_equal(end->out, expected);
    end->out_len = 0;
}

static void talk(struct end *end, const char *bytes, const char *expected)
{
    simmodem_input(end->modem, bytes, strlen(bytes));
    hear(end, expected);
}

static void pass(struct world *world, int64_t ms)
{
    world->now_ms += ms;
    simnet_advance(world->net, world->now_ms);
}

static struct world *world_new(const char *profile)
{
    static const struct simmodem_host host = {output, port_event, port_event};
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->net = simnet_new(7);
    simnet_timing(world->net)->latency_ms = 100;
    simnet_timing(world->net)->report_ms = 1000;
    simnet_wall_set(world->net, 1795346556000);
    for (int i = 0; i < 2; i++) {
        const struct simmodem_config config = {.profile = sim_profile_find(profile), .index = i};
        world->end[i].modem = simmodem_new(world->net, &config, &host, &world->end[i]);
        talk(&world->end[i], "ATE0\r", "ATE0\r" OK);
    }
    return world;
}

static void world_free(struct world *world)
{
    simmodem_free(world->end[0].modem);
    simmodem_free(world->end[1].modem);
    simnet_free(world->net);
    free(world);
}

/* Straight into the network, as modem 0 would: no dialogue is looked at here. */
static void submit(struct world *world, const char *to, const char *text, uint8_t mr)
{
    struct sim_submit submit = {.ref = -1, .part = 1, .parts = 1, .class_ = -1, .report = true};
    struct sim_deliver coded = {0};
    strcpy(submit.to, to);
    strcpy(submit.text, text);
    assert_true(sim_pdu_text_encode(text, submit.user_data, &coded));
    submit.dcs = coded.dcs;
    submit.units = coded.units;
    submit.user_data_len = coded.user_data_len;
    simnet_submit(simmodem_station(world->end[0].modem), &submit, mr);
}

/* --- handsets --- */

static void part(struct world *world, unsigned number, unsigned parts, int ref, uint8_t pid,
                 const char *text)
{
    struct sim_submit submit = {
        .to = "0912345678", .pid = pid, .class_ = -1, .ref = ref, .part = number, .parts = parts};
    strcpy(submit.text, text);
    simnet_submit(simmodem_station(world->end[0].modem), &submit, 0);
    pass(world, 100);
}

static void parts_are_joined_in_any_order(void **state)
{
    struct world *world = world_new("generic");
    (void)state;
    part(world, 3, 3, 9, 0, "c");
    part(world, 1, 3, 9, 0, "a");
    const struct sim_handset *handset = simnet_handset(world->net, "+84912345678");
    assert_int_equal(handset->count, 1);
    assert_int_equal(handset->message[0]->have, 2);
    part(world, 1, 2, 9, 0, "another"); /* of another length: another message */
    part(world, 2, 3, 9, 0, "b");
    assert_int_equal(handset->count, 2);
    assert_string_equal(handset->message[0]->text, "abc");
    assert_int_equal(handset->message[0]->have, 3);
    part(world, 2, 3, 9, 0, "b"); /* a double begins anew, as on a phone */
    assert_int_equal(handset->count, 3);
    assert_int_equal(handset->total, 5);
    world_free(world);
}

static void a_type_replaces_its_elder(void **state)
{
    struct world *world = world_new("generic");
    (void)state;
    part(world, 1, 1, -1, 0x41, "first");
    part(world, 1, 1, -1, 0x42, "other type");
    part(world, 1, 1, -1, 0, "no type");
    part(world, 1, 1, -1, 0x41, "second");
    const struct sim_handset *handset = simnet_handset(world->net, "0084912345678");
    assert_int_equal(handset->count, 3);
    assert_string_equal(handset->message[0]->text, "other type");
    assert_string_equal(handset->message[2]->text, "second");
    assert_int_equal(handset->message[2]->replaced, 1);
    part(world, 2, 2, 5, 0x41, "two");
    part(world, 1, 2, 5, 0x41, "one"); /* a set replaces when it is whole, and not itself */
    assert_int_equal(handset->count, 3);
    assert_string_equal(handset->message[2]->text, "onetwo");
    world_free(world);
}

static void what_is_due_together_keeps_its_order(void **state)
{
    struct world *world = world_new("generic");
    (void)state;
    for (char text[] = "a"; *text <= 'g'; ++*text)
        submit(world, "0912345678", text, 0);
    pass(world, 100);
    const struct sim_handset *handset = simnet_handset(world->net, "0912345678");
    assert_int_equal(handset->count, 7);
    for (int i = 0; i < 7; i++)
        assert_int_equal(handset->message[i]->text[0], 'a' + i);
    world_free(world);
}

static void an_inbox_has_an_end(void **state)
{
    struct world *world = world_new("generic");
    (void)state;
    simnet_timing(world->net)->latency_ms = 0;
    for (int i = 0; i <= SIM_HANDSET_INBOX; i++) {
        struct sim_submit submit = {.to = "0912345678", .ref = -1, .part = 1, .parts = 1};
        simnet_submit(simmodem_station(world->end[0].modem), &submit, 0);
        pass(world, 0);
    }
    const struct sim_handset *handset = simnet_handset(world->net, "0912345678");
    assert_int_equal(handset->count, SIM_HANDSET_INBOX / 2 + 1);
    assert_int_equal(handset->total, SIM_HANDSET_INBOX + 1);
    world_free(world);
}

/* --- reports --- */

#define REPORT(mr, st)                                                                             \
    "06" mr "0B914819325476F8"                                                                     \
    "62112281226382"                                                                               \
    "62112281227382" st
#define CDS(report) "\r\n+CDS: 25\r\n00" report "\r\n"

static void a_report_follows(void **state)
{
    struct world *world = world_new("generic");
    (void)state;
    talk(&world->end[0], "AT+CNMI=2,1,0,1,0\r", OK);
    submit(world, "+84912345678", "x", 0x2a);
    pass(world, 1099);
    hear(&world->end[0], "");
    pass(world, 1);
    hear(&world->end[0], CDS(REPORT("2A", "00")));
    assert_int_equal(simnet_counts(world->net)->reported, 1);
    talk(&world->end[0], "AT+CNMI=2,1,0,0,0\r", OK);
    submit(world, "+84912345678", "x", 0x2b);
    pass(world, 2000);
    hear(&world->end[0], ""); /* <ds> 0 keeps it from the host */
    world_free(world);
}

static void reports_go_as_planned(void **state)
{
    static const struct {
        struct simnet_report_plan plan;
        int64_t half_ms; /* of what is heard in between */
        const char *half, *then;
    } rows[] = {
        {{1, SIMNET_REPORT_GOOD, 0, 0x46, -1},
         1000,
         "",
         "\r\n+CDS: 25\r\n0006070B914819325476F8621122812263826211228122738246\r\n"},
        {{1, SIMNET_REPORT_GOOD, 0, 0x00, 0x30},
         700,
         "\r\n+CDS: 25\r\n0006070B914819325476F8621122812263826211228122638230\r\n",
         "\r\n+CDS: 25\r\n0006070B914819325476F8621122812263826211228122738200\r\n"},
        {{1, SIMNET_REPORT_LOST, 0, 0, -1}, 1000, "", ""},
        {{1, SIMNET_REPORT_FOREIGN, 0, 0, -1},
         1000,
         "",
         "\r\n+CDS: 25\r\n00066B0B914899999999F9621122812263826211228122738200\r\n"},
        {{1, SIMNET_REPORT_EARLY, 0, 0, -1},
         100,
         "\r\n+CDS: 25\r\n0006070B914819325476F8621122812263826211228122638200\r\n",
         ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *world = world_new("generic");
        talk(&world->end[0], "AT+CNMI=2,1,0,1,0\r", OK);
        assert_true(simnet_plan_reports(simmodem_station(world->end[0].modem), &rows[i].plan));
        submit(world, "+84912345678", "x", 7);
        pass(world, rows[i].half_ms);
        hear(&world->end[0], rows[i].half);
        pass(world, 60000);
        hear(&world->end[0], rows[i].then);
        world_free(world);
    }
}

static void an_early_report_comes_before_the_answer(void **state)
{
    struct world *world = world_new("generic");
    const struct simnet_report_plan early = {1, SIMNET_REPORT_EARLY, 0, 0, -1};
    (void)state;
    talk(&world->end[0], "AT+CNMI=2,1,0,1,0\r", OK);
    assert_true(simnet_plan_reports(simmodem_station(world->end[0].modem), &early));
    talk(&world->end[0], "AT+CMGS=23\r", "\r\n> ");
    talk(&world->end[0], "0031000B914819325476F80000010AE8329BFD4697D9EC37\x1a", "");
    pass(world, 200);
    hear(&world->end[0], "\r\n+CDS: 25\r\n0006000B914819325476F8621122812263826211228122638200\r\n"
                         "\r\n+CMGS: 0\r\n" OK);
    world_free(world);
}

static void reports_are_stored_where_wanted(void **state)
{
    struct world *world = world_new("zte");
    (void)state;
    talk(&world->end[0], "AT+CPMS=\"ME\",\"ME\",\"ME\"\r", "\r\n+CPMS: 0,23,0,23,0,23\r\n" OK);
    talk(&world->end[0], "AT+CNMI=1,1,0,2,0\r", OK);
    submit(world, "+84912345678", "x", 7);
    pass(world, 2000);
    hear(&world->end[0], "\r\n+CDSI: \"SR\",1\r\n");
    talk(&world->end[0], "AT+CPMS=\"SR\"\r", "\r\n+CPMS: 1,20,0,23,0,23\r\n" OK);
    talk(&world->end[0], "AT+CMGR=1\r",
         "\r\n+CMGR: 0,,25\r\n0006070B914819325476F8621122812263826211228122738200\r\n" OK);
    world_free(world);
}

/* --- between modems --- */

static void a_modem_writes_to_a_modem(void **state)
{
    struct world *world = world_new("generic");
    struct end *to = &world->end[1];
    (void)state;
    talk(to, "AT+CNMI=2,1,0,1,0\r", OK);
    submit(world, "0981000001", "hellohello", 0);
    pass(world, 100);
    hear(to, "\r\n+CMTI: \"ME\",1\r\n");
    talk(to, "AT+CMGR=1\r",
         "\r\n+CMGR: 0,,28\r\n00040B914889010000F00000621122812263820AE8329BFD4697D9EC37\r\n" OK);
    talk(to, "AT+CMGL=0\r", OK); /* it is read now */
    talk(to, "AT+CMGL=4\r",
         "\r\n+CMGL: 1,1,,28\r\n00040B914889010000F00000621122812263820AE8329BFD4697D9EC37\r\n" OK);
    talk(to, "AT+CPMS?\r", "\r\n+CPMS: \"ME\",1,50,\"ME\",1,50,\"ME\",1,50\r\n" OK);
    talk(to, "AT+CMGD=1\r", OK);
    talk(to, "AT+CMGR=1\r", OK);
    assert_int_equal(simnet_counts(world->net)->received, 1);
    assert_null(simnet_handset(world->net, TO_1));
    world_free(world);
}

static void somebody_writes_to_a_modem(void **state)
{
    struct world *world = world_new("generic");
    struct end *to = &world->end[1];
    (void)state;
    talk(to, "AT+CNMI=2,2,0,1,0\r", OK);
    assert_true(simnet_write(world->net, "1414", TO_1, "Mã"));
    hear(to, "\r\n+CMT: ,19\r\n000404814141000862112281226382"
             "04004D00E3\r\n");
    assert_false(simnet_write(world->net, "1414", "+84911111111", "x"));
    world_free(world);
}

static void what_is_not_acknowledged_deafens(void **state)
{
    struct world *world = world_new("generic");
    struct end *to = &world->end[1];
    (void)state;
    talk(to, "AT+CSMS=1\r", "\r\n+CSMS: 1,1,1\r\n" OK);
    talk(to, "AT+CNMI=2,2,0,1,0\r", OK);
    assert_true(simnet_write(world->net, "1414", TO_1, "a"));
    assert_true(simnet_write(world->net, "1414", TO_1, "b"));
    hear(to, "\r\n+CMT: ,16\r\n0004048141410000621122812263820161\r\n");
    talk(to, "AT+CNMA\r", "\r\n+CMT: ,16\r\n0004048141410000621122812263820162\r\n" OK);
    pass(world, 15000); /* nobody acknowledges the second */
    talk(to, "AT+CNMI?\r", "\r\n+CNMI: 2,0,0,0,0\r\n" OK);
    talk(to, "AT+CMGL=4\r", "\r\n+CMGL: 1,0,,16\r\n0004048141410000621122812263820162\r\n" OK);
    world_free(world);
}

static void a_full_memory_keeps_the_rest_waiting(void **state)
{
    struct world *world = world_new("simcom");
    struct end *to = &world->end[1];
    (void)state;
    talk(to, "AT+CNMI=1,1,0,1,0\r", OK);
    for (int i = 0; i < 53; i++)
        assert_true(simnet_write(world->net, "1414", TO_1, "a"));
    assert_int_equal(simnet_waiting_count(simmodem_station(to->modem)), 3);
    assert_non_null(strstr(to->out, "+CMTI: \"ME\",49\r\n\r\n+SMS FULL\r\n"));
    to->out_len = 0;
    talk(to, "AT+CMGD=7\r", "\r\n+CMTI: \"ME\",7\r\n\r\n+SMS FULL\r\n" OK);
    assert_int_equal(simnet_waiting_count(simmodem_station(to->modem)), 2);
    talk(to, "AT+CMGD=0,4\r", "\r\n+CMTI: \"ME\",0\r\n\r\n+CMTI: \"ME\",1\r\n" OK);
    world_free(world);
}

static void what_comes_while_away_waits(void **state)
{
    struct world *world = world_new("generic");
    struct end *to = &world->end[1];
    (void)state;
    simmodem_unplug(to->modem);
    submit(world, TO_1, "a", 0);
    assert_true(simnet_write(world->net, "1414", TO_1, "b"));
    pass(world, 1000);
    assert_int_equal(simnet_waiting_count(simmodem_station(to->modem)), 2);
    simmodem_replug(to->modem);
    pass(world, 100);
    talk(to, "ATE0+CNMI=2,1,0,1,0\r", "ATE0+CNMI=2,1,0,1,0\r" OK);
    pass(world, 500);
    hear(to, "\r\n+CMTI: \"ME\",1\r\n\r\n+CMTI: \"ME\",2\r\n");
    world_free(world);
}

static void lines_wait_while_a_prompt_is_open(void **state)
{
    struct world *world = world_new("generic");
    struct end *to = &world->end[1];
    (void)state;
    talk(to, "AT+CNMI=2,1,0,1,0\r", OK);
    talk(to, "AT+CMGS=23\r", "\r\n> ");
    assert_true(simnet_write(world->net, "1414", TO_1, "a"));
    hear(to, "");
    talk(to, "\x1b", OK "\r\n+CMTI: \"ME\",1\r\n");
    world_free(world);
}

static void the_same_seed_gives_the_same_world(void **state)
{
    uint64_t first[2];
    (void)state;
    for (int run = 0; run < 2; run++) {
        struct world *world = world_new("generic");
        simnet_timing(world->net)->jitter_ms = 10000;
        uint64_t sum = 0;
        for (int i = 0; i < 100; i++)
            submit(world, "0912345678", "x", 0);
        while (simnet_next_ms(world->net) != INT64_MAX) {
            sum = sum * 31 + (uint64_t)simnet_next_ms(world->net);
            pass(world, simnet_next_ms(world->net) - world->now_ms);
        }
        first[run] = sum;
        world_free(world);
    }
    assert_true(first[0] == first[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_joined_in_any_order),
        cmocka_unit_test(a_type_replaces_its_elder),
        cmocka_unit_test(what_is_due_together_keeps_its_order),
        cmocka_unit_test(an_inbox_has_an_end),
        cmocka_unit_test(a_report_follows),
        cmocka_unit_test(reports_go_as_planned),
        cmocka_unit_test(an_early_report_comes_before_the_answer),
        cmocka_unit_test(reports_are_stored_where_wanted),
        cmocka_unit_test(a_modem_writes_to_a_modem),
        cmocka_unit_test(somebody_writes_to_a_modem),
        cmocka_unit_test(what_is_not_acknowledged_deafens),
        cmocka_unit_test(a_full_memory_keeps_the_rest_waiting),
        cmocka_unit_test(what_comes_while_away_waits),
        cmocka_unit_test(lines_wait_while_a_prompt_is_open),
        cmocka_unit_test(the_same_seed_gives_the_same_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
