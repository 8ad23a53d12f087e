#include "view_subscriber.h"

#include <string.h>
#include "subscriber_advice.h"
#include "subscriber_id.h"
#include "text.h"
#include "view_put.h"

enum { SHOWN_MAX = SUBSCRIBER_TEXT_MAX + 8 };

static json_t *view_say(const char *vi, const char *en)
{
    return json_pack("{s:s, s:s}", "vi", vi, "en", en);
}

/* --- values ---------------------------------------------------------------------------------- */

/* Dates keep their year, numbers and documents their beginning, names their first word. */
static void mask(enum subscriber_field field, const char *value, size_t len, char *out, size_t room)
{
    char copy[SUBSCRIBER_VALUE_MAX];
    size_t fits = len < sizeof copy ? len : sizeof copy - 1;
    memcpy(copy, value, fits);
    copy[fits] = '\0';
    switch (field) {
    case SUBSCRIBER_FULL_NAME:
        subscriber_mask_name(copy, out, room);
        break;
    case SUBSCRIBER_ID_NUMBER:
    case SUBSCRIBER_MSISDN:
        subscriber_mask_digits(copy, out, room);
        break;
    case SUBSCRIBER_ID_TYPE:
    case SUBSCRIBER_SUBSCRIBER_TYPE:
    case SUBSCRIBER_STATUS:
        text_copy(out, room, copy); /* of nobody in particular */
        break;
    case SUBSCRIBER_BIRTH_DATE:
    case SUBSCRIBER_ID_ISSUED_ON:
    case SUBSCRIBER_REGISTERED_ON:
        subscriber_mask_date(copy, fits, out, room);
        break;
    case SUBSCRIBER_ID_ISSUED_BY:
    case SUBSCRIBER_ADDRESS:
    case SUBSCRIBER_OTHER:
        subscriber_mask_text(copy, fits, out, room);
        break;
    }
    explicit_bzero(copy, sizeof copy);
}

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += (text[i] & 0xC0) != 0x80;
    return count;
}

static json_t *view_value(enum subscriber_field field, const char *text,
                          const struct subscriber_value *value, bool full)
{
    char raw[SUBSCRIBER_VALUE_MAX * 4] = "", shown[SUBSCRIBER_VALUE_MAX * 4] = "";
    const struct subscriber_span *span = &value->span;
    size_t len = span->to - span->from;
    json_t *view = json_object();
    if (!full) {
        mask(field, text + span->from, len, raw, sizeof raw);
        mask(field, value->value, strlen(value->value), shown, sizeof shown);
    }
    view_put(&view, "raw", full ? json_stringn(text + span->from, len) : json_string(raw));
    view_put(&view, "value", json_string(full ? value->value : shown));
    view_put(&view, "span",
             json_pack("[I, I]", (json_int_t)characters(text, span->from),
                       (json_int_t)characters(text, span->to)));
    view_put(&view, "rule", json_string(value->rule));
    explicit_bzero(raw, sizeof raw);
    return view;
}

static json_t *view_fields(const char *text, const struct subscriber_reply *reply, bool full)
{
    json_t *view = json_object();
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++)
        if (reply->field[f].found)
            view_put(&view, subscriber_field_name((enum subscriber_field)f),
                     view_value((enum subscriber_field)f, text, &reply->field[f], full));
    return view;
}

static json_t *view_unparsed(const char *text, const struct subscriber_reply *reply, bool full)
{
    static char shown[SHOWN_MAX];
    json_t *view = json_array();
    for (size_t i = 0; i < reply->unparsed_count; i++) {
        const struct subscriber_span *span = &reply->unparsed[i];
        size_t len = span->to - span->from;
        if (!full)
            subscriber_mask_text(text + span->from, len, shown, sizeof shown);
        view_append(&view, full ? json_stringn(text + span->from, len) : json_string(shown));
    }
    return view;
}

/* --- verdicts -------------------------------------------------------------------------------- */

static json_t *view_findings(unsigned findings)
{
    json_t *view = json_array();
    for (int f = 0; f < SUBSCRIBER_FINDINGS; f++)
        if (findings & 1u << f)
            view_append(&view, json_string(subscriber_finding_name((enum subscriber_finding)f)));
    return view;
}

static void put_comparison(json_t **record, const struct subscriber_comparison *comparison)
{
    json_t *verdicts = json_object(), *names = json_array();
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++) {
        const struct subscriber_verdict *verdict = &comparison->field[f];
        const char *name = subscriber_field_name((enum subscriber_field)f);
        if (!verdict->compared)
            continue;
        view_put(&verdicts, name,
                 json_pack("{s:s, s:o}", "level", subscriber_level_name(verdict->level), "findings",
                           view_findings(verdict->findings)));
        view_append(&names, json_string(name));
    }
    view_put(record, "comparison", verdicts);
    view_put(record, "compared", names);
}

json_t *view_subscriber_record(const struct carrier *carrier, const char *text,
                               const struct subscriber_reply *reply,
                               const struct subscriber_comparison *comparison, bool full)
{
    struct subscriber_say say;
    json_t *view = json_object();
    subscriber_advise(comparison->conclusion, reply->refusal, carrier ? carrier->title : "",
                      carrier ? carrier->care : "", &say);
    if (carrier)
        view_put(&view, "carrier", json_string(carrier->name));
    view_put(&view, "shown", json_string(full ? "full" : "masked"));
    view_put(&view, "fields", view_fields(text, reply, full));
    view_put(&view, "unparsed", view_unparsed(text, reply, full));
    put_comparison(&view, comparison);
    view_put(&view, "conclusion", json_string(subscriber_conclusion_name(comparison->conclusion)));
    if (comparison->conclusion == CONCLUSION_REFUSED)
        view_put(&view, "refused", json_string(subscriber_refusal_name(reply->refusal)));
    view_put(&view, "say", view_say(say.vi, say.en));
    return view;
}

/* --- preflight ------------------------------------------------------------------------------- */

static json_t *view_finding(enum subscriber_field field, enum subscriber_finding finding,
                            const struct subscriber_preflight *flight)
{
    const char *vi, *en, *suggest = "";
    if (finding == FINDING_ELEVEN_DIGIT_NUMBER)
        suggest = flight->suggest_msisdn;
    if (finding == FINDING_LEADING_ZERO_LOST)
        suggest = flight->suggest_id;
    if (!subscriber_advise_finding(finding, &vi, &en))
        return NULL;
    json_t *view = json_pack("{s:s, s:s, s:o}", "field", subscriber_field_name(field), "finding",
                             subscriber_finding_name(finding), "say", view_say(vi, en));
    if (*suggest)
        view_put(&view, "suggest", json_string(suggest));
    return view;
}

json_t *view_subscriber_preflight(const struct subscriber_preflight *flight)
{
    json_t *findings = json_array();
    for (int field = 0; field < SUBSCRIBER_FIELDS; field++)
        for (int f = 0; f < SUBSCRIBER_FINDINGS; f++)
            if (flight->findings[field] & 1u << f)
                view_append(&findings, view_finding((enum subscriber_field)field,
                                                    (enum subscriber_finding)f, flight));
    bool ok = findings && json_array_size(findings) == 0;
    return json_pack("{s:b, s:o}", "ok", ok, "findings", findings);
}

/* --- progress -------------------------------------------------------------------------------- */

json_t *view_subscriber_event(const struct registry_news *news, int64_t wall_ms)
{
    static const char *const steps[] = {[REGISTRY_ASKED] = "asked",
                                        [REGISTRY_PART] = "part",
                                        [REGISTRY_PARSED] = "parsed",
                                        [REGISTRY_GAVE_UP] = "gave_up"};
    char at[32];
    text_iso8601(wall_ms, at);
    json_t *view = json_pack("{s:s, s:s, s:s, s:s, s:s}", "topic", "subscriber", "modem",
                             news->modem, "step", steps[news->step], "way", news->way, "at", at);
    if (news->step == REGISTRY_PART) {
        view_put(&view, "part", json_integer(news->part));
        view_put(&view, "parts", json_integer(news->parts));
    }
    if (*news->why)
        view_put(&view, "why", json_string(news->why));
    return view;
}
