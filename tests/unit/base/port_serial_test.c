/* port_serial: the real path through libserialport, on a simulated USB stick. Runs inside
 * `stick run` (tests/sim/stick); the other end of the stick's pty is ours. */
#include "cm.h"
#include "offload.h"
#include "real_loop.h"
#include "port.h"
#include "port_real.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const char node[] = "/dev/ttyUSB7";

struct world {
    struct loop *loop;
    struct port *port;
    struct real_peer peer;
    int master;
    char pty[64];
    unsigned woken;
};

static void stick(const char *verb, const char *args)
{
    char command[512];
    snprintf(command, sizeof(command), STICK " %s '%s' ttyUSB7 %s", verb, getenv("UMOCKDEV_DIR"),
             args);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own script */
}

static void plug(struct world *world)
{
    int slave;
    assert_int_equal(openpty(&world->master, &slave, world->pty, NULL, NULL), 0);
    assert_int_equal(fcntl(world->master, F_SETFD, FD_CLOEXEC), 0);
    close(slave);
    stick("plug", world->pty);
}

static void unplug(struct world *world)
{
    close(world->master);
    world->master = -1;
    stick("unplug", "");
}

static void make_port(struct world *world, const char *path)
{
    const char *why = NULL;
    assert_int_equal(port_new(world->loop, path, &world->port, &why), 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_event_new();
    assert_non_null(world->loop);
    plug(world);
    make_port(world, node);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    real_close(&world->peer);
    port_free(world->port);
    assert_true(offload_settle(REAL_LIMIT_MS));
    if (world->master >= 0)
        unplug(world);
    loop_free(world->loop);
    free(world);
    return 0;
}

static int try_open(struct world *world)
{
    memset(&world->peer, 0, sizeof(world->peer));
    return port_open(world->port, &real_sink, &world->peer, &world->peer.stream);
}

static void opens(struct world *world)
{
    assert_int_equal(try_open(world), 0);
    assert_int_equal(world->peer.opened, 0); /* a stick may hang: never from inside */
    assert_int_equal(stream_write(world->peer.stream, "AT\r", 3), -ENOTCONN);
    assert_true(real_until(world->loop, real_is_open, &world->peer));
}

/* It is there, and something is wrong with it. */
static void refuses(struct world *world, struct real_peer *peer, int err)
{
    memset(peer, 0, sizeof(*peer));
    assert_int_equal(port_open(world->port, &real_sink, peer, &peer->stream), 0);
    assert_true(real_until(world->loop, real_is_gone, peer));
    assert_int_equal(peer->opened, 0);
    assert_int_equal(peer->gone_err, err);
    real_close(peer);
}

static void wake(void *arg)
{
    ((struct world *)arg)->woken++;
}

static bool is_woken(void *arg)
{
    return ((struct world *)arg)->woken > 0;
}

static void talk(struct world *world)
{
    char got[8] = "";
    assert_int_equal(stream_write(world->peer.stream, "AT\r", 3), 0);
    assert_int_equal(read(world->master, got, sizeof(got)), 3);
    assert_string_equal(got, "AT\r");
    assert_int_equal(write(world->master, "\r\nOK\r\n", 6), 6);
    assert_true(real_gets(world->loop, &world->peer, "\r\nOK\r\n"));
}

static void sysfs_decides(void **state)
{
    struct world *world = *state;
    char name[PORT_NAME_ROOM], real[128], other[128];
    const char *root = getenv("UMOCKDEV_DIR");
    assert_true(port_serial_name(node, name));
    assert_string_equal(name, node);
    snprintf(real, sizeof(real), "%s/dev/modem", root);
    unlink(real);
    assert_int_equal(symlink("ttyUSB7", real), 0);
    assert_true(port_serial_name("/dev/modem", name));
    assert_string_equal(name, node);
    assert_false(port_serial_name(world->pty, name));
    assert_false(port_serial_name("/dev/ttyUSB8", name));
    /* a link that bears a stick's name and leads elsewhere */
    snprintf(other, sizeof(other), "%s/ttyUSB7", root);
    unlink(other);
    assert_int_equal(symlink("/dev/null", other), 0);
    assert_false(port_serial_name(other, name));
    unlink(other);
    unlink(real);
}

static void configured_and_talking(void **state)
{
    struct world *world = *state;
    struct termios term;
    int lines = 0, twin = open(world->pty, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(twin >= 0);
    assert_int_equal(ioctl(twin, TIOCMSET, &lines), 0);
    opens(world);
    talk(world);
    assert_int_equal(tcgetattr(twin, &term), 0);
    assert_int_equal(term.c_lflag & (ECHO | ICANON | ISIG), 0);
    assert_int_equal(term.c_oflag & OPOST, 0);
    assert_int_equal(term.c_cflag & (CSIZE | CSTOPB | CRTSCTS | HUPCL), CS8);
    assert_int_equal(term.c_cflag & (CLOCAL | CREAD), CLOCAL | CREAD);
    assert_int_equal(cfgetospeed(&term), B115200);
    stream_drain(world->peer.stream); /* nothing there is not the end */
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.gone, 0);
    talk(world);
    assert_int_equal(ioctl(twin, TIOCMGET, &lines), 0);
    assert_int_equal(lines & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR | TIOCM_RTS);
    close(twin);
}

/* Every fd that leads to the pty must end with exec. */
static void nothing_is_inherited(void **state)
{
    struct world *world = *state;
    unsigned found = 0;
    opens(world);
    for (int fd = 3; fd < 64; fd++) {
        char link[64], target[64] = "";
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof(target) - 1) > 0 && strcmp(target, world->pty) == 0) {
            found++;
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
            assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        }
    }
    assert_int_equal(found, 1);
}

static void ours_alone(void **state)
{
    struct world *world = *state;
    static struct real_peer second;
    int twin = open(world->pty, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_int_equal(flock(twin, LOCK_EX | LOCK_NB), 0);
    refuses(world, &world->peer, EBUSY);
    assert_int_equal(flock(twin, LOCK_UN), 0);
    opens(world);
    assert_int_equal(flock(twin, LOCK_EX | LOCK_NB), -1);
    refuses(world, &second, EBUSY);
    talk(world); /* the one who has it does not suffer */
    for (int i = 0; i < 50; i++) {
        real_close(&world->peer);
        opens(world); /* at once, in the same turn */
    }
    talk(world);
    close(twin);
}

static void unplugged_and_plugged_again(void **state)
{
    struct world *world = *state;
    for (unsigned round = 0; round < 5; round++) {
        opens(world);
        talk(world);
        unplug(world);
        assert_true(real_until(world->loop, real_is_gone, &world->peer));
        assert_int_equal(world->peer.gone, 1);
        real_close(&world->peer);
        assert_int_equal(try_open(world), -ENOENT);
        world->woken = 0;
        port_watch(world->port, wake, world);
        assert_true(real_turn(world->loop));
        assert_int_equal(world->woken, 0);
        plug(world);
        assert_true(real_until(world->loop, is_woken, world));
    }
    opens(world);
    talk(world);
}

/* umockdev passes what its tree has not on to the real one: so a name that no machine has. */
static void through_a_link_of_udev(void **state)
{
    struct world *world = *state;
    const char *root = getenv("UMOCKDEV_DIR");
    char uri[64], dir[192], link[192];
    snprintf(uri, sizeof(uri), "/dev/otpgate-test-%d/viettel-1", (int)getpid());
    snprintf(dir, sizeof(dir), "%s/dev/otpgate-test-%d", root, (int)getpid());
    snprintf(link, sizeof(link), "%s%s", root, uri);
    port_free(world->port);
    make_port(world, uri);
    assert_int_equal(try_open(world), -ENOENT);
    port_watch(world->port, wake, world);
    assert_int_equal(mkdir(dir, 0755), 0);
    assert_true(real_turn(world->loop));
    assert_int_equal(world->woken, 0);
    assert_int_equal(symlink("../ttyUSB7", link), 0);
    assert_true(real_until(world->loop, is_woken, world));
    opens(world);
    talk(world);
    unlink(link);
    rmdir(dir);
}

int main(void)
{
    if (!getenv("UMOCKDEV_DIR")) {
        fprintf(stderr, "to be started by: stick run ROOT %s\n", program_invocation_name);
        return 1;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(sysfs_decides), TEST(configured_and_talking),      TEST(nothing_is_inherited),
        TEST(ours_alone),    TEST(unplugged_and_plugged_again), TEST(through_a_link_of_udev),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
