/* gammu_world: a gammu link on virtual time whose helper is the test: it says lines and reads them.
 */
#ifndef OTPGATE_GAMMU_WORLD_H
#define OTPGATE_GAMMU_WORLD_H

#include <stdbool.h>
#include "gammu_link.h"

struct gammu_world {
    struct port port; /* first */
    struct loop *loop;
    struct link *link;
    struct stream *helper; /* NULL: none runs */
    bool there;            /* the phone is */
    loop_fn *watch;
    void *watch_arg;
    bool watch_new; /* for another device alone */
    unsigned starts;
    char heard[8192]; /* what the link has said to the helper since the last look at it */
    size_t heard_len;

    enum link_state state;
    char why[80]; /* of the state */
    unsigned commits, outcomes, inbounds;
    bool pending; /* submitted, and no outcome yet */
    struct sms_outcome outcome;
    struct link_inbound inbound;
};

struct gammu_world *gammu_world_new(void);
struct gammu_world *gammu_world_looking(int every_s);
struct gammu_world *gammu_world_roaming(void); /* it may send through a foreign network */
void gammu_world_free(struct gammu_world *world);
void gammu_world_run(struct gammu_world *world, int64_t ms);
/* Bytes of the helper, as they stand. */
void gammu_world_say(struct gammu_world *world, const char *bytes, size_t len);
/* One line, with its line end. */
void gammu_world_line(struct gammu_world *world, const char *line);
void gammu_world_die(struct gammu_world *world); /* the helper ends */
/* Up to READY. */
void gammu_world_ready(struct gammu_world *world);
/* 0/-EAGAIN; tokens are 1, 2, ... */
int gammu_world_submit(struct gammu_world *world);
bool gammu_world_heard(struct gammu_world *world, const char *line); /* and forgets all */

#endif
