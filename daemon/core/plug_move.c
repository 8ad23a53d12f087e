/* plug_move: on which of its ports a stick is used, and what was learned about its model. A stick
 * that announces what comes on another port than the one we are on is moved there, once its modem
 * has nothing under way; until then, and where no port is better, what comes is found by looking.
 */
#include <string.h>
#include "gateway_internal.h"
#include "log.h"
#include "plug_stick.h"
#include "text.h"

enum { BUSY_MS = 2000 };

/* --- what was learned --- */

void stick_remember(struct stick *stick, int port, bool heard)
{
    struct gateway *gateway = stick->gateway;
    const struct usb_port *is = &stick->port[port];
    unsigned i = 0;

    while (i < SPOKE_MAX &&
           (gateway->spoke[i].vendor != is->vendor || gateway->spoke[i].product != is->product))
        i++;
    if (i == SPOKE_MAX)
        i = gateway->spoke_next++ % SPOKE_MAX;
    else
        heard = heard || (gateway->spoke[i].heard && gateway->spoke[i].interface == is->interface);
    gateway->spoke[i].vendor = is->vendor;
    gateway->spoke[i].product = is->product;
    gateway->spoke[i].interface = is->interface;
    gateway->spoke[i].heard = heard;
}

static bool spoke_before(const struct gateway *gateway, const struct usb_port *port, bool heard)
{
    for (unsigned i = 0; i < SPOKE_MAX; i++)
        if (gateway->spoke[i].vendor == port->vendor && gateway->spoke[i].product == port->product)
            return gateway->spoke[i].interface == port->interface &&
                   (gateway->spoke[i].heard || !heard);
    return false;
}

/* A rule names it for commands, or for nothing. */
static bool may_speak(const struct usb_port *port)
{
    return port->role == USB_ROLE_AT || port->role == USB_ROLE_UNKNOWN;
}

int stick_port_heard(const struct stick *stick)
{
    for (size_t i = 0; i < stick->count; i++)
        if (may_speak(&stick->port[i]) && !stick->tried[i] &&
            spoke_before(stick->gateway, &stick->port[i], true))
            return (int)i;
    return -1;
}

/* Where it is heard; the port that a rule names; of those that none names the one that spoke on
 * this model before, then in the order of interfaces. */
int stick_port_to_ask(const struct stick *stick)
{
    int best = stick_port_heard(stick);

    if (best >= 0)
        return best;
    for (size_t i = 0; i < stick->count; i++)
        if (stick->port[i].role == USB_ROLE_AT)
            return stick->tried[i] ? -1 : (int)i;
    for (size_t i = 0; i < stick->count; i++) {
        if (stick->port[i].role != USB_ROLE_UNKNOWN || stick->tried[i])
            continue;
        if (best < 0 || spoke_before(stick->gateway, &stick->port[i], false))
            best = (int)i;
    }
    return best;
}

/* --- moving --- */

static void stick_goes(struct stick *stick, int to)
{
    struct modem *modem = stick->modem;
    const struct usb_port *port = &stick->port[to];

    if (modem->state != LINK_READY) { /* busy: what is under way ends on the port it began on */
        loop_timer_arm_in(&stick->again, BUSY_MS);
        return;
    }
    log_event(LOG_LEVEL_NOTICE, "plug", modem->config.name, "moved", "from=%s to=%s interface=%d",
              modem->place, port->node, port->interface);
    stick->at = to;
    stick_remember(stick, to, true);
    text_copy(modem->place, sizeof modem->place, port->node);
    if (link_attach(modem->link, port->node) < 0)
        modem_say(modem, "its port is none");
}

static void on_answer(void *ctx, const struct plug_answer *answer)
{
    struct stick *stick = ctx;

    stick->question = NULL;
    if (!stick->modem) {
        stick_look(stick);
    } else if (answer->err == 0 &&
               plug_same_imei(answer->identity.imei, stick->modem->link->identity.imei)) {
        stick_goes(stick, stick->asked);
    } else {
        stick->tried[stick->asked] = true;
        stick_move(stick);
    }
}

void stick_move(struct stick *stick)
{
    struct gateway *gateway = stick->gateway;
    int next = -1;

    if (stick->question || gateway->stopping || stick->modem->config.port[0])
        return;
    for (size_t i = stick->count; i-- > 0;)
        if (may_speak(&stick->port[i]) && (int)i != stick->at && !stick->tried[i] &&
            !stick->deaf[i])
            next = (int)i;
    if (next < 0) {
        log_event(LOG_LEVEL_NOTICE, "plug", stick->modem->config.name, "stays",
                  "port=%s why=\"%s\"", stick->modem->place,
                  "no other of its ports takes commands");
        return;
    }
    stick->asked = next;
    stick->question =
        gateway->asker.ask(gateway->asker.arg, stick->port[next].node, on_answer, stick);
}

void plug_elsewhere(struct modem *modem)
{
    for (struct stick *stick = modem->gateway->sticks; stick; stick = stick->next)
        if (stick->modem == modem) {
            stick->deaf[stick->at] = true;
            loop_timer_arm_in(&stick->again, 0);
            return;
        }
    log_event(LOG_LEVEL_NOTICE, "plug", modem->config.name, "stays", "port=%s why=\"%s\"",
              modem->place, "its section names this port; another of its stick may be better");
}
