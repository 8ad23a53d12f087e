/* port: what opens, who is kept out, and when it is worth trying again. */
#include "cm.h"
#include "real_loop.h"
#include "loop_core.h"
#include "loop_sim.h"
#include "log.h"
#include "port.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static bool no_inotify;

int inotify_init1(int flags)
{
    if (no_inotify) {
        errno = EMFILE;
        return -1;
    }
    return (int)syscall(SYS_inotify_init1, flags);
}

static bool overflow; /* of the events that inotify keeps: what has come is lost */

ssize_t read(int fd, void *bytes, size_t room)
{
    ssize_t len = syscall(SYS_read, fd, bytes, room);
    const struct inotify_event lost = {.wd = -1, .mask = IN_Q_OVERFLOW};
    if (!overflow || room != 4096 || len <= 0)
        return len;
    overflow = false;
    memcpy(bytes, &lost, sizeof lost);
    return sizeof lost;
}

/* What happens right before a directory is watched. */
static const char *watch_of, *then_make;
static const char *closed_dir; /* we may not look into it */

int inotify_add_watch(int fd, const char *name, uint32_t mask)
{
    if (watch_of && strcmp(name, watch_of) == 0) {
        watch_of = NULL;
        assert_int_equal(mkdir(then_make, 0700), 0);
    }
    if (closed_dir && strcmp(name, closed_dir) == 0) {
        errno = EACCES;
        return -1;
    }
    return (int)syscall(SYS_inotify_add_watch, fd, name, mask);
}

struct pty {
    int master, slave;
    char path[64];
};
struct world {
    struct loop *loop;
    struct port *port;
    struct real_peer peer;
    char dir[64];
    unsigned woken;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_event_new();
    assert_non_null(world->loop);
    assert_true(text_copy(world->dir, sizeof(world->dir), "/tmp/otpgate-port-XXXXXX"));
    assert_non_null(mkdtemp(world->dir));
    *state = world;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct world *world = *state;
    real_close(&world->peer);
    port_free(world->port);
    loop_free(world->loop);
    nftw(world->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(world);
    return 0;
}

static const char *in_dir(struct world *world, const char *name)
{
    static char path[4][256];
    static unsigned next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof(path[next]), "%s/%s", world->dir, name);
    return path[next];
}

static struct pty pty_new(void)
{
    struct pty pty;
    assert_int_equal(openpty(&pty.master, &pty.slave, pty.path, NULL, NULL), 0);
    return pty;
}

static void pty_end(struct pty *pty)
{
    close(pty->master);
    if (pty->slave >= 0)
        close(pty->slave);
}

static void link_to(struct world *world, const char *target, const char *name)
{
    assert_int_equal(symlink(target, in_dir(world, "new")), 0);
    assert_int_equal(rename(in_dir(world, "new"), in_dir(world, name)), 0);
}

static void make_port(struct world *world, const char *uri)
{
    const char *why = NULL;
    assert_int_equal(port_new(world->loop, uri, &world->port, &why), 0);
    assert_string_equal(port_uri(world->port), uri);
}

static int try_open(struct world *world)
{
    return port_open(world->port, &real_sink, &world->peer, &world->peer.stream);
}

static void wake(void *arg)
{
    ((struct world *)arg)->woken++;
}

static bool is_woken(void *arg)
{
    return ((struct world *)arg)->woken > 0;
}

static void expect_sleep(struct world *world)
{
    assert_true(real_turn(world->loop));
    assert_int_equal(world->woken, 0);
}

static void expect_wake(struct world *world)
{
    assert_int_equal(world->woken, 0); /* never from inside port_watch() */
    assert_true(real_until(world->loop, is_woken, world));
    assert_true(real_turn(world->loop));
    assert_int_equal(world->woken, 1);
    world->woken = 0;
}

static void uris(void **state)
{
    struct world *world = *state;
    static const char *const bad[] = {
        "",
        "ttyUSB0",
        "dev/ttyUSB0",
        "/",
        "/dev/",
        "tcp://",
        "tcp://host",
        "tcp://:7001",
        "tcp://h:",
        "tcp://h:0",
        "tcp://h:65536",
        "tcp://h:12a",
        "tcp://h:-1",
        "tcp://[::1:7001",
        "tcp://[]:7001",
        "tcp://u@h:7001",
        "tcp://h/x:7001",
        "udp://h:1",
        "tcp://a b:7001",
        "tcp://h:99999999999999999999",
    };
    static const char *const good[] = {
        "/dev/ttyUSB0",     "/dev/otpgate/viettel-1",    "tcp://127.0.0.1:7001",
        "tcp://[::1]:7001", "tcp://serial-server:65535",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct port *port = NULL;
        const char *why = NULL;
        assert_int_equal(port_new(world->loop, bad[i], &port, &why), -EINVAL);
        assert_non_null(why);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        make_port(world, good[i]);
        port_free(world->port);
    }
    char giant[400] = "/";
    const char *why = NULL;
    memset(giant + 1, 'x', sizeof(giant) - 2);
    assert_int_equal(port_new(world->loop, giant, &world->port, &why), -EINVAL);
    world->port = NULL;
}

static void a_pty_is_raw_and_ours_alone(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    struct termios term;
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    link_to(world, pty.path, "modem0");
    assert_int_equal(try_open(world), 0);
    assert_int_equal(tcgetattr(pty.slave, &term), 0);
    assert_int_equal(term.c_lflag & (ECHO | ICANON | ISIG), 0);
    assert_int_equal(term.c_oflag & OPOST, 0);
    assert_int_equal(term.c_cflag & HUPCL, 0);
    assert_int_equal(term.c_cflag & (CLOCAL | CREAD), CLOCAL | CREAD);
    assert_int_equal(cfgetospeed(&term), B115200);
    assert_int_equal(flock(pty.slave, LOCK_EX | LOCK_NB), -1); /* held */
    struct real_peer second = {0};
    assert_int_equal(port_open(world->port, &real_sink, &second, &second.stream), -EBUSY);
    assert_int_equal(write(pty.master, "\r\nOK\r\n", 6), 6);
    assert_true(real_gets(world->loop, &world->peer, "\r\nOK\r\n"));
    assert_int_equal(stream_write(world->peer.stream, "AT\r", 3), 0);
    char got[8] = "";
    assert_int_equal(read(pty.master, got, sizeof(got)), 3);
    assert_string_equal(got, "AT\r");
    stream_drain(world->peer.stream); /* nothing there is not the end */
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.gone, 0);
    real_close(&world->peer);
    assert_int_equal(flock(pty.slave, LOCK_EX | LOCK_NB), 0); /* let go in the same turn */
    pty_end(&pty);
}

static void what_is_no_tty(void **state)
{
    struct world *world = *state;
    close(open(in_dir(world, "file"), O_CREAT | O_WRONLY, 0600));
    make_port(world, in_dir(world, "file"));
    assert_int_equal(try_open(world), -ENOTTY);
    port_free(world->port);
    make_port(world, world->dir);
    assert_true(try_open(world) < 0);
    port_free(world->port);
    make_port(world, in_dir(world, "file/below"));
    assert_int_equal(try_open(world), -ENOTDIR);
    link_to(world, in_dir(world, "loop"), "loop");
    port_free(world->port);
    make_port(world, in_dir(world, "loop"));
    assert_int_equal(try_open(world), -ELOOP);
    port_watch(world->port, wake, world); /* stays finite */
    expect_sleep(world);
}

static void a_node_appears(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    port_watch(world->port, wake, world);
    link_to(world, pty.path, "modem1"); /* a neighbour */
    expect_sleep(world);
    link_to(world, pty.path, "modem0");
    expect_wake(world);
    assert_int_equal(try_open(world), 0);
    pty_end(&pty);
}

static void it_appeared_before_we_watched(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    link_to(world, pty.path, "modem0");
    port_watch(world->port, wake, world);
    expect_wake(world);
    pty_end(&pty);
}

static void a_link_is_replaced(void **state)
{
    struct world *world = *state;
    struct pty one = pty_new(), two = pty_new();
    link_to(world, one.path, "modem0");
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(flock(one.slave, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(try_open(world), -EBUSY);
    port_watch(world->port, wake, world);
    link_to(world, two.path, "modem1"); /* a neighbour */
    expect_sleep(world);                /* busy as before: nothing to try */
    link_to(world, two.path, "modem0");
    expect_wake(world);
    assert_int_equal(try_open(world), 0);
    pty_end(&one);
    pty_end(&two);
}

static void a_dangling_link_comes_true(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    link_to(world, in_dir(world, "deep/node"), "middle");
    link_to(world, "middle", "modem0"); /* relative, and a link to a link */
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    port_watch(world->port, wake, world);
    assert_int_equal(mkdir(in_dir(world, "deep"), 0700), 0);
    expect_sleep(world);
    link_to(world, pty.path, "deep/node");
    expect_wake(world);
    pty_end(&pty);
}

static void directories_appear(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    make_port(world, in_dir(world, "a/b/modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    port_watch(world->port, wake, world);
    assert_int_equal(mkdir(in_dir(world, "a"), 0700), 0);
    expect_sleep(world);
    assert_int_equal(mkdir(in_dir(world, "a/b"), 0700), 0);
    link_to(world, pty.path, "a/b/modem0"); /* before we could watch a/b */
    expect_wake(world);
    /* and go, and come again */
    assert_int_equal(try_open(world), 0);
    real_close(&world->peer);
    assert_int_equal(unlink(in_dir(world, "a/b/modem0")), 0);
    assert_int_equal(try_open(world), -ENOENT);
    port_watch(world->port, wake, world);
    assert_int_equal(rmdir(in_dir(world, "a/b")), 0);
    assert_int_equal(rmdir(in_dir(world, "a")), 0);
    expect_sleep(world);
    assert_int_equal(mkdir(in_dir(world, "a"), 0700), 0);
    assert_int_equal(mkdir(in_dir(world, "a/b"), 0700), 0);
    link_to(world, pty.path, "a/b/modem0");
    expect_wake(world);
    pty_end(&pty);
}

/* Found missing, made, and only then its parent watched: nobody tells of it. */
static void a_directory_slips_in(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    make_port(world, in_dir(world, "a/modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    watch_of = world->dir;
    then_make = in_dir(world, "a");
    port_watch(world->port, wake, world);
    assert_null(watch_of);
    expect_sleep(world);
    link_to(world, pty.path, "a/modem0");
    expect_wake(world);
    pty_end(&pty);
}

static void permissions_change(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    link_to(world, pty.path, "modem0");
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(flock(pty.slave, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(try_open(world), -EBUSY);
    port_watch(world->port, wake, world);
    expect_sleep(world);
    assert_int_equal(chmod(pty.path, 0660), 0);
    expect_wake(world);
    pty_end(&pty);
}

/* Before a rule has given its directory to us: who watches above it hears of that. */
static void a_directory_is_given_to_us(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    const char *dir = in_dir(world, "closed");
    assert_int_equal(mkdir(dir, 0700), 0);
    make_port(world, in_dir(world, "closed/modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    closed_dir = dir;
    port_watch(world->port, wake, world);
    assert_true(loop_core_next_ms(world->loop) == INT64_MAX); /* watched, not polled */
    closed_dir = NULL;
    assert_int_equal(chmod(dir, 0755), 0);
    expect_sleep(world);
    link_to(world, pty.path, "closed/modem0");
    expect_wake(world);
    pty_end(&pty);
}

/* More happened at once than the kernel keeps: what it was is not known, so it is looked. */
static void what_happened_is_lost(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    port_watch(world->port, wake, world);
    overflow = true;
    link_to(world, pty.path, "modem0");
    expect_wake(world);
    assert_false(overflow);
    pty_end(&pty);
}

static void another_program_lets_go(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    link_to(world, pty.path, "modem0");
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(flock(pty.slave, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(try_open(world), -EBUSY);
    port_watch(world->port, wake, world);
    int64_t begin_ms = loop_now_ms(world->loop);
    close(pty.slave);
    pty.slave = -1;
    expect_wake(world);
    assert_true(loop_now_ms(world->loop) >= begin_ms + 1000); /* two of us must not spin */
    assert_int_equal(try_open(world), 0);
    pty_end(&pty);
}

static void quiet(void *arg, enum log_level level, const char *line)
{
    (void)level;
    snprintf(arg, 256, "%s", line);
}

/* What a modem that is left alone waits for. */
static void a_new_one_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new(), other = pty_new();
    link_to(world, pty.path, "modem0");
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), 0);
    assert_true(real_until(world->loop, real_is_open, &world->peer));
    real_close(&world->peer);
    port_watch_new(world->port, wake, world);
    int fd = open(pty.path, O_RDWR | O_NOCTTY); /* another program comes and goes */
    assert_true(fd >= 0);
    close(fd);
    expect_sleep(world);
    assert_true(loop_core_next_ms(world->loop) == INT64_MAX); /* nor is a time awaited */
    link_to(world, other.path, "modem0");
    expect_wake(world);
    assert_int_equal(try_open(world), 0);
    real_close(&world->peer);
    no_inotify = true;
    log_sink_set(quiet, (char[256]){0});
    port_watch_new(world->port, wake, world);
    log_sink_set(NULL, NULL);
    no_inotify = false;
    assert_true(loop_core_next_ms(world->loop) == INT64_MAX);
    port_unwatch(world->port);
    pty_end(&other);
    pty_end(&pty);
}

static void replugged_under_the_same_name(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    char old[64];
    assert_true(text_copy(old, sizeof(old), pty.path));
    link_to(world, old, "modem0");
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), 0);
    assert_true(real_until(world->loop, real_is_open, &world->peer));
    close(pty.master); /* the node goes; the slave keeps the number from everybody else's ptys */
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    real_close(&world->peer);
    port_watch(world->port, wake, world);
    expect_sleep(world);
    close(pty.slave);
    pty = pty_new(); /* the lowest free number: the same, the link was not touched */
    if (strcmp(old, pty.path) != 0)
        link_to(world, pty.path, "modem0"); /* somebody else was quicker: a node there as well */
    expect_wake(world);
    assert_int_equal(try_open(world), 0);
    pty_end(&pty);
}

/* By then nobody tells of it, and all but the time is as it was. */
static void replugged_before_we_watched(void **state)
{
    struct world *world = *state;
    struct timespec made, now;
    struct pty pty = pty_new();
    char old[64];
    assert_true(text_copy(old, sizeof(old), pty.path));
    link_to(world, old, "modem0");
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), 0);
    assert_true(real_until(world->loop, real_is_open, &world->peer));
    close(pty.master);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    real_close(&world->peer);
    close(pty.slave);
    clock_gettime(CLOCK_REALTIME_COARSE, &made); /* a node's time is as coarse */
    do
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    while (now.tv_sec == made.tv_sec && now.tv_nsec == made.tv_nsec);
    pty = pty_new();
    if (strcmp(old, pty.path) != 0)
        link_to(world, pty.path, "modem0");
    port_watch(world->port, wake, world);
    expect_wake(world);
    pty_end(&pty);
}

static void unwatched(void **state)
{
    struct world *world = *state;
    struct pty pty = pty_new();
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    port_watch(world->port, wake, world);
    port_watch(world->port, wake, world); /* one at a time */
    link_to(world, pty.path, "modem0");
    port_unwatch(world->port);
    expect_sleep(world);
    port_watch(world->port, wake, world);
    expect_wake(world);
    port_watch(world->port, wake, world); /* freed while it waits */
    pty_end(&pty);
}

static void without_inotify(void **state)
{
    struct world *world = *state;
    char line[256] = "";
    log_sink_set(quiet, line);
    make_port(world, in_dir(world, "modem0"));
    assert_int_equal(try_open(world), -ENOENT);
    no_inotify = true;
    port_watch(world->port, wake, world);
    no_inotify = false;
    log_sink_set(NULL, NULL);
    assert_non_null(strstr(line, " blind error="));
    int64_t in_ms = loop_core_next_ms(world->loop) - loop_now_ms(world->loop);
    assert_in_range(in_ms, 1000, 30000);
}

static int tcp_listen(char uri[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    snprintf(uri, 64, "tcp://localhost:%u", ntohs(at.sin_port));
    return fd;
}

static int64_t next_try_in(struct world *world)
{
    port_watch(world->port, wake, world);
    int64_t in_ms = loop_core_next_ms(world->loop) - loop_now_ms(world->loop);
    port_unwatch(world->port);
    return in_ms;
}

static void tcp(void **state)
{
    struct world *world = *state;
    char uri[64], got[8] = "";
    int listening = tcp_listen(uri);
    make_port(world, uri);
    next_try_in(world);
    next_try_in(world);
    assert_in_range(next_try_in(world), 2001, 4000);
    assert_int_equal(try_open(world), 0);
    assert_true(real_until(world->loop, real_is_open, &world->peer));
    int far = accept(listening, NULL, NULL);
    assert_int_equal(stream_write(world->peer.stream, "AT\r", 3), 0);
    assert_int_equal(read(far, got, sizeof(got)), 3);
    assert_int_equal(write(far, "OK\r\n", 4), 4);
    assert_true(real_gets(world->loop, &world->peer, "OK\r\n"));
    assert_in_range(next_try_in(world), 0, 1000); /* it opened: from the beginning */
    close(far);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    real_close(&world->peer);
    close(listening);
    int result = try_open(world); /* refused: at once or later */
    if (result == 0) {
        memset(&world->peer.gone, 0, sizeof(world->peer.gone));
        assert_true(real_until(world->loop, real_is_gone, &world->peer));
        result = -world->peer.gone_err;
    }
    assert_int_equal(result, -ECONNREFUSED);
    port_free(world->port);
    real_close(&world->peer);
    make_port(world, "tcp://no-such-host.invalid:7001");
    assert_int_equal(try_open(world), -ENOENT);
}

static void tcp_back_off(void **state)
{
    struct world *world = *state;
    struct loop *real = world->loop;
    static const int64_t steps_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    world->loop = loop_sim_new(0, 0);
    make_port(world, "tcp://127.0.0.1:7001");
    port_watch_new(world->port, wake, world); /* never: there is nothing to be seen */
    assert_true(loop_core_next_ms(world->loop) == INT64_MAX);
    for (size_t i = 0; i < sizeof(steps_ms) / sizeof(steps_ms[0]); i++) {
        int64_t begin_ms = loop_now_ms(world->loop);
        port_watch(world->port, wake, world);
        loop_sim_run_until(world->loop, begin_ms + steps_ms[i] - 1);
        assert_int_equal(world->woken, i);
        loop_sim_run_until(world->loop, begin_ms + steps_ms[i]);
        assert_int_equal(world->woken, i + 1);
    }
    port_free(world->port);
    world->port = NULL;
    loop_free(world->loop);
    world->loop = real;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(uris),
        TEST(a_pty_is_raw_and_ours_alone),
        TEST(what_is_no_tty),
        TEST(a_node_appears),
        TEST(it_appeared_before_we_watched),
        TEST(a_link_is_replaced),
        TEST(a_dangling_link_comes_true),
        TEST(directories_appear),
        TEST(a_directory_slips_in),
        TEST(permissions_change),
        TEST(a_directory_is_given_to_us),
        TEST(what_happened_is_lost),
        TEST(another_program_lets_go),
        TEST(a_new_one_and_nothing_else),
        TEST(replugged_under_the_same_name),
        TEST(replugged_before_we_watched),
        TEST(unwatched),
        TEST(without_inotify),
        TEST(tcp),
        TEST(tcp_back_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
