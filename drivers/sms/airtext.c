/* airtext: septets and UTF-16 from strangers, made fit to be seen. */
#include <string.h>

#include "airtext.h"
#include "gsm7.h"
#include "text.h"

enum { REPLACEMENT = 0xFFFD };

/* Not to be shown: they act on the text around them, or hide in it. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x00, 0x1F},     /* C0; \n and \t are taken before */
    {0x7F, 0x9F},     /* DEL and C1: a terminal obeys them */
    {0xAD, 0xAD},     /* soft hyphen */
    {0x61C, 0x61C},   /* Arabic letter mark */
    {0x180E, 0x180E}, /* Mongolian vowel separator */
    {0x200B, 0x200B}, /* zero width space; the joiners behind it are letters' own */
    {0x200E, 0x200F}, /* marks of direction */
    {0x202A, 0x202E}, /* embeddings and overrides of direction */
    {0x2060, 0x206F}, /* word joiner, isolates, deprecated shapes */
    {0xFDD0, 0xFDEF}, /* noncharacters */
    {0xFEFF, 0xFEFF}, /* byte order mark */
    {0xFFF9, 0xFFFB}, /* annotations */
    {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F}, /* tags: a second text that nobody sees */
};

/* Where the text grows. */
struct pen {
    char *out;
    size_t len;
    bool lines;
    bool cr; /* a CR was seen and waits for its LF */
};

static bool is_unseen(uint32_t c)
{
    for (unsigned i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (c >= unseen[i].first && c <= unseen[i].last)
            return true;
    return (c & 0xFFFE) == 0xFFFE; /* the last two of each plane */
}

static void pen_put(struct pen *pen, uint32_t c)
{
    if (pen->cr && c != '\n')
        pen->out[pen->len++] = pen->lines ? '\n' : ' ';
    pen->cr = c == '\r'; /* one at the very end pads the last octet, and is dropped */
    if (pen->cr)
        return;
    if (c == '\n' || c == '\f' || c == 0x2028 || c == 0x2029 || c == 0x85)
        c = pen->lines ? '\n' : ' ';
    else if (c == '\t')
        c = ' ';
    else if (is_unseen(c))
        return;
    pen->len += text_utf8_put(pen->out + pen->len, c);
}

size_t airtext_from_gsm7(const uint8_t *septets, size_t count, bool lines, char *out)
{
    struct pen pen = {.out = out, .lines = lines};
    for (size_t i = 0; i < count; i++) {
        if (septets[i] == GSM7_ESCAPE && i + 1 < count)
            pen_put(&pen, gsm7_to_char_extended(septets[++i]));
        else
            pen_put(&pen, gsm7_to_char(septets[i]));
    }
    out[pen.len] = '\0';
    return pen.len;
}

size_t airtext_from_ucs2(const uint8_t *octets, size_t len, char *out)
{
    struct pen pen = {.out = out, .lines = true};
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint32_t c = (uint32_t)octets[i] << 8 | octets[i + 1];
        if (c >> 10 == 0x36 && i + 3 < len && octets[i + 2] >> 2 == 0x37) {
            uint32_t low = (uint32_t)octets[i + 2] << 8 | octets[i + 3];
            c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
            i += 2;
        } else if (c >> 11 == 0x1B) {
            c = REPLACEMENT;
        }
        pen_put(&pen, c);
    }
    out[pen.len] = '\0';
    return pen.len;
}
