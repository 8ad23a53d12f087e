/* subscriber_name, subscriber_id: pairs of names with the level they are to get; documents; masks.
 */
#include "subscriber_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cm.h"
#include "subscriber_id.h"
#include "text.h"

enum { PAIRS_LEAST = 200, CELLS = 4, CELL = 512 };

static void unescape(const char *from, char *to)
{
    while (*from) {
        if (from[0] == '\\' && from[1] == 'u') {
            char digits[5] = "";
            memcpy(digits, from + 2, 4);
            to += text_utf8_put(to, (uint32_t)strtoul(digits, NULL, 16));
            from += 6;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static bool cells_split(char *line, char cell[CELLS][CELL])
{
    if (line[0] == '#' || line[0] == '\0')
        return false;
    for (int i = 0; i < CELLS; i++) {
        char *bar = i < CELLS - 1 ? strstr(line, " | ") : NULL;
        assert_true(i == CELLS - 1 || bar);
        if (bar)
            *bar = '\0';
        unescape(line, cell[i]);
        line = bar ? bar + 3 : line;
    }
    return true;
}

static void findings_write(unsigned findings, char *out)
{
    *out = '\0';
    for (int f = 0; f < SUBSCRIBER_FINDINGS; f++)
        if (findings & 1u << f) {
            strcat(out, *out ? "," : "");
            strcat(out, subscriber_finding_name((enum subscriber_finding)f));
        }
}

static int pair_check(char cell[CELLS][CELL])
{
    char found[200];
    struct subscriber_verdict verdict = subscriber_name_compare(cell[0], cell[1]);
    findings_write(verdict.findings, found);
    if (strcmp(subscriber_level_name(verdict.level), cell[2]) != 0) {
        print_error("%s | %s: level %s, wanted %s\n", cell[0], cell[1],
                    subscriber_level_name(verdict.level), cell[2]);
        return 1;
    }
    /* the order of findings in the file is that of reading */
    for (char *save = NULL, *word = strtok_r(cell[3], ",", &save); word;
         word = strtok_r(NULL, ",", &save)) {
        char *at = strstr(found, word);
        if (!at) {
            print_error("%s | %s: found %s, wanted %s\n", cell[0], cell[1], found, word);
            return 1;
        }
        memset(at, ',', strlen(word));
    }
    if (strspn(found, ",") != strlen(found)) {
        print_error("%s | %s: found %s besides\n", cell[0], cell[1], found);
        return 1;
    }
    return 0;
}

static void every_pair(void **state)
{
    char line[4 * CELL], cell[CELLS][CELL];
    int count = 0, bad = 0;
    FILE *file = fopen("tests/unit/subscriber/names.txt", "r");
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (!cells_split(line, cell))
            continue;
        count++;
        bad += pair_check(cell);
    }
    fclose(file);
    print_message("%d pairs, %d wrong\n", count, bad);
    assert_true(count >= PAIRS_LEAST);
    assert_int_equal(bad, 0);
}

/* Who is typed and who is on record does not matter for the level. */
static void both_ways(void **state)
{
    char line[4 * CELL], cell[CELLS][CELL];
    FILE *file = fopen("tests/unit/subscriber/names.txt", "r");
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (!cells_split(line, cell))
            continue;
        assert_int_equal(subscriber_name_compare(cell[0], cell[1]).level,
                         subscriber_name_compare(cell[1], cell[0]).level);
    }
    fclose(file);
}

static void faults_check(const char *name, const char *wanted)
{
    char found[200];
    findings_write(subscriber_name_faults(name), found);
    if (strcmp(found, wanted) != 0)
        fail_msg("%s: \"%s\", wanted \"%s\"", name, found, wanted);
}

static void faults(void **state)
{
    (void)state;
    faults_check("Nguyễn Văn An", "");
    faults_check("NGUYEN VAN A", "");
    faults_check("H'Hen Niê", "");
    faults_check("Ksor Phước", "");
    faults_check("Đặng Thùy Trâm", "");
    faults_check("Nguyeenx Vawn An", "typing_residue");
    faults_check("Nguye64n Va8n An", "typing_residue");
    faults_check("Phamj Hoaf", "typing_residue");
    faults_check("NguyÔn V¨n An", "legacy_encoding");
    faults_check("Аn Nguyen", "lookalike_letters");
    faults_check("Nguyen\u200bVan An", "hidden_characters");
    faults_check("Nguyen \u202eVan An", "hidden_characters");
    faults_check("0912345678", "not_a_name");
    faults_check("", "not_a_name");
    faults_check("a@b.vn", "not_a_name");
}

static void id_check(const char *typed, const char *record, const char *level, const char *wanted)
{
    char found[200];
    struct subscriber_verdict verdict = subscriber_id_compare(typed, record);
    findings_write(verdict.findings, found);
    if (strcmp(subscriber_level_name(verdict.level), level) != 0 || strcmp(found, wanted) != 0)
        fail_msg("%s, %s: %s \"%s\"", typed, record, subscriber_level_name(verdict.level), found);
}

static void documents(void **state)
{
    (void)state;
    id_check("052090001234", "052090001234", "exact", "");
    id_check("052 090 001 234", "052090001234", "exact", "");
    id_check("052090001234", "0520********", "compatible", "");
    id_check("052090001234", "********1234", "compatible", "");
    id_check("052090001234", "********1235", "differs", "one_digit_off");
    id_check("052090001234", "052090001243", "differs", "one_digit_off");
    id_check("052090001234", "052090009999", "differs", "");
    id_check("52090001234", "052090001234", "exact", "leading_zero_lost");
    id_check("052090001234", "205123456", "old_id", "");
    id_check("052090001234", "205******", "old_id", "");
    id_check("205123456", "052090001234", "differs", "");
    id_check("205123456", "205xxxxxx", "compatible", "");
    id_check("b1234567", "B1234567", "exact", "");
    id_check("B1234567", "052090001234", "differs", "");
    id_check("12345", "052090001234", "differs", "not_an_id");
    id_check("", "052090001234", "differs", "not_an_id");
    id_check("052090001234052090001234052090001234", "052090001234", "differs", "not_an_id");
    assert_int_equal(subscriber_id_birth_year("052090001234"), 1990);
    assert_int_equal(subscriber_id_birth_year("052195001234"), 1995);
    assert_int_equal(subscriber_id_birth_year("066301004321"), 2001);
    assert_int_equal(subscriber_id_birth_year("066425004321"), 2125);
    assert_int_equal(subscriber_id_birth_year("066*********"), 0);
    assert_int_equal(subscriber_id_birth_year("205123456"), 0);
}

static void masks(void **state)
{
    char out[64];
    (void)state;
    subscriber_mask_digits("052090001234", out, sizeof out);
    assert_string_equal(out, "0520********");
    subscriber_mask_digits("12345678", out, sizeof out);
    assert_string_equal(out, "********");
    subscriber_mask_name("NGUYEN VAN A", out, sizeof out);
    assert_string_equal(out, "NGUYEN V** A");
    subscriber_mask_name("NGUYỄN THỊ ÁNH", out, sizeof out);
    assert_string_equal(out, "NGUYỄN T** Á**");
    subscriber_mask_name("MOAN", out, sizeof out);
    assert_string_equal(out, "M***");
    subscriber_mask_date("1990-02-01", 10, out, sizeof out);
    assert_string_equal(out, "1990-**-**");
    subscriber_mask_date("1/12/1990", 9, out, sizeof out);
    assert_string_equal(out, "*/**/1990");
    subscriber_mask_date("ngày 1", 7, out, sizeof out);
    assert_string_equal(out, "***** *");
    subscriber_mask_date("1990", 4, out, 3);
    assert_string_equal(out, "19");
    subscriber_mask_text("Ten: Trần B\n052090001234", 26, out, sizeof out);
    assert_string_equal(out, "T**: T*** B\n0***********");
    subscriber_mask_text("aaaaaaaaaaaaaa", 14, out, 8);
    assert_int_equal(strlen(out), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair), cmocka_unit_test(both_ways), cmocka_unit_test(faults),
        cmocka_unit_test(documents),  cmocka_unit_test(masks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
