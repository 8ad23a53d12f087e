/* owncheck: whose turn it is, and what becomes of what was found. */
#include "owncheck.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "owncheck_internal.h"
#include "text.h"

enum {
    HOUR_MS = 3600 * 1000,
    LOOK_MS = 24 * HOUR_MS, /* at the latest: the wall clock may have been set */
    AGAIN_S = 3600,         /* what could not be asked is tried again */
    TRIES_MAX = 3,          /* in a row; then it is a failure like any other */
};

const char *owncheck_owner_name(enum owncheck_owner owner)
{
    static const char *const names[OWNERS] = {
        [OWNER_NEVER] = "never",           [OWNER_SAME] = "same",
        [OWNER_CHANGED] = "changed",       [OWNER_REFUSED] = "refused",
        [OWNER_NO_RECORD] = "no_record",   [OWNER_UNREADABLE] = "unreadable",
        [OWNER_SILENT] = "silent",         [OWNER_NOT_SENT] = "not_sent",
        [OWNER_NO_WAY] = "not_configured", [OWNER_INCOMPLETE] = "incomplete",
    };
    return names[owner];
}

const char *owncheck_left_name(enum owncheck_left left)
{
    static const char *const names[LEFTS] = {
        [LEFT_NEVER] = "never",         [LEFT_READ] = "read",
        [LEFT_POSTPAID] = "postpaid",   [LEFT_UNPARSED] = "unparsed",
        [LEFT_REFUSED] = "refused",     [LEFT_SILENT] = "silent",
        [LEFT_NOT_ASKED] = "not_asked", [LEFT_NO_WAY] = "not_configured",
    };
    return names[left];
}

/* --- when ------------------------------------------------------------------------------------ */

static int64_t period_ms(const struct owncheck *own)
{
    return own->hours * (int64_t)HOUR_MS;
}

/* The first moment from `from` on that is this SIM's; 0: it is not checked by itself. */
static int64_t turn_from(const struct owncheck *own, const char *iccid, int64_t from)
{
    int64_t period = period_ms(own);
    uint8_t hash[32];
    uint64_t spread;
    if (period == 0)
        return 0;
    store_hash(own->store, "owncheck-turn", iccid, strlen(iccid), hash);
    memcpy(&spread, hash, sizeof spread);
    int64_t mine = (int64_t)(spread % (uint64_t)period);
    int64_t since = ((from - mine) % period + period) % period;
    return since == 0 ? from : from + period - since;
}

static void set_due(struct owncheck *own, struct own_sim *sim)
{
    int64_t now = loop_wall_ms(own->loop), half = period_ms(own) / 2;
    int64_t checked = sim->row.checked_wall_ms;
    if (checked > now)
        checked = now; /* the wall clock went back */
    sim->row.due_wall_ms = turn_from(own, sim->iccid, checked ? checked + half : now);
}

/* --- the SIMs -------------------------------------------------------------------------------- */

static struct own_sim *sim_find(struct owncheck *own, const char *modem)
{
    struct own_sim *sim = own->sims;
    while (sim && strcmp(sim->modem, modem) != 0)
        sim = sim->next;
    return sim;
}

static void sim_save(struct owncheck *own, const struct own_sim *sim)
{
    int rc = store_owncheck_set(own->store, sim->iccid, &sim->row);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "owncheck", sim->modem, "not_written", "error=\"%s\"",
                  strerror(-rc));
}

/* Another SIM than before, or the first: what is known of it. */
static void sim_meet(struct owncheck *own, struct own_sim *sim, const char *iccid)
{
    if (sim->iccid[0])
        judge_clear(own, sim->modem);
    text_copy(sim->iccid, sizeof sim->iccid, iccid);
    sim->not_before_ms = 0;
    sim->tries = 0;
    int rc = store_owncheck_get(own->store, iccid, &sim->row);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "owncheck", sim->modem, "not_read", "error=\"%s\"",
                  strerror(-rc));
    int64_t latest = loop_wall_ms(own->loop) + period_ms(own) * 3 / 2;
    bool other_period = (sim->row.due_wall_ms == 0) != (period_ms(own) == 0);
    if (rc == 0 || other_period || sim->row.due_wall_ms > latest) {
        set_due(own, sim);
        sim_save(own, sim);
    }
    judge_alarms(own, sim);
}

static struct own_sim *sim_add(struct owncheck *own, const char *modem)
{
    struct own_sim *sim = calloc(1, sizeof *sim);
    if (!sim)
        return NULL;
    text_copy(sim->modem, sizeof sim->modem, modem);
    sim->next = own->sims;
    own->sims = sim;
    return sim;
}

/* Which SIM is in which modem now. The one that is being checked waits for its end. */
static void meet_all(struct owncheck *own)
{
    struct modem_view modem;
    for (struct own_sim *sim = own->sims; sim; sim = sim->next)
        sim->there = sim == own->check.sim;
    for (size_t i = 0; gateway_modem_at(own->gateway, i, &modem); i++) {
        const char *iccid = modem.identity ? modem.identity->iccid : "";
        struct own_sim *sim = sim_find(own, modem.name);
        if (sim)
            sim->there = true;
        if (!*iccid || (sim && (sim == own->check.sim || strcmp(sim->iccid, iccid) == 0)))
            continue;
        if (!sim)
            sim = sim_add(own, modem.name);
        if (!sim)
            continue;
        sim->there = true;
        sim_meet(own, sim, iccid);
    }
    for (struct own_sim **at = &own->sims; *at;) {
        struct own_sim *sim = *at;
        if (sim->there) {
            at = &sim->next;
            continue;
        }
        *at = sim->next; /* its modem left the configuration */
        judge_clear(own, sim->modem);
        free(sim);
    }
}

/* "": it may be asked now. */
static const char *obstacle(struct owncheck *own, const struct own_sim *sim)
{
    struct modem_view modem;
    for (size_t i = 0; gateway_modem_at(own->gateway, i, &modem); i++) {
        if (strcmp(modem.name, sim->modem) != 0)
            continue;
        if (!modem.identity || strcmp(modem.identity->iccid, sim->iccid) != 0)
            return "another SIM is in the modem";
        if (modem.held && *modem.held)
            return modem.held;
        return modem.state == LINK_READY || modem.state == LINK_BUSY ? "" : "it has no network now";
    }
    return "the modem is gone";
}

static void view_fill(struct owncheck *own, const struct own_sim *sim, const char *skipped,
                      struct owncheck_view *out)
{
    const struct owncheck_row *row = &sim->row;
    *out = (struct owncheck_view){
        .modem = sim->modem,
        .owner =
            row->owner >= 0 && row->owner < OWNERS ? (enum owncheck_owner)row->owner : OWNER_NEVER,
        .left = row->balance >= 0 && row->balance < LEFTS ? (enum owncheck_left)row->balance
                                                          : LEFT_NEVER,
        .checked_wall_ms = row->checked_wall_ms,
        .due_wall_ms = row->due_wall_ms,
        .read_wall_ms = row->read_wall_ms,
        .vnd = row->vnd,
        .expires = row->expires,
        .skipped = skipped,
    };
    judge_names(own, row, out->alarm);
}

bool owncheck_look(struct owncheck *own, const char *modem, struct owncheck_view *out)
{
    const struct own_sim *sim = sim_find(own, modem);
    if (sim)
        view_fill(own, sim, "", out);
    return sim != NULL;
}

/* --- what was found -------------------------------------------------------------------------- */

void owncheck_tell(struct owncheck *own, const char *modem, const char *words)
{
    if (own->on_progress)
        own->on_progress(own->on_progress_arg, modem, words);
}

/* A question to 1414 is on record, whoever asks; here it is the gateway itself. */
static void record(struct owncheck *own, const struct own_sim *sim, bool by_hand,
                   const char *conclusion)
{
    struct audit_row row = {.wall_ms = loop_wall_ms(own->loop), .uid = own->uid, .pid = getpid()};
    text_copy(row.method, sizeof row.method, "subscriber.check_fleet");
    text_copy(row.outcome, sizeof row.outcome, "ok");
    text_copy(row.modem, sizeof row.modem, sim->modem);
    text_copy(row.conclusion, sizeof row.conclusion, conclusion);
    text_copy(row.reason, sizeof row.reason, by_hand ? own->reason : "own_check");
    text_copy(row.actor, sizeof row.actor, by_hand ? own->actor : "");
    log_event(LOG_LEVEL_NOTICE, "audit", "-", "call",
              "uid=%u pid=%d method=%s outcome=ok modem=%s conclusion=%s session=-",
              (unsigned)own->uid, (int)row.pid, row.method, row.modem, row.conclusion);
    int rc = store_audit_insert(own->store, &row);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "audit", "-", "not_written", "error=\"%s\"", strerror(-rc));
    explicit_bzero(&row, sizeof row);
}

static void tell_wait(struct owncheck *own, const struct own_sim *sim, const char *skipped)
{
    struct owncheck_view view;
    if (!own->wait)
        return;
    view_fill(own, sim, skipped, &view);
    if (sim == own->check.sim && own->check.owner == OWNER_NOT_SENT)
        view.owner = OWNER_NOT_SENT; /* this time; what was known stays */
    own->wait->fn(own->wait, &view);
}

/* The question did not leave: nothing is known of the owner by that, unless it goes on so. */
static bool is_put_off(struct owncheck *own)
{
    struct own_check *check = &own->check;
    struct own_sim *sim = check->sim;
    if (check->owner != OWNER_NOT_SENT || (!check->by_hand && ++sim->tries >= TRIES_MAX))
        return false;
    int wait_s = check->retry_after_s > AGAIN_S ? check->retry_after_s : AGAIN_S;
    if (!check->by_hand)
        sim->not_before_ms = loop_now_ms(own->loop) + wait_s * INT64_C(1000);
    return true;
}

/* What could not be asked leaves what was known. */
static void take_balance(const struct own_check *check, int64_t now, struct owncheck_row *row)
{
    if (check->left != LEFT_NOT_ASKED || row->balance == LEFT_NEVER)
        row->balance = check->left;
    if (check->left == LEFT_POSTPAID)
        row->read_wall_ms = 0;
    if (check->left != LEFT_READ)
        return;
    row->read_wall_ms = now;
    row->vnd = check->vnd;
    text_copy(row->expires, sizeof row->expires, check->expires);
}

void owncheck_over(struct owncheck *own)
{
    struct own_check *check = &own->check;
    struct own_sim *sim = check->sim;
    int64_t now = loop_wall_ms(own->loop);
    bool accept = check->by_hand && own->accept_owner;
    bool put_off = is_put_off(own);

    take_balance(check, now, &sim->row);
    if (!put_off) {
        sim->tries = 0;
        sim->not_before_ms = 0;
        sim->row.owner = (int)judge_owner(check, accept, &sim->row);
        sim->row.checked_wall_ms = now;
        set_due(own, sim);
        record(own, sim, check->by_hand, owncheck_owner_name((enum owncheck_owner)sim->row.owner));
    }
    sim_save(own, sim);
    log_event(LOG_LEVEL_NOTICE, "owncheck", sim->modem, put_off ? "put_off" : "checked",
              "owner=%s balance=%s", owncheck_owner_name(check->owner),
              owncheck_left_name(check->left));
    judge_alarms(own, sim);
    owncheck_tell(own, sim->modem, put_off ? "own check: put off" : "own check: done");
    if (check->by_hand)
        tell_wait(own, sim, "");
    check->sim = NULL;
    loop_defer(&own->look, LOOP_SOON);
}

/* --- whose turn it is ------------------------------------------------------------------------ */

/* Of those that somebody asked for: the next that can be asked; who cannot is told so. */
static struct own_sim *next_wanted(struct owncheck *own)
{
    for (struct own_sim *sim = own->sims; sim; sim = sim->next) {
        if (!sim->wanted)
            continue;
        const char *why = obstacle(own, sim);
        sim->wanted = false;
        if (!*why)
            return sim;
        tell_wait(own, sim, why);
    }
    return NULL;
}

static struct own_sim *next_due(struct owncheck *own)
{
    int64_t wall = loop_wall_ms(own->loop), now = loop_now_ms(own->loop);
    struct own_sim *best = NULL;
    for (struct own_sim *sim = own->sims; sim; sim = sim->next)
        if (sim->row.due_wall_ms && sim->row.due_wall_ms <= wall && sim->not_before_ms <= now &&
            (!best || sim->row.due_wall_ms < best->row.due_wall_ms) && !*obstacle(own, sim))
            best = sim;
    return best;
}

static void sooner(int64_t *in_ms, int64_t other_ms)
{
    if (other_ms > 0 && other_ms < *in_ms)
        *in_ms = other_ms;
}

/* Who is due and not asked waits for its modem, or for not_before. */
static void arm(struct owncheck *own)
{
    int64_t wall = loop_wall_ms(own->loop), now = loop_now_ms(own->loop), in_ms = LOOK_MS;
    for (struct own_sim *sim = own->sims; sim; sim = sim->next) {
        if (sim->row.due_wall_ms)
            sooner(&in_ms, sim->row.due_wall_ms - wall);
        sooner(&in_ms, sim->not_before_ms - now);
        if (sim->row.read_wall_ms)
            sooner(&in_ms, judge_next(own, &sim->row) - wall);
    }
    loop_timer_arm_in(&own->due, in_ms);
}

static void wanted_over(struct owncheck *own)
{
    struct owncheck_wait *wait = own->wait;
    own->by_hand = own->accept_owner = false;
    explicit_bzero(own->reason, sizeof own->reason);
    explicit_bzero(own->actor, sizeof own->actor);
    own->wait = NULL;
    if (!wait)
        return;
    wait->own = NULL;
    wait->fn(wait, NULL);
}

static void on_look(void *arg)
{
    struct owncheck *own = arg;
    meet_all(own);
    arm(own);
    if (own->check.sim || gateway_shutting_down(own->gateway))
        return;
    struct own_sim *sim = own->by_hand ? next_wanted(own) : NULL;
    bool by_hand = sim != NULL;
    if (!sim && own->by_hand)
        wanted_over(own);
    if (!sim)
        sim = next_due(own);
    if (sim)
        ask_begin(own, sim, by_hand);
}

static void on_due(void *arg)
{
    struct owncheck *own = arg;
    for (struct own_sim *sim = own->sims; sim; sim = sim->next)
        judge_alarms(own, sim);
    on_look(own);
}

/* --- asked for ------------------------------------------------------------------------------- */

static int refuse(struct refusal *refusal, const char *name, const char *sentence)
{
    *refusal = (struct refusal){.name = name};
    text_copy(refusal->sentence, sizeof refusal->sentence, sentence);
    return -1;
}

static bool modem_exists(struct owncheck *own, const char *name)
{
    struct modem_view modem;
    for (size_t i = 0; gateway_modem_at(own->gateway, i, &modem); i++)
        if (strcmp(modem.name, name) == 0)
            return true;
    return false;
}

int owncheck_run(struct owncheck *own, const struct owncheck_request *request,
                 struct owncheck_wait *wait, struct refusal *refusal)
{
    size_t wanted = 0;
    if (gateway_shutting_down(own->gateway))
        return refuse(refusal, "shutting_down", "The gateway is stopping.");
    if (request->modem && !modem_exists(own, request->modem))
        return refuse(refusal, "not_found", "No modem has this name.");
    if (own->by_hand) {
        refusal->retry_after_s = 60;
        return refuse(refusal, "overloaded", "A check that was asked for is under way.");
    }
    meet_all(own);
    for (struct own_sim *sim = own->sims; sim; sim = sim->next) {
        sim->wanted = !request->modem || strcmp(sim->modem, request->modem) == 0;
        wanted += sim->wanted;
    }
    if (wanted == 0)
        return refuse(refusal, "no_modem", "No SIM is known yet.");
    own->by_hand = true;
    own->accept_owner = request->accept_owner;
    own->wait = wait;
    wait->own = own;
    text_copy(own->reason, sizeof own->reason, request->reason);
    text_copy(own->actor, sizeof own->actor, request->actor ? request->actor : "");
    loop_defer(&own->look, LOOP_SOON);
    return 0;
}

void owncheck_forget(struct owncheck_wait *wait)
{
    struct owncheck *own = wait->own;
    if (!own)
        return;
    wait->own = NULL;
    own->wait = NULL;
    for (struct own_sim *sim = own->sims; sim; sim = sim->next)
        sim->wanted = false;
    loop_defer(&own->look, LOOP_SOON);
}

/* --- life ------------------------------------------------------------------------------------ */

struct owncheck *owncheck_new(struct loop *loop, struct store *store, struct gateway *gateway,
                              const struct config *config, const struct subscriber_rules *rules,
                              uint32_t uid)
{
    struct owncheck *own = calloc(1, sizeof *own);
    if (!own)
        return NULL;
    own->loop = loop;
    own->store = store;
    own->gateway = gateway;
    own->config = config;
    own->hours = config->own_check_hours;
    own->rules = rules;
    own->uid = uid;
    loop_task_init(&own->look, loop, on_look, own);
    loop_timer_init(&own->due, loop, on_due, own);
    ask_init(own);
    loop_defer(&own->look, LOOP_SOON);
    return own;
}

void owncheck_reload(struct owncheck *own, const struct config *config,
                     const struct subscriber_rules *rules)
{
    bool other_period = own->hours != config->own_check_hours;
    own->config = config;
    own->hours = config->own_check_hours;
    own->rules = rules;
    for (struct own_sim *sim = own->sims; sim; sim = sim->next) {
        if (other_period) {
            set_due(own, sim);
            sim_save(own, sim);
        }
        judge_alarms(own, sim);
    }
    loop_defer(&own->look, LOOP_SOON);
}

void owncheck_free(struct owncheck *own)
{
    ask_stop(own);
    if (own->wait)
        own->wait->own = NULL;
    loop_task_cancel(&own->look);
    loop_timer_cancel(&own->due);
    while (own->sims) {
        struct own_sim *sim = own->sims;
        own->sims = sim->next;
        free(sim);
    }
    explicit_bzero(own, sizeof *own);
    free(own);
}

void owncheck_wake(struct owncheck *own)
{
    loop_defer(&own->look, LOOP_SOON);
}

void owncheck_on_progress(struct owncheck *own,
                          void (*fn)(void *arg, const char *modem, const char *words), void *arg)
{
    own->on_progress = fn;
    own->on_progress_arg = arg;
}
