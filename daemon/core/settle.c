#include "settle.h"

#include "gateway_inside.h"
#include "sending.h"
#include "text.h"
#include "weigh.h"

enum message_state settle_end_state(const struct message *message, enum message_state wanted)
{
    if (message->resends > 0)
        return MESSAGE_UNKNOWN; /* an earlier copy may have left */
    if ((wanted == MESSAGE_EXPIRED || wanted == MESSAGE_CANCELLED) && message->parts_done > 0)
        return MESSAGE_FAILED; /* some parts have left, the rest does not */
    return wanted;
}

/* How many parts of this run are known SENT, from the first on; -errno. */
static int parts_sent(struct gateway *gateway, const struct message *message)
{
    struct attempt told[ATTEMPTS_TOLD];
    bool sent[SMS_PARTS_MAX + 1] = {false};
    int count =
        store_attempts_told(gateway->store, message->row, message->run, told, ATTEMPTS_TOLD);
    int parts = 0;

    for (int i = 0; i < count; i++)
        if (told[i].state == ATTEMPT_SENT && told[i].part < SMS_PARTS_MAX)
            sent[told[i].part] = true;
    while (sent[parts])
        parts++;
    return count < 0 ? count : parts;
}

/* It was believed SENT, so that its text is gone: no resend can follow. */
static int reopen(struct gateway *gateway, struct message *message, int sent)
{
    if (message->state != MESSAGE_SENT || sent >= message->parts)
        return 0;
    message->state = MESSAGE_UNKNOWN;
    message->parts_done = (uint8_t)sent;
    message->on_unknown = ON_UNKNOWN_REPORT;
    text_copy(message->reason, sizeof message->reason, "error_after_reference");
    return store_message_update(gateway->store, message, true);
}

static int settle_message(struct gateway *gateway, struct message *message,
                          const struct attempt *attempt, bool unsure)
{
    int sent = parts_sent(gateway, message);

    if (sent < 0)
        return sent;
    if (unsure)
        return reopen(gateway, message, sent);
    if (message->state == MESSAGE_SENT || message->state == MESSAGE_DELIVERED ||
        message->state == MESSAGE_UNDELIVERED || message->state == MESSAGE_CANCELLED)
        return 0;
    if (sent <= message->parts_done)
        return 0;
    if (message->state == MESSAGE_QUEUED)
        admission_add(&gateway->admission, message->class_, message->expires_ms,
                      message->parts_done - message->parts);
    message->parts_done = (uint8_t)sent;
    message->wait_until_ms = 0;
    message->reason[0] = '\0';
    message->space = SMS_CAUSE_NONE;
    message->cause = 0;
    sending_refuse(&gateway->fleet, message->row);
    if (message->parts_done < message->parts) {
        unpin_tie(gateway, message, attempt->iccid);
        if (message->state != MESSAGE_QUEUED)
            return store_message_update(gateway->store, message, false);
        message->resends = 0; /* that part is settled; the next has its own */
        admission_add(&gateway->admission, message->class_, message->expires_ms,
                      message->parts - message->parts_done);
        return store_message_update(gateway->store, message, false);
    }
    message->state = MESSAGE_SENT;
    message->ended_wall_ms = 0;
    message->sent_wall_ms = loop_wall_ms(gateway->loop);
    loop_timer_no_later(&gateway->schedule.due, message->report_until_ms);
    int rc = store_message_update(gateway->store, message, true);
    return rc == 0 ? weigh_reports(gateway, message) : rc;
}

int settle_attempt(struct gateway *gateway, struct attempt *attempt, int reference, bool unsure,
                   struct message *message)
{
    int rc = store_message_by_row(gateway->store, attempt->message, false, message);

    if (rc <= 0)
        return rc;
    attempt->state = unsure ? ATTEMPT_UNKNOWN : ATTEMPT_SENT;
    if (reference >= 0)
        attempt->reference = reference;
    attempt->ended_wall_ms = loop_wall_ms(gateway->loop);
    rc = store_attempt_update(gateway->store, attempt);
    if (rc < 0 || attempt->run != message->run)
        return rc; /* parts of a former run: the handset never joins them with ours */
    return settle_message(gateway, message, attempt, unsure);
}
