/* verbs_otp: from the params of a call to the life of a code, and back. */
#include <string.h>
#include <time.h>
#include "audit.h"
#include "hall.h"
#include "number.h"
#include "otp_conversion.h"
#include "verbs.h"
#include "view_message.h"
#include "view_otp.h"
#include "view_put.h"

enum { FIND_DEFAULT = 10, FIND_MAX = 50, ATTEMPTS_SHOWN = 32, DAY_MS = 24 * 3600 * 1000 };

static const char *param_string(const struct call *call, const char *name)
{
    return json_string_value(json_object_get(call->params, name));
}

static int param_integer(const struct call *call, const char *name, int absent)
{
    const json_t *value = json_object_get(call->params, name);
    return value ? (int)json_integer_value(value) : absent;
}

/* An id that is none names nothing. */
static bool param_id(struct call *call, uint8_t id[OTP_ID])
{
    if (message_id_parse(param_string(call, "id"), id))
        return true;
    call_fail(call, WIRE_NOT_FOUND, NULL, NULL);
    return false;
}

/* Everybody's for operate. */
static uint32_t whose(const struct call *call)
{
    return peer_may(call->front, &call->peer, "operate") ? UINT32_MAX : call->peer.uid;
}

/* Another's is on record, looked at or taken back. */
static void note_others(struct call *call, const struct otp_row *row)
{
    if (row->uid != call->peer.uid)
        audit_note(call, &(struct audit_fields){0});
}

void verb_otp_start(struct call *call)
{
    const struct otp_start start = {
        .uid = call->peer.uid,
        .key = param_string(call, "key"),
        .to = param_string(call, "to"),
        .purpose = param_string(call, "purpose"),
        .subject = param_string(call, "subject"),
        .locale = param_string(call, "locale"),
        .origin = param_string(call, "origin"),
        .app_hash = param_string(call, "app_hash"),
        .client_ip = param_string(call, "client_ip"),
        .ttl_s = param_integer(call, "ttl_s", 0),
        .length = param_integer(call, "length", 0),
    };
    struct otp_standing standing;
    struct refusal refusal;
    if (call_begun(call) &&
        call_kept(call, otp_start(call->front->otp, &start, &standing, &refusal), &refusal))
        call_reply(call, view_otp_standing(&standing));
}

void verb_otp_resend(struct call *call)
{
    struct otp_standing standing;
    struct refusal refusal;
    uint8_t id[OTP_ID];
    if (param_id(call, id) && call_begun(call) &&
        call_kept(call,
                  otp_resend(call->front->otp, call->peer.uid, id, param_string(call, "key"),
                             &standing, &refusal),
                  &refusal))
        call_reply(call, view_otp_standing(&standing));
}

void verb_otp_check(struct call *call)
{
    struct otp_checked checked;
    struct refusal refusal;
    uint8_t id[OTP_ID];
    if (param_id(call, id) && call_begun(call) &&
        call_kept(call,
                  otp_check(call->front->otp, call->peer.uid, id, param_string(call, "code"),
                            param_string(call, "key"), &checked, &refusal),
                  &refusal))
        call_reply(call, view_otp_checked(&checked));
}

void verb_otp_cancel(struct call *call)
{
    struct otp_standing standing;
    struct refusal refusal;
    uint8_t id[OTP_ID];
    if (param_id(call, id) && call_begun(call) &&
        call_kept(call, otp_cancel(call->front->otp, whose(call), id, &standing, &refusal),
                  &refusal)) {
        note_others(call, &standing.row);
        call_reply(call, view_otp_standing(&standing));
    }
}

/* --- looking ---------------------------------------------------------------------------------- */

/* One message of it, or NULL: it is not kept any more, or *rc says why it could not be read. */
static json_t *view_nth(struct call *call, const struct otp_row *row, int nth, int *rc)
{
    struct attempt attempts[ATTEMPTS_SHOWN];
    struct message message = {0};
    json_t *view = NULL;
    *rc = otp_message(call->front->otp, row, nth, &message);
    if (*rc > 0)
        *rc = store_attempts_of(call->front->store, message.row, attempts, ATTEMPTS_SHOWN);
    if (message.row != 0 && *rc >= 0)
        view = view_message(&message, attempts, (size_t)*rc, peer_viewer(&call->peer));
    message_clear(&message);
    return view;
}

/* NULL with *rc 0: no memory. */
static json_t *view_whole(struct call *call, struct otp_row *row, int *rc)
{
    struct otp_standing standing;
    json_t *messages = json_array();
    note_others(call, row);
    *rc = 0;
    for (int nth = 1; nth <= row->sends && *rc >= 0; nth++) {
        json_t *message = view_nth(call, row, nth, rc);
        if (message)
            view_append(&messages, message);
    }
    otp_stand(call->front->otp, row, &standing);
    if (*rc >= 0)
        return view_otp(&standing, messages);
    json_decref(messages);
    return NULL;
}

void verb_otp_get(struct call *call)
{
    struct otp_row row;
    uint8_t id[OTP_ID];
    if (!param_id(call, id))
        return;
    uint32_t uid = whose(call);
    int rc = store_otp_by_id(call->front->store, id, &row);
    if (rc == 0 || (rc > 0 && uid != UINT32_MAX && row.uid != uid)) {
        call_fail(call, WIRE_NOT_FOUND, NULL, NULL);
        return;
    }
    json_t *view = rc > 0 ? view_whole(call, &row, &rc) : NULL;
    if (rc < 0)
        call_fail_store(call, rc);
    else
        call_reply(call, view);
}

/* `count` digits and the character behind them (NUL: none is looked for). */
static bool read_digits(const char **at, int count, char behind, int *out)
{
    *out = 0;
    for (; count > 0; count--, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    if (behind && **at != behind)
        return false;
    *at += behind != '\0';
    return true;
}

/* RFC 3339 in UTC, as the gateway itself writes it. False: it is not. */
static bool read_time(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    if (!read_digits(&text, 4, '-', &tm.tm_year) || !read_digits(&text, 2, '-', &tm.tm_mon) ||
        !read_digits(&text, 2, 'T', &tm.tm_mday) || !read_digits(&text, 2, ':', &tm.tm_hour) ||
        !read_digits(&text, 2, ':', &tm.tm_min) || !read_digits(&text, 2, '\0', &tm.tm_sec))
        return false;
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *wall_ms = (int64_t)timegm(&tm) * 1000;
    return strcmp(text, "Z") == 0;
}

/* The number in its normal form, of whatever country: what is looked for was taken once. */
static bool read_number(const char *to, const struct config *config, struct number *number)
{
    const struct number_rules rules = {.country = config->country, .foreign = true};
    return number_parse(to, strlen(to), &rules, number) == NUMBER_OK;
}

static void find_answer(struct call *call, struct otp_row *rows, int count)
{
    json_t *list = json_array();
    int rc = 0;
    for (int i = 0; i < count && rc >= 0; i++) {
        json_t *view = view_whole(call, &rows[i], &rc);
        if (rc >= 0)
            view_append(&list, view);
    }
    if (rc < 0) {
        json_decref(list);
        call_fail_store(call, rc);
        return;
    }
    call_reply(call, json_pack("{s:o}", "verifications", list));
}

void verb_otp_find(struct call *call)
{
    static struct otp_row rows[FIND_MAX]; /* one thread; large for a stack */
    struct front *front = call->front;
    const char *to = param_string(call, "to"), *since = param_string(call, "since");
    int64_t since_ms = loop_wall_ms(front->loop) - DAY_MS;
    struct number number = {0};
    if (since && !read_time(since, &since_ms)) {
        call_fail(call, WIRE_INVALID_PARAMS, "since: wants a time such as 2026-11-22T03:00:00Z",
                  NULL);
        return;
    }
    if (to && !read_number(to, front->config, &number)) {
        call_fail(call, WIRE_BAD_NUMBER, NULL, NULL);
        return;
    }
    int count = store_otp_find(front->store, to ? number.digits : NULL, param_string(call, "last3"),
                               since_ms, whose(call), rows,
                               (size_t)param_integer(call, "limit", FIND_DEFAULT));
    if (count < 0)
        call_fail_store(call, count);
    else
        find_answer(call, rows, count);
}

void verb_otp_feedback(struct call *call)
{
    struct front *front = call->front;
    const char *name = param_string(call, "message");
    bool used = json_is_true(json_object_get(call->params, "used"));
    struct message message = {0};
    struct refusal refusal;
    uint8_t id[16];
    int rc = message_id_parse(name, id) ? store_message_by_id(front->store, id, &message) : 0;
    if (rc == 0)
        rc = store_message_by_key(front->store, call->peer.uid, name, NULL, 0, NULL, &message);
    if (rc < 0)
        call_fail_store(call, rc);
    else if (rc == 0 || message.uid != call->peer.uid)
        call_fail(call, WIRE_NOT_FOUND, NULL, NULL);
    else if (call_begun(call) &&
             call_kept(call, otp_feedback(front->otp, &message, used, &refusal), &refusal))
        call_reply(call, json_pack("{s:b}", "used", used));
    message_clear(&message);
}
