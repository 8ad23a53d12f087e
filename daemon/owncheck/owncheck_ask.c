/* owncheck_ask: one SIM, from the question to 1414 to the last code of its balance. */
#include <string.h>
#include "carriers.h"
#include "lease.h"
#include "log.h"
#include "owncheck_internal.h"
#include "subscriber_balance.h"
#include "text.h"

static void go_on(struct owncheck *own, enum own_step step)
{
    own->check.step = step;
    loop_defer(&own->step, LOOP_SOON);
}

static const struct carrier *carrier_of(struct owncheck *own, const struct own_sim *sim)
{
    struct modem_view modem;
    for (size_t i = 0; gateway_modem_at(own->gateway, i, &modem); i++)
        if (strcmp(modem.name, sim->modem) == 0 && modem.identity)
            return carriers_of_imsi(own->config->carriers, modem.identity->imsi);
    return NULL;
}

/* --- 1414 ------------------------------------------------------------------------------------ */

static void on_registry(struct registry_ask *ask, const struct registry_result *result)
{
    struct owncheck *own = (struct owncheck *)((char *)ask - offsetof(struct owncheck, check.ask));
    struct own_check *check = &own->check;
    const struct carrier *carrier = carrier_of(own, check->sim);
    check->asking = false;
    switch (result->end) {
    case REGISTRY_ANSWERED:
        judge_reply(own, carrier ? carrier->name : "", result->text, result->len);
        break;
    case REGISTRY_SILENT:
        check->owner = OWNER_SILENT;
        break;
    case REGISTRY_INCOMPLETE:
        check->owner = OWNER_INCOMPLETE;
        break;
    case REGISTRY_NOT_SENT:
        check->owner = OWNER_NOT_SENT;
        break;
    }
    go_on(own, STEP_BALANCE);
}

static void ask_registry(struct owncheck *own)
{
    struct own_check *check = &own->check;
    const struct carrier *carrier = carrier_of(own, check->sim);
    struct refusal refusal;
    if (carrier && carrier->way_count == 0) {
        check->owner = OWNER_NO_WAY;
        go_on(own, STEP_BALANCE);
        return;
    }
    check->ask = (struct registry_ask){.fn = on_registry, .unhurried = true};
    if (registry_ask(own->gateway, check->sim->modem, own->uid, &check->ask, &carrier, &refusal) ==
        0) {
        check->asking = true;
        owncheck_tell(own, check->sim->modem, "own check: 1414 is asked");
        return;
    }
    check->owner = strcmp(refusal.name, "not_found") == 0 ? OWNER_NO_WAY : OWNER_NOT_SENT;
    check->retry_after_s = refusal.retry_after_s;
    go_on(own, STEP_BALANCE);
}

/* --- the balance ----------------------------------------------------------------------------- */

static enum owncheck_left left_of(enum balance_reading reading)
{
    switch (reading) {
    case BALANCE_READ:
        return LEFT_READ;
    case BALANCE_BILLED:
        return LEFT_POSTPAID;
    case BALANCE_REFUSED:
        return LEFT_REFUSED;
    case BALANCE_UNPARSED:
        break;
    }
    return LEFT_UNPARSED;
}

static void take_balance(struct owncheck *own, const char *text)
{
    struct own_check *check = &own->check;
    const struct carrier *carrier = carrier_of(own, check->sim);
    struct subscriber_balance balance;
    if (subscriber_balance_parse(own->rules, carrier ? carrier->name : "", text, strlen(text),
                                 &balance) < 0)
        return; /* no memory: it stays unparsed */
    check->left = left_of(balance.reading);
    check->vnd = balance.vnd;
    text_copy(check->expires, sizeof check->expires, balance.expires);
}

/* A menu is read like any answer and left at once: no message waits for it. */
static void on_lease(void *arg, const struct lease_result *result)
{
    struct owncheck *own = arg;
    struct own_check *check = &own->check;
    struct refusal refusal;
    check->leased = false;
    check->left = LEFT_UNPARSED;
    switch (result->end) {
    case LEASE_MORE:
        take_balance(own, result->text);
        if (lease_cancel(gateway_fleet(own->gateway), check->sim->modem, &refusal) < 0)
            log_event(LOG_LEVEL_WARNING, "owncheck", check->sim->modem, "menu_left_open", "why=%s",
                      refusal.name);
        go_on(own, STEP_OVER);
        return;
    case LEASE_DONE:
        take_balance(own, result->text);
        break;
    case LEASE_REFUSED:
        check->left = LEFT_REFUSED;
        break;
    case LEASE_SILENT:
        check->left = LEFT_SILENT;
        break;
    case LEASE_CANCELLED:
    case LEASE_BUSY:
    case LEASE_GONE:
        check->left = LEFT_NOT_ASKED;
        go_on(own, STEP_OVER);
        return;
    }
    bool done = check->left == LEFT_READ || check->left == LEFT_POSTPAID;
    go_on(own, done ? STEP_OVER : STEP_BALANCE); /* the next code, where there is one */
}

static void ask_balance(struct owncheck *own)
{
    struct own_check *check = &own->check;
    const struct carrier *carrier = carrier_of(own, check->sim);
    struct refusal refusal;
    if (!carrier || check->code >= carrier->balance_count) {
        go_on(own, STEP_OVER);
        return;
    }
    const struct lease_request request = {.modem = check->sim->modem,
                                          .code = carrier->balance[check->code++],
                                          .uid = own->uid,
                                          .trusted = true,
                                          .fn = on_lease,
                                          .arg = own};
    if (lease_run(gateway_fleet(own->gateway), &request, &refusal) < 0) {
        check->left = LEFT_NOT_ASKED;
        go_on(own, STEP_OVER);
        return;
    }
    check->leased = true;
    owncheck_tell(own, check->sim->modem, "own check: the balance is asked");
}

/* --------------------------------------------------------------------------------------------- */

static void on_step(void *arg)
{
    struct owncheck *own = arg;
    if (!own->check.sim)
        return;
    switch (own->check.step) {
    case STEP_REGISTRY:
        ask_registry(own);
        return;
    case STEP_BALANCE:
        ask_balance(own);
        return;
    case STEP_OVER:
        owncheck_over(own);
        return;
    }
}

void ask_init(struct owncheck *own)
{
    loop_task_init(&own->step, own->loop, on_step, own);
}

void ask_begin(struct owncheck *own, struct own_sim *sim, bool by_hand)
{
    own->check = (struct own_check){.sim = sim, .by_hand = by_hand, .left = LEFT_NO_WAY};
    go_on(own, STEP_REGISTRY);
}

void ask_stop(struct owncheck *own)
{
    loop_task_cancel(&own->step);
    if (own->check.asking)
        registry_forget(&own->check.ask);
    own->check.asking = false;
    if (own->check.leased)
        lease_forget(gateway_fleet(own->gateway), own);
    own->check.leased = false;
    own->check.sim = NULL;
}
