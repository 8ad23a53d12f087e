/* text: see text.h. Nothing here allocates, keeps state or fails silently. */
#include "text.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- UTF-8, RFC 3629 --- */

/* By the first byte: how many follow, what it holds, and what the second may be: that range
 * alone keeps overlong forms, surrogates and everything over U+10FFFF out. */
static const struct {
    uint8_t first, last, follow, mask, second_min, second_max;
} utf8_lead[] = {
    {0xc2, 0xdf, 1, 0x1f, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0x0f, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x0f, 0x80, 0xbf}, {0xed, 0xed, 2, 0x0f, 0x80, 0x9f},
    {0xee, 0xef, 2, 0x0f, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x07, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x07, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x07, 0x80, 0x8f},
};

int32_t text_utf8_next(const char *text, size_t len, size_t *pos)
{
    if (*pos >= len)
        return -1;
    uint8_t lead = (uint8_t)text[(*pos)++];
    if (lead < 0x80)
        return lead;
    for (size_t i = 0; i < sizeof(utf8_lead) / sizeof(utf8_lead[0]); i++) {
        if (lead < utf8_lead[i].first || lead > utf8_lead[i].last)
            continue;
        int32_t code_point = lead & utf8_lead[i].mask;
        uint8_t min = utf8_lead[i].second_min, max = utf8_lead[i].second_max;
        for (unsigned n = 0; n < utf8_lead[i].follow; n++) {
            uint8_t byte = *pos < len ? (uint8_t)text[*pos] : 0;
            if (byte < min || byte > max)
                return -2; /* the byte that does not fit starts anew */
            code_point = code_point << 6 | (byte & 0x3f);
            (*pos)++;
            min = 0x80, max = 0xbf;
        }
        return code_point;
    }
    return -2;
}

size_t text_utf8_put(char out[4], uint32_t code_point)
{
    static const uint8_t lead_bits[5] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    assert(code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff));
    size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1;) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)(lead_bits[len] | code_point);
    return len;
}

bool text_utf8_valid(const char *text, size_t len)
{
    size_t pos = 0;
    int32_t code_point;
    while ((code_point = text_utf8_next(text, len, &pos)) >= 0)
        ;
    return code_point == -1;
}

/* --- hex --- */

void text_hex_encode(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 0x0f];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

ssize_t text_hex_decode(const char *hex, size_t len, uint8_t *out, size_t room)
{
    if (len % 2 || len / 2 > room)
        return -EINVAL;
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return (ssize_t)(len / 2);
}

/* --- copies, numbers, times --- */

bool text_copy(char *out, size_t room, const char *text)
{
    assert(room > 0);
    size_t len = strlen(text);
    bool whole = len < room;
    if (!whole)
        len = room - 1;
    memcpy(out, text, len);
    out[len] = '\0';
    return whole;
}

/* Length of the country code (ITU-T E.164): zones 1 and 7 are one country each, these are the
 * codes of two digits, all others have three. */
static size_t country_code_len(const char *digits)
{
    static const char two[][3] = {"20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41",
                                  "43", "44", "45", "46", "47", "48", "49", "51", "52", "53", "54",
                                  "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
                                  "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"};
    if (digits[0] == '1' || digits[0] == '7')
        return 1;
    for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++)
        if (strncmp(digits, two[i], 2) == 0)
            return 2;
    return 3;
}

void text_mask_number(const char *e164, char out[16])
{
    enum { LEAD = 3, TAIL = 3, HIDDEN_MIN = 3 };
    char front[8];
    const char *rest = e164; /* after what stands in `front` */
    if (strncmp(e164, "+84", 3) == 0) {
        rest += 3;
        snprintf(front, sizeof(front), "0%.*s", LEAD - 1, rest);
        rest += strnlen(rest, LEAD - 1);
    } else {
        size_t lead = e164[0] == '+' ? 1 + country_code_len(e164 + 1) + LEAD - 1 : LEAD;
        lead = strnlen(e164, lead);
        snprintf(front, sizeof(front), "%.*s", (int)lead, e164);
        rest += lead;
    }
    size_t left = strlen(rest);
    if (left < TAIL + HIDDEN_MIN)
        text_copy(out, 16, "***");
    else
        snprintf(out, 16, "%s**%s", front, rest + left - TAIL);
}

void text_iso8601(int64_t wall_ms, char out[32])
{
    int64_t s = wall_ms / 1000, ms = wall_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        s--;
    }
    time_t when = (time_t)s;
    struct tm tm;
    char day[24] = "";
    if (!gmtime_r(&when, &tm) || !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm))
        text_copy(day, sizeof(day), "-");
    snprintf(out, 32, "%s.%03dZ", day, (int)ms);
}

/* --- the nearest name --- */

enum { NEAREST_WORD_MAX = 63, NEAREST_DISTANCE_MAX = 3 };

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Optimal string alignment; three rows are enough, for a swap looks back by two. */
static unsigned text_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][NEAREST_WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (unsigned j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            int x = lower(a[i - 1]), y = lower(b[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        unsigned *spare = before;
        before = last, last = now, now = spare;
    }
    return last[b_len];
}

const char *text_nearest(const char *word, const char *const *names, size_t count)
{
    size_t word_len = strlen(word);
    const char *nearest = NULL;
    unsigned least = NEAREST_DISTANCE_MAX + 1;
    if (word_len > NEAREST_WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (len > NEAREST_WORD_MAX)
            continue;
        unsigned distance = text_distance(word, word_len, names[i], len);
        if (distance < least && distance <= len / 2) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
