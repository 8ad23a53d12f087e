/* link: names, as on the wire. */
#include "link.h"

#include <assert.h>
#include <stddef.h>
#include "recorder.h"

const char *link_state_name(enum link_state state)
{
    static const char *const names[LINK_STATES] = {
        [LINK_OPENING] = "opening",
        [LINK_SYNCING] = "syncing",
        [LINK_IDENTIFYING] = "identifying",
        [LINK_SIM] = "sim",
        [LINK_REGISTERING] = "registering",
        [LINK_READY] = "ready",
        [LINK_BUSY] = "busy",
        [LINK_RECOVERING] = "recovering",
        [LINK_QUARANTINED] = "quarantined",
        [LINK_GONE] = "gone",
    };
    assert((unsigned)state < LINK_STATES && names[state]);
    return names[state];
}

const char *link_card_name(enum link_card card)
{
    static const char *const names[LINK_CARDS] = {
        [LINK_CARD_UNKNOWN] = "unknown", [LINK_CARD_READY] = "ready",
        [LINK_CARD_PIN] = "pin",         [LINK_CARD_PUK] = "puk",
        [LINK_CARD_LOCKED] = "locked",   [LINK_CARD_ABSENT] = "absent",
        [LINK_CARD_BUSY] = "busy",       [LINK_CARD_FAILURE] = "failure",
    };
    assert((unsigned)card < LINK_CARDS && names[card]);
    return names[card];
}

const char *link_ussd_end_name(enum link_ussd_end end)
{
    static const char *const names[LINK_USSD_ENDS] = {
        [LINK_USSD_MORE] = "more",         [LINK_USSD_DONE] = "done",
        [LINK_USSD_RELEASED] = "released", [LINK_USSD_REFUSED] = "refused",
        [LINK_USSD_SILENT] = "silent",     [LINK_USSD_CANCELLED] = "cancelled",
        [LINK_USSD_GONE] = "gone",
    };
    assert((unsigned)end < LINK_USSD_ENDS && names[end]);
    return names[end];
}

bool link_trace_of(const struct recorder *recorder, uint64_t number, struct link_trace *out)
{
    const struct recorder_line *line = recorder_from(recorder, &number);
    if (!line)
        return false;
    *out = (struct link_trace){
        .number = number, .at_ns = line->at_ns, .way = line->way, .text = line->text};
    return true;
}
