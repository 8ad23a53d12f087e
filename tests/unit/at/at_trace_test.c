/* The flight recorder: what may be seen of a line, what never is, and that a trace of every
 * profile, played as a modem, brings the same verdicts. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_log.h"
#include "at_sim_world.h"
#include "at_trace.h"
#include "simmodem_inside.h"
#include "text.h"

static char dump[1 << 17];

/* --- masks --- */

static const char *last(const struct at_trace *trace)
{
    uint64_t number = trace->recorder.next - 1;
    return recorder_from(&trace->recorder, &number)->text;
}

static void what_is_seen_of_a_line(void **state)
{
    (void)state;
    static struct at_trace trace;
    static const struct {
        const char *asked, *line, *seen;
    } rows[] = {
        {"AT+CSQ", "+CSQ: 20,99", "+CSQ: 20,99"},
        {"AT+CSQ", "OK", "OK"},
        {"AT+CMGS=23", "+CMGS: 255", "+CMGS: 255"},
        {"AT+CMGS=23", "+CMS ERROR: network out of order", "+CMS ERROR: 38"},
        {"AT+CMGS=23", "COMMAND NOT SUPPORT", "ERROR"},
        {"AT+CGMM", "SIMCOM_SIM7600E-H", "SIMCOM_SIM7600E-H"},
        {"AT+CGSN", "356938035643809", "<imei:15>"},
        {"AT+CGSN", "+CGSN: \"356938035643809\"", "+CGSN: \"<imei:15>\""},
        {"AT+CIMI", "452040000000001", "<imsi:15>"},
        {"AT+CCID", "+CCID: \"8984048000000000012\"", "+CCID: \"<iccid:19>\""},
        {"AT^ICCID?", "^ICCID: 98480408000000000021", "^ICCID: <iccid:20>"},
        {"AT+CRSM=176,12258,0,0,10", "+CRSM: 144,0,\"98480408000000000021\"",
         "+CRSM: 144,0,\"<iccid:20>\""},
        {"AT+CSCA?", "+CSCA: \"+84980200030\",145", "+CSCA: \"<phone:12>\",145"},
        {"AT+CNUM", "+CNUM: ,\"+84912345678\",145", "+CNUM: ,\"<text:12>\",<digits:3>"},
        {"AT", "+CLIP: \"+84912345678\",145", "+CLIP: \"<text:12>\",<digits:3>"},
        {"AT", "+CUSD: 1,\"So du 15000d, \"x\"\n2. B\",15", "+CUSD: 1,\"<ussd:22>\",15"},
        {"AT", "+CUSD: 0,\"cut", "+CUSD: 0,\"<ussd:3>\""},
        {"AT+CPMS?", "+CPMS: \"ME\",0,50,\"ME\",0,50", "+CPMS: \"ME\",0,50,\"ME\",0,50"},
        {"AT+CPIN?", "+CPIN: SIM PIN", "+CPIN: SIM PIN"},
        {"AT", "+CMTI: \"SM\",3", "+CMTI: \"SM\",3"},
        {"AT", "Ma OTP: 123456", "<line:14>"},
        {"AT", "NGUYEN VAN A", "<line:12>"},
        {"AT", "RDY", "RDY"},
        {"AT", "+XY: 12,345,NGUYEN,\"VAN A\"", "+XY: 12,<digits:3>,<text:6>,\"<text:5>\""},
        {"AT", "+Nguyen Van A: 1", "<line:16>"},
        {"AT", "AT+CPIN=\"1234\"", "AT+CPIN=\"<pin:4>\""}, /* an echo */
        {"AT", "^RSSI:17", "^RSSI:17"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&trace, 0, sizeof trace);
        at_trace_command(&trace, 0, rows[i].asked);
        at_trace_heard(&trace, 0, rows[i].line);
        assert_string_equal(last(&trace), rows[i].seen);
    }
}

static void what_is_seen_of_what_comes_in(void **state)
{
    (void)state;
    static struct at_trace trace;
    static const struct {
        const char *line, *seen;
    } rows[] = {
        {"0791488009000000040B914819325476F8000062112211000082044D701A04", "<deliver:62>"},
        {"0006070B914819325476F86211221100008262112211000082 46", "<line:53>"},
        {"0006070B914819325476F8621122110000826211221100008246", "<report:52:7:70>"},
        {"0006070B914819325476F86211221100008262112211000082", "<pdu:50>"}, /* cut */
        {"00000000000000000000", "<pdu:20>"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&trace, 0, sizeof trace);
        at_trace_command(&trace, 0, "AT+CMGR=1");
        at_trace_heard(&trace, 0, "+CMGR: 0,,26");
        at_trace_heard(&trace, 0, rows[i].line);
        assert_string_equal(last(&trace), rows[i].seen);
    }
}

static void what_is_seen_of_a_command(void **state)
{
    (void)state;
    static const struct {
        const char *text, *seen;
    } rows[] = {
        {"AT+CMGS=23", "AT+CMGS=23"},
        {"AT+CPIN=\"1234\"", "AT+CPIN=\"<pin:4>\""},
        {"AT+CUSD=1,\"*101#\",15", "AT+CUSD=1,\"<code:5>\",<code:2>"},
        {"AT+CUSD=2", "AT+CUSD=2"},
        {"AT+CSCA=\"+84980200030\",145", "AT+CSCA=\"<phone:12>\",145"},
        {"AT+CPMS=\"ME\",\"ME\",\"ME\"", "AT+CPMS=\"ME\",\"ME\",\"ME\""},
        {"AT+CNMI=2,1,0,1,0", "AT+CNMI=2,1,0,1,0"},
        {"AT+CPMS=?", "AT+CPMS=?"},
        {"ATE0Q0V1", "ATE0Q0V1"},
        {"AT+CLCK=\"SC\",0,\"1234\"", "AT+CLCK=\"<text:2>\",0,\"<digits:4>\""},
        {"AT^U\x01nknown text", "<line:16>"},
    };
    char seen[RECORDER_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        at_trace_mask_command(rows[i].text, seen);
        assert_string_equal(seen, rows[i].seen);
    }
}

/* In text mode, which a modem falls back to when it restarts, a message's words are bare lines. */
static void a_message_in_text_mode_is_not_seen(void **state)
{
    (void)state;
    static struct at_trace trace;
    at_trace_command(&trace, 0, "AT+CGMM"); /* whose own bare line would be */
    at_trace_heard(&trace, 0, "+CMT: \"+84912345678\",,\"26/11/22,10:00:00+28\"");
    assert_null(strstr(last(&trace), "9123"));
    at_trace_heard(&trace, 0, "Ma OTP: KHANARY");
    assert_string_equal(last(&trace), "<line:15>");
    at_trace_heard(&trace, 0, "KHANARY line two");
    assert_string_equal(last(&trace), "<line:16>");
}

/* --- every profile --- */

static const char *trace_dump(void)
{
    struct link_trace line;
    size_t used = 0;
    for (uint64_t n = 0; link_trace(t.link, n, &line); n = line.number + 1) {
        used += (size_t)snprintf(dump + used, sizeof dump - used, "%lld.%09lld %c %s\n",
                                 (long long)(line.at_ns / 1000000000),
                                 (long long)(line.at_ns % 1000000000), line.way, line.text);
        assert_true(used < sizeof dump);
    }
    return dump;
}

enum { SUBMITS = 7 };
struct verdicts {
    struct sms_outcome outcome[SUBMITS];
    enum link_state state;
};

static const struct simnet_plan plans[SUBMITS] = {
    {.count = 1, .answer = SIMNET_REFERENCE, .accepted = true},
    {.count = 1, .answer = SIMNET_CMS, .cause = 42},
    {.count = 1, .answer = SIMNET_OK_ONLY},
    {.count = 1, .answer = SIMNET_SILENCE, .accepted = true},
    {.count = 1, .answer = SIMNET_REFERENCE_ERROR, .accepted = true},
    {.count = 1, .answer = SIMNET_ERROR},
    {.count = 1, .answer = SIMNET_REFERENCE, .accepted = true},
};

static void live(const char *profile, struct verdicts *out)
{
    assert_int_equal(link_open(t.link), 0);
    for (int i = 0; i < SUBMITS; i++) {
        if (!sim_world_until_ready(400000))
            fail_msg("%s: not ready before %d", profile, i);
        if (!t.replay)
            assert_true(simnet_plan(simmodem_station(t.modem), &plans[i]));
        sim_world_submit(false);
        out->outcome[i] = t.outcome;
    }
    (void)sim_world_until_ready(400000);
    out->state = t.state;
}

static void a_trace_of_every_profile_is_replayed(void **state)
{
    (void)state;
    static char trace[sizeof dump];
    for (size_t i = 0; i < sim_profile_count; i++) {
        const char *profile = sim_profiles[i].name;
        struct verdicts first, second;
        sim_world_prepare(profile);
        live(profile, &first);
        (void)text_copy(trace, sizeof trace, trace_dump());
        sim_world_stop();

        sim_world_prepare("generic");
        sim_world_replay(trace, strlen(trace));
        live(profile, &second);
        for (int k = 0; k < SUBMITS; k++)
            if (memcmp(&first.outcome[k], &second.outcome[k], sizeof first.outcome[k]) != 0)
                fail_msg("%s: submit %d: verdict %d cause %d, replayed %d cause %d", profile, k,
                         first.outcome[k].verdict, first.outcome[k].cause,
                         second.outcome[k].verdict, second.outcome[k].cause);
        assert_int_equal(first.state, second.state);
        if (t.accepted > 0) /* the verdicts are the trace's, not the other modem's */
            fail_msg("%s: %u were sent", profile, t.accepted);
        if (strcmp(sim_profiles[i].model, t.link->identity.model) != 0)
            fail_msg("%s: replayed as %s", profile, t.link->identity.model);
        sim_world_stop();
    }
}

/* What comes in: stored or direct, messages and reports; and what the host does with it. */
struct came {
    unsigned messages, reports, told, taken, deletes;
    uint8_t reference[8];
};

static void receive(struct came *out)
{
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(400000));
    for (int i = 0; i < 3; i++) {
        if (!t.replay)
            sim_world_write(i == 0 ? "KHANARY" : "KHANARY 727272, and what is as long as that");
        sim_world_submit(true);
        sim_world_run(30000);
    }
    sim_world_run(120000); /* two sweeps */
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < t.kepts; i++) {
        const struct sim_kept *kept = &t.kept[i];
        if (kept->report && out->reports < 8)
            out->reference[out->reports] = kept->reference;
        *(kept->report ? &out->reports : &out->messages) += 1;
        out->told += kept->told;
        out->taken += kept->taken;
    }
    for (const char *at = t.wire_log; (at = strstr(at, "AT+CMGD=")); at++)
        out->deletes++;
}

static void what_came_in_is_replayed(void **state)
{
    (void)state;
    static char trace[sizeof dump];
    for (size_t i = 0; i < sim_profile_count; i++) {
        const char *profile = sim_profiles[i].name;
        struct came first, second;
        sim_world_prepare(profile);
        receive(&first);
        if (first.messages != 3 || first.reports != 3)
            fail_msg("%s: %u messages, %u reports", profile, first.messages, first.reports);
        (void)text_copy(trace, sizeof trace, trace_dump());
        assert_null(strstr(trace, "KHANARY"));
        sim_world_stop();

        sim_world_prepare("generic");
        sim_world_replay(trace, strlen(trace));
        receive(&second);
        if (memcmp(&first, &second, sizeof first) != 0)
            fail_msg("%s: %u messages %u reports told %u taken %u deleted %u; replayed %u %u %u %u "
                     "%u",
                     profile, first.messages, first.reports, first.told, first.taken, first.deletes,
                     second.messages, second.reports, second.told, second.taken, second.deletes);
        if (t.accepted > 0 || t.received > 0)
            fail_msg("%s: the other modem has worked", profile);
        sim_world_stop();
    }
}

static void nothing_personal_is_in_a_trace(void **state)
{
    (void)state;
    for (size_t i = 0; i < sim_profile_count; i++) {
        const char *profile = sim_profiles[i].name;
        sim_world_start(profile);
        if (!sim_world_until_ready(120000))
            fail_msg("%s: not ready", profile);
        sim_world_submit(true);
        sim_world_write("KHANARY 727272");
        sim_world_run(20000);
        (void)link_ussd_start(t.link, "*767676*1#", 10000);
        sim_world_run(60000);
        const char *text = trace_dump();
        const char *secrets[] = {
            "KHANARY",   "727272",      "767676",      "912345678",    "905111222",
            "123456",    t.modem->imei, t.modem->imsi, t.modem->iccid, t.modem->station.number + 3,
            "D6275C4D67"};
        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
            if (strstr(text, secrets[k]))
                fail_msg("%s: %s is in the trace", profile, secrets[k]);
        assert_non_null(strstr(text, "<pdu:"));
        sim_world_stop();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seen_of_a_line),
        cmocka_unit_test(what_is_seen_of_what_comes_in),
        cmocka_unit_test(what_is_seen_of_a_command),
        cmocka_unit_test(a_message_in_text_mode_is_not_seen),
        cmocka_unit_test(a_trace_of_every_profile_is_replayed),
        cmocka_unit_test(what_came_in_is_replayed),
        cmocka_unit_test(nothing_personal_is_in_a_trace),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
