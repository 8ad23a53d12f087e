/* sim_record: what a simulated carrier holds of a SIM's owner, and the words it says it with.
 * Everything in here is SYNTHETIC: nobody in it exists, and no carrier has published its words. The
 * layouts are what is known in part: a reply of VinaPhone transcribed in 2017, labels quoted by an
 * official guide, and what records may hold since 15 April 2026. Pure. */
#ifndef SIM_RECORD_H
#define SIM_RECORD_H

#include <stdbool.h>
#include <stddef.h>

enum sim_record_field {
    SIM_FULL_NAME,
    SIM_BIRTH_DATE,
    SIM_ID_NUMBER,
    SIM_ID_TYPE,
    SIM_ID_ISSUED_ON,
    SIM_ID_ISSUED_BY,
    SIM_MSISDN,
    SIM_ADDRESS,
    SIM_SUBSCRIBER_TYPE,
    SIM_STATUS,
    SIM_REGISTERED_ON,
};
enum { SIM_RECORD_FIELDS = SIM_REGISTERED_ON + 1, SIM_VALUE = 128, SIM_RECORD_TEXT = 2048 };
const char *sim_record_field_name(enum sim_record_field field); /* as in the API */

/* UTF-8, as it is said; "": not held. */
struct sim_record {
    char value[SIM_RECORD_FIELDS][SIM_VALUE];
};
/* A SYNTHETIC person's, of the SIM with this number. */
void sim_record_default(struct sim_record *record, const char *number);

/* What 1414 may answer. The names are those of refusals in the API, and "record". */
enum sim_says {
    SIM_SAYS_RECORD,
    SIM_SAYS_QUOTA,
    SIM_SAYS_NOT_NOW,
    SIM_SAYS_NOT_STANDARDISED,
    SIM_SAYS_PREPAID_ONLY,
    SIM_SAYS_NO_RECORD,
    SIM_SAYS_NOTHING,
};
extern const char *const sim_says_names[]; /* "record", ..., "nothing"; NULL ends */

extern const char *const sim_layout_names[]; /* "lines", "guide", ...; NULL ends */
int sim_layout_find(const char *name);       /* -1: none */

struct sim_wording {
    int layout;       /* place in sim_layout_names */
    bool accents;     /* else as most replies are: without */
    char mask;        /* over the document's digits but the first three: '*', 'x' or 'X'; 0: none */
    const char *tail; /* of a refusal */
};
void sim_record_write(const struct sim_record *record, const struct sim_wording *wording, char *out,
                      size_t room);
/* Not of RECORD and NOTHING. */
void sim_refusal_write(enum sim_says says, const struct sim_wording *wording, char *out,
                       size_t room);
/* Takes the accents of Vietnamese off; `out` holds strlen(text) + 1 and may be `text`. */
void sim_text_plain(const char *text, char *out);

#endif
