/* pdu: SMS-SUBMIT octet by octet. The vectors were written by hand from TS 23.040 and 23.038; the
 * same codec's reading of them proves nothing, so none was made by running it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gsm7.h"
#include "pdu.h"
#include "text.h"
#include "vectors.h"

#define MIN 60000LL
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)
#define VN "0B914819325476F8" /* +84912345678 */

static struct sms_text text;

struct hand_vector {
    const char *to, *utf8;
    enum sms_encoding want;
    int64_t validity_ms;
    bool report, flash, no_validity;
    uint8_t replace_type;
    const char *hex;
};
/* first octet, MR | DA | PID, DCS, VP, UDL | UD */
static const struct hand_vector vectors[] = {
    {"+84912345678", "hello", SMS_AUTO, 5 * MIN, 0, 0, 0, 0,
     "1100" VN "00000005"
     "E8329BFD06"},
    {"+84912345678", "Ma OTP: 123456", SMS_AUTO, 10 * MIN, 1, 0, 0, 0,
     "3100" VN "0000010E"
     "CD30E84985EA4031D98C56B301"},
    {"1414", "TTTB", SMS_AUTO, HOUR, 0, 0, 0, 0,
     "1100"
     "04814141"
     "00000B04"
     "542A5508"},
    {"113", "@", SMS_AUTO, 1, 0, 0, 0, 0,
     "1100"
     "038111F3"
     "00000001"
     "00"},
    {"123456", "[", SMS_AUTO, 1, 0, 0, 0, 0,
     "1100"
     "0681214365"
     "00000002"
     "1B1E"},
    {"+123456789012345", "@@@@@@@", SMS_AUTO, 1, 0, 0, 0, 0,
     "1100"
     "0F9121436587092143F5"
     "00000007"
     "00000000000000"},
    {"+84912345678", "Mã", SMS_AUTO, 5 * MIN, 0, 0, 0, 0,
     "1100" VN "00080004"
     "004D00E3"},
    {"+84912345678", "~", SMS_UCS2, 5 * MIN, 0, 0, 0, 0,
     "1100" VN "00080002"
     "007E"},
    {"+84912345678", "😀", SMS_AUTO, 5 * MIN, 0, 0, 0, 0,
     "1100" VN "00080004"
     "D83DDE00"},
    {"+84912345678", "hello", SMS_AUTO, 5 * MIN, 0, 1, 0, 0,
     "1100" VN "00100005"
     "E8329BFD06"},
    {"+84912345678", "Mã", SMS_AUTO, 5 * MIN, 1, 1, 0, 0,
     "3100" VN "00180004"
     "004D00E3"},
    {"+84912345678", "hello", SMS_AUTO, 5 * MIN, 0, 0, 0, 1,
     "1100" VN "41000005"
     "E8329BFD06"},
    {"+84912345678", "hello", SMS_AUTO, 5 * MIN, 0, 0, 0, 7,
     "1100" VN "47000005"
     "E8329BFD06"},
    {"+84912345678", "hello", SMS_AUTO, 0, 0, 0, 1, 0,
     "0100" VN "000005"
     "E8329BFD06"},
    {"+84912345678", "hello", SMS_AUTO, 5 * MIN, 1, 0, 1, 0,
     "2100" VN "000005"
     "E8329BFD06"},
    {"+84912345678", "hello", SMS_AUTO, DAY, 0, 0, 0, 0,
     "1100" VN "0000A705"
     "E8329BFD06"},
    {"+84912345678", "hello", SMS_AUTO, INT64_MAX, 0, 0, 0, 0,
     "1100" VN "0000FF05"
     "E8329BFD06"},
};

static void hex_check(const struct pdu_tpdu *tpdu, const char *want)
{
    char line[2 * PDU_TPDU_MAX + 3];
    pdu_submit_line(tpdu, line);
    assert_memory_equal(line, "00", 2);
    assert_string_equal(line + 2, want);
    assert_int_equal(tpdu->len, strlen(want) / 2);
}

static void single_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct hand_vector *v = &vectors[i];
        assert_int_equal(sms_text_encode(v->utf8, strlen(v->utf8), v->want, &text, NULL), 0);
        struct pdu_submit submit = {.to = v->to,
                                    .text = &text,
                                    .reference = 0x99, /* no part of a whole text */
                                    .validity_ms = v->validity_ms,
                                    .report = v->report,
                                    .flash = v->flash,
                                    .replace_type = v->replace_type,
                                    .no_validity = v->no_validity};
        struct pdu_tpdu tpdu;
        memset(&tpdu, 0x55, sizeof tpdu);
        assert_int_equal(pdu_submit_encode(&submit, &tpdu), 0);
        hex_check(&tpdu, v->hex);
    }
}

static void parts_check(const char *utf8, const char *const *want, unsigned parts)
{
    struct pdu_submit submit = {
        .to = "+84912345678", .text = &text, .reference = 0x2A, .validity_ms = 1};
    assert_int_equal(sms_text_encode(utf8, strlen(utf8), SMS_AUTO, &text, NULL), 0);
    assert_int_equal(text.parts, parts);
    for (; submit.part < parts; submit.part++) {
        struct pdu_tpdu tpdu;
        assert_int_equal(pdu_submit_encode(&submit, &tpdu), 0);
        hex_check(&tpdu, want[submit.part]);
    }
}

/* 153 `a`: 134 octets, of which the first seven and then each seven alike ("aaaaaaaa" in eight
 * septets is seven octets). The fill bit makes room: C2 where an unfilled text has E1. */
#define A7 "C3E170381C0E87"
#define A133 "C2E170381C0E87" A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7 A7
#define HEAD2(n)                                                                                   \
    "050003"                                                                                       \
    "2A"                                                                                           \
    "02" n

static void concatenated(void **state)
{
    (void)state;
    char utf8[1000];
    memset(utf8, 'a', 161);
    utf8[161] = '\0';
    parts_check(utf8,
                (const char *const[]){
                    "5100" VN "000000"
                    "A0" HEAD2("01") A133 "C3",
                    /* eight septets and the header's seven; 57 bits need eight octets */
                    "5100" VN "000000"
                    "0F" HEAD2("02") "C2E170381C0E8701",
                },
                2);
    /* the escape of the 153rd septet moves over: 152 left, one bit in the last octet */
    memcpy(utf8 + 152, "[aaaaaaa", 9);
    parts_check(utf8,
                (const char *const[]){
                    "5100" VN "000000"
                    "9F" HEAD2("01") A133 "01",
                    "5100" VN "000000"
                    "10" HEAD2("02") "36BC70381C0E87C3",
                },
                2);
}

static void concatenated_ucs2(void **state)
{
    (void)state;
    char utf8[400], first[400];
    size_t len = 0, at = (size_t)snprintf(first, sizeof first,
                                          "5100" VN "000800"
                                          "8A" HEAD2("01"));
    for (unsigned i = 0; i < 66; i++) {
        len += (size_t)snprintf(utf8 + len, sizeof utf8 - len, "đ");
        at += (size_t)snprintf(first + at, sizeof first - at, "0111");
    }
    snprintf(utf8 + len, sizeof utf8 - len, "😀ế đ"); /* its first half would have been the 67th */
    parts_check(utf8,
                (const char *const[]){first, "5100" VN "000800"
                                             "10" HEAD2("02") "D83DDE001EBF00200111"},
                2);
}

/* The submits of tpdu.txt, which a decoder of the tests is held against, too. */
static void vectors_of_the_file(void **state)
{
    (void)state;
    static struct vector v;
    unsigned count = 0;
    FILE *file = vectors_open();
    assert_non_null(file);
    while (vectors_next(file, &v)) {
        if (!vector_is(&v, "kind", "submit"))
            continue;
        const char *whole = vector_get(&v, "whole"), *concat = vector_get(&v, "concat");
        const char *utf8 = whole ? whole : vector_get(&v, "text");
        assert_int_equal(sms_text_encode(utf8, strlen(utf8), SMS_AUTO, &text, NULL), 0);
        assert_true(vector_is(&v, "alphabet", text.encoding == SMS_GSM7 ? "gsm7" : "ucs2"));
        unsigned long reference = 0, total = 1, sequence = 1;
        if (concat) {
            char *end;
            reference = strtoul(concat, &end, 10);
            total = strtoul(end + 1, &end, 10);
            sequence = strtoul(end + 1, &end, 10);
        }
        assert_int_equal(text.parts, total);
        struct pdu_submit submit = {.to = vector_get(&v, "to"),
                                    .text = &text,
                                    .part = (unsigned)sequence - 1,
                                    .reference = (uint8_t)reference,
                                    .validity_ms = MIN * vector_number(&v, "validity_min", 0),
                                    .report = vector_is(&v, "report", "yes"),
                                    .flash = vector_is(&v, "flash", "yes"),
                                    .replace_type = (uint8_t)vector_number(&v, "replace", 0),
                                    .no_validity = vector_is(&v, "validity_min", "none")};
        struct pdu_tpdu tpdu;
        assert_int_equal(pdu_submit_encode(&submit, &tpdu), 0);
        if (tpdu.len != v.len || memcmp(tpdu.octet, v.tpdu, v.len) != 0)
            fail_msg("vector %s", vector_get(&v, "name"));
        count++;
    }
    fclose(file);
    assert_true(count >= 30);
}

/* Ten parts, the longest header and the longest text: still within what CMGS takes. */
static void the_longest(void **state)
{
    (void)state;
    static char utf8[1531];
    memset(utf8, 'z', 1530);
    assert_int_equal(sms_text_encode(utf8, 1530, SMS_AUTO, &text, NULL), 0);
    struct pdu_submit submit = {.to = "+123456789012345", .text = &text, .validity_ms = 1};
    for (submit.part = 0; submit.part < 10; submit.part++) {
        struct pdu_tpdu tpdu;
        assert_int_equal(pdu_submit_encode(&submit, &tpdu), 0);
        assert_int_equal(tpdu.len, 2 + 10 + 3 + 1 + 140);
        assert_int_equal(tpdu.octet[15], 160);
        assert_int_equal(tpdu.octet[20], 10);
        assert_int_equal(tpdu.octet[21], submit.part + 1);
    }
}

static void faults_of_the_caller(void **state)
{
    (void)state;
    assert_int_equal(sms_text_encode("hello", 5, SMS_AUTO, &text, NULL), 0);
    const struct pdu_submit good = {.to = "1414", .text = &text, .validity_ms = 1};
    struct pdu_tpdu tpdu;
    struct pdu_submit bad;
    assert_int_equal(pdu_submit_encode(&good, &tpdu), 0);
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        bad = good;                                                                                \
        bad.change;                                                                                \
        assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);                                 \
    } while (0)
    REFUSED(to = NULL);
    REFUSED(to = "");
    REFUSED(to = "+");
    REFUSED(to = "0912*");
    REFUSED(to = "0912 345");
    REFUSED(to = "1234567890123456");
    REFUSED(text = NULL);
    REFUSED(part = 1);
    REFUSED(validity_ms = 0);
    REFUSED(validity_ms = -1);
    REFUSED(replace_type = 8);
    struct sms_text broken = text;
    bad = good;
    bad.text = &broken;
    broken.encoding = SMS_AUTO;
    assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);
    broken = text, broken.parts = 0;
    assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);
    broken = text, broken.parts = SMS_PARTS_MAX + 1;
    assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);
    broken = text, broken.unit[2] = 128;
    assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);
    broken = text, broken.start[1] = 161, broken.units = 161;
    assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);
    broken = text, broken.start[1] = 0;
    assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);
    broken = text, broken.start[1] = 6; /* over its units */
    assert_int_equal(pdu_submit_encode(&bad, &tpdu), -EINVAL);
}

static void validity_steps(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        uint8_t vp;
    } rows[] = {
        {INT64_MIN, 0},
        {-1, 0},
        {0, 0},
        {1, 0},
        {5 * MIN, 0},
        {5 * MIN + 1, 1},
        {10 * MIN, 1},
        {15 * MIN, 2},
        {HOUR, 11},
        {12 * HOUR - 1, 143},
        {12 * HOUR, 143},
        {12 * HOUR + 1, 144},
        {12 * HOUR + 30 * MIN, 144},
        {12 * HOUR + 30 * MIN + 1, 145},
        {DAY - 30 * MIN, 166},
        {DAY - 30 * MIN + 1, 167},
        {DAY, 167},
        {DAY + 1, 168},
        {2 * DAY, 168},
        {2 * DAY + 1, 169},
        {30 * DAY, 196},
        {30 * DAY + 1, 197},
        {5 * WEEK, 197},
        {5 * WEEK + 1, 198},
        {63 * WEEK, 255},
        {63 * WEEK + 1, 255},
        {INT64_MAX, 255},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(pdu_validity(rows[i].ms), rows[i].vp);
    for (unsigned vp = 0; vp < 256; vp++) {
        int64_t ms = pdu_validity_ms((uint8_t)vp);
        assert_int_equal(pdu_validity(ms), vp);
        assert_int_equal(pdu_validity(ms + 1), vp < 255 ? vp + 1 : 255);
        if (vp)
            assert_true(ms > pdu_validity_ms((uint8_t)(vp - 1)));
    }
    assert_int_equal(pdu_validity_ms(0), 5 * MIN);
    assert_int_equal(pdu_validity_ms(143), 12 * HOUR);
    assert_int_equal(pdu_validity_ms(167), DAY);
    assert_int_equal(pdu_validity_ms(196), 30 * DAY);
    assert_int_equal(pdu_validity_ms(255), 63 * WEEK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_parts),      cmocka_unit_test(concatenated),
        cmocka_unit_test(concatenated_ucs2), cmocka_unit_test(vectors_of_the_file),
        cmocka_unit_test(the_longest),       cmocka_unit_test(faults_of_the_caller),
        cmocka_unit_test(validity_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
