#include "audit.h"
#include <stdlib.h>
#include <string.h>
#include "call.h"
#include "hall.h"
#include "log.h"
#include "store_audit.h"
#include "text.h"

enum { REFUSALS_PER_MINUTE = 60 }; /* of one uid on record */

static struct audit_row *audit_row_of(struct call *call)
{
    if (!call->audit)
        call->audit = calloc(1, sizeof *call->audit);
    return call->audit;
}

static void note(char *out, size_t room, const char *text)
{
    if (text)
        text_copy(out, room, text);
}

void audit_note(struct call *call, const struct audit_fields *fields)
{
    struct audit_row *row = audit_row_of(call);
    if (!row)
        return;
    note(row->modem, sizeof row->modem, fields->modem);
    note(row->conclusion, sizeof row->conclusion, fields->conclusion);
    note(row->reason, sizeof row->reason, fields->reason);
    note(row->actor, sizeof row->actor, fields->actor);
}

void audit_drop(struct call *call)
{
    if (call->audit)
        explicit_bzero(call->audit, sizeof *call->audit);
    free(call->audit);
    call->audit = NULL;
}

static const char *modem_asked(const struct call *call)
{
    bool of_modems = strncmp(call->method->name, "modem.", 6) == 0;
    const json_t *name = json_object_get(call->params, of_modems ? "name" : "modem");
    if (!name)
        name = json_object_get(json_object_get(call->params, "filter"), "modem");
    return json_string_value(name);
}

/* Its params say which modem; one that we have, since anything may stand there. */
static void note_modem(const struct call *call, struct audit_row *row)
{
    const char *name = modem_asked(call);
    struct modem_view modem;
    for (size_t i = 0; name && gateway_modem_at(call->front->gateway, i, &modem); i++)
        if (strcmp(modem.name, name) == 0)
            text_copy(row->modem, sizeof row->modem, name);
}

static bool is_on_record(const struct call *call)
{
    const char *role = call->method->role;
    bool refused = call->failed && call->error == WIRE_NOT_ALLOWED;
    return call->audit || refused || strcmp(role, "operate") == 0 ||
           strcmp(role, "subscriber") == 0;
}

/* Whoever may do nothing must not be able to fill the disk by asking. */
static bool is_flood(const struct call *call)
{
    struct front *front = call->front;
    bool refused = call->failed && call->error == WIRE_NOT_ALLOWED;
    if (!refused)
        return false;
    if (rate_wait_s(&front->refusals, loop_now_ms(front->loop), call->peer.uid,
                    REFUSALS_PER_MINUTE) > 0)
        return true;
    rate_take(&front->refusals, loop_now_ms(front->loop), call->peer.uid, REFUSALS_PER_MINUTE);
    return false;
}

void audit_answered(struct call *call)
{
    if (!call->method || !is_on_record(call))
        return;
    if (is_flood(call))
        return;
    const char *outcome = call->failed ? wire_error_find(call->error)->name : "ok";
    struct audit_row *row = audit_row_of(call);
    if (row && !row->modem[0])
        note_modem(call, row);
    /* In the program's own name: what a session may log is bounded, and one could hide behind it.
     */
    log_event(LOG_LEVEL_NOTICE, "audit", "-", "call",
              "uid=%u pid=%d method=%s outcome=%s modem=%s conclusion=%s session=%s",
              (unsigned)call->peer.uid, (int)call->peer.pid, call->method->name, outcome,
              row && row->modem[0] ? row->modem : "-",
              row && row->conclusion[0] ? row->conclusion : "-",
              call->session ? call->session->id : "-");
    if (!row)
        return;
    row->wall_ms = loop_wall_ms(call->front->loop);
    row->uid = call->peer.uid;
    row->pid = call->peer.pid;
    text_copy(row->method, sizeof row->method, call->method->name);
    text_copy(row->outcome, sizeof row->outcome, outcome);
    int rc = store_audit_insert(call->front->store, row);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "audit", "-", "not_written", "error=\"%s\"", strerror(-rc));
}
