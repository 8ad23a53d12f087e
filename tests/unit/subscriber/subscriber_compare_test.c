/* subscriber_compare, _advice, _preflight: one conclusion, the first that applies, and what to say.
 */
#include "subscriber_compare.h"

#include <stdio.h>
#include <string.h>
#include "cm.h"
#include "subscriber_advice.h"
#include "subscriber_preflight.h"
#include "replies.h"
#include "text.h"

static const struct subscriber_expect citizen = {.full_name = "Nguyễn Văn An",
                                                 .birth_date = "1/2/1990",
                                                 .id_number = "052090001234",
                                                 .msisdn = "0912 345 678"};

static struct subscriber_comparison compared(const char *text,
                                             const struct subscriber_expect *typed)
{
    struct subscriber_reply reply;
    struct subscriber_comparison out;
    assert_int_equal(subscriber_parse(rules, "", text, strlen(text), &reply), 0);
    subscriber_compare(&reply, typed, &out);
    return out;
}

static void concludes(const char *text, const char *wanted)
{
    struct subscriber_comparison c = compared(text, &citizen);
    if (strcmp(subscriber_conclusion_name(c.conclusion), wanted) != 0)
        fail_msg("%s: %s, wanted %s", text, subscriber_conclusion_name(c.conclusion), wanted);
}

/* SYNTHETIC replies, each a row of the order of conclusions. */
static void order_of_conclusions(void **state)
{
    (void)state;
    concludes("Da qua so lan cho phep thuc hien tra cuu trong ngay", "refused");
    concludes("Dich vu chi ap dung cho thue bao tra truoc", "refused");
    concludes("Khong co thong tin thue bao", "no_record");
    concludes("Chuc mung nam moi", "unreadable");
    concludes("SDT: 0912345678", "unreadable");
    concludes("Ten: TRAN THI B; CCCD: 052195009999; NS: 3/4/1995", "other_person");
    concludes("Ten: TRAN THI B; CMND: 205123456", "other_person");
    concludes("Ten: NGUYEN VAN AN; CMND: 205123456; NS: 3/4/1995", "carrier_has_old_id");
    concludes("Ten: NGUYEN VAN BN; CMND: 205123456", "carrier_has_old_id");
    concludes("Ten: NGUYEN VAN AN; CCCD: 052090001235; NS: 3/4/1995", "id_differs");
    concludes("Ten: AN NGUYEN VAN; CCCD: 052090001234; NS: 3/4/1995", "name_differs");
    concludes("Ten: NGUYEN VAN AN; NS: 2/1/1990; CCCD: 0520********", "birth_date_differs");
    concludes("Ten: NGUYEN VAN AN; SDT: 0987654321", "number_differs");
    concludes("Ten: NGUYEN VAN AN; CCCD: 0520********", "compatible");
    concludes("Ten: NGUYEN V** A*; CCCD: 052090001234", "compatible");
    concludes("Ten: NGUYEN VAN AN; NS: 1990", "compatible");
    concludes("Ten: NGUYEN VAN AN; CCCD: 052090001234; NS: 01/02/1990", "match_unaccented");
    concludes("Ten: NGUYỄN VĂN AN; CCCD: 052090001234; SDT: 84912345678", "match");
}

/* Only what stands on both sides counts. */
static void both_sides(void **state)
{
    static const char text[] = "Ten: NGUYỄN VĂN AN; CCCD: 052090001234";
    const struct subscriber_expect nothing = {0}, date = {.birth_date = "1/2/1990"},
                                   name = {.full_name = "Nguyễn Văn An"};
    (void)state;
    assert_int_equal(compared(text, &nothing).conclusion, CONCLUSION_NOT_COMPARED);
    assert_int_equal(compared(text, &date).conclusion, CONCLUSION_NOT_COMPARED);
    struct subscriber_comparison c = compared(text, &name);
    assert_int_equal(c.conclusion, CONCLUSION_MATCH);
    assert_true(c.field[SUBSCRIBER_FULL_NAME].compared);
    assert_false(c.field[SUBSCRIBER_ID_NUMBER].compared);
}

static void date_is(const char *typed, const char *record, enum subscriber_level level,
                    unsigned findings)
{
    char text[64];
    const struct subscriber_expect expect = {.birth_date = typed};
    snprintf(text, sizeof text, "NS: %s", record);
    struct subscriber_verdict got = compared(text, &expect).field[SUBSCRIBER_BIRTH_DATE];
    if (!got.compared || got.level != level || got.findings != findings)
        fail_msg("%s, %s: %s %x", typed, record, subscriber_level_name(got.level), got.findings);
}

static void dates(void **state)
{
    (void)state;
    date_is("1990-02-01", "01/02/1990", LEVEL_EXACT, 0);
    date_is("1/2/1990", "1-2-1990", LEVEL_EXACT, 0);
    date_is("1/2/1990", "2/1/1990", LEVEL_DIFFERS, 1u << FINDING_DAY_MONTH_SWAPPED);
    date_is("1/2/1990", "1/2/1991", LEVEL_DIFFERS, 1u << FINDING_ONE_DIGIT_OFF);
    date_is("1/2/1990", "13/12/1985", LEVEL_DIFFERS, 0);
    date_is("1/2/1990", "1990", LEVEL_COMPATIBLE, 1u << FINDING_YEAR_ONLY);
    date_is("1990", "1990", LEVEL_EXACT, 1u << FINDING_YEAR_ONLY);
    date_is("1/2/1990", "1991", LEVEL_DIFFERS, 0);
    date_is("1/2/1990", "**/**/1990", LEVEL_COMPATIBLE, 0);
    date_is("1/2/1990", "**/**/1991", LEVEL_DIFFERS, 0);
    date_is("31/2/1990", "1/2/1990", LEVEL_DIFFERS, 1u << FINDING_NOT_A_DATE);
    date_is("hom qua", "1/2/1990", LEVEL_DIFFERS, 1u << FINDING_NOT_A_DATE);
}

static void number_is(const char *typed, const char *record, enum subscriber_level level,
                      unsigned findings)
{
    char text[64];
    const struct subscriber_expect expect = {.msisdn = typed};
    snprintf(text, sizeof text, "SDT: %s", record);
    struct subscriber_verdict got = compared(text, &expect).field[SUBSCRIBER_MSISDN];
    if (!got.compared || got.level != level || got.findings != findings)
        fail_msg("%s, %s: %s %x", typed, record, subscriber_level_name(got.level), got.findings);
}

static void numbers(void **state)
{
    (void)state;
    number_is("0912345678", "84912345678", LEVEL_EXACT, 0);
    number_is("+84 912 345 678", "0912.345.678", LEVEL_EXACT, 0);
    number_is("01682345678", "0382345678", LEVEL_EXACT, 1u << FINDING_ELEVEN_DIGIT_NUMBER);
    number_is("0912345678", "0912***678", LEVEL_COMPATIBLE, 0);
    number_is("0912345678", "0913***678", LEVEL_DIFFERS, 0);
    number_is("0912345678", "0987654321", LEVEL_DIFFERS, 0);
    number_is("12", "0987654321", LEVEL_DIFFERS, 1u << FINDING_NOT_A_NUMBER);
}

/* The cause is named where the record is not even needed for it. */
static void birth_year_in_the_number(void **state)
{
    struct subscriber_expect typed = citizen;
    (void)state;
    typed.birth_date = "1/2/1991";
    struct subscriber_comparison c = compared("CCCD: 052090001234; Ten: NGUYEN VAN AN", &typed);
    assert_int_equal(c.field[SUBSCRIBER_ID_NUMBER].level, LEVEL_EXACT);
    assert_int_equal(c.field[SUBSCRIBER_ID_NUMBER].findings, 1u << FINDING_BIRTH_YEAR_MISMATCH);
}

static void flight(const struct subscriber_expect *typed, enum subscriber_field field,
                   unsigned wanted)
{
    struct subscriber_preflight out;
    bool fine = subscriber_preflight(typed, "2026-11-25", &out);
    assert_int_equal(fine, wanted == 0);
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++)
        assert_int_equal(out.findings[f], f == (int)field ? wanted : 0);
}

static void preflight(void **state)
{
    struct subscriber_expect t = citizen;
    struct subscriber_preflight out;
    (void)state;
    flight(&citizen, SUBSCRIBER_FULL_NAME, 0);
    flight(&(struct subscriber_expect){0}, SUBSCRIBER_FULL_NAME, 0);
    t.birth_date = "1/2/1991";
    flight(&t, SUBSCRIBER_ID_NUMBER, 1u << FINDING_BIRTH_YEAR_MISMATCH);
    t = citizen, t.id_number = "052290001234"; /* the century's digit says 2090 */
    flight(&t, SUBSCRIBER_ID_NUMBER, 1u << FINDING_BIRTH_YEAR_MISMATCH);
    t = citizen, t.id_number = "205123456";
    flight(&t, SUBSCRIBER_ID_NUMBER, 1u << FINDING_NINE_DIGIT_ID);
    t.id_number = "05209000123";
    flight(&t, SUBSCRIBER_ID_NUMBER,
           1u << FINDING_LEADING_ZERO_LOST | 1u << FINDING_BIRTH_YEAR_MISMATCH);
    t.id_number = "52090001234";
    flight(&t, SUBSCRIBER_ID_NUMBER, 1u << FINDING_LEADING_ZERO_LOST);
    t.id_number = "abc";
    flight(&t, SUBSCRIBER_ID_NUMBER, 1u << FINDING_NOT_AN_ID);
    t = citizen, t.birth_date = "26/11/2026", t.id_number = NULL;
    flight(&t, SUBSCRIBER_BIRTH_DATE, 1u << FINDING_IN_THE_FUTURE);
    t.birth_date = "30/2/1990";
    flight(&t, SUBSCRIBER_BIRTH_DATE, 1u << FINDING_NOT_A_DATE);
    t = citizen, t.full_name = "Nguyeenx Vawn An";
    flight(&t, SUBSCRIBER_FULL_NAME, 1u << FINDING_TYPING_RESIDUE);
    t = citizen, t.msisdn = "02838222222";
    flight(&t, SUBSCRIBER_MSISDN, 1u << FINDING_NOT_A_NUMBER);
    t.msisdn = "0168 234 5678";
    flight(&t, SUBSCRIBER_MSISDN, 1u << FINDING_ELEVEN_DIGIT_NUMBER);
    assert_false(subscriber_preflight(&t, "2026-11-25", &out));
    assert_string_equal(out.suggest_msisdn, "+84382345678");
}

/* Every conclusion, refusal and finding has both languages; the carrier and its line stand where
 * they help. */
static void advice(void **state)
{
    struct subscriber_say say;
    const char *vi, *en;
    (void)state;
    for (int c = 0; c < SUBSCRIBER_CONCLUSIONS; c++)
        for (int r = REFUSAL_QUOTA; r <= REFUSAL_NOT_SUPPORTED; r++) {
            subscriber_advise((enum subscriber_conclusion)c, (enum subscriber_refusal)r, "Viettel",
                              "18008098", &say);
            assert_true(strlen(say.vi) > 20 && strlen(say.en) > 20);
            assert_true(strlen(say.vi) + 1 < sizeof say.vi &&
                        text_utf8_valid(say.vi, strlen(say.vi)));
        }
    for (int f = 0; f < SUBSCRIBER_FINDINGS; f++) {
        assert_true(subscriber_advise_finding((enum subscriber_finding)f, &vi, &en));
        assert_true(strlen(vi) > 5 && strlen(en) > 5);
    }
    subscriber_advise(CONCLUSION_CARRIER_HAS_OLD_ID, REFUSAL_NONE, "Viettel", "18008098", &say);
    assert_non_null(strstr(say.vi, "cửa hàng của Viettel"));
    assert_non_null(strstr(say.en, "a shop of Viettel"));
    subscriber_advise(CONCLUSION_REFUSED, REFUSAL_QUOTA, "Viettel", "18008098", &say);
    assert_non_null(strstr(say.vi, "18008098"));
    assert_non_null(strstr(say.en, "18008098"));
    subscriber_advise(CONCLUSION_REFUSED, REFUSAL_QUOTA, "", "", &say);
    assert_non_null(strstr(say.en, "the carrier can help."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_conclusions),
        cmocka_unit_test(both_sides),
        cmocka_unit_test(dates),
        cmocka_unit_test(numbers),
        cmocka_unit_test(birth_year_in_the_number),
        cmocka_unit_test(preflight),
        cmocka_unit_test(advice),
    };
    return cmocka_run_group_tests(tests, rules_setup, rules_teardown);
}
