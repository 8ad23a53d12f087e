/* subscriber_balance: what a SIM has left, and until when, out of the text that its carrier answers
 * a USSD code with; by the rules of subscriber.ini, [balance]. Pure: any bytes in.
 *
 * A wrong amount is worse than none: whoever reads it stops looking. So the account has to be one
 * that is known to pay, at the beginning of a sentence, with its amount right behind; two amounts
 * that differ are none. */
#ifndef OTPGATE_SUBSCRIBER_BALANCE_H
#define OTPGATE_SUBSCRIBER_BALANCE_H

#include <stdint.h>
#include "subscriber_rules.h"

enum balance_reading {
    BALANCE_UNPARSED, /* no rule fits */
    BALANCE_READ,
    BALANCE_BILLED,  /* a postpaid SIM: there is none */
    BALANCE_REFUSED, /* the carrier gives nothing now, by [refused] */
};
enum { BALANCE_VND_MAX = 999999999 };

struct subscriber_balance {
    enum balance_reading reading;
    int64_t vnd;                     /* whole dong, 0 to BALANCE_VND_MAX; READ only */
    char expires[11];                /* "2026-12-31", the last day; "": not told */
    char rule[SUBSCRIBER_WORDS_MAX]; /* the words that told so; "" for UNPARSED */
};

/* `carrier`: its name, "" where it is not known. What is no UTF-8, or too long, is UNPARSED too.
 * 0/-ENOMEM */
int subscriber_balance_parse(const struct subscriber_rules *rules, const char *carrier,
                             const char *text, size_t len, struct subscriber_balance *out)
    __attribute__((warn_unused_result));
const char *subscriber_balance_name(enum balance_reading reading); /* "unparsed" */

#endif
