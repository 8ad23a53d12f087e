/* walks: calls that go through many messages (a list with a filter, a cancel of many), a small step
 * at a time, one call after the other: however many of them there are, the loop is held for one
 * step a millisecond. */
#ifndef OTPGATE_WALKS_H
#define OTPGATE_WALKS_H

#include "loop.h"

struct front;

/* Embedded by its owner. */
struct walk {
    struct walk *prev, *next;        /* both NULL: it does not wait for its turn */
    void (*step)(struct walk *walk); /* may ask for the next turn, and may free the walk */
};
struct walks {
    struct walk first; /* head of the ring */
    struct loop_timer timer;
};

void walks_init(struct front *front);
void walks_fini(struct front *front); /* none waits any more */
/* `step` is called in its turn, never from inside this call: at once where nobody else walks. */
void walks_begin(struct front *front, struct walk *walk);
/* It wants another step, after the others'. */
void walks_go_on(struct front *front, struct walk *walk);
void walks_forget(struct front *front, struct walk *walk);

#endif
