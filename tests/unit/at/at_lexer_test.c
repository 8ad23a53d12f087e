/* Bytes in, lines and prompts out: tokens are compared as text, a prompt as ">". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_lexer.h"

static struct at_lexer lexer;
static char tokens[8192];

/* Each token, and a bar behind it. */
static const char *lex(const char *bytes, size_t len)
{
    size_t used = 0;
    tokens[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        enum at_token token = at_lexer_feed(&lexer, (uint8_t)bytes[i]);
        if (token == AT_TOKEN_NONE)
            continue;
        const char *text = token == AT_TOKEN_PROMPT ? ">" : lexer.line;
        used += (size_t)snprintf(tokens + used, sizeof tokens - used, "%s|", text);
        assert_true(used < sizeof tokens);
    }
    return tokens;
}

static int fresh(void **state)
{
    (void)state;
    memset(&lexer, 0, sizeof lexer);
    return 0;
}

static void forms(void **state)
{
    static const struct {
        const char *bytes, *tokens;
        bool prompt_due;
    } rows[] = {
        {"\r\nOK\r\n", "OK|", false},
        {"OK\r", "OK|", false}, /* CR alone */
        {"OK\n", "OK|", false},
        {"\r\n\r\n\r\r\n", "", false},
        {"AT+CSQ\r\r\n+CSQ: 9,0\r\n\r\nOK\r\n", "AT+CSQ|+CSQ: 9,0|OK|", false},
        {"#STN: 150,1,\"\"\r\nAT+CSQ\r\r\n+CSQ: 9,0\r\n", "#STN: 150,1,\"\"|AT+CSQ|+CSQ: 9,0|",
         false},
        {"\r\n> ", ">|", false},
        {"\r\n>", ">|", false},
        {"> \r", ">|", false},
        {" > ", ">|", false},
        {"\r\n> 0011AB\r\n+CMGS: 1\r\n", ">|0011AB|+CMGS: 1|", false}, /* echo of the body */
        {"+X: a > b\r\n", "+X: a > b|", false},
        {"  OK  \r\n", "OK|", false},
        {"\x1b\x1aOK\x01\x7f\r\n", "OK|", false},
        {"+COPS: 0,0,\"TELE2,0\r\nOK\r\n", "+COPS: 0,0,\"TELE2,0|OK|", false}, /* quote lost */
        {"+CUSD: 0,\"a\r\nb\r\n> c\",15\r\nOK\r\n", "+CUSD: 0,\"a\nb\n> c\",15|OK|", false},
        {"+CUSD: 0,\"a\r\nb\r\n>", ">|", true},
        {"\r\nOK+CUSD: 0,\"a\r\nb\",15\r\n", "OK|+CUSD: 0,\"a\nb\",15|", false},
        {"OK+CUSD:\r\nOK\r\n", "OK|+CUSD:|OK|", false},
        {"OK+CMTI: \"SM\",1\r\n", "OK+CMTI: \"SM\",1|", false}, /* nobody was seen to do that */
        {"+CUSD: 0,\"a\r\nOK+CUSD: 0\",15\r\n", "+CUSD: 0,\"a\nOK+CUSD: 0\",15|", false},
        {"+CUSD: 0,\"a\r\nOK\r\n", "OK|", false},
        {"+CUSD: 0,\"a\r\n+CMGS: 7\r\n\r\nOK\r\n", "+CMGS: 7|OK|", false},
        {"+CUSD: 0,\"a\r\n+CMS ERROR: 38\r\n", "+CMS ERROR: 38|", false},
        {"+CUSD: 0,\"call +84912\r\n+84 913\",15\r\n", "+CUSD: 0,\"call +84912\n+84 913\",15|",
         false},
        {"+CUSD: 2\r\n", "+CUSD: 2|", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&lexer, 0, sizeof lexer);
        lexer.prompt_due = rows[i].prompt_due;
        assert_string_equal(lex(rows[i].bytes, strlen(rows[i].bytes)), rows[i].tokens);
    }
}

static void noise_is_counted(void **state)
{
    (void)state;
    assert_string_equal(lex("\0\0\x1b\x1aO\0K\r\n", 9), "OK|");
    assert_int_equal(lexer.noise, 5);
}

static void a_long_line_is_dropped_whole(void **state)
{
    (void)state;
    static char bytes[AT_LINE_MAX + 64];
    for (int over = -1; over <= 1; over++) {
        memset(&lexer, 0, sizeof lexer);
        size_t len = (size_t)AT_LINE_MAX + (size_t)(over + 1) - 1;
        memset(bytes, 'x', len);
        for (size_t k = 0; k < 6; k++)
            bytes[len + k] = "\r\nOK\r\n"[k];
        size_t tail = strlen(lex(bytes, len + 6));
        assert_int_equal(tail, over == 1 ? 3 : len + 1 + 3);
        assert_int_equal(lexer.dropped, over == 1);
        assert_int_equal(lex("\r\nOK\r\n", 6)[0], 'O');
    }
}

static void a_quoted_text_is_bounded(void **state)
{
    (void)state;
    (void)lex("+CUSD: 0,\"", 10);
    for (int i = 0; i < 200; i++)
        assert_string_equal(lex("text\r\n", 6), "");
    for (int i = 0; i < 10; i++)
        (void)lex("text\r\n", 6);
    assert_string_equal(lex("text\r\n", 6), "text|");
    assert_int_equal(lexer.dropped, 1);
    assert_string_equal(lex("OK\r\n", 4), "OK|");
}

static void reset_forgets_the_line(void **state)
{
    (void)state;
    (void)lex("+CMG", 4);
    at_lexer_reset(&lexer);
    assert_string_equal(lex("S: 7\r\n", 6), "S: 7|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(forms, fresh),
        cmocka_unit_test_setup(noise_is_counted, fresh),
        cmocka_unit_test_setup(a_long_line_is_dropped_whole, fresh),
        cmocka_unit_test_setup(a_quoted_text_is_bounded, fresh),
        cmocka_unit_test_setup(reset_forgets_the_line, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
