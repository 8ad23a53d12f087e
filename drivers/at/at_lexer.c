#include "at_lexer.h"

#include <string.h>

#include "at_parse.h"

void at_lexer_reset(struct at_lexer *lexer)
{
    lexer->len = 0;
    lexer->segment = 0;
    lexer->handed = false;
    lexer->overlong = false;
    lexer->quoted = false;
    lexer->glued = false;
}

/* A coding scheme behind a quote: `",15`. It ends the text, however many quotes are in it. */
static bool ends_with_scheme(const struct at_lexer *lexer)
{
    size_t at = lexer->len;
    while (at > 0 && lexer->line[at - 1] >= '0' && lexer->line[at - 1] <= '9')
        at--;
    size_t digits = lexer->len - at;
    while (at > 0 && lexer->line[at - 1] == ' ')
        at--;
    return digits > 0 && digits <= 3 && at >= 2 && lexer->line[at - 1] == ',' &&
           lexer->line[at - 2] == '"';
}

/* USSD menus have line ends inside their quotes; no other reply of the commands we use does.
 * (An operator name with a missing quote, `+COPS: 0,0,"TELE2,0`, must not swallow what follows.) */
static bool line_is_open(const struct at_lexer *lexer)
{
    bool open = false;
    if (lexer->len < 6 || memcmp(lexer->line, "+CUSD:", 6) != 0)
        return false;
    for (size_t i = 6; i < lexer->len; i++)
        open ^= lexer->line[i] == '"';
    return open && !ends_with_scheme(lexer);
}

/* A quoted text that was cut short must not hide the answer of a command. What looks like a
 * result (`OK`, `+CMS ERROR: 38`) or like an information line (`+CMGS: 7`) ends it. */
static bool segment_is_reply(const char *segment)
{
    struct at_final final;
    if (at_parse_final(segment, &final))
        return true;
    if (*segment != '+')
        return false;
    size_t letters = strspn(segment + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return letters >= 3 && segment[1 + letters] == ':';
}

static enum at_token line_hand_out(struct at_lexer *lexer)
{
    while (lexer->len > 0 && lexer->line[lexer->len - 1] == ' ')
        lexer->len--;
    lexer->line[lexer->len] = '\0';
    lexer->handed = true;
    lexer->quoted = false;
    lexer->segment = 0;
    return AT_TOKEN_LINE;
}

static enum at_token line_end(struct at_lexer *lexer)
{
    if (lexer->overlong) {
        lexer->dropped++;
        at_lexer_reset(lexer);
        return AT_TOKEN_NONE;
    }
    if (lexer->len == lexer->segment)
        return AT_TOKEN_NONE; /* empty line, or the second half of CR LF */
    lexer->line[lexer->len] = '\0';
    if (lexer->quoted && segment_is_reply(lexer->line + lexer->segment)) {
        lexer->dropped++;
        lexer->len -= lexer->segment;
        memmove(lexer->line, lexer->line + lexer->segment, lexer->len);
        return line_hand_out(lexer);
    }
    if (!line_is_open(lexer))
        return line_hand_out(lexer);
    if (lexer->len >= AT_QUOTED_MAX) {
        lexer->dropped++;
        at_lexer_reset(lexer);
        return AT_TOKEN_NONE;
    }
    lexer->line[lexer->len++] = '\n';
    lexer->segment = lexer->len;
    lexer->quoted = true;
    return AT_TOKEN_NONE;
}

bool at_lexer_is_open(const struct at_lexer *lexer)
{
    return !lexer->handed && lexer->quoted;
}

enum at_token at_lexer_give_up(struct at_lexer *lexer)
{
    if (!at_lexer_is_open(lexer))
        return AT_TOKEN_NONE;
    while (lexer->len > 0 && lexer->line[lexer->len - 1] == '\n')
        lexer->len--;
    return line_hand_out(lexer);
}

/* `OK+CUSD: 0,"...` is two lines, the second of which may go on over several. */
static const char ok_and_cusd[] = "OK+CUSD:";
enum { OK_LEN = 2, OK_AND_CUSD_LEN = sizeof ok_and_cusd - 1 };

static bool line_is_two(const struct at_lexer *lexer)
{
    return lexer->len == OK_AND_CUSD_LEN && memcmp(lexer->line, ok_and_cusd, lexer->len) == 0;
}

static enum at_token line_hand_out_first(struct at_lexer *lexer)
{
    lexer->len = OK_LEN;
    lexer->glued = true;
    return line_hand_out(lexer);
}

static void line_begin(struct at_lexer *lexer)
{
    bool glued = lexer->glued;
    at_lexer_reset(lexer);
    if (!glued)
        return;
    lexer->len = OK_AND_CUSD_LEN - OK_LEN;
    memcpy(lexer->line, ok_and_cusd + OK_LEN, lexer->len);
}

enum at_token at_lexer_feed(struct at_lexer *lexer, uint8_t byte)
{
    if (lexer->handed)
        line_begin(lexer);
    if (byte == '\r' || byte == '\n')
        return line_end(lexer);
    /* Below a space the GSM alphabet has letters, `@` at 0 and `_` among them. */
    if (byte < 0x20 && lexer->len < AT_QUOTED_MAX && line_is_open(lexer)) {
        lexer->line[lexer->len++] = (char)(byte ? byte : '@');
        return AT_TOKEN_NONE;
    }
    if (byte < 0x20 || byte == 0x7f) { /* NULs of a booting UART, an echoed ESC or Ctrl-Z */
        lexer->noise++;
        return AT_TOKEN_NONE;
    }
    if (lexer->overlong)
        return AT_TOKEN_NONE;
    if (lexer->quoted && lexer->prompt_due && lexer->len == lexer->segment && byte == '>') {
        lexer->dropped++;
        at_lexer_reset(lexer);
    }
    if (lexer->len == 0) {
        if (byte == ' ')
            return AT_TOKEN_NONE; /* also the space after the prompt */
        if (byte == '>')
            return AT_TOKEN_PROMPT;
    }
    if (lexer->len == AT_LINE_MAX) {
        lexer->overlong = true;
        return AT_TOKEN_NONE;
    }
    lexer->line[lexer->len++] = (char)byte;
    return line_is_two(lexer) ? line_hand_out_first(lexer) : AT_TOKEN_NONE;
}
