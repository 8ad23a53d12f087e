/* stream: bytes to and from one peer: a modem's port or a client's socket.
 *
 * Real: a serial port, a plain tty, a TCP connection, a Unix socket. Simulated: an
 * in-memory pipe. A stream is owned by who opened it and ends with stream_close().
 */
#ifndef OTPGATE_STREAM_H
#define OTPGATE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include "loop.h"

struct stream;

/* Called upward, never from inside a call on the stream except stream_drain(). */
struct stream_sink {
    /* The far end is reached. Once, before anything but an on_gone of a connect that failed.
     * May be NULL. */
    void (*on_open)(void *ctx);
    void (*on_data)(void *ctx, const uint8_t *data, size_t len);
    /* The far end is gone (err: a positive errno, 0 for a plain hang-up). Once, and the
     * last call; what was not yet handed to the kernel is lost. Still to be closed. */
    void (*on_gone)(void *ctx, int err);
    /* The kernel has taken the last byte: stream_unsent() was over 0 and is 0. Once each time, and
     * not where stream_write() could hand over everything at once. May be NULL. */
    void (*on_drained)(void *ctx);
};

/* Writes all of it, at once as far as the kernel takes it, the rest as it drains.
 * Returns 0, -EPIPE (gone), -ENOTCONN (a connect is still under way), -ENOMEM. */
int stream_write(struct stream *stream, const void *data, size_t len)
    __attribute__((warn_unused_result));
/* Bytes accepted by stream_write() that the kernel has not taken yet. While this is not
 * 0, the last byte written has certainly not left. Still true at and after on_gone. */
size_t stream_unsent(const struct stream *stream);
/* Hand bytes that have already arrived to on_data now: before a time-out is believed. */
void stream_drain(struct stream *stream);
/* Stop (1) or go on (0) reading: back-pressure. */
void stream_pause(struct stream *stream, int pause);
/* No callback follows. What is unsent is dropped. Memory goes at the end of the turn. */
void stream_close(struct stream *stream);

/* --- for those who make streams --- */
struct stream_ops {
    int (*write)(struct stream *, const void *, size_t);
    size_t (*unsent)(const struct stream *);
    void (*drain)(struct stream *);
    void (*pause)(struct stream *, int);
    void (*close)(struct stream *);
};
struct stream {
    const struct stream_ops *ops;
    const struct stream_sink *sink;
    void *ctx;
};

#endif
