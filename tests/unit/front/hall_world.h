/* hall_world: a front on virtual time with a real store, a small gateway of its own and clients on
 * pipes. What a client says and hears are lines; what it hears is compared with a pattern (JSON
 * where "*" stands for anything and members that are not named do not matter) and held against
 * openrpc.json. */
#ifndef OTPGATE_HALL_WORLD_H
#define OTPGATE_HALL_WORLD_H

#include <jansson.h>
#include "alarm.h"
#include "hall.h"
#include "lease.h"
#include "registry.h"
#include "loop_sim.h"
#include "plug.h"
#include "stream_pipe.h"

/* The fleet of these tests: nothing but whose it is. */
struct fleet {
    struct gateway *gateway;
};

/* The gateway of these tests: what it refuses, and the modems that it shows. */
struct gateway {
    struct fleet fleet;
    struct loop *loop;
    struct store *store;
    struct refusal refuse;   /* name NULL: nothing is refused */
    struct modem_view modem; /* name NULL: there is none */
    struct plug_left left;   /* port NULL: there is none */
    struct gateway_stats stats;
    unsigned sends, resets;
    bool paused;
    /* What waits for a USSD answer; NULL: nothing. */
    lease_fn *ussd;
    void *ussd_arg;
    bool ussd_forgotten;
    struct alarms alarms;
    void (*before_commit)(void *arg);
    void *before_commit_arg;
    void (*on_modem)(void *arg, const struct modem_view *view);
    void *on_modem_arg;
    void (*on_trace)(void *arg, const char *modem);
    void *on_trace_arg;
    int traced; /* lines of a trace behind its first three */
    registry_news_fn *on_news;
    void *on_news_arg;
};

struct world {
    struct loop *loop;
    struct store *store;
    struct gateway gateway;
    struct front *front;
    struct config config;
    char *dir; /* NULL: the store is in memory */
};

enum { STRANGER = 7777, OTHER = 4444 }; /* uids: may do nothing; may do everything, as root */

void world_open(struct world *world, const char *state_dir);
void world_close(struct world *world);
/* Another run of the daemon on the same state directory. */
void world_restart(struct world *world);
void world_settle(struct world *world);
void world_pass(struct world *world, int64_t ms);
/* Moves a message on, as a modem would. */
void world_message_goto(struct world *world, const char *key, enum message_state state);
/* A message comes in, as the core would take it. `inbox`: what the test wants of it; the rest is
 * filled in. */
void world_receive(struct world *world, const struct inbox *inbox, const char *text);
/* A delivery report of this TP-ST for the only attempt of a message: it ends with it. */
void world_report(struct world *world, const char *key, int status);

struct client {
    struct world *world;
    struct stream *stream;
    struct session *session; /* NULL: refused. Not valid once gone */
    char *heard;
    size_t len;
    bool gone;
};
/* False: over a limit. */
bool client_open(struct client *client, struct world *world, uid_t uid);
void client_close(struct client *client);
void client_say(struct client *client, const char *line); /* LF added */
void client_bytes(struct client *client, const void *bytes, size_t len);
/* The next line heard, or NULL; valid until the next call. */
const char *client_line(struct client *client);
json_t *client_json(struct client *client);
size_t client_lines(const struct client *client);

/* True where `actual` is as `pattern` (JSON text) says. */
bool json_is_like(const json_t *actual, const char *pattern);

/* One exchange; `hear` NULL: no line comes. "END": the connection is closed. */
struct step {
    const char *say;
    const char *hear;
};
void talk(struct client *client, const struct step *steps, size_t count);
#define TALK(client, ...)                                                                          \
    talk(client, (const struct step[]){__VA_ARGS__},                                               \
         sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

#endif
