/* Which of its memories a modem has selected: where that is not known for certain, nothing is read
 * or deleted by an index that belongs to another one. And what lies there and is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_sim_world.h"
#include "log.h"
#include "simmodem_inside.h"

enum { WIRE_MS = 100 };
static unsigned clogged; /* told so */

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    clogged += strncmp(line, "at test memory-clogged", 22) == 0;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

static unsigned used_of(enum sim_memory_kind memory)
{
    return t.modem->memory[memory].used;
}

/* One in ME that is with its owner, one announced in SM, and AT+CPMS="xx" is on the wire when the
 * owner says that it has the first. */
static void begin(const char *select, const char *answer)
{
    sim_world_prepare("generic");
    t.latency_ms = WIRE_MS;
    t.owner = SIM_OWNER_SILENT;
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(20000);
    sim_world_write("tin 0");
    sim_world_run(1000);
    assert_int_equal(t.told, 1);
    t.intercept = select;
    t.instead = answer;
    t.intercepts = 1;
    t.modem->settings.mem[2] = SIM_MEMORY_SM;
    sim_world_write("tin 1");
    while (t.intercepted == 0)
        sim_world_run(WIRE_MS / 2);
    assert_int_equal(used_of(SIM_MEMORY_ME), 1);
    assert_int_equal(used_of(SIM_MEMORY_SM), 1);
    link_taken(t.link, 1, true);
}

static void end(void)
{
    assert_int_equal(sim_world_stored(), 0);
    assert_int_equal(sim_world_find("tin 0")->told, 1);
    assert_int_equal(sim_world_find("tin 1")->told, 1);
    sim_world_no_violations("");
    sim_world_stop();
}

/* Obeyed behind its time. */
static void selected_late(void **state)
{
    (void)state;
    begin("AT+CPMS=\"SM\"\r", "");
    t.modem->settings.mem[0] = SIM_MEMORY_SM;
    t.owner = SIM_OWNER_TAKES;
    sim_world_run(20000);
    assert_int_equal(sim_world_find("tin 1")->taken, 1);
    sim_world_run(180000);
    assert_int_equal(t.modem->settings.mem[0], SIM_MEMORY_ME);
    end();
}

static void the_way_home_is_refused(void **state)
{
    static const char *const answers[] = {"\r\n+CMS ERROR: 302\r\n", "\r\n+CMS ERROR: 314\r\n",
                                          "\r\nERROR\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        begin("AT+CPMS=\"ME\"\r", answers[i]);
        assert_int_equal(t.told, 2);
        sim_world_run(30000);
        assert_int_equal(used_of(SIM_MEMORY_SM), 1);
        sim_world_run(180000);
        assert_int_equal(used_of(SIM_MEMORY_ME), 0);
        assert_int_equal(used_of(SIM_MEMORY_SM), 1); /* its owner has not said a word */
        link_taken(t.link, 2, true);
        sim_world_run(180000);
        end();
    }
}

/* It does not even tell: no slot is touched until it obeys. No spin either. */
static void nobody_knows(void **state)
{
    (void)state;
    begin("AT+CPMS=\"ME\"\r", "\r\n+CMS ERROR: 302\r\n");
    t.intercepts = 1000000;
    t.intercept_too = "AT+CPMS?";
    t.instead_too = "\r\nERROR\r\n";
    t.wire_len = 0;
    sim_world_run(600000);
    assert_int_equal(t.deleted, 0);
    assert_in_range(t.intercepted, 5, 25);
    assert_in_range(sim_world_count("AT+CPMS?"), 5, 25);
    assert_int_equal(sim_world_count("AT+CMG"), sim_world_count("AT+CMGF?"));
    t.intercepts = 0;
    link_taken(t.link, 2, true);
    sim_world_run(180000);
    end();
}

/* --- what is somebody else's --- */

static void fill_with_drafts(enum sim_memory_kind memory)
{
    static const uint8_t tpdu[] = {0x01, 0x00, 0x0b, 0x91, 0x48, 0x19, 0x32,
                                   0x54, 0x76, 0xf8, 0x00, 0x00, 0x01, 0x41};
    struct sim_memory *m = &t.modem->memory[memory];
    for (int i; (i = sim_memory_put(m, false, tpdu, sizeof tpdu)) >= 0;)
        m->slot[i].state = i % 2 ? SIM_SLOT_SENT : SIM_SLOT_DRAFT;
}

/* Nothing can come, nothing fails, and nothing that is not ours is deleted: somebody has to know.
 */
static void full_of_drafts(void **state)
{
    static const char *const profiles[] = {"generic", "simcom"}; /* walked, listed */
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        sim_world_prepare(profiles[i]);
        enum sim_memory_kind home = SIM_MEMORY_ME;
        fill_with_drafts(home);
        unsigned slots = used_of(home);
        clogged = 0;
        assert_int_equal(link_open(t.link), 0);
        assert_true(sim_world_until_ready(120000));
        sim_world_run(30000);
        assert_int_equal(clogged, 1);
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        sim_world_run(3600000);
        assert_int_equal(clogged, 1);
        assert_int_equal(used_of(home), slots);
        assert_int_equal(t.told, 0);
        assert_non_null(strstr(t.why, "memory is full"));
        assert_true(sim_memory_delete(&t.modem->memory[home], 3)); /* somebody has */
        sim_world_write("tin 0");
        sim_world_run(130000);
        assert_int_equal(sim_world_find("tin 0")->taken, 1);
        sim_world_submit(false);
        sim_world_run(1000);
        assert_null(strstr(t.why, "memory is full"));
        assert_int_equal(used_of(home), slots - 1);
        sim_world_no_violations(profiles[i]);
        sim_world_stop();
    }
}

static void one_slot_is_enough(void **state)
{
    (void)state;
    sim_world_prepare("generic");
    fill_with_drafts(SIM_MEMORY_ME);
    fill_with_drafts(SIM_MEMORY_SM); /* where nothing comes */
    assert_true(sim_memory_delete(&t.modem->memory[SIM_MEMORY_ME], 0));
    clogged = 0;
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(700000);
    assert_int_equal(clogged, 0);
    sim_world_write("tin 0");
    sim_world_run(1000);
    assert_int_equal(sim_world_find("tin 0")->taken, 1);
    sim_world_stop();
}

/* --- what nobody can read --- */

#define UNREADABLE(index) "+CMGL: " #index ",0,,30\r\nno hex at all\r\n"

/* Three looks. It is on no disk, so that it stays where it is, as long as it does not take up all
 * the room. */
static void what_nobody_can_read_stays_within_bounds(void **state)
{
    enum { COMES = 6, STAYS = 3 };
    (void)state;
    sim_world_start("generic");
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000);
    t.intercept = "AT+CMGR";
    t.instead = "\r\n+CMGR: 0,,30\r\nno hex at all\r\n\r\nOK\r\n";
    t.intercepts = 1000;
    t.intercept_too = "AT+CMGL";
    t.instead_too = "\r\n" UNREADABLE(1) UNREADABLE(2) UNREADABLE(3) "\r\nOK\r\n";
    for (int i = 0; i < STAYS; i++)
        sim_world_write("tin");
    sim_world_run(600000);
    assert_int_equal(used_of(SIM_MEMORY_ME), STAYS);
    assert_int_equal(t.intercepted, 3 * STAYS);
    sim_world_run(3600000);
    assert_int_equal(t.intercepted, 3 * STAYS); /* left alone */
    t.instead_too = "\r\n" UNREADABLE(1) UNREADABLE(2) UNREADABLE(3) UNREADABLE(4) UNREADABLE(5)
        UNREADABLE(6) "\r\nOK\r\n";
    for (int i = STAYS; i < COMES; i++)
        sim_world_write("tin");
    sim_world_run(600000);
    assert_int_equal(used_of(SIM_MEMORY_ME), STAYS);
    assert_true(t.intercepted >= 3 * COMES); /* the list goes on to tell of those that are gone */
    assert_int_equal(t.told, 0);
    /* Where something else comes to lie there, or it can be read after all, it is told. */
    t.intercepts = 0;
    t.intercept_too = NULL;
    sim_world_run(1300000);
    assert_int_equal(used_of(SIM_MEMORY_ME), 0);
    assert_true(t.told > 0);
    sim_world_no_violations("");
    sim_world_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selected_late),
        cmocka_unit_test(the_way_home_is_refused),
        cmocka_unit_test(nobody_knows),
        cmocka_unit_test(full_of_drafts),
        cmocka_unit_test(one_slot_is_enough),
        cmocka_unit_test(what_nobody_can_read_stays_within_bounds),
    };
    log_sink_set(hear, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
