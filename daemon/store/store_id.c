/* store_id: the ids of messages, those that go out and those that come in. Pure. */
#include "store_internal.h"
#include <string.h>
#include <sodium.h>
#include "text.h"

/* RFC 9562 clause 5.7: 48 bits of milliseconds, version, variant, random. */
void id_make(int64_t wall_ms, uint8_t id[16])
{
    randombytes_buf(id, 16);
    for (int i = 0; i < 6; i++)
        id[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    id[6] = (uint8_t)(0x70 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
}

void message_id_text(const uint8_t id[16], char out[37])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[id[i] >> 4];
        *out++ = digits[id[i] & 15];
    }
    *out = '\0';
}

bool message_id_parse(const char *text, uint8_t id[16])
{
    static const int group[] = {4, 2, 2, 2, 6};
    uint8_t *out = id;
    for (int i = 0; i < 5; i++) {
        size_t len = (size_t)group[i] * 2;
        if (strnlen(text, len) < len ||
            text_hex_decode(text, len, out, (size_t)group[i]) != group[i])
            return false;
        out += group[i];
        text += len;
        if (*text != (i < 4 ? '-' : '\0'))
            return false;
        text++;
    }
    return true;
}
