/* fold: all 134 accented Vietnamese letters in both forms, and what else people paste. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "encoding.h"
#include "text.h"

static char folded[4096];

static void fold_check(const char *utf8, const char *want)
{
    size_t len = strlen(utf8);
    memset(folded, 0x55, sizeof folded);
    ssize_t got = sms_text_fold(utf8, len, folded);
    if (got != (ssize_t)strlen(want) || memcmp(folded, want, (size_t)got) != 0)
        fail_msg("\"%s\": %zd, \"%.*s\"", utf8, got, got > 0 ? (int)got : 0, folded);
    assert_int_equal(folded[got], 0x55);
    assert_true((size_t)got <= len);
}

/* The lower-case letters by their base; the upper-case ones come from the same rows below. */
static void vietnamese_precomposed(void **state)
{
    (void)state;
    fold_check("àáảãạăằắẳẵặâầấẩẫậ", "aaaaaaaaaaaaaaaaa");
    fold_check("ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ", "AAAAAAAAAAAAAAAAA");
    fold_check("èéẻẽẹêềếểễệ", "eeeeeeeeeee");
    fold_check("ÈÉẺẼẸÊỀẾỂỄỆ", "EEEEEEEEEEE");
    fold_check("ìíỉĩị", "iiiii");
    fold_check("ÌÍỈĨỊ", "IIIII");
    fold_check("òóỏõọôồốổỗộơờớởỡợ", "ooooooooooooooooo");
    fold_check("ÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ", "OOOOOOOOOOOOOOOOO");
    fold_check("ùúủũụưừứửữự", "uuuuuuuuuuu");
    fold_check("ÙÚỦŨỤƯỪỨỬỮỰ", "UUUUUUUUUUU");
    fold_check("ỳýỷỹỵ", "yyyyy");
    fold_check("ỲÝỶỸỴ", "YYYYY");
    fold_check("đĐðÐƉ", "dDdDD");
}

/* Every vowel with every shape mark and every tone mark behind it, in either order. */
static void vietnamese_decomposed(void **state)
{
    (void)state;
    static const char *const tones[] = {"",       "\u0300", "\u0301", "\u0309",
                                        "\u0303", "\u0323", "\u0340", "\u0341"};
    static const char *const shapes[] = {"", "\u0302", "\u0306", "\u031B"};
    for (const char *vowel = "aeiouyAEIOUY"; *vowel; vowel++)
        for (size_t tone = 0; tone < sizeof tones / sizeof *tones; tone++)
            for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
                char typed[16], want[4] = {*vowel, 'x', 0};
                snprintf(typed, sizeof typed, "%c%s%sx", *vowel, shapes[shape], tones[tone]);
                fold_check(typed, want);
                snprintf(typed, sizeof typed, "%c%s%sx", *vowel, tones[tone], shapes[shape]);
                fold_check(typed, want);
            }
    fold_check("\u00EA\u0323", "e"); /* half composed: CP1258 converters write it so */
    fold_check("\u01A1\u0301", "o");
    fold_check("–\u0303 \u0308", "- "); /* on what became ASCII */
    fold_check("и\u200B\u0306", "и\u0306");
    fold_check("\u0301a", "a"); /* a mark with nothing to sit on */
}

static void sentences(void **state)
{
    (void)state;
    fold_check("Mã xác thực của Quý khách là 123456. Hiệu lực 5 phút.",
               "Ma xac thuc cua Quy khach la 123456. Hieu luc 5 phut.");
    fold_check("“Đừng chia sẻ mã này” – Cổng DVC…", "\"Dung chia se ma nay\" - Cong DVC...");
    fold_check("H’Hen Niê, K‘Brêu, H\u02BCMông", "H'Hen Nie, K'Breu, H'Mong");
    fold_check("100.000₫", "100.000d");
    fold_check("", "");
    fold_check("plain ASCII @#~[]{}\r\n", "plain ASCII @#~[]{}\r\n");
}

static void typography(void **state)
{
    (void)state;
    fold_check("‘’‚‛′`´‹›", "'''''''''");
    fold_check("“”„‟″«»", "\"\"\"\"\"\"\"");
    fold_check("‐‑‒–—―−", "-------");
    fold_check("a…b", "a...b");
    fold_check("a\u00A0b\u202Fc\u2007d\u2009e\u3000f", "a b c d e f");
    fold_check("\uFEFFa\u200Bb\u00ADc\u2060d", "abcd");
}

static void other_latin(void **state)
{
    (void)state;
    fold_check("ÄÅÇÑÖÜäåçñöüÿ", "AACNOUaacnouy");
    fold_check("ŠšŽžČčŘřĞğİőűŁł", "SsZzCcRrGgIouŁł");
    fold_check("ÆæØøß", "ÆæØøß"); /* no marks, and GSM-7 has them */
    fold_check("ǼǽǾǿǢǣ", "ÆæØøÆæ");
    fold_check("Æ\u0301ø\u0301", "Æø");
}

/* What GSM-7 lacks and no mark explains stays, marks of other scripts included. */
static void the_rest_stays(void **state)
{
    (void)state;
    static const char *const same[] = {"й и\u0306 ё", "中文",         "😀👨\u200D👩", "€[]", "ไทย",
                                       "नमस्ते",        "\u0391\u0301", "ı",         "œ"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        fold_check(same[i], same[i]);
    fold_check("中a\u0301", "中a");
}

/* Anything that folds, folds to itself; what fits GSM-7 after it is whole ASCII or kept GSM-7. */
static void every_character(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < 0x30000; c++) {
        if (c >= 0xD800 && c < 0xE000)
            continue;
        char in[4], once[4], twice[4];
        size_t len = text_utf8_put(in, c);
        ssize_t n = sms_text_fold(in, len, once);
        assert_true(n >= 0 && (size_t)n <= len);
        assert_true(text_utf8_valid(once, (size_t)n));
        ssize_t m = sms_text_fold(once, (size_t)n, twice);
        assert_int_equal(m, n);
        assert_memory_equal(once, twice, (size_t)n);
        if (c < 0x80 && c != '`')
            assert_true(n == 1 && once[0] == (char)c);
        if ((size_t)n != len && n == 1 && c < 0x2000 && isalpha((unsigned char)once[0]))
            assert_true(c >= 0xC0); /* letters come from letters */
    }
}

static void malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {"\xFF", "a\xC3", "\xED\xA0\x80", "abc\xE1\xBB", "\xC0\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sms_text_fold(bad[i], strlen(bad[i]), folded), -EILSEQ);
    assert_int_equal(sms_text_fold("a\0b", 3, folded), 3); /* refused later, by the encoding */
    assert_int_equal(sms_text_fold(NULL, 0, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vietnamese_precomposed),
        cmocka_unit_test(vietnamese_decomposed),
        cmocka_unit_test(sentences),
        cmocka_unit_test(typography),
        cmocka_unit_test(other_latin),
        cmocka_unit_test(the_rest_stays),
        cmocka_unit_test(every_character),
        cmocka_unit_test(malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
