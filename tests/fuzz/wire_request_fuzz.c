/* wire_request: any bytes as a request line; whatever they are, what goes back is one line of valid
 * JSON with the id that was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int fact)
{
    if (!fact)
        abort();
}

/* Takes the line over. */
static void check_line(char *line, const size_t *made, const json_t *id)
{
    size_t len = *made;
    demand(line && len > 1 && strlen(line) == len);
    demand(memchr(line, '\n', len) == line + len - 1);
    json_t *reply = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    demand(json_is_object(reply));
    const json_t *said = json_object_get(reply, "id");
    demand(id ? json_equal(said, id) : json_is_null(said));
    json_decref(reply);
    free(line);
}

static void check_good(struct wire_request *request)
{
    size_t len;
    char why[200] = "";
    demand(request->id && json_is_object(request->params));
    demand(memchr(request->method, '\0', sizeof request->method) != NULL && request->method[0]);
    const struct wire_method *method = wire_method_find(request->method);
    if (method && wire_params_check(method, request->params, why, sizeof why) < 0) {
        demand(why[0] && strlen(why) < sizeof why);
        check_line(wire_error_line(request->id, WIRE_INVALID_PARAMS, why, NULL, &len), &len,
                   request->id);
    }
    check_line(wire_result_line(request->id, json_incref(request->params), &len), &len,
               request->id);
    check_line(
        wire_error_line(request->id, WIRE_CONFLICT, NULL, json_incref(request->params), &len), &len,
        request->id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_request request;
    enum wire_error error;
    const char *why = NULL;
    bool fatal = true;
    size_t len;
    int rc = wire_request_parse((const char *)data, size, &request, &error, &why, &fatal);
    if (rc == 0) {
        demand(!fatal);
        check_good(&request);
    } else {
        demand(why != NULL);
        check_line(wire_error_line(request.id, error, why, NULL, &len), &len, request.id);
    }
    wire_request_clear(&request);
    return 0;
}
