/* hotplug: what is there at the start, with udevd and without. Runs inside `stick run`
 * (tests/sim/stick), whose /run/udev is the tree's. */
#include "cm.h"
#include "hotplug.h"
#include "log.h"
#include "real_loop.h"

#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    struct loop *loop;
    struct hotplug *hotplug;
    unsigned told;
    size_t count, wanted;
    struct usb_port port[4];
};

/* --- the netlink socket --- */

static bool overrun; /* what has come is lost, as the kernel does it where its buffer is full */

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    static ssize_t (*next)(int, struct msghdr *, int);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "recvmsg");
    if (!overrun)
        return next(fd, message, flags);
    char lost[4096];
    while (recv(fd, lost, sizeof lost, MSG_DONTWAIT) >= 0)
        ;
    overrun = false;
    errno = ENOBUFS;
    return -1;
}

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

/* --- the tree --- */

static const char *in_tree(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s%s", getenv("UMOCKDEV_DIR"), name);
    return path;
}

static void stick(const char *verb, int number, const char *args)
{
    char command[512];
    (void)snprintf(command, sizeof command, STICK " %s '%s' ttyUSB%d %s", verb,
                   getenv("UMOCKDEV_DIR"), number, args);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own script */
}

static void make(const char *name, const char *text)
{
    FILE *file = fopen(in_tree(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void udevd_is_there(void)
{
    (void)mkdir(in_tree("/run"), 0755);
    (void)mkdir(in_tree("/run/udev"), 0755);
    (void)mkdir(in_tree("/run/udev/data"), 0755);
    make("/run/udev/control", "");
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* --- what is told --- */

static void on_ports(void *arg, const struct usb_port *ports, size_t count)
{
    struct world *world = arg;
    assert_in_range(count, 0, 4);
    world->told++;
    world->count = count;
    if (count > 0)
        memcpy(world->port, ports, count * sizeof *ports);
}

static bool is_told(void *arg)
{
    return ((struct world *)arg)->told > 0;
}

static void start(struct world *world)
{
    world->hotplug = hotplug_new(world->loop, on_ports, world);
    assert_non_null(world->hotplug);
    assert_true(real_until(world->loop, is_told, world));
    assert_int_equal(world->told, 1);
}

static bool has_wanted(void *arg)
{
    const struct world *world = arg;
    return world->count == world->wanted;
}

static void until_there_are(struct world *world, size_t count)
{
    world->wanted = count;
    assert_true(real_until(world->loop, has_wanted, world));
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->loop = loop_event_new();
    assert_non_null(world->loop);
    /* and what a run that failed has left */
    for (const char *const *part = (const char *const[]){"/run", "/dev", "/sys", NULL}; *part;
         part++)
        (void)nftw(in_tree(*part), remove_one, 8, FTW_DEPTH | FTW_PHYS);
    stick("plug", 7, "/dev/null 1-1 2 1e0e:9001 OTPGATE_PORT=at");
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    hotplug_free(world->hotplug);
    loop_free(world->loop);
    stick("unplug", 7, "");
    free(world);
    return 0;
}

/* --- at the start --- */

static void without_udevd_what_is_there_is_taken(void **state)
{
    struct world *world = *state;
    start(world);
    assert_int_equal(world->count, 1);
    assert_string_equal(world->port[0].node, "/dev/ttyUSB7");
    assert_int_equal(world->port[0].vendor, 0x1e0e);
    assert_int_equal(world->port[0].interface, 2);
    assert_int_equal(world->port[0].role, USB_ROLE_UNKNOWN);
}

static void what_udevd_has_seen_is_taken_with_its_role(void **state)
{
    struct world *world = *state;
    udevd_is_there();
    make("/run/udev/data/c188:7", "I:1\nE:OTPGATE_PORT=diag\nG:otpgate\nQ:otpgate\nV:1\n");
    start(world);
    assert_int_equal(world->count, 1);
    assert_int_equal(world->port[0].role, USB_ROLE_DIAG);
}

/* Its rules have not run: it may be a port that is never to be opened. */
static void what_udevd_has_still_to_see_is_waited_for(void **state)
{
    struct world *world = *state;
    udevd_is_there();
    start(world);
    assert_int_equal(world->count, 0);
    stick("plug", 7, "/dev/null 1-1 2 1e0e:9001 OTPGATE_PORT=diag"); /* it has */
    until_there_are(world, 1);
    assert_int_equal(world->port[0].role, USB_ROLE_DIAG);
}

/* Interfaces count in hexadecimal; a rule may have told many names, and they are cut whole. */
static void all_that_is_known_of_a_port(void **state)
{
    struct world *world = *state;
    char udev[4096] = "I:1\nE:ID_USB_INTERFACE_NUM=0a\nG:otpgate\nQ:otpgate\nV:1\n"
                      "E:ID_PATH=pci-0000:00:14.0-usb-0:1.2:1.10\n";
    udevd_is_there();
    for (int i = 10; i < 60; i++) {
        size_t at = strlen(udev);
        snprintf(udev + at, sizeof udev - at, "S:otpgate/a-name-as-long-as-they-come-%d\n", i);
    }
    make("/run/udev/data/c188:7", udev);
    start(world);
    assert_int_equal(world->count, 1);
    const struct usb_port *port = &world->port[0];
    assert_int_equal(port->interface, 10);
    assert_string_equal(port->id_path, "pci-0000:00:14.0-usb-0:1.2");
    assert_true(strlen(port->links) > sizeof port->links / 2);
    assert_true(memchr(port->links, '\0', sizeof port->links) != NULL);
    for (const char *at = port->links; *at;) {
        size_t len = strcspn(at, " ");
        assert_int_equal(len, strlen("/dev/otpgate/a-name-as-long-as-they-come-10"));
        at += len + strspn(at + len, " ");
    }
}

/* Without an interface behind it, it is the socket as it stands. */
static void a_path_that_is_no_interfaces(void **state)
{
    struct world *world = *state;
    udevd_is_there();
    make("/run/udev/data/c188:7",
         "I:1\nE:ID_PATH=pci-0000:00:14.0-usb-0:1.2\nG:otpgate\nQ:otpgate\nV:1\n");
    start(world);
    assert_int_equal(world->count, 1);
    assert_string_equal(world->port[0].id_path, "pci-0000:00:14.0-usb-0:1.2");
}

/* --- later --- */

static void one_beside_it_changes_nothing(void **state)
{
    struct world *world = *state;
    start(world);
    uint64_t serial = world->port[0].serial;
    stick("plug", 8, "/dev/null 1-1 3");
    until_there_are(world, 2);
    assert_int_equal(world->port[0].serial, serial);
    stick("unplug", 8, "");
    until_there_are(world, 1);
    assert_int_equal(world->port[0].serial, serial);
}

/* A rule takes its tag away: whatever it is now, it is not to be opened. */
static void one_without_our_tag_is_taken_out(void **state)
{
    struct world *world = *state;
    start(world);
    assert_int_equal(world->count, 1);
    udevd_is_there();
    make("/run/udev/data/c188:7", "I:1\nE:OTPGATE_PORT=at\nV:1\n");
    (void)unlink(in_tree("/dev/ttyUSB7"));
    (void)setenv("STICK_TAGS", ":systemd:", 1);
    stick("plug", 7, "/dev/null 1-1 2 1e0e:9001");
    (void)unsetenv("STICK_TAGS");
    until_there_are(world, 0);
}

/* More came at once than the socket holds: whatever was told meanwhile is not known. */
static void what_was_lost_is_looked_for(void **state)
{
    struct world *world = *state;
    start(world);
    stick("plug", 8, "/dev/null 1-1 3");
    until_there_are(world, 2);
    overrun = true;
    stick("unplug", 8, "");
    stick("plug", 9, "/dev/null 1-2 1");
    stick("plug", 10, "/dev/null 1-2 2");
    until_there_are(world, 3);
    assert_false(overrun);
    assert_string_equal(world->port[0].node, "/dev/ttyUSB7");
    assert_string_equal(world->port[1].node, "/dev/ttyUSB9");
    assert_string_equal(world->port[2].node, "/dev/ttyUSB10");
    stick("unplug", 9, ""); /* and it listens as before */
    until_there_are(world, 2);
    stick("unplug", 10, "");
}

static bool is_told_again(void *arg)
{
    return ((struct world *)arg)->told > 1;
}

/* udevadm trigger --action=add, as an update of udev does it: nobody has pulled anything. */
static void one_that_stayed_is_added_in_vain(void **state)
{
    struct world *world = *state;
    start(world);
    uint64_t serial = world->port[0].serial;
    stick("plug", 7, "/dev/null 1-1 2 1e0e:9001 OTPGATE_PORT=at");
    assert_true(real_until(world->loop, is_told_again, world));
    assert_int_equal(world->count, 1);
    assert_int_equal(world->port[0].role, USB_ROLE_AT); /* what is known of it now */
    assert_int_equal(world->port[0].serial, serial);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_udevd_what_is_there_is_taken),
        TEST(what_udevd_has_seen_is_taken_with_its_role),
        TEST(what_udevd_has_still_to_see_is_waited_for),
        TEST(all_that_is_known_of_a_port),
        TEST(a_path_that_is_no_interfaces),
        TEST(one_beside_it_changes_nothing),
        TEST(one_without_our_tag_is_taken_out),
        TEST(what_was_lost_is_looked_for),
        TEST(one_that_stayed_is_added_in_vain),
    };
    log_sink_set(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
