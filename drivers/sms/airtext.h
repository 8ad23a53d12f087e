/* airtext: what came over the air as UTF-8 that may be shown to people. Pure, counted.
 *
 * Text from the air is untrusted: control characters, marks that turn the writing direction and
 * characters that nobody sees are left out, so that what is shown is what is there. A line end of
 * any kind becomes \n, a tab a space; what cannot be read (half a surrogate pair) U+FFFD. */
#ifndef OTPGATE_AIRTEXT_H
#define OTPGATE_AIRTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AIRTEXT_MAX = 3 * 160 + 1 }; /* octets of the longest text of one TPDU, with its NUL */

/* Septets of the default alphabet with its extension table (TS 23.038 clause 6.2.1). `lines`: false
 * for names, where a line end becomes a space. `out` holds 3 * count + 1; returns its length. */
size_t airtext_from_gsm7(const uint8_t *septets, size_t count, bool lines, char *out);
/* UTF-16BE, `len` octets; an odd one at the end is left out. `out` holds 3 * (len / 2) + 1. */
size_t airtext_from_ucs2(const uint8_t *octets, size_t len, char *out);

#endif
