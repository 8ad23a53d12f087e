/* sim_profile: what makes one make of modem differ from another, as rows. Behaviour was read in
 * manuals, logs and other projects' sources (docs/modems.md), not measured on hardware. */
#ifndef SIM_PROFILE_H
#define SIM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose private commands a modem knows. */
enum {
    SIM_HUAWEI = 1 << 0,
    SIM_ZTE = 1 << 1,
    SIM_SIMCOM = 1 << 2,
    SIM_QUECTEL = 1 << 3,
    SIM_TELIT = 1 << 4,
    SIM_UBLOX = 1 << 5,
    SIM_CINTERION = 1 << 6,
    SIM_AOSP = 1 << 7,
};

struct sim_profile {
    const char *name;
    const char *maker, *model, *revision;
    unsigned families;        /* SIM_HUAWEI, ... */
    const char *const *boot;  /* lines at power-on, NULL ends */
    const char *const *ready; /* lines once SMS works */
    const char *const *noise; /* lines said in turn every noise_ms, until switched off */
    const char *noise_off;    /* the command line that ends the noise; NULL: nothing does */
    const char *noise_stays;  /* said every 20 s even then; NULL: quiet is quiet */
    const char *after_send;   /* said behind each message that was sent; NULL: nothing */
    int boot_ms;              /* from power-on to the first command */
    int ready_ms;             /* from then until SMS works; commands that need it fail before */
    int register_ms;          /* from power-on, or AT+CFUN=1, to registration */
    int noise_ms;
    int pin_busy_ms;            /* "SIM busy" after the right PIN */
    int index_base;             /* of the first storage slot */
    int slots;                  /* of the memory "ME" */
    const char *memories;       /* in the order of AT+CPMS=? */
    const char *iccid;          /* the command that tells the ICCID, "+CCID" */
    uint8_t cnmi_max_mode;      /* highest <mode> taken */
    uint8_t cnmi_ds;            /* bit n: <ds> n is taken */
    uint8_t cnmi_bm;            /* bit n: <bm> n is taken */
    const char *full;           /* said when a message finds no room; NULL: nothing */
    bool iccid_swapped;         /* nibbles as they lie in the SIM */
    bool cr_only;               /* lines end with CR alone and do not begin with one */
    bool bare_at_silent;        /* no answer to "AT" */
    bool answers_while_sending; /* commands are answered while a CMGS is pending */
    bool failed_send_ok;        /* AT^SM20 at its factory default: a failed send says OK */
    bool reset_drops_port;      /* AT+CFUN=1,1 takes the USB device away */
    bool cpin_without_ok;
    bool iccid_locked; /* tells no ICCID before the PIN */
    bool no_pin_count; /* never tells how many attempts are left */
    bool lower_hex;
};

extern const struct sim_profile sim_profiles[];
extern const size_t sim_profile_count;
const struct sim_profile *sim_profile_find(const char *name); /* NULL: none */

#endif
