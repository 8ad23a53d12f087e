/* verbs_gateway: what the gateway says of itself; stop and go. */
#include "hall.h"
#include "verbs.h"
#include "view.h"
#include "view_otp.h"
#include "view_put.h"

enum { TTL_MIN_S = 10, TTL_MAX_S = 86400, WAIT_MAX_MS = 60000 }; /* as in openrpc.json */

void verb_rpc_discover(struct call *call)
{
    struct front *front = call->front;
    size_t len;
    const char *text = wire_openrpc(&len);
    if (!front->openrpc) /* read once: it is long, and anybody may ask */
        front->openrpc = json_loadb(text, len, 0, NULL);
    call_reply(call, json_incref(front->openrpc));
}

static json_t *roles_of(const struct call *call)
{
    const char *role;
    json_t *list = json_array();
    for (size_t i = 0; (role = roles_name_at(i)); i++)
        if (peer_may(call->front, &call->peer, role))
            view_append(&list, json_string(role));
    return list;
}

void verb_gateway_info(struct call *call)
{
    const struct config *config = call->front->config;
    json_t *limits = json_pack(
        "{s:i, s:i, s:i, s:i, s:I, s:i, s:i, s:i, s:i, s:i}", "line_bytes", config->max_line_bytes,
        "depth", WIRE_DEPTH_MAX, "in_flight", peer_max_in_flight(call->front, &call->peer),
        "connections", peer_max_connections(call->front, &call->peer), "unread_bytes",
        (json_int_t)config->max_unsent_kb * 1024, "key_bytes", MESSAGE_KEY_MAX, "parts",
        SMS_PARTS_MAX, "ttl_min_s", TTL_MIN_S, "ttl_max_s", TTL_MAX_S, "wait_max_ms", WAIT_MAX_MS);
    call_reply(call, json_pack("{s:s, s:s, s:o, s:o}", "version", OTPGATE_VERSION, "name",
                               config->name, "limits", limits, "roles", roles_of(call)));
}

void verb_gateway_stats(struct call *call)
{
    struct gateway_stats stats = {0};
    gateway_stats(call->front->gateway, &stats);
    call_reply(call, view_conversion(view_stats(&stats), call->front->otp));
}

static void gateway_hold(struct call *call, bool pause)
{
    struct refusal refusal = {0};
    if (call_begun(call) &&
        call_kept(call, gateway_pause(call->front->gateway, pause, &refusal), &refusal))
        call_reply(call, json_pack("{s:b}", "paused", pause));
}

void verb_gateway_pause(struct call *call)
{
    gateway_hold(call, true);
}

void verb_gateway_resume(struct call *call)
{
    gateway_hold(call, false);
}
