#include "subscriber_value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "number.h"

enum {
    YEAR_MIN = 1900,
    YEAR_MAX = 2099,
    NAME_WORDS_MAX = 10,
    NAME_BYTES_MAX = 100,
    FREE_BYTES_MAX = 200,
    FREE_DIGITS_MAX = 6, /* of a run, masked ones too; longer ones are numbers of something */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* A digit that the carrier hides. */
static bool is_mask(char c)
{
    return c == '*' || c == 'X';
}

/* --- dates ----------------------------------------------------------------------------------- */

struct reader {
    const char *text;
    size_t len, at;
};

static char peek(const struct reader *r)
{
    return (char)(r->at < r->len ? r->text[r->at] : '\0');
}

/* `least` to `most` digits, or a mask of as many. -1: neither; 0: masked. */
static int read_number(struct reader *r, size_t least, size_t most)
{
    size_t start = r->at;
    int value = 0;
    while (r->at < r->len && r->at - start < most && is_digit(peek(r)))
        value = value * 10 + (r->text[r->at++] - '0');
    if (r->at == start) {
        while (r->at < r->len && r->at - start < most && is_mask(peek(r)))
            r->at++;
        return r->at - start >= least ? 0 : -1;
    }
    return r->at - start >= least && value > 0 ? value : -1;
}

/* One of / - . with a space on either side at most. */
static bool read_stroke(struct reader *r)
{
    if (peek(r) == ' ')
        r->at++;
    if (r->at >= r->len || !strchr("/-.", peek(r)))
        return false;
    r->at++;
    if (peek(r) == ' ')
        r->at++;
    return true;
}

static bool date_exists(int day, int month, int year)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < YEAR_MIN || year > YEAR_MAX || month > 12 || day > 31)
        return false;
    return day == 0 || month == 0 || day <= days[month - 1] + (month == 2 && leap);
}

/* Two digits, or two masks for 0. */
static void put_two(char *out, int value)
{
    out[0] = (char)(value > 0 ? '0' + value / 10 : '*');
    out[1] = (char)(value > 0 ? '0' + value % 10 : '*');
    out[2] = '\0';
}

static bool date_write(int day, int month, int year, char *out)
{
    char d[3], m[3];
    if (day < 0 || month < 0 || !date_exists(day, month, year))
        return false;
    put_two(d, day);
    put_two(m, month);
    snprintf(out, SUBSCRIBER_VALUE_MAX, "%04d-%s-%s", year, m, d);
    return true;
}

/* " 00:00:00" behind a date, as databases print it. */
static void skip_time(struct reader *r)
{
    struct reader time = *r;
    while (peek(&time) == ' ')
        time.at++;
    size_t start = time.at, colons = 0;
    while (is_digit(peek(&time)) || peek(&time) == ':')
        colons += time.text[time.at++] == ':';
    if (time.at > start && colons >= 1 && is_digit(time.text[time.at - 1]))
        *r = time;
}

size_t subscriber_value_date(const char *text, size_t len, char out[SUBSCRIBER_VALUE_MAX])
{
    struct reader r = {text, len, 0};
    size_t digits = 0;
    while (digits < len && is_digit(text[digits]))
        digits++;
    bool good;
    if (digits == 4) {
        int year = read_number(&r, 4, 4);
        struct reader year_only = r;
        int month = read_stroke(&r) ? read_number(&r, 1, 2) : -1;
        int day = month > 0 && read_stroke(&r) ? read_number(&r, 1, 2) : -1;
        good = day > 0 && date_write(day, month, year, out);
        if (month == -1) { /* a year and no more */
            r = year_only;
            good = year >= YEAR_MIN && year <= YEAR_MAX;
            snprintf(out, SUBSCRIBER_VALUE_MAX, "%04d", good ? year : 0);
        }
    } else {
        int day = read_number(&r, 1, 2);
        int month = day >= 0 && read_stroke(&r) ? read_number(&r, 1, 2) : -1;
        int year = month >= 0 && read_stroke(&r) ? read_number(&r, 4, 4) : -1;
        good = year > 0 && date_write(day, month, year, out);
    }
    if (!good || is_digit(peek(&r)) || is_mask(peek(&r)))
        return 0;
    skip_time(&r);
    if (r.at + 1 < len && strchr("/-.", text[r.at]) && is_digit(text[r.at + 1]))
        return 0;
    return r.at;
}

/* --- documents and numbers ------------------------------------------------------------------- */

/* Digits and masks from the start, in groups: "052 090 001 234". Returns the bytes read, and in
 * `out` what they are without the gaps, at most `most` of them. */
static size_t read_groups(const char *text, size_t len, bool gaps, size_t most, char *out)
{
    size_t at = 0, count = 0;
    while (at < len && count <= most) {
        if (is_digit(text[at]) || is_mask(text[at]))
            out[count++] = (char)(is_mask(text[at]) ? '*' : text[at]);
        else if (!gaps || count == 0 || !strchr(" .", text[at]) || at + 1 >= len ||
                 !(is_digit(text[at + 1]) || is_mask(text[at + 1])))
            break;
        at++;
    }
    out[count] = '\0';
    return at;
}

static bool ends_there(const char *text, size_t len, size_t at)
{
    return at >= len || !(is_digit(text[at]) || is_mask(text[at]) || text[at] == '/');
}

static bool id_is_whole(const char *digits, size_t passport)
{
    size_t len = strlen(digits);
    bool seen = strpbrk(digits, "0123456789") != NULL;
    return seen && (passport ? len == 7 : len == 9 || len == 12);
}

size_t subscriber_value_id(const char *text, size_t len, char out[SUBSCRIBER_VALUE_MAX])
{
    size_t letter = len > 1 && is_letter(text[0]) && (is_digit(text[1]) || is_mask(text[1]));
    if (letter && is_mask(text[0]) && len > 7 && (is_digit(text[7]) || is_mask(text[7])) &&
        len > 8 && (is_digit(text[8]) || is_mask(text[8])))
        letter = 0; /* a mask from the first digit on, no passport */
    for (int gaps = 0; gaps < 2; gaps++) {
        size_t used = read_groups(text + letter, len - letter, gaps, 20, out + letter);
        if (!id_is_whole(out + letter, letter) || !ends_there(text, len, letter + used) ||
            (letter + used < len && is_letter(text[letter + used]) && letter))
            continue;
        if (letter)
            out[0] = text[0];
        return letter + used;
    }
    return 0;
}

size_t subscriber_value_number(const char *text, size_t len, char out[SUBSCRIBER_VALUE_MAX])
{
    static const struct number_rules rules = {.country = "84"};
    size_t plus = len > 0 && text[0] == '+';
    char digits[32];
    struct number number;
    for (int gaps = 0; gaps < 2; gaps++) {
        size_t used = read_groups(text + plus, len - plus, gaps, 20, digits);
        size_t count = strlen(digits);
        if (!ends_there(text, len, plus + used))
            continue;
        if (strchr(digits, '*')) {
            if (count < 9 || count > 13 || !strpbrk(digits, "0123456789"))
                continue;
            snprintf(out, SUBSCRIBER_VALUE_MAX, "%s%s", plus ? "+" : "", digits);
            return plus + used;
        }
        switch (number_parse(text, plus + used, &rules, &number)) {
        case NUMBER_OK:
            snprintf(out, SUBSCRIBER_VALUE_MAX, "%s", number.digits);
            return plus + used;
        case NUMBER_OLD_ELEVEN: /* a record from before 2018 */
            snprintf(out, SUBSCRIBER_VALUE_MAX, "%s", number.suggest);
            return plus + used;
        case NUMBER_EMPTY:
        case NUMBER_BAD_CHARACTER:
        case NUMBER_BAD_LENGTH:
        case NUMBER_SHORT_CODE:
        case NUMBER_FOREIGN:
        case NUMBER_NOT_MOBILE:
            break;
        }
    }
    return 0;
}

/* --- words ----------------------------------------------------------------------------------- */

bool subscriber_value_is_name(const char *text, size_t len)
{
    size_t words = 0, letters = 0;
    if (len == 0 || len > NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (is_letter(text[i]) || text[i] == '*')
            words += i == 0 || text[i - 1] == ' ';
        else if (!strchr(" '-.", text[i]) || text[i] == '\0')
            return false;
        letters += is_letter(text[i]);
    }
    return letters > 0 && words > 0 && words <= NAME_WORDS_MAX;
}

bool subscriber_value_is_free(const char *text, size_t len)
{
    char date[SUBSCRIBER_VALUE_MAX];
    size_t run = 0, letters = 0;
    if (len == 0 || len > FREE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (strchr(":=", text[i]))
            return false;
        run = is_digit(text[i]) || text[i] == '*' || (is_mask(text[i]) && run > 0) ? run + 1 : 0;
        letters += is_letter(text[i]);
        if (run > FREE_DIGITS_MAX ||
            (i >= 2 && (text[i] == 'X' && strncmp(text + i - 2, "XX", 2) == 0)))
            return false;
        if (is_digit(text[i]) && (i == 0 || !is_digit(text[i - 1]))) {
            size_t used = subscriber_value_date(text + i, len - i, date);
            if (used > 4) /* a year alone may stand in an address */
                return false;
        }
    }
    return letters > 0;
}
