/* sim_carrier: the carriers of the simulated network, as rows: whose SIM it is, and how it asks
 * 1414 and for its credit. SYNTHETIC where no carrier publishes it, which is nearly everywhere. */
#ifndef SIM_CARRIER_H
#define SIM_CARRIER_H

#include <stddef.h>

struct sim_carrier {
    const char *name;    /* as in carriers.ini */
    const char *title;   /* as +COPS shows it */
    const char *mcc_mnc; /* five digits */
    const char *smsc;
    const char *keyword;      /* to 1414; NULL: nobody knows */
    const char *record_code;  /* USSD that tells the same; NULL: none */
    const char *balance_code; /* USSD of the credit; NULL: none */
    const char *balance;      /* %s amount with its dots, %s the day it ends */
    const char *layout;       /* of its record, see sim_record.h */
    const char *tail;         /* of its refusals */
};
extern const struct sim_carrier sim_carriers[];
extern const size_t sim_carrier_count;
/* Each NULL: none. */
const struct sim_carrier *sim_carrier_find(const char *name);
const struct sim_carrier *sim_carrier_of(const char *mcc_mnc);

#endif
