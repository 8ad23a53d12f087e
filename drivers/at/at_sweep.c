/* at_sweep: goes through a memory of the modem, by a list or slot by slot, and knows which memory
 * is selected. Sweeps are asked for by setting bits in `due`; one is under way at a time. It writes
 * nothing to the modem: at_receive does. */
#include <string.h>

#include "at_modem.h"
#include "log.h"

enum {
    LIST_MOST = 2 * AT_WINDOW, /* more are walked: a list of all would hold the wire for seconds */
    INDEX_MOST = 255,          /* where the modem does not say how many slots it has */
};

/* --- a memory that is full of what is not ours --- */

/* Drafts and copies of what was sent, by whoever had the SIM or the modem before: they are not
 * deleted here, no sweep fails, and nothing comes any more. Only people can do something. */
static void set_clogged(struct at_link *l, bool clogged)
{
    struct at_receiving *r = &l->receive;
    if (clogged && !r->clogged)
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "memory-clogged",
                  "memory=%s slots=%d why=\"full of drafts and the like: nothing can come\"",
                  at_memory_name(r->sweep.memory), r->total);
    bool news = clogged != r->clogged;
    r->clogged = clogged;
    if (news)
        at_link_say(l, at_sweep_reason(l, "there is room again"));
}

static void look_if_clogged(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    enum at_memory memory = r->sweep.memory;
    if (memory == r->home && memory != AT_MEMORY_SELECTED && r->total > 0)
        set_clogged(l, r->foreign[memory] >= r->total && r->used >= r->total);
}

const char *at_sweep_reason(const struct at_link *l, const char *why)
{
    return l->receive.clogged ? "its memory is full of drafts: nothing can come" : why;
}

/* --- going through it --- */

/* What waited for this sweep and was not seen by it is not there any more. */
static void sweep_end(struct at_link *l, bool complete)
{
    struct at_receiving *r = &l->receive;
    if (complete) {
        for (unsigned i = 0; i < AT_SLOTS; i++) {
            struct at_slot *slot = &r->places.slot[i];
            bool waits = slot->state == AT_PLACE_KEPT || slot->state == AT_PLACE_STUCK ||
                         slot->state == AT_PLACE_LEFT;
            if (waits && !slot->seen && slot->place.memory == r->sweep.memory)
                at_places_free(slot);
        }
        r->foreign[r->sweep.memory] = (int)r->sweep.foreign;
        look_if_clogged(l);
    }
    r->sweep.stage = AT_SWEEP_NONE;
}

void at_sweep_begin(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    if (r->sweep.stage != AT_SWEEP_NONE || !r->due)
        return;
    unsigned memory = r->due & at_memory_bit(r->selected) ? r->selected : 0;
    while (!(r->due >> memory & 1))
        memory++;
    memset(&r->sweep, 0, sizeof r->sweep);
    r->sweep.memory = (enum at_memory)memory;
    r->sweep.stage = AT_SWEEP_ASK;
    r->due &= ~at_memory_bit(r->sweep.memory);
    for (unsigned i = 0; i < AT_SLOTS; i++)
        r->places.slot[i].seen = false;
}

/* Where the modem does not even say how many there are, all slots are looked at: not every minute.
 */
static void walk_begin(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    r->sweep.index = r->sweep.found = r->sweep.foreign = 0;
    if (r->used >= 0 || r->sweep.urgent)
        r->sweep.stage = AT_SWEEP_WALK;
    else
        sweep_end(l, false);
}

/* `used` is known now, or the modem does not tell. */
static void sweep_asked(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    enum at_memory memory = r->sweep.memory;
    bool forced = r->forced & at_memory_bit(memory);
    bool waiting = at_places_count(&r->places, (int)memory, AT_PLACE_KEPT) > 0 ||
                   at_places_count(&r->places, (int)memory, AT_PLACE_STUCK) > 0;
    r->forced &= ~at_memory_bit(memory);
    look_if_clogged(l);
    r->sweep.used = r->used > 0 ? (unsigned)r->used : 0;
    r->sweep.urgent = forced || waiting;
    if (r->used == 0 || (!r->sweep.urgent && r->used > 0 && r->used <= r->foreign[memory]))
        sweep_end(l, r->used == 0);
    else if (r->list_silent || r->used > LIST_MOST)
        walk_begin(l);
    else
        r->sweep.stage = AT_SWEEP_LIST;
}

void at_sweep_listed(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    if (at_result_ok(result)) {
        sweep_end(l, true);
        return;
    }
    if (result->end == AT_END_TIMEOUT)
        r->list_silent = true;
    walk_begin(l);
}

/* Up to the slot behind the last, for the first may be 0 or 1. */
void at_sweep_walked(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    unsigned last = r->total > 0 ? (unsigned)r->total : INDEX_MOST;
    bool all = r->sweep.used > 0 && r->sweep.found >= r->sweep.used;
    if (result->end == AT_END_TIMEOUT)
        sweep_end(l, false); /* the rest another time */
    else if (r->sweep.index++ >= last || all)
        sweep_end(l, true);
}

/* --- memories --- */

static unsigned known_bits(const struct at_receiving *r, unsigned bits)
{
    unsigned unknown = at_memory_bit(AT_MEMORY_SELECTED);
    return bits & unknown ? (bits & ~unknown) | at_memory_bit(r->home) : bits;
}

void at_sweep_home_known(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    r->watched = known_bits(r, r->watched);
    r->forced = known_bits(r, r->forced);
    r->due = known_bits(r, r->due);
    for (unsigned i = 0; i < AT_SLOTS; i++) {
        struct at_slot *slot = &r->places.slot[i];
        struct at_place place = {r->home, slot->place.index};
        if (slot->state == AT_PLACE_FREE || slot->place.memory != AT_MEMORY_SELECTED)
            continue;
        if (!at_places_find(&r->places, place)) {
            slot->place = place;
            continue;
        }
        if (slot->state == AT_PLACE_OUT)
            at_inbound_drop(l, slot->handle); /* one place, one slot: the other one speaks for it */
        at_places_free(slot);
    }
}

/* The modem had not told which memory it uses; now it is known. */
static void home_adopt(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    if (r->home != AT_MEMORY_SELECTED || r->selected == AT_MEMORY_SELECTED)
        return;
    r->home = r->selected;
    if (r->sweep.stage != AT_SWEEP_NONE && r->sweep.memory == AT_MEMORY_SELECTED)
        r->sweep.memory = r->home;
    at_sweep_home_known(l);
}

/* What it was to bring is looked for in the memory that is there. */
static void memory_refused(struct at_link *l, enum at_memory memory)
{
    struct at_receiving *r = &l->receive;
    if (!(r->refused_before & at_memory_bit(memory))) {
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "memory-refused", "memory=%s",
                  at_memory_name(memory));
        r->forced |= at_memory_bit(r->home);
    }
    r->refused_before |= at_memory_bit(memory);
    r->due |= at_memory_bit(r->home);
    r->refused |= at_memory_bit(memory);
    r->which = AT_WHICH_ASK;
    if (memory == r->home)
        return;
    for (unsigned i = 0; i < AT_SLOTS; i++) {
        struct at_slot *slot = &r->places.slot[i];
        if (slot->state != AT_PLACE_FREE && slot->state != AT_PLACE_OUT &&
            slot->place.memory == memory)
            at_places_free(slot);
    }
}

void at_sweep_selected(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    enum at_memory memory = r->place.memory;
    if (at_result_ok(result)) {
        r->selected = memory;
        r->which = AT_WHICH_KNOWN;
        home_adopt(l);
    } else {
        memory_refused(l, memory);
    }
    if (r->sweep.stage == AT_SWEEP_NONE || r->sweep.memory != memory)
        return;
    if (!at_result_ok(result))
        sweep_end(l, false);
    else if (r->sweep.stage == AT_SWEEP_ASK)
        sweep_asked(l);
}

void at_sweep_used(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    if (!at_result_ok(result))
        r->used = -1;
    if (r->which == AT_WHICH_ASK) /* one that knows no AT+CPMS has only one memory */
        r->which = r->home == AT_MEMORY_SELECTED ? AT_WHICH_KNOWN : AT_WHICH_AGAIN;
    home_adopt(l);
    if (r->sweep.stage == AT_SWEEP_ASK && r->selected == r->sweep.memory)
        sweep_asked(l);
}

/* The next index of the walk; what is known to be there needs no look. */
static void walk_next(struct at_link *l, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    for (;; r->sweep.index++) {
        *place = (struct at_place){r->sweep.memory, (uint16_t)r->sweep.index};
        struct at_slot *slot = at_places_find(&r->places, *place);
        bool left = slot && slot->state == AT_PLACE_LEFT;
        bool known = slot && !slot->again &&
                     (left || slot->state == AT_PLACE_OUT || slot->state == AT_PLACE_TAKEN);
        if (!known)
            return;
        r->sweep.foreign += left;
        slot->seen = true;
        r->sweep.found++;
    }
}

enum at_job at_sweep_next(struct at_link *l, bool room, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    if (r->sweep.memory != r->selected)
        return AT_JOB_NONE;
    switch (r->sweep.stage) {
    case AT_SWEEP_NONE:
        break;
    case AT_SWEEP_ASK:
        return AT_JOB_USED;
    case AT_SWEEP_LIST:
        return room ? AT_JOB_LIST : AT_JOB_NONE;
    case AT_SWEEP_WALK:
        if (!room)
            break;
        walk_next(l, place);
        return AT_JOB_WALK;
    }
    return AT_JOB_NONE;
}
