/* modemsim_control: see modemsim_control.h. Lines in, lines out, and calls that wait. */
#include "modemsim_control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 65536, OUT_MAX = 1 << 24, WAITS = 16 };

struct waiting {
    struct modemsim_control_client *client;
    struct sim_timer timer;
    json_t *id; /* NULL: this place is free */
    enum sim_event_kind event;
    int modem;
    uint64_t count;
};
struct modemsim_control_client {
    struct modemsim_control *control;
    struct modemsim_control_client *next;
    struct modemsim_watch io;
    char in[LINE_MAX_BYTES];
    size_t in_len;
    char *out;
    size_t out_len, out_room;
    bool cut; /* is freed at the end of its turn */
    struct waiting waits[WAITS];
};

/* --- out --- */

static void write_out(struct modemsim_control_client *client)
{
    size_t at = 0;
    while (at < client->out_len) {
        ssize_t count = send(client->io.fd, client->out + at, client->out_len - at, MSG_NOSIGNAL);
        if (count > 0)
            at += (size_t)count;
        else if (count < 0 && errno == EINTR)
            continue;
        else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        else {
            client->cut = true;
            break;
        }
    }
    client->out_len -= at;
    memmove(client->out, client->out + at, client->out_len);
}

/* Takes `object` over. */
static void reply(struct modemsim_control_client *client, json_t *object)
{
    char *line = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!line)
        abort();
    size_t len = strlen(line);
    if (client->out_len + len + 1 > client->out_room) {
        client->out_room = 2 * (client->out_len + len + 1);
        client->out = sim_grow(client->out, client->out_room);
    }
    memcpy(client->out + client->out_len, line, len);
    client->out[client->out_len + len] = '\n';
    client->out_len += len + 1;
    free(line);
    write_out(client);
    if (client->out_len > OUT_MAX)
        client->cut = true;
}

static void reply_error(struct modemsim_control_client *client, json_t *id, int code,
                        const char *message)
{
    reply(client, json_pack("{s:s, s:O?, s:{s:i, s:s}}", "jsonrpc", "2.0", "id",
                            id ? id : json_null(), "error", "code", code, "message", message));
}

static void reply_result(struct modemsim_control_client *client, json_t *id, json_t *result)
{
    reply(client, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

/* --- calls that wait --- */

uint64_t modemsim_control_counted(const struct modemsim_control *control, enum sim_event_kind event,
                                  int modem)
{
    return modem < 0 ? control->log->count[event] : control->log->modem_count[modem][event];
}

static void wait_end(struct waiting *waiting)
{
    sim_timer_cancel(&waiting->timer);
    json_decref(waiting->id);
    waiting->id = NULL;
}

static void wait_timeout(void *arg)
{
    struct waiting *waiting = arg;
    reply_error(waiting->client, waiting->id, -32000, "timeout");
    wait_end(waiting);
}

static bool wait_check(struct waiting *waiting)
{
    const struct modemsim_control *control = waiting->client->control;
    uint64_t count = modemsim_control_counted(control, waiting->event, waiting->modem);
    if (count < waiting->count)
        return false;
    modemsim_log_flush(control->log);
    reply_result(waiting->client, waiting->id, json_pack("{s:I}", "count", (json_int_t)count));
    wait_end(waiting);
    return true;
}

static void event_counted(void *arg, enum sim_event_kind kind)
{
    struct modemsim_control *control = arg;
    for (struct modemsim_control_client *client = control->clients; client; client = client->next)
        for (int i = 0; i < WAITS; i++)
            if (client->waits[i].id && client->waits[i].event == kind)
                (void)wait_check(&client->waits[i]);
}

static void wait_begin(struct modemsim_control_client *client, json_t *id,
                       const struct modemsim_reply *wanted)
{
    int i = 0;
    while (i < WAITS && client->waits[i].id)
        i++;
    if (i == WAITS) {
        reply_error(client, id, -32000, "too many calls wait");
        return;
    }
    struct waiting *waiting = &client->waits[i];
    waiting->client = client;
    waiting->id = json_incref(id);
    waiting->event = wanted->event;
    waiting->modem = wanted->modem;
    waiting->count = wanted->count;
    sim_timer_init(&waiting->timer, simnet_clock(client->control->net), wait_timeout, waiting);
    if (!wait_check(waiting))
        sim_timer_arm(&waiting->timer, simnet_now_ms(client->control->net) + wanted->timeout_ms);
}

/* --- in --- */

static void call(struct modemsim_control_client *client, json_t *id, const char *method,
                 json_t *params)
{
    struct modemsim_reply wanted = {.modem = -1};
    for (size_t i = 0; i < modemsim_verb_count; i++) {
        if (strcmp(modemsim_verbs[i].name, method) != 0)
            continue;
        modemsim_log_flush(client->control->log);
        modemsim_verbs[i].run(client->control, params, &wanted);
        modemsim_loop_catch_up();
        if (wanted.code)
            reply_error(client, id, wanted.code, wanted.message);
        else if (wanted.waits)
            wait_begin(client, id, &wanted);
        else
            reply_result(client, id, wanted.result ? wanted.result : json_object());
        return;
    }
    reply_error(client, id, -32601, "no such method");
}

static void take_line(struct modemsim_control_client *client, const char *line, size_t len)
{
    json_error_t error;
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (!request) {
        reply_error(client, NULL, -32700, error.text);
        return;
    }
    json_t *id = json_object_get(request, "id"), *params = json_object_get(request, "params");
    const char *method = json_string_value(json_object_get(request, "method"));
    json_t *empty = json_object();
    if (!id || !method || (params && !json_is_object(params)))
        reply_error(client, id, -32600, "a request has an id, a method and an object as params");
    else
        call(client, id, method, params ? params : empty);
    json_decref(empty);
    json_decref(request);
}

static void client_free(struct modemsim_control_client *client)
{
    struct modemsim_control_client **at = &client->control->clients;
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    for (int i = 0; i < WAITS; i++)
        if (client->waits[i].id)
            wait_end(&client->waits[i]);
    int fd = client->io.fd;
    modemsim_watch_remove(&client->io);
    close(fd);
    free(client->out);
    free(client);
}

static void read_in(struct modemsim_control_client *client)
{
    while (!client->cut) {
        ssize_t count =
            read(client->io.fd, client->in + client->in_len, sizeof client->in - client->in_len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            client->cut = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
            return;
        }
        client->in_len += (size_t)count;
        char *start = client->in, *end = client->in + client->in_len, *lf;
        while ((lf = memchr(start, '\n', (size_t)(end - start)))) {
            if (lf > start)
                take_line(client, start, (size_t)(lf - start));
            start = lf + 1;
        }
        client->in_len = (size_t)(end - start);
        memmove(client->in, start, client->in_len);
        if (client->in_len == sizeof client->in)
            client->cut = true; /* no such long line */
    }
}

static void client_ready(void *arg, unsigned events)
{
    struct modemsim_control_client *client = arg;
    if (client->out_len && (events & EPOLLOUT))
        write_out(client);
    read_in(client);
    if (client->cut)
        client_free(client);
}

static void accept_ready(void *arg, unsigned events)
{
    struct modemsim_control *control = arg;
    (void)events;
    for (;;) {
        int fd = accept4(control->accept.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct modemsim_control_client *client = sim_alloc(sizeof *client);
        client->control = control;
        client->io = (struct modemsim_watch){-1, client_ready, client};
        if (!modemsim_watch_add(&client->io, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP)) {
            close(fd);
            free(client);
            continue;
        }
        client->next = control->clients;
        control->clients = client;
    }
}

bool modemsim_control_start(struct modemsim_control *control)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    control->accept = (struct modemsim_watch){-1, accept_ready, control};
    control->clients = NULL;
    if (strlen(control->path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, control->path, strlen(control->path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct stat old;
    if (lstat(control->path, &old) == 0 && S_ISSOCK(old.st_mode))
        (void)unlink(control->path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 16) ||
        !modemsim_watch_add(&control->accept, fd, EPOLLIN)) {
        int err = errno;
        close(fd);
        errno = err;
        return false;
    }
    control->log->counted = event_counted;
    control->log->counted_arg = control;
    return true;
}

void modemsim_control_stop(struct modemsim_control *control)
{
    int fd = control->accept.fd;
    while (control->clients)
        client_free(control->clients);
    modemsim_watch_remove(&control->accept);
    close(fd);
    (void)unlink(control->path);
    control->log->counted = NULL;
}
