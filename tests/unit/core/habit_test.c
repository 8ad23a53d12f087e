/* habit: what a modem has taught is given to the link that meets it again, and to no other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "gateway_inside.h"
#include "rig.h"
#include "text.h"

static void meet(struct world *world, int link, const char *imei, const char *revision)
{
    struct link_identity *is = &world->link[link]->link.identity;
    text_copy(is->imei, sizeof is->imei, imei);
    text_copy(is->revision, sizeof is->revision, revision);
    hand_link_state(world->link[link], LINK_SIM);
    hand_link_state(world->link[link], LINK_REGISTERING);
    hand_link_state(world->link[link], LINK_READY);
    rig_settle(world);
}

static void a_restart_forgets_nothing(void **state)
{
    struct world *world = *state;
    meet(world, 0, "867542030000017", "R1");
    meet(world, 1, "867542030000025", "R1");
    assert_int_equal(world->link[0]->ussd_forms, 0);
    hand_link_learns(world->link[0], USSD_PACKED);
    rig_settle(world);
    rig_restart(world);
    meet(world, 0, "867542030000017", "R1");
    meet(world, 1, "867542030000025", "R1");
    assert_int_equal(world->link[0]->ussd_forms, 1); /* once, however often its state is told */
    assert_int_equal(world->link[0]->ussd_form, USSD_PACKED);
    assert_int_equal(world->link[1]->ussd_forms, 0);
}

static void a_new_firmware_starts_anew(void **state)
{
    struct world *world = *state;
    meet(world, 0, "867542030000017", "R1");
    hand_link_learns(world->link[0], USSD_UCS2);
    rig_settle(world);
    rig_restart(world);
    meet(world, 0, "867542030000017", "R2");
    assert_int_equal(world->link[0]->ussd_forms, 0);
    meet(world, 0, "867542030000017", "R1"); /* put back before anything was learnt */
    assert_int_equal(world->link[0]->ussd_forms, 1);
    assert_int_equal(world->link[0]->ussd_form, USSD_UCS2);
}

static void a_modem_is_known_at_another_port(void **state)
{
    struct world *world = *state;
    meet(world, 0, "867542030000017", "R1");
    hand_link_learns(world->link[0], USSD_PACKED);
    hand_link_state(world->link[0], LINK_GONE);
    meet(world, 1, "867542030000017", "R1");
    assert_int_equal(world->link[1]->ussd_forms, 1);
    assert_int_equal(world->link[1]->ussd_form, USSD_PACKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_restart_forgets_nothing, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_new_firmware_starts_anew, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_modem_is_known_at_another_port, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
