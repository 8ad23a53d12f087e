/* status: what a delivery report says, TP-ST of 3GPP TS 23.040 clause 9.2.3.15. Pure. */
#ifndef OTPGATE_STATUS_H
#define OTPGATE_STATUS_H

#include <stdint.h>

enum sms_status_class {
    SMS_STATUS_DELIVERED, /* the handset has it */
    SMS_STATUS_ACCEPTED,  /* passed on, the centre cannot say more: no proof, and nothing follows */
    SMS_STATUS_TRYING,    /* not yet; the centre goes on, another report follows */
    SMS_STATUS_FAILED,    /* permanent: the centre has stopped, another SIM would fare no better */
    SMS_STATUS_GAVE_UP,   /* temporary, but the centre has stopped: another way may work */
};

struct sms_status_row {
    uint8_t first, last;
    enum sms_status_class class_;
    const char *name;     /* stable, snake_case */
    const char *sentence; /* for people, in English */
};

const struct sms_status_row *sms_status_find(uint8_t status); /* never NULL */

#endif
