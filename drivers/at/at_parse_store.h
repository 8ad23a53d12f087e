/* at_parse_store: what reply lines say of stored messages and of how new ones come. Pure, like
 * at_parse: one line in, any bytes, and whether it is what it should be. 3GPP TS 27.005.
 *
 * Nothing a modem announces about lengths is believed: see at_parse_tpdu(). */
#ifndef OTPGATE_AT_PARSE_STORE_H
#define OTPGATE_AT_PARSE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pdu.h"

/* Clause 3.1 <mem1>. */
enum at_memory {
    AT_MEMORY_ME,
    AT_MEMORY_SM,
    AT_MEMORY_SR, /* status reports */
    AT_MEMORY_MT, /* ME and SM in one */
    AT_MEMORY_BM, /* cell broadcast */
    AT_MEMORY_TA,
    AT_MEMORY_SELECTED, /* not told: the one that is selected */
};
enum { AT_MEMORIES = AT_MEMORY_SELECTED };
const char *at_memory_name(enum at_memory memory); /* "ME" */

struct at_place {
    enum at_memory memory;
    uint16_t index;
};
/* Behind `prefix`, "+CMTI:" or "+CDSI:". A memory nobody knows is AT_MEMORY_SELECTED. */
bool at_parse_place(const char *line, const char *prefix, struct at_place *out);

/* The line before a stored TPDU. */
struct at_stored {
    int index;       /* of +CMGL; -1 of +CMGR */
    int stat;        /* 0, 1: received; 2, 3: written here */
    int len;         /* of the TPDU, as the modem says; -1: it does not */
    bool text;       /* in text mode: the modem has lost its settings */
    const char *hex; /* inside the line where the TPDU follows in the same one; else NULL */
    size_t hex_len;
};
bool at_parse_cmgr(const char *line, struct at_stored *out);
bool at_parse_cmgl(const char *line, struct at_stored *out);
/* The length behind "+CMT:" or "+CDS:", always its last field; -1: none. */
int at_parse_announced(const char *line, const char *prefix);

/* A line of hex with the service centre's address before the TPDU. `announced`: the length the
 * modem gave, -1 none; it may be 0, or count the address too, and the address' own length may be
 * wrong (ZTE). Any other disagreement means that octets were lost on the wire, unless the modem
 * says the same again and again: then `lenient` takes what makes a TPDU by itself. */
bool at_parse_tpdu(const char *hex, size_t len, int announced, bool lenient, struct pdu_tpdu *out);

/* <mem1> of AT+CPMS? and AT+CPMS=; used and total are -1 where they are not told. */
struct at_room {
    enum at_memory memory; /* AT_MEMORY_SELECTED: not told */
    int used, total;
};
bool at_parse_cpms(const char *line, struct at_room *out);
/* What AT+CPMS=? offers for <mem1>, <mem2>, <mem3>: bit 1 << enum at_memory. */
bool at_parse_cpms_offer(const char *line, unsigned offer[3]);
/* What AT+CNMI=? offers for each field: bit n for the value n, 0 where nothing is told. */
bool at_parse_cnmi_offer(const char *line, unsigned offer[5]);

#endif
