/* The prompt is asked for before the claim is on disk: what shares a COMMIT, what waits for whom,
 * and what becomes of a claim that is undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "rig.h"
#include "vfs_shim.h"

static char dir[] = "/tmp/otpgate-handover-XXXXXX";

static int setup(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/otpgate-handover-XXXXXX");
    if (vfs_shim_install() < 0 || !mkdtemp(dir))
        return -1;
    rig_setup_in(state, dir);
    rig_settle(*state);
    return 0;
}

static int teardown(void **state)
{
    char command[64];

    vfs_shim_reset();
    rig_teardown(state);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static int64_t accept_one(struct world *world, const char *key)
{
    struct send_request request = rig_request(key);
    return rig_accept(world, &request);
}

static void sent(struct world *world)
{
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
}

/* Two messages, the first one is under way. */
static void two(struct world *world, int64_t row[2])
{
    rig_ready(world, 0);
    row[0] = accept_one(world, "a");
    row[1] = accept_one(world, "b");
    rig_prompt(world, 0);
    assert_true(world->link[0]->yes);
    vfs_shim_reset();
}

static void a_prompt_that_comes_at_once_shares_the_commit(void **state)
{
    struct world *world = *state;
    int64_t row[2];

    two(world, row);
    sent(world);
    assert_true(world->link[0]->busy); /* asked for its prompt */
    assert_int_equal(vfs_shim_count(VFS_SYNC), 0);
    rig_prompt(world, 0);
    assert_true(world->link[0]->answered && world->link[0]->yes);
    assert_int_equal(vfs_shim_count(VFS_SYNC), 1);
    rig_assert_state(world, row[0], MESSAGE_SENT);
    rig_assert_state(world, row[1], MESSAGE_SENDING);
}

static void a_slow_prompt_does_not_keep_an_outcome_from_the_disk(void **state)
{
    struct world *world = *state;
    int64_t row[2];

    two(world, row);
    sent(world);
    rig_run_for(world, STORE_HOLD_MS - 1);
    assert_int_equal(vfs_shim_count(VFS_SYNC), 0);
    rig_run_for(world, 1);
    assert_int_equal(vfs_shim_count(VFS_SYNC), 1);
    rig_prompt(world, 0);
    assert_true(world->link[0]->yes);
    assert_int_equal(vfs_shim_count(VFS_SYNC), 2);
}

static void a_client_does_not_wait_for_a_prompt(void **state)
{
    struct world *world = *state;
    int64_t row[2];

    two(world, row);
    sent(world);
    assert_int_equal(vfs_shim_count(VFS_SYNC), 0);
    accept_one(world, "c");
    assert_int_equal(vfs_shim_count(VFS_SYNC), 1);
}

/* The modem refuses the next one before the outcome of the last is on disk. */
static void outcomes_are_written_one_after_the_other(void **state)
{
    struct world *world = *state;
    int64_t row[2];

    two(world, row);
    sent(world);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 1); /* unassigned number */
    rig_assert_state(world, row[0], MESSAGE_SENT);
    rig_assert_state(world, row[1], MESSAGE_FAILED); /* neither waits any longer */
    assert_int_equal(vfs_shim_count(VFS_SYNC), 2);
}

static void a_claim_that_is_undone_does_not_leave(void **state)
{
    struct world *world = *state;
    int64_t row[2];

    two(world, row);
    sent(world);
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 3);
    rig_run_for(world, STORE_HOLD_MS); /* both are undone: a is SENDING on disk, b is QUEUED */
    rig_assert_state(world, row[0], MESSAGE_SENDING);
    rig_assert_state(world, row[1], MESSAGE_QUEUED);
    rig_ready(world, 1);
    rig_run_for(world, 2000); /* the disk works again */
    rig_assert_state(world, row[0], MESSAGE_SENT);
    assert_true(world->link[0]->busy && world->link[1]->busy); /* both with b */
    rig_prompt(world, 0);
    assert_true(world->link[0]->answered);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_assert_state(world, row[1], MESSAGE_CLAIMED);
    rig_prompt(world, 1);
    assert_true(world->link[1]->yes);
    rig_assert_state(world, row[1], MESSAGE_SENDING);
}

static void a_prompt_in_a_commit_that_fails_is_answered_with_no(void **state)
{
    struct world *world = *state;
    int64_t row[2];

    two(world, row);
    sent(world);
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 3);
    rig_prompt(world, 0);
    assert_true(world->link[0]->answered);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_run_for(world, 2000);
    rig_assert_state(world, row[0], MESSAGE_SENT);
    rig_assert_state(world, row[1], MESSAGE_CLAIMED);
}

/* The link says READY and then no: while the outcome before is not on disk, too. */
static void a_link_that_will_not_take_it_waits_its_turn(void **state)
{
    struct world *world = *state;
    int64_t row[2];

    two(world, row);
    world->link[0]->refuse = -EAGAIN;
    sent(world);
    assert_false(world->link[0]->busy);
    rig_run_for(world, STORE_HOLD_MS);
    rig_assert_state(world, row[0], MESSAGE_SENT);
    rig_assert_state(world, row[1], MESSAGE_QUEUED);
    world->link[0]->refuse = 0;
    rig_run_for(world, 2000);
    rig_assert_state(world, row[1], MESSAGE_CLAIMED);
}

/* Evidence reaches the disk before the outcome that it corrects. */
static void a_held_outcome_does_not_undo_evidence(void **state)
{
    struct world *world = *state;
    struct link_evidence late = {.reference = 9};
    struct attempt attempt;
    int64_t row[2];

    two(world, row);
    late.token = world->link[0]->submit.token;
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 1);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_run_for(world, STORE_HOLD_MS);
    rig_assert_state(world, row[0], MESSAGE_SENDING);
    world->link[0]->link.sink->evidence(world->link[0]->link.ctx, &world->link[0]->link, &late);
    rig_settle(world);
    rig_assert_state(world, row[0], MESSAGE_SENT);
    rig_run_for(world, 2000); /* the outcome is written at last */
    rig_assert_state(world, row[0], MESSAGE_SENT);
    assert_int_equal(store_attempt_by_token(world->store, late.token, &attempt), 1);
    assert_int_equal(attempt.state, ATTEMPT_SENT);
    assert_int_equal(attempt.reference, 9);
}

/* A claim that had a transaction of its own: nobody else counts what waits. */
static void a_claim_alone_that_is_undone_waits_again(void **state)
{
    struct world *world = *state;

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t row = accept_one(world, "a");
    vfs_shim_reset();
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 1);
    rig_ready(world, 0);
    rig_run_for(world, STORE_HOLD_MS);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    rig_prompt(world, 0);
    assert_true(world->link[0]->answered);
    assert_false(world->link[0]->yes);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_run_for(world, 5000); /* the disk works again */
    rig_prompt(world, 0);
    assert_true(world->link[0]->yes);
    sent(world);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* Nobody asks, no modem moves: that the disk is mended is reason enough. */
static void what_waited_for_the_disk_goes_when_it_is_mended(void **state)
{
    static const char hex[] = "040B914819325476F80008622211610000A3020041";
    struct world *world = *state;

    hand_link_state(world->link[0], LINK_REGISTERING);
    accept_one(world, "a");
    vfs_shim_reset();
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 1);
    hand_link_inbound(world->link[0], hex);
    rig_settle(world);
    assert_int_equal(world->link[0]->not_taken, 1);
    rig_ready(world, 0);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 2000);
    assert_true(world->link[0]->busy);
}

/* The disk works again and others go on; its own outcome is still to be written. */
static void a_modem_whose_outcome_is_held_takes_nothing(void **state)
{
    static const char hex[] = "040B914819325476F80008622211610000A3020041";
    struct world *world = *state;

    rig_ready(world, 0);
    int64_t row = accept_one(world, "a");
    rig_prompt(world, 0);
    hand_link_state(world->link[0], LINK_BUSY);
    accept_one(world, "b");
    vfs_shim_reset();
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 1);
    sent(world);
    rig_run_for(world, STORE_HOLD_MS);
    rig_assert_state(world, row, MESSAGE_SENDING);
    rig_ready(world, 0);
    hand_link_inbound(world->link[1], hex);
    rig_settle(world);
    assert_int_equal(world->link[1]->taken, 1);
    assert_false(world->link[0]->busy);
    rig_assert_state(world, row, MESSAGE_SENDING);
    rig_run_for(world, 2000);
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_true(world->link[0]->busy);
}

/* Taken out of the configuration while its outcome is not on disk. */
static void a_modem_goes_when_its_outcome_is_written(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    int64_t row = accept_one(world, "a");
    rig_prompt(world, 0);
    vfs_shim_reset();
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 3);
    sent(world);
    rig_run_for(world, STORE_HOLD_MS);
    rig_assert_state(world, row, MESSAGE_SENDING);
    world->config.modems = &world->modem[1];
    world->config.modem_count = 1;
    gateway_reload(world->gateway, &world->config);
    rig_settle(world);
    rig_run_for(world, 5000);
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_int_equal(gateway_modem_count(world->gateway), 1);
}

/* The modem deletes what was taken: what is not on disk was not. */
static void an_inbound_whose_commit_fails_is_not_taken(void **state)
{
    static const char hex[] = "040B914819325476F80008622211610000A3020041";
    struct world *world = *state;
    struct inbox list[2];

    rig_ready(world, 0);
    vfs_shim_reset();
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 3);
    hand_link_inbound(world->link[0], hex);
    rig_settle(world);
    assert_int_equal(world->link[0]->taken, 0);
    assert_int_equal(world->link[0]->not_taken, 1);
    rig_run_for(world, 5000);
    vfs_shim_reset();
    hand_link_inbound(world->link[0], hex); /* a later sweep */
    rig_settle(world);
    assert_int_equal(world->link[0]->taken, 1);
    assert_int_equal(store_inbox_list(world->store, 0, list, 2), 1);
    inbox_clear(&list[0]);
}

#define HANDOVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HANDOVER_TEST(a_prompt_that_comes_at_once_shares_the_commit),
        HANDOVER_TEST(a_slow_prompt_does_not_keep_an_outcome_from_the_disk),
        HANDOVER_TEST(a_client_does_not_wait_for_a_prompt),
        HANDOVER_TEST(outcomes_are_written_one_after_the_other),
        HANDOVER_TEST(a_claim_that_is_undone_does_not_leave),
        HANDOVER_TEST(a_prompt_in_a_commit_that_fails_is_answered_with_no),
        HANDOVER_TEST(a_held_outcome_does_not_undo_evidence),
        HANDOVER_TEST(a_link_that_will_not_take_it_waits_its_turn),
        HANDOVER_TEST(a_claim_alone_that_is_undone_waits_again),
        HANDOVER_TEST(what_waited_for_the_disk_goes_when_it_is_mended),
        HANDOVER_TEST(a_modem_whose_outcome_is_held_takes_nothing),
        HANDOVER_TEST(a_modem_goes_when_its_outcome_is_written),
        HANDOVER_TEST(an_inbound_whose_commit_fails_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
