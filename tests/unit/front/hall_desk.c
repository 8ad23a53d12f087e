#include "hall_desk.h"

#include "log.h"

struct world world;
struct client client;

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

int desk_setup(void **state)
{
    (void)state;
    log_sink_set(on_log, NULL);
    world_open(&world, NULL);
    return client_open(&client, &world, 0) ? 0 : -1;
}

int desk_teardown(void **state)
{
    (void)state;
    client_close(&client);
    world_settle(&world);
    world_close(&world);
    return 0;
}
