/* carriers: whose SIM an IMSI names, and what a prefix hints at. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "carriers.h"

static struct carrier some[] = {
    {.name = "host",
     .code_count = 1,
     .code = {"45201"},
     .range_count = 2,
     .range = {{"089", "089"}, {"076", "079"}}},
    {.name = "virtual",
     .host = "host",
     .code_count = 1,
     .code = {"452017"},
     .range_count = 1,
     .range = {{"0775", "0777"}}},
    {.name = "other",
     .code_count = 2,
     .code = {"45204", "45206"},
     .range_count = 1,
     .range = {{"032", "039"}}},
};
static const struct carriers carriers = {"84", some, 3};

static const char *name_of(const struct carrier *carrier)
{
    return carrier ? carrier->name : "-";
}

static void imsi_names_the_carrier(void **state)
{
    (void)state;
    assert_string_equal(name_of(carriers_of_imsi(&carriers, "452040123456789")), "other");
    assert_string_equal(name_of(carriers_of_imsi(&carriers, "452060123456789")), "other");
    assert_string_equal(name_of(carriers_of_imsi(&carriers, "452010123456789")), "host");
    assert_string_equal(name_of(carriers_of_imsi(&carriers, "452017123456789")), "virtual");
    assert_string_equal(name_of(carriers_of_imsi(&carriers, "310410123456789")), "-");
    assert_string_equal(name_of(carriers_of_imsi(&carriers, "4520")), "-");
    assert_string_equal(name_of(carriers_of_imsi(&carriers, "")), "-");
    assert_null(carriers_of_imsi(NULL, "452040123456789"));
}

static void prefix_is_a_hint(void **state)
{
    (void)state;
    assert_string_equal(name_of(carriers_of_number(&carriers, "+84321234567")), "other");
    assert_string_equal(name_of(carriers_of_number(&carriers, "+84391234567")), "other");
    assert_string_equal(name_of(carriers_of_number(&carriers, "+84311234567")), "-");
    assert_string_equal(name_of(carriers_of_number(&carriers, "+84764234567")), "host");
    assert_string_equal(name_of(carriers_of_number(&carriers, "+84776234567")), "virtual");
    assert_string_equal(name_of(carriers_of_number(&carriers, "+84778234567")), "host");
    /* no number of this country, and no number at all */
    assert_string_equal(name_of(carriers_of_number(&carriers, "+66891234567")), "-");
    assert_string_equal(name_of(carriers_of_number(&carriers, "0321234567")), "-");
    assert_string_equal(name_of(carriers_of_number(&carriers, "1414")), "-");
    assert_string_equal(name_of(carriers_of_number(&carriers, "+843")), "-");
    assert_null(carriers_of_number(NULL, "+84321234567"));
}

static void a_virtual_carrier_is_on_its_hosts_network(void **state)
{
    (void)state;
    assert_ptr_equal(carriers_network(&carriers, &some[1]), &some[0]);
    assert_ptr_equal(carriers_network(&carriers, &some[0]), &some[0]);
    assert_null(carriers_network(&carriers, NULL));
    assert_true(carriers_same_network(&carriers, &some[0], &some[1]));
    assert_false(carriers_same_network(&carriers, &some[0], &some[2]));
    assert_false(carriers_same_network(&carriers, NULL, NULL));
    assert_ptr_equal(carriers_find(&carriers, "other"), &some[2]);
    assert_null(carriers_find(&carriers, "none"));
    assert_null(carriers_find(NULL, "other"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imsi_names_the_carrier),
        cmocka_unit_test(prefix_is_a_hint),
        cmocka_unit_test(a_virtual_carrier_is_on_its_hosts_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
