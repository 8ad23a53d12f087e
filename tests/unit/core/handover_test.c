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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
