#include "front.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "call.h"
#include "hall.h"
#include "registry.h"
#include "subscriber_parse.h"

/* How the registry reads a reply, by the rules of now. */
static enum registry_reading read_reply(void *arg, const char *carrier, const char *text,
                                        size_t len)
{
    const struct front *front = arg;
    struct subscriber_reply reply;
    if (subscriber_parse(front->subscriber_rules, carrier, text, len, &reply) < 0)
        return REGISTRY_UNREADABLE;
    enum registry_reading reading =
        reply.refusal == REFUSAL_NOT_SUPPORTED ? REGISTRY_NOT_THIS_WAY
        : reply.refusal != REFUSAL_NONE || subscriber_reply_is_record(&reply) ? REGISTRY_READ
                                                                              : REGISTRY_UNREADABLE;
    subscriber_reply_clear(&reply);
    return reading;
}

struct front *front_new(struct loop *loop, struct store *store, struct gateway *gateway,
                        const struct config *config)
{
    struct front *front = calloc(1, sizeof *front);
    char why[200];
    if (!front)
        return NULL;
    if (subscriber_rules_load("", &front->subscriber_rules, why, sizeof why) < 0) {
        free(front);
        return NULL;
    }
    front->loop = loop;
    front->store = store;
    front->gateway = gateway;
    front->config = config;
    front->own_uid = geteuid();
    front->otp = otp_new(loop, store, gateway, config);
    front->own =
        owncheck_new(loop, store, gateway, config, front->subscriber_rules, front->own_uid);
    if (!front->otp || !front->own) {
        if (front->otp)
            otp_free(front->otp);
        if (front->own)
            owncheck_free(front->own);
        subscriber_rules_free(front->subscriber_rules);
        free(front);
        return NULL;
    }
    sessions_init(front);
    events_init(front);
    walks_init(front);
    registry_on_reply(gateway, read_reply, front);
    return front;
}

void front_reload(struct front *front, const struct config *config)
{
    front->config = config;
    otp_reload(front->otp, config);
    owncheck_reload(front->own, config, front->subscriber_rules);
    sessions_resolve(front);
}

void front_subscriber_rules(struct front *front, struct subscriber_rules *rules)
{
    struct subscriber_rules *former = front->subscriber_rules;
    front->subscriber_rules = rules;
    owncheck_reload(front->own, front->config, rules);
    subscriber_rules_free(former);
}

void front_shutdown(struct front *front)
{
    front->stopping = true;
}

void front_free(struct front *front)
{
    sessions_end_all(front, "the gateway ends");
    while (front->orphans)
        call_drop(front->orphans);
    registry_on_reply(front->gateway, NULL, NULL);
    events_fini(front);
    walks_fini(front);
    owncheck_free(front->own);
    otp_free(front->otp);
    rates_fini(&front->rates);
    rates_fini(&front->refusals);
    json_decref(front->openrpc);
    subscriber_rules_free(front->subscriber_rules);
    free(front);
}
