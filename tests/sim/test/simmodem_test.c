/* The simulated modem, driven by hand: dialogues, faults to the byte, and what it says of its host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "simmodem.h"

#define PDU_A "0031000B914819325476F80000010AE8329BFD4697D9EC37" /* hellohello, report wanted */
#define CMGS_A "AT+CMGS=23\r"
#define SENT(mr) "\r\n+CMGS: " mr "\r\n\r\nOK\r\n"
#define PROMPT "\r\n> "
#define OK "\r\nOK\r\n"
#define CTRL_Z "\x1a"
#define ESC "\x1b"

struct world {
    struct simnet *net;
    struct simmodem *modem;
    int64_t now_ms;
    char out[8192];
    size_t out_len;
    unsigned closed, opened;
    uint64_t events[SIM_EVENTS];
};

static void output(void *ctx, const uint8_t *bytes, size_t len)
{
    struct world *world = ctx;
    assert_true(world->out_len + len < sizeof world->out);
    memcpy(world->out + world->out_len, bytes, len);
    world->out_len += len;
    world->out[world->out_len] = 0;
}

static void closed(void *ctx)
{
    ((struct world *)ctx)->closed++;
}

static void opened(void *ctx)
{
    ((struct world *)ctx)->opened++;
}

static void count_event(void *arg, const struct sim_event *event)
{
    struct world *world = arg;
    static char json[SIM_EVENT_ROOM];
    world->events[event->kind]++;
    assert_true(sim_event_json(event, 1, 1, json) > 0);
}

static struct world *world_new(const char *profile)
{
    static const struct simmodem_host host = {output, closed, opened};
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->net = simnet_new(1);
    simnet_log_set(world->net, count_event, world);
    const struct simmodem_config config = {.profile = sim_profile_find(profile), .index = 0};
    assert_non_null(config.profile);
    world->modem = simmodem_new(world->net, &config, &host, world);
    return world;
}

static void world_free(struct world *world)
{
    simmodem_free(world->modem);
    simnet_free(world->net);
    free(world);
}

static void hear(struct world *world, const char *expected)
{
    world->out[world->out_len] = 0;
    assert_string_equal(world->out, expected);
    world->out_len = 0;
}

static void say(struct world *world, const char *bytes)
{
    simmodem_input(world->modem, bytes, strlen(bytes));
}

static void talk(struct world *world, const char *bytes, const char *expected)
{
    say(world, bytes);
    hear(world, expected);
}

static void pass(struct world *world, int64_t ms)
{
    world->now_ms += ms;
    simnet_advance(world->net, world->now_ms);
}

/* Echo off, errors as numbers. */
static struct world *world_ready(const char *profile)
{
    struct world *world = world_new(profile);
    talk(world, "ATE0\r", "ATE0\r" OK);
    talk(world, "AT+CMEE=1\r", OK);
    return world;
}

static uint64_t violations(const struct world *world, enum simmodem_violation which)
{
    const struct simmodem_stats *stats = simmodem_stats(world->modem);
    assert_int_equal(stats->violations, stats->violation[which]);
    return stats->violation[which];
}

static const struct {
    const char *profile, *say, *hear;
} dialogues[] = {
    {"generic", "AT\r", OK},
    {"generic", "at\r", OK},
    {"generic", "\x1b\rAT\r", OK},
    {"generic", "\nAT\r\n", OK},
    {"generic", "ATV1Q0\r", OK},
    {"generic", "ATZ;+CMGF=0\r", OK},
    {"generic", "AT+CMGF?;+CMEE?\r", "\r\n+CMGF: 0\r\n\r\n+CMEE: 1\r\n" OK},
    {"generic", "AT+CMGF=2\r", "\r\nERROR\r\n"},
    {"generic", "AT+CMGF=1;+FOO;+CMGF=0\r", "\r\nERROR\r\n"},
    {"generic", "AT+CPMS=\"ME\",\"ME\",\"ME\"\r", "\r\n+CPMS: 0,50,0,50,0,50\r\n" OK},
    {"generic", "AT+CPMS=\"XX\"\r", "\r\n+CMS ERROR: 302\r\n"},
    {"generic", "AT+CNMI=2,1,0,1,0\r", OK},
    {"generic", "AT+CNMI=2,1,0,1,0;+CNMI?\r", "\r\n+CNMI: 2,1,0,1,0\r\n" OK},
    {"generic", "AT+CREG=2;+CREG?\r", "\r\n+CREG: 2,1,\"1A2B\",\"01C3D4E5\",7\r\n" OK},
    {"generic", "AT+CPIN?\r", "\r\n+CPIN: READY\r\n" OK},
    {"generic", "AT+CGSN\r", "\r\n867542030000007\r\n" OK},
    {"generic", "AT+CCID\r", "\r\n+CCID: 8984040000000000000\r\n" OK},
    {"generic", "AT+CRSM=176,12258,0,0,10\r", "\r\n+CRSM: 144,0,\"984840000000000000F0\"\r\n" OK},
    {"generic", "AT+CSCA?\r", "\r\n+CSCA: \"+84980200030\",145\r\n" OK},
    {"generic", "AT+COPS=3,2;+COPS?\r", "\r\n+COPS: 0,2,\"45204\",7\r\n" OK},
    {"generic", "AT+CSQ;+CESQ\r", "\r\n+CSQ: 20,99\r\n\r\n+CESQ: 99,99,255,255,20,50\r\n" OK},
    {"generic", "AT+CFUN?\r", "\r\n+CFUN: 1\r\n" OK},
    {"generic", "AT+CUSD=1;+CSMS?\r", "\r\n+CSMS: 0,1,1,1\r\n" OK},
    {"generic", "AT^ICCID?\r", "\r\nERROR\r\n"},
    {"generic", "AT^CURC=0\r", "\r\nERROR\r\n"},
    {"generic", "AT+CPINR\r", "\r\n+CPINR: SIM PIN,3,3\r\n" OK},
    {"generic", "AT+CMGS=0\r", "\r\n+CMS ERROR: 304\r\n"},
    {"generic", "AT+CMGL=4\r", OK},
    {"generic", "AT+CMGR=1\r", OK},
    {"generic", "AT+CMGR=0\r", "\r\n+CMS ERROR: 321\r\n"},
    {"generic", "AT+CNMA\r", "\r\n+CMS ERROR: 340\r\n"},
    {"huawei", "AT^CURC=0\r", OK},
    {"huawei", "AT^ICCID?\r", "\r\n^ICCID: 984840000000000000F0\r\n" OK},
    {"huawei", "AT+CNMI=2,1,0,1,0\r", "\r\n+CMS ERROR: 302\r\n"},
    {"huawei", "AT+CNMI=1,1,0,1,0\r", OK},
    {"quectel", "AT+QCCID\r", "\r\n+QCCID: 8984040000000000000\r\n" OK},
    {"quectel", "AT+CNMI=2,1,0,2,0\r", "\r\n+CMS ERROR: 302\r\n"},
    {"cinterion", "AT+CNMI=2,1,2,1,0\r", "\r\n+CMS ERROR: 302\r\n"},
    {"cinterion", "AT^SM20=0\r", OK},
    {"simcom", "AT+CICCID\r", "\r\n+ICCID: 8984040000000000000\r\n" OK},
    {"zte", "AT+CPMS?\r", "\r\n+CPMS: \"ME\",0,23,\"ME\",0,23,\"ME\",0,23\r\n" OK},
    {"telit", "AT#CCID;#PCT\r", "\r\n#CCID: 8984040000000000000\r\n\r\n#PCT: 3\r\n" OK},
    {"ublox", "AT+UPINCNT\r", "\r\n+UPINCNT: 3,3,10,10\r\n" OK},
    {"late_cmgs", "AT\r", OK},
};

static void commands_are_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++) {
        struct world *world = world_ready(dialogues[i].profile);
        talk(world, dialogues[i].say, dialogues[i].hear);
        assert_int_equal(simmodem_stats(world->modem)->violations, 0);
        world_free(world);
    }
}

static void android_has_its_own_line_ends(void **state)
{
    struct world *world = world_new("aosp");
    (void)state;
    talk(world, "ATE0\r", "ATE0\rOK\r");
    talk(world, "AT\r", "");
    talk(world, "AT+CMGF?\r", "+CMGF: 0\rOK\r");
    talk(world, CMGS_A, "> \r");
    talk(world, PDU_A CTRL_Z, "");
    pass(world, 2500);
    hear(world, "+CMGS: 0\rOK\r");
    world_free(world);
}

static void send(struct world *world, const char *answer)
{
    talk(world, CMGS_A, PROMPT);
    talk(world, PDU_A CTRL_Z, "");
    pass(world, 2499);
    hear(world, "");
    pass(world, 1);
    hear(world, answer);
}

static size_t shown(struct world *world)
{
    const struct sim_handset *handset = simnet_handset(world->net, "0984123567");
    assert_null(handset);
    handset = simnet_handset(world->net, "0984912345678");
    assert_null(handset);
    handset = simnet_handset(world->net, "0912345678");
    return handset ? handset->count : 0;
}

static void a_text_reaches_its_handset(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    send(world, SENT("0"));
    send(world, SENT("1"));
    assert_int_equal(shown(world), 2);
    const struct sim_message *message = simnet_handset(world->net, "+84912345678")->message[1];
    assert_string_equal(message->text, "hellohello");
    assert_string_equal(message->from, "+84981000000");
    assert_int_equal(message->at_ms, 5000);
    assert_int_equal(simmodem_stats(world->modem)->violations, 0);
    assert_int_equal(simmodem_stats(world->modem)->busy_ms, 5000);
    assert_int_equal(world->events[SIM_EVENT_ACCEPTED], 2);
    world_free(world);
}

static void escape_sends_nothing(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    talk(world, CMGS_A, PROMPT);
    talk(world, PDU_A ESC, OK);
    pass(world, 10000);
    hear(world, "");
    assert_int_equal(simnet_counts(world->net)->submitted, 0);
    talk(world, "AT\r", OK);
    world_free(world);
}

static void text_mode_sends_too(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    talk(world, "AT+CMGF=1\r", OK);
    talk(world, "AT+CMGS=\"+84912345678\"\r", PROMPT);
    talk(world, "Xin ch\xc3\xa0o" CTRL_Z, "");
    pass(world, 2500);
    hear(world, SENT("0"));
    assert_string_equal(simnet_handset(world->net, "0912345678")->message[0]->text,
                        "Xin ch\xc3\xa0o");
    world_free(world);
}

static void plans_decide_the_answer(void **state)
{
    static const struct {
        struct simnet_plan plan;
        const char *profile, *answer;
        size_t shown;
    } rows[] = {
        {{1, false, SIMNET_CMS, 38, 0}, "generic", "\r\n+CMS ERROR: 38\r\n", 0},
        {{1, true, SIMNET_CMS, 332, 0}, "generic", "\r\n+CMS ERROR: 332\r\n", 1},
        {{1, false, SIMNET_CMS, 38, 0}, "cinterion", OK, 0},
        {{1, false, SIMNET_ERROR, 0, 0}, "generic", "\r\nERROR\r\n", 0},
        {{1, false, SIMNET_OK_ONLY, 0, 0}, "generic", OK, 0},
        {{1, true, SIMNET_REFERENCE_ERROR, 0, 0}, "generic", "\r\n+CMGS: 0\r\n\r\nERROR\r\n", 1},
        {{1, false, SIMNET_SILENCE, 0, 0}, "generic", "", 0},
        {{1, true, SIMNET_SILENCE, 0, 0}, "generic", "", 1},
        {{1, true, SIMNET_REFERENCE, 0, 9000}, "generic", "", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *world = world_ready(rows[i].profile);
        assert_true(simnet_plan(simmodem_station(world->modem), &rows[i].plan));
        send(world, rows[i].answer);
        assert_int_equal(shown(world), rows[i].shown);
        pass(world, 9000);
        hear(world, rows[i].plan.late_ms ? SENT("0") : "");
        send(world, SENT("1")); /* the plan was for one */
        world_free(world);
    }
}

static void without_service_nothing_leaves(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    talk(world, "AT+CREG=1\r", OK);
    simmodem_registration_set(world->modem, SIMMODEM_ALL_DOMAINS, 3);
    hear(world, "\r\n+CREG: 3\r\n");
    talk(world, CMGS_A, PROMPT);
    talk(world, PDU_A CTRL_Z, "\r\n+CMS ERROR: 331\r\n");
    simmodem_registration_set(world->modem, SIMMODEM_CEREG, 5); /* LTE alone will do */
    hear(world, "");
    send(world, SENT("0"));
    talk(world, "AT+CFUN=4\r", "\r\n+CREG: 0\r\n" OK);
    talk(world, "AT+CFUN=1\r", OK);
    pass(world, 500);
    hear(world, "\r\n+CREG: 3\r\n");
    world_free(world);
}

static void a_reset_forgets_and_registers_again(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    talk(world, CMGS_A, PROMPT);
    talk(world, PDU_A CTRL_Z, "");
    simmodem_reset(world->modem);
    pass(world, 99);
    talk(world, "AT\r", "");
    pass(world, 1);
    talk(world, "AT\r", "AT\r" OK); /* echo is on again */
    talk(world, "ATE0+CREG?\r", "ATE0+CREG?\r\r\n+CREG: 0,2\r\n" OK);
    pass(world, 500);
    talk(world, "AT+CREG?\r", "\r\n+CREG: 0,1\r\n" OK);
    pass(world, 5000);
    hear(world, ""); /* the answer of the old submit never comes */
    assert_int_equal(shown(world), 1);
    assert_int_equal(world->closed, 0);
    send(world, SENT("1")); /* the reference goes on */
    world_free(world);
}

static void a_stick_leaves_the_bus_at_a_reset(void **state)
{
    struct world *world = world_ready("quectel");
    (void)state;
    talk(world, "AT+CFUN=1,1\r", OK);
    assert_int_equal(world->closed, 1);
    assert_false(simmodem_plugged(world->modem));
    pass(world, 3000);
    assert_int_equal(world->opened, 1);
    pass(world, 3000);
    hear(world, "\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n");
    talk(world, "ATE0\r", "ATE0\r" OK);
    talk(world, CMGS_A, "\r\n+CMS ERROR: 314\r\n");
    pass(world, 1500);
    hear(world, "\r\n+QIND: SMS DONE\r\n\r\n+QIND: PB DONE\r\n");
    pass(world, 2500);
    send(world, SENT("0"));
    world_free(world);
}

static void unplugged_is_gone(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    simmodem_unplug(world->modem);
    assert_int_equal(world->closed, 1);
    talk(world, "AT\r", "");
    simmodem_unplug(world->modem);
    assert_int_equal(world->closed, 1);
    simmodem_replug(world->modem);
    assert_int_equal(world->opened, 1);
    pass(world, 100);
    talk(world, "ATE0\r", "ATE0\r" OK);
    world_free(world);
}

/* Strikes at each byte of a whole dialogue: what came before it is all there, what came after is
 * not. */
static void faults_strike_to_the_byte(void **state)
{
    static const char whole[] = PROMPT SENT("0");
    (void)state;
    for (unsigned byte = 0; byte <= sizeof whole; byte++) {
        for (int action = SIMMODEM_HANG; action <= SIMMODEM_CLOSE; action++) {
            struct world *world = world_ready("generic");
            const struct simmodem_trigger trigger = {
                .point = SIMMODEM_AT_BYTE, .action = (enum simmodem_action)action, .byte = byte};
            assert_true(simmodem_trigger(world->modem, &trigger));
            say(world, CMGS_A);
            say(world, PDU_A CTRL_Z);
            pass(world, 2500);
            char expected[sizeof whole];
            snprintf(expected, sizeof expected, "%.*s", (int)byte, whole);
            hear(world, expected);
            bool struck = byte < sizeof whole;
            assert_int_equal(world->events[SIM_EVENT_FAULT], struck);
            assert_int_equal(world->events[SIM_EVENT_MISSED], !struck);
            assert_int_equal(world->closed, struck && action == SIMMODEM_CLOSE);
            /* at the prompt the modem no longer hears the text; a mute one still does */
            assert_int_equal(shown(world), byte > 4 || action == SIMMODEM_MUTE);
            simmodem_unhang(world->modem);
            simmodem_replug(world->modem);
            pass(world, 5000);
            say(world, "ATE0\r");
            world->out_len = 0;
            talk(world, "AT\r", OK);
            world_free(world);
        }
    }
}

static void a_delay_holds_and_then_goes_on(void **state)
{
    struct world *world = world_ready("generic");
    const struct simmodem_trigger trigger = {
        .point = SIMMODEM_AT_BYTE, .action = SIMMODEM_DELAY, .byte = 9, .ms = 700};
    (void)state;
    assert_true(simmodem_trigger(world->modem, &trigger));
    talk(world, CMGS_A, PROMPT);
    talk(world, PDU_A CTRL_Z, "");
    pass(world, 2500);
    hear(world, "\r\n+CM");
    pass(world, 699);
    hear(world, "");
    pass(world, 1);
    hear(world, "GS: 0\r\n\r\nOK\r\n");
    world_free(world);
}

/* A prompt on its way to the host is forgotten with the dialogue it belongs to. */
static void a_held_prompt_dies_with_its_dialogue(void **state)
{
    struct world *world = world_ready("generic");
    const struct simmodem_trigger delay = {
        .point = SIMMODEM_AT_BYTE, .action = SIMMODEM_DELAY, .byte = 0, .ms = 5000};
    (void)state;
    assert_true(simmodem_trigger(world->modem, &delay));
    talk(world, CMGS_A, "");
    simmodem_hang(world->modem);
    simmodem_unhang(world->modem);
    pass(world, 10000);
    talk(world, "AT\r", OK);

    assert_true(simmodem_trigger(world->modem, &delay));
    talk(world, CMGS_A, "");
    simmodem_reset(world->modem);
    pass(world, 10000);
    assert_null(strchr(world->out, '>'));
    world_free(world);
}

static void lines_are_injected_anywhere(void **state)
{
    struct world *world = world_ready("generic");
    struct simmodem_trigger trigger;
    static const struct {
        enum simmodem_point point;
        unsigned byte;
        const char *hear;
    } rows[] = {
        {SIMMODEM_AT_BYTE, 0, "\r\nRING\r\n" PROMPT SENT("0")},
        {SIMMODEM_AT_BYTE, 3, "\r\n>\r\nRING\r\n " SENT("1")},
        {SIMMODEM_AT_PROMPT, 0, PROMPT "\r\nRING\r\n" SENT("2")},
        {SIMMODEM_AT_BODY, 0, PROMPT "\r\nRING\r\n" SENT("3")},
        {SIMMODEM_AT_RESULT, 0, PROMPT "\r\nRING\r\n" SENT("4")},
        {SIMMODEM_AT_OK, 0, PROMPT "\r\n+CMGS: 5\r\n\r\nRING\r\n" OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(simmodem_say_trigger(world->modem, rows[i].point, "RING", false, &trigger));
        trigger.byte = rows[i].byte;
        assert_true(simmodem_trigger(world->modem, &trigger));
        say(world, CMGS_A);
        say(world, PDU_A CTRL_Z);
        pass(world, 2500);
        hear(world, rows[i].hear);
    }
    assert_true(simmodem_say_trigger(world->modem, SIMMODEM_AT_COMMAND, "half", true, &trigger));
    strcpy(trigger.match, "AT+CSQ");
    assert_true(simmodem_trigger(world->modem, &trigger));
    talk(world, "AT\r", OK);
    talk(world, "AT+CSQ\r", "half\r\n+CSQ: 20,99\r\n" OK);
    assert_true(simmodem_say_trigger(world->modem, SIMMODEM_NOW, "^BOOT", false, &trigger));
    assert_true(simmodem_trigger(world->modem, &trigger));
    hear(world, "\r\n^BOOT\r\n");
    world_free(world);
}

static void bad_hosts_are_noticed(void **state)
{
    static const struct {
        const char *say[3];
        enum simmodem_violation violation;
    } rows[] = {
        {{CTRL_Z}, SIMMODEM_CTRL_Z_WITHOUT_PROMPT},
        {{"hello\r"}, SIMMODEM_NOT_AT},
        {{CMGS_A PDU_A CTRL_Z}, SIMMODEM_TEXT_BEFORE_PROMPT},
        {{CMGS_A, PDU_A CTRL_Z "\r\n"}, SIMMODEM_LINE_END_AFTER_CTRL_Z},
        {{CMGS_A, PDU_A CTRL_Z, "AT\r"}, SIMMODEM_COMMAND_WHILE_PENDING},
        {{"AT+CMGS=24\r", PDU_A CTRL_Z}, SIMMODEM_WRONG_LENGTH},
        {{CMGS_A, PDU_A "\r\n" CTRL_Z}, SIMMODEM_WRONG_PDU},
        {{CMGS_A, "AT\r" CTRL_Z}, SIMMODEM_WRONG_PDU},
        {{"AT+COPS=?\r", "AT\r"}, SIMMODEM_COMMAND_WHILE_PENDING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *world = world_ready("generic");
        for (int at = 0; at < 3 && rows[i].say[at]; at++)
            say(world, rows[i].say[at]);
        assert_int_equal(violations(world, rows[i].violation), 1);
        assert_int_equal(world->events[SIM_EVENT_VIOLATION], 1);
        world_free(world);
    }
}

static void a_line_too_long_is_refused(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    for (int i = 0; i < 1000; i++)
        say(world, "A");
    talk(world, "\r", "\r\nERROR\r\n");
    assert_int_equal(violations(world, SIMMODEM_TOO_LONG), 1);
    talk(world, "AT\r", OK);
    talk(world, CMGS_A, PROMPT);
    for (int i = 0; i < 2000; i++)
        say(world, "0");
    talk(world, CTRL_Z, "\r\n+CMS ERROR: 304\r\n");
    world_free(world);
}

/* What was typed over a pending command waits for its end; after a patient wait it is no offence.
 */
static void a_second_command_waits(void **state)
{
    struct world *world = world_ready("generic");
    const struct simnet_plan late = {1, true, SIMNET_REFERENCE, 0, 120000};
    (void)state;
    assert_true(simnet_plan(simmodem_station(world->modem), &late));
    talk(world, CMGS_A, PROMPT);
    talk(world, PDU_A CTRL_Z, "");
    pass(world, 120000);
    talk(world, "AT+CMGF?\r", "");
    assert_int_equal(simmodem_stats(world->modem)->violations, 0);
    pass(world, 2500);
    hear(world, SENT("0") "\r\n+CMGF: 0\r\n" OK);
    world_free(world);
}

static void late_cmgs_answers_meanwhile(void **state)
{
    struct world *world = world_ready("late_cmgs");
    (void)state;
    talk(world, CMGS_A, PROMPT);
    talk(world, PDU_A CTRL_Z, "");
    talk(world, "AT+CMGF?\r", "\r\n+CMGF: 0\r\n" OK);
    talk(world, CMGS_A, "\r\n+CMS ERROR: 302\r\n");
    pass(world, 2500);
    hear(world, SENT("0"));
    world_free(world);
}

static void noise_ends_when_told(void **state)
{
    struct world *world = world_ready("huawei");
    (void)state;
    pass(world, 5000);
    hear(world, "\r\n^RSSI:19\r\n");
    talk(world, "AT^CURC=0\r", OK);
    pass(world, 50000); /* one line goes on, whatever one says */
    hear(world, "\r\n^BOOT:20220816,0,0,0,20\r\n\r\n^BOOT:20220816,0,0,0,20\r\n"
                "\r\n^BOOT:20220816,0,0,0,20\r\n");
    world_free(world);
    world = world_ready("zte");
    talk(world, "AT+CPMS?\r", "\r\n+CPMS: \"ME\",0,23,\"ME\",0,23,\"ME\",0,23\r\n" OK);
    pass(world, 100000);
    hear(world, "");
    assert_int_equal(simnet_next_ms(world->net), INT64_MAX); /* idle is idle */
    world_free(world);
}

static void the_sim_wants_its_pin(void **state)
{
    struct world *world = world_ready("generic");
    (void)state;
    simmodem_sim_set(world->modem, SIMMODEM_SIM_PIN);
    talk(world, "AT+CPIN?\r", "\r\n+CPIN: SIM PIN\r\n" OK);
    talk(world, "AT+CIMI\r", "\r\n+CME ERROR: 11\r\n");
    talk(world, CMGS_A, "\r\n+CMS ERROR: 311\r\n");
    talk(world, "AT+CPIN=\"0000\"\r", "\r\n+CME ERROR: 16\r\n");
    talk(world, "AT+CPINR\r", "\r\n+CPINR: SIM PIN,2,3\r\n" OK);
    talk(world, "AT+CPIN=\"1234\"\r", OK);
    pass(world, 500);
    send(world, SENT("0"));
    simmodem_sim_set(world->modem, SIMMODEM_SIM_PIN);
    for (int i = 0; i < 3; i++)
        talk(world, "AT+CPIN=\"0000\"\r", "\r\n+CME ERROR: 16\r\n");
    talk(world, "AT+CPIN?\r", "\r\n+CPIN: SIM PUK\r\n" OK);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_answered),
        cmocka_unit_test(android_has_its_own_line_ends),
        cmocka_unit_test(a_text_reaches_its_handset),
        cmocka_unit_test(escape_sends_nothing),
        cmocka_unit_test(text_mode_sends_too),
        cmocka_unit_test(plans_decide_the_answer),
        cmocka_unit_test(without_service_nothing_leaves),
        cmocka_unit_test(a_reset_forgets_and_registers_again),
        cmocka_unit_test(a_stick_leaves_the_bus_at_a_reset),
        cmocka_unit_test(unplugged_is_gone),
        cmocka_unit_test(faults_strike_to_the_byte),
        cmocka_unit_test(a_delay_holds_and_then_goes_on),
        cmocka_unit_test(a_held_prompt_dies_with_its_dialogue),
        cmocka_unit_test(lines_are_injected_anywhere),
        cmocka_unit_test(bad_hosts_are_noticed),
        cmocka_unit_test(a_line_too_long_is_refused),
        cmocka_unit_test(a_second_command_waits),
        cmocka_unit_test(late_cmgs_answers_meanwhile),
        cmocka_unit_test(noise_ends_when_told),
        cmocka_unit_test(the_sim_wants_its_pin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
