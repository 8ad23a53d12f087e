/* sim_command_sms: the message commands (3GPP TS 27.005) and what the network brings. */
#include "sim_text.h"
#include "simmodem_inside.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct sim_result ok = {SIM_OK, 0};

static struct sim_result cms(int code)
{
    return (struct sim_result){SIM_CMS, code};
}

/* What every message command needs; SIM_OK where it is there. */
static struct sim_result ready_check(const struct simmodem *modem)
{
    struct sim_result card = sim_card_check(modem, SIM_CMS);
    if (card.kind == SIM_OK && !modem->ready)
        return cms(314); /* still reading the SIM */
    return card;
}

/* --- sending --- */

static struct sim_result run_cmgs(struct simmodem *modem, enum sim_form form, const char *args)
{
    int length = 0;
    (void)form;
    struct sim_result ready = ready_check(modem);
    sim_dialogue_begin(modem);
    if (!modem->plugged)
        return (struct sim_result){SIM_PROMPTED, 0}; /* pulled at byte 0 */
    if (ready.kind == SIM_OK && modem->submit_id)
        ready = cms(302); /* one is under way */
    if (ready.kind == SIM_OK && !modem->settings.cmgf &&
        (sim_args_ints(args, &length, 1) != 1 || length < 1 || length > SIM_TPDU))
        ready = cms(304);
    if (ready.kind == SIM_OK && modem->settings.cmgf &&
        (!sim_args_string(args, 0, modem->cmgs_to, sizeof modem->cmgs_to) ||
         modem->cmgs_to[strspn(modem->cmgs_to, "+0123456789")] || strlen(modem->cmgs_to) < 3))
        ready = cms(305);
    if (ready.kind != SIM_OK)
        return ready;
    modem->cmgs_len = (unsigned)length;
    modem->mode = SIM_PROMPT;
    modem->body_len = 0;
    modem->body_overrun = modem->body_early = false;
    modem->prompt_out = false;
    modem->stats.prompts++;
    sim_tell(modem, SIM_EVENT_PROMPT, NULL, -1);
    if (sim_has(modem, SIM_HABIT_CR_ONLY))
        sim_emit(modem, "> \r", 3);
    else
        sim_emit(modem, "\r\n> ", 4);
    sim_fire(modem, SIMMODEM_AT_PROMPT, NULL);
    return (struct sim_result){SIM_PROMPTED, 0};
}

/* Text mode: one part, GSM-7 or UCS-2, default validity. */
static const char *submit_from_text(const struct simmodem *modem, struct sim_submit *out)
{
    struct sim_deliver coded = {0};
    memset(out, 0, sizeof *out);
    if (modem->body_len >= sizeof out->text ||
        !sim_pdu_text_encode(modem->body, out->user_data, &coded))
        return "text too long for one part";
    snprintf(out->to, sizeof out->to, "%s", modem->cmgs_to);
    out->to_type = *out->to == '+' ? 0x91 : 0x81;
    out->vp = 167;
    out->validity_ms = sim_pdu_validity_ms(167);
    out->alphabet = coded.dcs ? SIM_UCS2 : SIM_GSM7;
    out->dcs = coded.dcs;
    out->class_ = out->ref = -1;
    out->part = out->parts = 1;
    out->units = coded.units;
    out->user_data_len = coded.user_data_len;
    memcpy(out->text, modem->body, modem->body_len + 1);
    return NULL;
}

static struct sim_result refuse_body(struct simmodem *modem, const char *wrong, bool length_wrong)
{
    sim_violate(modem, length_wrong ? SIMMODEM_WRONG_LENGTH : SIMMODEM_WRONG_PDU, wrong);
    return cms(modem->settings.cmgf ? 305 : 304);
}

struct sim_result sim_sms_body(struct simmodem *modem)
{
    struct sim_submit submit;
    bool length_wrong = false;
    const char *wrong = modem->body_overrun ? "longer than any TPDU"
                        : modem->settings.cmgf
                            ? submit_from_text(modem, &submit)
                            : sim_pdu_submit_decode(modem->body, modem->body_len, modem->cmgs_len,
                                                    &submit, &length_wrong);
    if (wrong)
        return refuse_body(modem, wrong, length_wrong);
    if (submit.bad_text)
        sim_violate(modem, SIMMODEM_WRONG_PDU, "broken text");
    if (!submit.smsc[0] && !modem->smsc[0])
        return cms(330);
    if (!sim_has_service(modem))
        return cms(331);
    submit.mr = modem->mr++;
    modem->stats.submits++;
    modem->submit_id = simnet_submit(&modem->station, &submit, submit.mr);
    simnet_log(modem->net, (struct sim_event){.kind = SIM_EVENT_PDU,
                                              .modem = modem->index,
                                              .submit = &submit,
                                              .id = modem->submit_id,
                                              .value = submit.mr});
    return (struct sim_result){SIM_QUIET, 0};
}

static struct sim_result run_csca(struct simmodem *modem, enum sim_form form, const char *args)
{
    char number[SIM_NUMBER];
    if (form == SIM_READ) {
        sim_say(modem, "+CSCA: \"%s\",%d", modem->smsc, modem->smsc[0] == '+' ? 145 : 129);
        return ok;
    }
    if (!sim_args_string(args, 0, number, sizeof number) || number[strspn(number, "+0123456789")])
        return cms(305);
    snprintf(modem->smsc, sizeof modem->smsc, "%s", number);
    return ok;
}

static struct sim_result run_csms(struct simmodem *modem, enum sim_form form, const char *args)
{
    int service;
    if (form == SIM_READ) {
        sim_say(modem, "+CSMS: %d,1,1,1", modem->settings.csms);
        return ok;
    }
    if (sim_args_ints(args, &service, 1) != 1 || service < 0 || service > 1)
        return cms(302);
    modem->settings.csms = service;
    sim_say(modem, "+CSMS: 1,1,1");
    return ok;
}

/* --- storage --- */

static const char *const memory_names[SIM_MEMORIES] = {"ME", "SM", "SR"};

/* As the profile has it; "MT" is taken for ME. */
static int memory_find(const struct simmodem *modem, const char *name)
{
    char quoted[6];
    snprintf(quoted, sizeof quoted, "\"%.2s\"", name);
    if (!strstr(modem->profile->memories, quoted))
        return -1;
    if (!strcmp(name, "MT"))
        return SIM_MEMORY_ME;
    for (int i = 0; i < SIM_MEMORIES; i++)
        if (!strcmp(memory_names[i], name))
            return i;
    return -1;
}

static struct sim_memory *memory_of(struct simmodem *modem, int which)
{
    return &modem->memory[modem->settings.mem[which]];
}

static struct sim_result say_cpms(struct simmodem *modem, enum sim_form form)
{
    const struct sim_memory *m[3] = {memory_of(modem, 0), memory_of(modem, 1), memory_of(modem, 2)};
    if (form == SIM_SET)
        sim_say(modem, "+CPMS: %u,%u,%u,%u,%u,%u", m[0]->used, m[0]->size, m[1]->used, m[1]->size,
                m[2]->used, m[2]->size);
    else
        sim_say(modem, "+CPMS: \"%s\",%u,%u,\"%s\",%u,%u,\"%s\",%u,%u", m[0]->name, m[0]->used,
                m[0]->size, m[1]->name, m[1]->used, m[1]->size, m[2]->name, m[2]->used, m[2]->size);
    return ok;
}

static struct sim_result run_cpms(struct simmodem *modem, enum sim_form form, const char *args)
{
    struct sim_result ready = ready_check(modem);
    if (ready.kind != SIM_OK)
        return ready;
    if (form == SIM_READ)
        return say_cpms(modem, form);
    if (form == SIM_TEST) {
        const char *m = modem->profile->memories;
        sim_say(modem, "+CPMS: (%s),(%s),(%s)", m, m, m);
        return ok;
    }
    int chosen[3];
    for (int i = 0; i < 3; i++) {
        char name[4];
        chosen[i] = modem->settings.mem[i];
        if (!sim_args_string(args, i, name, sizeof name))
            break;
        chosen[i] = memory_find(modem, name);
        if (chosen[i] < 0)
            return cms(302);
        modem->settings.mem[i] = chosen[i];
    }
    simnet_station_ready(&modem->station);
    return say_cpms(modem, form);
}

/* A stored TPDU as the host reads it: an empty service centre before it. */
static void tpdu_line(const struct simmodem *modem, const uint8_t *tpdu, size_t len, char *out)
{
    out[0] = out[1] = '0';
    sim_hex_encode(tpdu, len, out + 2);
    for (; sim_has(modem, SIM_HABIT_LOWER_HEX) && *out; out++)
        *out = (char)tolower((unsigned char)*out);
}

enum { HEX_LINE = 2 * SIM_TPDU + 3 };

/* <stat>, 3GPP TS 27.005 clause 3.1; reading turns 0 into 1. */
static int stat_of(const struct sim_slot *slot)
{
    return (int)slot->state - SIM_SLOT_UNREAD;
}

static void slot_read(struct sim_slot *slot)
{
    if (slot->state == SIM_SLOT_UNREAD)
        slot->state = SIM_SLOT_READ;
}

static struct sim_result run_cmgr(struct simmodem *modem, enum sim_form form, const char *args)
{
    int index;
    (void)form;
    struct sim_result ready = ready_check(modem);
    if (ready.kind != SIM_OK)
        return ready;
    if (sim_args_ints(args, &index, 1) != 1)
        return cms(321);
    struct sim_slot *slot =
        sim_memory_slot(memory_of(modem, 0), index - modem->profile->index_base);
    if (!slot)
        return cms(321);
    if (slot->state == SIM_SLOT_EMPTY)
        return ok;
    char line[HEX_LINE];
    tpdu_line(modem, slot->tpdu, slot->len, line);
    sim_say(modem, "+CMGR: %d,,%u\r\n%s", stat_of(slot), slot->len, line);
    slot_read(slot);
    return ok;
}

static struct sim_result run_cmgl(struct simmodem *modem, enum sim_form form, const char *args)
{
    int wanted = 0;
    struct sim_result ready = ready_check(modem);
    if (ready.kind != SIM_OK)
        return ready;
    if (form == SIM_SET && (sim_args_ints(args, &wanted, 1) != 1 || wanted < 0 || wanted > 4))
        return cms(302);
    struct sim_memory *memory = memory_of(modem, 0);
    for (unsigned i = 0; i < memory->size; i++) {
        struct sim_slot *slot = &memory->slot[i];
        int stat = stat_of(slot);
        if (slot->state == SIM_SLOT_EMPTY || (wanted != 4 && wanted != stat))
            continue;
        char line[HEX_LINE];
        tpdu_line(modem, slot->tpdu, slot->len, line);
        sim_say(modem, "+CMGL: %d,%d,,%u\r\n%s", (int)i + modem->profile->index_base, stat,
                slot->len, line);
        slot_read(slot);
    }
    return ok;
}

static struct sim_result run_cmgd(struct simmodem *modem, enum sim_form form, const char *args)
{
    int given[2] = {0, 0};
    (void)form;
    struct sim_result ready = ready_check(modem);
    struct sim_memory *memory = memory_of(modem, 0);
    if (ready.kind != SIM_OK)
        return ready;
    int count = sim_args_ints(args, given, 2);
    int index = given[0] - modem->profile->index_base;
    bool all = count == 2 && given[1] > 0;
    if (count < 1 || (!all && !sim_memory_slot(memory, index)))
        return cms(321);
    for (int i = 0; i < (int)memory->size; i++) {
        /* delflag 1 to 3: those that are read; 4: all */
        bool meant = all ? given[1] == 4 || memory->slot[i].state == SIM_SLOT_READ : i == index;
        if (meant && sim_memory_delete(memory, i))
            sim_tell(modem, SIM_EVENT_DELETED, memory->name, i + modem->profile->index_base);
    }
    simnet_station_ready(&modem->station);
    return ok;
}

/* --- what the network brings --- */

enum { ACK_MS = 15000 }; /* TS 24.011 TR2M: 12 to 20 s */

static struct sim_result run_cnmi(struct simmodem *modem, enum sim_form form, const char *args)
{
    const struct sim_profile *profile = modem->profile;
    int *cnmi = modem->settings.cnmi;
    if (form == SIM_READ) {
        sim_say(modem, "+CNMI: %d,%d,%d,%d,%d", cnmi[0], cnmi[1], cnmi[2], cnmi[3], cnmi[4]);
        return ok;
    }
    if (form == SIM_TEST) {
        sim_say(modem, "+CNMI: (0-%d),(0-2),(%s),(%s),(0,1)", profile->cnmi_max_mode,
                profile->cnmi_bm & 4 ? "0,2" : "0", profile->cnmi_ds & 4 ? "0,1,2" : "0,1");
        return ok;
    }
    int given[5];
    int count = sim_args_ints(args, given, 5);
    if (count < 1)
        return cms(302);
    for (int i = count; i < 5; i++)
        given[i] = -1;
    for (int i = 0; i < 5; i++)
        if (given[i] < 0)
            given[i] = cnmi[i];
    if (given[0] > profile->cnmi_max_mode || given[1] > 2 || given[2] > 3 ||
        !(profile->cnmi_bm >> given[2] & 1) || given[3] > 3 ||
        !(profile->cnmi_ds >> given[3] & 1) || given[4] > 1)
        return cms(302);
    memcpy(cnmi, given, sizeof given);
    simnet_station_ready(&modem->station);
    return ok;
}

static struct sim_result run_cnma(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    if (!modem->unacked_len)
        return cms(340);
    modem->unacked_len = 0;
    sim_timer_cancel(&modem->ack_timer);
    simnet_station_ready(&modem->station);
    return ok;
}

/* Whose report it is: TP-RA (3GPP TS 23.040 clause 9.2.2.3), a number with its plus. */
static void report_number(const uint8_t *tpdu, size_t len, char out[32])
{
    size_t digits = len > 4 && tpdu[2] <= 20 ? tpdu[2] : 0;
    char *at = out;
    *at++ = '+';
    for (size_t i = 0; i < digits && 4 + i / 2 < len; i++)
        *at++ = (char)('0' + (tpdu[4 + i / 2] >> (i % 2 ? 4 : 0) & 0x0f));
    *at = '\0';
}

static void tell_report(struct simmodem *modem, const char *memory, int index, const uint8_t *tpdu,
                        size_t len)
{
    char number[32];
    report_number(tpdu, len, number);
    simnet_log(modem->net, (struct sim_event){.kind = SIM_EVENT_REPORT,
                                              .modem = modem->index,
                                              .line = memory,
                                              .number = number,
                                              .value = index});
}

/* Stored with its notice; false where the memory is full. */
static bool store(struct simmodem *modem, int memory, bool report, const uint8_t *tpdu, size_t len)
{
    int index = sim_has(modem, SIM_HABIT_STORAGE_FULL)
                    ? -1
                    : sim_memory_put(&modem->memory[memory], report, tpdu, len);
    if (index < 0) {
        if (modem->profile->full)
            sim_urc(modem, "%s", modem->profile->full);
        return false;
    }
    index += modem->profile->index_base;
    const char *name = modem->memory[memory].name;
    if (report)
        tell_report(modem, name, index, tpdu, len);
    else
        sim_tell(modem, SIM_EVENT_RECEIVED, name, index);
    if (report)
        sim_urc(modem, "+CDSI: \"%s\",%d", name, index);
    else if (modem->settings.cnmi[1] == 1)
        sim_urc(modem, "+CMTI: \"%s\",%d", name, index);
    return true;
}

/* Straight to the host; with AT+CSMS=1 the network waits for its AT+CNMA. */
static void hand_over(struct simmodem *modem, bool report, const uint8_t *tpdu, size_t len)
{
    char line[HEX_LINE];
    tpdu_line(modem, tpdu, len, line);
    if (report)
        tell_report(modem, NULL, -1, tpdu, len);
    else
        sim_tell(modem, SIM_EVENT_RECEIVED, NULL, -1);
    if (report)
        sim_urc(modem, "+CDS: %u\r\n%s", (unsigned)len, line);
    else
        sim_urc(modem, "+CMT: ,%u\r\n%s", (unsigned)len, line);
    if (modem->settings.csms == 1) {
        memcpy(modem->unacked, tpdu, len);
        modem->unacked_len = len;
        modem->unacked_report = report;
        sim_timer_arm(&modem->ack_timer, simnet_now_ms(modem->net) + ACK_MS);
    }
}

/* Nobody acknowledged: the modem falls silent (mt and ds become 0), as MC55 and AC75 do. */
void sim_sms_ack_timeout(void *arg)
{
    struct simmodem *modem = arg;
    size_t len = modem->unacked_len;
    modem->unacked_len = 0;
    modem->settings.cnmi[1] = modem->settings.cnmi[3] = 0;
    if (!modem->unacked_report) /* the centre tries again, and now it is stored */
        (void)!store(modem, modem->settings.mem[2], false, modem->unacked, len);
    sim_leave(modem);
}

static bool can_take(const struct simmodem *modem)
{
    return modem->plugged && modem->power == SIM_RUNNING && modem->ready && !modem->hung &&
           !modem->unacked_len && sim_has_service(modem);
}

bool sim_sms_deliver(struct simnet_station *station, const uint8_t *tpdu, size_t len)
{
    struct simmodem *modem = (struct simmodem *)station;
    if (!can_take(modem))
        return false;
    bool taken = true;
    if (modem->settings.cnmi[1] == 2)
        hand_over(modem, false, tpdu, len);
    else
        taken = store(modem, modem->settings.mem[2], false, tpdu, len);
    sim_leave(modem);
    return taken;
}

bool sim_sms_report(struct simnet_station *station, const uint8_t *tpdu, size_t len)
{
    struct simmodem *modem = (struct simmodem *)station;
    bool taken = true;
    if (!can_take(modem))
        return false;
    switch (modem->settings.cnmi[3]) {
    case 1:
        hand_over(modem, true, tpdu, len);
        break;
    case 2:
        taken = store(modem, memory_find(modem, "SR") < 0 ? modem->settings.mem[2] : SIM_MEMORY_SR,
                      true, tpdu, len);
        break;
    default: /* <ds> 0: the modem keeps it to itself */
        sim_tell(modem, SIM_EVENT_DROPPED, "ds=0", -1);
    }
    sim_leave(modem);
    return taken;
}

const struct sim_command sim_sms_commands[] = {
    {"+CMGS", 0, SIM_SET, run_cmgs, NULL},
    {"+CSCA", 0, SIM_READ | SIM_SET, run_csca, NULL},
    {"+CSMS", 0, SIM_READ | SIM_SET, run_csms, "+CSMS: (0,1)"},
    {"+CPMS", 0, SIM_READ | SIM_SET | SIM_TEST, run_cpms, NULL},
    {"+CMGR", 0, SIM_SET, run_cmgr, NULL},
    {"+CMGL", 0, SIM_SET | SIM_EXEC, run_cmgl, "+CMGL: (0-4)"},
    {"+CMGD", 0, SIM_SET, run_cmgd, "+CMGD: (0-254),(0-4)"},
    {"+CNMI", 0, SIM_READ | SIM_SET | SIM_TEST, run_cnmi, NULL},
    {"+CNMA", 0, SIM_EXEC | SIM_SET, run_cnma, NULL},
};
const size_t sim_sms_command_count = sizeof sim_sms_commands / sizeof sim_sms_commands[0];
