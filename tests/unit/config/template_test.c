/* Texts of codes: to the byte, to the septet, and every mistake found when the file is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "encoding.h"
#include "purpose.h"
#include "template.h"

static struct config_purpose plain(void)
{
    return (struct config_purpose){.length = 6, .ttl_s = 300};
}

static const char *render(const struct config_purpose *purpose, const char *text,
                          const struct template_values *values)
{
    static char out[TEMPLATE_TEXT_MAX + 1];
    int len = template_render(purpose, text, values, out);
    assert_true(len >= 0);
    out[len] = '\0';
    return out;
}

/* The facts' own example, to the byte; the bound line is the last, and nothing comes after it. */
static void bound_line(void **state)
{
    struct config_purpose purpose = plain();
    struct template_values values = {
        .code = "123456", .minutes = 5, .origin = "dichvucong.example.gov.vn"};
    struct sms_text text;
    uint32_t bad;
    (void)state;
    const char *out = render(&purpose,
                             "Ma OTP dang ky tai khoan Cong DVC: {code}. Hieu luc {minutes} phut. "
                             "KHONG chia se ma nay cho bat ky ai.",
                             &values);
    assert_string_equal(out, "Ma OTP dang ky tai khoan Cong DVC: 123456. Hieu luc 5 phut. KHONG "
                             "chia se ma nay cho bat ky ai.\n\n@dichvucong.example.gov.vn #123456");
    assert_int_equal(sms_text_encode(out, strlen(out), SMS_GSM7, &text, &bad), 0);
    assert_int_equal(text.parts, 1);
    assert_int_equal(text.units, strlen(out));
    assert_int_equal(text.unit[text.units - 35], 0x0a);
    assert_int_equal(text.unit[text.units - 34], 0x00); /* @ */
    assert_int_equal(text.unit[text.units - 1], '6');
}

static void app_hash_instead(void **state)
{
    struct config_purpose purpose = plain();
    struct template_values values = {.code = "12", .minutes = 1, .app_hash = "FA+9qCX9VSu"};
    (void)state;
    assert_string_equal(render(&purpose, "{code}: {minutes}", &values), "12: 1\n\nFA+9qCX9VSu");
    assert_true(template_app_hash_ok("FA+9qCX9VSu"));
    assert_false(template_app_hash_ok("FA+9qCX9VS"));
    assert_false(template_app_hash_ok("FA+9qCX9VS#"));
}

static void accents(void **state)
{
    struct config_purpose purpose = plain();
    struct template_values values = {.code = "123456", .minutes = 5};
    unsigned units;
    (void)state;
    assert_string_equal(render(&purpose, "Mã: {code} là của bạn, đừng", &values),
                        "Ma: 123456 la cua ban, dung");
    purpose.encoding = PURPOSE_UCS2;
    const char *out = render(&purpose, "Mã: {code} là", &values);
    assert_string_equal(out, "Mã: 123456 là");
    assert_int_equal(template_parts(&purpose, out, strlen(out), &units), 1);
    assert_int_equal(units, 13);
}

struct row {
    const char *text, *why;
    int length, ttl_s, encoding;
    const char *origin;
    bool allow_parts;
};

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void checks(void **state)
{
    static const struct row rows[] = {
        {.text = "Ma {code}", .why = NULL},
        {.text = "Ma", .why = "lacks {code}"},
        {.text = "{code} {minute}", .why = "{minute} is no placeholder"},
        {.text = "{code} {}", .why = "{} is no placeholder"},
        {.text = "{code} {minutes", .why = "{minutes"},
        {.text = "{code} }", .why = "has a } without its {"},
        {.text = "{code} \xe2\x82\xab", .why = NULL}, /* the dong's sign folds */
        {.text = "{code} \xe2\x98\x83", .why = "U+2603 is not in the GSM 7-bit alphabet"},
        {.text = "{code} \xe2\x98\x83", .encoding = PURPOSE_UCS2},
        {.text = X50 X50 X50 "{code}xxxx", .why = NULL}, /* 160 */
        {.text = X50 X50 X50 "{code}xxxxx", .why = "takes 161 septets"},
        {.text = X50 X50 X50 "{code}xxx^", .why = "takes 161 septets"}, /* ^ is two */
        {.text = X50 X50 X50 "{code}xxxx", .length = 10, .why = "takes 164 septets"},
        {.text = X50 X50 X50 "{code}xx{minutes}x", .ttl_s = 599, .why = NULL},
        {.text = X50 X50 X50 "{code}xxx{minutes}", .ttl_s = 600, .why = "takes 161 septets"},
        {.text = X50 X50 X50 "{code}xxxxx", .allow_parts = true},
        {.text = X50 X50 "{code}", .origin = X50, .why = "takes 167 septets"},
        {.text = X50 "{code}xxxxxxxxxxxxxxx", .encoding = PURPOSE_UCS2, .why = "takes 71 UTF-16"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config_purpose purpose = plain();
        char why[300] = "";
        purpose.length = rows[i].length ? rows[i].length : 6;
        purpose.ttl_s = rows[i].ttl_s ? rows[i].ttl_s : 300;
        purpose.encoding = rows[i].encoding;
        purpose.allow_parts = rows[i].allow_parts;
        snprintf(purpose.origin, sizeof purpose.origin, "%s", rows[i].origin ? rows[i].origin : "");
        int rc = template_check(&purpose, rows[i].text, why, sizeof why);
        if ((rc == 0) != !rows[i].why || (rows[i].why && !strstr(why, rows[i].why)))
            fail_msg("row %zu: %d %s", i, rc, why);
    }
}

static void sections(void **state)
{
    static const struct {
        const char *lines, *why;
    } rows[] = {
        {"", "template.*: is missing"},
        {"template.vi = Ma\n", "template.vi: lacks {code}"},
        {"template.vi = {code}\nresend_after_s = 30, x\n", "resend_after_s: wants seconds"},
        {"template.vi = {code}\nresend_after_s = 0\n", "resend_after_s: wants seconds"},
        {"template.vi = {code}\ndeny = 8491\n", "deny: wants prefixes"},
        {"template.vi = {code}\nallow = +84, +8x\n", "allow: wants prefixes"},
        {"template.vi = {code}\norigin = https://a.b\n", "origin: wants a host name"},
        {"template.vi = {code}\nlength = 3\n", "length: wants a whole number from 4 to 10"},
        {"template.averyverylonglocale = {code}\n", "a locale is up to 15 bytes"},
    };
    struct config *config;
    struct config_mistakes mistakes;
    char text[1000];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "[purpose register]\n%s", rows[i].lines);
        assert_int_equal(config_parse("x", text, strlen(text), &config, &mistakes), -EINVAL);
        if (mistakes.count != 1 || !strstr(mistakes.line[0], rows[i].why))
            fail_msg("row %zu: %s", i, mistakes.line[0]);
        config_mistakes_free(&mistakes);
    }
    const char right[] = "[purpose login]\ntemplate.vi = Ma {code}\ntemplate.en = Code {code}\n"
                         "deny = +8499, +8498\nresend_after_s = 10, 20\n";
    assert_int_equal(config_parse("x", right, strlen(right), &config, &mistakes), 0);
    const struct config_purpose *purpose = purpose_find(config, "login");
    assert_non_null(purpose);
    assert_null(purpose_find(config, "log"));
    assert_string_equal(purpose_template(purpose, NULL)->name, "vi");
    assert_string_equal(purpose_template(purpose, "en")->value, "Code {code}");
    assert_null(purpose_template(purpose, "fr"));
    assert_int_equal(purpose->ttl_s, 300);
    assert_int_equal(purpose->checks, 5);
    assert_int_equal(purpose->sends, 3);
    assert_int_equal(purpose->number_per_day, 5);
    assert_int_equal(purpose->subject_per_hour, 3);
    assert_int_equal(purpose_wait_s(purpose, 1), 10);
    assert_int_equal(purpose_wait_s(purpose, 2), 20);
    assert_int_equal(purpose_wait_s(purpose, 9), 20);
    assert_true(purpose_prefix_listed(&purpose->deny, "+84981234567"));
    assert_false(purpose_prefix_listed(&purpose->deny, "+84912345678"));
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_line), cmocka_unit_test(app_hash_instead), cmocka_unit_test(accents),
        cmocka_unit_test(checks),     cmocka_unit_test(sections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
