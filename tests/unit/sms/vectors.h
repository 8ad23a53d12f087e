/* vectors: reads tests/unit/sms/vectors/tpdu.txt; its format stands in make_vectors.py. */
#ifndef OTPGATE_TEST_VECTORS_H
#define OTPGATE_TEST_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { VECTOR_KEYS = 16, VECTOR_LINE = 2400 };

struct vector {
    unsigned count;
    struct {
        char key[16], value[VECTOR_LINE];
    } pair[VECTOR_KEYS];
    size_t len; /* of the TPDU */
    uint8_t tpdu[512];
};

/* Where the tests run: the root of the sources. NULL: not there. */
FILE *vectors_open(void);
/* The next block, escapes undone; false at the end. A block that cannot be read fails the test. */
bool vectors_next(FILE *file, struct vector *out);
/* The value, or NULL where the block lacks the key. */
const char *vector_get(const struct vector *vector, const char *key);
/* The value as a number, or `otherwise`. */
long vector_number(const struct vector *vector, const char *key, long otherwise);
bool vector_is(const struct vector *vector, const char *key, const char *value);

#endif
