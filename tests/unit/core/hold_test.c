/* What operators stop and let go: modems, everything; and resets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "rig.h"
#include "vfs_shim.h"

/* As the verb does it: with its transaction. */
static void pause_modem(struct world *world, const char *name, bool pause)
{
    struct refusal refusal;

    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_modem_pause(world->gateway, name, pause, &refusal), 0);
    assert_int_equal(store_end(world->store, true), 0);
    rig_settle(world);
}

static void pause_all(struct world *world, bool pause)
{
    struct refusal refusal;

    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_pause(world->gateway, pause, &refusal), 0);
    assert_int_equal(store_end(world->store, true), 0);
    rig_settle(world);
}

static struct modem_view view_of(struct world *world, size_t i)
{
    struct modem_view view;

    assert_true(gateway_modem_at(world->gateway, i, &view));
    return view;
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

/* --- one modem -----------------------------------------------------------------------------------
 */

static void a_paused_modem_takes_nothing_and_others_do(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");

    rig_ready(world, 0);
    rig_ready(world, 1);
    pause_modem(world, "m0", true);
    rig_accept(world, &a);
    assert_false(world->link[0]->busy);
    assert_true(world->link[1]->busy);
    int64_t row = rig_accept(world, &b); /* waits for m1 */
    assert_false(world->link[0]->busy);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    pause_modem(world, "m0", false);
    assert_true(world->link[0]->busy);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

static void the_message_under_way_is_finished_with_all_its_parts(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a"), next = rig_request("b");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    pause_modem(world, "m0", true);
    assert_string_equal(view_of(world, 0).held, "paused by an operator");
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_ready(world, 1);
    int64_t other = rig_accept(world, &next);
    for (int part = 1; part < 3; part++) {
        assert_int_equal(world->link[0]->submit.part, part);
        rig_prompt(world, 0);
        assert_true(world->link[0]->yes);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_false(world->link[0]->busy);
    assert_true(world->link[1]->busy);
    rig_assert_state(world, other, MESSAGE_CLAIMED);
}

/* A part that waits for its second try is still under way. */
static void a_part_that_waits_is_finished_too(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    pause_modem(world, "m0", true);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42); /* again in a few seconds */
    assert_false(world->link[0]->busy);
    rig_run_for(world, 20 * 1000);
    assert_true(world->link[0]->busy);
    assert_int_equal(world->link[0]->submit.part, 1);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

/* Many that may have left wait for their resend by the same SIM: the one that is begun goes first.
 */
static void what_is_begun_is_found_among_many(void **state)
{
    struct world *world = *state;
    char key[16];

    world->config.evidence_wait_s = 60;
    rig_ready(world, 0);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = long_request(key);
        request.ttl_s = 3600;
        rig_accept(world, &request);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    }
    struct send_request begun = long_request("begun");
    int64_t row = rig_accept(world, &begun);
    rig_prompt(world, 0);
    pause_modem(world, "m0", true);
    for (int part = 1; part < 3; part++) {
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
        assert_int_equal(world->link[0]->submit.part, part);
        rig_prompt(world, 0);
    }
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* One that only its recipient's network refuses waits by itself, and is not tried at once. */
static void a_part_waits_for_its_own_time(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    (void)rig_accept(world, &request);
    rig_prompt(world, 0);
    pause_modem(world, "m0", true);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 27);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 61 * 1000);
    assert_true(world->link[0]->busy);
    assert_int_equal(world->link[0]->submit.part, 1);
}

/* A pause before, with nothing under way, has let go of what it had not begun; this is begun. */
static void an_earlier_pause_takes_nothing_away(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    request.modem = "m0";
    rig_ready(world, 0);
    pause_modem(world, "m1", true);
    pause_all(world, true);
    pause_all(world, false);
    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t row = rig_accept(world, &request);
    pause_modem(world, "m0", true);
    rig_ready(world, 0); /* looks for what is begun: nothing */
    pause_modem(world, "m0", false);
    rig_prompt(world, 0);
    pause_modem(world, "m0", true);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42);
    rig_run_for(world, 20 * 1000);
    assert_true(world->link[0]->busy);
    assert_int_equal(world->link[0]->submit.part, 1);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

/* A copy that only this SIM may send, and has not begun: another one sends it. */
static void what_a_paused_modem_has_not_begun_goes_elsewhere(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    pause_modem(world, "m0", true);
    rig_ready(world, 1);
    rig_run_for(world, 20 * 1000);
    assert_int_equal(world->link[0]->submits, 1);
    for (unsigned part = 0; part < 3; part++) {
        assert_int_equal(world->link[1]->submit.part, part);
        rig_prompt(world, 1);
        rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void a_pause_holds_over_a_restart_of_the_modem(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");
    struct refusal refusal;

    rig_ready(world, 0);
    hand_link_state(world->link[1], LINK_GONE);
    pause_modem(world, "m0", true);
    hand_link_state(world->link[0], LINK_RECOVERING);
    rig_ready(world, 0);
    assert_int_equal(rig_send(world, &a, &refusal), 0);
    assert_string_equal(refusal.name, "no_modem");
    assert_false(world->link[0]->busy);
}

static void a_pause_holds_over_a_restart(void **state)
{
    struct world *world = *state;

    pause_modem(world, "m1", true);
    pause_all(world, true);
    rig_restart(world);
    struct gateway_stats stats;
    gateway_stats(world->gateway, &stats);
    assert_true(stats.paused);
    assert_false(view_of(world, 0).paused);
    assert_true(view_of(world, 1).paused);
    pause_all(world, false);
    pause_modem(world, "m1", false);
    rig_restart(world);
    gateway_stats(world->gateway, &stats);
    assert_false(stats.paused);
    assert_false(view_of(world, 1).paused);
}

/* What was not written did not happen: the client has heard store_failed. */
/* --- what the disk did not take ------------------------------------------------------------------
 */

static char dir[32];

static int setup_on_disk(void **state)
{
    assert_int_equal(vfs_shim_install(), 0);
    strcpy(dir, "/tmp/otpgate-hold-XXXXXX");
    assert_non_null(mkdtemp(dir));
    rig_setup_in(state, dir);
    rig_settle(*state);
    return 0;
}

static int teardown_on_disk(void **state)
{
    char command[64];

    rig_teardown(state);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

/* What is written from now on is undone with its transaction. */
static void begin_in_vain(struct world *world)
{
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 50);
    assert_int_equal(store_begin(world->store), 0);
}

static void undone(struct world *world)
{
    assert_int_equal(store_end(world->store, true), 0);
    rig_await(world);
    vfs_shim_reset();
}

static void a_pause_that_was_undone_does_not_hold(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    struct gateway_stats stats;

    begin_in_vain(world);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", true, &refusal), 0);
    assert_int_equal(gateway_pause(world->gateway, true, &refusal), 0);
    assert_true(view_of(world, 0).paused);
    undone(world);
    gateway_stats(world->gateway, &stats);
    assert_false(view_of(world, 0).paused);
    assert_false(stats.paused);
}

/* Nor does it take away what the pause has let it finish. */
static void a_resume_that_was_undone_finishes_what_is_begun(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");
    struct refusal refusal;

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    pause_modem(world, "m0", true);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42); /* again in a few seconds */
    begin_in_vain(world);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", false, &refusal), 0);
    undone(world);
    assert_true(view_of(world, 0).paused);
    rig_run_for(world, 20 * 1000);
    for (int part = 1; part < 3; part++) {
        assert_int_equal(world->link[0]->submit.part, part);
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_true(view_of(world, 0).paused);
}

/* Also where what stands on disk cannot be read at that moment. */
static void a_resume_that_was_undone_unread_is_one_too(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");
    struct refusal refusal;

    rig_ready(world, 0);
    rig_ready(world, 1);
    pause_modem(world, "m0", true);
    pause_modem(world, "m1", true);
    begin_in_vain(world);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", false, &refusal), 0);
    vfs_shim_fail(VFS_IO_ERROR, VFS_READ, 1, 50);
    undone(world);
    assert_true(view_of(world, 1).paused); /* nobody has touched it */
    rig_run_for(world, 20 * 1000);
    assert_true(view_of(world, 0).paused);
    assert_true(view_of(world, 1).paused);
    pause_modem(world, "m1", false);
    rig_accept(world, &a);
    assert_true(world->link[1]->busy);
}

/* Held again, with its alarm; and what it was given meanwhile does not leave. */
static void still_held(struct world *world, const char *words, const char *alarm)
{
    struct alarm_view view;

    assert_string_equal(view_of(world, 0).held, words);
    assert_true(alarm_at(gateway_alarms(world->gateway), 0, &view));
    assert_string_equal(view.name, alarm);
    if (world->link[0]->busy) {
        rig_prompt(world, 0);
        assert_false(world->link[0]->yes);
        rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    }
    rig_run_for(world, 5000);
    assert_false(world->link[0]->busy);
}

static void a_sim_whose_accept_was_undone_stays_held(void **state)
{
    static const char words[] = "it holds another SIM than before; modem.accept takes it";
    struct world *world = *state;
    struct send_request a = rig_request("a");
    struct refusal refusal;

    strcpy(world->link[0]->link.identity.imei, "867542030000017");
    rig_ready(world, 0);
    hand_link_state(world->link[0], LINK_GONE);
    strcpy(world->link[0]->link.identity.iccid, "89849");
    rig_ready(world, 0);
    rig_accept(world, &a);
    assert_string_equal(view_of(world, 0).held, words);
    begin_in_vain(world);
    assert_int_equal(gateway_modem_accept(world->gateway, "m0", &refusal), 0);
    assert_string_equal(view_of(world, 0).held, "");
    undone(world);
    still_held(world, words, "sim_swapped");
    assert_int_equal(gateway_modem_accept(world->gateway, "m0", &refusal), 0);
    rig_settle(world);
    assert_string_equal(view_of(world, 0).held, "");
    assert_true(world->link[0]->busy);
}

static void a_sim_whose_resume_was_undone_stays_out(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");
    struct refusal refusal;
    char words[256];

    rig_ready(world, 0);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 8); /* barred */
    rig_run_for(world, 200 * 1000);
    snprintf(words, sizeof words, "%s", view_of(world, 0).held);
    assert_true(strlen(words) > 20);
    int64_t trial_wall_ms = view_of(world, 0).trial_wall_ms;
    begin_in_vain(world);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", false, &refusal), 0);
    assert_string_equal(view_of(world, 0).held, "");
    undone(world);
    still_held(world, words, "sim_failing");
    assert_int_equal(view_of(world, 0).trial_wall_ms, trial_wall_ms);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", false, &refusal), 0);
    rig_settle(world);
    assert_string_equal(view_of(world, 0).held, "");
}

static void nobody_pauses_what_is_not_there(void **state)
{
    struct world *world = *state;
    struct refusal refusal;

    assert_int_equal(gateway_modem_pause(world->gateway, "none", true, &refusal), -1);
    assert_string_equal(refusal.name, "not_found");
    assert_int_equal(gateway_modem_reset(world->gateway, "none", &refusal), -1);
    assert_string_equal(refusal.name, "not_found");
}

/* --- everything ----------------------------------------------------------------------------------
 */

static void a_paused_gateway_says_no_and_finishes(void **state)
{
    struct world *world = *state;
    struct send_request a = long_request("a"), b = rig_request("b"), c = rig_request("c");
    struct refusal refusal;

    rig_ready(world, 0);
    int64_t first = rig_accept(world, &a), waiting = rig_accept(world, &b);
    rig_prompt(world, 0);
    pause_all(world, true);
    assert_int_equal(rig_send(world, &c, &refusal), 0);
    assert_string_equal(refusal.name, "no_modem");
    assert_true(refusal.retry_after_s > 0);
    assert_int_equal(rig_accept(world, &b), waiting); /* a repeat is answered */
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    for (int part = 1; part < 3; part++) {
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, first, MESSAGE_SENT);
    assert_false(world->link[0]->busy);
    rig_ready(world, 1);
    assert_false(world->link[1]->busy);
    rig_assert_state(world, waiting, MESSAGE_QUEUED);
    pause_all(world, false);
    rig_assert_state(world, waiting, MESSAGE_CLAIMED);
}

static void what_waits_in_a_paused_gateway_expires(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t row = rig_accept(world, &a);
    pause_all(world, true);
    rig_ready(world, 0);
    rig_run_for(world, 301 * 1000);
    rig_assert_state(world, row, MESSAGE_EXPIRED);
}

/* --- reset
 * -----------------------------------------------------------------------------------------
 */

/* The waiting is the link's: it is told once, and nothing looks whether it may. */
static void a_reset_is_handed_to_the_link_once(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");
    struct refusal refusal;

    rig_ready(world, 0);
    int64_t first = rig_accept(world, &a), second = rig_accept(world, &b);
    rig_prompt(world, 0);
    hand_link_state(world->link[0], LINK_BUSY);
    assert_int_equal(gateway_modem_reset(world->gateway, "m0", &refusal), 0);
    assert_int_equal(world->link[0]->resets, 1);
    rig_run_for(world, 600 * 1000);
    assert_int_equal(world->link[0]->resets, 1);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, first, MESSAGE_SENT);
    assert_false(world->link[0]->busy); /* the second waits for the modem, or its time */
    hand_link_state(world->link[0], LINK_RECOVERING);
    rig_ready(world, 0);
    rig_assert_state(world, second, MESSAGE_EXPIRED);
    assert_int_equal(world->link[0]->resets, 1);
}

static void what_is_gone_is_not_reset(void **state)
{
    struct world *world = *state;
    struct refusal refusal;

    world->link[0]->gone = true;
    assert_int_equal(gateway_modem_reset(world->gateway, "m0", &refusal), -1);
    assert_string_equal(refusal.name, "no_modem");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, setup_on_disk, teardown_on_disk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_paused_modem_takes_nothing_and_others_do),
        TEST(the_message_under_way_is_finished_with_all_its_parts),
        TEST(a_part_that_waits_is_finished_too),
        TEST(what_is_begun_is_found_among_many),
        TEST(a_part_waits_for_its_own_time),
        TEST(an_earlier_pause_takes_nothing_away),
        TEST(what_a_paused_modem_has_not_begun_goes_elsewhere),
        TEST(a_pause_holds_over_a_restart_of_the_modem),
        TEST(a_pause_holds_over_a_restart),
        DISK_TEST(a_pause_that_was_undone_does_not_hold),
        DISK_TEST(a_resume_that_was_undone_finishes_what_is_begun),
        DISK_TEST(a_resume_that_was_undone_unread_is_one_too),
        DISK_TEST(a_sim_whose_accept_was_undone_stays_held),
        DISK_TEST(a_sim_whose_resume_was_undone_stays_out),
        TEST(nobody_pauses_what_is_not_there),
        TEST(a_paused_gateway_says_no_and_finishes),
        TEST(what_waits_in_a_paused_gateway_expires),
        TEST(a_reset_is_handed_to_the_link_once),
        TEST(what_is_gone_is_not_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
