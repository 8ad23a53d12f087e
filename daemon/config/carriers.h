/* carriers: whose SIM is this, and who serves that number? What is known of each carrier is data,
 * in /etc/otpgate/carriers.ini, which an operator edits and SIGHUP re-reads; never code.
 *
 * The carrier of a SIM is read from its IMSI (3GPP TS 23.003 clause 2.2), never from AT+COPS, which
 * shows the host of a virtual carrier. Numbers are portable: the carrier of a number by its prefix
 * is a hint, not the truth. Owned by the configuration (struct config); constant once read. */
#ifndef OTPGATE_CARRIERS_H
#define OTPGATE_CARRIERS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CARRIER_CODES = 8,   /* MCC-MNC pairs of one carrier */
    CARRIER_RANGES = 32, /* of prefixes */
    CARRIER_WAYS = 4,    /* to ask 1414 */
    CARRIER_USSD = 4,    /* codes for one question */
    CARRIER_ANSWERS = 4, /* to the menus of one code */
    CARRIER_SENDERS = 4, /* who answer in the name of 1414 */
};

/* National prefixes from `first` to `last`, both of the same length, with their 0: "032" to "039".
 */
struct carrier_range {
    char first[8], last[8];
};
/* How 1414 is asked who owns a SIM: a short message to 1414, or a USSD code and what is answered to
 * its menus, one after the other ("ussd:*1414#>1>2"). */
struct carrier_way {
    bool ussd;
    char text[24]; /* "TTTB", or "*1414#" */
    size_t answers;
    char answer[CARRIER_ANSWERS][8];
};
struct carrier {
    char name[64];  /* of its section, stable: "viettel" */
    char title[64]; /* for people: "Viettel" */
    char host[64];  /* the carrier whose network a virtual one uses, by name; "": its own */
    size_t code_count, range_count, way_count, own_number_count, balance_count, sender_count;
    char code[CARRIER_CODES][7]; /* "45204" */
    struct carrier_range range[CARRIER_RANGES];
    struct carrier_way way[CARRIER_WAYS]; /* first is tried first; none: not known */
    char sender[CARRIER_SENDERS][24];     /* whose messages are answers of 1414, besides 1414 */
    char care[20];                        /* line to call, digits as dialled; "": not known */
    char own_number[CARRIER_USSD][24];    /* USSD codes that tell a SIM its number */
    char balance[CARRIER_USSD][24];       /* and its credit */
};
struct carriers {
    char country[4]; /* calling code that the prefixes belong to, "84" */
    struct carrier *carrier;
    size_t count;
};

/* All may be asked with NULL carriers, and answer NULL where nothing is known. */

/* `imsi`: 14 or 15 digits, "" while unknown. A virtual carrier that uses its host's codes shows as
 * its host. */
const struct carrier *carriers_of_imsi(const struct carriers *carriers, const char *imsi);
/* `number`: as number_parse() made it ("+84986123456"). The longest prefix counts. A hint. */
const struct carrier *carriers_of_number(const struct carriers *carriers, const char *number);
const struct carrier *carriers_find(const struct carriers *carriers, const char *name);
/* Whose network carries it: its host, or itself. */
const struct carrier *carriers_network(const struct carriers *carriers,
                                       const struct carrier *carrier);
/* Both known, and on the same network. */
bool carriers_same_network(const struct carriers *carriers, const struct carrier *a,
                           const struct carrier *b);

#endif
