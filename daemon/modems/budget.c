/* budget: how many parts a SIM has sent today, and how many more it may.
 *
 * A message is begun where all its parts fit into what is left: half a message is worth less than
 * none. What has been begun is finished, whatever is left: a part that is sent twice may go over.
 *
 * The day is that of the wall clock, which may be set at any time: so nothing is remembered of it
 * but the count and the day it is of, and both are held against the clock whenever somebody asks.
 * What waits for midnight is woken then, and when the clock was set. */
#include "budget.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "text.h"

enum { COUNT_AGAIN_MS = 1000 };

/* Midnight before and after `wall_ms` in the gateway's time zone (TZ is set once, by main). */
static void day_bounds(int64_t wall_ms, int64_t *start_ms, int64_t *end_ms)
{
    time_t now = (time_t)(wall_ms / 1000);
    struct tm day;

    localtime_r(&now, &day);
    day.tm_hour = day.tm_min = day.tm_sec = 0;
    day.tm_isdst = -1;
    *start_ms = (int64_t)mktime(&day) * 1000;
    day.tm_mday++;
    day.tm_isdst = -1;
    *end_ms = (int64_t)mktime(&day) * 1000;
}

/* When the day ends, by the loop's clock. */
static int64_t day_end_ms(const struct fleet *fleet)
{
    int64_t wall_ms = loop_wall_ms(fleet->loop), start_ms, end_ms;

    day_bounds(wall_ms, &start_ms, &end_ms);
    return loop_now_ms(fleet->loop) + end_ms - wall_ms;
}

/* --- the count -----------------------------------------------------------------------------------
 */

static bool is_counted(const struct modem *modem)
{
    int64_t wall_ms = loop_wall_ms(modem->fleet->loop);

    return wall_ms >= modem->budget.start_wall_ms && wall_ms < modem->budget.end_wall_ms &&
           strcmp(modem_sim(modem), modem->budget.iccid) == 0;
}

/* Counts anew on disk when the day or the SIM is another than the counter's: then true. Where the
 * disk does not tell, it stays uncounted, and is asked again. */
static bool budget_refresh(struct modem *modem)
{
    struct fleet *fleet = modem->fleet;
    const char *iccid = modem_sim(modem);

    if (is_counted(modem))
        return false;
    day_bounds(loop_wall_ms(fleet->loop), &modem->budget.start_wall_ms, &modem->budget.end_wall_ms);
    text_copy(modem->budget.iccid, sizeof modem->budget.iccid, iccid);
    modem->budget.today = (struct store_day){0};
    int rc = store_attempts_day(fleet->store, iccid, modem->budget.start_wall_ms,
                                modem->budget.end_wall_ms, &modem->budget.today);
    if (rc < 0) {
        modem->budget.end_wall_ms = 0;
        if (!modem->budget.unknown)
            log_event(LOG_LEVEL_ERROR, "budget", modem->config.name, "unknown", "errno=%d", -rc);
        loop_timer_arm_in(&fleet->day_timer, COUNT_AGAIN_MS);
    }
    modem->budget.unknown = rc < 0;
    return true;
}

void modem_count_part(struct modem *modem)
{
    if (!budget_refresh(modem)) /* else it was counted just now, with the rest */
        modem->budget.today.used++;
}

void modem_count_outcome(struct modem *modem, bool sent)
{
    (void)budget_refresh(modem);
    *(sent ? &modem->budget.today.sent : &modem->budget.today.failed) += 1;
}

int64_t modem_used_today(struct modem *modem)
{
    (void)budget_refresh(modem);
    return modem->budget.today.used;
}

/* --- what is left of it --------------------------------------------------------------------------
 */

int budget_left(struct modem *modem)
{
    if (modem->config.daily_budget == 0)
        return INT_MAX;
    (void)budget_refresh(modem);
    if (!is_counted(modem) || modem->budget.today.used >= modem->config.daily_budget)
        return 0;
    return modem->config.daily_budget - (int)modem->budget.today.used;
}

bool budget_before(struct modem *modem, int parts, int64_t until_ms)
{
    return budget_left(modem) >= parts ||
           (modem->config.daily_budget >= parts && day_end_ms(modem->fleet) < until_ms);
}

/* --- another day ---------------------------------------------------------------------------------
 */

/* Midnight, or the clock was set: it may be another day for those that had nothing left. */
static void on_day(void *arg)
{
    struct fleet *fleet = arg;

    loop_timer_arm(&fleet->day_timer, day_end_ms(fleet));
    fleet_kick(fleet);
}

void budget_init(struct fleet *fleet)
{
    loop_timer_init(&fleet->day_timer, fleet->loop, on_day, fleet);
    loop_timer_arm(&fleet->day_timer, day_end_ms(fleet));
    loop_on_wall_set(fleet->loop, on_day, fleet);
}

void budget_stop(struct fleet *fleet)
{
    loop_timer_cancel(&fleet->day_timer);
    loop_on_wall_set(fleet->loop, NULL, NULL);
}
