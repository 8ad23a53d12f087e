/* number: the one gate through which a phone number passes before it may reach a modem.
 * Pure. Digits with an optional +, 3 to 15 (E.164); nothing else ever comes out. */
#ifndef OTPGATE_NUMBER_H
#define OTPGATE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

enum number_verdict {
    NUMBER_OK,
    NUMBER_EMPTY,
    NUMBER_BAD_CHARACTER, /* anything but digits, +, space, dot, dash, parentheses */
    NUMBER_BAD_LENGTH,
    NUMBER_OLD_ELEVEN, /* Vietnamese 11-digit mobile number from before 2018; `suggest` is set */
    NUMBER_SHORT_CODE, /* 3 to 6 digits, where not allowed */
    NUMBER_FOREIGN,    /* another country, where not allowed */
    NUMBER_NOT_MOBILE, /* of the country, but no mobile prefix */
};

struct number {
    char digits[17];    /* "+84912345678", or a short code "1414"; ends with NUL */
    char suggest[17];   /* for NUMBER_OLD_ELEVEN: the number it became */
    bool international; /* TON international (a leading +) */
};

struct number_rules {
    const char *country; /* calling code, "84" */
    bool short_codes;    /* "1414" is fine */
    bool foreign;        /* any country */
};

/* Accepts +84, 0084, 84, 0 and separators, "+84 (0)912 ..." too, and a national number that lost
 * its 0: nine digits, so that "845551234" is 0845551234 and no country code. NULs and control
 * characters are NUMBER_BAD_CHARACTER. `len` is counted. Of a country without a table here (other
 * than "84") no prefix and no length is known: what could be a number is one. */
enum number_verdict number_parse(const char *text, size_t len, const struct number_rules *rules,
                                 struct number *out);
const char *number_verdict_name(enum number_verdict verdict); /* "old_eleven", ... */
/* The last nine digits (fewer where it is shorter): what matches a report to its message. */
const char *number_tail(const char *digits);
/* True for what number_parse() may have made: the gate at the modem's door. */
bool number_is_clean(const char *digits);

#endif
