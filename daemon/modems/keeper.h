/* keeper: which modem keeps which SIM, and until when.
 *
 * A modem keeps the SIM that it has, or had and has told of no other since (it hangs, it starts
 * anew). Where it is away, or its SIM does not work, it keeps it for evidence_wait_s. One that is
 * new (a restart, a reload) and does not know its SIM yet may have any: for a minute. */
#ifndef OTPGATE_KEEPER_H
#define OTPGATE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

struct fleet;
struct modem;

struct keeper {
    char had_iccid[23];       /* the last SIM that it has told of */
    int64_t born_ms, away_ms; /* since when it is known, and since when its SIM is away, or was */
    bool card_out;            /* its SIM does not work, and it says so */
};

void keeper_follow(struct modem *modem); /* the link has told its state */
/* Until when some modem keeps the SIM: 0 none does, INT64_MAX no end is known. */
int64_t sim_kept_until(const struct fleet *fleet, const char *iccid);

#endif
