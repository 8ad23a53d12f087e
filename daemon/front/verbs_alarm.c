/* verbs_alarm: what wants somebody, as it stands. */
#include "hall.h"
#include "verbs.h"
#include "view.h"

void verb_alarm_list(struct call *call)
{
    struct alarm_view alarm;
    json_t *list = json_array();
    int rc = 0;
    for (size_t i = 0; alarm_at(call->front->gateway, i, &alarm); i++)
        rc |= json_array_append_new(list, view_alarm(&alarm));
    if (rc) {
        json_decref(list);
        list = NULL;
    }
    call_reply(call, json_pack("{s:o}", "alarms", list));
}
