/* ussd: one alphabet is told from another by looks, strictly: a wrong guess shows a citizen's
 * record as garbage, or a phone number as four letters. */
#include "ussd.h"

#include <assert.h>
#include <string.h>

#include "airtext.h"
#include "gsm7.h"
#include "text.h"

enum { NUMBER_MOST = 20 }; /* decimal digits alone, up to so many, are a number */

enum alphabet { ALPHABET_GSM7, ALPHABET_8BIT, ALPHABET_UCS2 };

const char *ussd_form_name(enum ussd_form form)
{
    static const char *const names[USSD_FORMS] = {
        [USSD_PLAIN] = "plain", [USSD_PACKED] = "packed", [USSD_UCS2] = "ucs2"};
    assert((unsigned)form < USSD_FORMS);
    return names[form];
}

bool ussd_code_is_clean(const char *code)
{
    size_t len = strspn(code, "0123456789*#+");
    return len > 0 && len <= USSD_CODE_MAX && code[len] == '\0';
}

/* --- there --- */

/* Seven bits left over would read as `@`: they are filled with a CR (clause 6.1.2.3.1). */
static void write_packed(const char *code, char *out)
{
    uint16_t septets[USSD_CODE_MAX + 1];
    uint8_t octets[USSD_CODE_MAX + 1];
    size_t count = strlen(code);
    for (size_t i = 0; i < count; i++)
        septets[i] = (uint16_t)gsm7_from_char((uint32_t)code[i]);
    if (count % 8 == 7)
        septets[count++] = '\r';
    text_hex_encode(octets, gsm7_pack(septets, count, 0, octets), out);
}

void ussd_code_write(const char *code, enum ussd_form form, char *out)
{
    assert(ussd_code_is_clean(code));
    switch (form) {
    case USSD_PLAIN:
        (void)text_copy(out, USSD_WIRE_MAX + 1, code);
        break;
    case USSD_PACKED:
        write_packed(code, out);
        break;
    case USSD_UCS2:
        for (*out = '\0'; *code; code++, out += 4) {
            const uint8_t unit[2] = {0, (uint8_t)*code};
            text_hex_encode(unit, sizeof unit, out);
        }
        break;
    }
}

/* --- back --- */

/* TS 23.038 clause 5. 0x08 and its like stand for UCS-2 in short messages, and some firmware takes
 * it from there. */
static enum alphabet alphabet_of(int dcs)
{
    unsigned group = (unsigned)dcs >> 4;
    if (dcs < 0 || dcs > 255)
        return ALPHABET_GSM7;
    if (dcs == 0x11 || (dcs & 0x0C) == 0x08)
        return group == 0xF ? ALPHABET_GSM7 : ALPHABET_UCS2;
    bool general = (group >= 4 && group <= 7) || group == 9 || group == 0xF;
    return general && (dcs & 0x04) ? ALPHABET_8BIT : ALPHABET_GSM7;
}

static bool is_all(const char *raw, size_t len, const char *set)
{
    for (size_t i = 0; i < len; i++)
        if (raw[i] == '\0' || !strchr(set, raw[i]))
            return false;
    return len > 0;
}

/* A short run of decimal digits is more often a number than a text in hex. */
static bool is_number(const char *raw, size_t len)
{
    return len <= NUMBER_MOST && is_all(raw, len, "0123456789");
}

static bool is_likely_unit(unsigned unit)
{
    static const struct {
        unsigned first, last;
    } likely[] = {
        {0x0A, 0x0A},     {0x0D, 0x0D},     {0x20, 0x7E},
        {0xA0, 0x24F},    {0x300, 0x3FF}, /* combining marks, Greek as in GSM-7 */
        {0x1E00, 0x1EFF}, {0x2000, 0x206F}, {0x20A0, 0x20BF},
    };
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (unit >= likely[i].first && unit <= likely[i].last)
            return true;
    return false;
}

static bool is_likely_ucs2(const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        if (!is_likely_unit((unsigned)octets[i] << 8 | octets[i + 1]))
            return false;
    return len >= 2 && len % 2 == 0;
}

static bool is_printable(uint32_t c)
{
    return c == '\r' || c == '\n' || (c >= 0x20 && c < 0x7F) || c == 0x20AC;
}

static bool is_likely_gsm7(const uint8_t *septets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool pair = septets[i] == GSM7_ESCAPE && i + 1 < count;
        i += pair;
        if (!is_printable(pair ? gsm7_to_char_extended(septets[i]) : gsm7_to_char(septets[i])))
            return false;
    }
    return count > 0;
}

/* Firmware that fills up with zeros instead of a CR leaves an `@` that nobody wrote. */
static size_t unpack(const uint8_t *octets, size_t len, uint8_t *septets)
{
    size_t count = len * 8 / 7;
    gsm7_unpack(octets, 0, count, septets);
    return count - (count > 0 && count % 8 == 0 && septets[count - 1] == 0);
}

/* Plain text: UTF-8 where it is such, else Latin-1. Below a space stand the characters that only
 * the GSM alphabet has there; `$` and `_` among them are seen, and firmware that means the GSM
 * alphabet's own signs at ASCII's places is not. */
static size_t read_plain(const char *raw, size_t len, char *out)
{
    uint8_t units[2 * USSD_RAW_MAX];
    size_t used = 0;
    bool utf8 = text_utf8_valid(raw, len);
    for (size_t pos = 0; pos < len;) {
        uint32_t c = (uint8_t)raw[pos];
        if (utf8 && c >= 0x80) {
            c = (uint32_t)text_utf8_next(raw, len, &pos);
        } else if (c == GSM7_ESCAPE && pos + 1 < len && (uint8_t)raw[pos + 1] < 0x80) {
            c = gsm7_to_char_extended((uint8_t)raw[pos + 1]);
            pos += 2;
        } else {
            c = c < 0x20 && c != '\t' ? gsm7_to_char((uint8_t)c) : c;
            pos++;
        }
        if (c >= 0x10000) {
            uint32_t high = 0xD800 + ((c - 0x10000) >> 10);
            units[used++] = (uint8_t)(high >> 8);
            units[used++] = (uint8_t)high;
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        units[used++] = (uint8_t)(c >> 8);
        units[used++] = (uint8_t)c;
    }
    return airtext_from_ucs2(units, used, out);
}

/* 0x11: two letters of the language, packed into two octets, before the units (clause 5). */
static size_t language_octets(const uint8_t *octets, size_t len)
{
    uint8_t letters[2];
    if (len < 2)
        return 0;
    gsm7_unpack(octets, 0, 2, letters);
    bool language =
        letters[0] >= 'a' && letters[0] <= 'z' && letters[1] >= 'a' && letters[1] <= 'z';
    return language ? 2 : 0;
}

/* 0x10: two letters of the language and a CR before the text. */
static size_t drop_language(char *out, size_t len)
{
    if (len < 3 || out[0] < 'a' || out[0] > 'z' || out[1] < 'a' || out[1] > 'z' || out[2] != '\n')
        return len;
    memmove(out, out + 3, len - 2);
    return len - 3;
}

static bool is_packed(const char *raw, size_t len, const uint8_t *septets, size_t count,
                      enum ussd_form spoken)
{
    if (spoken == USSD_PACKED)
        return is_likely_gsm7(septets, count) || !is_number(raw, len);
    return !is_number(raw, len) && is_likely_gsm7(septets, count);
}

static size_t read_hex(const char *raw, size_t len, int dcs, enum ussd_form spoken, char *out)
{
    uint8_t octets[USSD_RAW_MAX / 2];
    uint8_t septets[USSD_RAW_MAX / 2 * 8 / 7 + 1];
    size_t count = (size_t)text_hex_decode(raw, len, octets, sizeof octets);
    size_t skip = dcs == 0x11 ? language_octets(octets, count) : 0;
    bool ucs2 = is_likely_ucs2(octets + skip, count - skip);
    switch (alphabet_of(dcs)) {
    case ALPHABET_UCS2:
        if (!ucs2 && is_number(raw, len))
            break;
        return airtext_from_ucs2(octets + skip, count - skip, out);
    case ALPHABET_8BIT:
        for (size_t i = 0; i < count; i++)
            if (octets[i] < 0x20 && octets[i] != '\r' && octets[i] != '\n')
                return read_plain(raw, len, out);
        return read_plain((const char *)octets, count, out);
    case ALPHABET_GSM7:
        if (ucs2 && (spoken == USSD_UCS2 || count >= 4))
            return airtext_from_ucs2(octets, count, out);
        count = unpack(octets, count, septets);
        if (is_packed(raw, len, septets, count, spoken))
            return airtext_from_gsm7(septets, count, true, out);
        break;
    }
    return read_plain(raw, len, out);
}

size_t ussd_text_read(const char *raw, size_t len, int dcs, enum ussd_form spoken, char *out)
{
    if (len > USSD_RAW_MAX)
        len = USSD_RAW_MAX;
    size_t digits = len - len % 2; /* cut short: what is whole is read */
    bool hex = digits >= 2 && is_all(raw, len, "0123456789ABCDEFabcdef");
    if (hex && len % 2 != 0 && is_number(raw, len))
        hex = false;
    size_t got = hex ? read_hex(raw, digits, dcs, spoken, out) : read_plain(raw, len, out);
    return dcs == 0x10 ? drop_language(out, got) : got;
}
