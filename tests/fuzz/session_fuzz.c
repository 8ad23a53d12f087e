/* session: any bytes from a client, in pieces of any size, against a real store in memory and the
 * tests' gateway. The first byte gives the size of the pieces. Whatever came, every line that
 * leaves is JSON of one of the three kinds, every event is as the document says, and the session is
 * gone when its client is. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "hall_world.h"
#include "log.h"

enum { INPUTS_A_WORLD = 500, WAITS_END_MS = 61000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void check_line(const char *text)
{
    char why[256];
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *params = json_object_get(line, "params");
    const json_t *error = json_object_get(line, "error");
    assert(line);
    if (params) {
        assert(wire_event_check(params, why, sizeof why) == 0);
    } else if (error) {
        const json_t *name = json_object_get(json_object_get(error, "data"), "name");
        assert(json_object_get(line, "id") && wire_error_by_name(json_string_value(name)));
    } else {
        assert(json_object_get(line, "id") && json_is_object(json_object_get(line, "result")));
    }
    json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    static unsigned inputs;
    struct client client;
    if (size == 0)
        return 0;
    if (inputs++ % INPUTS_A_WORLD == 0) {
        log_sink_set(on_log, NULL);
        if (world.loop)
            world_close(&world);
        world_open(&world, NULL);
    }
    bool open = client_open(&client, &world, data[0] % 8 ? 0 : STRANGER);
    assert(open);
    size_t piece = data[0] < 200 ? data[0] + 1u : size;
    for (size_t at = 1; at < size && !client.gone; at += piece) {
        client_bytes(&client, data + at, size - at < piece ? size - at : piece);
        if (at % 2)
            world_settle(&world);
    }
    world_pass(&world, data[0] % 3 ? WAITS_END_MS : 0);
    for (const char *line; (line = client_line(&client));)
        check_line(line);
    client_close(&client);
    world_settle(&world);
    assert(world.front->sessions.count == 0 && !world.front->orphans);
    assert(world.front->waits.count == 0 && !world.front->events.first);
    return 0;
}
