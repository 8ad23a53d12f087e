/* registry: who waits for what 1414 says of a SIM, and what becomes of it: see registry.h. */
#include "registry_inside.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway_inside.h"
#include "log.h"
#include "refuse.h"
#include "text.h"

enum { KEPT_MS = 60000 }; /* a reply to a client may be lost, and 1414 has a daily cap */

/* --- replies --------------------------------------------------------------------------------- */

void reply_wipe(struct reply *reply)
{
    if (reply->text)
        explicit_bzero(reply->text, reply->len);
    free(reply->text);
    *reply = (struct reply){0};
}

void reply_add(struct reply *reply, const char *text, size_t len)
{
    size_t before = reply->text ? reply->len + 1 : 0;
    char *joined = malloc(before + len + 1);

    if (!joined)
        return;
    if (reply->text) {
        memcpy(joined, reply->text, reply->len);
        joined[reply->len] = '\n';
    }
    memcpy(joined + before, text, len);
    joined[before + len] = '\0';
    reply_wipe(reply);
    *reply = (struct reply){.text = joined, .len = before + len};
}

enum registry_reading registry_read(const struct registry_sim *sim, const char *text, size_t len)
{
    const struct registry_hooks *hooks = &sim->gateway->registry.hooks;

    return hooks->read ? hooks->read(hooks->read_arg, sim->carrier, text, len) : REGISTRY_READ;
}

void registry_on_reply(struct gateway *gateway, registry_read_fn *fn, void *arg)
{
    gateway->registry.hooks.read = fn;
    gateway->registry.hooks.read_arg = arg;
}

void registry_on_news(struct gateway *gateway, registry_news_fn *fn, void *arg)
{
    gateway->registry.hooks.news = fn;
    gateway->registry.hooks.news_arg = arg;
}

void registry_tell_news(struct registry_sim *sim, enum registry_step step, int part, int parts)
{
    const struct registry_hooks *hooks = &sim->gateway->registry.hooks;
    const struct registry_news news = {
        .step = step,
        .modem = sim->modem,
        .way = way_name(sim),
        .why = step == REGISTRY_GAVE_UP ? sim->why : "",
        .part = part,
        .parts = parts,
    };

    if (hooks->news)
        hooks->news(hooks->news_arg, &news);
}

/* --- the end --------------------------------------------------------------------------------- */

static enum registry_end without_answer(const struct registry_sim *sim)
{
    return !sim->left ? REGISTRY_NOT_SENT : sim->parts ? REGISTRY_INCOMPLETE : REGISTRY_SILENT;
}

static const char *end_name(enum registry_end end)
{
    switch (end) {
    case REGISTRY_ANSWERED:
        return "answered";
    case REGISTRY_SILENT:
        return "silent";
    case REGISTRY_INCOMPLETE:
        return "incomplete";
    case REGISTRY_NOT_SENT:
        return "not_sent";
    }
    assert(!"an end of a lookup");
    return "";
}

/* Who is told may ask again, or free itself: it is off the list before. One that begins a new
 * lookup takes those behind it along. */
static void on_tell(void *arg)
{
    struct registry_sim *sim = arg;
    struct registry_ask *ask;

    if (!sim->open)
        way_stop(sim);
    const enum registry_end end = sim->answer.text ? REGISTRY_ANSWERED : without_answer(sim);
    const bool lost = end == REGISTRY_INCOMPLETE;
    const struct registry_result result = {
        .end = end,
        .text = sim->answer.text,
        .len = sim->answer.len,
        .way = way_name(sim),
        .why = end == REGISTRY_NOT_SENT ? sim->why : "",
        .part = lost ? sim->part : 0,
        .parts = lost ? sim->parts : 0,
    };
    while (!sim->open && (ask = sim->asks)) {
        sim->asks = ask->next;
        ask->sim = NULL;
        ask->fn(ask, &result);
    }
}

static void on_kept(void *arg)
{
    struct registry_sim *sim = arg;

    reply_wipe(&sim->answer);
}

static void keep(struct registry_sim *sim, struct reply *reply)
{
    reply_wipe(&sim->answer);
    sim->answer = *reply;
    *reply = (struct reply){0};
    loop_timer_arm_in(&sim->kept, KEPT_MS);
}

void registry_over(struct registry_sim *sim, struct reply *reply)
{
    sim->open = false;
    if (reply) {
        keep(sim, reply);
        registry_tell_news(sim, REGISTRY_PARSED, 0, 0);
    }
    log_event(LOG_LEVEL_NOTICE, "registry", sim->modem, "over", "end=%s way=%s",
              end_name(reply ? REGISTRY_ANSWERED : without_answer(sim)), way_name(sim));
    loop_defer(&sim->tell, LOOP_SOON);
}

/* --- asking ---------------------------------------------------------------------------------- */

static struct registry_sim *sim_find(struct gateway *gateway, const char *iccid)
{
    struct registry_sim *sim = gateway->registry.sims;

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
    sim->next = gateway->registry.sims;
    gateway->registry.sims = sim;
    text_copy(sim->iccid, sizeof sim->iccid, iccid);
    way_init(sim);
    loop_timer_init(&sim->kept, gateway->loop, on_kept, sim);
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
    if (!has_asked(sim, uid) && sim->uids < REGISTRY_UIDS)
        sim->uid[sim->uids++] = uid;
    struct registry_ask **end = &sim->asks;
    while (*end)
        end = &(*end)->next;
    *end = ask;
    ask->sim = sim;
    ask->next = NULL;
}

static int ask_anew(struct registry_sim *sim, const char *modem, const struct carrier *carrier,
                    uint32_t uid, bool unhurried, struct refusal *refusal)
{
    text_copy(sim->modem, sizeof sim->modem, modem);
    text_copy(sim->carrier, sizeof sim->carrier, carrier->name);
    memcpy(sim->way, carrier->way, sizeof sim->way);
    sim->ways = carrier->way_count;
    if (way_begin_first(sim, uid, unhurried, refusal) < 0)
        return -1;
    reply_wipe(&sim->answer);
    sim->uids = 0;
    return 0;
}

int registry_ask(struct gateway *gateway, const char *modem, uint32_t uid, struct registry_ask *ask,
                 const struct carrier **carrier, struct refusal *refusal)
{
    struct modem *found = fleet_find(&gateway->fleet, modem);

    memset(refusal, 0, sizeof *refusal);
    *carrier = NULL;
    if (!found)
        return refuse(refusal, "not_found", "No modem has this name.");
    const struct link_identity *identity = &found->link->identity;
    if (!*identity->iccid || !*identity->imsi)
        return refuse(refusal, "no_modem", "The SIM of this modem is not known yet.");
    *carrier = carriers_of_imsi(gateway->config->carriers, identity->imsi);
    if (!*carrier || (*carrier)->way_count == 0)
        return refuse(refusal, "not_found",
                      "carriers.ini does not tell how this SIM's carrier is asked.");
    struct registry_sim *sim = sim_get(gateway, identity->iccid);
    if (!sim)
        return refuse(refusal, "internal", "Out of memory.");
    bool ready = sim->answer.text && has_asked(sim, uid);
    if (!ready && !sim->open && ask_anew(sim, modem, *carrier, uid, ask->unhurried, refusal) < 0)
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

/* What those who wait make of it, each word once. */
static void conclusions(struct registry_sim *sim, const char *text, size_t len, char *out,
                        size_t room)
{
    size_t used = 0;

    *out = '\0';
    for (struct registry_ask *ask = sim->asks; ask && used < room; ask = ask->next) {
        const char *word = ask->conclude ? ask->conclude(ask, text, len) : "answered";
        if (!strstr(out, word))
            used += (size_t)snprintf(out + used, room - used, "%s%s", used ? ", " : "", word);
    }
    if (!*out)
        text_copy(out, room, "late"); /* who asked has gone */
}

/* Nothing is under way: the first answer stays what it is. */
static void take_late(struct registry_sim *sim, const char *text, size_t len)
{
    struct reply reply = {0};

    if (sim->answer.text)
        return;
    reply_add(&reply, text, len);
    keep(sim, &reply);
}

static void take(struct registry_sim *sim, const struct inbox *inbox, char *outcome, size_t room)
{
    if (!sim->open) {
        text_copy(outcome, room, "late");
        take_late(sim, inbox->text, inbox->text_len);
        return;
    }
    switch (way_heard(sim, inbox->text, inbox->text_len)) {
    case REGISTRY_READ:
        conclusions(sim, inbox->text, inbox->text_len, outcome, room);
        break;
    case REGISTRY_NOT_THIS_WAY:
        text_copy(outcome, room, "not_supported");
        break;
    case REGISTRY_UNREADABLE:
        text_copy(outcome, room, "unreadable");
        break;
    }
}

static bool reads_like_a_number(const char *sender)
{
    return sender[strspn(sender, "+0123456789*#")] == '\0';
}

/* 1414, or who answers in its name by carriers.ini. A short code is a number, of whatever type a
 * network gives it (3GPP TS 23.040 clause 9.1.2.5; an international one begins with a +). Anybody
 * may rent the name "1414": a name is nobody but that name, where the operator has written it. */
static bool is_registry(struct gateway *gateway, const char *modem, const char *from, bool named)
{
    struct modem *found = fleet_find(&gateway->fleet, modem);
    const struct carrier *carrier =
        found ? carriers_of_imsi(gateway->config->carriers, found->link->identity.imsi) : NULL;

    for (size_t i = 0; carrier && i < carrier->sender_count; i++)
        if (strcmp(from, carrier->sender[i]) == 0)
            return named != reads_like_a_number(from);
    return !named && strcmp(from, REGISTRY_NUMBER) == 0;
}

/* Inside the inbox's transaction. Where that fails the message comes again, and is caught again. */
bool registry_catch(struct gateway *gateway, const struct inbox *inbox,
                    char shown[REGISTRY_SHOWN_MAX])
{
    if (!is_registry(gateway, inbox->modem, inbox->from, inbox->named))
        return false;
    struct registry_sim *sim = sim_find(gateway, inbox->iccid);
    bool asked = sim && sim->uids > 0; /* else it is somebody's record all the same */
    char outcome[64] = "expected by nobody";
    log_event(LOG_LEVEL_NOTICE, "registry", inbox->modem, "answer", "awaited=%s",
              asked && sim->open ? "yes"
              : asked            ? "late"
                                 : "no");
    if (inbox->missing) /* given up after a day: it answers nothing */
        text_copy(outcome, sizeof outcome, "incomplete");
    else if (asked)
        take(sim, inbox, outcome, sizeof outcome);
    snprintf(shown, REGISTRY_SHOWN_MAX, "%s %s", REGISTRY_SHOWN, outcome);
    return true;
}

void registry_part(struct gateway *gateway, const char *modem, const char *iccid,
                   const struct pdu_address *from, int part, int parts)
{
    struct registry_sim *sim = sim_find(gateway, iccid);

    if (!sim || !sim->open || !is_registry(gateway, modem, from->text, from->name))
        return;
    sim->part = part < parts ? part : 0;
    sim->parts = part < parts ? parts : 0;
    registry_tell_news(sim, REGISTRY_PART, part, parts);
}

void registry_look(struct gateway *gateway)
{
    for (struct registry_sim *sim = gateway->registry.sims; sim; sim = sim->next)
        way_look(sim);
}

void registry_fini(struct gateway *gateway)
{
    struct registry_sim *sim;

    while ((sim = gateway->registry.sims)) {
        gateway->registry.sims = sim->next;
        for (struct registry_ask *ask = sim->asks; ask; ask = ask->next)
            ask->sim = NULL;
        way_fini(sim);
        loop_timer_cancel(&sim->kept);
        loop_task_cancel(&sim->tell);
        reply_wipe(&sim->answer);
        free(sim);
    }
}
