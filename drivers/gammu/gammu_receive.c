/* gammu_receive: what came in and is not taken yet: a small window, so that a helper cannot fill
 * the daemon. */
#include <string.h>
#include "gammu_inside.h"

bool gammu_take_inbound(struct gammu_link *l, const struct gammu_line *line)
{
    struct gammu_window *free_one = NULL;
    for (unsigned i = 0; i < GAMMU_WINDOW; i++) {
        if (l->window[i].handle && l->window[i].theirs == line->id)
            return true; /* told again before it was taken */
        if (!l->window[i].handle)
            free_one = &l->window[i];
    }
    if (!free_one)
        return false; /* it was told how many it may tell */
    *free_one = (struct gammu_window){
        .handle = ++l->next_handle, .theirs = line->id, .told = false, .tpdu = line->tpdu};
    gammu_notify(l);
    return true;
}

void gammu_tell_inbound(struct gammu_link *l, struct gammu_window *window)
{
    struct link_inbound inbound = {.handle = window->handle, .len = window->tpdu.len};
    window->told = true;
    memcpy(inbound.iccid, l->link.identity.iccid, sizeof inbound.iccid);
    memcpy(inbound.tpdu, window->tpdu.octet, window->tpdu.len);
    l->link.sink->inbound(l->link.ctx, &l->link, &inbound);
}

void gammu_op_taken(struct link *link, uint64_t handle, bool ok)
{
    struct gammu_link *l = gammu_own(link);
    for (unsigned i = 0; handle && i < GAMMU_WINDOW; i++) {
        if (l->window[i].handle != handle)
            continue;
        const struct gammu_line line = {
            .word = GAMMU_TAKEN, .id = l->window[i].theirs, .number = ok};
        memset(&l->window[i], 0, sizeof l->window[i]);
        gammu_say(l, &line);
        return;
    }
}
