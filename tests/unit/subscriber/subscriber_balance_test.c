/* Balances: SYNTHETIC answers with what is in them, and the same answers damaged: what is read is
 * right, or nothing is read. */
#include "subscriber_balance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cm.h"
#include "replies.h"
#include "text.h"

enum { TEXT_ROOM = 600, CASES_MIN = 40, ROUNDS = 400 };

struct balance_case {
    unsigned line;
    char carrier[32], reading[16], amount[16], expires[16], text[TEXT_ROOM];
};

static FILE *cases_open(void)
{
    FILE *file = fopen("tests/unit/subscriber/balances.txt", "r");
    assert_non_null(file);
    return file;
}

static const char *column(const char *line, char *out, size_t room)
{
    size_t len = strcspn(line, "|");
    assert_true(len < room && line[len] == '|');
    memcpy(out, line, len);
    out[len] = '\0';
    return line + len + 1;
}

static bool case_next(FILE *file, struct balance_case *out)
{
    char line[TEXT_ROOM];
    unsigned number = out->line;
    while (fgets(line, sizeof line, file)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (!*line || *line == '#')
            continue;
        *out = (struct balance_case){.line = number};
        const char *at = column(line, out->carrier, sizeof out->carrier);
        at = column(at, out->reading, sizeof out->reading);
        at = column(at, out->amount, sizeof out->amount);
        at = column(at, out->expires, sizeof out->expires);
        for (char *to = out->text; *at; at++) {
            bool feed = at[0] == '\\' && at[1] == 'n';
            *to++ = (char)(feed ? '\n' : *at);
            at += feed;
        }
        return true;
    }
    return false;
}

static struct subscriber_balance parse(const char *carrier, const char *text)
{
    struct subscriber_balance balance;
    assert_int_equal(subscriber_balance_parse(rules, carrier, text, strlen(text), &balance), 0);
    return balance;
}

static void each_answer_is_read_as_it_was_meant(void **state)
{
    struct balance_case one = {0};
    FILE *file = cases_open();
    int count = 0;
    (void)state;
    for (; case_next(file, &one); count++) {
        struct subscriber_balance got = parse(one.carrier, one.text);
        char amount[24] = "";
        if (got.reading == BALANCE_READ)
            snprintf(amount, sizeof amount, "%lld", (long long)got.vnd);
        const char *wanted = strcmp(one.reading, "read") == 0 ? one.amount : "";
        if (strcmp(subscriber_balance_name(got.reading), one.reading) != 0 ||
            strcmp(amount, wanted) != 0 || strcmp(got.expires, one.expires) != 0)
            fail_msg("balances.txt:%u: %s %s %s", one.line, subscriber_balance_name(got.reading),
                     amount, got.expires);
        assert_int_equal(got.reading == BALANCE_UNPARSED, got.rule[0] == '\0');
    }
    fclose(file);
    assert_true(count >= CASES_MIN);
}

/* --- damage ---------------------------------------------------------------------------------- */

static unsigned seed;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % sides;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void cut(char *at)
{
    memmove(at, at + 1, strlen(at));
}

static void put(char *text, char *at, const char *what)
{
    if (strlen(text) + strlen(what) + 1 >= TEXT_ROOM)
        return;
    memmove(at + strlen(what), at, strlen(at) + 1);
    memcpy(at, what, strlen(what)); /* NOLINT(bugprone-not-null-terminated-result): inside it */
}

/* Two sentences change places. */
static void reorder(char *text)
{
    char copy[TEXT_ROOM], *dot = strstr(text, ". ");
    if (!dot)
        return;
    *dot = '\0';
    snprintf(copy, sizeof copy, "%s. %s", dot + 2, text);
    strcpy(text, copy);
}

/* Of everything but digits: those are the truth. */
static void damage(char *text)
{
    static const char *const separators[] = {" ", ".", ",", ":", "\n", " - ", "=", ";"};
    size_t len = strlen(text);
    char *at = text + (len ? dice((unsigned)len) : 0);
    switch (dice(7)) {
    case 0:
        if (is_letter(*at))
            *at = (char)(*at ^ 0x20);
        break;
    case 1: /* a letter is lost; that of 12K is half the amount */
        if (is_letter(*at) && at > text && !(at[-1] >= '0' && at[-1] <= '9'))
            cut(at);
        break;
    case 2: /* a blank more */
        if ((*at & 0xC0) != 0x80)
            put(text, at, " ");
        break;
    case 3: /* or less */
        if (*at == ' ')
            cut(at);
        break;
    case 4: /* one separator for another */
        if (strchr(" .,:;=", *at) && *at) {
            cut(at);
            put(text, at, separators[dice(8)]);
        }
        break;
    case 5: /* an accent that is not there */
        if (strchr("aeiou", *at) && *at)
            put(text, at + 1, "\u0301");
        break;
    default:
        reorder(text);
    }
}

/* BALANCE_ROUNDS of each answer: more than a test has time for, by hand. */
static unsigned rounds(void)
{
    const char *wanted = getenv("BALANCE_ROUNDS");
    return wanted ? (unsigned)strtoul(wanted, NULL, 10) : ROUNDS;
}

/* Neither half of 12.345 with a blank in it is the amount, nor what a bonus holds. */
static void what_is_damaged_is_read_right_or_not_at_all(void **state)
{
    struct balance_case one = {0};
    FILE *file = cases_open();
    unsigned read = 0, dated = 0, all = 0, most = rounds();
    (void)state;
    while (case_next(file, &one)) {
        for (unsigned round = 0; round < most; round++) {
            char text[TEXT_ROOM];
            seed = one.line * 7919 + round;
            snprintf(text, sizeof text, "%s", one.text);
            for (unsigned i = 1 + dice(3); i > 0; i--)
                damage(text);
            struct subscriber_balance got = parse(one.carrier, text);
            all++;
            if (got.reading != BALANCE_READ)
                continue;
            read++;
            if (got.vnd != atoll(one.amount) || !*one.amount)
                fail_msg("balances.txt:%u: %lld out of: %s", one.line, (long long)got.vnd, text);
            dated += *got.expires != '\0';
            if (*got.expires && *one.expires && strcmp(got.expires, one.expires) != 0)
                fail_msg("balances.txt:%u: %s out of: %s", one.line, got.expires, text);
        }
    }
    fclose(file);
    print_message("%u damaged answers: %u read, %u of them with their day, 0 wrong\n", all, read,
                  dated);
    assert_true(read * 3 > all); /* and it is not so that nothing is ever read */
    assert_true(dated * 6 > all);
}

/* What eighty thousand rounds have found: the name of a bonus lost its letters and its sentence, or
 * all of it went; a price lost its stroke. */
static void what_may_be_a_bonus_is_not_read(void **state)
{
    static const char *const texts[] = {
        "Thuon g,TK goc: 12.345d, HSD 25/12/2026",
        "Tuong;TK goc: 12.345d, HSD 25/12/2026",
        "Thuon g.TK goc: 12.345d, HSD 25/12/2026",
        "KM,cong.TK goc 12.345d",
        "TK goc : 12.345d, HSD 25/12/2026",
        "Thung\nTK goc: 12.345d, HSD 25/12/2026",
        "T huong\nTK goc: 12.345d, HSD 25/12/2026",
        "K M cong\nTK goc 12.345d",
        "KMcong\nTK goc 12.345d",
        "K cong\nTK goc 12.345d",
        "TK goc: 1.500d,/phut",
        "TK goc: 1.500d\n/phut",
        "TK goc: 1.500,d/phut",
        "TK goc: 12.345d, HSD 25/12/2026. Tuong;TK goc: 5.000d",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (parse("viettel", texts[i]).reading != BALANCE_UNPARSED)
            fail_msg("%s", texts[i]);
    assert_int_equal(parse("viettel", "Xin chao,TK goc: 12.345d").vnd, 12345);
    assert_int_equal(parse("viettel", "Chuc mung nam moi!\nTK goc: 12.345d").vnd, 12345);
    assert_int_equal(parse("viettel", "Thong tin tai khoan\nTK goc: 12.345d").vnd, 12345);
    assert_int_equal(parse("viettel", "TK goc : 12.345d, HSD : 25/12/2026").vnd, 12345);
}

static void what_is_no_text_is_not_read(void **state)
{
    struct subscriber_balance got;
    static char whole[9000];
    (void)state;
    memset(whole, 'a', sizeof whole);
    assert_int_equal(subscriber_balance_parse(rules, "", "TKC: 5d \xff", 9, &got), 0);
    assert_int_equal(got.reading, BALANCE_UNPARSED);
    assert_int_equal(subscriber_balance_parse(rules, "", whole, sizeof whole, &got), 0);
    assert_int_equal(got.reading, BALANCE_UNPARSED);
}

static void a_line_of_a_menu_is_no_amount(void **state)
{
    (void)state;
    assert_int_equal(parse("viettel", "1. TK goc 2. Nap the").reading, BALANCE_UNPARSED);
}

static void two_amounts_are_none(void **state)
{
    (void)state;
    assert_int_equal(parse("viettel", "TK goc: 12.345d. Con lai, TK goc: 11.345d").reading,
                     BALANCE_UNPARSED);
    assert_int_equal(parse("viettel", "TK goc: 12.345d. TK goc: 12.345d, HSD 1/2/2027").vnd, 12345);
}

static void an_operator_adds_a_rule_for_one_carrier(void **state)
{
    static const char ini[] = "[labels]\nfull_name = HO TEN\n"
                              "[balance]\nmain = TKC\n[balance itel]\nmain = Ví iTel\n";
    static const char text[] = "Vi iTel: 7.000d";
    struct subscriber_rules *own;
    struct subscriber_balance got;
    char why[200];
    (void)state;
    assert_int_equal(subscriber_rules_parse("t", ini, strlen(ini), &own, why, sizeof why), 0);
    assert_int_equal(subscriber_balance_parse(own, "itel", text, strlen(text), &got), 0);
    assert_int_equal(got.vnd, 7000);
    assert_string_equal(got.rule, "VI ITEL");
    assert_int_equal(subscriber_balance_parse(own, "viettel", text, strlen(text), &got), 0);
    assert_int_equal(got.reading, BALANCE_UNPARSED);
    subscriber_rules_free(own);
    assert_int_equal(
        subscriber_rules_parse("t", "[balance]\nmian = A\n", 19, &own, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "mian"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_is_read_as_it_was_meant),
        cmocka_unit_test(what_is_damaged_is_read_right_or_not_at_all),
        cmocka_unit_test(what_may_be_a_bonus_is_not_read),
        cmocka_unit_test(what_is_no_text_is_not_read),
        cmocka_unit_test(a_line_of_a_menu_is_no_amount),
        cmocka_unit_test(two_amounts_are_none),
        cmocka_unit_test(an_operator_adds_a_rule_for_one_carrier),
    };
    return cmocka_run_group_tests(tests, rules_setup, rules_teardown);
}
