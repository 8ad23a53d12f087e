/* at_quirks: what differs from maker to maker, as data. The flow asks the row, never for a name. */
#ifndef OTPGATE_AT_QUIRKS_H
#define OTPGATE_AT_QUIRKS_H

#include <stdbool.h>

#include "ussd.h"

enum { AT_QUIET_COMMANDS = 3, AT_ANNOUNCE_COMMANDS = 3 };

/* How many attempts a SIM leaves for its PIN. The count stands in field `field` of the line with
 * that prefix, where `name` is given only of the line whose first field it is. */
struct at_pin_query {
    const char *command, *prefix, *name;
    unsigned field;
};

struct at_quirks {
    const char *name;                     /* of the row, for the log */
    const char *maker;                    /* part of the answer to AT+CGMI, any case; NULL: any */
    const char *model;                    /* part of the answer to AT+CGMM, any case; NULL: any */
    const char *quiet[AT_QUIET_COMMANDS]; /* once after identification; an ERROR does not matter */
    /* Which of its ports it tells of what comes: the one that our udev rules call "at" first, the
     * others in turn until notices come where we are. An ERROR does not matter. */
    const char *announce[AT_ANNOUNCE_COMMANDS];
    const char *iccid;            /* asked first; NULL: only the common ones */
    struct at_pin_query pin_left; /* no command: AT+CPINR alone is tried */
    const char *reset;            /* restarts the modem's firmware */
    int reset_wait_ms;            /* until it answers again */
    bool no_cmms;                 /* AT+CMMS harms or is unknown */
    bool reports_stored;          /* <ds> 2 is what works; 1 is accepted and lost */
    int answer_max_ms;   /* of AT+CMGS, behind the Ctrl-Z: see at_recover_hold(); 0: 180 s */
    enum ussd_form ussd; /* how a USSD request is written at first; the others are tried behind */
};

/* The first row that fits; never NULL. Pure. */
const struct at_quirks *at_quirks_find(const char *maker, const char *model);

#endif
