/* ctl_gateway: inbox, stats, info, follow, and any method as it is. */
#include "ctl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "ctl_show.h"
#include "ctl_table.h"

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* "2", or "2 of 3" where parts never came. */
static void parts_text(const json_t *message, char out[48])
{
    json_int_t parts = json_integer_value(json_object_get(message, "parts"));
    json_int_t missing = json_integer_value(json_object_get(message, "missing"));
    if (missing > 0)
        snprintf(out, 48, "%lld of %lld", (long long)(parts - missing), (long long)parts);
    else
        snprintf(out, 48, "%lld", (long long)parts);
}

/* A name that reads like a number is told from one. */
static const char *from_text(const json_t *message, char out[96])
{
    const char *from = text_of(message, "from");
    bool named = json_is_true(json_object_get(message, "named"));
    if (!from || !named || from[strspn(from, "+0123456789*#")])
        return from;
    snprintf(out, 96, "%.80s (a name)", from);
    return out;
}

/* The lines of a text stand under each other. */
static void print_inbox(const json_t *messages)
{
    static const char *const heads[] = {"RECEIVED", "MODEM", "FROM", ">PARTS", "TEXT"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        char received[CTL_SHOW_TIME], parts[48], from[96];
        const char *rest = text_of(message, "text") ? text_of(message, "text") : "";
        const char *head[] = {ctl_show_time(text_of(message, "received_at"), received),
                              text_of(message, "modem"), from_text(message, from), parts, NULL};
        parts_text(message, parts);
        for (bool first = true; first || *rest; first = false) {
            size_t len = strcspn(rest, "\n");
            char *line = ctl_need(strndup(rest, len));
            const char *cells[] = {first ? head[0] : "", first ? head[1] : "", first ? head[2] : "",
                                   first ? head[3] : "", line};
            ctl_table_add(table, cells);
            rest += len + (rest[len] == '\n');
            free(line);
        }
    }
    ctl_table_print(table, stdout);
    json_decref(table);
}

int ctl_inbox(struct ctl *ctl)
{
    json_t *result;
    char cursor[24];
    enum ctl_exit rc =
        ctl_call(ctl, "inbox.list", json_incref(ctl->args->params), ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json) {
        ctl_print_json(result);
    } else {
        print_inbox(json_object_get(result, "messages"));
        if (ctl_show_number(result, "next_cursor", cursor))
            printf("older ones: --cursor %s\n", cursor);
    }
    json_decref(result);
    return CTL_OK;
}

int ctl_stats(struct ctl *ctl)
{
    return ctl_show_call(ctl, "gateway.stats", NULL, ctl_show_object, NULL);
}

int ctl_info(struct ctl *ctl)
{
    return ctl_show_call(ctl, "gateway.info", NULL, ctl_show_object, NULL);
}

/* --- follow --------------------------------------------------------------------------------------
 */

int ctl_follow(struct ctl *ctl)
{
    json_t *params = json_incref(ctl->args->params), *result;
    const char *topic = ctl_args_own(ctl->args, "topic");
    json_int_t count = json_integer_value(json_object_get(ctl->args->own, "count"));
    json_int_t last_seq = json_integer_value(json_object_get(params, "from_seq"));
    if (topic)
        json_object_set_new(params, "topics", json_pack("[s]", topic));
    enum ctl_exit rc = ctl_call(ctl, "events.follow", params, ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (last_seq == 0)
        last_seq = json_integer_value(json_object_get(result, "newest_seq"));
    json_decref(result);
    for (json_int_t seen = 0; count == 0 || seen < count; seen++) {
        json_t *event;
        int failed = otpgate_next(ctl->gate, ctl->timeout_set ? ctl->timeout_ms : -1, NULL, &event);
        if (failed < 0) {
            if (failed != -ETIMEDOUT)
                ctl_complain("to go on from here: follow --from %lld", (long long)last_seq);
            return ctl_failed(ctl, failed, NULL);
        }
        const json_t *seq = json_object_get(event, "seq");
        last_seq = seq ? json_integer_value(seq) : last_seq;
        if (ctl->json)
            ctl_print_json(event);
        else
            ctl_show_event(event);
        fflush(stdout);
        json_decref(event);
    }
    return CTL_OK;
}

/* --- any method ----------------------------------------------------------------------------------
 */

int ctl_raw(struct ctl *ctl)
{
    json_t *params = NULL, *result;
    if (!isatty(STDIN_FILENO)) {
        size_t len;
        char *text = ctl_show_read(NULL, &len);
        if (!text)
            return CTL_TROUBLE;
        bool given = len > 0 && strspn(text, " \t\r\n") < len;
        params = given ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
        explicit_bzero(text, len);
        free(text);
        if (given && !params) {
            ctl_complain("standard input is not JSON");
            return CTL_USAGE;
        }
    }
    enum ctl_exit rc = ctl_call(ctl, ctl->args->operand[0], params, ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json)
        ctl_print_json(result);
    else if (json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) == 0)
        fputc('\n', stdout);
    json_decref(result);
    return CTL_OK;
}
