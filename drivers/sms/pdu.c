/* pdu: writes SMS-SUBMIT, 3GPP TS 23.040 clause 9.2.2.2. Everything that comes in was checked by
 * its own room before; what does not fit here is a fault of ours and is refused, never bent. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "gsm7.h"
#include "number.h"
#include "pdu.h"
#include "text.h"

enum {
    MTI_SUBMIT = 0x01,
    VPF_RELATIVE = 0x10,
    SRR = 0x20,
    UDHI = 0x40,

    TOA_UNKNOWN = 0x81, /* clause 9.1.2.5: ISDN plan, type of number unknown */
    TOA_INTERNATIONAL = 0x91,

    PID_REPLACE = 0x40, /* clause 9.2.3.9: 0x41 to 0x47 */

    /* TS 23.038 clause 4, general group. Class 0 by its bits 4 and 1..0 rather than by the older
     * group 0xF0, which has no UCS-2. */
    DCS_GSM7 = 0x00,
    DCS_UCS2 = 0x08,
    DCS_CLASS_0 = 0x10,

    IEI_CONCAT_8 = 0x00,
    UDH_OCTETS = 6,  /* with its length octet */
    UDH_SEPTETS = 7, /* the septets that those octets take, one fill bit behind them */
    UDH_FILL = 1,
};

/* Clause 9.2.3.12.1: `first` stands for base + step, each one more for a step more. */
static const struct {
    uint8_t first, last;
    int64_t base_min, step_min;
} validity[] = {
    {0, 143, 0, 5},                 /* to 12 hours */
    {144, 167, 12LL * 60, 30},      /* to 24 hours */
    {168, 196, 1440, 1440},         /* to 30 days */
    {197, 255, 4LL * 10080, 10080}, /* to 63 weeks */
};
enum { VALIDITIES = sizeof validity / sizeof *validity, MINUTE_MS = 60000 };

uint8_t pdu_validity(int64_t ms)
{
    if (ms <= 0)
        return 0;
    int64_t minutes = ms / MINUTE_MS + (ms % MINUTE_MS != 0);
    for (unsigned i = 0; i < VALIDITIES; i++) {
        int64_t behind = minutes - validity[i].base_min;
        int64_t steps =
            behind <= 0 ? 1 : (behind + validity[i].step_min - 1) / validity[i].step_min;
        if (steps <= validity[i].last - validity[i].first + 1)
            return (uint8_t)(validity[i].first + steps - 1);
    }
    return 255;
}

int64_t pdu_validity_ms(uint8_t vp)
{
    unsigned i = 0;
    while (vp > validity[i].last)
        i++;
    return (validity[i].base_min + (vp - validity[i].first + 1) * validity[i].step_min) * MINUTE_MS;
}

static void put(struct pdu_tpdu *tpdu, unsigned octet)
{
    assert(tpdu->len < PDU_TPDU_MAX);
    tpdu->octet[tpdu->len++] = (uint8_t)octet;
}

/* Clause 9.1.2.5: the number of digits, the type, then two digits an octet, the first one low. */
static void put_address(struct pdu_tpdu *tpdu, const char *number)
{
    bool international = *number == '+';
    const char *digits = number + international;
    size_t count = strlen(digits);
    put(tpdu, (unsigned)count);
    put(tpdu, international ? TOA_INTERNATIONAL : TOA_UNKNOWN);
    for (size_t i = 0; i < count; i += 2) {
        unsigned low = (unsigned)(digits[i] - '0');
        unsigned high = i + 1 < count ? (unsigned)(digits[i + 1] - '0') : 0xF;
        put(tpdu, high << 4 | low);
    }
}

/* Clause 9.2.3.24.1. */
static void put_concat(struct pdu_tpdu *tpdu, const struct pdu_submit *submit)
{
    put(tpdu, UDH_OCTETS - 1);
    put(tpdu, IEI_CONCAT_8);
    put(tpdu, 3);
    put(tpdu, submit->reference);
    put(tpdu, submit->text->parts);
    put(tpdu, submit->part + 1);
}

/* TP-UDL counts septets (those under the header too) or octets; then TP-UD. */
static void put_user_data(struct pdu_tpdu *tpdu, const struct pdu_submit *submit)
{
    const struct sms_text *text = submit->text;
    const uint16_t *unit = text->unit + text->start[submit->part];
    unsigned count = text->start[submit->part + 1] - text->start[submit->part];
    bool many = text->parts > 1;
    if (text->encoding == SMS_GSM7) {
        put(tpdu, count + (many ? UDH_SEPTETS : 0));
        if (many)
            put_concat(tpdu, submit);
        assert(tpdu->len + (count * 7 + UDH_FILL + 7) / 8 <= PDU_TPDU_MAX);
        tpdu->len += (uint8_t)gsm7_pack(unit, count, many ? UDH_FILL : 0, tpdu->octet + tpdu->len);
    } else {
        put(tpdu, 2 * count + (many ? UDH_OCTETS : 0));
        if (many)
            put_concat(tpdu, submit);
        for (unsigned i = 0; i < count; i++) {
            put(tpdu, unit[i] >> 8);
            put(tpdu, unit[i] & 0xFF);
        }
    }
}

static bool text_is_sound(const struct sms_text *text, unsigned part)
{
    if (!text || (text->encoding != SMS_GSM7 && text->encoding != SMS_UCS2))
        return false;
    if (text->parts == 0 || text->parts > SMS_PARTS_MAX || part >= text->parts)
        return false;
    bool gsm7 = text->encoding == SMS_GSM7;
    unsigned room = text->parts > 1 ? (gsm7 ? SMS_GSM7_PART : SMS_UCS2_PART)
                                    : (gsm7 ? SMS_GSM7_ONE : SMS_UCS2_ONE);
    unsigned from = text->start[part], to = text->start[part + 1];
    if (from >= to || to - from > room || to > text->units)
        return false;
    for (unsigned i = from; gsm7 && i < to; i++)
        if (text->unit[i] > 127)
            return false;
    return true;
}

int pdu_submit_encode(const struct pdu_submit *submit, struct pdu_tpdu *out)
{
    assert(submit && out);
    if (!number_is_clean(submit->to) || !text_is_sound(submit->text, submit->part) ||
        submit->replace_type > 7 || (!submit->no_validity && submit->validity_ms <= 0))
        return -EINVAL;
    memset(out, 0, sizeof *out);
    put(out, MTI_SUBMIT | (submit->no_validity ? 0 : VPF_RELATIVE) | (submit->report ? SRR : 0) |
                 (submit->text->parts > 1 ? UDHI : 0));
    put(out, 0); /* TP-MR */
    put_address(out, submit->to);
    put(out, submit->replace_type ? PID_REPLACE + submit->replace_type : 0);
    put(out, (submit->text->encoding == SMS_UCS2 ? DCS_UCS2 : DCS_GSM7) |
                 (submit->flash ? DCS_CLASS_0 : 0));
    if (!submit->no_validity)
        put(out, pdu_validity(submit->validity_ms));
    put_user_data(out, submit);
    return 0;
}

void pdu_submit_line(const struct pdu_tpdu *tpdu, char *out)
{
    out[0] = out[1] = '0';
    text_hex_encode(tpdu->octet, tpdu->len, out + 2);
}
