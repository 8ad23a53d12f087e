#include "admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct admission admission;

static void counts_by_class_and_deadline(void **state)
{
    (void)state;
    const int64_t now_ms = 5000000;

    admission_clear(&admission);
    admission_add(&admission, CLASS_OTP, now_ms + 60000, 2);
    admission_add(&admission, CLASS_OTP, now_ms + 300000, 3);
    admission_add(&admission, CLASS_NOTICE, now_ms + 30000, 5);
    admission_add(&admission, CLASS_BULK, now_ms + 86400000, 7);

    assert_int_equal(admission_ahead(&admission, CLASS_OTP, now_ms, now_ms + 20000), 0);
    assert_int_equal(admission_ahead(&admission, CLASS_OTP, now_ms, now_ms + 60000), 2);
    assert_int_equal(admission_ahead(&admission, CLASS_OTP, now_ms, now_ms + 300000), 5);
    assert_int_equal(admission_ahead(&admission, CLASS_NOTICE, now_ms, now_ms + 10000), 5);
    assert_int_equal(admission_ahead(&admission, CLASS_NOTICE, now_ms, now_ms + 40000), 10);
    assert_int_equal(admission_ahead(&admission, CLASS_BULK, now_ms, now_ms + 86400000), 17);
    assert_int_equal(admission_total(&admission), 17);

    admission_add(&admission, CLASS_OTP, now_ms + 300000, -3);
    assert_int_equal(admission_ahead(&admission, CLASS_OTP, now_ms, now_ms + 300000), 2);
    assert_int_equal(admission_total(&admission), 14);
}

static void the_longest_lifetime_does_not_wrap_onto_now(void **state)
{
    (void)state;
    const int64_t now_ms = 7 * INT64_C(86400000) + 1;

    admission_clear(&admission);
    admission_add(&admission, CLASS_BULK, now_ms + 86400000, 1);
    assert_int_equal(admission_ahead(&admission, CLASS_BULK, now_ms, now_ms + 10000), 0);
    assert_int_equal(admission_ahead(&admission, CLASS_BULK, now_ms, now_ms + 86400000), 1);
}

static void what_expired_a_moment_ago_still_stands_ahead(void **state)
{
    (void)state;
    const int64_t now_ms = 900000;

    admission_clear(&admission);
    admission_add(&admission, CLASS_OTP, now_ms - 5000, 4);
    assert_int_equal(admission_ahead(&admission, CLASS_OTP, now_ms, now_ms + 10000), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_class_and_deadline),
        cmocka_unit_test(the_longest_lifetime_does_not_wrap_onto_now),
        cmocka_unit_test(what_expired_a_moment_ago_still_stands_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
