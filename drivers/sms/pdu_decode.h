/* pdu_decode: TPDUs that come back: SMS-DELIVER (3GPP TS 23.040 clause 9.2.2.1) and
 * SMS-STATUS-REPORT (clause 9.2.2.3). Pure, bounds-checked, fuzzed: the air is not to be trusted.
 *
 * Strict with what would lie (lengths, headers), lenient with what does not matter (octets behind
 * the end, a clock that is no time, reserved codings). Nothing of a refused TPDU is to be used. */
#ifndef OTPGATE_PDU_DECODE_H
#define OTPGATE_PDU_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "airtext.h"
#include "pdu.h"

enum pdu_refusal {
    PDU_OK,
    PDU_CUT_SHORT,   /* ends before its fields do */
    PDU_WRONG_KIND,  /* another message type than asked for */
    PDU_BAD_ADDRESS, /* over 20 semi-octets */
    PDU_BAD_LENGTH,  /* TP-UDL over what a TPDU can hold */
    PDU_BAD_HEADER,  /* TP-UDHL or an element's length points out of the user data or the header */
};
const char *pdu_refusal_name(enum pdu_refusal refusal); /* "cut_short", ... */

/* Clause 9.1.2.5. `text`: digits (with a + where the type is international; * # a b c may occur:
 * number_is_clean() tells), or a name in UTF-8 for people. */
struct pdu_address {
    uint8_t type; /* the octet */
    bool name;    /* alphanumeric */
    char text[3 * 11 + 1];
};

/* Clause 9.2.3.11. */
struct pdu_time {
    bool known;      /* false where the octets are no time: seen in reports from ZTE sticks */
    int64_t wall_ms; /* UTC */
    int zone_min;    /* of the sender's clock, east is positive */
};

/* The user data header's elements that matter, clause 9.2.3.24. */
struct pdu_header {
    bool concat;         /* reference, total, sequence (1 to total) are set */
    bool wide_reference; /* 16 bits */
    uint16_t reference;
    uint8_t total, sequence;
    bool ports;
    uint16_t port_to, port_from;
    uint8_t single_shift, locking_shift; /* national language, 0: none. Recognised, not decoded. */
};

enum pdu_alphabet { PDU_GSM7, PDU_UCS2, PDU_DATA /* 8-bit, or compressed: no text */ };

struct pdu_deliver {
    struct pdu_address from;
    struct pdu_time sent; /* the service centre's clock */
    uint8_t pid, dcs;
    bool more;  /* more messages wait at the centre */
    int class_; /* 0 to 3, -1: none */
    enum pdu_alphabet alphabet;
    struct pdu_header header;
    uint8_t data_len; /* user data behind the header, octets as they came; GSM-7 still packed */
    uint8_t data[140];
    size_t text_len;
    char text[AIRTEXT_MAX]; /* for people, with a NUL; "" for PDU_DATA */
};

struct pdu_report {
    uint8_t reference;     /* TP-MR of the submit */
    struct pdu_address to; /* the recipient it went to: number_tail() */
    struct pdu_time sent, settled;
    uint8_t status; /* TP-ST: sms_status_find() */
};

enum pdu_refusal pdu_decode_deliver(const uint8_t *tpdu, size_t len, struct pdu_deliver *out);
/* Whatever stands behind TP-ST (parameter indicators, padding) is not looked at. */
enum pdu_refusal pdu_decode_report(const uint8_t *tpdu, size_t len, struct pdu_report *out);

/* A line as a modem gives it after +CMT, +CDS, +CMGR: service centre address and TPDU in hex.
 * `tpdu_len`: the length it announced, or -1. Where the two disagree the announced length wins
 * (some ZTE sticks give a wrong length of the centre's address). 0; -EINVAL: no hex, too long, or
 * shorter than announced. */
int pdu_decode_line(const char *hex, size_t len, int tpdu_len, struct pdu_tpdu *out)
    __attribute__((warn_unused_result));

#endif
