/* at_parse_cusd: +CUSD lines (3GPP TS 27.007 clause 7.15). Pure, as at_parse.h; what is between the
 * quotes is read by ussd.h. */
#ifndef OTPGATE_AT_PARSE_CUSD_H
#define OTPGATE_AT_PARSE_CUSD_H

#include <stdbool.h>
#include <stddef.h>

enum at_cusd_mode {
    AT_CUSD_DONE,    /* nothing more is asked */
    AT_CUSD_MENU,    /* the network waits for an answer */
    AT_CUSD_ENDED,   /* by the network */
    AT_CUSD_OTHER,   /* another client of this modem has answered */
    AT_CUSD_REFUSED, /* not supported */
    AT_CUSD_TIMEOUT, /* of the network */
};
/* +CUSD: <m>[,"<str>"[,<dcs>]]; the closing quote may be missing, and quotes stand inside. */
struct at_cusd {
    enum at_cusd_mode mode;
    const char *text; /* inside the line, without quotes; NULL: none */
    size_t len;
    int dcs; /* 0 to 255; -1: not told */
};
bool at_parse_cusd(const char *line, struct at_cusd *out);

#endif
