/* habit: what a modem has taught, kept over restarts. */
#ifndef OTPGATE_HABIT_H
#define OTPGATE_HABIT_H

#include "link.h"

struct modem;

/* Whose habits its link was told. */
struct habit {
    char imei[17], revision[40];
};

void habit_recall(struct modem *modem); /* the link has told its state */
void habit_learn(struct modem *modem, enum ussd_form form);

#endif
