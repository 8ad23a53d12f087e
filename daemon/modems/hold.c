/* hold: what an operator stops and lets go again: one modem, or all of them; and a reset by hand.
 *
 * What is paused stands on disk as facts ("gateway.paused", "modem.NAME.paused"), so that a restart
 * does not undo what somebody had a reason for. What is under way is finished, with all parts of
 * its message: half a message is worth less than none. */
#include "hold.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "refusal.h"
#include "text.h"

enum {
    FACT_NAME = MODEM_NAME_MAX + 16,
};

static int refuse(struct refusal *refusal, const char *name, const char *sentence)
{
    memset(refusal, 0, sizeof *refusal);
    refusal->name = name;
    text_copy(refusal->sentence, sizeof refusal->sentence, sentence);
    return -1;
}

/* --- facts ---------------------------------------------------------------------------------------
 */

static void fact_name(const struct modem *modem, char out[FACT_NAME])
{
    snprintf(out, FACT_NAME, "modem.%s.paused", modem->config.name);
}

/* What cannot be read stays as it was. */
static bool fact_is_set(struct fleet *fleet, const char *name, bool was)
{
    char value[8] = "";
    int rc = store_fact_get(fleet->store, name, value, sizeof value);

    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "hold", "-", "fact_unknown", "errno=%d", -rc);
    return rc < 0 ? was : rc > 0 && value[0] != '\0';
}

static void load_modem(struct modem *modem)
{
    char name[FACT_NAME];

    fact_name(modem, name);
    modem->hold.paused = fact_is_set(modem->fleet, name, modem->hold.paused);
}

/* --- what it means
 * ---------------------------------------------------------------------------------
 */

bool modem_is_paused(const struct modem *modem)
{
    return modem->hold.paused || modem->fleet->paused || suspect_is_out(modem);
}

bool modem_is_away(const struct modem *modem)
{
    return modem->state == LINK_GONE || modem->state == LINK_QUARANTINED || modem->identity.doubt ||
           (modem->hold.paused && !modem->hold.finishing) || suspect_is_out(modem);
}

const char *hold_words(const struct modem *modem)
{
    if (modem->hold.paused)
        return "paused by an operator";
    if (modem->fleet->paused)
        return "the gateway is paused by an operator";
    if (modem->identity.doubt)
        return modem->identity.why;
    if (suspect_is_out(modem))
        return suspect_words(modem);
    return "";
}

int hold_next_part(struct modem *modem, struct message *out)
{
    struct store *store = modem->fleet->store;
    char pin[MODEM_NAME_MAX + 8];

    snprintf(pin, sizeof pin, "sim:%s", modem_sim(modem));
    int rc = store_message_begun(store, pin, out);
    if (rc < 0 || (rc > 0 && out->wait_until_ms == 0))
        return rc;
    if (rc > 0) {
        message_clear(out); /* its time has not come */
    } else if (modem->slot == SLOT_FREE) {
        modem->hold.finishing = false;
        if (modem->hold.paused)
            modem_sim_away(modem);
    }
    return 0;
}

void hold_on_ready(struct modem *modem)
{
    modem->hold.finishing = modem_is_paused(modem) && !suspect_is_out(modem);
}

/* --- pause and resume
 * ------------------------------------------------------------------------------
 */

static void on_tell(void *arg)
{
    struct modem *modem = arg;
    const char *words = hold_words(modem);

    modem_tell(modem, words[0] ? words : "resumed");
}

static void held_or_not(struct modem *modem)
{
    modem->hold.finishing = modem_is_paused(modem) && !suspect_is_out(modem);
    loop_defer(&modem->hold.tell, LOOP_SOON);
}

void hold_load(struct fleet *fleet)
{
    bool all = fleet->paused;

    fleet->paused = fact_is_set(fleet, "gateway.paused", all);
    for (struct modem *modem = fleet->modems; modem; modem = modem->next) {
        bool one = modem->hold.paused;
        load_modem(modem);
        if (modem->hold.paused != one || fleet->paused != all)
            held_or_not(modem);
    }
}

int hold_modem(struct fleet *fleet, const char *name, bool pause, struct refusal *refusal)
{
    struct modem *modem = fleet_find(fleet, name);
    char fact[FACT_NAME];

    if (!modem)
        return refuse(refusal, "not_found", "No modem has this name.");
    if (!pause && suspect_forgive(modem) < 0)
        return refuse(refusal, "store_failed", "It could not be written to disk.");
    if (modem->hold.paused == pause)
        return 0;
    fact_name(modem, fact);
    fleet_guard(fleet); /* where the disk fails it stays as it was: hold_load() */
    if (store_fact_set(fleet->store, fact, pause ? "1" : "") < 0)
        return refuse(refusal, "store_failed", "It could not be written to disk.");
    modem->hold.paused = pause;
    log_event(LOG_LEVEL_NOTICE, "hold", modem->config.name, pause ? "paused" : "resumed", "%s", "");
    held_or_not(modem);
    fleet_kick(fleet);
    return 0;
}

int hold_all(struct fleet *fleet, bool pause, struct refusal *refusal)
{
    if (fleet->paused == pause)
        return 0;
    fleet_guard(fleet);
    if (store_fact_set(fleet->store, "gateway.paused", pause ? "1" : "") < 0)
        return refuse(refusal, "store_failed", "It could not be written to disk.");
    fleet->paused = pause;
    log_event(LOG_LEVEL_NOTICE, "hold", "-", pause ? "paused" : "resumed", "%s", "");
    for (struct modem *modem = fleet->modems; modem; modem = modem->next)
        held_or_not(modem);
    fleet_kick(fleet);
    return 0;
}

/* --- reset
 * -------------------------------------------------------------------------------------------
 */

int hold_reset(struct fleet *fleet, const char *name, struct refusal *refusal)
{
    struct modem *modem = fleet_find(fleet, name);

    if (!modem)
        return refuse(refusal, "not_found", "No modem has this name.");
    if (link_reset(modem->link) < 0)
        return refuse(refusal, "no_modem",
                      "The modem is not there: it can only be pulled and plugged in again.");
    log_event(LOG_LEVEL_NOTICE, "hold", modem->config.name, "reset", "%s", "");
    return 0;
}

/* --- birth and end
 * -----------------------------------------------------------------------------------
 */

void hold_init(struct modem *modem)
{
    loop_task_init(&modem->hold.tell, modem->fleet->loop, on_tell, modem);
    load_modem(modem);
    modem->hold.finishing =
        modem->hold.paused; /* what it began before a restart, once it is ready */
}

void hold_stop(struct modem *modem)
{
    loop_task_cancel(&modem->hold.tell);
}
