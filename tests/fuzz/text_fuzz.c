/* text: bytes from anywhere: decoded twice alike, written back as they were, masked and
 * compared within their room. */
#include "text.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void utf8(const char *text, size_t len)
{
    bool valid = true;
    for (size_t pos = 0, from = 0; from < len; from = pos) {
        char out[4];
        int32_t code_point = text_utf8_next(text, len, &pos);
        assert(pos > from && pos <= len);
        if (code_point < 0) {
            assert(code_point == -2);
            valid = false;
            continue;
        }
        size_t written = text_utf8_put(out, (uint32_t)code_point);
        assert(written == pos - from && memcmp(out, text + from, written) == 0);
    }
    assert(text_utf8_valid(text, len) == valid);
}

static void hex(const uint8_t *data, size_t len)
{
    char *out = malloc(2 * len + 1);
    uint8_t *back = malloc(len ? len : 1);
    if (out && back) {
        text_hex_encode(data, len, out);
        assert(strlen(out) == 2 * len);
        assert(text_hex_decode(out, 2 * len, back, len) == (ssize_t)len);
        assert(memcmp(back, data, len) == 0);
        ssize_t got = text_hex_decode((const char *)data, len, back, len);
        assert(got < 0 || (size_t)got == len / 2);
    }
    free(out);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"port", "driver", "daily_budget", "min_interval_ms"};
    char masked[16], copy[8], when[32];
    int64_t wall_ms = 0;
    utf8((const char *)data, size);
    hex(data, size);
    char *text = strndup((const char *)data, size);
    if (text) {
        text_mask_number(text, masked);
        assert(strlen(masked) < sizeof(masked));
        assert(text_copy(copy, sizeof(copy), text) == (strlen(text) < sizeof(copy)));
        (void)text_nearest(text, names, sizeof(names) / sizeof(names[0]));
    }
    free(text);
    memcpy(&wall_ms, data, size < sizeof(wall_ms) ? size : sizeof(wall_ms));
    text_iso8601(wall_ms, when);
    return 0;
}
