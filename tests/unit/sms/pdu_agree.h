/* pdu_agree: our decoder and the simulated network's on the same octets. They share no line of
 * code; what one of them misreads the other does not. */
#ifndef OTPGATE_PDU_AGREE_H
#define OTPGATE_PDU_AGREE_H

#include <stddef.h>
#include <stdint.h>

/* NULL: both refuse these octets, or both take them and read the same; else in what they differ
 * (static text). */
const char *pdu_agree_deliver(const uint8_t *tpdu, size_t len);
const char *pdu_agree_report(const uint8_t *tpdu, size_t len);

#endif
