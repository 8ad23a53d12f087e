/* purpose: how the keys of a [purpose NAME] section are read once they are there: waits, prefixes,
 * locales, hosts. Pure. The struct stands in config.h; the texts are template.h's. */
#ifndef OTPGATE_PURPOSE_H
#define OTPGATE_PURPOSE_H

#include "config.h"

enum { PURPOSE_WAIT_MAX_S = 3600, PURPOSE_LOCALE_MAX = 15 };

/* Seconds between the nth send (1: the first) and the next; the last of the list goes on. */
int purpose_wait_s(const struct config_purpose *purpose, int nth);
bool purpose_wait_ok(const char *text);
/* Prefixes of E.164: "+8491". */
bool purpose_prefix_ok(const char *text);
bool purpose_prefix_listed(const struct config_list *list, const char *e164);
/* A host of the bound line: letters, digits, dots and dashes. */
bool purpose_host_ok(const char *host);
/* The template of a locale; NULL or "": the first. NULL where there is none. */
const struct config_pair *purpose_template(const struct config_purpose *purpose,
                                           const char *locale);
/* NULL: there is none of this name. */
const struct config_purpose *purpose_find(const struct config *config, const char *name);

#endif
