/* plug_move: on which of its ports a stick is used, and what its model has taught. */
#include <errno.h>
#include <string.h>
#include "lease.h"
#include "plug_rig.h"

/* A stick of model 1e0e:9001 in `usb`: DIAG, one without a rule, the one for commands, another
 * without a rule; from ttyUSB`first` on. */
static void stick(struct world *world, const char *usb, int first)
{
    port(world, usb, 0, first, USB_ROLE_DIAG);
    port(world, usb, 1, first + 1, USB_ROLE_UNKNOWN);
    port(world, usb, 2, first + 2, USB_ROLE_AT);
    port(world, usb, 3, first + 3, USB_ROLE_UNKNOWN);
    tell(world);
}

static struct hand_link *ready(struct world *world)
{
    strcpy(section(world, "a")->imei, imei_a);
    strcpy(section(world, "b")->imei, imei_b);
    start(world);
    stick(world, "1-1", 0);
    answer(world, 0, imei_a, sim_1);
    comes_up(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB2");
    return world->link[0];
}

static void elsewhere(struct world *world, struct hand_link *hand)
{
    hand->link.sink->elsewhere(hand->link.ctx, &hand->link);
    settle(world);
}

static void send(struct world *world, const char *key)
{
    static const char text[] = "Ma OTP: 123456";
    struct refusal refusal;
    struct send_result result;
    const struct send_request request = {.key = key,
                                         .to = "+84912345678",
                                         .text = text,
                                         .text_len = sizeof text - 1,
                                         .class_ = CLASS_OTP,
                                         .on_unknown = -1};
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_send(world->gateway, &request, &result, &refusal), 0);
    assert_int_equal(store_end(world->store, true), 0);
    message_clear(&result.message);
    settle(world);
}

/* --- moving ----------------------------------------------------------------------------------- */

/* It takes commands on two ports and announces on the one we are not on: moved once it is free, and
 * the next of its model goes there at once, whatever a rule says; over a restart too. */
static void moved_to_the_port_where_it_is_heard(void **state)
{
    struct world *world = *state;
    struct hand_link *hand = ready(world);
    elsewhere(world, hand);
    asked(world, "/dev/ttyUSB1");
    at(world, 0, "/dev/ttyUSB2"); /* goes on meanwhile */
    answer(world, -ETIMEDOUT, "", "");
    asked(world, "/dev/ttyUSB3");
    answer(world, 0, imei_a, "");
    at(world, 0, "/dev/ttyUSB3");
    assert_string_equal(view_of(world, "a").port, "/dev/ttyUSB3");
    assert_string_equal(hand->ear, "");
    for (int again = 0; again < 2; again++) {
        comes_up(world, 0, imei_a, sim_1);
        stick(world, "1-2", 4);
        asked(world, "/dev/ttyUSB7");
        answer(world, 0, imei_b, sim_2);
        at(world, 1, "/dev/ttyUSB7");
        restart(world);
        stick(world, "1-1", 0);
        asked(world, "/dev/ttyUSB3");
        answer(world, 0, imei_a, sim_1);
        at(world, 0, "/dev/ttyUSB3");
    }
}

/* The better port is found while a message is under way: it ends where it began, nothing new begins
 * there, and the modem goes in the moment it is free, without being asked again. */
static void what_is_under_way_ends_where_it_began(void **state)
{
    struct world *world = *state;
    struct hand_link *hand = ready(world);
    send(world, "one");
    send(world, "two");
    assert_true(hand->busy); /* and its link has not said so yet */
    elsewhere(world, hand);
    answer(world, -ETIMEDOUT, "", "");
    answer(world, 0, imei_a, "");
    at(world, 0, "/dev/ttyUSB2");
    hand_link_state(hand, LINK_BUSY);
    hand_link_prompt(hand);
    settle(world);
    assert_true(hand->yes);
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + 60000);
    at(world, 0, "/dev/ttyUSB2");
    assert_int_equal(hand->attaches, 1);
    hand_link_outcome(hand, SMS_SENT, SMS_CAUSE_NONE, 0, 7);
    hand_link_state(hand, LINK_READY);
    settle(world);
    at(world, 0, "/dev/ttyUSB3");
    assert_int_equal(hand->submits, 1);
    assert_false(world->q.open);
    hand_link_state(hand, LINK_OPENING);
    settle(world);
    comes_up(world, 0, imei_a, sim_1);
    assert_int_equal(hand->submits, 2);
}

/* So does an open menu of the network. */
static void nor_is_a_menu_broken_off(void **state)
{
    const struct lease_request request = {.modem = "a", .code = "*101#", .trusted = true};
    struct world *world = *state;
    struct refusal refusal;
    struct hand_link *hand = ready(world);
    world->config.ussd_timeout_s = 30;
    assert_int_equal(lease_run(gateway_fleet(world->gateway), &request, &refusal), 0);
    settle(world);
    assert_true(hand->ussd_open);
    elsewhere(world, hand);
    answer(world, -ETIMEDOUT, "", "");
    answer(world, 0, imei_a, "");
    at(world, 0, "/dev/ttyUSB2");
    hand_link_state(hand, LINK_BUSY);
    hand_link_ussd(hand, LINK_USSD_DONE, "500 VND");
    hand_link_state(hand, LINK_READY);
    settle(world);
    at(world, 0, "/dev/ttyUSB3");
}

/* Pulled out before it went: what was found is another's for all that is known. */
static void a_replug_forgets_where_it_was_to_go(void **state)
{
    struct world *world = *state;
    struct hand_link *hand = ready(world);
    hand_link_state(hand, LINK_BUSY);
    elsewhere(world, hand);
    answer(world, -ETIMEDOUT, "", "");
    answer(world, 0, imei_a, "");
    pull(world);
    hand_link_state(hand, LINK_GONE);
    stick(world, "1-1", 0);
    answer(world, 0, imei_a, sim_1);
    comes_up(world, 0, imei_a, sim_1);
    at(world, 0, "/dev/ttyUSB2");
    send(world, "one");
    assert_int_equal(hand->submits, 1);
}

static void stays_where_no_other_port_is_its_own(void **state)
{
    struct world *world = *state;
    strcpy(section(world, "a")->imei, imei_a);
    start(world);
    port(world, "1-1", 2, 2, USB_ROLE_AT);
    port(world, "1-1", 3, 3, USB_ROLE_UNKNOWN);
    tell(world);
    answer(world, 0, imei_a, sim_1);
    comes_up(world, 0, imei_a, sim_1);
    struct hand_link *hand = world->link[0];
    elsewhere(world, hand);
    asked(world, "/dev/ttyUSB3");
    answer(world, 0, imei_b, "");
    assert_false(world->q.open);
    at(world, 0, "/dev/ttyUSB2");
    assert_int_equal(hand->attaches, 1);
    assert_int_equal(hand->listens, 0); /* it is another modem's */
}

/* --- listening -------------------------------------------------------------------------------- */

/* None of the others takes commands: each is read beside ours in turn, until something is heard
 * there; never a port that a rule names for something else. */
static void a_port_without_commands_is_read_beside(void **state)
{
    struct world *world = *state;
    struct hand_link *hand = ready(world);
    elsewhere(world, hand);
    answer(world, -ETIMEDOUT, "", "");
    answer(world, -ETIMEDOUT, "", "");
    assert_string_equal(hand->ear, "/dev/ttyUSB1");
    elsewhere(world, hand); /* not there */
    asked(world, "/dev/ttyUSB3");
    answer(world, -ETIMEDOUT, "", "");
    assert_string_equal(hand->ear, "/dev/ttyUSB3");
    assert_int_equal(hand->attaches, 1);
    /* that was it: the next of its model is listened to there at once, over a restart too */
    for (int again = 0; again < 2; again++) {
        stick(world, "1-2", 4);
        asked(world, "/dev/ttyUSB6");
        answer(world, 0, imei_b, sim_2);
        at(world, 1, "/dev/ttyUSB6");
        assert_string_equal(world->link[1]->ear, "/dev/ttyUSB7");
        restart(world);
        stick(world, "1-1", 0);
        asked(world, "/dev/ttyUSB2");
        answer(world, 0, imei_a, sim_1);
        assert_string_equal(world->link[0]->ear, "/dev/ttyUSB3");
    }
    hand = world->link[0];
    comes_up(world, 0, imei_a, sim_1);
    elsewhere(world, hand); /* with another firmware: nor there */
    asked(world, "/dev/ttyUSB1");
    answer(world, -ETIMEDOUT, "", "");
    assert_string_equal(hand->ear, "/dev/ttyUSB1");
    elsewhere(world, hand);
    assert_false(world->q.open);
    restart(world); /* nothing is known of it any more */
    stick(world, "1-1", 0);
    answer(world, 0, imei_a, sim_1);
    assert_string_equal(world->link[0]->ear, "");
}

/* One that cannot be opened is passed over, and so is one that another program holds. */
static void a_port_that_is_held_is_not_listened_to(void **state)
{
    struct world *world = *state;
    struct hand_link *hand = ready(world);
    elsewhere(world, hand);
    answer(world, -EBUSY, "", "");
    hand->no_ear = -EACCES;
    answer(world, -ETIMEDOUT, "", "");
    assert_int_equal(hand->listens, 1);
    assert_string_equal(hand->ear, "");
    assert_false(world->q.open);
    at(world, 0, "/dev/ttyUSB2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(moved_to_the_port_where_it_is_heard),
        TEST(what_is_under_way_ends_where_it_began),
        TEST(nor_is_a_menu_broken_off),
        TEST(a_replug_forgets_where_it_was_to_go),
        TEST(stays_where_no_other_port_is_its_own),
        TEST(a_port_without_commands_is_read_beside),
        TEST(a_port_that_is_held_is_not_listened_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
