/* What comes directly, and is stored nowhere but here until its owner has it: cut in two on its
 * way, and more of it than there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_receive.h"
#include "at_sim_world.h"
#include "log.h"

static unsigned dropped, dropped_reports;

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    dropped += strncmp(line, "at test inbound-dropped", 23) == 0;
    dropped_reports += strncmp(line, "at test inbound-dropped what=report", 35) == 0;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

static void ready(void)
{
    sim_world_start("generic");
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000);
    dropped = dropped_reports = 0;
}

static void end(void)
{
    sim_world_no_violations("");
    sim_world_stop();
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert_in_range(len, 1, sizeof line - 1);
    assert_int_equal(stream_write(t.wire, line, (size_t)len), 0);
    sim_world_run(10);
}

/* Some firmware (AOSP) tells no length, so that nothing but the TPDU itself says whether it is
 * whole. */
static void cut_in_two_without_a_length(void **state)
{
    static const char pdu[] = "00040B914819325476F800005211621000008203F4B41B"; /* "tin" */
    static const char *const headers[] = {"+CMT: 0", "+CMT: ,0", "+CMT: ,22"};
    (void)state;
    for (size_t h = 0; h < sizeof headers / sizeof *headers; h++)
        for (int cut = 1; cut < (int)sizeof pdu - 1; cut++) {
            ready();
            say("\r\n%s\r\n%.*s\r\n%s\r\n", headers[h], cut, pdu, pdu + cut);
            if (t.told != 1 || sim_world_find("tin")->taken != 1)
                fail_msg("%s cut at %d: told %u, taken %u", headers[h], cut, t.told,
                         sim_world_find("tin")->taken);
            end();
        }
}

/* The owner answers for none. The newest is told; what it takes the place of may be lost. */
static void more_than_there_is_room_for(void **state)
{
    (void)state;
    ready();
    t.owner = SIM_OWNER_SILENT;
    for (unsigned i = 0; i < AT_INBOUND; i++)
        say("\r\n+CMT: ,22\r\n00040B914819325476F8000052116210%04u8203F4B41B\r\n", i);
    assert_int_equal(t.told, AT_INBOUND);
    assert_int_equal(dropped, 0);
    for (unsigned i = 1; i <= 3; i++) {
        say("\r\n+CMT: ,22\r\n00040B914819325476F8000053116210%04u8203F4B41B\r\n", i);
        assert_int_equal(t.told, AT_INBOUND + i);
        assert_int_equal(dropped, i);
    }
    end();
}

static void say_report(unsigned n)
{
    say("\r\n+CDS: 25\r\n0006%02X0B914819325476F8521162100000825211621000008200\r\n", n);
}

static void say_message(unsigned n)
{
    say("\r\n+CMT: ,22\r\n00040B914819325476F8000052116210%04u8203F4B41B\r\n", n);
}

/* Of what is kept until the disk writes again: how many of them, told anew, are messages. */
static unsigned messages_told_again(void)
{
    unsigned again = 0;
    unsigned before[SIM_WORLD_KEPT] = {0};
    for (unsigned i = 0; i < t.kepts; i++)
        before[i] = t.kept[i].told;
    t.owner = SIM_OWNER_TAKES;
    sim_world_run(70000);
    for (unsigned i = 0; i < t.kepts; i++)
        again += !t.kept[i].report && t.kept[i].told > before[i];
    return again;
}

/* A report gives way to a message, whichever came first, and to a newer report. */
static void a_report_gives_way(void **state)
{
    enum { MESSAGES = 10 };
    (void)state;
    for (int first = 0; first < 2; first++) {
        ready();
        t.owner = SIM_OWNER_REFUSES;
        for (unsigned i = 0; first && i < MESSAGES; i++)
            say_message(i);
        for (unsigned i = 0; i < AT_INBOUND; i++)
            say_report(i);
        for (unsigned i = 0; !first && i < MESSAGES; i++)
            say_message(i);
        assert_int_equal(dropped, MESSAGES);
        assert_int_equal(dropped_reports, MESSAGES);
        assert_int_equal(messages_told_again(), MESSAGES);
        end();
    }
    ready(); /* nothing but messages: the report that comes is the one that is let go */
    t.owner = SIM_OWNER_REFUSES;
    for (unsigned i = 0; i < AT_INBOUND; i++)
        say_message(i);
    say_report(1);
    assert_int_equal(dropped_reports, 1);
    say_message(9000);
    assert_int_equal(dropped, 2);
    assert_int_equal(dropped_reports, 1);
    assert_int_equal(messages_told_again(), AT_INBOUND);
    end();
}

/* One that is stored keeps its place: its slot waits for the owner's word. One more that is stored
 * finds no room, and waits in the modem. */
static void what_comes_directly_takes_no_stored_ones_place(void **state)
{
    enum { STORED = 4 };
    char text[16];
    (void)state;
    ready();
    t.owner = SIM_OWNER_SILENT;
    for (unsigned i = 0; i < STORED; i++) {
        snprintf(text, sizeof text, "stored %u", i);
        sim_world_write(text);
    }
    sim_world_run(1000);
    assert_int_equal(t.told, STORED);
    for (unsigned i = 0; i < 2 * AT_INBOUND; i++)
        say("\r\n+CMT: ,22\r\n00040B914819325476F8000052116210%04u8203F4B41B\r\n", i);
    sim_world_write("stored 4");
    sim_world_run(1000);
    assert_int_equal(sim_world_stored(), STORED + 1);
    for (uint64_t handle = 1; handle <= STORED; handle++)
        link_taken(t.link, handle, true);
    t.owner = SIM_OWNER_TAKES;
    sim_world_run(70000);
    assert_int_equal(sim_world_stored(), 0);
    assert_int_equal(sim_world_find("stored 0")->told, 1);
    assert_int_equal(sim_world_find("stored 4")->taken, 1);
    end();
}

/* --- whose is it? --- */

static const char tin[] = "+CMT: ,22\r\n00040B914819325476F800005211621000008203F4B41B";

/* It is told as soon as it is known for which SIM it came (who is told compares the ICCID), whether
 * that has a network or not. */
static void before_the_sim_is_known(void **state)
{
    (void)state;
    for (int network = 0; network < 2; network++) {
        sim_world_prepare("generic");
        t.latency_ms = 5;
        if (!network)
            simmodem_registration_set(t.modem, SIMMODEM_ALL_DOMAINS, 2);
        assert_int_equal(link_open(t.link), 0);
        while (sim_world_count("AT+CGMM") == 0)
            sim_world_run(1);
        say("\r\n%s\r\n", tin);
        assert_string_equal(t.link->identity.iccid, "");
        assert_int_equal(t.told, 0);
        sim_world_run(20000);
        assert_int_equal(t.state, network ? LINK_READY : LINK_REGISTERING);
        assert_int_equal(t.told, 1);
        assert_int_equal(sim_world_find("tin")->taken, 1);
        end();
    }
}

/* That its SIM is doubted behind it changes nothing of whose it is. */
static void right_before_a_doubt(void **state)
{
    (void)state;
    ready();
    say("\r\n%s\r\n\r\n+CREG: 2\r\n\r\n+CGREG: 2\r\n\r\n+CEREG: 2\r\n", tin);
    assert_int_equal(t.state, LINK_REGISTERING);
    assert_int_equal(t.told, 1);
    end();
}

/* Not taken, it is told again by the keepalive, and not with everything else that is told. */
static void not_taken_it_waits_for_the_keepalive(void **state)
{
    (void)state;
    ready();
    t.owner = SIM_OWNER_REFUSES;
    say("\r\n%s\r\n", tin);
    assert_int_equal(t.told, 1);
    for (int i = 0; i < 5; i++) {
        sim_world_submit(false);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        assert_true(sim_world_until_ready(10000));
    }
    assert_int_equal(t.told, 1);
    sim_world_run(180000);
    assert_in_range(t.told, 3, 4);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_sim_is_known),
        cmocka_unit_test(right_before_a_doubt),
        cmocka_unit_test(not_taken_it_waits_for_the_keepalive),
        cmocka_unit_test(cut_in_two_without_a_length),
        cmocka_unit_test(more_than_there_is_room_for),
        cmocka_unit_test(a_report_gives_way),
        cmocka_unit_test(what_comes_directly_takes_no_stored_ones_place),
    };
    log_sink_set(hear, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
