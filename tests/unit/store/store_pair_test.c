/* store_pair: which SIM is in which modem, and that it outlives the daemon. */
#include "store_rig.h"

#include <string.h>

static const char modem_a[] = "867542030000017", modem_b[] = "867542030000025";
static const char sim_1[] = "8984048000000000001", sim_2[] = "8984048000000000002";

static enum store_pair look(struct rig *rig, const char *imei, const char *iccid)
{
    enum store_pair pair;
    assert_int_equal(store_pair_get(rig->store, imei, iccid, &pair), 0);
    return pair;
}

static void pairs_are_known(void **state)
{
    struct rig rig = {0};
    (void)state;
    rig_memory(&rig);
    assert_int_equal(look(&rig, modem_a, sim_1), STORE_PAIR_NEW);
    assert_int_equal(store_pair_set(rig.store, modem_a, sim_1), 0);
    assert_int_equal(look(&rig, modem_a, sim_1), STORE_PAIR_SAME);
    /* without its check digit it is the same modem */
    assert_int_equal(look(&rig, "86754203000001", sim_1), STORE_PAIR_SAME);
    assert_int_equal(look(&rig, modem_a, sim_2), STORE_PAIR_OTHER_SIM);
    assert_int_equal(look(&rig, modem_b, sim_1), STORE_PAIR_OTHER_MODEM);
    assert_int_equal(look(&rig, modem_b, sim_2), STORE_PAIR_NEW);
    assert_int_equal(store_pair_set(rig.store, modem_b, sim_2), 0);
    /* two SIMs have changed places */
    assert_int_equal(look(&rig, modem_a, sim_2), STORE_PAIR_OTHER_SIM);
    assert_int_equal(look(&rig, modem_b, sim_1), STORE_PAIR_OTHER_SIM);
    assert_int_equal(store_pair_set(rig.store, modem_a, sim_2), 0);
    assert_int_equal(look(&rig, modem_a, sim_2), STORE_PAIR_SAME);
    assert_int_equal(look(&rig, modem_b, sim_1), STORE_PAIR_NEW); /* both have left what was */
    rig_end(&rig);
}

static void pairs_outlive_the_daemon(void **state)
{
    struct rig rig = {0};
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_pair_set(rig.store, modem_a, sim_1), 0);
    rig_reopen(&rig);
    assert_int_equal(look(&rig, modem_a, sim_1), STORE_PAIR_SAME);
    assert_int_equal(look(&rig, modem_a, sim_2), STORE_PAIR_OTHER_SIM);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_known),
        cmocka_unit_test(pairs_outlive_the_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
