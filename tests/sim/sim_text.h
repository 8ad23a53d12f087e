/* sim_text: the alphabets of the air (3GPP TS 23.038) as the simulated network and its handsets
 * read and write them. Pure. Written apart from the gateway's own codec on purpose: the two check
 * each other, so neither may ever use the other's tables. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hex of any case to octets; returns their number, or -1 (odd, no hex digit, more than `room`). */
int sim_hex_decode(const char *hex, size_t len, uint8_t *out, size_t room);
void sim_hex_encode(const uint8_t *octets, size_t len, char *out); /* 2 * len + 1, with a NUL */

/* Septets from packed octets, clause 6.1.2.1, after `skip` septets (a header and its fill bits).
 * `out` holds `count`; the caller has checked that the octets hold skip + count septets. */
void sim_septets_unpack(const uint8_t *octets, size_t skip, size_t count, uint8_t *out);
/* The other way; the octets were zeroed by the caller. */
void sim_septets_pack(const uint8_t *septets, size_t count, size_t skip, uint8_t *octets);

/* To UTF-8 with a NUL; return the length written. *bad is set where the text holds what no sender
 * should send (an escape at the end, half a surrogate pair, U+0000), shown as U+FFFD. */
size_t sim_text_from_gsm7(const uint8_t *septets, size_t count, char *out, size_t room, bool *bad);
size_t sim_text_from_ucs2(const uint8_t *octets, size_t len, char *out, size_t room, bool *bad);

/* From UTF-8: septets, or octets of UTF-16BE. Return their number, or -1 where the text does not
 * fit or has a character that the alphabet lacks. */
int sim_text_to_gsm7(const char *utf8, uint8_t *septets, size_t room);
int sim_text_to_ucs2(const char *utf8, uint8_t *octets, size_t room);

#endif
