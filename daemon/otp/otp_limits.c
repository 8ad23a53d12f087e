#include "otp_limits.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "refuse.h"
#include "text.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* Numbers are on disk. */
enum scope {
    SCOPE_NUMBER,
    SCOPE_SUBJECT,
    SCOPE_ADDRESS,
    SCOPE_PREFIX,
    SCOPE_PURPOSE,
    SCOPE_ALL,
};
enum { SCOPES = SCOPE_ALL + 1 };

struct limit {
    int64_t window_ms;
    const char *domain;
    bool always; /* counted without a cap too: another purpose may have one */
    const char *error, *sentence;
};

static const struct limit limits[SCOPES] = {
    [SCOPE_NUMBER] = {DAY_MS, "otp.number", true, "number_cap",
                      "This number has got as many codes as it may in 24 hours."},
    [SCOPE_SUBJECT] = {HOUR_MS, "otp.subject", true, "subject_cap",
                       "As many codes as may be were started for this subject in an hour."},
    [SCOPE_ADDRESS] = {HOUR_MS, "otp.address", false, "rate_limited",
                       "As many codes as may be were asked for from this address in an hour."},
    [SCOPE_PREFIX] = {HOUR_MS, "otp.prefix", false, "rate_limited",
                      "As many codes as may be went to numbers that begin like this in an hour."},
    [SCOPE_PURPOSE] = {HOUR_MS, "otp.purpose", false, "rate_limited",
                       "As many codes as may be were sent for this purpose in an hour."},
    [SCOPE_ALL] = {HOUR_MS, "otp.all", false, "rate_limited",
                   "As many codes as may be were sent in an hour."},
};

static int limit_cap(const struct limits_ask *ask, enum scope scope)
{
    switch (scope) {
    case SCOPE_NUMBER:
        return ask->purpose->number_per_day;
    case SCOPE_SUBJECT:
        return ask->purpose->subject_per_hour;
    case SCOPE_ADDRESS:
        return ask->purpose->ip_per_hour;
    case SCOPE_PREFIX:
        return ask->purpose->prefix_per_hour;
    case SCOPE_PURPOSE:
        return ask->purpose->per_hour;
    case SCOPE_ALL:
        return ask->config->otp_per_hour;
    }
    return 0;
}

/* What is counted in that scope; NULL: nothing. */
static const char *limit_thing(const struct limits_ask *ask, enum scope scope,
                               char room[LIMITS_PREFIX])
{
    switch (scope) {
    case SCOPE_NUMBER:
        return ask->to;
    case SCOPE_SUBJECT:
        return ask->subject;
    case SCOPE_ADDRESS:
        return ask->address;
    case SCOPE_PREFIX:
        limits_prefix(ask->to, room);
        return room;
    case SCOPE_PURPOSE:
        return ask->purpose->name;
    case SCOPE_ALL:
        return "";
    }
    return NULL;
}

int limits_check(struct store *store, const struct limits_ask *ask, struct refusal *refusal)
{
    int64_t now_ms = store_clock_ms(store);

    for (int s = 0; s < SCOPES; s++) {
        enum scope scope = (enum scope)s;
        char room[LIMITS_PREFIX];
        uint8_t name[OTP_HASH];
        int64_t at_ms;
        int cap = limit_cap(ask, scope);
        const char *thing = cap > 0 ? limit_thing(ask, scope, room) : NULL;
        if (!thing)
            continue;
        store_otp_hash(store, limits[scope].domain, thing, strlen(thing), name);
        int rc = store_window_nth(store, (int)scope, name, cap, &at_ms);
        if (rc < 0)
            return rc;
        if (at_ms == INT64_MIN || at_ms <= now_ms - limits[scope].window_ms)
            continue;
        refusal->retry_after_s = (int)((at_ms + limits[scope].window_ms - now_ms + 999) / 1000);
        (void)refuse(refusal, limits[scope].error, "%s", limits[scope].sentence);
        return 1;
    }
    return 0;
}

int limits_count(struct store *store, const struct limits_ask *ask)
{
    for (int s = 0; s < SCOPES; s++) {
        enum scope scope = (enum scope)s;
        char room[LIMITS_PREFIX];
        uint8_t name[OTP_HASH];
        bool counted = limits[scope].always || limit_cap(ask, scope) > 0;
        const char *thing = counted ? limit_thing(ask, scope, room) : NULL;
        if (!thing)
            continue;
        store_otp_hash(store, limits[scope].domain, thing, strlen(thing), name);
        int rc = store_window_add(store, (int)scope, name, limits[scope].window_ms);
        if (rc < 0)
            return rc;
    }
    return 0;
}

bool limits_address(const char *text, char out[LIMITS_ADDRESS])
{
    struct in6_addr six;
    struct in_addr four;

    if (inet_pton(AF_INET, text, &four) == 1)
        return inet_ntop(AF_INET, &four, out, LIMITS_ADDRESS) != NULL;
    if (inet_pton(AF_INET6, text, &six) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&six)) /* the same client, through a socket of both kinds */
        return inet_ntop(AF_INET, &six.s6_addr[12], out, LIMITS_ADDRESS) != NULL;
    memset(&six.s6_addr[8], 0, 8);
    return inet_ntop(AF_INET6, &six, out, LIMITS_ADDRESS) != NULL;
}

void limits_prefix(const char *e164, char out[LIMITS_PREFIX])
{
    snprintf(out, LIMITS_PREFIX, "%.5s", e164);
}
