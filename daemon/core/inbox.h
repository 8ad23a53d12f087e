/* inbox: what comes from the air. */
#ifndef OTPGATE_INBOX_H
#define OTPGATE_INBOX_H

#include "link.h"
#include "loop.h"

struct gateway;
struct modem;
struct taking;

struct intake {
    struct taking *takings; /* TPDUs whose modems wait to hear that they are on disk */
    struct loop_timer sets; /* unfinished sets are given up */
    int64_t displaced;      /* sets that gave way to another text for one of their parts */
};

void inbox_init(struct gateway *gateway);
void inbox_stop(struct gateway *gateway);
void inbox_take(struct modem *modem, const struct link_inbound *inbound);
void inbox_forget(struct modem *modem); /* its link is closed: no answers to it any more */

#endif
