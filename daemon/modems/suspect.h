/* suspect: SIMs that fail, and numbers that fail: what failures say of which. */
#ifndef OTPGATE_SUSPECT_H
#define OTPGATE_SUSPECT_H

#include <stdbool.h>
#include <stdint.h>
#include "loop.h"
#include "outcome.h"
#include "store.h"

struct message;
struct modem;
struct suspect_row;

enum { SUSPECT_RECIPIENTS = 3, SUSPECT_HASH = 8 };
struct suspicion {
    char iccid[23];                   /* of which SIM all this is */
    uint8_t to[SUSPECT_HASH];         /* keyed hash of the number that is sent to now */
    const struct suspect_row *before; /* what another SIM said to that message; NULL: nothing */
    char before_iccid[23];            /* which one */
    const struct suspect_row *row;    /* of the failures in a row; NULL: none */
    unsigned count;                   /* different recipients of theirs */
    uint8_t recipient[SUSPECT_RECIPIENTS][SUSPECT_HASH];
    const struct suspect_row *out; /* why the SIM is taken out; NULL: it is not */
    bool trial;                    /* out, but one message may try it */
    unsigned times;                /* in a row that it was taken out */
    int64_t trial_wall_ms;
    struct loop_timer timer;
    /* An operator lets it back in, which is on its way to the disk: what it was before. */
    struct store_waiter forgiven;
    const struct suspect_row *former_out;
    unsigned former_times;
    int64_t former_trial_wall_ms;
};

void suspect_init(struct modem *modem);
void suspect_stop(struct modem *modem);
void suspect_meet(struct modem *modem); /* its SIM may be another now */
/* What it takes now, and who gets it. */
void suspect_claimed(struct modem *modem, const struct message *message);
void suspect_let_go(struct modem *modem); /* it has nothing under way any more */
struct suspect_finding {
    bool rests; /* where its class lets the modem rest */
    /* the SIM is taken out for it: the message may go elsewhere, whatever the cause */
    bool blames_sim;
};
/* text_left: the modem had been given the text. */
struct suspect_finding suspect_learn(struct modem *modem, const struct sms_outcome *outcome,
                                     bool text_left);
/* Inside the transaction: an operator lets it back in; out again where that is undone. 0/-errno */
int suspect_forgive(struct modem *modem);
bool suspect_is_out(const struct modem *modem);
bool suspect_on_trial(const struct modem *modem); /* out, and one message may try it now */
const char *suspect_words(const struct modem *modem);

#endif
