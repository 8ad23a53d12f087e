#include "carriers_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "keys.h"
#include "reader.h"
#include "text.h"

/* daemon/config/carriers.ini, made into an array by CMake */
extern const char carriers_builtin_text[];
extern const size_t carriers_builtin_size;

/* A section as it was written. */
struct written {
    char name[64];
    char title[64];
    char care[20];
    struct config_list host, mcc_mnc, prefixes, registry, registry_from, own_number, balance;
};
struct written_file {
    struct written *sections;
    size_t count;
};

/* --- items --- */

static bool all_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static bool code_ok(const char *text)
{
    size_t len = strlen(text);
    return all_digits(text) && (len == 5 || len == 6);
}

/* "086", or "032-039". */
static bool range_take(const char *text, struct carrier_range *out)
{
    char first[2 * sizeof out->first], *last;
    if (!text_copy(first, sizeof first, text))
        return false;
    last = strchr(first, '-');
    if (last)
        *last++ = '\0';
    else
        last = first;
    bool ok = all_digits(first) && all_digits(last) && *first == '0' && *last == '0' &&
              strlen(first) >= 2 && strlen(first) == strlen(last) && strcmp(first, last) <= 0;
    return ok && text_copy(out->first, sizeof out->first, first) &&
           text_copy(out->last, sizeof out->last, last);
}

static bool ussd_ok(const char *text)
{
    size_t len = strlen(text);
    return len >= 2 && len < sizeof((struct carrier *)0)->balance[0] &&
           (*text == '*' || *text == '#') && strspn(text, "0123456789*#") == len;
}

/* Plain letters and digits: it goes to a modem. */
static bool word_ok(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len < sizeof((struct carrier_way *)0)->text &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ") == len;
}

/* "1>2": what is answered to one menu after the other. NULL: none. */
static bool answers_take(const char *text, struct carrier_way *out)
{
    while (text && out->answers < CARRIER_ANSWERS) {
        char *answer = out->answer[out->answers++];
        size_t len = strcspn(text, ">");
        if (len == 0 || len >= sizeof out->answer[0] || strspn(text, "0123456789*#") != len)
            return false;
        memcpy(answer, text, len);
        text = text[len] ? text + len + 1 : NULL;
    }
    return !text;
}

static bool way_take(const char *text, struct carrier_way *out)
{
    char code[sizeof out->text];
    *out = (struct carrier_way){.ussd = strncmp(text, "ussd:", 5) == 0};
    if (!out->ussd && strncmp(text, "sms:", 4) != 0)
        return false;
    text = strchr(text, ':') + 1;
    if (!out->ussd)
        return word_ok(text) && text_copy(out->text, sizeof out->text, text);
    size_t len = strcspn(text, ">");
    if (len >= sizeof code)
        return false;
    memcpy(code, text, len);
    code[len] = '\0';
    return ussd_ok(code) && text_copy(out->text, sizeof out->text, code) &&
           answers_take(text[len] ? text + len + 1 : NULL, out);
}

/* A number as it is shown, or a name: what a message says that it comes from. */
static bool sender_ok(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len < sizeof((struct carrier *)0)->sender[0];
}

/* --- what a section must hold, once it has been read --- */

static bool overlap(const struct carrier_range *a, const struct carrier_range *b)
{
    return strlen(a->first) == strlen(b->first) && strcmp(a->first, b->last) <= 0 &&
           strcmp(b->first, a->last) <= 0;
}

static void check_ranges(struct reading *reading, const struct written_file *file,
                         const struct written *section)
{
    struct carrier_range mine, other;
    for (size_t i = 0; i < section->prefixes.count; i++) {
        const char *text = section->prefixes.item[i];
        if (!range_take(text, &mine)) {
            config_mistake(reading, "prefixes", "%.20s: wants digits with their 0, or FIRST-LAST",
                           text);
            continue;
        }
        for (const struct written *w = file->sections; w <= section; w++)
            for (size_t k = 0; k < (w == section ? i : w->prefixes.count); k++)
                if (range_take(w->prefixes.item[k], &other) && overlap(&mine, &other))
                    config_mistake(reading, "prefixes", "%.20s: is in [carrier %s] already", text,
                                   w->name);
    }
}

static void check_codes(struct reading *reading, const struct written_file *file,
                        const struct written *section)
{
    for (size_t i = 0; i < section->mcc_mnc.count; i++) {
        const char *text = section->mcc_mnc.item[i];
        if (!code_ok(text))
            config_mistake(reading, "mcc_mnc", "%.20s: wants five or six digits", text);
        for (const struct written *w = file->sections; w <= section; w++)
            for (size_t k = 0; k < (w == section ? i : w->mcc_mnc.count); k++)
                if (strcmp(text, w->mcc_mnc.item[k]) == 0)
                    config_mistake(reading, "mcc_mnc", "%.20s: is in [carrier %s] already", text,
                                   w->name);
    }
}

static void check_codes_of_ussd(struct reading *reading, const char *key,
                                const struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (!ussd_ok(list->item[i]))
            config_mistake(reading, key, "%.20s: wants a USSD code of digits, * and #",
                           list->item[i]);
}

static void check_carrier(struct reading *reading, const void *root, const void *of)
{
    const struct written_file *file = root;
    const struct written *section = of;
    struct carrier_way way;
    check_codes(reading, file, section);
    check_ranges(reading, file, section);
    check_codes_of_ussd(reading, "own_number", &section->own_number);
    check_codes_of_ussd(reading, "balance", &section->balance);
    for (size_t i = 0; i < section->registry.count; i++)
        if (!way_take(section->registry.item[i], &way))
            config_mistake(reading, "registry", "%.20s: wants sms:TEXT or ussd:CODE",
                           section->registry.item[i]);
    for (size_t i = 0; i < section->registry_from.count; i++)
        if (!sender_ok(section->registry_from.item[i]))
            config_mistake(reading, "registry_from", "%.20s: is too long for a sender",
                           section->registry_from.item[i]);
    if (section->host.count == 0)
        return;
    const struct written *host = file->sections;
    while (host < section && strcmp(host->name, section->host.item[0]) != 0)
        host++;
    if (host == section)
        config_mistake(reading, "host", "%.63s: no such carrier above", section->host.item[0]);
    else if (host->host.count)
        config_mistake(reading, "host", "%s: is a virtual carrier itself", host->name);
}

/* --- the table --- */

#define CARRIER(member)                                                                            \
    .section = 0, .name = #member, .full = "[carrier] " #member,                                   \
    .offset = offsetof(struct written, member), .room = sizeof(((struct written *)NULL)->member)
#define CARRIER_LIST(member, most)                                                                 \
    CARRIER(member), .kind = KIND_LIST, .low = 0, .high = (most), .fallback = ""

static const struct config_key keys[] = {
    {CARRIER(title), .kind = KIND_TEXT},
    {CARRIER(care), .kind = KIND_PHONE, .fallback = ""},
    {CARRIER_LIST(host, 1)},
    {CARRIER_LIST(mcc_mnc, CARRIER_CODES)},
    {CARRIER_LIST(prefixes, CARRIER_RANGES)},
    {CARRIER_LIST(registry, CARRIER_WAYS)},
    {CARRIER_LIST(registry_from, CARRIER_SENDERS)},
    {CARRIER_LIST(own_number, CARRIER_USSD)},
    {CARRIER_LIST(balance, CARRIER_USSD)},
};
static const struct config_kind_row kinds[] = {
    {"carrier", "[carrier NAME]", sizeof(struct written), offsetof(struct written_file, sections),
     offsetof(struct written_file, count), check_carrier},
};
static const struct config_table table = {
    .kinds = kinds,
    .kind_count = sizeof kinds / sizeof kinds[0],
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
};

/* --- from what was written to what is asked --- */

static size_t texts_copy(char (*out)[24], const struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        text_copy(out[i], sizeof out[i], list->item[i]);
    return list->count;
}

/* Without mistakes each item fits: the keys' limits are those of struct carrier. */
static void carrier_make(const struct written *w, struct carrier *c)
{
    text_copy(c->name, sizeof c->name, w->name);
    text_copy(c->title, sizeof c->title, w->title);
    text_copy(c->care, sizeof c->care, w->care);
    if (w->host.count)
        text_copy(c->host, sizeof c->host, w->host.item[0]);
    for (size_t i = 0; i < w->mcc_mnc.count; i++)
        text_copy(c->code[c->code_count++], sizeof c->code[0], w->mcc_mnc.item[i]);
    for (size_t i = 0; i < w->prefixes.count; i++)
        c->range_count += range_take(w->prefixes.item[i], &c->range[c->range_count]);
    for (size_t i = 0; i < w->registry.count; i++)
        c->way_count += way_take(w->registry.item[i], &c->way[c->way_count]);
    c->sender_count = texts_copy(c->sender, &w->registry_from);
    c->own_number_count = texts_copy(c->own_number, &w->own_number);
    c->balance_count = texts_copy(c->balance, &w->balance);
}

static struct carriers *carriers_make(const struct written_file *file, const char *country)
{
    struct carriers *carriers = calloc(1, sizeof *carriers);
    if (!carriers)
        return NULL;
    text_copy(carriers->country, sizeof carriers->country, country);
    carriers->carrier = calloc(file->count ? file->count : 1, sizeof *carriers->carrier);
    if (!carriers->carrier) {
        free(carriers);
        return NULL;
    }
    carriers->count = file->count;
    for (size_t i = 0; i < file->count; i++)
        carrier_make(&file->sections[i], &carriers->carrier[i]);
    return carriers;
}

int carriers_parse(const char *name, const char *bytes, size_t len, const char *country,
                   struct carriers **out, struct config_mistakes *mistakes)
{
    struct written_file file = {0};
    struct reading *reading = reading_new(&table, &file, mistakes);
    *out = NULL;
    if (reading)
        reading_take(reading, name, bytes, len);
    int rc = reading ? reading_end(reading) : -ENOMEM;
    if (rc == 0) {
        *out = carriers_make(&file, country);
        rc = *out ? 0 : -ENOMEM;
    }
    config_root_clear(&table, &file);
    return rc;
}

int carriers_load_builtin(const char *country, struct carriers **out,
                          struct config_mistakes *mistakes)
{
    return carriers_parse("carriers.ini (built in)", carriers_builtin_text, carriers_builtin_size,
                          country, out, mistakes);
}

int carriers_load(const char *path, const char *country, struct carriers **out,
                  struct config_mistakes *mistakes)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *bytes = NULL;
    size_t len = 0;
    int rc = file_read(path, &bytes, &len);
    *out = NULL;
    if (rc == -ENOENT && strcmp(path, CARRIERS_PATH) == 0)
        return carriers_load_builtin(country, out, mistakes);
    if (rc == 0) {
        rc = carriers_parse(name, bytes, len, country, out, mistakes);
        free(bytes);
        return rc;
    }
    struct written_file none = {0};
    struct reading *reading = reading_new(&table, &none, mistakes);
    if (!reading)
        return -ENOMEM;
    reading_mistake(reading, name, strerror(-rc));
    int told = reading_end(reading);
    return told == -ENOMEM ? told : rc;
}

void carriers_free(struct carriers *carriers)
{
    if (carriers)
        free(carriers->carrier);
    free(carriers);
}
