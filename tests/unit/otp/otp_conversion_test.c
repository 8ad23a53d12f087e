/* How many codes come back: counted where they were sent, by hour, and what is far below is said.
 */
#include "otp_conversion.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alarm.h"
#include "otp_rig.h"

static struct conversion_row rows[CONVERSION_ROWS];

static const struct conversion_row *row_of(struct otp_rig *rig, int kind, const char *name)
{
    int count = conversion_read(rig->otp, kind, 24, rows);

    assert_true(count >= 0);
    for (int i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static bool stands(struct otp_rig *rig, const char *name, const char *subject)
{
    struct alarm_view alarm;

    for (size_t i = 0; alarm_at(gateway_alarms(rig->world->gateway), i, &alarm); i++)
        if (strcmp(alarm.name, name) == 0 && strcmp(alarm.subject, subject) == 0)
            return true;
    return false;
}

/* One verification through whichever modem is ready; used after `took_ms`, or never. */
static void one(struct otp_rig *rig, const char *to, bool used, int64_t took_ms)
{
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing standing;
    struct otp_checked checked;
    char code[OTP_DIGITS + 1];

    start.to = to;
    if (!otp_rig_start(rig, &start, &standing))
        fail_msg("%s: %s", rig->refusal.name, rig->refusal.sentence);
    otp_rig_code(rig, &standing.row, 1, code);
    for (int i = 0; i < LINKS; i++)
        if (rig->world->link[i]->busy) {
            rig_prompt(rig->world, i);
            rig_outcome(rig->world, i, SMS_SENT, SMS_CAUSE_NONE, 0);
        }
    otp_rig_pass(rig, took_ms);
    if (used) {
        assert_true(otp_rig_check(rig, standing.row.id, code, NULL, &checked));
        assert_int_equal(checked.result, OTP_SAYS_APPROVED);
    }
}

static void some(struct otp_rig *rig, unsigned first, unsigned count, unsigned used)
{
    char to[16];

    for (unsigned i = 0; i < count; i++) {
        snprintf(to, sizeof to, "09%08u", first + i);
        one(rig, to, i < used, 10000);
    }
}

static void counted_where_it_was_sent(void **state)
{
    struct otp_rig *rig = *state;

    one(rig, "0912345678", true, 20000);
    one(rig, "0912345679", true, 20000);
    one(rig, "0987654321", false, 301000);
    const struct conversion_row *row = row_of(rig, CONVERSION_MODEM, "m0");
    assert_non_null(row);
    assert_int_equal(row->accepted, 3);
    assert_int_equal(row->used, 2);
    assert_in_range(row->median_s, 18, 22);
    row = row_of(rig, CONVERSION_PREFIX, "+8491");
    assert_int_equal(row->accepted, 2);
    assert_int_equal(row->used, 2);
    row = row_of(rig, CONVERSION_PREFIX, "+8498");
    assert_int_equal(row->used, 0);
    assert_int_equal(row->median_s, -1);
    assert_non_null(row_of(rig, CONVERSION_CARRIER, "unknown")); /* this rig knows no carriers */
    otp_rig_pass(rig, INT64_C(26) * 3600 * 1000);
    assert_null(row_of(rig, CONVERSION_MODEM, "m0"));
}

/* Not taken by the network, or called off: says nothing of the way. */
static void what_does_not_count(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing standing;

    hand_link_state(rig->world->link[0], LINK_REGISTERING);
    rig_settle(rig->world);
    assert_true(otp_rig_start(rig, &start, &standing));
    otp_rig_pass(rig, 301000);
    assert_int_equal(otp_rig_row(rig, standing.row.id).state, OTP_EXPIRED);
    assert_int_equal(conversion_read(rig->otp, CONVERSION_MODEM, 24, rows), 0);
}

static void own_codes_by_feedback(void **state)
{
    struct otp_rig *rig = *state;
    struct send_request request = rig_request("own");
    int64_t row = rig_accept(rig->world, &request);

    rig_prompt(rig->world, 0);
    rig_outcome(rig->world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    struct message message = rig_look(rig->world, row);
    for (int i = 0; i < 2; i++) { /* said again it changes nothing */
        assert_int_equal(store_begin(rig->world->store), 0);
        assert_int_equal(otp_feedback(rig->otp, &message, true, &rig->refusal), 0);
        assert_int_equal(store_end(rig->world->store, true), 0);
    }
    message_clear(&message);
    assert_int_equal(row_of(rig, CONVERSION_MODEM, "m0")->used, 1);
}

static void a_blocked_sim_and_a_pumped_range(void **state)
{
    struct otp_rig *rig = *state;

    rig->purpose.ttl_s = 60;
    some(rig, 10000000, 30, 27); /* m0: nearly all come back */
    otp_rig_pass(rig, 61000);
    assert_false(stands(rig, "sim_conversion", "m0"));
    hand_link_state(rig->world->link[0], LINK_GONE);
    rig_ready(rig->world, 1);
    some(rig, 20000000, 30, 6); /* m1: one in five */
    otp_rig_pass(rig, 121000);
    some(rig, 30000000, 1, 0);
    otp_rig_pass(rig, 61000);
    assert_true(stands(rig, "sim_conversion", "m1"));
    assert_false(stands(rig, "sim_conversion", "m0"));
    assert_false(stands(rig, "sms_pumping", "+8492"));
    some(rig, 90000000, 25, 0); /* nobody types these */
    otp_rig_pass(rig, 121000);
    some(rig, 30000001, 1, 0);
    otp_rig_pass(rig, 61000);
    assert_true(stands(rig, "sms_pumping", "+8499"));
    otp_rig_pass(rig, INT64_C(3) * 3600 * 1000);
    some(rig, 10000100, 30, 30);
    otp_rig_pass(rig, 61000);
    some(rig, 10000200, 1, 0);
    otp_rig_pass(rig, 61000);
    assert_false(stands(rig, "sms_pumping", "+8499"));
    assert_false(stands(rig, "sim_conversion", "m1"));
}

/* A pump is said while its codes are still good; where nothing leaves us it is no pump; and the
 * first codes that come back clear it. */
static void a_pump_before_anything_has_expired(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_standing standing;
    char to[16];

    for (unsigned i = 0; i < 44; i++) {
        snprintf(to, sizeof to, "09%08u", 80000000 + i);
        one(rig, to, false, 5000);
    }
    assert_null(row_of(rig, CONVERSION_PREFIX, "+8498")); /* none has ended */
    assert_int_equal(row_of(rig, CONVERSION_STARTS, "+8498")->accepted, 44);
    assert_true(stands(rig, "sms_pumping", "+8498"));
    assert_false(stands(rig, "sim_conversion", "m0"));
    one(rig, "0980000100", true, 5000);
    one(rig, "0980000101", true, 5000);
    otp_rig_pass(rig, 30000);
    one(rig, "0980000102", true, 5000);
    otp_rig_pass(rig, 30000);
    one(rig, "0980000103", true, 5000);
    assert_false(stands(rig, "sms_pumping", "+8498"));

    hand_link_state(rig->world->link[0], LINK_REGISTERING); /* nothing leaves */
    rig_settle(rig->world);
    for (unsigned i = 0; i < 44; i++) {
        struct otp_start start = otp_rig_asked(rig);
        snprintf(to, sizeof to, "09%08u", 70000000 + i);
        start.to = to;
        assert_true(otp_rig_start(rig, &start, &standing));
        otp_rig_pass(rig, 5000);
    }
    assert_int_equal(row_of(rig, CONVERSION_STARTS, "+8497")->accepted, 44);
    assert_false(stands(rig, "sms_pumping", "+8497"));
}

int main(void)
{
#define RIG(test) cmocka_unit_test_setup_teardown(test, otp_rig_setup, otp_rig_teardown)
    const struct CMUnitTest tests[] = {
        RIG(counted_where_it_was_sent),
        RIG(what_does_not_count),
        RIG(own_codes_by_feedback),
        RIG(a_blocked_sim_and_a_pumped_range),
        RIG(a_pump_before_anything_has_expired),
    };
    return cmocka_run_group_tests_name("otp_conversion", tests, NULL, NULL);
}
