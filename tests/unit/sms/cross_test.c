/* cross: our codec and the simulated network's, each on what the other wrote.
 *
 * The two share no line of code. Every scenario stands on both; here they are held against each
 * other without a modem between them, and against the same vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "pdu.h"
#include "pdu_agree.h"
#include "pdu_decode.h"
#include "sim_pdu.h"
#include "text.h"
#include "vectors.h"

enum { CASES = 4000, CHARS_MAX = 600 };

static uint64_t seed;
static unsigned pick(unsigned below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (unsigned)((seed * 2685821657736338717ULL) >> 33) % below;
}

static const char *const pieces[] = {"a", "Z", "5", " ", "\n", "@", "_", "Ω",  "é",  "[", "€",
                                     "~", "^", "|", "ệ", "đ",  "Ư", "`", "中", "\t", "😀", "𝄞"};
enum { GSM7_PIECES = 14, PIECES = sizeof pieces / sizeof *pieces };

/* One to `limit` characters; returns the number of octets. */
static size_t text_make(char *out, unsigned limit)
{
    unsigned count = 1 + pick(limit), kinds = pick(2) ? GSM7_PIECES : PIECES;
    size_t len = 0;
    for (unsigned i = 0; i < count; i++) {
        const char *piece = pieces[pick(4) ? pick(5) : pick(kinds)];
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    out[len] = '\0';
    return len;
}

static void number_make(char *out)
{
    unsigned count = 3 + pick(13);
    if (count > 6)
        *out++ = '+';
    *out++ = (char)('1' + pick(9));
    while (--count)
        *out++ = (char)('0' + pick(10));
    *out = '\0';
}

/* --- what we write, read by the simulated network --- */

static void sim_reads(const struct pdu_tpdu *tpdu, struct sim_submit *out)
{
    char line[2 * PDU_TPDU_MAX + 3];
    bool length_wrong;
    pdu_submit_line(tpdu, line);
    const char *wrong = sim_pdu_submit_decode(line, strlen(line), tpdu->len, out, &length_wrong);
    if (wrong)
        fail_msg("%s: %s", line, wrong);
    assert_string_equal(out->smsc, "");
    assert_false(out->bad_text || out->reject_duplicate);
    assert_int_equal(out->mr, 0);
}

static void part_compare(const struct pdu_submit *ours, const struct sim_submit *theirs)
{
    bool many = ours->text->parts > 1;
    assert_string_equal(theirs->to, ours->to);
    assert_int_equal(theirs->report, ours->report);
    assert_int_equal(theirs->class_, ours->flash ? 0 : -1);
    assert_int_equal(theirs->replace_type, ours->replace_type);
    assert_int_equal(theirs->alphabet, ours->text->encoding == SMS_GSM7 ? SIM_GSM7 : SIM_UCS2);
    assert_int_equal(theirs->ref, many ? ours->reference : -1);
    assert_int_equal(theirs->parts, ours->text->parts);
    assert_int_equal(theirs->part, ours->part + 1);
    if (ours->no_validity) {
        assert_int_equal(theirs->vp, SIM_VP_NONE);
        return;
    }
    assert_int_equal(theirs->vp, pdu_validity(ours->validity_ms));
    assert_int_equal(theirs->validity_ms, pdu_validity_ms((uint8_t)theirs->vp));
    assert_true(theirs->validity_ms >= ours->validity_ms);
}

static void submits(void **state)
{
    (void)state;
    static struct sms_text text;
    static char utf8[4 * CHARS_MAX + 1], joined[4 * CHARS_MAX + SIM_TEXT];
    seed = 0x6F74706761746533;
    unsigned parted = 0;
    for (unsigned n = 0; n < CASES; n++) {
        char to[20];
        number_make(to);
        size_t len = text_make(utf8, pick(4) ? 180 : CHARS_MAX);
        if (sms_text_encode(utf8, len, SMS_AUTO, &text, NULL) != 0)
            continue;
        struct pdu_submit submit = {.to = to,
                                    .text = &text,
                                    .reference = (uint8_t)pick(256),
                                    .validity_ms = 1 + (int64_t)pick(90000) * 1000,
                                    .report = pick(2),
                                    .flash = !pick(4),
                                    .replace_type = pick(4) ? 0 : (uint8_t)pick(8),
                                    .no_validity = !pick(8)};
        joined[0] = '\0';
        size_t at = 0;
        for (; submit.part < text.parts; submit.part++) {
            struct pdu_tpdu tpdu;
            struct sim_submit theirs;
            assert_int_equal(pdu_submit_encode(&submit, &tpdu), 0);
            sim_reads(&tpdu, &theirs);
            part_compare(&submit, &theirs);
            assert_true(at + strlen(theirs.text) < sizeof joined);
            memcpy(joined + at, theirs.text, strlen(theirs.text) + 1);
            at += strlen(theirs.text);
        }
        assert_string_equal(joined, utf8);
        parted += text.parts > 1;
    }
    assert_true(parted > CASES / 8);
}

static void submits_of_the_file(void **state)
{
    (void)state;
    static struct vector v;
    unsigned count = 0;
    FILE *file = vectors_open();
    assert_non_null(file);
    while (vectors_next(file, &v)) {
        if (!vector_is(&v, "kind", "submit"))
            continue;
        struct pdu_tpdu tpdu = {.len = (uint8_t)v.len};
        struct sim_submit theirs;
        char concat[20];
        memcpy(tpdu.octet, v.tpdu, v.len);
        sim_reads(&tpdu, &theirs);
        assert_string_equal(theirs.to, vector_get(&v, "to"));
        assert_string_equal(theirs.text, vector_get(&v, "text"));
        assert_int_equal(theirs.report, vector_is(&v, "report", "yes"));
        assert_int_equal(theirs.class_, vector_is(&v, "flash", "yes") ? 0 : -1);
        assert_int_equal(theirs.replace_type, vector_number(&v, "replace", 0));
        snprintf(concat, sizeof concat, "%d/%u/%u", theirs.ref, theirs.parts, theirs.part);
        assert_string_equal(concat, vector_get(&v, "concat") ? vector_get(&v, "concat") : "-1/1/1");
        count++;
    }
    fclose(file);
    assert_true(count >= 30);
}

/* --- what comes back: the same octets, read by both --- */

static struct vector v;

static void agree(const char *name, bool report, size_t len)
{
    const char *differ = report ? pdu_agree_report(v.tpdu, len) : pdu_agree_deliver(v.tpdu, len);
    if (differ)
        fail_msg("%s, %zu octets: %s", name, len, differ);
}

/* Whole, cut at every octet, and with every octet wrong in seven ways: they agree on what is taken,
 * and on all that is in it. */
static void what_comes_of_the_file(void **state)
{
    static const uint8_t wrong[] = {0x00, 0x01, 0x7F, 0x80, 0x8C, 0xA0, 0xFF};
    unsigned delivers_read = 0, reports_read = 0;
    FILE *file = vectors_open();
    (void)state;
    assert_non_null(file);
    while (vectors_next(file, &v)) {
        bool report = vector_is(&v, "kind", "report");
        const char *name = vector_get(&v, "name");
        if (vector_is(&v, "kind", "submit"))
            continue;
        for (size_t len = 0; len <= v.len; len++)
            agree(name, report, len);
        for (size_t at = 0; at < v.len; at++)
            for (size_t i = 0; i < sizeof wrong; i++) {
                uint8_t right = v.tpdu[at];
                v.tpdu[at] = wrong[i];
                agree(name, report, v.len);
                v.tpdu[at] = right;
            }
        *(report ? &reports_read : &delivers_read) += 1;
    }
    fclose(file);
    assert_true(delivers_read >= 200 && reports_read >= 30);
}

/* --- what the simulated network writes, read by us --- */

static void delivers(void **state)
{
    (void)state;
    static const char *const names[] = {"VIETTEL", "MY_BANK", "Foo@Bar", "[A]", "Cong DVC", "A"};
    static char utf8[4 * 70 + 1];
    seed = 0x6F74706761746534;
    for (unsigned n = 0; n < CASES; n++) {
        char from[20];
        uint8_t data[SIM_USER_DATA], tpdu[SIM_TPDU];
        struct pdu_deliver ours;
        number_make(from);
        text_make(utf8, 35);
        struct sim_deliver theirs = {.from = pick(4) ? from : names[pick(6)],
                                     .more = pick(2),
                                     .wall_ms = 1767225600000 + (int64_t)pick(31536000) * 1000};
        assert_true(sim_pdu_text_encode(utf8, data, &theirs));
        theirs.user_data = data;
        size_t len = sim_pdu_deliver_encode(&theirs, tpdu);
        assert_true(len > 0);
        assert_int_equal(pdu_decode_deliver(tpdu, len, &ours), PDU_OK);
        assert_string_equal(ours.from.text, theirs.from);
        assert_int_equal(ours.more, theirs.more);
        assert_true(ours.sent.known && ours.sent.wall_ms == theirs.wall_ms);
        assert_int_equal(ours.sent.zone_min, 420);
        for (char *tab = utf8; (tab = strchr(tab, '\t'));)
            *tab = ' '; /* as people see it */
        assert_string_equal(ours.text, utf8);
    }
}

static void reports(void **state)
{
    (void)state;
    seed = 0x6F74706761746535;
    for (unsigned n = 0; n < CASES; n++) {
        char to[20];
        uint8_t tpdu[SIM_TPDU];
        struct pdu_report ours;
        number_make(to);
        struct sim_report theirs = {.mr = (uint8_t)pick(256),
                                    .to = to,
                                    .submitted_wall_ms =
                                        1767225600000 + (int64_t)pick(31536000) * 1000,
                                    .status = (uint8_t)pick(256)};
        theirs.done_wall_ms = theirs.submitted_wall_ms + (int64_t)pick(86400) * 1000;
        size_t len = sim_pdu_report_encode(&theirs, tpdu);
        assert_true(len > 0);
        assert_int_equal(pdu_decode_report(tpdu, len, &ours), PDU_OK);
        assert_int_equal(ours.reference, theirs.mr);
        assert_int_equal(ours.status, theirs.status);
        assert_string_equal(ours.to.text, to);
        assert_true(ours.sent.known && ours.sent.wall_ms == theirs.submitted_wall_ms);
        assert_true(ours.settled.known && ours.settled.wall_ms == theirs.done_wall_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submits),
        cmocka_unit_test(submits_of_the_file),
        cmocka_unit_test(what_comes_of_the_file),
        cmocka_unit_test(delivers),
        cmocka_unit_test(reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
