/* sim_registry: what answers in the simulated network when a SIM asks 1414 who its owner is
 * (TTTB, or TT on Gmobile, or *1414# there), or its credit by USSD. It answers about the SIM that
 * asks and no other. Records, words and amounts are SYNTHETIC.
 *
 * Made with its network, for its stations; a SIM is known by its number, has a default record, and
 * is answered in its carrier's way until another one is planned for it. */
#ifndef SIM_REGISTRY_H
#define SIM_REGISTRY_H

#include "sim_carrier.h"
#include "sim_post.h"
#include "sim_record.h"

enum { SIM_REGISTRY_PER_DAY = 5 };

/* How *1414# is answered, where the carrier knows it. */
enum sim_registry_ussd {
    SIM_USSD_DIRECT,
    SIM_USSD_MENU, /* "1" tells the record */
    SIM_USSD_REFUSED,
    SIM_USSD_SILENT,
};

struct sim_registry_sim {
    struct sim_registry_sim *next;
    char number[SIM_NUMBER];
    struct sim_record record;
    unsigned asked; /* messages to 1414 and codes for a record, since the start */
    unsigned today; /* those of them that it has looked up, on `day` */
    int64_t day;    /* days since 1970, which begin at midnight in Vietnam */

    unsigned per_day; /* so many, by message and by code; then "quota" until midnight. 0: any */
    enum sim_says says;
    int layout;         /* -1: the carrier's */
    bool accents, ucs2; /* UCS-2 even where GSM-7 would do */
    char mask;
    unsigned parts; /* at the least */
    unsigned lost;  /* this part of it never comes; 0: all do */
    enum sim_post_order order;
    int64_t ms, gap_ms;         /* from the question at the centre; between two parts */
    char from[SIM_NUMBER];      /* "1414", or who only says so */
    char between[SIM_TEXT];     /* somebody else writes meanwhile; "": nobody does */
    char text[SIM_RECORD_TEXT]; /* said in place of the record; "": the record */
    enum sim_registry_ussd ussd;

    long balance; /* dong; -1: the code is not answered */
    bool balance_accents;
    char balance_ends[16]; /* as said */
};

struct sim_registry;
/* `answers`: else 1414 and the codes are silent for a SIM that nothing was planned for. */
struct sim_registry *sim_registry_new(struct simnet *net, bool answers);
void sim_registry_free(struct sim_registry *registry); /* before the network */
/* To look at and to change; made if need be. Holds as long as the registry. */
struct sim_registry_sim *sim_registry_sim(struct sim_registry *registry, const char *number);
/* Answers again, in its carrier's way; the record stays. */
void sim_registry_reset(struct sim_registry_sim *sim);
/* What a SIM of this carrier (NULL: unknown) would be told. */
void sim_registry_write(const struct sim_registry_sim *sim, const struct sim_carrier *carrier,
                        char *out, size_t room);

#endif
