/* subscriber_fold: text as it is compared: without accents, in capitals, each letter with the place
 * that it came from. Pure.
 *
 * The one door to the Unicode library (utf8proc). It decomposes (UAX #15, compatibility: full-width
 * digits become digits), drops marks and what nobody sees, and writes ASCII; Đ (U+0110) and Ð
 * (U+00D0) have no decomposition and become D. */
#ifndef OTPGATE_SUBSCRIBER_FOLD_H
#define OTPGATE_SUBSCRIBER_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUBSCRIBER_TEXT_MAX = 8192 }; /* bytes of a reply */
/* Stands for what has no ASCII form: a letter of another script, an emoji. */
#define SUBSCRIBER_FOLD_OTHER '\x7f'

struct subscriber_fold {
    char *text;     /* capitals, digits, signs, ' ', '\n', SUBSCRIBER_FOLD_OTHER; ends with a NUL */
    uint32_t *from; /* byte of the source for each of `text`, and one more: its end */
    size_t len;
};

/* 0, -EILSEQ (not UTF-8), -EMSGSIZE (over SUBSCRIBER_TEXT_MAX), -ENOMEM. */
int subscriber_fold_make(const char *utf8, size_t len, struct subscriber_fold *out)
    __attribute__((warn_unused_result));
void subscriber_fold_clear(struct subscriber_fold *fold); /* wipes */
/* The end of `words` (folded, one space apart) where they stand at `at`: a space of theirs is any
 * number of spaces, none too; with `lines` also line ends. 0: they do not. */
size_t subscriber_fold_words(const struct subscriber_fold *fold, size_t at, const char *words,
                             bool lines);

/* The canonical form (NFC) in capitals, with one space between words and nothing that is not seen;
 * Ð (U+00D0) is taken for Đ. `out` ends with a NUL. 0, -EILSEQ, -ENOBUFS. */
int subscriber_fold_nfc(const char *utf8, size_t len, char *out, size_t room)
    __attribute__((warn_unused_result));
/* The other way: letters and marks apart (NFD), as code points. Returns their number; what does not
 * fit is left out. */
size_t subscriber_fold_nfd(const char *utf8, size_t len, int32_t *out, size_t room);

#endif
