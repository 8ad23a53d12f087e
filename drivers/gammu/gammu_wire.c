#include "gammu_wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

/* What stands behind a word: i id, n number, v value, x a TPDU in hex, t text to the end of the
 * line (o: or nothing). */
static const struct {
    const char *word, *form;
} words[GAMMU_WORDS] = {
    [GAMMU_HELLO] = {"hello", "n"},       [GAMMU_IMEI] = {"imei", "t"},
    [GAMMU_IMSI] = {"imsi", "t"},         [GAMMU_SMSC] = {"smsc", "t"},
    [GAMMU_MAKER] = {"maker", "t"},       [GAMMU_MODEL] = {"model", "t"},
    [GAMMU_REVISION] = {"revision", "t"}, [GAMMU_READY] = {"ready", ""},
    [GAMMU_RADIO] = {"radio", "nvo"},     [GAMMU_INBOUND] = {"inbound", "ix"},
    [GAMMU_SENT] = {"sent", "inv"},       [GAMMU_REFUSED] = {"refused", "inv"},
    [GAMMU_FAILED] = {"failed", "inv"},   [GAMMU_ALIVE] = {"alive", ""},
    [GAMMU_BROKEN] = {"broken", "n"},     [GAMMU_SEND] = {"send", "inx"},
    [GAMMU_TAKEN] = {"taken", "in"},      [GAMMU_LOOK] = {"look", ""},
};
enum { NUMBER_MAX = 9999 };

struct cursor {
    const char *at, *end;
};

/* The next word, behind exactly one blank but for the first. */
static bool next_word(struct cursor *c, const char **word, size_t *len)
{
    const char *blank = memchr(c->at, ' ', (size_t)(c->end - c->at));
    *word = c->at;
    *len = (size_t)((blank ? blank : c->end) - c->at);
    c->at = blank ? blank + 1 : c->end;
    return *len > 0 && (!blank || c->at < c->end);
}

static bool read_unsigned(struct cursor *c, uint64_t most, uint64_t *out)
{
    const char *word;
    size_t len;
    if (!next_word(c, &word, &len) || len > 20)
        return false;
    *out = 0;
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)(word[i] - '0');
        if (word[i] < '0' || word[i] > '9' || *out > (most - digit) / 10)
            return false;
        *out = *out * 10 + digit;
    }
    return true;
}

static bool read_value(struct cursor *c, int *out)
{
    uint64_t number;
    bool minus = c->at < c->end && *c->at == '-';
    c->at += minus;
    if (!read_unsigned(c, NUMBER_MAX, &number))
        return false;
    *out = minus ? -(int)number : (int)number;
    return true;
}

static bool read_tpdu(struct cursor *c, struct pdu_tpdu *out)
{
    const char *word;
    size_t len;
    if (!next_word(c, &word, &len))
        return false;
    ssize_t count = text_hex_decode(word, len, out->octet, sizeof out->octet);
    out->len = (uint8_t)(count > 0 ? count : 0);
    return count > 0;
}

static bool read_text(struct cursor *c, char out[GAMMU_TEXT_MAX + 1])
{
    size_t len = (size_t)(c->end - c->at);
    if (len > GAMMU_TEXT_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (c->at[i] < ' ' || c->at[i] > '~')
            return false;
    memcpy(out, c->at, len);
    out[len] = '\0';
    c->at = c->end;
    return true;
}

static bool read_field(struct cursor *c, char form, struct gammu_line *out)
{
    uint64_t number = 0;
    bool good = true;
    switch (form) {
    case 'i':
        return read_unsigned(c, UINT64_MAX, &out->id);
    case 'n':
        good = read_unsigned(c, NUMBER_MAX, &number);
        out->number = (unsigned)number;
        return good;
    case 'v':
        return read_value(c, &out->value);
    case 'x':
        return read_tpdu(c, &out->tpdu);
    case 't':
        return c->at < c->end && read_text(c, out->text);
    case 'o':
        return read_text(c, out->text);
    }
    assert(!"a form of the table");
    return false;
}

bool gammu_line_parse(const char *text, size_t len, struct gammu_line *out)
{
    struct cursor c = {text, text + len};
    const char *word;
    size_t word_len, at = 0;
    memset(out, 0, sizeof *out);
    if (len > GAMMU_LINE_MAX || !next_word(&c, &word, &word_len))
        return false;
    while (at < GAMMU_WORDS &&
           (strlen(words[at].word) != word_len || memcmp(words[at].word, word, word_len) != 0))
        at++;
    if (at == GAMMU_WORDS)
        return false;
    out->word = (enum gammu_word)at;
    for (const char *form = words[at].form; *form; form++)
        if (!read_field(&c, *form, out))
            return false;
    return c.at == c.end;
}

static size_t form_text(char *out, size_t room, const char *text)
{
    size_t len = (size_t)snprintf(out, room, " %.*s", GAMMU_TEXT_MAX, text);
    for (size_t i = 0; i < len; i++)
        if (out[i] < ' ' || out[i] > '~')
            out[i] = '?';
    return len;
}

size_t gammu_line_form(const struct gammu_line *line, char out[GAMMU_LINE_MAX + 2])
{
    const size_t room = GAMMU_LINE_MAX + 1;
    size_t len = (size_t)snprintf(out, room, "%s", words[line->word].word);
    for (const char *form = words[line->word].form; *form; form++) {
        char *at = out + len;
        size_t left = room - len;
        if (*form == 'i')
            len += (size_t)snprintf(at, left, " %llu", (unsigned long long)line->id);
        else if (*form == 'n')
            len += (size_t)snprintf(at, left, " %u", line->number);
        else if (*form == 'v')
            len += (size_t)snprintf(at, left, " %d", line->value);
        else if (*form == 'x') {
            *at = ' ';
            text_hex_encode(line->tpdu.octet, line->tpdu.len, at + 1);
            len += 1 + 2 * (size_t)line->tpdu.len;
        } else if (*line->text)
            len += form_text(at, left, line->text);
    }
    out[len++] = '\n';
    out[len] = '\0';
    return len;
}

/* The name of a maker, a model, a firmware is seen; of all else that is text its length. */
static int show_text(const struct gammu_line *line, char *out, size_t room)
{
    static const char *const kinds[GAMMU_WORDS] = {
        [GAMMU_IMEI] = "imei", [GAMMU_IMSI] = "imsi", [GAMMU_SMSC] = "phone"};
    bool name =
        line->word == GAMMU_MAKER || line->word == GAMMU_MODEL || line->word == GAMMU_REVISION;
    if (!name)
        return snprintf(out, room, " <%s:%zu>", kinds[line->word] ? kinds[line->word] : "text",
                        strlen(line->text));
    int len = snprintf(out, room, " %s", line->text);
    for (char *at = out; *at; at++)
        if (*at == '<' || *at == '>')
            *at = '.'; /* a name is no kind and length */
    return len;
}

void gammu_line_show(const struct gammu_line *line, char *out, size_t room)
{
    size_t len = (size_t)snprintf(out, room, "%s", words[line->word].word);
    for (const char *form = words[line->word].form; *form && len < room; form++) {
        char *at = out + len;
        size_t left = room - len;
        if (*form == 'i' && line->id > NUMBER_MAX * 10ULL + 9) /* longer than a number of ours */
            len += (size_t)snprintf(at, left, " <digits:%d>",
                                    snprintf(NULL, 0, "%llu", (unsigned long long)line->id));
        else if (*form == 'i')
            len += (size_t)snprintf(at, left, " %llu", (unsigned long long)line->id);
        else if (*form == 'n')
            len += (size_t)snprintf(at, left, " %u", line->number);
        else if (*form == 'v')
            len += (size_t)snprintf(at, left, " %d", line->value);
        else if (*form == 'x')
            len += (size_t)snprintf(at, left, " <pdu:%u>", 2U * line->tpdu.len);
        else if (*line->text)
            len += (size_t)show_text(line, at, left);
    }
}
