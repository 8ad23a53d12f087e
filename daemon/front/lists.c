#include "lists.h"
#include <assert.h>
#include <stdlib.h>
#include "audit.h"
#include "hall.h"
#include "view_message.h"
#include "view_put.h"

struct listing {
    struct walk walk; /* first */
    struct call *call;
    struct message_filter filter;
    int64_t cursor, last; /* where it goes on; the row of the last one shown */
    size_t left;          /* may be shown still */
    json_t *shown;        /* NULL: no memory */
};

/* The call is not touched. */
static void listing_free(struct listing *listing)
{
    walks_forget(listing->call->front, &listing->walk);
    json_decref(listing->shown);
    free(listing);
}

static void listing_abandon(struct call *call)
{
    listing_free(call->parked);
    call_drop(call);
}

static void listing_end(struct listing *listing, int rc, bool more)
{
    struct call *call = listing->call;
    json_t *view = listing->shown ? json_pack("{s:O}", "messages", listing->shown) : NULL;

    if (more)
        view_put_integer(&view, "next_cursor", listing->last);
    listing_free(listing);
    call_unpark(call);
    if (rc >= 0) {
        call_reply(call, view);
        return;
    }
    json_decref(view);
    call_fail_store(call, rc);
}

/* Another's message is on record, as where it is asked for by its id. */
static void show(struct listing *listing, const struct message *message)
{
    struct call *call = listing->call;

    if (message->uid != call->peer.uid)
        audit_note(call, &(struct audit_fields){0});
    view_append(&listing->shown, view_summary(message, peer_viewer(&call->peer)));
    listing->last = message->row;
    listing->left--;
}

/* One is looked for that is not shown: it tells whether there are more. */
static void on_step(struct walk *walk)
{
    static struct message page[LISTS_MAX + 1]; /* one thread; too large for the stack */
    struct listing *listing = (struct listing *)walk;
    struct front *front = listing->call->front;
    bool more = false;
    int count = store_message_list(front->store, &listing->filter, &listing->cursor, page,
                                   listing->left + 1);

    for (int i = 0; i < count; i++) {
        more = listing->left == 0;
        if (!more)
            show(listing, &page[i]);
        message_clear(&page[i]);
    }
    if (count < 0 || more || listing->cursor == 0)
        listing_end(listing, count, more);
    else
        walks_go_on(front, walk);
}

bool lists_start(struct call *call, const struct message_filter *filter, int64_t cursor,
                 size_t limit)
{
    assert(limit > 0 && limit <= LISTS_MAX);
    struct listing *listing = calloc(1, sizeof *listing);

    if (!listing)
        return false;
    *listing = (struct listing){.walk = {.step = on_step},
                                .call = call,
                                .filter = *filter,
                                .cursor = cursor,
                                .left = limit,
                                .shown = json_array()};
    call_park(call, listing_abandon, listing);
    walks_begin(call->front, &listing->walk);
    return true;
}
