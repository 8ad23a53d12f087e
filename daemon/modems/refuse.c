#include "refuse.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "text.h"

int refuse(struct refusal *refusal, const char *name, const char *format, ...)
{
    va_list args;

    refusal->name = name;
    va_start(args, format);
    vsnprintf(refusal->sentence, sizeof refusal->sentence, format, args);
    va_end(args);
    return -1;
}

int refuse_number(const char *to, const struct number_rules *rules, struct number *number,
                  struct refusal *refusal)
{
    switch (number_parse(to, strlen(to), rules, number)) {
    case NUMBER_OK:
        return 0;
    case NUMBER_EMPTY:
        return refuse(refusal, "bad_number", "The number is empty.");
    case NUMBER_BAD_CHARACTER:
        return refuse(refusal, "bad_number",
                      "The number holds a character that no phone number has.");
    case NUMBER_BAD_LENGTH:
        return refuse(refusal, "bad_number", "The number is too short or too long.");
    case NUMBER_OLD_ELEVEN:
        text_copy(refusal->suggest, sizeof refusal->suggest, number->suggest);
        return refuse(refusal, "bad_number",
                      "An 11-digit mobile number from before 2018; today it is %s.",
                      number->suggest);
    case NUMBER_SHORT_CODE:
        return refuse(refusal, "bad_number", "Short codes are not allowed by the configuration.");
    case NUMBER_FOREIGN:
        return refuse(refusal, "bad_number",
                      "Foreign numbers are not allowed by the configuration.");
    case NUMBER_NOT_MOBILE:
        return refuse(refusal, "bad_number", "Not a mobile number of country +%s.", rules->country);
    }
    assert(!"a verdict of number_parse() without an answer");
    return -1;
}
