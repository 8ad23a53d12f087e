/* modem: one modem as it stands: its link, what each room knows of it, and whether something is
 * under way on it. */
#ifndef OTPGATE_MODEM_H
#define OTPGATE_MODEM_H

#include <stdbool.h>
#include <stdint.h>
#include "absence.h"
#include "budget.h"
#include "config.h"
#include "habit.h"
#include "hold.h"
#include "identity.h"
#include "keeper.h"
#include "lease.h"
#include "link.h"
#include "pace.h"
#include "pin.h"
#include "suspect.h"

/* Where the part stands that it has under way. */
enum slot_state {
    SLOT_FREE,
    SLOT_SUBMITTED, /* its row is written, the link has it and will ask at the prompt */
    SLOT_ASKED,     /* "committed" is written, the COMMIT is awaited */
    SLOT_ANSWERED,  /* proceed was given, the outcome is awaited */
    SLOT_OVER,      /* its outcome waits until the one before it is on disk */
};
/* And the outcome of the one before. */
enum ending_stand {
    ENDING_NONE,    /* it is on disk */
    ENDING_HELD,    /* it could not be written yet */
    ENDING_WRITTEN, /* inside the open transaction */
};

struct fleet;
struct sending; /* what its owner has under way here */

struct modem {
    struct fleet *fleet;
    struct modem *next;
    struct config_modem config;
    struct link *link;
    bool adopted; /* no section names it; its config is made up */
    bool retired; /* left the configuration, goes when free */

    enum link_state state;
    int64_t since_wall_ms;
    char why[96];
    char last_error[128];

    char stand_in[23]; /* ready without an ICCID: what its SIM is called; else "" */

    char place[256]; /* the port it is at; "": nowhere */
    bool moving;     /* to another port of its stick: takes nothing new */
    char absent[96]; /* why it is nowhere */

    /* Kept by the owner. */
    enum slot_state slot;
    enum ending_stand ending;
    struct sending *sending;

    uint64_t round; /* of claims, in which nothing was due for it */

    struct identity identity;
    struct habit habit;
    struct pin pin;
    struct keeper keeper;
    struct absence absence;
    struct hold hold;
    struct suspicion suspicion;
    struct budget budget;
    struct pace pace;
    struct lease lease;
};

/* NULL: none of this name, or it has retired. */
struct modem *fleet_find(struct fleet *fleet, const char *name);
/* The owner is told; see struct fleet_events. */
void fleet_kick(struct fleet *fleet);
void fleet_guard(struct fleet *fleet);

/* The link has learned which modem it is, and is not on its way there again. */
bool modem_is_known(const struct modem *modem);
/* What its SIM is called in all that is counted, pinned and matched by SIM: the ICCID. Where a
 * modem tells none and is ready all the same it stands for its SIM, as "imei:" and fourteen digits:
 * two such modems are two SIMs. "": not known. */
const char *modem_sim(const struct modem *modem);
void modem_name_sim(struct modem *modem); /* its state is another */
void modem_stand_in(const struct modem *modem, char out[23]);
/* The same identity number, where one may have its check digit and the other not. Pure. */
bool same_imei(const char *a, const char *b);
bool same_iccid(const char *a, const char *b);
/* It sends nothing from now on: after evidence_wait_s what it began is begun anew elsewhere, where
 * that is wanted. */
void modem_sim_away(struct modem *modem);
/* An alarm of this modem, by its name; of one that has retired there are none. */
void modem_alarm(struct modem *modem, const char *name, const char *sentence);
void modem_alarm_over(struct modem *modem, const char *name);
/* Its news: why it stands where it stands. */
void modem_say(struct modem *modem, const char *why);
/* Followers hear of a change; `why` in a few words, NULL: the link's own. */
void modem_tell(struct modem *modem, const char *why);

#endif
