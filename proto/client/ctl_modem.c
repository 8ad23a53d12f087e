/* ctl_modem: the modems: shown, paused, resumed, reset, accepted, asked by USSD. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ctl_show.h"
#include "ctl_table.h"

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static void print_modems(const json_t *modems)
{
    static const char *const heads[] = {"NAME", "STATE",  ">SINCE", "OPERATOR", "TECH",
                                        ">DBM", ">TODAY", ">SENT",  ">FAILED",  "WHY"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < json_array_size(modems); i++) {
        const json_t *modem = json_array_get(modems, i);
        char since[CTL_SHOW_TIME], dbm[24], today[48], used[24], budget[24], sent[24], failed[24];
        const char *error = text_of(modem, "last_error"), *held = text_of(modem, "held");
        ctl_show_number(modem, "used_today", used);
        ctl_show_number(modem, "budget", budget);
        snprintf(today, sizeof today, "%s%s%s", used, strcmp(budget, "0") ? "/" : "",
                 strcmp(budget, "0") ? budget : "");
        const char *cells[] = {text_of(modem, "name"),
                               text_of(modem, "state"),
                               ctl_show_time(text_of(modem, "since"), since),
                               text_of(modem, "operator"),
                               text_of(modem, "technology"),
                               ctl_show_number(modem, "signal_dbm", dbm),
                               today,
                               ctl_show_number(modem, "sent", sent),
                               ctl_show_number(modem, "failed", failed),
                               held && *held     ? held
                               : error && *error ? error
                                                 : text_of(modem, "why")};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    json_decref(table);
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
        print_modems(json_object_get(result, "modems"));
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
    json_t *result;
    if ((name != NULL) == everything) {
        ctl_complain("%s wants either NAME or --all", ctl->args->command->name);
        return CTL_USAGE;
    }
    enum ctl_exit rc =
        ctl_call(ctl, name ? one : all, name ? json_pack("{s:s}", "name", name) : NULL,
                 ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json)
        ctl_print_json(result);
    else
        ctl_show_object(result);
    json_decref(result);
    return CTL_OK;
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

static enum ctl_exit trace_once(struct ctl *ctl, json_int_t *from)
{
    json_t *result;
    enum ctl_exit rc = ctl_call(
        ctl, "modem.trace", json_pack("{s:s, s:I}", "name", ctl->args->operand[0], "from", *from),
        ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    json_t *lines = json_object_get(result, "lines"), *line;
    size_t i;
    json_array_foreach(lines, i, line)
    {
        if (ctl->json)
            ctl_print_json(line);
        else
            printf("%s %s %s\n", text_of(line, "at"), text_of(line, "way"), text_of(line, "text"));
    }
    *from = json_integer_value(json_object_get(result, "next"));
    json_decref(result);
    return fflush(stdout) ? CTL_TROUBLE : CTL_OK;
}

/* As otpgate-modemsim --replay reads it. */
int ctl_trace(struct ctl *ctl)
{
    const struct timespec pause = {.tv_sec = 1};
    bool follow = json_object_get(ctl->args->own, "follow") != NULL;
    json_int_t from = 0;
    enum ctl_exit rc = trace_once(ctl, &from);
    while (rc == CTL_OK && follow) {
        (void)nanosleep(&pause, NULL);
        rc = trace_once(ctl, &from);
    }
    return rc;
}
