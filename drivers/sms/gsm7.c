/* gsm7: the alphabet of the air. `@` is septet 0, so nothing here ends with a NUL. */
#include <assert.h>

#include "gsm7.h"

static const uint16_t basic[128] = {
    /* 0x00 */ '@',   0xA3,  '$',   0xA5,  0xE8,  0xE9,  0xF9,  0xEC,
    /* 0x08 */ 0xF2,  0xC7,  '\n',  0xD8,  0xF8,  '\r',  0xC5,  0xE5,
    /* 0x10 */ 0x394, '_',   0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8,
    /* 0x18 */ 0x3A3, 0x398, 0x39E, 0xA0,  0xC6,  0xE6,  0xDF,  0xC9,
    /* 0x20 */ ' ',   '!',   '"',   '#',   0xA4,  '%',   '&',   '\'',
    /* 0x28 */ '(',   ')',   '*',   '+',   ',',   '-',   '.',   '/',
    /* 0x30 */ '0',   '1',   '2',   '3',   '4',   '5',   '6',   '7',
    /* 0x38 */ '8',   '9',   ':',   ';',   '<',   '=',   '>',   '?',
    /* 0x40 */ 0xA1,  'A',   'B',   'C',   'D',   'E',   'F',   'G',
    /* 0x48 */ 'H',   'I',   'J',   'K',   'L',   'M',   'N',   'O',
    /* 0x50 */ 'P',   'Q',   'R',   'S',   'T',   'U',   'V',   'W',
    /* 0x58 */ 'X',   'Y',   'Z',   0xC4,  0xD6,  0xD1,  0xDC,  0xA7,
    /* 0x60 */ 0xBF,  'a',   'b',   'c',   'd',   'e',   'f',   'g',
    /* 0x68 */ 'h',   'i',   'j',   'k',   'l',   'm',   'n',   'o',
    /* 0x70 */ 'p',   'q',   'r',   's',   't',   'u',   'v',   'w',
    /* 0x78 */ 'x',   'y',   'z',   0xE4,  0xF6,  0xF1,  0xFC,  0xE0,
};

static const struct {
    uint8_t septet;
    uint16_t code_point;
} extension[] = {
    {0x0A, '\f'}, {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2F, '\\'},
    {0x3C, '['},  {0x3D, '~'}, {0x3E, ']'}, {0x40, '|'}, {0x65, 0x20AC},
};
enum { EXTENSIONS = sizeof extension / sizeof *extension };

int gsm7_from_char(uint32_t code_point)
{
    if (code_point < 128 && basic[code_point] == code_point)
        return (int)code_point;
    for (int septet = 0; septet < 128; septet++)
        if (basic[septet] == code_point && septet != GSM7_ESCAPE)
            return septet;
    for (unsigned i = 0; i < EXTENSIONS; i++)
        if (extension[i].code_point == code_point)
            return GSM7_ESCAPE << 8 | extension[i].septet;
    return -1;
}

uint32_t gsm7_to_char(uint8_t septet)
{
    assert(septet < 128);
    return basic[septet];
}

uint32_t gsm7_to_char_extended(uint8_t septet)
{
    for (unsigned i = 0; i < EXTENSIONS; i++)
        if (extension[i].septet == septet)
            return extension[i].code_point;
    return gsm7_to_char(septet);
}

size_t gsm7_pack(const uint16_t *septets, size_t count, unsigned fill, uint8_t *out)
{
    assert(fill < 7);
    uint32_t held = 0;
    unsigned bits = fill;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        assert(septets[i] < 128);
        held |= (uint32_t)septets[i] << bits;
        bits += 7;
        while (bits >= 8) {
            out[len++] = (uint8_t)held;
            held >>= 8;
            bits -= 8;
        }
    }
    if (bits)
        out[len++] = (uint8_t)held;
    return len;
}

void gsm7_unpack(const uint8_t *octets, unsigned fill, size_t count, uint8_t *septets)
{
    assert(fill < 7);
    for (size_t i = 0; i < count; i++) {
        size_t bit = fill + 7 * i;
        unsigned low = octets[bit / 8] >> (bit % 8);
        /* the next octet is touched only where the septet reaches into it */
        unsigned high = bit % 8 > 1 ? (unsigned)octets[bit / 8 + 1] << (8 - bit % 8) : 0;
        septets[i] = (low | high) & 0x7F;
    }
}
