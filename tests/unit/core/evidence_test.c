/* What is heard late, and what it makes of a message: a +CMGS, an error after it, a report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "vfs_shim.h"

static void hear(struct world *world, uint64_t token, int reference, bool unsure)
{
    const struct link_evidence evidence = {
        .token = token, .reference = reference, .unsure = unsure};

    world->link[0]->link.sink->evidence(world->link[0]->link.ctx, &world->link[0]->link, &evidence);
    rig_settle(world);
}

static void report(struct world *world, unsigned reference, unsigned status)
{
    char hex[256];

    snprintf(hex, sizeof hex, "06%02X0B914819325476F8622211610000A3622211610000A3%02X", reference,
             status);
    hand_link_inbound(world->link[0], hex);
    rig_settle(world);
}

/* So many rows into the open transaction. */
static void write_facts(struct world *world, unsigned count)
{
    char value[16];

    assert_int_equal(store_begin(world->store), 0);
    for (unsigned i = 0; i < count; i++) {
        snprintf(value, sizeof value, "%u", i);
        assert_int_equal(store_fact_set(world->store, "test.filled", value), 0);
    }
    assert_int_equal(store_end(world->store, true), 0);
}

/* --- an error after the reference ----------------------------------------------------------------
 */

/* The answer came late, and an error after it: sent or not? */
static int64_t reopened(struct world *world)
{
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    uint64_t token = world->link[0]->submit.token;
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    hear(world, token, 9, false);
    rig_assert_state(world, row, MESSAGE_SENT);
    hear(world, token, -1, true);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    return row;
}

static void a_report_settles_what_an_error_has_reopened(void **state)
{
    struct world *world = *state;
    int64_t row = reopened(world);

    report(world, 9, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
    assert_int_equal(world->link[0]->submits, 1);
}

static void a_late_reference_settles_it_again(void **state)
{
    struct world *world = *state;
    int64_t row = reopened(world);

    hear(world, world->link[0]->submit.token, 9, false);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* Its text is gone. */
static void what_an_error_has_reopened_is_not_queued_by_a_restart(void **state)
{
    struct world *world = *state;
    struct gateway_stats stats;
    int64_t row = reopened(world);

    rig_restart(world);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    gateway_stats(world->gateway, &stats);
    assert_int_equal(stats.resent, 0);
    rig_ready(world, 0);
    rig_run_for(world, 20 * 1000);
    assert_int_equal(world->link[0]->submits, 0);
    report(world, 9, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

/* --- texts ---------------------------------------------------------------------------------------
 */

static bool has_text(struct world *world, int64_t row)
{
    struct message message;

    assert_int_equal(store_message_by_row(world->store, row, true, &message), 1);
    bool has = message.text != NULL;
    message_clear(&message);
    return has;
}

/* What a crash has left UNKNOWN is resent at the start that finds it, or never: one that has no
 * time for it keeps no text. */
static void what_is_not_resent_keeps_no_text(void **state)
{
    struct world *world = *state;
    struct send_request late = rig_request("late"), soon = rig_request("soon");

    late.ttl_s = 30;
    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t row[] = {rig_accept(world, &late), rig_accept(world, &soon)};
    for (int i = 0; i < 2; i++) { /* as recovery leaves them */
        struct message message = rig_look(world, row[i]);
        message.state = MESSAGE_CLAIMED;
        assert_int_equal(store_begin(world->store), 0);
        assert_int_equal(store_message_update(world->store, &message, false), 0);
        message.state = MESSAGE_UNKNOWN;
        assert_int_equal(store_message_update(world->store, &message, false), 0);
        assert_int_equal(store_end(world->store, true), 0);
        message_clear(&message);
    }
    world->config.evidence_wait_s = 40;
    rig_restart(world);
    rig_assert_state(world, row[0], MESSAGE_UNKNOWN);
    rig_assert_state(world, row[1], MESSAGE_QUEUED);
    assert_false(has_text(world, row[0]));
    assert_true(has_text(world, row[1]));
    world->config.evidence_wait_s = 0; /* there would be time for it */
    rig_restart(world);
    rig_assert_state(world, row[0], MESSAGE_UNKNOWN);
}

/* --- reports of parts ----------------------------------------------------------------------------
 */

/* The first part's report is here before the second part is sent. */
static int64_t told_between(struct world *world, unsigned status)
{
    static char text[200];
    struct send_request request = rig_request("a");

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = sizeof text;
    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0); /* reference 7 */
    report(world, 7, status);
    rig_prompt(world, 0);
    rig_assert_state(world, row, MESSAGE_SENDING);
    return row;
}

static void a_part_that_failed_is_not_forgotten(void **state)
{
    struct world *world = *state;
    int64_t row = told_between(world, 0x42);

    hand_link_outcome(world->link[0], SMS_SENT, SMS_CAUSE_NONE, 0, 8);
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_UNDELIVERED);
    report(world, 8, 0);
    rig_assert_state(world, row, MESSAGE_UNDELIVERED);
    struct message message = rig_look(world, row);
    assert_string_equal(message.reason, "rejected");
    message_clear(&message);
}

/* The last part's own answer comes late, or never: its report settles it. */
static void nor_where_evidence_ends_the_message(void **state)
{
    struct world *world = *state;
    int64_t row = told_between(world, 0x42);
    uint64_t token = world->link[0]->submit.token;

    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    hear(world, token, 8, false);
    rig_assert_state(world, row, MESSAGE_UNDELIVERED);
}

static void parts_are_delivered_in_any_order(void **state)
{
    struct world *world = *state;
    int64_t row = told_between(world, 0x00);

    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    report(world, 8, 0x00);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

/* --- a disk that fails ---------------------------------------------------------------------------
 */

static char dir[] = "/tmp/otpgate-evidence-XXXXXX";

static int setup_disk(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/otpgate-evidence-XXXXXX");
    if (vfs_shim_install() < 0 || !mkdtemp(dir))
        return -1;
    rig_setup_in(state, dir);
    rig_settle(*state);
    return 0;
}

static int teardown_disk(void **state)
{
    char command[64];

    vfs_shim_reset();
    rig_teardown(state);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static void disk_fails(void)
{
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 100000);
}

/* The modem is free, and the message waits for its resend by it. */
static int64_t waits_for_its_resend(struct world *world, const char *key, uint64_t *token)
{
    struct send_request request = rig_request(key);

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    *token = world->link[0]->submit.token;
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_run_for(world, 4000);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    return row;
}

/* Whatever finds first that the disk is mended: nothing is claimed before this is written. */
static void a_late_reference_outlives_a_disk_that_fails(void **state)
{
    struct world *world = *state;
    struct gateway_stats stats;
    char key[16];

    for (unsigned i = 0; i < 20; i++) {
        uint64_t token;
        snprintf(key, sizeof key, "k%u", i);
        int64_t row = waits_for_its_resend(world, key, &token);
        disk_fails();
        hear(world, token, (int)i, false);
        rig_run_for(world, 5000 + 700 * i); /* it would be due */
        rig_assert_state(world, row, MESSAGE_QUEUED);
        vfs_shim_reset();
        rig_run_for(world, 60 * 1000);
        rig_assert_state(world, row, MESSAGE_SENT);
        assert_int_equal(world->link[0]->submits, i + 1);
        gateway_stats(world->gateway, &stats);
        assert_int_equal(stats.evidence, i + 1);
        report(world, i, 0);
        rig_assert_state(world, row, MESSAGE_DELIVERED);
    }
}

/* Whichever row of it fills the transaction, and commits it at once. */
static void a_late_reference_is_written_once(void **state)
{
    enum { FULL = 512, FIRST = FULL - 12 };
    struct world *world = *state;
    struct gateway_stats stats;
    char key[16];

    for (unsigned rows = FIRST; rows < FULL; rows++) {
        uint64_t token;
        snprintf(key, sizeof key, "k%u", rows);
        int64_t row = waits_for_its_resend(world, key, &token);
        write_facts(world, rows);
        hear(world, token, (int)(rows - FIRST), false);
        rig_assert_state(world, row, MESSAGE_SENT);
        gateway_stats(world->gateway, &stats);
        assert_int_equal(stats.evidence, rows - FIRST + 1);
    }
    assert_int_equal(world->link[0]->submits, FULL - FIRST);
}

static void what_is_heard_is_written_in_its_order(void **state)
{
    struct world *world = *state;
    uint64_t token;
    int64_t row = waits_for_its_resend(world, "a", &token);

    disk_fails();
    hear(world, token, 9, false);
    hear(world, token, -1, true);
    vfs_shim_reset();
    rig_run_for(world, 60 * 1000);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    assert_int_equal(world->link[0]->submits, 1);
}

/* Told to the modem as taken long ago: it will not come again. */
static void a_report_that_was_faster_outlives_it_too(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    report(world, 7, 0); /* and our own answer is not there yet */
    hand_link_outcome(world->link[0], SMS_SENT, SMS_CAUSE_NONE, 0, 7);
    assert_int_equal(store_flush(world->store), 0);
    disk_fails();
    rig_settle(world);
    rig_assert_state(world, row, MESSAGE_SENT);
    rig_run_for(world, 90 * 1000);
    rig_assert_state(world, row, MESSAGE_SENT);
    vfs_shim_reset();
    rig_run_for(world, 60 * 1000);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

/* More come than are kept, while it is on its way to a disk that fails. */
static void also_where_it_is_the_oldest_of_a_crowd(void **state)
{
    enum { KEPT = 64 };
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    report(world, 7, 0);
    for (unsigned i = 1; i < KEPT; i++) {
        rig_run_for(world, 1);
        report(world, 100 + i, 0);
    }
    hand_link_outcome(world->link[0], SMS_SENT, SMS_CAUSE_NONE, 0, 7);
    assert_int_equal(store_flush(world->store), 0);
    disk_fails();
    report(world, 99, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
    vfs_shim_reset();
    rig_run_for(world, 60 * 1000);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

static struct gateway_stats stats_of(struct world *world)
{
    struct gateway_stats stats;

    gateway_stats(world->gateway, &stats);
    return stats;
}

/* Written again and again until the disk is mended: it is counted once. */
static void a_resend_is_counted_once(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    (void)rig_accept(world, &request);
    rig_prompt(world, 0);
    disk_fails();
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_run_for(world, 60 * 1000);
    assert_int_equal(stats_of(world).resent, 0);
    vfs_shim_reset();
    rig_run_for(world, 60 * 1000);
    assert_int_equal(world->link[0]->submits, 2);
    assert_int_equal(stats_of(world).resent, 1);
}

/* What the modem was told is not taken comes again. */
static void what_comes_in_is_counted_once(void **state)
{
    static const char single[] = "040B914819325476F80008622211610000A3020041";
    struct world *world = *state;
    uint64_t token;
    int64_t row = waits_for_its_resend(world, "a", &token);

    for (int i = 0; i < 4; i++) {
        if (i == 0)
            disk_fails();
        else
            vfs_shim_reset();
        report(world, 7, 0);
        hand_link_inbound(world->link[0], single);
        rig_run_for(world, 60 * 1000);
        assert_int_equal(stats_of(world).evidence, i > 0);
        assert_int_equal(stats_of(world).reports, i);
        assert_int_equal(stats_of(world).inbound, i > 0);
        assert_int_equal(stats_of(world).inbound_doubles, i > 0 ? i - 1 : 0);
    }
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

static void what_is_held_at_the_end_is_let_go(void **state)
{
    struct world *world = *state;
    uint64_t token;
    (void)waits_for_its_resend(world, "a", &token);

    disk_fails();
    hear(world, token, 9, false); /* the sanitizer looks */
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, setup_disk, teardown_disk)
/* --- an attempt before it ---
 */

/* The network refused the first attempt, the second left without an answer, by the same SIM: the
 * report is about the second, and nothing is sent again. */
static void what_was_not_sent_is_no_candidate(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42);
    rig_run_for(world, 6000);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_run_for(world, 1000);
    report(world, 7, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
    rig_run_for(world, 6000);
    assert_int_equal(world->link[0]->submits, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_report_settles_what_an_error_has_reopened),
        TEST(what_was_not_sent_is_no_candidate),
        TEST(a_late_reference_settles_it_again),
        TEST(what_an_error_has_reopened_is_not_queued_by_a_restart),
        TEST(what_is_not_resent_keeps_no_text),
        TEST(a_part_that_failed_is_not_forgotten),
        TEST(nor_where_evidence_ends_the_message),
        TEST(parts_are_delivered_in_any_order),
        DISK_TEST(a_late_reference_outlives_a_disk_that_fails),
        TEST(a_late_reference_is_written_once),
        DISK_TEST(what_is_heard_is_written_in_its_order),
        DISK_TEST(a_report_that_was_faster_outlives_it_too),
        DISK_TEST(also_where_it_is_the_oldest_of_a_crowd),
        DISK_TEST(a_resend_is_counted_once),
        DISK_TEST(what_comes_in_is_counted_once),
        DISK_TEST(what_is_held_at_the_end_is_let_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
