#include "view_owncheck.h"

#include "text.h"

/* An object or array that lost a member for want of memory is none any more. */
static void put(json_t **object, const char *name, json_t *value)
{
    if (json_object_set_new(*object, name, value)) {
        json_decref(*object);
        *object = NULL;
    }
}

/* Left out where it is 0: it has not been, or will not be. */
static void put_time(json_t **object, const char *name, int64_t wall_ms)
{
    char text[32];
    if (!wall_ms)
        return;
    text_iso8601(wall_ms, text);
    put(object, name, json_string(text));
}

static json_t *view_alarms(const struct owncheck_view *check)
{
    json_t *view = json_array();
    for (size_t i = 0; i < OWNCHECK_ALARMS && check->alarm[i]; i++)
        if (json_array_append_new(view, json_string(check->alarm[i]))) {
            json_decref(view);
            return NULL;
        }
    return view;
}

json_t *view_owncheck(const struct owncheck_view *check, bool named)
{
    json_t *view = json_object();
    if (named)
        put(&view, "modem", json_string(check->modem));
    if (named && *check->skipped)
        put(&view, "skipped", json_string(check->skipped));
    put(&view, "owner", json_string(owncheck_owner_name(check->owner)));
    put(&view, "balance", json_string(owncheck_left_name(check->left)));
    if (check->read_wall_ms)
        put(&view, "balance_vnd", json_integer(check->vnd));
    if (check->read_wall_ms && *check->expires)
        put(&view, "expires", json_string(check->expires));
    put_time(&view, "read_at", check->read_wall_ms);
    put_time(&view, "checked_at", check->checked_wall_ms);
    put_time(&view, "due_at", check->due_wall_ms);
    put(&view, "alarms", view_alarms(check));
    return view;
}
