/* sim_pdu: see sim_pdu.h. */
#include "sim_pdu.h"
#include "sim_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { INTERNATIONAL = 0x91, UNKNOWN_TYPE = 0x81, ALPHANUMERIC = 0xd0 };

/* Octets still to be read. `short_` is set by a read past the end, which then gives zeros. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool short_;
};

static uint8_t take(struct reader *in)
{
    if (!in->left) {
        in->short_ = true;
        return 0;
    }
    in->left--;
    return *in->at++;
}

/* Semi-octets, clause 9.1.2.3: `digits` of them, low nibble first. */
static bool take_digits(struct reader *in, unsigned digits, uint8_t type, char *out)
{
    static const char shown[] = "0123456789*#abc";
    char *to = out;
    if ((type & 0x70) == 0x10)
        *to++ = '+';
    for (unsigned i = 0; i < digits; i += 2) {
        uint8_t octet = take(in);
        if ((octet & 15) == 15)
            return false;
        *to++ = shown[octet & 15];
        if (i + 1 == digits) {
            if (octet >> 4 != 15) /* the fill of an odd number of digits */
                return false;
        } else {
            if (octet >> 4 == 15)
                return false;
            *to++ = shown[octet >> 4];
        }
    }
    *to = 0;
    return true;
}

/* Service centre: a length in octets, clause 9.1.2.5 of TS 24.011 as TS 27.005 hands it over. */
static const char *take_smsc(struct reader *in, char *out)
{
    unsigned octets = take(in);
    out[0] = 0;
    if (!octets)
        return NULL;
    if (octets < 2 || octets > 11)
        return "service centre address of a wrong length";
    uint8_t type = take(in);
    unsigned digits = 2 * (octets - 1);
    if (in->left >= octets - 1 && in->at[octets - 2] >> 4 == 15)
        digits--;
    if (!take_digits(in, digits, type, out))
        return "service centre address with a bad digit";
    return NULL;
}

static const char *take_destination(struct reader *in, struct sim_submit *out)
{
    unsigned digits = take(in);
    if (digits == 0 || digits > 20)
        return "TP-DA of a wrong length";
    out->to_type = take(in);
    if (!(out->to_type & 0x80))
        return "TP-DA type without its extension bit";
    if ((out->to_type & 0x70) == 0x50)
        return "TP-DA is alphanumeric";
    if (!take_digits(in, digits, out->to_type, out->to))
        return "TP-DA with a bad digit";
    return NULL;
}

int64_t sim_pdu_validity_ms(uint8_t vp)
{
    const int64_t minute = 60000, hour = 60 * minute, day = 24 * hour;
    if (vp <= 143)
        return (vp + 1) * 5 * minute;
    if (vp <= 167)
        return 12 * hour + (vp - 143) * 30 * minute;
    if (vp <= 196)
        return (vp - 166) * day;
    return (vp - 192) * 7 * day;
}

static void take_validity(struct reader *in, unsigned format, struct sim_submit *out)
{
    static const int meaning[] = {SIM_VP_NONE, SIM_VP_ENHANCED, 0, SIM_VP_ABSOLUTE};
    out->vp = meaning[format];
    out->validity_ms = -1;
    if (format == 2) {
        out->vp = take(in);
        out->validity_ms = sim_pdu_validity_ms((uint8_t)out->vp);
    } else if (format != 0) {
        for (int i = 0; i < 7; i++)
            take(in);
    }
}

bool sim_pdu_dcs(uint8_t dcs, enum sim_alphabet *alphabet, int *class_)
{
    static const enum sim_alphabet general[] = {SIM_GSM7, SIM_8BIT, SIM_UCS2, SIM_GSM7};
    unsigned group = dcs >> 4;
    *alphabet = SIM_GSM7;
    *class_ = -1;
    if (group < 8) { /* general, with or without automatic deletion */
        *alphabet = general[dcs >> 2 & 3];
        if (dcs & 0x10)
            *class_ = dcs & 3;
        return !(dcs & 0x20);
    }
    if (group == 15) {
        *alphabet = dcs & 4 ? SIM_8BIT : SIM_GSM7;
        *class_ = dcs & 3;
    } else if (group == 14) {
        *alphabet = SIM_UCS2;
    }
    return true;
}

/* Information elements, clause 9.2.3.24: concatenation is read, others are only measured. */
static const char *read_header(struct sim_submit *out)
{
    size_t len = out->user_data[0];
    const uint8_t *at = out->user_data + 1, *end = at + len;
    if (len + 1 > out->user_data_len)
        return "user data header longer than the user data";
    while (at < end) {
        if (end - at < 2 || end - at - 2 < at[1])
            return "information element longer than its header";
        if (at[0] == 0x00 && at[1] == 3) {
            out->ref = at[2];
            out->parts = at[3];
            out->part = at[4];
        } else if (at[0] == 0x08 && at[1] == 4) {
            out->ref = at[2] << 8 | at[3];
            out->parts = at[4];
            out->part = at[5];
        }
        at += 2 + at[1];
    }
    if (out->ref >= 0 && (out->parts == 0 || out->part == 0 || out->part > out->parts))
        return "concatenation with an impossible part number";
    return NULL;
}

static const char *read_text(struct sim_submit *out)
{
    size_t header = out->header ? (size_t)out->user_data[0] + 1 : 0;
    size_t skip = (header * 8 + 6) / 7; /* septets taken by the header and its fill bits */
    uint8_t septets[160];
    switch (out->alphabet) {
    case SIM_GSM7:
        if (skip > out->units)
            return "user data header longer than the user data";
        sim_septets_unpack(out->user_data, skip, out->units - skip, septets);
        sim_text_from_gsm7(septets, out->units - skip, out->text, SIM_TEXT, &out->bad_text);
        return NULL;
    case SIM_UCS2:
        sim_text_from_ucs2(out->user_data + header, out->user_data_len - header, out->text,
                           SIM_TEXT, &out->bad_text);
        return NULL;
    case SIM_8BIT:
        sim_hex_encode(out->user_data + header, out->user_data_len - header, out->text);
        return NULL;
    }
    return "no such alphabet";
}

static const char *take_user_data(struct reader *in, struct sim_submit *out)
{
    out->units = take(in);
    size_t octets = out->units;
    if (out->alphabet == SIM_GSM7)
        octets = ((size_t)out->units * 7 + 7) / 8;
    if (octets > SIM_USER_DATA)
        return "TP-UDL over 140 octets";
    if (in->short_ || octets > in->left)
        return "TPDU shorter than it says";
    if (octets < in->left)
        return "octets left over behind the user data";
    out->user_data_len = (uint8_t)octets;
    memcpy(out->user_data, in->at, octets);
    if (out->header) {
        if (!octets)
            return "a header is announced and there is no user data";
        const char *wrong = read_header(out);
        if (wrong)
            return wrong;
    }
    return read_text(out);
}

const char *sim_pdu_submit_decode(const char *hex, size_t len, unsigned tpdu_len,
                                  struct sim_submit *out, bool *length_wrong)
{
    uint8_t octets[SIM_TPDU + 12];
    memset(out, 0, sizeof *out);
    out->ref = -1;
    out->part = out->parts = 1;
    *length_wrong = false;
    int count = sim_hex_decode(hex, len, octets, sizeof octets);
    if (count < 0)
        return len / 2 > sizeof octets ? "longer than any TPDU" : "not hexadecimal";

    struct reader in = {octets, (size_t)count, false};
    const char *wrong = take_smsc(&in, out->smsc);
    if (wrong)
        return wrong;
    if (in.left != tpdu_len) {
        *length_wrong = true;
        return "length given to AT+CMGS differs from the TPDU's";
    }
    uint8_t first = take(&in);
    if ((first & 3) != 1)
        return "not an SMS-SUBMIT";
    out->reject_duplicate = first & 0x04;
    out->report = first & 0x20;
    out->header = first & 0x40;
    out->mr = take(&in);
    wrong = take_destination(&in, out);
    if (wrong)
        return wrong;
    out->pid = take(&in);
    if (out->pid >= 0x41 && out->pid <= 0x47)
        out->replace_type = out->pid & 7;
    out->dcs = take(&in);
    if (!sim_pdu_dcs(out->dcs, &out->alphabet, &out->class_))
        return "compressed text";
    take_validity(&in, first >> 3 & 3, out);
    return take_user_data(&in, out);
}

/* --- what the network sends --- */

static uint8_t swapped(int value)
{
    return (uint8_t)(value % 10 << 4 | value / 10 % 10);
}

void sim_pdu_time(int64_t wall_ms, uint8_t out[7])
{
    const int quarters = 7 * 4;
    time_t local = (time_t)(wall_ms / 1000 + quarters * 900);
    struct tm tm;
    if (!gmtime_r(&local, &tm))
        memset(&tm, 0, sizeof tm);
    const int parts[7] = {tm.tm_year % 100, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                          tm.tm_min,        tm.tm_sec,     quarters};
    for (int i = 0; i < 7; i++)
        out[i] = swapped(parts[i]);
}

/* Type and semi-octets of a number; returns octets written after the length octet. */
static size_t put_digits(const char *number, uint8_t *out, unsigned *digits)
{
    size_t at = 0;
    out[at++] = *number == '+' ? INTERNATIONAL : UNKNOWN_TYPE;
    number += *number == '+';
    *digits = 0;
    for (; number[*digits] && *digits < 20; (*digits)++) {
        uint8_t digit = (uint8_t)(number[*digits] - '0') & 15;
        if (*digits % 2)
            out[at - 1] = (uint8_t)((out[at - 1] & 15) | digit << 4);
        else
            out[at++] = 0xf0 | digit;
    }
    return at;
}

/* TP-OA or TP-RA with its length, clause 9.1.2.5: 0 where it is neither a number nor a name that
 * fits. */
static size_t put_address(const char *address, bool named, uint8_t *out)
{
    size_t span = strspn(address, "+0123456789");
    if (!named && *address && !address[span] && span <= 21) {
        unsigned digits;
        size_t len = put_digits(address, out + 1, &digits);
        out[0] = (uint8_t)digits;
        return 1 + len;
    }
    uint8_t septets[11];
    int count = sim_text_to_gsm7(address, septets, sizeof septets);
    if (count <= 0)
        return 0;
    size_t octets = ((size_t)count * 7 + 7) / 8;
    memset(out + 2, 0, octets + 1);
    out[0] = (uint8_t)(((size_t)count * 7 + 3) / 4); /* useful semi-octets */
    out[1] = ALPHANUMERIC;
    sim_septets_pack(septets, (size_t)count, 0, out + 2);
    return 2 + octets;
}

size_t sim_pdu_deliver_encode(const struct sim_deliver *deliver, uint8_t *out)
{
    size_t at = 0;
    out[at++] = (uint8_t)((deliver->more ? 0 : 4) | (deliver->header ? 0x40 : 0));
    size_t address = put_address(deliver->from, deliver->named, out + at);
    if (!address || deliver->user_data_len > SIM_USER_DATA)
        return 0;
    at += address;
    out[at++] = deliver->pid;
    out[at++] = deliver->dcs;
    sim_pdu_time(deliver->wall_ms, out + at);
    at += 7;
    out[at++] = deliver->units;
    memcpy(out + at, deliver->user_data, deliver->user_data_len);
    return at + deliver->user_data_len;
}

bool sim_pdu_text_encode(const char *utf8, uint8_t *data, struct sim_deliver *out)
{
    uint8_t septets[160];
    int count = sim_text_to_gsm7(utf8, septets, sizeof septets);
    memset(data, 0, SIM_USER_DATA);
    out->user_data = data;
    if (count >= 0) {
        sim_septets_pack(septets, (size_t)count, 0, data);
        out->dcs = 0;
        out->units = (uint8_t)count;
        out->user_data_len = (uint8_t)((count * 7 + 7) / 8);
        return true;
    }
    count = sim_text_to_ucs2(utf8, data, SIM_USER_DATA);
    if (count < 0)
        return false;
    out->dcs = 8;
    out->units = out->user_data_len = (uint8_t)count;
    return true;
}

size_t sim_pdu_report_encode(const struct sim_report *report, uint8_t *out)
{
    size_t at = 0;
    out[at++] = 0x06; /* SMS-STATUS-REPORT, no more messages, for a SUBMIT */
    out[at++] = report->mr;
    size_t address = put_address(report->to, false, out + at);
    if (!address)
        return 0;
    at += address;
    sim_pdu_time(report->submitted_wall_ms, out + at);
    sim_pdu_time(report->done_wall_ms, out + at + 7);
    at += 14;
    out[at++] = report->status;
    return at;
}
