#include "view_put.h"

#include <string.h>
#include "store.h"
#include "text.h"

void view_put(json_t **object, const char *name, json_t *value)
{
    if (json_object_set_new(*object, name, value)) {
        json_decref(*object);
        *object = NULL;
    }
}

void view_append(json_t **array, json_t *value)
{
    if (json_array_append_new(*array, value)) {
        json_decref(*array);
        *array = NULL;
    }
}

void view_put_text(json_t **object, const char *name, const char *text)
{
    char clean[256];
    if (text_utf8_valid(text, strlen(text))) {
        view_put(object, name, json_string(text));
        return;
    }
    text_copy(clean, sizeof clean, text);
    for (char *c = clean; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    view_put(object, name, json_string(clean));
}

void view_put_known(json_t **object, const char *name, const char *text)
{
    if (text && text[0])
        view_put_text(object, name, text);
}

void view_put_integer(json_t **object, const char *name, int64_t value)
{
    view_put(object, name, json_integer(value));
}

void view_put_time(json_t **object, const char *name, int64_t wall_ms)
{
    char text[32];
    text_iso8601(wall_ms, text);
    view_put(object, name, json_string(text));
}

void view_put_id(json_t **object, const uint8_t id[16])
{
    char text[37];
    message_id_text(id, text);
    view_put(object, "id", json_string(text));
}
