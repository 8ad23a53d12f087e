/* A modem that takes commands on one port and tells what comes on another, which takes none: the
 * link reads that one beside its own, and never writes to it. Against the simulated modem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_chat.h"
#include "at_log.h"
#include "at_sim_world.h"
#include "simmodem_inside.h"

static const char beside[] = "/dev/beside";
static const char pdu[] = "00040B914819325476F800005211621000008203F4B41B"; /* "tin" */

/* Its notices go to the other port, and nothing that it is told changes that. */
static void ready(void)
{
    sim_world_prepare("telit");
    simmodem_port_set(t.modem, 1);
    assert_int_equal(link_open(t.link), 0);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(1000);
}

static void end(void)
{
    assert_int_equal(t.ear_written, 0);
    sim_world_no_violations("");
    sim_world_stop();
}

/* What comes is found by looking alone, and the owner hears that. */
static void found_by_looking(unsigned times)
{
    sim_world_write("untold");
    sim_world_run(1000);
    assert_int_equal(sim_world_stored(), 1);
    sim_world_run(200000);
    assert_int_equal(sim_world_stored(), 0);
    assert_int_equal(t.elsewhere, times);
}

static void told_at_once(unsigned messages)
{
    for (unsigned i = 0; i < messages; i++) {
        sim_world_write("tin");
        sim_world_run(1000);
        assert_int_equal(sim_world_stored(), 0);
    }
}

static void what_is_told_there_is_heard(void **state)
{
    (void)state;
    ready();
    found_by_looking(1);
    sim_world_write("before"); /* proves nothing */
    sim_world_run(1000);
    assert_int_equal(link_listen(t.link, beside), 0);
    sim_world_run(130000);
    assert_int_equal(t.elsewhere, 1);
    told_at_once(3);
    sim_world_submit(true); /* its report comes there too */
    assert_int_equal(t.outcome.verdict, SMS_SENT);
    sim_world_run(20000);
    assert_int_equal(t.reports, 1);
    sim_world_run(600000);
    assert_int_equal(t.elsewhere, 1);
    simmodem_reset(t.modem); /* the dialogue begins anew, the other port stays */
    sim_world_net();
    sim_world_run(5000);
    assert_true(sim_world_until_ready(120000));
    sim_world_run(5000);
    told_at_once(2);
    end();
}

static void what_comes_whole_is_taken_whole(void **state)
{
    char line[128];
    (void)state;
    ready();
    assert_int_equal(link_listen(t.link, beside), 0);
    (void)snprintf(line, sizeof line, "\r\n+CMT: ,22\r\n%s\r\n", pdu);
    sim_world_beside(line);
    sim_world_run(100);
    assert_int_equal(sim_world_find("tin")->taken, 1);
    for (const char *at = line; *at; at++) { /* in any pieces */
        sim_world_beside((const char[]){*at, '\0'});
        sim_world_run(1);
    }
    assert_int_equal(sim_world_find("tin")->taken, 2);
    /* another line in between, or in the midst of it */
    (void)snprintf(line, sizeof line, "\r\n+CMT: ,22\r\n^RSSI:17\r\n%s\r\n", pdu);
    sim_world_beside(line);
    (void)snprintf(line, sizeof line, "\r\n+CMT: ,22\r\n%.20s\r\n^RSSI:17\r\n%s\r\n", pdu,
                   pdu + 20);
    sim_world_beside(line);
    sim_world_run(100);
    assert_int_equal(sim_world_find("tin")->taken, 4);
    sim_world_beside("\r\n+CMT: ,22\r\n"); /* its TPDU got lost */
    for (int i = 0; i < AT_CHAT_BODY_LINES; i++)
        sim_world_beside("\r\n^RSSI:17\r\n");
    (void)snprintf(line, sizeof line, "%s\r\n", pdu); /* and this one is nobody's */
    sim_world_beside(line);
    sim_world_run(100);
    assert_int_equal(t.told, 4);
    end();
}

/* A report that is not stored comes nowhere else. */
static void a_report_that_comes_whole_is_taken(void **state)
{
    static const char report[] = "00060C0B914819325476F8521162100000825211621010008200";
    char line[128];
    (void)state;
    ready();
    found_by_looking(1);
    assert_int_equal(link_listen(t.link, beside), 0);
    unsigned told = t.told;
    (void)snprintf(line, sizeof line, "\r\n+CDS: 25\r\n%s\r\n", report);
    sim_world_beside(line);
    sim_world_run(100);
    assert_int_equal(t.told, told + 1);
    assert_true(t.kept[t.kepts - 1].report);
    assert_int_equal(t.kept[t.kepts - 1].reference, 12);
    t.modem->settings.cnmi[1] = 0; /* it tells: for one that was lost no other port is wanted */
    sim_world_write("tin");
    t.modem->settings.cnmi[1] = 1;
    sim_world_run(200000);
    assert_int_equal(sim_world_stored(), 0);
    assert_int_equal(t.elsewhere, 1);
    end();
}

/* Where notices go elsewhere, what the modem says of its SIM goes there too. */
static void its_sim_is_told_of_there(void **state)
{
    static const char *const notices[] = {"#QSS: 0",       "^SIMST:255",   "+ZUSIMR:1",
                                          "+QUSIM: 1",     "+CSMINS: 1,0", "+QSIMSTAT: 1,0",
                                          "+UUSIMSTAT: 0", "^SCKS: 0"};
    static const char other[] = "8984049999999999990";
    char line[40];
    (void)state;
    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
        ready();
        assert_int_equal(link_listen(t.link, beside), 0);
        sim_world_run(1000);
        assert_true(simmodem_iccid_set(t.modem, other));
        (void)snprintf(line, sizeof line, "\r\n%s\r\n", notices[i]);
        sim_world_beside(line);
        sim_world_run(2000);
        if (strcmp(t.link->identity.iccid, other) != 0)
            fail_msg("%s: not heard", notices[i]);
        end();
    }
    ready();
    assert_int_equal(link_listen(t.link, beside), 0);
    simmodem_sim_set(t.modem, SIMMODEM_SIM_ABSENT);
    sim_world_beside("\r\n+CPIN: NOT INSERTED\r\n");
    sim_world_run(2000);
    assert_int_equal(t.link->card, LINK_CARD_ABSENT);
    end();
}

/* In the midst of our own dialogue: neither disturbs the other. */
static void at_every_point_of_a_submit(void **state)
{
    char line[128];
    (void)state;
    (void)snprintf(line, sizeof line, "\r\n+CMT: ,22\r\n%s\r\nOK\r\n> \r\n+CMGS: 9\r\nERROR\r\n",
                   pdu);
    for (int ms = 0; ms < 3000; ms += 150) {
        ready();
        assert_int_equal(link_listen(t.link, beside), 0);
        assert_int_equal(sim_world_submit_only(false), 0);
        sim_world_run(ms);
        sim_world_beside(line);
        sim_world_run(20000);
        assert_int_equal(t.outcomes, 1);
        assert_int_equal(t.outcome.verdict, SMS_SENT);
        assert_int_equal(t.evidences, 0);
        assert_int_equal(sim_world_find("tin")->taken, 1);
        end();
    }
}

static void an_answer_of_the_network_comes_there(void **state)
{
    static const struct simnet_ussd balance = {.code = "*101#", .text = "500 VND", .ms = 1500};
    (void)state;
    ready();
    assert_int_equal(link_listen(t.link, beside), 0);
    assert_true(simmodem_ussd_set(t.modem, &balance));
    assert_int_equal(link_ussd_start(t.link, "*101#", 30000), 0);
    sim_world_run(5000);
    assert_int_equal(t.ussds, 1);
    assert_int_equal(t.ussd.end, LINK_USSD_DONE);
    assert_string_equal(t.ussd.text, "500 VND");
    end();
}

/* A receiver of positions, say. */
static void a_port_that_is_no_modems_is_let_go(void **state)
{
    (void)state;
    ready();
    found_by_looking(1);
    assert_int_equal(link_listen(t.link, beside), 0);
    for (int i = 0; i < 190; i++)
        sim_world_beside("$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03\r\n");
    sim_world_beside("^RSSI:17\r\n"); /* it is one after all */
    for (int i = 0; i < 190; i++)
        sim_world_beside("$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03\r\n");
    sim_world_run(1000);
    assert_non_null(t.ear_wire);
    for (int i = 0; i < 20; i++)
        sim_world_beside("$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03\r\n");
    sim_world_run(1000);
    assert_null(t.ear_wire);
    found_by_looking(2); /* the owner may try another */
    end();
}

static void it_may_hang_up(void **state)
{
    (void)state;
    ready();
    found_by_looking(1);
    assert_int_equal(link_listen(t.link, beside), 0);
    told_at_once(1);
    stream_close(t.ear_wire);
    t.ear_wire = NULL;
    sim_world_run(1000);
    assert_int_equal(t.state, LINK_READY);
    found_by_looking(2);
    assert_int_equal(link_listen(t.link, beside), 0); /* there again */
    told_at_once(1);
    end();
}

/* What is told there while the modem is out of reach is read when it is back; what comes whole is
 * here. */
static void nothing_is_read_without_the_modem(void **state)
{
    char line[128];
    (void)state;
    ready();
    assert_int_equal(link_listen(t.link, beside), 0);
    simmodem_unplug(t.modem);
    sim_world_run(1000);
    assert_int_equal(t.state, LINK_GONE);
    (void)snprintf(line, sizeof line, "\r\n+CMTI: \"SM\",1\r\n\r\n+CMT: ,22\r\n%s\r\n", pdu);
    sim_world_beside(line);
    sim_world_run(1000);
    assert_int_equal(t.told, 1);
    assert_int_equal(sim_world_find("tin")->taken, 1);
    simmodem_replug(t.modem);
    sim_world_net();
    assert_true(sim_world_until_ready(120000));
    sim_world_run(5000);
    told_at_once(1);
    end();
}

static void a_place_that_is_none(void **state)
{
    (void)state;
    ready();
    assert_true(link_listen(t.link, "nowhere") < 0);
    assert_int_equal(link_listen(t.link, beside), 0);
    assert_true(link_listen(t.link, "nowhere") < 0); /* and the other one is let go */
    sim_world_run(1000);
    assert_null(t.ear_wire);
    end();
}

/* A serial device may turn out to be another's, or to hang. The owner, who was told that this port
 * is not enough, is told at once that the other is none; and nobody else is. */
static void it_may_not_open(void **state)
{
    (void)state;
    ready();
    t.ear_late = true;
    assert_int_equal(link_listen(t.link, beside), 0);
    sim_world_run(1000);
    assert_int_equal(t.elsewhere, 0);
    found_by_looking(1);
    assert_int_equal(link_listen(t.link, beside), 0);
    assert_int_equal(t.elsewhere, 1); /* never from inside */
    sim_world_run(1000);
    assert_int_equal(t.elsewhere, 2);
    t.ear_wrong_ms = -1;
    assert_int_equal(link_listen(t.link, beside), 0);
    sim_world_run(600000);
    assert_int_equal(t.elsewhere, 2);
    assert_int_equal(t.state, LINK_READY);
    t.ear_late = false;
    assert_int_equal(link_listen(t.link, beside), 0);
    told_at_once(2);
    t.ear_late = true;
    assert_int_equal(link_listen(t.link, beside), 0);
    end(); /* and closed while it opens */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_there_is_heard),
        cmocka_unit_test(what_comes_whole_is_taken_whole),
        cmocka_unit_test(a_report_that_comes_whole_is_taken),
        cmocka_unit_test(its_sim_is_told_of_there),
        cmocka_unit_test(at_every_point_of_a_submit),
        cmocka_unit_test(an_answer_of_the_network_comes_there),
        cmocka_unit_test(a_port_that_is_no_modems_is_let_go),
        cmocka_unit_test(it_may_hang_up),
        cmocka_unit_test(it_may_not_open),
        cmocka_unit_test(nothing_is_read_without_the_modem),
        cmocka_unit_test(a_place_that_is_none),
    };
    at_log_hide();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
