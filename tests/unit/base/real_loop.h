/* real_loop: turning the real loop in a test until something has happened, and a peer that
 * writes down what a stream tells it. No test passes or fails by speed: the limit of ten
 * seconds only ends one that hangs. */
#ifndef OTPGATE_TEST_REAL_LOOP_H
#define OTPGATE_TEST_REAL_LOOP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loop_event.h"
#include "stream.h"

enum { REAL_LIMIT_MS = 10000, REAL_LOOK_MS = 1 };

struct real_wait {
    struct loop *loop;
    struct loop_timer look;
    int64_t limit_ms;
    bool (*until)(void *);
    void *arg;
    bool met;
};

static inline void real_look(void *arg)
{
    struct real_wait *wait = arg;
    wait->met = wait->until(wait->arg);
    if (wait->met || loop_now_ms(wait->loop) > wait->limit_ms)
        loop_stop(wait->loop);
    else
        loop_timer_arm_in(&wait->look, REAL_LOOK_MS);
}

static inline bool real_until(struct loop *loop, bool (*until)(void *), void *arg)
{
    struct real_wait wait = {.loop = loop, .until = until, .arg = arg};
    wait.limit_ms = loop_now_ms(loop) + REAL_LIMIT_MS;
    loop_timer_init(&wait.look, loop, real_look, &wait);
    loop_timer_arm_in(&wait.look, 0);
    return loop_run(loop) == 0 && wait.met;
}

static inline bool real_turns_over(void *arg)
{
    unsigned *left = arg;
    return (*left)-- == 0;
}

/* A few turns: enough for whatever is ready to be handed out. */
static inline bool real_turn(struct loop *loop)
{
    unsigned left = 3;
    return real_until(loop, real_turns_over, &left);
}

struct real_peer {
    struct stream *stream;
    unsigned opened, gone, drained;
    int gone_err;
    size_t len, wanted; /* of bytes */
    char bytes[1 << 16];
    bool close_on_data, close_on_gone, close_on_drained;
};

static inline void real_close(struct real_peer *peer)
{
    if (peer->stream)
        stream_close(peer->stream);
    peer->stream = NULL;
}

static inline void real_on_open(void *ctx)
{
    struct real_peer *peer = ctx;
    peer->opened += peer->len == 0 && peer->gone == 0 ? 1 : 100; /* first of all, and once */
}

static inline void real_on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct real_peer *peer = ctx;
    size_t room = sizeof(peer->bytes) - 1 - peer->len;
    if (peer->gone)
        abort();
    memcpy(peer->bytes + peer->len, data, len < room ? len : room);
    peer->len += len < room ? len : room;
    if (peer->close_on_data)
        real_close(peer);
}

static inline void real_on_gone(void *ctx, int err)
{
    struct real_peer *peer = ctx;
    peer->gone++;
    peer->gone_err = err;
    if (peer->close_on_gone)
        real_close(peer);
}

static inline void real_on_drained(void *ctx)
{
    struct real_peer *peer = ctx;
    if (stream_unsent(peer->stream) > 0 || peer->gone)
        abort();
    peer->drained++;
    if (peer->close_on_drained)
        real_close(peer);
}

static const struct stream_sink real_sink = {real_on_open, real_on_data, real_on_gone,
                                             real_on_drained};

static inline bool real_is_open(void *arg)
{
    return ((struct real_peer *)arg)->opened > 0;
}

static inline bool real_is_gone(void *arg)
{
    return ((struct real_peer *)arg)->gone > 0;
}

static inline bool real_has_wanted(void *arg)
{
    struct real_peer *peer = arg;
    return peer->len >= peer->wanted;
}

static inline bool real_gets(struct loop *loop, struct real_peer *peer, const char *text)
{
    peer->wanted = peer->len + strlen(text);
    size_t from = peer->len;
    return real_until(loop, real_has_wanted, peer) && peer->len == peer->wanted &&
           memcmp(peer->bytes + from, text, strlen(text)) == 0;
}

#endif
