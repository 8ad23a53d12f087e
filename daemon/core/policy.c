/* policy: what is accepted, what is refused at the door, and why. */
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway_inside.h"
#include "refuse.h"
#include "sending.h"
#include "serve.h"
#include "settle.h"
#include "text.h"

enum { TTL_OTP_S = 300, TTL_OTHER_S = 3600, RETRY_STORE_S = 5, RETRY_PAUSED_S = 60 };

static int refuse_store(struct gateway *gateway, struct refusal *refusal, int rc)
{
    refusal->retry_after_s = RETRY_STORE_S;
    disk_failing(gateway, true);
    return refuse(refusal, "store_failed", "The message could not be written to disk: %s.",
                  strerror(-rc));
}

static int check_number(struct gateway *gateway, const struct send_request *request,
                        struct number *number, struct refusal *refusal)
{
    const struct number_rules rules = {
        .country = gateway->config->country,
        .short_codes = gateway->config->short_codes || request->own,
        .foreign = gateway->config->foreign_numbers,
    };

    return refuse_number(request->to, &rules, number, refusal);
}

/* The text as it travels: folded where asked, cut into parts. */
static int check_text(const struct send_request *request, struct message *message,
                      struct refusal *refusal)
{
    struct sms_text text;
    uint32_t bad = 0;

    if (request->text_len == 0)
        return refuse(refusal, "bad_text", "The text is empty.");
    if (request->text_len > MESSAGE_TEXT_MAX)
        return refuse(refusal, "bad_text", "The text is over %d bytes long.", MESSAGE_TEXT_MAX);
    message->text = malloc(request->text_len);
    if (!message->text)
        return refuse(refusal, "internal", "Out of memory.");
    message->text_len = request->text_len;
    if (request->unaccented) {
        ssize_t len = sms_text_fold(request->text, request->text_len, message->text);
        if (len < 0)
            return refuse(refusal, "bad_text", "The text is not valid UTF-8.");
        message->text_len = (size_t)len;
    } else {
        memcpy(message->text, request->text, request->text_len);
    }

    switch (sms_text_encode(message->text, message->text_len, request->encoding, &text, &bad)) {
    case 0:
        message->encoding = text.encoding;
        message->parts = (uint8_t)text.parts;
        return 0;
    case -EILSEQ:
        return refuse(refusal, "bad_text", "The text is not valid UTF-8, or holds a NUL.");
    case -ENOTSUP:
        return refuse(refusal, "bad_text",
                      "U+%04X is not in the GSM 7-bit alphabet; use auto or ucs2, or unaccented.",
                      (unsigned)bad);
    case -E2BIG:
        return refuse(refusal, "bad_text", "The text needs more than %d parts.", SMS_PARTS_MAX);
    case -EINVAL:
    default:
        return refuse(refusal, "bad_text", "The text is empty.");
    }
}

static int check_modem(struct gateway *gateway, const struct send_request *request,
                       struct message *message, struct refusal *refusal)
{
    if (!request->modem)
        return 0;
    if (!fleet_find(&gateway->fleet, request->modem))
        return refuse(refusal, "not_found", "No modem has this name.");
    snprintf(message->pin, sizeof message->pin, "modem:%s", request->modem);
    return 0;
}

/* Can it be there in time? */
static int check_time(struct gateway *gateway, const struct send_request *request,
                      const struct message *message, int *eta_ms, struct refusal *refusal)
{
    int64_t now_ms = loop_now_ms(gateway->loop);
    int parts = message->parts;
    double part_ms = fleet_part_ms(&gateway->fleet, parts, message->expires_ms, request->modem);
    /* Its one modem is free when all have worked off what is ahead; nothing else of it is pinned.
     */
    double ahead_ms =
        request->own ? fleet_part_ms(&gateway->fleet, parts, message->expires_ms, NULL) : part_ms;

    if (gateway->fleet.paused) {
        refusal->retry_after_s = RETRY_PAUSED_S;
        return refuse(refusal, "no_modem", "The gateway is paused: an operator has to resume it.");
    }
    int most = fleet_most_parts(&gateway->fleet, request->modem);
    if (most > 0 && most < parts)
        return refuse(refusal, "no_modem",
                      "It has %d parts, and no modem may send more than %d a day (daily_budget).",
                      parts, most);
    if (part_ms <= 0)
        return refuse(refusal, "no_modem", "No modem can be ready before the message's deadline.");
    int64_t ahead =
        admission_ahead(&gateway->admission, message->class_, now_ms, message->expires_ms);
    double estimate = ahead_ms * (double)ahead;
    for (int under_way = sending_count(&gateway->fleet); under_way > 0; under_way--)
        estimate += ahead_ms / 2;
    estimate += fleet_submit_ms(&gateway->fleet) * message->parts;
    *eta_ms = estimate > INT32_MAX ? INT32_MAX : (int)estimate;
    if (now_ms + *eta_ms <= message->expires_ms)
        return 0;
    refusal->estimate_ms = *eta_ms;
    if (ahead == 0)
        return refuse(refusal, "expired",
                      "It cannot leave within its ttl_s; sending takes about %d s.",
                      (*eta_ms + 999) / 1000);
    refusal->retry_after_s = (int)((*eta_ms - (message->expires_ms - now_ms)) / 1000) + 1;
    return refuse(refusal, "overloaded",
                  "The queue ahead takes about %d s, longer than the message may wait.",
                  (*eta_ms + 999) / 1000);
}

/* What "the same content" means: everything the caller asked for, its number in normal form. */
struct content {
    char *bytes;
    size_t len;
};
static bool content_make(const struct send_request *request, const char *to, struct content *out)
{
    int len;
    char *head = NULL;

    len = asprintf(&head, "%s|%d|%d|%d|%d|%d|%d|%d|%d|%s|%s|", to, (int)request->class_,
                   request->ttl_s, (int)request->encoding, request->unaccented, request->report,
                   request->flash, request->on_unknown, request->replace_type,
                   request->supersedes ? request->supersedes : "",
                   request->modem ? request->modem : "");
    if (len < 0)
        return false;
    out->bytes = malloc((size_t)len + request->text_len);
    if (out->bytes) {
        memcpy(out->bytes, head, (size_t)len);
        memcpy(out->bytes + len, request->text, request->text_len);
        out->len = (size_t)len + request->text_len;
    }
    free(head);
    return out->bytes != NULL;
}

static void content_free(struct content *content)
{
    if (content->bytes)
        explicit_bzero(content->bytes, content->len);
    free(content->bytes);
}

/* 1: a repeat, answered; 0: new; -1: refused. */
static int check_repeat(struct gateway *gateway, const struct send_request *request,
                        const struct content *content, struct send_result *result,
                        struct refusal *refusal)
{
    bool same = false;
    if (request->otp != 0)
        return 0;
    int rc = store_message_by_key(gateway->store, request->uid, request->key, content->bytes,
                                  content->len, &same, &result->message);

    if (rc < 0)
        return refuse_store(gateway, refusal, rc);
    if (rc == 0)
        return 0;
    if (!same) {
        message_clear(&result->message);
        return refuse(refusal, "conflict", "The key stands for a message with other content.");
    }
    result->duplicate = true;
    result->eta_ms = 0;
    gateway->stats.duplicates++;
    return 1;
}

static void fill(struct gateway *gateway, const struct send_request *request,
                 struct message *message)
{
    int ttl_s =
        request->ttl_s ? request->ttl_s : (request->class_ == CLASS_OTP ? TTL_OTP_S : TTL_OTHER_S);

    message->uid = request->uid;
    message->otp = request->otp;
    message->class_ = request->class_;
    message->state = MESSAGE_QUEUED;
    message->on_unknown = request->on_unknown >= 0       ? (enum on_unknown)request->on_unknown
                          : request->class_ == CLASS_OTP ? ON_UNKNOWN_RESEND
                                                         : ON_UNKNOWN_REPORT;
    message->reference = gateway->next_reference++;
    message->report = request->report;
    message->flash = request->flash;
    message->unaccented = request->unaccented;
    message->replace_type = (uint8_t)request->replace_type;
    message->created_wall_ms = loop_wall_ms(gateway->loop);
    message->expires_wall_ms = message->created_wall_ms + ttl_s * INT64_C(1000);
    message->expires_ms = loop_now_ms(gateway->loop) + ttl_s * INT64_C(1000);
    text_copy(message->key, sizeof message->key, request->key);
}

/* The older message that this one replaces, where it has not left yet; else it is left alone. */
static int supersede(struct gateway *gateway, const struct send_request *request)
{
    struct message older = {0};
    uint8_t id[16];
    int rc = 0;

    if (!request->supersedes)
        return 0;
    if (message_id_parse(request->supersedes, id))
        rc = store_message_by_id(gateway->store, id, &older);
    if (rc == 0)
        rc = store_message_by_key(gateway->store, request->uid, request->supersedes, NULL, 0, NULL,
                                  &older);
    if (rc > 0 && older.uid == request->uid) {
        struct refusal ignored;
        rc = gateway_withdraw(gateway, &older, "superseded", &ignored);
        if (rc > 0)
            rc = 0; /* too late: it has left */
    }
    message_clear(&older);
    return rc < 0 ? rc : 0;
}

static int insert(struct gateway *gateway, const struct send_request *request,
                  const struct content *content, struct send_result *result,
                  struct refusal *refusal)
{
    struct message *message = &result->message;
    int rc = supersede(gateway, request);

    if (rc == 0)
        rc = store_message_insert(gateway->store, message, content->bytes, content->len);
    disk_guard(gateway);
    if (rc < 0)
        return refuse_store(gateway, refusal, rc);
    admission_add(&gateway->admission, message->class_, message->expires_ms, message->parts);
    loop_timer_no_later(&gateway->schedule.due, message->expires_ms);
    gateway->stats.accepted++;
    gateway->accepts_open++;
    gateway->accepts_here++;
    return 0;
}

static int decide(struct gateway *gateway, const struct send_request *request,
                  struct send_result *result, struct refusal *refusal)
{
    struct message *message = &result->message;
    struct content content = {0};
    struct number number;
    int rc;

    if (check_number(gateway, request, &number, refusal) < 0)
        return -1;
    if (!content_make(request, number.digits, &content))
        return refuse(refusal, "internal", "Out of memory.");
    rc = check_repeat(gateway, request, &content, result, refusal);
    if (rc == 0) {
        fill(gateway, request, message);
        text_copy(message->to, sizeof message->to, number.digits);
        if (gateway->fleet.stopping)
            rc = refuse(refusal, "shutting_down", "The gateway is stopping.");
        else if (gateway->disk.failing) {
            refusal->retry_after_s = RETRY_STORE_S;
            rc = refuse(refusal, "overloaded",
                        "The database cannot be written or read at the moment.");
        } else if (request->retry_after_s > 0) {
            refusal->retry_after_s = request->retry_after_s;
            rc = refuse(refusal, "rate_limited", "Your role may send so many in a minute.");
        } else if (admission_total(&gateway->admission) >= gateway->config->max_queued) {
            refusal->retry_after_s = RETRY_STORE_S;
            rc = refuse(refusal, "overloaded", "The queue is full.");
        } else
            rc = check_text(request, message, refusal);
        if (rc == 0)
            rc = check_modem(gateway, request, message, refusal);
        if (rc == 0)
            rc = check_time(gateway, request, message, &result->eta_ms, refusal);
        if (rc == 0)
            rc = insert(gateway, request, &content, result, refusal);
    }
    content_free(&content);
    return rc < 0 ? -1 : 0;
}

int gateway_send(struct gateway *gateway, const struct send_request *request,
                 struct send_result *result, struct refusal *refusal)
{
    memset(result, 0, sizeof *result);
    memset(refusal, 0, sizeof *refusal);
    int rc = decide(gateway, request, result, refusal);
    if (rc < 0) {
        message_clear(&result->message);
        gateway->stats.refused++;
    }
    return rc;
}

int gateway_withdraw(struct gateway *gateway, struct message *message, const char *reason,
                     struct refusal *refusal)
{
    memset(refusal, 0, sizeof *refusal);
    if (message->state != MESSAGE_QUEUED && message->state != MESSAGE_CLAIMED) {
        (void)refuse(refusal, "too_late", "It is %s and cannot be taken back.",
                     message_state_name(message->state));
        return 1;
    }
    if (message->state == MESSAGE_QUEUED)
        admission_add(&gateway->admission, message->class_, message->expires_ms,
                      message->parts_done - message->parts);
    message->state = settle_end_state(message, MESSAGE_CANCELLED);
    text_copy(message->reason, sizeof message->reason,
              message->state == MESSAGE_FAILED ? "partly_sent" : reason);
    message->wait_until_ms = 0;
    if (message->state != MESSAGE_UNKNOWN)
        message->ended_wall_ms = loop_wall_ms(gateway->loop);
    int rc = store_message_update(gateway->store, message, true);
    disk_guard(gateway);
    if (rc == 0)
        sending_refuse(&gateway->fleet, message->row);
    return rc;
}

int gateway_cancel(struct gateway *gateway, struct message *message, struct refusal *refusal)
{
    int rc = gateway_withdraw(gateway, message, "cancelled", refusal);

    if (rc < 0)
        return refuse_store(gateway, refusal, rc);
    return rc ? -1 : 0;
}
