/* values: what is written after the = of a key, checked and put where it belongs. */
#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config.h"
#include "keys.h"
#include "purpose.h"
#include "text.h"

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
        return all_digits(value) && *value != '0';
    case KIND_IDENT:
        return all_digits(value) && strlen(value) >= (size_t)key->low &&
               strlen(value) <= (size_t)key->high;
    case KIND_ZONE:
        return is_zone(value);
    case KIND_HOST:
        return *value == '\0' || purpose_host_ok(value);
    case KIND_WORD:
        return word_find(key->words, value) != NULL;
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
    if (strlen(value) >= key->room)
        return refuse(why, room, "is over %zu bytes", key->room - 1);
    text_copy(out, key->room, value);
    return 0;
}

static int set_number(const struct config_key *key, int *out, const char *value, char *why,
                      size_t room)
{
    if (!read_number(value, key->kind == KIND_MODE ? 8 : 10, key->low, key->high, out))
        return refuse_range(key, value, why, room);
    return 0;
}

/* --- lists --------------------------------------------------------------------------------------
 */

/* The next of some texts by commas, trimmed: 1, 0 at the end, -1 where nothing stands between two
 * commas. -ENOMEM. *item is the caller's. */
static int next_item(const char **at, char **item)
{
    if (!*at)
        return 0;
    const char *start = *at + strspn(*at, " \t");
    size_t len = strcspn(start, ",");
    *at = start[len] ? start + len + 1 : NULL;
    while (len && strchr(" \t", start[len - 1]))
        len--;
    if (len == 0)
        return -1;
    *item = strndup(start, len);
    return *item ? 1 : -ENOMEM;
}

/* Takes one item; 0/-EINVAL with `why`/-ENOMEM. */
typedef int item_fn(const struct config_key *key, void *into, char *item, char *why, size_t room);

static int each_item(const struct config_key *key, const char *value, item_fn *take, void *into,
                     char *why, size_t room)
{
    const char *at = *value ? value : NULL;
    char *item = NULL;
    int rc = 0, got;
    while (rc == 0 && (got = next_item(&at, &item)) != 0) {
        if (got == -1)
            return refuse_range(key, value, why, room);
        if (got < 0)
            return got;
        rc = take(key, into, item, why, room);
        free(item);
    }
    return rc;
}

static int take_word(const struct config_key *key, void *into, char *item, char *why, size_t room)
{
    const struct config_word *word = word_find(key->words, item);
    if (!word)
        return refuse_range(key, item, why, room);
    *(unsigned *)into |= (unsigned)word->value;
    return 0;
}

static int set_words(const struct config_key *key, unsigned *out, const char *value, char *why,
                     size_t room)
{
    unsigned set = 0;
    int rc = each_item(key, value, take_word, &set, why, room);
    if (rc == 0 && set == 0 && !key->fallback)
        return refuse_range(key, value, why, room);
    if (rc == 0)
        *out = set;
    return rc;
}

/* A user or group by name. 0, -ENOENT. */
static int id_of(const struct config_key *key, const char *name, unsigned *out)
{
    if (key->kind == KIND_USERS) {
        const struct passwd *user = getpwnam(name);
        *out = user ? user->pw_uid : 0;
        return user ? 0 : -ENOENT;
    }
    const struct group *group = getgrnam(name);
    *out = group ? group->gr_gid : 0;
    return group ? 0 : -ENOENT;
}

static int take_id(const struct config_key *key, void *into, char *item, char *why, size_t room)
{
    struct config_ids *ids = into;
    const char *what = key->kind == KIND_USERS ? "user" : "group";
    unsigned id = 0;
    /* the last number stands for "none" in the kernel's calls */
    if (all_digits(item)) {
        errno = 0;
        unsigned long number = strtoul(item, NULL, 10);
        if (errno || number >= UINT32_MAX)
            return refuse(why, room, "%.32s is no number of a %s", item, what);
        id = (unsigned)number;
    } else if (id_of(key, item, &id) != 0) {
        return refuse(why, room, "this system has no %s %.32s", what, item);
    }
    if (ids->count == CONFIG_IDS_MAX)
        return refuse(why, room, "has over %d of them; a group holds any number", CONFIG_IDS_MAX);
    ids->id[ids->count++] = id;
    return 0;
}

static int set_ids(const struct config_key *key, struct config_ids *out, const char *value,
                   char *why, size_t room)
{
    struct config_ids ids = {.count = 0};
    int rc = each_item(key, value, take_id, &ids, why, room);
    if (rc == 0)
        *out = ids;
    return rc;
}

static void list_clear(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->item[i]);
    free(list->item);
    *list = (struct config_list){0};
}

static int take_text(const struct config_key *key, void *into, char *item, char *why, size_t room)
{
    struct config_list *list = into;
    if (list->count == (size_t)key->high)
        return refuse(why, room, "has over %d of them", key->high);
    char **grown = realloc(list->item, (list->count + 1) * sizeof *grown);
    if (grown)
        list->item = grown;
    char *copy = grown ? strdup(item) : NULL;
    if (!copy)
        return -ENOMEM;
    list->item[list->count++] = copy;
    return 0;
}

static int set_list(const struct config_key *key, struct config_list *out, const char *value,
                    char *why, size_t room)
{
    struct config_list list = {0};
    int rc = each_item(key, value, take_text, &list, why, room);
    if (rc == 0 && list.count < (size_t)key->low)
        rc = refuse_range(key, value, why, room);
    if (rc != 0) {
        list_clear(&list);
        return rc;
    }
    list_clear(out);
    *out = list;
    return 0;
}

const struct config_pair *config_pair_find(const struct config_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->pair[i].name, name) == 0)
            return &pairs->pair[i];
    return NULL;
}

static int add_pair(const struct config_key *key, struct config_pairs *out,
                    const struct config_value *value, char *why, size_t room)
{
    if (value->line == 0) /* a default: none */
        return 0;
    if (!*value->text)
        return refuse_range(key, value->text, why, room);
    struct config_pair *grown = realloc(out->pair, (out->count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    out->pair = grown;
    struct config_pair pair = {strdup(value->name + strlen(key->name) - 1), strdup(value->text),
                               value->line};
    if (!pair.name || !pair.value) {
        free(pair.name);
        free(pair.value);
        return -ENOMEM;
    }
    out->pair[out->count++] = pair;
    return 0;
}

static void pairs_clear(struct config_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->pair[i].name);
        free(pairs->pair[i].value);
    }
    free(pairs->pair);
    *pairs = (struct config_pairs){0};
}

/* --- one value ----------------------------------------------------------------------------------
 */

int config_key_set(const struct config_key *key, void *owner, const struct config_value *value,
                   char *why, size_t room)
{
    void *at = (char *)owner + key->offset;
    const char *text = value->text;
    const struct config_word *word;
    switch (key->kind) {
    case KIND_TEXT:
    case KIND_PATH:
    case KIND_PORT:
    case KIND_RUN:
    case KIND_PHONE:
    case KIND_DIGITS:
    case KIND_IDENT:
    case KIND_ZONE:
    case KIND_HOST:
    case KIND_WORD:
        return set_text(key, at, text, why, room);
    case KIND_INT:
    case KIND_MODE:
        word = key->words ? word_find(key->words, text) : NULL;
        if (!word)
            return set_number(key, at, text, why, room);
        *(int *)at = word->value;
        return 0;
    case KIND_LEVEL:
        word = word_find(key->words, text);
        if (!word)
            return refuse_range(key, text, why, room);
        *(int *)at = word->value;
        return 0;
    case KIND_BOOL:
        if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
            return refuse_range(key, text, why, room);
        *(bool *)at = *text == 'y';
        return 0;
    case KIND_SET:
        return set_words(key, at, text, why, room);
    case KIND_USERS:
    case KIND_GROUPS:
        return set_ids(key, at, text, why, room);
    case KIND_LIST:
        return set_list(key, at, text, why, room);
    case KIND_PAIRS:
        return add_pair(key, at, value, why, room);
    }
    return -EINVAL;
}

void config_key_clear(const struct config_key *key, void *owner)
{
    void *at = (char *)owner + key->offset;
    if (key->kind == KIND_LIST)
        list_clear(at);
    else if (key->kind == KIND_PAIRS)
        pairs_clear(at);
}

int config_keys_default(const struct config_table *table, int section, void *owner)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const struct config_key *key = &table->keys[i];
        if ((int)key->section != section || !key->fallback)
            continue;
        char why[200] = "";
        /* A default zone that this system lacks is still the default: it was not mistyped. */
        if (key->kind == KIND_ZONE) {
            text_copy((char *)owner + key->offset, key->room, key->fallback);
            continue;
        }
        const struct config_value value = {key->name, key->fallback, 0};
        int rc = config_key_set(key, owner, &value, why, sizeof why);
        assert(rc == 0 || rc == -ENOMEM);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static void range_words(const struct config_key *key, const char *first, const char *between,
                        char *out, size_t room)
{
    size_t len = 0;
    for (const struct config_word *word = key->words; word->name && len < room; word++)
        len += (size_t)snprintf(out + len, room - len, "%s%s", len ? between : first, word->name);
}

static void range_number(const struct config_key *key, char *out, size_t room)
{
    *out = '\0';
    if (key->words)
        range_words(key, "", ", ", out, room);
    size_t len = strlen(out);
    snprintf(out + len, room - len, "%sa whole number from %d to %d", len ? " or " : "", key->low,
             key->high);
}

void config_key_range(const struct config_key *key, char *out, size_t room)
{
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
    case KIND_RUN:
        snprintf(out, room, "an absolute path with at most 15 arguments, no quotes, or nothing");
        return;
    case KIND_PHONE:
        snprintf(out, room, "3 to 15 digits with an optional +, or nothing");
        return;
    case KIND_DIGITS:
        snprintf(out, room, "1 to %zu digits, the first no 0", key->room - 1);
        return;
    case KIND_IDENT:
        snprintf(out, room, "%d to %d digits", key->low, key->high);
        return;
    case KIND_ZONE:
        snprintf(out, room, "a time zone of this system, such as Asia/Ho_Chi_Minh");
        return;
    case KIND_HOST:
        snprintf(out, room, "a host name such as portal.example.gov.vn, or nothing");
        return;
    case KIND_WORD:
    case KIND_LEVEL:
        range_words(key, "", " or ", out, room);
        return;
    case KIND_INT:
        range_number(key, out, room);
        return;
    case KIND_MODE:
        snprintf(out, room, "an octal mode from %04o to %04o", (unsigned)key->low,
                 (unsigned)key->high);
        return;
    case KIND_BOOL:
        snprintf(out, room, "yes or no");
        return;
    case KIND_SET:
        range_words(key, "some, by commas, of ", ", ", out, room);
        return;
    case KIND_USERS:
        snprintf(out, room, "names or numbers of users, by commas, or nothing");
        return;
    case KIND_GROUPS:
        snprintf(out, room, "names or numbers of groups, by commas, or nothing");
        return;
    case KIND_LIST:
        snprintf(out, room, "texts by commas%s", key->low ? "" : ", or nothing");
        return;
    case KIND_PAIRS:
        snprintf(out, room, "a text for each word in place of the *");
        return;
    }
}

static bool ids_same(const struct config_ids *a, const struct config_ids *b)
{
    return a->count == b->count && memcmp(a->id, b->id, a->count * sizeof *a->id) == 0;
}

static bool list_same(const struct config_list *a, const struct config_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->item[i], b->item[i]) == 0;
    return same;
}

static bool pairs_same(const struct config_pairs *a, const struct config_pairs *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->pair[i].name, b->pair[i].name) == 0 &&
               strcmp(a->pair[i].value, b->pair[i].value) == 0;
    return same;
}

bool config_key_same(const struct config_key *key, const void *a, const void *b)
{
    const char *left = (const char *)a + key->offset;
    const char *right = (const char *)b + key->offset;
    switch (key->kind) {
    case KIND_TEXT:
    case KIND_PATH:
    case KIND_PORT:
    case KIND_RUN:
    case KIND_PHONE:
    case KIND_DIGITS:
    case KIND_IDENT:
    case KIND_ZONE:
    case KIND_HOST:
    case KIND_WORD:
        return strcmp(left, right) == 0;
    case KIND_LEVEL:
    case KIND_INT:
    case KIND_MODE:
    case KIND_BOOL:
    case KIND_SET:
        return memcmp(left, right, key->room) == 0;
    case KIND_USERS:
    case KIND_GROUPS:
        return ids_same((const void *)left, (const void *)right);
    case KIND_LIST:
        return list_same((const void *)left, (const void *)right);
    case KIND_PAIRS:
        return pairs_same((const void *)left, (const void *)right);
    }
    return false;
}
