/* verbs_message: from the params of a call to the store and the gateway, and back. */
#include <assert.h>
#include <string.h>
#include "audit.h"
#include "cancels.h"
#include "hall.h"
#include "lists.h"
#include "verbs.h"
#include "view_message.h"
#include "waits.h"

enum { LIST_DEFAULT = 50, ATTEMPTS_SHOWN = 64 };

/* --- params --------------------------------------------------------------------------------- */

static const char *param_string(const struct call *call, const char *name)
{
    return json_string_value(json_object_get(call->params, name));
}

static int64_t param_integer(const struct call *call, const char *name, int64_t absent)
{
    const json_t *value = json_object_get(call->params, name);
    return value ? json_integer_value(value) : absent;
}

static bool param_true(const struct call *call, const char *name, bool absent)
{
    const json_t *value = json_object_get(call->params, name);
    return value ? json_is_true(value) : absent;
}

/* Which of `names` the param is; the schema has seen to it that it is one of them. */
static int param_choice(const struct call *call, const char *name, const char *const *names,
                        int count, int absent)
{
    const char *value = param_string(call, name);
    for (int i = 0; value && i < count; i++)
        if (strcmp(names[i], value) == 0)
            return i;
    return absent;
}

static int param_class(const struct call *call, int absent)
{
    static const char *const names[] = {
        [CLASS_OTP] = "otp", [CLASS_NOTICE] = "notice", [CLASS_BULK] = "bulk"};
    return param_choice(call, "class", names, MESSAGE_CLASSES, absent);
}

static void send_request_fill(const struct call *call, struct send_request *request)
{
    static const char *const encodings[] = {
        [SMS_AUTO] = "auto", [SMS_GSM7] = "gsm7", [SMS_UCS2] = "ucs2"};
    static const char *const unknowns[] = {
        [ON_UNKNOWN_RESEND] = "resend", [ON_UNKNOWN_REPORT] = "report"};
    *request = (struct send_request){
        .uid = call->peer.uid,
        .key = param_string(call, "key"),
        .to = param_string(call, "to"),
        .text = param_string(call, "text"),
        .text_len = json_string_length(json_object_get(call->params, "text")),
        .class_ = (enum message_class)param_class(call, CLASS_OTP),
        .ttl_s = (int)param_integer(call, "ttl_s", 0),
        .encoding = (enum sms_encoding)param_choice(call, "encoding", encodings, 3, SMS_AUTO),
        .unaccented = param_true(call, "unaccented", false),
        .report = param_true(call, "report", true),
        .flash = param_true(call, "flash", false),
        .on_unknown = param_choice(call, "on_unknown", unknowns, 2, -1),
        .replace_type = (int)param_integer(call, "replace_type", 0),
        .supersedes = param_string(call, "supersedes"),
        .modem = param_string(call, "modem"),
        .retry_after_s = rates_wait_s(call->front, &call->peer),
    };
}

/* --- answers -------------------------------------------------------------------------------- */

static void message_answer(struct call *call, const struct message *message)
{
    struct attempt attempts[ATTEMPTS_SHOWN];
    int count = store_attempts_of(call->front->store, message->row, attempts, ATTEMPTS_SHOWN);
    if (count < 0)
        call_fail_store(call, count);
    else
        call_reply(call, view_message(message, attempts, (size_t)count, peer_viewer(&call->peer)));
}

/* The message that `id` or `key` names: 1 found, and then the peer may see it; 0, -errno. */
static int message_find(struct call *call, struct message *message)
{
    struct store *store = call->front->store;
    const char *id = param_string(call, "id");
    uint8_t bytes[16];
    if (!id)
        return store_message_by_key(store, call->peer.uid, param_string(call, "key"), NULL, 0, NULL,
                                    message);
    int rc = message_id_parse(id, bytes) ? store_message_by_id(store, bytes, message) : 0;
    if (rc <= 0 || message->uid == call->peer.uid)
        return rc;
    if (!peer_may(call->front, &call->peer, "operate")) {
        message_clear(message);
        return 0;
    }
    audit_note(call, &(struct audit_fields){.modem = message->modem});
    return rc;
}

static void message_not_found(struct call *call, int rc)
{
    if (rc < 0)
        call_fail_store(call, rc);
    else
        call_fail(call, WIRE_NOT_FOUND, NULL, NULL);
}

/* --- the verbs ------------------------------------------------------------------------------ */

void verb_message_send(struct call *call)
{
    struct front *front = call->front;
    struct send_request request;
    struct send_result result = {0};
    struct refusal refusal = {0};
    send_request_fill(call, &request);
    if (request.modem && !peer_may(front, &call->peer, "operate")) {
        call_not_allowed(call, "modem", "operate");
        return;
    }
    if (request.modem)
        audit_note(call, &(struct audit_fields){0});
    if (call_begun(call) &&
        call_kept(call, gateway_send(front->gateway, &request, &result, &refusal), &refusal)) {
        if (!result.duplicate)
            rates_take(front, &call->peer);
        call_reply(call, view_accepted(&result, call->peer.uid));
    }
    message_clear(&result.message);
}

/* Everybody's for those who operate the gateway, else one's own. */
static void cancel_by_filter(struct call *call, json_t *given)
{
    const struct call inner = {.params = given};
    bool operates = peer_may(call->front, &call->peer, "operate");
    struct cancels_filter filter = {
        .uid = operates ? UINT32_MAX : call->peer.uid,
        .class_ = param_class(&inner, -1),
        .modem = param_string(&inner, "modem"),
        .before_wall_ms = INT64_MAX,
    };
    if (operates)
        audit_note(call, &(struct audit_fields){0});
    if (json_object_get(given, "older_than_s"))
        filter.before_wall_ms =
            loop_wall_ms(call->front->loop) - param_integer(&inner, "older_than_s", 0) * 1000;
    if (json_object_size(given) == 0)
        call_fail(call, WIRE_INVALID_PARAMS,
                  "params: filter names nothing; {\"state\":\"queued\"} is everything that waits",
                  NULL);
    else if (call_may_wait(call) && !cancels_start(call, &filter))
        call_fail(call, WIRE_INTERNAL, "no memory", NULL);
}

void verb_message_cancel(struct call *call)
{
    json_t *filter = json_object_get(call->params, "filter");
    if (filter) {
        cancel_by_filter(call, filter);
        return;
    }
    struct message message = {0};
    struct refusal refusal = {0};
    int rc = message_find(call, &message);
    if (rc <= 0) {
        message_not_found(call, rc);
        return;
    }
    if (call_begun(call) &&
        call_kept(call, gateway_cancel(call->front->gateway, &message, &refusal), &refusal))
        message_answer(call, &message);
    message_clear(&message);
}

void verb_message_get(struct call *call)
{
    static const char *const untils[] = {
        [WAIT_SENT] = "sent", [WAIT_DELIVERED] = "delivered", [WAIT_FINAL] = "final"};
    enum wait_until until = (enum wait_until)param_choice(call, "until", untils, 3, WAIT_SENT);
    int64_t wait_ms = param_integer(call, "wait_ms", 0);
    struct message message = {0};
    int rc = message_find(call, &message);
    if (rc <= 0)
        message_not_found(call, rc);
    else if (wait_ms == 0 || wait_is_over(&message, until))
        message_answer(call, &message);
    else if (call_may_wait(call) &&
             !waits_add(call->front, call, &message, until, wait_ms, message_answer))
        call_fail(call, WIRE_INTERNAL, "no memory", NULL);
    message_clear(&message);
}

void verb_message_list(struct call *call)
{
    struct message_filter list = {
        .uid = call->peer.uid, .state = -1, .class_ = param_class(call, -1)};
    const char *wanted = param_string(call, "state");
    for (int s = 0; wanted && s < MESSAGE_STATES; s++)
        if (strcmp(message_state_name(s), wanted) == 0)
            list.state = s;
    if (peer_may(call->front, &call->peer, "operate"))
        list.uid = UINT32_MAX;
    if (call_may_wait(call) && !lists_start(call, &list, param_integer(call, "cursor", 0),
                                            (size_t)param_integer(call, "limit", LIST_DEFAULT)))
        call_fail(call, WIRE_INTERNAL, "no memory", NULL);
}
