/* modemsim_params: see modemsim_params.h. */
#include "modemsim_params.h"

#include <stdio.h>
#include <string.h>

void refuse(struct modemsim_reply *reply, const char *message)
{
    reply->code = -32602;
    reply->message = message;
}

/* A whole number of `params`, `otherwise` where it is not given. False: no number, or out of range.
 */
bool take_int(json_t *params, const char *name, int64_t low, int64_t high, int64_t otherwise,
              int64_t *out, struct modemsim_reply *reply)
{
    json_t *value = json_object_get(params, name);
    *out = value ? json_integer_value(value) : otherwise;
    if ((value && !json_is_integer(value)) || *out < low || *out > high) {
        static char message[80];
        snprintf(message, sizeof message, "%s: a whole number from %lld to %lld", name,
                 (long long)low, (long long)high);
        refuse(reply, message);
        return false;
    }
    return true;
}

bool take_bool(json_t *params, const char *name, bool otherwise)
{
    json_t *value = json_object_get(params, name);
    return value ? json_is_true(value) : otherwise;
}

/* The place of a word in `names` (NULL ends); refuses what is not there. */
bool take_word(json_t *params, const char *name, const char *const *names, int otherwise, int *out,
               struct modemsim_reply *reply)
{
    json_t *value = json_object_get(params, name);
    *out = otherwise;
    if (!value && otherwise >= 0)
        return true;
    const char *word = json_string_value(value);
    for (int i = 0; word && names[i]; i++) {
        if (!strcmp(names[i], word)) {
            *out = i;
            return true;
        }
    }
    static char message[160];
    size_t at = (size_t)snprintf(message, sizeof message, "%s is one of", name);
    for (int i = 0; names[i] && at < sizeof message; i++)
        at += (size_t)snprintf(message + at, sizeof message - at, " %s", names[i]);
    refuse(reply, message);
    return false;
}

struct modemsim_port *take_port(struct modemsim_control *control, json_t *params,
                                struct modemsim_reply *reply)
{
    int64_t index;
    if (!take_int(params, "modem", 0, control->ports - 1, 0, &index, reply))
        return NULL;
    return &control->port[index];
}

bool take_text(json_t *params, const char *name, char *out, size_t room,
               struct modemsim_reply *reply)
{
    json_t *value = json_object_get(params, name);
    static char message[80];
    if (!value)
        return true;
    if (!json_is_string(value) || json_string_length(value) >= room ||
        strlen(json_string_value(value)) != json_string_length(value)) {
        snprintf(message, sizeof message, "%s: a text of less than %zu bytes", name, room);
        refuse(reply, message);
        return false;
    }
    strcpy(out, json_string_value(value));
    return true;
}
