/* sim_command: the command line (ITU-T V.250 clause 5.2) and the general commands (3GPP TS 27.007).
 * Commands are rows; what needs no code is a row in a smaller table. */
#include "simmodem_inside.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sim_result ok = {SIM_OK, 0}, error = {SIM_ERROR, 0};

/* --- arguments --- */

int sim_args_ints(const char *args, int *out, int room)
{
    int count = 0;
    if (!*args)
        return 0;
    for (;;) {
        if (count == room)
            return -1;
        int value = -1;
        if (isdigit((unsigned char)*args)) {
            value = 0;
            while (isdigit((unsigned char)*args) && value < 100000)
                value = value * 10 + (*args++ - '0');
        }
        out[count++] = value;
        if (!*args)
            return count;
        if (*args++ != ',')
            return -1;
    }
}

bool sim_args_string(const char *args, int n, char *out, size_t room)
{
    for (;;) {
        bool quoted = *args == '"';
        args += quoted;
        size_t len = strcspn(args, quoted ? "\"" : ",");
        if (n-- == 0) {
            if (len >= room)
                return false;
            memcpy(out, args, len);
            out[len] = 0;
            return true;
        }
        args += len;
        args += strcspn(args, ",");
        if (!*args)
            return false;
        args++;
    }
}

/* --- settings: +NAME=n and +NAME? with nothing behind them --- */

static const struct {
    const char *name;
    size_t at;
    int max;
} settings[] = {
    {"+CMEE", offsetof(struct sim_settings, cmee), 2},
    {"+CMGF", offsetof(struct sim_settings, cmgf), 1},
    {"+CMMS", offsetof(struct sim_settings, cmms), 2},
    {"+CSDH", offsetof(struct sim_settings, csdh), 1},
    {"+CRC", offsetof(struct sim_settings, crc), 1},
    {"+CLIP", offsetof(struct sim_settings, clip), 1},
};

static int *setting_of(struct simmodem *modem, const char *name, int *max)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(settings[i].name, name) != 0)
            continue;
        *max = settings[i].max;
        return (int *)(void *)((char *)&modem->settings + settings[i].at);
    }
    return NULL;
}

static struct sim_result run_setting(struct simmodem *modem, const char *name, int *value, int max,
                                     enum sim_form form, const char *args)
{
    int given[1];
    int count = sim_args_ints(args, given, 1);
    switch (form) {
    case SIM_READ:
        sim_say(modem, "%s: %d", name, *value);
        return ok;
    case SIM_TEST:
        sim_say(modem, "%s: (0-%d)", name, max);
        return ok;
    case SIM_SET:
        if (count != 1 || given[0] < 0 || given[0] > max)
            return error;
        *value = given[0];
        return ok;
    case SIM_EXEC:
        *value = 0;
        return ok;
    }
    return error;
}

/* --- what is only answered --- */

/* Vendors' commands that change nothing here: noise, ports, modes. */
static const struct {
    const char *name;
    unsigned families;
} accepted[] = {
    {"^SYSCFG", SIM_HUAWEI},
    {"^USSDMODE", SIM_HUAWEI},
    {"+ZOPRT", SIM_ZTE},
    {"+ZCDRUN", SIM_ZTE},
    {"+AUTOCSQ", SIM_SIMCOM},
    {"+CNSMOD", SIM_SIMCOM},
    {"+QINDCFG", SIM_QUECTEL},
    {"#STIA", SIM_TELIT},
    {"#QSS", SIM_TELIT},
    {"+UREG", SIM_UBLOX},
    {"+UUSIMSTAT", SIM_UBLOX},
    {"^SIND", SIM_CINTERION},
    {"^SCFG", SIM_CINTERION},
    {"+CSCB", 0},
    {"+CSMP", 0},
    {"+CLIR", 0},
    {"+CCLK", 0},
    {"+CTZR", 0},
    {"+CGATT", 0},
    {"+CGDCONT", 0},
    {"+CMER", 0},
    {"+CCWA", 0},
};

/* PIN attempts left, as each maker tells them, between two texts. */
static const struct {
    const char *name;
    unsigned families;
    const char *before, *behind;
} pin_counters[] = {
    {"+CPINR", 0, "+CPINR: SIM PIN,", ",3"},
    {"^CPIN", SIM_HUAWEI, "^CPIN: READY,,10,", ",10,3"},
    {"+ZPINPUK", SIM_ZTE, "+ZPINPUK: ", ",10"},
    {"+SPIC", SIM_SIMCOM, "+SPIC: ", ",10,3,10"},
    {"+QPINC", SIM_QUECTEL, "+QPINC: \"SC\",", ",10"},
    {"#PCT", SIM_TELIT, "#PCT: ", ""},
    {"+UPINCNT", SIM_UBLOX, "+UPINCNT: ", ",3,10,10"},
    {"^SPIC", SIM_CINTERION, "^SPIC: ", ""},
};

static bool known_to(const struct simmodem *modem, unsigned families)
{
    return !families || (modem->profile->families & families);
}

/* Which port is told of what comes unasked. */
static bool run_told_port(struct simmodem *modem, const char *name, const char *args,
                          struct sim_result *result)
{
    static const char *const ports[] = {"usbat", "usbmodem", "uart1"};
    char port[16] = "";
    int to = -1;
    if (strcmp(name, "^PORTSEL") == 0 && known_to(modem, SIM_HUAWEI)) {
        if (sim_args_ints(args, &to, 1) != 1 || to > 1)
            to = -1;
    } else if (strcmp(name, "+QURCCFG") == 0 && known_to(modem, SIM_QUECTEL)) {
        bool given = sim_args_string(args, 1, port, sizeof port);
        for (int i = 0; given && i < 3; i++)
            if (strcmp(ports[i], port) == 0)
                to = i;
    } else {
        return false;
    }
    if (to >= 0)
        modem->settings.told_port = to;
    *result = to >= 0 ? ok : error;
    return true;
}

static bool run_from_tables(struct simmodem *modem, const char *name, enum sim_form form,
                            const char *args, struct sim_result *result)
{
    int max = 0;
    int *setting = setting_of(modem, name, &max);
    if (setting) {
        *result = run_setting(modem, name, setting, max, form, args);
        return true;
    }
    if (run_told_port(modem, name, args, result))
        return true;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        if (!strcmp(accepted[i].name, name) && known_to(modem, accepted[i].families)) {
            *result = ok;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof pin_counters / sizeof pin_counters[0]; i++) {
        if (!strcmp(pin_counters[i].name, name) && known_to(modem, pin_counters[i].families) &&
            !sim_has(modem, SIM_HABIT_NO_PIN_COUNT)) {
            sim_say(modem, "%s%d%s", pin_counters[i].before, modem->pin_left,
                    pin_counters[i].behind);
            *result = ok;
            return true;
        }
    }
    return false;
}

/* --- identity --- */

static struct sim_result run_maker(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, "%s", modem->profile->maker);
    return ok;
}

static struct sim_result run_model(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, "%s", modem->profile->model);
    return ok;
}

static struct sim_result run_revision(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, "%s", modem->profile->revision);
    return ok;
}

static struct sim_result run_imei(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, "%s", modem->imei);
    return ok;
}

static struct sim_result run_imsi(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    struct sim_result card = sim_card_check(modem, SIM_CME);
    if (card.kind == SIM_OK)
        sim_say(modem, "%s", modem->imsi);
    return card;
}

enum { SWAPPED = sizeof(((struct simmodem *)0)->iccid) + 1 };

/* EF_ICCID as it lies in the SIM: swapped nibbles, filled with F. */
static void swapped_iccid(const struct simmodem *modem, char out[SWAPPED])
{
    size_t len = strlen(modem->iccid);
    memset(out, 'F', SWAPPED);
    for (size_t i = 0; i < len; i++)
        out[i ^ 1] = modem->iccid[i];
    out[len + len % 2] = 0;
}

/* EF_ICCID may be read without the PIN (3GPP TS 31.102 clause 4.1), if the modem asks. */
static struct sim_result iccid_check(const struct simmodem *modem)
{
    bool locked = modem->sim == SIMMODEM_SIM_PIN || modem->sim == SIMMODEM_SIM_PUK;
    return locked && !sim_has(modem, SIM_HABIT_ICCID_LOCKED) ? ok : sim_card_check(modem, SIM_CME);
}

static bool tell_iccid(struct simmodem *modem, const char *name, struct sim_result *result)
{
    char swapped[SWAPPED];
    if (strcmp(name, modem->profile->iccid) != 0)
        return false;
    *result = iccid_check(modem);
    if (result->kind != SIM_OK)
        return true;
    swapped_iccid(modem, swapped);
    /* AT+CICCID is answered by +ICCID (SIM7600) */
    sim_say(modem, "%s: %s", strcmp(name, "+CICCID") ? name : "+ICCID",
            sim_has(modem, SIM_HABIT_ICCID_SWAPPED) ? swapped : modem->iccid);
    return true;
}

static struct sim_result run_crsm(struct simmodem *modem, enum sim_form form, const char *args)
{
    char swapped[SWAPPED];
    (void)form;
    struct sim_result card = iccid_check(modem);
    if (card.kind != SIM_OK)
        return card;
    if (strcmp(args, "176,12258,0,0,10") != 0)
        return error;
    swapped_iccid(modem, swapped);
    sim_say(modem, "+CRSM: 144,0,\"%s\"", swapped);
    return ok;
}

static struct sim_result run_number(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    struct sim_result card = sim_card_check(modem, SIM_CME);
    if (card.kind == SIM_OK)
        sim_say(modem, "+CNUM: ,\"%s\",145", modem->station.number);
    return card;
}

/* --- the SIM and the radio --- */

static struct sim_result run_cfun(struct simmodem *modem, enum sim_form form, const char *args)
{
    int given[2];
    int count = sim_args_ints(args, given, 2);
    if (form == SIM_READ) {
        sim_say(modem, "+CFUN: %d", modem->settings.cfun);
        return ok;
    }
    bool silent =
        count >= 1 && given[0] == 16; /* u-blox, Huawei MU736: and the SIM is left alone */
    if (silent || (count == 2 && given[1] == 1)) {
        sim_say_final(modem, "OK");
        sim_tell(modem, SIM_EVENT_RESULT, "OK", -1);
        simmodem_reset(modem);
        return (struct sim_result){SIM_PROMPTED, 0}; /* nothing more is said */
    }
    if (count < 1 || (given[0] != 0 && given[0] != 1 && given[0] != 4))
        return error;
    modem->settings.cfun = given[0];
    if (given[0] == 1)
        sim_register_later(modem);
    else
        sim_off_air(modem);
    return ok;
}

static struct sim_result run_reset(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    return run_cfun(modem, SIM_SET, "1,1");
}

static struct sim_result registration(struct simmodem *modem, const char *name, int domain, int *n,
                                      enum sim_form form, const char *args)
{
    int stat = sim_stat(modem, domain);
    if (form != SIM_READ)
        return run_setting(modem, name, n, 2, form, args);
    if (*n == 2 && (stat == 1 || stat == 5))
        sim_say(modem, "%s: %d,%d,\"1A2B\",\"01C3D4E5\",7", name, *n, stat);
    else
        sim_say(modem, "%s: %d,%d", name, *n, stat);
    return ok;
}

static struct sim_result run_creg(struct simmodem *modem, enum sim_form form, const char *args)
{
    return registration(modem, "+CREG", 0, &modem->settings.creg, form, args);
}

static struct sim_result run_cgreg(struct simmodem *modem, enum sim_form form, const char *args)
{
    return registration(modem, "+CGREG", 1, &modem->settings.cgreg, form, args);
}

static struct sim_result run_cereg(struct simmodem *modem, enum sim_form form, const char *args)
{
    return registration(modem, "+CEREG", 2, &modem->settings.cereg, form, args);
}

enum { COPS_SCAN_MS = 30000 };

static struct sim_result run_cops(struct simmodem *modem, enum sim_form form, const char *args)
{
    int given[2];
    char mcc_mnc[6];
    snprintf(mcc_mnc, sizeof mcc_mnc, "%.5s", modem->imsi);
    if (form == SIM_SET) {
        if (sim_args_ints(args, given, 2) == 2 && given[0] == 3 && given[1] <= 2)
            modem->settings.cops_format = given[1];
        return ok;
    }
    if (form == SIM_TEST) /* the scan blocks the port, as on a real one */
        return (struct sim_result){SIM_LATER, COPS_SCAN_MS};
    if (!sim_has_service(modem))
        sim_say(modem, "+COPS: 0");
    else
        sim_say(modem, "+COPS: 0,%d,\"%s\",7", modem->settings.cops_format,
                modem->settings.cops_format == 2 ? mcc_mnc : modem->operator_);
    return ok;
}

static struct sim_result run_csq(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, modem->on_air ? "+CSQ: 20,99" : "+CSQ: 99,99");
    return ok;
}

static struct sim_result run_cesq(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, modem->on_air ? "+CESQ: 99,99,255,255,20,50" : "+CESQ: 99,99,255,255,255,255");
    return ok;
}

static struct sim_result run_cscs(struct simmodem *modem, enum sim_form form, const char *args)
{
    char name[sizeof modem->settings.cscs];
    if (form == SIM_READ) {
        sim_say(modem, "+CSCS: \"%s\"", modem->settings.cscs);
        return ok;
    }
    if (!sim_args_string(args, 0, name, sizeof name) ||
        (strcmp(name, "GSM") != 0 && strcmp(name, "IRA") != 0 && strcmp(name, "UCS2") != 0))
        return error;
    strcpy(modem->settings.cscs, name);
    return ok;
}

static struct sim_result run_cusd(struct simmodem *modem, enum sim_form form, const char *args)
{
    if (form == SIM_SET)
        return sim_ussd_set(modem, args);
    return run_setting(modem, "+CUSD", &modem->settings.cusd, 2, form, args);
}

static struct sim_result run_curc(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    (void)modem;
    return ok; /* what it silences is in the profile */
}

static struct sim_result run_sm20(struct simmodem *modem, enum sim_form form, const char *args)
{
    int given[2];
    (void)form;
    int count = sim_args_ints(args, given, 2);
    if (count < 0)
        return error;
    if (count == 2 && given[1] >= 0)
        modem->settings.sm20 = given[1];
    else if (count == 1 && given[0] >= 0)
        modem->settings.sm20 = given[0];
    return ok;
}

static struct sim_result run_cpas(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, "+CPAS: 0");
    return ok;
}

static struct sim_result run_gcap(struct simmodem *modem, enum sim_form form, const char *args)
{
    (void)form, (void)args;
    sim_say(modem, "+GCAP: +CGSM,+DS,+ES");
    return ok;
}

enum { ASK = SIM_EXEC | SIM_READ };
static const struct sim_command commands[] = {
    {"+CGMI", 0, SIM_EXEC, run_maker, NULL},
    {"+GMI", 0, SIM_EXEC, run_maker, NULL},
    {"+CGMM", 0, SIM_EXEC, run_model, NULL},
    {"+GMM", 0, SIM_EXEC, run_model, NULL},
    {"+CGMR", 0, SIM_EXEC, run_revision, NULL},
    {"+GMR", 0, SIM_EXEC, run_revision, NULL},
    {"+CGSN", 0, SIM_EXEC, run_imei, NULL},
    {"+GSN", 0, SIM_EXEC, run_imei, NULL},
    {"+GCAP", 0, SIM_EXEC, run_gcap, NULL},
    {"+CIMI", 0, SIM_EXEC, run_imsi, NULL},
    {"+CNUM", 0, SIM_EXEC, run_number, NULL},
    {"+CRSM", 0, SIM_SET, run_crsm, NULL},
    {"+CPIN", 0, SIM_READ | SIM_SET, sim_card_pin, NULL},
    {"+CFUN", 0, SIM_READ | SIM_SET, run_cfun, "+CFUN: (0,1,4),(0,1)"},
    {"^RESET", SIM_HUAWEI, SIM_EXEC, run_reset, NULL},
    {"+ZRST", SIM_ZTE, SIM_EXEC, run_reset, NULL},
    {"+CRESET", SIM_SIMCOM, SIM_EXEC, run_reset, NULL},
    {"#REBOOT", SIM_TELIT, SIM_EXEC, run_reset, NULL},
    {"+CREG", 0, SIM_READ | SIM_SET | SIM_EXEC, run_creg, "+CREG: (0-2)"},
    {"+CGREG", 0, SIM_READ | SIM_SET | SIM_EXEC, run_cgreg, "+CGREG: (0-2)"},
    {"+CEREG", 0, SIM_READ | SIM_SET | SIM_EXEC, run_cereg, "+CEREG: (0-2)"},
    {"+COPS", 0, SIM_READ | SIM_SET | SIM_TEST, run_cops, NULL},
    {"+CSQ", 0, SIM_EXEC, run_csq, "+CSQ: (0-31,99),(0-7,99)"},
    {"+CESQ", 0, SIM_EXEC, run_cesq, NULL},
    {"+CSCS", 0, SIM_READ | SIM_SET, run_cscs, "+CSCS: (\"GSM\",\"IRA\",\"UCS2\")"},
    {"+CUSD", 0, SIM_READ | SIM_SET, run_cusd, "+CUSD: (0-2)"},
    {"^CURC", SIM_HUAWEI, SIM_SET, run_curc, NULL},
    {"^SM20", SIM_CINTERION, SIM_SET, run_sm20, NULL},
    {"+CPAS", 0, SIM_EXEC, run_cpas, NULL},
};

static struct sim_result run_row(struct simmodem *modem, const struct sim_command *row,
                                 enum sim_form form, const char *args)
{
    if (form == SIM_TEST && !(row->forms & SIM_TEST)) {
        if (row->test)
            sim_say(modem, "%s", row->test);
        return ok;
    }
    return (row->forms & form) ? row->run(modem, form, args) : error;
}

static const struct sim_command *row_find(const struct simmodem *modem, const char *name,
                                          const struct sim_command *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(rows[i].name, name) && known_to(modem, rows[i].families))
            return &rows[i];
    return NULL;
}

/* `text`: one extended command, name to the end of its arguments. */
static struct sim_result run_extended(struct simmodem *modem, char *text)
{
    char name[16];
    size_t len = 1;
    while (isalnum((unsigned char)text[len]))
        len++;
    if (len >= sizeof name)
        return error;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)toupper((unsigned char)text[i]);
    name[len] = 0;
    text += len;
    enum sim_form form = SIM_EXEC;
    if (text[0] == '=' && text[1] == '?' && !text[2])
        form = SIM_TEST;
    else if (text[0] == '=')
        form = SIM_SET;
    else if (text[0] == '?' && !text[1])
        form = SIM_READ;
    else if (text[0])
        return error;
    const char *args = form == SIM_SET ? text + 1 : "";
    const struct sim_command *row = row_find(modem, name, sim_sms_commands, sim_sms_command_count);
    if (!row)
        row = row_find(modem, name, commands, sizeof commands / sizeof commands[0]);
    struct sim_result result = error;
    if (row)
        return run_row(modem, row, form, args);
    if (!tell_iccid(modem, name, &result))
        run_from_tables(modem, name, form, args, &result);
    return result;
}

/* One basic command (V.250 clause 5.3.1), which *at leaves behind. */
static struct sim_result run_basic(struct simmodem *modem, const char **at)
{
    struct sim_settings *set = &modem->settings;
    char letter = (char)toupper((unsigned char)*(*at)++);
    if (letter == '&')
        letter = (char)(tolower((unsigned char)*(*at)++)); /* &f is not F */
    if (!letter)
        return error;
    int value = 0;
    while (isdigit((unsigned char)**at) && value < 1000)
        value = value * 10 + (*(*at)++ - '0');
    int *flag = letter == 'E'   ? &set->echo
                : letter == 'V' ? &set->verbose
                : letter == 'Q' ? &set->quiet
                                : NULL;
    if (flag) {
        if (value > 1)
            return error;
        *flag = value;
        return ok;
    }
    if (letter == 'I') {
        sim_say(modem, "%s", modem->profile->maker);
        sim_say(modem, "%s", modem->profile->model);
        return ok;
    }
    if (letter == 'Z' || letter == 'f') {
        set->echo = set->verbose = 1; /* the factory's profile has the echo on */
        set->quiet = set->cmee = 0;
        memset(set->cnmi, 0, sizeof set->cnmi);
        return ok;
    }
    if (letter == 'H' || letter == 'X' || letter == 'L' || letter == 'M' || letter == 'd' ||
        letter == 'c' || letter == 'k' || letter == 'w')
        return ok;
    return error;
}

/* Up to the next semicolon outside quotes. */
static size_t extended_length(const char *text)
{
    bool quoted = false;
    size_t len = 0;
    for (; text[len] && (quoted || text[len] != ';'); len++)
        if (text[len] == '"')
            quoted = !quoted;
    return len;
}

/* A line that ends this maker's noise. */
static void heed_noise_off(struct simmodem *modem, const char *line)
{
    const char *off = modem->profile->noise_off;
    if (off && strstr(line, off + 2) == line)
        modem->settings.noise = 0;
}

struct sim_result sim_command_run(struct simmodem *modem, const char *line)
{
    struct sim_result result = ok;
    heed_noise_off(modem, line);
    while (*line && result.kind == SIM_OK) {
        if (*line == ' ' || *line == ';') {
            line++;
        } else if (strchr("+^#!*$%", *line)) {
            char text[SIM_LINE_ROOM];
            size_t len = extended_length(line);
            memcpy(text, line, len);
            text[len] = 0;
            result = run_extended(modem, text);
            line += len;
        } else {
            result = run_basic(modem, &line);
        }
    }
    return result;
}
