/* What a modem does that is not the one its section names, or holds another SIM than it did:
 * nothing, until somebody says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rig.h"

static struct modem_view view_of(struct world *world, size_t i)
{
    struct modem_view view;

    assert_true(gateway_modem_at(world->gateway, i, &view));
    return view;
}

static bool is_held(struct world *world, size_t i)
{
    return view_of(world, i).held[0] != '\0';
}

static struct send_request long_request(const char *key)
{
    static char text[400];
    struct send_request request = rig_request(key);

    memset(text, 'a', sizeof text);
    request.text = text;
    request.text_len = 400; /* three parts */
    return request;
}

static void identify(struct world *world, int link, const char *imei)
{
    strcpy(world->link[link]->link.identity.imei, imei);
    rig_ready(world, link);
}

/* Its SIM comes up in another modem: that one is held, sends nothing, and what the SIM had begun is
 * sent anew by a third. */
static void a_held_modem_sends_nothing_and_keeps_nothing(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a"), next = rig_request("b");

    identify(world, 0, "356938035643809");
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED);
    rig_restart(world);
    strcpy(world->link[1]->link.identity.iccid, world->link[0]->link.identity.iccid);
    strcpy(world->link[0]->link.identity.iccid, "89842");
    identify(world, 1, "356938035643817");
    assert_true(is_held(world, 1));
    assert_false(world->link[1]->busy);
    rig_ready(world, 0);
    int64_t other = rig_accept(world, &next);
    rig_assert_state(world, other, MESSAGE_CLAIMED);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, 20 * 1000);
    for (unsigned part = 0; part < 3; part++) {
        assert_int_equal(world->link[0]->submit.part, part);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_int_equal(world->link[1]->submits, 0);
}

/* No hand can say that it is the right one: the section does not. */
static void another_sim_than_named_is_held_and_not_accepted(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");
    struct refusal refusal;

    strcpy(world->modem[0].imsi, "452040000000001");
    rig_restart(world);
    strcpy(world->link[0]->link.identity.imsi, "452040000000002");
    identify(world, 0, "356938035643809");
    assert_true(is_held(world, 0));
    rig_accept(world, &a);
    assert_false(world->link[0]->busy);
    assert_int_equal(gateway_modem_accept(world->gateway, "m0", &refusal), -1);
    assert_string_equal(refusal.name, "conflict");
    rig_settle(world);
    assert_true(is_held(world, 0));
    assert_false(world->link[0]->busy);
    hand_link_state(world->link[0], LINK_SIM);
    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    strcpy(world->link[0]->link.identity.iccid, "89849");
    rig_ready(world, 0);
    assert_false(is_held(world, 0));
    assert_true(world->link[0]->busy);
}

/* Two sections with one port each, and two more that found the same modems. */
static void a_twin_is_let_go_by_its_own_twin(void **state)
{
    struct world *world = *state;
    static const char *const imeis[] = {"356938035643809", "356938035643809", "356938035643817",
                                        "356938035643817"};

    for (int i = 0; i < 4; i++)
        identify(world, i, imeis[i]);
    assert_false(is_held(world, 0) || is_held(world, 2));
    assert_true(is_held(world, 1) && is_held(world, 3));
    assert_string_equal(world->link[1]->place, "");
    hand_link_state(world->link[0], LINK_GONE);
    rig_settle(world);
    assert_false(is_held(world, 1));
    assert_true(is_held(world, 3));
}

static int setup_four(void **state)
{
    rig_setup_links(state, NULL, 4);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_held_modem_sends_nothing_and_keeps_nothing, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(another_sim_than_named_is_held_and_not_accepted, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(a_twin_is_let_go_by_its_own_twin, setup_four, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
