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

static int64_t now_us(const struct front *front)
{
    return loop_now_ms(front->loop) * 1000;
}

/* Whose minute is over is forgotten on the way, so that only uids that send now take memory. */
static struct rate *rate_find(struct front *front, uid_t uid)
{
    struct rate **at = &front->rates.first;
    int64_t now = now_us(front);
    while (*at && (*at)->uid != uid) {
        struct rate *rate = *at;
        if (rate->due_us > now) {
            at = &rate->next;
            continue;
        }
        *at = rate->next;
        front->rates.count--;
        free(rate);
    }
    return *at;
}

static int64_t share_us(const struct peer *peer)
{
    return MINUTE_US / peer->sends_per_minute;
}

int rates_wait_s(struct front *front, const struct peer *peer)
{
    const struct rate *rate = peer->sends_per_minute ? rate_find(front, peer->uid) : NULL;
    if (!rate)
        return 0;
    int64_t late_us = rate->due_us + share_us(peer) - now_us(front) - MINUTE_US;
    return late_us <= 0 ? 0 : (int)((late_us + 999999) / 1000000);
}

void rates_take(struct front *front, const struct peer *peer)
{
    if (peer->sends_per_minute == 0)
        return;
    struct rate *rate = rate_find(front, peer->uid);
    if (!rate) {
        rate = front->rates.count < RATES_MAX ? calloc(1, sizeof *rate) : NULL;
        if (!rate)
            return; /* no memory: the limit is a courtesy, the message is not */
        rate->uid = peer->uid;
        rate->next = front->rates.first;
        front->rates.first = rate;
        front->rates.count++;
    }
    if (rate->due_us < now_us(front))
        rate->due_us = now_us(front);
    rate->due_us += share_us(peer);
}

void rates_fini(struct front *front)
{
    while (front->rates.first) {
        struct rate *rate = front->rates.first;
        front->rates.first = rate->next;
        free(rate);
    }
    front->rates.count = 0;
}
