/* values_text: the value that is one text or one number, and whether it is well-formed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config.h"
#include "purpose.h"
#include "text.h"
#include "values_inside.h"

bool value_all_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* Digits alone (strtol would take signs and blanks too), within low and high. */
static bool read_number(const char *text, int base, int low, int high, int *out)
{
    errno = 0;
    long number = value_all_digits(text) ? strtol(text, NULL, base) : -1;
    bool octal = base != 8 || strpbrk(text, "89") == NULL;
    if (!value_all_digits(text) || !octal || errno || number < low || number > high)
        return false;
    *out = (int)number;
    return true;
}

static bool is_phone(const char *text)
{
    const char *digits = text + (*text == '+');
    return *text == '\0' ||
           (value_all_digits(digits) && strlen(digits) >= 3 && strlen(digits) <= 15);
}

/* tcp://host:port, host a name, an IPv4 address or [an IPv6 address]. */
static bool is_tcp(const char *text)
{
    static const char scheme[] = "tcp://";
    if (strncmp(text, scheme, strlen(scheme)) != 0)
        return false;
    const char *host = text + strlen(scheme);
    bool bracket = *host == '[';
    const char *allowed = bracket ? "0123456789abcdefABCDEF:."
                                  : "0123456789abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
    host += bracket;
    size_t len = strspn(host, allowed);
    const char *rest = host + len;
    if (len == 0 || (bracket && *rest++ != ']') || *rest++ != ':')
        return false;
    int port;
    return read_number(rest, 10, 1, 65535, &port);
}

static const char zones[] = "/usr/share/zoneinfo";

static bool zone_path(const char *zone, char *out, size_t room)
{
    if (!*zone || *zone == '/' || strstr(zone, "..") || strpbrk(zone, " :"))
        return false;
    int len = snprintf(out, room, "%s/%s", zones, zone);
    return len > 0 && (size_t)len < room;
}

bool config_zone_is_here(const char *zone)
{
    char path[128];
    return zone_path(zone, path, sizeof path) && access(path, R_OK) == 0;
}

/* A mistyped zone is UTC without a word (tzset), and budgets then start anew at seven in the
 * morning. Where no zones are installed it cannot be told from a right one: main warns. */
static bool is_zone(const char *text)
{
    char path[128];
    return zone_path(text, path, sizeof path) &&
           (access(path, R_OK) == 0 || access(zones, F_OK) != 0);
}

/* Split at blanks and run as it is: no shell, so no quotes to remove. */
static bool is_run(const char *text)
{
    enum { WORDS_MAX = 16 };
    int words = 0;
    for (const char *at = text; *at; words++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return !*text || (*text == '/' && words <= WORDS_MAX && !strpbrk(text, "\t\"'"));
}

/* Whether a text of that kind is well-formed; the length is checked by the caller. */
static bool text_fits(const struct config_key *key, const char *value)
{
    switch (key->kind) {
    case KIND_TEXT:
        return *value != '\0';
    case KIND_PATH:
        return *value == '/';
    case KIND_PORT:
        return *value == '/' || is_tcp(value);
    case KIND_RUN:
        return is_run(value);
    case KIND_PHONE:
        return is_phone(value);
    case KIND_DIGITS:
        return value_all_digits(value) && *value != '0';
    case KIND_IDENT:
        return value_all_digits(value) && strlen(value) >= (size_t)key->low &&
               strlen(value) <= (size_t)key->high;
    case KIND_ZONE:
        return is_zone(value);
    case KIND_HOST:
        return *value == '\0' || purpose_host_ok(value);
    case KIND_WORD:
        return value_word(key->words, value) != NULL;
    case KIND_LEVEL:
    case KIND_INT:
    case KIND_MODE:
    case KIND_BOOL:
    case KIND_SET:
    case KIND_USERS:
    case KIND_GROUPS:
    case KIND_LIST:
    case KIND_PAIRS:
        break;
    }
    return false;
}

int value_set_text(const struct config_key *key, char *out, const char *value, char *why,
                   size_t room)
{
    if (!text_fits(key, value))
        return value_refuse_range(key, value, why, room);
    if (strlen(value) >= key->room)
        return value_refuse(why, room, "is over %zu bytes", key->room - 1);
    text_copy(out, key->room, value);
    return 0;
}

int value_set_number(const struct config_key *key, int *out, const char *value, char *why,
                     size_t room)
{
    if (!read_number(value, key->kind == KIND_MODE ? 8 : 10, key->low, key->high, out))
        return value_refuse_range(key, value, why, room);
    return 0;
}
