#include "subscriber_preflight.h"

#include <stdlib.h>
#include <string.h>
#include "number.h"
#include "subscriber_id.h"
#include "subscriber_name.h"
#include "text.h"

static unsigned bit(enum subscriber_finding finding)
{
    return 1u << finding;
}

static unsigned check_date(const char *typed, const char *today, char date[SUBSCRIBER_VALUE_MAX])
{
    if (!subscriber_date_read(typed, date) || strchr(date, '*')) {
        date[0] = '\0';
        return bit(FINDING_NOT_A_DATE);
    }
    return strcmp(date, today) > 0 ? bit(FINDING_IN_THE_FUTURE) : 0;
}

static unsigned check_id(const char *typed, const char *date, struct subscriber_preflight *out)
{
    char digits[SUBSCRIBER_ID_MAX];
    bool zero_lost;
    enum subscriber_id_kind kind = subscriber_id_read(typed, digits, &zero_lost);
    unsigned found = zero_lost ? bit(FINDING_LEADING_ZERO_LOST) : 0;
    if (kind == ID_NONE || strchr(digits, '*'))
        return bit(FINDING_NOT_AN_ID);
    if (zero_lost)
        text_copy(out->suggest_id, sizeof out->suggest_id, digits);
    if (kind == ID_CMND)
        found |= bit(FINDING_NINE_DIGIT_ID);
    int year = subscriber_id_birth_year(digits);
    if (year > 0 && *date && year != (int)strtol(date, NULL, 10))
        found |= bit(FINDING_BIRTH_YEAR_MISMATCH);
    return found;
}

static unsigned check_number(const char *typed, struct subscriber_preflight *out)
{
    static const struct number_rules rules = {.country = "84"};
    struct number number;
    switch (number_parse(typed, strlen(typed), &rules, &number)) {
    case NUMBER_OK:
        return 0;
    case NUMBER_OLD_ELEVEN:
        text_copy(out->suggest_msisdn, sizeof out->suggest_msisdn, number.suggest);
        return bit(FINDING_ELEVEN_DIGIT_NUMBER);
    case NUMBER_EMPTY:
    case NUMBER_BAD_CHARACTER:
    case NUMBER_BAD_LENGTH:
    case NUMBER_SHORT_CODE:
    case NUMBER_FOREIGN:
    case NUMBER_NOT_MOBILE:
        break;
    }
    return bit(FINDING_NOT_A_NUMBER);
}

bool subscriber_preflight(const struct subscriber_expect *typed, const char *today,
                          struct subscriber_preflight *out)
{
    char date[SUBSCRIBER_VALUE_MAX] = "";
    unsigned any = 0;
    memset(out, 0, sizeof *out);
    if (typed->full_name)
        out->findings[SUBSCRIBER_FULL_NAME] = subscriber_name_faults(typed->full_name);
    if (typed->birth_date)
        out->findings[SUBSCRIBER_BIRTH_DATE] = check_date(typed->birth_date, today, date);
    if (typed->id_number)
        out->findings[SUBSCRIBER_ID_NUMBER] = check_id(typed->id_number, date, out);
    if (typed->msisdn)
        out->findings[SUBSCRIBER_MSISDN] = check_number(typed->msisdn, out);
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++)
        any |= out->findings[f];
    return any == 0;
}
