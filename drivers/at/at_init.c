/* at_init: from an open port to a SIM that is ready. Scripts are data; what a step learns goes into
 * the link.
 * It never types a PIN: a SIM that asks for one is reported, and looked at again slowly. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"
#include "number.h"

enum {
    SIM_BUSY_LOOKS = 10, /* every 2 s: a SIM says "busy" for 2 to 20 s after a start */
    SIM_BUSY_MS = 2000,
    SIM_SLOW_MS = 60000, /* locked or absent: somebody has to do something */
};

/* --- lines --- */

static bool learn_maker(void *arg, const char *line)
{
    struct at_link *l = arg;
    struct link_identity *id = &l->link.identity;
    return id->maker[0] || at_parse_name(line, "+CGMI:", id->maker, sizeof id->maker);
}

static bool learn_model(void *arg, const char *line)
{
    struct at_link *l = arg;
    struct link_identity *id = &l->link.identity;
    return id->model[0] || at_parse_name(line, "+CGMM:", id->model, sizeof id->model);
}

static bool learn_revision(void *arg, const char *line)
{
    struct at_link *l = arg;
    struct link_identity *id = &l->link.identity;
    return id->revision[0] || at_parse_name(line, "+CGMR:", id->revision, sizeof id->revision);
}

static bool learn_imei(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_imei(line, l->link.identity.imei);
}

static bool learn_imsi(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_imsi(line, l->link.identity.imsi);
}

static bool learn_iccid(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_iccid(line, l->link.identity.iccid);
}

static bool learn_smsc(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_csca(line, l->link.identity.smsc);
}

static bool learn_fun(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_cfun(line, &l->fun);
}

static bool learn_sim(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_cpin(line, &l->sim);
}

static void learn_sim_error(void *arg, const struct at_final *final)
{
    struct at_link *l = arg;
    l->sim = at_sim_of_error(final);
}

/* --- what is asked --- */

static const char *ask_echo_known(void *arg)
{
    struct at_link *l = arg;
    l->echo_off = !l->chat.echoed; /* ATE0's own echo is still allowed: asked one command later */
    return NULL;
}

static const char *ask_quiet(struct at_link *l, unsigned i)
{
    return l->quirks->quiet[i];
}

static const char *ask_quiet_0(void *arg)
{
    return ask_quiet(arg, 0);
}

static const char *ask_quiet_1(void *arg)
{
    return ask_quiet(arg, 1);
}

static const char *ask_quiet_2(void *arg)
{
    return ask_quiet(arg, 2);
}

static const char *ask_radio_on(void *arg)
{
    const struct at_link *l = arg;
    return l->fun == 0 || l->fun == 4 ? "AT+CFUN=1" : NULL;
}

static const char *ask_iccid(const struct at_link *l, const char *command)
{
    return l->link.identity.iccid[0] ? NULL : command;
}

static const char *ask_iccid_own(void *arg)
{
    const struct at_link *l = arg;
    return ask_iccid(l, l->quirks->iccid);
}

static const char *ask_iccid_common(void *arg)
{
    return ask_iccid(arg, "AT+CCID");
}

/* EF_ICCID itself (TS 31.102): every modem may read it, few are asked to. */
static const char *ask_iccid_file(void *arg)
{
    return ask_iccid(arg, "AT+CRSM=176,12258,0,0,10");
}

/* Some ZTE and Qualcomm sticks lose the service centre; then every message fails with 330 or 38. */
static const char *ask_set_smsc(void *arg)
{
    struct at_link *l = arg;
    if (l->link.identity.smsc[0] || !number_is_clean(l->smsc))
        return NULL;
    (void)snprintf(l->room, sizeof l->room, "AT+CSCA=\"%s\",%d", l->smsc,
                   l->smsc[0] == '+' ? 145 : 129);
    return l->room;
}

static const char *ask_smsc_again(void *arg)
{
    const struct at_link *l = arg;
    return l->link.identity.smsc[0] ? NULL : "AT+CSCA?";
}

/* --- scripts --- */

/* The first command also wakes a modem left quiet (Q1) or numeric (V0); any answer, an ERROR too,
 * means that somebody speaks AT. Some devices swallow the first command after a rest. */
static const struct at_step sync_steps[] = {
    {.command = "ATE0Q0V1", .timeout_ms = 3000},
    {.command = "ATE0", .timeout_ms = 3000},
    {.command = "AT+CMEE=1", .timeout_ms = 5000},
    {.make = ask_echo_known},
    {0},
};

static const struct at_step identify_steps[] = {
    {.command = "AT+CGMI", .prefix = {"+CGMI:", ""}, .line = learn_maker, .timeout_ms = 5000},
    {.command = "AT+CGMM", .prefix = {"+CGMM:", ""}, .line = learn_model, .timeout_ms = 5000},
    {.command = "AT+CGMR", .prefix = {"+CGMR:", ""}, .line = learn_revision, .timeout_ms = 5000},
    {.command = "AT+CGSN", .prefix = {"+CGSN:", ""}, .line = learn_imei, .timeout_ms = 5000},
    {0},
};

static const struct at_step settle_steps[] = {
    {.make = ask_quiet_0, .timeout_ms = 5000},
    {.make = ask_quiet_1, .timeout_ms = 5000},
    {.make = ask_quiet_2, .timeout_ms = 5000},
    {.command = "AT+CFUN?", .prefix = {"+CFUN:"}, .line = learn_fun, .timeout_ms = 5000},
    {.make = ask_radio_on, .timeout_ms = 15000},
    {0},
};

/* Wavecom and Sierra SL8084 send no OK behind +CPIN: READY. */
static const struct at_step pin_steps[] = {
    {.command = "AT+CPIN?",
     .prefix = {"+CPIN:"},
     .line = learn_sim,
     .error = learn_sim_error,
     .timeout_ms = 5000,
     .info_enough = true},
    {0},
};

static const struct at_step sim_steps[] = {
    {.command = "AT+CMGF=0",
     .timeout_ms = 5000,
     .on_error = AT_GIVE_UP,
     .tries = 10,
     .retry_ms = 2000}, /* until short messages are ready */
    {.make = ask_iccid_own, .prefix = {""}, .line = learn_iccid, .timeout_ms = 5000},
    {.make = ask_iccid_common, .prefix = {""}, .line = learn_iccid, .timeout_ms = 5000},
    {.make = ask_iccid_file, .prefix = {"+CRSM:"}, .line = learn_iccid, .timeout_ms = 5000},
    {.command = "AT+CIMI", .prefix = {"+CIMI:", ""}, .line = learn_imsi, .timeout_ms = 5000},
    {.command = "AT+CSCA?", .prefix = {"+CSCA:"}, .line = learn_smsc, .timeout_ms = 5000},
    {.make = ask_set_smsc, .timeout_ms = 5000},
    {.make = ask_smsc_again, .prefix = {"+CSCA:"}, .line = learn_smsc, .timeout_ms = 5000},
    {.command = "AT+CREG=2", .timeout_ms = 5000},
    {.command = "AT+CGREG=2", .timeout_ms = 5000},
    {.command = "AT+CEREG=2", .timeout_ms = 5000},
    {.command = "AT+COPS=3,2", .timeout_ms = 10000}, /* names as numbers; changes nothing else */
    {0},
};

/* --- SYNCING, IDENTIFYING --- */

static void sim_look(struct at_link *l);

/* The modem said that it has restarted while a script ran: from the start, on the same port. */
bool at_init_restarted(struct at_link *l)
{
    if (!l->recovery.reboot_seen)
        return false;
    at_init_wake(l, "the modem has restarted");
    return true;
}

void at_init_failed(struct at_link *l, enum at_script_end end)
{
    if (!at_init_restarted(l))
        at_recover_climb(l, end == AT_SCRIPT_DEAF ? "no answer" : "refuses a command it must know");
}

static void settled(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
    } else if (!at_init_restarted(l)) {
        at_link_goto(l, LINK_SIM, "modem known");
        sim_look(l);
    }
}

static void identified(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    const struct link_identity *id = &l->link.identity;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
        return;
    }
    if (at_init_restarted(l))
        return;
    l->quirks = at_quirks_find(id->maker, id->model);
    log_event(LOG_LEVEL_INFO, "at", l->link.name, "modem",
              "maker=\"%s\" model=\"%s\" revision=\"%s\" imei=%s quirks=%s", id->maker, id->model,
              id->revision, id->imei, l->quirks->name);
    at_script_run(&l->script, settle_steps, settled);
}

/* Any answer would do so far, a late one of a former life too: a fence before anything is believed.
 */
static void synced(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE)
        at_init_failed(l, end);
    else if (!at_init_restarted(l))
        at_chat_fence(&l->chat);
}

void at_init_fenced(struct at_link *l, bool in_step)
{
    if (!in_step && !l->chat.fence.alive) {
        at_recover_climb(l, "no answer");
        return;
    }
    if (at_init_restarted(l))
        return;
    /* Phones and emulators that lack both queries: somebody answers, but a fence will never pass.
     */
    if (!in_step)
        log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "no-fence", "queries=unknown");
    at_link_goto(l, LINK_IDENTIFYING, "it speaks AT");
    at_script_run(&l->script, identify_steps, identified);
}

void at_init_wake(struct at_link *l, const char *why)
{
    if (l->chat.state != AT_CHAT_CLOSED)
        at_chat_close(&l->chat);
    at_script_forget(&l->script);
    at_receive_forget(l);
    memset(&l->link.identity, 0, sizeof l->link.identity);
    l->recovery.reboot_seen = false;
    l->quirks = at_quirks_find("", "");
    l->echo_off = false;
    l->fun = -1;
    l->send.cmms_on = false;
    for (unsigned i = 0; i < AT_FAMILIES; i++)
        l->stat[i] = l->technology[i] = -1;
    l->chat.queries = at_queries_early;
    at_link_goto(l, LINK_SYNCING, why);
    at_chat_wake(&l->chat, l->stream);
}

void at_init_awake(struct at_link *l)
{
    at_script_run(&l->script, sync_steps, synced);
}

/* --- SIM --- */

static const char *sim_reason(enum at_sim sim)
{
    switch (sim) {
    case AT_SIM_READY:
        return "SIM ready";
    case AT_SIM_PIN:
        return "SIM asks for its PIN";
    case AT_SIM_PUK:
        return "SIM asks for its PUK";
    case AT_SIM_OTHER:
        return "SIM or modem is locked";
    case AT_SIM_ABSENT:
        return "no SIM";
    case AT_SIM_BUSY:
        return "SIM busy";
    case AT_SIM_FAILURE:
        return "SIM failure";
    }
    assert(!"a state of the SIM");
    return "";
}

static void delivery_chosen(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
    } else if (!at_init_restarted(l)) {
        at_receive_start(l);
        at_link_goto(l, LINK_REGISTERING, "SIM ready");
        at_network_look(l);
    }
}

static void sim_known(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
    } else if (!at_init_restarted(l)) {
        l->chat.queries = at_queries;
        at_delivery_choose(l, delivery_chosen);
    }
}

/* Here a PIN will be typed one day (after AT+CPINR and its like): the one case that waits. */
static void sim_looked(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
        return;
    }
    if (at_init_restarted(l))
        return;
    if (l->sim == AT_SIM_READY) {
        at_script_run(&l->script, sim_steps, sim_known);
        return;
    }
    bool soon = l->sim == AT_SIM_BUSY && l->looked < SIM_BUSY_LOOKS;
    l->looked++;
    if (!soon)
        at_link_say(l, sim_reason(l->sim));
    loop_timer_arm_in(&l->timer, soon ? SIM_BUSY_MS : SIM_SLOW_MS);
}

static void sim_look(struct at_link *l)
{
    l->sim = AT_SIM_BUSY;
    at_script_run(&l->script, pin_steps, sim_looked);
}

void at_init_on_cpin(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    enum at_sim sim;
    if (!at_parse_cpin(line, &sim))
        return;
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "sim", "says=\"%s\"", sim_reason(sim));
    if (at_link_state(l) == LINK_SIM && !l->script.steps && sim == AT_SIM_READY)
        loop_timer_arm_in(&l->timer, 0);
}

void at_init_on_sms_ready(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    (void)line;
    at_script_hurry(&l->script);
}

void at_init_on_timer(struct at_link *l)
{
    if (l->script.steps || !at_chat_is_idle(&l->chat))
        loop_timer_arm_in(&l->timer, 1000);
    else if (at_link_state(l) == LINK_SIM)
        sim_look(l);
    else
        at_network_look(l);
}
