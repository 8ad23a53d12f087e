/* subscriber_advice: what staff may tell the citizen, in Vietnamese and in English: compare; where
 * the record is wrong, the carrier's shop; where no reply comes, the carrier's care line. Pure,
 * const tables. */
#ifndef OTPGATE_SUBSCRIBER_ADVICE_H
#define OTPGATE_SUBSCRIBER_ADVICE_H

#include "subscriber_compare.h"

enum { SUBSCRIBER_SAY_MAX = 640 };

struct subscriber_say {
    char vi[SUBSCRIBER_SAY_MAX], en[SUBSCRIBER_SAY_MAX];
};

/* `carrier`: for people, and `care`: its line; "" where not known. */
void subscriber_advise(enum subscriber_conclusion conclusion, enum subscriber_refusal refusal,
                       const char *carrier, const char *care, struct subscriber_say *out);
/* Of one finding; false: there is nothing to say of it. Static text. */
bool subscriber_advise_finding(enum subscriber_finding finding, const char **vi, const char **en);

#endif
