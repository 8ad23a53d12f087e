/* sim_pdu_read: SMS-DELIVER and SMS-STATUS-REPORT (3GPP TS 23.040 clauses 9.2.2.1 and 9.2.2.3) as a
 * phone reads them. Pure; any bytes may come in. Written apart from the gateway's own codec on
 * purpose: the two check each other and share nothing. */
#ifndef SIM_PDU_READ_H
#define SIM_PDU_READ_H

#include "sim_pdu.h"

enum { SIM_FROM = 40 }; /* UTF-8 of eleven characters, or 20 digits with their sign */

/* Clause 9.2.3.11. */
struct sim_time {
    bool known; /* the octets are a time */
    int64_t wall_ms;
    int zone_min;
};

struct sim_read {
    char from[SIM_FROM];
    bool named; /* alphanumeric */
    bool more;
    uint8_t pid, dcs;
    struct sim_time sent;
    enum sim_alphabet alphabet; /* 8-bit for compressed text too */
    int class_;                 /* -1: none */
    int ref;                    /* of the concatenation; -1: a message of one part */
    bool wide;                  /* of 16 bits */
    unsigned part, parts;       /* 1 of 1 without concatenation */
    int port_to, port_from;     /* -1: none */
    unsigned single, locking;   /* national language shift; 0: none */
    char text[SIM_TEXT];        /* as it came; "" for 8-bit data */
};
/* NULL: fine. Else what is wrong, in words. */
const char *sim_pdu_read_deliver(const uint8_t *tpdu, size_t len, struct sim_read *out);

struct sim_read_report {
    uint8_t mr, status;
    char to[SIM_FROM];
    struct sim_time sent, done;
};
/* What follows TP-ST is not looked at. */
const char *sim_pdu_read_report(const uint8_t *tpdu, size_t len, struct sim_read_report *out);

#endif
