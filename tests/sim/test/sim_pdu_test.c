/* The simulator's PDU code against vectors worked out by hand from TS 23.040 and TS 23.038. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim_pdu.h"
#include "sim_text.h"

static const char *decode(const char *hex, struct sim_submit *out)
{
    bool length_wrong;
    uint8_t smsc;
    assert_int_equal(sim_hex_decode(hex, 2, &smsc, 1), 1);
    return sim_pdu_submit_decode(hex, strlen(hex), (unsigned)strlen(hex) / 2 - 1 - smsc, out,
                                 &length_wrong);
}

static const struct {
    const char *hex, *to, *text;
    int vp, class_, replace_type, ref;
    unsigned part, parts;
    bool report;
    enum sim_alphabet alphabet;
} good[] = {
    {"0011000B914819325476F80000010AE8329BFD4697D9EC37", "+84912345678", "hellohello", 1, -1, 0, -1,
     1, 1, false, SIM_GSM7},
    /* report wanted, no validity, odd digits, national type */
    {"0021000A8190214365870000044D31E80A", "0912345678", "Mb W", SIM_VP_NONE, -1, 0, -1, 1, 1, true,
     SIM_GSM7},
    /* UCS-2, class 0, "Mã" and an emoji as a surrogate pair */
    {"0011000B914819325476F80018A708004D00E3D83DDE00", "+84912345678", "Mã😀", 167, 0, 0, -1, 1, 1,
     false, SIM_UCS2},
    /* replace type 3; @ is septet 0 */
    {"0001000B914819325476F843000100", "+84912345678", "@", SIM_VP_NONE, -1, 3, -1, 1, 1, false,
     SIM_GSM7},
    /* extension table: the euro sign is 1B 65 */
    {"0001000B914819325476F80000029B32", "+84912345678", "€", SIM_VP_NONE, -1, 0, -1, 1, 1, false,
     SIM_GSM7},
    /* second of three, 8-bit reference; six octets of header, one fill bit, then "ab" */
    {"0041000B914819325476F8000009050003AB0302C262", "+84912345678", "ab", SIM_VP_NONE, -1, 0, 0xab,
     2, 3, false, SIM_GSM7},
    /* 16-bit reference, UCS-2 "AB" */
    {"0041000B914819325476F800080B0608041234020100410042", "+84912345678", "AB", SIM_VP_NONE, -1, 0,
     0x1234, 1, 2, false, SIM_UCS2},
    /* 8-bit data is shown as hex */
    {"0001000B914819325476F8000403DEADBE", "+84912345678", "DEADBE", SIM_VP_NONE, -1, 0, -1, 1, 1,
     false, SIM_8BIT},
    /* a service centre of its own, absolute validity, nothing said */
    {"07914889200300F019000B914819325476F800006211221304300000", "+84912345678", "",
     SIM_VP_ABSOLUTE, -1, 0, -1, 1, 1, false, SIM_GSM7},
    /* short code */
    {"000100048141410000014D", "1414", "M", SIM_VP_NONE, -1, 0, -1, 1, 1, false, SIM_GSM7},
};

static void submits_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct sim_submit submit;
        const char *wrong = decode(good[i].hex, &submit);
        if (wrong)
            fail_msg("%s: %s", good[i].hex, wrong);
        assert_string_equal(submit.to, good[i].to);
        assert_string_equal(submit.text, good[i].text);
        assert_int_equal(submit.vp, good[i].vp);
        assert_int_equal(submit.class_, good[i].class_);
        assert_int_equal(submit.replace_type, good[i].replace_type);
        assert_int_equal(submit.ref, good[i].ref);
        assert_int_equal(submit.part, good[i].part);
        assert_int_equal(submit.parts, good[i].parts);
        assert_int_equal(submit.report, good[i].report);
        assert_int_equal(submit.alphabet, good[i].alphabet);
        assert_false(submit.bad_text);
    }
}

static const char *const bad[] = {
    "",
    "0",
    "00",
    "0001000B91481932547",                                    /* half an octet */
    "0001000B914819325476F80000010X",                         /* no hex */
    "0000000B914819325476F8000001000000",                     /* a DELIVER */
    "000100159148193254769810325476983254F00000010000",       /* 21 digits */
    "00010000810000014D",                                     /* no digits */
    "0001000B914819325A76F80000F0",                           /* cut short */
    "0001000BD04819325476F8000001004D",                       /* alphanumeric destination */
    "0001000B9148193254760800000100",                         /* odd digits without the fill */
    "0001000B914819325476F800000200",                         /* UDL says more */
    "0001000B914819325476F800000141FF",                       /* octets left over */
    "0001000B914819325476F80000A100",                         /* 161 septets */
    "0001000B914819325476F800048D00",                         /* 141 octets */
    "0001000B914819325476F82000014D",                         /* fine PID, see below */
    "0041000B914819325476F8000400",                           /* header announced, nothing there */
    "0041000B914819325476F8000403050003",                     /* header longer than the data */
    "0041000B914819325476F800040605000402FF01",               /* element lengths lie */
    "0041000B914819325476F80004060500030A0200",               /* part 0 */
    "0041000B914819325476F80004060500030A0203",               /* part 3 of 2 */
    "0001000B914819325476F80020014D",                         /* compressed */
    "0C91481932547698103254760001000B914819325476F800000141", /* service centre too long */
};

static void nonsense_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sim_submit submit;
        bool length_wrong;
        size_t len = strlen(bad[i]);
        unsigned tpdu = len >= 2 ? (unsigned)len / 2 - 1 : 0;
        const char *wrong = sim_pdu_submit_decode(bad[i], len, tpdu, &submit, &length_wrong);
        if (strstr(bad[i], "F82000014D"))
            assert_null(wrong); /* a strange TP-PID is the centre's affair */
        else if (!wrong)
            fail_msg("%s was taken", bad[i]);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct sim_submit submit;
        bool length_wrong;
        size_t whole = strlen(good[i].hex);
        for (size_t len = 0; len < whole; len++)
            for (unsigned tpdu = 0; tpdu < whole / 2; tpdu++)
                assert_non_null(
                    sim_pdu_submit_decode(good[i].hex, len, tpdu, &submit, &length_wrong));
    }
}

static void a_wrong_length_is_told_apart(void **state)
{
    struct sim_submit submit;
    bool length_wrong;
    (void)state;
    assert_non_null(sim_pdu_submit_decode(good[0].hex, strlen(good[0].hex),
                                          (unsigned)strlen(good[0].hex) / 2, &submit,
                                          &length_wrong));
    assert_true(length_wrong);
}

static void broken_text_is_noticed(void **state)
{
    struct sim_submit submit;
    (void)state;
    assert_null(decode("0001000B914819325476F8000802D83D", &submit)); /* half a pair */
    assert_true(submit.bad_text);
    assert_string_equal(submit.text, "\xef\xbf\xbd");
    assert_null(decode("0001000B914819325476F80000011B", &submit)); /* a lone escape */
    assert_true(submit.bad_text);
}

static void validity_follows_the_table(void **state)
{
    const int64_t minute = 60000, day = 1440 * minute;
    (void)state;
    assert_int_equal(sim_pdu_validity_ms(0), 5 * minute);
    assert_int_equal(sim_pdu_validity_ms(143), 720 * minute);
    assert_int_equal(sim_pdu_validity_ms(144), 750 * minute);
    assert_int_equal(sim_pdu_validity_ms(167), day);
    assert_int_equal(sim_pdu_validity_ms(168), 2 * day);
    assert_int_equal(sim_pdu_validity_ms(196), 30 * day);
    assert_int_equal(sim_pdu_validity_ms(197), 35 * day);
    assert_int_equal(sim_pdu_validity_ms(255), 441 * day);
}

static void assert_tpdu(const uint8_t *tpdu, size_t len, const char *hex)
{
    char made[2 * SIM_TPDU + 1];
    sim_hex_encode(tpdu, len, made);
    assert_string_equal(made, hex);
}

enum { WALL_S = 1795346556 }; /* 2026-11-22 11:22:36 UTC: 18:22:36 at UTC+7 */

static void delivers_are_written(void **state)
{
    uint8_t data[SIM_USER_DATA], tpdu[SIM_TPDU];
    struct sim_deliver deliver = {.from = "+84912345678", .wall_ms = WALL_S * 1000LL};
    (void)state;
    assert_true(sim_pdu_text_encode("hellohello", data, &deliver));
    assert_tpdu(tpdu, sim_pdu_deliver_encode(&deliver, tpdu),
                "040B914819325476F80000621122812263820AE8329BFD4697D9EC37");
    deliver.from = "MY_BANK";
    assert_true(sim_pdu_text_encode("Mã", data, &deliver));
    assert_tpdu(tpdu, sim_pdu_deliver_encode(&deliver, tpdu),
                "040DD0CD6C4418742E0100086211228122638204004D00E3");
    deliver.from = "";
    assert_int_equal(sim_pdu_deliver_encode(&deliver, tpdu), 0);
    deliver.from = "a name far too long";
    assert_int_equal(sim_pdu_deliver_encode(&deliver, tpdu), 0);
}

static void reports_are_written(void **state)
{
    uint8_t tpdu[SIM_TPDU];
    const struct sim_report report = {.mr = 0x17,
                                      .to = "+84912345678",
                                      .submitted_wall_ms = WALL_S * 1000LL,
                                      .done_wall_ms = (WALL_S + 5) * 1000LL,
                                      .status = 0x46};
    (void)state;
    assert_tpdu(tpdu, sim_pdu_report_encode(&report, tpdu),
                "06170B914819325476F8621122812263826211228122148246");
}

static void the_alphabet_goes_both_ways(void **state)
{
    (void)state;
    for (int c = 0; c < 128; c++) {
        uint8_t septets[2] = {(uint8_t)c, 0}, back[4];
        char text[8];
        bool broken = false;
        if (c == 0x1b)
            continue;
        sim_text_from_gsm7(septets, 1, text, sizeof text, &broken);
        assert_false(broken);
        assert_int_equal(sim_text_to_gsm7(text, back, sizeof back), 1);
        assert_int_equal(back[0], c);
    }
    assert_int_equal(sim_text_to_gsm7("ế", (uint8_t[4]){0}, 4), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submits_are_understood),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(a_wrong_length_is_told_apart),
        cmocka_unit_test(broken_text_is_noticed),
        cmocka_unit_test(validity_follows_the_table),
        cmocka_unit_test(delivers_are_written),
        cmocka_unit_test(reports_are_written),
        cmocka_unit_test(the_alphabet_goes_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
