/* at_inbound: messages and reports on their way to the owner, and those it has not answered for. A
 * stored one keeps its slot until then; one that came directly is kept here, for it is stored
 * nowhere else. Bounded: what finds no room stays in the modem.
 * It looks no further into a TPDU than whether it is a report, and writes nothing to the modem. */
#include <string.h>

#include "at_modem.h"
#include "log.h"

static struct at_inbound *inbound_by(struct at_link *l, uint64_t handle)
{
    for (unsigned i = 0; i < AT_INBOUND; i++) {
        struct at_inbound *one = &l->receive.inbound[i];
        if (one->state != AT_INBOUND_FREE && one->inbound.handle == handle)
            return one;
    }
    return NULL;
}

static struct at_inbound *inbound_free(struct at_link *l)
{
    for (unsigned i = 0; i < AT_INBOUND; i++)
        if (l->receive.inbound[i].state == AT_INBOUND_FREE)
            return &l->receive.inbound[i];
    return NULL;
}

static bool is_report(const uint8_t *tpdu)
{
    return (tpdu[0] & 3) == 2; /* TP-MTI, TS 23.040 clause 9.2.3.1 */
}

/* The oldest that came directly and was told at least once; a report rather than a message, which
 * somebody wrote and nobody writes again. NULL: `tpdu` itself is worth less than all of them. */
static struct at_inbound *inbound_gives_way(struct at_link *l, const uint8_t *tpdu)
{
    struct at_inbound *worst = NULL;
    for (unsigned i = 0; i < AT_INBOUND; i++) {
        struct at_inbound *one = &l->receive.inbound[i];
        if (!one->direct || (one->state != AT_INBOUND_OUT && one->state != AT_INBOUND_LATER))
            continue;
        bool report = is_report(one->inbound.tpdu);
        bool older = worst && report == is_report(worst->inbound.tpdu) &&
                     one->inbound.handle < worst->inbound.handle;
        if (!worst || older || (report && !is_report(worst->inbound.tpdu)))
            worst = one;
    }
    return worst && is_report(tpdu) && !is_report(worst->inbound.tpdu) ? NULL : worst;
}

bool at_inbound_has_room(const struct at_link *l)
{
    unsigned stored = 0;
    unsigned all = 0;
    for (unsigned i = 0; i < AT_INBOUND; i++) {
        const struct at_inbound *one = &l->receive.inbound[i];
        all += one->state != AT_INBOUND_FREE;
        stored += one->state != AT_INBOUND_FREE && !one->direct;
    }
    return stored < AT_WINDOW && all < AT_INBOUND;
}

/* FNV-1a: tells whether a slot still holds what was read there. */
uint64_t at_inbound_sum(const struct pdu_tpdu *tpdu)
{
    uint64_t sum = 14695981039346656037U;
    for (unsigned i = 0; i < tpdu->len; i++)
        sum = (sum ^ tpdu->octet[i]) * 1099511628211U;
    return sum ? sum : 1;
}

static void inbound_fill(struct at_link *l, struct at_inbound *one, const struct pdu_tpdu *tpdu,
                         bool direct)
{
    *one = (struct at_inbound){.state = AT_INBOUND_DUE, .direct = direct};
    one->inbound.handle = ++l->receive.handles;
    if (!at_card_is_doubted(l)) /* else it is known when it is told */
        memcpy(one->inbound.iccid, l->link.identity.iccid, sizeof one->inbound.iccid);
    one->inbound.len = tpdu->len;
    memcpy(one->inbound.tpdu, tpdu->octet, tpdu->len);
    at_link_tell_inbound(l);
}

void at_inbound_put(struct at_link *l, struct at_slot *slot, const struct pdu_tpdu *tpdu)
{
    slot->again = false;
    slot->failures = 0;
    slot->sum = 0;
    slot->state = AT_PLACE_FOUND;
    if (!at_inbound_has_room(l))
        return;
    struct at_inbound *one = inbound_free(l);
    inbound_fill(l, one, tpdu, false);
    slot->sum = at_inbound_sum(tpdu);
    slot->handle = one->inbound.handle;
    slot->state = AT_PLACE_OUT;
}

/* --- what comes directly --- */

void at_inbound_on_header(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    at_elsewhere_noticed(l);
    l->receive.announced = at_parse_announced(line, line[2] == 'D' ? "+CDS:" : "+CMT:");
}

bool at_inbound_on_body(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    return at_inbound_direct(l, l->receive.announced, line);
}

bool at_inbound_direct(struct at_link *l, int announced, const char *line)
{
    struct pdu_tpdu tpdu;
    size_t len = strlen(line);
    /* Nobody will say it again: what makes sense is taken, whatever its length should be. */
    if (!at_parse_tpdu(line, len, announced, false, &tpdu) &&
        !at_parse_tpdu(line, len, -1, false, &tpdu))
        return false; /* cut in two, perhaps */
    struct at_inbound *one = inbound_free(l);
    if (!one) {
        one = inbound_gives_way(l, tpdu.octet);
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "inbound-dropped",
                  "what=%s held=%d times=%u",
                  is_report(one ? one->inbound.tpdu : tpdu.octet) ? "report" : "message",
                  AT_INBOUND, ++l->receive.dropped);
    }
    if (one)
        inbound_fill(l, one, &tpdu, true);
    return true;
}

/* --- telling, and the answer --- */

bool at_inbound_next(struct at_link *l, struct link_inbound *out)
{
    struct at_inbound *next = NULL;
    bool known =
        !at_card_is_doubted(l) && (at_link_state(l) == LINK_READY || l->link.identity.iccid[0]);
    for (unsigned i = 0; i < AT_INBOUND; i++) {
        struct at_inbound *one = &l->receive.inbound[i];
        if (one->state == AT_INBOUND_DUE && (one->inbound.iccid[0] || known) &&
            (!next || one->inbound.handle < next->inbound.handle))
            next = one;
    }
    if (!next)
        return false;
    if (!next->inbound.iccid[0]) /* it came before the SIM was known */
        memcpy(next->inbound.iccid, l->link.identity.iccid, sizeof next->inbound.iccid);
    next->state = AT_INBOUND_OUT;
    *out = next->inbound;
    return true;
}

void at_inbound_taken(struct at_link *l, uint64_t handle, bool ok)
{
    struct at_inbound *one = inbound_by(l, handle);
    struct at_slot *slot = at_places_by_handle(&l->receive.places, handle);
    if (!one || one->state != AT_INBOUND_OUT)
        return;
    if (slot)
        slot->state = ok ? AT_PLACE_TAKEN : AT_PLACE_KEPT;
    one->state = one->direct && !ok ? AT_INBOUND_LATER : AT_INBOUND_FREE;
}

void at_inbound_drop(struct at_link *l, uint64_t handle)
{
    struct at_inbound *one = inbound_by(l, handle);
    if (one)
        one->state = AT_INBOUND_FREE;
}

void at_inbound_remind(struct at_link *l)
{
    for (unsigned i = 0; i < AT_INBOUND; i++) {
        struct at_inbound *one = &l->receive.inbound[i];
        if (one->state != AT_INBOUND_LATER)
            continue;
        one->state = AT_INBOUND_DUE;
        one->inbound.handle = ++l->receive.handles;
        at_link_tell_inbound(l);
    }
}
