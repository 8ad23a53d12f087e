#include "at_places.h"

#include <assert.h>
#include <string.h>

static bool is_at(const struct at_slot *slot, struct at_place place)
{
    return slot->state != AT_PLACE_FREE && slot->place.memory == place.memory &&
           slot->place.index == place.index;
}

struct at_slot *at_places_find(struct at_places *places, struct at_place place)
{
    for (size_t i = 0; i < AT_SLOTS; i++)
        if (is_at(&places->slot[i], place))
            return &places->slot[i];
    return NULL;
}

struct at_slot *at_places_put(struct at_places *places, struct at_place place)
{
    struct at_slot *slot = at_places_find(places, place);
    for (size_t i = 0; !slot && i < AT_SLOTS; i++)
        if (places->slot[i].state == AT_PLACE_FREE) {
            slot = &places->slot[i];
            *slot = (struct at_slot){.state = AT_PLACE_FOUND, .place = place};
        }
    return slot;
}

struct at_slot *at_places_by_handle(struct at_places *places, uint64_t handle)
{
    for (size_t i = 0; i < AT_SLOTS; i++)
        if (places->slot[i].state == AT_PLACE_OUT && places->slot[i].handle == handle)
            return &places->slot[i];
    return NULL;
}

static bool is_one(const struct at_slot *slot, int memory, enum at_place_state state)
{
    return slot->state == state &&
           (memory == AT_ANY_MEMORY || slot->place.memory == (enum at_memory)memory);
}

struct at_slot *at_places_next(struct at_places *places, int memory, enum at_place_state state)
{
    struct at_slot *next = NULL;
    for (size_t i = 0; i < AT_SLOTS; i++) {
        struct at_slot *slot = &places->slot[i];
        if (is_one(slot, memory, state) && (!next || slot->place.index < next->place.index))
            next = slot;
    }
    return next;
}

unsigned at_places_count(const struct at_places *places, int memory, enum at_place_state state)
{
    unsigned count = 0;
    for (size_t i = 0; i < AT_SLOTS; i++)
        count += is_one(&places->slot[i], memory, state);
    return count;
}

void at_places_free(struct at_slot *slot)
{
    assert(slot->state != AT_PLACE_FREE);
    memset(slot, 0, sizeof *slot);
}
