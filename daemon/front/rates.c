/* rates: sends_per_minute of a role; see roles.h. The generic cell rate algorithm: one number for
 * each uid, the time at which all that was accepted would be worked off at the steady rate. */
#include <stdlib.h>
#include "hall.h"
#include "roles.h"

enum { MINUTE_US = 60 * 1000 * 1000, RATES_MAX = 4096 };

struct rate {
    struct rate *next;
    uid_t uid;
    int64_t due_us; /* all that was accepted is worked off */
};

/* Whose minute is over is forgotten on the way, so that only uids that are at it take memory. */
static struct rate *rate_find(struct rates *rates, int64_t now_us, uid_t uid)
{
    struct rate **at = &rates->first;
    while (*at && (*at)->uid != uid) {
        struct rate *rate = *at;
        if (rate->due_us > now_us) {
            at = &rate->next;
            continue;
        }
        *at = rate->next;
        rates->count--;
        free(rate);
    }
    return *at;
}

int rate_wait_s(struct rates *rates, int64_t now_ms, uid_t uid, int per_minute)
{
    const struct rate *rate = per_minute ? rate_find(rates, now_ms * 1000, uid) : NULL;
    if (!rate)
        return 0;
    int64_t late_us = rate->due_us + MINUTE_US / per_minute - now_ms * 1000 - MINUTE_US;
    return late_us <= 0 ? 0 : (int)((late_us + 999999) / 1000000);
}

void rate_take(struct rates *rates, int64_t now_ms, uid_t uid, int per_minute)
{
    if (per_minute == 0)
        return;
    struct rate *rate = rate_find(rates, now_ms * 1000, uid);
    if (!rate) {
        rate = rates->count < RATES_MAX ? calloc(1, sizeof *rate) : NULL;
        if (!rate)
            return; /* no memory: the limit is a courtesy, the message is not */
        rate->uid = uid;
        rate->next = rates->first;
        rates->first = rate;
        rates->count++;
    }
    if (rate->due_us < now_ms * 1000)
        rate->due_us = now_ms * 1000;
    rate->due_us += MINUTE_US / per_minute;
}

void rates_fini(struct rates *rates)
{
    while (rates->first) {
        struct rate *rate = rates->first;
        rates->first = rate->next;
        free(rate);
    }
    rates->count = 0;
}

int rates_wait_s(struct front *front, const struct peer *peer)
{
    return rate_wait_s(&front->rates, loop_now_ms(front->loop), peer->uid, peer->sends_per_minute);
}

void rates_take(struct front *front, const struct peer *peer)
{
    rate_take(&front->rates, loop_now_ms(front->loop), peer->uid, peer->sends_per_minute);
}
