/* registry_inside: what the two rooms of the registry share: one SIM and its lookup; and what the
 * other rooms of core tell them. */
#ifndef OTPGATE_REGISTRY_INSIDE_H
#define OTPGATE_REGISTRY_INSIDE_H

#include "config.h"
#include "pdu_decode.h"
#include "registry.h"

/* Where the way stands that is tried now. */
enum way_state {
    WAY_NONE,
    WAY_QUEUED, /* its message waits for its modem, or is on its way out */
    WAY_LEFT,   /* the message left: the answer is awaited */
    WAY_USSD,   /* the lease is ours */
    WAY_FAILED, /* told at the end of this turn, since whoever said so may stand on the stack */
};

/* A reply in memory. */
struct reply {
    char *text; /* NULL: none */
    size_t len;
};
void reply_wipe(struct reply *reply);
/* Adds a line. Where there is no memory it stays what it was. */
void reply_add(struct reply *reply, const char *text, size_t len);

enum { REGISTRY_UIDS = 16 };

/* One SIM that has asked since the start of the daemon. */
struct registry_sim {
    struct gateway *gateway;
    struct registry_sim *next;
    char iccid[23];
    char modem[MODEM_NAME_MAX]; /* that asks, or asked last */
    char carrier[64];           /* its name; the configuration may be another by then */

    /* the lookup */
    bool open;
    struct carrier_way way[CARRIER_WAYS];
    size_t ways, at;
    uint32_t owner; /* of its message: who asked first */
    bool unhurried; /* see struct registry_ask */
    enum way_state state;
    const char *why;         /* of WAY_FAILED, and of the last that failed */
    bool left;               /* by one way at least the question left */
    bool unread;             /* a message came that no rule reads: `held` */
    bool unserved;           /* a message came that says so of the way of messages */
    int part, parts;         /* that came of a message that is not whole; 0: there is none */
    char lost[40];           /* that, in words */
    int64_t message;         /* row of the question */
    unsigned serial;         /* of its key */
    size_t step;             /* answers given to menus */
    struct reply page;       /* of the session under way, what can be read of it */
    struct reply held;       /* the best that came and does not end it */
    struct loop_timer timer; /* of the way that is tried */
    struct loop_task look;

    /* the day */
    int asked_today; /* since day_ms */
    int64_t day_ms;  /* store_clock_ms() */

    /* the answer */
    struct reply answer;
    struct loop_timer kept;      /* its end */
    uint32_t uid[REGISTRY_UIDS]; /* who has asked for it */
    size_t uids;
    struct registry_ask *asks;
    struct loop_task tell;
};

/* --- registry_way.c: one lookup, way after way --- */

void way_init(struct registry_sim *sim);
void way_fini(struct registry_sim *sim);
/* Nothing is under way any more: what has not left will not. */
void way_stop(struct registry_sim *sim);
const char *way_name(const struct registry_sim *sim); /* "sms", "ussd" */
/* Begins the first way that can leave: 0, or -1 with the refusal of the first. */
int way_begin_first(struct registry_sim *sim, uint32_t uid, bool unhurried, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* A message of 1414 came for an open lookup. Inside the inbox's transaction. */
enum registry_reading way_heard(struct registry_sim *sim, const char *text, size_t len);
/* Its modem is another than it was, or something was written: the question may have moved. */
void way_look(struct registry_sim *sim);

/* What those above lend to the registry; NULL: nothing. */
struct registry_hooks {
    registry_read_fn *read;
    void *read_arg;
    registry_news_fn *news;
    void *news_arg;
};

struct registry {
    struct registry_sim *sims; /* that have asked */
    struct registry_hooks hooks;
};

/* --- registry.c --- */

/* The lookup is over: who waits is told after this turn. `reply` (NULL: there is no answer) is
 * taken over. */
void registry_over(struct registry_sim *sim, struct reply *reply);
enum registry_reading registry_read(const struct registry_sim *sim, const char *text, size_t len);
void registry_tell_news(struct registry_sim *sim, enum registry_step step, int part, int parts);

/* --- what the other rooms tell --- */

/* Inside the transaction: true where it is a record of the registry and must not be kept; `shown`
 * stands in its place. Who asked is told after this turn. */
enum { REGISTRY_SHOWN_MAX = 96 };
bool registry_catch(struct gateway *gateway, const struct inbox *inbox,
                    char shown[REGISTRY_SHOWN_MAX]);
/* `part` of `parts` of a message have come. */
void registry_part(struct gateway *gateway, const char *modem, const char *iccid,
                   const struct pdu_address *from, int part, int parts);
/* Messages or modems are others than they were: questions in the queue are looked at. */
void registry_look(struct gateway *gateway);
void registry_fini(struct gateway *gateway);

#endif
