/* at_init: from an open port to a modem that is known. Scripts are data; what a step learns goes
 * into the link. */
#include <string.h>

#include "at_modem.h"
#include "log.h"

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

static bool learn_fun(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_cfun(line, &l->fun);
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

static const char *ask_announce(void *arg)
{
    return at_elsewhere_command(arg);
}

static const char *ask_radio_on(void *arg)
{
    const struct at_link *l = arg;
    return l->fun == 0 || l->fun == 4 ? "AT+CFUN=1" : NULL;
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

/* First: in text mode (another program's, before us) the text of a message that is handed over is a
 * line like the names. Who refuses it without a SIM is in PDU mode, or asked again with one. */
static const struct at_step identify_steps[] = {
    {.command = "AT+CMGF=0", .timeout_ms = 5000},
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
    {.make = ask_announce, .timeout_ms = 5000},
    {.command = "AT+CFUN?", .prefix = {"+CFUN:"}, .line = learn_fun, .timeout_ms = 5000},
    {.make = ask_radio_on, .timeout_ms = 15000},
    {0},
};

/* --- SYNCING, IDENTIFYING --- */

/* The modem said that it has restarted: from the start, on the same port. */
bool at_init_restarted(struct at_link *l)
{
    if (!l->recovery.reboot_seen)
        return false;
    if (at_recover_take_restarts(l))
        at_ladder_climb(l, "it restarts again and again");
    else
        at_init_wake(l, "the modem has restarted");
    return true;
}

void at_init_failed(struct at_link *l, enum at_script_end end)
{
    if (!at_init_restarted(l))
        at_ladder_climb(l, end == AT_SCRIPT_DEAF ? "no answer" : "refuses a command it must know");
}

static void settled(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
    } else if (!at_init_restarted(l)) {
        at_link_goto(l, LINK_SIM, "modem known");
        at_sim_look(l);
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
    size_t len = strlen(id->imei);
    log_event(LOG_LEVEL_INFO, "at", l->link.name, "modem",
              "maker=\"%s\" model=\"%s\" revision=\"%s\" imei=...%s quirks=%s", id->maker,
              id->model, id->revision, id->imei + (len > 4 ? len - 4 : 0), l->quirks->name);
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
        at_ladder_climb(l, "no answer");
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
    at_sim_forget_pin(l);
    at_card_forget(l);
    memset(&l->link.identity, 0, sizeof l->link.identity);
    l->recovery.reboot_seen = false;
    l->quirks = at_quirks_find("", "");
    l->echo_off = false;
    l->fun = -1;
    l->no_cesq = false;
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
