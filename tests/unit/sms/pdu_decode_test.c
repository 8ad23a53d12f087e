/* pdu_decode: every vector of tpdu.txt, each cut short at every octet, and what no vector can say.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pdu_decode.h"
#include "status.h"
#include "text.h"
#include "vectors.h"

static struct vector v;

static void expect(bool fact, const char *what)
{
    if (!fact)
        fail_msg("vector %s: %s", vector_get(&v, "name"), what);
}

static void time_check(const struct pdu_time *time, const char *key)
{
    char iso[32];
    const char *want = vector_get(&v, key);
    if (strcmp(want, "unknown") == 0) {
        expect(!time->known, key);
        return;
    }
    expect(time->known, key);
    text_iso8601(time->wall_ms, iso);
    expect(strncmp(iso, want, 19) == 0, iso);
}

static void header_check(const struct pdu_header *header)
{
    char text[32] = "";
    const char *concat = vector_get(&v, "concat"), *ports = vector_get(&v, "ports");
    expect(header->concat == (concat != NULL), "concat");
    snprintf(text, sizeof text, "%u/%u/%u", header->reference, header->total, header->sequence);
    expect(!concat || strcmp(text, concat) == 0, text);
    expect(header->wide_reference == vector_is(&v, "wide", "yes"), "wide");
    expect(header->ports == (ports != NULL), "ports");
    snprintf(text, sizeof text, "%u/%u", header->port_to, header->port_from);
    expect(!ports || strcmp(text, ports) == 0, text);
    expect(header->single_shift == vector_number(&v, "single", 0), "single");
    expect(header->locking_shift == vector_number(&v, "locking", 0), "locking");
}

static void deliver_check(const struct pdu_deliver *got)
{
    static const char *const alphabets[] = {"gsm7", "ucs2", "data"};
    expect(strcmp(got->from.text, vector_get(&v, "from")) == 0, got->from.text);
    expect(got->from.name == vector_is(&v, "named", "yes"), "named");
    time_check(&got->sent, "time");
    expect(got->sent.zone_min == vector_number(&v, "zone", 0), "zone");
    expect(strcmp(alphabets[got->alphabet], vector_get(&v, "alphabet")) == 0, "alphabet");
    expect(got->class_ == vector_number(&v, "class", -1), "class");
    expect(got->more == vector_is(&v, "more", "yes"), "more");
    expect(strcmp(got->text, vector_get(&v, "text")) == 0, got->text);
    expect(strlen(got->text) == got->text_len, "text_len");
    if (vector_get(&v, "data")) {
        char hex[2 * sizeof got->data + 1];
        text_hex_encode(got->data, got->data_len, hex);
        expect(strcmp(hex, vector_get(&v, "data")) == 0, hex);
    }
    header_check(&got->header);
}

static void report_check(const struct pdu_report *got)
{
    expect(got->reference == vector_number(&v, "reference", -1), "reference");
    expect(got->status == vector_number(&v, "status", -1), "status");
    expect(strcmp(got->to.text, vector_get(&v, "to")) == 0, got->to.text);
    time_check(&got->sent, "time");
    time_check(&got->settled, "settled");
}

/* A copy of the exact size: a sanitizer sees one octet too many. */
static enum pdu_refusal decode(bool deliver, size_t len, struct pdu_deliver *d,
                               struct pdu_report *r)
{
    uint8_t *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, v.tpdu, len);
    enum pdu_refusal refusal =
        deliver ? pdu_decode_deliver(exact, len, d) : pdu_decode_report(exact, len, r);
    free(exact);
    return refusal;
}

static void every_vector(void **state)
{
    (void)state;
    unsigned count = 0;
    FILE *file = vectors_open();
    assert_non_null(file);
    while (vectors_next(file, &v)) {
        static struct pdu_deliver d;
        static struct pdu_report r;
        bool deliver = vector_is(&v, "kind", "deliver");
        if (vector_is(&v, "kind", "submit"))
            continue;
        memset(&d, 0x55, sizeof d);
        memset(&r, 0x55, sizeof r);
        enum pdu_refusal refusal = decode(deliver, v.len, &d, &r);
        const char *refused = vector_get(&v, "refused");
        expect(strcmp(pdu_refusal_name(refusal), refused ? refused : "ok") == 0,
               pdu_refusal_name(refusal));
        if (!refused && deliver)
            deliver_check(&d);
        else if (!refused)
            report_check(&r);
        count++;
    }
    fclose(file);
    print_message("%u vectors\n", count);
    assert_true(count >= 240);
}

/* Octets that a report may lack without being refused: those behind TP-ST. */
static size_t report_end(void)
{
    return 2 + 2 + (v.tpdu[2] + 1u) / 2 + 15;
}

static void cut_at_every_octet(void **state)
{
    (void)state;
    unsigned cuts = 0;
    FILE *file = vectors_open();
    assert_non_null(file);
    while (vectors_next(file, &v)) {
        static struct pdu_deliver d;
        static struct pdu_report r;
        bool deliver = vector_is(&v, "kind", "deliver");
        if (vector_is(&v, "kind", "submit") || vector_get(&v, "refused"))
            continue;
        size_t end = deliver ? v.len : report_end();
        if (vector_is(&v, "name", "trailing_octets"))
            end -= 4;
        for (size_t len = 0; len < end; len++, cuts++)
            expect(decode(deliver, len, &d, &r) == PDU_CUT_SHORT, "cut");
        for (size_t len = end; len <= v.len; len++)
            expect(decode(deliver, len, &d, &r) == PDU_OK, "whole");
    }
    fclose(file);
    assert_true(cuts > 5000);
}

/* Every octet of every vector replaced by each of these: never out of bounds, always an answer. */
static void every_octet_wrong(void **state)
{
    (void)state;
    static const uint8_t wrong[] = {0x00, 0x01, 0x7F, 0x80, 0x8C, 0xA0, 0xFF};
    FILE *file = vectors_open();
    assert_non_null(file);
    while (vectors_next(file, &v))
        for (size_t at = 0; at < v.len; at++)
            for (size_t i = 0; i < sizeof wrong; i++) {
                static struct pdu_deliver d;
                static struct pdu_report r;
                uint8_t right = v.tpdu[at];
                v.tpdu[at] = wrong[i];
                if (decode(true, v.len, &d, &r) == PDU_OK)
                    expect(text_utf8_valid(d.text, d.text_len) &&
                               text_utf8_valid(d.from.text, strlen(d.from.text)),
                           "no UTF-8");
                expect(*pdu_refusal_name(decode(false, v.len, &d, &r)), "a name");
                v.tpdu[at] = right;
            }
    fclose(file);
}

/* A text that ends within a surrogate pair: what is behind it in memory is no part of it. */
static void cut_within_a_surrogate(void **state)
{
    (void)state;
    static const uint8_t head[] = {0x04, 0x04, 0x81, 0x41, 0x41, 0x00, 0x08, 0x62,
                                   0x11, 0x22, 0x21, 0x03, 0x15, 0x82, 0x00};
    static const uint8_t text[] = {0xD8, 0x3D, 0xDE, 0x00};
    static const char *const wants[] = {"", "", "\uFFFD", "\uFFFD", "\U0001F600"};
    static struct pdu_deliver d;
    uint8_t tpdu[sizeof head + sizeof text];
    memcpy(tpdu, head, sizeof head);
    memcpy(tpdu + sizeof head, text, sizeof text);
    for (size_t len = 0; len <= sizeof text; len++) {
        tpdu[sizeof head - 1] = (uint8_t)len;
        assert_int_equal(pdu_decode_deliver(tpdu, sizeof head + len, &d), PDU_OK);
        assert_string_equal(d.text, wants[len]);
    }
}

static void lines_of_modems(void **state)
{
    (void)state;
    struct pdu_tpdu tpdu;
    static const char line[] = "07914889200026F5040B914819325476F800006211222103158205E8329BFD06";
    size_t len = sizeof line - 1;
    const uint8_t head[] = {0x04, 0x0B, 0x91};
    assert_int_equal(pdu_decode_line(line, len, 24, &tpdu), 0);
    assert_int_equal(tpdu.len, 24);
    assert_memory_equal(tpdu.octet, head, 3);
    assert_int_equal(pdu_decode_line(line, len, -1, &tpdu), 0);
    assert_int_equal(tpdu.len, 24);
    assert_memory_equal(tpdu.octet, head, 3);
    /* no centre at all */
    assert_int_equal(pdu_decode_line("00040B91", 8, 3, &tpdu), 0);
    assert_memory_equal(tpdu.octet, head, 3);
    assert_int_equal(pdu_decode_line("00040B91", 8, -1, &tpdu), 0);
    assert_memory_equal(tpdu.octet, head, 3);
    /* ZTE: the centre's length is wrong, the announced one is right */
    assert_int_equal(pdu_decode_line("09914889200026F5040b91", 22, 3, &tpdu), 0);
    assert_int_equal(tpdu.len, 3);
    assert_memory_equal(tpdu.octet, head, 3);
    /* no line at all */
    assert_int_equal(pdu_decode_line("", 0, -1, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line("00", 2, -1, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line("00", 2, 0, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line("0004", 4, 3, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line("0004", 4, 2, &tpdu), 0);
    assert_int_equal(pdu_decode_line("00040", 5, -1, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line("0004 0", 6, -1, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line("0804", 4, -1, &tpdu), -EINVAL);
    static char hex[2 * 400];
    memset(hex, '0', sizeof hex);
    assert_int_equal(pdu_decode_line(hex, sizeof hex, -1, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line(hex, 356, -1, &tpdu), -EINVAL);
    assert_int_equal(pdu_decode_line(hex, 354, -1, &tpdu), 0);
    assert_int_equal(tpdu.len, PDU_TPDU_MAX);
}

static void every_status(void **state)
{
    (void)state;
    static const struct {
        int first, last;
        enum sms_status_class class_;
    } blocks[] = {{0x00, 0x00, SMS_STATUS_DELIVERED},
                  {0x01, 0x1F, SMS_STATUS_ACCEPTED},
                  {0x20, 0x3F, SMS_STATUS_TRYING},
                  {0x40, 0x5F, SMS_STATUS_FAILED},
                  {0x60, 0xFF, SMS_STATUS_GAVE_UP}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        for (int status = blocks[i].first; status <= blocks[i].last; status++) {
            const struct sms_status_row *row = sms_status_find((uint8_t)status);
            assert_int_equal(row->class_, blocks[i].class_);
            assert_true(row->first <= status && status <= row->last);
            assert_true(*row->name && row->sentence[strlen(row->sentence) - 1] == '.');
        }
    assert_string_equal(sms_status_find(0x46)->name, "validity_expired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector),      cmocka_unit_test(cut_at_every_octet),
        cmocka_unit_test(every_octet_wrong), cmocka_unit_test(cut_within_a_surrogate),
        cmocka_unit_test(lines_of_modems),   cmocka_unit_test(every_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
