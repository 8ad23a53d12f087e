/* What goes out is one line of valid JSON, whatever is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire.h"

static void line_is(char *line, size_t len, const char *wanted)
{
    assert_non_null(line);
    assert_string_equal(line, wanted);
    assert_int_equal(len, strlen(wanted));
    free(line);
}

static void results(void **state)
{
    (void)state;
    size_t len;
    json_t *id = json_integer(7);
    char *line = wire_result_line(id, json_pack("{s:s}", "state", "queued"), &len);
    line_is(line, len, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"state\":\"queued\"}}\n");
    line = wire_result_line(id, json_string("a\nb\r\x1F\xE2\x80\xA8"), &len);
    line_is(line, len,
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\\nb\\r\\u001F\xE2\x80\xA8\"}\n");
    assert_null(wire_result_line(id, NULL, &len)); /* no memory further up */
    json_decref(id);
}

static void errors(void **state)
{
    (void)state;
    size_t len;
    json_t *id = json_string("x");
    char *line = wire_error_line(id, WIRE_CONFLICT, NULL, NULL, &len);
    line_is(line, len,
            "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32006,\"message\":\"this key "
            "already "
            "stands for other content\",\"data\":{\"name\":\"conflict\"}}}\n");
    line = wire_error_line(NULL, WIRE_PARSE_ERROR, "no", NULL, &len);
    line_is(
        line, len,
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"no\",\"data\":{"
        "\"name\":\"parse_error\"}}}\n");
    json_decref(id);
}

static void error_data_keeps_its_own_name(void **state)
{
    (void)state;
    size_t len;
    char *line =
        wire_error_line(NULL, WIRE_OVERLOADED, NULL,
                        json_pack("{s:s, s:i}", "name", "other", "retry_after_s", 12), &len);
    json_t *reply = json_loads(line, 0, NULL);
    const json_t *data = json_object_get(json_object_get(reply, "error"), "data");
    assert_string_equal(json_string_value(json_object_get(data, "name")), "overloaded");
    assert_int_equal(json_integer_value(json_object_get(data, "retry_after_s")), 12);
    const json_t *say = json_object_get(data, "say");
    assert_non_null(json_string_value(json_object_get(say, "vi")));
    assert_non_null(json_string_value(json_object_get(say, "en")));
    json_decref(reply);
    free(line);
}

static void a_sentence_cut_inside_a_letter_is_replaced(void **state)
{
    (void)state;
    size_t len;
    char *line = wire_error_line(NULL, WIRE_GONE, "cut \xE1\xBA", NULL, &len);
    assert_non_null(line);
    assert_non_null(strstr(line, wire_error_find(WIRE_GONE)->sentence));
    free(line);
}

static void notifications(void **state)
{
    (void)state;
    size_t len;
    char *line = wire_notification_line("event", json_pack("{s:i}", "seq", 9), &len);
    line_is(line, len, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":9}}\n");
}

static void the_table_is_whole(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WIRE_ERRORS; i++) {
        const struct wire_error_row *row = wire_error_find((enum wire_error)i);
        assert_ptr_equal(wire_error_by_name(row->name), row);
        assert_int_equal(row->say_vi != NULL, row->say_en != NULL);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(wire_error_find((enum wire_error)j)->code, row->code);
        assert_true((row->code >= -32099 && row->code <= -32001) ||
                    (row->code >= -32700 && row->code <= -32600));
    }
    assert_null(wire_error_by_name("no_such"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results),
        cmocka_unit_test(errors),
        cmocka_unit_test(error_data_keeps_its_own_name),
        cmocka_unit_test(a_sentence_cut_inside_a_letter_is_replaced),
        cmocka_unit_test(notifications),
        cmocka_unit_test(the_table_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
