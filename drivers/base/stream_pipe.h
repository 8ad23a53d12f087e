/* stream_pipe: two streams joined in memory, for tests on virtual time. */
#ifndef OTPGATE_STREAM_PIPE_H
#define OTPGATE_STREAM_PIPE_H

#include "stream.h"

/* What is written to one end arrives at the other `delay_ms` later (0: next turn), in order.
 * Closing an end hangs the other up after its last bytes. 0/-ENOMEM. */
int stream_pipe_new(struct loop *loop, int64_t delay_ms, const struct stream_sink *sink_a,
                    void *ctx_a, struct stream **a, const struct stream_sink *sink_b, void *ctx_b,
                    struct stream **b) __attribute__((warn_unused_result));
/* The wire is cut now: both ends hear on_gone(err); what was under way is lost. */
void stream_pipe_cut(struct stream *either, int err);
/* While held, the wire takes nothing of what is written to `stream`: it stays unsent. Let go, it
 * leaves at once. */
void stream_pipe_hold(struct stream *stream, int hold);

#endif
