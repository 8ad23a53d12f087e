/* subscriber_value: what a value of a record may look like: dates, document numbers, phone numbers,
 * names, and free text. Pure; works on folded text (subscriber_fold.h).
 *
 * Strict on purpose: a value that does not look its part is no value, so that nothing ever stands
 * under a wrong field. */
#ifndef OTPGATE_SUBSCRIBER_VALUE_H
#define OTPGATE_SUBSCRIBER_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include "subscriber_rules.h"

enum { SUBSCRIBER_VALUE_MAX = 256 };

/* Each reads at the start of `text` (`len` bytes, folded) and returns how many bytes belong to the
 * value, 0: it is none. `out` is the value in its normal form. */

/* "1982-09-16" of d/m/yyyy, d-m-yyyy, d.m.yyyy, yyyy-mm-dd (a time of day behind it is taken in);
 * "1982" of a year alone; "1982-**-**" where digits are masked with * or x. A calendar's date,
 * 1900 to 2099. */
size_t subscriber_value_date(const char *text, size_t len, char out[SUBSCRIBER_VALUE_MAX]);
/* 9 or 12 digits, or a letter and 7; some may be masked and are written *. A single space or dot
 * may stand between groups. */
size_t subscriber_value_id(const char *text, size_t len, char out[SUBSCRIBER_VALUE_MAX]);
/* A mobile number as +84...; one with masked digits as it stands, * for each. */
size_t subscriber_value_number(const char *text, size_t len, char out[SUBSCRIBER_VALUE_MAX]);

/* These judge all of `text`, trimmed by the caller. */
bool subscriber_value_is_name(const char *text, size_t len); /* letters, ' - . and * for masked */
/* Nothing that belongs to another field: no separator, no date, no run of eight digits. */
bool subscriber_value_is_free(const char *text, size_t len);

#endif
