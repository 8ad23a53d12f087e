#include "waits.h"
#include <stdlib.h>
#include <string.h>
#include "hall.h"

enum { WAIT_PAGE = 32 }; /* events looked at at a time */

struct wait {
    struct front *front;
    struct call *call;
    int64_t row;
    uint8_t id[16]; /* a row that was undone may become another message's */
    enum wait_until until;
    wait_answer_fn *answer;
    struct loop_timer timer;
    struct wait *prev, *next; /* in its bucket */
};

static struct wait **wait_bucket(struct front *front, int64_t row)
{
    return &front->waits.bucket[(uint64_t)row % WAIT_BUCKETS];
}

/* The call is not touched. */
static void wait_free(struct wait *wait)
{
    if (wait->prev)
        wait->prev->next = wait->next;
    else
        *wait_bucket(wait->front, wait->row) = wait->next;
    if (wait->next)
        wait->next->prev = wait->prev;
    wait->front->waits.count--;
    loop_timer_cancel(&wait->timer);
    free(wait);
}

static void wait_abandon(struct call *call)
{
    wait_free(call->parked);
    call_drop(call);
}

/* It has left for good and no report will come: none was asked for, or its time is over. UNKNOWN
 * may still be sent once more while its time runs. */
static bool wait_has_no_report(const struct message *message)
{
    if (message->state == MESSAGE_SENT)
        return !message->report || message->report_until_ms == 0;
    return message->state == MESSAGE_UNKNOWN && message->report_until_ms == 0;
}

bool wait_is_over(const struct message *message, enum wait_until until)
{
    switch (until) {
    case WAIT_SENT:
        return message->state != MESSAGE_QUEUED && message->state != MESSAGE_CLAIMED &&
               message->state != MESSAGE_SENDING;
    case WAIT_DELIVERED:
        return message_state_is_final(message->state) || wait_has_no_report(message);
    case WAIT_FINAL:
        return message_state_is_final(message->state);
    }
    return true;
}

/* Looks at the message and answers where it has come far enough, or in any case (`now`). */
static void wait_look(struct wait *wait, bool now)
{
    struct message message = {0};
    int rc = store_message_by_row(wait->front->store, wait->row, false, &message);
    if (rc > 0 && memcmp(message.id, wait->id, sizeof wait->id) != 0)
        rc = 0;
    if (rc > 0 && !now && !wait_is_over(&message, wait->until)) {
        message_clear(&message);
        return;
    }
    struct call *call = wait->call;
    wait_answer_fn *answer = wait->answer;
    wait_free(wait);
    call_unpark(call);
    if (rc < 0)
        call_fail_store(call, rc);
    else if (rc == 0)
        call_fail(call, WIRE_NOT_FOUND, NULL, NULL);
    else
        answer(call, &message);
    message_clear(&message);
}

static void wait_on_time(void *arg)
{
    wait_look(arg, true);
}

bool waits_add(struct front *front, struct call *call, const struct message *message,
               enum wait_until until, int64_t wait_ms, wait_answer_fn *answer)
{
    struct wait *wait = calloc(1, sizeof *wait);
    struct wait **bucket = wait_bucket(front, message->row);
    if (!wait)
        return false;
    *wait = (struct wait){.front = front,
                          .call = call,
                          .row = message->row,
                          .until = until,
                          .answer = answer,
                          .next = *bucket};
    memcpy(wait->id, message->id, sizeof wait->id);
    if (wait->next)
        wait->next->prev = wait;
    *bucket = wait;
    front->waits.count++;
    loop_timer_init(&wait->timer, front->loop, wait_on_time, wait);
    loop_timer_arm_in(&wait->timer, wait_ms);
    call_park(call, wait_abandon, wait);
    return true;
}

static void waits_look(struct front *front, int64_t row)
{
    struct wait *next;
    for (struct wait *wait = *wait_bucket(front, row); wait; wait = next) {
        next = wait->next;
        if (wait->row == row)
            wait_look(wait, false);
    }
}

void waits_on_events(struct front *front, int64_t newest)
{
    struct event event[WAIT_PAGE];
    while (front->waits.count > 0 && front->waits.seen < newest) {
        int count =
            store_events_after(front->store, front->waits.seen, UINT32_MAX, event, WAIT_PAGE);
        if (count <= 0)
            return; /* a failed read is made up for by the next event or by the time-out */
        for (int i = 0; i < count; i++)
            if (event[i].topic == EVENT_MESSAGE)
                waits_look(front, event[i].message);
        front->waits.seen = event[count - 1].seq;
    }
    front->waits.seen = newest;
}
