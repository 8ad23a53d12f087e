/* usb_ports: bursts that settle, sticks of several ports, names that move. On virtual time. */
#include "cm.h"
#include "loop_sim.h"
#include "usb_ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START_MS = 5000 };

struct world {
    struct loop *loop;
    struct usb_ports ports;
    unsigned told;
    int64_t told_ms;
};

static void on_settled(void *arg)
{
    struct world *world = arg;
    world->told++;
    world->told_ms = loop_now_ms(world->loop);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->loop = loop_sim_new(START_MS, 0);
    usb_ports_init(&world->ports, world->loop, on_settled, world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    usb_ports_stop(&world->ports);
    loop_free(world->loop);
    free(world);
    return 0;
}

static struct usb_port port_at(int number, const char *device, int interface, int plugged)
{
    struct usb_port port = {.interface = interface, .bus = 1, .number = plugged};
    snprintf(port.node, sizeof port.node, "/dev/ttyUSB%d", number);
    snprintf(port.device, sizeof port.device, "/sys/devices/usb1/%s", device);
    snprintf(port.usb_path, sizeof port.usb_path, "%s", device);
    return port;
}

static void run(struct world *world, int64_t ms)
{
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + ms);
}

static void a_burst_is_told_once_a_second_after_its_last(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 5; i++) {
        struct usb_port port = port_at(i, "1-1", i, 7);
        assert_true(usb_ports_add(&world->ports, &port));
        run(world, 300);
    }
    assert_int_equal(world->told, 0);
    run(world, 699);
    assert_int_equal(world->told, 0);
    run(world, 1);
    assert_int_equal(world->told, 1);
    assert_int_equal(world->told_ms, START_MS + 4 * 300 + 1000);
    run(world, 60000);
    assert_int_equal(world->told, 1);
}

static void one_that_never_rests_is_told_all_the_same(void **state)
{
    struct world *world = *state;
    struct usb_port port = port_at(0, "1-1", 0, 7);
    for (int i = 0; i < 30; i++) {
        usb_ports_add(&world->ports, &port);
        run(world, 250);
        usb_ports_remove(&world->ports, port.node);
        run(world, 250);
    }
    assert_int_equal(world->told, 1);
    assert_int_equal(world->told_ms, START_MS + 10000);
}

static void they_stand_by_stick_and_interface(void **state)
{
    struct world *world = *state;
    const struct usb_port made[] = {port_at(3, "1-2", 1, 4), port_at(1, "1-1", 2, 3),
                                    port_at(2, "1-2", 0, 4), port_at(0, "1-1", 0, 3)};
    for (size_t i = 0; i < 4; i++)
        usb_ports_add(&world->ports, &made[i]);
    const char *const order[] = {"/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyUSB2", "/dev/ttyUSB3"};
    assert_int_equal(world->ports.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(world->ports.port[i].node, order[i]);
    usb_ports_remove(&world->ports, "/dev/ttyUSB1");
    usb_ports_remove(&world->ports, "/dev/ttyUSB1"); /* heard twice */
    usb_ports_remove(&world->ports, "/dev/ttyUSB9");
    assert_int_equal(world->ports.count, 3);
    assert_string_equal(world->ports.port[1].node, "/dev/ttyUSB2");
}

static void plugged_anew_is_another(void **state)
{
    struct world *world = *state;
    struct usb_port port = port_at(0, "1-1", 2, 7);
    usb_ports_add(&world->ports, &port);
    uint64_t first = world->ports.port[0].serial;
    port.role = USB_ROLE_AT; /* a rule was read anew: the same plugging in */
    usb_ports_add(&world->ports, &port);
    assert_int_equal(world->ports.count, 1);
    assert_int_equal(world->ports.port[0].serial, first);
    assert_int_equal(world->ports.port[0].role, USB_ROLE_AT);
    port.number = 8; /* its remove was lost */
    usb_ports_add(&world->ports, &port);
    assert_int_not_equal(world->ports.port[0].serial, first);
    uint64_t second = world->ports.port[0].serial;
    port.bus = 2; /* the same number on another bus */
    usb_ports_add(&world->ports, &port);
    assert_int_not_equal(world->ports.port[0].serial, second);
    uint64_t third = world->ports.port[0].serial;
    struct usb_port moved = port_at(0, "1-2", 2, port.number); /* in another socket */
    moved.bus = port.bus;
    usb_ports_add(&world->ports, &moved);
    assert_int_not_equal(world->ports.port[0].serial, third);
    uint64_t fourth = world->ports.port[0].serial;
    usb_ports_remove(&world->ports, port.node);
    usb_ports_add(&world->ports, &moved); /* out and in within one burst */
    assert_int_not_equal(world->ports.port[0].serial, fourth);
}

static void no_more_than_there_is_room_for(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < USB_PORTS_MAX; i++) {
        struct usb_port port = port_at(i, "1-1", i, 7);
        assert_true(usb_ports_add(&world->ports, &port));
    }
    struct usb_port one_more = port_at(USB_PORTS_MAX, "1-1", 0, 7), known = port_at(5, "1-1", 5, 7);
    assert_false(usb_ports_add(&world->ports, &one_more));
    assert_true(usb_ports_add(&world->ports, &known));
    assert_int_equal(world->ports.count, USB_PORTS_MAX);
}

static void names_of_a_port(void **state)
{
    (void)state;
    struct usb_port port = port_at(3, "1-1.2", 2, 7);
    strcpy(port.links, "/dev/serial/by-id/usb-x /dev/otpgate/viettel-1 /dev/otpgate/v");
    strcpy(port.id_path, "pci-0000:00:14.0-usb-0:1.2");
    assert_true(usb_port_is(&port, "/dev/ttyUSB3"));
    assert_true(usb_port_is(&port, "/dev/otpgate/viettel-1"));
    assert_true(usb_port_is(&port, "/dev/otpgate/v"));
    assert_false(usb_port_is(&port, "/dev/otpgate/viettel"));
    assert_false(usb_port_is(&port, "/dev/ttyUSB"));
    assert_false(usb_port_is(&port, ""));
    assert_true(usb_port_in(&port, "1-1.2"));
    assert_true(usb_port_in(&port, "pci-0000:00:14.0-usb-0:1.2"));
    assert_true(usb_port_in(&port, "pci-0000:00:14.0-usb-0:1.2:1.3"));
    assert_false(usb_port_in(&port, "pci-0000:00:14.0-usb-0:1.2.4"));
    assert_false(usb_port_in(&port, "1-1"));
    assert_false(usb_port_in(&port, "1-1.21"));
    port.id_path[0] = '\0';
    assert_false(usb_port_in(&port, ":1.3"));
    assert_int_equal(usb_role_of(NULL), USB_ROLE_UNKNOWN);
    assert_int_equal(usb_role_of("at"), USB_ROLE_AT);
    assert_int_equal(usb_role_of("diag"), USB_ROLE_DIAG);
    assert_int_equal(usb_role_of("gps"), USB_ROLE_GPS);
    assert_int_equal(usb_role_of("audio"), USB_ROLE_AUDIO);
    assert_int_equal(usb_role_of("ignore"), USB_ROLE_IGNORE);
    assert_int_equal(usb_role_of("att"), USB_ROLE_IGNORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_is_told_once_a_second_after_its_last, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_that_never_rests_is_told_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(they_stand_by_stick_and_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(plugged_anew_is_another, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_than_there_is_room_for, setup, teardown),
        cmocka_unit_test(names_of_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
