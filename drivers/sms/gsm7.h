/* gsm7: the GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 clause 6.2.1), and
 * how its septets are packed into octets (clause 6.1.2.1). Pure. */
#ifndef OTPGATE_GSM7_H
#define OTPGATE_GSM7_H

#include <stddef.h>
#include <stdint.h>

enum { GSM7_ESCAPE = 0x1B };

/* The septet of a character; GSM7_ESCAPE << 8 | septet where it lies in the extension table;
 * -1 where the alphabet lacks it. */
int gsm7_from_char(uint32_t code_point);
/* The character of a septet (0 to 127); U+00A0 for the escape itself, as clause 6.2.1 asks of who
 * does not know an escape's meaning. */
uint32_t gsm7_to_char(uint8_t septet);
/* The character of the septet behind an escape. One that the extension table does not hold shows
 * as the character of the main table (note to the table). */
uint32_t gsm7_to_char_extended(uint8_t septet);

/* Septets into octets, the first one at bit `fill` (0 to 6). `out` holds (fill + 7 * count + 7) /
 * 8; returns that number. */
size_t gsm7_pack(const uint16_t *septets, size_t count, unsigned fill, uint8_t *out);
/* `count` septets that begin at bit `fill` of `octets`, which hold them (the caller has checked).
 */
void gsm7_unpack(const uint8_t *octets, unsigned fill, size_t count, uint8_t *septets);

#endif
