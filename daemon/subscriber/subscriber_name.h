/* subscriber_name: is this name that name? Vietnamese names as people type them and as carriers
 * store them: with and without accents, tones here or there, half typed, from old encodings. Pure.
 */
#ifndef OTPGATE_SUBSCRIBER_NAME_H
#define OTPGATE_SUBSCRIBER_NAME_H

#include "subscriber_verdict.h"

enum { SUBSCRIBER_NAME_MAX = 200 }; /* bytes; longer ones are different */

/* Case, spaces, punctuation and apostrophes (H'Hen) do not count. */
struct subscriber_verdict subscriber_name_compare(const char *typed, const char *record);

/* What is wrong with a name as it is typed, with nothing to compare: typing residue, look-alike
 * letters, legacy encoding, hidden characters, no name at all. */
unsigned subscriber_name_faults(const char *typed);

#endif
