/* world: the whole gateway on virtual time, with everything around it. Its rooms:
 *   world.c    puts it together, crashes it, starts it again
 *   ports.c    a port whose other end is a simulated modem
 *   clients.c  portal backends: they send, repeat, cancel, hang up, follow
 *   faults.c   what befalls the modems, from the seed; and who writes to them
 *   oracle.c   the invariants, in words and in code */
#ifndef OTPGATE_WORLD_H
#define OTPGATE_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "front.h"
#include "gateway.h"
#include "loop_sim.h"
#include "port.h"
#include "simmodem.h"
#include "store.h"

enum { WORLD_MODEMS = 16, WORLD_CLIENTS = 3, WORLD_FOLLOWER = 1 };

/* A promise broken on purpose, to see that the oracle notices. */
enum breach {
    BREACH_NONE,
    BREACH_LATE,
    BREACH_TWICE,
    BREACH_LOST,
    BREACH_ORDER,
    BREACH_FULL,
    BREACH_MISSED,
    BREACH_LOG,
    BREACH_STUCK,
    BREACH_REPORT,
};

struct world_options {
    uint64_t seed;
    int minutes; /* of load and faults; then all is healed and the world drains */
    int modems;
    int latency_ms; /* of a submit */
    int tick_ms;    /* a client asks at most so often */
    int air_ms;     /* somebody writes to a modem at most so often; 0: never */
    int fault_ms;   /* something befalls a modem at most so often */
    int look_ms;    /* the oracle looks at least so often */
    bool faults, crashes;
    bool fleet; /* modems also come back renamed and are flooded with messages */
    bool trace;
    enum breach breach;
    const struct sim_profile *profile; /* of all modems; NULL: any, by the seed */
    unsigned least;                    /* messages and stored reports that have to come back */
    const char *dir;                   /* for the database */
};

struct world;

/* A port of the machine, and the modem that is plugged in there now. */
struct world_modem {
    struct port port; /* first: the gateway's link holds it */
    struct world *world;
    int index;
    struct simmodem *modem;
    struct stream *end; /* the modem's end of the wire while the port is open */
    loop_fn *watch;
    void *watch_arg;
    struct loop_task appeared;
    int64_t full_since_ms; /* its storage is, while the gateway could empty it; 0: it is not */
};

/* What a simulated modem knows of the machine: where it is plugged in. */
struct world_stick {
    struct world_modem *at;
};

struct client;
struct oracle;

struct world {
    struct world_options options;
    uint64_t random;
    struct loop *loop;
    struct simnet *net;
    struct loop_timer net_timer;
    struct config config;
    struct config_modem section[WORLD_MODEMS];
    struct world_modem modem[WORLD_MODEMS];
    struct world_stick stick[WORLD_MODEMS]; /* by the modem's own index */
    struct store *store;
    struct gateway *gateway; /* NULL: it has crashed */
    struct front *front;
    struct client *client[WORLD_CLIENTS];
    struct loop_timer fault_timer, air_timer;
    bool calm; /* faults and new load have ended */
    struct oracle *oracle;
    int64_t end_ms;
    unsigned starts;
    bool disk_hurt; /* a write has failed since the start */
};

uint64_t world_random(struct world *world, uint64_t below);
bool world_chance(struct world *world, unsigned percent);

/* Plays one seed; returns the number of broken promises (each printed). */
unsigned world_play(const struct world_options *options);

/* ports.c */
void world_modem_init(struct world *world, int index, const struct sim_profile *profile);
void world_modem_free(struct world_modem *modem);
/* Two modems are pulled and come back each under the other's name. */
void world_modems_swap(struct world_modem *a, struct world_modem *b);
struct link *world_make_link(void *arg, const struct config_modem *section,
                             const struct link_sink *sink, void *ctx);
void world_net_moved(struct world *world); /* after every call into the simulated network */

/* clients.c */
struct client *client_new(struct world *world, int index);
void client_free(struct client *client);
void client_connect(struct client *client); /* the gateway is (again) there */
void client_lost(struct client *client);    /* the gateway has crashed */
unsigned long clients_accepted(const struct world *world);

/* faults.c */
void faults_start(struct world *world);
void faults_heal(struct world *world);

/* oracle.c */
struct oracle *oracle_new(struct world *world);
void oracle_free(struct oracle *oracle);
/* A new request is about to be sent; its number in the oracle's book names its recipient. */
struct oracle_wish {
    bool resend; /* on_unknown */
    int ttl_s;
    int class_;
};
unsigned oracle_wish(struct oracle *oracle, const struct oracle_wish *wish);
void oracle_number(unsigned entry, char out[16]); /* "0900000042" */
void oracle_accepted(struct oracle *oracle, unsigned at, const char *id, int parts);
void oracle_asked_again(struct oracle *oracle, unsigned entry);
void oracle_cancelled(struct oracle *oracle, unsigned entry);
void oracle_promised(struct oracle *oracle, const char *what);
void oracle_sim_event(void *arg, const struct sim_event *event);
/* Somebody writes to a modem; the text that names it in the book. */
void oracle_written(struct oracle *oracle, char text[40]);
/* A follower got an event; the one before it, by its own word and by what the follower saw. */
void oracle_followed(struct oracle *oracle, int64_t seq, int64_t prev_seq, int64_t seen_seq);
void oracle_logged(struct oracle *oracle);               /* one line of the log */
unsigned oracle_most_lines(const struct oracle *oracle); /* in one minute */
void oracle_look(struct oracle *oracle);                 /* at a quiet moment */
void oracle_look_at_storage(struct oracle *oracle);
void oracle_look_at_modems(struct oracle *oracle); /* long after the trouble */
void oracle_drained(struct oracle *oracle);
unsigned oracle_broken(const struct oracle *oracle);

#endif
