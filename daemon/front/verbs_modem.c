/* verbs_modem: the modems as they stand, and what operators do to them. */
#include <string.h>
#include "hall.h"
#include "verbs.h"
#include "view.h"

void verb_modem_list(struct call *call)
{
    struct modem_view modem;
    json_t *list = json_array();
    int rc = 0;
    for (size_t i = 0; gateway_modem_at(call->front->gateway, i, &modem); i++)
        rc |= json_array_append_new(list, view_modem(&modem));
    if (rc) {
        json_decref(list);
        list = NULL;
    }
    call_reply(call, json_pack("{s:o}", "modems", list));
}

static const char *name_of(const struct call *call)
{
    return json_string_value(json_object_get(call->params, "name"));
}

/* Answers with the modem as it stands now. */
static void modem_answer(struct call *call)
{
    const char *name = name_of(call);
    struct modem_view modem;
    for (size_t i = 0; gateway_modem_at(call->front->gateway, i, &modem); i++) {
        if (strcmp(modem.name, name) == 0) {
            call_reply(call, view_modem(&modem));
            return;
        }
    }
    call_fail(call, WIRE_NOT_FOUND, "no modem has this name", NULL);
}

void verb_modem_get(struct call *call)
{
    modem_answer(call);
}

static void modem_pause(struct call *call, bool pause)
{
    struct front *front = call->front;
    struct refusal refusal = {0};
    int rc = store_begin(front->store);
    if (rc < 0) {
        call_fail_store(call, rc);
        return;
    }
    bool done = gateway_modem_pause(front->gateway, name_of(call), pause, &refusal) == 0;
    rc = store_end(front->store, done);
    if (rc < 0)
        call_fail_store(call, rc);
    else if (done)
        modem_answer(call);
    else
        call_refuse(call, &refusal);
}

void verb_modem_pause(struct call *call)
{
    modem_pause(call, true);
}

void verb_modem_resume(struct call *call)
{
    modem_pause(call, false);
}

void verb_modem_reset(struct call *call)
{
    struct refusal refusal = {0};
    if (gateway_modem_reset(call->front->gateway, name_of(call), &refusal) == 0)
        modem_answer(call);
    else
        call_refuse(call, &refusal);
}

void verb_modem_accept(struct call *call)
{
    struct front *front = call->front;
    struct refusal refusal = {0};
    int rc = store_begin(front->store);
    if (rc < 0) {
        call_fail_store(call, rc);
        return;
    }
    bool done = gateway_modem_accept(front->gateway, name_of(call), &refusal) == 0;
    rc = store_end(front->store, done);
    if (rc < 0)
        call_fail_store(call, rc);
    else if (done)
        modem_answer(call);
    else
        call_refuse(call, &refusal);
}
