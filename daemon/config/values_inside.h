/* What the rooms of the values share: one text and one number (values_text.c), several by commas or
 * by name (values_list.c), and which key is read by which (values.c, whose door is keys.h). */
#ifndef OTPGATE_VALUES_INSIDE_H
#define OTPGATE_VALUES_INSIDE_H

#include "config.h"
#include "keys.h"

/* Each that takes a `why` is as config_key_set() says: 0, -EINVAL with the phrase, or -ENOMEM. */

/* --- values.c --- */

/* -EINVAL */
int value_refuse(char *why, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* -EINVAL: says what is allowed, and which of the words is near. */
int value_refuse_range(const struct config_key *key, const char *value, char *why, size_t room);
/* NULL: none of them. */
const struct config_word *value_word(const struct config_word *words, const char *name);

/* --- values_text.c --- */

/* Digits alone, at least one. */
bool value_all_digits(const char *text);
int value_set_text(const struct config_key *key, char *out, const char *value, char *why,
                   size_t room);
int value_set_number(const struct config_key *key, int *out, const char *value, char *why,
                     size_t room);

/* --- values_list.c --- */

int value_set_words(const struct config_key *key, unsigned *out, const char *value, char *why,
                    size_t room);
int value_set_ids(const struct config_key *key, struct config_ids *out, const char *value,
                  char *why, size_t room);
int value_set_list(const struct config_key *key, struct config_list *out, const char *value,
                   char *why, size_t room);
/* One more of them; of a default: none. */
int value_add_pair(const struct config_key *key, struct config_pairs *out,
                   const struct config_value *value, char *why, size_t room);
void value_list_clear(struct config_list *list);
void value_pairs_clear(struct config_pairs *pairs);
bool value_ids_same(const struct config_ids *a, const struct config_ids *b);
bool value_lists_same(const struct config_list *a, const struct config_list *b);
bool value_pairs_same(const struct config_pairs *a, const struct config_pairs *b);

#endif
