/* subscriber_preflight: what must fail, told before a message is paid for: by what was typed alone.
 * Pure; `today` comes from the caller. */
#ifndef OTPGATE_SUBSCRIBER_PREFLIGHT_H
#define OTPGATE_SUBSCRIBER_PREFLIGHT_H

#include "subscriber_compare.h"

struct subscriber_preflight {
    unsigned findings[SUBSCRIBER_FIELDS]; /* bits 1 << enum subscriber_finding; 0: nothing wrong */
    char suggest_msisdn[17];              /* the number that is meant; "" */
    char suggest_id[16];                  /* with its leading 0; "" */
};

/* `today`: "2026-11-25". What is not given (NULL) is not looked at. True: nothing was found. */
bool subscriber_preflight(const struct subscriber_expect *typed, const char *today,
                          struct subscriber_preflight *out);

#endif
