/* wire_methods: the methods as openrpc.json describes them. The document is compiled in and read
 * once, at the first question; it is ours, so a document that does not read is a fault of ours
 * (assert). */
#include "wire.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "wire_schema.h"

/* Made from openrpc.json by CMake: see CMakeLists.txt. */
extern const char wire_openrpc_text[];
extern const size_t wire_openrpc_size;

enum { METHODS_MAX = 64 };

static struct {
    json_t *document;
    struct wire_method method[METHODS_MAX];
    const json_t *result[METHODS_MAX];
    size_t count;
} table;

/* OpenRPC describes params one by one; here they become the one object that crosses the wire.
 * `x-params` holds what concerns several of them (oneOf). */
static json_t *params_schema(const json_t *method)
{
    json_t *schema = json_pack("{s:s, s:{}, s:[], s:b}", "type", "object", "properties", "required",
                               "additionalProperties", 0);
    assert(schema);
    json_t *properties = json_object_get(schema, "properties");
    json_t *required = json_object_get(schema, "required");
    const json_t *params = json_object_get(method, "params");
    json_t *together = json_object_get(method, "x-params");
    for (size_t i = 0; i < json_array_size(params); i++) {
        const json_t *param = json_array_get(params, i);
        json_t *name = json_object_get(param, "name");
        int rc =
            json_object_set(properties, json_string_value(name), json_object_get(param, "schema"));
        if (json_is_true(json_object_get(param, "required")))
            rc |= json_array_append(required, name);
        assert(rc == 0);
    }
    if (together) {
        int rc = json_object_update(schema, together);
        assert(rc == 0);
    }
    return schema;
}

static void table_add(const json_t *method)
{
    assert(table.count < METHODS_MAX);
    struct wire_method *row = &table.method[table.count];
    row->name = json_string_value(json_object_get(method, "name"));
    row->role = json_string_value(json_object_get(method, "x-role"));
    row->role_too = json_string_value(json_object_get(method, "x-role-too"));
    row->timeout_ms = (int)json_integer_value(json_object_get(method, "x-timeout-ms"));
    row->schema = params_schema(method);
    table.result[table.count] = json_object_get(json_object_get(method, "result"), "schema");
    assert(row->name && row->role && row->timeout_ms > 0 && table.result[table.count]);
    table.count++;
}

static void table_load(void)
{
    if (table.document)
        return;
    table.document = json_loadb(wire_openrpc_text, wire_openrpc_size, JSON_REJECT_DUPLICATES, NULL);
    assert(table.document);
    const json_t *methods = json_object_get(table.document, "methods");
    for (size_t i = 0; i < json_array_size(methods); i++)
        table_add(json_array_get(methods, i));
}

const struct wire_method *wire_method_at(size_t i)
{
    table_load();
    return i < table.count ? &table.method[i] : NULL;
}

const struct wire_method *wire_method_find(const char *name)
{
    table_load();
    for (size_t i = 0; i < table.count; i++)
        if (strcmp(table.method[i].name, name) == 0)
            return &table.method[i];
    return NULL;
}

int wire_params_check(const struct wire_method *method, const json_t *params, char *why,
                      size_t room)
{
    char found[200];
    int rc = wire_schema_check(table.document, method->schema, params, found, sizeof found);
    if (rc <
        0) /* found begins with the member concerned, or with what the object as a whole lacks */
        snprintf(why, room, "params: %s", found);
    return rc;
}

int wire_result_check(const struct wire_method *method, const json_t *result, char *why,
                      size_t room)
{
    return wire_schema_check(table.document, table.result[method - table.method], result, why,
                             room);
}

/* By its topic, so that the sentence says what is wrong with it and not that it fits no form. */
int wire_event_check(const json_t *params, char *why, size_t room)
{
    table_load();
    static const struct {
        const char *topic, *schema;
    } rows[] = {{"modem", "ModemEvent"}, {"inbox", "InboxEvent"},
                {"otp", "OtpEvent"},     {"alarm", "AlarmEvent"},
                {"trace", "TraceEvent"}, {"subscriber", "SubscriberEvent"}};
    const char *topic = json_string_value(json_object_get(params, "topic"));
    const char *schema = "MessageEvent";
    for (size_t i = 0; topic && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].topic, topic) == 0)
            schema = rows[i].schema;
    const json_t *schemas =
        json_object_get(json_object_get(table.document, "components"), "schemas");
    return wire_schema_check(table.document, json_object_get(schemas, schema), params, why, room);
}

const char *wire_openrpc(size_t *len)
{
    *len = wire_openrpc_size;
    return wire_openrpc_text;
}
