/* verbs: the methods and who runs them. What they are called, what they take, which role may ask
 * and how long it lasts stands in proto/openrpc.json; a test holds the table against it. */
#ifndef OTPGATE_VERBS_H
#define OTPGATE_VERBS_H

#include "call.h"

/* Params have passed the schema and the peer has the role. Answers the call once, now or later. */
typedef void verb_fn(struct call *call);

struct verb {
    const char *method;
    verb_fn *run;
    bool while_stopping; /* it changes nothing: also answered while the gateway stops */
    bool promises;       /* its answer tells of messages: it is good once what it saw is on disk */
};
const struct verb *verb_find(const char *method); /* NULL: unknown */
const struct verb *verb_at(size_t i);             /* NULL past the end */

/* verbs_message.c */
void verb_message_send(struct call *call);
void verb_message_get(struct call *call);
void verb_message_list(struct call *call);
void verb_message_cancel(struct call *call);
/* verbs_modem.c */
void verb_modem_list(struct call *call);
void verb_modem_get(struct call *call);
void verb_modem_pause(struct call *call);
void verb_modem_resume(struct call *call);
void verb_modem_reset(struct call *call);
void verb_modem_accept(struct call *call);
void verb_modem_trace(struct call *call);
/* False: the call has been answered with not_found. */
bool modem_is_named(struct call *call, const char *name);
/* verbs_alarm.c */
void verb_alarm_list(struct call *call);
/* verbs_audit.c */
void verb_audit_list(struct call *call);
/* verbs_gateway.c */
void verb_rpc_discover(struct call *call);
void verb_gateway_info(struct call *call);
void verb_gateway_stats(struct call *call);
void verb_gateway_pause(struct call *call);
void verb_gateway_resume(struct call *call);
/* verbs_inbox.c */
void verb_inbox_list(struct call *call);
/* verbs_otp.c */
void verb_otp_start(struct call *call);
void verb_otp_resend(struct call *call);
void verb_otp_check(struct call *call);
void verb_otp_cancel(struct call *call);
void verb_otp_get(struct call *call);
void verb_otp_find(struct call *call);
void verb_otp_feedback(struct call *call);
/* verbs_ussd.c */
void verb_ussd_run(struct call *call);
void verb_ussd_answer(struct call *call);
void verb_ussd_cancel(struct call *call);
/* verbs_events.c */
void verb_events_follow(struct call *call);

/* verbs_owncheck.c */
void verb_subscriber_check_fleet(struct call *call);

/* verbs_subscriber.c */
void verb_subscriber_lookup(struct call *call);
void verb_subscriber_parse(struct call *call);
void verb_subscriber_preflight(struct call *call);

#endif
