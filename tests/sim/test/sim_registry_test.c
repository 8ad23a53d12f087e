/* 1414 of the simulated network: what a SIM that asks gets, part by part, and what it does not. All
 * records are SYNTHETIC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim_registry.h"
#include "sim_text.h"
#include "simmodem.h"

#define NUMBER "+84981000000"

enum { HEARD = 16 };
struct heard {
    char from[16], text[SIM_TEXT];
    unsigned part, parts, ref; /* 1 of 1: no header */
    uint8_t dcs;
    int64_t at_ms;
};
struct world {
    struct simnet_station station; /* first: comes back to the ops */
    struct simnet *net;
    struct sim_registry *registry;
    struct simmodem *modem;
    int64_t now_ms;
    struct heard heard[HEARD];
    unsigned count;
    char out[4096];
};

/* --- a SIM that hears --- */

static void text_of(struct heard *heard, const uint8_t *data, size_t units, bool header)
{
    bool bad = false;
    size_t skip = header ? 6 : 0;
    uint8_t septets[160];
    if (header) {
        assert_memory_equal(data, "\5\0\3", 3);
        heard->ref = data[3];
        heard->parts = data[4];
        heard->part = data[5];
    }
    if (heard->dcs == 8) {
        sim_text_from_ucs2(data + skip, units - skip, heard->text, sizeof heard->text, &bad);
    } else {
        size_t first = header ? 7 : 0;
        assert_in_range(units, first, 160);
        sim_septets_unpack(data, first, units - first, septets);
        sim_text_from_gsm7(septets, units - first, heard->text, sizeof heard->text, &bad);
    }
    assert_false(bad);
}

static bool hear(struct simnet_station *station, const uint8_t *tpdu, size_t len)
{
    struct world *world = (struct world *)station;
    struct heard *heard = &world->heard[world->count++];
    assert_in_range(world->count, 1, HEARD);
    *heard = (struct heard){.part = 1, .parts = 1, .at_ms = simnet_now_ms(world->net)};
    assert_int_equal(tpdu[0] & 3, 0); /* SMS-DELIVER */
    unsigned digits = tpdu[1];
    char *to = heard->from + sprintf(heard->from, "%s", tpdu[2] == 0x91 ? "+" : "");
    for (unsigned i = 0; i < digits; i++)
        *to++ = (char)('0' + (tpdu[3 + i / 2] >> (i % 2 ? 4 : 0) & 15));
    const uint8_t *at = tpdu + 3 + (digits + 1) / 2;
    heard->dcs = at[1];
    text_of(heard, at + 10, at[9], tpdu[0] & 0x40);
    assert_true(at + 10 <= tpdu + len);
    return true;
}

static bool take_report(struct simnet_station *station, const uint8_t *tpdu, size_t len)
{
    (void)station, (void)tpdu, (void)len;
    return true;
}

static void answered(struct simnet_station *station, uint64_t id, const struct simnet_answer *what)
{
    (void)station, (void)id, (void)what;
}

static void output(void *ctx, const uint8_t *bytes, size_t len)
{
    struct world *world = ctx;
    size_t at = strlen(world->out);
    assert_true(at + len < sizeof world->out);
    memcpy(world->out + at, bytes, len);
    world->out[at + len] = 0;
}

static void port_event(void *ctx)
{
    (void)ctx;
}

static void pass(struct world *world, int64_t ms)
{
    world->now_ms += ms;
    simnet_advance(world->net, world->now_ms);
}

/* A SIM of `carrier` without a modem; and one in a modem, for its codes. */
static struct world *world_new(const char *carrier, bool answers)
{
    static const struct simnet_station_ops ops = {answered, hear, take_report};
    static const struct simmodem_host host = {output, port_event, port_event};
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->net = simnet_new(5);
    simnet_timing(world->net)->latency_ms = 100;
    world->registry = sim_registry_new(world->net, answers);
    simnet_join(world->net, &world->station, &ops, 0, NUMBER);
    strcpy(world->station.mcc_mnc, sim_carrier_find(carrier)->mcc_mnc);
    const struct simmodem_config config = {
        .profile = sim_profile_find("generic"), .index = 1, .carrier = carrier};
    world->modem = simmodem_new(world->net, &config, &host, world);
    simmodem_input(world->modem, "ATE0\r", 5);
    return world;
}

static void world_free(struct world *world)
{
    simmodem_free(world->modem);
    simnet_leave(&world->station);
    sim_registry_free(world->registry);
    simnet_free(world->net);
    free(world);
}

/* The SIM writes to 1414, and gets what it gets within ten minutes. */
static void ask(struct world *world, const char *text)
{
    struct sim_submit submit = {.to = "1414", .ref = -1, .part = 1, .parts = 1, .class_ = -1};
    strcpy(submit.text, text);
    world->count = 0;
    simnet_submit(&world->station, &submit, 0);
    pass(world, 600000);
}

static void is_told(struct world *world, const char *text)
{
    ask(world, sim_carrier_of(world->station.mcc_mnc)->keyword);
    assert_int_equal(world->count, 1);
    assert_string_equal(world->heard[0].text, text);
    assert_string_equal(world->heard[0].from, "1414");
}

static void dial(struct world *world, const char *code, const char *expected)
{
    char line[64];
    *world->out = 0;
    snprintf(line, sizeof line, "AT+CUSD=1,\"%s\",15\r", code);
    simmodem_input(world->modem, line, strlen(line));
    pass(world, 5000);
    assert_non_null(strstr(world->out, "OK"));
    assert_string_equal(strstr(world->out, "OK") + 4, expected);
}

static struct sim_registry_sim *plan(struct world *world)
{
    struct sim_registry_sim *sim = sim_registry_sim(world->registry, "0981000000");
    sim_registry_reset(sim);
    return sim;
}

/* --- records --- */

static void each_carrier_has_its_words(void **state)
{
    static const struct {
        const char *carrier, *text;
    } told[] = {
        {"viettel",
         "Thong tin thue bao cua Quy khach: Ho ten: Nguyen Van An; Ngay sinh: 01/02/1990; "
         "So giay to: 052090001234; Ngay cap: 10/05/2021; Noi cap: Cuc CS QLHC"},
        {"vinaphone",
         "Ten: Nguyen Van An\nCMT: 052090001234\nNgay sinh: 01/02/1990\nNoi cap: Cuc CS "
         "QLHC ve TTXH\nNgay cap: 10/05/2021\nNgay CN: 15/04/2026"},
        {"mobifone", "So TB: 0981000000, Ho ten: Nguyen Van An, So giay to: 052090001234"},
        {"vietnamobile", "So dinh danh ca nhan: 052090001234\nHo va ten: Nguyen Van An\n"
                         "Ngay sinh: 01/02/1990"},
        {"gmobile", "Kinh gui Quy khach. So TB: 0981000000. Ho ten: Nguyen Van An. Ngay sinh: "
                    "01/02/1990. Loai giay to: CCCD. So giay to: 052090001234. Tran trong."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct world *world = world_new(told[i].carrier, true);
        ask(world, sim_carrier_find(told[i].carrier)->keyword);
        assert_in_range(world->count, 1, 2);
        assert_memory_equal(world->heard[0].text, told[i].text,
                            strlen(told[i].text) + (world->count == 1));
        world_free(world);
    }
}

static void accents_go_in_ucs2(void **state)
{
    struct world *world = world_new("mobifone", true);
    (void)state;
    plan(world)->ucs2 = true;
    is_told(world, "So TB: 0981000000, Ho ten: Nguyen Van An, So giay to: 052090001234");
    assert_int_equal(world->heard[0].dcs, 8);
    plan(world)->accents = true;
    is_told(world, "Số TB: 0981000000, Họ tên: Nguyễn Văn An, Số giấy tờ: 052090001234");
    assert_int_equal(world->heard[0].dcs, 8);
    world_free(world);
}

static void several_parts_in_any_order(void **state)
{
    struct world *world = world_new("viettel", true);
    (void)state;
    for (int order = SIM_POST_IN_ORDER; order <= SIM_POST_SHUFFLED; order++)
        for (unsigned parts = 1; parts <= 7; parts += 3)
            for (int accents = 0; accents < 2; accents++) {
                struct sim_registry_sim *sim = plan(world);
                sim->per_day = 0;
                char whole[SIM_RECORD_TEXT] = "", expected[SIM_RECORD_TEXT];
                sim->order = (enum sim_post_order)order;
                sim->parts = parts;
                sim->accents = accents;
                sim_registry_write(sim, sim_carrier_find("viettel"), expected, sizeof expected);
                ask(world, "tttb");
                assert_true(world->count >= parts && world->count >= 2);
                for (unsigned part = 1; part <= world->count; part++)
                    for (unsigned i = 0; i < world->count; i++)
                        if (world->heard[i].part == part)
                            strcat(whole, world->heard[i].text);
                assert_string_equal(whole, expected);
                assert_int_equal(world->heard[0].parts, world->count);
                assert_int_equal(world->heard[0].ref, world->heard[world->count - 1].ref);
                if (order == SIM_POST_IN_ORDER)
                    assert_int_equal(world->heard[0].part, 1);
                if (order == SIM_POST_REVERSED)
                    assert_int_equal(world->heard[0].part, world->count);
            }
    world_free(world);
}

static void masked_and_without_what_is_not_held(void **state)
{
    struct world *world = world_new("vinaphone", true);
    struct sim_registry_sim *sim = plan(world);
    (void)state;
    strcpy(sim->record.value[SIM_ID_NUMBER], "205123456");
    *sim->record.value[SIM_ID_ISSUED_BY] = *sim->record.value[SIM_ID_ISSUED_ON] = 0;
    sim->mask = 'x';
    is_told(world,
            "Ten: Nguyen Van An\nCMT: 205xxxxxx\nNgay sinh: 01/02/1990\nNgay CN: 15/04/2026");
    world_free(world);
}

/* --- what else 1414 does --- */

static void refusals_in_the_carriers_style(void **state)
{
    struct world *world = world_new("mobifone", true);
    (void)state;
    plan(world)->says = SIM_SAYS_QUOTA;
    is_told(world,
            "Da qua so lan cho phep thuc hien tra cuu trong ngay. Chi tiet lien he 18001090. "
            "Tran trong!");
    for (int says = SIM_SAYS_NOT_NOW; says <= SIM_SAYS_NO_RECORD; says++) {
        plan(world)->says = (enum sim_says)says;
        ask(world, "TTTB");
        assert_int_equal(world->count, 1);
        assert_null(strstr(world->heard[0].text, "052090001234"));
    }
    world_free(world);
}

static void late_never_and_by_somebody_else(void **state)
{
    struct world *world = world_new("mobifone", true);
    struct sim_registry_sim *sim = plan(world);
    (void)state;
    sim->ms = 95000;
    int64_t before_ms = simnet_now_ms(world->net);
    ask(world, "TTTB");
    assert_int_equal(world->heard[0].at_ms, before_ms + 100 + 95000);
    sim = plan(world);
    strcpy(sim->from, "+84912999888");
    ask(world, "TTTB");
    assert_string_equal(world->heard[0].from, "+84912999888");
    plan(world)->says = SIM_SAYS_NOTHING;
    ask(world, "TTTB");
    assert_int_equal(world->count, 0);
    assert_int_equal(sim->asked, 3);
    world_free(world);
}

/* In a day, which begins at midnight in Vietnam: by message and by code alike, of this SIM alone.
 */
static void so_many_questions_a_day(void **state)
{
    static const char quota[] =
        "Da qua so lan cho phep thuc hien tra cuu trong ngay. Tong dai 0598880199.";
    const int64_t day_ms = 24 * 3600 * 1000, vietnam_ms = 7 * 3600 * 1000;
    struct world *world = world_new("gmobile", true);
    struct sim_registry_sim *sim = plan(world);
    (void)state;
    pass(world, day_ms - (simnet_wall_ms(world->net) + vietnam_ms) % day_ms);
    for (unsigned i = 1; i <= SIM_REGISTRY_PER_DAY; i++) {
        ask(world, "TT");
        assert_null(strstr(world->heard[0].text, "qua so lan"));
        assert_int_equal(sim->today, i);
        ask(world, "TTTB"); /* is looked up nowhere */
    }
    is_told(world, quota);
    strcpy(sim->text, "Ho ten: A");
    is_told(world, quota);
    assert_int_equal(sim->today, SIM_REGISTRY_PER_DAY);
    assert_int_equal(sim->asked, 2 * SIM_REGISTRY_PER_DAY + 2);
    sim_registry_reset(sim); /* what is planned anew gives no new questions */
    is_told(world, quota);
    pass(world, day_ms - (simnet_wall_ms(world->net) + vietnam_ms) % day_ms - 1200000);
    is_told(world, quota);
    pass(world, 600000);
    strcpy(sim->text, "Ho ten: A");
    is_told(world, "Ho ten: A");
    assert_int_equal(sim->today, 1);
    sim->per_day = 1;
    is_told(world, quota);
    sim->per_day = 0;
    is_told(world, "Ho ten: A");

    struct sim_registry_sim *other = sim_registry_sim(world->registry, "0981000001");
    strcpy(other->text, "Ho ten: B");
    other->per_day = 1;
    simmodem_input(world->modem, "AT+CUSD=1\r", 10);
    dial(world, "*1414#", "\r\n+CUSD: 0,\"Ho ten: B\",15\r\n");
    dial(world, "*1414#",
         "\r\n+CUSD: 0,\"Da qua so lan cho phep thuc hien tra cuu trong ngay. Tong dai "
         "0598880199.\",15\r\n");
    world_free(world);
}

/* The others come when they would have come. */
static void a_part_is_lost(void **state)
{
    struct world *world = world_new("mobifone", true);
    (void)state;
    struct sim_registry_sim *sim = plan(world);
    sim->parts = 3;
    sim->lost = 2;
    ask(world, "TTTB");
    assert_int_equal(world->count, 2);
    assert_int_equal(world->heard[0].part, 1);
    assert_int_equal(world->heard[1].part, 3);
    assert_int_equal(world->heard[1].parts, 3);
    assert_int_equal(world->heard[1].at_ms - world->heard[0].at_ms, 400);
    world_free(world);
}

static void somebody_writes_in_between(void **state)
{
    struct world *world = world_new("mobifone", true);
    (void)state;
    for (unsigned parts = 1; parts <= 2; parts++) {
        struct sim_registry_sim *sim = plan(world);
        sim->parts = parts;
        strcpy(sim->between, "Chieu nay hop");
        ask(world, "TTTB");
        assert_int_equal(world->count, parts + 1);
        assert_string_equal(world->heard[parts - 1].text, "Chieu nay hop");
        assert_string_equal(world->heard[parts - 1].from, "+84912000111");
        assert_string_equal(world->heard[parts].from, "1414");
    }
    world_free(world);
}

static void another_keyword_tells_nothing(void **state)
{
    struct world *world = world_new("gmobile", true);
    (void)state;
    ask(world, "TTTB");
    assert_string_equal(world->heard[0].text, "Sai cu phap. Soan TT gui 1414.");
    ask(world, "TT 052090001234");
    assert_string_equal(world->heard[0].text, "Sai cu phap. Soan TT gui 1414.");
    world_free(world);
    world = world_new("wintel", true);
    ask(world, "TTTB");
    assert_int_equal(world->count, 0);
    world_free(world);
    world = world_new("viettel", false); /* nothing was planned: nobody answers */
    ask(world, "TTTB");
    assert_int_equal(world->count, 0);
    world_free(world);
}

/* --- by USSD --- */

static void by_code_and_by_menu(void **state)
{
    struct world *world = world_new("gmobile", true);
    struct sim_registry_sim *sim = sim_registry_sim(world->registry, "0981000001");
    (void)state;
    simmodem_input(world->modem, "AT+CUSD=1\r", 10);
    const char *record =
        "\r\n+CUSD: 0,\"Kinh gui Quy khach. So TB: 0981000001. Ho ten: Nguyen Van An. Ngay sinh: "
        "01/02/1990. Loai giay to: CCCD. So giay to: 052090001234. Tran trong.\",15\r\n";
    dial(world, "*1414#", record);
    sim->ussd = SIM_USSD_MENU;
    const char *menu = "\r\n+CUSD: 1,\"1. Thong tin thue bao\n2. Huong dan\n0. Thoat\",15\r\n";
    dial(world, "1", "\r\n+CUSD: 4\r\n"); /* no menu is open */
    dial(world, "*1414#", menu);
    dial(world, "1", record);
    dial(world, "*1414#", menu);
    simmodem_input(world->modem, "AT+CUSD=2\r", 10);
    dial(world, "1", "\r\n+CUSD: 4\r\n"); /* the host has left it */
    sim->ussd = SIM_USSD_REFUSED;
    dial(world, "*1414#", "\r\n+CUSD: 2\r\n");
    sim->ussd = SIM_USSD_SILENT;
    dial(world, "*1414#", "");
    world_free(world);
}

static void a_credit_in_the_carriers_words(void **state)
{
    static const struct {
        const char *carrier, *text;
    } told[] = {
        {"viettel", "TK goc: 25.000d, HSD: 31/12/2027. Chi tiet bam goi *098#."},
        {"vinaphone", "Tai khoan chinh: 25.000 VND, han su dung den 31/12/2027"},
        {"mobifone", "TKC 25.000 d, 31/12/2027. KM1: 0 d."},
        {"vietnamobile", "So du TK chinh: 25.000 dong. Ngay het han: 31/12/2027"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct world *world = world_new(told[i].carrier, true);
        char line[200];
        simmodem_input(world->modem, "AT+CUSD=1\r", 10);
        snprintf(line, sizeof line, "\r\n+CUSD: 0,\"%s\",15\r\n", told[i].text);
        dial(world, "*101#", line);
        sim_registry_sim(world->registry, "0981000001")->balance = -1;
        dial(world, "*101#", "\r\n+CUSD: 4\r\n");
        dial(world, "*1414#", "\r\n+CUSD: 4\r\n"); /* Gmobile's alone */
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_carrier_has_its_words),
        cmocka_unit_test(accents_go_in_ucs2),
        cmocka_unit_test(several_parts_in_any_order),
        cmocka_unit_test(masked_and_without_what_is_not_held),
        cmocka_unit_test(refusals_in_the_carriers_style),
        cmocka_unit_test(late_never_and_by_somebody_else),
        cmocka_unit_test(so_many_questions_a_day),
        cmocka_unit_test(a_part_is_lost),
        cmocka_unit_test(somebody_writes_in_between),
        cmocka_unit_test(another_keyword_tells_nothing),
        cmocka_unit_test(by_code_and_by_menu),
        cmocka_unit_test(a_credit_in_the_carriers_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
