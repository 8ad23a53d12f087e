/* ussd: what a USSD string looks like on the wire of a modem, and what the answer says. Pure,
 * counted; no I/O.
 *
 * AT+CUSD (3GPP TS 27.007 clause 7.15) carries a string and a coding scheme (TS 23.038 clause 5).
 * Makers read both differently: some want and give plain text, some octets of packed septets in
 * hex, some UCS-2 in hex, and the scheme that comes with an answer is often not the one it is
 * written in. So the form of a request is tried, and the form of an answer is told by its looks. */
#ifndef OTPGATE_USSD_H
#define OTPGATE_USSD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ussd_form {
    USSD_PLAIN,  /* characters of AT+CSCS="GSM" */
    USSD_PACKED, /* septets, packed (TS 23.038 clause 6.1.2.3), in hex */
    USSD_UCS2,   /* UTF-16BE in hex, with AT+CSCS="UCS2" */
};
enum { USSD_FORMS = USSD_UCS2 + 1 };
const char *ussd_form_name(enum ussd_form form); /* "plain", ... */

enum {
    USSD_CODE_MAX = 40, /* characters of a code, or of an answer to a menu */
    USSD_WIRE_MAX = 4 * USSD_CODE_MAX,
    USSD_RAW_MAX = 1024,                 /* bytes of an answer that are read; the rest is left */
    USSD_TEXT_MAX = 3 * USSD_RAW_MAX + 1 /* bytes of its text, with the NUL */
};

/* The gate: 1 to USSD_CODE_MAX digits, `*`, `#` and `+`, nothing else. */
bool ussd_code_is_clean(const char *code);

/* A clean code as it is written between the quotes. `out` holds USSD_WIRE_MAX + 1. */
void ussd_code_write(const char *code, enum ussd_form form, char *out);

/* The text between the quotes of an answer, as UTF-8 that may be shown (airtext.h). `dcs`: -1 where
 * none came. `spoken`: the form the request had, which is believed where looks do not tell. `out`
 * holds USSD_TEXT_MAX; returns the length. */
size_t ussd_text_read(const char *raw, size_t len, int dcs, enum ussd_form spoken, char *out);

#endif
