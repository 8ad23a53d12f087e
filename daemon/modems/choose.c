/* choose: which modem sends. Of those that are ready, not held, with a free window, inside their
 * pacing (modem_is_free) and their budget (modem_due):
 *
 *   1. one that was taken out and may be tried with one message (suspect.c)
 *   2. the lowest penalty
 *   3. on the network that the recipient's prefix belongs to (a hint: numbers are portable)
 *   4. the least used today
 */
#include "choose.h"

#include <string.h>
#include "carriers.h"
#include "fleet.h"
#include "modem.h"

/* Penalties decay all the time: what differs by less is the same. */
static int penalty_step(const struct modem *modem)
{
    return (int)(modem_penalty_now(modem) * 4);
}

static bool goes_before(struct modem *a, struct modem *b)
{
    if (suspect_on_trial(a) != suspect_on_trial(b))
        return suspect_on_trial(a);
    if (penalty_step(a) != penalty_step(b))
        return penalty_step(a) < penalty_step(b);
    return modem_used_today(a) < modem_used_today(b);
}

bool modem_is_free(struct modem *modem)
{
    return modem->link && !modem->retired && !modem->identity.doubt && modem->state == LINK_READY &&
           !modem->moving && (!modem_is_paused(modem) || modem->hold.finishing) &&
           modem->slot == SLOT_FREE && !lease_holds(modem) && modem->ending != ENDING_HELD &&
           loop_now_ms(modem->fleet->loop) >= modem_free_at_ms(modem);
}

void choose_round(struct fleet *fleet)
{
    fleet->round++;
}

void choose_pass_over(struct modem *modem)
{
    modem->round = modem->fleet->round;
}

/* Of those that this round has not passed over. */
static bool may_be_chosen(struct modem *modem)
{
    return modem->round != modem->fleet->round && modem_is_free(modem);
}

struct modem *choose_modem(struct fleet *fleet)
{
    struct modem *best = NULL;

    for (struct modem *modem = fleet->modems; modem; modem = modem->next)
        if (may_be_chosen(modem) && (!best || goes_before(modem, best)))
            best = modem;
    return best;
}

static bool same_network(const struct modem *modem, const struct carrier *carrier)
{
    const struct carriers *carriers = modem->fleet->config->carriers;

    return carriers_same_network(carriers, carriers_of_imsi(carriers, modem->link->identity.imsi),
                                 carrier);
}

struct modem *choose_for(struct modem *first, const struct message *message)
{
    struct fleet *fleet = first->fleet;
    const struct carrier *carrier = carriers_of_number(fleet->config->carriers, message->to);
    struct modem *best = first;

    if (!carrier || message->pin[0] || suspect_on_trial(first) || same_network(first, carrier))
        return first;
    for (struct modem *modem = fleet->modems; modem; modem = modem->next) {
        if (!may_be_chosen(modem) || modem_is_paused(modem) ||
            penalty_step(modem) != penalty_step(first) || !same_network(modem, carrier) ||
            strcmp(modem_sim(modem), message->avoid) == 0 ||
            budget_left(modem) < message->parts - message->parts_done)
            continue;
        if (best == first || modem_used_today(modem) < modem_used_today(best))
            best = modem;
    }
    return best;
}
