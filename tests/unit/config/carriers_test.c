/* carriers: whose SIM an IMSI names, and what a prefix hints at. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "carriers_file.h"

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

/* --- the file --- */

static struct carriers *made;
static struct config_mistakes mistakes;

static int parse(const char *text)
{
    carriers_free(made);
    config_mistakes_free(&mistakes);
    return carriers_parse("carriers.ini", text, strlen(text), "84", &made, &mistakes);
}

static void wrong(const char *text, const char *message)
{
    assert_int_equal(parse(text), -EINVAL);
    assert_null(made);
    if (mistakes.count != 1 || strcmp(mistakes.line[0], message) != 0)
        fail_msg("%zu mistakes, the first: %s", mistakes.count,
                 mistakes.count ? mistakes.line[0] : "-");
}

static int forget(void **state)
{
    (void)state;
    carriers_free(made);
    made = NULL;
    config_mistakes_free(&mistakes);
    return 0;
}

static void a_section_becomes_a_carrier(void **state)
{
    (void)state;
    assert_int_equal(parse("[carrier one]\n"
                           "title = Nhà mạng Một\n"
                           "mcc_mnc = 45204, 452060\n"
                           "prefixes = 086, 032-039\n"
                           "registry = sms:TTTB, ussd:*1414#>1>99\n"
                           "registry_from = 14000, VNPT TTTB\n"
                           "care = 18008098\n"
                           "own_number = *101#, *098#\n"
                           "balance = *102#\n"
                           "[carrier two]\n"
                           "title = Two\n"
                           "host = one\n"),
                     0);
    assert_int_equal(made->count, 2);
    assert_string_equal(made->country, "84");
    const struct carrier *one = carriers_find(made, "one");
    assert_string_equal(one->title, "Nhà mạng Một");
    assert_string_equal(one->care, "18008098");
    assert_int_equal(one->code_count, 2);
    assert_string_equal(one->code[1], "452060");
    assert_int_equal(one->range_count, 2);
    assert_string_equal(one->range[0].last, "086");
    assert_string_equal(one->range[1].first, "032");
    assert_string_equal(one->range[1].last, "039");
    assert_int_equal(one->way_count, 2);
    assert_false(one->way[0].ussd);
    assert_string_equal(one->way[0].text, "TTTB");
    assert_true(one->way[1].ussd);
    assert_int_equal(one->way[0].answers, 0);
    assert_int_equal(one->way[1].answers, 2);
    assert_string_equal(one->way[1].answer[1], "99");
    assert_int_equal(one->sender_count, 2);
    assert_string_equal(one->sender[1], "VNPT TTTB");
    assert_string_equal(one->way[1].text, "*1414#");
    assert_int_equal(one->own_number_count, 2);
    assert_string_equal(one->own_number[1], "*098#");
    assert_int_equal(one->balance_count, 1);
    assert_string_equal(one->balance[0], "*102#");
    const struct carrier *two = carriers_find(made, "two");
    assert_int_equal(two->code_count + two->range_count + two->way_count + two->balance_count, 0);
    assert_ptr_equal(carriers_network(made, two), one);
    assert_int_equal(parse(""), 0);
    assert_int_equal(made->count, 0);
}

static void each_mistake_is_told(void **state)
{
    (void)state;
    wrong("[carrier a]\n", "carriers.ini:1: [carrier a] title: is missing");
    wrong("[carrier a]\ntitle = A\nmcc_mnc = 4520\n",
          "carriers.ini:3: [carrier a] mcc_mnc: 4520: wants five or six digits");
    wrong("[carrier a]\ntitle = A\nmcc_mnc = 45204, 45204\n",
          "carriers.ini:3: [carrier a] mcc_mnc: 45204: is in [carrier a] already");
    wrong("[carrier a]\ntitle = A\nprefixes = 86\n",
          "carriers.ini:3: [carrier a] prefixes: 86: wants digits with their 0, or FIRST-LAST");
    wrong("[carrier a]\ntitle = A\nprefixes = 039-032\n",
          "carriers.ini:3: [carrier a] prefixes: 039-032: wants digits with their 0, or "
          "FIRST-LAST");
    wrong("[carrier a]\ntitle = A\nprefixes = 032-0399\n",
          "carriers.ini:3: [carrier a] prefixes: 032-0399: wants digits with their 0, or "
          "FIRST-LAST");
    wrong("[carrier a]\ntitle = A\nprefixes = 032-039\n[carrier b]\ntitle = B\nprefixes = 035\n",
          "carriers.ini:6: [carrier b] prefixes: 035: is in [carrier a] already");
    wrong("[carrier a]\ntitle = A\nregistry = TTTB\n",
          "carriers.ini:3: [carrier a] registry: TTTB: wants sms:TEXT or ussd:CODE");
    wrong("[carrier a]\ntitle = A\nregistry = ussd:*1414#>\n",
          "carriers.ini:3: [carrier a] registry: ussd:*1414#>: wants sms:TEXT or ussd:CODE");
    wrong("[carrier a]\ntitle = A\nregistry = ussd:*1#>1>2>3>4>5\n",
          "carriers.ini:3: [carrier a] registry: ussd:*1#>1>2>3>4>5: wants sms:TEXT or ussd:CODE");
    wrong("[carrier a]\ntitle = A\nregistry = sms:T;T\n",
          "carriers.ini:3: [carrier a] registry: sms:T;T: wants sms:TEXT or ussd:CODE");
    wrong("[carrier a]\ntitle = A\nbalance = 101\n",
          "carriers.ini:3: [carrier a] balance: 101: wants a USSD code of digits, * and #");
    wrong("[carrier a]\ntitle = A\nhost = b\n[carrier b]\ntitle = B\n",
          "carriers.ini:3: [carrier a] host: b: no such carrier above");
    wrong("[carrier a]\ntitle = A\n[carrier b]\ntitle = B\nhost = a\n[carrier c]\ntitle = C\n"
          "host = b\n",
          "carriers.ini:8: [carrier c] host: b: is a virtual carrier itself");
    wrong("[carrier a]\ntitle = A\nprefix = 086\n",
          "carriers.ini:3: [carrier a] prefix: no such key, did you mean prefixes?");
    wrong("[gateway]\n", "carriers.ini:1: [gateway]: no such section; there are [carrier NAME]");
    /* all of them, in one go */
    assert_int_equal(parse("[carrier a]\ntitle = A\nmcc_mnc = 1\nbalance = 1\n[carrier b]\n"),
                     -EINVAL);
    assert_int_equal(mistakes.count, 3);
}

static void longer_prefixes_may_stand_inside_shorter_ones(void **state)
{
    (void)state;
    assert_int_equal(parse("[carrier a]\ntitle = A\nprefixes = 076-079\n"
                           "[carrier b]\ntitle = B\nprefixes = 0777\n"),
                     0);
    assert_string_equal(name_of(carriers_of_number(made, "+84777234567")), "b");
    assert_string_equal(name_of(carriers_of_number(made, "+84776234567")), "a");
}

/* Of the copy built in: what facts say of each carrier of Vietnam. */
static void the_built_in_copy_is_the_file(void **state)
{
    static const struct {
        const char *what, *name, *way;
    } rows[] = {
        {"+84986123456", "viettel", "TTTB"},
        {"452041234567890", "viettel", "TTTB"},
        {"+84325123456", "viettel", "TTTB"},
        {"+84845123456", "vinaphone", "TTTB"},
        {"+84701234567", "mobifone", "TTTB"},
        {"452011234567890", "mobifone", "TTTB"},
        {"+84582123456", "vietnamobile", "TTTB"},
        {"+84993123456", "gmobile", "TT"},
        {"452071234567890", "gmobile", "TT"},
        {"+84871234567", "itel", "TTTB"},
        {"452081234567890", "itel", "TTTB"},
        {"+84551234567", "wintel", NULL},
        {"+84775123456", "fpt", NULL},
        {"+84991234567", "-", NULL},
        {"+84242123456", "-", NULL},
    };
    (void)state;
    assert_int_equal(carriers_load_builtin("84", &made, &mistakes), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct carrier *c = rows[i].what[0] == '+' ? carriers_of_number(made, rows[i].what)
                                                         : carriers_of_imsi(made, rows[i].what);
        if (strcmp(name_of(c), rows[i].name) != 0)
            fail_msg("%s: %s", rows[i].what, name_of(c));
        if (c && rows[i].way)
            assert_string_equal(c->way[0].text, rows[i].way);
        else if (c)
            assert_int_equal(c->way_count, 0);
    }
    assert_string_equal(carriers_find(made, "gmobile")->way[1].text, "*1414#");
    assert_true(
        carriers_same_network(made, carriers_find(made, "itel"), carriers_find(made, "vinaphone")));
}

static void the_file_is_read_and_where_it_is_missing_that_is_told(void **state)
{
    char path[] = "/tmp/carriers-test-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    (void)state;
    assert_non_null(file);
    (void)fputs("[carrier mine]\ntitle = Mine\nprefixes = 086\n", file);
    (void)fclose(file);
    assert_int_equal(carriers_load(path, "84", &made, &mistakes), 0);
    assert_string_equal(name_of(carriers_of_number(made, "+84861234567")), "mine");
    (void)unlink(path);
    forget(NULL);
    assert_int_equal(carriers_load(path, "84", &made, &mistakes), -ENOENT);
    assert_int_equal(mistakes.count, 1);
    assert_non_null(strstr(mistakes.line[0], "No such file"));
    assert_null(made);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* One file is named in the other: both are read anew by one SIGHUP, or neither. */
static void carriers_come_with_it(void **state)
{
    struct config *config;
    char dir[] = "/tmp/otpgate-config-XXXXXX", conf[80], mine[80], text[200];
    (void)state;
    assert_int_equal(config_parse("a", "", 0, &config, &mistakes), 0);
    assert_non_null(carriers_find(config->carriers, "viettel")); /* the copy built in */
    assert_string_equal(config->carriers->country, "84");
    config_free(config);
    assert_non_null(mkdtemp(dir));
    snprintf(conf, sizeof conf, "%s/otpgate.conf", dir);
    snprintf(mine, sizeof mine, "%s/mine.ini", dir);
    snprintf(text, sizeof text, "[gateway]\ncountry = 66\ncarriers = %s\n", mine);
    put(conf, text);
    config_mistakes_free(&mistakes);
    assert_int_equal(config_load(conf, &config, &mistakes), -ENOENT);
    assert_null(config);
    assert_string_equal(mistakes.line[0], "mine.ini: No such file or directory");
    put(mine, "[carrier mine]\ntitle = Mine\nprefixes = 08\nprice = 3\n");
    config_mistakes_free(&mistakes);
    assert_int_equal(config_load(conf, &config, &mistakes), -EINVAL);
    assert_string_equal(mistakes.line[0], "mine.ini:4: [carrier mine] price: no such key");
    put(mine, "[carrier mine]\ntitle = Mine\nprefixes = 08\n");
    config_mistakes_free(&mistakes);
    assert_int_equal(config_load(conf, &config, &mistakes), 0);
    assert_non_null(carriers_of_number(config->carriers, "+66812345678"));
    assert_null(carriers_find(config->carriers, "viettel"));
    config_free(config);
    unlink(mine);
    unlink(conf);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imsi_names_the_carrier),
        cmocka_unit_test(prefix_is_a_hint),
        cmocka_unit_test(a_virtual_carrier_is_on_its_hosts_network),
        cmocka_unit_test_teardown(a_section_becomes_a_carrier, forget),
        cmocka_unit_test_teardown(each_mistake_is_told, forget),
        cmocka_unit_test_teardown(longer_prefixes_may_stand_inside_shorter_ones, forget),
        cmocka_unit_test_teardown(the_built_in_copy_is_the_file, forget),
        cmocka_unit_test_teardown(the_file_is_read_and_where_it_is_missing_that_is_told, forget),
        cmocka_unit_test_teardown(carriers_come_with_it, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
