/* docs/protocol.md must not rot: its example lines (→ request, ← answer, ⇐ notification) are parsed
 * by the code and held against openrpc.json, and its tables against the code's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire.h"

static char *text;

static int load(void **state)
{
    (void)state;
    FILE *file = fopen("docs/protocol.md", "rb");
    size_t room = 1u << 20;
    assert_non_null(file);
    text = calloc(1, room);
    assert_true(fread(text, 1, room - 1, file) > 1000);
    return fclose(file);
}

static int unload(void **state)
{
    (void)state;
    free(text);
    return 0;
}

/* The request that was last asked with each id. */
static const struct wire_method *asked[64];
static char refusal[64][200]; /* what wire_params_check() says of it */

static void check_request(const char *line, size_t len)
{
    struct wire_request request;
    enum wire_error error;
    const char *why;
    bool fatal;
    if (wire_request_parse(line, len, &request, &error, &why, &fatal) < 0)
        fail_msg("%.*s: %s", (int)len, line, why);
    size_t id = (size_t)json_integer_value(request.id);
    assert_true(id < 64);
    asked[id] = wire_method_find(request.method);
    if (!asked[id])
        fail_msg("%s is no method", request.method);
    refusal[id][0] = '\0';
    if (wire_params_check(asked[id], request.params, refusal[id], sizeof refusal[id]) == 0)
        refusal[id][0] = '\0';
    wire_request_clear(&request);
}

static void check_refusal(const json_t *answer, size_t id)
{
    const json_t *error = json_object_get(answer, "error");
    const char *name = json_string_value(json_object_get(json_object_get(error, "data"), "name"));
    const struct wire_error_row *row = name ? wire_error_by_name(name) : NULL;
    if (!row) {
        fail_msg("answer %zu: no such error", id);
        return;
    }
    assert_int_equal(json_integer_value(json_object_get(error, "code")), row->code);
    const char *vi = json_string_value(
        json_object_get(json_object_get(json_object_get(error, "data"), "say"), "vi"));
    assert_int_equal(vi != NULL, row->say_vi != NULL);
    if (vi)
        assert_string_equal(vi, row->say_vi);
    /* what the code refuses by itself must read as the document says, and only that */
    assert_int_equal(refusal[id][0] != '\0', row->error == WIRE_INVALID_PARAMS);
    if (refusal[id][0])
        assert_string_equal(json_string_value(json_object_get(error, "message")), refusal[id]);
}

static void check_answer(const char *line, size_t len)
{
    char why[200];
    json_t *answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    size_t id = (size_t)json_integer_value(json_object_get(answer, "id"));
    const json_t *result = json_object_get(answer, "result");
    assert_true(id > 0 && id < 64 && asked[id]);
    if (!result)
        check_refusal(answer, id);
    else if (refusal[id][0] || wire_result_check(asked[id], result, why, sizeof why) < 0)
        fail_msg("answer %zu to %s: %s%s", id, asked[id]->name, refusal[id], why);
    json_decref(answer);
}

static void check_event(const char *line, size_t len)
{
    char why[200];
    json_t *event = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    if (wire_event_check(json_object_get(event, "params"), why, sizeof why) < 0)
        fail_msg("%.*s: %s", (int)len, line, why);
    json_decref(event);
}

static void examples_are_true(void **state)
{
    (void)state;
    static const struct {
        const char *arrow;
        void (*check)(const char *line, size_t len);
    } kinds[] = {{"→ {", check_request}, {"← {", check_answer}, {"⇐ {", check_event}};
    unsigned seen[3] = {0};
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        for (size_t k = 0; k < 3; k++) {
            size_t arrow = strlen(kinds[k].arrow);
            if (strncmp(line, kinds[k].arrow, arrow) != 0)
                continue;
            kinds[k].check(line + arrow - 1, (size_t)(end - line) - arrow + 1);
            seen[k]++;
        }
    }
    assert_int_equal(seen[0], seen[1]);
    assert_true(seen[0] >= 15 && seen[2] >= 3);
}

static void every_error_stands_in_its_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WIRE_ERRORS; i++) {
        const struct wire_error_row *row = wire_error_find((enum wire_error)i);
        char wanted[80];
        snprintf(wanted, sizeof wanted, "\n| `%s` | %d | ", row->name, row->code);
        if (!strstr(text, wanted))
            fail_msg("no row%s", wanted);
    }
}

/* The method's own chapter, cut out; the caller frees it. */
static char *chapter_of(const struct wire_method *method)
{
    char head[100];
    snprintf(head, sizeof head, "\n### `%s`\n", method->name);
    const char *start = strstr(text, head);
    if (!start) {
        fail_msg("no chapter%s", head);
        return NULL;
    }
    start += strlen(head);
    const char *end = strstr(start, "\n##");
    return strndup(start, end ? (size_t)(end - start) : strlen(start));
}

static void every_method_and_param_is_told(void **state)
{
    (void)state;
    const struct wire_method *method;
    for (size_t i = 0; (method = wire_method_at(i)); i++) {
        char wanted[120];
        char *chapter = chapter_of(method);
        const char *name;
        json_t *schema;
        json_object_foreach(json_object_get(method->schema, "properties"), name, schema)
        {
            snprintf(wanted, sizeof wanted, "`%s`", name);
            if (!chapter || !strstr(chapter, wanted))
                fail_msg("%s: nothing about %s", method->name, name);
        }
        free(chapter);
        /* | [`message.send`](#messagesend) | send | */
        snprintf(wanted, sizeof wanted, "\n| [`%s`](#", method->name);
        const char *row = strstr(text, wanted);
        snprintf(wanted, sizeof wanted, ") | %s | ", method->role);
        row = row ? strchr(row, ')') : NULL;
        if (!row || strncmp(row, wanted, strlen(wanted)) != 0)
            fail_msg("%s: the table gives it another role than %s", method->name, method->role);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_true),
        cmocka_unit_test(every_error_stands_in_its_table),
        cmocka_unit_test(every_method_and_param_is_told),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
