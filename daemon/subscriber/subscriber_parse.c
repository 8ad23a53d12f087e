#include "subscriber_parse.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

enum { MARKS_MAX = 64, LETTERS_MAX = 40, SHORT_LABEL = 4, LONG_LABEL = 10 };

/* A label that stands in the text, and what follows it up to the next label or the line's end. */
struct mark {
    const struct subscriber_label *label;
    size_t from, value, end; /* in the folded text */
    size_t used;             /* bytes of the value that were taken, 0: it is none */
};

struct parsing {
    const struct subscriber_rules *rules;
    char carrier[SUBSCRIBER_CARRIER_MAX]; /* folded */
    const char *source;
    struct subscriber_fold fold;
    struct mark marks[MARKS_MAX];
    size_t count;
    struct subscriber_reply *reply;
    bool ambiguous[SUBSCRIBER_FIELDS];
};

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || c == SUBSCRIBER_FOLD_OTHER;
}

static bool is_alnum(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* --- labels ---------------------------------------------------------------------------------- */

static size_t skip_spaces(const struct subscriber_fold *fold, size_t at)
{
    while (fold->text[at] == ' ')
        at++;
    return at;
}

static size_t value_of(enum subscriber_field field, const char *text, size_t len, char *out)
{
    switch (field) {
    case SUBSCRIBER_BIRTH_DATE:
    case SUBSCRIBER_ID_ISSUED_ON:
    case SUBSCRIBER_REGISTERED_ON:
        return subscriber_value_date(text, len, out);
    case SUBSCRIBER_ID_NUMBER:
        return subscriber_value_id(text, len, out);
    case SUBSCRIBER_MSISDN:
        return subscriber_value_number(text, len, out);
    case SUBSCRIBER_FULL_NAME:
    case SUBSCRIBER_ID_TYPE:
    case SUBSCRIBER_ID_ISSUED_BY:
    case SUBSCRIBER_ADDRESS:
    case SUBSCRIBER_SUBSCRIBER_TYPE:
    case SUBSCRIBER_STATUS:
    case SUBSCRIBER_OTHER:
        return 0;
    }
    return 0;
}

/* A field whose values are known by their looks. */
static bool field_is_typed(enum subscriber_field field)
{
    return field == SUBSCRIBER_BIRTH_DATE || field == SUBSCRIBER_ID_ISSUED_ON ||
           field == SUBSCRIBER_REGISTERED_ON || field == SUBSCRIBER_ID_NUMBER ||
           field == SUBSCRIBER_MSISDN;
}

static const struct subscriber_label *label_at(const struct parsing *p, size_t at, size_t *end)
{
    const struct subscriber_label *best = NULL;
    *end = at;
    for (size_t i = 0; i < p->rules->label_count; i++) {
        const struct subscriber_label *label = &p->rules->labels[i];
        if (!subscriber_rules_apply(label->carrier, p->carrier))
            continue;
        size_t stop = subscriber_fold_words(&p->fold, at, label->words, false);
        if (stop > *end && !is_letter(p->fold.text[stop]) && p->fold.text[stop] != '\'') {
            best = label;
            *end = stop;
        }
    }
    return best;
}

/* "(so moi)" behind a label, or "/CCCD": still the label. */
static size_t skip_rest_of_label(const struct parsing *p, enum subscriber_field field, size_t at)
{
    const char *text = p->fold.text;
    size_t next = skip_spaces(&p->fold, at), end = 0;
    if (text[next] == '(') {
        size_t close = next + strcspn(text + next, ")\n:");
        if (text[close] == ')' && close - next < LETTERS_MAX)
            return close + 1;
    }
    if (text[next] == '/') {
        const struct subscriber_label *other = label_at(p, skip_spaces(&p->fold, next + 1), &end);
        if (other && other->field == field)
            return end;
    }
    return at;
}

/* Where the value begins behind a label that ends at `at`. */
static size_t skip_separator(const struct parsing *p, size_t at, bool *strong, bool *weak)
{
    const char *text = p->fold.text;
    *strong = *weak = false;
    while (text[at] && strchr(" :=->", text[at])) {
        *strong = *strong || text[at] == ':' || text[at] == '=';
        *weak = *weak || text[at] == '-' || text[at] == '>';
        at++;
    }
    return at;
}

/* A label is believed where a separator follows, or a value of its kind, or, for one of several
 * words, words. */
static bool mark_try(struct parsing *p, size_t at, struct mark *mark)
{
    size_t end;
    bool strong, weak;
    char ignored[SUBSCRIBER_VALUE_MAX];
    const struct subscriber_label *label = label_at(p, at, &end);
    if (!label)
        return false;
    end = skip_rest_of_label(p, label->field, end);
    *mark =
        (struct mark){.label = label, .from = at, .value = skip_separator(p, end, &strong, &weak)};
    if (strong)
        return true;
    size_t left = p->fold.len - mark->value;
    if (field_is_typed(label->field))
        return value_of(label->field, p->fold.text + mark->value, left, ignored) > 0;
    if (weak)
        return true;
    return !label->strict && strchr(label->words, ' ') && is_letter(p->fold.text[mark->value]);
}

static void marks_find(struct parsing *p)
{
    const char *text = p->fold.text;
    size_t at = 0;
    while (at < p->fold.len && p->count < MARKS_MAX) {
        struct mark *mark = &p->marks[p->count];
        bool starts = is_letter(text[at]) && (at == 0 || !is_letter(text[at - 1]));
        if (starts && mark_try(p, at, mark)) {
            at = mark->value;
            p->count++;
        } else {
            at++;
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        struct mark *mark = &p->marks[i];
        size_t limit = i + 1 < p->count ? p->marks[i + 1].from : p->fold.len;
        mark->end = mark->value;
        while (mark->end < limit && text[mark->end] != '\n')
            mark->end++;
    }
}

/* --- values ---------------------------------------------------------------------------------- */

/* The same value twice is one; two are none. Of a document's number the twelve digits count. */
static void field_set(struct parsing *p, struct mark *mark, const char *value, size_t used)
{
    enum subscriber_field field = mark->label->field;
    struct subscriber_value *slot = &p->reply->field[field];
    if (slot->found && strcmp(slot->value, value) != 0) {
        size_t old_len = strlen(slot->value), new_len = strlen(value);
        if (field != SUBSCRIBER_ID_NUMBER || old_len == new_len) {
            p->ambiguous[field] = true;
            return;
        }
        if (new_len < old_len)
            return;
    }
    for (size_t i = 0; i < p->count; i++) /* the one before gives way */
        if (p->marks[i].label->field == field)
            p->marks[i].used = 0;
    mark->used = used;
    slot->found = true;
    slot->span =
        (struct subscriber_span){p->fold.from[mark->value], p->fold.from[mark->value + used]};
    text_copy(slot->value, sizeof slot->value, value);
    text_copy(slot->rule, sizeof slot->rule, mark->label->words);
}

/* The edits (insert, delete, change, swap of neighbours) from `a` to `b`, at most LETTERS_MAX long;
 * more than `limit` is limit + 1. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit)
{
    size_t row[3][LETTERS_MAX + 1];
    if (a_len > b_len + limit || b_len > a_len + limit)
        return limit + 1;
    for (size_t j = 0; j <= b_len; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = row[i % 3];
        const size_t *before = row[(i - 1) % 3], *older = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            best = before[j] + 1 < best ? before[j] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                older[j - 2] + 1 < best)
                best = older[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[a_len % 3][b_len];
}

/* The letters of up to `words` words from `at`. */
static size_t letters_take(const char *text, size_t len, size_t at, size_t words, char *out)
{
    size_t count = 0;
    for (; at < len && count < LETTERS_MAX; at++) {
        if (is_letter(text[at]))
            out[count++] = text[at];
        else if (text[at] != ' ' || (count > 0 && at > 0 && text[at - 1] != ' ' && --words == 0))
            break;
    }
    return count;
}

/* How many letters of a label may be wrong for it to be seen in words. TRAN THI is two letters from
 * TRANG THAI, and half the country is called so: in names, one. */
static size_t damage_limit(size_t letters, bool name)
{
    return letters < LONG_LABEL || name ? 1 : 2;
}

/* Whether the words at `at`, or the end of the word there (a gap was lost), are nearly `label`. */
static bool looks_like(const char *text, size_t len, size_t at,
                       const struct subscriber_label *label, bool name)
{
    char wanted[LETTERS_MAX], found[LETTERS_MAX];
    size_t gaps = 0;
    for (const char *c = label->words; *c; c++)
        gaps += *c == ' ';
    size_t wanted_len = letters_take(label->words, strlen(label->words), 0, gaps + 1, wanted);
    size_t limit = damage_limit(wanted_len, name);
    for (size_t words = 1; words <= gaps + 2; words++) {
        size_t found_len = letters_take(text, len, at, words, found);
        if (found_len > 0 && distance(found, found_len, wanted, wanted_len, limit) <= limit)
            return true;
        if (words == 1 && !name && found_len > wanted_len && at + found_len < len &&
            memcmp(found + found_len - wanted_len, wanted, wanted_len) == 0)
            return true;
    }
    return false;
}

static size_t letters_of(const char *text, size_t len, char *out, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < len && count < room; i++)
        if (is_letter(text[i]))
            out[count++] = text[i];
    return count;
}

/* The fewest edits that make some run of `text` into `wanted` (Sellers). */
static size_t distance_inside(const char *text, size_t len, const char *wanted, size_t wanted_len)
{
    size_t column[LETTERS_MAX + 1], best = wanted_len;
    for (size_t j = 0; j <= wanted_len; j++)
        column[j] = j;
    for (size_t i = 0; i < len; i++) {
        size_t diagonal = 0; /* a run may begin anywhere: column[0] stays 0 */
        for (size_t j = 1; j <= wanted_len; j++) {
            size_t above = column[j], made = diagonal + (text[i] != wanted[j - 1]);
            made = column[j - 1] + 1 < made ? column[j - 1] + 1 : made;
            column[j] = above + 1 < made ? above + 1 : made;
            diagonal = above;
        }
        best = column[wanted_len] < best ? column[wanted_len] : best;
    }
    return best;
}

/* A label of five letters and more, whatever gaps were lost around it; of six and more, one letter
 * may be wrong. */
static bool holds(const char *text, size_t len, const struct subscriber_label *label)
{
    char letters[SUBSCRIBER_VALUE_MAX], wanted[LETTERS_MAX];
    size_t wanted_len = letters_of(label->words, strlen(label->words), wanted, sizeof wanted);
    size_t count = letters_of(text, len, letters, sizeof letters);
    if (wanted_len <= SHORT_LABEL)
        return false;
    return distance_inside(letters, count, wanted, wanted_len) <= (wanted_len > SHORT_LABEL + 1);
}

/* A name that stands twice, whatever is between. */
static bool stands_twice(const char *text, size_t len)
{
    char letters[SUBSCRIBER_VALUE_MAX], first[LETTERS_MAX + 1];
    size_t count = letters_of(text, len, letters, sizeof letters - 1);
    size_t head = letters_take(text, len, 0, 2, first);
    letters[count] = first[head < LETTERS_MAX ? head : LETTERS_MAX] = '\0';
    return head > SHORT_LABEL && head < count && strstr(letters + head, first);
}

/* A damaged label may hide in words: those of fields that were not found elsewhere are looked for.
 * For names short labels are let be: TEN is too near to many a name. */
static bool hides_a_label(const struct parsing *p, const struct mark *mark, size_t len)
{
    const char *text = p->fold.text + mark->value;
    bool name = mark->label->field == SUBSCRIBER_FULL_NAME;
    for (size_t i = 0; i < p->rules->label_count; i++) {
        const struct subscriber_label *label = &p->rules->labels[i];
        bool own = label->field == mark->label->field;
        bool found = label->field != SUBSCRIBER_OTHER && p->reply->field[label->field].found;
        if (own ? name && (stands_twice(text, len) || holds(text, len, label))
                : !found && holds(text, len, label))
            return true;
        bool short_ = strlen(label->words) <= SHORT_LABEL;
        if (own || found || (short_ && (name || field_is_typed(label->field))))
            continue;
        for (size_t at = 0; at < len; at++)
            if (is_letter(text[at]) && (at == 0 || !is_letter(text[at - 1])) &&
                looks_like(text, len, at, label, name))
                return true;
    }
    return false;
}

/* The last letters of `text` are nearly `wanted`. */
static bool ends_like(const char *text, size_t len, const char *wanted, size_t wanted_len)
{
    char last[LETTERS_MAX];
    size_t limit = damage_limit(wanted_len, false);
    for (size_t take = wanted_len > limit ? wanted_len - limit : 1; take <= wanted_len + limit;
         take++) {
        size_t start = len, letters = 0;
        while (start > 0 && letters < take)
            letters += is_letter(text[--start]);
        size_t count = letters_of(text + start, len - start, last, sizeof last);
        if (count > 0 && distance(last, count, wanted, wanted_len, limit) <= limit)
            return true;
    }
    return false;
}

/* Nothing parts the value from the next label, and that may be the end of a longer one whose
 * beginning is in the value: "PLEIKUHO TEN:". */
static bool ends_in_a_label(const struct parsing *p, const struct mark *mark, size_t len)
{
    const struct mark *next = mark + 1;
    const char *text = p->fold.text;
    char wanted[LETTERS_MAX];
    if (next >= p->marks + p->count)
        return false;
    for (size_t i = mark->value + len; i < next->from; i++)
        if (text[i] != ' ')
            return false;
    size_t tail = strlen(next->label->words);
    for (size_t i = 0; i < p->rules->label_count; i++) {
        const char *words = p->rules->labels[i].words;
        size_t whole = strlen(words);
        if (whole <= tail + 1 || words[whole - tail - 1] != ' ' ||
            strcmp(words + whole - tail, next->label->words) != 0)
            continue;
        size_t count = letters_of(words, whole - tail, wanted, sizeof wanted);
        if (ends_like(text + mark->value, len, wanted, count))
            return true;
    }
    return false;
}

/* A dot behind a short word ("TP.", "Q.1") is no end. */
static bool ends_sentence(const char *text, size_t len, size_t at)
{
    size_t word = 0;
    while (word < at && is_letter(text[at - 1 - word]))
        word++;
    return word > 3 && (at + 1 >= len || text[at + 1] == ' ');
}

/* Words up to what parts them from others; trailing signs are left out. A dash may part a label
 * from its value as well: with more behind it nothing is certain, 0. */
static size_t words_length(const char *text, size_t len, bool name)
{
    size_t end = 0;
    while (end < len) {
        char c = text[end];
        if (strchr(";|", c) || (name && c == ',') || strncmp(text + end, " - ", 3) == 0 ||
            (c == '.' &&
             (name ? end + 1 >= len || text[end + 1] == ' ' : ends_sentence(text, len, end))))
            break;
        end++;
    }
    for (size_t i = end; i < len && strncmp(text + end, " - ", 3) == 0; i++)
        if (is_alnum(text[i]))
            return 0;
    while (end > 0 && strchr(" .,-", text[end - 1]))
        end--;
    return end;
}

/* Folded, one space between words. */
static void words_copy(const struct parsing *p, const struct mark *mark, size_t len, char *out)
{
    size_t used = 0;
    for (size_t i = mark->value; i < mark->value + len; i++)
        if (p->fold.text[i] != ' ' || (used > 0 && out[used - 1] != ' '))
            out[used++] = p->fold.text[i];
    out[used] = '\0';
}

/* With their accents, as the carrier wrote them. */
static bool words_show(const struct parsing *p, const struct mark *mark, size_t len, char *out)
{
    size_t from = p->fold.from[mark->value], to = p->fold.from[mark->value + len];
    return subscriber_fold_nfc(p->source + from, to - from, out, SUBSCRIBER_VALUE_MAX) == 0;
}

/* "CCCD" and its like: the words have to be known. */
static bool type_known(const struct parsing *p, const char *words, char *out)
{
    for (size_t i = 0; i < p->rules->type_count; i++)
        if (strcmp(p->rules->types[i].words, words) == 0) {
            text_copy(out, SUBSCRIBER_VALUE_MAX,
                      subscriber_id_kind_name((enum subscriber_id_kind)p->rules->types[i].means));
            return true;
        }
    return false;
}

static void take_words(struct parsing *p, struct mark *mark)
{
    const char *text = p->fold.text + mark->value;
    char value[SUBSCRIBER_VALUE_MAX], type[16];
    bool name = mark->label->field == SUBSCRIBER_FULL_NAME;
    size_t len = words_length(text, mark->end - mark->value, name);
    if (!(name ? subscriber_value_is_name(text, len) : subscriber_value_is_free(text, len)) ||
        len >= sizeof value)
        return;
    if (mark->label->field == SUBSCRIBER_ID_TYPE) {
        words_copy(p, mark, len, value);
        if (type_known(p, value, type))
            field_set(p, mark, type, len);
    } else if (!hides_a_label(p, mark, len) && !ends_in_a_label(p, mark, len) &&
               words_show(p, mark, len, value)) {
        field_set(p, mark, value, len);
    }
    explicit_bzero(value, sizeof value);
}

static void take_typed(struct parsing *p, struct mark *mark)
{
    char value[SUBSCRIBER_VALUE_MAX];
    size_t used =
        value_of(mark->label->field, p->fold.text + mark->value, mark->end - mark->value, value);
    if (used > 0)
        field_set(p, mark, value, used);
    explicit_bzero(value, sizeof value);
}

/* Typed values first, then names, then free texts: each looks for what the ones before did not
 * find. */
static void values_take(struct parsing *p)
{
    for (int turn = 0; turn < 3; turn++)
        for (size_t i = 0; i < p->count; i++) {
            struct mark *mark = &p->marks[i];
            enum subscriber_field field = mark->label->field;
            int wanted = field_is_typed(field) ? 0 : field == SUBSCRIBER_FULL_NAME ? 1 : 2;
            if (wanted != turn || field == SUBSCRIBER_OTHER || mark->end == mark->value)
                continue;
            if (turn == 0)
                take_typed(p, mark);
            else
                take_words(p, mark);
        }
    for (size_t f = 0; f < SUBSCRIBER_FIELDS; f++)
        if (p->ambiguous[f]) {
            explicit_bzero(&p->reply->field[f], sizeof p->reply->field[f]);
            for (size_t i = 0; i < p->count; i++)
                if (p->marks[i].label->field == (enum subscriber_field)f)
                    p->marks[i].used = 0;
        }
}

/* --- the rest -------------------------------------------------------------------------------- */

static void unparsed_add(struct parsing *p, size_t from, size_t to)
{
    const char *text = p->fold.text;
    struct subscriber_reply *reply = p->reply;
    while (from < to && !is_alnum(text[from]) && text[from] != '*')
        from++;
    while (to > from && (text[to - 1] == ' ' || text[to - 1] == '\n'))
        to--;
    if (from == to)
        return;
    if (reply->unparsed_count == SUBSCRIBER_UNPARSED_MAX)
        reply->unparsed[SUBSCRIBER_UNPARSED_MAX - 1].to = p->fold.from[to];
    else
        reply->unparsed[reply->unparsed_count++] =
            (struct subscriber_span){p->fold.from[from], p->fold.from[to]};
}

/* Line by line, all that no field has taken. */
static void unparsed_collect(struct parsing *p)
{
    const char *text = p->fold.text;
    size_t at = 0, i = 0, start = 0;
    while (at < p->fold.len) {
        while (i < p->count && (p->marks[i].used == 0 || p->marks[i].from < at))
            i++;
        if (i < p->count && at == p->marks[i].from) {
            unparsed_add(p, start, at);
            start = at = p->marks[i].value + p->marks[i].used;
        } else {
            if (text[at] == '\n') {
                unparsed_add(p, start, at);
                start = at + 1;
            }
            at++;
        }
    }
    unparsed_add(p, start, p->fold.len);
}

static enum subscriber_refusal refusal_find(const struct parsing *p)
{
    for (size_t i = 0; i < p->rules->phrase_count; i++) {
        const struct subscriber_phrase *phrase = &p->rules->phrases[i];
        if (!subscriber_rules_apply(phrase->carrier, p->carrier))
            continue;
        for (size_t at = 0; at < p->fold.len; at++)
            if ((at == 0 || !is_letter(p->fold.text[at - 1])) &&
                subscriber_fold_words(&p->fold, at, phrase->words, true) > 0)
                return (enum subscriber_refusal)phrase->means;
    }
    return REFUSAL_NONE;
}

bool subscriber_reply_is_record(const struct subscriber_reply *reply)
{
    return reply->field[SUBSCRIBER_FULL_NAME].found || reply->field[SUBSCRIBER_ID_NUMBER].found ||
           reply->field[SUBSCRIBER_BIRTH_DATE].found;
}

int subscriber_parse(const struct subscriber_rules *rules, const char *carrier, const char *text,
                     size_t len, struct subscriber_reply *out)
{
    memset(out, 0, sizeof *out);
    struct parsing *p = calloc(1, sizeof *p);
    struct subscriber_fold name = {0};
    if (!p)
        return -ENOMEM;
    p->rules = rules;
    p->reply = out;
    p->source = text;
    int rc = subscriber_fold_make(carrier, strlen(carrier), &name);
    if (rc == 0)
        text_copy(p->carrier, sizeof p->carrier, name.text);
    subscriber_fold_clear(&name);
    if (rc == 0)
        rc = subscriber_fold_make(text, len, &p->fold);
    if (rc == 0) {
        marks_find(p);
        values_take(p);
        unparsed_collect(p);
        if (!subscriber_reply_is_record(out))
            out->refusal = refusal_find(p);
    }
    subscriber_fold_clear(&p->fold);
    explicit_bzero(p, sizeof *p);
    free(p);
    return rc;
}

void subscriber_reply_clear(struct subscriber_reply *reply)
{
    explicit_bzero(reply, sizeof *reply);
}
