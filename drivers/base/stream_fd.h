/* stream_fd: a stream on a file descriptor of the real loop. */
#ifndef OTPGATE_STREAM_FD_H
#define OTPGATE_STREAM_FD_H

#include "stream.h"

/* Takes `fd` over (set non-blocking and close-on-exec here); `connecting`: a connect() is
 * under way. `release` (may be NULL) is called instead of close(fd) at the end, for an fd
 * that another library owns. 0/-errno; on error the fd is still the caller's. */
int stream_fd_new(struct loop *loop, int fd, int connecting, void (*release)(void *), void *owner,
                  const struct stream_sink *sink, void *ctx, struct stream **out)
    __attribute__((warn_unused_result));
/* The same for an fd that is still to come: the stream is opening, as in a connect, until one of
 * the two below is called from the loop. `release` is called at the end whether or not it ever
 * opened. 0/-ENOMEM: then it is not called. */
int stream_fd_new_opening(struct loop *loop, void (*release)(void *), void *owner,
                          const struct stream_sink *sink, void *ctx, struct stream **out)
    __attribute__((warn_unused_result));
/* on_open follows at once; or, where `fd` is of no use, an on_gone at the end of the turn. */
void stream_fd_opened(struct stream *stream, int fd);
void stream_fd_failed(struct stream *stream, int err /* a positive errno */);
/* From now on a socket whose far end has shut only its half (it says nothing more but still reads)
 * is told by `fn(ctx of the sink)`, once, and not as on_gone; writing goes on. */
void stream_fd_on_end(struct stream *stream, void (*fn)(void *ctx));

#endif
