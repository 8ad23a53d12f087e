/* reports: delivery reports. */
#ifndef OTPGATE_REPORTS_H
#define OTPGATE_REPORTS_H

#include <stdbool.h>
#include <stdint.h>
#include "pdu_decode.h"
#include "store.h"

struct gateway;

/* A report that nobody waits for yet: it may be faster than our own +CMGS. */
struct early_report {
    struct gateway *gateway;
    int64_t came_ms, until_ms; /* until 0: free */
    uint64_t number;           /* in the order in which they came */
    int64_t again_ms; /* its attempt is known, the disk failed: then it is tried again; 0: not */
    bool written;     /* inside the open transaction */
    char iccid[23];
    struct pdu_report report;
    struct store_waiter waiter;
};
enum { EARLY_REPORTS = 64 };

struct reports {
    struct early_report early[EARLY_REPORTS];
    uint64_t count; /* of those that came early, since start */
    struct loop_timer timer;
};

void reports_init(struct gateway *gateway);
void reports_stop(struct gateway *gateway);
/* Inside the transaction. 0/-errno */
int reports_take(struct gateway *gateway, const char *iccid, const struct pdu_report *report);
/* An attempt of this SIM has got its reference: a report that came before may be its. */
void reports_look_again(struct gateway *gateway, const char *iccid);

#endif
