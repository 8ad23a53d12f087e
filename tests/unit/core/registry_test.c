/* registry: the question to 1414 and its answer, on virtual time with links played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "registry_rig.h"

static void asked_and_answered(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, SOMEBODY, 0, 0, "Ho ten: LA AI");
    air_from(world, 0, "05A14100F0", 0, 0, "Ho ten: TRAN B"); /* 14000, not 1414 */
    air_from(world, 1, REGISTRY, 0, 0, "Ho ten: SIM KHAC");
    assert_int_equal(waiter.told, 0);
    air_from(world, 0, REGISTRY, 2, 2, " VAN A");
    assert_int_equal(waiter.told, 0);
    air_from(world, 0, REGISTRY, 2, 1, "Ho ten: NGUYEN");
    assert_int_equal(waiter.told, 1);
    assert_int_equal(waiter.end, REGISTRY_ANSWERED);
    assert_string_equal(waiter.text, "Ho ten: NGUYEN VAN A");
    inbox_has(world, (const char *const[]){SHOWN(match), SHOWN(expected by nobody),
                                           "Ho ten: TRAN B", "Ho ten: LA AI", NULL});
    assert_string_equal(news, "asked sms. part 1 of 2. part 2 of 2. parsed sms. ");
    rig_run_for(world, 100000);
    assert_int_equal(waiter.told, 1);
}

/* Two at once ask once; the same uid has it for a minute, another asks anew; then the day's number
 * is reached. */
static void asked_once_for_all_who_wait(void **state)
{
    struct world *world = *state;
    struct waiter one, two, again, other, last;

    assert_string_equal(ask(world, 0, UID, &one), "");
    assert_string_equal(ask(world, 0, OTHER_UID, &two), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_int_equal(one.told + two.told, 2);
    assert_int_equal(world->link[0]->submits, 1);
    assert_string_equal(ask(world, 0, UID, &again), "");
    assert_int_equal(again.told, 1);
    assert_string_equal(again.text, "Ho ten: A B");
    assert_string_equal(ask(world, 0, 99, &other), "");
    assert_int_equal(other.told, 0);
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B ");
    assert_int_equal(other.told, 1);
    assert_int_equal(world->link[0]->submits, 2);
    rig_run_for(world, 61000);
    assert_string_equal(ask(world, 0, UID, &last), "rate_limited");
    rig_run_for(world, INT64_C(24) * 3600 * 1000);
    assert_string_equal(ask(world, 0, UID, &last), "");
    registry_forget(&last.ask);
}

static void silence_and_a_late_answer(void **state)
{
    struct world *world = *state;
    struct waiter waiter, late;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    rig_run_for(world, 59000);
    assert_int_equal(waiter.told, 0);
    rig_run_for(world, 2000);
    assert_int_equal(waiter.told, 1);
    assert_int_equal(waiter.end, REGISTRY_SILENT);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(ask(world, 0, UID, &late), "");
    assert_int_equal(late.told, 1);
    assert_string_equal(late.text, "Ho ten: A B");
    assert_int_equal(world->link[0]->submits, 1);
    inbox_has(world, (const char *const[]){SHOWN(late), NULL});
}

/* A part is lost: that is not silence, and what came of it is shown to nobody. The rest may be
 * late. */
static void a_part_that_does_not_come(void **state)
{
    struct world *world = *state;
    struct waiter waiter, late;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 3, 3, "B");
    air_from(world, 0, REGISTRY, 3, 1, "Ho ten: ");
    rig_run_for(world, 61000);
    assert_int_equal(waiter.told, 1);
    assert_int_equal(waiter.end, REGISTRY_INCOMPLETE);
    assert_int_equal(waiter.part, 2);
    assert_int_equal(waiter.parts, 3);
    assert_string_equal(waiter.text, "");
    assert_string_equal(news, "asked sms. part 1 of 3. part 2 of 3. "
                              "sms: 2 of 3 parts of the answer came. ");
    inbox_has(world, (const char *const[]){NULL});
    air_from(world, 0, REGISTRY, 3, 2, "A ");
    assert_string_equal(ask(world, 0, UID, &late), "");
    assert_int_equal(late.told, 1);
    assert_string_equal(late.text, "Ho ten: A B");
    inbox_has(world, (const char *const[]){SHOWN(late), NULL});
    rig_run_for(world, 61000);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    rig_run_for(world, 61000);
    assert_int_equal(waiter.end, REGISTRY_SILENT);
    assert_int_equal(waiter.parts, 0);
}

/* What is given up after a day answers no question of the next. */
static void what_came_of_yesterdays_answer(void **state)
{
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    struct world *world = *state;
    struct waiter waiter, today;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 2, 2, "Ho ten: A B");
    rig_run_for(world, day_ms - 30000);
    assert_string_equal(ask(world, 0, UID, &today), "");
    question_leaves(world, 0);
    rig_run_for(world, 40000);
    inbox_has(world, (const char *const[]){SHOWN(incomplete), NULL});
    assert_int_equal(today.told, 0);
    rig_run_for(world, 30000);
    assert_int_equal(today.end, REGISTRY_SILENT);
    assert_string_equal(ask(world, 1, UID, &today), "");
    registry_forget(&today.ask);
}

/* Told in the turn in which it is known, and not counted. */
static void a_question_that_does_not_leave(void **state)
{
    struct world *world = *state;
    struct waiter waiter;
    struct refusal refusal;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    hand_link_state(world->link[0], LINK_GONE); /* claimed, and at the modem */
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_NOT_READY);
    assert_string_equal(at_once(world, &waiter)->why, "its modem cannot send");
    assert_string_equal(ask(world, 0, UID, &waiter), "no_modem");
    rig_ready(world, 0);

    const struct send_request request = rig_request("k");
    rig_accept(world, &request); /* one of the modems has it, and the other the next */
    const struct send_request second = rig_request("k2");
    rig_accept(world, &second);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", true, &refusal), 0);
    assert_int_equal(store_end(world->store, true), 0);
    assert_string_equal(at_once(world, &waiter)->why, "its modem cannot send");
    assert_string_equal(ask(world, 0, UID, &waiter), "no_modem");

    assert_string_equal(ask(world, 1, UID, &waiter), "");
    strcpy(world->link[1]->link.identity.iccid, "89849"); /* somebody puts another SIM in */
    hand_link_state(world->link[1], LINK_REGISTERING);
    assert_string_equal(at_once(world, &waiter)->why, "the SIM is not in its modem any more");
    assert_string_equal(news, "asked sms. sms: its modem cannot send. asked sms. "
                              "sms: its modem cannot send. asked sms. "
                              "sms: the SIM is not in its modem any more. ");
}

/* The budget of parts is used up: nothing leaves before midnight. */
static void no_budget(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    world->modem[0].daily_budget = 1;
    gateway_reload(world->gateway, &world->config);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(ask(world, 0, OTHER_UID, &waiter), "no_modem");
}

/* A restart gives no SIM new questions. */
static void the_day_goes_on(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    for (int i = 0; i < 2; i++) {
        assert_string_equal(ask(world, 0, (uint32_t)i, &waiter), "");
        question_leaves(world, 0);
        air_from(world, 0, REGISTRY, 0, 0, i ? "Ho ten: A B" : "Ho ten: A B ");
        assert_int_equal(waiter.told, 1);
    }
    rig_restart(world);
    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    rig_ready(world, 0);
    assert_string_equal(ask(world, 0, UID, &waiter), "rate_limited");
    rig_run_for(world, INT64_C(24) * 3600 * 1000);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    registry_forget(&waiter.ask);
}

/* One way alone: what its modem may not try again is over, what it may is tried again. */
static void the_network_refuses(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42);
    assert_int_equal(waiter.told, 0);
    rig_run_for(world, 30000);
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(waiter.text, "Ho ten: A B");
    assert_string_equal(ask(world, 1, UID, &waiter), "");
    rig_prompt(world, 1);
    rig_outcome(world, 1, SMS_NOT_SENT, SMS_CAUSE_CMS, 8);
    assert_string_equal(at_once(world, &waiter)->why,
                        "The carrier has barred this SIM from sending.");
}

/* "?", half a surrogate pair, overrides of direction, an escape, a NUL, in ten parts from last to
 * first, with a spoof of each kind in between: the outcome is "unreadable" and all else goes on. */
static void ten_parts_of_garbage(void **state)
{
    static const char *const spoofs[] = {"05814141F1", "0681414141", "05914841F1", "07D06C5A8C06"};
    struct world *world = *state;
    struct waiter waiter;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    for (int part = 10; part >= 1; part--) {
        air_units(world, 0, REGISTRY, 10, part,
                  part == 1 ? "003F202E2066001B0000D83D" : "DC00202D200B0007007F00480054");
        if (part % 3 == 0)
            air_from(world, 0, spoofs[part / 3], 0, 0, "Ho ten: KE XAU");
        assert_int_equal(waiter.told, 0);
    }
    const struct send_request request = rig_request("k");
    int64_t row = rig_accept(world, &request);
    int link = world->link[0]->busy ? 0 : 1;
    rig_prompt(world, link);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
    rig_run_for(world, 5000);
    assert_int_equal(waiter.told, 1);
    assert_int_equal(waiter.end, REGISTRY_ANSWERED);
    assert_true(*waiter.text == '?');
    assert_null(strchr(waiter.text, 0x1B));
    assert_null(strstr(waiter.text, "\xE2\x80\xAE"));
    inbox_has(world, (const char *const[]){SHOWN(unreadable), "Ho ten: KE XAU", "Ho ten: KE XAU",
                                           "Ho ten: KE XAU", NULL});
}

/* Anybody may rent the name "1414" (type of number: alphanumeric). It answers nothing, is hidden
 * from nobody, and its part does not end a message of the number 1414. */
static void a_name_that_reads_1414(void **state)
{
    static const char name[] = "07D0315A8C06";
    struct world *world = *state;
    struct waiter waiter, late;
    struct inbox list[LIST];

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, name, 0, 0, "Ho ten: KE XAU");
    air_from(world, 0, REGISTRY, 2, 1, "Ho ten: NGUYEN");
    air_from(world, 0, name, 2, 2, " VAN XAU");
    air_from(world, 0, name, 2, 1, "La toi");
    assert_int_equal(waiter.told, 0);
    assert_string_equal(news, "asked sms. part 1 of 2. ");
    air_from(world, 0, REGISTRY, 2, 2, " VAN A");
    assert_string_equal(waiter.text, "Ho ten: NGUYEN VAN A");
    rig_run_for(world, 61000);
    air_from(world, 0, name, 0, 0, "Ho ten: TRE"); /* nor is it a late one */
    assert_string_equal(ask(world, 0, UID, &late), "");
    assert_int_equal(late.told, 0);
    registry_forget(&late.ask);
    inbox_has(world, (const char *const[]){"Ho ten: TRE", SHOWN(match), "La toi VAN XAU",
                                           "Ho ten: KE XAU", NULL});
    assert_int_equal(store_inbox_list(world->store, 0, list, LIST), 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(list[i].from, "1414");
        assert_int_equal(list[i].named, i != 1);
        inbox_clear(&list[i]);
    }
}

/* Whatever type a network gives its short code, but an international number is another. */
static void a_short_code_of_any_type(void **state)
{
    static const char *const numbers[] = {"0481", "04A1", "04B1", "04C1", "04E1"};
    struct world *world = *state;
    struct waiter waiter;
    char from[16];

    world->config.registry_per_day = 0;
    for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_string_equal(ask(world, 0, UID + i, &waiter), "");
        question_leaves(world, 0);
        air_from(world, 0, "04914141", 0, 0, i ? "Ho ten: KE XAU " : "Ho ten: KE XAU");
        assert_int_equal(waiter.told, 0);
        snprintf(from, sizeof from, "%s4141", numbers[i]);
        air_from(world, 0, from, 0, 0, "Ho ten: A B");
        assert_int_equal(waiter.told, 1);
    }
}

static void refusals(void **state)
{
    struct world *world = *state;
    struct waiter waiter;
    struct refusal refusal;
    const struct carrier *carrier;

    assert_int_equal(registry_ask(world->gateway, "nobody", UID, &waiter.ask, &carrier, &refusal),
                     -1);
    assert_string_equal(refusal.name, "not_found");
    world->link[0]->link.identity.imsi[0] = '\0';
    assert_string_equal(ask(world, 0, UID, &waiter), "no_modem");
    strcpy(world->link[0]->link.identity.imsi, "262010000000001");
    assert_string_equal(ask(world, 0, UID, &waiter), "not_found");
    assert_int_equal(world->link[0]->submits, 0);
}

/* Who has gone is not told; nobody who asked: what 1414 says is not kept all the same. */
static void nobody_waits(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    air_from(world, 1, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    registry_forget(&waiter.ask);
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_int_equal(waiter.told, 0);
    inbox_has(world, (const char *const[]){SHOWN(late), SHOWN(expected by nobody), NULL});
}

/* Two SIMs ask side by side, and a message goes out meanwhile. */
static void side_by_side(void **state)
{
    struct world *world = *state;
    struct waiter one, two;

    assert_string_equal(ask(world, 0, UID, &one), "");
    assert_string_equal(ask(world, 1, UID, &two), "");
    question_leaves(world, 0);
    question_leaves(world, 1);
    const struct send_request request = rig_request("k");
    int64_t row = rig_accept(world, &request);
    int link = world->link[0]->busy ? 0 : 1;
    rig_prompt(world, link);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
    air_from(world, 1, REGISTRY, 0, 0, "Ho ten: HAI");
    assert_int_equal(two.told, 1);
    assert_int_equal(one.told, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: MOT");
    assert_string_equal(one.text, "Ho ten: MOT");
    assert_string_equal(two.text, "Ho ten: HAI");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asked_and_answered, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(asked_once_for_all_who_wait, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(silence_and_a_late_answer, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_part_that_does_not_come, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(what_came_of_yesterdays_answer, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_question_that_does_not_leave, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(no_budget, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(the_day_goes_on, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(the_network_refuses, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(ten_parts_of_garbage, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_name_that_reads_1414, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_short_code_of_any_type, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nobody_waits, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(side_by_side, setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
