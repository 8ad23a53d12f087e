/* replies: the SYNTHETIC replies of replies.txt, one after the other, and the rules as they are
 * delivered. */
#ifndef OTPGATE_TEST_REPLIES_H
#define OTPGATE_TEST_REPLIES_H

#include <stdbool.h>
#include <stdio.h>
#include "subscriber_parse.h"

enum { REPLY_TEXT = 2048 };

struct reply_case {
    char name[64], carrier[32];
    char marked[REPLY_TEXT]; /* with { } around labels and [ ] around values */
    char text[REPLY_TEXT];   /* without */
    char want[SUBSCRIBER_FIELDS][SUBSCRIBER_VALUE_MAX]; /* "": not there */
    char refusal[32];                                   /* "none" */
};

/* For a group of tests: read before it, freed behind it. */
extern struct subscriber_rules *rules;
int rules_setup(void **state);
int rules_teardown(void **state);

FILE *replies_open(void);
bool replies_next(FILE *file, struct reply_case *out);
/* `marked` without its marks. */
void replies_unmark(const char *marked, char *out);

#endif
