/* sim_store: see sim_store.h. */
#include "sim_store.h"
#include "sim_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_memory_init(struct sim_memory *memory, const char *name, unsigned size)
{
    snprintf(memory->name, sizeof memory->name, "%s", name);
    memory->size = size;
    memory->used = 0;
    memory->slot = sim_alloc(size * sizeof *memory->slot);
}

void sim_memory_free(struct sim_memory *memory)
{
    free(memory->slot);
    memory->slot = NULL;
}

int sim_memory_put(struct sim_memory *memory, bool report, const uint8_t *tpdu, size_t len)
{
    for (unsigned i = 0; i < memory->size; i++) {
        struct sim_slot *slot = &memory->slot[i];
        if (slot->state != SIM_SLOT_EMPTY)
            continue;
        slot->state = SIM_SLOT_UNREAD;
        slot->report = report;
        slot->len = (uint8_t)len;
        memcpy(slot->tpdu, tpdu, len);
        memory->used++;
        return (int)i;
    }
    return -1;
}

struct sim_slot *sim_memory_slot(struct sim_memory *memory, int index)
{
    return index >= 0 && (unsigned)index < memory->size ? &memory->slot[index] : NULL;
}

bool sim_memory_delete(struct sim_memory *memory, int index)
{
    struct sim_slot *slot = sim_memory_slot(memory, index);
    if (!slot || slot->state == SIM_SLOT_EMPTY)
        return false;
    slot->state = SIM_SLOT_EMPTY;
    memory->used--;
    return true;
}
