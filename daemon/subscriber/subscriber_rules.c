#include "subscriber_rules.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "subscriber_fold.h"
#include "text.h"

enum { LINE_BYTES = 2000, FILE_BYTES = 256 * 1024, ROWS_MAX = 2000 };

/* Made from subscriber.ini by CMake. */
extern const char subscriber_ini_text[];
extern const size_t subscriber_ini_size;

static const char *const field_names[] = {
    [SUBSCRIBER_FULL_NAME] = "full_name",
    [SUBSCRIBER_BIRTH_DATE] = "birth_date",
    [SUBSCRIBER_ID_NUMBER] = "id_number",
    [SUBSCRIBER_ID_TYPE] = "id_type",
    [SUBSCRIBER_ID_ISSUED_ON] = "id_issued_on",
    [SUBSCRIBER_ID_ISSUED_BY] = "id_issued_by",
    [SUBSCRIBER_MSISDN] = "msisdn",
    [SUBSCRIBER_ADDRESS] = "address",
    [SUBSCRIBER_SUBSCRIBER_TYPE] = "subscriber_type",
    [SUBSCRIBER_STATUS] = "status",
    [SUBSCRIBER_REGISTERED_ON] = "registered_on",
    [SUBSCRIBER_OTHER] = "other",
};
static const char *const refusal_names[] = {
    [REFUSAL_NONE] = "none",
    [REFUSAL_QUOTA] = "quota",
    [REFUSAL_NOT_NOW] = "not_now",
    [REFUSAL_NOT_STANDARDISED] = "not_standardised",
    [REFUSAL_PREPAID_ONLY] = "prepaid_only",
    [REFUSAL_NOT_SUPPORTED] = "not_supported",
    [REFUSAL_NO_RECORD] = "text", /* its key in [no_record] */
};
static const char *const id_kind_names[] = {
    [ID_NONE] = "none", [ID_CCCD] = "cccd", [ID_CMND] = "cmnd", [ID_PASSPORT] = "passport"};

static const char *const balance_names[] = {
    [BALANCE_MAIN] = "main",        [BALANCE_MAIN_DATED] = "main_dated",
    [BALANCE_EXPIRES] = "expires",  [BALANCE_LEAD] = "lead",
    [BALANCE_FILLER] = "filler",    [BALANCE_BONUS] = "bonus",
    [BALANCE_POSTPAID] = "postpaid"};

/* One reading of the file. */
struct reading {
    struct subscriber_rules *rules;
    const char *name, *at, *end;
    unsigned line;
    char *why;
    size_t room;
    int rc; /* of the first mistake */
};

const char *subscriber_field_name(enum subscriber_field field)
{
    return field_names[field];
}

const char *subscriber_refusal_name(enum subscriber_refusal refusal)
{
    return refusal == REFUSAL_NO_RECORD ? "no_record" : refusal_names[refusal];
}

const char *subscriber_id_kind_name(enum subscriber_id_kind kind)
{
    return id_kind_names[kind];
}

bool subscriber_rules_apply(const char *of, const char *carrier)
{
    return !*of || strcmp(of, carrier) == 0;
}

static int mistake(struct reading *r, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int mistake(struct reading *r, int rc, const char *format, ...)
{
    if (r->rc != 0)
        return r->rc;
    int used = snprintf(r->why, r->room, "%s:%u: ", r->name, r->line);
    va_list args;
    va_start(args, format);
    if (used > 0 && (size_t)used < r->room)
        vsnprintf(r->why + used, r->room - (size_t)used, format, args);
    va_end(args);
    return r->rc = rc;
}

/* One more of `*rows`, zeroed; NULL: no memory, or too many. */
static void *row_add(struct reading *r, void **rows, size_t *count, size_t size)
{
    char *grown = *count < ROWS_MAX ? realloc(*rows, (*count + 1) * size) : NULL;
    if (!grown) {
        mistake(r, *count < ROWS_MAX ? -ENOMEM : -EINVAL, "more than can be taken");
        return NULL;
    }
    *rows = grown;
    return memset(grown + size * (*count)++, 0, size);
}

/* Folded, with one space between words. 0 or a mistake. */
static int words_make(struct reading *r, const char *text, size_t len, char *out, size_t room)
{
    struct subscriber_fold fold;
    size_t used = 0;
    bool gap = false;
    int rc = subscriber_fold_make(text, len, &fold);
    if (rc < 0)
        return mistake(r, rc == -ENOMEM ? rc : -EINVAL, "not a text in UTF-8");
    for (size_t i = 0; i < fold.len && rc == 0; i++) {
        if (fold.text[i] == ' ' || fold.text[i] == '\n') {
            gap = used > 0;
        } else if (used + 2 < room) {
            if (gap)
                out[used++] = ' ';
            gap = false;
            out[used++] = fold.text[i];
        } else {
            rc = mistake(r, -EINVAL, "a text of over %zu letters", room - 2);
        }
    }
    out[used] = '\0';
    subscriber_fold_clear(&fold);
    if (rc == 0 && used == 0)
        rc = mistake(r, -EINVAL, "an empty text");
    return rc;
}

static void take_label(struct reading *r, const char *carrier, int field, const char *text,
                       size_t len)
{
    void *rows = r->rules->labels;
    struct subscriber_label *label = row_add(r, &rows, &r->rules->label_count, sizeof *label);
    r->rules->labels = rows;
    if (!label)
        return;
    label->field = (enum subscriber_field)field;
    text_copy(label->carrier, sizeof label->carrier, carrier);
    label->strict = len > 0 && text[len - 1] == ':';
    (void)words_make(r, text, len - label->strict, label->words, sizeof label->words);
}

static void take_phrase(struct reading *r, struct subscriber_phrase **list, size_t *count,
                        const char *carrier, int means, const char *text, size_t len)
{
    void *rows = *list;
    struct subscriber_phrase *phrase = row_add(r, &rows, count, sizeof *phrase);
    *list = rows;
    if (!phrase)
        return;
    phrase->means = means;
    text_copy(phrase->carrier, sizeof phrase->carrier, carrier);
    (void)words_make(r, text, len, phrase->words, sizeof phrase->words);
}

/* The sections, what their keys are called, and the value of the first of them. */
enum section_kind {
    SECTION_LABELS,
    SECTION_REFUSED,
    SECTION_NO_RECORD,
    SECTION_ID_TYPE,
    SECTION_BALANCE
};
static const struct section {
    const char *name;
    enum section_kind kind;
    bool by_carrier;
    const char *const *keys;
    int first, last;
} sections[] = {
    {"labels", SECTION_LABELS, true, field_names, SUBSCRIBER_FULL_NAME, SUBSCRIBER_OTHER},
    {"refused", SECTION_REFUSED, true, refusal_names, REFUSAL_QUOTA, REFUSAL_NOT_SUPPORTED},
    {"no_record", SECTION_NO_RECORD, true, refusal_names, REFUSAL_NO_RECORD, REFUSAL_NO_RECORD},
    {"id_type", SECTION_ID_TYPE, false, id_kind_names, ID_CCCD, ID_PASSPORT},
    {"balance", SECTION_BALANCE, true, balance_names, BALANCE_MAIN, BALANCE_POSTPAID},
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static const struct section *section_find(struct reading *r, const char *title, char *carrier)
{
    size_t len = strcspn(title, " \t");
    const char *name = title + len + strspn(title + len, " \t");
    *carrier = '\0';
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct section *section = &sections[i];
        if (strlen(section->name) != len || strncmp(section->name, title, len) != 0)
            continue;
        if (*name && !section->by_carrier)
            mistake(r, -EINVAL, "[%s]: is the same for all carriers", section->name);
        else if (*name)
            (void)words_make(r, name, strlen(name), carrier, SUBSCRIBER_CARRIER_MAX);
        return section;
    }
    mistake(r, -EINVAL, "[%.40s]: no such section", title);
    return NULL;
}

static void take_text(struct reading *r, const struct section *section, const char *carrier,
                      int means, const char *text, size_t len)
{
    struct subscriber_rules *rules = r->rules;
    switch (section->kind) {
    case SECTION_LABELS:
        take_label(r, carrier, means, text, len);
        return;
    case SECTION_REFUSED:
    case SECTION_NO_RECORD:
        take_phrase(r, &rules->phrases, &rules->phrase_count, carrier, means, text, len);
        return;
    case SECTION_ID_TYPE:
        take_phrase(r, &rules->types, &rules->type_count, carrier, means, text, len);
        return;
    case SECTION_BALANCE:
        take_phrase(r, &rules->balance, &rules->balance_count, carrier, means, text, len);
        return;
    }
}

/* inih's handler: one key of one line, trimmed. */
static int take_key(void *user, const char *title, const char *key, const char *value)
{
    struct reading *r = user;
    char carrier[SUBSCRIBER_CARRIER_MAX];
    if (r->rc != 0)
        return 1;
    const struct section *section = section_find(r, title, carrier);
    if (!section || r->rc != 0)
        return 1;
    int means = section->first;
    while (means <= section->last && strcmp(section->keys[means], key) != 0)
        means++;
    if (means > section->last || !value) {
        mistake(r, -EINVAL, "[%s] %.40s: no such key", section->name, key);
        return 1;
    }
    for (const char *text = value;; text++) {
        size_t whole = strcspn(text, "|"), len = whole;
        const char *start = text;
        while (len > 0 && strchr(" \t", *start))
            start++, len--;
        while (len > 0 && strchr(" \t", start[len - 1]))
            len--;
        take_text(r, section, carrier, means, start, len);
        text += whole;
        if (!*text)
            return 1;
    }
}

/* inih's reader: one line at a time, counted; too long is a mistake. */
static char *next_line(char *out, int room, void *stream)
{
    struct reading *r = stream;
    assert(room > LINE_BYTES + 2);
    if (r->at == r->end || r->rc != 0)
        return NULL;
    const char *feed = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t len = (size_t)((feed ? feed : r->end) - r->at);
    const char *line = r->at;
    r->at = feed ? feed + 1 : r->end;
    r->line++;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (len > LINE_BYTES || memchr(line, '\0', len) || !text_utf8_valid(line, len)) {
        mistake(r, -EINVAL, "a line of over %d bytes, or not UTF-8", LINE_BYTES);
        len = 0;
    }
    memcpy(out, line, len);
    memcpy(out + len, "\n", 2);
    return out;
}

int subscriber_rules_parse(const char *name, const char *bytes, size_t len,
                           struct subscriber_rules **out, char *why, size_t room)
{
    struct reading r = {.name = name, .at = bytes, .end = bytes + len, .why = why, .room = room};
    *out = NULL;
    *why = '\0';
    r.rules = calloc(1, sizeof *r.rules);
    if (!r.rules)
        return mistake(&r, -ENOMEM, "no memory");
    /* Globals of the library, see daemon/config. */
    ini_max_line = ini_initial_alloc = LINE_BYTES + 96;
    ini_use_stack = false;
    ini_allow_realloc = true;
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_allow_no_value = true;
    int rc = ini_parse_stream(next_line, &r, take_key, &r);
    if (rc == -2)
        mistake(&r, -ENOMEM, "no memory");
    else if (rc > 0)
        mistake(&r, -EINVAL, "line %d is neither [section] nor key = value", rc);
    if (r.rc == 0 && r.rules->label_count == 0)
        mistake(&r, -EINVAL, "no label at all");
    if (r.rc == 0)
        *out = r.rules;
    else
        subscriber_rules_free(r.rules);
    return r.rc;
}

/* 0 with malloc'd bytes, or -errno. */
static int file_read(const char *path, char **bytes, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    char *at = malloc(FILE_BYTES + 1);
    ssize_t got = at ? 1 : -1;
    int rc = at ? 0 : -ENOMEM;
    for (*len = 0; got > 0 && *len <= FILE_BYTES; *len += got > 0 ? (size_t)got : 0)
        got = read(fd, at + *len, FILE_BYTES + 1 - *len);
    if (rc == 0 && got < 0)
        rc = -errno;
    else if (rc == 0 && *len > FILE_BYTES)
        rc = -EFBIG;
    close(fd);
    if (rc < 0)
        free(at);
    else
        *bytes = at;
    return rc;
}

int subscriber_rules_load(const char *path, struct subscriber_rules **out, char *why, size_t room)
{
    char *bytes = NULL;
    size_t len = 0;
    int rc = *path ? file_read(path, &bytes, &len) : -ENOENT;
    *out = NULL;
    if (rc == -ENOENT)
        return subscriber_rules_parse("subscriber.ini", subscriber_ini_text, subscriber_ini_size,
                                      out, why, room);
    if (rc < 0) {
        snprintf(why, room, "%s: %s", path, strerror(-rc));
        return rc;
    }
    rc = subscriber_rules_parse(path, bytes, len, out, why, room);
    free(bytes);
    return rc;
}

void subscriber_rules_free(struct subscriber_rules *rules)
{
    if (!rules)
        return;
    free(rules->labels);
    free(rules->phrases);
    free(rules->types);
    free(rules->balance);
    free(rules);
}
