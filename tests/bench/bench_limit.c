/* bench_limit: what no gateway can beat: the least work for the same outcome, one thing at a time.
 *
 *   replay PORT COUNT              the dialogue alone
 *   commits PORT COUNT DB          the dialogue with two commits of the same rows a message
 *   serve SOCKET PORT DB           the same, begun by a line on a socket, which is answered
 *   rows DB COMMITS ROWS           accepts alone, ROWS of them to a commit
 *   echo SOCKET                    a line comes back as it is
 *   flush DIRECTORY COUNT          4 KiB appended and fdatasync
 *
 * Prints one JSON object; serve and echo print "ready" and run until they are ended. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "bench_port.h"
#include "bench_rows.h"

static void on_prompt(void *arg)
{
    struct bench_rows *rows = arg;
    bench_rows_begin(rows);
    bench_rows_committed(rows);
    bench_rows_commit(rows);
}

static void tell(long count, int64_t from_ns, int64_t cpu_ns)
{
    printf("{\"count\": %ld, \"ns\": %" PRId64 ", \"cpu_ns\": %" PRId64 "}\n", count,
           bench_now_ns() - from_ns, bench_cpu_ns() - cpu_ns);
}

static void replay(const char *path, long count)
{
    int port = bench_port_open(path);
    int64_t from_ns = bench_now_ns(), cpu_ns = bench_cpu_ns();
    for (long i = 0; i < count; i++)
        bench_port_send(port, NULL, NULL);
    tell(count, from_ns, cpu_ns);
    close(port);
}

/* The first commit of a message holds what became of the one before, as in the gateway. */
static void replay_with_commits(const char *path, long count, const char *db)
{
    int port = bench_port_open(path);
    struct bench_rows *rows = bench_rows_open(db);
    int64_t from_ns = bench_now_ns(), cpu_ns = bench_cpu_ns();
    for (long i = 0; i < count; i++) {
        bench_rows_begin(rows);
        if (i > 0)
            bench_rows_sent(rows);
        bench_rows_accept(rows);
        bench_rows_claim(rows);
        bench_rows_commit(rows);
        bench_port_send(port, on_prompt, rows);
    }
    tell(count, from_ns, cpu_ns);
    bench_rows_close(rows);
    close(port);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        bench_die(path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) || listen(fd, 128))
        bench_die(path);
    puts("ready");
    fflush(stdout);
    return fd;
}

static void serve_one(int client, int port, struct bench_rows *rows)
{
    char line[4096];
    ssize_t len;
    while ((len = read(client, line, sizeof line)) > 0) {
        bench_rows_begin(rows);
        bench_rows_accept(rows);
        bench_rows_claim(rows);
        bench_rows_commit(rows);
        if (write(client, line, (size_t)len) != len)
            bench_die("answer");
        bench_port_send(port, on_prompt, rows);
        bench_rows_begin(rows);
        bench_rows_sent(rows);
        bench_rows_commit(rows);
    }
}

static void serve(const char *path, const char *port_path, const char *db)
{
    int port = bench_port_open(port_path);
    struct bench_rows *rows = bench_rows_open(db);
    int fd = listen_at(path);
    for (;;) {
        int client = accept(fd, NULL, NULL);
        if (client < 0)
            bench_die("accept");
        serve_one(client, port, rows);
        close(client);
    }
}

static void group_commit(const char *db, long commits, long each)
{
    struct bench_rows *rows = bench_rows_open(db);
    int64_t from_ns = bench_now_ns(), cpu_ns = bench_cpu_ns();
    for (long i = 0; i < commits; i++) {
        bench_rows_begin(rows);
        for (long row = 0; row < each; row++)
            bench_rows_accept(rows);
        bench_rows_commit(rows);
    }
    tell(commits * each, from_ns, cpu_ns);
    bench_rows_close(rows);
}

static void echo_one(int epoll, int client)
{
    char line[4096];
    ssize_t len = read(client, line, sizeof line);
    if (len <= 0) {
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, client, NULL); /* closing does it as well */
        close(client);
    } else if (write(client, line, (size_t)len) != len) {
        bench_die("echo");
    }
}

static void echo(const char *path)
{
    int fd = listen_at(path), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd}, ready[64];
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        bench_die("epoll");
    for (;;) {
        int count = epoll_wait(epoll, ready, 64, -1);
        if (count < 0)
            bench_die("epoll");
        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd != fd) {
                echo_one(epoll, ready[i].data.fd);
                continue;
            }
            event.data.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
            if (event.data.fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event))
                bench_die("accept");
        }
    }
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void flush(const char *directory, long count)
{
    static const char page[4096];
    char path[4096];
    int64_t *took = calloc((size_t)count, sizeof *took);
    snprintf(path, sizeof path, "%s/flush", directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || !took)
        bench_die(path);
    for (long i = 0; i < count; i++) {
        int64_t from_ns = bench_now_ns();
        if (write(fd, page, sizeof page) != sizeof page || fdatasync(fd))
            bench_die("fdatasync");
        took[i] = bench_now_ns() - from_ns;
    }
    qsort(took, (size_t)count, sizeof *took, by_value);
    printf("{\"count\": %ld, \"p50_ns\": %" PRId64 ", \"p99_ns\": %" PRId64 "}\n", count,
           took[count / 2], took[count * 99 / 100]);
    (void)unlink(path); /* the folder goes anyway */
    close(fd);
    free(took);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "replay") && argc == 4)
        replay(argv[2], bench_count(argv[3]));
    else if (!strcmp(what, "commits") && argc == 5)
        replay_with_commits(argv[2], bench_count(argv[3]), argv[4]);
    else if (!strcmp(what, "serve") && argc == 5)
        serve(argv[2], argv[3], argv[4]);
    else if (!strcmp(what, "rows") && argc == 5)
        group_commit(argv[2], bench_count(argv[3]), bench_count(argv[4]));
    else if (!strcmp(what, "echo") && argc == 3)
        echo(argv[2]);
    else if (!strcmp(what, "flush") && argc == 4)
        flush(argv[2], bench_count(argv[3]));
    else {
        fputs("usage: bench_limit replay|commits|serve|rows|echo|flush ..., see the source\n",
              stderr);
        return 2;
    }
    return 0;
}
