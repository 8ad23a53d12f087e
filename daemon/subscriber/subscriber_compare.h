/* subscriber_compare: what a citizen typed beside what the carrier holds, field by field, and the
 * one conclusion that staff act on. Pure. */
#ifndef OTPGATE_SUBSCRIBER_COMPARE_H
#define OTPGATE_SUBSCRIBER_COMPARE_H

#include "subscriber_parse.h"
#include "subscriber_verdict.h"

/* As typed into the form; NULL: not given. */
struct subscriber_expect {
    const char *full_name;
    const char *birth_date; /* YYYY-MM-DD or d/m/yyyy */
    const char *id_number;
    const char *msisdn;
};

/* The first that applies counts. */
enum subscriber_conclusion {
    CONCLUSION_REFUSED, /* the reply's refusal says why */
    CONCLUSION_NO_RECORD,
    CONCLUSION_UNREADABLE,
    CONCLUSION_OTHER_PERSON, /* document and name differ */
    CONCLUSION_CARRIER_HAS_OLD_ID,
    CONCLUSION_ID_DIFFERS,
    CONCLUSION_NAME_DIFFERS,
    CONCLUSION_BIRTH_DATE_DIFFERS,
    CONCLUSION_NUMBER_DIFFERS, /* the reply is about another SIM */
    CONCLUSION_NOT_COMPARED,   /* a record, and nothing that stands on both sides */
    CONCLUSION_COMPATIBLE,
    CONCLUSION_MATCH_UNACCENTED,
    CONCLUSION_MATCH,
};
enum { SUBSCRIBER_CONCLUSIONS = CONCLUSION_MATCH + 1 };

/* By enum subscriber_field; only the four of struct subscriber_expect can be compared. */
struct subscriber_comparison {
    struct subscriber_verdict field[SUBSCRIBER_FIELDS];
    enum subscriber_conclusion conclusion;
};

void subscriber_compare(const struct subscriber_reply *reply,
                        const struct subscriber_expect *expect, struct subscriber_comparison *out);

/* The normal form of a date as typed, "1982-09-16"; false: it is none. */
bool subscriber_date_read(const char *typed, char out[SUBSCRIBER_VALUE_MAX]);

const char *subscriber_conclusion_name(enum subscriber_conclusion conclusion); /* "refused" */

#endif
