/* late_stream: a stream whose opening fails after a while, for tests: a serial device that turns
 * out to be another's, or that hangs. */
#ifndef OTPGATE_LATE_STREAM_H
#define OTPGATE_LATE_STREAM_H

#include "stream.h"

/* on_gone(err) after `in_ms`; below 0: never. 0/-ENOMEM. */
int late_stream_new(struct loop *loop, int err, int64_t in_ms, const struct stream_sink *sink,
                    void *ctx, struct stream **out);

#endif
