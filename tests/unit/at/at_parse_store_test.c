/* What modems say of stored messages, in all the forms that were seen in the field, as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "at_parse_store.h"

enum { ME, SM, SR, MT, BM, TA, SELECTED, NOT = -1 };

static void places(void **state)
{
    static const struct {
        const char *line, *prefix;
        int memory, index;
    } rows[] = {
        {"+CMTI: \"SM\",3", "+CMTI:", SM, 3},
        {"+CMTI: \"ME\",0", "+CMTI:", ME, 0},
        {"+CMTI:\"SM\", 12", "+CMTI:", SM, 12},
        {"+CMTI: SM,3", "+CMTI:", SM, 3},
        {"+CMTI: \"SM,3", "+CMTI:", SM, 3},
        {"+CMTI: \"SM_P\",3", "+CMTI:", SM, 3},
        {"+CMTI: 0,111", "+CMTI:", SELECTED, 111},
        {"+CMTI: \"XX\",4", "+CMTI:", SELECTED, 4},
        {"+CMTI: \"\",4", "+CMTI:", SELECTED, 4},
        {"+CMTI: 5", "+CMTI:", SELECTED, 5},
        {"+CMTI: \"MT\",255,1", "+CMTI:", MT, 255},
        {"+CDSI: \"SR\",1", "+CDSI:", SR, 1},
        {"+CDSI: \"SM\",0", "+CDSI:", SM, 0},
        {"+CMTI: \"SM\",65535", "+CMTI:", SM, 65535},
        {"+CMTI: \"SM\",65536", "+CMTI:", NOT, 0},
        {"+CMTI: \"SM\",-1", "+CMTI:", NOT, 0},
        {"+CMTI: \"SM\",", "+CMTI:", NOT, 0},
        {"+CMTI: \"SM", "+CMTI:", NOT, 0},
        {"+CMTI:", "+CMTI:", NOT, 0},
        {"+CMTI: \"SM\",3", "+CDSI:", NOT, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct at_place place = {AT_MEMORY_BM, 9};
        bool taken = at_parse_place(rows[i].line, rows[i].prefix, &place);
        if (taken != (rows[i].memory != NOT) ||
            (taken && ((int)place.memory != rows[i].memory || place.index != rows[i].index)))
            fail_msg("<%s>: %d, memory %d, index %d", rows[i].line, taken, place.memory,
                     place.index);
    }
}

#define HEX "0791448720003023240DD0E474D81C0EBB010000"

static void headers(void **state)
{
    static const struct {
        const char *line;
        bool list, taken;
        int index, stat, len;
        bool text, hex;
    } rows[] = {
        {"+CMGR: 0,,26", false, true, -1, 0, 26, false, false},
        {"+CMGR: 1,\"\",26", false, true, -1, 1, 26, false, false},
        {"+CMGR: 1,\"a, b\",26", false, true, -1, 1, 26, false, false},
        {"+CMGR:0,26", false, true, -1, 0, 26, false, false},
        {"+CMGR: 1,,147 " HEX, false, true, -1, 1, 147, false, true},
        {"+CMGR: 1,,26," HEX, false, true, -1, 1, -1, false, true},
        {"+CMGR: 3,,26", false, true, -1, 3, 26, false, false},
        {"+CMGR: 0,,", false, true, -1, 0, -1, false, false},
        {"+CMGR: 0,,26x", false, true, -1, 0, -1, false, false},
        {"+CMGR: \"REC UNREAD\",\"+84905111222\",,\"26/11/22\"", false, true, -1, -1, -1, true,
         false},
        {"+CMGR: 0", false, false, 0, 0, 0, false, false},
        {"+CMGR:", false, false, 0, 0, 0, false, false},
        {"+CMGR: x,,26", false, false, 0, 0, 0, false, false},
        {"+CMGL: 17,3,35", true, true, 17, 3, 35, false, false},
        {"+CMGL: 0,1,,26", true, true, 0, 1, 26, false, false},
        {"+CMGL: 1,1,\"\",26", true, true, 1, 1, 26, false, false},
        {"+CMGL:254,0,\"x\", 26", true, true, 254, 0, 26, false, false},
        {"+CMGL: 1,\"REC READ\",\"+84905\",,\"26/11/22\"", true, true, 1, -1, -1, true, false},
        {"+CMGL: 1,1,,26 " HEX, true, true, 1, 1, 26, false, true},
        {"+CMGL: 70000,1,,26", true, false, 0, 0, 0, false, false},
        {"+CMGL: ,1,,26", true, false, 0, 0, 0, false, false},
        {"+CMGL: 1", true, false, 0, 0, 0, false, false},
        {"+CMGL: 1,1", true, false, 0, 0, 0, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct at_stored stored;
        bool taken = rows[i].list ? at_parse_cmgl(rows[i].line, &stored)
                                  : at_parse_cmgr(rows[i].line, &stored);
        if (taken != rows[i].taken)
            fail_msg("<%s>: %d", rows[i].line, taken);
        if (!taken)
            continue;
        if (stored.index != rows[i].index || stored.stat != rows[i].stat ||
            stored.len != rows[i].len || stored.text != rows[i].text ||
            (stored.hex != NULL) != rows[i].hex)
            fail_msg("<%s>: index %d stat %d len %d text %d hex %d", rows[i].line, stored.index,
                     stored.stat, stored.len, stored.text, stored.hex != NULL);
        if (stored.hex) {
            assert_int_equal(stored.hex_len, sizeof HEX - 1);
            assert_memory_equal(stored.hex, HEX, sizeof HEX - 1);
        }
    }
}

static void announced(void **state)
{
    (void)state;
    assert_int_equal(at_parse_announced("+CMT: ,23", "+CMT:"), 23);
    assert_int_equal(at_parse_announced("+CMT: \"\",23", "+CMT:"), 23);
    assert_int_equal(at_parse_announced("+CMT: \"a,b\",23", "+CMT:"), 23);
    assert_int_equal(at_parse_announced("+CMT: 0", "+CMT:"), 0);
    assert_int_equal(at_parse_announced("+CDS: 25", "+CDS:"), 25);
    assert_int_equal(at_parse_announced("+CDS:25", "+CDS:"), 25);
    assert_int_equal(at_parse_announced("+CDS:", "+CDS:"), -1);
    assert_int_equal(at_parse_announced("+CDS: 25", "+CMT:"), -1);
}

/* "hello" from +84905111222, and its report. */
#define DELIVER                                                                                    \
    "040B914809151122F2000062112201000082"                                                         \
    "05E8329BFD06"
#define REPORT                                                                                     \
    "06070B914809151122F26211220100008262112201010082"                                             \
    "00"
#define CENTRE "07914889200026F0"

static void tpdus(void **state)
{
    static const struct {
        const char *hex;
        int announced;
        bool lenient;
        int len; /* -1: refused */
    } rows[] = {
        {"00" DELIVER, 24, false, 24},
        {CENTRE DELIVER, 24, false, 24},
        {CENTRE REPORT, 25, false, 25},
        {CENTRE DELIVER, 0, false, 24}, /* AOSP */
        {CENTRE DELIVER, -1, false, 24},
        {CENTRE DELIVER, 32, false, 24},             /* the address counted too */
        {"06914889200026F0" DELIVER, 24, false, 24}, /* ZTE: its length lies */
        {CENTRE DELIVER, 25, false, -1}, /* an octet is missing, or the modem cannot count */
        {CENTRE DELIVER, 25, true, 24},
        {CENTRE DELIVER, 23, false, -1},
        {CENTRE DELIVER, 23, true, 24},
        {"0791488920002", 24, true, -1},
        {"079148892000", 24, true, -1},
        {CENTRE, 24, true, -1},
        {CENTRE, 0, true, -1},
        {"00" DELIVER "no", 24, true, -1},
        {"", 24, true, -1},
        /* Whole, and no TPDU at all: not ours to judge. */
        {"00FFFFFFFFFF", 5, false, 5},
        {"00FFFFFFFFFF", 0, false, -1},
        {"00FFFFFFFFFF", 0, true, 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pdu_tpdu tpdu;
        bool taken = at_parse_tpdu(rows[i].hex, strlen(rows[i].hex), rows[i].announced,
                                   rows[i].lenient, &tpdu);
        if (taken != (rows[i].len >= 0) || (taken && tpdu.len != rows[i].len))
            fail_msg("row %zu: %d, %d octets", i, taken, tpdu.len);
        if (taken && rows[i].len > 20)
            assert_int_equal(tpdu.octet[0], rows[i].len == 25 ? 0x06 : 0x04);
    }
}

static void rooms(void **state)
{
    static const struct {
        const char *line;
        int memory, used, total; /* memory NOT: refused */
    } rows[] = {
        {"+CPMS: \"ME\",3,50,\"ME\",3,50,\"SM\",0,20", ME, 3, 50},
        {"+CPMS: 3,50,3,50,0,20", SELECTED, 3, 50},
        {"+CPMS:SM,19,20", SM, 19, 20},
        {"+CPMS: \"XX\",1,2", SELECTED, 1, 2},
        {"+CPMS: \"SM\"", SM, -1, -1},
        {"+CPMS: \"SM\",,", SM, -1, -1},
        {"+CPMS: ", NOT, 0, 0},
        {"+CPMS: ?", NOT, 0, 0},
        {"+CPMX: 1,2", NOT, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct at_room room;
        bool taken = at_parse_cpms(rows[i].line, &room);
        if (taken != (rows[i].memory != NOT) ||
            (taken && ((int)room.memory != rows[i].memory || room.used != rows[i].used ||
                       room.total != rows[i].total)))
            fail_msg("<%s>: %d, %d %d %d", rows[i].line, taken, room.memory, room.used, room.total);
    }
}

#define B(n) (1U << (n))

static void offers(void **state)
{
    static const struct {
        const char *line;
        unsigned offer[3];
    } rows[] = {
        {"+CPMS: (\"ME\",\"SM\"),(\"ME\",\"SM\"),(\"SM\")", {B(ME) | B(SM), B(ME) | B(SM), B(SM)}},
        {"+CPMS:(\"SM\",\"ME\",\"SR\"),(\"SM\")", {B(SM) | B(ME) | B(SR), B(SM), 0}},
        {"+CPMS: ((\"SM\",\"BM\",\"SR\"),(\"SM\"))", {B(SM) | B(BM) | B(SR), B(SM), 0}},
        {"+CPMS: \"SM\",\"SM\",\"SM\"", {B(SM), B(SM), B(SM)}},
        {"+CPMS: \"ME\",\"MT\",\"SM\",\"SR\"",
         {B(ME) | B(MT) | B(SM) | B(SR), B(ME) | B(MT) | B(SM) | B(SR),
          B(ME) | B(MT) | B(SM) | B(SR)}},
        {"+CPMS: (ME,SM),(ME,SM),(ME,SM)", {B(ME) | B(SM), B(ME) | B(SM), B(ME) | B(SM)}},
        {"+CPMS: (\"SM_P\",\"XX\")", {B(SM), 0, 0}},
        {"+CPMS: ((((", {0, 0, 0}},
        {"+CPMS:", {0, 0, 0}},
        {"+CPM: (\"ME\")", {0, 0, 0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned offer[3];
        assert_int_equal(at_parse_cpms_offer(rows[i].line, offer), rows[i].offer[0] != 0);
        for (int k = 0; k < 3; k++)
            if (offer[k] != rows[i].offer[k])
                fail_msg("<%s>: field %d is %x", rows[i].line, k, offer[k]);
    }
}

static void notices(void **state)
{
    static const struct {
        const char *line;
        unsigned offer[5];
    } rows[] = {
        {"+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)", {7, 15, 5, 7, 3}},
        {"+CNMI: (0,1,2),(0,1,2,3),(0,2,3),(0,1,2),(0,1)", {7, 15, 13, 7, 3}},
        {"+CNMI:(0-3)", {15, 0, 0, 0, 0}},
        {"+CNMI: (0-2),(0-3),(0,2),(0-2),0", {7, 15, 5, 7, 1}},
        {"+CNMI: (1,2),(0,1),0,(0,2),(1)", {6, 3, 1, 5, 2}},
        {"+CNMI: ( 0 - 2 ),( 1 )", {7, 2, 0, 0, 0}},
        {"+CNMI: (2-0),(1)", {0, 2, 0, 0, 0}},
        {"+CNMI: (0-9),(x),(1)", {1023, 0, 2, 0, 0}},
        {"+CNMI:", {0, 0, 0, 0, 0}},
        {"+CNM: (0-2)", {0, 0, 0, 0, 0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned offer[5];
        assert_int_equal(at_parse_cnmi_offer(rows[i].line, offer), rows[i].offer[0] != 0);
        for (int k = 0; k < 5; k++)
            if (offer[k] != rows[i].offer[k])
                fail_msg("<%s>: field %d is %x", rows[i].line, k, offer[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),  cmocka_unit_test(headers), cmocka_unit_test(announced),
        cmocka_unit_test(tpdus),   cmocka_unit_test(rooms),   cmocka_unit_test(offers),
        cmocka_unit_test(notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
