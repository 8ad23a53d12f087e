/* What a request line may be: a table of lines, each with its verdict. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire.h"

#define LINE(text) text, sizeof(text) - 1

struct bad_line {
    const char *line;
    size_t len;
    enum wire_error error;
    bool fatal;
    const char *id;   /* compact JSON, NULL: could not be read */
    const char *word; /* in the sentence */
};

static const struct bad_line bad_lines[] = {
    {LINE(""), WIRE_PARSE_ERROR, false, NULL, "JSON"},
    {LINE("{"), WIRE_PARSE_ERROR, false, NULL, "JSON"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"} x"), WIRE_PARSE_ERROR, false, NULL,
     "JSON"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}{}"), WIRE_PARSE_ERROR, false, NULL,
     "JSON"},
    {LINE("{'jsonrpc':'2.0'}"), WIRE_PARSE_ERROR, false, NULL, "JSON"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\n\"}"), WIRE_PARSE_ERROR, false, NULL,
     "JSON"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":NaN,\"method\":\"a\"}"), WIRE_PARSE_ERROR, false, NULL,
     "JSON"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"a\"}"), WIRE_PARSE_ERROR,
     false, NULL, "JSON"},
    /* bytes */
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\0\"}"), WIRE_PARSE_ERROR, false, NULL,
     "NUL"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}\0"), WIRE_PARSE_ERROR, false, NULL,
     "NUL"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000\"}"), WIRE_PARSE_ERROR, false, NULL,
     "NUL"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{\"t\\u0000\":1}}"),
     WIRE_PARSE_ERROR, false, NULL, "NUL"},
    {LINE("\xC0\xAF"), WIRE_PARSE_ERROR, false, NULL, "UTF-8"},         /* overlong / */
    {LINE("\"\xED\xA0\x80\""), WIRE_PARSE_ERROR, false, NULL, "UTF-8"}, /* a surrogate */
    {LINE("\"\xF4\x90\x80\x80\""), WIRE_PARSE_ERROR, false, NULL, "UTF-8"},
    {LINE("\"\xE0\x9F\xBF\""), WIRE_PARSE_ERROR, false, NULL, "UTF-8"},
    {LINE("\"\xF0\x8F\xBF\xBF\""), WIRE_PARSE_ERROR, false, NULL, "UTF-8"},
    {LINE("\"\xC3"), WIRE_PARSE_ERROR, false, NULL, "UTF-8"}, /* cut */
    {LINE("\"\x80\""), WIRE_PARSE_ERROR, false, NULL, "UTF-8"},
    {LINE("\"\xFF\""), WIRE_PARSE_ERROR, false, NULL, "UTF-8"},
    {LINE("\"\\ud800\""), WIRE_PARSE_ERROR, false, NULL, "JSON"}, /* half a pair, escaped */
    /* forms */
    {LINE("[]"), WIRE_INVALID_REQUEST, false, NULL, "batch"},
    {LINE("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}]"), WIRE_INVALID_REQUEST, false, NULL,
     "batch"},
    {LINE("1"), WIRE_INVALID_REQUEST, false, NULL, "object"},
    {LINE("\"{}\""), WIRE_INVALID_REQUEST, false, NULL, "object"},
    {LINE("null"), WIRE_INVALID_REQUEST, false, NULL, "object"},
    /* id */
    {LINE("{}"), WIRE_INVALID_REQUEST, true, NULL, "id is missing"},
    {LINE("{\"jsonrpc\":\"2.0\",\"method\":\"message.send\",\"params\":{}}"), WIRE_INVALID_REQUEST,
     true, NULL, "never executed"},
    {LINE("{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"Id\":1}"), WIRE_INVALID_REQUEST, true, NULL,
     "id"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false, NULL,
     "id"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false, NULL,
     "id"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false, NULL,
     "id"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false, NULL,
     "id"},
    /* members */
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false,
     NULL, "twice"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{\"to\":\"1\",\"to\":\"2\"}}"),
     WIRE_INVALID_REQUEST, false, NULL, "twice"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"a\",\"parms\":{}}"), WIRE_INVALID_REQUEST,
     false, "7", "no other"},
    {LINE("{\"id\":7,\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false, "7", "2.0"},
    {LINE("{\"jsonrpc\":2.0,\"id\":7,\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false, "7", "2.0"},
    {LINE("{\"jsonrpc\":\"1.0\",\"id\":\"x\",\"method\":\"a\"}"), WIRE_INVALID_REQUEST, false,
     "\"x\"", "2.0"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":7}"), WIRE_INVALID_REQUEST, false, "7", "method"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\"}"), WIRE_INVALID_REQUEST, false, "7",
     "method"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":[]}"), WIRE_INVALID_REQUEST, false, "7",
     "method"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"a\",\"params\":[1]}"), WIRE_INVALID_PARAMS,
     false, "7", "by name"},
    {LINE("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"a\",\"params\":null}"), WIRE_INVALID_PARAMS,
     false, "7", "by name"},
};

static void check_bad(const char *line, size_t len, const struct bad_line *wanted)
{
    struct wire_request request;
    enum wire_error error;
    const char *why = NULL;
    bool fatal;
    int rc = wire_request_parse(line, len, &request, &error, &why, &fatal);
    if (rc != -EBADMSG || error != wanted->error || fatal != wanted->fatal ||
        !strstr(why, wanted->word))
        fail_msg("line %.60s: rc %d, error %d, fatal %d, why %s", line, rc, (int)error, fatal,
                 why ? why : "-");
    char *id = request.id ? json_dumps(request.id, JSON_ENCODE_ANY) : NULL;
    assert_int_equal(id != NULL, wanted->id != NULL);
    if (id)
        assert_string_equal(id, wanted->id);
    free(id);
    wire_request_clear(&request);
}

static void bad_lines_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_lines / sizeof *bad_lines; i++)
        check_bad(bad_lines[i].line, bad_lines[i].len, &bad_lines[i]);
}

static void good_lines_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *line, *id, *method, *params;
    } good[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a.b\"}", "1", "a.b", "{}"},
        {" {\"method\":\"m\",\"params\":{\"x\":[1]},\"jsonrpc\":\"2.0\",\"id\":\"\"}\t\r", "\"\"",
         "m", "{\"x\": [1]}"},
        {"{\"jsonrpc\":\"2.0\",\"id\":-9223372036854775808,\"method\":\"m\"}",
         "-9223372036854775808", "m", "{}"},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"\xC4\x91\",\"method\":\"m\",\"params\":{\"[{\":\"[[[[[[[[[["
         "[[[[[[[[[[{\\\"\"}}",
         "\"\xC4\x91\"", "m", "{\"[{\": \"[[[[[[[[[[[[[[[[[[[[{\\\"\"}"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct wire_request request;
        enum wire_error error;
        const char *why = "";
        bool fatal;
        int rc =
            wire_request_parse(good[i].line, strlen(good[i].line), &request, &error, &why, &fatal);
        if (rc != 0)
            fail_msg("%s: %s", good[i].line, why);
        assert_false(fatal);
        assert_string_equal(request.method, good[i].method);
        char *id = json_dumps(request.id, JSON_ENCODE_ANY);
        char *params = json_dumps(request.params, 0);
        assert_string_equal(id, good[i].id);
        assert_string_equal(params, good[i].params);
        free(id);
        free(params);
        wire_request_clear(&request);
    }
}

/* A line with `depth` nested arrays inside params: params itself is the second level. */
static int parse_depth(size_t depth, enum wire_error *error)
{
    static char line[1 << 20];
    size_t used =
        (size_t)sprintf(line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"x\":");
    memset(line + used, '[', depth);
    memset(line + used + depth, ']', depth);
    used += 2 * depth;
    used += (size_t)sprintf(line + used, "}}");
    struct wire_request request;
    const char *why;
    bool fatal;
    int rc = wire_request_parse(line, used, &request, error, &why, &fatal);
    wire_request_clear(&request);
    return rc;
}

/* A quote behind a backslash does not end a string, one behind two does. */
static void depth_knows_where_strings_end(void **state)
{
    (void)state;
    static const char inside[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{"
                                 "\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[\\\\\\\"[[[[[[[[[[[[[[[[[[[[\"}}";
    static const char outside[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{"
                                  "\"a\":\"\\\\\",\"b\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}}";
    struct wire_request request;
    enum wire_error error;
    const char *why;
    bool fatal;
    assert_int_equal(wire_request_parse(inside, sizeof inside - 1, &request, &error, &why, &fatal),
                     0);
    wire_request_clear(&request);
    assert_int_equal(
        wire_request_parse(outside, sizeof outside - 1, &request, &error, &why, &fatal), -EBADMSG);
    assert_int_equal(error, WIRE_INVALID_REQUEST);
    assert_non_null(strstr(why, "deep"));
    wire_request_clear(&request);
}

static void depth_ends_at_sixteen(void **state)
{
    (void)state;
    enum wire_error error;
    assert_int_equal(parse_depth(WIRE_DEPTH_MAX - 2, &error), 0);
    assert_int_equal(parse_depth(WIRE_DEPTH_MAX - 1, &error), -EBADMSG);
    assert_int_equal(error, WIRE_INVALID_REQUEST);
    assert_int_equal(parse_depth(400000, &error), -EBADMSG);
    assert_int_equal(error, WIRE_INVALID_REQUEST);
}

static void lengths_end_where_they_should(void **state)
{
    (void)state;
    for (int over = 0; over <= 1; over++) {
        char line[512];
        struct wire_request request;
        enum wire_error error;
        const char *why;
        bool fatal;
        int len = sprintf(line, "{\"jsonrpc\":\"2.0\",\"id\":\"%0*d\",\"method\":\"m\"}",
                          WIRE_ID_MAX + over, 0);
        int rc = wire_request_parse(line, (size_t)len, &request, &error, &why, &fatal);
        assert_int_equal(rc, over ? -EBADMSG : 0);
        wire_request_clear(&request);
        len = sprintf(line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%0*d\"}",
                      (int)sizeof request.method - 1 + over, 0);
        rc = wire_request_parse(line, (size_t)len, &request, &error, &why, &fatal);
        assert_int_equal(rc, over ? -EBADMSG : 0);
        wire_request_clear(&request);
    }
}

/* What is refused may be a code or a number in the wrong place: no sentence may say it again. */
static void sentences_never_quote_the_line(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"727272\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"727272\":1,\"727272\":2}",
        "{\"jsonrpc\":\"727272\",\"id\":1,\"method\":\"m\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":\"727272\"}",
        "727272 {",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wire_request request;
        enum wire_error error;
        const char *why;
        bool fatal;
        int rc = wire_request_parse(lines[i], strlen(lines[i]), &request, &error, &why, &fatal);
        assert_int_equal(rc, -EBADMSG);
        assert_null(strstr(why, "727272"));
        wire_request_clear(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_lines_are_refused_by_name),
        cmocka_unit_test(good_lines_are_taken),
        cmocka_unit_test(depth_ends_at_sixteen),
        cmocka_unit_test(depth_knows_where_strings_end),
        cmocka_unit_test(lengths_end_where_they_should),
        cmocka_unit_test(sentences_never_quote_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
