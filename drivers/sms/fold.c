/* fold: Vietnamese and other Latin text without its marks, so that it fits GSM-7.
 *
 * All or nothing: of the accented Vietnamese letters GSM-7 holds only a handful (à è é ì ò ù É),
 * and a text with just those left would read worse than one with none. No Unicode library: the
 * letters that decompose to an ASCII one are two strings. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "encoding.h"
#include "text.h"

/* The ASCII letter under the marks of U+00C0 and on, of U+1E00 and on; '.': none. */
static const char latin[] =
    /* 00C0 */ "AAAAAA.CEEEEIIIIDNOOOOO..UUUUY..aaaaaa.ceeeeiiiidnooooo..uuuuy.y"
               /* 0100 */ "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHh..IiIiIiIiI...JjKk.LlLlLl."
               /* 0140 */ "...NnNnNn...OoOoOo..RrRrRrSsSsSsSsTtTt..UuUuUuUuUuUuWwYyYZzZzZz."
               /* 0180 */ ".........D......................Oo.............Uu..............."
               /* 01C0 */ ".............AaIiOoUuUuUuUuUu.AaAa....GgKkOoOo..j...Gg..NnAa...."
               /* 0200 */ "AaAaEeEeIiIiOoOoRrRrUuUuSsTt..Hh......AaEeOoOoOoOoYy............"
               /* 0240 */ "................";
static const char latin_additional[] =
    /* 1E00 */ "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm"
               /* 1E40 */ "MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv"
               /* 1E80 */ "WwWwWwWwWwXxXxYyZzZzZzhtwy......AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe"
               /* 1EC0 */ "EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy......";
enum { LATIN = 0xC0, LATIN_ADDITIONAL = 0x1E00 };

/* What is not a letter with a mark. No entry may be longer in UTF-8 than the shortest it stands
 * for. */
static const struct {
    uint16_t first, last;
    const char *plain;
} signs[] = {
    {0x60, 0x60, "'"},  /* backtick: not in GSM-7 */
    {0xA0, 0xA0, " "},  /* no-break space */
    {0xAB, 0xAB, "\""}, /* guillemets */
    {0xAD, 0xAD, ""},   /* soft hyphen */
    {0xB4, 0xB4, "'"},  /* acute accent, used as an apostrophe */
    {0xBB, 0xBB, "\""},
    {0x1E2, 0x1E2, "\u00C6"}, /* marked Æ æ Ø ø: GSM-7 holds them unmarked */
    {0x1E3, 0x1E3, "\u00E6"},
    {0x1FC, 0x1FC, "\u00C6"},
    {0x1FD, 0x1FD, "\u00E6"},
    {0x1FE, 0x1FE, "\u00D8"},
    {0x1FF, 0x1FF, "\u00F8"},
    {0x2BC, 0x2BC, "'"},   /* modifier letter apostrophe: H'Hen */
    {0x2000, 0x200A, " "}, /* spaces of many widths */
    {0x200B, 0x200B, ""},  /* zero width space */
    {0x2010, 0x2015, "-"}, /* hyphens and dashes */
    {0x2018, 0x201B, "'"},
    {0x201C, 0x201F, "\""},
    {0x2026, 0x2026, "..."},
    {0x202F, 0x202F, " "}, /* narrow no-break space */
    {0x2032, 0x2032, "'"}, /* primes */
    {0x2033, 0x2033, "\""},
    {0x2039, 0x203A, "'"},
    {0x205F, 0x205F, " "},
    {0x2060, 0x2060, ""},  /* word joiner */
    {0x20AB, 0x20AB, "d"}, /* the dong's sign */
    {0x2212, 0x2212, "-"}, /* minus */
    {0x3000, 0x3000, " "},
    {0xFEFF, 0xFEFF, ""}, /* byte order mark */
};
enum { SIGNS = sizeof signs / sizeof *signs };

static char letter_base(uint32_t c)
{
    char base = '.';
    if (c >= LATIN && c - LATIN < sizeof latin - 1)
        base = latin[c - LATIN];
    else if (c >= LATIN_ADDITIONAL && c - LATIN_ADDITIONAL < sizeof latin_additional - 1)
        base = latin_additional[c - LATIN_ADDITIONAL];
    if (base == '.')
        return '\0';
    return base;
}

static const char *sign_plain(uint32_t c)
{
    for (unsigned i = 0; i < SIGNS && signs[i].first <= c; i++)
        if (c <= signs[i].last)
            return signs[i].plain;
    return NULL;
}

static bool is_latin(uint32_t c)
{
    return c < 0x250 || (c >= 0x1E00 && c < 0x1F00);
}

ssize_t sms_text_fold(const char *utf8, size_t len, char *out)
{
    assert((utf8 && out) || len == 0);
    size_t pos = 0, written = 0;
    bool on_latin =
        true; /* a mark here sits on a Latin letter; on another script it has a meaning */
    for (;;) {
        size_t from = pos;
        int32_t c = text_utf8_next(utf8, len, &pos);
        if (c == -1)
            return (ssize_t)written;
        if (c < 0)
            return -EILSEQ;
        bool mark = c >= 0x300 && c <= 0x36F;
        char base = letter_base((uint32_t)c);
        const char *plain = sign_plain((uint32_t)c);
        if (mark && on_latin)
            continue;
        if (!mark && !(plain && !*plain))
            on_latin = plain || is_latin((uint32_t)c);
        if (base) {
            out[written++] = base;
        } else if (plain) {
            assert(strlen(plain) <= pos - from);
            while (*plain)
                out[written++] = *plain++;
        } else {
            memmove(out + written, utf8 + from, pos - from);
            written += pos - from;
        }
    }
}
