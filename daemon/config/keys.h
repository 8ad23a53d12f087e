/* keys: the one table of what may stand in the configuration, and the check of each value.
 *
 * The parser, the help, the man page and the question "may this change without a restart" all read
 * this table; a key is added here and in struct config, nowhere else. A further kind of section is
 * a row in config_kinds, a struct that begins with its name, and rows in config_keys.
 * Pure: no file is opened here (a time zone, a user and a group are looked up by name, that is
 * all). */
#ifndef OTPGATE_KEYS_H
#define OTPGATE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_KEYS_MAX = 256 }; /* of one table */

enum config_section { SECTION_GATEWAY, SECTION_MODEM, SECTION_ROLE, SECTION_PURPOSE };

enum config_kind {
    KIND_TEXT,  /* char[room]: any UTF-8 that fits, not empty */
    KIND_PATH,  /* char[room]: an absolute path */
    KIND_PORT,  /* char[room]: an absolute path or tcp://host:port */
    KIND_RUN,   /* char[room]: a program's absolute path and its arguments, parted by blanks; may be
                   empty */
    KIND_PHONE, /* char[room]: 3 to 15 digits with an optional +; may be empty */
    KIND_DIGITS, /* char[room]: 1 to room - 1 digits, the first no 0 */
    KIND_IDENT,  /* char[room]: low to high digits, an IMEI, ICCID or IMSI */
    KIND_ZONE,   /* char[room]: a time zone that this system knows */
    KIND_HOST,   /* char[room]: a host name in small letters; may be empty */
    KIND_WORD,   /* char[room]: one of words */
    KIND_LEVEL,  /* int: the value of one of words */
    KIND_INT,    /* int: low to high; with words also one of them, for its value */
    KIND_MODE,   /* int: octal, low to high */
    KIND_BOOL,   /* bool: yes or no */
    KIND_SET,    /* unsigned: some of words, by commas; their values joined by | */
    KIND_USERS,  /* struct config_ids: names or numbers of users, by commas; may be empty */
    KIND_GROUPS, /* struct config_ids: the same of groups */
    KIND_LIST,   /* struct config_list: texts, by commas; from low to high of them */
    KIND_PAIRS,  /* struct config_pairs: the key's name ends in ".*", which stands for any word:
                    template.vi = ..., template.en = ... */
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
    size_t offset, room; /* in the section's struct */
    int low, high;
    const struct config_word *words; /* ends with a NULL name */
    const char *fallback;            /* as one would write it; NULL: has to be given */
    bool optional;                   /* without a fallback: it may be left out, and is empty */
    bool reloadable;
    const char *help;
};

struct reading;
/* Judges a whole section once it has been read, and tells with config_mistake() (reader.h). */
typedef void config_check_fn(struct reading *reading, const void *root, const void *section);

/* A kind of section. */
struct config_kind_row {
    const char *word;  /* "modem" */
    const char *title; /* "[modem NAME]" */
    /* Of its struct, which begins with char name[64]; 0: there is one such section, it has no name,
     * and its keys lie in the root struct itself. */
    size_t size;
    size_t list, count; /* in the root: the array of them, and its length (size_t) */
    config_check_fn *check;
};

struct config_table {
    const struct config_kind_row *kinds; /* by enum config_section */
    size_t kind_count;
    const struct config_key *keys;
    size_t key_count;
};
extern const struct config_table config_table; /* of otpgate.conf: the root is struct config */

/* 1 to 63 letters, digits, - and _: of a section, or what stands for the * of a key. */
bool config_name_ok(const char *name);
/* The index among the keys, or -1. "template.vi" finds "template.*". */
int config_key_find(const struct config_table *table, int section, const char *name);
/* The nearest known name of that section, or NULL. */
const char *config_key_nearest(const struct config_table *table, int section, const char *name);

/* --- values.c --- */

/* One line as it was written. */
struct config_value {
    const char *name; /* the key; "template.vi" */
    const char *text;
    unsigned line; /* 0: a default */
};
/* Writes the value into the struct that `owner` points to. 0, or -EINVAL with `why`, a phrase that
 * goes on after "[section] key: ", or -ENOMEM. The value itself is not repeated there, as it may be
 * a number of somebody, but for a user or group that this system does not know. */
int config_key_set(const struct config_key *key, void *owner, const struct config_value *value,
                   char *why, size_t room) __attribute__((warn_unused_result));
/* Frees what a value has for itself. */
void config_key_clear(const struct config_key *key, void *owner);
/* Sets every key of the section to its default. 0/-ENOMEM */
int config_keys_default(const struct config_table *table, int section, void *owner)
    __attribute__((warn_unused_result));
/* What is allowed, in words: "a whole number from 10 to 3600". */
void config_key_range(const struct config_key *key, char *out, size_t room);
bool config_key_same(const struct config_key *key, const void *a, const void *b);

#endif
