/* stream: the calls, handed to whoever made the stream. */
#include "stream.h"

int stream_write(struct stream *stream, const void *data, size_t len)
{
    return stream->ops->write(stream, data, len);
}

size_t stream_unsent(const struct stream *stream)
{
    return stream->ops->unsent(stream);
}

void stream_drain(struct stream *stream)
{
    stream->ops->drain(stream);
}

void stream_pause(struct stream *stream, int pause)
{
    stream->ops->pause(stream, pause);
}

void stream_close(struct stream *stream)
{
    stream->ops->close(stream);
}
