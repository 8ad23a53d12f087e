/* verbs_owncheck: the gateway's own SIMs, checked now. A call waits, parked, until the last of them
 * has answered; nothing of what 1414 said is in its answer. */
#include <stdlib.h>
#include "audit.h"
#include "hall.h"
#include "verbs.h"
#include "view_owncheck.h"

struct fleet_check {
    struct owncheck_wait wait; /* first: its callback finds the check by it */
    struct call *call;
    json_t *sims;
    bool alarms, incomplete, short_of_memory;
};

static const char *param(const struct call *call, const char *name)
{
    return json_string_value(json_object_get(call->params, name));
}

static void fleet_free(struct fleet_check *fleet)
{
    json_decref(fleet->sims);
    free(fleet);
}

static void fleet_abandon(struct call *call)
{
    struct fleet_check *fleet = call->parked;
    owncheck_forget(&fleet->wait);
    fleet_free(fleet);
    call_drop(call);
}

static void audit(struct call *call, const char *conclusion)
{
    audit_note(call, &(struct audit_fields){.modem = param(call, "modem"),
                                            .conclusion = conclusion,
                                            .reason = param(call, "reason"),
                                            .actor = param(call, "actor")});
}

static void on_check(struct owncheck_wait *wait, const struct owncheck_view *view)
{
    struct fleet_check *fleet = (struct fleet_check *)wait;
    struct call *call = fleet->call;
    if (view) {
        fleet->alarms = fleet->alarms || view->alarm[0];
        fleet->incomplete = fleet->incomplete || *view->skipped || view->owner == OWNER_NOT_SENT;
        if (json_array_append_new(fleet->sims, view_owncheck(view, true)))
            fleet->short_of_memory = true;
        return;
    }
    call_unpark(call);
    audit(call, fleet->alarms ? "alarms" : fleet->incomplete ? "incomplete" : "well");
    call_reply(call, fleet->short_of_memory ? NULL : json_pack("{s:O}", "sims", fleet->sims));
    fleet_free(fleet);
}

void verb_subscriber_check_fleet(struct call *call)
{
    const struct owncheck_request request = {
        .modem = param(call, "modem"),
        .reason = param(call, "reason"),
        .actor = param(call, "actor"),
        .accept_owner = json_is_true(json_object_get(call->params, "accept_owner")),
    };
    if (!call_may_wait(call))
        return;
    struct fleet_check *fleet = calloc(1, sizeof *fleet);
    struct refusal refusal = {0};
    if (request.accept_owner && !request.modem) {
        free(fleet);
        call_fail(call, WIRE_INVALID_PARAMS, "params: accept_owner is for one modem", NULL);
        return;
    }
    if (!fleet || !(fleet->sims = json_array())) {
        free(fleet);
        call_reply(call, NULL);
        return;
    }
    fleet->wait.fn = on_check;
    fleet->call = call;
    if (owncheck_run(call->front->own, &request, &fleet->wait, &refusal) < 0) {
        fleet_free(fleet);
        audit(call, refusal.name);
        call_refuse(call, &refusal);
        return;
    }
    call_park(call, fleet_abandon, fleet);
}
