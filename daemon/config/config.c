#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "carriers_file.h"
#include "files.h"
#include "keys.h"
#include "reader.h"

/* --- files --------------------------------------------------------------------------------------
 */

/* 0, or -errno of the file, which is a mistake too. */
static int read_file(struct reading *r, const char *path, const char *label)
{
    char *bytes = NULL;
    size_t len = 0;
    int rc = file_read(path, &bytes, &len);
    if (rc == 0) {
        reading_take(r, label, bytes, len);
        free(bytes);
        return 0;
    }
    reading_mistake(r, label, strerror(-rc));
    return rc;
}

static int is_conf(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_directory(struct reading *r, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_conf, by_bytes);
    if (count < 0) {
        int rc = -errno;
        if (rc == -ENOENT)
            return 0;
        reading_mistake(r, "conf.d", strerror(-rc));
        return rc;
    }
    int first = 0;
    for (int i = 0; i < count; i++) {
        char file[4096], label[300];
        snprintf(label, sizeof label, "conf.d/%s", entries[i]->d_name);
        int len = snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        int rc = (size_t)len < sizeof file ? read_file(r, file, label) : -ENAMETOOLONG;
        if (first == 0)
            first = rc;
        free(entries[i]);
    }
    free(entries);
    return first;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

/* NULL: no memory. */
static struct reading *begin(struct config **out, struct config_mistakes *mistakes)
{
    *mistakes = (struct config_mistakes){0};
    *out = calloc(1, sizeof **out);
    return *out ? reading_new(&config_table, *out, mistakes) : NULL;
}

/* `rc` of the file goes before what the reading found. What is known of the carriers comes with the
 * configuration, so that one SIGHUP re-reads both or neither; `files`: from its file. */
static int end(struct reading *r, int rc, bool files, struct config **out,
               struct config_mistakes *mistakes)
{
    int found = r ? reading_end(r) : -ENOMEM;
    if (rc == 0)
        rc = found;
    if (rc == 0)
        rc = files ? carriers_load((*out)->carriers_path, (*out)->country, &(*out)->carriers,
                                   mistakes)
                   : carriers_load_builtin((*out)->country, &(*out)->carriers, mistakes);
    if (rc != 0) {
        config_free(*out);
        *out = NULL;
    }
    return rc;
}

int config_load(const char *path, struct config **out, struct config_mistakes *mistakes)
{
    struct reading *r = begin(out, mistakes);
    if (!r)
        return end(r, 0, true, out, mistakes);
    const char *slash = strrchr(path, '/');
    int rc = read_file(r, path, slash ? slash + 1 : path);
    if (rc == 0) {
        char beside[4096];
        int len = snprintf(beside, sizeof beside, "%.*sconf.d", slash ? (int)(slash - path) + 1 : 0,
                           path);
        rc = (size_t)len < sizeof beside ? read_directory(r, beside) : -ENAMETOOLONG;
    }
    return end(r, rc, true, out, mistakes);
}

int config_parse(const char *name, const char *bytes, size_t len, struct config **out,
                 struct config_mistakes *mistakes)
{
    struct reading *r = begin(out, mistakes);
    if (r)
        reading_take(r, name, bytes, len);
    return end(r, 0, false, out, mistakes);
}

void config_free(struct config *config)
{
    if (config) {
        config_root_clear(&config_table, config);
        carriers_free(config->carriers);
    }
    free(config);
}

void config_mistakes_free(struct config_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        free(mistakes->line[i]);
    free(mistakes->line);
    *mistakes = (struct config_mistakes){0};
}

/* --- for people ---------------------------------------------------------------------------------
 */

void config_help(FILE *out, bool roff)
{
    const struct config_table *table = &config_table;
    for (size_t section = 0; section < table->kind_count; section++) {
        fprintf(out, roff ? ".SS %s\n" : "%s\n", table->kinds[section].title);
        for (size_t i = 0; i < table->key_count; i++) {
            const struct config_key *key = &table->keys[i];
            char range[200];
            if ((size_t)key->section != section)
                continue;
            config_key_range(key, range, sizeof range);
            fprintf(out, roff ? ".TP\n.B %s\n%s\nWants %s. " : "%s\n    %s\n    Wants %s. ",
                    key->name, key->help, range);
            if (!key->fallback)
                fputs(key->optional ? "May be left out." : "Has to be given.", out);
            else
                fprintf(out, "Default: %s.", *key->fallback ? key->fallback : "empty");
            fputs(key->reloadable ? "\n" : " A change takes a restart.\n", out);
        }
        if (!roff && section + 1 < table->kind_count)
            fputc('\n', out);
    }
}

static size_t differences(int section, const void *a, const void *b, const char *names[],
                          size_t room, size_t count)
{
    for (size_t i = 0; i < config_table.key_count; i++) {
        const struct config_key *key = &config_table.keys[i];
        if ((int)key->section != section || key->reloadable || config_key_same(key, a, b))
            continue;
        if (count < room)
            names[count] = key->full;
        count++;
    }
    return count;
}

/* Of the sections of one kind that stand in both, by their names. */
static size_t differences_of_named(int section, const struct config *before,
                                   const struct config *after, const char *names[], size_t room,
                                   size_t count)
{
    size_t size = config_table.kinds[section].size, former_count, later_count;
    const char *former = config_sections(&config_table, section, before, &former_count);
    const char *later = config_sections(&config_table, section, after, &later_count);
    for (size_t i = 0; i < former_count; i++)
        for (size_t j = 0; j < later_count; j++)
            if (strcmp(former + i * size, later + j * size) == 0)
                count =
                    differences(section, former + i * size, later + j * size, names, room, count);
    return count;
}

size_t config_fixed_differences(const struct config *before, const struct config *after,
                                const char *names[], size_t room)
{
    size_t count = 0;
    for (int i = 0; i < (int)config_table.kind_count; i++)
        count = config_table.kinds[i].size
                    ? differences_of_named(i, before, after, names, room, count)
                    : differences(i, before, after, names, room, count);
    return count < room ? count : room;
}
