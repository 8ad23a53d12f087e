/* text: tables of what goes in and what comes out. */
#include "cm.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void utf8_decodes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int32_t code_points[6]; /* ends with -1 */
    } rows[] = {
        {"", {-1}},
        {"a", {'a', -1}},
        {"\xc2\x80\xdf\xbf", {0x80, 0x7ff, -1}},
        {"\xe0\xa0\x80\xef\xbf\xbf", {0x800, 0xffff, -1}},
        {"\xed\x9f\xbf\xee\x80\x80", {0xd7ff, 0xe000, -1}},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", {0x10000, 0x10ffff, -1}},
        {"m\xc3\xa3", {'m', 0xe3, -1}},
        {"\xe1\xba\xad", {0x1ead, -1}},
        /* malformed: each bad byte once, and what follows is still read */
        {"\x80", {-2, -1}},
        {"\xbf"
         "a",
         {-2, 'a', -1}},
        {"\xc0\x80", {-2, -2, -1}}, /* overlong NUL */
        {"\xc1\xbf", {-2, -2, -1}},
        {"\xe0\x9f\xbf", {-2, -2, -2, -1}}, /* overlong */
        {"\xf0\x8f\xbf\xbf", {-2, -2, -2, -2, -1}},
        {"\xed\xa0\x80", {-2, -2, -2, -1}},         /* surrogate */
        {"\xf4\x90\x80\x80", {-2, -2, -2, -2, -1}}, /* over U+10FFFF */
        {"\xf5", {-2, -1}},
        {"\xff"
         "a",
         {-2, 'a', -1}},
        {"\xc3", {-2, -1}}, /* cut short */
        {"\xe1\xba", {-2, -1}},
        {"\xf0\x9f\x98", {-2, -1}},
        {"\xc3"
         "a",
         {-2, 'a', -1}},
        {"\xe1\xba"
         "a",
         {-2, 'a', -1}},
        {"\xe1\xba\xc3\xa3", {-2, 0xe3, -1}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t pos = 0, len = strlen(rows[i].bytes);
        bool good = true;
        for (size_t n = 0;; n++) {
            int32_t want = rows[i].code_points[n];
            assert_int_equal(text_utf8_next(rows[i].bytes, len, &pos), want);
            if (want == -1)
                break;
            good = good && want >= 0;
        }
        assert_int_equal(pos, len);
        assert_int_equal(text_utf8_valid(rows[i].bytes, len), good);
    }
}

static void utf8_holds_nul(void **state)
{
    (void)state;
    size_t pos = 0;
    assert_int_equal(text_utf8_next("\0a", 2, &pos), 0);
    assert_int_equal(text_utf8_next("\0a", 2, &pos), 'a');
    assert_int_equal(text_utf8_next("\0a", 2, &pos), -1);
}

static void utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char out[4];
        size_t pos = 0;
        if (c == 0xd800)
            c = 0xe000;
        size_t len = text_utf8_put(out, c);
        assert_int_equal(text_utf8_next(out, len, &pos), c);
        assert_int_equal(pos, len);
    }
}

static void hex(void **state)
{
    (void)state;
    uint8_t bytes[4];
    char out[9];
    assert_int_equal(text_hex_decode("00fFA9", 6, bytes, sizeof(bytes)), 3);
    assert_memory_equal(bytes, "\x00\xff\xa9", 3);
    text_hex_encode(bytes, 3, out);
    assert_string_equal(out, "00FFA9");
    assert_int_equal(text_hex_decode("", 0, bytes, 0), 0);
    assert_int_equal(text_hex_decode("0", 1, bytes, 4), -EINVAL);
    assert_int_equal(text_hex_decode("0g", 2, bytes, 4), -EINVAL);
    assert_int_equal(text_hex_decode(" 0", 2, bytes, 4), -EINVAL);
    assert_int_equal(text_hex_decode("0011223344", 10, bytes, 4), -EINVAL);
    text_hex_encode(bytes, 0, out);
    assert_string_equal(out, "");
}

static void copy(void **state)
{
    (void)state;
    char out[4];
    assert_true(text_copy(out, sizeof(out), "abc"));
    assert_string_equal(out, "abc");
    assert_false(text_copy(out, sizeof(out), "abcd"));
    assert_string_equal(out, "abc");
    assert_true(text_copy(out, 1, ""));
    assert_false(text_copy(out, 1, "x"));
    assert_string_equal(out, "");
}

static void mask_number(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"+84827123088", "082**088"},
        {"+84912345678", "091**678"},
        {"+842812345678", "028**678"}, /* a fixed line */
        {"0912345678", "091**678"},
        {"+14155550123", "+141**123"},
        {"+4915112345678", "+4915**678"},
        {"+85620123456", "+85620**456"},
        {"+73952123456", "+739**456"},
        {"+123456789012345", "+123**345"},
        {"1414", "***"},
        {"+84", "***"},
        {"+841414", "***"},
        {"", "***"},
        {"+", "***"},
        {"12345678", "***"},
        {"123456789", "123**789"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[16];
        text_mask_number(rows[i][0], out);
        assert_string_equal(out, rows[i][1]);
    }
}

static void iso8601(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1795349778123, "2026-11-22T12:16:18.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[32];
        text_iso8601(rows[i].wall_ms, out);
        assert_string_equal(out, rows[i].text);
    }
    char out[32];
    text_iso8601(INT64_MAX, out); /* nonsense stays in its room */
    text_iso8601(INT64_MIN, out);
}

static void nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"port", "driver", "daily_budget", "min_interval_ms", "pin"};
    static const char *const rows[][2] = {
        {"port", "port"},
        {"prot", "port"},
        {"ports", "port"},
        {"Driver", "driver"},
        {"drvier", "driver"},
        {"dayly_buget", "daily_budget"},
        {"pni", "pin"},
        {"min_intervall", "min_interval_ms"},
        {"min_interval", "min_interval_ms"},
        {"colour", NULL},
        {"", NULL},
        {"pxyt", "port"},
        {"xyzt", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = text_nearest(rows[i][0], names, COUNT(names));
        if (rows[i][1])
            assert_string_equal(got ? got : "(none)", rows[i][1]);
        else
            assert_null(got);
    }
    char giant[200];
    memset(giant, 'a', sizeof(giant) - 1);
    giant[sizeof(giant) - 1] = '\0';
    assert_null(text_nearest(giant, names, COUNT(names)));
    assert_null(text_nearest("port", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_decodes),
        cmocka_unit_test(utf8_holds_nul),
        cmocka_unit_test(utf8_round_trip),
        cmocka_unit_test(hex),
        cmocka_unit_test(copy),
        cmocka_unit_test(mask_number),
        cmocka_unit_test(iso8601),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
