/* stream_pipe: two ends and what is under way between them. See stream_pipe.h. */
#include "stream_pipe.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    int64_t at_ms;
    size_t len;
    uint8_t data[];
};
struct chunks {
    struct chunk *first, **last;
};

struct pipe_end {
    struct stream stream; /* first: a stream is its end */
    struct pipe *pipe;
    struct pipe_end *far;
    struct chunks arriving; /* towards this end, by time */
    struct chunks held;     /* from this end, not yet taken by the wire */
    size_t held_bytes;
    struct loop_timer arrival;
    struct loop_task open, drained;
    int64_t hangup_ms;
    int hangup_err;
    bool hangup, cut, opened, told_gone, closed, paused, hold, draining;
};

struct pipe {
    struct loop *loop;
    int64_t delay_ms;
    struct pipe_end ends[2];
    struct loop_task reaper;
};

static const struct stream_ops pipe_ops;

static struct pipe_end *end_of(struct stream *stream)
{
    assert(stream->ops == &pipe_ops);
    return (struct pipe_end *)stream;
}

static void chunks_init(struct chunks *chunks)
{
    chunks->first = NULL;
    chunks->last = &chunks->first;
}

static void chunks_push(struct chunks *chunks, struct chunk *chunk)
{
    chunk->next = NULL;
    *chunks->last = chunk;
    chunks->last = &chunk->next;
}

static struct chunk *chunks_pop(struct chunks *chunks)
{
    struct chunk *chunk = chunks->first;
    if (chunk && !(chunks->first = chunk->next))
        chunks->last = &chunks->first;
    return chunk;
}

static void chunks_clear(struct chunks *chunks)
{
    for (struct chunk *chunk; (chunk = chunks_pop(chunks));)
        free(chunk);
}

/* --- arrival --- */

static void end_announce(void *arg)
{
    struct pipe_end *end = arg;
    loop_task_cancel(&end->open);
    if (end->opened || end->closed)
        return;
    end->opened = true;
    if (end->stream.sink->on_open)
        end->stream.sink->on_open(end->stream.ctx);
}

static void end_await_next(struct pipe_end *end)
{
    if (end->closed || end->told_gone)
        return;
    if (end->hangup && (end->cut || (!end->arriving.first && !end->paused)))
        loop_timer_arm(&end->arrival, end->hangup_ms);
    else if (end->arriving.first && !end->paused)
        loop_timer_arm(&end->arrival, end->arriving.first->at_ms);
}

static void end_deliver(struct pipe_end *end)
{
    end_announce(end);
    while (!end->closed && !end->paused && end->arriving.first &&
           end->arriving.first->at_ms <= loop_now_ms(end->pipe->loop)) {
        struct chunk *chunk = chunks_pop(&end->arriving);
        end->stream.sink->on_data(end->stream.ctx, chunk->data, chunk->len);
        free(chunk);
    }
}

static void end_arrival(void *arg)
{
    struct pipe_end *end = arg;
    end_deliver(end);
    bool done = end->cut || (!end->arriving.first && !end->paused);
    if (end->closed || !end->hangup || !done || end->hangup_ms > loop_now_ms(end->pipe->loop)) {
        end_await_next(end);
        return;
    }
    end->told_gone = true;
    end->stream.sink->on_gone(end->stream.ctx, end->hangup_err);
}

/* At the end of a turn: a test lets go from wherever it stands. */
static void end_drained(void *arg)
{
    struct pipe_end *end = arg;
    if (end->held_bytes == 0 && !end->told_gone)
        end->stream.sink->on_drained(end->stream.ctx);
}

/* --- the stream's calls --- */

static int pipe_write(struct stream *stream, const void *data, size_t len)
{
    struct pipe_end *end = end_of(stream);
    assert(!end->closed);
    if (end->told_gone || end->cut)
        return -EPIPE;
    if (len == 0 || end->far->closed)
        return 0; /* nobody is there any more; this end will hear of it */
    struct chunk *chunk = malloc(sizeof(*chunk) + len);
    if (!chunk)
        return -ENOMEM;
    chunk->len = len;
    memcpy(chunk->data, data, len);
    if (end->hold) {
        chunks_push(&end->held, chunk);
        end->held_bytes += len;
        return 0;
    }
    chunk->at_ms = loop_now_ms(end->pipe->loop) + end->pipe->delay_ms;
    chunks_push(&end->far->arriving, chunk);
    end_await_next(end->far);
    return 0;
}

static size_t pipe_unsent(const struct stream *stream)
{
    return ((const struct pipe_end *)stream)->held_bytes;
}

static void pipe_drain(struct stream *stream)
{
    struct pipe_end *end = end_of(stream);
    if (end->closed || end->told_gone || end->draining)
        return;
    end->draining = true;
    end_deliver(end);
    end->draining = false;
    end_await_next(end);
}

static void pipe_pause(struct stream *stream, int pause)
{
    struct pipe_end *end = end_of(stream);
    end->paused = pause != 0;
    end_await_next(end);
}

static void end_hang_up(struct pipe_end *end, int64_t at_ms, int err)
{
    if (end->closed || end->told_gone || end->cut)
        return;
    end->hangup = true;
    end->hangup_ms = at_ms;
    end->hangup_err = err;
    end_await_next(end);
}

static void pipe_reap(void *arg)
{
    free(arg);
}

static void pipe_close(struct stream *stream)
{
    struct pipe_end *end = end_of(stream);
    assert(!end->closed);
    end->closed = true;
    loop_timer_cancel(&end->arrival);
    loop_task_cancel(&end->open);
    loop_task_cancel(&end->drained);
    chunks_clear(&end->arriving);
    chunks_clear(&end->held);
    if (end->far->closed)
        loop_defer(&end->pipe->reaper, LOOP_SOON);
    else
        end_hang_up(end->far, loop_now_ms(end->pipe->loop) + end->pipe->delay_ms, 0);
}

static const struct stream_ops pipe_ops = {
    .write = pipe_write,
    .unsent = pipe_unsent,
    .drain = pipe_drain,
    .pause = pipe_pause,
    .close = pipe_close,
};

/* --- making one, and what only a test can do to it --- */

static void end_init(struct pipe *pipe, unsigned which, const struct stream_sink *sink, void *ctx)
{
    struct pipe_end *end = &pipe->ends[which];
    end->stream = (struct stream){.ops = &pipe_ops, .sink = sink, .ctx = ctx};
    end->pipe = pipe;
    end->far = &pipe->ends[1 - which];
    chunks_init(&end->arriving);
    chunks_init(&end->held);
    loop_timer_init(&end->arrival, pipe->loop, end_arrival, end);
    loop_task_init(&end->open, pipe->loop, end_announce, end);
    loop_task_init(&end->drained, pipe->loop, end_drained, end);
    loop_defer(&end->open, LOOP_SOON);
}

int stream_pipe_new(struct loop *loop, int64_t delay_ms, const struct stream_sink *sink_a,
                    void *ctx_a, struct stream **a, const struct stream_sink *sink_b, void *ctx_b,
                    struct stream **b)
{
    struct pipe *pipe = calloc(1, sizeof(*pipe));
    if (!pipe)
        return -ENOMEM;
    pipe->loop = loop;
    pipe->delay_ms = delay_ms;
    loop_task_init(&pipe->reaper, loop, pipe_reap, pipe);
    end_init(pipe, 0, sink_a, ctx_a);
    end_init(pipe, 1, sink_b, ctx_b);
    *a = &pipe->ends[0].stream;
    *b = &pipe->ends[1].stream;
    return 0;
}

void stream_pipe_cut(struct stream *either, int err)
{
    struct pipe *pipe = end_of(either)->pipe;
    for (unsigned i = 0; i < 2; i++) {
        struct pipe_end *end = &pipe->ends[i];
        if (end->closed || end->told_gone || end->cut)
            continue;
        chunks_clear(&end->arriving);
        end_hang_up(end, loop_now_ms(pipe->loop), err);
        end->cut = true;
        end_await_next(end);
    }
}

void stream_pipe_hold(struct stream *stream, int hold)
{
    struct pipe_end *end = end_of(stream);
    end->hold = hold != 0;
    if (end->hold || end->cut || end->told_gone)
        return;
    if (end->held_bytes > 0 && end->stream.sink->on_drained)
        loop_defer(&end->drained, LOOP_SOON);
    for (struct chunk *chunk; (chunk = chunks_pop(&end->held));) {
        chunk->at_ms = loop_now_ms(end->pipe->loop) + end->pipe->delay_ms;
        if (end->far->closed)
            free(chunk);
        else
            chunks_push(&end->far->arriving, chunk);
    }
    end->held_bytes = 0;
    end_await_next(end->far);
}
