#include "reader.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

enum { LINE_MAX_BYTES = 4000, MISTAKES_MAX = 200, NAME_BYTES = 64 };

struct heading {
    char *title; /* "modem viettel-1" */
    char *where; /* "otpgate.conf:7" */
};

struct reading {
    const struct config_table *table;
    void *root;
    struct config_mistakes *mistakes;
    int rc; /* -ENOMEM; everything else is a mistake */
    struct heading *headings;
    size_t heading_count;
    /* the file */
    const char *file;
    const char *at, *end;
    unsigned line;
    /* the section; owner is NULL where its keys are of no interest (none yet, or a wrong one) */
    bool in_section;
    int section;
    void *owner;
    char title[96];
    unsigned opened;                /* its line */
    unsigned seen[CONFIG_KEYS_MAX]; /* line of each key, 0: not given */
    bool wrong[CONFIG_KEYS_MAX];    /* its value was a mistake, told already */
};

/* --- mistakes -----------------------------------------------------------------------------------
 */

static void mistake_v(struct reading *r, unsigned line, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void mistake_v(struct reading *r, unsigned line, const char *format, va_list args)
{
    struct config_mistakes *m = r->mistakes;
    char what[512], text[1024];
    if (m->count > MISTAKES_MAX)
        return;
    vsnprintf(what, sizeof what, format, args);
    if (m->count == MISTAKES_MAX)
        snprintf(text, sizeof text, "%s: and more; mend these first", r->file);
    else if (line)
        snprintf(text, sizeof text, "%s:%u: %s", r->file, line, what);
    else
        snprintf(text, sizeof text, "%s: %s", r->file, what);

    char **grown = realloc(m->line, (m->count + 1) * sizeof *grown);
    if (grown)
        m->line = grown;
    char *copy = grown ? strdup(text) : NULL;
    if (!copy) {
        r->rc = -ENOMEM;
        return;
    }
    m->line[m->count++] = copy;
}

static void mistake_at(struct reading *r, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void mistake_at(struct reading *r, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mistake_v(r, line, format, args);
    va_end(args);
}

void reading_mistake(struct reading *r, const char *file, const char *what)
{
    r->file = file;
    mistake_at(r, 0, "%s", what);
}

static unsigned line_of(const struct reading *r, const char *name)
{
    int i = name ? config_key_find(r->table, r->section, name) : -1;
    if (i < 0)
        return r->opened;
    if (r->table->keys[i].kind == KIND_PAIRS) {
        const struct config_pair *pair =
            config_pair_find((const void *)((const char *)r->owner + r->table->keys[i].offset),
                             strchr(name, '.') + 1);
        if (pair)
            return pair->line;
    }
    return r->seen[i] ? r->seen[i] : r->opened;
}

void config_mistake(struct reading *r, const char *key, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    mistake_at(r, line_of(r, key), "[%s]%s%s: %s", r->title, key ? " " : "", key ? key : "", what);
}

bool config_is_wrong(const struct reading *r, const char *key)
{
    int i = config_key_find(r->table, r->section, key);
    return i >= 0 && r->wrong[i];
}

/* --- sections -----------------------------------------------------------------------------------
 */

const char *config_sections(const struct config_table *table, int section, const void *root,
                            size_t *count)
{
    const struct config_kind_row *kind = &table->kinds[section];
    const char *list;
    /* each array is of a type of its own: the pointer is copied, not looked at through another */
    memcpy(&list, (const char *)root + kind->list, sizeof list);
    memcpy(count, (const char *)root + kind->count, sizeof *count);
    return list;
}

static void *section_add(struct reading *r, const char *name)
{
    const struct config_kind_row *kind = &r->table->kinds[r->section];
    char *former, *list;
    size_t count;
    memcpy(&former, (char *)r->root + kind->list, sizeof former);
    memcpy(&count, (char *)r->root + kind->count, sizeof count);
    list = realloc(former, (count + 1) * kind->size);
    if (!list) { /* the former one stays where it was, and is freed from there */
        r->rc = -ENOMEM;
        return NULL;
    }
    char *made = list + count++ * kind->size;
    memset(made, 0, kind->size);
    text_copy(made, NAME_BYTES, name);
    memcpy((char *)r->root + kind->list, &list, sizeof list);
    memcpy((char *)r->root + kind->count, &count, sizeof count);
    if (config_keys_default(r->table, r->section, made) != 0)
        r->rc = -ENOMEM;
    return made;
}

/* Whatever can only be judged once the whole section has been read. */
static void section_end(struct reading *r)
{
    if (r->owner) {
        for (size_t i = 0; i < r->table->key_count; i++) {
            const struct config_key *key = &r->table->keys[i];
            if ((int)key->section == r->section && !key->fallback && !key->optional && !r->seen[i])
                mistake_at(r, r->opened, "[%s] %s: is missing", r->title, key->name);
        }
        if (r->table->kinds[r->section].check)
            r->table->kinds[r->section].check(r, r->root, r->owner);
    }
    r->owner = NULL;
    memset(r->seen, 0, sizeof r->seen);
    memset(r->wrong, 0, sizeof r->wrong);
}

/* True where no such section stood before, in this file or another. */
static bool heading_add(struct reading *r)
{
    for (size_t i = 0; i < r->heading_count; i++)
        if (strcmp(r->headings[i].title, r->title) == 0) {
            mistake_at(r, r->line, "[%s]: stands already at %s", r->title, r->headings[i].where);
            return false;
        }
    char where[300];
    snprintf(where, sizeof where, "%s:%u", r->file, r->line);
    struct heading *grown = realloc(r->headings, (r->heading_count + 1) * sizeof *grown);
    if (grown)
        r->headings = grown;
    struct heading made = {strdup(r->title), strdup(where)};
    if (!grown || !made.title || !made.where) {
        free(made.title);
        free(made.where);
        r->rc = -ENOMEM;
        return false;
    }
    r->headings[r->heading_count++] = made;
    return true;
}

static void section_unknown(struct reading *r, const char *kind, const char *name)
{
    const char *words[CONFIG_KEYS_MAX];
    char all[400] = "";
    size_t len = 0;
    for (size_t i = 0; i < r->table->kind_count; i++) {
        const char *join = i == 0 ? "" : i + 1 < r->table->kind_count ? ", " : " and ";
        words[i] = r->table->kinds[i].word;
        if (len < sizeof all)
            len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", join,
                                    r->table->kinds[i].title);
    }
    const char *near = text_nearest(kind, words, r->table->kind_count);
    if (near)
        mistake_at(r, r->line, "[%s]: no such section, did you mean [%s%s%s]?", r->title, near,
                   *name ? " " : "", name);
    else
        mistake_at(r, r->line, "[%s]: no such section; there are %s", r->title, all);
}

static void section_begin(struct reading *r, const char *word, const char *name)
{
    size_t i = 0;
    while (i < r->table->kind_count && strcmp(word, r->table->kinds[i].word) != 0)
        i++;
    if (i == r->table->kind_count) {
        section_unknown(r, word, name);
        return;
    }
    const struct config_kind_row *kind = &r->table->kinds[i];
    r->section = (int)i;
    if (kind->size == 0 && *name)
        mistake_at(r, r->line, "[%s]: has no name, there is one: [%s]", r->title, word);
    else if (kind->size && !*name)
        mistake_at(r, r->line, "[%s]: wants a name: [%s NAME]", word, word);
    else if (kind->size && !config_name_ok(name))
        mistake_at(r, r->line, "[%s]: a name is 1 to 63 letters, digits, - and _", r->title);
    else if (heading_add(r))
        r->owner = kind->size ? section_add(r, name) : r->root;
}

/* `text` starts at the bracket. */
static void take_heading(struct reading *r, const char *text)
{
    section_end(r);
    r->in_section = true;
    r->opened = r->line;
    const char *end = strchr(text, ']');
    if (!end) {
        mistake_at(r, r->line, "a section without its ]");
        return;
    }
    if (end[1 + strspn(end + 1, " \t")]) {
        mistake_at(r, r->line, "more text after ]; comments stand on lines of their own");
        return;
    }
    char kind[96];
    size_t len = (size_t)(end - text) - 1;
    if (len >= sizeof kind) {
        mistake_at(r, r->line, "a section's name is over %zu bytes", sizeof kind - 1);
        return;
    }
    memcpy(kind, text + 1, len);
    kind[len] = '\0';
    while (len && strchr(" \t", kind[len - 1]))
        kind[--len] = '\0';
    char *start = kind + strspn(kind, " \t");
    char *name = start + strcspn(start, " \t");
    if (*name)
        *name++ = '\0';
    name += strspn(name, " \t");
    snprintf(r->title, sizeof r->title, "%s%s%s", start, *name ? " " : "", name);
    section_begin(r, start, name);
}

/* --- lines --------------------------------------------------------------------------------------
 */

/* A key that stands twice; each word of a key.* once. */
static bool is_double(struct reading *r, int i, const char *name)
{
    bool pairs = r->table->keys[i].kind == KIND_PAIRS;
    unsigned line = pairs && r->seen[i] ? line_of(r, name) : r->seen[i];
    if (pairs && r->seen[i] &&
        !config_pair_find((const void *)((char *)r->owner + r->table->keys[i].offset),
                          strchr(name, '.') + 1))
        return false;
    if (line)
        mistake_at(r, r->line, "[%s] %s: stands already at line %u", r->title, name, line);
    return line != 0;
}

/* inih's handler: one key of one line, trimmed. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    (void)section; /* cut at 50 bytes there; ours is r->title */
    if (!value) {
        mistake_at(r, r->line, "neither [section] nor key = value");
        return 1;
    }
    if (!r->in_section) {
        mistake_at(r, r->line, "%.64s: a key before the first [section]", name);
        return 1;
    }
    if (!r->owner)
        return 1;
    int i = config_key_find(r->table, r->section, name);
    if (i < 0) {
        const char *near = config_key_nearest(r->table, r->section, name);
        mistake_at(r, r->line, "[%s] %.64s: no such key%s%s%s", r->title, name,
                   near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
        return 1;
    }
    if (is_double(r, i, name))
        return 1;
    r->seen[i] = r->line;
    char why[300];
    const struct config_value written = {name, value, r->line};
    int rc = config_key_set(&r->table->keys[i], r->owner, &written, why, sizeof why);
    if (rc == -ENOMEM) {
        r->rc = rc;
    } else if (rc != 0) {
        r->wrong[i] = true;
        mistake_at(r, r->line, "[%s] %s: %s", r->title, name, why);
    }
    return 1;
}

/* NULL, or what is wrong with the bytes of a line. */
static const char *line_fault(const char *line, size_t len)
{
    if (len > LINE_MAX_BYTES)
        return "the line is too long";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return c ? "a control character" : "a NUL byte";
    }
    return text_utf8_valid(line, len) ? NULL : "not UTF-8";
}

/* inih's reader: hands over one line at a time. Headings are taken here, and inih sees an empty
 * line in their place: it cuts section names at 50 bytes, ignores what follows the ] and never
 * mentions an empty section. Lines are counted here, since Debian's build does not tell the
 * handler. */
static char *next_line(char *out, int room, void *user)
{
    struct reading *r = user;
    assert(room > LINE_MAX_BYTES + 2);
    if (r->at == r->end || r->rc != 0)
        return NULL;
    const char *line = r->at;
    const char *feed = memchr(line, '\n', (size_t)(r->end - line));
    size_t len = (size_t)((feed ? feed : r->end) - line);
    r->at = feed ? feed + 1 : r->end;
    r->line++;
    if (len && line[len - 1] == '\r')
        len--;

    size_t keep = len;
    const char *fault = line_fault(line, len);
    if (fault) {
        mistake_at(r, r->line, "%s", fault);
        keep = 0;
    }
    memcpy(out, line, keep);
    out[keep] = '\0';
    const char *start = out + strspn(out, " \t");
    if (*start == '[') {
        take_heading(r, start);
        keep = 0;
    }
    out[keep] = '\n';
    out[keep + 1] = '\0';
    return out;
}

void reading_take(struct reading *r, const char *file, const char *bytes, size_t len)
{
    static const char bom[] = "\xef\xbb\xbf";
    size_t skip = len >= 3 && memcmp(bytes, bom, 3) == 0 ? 3 : 0;
    r->file = file;
    r->at = bytes + skip;
    r->end = bytes + len;
    r->line = 0;
    r->in_section = false;
    /* Globals of the library. As built by Debian a line over 200 bytes is cut inside a letter, " ;"
     * eats the tail of a value, and an indented line becomes a second value of the key above. */
    ini_max_line = ini_initial_alloc = LINE_MAX_BYTES + 96;
    ini_use_stack = false;
    ini_allow_realloc = true;
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_allow_no_value = true; /* so that take_key() hears of every such line */
    if (ini_parse_stream(next_line, r, take_key, r) == -2)
        r->rc = -ENOMEM;
    section_end(r);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

struct reading *reading_new(const struct config_table *table, void *root,
                            struct config_mistakes *mistakes)
{
    assert(table->key_count <= CONFIG_KEYS_MAX && table->kind_count <= CONFIG_KEYS_MAX);
    *mistakes = (struct config_mistakes){0};
    struct reading *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->table = table;
    r->root = root;
    r->mistakes = mistakes;
    r->file = "";
    for (size_t i = 0; i < table->kind_count; i++)
        if (table->kinds[i].size == 0 && config_keys_default(table, (int)i, root) != 0)
            r->rc = -ENOMEM;
    return r;
}

int reading_end(struct reading *r)
{
    for (size_t i = 0; i < r->heading_count; i++) {
        free(r->headings[i].title);
        free(r->headings[i].where);
    }
    free(r->headings);
    int rc = r->rc == 0 && r->mistakes->count ? -EINVAL : r->rc;
    free(r);
    return rc;
}

static void section_clear(const struct config_table *table, size_t section, void *owner)
{
    for (size_t i = 0; i < table->key_count; i++)
        if ((size_t)table->keys[i].section == section)
            config_key_clear(&table->keys[i], owner);
}

void config_root_clear(const struct config_table *table, void *root)
{
    for (size_t i = 0; i < table->kind_count; i++) {
        const struct config_kind_row *kind = &table->kinds[i];
        char *list;
        size_t count;
        if (kind->size == 0) {
            section_clear(table, i, root);
            continue;
        }
        memcpy(&list, (char *)root + kind->list, sizeof list);
        memcpy(&count, (char *)root + kind->count, sizeof count);
        for (size_t j = 0; j < count; j++)
            section_clear(table, i, list + j * kind->size);
        free(list);
    }
}
