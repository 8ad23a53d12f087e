/* wire: request lines in, reply lines out. What a request line may be is decided here and nowhere
 * else; what its method and params may be stands in openrpc.json (wire_methods.c).
 *
 * Before jansson sees a byte the line has been checked for what a parser should not have to meet:
 * NULs, broken UTF-8 and depth. No sentence made here ever holds a byte of the line: it may carry a
 * code or a number. */
#include "wire.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- reading -------------------------------------------------------------------------------------
 */

/* Length of the well-formed sequence at `s` (RFC 3629: no overlong form, no surrogate, nothing over
 * U+10FFFF), 0 where there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
    size_t len;
    unsigned char low = 0x80, high = 0xBF; /* range of the second byte */
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        len = 2;
    } else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        len = 3;
        low = s[0] == 0xE0 ? 0xA0 : 0x80;
        high = s[0] == 0xED ? 0x9F : 0xBF;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        len = 4;
        low = s[0] == 0xF0 ? 0x90 : 0x80;
        high = s[0] == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < len || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return len;
}

/* What is wrong with the bytes as bytes, or NULL. */
static const char *line_bytes_wrong(const char *line, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = utf8_sequence((const unsigned char *)line + i, len - i);
        if (step == 0)
            return "the line is not valid UTF-8";
        if (line[i] == '\0')
            return "the line holds a NUL";
        i += step;
    }
    return NULL;
}

/* Deepest nesting of [ and { outside strings. Whether they match is the parser's business. */
static size_t line_depth(const char *line, size_t len)
{
    size_t depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = line[i];
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '[')) {
            deepest = ++depth > deepest ? depth : deepest;
        } else if (!in_string && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

/* The line as a value, or NULL with *error and *why. */
static json_t *line_load(const char *line, size_t len, enum wire_error *error, const char **why)
{
    *error = WIRE_PARSE_ERROR;
    *why = line_bytes_wrong(line, len);
    if (*why)
        return NULL;
    if (line_depth(line, len) > WIRE_DEPTH_MAX) {
        *error = WIRE_INVALID_REQUEST;
        *why = "the request is nested too deep";
        return NULL;
    }
    json_error_t found;
    json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &found);
    if (root)
        return root;
    *why = "the line is not valid JSON";
    if (json_error_code(&found) == json_error_duplicate_key) {
        *error = WIRE_INVALID_REQUEST;
        *why = "a member is given twice";
    } else if (json_error_code(&found) == json_error_null_character ||
               json_error_code(&found) == json_error_null_byte_in_key) {
        *why = "a string holds a NUL";
    }
    return NULL;
}

static bool id_is_fine(const json_t *id)
{
    return json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= WIRE_ID_MAX);
}

static const char *members_wrong(const json_t *root, const struct wire_request *out)
{
    size_t known = 0;
    static const char *const members[] = {"jsonrpc", "id", "method", "params"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        known += json_object_get(root, members[i]) != NULL;
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    const json_t *method = json_object_get(root, "method");
    if (json_object_size(root) != known)
        return "a request has the members jsonrpc, id, method and params, and no other";
    if (!version || strcmp(version, "2.0") != 0)
        return "jsonrpc must be \"2.0\"";
    if (!json_is_string(method) || json_string_length(method) == 0)
        return "method must be a string";
    if (json_string_length(method) >= sizeof out->method)
        return "method is too long";
    return NULL;
}

/* `root` is an object: fills `out`, or says what is wrong. */
static int request_fill(json_t *root, struct wire_request *out, enum wire_error *error,
                        const char **why, bool *fatal)
{
    json_t *id = json_object_get(root, "id");
    json_t *params = json_object_get(root, "params");
    *error = WIRE_INVALID_REQUEST;
    if (!id) {
        *fatal = true;
        *why = "id is missing: a request without one is never executed, and the connection ends";
        return -EBADMSG;
    }
    if (!id_is_fine(id)) {
        *why = "id must be an integer, or a string of up to 128 bytes";
        return -EBADMSG;
    }
    out->id = json_incref(id);
    *why = members_wrong(root, out);
    if (*why)
        return -EBADMSG;
    if (params && !json_is_object(params)) {
        *error = WIRE_INVALID_PARAMS;
        *why = "params must be an object: they go by name";
        return -EBADMSG;
    }
    const json_t *method = json_object_get(root, "method");
    memcpy(out->method, json_string_value(method), json_string_length(method) + 1);
    out->params = params ? json_incref(params) : json_object();
    if (!out->params) {
        *error = WIRE_INTERNAL;
        *why = "no memory";
        return -EBADMSG;
    }
    return 0;
}

int wire_request_parse(const char *line, size_t len, struct wire_request *out,
                       enum wire_error *error, const char **why, bool *fatal)
{
    memset(out, 0, sizeof *out);
    *fatal = false;
    json_t *root = line_load(line, len, error, why);
    if (!root)
        return -EBADMSG;
    int rc = -EBADMSG;
    if (json_is_object(root)) {
        rc = request_fill(root, out, error, why, fatal);
    } else {
        *error = WIRE_INVALID_REQUEST;
        *why = json_is_array(root) ? "batches are not taken: one request a line"
                                   : "a request is an object";
    }
    json_decref(root);
    return rc;
}

void wire_request_clear(struct wire_request *request)
{
    json_decref(request->id);
    json_decref(request->params);
    memset(request, 0, sizeof *request);
}

/* --- writing -------------------------------------------------------------------------------------
 */

static json_t *message_new(void)
{
    return json_pack("{s:s}", "jsonrpc", "2.0");
}

/* Sets and takes `value` over; false where there is no memory (or there was none for `value`). */
static bool member_set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

/* Takes `message` over. One line: json_dumps() escapes every control character inside strings. */
static char *message_line(json_t *message, bool complete, size_t *len)
{
    char *text = complete ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    if (!text)
        return NULL;
    size_t bare = strlen(text);
    char *line = realloc(text, bare + 2);
    if (!line) {
        free(text);
        return NULL;
    }
    memcpy(line + bare, "\n", 2);
    *len = bare + 1;
    return line;
}

static json_t *id_copy(const json_t *id)
{
    return id ? json_deep_copy(id) : json_null();
}

char *wire_result_line(const json_t *id, json_t *result, size_t *len)
{
    json_t *message = message_new();
    bool complete = member_set(message, "id", id_copy(id));
    complete = member_set(message, "result", result) && complete;
    return message_line(message, complete, len);
}

/* `data` with the row's name and what a page may say; takes `data` over. */
static json_t *error_data(const struct wire_error_row *row, json_t *data)
{
    json_t *full = json_pack("{s:s}", "name", row->name);
    bool complete = full != NULL;
    if (data) {
        assert(json_is_object(data));
        complete = complete && json_object_update_missing(full, data) == 0;
        json_decref(data);
    }
    if (row->say_vi)
        complete =
            complete &&
            member_set(full, "say", json_pack("{s:s, s:s}", "vi", row->say_vi, "en", row->say_en));
    if (!complete) {
        json_decref(full);
        return NULL;
    }
    return full;
}

char *wire_error_line(const json_t *id, enum wire_error error, const char *message, json_t *data,
                      size_t *len)
{
    const struct wire_error_row *row = wire_error_find(error);
    json_t *sentence = json_string(message ? message : row->sentence);
    if (!sentence) /* not UTF-8: somebody cut inside a letter */
        sentence = json_string(row->sentence);
    json_t *body = json_pack("{s:i}", "code", row->code);
    bool complete = member_set(body, "message", sentence);
    complete = member_set(body, "data", error_data(row, data)) && complete;
    json_t *reply = message_new();
    complete = member_set(reply, "id", id_copy(id)) && complete;
    complete = member_set(reply, "error", body) && complete;
    return message_line(reply, complete, len);
}

char *wire_notification_line(const char *method, json_t *params, size_t *len)
{
    json_t *message = message_new();
    bool complete = member_set(message, "method", json_string(method));
    complete = member_set(message, "params", params) && complete;
    return message_line(message, complete, len);
}
