/* lease: one modem, taken for a question to the network and its answer.
 *
 *   lease_run -> WANTED -> ASKING -> told DONE, REFUSED, ...
 *                            |  ^
 *                 told MORE  v  | lease_answer
 *                           OPEN -> ENDING   (cancelled, its time is over, a code is due)
 *
 * A lease waits until its modem has nothing under way, goes before the next claim, and holds up
 * sending on that modem for the length of each exchange: `ussd_timeout_s` at the most. While a menu
 * waits for a person's answer the same time bounds it, and a due message of class otp ends it at
 * once. Other modems hear nothing of it.
 *
 * Whoever asks is told once for each lease_run() and lease_answer(), never from inside one; for
 * calls of clients and for what the gateway asks by itself (the 1414 lookup, a balance) alike. */
#ifndef OTPGATE_LEASE_H
#define OTPGATE_LEASE_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "link.h"
#include "loop.h"
#include "refusal.h"

struct fleet;

enum lease_end {
    LEASE_MORE,      /* `text` is a menu: lease_answer() or lease_cancel(), in ussd_timeout_s */
    LEASE_DONE,      /* `text` */
    LEASE_REFUSED,   /* by the modem or the network: no such code here */
    LEASE_SILENT,    /* no text came; it may have been executed */
    LEASE_CANCELLED, /* by lease_cancel() */
    LEASE_BUSY,      /* the modem had no time for it: nothing was asked */
    LEASE_GONE,      /* the modem was lost; it may have been executed */
};
struct lease_result {
    enum lease_end end;
    const char *text; /* UTF-8 that may be shown, personal; holds until the callback returns */
};
typedef void lease_fn(void *arg, const struct lease_result *result);

struct lease_request {
    const char *modem, *code;
    uint32_t uid; /* whose session it is: answers of others are refused */
    /* The code stands in a file of the administrator's: `ussd_allow` is not asked. */
    bool trusted;
    lease_fn *fn;
    void *arg; /* names who waits, in lease_forget() */
};

/* 0: fn will be called; -1 with the refusal: not_found, not_allowed (no pattern of ussd_allow fits,
 * or it is no code at all), no_modem, overloaded (somebody else's session), shutting_down. */
int lease_run(struct fleet *fleet, const struct lease_request *request, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* To the menu that is open on the modem `name`. -1: not_found where there is none (any more), or
 * not `uid`'s. */
int lease_answer(struct fleet *fleet, const char *name, uint32_t uid, const char *text,
                 lease_fn *fn, void *arg, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* Ends whatever session is on the modem `name`; who waits for it is told CANCELLED. -1: there is
 * none. */
int lease_cancel(struct fleet *fleet, const char *name, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* Who waited with this `arg` is gone: it is told nothing, and its session ends. */
void lease_forget(struct fleet *fleet, const void *arg);

/* Whether one of the patterns fits the whole code. A pattern is a code in which `?` stands for one
 * digit and `@` for one or more; everything else stands for itself, `*` too. Pure. */
bool lease_code_allowed(const struct config_list *patterns, const char *code);

/* --- inside this floor --- */

struct modem;

/* Of the session on a modem. */
enum lease_state {
    LEASE_FREE,
    LEASE_WANTED,   /* waits until the modem has nothing under way */
    LEASE_REFUSING, /* the driver cannot: told in a moment */
    LEASE_ASKING,   /* the link has it */
    LEASE_OPEN,     /* a menu waits for its answer */
    LEASE_ENDING,   /* the link has been told to end it */
};
struct lease {
    enum lease_state state;
    char code[USSD_CODE_MAX + 1];
    uint32_t uid;
    lease_fn *fn; /* NULL: nobody waits */
    void *arg;
    struct loop_timer timer;
    int64_t until_ms; /* no exchange begins later */
};

void lease_init(struct modem *modem);
void lease_stop(struct modem *modem); /* its link is closed; who waits is told */
bool lease_holds(const struct modem *modem);
bool lease_is_open(const struct modem *modem); /* the link has its session */
/* The modem may have nothing under way now: what waits for it begins. */
void lease_on_free(struct modem *modem);
void lease_on_ussd(struct modem *modem, const struct link_ussd *result);
/* Ends a menu where a message of class otp is due for its modem; a transaction may be open. */
void lease_yield_all(struct fleet *fleet);

#endif
