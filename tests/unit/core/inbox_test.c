/* What comes back: messages, parts in any order, reports at any time, and what hostile air sends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "text.h"

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

/* SMS-STATUS-REPORT about +84912345678. */
static const char *report(char out[256], unsigned reference, unsigned status)
{
    snprintf(out, 256, "06%02X0B914819325476F8622211610000A3622211610000A3%02X", reference, status);
    return out;
}

static void a_message_is_taken_once(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 0, 0, "00480069"));
    assert_int_equal(world->link[0]->taken, 1);
    air(world, hex); /* its delete failed, it comes again */
    assert_int_equal(world->link[0]->taken, 2);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].from, "+84912345678");
    assert_string_equal(list[0].text, "Hi");
    assert_int_equal(list[0].parts, 1);
    inbox_free(list, count);
}

static void parts_in_any_order_with_doubles(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 3, 3, "0043"));
    air(world, deliver(hex, 3, 1, "0041"));
    air(world, deliver(hex, 3, 1, "0041"));
    assert_int_equal(inbox(world, list), 0);
    air(world, deliver(hex, 3, 2, "0042"));
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "ABC");
    assert_int_equal(list[0].parts, 3);
    assert_int_equal(list[0].missing, 0);
    inbox_free(list, count);
}

static void a_pair_parted_between_messages_is_one_character(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 2, 1, "D83D"));
    air(world, deliver(hex, 2, 2, "DE00"));
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "\xF0\x9F\x98\x80");
    inbox_free(list, count);
}

static void an_unfinished_set_is_shown_after_a_day(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 3, 2, "0042"));
    rig_run_for(world, INT64_C(23) * 3600 * 1000);
    assert_int_equal(inbox(world, list), 0);
    rig_run_for(world, INT64_C(2) * 3600 * 1000);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "B");
    assert_int_equal(list[0].missing, 2);
    inbox_free(list, count);
}

static void many_unfinished_sets_are_shown_that_day(void **state)
{
    enum { SETS = 40 };
    static struct inbox list[SETS + 1];
    struct world *world = *state;
    char hex[512];

    for (unsigned i = 0; i < SETS; i++) {
        snprintf(hex, sizeof hex, "440B914819325476F80008622211610000A308050003%02X02010041", i);
        air(world, hex);
    }
    rig_run_for(world, (INT64_C(24) * 60 + 1) * 60 * 1000);
    int count = store_inbox_list(world->store, 0, list, SETS + 1);
    assert_int_equal(count, SETS);
    for (int i = 0; i < count; i++)
        inbox_clear(&list[i]);
}

/* Nothing but the same sender's same message to the same SIM is joined. */
static void parts_of_others_are_not_joined(void **state)
{
    static const char first[] = "440B914819325476F80008622211610000A3080500035A02010041";
    static const char *const others[] = {
        "440B914819325476F80008622211610000A3080500035B02020042",   /* another reference */
        "440B914819325477F80008622211610000A3080500035A02020042",   /* another sender */
        "440B914819325476F80008622211610000A309060804005A02020042", /* as 16 bits */
    };
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, first);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        air(world, others[i]);
        assert_int_equal(inbox(world, list), 0);
    }
    hand_link_inbound(world->link[1], deliver(hex, 2, 2, "0042")); /* another SIM */
    rig_settle(world);
    assert_int_equal(inbox(world, list), 0);
    air(world, hex);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "AB");
    inbox_free(list, count);
}

/* Each when its own day is over, and each once. */
static void each_set_has_its_own_day(void **state)
{
    static const char second[] = "440B914819325476F80008622211610000A3080500035B02020042";
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 2, 1, "0041"));
    rig_run_for(world, INT64_C(10) * 3600 * 1000);
    air(world, second);
    rig_restart(world); /* gives nothing up */
    rig_run_for(world, INT64_C(13) * 3600 * 1000);
    assert_int_equal(inbox(world, list), 0);
    rig_run_for(world, INT64_C(2) * 3600 * 1000);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "A");
    inbox_free(list, count);
    rig_run_for(world, INT64_C(10) * 3600 * 1000);
    count = inbox(world, list);
    assert_int_equal(count, 2);
    inbox_free(list, count);
    rig_run_for(world, INT64_C(50) * 3600 * 1000);
    count = inbox(world, list);
    assert_int_equal(count, 2);
    inbox_free(list, count);
}

static void a_whole_set_does_not_come_again(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 2, 1, "0041"));
    air(world, deliver(hex, 2, 2, "0042"));
    rig_run_for(world, INT64_C(50) * 3600 * 1000);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    inbox_free(list, count);
}

/* Its modem is taken out of the configuration before the disk has answered. */
static void a_modem_that_leaves_is_not_answered(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    rig_settle(world);
    hand_link_inbound(world->link[1], deliver(hex, 0, 0, "0041"));
    assert_int_equal(world->link[1]->taken, 0);
    world->config.modem_count = 1;
    gateway_reload(world->gateway, &world->config);
    rig_settle(world);
    assert_int_equal(gateway_modem_count(world->gateway), 1);
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    inbox_free(list, count);
}

static void what_does_not_decode_is_counted_and_let_go(void **state)
{
    static const char *const hostile[] = {
        "04",
        "FF",
        "00",
        "040B91",
        "040B914819325476F80008622211610000A3FF0041",
        "440B914819325476F80008622211610000A3040A000300",
        "01000B",
        "07",
    };
    struct world *world = *state;
    struct gateway_stats stats;
    struct inbox list[LIST];
    unsigned count = sizeof hostile / sizeof *hostile;

    for (unsigned i = 0; i < count; i++)
        air(world, hostile[i]);
    assert_int_equal(world->link[0]->taken, count);
    assert_int_equal(inbox(world, list), 0);
    gateway_stats(world->gateway, &stats);
    assert_int_equal(stats.inbound_refused, count);
}

/* Of the whole process, with the pages of the store, which lie in memory here; 0 under a sanitizer.
 */
static size_t memory_used(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* A concatenation that cannot be is none: the text stands for itself. */
static void impossible_parts_stand_for_themselves(void **state)
{
    static const int parts[][2] = {{2, 0}, {2, 3}, {255, 0}, {1, 2}};
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512], text[8];

    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "%04X", 0x41 + i);
        air(world, deliver(hex, parts[i][0], parts[i][1], text));
    }
    int count = inbox(world, list);
    assert_int_equal(count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(list[i].parts, 1);
        assert_int_equal(list[i].text[0], 'D' - i); /* the newest first */
    }
    inbox_free(list, count);
}

/* One reference, two totals: each set is its own. */
static void sets_that_contradict_spoil_nothing(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512];

    air(world, deliver(hex, 2, 1, "0041"));
    air(world, deliver(hex, 3, 1, "0058"));
    air(world, deliver(hex, 3, 2, "0059"));
    assert_int_equal(inbox(world, list), 0);
    air(world, deliver(hex, 2, 2, "0042"));
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].text, "AB");
    inbox_free(list, count);
}

/* As long as a message can be, last part first. */
static void two_hundred_and_fifty_five_parts(void **state)
{
    struct world *world = *state;
    struct inbox list[LIST];
    char hex[512], text[8];

    for (int part = 255; part >= 1; part--) {
        assert_int_equal(inbox(world, list), 0);
        snprintf(text, sizeof text, "%04X", 0x41 + part % 26);
        air(world, deliver(hex, 255, part, text));
    }
    int count = inbox(world, list);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].parts, 255);
    assert_int_equal(strlen(list[0].text), 255);
    assert_int_equal(list[0].text[254], 0x41 + 255 % 26);
    inbox_free(list, count);
}

static void half_finished_sets_cost_a_bounded_room(void **state)
{
    enum { SETS = 100000, A_SENDER = 1 << 16 };
    struct world *world = *state;
    struct gateway_stats stats;
    uint8_t set[32];
    char hex[512];
    int64_t oldest;
    size_t before = memory_used();

    for (unsigned i = 0; i < SETS; i++) {
        snprintf(hex, sizeof hex, "440B9148193254%02XF60008622211610000A309060804%04X0201%04X",
                 0x10 + i / A_SENDER, i % A_SENDER, 0x41 + i % 26);
        hand_link_inbound(world->link[0], hex);
        if (i % 100 == 0)
            rig_settle(world);
    }
    rig_settle(world);
    assert_int_equal(world->link[0]->taken, SETS);
    gateway_stats(world->gateway, &stats);
    assert_int_equal(stats.inbound_refused, SETS - STORE_PARTS_MAX);
    /* 20,000 parts and the hashes of 100,000 messages seen (store_internal.h): all that it costs */
    assert_true(memory_used() - before < (size_t)16 << 20);
    assert_int_equal(store_parts_oldest(world->store, set, &oldest), 1);
}

/* Sets that name impossible parts, contradict themselves, or never end; and plain noise. */
static void a_storm_is_taken_and_bounded(void **state)
{
    enum { STORM = 20000, LEN_MOST = 100 };
    struct world *world = *state;
    struct gateway_stats stats;
    char hex[512];
    uint32_t random = 1;

    for (unsigned i = 0; i < STORM; i++) {
        uint8_t tpdu[LEN_MOST];
        size_t len = 1 + i % LEN_MOST;
        for (size_t at = 0; at < len; at++)
            tpdu[at] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
        text_hex_encode(tpdu, len, hex);
        if (i % 2) /* the same few references, any total, any part */
            deliver(hex, (int)(random >> 8 & 0xFF), (int)(random >> 16 & 0xFF), "0041");
        hand_link_inbound(world->link[0], hex);
        if (i % 100 == 0)
            rig_settle(world);
    }
    rig_settle(world);
    assert_int_equal(world->link[0]->taken, STORM);
    gateway_stats(world->gateway, &stats);
    /* whatever the noise happens to decode as: nothing is lost between the counters */
    assert_true(stats.inbound_refused > STORM / 4);
    assert_true(stats.inbound + stats.inbound_refused + stats.inbound_doubles + stats.reports <=
                STORM);
}

/* --- reports
 * ---------------------------------------------------------------------------------------- */

static int64_t sent(struct world *world, const char *key)
{
    struct send_request request = rig_request(key);

    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    rig_prompt(world, 0);
    return row;
}

static void a_report_delivers(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0); /* reference 7 */
    air(world, report(hex, 8, 0x00));                   /* another's */
    rig_assert_state(world, row, MESSAGE_SENT);
    air(world, report(hex, 7, 0x30)); /* the centre is still trying */
    rig_assert_state(world, row, MESSAGE_SENT);
    air(world, report(hex, 7, 0x00));
    rig_assert_state(world, row, MESSAGE_DELIVERED);
    assert_int_equal(world->link[0]->taken, 3);
}

static void a_report_says_undelivered_and_why(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    air(world, report(hex, 7, 0x46));
    rig_assert_state(world, row, MESSAGE_UNDELIVERED);
    struct message message = rig_look(world, row);
    assert_string_equal(message.reason, "validity_expired");
    message_clear(&message);
}

static void a_report_that_proves_nothing(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    air(world, report(hex, 7, 0x01));
    rig_assert_state(world, row, MESSAGE_SENT);
}

static void a_report_may_be_faster_than_the_answer(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    air(world, report(hex, 7, 0x00));
    rig_assert_state(world, row, MESSAGE_SENDING);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

/* The answer never comes, the report does, long before that is known. */
static void a_report_waits_for_the_outcome_of_what_left(void **state)
{
    struct world *world = *state;
    struct gateway_stats stats;
    char hex[256];
    int64_t row = sent(world, "a");

    rig_run_for(world, 5 * 1000);
    air(world, report(hex, 7, 0x00));
    rig_run_for(world, 115 * 1000);
    rig_assert_state(world, row, MESSAGE_SENDING);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
    rig_run_for(world, 60 * 1000);
    assert_int_equal(world->link[0]->submits, 1);
    air(world, report(hex, 99, 0x00)); /* nobody's: no text of this SIM is under way */
    rig_run_for(world, 61 * 1000);
    gateway_stats(world->gateway, &stats);
    assert_int_equal(stats.reports_unmatched, 1);
}

static void a_report_settles_an_unknown_and_stops_its_resend(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_assert_state(world, row, MESSAGE_QUEUED);
    air(world, report(hex, 7, 0x00));
    rig_assert_state(world, row, MESSAGE_DELIVERED);
    rig_run_for(world, 60 * 1000);
    assert_int_equal(world->link[0]->submits, 1);
}

static void without_a_reference_only_one_can_be_meant(void **state)
{
    struct world *world = *state;
    char hex[256];
    struct send_request a = rig_request("a"), b = rig_request("b");
    int64_t rows[2];

    a.on_unknown = b.on_unknown = ON_UNKNOWN_REPORT;
    rig_ready(world, 0);
    rows[0] = rig_accept(world, &a);
    rows[1] = rig_accept(world, &b);
    for (int i = 0; i < 2; i++) {
        rig_prompt(world, 0);
        rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    }
    air(world, report(hex, 7, 0x00));
    rig_assert_state(world, rows[0], MESSAGE_UNKNOWN);
    rig_assert_state(world, rows[1], MESSAGE_UNKNOWN);
    rig_run_for(world, 61 * 1000);
    struct gateway_stats stats;
    gateway_stats(world->gateway, &stats);
    assert_int_equal(stats.reports_unmatched, 1);
}

/* Sent, not answered, and once more: whichever of the two the report is of, that text has arrived.
 */
static void both_attempts_of_one_message_are_one_candidate(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_run_for(world, 60 * 1000);
    assert_int_equal(world->link[0]->submits, 2);
    rig_prompt(world, 0);
    rig_outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    rig_assert_state(world, row, MESSAGE_UNKNOWN);
    air(world, report(hex, 7, 0x00));
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

static void a_report_of_a_part_is_not_the_whole(void **state)
{
    static char text[320];
    struct world *world = *state;
    struct send_request request = rig_request("a");
    char hex[256];

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = 170; /* two parts */
    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    for (int i = 0; i < 2; i++) {
        rig_prompt(world, 0);
        hand_link_outcome(world->link[0], SMS_SENT, SMS_CAUSE_NONE, 0, 7 + i);
        rig_settle(world);
    }
    air(world, report(hex, 8, 0x00));
    rig_assert_state(world, row, MESSAGE_SENT);
    air(world, report(hex, 7, 0x00));
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

/* Its second part was refused for good, whatever is said of the first. */
static void a_part_that_failed_is_not_delivered(void **state)
{
    static char text[170];
    struct world *world = *state;
    struct send_request request = rig_request("a");
    char hex[256];

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = sizeof text; /* two parts */
    rig_ready(world, 0);
    int64_t row = rig_accept(world, &request);
    for (int i = 0; i < 2; i++) {
        rig_prompt(world, 0);
        hand_link_outcome(world->link[0], SMS_SENT, SMS_CAUSE_NONE, 0, 7 + i);
        rig_settle(world);
    }
    air(world, report(hex, 8, 0x46));
    rig_assert_state(world, row, MESSAGE_UNDELIVERED);
    air(world, report(hex, 7, 0x00));
    rig_assert_state(world, row, MESSAGE_UNDELIVERED);
    air(world, report(hex, 8, 0x00)); /* it did arrive in the end */
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

static void delivered_stays_delivered(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    air(world, report(hex, 7, 0x00));
    for (unsigned status = 0x01; status <= 0x60; status += 0x1F) {
        air(world, report(hex, 7, status));
        rig_assert_state(world, row, MESSAGE_DELIVERED);
    }
}

/* Nobody's reports, far more than are kept: the newest are. */
static void an_early_report_is_kept_in_a_crowd(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    for (unsigned i = 0; i < 180; i++) {
        air(world, report(hex, i == 150 ? 7 : 8 + i, 0x00));
        rig_run_for(world, 10);
    }
    rig_run_for(world, 59 * 1000);
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

/* All at the same moment: those that came last are kept. */
static void also_where_all_come_at_once(void **state)
{
    struct world *world = *state;
    char hex[256];
    int64_t row = sent(world, "a");

    for (unsigned i = 0; i < 180; i++)
        air(world, report(hex, i == 150 ? 7 : 8 + i, 0x00));
    rig_outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    rig_assert_state(world, row, MESSAGE_DELIVERED);
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_message_is_taken_once),
        RIG_TEST(parts_in_any_order_with_doubles),
        RIG_TEST(a_pair_parted_between_messages_is_one_character),
        RIG_TEST(an_unfinished_set_is_shown_after_a_day),
        RIG_TEST(many_unfinished_sets_are_shown_that_day),
        RIG_TEST(parts_of_others_are_not_joined),
        RIG_TEST(each_set_has_its_own_day),
        RIG_TEST(a_whole_set_does_not_come_again),
        RIG_TEST(a_modem_that_leaves_is_not_answered),
        RIG_TEST(what_does_not_decode_is_counted_and_let_go),
        RIG_TEST(half_finished_sets_cost_a_bounded_room),
        RIG_TEST(impossible_parts_stand_for_themselves),
        RIG_TEST(sets_that_contradict_spoil_nothing),
        RIG_TEST(two_hundred_and_fifty_five_parts),
        RIG_TEST(a_storm_is_taken_and_bounded),
        RIG_TEST(a_report_delivers),
        RIG_TEST(a_report_says_undelivered_and_why),
        RIG_TEST(a_report_that_proves_nothing),
        RIG_TEST(a_report_may_be_faster_than_the_answer),
        RIG_TEST(a_report_settles_an_unknown_and_stops_its_resend),
        RIG_TEST(a_report_waits_for_the_outcome_of_what_left),
        RIG_TEST(without_a_reference_only_one_can_be_meant),
        RIG_TEST(both_attempts_of_one_message_are_one_candidate),
        RIG_TEST(a_report_of_a_part_is_not_the_whole),
        RIG_TEST(a_part_that_failed_is_not_delivered),
        RIG_TEST(delivered_stays_delivered),
        RIG_TEST(an_early_report_is_kept_in_a_crowd),
        RIG_TEST(also_where_all_come_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
