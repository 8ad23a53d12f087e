/* registry: asks 1414, from the SIM of one modem, who is registered as that SIM's owner, and
 * catches the answer.
 *
 * 1414 answers about the SIM that asks and no other. The question goes through the queue like any
 * message, pinned to its modem, so that sending goes on meanwhile. What 1414 says is a person's
 * record: it is given to who asked, stays in memory for a minute for the same uid, and is never
 * stored: the inbox keeps REGISTRY_SHOWN in its place. */
#ifndef OTPGATE_REGISTRY_H
#define OTPGATE_REGISTRY_H

#include "carriers.h"
#include "gateway.h"

#define REGISTRY_SHOWN "<subscriber record>"

enum registry_end {
    REGISTRY_ANSWERED,
    REGISTRY_SILENT,   /* asked, no answer came in time; a late one is kept a minute */
    REGISTRY_NOT_SENT, /* no question got through: `why` */
};
struct registry_result {
    enum registry_end end;
    const char *text; /* ANSWERED: UTF-8, personal, holds until `fn` returns; else NULL */
    size_t len;
    const char *way; /* "sms" or "ussd": which was answered, else the last that was tried */
    const char *why; /* NOT_SENT: in words, of nobody; else "" */
};

/* Who waits. Owned by the caller, until `fn` was called or registry_forget(). */
struct registry_ask {
    /* Once, never from inside registry_ask(). */
    void (*fn)(struct registry_ask *ask, const struct registry_result *result);
    struct registry_ask *next;
    struct registry_sim *sim;
};

/* Asks from the SIM in `modem`, joins a question that is under way, or takes the answer of the last
 * minute where `uid` had asked for it. *carrier: whose SIM it is. 0, or -1 with the refusal:
 * not_found (no such modem, or it is not known how its carrier is asked), no_modem (its SIM is not
 * known yet), rate_limited (registry_per_day), and what gateway_send() says. */
int registry_ask(struct gateway *gateway, const char *modem, uint32_t uid, struct registry_ask *ask,
                 const struct carrier **carrier, struct refusal *refusal)
    __attribute__((warn_unused_result));
void registry_forget(struct registry_ask *ask);

#endif
