/* plug_move: on which of its ports a stick is used. A stick that announces what comes on another
 * port than the one we are on is moved there, once its modem has nothing under way; where that port
 * takes no commands it is read beside ours, one after the other until something is heard. Where
 * nothing helps, what comes is found by looking. */
#include <string.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "plug_stick.h"
#include "text.h"

static struct stick *stick_of(const struct modem *modem)
{
    struct stick *stick = modem->fleet->plug.sticks;

    while (stick && stick->modem != modem)
        stick = stick->next;
    return stick;
}

void stick_stay(struct stick *stick)
{
    stick->found = -1;
    if (stick->modem)
        stick->modem->moving = false;
}

/* --- moving --- */

/* What is under way ends on the port it began on. Its last state may be old news: a claim takes the
 * modem before its link has said that it is busy. */
static bool is_idle(const struct modem *modem)
{
    return modem->state == LINK_READY && (modem->slot == SLOT_FREE || modem->slot == SLOT_OVER) &&
           !lease_is_open(modem);
}

static void stick_goes(struct stick *stick)
{
    struct modem *modem = stick->modem;
    const struct usb_port *port = &stick->port[stick->found];

    log_event(LOG_LEVEL_NOTICE, "plug", modem->config.name, "moved", "from=%s to=%s interface=%d",
              modem->place, port->node, port->interface);
    stick->at = stick->found;
    stick->found = stick->ear = -1;
    stick_remember(stick, true);
    text_copy(modem->place, sizeof modem->place, port->node);
    if (link_attach(modem->link, port->node) < 0)
        modem_say(modem, "its port is none");
}

void plug_follow(struct modem *modem)
{
    struct stick *stick = modem->moving ? stick_of(modem) : NULL;

    if (!stick)
        return;
    if (stick->found >= 0 && is_idle(modem))
        stick_goes(stick);
    else if (stick->found < 0 && modem->state != LINK_READY)
        modem->moving = false; /* its link has begun anew at the other port */
}

/* --- listening --- */

void stick_listen(struct stick *stick)
{
    int ear = stick_port_ear(stick);

    if (ear >= 0 && link_listen(stick->modem->link, stick->port[ear].node) == 0)
        stick->ear = ear;
}

/* The next of those that have not been listened to. */
static bool stick_listens_to_next(struct stick *stick)
{
    for (size_t i = 0; i < stick->count; i++) {
        if (!stick->mute[i] || stick->deaf[i] || (int)i == stick->at)
            continue;
        if (link_listen(stick->modem->link, stick->port[i].node) == 0) {
            stick->ear = (int)i;
            stick_remember(stick, true);
            return true;
        }
        stick->deaf[i] = true;
    }
    return false;
}

/* --- looking for a better port --- */

static void on_answer(void *ctx, const struct plug_answer *answer)
{
    struct stick *stick = ctx;
    struct modem *modem = stick->modem;

    if (answer->err == -EBUSY)
        stick_forget_question(stick);
    stick->question = NULL;
    if (!modem) {
        stick_look(stick);
    } else if (answer->err == 0 && same_imei(answer->identity.imei, modem->link->identity.imei)) {
        stick->found = stick->asked;
        modem->moving = true; /* takes nothing new until it has gone */
        plug_follow(modem);
    } else {
        stick->tried[stick->asked] = true;
        stick->mute[stick->asked] = answer->err == -ETIMEDOUT;
        stick_move(stick);
    }
}

void stick_move(struct stick *stick)
{
    struct fleet *fleet = stick->fleet;
    int next = -1;

    if (stick->question || fleet->stopping || stick->modem->config.port[0])
        return;
    for (size_t i = stick->count; i-- > 0;)
        if (stick_port_may_speak(&stick->port[i]) && (int)i != stick->at && !stick->tried[i] &&
            !stick->deaf[i])
            next = (int)i;
    if (next >= 0) {
        stick->asked = next;
        stick->question =
            fleet->plug.asker.ask(fleet->plug.asker.arg, stick->port[next].node, on_answer, stick);
    } else if (!stick_listens_to_next(stick)) {
        stick_unlearn(stick);
        log_event(LOG_LEVEL_NOTICE, "plug", stick->modem->config.name, "stays",
                  "port=%s why=\"%s\"", stick->modem->place,
                  "on no other of its ports more is heard");
    }
}

void plug_back(struct modem *modem)
{
    struct stick *stick = stick_of(modem);

    (void)link_attach(modem->link, modem->place); /* it was a port before */
    if (!stick)
        return;
    stick->ear = -1;
    stick_listen(stick);
}

void plug_elsewhere(struct modem *modem)
{
    struct stick *stick = stick_of(modem);

    if (!stick) {
        log_event(LOG_LEVEL_NOTICE, "plug", modem->config.name, "stays", "port=%s why=\"%s\"",
                  modem->place, "its section names this port; another of its stick may be better");
        return;
    }
    stick->deaf[stick->at] = true;
    if (stick->ear >= 0)
        stick->deaf[stick->ear] = true;
    loop_timer_arm_in(&stick->again, 0);
}
