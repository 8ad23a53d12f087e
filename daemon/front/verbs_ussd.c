/* verbs_ussd: a question to the network of one modem. A call waits, parked, for the lease's answer;
 * where its session ends first, so does the lease. */
#include <assert.h>
#include "hall.h"
#include "lease.h"
#include "verbs.h"

static const char *param(const struct call *call, const char *name)
{
    return json_string_value(json_object_get(call->params, name));
}

static void ussd_told(void *arg, const struct lease_result *result)
{
    struct call *call = arg;
    call_unpark(call);
    switch (result->end) {
    case LEASE_MORE:
    case LEASE_DONE:
        call_reply(
            call, json_pack("{s:s, s:b}", "text", result->text, "more", result->end == LEASE_MORE));
        return;
    case LEASE_REFUSED:
        call_fail(call, WIRE_USSD_REFUSED, NULL, NULL);
        return;
    case LEASE_SILENT:
        call_fail(call, WIRE_NO_ANSWER, NULL, NULL);
        return;
    case LEASE_CANCELLED:
        call_fail(call, WIRE_NO_ANSWER, "the session was ended before its answer came", NULL);
        return;
    case LEASE_BUSY:
        call_fail(call, WIRE_NO_MODEM, "the modem had no time for it, nothing was asked", NULL);
        return;
    case LEASE_GONE:
        call_fail(call, WIRE_NO_ANSWER, "the modem was lost before its answer came", NULL);
        return;
    }
    assert(!"an end of a lease");
}

static void ussd_abandon(struct call *call)
{
    lease_forget(gateway_fleet(call->front->gateway), call);
    call_drop(call);
}

/* The lease tells later, never from inside. */
static void ussd_wait(struct call *call, int rc, const struct refusal *refusal)
{
    if (rc < 0)
        call_refuse(call, refusal);
    else
        call_park(call, ussd_abandon, NULL);
}

void verb_ussd_run(struct call *call)
{
    const struct lease_request request = {.modem = param(call, "modem"),
                                          .code = param(call, "code"),
                                          .uid = call->peer.uid,
                                          .fn = ussd_told,
                                          .arg = call};
    struct refusal refusal = {0};
    int rc = lease_run(gateway_fleet(call->front->gateway), &request, &refusal);
    ussd_wait(call, rc, &refusal);
}

void verb_ussd_answer(struct call *call)
{
    struct refusal refusal = {0};
    int rc = lease_answer(gateway_fleet(call->front->gateway), param(call, "modem"), call->peer.uid,
                          param(call, "text"), ussd_told, call, &refusal);
    ussd_wait(call, rc, &refusal);
}

void verb_ussd_cancel(struct call *call)
{
    struct refusal refusal = {0};
    if (lease_cancel(gateway_fleet(call->front->gateway), param(call, "modem"), &refusal) == 0)
        call_reply(call, json_pack("{s:b}", "cancelled", 1));
    else
        call_refuse(call, &refusal);
}
