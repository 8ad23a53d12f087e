/* pdu_agree: see pdu_agree.h. */
#include "pdu_agree.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "pdu_decode.h"
#include "sim_pdu_read.h"
#include "sim_text.h"

/* What came, as people are shown it. */
static const char *shown(const char *text, bool lines)
{
    static char out[AIRTEXT_MAX];
    uint8_t octets[2 * SIM_TEXT];
    int len = sim_text_to_ucs2(text, octets, sizeof octets);
    assert(len >= 0);
    airtext_from_ucs2(octets, (size_t)len, out);
    for (char *end = out; !lines && (end = strchr(end, '\n'));)
        *end = ' ';
    return out;
}

/* What stands for nothing that can be read may be a blank of either width, U+FFFD, or left out. */
static bool texts_same(const char *a, const char *b)
{
    static const char *const nothing[] = {" ", "\u00A0", "\uFFFD"};
    for (;;) {
        for (unsigned i = 0; i < sizeof nothing / sizeof *nothing;) {
            size_t len = strlen(nothing[i]);
            bool in_a = strncmp(a, nothing[i], len) == 0, in_b = strncmp(b, nothing[i], len) == 0;
            a += in_a ? len : 0;
            b += in_b ? len : 0;
            i = in_a || in_b ? 0 : i + 1;
        }
        if (*a != *b || !*a)
            return *a == *b;
        a++;
        b++;
    }
}

static bool times_same(const struct pdu_time *ours, const struct sim_time *theirs)
{
    return ours->known == theirs->known && ours->wall_ms == theirs->wall_ms &&
           ours->zone_min == theirs->zone_min;
}

static bool headers_same(const struct pdu_header *ours, const struct sim_read *theirs)
{
    if (ours->concat != (theirs->ref >= 0) || ours->ports != (theirs->port_to >= 0) ||
        ours->single_shift != theirs->single || ours->locking_shift != theirs->locking)
        return false;
    if (ours->concat && (ours->reference != theirs->ref || ours->wide_reference != theirs->wide ||
                         ours->total != theirs->parts || ours->sequence != theirs->part))
        return false;
    return !ours->ports ||
           (ours->port_to == theirs->port_to && ours->port_from == theirs->port_from);
}

const char *pdu_agree_deliver(const uint8_t *tpdu, size_t len)
{
    static const enum sim_alphabet alphabets[] = {
        [PDU_GSM7] = SIM_GSM7, [PDU_UCS2] = SIM_UCS2, [PDU_DATA] = SIM_8BIT};
    static struct pdu_deliver ours;
    static struct sim_read theirs;
    enum pdu_refusal refusal = pdu_decode_deliver(tpdu, len, &ours);
    const char *wrong = sim_pdu_read_deliver(tpdu, len, &theirs);
    if (wrong)
        return refusal == PDU_OK ? "ours takes what theirs refuses" : NULL;
    if (refusal != PDU_OK)
        return "ours refuses what theirs takes";
    if (!times_same(&ours.sent, &theirs.sent))
        return "the time";
    if (ours.from.name != theirs.named || !texts_same(ours.from.text, shown(theirs.from, false)))
        return "the sender";
    if (!texts_same(ours.text, shown(theirs.text, true)))
        return "the text";
    if (!headers_same(&ours.header, &theirs))
        return "the user data header";
    if (ours.more != theirs.more || ours.pid != theirs.pid || ours.dcs != theirs.dcs ||
        ours.class_ != theirs.class_ || alphabets[ours.alphabet] != theirs.alphabet)
        return "more to send, PID, coding, class or alphabet";
    return NULL;
}

const char *pdu_agree_report(const uint8_t *tpdu, size_t len)
{
    static struct pdu_report ours;
    static struct sim_read_report theirs;
    enum pdu_refusal refusal = pdu_decode_report(tpdu, len, &ours);
    const char *wrong = sim_pdu_read_report(tpdu, len, &theirs);
    if (wrong)
        return refusal == PDU_OK ? "ours takes what theirs refuses" : NULL;
    if (refusal != PDU_OK)
        return "ours refuses what theirs takes";
    if (!times_same(&ours.sent, &theirs.sent) || !times_same(&ours.settled, &theirs.done))
        return "a time";
    if (!texts_same(ours.to.text, shown(theirs.to, false)))
        return "the recipient";
    return ours.reference == theirs.mr && ours.status == theirs.status ? NULL
                                                                       : "reference or status";
}
