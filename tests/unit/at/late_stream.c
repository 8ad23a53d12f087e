/* late_stream: see late_stream.h. */
#include "late_stream.h"

#include <errno.h>
#include <stdlib.h>

struct late {
    struct stream stream; /* first */
    int err;
    struct loop_timer timer;
    struct loop_task reaper;
};

static void late_fails(void *arg)
{
    struct late *late = arg;
    late->stream.sink->on_gone(late->stream.ctx, late->err);
}

static void late_reap(void *arg)
{
    free(arg);
}

static int late_write(struct stream *stream, const void *data, size_t len)
{
    (void)stream;
    (void)data;
    (void)len;
    return -ENOTCONN;
}

static size_t late_unsent(const struct stream *stream)
{
    (void)stream;
    return 0;
}

static void late_drain(struct stream *stream)
{
    (void)stream;
}

static void late_pause(struct stream *stream, int pause)
{
    (void)stream;
    (void)pause;
}

static void late_close(struct stream *stream)
{
    struct late *late = (struct late *)stream;
    loop_timer_cancel(&late->timer);
    loop_defer(&late->reaper, LOOP_SOON);
}

static const struct stream_ops late_ops = {
    late_write, late_unsent, late_drain, late_pause, late_close,
};

int late_stream_new(struct loop *loop, int err, int64_t in_ms, const struct stream_sink *sink,
                    void *ctx, struct stream **out)
{
    struct late *late = calloc(1, sizeof *late);
    if (!late)
        return -ENOMEM;
    *late = (struct late){.stream = {.ops = &late_ops, .sink = sink, .ctx = ctx}, .err = err};
    loop_timer_init(&late->timer, loop, late_fails, late);
    loop_task_init(&late->reaper, loop, late_reap, late);
    if (in_ms >= 0)
        loop_timer_arm_in(&late->timer, in_ms);
    *out = &late->stream;
    return 0;
}
