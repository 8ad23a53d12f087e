/* ctl_otp: the life of a code from a terminal. A code is read from standard input, never from an
 * argument, and printed nowhere. */
#include "ctl.h"

#include <string.h>
#include <unistd.h>
#include "ctl_show.h"
#include "ctl_table.h"

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* The params of the options, with one more member. */
static json_t *params_with(const struct ctl *ctl, const char *member, const char *value)
{
    json_t *params = ctl_need(json_copy(ctl->args->params));
    if (json_object_set_new(params, member, json_string(value)) == 0)
        return params;
    ctl_complain("%s is not UTF-8", member);
    json_decref(params);
    return NULL;
}

static int do_start(struct ctl *ctl, const char *to)
{
    char key[CTL_KEY], number[CTL_SHOW_NUMBER];
    to = ctl_show_number_of(to, number);
    json_t *params = to ? params_with(ctl, "to", to) : NULL;
    if (!params)
        return CTL_USAGE;
    if (!json_object_get(params, "key")) {
        ctl_key_make(key);
        json_object_set_new(params, "key", json_string(key));
    }
    return ctl_show_call(ctl, "otp.start", params, ctl_show_object, NULL);
}

static int do_resend(struct ctl *ctl, const char *id)
{
    json_t *params = params_with(ctl, "id", id);
    return params ? ctl_show_call(ctl, "otp.resend", params, ctl_show_object, NULL) : CTL_USAGE;
}

static int do_cancel(struct ctl *ctl, const char *id)
{
    json_t *params = params_with(ctl, "id", id);
    return params ? ctl_show_call(ctl, "otp.cancel", params, ctl_show_object, NULL) : CTL_USAGE;
}

/* --- check ------------------------------------------------------------------------------------ */

static int code_add(json_t *params)
{
    size_t len;
    if (isatty(STDIN_FILENO))
        fputs("code, then Ctrl-D:\n", stderr);
    char *code = ctl_show_read(NULL, &len);
    if (!code)
        return CTL_TROUBLE;
    size_t kept = strcspn(code, "\r\n");
    int rc = json_object_set_new(params, "code", json_stringn(code, kept));
    explicit_bzero(code, len);
    free(code);
    if (rc == 0)
        return CTL_OK;
    ctl_complain("the code is not UTF-8");
    return CTL_USAGE;
}

static int is_approved(const json_t *result)
{
    return strcmp(text_of(result, "result"), "approved") == 0 ? CTL_OK : CTL_REFUSED;
}

static int do_check(struct ctl *ctl, const char *id)
{
    json_t *params = params_with(ctl, "id", id);
    int rc = params ? code_add(params) : CTL_USAGE;
    if (rc == CTL_OK)
        return ctl_show_call(ctl, "otp.check", params, ctl_show_object, is_approved);
    json_decref(params);
    return rc;
}

/* --- get, find -------------------------------------------------------------------------------- */

static void show_one(json_t *verification)
{
    size_t i;
    json_t *message, *messages = json_incref(json_object_get(verification, "messages"));
    json_object_del(verification, "messages");
    ctl_show_object(verification);
    json_array_foreach(messages, i, message)
    {
        putchar('\n');
        ctl_show_message(message);
    }
    json_decref(messages);
}

static int do_get(struct ctl *ctl, const char *id)
{
    json_t *params = params_with(ctl, "id", id);
    return params ? ctl_show_call(ctl, "otp.get", params, show_one, NULL) : CTL_USAGE;
}

/* How far the newest message came, and whether the code was used, in one line each. */
static void show_found(json_t *result)
{
    static const char *const heads[] = {"STARTED", "TO",    ">SENDS",  "MESSAGE", "MODEM",
                                        ">CHECKS", "STATE", "PURPOSE", "ID"};
    size_t i;
    json_t *one, *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    json_array_foreach(json_object_get(result, "verifications"), i, one)
    {
        char started[CTL_SHOW_TIME], sends[24], checks[24];
        const json_t *messages = json_object_get(one, "messages");
        const json_t *newest = json_array_get(messages, json_array_size(messages) - 1);
        const char *cells[] = {ctl_show_time(text_of(one, "created_at"), started),
                               text_of(one, "to_masked"),
                               ctl_show_number(one, "sends", sends),
                               text_of(newest, "state"),
                               text_of(newest, "modem"),
                               ctl_show_number(one, "checks", checks),
                               text_of(one, "state"),
                               text_of(one, "purpose"),
                               text_of(one, "id")};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    json_decref(table);
}

static int do_find(struct ctl *ctl, const char *number)
{
    char line[CTL_SHOW_NUMBER];
    number = ctl_show_number_of(number, line);
    json_t *params = number ? params_with(ctl, strlen(number) == 3 ? "last3" : "to", number) : NULL;
    return params ? ctl_show_call(ctl, "otp.find", params, show_found, NULL) : CTL_USAGE;
}

static int do_feedback(struct ctl *ctl, const char *message)
{
    json_t *params = params_with(ctl, "message", message);
    if (!params)
        return CTL_USAGE;
    if (json_object_get(params, "used"))
        return ctl_show_call(ctl, "otp.feedback", params, ctl_show_object, NULL);
    ctl_complain("otp feedback wants --used or --unused");
    json_decref(params);
    return CTL_USAGE;
}

int ctl_otp(struct ctl *ctl)
{
    static const struct {
        const char *name, *wants;
        int (*run)(struct ctl *ctl, const char *operand);
    } rows[] = {
        {"start", "TO", do_start},
        {"resend", "ID", do_resend},
        {"check", "ID", do_check},
        {"cancel", "ID", do_cancel},
        {"get", "ID", do_get},
        {"find", "TO, or its last three digits", do_find},
        {"feedback", "MESSAGE", do_feedback},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, ctl->args->operand[0]) != 0)
            continue;
        if (ctl->args->operands == 2)
            return rows[i].run(ctl, ctl->args->operand[1]);
        ctl_complain("otp %s wants %s", rows[i].name, rows[i].wants);
        return CTL_USAGE;
    }
    ctl_complain("otp: start, resend, check, cancel, get, find or feedback");
    return CTL_USAGE;
}
