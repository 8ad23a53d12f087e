/* store_pair: which SIM is in which modem, and that it outlives the daemon. */
#include <string.h>
#include <sqlite3.h>
#include "store_internal.h"
#include "store_rig.h"

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

/* What an earlier revision knew by twenty digits, its check digit among them. */
static void a_sim_keeps_what_is_known_of_it(void **state)
{
    static const char rows[] =
        "INSERT INTO sim_pair VALUES ('86754203000001', '89840480000000000017');"
        "INSERT INTO message VALUES (7, x'000102030405060708090a0b0c0d0e0f', 1000, NULL, NULL, "
        "NULL, NULL, NULL, 0, 0, 2, 1, 0, 0, 0, 1, 2, 3, 0, 0, 1, 0, 42, 0, 0, 0, 0, 0, 0, 0, 0, "
        "'sim:89840480000000000017', '89840480000000000029', 'm', '89840480000000000017', '', 0, "
        "0, 0, 0, 0);"
        "INSERT INTO attempt VALUES (9, 7, 0, 2, 'm', '89840480000000000017', 5, 0, 0, 1, 1, 1, 1, "
        "1, -1, 0, NULL, 0);"
        "INSERT INTO fact VALUES ('sim.89840480000000000017.out', 'x');"
        "INSERT INTO fact VALUES ('sim.8984048000000000002.out', 'y');"
        "PRAGMA user_version = 9; PRAGMA application_id = 0x4f545047;";
    struct rig rig;
    struct attempt attempt;
    struct message message;
    sqlite3 *db;
    char value[8];
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    rig_shell("rm -r %s/*", rig.dir);
    assert_int_equal(sqlite3_open(rig_path(&rig, "otpgate.db"), &db), SQLITE_OK);
    for (int i = 1; i <= 9; i++)
        assert_int_equal(sqlite3_exec(db, schema_script(i), NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    rig_reopen(&rig);
    assert_int_equal(look(&rig, modem_a, sim_1), STORE_PAIR_SAME);
    assert_int_equal(store_attempt_by_token(rig.store, 9, &attempt), 1);
    assert_string_equal(attempt.iccid, sim_1);
    assert_int_equal(store_message_by_row(rig.store, 7, false, &message), 1);
    assert_string_equal(message.iccid, sim_1);
    assert_string_equal(message.avoid, sim_2);
    assert_string_equal(message.pin, "sim:8984048000000000001");
    message_clear(&message);
    assert_int_equal(store_fact_get(rig.store, "sim.8984048000000000001.out", value, sizeof value),
                     1);
    assert_int_equal(store_fact_get(rig.store, "sim.8984048000000000002.out", value, sizeof value),
                     1);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_known),
        cmocka_unit_test(pairs_outlive_the_daemon),
        cmocka_unit_test(a_sim_keeps_what_is_known_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
