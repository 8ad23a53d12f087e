/* verbs_modem: the modems as they stand, and what operators do to them, and what they said. */
#include <string.h>
#include "hall.h"
#include "verbs.h"
#include "view_modem.h"
#include "view_owncheck.h"

/* As it stands, with the last check of its SIM. */
static json_t *modem_as_json(struct call *call, const struct modem_view *modem)
{
    struct owncheck_view check;
    json_t *view = view_modem(modem);
    if (view && owncheck_look(call->front->own, modem->name, &check) &&
        json_object_set_new(view, "own_check", view_owncheck(&check, false))) {
        json_decref(view);
        return NULL;
    }
    return view;
}

void verb_modem_list(struct call *call)
{
    const struct gateway *gateway = call->front->gateway;
    struct modem_view modem;
    struct plug_left left;
    json_t *modems = json_array(), *others = json_array();
    int rc = 0;
    for (size_t i = 0; gateway_modem_at(gateway, i, &modem); i++)
        rc |= json_array_append_new(modems, modem_as_json(call, &modem));
    for (size_t i = 0; gateway_left_at(gateway, i, &left); i++)
        rc |= json_array_append_new(others, view_left(&left));
    if (rc) {
        json_decref(others);
        others = NULL;
    }
    call_reply(call, json_pack("{s:o, s:o}", "modems", modems, "left", others));
}

static const char *name_of(const struct call *call)
{
    return json_string_value(json_object_get(call->params, "name"));
}

bool modem_is_named(struct call *call, const char *name)
{
    struct modem_view modem;
    for (size_t i = 0; gateway_modem_at(call->front->gateway, i, &modem); i++)
        if (strcmp(modem.name, name) == 0)
            return true;
    call_fail(call, WIRE_NOT_FOUND, "no modem has this name", NULL);
    return false;
}

/* Answers with the modem as it stands now. */
static void modem_answer(struct call *call)
{
    const char *name = name_of(call);
    struct modem_view modem;
    for (size_t i = 0; gateway_modem_at(call->front->gateway, i, &modem); i++) {
        if (strcmp(modem.name, name) == 0) {
            call_reply(call, modem_as_json(call, &modem));
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

/* From number `from` on; `next` is what to ask for then. */
void verb_modem_trace(struct call *call)
{
    enum { LINES_MAX = 512 };
    struct gateway *gateway = call->front->gateway;
    uint64_t next = (uint64_t)json_integer_value(json_object_get(call->params, "from"));
    struct link_trace line;
    if (!modem_is_named(call, name_of(call)))
        return;
    json_t *lines = json_array();
    int rc = 0;
    for (int i = 0; i < LINES_MAX && gateway_modem_trace(gateway, name_of(call), next, &line);
         i++) {
        rc |= json_array_append_new(lines, view_trace(&line));
        next = line.number + 1;
    }
    if (rc) {
        json_decref(lines);
        lines = NULL;
    }
    call_reply(call, json_pack("{s:o, s:I}", "lines", lines, "next", (json_int_t)next));
}
