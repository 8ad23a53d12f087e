/* sim_replay: any bytes as a trace, and then as what a host says to it. It never says more than a
 * line for each line of the trace, and hands on every byte it does not know. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sim_replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned said;

static void on_output(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    assert(len >= 4 && bytes[0] == '\r' && bytes[1] == '\n');
    said++;
}

static void on_unknown(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    assert(len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sim_replay_host host = {on_output, on_unknown};
    struct sim_clock clock = {.now_ms = 1000};
    unsigned wrong, lines = 1;
    const uint8_t *cut = memchr(data, 0, size); /* behind it: what the host says */
    size_t len = cut ? (size_t)(cut - data) : size;
    for (size_t i = 0; i < len; i++)
        lines += data[i] == '\n';
    said = 0;
    struct sim_replay *replay =
        sim_replay_new(&clock, (const char *)data, len, &host, NULL, &wrong);
    if (replay) {
        sim_replay_input(replay, data + len, size - len);
        sim_clock_advance(&clock, 100000);
        sim_replay_closed(replay);
        sim_replay_input(replay, data, size);
        sim_replay_free(replay);
    }
    assert(said <= lines);
    sim_clock_free(&clock);
    return 0;
}
