#include "call.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit.h"
#include "hall.h"
#include "log.h"

enum { STORE_RETRY_S = 5 }; /* what a client is told after a failed commit */

static void call_unlink(struct call *call)
{
    struct call **head = call->session ? &call->session->calls : &call->front->orphans;
    if (call->prev)
        call->prev->next = call->next;
    else
        *head = call->next;
    if (call->next)
        call->next->prev = call->prev;
    call->prev = call->next = NULL;
}

static void call_link(struct call *call, struct call **head)
{
    call->next = *head;
    if (*head)
        (*head)->prev = call;
    *head = call;
}

static void call_on_durable(void *arg, int rc);

struct call *call_new(struct session *session, json_t *id, json_t *params)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        json_decref(id);
        json_decref(params);
        return NULL;
    }
    call->front = session->front;
    call->session = session;
    call->peer = session->peer;
    call->peer.groups = NULL; /* they go with the session */
    call->peer.group_count = 0;
    call->id = id;
    call->params = params;
    call->waiter.fn = call_on_durable;
    call->waiter.arg = call;
    call_link(call, &session->calls);
    session->in_flight++;
    return call;
}

void call_drop(struct call *call)
{
    struct session *session = call->session;
    store_forget(call->front->store, &call->waiter);
    if (session && call->abandon)
        session->parked--;
    else if (session)
        session->in_flight--;
    if (session)
        session->pending -= call->counted;
    call_unlink(call);
    json_decref(call->id);
    json_decref(call->params);
    free(call->line);
    audit_drop(call);
    free(call);
    if (session)
        session_go_on(session);
}

void call_detach(struct call *call)
{
    struct session *session = call->session;
    if (call->abandon) {
        call->abandon(call);
        return;
    }
    call_unlink(call);
    session->in_flight--;
    session->pending -= call->counted;
    call->session = NULL;
    call_link(call, &call->front->orphans);
}

bool call_may_wait(struct call *call)
{
    if (call->session->parked < (unsigned)peer_max_in_flight(call->front, &call->peer))
        return true;
    call_fail(call, WIRE_RATE_LIMITED, "too many calls of this connection wait already", NULL);
    return false;
}

void call_park(struct call *call, void (*abandon)(struct call *call), void *parked)
{
    assert(!call->line && !call->abandon && call->session);
    call->abandon = abandon;
    call->parked = parked;
    call->session->in_flight--;
    call->session->parked++;
    session_go_on(call->session);
}

void call_unpark(struct call *call)
{
    assert(call->abandon && call->session);
    call->abandon = NULL;
    call->parked = NULL;
    call->session->parked--;
    call->session->in_flight++;
}

/* The transaction that the answer stood on was undone: the client must not believe it. */
static void call_replace_line(struct call *call)
{
    free(call->line);
    call->failed = true;
    call->error = WIRE_STORE;
    call->line = wire_error_line(
        call->id, WIRE_STORE, "it could not be written to the disk, nothing was changed",
        json_pack("{s:i}", "retry_after_s", STORE_RETRY_S), &call->line_len);
}

static void call_on_durable(void *arg, int rc)
{
    struct call *call = arg;
    struct session *session = call->session;
    if (session && rc < 0 && call->promises)
        call_replace_line(call);
    if (session && call->line) {
        if (call->failed)
            session->refused[call->error]++;
        session_send(session, call->line, call->line_len);
        if (call->last)
            session_finish(session, "closed after an error");
    } else if (session) {
        session_end(session, "no memory");
    }
    call_drop(call);
}

/* The line is formed, or there was no memory for it: then the session ends where it would leave. */
static void call_settle(struct call *call)
{
    assert(!call->abandon);
    audit_answered(call);
    call->counted = call->line_len;
    if (call->session)
        call->session->pending += call->counted;
    store_when_durable(call->front->store, &call->waiter);
}

void call_reply(struct call *call, json_t *result)
{
    assert(!call->line);
    if (!result) {
        call_fail(call, WIRE_INTERNAL, "no memory", NULL);
        return;
    }
    call->line = wire_result_line(call->id, result, &call->line_len);
    call_settle(call);
}

void call_fail(struct call *call, enum wire_error error, const char *sentence, json_t *data)
{
    assert(!call->line);
    call->failed = true;
    call->error = error;
    call->line = wire_error_line(call->id, error, sentence, data, &call->line_len);
    call_settle(call);
}

void call_refuse(struct call *call, const struct refusal *refusal)
{
    const struct wire_error_row *row = wire_error_by_name(refusal->name);
    assert(row);
    json_t *data = json_object();
    int rc = 0;
    if (refusal->retry_after_s > 0)
        rc |= json_object_set_new(data, "retry_after_s", json_integer(refusal->retry_after_s));
    if (refusal->estimate_ms > 0)
        rc |= json_object_set_new(data, "estimate_ms", json_integer(refusal->estimate_ms));
    if (refusal->suggest[0])
        rc |= json_object_set_new(data, "suggest", json_string(refusal->suggest));
    if (rc) {
        json_decref(data);
        data = NULL;
    }
    call_fail(call, row->error, refusal->sentence[0] ? refusal->sentence : NULL, data);
}

bool call_may(const struct call *call)
{
    const struct wire_method *method = call->method;
    return peer_may(call->front, &call->peer, method->role) ||
           (method->role_too && peer_may(call->front, &call->peer, method->role_too));
}

void call_not_allowed(struct call *call, const char *what, const char *role)
{
    char sentence[160];
    snprintf(sentence, sizeof sentence, "%s needs the role %s", what, role);
    call_fail(call, WIRE_NOT_ALLOWED, sentence, json_pack("{s:s}", "role", role));
}

void call_fail_store(struct call *call, int rc)
{
    log_event(LOG_LEVEL_ERROR, "session", call->session ? call->session->id : "-", "store_failed",
              "method=%s error=\"%s\"", call->method ? call->method->name : "-", strerror(-rc));
    call_fail(call, WIRE_STORE, NULL, json_pack("{s:i}", "retry_after_s", STORE_RETRY_S));
}

bool call_begun(struct call *call)
{
    int rc = store_begin(call->front->store);
    if (rc < 0)
        call_fail_store(call, rc);
    return rc == 0;
}

bool call_kept(struct call *call, int rc, const struct refusal *refusal)
{
    int end = store_end(call->front->store, rc == 0);
    if (end < 0)
        call_fail_store(call, end);
    else if (rc != 0)
        call_refuse(call, refusal);
    return end == 0 && rc == 0;
}
