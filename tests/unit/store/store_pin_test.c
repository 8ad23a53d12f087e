/* Which PIN was typed into which SIM: kept over restarts and kills, by hash alone. */
#include <stdio.h>
#include <string.h>
#include "store_internal.h"
#include "store_pin.h"
#include "store_rig.h"

static const char sim[] = "8984012345678901234", another[] = "8984999999999999999";
static const char modem[] = "imei:35693803564380", elsewhere[] = "imei:35693803564381";

static void expect_in(struct rig *rig, const char *of, const char *in, const char *pin,
                      enum store_pin state, bool spent)
{
    struct store_pin_view view;
    assert_int_equal(store_pin_look(rig->store, of, in, pin, &view), 0);
    assert_int_equal(view.state, state);
    assert_int_equal(view.spent, spent);
}

static void expect(struct rig *rig, const char *of, const char *pin, enum store_pin state,
                   bool spent)
{
    expect_in(rig, of, modem, pin, state, spent);
}

static void try_in(struct rig *rig, const char *of, const char *in, const char *pin)
{
    rig_begin(rig);
    assert_int_equal(store_pin_try(rig->store, of, in, pin), 0);
    rig_keep(rig);
}

static void try_pin(struct rig *rig, const char *pin)
{
    try_in(rig, sim, modem, pin);
}

static void reject_of(struct rig *rig, const char *of)
{
    rig_begin(rig);
    assert_int_equal(store_pin_reject(rig->store, of), 0);
    rig_keep(rig);
}

static void reject(struct rig *rig)
{
    reject_of(rig, sim);
}

static void unlocked(struct rig *rig, bool accepted)
{
    rig_begin(rig);
    assert_int_equal(store_pin_unlocked(rig->store, sim, accepted), 0);
    rig_keep(rig);
}

static void test_a_rejected_pin_stays_rejected(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    expect(&rig, sim, "4711", STORE_PIN_NEW, false);
    assert_int_equal(store_pin_known(rig.store, sim), 0);
    try_pin(&rig, "4711");
    expect(&rig, sim, "4711", STORE_PIN_TRIED, false);
    expect(&rig, sim, "4712", STORE_PIN_NEW, false);
    expect(&rig, another, "4711", STORE_PIN_NEW, false);
    reject(&rig);
    rig_reopen(&rig);
    expect(&rig, sim, "4711", STORE_PIN_REJECTED, true);
    expect(&rig, sim, "4712", STORE_PIN_NEW, true);
    expect(&rig, another, "4712", STORE_PIN_NEW, false);
    /* typed again by mistake, or unlocked by somebody: rejected it stays */
    try_pin(&rig, "4711");
    expect(&rig, sim, "4711", STORE_PIN_REJECTED, true);
    assert_int_equal(store_pin_known(rig.store, sim), 1);
    unlocked(&rig, false);
    expect(&rig, sim, "4711", STORE_PIN_REJECTED, false);
    assert_int_equal(store_pin_known(rig.store, sim), 0);
    try_pin(&rig, "4712");
    unlocked(&rig, true);
    expect(&rig, sim, "4712", STORE_PIN_NEW, false);
    expect(&rig, sim, "4711", STORE_PIN_REJECTED, false);
    rig_end(&rig);
}

/* One that does not tell its ICCID may be any that was in its modem; one that tells it, one that
 * did not. */
static void test_one_without_a_name(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    try_pin(&rig, "4711");
    reject(&rig);
    rig_reopen(&rig);
    expect(&rig, modem, "4711", STORE_PIN_REJECTED, true);
    expect(&rig, modem, "4712", STORE_PIN_NEW, true);
    expect_in(&rig, elsewhere, elsewhere, "4711", STORE_PIN_NEW, false);
    expect_in(&rig, sim, elsewhere, "4711", STORE_PIN_REJECTED, true); /* moved there */
    try_in(&rig, elsewhere, elsewhere, "4713");
    reject_of(&rig, elsewhere);
    expect_in(&rig, another, elsewhere, "4713", STORE_PIN_REJECTED, true);
    expect(&rig, another, "4713", STORE_PIN_NEW, false);
    try_in(&rig, sim, elsewhere, "4711"); /* typed there by mistake: there it is known, too */
    expect_in(&rig, elsewhere, elsewhere, "4711", STORE_PIN_REJECTED, true);
    rig_end(&rig);
}

/* Twenty digits of a SIM, fifteen of an IMEI. */
static void test_names_of_an_earlier_revision(void **state)
{
    static const char longer[] = "89840123456789012347", imei[] = "imei:356938035643809";
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    try_in(&rig, longer, "", "4711");
    reject_of(&rig, longer);
    try_in(&rig, imei, "", "4712");
    reject_of(&rig, imei);
    expect(&rig, sim, "4711", STORE_PIN_REJECTED, true);
    expect(&rig, modem, "4712", STORE_PIN_REJECTED, true);
    unlocked(&rig, false);
    expect_in(&rig, sim, elsewhere, "4711", STORE_PIN_REJECTED, false);
    rig_end(&rig);
}

static void type_and_die(struct rig *rig)
{
    try_pin(rig, "4711");
    rig_commit(rig);
}

static void test_a_kill_while_it_is_typed(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    rig_crash(&rig, type_and_die);
    assert_int_equal(rig_open(&rig), 0);
    expect(&rig, sim, "4711", STORE_PIN_TRIED, false);
    unlocked(&rig, false); /* ready, and nobody knows by what */
    expect(&rig, sim, "4711", STORE_PIN_TRIED, false);
    rig_end(&rig);
}

static void test_no_pin_on_disk(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    try_pin(&rig, "73519846");
    reject(&rig);
    rig_commit(&rig);
    rig_shell("! grep -rq 73519846 %s", rig.dir); /* its log too */
    rig_close(&rig);
    rig_shell("! grep -rq 73519846 %s", rig.dir);
    rig_end(&rig);
}

/* Which PIN it was is lost with the key: each may be the one. */
static void test_new_keys(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    try_pin(&rig, "4711");
    reject(&rig);
    try_pin(&rig, "4712");
    reject(&rig);
    rig_put(&rig, "a");
    rig_close(&rig);
    rig_shell("head -c 32 /dev/urandom > %s", rig_path(&rig, "keys/index"));
    rig.options.new_keys = true;
    rig_reopen(&rig);
    expect(&rig, sim, "4711", STORE_PIN_TRIED, true);
    expect(&rig, sim, "9999", STORE_PIN_TRIED, true);
    expect(&rig, another, "9999", STORE_PIN_NEW, false);
    unlocked(&rig, true);
    expect(&rig, sim, "9999", STORE_PIN_NEW, false);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rejected_pin_stays_rejected),
        cmocka_unit_test(test_one_without_a_name),
        cmocka_unit_test(test_names_of_an_earlier_revision),
        cmocka_unit_test(test_a_kill_while_it_is_typed),
        cmocka_unit_test(test_no_pin_on_disk),
        cmocka_unit_test(test_new_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
