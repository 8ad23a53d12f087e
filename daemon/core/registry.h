/* registry: asks 1414, from the SIM of one modem, who is registered as that SIM's owner, and
 * catches the answer.
 *
 * 1414 answers about the SIM that asks and no other. carriers.ini says in which ways a carrier is
 * asked; they are tried in its order:
 *
 *   sms    a message through the queue, pinned to its modem, so that sending goes on meanwhile
 *   ussd   a session on the leased modem; of its pages those count that can be read
 *
 * The next way is tried where one cannot leave, is refused by the modem or the network, answers
 * that it does not serve this (REGISTRY_NOT_THIS_WAY), or is silent for registry_timeout_s. Any
 * other answer ends the lookup, a refusal too: behind each way stands the same 1414, and to ask it
 * again would spend the day's questions to hear the same. Whichever way answers first ends it,
 * also one that was given up before.
 *
 * An answer in several parts is one when all are there: what is missing may be what matters. One
 * that has lost a part is none, and who asked hears so.
 *
 * What 1414 says is a person's record: it is given to who asked, stays in memory for a minute for
 * the same uid, and is never stored: the inbox keeps REGISTRY_SHOWN and an outcome in its place. */
#ifndef OTPGATE_REGISTRY_H
#define OTPGATE_REGISTRY_H

#include "carriers.h"
#include "gateway.h"

#define REGISTRY_NUMBER "1414"
#define REGISTRY_SHOWN "<subscriber record>"

enum registry_end {
    REGISTRY_ANSWERED,
    REGISTRY_SILENT,     /* asked, no answer came in time; a late one is kept a minute */
    REGISTRY_INCOMPLETE, /* asked, and of an answer `part` of `parts` came; as above */
    REGISTRY_NOT_SENT,   /* no question got through: `why` */
};
struct registry_result {
    enum registry_end end;
    const char *text; /* ANSWERED: UTF-8, personal, holds until `fn` returns; else NULL */
    size_t len;
    const char *way; /* "sms" or "ussd": which was answered, else the last that was tried */
    const char *why; /* NOT_SENT: in words, of nobody; else "" */
    int part, parts; /* INCOMPLETE; else 0 */
};

/* Who waits. Owned by the caller, until `fn` was called or registry_forget(). */
struct registry_ask {
    /* Once, never from inside registry_ask(). */
    void (*fn)(struct registry_ask *ask, const struct registry_result *result);
    /* What the inbox says of this reply in place of it: a stable word, of nobody ("match").
     * NULL: "answered". May not touch the store: its transaction is open. */
    const char *(*conclude)(struct registry_ask *ask, const char *text, size_t len);
    bool unhurried; /* nobody waits at a counter: codes that are due go before its message */
    struct registry_ask *next;
    struct registry_sim *sim;
};

/* Asks from the SIM in `modem`, joins a question that is under way, or takes the answer of the last
 * minute where `uid` had asked for it. *carrier: whose SIM it is. 0, or -1 with the refusal:
 * not_found (no such modem, or it is not known how its carrier is asked), no_modem (its SIM is not
 * known yet), and why the first way cannot leave where no other can: rate_limited
 * (registry_per_day), what gateway_send() and lease_run() say. */
int registry_ask(struct gateway *gateway, const char *modem, uint32_t uid, struct registry_ask *ask,
                 const struct carrier **carrier, struct refusal *refusal)
    __attribute__((warn_unused_result));
void registry_forget(struct registry_ask *ask);

/* --- what those above lend to it --- */

enum registry_reading {
    REGISTRY_READ,         /* a record, or a refusal by who looked for one */
    REGISTRY_NOT_THIS_WAY, /* this way is not served: the next one may be */
    REGISTRY_UNREADABLE, /* no rule reads it: waits a moment for a better one, then is the answer */
};
/* How a reply of `carrier` (its name) reads; without it everything is READ. Pure. */
typedef enum registry_reading registry_read_fn(void *arg, const char *carrier, const char *text,
                                               size_t len);
void registry_on_reply(struct gateway *gateway, registry_read_fn *fn, void *arg);

/* Progress, of nobody in particular. */
enum registry_step {
    REGISTRY_ASKED,   /* by `way` */
    REGISTRY_PART,    /* `part` of `parts` have come */
    REGISTRY_PARSED,  /* the answer is there and is read */
    REGISTRY_GAVE_UP, /* this way: `why` */
};
struct registry_news {
    enum registry_step step;
    const char *modem, *way, *why;
    int part, parts;
};
typedef void registry_news_fn(void *arg, const struct registry_news *news);
void registry_on_news(struct gateway *gateway, registry_news_fn *fn, void *arg);

#endif
