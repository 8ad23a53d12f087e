#include "cancels.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit.h"
#include "hall.h"
#include "text.h"

enum {
    STEP_ROWS = 32, /* looked at and cancelled at a time: some 3 ms */
    STEP_MS = 1,    /* then it is the others' turn */
};

struct cancelling {
    struct front *front;
    struct call *call;
    struct cancels_filter filter;
    char modem[MODEM_NAME_MAX];
    char pin[MODEM_NAME_MAX + 8];
    int64_t cursor; /* rows below this are still to be looked at; 0: all */
    int64_t cancelled;
    bool over;
    struct loop_timer timer;
    struct store_waiter waiter;
};

/* The call is not touched. */
static void cancelling_free(struct cancelling *c)
{
    loop_timer_cancel(&c->timer);
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

    return (filter->uid == UINT32_MAX || message->uid == filter->uid) &&
           (filter->class_ < 0 || (int)message->class_ == filter->class_) &&
           message->created_wall_ms < filter->before_wall_ms &&
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
    int count = store_message_list(c->front->store, UINT32_MAX, MESSAGE_QUEUED, -1, c->cursor, page,
                                   STEP_ROWS);
    int rc = 0;

    c->over = count < STEP_ROWS;
    for (int i = 0; i < count; i++) {
        c->cursor = page[i].row;
        if (rc >= 0 && is_meant(c, &page[i]))
            rc = cancel_one(c, &page[i]);
        c->cancelled += rc > 0;
        rc = rc < 0 ? rc : 0;
        message_clear(&page[i]);
    }
    return count < 0 ? count : rc;
}

static void on_timer(void *arg)
{
    struct cancelling *c = arg;
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
        loop_timer_arm_in(&c->timer, STEP_MS);
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
    loop_timer_init(&c->timer, call->front->loop, on_timer, c);
    loop_timer_arm_in(&c->timer, 0);
    call_park(call, cancelling_abandon, c);
    return true;
}
