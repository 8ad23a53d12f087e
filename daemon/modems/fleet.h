/* fleet: the modems: they come and go, and what their links tell is handed to who it is for: a room
 * of this floor, or the owner. The fleet knows nothing of messages but what modem_due() asks the
 * store; who sends, and what becomes of it, is the owner's. */
#ifndef OTPGATE_FLEET_H
#define OTPGATE_FLEET_H

#include "modem_view.h"
#include "plug.h"
#include "store.h"

struct alarms;
struct modem;

/* What the owner is told. Its own pointer, or a modem, through whose fleet it finds it. */
struct fleet_events {
    /* Something may be sent now that could not before, or had a modem that is lost to it. */
    void (*kick)(void *owner);
    /* Something was written in the open transaction: memory has to learn of one that fails. */
    void (*guard)(void *owner);
    /* A SIM is away from now on, or another one is in its place. */
    void (*sim_away)(void *owner);
    /* A new modem, before its link is made: 0 with modem->sending, or -ENOMEM. */
    int (*opened)(struct modem *modem);
    /* Its link is about to be closed: nothing of it is awaited any more; sending is freed. */
    void (*closing)(struct modem *modem);
    /* The link's own words: see struct link_sink. */
    void (*commit)(struct modem *modem, uint64_t token, unsigned part);
    void (*outcome)(struct modem *modem, uint64_t token, unsigned part,
                    const struct sms_outcome *outcome);
    void (*evidence)(struct modem *modem, const struct link_evidence *evidence);
    void (*inbound)(struct modem *modem, const struct link_inbound *inbound);
    void (*traced)(struct modem *modem);
    /* What is shown of it is another than it was; `why` in a few words, NULL: the link's own. */
    void (*told)(struct modem *modem, const char *why);
};

struct fleet {
    struct loop *loop;
    struct store *store;
    const struct config *config;
    modem_link_fn *make_link;
    void *make_link_arg;
    struct alarms *alarms;
    const struct fleet_events *events;
    void *owner;

    struct modem *modems;
    bool paused;                  /* all of them, by an operator: a fact on disk */
    bool stopping;                /* nothing is begun any more; set by the owner */
    uint64_t round;               /* of claims: choose.h */
    struct loop_timer day_timer;  /* budgets begin anew */
    struct loop_timer wait_timer; /* what waited for another modem: serve.h */
    struct plug plug;
};

/* Its first eight members are set by the owner, and outlive it. */
void fleet_init(struct fleet *fleet);
/* Reads what the disk knows of modems, and opens a link for each section. 0/-errno */
int fleet_start(struct fleet *fleet);
/* Another configuration: modems that left go when free, new ones are opened. */
void fleet_reload(struct fleet *fleet, const struct config *config);
void fleet_close(struct fleet *fleet); /* links are closed here */

/* A modem that no section names, with a config made up; it is opened. NULL: no memory. */
struct modem *fleet_adopt(struct fleet *fleet, const struct config_modem *config);
void fleet_retire(struct modem *modem);
void fleet_reap(struct modem *modem); /* a retired modem that is free goes */
void modem_view_fill(struct modem *modem, struct modem_view *view);

#endif
