/* pdu_decode: any octets from the air, as SMS-DELIVER, as SMS-STATUS-REPORT and as a modem's line.
 * What is taken is within its bounds, valid UTF-8, and holds nothing that acts on a terminal. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pdu_decode.h"
#include "status.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_check(const char *text, size_t len, bool lines)
{
    size_t pos = 0;
    assert(strlen(text) == len);
    for (int32_t c; (c = text_utf8_next(text, len, &pos)) != -1;) {
        assert(c >= 0x20 || (c == '\n' && lines));
        assert(c < 0x7F || c > 0x9F);
        assert(c < 0x202A || c > 0x202E);
        assert(c < 0x2066 || c > 0x2069);
    }
}

static void deliver_check(const struct pdu_deliver *got, size_t size)
{
    const struct pdu_header *header = &got->header;
    text_check(got->text, got->text_len, true);
    text_check(got->from.text, strlen(got->from.text), false);
    assert(got->data_len <= sizeof got->data && got->data_len < size);
    assert(got->alphabet != PDU_DATA || got->text_len == 0);
    assert(got->class_ >= -1 && got->class_ <= 3);
    if (header->concat)
        assert(header->sequence >= 1 && header->sequence <= header->total);
    if (got->sent.known)
        assert(got->sent.zone_min >= -15 * 79 && got->sent.zone_min <= 15 * 79);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pdu_deliver deliver;
    struct pdu_report report;
    struct pdu_tpdu tpdu;
    if (pdu_decode_deliver(data, size, &deliver) == PDU_OK)
        deliver_check(&deliver, size);
    if (pdu_decode_report(data, size, &report) == PDU_OK) {
        text_check(report.to.text, strlen(report.to.text), false);
        assert(sms_status_find(report.status)->first <= report.status);
    }
    if (size > 0 && pdu_decode_line((const char *)data + 1, size - 1, data[0] - 1, &tpdu) == 0)
        assert(tpdu.len > 0 && tpdu.len <= PDU_TPDU_MAX);
    return 0;
}
