/* at_elsewhere: a modem with several ports may announce what comes on another one than ours, and
 * take commands on both. Then nothing is lost, for the keepalive's sweep finds it, but an answer is
 * late by up to a minute, and a report that is not stored is never seen. Seen by what a sweep finds
 * where no notice has come since the start; a notice that was only late has had a whole keepalive.
 * First the modem is told to announce here, then the owner that another port may be better. */
#include "at_modem.h"
#include "log.h"

static unsigned commands_of(const struct at_link *l)
{
    unsigned count = 0;
    while (count < AT_ANNOUNCE_COMMANDS && l->quirks->announce[count])
        count++;
    return count;
}

const char *at_elsewhere_command(const struct at_link *l)
{
    unsigned count = commands_of(l);
    return count ? l->quirks->announce[l->announce % count] : NULL;
}

void at_elsewhere_start(struct at_link *l)
{
    l->receive.told_here = l->receive.inspected = l->receive.elsewhere_said = false;
    l->receive.untold = 0;
}

void at_elsewhere_noticed(struct at_link *l)
{
    l->receive.told_here = true;
    l->announce_tried = 0;
}

void at_elsewhere_found(struct at_link *l)
{
    if (l->receive.inspected)
        l->receive.untold++;
}

bool at_elsewhere_turn(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    bool elsewhere = r->untold > 0 && !r->told_here && r->cnmi_set && !r->cnmi_changed;
    r->inspected = true;
    r->untold = 0;
    if (!elsewhere || r->elsewhere_said)
        return false;
    if (l->announce_tried + 1 < commands_of(l)) {
        l->announce_tried++;
        l->announce++;
        log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "told-elsewhere", "try=%s",
                  at_elsewhere_command(l));
        return true;
    }
    r->elsewhere_said = true;
    log_event(LOG_LEVEL_WARNING, "at", l->link.name, "told-elsewhere",
              "why=\"what comes is announced on another of its ports\" looked_every_s=%d",
              (int)(l->keepalive_ms / 1000));
    bool back = l->announce != 0; /* it may have been right all the time: a notice that got lost */
    l->announce = 0;
    at_link_tell_elsewhere(l);
    return back;
}
