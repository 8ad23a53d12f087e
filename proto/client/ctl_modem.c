/* ctl_modem: the modems: shown, paused, resumed, reset, accepted, asked by USSD, traced. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ctl_show.h"
#include "ctl_table.h"

/* Eleven columns and their gaps fit into a hundred, whatever a modem and its network are called. */
enum {
    COLUMNS = 100,
    NAME_COLUMNS = 12,
    CARRIER_COLUMNS = 9,
    MODEL_COLUMNS = 24,
    DAY_S = 86400,
    CELL = 300
};

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* How long it is so: "42s", "5m", "3h", "12d". */
static const char *age_text(const char *utc, char out[24])
{
    struct tm parts = {0};
    if (!utc || !strptime(utc, "%Y-%m-%dT%H:%M:%S", &parts))
        return NULL;
    long long age_s = (long long)(time(NULL) - timegm(&parts));
    age_s = age_s < 0 ? 0 : age_s;
    if (age_s < 60)
        snprintf(out, 24, "%llds", age_s);
    else if (age_s < 3600)
        snprintf(out, 24, "%lldm", age_s / 60);
    else if (age_s < 2LL * DAY_S)
        snprintf(out, 24, "%lldh", age_s / 3600);
    else
        snprintf(out, 24, "%lldd", age_s / DAY_S);
    return out;
}

/* "12/200", or "12" where there is no budget. */
static void used_text(const json_t *modem, char out[CELL])
{
    char used[24] = "", budget[24] = "0";
    ctl_show_number(modem, "used_today", used);
    ctl_show_number(modem, "budget", budget);
    bool limited = strcmp(budget, "0") != 0;
    snprintf(out, CELL, "%s%s%s", used, limited ? "/" : "", limited ? budget : "");
}

/* The carrier of its SIM; where that is not known the operator whose network it is in. */
static void add_modem(json_t *table, const json_t *modem)
{
    char name[CELL], carrier[CELL], age[24], dbm[24], used[CELL], sent[24], failed[24], penalty[24];
    const char *who = text_of(modem, "carrier"), *tech = text_of(modem, "technology");
    const char *cells[] = {name,
                           text_of(modem, "state"),
                           age_text(text_of(modem, "since"), age),
                           carrier,
                           tech && strcmp(tech, "unknown") == 0 ? "-" : tech,
                           ctl_show_number(modem, "signal_dbm", dbm),
                           text_of(modem, "iccid"),
                           used,
                           ctl_show_number(modem, "sent_today", sent),
                           ctl_show_number(modem, "failed_today", failed),
                           penalty};
    who = who ? who : text_of(modem, "operator");
    ctl_table_cut(text_of(modem, "name"), NAME_COLUMNS, name, sizeof name);
    ctl_table_cut(who ? who : "-", CARRIER_COLUMNS, carrier, sizeof carrier);
    used_text(modem, used);
    snprintf(penalty, sizeof penalty, "%.1f", json_number_value(json_object_get(modem, "penalty")));
    ctl_table_add(table, cells);
}

/* Why it is given nothing, why it is not ready, or what its last error was. */
static const char *note_of(const json_t *modem)
{
    const char *state = text_of(modem, "state"), *held = text_of(modem, "held");
    bool up = state && (strcmp(state, "ready") == 0 || strcmp(state, "busy") == 0);
    const char *why = up ? NULL : text_of(modem, "why");
    if (held && *held)
        return held;
    return why && *why ? why : text_of(modem, "last_error");
}

/* Below the table. */
static void print_notes(const json_t *modems)
{
    static const char *const heads[] = {"", ""};
    json_t *table = ctl_table_new(heads, 2);
    for (size_t i = 0; i < json_array_size(modems); i++) {
        const json_t *modem = json_array_get(modems, i);
        char name[CELL], cut[4 * COLUMNS];
        const char *words = note_of(modem);
        if (!words || !*words)
            continue;
        ctl_table_cut(text_of(modem, "name"), NAME_COLUMNS, name, sizeof name);
        ctl_table_cut(words, COLUMNS - NAME_COLUMNS - 2, cut, sizeof cut);
        const char *cells[] = {name, cut};
        ctl_table_add(table, cells);
    }
    if (json_array_size(table) > 1)
        fputc('\n', stdout);
    ctl_table_print(table, stdout);
    json_decref(table);
}

/* Below that: what is plugged in and no section has. */
static void print_left(const json_t *left)
{
    static const char *const heads[] = {"LEFT ALONE", "MODEL", "IMEI", "WHY"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < json_array_size(left); i++) {
        const json_t *one = json_array_get(left, i);
        const char *model = text_of(one, "model"), *imei = text_of(one, "imei");
        const char *why = text_of(one, "why"), *state = text_of(one, "state");
        bool asking = state && strcmp(state, "asking") == 0;
        char shown[CELL], words[4 * COLUMNS];
        ctl_table_cut(model ? model : "-", MODEL_COLUMNS, shown, sizeof shown);
        ctl_table_cut(asking ? "being asked who it is"
                      : why  ? why
                             : "-",
                      COLUMNS, words, sizeof words);
        const char *cells[] = {text_of(one, "port"), shown, imei ? imei : "-", words};
        ctl_table_add(table, cells);
    }
    if (json_array_size(left) > 0) {
        fputc('\n', stdout);
        ctl_table_print(table, stdout);
    }
    json_decref(table);
}

static void print_modems(const json_t *modems, const json_t *left)
{
    static const char *const heads[] = {"NAME",  "STATE", ">SINCE", "CARRIER", "TECH", ">DBM",
                                        "ICCID", ">USED", ">SENT",  ">FAIL",   ">PEN"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < json_array_size(modems); i++)
        add_modem(table, json_array_get(modems, i));
    ctl_table_print(table, stdout);
    json_decref(table);
    print_notes(modems);
    print_left(left);
}

int ctl_modems(struct ctl *ctl)
{
    json_t *result;
    const char *name = ctl->args->operand[0];
    enum ctl_exit rc = name ? ctl_call(ctl, "modem.get", json_pack("{s:s}", "name", name),
                                       ctl->timeout_ms, &result)
                            : ctl_call(ctl, "modem.list", NULL, ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json)
        ctl_print_json(result);
    else if (name)
        ctl_show_object(result);
    else
        print_modems(json_object_get(result, "modems"), json_object_get(result, "left"));
    json_decref(result);
    return CTL_OK;
}

/* --- stop and go ---------------------------------------------------------------------------------
 */

/* One method on the modem NAME, or another on all of them (--all; NULL: there is none). */
static int ask(struct ctl *ctl, const char *one, const char *all)
{
    const char *name = ctl->args->operand[0];
    bool everything = json_object_get(ctl->args->own, "all") != NULL;
    if ((name != NULL) == everything) {
        ctl_complain("%s wants either NAME or --all", ctl->args->command->name);
        return CTL_USAGE;
    }
    json_t *params = name ? json_pack("{s:s}", "name", name) : NULL;
    return ctl_show_call(ctl, name ? one : all, params, ctl_show_object, NULL);
}

int ctl_pause(struct ctl *ctl)
{
    return ask(ctl, "modem.pause", "gateway.pause");
}

int ctl_resume(struct ctl *ctl)
{
    return ask(ctl, "modem.resume", "gateway.resume");
}

int ctl_reset(struct ctl *ctl)
{
    return ask(ctl, "modem.reset", NULL);
}

int ctl_accept(struct ctl *ctl)
{
    return ask(ctl, "modem.accept", NULL);
}

/* --- ussd ----------------------------------------------------------------------------------------
 */

enum { USSD_MS = 200000, CODE_MOST = 40 };

/* The code, or the answer, from standard input: a voucher's number may stand in it. NULL: said. */
static char *code_read(void)
{
    size_t len;
    char *code = ctl_show_read(NULL, &len);
    if (!code)
        return NULL;
    code[strcspn(code, "\r\n")] = '\0';
    if (*code && strlen(code) <= CODE_MOST)
        return code;
    ctl_complain("ussd wants a code of 1 to %d characters on standard input", CODE_MOST);
    free(code);
    return NULL;
}

int ctl_ussd(struct ctl *ctl)
{
    bool answer = json_object_get(ctl->args->own, "answer") != NULL;
    bool cancel = json_object_get(ctl->args->own, "cancel") != NULL;
    json_t *params = json_pack("{s:s}", "modem", ctl->args->operand[0]);
    json_t *result;
    if (answer && cancel) {
        json_decref(params);
        ctl_complain("ussd wants either --answer or --cancel");
        return CTL_USAGE;
    }
    if (!cancel) {
        char *code = code_read();
        if (!code) {
            json_decref(params);
            return CTL_USAGE;
        }
        int rc = json_object_set_new(params, answer ? "text" : "code", json_string(code));
        free(code);
        if (rc)
            ctl_need(NULL);
    }
    enum ctl_exit rc = ctl_call(ctl,
                                cancel   ? "ussd.cancel"
                                : answer ? "ussd.answer"
                                         : "ussd.run",
                                params, ctl->timeout_set ? ctl->timeout_ms : USSD_MS, &result);
    if (rc != CTL_OK)
        return rc;
    const char *text = text_of(result, "text");
    if (ctl->json)
        ctl_print_json(result);
    else if (text)
        printf("%s\n%s", text,
               json_is_true(json_object_get(result, "more")) ? "(ussd --answer goes on)\n" : "");
    json_decref(result);
    return CTL_OK;
}

/* --- trace ---------------------------------------------------------------------------------------
 */

static void trace_show(const struct ctl *ctl, const json_t *line)
{
    if (ctl->json)
        ctl_print_json(line);
    else
        printf("%s %s %s\n", text_of(line, "at"), text_of(line, "way"), text_of(line, "text"));
}

static enum ctl_exit trace_kept(struct ctl *ctl)
{
    json_t *result;
    enum ctl_exit rc =
        ctl_call(ctl, "modem.trace", json_pack("{s:s}", "name", ctl->args->operand[0]),
                 ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    json_t *lines = json_object_get(result, "lines"), *line;
    size_t i;
    json_array_foreach(lines, i, line) trace_show(ctl, line);
    json_decref(result);
    return fflush(stdout) ? CTL_TROUBLE : CTL_OK;
}

static enum ctl_exit trace_follow(struct ctl *ctl)
{
    json_t *result, *line;
    int failed;
    enum ctl_exit rc =
        ctl_call(ctl, "events.follow",
                 json_pack("{s:[s], s:s}", "topics", "trace", "modem", ctl->args->operand[0]),
                 ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    json_decref(result);
    while ((failed = otpgate_next(ctl->gate, ctl->timeout_set ? ctl->timeout_ms : -1, NULL,
                                  &line)) == 0) {
        trace_show(ctl, line);
        json_decref(line);
        if (fflush(stdout))
            return CTL_TROUBLE;
    }
    return ctl_failed(ctl, failed, NULL);
}

/* As otpgate-modemsim --replay reads it. */
int ctl_trace(struct ctl *ctl)
{
    if (json_object_get(ctl->args->own, "follow"))
        return trace_follow(ctl);
    return trace_kept(ctl);
}
