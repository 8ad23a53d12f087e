#include "keys.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config.h"
#include "log.h"
#include "text.h"

static const struct config_word log_levels[] = {
    {"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},     {NULL, 0},
};
static const struct config_word drivers[] = {{"at", 0}, {NULL, 0}};

#define ROOM(type, member) sizeof(((type *)NULL)->member)
#define GATEWAY(member)                                                                            \
    .section = SECTION_GATEWAY, .name = #member, .full = "[gateway] " #member,                     \
    .offset = offsetof(struct config, member), .room = ROOM(struct config, member)
#define MODEM(member)                                                                              \
    .section = SECTION_MODEM, .name = #member, .full = "[modem] " #member,                         \
    .offset = offsetof(struct config_modem, member), .room = ROOM(struct config_modem, member)

const struct config_key config_keys[] = {
    {GATEWAY(name), .kind = KIND_TEXT, .fallback = "otpgate", .reloadable = true,
     .help = "What people call this gateway."},
    {GATEWAY(socket), .kind = KIND_PATH, .fallback = "/run/otpgate/otpgate.sock",
     .help = "The Unix socket that clients connect to."},
    {GATEWAY(socket_mode), .kind = KIND_MODE, .low = 0, .high = 0777, .fallback = "0660",
     .help = "Who may connect at all. What a client may do is decided by its user and groups."},
    {GATEWAY(state_dir), .kind = KIND_PATH, .fallback = "/var/lib/otpgate",
     .help = "Holds the database and its keys. One daemon at a time."},
    {GATEWAY(timezone), .kind = KIND_ZONE, .fallback = "Asia/Ho_Chi_Minh",
     .help = "Where a day begins: daily budgets start anew at its midnight."},
    {GATEWAY(country), .kind = KIND_DIGITS, .fallback = "84", .reloadable = true,
     .help = "Calling code that a number without one belongs to."},
    {GATEWAY(foreign_numbers), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Accept numbers of other countries. They cost more, and fraud likes them."},
    {GATEWAY(short_codes), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Accept short codes such as 1414. Some of them spend money."},
    {GATEWAY(keepalive_s), .kind = KIND_INT, .low = 10, .high = 3600, .fallback = "60",
     .help = "How often an idle modem is asked whether it is still there."},
    {GATEWAY(evidence_wait_s), .kind = KIND_INT, .low = 0, .high = 600, .fallback = "5",
     .reloadable = true,
     .help =
         "How long a message that may have been sent waits for evidence before it is sent again."},
    {GATEWAY(max_connections), .kind = KIND_INT, .low = 1, .high = 4096, .fallback = "64",
     .reloadable = true, .help = "Connections of one user."},
    {GATEWAY(max_connections_total), .kind = KIND_INT, .low = 1, .high = 16384, .fallback = "256",
     .reloadable = true, .help = "Connections of all users."},
    {GATEWAY(max_in_flight), .kind = KIND_INT, .low = 1, .high = 4096, .fallback = "32",
     .reloadable = true, .help = "Requests of one connection that wait for their answer."},
    {GATEWAY(max_line_bytes), .kind = KIND_INT, .low = 4096, .high = 1048576, .fallback = "65536",
     .reloadable = true, .help = "The longest request."},
    {GATEWAY(max_unsent_kb), .kind = KIND_INT, .low = 64, .high = 65536, .fallback = "1024",
     .reloadable = true,
     .help = "What a client may leave unread before its connection is cut, in KiB."},
    {GATEWAY(max_queued), .kind = KIND_INT, .low = 1, .high = 10000000, .fallback = "1000000",
     .reloadable = true, .help = "Messages that wait; one more is refused as overloaded."},
    {GATEWAY(retention_days), .kind = KIND_INT, .low = 1, .high = 3650, .fallback = "30",
     .reloadable = true,
     .help = "How long messages are kept that have ended, and those that came in. Events are kept "
             "7 days."},
    {GATEWAY(log_level), .kind = KIND_LEVEL, .words = log_levels, .fallback = "info",
     .reloadable = true, .help = "The least urgent lines that are logged."},

    {MODEM(port), .kind = KIND_PORT,
     .help = "Where the modem is: a device such as /dev/otpgate/viettel-1, or tcp://host:port of "
             "a serial server."},
    {MODEM(driver), .kind = KIND_WORD, .words = drivers, .fallback = "at",
     .help = "What it speaks: at is 3GPP TS 27.005 and 27.007."},
    {MODEM(number), .kind = KIND_PHONE, .fallback = "", .reloadable = true,
     .help = "The number of its SIM, for people. Not asked of the modem, which seldom knows."},
    {MODEM(smsc), .kind = KIND_PHONE, .fallback = "",
     .help = "Service centre, for a SIM that has none stored."},
    {MODEM(roaming), .kind = KIND_BOOL, .fallback = "no",
     .help = "Send through a foreign network too."},
    {MODEM(daily_budget), .kind = KIND_INT, .low = 0, .high = 1000000, .fallback = "0",
     .reloadable = true, .help = "Parts a day; 0 is no limit. A long message has several parts."},
    {MODEM(min_interval_ms), .kind = KIND_INT, .low = 0, .high = 3600000, .fallback = "0",
     .reloadable = true, .help = "Least time between the starts of two parts."},
};
const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];

static int refuse(char *why, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int refuse(char *why, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, room, format, args);
    va_end(args);
    return -EINVAL;
}

int config_key_find(enum config_section section, const char *name)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].section == section && strcmp(config_keys[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *config_key_nearest(enum config_section section, const char *name)
{
    const char *names[sizeof config_keys / sizeof config_keys[0]];
    size_t count = 0;
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].section == section)
            names[count++] = config_keys[i].name;
    return text_nearest(name, names, count);
}

static bool all_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* Digits alone (strtol would take signs and blanks too), within low and high. */
static bool read_number(const char *text, int base, int low, int high, int *out)
{
    errno = 0;
    long number = all_digits(text) ? strtol(text, NULL, base) : -1;
    bool octal = base != 8 || strpbrk(text, "89") == NULL;
    if (!all_digits(text) || !octal || errno || number < low || number > high)
        return false;
    *out = (int)number;
    return true;
}

static bool is_phone(const char *text)
{
    const char *digits = text + (*text == '+');
    return *text == '\0' || (all_digits(digits) && strlen(digits) >= 3 && strlen(digits) <= 15);
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

/* A mistyped zone is UTC without a word (tzset), and budgets then start anew at seven in the
 * morning. */
static bool is_zone(const char *text)
{
    static const char root[] = "/usr/share/zoneinfo";
    char path[128];
    if (!*text || *text == '/' || strstr(text, "..") || strpbrk(text, " :"))
        return false;
    int len = snprintf(path, sizeof path, "%s/%s", root, text);
    return len > 0 && (size_t)len < sizeof path &&
           (access(path, R_OK) == 0 || access(root, F_OK) != 0);
}

static const struct config_word *word_find(const struct config_word *words, const char *name)
{
    for (; words->name; words++)
        if (strcmp(words->name, name) == 0)
            return words;
    return NULL;
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
    case KIND_PHONE:
        return is_phone(value);
    case KIND_DIGITS:
        return all_digits(value) && *value != '0';
    case KIND_ZONE:
        return is_zone(value);
    case KIND_WORD:
        return word_find(key->words, value) != NULL;
    case KIND_LEVEL:
    case KIND_INT:
    case KIND_MODE:
    case KIND_BOOL:
        break;
    }
    return false;
}

static int refuse_range(const struct config_key *key, const char *value, char *why, size_t room)
{
    char range[200];
    const char *names[16];
    size_t count = 0;
    config_key_range(key, range, sizeof range);
    for (const struct config_word *word = key->words; word && word->name && count < 16; word++)
        names[count++] = word->name;
    const char *near = count ? text_nearest(value, names, count) : NULL;
    if (near)
        return refuse(why, room, "wants %s; did you mean %s?", range, near);
    return refuse(why, room, "wants %s", range);
}

static int set_text(const struct config_key *key, char *out, const char *value, char *why,
                    size_t room)
{
    if (!text_fits(key, value))
        return refuse_range(key, value, why, room);
    if (!text_copy(out, key->room, value))
        return refuse(why, room, "is over %zu bytes", key->room - 1);
    return 0;
}

static int set_number(const struct config_key *key, int *out, const char *value, char *why,
                      size_t room)
{
    if (!read_number(value, key->kind == KIND_MODE ? 8 : 10, key->low, key->high, out))
        return refuse_range(key, value, why, room);
    return 0;
}

int config_key_set(const struct config_key *key, void *owner, const char *value, char *why,
                   size_t room)
{
    void *at = (char *)owner + key->offset;
    const struct config_word *word;
    switch (key->kind) {
    case KIND_TEXT:
    case KIND_PATH:
    case KIND_PORT:
    case KIND_PHONE:
    case KIND_DIGITS:
    case KIND_ZONE:
    case KIND_WORD:
        return set_text(key, at, value, why, room);
    case KIND_INT:
    case KIND_MODE:
        return set_number(key, at, value, why, room);
    case KIND_LEVEL:
        word = word_find(key->words, value);
        if (!word)
            return refuse_range(key, value, why, room);
        *(int *)at = word->value;
        return 0;
    case KIND_BOOL:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return refuse_range(key, value, why, room);
        *(bool *)at = *value == 'y';
        return 0;
    }
    return -EINVAL;
}

void config_keys_default(enum config_section section, void *owner)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->section != section || !key->fallback)
            continue;
        char why[200] = "";
        /* A default zone that this system lacks is still the default: it was not mistyped. */
        if (key->kind == KIND_ZONE) {
            text_copy((char *)owner + key->offset, key->room, key->fallback);
            continue;
        }
        int rc = config_key_set(key, owner, key->fallback, why, sizeof why);
        assert(rc == 0);
        (void)rc;
    }
}

void config_key_range(const struct config_key *key, char *out, size_t room)
{
    size_t len = 0;
    switch (key->kind) {
    case KIND_TEXT:
        snprintf(out, room, "a text of 1 to %zu bytes", key->room - 1);
        return;
    case KIND_PATH:
        snprintf(out, room, "an absolute path of at most %zu bytes", key->room - 1);
        return;
    case KIND_PORT:
        snprintf(out, room, "an absolute path or tcp://host:port");
        return;
    case KIND_PHONE:
        snprintf(out, room, "3 to 15 digits with an optional +, or nothing");
        return;
    case KIND_DIGITS:
        snprintf(out, room, "1 to %zu digits, the first no 0", key->room - 1);
        return;
    case KIND_ZONE:
        snprintf(out, room, "a time zone of this system, such as Asia/Ho_Chi_Minh");
        return;
    case KIND_WORD:
    case KIND_LEVEL:
        for (const struct config_word *word = key->words; word->name && len < room; word++)
            len += (size_t)snprintf(out + len, room - len, "%s%s", len ? " or " : "", word->name);
        return;
    case KIND_INT:
        snprintf(out, room, "a whole number from %d to %d", key->low, key->high);
        return;
    case KIND_MODE:
        snprintf(out, room, "an octal mode from %04o to %04o", (unsigned)key->low,
                 (unsigned)key->high);
        return;
    case KIND_BOOL:
        snprintf(out, room, "yes or no");
        return;
    }
}

bool config_key_same(const struct config_key *key, const void *a, const void *b)
{
    const char *left = (const char *)a + key->offset;
    const char *right = (const char *)b + key->offset;
    switch (key->kind) {
    case KIND_TEXT:
    case KIND_PATH:
    case KIND_PORT:
    case KIND_PHONE:
    case KIND_DIGITS:
    case KIND_ZONE:
    case KIND_WORD:
        return strcmp(left, right) == 0;
    case KIND_LEVEL:
    case KIND_INT:
    case KIND_MODE:
    case KIND_BOOL:
        return memcmp(left, right, key->room) == 0;
    }
    return false;
}

/* --- for people --- */

void config_help(FILE *out, bool roff)
{
    static const char *const titles[CONFIG_SECTIONS] = {"[gateway]", "[modem NAME]"};
    for (int section = 0; section < CONFIG_SECTIONS; section++) {
        fprintf(out, roff ? ".SS %s\n" : "%s\n", titles[section]);
        for (size_t i = 0; i < config_key_count; i++) {
            const struct config_key *key = &config_keys[i];
            char range[200];
            if ((int)key->section != section)
                continue;
            config_key_range(key, range, sizeof range);
            fprintf(out, roff ? ".TP\n.B %s\n%s\nWants %s. " : "%s\n    %s\n    Wants %s. ",
                    key->name, key->help, range);
            if (!key->fallback)
                fputs("Has to be given.", out);
            else
                fprintf(out, "Default: %s.", *key->fallback ? key->fallback : "empty");
            fputs(key->reloadable ? "\n" : " A change takes a restart.\n", out);
        }
        if (!roff && section + 1 < CONFIG_SECTIONS)
            fputc('\n', out);
    }
}

static size_t differences(enum config_section section, const void *a, const void *b,
                          const char *names[], size_t room, size_t count)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->section != section || key->reloadable || config_key_same(key, a, b))
            continue;
        if (count < room)
            names[count] = key->full;
        count++;
    }
    return count;
}

size_t config_fixed_differences(const struct config *before, const struct config *after,
                                const char *names[], size_t room)
{
    size_t count = differences(SECTION_GATEWAY, before, after, names, room, 0);
    for (size_t i = 0; i < before->modem_count; i++)
        for (size_t j = 0; j < after->modem_count; j++)
            if (strcmp(before->modems[i].name, after->modems[j].name) == 0)
                count = differences(SECTION_MODEM, &before->modems[i], &after->modems[j], names,
                                    room, count);
    return count < room ? count : room;
}
