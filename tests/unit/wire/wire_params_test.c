/* Params against the compiled-in document: tables of {method, params, sentence}. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "wire.h"
#include "wire_schema.h"

#define SEND "\"key\":\"k\",\"to\":\"0912345678\",\"text\":\"t\""
#define K128                                                                                       \
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"                             \
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

static const struct row {
    const char *method, *params, *why; /* why NULL: fine */
} rows[] = {
    {"message.send", "{" SEND "}", NULL},
    {"message.send", "{" SEND ",\"ttl_s\":10}", NULL},
    {"message.send",
     "{" SEND ",\"ttl_s\":86400,\"class\":\"bulk\",\"encoding\":\"ucs2\",\"unaccented\":true,"
     "\"report\":false,\"on_unknown\":\"report\",\"flash\":true,\"replace_type\":7,"
     "\"supersedes\":\"o\",\"modem\":\"m\"}",
     NULL},
    {"message.send", "{" SEND ",\"ttl_s\":9}", "params: ttl_s must be at least 10"},
    {"message.send", "{" SEND ",\"ttl_s\":86401}", "params: ttl_s must be at most 86400"},
    {"message.send", "{" SEND ",\"ttl_s\":\"300\"}", "params: ttl_s must be of type integer"},
    {"message.send", "{" SEND ",\"ttl_s\":300.0}", "params: ttl_s must be of type integer"},
    {"message.send", "{" SEND ",\"ttl_s\":null}", "params: ttl_s must be of type integer"},
    {"message.send", "{" SEND ",\"class\":\"OTP\"}",
     "params: class must be one of otp, notice, bulk"},
    {"message.send", "{" SEND ",\"class\":1}", "params: class must be of type string"},
    {"message.send", "{" SEND ",\"report\":1}", "params: report must be of type boolean"},
    {"message.send", "{" SEND ",\"tll_s\":300}",
     "params: has no member tll_s; did you mean ttl_s?"},
    {"message.send", "{\"key\":\"k\",\"to\":\"0912345678\",\"txt\":\"t\"}",
     "params: has no member txt; did you mean text?"},
    {"message.send", "{" SEND ",\"zzzzzzzz\":1}", "params: has no member zzzzzzzz"},
    {"message.send", "{" SEND ",\"123456\":1}", "params: has a member that is not known"},
    {"message.send", "{" SEND ",\"te;xt\":1}", "params: has a member that is not known"},
    {"message.send", "{}", "params: lacks the member key"},
    {"message.send", "{\"key\":\"k\",\"to\":\"1\"}", "params: lacks the member text"},
    {"message.send", "{\"key\":\"\",\"to\":\"1\",\"text\":\"t\"}",
     "params: key must have at least 1 characters"},
    {"message.send", "{\"key\":\"" K128 "\",\"to\":\"1\",\"text\":\"t\"}", NULL},
    {"message.send", "{\"key\":\"" K128 "k\",\"to\":\"1\",\"text\":\"t\"}",
     "params: key must have at most 128 bytes"},
    {"message.send", "{" SEND ",\"replace_type\":8}", "params: replace_type must be at most 7"},
    {"message.send", "{" SEND ",\"replace_type\":-1}", "params: replace_type must be at least 0"},
    {"message.get", "{\"id\":\"i\"}", NULL},
    {"message.get", "{\"key\":\"k\",\"wait_ms\":60000,\"until\":\"final\"}", NULL},
    {"message.get", "{}", "params: must have either id or key"},
    {"message.get", "{\"id\":\"i\",\"key\":\"k\"}", "params: must have either id or key, not both"},
    {"message.get", "{\"id\":\"i\",\"wait_ms\":60001}", "params: wait_ms must be at most 60000"},
    {"message.get", "{\"id\":\"i\",\"until\":\"delivered\"}", NULL},
    {"message.get", "{\"id\":\"i\",\"until\":\"there\"}",
     "params: until must be one of sent, delivered, final"},
    {"message.cancel", "{}", "params: must have either id or key or filter"},
    {"message.list", "{}", NULL},
    {"message.list", "{\"state\":\"gone\"}",
     "params: state must be one of queued, claimed, sending, sent, unknown, delivered, "
     "undelivered, failed, "
     "expired, cancelled"},
    {"events.follow", "{\"from_seq\":0,\"topics\":[\"message\",\"modem\"]}", NULL},
    {"events.follow", "{\"topics\":[\"inbox\",\"message\",\"modem\"]}", NULL},
    {"inbox.list", "{\"limit\":200,\"cursor\":1}", NULL},
    {"inbox.list", "{\"limit\":0}", "params: limit must be at least 1"},
    {"inbox.list", "{\"from\":\"1414\"}", "params: has no member from"},
    {"events.follow", "{\"topics\":[]}", "params: topics must have at least 1 items"},
    {"events.follow", "{\"topics\":[\"message\",\"message\"]}",
     "params: topics must not hold the same twice"},
    {"events.follow", "{\"topics\":[\"modem\",\"sms\"]}",
     "params: topics[1] must be one of message, modem, inbox, alarm, otp, trace, subscriber"},
    {"events.follow", "{\"topics\":[\"trace\"],\"modem\":\"m0\",\"from_line\":0}", NULL},
    {"events.follow", "{\"topics\":[\"trace\"],\"modem\":\"\"}",
     "params: modem must have at least 1 characters"},
    {"events.follow", "{\"from_line\":-1}", "params: from_line must be at least 0"},
    {"events.follow", "{\"topics\":{}}", "params: topics must be of type array"},
    {"modem.list", "{\"x\":1}", "params: has no member x"},
    {"gateway.info", "{}", NULL},
};

static void params_are_held_against_the_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[256] = "";
        const struct wire_method *method = wire_method_find(rows[i].method);
        json_t *params = json_loads(rows[i].params, 0, NULL);
        assert_non_null(method);
        assert_non_null(params);
        int rc = wire_params_check(method, params, why, sizeof why);
        json_decref(params);
        if (rc != (rows[i].why ? -EINVAL : 0) || strcmp(why, rows[i].why ? rows[i].why : "") != 0)
            fail_msg("%s %s: %d %s", rows[i].method, rows[i].params, rc, why);
    }
}

static void a_small_room_is_enough(void **state)
{
    (void)state;
    json_t *params = json_pack("{s:i}", "tll_s", 1);
    for (size_t room = 1; room < 64; room++) {
        char why[64];
        memset(why, 'x', sizeof why);
        assert_int_equal(wire_params_check(wire_method_find("message.send"), params, why, room),
                         -EINVAL);
        assert_true(strnlen(why, room) < room);
        for (size_t i = room; i < sizeof why; i++)
            assert_int_equal(why[i], 'x');
    }
    json_decref(params);
}

/* The keywords themselves, on a schema of our own. */
static void schema_keywords(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *value;
        bool fits;
    } cases[] = {
        {"{\"type\":\"number\"}", "1.5", true},
        {"{\"type\":\"number\"}", "1", true},
        {"{\"type\":\"number\"}", "\"1\"", false},
        {"{\"type\":[\"integer\",\"null\"]}", "null", true},
        {"{\"type\":[\"integer\",\"null\"]}", "true", false},
        {"{\"type\":\"nonsense\"}", "1", false},
        {"{\"maxLength\":2}", "\"\xC4\x91\xC4\x91\"", true},
        {"{\"maxLength\":2}", "\"\xC4\x91\xC4\x91\xC4\x91\"", false},
        {"{\"x-max-bytes\":4}", "\"\xC4\x91\xC4\x91\"", true},
        {"{\"x-max-bytes\":3}", "\"\xC4\x91\xC4\x91\"", false},
        {"{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"a\":1}", true},
        {"{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"a\":\"1\"}", false},
        {"{\"properties\":{\"a\":{\"properties\":{\"b\":{\"type\":\"integer\"}}}}}",
         "{\"a\":{\"b\":[]}}", false},
        {"{\"maxItems\":1}", "[1,2]", false},
        {"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "1", false},
        {"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "1.5", true},
        {"{\"oneOf\":[{\"type\":\"integer\"}]}", "\"\"", false},
        {"{\"$ref\":\"#/d/whole\"}", "1", true},
        {"{\"$ref\":\"#/d/whole\"}", "1.5", false},
        {"{\"$ref\":\"#/d/again\"}", "1.5", false},
        {"{\"$ref\":\"#/d/circle\"}", "1", false},
        {"{\"$ref\":\"#/d/nowhere\"}", "1", false},
        {"{\"$ref\":\"elsewhere.json\"}", "1", false},
    };
    json_t *root =
        json_loads("{\"d\":{\"whole\":{\"type\":\"integer\"},\"again\":{\"$ref\":\"#/d/whole\"},"
                   "\"circle\":{\"$ref\":\"#/d/circle\"}}}",
                   0, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[128];
        json_t *schema = json_loads(cases[i].schema, 0, NULL);
        json_t *value = json_loads(cases[i].value, JSON_DECODE_ANY, NULL);
        int rc = wire_schema_check(root, schema, value, why, sizeof why);
        if ((rc == 0) != cases[i].fits)
            fail_msg("%s %s: %d %s", cases[i].schema, cases[i].value, rc, why);
        json_decref(schema);
        json_decref(value);
    }
    json_decref(root);
}

static void nearest_names(void **state)
{
    (void)state;
    json_t *names = json_loads("{\"ttl_s\":1,\"text\":1,\"to\":1,\"on_unknown\":1}", 0, NULL);
    assert_string_equal(wire_schema_nearest(names, "tll_s"), "ttl_s");
    assert_string_equal(wire_schema_nearest(names, "etxt"),
                        "text"); /* neighbours swapped: one edit */
    assert_string_equal(wire_schema_nearest(names, "onunknow"), "on_unknown");
    assert_null(wire_schema_nearest(names, "body"));
    assert_null(wire_schema_nearest(names, "xy")); /* two of two letters: no likeness */
    char longer[200];
    memset(longer, 't', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(wire_schema_nearest(names, longer));
    json_decref(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(params_are_held_against_the_document),
        cmocka_unit_test(a_small_room_is_enough),
        cmocka_unit_test(schema_keywords),
        cmocka_unit_test(nearest_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
