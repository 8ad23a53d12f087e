/* registry_way: one lookup, from the first way to its end: see registry.h.
 *
 *   way_begin --> QUEUED --it left--> LEFT --time-out--> next way
 *            \--> USSD  --menu, menu, text--> answer     |  none: SILENT, INCOMPLETE, NOT_SENT, or
 *                                                        |        what is held
 *                  any of them that fails --> FAILED --> next way
 */
#include "registry_inside.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway_inside.h"
#include "log.h"
#include "policy.h"
#include "refuse.h"
#include "serve.h"
#include "store_otp.h"
#include "text.h"

enum {
    DAY_MS = 24 * 3600 * 1000,
    BETTER_MS = 5000, /* what no rule reads may be of something else: a record may follow it */
    NOBODYS = -1,     /* uid of the session: no client's ussd.answer fits it */
};

static const struct carrier_way *way_now(const struct registry_sim *sim)
{
    return &sim->way[sim->at < sim->ways ? sim->at : sim->ways - 1];
}

const char *way_name(const struct registry_sim *sim)
{
    return way_now(sim)->ussd ? "ussd" : "sms";
}

static bool has_next(const struct registry_sim *sim)
{
    return sim->at + 1 < sim->ways;
}

static int64_t timeout_ms(const struct registry_sim *sim)
{
    return sim->gateway->config->registry_timeout_s * INT64_C(1000);
}

/* --- the day --------------------------------------------------------------------------------- */

static void day_name(const struct registry_sim *sim, char out[48])
{
    snprintf(out, 48, "sim.%.22s.registry", sim->iccid);
}

/* The day goes on over a restart: the carrier's does too. */
static void day_load(struct registry_sim *sim)
{
    char name[48], value[48], *end;

    day_name(sim, name);
    if (store_fact_get(sim->gateway->store, name, value, sizeof value) <= 0)
        return;
    sim->asked_today = (int)strtol(value, &end, 10);
    sim->day_ms = strtoll(end, NULL, 10);
}

static void day_save(const struct registry_sim *sim)
{
    char name[48], value[48];
    int rc = store_begin(sim->gateway->store);

    day_name(sim, name);
    snprintf(value, sizeof value, "%d %lld", sim->asked_today, (long long)sim->day_ms);
    if (rc == 0) {
        rc = store_fact_set(sim->gateway->store, name, value);
        int end = store_end(sim->gateway->store, rc == 0);
        rc = rc < 0 ? rc : end;
    }
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "registry", sim->modem, "day_not_saved", "errno=%d", -rc);
}

static int check_budget(struct registry_sim *sim, struct refusal *refusal)
{
    int64_t now_ms = store_clock_ms(sim->gateway->store);
    int most = sim->gateway->config->registry_per_day;

    if (sim->asked_today == 0 || now_ms >= sim->day_ms + DAY_MS) {
        sim->asked_today = 0;
        sim->day_ms = now_ms;
    }
    if (most == 0 || sim->asked_today < most)
        return 0;
    refusal->retry_after_s = (int)((sim->day_ms + DAY_MS - now_ms) / 1000) + 1;
    return refuse(refusal, "rate_limited", "This SIM has asked 1414 %d times today.", most);
}

static void count_left(struct registry_sim *sim)
{
    sim->asked_today++;
    sim->left = true;
    day_save(sim);
}

/* --- how a way fails ------------------------------------------------------------------------- */

/* The next one is begun at the end of this turn. */
static void way_fail(struct registry_sim *sim, const char *why)
{
    sim->state = WAY_FAILED;
    sim->why = why;
    loop_timer_cancel(&sim->timer);
    loop_defer(&sim->look, LOOP_SOON);
}

/* Its time is over: nothing came, or not all of it. */
static void way_unanswered(struct registry_sim *sim)
{
    snprintf(sim->lost, sizeof sim->lost, "%d of %d parts of the answer came", sim->part,
             sim->parts);
    way_fail(sim, sim->parts ? sim->lost : "no answer");
}

/* Shown to staff as it is where nothing better comes. */
static void hold(struct registry_sim *sim, const char *text, size_t len)
{
    reply_wipe(&sim->held);
    reply_add(&sim->held, text, len);
}

/* The question is not to leave any more: no other way is tried while it might. True: it has left,
 * or may have. */
static bool question_withdraw(struct registry_sim *sim)
{
    struct gateway *gateway = sim->gateway;
    struct message message = {0};
    struct refusal ignored;
    bool left = true;
    int rc = store_begin(gateway->store);

    if (rc == 0) {
        rc = store_message_by_row(gateway->store, sim->message, false, &message);
        if (rc > 0)
            rc = gateway_withdraw(gateway, &message, "cancelled", &ignored);
        left = rc != 0;
        int end = store_end(gateway->store, rc >= 0);
        rc = rc < 0 ? rc : end;
    }
    message_clear(&message);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "registry", sim->modem, "not_withdrawn", "errno=%d", -rc);
    return left;
}

/* --- a message ------------------------------------------------------------------------------- */

/* A message like any other, but for its short number. */
static int sms_begin(struct registry_sim *sim, struct refusal *refusal)
{
    struct gateway *gateway = sim->gateway;
    const char *keyword = way_now(sim)->text;
    struct send_result result = {0};
    char key[64];

    snprintf(key, sizeof key, "1414 %.30s %lld %u", sim->modem,
             (long long)loop_wall_ms(gateway->loop), sim->serial++);
    const struct send_request request = {.uid = sim->owner,
                                         .key = key,
                                         .to = REGISTRY_NUMBER,
                                         .text = keyword,
                                         .text_len = strlen(keyword),
                                         .class_ = sim->unhurried ? CLASS_NOTICE : CLASS_OTP,
                                         .ttl_s = gateway->config->registry_timeout_s,
                                         .encoding = SMS_AUTO,
                                         .on_unknown = ON_UNKNOWN_REPORT,
                                         .modem = sim->modem,
                                         .own = true};
    int rc = store_begin(gateway->store);
    if (rc == 0) {
        bool taken = gateway_send(gateway, &request, &result, refusal) == 0;
        rc = store_end(gateway->store, taken);
        if (!taken)
            return -1;
    }
    if (rc < 0)
        return refuse(refusal, "store_failed", "The question could not be written to disk: %s.",
                      strerror(-rc));
    sim->message = result.message.row;
    message_clear(&result.message);
    sim->state = WAY_QUEUED;
    loop_timer_arm_in(&sim->timer, timeout_ms(sim));
    return 0;
}

static void sms_left(struct registry_sim *sim)
{
    count_left(sim);
    sim->state = WAY_LEFT;
    loop_timer_arm_in(&sim->timer, sim->unread ? BETTER_MS : timeout_ms(sim));
    if (sim->unserved)
        way_fail(sim, "it is not served");
}

/* Why a question in the queue will not leave; NULL: it may. */
static const char *sms_stands(struct registry_sim *sim, const struct message *message)
{
    struct modem *modem = fleet_find(&sim->gateway->fleet, sim->modem);

    /* Refused once: to try again is for those who have no other way, and only where its modem may.
     */
    if (message->sent_nothing > 0 && (has_next(sim) || strcmp(message->avoid, sim->iccid) == 0))
        return sms_cause_find(message->space, message->cause)->sentence;
    if (!modem || strcmp(modem->link->identity.iccid, sim->iccid) != 0)
        return "the SIM is not in its modem any more";
    if (!modem_may_serve(modem, message->parts, message->expires_ms))
        return "its modem cannot send";
    return NULL;
}

/* Something was written, or its modem is another: what became of the question? Where the disk does
 * not tell, its time ends it. */
static void sms_look(struct registry_sim *sim)
{
    struct message message = {0};
    const char *why = NULL;

    if (store_message_by_row(sim->gateway->store, sim->message, false, &message) <= 0)
        return;
    switch (message.state) {
    case MESSAGE_QUEUED:
        why = sms_stands(sim, &message);
        if (why)
            (void)question_withdraw(sim);
        break;
    case MESSAGE_CLAIMED:
    case MESSAGE_SENDING:
        break;
    case MESSAGE_SENT:
    case MESSAGE_UNKNOWN:
    case MESSAGE_DELIVERED:
    case MESSAGE_UNDELIVERED:
        sms_left(sim);
        break;
    case MESSAGE_FAILED:
        why = sms_cause_find(message.space, message.cause)->sentence;
        break;
    case MESSAGE_EXPIRED:
        why = "it did not leave in time";
        break;
    case MESSAGE_CANCELLED:
        why = "it was cancelled";
        break;
    }
    message_clear(&message);
    if (why)
        way_fail(sim, why);
}

/* Its time is over, and it is still queued or on its way out: what is at the network has left. */
static void sms_late(struct registry_sim *sim)
{
    sms_look(sim);
    if (sim->state != WAY_QUEUED)
        return;
    if (question_withdraw(sim))
        sms_left(sim);
    else
        way_fail(sim, "it did not leave in time");
}

/* --- a session ------------------------------------------------------------------------------- */

static void on_lease(void *arg, const struct lease_result *result);

static int ussd_begin(struct registry_sim *sim, struct refusal *refusal)
{
    const struct lease_request request = {.modem = sim->modem,
                                          .code = way_now(sim)->text,
                                          .uid = (uint32_t)NOBODYS,
                                          .trusted = true,
                                          .fn = on_lease,
                                          .arg = sim};

    const struct modem *modem = fleet_find(&sim->gateway->fleet, sim->modem);
    if (modem && (modem_is_paused(modem) || modem->identity.doubt))
        return refuse(refusal, "no_modem", "This modem asks nothing now: %s.", hold_words(modem));
    if (lease_run(&sim->gateway->fleet, &request, refusal) < 0)
        return -1;
    sim->state = WAY_USSD;
    sim->step = 0;
    reply_wipe(&sim->page);
    loop_timer_arm_in(&sim->timer, timeout_ms(sim));
    return 0;
}

/* A page that can be read counts; of the others the last is kept, for when none can. */
static enum registry_reading ussd_page(struct registry_sim *sim, const char *text)
{
    enum registry_reading reading = registry_read(sim, text, strlen(text));

    if (reading == REGISTRY_READ || sim->page.text) { /* what follows a record belongs to it */
        reply_add(&sim->page, text, strlen(text));
    } else if (*text) {
        hold(sim, text, strlen(text));
    }
    return reading;
}

/* `asks`: it ended with a menu, and nobody has told which of its items tells who owns the SIM. */
static void ussd_conclude(struct registry_sim *sim, const char *last, enum registry_reading reading,
                          bool asks)
{
    if (sim->page.text)
        registry_over(sim, &sim->page);
    else if (asks)
        way_fail(sim, "its menu is not known");
    else if (reading == REGISTRY_NOT_THIS_WAY)
        way_fail(sim, "it is not served");
    else if (*last)
        registry_over(sim, &sim->held);
    else
        way_fail(sim, "it said nothing");
}

static void ussd_more(struct registry_sim *sim, const char *text)
{
    const struct carrier_way *way = way_now(sim);
    enum registry_reading reading = ussd_page(sim, text);
    struct refusal refusal;

    if (sim->step < way->answers &&
        lease_answer(&sim->gateway->fleet, sim->modem, (uint32_t)NOBODYS, way->answer[sim->step],
                     on_lease, sim, &refusal) == 0) {
        sim->step++;
        return;
    }
    int rc = lease_cancel(&sim->gateway->fleet, sim->modem, &refusal);
    (void)rc; /* the network may have ended it */
    ussd_conclude(sim, text, reading, true);
}

static void on_lease(void *arg, const struct lease_result *result)
{
    struct registry_sim *sim = arg;

    if (sim->state != WAY_USSD)
        return;
    if (result->end != LEASE_BUSY && sim->step == 0)
        count_left(sim);
    switch (result->end) {
    case LEASE_MORE:
        ussd_more(sim, result->text);
        return;
    case LEASE_DONE:
        ussd_conclude(sim, result->text, ussd_page(sim, result->text), false);
        return;
    case LEASE_REFUSED:
        way_fail(sim, "the network does not take the code");
        return;
    case LEASE_SILENT:
        way_fail(sim, "no answer");
        return;
    case LEASE_CANCELLED:
        way_fail(sim, "the session was ended");
        return;
    case LEASE_BUSY:
        way_fail(sim, "the modem had no time for it");
        return;
    case LEASE_GONE:
        way_fail(sim, "the modem was lost");
        return;
    }
    assert(!"an end of a lease");
}

/* Before any answer: the code may have left. */
static void ussd_stop(struct registry_sim *sim)
{
    lease_forget(&sim->gateway->fleet, sim);
    if (sim->step == 0)
        count_left(sim);
}

/* --- way after way --------------------------------------------------------------------------- */

static int way_begin(struct registry_sim *sim, struct refusal *refusal)
{
    memset(refusal, 0, sizeof *refusal);
    if (check_budget(sim, refusal) < 0)
        return -1;
    int rc = way_now(sim)->ussd ? ussd_begin(sim, refusal) : sms_begin(sim, refusal);
    if (rc < 0)
        return -1;
    log_event(LOG_LEVEL_NOTICE, "registry", sim->modem, "asked", "way=%s today=%d", way_name(sim),
              sim->asked_today);
    registry_tell_news(sim, REGISTRY_ASKED, 0, 0);
    return 0;
}

/* From sim->at on. */
static int way_begin_any(struct registry_sim *sim, struct refusal *refusal)
{
    struct refusal other;

    for (struct refusal *why = refusal; sim->at < sim->ways; sim->at++, why = &other)
        if (way_begin(sim, why) == 0)
            return 0;
    return -1;
}

int way_begin_first(struct registry_sim *sim, uint32_t uid, bool unhurried, struct refusal *refusal)
{
    way_stop(sim);
    sim->owner = uid;
    sim->unhurried = unhurried;
    sim->at = 0;
    sim->why = "";
    sim->left = sim->unread = sim->unserved = false;
    sim->part = sim->parts = 0;
    if (way_begin_any(sim, refusal) < 0)
        return -1;
    sim->open = true;
    return 0;
}

static void way_next(struct registry_sim *sim)
{
    struct refusal refusal;

    log_event(LOG_LEVEL_NOTICE, "registry", sim->modem, "gave_up", "way=%s why=\"%s\"",
              way_name(sim), sim->why);
    registry_tell_news(sim, REGISTRY_GAVE_UP, 0, 0);
    sim->state = WAY_NONE;
    sim->at++;
    if (way_begin_any(sim, &refusal) < 0)
        registry_over(sim, sim->held.text ? &sim->held : NULL);
}

/* Deferred: a way failed, or the question in the queue may have moved. */
static void on_look(void *arg)
{
    struct registry_sim *sim = arg;

    if (sim->open && sim->state == WAY_QUEUED)
        sms_look(sim);
    if (sim->open && sim->state == WAY_FAILED)
        way_next(sim);
}

static void on_timer(void *arg)
{
    struct registry_sim *sim = arg;

    switch (sim->state) {
    case WAY_QUEUED:
        sms_late(sim);
        break;
    case WAY_LEFT:
        if (sim->unread)
            registry_over(sim, &sim->held);
        else
            way_unanswered(sim);
        break;
    case WAY_USSD:
        ussd_stop(sim);
        way_fail(sim, "no answer");
        break;
    case WAY_NONE:
    case WAY_FAILED:
        break;
    }
}

void way_look(struct registry_sim *sim)
{
    if (sim->open && sim->state == WAY_QUEUED)
        loop_defer(&sim->look, LOOP_SOON);
}

enum registry_reading way_heard(struct registry_sim *sim, const char *text, size_t len)
{
    enum registry_reading reading = registry_read(sim, text, len);
    struct reply reply = {0};

    switch (reading) {
    case REGISTRY_READ:
        reply_add(&reply, text, len);
        registry_over(sim, &reply);
        break;
    case REGISTRY_NOT_THIS_WAY:
        if (!sim->unread)
            hold(sim, text, len);
        sim->unserved = true;
        if (sim->state == WAY_LEFT)
            way_fail(sim, "it is not served");
        break;
    case REGISTRY_UNREADABLE:
        hold(sim, text, len);
        if (sim->state == WAY_LEFT && !sim->unread)
            loop_timer_arm_in(&sim->timer, BETTER_MS);
        sim->unread = true;
        break;
    }
    return reading;
}

void way_init(struct registry_sim *sim)
{
    loop_timer_init(&sim->timer, sim->gateway->loop, on_timer, sim);
    loop_task_init(&sim->look, sim->gateway->loop, on_look, sim);
    day_load(sim);
}

/* Without a word to the store. */
void way_fini(struct registry_sim *sim)
{
    loop_timer_cancel(&sim->timer);
    loop_task_cancel(&sim->look);
    if (sim->state == WAY_USSD)
        lease_forget(&sim->gateway->fleet, sim);
    sim->state = WAY_NONE;
    reply_wipe(&sim->held);
    reply_wipe(&sim->page);
}

void way_stop(struct registry_sim *sim)
{
    if (sim->state == WAY_QUEUED && question_withdraw(sim))
        count_left(sim);
    if (sim->state == WAY_USSD && sim->step == 0)
        count_left(sim);
    way_fini(sim);
}
