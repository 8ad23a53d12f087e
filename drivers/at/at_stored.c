/* at_stored: what a stored message's lines and the end of its command mean for its slot: told
 * upward, empty, deleted, or left for a later sweep. It writes nothing to the modem. */
#include <string.h>

#include "at_modem.h"
#include "log.h"

enum {
    UNREADABLE = 3, /* readings that brought a header and no TPDU: nobody will ever read it */
    LEFT_MOST = 3,  /* such ones stay; more would take up the room of a small memory */
};

/* --- lines --- */

static void slot_renew(struct at_link *l, struct at_slot *slot, const struct pdu_tpdu *tpdu)
{
    if (slot->state == AT_PLACE_OUT)
        at_inbound_drop(l, slot->handle); /* something else lies there now */
    at_inbound_put(l, slot, tpdu);
}

/* A TPDU and where it lies, from a list or alone. */
static void stored_take(struct at_link *l, struct at_place place, const struct pdu_tpdu *tpdu)
{
    struct at_receiving *r = &l->receive;
    struct at_slot *slot = at_places_put(&r->places, place);
    if (!slot)
        return; /* a later sweep finds it again */
    bool same = slot->sum && slot->sum == at_inbound_sum(tpdu);
    slot->seen = true;
    switch (slot->state) {
    case AT_PLACE_FREE:
    case AT_PLACE_FOUND:
    case AT_PLACE_KEPT:
    case AT_PLACE_LEFT:
        at_inbound_put(l, slot, tpdu);
        break;
    case AT_PLACE_OUT:
    case AT_PLACE_TAKEN:
        if (!same)
            slot_renew(l, slot, tpdu);
        break;
    case AT_PLACE_STUCK:
        slot->state = AT_PLACE_TAKEN; /* once more */
        if (!same)
            slot_renew(l, slot, tpdu);
        break;
    }
    slot->again = false;
}

/* Something lies at r->place. */
static void stored_header(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    bool sweeping = r->job != AT_JOB_READ;
    bool ours = r->stored.stat < 2; /* else drafts of whoever had the SIM before: they stay */
    if (sweeping && ours && !at_places_find(&r->places, r->place))
        at_elsewhere_found(l);
    struct at_slot *slot =
        ours ? at_places_put(&r->places, r->place) : at_places_find(&r->places, r->place);
    r->header = true;
    r->pending = ours;
    r->sweep.found += sweeping;
    r->sweep.foreign += sweeping && (!ours || (slot && slot->state == AT_PLACE_LEFT));
    if (r->stored.text)
        at_recover_forgot(l); /* text mode */
    if (slot && !ours) {
        if (slot->state == AT_PLACE_OUT)
            at_inbound_drop(l, slot->handle);
        at_places_free(slot);
    } else if (slot) {
        slot->seen = true;
        if (slot->state == AT_PLACE_KEPT)
            slot->state = AT_PLACE_FOUND; /* if its TPDU does not follow, it is read alone */
    }
}

/* The header and its TPDU, in one line or in two. */
bool at_stored_line(struct at_link *l, const char *line)
{
    struct at_receiving *r = &l->receive;
    const char *hex = line;
    size_t len = strlen(line);
    struct pdu_tpdu tpdu;
    bool list = r->job == AT_JOB_LIST;
    bool header = list ? at_parse_cmgl(line, &r->stored) : at_parse_cmgr(line, &r->stored);
    if (header) {
        if (list)
            r->place = (struct at_place){r->selected, (uint16_t)r->stored.index};
        stored_header(l);
        if (!r->stored.hex || !r->pending)
            return true;
        hex = r->stored.hex;
        len = r->stored.hex_len;
    }
    if (!r->pending)
        return header;
    const struct at_slot *slot = at_places_find(&r->places, r->place);
    bool again = slot && slot->failures > 0;
    if (!at_parse_tpdu(hex, len, r->stored.len, again, &tpdu))
        return header;
    r->pending = false;
    stored_take(l, r->place, &tpdu);
    return true;
}

/* --- ends --- */

/* The slot is empty, or there is none: TS 27.005 and 27.007 number it differently. */
static bool says_empty(const struct at_result *result)
{
    return result->end == AT_END_FINAL &&
           ((result->final.kind == AT_FINAL_CMS && result->final.code == 321) ||
            (result->final.kind == AT_FINAL_CME &&
             (result->final.code == 21 || result->final.code == 22)));
}

/* Every second, fourth, eighth time is worth a line. */
static void slot_failed(struct at_link *l, struct at_slot *slot, enum at_place_state state,
                        const char *what)
{
    slot->state = state;
    slot->failures++;
    if ((slot->failures & (slot->failures - 1)) == 0)
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, what, "memory=%s index=%u times=%u",
                  slot->place.memory < AT_MEMORY_SELECTED ? at_memory_name(slot->place.memory)
                                                          : "selected",
                  slot->place.index, slot->failures);
}

void at_stored_read(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    struct at_slot *slot = at_places_find(&r->places, r->place);
    bool mine = slot && (slot->state == AT_PLACE_FOUND || slot->again);
    if (!mine || (r->header && !r->pending) || l->recovery.reboot_seen)
        return; /* a TPDU came, and is where it belongs */
    if (says_empty(result) || (at_result_ok(result) && !r->header)) {
        at_places_free(slot); /* some firmware says OK to an empty slot, some an error */
        return;
    }
    bool taken = slot->state == AT_PLACE_TAKEN || slot->state == AT_PLACE_STUCK;
    slot->again = false;
    slot_failed(l, slot, taken ? AT_PLACE_STUCK : AT_PLACE_KEPT, "not-read");
    if (!taken && at_result_ok(result) && slot->failures >= UNREADABLE) {
        bool stays = at_places_count(&r->places, AT_ANY_MEMORY, AT_PLACE_LEFT) < LEFT_MOST;
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "unreadable", "index=%u deleted=%d",
                  slot->place.index, !stays);
        slot->state = stays ? AT_PLACE_LEFT : AT_PLACE_TAKEN;
        slot->sum = 0;
    }
}

void at_stored_deleted(struct at_link *l, const struct at_result *result)
{
    struct at_slot *slot = at_places_find(&l->receive.places, l->receive.place);
    if (!slot || slot->state != AT_PLACE_TAKEN)
        return;
    if (!at_result_ok(result) && !says_empty(result)) {
        slot_failed(l, slot, AT_PLACE_STUCK, "not-deleted");
    } else if (slot->again) { /* and at once something new came there */
        slot->again = false;
        slot->state = AT_PLACE_FOUND;
        slot->sum = 0;
    } else {
        at_places_free(slot);
    }
}
