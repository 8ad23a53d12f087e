/* number: what people type into a form becomes one E.164 number, or a reason why not.
 *
 * The numbering plan of a country is a row of const tables. A prefix tells a mobile number from a
 * landline, never the carrier: numbers are portable. Never guesses: what could be read in two ways
 * is decided by its length alone, or refused. */
#include <assert.h>
#include <string.h>

#include "number.h"

enum {
    DIGITS_MAX = 15, /* ITU-T E.164 */
    SHORT_MIN = 3,
    SHORT_MAX = 6,
    FOREIGN_MIN = 7, /* the shortest real ones: +290 and four digits */
    TAIL = 9,
    TYPED_MAX = DIGITS_MAX + 4, /* 00, 84 and 0 may stand before the national number */
};

/* A number of the country that is no mobile one: landlines and services. */
struct number_other {
    const char *prefix;
    size_t len; /* of the national number, without the 0 */
};

/* Vietnam, 2018: the last seven digits stayed, three leading ones became two. */
struct number_change {
    const char *old, *new_;
};

struct number_plan {
    const char *country;
    size_t len;                /* of a mobile national number, without the 0; 0: not known */
    size_t old_len;            /* of one from before the change */
    const char *const *mobile; /* prefixes, without the 0, ends with NULL */
    const struct number_other *other;
    const struct number_change *changes;
};

/* The libphonenumber pattern without M2M, written out:
 * 3\d\d|7[06-9]\d|5(?:[1689]\d|2[238]|59)|8(?:[1-8]\d|9[6-9])|9(?:[0-8]\d|9[013-9]) */
static const char *const vietnam_mobile[] = {
    "3",   "70",  "76",  "77",  "78",  "79",  "51",  "56",  "58", "59", "522", "523",
    "528", "559", "81",  "82",  "83",  "84",  "85",  "86",  "87", "88", "896", "897",
    "898", "899", "90",  "91",  "92",  "93",  "94",  "95",  "96", "97", "98",  "990",
    "991", "993", "994", "995", "996", "997", "998", "999", NULL,
};
static const struct number_other vietnam_other[] = {
    {"2", 10},  /* landlines: 024, 028, 0203, ... */
    {"180", 8}, /* free of charge; dialled without a 0 */
    {"180", 10}, {"190", 8}, {"190", 10}, {NULL, 0},
};
static const struct number_change vietnam_changes[] = {
    /* Viettel */
    {"162", "32"},
    {"163", "33"},
    {"164", "34"},
    {"165", "35"},
    {"166", "36"},
    {"167", "37"},
    {"168", "38"},
    {"169", "39"},
    /* VinaPhone */
    {"123", "83"},
    {"124", "84"},
    {"125", "85"},
    {"127", "81"},
    {"129", "82"},
    /* MobiFone */
    {"120", "70"},
    {"121", "79"},
    {"122", "77"},
    {"126", "76"},
    {"128", "78"},
    /* Vietnamobile, Gmobile */
    {"186", "56"},
    {"188", "58"},
    {"199", "59"},
    {NULL, NULL},
};

static const struct number_plan plans[] = {
    {"84", 9, 10, vietnam_mobile, vietnam_other, vietnam_changes},
    /* Any other country: the length and the prefixes are not known, the trunk 0 is. */
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const struct number_plan *plan_find(const char *country)
{
    const struct number_plan *plan = plans;
    while (plan->country && strcmp(plan->country, country) != 0)
        plan++;
    return plan;
}

static bool starts_with(const char *digits, const char *prefix)
{
    return strncmp(digits, prefix, strlen(prefix)) == 0;
}

/* The digits of what was typed; *plus: a + stood before them. */
static enum number_verdict digits_collect(const char *text, size_t len, char out[TYPED_MAX + 1],
                                          bool *plus)
{
    size_t count = 0;
    bool long_ = false;
    *plus = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            if (count < TYPED_MAX)
                out[count++] = c;
            else
                long_ = true;
        } else if (c == '+' && count == 0 && !*plus) {
            *plus = true;
        } else if (c == '\0' || !strchr(" .-()", c)) {
            return NUMBER_BAD_CHARACTER;
        }
    }
    out[count] = '\0';
    if (count == 0)
        return NUMBER_EMPTY;
    return long_ ? NUMBER_BAD_LENGTH : NUMBER_OK;
}

static void e164_write(char out[17], const char *country, const char *head, const char *rest)
{
    char *at = out;
    *at++ = '+';
    for (const char *const *piece = (const char *const[]){country, head, rest, NULL}; *piece;
         piece++)
        for (const char *c = *piece; *c; c++) {
            assert(at < out + DIGITS_MAX + 1);
            *at++ = *c;
        }
    *at = '\0';
}

/* A number of our own country, without its trunk 0. */
static enum number_verdict national_judge(const struct number_plan *plan, const char *country,
                                          const char *national, struct number *out)
{
    size_t len = strlen(national);
    if (!plan->country) {
        size_t whole = strlen(country) + len;
        if (whole < FOREIGN_MIN || whole > DIGITS_MAX || *national == '0')
            return NUMBER_BAD_LENGTH; /* one trunk 0 is gone; another is none */
    } else {
        for (const struct number_change *row = plan->changes; row->old; row++)
            if (len == plan->old_len && starts_with(national, row->old)) {
                e164_write(out->suggest, country, row->new_, national + strlen(row->old));
                return NUMBER_OLD_ELEVEN;
            }
        for (const struct number_other *row = plan->other; row->prefix; row++)
            if (len == row->len && starts_with(national, row->prefix))
                return NUMBER_NOT_MOBILE;
        if (len != plan->len)
            return NUMBER_BAD_LENGTH;
        const char *const *prefix = plan->mobile;
        while (*prefix && !starts_with(national, *prefix))
            prefix++;
        if (!*prefix)
            return NUMBER_NOT_MOBILE;
    }
    e164_write(out->digits, country, "", national);
    out->international = true;
    return NUMBER_OK;
}

/* With its country code, the + or 00 already gone. */
static enum number_verdict international_judge(const struct number_plan *plan,
                                               const struct number_rules *rules, const char *digits,
                                               struct number *out)
{
    if (starts_with(digits, rules->country)) {
        const char *national = digits + strlen(rules->country);
        if (*national == '0') /* "+84 (0)912 ..." */
            national++;
        return national_judge(plan, rules->country, national, out);
    }
    size_t len = strlen(digits);
    if (len < FOREIGN_MIN || len > DIGITS_MAX || *digits == '0')
        return NUMBER_BAD_LENGTH; /* no country code begins with 0 */
    if (!rules->foreign)
        return NUMBER_FOREIGN;
    e164_write(out->digits, "", "", digits);
    out->international = true;
    return NUMBER_OK;
}

enum number_verdict number_parse(const char *text, size_t len, const struct number_rules *rules,
                                 struct number *out)
{
    assert(out && rules && rules->country && *rules->country && (text || len == 0));
    char typed[TYPED_MAX + 1] = "";
    bool plus;
    enum number_verdict verdict = digits_collect(text, len, typed, &plus);
    memset(out, 0, sizeof *out); /* only now: `text` may lie in it (a `suggest` taken up) */
    if (verdict != NUMBER_OK)
        return verdict;
    const struct number_plan *plan = plan_find(rules->country);
    size_t count = strlen(typed);
    if (plus)
        return international_judge(plan, rules, typed, out);
    if (starts_with(typed, "00"))
        return international_judge(plan, rules, typed + 2, out);
    if (*typed == '0')
        return national_judge(plan, rules->country, typed + 1, out);
    if (count >= SHORT_MIN && count <= SHORT_MAX) {
        if (!rules->short_codes)
            return NUMBER_SHORT_CODE;
        memcpy(out->digits, typed, count + 1);
        return NUMBER_OK;
    }
    /* A national number that lost its 0 (spreadsheets do that) is told from one with a country code
     * by its length: "84" and seven digits is VinaPhone's 084. */
    if (starts_with(typed, rules->country) && count > plan->len)
        return international_judge(plan, rules, typed, out);
    return plan->country ? national_judge(plan, rules->country, typed, out) : NUMBER_BAD_LENGTH;
}

const char *number_verdict_name(enum number_verdict verdict)
{
    switch (verdict) {
    case NUMBER_OK:
        return "ok";
    case NUMBER_EMPTY:
        return "empty";
    case NUMBER_BAD_CHARACTER:
        return "bad_character";
    case NUMBER_BAD_LENGTH:
        return "bad_length";
    case NUMBER_OLD_ELEVEN:
        return "old_eleven";
    case NUMBER_SHORT_CODE:
        return "short_code";
    case NUMBER_FOREIGN:
        return "foreign";
    case NUMBER_NOT_MOBILE:
        return "not_mobile";
    }
    assert(!"a verdict of ours");
    return "";
}

const char *number_tail(const char *digits)
{
    if (*digits == '+')
        digits++;
    size_t len = strlen(digits);
    return len > TAIL ? digits + len - TAIL : digits;
}

bool number_is_clean(const char *digits)
{
    if (!digits)
        return false;
    if (*digits == '+')
        digits++;
    size_t len = strspn(digits, "0123456789");
    return digits[len] == '\0' && len >= SHORT_MIN && len <= DIGITS_MAX;
}
