#include "purpose.h"

#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789";

/* Up to four digits; -1: it is something else. */
static int wait_of(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 4 && strspn(text, digits) == len ? (int)strtol(text, NULL, 10) : -1;
}

bool purpose_wait_ok(const char *text)
{
    return wait_of(text) >= 1 && wait_of(text) <= PURPOSE_WAIT_MAX_S;
}

int purpose_wait_s(const struct config_purpose *purpose, int nth)
{
    const struct config_list *waits = &purpose->resend_after_s;
    size_t i = nth > 1 ? (size_t)nth - 1 : 0;

    return waits->count ? wait_of(waits->item[i < waits->count ? i : waits->count - 1]) : 0;
}

bool purpose_prefix_ok(const char *text)
{
    size_t len = strlen(text);

    return len >= 2 && len <= 16 && text[0] == '+' && strspn(text + 1, digits) == len - 1;
}

bool purpose_prefix_listed(const struct config_list *list, const char *e164)
{
    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->item[i], e164, strlen(list->item[i])) == 0)
            return true;
    return false;
}

bool purpose_host_ok(const char *host)
{
    size_t len = strlen(host);

    return len > 0 && len < sizeof((struct config_purpose *)NULL)->origin &&
           strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len && host[0] != '.' &&
           host[0] != '-' && host[len - 1] != '.' && !strstr(host, "..");
}

const struct config_pair *purpose_template(const struct config_purpose *purpose, const char *locale)
{
    if (locale && *locale)
        return config_pair_find(&purpose->template_, locale);
    return purpose->template_.count ? &purpose->template_.pair[0] : NULL;
}

const struct config_purpose *purpose_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->purpose_count; i++)
        if (strcmp(config->purposes[i].name, name) == 0)
            return &config->purposes[i];
    return NULL;
}
