/* verbs_modem: the modems as they stand, and what operators do to them, and what they said. */
#include <stdio.h>
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

static json_t *trace_line(const struct link_trace *line)
{
    char at[40];
    const char way[2] = {line->way, '\0'};
    snprintf(at, sizeof at, "%lld.%09lld", (long long)(line->at_ns / 1000000000),
             (long long)(line->at_ns % 1000000000));
    return json_pack("{s:I, s:s, s:s, s:s}", "number", (json_int_t)line->number, "at", at, "way",
                     way, "text", line->text);
}

/* From number `from` on; `next` is what to ask for then. */
void verb_modem_trace(struct call *call)
{
    enum { LINES_MAX = 512 };
    struct gateway *gateway = call->front->gateway;
    uint64_t next = (uint64_t)json_integer_value(json_object_get(call->params, "from"));
    struct modem_view modem;
    struct link_trace line;
    bool known = false;
    for (size_t i = 0; !known && gateway_modem_at(gateway, i, &modem); i++)
        known = strcmp(modem.name, name_of(call)) == 0;
    if (!known) {
        call_fail(call, WIRE_NOT_FOUND, "no modem has this name", NULL);
        return;
    }
    json_t *lines = json_array();
    int rc = 0;
    for (int i = 0; i < LINES_MAX && gateway_modem_trace(gateway, name_of(call), next, &line);
         i++) {
        rc |= json_array_append_new(lines, trace_line(&line));
        next = line.number + 1;
    }
    if (rc) {
        json_decref(lines);
        lines = NULL;
    }
    call_reply(call, json_pack("{s:o, s:I}", "lines", lines, "next", (json_int_t)next));
}
