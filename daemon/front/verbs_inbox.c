/* verbs_inbox: what others wrote to the SIMs. The only verb that shows a text. */
#include "hall.h"
#include "verbs.h"
#include "view.h"
#include "view_put.h"

/* A text may have 255 parts; an answer is a line that a client takes as a whole. */
enum { LIST_DEFAULT = 50, LIST_CHUNK = 8, LIST_TEXTS_MAX = 256 * 1024 };

struct page_of_inbox {
    json_t *messages; /* NULL: no memory */
    bool whole;       /* numbers are shown whole */
    size_t limit, texts;
    int64_t cursor; /* row of the last one taken */
    bool full;      /* there are more */
};

static void inbox_take(struct page_of_inbox *page, const struct inbox *inbox)
{
    size_t taken = json_array_size(page->messages);
    page->texts += inbox->text_len;
    page->full = taken == page->limit || (taken > 0 && page->texts > LIST_TEXTS_MAX);
    if (page->full)
        return;
    page->cursor = inbox->row;
    view_append(&page->messages, view_inbox(inbox, page->whole));
}

/* A few at a time, so that long texts do not stand in memory all at once. 0/-errno. */
static int inbox_read(struct store *store, struct page_of_inbox *page)
{
    struct inbox inbox[LIST_CHUNK];
    int count = LIST_CHUNK;
    while (count == LIST_CHUNK && !page->full && page->messages) {
        count = store_inbox_list(store, page->cursor, inbox, LIST_CHUNK);
        for (int i = 0; i < count; i++) {
            if (!page->full && page->messages)
                inbox_take(page, &inbox[i]);
            inbox_clear(&inbox[i]);
        }
    }
    return count < 0 ? count : 0;
}

static json_t *view_page(const struct page_of_inbox *page)
{
    json_t *view = json_pack("{s:o}", "messages", page->messages);
    if (page->full)
        view_put_integer(&view, "next_cursor", page->cursor);
    return view;
}

void verb_inbox_list(struct call *call)
{
    const json_t *limit = json_object_get(call->params, "limit");
    struct page_of_inbox page = {
        .messages = json_array(),
        .whole = call->peer.shows_inbox,
        .limit = limit ? (size_t)json_integer_value(limit) : LIST_DEFAULT,
        .cursor = json_integer_value(json_object_get(call->params, "cursor")),
    };
    int rc = inbox_read(call->front->store, &page);
    if (rc < 0) {
        json_decref(page.messages);
        call_fail_store(call, rc);
        return;
    }
    call_reply(call, view_page(&page));
}
