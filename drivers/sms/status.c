/* status: the table of TP-ST, in rising order and without a gap. What a service centre made up for
 * itself (0x30 to 0x3F and so on) means what its block means. */
#include <assert.h>

#include "status.h"

/* clang-format off */
static const struct sms_status_row rows[] = {
    {0x00, 0x00, SMS_STATUS_DELIVERED, "delivered", "The message is on the handset."},
    /* Sent on to a network that sends no reports. */
    {0x01, 0x01, SMS_STATUS_ACCEPTED, "forwarded", "The message was passed on; whether it arrived is not known."},
    /* A later message of the same replace type took its place at the centre. */
    {0x02, 0x02, SMS_STATUS_ACCEPTED, "replaced", "A later message took its place."},
    {0x03, 0x1F, SMS_STATUS_ACCEPTED, "completed", "The service centre has finished with the message."},

    {0x20, 0x20, SMS_STATUS_TRYING, "congestion", "The network is congested; the service centre is trying again."},
    {0x21, 0x21, SMS_STATUS_TRYING, "busy", "The handset is busy; the service centre is trying again."},
    {0x22, 0x22, SMS_STATUS_TRYING, "no_response", "The handset does not answer; the service centre is trying again."},
    {0x23, 0x23, SMS_STATUS_TRYING, "rejected", "The service was rejected; the service centre is trying again."},
    {0x24, 0x24, SMS_STATUS_TRYING, "quality", "The network is too poor; the service centre is trying again."},
    {0x25, 0x25, SMS_STATUS_TRYING, "handset_error", "The handset failed; the service centre is trying again."},
    {0x26, 0x3F, SMS_STATUS_TRYING, "trying", "The service centre is trying again."},

    {0x40, 0x40, SMS_STATUS_FAILED, "procedure_error", "The network of the recipient failed."},
    {0x41, 0x41, SMS_STATUS_FAILED, "incompatible", "The recipient cannot take short messages."},
    {0x42, 0x42, SMS_STATUS_FAILED, "rejected", "The recipient's handset rejected the message."},
    {0x43, 0x43, SMS_STATUS_FAILED, "not_obtainable", "The recipient cannot be reached."},
    {0x44, 0x44, SMS_STATUS_FAILED, "quality", "The network is too poor."},
    {0x45, 0x45, SMS_STATUS_FAILED, "no_interworking", "The networks do not exchange short messages."},
    /* For a code with ten minutes to live: the phone was off. */
    {0x46, 0x46, SMS_STATUS_FAILED, "validity_expired", "The recipient was not reachable in time."},
    {0x47, 0x47, SMS_STATUS_FAILED, "deleted_by_sender", "The message was deleted on the sender's wish."},
    {0x48, 0x48, SMS_STATUS_FAILED, "deleted_by_centre", "The service centre deleted the message."},
    {0x49, 0x49, SMS_STATUS_FAILED, "does_not_exist", "The service centre no longer has the message."},
    {0x4A, 0x5F, SMS_STATUS_FAILED, "failed", "The message could not be delivered."},

    {0x60, 0x60, SMS_STATUS_GAVE_UP, "congestion", "The network was congested."},
    {0x61, 0x61, SMS_STATUS_GAVE_UP, "busy", "The handset was busy."},
    {0x62, 0x62, SMS_STATUS_GAVE_UP, "no_response", "The handset did not answer."},
    {0x63, 0x63, SMS_STATUS_GAVE_UP, "rejected", "The service was rejected."},
    {0x64, 0x64, SMS_STATUS_GAVE_UP, "quality", "The network was too poor."},
    {0x65, 0x65, SMS_STATUS_GAVE_UP, "handset_error", "The handset failed."},
    /* 0x80 and above are reserved: treated as a service the handset rejected, and not as proof. */
    {0x66, 0xFF, SMS_STATUS_GAVE_UP, "gave_up", "The service centre gave up."},
};
/* clang-format on */

const struct sms_status_row *sms_status_find(uint8_t status)
{
    const struct sms_status_row *row = rows;
    while (status > row->last)
        row++;
    assert(status >= row->first);
    return row;
}
