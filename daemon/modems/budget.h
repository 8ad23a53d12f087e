/* budget: parts a day. */
#ifndef OTPGATE_BUDGET_H
#define OTPGATE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

struct fleet;
struct modem;

struct budget {
    struct store_day today;             /* parts of this SIM since midnight */
    int64_t start_wall_ms, end_wall_ms; /* of that day; end 0: not counted */
    bool unknown;                       /* the disk did not tell */
    char iccid[23];                     /* of which SIM the counts are */
};

void budget_init(struct fleet *fleet);
void budget_stop(struct fleet *fleet);
void modem_count_part(struct modem *modem); /* one part committed */
void modem_count_outcome(struct modem *modem, bool sent);
int64_t modem_used_today(struct modem *modem);
/* Parts that this SIM may still send today; INT_MAX: no limit. */
int budget_left(struct modem *modem);
/* It may send so many before `until_ms`: today, or on another day. */
bool budget_before(struct modem *modem, int parts, int64_t until_ms);

#endif
