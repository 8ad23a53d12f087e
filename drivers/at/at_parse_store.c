#include "at_parse_store.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "at_parse.h"
#include "pdu_decode.h"

static const char *const memories[AT_MEMORIES] = {"ME", "SM", "SR", "MT", "BM", "TA"};

const char *at_memory_name(enum at_memory memory)
{
    assert(memory < AT_MEMORY_SELECTED);
    return memories[memory];
}

/* Two letters count: some firmware says "SM_P". */
static enum at_memory memory_of(const char *text, size_t len)
{
    for (int i = 0; len >= 2 && i < AT_MEMORIES; i++)
        if (strncasecmp(text, memories[i], 2) == 0)
            return (enum at_memory)i;
    return AT_MEMORY_SELECTED;
}

/* "SM",3 and SM,3 and `0,111` (a number for the memory, E3372); the index alone as well. */
bool at_parse_place(const char *line, const char *prefix, struct at_place *out)
{
    struct at_fields fields;
    if (!at_fields_split(line, prefix, &fields) || fields.count == 0)
        return false;
    int index = at_field_int(&fields, fields.count > 1 ? 1 : 0);
    if (index < 0 || index > UINT16_MAX)
        return false;
    out->index = (uint16_t)index;
    out->memory = fields.count > 1 ? memory_of(fields.field[0].text, fields.field[0].len)
                                   : AT_MEMORY_SELECTED;
    return true;
}

/* --- headers of stored messages --- */

enum { HEX_LEAST = 28 }; /* digits; no TPDU of ours is shorter, and no number in a header longer */

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isxdigit((unsigned char)text[i]))
            return false;
    return true;
}

/* The last field: a length, a TPDU, or both with a space between (`147 0791...`). */
static void length_take(const struct at_fields *fields, unsigned at, struct at_stored *out)
{
    const struct at_field *field = &fields->field[at];
    size_t digits = 0;
    if (field->len >= HEX_LEAST && is_hex(field->text, field->len)) {
        out->hex = field->text;
        out->hex_len = field->len;
        return;
    }
    while (digits < field->len && isdigit((unsigned char)field->text[digits]))
        digits++;
    size_t gap = digits;
    while (gap < field->len && field->text[gap] == ' ')
        gap++;
    if (digits == 0 || digits > 4 || (gap == digits && gap < field->len))
        return;
    out->len = 0;
    for (size_t i = 0; i < digits; i++)
        out->len = out->len * 10 + (field->text[i] - '0');
    if (gap < field->len && is_hex(field->text + gap, field->len - gap)) {
        out->hex = field->text + gap;
        out->hex_len = field->len - gap;
    }
}

/* [<index>,]<stat>[,<alpha>],<length>: <alpha> is empty, a name, or left out. */
static bool stored_take(const char *line, const char *prefix, bool index, struct at_stored *out)
{
    struct at_fields fields;
    unsigned at = index ? 1 : 0;
    *out = (struct at_stored){.index = -1, .stat = -1, .len = -1};
    if (!at_fields_split(line, prefix, &fields) || fields.count <= at)
        return false;
    if (index && ((out->index = at_field_int(&fields, 0)) < 0 || out->index > UINT16_MAX))
        return false;
    out->stat = at_field_int(&fields, at);
    out->text = out->stat < 0 && fields.field[at].quoted;
    if (fields.count > at + 1)
        length_take(&fields, fields.count - 1, out);
    return out->text || (out->stat >= 0 && fields.count > at + 1);
}

bool at_parse_cmgr(const char *line, struct at_stored *out)
{
    return stored_take(line, "+CMGR:", false, out);
}

bool at_parse_cmgl(const char *line, struct at_stored *out)
{
    return stored_take(line, "+CMGL:", true, out);
}

/* `23`, `,23` and `"",23` are all seen. */
int at_parse_announced(const char *line, const char *prefix)
{
    struct at_fields fields;
    if (!at_fields_split(line, prefix, &fields) || fields.count == 0)
        return -1;
    return at_field_int(&fields, fields.count - 1);
}

/* --- the TPDU --- */

static bool makes_sense(const struct pdu_tpdu *tpdu)
{
    struct pdu_deliver deliver;
    struct pdu_report report;
    return pdu_decode_deliver(tpdu->octet, tpdu->len, &deliver) == PDU_OK ||
           pdu_decode_report(tpdu->octet, tpdu->len, &report) == PDU_OK;
}

bool at_parse_tpdu(const char *hex, size_t len, int announced, bool lenient, struct pdu_tpdu *out)
{
    struct pdu_tpdu by_length;
    bool self = pdu_decode_line(hex, len, -1, out) == 0;
    bool told = announced > 0 && pdu_decode_line(hex, len, announced, &by_length) == 0;
    /* Whole, and so not ours to judge: what is wrong inside it is for the owner to see. */
    if (self && announced > 0 && out->len == announced)
        return true;
    /* With its address counted, or without a length, so may be what has lost its end. */
    bool loose = announced <= 0 || (size_t)announced == len / 2;
    if (self && loose && (lenient || makes_sense(out)))
        return true;
    if (told && makes_sense(&by_length)) {
        *out = by_length;
        return true;
    }
    return lenient && self && makes_sense(out);
}

/* --- lists --- */

bool at_parse_cpms(const char *line, struct at_room *out)
{
    struct at_fields fields;
    if (!at_fields_split(line, "+CPMS:", &fields) || fields.count == 0)
        return false;
    unsigned at = at_field_int(&fields, 0) < 0 ? 1 : 0;
    out->memory = at ? memory_of(fields.field[0].text, fields.field[0].len) : AT_MEMORY_SELECTED;
    out->used = at_field_int(&fields, at);
    out->total = at_field_int(&fields, at + 1);
    return out->used >= 0 || out->memory != AT_MEMORY_SELECTED;
}

/* Behind `prefix`, or NULL. */
static const char *rest_of(const char *line, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

/* One step over a list of lists: true where `*at` stands on a value, with its group in `*group`.
 * A value outside of parentheses is a group of its own. Wavecom puts one pair too many around all
 * of it, and Huawei MU609 none. */
struct lists {
    const char *at;
    int group; /* of the value; -1: none yet */
    bool inside;
};

static bool lists_next(struct lists *lists)
{
    for (;; lists->at++) {
        char c = *lists->at;
        if (c == '\0')
            return false;
        if (c == '(' && !lists->inside) {
            const char *value = lists->at + 1 + strspn(lists->at + 1, " ");
            if (*value != '(') { /* else the pair too many */
                lists->inside = true;
                lists->group++;
            }
        } else if (c == ')') {
            lists->inside = false;
        } else if (isalnum((unsigned char)c)) {
            lists->group += !lists->inside;
            return true;
        }
    }
}

bool at_parse_cpms_offer(const char *line, unsigned offer[3])
{
    struct lists lists = {.at = rest_of(line, "+CPMS:"), .group = -1};
    unsigned all = 0;
    offer[0] = offer[1] = offer[2] = 0;
    if (!lists.at)
        return false;
    while (lists_next(&lists)) {
        size_t len = 0;
        while (isalnum((unsigned char)lists.at[len]) || lists.at[len] == '_')
            len++;
        enum at_memory memory = memory_of(lists.at, len);
        if (memory != AT_MEMORY_SELECTED) {
            all |= 1U << memory;
            if (lists.group >= 0 && lists.group < 3)
                offer[lists.group] |= 1U << memory;
        }
        lists.at += len;
    }
    if (lists.group > 2) /* one list without parentheses, for all three */
        offer[0] = offer[1] = offer[2] = all;
    return offer[0] != 0;
}

bool at_parse_cnmi_offer(const char *line, unsigned offer[5])
{
    struct lists lists = {.at = rest_of(line, "+CNMI:"), .group = -1};
    memset(offer, 0, 5 * sizeof *offer);
    if (!lists.at)
        return false;
    while (lists_next(&lists)) {
        if (!isdigit((unsigned char)*lists.at)) {
            lists.at++;
            continue;
        }
        unsigned from = (unsigned)(*lists.at++ - '0');
        unsigned to = from;
        const char *dash = lists.at + strspn(lists.at, " ");
        const char *end = *dash == '-' ? dash + 1 + strspn(dash + 1, " ") : dash;
        if (*dash == '-' && isdigit((unsigned char)*end)) {
            to = (unsigned)(*end - '0');
            lists.at = end + 1;
        }
        for (unsigned value = from;
             value <= to && value < 10 && lists.group >= 0 && lists.group < 5; value++)
            offer[lists.group] |= 1U << value;
    }
    return offer[0] != 0;
}
