/* outcome: every error a modem may answer to AT+CMGS, as one table, and the line that parts "not
 * sent" from "unknown".
 *
 * The same number means different things in different spaces (CME 30 is no CMS 30). Within a space
 * the first row that fits counts; the last row of each space takes the rest. */
#include <assert.h>
#include <limits.h>

#include "outcome.h"

enum {
    /* 1 to 127 come from the network (TS 24.011 clause 8.2.5.4), 128 to 255 from the service centre
     * (TP-FCS, TS 23.040 clause 9.2.3.22); above, the modem itself speaks. */
    CAUSE_AIR_FIRST = 1,
    CAUSE_AIR_LAST = 255,
};
#define CMS SMS_CAUSE_CMS
#define CME SMS_CAUSE_CME
#define LOCAL SMS_CAUSE_LOCAL
#define P SMS_CLASS_PERMANENT
#define T SMS_CLASS_TRANSIENT
#define N SMS_CLASS_NETWORK
#define M SMS_CLASS_MODEM
#define D SMS_CLASS_DEFECT
#define U SMS_CLASS_UNKNOWN
#define ANY INT_MIN, INT_MAX

/* {space, first, last, class, retry_ms, once, never_left, name, sentence} */
/* clang-format off */
static const struct sms_cause_row rows[] = {
    /* --- RP causes: the network --- */
    /* Also what a network answers when the service centre's address is wrong: three recipients in a
     * row with it mean the SIM, not the citizens. Whoever counts, counts by name. */
    {CMS, 1, 1, P, 0, 0, 0, "unassigned_number", "The number is not in use."},
    {CMS, 8, 8, M, 0, 0, 0, "operator_barring", "The carrier has barred this SIM from sending."},
    {CMS, 10, 10, M, 0, 0, 0, "call_barred", "Sending is barred on this SIM, or it has no credit."},
    {CMS, 17, 17, T, 5000, 0, 0, "network_failure", "The network failed."},
    /* An invalid recipient, a spam filter or an empty prepaid account: another SIM tells which. */
    {CMS, 21, 21, N, 30000, 1, 0, "transfer_rejected", "The service centre rejected the message."},
    {CMS, 22, 22, T, 5000, 0, 0, "congestion", "The network is congested."},
    {CMS, 27, 27, N, 60000, 0, 0, "destination_out_of_service", "The destination is out of service."},
    {CMS, 28, 28, M, 0, 0, 0, "unidentified_subscriber", "The service centre does not serve this SIM."},
    {CMS, 29, 29, M, 0, 0, 0, "facility_rejected", "The network refuses short messages from this SIM."},
    {CMS, 30, 30, M, 0, 0, 0, "unknown_subscriber", "The network does not know this SIM."},
    /* "Likely to last long." Also a time-out between network and service centre, so the message may
     * have been taken: who must not send twice treats it as unknown. A wrong centre often gives it. */
    {CMS, 38, 38, N, 60000, 0, 0, "network_out_of_order", "The network is out of order."},
    /* "May try again almost immediately." May hide a time-out, too. */
    {CMS, 41, 41, T, 2000, 0, 0, "temporary_failure", "The network failed for a moment."},
    {CMS, 42, 42, T, 5000, 0, 0, "congestion", "The network is congested."},
    {CMS, 47, 47, T, 5000, 0, 0, "resources_unavailable", "The network has no resources left."},
    {CMS, 50, 50, M, 0, 0, 0, "not_subscribed", "This SIM has no short message service."},
    {CMS, 69, 69, M, 0, 0, 0, "not_implemented", "The network does not offer short messages here."},
    /* A PDU of ours that is wrong, or one network's taste: once elsewhere tells. */
    {CMS, 81, 81, N, 30000, 1, 0, "invalid_reference", "The network found a protocol error."},
    {CMS, 95, 99, N, 30000, 1, 0, "protocol_error", "The network found a protocol error."},
    {CMS, 111, 111, N, 30000, 1, 0, "protocol_error", "The network found a protocol error."},
    /* Each centre has its own reasons for this one, content filters among them. */
    {CMS, 127, 127, N, 30000, 1, 0, "interworking", "The service centre refused, with no reason given."},
    {CMS, 1, 127, N, 30000, 0, 0, "network_cause", "The network refused the message."},

    /* --- TP-FCS: the service centre --- */
    /* What it does not support, of this message or of any: once by another SIM tells. */
    {CMS, 128, 143, D, 30000, 1, 0, "pid_refused", "The service centre refused the protocol identifier."},
    {CMS, 144, 159, D, 30000, 1, 0, "dcs_refused", "The service centre refused the alphabet or class."},
    {CMS, 160, 175, D, 30000, 1, 0, "command_refused", "The service centre refused the command."},
    {CMS, 176, 176, D, 30000, 1, 0, "pdu_refused", "The service centre does not support this message."},
    {CMS, 192, 192, T, 10000, 0, 0, "centre_busy", "The service centre is busy."},
    {CMS, 193, 193, M, 0, 0, 0, "centre_not_subscribed", "This SIM may not use this service centre."},
    {CMS, 194, 194, N, 30000, 0, 0, "centre_failure", "The service centre failed."},
    {CMS, 195, 195, P, 0, 0, 0, "invalid_recipient", "The service centre does not know the recipient."},
    {CMS, 196, 196, P, 0, 0, 0, "destination_barred", "The recipient may not be reached."},
    /* The centre holds this very message from an attempt before: it will be delivered. */
    {CMS, 197, 197, SMS_CLASS_AS_SENT, 0, 0, 0, "duplicate", "The service centre has the message already."},
    {CMS, 198, 199, SMS_CLASS_NO_VALIDITY, 0, 1, 0, "validity_refused",
     "The service centre does not support a validity period."},
    {CMS, 208, 213, M, 0, 0, 0, "sim_storage", "The storage of the SIM is full or failing."},
    {CMS, 224, 255, N, 30000, 1, 0, "centre_refused", "The service centre refused the message."},
    {CMS, 128, 255, N, 30000, 1, 0, "centre_cause", "The service centre refused the message."},

    /* --- the modem itself, TS 27.005 clause 3.2.5 --- */
    /* After the Ctrl-Z most of these are unknown even where they sound like "before": a SIM that
     * fails, or a network that goes, may do so between the radio's last octet and the answer. */
    {CMS, 300, 300, M, 0, 0, 0, "modem_failure", "The modem failed."},
    {CMS, 301, 301, T, 5000, 0, 0, "service_reserved", "The modem's message service is taken."},
    {CMS, 302, 302, T, 5000, 0, 0, "not_allowed", "The modem does not allow sending just now."},
    {CMS, 303, 303, D, 30000, 0, 0, "not_supported", "The modem does not support this."},
    /* A length that does not fit or a field it cannot read: the modem sees that before it sends, and
     * would see it again; another one tells whose fault it is. */
    {CMS, 304, 304, D, 30000, 1, 1, "invalid_pdu", "The modem refused the PDU."},
    {CMS, 305, 305, D, 30000, 1, 1, "invalid_parameter", "The modem refused a parameter."},
    {CMS, 310, 310, M, 0, 0, 0, "sim_missing", "There is no SIM in the modem."},
    {CMS, 311, 311, M, 0, 0, 0, "sim_pin", "The SIM wants its PIN."},
    {CMS, 312, 312, M, 0, 0, 0, "phone_pin", "The modem is locked to another SIM."},
    {CMS, 313, 313, M, 0, 0, 0, "sim_failure", "The SIM failed."},
    {CMS, 314, 314, T, 2000, 0, 0, "sim_busy", "The SIM is busy."},
    {CMS, 315, 315, M, 0, 0, 0, "sim_wrong", "The modem does not accept this SIM."},
    {CMS, 316, 316, M, 0, 0, 0, "sim_puk", "The SIM is blocked and wants its PUK."},
    {CMS, 317, 317, M, 0, 0, 0, "sim_pin2", "The SIM wants its PIN2."},
    {CMS, 318, 318, M, 0, 0, 0, "sim_puk2", "The SIM wants its PUK2."},
    {CMS, 320, 320, M, 0, 0, 0, "memory_failure", "The modem's message storage failed."},
    {CMS, 321, 321, M, 0, 0, 0, "memory_index", "The modem's message storage has no such place."},
    {CMS, 322, 322, M, 0, 0, 0, "memory_full", "The modem's message storage is full."},
    /* Without the centre's address no message can be put on the air. ZTE and Qualcomm sticks lose it
     * after AT+CSMP or while the SIM is busy. */
    {CMS, 330, 330, M, 0, 0, 1, "centre_unknown", "The modem does not know its service centre."},
    {CMS, 331, 331, N, 30000, 0, 0, "no_service", "The modem has no network."},
    {CMS, 332, 332, U, 0, 0, 0, "network_timeout", "The network did not answer in time."},
    {CMS, 340, 340, U, 0, 0, 0, "no_acknowledgement", "The modem expected no acknowledgement."},
    {CMS, 500, 500, U, 0, 0, 0, "modem_unknown", "The modem gave no reason."}, /* Qualcomm, for anything */
    /* Collision with an incoming message, or a weak signal. */
    {CMS, 512, 512, T, 4000, 0, 0, "no_connection", "The modem could not reach the network."},
    /* No acknowledgement 28 s after the transmission, 42 s after the channel. */
    {CMS, 513, 513, U, 0, 0, 0, "lower_layer", "The radio link failed while sending."},
    {CMS, 514, 514, T, 5000, 0, 0, "congestion", "The network is congested."},
    {CMS, 515, 515, T, 5000, 0, 0, "starting_up", "The modem is starting up."},
    {CMS, ANY, N, 30000, 0, 0, "other", "The modem gave an error of its maker's own."},

    /* --- +CME ERROR, TS 27.007 clause 9.2: odd in answer to AT+CMGS, but some modems do --- */
    {CME, 0, 0, M, 0, 0, 0, "modem_failure", "The modem failed."},
    {CME, 3, 3, D, 30000, 0, 0, "not_allowed", "The modem does not allow this."},
    {CME, 4, 4, D, 30000, 0, 0, "not_supported", "The modem does not support this."},
    {CME, 10, 10, M, 0, 0, 0, "sim_missing", "There is no SIM in the modem."},
    {CME, 11, 11, M, 0, 0, 0, "sim_pin", "The SIM wants its PIN."},
    {CME, 12, 12, M, 0, 0, 0, "sim_puk", "The SIM is blocked and wants its PUK."},
    {CME, 13, 13, M, 0, 0, 0, "sim_failure", "The SIM failed."},
    {CME, 14, 14, T, 2000, 0, 0, "sim_busy", "The SIM is busy."},
    {CME, 15, 15, M, 0, 0, 0, "sim_wrong", "The modem does not accept this SIM."},
    {CME, 16, 16, M, 0, 0, 0, "wrong_pin", "The SIM refused the PIN."},
    {CME, 17, 17, M, 0, 0, 0, "sim_pin2", "The SIM wants its PIN2."},
    {CME, 18, 18, M, 0, 0, 0, "sim_puk2", "The SIM wants its PUK2."},
    {CME, 30, 30, N, 30000, 0, 0, "no_service", "The modem has no network."},
    {CME, 31, 31, U, 0, 0, 0, "network_timeout", "The network did not answer in time."},
    {CME, 32, 32, M, 0, 0, 0, "emergency_only", "The network allows emergency calls only."},
    {CME, 100, 100, U, 0, 0, 0, "modem_unknown", "The modem gave no reason."},
    {CME, 515, 515, T, 5000, 0, 0, "starting_up", "The modem is starting up."},
    {CME, ANY, N, 30000, 0, 0, "other", "The modem gave an error."},

    /* --- what we saw ourselves --- */
    /* Seen after the Ctrl-Z: the prompt again, then ERROR three seconds later. */
    {LOCAL, SMS_LOCAL_ERROR, SMS_LOCAL_ERROR, U, 0, 0, 0, "plain_error", "The modem answered ERROR."},
    /* Siemens and Cinterion (MC55, TC63, AC75) answer a failed send so while AT^SM20 stands at its
     * factory value; others lose the reference of a message that went. */
    {LOCAL, SMS_LOCAL_OK_ONLY, SMS_LOCAL_OK_ONLY, U, 0, 0, 0, "ok_only", "The modem gave no message reference."},
    {LOCAL, SMS_LOCAL_TIMEOUT, SMS_LOCAL_TIMEOUT, U, 0, 0, 0, "timeout", "The modem did not answer."},
    {LOCAL, SMS_LOCAL_GONE, SMS_LOCAL_GONE, U, 0, 0, 0, "modem_gone", "The modem went away."},
    {LOCAL, SMS_LOCAL_REFUSED, SMS_LOCAL_REFUSED, SMS_CLASS_NONE, 0, 0, 0, "withdrawn",
     "The message was withdrawn before it was sent."},
    {LOCAL, SMS_LOCAL_NO_PROMPT, SMS_LOCAL_NO_PROMPT, N, 30000, 0, 0, "no_prompt",
     "The modem did not ask for the text."},
    {LOCAL, SMS_LOCAL_NOT_READY, SMS_LOCAL_NOT_READY, N, 5000, 0, 0, "not_ready", "The modem was not ready."},
    {LOCAL, SMS_LOCAL_ABORTED, SMS_LOCAL_ABORTED, SMS_CLASS_NONE, 0, 0, 0, "aborted",
     "Sending was stopped before the text left."},
    {LOCAL, SMS_LOCAL_CRASH, SMS_LOCAL_CRASH, U, 0, 0, 0, "interrupted", "The gateway was interrupted."},
    {LOCAL, ANY, U, 0, 0, 0, "other", "Something unexpected happened."},

    {SMS_CAUSE_NONE, ANY, SMS_CLASS_NONE, 0, 0, 0, "none", "Nothing went wrong."},
};
/* clang-format on */

const struct sms_cause_row *sms_cause_find(enum sms_cause_space space, int cause)
{
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].space == space && cause >= rows[i].first && cause <= rows[i].last)
            return &rows[i];
    assert(!"every space has a last row");
    return rows;
}

enum sms_verdict sms_cause_verdict(enum sms_cause_space space, int cause, bool after_ctrl_z)
{
    if (!after_ctrl_z)
        return SMS_NOT_SENT;
    const struct sms_cause_row *row = sms_cause_find(space, cause);
    if (row->class_ == SMS_CLASS_AS_SENT)
        return SMS_SENT;
    bool from_the_air =
        space == SMS_CAUSE_CMS && cause >= CAUSE_AIR_FIRST && cause <= CAUSE_AIR_LAST;
    return from_the_air || row->never_left ? SMS_NOT_SENT : SMS_UNKNOWN;
}

const char *sms_verdict_name(enum sms_verdict verdict)
{
    switch (verdict) {
    case SMS_SENT:
        return "sent";
    case SMS_NOT_SENT:
        return "not_sent";
    case SMS_UNKNOWN:
        return "unknown";
    }
    assert(!"a verdict of ours");
    return "";
}
