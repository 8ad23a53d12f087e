/* Messages of several parts, and the SIM that they belong to: what becomes of them where it goes,
 * and what evidence is worth that speaks of parts which were begun before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "vfs_shim.h"

static struct send_request two_parts(const char *key)
{
    static char text[200];
    struct send_request request = rig_request(key);

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = sizeof text;
    return request;
}

static void sent(struct world *world, int link)
{
    rig_prompt(world, link);
    assert_true(world->link[link]->yes);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
}

static void left_without_answer(struct world *world, int link)
{
    rig_prompt(world, link);
    assert_true(world->link[link]->yes);
    rig_outcome(world, link, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
}

/* The reference of the concatenation: its information element is the first of the user data. */
static int reference_of(const struct hand_link *link)
{
    static const uint8_t element[] = {5, 0, 3};
    const struct pdu_tpdu *tpdu = &link->submit.tpdu;

    for (size_t i = 0; i + 3 < tpdu->len; i++)
        if (memcmp(tpdu->octet + i, element, sizeof element) == 0)
            return tpdu->octet[i + 3];
    return -1;
}

/* A report about +84912345678, from the air of one modem. */
static void report(struct world *world, int link, unsigned reference, unsigned status)
{
    char hex[256];

    snprintf(hex, sizeof hex, "06%02X0B914819325476F8622211610000A3622211610000A3%02X", reference,
             status);
    hand_link_inbound(world->link[link], hex);
    rig_settle(world);
}

/* --- half a message ------------------------------------------------------------------------------
 */

static int cancel(struct world *world, int64_t row)
{
    struct message message = rig_look(world, row);
    struct refusal refusal;

    assert_int_equal(store_begin(world->store), 0);
    int rc = gateway_cancel(world->gateway, &message, &refusal);
    assert_int_equal(store_end(world->store, rc == 0), 0);
    message_clear(&message);
    rig_await(world);
    return rc;
}

/* "cancelled" means that nothing has left. */
static void one_that_has_left_in_part_is_not_taken_back(void **state)
{
    struct world *world = *state;
    struct send_request request = two_parts("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_int_equal(cancel(world, row), 0);
    struct message message = rig_look(world, row);
    assert_int_equal(message.parts_done, 1);
    assert_string_equal(message_state_name(message.state), "failed");
    assert_string_equal(message.reason, "partly_sent");
    message_clear(&message);
    rig_ready(world, 0);
    assert_false(world->link[0]->busy); /* and the rest stays here */
}

/* --- only this modem -----------------------------------------------------------------------------
 */

/* Its SIM goes between two parts: all of it begins anew, by the modem that was asked for. */
static void what_one_modem_alone_may_send_goes_by_no_other(void **state)
{
    struct world *world = *state;
    struct send_request request = two_parts("a");

    request.modem = "m0";
    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_ready(world, 1);
    rig_prompt(world, 0);
    hand_link_state(world->link[0], LINK_GONE);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, 60 * 1000);
    assert_false(world->link[1]->busy);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    strcpy(world->link[0]->link.identity.iccid, "89849"); /* it comes back with another SIM */
    rig_ready(world, 0);
    for (unsigned part = 0; part < 2; part++) {
        assert_true(world->link[0]->busy);
        assert_int_equal(world->link[0]->submit.part, part);
        sent(world, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* --- two runs ------------------------------------------------------------------------------------
 */

/* The first part left without an answer and its SIM went: all parts anew. Then it is back, and with
 * it the report about the old first part. */
static int64_t begun_anew(struct world *world)
{
    struct send_request request = two_parts("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    hand_link_state(world->link[0], LINK_GONE);
    left_without_answer(world, 0);
    rig_run_for(world, 6000);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    return row;
}

static void a_report_of_the_former_run_is_no_part_of_the_new_one(void **state)
{
    struct world *world = *state;
    int64_t row = begun_anew(world);

    report(world, 0, 7, 0);
    rig_ready(world, 0);
    assert_int_equal(world->link[0]->submit.part, 0);
    sent(world, 0);
    assert_int_equal(world->link[0]->submit.part, 1);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

static void a_late_reference_of_the_former_run_is_none_either(void **state)
{
    struct world *world = *state;
    struct link_evidence late = {.reference = 9};
    struct attempt attempt;
    int64_t row = begun_anew(world);

    late.token = world->link[0]->submit.token;
    world->link[0]->link.sink->evidence(world->link[0]->link.ctx, &world->link[0]->link, &late);
    rig_settle(world);
    assert_int_equal(store_attempt_by_token(world->store, late.token, &attempt), 1);
    assert_int_equal(attempt.state, ATTEMPT_SENT); /* it is known of the part */
    rig_ready(world, 1);
    assert_int_equal(world->link[1]->submit.part, 0);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

/* Each run has had one part delivered: nobody can read that. */
static void parts_of_two_runs_are_no_message(void **state)
{
    struct world *world = *state;
    int64_t row = begun_anew(world);

    report(world, 0, 7, 0); /* part 0, before */
    rig_ready(world, 1);
    sent(world, 1);
    rig_prompt(world, 1);
    hand_link_outcome(world->link[1], SMS_SENT, SMS_CAUSE_NONE, 0, 8);
    rig_settle(world);
    report(world, 1, 8, 0); /* part 1, now */
    rig_assert_state(world, row, MESSAGE_SENT);
    report(world, 1, 7, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

static void a_new_run_has_a_reference_of_its_own(void **state)
{
    struct world *world = *state;
    struct send_request next = two_parts("b");
    begun_anew(world);

    rig_ready(world, 1);
    int anew = reference_of(world->link[1]);
    assert_int_not_equal(anew, reference_of(world->link[0]));
    sent(world, 1);
    sent(world, 1);
    rig_accept(world, &next);
    assert_int_not_equal(reference_of(world->link[1]), anew);
    assert_int_not_equal(anew, -1);
}

/* --- a SIM that goes -----------------------------------------------------------------------------
 */

/* Its first part has left by the first modem; the second modem could take it. */
static int64_t half_sent(struct world *world)
{
    struct send_request request = two_parts("a");

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    sent(world, 0);
    rig_ready(world, 1);
    assert_int_equal(world->link[0]->submit.part, 1);
    assert_false(world->link[1]->busy);
    return row;
}

/* The second part is taken back from the first modem, which stands in that state now. */
static void taken_back(struct world *world, enum link_state state)
{
    hand_link_state(world->link[0], state);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
}

static void forgets_its_sim(struct world *world, const char *now)
{
    struct link_identity *identity = &world->link[0]->link.identity;

    snprintf(identity->iccid, sizeof identity->iccid, "%s", now);
}

/* Nothing for evidence_wait_s, then all of it. */
static void assert_anew_on(struct world *world, int link, int64_t row)
{
    rig_run_for(world, 4900);
    assert_false(world->link[0]->busy || world->link[1]->busy);
    rig_run_for(world, 200);
    assert_true(world->link[link]->busy);
    assert_int_equal(world->link[link]->submit.part, 0);
    sent(world, link);
    sent(world, link);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* A modem that is fenced forgets who it is; quarantined it does not know whose parts it had. */
static void a_modem_that_hung_is_waited_for_until_its_quarantine(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    forgets_its_sim(world, "");
    taken_back(world, LINK_RECOVERING);
    hand_link_state(world->link[0], LINK_SYNCING);
    rig_run_for(world, 30 * 1000);
    assert_false(world->link[1]->busy);
    hand_link_state(world->link[0], LINK_QUARANTINED);
    assert_anew_on(world, 1, row);
}

static void a_modem_that_is_itself_again_goes_on(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    forgets_its_sim(world, "");
    taken_back(world, LINK_RECOVERING);
    hand_link_state(world->link[0], LINK_QUARANTINED);
    rig_run_for(world, 3000);
    forgets_its_sim(world, "89840");
    rig_ready(world, 0);
    rig_run_for(world, 10 * 1000);
    assert_int_equal(world->link[0]->submit.part, 1);
    sent(world, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_int_equal(world->link[1]->submits, 0);
}

static void a_sim_that_is_pulled_is_gone(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    forgets_its_sim(world, "");
    taken_back(world, LINK_SIM);
    rig_run_for(world, 30 * 1000);
    assert_false(world->link[1]->busy); /* nobody says yet that it is gone */
    hand_link_card(world->link[0], LINK_SIM, LINK_CARD_ABSENT);
    assert_anew_on(world, 1, row);
}

static void a_sim_that_is_another_now_begins_anew(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    hand_link_state(world->link[1], LINK_GONE);
    taken_back(world, LINK_RECOVERING);
    forgets_its_sim(world, "");
    hand_link_state(world->link[0], LINK_SYNCING);
    forgets_its_sim(world, "898499");
    rig_ready(world, 0);
    assert_anew_on(world, 0, row);
}

static void a_modem_that_leaves_the_configuration_leaves_its_parts(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    world->config.modems = &world->modem[1];
    world->config.modem_count = 1;
    gateway_reload(world->gateway, &world->config);
    assert_true(world->link[0]->aborted);
    hand_link_outcome(world->link[0], SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED, -1);
    rig_settle(world); /* and it is gone */
    rig_run_for(world, 4900);
    assert_false(world->link[1]->busy);
    rig_run_for(world, 200);
    assert_int_equal(world->link[1]->submit.part, 0);
    sent(world, 1);
    sent(world, 1);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* It has not claimed anything itself: it is the SIM that counts. */
static void a_modem_keeps_its_sim_before_it_has_sent_anything(void **state)
{
    struct world *world = *state;
    half_sent(world);

    taken_back(world, LINK_RECOVERING);
    rig_restart(world);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_run_for(world, 70 * 1000);
    forgets_its_sim(world, "");
    hand_link_state(world->link[0], LINK_SYNCING);
    hand_link_state(world->link[1], LINK_GONE);
    rig_ready(world, 1);
    rig_run_for(world, 20 * 1000);
    assert_int_equal(world->link[1]->submits, 0);
    hand_link_state(world->link[0], LINK_QUARANTINED);
    rig_run_for(world, 6 * 1000);
    assert_int_equal(world->link[1]->submits, 1);
}

/* --- after a restart -----------------------------------------------------------------------------
 */

static void parts_of_a_modem_that_is_not_there_at_the_start_begin_anew(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    taken_back(world, LINK_GONE);
    rig_restart(world);
    hand_link_state(world->link[0], LINK_GONE);
    rig_ready(world, 1);
    assert_anew_on(world, 1, row);
}

static void a_modem_that_comes_up_may_be_the_one(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    taken_back(world, LINK_RECOVERING);
    rig_restart(world);
    forgets_its_sim(world, "");
    hand_link_state(world->link[0], LINK_SYNCING);
    rig_ready(world, 1);
    rig_run_for(world, 40 * 1000);
    assert_false(world->link[1]->busy);
    forgets_its_sim(world, "89840");
    rig_ready(world, 0);
    assert_int_equal(world->link[0]->submit.part, 1);
    sent(world, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* Paused, it finishes what it had begun, as it would have without a restart. */
static void nor_does_a_pause_take_them_from_it(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    int64_t row = half_sent(world);

    taken_back(world, LINK_RECOVERING);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", true, &refusal), 0);
    rig_settle(world);
    rig_restart(world);
    forgets_its_sim(world, "");
    hand_link_state(world->link[0], LINK_SYNCING);
    rig_ready(world, 1);
    rig_run_for(world, 20 * 1000);
    assert_false(world->link[1]->busy);
    forgets_its_sim(world, "89840");
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_run_for(world, 20 * 1000);
    assert_false(world->link[1]->busy);
    rig_ready(world, 0);
    assert_int_equal(world->link[0]->submit.part, 1);
    sent(world, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void but_not_for_longer_than_a_minute(void **state)
{
    struct world *world = *state;
    half_sent(world);

    taken_back(world, LINK_RECOVERING);
    rig_restart(world);
    forgets_its_sim(world, "");
    hand_link_state(world->link[0], LINK_SYNCING);
    rig_ready(world, 1);
    rig_run_for(world, 59 * 1000);
    assert_false(world->link[1]->busy);
    rig_run_for(world, 2 * 1000);
    assert_int_equal(world->link[1]->submits, 1);
    assert_int_equal(world->link[1]->submit.part, 0);
}

/* The other one cannot tell which SIM it has: nobody tells anything, the start looks by itself. */
static void a_start_looks_by_itself(void **state)
{
    struct world *world = *state;
    half_sent(world);

    taken_back(world, LINK_RECOVERING);
    world->config.modems = &world->modem[1];
    world->config.modem_count = 1;
    world->modem[1].number[0] = '\0'; /* the hand's link has its ICCID from there */
    rig_restart(world);
    rig_ready(world, 0);
    rig_run_for(world, 59 * 1000);
    assert_int_equal(world->link[0]->submits, 0);
    rig_run_for(world, 2 * 1000);
    assert_int_equal(world->link[0]->submits, 1);
    assert_int_equal(world->link[0]->submit.part, 0);
}

static void nor_where_it_turns_out_to_be_another(void **state)
{
    struct world *world = *state;
    int64_t row = half_sent(world);

    taken_back(world, LINK_RECOVERING);
    rig_restart(world);
    forgets_its_sim(world, "");
    hand_link_state(world->link[0], LINK_SYNCING);
    rig_ready(world, 1);
    rig_run_for(world, 20 * 1000);
    forgets_its_sim(world, "898499");
    hand_link_state(world->link[0], LINK_REGISTERING);
    assert_anew_on(world, 1, row);
}

/* --- many, and a disk that fails -----------------------------------------------------------------
 */

/* As if its first part had left by a SIM that nobody has. */
static void tie(struct world *world, int64_t row)
{
    struct message message = rig_look(world, row);

    message.parts_done = 1;
    snprintf(message.pin, sizeof message.pin, "sim:gone");
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(store_message_update(world->store, &message, false), 0);
    assert_int_equal(store_end(world->store, true), 0);
    message_clear(&message);
}

/* Those that may not be resent stay, and hold up nobody behind them. */
static void more_than_one_step(void **state)
{
    enum { MANY = 150 };
    struct world *world = *state;
    int64_t rows[MANY];
    char key[16];

    hand_link_state(world->link[0], LINK_REGISTERING);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = two_parts(key);
        request.ttl_s = 3600;
        request.on_unknown = i < 70 ? ON_UNKNOWN_REPORT : ON_UNKNOWN_RESEND;
        tie(world, rows[i] = rig_accept(world, &request));
    }
    rig_restart(world);
    hand_link_state(world->link[0], LINK_GONE);
    hand_link_state(world->link[1], LINK_REGISTERING);
    rig_run_for(world, 6000);
    for (int i = 0; i < MANY; i++) {
        struct message message = rig_look(world, rows[i]);
        assert_int_equal(message.run, i < 70 ? 0 : 1);
        assert_string_equal(message.pin, i < 70 ? "sim:gone" : "");
        message_clear(&message);
    }
}

static void a_look_that_fails_is_begun_again(void **state)
{
    (void)state;
    char dir[] = "/tmp/otpgate-parts-XXXXXX", command[64];
    void *inner = NULL;
    assert_int_equal(vfs_shim_install(), 0);
    assert_non_null(mkdtemp(dir));
    rig_setup_in(&inner, dir);
    struct world *world = inner;
    int64_t row = half_sent(world);

    taken_back(world, LINK_GONE);
    rig_run_for(world, 4900);
    vfs_shim_fail(VFS_IO_ERROR, VFS_WRITE, 1, 3);
    rig_run_for(world, 200);
    vfs_shim_reset();
    rig_assert_state(world, row, MESSAGE_QUEUED);
    assert_int_equal(rig_look(world, row).run, 0);
    rig_prompt(world, 1); /* its claim was undone too */
    assert_false(world->link[1]->yes);
    rig_outcome(world, 1, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    rig_run_for(world, 3000);
    assert_int_equal(world->link[1]->submit.part, 0);
    sent(world, 1);
    sent(world, 1);
    rig_assert_state(world, row, MESSAGE_SENT);
    rig_teardown(&inner);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_has_left_in_part_is_not_taken_back),
        TEST(what_one_modem_alone_may_send_goes_by_no_other),
        TEST(a_report_of_the_former_run_is_no_part_of_the_new_one),
        TEST(a_late_reference_of_the_former_run_is_none_either),
        TEST(parts_of_two_runs_are_no_message),
        TEST(a_new_run_has_a_reference_of_its_own),
        TEST(a_modem_that_hung_is_waited_for_until_its_quarantine),
        TEST(a_modem_that_is_itself_again_goes_on),
        TEST(a_sim_that_is_pulled_is_gone),
        TEST(a_sim_that_is_another_now_begins_anew),
        TEST(a_modem_keeps_its_sim_before_it_has_sent_anything),
        TEST(a_modem_that_leaves_the_configuration_leaves_its_parts),
        TEST(parts_of_a_modem_that_is_not_there_at_the_start_begin_anew),
        TEST(a_modem_that_comes_up_may_be_the_one),
        TEST(nor_does_a_pause_take_them_from_it),
        TEST(but_not_for_longer_than_a_minute),
        TEST(nor_where_it_turns_out_to_be_another),
        TEST(a_start_looks_by_itself),
        TEST(more_than_one_step),
        cmocka_unit_test(a_look_that_fails_is_begun_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
