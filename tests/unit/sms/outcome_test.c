/* outcome: every row of the error table, and the line. The classes are written down here a second
 * time, from the documents and not from the code. */
#include <ctype.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "outcome.h"

/* P T N M D U, S: counts as sent, V: once more without TP-VP, -: nothing to learn. */
static char class_letter(enum sms_class class_)
{
    switch (class_) {
    case SMS_CLASS_NONE:
        return '-';
    case SMS_CLASS_PERMANENT:
        return 'P';
    case SMS_CLASS_TRANSIENT:
        return 'T';
    case SMS_CLASS_NETWORK:
        return 'N';
    case SMS_CLASS_MODEM:
        return 'M';
    case SMS_CLASS_DEFECT:
        return 'D';
    case SMS_CLASS_UNKNOWN:
        return 'U';
    case SMS_CLASS_AS_SENT:
        return 'S';
    case SMS_CLASS_NO_VALIDITY:
        return 'V';
    }
    return '?';
}

/* The verdict after the Ctrl-Z: N not sent, U unknown, S sent. */
static const struct {
    enum sms_cause_space space;
    int first, last;
    char class_, verdict;
} rows[] = {
    {SMS_CAUSE_CMS, -5, 0, 'N', 'U'},
    {SMS_CAUSE_CMS, 1, 1, 'P', 'N'},
    {SMS_CAUSE_CMS, 2, 7, 'N', 'N'},
    {SMS_CAUSE_CMS, 8, 8, 'M', 'N'},
    {SMS_CAUSE_CMS, 9, 9, 'N', 'N'},
    {SMS_CAUSE_CMS, 10, 10, 'M', 'N'},
    {SMS_CAUSE_CMS, 11, 16, 'N', 'N'},
    {SMS_CAUSE_CMS, 17, 17, 'T', 'N'},
    {SMS_CAUSE_CMS, 18, 20, 'N', 'N'},
    {SMS_CAUSE_CMS, 21, 21, 'N', 'N'},
    {SMS_CAUSE_CMS, 22, 22, 'T', 'N'},
    {SMS_CAUSE_CMS, 23, 27, 'N', 'N'},
    {SMS_CAUSE_CMS, 28, 30, 'M', 'N'},
    {SMS_CAUSE_CMS, 31, 38, 'N', 'N'},
    {SMS_CAUSE_CMS, 39, 40, 'N', 'N'},
    {SMS_CAUSE_CMS, 41, 42, 'T', 'N'},
    {SMS_CAUSE_CMS, 43, 46, 'N', 'N'},
    {SMS_CAUSE_CMS, 47, 47, 'T', 'N'},
    {SMS_CAUSE_CMS, 48, 49, 'N', 'N'},
    {SMS_CAUSE_CMS, 50, 50, 'M', 'N'},
    {SMS_CAUSE_CMS, 51, 68, 'N', 'N'},
    {SMS_CAUSE_CMS, 69, 69, 'M', 'N'},
    {SMS_CAUSE_CMS, 70, 127, 'N', 'N'},
    {SMS_CAUSE_CMS, 128, 176, 'D', 'N'},
    {SMS_CAUSE_CMS, 177, 191, 'N', 'N'},
    {SMS_CAUSE_CMS, 192, 192, 'T', 'N'},
    {SMS_CAUSE_CMS, 193, 193, 'M', 'N'},
    {SMS_CAUSE_CMS, 194, 194, 'N', 'N'},
    {SMS_CAUSE_CMS, 195, 196, 'P', 'N'},
    {SMS_CAUSE_CMS, 197, 197, 'S', 'S'},
    {SMS_CAUSE_CMS, 198, 199, 'V', 'N'},
    {SMS_CAUSE_CMS, 200, 207, 'N', 'N'},
    {SMS_CAUSE_CMS, 208, 213, 'M', 'N'},
    {SMS_CAUSE_CMS, 214, 255, 'N', 'N'},
    {SMS_CAUSE_CMS, 256, 299, 'N', 'U'},
    {SMS_CAUSE_CMS, 300, 300, 'M', 'U'},
    {SMS_CAUSE_CMS, 301, 302, 'T', 'U'},
    {SMS_CAUSE_CMS, 303, 303, 'D', 'U'},
    {SMS_CAUSE_CMS, 304, 305, 'D', 'N'},
    {SMS_CAUSE_CMS, 306, 309, 'N', 'U'},
    {SMS_CAUSE_CMS, 310, 313, 'M', 'U'},
    {SMS_CAUSE_CMS, 314, 314, 'T', 'U'},
    {SMS_CAUSE_CMS, 315, 318, 'M', 'U'},
    {SMS_CAUSE_CMS, 319, 319, 'N', 'U'},
    {SMS_CAUSE_CMS, 320, 322, 'M', 'U'},
    {SMS_CAUSE_CMS, 323, 329, 'N', 'U'},
    {SMS_CAUSE_CMS, 330, 330, 'M', 'N'},
    {SMS_CAUSE_CMS, 331, 331, 'N', 'U'},
    {SMS_CAUSE_CMS, 332, 332, 'U', 'U'},
    {SMS_CAUSE_CMS, 333, 339, 'N', 'U'},
    {SMS_CAUSE_CMS, 340, 340, 'U', 'U'},
    {SMS_CAUSE_CMS, 341, 499, 'N', 'U'},
    {SMS_CAUSE_CMS, 500, 500, 'U', 'U'},
    {SMS_CAUSE_CMS, 501, 511, 'N', 'U'},
    {SMS_CAUSE_CMS, 512, 512, 'T', 'U'},
    {SMS_CAUSE_CMS, 513, 513, 'U', 'U'},
    {SMS_CAUSE_CMS, 514, 515, 'T', 'U'},
    {SMS_CAUSE_CMS, 516, 1000, 'N', 'U'},
    {SMS_CAUSE_CMS, INT_MAX - 1, INT_MAX - 1, 'N', 'U'},
    {SMS_CAUSE_CMS, INT_MIN, INT_MIN, 'N', 'U'},

    {SMS_CAUSE_CME, 0, 0, 'M', 'U'},
    {SMS_CAUSE_CME, 1, 2, 'N', 'U'},
    {SMS_CAUSE_CME, 3, 4, 'D', 'U'},
    {SMS_CAUSE_CME, 5, 9, 'N', 'U'},
    {SMS_CAUSE_CME, 10, 13, 'M', 'U'},
    {SMS_CAUSE_CME, 14, 14, 'T', 'U'},
    {SMS_CAUSE_CME, 15, 18, 'M', 'U'},
    {SMS_CAUSE_CME, 19, 30, 'N', 'U'},
    {SMS_CAUSE_CME, 31, 31, 'U', 'U'},
    {SMS_CAUSE_CME, 32, 32, 'M', 'U'},
    {SMS_CAUSE_CME, 33, 99, 'N', 'U'},
    {SMS_CAUSE_CME, 100, 100, 'U', 'U'},
    {SMS_CAUSE_CME, 101, 514, 'N', 'U'},
    {SMS_CAUSE_CME, 515, 515, 'T', 'U'},
    {SMS_CAUSE_CME, 516, 600, 'N', 'U'},

    {SMS_CAUSE_LOCAL, SMS_LOCAL_ERROR, SMS_LOCAL_GONE, 'U', 'U'},
    {SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED, SMS_LOCAL_REFUSED, '-', 'U'},
    {SMS_CAUSE_LOCAL, SMS_LOCAL_NO_PROMPT, SMS_LOCAL_NOT_READY, 'N', 'U'},
    {SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED, SMS_LOCAL_ABORTED, '-', 'U'},
    {SMS_CAUSE_LOCAL, SMS_LOCAL_CRASH, SMS_LOCAL_CRASH, 'U', 'U'},
    {SMS_CAUSE_LOCAL, 0, 0, 'U', 'U'},
    {SMS_CAUSE_LOCAL, 99, 99, 'U', 'U'},
    {SMS_CAUSE_NONE, 0, 0, '-', 'U'},
};

static void every_cause(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int cause = rows[i].first; cause <= rows[i].last; cause++) {
            const struct sms_cause_row *row = sms_cause_find(rows[i].space, cause);
            assert_non_null(row);
            assert_int_equal(row->space, rows[i].space);
            assert_true(row->first <= cause && cause <= row->last);
            if (class_letter(row->class_) != rows[i].class_)
                fail_msg("space %d cause %d: class %c", rows[i].space, cause,
                         class_letter(row->class_));
            enum sms_verdict after = sms_cause_verdict(rows[i].space, cause, true);
            if ("SNU"[after] != rows[i].verdict)
                fail_msg("space %d cause %d: %s", rows[i].space, cause, sms_verdict_name(after));
            assert_int_equal(sms_cause_verdict(rows[i].space, cause, false), SMS_NOT_SENT);
        }
}

/* What the rows of the table say must not contradict each other. */
static void rows_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int cause = rows[i].first; cause <= rows[i].last; cause++) {
            const struct sms_cause_row *row = sms_cause_find(rows[i].space, cause);
            bool waits = row->class_ == SMS_CLASS_TRANSIENT || row->class_ == SMS_CLASS_NETWORK ||
                         row->class_ == SMS_CLASS_DEFECT;
            assert_int_equal(row->retry_ms > 0, waits);
            assert_true(row->retry_ms <= 300000);
            for (const char *c = row->name; *c; c++)
                assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
            size_t len = strlen(row->sentence);
            assert_true(isupper((unsigned char)row->sentence[0]) && row->sentence[len - 1] == '.');
            if (row->class_ == SMS_CLASS_UNKNOWN)
                assert_int_equal(sms_cause_verdict(rows[i].space, cause, true), SMS_UNKNOWN);
        }
}

/* The same number, three meanings. */
static void spaces_are_apart(void **state)
{
    (void)state;
    assert_string_equal(sms_cause_find(SMS_CAUSE_CMS, 30)->name, "unknown_subscriber");
    assert_string_equal(sms_cause_find(SMS_CAUSE_CME, 30)->name, "no_service");
    assert_string_equal(sms_cause_find(SMS_CAUSE_CMS, 10)->name, "call_barred");
    assert_string_equal(sms_cause_find(SMS_CAUSE_CME, 10)->name, "sim_missing");
    assert_string_equal(sms_cause_find(SMS_CAUSE_CMS, 22)->name, "congestion");
    assert_string_equal(sms_cause_find(SMS_CAUSE_CME, 22)->name, "other");
    assert_string_equal(sms_cause_find(SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT)->name, "timeout");
    assert_int_equal(sms_cause_verdict(SMS_CAUSE_CMS, 100, true), SMS_NOT_SENT);
    assert_int_equal(sms_cause_verdict(SMS_CAUSE_CME, 100, true), SMS_UNKNOWN);
    static const int once[] = {21, 81, 95, 96, 99, 111, 127, 198, 199, 224, 255};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        assert_true(sms_cause_find(SMS_CAUSE_CMS, once[i])->once);
    assert_false(sms_cause_find(SMS_CAUSE_CMS, 38)->once);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(sms_verdict_name(SMS_SENT), "sent");
    assert_string_equal(sms_verdict_name(SMS_NOT_SENT), "not_sent");
    assert_string_equal(sms_verdict_name(SMS_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(spaces_are_apart),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
