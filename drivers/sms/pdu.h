/* pdu: TPDUs (3GPP TS 23.040 clause 9.2), our own codec: pure, bounds-checked, fuzzed. */
#ifndef OTPGATE_PDU_H
#define OTPGATE_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "encoding.h"

enum { PDU_TPDU_MAX = 176 }; /* octets: header at its longest and 140 octets of user data */

/* One part of an SMS-SUBMIT, clause 9.2.2.2. */
struct pdu_submit {
    const char *to;              /* clean number (number_is_clean), + for international */
    const struct sms_text *text; /* encoded */
    unsigned part;               /* 0-based, below text->parts */
    uint8_t reference;           /* of the concatenation, all parts alike */
    int64_t validity_ms;         /* what is left of the lifetime; over 0 */
    bool report;                 /* TP-SRR */
    bool flash;                  /* message class 0 */
    uint8_t replace_type;        /* 1 to 7: TP-PID 0x41 to 0x47; 0: none */
    bool no_validity;            /* TP-VPF 0 (for a centre that refuses TP-VP: causes 198, 199) */
};
struct pdu_tpdu {
    uint8_t len;
    uint8_t octet[PDU_TPDU_MAX];
};

/* TP-VP, relative format (clause 9.2.3.12.1): the smallest step not below `ms` (5-minute steps to
 * 12 h, 30-minute steps to 24 h, then days, weeks; 255 at the most). */
uint8_t pdu_validity(int64_t ms);
/* What a TP-VP stands for, in milliseconds. */
int64_t pdu_validity_ms(uint8_t vp);

/* 0, or -EINVAL (a field out of range: a fault of the caller's). TP-MR is 0: the modem sets it. */
int pdu_submit_encode(const struct pdu_submit *submit, struct pdu_tpdu *out)
    __attribute__((warn_unused_result));

/* The line that follows the prompt: "00" (the modem's own service centre) and the TPDU in hex, with
 * a NUL, no line end: `out` holds 2 * PDU_TPDU_MAX + 3. The CMGS length is tpdu->len. */
void pdu_submit_line(const struct pdu_tpdu *tpdu, char *out);

#endif
