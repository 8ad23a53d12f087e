/* otp_check: the code that a citizen typed. One comparison, in constant time, inside the
 * transaction that counts it: of two that race the second finds what the first has left. */
#include "otp_internal.h"

#include <string.h>
#include "log.h"
#include "otp_conversion.h"
#include "refuse.h"
#include "text.h"

enum { CODE_TYPED_MAX = 32, CHECKS_DEFAULT = 5, INTERVAL_DEFAULT_MS = 1000 };

/* What was typed without the blanks and dashes that people put into numbers. */
static size_t code_clean(const char *typed, char out[CODE_TYPED_MAX])
{
    size_t len = 0;

    for (; *typed && len < CODE_TYPED_MAX; typed++)
        if (*typed != ' ' && *typed != '-')
            out[len++] = *typed;
    return len;
}

/* Everything is compared, whatever matches: how long it takes says nothing. */
static enum otp_event check_compare(const struct otp *otp, const struct otp_row *row,
                                    const char *code, size_t len, int checks)
{
    uint8_t hash[OTP_CODE];
    bool former = false;

    store_code_hash(otp->store, row->id, code, len, hash);
    bool right = store_code_same(hash, row->code);
    for (int i = 0; i < row->formers; i++)
        former |= store_code_same(hash, row->former[i]);
    explicit_bzero(hash, sizeof hash);
    if (right)
        return OTP_RIGHT;
    if (row->checks + 1 >= checks)
        return OTP_LAST;
    return former ? OTP_FORMER : OTP_WRONG;
}

/* A key used before: 1 with its result, 0 new, -1 refused. */
static int check_repeat(struct otp *otp, const struct otp_key *wanted, struct otp_checked *out,
                        struct refusal *refusal)
{
    struct otp_key key = *wanted;
    int rc = store_otp_key_get(otp->store, &key);

    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    if (rc == 0)
        return 0;
    if (memcmp(key.content, wanted->content, OTP_HASH) != 0)
        return refuse(refusal, "conflict", "The key stands for a check of another code.");
    out->result = (enum otp_answer)key.result;
    out->attempts_left = key.left;
    return 1;
}

/* Compares and counts: the row is pending and its time is not over. */
static int check_pending(struct otp *otp, struct otp_row *row, const char *code, size_t len,
                         struct otp_checked *out, struct refusal *refusal)
{
    const struct config_purpose *purpose = purpose_find(otp->config, row->purpose);
    int checks = purpose ? purpose->checks : CHECKS_DEFAULT;
    int interval_ms = purpose ? purpose->check_interval_ms : INTERVAL_DEFAULT_MS;
    int64_t now_ms = store_clock_ms(otp->store);

    if (row->checked_ms != INT64_MIN && now_ms - row->checked_ms < interval_ms) {
        refusal->retry_after_s = (int)((interval_ms - (now_ms - row->checked_ms) + 999) / 1000);
        return refuse(refusal, "rate_limited",
                      "A check follows another too soon: it was not compared and not counted.");
    }
    enum otp_event event = check_compare(otp, row, code, len, checks);
    struct otp_step step = otp_step(row->state, event);
    row->checks++;
    row->checked_ms = now_ms;
    out->result = step.answer;
    out->attempts_left = step.next == OTP_PENDING ? checks - row->checks : 0;
    int rc;
    if (step.next != row->state)
        rc = otp_end(otp, row, step.next);
    else
        rc = store_otp_update(otp->store, row,
                              event == OTP_FORMER ? OTP_NEWS_SUPERSEDED : OTP_NEWS_WRONG,
                              out->attempts_left);
    if (rc == 0 && step.next == OTP_APPROVED)
        conversion_judge(otp);
    return rc < 0 ? otp_refuse_store(refusal, rc) : 0;
}

int otp_check(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], const char *code,
              const char *key, struct otp_checked *out, struct refusal *refusal)
{
    char clean[CODE_TYPED_MAX];
    size_t len = code_clean(code, clean);
    struct otp_key kept = {0};
    struct otp_row row;

    memset(out, 0, sizeof *out);
    memset(refusal, 0, sizeof *refusal);
    if (otp_load_own(otp, uid, id, &row, refusal) < 0)
        return -1;
    if (key) {
        uint8_t hash[OTP_CODE];
        kept.owner = row.row;
        otp_key_name(otp, "otp.check", uid, id, key, kept.name);
        store_code_hash(otp->store, id, clean, len, hash);
        memcpy(kept.content, hash, OTP_HASH);
        int rc = check_repeat(otp, &kept, out, refusal);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
    int rc = 0;
    if (row.state == OTP_PENDING && otp_is_over(otp, &row))
        rc = otp_end(otp, &row, OTP_EXPIRED);
    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    if (row.state != OTP_PENDING) { /* any event: nothing is compared, nothing is to be kept */
        out->result = otp_step(row.state, OTP_WRONG).answer;
        return 0;
    }
    rc = check_pending(otp, &row, clean, len, out, refusal);
    explicit_bzero(clean, sizeof clean);
    if (rc < 0 || !key)
        return rc;
    kept.otp = row.row;
    kept.result = (int)out->result;
    kept.left = out->attempts_left;
    rc = store_otp_key_put(otp->store, &kept);
    return rc < 0 ? otp_refuse_store(refusal, rc) : 0;
}

int otp_cancel(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], struct otp_standing *out,
               struct refusal *refusal)
{
    struct otp_row row;

    memset(out, 0, sizeof *out);
    memset(refusal, 0, sizeof *refusal);
    if (otp_load_own(otp, uid, id, &row, refusal) < 0)
        return -1;
    if (row.state == OTP_PENDING && otp_is_over(otp, &row))
        row.state = OTP_EXPIRED;
    struct otp_step step = otp_step(row.state, OTP_CANCEL);
    if (step.answer != OTP_SAYS_DONE)
        return refuse(refusal, "too_late", "It is %s and cannot be cancelled.",
                      otp_state_name(row.state));
    int rc = step.next != row.state ? otp_end(otp, &row, step.next) : 0;
    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    otp_stand(otp, &row, out);
    return 0;
}

int otp_feedback(struct otp *otp, const struct message *message, bool used, struct refusal *refusal)
{
    struct otp_key key = {.result = used};

    memset(refusal, 0, sizeof *refusal);
    otp_key_name(otp, "otp.feedback", message->uid, message->id, "", key.name);
    int rc = store_otp_key_get(otp->store, &key);
    if (rc == 0)
        rc = store_otp_key_put(otp->store, &key);
    else if (rc > 0)
        return 0;
    if (rc == 0)
        rc = conversion_count(otp, message, used, loop_wall_ms(otp->loop));
    return rc < 0 ? otp_refuse_store(refusal, rc) : 0;
}
