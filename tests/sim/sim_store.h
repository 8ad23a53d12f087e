/* sim_store: the message memories of one modem. */
#ifndef SIM_STORE_H
#define SIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sim_pdu.h"

enum sim_slot_state {
    SIM_SLOT_EMPTY,
    SIM_SLOT_UNREAD,
    SIM_SLOT_READ,
    SIM_SLOT_DRAFT, /* written by somebody, not sent */
    SIM_SLOT_SENT,  /* his copy of one that was */
};
struct sim_slot {
    enum sim_slot_state state;
    bool report;
    uint8_t len;
    uint8_t tpdu[SIM_TPDU];
};
struct sim_memory {
    char name[3];
    unsigned size, used;
    struct sim_slot *slot;
};
enum sim_memory_kind { SIM_MEMORY_ME, SIM_MEMORY_SM, SIM_MEMORY_SR };
enum { SIM_MEMORIES = SIM_MEMORY_SR + 1, SIM_SM_SLOTS = 20, SIM_SR_SLOTS = 20 };

void sim_memory_init(struct sim_memory *memory, const char *name, unsigned size);
void sim_memory_free(struct sim_memory *memory);
/* The slot it was put into, -1 where the memory is full. */
int sim_memory_put(struct sim_memory *memory, bool report, const uint8_t *tpdu, size_t len);
/* NULL: no such slot. An empty slot is a slot. */
struct sim_slot *sim_memory_slot(struct sim_memory *memory, int index);
/* False: there was nothing. */
bool sim_memory_delete(struct sim_memory *memory, int index);

#endif
