/* encoding: chooses the alphabet and cuts the parts. Half of one alphabet and half of the other is
 * never sent: one character outside GSM-7 makes the whole text UCS-2. */
#include <assert.h>
#include <errno.h>

#include "encoding.h"
#include "gsm7.h"
#include "text.h"

/* What one look over the text tells. */
struct survey {
    size_t septets, halves; /* units it would take in either alphabet */
    bool foreign;           /* holds a character that GSM-7 lacks ... */
    uint32_t first;         /* ... this one first */
};

static int text_survey(const char *utf8, size_t len, struct survey *out)
{
    *out = (struct survey){0};
    size_t pos = 0;
    for (int32_t c; (c = text_utf8_next(utf8, len, &pos)) != -1;) {
        if (c <= 0) /* malformed, or a NUL */
            return -EILSEQ;
        int septet = gsm7_from_char((uint32_t)c);
        if (septet < 0 && !out->foreign) {
            out->foreign = true;
            out->first = (uint32_t)c;
        }
        out->septets += septet > 127 ? 2 : 1;
        out->halves += c > 0xFFFF ? 2 : 1;
    }
    return 0;
}

static void units_fill(const char *utf8, size_t len, struct sms_text *out)
{
    size_t pos = 0;
    unsigned n = 0;
    for (int32_t c; (c = text_utf8_next(utf8, len, &pos)) != -1;) {
        if (out->encoding == SMS_GSM7) {
            int septet = gsm7_from_char((uint32_t)c);
            if (septet > 127)
                out->unit[n++] = GSM7_ESCAPE;
            out->unit[n++] = septet & 0x7F;
        } else if (c > 0xFFFF) {
            out->unit[n++] = (uint16_t)(0xD800 + ((c - 0x10000) >> 10));
            out->unit[n++] = (uint16_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
        } else {
            out->unit[n++] = (uint16_t)c;
        }
    }
    assert(n == out->units);
}

/* The first half of a pair that must stay together. */
static bool unit_opens_pair(const struct sms_text *text, unsigned at)
{
    if (text->encoding == SMS_GSM7)
        return text->unit[at] == GSM7_ESCAPE;
    return (text->unit[at] & 0xFC00) == 0xD800;
}

static int parts_cut(struct sms_text *text)
{
    bool gsm7 = text->encoding == SMS_GSM7;
    unsigned one = gsm7 ? SMS_GSM7_ONE : SMS_UCS2_ONE, part = gsm7 ? SMS_GSM7_PART : SMS_UCS2_PART;
    unsigned room = text->units <= one ? one : part;
    text->parts = 0;
    text->start[0] = 0;
    for (unsigned at = 0; at < text->units;) {
        if (text->parts == SMS_PARTS_MAX)
            return -E2BIG;
        at = text->units - at <= room ? text->units : at + room;
        if (at < text->units && unit_opens_pair(text, at - 1))
            at--;
        text->start[++text->parts] = (uint16_t)at;
    }
    return 0;
}

int sms_text_encode(const char *utf8, size_t len, enum sms_encoding want, struct sms_text *out,
                    uint32_t *bad)
{
    assert(out && (utf8 || len == 0));
    struct survey survey;
    if (len == 0)
        return -EINVAL;
    int err = text_survey(utf8, len, &survey);
    if (err)
        return err;
    if (want == SMS_GSM7 && survey.foreign) {
        if (bad)
            *bad = survey.first;
        return -ENOTSUP;
    }
    bool gsm7 = want == SMS_GSM7 || (want == SMS_AUTO && !survey.foreign);
    size_t units = gsm7 ? survey.septets : survey.halves;
    if (units > (size_t)SMS_PARTS_MAX * (gsm7 ? SMS_GSM7_PART : SMS_UCS2_PART))
        return -E2BIG;
    out->encoding = gsm7 ? SMS_GSM7 : SMS_UCS2;
    out->units = (unsigned)units;
    units_fill(utf8, len, out);
    return parts_cut(out);
}
