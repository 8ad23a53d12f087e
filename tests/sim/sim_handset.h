/* sim_handset: the phones of the simulated network: any number that belongs to no modem. A handset
 * is there from its first message on and shows what a citizen would see: parts joined, replaced by
 * type. Owned by the network. */
#ifndef SIM_HANDSET_H
#define SIM_HANDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sim_pdu.h"

/* One message as shown. */
struct sim_message {
    char from[SIM_NUMBER];
    char *text;    /* UTF-8; the parts there are, in order */
    int64_t at_ms; /* of its last part */
    uint64_t id;   /* of the submit that brought its first part to come */
    uint8_t pid, dcs;
    int class_; /* -1: none */
    int ref;    /* -1: one part */
    unsigned parts, have;
    unsigned replaced; /* how often a newer one took its place (TP-PID 0x41 to 0x47) */
    char *part[];      /* `parts` texts, NULL: has not come; none at all where parts is 1 */
};

struct sim_handset {
    char number[SIM_NUMBER];      /* "+84...", or a short code */
    struct sim_message **message; /* oldest first */
    size_t count, room;
    uint64_t total;           /* messages and parts that ever came */
    struct sim_handset *next; /* in its bucket */
};

enum {
    SIM_HANDSET_BUCKETS = 1024,
    SIM_HANDSET_INBOX = 100000 /* then the older half is dropped */
};
struct sim_handsets {
    struct sim_handset *bucket[SIM_HANDSET_BUCKETS];
    size_t count;
};

/* "0912..." and "+84912..." are one phone; short codes stay as they are. `out`: SIM_NUMBER. */
void sim_number_canonical(const char *number, char *out);

/* The handset of a canonical number; made if `make`, else NULL where there is none. */
struct sim_handset *sim_handset_find(struct sim_handsets *all, const char *number, bool make);
/* Takes one part; returns the message it belongs to, complete where have == parts. */
const struct sim_message *sim_handset_take(struct sim_handset *handset, const char *from,
                                           const struct sim_submit *submit, uint64_t id,
                                           int64_t now_ms);
void sim_handsets_free(struct sim_handsets *all);

#endif
