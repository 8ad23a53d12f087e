#include "weigh.h"

#include "gateway_inside.h"
#include "status.h"
#include "text.h"

int weigh_end(struct gateway *gateway, struct message *message, enum message_state state,
              const char *reason)
{
    message->state = state;
    text_copy(message->reason, sizeof message->reason, reason);
    message->report_until_ms = 0;
    message->ended_wall_ms = loop_wall_ms(gateway->loop);
    return store_message_update(gateway->store, message, true);
}

static bool has(const struct sms_status_row *row, enum sms_status_class class_)
{
    return row && row->class_ == class_;
}

int weigh_reports(struct gateway *gateway, struct message *message)
{
    struct attempt told[ATTEMPTS_TOLD];
    const struct sms_status_row *part[SMS_PARTS_MAX] = {NULL}, *failed = NULL;
    unsigned delivered = 0;

    if (message->state != MESSAGE_SENT && message->state != MESSAGE_UNDELIVERED)
        return 0; /* more parts to send, or DELIVERED already */
    int count =
        store_attempts_told(gateway->store, message->row, message->run, told, ATTEMPTS_TOLD);
    for (int i = 0; i < count; i++) {
        if (told[i].report < 0 || told[i].part >= SMS_PARTS_MAX)
            continue;
        const struct sms_status_row **known = &part[told[i].part];
        if (!has(*known, SMS_STATUS_DELIVERED)) /* one copy of it is enough */
            *known = sms_status_find((uint8_t)told[i].report);
    }
    for (unsigned i = 0; i < message->parts && i < SMS_PARTS_MAX; i++) {
        if (has(part[i], SMS_STATUS_DELIVERED))
            delivered++;
        else if (has(part[i], SMS_STATUS_FAILED) || has(part[i], SMS_STATUS_GAVE_UP))
            failed = part[i];
    }
    if (delivered == message->parts)
        return weigh_end(gateway, message, MESSAGE_DELIVERED, "");
    if (failed && message->state == MESSAGE_SENT)
        return weigh_end(gateway, message, MESSAGE_UNDELIVERED, failed->name);
    return count < 0 ? count : 0;
}
