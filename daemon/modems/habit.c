/* habit: what a modem has taught, kept over restarts. Its link learns and tells; it knows no disk.
 */
#include "habit.h"

#include <string.h>
#include "fleet.h"
#include "identity.h"
#include "log.h"
#include "modem.h"
#include "store_habit.h"
#include "text.h"

static void complain(const struct modem *modem, const char *what, int rc)
{
    log_event(LOG_LEVEL_ERROR, "fleet", modem->config.name, what, "error=\"%s\"", strerror(-rc));
}

void habit_recall(struct modem *modem)
{
    const struct link_identity *is = &modem->link->identity;
    enum ussd_form form;

    if (!modem_is_known(modem) || (strcmp(modem->habit.imei, is->imei) == 0 &&
                                   strcmp(modem->habit.revision, is->revision) == 0))
        return;
    text_copy(modem->habit.imei, sizeof modem->habit.imei, is->imei);
    text_copy(modem->habit.revision, sizeof modem->habit.revision, is->revision);
    int rc = store_habit_get(modem->fleet->store, is->imei, is->revision, &form);
    if (rc < 0)
        complain(modem, "habit_unknown", rc); /* it is learnt anew */
    else if (rc == 1)
        link_ussd_form(modem->link, form);
}

void habit_learn(struct modem *modem, enum ussd_form form)
{
    const struct link_identity *is = &modem->link->identity;
    int rc = store_habit_set(modem->fleet->store, is->imei, is->revision, form);

    if (rc < 0)
        complain(modem, "habit_not_kept", rc);
}
