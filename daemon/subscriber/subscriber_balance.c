#include "subscriber_balance.h"

#include <errno.h>
#include <string.h>
#include "subscriber_fold.h"
#include "subscriber_value.h"
#include "text.h"

enum {
    DATE_LEN = 10, /* "2026-12-31" */
    BARE_MIN = 3,  /* without a unit: more than a line of a menu has */
    BARE_MAX = 8,  /* and less than a phone number */
};

struct parsing {
    const struct subscriber_rules *rules;
    char carrier[SUBSCRIBER_CARRIER_MAX]; /* folded */
    const char *source;
    struct subscriber_fold fold;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || c == SUBSCRIBER_FOLD_OTHER;
}

static size_t skip(const struct parsing *p, size_t at, const char *what)
{
    while (p->fold.text[at] && strchr(what, p->fold.text[at]))
        at++;
    return at;
}

/* The end of the longest words of that kind at `at`; 0: none. */
static size_t word_at(const struct parsing *p, size_t at, enum balance_word kind)
{
    size_t best = 0;
    for (size_t i = 0; i < p->rules->balance_count; i++) {
        const struct subscriber_phrase *word = &p->rules->balance[i];
        if (word->means != (int)kind || !subscriber_rules_apply(word->carrier, p->carrier))
            continue;
        size_t end = subscriber_fold_words(&p->fold, at, word->words, false);
        if (end > best && !is_letter(p->fold.text[end]))
            best = end;
    }
    return best;
}

/* --- amounts --------------------------------------------------------------------------------- */

static size_t digits_at(const struct parsing *p, size_t at)
{
    size_t count = 0;
    while (is_digit(p->fold.text[at + count]))
        count++;
    return count;
}

/* The end of "d", "VND", "dong" or the sign for it; 0: none. */
static size_t unit_at(const struct parsing *p, size_t at)
{
    static const char *const units[] = {"DONG", "VND", "D"};
    const char *text = p->fold.text + at;
    size_t len = 0;
    if (*text == SUBSCRIBER_FOLD_OTHER)
        len = strncmp(p->source + p->fold.from[at], "\u20ab", 3) == 0;
    for (size_t i = 0; len == 0 && i < sizeof units / sizeof *units; i++)
        if (strncmp(text, units[i], strlen(units[i])) == 0)
            len = strlen(units[i]);
    /* "d/phut" is a price, whatever came between */
    bool ends = len > 0 && !is_letter(text[len]) && !is_digit(text[len]) &&
                p->fold.text[skip(p, at + len, " .,:;=\n")] != '/';
    return ends ? at + len : 0;
}

/* Digits, in groups of three by one separator or in none; two digits behind another separator are
 * a fraction. Returns the end, 0: in no form that is known. */
static size_t number_at(const struct parsing *p, size_t at, int64_t *out, char *separator)
{
    const char *text = p->fold.text;
    size_t run = digits_at(p, at), count = run;
    int64_t value = 0;
    *separator = '\0';
    if (run == 0 || run > 9 || (text[at] == '0' && run > 1))
        return 0;
    for (size_t i = 0; i < run; i++)
        value = value * 10 + (text[at + i] - '0');
    bool zero = value == 0;
    at += run;
    while (run <= 3 && text[at] && strchr("., ", text[at]) && is_digit(text[at + 1])) {
        if (digits_at(p, at + 1) != 3 || (*separator && text[at] != *separator))
            break;
        if (zero || (count += 3) > 9)
            return 0;
        *separator = text[at++];
        for (int i = 0; i < 3; i++)
            value = value * 10 + (text[at++] - '0');
    }
    if (text[at] && strchr(".,", text[at]) && is_digit(text[at + 1])) {
        bool fraction = digits_at(p, at + 1) == 2 && text[at] != *separator && *separator != ' ' &&
                        (*separator || run > 3);
        if (!fraction)
            return 0;
        at += 3;
        if (text[at] && strchr(".,", text[at]) && is_digit(text[at + 1]))
            return 0;
    }
    *out = value;
    return at;
}

/* A number without a unit may be anything: a date, a price, a menu's line ("TK GOC 2. NAP THE"); at
 * the end of the text the first half of a longer one. */
static bool bare_is_clear(const struct parsing *p, size_t from, size_t at)
{
    const char *text = p->fold.text;
    size_t next = skip(p, at, " ");
    size_t before = from;
    while (before > 0 && text[before - 1] == ' ')
        before--;
    if (at - from < BARE_MIN || at - from > BARE_MAX || before == 0 ||
        !strchr(":=", text[before - 1]))
        return false;
    if (word_at(p, next, BALANCE_EXPIRES))
        return true;
    size_t behind = skip(p, next, ".,;( \n");
    bool unit = text[behind] == 'D' && !is_letter(text[behind + 1]); /* "500,D/PHUT" */
    return text[next] && strchr(".,;(\n", text[next]) && !is_digit(text[behind]) && !unit;
}

/* The end of an amount, unit and all; 0: none. */
static size_t amount_at(const struct parsing *p, size_t at, int64_t *out)
{
    char separator;
    size_t end = number_at(p, at, out, &separator);
    if (!end)
        return 0;
    size_t unit = unit_at(p, skip(p, end, " "));
    if (unit)
        return unit;
    return separator != ' ' && bare_is_clear(p, at, end) ? end : 0;
}

/* --- dates ----------------------------------------------------------------------------------- */

/* "0h", "23:59", "00:00:00", "24h00" and the blank behind; `at` itself where there is none. */
static size_t skip_time(const struct parsing *p, size_t at)
{
    const char *text = p->fold.text;
    size_t run = digits_at(p, at), end = at + run;
    if (run == 0 || run > 2 || (text[end] != 'H' && text[end] != ':'))
        return at;
    while (text[end] == 'H' || text[end] == ':') {
        run = digits_at(p, end + 1);
        if (run > 2)
            return at;
        end += 1 + run;
    }
    return is_letter(text[end]) ? at : end;
}

static bool date_at(const struct parsing *p, size_t at, char out[DATE_LEN + 1])
{
    char date[SUBSCRIBER_VALUE_MAX];
    size_t used = subscriber_value_date(p->fold.text + at, p->fold.len - at, date);
    if (!used || strlen(date) != DATE_LEN || strchr(date, '*'))
        return false;
    return text_copy(out, DATE_LEN + 1, date);
}

/* What stands between a label and its value. */
static size_t skip_filler(const struct parsing *p, size_t at, bool times)
{
    for (;;) {
        size_t next = skip(p, at, " :="), end = word_at(p, next, BALANCE_FILLER);
        if (!end && times)
            end = skip_time(p, next);
        if (!end || end == next)
            return next;
        at = end;
    }
}

/* Right behind the amount, or it may be another account's. */
static void expiry_take(const struct parsing *p, size_t at, bool dated, char out[DATE_LEN + 1])
{
    size_t next = skip(p, at, " ,;.(-\n"), label = word_at(p, next, BALANCE_EXPIRES);
    if (label)
        (void)date_at(p, skip_filler(p, label, true), out);
    else if (dated)
        (void)date_at(p, skip(p, next, "-/ "), out);
}

/* --- accounts -------------------------------------------------------------------------------- */

/* Where `words` begin that end at `end`; SIZE_MAX: they do not. */
static size_t words_before(const struct parsing *p, size_t end, const char *words)
{
    const char *text = p->fold.text;
    for (size_t i = strlen(words); i-- > 0;) {
        if (words[i] == ' ') {
            while (end > 0 && text[end - 1] == ' ')
                end--;
        } else if (end == 0 || text[--end] != words[i]) {
            return SIZE_MAX;
        }
    }
    return end > 0 && is_letter(text[end - 1]) ? SIZE_MAX : end;
}

static size_t lead_before(const struct parsing *p, size_t end)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < p->rules->balance_count; i++) {
        const struct subscriber_phrase *word = &p->rules->balance[i];
        if (word->means != BALANCE_LEAD || !subscriber_rules_apply(word->carrier, p->carrier))
            continue;
        size_t start = words_before(p, end, word->words);
        if (start < best)
            best = start;
    }
    return best;
}

static bool is_stop(const struct parsing *p, size_t at)
{
    const char *text = p->fold.text;
    bool in_number =
        at > 0 && strchr(".,", text[at]) && is_digit(text[at - 1]) && is_digit(text[at + 1]);
    return strchr(".,;!?(\n", text[at]) && !in_number;
}

/* [at, end) names a bonus and says no amount: what follows is the bonus's. "KM. TK CHINH: 500d" */
static bool names_bonus(const struct parsing *p, size_t at, size_t end)
{
    const char *text = p->fold.text;
    bool bonus = false;
    int64_t vnd;
    for (; at < end; at++) {
        bool starts = at == 0 || !is_letter(text[at - 1]);
        bonus = bonus || (starts && word_at(p, at, BALANCE_BONUS));
        if (starts && is_digit(text[at]) && amount_at(p, at, &vnd))
            bonus = false;
    }
    return bonus;
}

static bool has_digit(const struct parsing *p, size_t at, size_t end)
{
    while (at < end && !is_digit(p->fold.text[at]))
        at++;
    return at < end;
}

/* `word` is the letters of `bonus` but for one, or all of them. */
static bool one_is_lost(const char *bonus, const char *word, size_t len)
{
    size_t at = 0, lost = 0;
    for (; *bonus; bonus++) {
        if (*bonus == ' ')
            continue;
        if (at < len && word[at] == *bonus)
            at++;
        else
            lost++;
    }
    return at == len && lost <= 1;
}

/* The letters of `bonus` stand in [at, end), whatever was put between them. */
static bool is_parted(const struct parsing *p, size_t at, size_t end, const char *bonus)
{
    for (;; bonus++, at++) {
        while (*bonus == ' ')
            bonus++;
        while (at < end && !is_letter(p->fold.text[at]))
            at++;
        if (!*bonus || at == end || p->fold.text[at] != *bonus)
            return !*bonus;
    }
}

/* [at, end) may have named a bonus before it was damaged. Of four letters too much is like
 * something else without one of them. */
static bool resembles_bonus(const struct parsing *p, size_t at, size_t end)
{
    const char *text = p->fold.text;
    for (size_t len = 0; at < end; at++) {
        for (len = 0; at + len < end && is_letter(text[at + len]);)
            len++;
        bool starts = len > 0 && (at == 0 || !is_letter(text[at - 1]));
        for (size_t i = 0; len > 0 && i < p->rules->balance_count; i++) {
            const struct subscriber_phrase *word = &p->rules->balance[i];
            if (word->means != BALANCE_BONUS || !subscriber_rules_apply(word->carrier, p->carrier))
                continue;
            if (is_parted(p, at, end, word->words) ||
                (starts && strlen(word->words) != 4 && one_is_lost(word->words, text + at, len)))
                return true;
        }
    }
    return false;
}

enum place {
    PLACE_INSIDE, /* of a sentence, or behind one of a bonus: it is another account */
    PLACE_UNSURE,
    PLACE_FIRST, /* it begins its sentence */
};

/* Behind the stop that ends at `stop`. What stands before that and is neither a value nor a
 * greeting may be a bonus's name that was damaged, and the stop no end of a sentence: "THUON
 * G,TK GOC: 500d". Where it is one, a blank or a line's end follows. */
static enum place place_behind(const struct parsing *p, size_t stop)
{
    const char *text = p->fold.text;
    bool ends = text[stop - 1] == '\n' || (strchr(".!?", text[stop - 1]) && text[stop] == ' ');
    size_t end = stop;
    while (end > 0 && (is_stop(p, end - 1) || text[end - 1] == ' '))
        end--;
    size_t at = end;
    while (at > 0 && !is_stop(p, at - 1))
        at--;
    if (names_bonus(p, at, end))
        return PLACE_INSIDE;
    bool known = at == end || has_digit(p, at, end) || lead_before(p, end) == skip(p, at, " ");
    return known || (ends && !resembles_bonus(p, at, end)) ? PLACE_FIRST : PLACE_UNSURE;
}

/* Nothing that is not known stands before it in its sentence: "KM TK CHINH" is another account. */
static enum place place_of(const struct parsing *p, size_t at)
{
    const char *text = p->fold.text;
    for (;;) {
        bool colon = false;
        for (; at > 0 && (text[at - 1] == ' ' || text[at - 1] == ':'); at--)
            colon = colon || text[at - 1] == ':';
        if (at == 0 || is_stop(p, at - 1))
            return colon ? PLACE_INSIDE : at == 0 ? PLACE_FIRST : place_behind(p, at);
        if (strchr("-*+", text[at - 1])) { /* of a list */
            for (at--; at > 0 && text[at - 1] == ' ';)
                at--;
            return !colon && (at == 0 || text[at - 1] == '\n') ? PLACE_FIRST : PLACE_INSIDE;
        }
        at = lead_before(p, at);
        if (at == SIZE_MAX)
            return PLACE_INSIDE;
    }
}

/* "TK GOC : 500d": a word may have stood there that made it another account, unless that is how
 * this text is written. */
static bool word_may_be_lost(const struct parsing *p, size_t label, size_t value)
{
    const char *text = p->fold.text;
    size_t apart = 0;
    for (size_t at = 1; at < p->fold.len; at++)
        apart += text[at] == ':' && text[at - 1] == ' ';
    for (size_t at = label + 1; at < value; at++)
        if (text[at] == ':' && text[at - 1] == ' ')
            return apart == 1;
    return false;
}

/* The words between, whatever number of blanks they were written with. */
static void label_take(const struct parsing *p, size_t at, size_t end,
                       char out[SUBSCRIBER_WORDS_MAX])
{
    size_t used = 0;
    for (; at < end && used + 1 < SUBSCRIBER_WORDS_MAX; at++)
        if (p->fold.text[at] != ' ' || (used > 0 && out[used - 1] != ' '))
            out[used++] = p->fold.text[at];
    out[used] = '\0';
}

/* One account that begins at `at`. false: nothing of this text is to be believed. */
static bool account_take(const struct parsing *p, size_t at, enum balance_word kind,
                         struct subscriber_balance *out)
{
    char expires[DATE_LEN + 1] = "";
    int64_t vnd = 0;
    size_t label = word_at(p, at, kind);
    if (!label || (at > 0 && is_letter(p->fold.text[at - 1])))
        return true;
    enum place place = place_of(p, at);
    if (place == PLACE_INSIDE)
        return true;
    size_t value = skip_filler(p, label, false), end = amount_at(p, value, &vnd);
    if (!end)
        return !is_digit(p->fold.text[value]); /* there is one, and it cannot be read */
    if (place == PLACE_UNSURE || word_may_be_lost(p, label, value))
        return false;
    expiry_take(p, end, kind == BALANCE_MAIN_DATED, expires);
    if (out->reading == BALANCE_READ &&
        (out->vnd != vnd || (*expires && *out->expires && strcmp(expires, out->expires) != 0)))
        return false;
    out->reading = BALANCE_READ;
    out->vnd = vnd;
    if (*expires)
        text_copy(out->expires, sizeof out->expires, expires);
    label_take(p, at, label, out->rule);
    return true;
}

static bool phrase_is_there(const struct parsing *p, const struct subscriber_phrase *phrase,
                            struct subscriber_balance *out)
{
    if (!subscriber_rules_apply(phrase->carrier, p->carrier))
        return false;
    for (size_t at = 0; at < p->fold.len; at++) {
        if (!subscriber_fold_words(&p->fold, at, phrase->words, true))
            continue;
        text_copy(out->rule, sizeof out->rule, phrase->words);
        return true;
    }
    return false;
}

/* No amount: why not? */
static void reason_take(const struct parsing *p, struct subscriber_balance *out)
{
    const struct subscriber_rules *rules = p->rules;
    for (size_t i = 0; i < rules->balance_count; i++)
        if (rules->balance[i].means == BALANCE_POSTPAID &&
            phrase_is_there(p, &rules->balance[i], out)) {
            out->reading = BALANCE_BILLED;
            return;
        }
    for (size_t i = 0; i < rules->phrase_count; i++)
        if (rules->phrases[i].means != REFUSAL_NO_RECORD &&
            phrase_is_there(p, &rules->phrases[i], out)) {
            out->reading = BALANCE_REFUSED;
            return;
        }
}

static void balance_read(const struct parsing *p, struct subscriber_balance *out)
{
    for (size_t at = 0; at < p->fold.len; at++)
        if (!account_take(p, at, BALANCE_MAIN, out) ||
            !account_take(p, at, BALANCE_MAIN_DATED, out)) {
            *out = (struct subscriber_balance){.reading = BALANCE_UNPARSED};
            return;
        }
    if (out->reading == BALANCE_UNPARSED)
        reason_take(p, out);
}

int subscriber_balance_parse(const struct subscriber_rules *rules, const char *carrier,
                             const char *text, size_t len, struct subscriber_balance *out)
{
    struct parsing p = {.rules = rules, .source = text};
    struct subscriber_fold name;
    *out = (struct subscriber_balance){.reading = BALANCE_UNPARSED};
    int rc = subscriber_fold_make(carrier, strlen(carrier), &name);
    if (rc == 0) {
        text_copy(p.carrier, sizeof p.carrier, name.text);
        subscriber_fold_clear(&name);
        rc = subscriber_fold_make(text, len, &p.fold);
    }
    if (rc < 0)
        return rc == -ENOMEM ? rc : 0;
    balance_read(&p, out);
    subscriber_fold_clear(&p.fold);
    return 0;
}

const char *subscriber_balance_name(enum balance_reading reading)
{
    switch (reading) {
    case BALANCE_UNPARSED:
        return "unparsed";
    case BALANCE_READ:
        return "read";
    case BALANCE_BILLED:
        return "postpaid";
    case BALANCE_REFUSED:
        return "refused";
    }
    return "";
}
