/* at_network: is there a network that takes short messages, and how well is it heard? Registration
 * is followed by what the modem says unasked; asked for only while there is none, less and less
 * often. */
#include "at_modem.h"

enum {
    NETWORK_FIRST_MS = 5000, /* between two looks for a network, doubled up to the keepalive */
    NETWORK_LASTING = 4,     /* looks in vain: more than a minute */
};

static const char *const families[AT_FAMILIES] = {"+CREG:", "+CGREG:", "+CEREG:"};

static bool counts(const struct at_link *l, int stat)
{
    /* 6 and 7: short messages only, which is all we want; 9 and 10: on LTE, without calls (TS
     * 27.007 clause 7.2). */
    return stat == 1 || stat == 6 || stat == 9 ||
           (l->roaming && (stat == 5 || stat == 7 || stat == 10));
}

bool at_network_registered(const struct at_link *l)
{
    for (unsigned i = 0; i < AT_FAMILIES; i++)
        if (counts(l, l->stat[i]))
            return true;
    return false;
}

/* The family that lets us send, else the most talkative one. */
static void radio_update(struct at_link *l)
{
    struct link_radio *radio = &l->link.radio;
    int stat = -1;
    int technology = radio->technology;
    for (unsigned i = 0; i < AT_FAMILIES; i++)
        if (l->stat[i] >= 0 &&
            (stat < 0 || (!counts(l, stat) && (counts(l, l->stat[i]) || !stat)))) {
            stat = l->stat[i];
            technology = l->technology[i] >= 0 ? l->technology[i] : technology;
        }
    bool lost = radio->operator_[0] && !at_network_registered(l);
    if (lost)
        radio->operator_[0] = '\0'; /* whose network it was: asked again with the next one */
    if (lost || stat != radio->registration || technology != radio->technology) {
        radio->registration = stat;
        radio->technology = technology;
        at_link_tell_radio(l);
    }
}

bool at_network_parse_registration(void *arg, const char *line)
{
    struct at_link *l = arg;
    struct at_registration registration;
    bool was = at_network_registered(l);
    for (unsigned i = 0; i < AT_FAMILIES; i++)
        if (at_parse_registration(line, families[i], &registration)) {
            l->stat[i] = registration.stat;
            l->technology[i] = registration.technology;
            radio_update(l);
            /* A SIM that is pulled out takes the network with it; another brings one back. */
            l->card.unsure |= was && !at_network_registered(l);
            return true;
        }
    return false;
}

static const char *network_reason(const struct at_link *l)
{
    switch (l->link.radio.registration) {
    case 3:
        return "the network refuses this SIM";
    case 5:
    case 7:
    case 10:
        return "only a foreign network, and roaming is off";
    case 8:
        return "emergency calls only";
    default:
        return "no network yet";
    }
}

static bool learn_operator(void *arg, const char *line)
{
    struct at_link *l = arg;
    int technology;
    if (!at_parse_cops(line, l->link.radio.operator_, &technology))
        return false;
    if (technology >= 0)
        l->link.radio.technology = technology;
    at_link_tell_radio(l);
    return true;
}

/* AT+CESQ knows the radio of LTE, where AT+CSQ is clamped on many sticks; modems older than it, and
 * some on GSM, know only the latter. */
const char *at_network_ask_signal(void *arg)
{
    struct at_link *l = arg;
    if (l->no_cesq)
        return "AT+CSQ";
    l->no_cesq = true; /* until its answer says otherwise */
    return "AT+CESQ";
}

static const char *ask_signal_again(void *arg)
{
    const struct at_link *l = arg;
    return l->no_cesq ? "AT+CSQ" : NULL;
}

bool at_network_parse_signal(void *arg, const char *line)
{
    struct at_link *l = arg;
    int dbm;
    bool extended = at_parse_cesq(line, &dbm);
    if (!extended && !at_parse_csq(line, &dbm))
        return false;
    if (extended) {
        l->no_cesq = dbm == 0;
        if (l->no_cesq)
            return true;
    }
    if (dbm != l->link.radio.signal_dbm) {
        l->link.radio.signal_dbm = dbm;
        at_link_tell_radio(l);
    }
    return true;
}

/* Right behind the loss, and when it has lasted: is it for want of a SIM? */
static const char *ask_card(void *arg)
{
    const struct at_link *l = arg;
    bool due = l->looked == 0 ? at_card_is_doubted(l) : l->looked >= NETWORK_LASTING;
    return due ? "AT+CPIN?" : NULL;
}

static const struct at_step network_steps[] = {
    {.make = ask_card,
     .prefix = {"+CPIN:"},
     .line = at_card_learn_ready,
     .error = at_card_learn_error,
     .timeout_ms = 5000,
     .info_enough = true},
    {.command = "AT+CREG?",
     .prefix = {"+CREG:"},
     .line = at_network_parse_registration,
     .timeout_ms = 5000},
    {.command = "AT+CGREG?",
     .prefix = {"+CGREG:"},
     .line = at_network_parse_registration,
     .timeout_ms = 5000},
    {.command = "AT+CEREG?",
     .prefix = {"+CEREG:"},
     .line = at_network_parse_registration,
     .timeout_ms = 5000},
    {0},
};

static const struct at_step arrive_steps[] = {
    {.command = "AT+COPS?", .prefix = {"+COPS:"}, .line = learn_operator, .timeout_ms = 10000},
    {.make = at_network_ask_signal,
     .prefix = {"+CSQ:", "+CESQ:"},
     .line = at_network_parse_signal,
     .timeout_ms = 5000},
    {.make = ask_signal_again,
     .prefix = {"+CSQ:"},
     .line = at_network_parse_signal,
     .timeout_ms = 5000},
    {0},
};

static void arrived(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    l->look_ms = loop_now_ms(l->loop) + l->keepalive_ms;
    if (end == AT_SCRIPT_DONE)
        at_network_settle(l, "registered");
    else
        at_init_failed(l, end);
}

void at_network_arrive(struct at_link *l)
{
    if (!at_card_take_turn(l))
        at_script_run(&l->script, arrive_steps, arrived);
}

static void network_looked(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
        return;
    }
    if (at_init_restarted(l) || at_sim_was_lost(l))
        return;
    if (at_network_registered(l)) {
        at_network_arrive(l);
        return;
    }
    if (l->looked == 0 || l->looked == NETWORK_LASTING)
        at_link_say(l, network_reason(l));
    int64_t wait_ms = (int64_t)NETWORK_FIRST_MS << (l->looked < 8 ? l->looked : 8);
    l->looked++;
    loop_timer_arm_in(&l->timer, wait_ms < l->keepalive_ms ? wait_ms : l->keepalive_ms);
}

void at_network_look(struct at_link *l)
{
    at_script_run(&l->script, network_steps, network_looked);
}

void at_network_on_timer(struct at_link *l)
{
    if (l->script.steps || !at_chat_is_idle(&l->chat))
        loop_timer_arm_in(&l->timer, 1000);
    else
        at_network_look(l);
}

void at_network_on_registration(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    if (!at_network_parse_registration(l, line) || l->script.steps || !at_chat_is_idle(&l->chat))
        return; /* whoever is at work looks at the result when done */
    if (at_link_state(l) == LINK_REGISTERING && at_network_registered(l)) {
        loop_timer_cancel(&l->timer);
        at_network_arrive(l);
    } else if (at_link_state(l) == LINK_READY && !at_network_registered(l)) {
        at_network_settle(l, "");
    }
}

void at_network_settle(struct at_link *l, const char *why)
{
    if (at_init_restarted(l) || at_ladder_take_turn(l) || at_sim_was_lost(l) ||
        at_card_take_turn(l) || at_ussd_take_turn(l) || at_recover_take_turn(l))
        return;
    if (at_network_registered(l)) {
        if (at_link_state(l) != LINK_READY)
            at_link_goto(l, LINK_READY, at_sweep_reason(l, why));
        loop_timer_arm(&l->timer, l->look_ms);
        at_link_tell_inbound(l);
        at_receive_work(l);
        return;
    }
    if (at_link_state(l) != LINK_REGISTERING)
        at_link_goto(l, LINK_REGISTERING, network_reason(l));
    loop_timer_arm_in(&l->timer, NETWORK_FIRST_MS);
}
