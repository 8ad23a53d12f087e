/* at_places: the ledger of stored messages: which slot of which memory is to be read, is with the
 * owner, is to be deleted, or has to wait for a sweep. Pure; owned by at_receive.
 *
 * It never forgets a place by itself, and never holds one twice. */
#ifndef OTPGATE_AT_PLACES_H
#define OTPGATE_AT_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "at_parse_store.h"

enum at_place_state {
    AT_PLACE_FREE,
    AT_PLACE_FOUND, /* announced or listed, not read yet */
    AT_PLACE_OUT,   /* told upward; the owner has the word */
    AT_PLACE_TAKEN, /* may be deleted */
    AT_PLACE_KEPT,  /* not taken, or not readable: the next sweep reads it again */
    AT_PLACE_STUCK, /* taken, and its deletion failed: the next sweep tries again */
    AT_PLACE_LEFT,  /* nobody can read it: it stays, and is looked at by lists alone */
};
struct at_slot {
    enum at_place_state state;
    struct at_place place;
    bool seen;         /* by the sweep under way */
    bool again;        /* announced anew since it was read: look before deleting */
    unsigned failures; /* of reading or of deleting, in a row */
    uint64_t handle;   /* OUT */
    uint64_t sum;      /* of what was read there; 0: nothing yet */
};
enum { AT_SLOTS = 320 }; /* the largest memory known holds 255 */
struct at_places {
    struct at_slot slot[AT_SLOTS];
};

/* NULL: not known. */
struct at_slot *at_places_find(struct at_places *places, struct at_place place);
/* As it is known, or new as FOUND; NULL: no room, a later sweep finds it again. */
struct at_slot *at_places_put(struct at_places *places, struct at_place place);
struct at_slot *at_places_by_handle(struct at_places *places, uint64_t handle);
/* The lowest index in this state, in `memory` (AT_MEMORIES + 1: in any). */
enum { AT_ANY_MEMORY = AT_MEMORIES + 1 };
struct at_slot *at_places_next(struct at_places *places, int memory, enum at_place_state state);
unsigned at_places_count(const struct at_places *places, int memory, enum at_place_state state);
void at_places_free(struct at_slot *slot);

#endif
