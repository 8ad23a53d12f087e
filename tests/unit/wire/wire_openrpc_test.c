/* openrpc.json is the truth: held against the tables in code, and against itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire.h"
#include "wire_schema.h"

static json_t *document;

static int load(void **state)
{
    (void)state;
    size_t len;
    const char *text = wire_openrpc(&len);
    json_error_t error;
    document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    return document ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

static const json_t *component(const char *kind, const char *name)
{
    return json_object_get(json_object_get(json_object_get(document, "components"), kind), name);
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    if (!text || !*text)
        fail_msg("a %s is missing", member);
    return text;
}

static void the_file_is_what_is_compiled_in(void **state)
{
    (void)state;
    json_t *file = json_load_file("proto/openrpc.json", JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(file);
    assert_true(json_equal(file, document));
    json_decref(file);
}

static void errors_are_those_of_the_code(void **state)
{
    (void)state;
    const json_t *errors = json_object_get(json_object_get(document, "components"), "errors");
    const json_t *names = json_object_get(
        json_object_get(json_object_get(component("schemas", "ErrorData"), "properties"), "name"),
        "enum");
    assert_int_equal(json_object_size(errors), WIRE_ERRORS);
    assert_int_equal(json_array_size(names), WIRE_ERRORS);
    for (unsigned i = 0; i < WIRE_ERRORS; i++) {
        const struct wire_error_row *row = wire_error_find((enum wire_error)i);
        const json_t *error = json_object_get(errors, row->name);
        const json_t *data = json_object_get(error, "data");
        const json_t *say = json_object_get(data, "say");
        if (!error)
            fail_msg("%s is not in openrpc.json", row->name);
        assert_int_equal(json_integer_value(json_object_get(error, "code")), row->code);
        assert_string_equal(text_of(error, "message"), row->sentence);
        assert_string_equal(text_of(data, "name"), row->name);
        assert_int_equal(say != NULL, row->say_vi != NULL);
        if (say) {
            assert_string_equal(text_of(say, "vi"), row->say_vi);
            assert_string_equal(text_of(say, "en"), row->say_en);
        }
        assert_string_equal(json_string_value(json_array_get(names, i)), row->name);
    }
}

/* What an error line really carries fits the schema that describes it. */
static void error_data_is_as_described(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WIRE_ERRORS; i++) {
        size_t len;
        char why[200];
        char *line =
            wire_error_line(NULL, (enum wire_error)i, NULL,
                            json_pack("{s:i, s:s}", "retry_after_s", 5, "suggest", "+84"), &len);
        json_t *reply = json_loads(line, 0, NULL);
        const json_t *data = json_object_get(json_object_get(reply, "error"), "data");
        assert_int_equal(
            wire_schema_check(document, component("schemas", "ErrorData"), data, why, sizeof why),
            0);
        json_decref(reply);
        free(line);
    }
}

static void check_refs(json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;
    if (json_object_get(value, "$ref") && !wire_schema_resolve(document, value))
        fail_msg("%s leads nowhere", json_string_value(json_object_get(value, "$ref")));
    json_object_foreach(value, name, member)
    {
        check_refs(member);
    }
    for (i = 0; i < json_array_size(value); i++)
        check_refs(json_array_get(value, i));
}

static void every_reference_leads_somewhere(void **state)
{
    (void)state;
    check_refs(document);
}

static void check_schema(json_t *schema)
{
    static const char *const known[] = {
        "$ref",
        "type",
        "enum",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "x-max-bytes",
        "required",
        "properties",
        "additionalProperties",
        "oneOf",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        "description",
        "default",
        "format", /* these three tell people, they check nothing */
    };
    const char *name;
    json_t *member;
    size_t i;
    json_object_foreach(schema, name, member)
    {
        size_t k = 0;
        while (k < sizeof known / sizeof *known && strcmp(known[k], name) != 0)
            k++;
        if (k == sizeof known / sizeof *known)
            fail_msg("the schema keyword %s is not checked by wire_schema.c", name);
    }
    json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    const json_t *choices = json_object_get(schema, "oneOf");
    json_object_foreach(properties, name, member)
    {
        check_schema(member);
    }
    for (i = 0; properties && i < json_array_size(required); i++) {
        name = json_string_value(json_array_get(required, i));
        if (!json_object_get(properties, name))
            fail_msg("%s is required and not described", name);
    }
    for (i = 0; i < json_array_size(choices); i++)
        check_schema(json_array_get(choices, i));
    if (json_object_get(schema, "items"))
        check_schema(json_object_get(schema, "items"));
    if (json_object_get(schema, "default")) {
        char why[200];
        json_t *value = json_object_get(schema, "default");
        if (wire_schema_check(document, schema, value, why, sizeof why) < 0)
            fail_msg("a default does not fit: %s", why);
    }
}

static void schemas_use_only_what_is_checked(void **state)
{
    (void)state;
    const char *name;
    json_t *schema, *method;
    json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    size_t i;
    json_object_foreach(schemas, name, schema)
    {
        check_schema(schema);
    }
    json_array_foreach(json_object_get(document, "methods"), i, method)
    {
        const json_t *params = json_object_get(method, "params");
        for (size_t j = 0; j < json_array_size(params); j++)
            check_schema(json_object_get(json_array_get(params, j), "schema"));
        check_schema(json_object_get(json_object_get(method, "result"), "schema"));
    }
}

static void every_method_is_whole(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "rpc.discover",
        "gateway.info",
        "gateway.stats",
        "gateway.pause",
        "gateway.resume",
        "message.send",
        "message.get",
        "message.list",
        "message.cancel",
        "modem.list",
        "modem.get",
        "modem.pause",
        "modem.resume",
        "modem.reset",
        "modem.accept",
        "alarm.list",
        "audit.list",
        "inbox.list",
        "events.follow",
        "otp.start",
        "otp.resend",
        "otp.check",
        "otp.cancel",
        "otp.get",
        "otp.find",
        "otp.feedback",
        "modem.trace",
        "ussd.run",
        "ussd.answer",
        "ussd.cancel",
        "subscriber.lookup",
        "subscriber.parse",
        "subscriber.preflight",
        "subscriber.check_fleet",
    };
    static const char *const roles[] = {"any",        "send",    "verify",
                                        "subscriber", "monitor", "operate"};
    const json_t *methods = json_object_get(document, "methods");
    json_t *method, *param, *error;
    size_t i, j;
    assert_int_equal(json_array_size(methods), sizeof wanted / sizeof *wanted);
    for (i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_non_null(wire_method_find(wanted[i]));
    assert_null(wire_method_find("message"));
    assert_null(wire_method_at(i));
    json_array_foreach(methods, i, method)
    {
        const char *role = text_of(method, "x-role");
        size_t r = 0;
        while (r < sizeof roles / sizeof *roles && strcmp(roles[r], role) != 0)
            r++;
        assert_true(r < sizeof roles / sizeof *roles);
        assert_string_equal(wire_method_at(i)->name, text_of(method, "name"));
        assert_string_equal(wire_method_at(i)->role, role);
        text_of(method, "summary");
        text_of(method, "x-on-disconnect");
        assert_string_equal(text_of(method, "paramStructure"), "by-name");
        assert_true(wire_method_at(i)->timeout_ms >= 1000);
        json_array_foreach(json_object_get(method, "params"), j, param)
        {
            text_of(param, "name");
            text_of(param, "description");
        }
        assert_true(json_array_size(json_object_get(method, "errors")) > 0);
        json_array_foreach(json_object_get(method, "errors"), j, error)
        {
            const char *ref = text_of(error, "$ref");
            assert_ptr_equal(strstr(ref, "#/components/errors/"), ref);
        }
    }
}

static void check_example(const struct wire_method *method, const json_t *example)
{
    char why[256];
    json_t *params = json_object();
    const json_t *given = json_object_get(example, "params");
    const json_t *result = json_object_get(json_object_get(example, "result"), "value");
    for (size_t i = 0; i < json_array_size(given); i++) {
        const json_t *param = json_array_get(given, i);
        json_object_set(params, text_of(param, "name"), json_object_get(param, "value"));
    }
    if (wire_params_check(method, params, why, sizeof why) < 0)
        fail_msg("%s: %s", method->name, why);
    if (wire_result_check(method, result, why, sizeof why) < 0)
        fail_msg("%s: result: %s", method->name, why);
    json_decref(params);
}

static void examples_are_true(void **state)
{
    (void)state;
    json_t *method, *event;
    size_t i, seen = 0;
    char why[256];
    json_array_foreach(json_object_get(document, "methods"), i, method)
    {
        const json_t *examples = json_object_get(method, "examples");
        for (size_t j = 0; j < json_array_size(examples); j++, seen++)
            check_example(wire_method_at(i), json_array_get(examples, j));
    }
    assert_true(seen >= 9);
    const json_t *event_kind = json_array_get(json_object_get(document, "x-notifications"), 0);
    json_array_foreach(json_object_get(event_kind, "examples"), i, event)
    {
        if (wire_event_check(event, why, sizeof why) < 0)
            fail_msg("event: %s", why);
        assert_int_equal(
            wire_schema_check(document, component("schemas", "Event"), event, why, sizeof why), 0);
    }
    assert_int_equal(i, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_what_is_compiled_in),
        cmocka_unit_test(errors_are_those_of_the_code),
        cmocka_unit_test(error_data_is_as_described),
        cmocka_unit_test(every_reference_leads_somewhere),
        cmocka_unit_test(schemas_use_only_what_is_checked),
        cmocka_unit_test(every_method_is_whole),
        cmocka_unit_test(examples_are_true),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
