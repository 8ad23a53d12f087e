/* pdu_submit: any recipient, text and flags. A TPDU comes out whole and within its limits, or the
 * caller is told. Octets 0 to 11: flags, reference, part, replace type, validity; then the
 * recipient up to a NUL, then the text. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 12, TO = 20 };

/* Read from the front, as a modem does. */
static void tpdu_check(const struct pdu_submit *submit, const struct pdu_tpdu *tpdu)
{
    const uint8_t *o = tpdu->octet;
    unsigned at = 0, digits;
    assert((o[at] & 3) == 1 && !(o[at] & 0x20) == !submit->report);
    assert(!(o[at] & 0x40) == (submit->text->parts == 1));
    at += 2;
    digits = o[at];
    assert(digits >= 3 && digits <= 15);
    at += 2 + (digits + 1) / 2;
    assert(o[at] == (submit->replace_type ? 0x40 + submit->replace_type : 0));
    unsigned dcs = o[at + 1];
    assert((dcs & ~0x18u) == 0);
    at += submit->no_validity ? 2 : 3;
    unsigned udl = o[at++], octets = dcs & 8 ? udl : (udl * 7 + 7) / 8;
    assert(octets > 0 && octets <= 140);
    assert(at + octets == tpdu->len && tpdu->len <= PDU_TPDU_MAX);
    if (submit->text->parts > 1) {
        assert(o[at] == 5 && o[at + 1] == 0 && o[at + 2] == 3 && o[at + 3] == submit->reference);
        assert(o[at + 4] == submit->text->parts && o[at + 5] == submit->part + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD)
        return 0;
    struct pdu_submit submit = {.report = data[0] & 1,
                                .flash = data[0] & 2,
                                .no_validity = data[0] & 4,
                                .reference = data[1],
                                .part = data[2],
                                .replace_type = data[3]};
    memcpy(&submit.validity_ms, data + 4, 8);
    char to[TO] = "";
    size_t at = HEAD;
    for (size_t i = 0; at < size && data[at]; at++)
        if (i < TO - 1)
            to[i++] = (char)data[at];
    at += at < size;
    submit.to = to;
    struct sms_text *text = malloc(sizeof *text);
    struct pdu_tpdu tpdu;
    if (text && sms_text_encode((const char *)data + at, size - at,
                                (enum sms_encoding)(data[0] >> 6 & 1), text, NULL) == 0) {
        submit.text = text;
        if (pdu_submit_encode(&submit, &tpdu) == 0) {
            char line[2 * PDU_TPDU_MAX + 3];
            assert(number_is_clean(to));
            tpdu_check(&submit, &tpdu);
            pdu_submit_line(&tpdu, line);
            assert(strlen(line) == 2u * tpdu.len + 2);
        }
    }
    free(text);
    return 0;
}
