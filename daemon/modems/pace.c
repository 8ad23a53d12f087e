/* pace: see pace.h. A rest ends at its time, or before it by what shows that it is over. */
#include "pace.h"

#include <math.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "text.h"

enum { PENALTY_HALF_MS = 60 * 1000 }; /* a penalty halves in this time */

int64_t modem_free_at_ms(const struct modem *modem)
{
    const struct pace *pace = &modem->pace;
    int64_t at_ms = pace->paced_ms ? pace->paced_ms + modem->config.min_interval_ms : 0;

    for (int rest = 0; rest < RESTS; rest++)
        if (pace->rest_until_ms[rest] > at_ms)
            at_ms = pace->rest_until_ms[rest];
    return at_ms;
}

/* What waits for it is claimed then. */
void pace_arm(struct modem *modem)
{
    int64_t at_ms = modem_free_at_ms(modem);

    if (at_ms > loop_now_ms(modem->fleet->loop))
        loop_timer_arm(&modem->pace.timer, at_ms);
}

void modem_rest(struct modem *modem, enum rest rest, int64_t at_ms)
{
    if (at_ms <= modem->pace.rest_until_ms[rest])
        return;
    modem->pace.rest_until_ms[rest] = at_ms;
    pace_arm(modem);
}

void modem_rest_over(struct modem *modem, enum rest rest)
{
    modem->pace.rest_until_ms[rest] = 0;
}

void pace_begin(struct modem *modem)
{
    modem->pace.begun_ms = loop_now_ms(modem->fleet->loop);
}

void modem_pace(struct modem *modem)
{
    modem->pace.paced_ms = modem->pace.text_ms;
    pace_arm(modem);
}

double modem_penalty_now(const struct modem *modem)
{
    int64_t age_ms = loop_now_ms(modem->fleet->loop) - modem->pace.penalty_at_ms;

    if (modem->pace.penalty < 0.01)
        return 0;
    double now = modem->pace.penalty * exp2(-(double)age_ms / PENALTY_HALF_MS);
    return now < 0.01 ? 0 : now;
}

static void penalty_set(struct modem *modem, double penalty)
{
    modem->pace.penalty = penalty;
    modem->pace.penalty_at_ms = loop_now_ms(modem->fleet->loop);
}

void modem_punish(struct modem *modem, double penalty, const char *why)
{
    penalty_set(modem, modem_penalty_now(modem) + penalty);
    text_copy(modem->last_error, sizeof modem->last_error, why);
    log_event(LOG_LEVEL_WARNING, "fleet", modem->config.name, "penalty", "now=%.1f why=%s",
              modem->pace.penalty, why);
}

void modem_served(struct modem *modem, int64_t took_ms)
{
    int64_t mean_ms = modem->pace.service_ms;

    modem->pace.service_ms = mean_ms ? (mean_ms * 7 + took_ms) / 8 : took_ms;
    penalty_set(modem, modem_penalty_now(modem) / 2);
}

int64_t modem_submit_ms(const struct modem *modem)
{
    return modem->pace.service_ms ? modem->pace.service_ms : SUBMIT_FIRST_MS;
}

int64_t modem_service_ms(const struct modem *modem)
{
    int64_t ms = modem_submit_ms(modem);

    return ms > modem->config.min_interval_ms ? ms : modem->config.min_interval_ms;
}

static void on_free(void *arg)
{
    struct modem *modem = arg;

    fleet_kick(modem->fleet);
}

void pace_init(struct modem *modem)
{
    loop_timer_init(&modem->pace.timer, modem->fleet->loop, on_free, modem);
}

void pace_stop(struct modem *modem)
{
    loop_timer_cancel(&modem->pace.timer);
}
