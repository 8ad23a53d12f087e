/* number: the gate, one row for each way a number may be typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "number.h"

static const struct number_rules strict = {"84", false, false};
static const struct number_rules open_ = {"84", true, true};

struct row {
    const char *typed;
    enum number_verdict verdict;
    const char *becomes; /* digits, or for OLD_ELEVEN what is offered */
};
static const struct row strict_rows[] = {
    /* the ways to write one number */
    {"0912345678", NUMBER_OK, "+84912345678"},
    {"+84912345678", NUMBER_OK, "+84912345678"},
    {"84912345678", NUMBER_OK, "+84912345678"},
    {"0084912345678", NUMBER_OK, "+84912345678"},
    {"912345678", NUMBER_OK, "+84912345678"},
    {"0912 345 678", NUMBER_OK, "+84912345678"},
    {"0912.345.678", NUMBER_OK, "+84912345678"},
    {"0912-345-678", NUMBER_OK, "+84912345678"},
    {"(091) 234-5678", NUMBER_OK, "+84912345678"},
    {" +84 (0) 912 345 678 ", NUMBER_OK, "+84912345678"},
    {"(+84) 912345678", NUMBER_OK, "+84912345678"},
    {"+840912345678", NUMBER_OK, "+84912345678"},
    {"00840912345678", NUMBER_OK, "+84912345678"},
    {"840912345678", NUMBER_OK, "+84912345678"},
    /* 84: a country code or VinaPhone's prefix, by length */
    {"845551234", NUMBER_OK, "+84845551234"},
    {"0845551234", NUMBER_OK, "+84845551234"},
    {"84845551234", NUMBER_OK, "+84845551234"},
    {"+84845551234", NUMBER_OK, "+84845551234"},
    {"8455512345", NUMBER_BAD_LENGTH, ""},
    {"84555123", NUMBER_BAD_LENGTH, ""},
    /* nothing, and what is no number */
    {"", NUMBER_EMPTY, ""},
    {"   ", NUMBER_EMPTY, ""},
    {"+", NUMBER_EMPTY, ""},
    {"()-.", NUMBER_EMPTY, ""},
    {"0912345678;", NUMBER_BAD_CHARACTER, ""},
    {"0912\"345678", NUMBER_BAD_CHARACTER, ""},
    {"0912'345678", NUMBER_BAD_CHARACTER, ""},
    {"0912345678\r", NUMBER_BAD_CHARACTER, ""},
    {"0912345678\n", NUMBER_BAD_CHARACTER, ""},
    {"0912\t345678", NUMBER_BAD_CHARACTER, ""},
    {"0912345678\x1a", NUMBER_BAD_CHARACTER, ""},
    {"0912345678\x1b", NUMBER_BAD_CHARACTER, ""},
    {"0912,345,678", NUMBER_BAD_CHARACTER, ""},
    {"0912/345678", NUMBER_BAD_CHARACTER, ""},
    {"0912345678x", NUMBER_BAD_CHARACTER, ""},
    {"*101#", NUMBER_BAD_CHARACTER, ""},
    {"091234567O", NUMBER_BAD_CHARACTER, ""},
    {"0912\u00A0345678", NUMBER_BAD_CHARACTER, ""},
    {"\uFF10912345678", NUMBER_BAD_CHARACTER, ""},
    {"++84912345678", NUMBER_BAD_CHARACTER, ""},
    {"84+912345678", NUMBER_BAD_CHARACTER, ""},
    {"0912345678+", NUMBER_BAD_CHARACTER, ""},
    {"AT+CMGS", NUMBER_BAD_CHARACTER, ""},
    {"tel:0912345678", NUMBER_BAD_CHARACTER, ""},
    /* lengths */
    {"0", NUMBER_BAD_LENGTH, ""},
    {"00", NUMBER_BAD_LENGTH, ""},
    {"84", NUMBER_BAD_LENGTH, ""},
    {"+84", NUMBER_BAD_LENGTH, ""},
    {"12", NUMBER_BAD_LENGTH, ""},
    {"091234567", NUMBER_BAD_LENGTH, ""},
    {"09123456789", NUMBER_BAD_LENGTH, ""},
    {"+8491234567", NUMBER_BAD_LENGTH, ""},
    {"+849123456789", NUMBER_BAD_LENGTH, ""},
    {"01234", NUMBER_BAD_LENGTH, ""},
    {"0912345678091234567", NUMBER_BAD_LENGTH, ""},
    {"09123456780912345678", NUMBER_BAD_LENGTH, ""},
    {"0912345678091234567809123456780912345678", NUMBER_BAD_LENGTH, ""},
    {"+0912345678", NUMBER_BAD_LENGTH, ""},
    {"+1414", NUMBER_BAD_LENGTH, ""},
    /* 2018 */
    {"01623456789", NUMBER_OLD_ELEVEN, "+84323456789"},
    {"01633456789", NUMBER_OLD_ELEVEN, "+84333456789"},
    {"01643456789", NUMBER_OLD_ELEVEN, "+84343456789"},
    {"01653456789", NUMBER_OLD_ELEVEN, "+84353456789"},
    {"01663456789", NUMBER_OLD_ELEVEN, "+84363456789"},
    {"01673456789", NUMBER_OLD_ELEVEN, "+84373456789"},
    {"01683456789", NUMBER_OLD_ELEVEN, "+84383456789"},
    {"01693456789", NUMBER_OLD_ELEVEN, "+84393456789"},
    {"01234567890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"01244567890", NUMBER_OLD_ELEVEN, "+84844567890"},
    {"01254567890", NUMBER_OLD_ELEVEN, "+84854567890"},
    {"01274567890", NUMBER_OLD_ELEVEN, "+84814567890"},
    {"01294567890", NUMBER_OLD_ELEVEN, "+84824567890"},
    {"01204567890", NUMBER_OLD_ELEVEN, "+84704567890"},
    {"01214567890", NUMBER_OLD_ELEVEN, "+84794567890"},
    {"01224567890", NUMBER_OLD_ELEVEN, "+84774567890"},
    {"01264567890", NUMBER_OLD_ELEVEN, "+84764567890"},
    {"01284567890", NUMBER_OLD_ELEVEN, "+84784567890"},
    {"01864567890", NUMBER_OLD_ELEVEN, "+84564567890"},
    {"01884567890", NUMBER_OLD_ELEVEN, "+84584567890"},
    {"01994567890", NUMBER_OLD_ELEVEN, "+84594567890"},
    {"+841234567890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"841234567890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"00841234567890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"1234567890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"0123 456 7890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"01614567890", NUMBER_BAD_LENGTH, ""}, /* was never given out */
    {"01874567890", NUMBER_BAD_LENGTH, ""},
    /* of the country, but no handset */
    {"02438251234", NUMBER_NOT_MOBILE, ""},
    {"+842438251234", NUMBER_NOT_MOBILE, ""},
    {"842438251234", NUMBER_NOT_MOBILE, ""},
    {"02033825123", NUMBER_NOT_MOBILE, ""},
    {"18008098", NUMBER_NOT_MOBILE, ""},
    {"19001234", NUMBER_NOT_MOBILE, ""},
    {"1900545415", NUMBER_NOT_MOBILE, ""},
    {"8418008098", NUMBER_NOT_MOBILE, ""},
    {"0412345678", NUMBER_NOT_MOBILE, ""},
    {"0612345678", NUMBER_NOT_MOBILE, ""},
    {"0212345678", NUMBER_NOT_MOBILE, ""},
    /* short codes and other countries */
    {"1414", NUMBER_SHORT_CODE, ""},
    {"113", NUMBER_SHORT_CODE, ""},
    {"841", NUMBER_SHORT_CODE, ""},
    {"123456", NUMBER_SHORT_CODE, ""},
    {"1234567", NUMBER_BAD_LENGTH, ""},
    {"+14155552671", NUMBER_FOREIGN, ""},
    {"0014155552671", NUMBER_FOREIGN, ""},
    {"+85620123456", NUMBER_FOREIGN, ""},
    {"14155552671", NUMBER_BAD_LENGTH, ""}, /* no + and no country of ours: not guessed */
};
static const struct row open_rows[] = {
    {"1414", NUMBER_OK, "1414"},
    {"14 14", NUMBER_OK, "1414"},
    {"113", NUMBER_OK, "113"},
    {"123456", NUMBER_OK, "123456"},
    {"12", NUMBER_BAD_LENGTH, ""},
    {"0114", NUMBER_BAD_LENGTH, ""},
    {"+14155552671", NUMBER_OK, "+14155552671"},
    {"00 1 (415) 555-2671", NUMBER_OK, "+14155552671"},
    {"+2907123", NUMBER_OK, "+2907123"},
    {"+290712", NUMBER_BAD_LENGTH, ""},
    {"+123456789012345", NUMBER_OK, "+123456789012345"},
    {"+1234567890123456", NUMBER_BAD_LENGTH, ""},
    {"0001234567", NUMBER_BAD_LENGTH, ""},
    {"0912345678", NUMBER_OK, "+84912345678"},
    {"01234567890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"+841234567890", NUMBER_OLD_ELEVEN, "+84834567890"},
    {"02438251234", NUMBER_NOT_MOBILE, ""},
};

static void row_check(const struct row *row, const struct number_rules *rules)
{
    struct number got;
    memset(&got, 0x55, sizeof got);
    enum number_verdict verdict = number_parse(row->typed, strlen(row->typed), rules, &got);
    if (verdict != row->verdict)
        fail_msg("\"%s\": %s, not %s", row->typed, number_verdict_name(verdict),
                 number_verdict_name(row->verdict));
    assert_string_equal(got.digits, verdict == NUMBER_OK ? row->becomes : "");
    assert_string_equal(got.suggest, verdict == NUMBER_OLD_ELEVEN ? row->becomes : "");
    assert_int_equal(got.international, got.digits[0] == '+');
    if (verdict == NUMBER_OK)
        assert_true(number_is_clean(got.digits));
    if (verdict == NUMBER_OLD_ELEVEN) /* what is offered must pass the gate itself */
        assert_int_equal(number_parse(got.suggest, strlen(got.suggest), &strict, &got), NUMBER_OK);
}

static void what_people_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strict_rows / sizeof *strict_rows; i++)
        row_check(&strict_rows[i], &strict);
    for (size_t i = 0; i < sizeof open_rows / sizeof *open_rows; i++)
        row_check(&open_rows[i], &open_);
}

/* The pattern of facts, written a second time, digit by digit. */
static int is_mobile(int a, int b, int c)
{
    switch (a) {
    case 3:
        return 1;
    case 7:
        return b == 0 || b >= 6;
    case 5:
        return b == 1 || b == 6 || b == 8 || b == 9 || (b == 2 && (c == 2 || c == 3 || c == 8)) ||
               (b == 5 && c == 9);
    case 8:
        return (b >= 1 && b <= 8) || (b == 9 && c >= 6);
    case 9:
        return b <= 8 || c == 0 || c == 1 || c == 3 || c >= 4;
    }
    return 0;
}

static void every_prefix(void **state)
{
    (void)state;
    unsigned mobile = 0;
    for (int n = 0; n < 1000; n++) {
        char typed[] = "0000234567";
        typed[1] = (char)('0' + n / 100);
        typed[2] = (char)('0' + n / 10 % 10);
        typed[3] = (char)('0' + n % 10);
        if (typed[1] == '0') /* 00: the international prefix */
            continue;
        struct number got;
        int want = is_mobile(n / 100, n / 10 % 10, n % 10);
        enum number_verdict verdict = number_parse(typed, strlen(typed), &strict, &got);
        if (verdict != (want ? NUMBER_OK : NUMBER_NOT_MOBILE))
            fail_msg("%s: %s", typed, number_verdict_name(verdict));
        mobile += (unsigned)want;
    }
    assert_int_equal(mobile, 100 + 50 + 44 + 84 + 99);
}

static void counted_not_terminated(void **state)
{
    (void)state;
    struct number got;
    assert_int_equal(number_parse("0912345678999", 10, &strict, &got), NUMBER_OK);
    assert_int_equal(number_parse("0912345678\0", 11, &strict, &got), NUMBER_BAD_CHARACTER);
    assert_int_equal(number_parse("0912\0"
                                  "345678",
                                  11, &strict, &got),
                     NUMBER_BAD_CHARACTER);
    assert_int_equal(number_parse(NULL, 0, &strict, &got), NUMBER_EMPTY);
    for (int c = 0; c < 256; c++) {
        char typed[] = "0912.345678";
        typed[4] = (char)c;
        enum number_verdict want = strchr(" .-()", c) && c ? NUMBER_OK : NUMBER_BAD_CHARACTER;
        if (c >= '0' && c <= '9')
            want = NUMBER_BAD_LENGTH;
        assert_int_equal(number_parse(typed, 11, &strict, &got), want);
    }
}

static void another_country(void **state)
{
    (void)state;
    const struct number_rules laos = {"856", true, false}, us = {"1", false, false};
    struct number got;
    assert_int_equal(number_parse("020 5512 3456", 13, &laos, &got), NUMBER_OK);
    assert_string_equal(got.digits, "+8562055123456");
    assert_int_equal(number_parse("+856 20 5512 3456", 17, &laos, &got), NUMBER_OK);
    assert_string_equal(got.digits, "+8562055123456");
    assert_int_equal(number_parse("+84912345678", 12, &laos, &got), NUMBER_FOREIGN);
    assert_int_equal(number_parse("14155552671", 11, &us, &got), NUMBER_OK);
    assert_string_equal(got.digits, "+14155552671");
    assert_int_equal(number_parse("41555526", 8, &us, &got), NUMBER_BAD_LENGTH);
    assert_int_equal(number_parse("01234567890123456", 17, &laos, &got), NUMBER_BAD_LENGTH);
    assert_int_equal(number_parse("1000377755", 10, &us, &got), NUMBER_BAD_LENGTH);
    assert_int_equal(number_parse("012", 3, &laos, &got), NUMBER_BAD_LENGTH);
}

static void tails(void **state)
{
    (void)state;
    assert_string_equal(number_tail("+84912345678"), "912345678");
    assert_string_equal(number_tail("0912345678"), "912345678");
    assert_string_equal(number_tail("912345678"), "912345678");
    assert_string_equal(number_tail("1414"), "1414");
    assert_string_equal(number_tail("+1414"), "1414");
    assert_string_equal(number_tail(""), "");
}

static void cleanliness(void **state)
{
    (void)state;
    static const char *const clean[] = {"+84912345678", "1414", "113", "123456789012345",
                                        "+123456789012345"};
    static const char *const dirty[] = {"",
                                        "+",
                                        "12",
                                        "+12",
                                        "1234567890123456",
                                        "+84 912",
                                        "84912345678;",
                                        "\"1414",
                                        "1414\r",
                                        "++8491",
                                        "*101#",
                                        "84+912345",
                                        "+1234567890123456"};
    for (size_t i = 0; i < sizeof clean / sizeof *clean; i++)
        assert_true(number_is_clean(clean[i]));
    for (size_t i = 0; i < sizeof dirty / sizeof *dirty; i++)
        assert_false(number_is_clean(dirty[i]));
    assert_false(number_is_clean(NULL));
}

static void verdict_names(void **state)
{
    (void)state;
    static const char *const names[] = {"ok",         "empty",      "bad_character", "bad_length",
                                        "old_eleven", "short_code", "foreign",       "not_mobile"};
    for (unsigned i = 0; i < 8; i++)
        assert_string_equal(number_verdict_name((enum number_verdict)i), names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_type),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(counted_not_terminated),
        cmocka_unit_test(another_country),
        cmocka_unit_test(tails),
        cmocka_unit_test(cleanliness),
        cmocka_unit_test(verdict_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
