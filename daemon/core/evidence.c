/* evidence: what a link tells of an attempt afterwards: a late +CMGS, or an error after it. */
#include "evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "gateway_inside.h"
#include "log.h"
#include "settle.h"
#include "text.h"

enum {
    ORPHAN_MS = 120 * 1000, /* an orphan +CMGS after a restart is believed this long */
    RETRY_FIRST_MS = 250,   /* of what cannot be written */
    RETRY_MOST_MS = 10 * 1000,
};

/* A link tells it once: it is kept in RAM and tried again where it cannot be written, in the order
 * in which it came, and before anything is claimed: a resend would be a double that we know of. */
struct late {
    struct late *next;
    struct gateway *gateway;
    struct link_evidence evidence;
    char modem[MODEM_NAME_MAX];
    bool matched;
    bool written; /* inside the open transaction */
    struct store_waiter waiter;
};

/* Which attempt it is about. 1, 0, -errno. */
static int find_attempt(struct gateway *gateway, const struct link_evidence *evidence,
                        struct attempt *out)
{
    struct attempt found[2];

    if (evidence->token)
        return store_attempt_by_token(gateway->store, evidence->token, out);
    int count = store_attempts_open(gateway->store, evidence->iccid,
                                    loop_now_ms(gateway->loop) - ORPHAN_MS, found, 2);
    if (count == 1) /* after a restart only a single one can be meant */
        *out = found[0];
    return count > 1 ? 0 : count;
}

static int late_apply(struct gateway *gateway, struct late *late)
{
    struct message message = {0};
    struct attempt attempt;
    int rc = find_attempt(gateway, &late->evidence, &attempt);

    late->matched = rc > 0;
    if (rc > 0)
        rc = settle_attempt(gateway, &attempt, late->evidence.reference, late->evidence.unsure,
                            &message);
    message_clear(&message);
    return rc;
}

static int late_write(struct gateway *gateway, struct late *late)
{
    int rc = store_begin(gateway->store);

    if (rc < 0)
        return rc;
    disk_guard(gateway);
    rc = late_apply(gateway, late);
    late->written = rc >= 0; /* the end of it may commit, and each commit looks for what is not */
    int end = store_end(gateway->store, rc >= 0);
    if (rc >= 0 && end < 0) {
        late->written = false;
        rc = end;
    }
    return rc;
}

static void late_free(struct late *late)
{
    struct late **at = &late->gateway->evidence.late;

    while (*at != late)
        at = &(*at)->next;
    *at = late->next;
    free(late);
}

static void try_later(struct gateway *gateway, const struct late *late, int rc)
{
    int ms = gateway->evidence.retry_ms ? gateway->evidence.retry_ms * 2 : RETRY_FIRST_MS;

    gateway->evidence.retry_ms = ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS;
    log_event(LOG_LEVEL_ERROR, "evidence", late->modem, "held", "errno=%d retry_ms=%d", -rc,
              gateway->evidence.retry_ms);
    loop_timer_arm_in(&gateway->evidence.timer, gateway->evidence.retry_ms);
}

static void on_late_durable(void *arg, int rc)
{
    struct late *late = arg;
    struct gateway *gateway = late->gateway;

    if (rc < 0) {
        late->written = false;
        try_later(gateway, late, rc);
        return;
    }
    gateway->evidence.retry_ms = 0;
    if (late->matched) {
        gateway->stats.evidence++;
        reports_look_again(gateway, late->evidence.iccid);
    } else {
        log_event(LOG_LEVEL_INFO, "evidence", late->modem, "unmatched", "reference=%d",
                  late->evidence.reference);
    }
    late_free(late);
}

void evidence_write(struct gateway *gateway)
{
    for (struct late *late = gateway->evidence.late; late; late = late->next) {
        if (late->written)
            continue;
        int rc = late_write(gateway, late);
        if (rc < 0) {
            try_later(gateway, late, rc);
            return; /* those that came after it wait for it */
        }
        store_when_durable(gateway->store, &late->waiter);
    }
}

static void on_late(void *arg)
{
    evidence_write(arg);
}

void evidence_take(struct modem *modem, const struct link_evidence *evidence)
{
    struct gateway *gateway = gateway_of(modem);
    struct late *late = calloc(1, sizeof *late), **end = &gateway->evidence.late;

    if (!late) {
        log_event(LOG_LEVEL_ERROR, "evidence", modem->config.name, "lost", "errno=%d", ENOMEM);
        return;
    }
    late->gateway = gateway;
    late->evidence = *evidence;
    late->waiter = (struct store_waiter){.fn = on_late_durable, .arg = late, .patient = true};
    text_copy(late->modem, sizeof late->modem, modem->config.name);
    while (*end)
        end = &(*end)->next;
    *end = late;
    evidence_write(gateway);
}

void evidence_init(struct gateway *gateway)
{
    loop_timer_init(&gateway->evidence.timer, gateway->loop, on_late, gateway);
}

void evidence_stop(struct gateway *gateway)
{
    loop_timer_cancel(&gateway->evidence.timer);
    for (struct late *late = gateway->evidence.late, *next; late; late = next) {
        next = late->next;
        store_forget(gateway->store, &late->waiter);
        free(late);
    }
    gateway->evidence.late = NULL;
}
