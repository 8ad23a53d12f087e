/* values_list: the values that hold several: words, users, groups and texts by commas, and the
 * texts that a key's words collect. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "values_inside.h"

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
            return value_refuse_range(key, value, why, room);
        if (got < 0)
            return got;
        rc = take(key, into, item, why, room);
        free(item);
    }
    return rc;
}

static int take_word(const struct config_key *key, void *into, char *item, char *why, size_t room)
{
    const struct config_word *word = value_word(key->words, item);
    if (!word)
        return value_refuse_range(key, item, why, room);
    *(unsigned *)into |= (unsigned)word->value;
    return 0;
}

int value_set_words(const struct config_key *key, unsigned *out, const char *value, char *why,
                    size_t room)
{
    unsigned set = 0;
    int rc = each_item(key, value, take_word, &set, why, room);
    if (rc == 0 && set == 0 && !key->fallback)
        return value_refuse_range(key, value, why, room);
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
    if (value_all_digits(item)) {
        errno = 0;
        unsigned long number = strtoul(item, NULL, 10);
        if (errno || number >= UINT32_MAX)
            return value_refuse(why, room, "%.32s is no number of a %s", item, what);
        id = (unsigned)number;
    } else if (id_of(key, item, &id) != 0) {
        return value_refuse(why, room, "this system has no %s %.32s", what, item);
    }
    if (ids->count == CONFIG_IDS_MAX)
        return value_refuse(why, room, "has over %d of them; a group holds any number",
                            CONFIG_IDS_MAX);
    ids->id[ids->count++] = id;
    return 0;
}

int value_set_ids(const struct config_key *key, struct config_ids *out, const char *value,
                  char *why, size_t room)
{
    struct config_ids ids = {.count = 0};
    int rc = each_item(key, value, take_id, &ids, why, room);
    if (rc == 0)
        *out = ids;
    return rc;
}

void value_list_clear(struct config_list *list)
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
        return value_refuse(why, room, "has over %d of them", key->high);
    char **grown = realloc(list->item, (list->count + 1) * sizeof *grown);
    if (grown)
        list->item = grown;
    char *copy = grown ? strdup(item) : NULL;
    if (!copy)
        return -ENOMEM;
    list->item[list->count++] = copy;
    return 0;
}

int value_set_list(const struct config_key *key, struct config_list *out, const char *value,
                   char *why, size_t room)
{
    struct config_list list = {0};
    int rc = each_item(key, value, take_text, &list, why, room);
    if (rc == 0 && list.count < (size_t)key->low)
        rc = value_refuse_range(key, value, why, room);
    if (rc != 0) {
        value_list_clear(&list);
        return rc;
    }
    value_list_clear(out);
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

int value_add_pair(const struct config_key *key, struct config_pairs *out,
                   const struct config_value *value, char *why, size_t room)
{
    if (value->line == 0) /* a default: none */
        return 0;
    if (!*value->text)
        return value_refuse_range(key, value->text, why, room);
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

void value_pairs_clear(struct config_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->pair[i].name);
        free(pairs->pair[i].value);
    }
    free(pairs->pair);
    *pairs = (struct config_pairs){0};
}

bool value_ids_same(const struct config_ids *a, const struct config_ids *b)
{
    return a->count == b->count && memcmp(a->id, b->id, a->count * sizeof *a->id) == 0;
}

bool value_lists_same(const struct config_list *a, const struct config_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->item[i], b->item[i]) == 0;
    return same;
}

bool value_pairs_same(const struct config_pairs *a, const struct config_pairs *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->pair[i].name, b->pair[i].name) == 0 &&
               strcmp(a->pair[i].value, b->pair[i].value) == 0;
    return same;
}
