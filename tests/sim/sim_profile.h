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

/* What firmware does that no standard asks for: some makes from birth, any modem when it is told to
 * (simmodem_habits_set). */
enum {
    SIM_HABIT_ECHO_STAYS = 1 << 0, /* ATE0 says OK and changes nothing */
    SIM_HABIT_GLUES = 1 << 1,      /* now and then a notice without its end runs into an answer */
    SIM_HABIT_LOSES_OK = 1 << 2,   /* now and then the OK behind an answer does not come */
    SIM_HABIT_ICCID_SWAPPED = 1 << 3,  /* nibbles as they lie in the SIM */
    SIM_HABIT_CR_ONLY = 1 << 4,        /* lines end with CR alone and do not begin with one */
    SIM_HABIT_BARE_AT_SILENT = 1 << 5, /* no answer to "AT" */
    SIM_HABIT_ANSWERS_WHILE_SENDING = 1 << 6, /* commands are answered while a CMGS is pending */
    SIM_HABIT_FAILED_SEND_OK = 1 << 7,   /* AT^SM20 at its factory default: a failed send says OK */
    SIM_HABIT_RESET_DROPS_PORT = 1 << 8, /* AT+CFUN=1,1 takes the USB device away */
    SIM_HABIT_CPIN_WITHOUT_OK = 1 << 9,
    SIM_HABIT_ICCID_LOCKED = 1 << 10, /* tells no ICCID before the PIN */
    SIM_HABIT_NO_PIN_COUNT = 1 << 11, /* never tells how many attempts are left */
    SIM_HABIT_LOWER_HEX = 1 << 12,
    SIM_HABIT_STORAGE_FULL = 1 << 13, /* no room for what comes; says so if its make does */
};
struct sim_habit {
    const char *name; /* on the control socket */
    unsigned bit;
};
extern const struct sim_habit sim_habits[];
extern const size_t sim_habit_count;

struct sim_profile {
    const char *name;
    unsigned habits; /* SIM_HABIT_ECHO_STAYS | ... */
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
    int pin_busy_ms;       /* "SIM busy" after the right PIN */
    int index_base;        /* of the first storage slot */
    int slots;             /* of the memory "ME" */
    const char *memories;  /* in the order of AT+CPMS=? */
    const char *iccid;     /* the command that tells the ICCID, "+CCID" */
    uint8_t cnmi_max_mode; /* highest <mode> taken */
    uint8_t cnmi_ds;       /* bit n: <ds> n is taken */
    uint8_t cnmi_bm;       /* bit n: <bm> n is taken */
    const char *full;      /* said when a message finds no room; NULL: nothing */
};

extern const struct sim_profile sim_profiles[];
extern const size_t sim_profile_count;
const struct sim_profile *sim_profile_find(const char *name); /* NULL: none */

#endif
