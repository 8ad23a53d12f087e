/* vectors: blocks of `key value` lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text.h"
#include "vectors.h"

FILE *vectors_open(void)
{
    return fopen("tests/unit/sms/vectors/tpdu.txt", "r");
}

static void unescape(char *text)
{
    static const char letters[] = "ns\\", stand_for[] = "\n \\";
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        const char *letter = strchr(letters, *++from);
        assert_true(letter && *letter);
        *to++ = stand_for[letter - letters];
    }
    *to = '\0';
}

static void line_take(struct vector *vector, char *line)
{
    assert_true(vector->count < VECTOR_KEYS);
    char *space = strchr(line, ' ');
    if (space)
        *space = '\0';
    assert_true(text_copy(vector->pair[vector->count].key, sizeof vector->pair[0].key, line));
    char *value = vector->pair[vector->count].value;
    assert_true(text_copy(value, VECTOR_LINE, space ? space + 1 : ""));
    unescape(value);
    if (strcmp(line, "tpdu") == 0) {
        ssize_t len = text_hex_decode(value, strlen(value), vector->tpdu, sizeof vector->tpdu);
        assert_true(len >= 0);
        vector->len = (size_t)len;
    }
    vector->count++;
}

bool vectors_next(FILE *file, struct vector *out)
{
    static char line[VECTOR_LINE + 20];
    out->count = 0;
    out->len = 0;
    while (fgets(line, sizeof line, file)) {
        size_t len = strlen(line);
        assert_true(len > 0 && line[len - 1] == '\n');
        line[len - 1] = '\0';
        if (line[0] == '#')
            continue;
        if (line[0])
            line_take(out, line);
        else if (out->count)
            break;
    }
    return out->count > 0;
}

const char *vector_get(const struct vector *vector, const char *key)
{
    for (unsigned i = 0; i < vector->count; i++)
        if (strcmp(vector->pair[i].key, key) == 0)
            return vector->pair[i].value;
    return NULL;
}

long vector_number(const struct vector *vector, const char *key, long otherwise)
{
    const char *value = vector_get(vector, key);
    return value ? strtol(value, NULL, 10) : otherwise;
}

bool vector_is(const struct vector *vector, const char *key, const char *value)
{
    const char *got = vector_get(vector, key);
    return got && strcmp(got, value) == 0;
}
