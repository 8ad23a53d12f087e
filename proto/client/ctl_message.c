/* ctl_message: send, get, list, cancel. */
#include "ctl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "ctl_show.h"
#include "ctl_table.h"

enum {
    WAIT_ONCE_MS = 60000,    /* the longest that message.get waits */
    WAIT_MARGIN_MS = 180000, /* past its life: an attempt under way may take so long */
    ANSWER_MS = 5000,        /* for the way there and back */
    CANCEL_MS = 120000,      /* of a long queue */
    EARLY_MS = 1000,         /* clocks and loops do not agree better than that */
    MESSAGE_KEY_ROOM = 132,
};

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static bool state_in(const char *state, const char *const *states)
{
    for (; *states; states++)
        if (state && strcmp(state, *states) == 0)
            return true;
    return false;
}

/* Failed in a way that no time mends. */
static bool state_is_bad(const char *state)
{
    static const char *const bad[] = {"undelivered", "failed", "expired", "cancelled", NULL};
    return state_in(state, bad);
}

static bool state_is_reached(const char *state, const char *until)
{
    static const char *const waiting[] = {"queued", "claimed", "sending", "unknown", NULL};
    static const char *const still[] = {"queued", "claimed", "sending", "unknown", "sent", NULL};
    return !state_in(state, strcmp(until, "sent") == 0 ? waiting : still);
}

static enum ctl_exit state_exit(const char *state)
{
    return state_is_bad(state) ? CTL_NOT_SENT : CTL_OK;
}

/* "sent", "delivered" or "final"; NULL: none was given. */
static const char *until_given(const struct ctl *ctl)
{
    const char *until = ctl_args_own(ctl->args, "until");
    if (until)
        return until;
    return json_object_get(ctl->args->own, "wait") ? "sent" : NULL;
}

static bool until_is_known(const char *until)
{
    static const char *const known[] = {"sent", "delivered", "final", NULL};
    return !until || state_in(until, known);
}

/* --- send ----------------------------------------------------------------------------------------
 */

/* Adds the text. One line end at its end is the shell's and not the message's. */
static enum ctl_exit text_add(struct ctl *ctl, json_t *params)
{
    size_t len;
    const char *path = ctl_args_own(ctl->args, "file");
    if (!path && isatty(STDIN_FILENO))
        fputs("text, then Ctrl-D:\n", stderr);
    char *text = ctl_show_read(path, &len);
    if (!text)
        return CTL_TROUBLE;
    size_t kept = len > 0 && text[len - 1] == '\n' ? len - 1 : len;
    bool clean = !memchr(text, '\0', kept);
    int rc = clean ? json_object_set_new(params, "text", json_stringn(text, kept)) : -1;
    explicit_bzero(text, len);
    free(text);
    if (rc == 0)
        return CTL_OK;
    ctl_complain("the text is not UTF-8");
    return CTL_USAGE;
}

/* How long --wait waits. */
static int64_t wait_for_ms(const struct ctl *ctl, const json_t *params)
{
    const char *class_ = text_of(params, "class");
    json_int_t ttl_s = json_integer_value(json_object_get(params, "ttl_s"));
    if (ctl->timeout_set)
        return ctl->timeout_ms;
    if (ttl_s <= 0 || ttl_s > 86400)
        ttl_s = !class_ || strcmp(class_, "otp") == 0 ? 300 : 3600;
    return ttl_s * 1000 + WAIT_MARGIN_MS;
}

static void step_print(const struct ctl *ctl, const json_t *step)
{
    if (!ctl->json) {
        ctl_show_step(step);
        return;
    }
    ctl_print_json(step);
    fflush(stdout);
}

/* The next event of this message, until `deadline`. Returns as otpgate_next(). */
static int event_next(struct ctl *ctl, const char *id, int64_t deadline, json_t **event)
{
    for (;;) {
        int64_t left = deadline - ctl_now_ms();
        int rc = otpgate_next(ctl->gate, left > 0 ? (int)left : 0, NULL, event);
        if (rc < 0)
            return rc;
        const char *about = text_of(*event, "id");
        if (about && strcmp(about, id) == 0)
            return 0;
        json_decref(*event);
    }
}

/* Shows each step until `until` is reached. `accepted`: the answer of message.send, the first step.
 */
static enum ctl_exit ladder_follow(struct ctl *ctl, const json_t *accepted, const char *until,
                                   int64_t deadline)
{
    char state[24], id[40];
    snprintf(state, sizeof state, "%s", text_of(accepted, "state"));
    snprintf(id, sizeof id, "%s", text_of(accepted, "id"));
    step_print(ctl, accepted);
    while (!state_is_reached(state, until)) {
        json_t *event;
        int rc = event_next(ctl, id, deadline, &event);
        if (rc == -ETIMEDOUT) {
            ctl_complain("still %s when the time was over", state);
            return CTL_TIMEOUT;
        }
        if (rc < 0)
            return ctl_failed(ctl, rc, NULL);
        const char *now = text_of(event, "state");
        bool news = now && (strcmp(now, state) != 0 || json_object_get(event, "part"));
        /* the event of the acceptance itself may come behind the answer that told it already */
        if (news && !(strcmp(now, "queued") == 0 && strcmp(state, "queued") == 0))
            step_print(ctl, event);
        snprintf(state, sizeof state, "%s", now ? now : "");
        json_decref(event);
    }
    return state_exit(state);
}

/* Follow first, then send: no step is missed. Takes `params` over. *answered: the gateway has said
 * what it does with the message. */
static enum ctl_exit send_and_watch(struct ctl *ctl, json_t *params, const char *until,
                                    bool *answered)
{
    json_t *result;
    int64_t deadline = ctl_now_ms() + wait_for_ms(ctl, params);
    int timeout_ms = ctl->timeout_set ? ctl->timeout_ms : 10000;
    enum ctl_exit rc = CTL_OK;
    *answered = true;
    if (until) {
        rc = ctl_call(ctl, "events.follow", json_pack("{s:[s]}", "topics", "message"), timeout_ms,
                      &result);
        if (rc == CTL_OK)
            json_decref(result);
    }
    if (rc == CTL_OK) {
        rc = ctl_call(ctl, "message.send", json_incref(params), timeout_ms, &result);
        *answered = rc == CTL_OK || rc == CTL_REFUSED;
    }
    json_decref(params);
    if (rc != CTL_OK)
        return rc;
    if (until)
        rc = ladder_follow(ctl, result, until, deadline);
    else if (ctl->json)
        ctl_print_json(result);
    else
        ctl_show_message(result);
    json_decref(result);
    return rc;
}

int ctl_send(struct ctl *ctl)
{
    const char *until = until_given(ctl);
    if (!until_is_known(until)) {
        ctl_complain("--until: sent, delivered or final");
        return CTL_USAGE;
    }
    char key[MESSAGE_KEY_ROOM];
    json_t *params = ctl_need(json_copy(ctl->args->params));
    const char *given = text_of(params, "key");
    if (!given) {
        ctl_key_make(key);
        json_object_set_new(params, "key", json_string(key));
    } else {
        snprintf(key, sizeof key, "%s", given);
    }
    char number[CTL_SHOW_NUMBER];
    const char *to = ctl_show_number_of(ctl->args->operand[0], number);
    if (!to || json_object_set_new(params, "to", json_string(to)) < 0) {
        if (to)
            ctl_complain("the number is not UTF-8");
        json_decref(params);
        return CTL_USAGE;
    }
    enum ctl_exit rc = text_add(ctl, params);
    if (rc != CTL_OK) {
        json_decref(params);
        return rc;
    }
    bool keyed = given != NULL, answered;
    rc = send_and_watch(ctl, params, until, &answered);
    if (!answered)
        ctl_complain("it may have been accepted: ask with get --key %s%s", key,
                     keyed ? "" : ", or repeat with that --key");
    return rc;
}

/* --- get, cancel ---------------------------------------------------------------------------------
 */

/* {id} or {key}, or NULL: that has been said. */
static json_t *which_message(struct ctl *ctl)
{
    const char *id = ctl->args->operand[0];
    json_t *params = ctl_need(json_copy(ctl->args->params));
    if ((id != NULL) == (json_object_get(params, "key") != NULL)) {
        ctl_complain("%s wants either ID or --key K", ctl->args->command->name);
        json_decref(params);
        return NULL;
    }
    if (id)
        json_object_set_new(params, "id", json_string(id));
    return params;
}

static void message_print(const struct ctl *ctl, const json_t *message)
{
    if (ctl->json)
        ctl_print_json(message);
    else
        ctl_show_message(message);
}

/* Asks again and again, each time as long as the gateway waits. Takes `params` over. */
static enum ctl_exit get_and_wait(struct ctl *ctl, json_t *params, const char *until)
{
    int64_t deadline = ctl_now_ms() + (ctl->timeout_set ? ctl->timeout_ms : 600000);
    json_t *message = NULL;
    enum ctl_exit rc;
    bool reached, over;
    json_object_set_new(params, "until", json_string(until));
    do {
        int64_t asked = ctl_now_ms(), left = deadline - asked;
        int once = left < 0 ? 0 : left > WAIT_ONCE_MS ? WAIT_ONCE_MS : (int)left;
        json_decref(message);
        message = NULL;
        json_object_set_new(params, "wait_ms", json_integer(once));
        rc = ctl_call(ctl, "message.get", json_deep_copy(params), once + ANSWER_MS, &message);
        reached = rc == CTL_OK && state_is_reached(text_of(message, "state"), until);
        /* An answer before its time: the gateway has nothing to wait for (unknown is "sent" to it,
         * or no report can come), and would answer as fast again. */
        over = left <= WAIT_ONCE_MS || ctl_now_ms() - asked < once - EARLY_MS;
    } while (rc == CTL_OK && !reached && !over);
    json_decref(params);
    if (rc != CTL_OK)
        return rc;
    message_print(ctl, message);
    rc = reached ? state_exit(text_of(message, "state")) : CTL_TIMEOUT;
    json_decref(message);
    return rc;
}

int ctl_get(struct ctl *ctl)
{
    const char *until = ctl_args_own(ctl->args, "wait");
    json_t *message, *params;
    if (!until_is_known(until)) {
        ctl_complain("--wait: sent, delivered or final");
        return CTL_USAGE;
    }
    params = which_message(ctl);
    if (!params)
        return CTL_USAGE;
    if (until)
        return get_and_wait(ctl, params, until);
    enum ctl_exit rc = ctl_call(ctl, "message.get", params, ctl->timeout_ms, &message);
    if (rc != CTL_OK)
        return rc;
    message_print(ctl, message);
    json_decref(message);
    return CTL_OK;
}

/* {filter}, or NULL: none was given. */
static json_t *filter_given(const struct ctl *ctl)
{
    static const char *const plain[] = {"class", "modem"};
    json_t *filter = ctl_need(json_object());
    const json_t *older = json_object_get(ctl->args->own, "older");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (ctl_args_own(ctl->args, plain[i]))
            json_object_set_new(filter, plain[i], json_string(ctl_args_own(ctl->args, plain[i])));
    if (older)
        json_object_set_new(filter, "older_than_s", json_integer(json_integer_value(older)));
    if (json_object_get(ctl->args->own, "queued"))
        json_object_set_new(filter, "state", json_string("queued"));
    if (json_object_size(filter) > 0)
        return ctl_need(json_pack("{s:o}", "filter", filter));
    json_decref(filter);
    return NULL;
}

static int cancel_all(struct ctl *ctl, json_t *params)
{
    json_t *result;
    char number[24];
    int timeout_ms = ctl->timeout_set ? ctl->timeout_ms : CANCEL_MS;
    if (ctl->args->operand[0] || json_object_size(ctl->args->params) > 0) {
        ctl_complain("cancel wants one message or conditions, not both");
        json_decref(params);
        return CTL_USAGE;
    }
    enum ctl_exit rc = ctl_call(ctl, "message.cancel", params, timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json)
        ctl_print_json(result);
    else
        printf("%s cancelled\n", ctl_show_number(result, "cancelled", number));
    json_decref(result);
    return CTL_OK;
}

int ctl_cancel(struct ctl *ctl)
{
    json_t *message, *params = filter_given(ctl);
    if (params)
        return cancel_all(ctl, params);
    params = which_message(ctl);
    if (!params)
        return CTL_USAGE;
    enum ctl_exit rc = ctl_call(ctl, "message.cancel", params, ctl->timeout_ms, &message);
    if (rc != CTL_OK)
        return rc;
    message_print(ctl, message);
    json_decref(message);
    return CTL_OK;
}

/* --- list ----------------------------------------------------------------------------------------
 */

int ctl_list(struct ctl *ctl)
{
    static const char *const heads[] = {"ID",      "STATE", "CLASS", "TO", ">PARTS",
                                        "CREATED", "MODEM", "WHY",   "KEY"};
    json_t *result, *message;
    size_t i;
    enum ctl_exit rc =
        ctl_call(ctl, "message.list", json_incref(ctl->args->params), ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json) {
        ctl_print_json(result);
        json_decref(result);
        return CTL_OK;
    }
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    json_array_foreach(json_object_get(result, "messages"), i, message)
    {
        char created[CTL_SHOW_TIME], parts[24];
        const char *cells[] = {text_of(message, "id"),
                               text_of(message, "state"),
                               text_of(message, "class"),
                               text_of(message, "to"),
                               ctl_show_number(message, "parts", parts),
                               ctl_show_time(text_of(message, "created_at"), created),
                               text_of(message, "modem"),
                               text_of(message, "reason"),
                               text_of(message, "key")};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    char cursor[24];
    if (ctl_show_number(result, "next_cursor", cursor))
        printf("older ones: --cursor %s\n", cursor);
    json_decref(table);
    json_decref(result);
    return CTL_OK;
}
