/* Caps and waits: each refusal, when it ends, and that it counted nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "otp_limits.h"
#include "otp_rig.h"

static char deny[] = "+8499", allow[] = "+8491";
static char *denied[] = {deny}, *allowed[] = {allow};

static void start_refused(struct otp_rig *rig, struct otp_start *start, const char *name,
                          int retry_after_s)
{
    struct otp_standing out;

    otp_rig_key(rig, start);
    if (otp_rig_start(rig, start, &out))
        fail_msg("%s was expected", name);
    assert_string_equal(rig->refusal.name, name);
    assert_int_equal(rig->refusal.retry_after_s, retry_after_s);
}

static void started(struct otp_rig *rig, struct otp_start *start, struct otp_standing *out)
{
    otp_rig_key(rig, start);
    if (!otp_rig_start(rig, start, out))
        fail_msg("%s: %s", rig->refusal.name, rig->refusal.sentence);
    assert_false(out->duplicate);
}

static void waits_grow(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing out;

    started(rig, &start, &out);
    otp_rig_pass(rig, 29001);
    start_refused(rig, &start, "cooldown", 1);
    otp_rig_pass(rig, 999);
    started(rig, &start, &out); /* a resend */
    assert_int_equal(out.row.sends, 2);
    struct otp_standing refused;
    assert_false(otp_rig_resend(rig, out.row.id, &refused));
    assert_string_equal(rig->refusal.name, "cooldown");
    assert_int_equal(rig->refusal.retry_after_s, 60);
    otp_rig_pass(rig, 60000);
    started(rig, &start, &out);
    assert_int_equal(out.sends_left, 0);
    otp_rig_pass(rig, 120000);
    start_refused(rig, &start, "send_cap", 90); /* what is left of 300 s */
    otp_rig_pass(rig, 90000);
    started(rig, &start, &out); /* another verification, and the waits go on from the fourth */
    assert_int_equal(out.row.sends, 1);
    assert_int_equal(out.row.streak, 3);
    assert_int_equal(out.resend_after_s, 120);
    assert_true(otp_rig_cancel(rig, out.row.id));
    start_refused(rig, &start, "cooldown", 120);
}

static void number_cap(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    static const char *const subjects[] = {"a", "b", "c", "d", "e", "f"};
    struct otp_standing out;

    for (int i = 0; i < 5; i++) {
        start.subject = subjects[i]; /* nobody shares a code by typing a number */
        started(rig, &start, &out);
        assert_int_equal(out.row.sends, 1);
        otp_rig_pass(rig, 1000);
    }
    start.subject = subjects[5];
    start_refused(rig, &start, "number_cap", 24 * 3600 - 5);
    start_refused(rig, &start, "number_cap", 24 * 3600 - 5);
    start.to = "0987654321";
    started(rig, &start, &out);
    start.to = "+84 912 345 678";
    otp_rig_pass(rig, (24 * 3600 - 5) * INT64_C(1000)); /* slides: one by one */
    started(rig, &start, &out);
    start.subject = "g";
    start_refused(rig, &start, "number_cap", 1);
}

static void subject_cap(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    static const char *const numbers[] = {"0912345671", "0912345672", "0912345673", "0912345674"};
    struct otp_standing out;

    start.subject = "hash";
    for (int i = 0; i < 3; i++) {
        start.to = numbers[i];
        started(rig, &start, &out);
        otp_rig_pass(rig, 60000);
    }
    start.to = numbers[3];
    start_refused(rig, &start, "subject_cap", 3600 - 180);
    start.to = numbers[2]; /* a resend is no start */
    started(rig, &start, &out);
    assert_int_equal(out.row.sends, 2);
}

static void other_caps(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    static const char *const numbers[] = {"0912345671", "0912345672", "0912345673", "0912345674",
                                          "0912345675"};
    struct otp_standing out;

    for (int i = 0; i < 4; i++) {
        start.to = numbers[i];
        start.client_ip = i & 1 ? "2001:db8:0:1::7" : "2001:db8:0:1:ffff::9";
        started(rig, &start, &out);
    }
    start.to = numbers[4];
    start_refused(rig, &start, "rate_limited", 3600);
    start.client_ip = "2001:db8:0:2::7";
    started(rig, &start, &out);
    start.client_ip = "somewhere";
    start_refused(rig, &start, "invalid_params", 0);

    rig->purpose.prefix_per_hour = 1;
    start.client_ip = NULL;
    start.to = "0912345676";
    started(rig, &start, &out);
    start.to = "0912345677";
    start_refused(rig, &start, "rate_limited", 3600);
    start.to = "0987654321";
    started(rig, &start, &out);
    rig->purpose.prefix_per_hour = 0;
    rig->purpose.per_hour = 1;
    start.to = "0987654322";
    started(rig, &start, &out);
    start.to = "0987654323";
    start_refused(rig, &start, "rate_limited", 3600);
    rig->purpose.per_hour = 0;
    rig->world->config.otp_per_hour = 1;
    started(rig, &start, &out);
    start.to = "0987654324";
    start_refused(rig, &start, "rate_limited", 3600);
    otp_rig_pass(rig, 3600000);
    started(rig, &start, &out);
}

static void lists_and_numbers(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing out;

    rig->purpose.deny = (struct config_list){denied, 1};
    start.to = "0991234567";
    start_refused(rig, &start, "blocked", 0);
    rig->purpose.deny.count = 0;
    rig->purpose.allow = (struct config_list){allowed, 1};
    start_refused(rig, &start, "blocked", 0);
    start.to = "0912345678";
    started(rig, &start, &out);
    rig->purpose.allow.count = 0;
    start.to = "02438123456"; /* a line in Ha Noi */
    start_refused(rig, &start, "bad_number", 0);
    start.to = "01212345678";
    start_refused(rig, &start, "bad_number", 0);
    assert_string_equal(rig->refusal.suggest, "+84792345678");
    start.to = "+6591234567";
    rig->world->config.foreign_numbers = true; /* of the gateway: not enough */
    start_refused(rig, &start, "bad_number", 0);
    rig->purpose.foreign_numbers = true;
    started(rig, &start, &out);
    start.to = "1414";
    rig->world->config.short_codes = true;
    start_refused(rig, &start, "bad_number", 0);
}

static void what_is_asked_wrongly(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_standing out;
    struct otp_start start = otp_rig_asked(rig);

    start.purpose = "login";
    start_refused(rig, &start, "invalid_params", 0);
    start = otp_rig_asked(rig);
    start.locale = "fr";
    start_refused(rig, &start, "invalid_params", 0);
    start.locale = NULL;
    start.origin = "https://a.vn";
    start_refused(rig, &start, "invalid_params", 0);
    start.origin = "a.vn";
    start.app_hash = "FA+9qCX9VSu";
    start_refused(rig, &start, "invalid_params", 0);
    start.origin = "a-host-of-many-letters.a-host-of-many-letters.a-host-of-many-letters."
                   "a-host-of-many-letters.a-host-of-many-letters.of-many";
    start.app_hash = NULL;
    start.length = 10;
    start_refused(rig, &start, "bad_text", 0);
    start.origin = NULL;
    start.app_hash = "FA+9qCX9VSu";
    start.locale = "en";
    start.length = 8;
    start.ttl_s = 60;
    started(rig, &start, &out);
    struct message message = otp_rig_message(rig, &out.row, 1);
    assert_int_equal(message.text_len, strlen("Code 12345678\n\nFA+9qCX9VSu"));
    assert_memory_equal(message.text + 13, "\n\nFA+9qCX9VSu", 13);
    message_clear(&message);
    assert_int_equal(out.row.expires_ms - out.row.sent_ms, 60000);
}

static void queue_too_long(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    char key[24];

    start.ttl_s = 30;
    for (int i = 0; i < 60; i++) {
        snprintf(key, sizeof key, "m%d", i);
        struct send_request request = rig_request(key);
        request.ttl_s = 600;
        (void)rig_accept(rig->world, &request);
    }
    rig->purpose.number_per_day = 0;
    struct otp_standing out;
    for (int i = 0; i < 40;
         i++) { /* the nearest deadlines go first: they fill what can go in time */
        static char subject[8];
        snprintf(subject, sizeof subject, "s%d", i);
        start.subject = subject;
        otp_rig_key(rig, &start);
        if (!otp_rig_start(rig, &start, &out))
            break;
    }
    assert_true(otp_rig_refused(rig, "overloaded"));
    assert_true(rig->refusal.estimate_ms > 30000);
    assert_true(rig->refusal.retry_after_s > 0);
}

static void addresses(void **state)
{
    char out[LIMITS_ADDRESS];
    (void)state;
    assert_true(limits_address("192.0.2.7", out));
    assert_string_equal(out, "192.0.2.7");
    assert_true(limits_address("::ffff:192.0.2.7", out));
    assert_string_equal(out, "192.0.2.7");
    assert_true(limits_address("2001:DB8::1:0:0:1", out));
    assert_string_equal(out, "2001:db8::");
    assert_false(limits_address("", out));
    assert_false(limits_address("192.0.2.7 ", out));
}

int main(void)
{
#define RIG(test) cmocka_unit_test_setup_teardown(test, otp_rig_setup, otp_rig_teardown)
    const struct CMUnitTest tests[] = {
        RIG(waits_grow),        RIG(number_cap),
        RIG(subject_cap),       RIG(other_caps),
        RIG(lists_and_numbers), RIG(what_is_asked_wrongly),
        RIG(queue_too_long),    cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests_name("otp_limits", tests, NULL, NULL);
}
