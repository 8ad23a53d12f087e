/* What is formed is parsed to the same, for every word; what is cut or changed is not taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gammu_wire.h"

static const char *const lines[GAMMU_WORDS] = {
    [GAMMU_HELLO] = "hello 1",
    [GAMMU_IMEI] = "imei 867542030000007",
    [GAMMU_IMSI] = "imsi 452040000000001",
    [GAMMU_SMSC] = "smsc +84980200030",
    [GAMMU_MAKER] = "maker Nokia Mobile Phones",
    [GAMMU_MODEL] = "model 6310",
    [GAMMU_REVISION] = "revision 5.52",
    [GAMMU_READY] = "ready",
    [GAMMU_RADIO] = "radio 1 -71 Viettel",
    [GAMMU_INBOUND] = "inbound 18446744073709551615 0403812143",
    [GAMMU_SENT] = "sent 77 9 255",
    [GAMMU_REFUSED] = "refused 77 9 26",
    [GAMMU_FAILED] = "failed 77 9 14",
    [GAMMU_ALIVE] = "alive",
    [GAMMU_BROKEN] = "broken 4",
    [GAMMU_SEND] = "send 77 9 31000381",
    [GAMMU_TAKEN] = "taken 5 1",
    [GAMMU_LOOK] = "look",
};

static void there_and_back(void **state)
{
    char out[GAMMU_LINE_MAX + 2];
    struct gammu_line line;
    (void)state;
    for (int word = 0; word < GAMMU_WORDS; word++) {
        size_t len = strlen(lines[word]);
        assert_true(gammu_line_parse(lines[word], len, &line));
        assert_int_equal(line.word, word);
        assert_int_equal(gammu_line_form(&line, out), len + 1);
        assert_memory_equal(out, lines[word], len);
        assert_int_equal(out[len], '\n');
    }
}

/* Cut anywhere it is another line, or none; never read past its end. */
static void cut_lines(void **state)
{
    struct gammu_line line;
    (void)state;
    for (int word = 0; word < GAMMU_WORDS; word++) {
        for (size_t len = 0; len < strlen(lines[word]); len++) {
            char *exact = strndup(lines[word], len);
            char out[GAMMU_LINE_MAX + 2];
            if (gammu_line_parse(exact, len, &line)) {
                assert_int_equal(gammu_line_form(&line, out), len + 1);
                assert_memory_equal(out, exact, len);
            }
            free(exact);
        }
    }
}

static void longest_lines_fit(void **state)
{
    struct gammu_line line = {.word = GAMMU_SEND, .id = UINT64_MAX, .number = 9999}, again;
    char out[GAMMU_LINE_MAX + 2];
    (void)state;
    line.tpdu.len = PDU_TPDU_MAX;
    memset(line.tpdu.octet, 0xAB, sizeof line.tpdu.octet);
    size_t len = gammu_line_form(&line, out);
    assert_true(len <= GAMMU_LINE_MAX);
    assert_true(gammu_line_parse(out, len - 1, &again));
    assert_int_equal(again.tpdu.len, PDU_TPDU_MAX);
    assert_memory_equal(again.tpdu.octet, line.tpdu.octet, PDU_TPDU_MAX);
}

static void text_stays_a_line(void **state)
{
    struct gammu_line line = {.word = GAMMU_MAKER}, again;
    char out[GAMMU_LINE_MAX + 2];
    (void)state;
    strcpy(line.text, "two\nlines \xC4\x90");
    size_t len = gammu_line_form(&line, out);
    assert_int_equal(strcspn(out, "\n"), len - 1);
    assert_true(gammu_line_parse(out, len - 1, &again));
    assert_string_equal(again.text, "two?lines ??");
}

static void what_is_seen_of_a_line(void **state)
{
    static const struct {
        const char *line, *seen;
    } rows[] = {
        {"hello 1", "hello 1"},
        {"imei 867542030000007", "imei <imei:15>"},
        {"imsi 452040000000001", "imsi <imsi:15>"},
        {"smsc +84980200030", "smsc <phone:12>"},
        {"model 6310<i>", "model 6310.i."},
        {"radio 1 -71 Nguyen Van A", "radio 1 -71 <text:12>"},
        {"radio 2 0", "radio 2 0"},
        {"inbound 12 040C914809214365", "inbound 12 <pdu:16>"},
        {"inbound 84912345678 0400", "inbound <digits:11> <pdu:4>"},
        {"sent 7 0 255", "sent 7 0 255"},
        {"send 7 0 0100", "send 7 0 <pdu:4>"},
        {"taken 12 1", "taken 12 1"},
        {"broken 5", "broken 5"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gammu_line line;
        char seen[64];
        assert_true(gammu_line_parse(rows[i].line, strlen(rows[i].line), &line));
        gammu_line_show(&line, seen, sizeof seen);
        assert_string_equal(seen, rows[i].seen);
        gammu_line_show(&line, seen, 8); /* cut, and ended */
        assert_true(strlen(seen) < 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seen_of_a_line),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(cut_lines),
        cmocka_unit_test(longest_lines_fit),
        cmocka_unit_test(text_stays_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
