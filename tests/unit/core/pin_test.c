/* pin: which PIN may be typed, what is remembered of it, and what somebody is told. The link is
 * played by hand, the store is real. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alarm.h"
#include "modem.h"
#include "rig.h"
#include "store_pin.h"
#include "vfs_shim.h"

static char path[] = "/tmp/otpgate-pin-XXXXXX";

static void put_pin(const char *pin)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(pin, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static int setup(void **state)
{
    rig_setup(state);
    struct world *world = *state;
    strcpy(world->modem[0].pin_file, path);
    rig_restart(world);
    put_pin("4711\n");
    return 0;
}

static bool alarmed(struct world *world, const char *name)
{
    struct alarm_view view;
    for (size_t i = 0; alarm_at(gateway_alarms(world->gateway), i, &view); i++)
        if (strcmp(view.name, name) == 0 && strcmp(view.subject, "m0") == 0)
            return true;
    return false;
}

static void ask(struct world *world, int left)
{
    hand_link_ask_pin(world->link[0], left);
    rig_settle(world);
}

static void typed(struct world *world, const char *pin)
{
    if (strcmp(world->link[0]->pin, pin) != 0)
        fail_msg("not typed: %s", world->link[0]->no_pin);
    assert_false(alarmed(world, "sim_pin"));
}

static void refused(struct world *world, const char *why)
{
    char whole[160];
    assert_string_equal(world->link[0]->pin, "");
    snprintf(whole, sizeof whole, "SIM asks for its PIN: %s", why);
    assert_string_equal(world->link[0]->no_pin, whole);
    assert_true(alarmed(world, "sim_pin"));
}

static void reject(struct world *world)
{
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_PIN);
    world->link[0]->link.sink->pin_rejected(world->link[0]->link.ctx, &world->link[0]->link);
    rig_settle(world);
}

static void ready(struct world *world)
{
    hand_link_card(world->link[0], LINK_REGISTERING, LINK_CARD_READY);
    rig_settle(world);
}

static void the_rule(void **state)
{
    static const struct {
        enum store_pin state;
        bool spent;
        int left;
        bool may;
    } rows[] = {
        {STORE_PIN_NEW, false, 3, true},        {STORE_PIN_NEW, false, 2, true},
        {STORE_PIN_NEW, false, 1, false},       {STORE_PIN_NEW, false, 0, false},
        {STORE_PIN_NEW, false, -1, true},       {STORE_PIN_NEW, true, 2, true},
        {STORE_PIN_NEW, true, 1, false},        {STORE_PIN_NEW, true, -1, false},
        {STORE_PIN_TRIED, false, 3, true},      {STORE_PIN_TRIED, false, 2, false},
        {STORE_PIN_TRIED, false, -1, false},    {STORE_PIN_REJECTED, false, 3, false},
        {STORE_PIN_REJECTED, false, -1, false}, {STORE_PIN_REJECTED, true, 2, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct store_pin_view view = {rows[i].state, rows[i].spent};
        if ((pin_refusal(&view, rows[i].left) == NULL) != rows[i].may)
            fail_msg("row %zu", i);
    }
}

static void the_right_pin_is_typed_each_time(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++) {
        ask(world, i == 1 ? -1 : 3);
        typed(world, "4711");
        ready(world);
        assert_false(alarmed(world, "sim_pin"));
    }
    assert_int_equal(world->link[0]->pins, 3);
}

static void that_it_is_tried_is_on_disk_first(void **state)
{
    struct world *world = *state;
    hand_link_ask_pin(world->link[0], 3);
    assert_int_equal(world->link[0]->pins, 0); /* not before the COMMIT */
    rig_settle(world);
    typed(world, "4711");
    /* A kill now, and nobody knows what the SIM said. */
    rig_restart(world);
    ask(world, 2);
    refused(world, "its PIN was typed before, and what it said is not known");
    ask(world, -1);
    refused(world, "its PIN was typed before, and what it said is not known");
    ask(world, 3); /* it has all its attempts: it was not wrong */
    typed(world, "4711");
}

/* What cannot be written is not typed: after a kill nobody would know of it. */
static void where_the_disk_fails_nothing_is_typed(void **state)
{
    (void)state;
    char dir[] = "/tmp/otpgate-pin-XXXXXX", command[64];
    void *inner = NULL;
    assert_int_equal(vfs_shim_install(), 0);
    assert_non_null(mkdtemp(dir));
    rig_setup_in(&inner, dir);
    struct world *world = inner;
    strcpy(world->modem[0].pin_file, path);
    rig_restart(world);
    put_pin("4711\n");
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 3);
    ask(world, 3);
    refused(world, "that it is tried cannot be written");
    assert_int_equal(world->link[0]->pins, 0);
    vfs_shim_reset();
    rig_run_for(world, 5000);
    ask(world, 3);
    typed(world, "4711");
    rig_teardown(&inner);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* The question was taken back before its answer, or in its transaction: nothing was typed. */
static void one_that_was_never_typed_is_not_held_against_it(void **state)
{
    struct world *world = *state;
    world->link[0]->drops_pins = true;
    ask(world, 2);
    ask(world, -1);
    hand_link_ask_pin(world->link[0], 2);
    world->link[0]->drops_pins = false;
    ask(world, 2);
    typed(world, "4711");
    assert_int_equal(world->link[0]->pins, 1);
    ask(world, 2); /* now it was */
    refused(world, "its PIN was typed before, and what it said is not known");
}

/* Nor is one that the file held before called wrong where the next one is. */
static void one_that_was_never_typed_is_not_rejected(void **state)
{
    struct world *world = *state;
    world->link[0]->drops_pins = true;
    ask(world, 3);
    world->link[0]->drops_pins = false;
    put_pin("4712");
    ask(world, 3);
    typed(world, "4712");
    reject(world);
    put_pin("4711");
    ask(world, 2);
    typed(world, "4711");
}

/* What stood there before was typed, perhaps. */
static void what_an_earlier_life_has_typed_stays_tried(void **state)
{
    struct world *world = *state;
    ask(world, 3);
    typed(world, "4711");
    rig_restart(world);
    world->link[0]->drops_pins = true;
    ask(world, 3); /* it has all its attempts */
    world->link[0]->drops_pins = false;
    ask(world, 2);
    refused(world, "its PIN was typed before, and what it said is not known");
}

/* Its port went behind the PIN, and when it is back the SIM is ready: by whose hand? */
static void a_port_that_went_proves_nothing(void **state)
{
    struct world *world = *state;
    ask(world, 3);
    typed(world, "4711");
    hand_link_card(world->link[0], LINK_SYNCING, LINK_CARD_UNKNOWN);
    ready(world);
    ask(world, 2);
    refused(world, "its PIN was typed before, and what it said is not known");
}

static void asked_twice_is_answered_once(void **state)
{
    struct world *world = *state;
    hand_link_ask_pin(world->link[0], 3);
    hand_link_ask_pin(world->link[0], 3);
    rig_settle(world);
    assert_int_equal(world->link[0]->pins + world->link[0]->no_pins, 1);
}

static void a_rejected_pin_is_never_typed_again(void **state)
{
    struct world *world = *state;
    ask(world, 3);
    reject(world);
    assert_true(alarmed(world, "sim_pin_rejected"));
    for (int left = -1; left <= 3; left++) {
        ask(world, left);
        refused(world, "this SIM has rejected the PIN that its file holds");
    }
    rig_restart(world);
    ask(world, 3);
    refused(world, "this SIM has rejected the PIN that its file holds");
    assert_int_equal(world->link[0]->pins, 0);
    /* Unlocked by hand: its attempts are back, and the wrong PIN is as wrong as before. */
    ready(world);
    assert_false(alarmed(world, "sim_pin_rejected"));
    assert_false(alarmed(world, "sim_pin"));
    ask(world, 3);
    refused(world, "this SIM has rejected the PIN that its file holds");
    /* Another SIM may well have it. */
    strcpy(world->link[0]->link.identity.iccid, "8984777");
    ask(world, 3);
    typed(world, "4711");
}

static void another_pin_may_be_tried_while_two_are_left(void **state)
{
    struct world *world = *state;
    ask(world, 3);
    reject(world);
    put_pin("4712");
    ask(world, 2);
    typed(world, "4712");
    reject(world);
    put_pin("4713");
    ask(world, 1);
    refused(world, "too few attempts are left to try its PIN");
    assert_int_equal(world->link[0]->pins, 2);
}

static void without_a_count_one_pin_is_tried_once(void **state)
{
    struct world *world = *state;
    ask(world, -1);
    typed(world, "4711");
    reject(world);
    put_pin("4712");
    ask(world, -1);
    refused(world, "it has rejected a PIN, and does not tell how many attempts are left");
    ready(world); /* by hand */
    ask(world, -1);
    typed(world, "4712");
    assert_int_equal(world->link[0]->pins, 2);
}

static void no_iccid_goes_by_the_imei(void **state)
{
    struct world *world = *state;
    struct link_identity *id = &world->link[0]->link.identity;
    id->iccid[0] = '\0';
    strcpy(id->imei, "356938035643809");
    ask(world, 3);
    reject(world);
    ask(world, 3);
    refused(world, "this SIM has rejected the PIN that its file holds");
    strcpy(id->imei, "356938035643817");
    ask(world, 3);
    typed(world, "4711");
}

static void identity(struct world *world, const char *iccid)
{
    struct link_identity *id = &world->link[0]->link.identity;
    strcpy(id->iccid, iccid);
    strcpy(id->imei, "356938035643809");
}

/* A SIM that is busy at a start does not tell its ICCID, and does at the next; or the other way
 * round. */
static void one_name_is_not_told_each_time(void **state)
{
    struct world *world = *state;
    for (int told = 0; told < 2; told++) {
        put_pin(told ? "4711" : "4712");
        identity(world, told ? "8984777" : "");
        ask(world, 3);
        typed(world, told ? "4711" : "4712");
        reject(world);
        ready(world); /* by hand */
        rig_restart(world);
        identity(world, told ? "" : "8984777");
        ask(world, 3);
        refused(world, "this SIM has rejected the PIN that its file holds");
        assert_int_equal(world->link[0]->pins, 0);
    }
    identity(world, "8984778"); /* another SIM that says so */
    ask(world, 3);
    typed(world, "4711");
}

/* Nor is it held against a SIM, or its modem, that the question was taken back. */
static void one_that_was_never_typed_has_no_name(void **state)
{
    struct world *world = *state;
    for (int told = 0; told < 2; told++) {
        identity(world, told ? "8984777" : "");
        world->link[0]->drops_pins = true;
        ask(world, 2);
        identity(world, told ? "" : "8984777");
        world->link[0]->drops_pins = false;
        ask(world, 2);
        typed(world, "4711");
        ready(world);
    }
}

/* A modem that tells the ICCID only of a SIM that is unlocked. */
static void its_attempts_come_back_under_each_name(void **state)
{
    struct world *world = *state;
    identity(world, "");
    ask(world, -1);
    reject(world);
    put_pin("4712");
    ask(world, -1);
    refused(world, "it has rejected a PIN, and does not tell how many attempts are left");
    identity(world, "8984777");
    ready(world); /* by hand */
    identity(world, "");
    ask(world, -1);
    typed(world, "4712");
}

static void the_file_is_looked_at_each_time(void **state)
{
    struct world *world = *state;
    assert_int_equal(chmod(path, 0644), 0);
    ask(world, 3);
    refused(world, "its PIN file is open to others: chmod 0600");
    assert_int_equal(chmod(path, 0600), 0);
    ask(world, 3);
    typed(world, "4711");
    hand_link_ask_pin(world->link[1], 3); /* has none */
    rig_settle(world);
    assert_string_equal(world->link[1]->no_pin,
                        "SIM asks for its PIN: no pin_file is given for it");
}

static void no_pin_stays_in_memory(void **state)
{
    struct world *world = *state;
    put_pin("73519846");
    ask(world, 3);
    typed(world, "73519846");
    struct modem *modem = fleet_find(gateway_fleet(world->gateway), "m0");
    assert_null(memmem(modem, sizeof *modem, "73519846", 8));
    ask(world, 1);
    assert_null(memmem(modem, sizeof *modem, "73519846", 8));
}

static void each_state_of_a_sim_has_its_alarm(void **state)
{
    static const struct {
        enum link_card card;
        const char *alarm;
    } rows[] = {{LINK_CARD_ABSENT, "sim_absent"},
                {LINK_CARD_PUK, "sim_puk"},
                {LINK_CARD_LOCKED, "sim_locked"},
                {LINK_CARD_FAILURE, "sim_failure"}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hand_link_card(world->link[0], LINK_SIM, rows[i].card);
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
            assert_int_equal(alarmed(world, rows[k].alarm), k == i);
        hand_link_card(world->link[0], LINK_SYNCING, LINK_CARD_UNKNOWN);
        hand_link_card(world->link[0], LINK_SIM, LINK_CARD_BUSY);
        assert_true(alarmed(world, rows[i].alarm)); /* not known is not mended */
    }
    ready(world);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        assert_false(alarmed(world, rows[k].alarm));
}

/* --- what is promised meanwhile --- */

static const char *refusal_now(struct world *world, const char *key)
{
    static struct refusal refusal;
    struct send_request request = rig_request(key);

    refusal = (struct refusal){0};
    return rig_send(world, &request, &refusal) ? "" : refusal.name;
}

/* A SIM that waits for somebody sends nothing by itself: no at once, and no share in estimates. */
static void nothing_is_promised_for_a_sim_that_waits_for_people(void **state)
{
    static const enum link_card cards[] = {LINK_CARD_PUK, LINK_CARD_LOCKED, LINK_CARD_ABSENT,
                                           LINK_CARD_FAILURE};
    struct world *world = *state;
    char key[8];

    hand_link_state(world->link[1], LINK_GONE);
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        hand_link_card(world->link[0], LINK_SIM, cards[i]);
        assert_string_equal(refusal_now(world, key), "no_modem");
    }
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_BUSY); /* on its way */
    assert_string_equal(refusal_now(world, "busy"), "");
}

static void nor_for_one_whose_pin_nobody_has(void **state)
{
    struct world *world = *state;

    hand_link_state(world->link[1], LINK_GONE);
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_PIN);
    assert_string_equal(refusal_now(world, "a"), ""); /* not asked yet */
    ask(world, 3);
    typed(world, "4711");
    assert_string_equal(refusal_now(world, "b"), ""); /* it is being unlocked */
    world->link[0]->link.sink->pin_rejected(world->link[0]->link.ctx, &world->link[0]->link);
    assert_string_equal(refusal_now(world, "c"), "no_modem");
    ask(world, 2);
    assert_string_equal(refusal_now(world, "d"), "no_modem");
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_READY); /* somebody has unlocked it */
    assert_string_equal(refusal_now(world, "e"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule),
        cmocka_unit_test_setup_teardown(the_right_pin_is_typed_each_time, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(that_it_is_tried_is_on_disk_first, setup, rig_teardown),
        cmocka_unit_test(where_the_disk_fails_nothing_is_typed),
        cmocka_unit_test_setup_teardown(one_that_was_never_typed_is_not_held_against_it, setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(one_that_was_never_typed_is_not_rejected, setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(what_an_earlier_life_has_typed_stays_tried, setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(a_port_that_went_proves_nothing, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(asked_twice_is_answered_once, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_rejected_pin_is_never_typed_again, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(another_pin_may_be_tried_while_two_are_left, setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(without_a_count_one_pin_is_tried_once, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(no_iccid_goes_by_the_imei, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(one_name_is_not_told_each_time, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(one_that_was_never_typed_has_no_name, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(its_attempts_come_back_under_each_name, setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(the_file_is_looked_at_each_time, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(no_pin_stays_in_memory, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_promised_for_a_sim_that_waits_for_people, setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(nor_for_one_whose_pin_nobody_has, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(each_state_of_a_sim_has_its_alarm, setup, rig_teardown),
    };
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
