/* Reply lines as seen in logs and manuals, and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_parse.h"
#include "at_quirks.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static void finals(void **state)
{
    static const struct {
        const char *line;
        bool is;
        enum at_final_kind kind;
        int code;
    } rows[] = {
        {"OK", true, AT_FINAL_OK, 0},
        {"ERROR", true, AT_FINAL_ERROR, 0},
        {"ERROR: bad", true, AT_FINAL_ERROR, 0},
        {"ERROR+CNUM:", true, AT_FINAL_ERROR, 0},
        {"COMMAND NOT SUPPORT", true, AT_FINAL_ERROR, 0},
        {"MODEM ERROR: 7", true, AT_FINAL_ERROR, 0},
        {"NO CARRIER", true, AT_FINAL_CALL, 0},
        {"+CMS ERROR: 38", true, AT_FINAL_CMS, 38},
        {"+CMS ERROR:500", true, AT_FINAL_CMS, 500},
        {"+CMS ERROR: network timeout", true, AT_FINAL_CMS, 332},
        {"+CMS ERROR: SMSC ADDRESS UNKNOWN", true, AT_FINAL_CMS, 330},
        {"+CMS ERROR: strange words", true, AT_FINAL_CMS, 500},
        {"+CME ERROR: 10", true, AT_FINAL_CME, 10},
        {"+CME ERROR: SIM busy", true, AT_FINAL_CME, 14},
        {"+CME ERROR: strange words", true, AT_FINAL_CME, 100},
        {"+CME ERROR: 99999999999999999999", true, AT_FINAL_CME, 100},
        {"+CME ERROR:", false, 0, 0},
        {"+CMS ERROR: ", false, 0, 0},
        {"MODEM ERROR:", false, 0, 0},
        {"OKAY", false, 0, 0},
        {"ok", false, 0, 0},
        {"ERRORS", false, 0, 0},
        {"+CMGS: 1", false, 0, 0},
        {"", false, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct at_final final;
        assert_int_equal(at_parse_final(rows[i].line, &final), rows[i].is);
        if (rows[i].is) {
            assert_int_equal(final.kind, rows[i].kind);
            assert_int_equal(final.code, rows[i].code);
        }
    }
}

static void references(void **state)
{
    static const struct {
        const char *line;
        int reference; /* -1: refused */
    } rows[] = {
        {"+CMGS: 0", 0},           {"+CMGS:255", 255}, {"+CMGS: 12,\"x\"", 12},
        {"+CMGS: \"12\"", 12},     {"+CMGS: 256", -1}, {"+CMGS:", -1},
        {"+CMGS: -1", -1},         {"+CMGS: 7x", -1},  {"+CMGSX: 7", -1},
        {"+CMGS: 9999999999", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int reference = -1;
        assert_int_equal(at_parse_cmgs(rows[i].line, &reference), rows[i].reference >= 0);
        assert_int_equal(reference, rows[i].reference);
    }
}

static void registrations(void **state)
{
    static const struct {
        const char *line;
        int stat, technology;
        uint32_t area, cell;
    } rows[] = {
        {"+CREG: 0,1", 1, -1, 0, 0},
        {"+CREG: 1", 1, -1, 0, 0},
        {"+CREG:5", 5, -1, 0, 0},
        {"+CREG: 2,1,\"00A1\",\"01B2C3D4\",7", 1, 7, 0xa1, 0x1b2c3d4},
        {"+CREG: 1,\"00A1\",\"01B2C3D4\",7", 1, 7, 0xa1, 0x1b2c3d4},
        {"+CREG: 1,\"00A1\",\"C3D4\"", 1, -1, 0xa1, 0xc3d4},
        {"+CREG: 2,1,00A1,C3D4", 1, -1, 0xa1, 0xc3d4},
        {"+CREG: 1,00A1,C3D4,2", 1, 2, 0xa1, 0xc3d4},
        {"+CREG: 2,1,\"0B,\"0100701\",7", 1, 7, 0xb, 0x100701}, /* a quote lost on the way */
        {"+CREG: 1,0,1", 1, -1, 0, 1},                          /* phonesim leaves <n> out */
        {"+CREG: 2,10,\"00A1\",\"C3D4\",7", 10, 7, 0xa1, 0xc3d4},
        {"+CREG: 2, 1 , \"00A1\" , \"C3D4\"", 1, -1, 0xa1, 0xc3d4},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct at_registration got;
        assert_true(at_parse_registration(rows[i].line, "+CREG:", &got));
        assert_int_equal(got.stat, rows[i].stat);
        assert_int_equal(got.technology, rows[i].technology);
        assert_int_equal(got.area, rows[i].area);
        assert_int_equal(got.cell, rows[i].cell);
    }
    struct at_registration got;
    assert_false(at_parse_registration("+CREG:", "+CREG:", &got));
    assert_false(at_parse_registration("+CREG: x", "+CREG:", &got));
    assert_false(at_parse_registration("+CREG: 0,11", "+CREG:", &got));
    assert_false(at_parse_registration("+CGREG: 0,1", "+CREG:", &got));
    assert_true(at_parse_registration("+CEREG: 0,6", "+CEREG:", &got));
    assert_int_equal(got.stat, 6);
}

static void signals(void **state)
{
    static const struct {
        const char *line;
        bool is;
        int dbm;
    } csq[] = {
        {"+CSQ: 0,99", true, -113},
        {"+CSQ: 31,99", true, -51},
        {"+CSQ: 99,99", true, 0},
        {"+CSQ:20,0", true, -73},
        {"+CSQ: 150,99", true, -66},
        {"+CSQ: 199,99", true, 0},
        {"+CSQ: 20,99,-1,-1,-1,-1,-1,99,-1,-1,-1,-1", true, -73},
        {"+CSQ: x", false, 0},
        {"+CSQ:", false, 0},
    };
    static const struct {
        const char *line;
        bool is;
        int dbm;
    } cesq[] = {
        {"+CESQ: 99,99,255,255,20,50", true, -91},
        {"+CESQ: 99,99,40,20,255,255", true, -81},
        {"+CESQ:30,0,255,255,255,255", true, -81},
        {"+CESQ: 99,99,255,255,255,255", true, 0},
        {"+CESQ:10,6", false, 0},
    };
    int dbm;
    (void)state;
    for (size_t i = 0; i < COUNT(csq); i++) {
        assert_int_equal(at_parse_csq(csq[i].line, &dbm), csq[i].is);
        assert_int_equal(dbm, csq[i].dbm);
    }
    for (size_t i = 0; i < COUNT(cesq); i++) {
        assert_int_equal(at_parse_cesq(cesq[i].line, &dbm), cesq[i].is);
        assert_int_equal(dbm, cesq[i].dbm);
    }
}

static void operators(void **state)
{
    static const struct {
        const char *line, *name;
        int technology;
    } rows[] = {
        {"+COPS: 0,2,\"45204\",7", "45204", 7},
        {"+COPS: 0,0,\"TELE2,0", "TELE2", 0},
        {"+COPS: 0", "", -1},
        {"+COPS: 0,0,\"A, B\",2", "A, B", 2},
        {"+COPS:0,0,Viettel", "Viettel", -1},
        {"+COPS: 0,0,\"V\xc3\xa9\"", "V", -1},
        {"+COPS: 0,0,\"an operator whose name is far longer than thirty-two\",2",
         "an operator whose name is far lo", 2},
    };
    char name[33];
    int technology;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(at_parse_cops(rows[i].line, name, &technology));
        assert_string_equal(name, rows[i].name);
        assert_int_equal(technology, rows[i].technology);
    }
    assert_false(at_parse_cops("+COPS:", name, &technology));
}

static void sims(void **state)
{
    static const struct {
        const char *line;
        enum at_sim sim;
    } rows[] = {
        {"+CPIN: READY", AT_SIM_READY},      {"+CPIN:READY", AT_SIM_READY},
        {"+CPIN: \"READY\"", AT_SIM_READY},  {"+CPIN: SIM PIN", AT_SIM_PIN},
        {"+CPIN: SIM PUK", AT_SIM_PUK},      {"+CPIN: SIM PIN2", AT_SIM_OTHER},
        {"+CPIN: PH-NET PIN", AT_SIM_OTHER}, {"+CPIN: NOT INSERTED", AT_SIM_ABSENT},
        {"+CPIN: NOT READY", AT_SIM_BUSY},
    };
    static const struct {
        const char *line;
        enum at_sim sim;
    } errors[] = {
        {"+CME ERROR: 10", AT_SIM_ABSENT},  {"+CME ERROR: SIM PIN required", AT_SIM_PIN},
        {"+CME ERROR: 12", AT_SIM_PUK},     {"+CME ERROR: 13", AT_SIM_FAILURE},
        {"+CME ERROR: 14", AT_SIM_BUSY},    {"+CME ERROR: 515", AT_SIM_BUSY},
        {"+CMS ERROR: 310", AT_SIM_ABSENT}, {"ERROR", AT_SIM_BUSY},
        {"+CMS ERROR: 10", AT_SIM_BUSY}, /* 10 is "call barred" there */
    };
    enum at_sim sim;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(at_parse_cpin(rows[i].line, &sim));
        assert_int_equal(sim, rows[i].sim);
    }
    assert_false(at_parse_cpin("+CPIN:", &sim));
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct at_final final;
        assert_true(at_parse_final(errors[i].line, &final));
        assert_int_equal(at_sim_of_error(&final), errors[i].sim);
    }
}

static void identities(void **state)
{
    static const struct {
        const char *line, *iccid; /* NULL: refused */
    } rows[] = {
        {"+CCID: \"8984048000000000012\"", "8984048000000000012"},
        {"+CCID: 89840480000000000123", "8984048000000000012"},
        {"+CCID: 898404800000000001", "8984048000000000019"}, /* its check digit was left out */
        {"+CCID: 899101200003204514", "8991012000032045146"},
        {"+CCID: 89840480000000A001", "89840480000000A001"},
        {"8984048000000000012", "8984048000000000012"},
        {"8984048000000000012F", "8984048000000000012"},
        {"8984048000000000012f", "8984048000000000012"},
        {"^ICCID: 98480840000000000021", "8984800400000000001"},
        {"^ICCID: 984808400000000000F1", "8984800400000000001"},
        {"+ICCID: 8984048000000000012", "8984048000000000012"},
        {"#CCID: 8984048000000000012", "8984048000000000012"},
        {"!ICCID: 8984048000000000012", "8984048000000000012"},
        {"+CRSM: 144,0,\"984808400000000000F1\"", "8984800400000000001"},
        {"+CRSM: 144,0,984808400000000000F1", "8984800400000000001"},
        {"+CRSM: 106,130,\"\"", NULL},
        {"+CRSM: 144,0", NULL},
        {"+CCID: \"\"", NULL},
        {"1234048000000000012", NULL},
        {"89840480000000000123456789", NULL},
        {"+CREG: 1", NULL},
    };
    char text[40];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char iccid[23] = "";
        assert_int_equal(at_parse_iccid(rows[i].line, iccid), rows[i].iccid != NULL);
        if (rows[i].iccid)
            assert_string_equal(iccid, rows[i].iccid);
    }
    assert_true(at_parse_imei("356938035643809", text) && !strcmp(text, "356938035643809"));
    assert_true(at_parse_imei("+CGSN: \"356938035643809\"", text));
    assert_string_equal(text, "356938035643809");
    assert_true(at_parse_imei("35693803564380", text));
    assert_true(at_parse_imei("3569380356438091", text));
    assert_false(at_parse_imei("3569380356438", text));
    assert_false(at_parse_imei("35693803564380912", text));
    assert_false(at_parse_imei("356938035643809;x", text));
    assert_true(at_parse_imsi("452040000000001", text));
    assert_true(at_parse_imsi("+CIMI: 45204000000001", text));
    assert_false(at_parse_imsi("4520400000000012", text));
    assert_false(at_parse_imsi("", text));
    assert_true(at_parse_name("+CGMI: \"Foo Inc.\"", "+CGMI:", text, sizeof text));
    assert_string_equal(text, "Foo Inc.");
    assert_true(at_parse_name("huawei", "+CGMI:", text, sizeof text));
    assert_string_equal(text, "huawei");
    assert_false(at_parse_name("+FOO: bar", "+CGMI:", text, sizeof text));
    assert_false(at_parse_name("\"\"", "+CGMI:", text, sizeof text));
    assert_true(at_parse_name("a\xff\x80z", "+CGMI:", text, sizeof text));
    assert_string_equal(text, "az");
}

static void centres(void **state)
{
    static const struct {
        const char *line, *number;
    } rows[] = {
        {"+CSCA: \"+84980200030\",145", "+84980200030"},
        {"+CSCA:+84980200030,145", "+84980200030"},
        {"+CSCA: \"\",129", ""},
        {"+CSCA:", ""},
        {"+CSCA: \"002B00380034003900380030\",145", "+84980"},
        {"+CSCA: \"+849;AT\",145", ""},
        {"+CSCA: \"+849802000301234567890\",145", ""},
    };
    char number[17];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(at_parse_csca(rows[i].line, number));
        assert_string_equal(number, rows[i].number);
    }
    assert_false(at_parse_csca("+CMGS: 1", number));
}

static void settings(void **state)
{
    int value;
    int five[5];
    (void)state;
    assert_true(at_parse_cmgf("+CMGF: 0", &value) && value == 0);
    assert_true(at_parse_cmgf("+CMGF:1", &value) && value == 1);
    assert_false(at_parse_cmgf("+CMGF: ", &value));
    assert_true(at_parse_cmee("+CMEE: 2", &value) && value == 2);
    assert_true(at_parse_cfun("+CFUN: 4,0", &value) && value == 4);
    assert_true(at_parse_cnmi("+CNMI: 2,1,0,2,0", five));
    assert_int_equal(five[3], 2);
    assert_true(at_parse_cnmi("+CNMI:1,1,0,1,1", five));
    assert_false(at_parse_cnmi("+CNMI: (0-3),(0-2)", five));
    assert_false(at_parse_cnmi("+CNMI: 2,1,0", five));
}

static void fields_are_bounded(void **state)
{
    char line[512] = "+X: ";
    struct at_fields fields;
    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(line, "1,");
    assert_true(at_fields_split(line, "+X:", &fields));
    assert_int_equal(fields.count, AT_FIELDS_MAX);
    assert_true(at_fields_split("+X: a,,\"b,c\",", "+X:", &fields));
    assert_int_equal(fields.count, 4);
    assert_int_equal(fields.field[1].len, 0);
    assert_int_equal(fields.field[2].len, 3);
    assert_int_equal(fields.field[3].len, 0);
}

static void quirk_rows(void **state)
{
    static const struct {
        const char *maker, *model, *row;
    } rows[] = {
        {"huawei", "E3372", "huawei"},
        {"HUAWEI Technologies", "ME909s", "huawei"},
        {"SIMCOM INCORPORATED", "SIMCOM_SIM7600E-H", "simcom-lte"},
        {"SIMCOM_Ltd", "SIMCOM_SIM800L", "simcom"},
        {"Quectel", "EC25", "quectel"},
        {"ZTE CORPORATION", "MF190", "zte"},
        {"Cinterion", "BGS2-W", "cinterion"},
        {"otpgate", "SIM-LATE", "late"},
        {"otpgate", "SIM-1", "plain"},
        {"", "", "plain"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct at_quirks *quirks = at_quirks_find(rows[i].maker, rows[i].model);
        assert_string_equal(quirks->name, rows[i].row);
        assert_non_null(quirks->reset);
        assert_true(quirks->reset_wait_ms > 0);
        assert_true(quirks->answer_max_ms == 0 || quirks->answer_max_ms > 120000);
    }
}

static void attempts_left_are_read_in_each_makers_way(void **state)
{
    static const struct {
        const char *line, *prefix, *name;
        unsigned field;
        bool ours;
        int left;
    } rows[] = {
        {"+CPINR: SIM PIN,3,3", "+CPINR:", "SIM PIN", 1, true, 3},
        {"+CPINR: \"SIM PIN\",1", "+CPINR:", "SIM PIN", 1, true, 1},
        {"+CPINR: SIM PUK,10,10", "+CPINR:", "SIM PIN", 1, true, -1},
        {"+CPINR: SIM PIN2,2,3", "+CPINR:", "SIM PIN", 1, true, -1},
        {"^CPIN: SIM PIN,3,10,2,10,3", "^CPIN:", NULL, 3, true, 2},
        {"^CPIN: READY,,10,3,10,3", "^CPIN:", NULL, 3, true, 3},
        {"^CPIN: SIM PUK", "^CPIN:", NULL, 3, true, -1},
        {"+SPIC: 3,10,0,10", "+SPIC:", NULL, 0, true, 3},
        {"^SPIC: 0", "^SPIC:", NULL, 0, true, 0},
        {"#PCT: 2", "#PCT:", NULL, 0, true, 2},
        {"+QPINC: \"SC\",3,10", "+QPINC:", "SC", 1, true, 3},
        {"+QPINC: \"P2\",1,10", "+QPINC:", "SC", 1, true, -1},
        {"+UPINCNT:1,3,10,10", "+UPINCNT:", NULL, 0, true, 1},
        {"+ZPINPUK: ", "+ZPINPUK:", NULL, 0, true, -1},
        {"#PCT: many", "#PCT:", NULL, 0, true, -1},
        {"#PCT: 100", "#PCT:", NULL, 0, true, -1}, /* no SIM gives so many */
        {"+CPIN: READY", "^CPIN:", NULL, 3, false, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int left = 7;
        bool ours =
            at_parse_pin_left(rows[i].line, rows[i].prefix, rows[i].name, rows[i].field, &left);
        if (ours != rows[i].ours || left != rows[i].left)
            fail_msg("<%s>: %d, %d left", rows[i].line, ours, left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finals),
        cmocka_unit_test(references),
        cmocka_unit_test(registrations),
        cmocka_unit_test(signals),
        cmocka_unit_test(operators),
        cmocka_unit_test(sims),
        cmocka_unit_test(identities),
        cmocka_unit_test(centres),
        cmocka_unit_test(settings),
        cmocka_unit_test(fields_are_bounded),
        cmocka_unit_test(quirk_rows),
        cmocka_unit_test(attempts_left_are_read_in_each_makers_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
