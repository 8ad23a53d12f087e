/* text: bytes, hex, UTF-8 and what people may see. Pure. */
#ifndef OTPGATE_TEXT_H
#define OTPGATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Next code point of UTF-8 at *pos (advanced); -1 at the end, -2 where it is malformed
 * (overlong, surrogate, over U+10FFFF, cut short). RFC 3629. */
int32_t text_utf8_next(const char *text, size_t len, size_t *pos);
/* Writes one code point, 1 to 4 bytes; returns their number. */
size_t text_utf8_put(char out[4], uint32_t code_point);
bool text_utf8_valid(const char *text, size_t len);

/* Hex, upper case, with a NUL: `out` holds 2 * len + 1. */
void text_hex_encode(const uint8_t *bytes, size_t len, char *out);
/* Any case. Returns the number of bytes, or -EINVAL (odd, no hex, over `room`). */
ssize_t text_hex_decode(const char *hex, size_t len, uint8_t *out, size_t room);

/* Copies and always ends with a NUL; false where it was cut. */
bool text_copy(char *out, size_t room, const char *text);

/* A phone number as the portal shows it: national form, three leading and three trailing
 * digits, "082**088" ("+84" becomes "0"; others keep "+cc"; short ones become "***"). */
void text_mask_number(const char *e164, char out[16]);

/* UTC, "2026-11-22T12:16:18.123Z". */
void text_iso8601(int64_t wall_ms, char out[32]);

/* The nearest of `names` (Damerau-Levenshtein, at most 3 and at most half its length away), or
 * NULL. */
const char *text_nearest(const char *word, const char *const *names, size_t count);

#endif
