/* gammu: whatever a helper says, at whatever time: the link stands, each submit has one outcome
 * (the world asserts it), and READY can be reached again. An octet 0xFF moves time, 0xFE submits,
 * 0xFD answers the commit, 0xFC takes what came, 0xFB ends the helper; everything else is said. */
#include <stddef.h>
#include <stdint.h>

#include "gammu_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void step(struct gammu_world *world, uint8_t octet, int *token)
{
    char byte = (char)octet;
    switch (octet) {
    case 0xFF:
        gammu_world_run(world, 7000);
        break;
    case 0xFE:
        *token = gammu_world_submit(world);
        break;
    case 0xFD:
        link_proceed(world->link, (uint64_t)*token, 0, true);
        break;
    case 0xFC:
        link_taken(world->link, world->inbound.handle, true);
        break;
    case 0xFB:
        gammu_world_die(world);
        gammu_world_run(world, 0);
        break;
    default:
        gammu_world_say(world, &byte, 1);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gammu_world *world = gammu_world_new();
    int token = 0;
    bool ready = size > 0 && data[0] & 1;
    if (ready)
        gammu_world_ready(world);
    for (size_t i = 1; i < size && i < 4096; i++)
        step(world, data[i], &token);
    gammu_world_free(world);
    return 0;
}
