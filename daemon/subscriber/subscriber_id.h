/* subscriber_id: what a document's number says of itself: CMND (9 digits, no structure), CCCD and
 * personal number (12 digits: place of registration, century and sex, year of birth, six more; no
 * check digit), passport (a letter and 7 digits). And numbers as people may see them. Pure. */
#ifndef OTPGATE_SUBSCRIBER_ID_H
#define OTPGATE_SUBSCRIBER_ID_H

#include "subscriber_verdict.h"

enum { SUBSCRIBER_ID_MAX = 32 };

/* As typed, without spaces, dots and dashes, in capitals; a masked digit is *. `out` is "" where it
 * is no number of a document. Eleven digits are one that lost its leading 0 (*zero_lost), it is
 * given back. */
enum subscriber_id_kind subscriber_id_read(const char *typed, char out[SUBSCRIBER_ID_MAX],
                                           bool *zero_lost);
/* Year of birth by a CCCD's own digits, 0 where it does not tell. */
int subscriber_id_birth_year(const char *digits);

struct subscriber_verdict subscriber_id_compare(const char *typed, const char *record);

/* "0520********", "NGUYEN V** A", "1990-**-**", and for what no rule knows "X* y****: 9***": the
 * shape and no more. `out` ends with a NUL; what does not fit is left out. */
void subscriber_mask_digits(const char *digits, char *out, size_t room);
void subscriber_mask_name(const char *name, char *out, size_t room);
void subscriber_mask_date(const char *date, size_t len, char *out, size_t room);
void subscriber_mask_text(const char *text, size_t len, char *out, size_t room);

#endif
