/* subscriber_parse: the text of a carrier's reply becomes fields, by the rules of subscriber.ini.
 * Pure: any bytes in, callable without a daemon.
 *
 * It would rather say "unparsed" than put a value under a wrong field: a label has to be known, a
 * value has to look its part, a free text must hold nothing that another field could have lost. A
 * field that is given twice with two values is not known. */
#ifndef OTPGATE_SUBSCRIBER_PARSE_H
#define OTPGATE_SUBSCRIBER_PARSE_H

#include "subscriber_fold.h"
#include "subscriber_rules.h"
#include "subscriber_value.h"

enum { SUBSCRIBER_UNPARSED_MAX = 32, SUBSCRIBER_RULE_MAX = SUBSCRIBER_WORDS_MAX };

/* Bytes of the text, [from, to). */
struct subscriber_span {
    size_t from, to;
};

struct subscriber_value {
    bool found;
    struct subscriber_span span;      /* of the value as it stands in the text */
    char value[SUBSCRIBER_VALUE_MAX]; /* in its normal form, see subscriber_value.h */
    char rule[SUBSCRIBER_RULE_MAX];   /* the label that told so */
};

struct subscriber_reply {
    enum subscriber_refusal refusal; /* and then no field counts */
    struct subscriber_value field[SUBSCRIBER_FIELDS];
    /* What no rule knows, in the order of the text; what does not fit is in the last one. */
    struct subscriber_span unparsed[SUBSCRIBER_UNPARSED_MAX];
    size_t unparsed_count;
};

/* `carrier`: its name, or "" where it is not known: then only what holds for all of them applies.
 * 0, -EILSEQ (not UTF-8), -EMSGSIZE (over SUBSCRIBER_TEXT_MAX), -ENOMEM. */
int subscriber_parse(const struct subscriber_rules *rules, const char *carrier, const char *text,
                     size_t len, struct subscriber_reply *out) __attribute__((warn_unused_result));
/* Something of a record is there. */
bool subscriber_reply_is_record(const struct subscriber_reply *reply);
void subscriber_reply_clear(struct subscriber_reply *reply); /* wipes */

#endif
