/* simmodem: see simmodem.h. Power, modes and the host's bytes. */
#include "simmodem_inside.h"
#include "sim_carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESC = 0x1b, CTRL_Z = 0x1a, BACKSPACE = 0x08 };

static const char *const violation_names[SIMMODEM_VIOLATIONS] = {
    [SIMMODEM_COMMAND_WHILE_PENDING] = "command_while_pending",
    [SIMMODEM_CTRL_Z_WITHOUT_PROMPT] = "ctrl_z_without_prompt",
    [SIMMODEM_LINE_END_AFTER_CTRL_Z] = "line_end_after_ctrl_z",
    [SIMMODEM_TEXT_BEFORE_PROMPT] = "text_before_prompt",
    [SIMMODEM_WRONG_LENGTH] = "wrong_length",
    [SIMMODEM_WRONG_PDU] = "wrong_pdu",
    [SIMMODEM_NOT_AT] = "not_at",
    [SIMMODEM_TOO_LONG] = "too_long",
};

const char *simmodem_violation_name(enum simmodem_violation violation)
{
    return violation_names[violation];
}

void sim_tell(struct simmodem *modem, enum sim_event_kind kind, const char *line, int value)
{
    simnet_log(modem->net, (struct sim_event){
                               .kind = kind, .modem = modem->index, .line = line, .value = value});
}

void sim_violate(struct simmodem *modem, enum simmodem_violation violation, const char *line)
{
    modem->stats.violation[violation]++;
    modem->stats.violations++;
    simnet_log(modem->net, (struct sim_event){.kind = SIM_EVENT_VIOLATION,
                                              .modem = modem->index,
                                              .line = violation_names[violation],
                                              .text = line,
                                              .value = -1});
}

void sim_leave(struct simmodem *modem)
{
    sim_flush(modem);
    if (modem->closing) {
        modem->closing = false;
        modem->host.closed(modem->ctx);
    }
    if (modem->opening) {
        modem->opening = false;
        modem->host.opened(modem->ctx);
    }
}

/* --- power and radio --- */

bool sim_has_service(const struct simmodem *modem)
{
    for (int i = 0; i < 3; i++) {
        int stat = sim_stat(modem, i);
        if (stat == 1 || stat == 5 || stat == 6 || stat == 7)
            return true;
    }
    return false;
}

int sim_stat(const struct simmodem *modem, int domain)
{
    if (modem->settings.cfun != 1 || modem->sim != SIMMODEM_SIM_READY)
        return 0;
    return modem->on_air ? modem->stat[domain] : 2;
}

static void tell_registration(struct simmodem *modem, unsigned domains)
{
    static const char *const names[] = {"+CREG", "+CGREG", "+CEREG"};
    const int wants[] = {modem->settings.creg, modem->settings.cgreg, modem->settings.cereg};
    for (int i = 0; i < 3; i++) {
        int stat = sim_stat(modem, i);
        if (!(domains >> i & 1))
            continue;
        sim_tell(modem, SIM_EVENT_REGISTRATION, names[i], stat);
        if (wants[i] == 1 || (wants[i] == 2 && stat != 1 && stat != 5))
            sim_urc(modem, "%s: %d", names[i], stat);
        else if (wants[i] == 2)
            sim_urc(modem, "%s: %d,\"1A2B\",\"01C3D4E5\",7", names[i], stat);
    }
}

void sim_off_air(struct simmodem *modem)
{
    sim_timer_cancel(&modem->register_timer);
    if (modem->on_air) {
        modem->on_air = false;
        tell_registration(modem, SIMMODEM_ALL_DOMAINS);
    }
}

void sim_register_later(struct simmodem *modem)
{
    if (!modem->on_air)
        sim_timer_arm(&modem->register_timer,
                      simnet_now_ms(modem->net) + modem->profile->register_ms);
}

static void registered(void *arg)
{
    struct simmodem *modem = arg;
    if (modem->settings.cfun != 1 || modem->sim != SIMMODEM_SIM_READY)
        return;
    modem->on_air = true;
    tell_registration(modem, SIMMODEM_ALL_DOMAINS);
    simnet_station_ready(&modem->station);
    sim_leave(modem);
}

void simmodem_registration_set(struct simmodem *modem, unsigned domains, int stat)
{
    for (int i = 0; i < 3; i++)
        if (domains >> i & 1)
            modem->stat[i] = stat;
    tell_registration(modem, domains);
    if (sim_has_service(modem))
        simnet_station_ready(&modem->station);
    sim_leave(modem);
}

/* What was held back never leaves: a prompt of before must not be seen by a host afterwards. */
static void forget_dialogue(struct simmodem *modem)
{
    if (modem->hold)
        modem->out_len = 0;
    modem->mode = SIM_LINE;
    modem->line_len = modem->body_len = modem->backlog_len = modem->urc_len = 0;
    modem->line_overrun = modem->body_overrun = modem->after_ctrl_z = modem->gave_up = false;
    modem->hold = modem->mute = false;
    modem->submit_id = 0;
    modem->unacked_len = 0;
    sim_timer_cancel(&modem->hold_timer);
    sim_timer_cancel(&modem->later_timer);
    sim_timer_cancel(&modem->ack_timer);
    sim_dialogue_end(modem);
}

static void power_off(struct simmodem *modem)
{
    forget_dialogue(modem);
    sim_ussd_forget(modem);
    modem->power = SIM_OFF;
    modem->ready = modem->on_air = modem->hung = false;
    sim_timer_cancel(&modem->boot_timer);
    sim_timer_cancel(&modem->ready_timer);
    sim_timer_cancel(&modem->register_timer);
    sim_timer_cancel(&modem->unhang_timer);
    sim_timer_cancel(&modem->replug_timer);
    sim_timer_cancel(&modem->noise_timer);
    sim_timer_cancel(&modem->card_timer);
}

static void settings_default(struct sim_settings *settings)
{
    *settings = (struct sim_settings){
        .echo = 1, .verbose = 1, .cmgf = 0, .cfun = 1, .sm20 = 1, .noise = 1, .cscs = "GSM"};
}

static void say_lines(struct simmodem *modem, const char *const *lines)
{
    for (; *lines; lines++)
        sim_urc(modem, "%s", strcmp(*lines, "+CPIN: READY") ? *lines : sim_card_line(modem));
}

enum { NOISE_STAYS_MS = 20000 };

static void say_noise(void *arg)
{
    struct simmodem *modem = arg;
    const struct sim_profile *profile = modem->profile;
    if (!modem->settings.noise) {
        if (profile->noise_stays) {
            sim_urc(modem, "%s", profile->noise_stays);
            sim_timer_arm(&modem->noise_timer, simnet_now_ms(modem->net) + NOISE_STAYS_MS);
            sim_leave(modem);
        }
        return;
    }
    if (!profile->noise[modem->noise_next])
        modem->noise_next = 0;
    sim_urc(modem, "%s", profile->noise[modem->noise_next++]);
    sim_timer_arm(&modem->noise_timer, simnet_now_ms(modem->net) + profile->noise_ms);
    sim_leave(modem);
}

static void sms_ready(void *arg)
{
    struct simmodem *modem = arg;
    modem->ready = true;
    say_lines(modem, modem->profile->ready);
    if (sim_has_service(modem))
        simnet_station_ready(&modem->station);
    sim_leave(modem);
}

static void booted(void *arg)
{
    struct simmodem *modem = arg;
    const struct sim_profile *profile = modem->profile;
    int64_t now = simnet_now_ms(modem->net);
    modem->power = SIM_RUNNING;
    modem->stats.boots++;
    sim_tell(modem, SIM_EVENT_BOOTED, NULL, -1);
    say_lines(modem, profile->boot);
    sim_timer_arm(&modem->ready_timer, now + profile->ready_ms);
    sim_register_later(modem);
    if (profile->noise)
        sim_timer_arm(&modem->noise_timer, now + profile->noise_ms);
    sim_leave(modem);
}

static void power_on(struct simmodem *modem)
{
    settings_default(&modem->settings);
    if (modem->pin_enabled && modem->sim != SIMMODEM_SIM_PUK)
        modem->sim = SIMMODEM_SIM_PIN;
    modem->power = SIM_BOOTING;
    sim_timer_arm(&modem->boot_timer, simnet_now_ms(modem->net) + modem->profile->boot_ms);
}

/* The port goes; `back_ms` later it is there again and the modem boots, 0: when replugged. */
void sim_drop_port(struct simmodem *modem, int64_t back_ms)
{
    if (!modem->plugged)
        return;
    sim_flush(modem);
    power_off(modem);
    modem->plugged = false;
    modem->closing = true;
    sim_tell(modem, SIM_EVENT_UNPLUGGED, NULL, -1);
    if (back_ms)
        sim_timer_arm(&modem->replug_timer, simnet_now_ms(modem->net) + back_ms);
}

static void come_back(void *arg)
{
    struct simmodem *modem = arg;
    sim_timer_cancel(&modem->replug_timer);
    modem->plugged = modem->opening = true;
    modem->out_len = 0;
    sim_tell(modem, SIM_EVENT_PLUGGED, NULL, -1);
    power_on(modem);
    sim_leave(modem);
}

void simmodem_unplug(struct simmodem *modem)
{
    sim_drop_port(modem, 0);
    sim_leave(modem);
}

void simmodem_replug(struct simmodem *modem)
{
    if (!modem->plugged)
        come_back(modem);
}

void simmodem_reset(struct simmodem *modem)
{
    if (!modem->plugged)
        return;
    if (sim_has(modem, SIM_HABIT_RESET_DROPS_PORT)) {
        sim_drop_port(modem, modem->profile->boot_ms);
    } else {
        sim_flush(modem);
        power_off(modem);
        power_on(modem);
    }
    sim_leave(modem);
}

void simmodem_hang(struct simmodem *modem)
{
    sim_tell(modem, SIM_EVENT_FAULT, "hang", -1);
    sim_flush(modem);
    modem->hung = true;
}

void simmodem_unhang(struct simmodem *modem)
{
    sim_unhang(modem);
}

/* What was under way is forgotten, as after a watchdog's kick: half a line must not be continued.
 */
void sim_unhang(void *arg)
{
    struct simmodem *modem = arg;
    if (!modem->hung)
        return;
    sim_timer_cancel(&modem->unhang_timer);
    modem->hung = false;
    forget_dialogue(modem);
    sim_leave(modem);
}

/* --- results --- */

static void take_byte(struct simmodem *modem, char byte);

/* Bytes that came while a command was pending are a line like any other now. */
static void replay_backlog(struct simmodem *modem)
{
    char bytes[SIM_BACKLOG_ROOM];
    size_t len = modem->backlog_len;
    memcpy(bytes, modem->backlog, len);
    modem->backlog_len = 0;
    for (size_t i = 0; i < len; i++)
        take_byte(modem, bytes[i]);
}

static void say_error(struct simmodem *modem, struct sim_result result, char *line, size_t room)
{
    const char *space = result.kind == SIM_CME ? "CME" : "CMS";
    if (result.kind == SIM_CME && !modem->settings.cmee)
        snprintf(line, room, "ERROR");
    else
        snprintf(line, room, "+%s ERROR: %d", space, result.code);
    sim_say_final(modem, line);
}

/* Says the final result. `mr`: the reference that went before it, or -1. */
static void finish(struct simmodem *modem, struct sim_result result, uint64_t id, int mr)
{
    char line[40] = "OK";
    switch (result.kind) {
    case SIM_OK:
    case SIM_LATER:
        sim_say_final(modem, line);
        break;
    case SIM_ERROR:
        snprintf(line, sizeof line, "ERROR");
        sim_say_final(modem, line);
        break;
    case SIM_CME:
    case SIM_CMS:
        say_error(modem, result, line, sizeof line);
        break;
    case SIM_PROMPTED:
    case SIM_QUIET:
        snprintf(line, sizeof line, "-");
        break;
    }
    simnet_log(modem->net, (struct sim_event){.kind = SIM_EVENT_RESULT,
                                              .modem = modem->index,
                                              .line = line,
                                              .id = id,
                                              .value = result.kind == SIM_CMS ? result.code : mr});
    modem->mute = false;
}

static void later(void *arg)
{
    struct simmodem *modem = arg;
    modem->mode = SIM_LINE;
    finish(modem, (struct sim_result){SIM_OK, 0}, 0, -1);
    replay_backlog(modem);
    sim_leave(modem);
}

/* Ends a CMGS: said, counted, and the modem takes commands again. */
static void finish_submit(struct simmodem *modem, struct sim_result result, uint64_t id, int mr)
{
    modem->mode = SIM_LINE;
    finish(modem, result, id, mr);
    sim_dialogue_end(modem);
    if (modem->profile->after_send && mr >= 0)
        sim_urc(modem, "%s", modem->profile->after_send);
    sim_urcs_release(modem);
    replay_backlog(modem);
}

static void network_answered(struct simnet_station *station, uint64_t id,
                             const struct simnet_answer *answer)
{
    struct simmodem *modem = (struct simmodem *)station;
    if (modem->submit_id != id)
        return; /* the modem has been reset since */
    struct sim_result result = {SIM_OK, 0};
    bool reference = answer->kind == SIMNET_REFERENCE || answer->kind == SIMNET_REFERENCE_ERROR;
    modem->stats.busy_ms += (uint64_t)(simnet_now_ms(modem->net) - modem->pending_since_ms);
    modem->submit_id = 0;
    sim_fire(modem, SIMMODEM_AT_RESULT, NULL);
    if (reference) {
        sim_say(modem, "+CMGS: %u", answer->mr);
        sim_fire(modem, SIMMODEM_AT_OK, NULL);
    }
    if (answer->kind == SIMNET_CMS &&
        !(sim_has(modem, SIM_HABIT_FAILED_SEND_OK) && modem->settings.sm20))
        result = (struct sim_result){SIM_CMS, answer->cause};
    else if (answer->kind == SIMNET_ERROR || answer->kind == SIMNET_REFERENCE_ERROR)
        result.kind = SIM_ERROR;
    else if (answer->kind == SIMNET_SILENCE)
        result.kind = SIM_QUIET;
    if (modem->plugged) /* a trigger may have pulled it */
        finish_submit(modem, result, id, reference ? answer->mr : -1);
    sim_leave(modem);
}

/* --- the host's bytes --- */

static void run_line(struct simmodem *modem, const char *line)
{
    modem->stats.commands++;
    modem->gave_up = false;
    sim_tell(modem, SIM_EVENT_COMMAND, line, -1);
    if ((line[0] | 0x20) != 'a' || (line[1] | 0x20) != 't') {
        sim_violate(modem, SIMMODEM_NOT_AT, line);
        return; /* V.250 clause 5.2: not addressed to us */
    }
    sim_fire(modem, SIMMODEM_AT_COMMAND, line);
    if (!modem->plugged || modem->hung || (!line[2] && sim_has(modem, SIM_HABIT_BARE_AT_SILENT))) {
        modem->mute = false;
        return;
    }
    struct sim_result result = sim_command_run(modem, line + 2);
    if (modem->power != SIM_RUNNING || result.kind == SIM_PROMPTED)
        return;
    if (result.kind == SIM_LATER) {
        modem->mode = SIM_BUSY;
        modem->pending_since_ms = simnet_now_ms(modem->net);
        sim_timer_arm(&modem->later_timer, modem->pending_since_ms + result.code);
        return;
    }
    finish(modem, result, 0, -1);
}

static void take_line_byte(struct simmodem *modem, char byte)
{
    if (sim_echoes(modem) && byte != ESC && byte != CTRL_Z)
        sim_emit(modem, &byte, 1);
    if (byte == '\r') {
        modem->line[modem->line_len] = 0;
        bool empty = modem->line_len == 0, overrun = modem->line_overrun;
        modem->line_len = 0;
        modem->line_overrun = false;
        if (overrun) {
            sim_violate(modem, SIMMODEM_TOO_LONG, NULL);
            sim_say_final(modem, "ERROR");
        } else if (!empty) {
            run_line(modem, modem->line);
        }
    } else if (byte == ESC) {
        modem->line_len = 0;
        modem->line_overrun = false;
    } else if (byte == CTRL_Z) {
        sim_violate(modem, SIMMODEM_CTRL_Z_WITHOUT_PROMPT, NULL);
    } else if (byte == BACKSPACE) {
        modem->line_len -= modem->line_len > 0;
    } else if (byte != '\n' && byte != 0) {
        if (modem->line_len + 1 < sizeof modem->line)
            modem->line[modem->line_len++] = byte;
        else
            modem->line_overrun = true;
    }
}

static void end_body(struct simmodem *modem)
{
    modem->body[modem->body_len] = 0;
    modem->mode = SIM_BUSY;
    modem->after_ctrl_z = true;
    modem->pending_since_ms = simnet_now_ms(modem->net);
    sim_fire(modem, SIMMODEM_AT_BODY, NULL);
    if (!modem->plugged)
        return;
    struct sim_result result = sim_sms_body(modem);
    if (result.kind != SIM_QUIET)
        finish_submit(modem, result, 0, -1);
}

static void take_body_byte(struct simmodem *modem, char byte)
{
    if (byte != ESC && !modem->body_early && !modem->prompt_out) {
        modem->body_early = true;
        sim_violate(modem, SIMMODEM_TEXT_BEFORE_PROMPT, NULL);
    }
    if (sim_echoes(modem) && byte != ESC && byte != CTRL_Z)
        sim_emit(modem, &byte, 1);
    if (byte == CTRL_Z) {
        end_body(modem);
    } else if (byte == ESC) {
        modem->stats.escapes++;
        sim_tell(modem, SIM_EVENT_ESCAPE, NULL, -1);
        finish_submit(modem, (struct sim_result){SIM_OK, 0}, 0, -1);
    } else if (modem->body_len + 1 < sizeof modem->body) {
        modem->body[modem->body_len++] = byte;
    } else {
        modem->body_overrun = true;
    }
}

/* While a command is pending: kept for later. Whole lines are what a host should not have sent. */
static void take_pending_byte(struct simmodem *modem, char byte)
{
    int64_t waited = simnet_now_ms(modem->net) - modem->pending_since_ms;
    int64_t patience = modem->submit_id ? modem->patience_cmgs_ms : modem->patience_command_ms;
    bool blank = byte == '\r' || byte == '\n';
    if (byte == ESC) {
        modem->gave_up = true;
        modem->backlog_len = 0;
        return;
    }
    if (!blank && !modem->gave_up && modem->backlog_len == 0 && waited < patience)
        sim_violate(modem, SIMMODEM_COMMAND_WHILE_PENDING, NULL);
    if (blank && modem->backlog_len == 0)
        return;
    if (modem->backlog_len < sizeof modem->backlog)
        modem->backlog[modem->backlog_len++] = byte;
}

static void take_byte(struct simmodem *modem, char byte)
{
    if (modem->hung || modem->power != SIM_RUNNING)
        return;
    if (modem->after_ctrl_z) {
        modem->after_ctrl_z = false;
        if (byte == '\r' || byte == '\n')
            sim_violate(modem, SIMMODEM_LINE_END_AFTER_CTRL_Z, NULL);
    }
    switch (modem->mode) {
    case SIM_LINE:
        take_line_byte(modem, byte);
        break;
    case SIM_PROMPT:
        take_body_byte(modem, byte);
        break;
    case SIM_BUSY:
        if (modem->submit_id && sim_has(modem, SIM_HABIT_ANSWERS_WHILE_SENDING))
            take_line_byte(modem, byte);
        else
            take_pending_byte(modem, byte);
        break;
    }
}

void simmodem_input(struct simmodem *modem, const void *bytes, size_t len)
{
    const char *at = bytes;
    if (!modem->plugged)
        return;
    modem->stats.bytes_in += len;
    for (size_t i = 0; i < len; i++)
        take_byte(modem, at[i]);
    sim_leave(modem);
}

/* --- life --- */

static const struct simnet_station_ops station_ops = {
    .answer = network_answered, .deliver = sim_sms_deliver, .report = sim_sms_report};

enum { LARGEST = 3 }; /* the first rows of sim_carriers */

/* A SIM and an IMEI of its own for each index, with the check digits that belong to them. */
static void make_identity(struct simmodem *modem, const char *name)
{
    unsigned index = (unsigned)modem->index % 10000;
    const struct sim_carrier *carrier = name ? sim_carrier_find(name) : NULL;
    if (!carrier)
        carrier = &sim_carriers[index % LARGEST];
    snprintf(modem->imei, sizeof modem->imei, "86754203%06u", index % 1000000);
    int sum = 0;
    for (int i = 0; i < 14; i++) {
        int digit = (modem->imei[i] - '0') * (i % 2 ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    modem->imei[14] = (char)('0' + (10 - sum % 10) % 10);
    snprintf(modem->imsi, sizeof modem->imsi, "%s%010u", carrier->mcc_mnc, index);
    snprintf(modem->iccid, sizeof modem->iccid, "8984%s%013u", carrier->mcc_mnc + 3, index);
    snprintf(modem->smsc, sizeof modem->smsc, "%s", carrier->smsc);
    snprintf(modem->station.mcc_mnc, sizeof modem->station.mcc_mnc, "%s", carrier->mcc_mnc);
    modem->operator_ = carrier->title;
}

static void init_timers(struct simmodem *modem)
{
    struct sim_clock *clock = simnet_clock(modem->net);
    sim_timer_init(&modem->boot_timer, clock, booted, modem);
    sim_timer_init(&modem->ready_timer, clock, sms_ready, modem);
    sim_timer_init(&modem->register_timer, clock, registered, modem);
    sim_timer_init(&modem->hold_timer, clock, sim_unhold, modem);
    sim_timer_init(&modem->unhang_timer, clock, sim_unhang, modem);
    sim_timer_init(&modem->replug_timer, clock, come_back, modem);
    sim_timer_init(&modem->noise_timer, clock, say_noise, modem);
    sim_timer_init(&modem->later_timer, clock, later, modem);
    sim_timer_init(&modem->ussd_timer, clock, sim_ussd_answer, modem);
    sim_timer_init(&modem->ack_timer, clock, sim_sms_ack_timeout, modem);
    sim_timer_init(&modem->card_timer, clock, sim_card_ready, modem);
}

struct simmodem *simmodem_new(struct simnet *net, const struct simmodem_config *config,
                              const struct simmodem_host *host, void *ctx)
{
    struct simmodem *modem = sim_alloc(sizeof *modem);
    char number[SIM_NUMBER];
    snprintf(number, sizeof number, "+8498100%04u", (unsigned)config->index % 10000);
    modem->net = net;
    modem->profile = config->profile;
    modem->habits = config->profile->habits;
    modem->host = *host;
    modem->ctx = ctx;
    modem->index = config->index;
    modem->pin_left = SIM_PIN_TRIES;
    modem->patience_command_ms = 2000;
    modem->patience_cmgs_ms = 110000;
    simnet_join(net, &modem->station, &station_ops, config->index,
                config->number ? config->number : number);
    make_identity(modem, config->carrier);
    settings_default(&modem->settings);
    sim_memory_init(&modem->memory[SIM_MEMORY_ME], "ME", (unsigned)config->profile->slots);
    sim_memory_init(&modem->memory[SIM_MEMORY_SM], "SM", SIM_SM_SLOTS);
    sim_memory_init(&modem->memory[SIM_MEMORY_SR], "SR", SIM_SR_SLOTS);
    init_timers(modem);
    modem->stat[0] = modem->stat[1] = modem->stat[2] = 1;
    modem->plugged = modem->ready = modem->on_air = true;
    modem->power = SIM_RUNNING;
    if (modem->profile->noise)
        sim_timer_arm(&modem->noise_timer, simnet_now_ms(net) + modem->profile->noise_ms);
    return modem;
}

void simmodem_free(struct simmodem *modem)
{
    power_off(modem);
    simnet_leave(&modem->station);
    for (int i = 0; i < SIM_MEMORIES; i++)
        sim_memory_free(&modem->memory[i]);
    free(modem->out);
    free(modem->urc);
    free(modem);
}

const char *simmodem_number(const struct simmodem *modem)
{
    return modem->station.number;
}

const char *simmodem_mcc_mnc(const struct simmodem *modem)
{
    return modem->station.mcc_mnc;
}

const char *simmodem_iccid(const struct simmodem *modem)
{
    return modem->iccid;
}

bool simmodem_iccid_set(struct simmodem *modem, const char *iccid)
{
    size_t len = strlen(iccid);
    if (len < 18 || len > 20 || strspn(iccid, "0123456789") != len)
        return false;
    snprintf(modem->iccid, sizeof modem->iccid, "%s", iccid);
    return true;
}

const struct sim_profile *simmodem_profile(const struct simmodem *modem)
{
    return modem->profile;
}

bool simmodem_plugged(const struct simmodem *modem)
{
    return modem->plugged;
}

struct simnet_station *simmodem_station(struct simmodem *modem)
{
    return &modem->station;
}

const struct simmodem_stats *simmodem_stats(const struct simmodem *modem)
{
    return &modem->stats;
}

bool simmodem_storage_full(const struct simmodem *modem)
{
    const struct sim_memory *memory = &modem->memory[modem->settings.mem[2]];
    return memory->used == memory->size;
}

void simmodem_patience_set(struct simmodem *modem, int64_t command_ms, int64_t cmgs_ms)
{
    modem->patience_command_ms = command_ms;
    modem->patience_cmgs_ms = cmgs_ms;
}
