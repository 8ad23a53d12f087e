/* ctl_show: values of the wire for people's eyes. */
#include "ctl_show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ctl.h"
#include "ctl_table.h"

enum { TEXT_ROOM = 65536 };

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

const char *ctl_show_time(const char *utc, char out[CTL_SHOW_TIME])
{
    struct tm parts = {0}, local;
    if (!utc)
        return NULL;
    const char *rest = strptime(utc, "%Y-%m-%dT%H:%M:%S", &parts);
    time_t when = timegm(&parts);
    if (!rest || !localtime_r(&when, &local)) {
        snprintf(out, CTL_SHOW_TIME, "%s", utc);
        return out;
    }
    size_t used = strftime(out, CTL_SHOW_TIME, "%Y-%m-%d %H:%M:%S", &local);
    snprintf(out + used, CTL_SHOW_TIME - used, "%.*s", (int)strcspn(rest, "Z"), rest);
    return out;
}

const char *ctl_show_number(const json_t *object, const char *member, char out[24])
{
    const json_t *number = json_object_get(object, member);
    if (!json_is_number(number))
        return NULL;
    if (json_is_integer(number))
        snprintf(out, 24, "%lld", (long long)json_integer_value(number));
    else
        snprintf(out, 24, "%.3g", json_real_value(number));
    return out;
}

/* --- names and values ----------------------------------------------------------------------------
 */

static json_t *pairs_new(void)
{
    static const char *const heads[] = {"", ""};
    return ctl_table_new(heads, 2);
}

static void pairs_add(json_t *table, const char *name, const char *value)
{
    const char *cells[] = {name, value};
    if (value && *value)
        ctl_table_add(table, cells);
}

static void pairs_walk(json_t *table, const char *path, json_t *value)
{
    const char *name;
    json_t *member;
    char longer[120], number[24], local[CTL_SHOW_TIME];
    size_t i;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        json_object_foreach(value, name, member)
        {
            snprintf(longer, sizeof longer, "%s%s%s", path, *path ? "." : "", name);
            pairs_walk(table, longer, member);
        }
        break;
    case JSON_ARRAY:
        for (i = 0; i < json_array_size(value); i++)
            pairs_walk(table, path, json_array_get(value, i));
        break;
    case JSON_STRING:
        name = json_string_value(value);
        pairs_add(table, path,
                  strlen(name) == 24 && name[10] == 'T' ? ctl_show_time(name, local) : name);
        break;
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        pairs_add(table, path, number);
        break;
    case JSON_REAL:
        snprintf(number, sizeof number, "%.3g", json_real_value(value));
        pairs_add(table, path, number);
        break;
    case JSON_TRUE:
        pairs_add(table, path, "yes");
        break;
    case JSON_FALSE:
        pairs_add(table, path, "no");
        break;
    case JSON_NULL:
        pairs_add(table, path, "-");
        break;
    }
}

void ctl_show_object(json_t *object)
{
    json_t *table = pairs_new();
    pairs_walk(table, "", object);
    ctl_table_print(table, stdout);
    json_decref(table);
}

int ctl_show_call(struct ctl *ctl, const char *method, json_t *params, void (*show)(json_t *result),
                  int (*judge)(const json_t *result))
{
    json_t *result;
    enum ctl_exit rc = ctl_call(ctl, method, params, ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json)
        ctl_print_json(result);
    else
        show(result);
    int code = judge ? judge(result) : CTL_OK;
    json_decref(result);
    return code;
}

/* --- messages ------------------------------------------------------------------------------------
 */

/* "validity_expired (70)": what the network said of it later; "" where it said nothing. */
static void report_text(const json_t *attempt, char *out, size_t room)
{
    const json_t *report = json_object_get(attempt, "report");
    const char *name = text_of(report, "name");
    out[0] = '\0';
    if (report)
        snprintf(out, room, "%s (%lld)", name ? name : "?",
                 (long long)json_integer_value(json_object_get(report, "status")));
}

/* "unassigned_number (cms 1: the number is not in service)"; "" where there is nothing to say. */
static void why_text(const json_t *object, char *out, size_t room)
{
    const json_t *cause = json_object_get(object, "cause");
    const char *reason = text_of(object, "reason"), *space = text_of(cause, "space");
    const char *words =
        text_of(cause, "sentence") ? text_of(cause, "sentence") : text_of(cause, "name");
    snprintf(out, room, "%s", reason ? reason : "");
    if (!cause)
        return;
    size_t used = strlen(out);
    snprintf(out + used, room - used, "%s(%s %lld%s%s)", used ? " " : "", space ? space : "?",
             (long long)json_integer_value(json_object_get(cause, "code")), words ? ": " : "",
             words ? words : "");
}

static void print_head(const json_t *message)
{
    json_t *table = pairs_new();
    char number[24], parts[64], time[CTL_SHOW_TIME], why[300];
    static const char *const plain[] = {"id", "key", "state", "to", "class", "modem"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        pairs_add(table, plain[i], text_of(message, plain[i]));
    why_text(message, why, sizeof why);
    pairs_add(table, "why", why);
    snprintf(parts, sizeof parts, "%s (%s)", ctl_show_number(message, "parts", number),
             text_of(message, "encoding"));
    pairs_add(table, "parts", parts);
    pairs_add(table, "created", ctl_show_time(text_of(message, "created_at"), time));
    pairs_add(table, "expires", ctl_show_time(text_of(message, "expires_at"), time));
    if (ctl_show_number(message, "eta_ms", number)) {
        snprintf(parts, sizeof parts, "in about %.1f s",
                 json_number_value(json_object_get(message, "eta_ms")) / 1000);
        pairs_add(table, "leaves", parts);
    }
    if (json_is_true(json_object_get(message, "duplicate")))
        pairs_add(table, "duplicate", "yes: this key was accepted before");
    ctl_table_print(table, stdout);
    json_decref(table);
}

static void print_ladder(const json_t *ladder)
{
    static const char *const heads[] = {"LADDER", "", "", ""};
    json_t *table = ctl_table_new(heads, 4), *step;
    size_t i;
    char time[CTL_SHOW_TIME];
    json_array_foreach(ladder, i, step)
    {
        const char *modem = text_of(step, "modem"), *reason = text_of(step, "reason");
        const char *cells[] = {ctl_show_time(text_of(step, "at"), time), text_of(step, "state"),
                               modem ? modem : "", reason ? reason : ""};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    json_decref(table);
}

static void print_attempts(const json_t *attempts)
{
    static const char *const heads[] = {"ATTEMPTS", ">PART",  "VERDICT", "MODEM",
                                        ">REF",     "REPORT", "CAUSE"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads), *attempt;
    size_t i;
    json_array_foreach(attempts, i, attempt)
    {
        char time[CTL_SHOW_TIME], part[24], reference[24], report[80], why[300];
        why_text(attempt, why, sizeof why);
        report_text(attempt, report, sizeof report);
        const char *cells[] = {ctl_show_time(text_of(attempt, "at"), time),
                               ctl_show_number(attempt, "part", part),
                               text_of(attempt, "state"),
                               text_of(attempt, "modem"),
                               ctl_show_number(attempt, "reference", reference),
                               *report ? report : NULL,
                               why};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    json_decref(table);
}

void ctl_show_message(const json_t *message)
{
    print_head(message);
    if (json_array_size(json_object_get(message, "ladder")) > 0) {
        fputc('\n', stdout);
        print_ladder(json_object_get(message, "ladder"));
    }
    if (json_array_size(json_object_get(message, "attempts")) > 0) {
        fputc('\n', stdout);
        print_attempts(json_object_get(message, "attempts"));
    }
}

/* --- events --------------------------------------------------------------------------------------
 */

static void put_word(const char *before, const char *word)
{
    if (!word || !*word)
        return;
    fputs(before, stdout);
    ctl_table_put(word, stdout);
}

void ctl_show_step(const json_t *event)
{
    char time[CTL_SHOW_TIME], why[300];
    const char *at = text_of(event, "at") ? text_of(event, "at") : text_of(event, "created_at");
    json_int_t parts = json_integer_value(json_object_get(event, "parts"));
    put_word("", ctl_show_time(at, time));
    put_word("  ", text_of(event, "state"));
    if (parts > 1 && json_object_get(event, "part"))
        printf(" (part %lld of %lld)",
               (long long)json_integer_value(json_object_get(event, "part")), (long long)parts);
    put_word("  ", text_of(event, "modem"));
    why_text(event, why, sizeof why);
    put_word("  ", why);
    if (!text_of(event, "at")) /* the answer of message.send: the way to find it again */
        put_word("  id ", text_of(event, "id"));
    fputc('\n', stdout);
    fflush(stdout);
}

void ctl_show_event(const json_t *event)
{
    char time[CTL_SHOW_TIME], seq[24], left[24], why[300];
    const char *topic = text_of(event, "topic");
    json_int_t parts = json_integer_value(json_object_get(event, "parts"));
    printf("%8s  ", ctl_show_number(event, "seq", seq) ? seq : "-");
    put_word("", ctl_show_time(text_of(event, "at"), time));
    put_word("  ", topic);
    put_word("  ", text_of(event, "name"));
    if (topic && strcmp(topic, "alarm") == 0) {
        put_word("  ", text_of(event, "subject"));
        put_word("  ", json_is_true(json_object_get(event, "raised")) ? "raised" : "cleared");
        put_word("  ", text_of(event, "severity"));
        put_word("  ", text_of(event, "sentence"));
    }
    put_word("  ", text_of(event, "id"));
    put_word("  ", text_of(event, "state"));
    put_word("  ", text_of(event, "modem"));
    put_word("  ", text_of(event, "step"));
    put_word(" by ", text_of(event, "way"));
    put_word("  key ", text_of(event, "key"));
    put_word("  ", text_of(event, "purpose"));
    put_word("  to ", text_of(event, "to_masked"));
    if (ctl_show_number(event, "attempts_left", left))
        printf("  %s attempts left", left);
    put_word("  ", text_of(event, "why"));
    why_text(event, why, sizeof why);
    put_word("  ", why);
    if (topic && strcmp(topic, "inbox") == 0 && parts > 1)
        printf("  %lld parts", (long long)parts);
    fputc('\n', stdout);
}

/* --- text in -------------------------------------------------------------------------------------
 */

const char *ctl_show_number_of(const char *operand, char out[CTL_SHOW_NUMBER])
{
    size_t len = 0;
    ssize_t count = 1;
    if (strcmp(operand, "-") != 0)
        return operand;
    if (isatty(STDIN_FILENO))
        fputs("number:\n", stderr);
    while (len < CTL_SHOW_NUMBER - 1 && (count = read(STDIN_FILENO, out + len, 1)) == 1 &&
           out[len] != '\n')
        len++;
    out[len] = '\0';
    if (len > 0 && len < CTL_SHOW_NUMBER - 1 && count >= 0)
        return out;
    ctl_complain("standard input: its first line is no number");
    return NULL;
}

char *ctl_show_read(const char *path, size_t *len)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    char *text = ctl_need(malloc(TEXT_ROOM + 1));
    ssize_t count = fd < 0 ? -1 : 1;
    *len = 0;
    while (count > 0 && *len < TEXT_ROOM) {
        count = read(fd, text + *len, TEXT_ROOM - *len);
        if (count < 0 && errno == EINTR)
            count = 1;
        else if (count > 0)
            *len += (size_t)count;
    }
    int saved = errno;
    if (path && fd >= 0)
        close(fd);
    text[*len] = '\0';
    if (count == 0)
        return text;
    ctl_complain("%s: %s", path ? path : "standard input",
                 count < 0 ? strerror(saved) : "longer than anything that can be sent");
    explicit_bzero(text, TEXT_ROOM);
    free(text);
    return NULL;
}
