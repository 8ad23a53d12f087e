/* at_world on the heap, for tests that make one after another; and what became of its messages. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

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

unsigned world_wrote(const struct world *w, const char *command)
{
    unsigned count = 0;
    const char *end = w->wire + w->wire_len;
    size_t len = strlen(command);
    for (const char *at = w->wire; (at = memmem(at, (size_t)(end - at), command, len)); at += len)
        count++;
    return count;
}
