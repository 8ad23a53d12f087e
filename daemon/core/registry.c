#include "registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway_internal.h"
#include "log.h"
#include "refuse.h"
#include "text.h"

#define REGISTRY_NUMBER "1414"

enum {
    SMS_WAIT_MS = 90000, /* question and answer; carriers take seconds */
    QUESTION_TTL_S = 60,
    KEPT_MS = 60000, /* an answer, for who asked: a reply may be lost, and 1414 has a daily cap */
    DAY_MS = 24 * 3600 * 1000,
    UIDS_MAX = 16,
};

/* One SIM that has asked since the start of the daemon. */
struct registry_sim {
    struct gateway *gateway;
    struct registry_sim *next;
    char iccid[23];
    bool open;       /* asked, and the answer is awaited */
    int64_t message; /* row of the question */
    int asked_today; /* since day_ms */
    int64_t day_ms;
    char *answer; /* NULL: none, or it was kept long enough */
    size_t answer_len;
    uint32_t uid[UIDS_MAX]; /* who has asked for it */
    size_t uids;
    struct registry_ask *asks;
    struct loop_timer timer; /* the time-out while open, else the end of `answer` */
    struct loop_task tell;
};

static void answer_wipe(struct registry_sim *sim)
{
    if (sim->answer)
        explicit_bzero(sim->answer, sim->answer_len);
    free(sim->answer);
    sim->answer = NULL;
    sim->answer_len = 0;
}

/* Who is told may ask again, or free itself: it is off the list before. */
static void tell_all(struct registry_sim *sim, enum registry_end end)
{
    bool answered = end == REGISTRY_ANSWERED;
    const struct registry_result result = {
        .end = end,
        .text = answered ? sim->answer : NULL,
        .len = answered ? sim->answer_len : 0,
        .way = "sms",
        .why = end == REGISTRY_NOT_SENT ? "it did not leave in time" : "",
    };
    struct registry_ask *ask;

    while ((ask = sim->asks)) {
        sim->asks = ask->next;
        ask->sim = NULL;
        ask->fn(ask, &result);
    }
}

static void on_tell(void *arg)
{
    struct registry_sim *sim = arg;

    if (sim->answer)
        tell_all(sim, REGISTRY_ANSWERED);
}

/* Did the question leave? Where the disk does not tell, it may have. */
static bool question_left(struct registry_sim *sim)
{
    struct message message = {0};
    int rc = store_message_by_row(sim->gateway->store, sim->message, false, &message);
    bool left = rc <= 0 || message.state == MESSAGE_SENT || message.state == MESSAGE_UNKNOWN ||
                message.state == MESSAGE_DELIVERED || message.state == MESSAGE_UNDELIVERED;

    message_clear(&message);
    return left;
}

static void on_timer(void *arg)
{
    struct registry_sim *sim = arg;
    bool was_open = sim->open;

    sim->open = false;
    if (!was_open) {
        answer_wipe(sim);
        return;
    }
    enum registry_end end = question_left(sim) ? REGISTRY_SILENT : REGISTRY_NOT_SENT;
    log_event(LOG_LEVEL_NOTICE, "registry", "-", "no_answer", "why=%s",
              end == REGISTRY_SILENT ? "silent" : "not_sent");
    tell_all(sim, end);
}

/* --- asking ---------------------------------------------------------------------------------- */

static struct registry_sim *sim_find(struct gateway *gateway, const char *iccid)
{
    struct registry_sim *sim = gateway->registry;

    while (sim && strcmp(sim->iccid, iccid) != 0)
        sim = sim->next;
    return sim;
}

static struct registry_sim *sim_get(struct gateway *gateway, const char *iccid)
{
    struct registry_sim *sim = sim_find(gateway, iccid);

    if (sim || !(sim = calloc(1, sizeof *sim)))
        return sim;
    sim->gateway = gateway;
    sim->next = gateway->registry;
    gateway->registry = sim;
    text_copy(sim->iccid, sizeof sim->iccid, iccid);
    loop_timer_init(&sim->timer, gateway->loop, on_timer, sim);
    loop_task_init(&sim->tell, gateway->loop, on_tell, sim);
    return sim;
}

static bool has_asked(const struct registry_sim *sim, uint32_t uid)
{
    for (size_t i = 0; i < sim->uids; i++)
        if (sim->uid[i] == uid)
            return true;
    return false;
}

static void wait_for(struct registry_sim *sim, uint32_t uid, struct registry_ask *ask)
{
    if (!has_asked(sim, uid) && sim->uids < UIDS_MAX)
        sim->uid[sim->uids++] = uid;
    ask->sim = sim;
    ask->next = sim->asks;
    sim->asks = ask;
}

static const char *keyword_of(const struct carrier *carrier)
{
    for (size_t i = 0; carrier && i < carrier->way_count; i++)
        if (!carrier->way[i].ussd)
            return carrier->way[i].text;
    return NULL;
}

static int check_budget(struct registry_sim *sim, struct refusal *refusal)
{
    int64_t now_ms = loop_now_ms(sim->gateway->loop);
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

/* The question is a message like any other, but for its short number. */
static int send_question(struct registry_sim *sim, const char *modem, uint32_t uid,
                         const char *keyword, struct refusal *refusal)
{
    struct gateway *gateway = sim->gateway;
    struct send_result result = {0};
    char key[64];

    snprintf(key, sizeof key, "1414 %s %lld", modem, (long long)loop_wall_ms(gateway->loop));
    const struct send_request request = {.uid = uid,
                                         .key = key,
                                         .to = REGISTRY_NUMBER,
                                         .text = keyword,
                                         .text_len = strlen(keyword),
                                         .class_ = CLASS_NOTICE,
                                         .ttl_s = QUESTION_TTL_S,
                                         .encoding = SMS_AUTO,
                                         .on_unknown = ON_UNKNOWN_REPORT,
                                         .modem = modem,
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
    return 0;
}

static int ask_anew(struct registry_sim *sim, const char *modem, uint32_t uid, const char *keyword,
                    struct refusal *refusal)
{
    if (check_budget(sim, refusal) < 0 || send_question(sim, modem, uid, keyword, refusal) < 0)
        return -1;
    answer_wipe(sim);
    sim->uids = 0;
    sim->asked_today++;
    sim->open = true;
    loop_timer_arm_in(&sim->timer, SMS_WAIT_MS);
    log_event(LOG_LEVEL_NOTICE, "registry", modem, "asked", "today=%d", sim->asked_today);
    return 0;
}

int registry_ask(struct gateway *gateway, const char *modem, uint32_t uid, struct registry_ask *ask,
                 const struct carrier **carrier, struct refusal *refusal)
{
    struct modem *found = fleet_find(gateway, modem);

    memset(refusal, 0, sizeof *refusal);
    *carrier = NULL;
    if (!found || found->retired)
        return refuse(refusal, "not_found", "No modem has this name.");
    const struct link_identity *identity = &found->link->identity;
    if (!*identity->iccid || !*identity->imsi)
        return refuse(refusal, "no_modem", "The SIM of this modem is not known yet.");
    *carrier = carriers_of_imsi(gateway->config->carriers, identity->imsi);
    const char *keyword = keyword_of(*carrier);
    if (!keyword)
        return refuse(refusal, "not_found",
                      "carriers.ini does not tell how this SIM's carrier is asked by message.");
    struct registry_sim *sim = sim_get(gateway, identity->iccid);
    if (!sim)
        return refuse(refusal, "internal", "Out of memory.");
    bool ready = sim->answer && has_asked(sim, uid);
    if (!ready && !sim->open && ask_anew(sim, modem, uid, keyword, refusal) < 0)
        return -1;
    wait_for(sim, uid, ask);
    if (ready)
        loop_defer(&sim->tell, LOOP_SOON);
    return 0;
}

void registry_forget(struct registry_ask *ask)
{
    struct registry_ask **at = ask->sim ? &ask->sim->asks : NULL;

    while (at && *at && *at != ask)
        at = &(*at)->next;
    if (at && *at)
        *at = ask->next;
    ask->sim = NULL;
}

/* --- catching -------------------------------------------------------------------------------- */

/* Inside the inbox's transaction. Where that fails the message comes again, and is caught again. */
bool registry_catch(struct gateway *gateway, const char *iccid, const char *from, const char *text,
                    size_t len)
{
    if (strcmp(from, REGISTRY_NUMBER) != 0)
        return false;
    struct registry_sim *sim = sim_find(gateway, iccid);
    char *copy = sim && sim->uids > 0 ? malloc(len + 1) : NULL;
    log_event(LOG_LEVEL_NOTICE, "registry", "-", "answer", "awaited=%s",
              sim && sim->open ? "yes"
              : copy           ? "late"
                               : "no");
    if (!copy)
        return true; /* nobody asked, and it is somebody's record all the same */
    memcpy(copy, text, len);
    copy[len] = '\0';
    answer_wipe(sim);
    sim->answer = copy;
    sim->answer_len = len;
    sim->open = false;
    loop_timer_arm_in(&sim->timer, KEPT_MS);
    loop_defer(&sim->tell, LOOP_SOON);
    return true;
}

void registry_fini(struct gateway *gateway)
{
    struct registry_sim *sim;

    while ((sim = gateway->registry)) {
        gateway->registry = sim->next;
        for (struct registry_ask *ask = sim->asks; ask; ask = ask->next)
            ask->sim = NULL;
        loop_timer_cancel(&sim->timer);
        loop_task_cancel(&sim->tell);
        answer_wipe(sim);
        free(sim);
    }
}
