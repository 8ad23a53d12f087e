/* verbs_alarm: what wants somebody, as it stands. */
#include "hall.h"
#include "verbs.h"
#include "view.h"
#include "view_put.h"

void verb_alarm_list(struct call *call)
{
    struct alarm_view alarm;
    json_t *list = json_array();
    for (size_t i = 0; alarm_at(gateway_alarms(call->front->gateway), i, &alarm); i++)
        view_append(&list, view_alarm(&alarm));
    call_reply(call, json_pack("{s:o}", "alarms", list));
}
