/* at_parse: what reply lines mean. Pure: each function takes one line (ended by a NUL, without
 * its line end) and answers whether it is what it should be. Lines come from outside: any bytes.
 *
 * Modems differ in spaces after the colon, in quotes (missing, or only one of the pair) and in
 * the number of fields; what is known to vary is accepted here, once, and by shape, never by
 * maker. 3GPP TS 27.007 (+C...), TS 27.005 (+CM..., +CSCA, +CNMI). */
#ifndef OTPGATE_AT_PARSE_H
#define OTPGATE_AT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- final results --- */
enum at_final_kind {
    AT_FINAL_OK,
    AT_FINAL_ERROR, /* without a cause: ERROR, COMMAND NOT SUPPORT, MODEM ERROR: n */
    AT_FINAL_CMS,   /* TS 27.005 clause 3.2.5 */
    AT_FINAL_CME,   /* TS 27.007 clause 9.2 */
    AT_FINAL_CALL,  /* NO CARRIER and its like: the end of a call */
};
struct at_final {
    enum at_final_kind kind;
    int code; /* of CMS and CME; a text nobody knows is 500 and 100, "unknown" */
};
bool at_parse_final(const char *line, struct at_final *out);

/* --- fields --- */
enum { AT_FIELDS_MAX = 24 };
struct at_field {
    const char *text; /* inside the line, without quotes */
    size_t len;
    bool quoted;
};
struct at_fields {
    unsigned count;
    struct at_field field[AT_FIELDS_MAX];
};
/* The comma-separated fields behind `prefix` ("+CREG:"); false where the line has another. */
bool at_fields_split(const char *line, const char *prefix, struct at_fields *out);
/* A decimal number of up to 9 digits; -1 where it is none. */
int at_field_int(const struct at_fields *fields, unsigned i);

/* --- replies --- */
bool at_parse_cmgs(const char *line, int *reference); /* 0 to 255 */

struct at_registration {
    int stat;            /* 0 to 10 */
    int technology;      /* <AcT>, -1: not told */
    uint32_t area, cell; /* 0: not told */
};
/* `family` "+CREG:", "+CGREG:" or "+CEREG:"; answers to a query and unsolicited ones alike. */
bool at_parse_registration(const char *line, const char *family, struct at_registration *out);

bool at_parse_csq(const char *line, int *dbm);  /* 0: the modem does not know */
bool at_parse_cesq(const char *line, int *dbm); /* the same */
/* The operator's name or number (empty where there is none) and <AcT> (-1: not told). */
bool at_parse_cops(const char *line, char name[33], int *technology);

enum at_sim {
    AT_SIM_READY,
    AT_SIM_PIN,
    AT_SIM_PUK,
    AT_SIM_OTHER, /* a network or phone lock, PIN2, ... */
    AT_SIM_ABSENT,
    AT_SIM_BUSY,
    AT_SIM_FAILURE,
};
bool at_parse_cpin(const char *line, enum at_sim *out);
/* What +CME ERROR (or +CMS ERROR 310 to 318) says of the SIM in answer to AT+CPIN?. */
enum at_sim at_sim_of_error(const struct at_final *final);

/* Attempts left for the PIN (0 to 99): field `field` of the line with that prefix; with a `name`
 * only of the line whose first field it is. -1: the line tells none. */
bool at_parse_pin_left(const char *line, const char *prefix, const char *name, unsigned field,
                       int *left);

bool at_parse_imei(const char *line, char imei[17]);
bool at_parse_imsi(const char *line, char imsi[16]);
/* Any maker's form, with or without a prefix, plain or with swapped nibbles, or +CRSM. The same SIM
 * gives the same text whichever way it was read: 19 digits. */
bool at_parse_iccid(const char *line, char iccid[23]);
/* Maker, model, revision: a bare line, or one with `prefix` ("+CGMI:"); printable ASCII comes out.
 */
bool at_parse_name(const char *line, const char *prefix, char *out, size_t room);
bool at_parse_csca(const char *line, char number[17]); /* clean (number_is_clean), or empty */
bool at_parse_cnmi(const char *line, int out[5]);
bool at_parse_cmgf(const char *line, int *mode);
bool at_parse_cmee(const char *line, int *mode);
bool at_parse_cfun(const char *line, int *level);

#endif
