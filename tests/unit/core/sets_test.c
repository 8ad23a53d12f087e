/* Sets of parts that never become whole: what is told otherwise, damaged, or of the future. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "gateway_inside.h"
#include "loop_sim.h"
#include "rig.h"
#include "store_internal.h"

enum { LIST = 8 };

static void air(struct world *world, const char *hex)
{
    hand_link_inbound(world->link[0], hex);
    rig_settle(world);
}

static int inbox(struct world *world, struct inbox out[LIST])
{
    return store_inbox_list(world->store, 0, out, LIST);
}

static void inbox_free(struct inbox list[LIST], int count)
{
    for (int i = 0; i < count; i++)
        inbox_clear(&list[i]);
}

/* SMS-DELIVER from +84912345678, UCS-2, with or without a concatenation header (reference 0x5A). */
static const char *deliver(char out[512], int total, int sequence, const char *ucs2_hex)
{
    size_t units = strlen(ucs2_hex) / 2;

    if (total)
        snprintf(out, 512, "440B914819325476F80008622211610000A3%02zX0500035A%02X%02X%s", units + 6,
                 (unsigned)total, (unsigned)sequence, ucs2_hex);
    else
        snprintf(out, 512, "040B914819325476F80008622211610000A3%02zX%s", units, ucs2_hex);
    /* semi-octets of 84912345678: 48 19 32 54 76 F8 */
    return out;
}

/* A sender whose reference is always the same, and whose first message has lost a part. */
static void another_text_for_a_part_begins_a_new_set(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 2, 1, "0041"));
    rig_run_for(world, INT64_C(3600) * 1000);
    air(world, deliver(hex, 2, 1, "0058"));
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "A");
    assert_int_equal(list[0].parts, 2);
    assert_int_equal(list[0].missing, 1);
    inbox_free(list, count);
    air(world, deliver(hex, 2, 2, "0059"));
    count = inbox(world, list);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].text, "XY");
    assert_int_equal(list[0].missing, 0);
    inbox_free(list, count);
    rig_run_for(world, INT64_C(50) * 3600 * 1000);
    count = inbox(world, list);
    assert_int_equal(count, 2);
    inbox_free(list, count);
}

/* Each is shown once, as if it had come alone, and nothing of it stays behind. */
static void a_part_told_otherwise_without_end_is_bounded(void **state)
{
    enum { TIMES = 200 };
    static struct inbox list[TIMES + 1];
    struct world *world = *state;
    struct gateway_stats stats;
    uint8_t set[32];
    int64_t wall_ms;
    char hex[512], text[8];

    for (int i = 0; i < TIMES; i++) {
        snprintf(text, sizeof text, "%04X", 0x100 + i);
        air(world, deliver(hex, 2, 1, text));
    }
    assert_int_equal(world->link[0]->taken, TIMES);
    int count = store_inbox_list(world->store, 0, list, TIMES + 1);
    assert_int_equal(count, TIMES - 1);
    for (int i = 0; i < count; i++)
        inbox_clear(&list[i]);
    gateway_stats(world->gateway, &stats);
    assert_int_equal(stats.inbound, TIMES - 1);
    assert_int_equal(world->gateway->intake.displaced, TIMES - 1);
    assert_int_equal(world->store->tally.parts, 1);
    assert_int_equal(store_parts_oldest(world->store, set, &wall_ms), 1);
}

static void damage_parts(struct world *world)
{
    assert_int_equal(sqlite3_exec(world->store->db, "UPDATE part SET sealed_tpdu = zeroblob(60)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
}

/* Its pages are damaged: it is counted and let go, and those behind it have their turn. */
static void a_set_that_does_not_open_holds_up_nobody(void **state)
{
    static const char second[] = "440B914819325476F80008622211610000A3080500035B02020042";
    struct world *world = *state;
    struct gateway_stats stats;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 2, 1, "0041"));
    damage_parts(world);
    rig_run_for(world, 1000);
    air(world, second);
    rig_run_for(world, (INT64_C(24) * 3600 + 1) * 1000);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "B");
    inbox_free(list, count);
    gateway_stats(world->gateway, &stats);
    assert_int_equal(stats.inbound_refused, 1);
    assert_int_equal(world->store->tally.parts, 0);
}

/* The part that is damaged comes in another message: that one is whole. */
static void a_damaged_part_gives_way(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 2, 1, "0041"));
    damage_parts(world);
    air(world, deliver(hex, 2, 1, "0058"));
    air(world, deliver(hex, 2, 2, "0059"));
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "XY");
    inbox_free(list, count);
}

/* It came while the clock stood ahead: nobody knows when, so its day begins when that is seen. */
static void a_part_of_the_future_holds_up_nobody(void **state)
{
    static const char second[] = "440B914819325476F80008622211610000A3080500035B02020042";
    static const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    loop_sim_wall_set(world->loop, loop_wall_ms(world->loop) + year_ms);
    air(world, deliver(hex, 2, 1, "0041"));
    loop_sim_wall_set(world->loop, loop_wall_ms(world->loop) - year_ms);
    air(world, second);
    rig_run_for(world, INT64_C(25) * 3600 * 1000);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "B");
    inbox_free(list, count);
    rig_run_for(world, INT64_C(24) * 3600 * 1000);
    count = inbox(world, list);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].text, "A");
    inbox_free(list, count);
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(another_text_for_a_part_begins_a_new_set),
        RIG_TEST(a_part_told_otherwise_without_end_is_bounded),
        RIG_TEST(a_set_that_does_not_open_holds_up_nobody),
        RIG_TEST(a_damaged_part_gives_way),
        RIG_TEST(a_part_of_the_future_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
