/* gammu_decode: our decoder against libgammu's, on tpdu.txt and on a few thousand generated
 * messages.
 *
 * Only what our own decoder took whole reaches libgammu, in a padded buffer: its decoder writes out
 * of bounds on hostile lengths. Where the two differ and we are right by the standard, the
 * difference is a row below with its reason; any other one fails, and so does a row that is no
 * longer needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <gammu.h>

#include "gsm7.h"
#include "pdu_decode.h"
#include "text.h"
#include "vectors.h"

enum { CASES = 4000, PADDED = 1024 };

/* --- what libgammu reads
 * -------------------------------------------------------------------------- */

struct reading {
    int err;
    char number[200], text[2000];
    GSM_SMSMessage sms;
};

static void utf8_from(const unsigned char *utf16, char *out, size_t room)
{
    size_t len = 0;
    for (; (utf16[0] || utf16[1]) && len + 5 < room; utf16 += 2) {
        uint32_t c = (uint32_t)utf16[0] << 8 | utf16[1];
        if (c >> 10 == 0x36 && utf16[2] >> 2 == 0x37) {
            utf16 += 2;
            c = 0x10000 + ((c & 0x3FF) << 10) + (((uint32_t)utf16[0] << 8 | utf16[1]) & 0x3FF);
        }
        len += text_utf8_put(out + len, c >> 11 == 0x1B ? 0xFFFD : c);
    }
    out[len] = '\0';
}

static void gammu_read(const uint8_t *tpdu, size_t len, struct reading *out)
{
    unsigned char padded[PADDED] = {0};
    assert_true(len < PADDED);
    memset(out, 0, sizeof *out);
    memcpy(padded, tpdu, len);
    out->err = (int)GSM_DecodePDUFrame(NULL, &out->sms, padded, len, NULL, FALSE);
    utf8_from(out->sms.Number, out->number, sizeof out->number);
    utf8_from(out->sms.Text, out->text, sizeof out->text);
}

/* --- the table of vectors
 * ------------------------------------------------------------------------- */

/* By the beginning of a vector's name. */
static struct difference {
    const char *name, *why;
    unsigned seen;
} differences[] = {
    {"extension_page_break", "it leaves the page break out", 0},
    {"extension_unknown", "it shows the escape itself as a superscript one", 0},
    {"escape_", "the same", 0},
    {"line_ends", "we make every line end one LF", 0},
    {"cr_padding", "we drop the CR that pads the last octet", 0},
    {"ucs2_tilde", "it doubles a tilde", 0},
    {"ucs2_control", "it ends the text at U+0000, and shows control characters", 0},
    {"ucs2_bidi", "we strip what turns the direction", 0},
    {"ucs2_unseen", "we strip what nobody sees", 0},
    {"ucs2_line_ends", "we make every line end one LF", 0},
    {"ucs2_tab", "we make a tab a space", 0},
    {"data", "it reads 8-bit data as text, and refuses compressed text", 0},
    {"concat_data", "the same", 0},
    {"header_without_udhi", "the same", 0},
    {"dcs_0c", "it reads the reserved alphabet as 8-bit; TS 23.038 clause 4: GSM-7", 0},
    {"dcs_80", "reserved groups, too", 0},
    {"dcs_9f", "reserved groups, too", 0},
    {"dcs_bf", "reserved groups, too", 0},
    {"from_service_code", "it drops * and #", 0},
    {"from_letters", "it drops a, b, c", 0},
    {"from_type_bit_7_unset", "it refuses the type; bit 7 carries nothing", 0},
    {"from_name_", "it reads names as ASCII, not as GSM-7", 0},
    {"reserved_type", "TS 23.040 clause 9.2.3.1: to be read as SMS-DELIVER", 0},
};
enum { DIFFERENCES = sizeof differences / sizeof *differences };

static struct difference *difference_find(const char *name)
{
    for (unsigned i = 0; i < DIFFERENCES; i++)
        if (strncmp(name, differences[i].name, strlen(differences[i].name)) == 0)
            return &differences[i];
    return NULL;
}

static void vector_compare(const struct vector *v, unsigned *agreed)
{
    static struct reading theirs;
    bool deliver = vector_is(v, "kind", "deliver");
    const char *name = vector_get(v, "name");
    gammu_read(v->tpdu, v->len, &theirs);
    bool same = theirs.err == ERR_NONE &&
                strcmp(theirs.number, vector_get(v, deliver ? "from" : "to")) == 0;
    if (deliver)
        same = same && strcmp(theirs.text, vector_get(v, "text")) == 0;
    else
        same = same && theirs.sms.DeliveryStatus == vector_number(v, "status", -1) &&
               theirs.sms.MessageReference == vector_number(v, "reference", -1);
    struct difference *difference = difference_find(name);
    if (same)
        ++*agreed;
    else if (difference)
        difference->seen++;
    else
        fail_msg("%s: gammu says %d, \"%s\", \"%s\"", name, theirs.err, theirs.number, theirs.text);
}

static void the_same_vectors(void **state)
{
    (void)state;
    static struct vector v;
    unsigned compared = 0, agreed = 0;
    FILE *file = vectors_open();
    assert_non_null(file);
    while (vectors_next(file, &v)) {
        if (vector_is(&v, "kind", "submit") || vector_get(&v, "refused"))
            continue;
        vector_compare(&v, &agreed);
        compared++;
    }
    fclose(file);
    print_message("%u vectors, %u alike\n", compared, agreed);
    for (unsigned i = 0; i < DIFFERENCES; i++)
        if (differences[i].seen == 0)
            fail_msg("%s: no difference any more", differences[i].name);
}

/* --- generated messages
 * --------------------------------------------------------------------------- */

static uint64_t seed;
static unsigned pick(unsigned below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (unsigned)((seed * 2685821657736338717ULL) >> 33) % below;
}

struct message {
    struct pdu_tpdu tpdu;
    char from[24];
    unsigned date[6]; /* year of two digits to second */
    int quarters;
    int class_;
    bool concat, wide;
    unsigned reference, total, sequence;
};

static void put(struct pdu_tpdu *tpdu, unsigned octet)
{
    tpdu->octet[tpdu->len++] = (uint8_t)octet;
}

static void put_bcd(struct pdu_tpdu *tpdu, unsigned value)
{
    put(tpdu, value % 10 << 4 | value / 10);
}

static void put_head(struct message *m, unsigned dcs)
{
    unsigned count = 3 + pick(13), at = 0;
    bool plus = count > 6;
    put(&m->tpdu, 0x04 | (m->concat ? 0x40 : 0));
    put(&m->tpdu, count);
    put(&m->tpdu, plus ? 0x91 : 0x81);
    if (plus)
        m->from[at++] = '+';
    for (unsigned i = 0; i < count; i++)
        m->from[at + i] = (char)('1' + pick(9));
    m->from[at + count] = '\0';
    for (unsigned i = 0; i < count; i += 2)
        put(&m->tpdu, (i + 1 < count ? (unsigned)m->from[at + i + 1] - '0' : 15) << 4 |
                          ((unsigned)m->from[at + i] - '0'));
    put(&m->tpdu, 0);
    put(&m->tpdu, dcs);
    static const unsigned limits[] = {80, 12, 28, 24, 60, 60};
    for (unsigned i = 0; i < 6; i++) {
        m->date[i] = pick(limits[i]) + (i == 1 || i == 2);
        put_bcd(&m->tpdu, m->date[i]);
    }
    m->quarters = (int)pick(113) - 56;
    put_bcd(&m->tpdu, (unsigned)abs(m->quarters));
    m->tpdu.octet[m->tpdu.len - 1] |= m->quarters < 0 ? 8 : 0;
}

static unsigned put_concat(struct message *m, uint8_t *ud)
{
    unsigned n = 0;
    if (!m->concat)
        return 0;
    ud[n++] = m->wide ? 6 : 5;
    ud[n++] = m->wide ? 8 : 0;
    ud[n++] = m->wide ? 4 : 3;
    if (m->wide)
        ud[n++] = (uint8_t)(m->reference >> 8);
    ud[n++] = (uint8_t)m->reference;
    ud[n++] = (uint8_t)m->total;
    ud[n++] = (uint8_t)m->sequence;
    return n;
}

/* Septets or UTF-16, without what is listed above: CR, page break, tilde in UCS-2. */
static void message_make(struct message *m)
{
    static const uint16_t wide[] = {'a', '0', ' ', '\n', 0xE0, 0x111, 0x1EC7, 0x4E2D, 0xFF01, '@'};
    *m = (struct message){.concat = pick(2), .wide = pick(2), .class_ = (int)pick(5) - 1};
    m->reference = pick(m->wide ? 65536 : 256);
    m->total = 1 + pick(255);
    m->sequence = 1 + pick(m->total);
    bool ucs2 = pick(2);
    put_head(m, (ucs2 ? 8 : 0) | (m->class_ >= 0 ? 0x10u | (unsigned)m->class_ : 0));
    uint8_t ud[140];
    unsigned header = put_concat(m, ud), under = (header * 8 + 6) / 7;
    if (ucs2) {
        unsigned count = pick((140 - header) / 2 + 1), at = header;
        for (unsigned i = 0; i < count; i++) {
            unsigned c = wide[pick(sizeof wide / sizeof *wide)];
            ud[at++] = (uint8_t)(c >> 8);
            ud[at++] = (uint8_t)c;
        }
        put(&m->tpdu, at);
        memcpy(m->tpdu.octet + m->tpdu.len, ud, at);
        m->tpdu.len += (uint8_t)at;
        return;
    }
    static const uint8_t extended[] = {0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65};
    uint16_t septets[160];
    unsigned count = pick(160 - under + 1);
    for (unsigned i = 0; i < count; i++) {
        unsigned septet = pick(128);
        septets[i] = septet == 0x0D || septet == GSM7_ESCAPE ? 'r' : (uint16_t)septet;
        if (!pick(8) && i + 1 < count) {
            septets[i] = GSM7_ESCAPE;
            septets[++i] = extended[pick(sizeof extended)];
        }
    }
    put(&m->tpdu, under + count);
    memcpy(m->tpdu.octet + m->tpdu.len, ud, header);
    m->tpdu.len += (uint8_t)header;
    m->tpdu.len +=
        (uint8_t)gsm7_pack(septets, count, under * 7 - header * 8, m->tpdu.octet + m->tpdu.len);
}

static void time_compare(const struct message *m, const struct pdu_time *ours,
                         const GSM_DateTime *theirs)
{
    char iso[32], want[32];
    assert_true(ours->known);
    assert_int_equal(ours->zone_min, 15 * m->quarters);
    text_iso8601(ours->wall_ms + 60000LL * ours->zone_min, iso);
    snprintf(want, sizeof want, "20%02u-%02u-%02uT%02u:%02u:%02u", m->date[0], m->date[1],
             m->date[2], m->date[3], m->date[4], m->date[5]);
    assert_memory_equal(iso, want, 19);
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02d", theirs->Year, theirs->Month,
             theirs->Day, theirs->Hour, theirs->Minute, theirs->Second);
    assert_string_equal(iso, want);
    assert_int_equal(theirs->Timezone, 900 * m->quarters);
}

static void header_compare(const struct message *m, const struct pdu_header *ours,
                           const GSM_UDHHeader *theirs)
{
    assert_int_equal(ours->concat, m->concat);
    if (!m->concat) {
        assert_int_equal(theirs->Type, UDH_NoUDH);
        return;
    }
    assert_int_equal(ours->reference, m->reference);
    assert_int_equal(ours->total, m->total);
    assert_int_equal(ours->sequence, m->sequence);
    assert_int_equal(m->wide ? theirs->ID16bit : theirs->ID8bit, m->reference);
    assert_int_equal(theirs->AllParts, m->total);
    assert_int_equal(theirs->PartNumber, m->sequence);
}

static void the_same_messages(void **state)
{
    (void)state;
    static struct message m;
    static struct pdu_deliver ours;
    static struct reading theirs;
    unsigned parts = 0;
    seed = 0x6F74706761746532;
    for (unsigned number = 0; number < CASES; number++) {
        message_make(&m);
        assert_int_equal(pdu_decode_deliver(m.tpdu.octet, m.tpdu.len, &ours), PDU_OK);
        gammu_read(m.tpdu.octet, m.tpdu.len, &theirs);
        if (theirs.err != ERR_NONE || strcmp(ours.text, theirs.text) != 0)
            fail_msg("message %u\n ours \"%s\"\ngammu %d \"%s\"", number, ours.text, theirs.err,
                     theirs.text);
        assert_string_equal(ours.from.text, m.from);
        assert_string_equal(theirs.number, m.from);
        assert_int_equal(ours.class_, m.class_);
        assert_int_equal(theirs.sms.Class, m.class_);
        time_compare(&m, &ours.sent, &theirs.sms.DateTime);
        header_compare(&m, &ours.header, &theirs.sms.UDH);
        parts += m.concat;
    }
    assert_true(parts > CASES / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_vectors),
                                       cmocka_unit_test(the_same_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
