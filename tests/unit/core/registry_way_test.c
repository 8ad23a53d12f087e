/* registry_way: by message and by USSD, one after the other; and beside sending, on virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "registry_rig.h"

static void refused_and_then_by_ussd(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    ways(2, &TTTB, &MENU);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42); /* no second try where there is a way */
    assert_string_equal(world->link[0]->ussd_code, "*1414#");
    network(world, 0, LINK_USSD_MORE, "1. Thong tin thue bao");
    assert_string_equal(world->link[0]->ussd_code, "1");
    network(world, 0, LINK_USSD_MORE, "Ho ten: A B");
    assert_string_equal(world->link[0]->ussd_code, "9");
    assert_int_equal(waiter.told, 0);
    network(world, 0, LINK_USSD_DONE, "CCCD: 052");
    assert_int_equal(waiter.told, 1);
    assert_string_equal(waiter.text, "Ho ten: A B\nCCCD: 052");
    assert_string_equal(waiter.way, "ussd");
    rig_run_for(world, 100000);
    assert_int_equal(world->link[0]->submits, 1);
    inbox_has(world, (const char *const[]){NULL});
}

/* Nobody's keys are pressed at a menu that no file tells of. */
static void an_unknown_menu(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    ways(2, &CODE, &TTTB);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    network(world, 0, LINK_USSD_MORE, "1. Mua data 50.000d");
    assert_string_equal(world->link[0]->ussd_code, "*1414#");
    assert_true(world->link[0]->ussd_cancelled);
    network(world, 0, LINK_USSD_CANCELLED, "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(waiter.text, "Ho ten: A B");
    assert_string_equal(news, "asked ussd. ussd: its menu is not known. asked sms. parsed sms. ");
    rig_run_for(world, INT64_C(24) * 3600 * 1000);
    ways(1, &CODE, NULL); /* no other way: staff see what it said */
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    network(world, 0, LINK_USSD_MORE, "1. Mua data 50.000d");
    assert_string_equal(waiter.text, "1. Mua data 50.000d");
}

/* Silent, then by USSD: the late message ends it, and what USSD says is nobody's any more. */
static void the_first_answers_late(void **state)
{
    struct world *world = *state;
    struct waiter waiter, again;

    ways(2, &TTTB, &CODE);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    rig_run_for(world, 61000);
    assert_string_equal(world->link[0]->ussd_code, "*1414#");
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(waiter.text, "Ho ten: A B");
    assert_true(world->link[0]->ussd_cancelled);
    network(world, 0, LINK_USSD_DONE, "Ho ten: C D");
    assert_string_equal(ask(world, 0, UID, &again), "");
    assert_string_equal(again.text, "Ho ten: A B");
    assert_string_equal(ask(world, 0, OTHER_UID, &again), "rate_limited"); /* two have left */
}

static void the_second_answers_first(void **state)
{
    struct world *world = *state;
    struct waiter waiter, again;

    ways(2, &TTTB, &CODE);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    rig_run_for(world, 61000);
    network(world, 0, LINK_USSD_DONE, "Ho ten: C D");
    assert_string_equal(waiter.text, "Ho ten: C D");
    assert_string_equal(waiter.way, "ussd");
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_int_equal(waiter.told, 1);
    inbox_has(world, (const char *const[]){SHOWN(late), NULL});
    assert_string_equal(ask(world, 0, UID, &again), "");
    assert_string_equal(again.text, "Ho ten: C D");
    assert_string_equal(news, "asked sms. sms: no answer. asked ussd. parsed ussd. ");
}

static void silent_in_each_way(void **state)
{
    static const enum link_ussd_end ends[] = {LINK_USSD_SILENT, LINK_USSD_REFUSED};
    struct world *world = *state;
    struct waiter waiter;

    ways(2, &TTTB, &CODE);
    world->config.registry_per_day = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(ask(world, 0, UID, &waiter), "");
        question_leaves(world, 0);
        rig_run_for(world, 61000);
        assert_int_equal(waiter.told, 0);
        network(world, 0, ends[i], "");
        assert_int_equal(waiter.told, 1);
        assert_int_equal(waiter.end, REGISTRY_SILENT);
    }
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    rig_run_for(world, 61000 + 29000);
    assert_int_equal(waiter.told, 0);
    rig_run_for(world, 32000); /* the link says nothing: the way's own time ends it */
    assert_int_equal(waiter.told, 1);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    assert_string_equal(waiter.text, "Ho ten: A B");
}

/* Of the message a part is lost, of the code nothing comes: something had come. */
static void a_part_and_then_silence(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    ways(2, &TTTB, &CODE);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 2, 1, "Ho ten: A");
    rig_run_for(world, 61000);
    network(world, 0, LINK_USSD_SILENT, "");
    assert_int_equal(waiter.end, REGISTRY_INCOMPLETE);
    assert_string_equal(news, "asked sms. part 1 of 2. sms: 1 of 2 parts of the answer came. "
                              "asked ussd. ussd: no answer. ");
}

/* "Not served here" is no answer of 1414; a refusal by who looked is. */
static void which_refusal_is_an_answer(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    ways(2, &TTTB, &CODE);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "KHONG HO TRO cu phap nay");
    network(world, 0, LINK_USSD_DONE, "KHONG HO TRO");
    assert_string_equal(waiter.text, "KHONG HO TRO"); /* all that was said */
    assert_string_equal(news, "asked sms. sms: it is not served. asked ussd. "
                              "ussd: it is not served. parsed ussd. ");
    rig_run_for(world, INT64_C(24) * 3600 * 1000);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Da qua so lan");
    assert_string_equal(waiter.text, "Da qua so lan");
    rig_run_for(world, 200000);
    assert_int_equal(world->link[0]->ussd_starts, 1);
    inbox_has(world, (const char *const[]){SHOWN(match), SHOWN(not_supported), NULL});
}

/* 1414 writes of something else meanwhile: the record that follows is the answer. */
static void what_no_rule_reads(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "? Chuan hoa thong tin ngay");
    assert_int_equal(waiter.told, 0);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(waiter.text, "Ho ten: A B");
    assert_string_equal(ask(world, 0, OTHER_UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, REGISTRY, 0, 0, "? Khuyen mai");
    rig_run_for(world, 5000);
    assert_string_equal(waiter.text, "? Khuyen mai");
    inbox_has(world, (const char *const[]){SHOWN(unreadable), SHOWN(other_person),
                                           SHOWN(unreadable), NULL});
}

/* The words of a carrier's own sender are hidden as well, for its SIMs. */
static void another_sender(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    strcpy(viettel.sender[0], "14000");
    viettel.sender_count = 1;
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    question_leaves(world, 0);
    air_from(world, 0, "05A14100F0", 0, 0, "Ho ten: TRAN B");
    assert_string_equal(waiter.text, "Ho ten: TRAN B");
    assert_string_equal(ask(world, 0, OTHER_UID, &waiter), "");
    question_leaves(world, 0);
    strcpy(viettel.sender[0], "l414"); /* a name that the operator trusts, and no number is it */
    air_from(world, 0, "07D06C5A8C06", 0, 0, "Ho ten: LE C");
    viettel.sender_count = 0;
    assert_string_equal(waiter.text, "Ho ten: LE C");
}

/* --- beside sending --- */

enum { SUBMIT_MS = 2500, EXCHANGE_MS = 4000, COMMIT_MS = 100 /* one may be held */ };

/* Every modem with something at its prompt sends it. */
static void one_round(struct world *world, int modems)
{
    rig_run_for(world, SUBMIT_MS);
    for (int i = 0; i < modems; i++)
        if (world->link[i]->busy) {
            hand_link_prompt(world->link[i]);
            rig_settle(world);
            rig_outcome(world, i, SMS_SENT, SMS_CAUSE_NONE, 0);
        }
    rig_run_for(world, COMMIT_MS);
}

static void send_many(struct world *world, int count)
{
    static int serial;
    char key[16];

    for (int i = 0; i < count; i++) {
        struct send_request request = rig_request(key);
        snprintf(key, sizeof key, "n%d", serial++);
        rig_accept(world, &request);
    }
}

static unsigned submits(const struct world *world)
{
    unsigned sum = 0;

    for (int i = 0; i < MODEMS; i++)
        sum += world->link[i]->submits;
    return sum;
}

/* Eight SIMs ask at once while 80 codes wait: each question is one turn of its modem, and all
 * codes leave in the rounds that they need. */
static void eight_under_load(void **state)
{
    struct world *world = *state;
    struct waiter waiter[MODEMS];

    send_many(world, 80);
    for (int i = 0; i < MODEMS; i++)
        assert_string_equal(ask(world, i, UID, &waiter[i]), "");
    int rounds = 0, answered = 0;
    for (; submits(world) < 88 && rounds < 20; rounds++) {
        one_round(world, MODEMS);
        for (int i = 0; rounds == 2 && i < MODEMS; i++) {
            char text[40];
            snprintf(text, sizeof text, "Ho ten: SIM %d", i);
            air_from(world, i, REGISTRY, 0, 0, text);
            answered += waiter[i].told;
            assert_string_equal(waiter[i].text, text);
        }
    }
    assert_int_equal(answered, MODEMS);
    assert_int_equal(rounds, 10); /* the first 8 were at their modems before */
}

/* By USSD: no modem sends during its exchange, and each goes on right after it. */
static void the_lease_holds_for_the_exchange(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    ways(1, &MENU, NULL);
    send_many(world, 60);
    for (int i = 0; i < 2; i++)
        one_round(world, MODEMS);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    assert_false(world->link[0]->ussd_open); /* it has a message under way */
    one_round(world, MODEMS);
    unsigned before = world->link[0]->submits, others = world->link[1]->submits;
    static const char *const pages[] = {"1. Thong tin", "Ho ten: A B"};
    for (size_t i = 0; i < 2; i++) {
        rig_run_for(world, EXCHANGE_MS / 2);
        network(world, 0, LINK_USSD_MORE, pages[i]); /* codes are due, and do not end it */
        one_round(world, MODEMS);
    }
    assert_int_equal(world->link[0]->submits, before);
    assert_int_equal(world->link[1]->submits, others + 2);
    network(world, 0, LINK_USSD_DONE, "CCCD: 1");
    assert_string_equal(waiter.text, "Ho ten: A B\nCCCD: 1");
    assert_int_equal(world->link[0]->submits, before + 1);
    ways(1, &TTTB, NULL); /* by message it holds nothing up */
    rig_run_for(world, 61000);
    assert_string_equal(ask(world, 0, UID, &waiter), "");
    before = submits(world);
    one_round(world, MODEMS);
    one_round(world, MODEMS);
    assert_true(submits(world) - before >= 2 * MODEMS - 1);
    assert_int_equal(waiter.told, 0);
    registry_forget(&waiter.ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused_and_then_by_ussd, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(an_unknown_menu, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(the_first_answers_late, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(the_second_answers_first, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(silent_in_each_way, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_part_and_then_silence, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(which_refusal_is_an_answer, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(what_no_rule_reads, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(another_sender, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(eight_under_load, setup_many, rig_teardown),
        cmocka_unit_test_setup_teardown(the_lease_holds_for_the_exchange, setup_many, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
