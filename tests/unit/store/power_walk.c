#include "power_walk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint64_t SEED = 0x9e3779b97f4a7c15u;

/* Two of three lose some sectors, the third all that was not synced. */
void power_at_every_write(power_cut_fn *cut, uint64_t least, uint64_t most)
{
    uint64_t nth = 1;
    while (cut(VFS_WRITE, nth, nth % 3 ? nth * SEED : 0))
        nth++;
    assert_in_range(nth, least, most);
    print_message("power lost at each of %d writes\n", (int)nth - 1);
}

void power_at_every_sync(power_cut_fn *cut, uint64_t least, uint64_t most)
{
    uint64_t nth = 1;
    while (cut(VFS_SYNC, nth, nth * SEED) && cut(VFS_SYNC, nth, 0))
        nth++;
    assert_in_range(nth, least, most);
}
