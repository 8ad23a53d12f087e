#include "at_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "number.h"

/* --- final results --- */

struct error_text {
    int code;
    const char *text;
};

/* TS 27.007 clause 9.2.1, as modems that ignore AT+CMEE=1 spell it. */
static const struct error_text cme_texts[] = {
    {3, "operation not allowed"},
    {4, "operation not supported"},
    {5, "PH-SIM PIN required"},
    {10, "SIM not inserted"},
    {11, "SIM PIN required"},
    {12, "SIM PUK required"},
    {13, "SIM failure"},
    {14, "SIM busy"},
    {15, "SIM wrong"},
    {16, "incorrect password"},
    {17, "SIM PIN2 required"},
    {18, "SIM PUK2 required"},
    {20, "memory full"},
    {21, "invalid index"},
    {22, "not found"},
    {23, "memory failure"},
    {30, "no network service"},
    {31, "network timeout"},
    {32, "network not allowed - emergency calls only"},
    {32, "emergency calls only"},
    {50, "incorrect parameters"},
    {100, "unknown"},
};

/* TS 27.005 clause 3.2.5. */
static const struct error_text cms_texts[] = {
    {1, "unassigned (unallocated) number"},
    {8, "operator determined barring"},
    {10, "call barred"},
    {21, "short message transfer rejected"},
    {27, "destination out of service"},
    {28, "unidentified subscriber"},
    {29, "facility rejected"},
    {30, "unknown subscriber"},
    {38, "network out of order"},
    {41, "temporary failure"},
    {42, "congestion"},
    {47, "resources unavailable, unspecified"},
    {50, "requested facility not subscribed"},
    {69, "requested facility not implemented"},
    {300, "ME failure"},
    {301, "SMS service of ME reserved"},
    {302, "operation not allowed"},
    {303, "operation not supported"},
    {304, "invalid PDU mode parameter"},
    {305, "invalid text mode parameter"},
    {310, "SIM not inserted"},
    {311, "SIM PIN required"},
    {313, "SIM failure"},
    {314, "SIM busy"},
    {315, "SIM wrong"},
    {316, "SIM PUK required"},
    {320, "memory failure"},
    {321, "invalid memory index"},
    {322, "memory full"},
    {330, "SMSC address unknown"},
    {331, "no network service"},
    {332, "network timeout"},
    {340, "no +CNMA acknowledgement expected"},
    {500, "unknown error"},
};

static int error_code(const char *text, const struct error_text *rows, size_t count, int unknown)
{
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits <= 6 && text[digits + strspn(text + digits, " ")] == '\0') {
        int code = 0;
        for (size_t i = 0; i < digits; i++)
            code = code * 10 + (text[i] - '0');
        return code;
    }
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, rows[i].text) == 0)
            return rows[i].code;
    return unknown;
}

/* What stands behind `prefix` and its spaces, or NULL. */
static const char *behind(const char *line, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(line, prefix, len) != 0)
        return NULL;
    return line + len + strspn(line + len, " ");
}

static bool is_call_end(const char *line)
{
    static const char *const ends[] = {"NO CARRIER", "NO ANSWER", "NO DIALTONE", "NO DIAL TONE",
                                       "BUSY"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(line, ends[i]) == 0)
            return true;
    return false;
}

bool at_parse_final(const char *line, struct at_final *out)
{
    const char *rest;
    out->code = 0;
    if (strcmp(line, "OK") == 0) {
        out->kind = AT_FINAL_OK;
        return true;
    }
    if ((rest = behind(line, "+CMS ERROR:")) && *rest) {
        out->kind = AT_FINAL_CMS;
        out->code = error_code(rest, cms_texts, sizeof cms_texts / sizeof *cms_texts, 500);
        return true;
    }
    if ((rest = behind(line, "+CME ERROR:")) && *rest) {
        out->kind = AT_FINAL_CME;
        out->code = error_code(rest, cme_texts, sizeof cme_texts / sizeof *cme_texts, 100);
        return true;
    }
    if (is_call_end(line)) {
        out->kind = AT_FINAL_CALL;
        return true;
    }
    out->kind = AT_FINAL_ERROR;
    /* Huawei E1752 spells it "COMMAND NOT SUPPORT"; E1550 glues "ERROR+CNUM:" together. */
    if (strcmp(line, "ERROR") == 0 || behind(line, "ERROR:") || behind(line, "ERROR+") ||
        strcmp(line, "COMMAND NOT SUPPORT") == 0)
        return true;
    return (rest = behind(line, "MODEM ERROR:")) && isdigit((unsigned char)*rest);
}

/* --- fields --- */

/* A closing quote is one with a comma or the end behind it. Where there is none the field ends at
 * the next comma: `"TELE2,0` and `"0B,"0100701",7` are both seen in the field. */
static const char *field_take(const char *at, struct at_field *field)
{
    at += strspn(at, " ");
    field->quoted = *at == '"';
    if (field->quoted) {
        const char *close = strchr(++at, '"');
        if (close) {
            const char *next = close + 1 + strspn(close + 1, " ");
            if (*next == ',' || *next == '\0') {
                field->text = at;
                field->len = (size_t)(close - at);
                return next;
            }
        }
    }
    field->text = at;
    field->len = strcspn(at, ",");
    const char *next = at + field->len;
    while (field->len > 0 && (at[field->len - 1] == ' ' || at[field->len - 1] == '"'))
        field->len--;
    return next;
}

bool at_fields_split(const char *line, const char *prefix, struct at_fields *out)
{
    const char *at = behind(line, prefix);
    out->count = 0;
    if (!at)
        return false;
    while (*at && out->count < AT_FIELDS_MAX) {
        at = field_take(at, &out->field[out->count++]);
        if (*at != ',')
            break;
        at++;
        if (*at == '\0' && out->count < AT_FIELDS_MAX)
            out->field[out->count++] = (struct at_field){.text = at};
    }
    return true;
}

int at_field_int(const struct at_fields *fields, unsigned i)
{
    if (i >= fields->count || fields->field[i].len == 0 || fields->field[i].len > 9)
        return -1;
    int value = 0;
    for (size_t k = 0; k < fields->field[i].len; k++) {
        if (!isdigit((unsigned char)fields->field[i].text[k]))
            return -1;
        value = value * 10 + (fields->field[i].text[k] - '0');
    }
    return value;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint32_t field_hex(const struct at_fields *fields, unsigned i)
{
    uint32_t value = 0;
    if (i >= fields->count || fields->field[i].len > 8)
        return 0;
    for (size_t k = 0; k < fields->field[i].len; k++) {
        int digit = hex_digit(fields->field[i].text[k]);
        if (digit < 0)
            return 0;
        value = value << 4 | (uint32_t)digit;
    }
    return value;
}

static bool one_int(const char *line, const char *prefix, int *out)
{
    struct at_fields fields;
    if (!at_fields_split(line, prefix, &fields))
        return false;
    *out = at_field_int(&fields, 0);
    return *out >= 0;
}

/* --- replies --- */

bool at_parse_cmgs(const char *line, int *reference)
{
    int value;
    if (!one_int(line, "+CMGS:", &value) || value > 255)
        return false;
    *reference = value;
    return true;
}

/* <n>,<stat>[,<lac>,<ci>[,<AcT>...]] in answers, <stat>[,<lac>,<ci>[,<AcT>...]] unsolicited, and
 * the two cannot be told apart by when they come. By shape: <stat> is a short plain number where an
 * area code is quoted or longer; three fields are always stat, area, cell (the form without <n>).
 */
bool at_parse_registration(const char *line, const char *family, struct at_registration *out)
{
    struct at_fields fields;
    if (!at_fields_split(line, family, &fields) || fields.count == 0)
        return false;
    unsigned at = 0;
    if (fields.count != 3 && fields.count > 1 && !fields.field[1].quoted &&
        fields.field[1].len <= 2 && at_field_int(&fields, 1) >= 0)
        at = 1;
    out->stat = at_field_int(&fields, at);
    out->area = field_hex(&fields, at + 1);
    out->cell = field_hex(&fields, at + 2);
    out->technology = at_field_int(&fields, at + 3);
    return out->stat >= 0 && out->stat <= 10;
}

bool at_parse_csq(const char *line, int *dbm)
{
    int level;
    *dbm = 0;
    if (!one_int(line, "+CSQ:", &level))
        return false;
    if (level <= 31)
        *dbm = -113 + 2 * level;
    else if (level >= 100 && level <= 191) /* TD-SCDMA on Qualcomm chips */
        *dbm = -216 + level;
    return true;
}

/* <rxlev>,<ber>,<rscp>,<ecno>,<rsrq>,<rsrp>: the newest radio that knows something. */
bool at_parse_cesq(const char *line, int *dbm)
{
    struct at_fields fields;
    *dbm = 0;
    if (!at_fields_split(line, "+CESQ:", &fields) || fields.count < 6)
        return false;
    int rxlev = at_field_int(&fields, 0);
    int rscp = at_field_int(&fields, 2);
    int rsrp = at_field_int(&fields, 5);
    if (rsrp >= 0 && rsrp <= 97)
        *dbm = -141 + rsrp;
    else if (rscp >= 0 && rscp <= 96)
        *dbm = -121 + rscp;
    else if (rxlev >= 0 && rxlev <= 63)
        *dbm = -111 + rxlev;
    return true;
}

static bool printable_copy(char *out, size_t room, const char *text, size_t len)
{
    size_t used = 0;
    for (size_t i = 0; i < len && used + 1 < room; i++)
        if (text[i] >= 0x20 && text[i] < 0x7f)
            out[used++] = text[i];
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    return used > 0;
}

bool at_parse_cops(const char *line, char name[33], int *technology)
{
    struct at_fields fields;
    name[0] = '\0';
    *technology = -1;
    if (!at_fields_split(line, "+COPS:", &fields) || at_field_int(&fields, 0) < 0)
        return false;
    if (fields.count >= 3)
        (void)printable_copy(name, 33, fields.field[2].text, fields.field[2].len);
    *technology = at_field_int(&fields, 3);
    return true;
}

bool at_parse_cpin(const char *line, enum at_sim *out)
{
    static const struct {
        const char *text;
        enum at_sim sim;
    } rows[] = {
        {"READY", AT_SIM_READY},         {"SIM PIN", AT_SIM_PIN},        {"SIM PUK", AT_SIM_PUK},
        {"NOT INSERTED", AT_SIM_ABSENT}, {"NOT READY", AT_SIM_BUSY},     {"SIM BUSY", AT_SIM_BUSY},
        {"REMOVED", AT_SIM_ABSENT},      {"SIM REMOVED", AT_SIM_ABSENT}, {"ERROR", AT_SIM_FAILURE},
    };
    struct at_fields fields;
    if (!at_fields_split(line, "+CPIN:", &fields) || fields.count == 0 || fields.field[0].len == 0)
        return false;
    *out = AT_SIM_OTHER;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].text) == fields.field[0].len &&
            strncasecmp(rows[i].text, fields.field[0].text, fields.field[0].len) == 0)
            *out = rows[i].sim;
    return true;
}

enum at_sim at_sim_of_error(const struct at_final *final)
{
    static const struct {
        int cme, cms;
        enum at_sim sim;
    } rows[] = {
        {10, 310, AT_SIM_ABSENT},  {11, 311, AT_SIM_PIN},   {12, 316, AT_SIM_PUK},
        {13, 313, AT_SIM_FAILURE}, {14, 314, AT_SIM_BUSY},  {15, 315, AT_SIM_FAILURE},
        {5, 312, AT_SIM_OTHER},    {17, 317, AT_SIM_OTHER}, {18, 318, AT_SIM_OTHER},
        {515, 515, AT_SIM_BUSY},
    };
    if (final->kind == AT_FINAL_CME || final->kind == AT_FINAL_CMS)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (final->code == (final->kind == AT_FINAL_CME ? rows[i].cme : rows[i].cms))
                return rows[i].sim;
    return AT_SIM_BUSY; /* not told: worth asking again */
}

bool at_parse_pin_left(const char *line, const char *prefix, const char *name, unsigned field,
                       int *left)
{
    struct at_fields fields;
    *left = -1;
    if (!at_fields_split(line, prefix, &fields))
        return false;
    bool ours = !name || (fields.count > 0 && fields.field[0].len == strlen(name) &&
                          strncasecmp(fields.field[0].text, name, strlen(name)) == 0);
    int value = ours ? at_field_int(&fields, field) : -1;
    if (value <= 99)
        *left = value;
    return true;
}

/* Behind "+CGSN:", "^ICCID:", ... or the line itself where it has no such prefix. */
static const char *value_of(const char *line)
{
    if (*line == '+' || *line == '^' || *line == '#' || *line == '!' || *line == '*') {
        const char *colon = strchr(line, ':');
        if (!colon)
            return "";
        line = colon + 1;
    }
    return line + strspn(line, " \"");
}

static bool digits_copy(const char *line, char *out, size_t least, size_t most)
{
    const char *value = value_of(line);
    size_t len = strspn(value, "0123456789");
    if (len < least || len > most || value[len + strspn(value + len, " \"")] != '\0')
        return false;
    memcpy(out, value, len);
    out[len] = '\0';
    return true;
}

bool at_parse_imei(const char *line, char imei[17])
{
    return digits_copy(line, imei, 14, 16); /* 14 without the check digit, 16 with a version */
}

bool at_parse_imsi(const char *line, char imsi[16])
{
    return digits_copy(line, imsi, 14, 15);
}

/* ITU-T E.118: nineteen digits, the last a check digit by Luhn. Many carriers have it behind
 * nineteen others, and some ways to ask leave it out. So that a SIM has one name whichever way it
 * was read: nineteen, with the check digit where it belongs to them, without it where it comes
 * after. */
enum { ICCID_LEN = 19 };

static void iccid_settle(char iccid[23], size_t len)
{
    if (len > ICCID_LEN)
        iccid[ICCID_LEN] = '\0';
    if (len != ICCID_LEN - 1 || strspn(iccid, "0123456789") != len)
        return;
    int sum = 0;
    for (size_t i = 0; i < len; i++) {
        int digit = iccid[i] - '0';
        int twice = 2 * digit > 9 ? 2 * digit - 9 : 2 * digit;
        sum += (len - i) % 2 ? twice : digit;
    }
    iccid[len] = (char)('0' + (10 - sum % 10) % 10);
    iccid[len + 1] = '\0';
}

/* Digits (TS 31.102 allows no others, some carriers write hex) with the padding cut off. */
static bool iccid_take(const char *text, char iccid[23])
{
    size_t len = 0;
    bool swapped = text[0] == '9' && text[1] == '8';
    while (len < 22 && hex_digit(text[len]) >= 0)
        len++;
    if (len < 18 || (swapped && len % 2 != 0) || hex_digit(text[len]) >= 0)
        return false;
    for (size_t i = 0; i < len; i++)
        iccid[i] = (char)toupper((unsigned char)text[swapped ? i ^ 1 : i]);
    while (len > 0 && iccid[len - 1] == 'F')
        len--;
    iccid[len] = '\0';
    if (len < 18 || iccid[0] != '8' || iccid[1] != '9')
        return false;
    iccid_settle(iccid, len);
    return true;
}

bool at_parse_iccid(const char *line, char iccid[23])
{
    struct at_fields fields;
    if (at_fields_split(line, "+CRSM:", &fields)) { /* <sw1>,<sw2>,<data>: 144 is "done" */
        if (fields.count < 3 || at_field_int(&fields, 0) != 144)
            return false;
        return iccid_take(fields.field[2].text, iccid);
    }
    return iccid_take(value_of(line), iccid);
}

bool at_parse_name(const char *line, const char *prefix, char *out, size_t room)
{
    const char *value = behind(line, prefix);
    if (!value && strchr("+^#*!%&$", *line))
        return false; /* somebody's result, not a name */
    value = value ? value : line;
    value += strspn(value, " \"");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == '"' || value[len - 1] == ' '))
        len--;
    return printable_copy(out, room, value, len);
}

/* With AT+CSCS="UCS2" left over from another program the number comes as UCS-2 in hex. */
static bool unhex_ucs2(const struct at_field *field, char out[17])
{
    size_t len = field->len / 4;
    if (field->len % 4 != 0 || len > 16 || len < 3)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *unit = field->text + 4 * i;
        int high = hex_digit(unit[2]);
        int low = hex_digit(unit[3]);
        if (unit[0] != '0' || unit[1] != '0' || high < 0 || low < 0)
            return false;
        out[i] = (char)(high << 4 | low);
    }
    out[len] = '\0';
    return number_is_clean(out);
}

bool at_parse_csca(const char *line, char number[17])
{
    struct at_fields fields;
    number[0] = '\0';
    if (!at_fields_split(line, "+CSCA:", &fields))
        return false;
    if (fields.count == 0 || fields.field[0].len == 0)
        return true;
    if (unhex_ucs2(&fields.field[0], number))
        return true;
    number[0] = '\0';
    if (fields.field[0].len > 16)
        return true;
    memcpy(number, fields.field[0].text, fields.field[0].len);
    number[fields.field[0].len] = '\0';
    if (!number_is_clean(number))
        number[0] = '\0';
    return true;
}

bool at_parse_cnmi(const char *line, int out[5])
{
    struct at_fields fields;
    if (!at_fields_split(line, "+CNMI:", &fields) || fields.count < 5)
        return false;
    for (unsigned i = 0; i < 5; i++)
        if ((out[i] = at_field_int(&fields, i)) < 0)
            return false;
    return true;
}

bool at_parse_cmgf(const char *line, int *mode)
{
    return one_int(line, "+CMGF:", mode);
}

bool at_parse_cmee(const char *line, int *mode)
{
    return one_int(line, "+CMEE:", mode);
}

bool at_parse_cfun(const char *line, int *level)
{
    return one_int(line, "+CFUN:", level);
}
