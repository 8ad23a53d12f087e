#include "view_owncheck.h"

#include "view_put.h"

/* Left out where it is 0: it has not been, or will not be. */
static void put_known_time(json_t **object, const char *name, int64_t wall_ms)
{
    if (wall_ms)
        view_put_time(object, name, wall_ms);
}

static json_t *view_alarms(const struct owncheck_view *check)
{
    json_t *view = json_array();
    for (size_t i = 0; i < OWNCHECK_ALARMS && check->alarm[i]; i++)
        view_append(&view, json_string(check->alarm[i]));
    return view;
}

json_t *view_owncheck(const struct owncheck_view *check, bool named)
{
    json_t *view = json_object();
    if (named)
        view_put(&view, "modem", json_string(check->modem));
    if (named && *check->skipped)
        view_put(&view, "skipped", json_string(check->skipped));
    view_put(&view, "owner", json_string(owncheck_owner_name(check->owner)));
    view_put(&view, "balance", json_string(owncheck_left_name(check->left)));
    if (check->read_wall_ms)
        view_put(&view, "balance_vnd", json_integer(check->vnd));
    if (check->read_wall_ms && *check->expires)
        view_put(&view, "expires", json_string(check->expires));
    put_known_time(&view, "read_at", check->read_wall_ms);
    put_known_time(&view, "checked_at", check->checked_wall_ms);
    put_known_time(&view, "due_at", check->due_wall_ms);
    view_put(&view, "alarms", view_alarms(check));
    return view;
}
