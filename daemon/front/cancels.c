#include "cancels.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit.h"
#include "hall.h"
#include "text.h"

enum { STEP_ROWS = 32 }; /* looked at and cancelled at a time: some 3 ms */

struct cancelling {
    struct walk walk; /* first */
    struct front *front;
    struct call *call;
    struct cancels_filter filter;
    char modem[MODEM_NAME_MAX];
    char pin[MODEM_NAME_MAX + 8];
    int64_t cursor; /* where it goes on */
    int64_t cancelled;
    bool over;
    struct store_waiter waiter;
};

/* The call is not touched. */
static void cancelling_free(struct cancelling *c)
{
    walks_forget(c->front, &c->walk);
    store_forget(c->front->store, &c->waiter);
    free(c);
}

/* Who hangs up hears nothing; what was cancelled until then is on record. */
static void cancelling_abandon(struct call *call)
{
    cancelling_free(call->parked);
    audit_answered(call);
    call_drop(call);
}

static void cancelling_end(struct cancelling *c, int rc)
{
    struct call *call = c->call;
    int64_t cancelled = c->cancelled;

    cancelling_free(c);
    call_unpark(call);
    if (rc < 0)
        call_fail_store(call, rc);
    else
        call_reply(call, json_pack("{s:I}", "cancelled", (json_int_t)cancelled));
}

/* Pinned to it by name, or begun by its SIM. */
static bool waits_for_modem(const struct cancelling *c, const struct message *message)
{
    return strcmp(message->pin, c->pin) == 0 ||
           (strncmp(message->pin, "sim:", 4) == 0 && strcmp(message->modem, c->modem) == 0);
}

static bool is_meant(const struct cancelling *c, const struct message *message)
{
    const struct cancels_filter *filter = &c->filter;

    return message->created_wall_ms < filter->before_wall_ms &&
           (!c->modem[0] || waits_for_modem(c, message));
}

/* One message, in a savepoint of its own. 1 cancelled, 0 it has left meanwhile, -errno. */
static int cancel_one(struct cancelling *c, struct message *message)
{
    struct refusal refusal;
    int rc = store_begin(c->front->store);

    if (rc < 0)
        return rc;
    bool done = gateway_cancel(c->front->gateway, message, &refusal) == 0;
    rc = store_end(c->front->store, done);
    return rc < 0 ? rc : done;
}

static int step(struct cancelling *c)
{
    static struct message page[STEP_ROWS]; /* one thread */
    const struct message_filter list = {c->filter.uid, MESSAGE_QUEUED, c->filter.class_};
    int count = store_message_list(c->front->store, &list, &c->cursor, page, STEP_ROWS);
    int rc = 0;

    c->over = c->cursor == 0;
    for (int i = 0; i < count; i++) {
        if (rc >= 0 && is_meant(c, &page[i]))
            rc = cancel_one(c, &page[i]);
        c->cancelled += rc > 0;
        rc = rc < 0 ? rc : 0;
        message_clear(&page[i]);
    }
    return count < 0 ? count : rc;
}

static void on_step(struct walk *walk)
{
    struct cancelling *c = (struct cancelling *)walk;
    int rc = step(c);

    if (rc < 0)
        cancelling_end(c, rc);
    else
        store_when_durable(c->front->store, &c->waiter);
}

static void on_durable(void *arg, int rc)
{
    struct cancelling *c = arg;

    if (rc < 0 || c->over)
        cancelling_end(c, rc);
    else
        walks_go_on(c->front, &c->walk);
}

bool cancels_start(struct call *call, const struct cancels_filter *filter)
{
    struct cancelling *c = calloc(1, sizeof *c);

    if (!c)
        return false;
    c->front = call->front;
    c->call = call;
    c->filter = *filter;
    c->filter.modem = NULL;
    if (filter->modem) {
        text_copy(c->modem, sizeof c->modem, filter->modem);
        snprintf(c->pin, sizeof c->pin, "modem:%s", c->modem);
    }
    c->waiter = (struct store_waiter){.fn = on_durable, .arg = c};
    c->walk.step = on_step;
    call_park(call, cancelling_abandon, c);
    walks_begin(c->front, &c->walk);
    return true;
}
