/* bench_client: clients that cost next to nothing.
 *
 *   load SOCKET CLIENTS COUNT      COUNT message.send in all, one at a time on each connection
 *   turns COUNT PAUSE_MS A B       one to A, one to B, with pauses; prints when each was sent (ns)
 *
 * An answer is counted, and looked at for nothing but "error": who refuses ends the bench. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "bench_port.h"

static int64_t run_id; /* keys of two runs never meet */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        bench_die(path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address))
        bench_die(path);
    return fd;
}

static void ask(int fd, long serial)
{
    char line[512];
    int len = snprintf(line, sizeof line,
                       "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"message.send\",\"params\":{"
                       "\"key\":\"b%08" PRIx64 "-%ld\",\"to\":\"0912345678\",\"text\":"
                       "\"Ma OTP: %06ld. Hieu luc 5 phut.\",\"ttl_s\":3600}}\n",
                       serial, (uint64_t)run_id & 0xffffffff, serial, serial % 1000000);
    if (write(fd, line, (size_t)len) != len)
        bench_die("ask");
}

/* True when a whole line is there: one answer, for one question is open at a time. */
static bool answered(int fd, char *line, size_t room, size_t *have)
{
    ssize_t len = read(fd, line + *have, room - 1 - *have);
    if (len <= 0)
        bench_die("no answer");
    *have += (size_t)len;
    line[*have] = '\0';
    if (line[*have - 1] != '\n')
        return false;
    *have = 0;
    if (!strstr(line, "\"error\""))
        return true;
    fprintf(stderr, "bench: refused: %s", line);
    exit(2);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct client {
    int fd;
    size_t have;
    int64_t asked_ns;
    char line[2048];
};

static void client_ask(struct client *client, long serial)
{
    client->asked_ns = bench_now_ns();
    ask(client->fd, serial);
}

static void load_run(struct client *clients, long count, long clients_count, int epoll,
                     int64_t *took)
{
    struct epoll_event ready[64];
    long asked = 0, done = 0;
    for (long i = 0; i < clients_count && asked < count; i++)
        client_ask(&clients[i], asked++);
    while (done < count) {
        int events = epoll_wait(epoll, ready, 64, -1);
        for (int i = 0; i < events; i++) {
            struct client *client = ready[i].data.ptr;
            if (!answered(client->fd, client->line, sizeof client->line, &client->have))
                continue;
            took[done++] = bench_now_ns() - client->asked_ns;
            if (asked < count)
                client_ask(client, asked++);
        }
    }
}

static void load(const char *path, long clients_count, long count)
{
    struct client *clients = calloc((size_t)clients_count, sizeof *clients);
    int64_t *took = calloc((size_t)count, sizeof *took);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!clients || !took || epoll < 0)
        bench_die("memory");
    for (long i = 0; i < clients_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        clients[i].fd = connect_to(path);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event))
            bench_die("epoll");
    }
    int64_t from_ns = bench_now_ns();
    load_run(clients, count, clients_count, epoll, took);
    int64_t ns = bench_now_ns() - from_ns;
    qsort(took, (size_t)count, sizeof *took, by_value);
    printf("{\"count\": %ld, \"from_ns\": %" PRId64 ", \"ns\": %" PRId64 ", \"p50_ns\": %" PRId64
           ", \"p99_ns\": %" PRId64 "}\n",
           count, from_ns, ns, took[count / 2], took[count * 99 / 100]);
    free(took);
    free(clients);
}

static void turns(long count, long pause_ms, char **path)
{
    const struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
    int fd[2] = {connect_to(path[0]), connect_to(path[1])};
    char line[2048];
    for (long i = 0; i < 2 * count; i++) {
        size_t have = 0;
        int64_t at_ns = bench_now_ns();
        ask(fd[i % 2], i);
        while (!answered(fd[i % 2], line, sizeof line, &have))
            continue;
        printf("%s%" PRId64, i ? ", " : "[", at_ns);
        nanosleep(&pause, NULL);
    }
    puts("]");
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    run_id = bench_now_ns();
    if (!strcmp(what, "load") && argc == 5)
        load(argv[2], bench_count(argv[3]), bench_count(argv[4]));
    else if (!strcmp(what, "turns") && argc == 6)
        turns(bench_count(argv[2]), bench_count(argv[3]), argv + 4);
    else {
        fputs("usage: bench_client load|turns ..., see the source\n", stderr);
        return 2;
    }
    return 0;
}
