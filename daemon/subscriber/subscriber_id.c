#include "subscriber_id.h"

#include <string.h>
#include "subscriber_value.h"
#include "text.h"

enum { CCCD = 12, CMND = 9, ELEVEN = 11, SHOWN = 4, FIRST_CENTURY = 1900 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum subscriber_id_kind subscriber_id_read(const char *typed, char out[SUBSCRIBER_ID_MAX],
                                           bool *zero_lost)
{
    char bare[SUBSCRIBER_ID_MAX + 1] = "", value[SUBSCRIBER_VALUE_MAX];
    size_t len = 1; /* room for the 0 */
    *zero_lost = false;
    out[0] = '\0';
    for (; *typed && len + 1 < sizeof bare; typed++)
        if (!strchr(" .-", *typed))
            bare[len++] = (char)(*typed >= 'a' && *typed <= 'z' ? *typed - 32 : *typed);
    if (*typed)
        return ID_NONE;
    bare[len] = '\0';
    const char *start = bare + 1;
    if (strspn(start, "0123456789") == ELEVEN && len - 1 == ELEVEN) {
        bare[0] = '0';
        start = bare;
        *zero_lost = true;
    }
    if (subscriber_value_id(start, strlen(start), value) != strlen(start) || !*start)
        return ID_NONE;
    text_copy(out, SUBSCRIBER_ID_MAX, value);
    size_t count = strlen(out);
    return count == CCCD ? ID_CCCD : count == CMND ? ID_CMND : ID_PASSPORT;
}

int subscriber_id_birth_year(const char *digits)
{
    if (strlen(digits) != CCCD || !is_digit(digits[3]) || !is_digit(digits[4]) ||
        !is_digit(digits[5]))
        return 0;
    return FIRST_CENTURY + 100 * ((digits[3] - '0') / 2) + (digits[4] - '0') * 10 + digits[5] - '0';
}

/* How many places differ; a mask fits anything. */
static size_t places(const char *a, const char *b, bool *masked)
{
    size_t count = 0;
    for (; *a && *b; a++, b++) {
        bool hidden = *a == '*' || *b == '*';
        *masked = *masked || hidden;
        count += !hidden && *a != *b;
    }
    return count;
}

static bool one_digit_off(const char *a, const char *b)
{
    bool masked = false;
    size_t at = 0;
    if (places(a, b, &masked) == 1)
        return true;
    while (a[at] && a[at] == b[at])
        at++;
    return a[at] && a[at + 1] && a[at] == b[at + 1] && a[at + 1] == b[at] &&
           strcmp(a + at + 2, b + at + 2) == 0;
}

struct subscriber_verdict subscriber_id_compare(const char *typed, const char *record)
{
    char one[SUBSCRIBER_ID_MAX] = "", two[SUBSCRIBER_ID_MAX] = "";
    bool lost_one, lost_two, masked = false;
    enum subscriber_id_kind a = subscriber_id_read(typed, one, &lost_one);
    enum subscriber_id_kind b = subscriber_id_read(record, two, &lost_two);
    struct subscriber_verdict verdict = {.compared = true, .level = LEVEL_DIFFERS};
    if (a == ID_NONE || b == ID_NONE) {
        verdict.findings = 1u << FINDING_NOT_AN_ID;
        return verdict;
    }
    if (lost_one || lost_two)
        verdict.findings = 1u << FINDING_LEADING_ZERO_LOST;
    if (a == ID_CCCD && b == ID_CMND)
        verdict.level = LEVEL_OLD_ID;
    else if (a != b)
        return verdict;
    else if (places(one, two, &masked) == 0)
        verdict.level = masked ? LEVEL_COMPATIBLE : LEVEL_EXACT;
    else if (one_digit_off(one, two))
        verdict.findings |= 1u << FINDING_ONE_DIGIT_OFF;
    return verdict;
}

/* --- masks ----------------------------------------------------------------------------------- */

void subscriber_mask_digits(const char *digits, char *out, size_t room)
{
    size_t used = 0;
    size_t shown = strlen(digits) > 2UL * SHOWN ? SHOWN : 0;
    for (size_t i = 0; digits[i] && used + 1 < room; i++)
        out[used++] = (char)(i < shown ? digits[i] : '*');
    out[used] = '\0';
}

/* The first word as it is, of those behind it the first letter, the last one whole where it is one
 * letter. */
void subscriber_mask_name(const char *name, char *out, size_t room)
{
    size_t used = 0, pos = 0, len = strlen(name);
    size_t word = !strchr(name, ' '), letters = word; /* of a single word the first letter */
    int32_t c;
    while ((c = text_utf8_next(name, len, &pos)) >= 0 && used + 5 < room) {
        if (c == ' ') {
            word++;
            letters = 0;
        }
        bool shown = c == ' ' || word == 0 || letters == 1;
        used += text_utf8_put(out + used, shown ? (uint32_t)c : '*');
        letters++;
        if (word == 0)
            letters = 0;
    }
    out[used] = '\0';
}

void subscriber_mask_date(const char *date, size_t len, char *out, size_t room)
{
    size_t used = 0;
    for (size_t i = 0, digits; i < len && used + 1 < room; i += digits ? digits : 1) {
        for (digits = 0; i + digits < len && date[i + digits] >= '0' && date[i + digits] <= '9';)
            digits++;
        for (size_t k = 0; k < digits && used + 1 < room; k++)
            out[used++] = (char)(digits == 4 ? date[i + k] : '*');
        if (!digits)
            out[used++] = (char)(strchr("-/. ", date[i]) ? date[i] : '*');
    }
    out[used] = '\0';
}

void subscriber_mask_text(const char *text, size_t len, char *out, size_t room)
{
    size_t used = 0, pos = 0;
    bool inside = false;
    int32_t c;
    while ((c = text_utf8_next(text, len, &pos)) >= 0 && used + 5 < room) {
        bool sign = c < 0x80 && strchr(" \n.,;:=-/|()*", c);
        used += text_utf8_put(out + used, sign || !inside ? (uint32_t)c : '*');
        inside = !sign;
    }
    out[used] = '\0';
}
