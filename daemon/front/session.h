/* session: one client: lines in, calls, lines out. See front.h for how one is made.
 *
 * It ends in one function, session_end(); its memory goes in the reaper at the end of the turn, so
 * that whoever stands on the stack may finish. Sending never ends a session: what is to be written
 * is gathered and written at the end of the turn, and that is where a dead or stuffed peer is
 * found. */
#ifndef OTPGATE_SESSION_H
#define OTPGATE_SESSION_H

#include "front.h"
#include "wire.h"

struct call;
struct follower;

struct bytes {
    char *at;
    size_t len, room;
};

struct session {
    struct front *front;
    struct session *prev, *next;
    struct stream *stream;
    struct peer peer;
    gid_t *groups;    /* of the peer; NULL: none */
    char id[32];      /* for the log: uid/number */
    struct bytes in;  /* what came and is not run yet */
    size_t searched;  /* of `in`: no line ends before this */
    struct bytes out; /* what leaves at the end of this turn */
    struct loop_task turn;
    struct call *calls; /* open ones, in flight or parked */
    unsigned in_flight, parked;
    size_t pending;            /* bytes of answers that wait for the disk */
    struct follower *follower; /* NULL: it does not follow */
    bool paused;               /* too many in flight: reading rests */
    bool deaf;                 /* no further line is run: it ends once the last answer is out */
    bool ended;                /* the client says nothing more, and waits for its answers */
    bool dead;
    bool held;               /* a follower waits for room */
    uint64_t written;        /* bytes handed to the stream */
    struct loop_timer stall; /* armed while the client leaves much unread */
    int64_t patience_ms;     /* that it was armed with; 0: it is not armed */
    uint64_t taken;          /* of `written`, when it was armed */
    const char *finish;      /* why it ends once `out` has left; NULL: it does not */
    const char *cut;         /* why it ends at the end of this turn; NULL: it does not */
    unsigned long requests, events;
    unsigned long refused[WIRE_ERRORS];
};

/* Kept in struct front. */
struct sessions {
    struct session *first, *dead;
    size_t count;
    unsigned long opened, refused;
    struct loop_task reaper;
};

void sessions_init(struct front *front);
/* The configuration was re-read: who lost a role that it follows events by is cut. */
void sessions_resolve(struct front *front);
void sessions_end_all(struct front *front, const char *why);

/* The one exit; idempotent. */
void session_end(struct session *session, const char *why);
/* Queues bytes that are whole lines; they leave at the end of this turn. */
void session_send(struct session *session, const char *lines, size_t len);
/* Ends it at the end of this turn, for those who stand on the session's own stack. `why`: static
 * text. */
void session_cut(struct session *session, const char *why);
/* What the client has not taken yet. */
size_t session_unsent(const struct session *session);
/* False while the client has to read first: half of what it may leave unread is full. */
bool session_has_room(const struct session *session);
/* The client has shut its half of the connection: see stream_fd_on_end(). */
void session_on_end(void *ctx);
/* A call was answered or parked: there may be room for the next line. */
void session_go_on(struct session *session);
/* No further line is run; it ends when what is queued has left. `why`: static text. */
void session_finish(struct session *session, const char *why);

#endif
