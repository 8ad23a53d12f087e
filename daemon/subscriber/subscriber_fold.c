#include "subscriber_fold.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "text.h"

enum {
    DECOMPOSED_MAX = 32,
    WORST = 18, /* U+FDFA becomes eighteen letters and spaces */
    D_STROKE = 0x110,
    D_STROKE_SMALL = 0x111,
    ETH = 0xD0, /* what some keyboards and converters give for a Đ */
    ETH_SMALL = 0xF0,
};

/* One code point that has been taken apart already; '\0': nothing is seen of it. */
static char fold_one(int32_t c)
{
    if (c == '\n' || c == 0x2028 || c == 0x2029)
        return '\n';
    if (c == '"' || c == 0xAB || c == 0xBB || (c >= 0x201C && c <= 0x201F))
        return ' '; /* a reply is pasted in quotation marks */
    if (c < 0x80)
        return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c < ' ' || c == 0x7F ? ' ' : c);
    if (c == D_STROKE || c == D_STROKE_SMALL || c == ETH || c == ETH_SMALL)
        return 'D';
    if ((c >= 0x2018 && c <= 0x201B) || c == 0x2BC || c == 0x2032)
        return '\'';
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF: /* zero width, marks of direction, soft hyphen */
        return '\0';
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_CC:
        return ' ';
    case UTF8PROC_CATEGORY_PD:
        return '-';
    default: /* the library's enum, not ours */
        return SUBSCRIBER_FOLD_OTHER;
    }
}

/* Writes what `c` becomes; returns the number of bytes, at most WORST. */
static size_t fold_put(int32_t c, char *out)
{
    utf8proc_int32_t parts[DECOMPOSED_MAX];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        c, parts, DECOMPOSED_MAX, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
    size_t len = 0;
    if (c == 0xB4 || c == '`') /* accents typed as an apostrophe */
        return *out = '\'', 1;
    for (utf8proc_ssize_t i = 0; i < count && i < WORST; i++) {
        char one = fold_one(parts[i]);
        if (one)
            out[len++] = one;
    }
    return len;
}

int subscriber_fold_make(const char *utf8, size_t len, struct subscriber_fold *out)
{
    *out = (struct subscriber_fold){0};
    if (len > SUBSCRIBER_TEXT_MAX)
        return -EMSGSIZE;
    size_t room = len * 4 + WORST; /* more than any honest text grows; else it is refused */
    out->text = malloc(room + 1);
    out->from = malloc((room + 1) * sizeof *out->from);
    int rc = out->text && out->from ? 0 : -ENOMEM;
    size_t pos = 0;
    while (rc == 0) {
        char made[WORST];
        size_t from = pos;
        int32_t c = text_utf8_next(utf8, len, &pos);
        if (c == -1)
            break;
        size_t count = c < 0 ? 0 : fold_put(c, made);
        if (c < 0)
            rc = -EILSEQ;
        else if (count > room - out->len)
            rc = -EMSGSIZE;
        for (size_t i = 0; rc == 0 && i < count; i++) {
            out->from[out->len] = (uint32_t)from;
            out->text[out->len++] = made[i];
        }
    }
    if (rc < 0) {
        subscriber_fold_clear(out);
        return rc;
    }
    out->from[out->len] = (uint32_t)len;
    out->text[out->len] = '\0';
    return 0;
}

void subscriber_fold_clear(struct subscriber_fold *fold)
{
    if (fold->text)
        explicit_bzero(fold->text, fold->len);
    free(fold->text);
    free(fold->from);
    *fold = (struct subscriber_fold){0};
}

size_t subscriber_fold_words(const struct subscriber_fold *fold, size_t at, const char *words,
                             bool lines)
{
    for (; *words; words++) {
        if (*words == ' ') {
            while (fold->text[at] == ' ' || (lines && fold->text[at] == '\n'))
                at++;
        } else if (fold->text[at++] != *words) {
            return 0;
        }
    }
    return at;
}

static int32_t capital(int32_t c)
{
    int32_t upper = utf8proc_toupper(c);
    return upper == ETH ? D_STROKE : upper;
}

int subscriber_fold_nfc(const char *utf8, size_t len, char *out, size_t room)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t count = utf8proc_map((const utf8proc_uint8_t *)utf8, (utf8proc_ssize_t)len,
                                          &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    size_t pos = 0, used = 0;
    bool gap = false;
    int rc = count < 0 ? -EILSEQ : 0;
    while (rc == 0) {
        int32_t c = text_utf8_next((const char *)composed, (size_t)count, &pos);
        if (c < 0)
            break;
        utf8proc_category_t category = utf8proc_category(c);
        if (category == UTF8PROC_CATEGORY_CF)
            continue;
        if (category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_CC ||
            category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP) {
            gap = used > 0;
            continue;
        }
        if (used + 6 > room) {
            rc = -ENOBUFS;
            break;
        }
        if (gap)
            out[used++] = ' ';
        gap = false;
        used += text_utf8_put(out + used, (uint32_t)capital(c));
    }
    if (composed && count > 0)
        explicit_bzero(composed, (size_t)count);
    free(composed);
    assert(room > 0);
    out[rc == 0 ? used : 0] = '\0';
    return rc;
}

size_t subscriber_fold_nfd(const char *utf8, size_t len, int32_t *out, size_t room)
{
    size_t pos = 0, used = 0;
    int32_t c;
    while ((c = text_utf8_next(utf8, len, &pos)) >= 0) {
        utf8proc_int32_t parts[DECOMPOSED_MAX];
        int boundary = 0;
        utf8proc_ssize_t count =
            utf8proc_decompose_char(c, parts, DECOMPOSED_MAX, UTF8PROC_DECOMPOSE, &boundary);
        for (utf8proc_ssize_t i = 0; i < count && used < room; i++)
            out[used++] = parts[i];
    }
    return used;
}
