/* store_habit: what works with a modem and its firmware, and that it outlives the daemon. */
#include "store_habit.h"
#include "store_rig.h"

#include <string.h>

static const char modem_a[] = "867542030000017", modem_b[] = "867542030000025";

static void known(struct rig *rig, const char *imei, const char *revision, int want)
{
    enum ussd_form form = USSD_PLAIN;
    assert_int_equal(store_habit_get(rig->store, imei, revision, &form), want >= 0);
    if (want >= 0)
        assert_int_equal(form, want);
}

static void a_habit_is_of_modem_and_firmware(void **state)
{
    struct rig rig = {0};
    (void)state;
    rig_memory(&rig);
    known(&rig, modem_a, "R1", -1);
    assert_int_equal(store_habit_set(rig.store, modem_a, "R1", USSD_PACKED), 0);
    known(&rig, modem_a, "R1", USSD_PACKED);
    known(&rig, "86754203000001", "R1", USSD_PACKED); /* without its check digit */
    known(&rig, modem_b, "R1", -1);
    known(&rig, modem_a, "R2", -1); /* a new firmware starts anew */
    assert_int_equal(store_habit_set(rig.store, modem_a, "R2", USSD_PLAIN), 0);
    known(&rig, modem_a, "R2", USSD_PLAIN);
    known(&rig, modem_a, "R1", -1); /* and only one is kept */
    rig_end(&rig);
}

static void habits_outlive_the_daemon(void **state)
{
    struct rig rig = {0};
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_habit_set(rig.store, modem_a, "R1", USSD_UCS2), 0);
    rig_reopen(&rig);
    known(&rig, modem_a, "R1", USSD_UCS2);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_habit_is_of_modem_and_firmware),
        cmocka_unit_test(habits_outlive_the_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
