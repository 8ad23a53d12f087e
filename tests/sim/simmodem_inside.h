/* simmodem_inside: what the rooms of the modem share: simmodem.c (power, modes, input),
 * sim_output.c (what it says, faults), sim_command.c (the command line and the general commands),
 * sim_command_sms.c. Nobody else. */
#ifndef SIMMODEM_INSIDE_H
#define SIMMODEM_INSIDE_H

#include "sim_store.h"
#include "simmodem.h"

enum sim_mode { SIM_LINE, SIM_PROMPT, SIM_BUSY };
enum sim_power { SIM_OFF, SIM_BOOTING, SIM_RUNNING };
enum { SIM_LINE_ROOM = 600, SIM_BODY_ROOM = 1024, SIM_BACKLOG_ROOM = 2048, SIM_PIN_TRIES = 3 };

/* What the host sets; all of it is lost at a reset. */
struct sim_settings {
    int echo, quiet, verbose, cmee, cmgf, csms, cmms, cusd, creg, cgreg, cereg, csdh, crc, clip,
        cfun, cops_format, sm20, noise, told_port;
    int cnmi[5];
    int mem[3]; /* enum sim_memory_kind */
    char cscs[16];
};

struct simmodem {
    struct simnet_station station; /* first: the station's ops come back with it */
    struct simnet *net;
    const struct sim_profile *profile;
    struct simmodem_host host;
    void *ctx;
    int index;
    char imei[16], imsi[16], iccid[21], smsc[SIM_NUMBER];
    const char *operator_;

    enum sim_power power;
    bool plugged, hung, ready, on_air, closing, opening;
    struct sim_settings settings;
    int stat[3]; /* of CREG, CGREG, CEREG when on the air */
    enum simmodem_sim sim;
    int pin_left;
    simmodem_beside_fn *beside;
    int port;                    /* of its ports the host's: 0 PC UI, AT; 1 modem; 2 UART */
    unsigned habits, habit_turn; /* SIM_HABIT_ECHO_STAYS | ...; lines said since */
    bool pin_enabled;            /* asked for again after each start */
    uint8_t mr;                  /* of the next submit; survives resets, as in EF_SMSS */
    struct sim_memory memory[SIM_MEMORIES];
    uint8_t unacked[SIM_TPDU]; /* a +CMT that waits for its AT+CNMA */
    size_t unacked_len;
    bool unacked_report;

    enum sim_mode mode;
    char line[SIM_LINE_ROOM];
    size_t line_len;
    bool line_overrun;
    char body[SIM_BODY_ROOM];
    size_t body_len;
    bool body_overrun, body_early;
    unsigned cmgs_len;        /* PDU mode */
    char cmgs_to[SIM_NUMBER]; /* text mode */
    bool prompt_out;          /* the prompt has been handed to the host */
    bool after_ctrl_z, gave_up;
    int64_t pending_since_ms;
    uint64_t submit_id; /* 0: none under way */
    char backlog[SIM_BACKLOG_ROOM];
    size_t backlog_len;

    char *out;
    size_t out_len, out_room;
    bool hold; /* output pauses */
    char *urc; /* kept while a prompt is open */
    size_t urc_len, urc_room;

    bool dialogue, mute;
    unsigned dialogue_bytes;
    struct simmodem_trigger trigger[SIMMODEM_TRIGGERS];
    unsigned triggers;
    int64_t patience_command_ms, patience_cmgs_ms;
    struct sim_timer boot_timer, ready_timer, register_timer, hold_timer, unhang_timer,
        replug_timer, noise_timer, later_timer, ack_timer, card_timer;
    struct simnet_ussd ussd[SIMMODEM_USSDS];
    unsigned ussds;
    enum simmodem_ussd_form ussd_form;
    struct simnet_ussd ussd_answer; /* on its way while the timer runs */
    bool ussd_menu;                 /* the last answer left its session open */
    struct sim_timer ussd_timer;
    unsigned noise_next;
    struct simmodem_stats stats;
};

/* What a command comes to. */
enum sim_result_kind { SIM_OK, SIM_ERROR, SIM_CME, SIM_CMS, SIM_PROMPTED, SIM_QUIET, SIM_LATER };
struct sim_result {
    enum sim_result_kind kind;
    int code; /* of CME and CMS; milliseconds of LATER, which then is an OK */
};

/* sim_output.c: what the modem says, and the faults that strike there. */
void sim_emit(struct simmodem *modem, const char *bytes, size_t len);
void sim_flush(struct simmodem *modem); /* hands the output to the host */
void sim_dialogue_begin(struct simmodem *modem);
void sim_dialogue_end(struct simmodem *modem);
void sim_fire(struct simmodem *modem, enum simmodem_point point, const char *line);
void sim_unhold(void *arg);
void sim_say_final(struct simmodem *modem, const char *line);
void sim_say(struct simmodem *modem, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An unsolicited line; kept back while a prompt is open. */
void sim_urc(struct simmodem *modem, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_urcs_release(struct simmodem *modem);

/* simmodem.c */
void sim_leave(struct simmodem *modem); /* the end of every call into the modem */
void sim_unhang(void *arg);
void sim_drop_port(struct simmodem *modem, int64_t back_ms);
void sim_violate(struct simmodem *modem, enum simmodem_violation violation, const char *line);
void sim_tell(struct simmodem *modem, enum sim_event_kind kind, const char *line, int value);
void sim_register_later(struct simmodem *modem);
void sim_off_air(struct simmodem *modem);
bool sim_has_service(const struct simmodem *modem);
int sim_stat(const struct simmodem *modem, int domain);

static inline bool sim_has(const struct simmodem *modem, unsigned habit)
{
    return modem->habits & habit;
}

/* The echo is on, or will not go off. */
static inline bool sim_echoes(const struct simmodem *modem)
{
    return modem->settings.echo || sim_has(modem, SIM_HABIT_ECHO_STAYS);
}

/* sim_card.c: how the SIM stands, and AT+CPIN. */
const char *sim_card_line(const struct simmodem *modem); /* "+CPIN: READY" */
void sim_card_ready(void *arg);                          /* the PIN has taken effect */

/* sim_command.c: one command line, AT stripped. Says the information lines and returns the result.
 */
struct sim_result sim_command_run(struct simmodem *modem, const char *line);
/* Integers between commas, -1 for an empty place; their number, or -1 where there is anything else.
 */
int sim_args_ints(const char *args, int *out, int room);
/* The n-th argument without its quotes; false where there is none or it does not fit. */
bool sim_args_string(const char *args, int n, char *out, size_t room);
/* How the SIM stands, as the error every command gives; SIM_OK where it is ready. */
struct sim_result sim_card_check(const struct simmodem *modem, enum sim_result_kind space);

/* sim_ussd.c: AT+CUSD with arguments; its timer; a session that ends. */
struct sim_result sim_ussd_set(struct simmodem *modem, const char *args);
void sim_ussd_answer(void *arg);
void sim_ussd_forget(struct simmodem *modem);

/* sim_command_sms.c */
enum sim_form { SIM_EXEC = 1, SIM_READ = 2, SIM_TEST = 4, SIM_SET = 8 };
struct sim_command {
    const char *name;
    unsigned families; /* 0: every modem */
    unsigned forms;
    struct sim_result (*run)(struct simmodem *, enum sim_form, const char *args);
    const char *test; /* answer to =?; NULL: just OK */
};
struct sim_result sim_card_pin(struct simmodem *modem, enum sim_form form, const char *args);
extern const struct sim_command sim_sms_commands[];
extern const size_t sim_sms_command_count;
/* The text at the prompt is whole. SIM_QUIET: the answer comes from the network. */
struct sim_result sim_sms_body(struct simmodem *modem);
/* Station ops: what the network brings. */
bool sim_sms_deliver(struct simnet_station *station, const uint8_t *tpdu, size_t len);
bool sim_sms_report(struct simnet_station *station, const uint8_t *tpdu, size_t len);
void sim_sms_ack_timeout(void *arg);

#endif
