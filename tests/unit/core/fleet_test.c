/* Which modem sends, and what failures say of a SIM and of a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "carriers_file.h"
#include "rig.h"

static struct modem_view view_of(struct world *world, size_t i)
{
    struct modem_view view;

    assert_true(gateway_modem_at(world->gateway, i, &view));
    return view;
}

static struct send_request request_to(const char *key, const char *to)
{
    struct send_request request = rig_request(key);

    request.to = to;
    return request;
}

/* One message to `to`; it must be link `link` that takes it. */
static int64_t fail_one(struct world *world, int link, const char *key, const char *to, int cause)
{
    struct send_request request = request_to(key, to);
    int64_t row = rig_accept(world, &request);

    assert_true(world->link[link]->busy);
    rig_prompt(world, link);
    rig_outcome(world, link, SMS_NOT_SENT, SMS_CAUSE_CMS, cause);
    return row;
}

static bool alarm_stands(struct world *world, const char *subject)
{
    struct alarm_view alarm;

    for (size_t i = 0; alarm_at(gateway_alarms(world->gateway), i, &alarm); i++)
        if (strcmp(alarm.name, "sim_failing") == 0 && strcmp(alarm.subject, subject) == 0)
            return true;
    return false;
}

/* --- SIMs ----------------------------------------------------------------------------------------
 */

static void three_recipients_in_a_row_take_a_sim_out(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    rig_assert_state(world, fail_one(world, 0, "a", "0912345601", 1), MESSAGE_FAILED);
    rig_assert_state(world, fail_one(world, 0, "b", "0912345602", 1), MESSAGE_FAILED);
    assert_string_equal(view_of(world, 0).held, "");
    assert_false(alarm_stands(world, "m0"));
    int64_t third = fail_one(world, 0, "c", "0912345603", 1);
    assert_true(strlen(view_of(world, 0).held) > 20);
    assert_true(view_of(world, 0).trial_wall_ms > 0);
    assert_true(alarm_stands(world, "m0"));
    rig_assert_state(world, third, MESSAGE_QUEUED); /* it is not to blame */
    rig_ready(world, 1);
    assert_true(world->link[1]->busy);
    rig_assert_state(world, third, MESSAGE_CLAIMED);
}

static void the_same_number_again_says_nothing_new(void **state)
{
    struct world *world = *state;
    char key[8];

    rig_ready(world, 0);
    for (int i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "k%d", i);
        fail_one(world, 0, key, i % 2 ? "0912345601" : "0912345602", 1);
    }
    assert_string_equal(view_of(world, 0).held, "");
}

/* Three in a row for three reasons: none of them stands three times. */
static void different_causes_do_not_add_up(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    fail_one(world, 0, "a", "0912345601", 1);
    fail_one(world, 0, "b", "0912345602", 1);
    fail_one(world, 0, "c", "0912345603", 21);
    assert_string_equal(view_of(world, 0).held, "");
    assert_false(alarm_stands(world, "m0"));
}

static void one_that_is_sent_clears_the_count(void **state)
{
    struct world *world = *state;
    struct send_request good = rig_request("good");

    rig_ready(world, 0);
    fail_one(world, 0, "a", "0912345601", 1);
    fail_one(world, 0, "b", "0912345602", 1);
    rig_accept(world, &good);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    fail_one(world, 0, "c", "0912345603", 1);
    fail_one(world, 0, "d", "0912345604", 1);
    assert_string_equal(view_of(world, 0).held, "");
}

static void a_barred_sim_goes_at_once(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    struct send_request next = rig_request("next");

    rig_ready(world, 0);
    hand_link_state(world->link[1], LINK_GONE);
    int64_t row = fail_one(world, 0, "a", "0912345601", 8);
    assert_true(alarm_stands(world, "m0"));
    rig_assert_state(world, row, MESSAGE_QUEUED);
    assert_int_equal(rig_send(world, &next, &refusal), 0);
    assert_string_equal(refusal.name, "no_modem"); /* the only one is out */
    rig_run_for(world, 301 * 1000);
    rig_assert_state(world, row, MESSAGE_EXPIRED);
}

/* After half an hour one message tries it; it fails, and the wait is twice as long. */
static void a_trial_decides(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("t1"), b = rig_request("t2"), c = rig_request("t3"),
                        d = rig_request("t4");

    rig_ready(world, 0);
    fail_one(world, 0, "a", "0912345601", 10);
    rig_ready(world, 1);
    rig_prompt(world, 1);
    rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, 29 * 60 * 1000);
    rig_accept(world, &a);
    assert_false(world->link[0]->busy);
    rig_prompt(world, 1);
    rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, 2 * 60 * 1000);
    int64_t row = rig_accept(world, &b);
    assert_true(world->link[0]->busy); /* before the healthy one: else it would never be tried */
    rig_accept(world, &c);
    assert_true(world->link[1]->busy);
    rig_prompt(world, 1);
    rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 10);
    assert_true(world->link[1]->busy); /* the message that tried it goes elsewhere at once */
    rig_prompt(world, 1);
    rig_outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
    rig_run_for(world, 31 * 60 * 1000);
    assert_true(strlen(view_of(world, 0).held) > 0);
    rig_run_for(world, 30 * 60 * 1000);
    rig_accept(world, &d);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_string_equal(view_of(world, 0).held, "");
    assert_false(alarm_stands(world, "m0"));
}

/* A trial of the only SIM: then messages are accepted again, to be tried. */
static void the_only_sim_is_tried_too(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a2");

    rig_ready(world, 0);
    hand_link_state(world->link[1], LINK_GONE);
    fail_one(world, 0, "a", "0912345601", 8);
    rig_run_for(world, 31 * 60 * 1000);
    int64_t row = rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_SENT);
}

/* What became of it is not known, so it says nothing of the SIM: one more in a minute, not all. */
static void a_trial_that_tells_nothing_is_one_a_minute(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("t1"), b = rig_request("t2");

    a.on_unknown = ON_UNKNOWN_REPORT;
    rig_ready(world, 0);
    hand_link_state(world->link[1], LINK_GONE);
    fail_one(world, 0, "a", "0912345601", 8);
    rig_run_for(world, 31 * 60 * 1000);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_accept(world, &b);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 59 * 1000);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 2000);
    assert_true(world->link[0]->busy);
}

static void an_operator_lets_it_back_in(void **state)
{
    struct world *world = *state;
    struct refusal refusal;

    rig_ready(world, 0);
    int64_t row = fail_one(world, 0, "a", "0912345601", 8);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", false, &refusal), 0);
    rig_settle(world);
    assert_string_equal(view_of(world, 0).held, "");
    assert_false(alarm_stands(world, "m0"));
    rig_run_for(world, 6 * 60 * 1000); /* the rest that a barred SIM takes */
    (void)row;
    struct send_request b = rig_request("b");
    rig_accept(world, &b);
    assert_true(world->link[0]->busy);
}

static void out_is_a_fact_of_the_sim(void **state)
{
    struct world *world = *state;

    rig_ready(world, 0);
    fail_one(world, 0, "a", "0912345601", 8);
    rig_restart(world);
    rig_ready(world, 0);
    assert_true(strlen(view_of(world, 0).held) > 0);
    assert_true(alarm_stands(world, "m0"));
    /* the SIM goes into another modem: that one is out, and this one with another SIM is not */
    strcpy(world->link[1]->link.identity.iccid, "89840");
    strcpy(world->link[0]->link.identity.iccid, "89842");
    rig_ready(world, 0);
    rig_ready(world, 1);
    assert_string_equal(view_of(world, 0).held, "");
    assert_false(alarm_stands(world, "m0"));
    assert_true(strlen(view_of(world, 1).held) > 0);
    assert_true(alarm_stands(world, "m1"));
}

/* --- numbers
 * ---------------------------------------------------------------------------------------
 */

/* One number that no centre takes: two SIMs refuse it, and neither rests for it. */
static void a_bad_number_blocks_nobody(void **state)
{
    struct world *world = *state;
    struct send_request bad = request_to("bad", "0912345601"), a = rig_request("a"),
                        b = rig_request("b");

    rig_ready(world, 0);
    rig_ready(world, 1);
    int64_t row = rig_accept(world, &bad);
    int first = world->link[0]->busy ? 0 : 1;
    rig_prompt(world, first);
    rig_outcome(world, first, SMS_NOT_SENT, SMS_CAUSE_CMS, 21);
    rig_prompt(world, 1 - first);
    rig_outcome(world, 1 - first, SMS_NOT_SENT, SMS_CAUSE_CMS, 21);
    rig_assert_state(world, row, MESSAGE_FAILED);
    rig_accept(world, &a);
    rig_accept(world, &b);
    assert_true(world->link[0]->busy && world->link[1]->busy);
}

static void two_numbers_let_the_modem_rest(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    rig_ready(world, 0);
    fail_one(world, 0, "x", "0912345601", 27);
    rig_run_for(world, 1000);
    struct send_request second = request_to("y", "0912345602");
    rig_accept(world, &second);
    assert_true(world->link[0]->busy);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 27);
    rig_accept(world, &a);
    assert_false(world->link[0]->busy);
}

/* Where nobody else may take it, the number waits instead of the modem. */
static void a_bad_number_waits_by_itself(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    rig_ready(world, 0);
    int64_t row = fail_one(world, 0, "x", "0912345601", 27);
    assert_false(world->link[0]->busy);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 61 * 1000);
    rig_assert_state(world, row, MESSAGE_CLAIMED);
}

/* "Not just now" is said to the next message as well: the queue is not burnt on it. */
static void a_modem_that_says_not_now_rests(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");

    rig_ready(world, 0);
    rig_accept(world, &a);
    rig_accept(world, &b);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 302);
    assert_false(world->link[0]->busy);
    rig_run_for(world, 5100);
    assert_true(world->link[0]->busy);
    assert_int_equal(world->link[0]->submits, 2);
}

/* --- pacing, and what rests ----------------------------------------------------------------------
 */

/* m0 alone, with so long between two texts. */
static void paced(struct world *world, int min_interval_ms)
{
    world->modem[0].min_interval_ms = min_interval_ms;
    gateway_reload(world->gateway, &world->config);
    hand_link_state(world->link[1], LINK_GONE);
    rig_ready(world, 0);
}

static void takes_one_in(struct world *world, const char *key, int64_t in_ms)
{
    struct send_request request = rig_request(key);

    request.ttl_s = 1000;
    rig_accept(world, &request);
    if (in_ms > 0) {
        rig_run_for(world, in_ms - 1);
        assert_false(world->link[0]->busy);
        rig_run_for(world, 1);
    }
    assert_true(world->link[0]->busy);
}

/* What may have left has left, as far as its network is concerned. */
static void pacing_counts_what_may_have_left(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    a.on_unknown = ON_UNKNOWN_REPORT;
    paced(world, 60 * 1000);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    hand_link_state(world->link[0], LINK_RECOVERING);
    rig_ready(world, 0);
    takes_one_in(world, "b", 60 * 1000);
}

static void pacing_is_from_start_to_start(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    paced(world, 15 * 1000);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_run_for(world, 10 * 1000);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    takes_one_in(world, "b", 5 * 1000);
}

static void a_reload_ends_neither_pace_nor_rest(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    paced(world, 60 * 1000);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    gateway_reload(world->gateway, &world->config);
    takes_one_in(world, "b", 60 * 1000);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, 500);
    world->modem[0].min_interval_ms = 2000; /* the pace of now */
    gateway_reload(world->gateway, &world->config);
    takes_one_in(world, "c", 1500);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 300);
    gateway_reload(world->gateway, &world->config);
    takes_one_in(world, "d", 5 * 60 * 1000);
}

/* In step again is not a network that was found again. */
static void a_rest_for_the_network_ends_where_it_is_found_again(void **state)
{
    struct world *world = *state;

    paced(world, 0);
    fail_one(world, 0, "a", "0912345601", 38);
    hand_link_state(world->link[0], LINK_RECOVERING);
    rig_ready(world, 0);
    rig_run_for(world, 1000);
    assert_false(world->link[0]->busy);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_ready(world, 0);
    assert_true(world->link[0]->busy);
}

static void a_rest_for_a_fault_ends_where_it_was_pulled(void **state)
{
    struct world *world = *state;

    paced(world, 60 * 1000);
    fail_one(world, 0, "a", "0912345601", 300);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_ready(world, 0);
    rig_run_for(world, 1000);
    assert_false(world->link[0]->busy);
    hand_link_state(world->link[0], LINK_GONE);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_ready(world, 0);
    assert_true(world->link[0]->busy);
}

/* The rest is over, the pace is not: what waits is claimed when that is. */
static void pacing_outlives_a_rest(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    paced(world, 10 * 1000);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_run_for(world, 10 * 1000);
    fail_one(world, 0, "b", "0912345601", 300);
    world->modem[0].min_interval_ms = 60 * 1000;
    gateway_reload(world->gateway, &world->config);
    rig_run_for(world, 1000);
    hand_link_state(world->link[0], LINK_GONE);
    hand_link_state(world->link[0], LINK_REGISTERING);
    rig_ready(world, 0);
    takes_one_in(world, "c", 49 * 1000);
}

/* --- which modem
 * -----------------------------------------------------------------------------------
 */

static void same_network_then_least_used(void **state)
{
    struct world *world = *state;
    char key[8];

    strcpy(world->link[0]->link.identity.imsi, "452040000000001"); /* Viettel */
    strcpy(world->link[1]->link.identity.imsi, "452020000000001"); /* VinaPhone */
    rig_ready(world, 0);
    rig_ready(world, 1);
    for (int i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "v%d", i);
        struct send_request request = request_to(key, i < 3 ? "0971234567" : "0912345678");
        rig_accept(world, &request);
        int link = i < 3 ? 0 : 1;
        assert_true(world->link[link]->busy);
        assert_false(world->link[1 - link]->busy);
        rig_prompt(world, link);
        rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    for (int i = 0; i < 4; i++) { /* on no network of ours: in turn */
        snprintf(key, sizeof key, "n%d", i);
        struct send_request request = request_to(key, "0931234567");
        rig_accept(world, &request);
        int link = world->link[0]->busy ? 0 : 1;
        assert_int_equal(link, i % 2);
        rig_prompt(world, link);
        rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
}

/* The network is a hint: it does not beat a penalty. */
static void the_lowest_penalty_goes_first(void **state)
{
    struct world *world = *state;
    struct send_request a = request_to("a", "0971234567"), b = request_to("b", "0971234567");

    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    strcpy(world->link[1]->link.identity.imsi, "452020000000001");
    a.on_unknown = ON_UNKNOWN_REPORT;
    rig_ready(world, 0);
    rig_ready(world, 1);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_accept(world, &b);
    assert_true(world->link[1]->busy);
}

/* A modem that is nearer takes what is most urgent for it, not what the other was asked for. */
static void the_nearer_one_has_something_more_urgent(void **state)
{
    struct world *world = *state;
    struct send_request a = request_to("a", "0971234567"), own = request_to("own", "0912345678");

    strcpy(world->link[0]->link.identity.imsi, "452020000000001");
    strcpy(world->link[1]->link.identity.imsi, "452040000000001");
    hand_link_state(world->link[0], LINK_REGISTERING);
    hand_link_state(world->link[1], LINK_REGISTERING);
    own.modem = "m1";
    own.ttl_s = 60;
    int64_t pinned = rig_accept(world, &own), free_one = rig_accept(world, &a);
    hand_link_state(world->link[0], LINK_READY);
    hand_link_state(world->link[1], LINK_READY);
    rig_settle(world);
    rig_assert_state(world, pinned, MESSAGE_CLAIMED);
    rig_assert_state(world, free_one, MESSAGE_CLAIMED);
    assert_true(world->link[0]->busy && world->link[1]->busy);
}

/* Counted on disk: a restart forgets nothing; at midnight it begins anew. */
static void the_day_is_counted_on_disk(void **state)
{
    struct world *world = *state;
    struct send_request good = rig_request("good");

    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    rig_ready(world, 0);
    fail_one(world, 0, "a", "0912345601", 1);
    rig_accept(world, &good);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    for (int i = 0; i < 2; i++) {
        struct modem_view view = view_of(world, 0);
        assert_int_equal(view.used_today, 2);
        assert_int_equal(view.sent_today, 1);
        assert_int_equal(view.failed_today, 1);
        rig_restart(world);
    }
    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    assert_string_equal(view_of(world, 0).carrier, "Viettel");
    rig_run_for(world, 24 * 3600 * 1000);
    assert_int_equal(view_of(world, 0).used_today, 0);
    assert_int_equal(view_of(world, 0).sent_today, 0);
    assert_int_equal(view_of(world, 0).failed_today, 0);
}

/* A budget is a SIM's, and not one message more. */
static void a_budget_is_not_passed(void **state)
{
    struct world *world = *state;
    char key[8];

    world->modem[0].daily_budget = 2;
    rig_restart(world);
    hand_link_state(world->link[1], LINK_REGISTERING);
    rig_ready(world, 0);
    for (int i = 0; i < 3; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = rig_request(key);
        rig_accept(world, &request);
        assert_int_equal(world->link[0]->busy, i < 2);
        if (i == 2)
            break;
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    hand_link_state(world->link[0], LINK_SIM);
    rig_ready(world, 0);
    assert_false(world->link[0]->busy); /* the same SIM */
    hand_link_state(world->link[0], LINK_SIM);
    strcpy(world->link[0]->link.identity.iccid, "89847");
    rig_ready(world, 0);
    assert_true(world->link[0]->busy);
}

/* A SIM that was moved is known by two modems: it is no other for its own message. */
static void the_same_sim_is_no_other(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a");

    strcpy(world->link[1]->link.identity.iccid, world->link[0]->link.identity.iccid);
    rig_ready(world, 0);
    rig_ready(world, 1);
    rig_accept(world, &a);
    int first = world->link[0]->busy ? 0 : 1;
    rig_prompt(world, first);
    rig_outcome(world, first, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_run_for(world, 6000);
    assert_true(world->link[0]->busy || world->link[1]->busy);
}

/* The copy waits for the other SIM; that one goes, and there is no other. */
static void nobody_waits_for_one_that_left(void **state)
{
    struct world *world = *state;
    struct send_request a = rig_request("a"), b = rig_request("b");

    rig_ready(world, 0);
    rig_accept(world, &a);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_ready(world, 1);
    rig_run_for(world, 4500);
    rig_accept(world, &b);
    int other = world->link[1]->busy ? 1 : 0;
    assert_int_equal(other, 1);
    rig_prompt(world, 1);
    rig_run_for(world, 1500);
    assert_false(world->link[0]->busy);
    hand_link_state(world->link[1], LINK_RECOVERING);
    rig_settle(world);
    assert_true(world->link[0]->busy);
}

static int setup(void **state)
{
    rig_setup(state);
    struct world *world = *state;
    struct config_mistakes mistakes = {0};
    assert_int_equal(carriers_load_builtin("84", &world->config.carriers, &mistakes), 0);
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    struct carriers *carriers = world->config.carriers;
    rig_teardown(state);
    carriers_free(carriers);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(three_recipients_in_a_row_take_a_sim_out),
        TEST(the_same_number_again_says_nothing_new),
        TEST(different_causes_do_not_add_up),
        TEST(one_that_is_sent_clears_the_count),
        TEST(a_barred_sim_goes_at_once),
        TEST(a_trial_decides),
        TEST(the_only_sim_is_tried_too),
        TEST(a_trial_that_tells_nothing_is_one_a_minute),
        TEST(an_operator_lets_it_back_in),
        TEST(out_is_a_fact_of_the_sim),
        TEST(a_bad_number_blocks_nobody),
        TEST(two_numbers_let_the_modem_rest),
        TEST(a_bad_number_waits_by_itself),
        TEST(a_modem_that_says_not_now_rests),
        TEST(pacing_counts_what_may_have_left),
        TEST(pacing_is_from_start_to_start),
        TEST(a_reload_ends_neither_pace_nor_rest),
        TEST(a_rest_for_the_network_ends_where_it_is_found_again),
        TEST(a_rest_for_a_fault_ends_where_it_was_pulled),
        TEST(pacing_outlives_a_rest),
        TEST(same_network_then_least_used),
        TEST(the_lowest_penalty_goes_first),
        TEST(the_nearer_one_has_something_more_urgent),
        TEST(the_day_is_counted_on_disk),
        TEST(a_budget_is_not_passed),
        TEST(the_same_sim_is_no_other),
        TEST(nobody_waits_for_one_that_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
