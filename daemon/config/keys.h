/* keys: the one table of what may stand in the configuration, and the check of each value.
 *
 * The parser, the help, the man page and the question "may this change without a restart" all read
 * this table; a key is added here and in struct config, nowhere else. Pure: no file is opened here
 * (a time zone is looked up by name, that is all). */
#ifndef OTPGATE_KEYS_H
#define OTPGATE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum config_section { SECTION_GATEWAY, SECTION_MODEM };
enum { CONFIG_SECTIONS = SECTION_MODEM + 1 };

enum config_kind {
    KIND_TEXT,   /* char[room]: any UTF-8 that fits, not empty */
    KIND_PATH,   /* char[room]: an absolute path */
    KIND_PORT,   /* char[room]: an absolute path or tcp://host:port */
    KIND_PHONE,  /* char[room]: 3 to 15 digits with an optional +; may be empty */
    KIND_DIGITS, /* char[room]: 1 to room - 1 digits, the first no 0 */
    KIND_ZONE,   /* char[room]: a time zone that this system knows */
    KIND_WORD,   /* char[room]: one of words */
    KIND_LEVEL,  /* int: the value of one of words */
    KIND_INT,    /* int: low to high */
    KIND_MODE,   /* int: octal, low to high */
    KIND_BOOL,   /* bool: yes or no */
};

struct config_word {
    const char *name;
    int value;
};

struct config_key {
    enum config_section section;
    const char *name;
    const char *full; /* "[gateway] socket", for messages */
    enum config_kind kind;
    size_t offset, room; /* in struct config or struct config_modem */
    int low, high;
    const struct config_word *words; /* ends with a NULL name */
    const char *fallback;            /* as one would write it; NULL: has to be given */
    bool reloadable;
    const char *help;
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* The index in config_keys, or -1. */
int config_key_find(enum config_section section, const char *name);
/* The nearest known name of that section, or NULL. */
const char *config_key_nearest(enum config_section section, const char *name);
/* Writes `value` into the struct that `owner` points to. 0, or -EINVAL with `why`, a phrase that
 * goes on after "[section] key: ". The value itself is not repeated there: it may be a number of
 * somebody. */
int config_key_set(const struct config_key *key, void *owner, const char *value, char *why,
                   size_t room) __attribute__((warn_unused_result));
/* Sets every key of the section to its default. */
void config_keys_default(enum config_section section, void *owner);
/* What is allowed, in words: "a whole number from 10 to 3600". */
void config_key_range(const struct config_key *key, char *out, size_t room);
bool config_key_same(const struct config_key *key, const void *a, const void *b);

#endif
