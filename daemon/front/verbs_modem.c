/* verbs_modem: the modems as they stand. */
#include <string.h>
#include "hall.h"
#include "verbs.h"
#include "view.h"

void verb_modem_list(struct call *call)
{
    struct modem_view modem;
    json_t *list = json_array();
    int rc = 0;
    for (size_t i = 0; gateway_modem_at(call->front->gateway, i, &modem); i++)
        rc |= json_array_append_new(list, view_modem(&modem));
    if (rc) {
        json_decref(list);
        list = NULL;
    }
    call_reply(call, json_pack("{s:o}", "modems", list));
}

void verb_modem_get(struct call *call)
{
    const char *name = json_string_value(json_object_get(call->params, "name"));
    struct modem_view modem;
    for (size_t i = 0; gateway_modem_at(call->front->gateway, i, &modem); i++) {
        if (strcmp(modem.name, name) == 0) {
            call_reply(call, view_modem(&modem));
            return;
        }
    }
    call_fail(call, WIRE_NOT_FOUND, "no modem has this name", NULL);
}
