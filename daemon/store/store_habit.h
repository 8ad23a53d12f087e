/* store_habit: what works with a modem and its firmware, so that it is not learnt anew at each
 * start. A modem (the first 14 digits of its IMEI) and its firmware are known by keyed hash; one
 * firmware is kept of a modem, and a new one starts anew. */
#ifndef OTPGATE_STORE_HABIT_H
#define OTPGATE_STORE_HABIT_H

#include "store.h"
#include "ussd.h"

/* The form of a USSD request that was answered: 1, 0 not known, -errno. */
int store_habit_get(struct store *store, const char *imei, const char *revision,
                    enum ussd_form *form) __attribute__((warn_unused_result));
/* May stand alone. 0/-errno */
int store_habit_set(struct store *store, const char *imei, const char *revision,
                    enum ussd_form form) __attribute__((warn_unused_result));

#endif
