/* server: the real socket on the real loop: who gets in, whose socket it is, what a crash leaves.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hall_world.h"
#include "log.h"
#include "loop_event.h"
#include "server.h"

#define SEND                                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"message.send\",\"params\":{\"key\":\"a\","         \
    "\"to\":\"+84912345678\",\"text\":\"t\"}}\n"
#define INFO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.info\"}\n"

static struct world world;
static char dir[64];
static const char *why;

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

/* --- the loop, for as long as it takes ------------------------------------------------------ */

static struct loop_timer pace;
static bool (*arrived)(void *arg);
static void *arrived_arg;
static int64_t give_up_ms;

static void on_pace(void *arg)
{
    (void)arg;
    if (arrived(arrived_arg) || loop_now_ms(world.loop) > give_up_ms)
        loop_stop(world.loop);
    else
        loop_timer_arm_in(&pace, 1);
}

/* Turns until `fn` says so; fails after ten seconds. */
static void run_until(bool (*fn)(void *arg), void *arg)
{
    arrived = fn;
    arrived_arg = arg;
    give_up_ms = loop_now_ms(world.loop) + 10000;
    loop_timer_init(&pace, world.loop, on_pace, NULL);
    loop_timer_arm_in(&pace, 0);
    assert_int_equal(loop_run(world.loop), 0);
    assert_true(fn(arg));
}

static int setup(void **state)
{
    (void)state;
    const struct store_options options = {.boot_id = "boot-1"};
    log_sink_set(on_log, NULL);
    strcpy(dir, "/tmp/otpgate-server-XXXXXX");
    assert_non_null(mkdtemp(dir));
    world = (struct world){.config = {.name = "test",
                                      .socket_mode = 0600,
                                      .max_connections = 64,
                                      .max_connections_total = 256,
                                      .max_in_flight = 4,
                                      .max_line_bytes = 4096,
                                      .max_unsent_kb = 64}};
    snprintf(world.config.socket, sizeof world.config.socket, "%s/s", dir);
    world.loop = loop_event_new();
    assert_non_null(world.loop);
    assert_int_equal(store_open(world.loop, &options, &world.store, &why), 0);
    world.gateway.loop = world.loop;
    world.gateway.store = world.store;
    world.front = front_new(world.loop, world.store, &world.gateway, &world.config);
    return world.front ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    front_free(world.front);
    store_close(world.store);
    loop_free(world.loop);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

/* --- clients -------------------------------------------------------------------------------- */

static int knock(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    memcpy(address.sun_path, world.config.socket, sizeof address.sun_path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address)) {
        int err = errno;
        close(fd);
        return -err;
    }
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static bool has_answer(void *arg)
{
    char c;
    return recv(*(int *)arg, &c, 1, MSG_PEEK) >= 0 || errno != EAGAIN;
}

static void hear(int fd, const char *part)
{
    char text[2048];
    run_until(has_answer, &fd);
    ssize_t len = recv(fd, text, sizeof text - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    if (!strstr(text, part))
        fail_msg("heard %s, wanted %s", text, part);
}

static void hear_end(int fd)
{
    char c;
    run_until(has_answer, &fd);
    assert_true(recv(fd, &c, 1, 0) <= 0);
}

static bool all_left(void *arg)
{
    (void)arg;
    return world.front->sessions.count == 0;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void a_client_is_served(void **state)
{
    (void)state;
    struct server *server;
    struct stat made;
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    assert_int_equal(stat(world.config.socket, &made), 0);
    assert_int_equal(made.st_mode & 07777, 0600);
    int fd = knock();
    assert_true(fd >= 0);
    say(fd, INFO);
    hear(fd, "\"result\"");
    assert_int_equal(world.front->sessions.first->peer.pid, getpid());
    assert_int_equal(world.front->sessions.first->peer.uid, geteuid());
    close(fd);
    run_until(all_left, NULL);
    server_free(server);
    assert_int_equal(access(world.config.socket, F_OK), -1);
}

/* printf ... | socat - UNIX-CONNECT:...: the client shuts its half and waits. */
static void a_client_that_has_said_everything_still_hears(void **state)
{
    (void)state;
    struct server *server;
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    int fd = knock();
    say(fd, SEND); /* its answer waits for the commit, and the end of what it says comes before */
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    hear(fd, "\"queued\"");
    hear_end(fd);
    run_until(all_left, NULL);
    close(fd);
    server_free(server);
}

static void a_second_daemon_is_refused(void **state)
{
    (void)state;
    struct server *server, *second;
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    assert_int_equal(server_new(world.loop, world.front, &world.config, &second, &why),
                     -EADDRINUSE);
    assert_non_null(strstr(why, "another daemon"));
    int fd = knock(); /* the first is as it was */
    say(fd, INFO);
    hear(fd, "\"result\"");
    close(fd);
    server_free(server);
}

/* Another program, which knows nothing of our lock. */
static void a_socket_that_answers_is_left_alone(void **state)
{
    (void)state;
    struct server *server;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, world.config.socket, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why),
                     -EADDRINUSE);
    close(fd); /* as a crash leaves it: the file stays, nobody answers */
    assert_int_equal(access(world.config.socket, F_OK), 0);
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    fd = knock();
    assert_true(fd >= 0);
    close(fd);
    server_free(server);
}

static void what_is_no_socket_is_never_removed(void **state)
{
    (void)state;
    struct server *server;
    int fd = open(world.config.socket, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), -EEXIST);
    assert_int_equal(access(world.config.socket, F_OK), 0);
}

static void a_socket_that_is_not_ours_any_more_stays(void **state)
{
    (void)state;
    struct server *server;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    assert_int_equal(unlink(world.config.socket), 0);
    memcpy(address.sun_path, world.config.socket, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    server_free(server);
    assert_int_equal(access(world.config.socket, F_OK), 0);
    close(fd);
}

static void paths_that_cannot_be_are_told(void **state)
{
    (void)state;
    struct server *server;
    snprintf(world.config.socket, sizeof world.config.socket, "%s/none/s", dir);
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), -ENOENT);
    assert_non_null(why);
}

enum { MANY = 1000, BATCH = 100 };
struct many {
    int fd[MANY];
    int knocked;
    size_t away;
};

/* Each has been let in, or has heard why not. */
static bool many_are_settled(void *arg)
{
    struct many *many = arg;
    char text[512];
    for (int i = 0; i < many->knocked; i++) {
        ssize_t len = many->fd[i] < 0 ? -1 : recv(many->fd[i], text, sizeof text - 1, 0);
        if (len < 0)
            continue;
        text[len] = '\0';
        assert_non_null(strstr(text, "rate_limited"));
        close(many->fd[i]);
        many->fd[i] = -1;
        many->away++;
    }
    return world.front->sessions.count + many->away == (size_t)many->knocked;
}

static void a_thousand_connections(void **state)
{
    (void)state;
    static struct many many;
    struct server *server;
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    while (many.knocked < MANY) {
        for (int i = 0; i < BATCH; i++, many.knocked++) {
            many.fd[many.knocked] = knock();
            assert_true(many.fd[many.knocked] >= 0);
        }
        run_until(many_are_settled, &many);
    }
    assert_int_equal(world.front->sessions.count, 64);
    assert_true(many.fd[63] >= 0);
    say(many.fd[63], INFO);
    hear(many.fd[63], "\"result\"");
    for (int i = 0; i < 64; i++)
        close(many.fd[i]);
    run_until(all_left, NULL);
    server_free(server);
}

static bool one_is_in(void *arg)
{
    (void)arg;
    return world.front->sessions.count == 1;
}

static int rests;

static void count_rests(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    rests += strstr(line, " rests ") != NULL;
}

static bool has_passed(void *arg)
{
    return loop_now_ms(world.loop) >= *(int64_t *)arg;
}

/* A connection that waits keeps the socket readable: the watch must rest. */
static void no_descriptors_left_is_no_spin(void **state)
{
    (void)state;
    struct server *server;
    struct rlimit limit, few;
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    int fd = knock();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few = limit;
    few.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    log_sink_set(count_rests, NULL);
    int64_t until = loop_now_ms(world.loop) + 100;
    run_until(has_passed, &until);
    assert_int_equal(world.front->sessions.count, 0);
    assert_true(rests >= 1 && rests <= 2);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    run_until(one_is_in, NULL);
    close(fd);
    run_until(all_left, NULL);
    server_free(server);
}

/* As systemd starts a service: the socket is there before the program. Set up before anything else
 * is opened. */
static int setup_given(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/otpgate-server-given"};
    char pid[16];
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) || listen(fd, 8) ||
        dup2(fd, 3) != 3)
        return -1;
    if (fd != 3)
        close(fd);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    int rc = setup(state);
    strcpy(world.config.socket, address.sun_path);
    return rc;
}

static void a_socket_of_systemd_is_taken(void **state)
{
    (void)state;
    struct server *server;
    assert_int_equal(server_new(world.loop, world.front, &world.config, &server, &why), 0);
    assert_null(getenv("LISTEN_FDS"));
    int fd = knock();
    say(fd, INFO);
    hear(fd, "\"result\"");
    close(fd);
    run_until(all_left, NULL);
    server_free(server);
    assert_int_equal(access(world.config.socket, F_OK), 0); /* it is not ours to remove */
    unlink(world.config.socket);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_socket_of_systemd_is_taken, setup_given, teardown),
        TEST(a_client_is_served),
        TEST(a_client_that_has_said_everything_still_hears),
        TEST(a_second_daemon_is_refused),
        TEST(a_socket_that_answers_is_left_alone),
        TEST(what_is_no_socket_is_never_removed),
        TEST(a_socket_that_is_not_ours_any_more_stays),
        TEST(paths_that_cannot_be_are_told),
        TEST(a_thousand_connections),
        TEST(no_descriptors_left_is_no_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
