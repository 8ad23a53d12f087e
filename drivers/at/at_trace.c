#include "at_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "at_parse.h"
#include "at_parse_cusd.h"
#include "pdu_decode.h"
#include "text.h"

enum {
    DIGITS_SEEN = 2, /* of a number nothing is known of */
    NUMBER_SEEN = 5, /* of one that is known to be a setting, a reference, a length */
    WORD_SEEN = 24,
    NAME_SEEN = 40,
    HEX_PDU = 16, /* so many digits of hex in a bare line are a body */
    BODY_LINES = 3,
    TOKENS_MOST = 64, /* bytes: the fields that are written down, before the rest is counted */
};

/* How a field, or a bare line, is written down. */
enum seen {
    SEEN_NUMBER, /* up to NUMBER_SEEN digits as they are; else masked */
    SEEN_WORD,   /* capitals, digits, quotes, parentheses as they are; else masked */
    SEEN_NAME,   /* printable as it is: a maker, a model, a firmware */
    SEEN_LITTLE, /* up to DIGITS_SEEN digits as they are; else masked: nothing is known of it */
    SEEN_IMEI,   /* by kind and length alone, from here on */
    SEEN_IMSI,
    SEEN_ICCID,
    SEEN_PHONE,
    SEEN_PIN,
    SEEN_CODE,
};
static const char *const kind_names[] = {
    [SEEN_IMEI] = "imei",   [SEEN_IMSI] = "imsi", [SEEN_ICCID] = "iccid",
    [SEEN_PHONE] = "phone", [SEEN_PIN] = "pin",   [SEEN_CODE] = "code",
};

struct at_trace_row {
    const char *prefix;
    enum seen first, rest; /* of its fields */
    enum seen bare;        /* of bare lines while a command that begins so is on the wire */
    bool body;             /* what follows comes from the air */
};

/* Commands. The longest prefix that fits stands first. */
static const struct at_trace_row commands[] = {
    {"AT+CPIN=", SEEN_PIN, SEEN_PIN, SEEN_LITTLE, false},
    {"AT+CSCA=", SEEN_PHONE, SEEN_NUMBER, SEEN_LITTLE, false},
    {"AT+CUSD=", SEEN_NUMBER, SEEN_CODE, SEEN_LITTLE, false},
    {"AT+CGMI", SEEN_LITTLE, SEEN_LITTLE, SEEN_NAME, false},
    {"AT+CGMM", SEEN_LITTLE, SEEN_LITTLE, SEEN_NAME, false},
    {"AT+CGMR", SEEN_LITTLE, SEEN_LITTLE, SEEN_NAME, false},
    {"AT+CGSN", SEEN_LITTLE, SEEN_LITTLE, SEEN_IMEI, false},
    {"AT+CIMI", SEEN_LITTLE, SEEN_LITTLE, SEEN_IMSI, false},
    {"AT+CRSM=", SEEN_NUMBER, SEEN_NUMBER, SEEN_ICCID, false},
    {"AT+CCID", SEEN_LITTLE, SEEN_LITTLE, SEEN_ICCID, false},
    {"AT+CICCID", SEEN_LITTLE, SEEN_LITTLE, SEEN_ICCID, false},
    {"AT+QCCID", SEEN_LITTLE, SEEN_LITTLE, SEEN_ICCID, false},
    {"AT+ZICCID", SEEN_LITTLE, SEEN_LITTLE, SEEN_ICCID, false},
    {"AT^ICCID", SEEN_LITTLE, SEEN_LITTLE, SEEN_ICCID, false},
    {"AT#CCID", SEEN_LITTLE, SEEN_LITTLE, SEEN_ICCID, false},
    {"AT!ICCID", SEEN_LITTLE, SEEN_LITTLE, SEEN_ICCID, false},
    {"AT+CMG", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, true},
    {"AT+CPMS=", SEEN_WORD, SEEN_WORD, SEEN_LITTLE, false},
    {"AT+CSCS=", SEEN_WORD, SEEN_WORD, SEEN_LITTLE, false},
    {"AT+C", SEEN_LITTLE, SEEN_LITTLE, SEEN_LITTLE, false},
};

/* Lines with a prefix. */
static const struct at_trace_row lines[] = {
    {"+CMGS:", SEEN_NUMBER, SEEN_LITTLE, SEEN_LITTLE, false},
    {"+CMGR:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, true},
    {"+CMGL:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, true},
    {"+CMTI:", SEEN_WORD, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CDSI:", SEEN_WORD, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CMT:", SEEN_LITTLE, SEEN_NUMBER, SEEN_LITTLE, true},
    {"+CDS:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, true},
    {"+CBM:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, true},
    {"+CREG:", SEEN_NUMBER, SEEN_LITTLE, SEEN_LITTLE, false},
    {"+CGREG:", SEEN_NUMBER, SEEN_LITTLE, SEEN_LITTLE, false},
    {"+CEREG:", SEEN_NUMBER, SEEN_LITTLE, SEEN_LITTLE, false},
    {"+CSQ:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CESQ:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+COPS:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CMGF:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CMEE:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CFUN:", SEEN_NUMBER, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CPIN:", SEEN_WORD, SEEN_WORD, SEEN_LITTLE, false},
    {"+CPINR:", SEEN_WORD, SEEN_NUMBER, SEEN_LITTLE, false},
    {"^CPIN:", SEEN_WORD, SEEN_LITTLE, SEEN_LITTLE, false},
    {"+CPMS:", SEEN_WORD, SEEN_WORD, SEEN_LITTLE, false},
    {"+CNMI:", SEEN_WORD, SEEN_WORD, SEEN_LITTLE, false},
    {"+CSCS:", SEEN_WORD, SEEN_WORD, SEEN_LITTLE, false},
    {"+CSCA:", SEEN_PHONE, SEEN_NUMBER, SEEN_LITTLE, false},
    {"+CGMI:", SEEN_NAME, SEEN_NAME, SEEN_LITTLE, false},
    {"+CGMM:", SEEN_NAME, SEEN_NAME, SEEN_LITTLE, false},
    {"+CGMR:", SEEN_NAME, SEEN_NAME, SEEN_LITTLE, false},
    {"+CGSN:", SEEN_IMEI, SEEN_IMEI, SEEN_LITTLE, false},
    {"+CIMI:", SEEN_IMSI, SEEN_IMSI, SEEN_LITTLE, false},
    {"+CRSM:", SEEN_NUMBER, SEEN_ICCID, SEEN_LITTLE, false},
    {"+QIND:", SEEN_WORD, SEEN_WORD, SEEN_LITTLE, false},
};

/* Firmware's own words, whole lines. */
static const char *const words[] = {
    "RDY",
    "SMS Ready",
    "SMS READY",
    "SMS DONE",
    "Call Ready",
    "PB DONE",
    "^SYSSTART",
    "RING",
    "+PACSP0",
    "+PACSP1",
    "+SMS FULL",
    "+ZEND",
    "UNDER-VOLTAGE WARNNING",
    "UNDER-VOLTAGE POWER DOWN",
};

/* --- writing down --- */

struct pen {
    char *out;
    size_t len;
};

static void pen_put(struct pen *pen, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void pen_put(struct pen *pen, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(pen->out + pen->len, RECORDER_TEXT - pen->len, format, args);
    va_end(args);
    if (len > 0)
        pen->len += (size_t)len;
    if (pen->len >= RECORDER_TEXT)
        pen->len = RECORDER_TEXT - 1;
}

static bool is_all(const char *text, size_t len, const char *set)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0' || !strchr(set, text[i]))
            return false;
    return true;
}

static void put_masked(struct pen *pen, const char *text, size_t len)
{
    const char *kind = "text";
    if (is_all(text, len, "0123456789"))
        kind = "digits";
    else if (is_all(text, len, "0123456789ABCDEFabcdef"))
        kind = "hex";
    pen_put(pen, "<%s:%zu>", kind, len);
}

static bool is_word(const char *text, size_t len)
{
    size_t digits = 0;
    for (size_t i = 0; i < len; i++) {
        digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
        if (digits > 3)
            return false;
    }
    return len <= WORD_SEEN && is_all(text, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ()-?");
}

static void put_name(struct pen *pen, const char *text, size_t len)
{
    for (size_t i = 0; i < len && i < NAME_SEEN; i++) {
        bool plain = text[i] >= 0x20 && text[i] < 0x7F && text[i] != '<' && text[i] != '>';
        pen_put(pen, "%c", plain ? text[i] : '.');
    }
}

static void put_seen(struct pen *pen, enum seen seen, const char *text, size_t len)
{
    bool number = is_all(text, len, "0123456789");
    switch (seen) {
    case SEEN_NUMBER:
    case SEEN_LITTLE:
        if (number && len <= (seen == SEEN_NUMBER ? NUMBER_SEEN : DIGITS_SEEN))
            pen_put(pen, "%.*s", (int)len, text);
        else
            put_masked(pen, text, len);
        break;
    case SEEN_WORD:
        if (is_word(text, len))
            pen_put(pen, "%.*s", (int)len, text);
        else
            put_masked(pen, text, len);
        break;
    case SEEN_NAME:
        put_name(pen, text, len);
        break;
    case SEEN_IMEI:
    case SEEN_IMSI:
    case SEEN_ICCID:
    case SEEN_PHONE:
    case SEEN_PIN:
    case SEEN_CODE:
        if (number && len <= DIGITS_SEEN && seen != SEEN_PIN && seen != SEEN_CODE)
            pen_put(pen, "%.*s", (int)len, text);
        else
            pen_put(pen, "<%s:%zu>", kind_names[seen], len);
        break;
    }
}

/* Fields between commas; quotes stay, what is between them is the field. */
static void put_fields(struct pen *pen, const struct at_trace_row *row, const char *at)
{
    for (unsigned n = 0; *at; n++) {
        size_t blanks = strspn(at, " (");
        pen_put(pen, "%.*s", (int)(blanks < 3 ? blanks : 3), at);
        at += blanks;
        bool quoted = *at == '"';
        size_t len = strcspn(at + quoted, quoted ? "\"," : ",");
        if (pen->len > TOKENS_MOST) {
            pen_put(pen, "<text:%zu>", strlen(at));
            return;
        }
        pen_put(pen, "%s", quoted ? "\"" : "");
        put_seen(pen, n == 0 ? row->first : row->rest, at + quoted, len);
        at += quoted + len;
        if (quoted && *at == '"') {
            pen_put(pen, "\"");
            at++;
            at += strspn(at, " )") ? 0 : strcspn(at, ","); /* behind a quote: nothing is known */
            size_t close = strspn(at, " )");
            pen_put(pen, "%.*s", (int)(close < 3 ? close : 3), at);
            at += strcspn(at, ",");
        }
        if (*at == ',') {
            pen_put(pen, ",");
            at++;
        }
    }
}

static const struct at_trace_row *row_find(const struct at_trace_row *rows, size_t count,
                                           const char *text)
{
    static const struct at_trace_row unknown = {"", SEEN_LITTLE, SEEN_LITTLE, SEEN_LITTLE, false};
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return &rows[i];
    return &unknown;
}

static const struct at_trace_row *command_row(const char *text)
{
    return row_find(commands, sizeof commands / sizeof *commands, text);
}

/* --- masks --- */

void at_trace_mask_command(const char *text, char *out)
{
    struct pen pen = {.out = out};
    size_t name = strcspn(text, "=");
    name += text[name] == '=';
    out[0] = '\0';
    if (name > WORD_SEEN || !is_all(text, name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+^#!*%&$?=")) {
        pen_put(&pen, "<line:%zu>", strlen(text));
        return;
    }
    pen_put(&pen, "%.*s", (int)name, text);
    if (strcmp(text + name, "?") == 0)
        pen_put(&pen, "?");
    else
        put_fields(&pen, command_row(text), text + name);
}

/* True: it is a final result, written as we understand it. */
static bool mask_final(struct pen *pen, const char *line)
{
    struct at_final final;
    if (!at_parse_final(line, &final))
        return false;
    switch (final.kind) {
    case AT_FINAL_OK:
        pen_put(pen, "OK");
        break;
    case AT_FINAL_ERROR:
        pen_put(pen, "ERROR");
        break;
    case AT_FINAL_CMS:
        pen_put(pen, "+CMS ERROR: %d", final.code);
        break;
    case AT_FINAL_CME:
        pen_put(pen, "+CME ERROR: %d", final.code);
        break;
    case AT_FINAL_CALL:
        pen_put(pen, "NO CARRIER");
        break;
    }
    return true;
}

static void mask_cusd(struct pen *pen, const char *line)
{
    struct at_cusd cusd;
    if (!at_parse_cusd(line, &cusd)) {
        pen_put(pen, "+CUSD: <text:%zu>", strlen(line + 6));
        return;
    }
    pen_put(pen, "+CUSD: %d", (int)cusd.mode);
    if (cusd.text)
        pen_put(pen, ",\"<ussd:%zu>\"", cusd.len);
    if (cusd.dcs >= 0)
        pen_put(pen, ",%d", cusd.dcs);
}

/* Of a report also what names no person: which message of ours, and what became of it. */
static void put_pdu(struct pen *pen, const char *line, size_t len)
{
    struct pdu_tpdu tpdu;
    struct pdu_deliver deliver;
    struct pdu_report report;
    bool whole = pdu_decode_line(line, len, -1, &tpdu) == 0;
    if (whole && pdu_decode_report(tpdu.octet, tpdu.len, &report) == PDU_OK)
        pen_put(pen, "<report:%zu:%u:%u>", len, report.reference, report.status);
    else if (whole && pdu_decode_deliver(tpdu.octet, tpdu.len, &deliver) == PDU_OK)
        pen_put(pen, "<deliver:%zu>", len);
    else
        pen_put(pen, "<pdu:%zu>", len);
    explicit_bzero(&tpdu, sizeof tpdu);
    explicit_bzero(&deliver, sizeof deliver);
}

static void mask_bare(struct pen *pen, const struct at_trace *trace, const char *line)
{
    size_t len = strlen(line);
    if (is_all(line, len, "0123456789ABCDEFabcdef") && len >= HEX_PDU && trace->bodies > 0)
        put_pdu(pen, line, len);
    else if (trace->bodies > 0 || !trace->asked || trace->asked->bare == SEEN_LITTLE)
        pen_put(pen, "<line:%zu>", len);
    else
        put_seen(pen, trace->asked->bare, line, len);
}

/* Commands whose answers come with a prefix that many use for the same thing. */
static void mask_result(struct pen *pen, const struct at_trace *trace, const char *line)
{
    size_t name = strcspn(line, ":");
    struct at_trace_row row = *row_find(lines, sizeof lines / sizeof *lines, line);
    if (line[name] != ':' || name > WORD_SEEN ||
        !is_all(line + 1, name - 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")) {
        pen_put(pen, "<line:%zu>", strlen(line));
        return;
    }
    if (!row.prefix[0] && trace->asked && trace->asked->bare == SEEN_ICCID)
        row.first = row.rest = SEEN_ICCID;
    pen_put(pen, "%.*s:", (int)name, line);
    put_fields(pen, &row, line + name + 1);
}

static bool is_known_word(const char *line)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(line, words[i]) == 0)
            return true;
    return false;
}

static void mask_line(const struct at_trace *trace, const char *line, char *out)
{
    struct pen pen = {.out = out};
    out[0] = '\0';
    if (strncmp(line, "AT", 2) == 0)
        at_trace_mask_command(line, out); /* an echo */
    else if (is_known_word(line))
        pen_put(&pen, "%s", line);
    else if (mask_final(&pen, line))
        return;
    else if (strncmp(line, "+CUSD:", 6) == 0)
        mask_cusd(&pen, line);
    else if (strchr("+^#*!%&$", *line))
        mask_result(&pen, trace, line);
    else
        mask_bare(&pen, trace, line);
}

/* --- lines --- */

void at_trace_command(struct at_trace *trace, int64_t now_ns, const char *text)
{
    at_trace_mask_command(text, recorder_put(&trace->recorder, now_ns, '>'));
    trace->asked = command_row(text);
    if (!trace->asked->body)
        trace->bodies = 0;
}

void at_trace_body(struct at_trace *trace, int64_t now_ns, size_t len)
{
    (void)snprintf(recorder_put(&trace->recorder, now_ns, '>'), RECORDER_TEXT, "<pdu:%zu>^Z", len);
}

void at_trace_escape(struct at_trace *trace, int64_t now_ns)
{
    (void)text_copy(recorder_put(&trace->recorder, now_ns, '>'), RECORDER_TEXT, "^[");
}

void at_trace_prompt(struct at_trace *trace, int64_t now_ns)
{
    (void)text_copy(recorder_put(&trace->recorder, now_ns, '<'), RECORDER_TEXT, ">");
}

void at_trace_heard(struct at_trace *trace, int64_t now_ns, const char *text)
{
    const struct at_trace_row *row = row_find(lines, sizeof lines / sizeof *lines, text);
    mask_line(trace, text, recorder_put(&trace->recorder, now_ns, '<'));
    if (row->body)
        trace->bodies = BODY_LINES;
    else if (trace->bodies > 0 && !strchr("+^#*!%&$", *text))
        trace->bodies--;
}
