/* registry: the question to 1414 and its answer, on virtual time with links played by hand. Replies
 * are SYNTHETIC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "registry.h"
#include "rig.h"

enum { LIST = 8, UID = 7, OTHER_UID = 8 };

static struct carrier viettel = {.name = "viettel",
                                 .title = "Viettel",
                                 .code_count = 1,
                                 .way_count = 1,
                                 .code = {"45204"},
                                 .way = {{false, "TTTB"}}};
static struct carriers carriers = {.country = "84", .carrier = &viettel, .count = 1};

/* Who waits: what it was told. */
struct waiter {
    struct registry_ask ask;
    int told;
    enum registry_end end;
    char text[200];
};

static void on_end(struct registry_ask *ask, const struct registry_result *result)
{
    struct waiter *waiter = (struct waiter *)ask;

    waiter->told++;
    waiter->end = result->end;
    snprintf(waiter->text, sizeof waiter->text, "%.*s", (int)result->len,
             result->text ? result->text : "");
}

static int setup(void **state)
{
    int rc = rig_setup(state);
    struct world *world = *state;

    world->config.carriers = &carriers;
    world->config.registry_per_day = 2;
    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    strcpy(world->link[1]->link.identity.imsi, "452040000000002");
    rig_ready(world, 0);
    rig_ready(world, 1);
    return rc;
}

static const char *ask(struct world *world, int link, uint32_t uid, struct waiter *waiter)
{
    static struct refusal refusal;
    const struct carrier *carrier;

    memset(waiter, 0, sizeof *waiter);
    waiter->ask.fn = on_end;
    int rc = registry_ask(world->gateway, world->modem[link].name, uid, &waiter->ask, &carrier,
                          &refusal);
    rig_settle(world);
    assert_int_equal(waiter->told == 0 || rc == 0, true);
    if (rc == 0)
        assert_ptr_equal(carrier, &viettel);
    return rc == 0 ? "" : refusal.name;
}

static void question_leaves(struct world *world, int link)
{
    assert_true(world->link[link]->busy);
    rig_prompt(world, link);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
}

/* SMS-DELIVER in 8-bit GSM octets is hard to read: UCS-2 of ASCII. `from`: semi-octets of a short
 * code with its length, 1414 is "04814141"; total 0: a single one. */
static void air_from(struct world *world, int link, const char *from, int total, int sequence,
                     const char *text)
{
    char hex[600], units[300] = "";

    for (const char *c = text; *c; c++)
        snprintf(units + strlen(units), sizeof units - strlen(units), "00%02X", (unsigned)*c);
    if (total)
        snprintf(hex, sizeof hex, "44%s0008622211610000A3%02zX0500035A%02X%02X%s", from,
                 strlen(units) / 2 + 6, (unsigned)total, (unsigned)sequence, units);
    else
        snprintf(hex, sizeof hex, "04%s0008622211610000A3%02zX%s", from, strlen(units) / 2, units);
    hand_link_inbound(world->link[link], hex);
    rig_settle(world);
}

#define REGISTRY "04814141"
#define SOMEBODY "0B914819325476F8"

static void inbox_has(struct world *world, const char *const *texts)
{
    struct inbox list[LIST];
    int count = store_inbox_list(world->store, 0, list, LIST);

    for (int i = 0; i < count; i++) {
        assert_non_null(texts[i]);
        assert_string_equal(list[i].text, texts[i]);
        inbox_clear(&list[i]);
    }
    assert_null(texts[count]);
}

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
    inbox_has(world, (const char *const[]){REGISTRY_SHOWN, REGISTRY_SHOWN, "Ho ten: TRAN B",
                                           "Ho ten: LA AI", NULL});
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
    rig_run_for(world, 89000);
    assert_int_equal(waiter.told, 0);
    rig_run_for(world, 2000);
    assert_int_equal(waiter.told, 1);
    assert_int_equal(waiter.end, REGISTRY_SILENT);
    air_from(world, 0, REGISTRY, 0, 0, "Ho ten: A B");
    assert_string_equal(ask(world, 0, UID, &late), "");
    assert_int_equal(late.told, 1);
    assert_string_equal(late.text, "Ho ten: A B");
    assert_int_equal(world->link[0]->submits, 1);
    inbox_has(world, (const char *const[]){REGISTRY_SHOWN, NULL});
}

static void a_question_that_does_not_leave(void **state)
{
    struct world *world = *state;
    struct waiter waiter;

    assert_string_equal(ask(world, 0, UID, &waiter), "");
    hand_link_state(world->link[0], LINK_GONE);
    rig_run_for(world, 95000);
    assert_int_equal(waiter.told, 1);
    assert_int_equal(waiter.end, REGISTRY_NOT_SENT);
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
    inbox_has(world, (const char *const[]){REGISTRY_SHOWN, REGISTRY_SHOWN, NULL});
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
        cmocka_unit_test_setup_teardown(a_question_that_does_not_leave, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nobody_waits, setup, rig_teardown),
        cmocka_unit_test_setup_teardown(side_by_side, setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
