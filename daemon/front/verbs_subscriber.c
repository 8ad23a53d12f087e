/* verbs_subscriber: 1414: a reply that somebody pastes, and what can be told without one. What is
 * in a record stays in the call: neither logged nor stored. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "carriers.h"
#include "audit.h"
#include "hall.h"
#include "registry.h"
#include "subscriber_advice.h"
#include "subscriber_preflight.h"
#include "text.h"
#include "verbs.h"
#include "view_put.h"
#include "view_subscriber.h"

enum { TELLING_MIN = 6 }; /* letters of a value that are enough to tell somebody by */

static const char *param(const struct call *call, const char *name)
{
    return json_string_value(json_object_get(call->params, name));
}

static struct subscriber_expect typed_of(const json_t *object)
{
    return (struct subscriber_expect){
        .full_name = json_string_value(json_object_get(object, "full_name")),
        .birth_date = json_string_value(json_object_get(object, "birth_date")),
        .id_number = json_string_value(json_object_get(object, "id_number")),
        .msisdn = json_string_value(json_object_get(object, "msisdn")),
    };
}

/* Letters and digits, folded. */
static void bare(const char *text, char out[SUBSCRIBER_VALUE_MAX])
{
    struct subscriber_fold fold;
    size_t used = 0;
    if (subscriber_fold_make(text, strlen(text), &fold) < 0)
        fold = (struct subscriber_fold){0};
    for (size_t i = 0; i < fold.len && used + 1 < SUBSCRIBER_VALUE_MAX; i++)
        if (!strchr(" \n.-/'", fold.text[i]))
            out[used++] = fold.text[i];
    out[used] = '\0';
    subscriber_fold_clear(&fold);
}

static bool tells(const char *words, const char *value)
{
    char in[SUBSCRIBER_VALUE_MAX], what[SUBSCRIBER_VALUE_MAX];
    if (!words || !value)
        return false;
    bare(words, in);
    bare(value, what);
    return strlen(what) >= TELLING_MIN && strstr(in, what);
}

/* reason and actor go to the journal: what was typed must not. */
static bool audit_is_clean(struct call *call, const struct subscriber_expect *typed)
{
    const char *const words[] = {param(call, "reason"), param(call, "actor")};
    const char *const values[] = {typed->full_name, typed->birth_date, typed->id_number,
                                  typed->msisdn};
    for (size_t w = 0; w < 2; w++)
        for (size_t v = 0; v < 4; v++)
            if (tells(words[w], values[v])) {
                call_fail(call, WIRE_INVALID_PARAMS,
                          "params: reason and actor are kept: name the case there, not the person",
                          NULL);
                return false;
            }
    return true;
}

/* Whole values are for those to whom it is shown who wrote to a SIM. */
static bool show_is_allowed(struct call *call, bool *full)
{
    const char *show = param(call, "show");
    *full = show && strcmp(show, "full") == 0;
    if (!*full || call->peer.shows_inbox)
        return true;
    call_fail(call, WIRE_NOT_ALLOWED, "show: full needs a role with show_numbers = yes",
              json_pack("{s:s}", "permission", "show_numbers"));
    return false;
}

static bool carrier_is_known(struct call *call, const struct carrier **carrier)
{
    const char *name = param(call, "carrier");
    *carrier = name ? carriers_find(call->front->config->carriers, name) : NULL;
    if (!name || *carrier)
        return true;
    call_fail(call, WIRE_INVALID_PARAMS, "params: carrier is none of carriers.ini", NULL);
    return false;
}

/* On record with uid, time and method: the reason and who asked are sealed there, and in no log. */
static void audit(struct call *call, const char *outcome)
{
    audit_note(call, &(struct audit_fields){.modem = param(call, "modem"),
                                            .conclusion = outcome,
                                            .reason = param(call, "reason"),
                                            .actor = param(call, "actor")});
}

/* Reads, compares and answers; `bytes` is a reply of `carrier` (may be NULL), `way` how a SIM was
 * asked for it (NULL: it was not). */
static void answer_record(struct call *call, const struct carrier *carrier, const char *bytes,
                          size_t len, bool full, const char *way)
{
    struct subscriber_expect typed = typed_of(json_object_get(call->params, "expect"));
    struct subscriber_reply reply;
    struct subscriber_comparison comparison;
    int rc = subscriber_parse(call->front->subscriber_rules, carrier ? carrier->name : "", bytes,
                              len, &reply);
    if (rc < 0) {
        call_fail(call, WIRE_INVALID_PARAMS, "params: text cannot be taken", NULL);
        return;
    }
    subscriber_compare(&reply, &typed, &comparison);
    audit(call, subscriber_conclusion_name(comparison.conclusion));
    json_t *record = view_subscriber_record(carrier, bytes, &reply, &comparison, full);
    subscriber_reply_clear(&reply);
    if (way)
        view_put(&record, "way", json_string(way));
    call_reply(call, record);
}

void verb_subscriber_parse(struct call *call)
{
    const json_t *text = json_object_get(call->params, "text");
    struct subscriber_expect typed = typed_of(json_object_get(call->params, "expect"));
    const struct carrier *carrier;
    bool full;
    if (audit_is_clean(call, &typed) && show_is_allowed(call, &full) &&
        carrier_is_known(call, &carrier))
        answer_record(call, carrier, json_string_value(text), json_string_length(text), full, NULL);
}

/* --- lookup ---------------------------------------------------------------------------------- */

struct lookup {
    struct registry_ask ask; /* first: its callback finds the lookup by it */
    struct call *call;
    char carrier[64];
    bool full;
};

static void lookup_abandon(struct call *call)
{
    struct lookup *lookup = call->parked;
    registry_forget(&lookup->ask);
    free(lookup);
    call_drop(call);
}

static void lookup_not_sent(struct call *call, const char *why)
{
    char sentence[200];
    audit(call, "not_sent");
    snprintf(sentence, sizeof sentence, "the question to 1414 did not get through: %s", why);
    call_fail(call, WIRE_NO_MODEM, sentence, NULL);
}

/* 1414 was asked and has not answered; `what` came of it, and `data` says so to programs. */
static void lookup_unanswered(struct call *call, const struct carrier *carrier, const char *what,
                              json_t *data)
{
    char sentence[160];
    snprintf(sentence, sizeof sentence, "%s%s%s", what,
             carrier && *carrier->care ? "; the care line is " : "", carrier ? carrier->care : "");
    call_fail(call, WIRE_NO_ANSWER, sentence, data);
}

static void lookup_incomplete(struct call *call, const struct carrier *carrier,
                              const struct registry_result *result)
{
    char what[100];
    audit(call, "incomplete");
    snprintf(what, sizeof what, "%d of %d parts of the answer of 1414 came in time", result->part,
             result->parts);
    lookup_unanswered(call, carrier, what,
                      json_pack("{s:s, s:i, s:i}", "reason", "incomplete", "part", result->part,
                                "parts", result->parts));
}

static void on_registry(struct registry_ask *ask, const struct registry_result *result)
{
    struct lookup *lookup = (struct lookup *)ask;
    struct call *call = lookup->call;
    const struct carrier *carrier = carriers_find(call->front->config->carriers, lookup->carrier);
    bool full = lookup->full;
    free(lookup);
    call_unpark(call);
    switch (result->end) {
    case REGISTRY_ANSWERED:
        answer_record(call, carrier, result->text, result->len, full, result->way);
        return;
    case REGISTRY_SILENT:
        audit(call, "silent");
        lookup_unanswered(call, carrier, "1414 did not answer in time", NULL);
        return;
    case REGISTRY_INCOMPLETE:
        lookup_incomplete(call, carrier, result);
        return;
    case REGISTRY_NOT_SENT:
        lookup_not_sent(call, result->why);
        return;
    }
    assert(!"an end of a lookup");
}

/* What the inbox keeps of it: the conclusion, of nobody. */
static const char *on_conclude(struct registry_ask *ask, const char *text, size_t len)
{
    const struct lookup *lookup = (struct lookup *)ask;
    const struct call *call = lookup->call;
    struct subscriber_expect typed = typed_of(json_object_get(call->params, "expect"));
    struct subscriber_reply reply;
    struct subscriber_comparison comparison;
    if (subscriber_parse(call->front->subscriber_rules, lookup->carrier, text, len, &reply) < 0)
        return "unreadable";
    subscriber_compare(&reply, &typed, &comparison);
    subscriber_reply_clear(&reply);
    return subscriber_conclusion_name(comparison.conclusion);
}

void verb_subscriber_lookup(struct call *call)
{
    struct subscriber_expect typed = typed_of(json_object_get(call->params, "expect"));
    const struct carrier *carrier;
    struct refusal refusal;
    bool full;
    if (!audit_is_clean(call, &typed) || !show_is_allowed(call, &full) || !call_may_wait(call))
        return;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup) {
        call_reply(call, NULL);
        return;
    }
    *lookup = (struct lookup){
        .ask = {.fn = on_registry, .conclude = on_conclude}, .call = call, .full = full};
    if (registry_ask(call->front->gateway, param(call, "modem"), call->peer.uid, &lookup->ask,
                     &carrier, &refusal) < 0) {
        free(lookup);
        audit(call, refusal.name);
        call_refuse(call, &refusal);
        return;
    }
    text_copy(lookup->carrier, sizeof lookup->carrier, carrier->name);
    call_park(call, lookup_abandon, lookup);
}

/* --- preflight ------------------------------------------------------------------------------- */

void verb_subscriber_preflight(struct call *call)
{
    struct subscriber_expect typed = typed_of(call->params);
    struct subscriber_preflight flight;
    char today[32];
    if (!audit_is_clean(call, &typed))
        return;
    text_iso8601(loop_wall_ms(call->front->loop), today);
    today[10] = '\0';
    bool ok = subscriber_preflight(&typed, today, &flight);
    audit(call, ok ? "ok" : "findings");
    json_t *view = view_subscriber_preflight(&flight);
    explicit_bzero(&flight, sizeof flight);
    call_reply(call, view);
}
