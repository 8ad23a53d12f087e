#include "subscriber_compare.h"

#include <stdlib.h>
#include <string.h>
#include "number.h"
#include "subscriber_id.h"
#include "subscriber_name.h"
#include "text.h"

enum { DATE_LEN = 10, YEAR_LEN = 4, TAIL = 9, DAY_AT = 8, MONTH_AT = 5 };

const char *subscriber_conclusion_name(enum subscriber_conclusion conclusion)
{
    static const char *const names[SUBSCRIBER_CONCLUSIONS] = {
        [CONCLUSION_REFUSED] = "refused",
        [CONCLUSION_NO_RECORD] = "no_record",
        [CONCLUSION_UNREADABLE] = "unreadable",
        [CONCLUSION_OTHER_PERSON] = "other_person",
        [CONCLUSION_CARRIER_HAS_OLD_ID] = "carrier_has_old_id",
        [CONCLUSION_ID_DIFFERS] = "id_differs",
        [CONCLUSION_NAME_DIFFERS] = "name_differs",
        [CONCLUSION_BIRTH_DATE_DIFFERS] = "birth_date_differs",
        [CONCLUSION_NUMBER_DIFFERS] = "number_differs",
        [CONCLUSION_NOT_COMPARED] = "not_compared",
        [CONCLUSION_COMPATIBLE] = "compatible",
        [CONCLUSION_MATCH_UNACCENTED] = "match_unaccented",
        [CONCLUSION_MATCH] = "match",
    };
    return names[conclusion];
}

static unsigned bit(enum subscriber_finding finding)
{
    return 1u << finding;
}

/* --- dates ----------------------------------------------------------------------------------- */

bool subscriber_date_read(const char *typed, char out[SUBSCRIBER_VALUE_MAX])
{
    struct subscriber_fold fold;
    if (subscriber_fold_make(typed, strlen(typed), &fold) < 0)
        return false;
    size_t start = strspn(fold.text, " "), len = fold.len;
    while (len > start && fold.text[len - 1] == ' ')
        len--;
    size_t used = subscriber_value_date(fold.text + start, len - start, out);
    subscriber_fold_clear(&fold);
    return used > 0 && used == len - start;
}

static bool hidden_fits(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && *a != '*' && *b != '*')
            return false;
    return *a == *b;
}

static struct subscriber_verdict date_compare(const char *typed, const char *record)
{
    struct subscriber_verdict verdict = {.compared = true, .level = LEVEL_DIFFERS};
    char mine[SUBSCRIBER_VALUE_MAX];
    if (!subscriber_date_read(typed, mine)) {
        verdict.findings = bit(FINDING_NOT_A_DATE);
        return verdict;
    }
    size_t a = strlen(mine), b = strlen(record);
    if (a != b && strncmp(mine, record, YEAR_LEN) == 0) {
        verdict.level = LEVEL_COMPATIBLE;
        verdict.findings = bit(FINDING_YEAR_ONLY);
    } else if (a == b && strcmp(mine, record) == 0) {
        verdict.level = strchr(mine, '*') ? LEVEL_COMPATIBLE : LEVEL_EXACT;
        if (a == YEAR_LEN)
            verdict.findings = bit(FINDING_YEAR_ONLY);
    } else if (a == b && hidden_fits(mine, record)) {
        verdict.level = LEVEL_COMPATIBLE;
    } else if (a == DATE_LEN && b == DATE_LEN && strncmp(mine, record, YEAR_LEN) == 0 &&
               strncmp(mine + MONTH_AT, record + DAY_AT, 2) == 0 &&
               strncmp(mine + DAY_AT, record + MONTH_AT, 2) == 0) {
        verdict.findings = bit(FINDING_DAY_MONTH_SWAPPED);
    } else if (a == b) {
        int wrong = 0;
        for (size_t i = 0; i < a; i++)
            wrong += mine[i] != record[i];
        verdict.findings = wrong == 1 ? bit(FINDING_ONE_DIGIT_OFF) : 0;
    }
    return verdict;
}

/* --- numbers --------------------------------------------------------------------------------- */

static struct subscriber_verdict number_compare(const char *typed, const char *record)
{
    static const struct number_rules rules = {.country = "84"};
    struct subscriber_verdict verdict = {.compared = true, .level = LEVEL_DIFFERS};
    struct number number;
    enum number_verdict read = number_parse(typed, strlen(typed), &rules, &number);
    const char *mine = read == NUMBER_OLD_ELEVEN ? number.suggest : number.digits;
    if (read == NUMBER_OLD_ELEVEN)
        verdict.findings = bit(FINDING_ELEVEN_DIGIT_NUMBER);
    if (read != NUMBER_OK && read != NUMBER_OLD_ELEVEN) {
        verdict.findings = bit(FINDING_NOT_A_NUMBER);
        return verdict;
    }
    const char *a = number_tail(mine), *b = number_tail(record);
    if (strlen(b) == TAIL && hidden_fits(a, b))
        verdict.level = strchr(b, '*') ? LEVEL_COMPATIBLE : LEVEL_EXACT;
    return verdict;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* The cause that is known before anybody is asked: the typed number says another year than the
 * typed date; or the record's says another than its own. */
static unsigned year_mismatch(const char *id, const char *date)
{
    char digits[SUBSCRIBER_ID_MAX], day[SUBSCRIBER_VALUE_MAX];
    bool ignored;
    if (subscriber_id_read(id, digits, &ignored) != ID_CCCD || !subscriber_date_read(date, day))
        return 0;
    int year = subscriber_id_birth_year(digits);
    return year > 0 && year != (int)strtol(day, NULL, 10) ? bit(FINDING_BIRTH_YEAR_MISMATCH) : 0;
}

typedef struct subscriber_verdict compare_fn(const char *typed, const char *record);

static void compare_one(const struct subscriber_reply *reply, enum subscriber_field field,
                        const char *typed, compare_fn *compare, struct subscriber_comparison *out)
{
    if (typed && reply->field[field].found)
        out->field[field] = compare(typed, reply->field[field].value);
}

static bool differs(const struct subscriber_verdict *verdict)
{
    return verdict->compared && verdict->level == LEVEL_DIFFERS;
}

/* Old and new number cannot be held against each other: then only a name that nothing explains
 * tells of another person. */
static bool is_other_person(const struct subscriber_verdict *id,
                            const struct subscriber_verdict *name)
{
    if (!differs(name) || !id->compared)
        return false;
    return id->level == LEVEL_DIFFERS ||
           (id->level == LEVEL_OLD_ID && (name->findings & bit(FINDING_DIFFERENT)));
}

static bool has_level(const struct subscriber_comparison *c, enum subscriber_level level)
{
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++)
        if (c->field[f].compared && c->field[f].level == level)
            return true;
    return false;
}

static bool has_any(const struct subscriber_comparison *c)
{
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++)
        if (c->field[f].compared)
            return true;
    return false;
}

static enum subscriber_conclusion conclude(const struct subscriber_reply *reply,
                                           const struct subscriber_comparison *c)
{
    const struct subscriber_verdict *id = &c->field[SUBSCRIBER_ID_NUMBER];
    const struct subscriber_verdict *name = &c->field[SUBSCRIBER_FULL_NAME];
    if (reply->refusal == REFUSAL_NO_RECORD)
        return CONCLUSION_NO_RECORD;
    if (reply->refusal != REFUSAL_NONE)
        return CONCLUSION_REFUSED;
    if (!subscriber_reply_is_record(reply))
        return CONCLUSION_UNREADABLE;
    if (is_other_person(id, name))
        return CONCLUSION_OTHER_PERSON;
    if (id->compared && id->level == LEVEL_OLD_ID)
        return CONCLUSION_CARRIER_HAS_OLD_ID;
    if (differs(id))
        return CONCLUSION_ID_DIFFERS;
    if (differs(name))
        return CONCLUSION_NAME_DIFFERS;
    if (differs(&c->field[SUBSCRIBER_BIRTH_DATE]))
        return CONCLUSION_BIRTH_DATE_DIFFERS;
    if (differs(&c->field[SUBSCRIBER_MSISDN]))
        return CONCLUSION_NUMBER_DIFFERS;
    if (!has_any(c))
        return CONCLUSION_NOT_COMPARED;
    if (has_level(c, LEVEL_COMPATIBLE))
        return CONCLUSION_COMPATIBLE;
    return has_level(c, LEVEL_UNACCENTED) ? CONCLUSION_MATCH_UNACCENTED : CONCLUSION_MATCH;
}

void subscriber_compare(const struct subscriber_reply *reply,
                        const struct subscriber_expect *expect, struct subscriber_comparison *out)
{
    memset(out, 0, sizeof *out);
    compare_one(reply, SUBSCRIBER_FULL_NAME, expect->full_name, subscriber_name_compare, out);
    compare_one(reply, SUBSCRIBER_BIRTH_DATE, expect->birth_date, date_compare, out);
    compare_one(reply, SUBSCRIBER_ID_NUMBER, expect->id_number, subscriber_id_compare, out);
    compare_one(reply, SUBSCRIBER_MSISDN, expect->msisdn, number_compare, out);
    if (expect->id_number && expect->birth_date && out->field[SUBSCRIBER_ID_NUMBER].compared)
        out->field[SUBSCRIBER_ID_NUMBER].findings |=
            year_mismatch(expect->id_number, expect->birth_date);
    out->conclusion = conclude(reply, out);
}
