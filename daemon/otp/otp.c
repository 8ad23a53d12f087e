/* otp: starting a verification and sending it again. */
#include "otp_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "otp_conversion.h"
#include "otp_limits.h"
#include "refuse.h"
#include "template.h"
#include "text.h"

enum {
    RETRY_STORE_S = 5,
    LEAST_S = 20, /* of a lifetime, for one more message with the same code */
    MESSAGE_KEY = 48,
};

/* --- small things ----------------------------------------------------------------------------- */

int otp_refuse_store(struct refusal *refusal, int rc)
{
    refusal->retry_after_s = RETRY_STORE_S;
    return refuse(refusal, "store_failed", "It could not be written to disk: %s.", strerror(-rc));
}

bool otp_is_over(const struct otp *otp, const struct otp_row *row)
{
    return store_clock_ms(otp->store) >= row->expires_ms;
}

/* Eight digits tell two lines of a log apart, and open nothing. */
void otp_log(const struct otp_row *row, const char *what)
{
    char id[2 * OTP_ID + 1], masked[16];

    text_hex_encode(row->id, OTP_ID, id);
    text_mask_number(row->to, masked);
    id[8] = '\0';
    log_event(LOG_LEVEL_INFO, "otp", id, what, "purpose=%s to=%s sends=%u checks=%u", row->purpose,
              masked, row->sends, row->checks);
}

int otp_load_own(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], struct otp_row *row,
                 struct refusal *refusal)
{
    int rc = store_otp_by_id(otp->store, id, row);

    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    if (rc == 0 || (uid != UINT32_MAX && row->uid != uid))
        return refuse(refusal, "not_found", "Nothing of yours has this id.");
    return 0;
}

void otp_key_name(const struct otp *otp, const char *verb, uint32_t uid, const uint8_t id[OTP_ID],
                  const char *key, uint8_t out[OTP_HASH])
{
    static const uint8_t none[OTP_ID];
    uint8_t bytes[4 + OTP_ID + MESSAGE_KEY_MAX]; /* counted: no text */
    size_t len = strlen(key);

    assert(len <= MESSAGE_KEY_MAX);
    memcpy(bytes, &uid, 4);
    memcpy(bytes + 4, id ? id : none, OTP_ID);
    for (size_t i = 0; i < len; i++)
        bytes[4 + OTP_ID + i] = (uint8_t)key[i];
    store_otp_hash(otp->store, verb, bytes, 4 + OTP_ID + len, out);
}

/* What its followers and lists show. */
static void message_key(const struct otp_row *row, int nth, char out[MESSAGE_KEY])
{
    char id[2 * OTP_ID + 1];

    text_hex_encode(row->id, OTP_ID, id);
    snprintf(out, MESSAGE_KEY, "otp-%s-%d", id, nth);
}

int otp_message(const struct otp *otp, const struct otp_row *row, int nth, struct message *out)
{
    char key[MESSAGE_KEY];
    int rc = store_message_of_otp(otp->store, row->row, nth, out);

    if (rc != 0)
        return rc;
    message_key(row, nth, key); /* from before schema revision 7 */
    return store_message_by_key(otp->store, row->uid, key, NULL, 0, NULL, out);
}

void otp_stand(const struct otp *otp, struct otp_row *row, struct otp_standing *out)
{
    const struct config_purpose *purpose = purpose_find(otp->config, row->purpose);

    if (row->state == OTP_PENDING && otp_is_over(otp, row)) {
        row->state = OTP_EXPIRED;
        row->ended_wall_ms = row->expires_wall_ms;
    }
    out->row = *row;
    out->eta_ms = 0;
    out->duplicate = false;
    out->resend_after_s = out->sends_left = 0;
    if (row->state != OTP_PENDING || !purpose || row->sends >= purpose->sends)
        return;
    int64_t at_ms =
        row->sent_ms + purpose_wait_s(purpose, row->streak + row->sends) * INT64_C(1000);
    int64_t left_ms = at_ms - store_clock_ms(otp->store);
    out->resend_after_s = left_ms > 0 ? (int)((left_ms + 999) / 1000) : 0;
    out->sends_left = purpose->sends - row->sends;
}

/* --- codes and texts -------------------------------------------------------------------------- */

static void code_new(struct otp *otp, struct otp_row *row)
{
    char code[OTP_DIGITS + 1];

    store_random(row->seed, sizeof row->seed);
    store_code_make(otp->store, row->id, row->seed, row->length, code);
    store_code_hash(otp->store, row->id, code, row->length, row->code);
    explicit_bzero(code, sizeof code);
}

/* The text of its message, rendered now; length, or -1 with the refusal. */
static int text_make(struct otp *otp, const struct config_purpose *purpose,
                     const struct otp_row *row, char text[TEMPLATE_TEXT_MAX],
                     struct refusal *refusal)
{
    const struct config_pair *template_ = purpose_template(purpose, row->locale);
    int64_t left_ms = row->expires_ms - row->sent_ms; /* now; the clock goes on meanwhile */
    char code[OTP_DIGITS + 1];
    uint8_t hash[OTP_CODE];
    unsigned units;

    store_code_make(otp->store, row->id, row->seed, row->length, code);
    store_code_hash(otp->store, row->id, code, row->length, hash);
    if (!store_code_same(hash, row->code)) /* a damaged row: better none than a wrong one */
        return refuse(refusal, "internal", "Its code cannot be read any more.");
    const struct template_values values = {
        .code = code,
        .minutes = left_ms >= 120000 ? (int)(left_ms / 60000) : 1,
        .origin = row->origin,
        .app_hash = row->app_hash,
    };
    int len = template_ ? template_render(purpose, template_->value, &values, text) : -EINVAL;
    explicit_bzero(code, sizeof code);
    int parts = len < 0 ? len : template_parts(purpose, text, (size_t)len, &units);
    if (parts < 0)
        return refuse(refusal, "bad_text", "No text can be made of the purpose's template.");
    if (parts > 1 && !purpose->allow_parts)
        return refuse(refusal, "bad_text",
                      "With this origin, app_hash or length the text takes more than one part.");
    if (row->app_hash[0] && len > TEMPLATE_APP_BYTES)
        return refuse(refusal, "bad_text", "A text with an app_hash holds at most %d bytes.",
                      TEMPLATE_APP_BYTES);
    return len;
}

/* Accepts the nth message of a row whose columns are as they will be. The one before it does not
 * leave any more, where it still waits. */
static int send(struct otp *otp, const struct config_purpose *purpose, const struct otp_row *row,
                int *eta_ms, struct refusal *refusal)
{
    char text[TEMPLATE_TEXT_MAX], key[MESSAGE_KEY], former[37] = "";
    struct send_result result = {0};
    int found = row->sends > 1 ? otp_message(otp, row, row->sends - 1, &result.message) : 0;

    if (found < 0)
        return otp_refuse_store(refusal, found);
    if (found > 0)
        message_id_text(result.message.id, former);
    message_clear(&result.message);
    int len = text_make(otp, purpose, row, text, refusal);
    if (len < 0)
        return -1;
    message_key(row, row->sends, key);
    const struct send_request request = {
        .uid = row->uid,
        .otp = row->row,
        .key = key,
        .to = row->to,
        .text = text,
        .text_len = (size_t)len,
        .class_ = CLASS_OTP,
        .ttl_s = (int)((row->expires_ms - row->sent_ms) / 1000),
        .encoding = purpose->encoding == PURPOSE_UCS2 ? SMS_UCS2 : SMS_GSM7,
        .report = true,
        .flash = purpose->flash,
        .on_unknown = -1,
        .replace_type = purpose->replace_type,
        .supersedes = former[0] ? former : NULL,
    };
    int rc = gateway_send(otp->gateway, &request, &result, refusal);
    explicit_bzero(text, sizeof text);
    *eta_ms = result.eta_ms;
    message_clear(&result.message);
    return rc;
}

/* --- sending again ---------------------------------------------------------------------------- */

static int resend_refuse(struct otp *otp, const struct config_purpose *purpose,
                         const struct otp_row *row, struct refusal *refusal)
{
    struct otp_row copy = *row;
    struct otp_standing standing;
    int64_t left_ms = row->expires_ms - store_clock_ms(otp->store);

    otp_stand(otp, &copy, &standing);
    refusal->retry_after_s = (int)((left_ms + 999) / 1000);
    if (standing.sends_left == 0)
        return refuse(refusal, "send_cap",
                      "All %d messages of this verification were sent; a new one may be started "
                      "when it has ended.",
                      row->sends);
    if (purpose->resend_code == PURPOSE_SAME_CODE && left_ms < LEAST_S * INT64_C(1000))
        return refuse(refusal, "cooldown",
                      "Its code ends too soon to be sent again; a new one may be started then.");
    refusal->retry_after_s = standing.resend_after_s;
    if (standing.resend_after_s > 0)
        return refuse(refusal, "cooldown", "The next message may be sent in %d s.",
                      standing.resend_after_s);
    return 0;
}

/* A new code; the former answers "superseded" from now on. */
static void code_supersede(struct otp *otp, struct otp_row *row, int64_t ttl_ms)
{
    if (row->formers < OTP_FORMERS)
        memcpy(row->former[row->formers++], row->code, OTP_CODE);
    code_new(otp, row);
    row->expires_ms = row->sent_ms + ttl_ms;
    row->expires_wall_ms = loop_wall_ms(otp->loop) + ttl_ms;
}

static int resend(struct otp *otp, struct otp_row *row, const char *address,
                  struct otp_standing *out, struct refusal *refusal)
{
    const struct config_purpose *purpose = purpose_find(otp->config, row->purpose);
    int eta_ms = 0;

    if (!purpose)
        return refuse(refusal, "not_found", "Its [purpose] has left the configuration.");
    if (resend_refuse(otp, purpose, row, refusal) < 0)
        return -1;
    const struct limits_ask ask = {
        .config = otp->config, .purpose = purpose, .to = row->to, .address = address};
    int rc = limits_check(otp->store, &ask, refusal);
    if (rc == 1)
        return -1;
    int64_t ttl_ms = row->expires_ms - row->sent_ms; /* of a code that is new with each message */
    row->sends++;
    row->sent_ms = store_clock_ms(otp->store);
    if (rc == 0 && purpose->resend_code == PURPOSE_NEW_CODE)
        code_supersede(otp, row, ttl_ms);
    if (rc == 0)
        rc = store_otp_update(otp->store, row, OTP_NEWS_RESENT, 0);
    if (rc == 0)
        rc = limits_count(otp->store, &ask);
    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    if (send(otp, purpose, row, &eta_ms, refusal) < 0)
        return -1;
    otp_end_no_later(otp, row->expires_ms);
    otp_log(row, "resent");
    otp_stand(otp, row, out);
    out->eta_ms = eta_ms;
    return 0;
}

/* 1: the key was used, *out is how it stands; 0: it is new, -1: refused. */
static int key_known(struct otp *otp, const struct otp_key *wanted, struct otp_standing *out,
                     struct refusal *refusal)
{
    struct otp_key key = *wanted;
    struct otp_row row;
    int rc = store_otp_key_get(otp->store, &key);

    if (rc == 0)
        return 0;
    if (rc > 0 && memcmp(key.content, wanted->content, OTP_HASH) != 0)
        return refuse(refusal, "conflict", "The key stands for a call with other content.");
    if (rc > 0)
        rc = store_otp_by_row(otp->store, key.otp, &row);
    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    if (rc == 0)
        return refuse(refusal, "not_found", "What the key stands for is not kept any more.");
    otp_stand(otp, &row, out);
    out->duplicate = true;
    return 1;
}

static int key_keep(struct otp *otp, struct otp_key *key, int64_t row, struct refusal *refusal)
{
    key->otp = row;
    int rc = store_otp_key_put(otp->store, key);
    return rc < 0 ? otp_refuse_store(refusal, rc) : 0;
}

int otp_resend(struct otp *otp, uint32_t uid, const uint8_t id[OTP_ID], const char *key,
               struct otp_standing *out, struct refusal *refusal)
{
    struct otp_key kept = {0};
    struct otp_row row;

    memset(out, 0, sizeof *out);
    memset(refusal, 0, sizeof *refusal);
    if (otp_load_own(otp, uid, id, &row, refusal) < 0)
        return -1;
    if (key) {
        kept.owner = row.row;
        otp_key_name(otp, "otp.resend", uid, id, key, kept.name);
        int rc = key_known(otp, &kept, out, refusal);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
    if (otp_is_over(otp, &row) && row.state == OTP_PENDING)
        row.state = OTP_EXPIRED;
    if (otp_step(row.state, OTP_RESEND).answer != OTP_SAYS_DONE)
        return refuse(refusal, "too_late", "It is %s: start a new one.", otp_state_name(row.state));
    if (key && key_keep(otp, &kept, row.row, refusal) < 0)
        return -1;
    return resend(otp, &row, NULL, out, refusal);
}

/* --- starting --------------------------------------------------------------------------------- */

/* A call to start, looked through. */
struct asked {
    const struct otp_start *start;
    const struct config_purpose *purpose;
    struct number number;
    char address[LIMITS_ADDRESS]; /* "" none */
    struct otp_key key;
    uint8_t tuple[OTP_HASH];
};

static int check_asked(struct otp *otp, struct asked *asked, struct refusal *refusal)
{
    const struct otp_start *start = asked->start;
    const struct config_purpose *purpose = asked->purpose =
        purpose_find(otp->config, start->purpose);

    if (!purpose)
        return refuse(refusal, "invalid_params", "purpose: no [purpose] section has this name");
    if (start->locale && !purpose_template(purpose, start->locale))
        return refuse(refusal, "invalid_params", "locale: the purpose has no template for it");
    if (start->origin && start->app_hash)
        return refuse(refusal, "invalid_params",
                      "origin and app_hash both want the last line: give one of them");
    if (start->origin && !purpose_host_ok(start->origin))
        return refuse(refusal, "invalid_params", "origin: wants a host name in small letters");
    if (start->app_hash && !template_app_hash_ok(start->app_hash))
        return refuse(refusal, "invalid_params", "app_hash: wants its 11 characters");
    if (start->client_ip && !limits_address(start->client_ip, asked->address))
        return refuse(refusal, "invalid_params", "client_ip: wants an IPv4 or IPv6 address");
    const struct number_rules rules = {
        .country = otp->config->country,
        .foreign = otp->config->foreign_numbers && purpose->foreign_numbers,
    };
    return refuse_number(start->to, &rules, &asked->number, refusal);
}

/* Hashes of what makes two calls the same, and of what makes them about the same verification. */
static int hash_asked(struct otp *otp, struct asked *asked, struct refusal *refusal)
{
    const struct otp_start *start = asked->start;
    const char *subject = start->subject ? start->subject : "";
    char *content = NULL, *tuple = NULL;

    int len =
        asprintf(&content, "%s|%s|%s|%s|%s|%d|%d|%s", asked->number.digits, start->purpose,
                 start->locale ? start->locale : "", start->origin ? start->origin : "",
                 start->app_hash ? start->app_hash : "", start->ttl_s, start->length, subject);
    int tuple_len = asprintf(&tuple, "%u|%s|%s|%d%s", (unsigned)start->uid, asked->number.digits,
                             start->purpose, start->subject != NULL, subject);
    if (len >= 0 && tuple_len >= 0) {
        store_otp_hash(otp->store, "otp.content", content, (size_t)len, asked->key.content);
        store_otp_hash(otp->store, "otp.tuple", tuple, (size_t)tuple_len, asked->tuple);
        explicit_bzero(content, (size_t)len);
        explicit_bzero(tuple, (size_t)tuple_len);
    }
    free(len >= 0 ? content : NULL);
    free(tuple_len >= 0 ? tuple : NULL);
    otp_key_name(otp, "otp.start", start->uid, NULL, start->key, asked->key.name);
    return len >= 0 && tuple_len >= 0 ? 0 : refuse(refusal, "internal", "Out of memory.");
}

static void fill(struct otp *otp, const struct asked *asked, int streak, struct otp_row *row)
{
    const struct otp_start *start = asked->start;
    const struct config_purpose *purpose = asked->purpose;
    int ttl_s = start->ttl_s ? start->ttl_s : purpose->ttl_s;

    memset(row, 0, sizeof *row);
    store_random(row->id, sizeof row->id);
    row->uid = start->uid;
    row->length = (uint8_t)(start->length ? start->length : purpose->length);
    row->streak = (uint16_t)streak;
    row->sends = 1;
    row->sent_ms = store_clock_ms(otp->store);
    row->checked_ms = INT64_MIN;
    row->expires_ms = row->sent_ms + ttl_s * INT64_C(1000);
    row->created_wall_ms = loop_wall_ms(otp->loop);
    row->expires_wall_ms = row->created_wall_ms + ttl_s * INT64_C(1000);
    memcpy(row->tuple, asked->tuple, sizeof row->tuple);
    text_copy(row->purpose, sizeof row->purpose, purpose->name);
    text_copy(row->locale, sizeof row->locale, start->locale ? start->locale : "");
    text_copy(row->to, sizeof row->to, asked->number.digits);
    text_copy(row->last3, sizeof row->last3, row->to + strlen(row->to) - 3);
    text_copy(row->app_hash, sizeof row->app_hash, start->app_hash ? start->app_hash : "");
    if (!start->app_hash)
        text_copy(row->origin, sizeof row->origin, start->origin ? start->origin : purpose->origin);
    code_new(otp, row);
}

/* How many messages went out for the same thing shortly before, none of which was used: the waits
 * go on growing over a new verification. -1: it has to wait. */
static int streak_of(struct otp *otp, const struct asked *asked, const struct otp_row *former,
                     struct refusal *refusal)
{
    int64_t since_ms = store_clock_ms(otp->store) - former->sent_ms;

    if (former->state == OTP_APPROVED || since_ms >= OTP_STREAK_MS)
        return 0;
    int streak = former->streak + former->sends;
    int64_t left_ms = purpose_wait_s(asked->purpose, streak) * INT64_C(1000) - since_ms;
    if (left_ms <= 0)
        return streak < UINT16_MAX ? streak : UINT16_MAX;
    refusal->retry_after_s = (int)((left_ms + 999) / 1000);
    return refuse(refusal, "cooldown", "The next code may be sent in %d s.",
                  refusal->retry_after_s);
}

static int start_new(struct otp *otp, struct asked *asked, int streak, struct otp_standing *out,
                     struct refusal *refusal)
{
    const struct limits_ask ask = {
        .config = otp->config,
        .purpose = asked->purpose,
        .to = asked->number.digits,
        .subject = asked->start->subject,
        .address = asked->address[0] ? asked->address : NULL,
    };
    struct otp_row row;
    int eta_ms = 0;
    int rc = limits_check(otp->store, &ask, refusal);

    if (rc == 1)
        return -1;
    fill(otp, asked, streak, &row);
    if (rc == 0)
        rc = store_otp_insert(otp->store, &row);
    if (rc == 0)
        rc = limits_count(otp->store, &ask);
    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    rc = conversion_started(otp, row.to);
    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    if (key_keep(otp, &asked->key, row.row, refusal) < 0 ||
        send(otp, asked->purpose, &row, &eta_ms, refusal) < 0)
        return -1;
    otp_end_no_later(otp, row.expires_ms);
    otp_log(&row, "started");
    conversion_judge(otp);
    otp_stand(otp, &row, out);
    out->eta_ms = eta_ms;
    return 0;
}

/* The newest of the same client, number, purpose and subject decides what a start is. */
static int start_asked(struct otp *otp, struct asked *asked, struct otp_standing *out,
                       struct refusal *refusal)
{
    struct otp_row former;
    int streak = 0;
    int rc = store_otp_by_tuple(otp->store, asked->tuple, &former);

    if (rc > 0 && former.state == OTP_PENDING && !otp_is_over(otp, &former)) {
        if (key_keep(otp, &asked->key, former.row, refusal) < 0)
            return -1;
        return resend(otp, &former, asked->address[0] ? asked->address : NULL, out, refusal);
    }
    if (rc > 0 && former.state == OTP_PENDING) {
        int ended = otp_end(otp, &former, OTP_EXPIRED);
        rc = ended < 0 ? ended : rc;
    }
    if (rc < 0)
        return otp_refuse_store(refusal, rc);
    if (rc > 0)
        streak = streak_of(otp, asked, &former, refusal);
    return streak < 0 ? -1 : start_new(otp, asked, streak, out, refusal);
}

int otp_start(struct otp *otp, const struct otp_start *start, struct otp_standing *out,
              struct refusal *refusal)
{
    struct asked asked = {.start = start};

    memset(out, 0, sizeof *out);
    memset(refusal, 0, sizeof *refusal);
    if (check_asked(otp, &asked, refusal) < 0 || hash_asked(otp, &asked, refusal) < 0)
        return -1;
    int rc = key_known(otp, &asked.key, out, refusal);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (purpose_prefix_listed(&asked.purpose->deny, asked.number.digits) ||
        (asked.purpose->allow.count > 0 &&
         !purpose_prefix_listed(&asked.purpose->allow, asked.number.digits)))
        return refuse(refusal, "blocked", "The configuration sends no codes to numbers like this.");
    return start_asked(otp, &asked, out, refusal);
}

/* --- the object ------------------------------------------------------------------------------- */

struct otp *otp_new(struct loop *loop, struct store *store, struct gateway *gateway,
                    const struct config *config)
{
    struct otp *otp = calloc(1, sizeof *otp);

    if (!otp)
        return NULL;
    otp->loop = loop;
    otp->store = store;
    otp->gateway = gateway;
    otp->config = config;
    otp->judged = conversion_new();
    if (!otp->judged) {
        free(otp);
        return NULL;
    }
    otp_end_init(otp);
    return otp;
}

void otp_reload(struct otp *otp, const struct config *config)
{
    otp->config = config;
}

void otp_free(struct otp *otp)
{
    if (otp)
        otp_end_stop(otp);
    free(otp ? otp->judged : NULL);
    free(otp);
}
