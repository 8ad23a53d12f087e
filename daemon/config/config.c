#include "config.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "keys.h"
#include "text.h"

enum { LINE_MAX_BYTES = 4000, FILE_MAX_BYTES = 1 << 20, MISTAKES_MAX = 200, KEYS_MAX = 64 };

struct heading {
    char *title; /* "modem viettel-1" */
    char *where; /* "otpgate.conf:7" */
};

/* One reading of the main file and all of conf.d. */
struct reading {
    struct config *config;
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
    enum config_section section;
    void *owner;
    char title[96];
    unsigned opened;         /* its line */
    unsigned seen[KEYS_MAX]; /* line of each key, 0: not given */
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

/* --- sections -----------------------------------------------------------------------------------
 */

static bool modem_name_ok(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(name);
    return len > 0 && len < sizeof((struct config_modem *)NULL)->name &&
           strspn(name, allowed) == len;
}

static struct config_modem *modem_add(struct reading *r, const char *name)
{
    struct config *config = r->config;
    struct config_modem *grown = realloc(config->modems, (config->modem_count + 1) * sizeof *grown);
    if (!grown) {
        r->rc = -ENOMEM;
        return NULL;
    }
    config->modems = grown;
    struct config_modem *modem = &grown[config->modem_count++];
    memset(modem, 0, sizeof *modem);
    text_copy(modem->name, sizeof modem->name, name);
    config_keys_default(SECTION_MODEM, modem);
    return modem;
}

/* Two links on one port would speak over each other. */
static void check_port(struct reading *r, const struct config_modem *modem, unsigned line)
{
    const struct config *config = r->config;
    for (size_t i = 0; *modem->port && i < config->modem_count; i++) {
        const struct config_modem *other = &config->modems[i];
        if (other != modem && strcmp(other->port, modem->port) == 0)
            mistake_at(r, line, "[%s] port: is the port of [modem %s] already", r->title,
                       other->name);
    }
}

/* Whatever can only be judged once the whole section has been read. */
static void section_end(struct reading *r)
{
    if (r->owner) {
        for (size_t i = 0; i < config_key_count; i++) {
            const struct config_key *key = &config_keys[i];
            if (key->section == r->section && !key->fallback && !r->seen[i])
                mistake_at(r, r->opened, "[%s] %s: is missing", r->title, key->name);
        }
        int port = config_key_find(SECTION_MODEM, "port");
        if (r->section == SECTION_MODEM && r->seen[port])
            check_port(r, r->owner, r->seen[port]);
    }
    r->owner = NULL;
    memset(r->seen, 0, sizeof r->seen);
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

static void section_begin(struct reading *r, const char *kind, const char *name)
{
    static const char *const kinds[CONFIG_SECTIONS] = {"gateway", "modem"};
    if (strcmp(kind, kinds[SECTION_GATEWAY]) == 0) {
        r->section = SECTION_GATEWAY;
        if (*name)
            mistake_at(r, r->line, "[%s]: has no name, there is one: [gateway]", r->title);
        else if (heading_add(r))
            r->owner = r->config;
    } else if (strcmp(kind, kinds[SECTION_MODEM]) == 0) {
        r->section = SECTION_MODEM;
        if (!*name)
            mistake_at(r, r->line, "[modem]: wants a name: [modem NAME]");
        else if (!modem_name_ok(name))
            mistake_at(r, r->line, "[%s]: a name is 1 to 63 letters, digits, - and _", r->title);
        else if (heading_add(r))
            r->owner = modem_add(r, name);
    } else {
        const char *near = text_nearest(kind, kinds, CONFIG_SECTIONS);
        if (near)
            mistake_at(r, r->line, "[%s]: no such section, did you mean [%s%s%s]?", r->title, near,
                       *name ? " " : "", name);
        else
            mistake_at(r, r->line, "[%s]: no such section; there are [gateway] and [modem NAME]",
                       r->title);
    }
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
    int i = config_key_find(r->section, name);
    if (i < 0) {
        const char *near = config_key_nearest(r->section, name);
        mistake_at(r, r->line, "[%s] %.64s: no such key%s%s%s", r->title, name,
                   near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
        return 1;
    }
    if (r->seen[i]) {
        mistake_at(r, r->line, "[%s] %s: stands already at line %u", r->title, name, r->seen[i]);
        return 1;
    }
    r->seen[i] = r->line;
    char why[300];
    if (config_key_set(&config_keys[i], r->owner, value, why, sizeof why) != 0) {
        mistake_at(r, r->line, "[%s] %s: %s", r->title, name, why);
        if (config_keys[i].kind == KIND_PORT)
            *((char *)r->owner + config_keys[i].offset) = '\0';
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

static void read_bytes(struct reading *r, const char *file, const char *bytes, size_t len)
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

/* --- files --------------------------------------------------------------------------------------
 */

static int read_all(int fd, char **bytes, size_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    if (st.st_size > FILE_MAX_BYTES)
        return -EFBIG;
    char *at = malloc((size_t)st.st_size + 1);
    if (!at)
        return -ENOMEM;
    size_t have = 0;
    while (have < (size_t)st.st_size) {
        ssize_t got = read(fd, at + have, (size_t)st.st_size - have);
        if (got < 0 && errno != EINTR) {
            int rc = -errno;
            free(at);
            return rc;
        }
        if (got == 0)
            break;
        have += got > 0 ? (size_t)got : 0;
    }
    *bytes = at;
    *len = have;
    return 0;
}

/* 0, or -errno of the file, which is a mistake too. */
static int read_file(struct reading *r, const char *path, const char *label)
{
    char *bytes = NULL;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc = fd < 0 ? -errno : read_all(fd, &bytes, &len);
    if (fd >= 0)
        close(fd);
    if (rc == 0) {
        read_bytes(r, label, bytes, len);
        free(bytes);
        return 0;
    }
    r->file = label;
    mistake_at(r, 0, "%s", strerror(-rc));
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
        r->file = "conf.d";
        mistake_at(r, 0, "%s", strerror(-rc));
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

static int reading_begin(struct reading *r, struct config_mistakes *mistakes)
{
    assert(config_key_count <= KEYS_MAX);
    *r = (struct reading){.mistakes = mistakes, .file = ""};
    *mistakes = (struct config_mistakes){0};
    r->config = calloc(1, sizeof *r->config);
    if (!r->config)
        return -ENOMEM;
    config_keys_default(SECTION_GATEWAY, r->config);
    return 0;
}

static int reading_end(struct reading *r, int rc, struct config **out)
{
    for (size_t i = 0; i < r->heading_count; i++) {
        free(r->headings[i].title);
        free(r->headings[i].where);
    }
    free(r->headings);
    if (rc == 0)
        rc = r->rc;
    if (rc == 0 && r->mistakes->count)
        rc = -EINVAL;
    if (rc != 0) {
        config_free(r->config);
        r->config = NULL;
    }
    *out = r->config;
    return rc;
}

int config_load(const char *path, struct config **out, struct config_mistakes *mistakes)
{
    struct reading r;
    *out = NULL;
    int rc = reading_begin(&r, mistakes);
    if (rc != 0)
        return rc;
    const char *slash = strrchr(path, '/');
    rc = read_file(&r, path, slash ? slash + 1 : path);
    if (rc == 0) {
        char beside[4096];
        int len = snprintf(beside, sizeof beside, "%.*sconf.d", slash ? (int)(slash - path) + 1 : 0,
                           path);
        rc = (size_t)len < sizeof beside ? read_directory(&r, beside) : -ENAMETOOLONG;
    }
    return reading_end(&r, rc, out);
}

int config_parse(const char *name, const char *bytes, size_t len, struct config **out,
                 struct config_mistakes *mistakes)
{
    struct reading r;
    *out = NULL;
    int rc = reading_begin(&r, mistakes);
    if (rc != 0)
        return rc;
    read_bytes(&r, name, bytes, len);
    return reading_end(&r, 0, out);
}

void config_free(struct config *config)
{
    if (config)
        free(config->modems);
    free(config);
}

void config_mistakes_free(struct config_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        free(mistakes->line[i]);
    free(mistakes->line);
    *mistakes = (struct config_mistakes){0};
}
