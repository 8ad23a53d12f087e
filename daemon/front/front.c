#include "front.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "call.h"
#include "hall.h"
#include "subscriber_rules.h"

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
    events_fini(front);
    owncheck_free(front->own);
    otp_free(front->otp);
    rates_fini(&front->rates);
    rates_fini(&front->refusals);
    subscriber_rules_free(front->subscriber_rules);
    free(front);
}
