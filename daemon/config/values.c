/* values: what is written after the = of a key, checked and put where it belongs: which kind of key
 * is read by whom, what is said of a value that does not fit, defaults and comparison. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "text.h"
#include "values_inside.h"

const struct config_word *value_word(const struct config_word *words, const char *name)
{
    for (; words->name; words++)
        if (strcmp(words->name, name) == 0)
            return words;
    return NULL;
}

/* --- what does not fit --------------------------------------------------------------------------
 */

int value_refuse(char *why, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, room, format, args);
    va_end(args);
    return -EINVAL;
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

int value_refuse_range(const struct config_key *key, const char *value, char *why, size_t room)
{
    char range[200];
    const char *names[16];
    size_t count = 0;
    config_key_range(key, range, sizeof range);
    for (const struct config_word *word = key->words; word && word->name && count < 16; word++)
        names[count++] = word->name;
    const char *near = count ? text_nearest(value, names, count) : NULL;
    if (near)
        return value_refuse(why, room, "wants %s; did you mean %s?", range, near);
    return value_refuse(why, room, "wants %s", range);
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
        return value_set_text(key, at, text, why, room);
    case KIND_INT:
    case KIND_MODE:
        word = key->words ? value_word(key->words, text) : NULL;
        if (!word)
            return value_set_number(key, at, text, why, room);
        *(int *)at = word->value;
        return 0;
    case KIND_LEVEL:
        word = value_word(key->words, text);
        if (!word)
            return value_refuse_range(key, text, why, room);
        *(int *)at = word->value;
        return 0;
    case KIND_BOOL:
        if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
            return value_refuse_range(key, text, why, room);
        *(bool *)at = *text == 'y';
        return 0;
    case KIND_SET:
        return value_set_words(key, at, text, why, room);
    case KIND_USERS:
    case KIND_GROUPS:
        return value_set_ids(key, at, text, why, room);
    case KIND_LIST:
        return value_set_list(key, at, text, why, room);
    case KIND_PAIRS:
        return value_add_pair(key, at, value, why, room);
    }
    return -EINVAL;
}

void config_key_clear(const struct config_key *key, void *owner)
{
    void *at = (char *)owner + key->offset;
    if (key->kind == KIND_LIST)
        value_list_clear(at);
    else if (key->kind == KIND_PAIRS)
        value_pairs_clear(at);
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
        return value_ids_same((const void *)left, (const void *)right);
    case KIND_LIST:
        return value_lists_same((const void *)left, (const void *)right);
    case KIND_PAIRS:
        return value_pairs_same((const void *)left, (const void *)right);
    }
    return false;
}
