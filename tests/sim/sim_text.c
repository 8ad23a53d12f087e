/* sim_text: see sim_text.h. */
#include "sim_text.h"

#include <string.h>

enum { ESCAPE = 0x1b, REPLACEMENT = 0xfffd };

/* TS 23.038 clause 6.2.1, row by row of sixteen; 0x1b is the escape and never shown. */
static const uint16_t basic[128] = {
    '@',    0xa3,   '$',    0xa5, 0xe8,   0xe9, 0xf9,   0xec,   0xf2,   0xc7,   '\n',   0xd8,
    0xf8,   '\r',   0xc5,   0xe5, 0x0394, '_',  0x03a6, 0x0393, 0x039b, 0x03a9, 0x03a0, 0x03a8,
    0x03a3, 0x0398, 0x039e, ' ',  0xc6,   0xe6, 0xdf,   0xc9,   ' ',    '!',    '"',    '#',
    0xa4,   '%',    '&',    '\'', '(',    ')',  '*',    '+',    ',',    '-',    '.',    '/',
    '0',    '1',    '2',    '3',  '4',    '5',  '6',    '7',    '8',    '9',    ':',    ';',
    '<',    '=',    '>',    '?',  0xa1,   'A',  'B',    'C',    'D',    'E',    'F',    'G',
    'H',    'I',    'J',    'K',  'L',    'M',  'N',    'O',    'P',    'Q',    'R',    'S',
    'T',    'U',    'V',    'W',  'X',    'Y',  'Z',    0xc4,   0xd6,   0xd1,   0xdc,   0xa7,
    0xbf,   'a',    'b',    'c',  'd',    'e',  'f',    'g',    'h',    'i',    'j',    'k',
    'l',    'm',    'n',    'o',  'p',    'q',  'r',    's',    't',    'u',    'v',    'w',
    'x',    'y',    'z',    0xe4, 0xf6,   0xf1, 0xfc,   0xe0,
};
/* Clause 6.2.1.1: what follows an escape. */
static const struct {
    uint8_t septet;
    uint16_t code_point;
} extension[] = {
    {0x0a, '\f'}, {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2f, '\\'},
    {0x3c, '['},  {0x3d, '~'}, {0x3e, ']'}, {0x40, '|'}, {0x65, 0x20ac},
};
enum { EXTENSIONS = sizeof extension / sizeof extension[0] };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int sim_hex_decode(const char *hex, size_t len, uint8_t *out, size_t room)
{
    if (len % 2 || len / 2 > room)
        return -1;
    for (size_t i = 0; i < len / 2; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return (int)(len / 2);
}

void sim_hex_encode(const uint8_t *octets, size_t len, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
    out[2 * len] = 0;
}

void sim_septets_unpack(const uint8_t *octets, size_t skip, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t bit = (skip + i) * 7, at = bit / 8, shift = bit % 8;
        unsigned value = octets[at] >> shift;
        if (shift > 1)
            value |= (unsigned)octets[at + 1] << (8 - shift);
        out[i] = value & 0x7f;
    }
}

void sim_septets_pack(const uint8_t *septets, size_t count, size_t skip, uint8_t *octets)
{
    for (size_t i = 0; i < count; i++) {
        size_t bit = (skip + i) * 7, at = bit / 8, shift = bit % 8;
        unsigned value = (septets[i] & 0x7fu) << shift;
        octets[at] |= value & 0xff;
        if (value > 0xff)
            octets[at + 1] |= (uint8_t)(value >> 8);
    }
}

/* Writes one code point where it fits together with the NUL. */
static size_t put(char *out, size_t room, size_t at, uint32_t code)
{
    char bytes[4];
    size_t len;
    if (code < 0x80) {
        bytes[0] = (char)code;
        len = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        len = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        len = 3;
    } else {
        bytes[0] = (char)(0xf0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
        len = 4;
    }
    if (at + len >= room)
        return at;
    memcpy(out + at, bytes, len);
    return at + len;
}

static uint32_t extended(uint8_t septet)
{
    for (unsigned i = 0; i < EXTENSIONS; i++)
        if (extension[i].septet == septet)
            return extension[i].code_point;
    return basic[septet]; /* clause 6.2.1.1: a handset without the character shows the basic one */
}

size_t sim_text_from_gsm7(const uint8_t *septets, size_t count, char *out, size_t room, bool *bad)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t septet = septets[i] & 0x7f;
        if (septet != ESCAPE) {
            at = put(out, room, at, basic[septet]);
        } else if (i + 1 < count) {
            at = put(out, room, at, extended(septets[++i] & 0x7f));
        } else {
            at = put(out, room, at, REPLACEMENT);
            *bad = true;
        }
    }
    out[at] = 0;
    return at;
}

size_t sim_text_from_ucs2(const uint8_t *octets, size_t len, char *out, size_t room, bool *bad)
{
    size_t at = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint32_t unit = (uint32_t)octets[i] << 8 | octets[i + 1];
        if (unit >= 0xd800 && unit < 0xdc00 && i + 3 < len && (octets[i + 2] & 0xfc) == 0xdc) {
            uint32_t low = ((uint32_t)octets[i + 2] << 8 | octets[i + 3]) & 0x3ff;
            unit = 0x10000 + ((unit & 0x3ff) << 10 | low);
            i += 2;
        } else if (unit == 0 || (unit >= 0xd800 && unit < 0xe000)) {
            unit = REPLACEMENT;
            *bad = true;
        }
        at = put(out, room, at, unit);
    }
    if (len % 2)
        *bad = true;
    out[at] = 0;
    return at;
}

/* The next code point of a NUL-terminated text, -1 where it is malformed. */
static int32_t take(const char **text)
{
    const uint8_t *p = (const uint8_t *)*text;
    uint32_t code = p[0];
    unsigned more = code < 0x80             ? 0
                    : (code & 0xe0) == 0xc0 ? 1
                    : (code & 0xf0) == 0xe0 ? 2
                    : (code & 0xf8) == 0xf0 ? 3
                                            : 4;
    if (more == 4)
        return -1;
    if (more)
        code &= 0x3fu >> more;
    for (unsigned i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        code = code << 6 | (p[i] & 0x3f);
    }
    *text += more + 1;
    return code > 0x10ffff ? -1 : (int32_t)code;
}

int sim_text_to_gsm7(const char *utf8, uint8_t *septets, size_t room)
{
    size_t at = 0;
    while (*utf8) {
        int32_t code = take(&utf8);
        unsigned found = 0;
        while (found < 128 && (found == ESCAPE || basic[found] != code))
            found++;
        if (found < 128 && at < room) {
            septets[at++] = (uint8_t)found;
            continue;
        }
        unsigned ext = 0;
        while (ext < EXTENSIONS && extension[ext].code_point != code)
            ext++;
        if (code < 0 || ext == EXTENSIONS || at + 2 > room)
            return -1;
        septets[at++] = ESCAPE;
        septets[at++] = extension[ext].septet;
    }
    return (int)at;
}

int sim_text_to_ucs2(const char *utf8, uint8_t *octets, size_t room)
{
    size_t at = 0;
    while (*utf8) {
        int32_t code = take(&utf8);
        uint16_t unit[2] = {(uint16_t)code, 0};
        size_t units = 1;
        if (code >= 0x10000) {
            unit[0] = (uint16_t)(0xd800 | (code - 0x10000) >> 10);
            unit[1] = (uint16_t)(0xdc00 | ((code - 0x10000) & 0x3ff));
            units = 2;
        }
        if (code < 0 || at + 2 * units > room)
            return -1;
        for (size_t i = 0; i < units; i++) {
            octets[at++] = (uint8_t)(unit[i] >> 8);
            octets[at++] = (uint8_t)unit[i];
        }
    }
    return (int)at;
}
