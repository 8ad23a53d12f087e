/* otpgate: one connection to the gateway. Lines come in whole and in order; answers go to the call
 * they name, notifications to a bounded queue. When the connection breaks, what had already arrived
 * is still handed out. */
#include "otpgate.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_ROOM = 16384 };

struct pending {
    int64_t id; /* 0: free */
    json_t *reply;
};

struct note {
    struct note *next;
    json_t *message;
};

struct otpgate {
    int fd;
    int over; /* -errno once nothing more can be read; 0 before */
    int64_t last_id;
    struct pending call[OTPGATE_CALLS_MAX];
    struct note *first, **last;
    unsigned notes;
    json_t *farewell; /* an error without an id: the gateway's last word */
    json_t *data;     /* of the last refusal */
    char *in;         /* bytes start to end have come and are not used yet */
    size_t start, end, room;
    size_t looked; /* of them, so many hold no LF */
};

/* --- time ----------------------------------------------------------------------------------------
 */

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -1: for ever */
static int64_t deadline_in(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
}

/* poll() until the deadline: >0 the events, 0 time over. */
static int wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        int left = -1;
        if (deadline >= 0) {
            int64_t ms = deadline - clock_ms();
            left = ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
        }
        struct pollfd poll_fd = {.fd = fd, .events = events};
        int rc = poll(&poll_fd, 1, left);
        if (rc > 0)
            return poll_fd.revents;
        if (rc == 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

/* --- open and close ------------------------------------------------------------------------------
 */

/* A connect(2) to a Unix socket waits while the listener's backlog is full; SO_SNDTIMEO bounds
 * that. */
static int connect_within(int fd, const char *path, int timeout_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = timeout_ms / 1000,
                            .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (timeout_ms == 0)
        limit.tv_usec = 1; /* all zero would mean "no limit" */
    if (timeout_ms >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
        return -errno;
    while (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        if (errno == EAGAIN)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
    return 0;
}

int otpgate_open(const char *path, int timeout_ms, struct otpgate **out)
{
    struct otpgate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return -ENOMEM;
    gate->last = &gate->first;
    gate->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = gate->fd < 0 ? -errno : connect_within(gate->fd, path, timeout_ms);
    if (rc < 0) {
        otpgate_close(gate);
        return rc;
    }
    *out = gate;
    return 0;
}

void otpgate_close(struct otpgate *gate)
{
    if (!gate)
        return;
    if (gate->fd >= 0)
        close(gate->fd);
    while (gate->first) {
        struct note *note = gate->first;
        gate->first = note->next;
        json_decref(note->message);
        free(note);
    }
    for (size_t i = 0; i < OTPGATE_CALLS_MAX; i++)
        json_decref(gate->call[i].reply);
    json_decref(gate->farewell);
    json_decref(gate->data);
    if (gate->in)
        explicit_bzero(gate->in, gate->room);
    free(gate->in);
    free(gate);
}

int otpgate_fd(const struct otpgate *gate)
{
    return gate->fd;
}

/* --- lines in ------------------------------------------------------------------------------------
 */

static struct pending *pending_find(struct otpgate *gate, int64_t id)
{
    for (size_t i = 0; i < OTPGATE_CALLS_MAX; i++)
        if (gate->call[i].id == id)
            return &gate->call[i];
    return NULL;
}

/* Takes `message` over. */
static int note_keep(struct otpgate *gate, json_t *message)
{
    struct note *note = calloc(1, sizeof *note);
    if (!note) {
        json_decref(message);
        return -ENOMEM;
    }
    note->message = message;
    *gate->last = note;
    gate->last = &note->next;
    gate->notes++;
    return 0;
}

/* Takes `message` over: to the call it answers. One that nobody waits for any more is dropped. */
static int reply_keep(struct otpgate *gate, json_t *message)
{
    const json_t *id = json_object_get(message, "id");
    bool whole = json_object_get(message, "result") || json_object_get(message, "error");
    if (whole && json_is_integer(id)) {
        struct pending *call = pending_find(gate, json_integer_value(id));
        if (call && call->id != 0 && !call->reply)
            call->reply = json_incref(message);
    } else if (whole && json_is_null(id)) {
        json_decref(gate->farewell);
        gate->farewell = json_incref(message);
    } else {
        whole = false;
    }
    json_decref(message);
    return whole ? 0 : -EPROTO;
}

/* One line that has come whole: 1 handled, 0 there is none, -errno. Left where it is on -ENOBUFS.
 */
static int line_take(struct otpgate *gate)
{
    size_t len = gate->end - gate->start;
    if (gate->over && gate->over != -ECONNRESET) /* behind nonsense nothing is believed */
        return gate->over;
    if (len == gate->looked)
        return 0;
    const char *line = gate->in + gate->start;
    const char *lf = memchr(line + gate->looked, '\n', len - gate->looked);
    if (!lf) {
        gate->looked = len;
        return 0;
    }
    if (gate->notes >= OTPGATE_NOTES_MAX)
        return -ENOBUFS;
    size_t used = (size_t)(lf - line) + 1;
    json_t *message = json_loadb(line, used, JSON_REJECT_DUPLICATES, NULL);
    gate->start += used;
    gate->looked = 0;
    if (!json_is_object(message)) {
        json_decref(message);
        return gate->over = -EPROTO;
    }
    int rc = json_is_string(json_object_get(message, "method")) ? note_keep(gate, message)
                                                                : reply_keep(gate, message);
    if (rc < 0)
        gate->over = rc;
    return rc < 0 ? rc : 1;
}

/* Room for READ_ROOM more bytes behind what is there. */
static int in_make_room(struct otpgate *gate)
{
    size_t kept = gate->end - gate->start;
    if (kept > OTPGATE_LINE_MAX)
        return -EMSGSIZE;
    if (gate->start > 0) {
        memmove(gate->in, gate->in + gate->start, kept);
        gate->start = 0;
        gate->end = kept;
    }
    if (gate->room - kept >= READ_ROOM)
        return 0;
    size_t room = gate->room ? gate->room * 2 : (size_t)2 * READ_ROOM;
    char *in = realloc(gate->in, room);
    if (!in)
        return -ENOMEM;
    gate->in = in;
    gate->room = room;
    return 0;
}

/* Reads once, without waiting. 0, or -errno: then the connection is over. */
static int in_read(struct otpgate *gate)
{
    int rc = in_make_room(gate);
    if (rc < 0)
        return gate->over = rc;
    ssize_t count = recv(gate->fd, gate->in + gate->end, READ_ROOM, MSG_DONTWAIT);
    if (count > 0)
        gate->end += (size_t)count;
    else if (count == 0)
        gate->over = -ECONNRESET;
    else if (errno != EAGAIN && errno != EINTR)
        gate->over = -errno;
    return gate->over;
}

/* One step on: a line is handled, or bytes are read. 0 (look again), -ETIMEDOUT, or what ended it.
 */
static int gate_step(struct otpgate *gate, int64_t deadline)
{
    int rc = line_take(gate);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (gate->over)
        return gate->over;
    rc = wait_for(gate->fd, POLLIN, deadline);
    if (rc <= 0)
        return rc < 0 ? rc : -ETIMEDOUT;
    return in_read(gate) == -ECONNRESET ? 0
                                        : gate->over; /* at the end, look for whole lines first */
}

/* --- requests out --------------------------------------------------------------------------------
 */

/* Writes all of it. While the gateway does not take it, what it sends is read: it may be waiting
 * for that. */
static int line_write(struct otpgate *gate, const char *line, size_t len, int64_t deadline)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t count = send(gate->fd, line + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (size_t)count;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -ECONNRESET;
        bool full = gate->notes >= OTPGATE_NOTES_MAX || gate->over;
        int ready = wait_for(gate->fd, full ? POLLOUT : POLLOUT | POLLIN, deadline);
        int rc = ready < 0 ? ready : ready == 0 ? -ETIMEDOUT : 0;
        if (rc == 0 && (ready & POLLIN) && !full)
            rc = in_read(gate);
        while (rc == 0 && line_take(gate) == 1)
            ;
        if (rc < 0) {
            if (sent > 0) /* half a request is out: nothing sensible can follow it */
                gate->over = gate->over ? gate->over : -ECONNRESET;
            return rc;
        }
    }
    return 0;
}

/* Takes `params` over. */
static char *request_line(int64_t id, const char *method, json_t *params, size_t *len)
{
    json_t *request =
        json_pack("{s:s, s:I, s:s}", "jsonrpc", "2.0", "id", (json_int_t)id, "method", method);
    bool complete = request != NULL;
    if (params && json_object_set_new(request, "params", params) < 0)
        complete = false;
    char *line = complete ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (!line)
        return NULL;
    *len = strlen(line);
    line[(*len)++] = '\n'; /* in place of the NUL: counted from here on */
    return line;
}

int otpgate_start(struct otpgate *gate, const char *method, json_t *params, int timeout_ms,
                  int64_t *id)
{
    int64_t deadline = deadline_in(timeout_ms);
    struct pending *call = pending_find(gate, 0);
    if (gate->over || !call) {
        json_decref(params);
        return gate->over ? gate->over : -ENOBUFS;
    }
    size_t len = 0;
    char *line = request_line(gate->last_id + 1, method, params, &len);
    if (!line)
        return -ENOMEM;
    int rc = line_write(gate, line, len, deadline);
    explicit_bzero(line, len); /* it may hold a code */
    free(line);
    if (rc < 0 && rc != -ECONNRESET)
        return rc;
    /* on -ECONNRESET the gateway may have said why before it hung up: finish will find it */
    call->id = *id = ++gate->last_id;
    return 0;
}

/* --- answers -------------------------------------------------------------------------------------
 */

static void text_take(char *out, size_t room, const json_t *text)
{
    snprintf(out, room, "%s", json_is_string(text) ? json_string_value(text) : "");
}

static int error_fill(struct otpgate *gate, const json_t *reply, struct otpgate_error *error)
{
    json_t *said = json_object_get(reply, "error");
    json_decref(gate->data);
    gate->data = json_incref(json_object_get(said, "data"));
    if (error) {
        memset(error, 0, sizeof *error);
        error->code = (int)json_integer_value(json_object_get(said, "code"));
        error->retry_after_s =
            (int)json_integer_value(json_object_get(gate->data, "retry_after_s"));
        error->data = gate->data;
        text_take(error->name, sizeof error->name, json_object_get(gate->data, "name"));
        text_take(error->message, sizeof error->message, json_object_get(said, "message"));
    }
    return -EREMOTEIO;
}

/* The call is over with its reply, or with the gateway's farewell. */
static int call_end(struct otpgate *gate, struct pending *call, json_t **result,
                    struct otpgate_error *error)
{
    json_t *reply = call->reply ? call->reply : json_incref(gate->farewell);
    json_t *good = json_object_get(reply, "result");
    int rc = 0;
    call->reply = NULL;
    call->id = 0;
    if (!good)
        rc = error_fill(gate, reply, error);
    else if (result)
        *result = json_incref(good);
    json_decref(reply);
    return rc;
}

int otpgate_finish(struct otpgate *gate, int64_t id, int timeout_ms, json_t **result,
                   struct otpgate_error *error)
{
    int64_t deadline = deadline_in(timeout_ms);
    struct pending *call = id > 0 ? pending_find(gate, id) : NULL;
    if (!call)
        return -EINVAL;
    while (!call->reply && !gate->farewell) {
        int rc = gate_step(gate, deadline);
        if (rc < 0 && rc != -ETIMEDOUT && rc != -ENOBUFS)
            call->id = 0;
        if (rc < 0)
            return rc;
    }
    return call_end(gate, call, result, error);
}

void otpgate_forget(struct otpgate *gate, int64_t id)
{
    struct pending *call = id > 0 ? pending_find(gate, id) : NULL;
    if (!call)
        return;
    json_decref(call->reply);
    *call = (struct pending){0};
}

int otpgate_call(struct otpgate *gate, const char *method, json_t *params, int timeout_ms,
                 json_t **result, struct otpgate_error *error)
{
    int64_t deadline = deadline_in(timeout_ms), id = 0;
    int rc = otpgate_start(gate, method, params, timeout_ms, &id);
    if (rc < 0)
        return rc;
    int left = -1;
    if (deadline >= 0)
        left = deadline > clock_ms() ? (int)(deadline - clock_ms()) : 0;
    rc = otpgate_finish(gate, id, left, result, error);
    otpgate_forget(gate, id);
    return rc;
}

int otpgate_next(struct otpgate *gate, int timeout_ms, char **method, json_t **params)
{
    int64_t deadline = deadline_in(timeout_ms);
    while (!gate->first) {
        int rc = gate_step(gate, deadline);
        if (rc < 0)
            return rc;
    }
    struct note *note = gate->first;
    if (method) {
        *method = strdup(json_string_value(json_object_get(note->message, "method")));
        if (!*method)
            return -ENOMEM;
    }
    gate->first = note->next;
    if (!gate->first)
        gate->last = &gate->first;
    gate->notes--;
    *params = json_incref(json_object_get(note->message, "params"));
    json_decref(note->message);
    free(note);
    return 0;
}

int otpgate_wait(struct otpgate *gate, int64_t id, int timeout_ms)
{
    int64_t deadline = deadline_in(timeout_ms);
    const struct pending *call = id > 0 ? pending_find(gate, id) : NULL;
    if (!call)
        return -EINVAL;
    while (!call->reply && !gate->first && !gate->farewell) {
        int rc = gate_step(gate, deadline);
        if (rc < 0)
            return rc;
    }
    return 0;
}

const char *otpgate_reason(int rc)
{
    static const struct {
        int rc;
        const char *sentence;
    } reasons[] = {
        {0, "it went well"},
        {-EREMOTEIO, "the gateway refused"},
        {-ETIMEDOUT, "no answer came in time"},
        {-ECONNRESET, "the gateway closed the connection"},
        {-EPIPE, "the gateway closed the connection"},
        {-EPROTO, "the answer is not of this protocol"},
        {-EMSGSIZE, "the answer is too long"},
        {-ENOBUFS, "too much is waiting to be taken"},
        {-EINVAL, "no such call is under way"},
        {-ENOMEM, "no memory"},
        {-ENOENT, "there is no such socket: is the gateway running?"},
        {-ECONNREFUSED, "nobody listens on this socket: is the gateway running?"},
        {-EACCES, "this user may not use the socket"},
        {-ENAMETOOLONG, "the socket's path is too long"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].rc == rc)
            return reasons[i].sentence;
    return strerror(-rc);
}
