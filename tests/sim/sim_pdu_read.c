/* sim_pdu_read: see sim_pdu_read.h. */
#include "sim_pdu_read.h"
#include "sim_text.h"

#include <string.h>
#include <time.h>

struct octets {
    const uint8_t *at;
    size_t left;
};

/* The next `count` octets; NULL where there are not so many. */
static const uint8_t *next(struct octets *in, size_t count)
{
    const uint8_t *at = in->at;
    if (count > in->left)
        return NULL;
    in->at += count;
    in->left -= count;
    return at;
}

/* Clause 9.1.2.5: a length in semi-octets, a type, and that many of them. */
static const char *read_address(struct octets *in, char out[SIM_FROM], bool *named)
{
    static const char shown[] = "0123456789*#abc";
    const uint8_t *head = next(in, 2);
    if (!head)
        return "cut short";
    unsigned digits = head[0];
    if (digits > 20)
        return "an address of over 20 semi-octets";
    const uint8_t *value = next(in, (digits + 1) / 2);
    if (!value)
        return "cut short";
    *named = (head[1] >> 4 & 7) == 5;
    if (*named) {
        uint8_t septets[12];
        bool bad;
        size_t count = digits * 4 / 7;
        sim_septets_unpack(value, 0, count, septets);
        if (count == 8 && septets[7] == 0) /* seven characters, and the length in whole octets */
            count--;
        sim_text_from_gsm7(septets, count, out, SIM_FROM, &bad);
        return NULL;
    }
    char *to = out;
    if ((head[1] >> 4 & 7) == 1)
        *to++ = '+';
    for (unsigned i = 0; i < digits; i++) {
        unsigned digit = i % 2 ? value[i / 2] >> 4 : value[i / 2] & 15;
        if (digit != 15)
            *to++ = shown[digit];
    }
    *to = '\0';
    return NULL;
}

/* Two digits, the first in the low half; over 99 where they are none. */
static int pair(uint8_t octet)
{
    int low = octet & 15, high = octet >> 4;
    return low > 9 || high > 9 ? 100 : 10 * low + high;
}

static const char *read_time(struct octets *in, struct sim_time *out)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const uint8_t *at = next(in, 7);
    if (!at)
        return "cut short";
    struct tm tm = {.tm_year = pair(at[0]) + (pair(at[0]) < 90 ? 100 : 0),
                    .tm_mon = pair(at[1]) - 1,
                    .tm_mday = pair(at[2]),
                    .tm_hour = pair(at[3]),
                    .tm_min = pair(at[4]),
                    .tm_sec = pair(at[5])};
    int quarters = pair(at[6] & 0xf7); /* bit 3 of the first digit is the sign */
    memset(out, 0, sizeof *out);
    bool leap = tm.tm_year % 4 == 0;
    if (pair(at[0]) > 99 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
        tm.tm_mday > days[tm.tm_mon] + (leap && tm.tm_mon == 1) || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 59 || quarters > 99)
        return NULL;
    out->known = true;
    out->zone_min = 15 * quarters * (at[6] & 0x08 ? -1 : 1);
    out->wall_ms = ((int64_t)timegm(&tm) - 60 * (int64_t)out->zone_min) * 1000;
    return NULL;
}

/* Clause 9.2.3.24. Elements of a wrong length, and a concatenation that cannot be, are passed over.
 */
static const char *read_elements(const uint8_t *at, size_t len, struct sim_read *out)
{
    for (const uint8_t *end = at + len; at < end; at += 2 + at[1]) {
        if (end - at < 2 || end - at - 2 < at[1])
            return "an element longer than its header";
        unsigned id = at[0], size = at[1];
        bool wide = id == 0x08 && size == 4, narrow = id == 0x00 && size == 3;
        if (wide || narrow) {
            const uint8_t *count = at + 2 + (wide ? 2 : 1);
            if (count[0] == 0 || count[1] == 0 || count[1] > count[0])
                continue;
            out->ref = wide ? at[2] << 8 | at[3] : at[2];
            out->wide = wide;
            out->parts = count[0];
            out->part = count[1];
        } else if (id == 0x04 && size == 2) {
            out->port_to = at[2];
            out->port_from = at[3];
        } else if (id == 0x05 && size == 4) {
            out->port_to = at[2] << 8 | at[3];
            out->port_from = at[4] << 8 | at[5];
        } else if (id == 0x24 && size == 1) {
            out->single = at[2];
        } else if (id == 0x25 && size == 1) {
            out->locking = at[2];
        }
    }
    return NULL;
}

static const char *read_user_data(struct octets *in, bool header, struct sim_read *out)
{
    const uint8_t *units = next(in, 1);
    if (!units)
        return "cut short";
    bool compressed = !sim_pdu_dcs(out->dcs, &out->alphabet, &out->class_);
    size_t len = out->alphabet == SIM_GSM7 && !compressed ? ((size_t)*units * 7 + 7) / 8 : *units;
    if (compressed)
        out->alphabet = SIM_8BIT;
    if (len > SIM_USER_DATA)
        return "more user data than a TPDU holds";
    const uint8_t *data = next(in, len);
    if (!data)
        return "cut short";
    size_t skip = header && len > 0 ? (size_t)data[0] + 1 : 0;
    if (header && (len == 0 || skip > len))
        return "a header longer than the user data";
    const char *wrong = skip ? read_elements(data + 1, skip - 1, out) : NULL;
    if (wrong)
        return wrong;
    uint8_t septets[160];
    bool bad = false;
    if (out->alphabet == SIM_UCS2)
        sim_text_from_ucs2(data + skip, len - skip, out->text, SIM_TEXT, &bad);
    if (out->alphabet == SIM_GSM7) {
        size_t first = (skip * 8 + 6) / 7;
        if (first > *units)
            return "a header longer than the user data";
        sim_septets_unpack(data, first, *units - first, septets);
        sim_text_from_gsm7(septets, *units - first, out->text, SIM_TEXT, &bad);
    }
    return NULL;
}

const char *sim_pdu_read_deliver(const uint8_t *tpdu, size_t len, struct sim_read *out)
{
    struct octets in = {tpdu, len};
    memset(out, 0, sizeof *out);
    out->ref = out->port_to = out->port_from = -1;
    out->part = out->parts = 1;
    const uint8_t *first = next(&in, 1);
    if (!first)
        return "cut short";
    if ((*first & 3) != 0 && (*first & 3) != 3) /* a reserved type counts as one, clause 9.2.3.1 */
        return "not an SMS-DELIVER";
    out->more = !(*first & 0x04);
    const char *wrong = read_address(&in, out->from, &out->named);
    if (wrong)
        return wrong;
    const uint8_t *how = next(&in, 2);
    if (!how)
        return "cut short";
    out->pid = how[0];
    out->dcs = how[1];
    wrong = read_time(&in, &out->sent);
    return wrong ? wrong : read_user_data(&in, *first & 0x40, out);
}

const char *sim_pdu_read_report(const uint8_t *tpdu, size_t len, struct sim_read_report *out)
{
    struct octets in = {tpdu, len};
    bool named;
    memset(out, 0, sizeof *out);
    const uint8_t *head = next(&in, 2);
    if (!head)
        return "cut short";
    if ((*head & 3) != 2)
        return "not an SMS-STATUS-REPORT";
    out->mr = head[1];
    const char *wrong = read_address(&in, out->to, &named);
    if (!wrong)
        wrong = read_time(&in, &out->sent);
    if (!wrong)
        wrong = read_time(&in, &out->done);
    const uint8_t *status = wrong ? NULL : next(&in, 1);
    if (!wrong && !status)
        wrong = "cut short";
    if (status)
        out->status = *status;
    return wrong;
}
