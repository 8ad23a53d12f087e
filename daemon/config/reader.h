/* reader: the bytes of INI files into structs, after a table of keys; all mistakes are told.
 * Knows lines and sections, no key by name. */
#ifndef OTPGATE_READER_H
#define OTPGATE_READER_H

#include "config.h"
#include "keys.h"

struct reading;

/* One reading, of any number of files, into `root`, whose keys are set to their defaults first.
 * NULL: no memory. */
struct reading *reading_new(const struct config_table *table, void *root,
                            struct config_mistakes *mistakes) __attribute__((warn_unused_result));
/* `file` is what messages call it; it outlives the reading. */
void reading_take(struct reading *reading, const char *file, const char *bytes, size_t len);
/* A mistake of the file itself. */
void reading_mistake(struct reading *reading, const char *file, const char *what);
/* 0, -EINVAL where there are mistakes, -ENOMEM. Frees the reading. */
int reading_end(struct reading *reading) __attribute__((warn_unused_result));
/* Frees what lies behind `root`, and not itself. */
void config_root_clear(const struct config_table *table, void *root);
/* The array of sections of that kind, and its length. */
const char *config_sections(const struct config_table *table, int section, const void *root,
                            size_t *count);

/* For a config_check_fn: in the section just read, at the line of `key` ("template.vi" too); NULL:
 * at its heading. */
void config_mistake(struct reading *reading, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* For the same: its value was refused already, and what stands in the struct is its default. */
bool config_is_wrong(const struct reading *reading, const char *key);

#endif
