/* encoding: the alphabet, the choice of one, and where parts are cut. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "encoding.h"
#include "gsm7.h"
#include "text.h"

static struct sms_text text;

/* Repeats `piece` and puts `tail` behind. */
static const char *many(const char *piece, unsigned times, const char *tail)
{
    static char out[20000];
    size_t len = 0;
    for (unsigned i = 0; i < times; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s", piece);
    snprintf(out + len, sizeof out - len, "%s", tail);
    return out;
}

static int encode(const char *utf8, enum sms_encoding want)
{
    memset(&text, 0x55, sizeof text);
    return sms_text_encode(utf8, strlen(utf8), want, &text, NULL);
}

/* Clause 6.2.1 row by row, typed from the standard's table by hand: columns of sixteen. */
static const char alphabet[] = "@£$¥èéùìòÇ\nØø\rÅå"
                               "Δ_ΦΓΛΩΠΨΣΘΞ\u00A0ÆæßÉ" /* the escape shows as a no-break space */
                               " !\"#¤%&'()*+,-./"
                               "0123456789:;<=>?"
                               "¡ABCDEFGHIJKLMNO"
                               "PQRSTUVWXYZÄÖÑÜ§"
                               "¿abcdefghijklmno"
                               "pqrstuvwxyzäöñüà";

static void the_alphabet(void **state)
{
    (void)state;
    size_t pos = 0, len = sizeof alphabet - 1;
    for (int septet = 0; septet < 128; septet++) {
        int32_t c = text_utf8_next(alphabet, len, &pos);
        assert_true(c > 0);
        assert_int_equal(gsm7_to_char((uint8_t)septet), c);
        if (septet != GSM7_ESCAPE)
            assert_int_equal(gsm7_from_char((uint32_t)c), septet);
    }
    assert_int_equal(pos, len);
    assert_int_equal(gsm7_from_char(0xA0), -1); /* never an escape by accident */
    assert_int_equal(gsm7_from_char(0x1B), -1);
}

static void the_extension(void **state)
{
    (void)state;
    static const struct {
        uint32_t c;
        int septet;
    } rows[] = {{'\f', 0x0A}, {'^', 0x14}, {'{', 0x28}, {'}', 0x29}, {'\\', 0x2F},
                {'[', 0x3C},  {'~', 0x3D}, {']', 0x3E}, {'|', 0x40}, {0x20AC, 0x65}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(gsm7_from_char(rows[i].c), 0x1B00 | rows[i].septet);
        assert_int_equal(gsm7_to_char_extended((uint8_t)rows[i].septet), rows[i].c);
    }
    assert_int_equal(gsm7_to_char_extended('A'), 'A');
}

/* How many characters the alphabet holds at all: 127 and 10. Anything else would be a wrong guess.
 */
static void nothing_else(void **state)
{
    (void)state;
    unsigned held = 0;
    for (uint32_t c = 0; c < 0x30000; c++)
        held += gsm7_from_char(c) >= 0;
    assert_int_equal(held, 127 + 10);
    /* the traps: look-alikes that the alphabet lacks */
    static const uint32_t lacked[] = {'`',  0xE7,   0xC8,   0xC0,  0xE1,  0xE3, 0xF3, 0x110, 0x111,
                                      '\t', 0x2019, 0x2026, 0x391, 0x3BC, 0xB5, 0x7F, 0};
    for (size_t i = 0; i < sizeof lacked / sizeof *lacked; i++)
        assert_int_equal(gsm7_from_char(lacked[i]), -1);
}

static void packing(void **state)
{
    (void)state;
    static const uint16_t hello[] = {'h', 'e', 'l', 'l', 'o', 'h', 'e', 'l', 'l', 'o'};
    static const uint8_t packed[] = {0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37};
    uint8_t out[200];
    assert_int_equal(gsm7_pack(hello, 10, 0, out), 9);
    assert_memory_equal(out, packed, 9);
    uint16_t septets[160];
    uint8_t back[160];
    for (unsigned i = 0; i < 160; i++)
        septets[i] = (uint16_t)((i * 37 + 11) % 128);
    for (unsigned fill = 0; fill < 7; fill++)
        for (unsigned count = 0; count <= 160; count++) {
            memset(out, 0xAA, sizeof out);
            size_t len = gsm7_pack(septets, count, fill, out);
            assert_int_equal(len, (fill + 7 * count + 7) / 8);
            assert_int_equal(out[len], 0xAA);
            if (len)
                assert_int_equal(out[0] & ((1u << fill) - 1), 0);
            gsm7_unpack(out, fill, count, back);
            for (unsigned i = 0; i < count; i++)
                assert_int_equal(back[i], septets[i]);
        }
}

static void the_choice(void **state)
{
    (void)state;
    static const struct {
        const char *utf8;
        enum sms_encoding want, got;
        int err;
        unsigned units;
    } rows[] = {
        {"Ma OTP: 123456", SMS_AUTO, SMS_GSM7, 0, 14},
        {"Ma OTP: 123456", SMS_UCS2, SMS_UCS2, 0, 14},
        {"@", SMS_AUTO, SMS_GSM7, 0, 1},
        {"@dichvucong.example.gov.vn #123456", SMS_AUTO, SMS_GSM7, 0, 34},
        {"[€]", SMS_AUTO, SMS_GSM7, 0, 6},
        {"à è é ì ò ù É", SMS_AUTO, SMS_GSM7, 0, 13},
        {"Mã OTP", SMS_AUTO, SMS_UCS2, 0, 6},
        {"`", SMS_AUTO, SMS_UCS2, 0, 1},
        {"\t", SMS_AUTO, SMS_UCS2, 0, 1},
        {"😀", SMS_AUTO, SMS_UCS2, 0, 2},
        {"~", SMS_UCS2, SMS_UCS2, 0, 1},
        {"Mã OTP", SMS_GSM7, 0, -ENOTSUP, 0},
        {"", SMS_AUTO, 0, -EINVAL, 0},
        {"\xC3", SMS_AUTO, 0, -EILSEQ, 0},
        {"abc\xFF", SMS_UCS2, 0, -EILSEQ, 0},
        {"\xED\xA0\x80", SMS_UCS2, 0, -EILSEQ, 0}, /* a surrogate */
        {"\xC0\x80", SMS_AUTO, 0, -EILSEQ, 0},     /* an overlong NUL */
        {"\xF4\x90\x80\x80", SMS_AUTO, 0, -EILSEQ, 0},
        {"ã\xFF", SMS_GSM7, 0, -EILSEQ, 0}, /* before -ENOTSUP: it is no text at all */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(encode(rows[i].utf8, rows[i].want), rows[i].err);
        if (rows[i].err)
            continue;
        assert_int_equal(text.encoding, rows[i].got);
        assert_int_equal(text.units, rows[i].units);
        assert_int_equal(text.parts, 1);
        assert_int_equal(text.start[0], 0);
        assert_int_equal(text.start[1], text.units);
    }
    assert_int_equal(sms_text_encode("a\0b", 3, SMS_AUTO, &text, NULL), -EILSEQ);
    assert_int_equal(sms_text_encode("\0", 1, SMS_UCS2, &text, NULL), -EILSEQ);
    uint32_t bad = 0;
    assert_int_equal(sms_text_encode("a\u1EA1\u0111", 6, SMS_GSM7, &text, &bad), -ENOTSUP);
    assert_int_equal(bad, 0x1EA1);
}

static void the_units(void **state)
{
    (void)state;
    assert_int_equal(encode("@£[a", SMS_AUTO), 0);
    static const uint16_t septets[] = {0x00, 0x01, 0x1B, 0x3C, 0x61};
    assert_int_equal(text.units, 5);
    assert_memory_equal(text.unit, septets, sizeof septets);
    assert_int_equal(encode("~ệ😀\uFFFF", SMS_UCS2), 0);
    static const uint16_t halves[] = {0x7E, 0x1EC7, 0xD83D, 0xDE00, 0xFFFF};
    assert_int_equal(text.units, 5);
    assert_memory_equal(text.unit, halves, sizeof halves);
    assert_int_equal(encode("\U00010000\U0010FFFF", SMS_AUTO), 0);
    static const uint16_t ends[] = {0xD800, 0xDC00, 0xDBFF, 0xDFFF};
    assert_memory_equal(text.unit, ends, sizeof ends);
}

static void the_cuts(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        unsigned times;
        const char *tail;
        enum sms_encoding want;
        int err;
        unsigned parts, first; /* units of the first part */
    } rows[] = {
        {"a", 160, "", SMS_AUTO, 0, 1, 160},
        {"a", 161, "", SMS_AUTO, 0, 2, 153},
        {"a", 306, "", SMS_AUTO, 0, 2, 153},
        {"a", 307, "", SMS_AUTO, 0, 3, 153},
        {"a", 158, "[", SMS_AUTO, 0, 1, 160},
        {"a", 159, "[", SMS_AUTO, 0, 2, 153},
        {"[", 80, "", SMS_AUTO, 0, 1, 160},
        {"[", 81, "", SMS_AUTO, 0, 2, 152}, /* 153 is odd: never half a pair */
        {"[", 152, "", SMS_AUTO, 0, 2, 152},
        {"[", 153, "", SMS_AUTO, 0, 3, 152},
        {"a", 152, "[aaaaaaa", SMS_AUTO, 0, 2, 152},
        {"a", 1530, "", SMS_AUTO, 0, 10, 153},
        {"a", 1531, "", SMS_AUTO, -E2BIG, 0, 0},
        {"[", 760, "", SMS_AUTO, 0, 10, 152},
        {"[", 761, "", SMS_AUTO, -E2BIG, 0, 0}, /* 1522 septets, but parts of 152 */
        {"[", 765, "", SMS_AUTO, -E2BIG, 0, 0},
        {"ã", 70, "", SMS_AUTO, 0, 1, 70},
        {"ã", 71, "", SMS_AUTO, 0, 2, 67},
        {"ã", 134, "", SMS_AUTO, 0, 2, 67},
        {"ã", 135, "", SMS_AUTO, 0, 3, 67},
        {"😀", 35, "", SMS_AUTO, 0, 1, 70},
        {"😀", 36, "", SMS_AUTO, 0, 2, 66},
        {"ã", 66, "😀ãã ã", SMS_AUTO, 0, 2, 66},
        {"ã", 67, "😀ãã", SMS_AUTO, 0, 2, 67},
        {"ã", 670, "", SMS_AUTO, 0, 10, 67},
        {"ã", 671, "", SMS_AUTO, -E2BIG, 0, 0},
        {"😀", 330, "", SMS_AUTO, 0, 10, 66},
        {"😀", 331, "", SMS_AUTO, -E2BIG, 0, 0},
        {"a", 671, "", SMS_UCS2, -E2BIG, 0, 0},
        {"a", 15000, "", SMS_AUTO, -E2BIG, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int err = encode(many(rows[i].piece, rows[i].times, rows[i].tail), rows[i].want);
        if (err != rows[i].err || (!err && text.parts != rows[i].parts))
            fail_msg("row %zu: %d, %u parts", i, err, text.parts);
        if (err)
            continue;
        assert_int_equal(text.start[1], rows[i].first);
        assert_int_equal(text.start[text.parts], text.units);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_alphabet), cmocka_unit_test(the_extension),
        cmocka_unit_test(nothing_else), cmocka_unit_test(packing),
        cmocka_unit_test(the_choice),   cmocka_unit_test(the_units),
        cmocka_unit_test(the_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
