/* The link as its owner sees it: states, sending, faults, on virtual time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_world.h"

static void a_plain_modem_becomes_ready_and_sends(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    assert_string_equal(w->link->identity.imei, "356938035643809");
    assert_string_equal(w->link->identity.iccid, "8984048000000000012");
    assert_string_equal(w->link->identity.imsi, "452040000000001");
    assert_string_equal(w->link->identity.smsc, "+84980200030");
    assert_int_equal(w->link->radio.registration, 1);
    assert_int_equal(w->link->radio.technology, 7);
    assert_int_equal(w->link->radio.signal_dbm, -73);
    assert_string_equal(w->link->radio.operator_, "45204");
    for (int i = 0; i < 3; i++) {
        uint64_t token = world_submit(w, false);
        assert_true(token != 0);
        assert_true(world_submit(w, false) == 0); /* window 1 */
        assert_true(world_until_outcome(w, token, 1000));
        assert_int_equal(w->outcome.verdict, SMS_SENT);
        assert_int_equal(w->outcome.reference, 7 + i);
        assert_int_equal(world_truth_of(w, token), 7 + i);
    }
    assert_int_equal(w->outcomes, 3);
    world_end(w);
}

static void send_one(struct world *w)
{
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    assert_true(world_until_outcome(w, token, 150000));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    assert_int_equal(w->outcome.reference, world_truth_of(w, token));
}

static bool said(const struct world *w, const char *text)
{
    return strstr(w->trace, text) != NULL;
}

static void say(struct world *w, const char *text)
{
    world_say(w, text, strlen(text));
}

/* --- SIM and network --- */

static void a_sim_that_cannot_is_reported(void **state)
{
    (void)state;
    static const struct {
        const char *cpin, *why;
    } rows[] = {
        {"\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n", "state sim (SIM asks for its PIN)"},
        {"\r\n+CPIN: \"SIM PUK\"\r\n\r\nOK\r\n", "state sim (SIM asks for its PUK)"},
        {"\r\n+CME ERROR: 10\r\n", "state sim (no SIM)"},
        {"\r\n+CME ERROR: SIM failure\r\n", "state sim (SIM failure)"},
        {"\r\n+CPIN: PH-NET PIN\r\n\r\nOK\r\n", "state sim (SIM or modem is locked)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        w->cpin = rows[i].cpin;
        world_start(w);
        assert_false(world_until_ready(w, 30000));
        assert_true(said(w, rows[i].why));
        assert_int_equal(world_state(w), LINK_SIM);
        assert_int_equal(world_submit(w, false), 0);
        unsigned before = w->commands;
        world_run(w, 600000);
        /* one look a minute; where it asks for its PIN, at the attempts left and which it
         * is too */
        assert_in_range(w->commands - before, 9, i ? 11 : 33);
        assert_int_equal(world_wrote(w, "AT+CPIN="), 0);
        w->cpin = NULL;
        assert_true(world_until_ready(w, 61000));
        send_one(w);
        world_end(w);
    }
}

static void a_busy_sim_is_waited_for(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->cpin = "\r\n+CME ERROR: 14\r\n";
    world_start(w);
    world_run(w, 9000);
    assert_in_range(world_wrote(w, "AT+CPIN?"), 4, 6); /* every 2 s */
    w->cpin = "\r\n+CPIN: READY\r\n";                  /* and without an OK */
    assert_true(world_until_ready(w, 10000));
    send_one(w);
    world_end(w);
}

static void registration_is_followed(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->creg = "\r\n+CREG: 2,2\r\n\r\nOK\r\n";
    world_start(w);
    assert_false(world_until_ready(w, 60000));
    assert_int_equal(world_state(w), LINK_REGISTERING);
    say(w, "\r\n+CREG: 1,\"00A1\",\"01B2C3D4\",2\r\n");
    assert_true(world_until_ready(w, 10));
    send_one(w);
    say(w, "\r\n+CREG: 0\r\n");
    world_run(w, 0);
    assert_int_equal(world_state(w), LINK_REGISTERING);
    assert_int_equal(world_submit(w, false), 0);
    say(w, "\r\n+CEREG: 1\r\n"); /* LTE only: short messages go all the same */
    assert_true(world_until_ready(w, 10));
    world_run(w, 0);
    w->answer = OWNER_SILENT;
    uint64_t token = world_submit(w, false);
    world_run(w, 0);
    say(w, "\r\n+CEREG: 0\r\n"); /* meanwhile: its SIM may have gone with it */
    world_run(w, 0);
    assert_int_equal(world_state(w), LINK_BUSY);
    link_proceed(w->link, token, 0, true);
    assert_true(world_until_outcome(w, token, 5000));
    assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
    assert_int_equal(w->outcome.cause, SMS_LOCAL_NOT_READY);
    world_run(w, 0);
    assert_int_equal(world_state(w), LINK_REGISTERING);
    world_end(w);
}

static void roaming_is_asked_for(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 2; allowed++) {
        struct world *w = world_new();
        w->roaming = allowed;
        w->creg = "\r\n+CREG: 2,5,\"00A1\",\"01B2C3D4\"\r\n\r\nOK\r\n";
        world_start(w);
        assert_int_equal(world_until_ready(w, 30000), allowed);
        assert_int_equal(said(w, "roaming is off"), !allowed);
        world_end(w);
    }
}

static void the_service_centre_is_set_where_there_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *sim, *configured, *written;
    } rows[] = {
        {"\r\n+CSCA: \"\",129\r\n\r\nOK\r\n", "+84980200030", "AT+CSCA=\"+84980200030\",145\r"},
        {"\r\n+CSCA: \"\",129\r\n\r\nOK\r\n", "980200030", "AT+CSCA=\"980200030\",129\r"},
        {"\r\n+CSCA: \"\",129\r\n\r\nOK\r\n", "+84\"\rATD112;", NULL},
        {"\r\n+CSCA: \"\",129\r\n\r\nOK\r\n", "", NULL},
        {"\r\n+CSCA: \"+84111\",145\r\n\r\nOK\r\n", "+84980200030", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        w->csca = rows[i].sim;
        w->smsc = rows[i].configured;
        world_start(w);
        assert_true(world_until_ready(w, 5000));
        assert_int_equal(world_wrote(w, "AT+CSCA="), rows[i].written != NULL);
        if (rows[i].written)
            assert_int_equal(world_wrote(w, rows[i].written), 1);
        assert_int_equal(world_wrote(w, "ATD"), 0);
        world_end(w);
    }
}

static void quirks_come_from_rows(void **state)
{
    (void)state;
    struct world *w = world_new();
    strcpy(w->maker, "huawei");
    strcpy(w->model, "E3372");
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    assert_int_equal(world_wrote(w, "AT^CURC=0\r"), 1);
    assert_int_equal(world_wrote(w, "AT^ICCID?\r"), 1);
    world_end(w);
}

/* --- keepalive and the ladder --- */

static void idle_means_idle(void **state)
{
    (void)state;
    struct world *w = world_ready();
    unsigned commands = w->commands;
    uint64_t calls = loop_sim_run_until(w->loop, loop_now_ms(w->loop) + 3600000);
    assert_int_equal(w->commands - commands, 5 * 60); /* mode, network, signal, notices, memory */
    assert_in_range(calls, 60, 60 * 20);
    assert_int_equal(world_state(w), LINK_READY);
    world_end(w);
}

static bool answers_late(struct world *w, const char *command)
{
    if (strcmp(command, "AT+CREG?") != 0)
        return false;
    w->out_len = (size_t)snprintf(w->out, sizeof w->out, "\r\n+CREG: 2,1\r\n\r\nOK\r\n");
    loop_timer_arm_in(&w->stall, 4000);
    return true;
}

static void a_message_waits_for_a_keepalive_on_the_wire(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->hook = answers_late;
    world_run(w, 60500); /* one of the keepalive's commands is unanswered */
    w->hook = NULL;
    unsigned asked = world_wrote(w, "AT+CSQ\r");
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    assert_int_equal(world_wrote(w, "AT+CMGS"), 0);
    assert_true(world_until_outcome(w, token, 3500));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    w->wire[w->wire_len] = '\0'; /* the rest of it waits for the message */
    assert_int_equal(world_wrote(w, "AT+CSQ\r"), asked + 1);
    assert_true(strstr(strstr(w->wire, "AT+CMGS"), "AT+CSQ\r") != NULL);
    world_run(w, 55000);
    w->mute = "AT+CREG?";
    world_run(w, 6500);
    token = world_submit(w, false);
    link_abort(w->link); /* while it waits */
    assert_true(world_until_outcome(w, token, 0));
    assert_int_equal(w->outcome.cause, SMS_LOCAL_ABORTED);
    assert_true(world_until_ready(w, 10000));
    send_one(w);
    world_end(w);
}

/* It lives, by its fence, and says nothing that helps: after three it climbs. */
/* It may be in text mode, and without the settings that its answers are read by. */
static void a_message_that_waits_does_not_go_to_a_restarted_modem(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->hook = answers_late;
    world_run(w, 60500);
    w->hook = NULL;
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    say(w, "\r\nRDY\r\n");
    assert_true(world_until_outcome(w, token, 5000));
    assert_int_equal(w->outcome.cause, SMS_LOCAL_NOT_READY);
    assert_int_equal(world_wrote(w, "AT+CMGS"), 0);
    assert_true(world_until_ready(w, 10000));
    send_one(w);
    world_end(w);
}

static void three_silences_in_a_row_are_enough(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->mute = "AT+CGM";
    world_start(w);
    world_run(w, 20000);
    assert_int_equal(world_wrote(w, "AT+CFUN=4\r"), 1);
    world_run(w, 20000);
    assert_int_equal(world_wrote(w, "AT+CFUN=1,1\r"), 1);
    w->mute = NULL;
    assert_true(world_until_ready(w, 30000));
    world_end(w);
}

/* What a former life asked is answered now: the fence at the end of SYNCING eats it. */
static void answers_of_a_former_life_name_nobody(void **state)
{
    (void)state;
    static const char late[] = "\r\nOK\r\n\r\nOK\r\n\r\nOK\r\n\r\nOK\r\n";
    struct world *w = world_new();
    world_start(w);
    world_run(w, 149);
    w->stalled = true;
    memcpy(w->out, late, sizeof late - 1);
    w->out_len = sizeof late - 1;
    loop_timer_arm_in(&w->stall, 1000);
    assert_true(world_until_ready(w, 30000));
    assert_string_equal(w->link->identity.maker, "Plain");
    assert_string_equal(w->link->identity.model, "One");
    assert_string_equal(w->link->identity.imei, "356938035643809");
    send_one(w);
    world_end(w);
}

static void a_deaf_modem_is_noticed_and_reset(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->deaf = true;
    world_run(w, 75000);
    assert_int_equal(world_state(w), LINK_RECOVERING);
    assert_int_equal(w->outcomes, 0);
    assert_true(world_until_ready(w, 60000));
    assert_int_equal(world_wrote(w, "AT+CFUN=1,1\r"), 1);
    assert_int_equal(w->opens, 1);
    send_one(w);
    world_end(w);
}

static void a_dead_modem_is_left_alone_more_and_more(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->deaf = w->dead = true;
    world_run(w, 3 * 3600 * 1000);
    assert_true(said(w, "state quarantined"));
    assert_in_range(w->opens, 10, 80);
    w->trace[w->trace_len = 0] = '\0';
    w->dead = false;
    assert_true(world_until_ready(w, 700000));
    send_one(w);
    world_end(w);
}

static void errors_without_a_cause_lead_to_a_fence_and_the_ladder(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->cmgs_answer = "\r\nERROR\r\n";
    for (int i = 0; i < 3; i++) {
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 1000));
        assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
        world_run(w, 0);
        if (i < 2)
            assert_true(world_until_ready(w, 1000));
    }
    assert_int_equal(world_wrote(w, "AT+CFUN=4\r"), 1);
    w->cmgs_answer = NULL;
    assert_true(world_until_ready(w, 30000));
    send_one(w);
    world_end(w);
}

static void a_restart_is_noticed(void **state)
{
    (void)state;
    struct world *w = world_ready();
    say(w, "\r\nRDY\r\n");
    world_run(w, 0);
    assert_int_equal(world_state(w), LINK_SYNCING);
    assert_true(world_until_ready(w, 5000));
    send_one(w);
    /* Without a word: the echo is back, and the length would be a recipient. */
    w->echo = true;
    uint64_t token = world_submit(w, false);
    assert_true(world_until_outcome(w, token, 5000));
    assert_int_equal(w->outcome.verdict, SMS_NOT_SENT);
    assert_int_equal(w->outcome.cause, SMS_LOCAL_NOT_READY);
    assert_int_equal(w->sent, 1);
    assert_true(world_until_ready(w, 5000));
    send_one(w);
    /* The keepalive sees it too, */
    w->echo = true;
    world_run(w, 61000);
    assert_false(w->echo);
    send_one(w);
    /* or finds text mode. */
    unsigned modes = world_wrote(w, "AT+CMGF=0\r");
    w->cmgf = "\r\n+CMGF: 1\r\n\r\nOK\r\n";
    world_run(w, 60000);
    w->cmgf = NULL;
    world_run(w, 1000);
    assert_int_equal(world_wrote(w, "AT+CMGF=0\r"), modes + 2);
    send_one(w);
    world_end(w);
}

/* Left so by another program: what comes is handed over, in text mode, in the midst of the start.
 */
static bool text_mode;

static bool hands_over(struct world *w, const char *command)
{
    static const char text[] =
        "\r\n+CMT: \"+84905111222\",,\"26/11/22,10:00:00+28\"\r\nKhong can\r\n";
    static const char pdu[] = "\r\n+CMT: ,22\r\n00040B914819325476F800005211621000008203F4B41B\r\n";
    if (strcmp(command, "AT+CMGF=0") == 0)
        text_mode = false;
    if (strncmp(command, "AT+CG", 5) == 0)
        world_say(w, text_mode ? text : pdu, (text_mode ? sizeof text : sizeof pdu) - 1);
    return false;
}

static void a_message_in_the_start_is_no_name(void **state)
{
    (void)state;
    struct world *w = world_new();
    text_mode = true;
    w->hook = hands_over;
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    assert_string_equal(w->link->identity.maker, "Plain");
    assert_string_equal(w->link->identity.model, "One");
    assert_string_equal(w->link->identity.revision, "1.0");
    assert_string_equal(w->link->identity.imei, "356938035643809");
    assert_true(w->inbounds > 0);
    world_end(w);
}

/* A brown-out in the middle of the transmission, the classic: nobody waits two minutes for it. */
static void a_restart_behind_the_ctrl_z_is_unknown_soon(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->cmgs_answer = "";
    uint64_t token = world_submit(w, false);
    world_run(w, 2000);
    say(w, "\r\nRDY\r\n");
    assert_true(world_until_outcome(w, token, 10000));
    assert_int_equal(w->outcome.verdict, SMS_UNKNOWN);
    w->cmgs_answer = NULL;
    assert_true(world_until_ready(w, 10000));
    send_one(w);
    world_end(w);
}

/* --- the owner --- */

static void the_owner_decides_at_the_prompt(void **state)
{
    (void)state;
    static const struct {
        enum world_owner answer;
        int64_t answer_ms;
        enum sms_verdict verdict;
        int cause;
    } rows[] = {
        {OWNER_YES, 0, SMS_SENT, 0},
        {OWNER_LATE_YES, 15000, SMS_SENT, 0},
        {OWNER_LATE_YES, 25000, SMS_NOT_SENT, SMS_LOCAL_ABORTED},
        {OWNER_NO, 0, SMS_NOT_SENT, SMS_LOCAL_REFUSED},
        {OWNER_NO, 500, SMS_NOT_SENT, SMS_LOCAL_REFUSED},
        {OWNER_SILENT, 0, SMS_NOT_SENT, SMS_LOCAL_ABORTED},
        {OWNER_ABORTS, 0, SMS_NOT_SENT, SMS_LOCAL_ABORTED},
        {OWNER_ABORTS, 300, SMS_NOT_SENT, SMS_LOCAL_ABORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_ready();
        w->answer = rows[i].answer;
        w->answer_ms = rows[i].answer_ms;
        uint64_t token = world_submit(w, false);
        assert_true(world_until_outcome(w, token, 60000));
        assert_int_equal(w->outcome.verdict, rows[i].verdict);
        assert_int_equal(w->outcome.cause, rows[i].cause);
        assert_int_equal(w->sent, rows[i].verdict == SMS_SENT);
        assert_int_equal(w->commits, 1);
        w->answer = OWNER_YES;
        w->answer_ms = 0;
        assert_true(world_until_ready(w, 5000));
        world_run(w, 30000); /* an answer to the former question is ignored */
        send_one(w);
        assert_int_equal(w->outcomes, 2);
        world_end(w);
    }
}

static void only_the_right_token_goes(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->answer = OWNER_SILENT;
    uint64_t token = world_submit(w, false);
    link_proceed(w->link, token, 0, true); /* not asked yet */
    world_run(w, 10);
    link_proceed(w->link, token + 1, 0, true);
    link_proceed(w->link, token, 1, true);
    world_run(w, 10);
    assert_int_equal(w->sent, 0);
    assert_false(link_in_flight(w->link));
    link_proceed(w->link, token, 0, true);
    link_proceed(w->link, token, 0, false); /* once */
    assert_true(link_in_flight(w->link));
    link_abort(w->link); /* nothing can be taken back */
    assert_true(world_until_outcome(w, token, 10));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    assert_false(link_in_flight(w->link));
    world_end(w);
}

static void closing_at_any_moment_is_quiet(void **state)
{
    (void)state;
    for (int64_t at = 0; at < 130000; at += at < 300 ? 50 : 9973) {
        struct world *w = world_new();
        w->fault = FAULT_STALL;
        w->at_byte = 10;
        w->stall_ms = 125000;
        world_start(w);
        (void)world_until_ready(w, at);
        if (world_state(w) == LINK_READY)
            (void)world_submit(w, false);
        world_run(w, at);
        unsigned outcomes = w->outcomes;
        size_t trace_len = w->trace_len;
        link_close(w->link);
        w->link = NULL;
        world_run(w, 300000);
        assert_int_equal(w->outcomes, outcomes);
        assert_int_equal(w->trace_len, trace_len);
        world_end(w);
    }
    struct world *w = world_ready();
    world_run(w, 10);
    size_t trace_len = w->trace_len;
    (void)world_submit(w, false); /* its state is not told yet, and never will be */
    link_close(w->link);
    w->link = NULL;
    world_run(w, 1000);
    assert_int_equal(w->trace_len, trace_len);
    world_end(w);
    w = world_ready();
    w->answer = OWNER_CLOSES;
    (void)world_submit(w, false);
    world_run(w, 300000);
    assert_null(w->link);
    assert_int_equal(w->outcomes, 0);
    world_end(w);
}

static void more_parts_keep_the_radio_link(void **state)
{
    (void)state;
    struct world *w = world_ready();
    for (int i = 0; i < 3; i++) {
        uint64_t token = world_submit(w, i < 2);
        assert_true(world_until_outcome(w, token, 1000));
        assert_int_equal(w->outcome.verdict, SMS_SENT);
    }
    assert_int_equal(world_wrote(w, "AT+CMMS=2\r"), 1);
    world_end(w);
    w = world_new();
    strcpy(w->maker, "Cinterion");
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    assert_true(world_until_outcome(w, world_submit(w, true), 1000));
    assert_int_equal(world_wrote(w, "AT+CMMS"), 0);
    world_end(w);
}

/* A slow disk of ours: the answer is there when the time-out is looked at. */
static bool tells_no_iccid(struct world *w, const char *command)
{
    if (strcmp(command, "AT+CCID") != 0 && strncmp(command, "AT+CRSM", 7) != 0)
        return false;
    say(w, "\r\nERROR\r\n");
    return true;
}

/* Whose it is stays unknown, but nobody else will ever tell of it. */
static void what_comes_to_a_sim_without_a_number_is_told(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->hook = tells_no_iccid;
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    assert_string_equal(w->link->identity.iccid, "");
    say(w, "\r\n+CMT: ,22\r\n00040B914819325476F800005211621000008203F4B41B\r\n");
    world_run(w, 10);
    assert_int_equal(w->inbounds, 1);
    world_end(w);
}

static void a_stall_of_ours_is_no_silence(void **state)
{
    (void)state;
    struct world *w = world_ready();
    w->cmgs_answer = "";
    uint64_t token = world_submit(w, false);
    world_run(w, 1000);
    say(w, "\r\n+CMGS: 7\r\n\r\nOK\r\n");
    loop_sim_stall(w->loop, 500000);
    assert_true(world_until_outcome(w, token, 0));
    assert_int_equal(w->outcome.verdict, SMS_SENT);
    assert_int_equal(w->outcome.reference, 7);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_modem_becomes_ready_and_sends),
        cmocka_unit_test(a_sim_that_cannot_is_reported),
        cmocka_unit_test(a_busy_sim_is_waited_for),
        cmocka_unit_test(registration_is_followed),
        cmocka_unit_test(roaming_is_asked_for),
        cmocka_unit_test(the_service_centre_is_set_where_there_is_none),
        cmocka_unit_test(quirks_come_from_rows),
        cmocka_unit_test(idle_means_idle),
        cmocka_unit_test(a_message_waits_for_a_keepalive_on_the_wire),
        cmocka_unit_test(a_message_that_waits_does_not_go_to_a_restarted_modem),
        cmocka_unit_test(three_silences_in_a_row_are_enough),
        cmocka_unit_test(answers_of_a_former_life_name_nobody),
        cmocka_unit_test(a_deaf_modem_is_noticed_and_reset),
        cmocka_unit_test(a_dead_modem_is_left_alone_more_and_more),
        cmocka_unit_test(errors_without_a_cause_lead_to_a_fence_and_the_ladder),
        cmocka_unit_test(a_restart_is_noticed),
        cmocka_unit_test(a_message_in_the_start_is_no_name),
        cmocka_unit_test(a_restart_behind_the_ctrl_z_is_unknown_soon),
        cmocka_unit_test(the_owner_decides_at_the_prompt),
        cmocka_unit_test(only_the_right_token_goes),
        cmocka_unit_test(closing_at_any_moment_is_quiet),
        cmocka_unit_test(more_parts_keep_the_radio_link),
        cmocka_unit_test(what_comes_to_a_sim_without_a_number_is_told),
        cmocka_unit_test(a_stall_of_ours_is_no_silence),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
