/* simmodem: one simulated modem on the simulated network. No I/O and no clock of its own: the
 * host's bytes come in by simmodem_input(), the modem's go out through the callbacks, time passes
 * by simnet_advance(). Any bytes may come in; what a well-behaved host never does is counted.
 *
 *   LINE --AT+CMGS--> PROMPT --Ctrl-Z--> BUSY --answer of the network--> LINE
 *                        \--ESC--> LINE
 *
 * Callbacks are called at the end of a call into the modem or out of simnet_advance(); they must
 * not call the modem back. */
#ifndef SIMMODEM_H
#define SIMMODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sim_profile.h"
#include "simnet.h"

struct simmodem;
struct simmodem_host {
    void (*output)(void *ctx, const uint8_t *bytes, size_t len);
    void (*closed)(void *ctx); /* the port is gone; what was output before it still arrives */
    void (*opened)(void *ctx); /* the port is there again */
};
struct simmodem_config {
    const struct sim_profile *profile;
    int index;           /* names the SIM and the IMEI too */
    const char *number;  /* NULL: +84981000000 and so on, by index */
    const char *carrier; /* a name of sim_carrier.h; NULL: one of the three largest, by index */
};

/* Plugged, booted and registered. */
struct simmodem *simmodem_new(struct simnet *net, const struct simmodem_config *config,
                              const struct simmodem_host *host, void *ctx);
void simmodem_free(struct simmodem *modem);
void simmodem_input(struct simmodem *modem, const void *bytes, size_t len);

const char *simmodem_number(const struct simmodem *modem);
const char *simmodem_mcc_mnc(const struct simmodem *modem); /* of its SIM */
const char *simmodem_iccid(const struct simmodem *modem);
/* Somebody put another SIM in: 18 to 20 digits, else false. Its number stays. */
bool simmodem_iccid_set(struct simmodem *modem, const char *iccid);
const struct sim_profile *simmodem_profile(const struct simmodem *modem);
bool simmodem_plugged(const struct simmodem *modem);
/* For simnet_plan() and simnet_plan_reports(). */
struct simnet_station *simmodem_station(struct simmodem *modem);

/* --- what may befall it --- */

void simmodem_unplug(struct simmodem *modem);
void simmodem_replug(struct simmodem *modem);
void simmodem_reset(struct simmodem *modem); /* as AT+CFUN=1,1 */
void simmodem_hang(struct simmodem *modem);  /* deaf and dumb until unhung, reset or replugged */
void simmodem_unhang(struct simmodem *modem);
/* <stat> of 3GPP TS 27.007 clause 7.2, from now on; `domains`: SIMMODEM_CREG | ... */
enum { SIMMODEM_CREG = 1, SIMMODEM_CGREG = 2, SIMMODEM_CEREG = 4, SIMMODEM_ALL_DOMAINS = 7 };
void simmodem_registration_set(struct simmodem *modem, unsigned domains, int stat);
/* These habits (SIM_HABIT_... joined by |) from now on, or no more; kept over resets. */
void simmodem_habits_set(struct simmodem *modem, unsigned habits, bool on);
unsigned simmodem_habits(const struct simmodem *modem);
/* The host is on its second port (1), or third: what comes unasked goes to the first (0), until
 * ^PORTSEL or +QURCCFG changes that; other makes have no such command. */
void simmodem_port_set(struct simmodem *modem, int port);
/* Hears what comes unasked on that other port; NULL: nobody does. */
typedef void simmodem_beside_fn(void *ctx, const uint8_t *bytes, size_t len);
void simmodem_beside_set(struct simmodem *modem, simmodem_beside_fn *fn);
enum simmodem_sim {
    SIMMODEM_SIM_READY,
    SIMMODEM_SIM_PIN, /* wants "1234"; three wrong ones and it is PUK */
    SIMMODEM_SIM_PUK,
    SIMMODEM_SIM_BUSY,
    SIMMODEM_SIM_ABSENT,
    SIMMODEM_SIM_FAILURE,
};
/* Kept over resets; one that asked for its PIN asks again after each. */
void simmodem_sim_set(struct simmodem *modem, enum simmodem_sim sim);
void simmodem_pin_left_set(struct simmodem *modem, int left); /* attempts at its PIN */

enum { SIMMODEM_USSDS = 16 };
/* How this modem's network answers a code, before the network's own service is asked. False: there
 * are as many as it holds. A code that is known is answered anew. */
bool simmodem_ussd_set(struct simmodem *modem, const struct simnet_ussd *answer);
/* How its firmware reads and writes the strings of USSD; the only form that it takes. */
enum simmodem_ussd_form { SIMMODEM_USSD_AS_MADE, SIMMODEM_USSD_PLAIN, SIMMODEM_USSD_PACKED };
void simmodem_ussd_form(struct simmodem *modem, enum simmodem_ussd_form form);

/* A trigger waits for its point and then does one thing, once. The dialogue is what the modem
 * sends from the CMGS command on to its final result; byte n strikes when n bytes of it are out. A
 * byte trigger that its dialogue did not reach is dropped and told as "missed". */
enum simmodem_point {
    SIMMODEM_NOW,
    SIMMODEM_AT_BYTE,    /* of the next dialogue */
    SIMMODEM_AT_PROMPT,  /* right behind the prompt */
    SIMMODEM_AT_BODY,    /* the Ctrl-Z has come, nothing is answered yet */
    SIMMODEM_AT_RESULT,  /* right before the result of the CMGS */
    SIMMODEM_AT_OK,      /* between +CMGS: and its OK */
    SIMMODEM_AT_COMMAND, /* before the answer to the next command line that starts with `match` */
};
enum simmodem_action {
    SIMMODEM_HANG,    /* for `ms`, 0: until unhung */
    SIMMODEM_MUTE,    /* the rest of this command's answer is lost; then all is well */
    SIMMODEM_CLOSE,   /* the port goes; it comes back after `ms`, 0: when replugged */
    SIMMODEM_GARBAGE, /* `bytes`, or sixteen of the seed's */
    SIMMODEM_DELAY,   /* the output pauses for `ms` */
    SIMMODEM_SAY,     /* `bytes` as they are */
};
enum { SIMMODEM_BYTES = 600, SIMMODEM_TRIGGERS = 32 };
struct simmodem_trigger {
    enum simmodem_point point;
    enum simmodem_action action;
    unsigned byte;
    char match[24];
    int64_t ms;
    size_t len;
    char bytes[SIMMODEM_BYTES];
};
/* False: too many wait. SIMMODEM_NOW is done at once. */
bool simmodem_trigger(struct simmodem *modem, const struct simmodem_trigger *trigger)
    __attribute__((warn_unused_result));
/* A SAY trigger for one line, with the line ends this modem uses around it (unless `raw`). */
bool simmodem_say_trigger(struct simmodem *modem, enum simmodem_point point, const char *line,
                          bool raw, struct simmodem_trigger *out);
void simmodem_triggers_clear(struct simmodem *modem);

/* --- what the host did --- */

enum simmodem_violation {
    SIMMODEM_COMMAND_WHILE_PENDING, /* before the one under way had its time (see patience) */
    SIMMODEM_CTRL_Z_WITHOUT_PROMPT,
    SIMMODEM_LINE_END_AFTER_CTRL_Z,
    SIMMODEM_TEXT_BEFORE_PROMPT,
    SIMMODEM_WRONG_LENGTH, /* AT+CMGS=n is not the TPDU's length */
    SIMMODEM_WRONG_PDU,    /* cannot be decoded, or its text is broken */
    SIMMODEM_NOT_AT,       /* a line that is no command */
    SIMMODEM_TOO_LONG,
};
enum { SIMMODEM_VIOLATIONS = SIMMODEM_TOO_LONG + 1 };
const char *simmodem_violation_name(enum simmodem_violation violation);

struct simmodem_stats {
    uint64_t commands, prompts, escapes, submits, bytes_in, bytes_out, faults, missed, boots;
    uint64_t violations, violation[SIMMODEM_VIOLATIONS];
    uint64_t busy_ms; /* from Ctrl-Z to the result, added up */
};
const struct simmodem_stats *simmodem_stats(const struct simmodem *modem);
/* The memory that receives has no room left. */
bool simmodem_storage_full(const struct simmodem *modem);
/* How long a host must have waited before it may speak over a pending command: `command_ms`
 * (default 2000), over a pending CMGS `cmgs_ms` (default 110000). */
void simmodem_patience_set(struct simmodem *modem, int64_t command_ms, int64_t cmgs_ms);

#endif
