/* at_lexer: any bytes. Lines are never empty, never hold an end of line but inside +CUSD, and
 * cutting the input anywhere else changes nothing (the lexer takes one byte at a time). */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "at_lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct at_lexer lexer;
    memset(&lexer, 0, sizeof lexer);
    lexer.prompt_due = size > 0 && (data[0] & 1);
    for (size_t i = 0; i < size; i++) {
        enum at_token token = at_lexer_feed(&lexer, data[i]);
        assert(lexer.len <= AT_LINE_MAX);
        if (token != AT_TOKEN_LINE)
            continue;
        size_t len = strlen(lexer.line);
        assert(len > 0 && len == lexer.len && len <= AT_LINE_MAX);
        assert(lexer.line[0] != ' ' && lexer.line[len - 1] != ' ');
        assert(!strchr(lexer.line, '\r'));
        assert(!strchr(lexer.line, '\n') || strncmp(lexer.line, "+CUSD:", 6) == 0);
    }
    return 0;
}
