/* pace: when a modem may send next: its pacing, its rests and its penalties; and how long a submit
 * takes it. */
#ifndef OTPGATE_PACE_H
#define OTPGATE_PACE_H

#include <stdint.h>
#include "loop.h"

struct modem;

enum { SUBMIT_FIRST_MS = 2500 }; /* believed of a modem that has sent nothing yet */

/* What a modem rests for, and what ends it before its time. Pacing is none of them: nothing does.
 */
enum rest {
    REST_NETWORK, /* its network, or a link that was not ready: READY, when it was looked for anew
                   */
    REST_FAULT,   /* modem, SIM, or what it says to every message: GONE, for somebody pulled it */
    RESTS,
};

struct pace {
    struct loop_timer timer; /* it is free again */
    int64_t begun_ms;        /* when it took what it has under way, or began a USSD exchange */
    int64_t text_ms;         /* when its text was let go */
    int64_t paced_ms;        /* the same, of the last that left, or may have; 0: none */
    int64_t rest_until_ms[RESTS];
    double penalty; /* decays, see pace.c */
    int64_t penalty_at_ms;
    int64_t service_ms; /* mean time of a submit, claim to outcome; 0: it has sent nothing yet */
};

void pace_init(struct modem *modem);
void pace_stop(struct modem *modem);
/* It takes nothing before `at_ms`. */
void modem_rest(struct modem *modem, enum rest rest, int64_t at_ms);
void modem_rest_over(struct modem *modem, enum rest rest);
/* When neither its pacing nor a rest is in the way. */
int64_t modem_free_at_ms(const struct modem *modem);
/* The timer for that moment; min_interval_ms or a rest may be another. */
void pace_arm(struct modem *modem);
/* It begins with something. */
void pace_begin(struct modem *modem);
/* A text has left it, or may have: min_interval_ms counts from when it was let go. */
void modem_pace(struct modem *modem);
double modem_penalty_now(const struct modem *modem);
void modem_punish(struct modem *modem, double penalty, const char *why);
/* It has sent, and a submit took so long. */
void modem_served(struct modem *modem, int64_t took_ms);
/* Mean time of a submit, without and with its pacing. */
int64_t modem_submit_ms(const struct modem *modem);
int64_t modem_service_ms(const struct modem *modem);

#endif
