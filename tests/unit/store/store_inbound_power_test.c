/* Power loss at every write and every sync while messages come in: what was reported durable (and
 * then deleted from the modem) is there, and once everything was swept again each message is there
 * exactly once, also where a delete failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "power_walk.h"
#include "store_rig.h"

enum { SLOTS = 5, MESSAGES = 3 };

/* What the modem holds: two short ones, and one of three parts, the last of them first. */
static const struct {
    const char *tpdu;
    uint8_t part, total; /* 0: whole */
} air[SLOTS] = {{"one", 0, 0}, {"c", 3, 3}, {"a", 1, 3}, {"two", 0, 0}, {"b", 2, 3}};
static const char *const wanted[MESSAGES] = {"one", "two", "abc"};
static const uint8_t the_set[32] = {7};

struct slot {
    struct store_waiter waiter;
    struct modem *modem;
    bool there, reported, delete_fails;
};

struct modem {
    struct rig *rig;
    struct slot slot[SLOTS];
    bool failed;
};

static void on_durable(void *arg, int rc)
{
    struct slot *slot = arg;
    if (rc != 0) {
        slot->modem->failed = true;
        return;
    }
    assert_false(vfs_shim_unsynced());
    slot->reported = true;
    slot->there = slot->delete_fails;
    slot->delete_fails = false; /* the next sweep's works */
}

static int insert(struct store *store, const char *text, uint8_t parts)
{
    struct inbox inbox = {.parts = parts, .class_ = -1, .from = "+84912345678"};
    inbox.text = strdup(text);
    inbox.text_len = strlen(text);
    int rc = store_inbox_insert(store, &inbox);
    inbox_clear(&inbox);
    return rc;
}

static int take_part(struct store *store, int i)
{
    struct inbox_part part[3];
    char text[8] = "";
    int rc = store_part_insert(store, the_set, air[i].part, air[i].total, "s", "m", air[i].tpdu,
                               strlen(air[i].tpdu));
    if (rc != 1)
        return rc;
    int count = store_parts_of(store, the_set, part, 3);
    if (count < air[i].total)
        return count < 0 ? count : 0;
    for (int at = 0; at < count; at++)
        snprintf(text + at, sizeof text - (size_t)at, "%.*s", part[at].len, part[at].tpdu);
    rc = insert(store, text, air[i].total);
    return rc == 0 ? store_parts_delete(store, the_set) : rc;
}

static int take(struct store *store, int i)
{
    int rc = store_begin(store);
    if (rc != 0)
        return rc;
    rc = store_seen(store, "s", air[i].tpdu, strlen(air[i].tpdu));
    if (rc == 0)
        rc = air[i].total ? take_part(store, i) : insert(store, air[i].tpdu, 1);
    int end = store_end(store, rc >= 0);
    return rc < 0 ? rc : end;
}

/* Two slots in a turn of the loop, as a modem reads them. */
static void sweep(struct modem *modem)
{
    for (int i = 0; i < SLOTS && !modem->failed; i++) {
        struct slot *slot = &modem->slot[i];
        if (!slot->there)
            continue;
        if (take(modem->rig->store, i) != 0) {
            modem->failed = true;
            break;
        }
        slot->waiter = (struct store_waiter){.fn = on_durable, .arg = slot};
        slot->modem = modem;
        store_when_durable(modem->rig->store, &slot->waiter);
        if (i % 2)
            loop_sim_settle(modem->rig->loop);
    }
    loop_sim_settle(modem->rig->loop);
}

/* What was reported is known again, and stands in the inbox or among the parts. */
static void check_reported(struct rig *rig, const struct modem *modem, int in_inbox)
{
    int parts = store_parts_count(rig->store, the_set), reported = 0;
    rig_begin(rig);
    for (int i = 0; i < SLOTS; i++)
        if (modem->slot[i].reported) {
            assert_int_equal(store_seen(rig->store, "s", air[i].tpdu, strlen(air[i].tpdu)), 1);
            reported += air[i].total ? 1 : 3;
        }
    assert_int_equal(store_end(rig->store, false), 0);
    assert_true(in_inbox * 3 + parts >= reported);
}

static int list(struct rig *rig, char text[8][8])
{
    struct inbox inbox[8];
    int count = store_inbox_list(rig->store, 0, inbox, 8);
    assert_in_range(count, 0, MESSAGES);
    for (int i = 0; i < count; i++) {
        assert_string_equal(inbox[i].from, "+84912345678");
        snprintf(text[i], 8, "%s", inbox[i].text);
        inbox_clear(&inbox[i]);
    }
    return count;
}

static void check_once_each(struct rig *rig)
{
    char text[8][8];
    struct event events[8];
    assert_int_equal(list(rig, text), MESSAGES);
    for (int i = 0; i < MESSAGES; i++) {
        int found = 0;
        for (int j = 0; j < MESSAGES; j++)
            found += strcmp(text[j], wanted[i]) == 0;
        assert_int_equal(found, 1);
    }
    assert_int_equal(store_parts_count(rig->store, the_set), 0);
    rig_commit(rig);
    assert_int_equal(store_events_after(rig->store, 0, UINT32_MAX, events, 8), MESSAGES);
}

/* One machine, one death. Returns whether it died before all was done. */
static bool die_at(enum vfs_op_kind kind, uint64_t nth, uint64_t seed)
{
    struct rig rig;
    char text[8][8];
    struct modem modem = {.rig = &rig};
    vfs_shim_reset();
    rig_disk(&rig);
    loop_sim_settle(rig.loop);
    for (int i = 0; i < SLOTS; i++)
        modem.slot[i] = (struct slot){.there = true, .delete_fails = i % 2 == 0};
    vfs_shim_reset();
    vfs_shim_die(kind, nth);
    sweep(&modem);
    rig_close(&rig);
    bool died = vfs_shim_is_dead();
    vfs_shim_power_loss(seed);
    rig_reopen(&rig);
    check_reported(&rig, &modem, list(&rig, text));
    modem.failed = false;
    sweep(&modem);
    sweep(&modem); /* whose delete had failed */
    assert_false(modem.failed);
    for (int i = 0; i < SLOTS; i++)
        assert_false(modem.slot[i].there);
    check_once_each(&rig);
    rig_end(&rig);
    return died;
}

static void test_every_write(void **state)
{
    (void)state;
    power_at_every_write(die_at, 30, 2000);
}

static void test_every_sync(void **state)
{
    (void)state;
    power_at_every_sync(die_at, 4, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_write),
        cmocka_unit_test(test_every_sync),
    };
    return vfs_shim_install() != 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
