/* absence: a modem that is not ready, and for how long. Pulled out, without a network, or a section
 * whose modem never came: none of these is a fault of the modem that its link could do anything
 * about, and each is somebody's to see to. One timer, armed when it ceases to be ready. */
#include "absence.h"

#include <stdio.h>
#include "alarm.h"
#include "fleet.h"
#include "modem.h"

enum { ABSENCE_MS = 600000 };

struct advice {
    const char *what, *remedy;
};

/* It stands still by what has an alarm of its own, which says what to do about it. */
static bool another_speaks(const struct modem *modem)
{
    return modem->state == LINK_QUARANTINED ||
           (modem->state == LINK_SIM && modem->link->card != LINK_CARD_BUSY);
}

/* Without one: on its way, and the next state tells. */
static struct advice advice_for(const struct modem *modem)
{
    switch (modem->state) {
    case LINK_GONE:
        return (struct advice){"is not there", "plug it in, see its cable and power, or take its "
                                               "section out of the configuration"};
    case LINK_REGISTERING:
        return (struct advice){"finds no network", "see its antenna and the reception where it "
                                                   "stands, and whether its SIM is active"};
    case LINK_SIM:
        if (modem->link->card == LINK_CARD_BUSY)
            return (struct advice){"waits for its SIM", "clean its contacts, try it in a phone"};
        break;
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_READY:
    case LINK_BUSY:
    case LINK_RECOVERING:
    case LINK_QUARANTINED:
        break;
    }
    return (struct advice){NULL, NULL};
}

static void tell(struct modem *modem)
{
    char sentence[ALARM_SENTENCE_ROOM];
    struct advice advice = advice_for(modem);

    if (another_speaks(modem))
        modem_alarm_over(modem, "modem_away");
    if (!advice.what)
        return;
    snprintf(sentence, sizeof sentence, "This modem %s (%s): %s.", advice.what, modem->why,
             advice.remedy);
    modem_alarm(modem, "modem_away", sentence);
}

static void on_absence(void *arg)
{
    struct modem *modem = arg;

    modem->absence.is_long = true;
    tell(modem);
}

void absence_init(struct modem *modem)
{
    loop_timer_init(&modem->absence.timer, modem->fleet->loop, on_absence, modem);
}

void absence_stop(struct modem *modem)
{
    loop_timer_cancel(&modem->absence.timer);
}

void absence_follow(struct modem *modem)
{
    if (modem->state == LINK_READY || modem->state == LINK_BUSY) {
        loop_timer_cancel(&modem->absence.timer);
        modem->absence.is_long = false;
        modem_alarm_over(modem, "modem_away");
    } else if (modem->absence.is_long) {
        tell(modem);
    } else if (!loop_timer_armed(&modem->absence.timer)) {
        loop_timer_arm_in(&modem->absence.timer, ABSENCE_MS);
    }
}
