/* port_hang: sticks that hang in the kernel, at each of the calls that open, configure and close a
 * port: the loop turns on, other ports open, and what was under way is given up or waited for. Runs
 * inside `stick run` (tests/sim/stick), whose preload hangs where a FIFO says so. */
#include "cm.h"
#include "offload.h"
#include "port.h"
#include "real_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HUNG, OTHER, STICKS, WHILE_MS = 1300 }; /* who lets go of a port is heard after a second */

struct stick {
    const char *name;
    int master;
    char pty[64];
    struct port *port;
    struct real_peer peer;
};

struct world {
    struct loop *loop;
    struct stick stick[STICKS];
    unsigned woken;
    char fifo[512];
};

static void run(const char *verb, const struct stick *stick, int usb)
{
    char command[512];
    snprintf(command, sizeof(command), STICK " %s '%s' %s %s 1-%d", verb, getenv("UMOCKDEV_DIR"),
             stick->name, stick->pty, usb + 1);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own script */
}

static int setup(void **state)
{
    static const char *const names[] = {"ttyUSB71", "ttyUSB72"};
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_event_new();
    assert_non_null(world->loop);
    for (int i = 0; i < STICKS; i++) {
        struct stick *stick = &world->stick[i];
        const char *why = NULL;
        char uri[64];
        int slave;
        stick->name = names[i];
        assert_int_equal(openpty(&stick->master, &slave, stick->pty, NULL, NULL), 0);
        assert_int_equal(fcntl(stick->master, F_SETFD, FD_CLOEXEC), 0);
        close(slave);
        run("plug", stick, i);
        snprintf(uri, sizeof(uri), "/dev/%s", stick->name);
        assert_int_equal(port_new(world->loop, uri, &stick->port, &why), 0);
    }
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < STICKS; i++) {
        real_close(&world->stick[i].peer);
        port_free(world->stick[i].port);
    }
    assert_true(offload_settle(REAL_LIMIT_MS));
    for (int i = 0; i < STICKS; i++) {
        run("unplug", &world->stick[i], i);
        close(world->stick[i].master);
    }
    loop_free(world->loop);
    free(world);
    return 0;
}

/* --- hanging --- */

/* From now on: the next such call for this stick. */
static void hangs_in(struct world *world, const char *call)
{
    char dir[256];
    snprintf(dir, sizeof(dir), "%s/hang", getenv("UMOCKDEV_DIR"));
    (void)mkdir(dir, 0700);
    snprintf(world->fifo, sizeof(world->fifo), "%s/%s.%s", dir, call,
             strrchr(world->stick[HUNG].pty, '/') + 1);
    assert_int_equal(mkfifo(world->fifo, 0600), 0);
}

/* Until it does. Closing what this returns lets it go on. Not by umockdev's open(), which keeps
 * everybody out as long as it waits. */
static int until_it_hangs(struct world *world)
{
    int fifo = (int)syscall(SYS_openat, AT_FDCWD, world->fifo, O_WRONLY | O_CLOEXEC);
    assert_true(fifo >= 0);
    assert_int_equal(unlink(world->fifo), 0);
    return fifo;
}

/* --- the ports --- */

static void begin(struct stick *stick)
{
    memset(&stick->peer, 0, sizeof(stick->peer));
    assert_int_equal(port_open(stick->port, &real_sink, &stick->peer, &stick->peer.stream), 0);
}

static void talk(struct world *world, int which)
{
    struct stick *stick = &world->stick[which];
    char got[8] = "";
    assert_true(real_until(world->loop, real_is_open, &stick->peer));
    assert_int_equal(stream_write(stick->peer.stream, "AT\r", 3), 0);
    assert_int_equal(read(stick->master, got, sizeof(got)), 3);
    assert_string_equal(got, "AT\r");
    assert_int_equal(write(stick->master, "\r\nOK\r\n", 6), 6);
    assert_true(real_gets(world->loop, &stick->peer, "\r\nOK\r\n"));
}

/* Meanwhile: the loop turns, and another stick's port opens, talks, is closed and opens anew. */
static void others_go_on(struct world *world)
{
    struct stick *other = &world->stick[OTHER];
    for (int i = 0; i < 3; i++) {
        begin(other);
        talk(world, OTHER);
        real_close(&other->peer);
    }
}

/* How many fds of this process lead to the hung stick. */
static unsigned fds_of(const struct world *world)
{
    unsigned found = 0;
    for (int fd = 3; fd < 64; fd++) {
        char link[64], target[64] = "";
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        found += readlink(link, target, sizeof(target) - 1) > 0 &&
                 strcmp(target, world->stick[HUNG].pty) == 0;
    }
    return found;
}

static const char *const opening[] = {"open", "tcsetattr", "lines"};
enum { OPENING = sizeof(opening) / sizeof(opening[0]) };

static void opens_late(void **state)
{
    struct world *world = *state;
    struct stick *stick = &world->stick[HUNG];
    for (int i = 0; i < OPENING; i++) {
        hangs_in(world, opening[i]);
        begin(stick);
        int fifo = until_it_hangs(world);
        others_go_on(world);
        assert_int_equal(stick->peer.opened + stick->peer.gone, 0);
        assert_int_equal(stream_write(stick->peer.stream, "AT\r", 3), -ENOTCONN);
        close(fifo);
        talk(world, HUNG);
        real_close(&stick->peer);
    }
}

/* What the owner gave up is closed when it comes, and the next open does not meet it. */
static void given_up(void **state)
{
    struct world *world = *state;
    struct stick *stick = &world->stick[HUNG];
    for (int i = 0; i < OPENING; i++) {
        hangs_in(world, opening[i]);
        begin(stick);
        int fifo = until_it_hangs(world);
        for (int again = 0; again < 5; again++) {
            real_close(&stick->peer);
            begin(stick);
        }
        others_go_on(world);
        assert_int_equal(stick->peer.opened + stick->peer.gone, 0);
        close(fifo);
        talk(world, HUNG);
        assert_int_equal(fds_of(world), 1);
        real_close(&stick->peer);
        assert_true(offload_settle(REAL_LIMIT_MS));
        assert_int_equal(fds_of(world), 0);
    }
}

/* Whoever gives up may be gone altogether. */
static void given_up_for_good(void **state)
{
    struct world *world = *state;
    struct stick *stick = &world->stick[HUNG];
    const char *why;
    hangs_in(world, "tcsetattr");
    begin(stick);
    int fifo = until_it_hangs(world);
    real_close(&stick->peer);
    port_free(stick->port);
    assert_true(real_turn(world->loop));
    loop_free(world->loop);
    world->loop = NULL;
    port_free(world->stick[OTHER].port);
    assert_int_equal(fds_of(world), 1);
    close(fifo);
    assert_true(offload_settle(REAL_LIMIT_MS));
    assert_int_equal(fds_of(world), 0);
    world->loop = loop_event_new();
    assert_int_equal(port_new(world->loop, "/dev/ttyUSB71", &stick->port, &why), 0);
    assert_int_equal(port_new(world->loop, "/dev/ttyUSB72", &world->stick[OTHER].port, &why), 0);
}

static void closes_late(void **state)
{
    struct world *world = *state;
    struct stick *stick = &world->stick[HUNG];
    begin(stick);
    talk(world, HUNG);
    hangs_in(world, "close");
    real_close(&stick->peer);
    int fifo = until_it_hangs(world);
    begin(stick);
    others_go_on(world);
    assert_int_equal(stick->peer.opened + stick->peer.gone, 0);
    close(fifo);
    talk(world, HUNG); /* and not -EBUSY */
    assert_int_equal(fds_of(world), 1);
}

static void wake(void *arg)
{
    ((struct world *)arg)->woken++;
}

static bool is_woken(void *arg)
{
    return ((struct world *)arg)->woken > 0;
}

static bool is_quiet(void *arg)
{
    (void)arg;
    return !offload_is_busy("/dev/ttyUSB71");
}

static void over(void *arg)
{
    loop_stop(arg);
}

static void idle(struct world *world, int64_t ms)
{
    struct loop_timer timer;
    loop_timer_init(&timer, world->loop, over, world->loop);
    loop_timer_arm_in(&timer, ms);
    assert_int_equal(loop_run(world->loop), 0);
}

/* A port that hung up and is still there: to try it once a second would be no rest. */
static void our_own_close_wakes_nobody(void **state)
{
    struct world *world = *state;
    struct stick *stick = &world->stick[HUNG];
    for (int hangs = 0; hangs < 2; hangs++) {
        begin(stick);
        talk(world, HUNG);
        if (hangs)
            hangs_in(world, "close");
        real_close(&stick->peer);
        world->woken = 0;
        port_watch(stick->port, wake, world);
        if (hangs)
            close(until_it_hangs(world));
        assert_true(real_until(world->loop, is_quiet, NULL));
        idle(world, WHILE_MS);
        assert_int_equal(world->woken, 0);
        int twin = open(stick->pty, O_RDWR | O_NOCTTY | O_CLOEXEC);
        close(twin);
        assert_true(real_until(world->loop, is_woken, world));
        assert_int_equal(world->woken, 1);
    }
}

/* While ours hangs, too: what is plugged in instead is another device. */
static void another_one_wakes_at_once(void **state)
{
    struct world *world = *state;
    struct stick *stick = &world->stick[HUNG];
    begin(stick);
    talk(world, HUNG);
    hangs_in(world, "close");
    real_close(&stick->peer);
    port_watch(stick->port, wake, world);
    int fifo = until_it_hangs(world);
    assert_true(real_turn(world->loop));
    assert_int_equal(world->woken, 0);
    run("unplug", stick, HUNG);
    run("plug", stick, HUNG);
    assert_true(real_until(world->loop, is_woken, world));
    begin(stick);
    close(fifo);
    talk(world, HUNG);
}

/* A run that was ended has left a FIFO, say. */
static void no_longer_hangs(void)
{
    char command[256];
    snprintf(command, sizeof(command), "rm -rf '%s/hang'", getenv("UMOCKDEV_DIR"));
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own script */
}

int main(void)
{
    if (!getenv("UMOCKDEV_DIR")) {
        fprintf(stderr, "to be started by: stick run ROOT %s\n", program_invocation_name);
        return 1;
    }
    no_longer_hangs();
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(opens_late),
        TEST(given_up),
        TEST(given_up_for_good),
        TEST(closes_late),
        TEST(our_own_close_wakes_nobody),
        TEST(another_one_wakes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
