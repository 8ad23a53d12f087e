#include "session.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "call.h"
#include "hall.h"
#include "log.h"
#include "verbs.h"

enum {
    STALL_MS = 30000, /* much unread, and not a byte read for so long: cut */
    LINGER_MS = 2000, /* the same for the last line */
};

static void session_turn(void *arg);
static void session_on_stall(void *arg);

/* --- bytes ---------------------------------------------------------------------------------- */

static bool bytes_add(struct bytes *bytes, const void *data, size_t len)
{
    if (bytes->room - bytes->len < len) {
        size_t room = bytes->room ? bytes->room : 1024;
        while (room - bytes->len < len)
            room *= 2;
        char *at = realloc(bytes->at, room);
        if (!at)
            return false;
        bytes->at = at;
        bytes->room = room;
    }
    memcpy(bytes->at + bytes->len, data, len);
    bytes->len += len;
    return true;
}

/* Takes `len` off the front; an empty buffer costs nothing, so that idle clients are cheap. */
static void bytes_take(struct bytes *bytes, size_t len)
{
    bytes->len -= len;
    if (bytes->len > 0) {
        memmove(bytes->at, bytes->at + len, bytes->len);
        return;
    }
    free(bytes->at);
    *bytes = (struct bytes){0};
}

/* --- birth and end -------------------------------------------------------------------------- */

static size_t sessions_of(const struct front *front, uid_t uid)
{
    size_t count = 0;
    for (const struct session *s = front->sessions.first; s; s = s->next)
        count += s->peer.uid == uid;
    return count;
}

/* A flood of connections is no flood of lines: the 1st, 2nd, 4th, 8th ... */
static void sessions_log_refused(struct sessions *all, const struct peer *peer)
{
    unsigned long refused = ++all->refused;
    if ((refused & (refused - 1)) == 0)
        log_event(LOG_LEVEL_NOTICE, "session", "-", "refused",
                  "why=connections uid=%u pid=%d so_far=%lu", (unsigned)peer->uid, (int)peer->pid,
                  refused);
}

/* Its own copy: a reload asks the groups again. 0/-ENOMEM */
static int session_take_peer(struct session *s, const struct peer *peer)
{
    s->peer = *peer;
    s->peer.groups = NULL;
    if (peer->group_count == 0)
        return 0;
    s->groups = malloc(peer->group_count * sizeof *s->groups);
    if (!s->groups)
        return -ENOMEM;
    memcpy(s->groups, peer->groups, peer->group_count * sizeof *s->groups);
    s->peer.groups = s->groups;
    return 0;
}

struct session *session_new(struct front *front, const struct peer *peer)
{
    struct sessions *all = &front->sessions;
    struct peer resolved = *peer;
    roles_resolve(front, &resolved);
    if (all->count >= (size_t)front->config->max_connections_total ||
        sessions_of(front, peer->uid) >= (size_t)peer_max_connections(front, &resolved)) {
        sessions_log_refused(all, peer);
        return NULL;
    }
    struct session *s = calloc(1, sizeof *s);
    if (!s || session_take_peer(s, &resolved) != 0) {
        free(s);
        return NULL;
    }
    s->front = front;
    snprintf(s->id, sizeof s->id, "%u/%lu", (unsigned)peer->uid, ++all->opened);
    loop_task_init(&s->turn, front->loop, session_turn, s);
    loop_timer_init(&s->stall, front->loop, session_on_stall, s);
    s->next = all->first;
    if (s->next)
        s->next->prev = s;
    all->first = s;
    all->count++;
    log_event(LOG_LEVEL_DEBUG, "session", s->id, "open", "uid=%u pid=%d", (unsigned)peer->uid,
              (int)peer->pid);
    return s;
}

void session_attach(struct session *session, struct stream *stream)
{
    assert(!session->stream);
    session->stream = stream;
}

static void session_log_end(const struct session *s, const char *why)
{
    char refused[256] = "none";
    size_t used = 0;
    for (int e = 0; e < WIRE_ERRORS; e++) {
        if (s->refused[e] && used < sizeof refused)
            used += (size_t)snprintf(refused + used, sizeof refused - used, "%s%s:%lu",
                                     used ? "," : "", wire_error_find(e)->name, s->refused[e]);
    }
    log_event(LOG_LEVEL_INFO, "session", s->id, "end",
              "why=\"%s\" uid=%u pid=%d requests=%lu events=%lu refused=%s", why,
              (unsigned)s->peer.uid, (int)s->peer.pid, s->requests, s->events, refused);
}

void session_end(struct session *session, const char *why)
{
    struct sessions *all = &session->front->sessions;
    if (session->dead)
        return;
    session->dead = true;
    session_log_end(session, why);
    if (session->prev)
        session->prev->next = session->next;
    else
        all->first = session->next;
    if (session->next)
        session->next->prev = session->prev;
    all->count--;
    if (session->follower)
        events_unfollow(session->follower);
    while (session->calls)
        call_detach(session->calls);
    loop_task_cancel(&session->turn);
    loop_timer_cancel(&session->stall);
    if (session->stream)
        stream_close(session->stream);
    session->stream = NULL;
    session->next = all->dead;
    all->dead = session;
    loop_defer(&all->reaper, LOOP_SOON);
}

static void sessions_reap(void *arg)
{
    struct front *front = arg;
    while (front->sessions.dead) {
        struct session *s = front->sessions.dead;
        front->sessions.dead = s->next;
        free(s->in.at);
        free(s->out.at);
        free(s->groups);
        free(s);
    }
}

void sessions_init(struct front *front)
{
    front->sessions = (struct sessions){0};
    loop_task_init(&front->sessions.reaper, front->loop, sessions_reap, front);
}

void sessions_resolve(struct front *front)
{
    for (struct session *s = front->sessions.first; s; s = s->next) {
        unsigned before = s->peer.may;
        roles_resolve(front, &s->peer);
        if (s->follower && (before & ~s->peer.may) != 0)
            session_cut(s, "it lost a role");
    }
}

void sessions_end_all(struct front *front, const char *why)
{
    while (front->sessions.first)
        session_end(front->sessions.first, why);
    loop_task_cancel(&front->sessions.reaper);
    sessions_reap(front);
}

/* --- lines out ------------------------------------------------------------------------------ */

size_t session_unsent(const struct session *session)
{
    return session->out.len + (session->stream ? stream_unsent(session->stream) : 0);
}

static size_t session_limit(const struct session *session)
{
    return (size_t)session->front->config->max_unsent_kb * 1024;
}

bool session_has_room(const struct session *session)
{
    return session_unsent(session) + session->pending <= session_limit(session) / 2;
}

/* Whoever asks the session for room first never comes to the limit; it bounds all others. */
void session_send(struct session *session, const char *lines, size_t len)
{
    if (session->dead || session->cut)
        return;
    if (session_unsent(session) > session_limit(session))
        session_cut(session, "it does not read");
    else if (!bytes_add(&session->out, lines, len))
        session_cut(session, "no memory");
    else
        session_go_on(session);
}

void session_cut(struct session *session, const char *why)
{
    session->cut = why;
    session_go_on(session);
}

void session_go_on(struct session *session)
{
    if (!session->dead)
        loop_defer(&session->turn, LOOP_SOON);
}

void session_finish(struct session *session, const char *why)
{
    session->deaf = true;
    session->finish = why;
    session_go_on(session);
}

/* --- lines in ------------------------------------------------------------------------------- */

static void session_run_verb(struct session *s, struct call *call, const char *name)
{
    struct front *front = s->front;
    char why[256];
    const struct verb *verb = verb_find(name);
    call->method = verb ? wire_method_find(name) : NULL;
    if (!call->method)
        call_fail(call, WIRE_METHOD_NOT_FOUND, NULL, NULL);
    else if (!call_may(call))
        call_not_allowed(call, call->method->name, call->method->role);
    else if (front->stopping && !verb->while_stopping)
        call_fail(call, WIRE_SHUTTING_DOWN, NULL, NULL);
    else if (wire_params_check(call->method, call->params, why, sizeof why))
        call_fail(call, WIRE_INVALID_PARAMS, why, NULL);
    else {
        call->promises = verb->promises;
        verb->run(call);
    }
}

/* A line that is no request. After a fatal one nothing more is run. */
static void session_refuse_line(struct session *s, json_t *id, enum wire_error error,
                                const char *why, bool fatal)
{
    struct call *call = call_new(s, id, NULL);
    if (!call) {
        session_cut(s, "no memory");
        return;
    }
    s->deaf |= fatal;
    call->last = fatal;
    call_fail(call, error, why, NULL);
}

static void session_line(struct session *s, const char *line, size_t len)
{
    struct wire_request request = {0};
    enum wire_error error = WIRE_INVALID_REQUEST;
    const char *why = NULL;
    bool fatal = false;
    s->requests++;
    if (wire_request_parse(line, len, &request, &error, &why, &fatal)) {
        session_refuse_line(s, request.id, error, why, fatal);
        return;
    }
    struct call *call = call_new(s, request.id, request.params);
    if (call)
        session_run_verb(s, call, request.method);
    else
        session_cut(s, "no memory");
}

static bool session_rests(const struct session *s)
{
    return s->in_flight >= (unsigned)peer_max_in_flight(s->front, &s->peer) || !session_has_room(s);
}

/* Runs whole lines, in order, while there is room for their answers. Returns the bytes used up. */
static size_t session_run_lines(struct session *s, const char *data, size_t len)
{
    size_t most = (size_t)s->front->config->max_line_bytes;
    size_t at = 0;
    while (!s->cut && !s->deaf && !session_rests(s)) {
        size_t from = at > s->searched ? at : s->searched;
        const char *end = memchr(data + from, '\n', len - from);
        size_t line = end ? (size_t)(end - (data + at)) : len - at;
        if (line > most) {
            char why[64];
            snprintf(why, sizeof why, "a line may have %zu bytes", most);
            session_refuse_line(s, NULL, WIRE_INVALID_REQUEST, why, true);
        } else if (!end) {
            s->searched = len;
            break;
        } else {
            session_line(s, data + at, line);
            at += line + 1;
        }
    }
    if (s->cut || s->deaf)
        at = len;
    s->searched = s->searched > at ? s->searched - at : 0;
    return at;
}

/* Reading rests while there is work enough: the kernel holds the rest, and the client waits. */
static void session_pause(struct session *s)
{
    bool pause = session_rests(s) || s->deaf;
    if (s->stream && pause != s->paused) {
        s->paused = pause;
        stream_pause(s->stream, pause);
    }
}

static void session_on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct session *s = ctx;
    const char *text = (const char *)data;
    if (s->deaf)
        return;
    if (s->in.len == 0) {
        size_t used = session_run_lines(s, text, len);
        if (used < len && !bytes_add(&s->in, text + used, len - used))
            session_end(s, "no memory");
    } else if (!bytes_add(&s->in, data, len)) {
        session_end(s, "no memory");
    } else {
        bytes_take(&s->in, session_run_lines(s, s->in.at, s->in.len));
    }
    if (!s->dead)
        session_pause(s);
}

/* The client has said all it has to say; it still hears the answers (printf ... | socat -
 * UNIX-CONNECT:...). */
void session_on_end(void *ctx)
{
    struct session *s = ctx;
    s->ended = true;
    session_go_on(s);
}

static void session_on_gone(void *ctx, int err)
{
    session_end(ctx, err ? strerror(err) : "closed by the client");
}

/* All that was unread has left: there is room again, and the last line is out. */
static void session_on_drained(void *ctx)
{
    session_go_on(ctx);
}

const struct stream_sink session_sink = {
    .on_data = session_on_data,
    .on_gone = session_on_gone,
    .on_drained = session_on_drained,
};

static void session_write(struct session *s)
{
    if (s->out.len == 0 || !s->stream)
        return;
    int rc = stream_write(s->stream, s->out.at, s->out.len);
    s->written += s->out.len;
    bytes_take(&s->out, s->out.len);
    if (rc < 0)
        session_end(s, strerror(-rc));
}

/* What waited for room is run; who has nothing more to say and to hear is done. */
static void session_run(struct session *s)
{
    if (s->in.len > 0)
        bytes_take(&s->in, session_run_lines(s, s->in.at, s->in.len));
    if (s->ended && !s->calls && !session_rests(s))
        session_finish(s, "closed by the client");
    session_pause(s);
}

static uint64_t session_taken(const struct session *s)
{
    return s->written - (s->stream ? stream_unsent(s->stream) : 0);
}

/* The stream tells when all of it has left. A client that leaves much unread has so long to read
 * some of it, and its follower hears of room. */
static void session_watch(struct session *s)
{
    size_t unsent = session_unsent(s);
    bool behind = s->finish ? unsent > 0 : unsent > session_limit(s) / 2;
    int64_t patience_ms = !behind ? 0 : s->finish ? LINGER_MS : STALL_MS;
    if (s->held && session_has_room(s)) {
        s->held = false;
        events_wake(s->front);
    }
    if (patience_ms == s->patience_ms)
        return;
    s->patience_ms = patience_ms;
    s->taken = session_taken(s);
    loop_timer_cancel(&s->stall);
    if (behind)
        loop_timer_arm_in(&s->stall, patience_ms);
}

/* The end of a turn: what was answered leaves, and what follows from that. */
static void session_turn(void *arg)
{
    struct session *s = arg;
    session_write(s);
    if (s->dead)
        return;
    if (s->cut)
        session_end(s, s->cut);
    else if (s->finish && session_unsent(s) == 0)
        session_end(s, s->finish);
    else if (!s->deaf)
        session_run(s);
    if (!s->dead)
        session_watch(s);
}

/* Slow is not stuck: as long as it has read something it has as long again. */
static void session_on_stall(void *arg)
{
    struct session *s = arg;
    uint64_t taken = session_taken(s);
    if (taken == s->taken) {
        session_end(s, "it does not read");
        return;
    }
    s->taken = taken;
    loop_timer_arm_in(&s->stall, s->patience_ms);
    session_turn(s);
}
