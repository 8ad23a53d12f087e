/* Registration and radio: which state of which family carries short messages, and how well the
 * network is heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

static void world_end_well(struct world *w)
{
    assert_int_equal(w->written_meanwhile, 0);
    world_end(w);
}

static void say(struct world *w, const char *text)
{
    world_say(w, text, strlen(text));
}

/* Circuit and packet, GSM and LTE, each with a state of its own: one that can carry short messages
 * is enough, and it is the one that is shown. */
static void any_registration_that_carries_messages_is_one(void **state)
{
    static const struct {
        const char *creg, *cereg;
        bool roaming, ready;
        int shown, technology;
    } rows[] = {
        {"+CREG: 2,0", "+CEREG: 2,1,\"1A2B\",\"01C3D4E5\",7", false, true, 1, 7}, /* an LTE stick */
        {"+CREG: 2,1,\"1A2B\",\"01C3D4E5\",2", "+CEREG: 2,0", false, true, 1, 7},
        {"+CREG: 2,6", "+CEREG: 2,0", false, true, 6, 7}, /* short messages only, at home */
        {"+CREG: 2,7", "+CEREG: 2,0", false, false, 7, -1},
        {"+CREG: 2,7", "+CEREG: 2,0", true, true, 7, 7},
        {"+CREG: 2,5", "+CEREG: 2,2", false, false, 5, -1},
        {"+CREG: 2,2", "+CEREG: 2,5,\"1A2B\",\"01C3D4E5\",7", true, true, 5, 7},
        {"+CREG: 2,0", "+CEREG: 2,9", false, true, 9, 7}, /* LTE, calls elsewhere */
        {"+CREG: 2,0", "+CEREG: 2,10", false, false, 10, -1},
        {"+CREG: 2,0", "+CEREG: 2,10", true, true, 10, 7},
        {"+CREG: 2,3", "+CEREG: 2,0", true, false, 3, -1},
        {"+CREG: 2,8", "+CEREG: 2,0", true, false, 8, -1},
        {"+CREG: 2,4", "+CEREG: 2,4", true, false, 4, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char creg[80], cereg[80];
        struct world *w = world_new();
        (void)snprintf(creg, sizeof creg, "\r\n%s\r\n\r\nOK\r\n", rows[i].creg);
        (void)snprintf(cereg, sizeof cereg, "\r\n%s\r\n\r\nOK\r\n", rows[i].cereg);
        w->creg = creg;
        w->cereg = cereg;
        w->roaming = rows[i].roaming;
        world_start(w);
        if (world_until_ready(w, 30000) != rows[i].ready)
            fail_msg("row %zu: %s", i, link_state_name(world_state(w)));
        assert_int_equal(w->link->radio.registration, rows[i].shown);
        assert_int_equal(w->link->radio.technology, rows[i].technology); /* +COPS says 7 */
        assert_string_equal(w->link->radio.operator_, rows[i].ready ? "45204" : "");
        world_end_well(w);
    }
}

static void without_a_network_no_operator_is_shown(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_start(w);
    assert_true(world_until_ready(w, 30000));
    assert_string_equal(w->link->radio.operator_, "45204");
    w->creg = "\r\n+CREG: 2,2\r\n\r\nOK\r\n";
    say(w, "\r\n+CREG: 2\r\n");
    world_run(w, 0);
    assert_string_equal(w->link->radio.operator_, "");
    w->creg = NULL;
    say(w, "\r\n+CREG: 1\r\n");
    assert_true(world_until_ready(w, 1000));
    assert_string_equal(w->link->radio.operator_, "45204");
    world_end_well(w);
}

static const char *cesq_answer; /* NULL: the modem does not know it */

static bool answer_cesq(struct world *w, const char *command)
{
    if (strcmp(command, "AT+CESQ") != 0 || !cesq_answer)
        return false;
    world_say(w, cesq_answer, strlen(cesq_answer));
    return true;
}

static void the_signal_comes_from_whoever_knows_it(void **state)
{
    static const struct {
        const char *cesq;
        int dbm;
        unsigned asked_cesq, asked_csq; /* at arrival and by five keepalives */
    } rows[] = {
        {NULL, -73, 1, 6}, /* an older modem: asked once */
        {"\r\n+CESQ: 99,99,255,255,20,46\r\n\r\nOK\r\n", -95, 6, 0},
        {"\r\n+CESQ: 99,99,30,255,255,255\r\n\r\nOK\r\n", -91, 6, 0},
        {"\r\n+CESQ: 99,99,255,255,255,255\r\n\r\nOK\r\n", -73, 1, 6}, /* knows it, and nothing */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        w->hook = answer_cesq;
        cesq_answer = rows[i].cesq;
        world_start(w);
        assert_true(world_until_ready(w, 30000));
        world_run(w, 310000);
        if (w->link->radio.signal_dbm != rows[i].dbm ||
            world_wrote(w, "AT+CESQ") != rows[i].asked_cesq ||
            world_wrote(w, "AT+CSQ") != rows[i].asked_csq)
            fail_msg("row %zu: %d dBm, %u and %u times", i, w->link->radio.signal_dbm,
                     world_wrote(w, "AT+CESQ"), world_wrote(w, "AT+CSQ"));
        world_end_well(w);
    }
}

/* --- a modem that is never idle --- */

static void send_one(struct world *w, enum sms_verdict verdict)
{
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    assert_true(world_until_outcome(w, token, 5000));
    assert_int_equal(w->outcome.verdict, verdict);
}

static void one_that_is_never_idle_is_looked_at_too(void **state)
{
    (void)state;
    static const int64_t every_ms[] = {0, 20000, 59000};
    for (size_t i = 0; i < sizeof every_ms / sizeof *every_ms; i++) {
        struct world *w = world_ready();
        w->wire_len = 0;
        w->answer_ms = 2000; /* for each message */
        int64_t end_ms = loop_now_ms(w->loop) + 600500;
        unsigned sent = 0;
        while (loop_now_ms(w->loop) < end_ms) {
            if (w->wire_len > sizeof w->wire / 2)
                fail_msg("too much was written");
            send_one(w, SMS_SENT);
            sent++;
            world_run(w, every_ms[i]);
            assert_true(world_until_ready(w, 1000));
        }
        assert_true(sent >= 10);
        assert_in_range(world_wrote(w, "AT+CREG?\r"), 9, 10);
        assert_in_range(world_wrote(w, "AT+CSQ\r"), 9, 10);
        w->creg = "\r\n+CREG: 2,2\r\n\r\nOK\r\n"; /* and says nothing */
        for (int s = 0; s < 61 && world_state(w) != LINK_REGISTERING; s++) {
            (void)world_submit(w, false);
            world_run(w, 1000);
        }
        assert_int_equal(world_state(w), LINK_REGISTERING);
        world_end(w);
    }
}

/* The next message would fail as well. */
static void a_message_without_a_network_asks_for_it(void **state)
{
    static const char *const answers[] = {"\r\n+CMS ERROR: 331\r\n", "\r\n+CMS ERROR: 332\r\n",
                                          "\r\n+CME ERROR: 30\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct world *w = world_ready();
        world_run(w, 1000);
        w->cmgs_answer = answers[i];
        send_one(w, SMS_UNKNOWN);
        assert_true(world_until_ready(w, 1000)); /* it is registered all the same */
        w->creg = "\r\n+CREG: 2,2\r\n\r\nOK\r\n";
        send_one(w, SMS_UNKNOWN);
        world_run(w, 1000);
        assert_int_equal(world_state(w), LINK_REGISTERING);
        w->creg = w->cmgs_answer = NULL;
        assert_true(world_until_ready(w, 10000));
        world_end(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_registration_that_carries_messages_is_one),
        cmocka_unit_test(without_a_network_no_operator_is_shown),
        cmocka_unit_test(the_signal_comes_from_whoever_knows_it),
        cmocka_unit_test(one_that_is_never_idle_is_looked_at_too),
        cmocka_unit_test(a_message_without_a_network_asks_for_it),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
