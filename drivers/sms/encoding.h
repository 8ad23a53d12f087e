/* encoding: from UTF-8 to what travels: GSM 7-bit default alphabet with its extension table
 * (3GPP TS 23.038 clause 6.2.1) or UCS-2 (UTF-16BE, clause 6.2.3), cut into parts (TS 23.040
 * clause 9.2.3.24.1, 8-bit reference). Pure; counted buffers, since `@` is septet 0. */
#ifndef OTPGATE_ENCODING_H
#define OTPGATE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sms_encoding { SMS_AUTO, SMS_GSM7, SMS_UCS2 };

enum {
    SMS_PARTS_MAX = 10,
    SMS_GSM7_ONE = 160,
    SMS_GSM7_PART = 153, /* septets */
    SMS_UCS2_ONE = 70,
    SMS_UCS2_PART = 67, /* 16-bit units */
};

/* A text ready to travel: units are septets (one a byte) or 16-bit units; an escape pair and a
 * surrogate pair are never parted. */
struct sms_text {
    enum sms_encoding encoding; /* GSM7 or UCS2, never AUTO */
    unsigned parts;
    unsigned units;                    /* of all parts */
    uint16_t start[SMS_PARTS_MAX + 1]; /* part p is unit[start[p]] up to unit[start[p + 1]] */
    uint16_t unit[SMS_PARTS_MAX * SMS_GSM7_PART + SMS_GSM7_ONE];
};

/* 0; -EINVAL: empty; -EILSEQ: not UTF-8, or holds a NUL; -ENOTSUP: SMS_GSM7 wanted and a character
 * is not in it (*bad: its code point, if bad is given); -E2BIG: over SMS_PARTS_MAX parts. */
int sms_text_encode(const char *utf8, size_t len, enum sms_encoding want, struct sms_text *out,
                    uint32_t *bad) __attribute__((warn_unused_result));

/* Vietnamese (and Latin) without its marks: đ Đ ð Ð to d D, marks dropped after decomposition,
 * precomposed and decomposed forms alike; typographic quotes, dashes, ellipsis, no-break and
 * zero-width spaces and the dong's sign to ASCII. All or nothing: à è é ì ò ù go too, though GSM-7
 * holds them. What is left that GSM-7 lacks stays as it is, and so do marks of other scripts.
 * Returns the length written (never more than len), or -EILSEQ. `out` holds `len` bytes. */
ssize_t sms_text_fold(const char *utf8, size_t len, char *out) __attribute__((warn_unused_result));

#endif
