/* plug and identity: sticks come and go under any name, and each modem finds its section; on
 * virtual time, with links and questions that the test plays by hand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "plug_rig.h"

static void left_because(struct world *world, const char *why)
{
    struct plug_left left;
    assert_true(plug_left_at(gateway_fleet(world->gateway), 0, &left));
    assert_string_equal(left.why, why);
}

/* --- finding ---------------------------------------------------------------------------------- */

static void only_the_port_for_commands_is_asked(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    assert_string_equal(view_of(world, "a").why, "");
    port(world, "1-1", 0, 0, USB_ROLE_DIAG);
    port(world, "1-1", 1, 1, USB_ROLE_GPS);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    port(world, "1-1", 3, 3, USB_ROLE_UNKNOWN);
    port(world, "1-1", 4, 4, USB_ROLE_AUDIO);
    tell(world);
    asked(world, "/dev/ttyUSB2");
    answer(world, 0, "86754203000001", sim_1); /* without its check digit */
    at(world, 0, "/dev/ttyUSB2");
    assert_string_equal(view_of(world, "a").port, "/dev/ttyUSB2");
    assert_int_equal(world->q.asked, 1);
}

static void never_what_a_rule_names_for_something_else(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    port(world, "1-1", 0, 0, USB_ROLE_DIAG);
    port(world, "1-1", 1, 1, USB_ROLE_IGNORE);
    tell(world);
    assert_int_equal(world->q.asked, 0);
    left_because(world, "it has no port for commands");
}

static void ports_without_a_rule_are_asked_in_their_order_and_remembered(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    for (int i = 0; i < 3; i++)
        port(world, "1-1", i, i, USB_ROLE_UNKNOWN);
    tell(world);
    asked(world, "/dev/ttyUSB0");
    answer(world, -ETIMEDOUT, "", "");
    asked(world, "/dev/ttyUSB1");
    answer(world, -ETIMEDOUT, "", "");
    asked(world, "/dev/ttyUSB2");
    answer(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB2");
    pull(world);
    at(world, 0, "");
    hand_link_state(world->link[0], LINK_GONE);
    settle(world);
    assert_string_equal(view_of(world, "a").why, "unplugged");
    for (int i = 0; i < 3; i++)
        port(world, "1-4", i, 7 + i, USB_ROLE_UNKNOWN);
    tell(world);
    asked(world, "/dev/ttyUSB9"); /* of this model it was interface 2 */
    answer(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB9");
}

static void run(struct world *world, int64_t ms)
{
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + ms);
}

/* Asked anew so long after its last answer, and not sooner; it says nothing. */
static void silent_again(struct world *world, int64_t in_ms)
{
    unsigned before = world->q.asked;
    run(world, in_ms - 1);
    assert_int_equal(world->q.asked, before);
    run(world, 1);
    assert_int_equal(world->q.asked, before + 1);
    answer(world, -ETIMEDOUT, "", "");
}

/* It boots, or is no modem at all; nobody is asked for ever. */
static void a_stick_that_says_nothing_is_asked_for_minutes(void **state)
{
    static const enum usb_role roles[] = {USB_ROLE_UNKNOWN, USB_ROLE_AT};
    static const int64_t again_s[] = {2, 2, 2, 2, 5, 5, 10, 20, 60};
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    for (size_t r = 0; r < sizeof roles / sizeof *roles; r++) {
        port(world, "1-1", 0, 0, roles[r]); /* plugged in anew, it is asked anew */
        tell(world);
        for (int again = 0; again < 2; again++) {
            answer(world, -ETIMEDOUT, "", "");
            left_because(world, "none of its ports speaks AT");
            for (size_t i = 0; i < sizeof again_s / sizeof *again_s; i++)
                silent_again(world, 1000 * again_s[i]);
            left_because(world,
                         "none of its ports speaks AT; asked no more: plug it in anew, or reload");
            unsigned asked = world->q.asked;
            run(world, 3600000);
            assert_int_equal(world->q.asked, asked);
            gateway_reload(world->gateway, &world->config);
            settle(world);
            assert_int_equal(world->q.asked, asked + 1);
        }
        answer(world, -ETIMEDOUT, "", "");
        silent_again(world, 2000);
        run(world, 2000);
        answer(world, 0, imei_a, sim_1);
        at(world, 0, "/dev/ttyUSB0");
        pull(world);
    }
}

static void two_that_swap_their_names(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    strcpy(section(world, "b")->iccid, sim_2);
    start(world);
    const char *const sockets[] = {"1-1", "1-2"};
    for (int round = 0; round < 2; round++) {
        port(world, "1-1", 2, round ? 5 : 2, USB_ROLE_AT);
        port(world, "1-2", 2, round ? 2 : 5, USB_ROLE_AT);
        world->q.open = false;
        unsigned before = world->q.asked;
        /* both are asked; the test answers one at a time */
        for (int i = 0; i < 2; i++) {
            plug_ports(gateway_fleet(world->gateway), world->port + i, 1);
            settle(world);
            assert_int_equal(world->q.asked, before + 1 + (unsigned)i);
            /* the stick in 1-1 was a's in the first round, and is b's in the second */
            bool is_a = (strcmp(sockets[i], "1-1") == 0) == (round == 0);
            answer(world, 0, is_a ? imei_a : imei_b, is_a ? sim_1 : sim_2);
            at(world, is_a ? 0 : 1, world->port[i].node);
            pull(world);
            world->ports = 2;
        }
        pull(world);
    }
}

static void the_sim_is_read_later(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->iccid, sim_1);
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    tell(world);
    answer(world, 0, imei_a, "");
    left_because(world, "its SIM cannot be read yet");
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + 1999);
    assert_int_equal(world->q.asked, 1);
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + 1);
    answer(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB2");
}

/* However long it takes: nobody asks meanwhile. */
static void one_that_is_held_by_another_is_waited_for(void **state)
{
    struct world *world = *state;
    struct plug_left left;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    tell(world);
    answer(world, -EBUSY, "", "");
    left_because(world, "not there");
    run(world, 3600000);
    assert_int_equal(world->q.asked, 1);
    assert_true(plug_left_at(gateway_fleet(world->gateway), 0, &left));
    assert_false(left.asking);
    answer(world, -EBUSY, "", ""); /* and by the next one */
    answer(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB2");
    assert_int_equal(world->q.forgotten, 0);
}

/* Of several ports that one is waited for which may still be it. */
static void one_port_that_is_held_holds_up_no_other(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    for (int i = 0; i < 3; i++)
        port(world, "1-1", i, i, USB_ROLE_UNKNOWN);
    tell(world);
    asked(world, "/dev/ttyUSB0");
    answer(world, -EBUSY, "", "");
    assert_int_equal(world->q.forgotten, 1);
    asked(world, "/dev/ttyUSB1");
    answer(world, -ETIMEDOUT, "", "");
    asked(world, "/dev/ttyUSB2");
    answer(world, -ETIMEDOUT, "", "");
    asked(world, "/dev/ttyUSB0");
    answer(world, -EBUSY, "", "");
    left_because(world, "not there");
    run(world, 3600000);
    assert_int_equal(world->q.asked, 4);
    answer(world, -ETIMEDOUT, "", ""); /* let go, and it was not */
    left_because(world, "none of its ports speaks AT");
    run(world, 2000);
    asked(world, "/dev/ttyUSB0");
    answer(world, -EBUSY, "", "");
    asked(world, "/dev/ttyUSB1");
    answer(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB1");
}

static void a_socket_with_a_rule_needs_no_question(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->usb_path, "1-2");
    start(world);
    port(world, "1-1", 2, 1, USB_ROLE_AT);
    port(world, "1-2", 0, 2, USB_ROLE_UNKNOWN);
    port(world, "1-2", 2, 3, USB_ROLE_AT);
    tell(world);
    at(world, 0, "/dev/ttyUSB3");
    assert_int_equal(world->q.asked, 0);
    left_because(world, "no section names it");
}

static void a_port_of_a_section_is_nobody_elses(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->port, "/dev/otpgate/v");
    strcpy(section(world, "b")->imei, imei_b);
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    strcpy(world->port[0].links, "/dev/serial/x /dev/otpgate/v");
    tell(world);
    assert_int_equal(world->q.asked, 0);
    struct plug_left left;
    assert_false(plug_left_at(gateway_fleet(world->gateway), 0, &left));
}

static void nobody_is_asked_where_nobody_waits(void **state)
{
    struct world *world = *state;
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    tell(world);
    assert_int_equal(world->q.asked, 0);
    left_because(world, "no section names it");
}

static void a_stranger_is_left_or_adopted(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    tell(world);
    answer(world, 0, imei_b, sim_2);
    left_because(world, "no section names it");
    assert_int_equal(gateway_modem_count(world->gateway), 1);
    world->config.adopt = true;
    gateway_reload(world->gateway, &world->config);
    settle(world);
    assert_int_equal(gateway_modem_count(world->gateway), 2);
    assert_string_equal(view_of(world, "imei-000025").port, "/dev/ttyUSB2");
    pull(world);
    port(world, "1-3", 2, 6, USB_ROLE_AT); /* it comes back as itself */
    tell(world);
    answer(world, 0, imei_b, sim_2);
    assert_int_equal(gateway_modem_count(world->gateway), 2);
    assert_string_equal(view_of(world, "imei-000025").port, "/dev/ttyUSB6");
    world->config.adopt = false;
    gateway_reload(world->gateway, &world->config);
    settle(world);
    assert_int_equal(gateway_modem_count(world->gateway), 1);
}

/* One that was taken unnamed, works, and is in a section after a reload. */
static void adopted_on_ttyusb2(struct world *world)
{
    world->config.adopt = true;
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    tell(world);
    answer(world, 0, imei_b, sim_2);
    comes_up(world, 0, imei_b, sim_2);
    assert_string_equal(view_of(world, "imei-000025").port, "/dev/ttyUSB2");
}

static void reload(struct world *world)
{
    gateway_reload(world->gateway, &world->config);
    settle(world);
}

static void an_adopted_one_goes_to_its_socket_s_section(void **state)
{
    struct world *world = *state;
    adopted_on_ttyusb2(world);
    strcpy(section(world, "a")->usb_path, "1-2"); /* another's */
    reload(world);
    assert_string_equal(view_of(world, "imei-000025").port, "/dev/ttyUSB2");
    strcpy(section(world, "b")->usb_path, "1-1");
    reload(world);
    assert_int_equal(gateway_modem_count(world->gateway), 2);
    assert_string_equal(view_of(world, "b").port, "/dev/ttyUSB2");
}

static void an_adopted_one_goes_to_its_sim_s_section(void **state)
{
    struct world *world = *state;
    adopted_on_ttyusb2(world);
    strcpy(section(world, "a")->iccid, sim_1); /* another's */
    reload(world);
    assert_string_equal(view_of(world, "imei-000025").port, "/dev/ttyUSB2");
    strcpy(section(world, "b")->iccid, sim_2);
    reload(world);
    answer(world, 0, imei_b, sim_2);
    assert_int_equal(gateway_modem_count(world->gateway), 2);
    assert_string_equal(view_of(world, "b").port, "/dev/ttyUSB2");
}

static void an_adopted_one_goes_to_its_subscriber_s_section(void **state)
{
    struct world *world = *state;
    adopted_on_ttyusb2(world);
    strcpy(world->link[0]->link.identity.imsi, "452040000000002");
    strcpy(section(world, "a")->imsi, "452040000000002");
    reload(world);
    assert_int_equal(gateway_modem_count(world->gateway), 1);
    asked(world, "/dev/ttyUSB2");
}

static void an_adopted_one_goes_to_the_section_of_its_port(void **state)
{
    struct world *world = *state;
    adopted_on_ttyusb2(world);
    strcpy(section(world, "a")->port, "/dev/ttyUSB2");
    reload(world);
    assert_int_equal(gateway_modem_count(world->gateway), 1);
}

/* The section came while it was not plugged in. */
static void what_comes_back_goes_to_its_section(void **state)
{
    struct world *world = *state;
    adopted_on_ttyusb2(world);
    pull(world);
    hand_link_state(world->link[0], LINK_GONE);
    strcpy(section(world, "a")->iccid, sim_2);
    reload(world);
    port(world, "1-3", 2, 6, USB_ROLE_AT);
    tell(world);
    answer(world, 0, imei_b, sim_2);
    assert_string_equal(view_of(world, "a").port, "/dev/ttyUSB6");
    assert_int_equal(gateway_modem_count(world->gateway), 1);
}

static void one_modem_has_one_section(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    strcpy(section(world, "b")->iccid, sim_1);
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    tell(world);
    answer(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB2");
    assert_string_equal(view_of(world, "b").why, "refused: [modem a] has this modem");
    comes_up(world, 0, imei_a, sim_1);
    port(world, "1-2", 2, 5, USB_ROLE_AT); /* the same once more: a port that is a second way */
    tell(world);
    answer(world, 0, imei_a, sim_1);
    left_because(world, "refused: [modem a] has this modem");
    world->ports = 0;
    tell(world);
    assert_string_equal(view_of(world, "b").why, "not plugged in");
}

static void ports_that_come_late_disturb_nobody(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    tell(world);
    answer(world, 0, imei_a, sim_1);
    unsigned attaches = world->link[0]->attaches;
    port(world, "1-1", 3, 3, USB_ROLE_UNKNOWN);
    tell(world);
    assert_int_equal(world->link[0]->attaches, attaches);
    world->port[0].serial = 99; /* pulled and plugged within one burst */
    tell(world);
    answer(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB2");
    assert_true(world->link[0]->attaches > attaches);
}

/* --- who it is -------------------------------------------------------------------------------- */

static void a_swapped_sim_waits(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    struct alarm_view alarm;
    strcpy(section(world, "a")->port, "/dev/x");
    start(world);
    assert_int_equal(gateway_modem_accept(world->gateway, "none", &refusal), -1);
    assert_string_equal(refusal.name, "not_found");
    assert_int_equal(gateway_modem_accept(world->gateway, "a", &refusal), -1);
    assert_string_equal(refusal.name, "conflict");
    comes_up(world, 0, imei_a, sim_1); /* the first sight */
    assert_string_equal(view_of(world, "a").held, "");
    hand_link_state(world->link[0], LINK_GONE);
    comes_up(world, 0, imei_a, sim_2);
    assert_string_equal(view_of(world, "a").held,
                        "it holds another SIM than before; modem.accept takes it");
    assert_true(alarm_at(gateway_alarms(world->gateway), 0, &alarm));
    assert_string_equal(alarm.name, "sim_swapped");
    assert_string_equal(alarm.subject, "a");
    assert_null(strstr(alarm.sentence, sim_2));
    hand_link_state(world->link[0], LINK_GONE);
    comes_up(world, 0, imei_a, sim_1); /* the former one is back */
    assert_string_equal(view_of(world, "a").held, "");
    assert_false(alarm_at(gateway_alarms(world->gateway), 0, &alarm));
    hand_link_state(world->link[0], LINK_GONE);
    comes_up(world, 0, imei_a, sim_2);
    assert_string_not_equal(view_of(world, "a").held, "");
    assert_int_equal(gateway_modem_accept(world->gateway, "a", &refusal), 0);
    settle(world);
    assert_string_equal(view_of(world, "a").held, "");
    assert_false(alarm_at(gateway_alarms(world->gateway), 0, &alarm));
    hand_link_state(world->link[0], LINK_GONE);
    comes_up(world, 0, imei_a, sim_2);
    assert_string_equal(view_of(world, "a").held, "");
}

static void a_swap_may_be_taken_as_it_comes(void **state)
{
    struct world *world = *state;
    struct alarm_view alarm;
    strcpy(section(world, "a")->port, "/dev/x");
    world->config.sim_swap = SIM_SWAP_ACCEPT;
    start(world);
    comes_up(world, 0, imei_a, sim_1);
    hand_link_state(world->link[0], LINK_GONE);
    comes_up(world, 0, imei_a, sim_2);
    assert_string_equal(view_of(world, "a").held, "");
    assert_true(alarm_at(gateway_alarms(world->gateway), 0, &alarm));
    assert_string_equal(alarm.name, "sim_swapped");
}

static void not_what_its_section_names(void **state)
{
    struct world *world = *state;
    struct config_modem *modem = section(world, "a");
    strcpy(modem->port, "/dev/x");
    strcpy(modem->iccid, sim_1);
    start(world);
    comes_up(world, 0, imei_a, sim_2);
    assert_string_equal(view_of(world, "a").held, "its SIM is not that of its section (iccid)");
    hand_link_state(world->link[0], LINK_GONE);
    comes_up(world, 0, imei_a, sim_1);
    assert_string_equal(view_of(world, "a").held, "");
}

static void two_ways_to_one_modem(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->port, "/dev/x");
    strcpy(section(world, "b")->port, "/dev/y");
    start(world);
    comes_up(world, 0, imei_a, sim_1);
    unsigned before = world->link[1]->attaches;
    strcpy(world->link[1]->link.identity.imei, imei_a);
    hand_link_state(world->link[1], LINK_SIM);
    settle(world);
    assert_string_equal(view_of(world, "b").held, "refused: [modem a] has this modem");
    assert_int_equal(world->link[1]->attaches, before + 1); /* it leaves the port */
    at(world, 1, "");
    hand_link_state(world->link[1], LINK_GONE);
    hand_link_state(world->link[0], LINK_GONE);
    settle(world);
    assert_string_equal(view_of(world, "b").held, "");
    at(world, 1, "/dev/y"); /* its turn */
    comes_up(world, 1, imei_a, sim_1);
    assert_string_equal(view_of(world, "b").held, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_port_for_commands_is_asked),
        TEST(never_what_a_rule_names_for_something_else),
        TEST(ports_without_a_rule_are_asked_in_their_order_and_remembered),
        TEST(a_stick_that_says_nothing_is_asked_for_minutes),
        TEST(two_that_swap_their_names),
        TEST(the_sim_is_read_later),
        TEST(one_that_is_held_by_another_is_waited_for),
        TEST(one_port_that_is_held_holds_up_no_other),
        TEST(a_socket_with_a_rule_needs_no_question),
        TEST(a_port_of_a_section_is_nobody_elses),
        TEST(nobody_is_asked_where_nobody_waits),
        TEST(a_stranger_is_left_or_adopted),
        TEST(an_adopted_one_goes_to_its_socket_s_section),
        TEST(an_adopted_one_goes_to_its_sim_s_section),
        TEST(an_adopted_one_goes_to_its_subscriber_s_section),
        TEST(an_adopted_one_goes_to_the_section_of_its_port),
        TEST(what_comes_back_goes_to_its_section),
        TEST(one_modem_has_one_section),
        TEST(ports_that_come_late_disturb_nobody),
        TEST(a_swapped_sim_waits),
        TEST(a_swap_may_be_taken_as_it_comes),
        TEST(not_what_its_section_names),
        TEST(two_ways_to_one_modem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
