/* at_card: which SIM is it, and is it still the one that it was? A SIM is known by its ICCID, which
 * is asked anew at every look that finds one: what was read before may be that of another.
 *
 * In service three things make it doubtful: the network was lost, it has stayed away for a minute,
 * the modem says something about its SIM. Each maker says that in words of its own, and many say it
 * for nothing: Huawei's ^SIMST repeats itself, ZTE's +ZUSIMR comes every second. So no value is
 * interpreted, the SIM is looked at; and a line that came once for nothing brings about no second
 * look until the SIM has changed. Nothing here asks again by itself. */
#include <string.h>

#include "at_modem.h"
#include "log.h"

/* --- lines --- */

static bool learn_imsi(void *arg, const char *line)
{
    struct at_link *l = arg;
    char imsi[sizeof l->link.identity.imsi] = "";
    if (!at_parse_imsi(line, imsi))
        return false;
    l->pin.lost |= l->link.identity.imsi[0] && strcmp(imsi, l->link.identity.imsi) != 0;
    return true;
}

bool at_card_learn_iccid(void *arg, const char *line)
{
    struct at_link *l = arg;
    struct link_identity *id = &l->link.identity;
    char iccid[sizeof id->iccid] = "";
    if (!at_parse_iccid(line, iccid))
        return false;
    l->card.told = true;
    if (strcmp(iccid, id->iccid) != 0) {
        l->card.other = id->iccid[0] != '\0';
        memset(id->imsi, 0, sizeof id->imsi);
        memcpy(id->iccid, iccid, sizeof id->iccid);
    }
    return true;
}

static void is_still_ready(struct at_link *l, enum at_sim sim)
{
    l->pin.lost |= sim != AT_SIM_READY && l->link.card == LINK_CARD_READY;
}

bool at_card_learn_ready(void *arg, const char *line)
{
    enum at_sim sim;
    if (!at_parse_cpin(line, &sim))
        return false;
    is_still_ready(arg, sim);
    return true;
}

void at_card_learn_error(void *arg, const struct at_final *final)
{
    is_still_ready(arg, at_sim_of_error(final));
}

/* --- what is asked --- */

const char *at_card_ask_anew(void *arg)
{
    struct at_link *l = arg;
    l->card.told = l->card.other = false;
    return NULL;
}

static const char *ask_iccid(const struct at_link *l, const char *command)
{
    return l->card.told || l->pin.lost ? NULL : command;
}

const char *at_card_ask_own(void *arg)
{
    const struct at_link *l = arg;
    return ask_iccid(l, l->quirks->iccid);
}

const char *at_card_ask_common(void *arg)
{
    return ask_iccid(arg, "AT+CCID");
}

/* EF_ICCID itself (TS 31.102): every modem may read it, few are asked to. */
const char *at_card_ask_file(void *arg)
{
    return ask_iccid(arg, "AT+CRSM=176,12258,0,0,10");
}

static const char *ask_imsi(void *arg)
{
    return ask_iccid(arg, "AT+CIMI");
}

static const struct at_step still_steps[] = {
    {.command = "AT+CPIN?",
     .prefix = {"+CPIN:"},
     .line = at_card_learn_ready,
     .error = at_card_learn_error,
     .timeout_ms = 5000,
     .info_enough = true},
    AT_CARD_WHICH,
    {.make = ask_imsi, .prefix = {"+CIMI:", ""}, .line = learn_imsi, .timeout_ms = 5000},
    {0},
};

/* --- the look --- */

static void innocent(struct at_link *l, uint32_t line)
{
    if (line && l->card.innocents < AT_CARD_INNOCENTS)
        l->card.innocent[l->card.innocents++] = line;
}

static void looked(void *arg, enum at_script_end end)
{
    struct at_link *l = arg;
    l->card.looking = false;
    if (end != AT_SCRIPT_DONE) {
        at_init_failed(l, end);
        return;
    }
    l->pin.lost |= l->card.other;
    if (at_init_restarted(l) || at_sim_was_lost(l))
        return;
    innocent(l, l->card.judged);
    if (at_link_state(l) == LINK_REGISTERING && at_network_registered(l))
        at_network_arrive(l);
    else
        at_network_settle(l, "the same SIM");
}

/* No message goes out before the answer. */
bool at_card_take_turn(struct at_link *l)
{
    if (!l->card.noticed && !(l->card.unsure && at_network_registered(l)))
        return false;
    if (at_link_state(l) == LINK_READY)
        at_link_goto(l, LINK_BUSY, "is it still the same SIM?");
    l->card.judged = l->card.noticed;
    l->card.noticed = 0;
    l->card.unsure = false;
    l->card.looking = true;
    at_script_run(&l->script, still_steps, looked);
    return true;
}

bool at_card_is_doubted(const struct at_link *l)
{
    return l->card.unsure || l->card.noticed || l->card.looking;
}

bool at_card_take_notice(struct at_link *l)
{
    uint32_t line = l->card.noticed;
    innocent(l, line);
    l->card.noticed = 0;
    return line != 0;
}

void at_card_forget(struct at_link *l)
{
    memset(&l->card, 0, sizeof l->card);
}

void at_card_forget_identity(struct at_link *l)
{
    memset(l->link.identity.iccid, 0, sizeof l->link.identity.iccid);
    memset(l->link.identity.imsi, 0, sizeof l->link.identity.imsi);
}

/* --- unasked --- */

/* FNV-1a; never 0. */
static uint32_t sum_of(const char *line)
{
    uint32_t sum = 2166136261U;
    for (; *line; line++)
        sum = (sum ^ (uint8_t)*line) * 16777619U;
    return sum ? sum : 1;
}

static bool is_news(const struct at_link *l, uint32_t line)
{
    for (unsigned i = 0; i < l->card.innocents; i++)
        if (l->card.innocent[i] == line)
            return false;
    return l->card.innocents < AT_CARD_INNOCENTS && line != l->card.noticed &&
           !(l->card.looking && line == l->card.judged);
}

void at_card_on_notice(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    uint32_t sum = sum_of(line);
    if (!is_news(l, sum))
        return;
    log_event(LOG_LEVEL_INFO, "at", l->link.name, "sim", "notice=\"%.24s\"", line);
    switch (at_link_state(l)) {
    case LINK_SIM:
        if (l->script.steps) { /* looked at behind it, or in service */
            l->card.noticed = sum;
        } else if (loop_timer_armed(&l->timer)) {
            innocent(l, sum);
            at_sim_look_soon(l);
        }
        break;
    case LINK_REGISTERING:
    case LINK_READY:
    case LINK_BUSY:
    case LINK_RECOVERING:
        if (l->link.card != LINK_CARD_READY)
            break;
        l->card.noticed = sum;
        if ((at_link_state(l) == LINK_READY || at_link_state(l) == LINK_REGISTERING) &&
            !l->script.steps && at_chat_is_idle(&l->chat))
            (void)at_card_take_turn(l); /* else whoever is at work looks when done */
        break;
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_QUARANTINED:
    case LINK_GONE:
        break;
    }
}
