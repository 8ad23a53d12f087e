/* at_world on the heap, for tests that make one after another; and what became of its messages. */
#include <assert.h>
#include <stdlib.h>

#include "at_world.h"

struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert(w);
    return w;
}

struct world *world_ready(void)
{
    struct world *w = world_new();
    world_start(w);
    bool ready = world_until_ready(w, 5000);
    assert(ready);
    return w;
}

void world_end(struct world *w)
{
    world_stop(w);
    free(w);
}

int world_truth_of(const struct world *w, uint64_t token)
{
    for (unsigned i = 0; i < w->sent && i < WORLD_TRUTHS; i++)
        if (w->truth[i].token == token)
            return w->truth[i].reference;
    return -1;
}
