/* pin: may this PIN be typed into this SIM? And what its SIM wants of somebody.
 *
 * Three wrong PINs and only the PUK helps. So: the number of attempts left is asked first, and two
 * are always left to people; a PIN that a SIM has rejected is never tried again; one whose fate is
 * not known only where the SIM still has all its attempts. That it is about to be typed is on disk
 * before it is. */
#include "pin.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "secret.h"
#include "store_pin.h"
#include "text.h"

enum {
    LEAST_LEFT = 2, /* typing one more must leave one to people */
    ALL_LEFT = 3,   /* what every SIM gives: nothing wrong was typed since it was last unlocked */
};

const char *pin_refusal(const struct store_pin_view *view, int left)
{
    if (view->state == STORE_PIN_REJECTED)
        return "this SIM has rejected the PIN that its file holds";
    if (left >= 0 && left < LEAST_LEFT)
        return "too few attempts are left to try its PIN";
    if (left < 0 && view->spent)
        return "it has rejected a PIN, and does not tell how many attempts are left";
    if (view->state == STORE_PIN_TRIED && left < ALL_LEFT)
        return "its PIN was typed before, and what it said is not known";
    return NULL;
}

/* --- alarms --- */

static const struct {
    enum link_card card;
    const char *alarm;
} alarms[] = {
    {LINK_CARD_ABSENT, "sim_absent"},
    {LINK_CARD_FAILURE, "sim_failure"},
    {LINK_CARD_PUK, "sim_puk"},
    {LINK_CARD_LOCKED, "sim_locked"},
};

void pin_alarms_over(struct modem *modem)
{
    for (size_t i = 0; i < sizeof alarms / sizeof *alarms; i++)
        modem_alarm_over(modem, alarms[i].alarm);
    modem_alarm_over(modem, "sim_pin");
    modem_alarm_over(modem, "sim_pin_rejected");
}

static void follow_alarms(struct modem *modem, enum link_card card)
{
    if (card == LINK_CARD_READY)
        pin_alarms_over(modem);
    if (card == LINK_CARD_READY || card == LINK_CARD_UNKNOWN || card == LINK_CARD_BUSY)
        return; /* what is not known changes nothing */
    for (size_t i = 0; i < sizeof alarms / sizeof *alarms; i++)
        if (alarms[i].card == card)
            modem_alarm(modem, alarms[i].alarm, NULL);
        else
            modem_alarm_over(modem, alarms[i].alarm);
    if (card != LINK_CARD_PIN)
        modem_alarm_over(modem, "sim_pin");
    if (card == LINK_CARD_ABSENT)
        modem_alarm_over(modem, "sim_pin_rejected");
}

/* --- the question --- */

/* A modem that does not tell the ICCID of a locked SIM stands for its SIM. Fourteen digits: some
 * leave the check digit out. */
static void modem_key(const struct modem *modem, char out[PIN_SIM_ROOM])
{
    (void)snprintf(out, PIN_SIM_ROOM, "imei:%.14s", modem->link->identity.imei);
}

static void sim_key(const struct modem *modem, char out[PIN_SIM_ROOM])
{
    const struct link_identity *id = &modem->link->identity;
    if (id->iccid[0])
        (void)text_copy(out, PIN_SIM_ROOM, id->iccid);
    else
        modem_key(modem, out);
}

static void refuse(struct modem *modem, const char *why)
{
    char sentence[ALARM_SENTENCE_ROOM];
    modem->pin.none = true;
    explicit_bzero(modem->pin.code, sizeof modem->pin.code);
    (void)snprintf(sentence, sizeof sentence,
                   "The SIM asks for its PIN, and %s. Mend that, or type the PIN in a phone and "
                   "put the SIM back.",
                   why);
    modem_alarm(modem, "sim_pin", sentence);
    (void)snprintf(sentence, sizeof sentence, "SIM asks for its PIN: %s", why);
    link_pin(modem->link, NULL, sentence);
}

static void on_durable(void *arg, int rc)
{
    struct modem *modem = arg;
    if (rc < 0) {
        refuse(modem, "that it is tried cannot be written");
        return;
    }
    modem->pin.typed = true;
    modem->pin.none = false;
    modem_alarm_over(modem, "sim_pin");
    link_pin(modem->link, modem->pin.code, "");
    explicit_bzero(modem->pin.code, sizeof modem->pin.code);
}

/* The link took its question back before the answer came: what is written as tried was never typed.
 */
static int take_back(struct modem *modem)
{
    struct store *store = modem->fleet->store;
    if (!modem->pin.ours || modem->pin.before != modem->link->pins_typed)
        return 0;
    int rc = store_begin(store);
    if (rc < 0)
        return rc;
    rc = store_pin_unlocked(store, modem->pin.sim, true);
    int kept = store_end(store, rc == 0);
    fleet_guard(modem->fleet);
    rc = rc < 0 ? rc : kept;
    modem->pin.ours = rc < 0;
    return rc;
}

static int write_tried(struct modem *modem, const char *of)
{
    struct store *store = modem->fleet->store;
    modem->pin.ours = store_pin_known(store, modem->pin.sim) == 0;
    modem->pin.before = modem->link->pins_typed;
    int rc = store_begin(store);
    if (rc < 0)
        return rc;
    rc = store_pin_try(store, modem->pin.sim, of, modem->pin.code);
    int kept = store_end(store, rc == 0);
    fleet_guard(modem->fleet);
    return rc < 0 ? rc : kept;
}

void pin_asked(struct modem *modem)
{
    const struct config_modem *config = &modem->config;
    struct store *store = modem->fleet->store;
    struct store_pin_view view;
    const char *why = "";
    char of[PIN_SIM_ROOM];

    store_forget(store, &modem->pin.waiter); /* asked anew before the disk has answered */
    modem->pin.typed = false;
    if (take_back(modem) < 0) {
        refuse(modem, "what it was told before cannot be taken back");
        return;
    }
    modem->pin.ours = false;
    sim_key(modem, modem->pin.sim);
    modem_key(modem, of);
    if (secret_read_pin(config->pin_file, config->pin_credential, modem->pin.code, &why) < 0) {
        refuse(modem, why);
        return;
    }
    if (store_pin_look(store, modem->pin.sim, of, modem->pin.code, &view) < 0) {
        refuse(modem, "what it was told before cannot be read");
        return;
    }
    why = pin_refusal(&view, modem->link->pin_left);
    if (why) {
        refuse(modem, why);
        return;
    }
    if (write_tried(modem, of) < 0) {
        refuse(modem, "that it is tried cannot be written");
        return;
    }
    modem->pin.waiter.fn = on_durable;
    modem->pin.waiter.arg = modem;
    store_when_durable(store, &modem->pin.waiter);
}

/* --- the answer --- */

void pin_rejected(struct modem *modem)
{
    struct store *store = modem->fleet->store;
    modem->pin.typed = false;
    modem->pin.none = true;
    modem_alarm(modem, "sim_pin_rejected", NULL);
    /* Where this cannot be written the row still says that it was tried. */
    int rc = store_begin(store);
    if (rc == 0) {
        rc = store_pin_reject(store, modem->pin.sim);
        int kept = store_end(store, rc == 0);
        fleet_guard(modem->fleet);
        rc = rc < 0 ? rc : kept;
    }
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "pin", modem->config.name, "not_written", "errno=%d", -rc);
}

static void has_its_attempts(struct modem *modem, const char *sim, bool accepted)
{
    struct store *store = modem->fleet->store;
    if (store_pin_known(store, sim) != 1 || store_begin(store) < 0)
        return;
    int rc = store_pin_unlocked(store, sim, accepted);
    if (store_end(store, rc == 0) < 0 || rc < 0)
        log_event(LOG_LEVEL_ERROR, "pin", modem->config.name, "not_written", "%s", "");
    fleet_guard(modem->fleet);
}

/* The SIM is ready: it has its attempts back, whoever has unlocked it, and under each of its names.
 */
static void unlocked(struct modem *modem)
{
    char sim[PIN_SIM_ROOM];
    if (modem->pin.typed)
        has_its_attempts(modem, modem->pin.sim, true);
    modem->pin.typed = false;
    sim_key(modem, sim);
    has_its_attempts(modem, sim, false);
    modem_key(modem, sim);
    has_its_attempts(modem, sim, false);
}

void pin_follow(struct modem *modem, enum link_state state)
{
    enum link_card card = modem->link->card;
    if (card == LINK_CARD_UNKNOWN)
        modem->pin.typed = false; /* its port went, or the modem restarted: nobody knows */
    if (card != LINK_CARD_PIN)
        modem->pin.none = false;
    follow_alarms(modem, card);
    if (card == LINK_CARD_READY && state == LINK_REGISTERING)
        unlocked(modem);
}

bool pin_wants_people(const struct modem *modem)
{
    switch (modem->link->card) {
    case LINK_CARD_PUK:
    case LINK_CARD_LOCKED:
    case LINK_CARD_ABSENT:
    case LINK_CARD_FAILURE:
        return modem->state == LINK_SIM;
    case LINK_CARD_PIN:
        return modem->state == LINK_SIM && modem->pin.none;
    case LINK_CARD_UNKNOWN:
    case LINK_CARD_READY:
    case LINK_CARD_BUSY:
        break;
    }
    return false;
}

void pin_stop(struct modem *modem)
{
    store_forget(modem->fleet->store, &modem->pin.waiter);
    explicit_bzero(&modem->pin, sizeof modem->pin);
}
