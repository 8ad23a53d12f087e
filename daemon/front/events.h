/* events: what happens, told to those who follow: history from the disk in pages as the client
 * reads, then what is new; a dialogue's lines from the flight recorder alike. A follower is a place
 * in the sequence, never a queue: nothing is buffered for a client that is behind, and one that
 * stops reading is cut. */
#ifndef OTPGATE_EVENTS_H
#define OTPGATE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "front.h"

enum {
    TOPIC_MESSAGE = 1,
    TOPIC_MODEM = 2,
    TOPIC_INBOX = 4,
    TOPIC_ALARM = 8,
    TOPIC_TRACE = 16,
    TOPIC_SUBSCRIBER = 32,
    TOPIC_OTP = 64,
    TOPICS_KEPT = TOPIC_MESSAGE | TOPIC_INBOX | TOPIC_OTP, /* by the store, numbered */
};

struct follower;

/* Events of these topics after `after` as they are seen by `uid`, as lines. Followers at the same
 * place share it. */
struct page {
    uint32_t uid;
    unsigned topics;
    int64_t after, last; /* looked through up to here; 0: holds nothing */
    unsigned count;
    char *lines;
    size_t len, room;
};

struct events {
    struct follower *first;
    struct loop_task pump;
    struct loop_timer again; /* armed while there is more to read from the disk */
    int64_t newest;          /* on disk */
    struct page page;
};

/* Registers with the store and the gateway. */
void events_init(struct front *front);
void events_fini(struct front *front);

/* The session follows these topics from after `position`, as soon as events_start() is called; what
 * it followed before ends. uid UINT32_MAX: everybody's. NULL: no memory. */
struct follower *events_follow(struct session *session, unsigned topics, uint32_t uid,
                               int64_t position) __attribute__((warn_unused_result));
/* The topic trace is the dialogue of this modem, from this line on where it is kept. A modem that
 * was taken out and put in again counts from 0, and so does its follower. */
void events_follow_trace(struct follower *follower, const char *modem, uint64_t line);
/* Starts behind the answer that was given just before: it waits for the same commit. */
void events_start(struct follower *follower);
void events_unfollow(struct follower *follower);
/* There is room again for a follower that was held up. */
void events_wake(struct front *front);

#endif
