/* at_sim: the SIM, from "is there one?" to its service centre, and its PIN.
 *
 * A PIN is asked of the owner, who knows what this SIM has rejected; it is typed once, with the
 * number of attempts left read before, and wiped. Nothing here keeps it, logs it or tries it again.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"
#include "number.h"

enum {
    SIM_BUSY_LOOKS = 10, /* every 2 s: a SIM says "busy" for 2 to 20 s after a start or its PIN */
    SIM_BUSY_MS = 2000,
    SIM_SLOW_MS = 60000, /* locked or absent: somebody has to do something */
    PIN_TYPE_MS = 30000,
    PIN_AGAIN_MS = 500, /* the dialogue was not idle: a prompt out of nowhere */
};

/* --- lines --- */

static bool learn_imsi(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_imsi(line, l->link.identity.imsi);
}

static bool learn_smsc(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_csca(line, l->link.identity.smsc);
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

static bool learn_pin_left(struct at_link *l, const char *line, const struct at_pin_query *query)
{
    int left;
    if (!at_parse_pin_left(line, query->prefix, query->name, query->field, &left))
        return false;
    if (left >= 0)
        l->link.pin_left = left;
    return true;
}

static bool learn_pin_left_own(void *arg, const char *line)
{
    struct at_link *l = arg;
    return learn_pin_left(l, line, &l->quirks->pin_left);
}

/* One line for each of PIN, PUK, PIN2, PUK2 (TS 27.007 clause 8.65). */
static const struct at_pin_query standard = {
    .command = "AT+CPINR", .prefix = "+CPINR:", .name = "SIM PIN", .field = 1};

static bool learn_pin_left_standard(void *arg, const char *line)
{
    return learn_pin_left(arg, line, &standard);
}

/* --- what is asked --- */

static const char *ask_pin_left_own(void *arg)
{
    const struct at_link *l = arg;
    return l->quirks->pin_left.command;
}

static const char *ask_pin_left_standard(void *arg)
{
    const struct at_link *l = arg;
    return l->link.pin_left >= 0 ? NULL : standard.command;
}

static const char *ask_type_pin(void *arg)
{
    struct at_link *l = arg;
    (void)snprintf(l->room, sizeof l->room, "AT+CPIN=\"%s\"", l->pin.code);
    explicit_bzero(l->pin.code, sizeof l->pin.code);
    return l->room;
}

/* Some ZTE and Qualcomm sticks lose the service centre; then every message fails with 330 or 38. */
static const char *set_smsc(struct at_link *l, const char *smsc)
{
    (void)snprintf(l->room, sizeof l->room, "AT+CSCA=\"%s\",%d", smsc, *smsc == '+' ? 145 : 129);
    return l->room;
}

static const char *ask_set_smsc(void *arg)
{
    struct at_link *l = arg;
    return l->link.identity.smsc[0] || !number_is_clean(l->smsc) ? NULL : set_smsc(l, l->smsc);
}

/* That of the configuration, else the one that the SIM had at the start; "": none. Without its plus
 * nobody knows what kind of number that was. */
static const char *known_smsc(const struct at_link *l)
{
    const char *had = l->link.identity.smsc;
    return number_is_clean(l->smsc) ? l->smsc : *had == '+' ? had : "";
}

static const char *ask_restore_smsc(void *arg)
{
    struct at_link *l = arg;
    return set_smsc(l, known_smsc(l));
}

static const char *ask_smsc_again(void *arg)
{
    const struct at_link *l = arg;
    return l->link.identity.smsc[0] ? NULL : "AT+CSCA?";
}

static void learn_pin_final(void *arg, const struct at_final *final)
{
    struct at_link *l = arg;
    l->pin.answer = *final;
    l->pin.refused = true;
}

/* --- scripts --- */

/* Wavecom and Sierra SL8084 send no OK behind +CPIN: READY. */
static const struct at_step look_steps[] = {
    {.command = "AT+CPIN?",
     .prefix = {"+CPIN:"},
     .line = learn_sim,
     .error = learn_sim_error,
     .timeout_ms = 5000,
     .info_enough = true},
    {0},
};

/* Before a PIN: what is at stake, and whose it is. Most modems tell the ICCID of a locked SIM. */
static const struct at_step locked_steps[] = {
    {.make = ask_pin_left_own, .prefix = {""}, .line = learn_pin_left_own, .timeout_ms = 5000},
    {.make = ask_pin_left_standard,
     .prefix = {"+CPINR:"},
     .line = learn_pin_left_standard,
     .timeout_ms = 5000},
    AT_CARD_WHICH,
    {0},
};

static const struct at_step type_steps[] = {
    {.make = ask_type_pin, .error = learn_pin_final, .timeout_ms = PIN_TYPE_MS, .secret = true},
    {0},
};

static const struct at_step ready_steps[] = {
    {.command = "AT+CMGF=0",
     .timeout_ms = 5000,
     .on_error = AT_GIVE_UP,
     .tries = 10,
     .retry_ms = 2000}, /* until short messages are ready */
    AT_CARD_WHICH,
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

static const struct at_step centre_steps[] = {
    {.make = ask_restore_smsc, .timeout_ms = 5000},
    {0},
};

/* --- looking --- */

static const struct {
    enum link_card card;
    const char *reason;
} cards[] = {
    [AT_SIM_READY] = {LINK_CARD_READY, "SIM ready"},
    [AT_SIM_PIN] = {LINK_CARD_PIN, "SIM asks for its PIN"},
    [AT_SIM_PUK] = {LINK_CARD_PUK, "SIM asks for its PUK"},
    [AT_SIM_OTHER] = {LINK_CARD_LOCKED, "SIM or modem is locked"},
    [AT_SIM_ABSENT] = {LINK_CARD_ABSENT, "no SIM"},
    [AT_SIM_BUSY] = {LINK_CARD_BUSY, "SIM busy"},
    [AT_SIM_FAILURE] = {LINK_CARD_FAILURE, "SIM failure"},
};

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

/* False: it has changed meanwhile, perhaps, and is looked at again before anybody is asked. */
static bool wait_slowly(struct at_link *l)
{
    bool again = at_card_take_notice(l);
    loop_timer_arm_in(&l->timer, again ? 0 : SIM_SLOW_MS);
    return !again;
}

static void locked_known(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
        return;
    }
    if (at_init_restarted(l) || !wait_slowly(l))
        return;
    /* It has told its ICCID before and does not now: what its owner knows of it would be looked up
     * under a wrong name. If it is as silent next time, it is one that does not tell. */
    if (!l->card.told && l->link.identity.iccid[0]) {
        at_card_forget_identity(l);
        at_link_say(l, "SIM asks for its PIN, and does not say which it is");
        return;
    }
    l->pin.asked = true;
    at_link_say(l, cards[AT_SIM_PIN].reason);
    at_link_tell_pin(l);
}

/* The SIM has counted an attempt where it says so (CME 16, or its PUK is asked for), and is taken
 * to have done so where it refused without a cause and asks for its PIN again. */
static void judge_typed(struct at_link *l)
{
    bool told = l->pin.refused && (l->pin.answer.kind == AT_FINAL_CME) &&
                (l->pin.answer.code == 16 || l->pin.answer.code == 12);
    bool bare = l->pin.refused && l->pin.answer.kind == AT_FINAL_ERROR && l->sim == AT_SIM_PIN;
    if (l->pin.typed && (told || bare || l->sim == AT_SIM_PUK)) {
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "pin", "%s", "rejected by the SIM");
        at_link_tell_pin_rejected(l);
    }
}

/* Busy, or a PIN was taken and the modem has not noticed yet. */
static bool sim_is_about_to_be_ready(const struct at_link *l)
{
    bool taken = l->pin.typed && !l->pin.refused && l->sim == AT_SIM_PIN;
    return (l->sim == AT_SIM_BUSY || taken) && l->looked < SIM_BUSY_LOOKS;
}

static void sim_looked(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
        return;
    }
    if (at_init_restarted(l))
        return;
    l->link.card = cards[l->sim].card;
    if (sim_is_about_to_be_ready(l)) {
        l->looked++;
        loop_timer_arm_in(&l->timer, SIM_BUSY_MS);
        return;
    }
    if (l->sim != AT_SIM_READY)
        judge_typed(l);
    l->pin.typed = false;
    if (l->sim == AT_SIM_READY) {
        at_card_forget(l);
        at_script_run(&l->script, ready_steps, sim_known);
    } else if (l->sim == AT_SIM_PIN) {
        l->link.pin_left = -1;
        at_script_run(&l->script, locked_steps, locked_known);
    } else {
        if (l->sim != AT_SIM_BUSY)
            at_card_forget_identity(l); /* what goes in next may be another */
        at_link_say(l, cards[l->sim].reason);
        (void)wait_slowly(l);
    }
}

void at_sim_look(struct at_link *l)
{
    l->sim = AT_SIM_BUSY;
    at_script_run(&l->script, look_steps, sim_looked);
}

static void centre_restored(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end == AT_SCRIPT_DONE)
        at_network_settle(l, "free");
    else
        at_init_failed(l, end);
}

bool at_sim_restore_centre(struct at_link *l)
{
    if (!number_is_clean(known_smsc(l)))
        return false;
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "centre", "%s", "lost by the modem, set again");
    at_script_run(&l->script, centre_steps, centre_restored);
    return true;
}

/* --- the PIN --- */

static void typed(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    explicit_bzero(l->room, sizeof l->room);
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
        return;
    }
    l->looked = 0;
    at_sim_look(l);
}

static void pin_type(struct at_link *l)
{
    l->pin.typed = true;
    l->pin.refused = false;
    l->link.pins_typed++;
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "pin", "typed attempts_left=%d",
              l->link.pin_left);
    at_script_run(&l->script, type_steps, typed);
}

void at_sim_pin(struct at_link *l, const char *pin, const char *why)
{
    if (!l->pin.asked || at_link_state(l) != LINK_SIM)
        return;
    l->pin.asked = false;
    if (!pin) {
        at_link_say(l, why);
        loop_timer_arm_in(&l->timer, SIM_SLOW_MS);
        return;
    }
    size_t len = strlen(pin);
    assert(len >= 4 && len < sizeof l->pin.code && strspn(pin, "0123456789") == len);
    memcpy(l->pin.code, pin, len + 1);
    loop_timer_arm_in(&l->timer, 0);
}

void at_sim_forget_pin(struct at_link *l)
{
    explicit_bzero(&l->pin, sizeof l->pin);
    explicit_bzero(l->room, sizeof l->room);
    l->link.card = LINK_CARD_UNKNOWN;
    l->link.pin_left = -1;
}

void at_sim_look_soon(struct at_link *l)
{
    l->pin.asked = false;
    explicit_bzero(l->pin.code, sizeof l->pin.code);
    loop_timer_arm_in(&l->timer, 0);
}

void at_sim_on_timer(struct at_link *l)
{
    if (l->script.steps || !at_chat_is_idle(&l->chat)) {
        loop_timer_arm_in(&l->timer, PIN_AGAIN_MS);
        return;
    }
    l->pin.asked = false;
    if (l->pin.code[0])
        pin_type(l);
    else
        at_sim_look(l);
}

/* --- unasked --- */

/* Pulled out, or locked anew: whatever the link does next, it does with the SIM looked at again. */
void at_sim_on_cpin(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    enum at_sim sim;
    if (!at_parse_cpin(line, &sim))
        return;
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "sim", "says=\"%s\"", cards[sim].reason);
    if (at_link_state(l) == LINK_SIM && !l->script.steps && !l->pin.asked && sim == AT_SIM_READY)
        loop_timer_arm_in(&l->timer, 0);
    else if (sim != AT_SIM_READY && l->link.card == LINK_CARD_READY)
        l->pin.lost = true;
    else if (at_link_state(l) == LINK_SIM && sim != l->sim) /* else it is known */
        at_card_on_notice(l, line);
    if (l->pin.lost)
        at_send_on_lost(l);
    if ((at_link_state(l) == LINK_READY || at_link_state(l) == LINK_REGISTERING) &&
        !l->script.steps && at_chat_is_idle(&l->chat))
        (void)at_sim_was_lost(l); /* else whoever is at work looks when done */
}

bool at_sim_was_lost(struct at_link *l)
{
    if (!l->pin.lost)
        return false;
    at_sim_forget_pin(l);
    at_receive_forget(l);
    at_card_forget(l);
    at_card_forget_identity(l);
    l->chat.queries = at_queries_early; /* some modems refuse AT+CMGF? without a SIM */
    at_link_goto(l, LINK_SIM, "the SIM is not ready any more");
    at_sim_look(l);
    return true;
}

void at_sim_on_sms_ready(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    (void)line;
    at_script_hurry(&l->script);
}
