/* verbs_modem: the modems as they stand, and what operators do to them, and what they said. */
#include <string.h>
#include "hall.h"
#include "verbs.h"
#include "view_modem.h"
#include "view_owncheck.h"
#include "view_put.h"

/* As it stands, with the last check of its SIM. */
static json_t *modem_as_json(struct call *call, const struct modem_view *modem)
{
    struct owncheck_view check;
    json_t *view = view_modem(modem);
    if (owncheck_look(call->front->own, modem->name, &check))
        view_put(&view, "own_check", view_owncheck(&check, false));
    return view;
}

void verb_modem_list(struct call *call)
{
    struct gateway *gateway = call->front->gateway;
    struct modem_view modem;
    struct plug_left left;
    json_t *modems = json_array(), *others = json_array();
    for (size_t i = 0; gateway_modem_at(gateway, i, &modem); i++)
        view_append(&modems, modem_as_json(call, &modem));
    for (size_t i = 0; plug_left_at(gateway_fleet(gateway), i, &left); i++)
        view_append(&others, view_left(&left));
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
    struct gateway *gateway = call->front->gateway;
    struct refusal refusal = {0};
    if (call_begun(call) &&
        call_kept(call, gateway_modem_pause(gateway, name_of(call), pause, &refusal), &refusal))
        modem_answer(call);
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
    struct gateway *gateway = call->front->gateway;
    struct refusal refusal = {0};
    if (call_begun(call) &&
        call_kept(call, gateway_modem_accept(gateway, name_of(call), &refusal), &refusal))
        modem_answer(call);
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
    for (int i = 0; i < LINES_MAX && gateway_modem_trace(gateway, name_of(call), next, &line);
         i++) {
        view_append(&lines, view_trace(&line));
        next = line.number + 1;
    }
    call_reply(call, json_pack("{s:o, s:I}", "lines", lines, "next", (json_int_t)next));
}
