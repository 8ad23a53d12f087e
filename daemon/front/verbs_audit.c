/* verbs_audit: what is on record. */
#include <stdlib.h>
#include <string.h>
#include "hall.h"
#include "store_audit.h"
#include "verbs.h"
#include "view.h"
#include "view_put.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 200 };

static json_t *view_records(const struct audit_row *rows, size_t count, bool more)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        view_append(&list, view_audit(&rows[i]));
    json_t *view = json_pack("{s:o}", "records", list);
    if (more)
        view_put_integer(&view, "next_cursor", rows[count - 1].row);
    return view;
}

void verb_audit_list(struct call *call)
{
    const json_t *given = json_object_get(call->params, "limit");
    size_t limit = given ? (size_t)json_integer_value(given) : LIST_DEFAULT;
    int64_t cursor = json_integer_value(json_object_get(call->params, "cursor"));
    struct audit_row *rows = calloc(LIST_MAX + 1, sizeof *rows);
    int count = rows ? store_audit_list(call->front->store, cursor, rows, limit + 1) : 0;
    bool more = count > 0 && (size_t)count > limit;
    if (!rows)
        call_fail(call, WIRE_INTERNAL, "no memory", NULL);
    else if (count < 0)
        call_fail_store(call, count);
    else
        call_reply(call, view_records(rows, more ? limit : (size_t)count, more));
    if (rows)
        explicit_bzero(rows, (LIST_MAX + 1) * sizeof *rows);
    free(rows);
}
