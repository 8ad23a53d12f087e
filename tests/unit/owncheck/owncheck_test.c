/* owncheck: the gateway's own SIMs over weeks of virtual time, with links played by hand. Replies
 * are SYNTHETIC. */
#include "owncheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "carriers.h"
#include "log.h"
#include "rig.h"
#include "store_audit.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define WEEK_MS (168 * HOUR_MS)
enum { GATEWAY_UID = 77, STEP_MS = 20000 };

static struct carrier viettel = {.name = "viettel",
                                 .title = "Viettel",
                                 .code_count = 1,
                                 .way_count = 1,
                                 .code = {"45204"},
                                 .way = {{.text = "TTTB"}},
                                 .balance_count = 2,
                                 .balance = {"*101#", "*098#"}};
static struct carriers carriers = {.country = "84", .carrier = &viettel, .count = 1};
static struct subscriber_rules *rules;
static struct owncheck *own;
static char trouble[400]; /* a log line that shows what it must not */

static void on_modem(void *arg, const struct modem_view *view)
{
    (void)arg;
    (void)view;
    owncheck_wake(own);
}

static void own_open(struct world *world)
{
    own =
        owncheck_new(world->loop, world->store, world->gateway, &world->config, rules, GATEWAY_UID);
    assert_non_null(own);
    gateway_on_modem(world->gateway, on_modem, NULL);
    rig_settle(world);
}

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (strstr(line, "CANARY") || strstr(line, "052090001234"))
        snprintf(trouble, sizeof trouble, "%s", line);
}

static int setup(void **state)
{
    char why[200];
    int rc = rig_setup(state);
    struct world *world = *state;
    trouble[0] = '\0';
    log_sink_set(on_log, NULL);
    assert_int_equal(subscriber_rules_load("", &rules, why, sizeof why), 0);
    world->config.carriers = &carriers;
    world->config.registry_per_day = 5;
    world->config.audit_days = 365;
    world->config.low_balance_vnd = 20000;
    world->config.expiry_warn_days = 14;
    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    strcpy(world->link[1]->link.identity.imsi, "452040000000002");
    own_open(world);
    return rc;
}

static int teardown(void **state)
{
    owncheck_free(own);
    subscriber_rules_free(rules);
    assert_string_equal(trouble, "");
    return rig_teardown(state);
}

static void weekly(struct world *world)
{
    world->config.own_check_hours = 168;
    owncheck_reload(own, &world->config, rules);
}

/* Another run of the daemon. */
static void restart(struct world *world)
{
    owncheck_free(own);
    rig_restart(world);
    strcpy(world->link[0]->link.identity.imsi, "452040000000001");
    strcpy(world->link[1]->link.identity.imsi, "452040000000002");
    own_open(world);
}

/* --- the network ----------------------------------------------------------------------------- */

#define RECORD "Ho ten: CANARY VAN AN\nSo giay to: 052090001234"
#define OTHER "Ho ten: CANARY THI BINH\nSo giay to: 052090009999"
#define RICH "TK goc: 95.000d, HSD: 31/12/2099"

static void air(struct world *world, int link, const char *text)
{
    static unsigned second; /* of its stamp: the same TPDU twice is one message */
    char hex[600], units[500] = "";
    second = (second + 1) % 60;
    for (const char *c = text; *c; c++)
        snprintf(units + strlen(units), sizeof units - strlen(units), "00%02X", (unsigned)*c);
    snprintf(hex, sizeof hex, "040481414100086222116100%u%uA3%02zX%s", second % 10, second / 10,
             strlen(units) / 2, units);
    hand_link_inbound(world->link[link], hex);
    rig_settle(world);
}

static bool asks_1414(struct world *world, int link)
{
    const struct pdu_tpdu *tpdu = &world->link[link]->submit.tpdu;
    return world->link[link]->busy && memmem(tpdu->octet, tpdu->len, "\x04\x81\x41\x41", 4);
}

/* The question of this modem leaves, and is answered; NULL: it is not. */
static void answer_1414(struct world *world, int link, const char *text)
{
    assert_true(world->link[link]->busy);
    assert_true(asks_1414(world, link));
    rig_prompt(world, link);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
    if (text)
        air(world, link, text);
    else
        rig_run_for(world, 100000);
}

static void answer_ussd(struct world *world, int link, const char *code, enum link_ussd_end end,
                        const char *text)
{
    assert_true(world->link[link]->ussd_open);
    assert_string_equal(world->link[link]->ussd_code, code);
    hand_link_ussd(world->link[link], end, text);
    rig_settle(world);
}

static void answer_both(struct world *world, int link, const char *record, const char *balance)
{
    answer_1414(world, link, record);
    answer_ussd(world, link, "*101#", LINK_USSD_DONE, balance);
}

/* A question waits a minute for its prompt. */
static bool is_asked_within(struct world *world, int link, int64_t ms)
{
    for (; ms > 0 && !world->link[link]->busy; ms -= STEP_MS)
        rig_run_for(world, STEP_MS);
    return world->link[link]->busy;
}

static struct owncheck_view look(const char *modem)
{
    struct owncheck_view view;
    assert_true(owncheck_look(own, modem, &view));
    return view;
}

static bool stands(struct world *world, const char *name, const char *subject)
{
    struct alarm_view alarm;
    for (size_t i = 0; alarm_at(gateway_alarms(world->gateway), i, &alarm); i++)
        if (strcmp(alarm.name, name) == 0 && strcmp(alarm.subject, subject) == 0)
            return true;
    return false;
}

static unsigned raised, cleared;

static void count_alarms(void *arg, const struct alarm_view *alarm, bool up)
{
    (void)arg;
    (void)alarm;
    *(up ? &raised : &cleared) += 1;
}

/* Who asks. */
static struct {
    struct owncheck_wait wait;
    int told, over;
    char last[40], skipped[100];
} asker;

static void on_told(struct owncheck_wait *wait, const struct owncheck_view *view)
{
    (void)wait;
    if (!view) {
        asker.over++;
        return;
    }
    asker.told++;
    snprintf(asker.last, sizeof asker.last, "%s %s %s", view->modem,
             owncheck_owner_name(view->owner), owncheck_left_name(view->left));
    snprintf(asker.skipped, sizeof asker.skipped, "%s", view->skipped);
}

static const char *ask(struct world *world, const char *modem, bool accept)
{
    static struct refusal refusal;
    const struct owncheck_request request = {
        .modem = modem, .reason = "case 7", .actor = "an.nv", .accept_owner = accept};
    memset(&asker, 0, sizeof asker);
    asker.wait.fn = on_told;
    int rc = owncheck_run(own, &request, &asker.wait, &refusal);
    assert_int_equal(asker.told + asker.over, 0);
    rig_settle(world);
    return rc == 0 ? "" : refusal.name;
}

/* By hand, one modem, from question to verdict. */
static void check_by_hand(struct world *world, const char *record, const char *balance)
{
    rig_run_for(world, 25 * HOUR_MS); /* 1414's share of a day */
    assert_string_equal(ask(world, "m0", false), "");
    answer_both(world, 0, record, balance);
    assert_int_equal(asker.told, 1);
    assert_int_equal(asker.over, 1);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void each_sim_is_asked_once_a_week_restarts_or_not(void **state)
{
    struct world *world = *state;
    weekly(world);
    rig_ready(world, 0);
    rig_ready(world, 1);
    int64_t due0 = look("m0").due_wall_ms, due1 = look("m1").due_wall_ms;
    assert_true(due0 > 0 && due1 > 0 && llabs(due0 - due1) > 1000); /* spread */
    assert_true(due0 - loop_wall_ms(world->loop) <= WEEK_MS);
    unsigned asked[LINKS] = {0};
    int64_t restart_ms = 50 * HOUR_MS;
    for (int64_t ms = 0; ms < 3 * WEEK_MS; ms += STEP_MS) {
        if (ms == restart_ms) {
            restart_ms += 50 * HOUR_MS;
            restart(world);
            rig_ready(world, 0);
            rig_ready(world, 1);
            if (asked[0] == 0)
                assert_int_equal(look("m0").due_wall_ms, due0);
        }
        rig_run_for(world, STEP_MS);
        assert_false(world->link[0]->busy && world->link[1]->busy); /* one at a time */
        for (int link = 0; link < LINKS; link++) {
            if (!world->link[link]->busy)
                continue;
            answer_both(world, link, RECORD, RICH);
            asked[link]++;
        }
    }
    assert_in_range(asked[0], 2, 3);
    assert_in_range(asked[1], 2, 3);
    struct owncheck_view view = look("m0");
    assert_int_equal(view.owner, OWNER_SAME);
    assert_int_equal(view.left, LEFT_READ);
    assert_int_equal(view.vnd, 95000);
    assert_string_equal(view.expires, "2099-12-31");
    assert_null(view.alarm[0]);
    assert_in_range(view.due_wall_ms - view.checked_wall_ms, WEEK_MS / 2, WEEK_MS * 3 / 2);
}

/* Down when its turn came: it is asked at the start, once. */
static void a_turn_that_was_missed_is_taken_at_the_start(void **state)
{
    struct world *world = *state;
    weekly(world);
    rig_ready(world, 0);
    hand_link_state(world->link[0], LINK_GONE);
    rig_run_for(world, 2 * WEEK_MS); /* due, and nothing to ask it with */
    assert_int_equal(world->link[0]->submits, 0);
    restart(world);
    rig_ready(world, 0);
    answer_both(world, 0, RECORD, RICH);
    rig_run_for(world, 60 * HOUR_MS);
    assert_int_equal(world->link[0]->submits, 1);
}

static void what_is_not_well_is_one_alarm_and_ends(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    alarm_on_change(gateway_alarms(world->gateway), count_alarms, NULL);
    raised = cleared = 0;
    check_by_hand(world, RECORD, "TK goc: 12.345d, HSD: 31/12/2099");
    assert_string_equal(asker.last, "m0 same read");
    assert_true(stands(world, "sim_balance_low", "m0"));
    check_by_hand(world, RECORD, "TK goc: 11.345d, HSD: 31/12/2099");
    assert_int_equal(raised, 1);
    assert_string_equal(look("m0").alarm[0], "sim_balance_low");
    restart(world); /* alarms are not kept; the reason is */
    alarm_on_change(gateway_alarms(world->gateway), count_alarms, NULL);
    rig_ready(world, 0);
    assert_true(stands(world, "sim_balance_low", "m0"));
    raised = 0;
    check_by_hand(world, RECORD, RICH);
    assert_false(stands(world, "sim_balance_low", "m0"));
    check_by_hand(world, RECORD, RICH);
    assert_int_equal(raised, 0);
    assert_int_equal(cleared, 1);
}

/* The rig's wall clock begins in November 2026. */
static void an_account_that_ends_is_told_in_time(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    check_by_hand(world, RECORD, "TK goc: 95.000d, HSD: 31/12/2026");
    assert_false(stands(world, "sim_expiring", "m0"));
    assert_int_equal(look("m0").due_wall_ms, 0);
    rig_run_for(world, 6 * WEEK_MS); /* no check in between */
    assert_int_equal(world->link[0]->submits, 1);
    assert_true(stands(world, "sim_expiring", "m0"));
    check_by_hand(world, RECORD, "TK goc: 95.000d, HSD: 31/12/2027");
    assert_false(stands(world, "sim_expiring", "m0"));
}

static void a_changed_owner_is_seen_until_he_is_accepted(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    check_by_hand(world, RECORD, RICH);
    check_by_hand(world, "HO TEN: Canary Van An", RICH); /* no document this time: the name */
    assert_string_equal(asker.last, "m0 same read");
    check_by_hand(world, OTHER, RICH);
    assert_string_equal(asker.last, "m0 changed read");
    assert_true(stands(world, "sim_owner_changed", "m0"));
    check_by_hand(world, "Da qua so lan cho phep thuc hien tra cuu trong ngay", RICH);
    assert_true(stands(world, "sim_owner_changed", "m0")); /* nothing new is known */
    restart(world);
    rig_ready(world, 0);
    assert_true(stands(world, "sim_owner_changed", "m0"));
    rig_run_for(world, 25 * HOUR_MS);
    assert_string_equal(ask(world, "m0", true), "");
    answer_both(world, 0, OTHER, RICH);
    assert_string_equal(asker.last, "m0 same read");
    assert_false(stands(world, "sim_owner_changed", "m0"));
    check_by_hand(world, RECORD, RICH);
    assert_string_equal(asker.last, "m0 changed read");
}

static void what_gives_nothing_is_told(void **state)
{
    static const struct {
        const char *record, *balance, *want;
        bool alarm;
    } rows[] = {
        {"Da qua so lan cho phep thuc hien tra cuu trong ngay", RICH, "m0 refused read", true},
        {"Khong co thong tin thue bao", RICH, "m0 no_record read", true},
        {"Chuc mung nam moi", RICH, "m0 unreadable read", true},
        {RECORD, "Thue bao tra sau. Cuoc: 5.000d", "m0 same postpaid", false},
        {RECORD, RICH, "m0 same read", false},
    };
    struct world *world = *state;
    rig_ready(world, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_by_hand(world, rows[i].record, rows[i].balance);
        assert_string_equal(asker.last, rows[i].want);
        assert_int_equal(stands(world, "sim_check_failed", "m0"), rows[i].alarm);
    }
}

/* A part of the answer is lost: 1414 is not silent, and the SIM is not barred. */
static void an_answer_that_is_not_whole(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    assert_string_equal(ask(world, "m0", false), "");
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    hand_link_inbound(world->link[0], "440481414100086222116100000A080500035A020100480049");
    rig_run_for(world, 100000);
    answer_ussd(world, 0, "*101#", LINK_USSD_DONE, RICH);
    assert_string_equal(asker.last, "m0 incomplete read");
    assert_true(stands(world, "sim_check_failed", "m0"));
    check_by_hand(world, RECORD, RICH);
    assert_false(stands(world, "sim_check_failed", "m0"));
}

/* Silence of 1414, and a code that the network refuses before the next one is tried. */
static void silence_and_refused_codes(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    assert_string_equal(ask(world, NULL, false), "");
    answer_1414(world, 0, NULL);
    answer_ussd(world, 0, "*101#", LINK_USSD_REFUSED, "");
    answer_ussd(world, 0, "*098#", LINK_USSD_SILENT, "");
    assert_string_equal(asker.last, "m0 silent silent");
    assert_true(stands(world, "sim_check_failed", "m0"));
    rig_run_for(world, 25 * HOUR_MS);
    assert_string_equal(ask(world, NULL, false), "");
    answer_1414(world, 0, RECORD);
    answer_ussd(world, 0, "*101#", LINK_USSD_REFUSED, "");
    answer_ussd(world, 0, "*098#", LINK_USSD_MORE, RICH ". 1. Nap the"); /* a menu is left */
    assert_true(world->link[0]->ussd_cancelled);
    answer_ussd(world, 0, "*098#", LINK_USSD_CANCELLED, "");
    assert_int_equal(look("m0").left, LEFT_READ);
    assert_false(stands(world, "sim_check_failed", "m0"));
}

static void a_carrier_that_is_not_known_is_told_so(void **state)
{
    struct world *world = *state;
    strcpy(world->link[0]->link.identity.imsi, "452990000000001");
    rig_ready(world, 0);
    assert_string_equal(ask(world, "m0", false), "");
    assert_int_equal(asker.over, 1);
    assert_string_equal(asker.last, "m0 not_configured not_configured");
    assert_false(stands(world, "sim_check_failed", "m0"));
    assert_int_equal(world->link[0]->submits, 0);
}

static void who_is_paused_or_gone_is_skipped(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    assert_string_equal(ask(world, "none", false), "not_found");
    weekly(world);
    rig_ready(world, 0);
    rig_ready(world, 1);
    hand_link_state(world->link[1], LINK_GONE);
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", true, &refusal), 0);
    assert_int_equal(store_end(world->store, true), 0);
    assert_string_equal(ask(world, NULL, false), "");
    assert_int_equal(asker.told, 2);
    assert_int_equal(asker.over, 1);
    assert_true(*asker.skipped);
    rig_run_for(world, 2 * WEEK_MS);
    assert_int_equal(world->link[0]->submits + world->link[1]->submits, 0);
    assert_int_equal(look("m0").checked_wall_ms, 0);
    assert_int_equal(store_begin(world->store), 0);
    assert_int_equal(gateway_modem_pause(world->gateway, "m0", false, &refusal), 0);
    assert_int_equal(store_end(world->store, true), 0);
    rig_settle(world);
    answer_both(world, 0, RECORD, RICH); /* its turn had come meanwhile */
}

/* A code that is due goes before the question; the exchange with the network is all that it ever
 * waits for. */
static void codes_are_not_held_up(void **state)
{
    struct world *world = *state;
    struct send_request request = rig_request("a");
    rig_ready(world, 0);
    rig_accept(world, &request);
    assert_string_equal(ask(world, "m0", false), "");
    request.key = "b";
    int64_t row = rig_accept(world, &request);
    for (int i = 0; i < 2; i++) {
        assert_false(asks_1414(world, 0));
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    rig_assert_state(world, row, MESSAGE_SENT);
    assert_true(asks_1414(world, 0));
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    request.key = "c"; /* while 1414 is waited for */
    rig_accept(world, &request);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    air(world, 0, RECORD);
    request.key = "d"; /* while the balance is waited for */
    rig_accept(world, &request);
    assert_false(world->link[0]->busy);
    answer_ussd(world, 0, "*101#", LINK_USSD_MORE, RICH);
    answer_ussd(world, 0, "*101#", LINK_USSD_CANCELLED, "");
    assert_true(world->link[0]->busy);
}

static void the_budget_of_1414_is_kept(void **state)
{
    struct world *world = *state;
    world->config.registry_per_day = 1;
    rig_ready(world, 0);
    assert_string_equal(ask(world, "m0", false), "");
    answer_both(world, 0, RECORD, RICH);
    rig_run_for(world, HOUR_MS);
    assert_string_equal(ask(world, "m0", false), "");
    answer_ussd(world, 0, "*101#", LINK_USSD_DONE, "TK goc: 94.000d");
    assert_string_equal(asker.last, "m0 not_sent read");
    assert_int_equal(look("m0").owner, OWNER_SAME); /* as it was */
    assert_false(stands(world, "sim_check_failed", "m0"));
    assert_int_equal(world->link[0]->submits, 1);
    assert_int_equal(look("m0").vnd, 94000);
}

static void each_question_is_on_record(void **state)
{
    struct world *world = *state;
    struct audit_row rows[4];
    rig_ready(world, 0);
    assert_string_equal(ask(world, "m0", false), "");
    answer_both(world, 0, RECORD, RICH);
    assert_int_equal(store_audit_list(world->store, 0, rows, 4), 1);
    assert_int_equal(rows[0].uid, GATEWAY_UID);
    assert_string_equal(rows[0].method, "subscriber.check_fleet");
    assert_string_equal(rows[0].modem, "m0");
    assert_string_equal(rows[0].conclusion, "same");
    assert_string_equal(rows[0].reason, "case 7");
    assert_string_equal(rows[0].actor, "an.nv");
    weekly(world);
    assert_true(is_asked_within(world, 0, 2 * WEEK_MS));
    answer_both(world, 0, RECORD, RICH);
    assert_int_equal(store_audit_list(world->store, 0, rows, 4), 2);
    assert_string_equal(rows[0].reason, "own_check");
}

static void who_hangs_up_is_told_nothing(void **state)
{
    struct world *world = *state;
    rig_ready(world, 0);
    rig_ready(world, 1);
    assert_string_equal(ask(world, NULL, false), "");
    assert_string_equal(ask(world, NULL, false), "overloaded");
    memset(&asker.wait, 0, sizeof asker.wait);
    int link = world->link[0]->busy ? 0 : 1;
    owncheck_free(own); /* and it may end at any moment */
    own_open(world);
    assert_string_equal(ask(world, NULL, false), "");
    owncheck_forget(&asker.wait);
    answer_both(world, link, RECORD, RICH);
    rig_run_for(world, HOUR_MS);
    assert_false(world->link[1 - link]->busy);
    assert_int_equal(asker.told + asker.over, 0);
}

static void another_sim_in_a_modem_starts_anew(void **state)
{
    struct world *world = *state;
    world->config.sim_swap = SIM_SWAP_ACCEPT;
    rig_ready(world, 0);
    check_by_hand(world, OTHER, "TK goc: 5d");
    assert_true(stands(world, "sim_balance_low", "m0"));
    strcpy(world->link[0]->link.identity.iccid, "8984999");
    hand_link_state(world->link[0], LINK_GONE);
    rig_ready(world, 0);
    assert_false(stands(world, "sim_balance_low", "m0"));
    assert_int_equal(look("m0").checked_wall_ms, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_sim_is_asked_once_a_week_restarts_or_not),
        TEST(a_turn_that_was_missed_is_taken_at_the_start),
        TEST(what_is_not_well_is_one_alarm_and_ends),
        TEST(an_account_that_ends_is_told_in_time),
        TEST(a_changed_owner_is_seen_until_he_is_accepted),
        TEST(what_gives_nothing_is_told),
        TEST(an_answer_that_is_not_whole),
        TEST(silence_and_refused_codes),
        TEST(a_carrier_that_is_not_known_is_told_so),
        TEST(who_is_paused_or_gone_is_skipped),
        TEST(codes_are_not_held_up),
        TEST(the_budget_of_1414_is_kept),
        TEST(each_question_is_on_record),
        TEST(who_hangs_up_is_told_nothing),
        TEST(another_sim_in_a_modem_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
