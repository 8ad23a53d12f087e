/* pdu_decode: a cursor over the octets; every step asks first whether they are there. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "gsm7.h"
#include "pdu_decode.h"
#include "text.h"

enum {
    MTI = 0x03,
    MTI_DELIVER = 0x00,
    MTI_REPORT = 0x02,
    MTI_RESERVED = 0x03, /* clause 9.2.3.1: to be read as SMS-DELIVER */
    MMS_NONE = 0x04,     /* clause 9.2.3.2: set when no more messages wait */
    UDHI = 0x40,

    ADDRESS_SEMI_OCTETS = 20,
    NAME_SEPTETS = 11,
    TON = 0x70,
    TON_INTERNATIONAL = 0x10,
    TON_NAME = 0x50,

    USER_DATA_SEPTETS = 160,
    USER_DATA_OCTETS = 140,

    IEI_CONCAT_8 = 0x00,
    IEI_PORTS_8 = 0x04,
    IEI_PORTS_16 = 0x05,
    IEI_CONCAT_16 = 0x08,
    IEI_SINGLE_SHIFT = 0x24,
    IEI_LOCKING_SHIFT = 0x25,

    SERVICE_CENTRE_OCTETS = 12, /* its length, type and ten octets of digits */
};

struct cursor {
    const uint8_t *at, *end;
};

/* The next `count` octets, or NULL. */
static const uint8_t *take(struct cursor *cursor, size_t count)
{
    if ((size_t)(cursor->end - cursor->at) < count)
        return NULL;
    const uint8_t *octets = cursor->at;
    cursor->at += count;
    return octets;
}

/* --- addresses
 * ------------------------------------------------------------------------------------ */

/* A centre that counts whole octets makes an eighth septet out of seven: it reads `@`. */
static size_t name_septets(const uint8_t *septets, size_t count)
{
    return count == 8 && septets[7] == 0 ? 7 : count;
}

static void address_name(const uint8_t *octets, unsigned semi_octets, struct pdu_address *out)
{
    uint8_t septets[NAME_SEPTETS];
    size_t count = semi_octets * 4 / 7;
    gsm7_unpack(octets, 0, count, septets);
    airtext_from_gsm7(septets, name_septets(septets, count), false, out->text);
}

static void address_digits(const uint8_t *octets, unsigned semi_octets, struct pdu_address *out)
{
    char *at = out->text;
    if ((out->type & TON) == TON_INTERNATIONAL)
        *at++ = '+';
    for (unsigned i = 0; i < semi_octets; i++) {
        unsigned digit = i % 2 ? octets[i / 2] >> 4 : octets[i / 2] & 0xF;
        if (digit < 0xF) /* F fills up; some centres count it in */
            *at++ = "0123456789*#abc"[digit];
    }
    *at = '\0';
}

static enum pdu_refusal address_take(struct cursor *cursor, struct pdu_address *out)
{
    const uint8_t *head = take(cursor, 2);
    if (!head)
        return PDU_CUT_SHORT;
    if (head[0] > ADDRESS_SEMI_OCTETS)
        return PDU_BAD_ADDRESS;
    const uint8_t *octets = take(cursor, (head[0] + 1u) / 2);
    if (!octets)
        return PDU_CUT_SHORT;
    out->type = head[1];
    out->name = (head[1] & TON) == TON_NAME;
    if (out->name)
        address_name(octets, head[0], out);
    else
        address_digits(octets, head[0], out);
    return PDU_OK;
}

/* --- time
 * ----------------------------------------------------------------------------------------- */

/* Two digits, the first one low; -1 where they are none. */
static int bcd(uint8_t octet)
{
    int tens = octet & 0xF, ones = octet >> 4;
    return tens > 9 || ones > 9 ? -1 : 10 * tens + ones;
}

static int64_t days_since_1970(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int leap_now = month > 2 && year % 4 == 0; /* 2000 was one; a two-digit year ends before 2100 */
    return 365LL * (year - 1970) + (year - 1969) / 4 + before[month - 1] + leap_now + day - 1;
}

static struct pdu_time time_read(const uint8_t octets[7])
{
    static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const struct pdu_time unknown = {0};
    int field[6];
    for (int i = 0; i < 6; i++)
        if ((field[i] = bcd(octets[i])) < 0)
            return unknown;
    int quarters = bcd(octets[6] & 0xF7);
    int year = field[0] + (field[0] < 90 ? 2000 : 1900), month = field[1], day = field[2];
    if (month < 1 || month > 12 || day < 1 || day > longest[month - 1] ||
        (month == 2 && day == 29 && year % 4) || field[3] > 23 || field[4] > 59 || field[5] > 59 ||
        quarters < 0)
        return unknown;
    struct pdu_time time = {.known = true, .zone_min = 15 * quarters * (octets[6] & 0x08 ? -1 : 1)};
    int64_t minutes = (days_since_1970(year, month, day) * 24 + field[3]) * 60 + field[4];
    time.wall_ms = ((minutes - time.zone_min) * 60 + field[5]) * 1000;
    return time;
}

/* --- coding
 * --------------------------------------------------------------------------------------- */

/* TS 23.038 clause 4. Reserved codings are read as GSM-7, as it asks. */
static void dcs_read(uint8_t dcs, struct pdu_deliver *out)
{
    static const enum pdu_alphabet alphabets[] = {PDU_GSM7, PDU_DATA, PDU_UCS2, PDU_GSM7};
    unsigned group = dcs >> 4;
    out->class_ = -1;
    out->alphabet = PDU_GSM7;
    if (group < 8) { /* general, and the same marked for automatic deletion */
        out->alphabet = dcs & 0x20 ? PDU_DATA /* compressed */ : alphabets[dcs >> 2 & 3];
        if (dcs & 0x10)
            out->class_ = dcs & 3;
    } else if (group == 0xE) { /* message waiting, stored, UCS-2 */
        out->alphabet = PDU_UCS2;
    } else if (group == 0xF) {
        out->alphabet = dcs & 0x04 ? PDU_DATA : PDU_GSM7;
        out->class_ = dcs & 3;
    }
}

/* --- the user data header
 * ------------------------------------------------------------------------- */

/* An element with a wrong length or impossible values is ignored (clause 9.2.3.24.1), and of two
 * the last one counts. */
static void concat_read(const uint8_t *data, bool wide, struct pdu_header *out)
{
    uint8_t total = data[wide + 1], sequence = data[wide + 2];
    if (sequence == 0 || sequence > total)
        return;
    out->concat = true;
    out->wide_reference = wide;
    out->reference = wide ? (uint16_t)(data[0] << 8 | data[1]) : data[0];
    out->total = total;
    out->sequence = sequence;
}

static void element_read(uint8_t id, const uint8_t *data, uint8_t len, struct pdu_header *out)
{
    if (id == IEI_CONCAT_8 && len == 3) {
        concat_read(data, false, out);
    } else if (id == IEI_CONCAT_16 && len == 4) {
        concat_read(data, true, out);
    } else if (id == IEI_PORTS_8 && len == 2) {
        out->ports = true;
        out->port_to = data[0];
        out->port_from = data[1];
    } else if (id == IEI_PORTS_16 && len == 4) {
        out->ports = true;
        out->port_to = (uint16_t)(data[0] << 8 | data[1]);
        out->port_from = (uint16_t)(data[2] << 8 | data[3]);
    } else if (id == IEI_SINGLE_SHIFT && len == 1) {
        out->single_shift = data[0];
    } else if (id == IEI_LOCKING_SHIFT && len == 1) {
        out->locking_shift = data[0];
    }
}

static enum pdu_refusal header_read(const uint8_t *octets, size_t len, struct pdu_header *out)
{
    struct cursor cursor = {octets, octets + len};
    while (cursor.at < cursor.end) {
        const uint8_t *head = take(&cursor, 2);
        const uint8_t *data = head ? take(&cursor, head[1]) : NULL;
        if (!data)
            return PDU_BAD_HEADER;
        element_read(head[0], data, head[1], out);
    }
    return PDU_OK;
}

/* --- user data
 * ------------------------------------------------------------------------------------ */

static void text_read(const uint8_t *ud, unsigned udl, unsigned header, struct pdu_deliver *out)
{
    uint8_t septets[USER_DATA_SEPTETS];
    if (out->alphabet == PDU_UCS2) {
        out->text_len = airtext_from_ucs2(ud + header, udl - header, out->text);
    } else if (out->alphabet == PDU_GSM7) {
        unsigned skip = (header * 8 + 6) / 7;
        gsm7_unpack(ud + header, skip * 7 - header * 8, udl - skip, septets);
        out->text_len = airtext_from_gsm7(septets, udl - skip, true, out->text);
    }
}

static enum pdu_refusal user_data_take(struct cursor *cursor, bool udhi, struct pdu_deliver *out)
{
    const uint8_t *udl = take(cursor, 1);
    if (!udl)
        return PDU_CUT_SHORT;
    bool gsm7 = out->alphabet == PDU_GSM7;
    if (*udl > (gsm7 ? USER_DATA_SEPTETS : USER_DATA_OCTETS))
        return PDU_BAD_LENGTH;
    unsigned octets = gsm7 ? (*udl * 7u + 7) / 8 : *udl, header = 0;
    const uint8_t *ud = take(cursor, octets);
    if (!ud)
        return PDU_CUT_SHORT;
    if (udhi) {
        header = octets > 0 ? ud[0] + 1u : 1;
        if (header > octets || (gsm7 && (header * 8 + 6) / 7 > *udl))
            return PDU_BAD_HEADER;
        enum pdu_refusal refusal = header_read(ud + 1, header - 1, &out->header);
        if (refusal != PDU_OK)
            return refusal;
    }
    out->data_len = (uint8_t)(octets - header);
    memcpy(out->data, ud + header, out->data_len);
    text_read(ud, *udl, header, out);
    return PDU_OK;
}

/* --- the messages
 * --------------------------------------------------------------------------------- */

enum pdu_refusal pdu_decode_deliver(const uint8_t *tpdu, size_t len, struct pdu_deliver *out)
{
    assert((tpdu || len == 0) && out);
    memset(out, 0, sizeof *out);
    struct cursor cursor = {tpdu, tpdu + len};
    const uint8_t *first = take(&cursor, 1);
    if (!first)
        return PDU_CUT_SHORT;
    if ((*first & MTI) != MTI_DELIVER && (*first & MTI) != MTI_RESERVED)
        return PDU_WRONG_KIND;
    enum pdu_refusal refusal = address_take(&cursor, &out->from);
    if (refusal != PDU_OK)
        return refusal;
    const uint8_t *fixed = take(&cursor, 9); /* TP-PID, TP-DCS, TP-SCTS */
    if (!fixed)
        return PDU_CUT_SHORT;
    out->more = !(*first & MMS_NONE);
    out->pid = fixed[0];
    out->dcs = fixed[1];
    out->sent = time_read(fixed + 2);
    dcs_read(out->dcs, out);
    return user_data_take(&cursor, *first & UDHI, out);
}

enum pdu_refusal pdu_decode_report(const uint8_t *tpdu, size_t len, struct pdu_report *out)
{
    assert((tpdu || len == 0) && out);
    memset(out, 0, sizeof *out);
    struct cursor cursor = {tpdu, tpdu + len};
    const uint8_t *first = take(&cursor, 1);
    if (first && (*first & MTI) != MTI_REPORT)
        return PDU_WRONG_KIND;
    const uint8_t *reference = take(&cursor, 1);
    if (!first || !reference)
        return PDU_CUT_SHORT;
    out->reference = *reference;
    enum pdu_refusal refusal = address_take(&cursor, &out->to);
    if (refusal != PDU_OK)
        return refusal;
    const uint8_t *fixed = take(&cursor, 15); /* TP-SCTS, TP-DT, TP-ST */
    if (!fixed)
        return PDU_CUT_SHORT;
    out->sent = time_read(fixed);
    out->settled = time_read(fixed + 7);
    out->status = fixed[14];
    return PDU_OK;
}

int pdu_decode_line(const char *hex, size_t len, int tpdu_len, struct pdu_tpdu *out)
{
    uint8_t octets[SERVICE_CENTRE_OCTETS + PDU_TPDU_MAX];
    ssize_t count = text_hex_decode(hex, len, octets, sizeof octets);
    if (count < 1)
        return -EINVAL;
    ssize_t centre = tpdu_len < 0 ? 1 + octets[0] : count - tpdu_len;
    if (centre < 0 || centre >= count || count - centre > PDU_TPDU_MAX)
        return -EINVAL;
    out->len = (uint8_t)(count - centre);
    memcpy(out->octet, octets + centre, out->len);
    return 0;
}

const char *pdu_refusal_name(enum pdu_refusal refusal)
{
    switch (refusal) {
    case PDU_OK:
        return "ok";
    case PDU_CUT_SHORT:
        return "cut_short";
    case PDU_WRONG_KIND:
        return "wrong_kind";
    case PDU_BAD_ADDRESS:
        return "bad_address";
    case PDU_BAD_LENGTH:
        return "bad_length";
    case PDU_BAD_HEADER:
        return "bad_header";
    }
    assert(!"a refusal of ours");
    return "";
}
