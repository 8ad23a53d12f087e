#include "front.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "call.h"
#include "hall.h"

struct front *front_new(struct loop *loop, struct store *store, struct gateway *gateway,
                        const struct config *config)
{
    struct front *front = calloc(1, sizeof *front);
    if (!front)
        return NULL;
    front->loop = loop;
    front->store = store;
    front->gateway = gateway;
    front->config = config;
    front->own_uid = geteuid();
    front->otp = otp_new(loop, store, gateway, config);
    if (!front->otp) {
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
    sessions_resolve(front);
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
    otp_free(front->otp);
    rates_fini(&front->rates);
    rates_fini(&front->refusals);
    free(front);
}
