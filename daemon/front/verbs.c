#include "verbs.h"
#include <string.h>

static const struct verb verbs[] = {
    {"rpc.discover", verb_rpc_discover, true},
    {"gateway.info", verb_gateway_info, true},
    {"gateway.stats", verb_gateway_stats, true},
    {"message.send", verb_message_send, false},
    {"message.get", verb_message_get, true},
    {"message.list", verb_message_list, true},
    {"message.cancel", verb_message_cancel, false},
    {"modem.list", verb_modem_list, true},
    {"modem.get", verb_modem_get, true},
    {"inbox.list", verb_inbox_list, true},
    {"events.follow", verb_events_follow, true},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

const struct verb *verb_at(size_t i)
{
    return i < VERBS ? &verbs[i] : NULL;
}

const struct verb *verb_find(const char *method)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].method, method) == 0)
            return &verbs[i];
    return NULL;
}
