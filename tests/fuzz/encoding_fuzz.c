/* encoding and fold: any octets. What is encoded reads back as the same text; parts keep their
 * limits and part no pair; folding never lengthens, and folding twice is folding once. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "gsm7.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t unit_read(const struct sms_text *text, unsigned *at)
{
    uint16_t first = text->unit[(*at)++];
    if (text->encoding == SMS_GSM7) {
        assert(first < 128);
        return first == GSM7_ESCAPE ? gsm7_to_char_extended((uint8_t)text->unit[(*at)++])
                                    : gsm7_to_char((uint8_t)first);
    }
    if (first >> 10 != 0x36)
        return first;
    uint16_t second = text->unit[(*at)++];
    assert(second >> 10 == 0x37);
    return 0x10000u + ((first & 0x3FFu) << 10) + (second & 0x3FFu);
}

static void text_check(const struct sms_text *text, const char *utf8, size_t len)
{
    bool gsm7 = text->encoding == SMS_GSM7, one = text->parts == 1;
    unsigned room = gsm7  ? (one ? SMS_GSM7_ONE : SMS_GSM7_PART)
                    : one ? SMS_UCS2_ONE
                          : SMS_UCS2_PART;
    assert(text->parts >= 1 && text->parts <= SMS_PARTS_MAX);
    assert(text->start[0] == 0 && text->start[text->parts] == text->units);
    size_t pos = 0;
    unsigned at = 0;
    for (unsigned part = 0; part < text->parts; part++) {
        unsigned end = text->start[part + 1];
        assert(end > at && end - at <= room);
        while (at < end)
            assert((int32_t)unit_read(text, &at) == text_utf8_next(utf8, len, &pos));
        assert(at == end);
    }
    assert(pos == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || data[0] > SMS_UCS2)
        return 0;
    const char *utf8 = (const char *)data + 1;
    size_t len = size - 1;
    struct sms_text *text = malloc(sizeof *text);
    char *once = malloc(len ? len : 1), *twice = malloc(len ? len : 1);
    if (text && once && twice) {
        uint32_t bad = 0;
        int err = sms_text_encode(utf8, len, (enum sms_encoding)data[0], text, &bad);
        assert(err != -ENOTSUP || gsm7_from_char(bad) < 0);
        if (err == 0)
            text_check(text, utf8, len);
        ssize_t n = sms_text_fold(utf8, len, once);
        assert((n == -EILSEQ) == !text_utf8_valid(utf8, len));
        if (n >= 0) {
            assert((size_t)n <= len);
            assert(sms_text_fold(once, (size_t)n, twice) == n &&
                   memcmp(once, twice, (size_t)n) == 0);
        }
    }
    free(text);
    free(once);
    free(twice);
    return 0;
}
