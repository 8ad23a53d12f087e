/* at_lexer: bytes from a modem in, lines and prompts out. Pure: no time, no I/O, no memory of
 * its own beyond the struct. Owned by the dialogue engine (at_chat).
 *
 * It knows line ends, the prompt, and the one reply whose quoted text may hold line ends
 * (+CUSD). It never decides what a line means, and no input makes it fail: what cannot be a
 * line is dropped and counted. */
#ifndef OTPGATE_AT_LEXER_H
#define OTPGATE_AT_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AT_LINE_MAX = 4096,   /* bytes; a longer line is dropped whole */
    AT_QUOTED_MAX = 1024, /* bytes a quoted text over several lines may have */
};

enum at_token {
    AT_TOKEN_NONE,
    AT_TOKEN_LINE, /* lexer->line, ended by a NUL, without line end or outer spaces; never empty */
    AT_TOKEN_PROMPT, /* `>` at the start of a line */
};

struct at_lexer {
    char line[AT_LINE_MAX + 1]; /* after AT_TOKEN_LINE: the line, until the next feed */
    size_t len;
    size_t segment;   /* quoted: where the line under way starts inside `line` */
    bool handed;      /* the line was handed out: the next byte starts a new one */
    bool overlong;    /* dropping until the line ends */
    bool prompt_due;  /* set by the owner: a `>` also ends a quoted text that never ended */
    bool glued;       /* the next line has begun behind the one handed out */
    bool quoted;      /* inside a quoted text that goes on after a line end */
    uint64_t noise;   /* control bytes dropped */
    uint64_t dropped; /* lines dropped: too long, or a quoted text that never ended */
};

void at_lexer_reset(struct at_lexer *lexer); /* forgets the line under way, keeps the counts */
enum at_token at_lexer_feed(struct at_lexer *lexer, uint8_t byte);
/* A quoted text goes on over several lines, and its end is awaited. */
bool at_lexer_is_open(const struct at_lexer *lexer);
/* It does not come: AT_TOKEN_LINE with what there is, where it is open. */
enum at_token at_lexer_give_up(struct at_lexer *lexer);

#endif
