#include "verbs.h"
#include <string.h>

static const struct verb verbs[] = {
    {"rpc.discover", verb_rpc_discover, true, false},
    {"gateway.info", verb_gateway_info, true, false},
    {"gateway.stats", verb_gateway_stats, true, false},
    {"gateway.pause", verb_gateway_pause, false, true},
    {"gateway.resume", verb_gateway_resume, false, true},
    {"message.send", verb_message_send, false, true},
    {"message.get", verb_message_get, true, true},
    {"message.list", verb_message_list, true, true},
    {"message.cancel", verb_message_cancel, false, true},
    {"modem.list", verb_modem_list, true, false},
    {"modem.get", verb_modem_get, true, false},
    {"modem.pause", verb_modem_pause, false, true},
    {"modem.resume", verb_modem_resume, false, true},
    {"modem.reset", verb_modem_reset, false, false},
    {"modem.accept", verb_modem_accept, false, true},
    {"modem.trace", verb_modem_trace, true, false},
    {"alarm.list", verb_alarm_list, true, false},
    {"audit.list", verb_audit_list, true, true},
    {"subscriber.lookup", verb_subscriber_lookup, false, true},
    {"subscriber.check_fleet", verb_subscriber_check_fleet, false, true},
    {"subscriber.parse", verb_subscriber_parse, true, false},
    {"subscriber.preflight", verb_subscriber_preflight, true, false},
    {"inbox.list", verb_inbox_list, true, true},
    {"otp.start", verb_otp_start, false, true},
    {"otp.resend", verb_otp_resend, false, true},
    {"otp.check", verb_otp_check, false, true},
    {"otp.cancel", verb_otp_cancel, false, true},
    {"otp.get", verb_otp_get, true, true},
    {"otp.find", verb_otp_find, true, true},
    {"otp.feedback", verb_otp_feedback, false, true},
    {"ussd.run", verb_ussd_run, false, false},
    {"ussd.answer", verb_ussd_answer, false, false},
    {"ussd.cancel", verb_ussd_cancel, false, false},
    {"events.follow", verb_events_follow, true, true},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

const struct verb *verb_at(size_t i)
{
    return i < VERBS ? &verbs[i] : NULL;
}

const struct verb *verb_find(const char *method)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].method, method) == 0)
            return &verbs[i];
    return NULL;
}
