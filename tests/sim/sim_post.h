/* sim_post: texts of any length that somebody writes to stations: cut into parts (3GPP TS 23.040
 * clause 9.2.3.24.1), each of which travels by itself and may come at any time and in any order. */
#ifndef SIM_POST_H
#define SIM_POST_H

#include "simnet.h"

enum sim_post_order { SIM_POST_IN_ORDER, SIM_POST_REVERSED, SIM_POST_SHUFFLED };
enum { SIM_POST_PARTS = 10 };

struct sim_letter {
    const char *from, *to; /* a number, "1414" or a name; a station's number */
    const char *text;      /* UTF-8 */
    bool ucs2;             /* even where GSM-7 would do */
    unsigned parts;        /* at the least, where the text has so many letters; 0 as 1 */
    enum sim_post_order order;
    unsigned lost;                      /* this part never comes; 0: all do */
    int64_t ms, gap_ms;                 /* until the first part; between two */
    const char *between, *between_from; /* comes behind the first of several parts, else before the
                                           only one; NULL: none. One part. */
};

struct sim_parcel;
struct sim_post {
    struct simnet *net;
    struct sim_parcel *parcels; /* on their way */
    uint8_t ref;                /* of the next text of several parts */
};
void sim_post_init(struct sim_post *post, struct simnet *net);
void sim_post_fini(struct sim_post *post); /* what is on its way is lost */
/* Whether it is one that can be sent. */
bool sim_post_fits(const char *text, bool ucs2);
/* False, and nothing is on its way: the text has more than SIM_POST_PARTS parts. */
bool sim_post_send(struct sim_post *post, const struct sim_letter *letter);

#endif
