/* rescue and child: programs of their own, and a USB device of a fake sysfs. */
#include "cm.h"
#include "child.h"
#include "real_loop.h"
#include "rescue.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct world {
    struct loop *loop;
    struct rescue *rescue;
    char dir[64], port[128], authorized[256];
    unsigned calls;
    int result;
};

static void done(void *arg, int result)
{
    struct world *world = arg;
    world->calls++;
    world->result = result;
}

static bool is_done(void *arg)
{
    return ((struct world *)arg)->calls > 0;
}

static int finish(struct world *world)
{
    assert_true(real_until(world->loop, is_done, world));
    assert_int_equal(world->calls, 1);
    world->calls = 0;
    return world->result;
}

static void put(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static const char *get(const char *path)
{
    static char text[256];
    FILE *in = fopen(path, "r");
    size_t len = in ? fread(text, 1, sizeof text - 1, in) : 0;
    if (in)
        fclose(in);
    text[len] = '\0';
    return text;
}

static const char *in_dir(const struct world *world, const char *name)
{
    static char path[4][320];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", world->dir, name);
    return out;
}

static void folder(const struct world *world, const char *name)
{
    char path[320];
    snprintf(path, sizeof path, "%s/%s/", world->dir, name);
    for (char *at = path + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
}

/* usb1/1-2 is the device, 1-2:1.2 the interface, ttyUSB3 the port. */
static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->loop = loop_event_new();
    assert_non_null(world->loop);
    assert_true(text_copy(world->dir, sizeof world->dir, "/tmp/otpgate-rescue-XXXXXX"));
    assert_non_null(mkdtemp(world->dir));
    folder(world, "dev");
    folder(world, "sys/class/tty");
    folder(world, "sys/devices/usb1/1-2/1-2:1.2/ttyUSB3/tty/ttyUSB3");
    put(in_dir(world, "sys/devices/usb1/idVendor"), "1d6b\n"); /* the hub: never that */
    put(in_dir(world, "sys/devices/usb1/authorized"), "1\n");
    put(in_dir(world, "sys/devices/usb1/1-2/idVendor"), "12d1\n");
    put(in_dir(world, "sys/devices/usb1/1-2/idProduct"), "1506\n");
    put(in_dir(world, "sys/devices/usb1/1-2/devnum"), "7\n");
    snprintf(world->authorized, sizeof world->authorized, "%s/sys/devices/usb1/1-2/authorized",
             world->dir);
    put(world->authorized, "1\n");
    assert_int_equal(
        symlink("../../../ttyUSB3",
                in_dir(world, "sys/devices/usb1/1-2/1-2:1.2/ttyUSB3/tty/ttyUSB3/device")),
        0);
    assert_int_equal(symlink("../../devices/usb1/1-2/1-2:1.2/ttyUSB3/tty/ttyUSB3",
                             in_dir(world, "sys/class/tty/ttyUSB3")),
                     0);
    put(in_dir(world, "dev/node"), ""); /* a simulated stick's port is a link itself */
    assert_int_equal(symlink("node", in_dir(world, "dev/ttyUSB3")), 0);
    assert_int_equal(symlink("ttyUSB3", in_dir(world, "dev/viettel-1")), 0);
    snprintf(world->port, sizeof world->port, "%s/dev/viettel-1", world->dir);
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
    rescue_free(world->rescue);
    loop_free(world->loop);
    nftw(world->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(world);
    return 0;
}

static int make(struct world *world, const char *command)
{
    char sysfs[96];
    snprintf(sysfs, sizeof sysfs, "%s/sys", world->dir);
    const struct rescue_config config = {.name = "viettel-1", .command = command, .sysfs = sysfs};
    rescue_free(world->rescue);
    world->rescue = NULL;
    return rescue_new(world->loop, &config, &world->rescue);
}

/* --- power --- */

static void a_command_is_a_path_and_words(void **state)
{
    struct world *world = *state;
    assert_int_equal(make(world, NULL), 0);
    assert_false(rescue_can(world->rescue, RESCUE_POWER));
    assert_int_equal(make(world, ""), 0);
    assert_false(rescue_can(world->rescue, RESCUE_POWER));
    assert_int_equal(make(world, "uhubctl -a cycle"), -EINVAL); /* no search in PATH */
    assert_int_equal(make(world, "/bin/x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"), 0);
    assert_int_equal(make(world, "/bin/x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"), -EINVAL);
    assert_int_equal(make(world, "/bin/true  now"), 0);
    assert_true(rescue_can(world->rescue, RESCUE_POWER));
}

static void it_is_run_without_a_shell(void **state)
{
    struct world *world = *state;
    char command[256];
    put(in_dir(world, "cycle"),
        "#!/bin/sh\nprintf '%s|' \"$@\" \"$OTPGATE_MODEM\" \"$OTPGATE_PORT\" "
        "\"$HOME\" >\"$0.said\"\necho noise; echo noise >&2\n");
    assert_int_equal(chmod(in_dir(world, "cycle"), 0700), 0);
    snprintf(command, sizeof command, "%s/cycle -p 2 $(reboot) ;rm", world->dir);
    setenv("HOME", "/nowhere", 1);
    assert_int_equal(make(world, command), 0);
    rescue_note(world->rescue, world->port);
    assert_int_equal(rescue_start(world->rescue, RESCUE_POWER, done, world), 0);
    assert_int_equal(world->calls, 0); /* never from inside */
    assert_int_equal(finish(world), 0);
    char wanted[320];
    snprintf(wanted, sizeof wanted, "-p|2|$(reboot)|;rm|viettel-1|%s||", world->port);
    assert_string_equal(get(in_dir(world, "cycle.said")), wanted);
}

static void how_it_ended_is_told(void **state)
{
    struct world *world = *state;
    assert_int_equal(make(world, "/bin/false"), 0);
    assert_int_equal(rescue_start(world->rescue, RESCUE_POWER, done, world), 0);
    assert_int_equal(finish(world), 1);
    assert_int_equal(make(world, "/nowhere/cycle"), 0);
    assert_int_equal(rescue_start(world->rescue, RESCUE_POWER, done, world), -ENOENT);
    assert_int_equal(world->calls, 0);
}

/* --- children --- */

static int run(struct world *world, const char *script, int timeout_ms)
{
    static char sh[] = "/bin/sh", c[] = "-c";
    char *argv[] = {sh, c, strdup(script), NULL};
    const struct child_config config = {.argv = argv, .timeout_ms = timeout_ms};
    struct child *child;
    int rc = child_start(world->loop, &config, done, world, &child);
    free(argv[2]);
    assert_int_equal(rc, 0);
    return finish(world);
}

static void a_child_has_nothing_of_ours(void **state)
{
    struct world *world = *state;
    char script[512];
    signal(SIGPIPE, SIG_IGN);
    int leak = open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open): on purpose */
    assert_true(leak > 2);
    /* descriptors but 0 to 2 and ls's own; SIGPIPE as it comes; a group of its own; no environment
     */
    snprintf(script, sizeof script,
             "test \"$(ls /proc/self/fd | wc -l)\" -le 4 || exit 3; "
             "grep -q '^SigIgn:.*[02468ace][0-9a-f][0-9a-f][0-9a-f]$' /proc/self/status || exit 4; "
             "test \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$ || exit 5; "
             "test -z \"$OTPGATE_LEAK\" || exit 6; exit 9");
    setenv("OTPGATE_LEAK", "1", 1);
    assert_int_equal(run(world, script, 10000), 9);
    close(leak);
    signal(SIGPIPE, SIG_DFL);
}

static void a_child_that_hangs_is_killed_with_its_own(void **state)
{
    struct world *world = *state;
    char script[256];
    snprintf(script, sizeof script, "sleep 1000 & echo $! >%s/pid; wait", world->dir);
    assert_int_equal(run(world, script, 200), -ETIMEDOUT);
    int pid = atoi(get(in_dir(world, "pid")));
    if (pid > 0) { /* killed; whoever adopts orphans may not have reaped it yet */
        char stat_path[64];
        snprintf(stat_path, sizeof stat_path, "/proc/%d/stat", pid);
        for (int i = 0; i < 1000 && *get(stat_path) && !strstr(get(stat_path), ") Z"); i++)
            assert_true(real_turn(world->loop));
        assert_true(!*get(stat_path) || strstr(get(stat_path), ") Z"));
    }
    assert_int_equal(run(world, "kill -TERM $$", 10000), -ECANCELED);
}

/* --- USB --- */

static void the_device_behind_the_port_is_found(void **state)
{
    struct world *world = *state;
    assert_int_equal(make(world, NULL), 0);
    assert_false(rescue_can(world->rescue, RESCUE_USB)); /* not seen yet */
    rescue_note(world->rescue, world->port);
    assert_true(rescue_can(world->rescue, RESCUE_USB));
    /* the port goes, the device is remembered */
    assert_int_equal(unlink(in_dir(world, "dev/ttyUSB3")), 0);
    assert_true(rescue_can(world->rescue, RESCUE_USB));
    rescue_note(world->rescue, "tcp://127.0.0.1:7001"); /* the modem is elsewhere now */
    assert_false(rescue_can(world->rescue, RESCUE_USB));
    assert_int_equal(symlink("node", in_dir(world, "dev/ttyUSB3")), 0);
    rescue_note(world->rescue, world->port);
    assert_true(rescue_can(world->rescue, RESCUE_USB));
    /* pulled for good: nothing to write to */
    assert_int_equal(unlink(world->authorized), 0);
    assert_false(rescue_can(world->rescue, RESCUE_USB));
}

static void what_is_no_usb_device_cannot(void **state)
{
    struct world *world = *state;
    assert_true(text_copy(world->port, sizeof world->port, "tcp://127.0.0.1:7001"));
    assert_int_equal(make(world, NULL), 0);
    rescue_note(world->rescue, world->port);
    assert_false(rescue_can(world->rescue, RESCUE_USB));
    snprintf(world->port, sizeof world->port, "%s/dev/ttyS0", world->dir);
    put(world->port, "");
    assert_int_equal(make(world, NULL), 0);
    rescue_note(world->rescue, world->port);
    assert_false(rescue_can(world->rescue, RESCUE_USB));
}

/* Another modem was put into its socket meanwhile: what bears its name now is not it. */
static void one_in_its_place_is_left_alone(void **state)
{
    static const struct {
        const char *file, *was, *is;
    } rows[] = {{"sys/devices/usb1/1-2/devnum", "7\n", "8\n"},
                {"sys/devices/usb1/1-2/idVendor", "12d1\n", "1e0e\n"},
                {"sys/devices/usb1/1-2/idProduct", "1506\n", "1001\n"}};
    struct world *world = *state;
    assert_int_equal(make(world, NULL), 0);
    rescue_note(world->rescue, world->port);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(rescue_can(world->rescue, RESCUE_USB));
        put(in_dir(world, rows[i].file), rows[i].is);
        assert_false(rescue_can(world->rescue, RESCUE_USB));
        put(in_dir(world, rows[i].file), rows[i].was);
    }
    put(in_dir(world, "sys/devices/usb1/1-2/devnum"), "8\n");
    rescue_note(world->rescue, world->port); /* ours, plugged in anew */
    assert_true(rescue_can(world->rescue, RESCUE_USB));
    rescue_note(world->rescue, NULL);
    assert_false(rescue_can(world->rescue, RESCUE_USB));
}

/* And one that another of our modems has been found in: its power is not ours to cut. */
static void a_socket_that_another_has_is_not_cut_off(void **state)
{
    struct world *world = *state;
    struct rescue *first, *second;
    assert_int_equal(make(world, "/bin/true"), 0);
    rescue_note(world->rescue, world->port);
    first = world->rescue;
    world->rescue = NULL;
    assert_int_equal(make(world, "/bin/true"), 0);
    second = world->rescue;
    rescue_note(second, world->port); /* another port of the same modem */
    rescue_note(second, NULL);
    assert_true(rescue_can(first, RESCUE_USB));
    assert_true(rescue_can(first, RESCUE_POWER));
    put(in_dir(world, "sys/devices/usb1/1-2/devnum"), "8\n");
    assert_true(rescue_can(first, RESCUE_POWER)); /* it may be ours, in a bad way */
    rescue_note(first, NULL);
    rescue_note(second, world->port);
    assert_false(rescue_can(first, RESCUE_POWER));
    assert_false(rescue_can(first, RESCUE_USB));
    assert_true(rescue_can(second, RESCUE_POWER));
    rescue_note(first, "tcp://127.0.0.1:7001"); /* found again */
    assert_true(rescue_can(first, RESCUE_POWER));
    rescue_free(first);
}

static bool is_off(void *arg)
{
    struct world *world = arg;
    return strcmp(get(world->authorized), "0\n") == 0;
}

static void it_goes_off_and_on(void **state)
{
    struct world *world = *state;
    assert_int_equal(make(world, NULL), 0);
    rescue_note(world->rescue, world->port);
    assert_int_equal(rescue_start(world->rescue, RESCUE_USB, done, world), 0);
    assert_true(real_until(world->loop, is_off, world));
    assert_int_equal(world->calls, 0);
    assert_int_equal(finish(world), 0);
    assert_string_equal(get(world->authorized), "1\n");
    assert_string_equal(get(in_dir(world, "sys/devices/usb1/authorized")), "1\n");
}

static bool is_on(void *arg)
{
    struct world *world = arg;
    return strcmp(get(world->authorized), "1\n") == 0;
}

/* The daemon ends in the second between off and on. */
static void it_is_never_left_off(void **state)
{
    struct world *world = *state;
    assert_int_equal(make(world, NULL), 0);
    rescue_note(world->rescue, world->port);
    assert_int_equal(rescue_start(world->rescue, RESCUE_USB, done, world), 0);
    assert_true(real_until(world->loop, is_off, world));
    rescue_free(world->rescue);
    world->rescue = NULL;
    assert_true(real_until(world->loop, is_on, world));
    assert_int_equal(world->calls, 0);
}

static void one_that_may_not_be_written_is_told(void **state)
{
    struct world *world = *state;
    assert_int_equal(make(world, NULL), 0);
    rescue_note(world->rescue, world->port);
    assert_int_equal(unlink(world->authorized), 0);
    int rc = rescue_start(world->rescue, RESCUE_USB, done, world);
    assert_int_equal(rc, -ENOENT);
    put(world->authorized, "1\n");
    assert_int_equal(rescue_start(world->rescue, RESCUE_USB, done, world), 0);
    assert_int_equal(finish(world), 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_command_is_a_path_and_words),
        CASE(it_is_run_without_a_shell),
        CASE(how_it_ended_is_told),
        CASE(a_child_has_nothing_of_ours),
        CASE(a_child_that_hangs_is_killed_with_its_own),
        CASE(the_device_behind_the_port_is_found),
        CASE(what_is_no_usb_device_cannot),
        CASE(one_in_its_place_is_left_alone),
        CASE(a_socket_that_another_has_is_not_cut_off),
        CASE(it_goes_off_and_on),
        CASE(it_is_never_left_off),
        CASE(one_that_may_not_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
