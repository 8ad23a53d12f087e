/* pdu_fields: SMS-DELIVER and SMS-STATUS-REPORT made field by field from the input, so that nearly
 * each is one: addresses, codings, headers with elements that are whole, cut or repeated, lengths
 * that lie by a little. Our decoder and the simulated network's must say the same of it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pdu_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 400, ELEMENTS = 6 };

/* What the input chooses; zeros when it has come to its end. */
static struct {
    const uint8_t *at;
    size_t left;
} wish;

static uint8_t pick(void)
{
    if (!wish.left)
        return 0;
    wish.left--;
    return *wish.at++;
}

/* Mostly what it should be; else off by up to three. */
static size_t nearly(size_t right)
{
    uint8_t how = pick();
    size_t off = how & 3;
    return how < 224 ? right : how & 4 ? right + off : right - (off < right ? off : right);
}

static struct {
    uint8_t octet[ROOM];
    size_t len;
} made;

static void put(uint8_t octet)
{
    if (made.len < ROOM)
        made.octet[made.len++] = octet;
}

/* What is known only when what it counts has been put. */
static void put_at(size_t at, size_t octet)
{
    if (at < made.len)
        made.octet[at] = (uint8_t)octet;
}

static void put_some(size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(pick());
}

static void put_address(void)
{
    static const uint8_t types[] = {0x91, 0x81, 0xA1, 0xD0, 0xD1, 0xB1, 0xC8, 0x00};
    uint8_t digits = pick() % 23;
    put(digits);
    put(types[pick() % sizeof types]);
    put_some(nearly((digits + 1u) / 2));
}

static void put_time(void)
{
    bool likely = pick() < 200;
    for (int i = 0; i < 7; i++) {
        uint8_t octet = pick();
        put(likely ? (uint8_t)(octet % 3 << 4 | octet / 3 % 2) : octet);
    }
}

static void put_header(void)
{
    static const struct {
        uint8_t id, len;
    } known[] = {{0x00, 3}, {0x08, 4}, {0x04, 2}, {0x05, 4}, {0x24, 1}, {0x25, 1}, {0x70, 0}};
    size_t at = made.len;
    unsigned elements = pick() % ELEMENTS;
    put(0);
    for (unsigned i = 0; i < elements; i++) {
        uint8_t which = pick() % (sizeof known / sizeof *known);
        put(known[which].id);
        put((uint8_t)nearly(known[which].len));
        for (unsigned k = 0; k < known[which].len; k++)
            put(pick() % (i % 2 ? 255 : 4)); /* parts that fit, and such as do not */
    }
    put_at(at, nearly(made.len - at - 1));
}

static void put_user_data(bool header, uint8_t dcs)
{
    bool ucs2 = (dcs & 0x0C) == 0x08, gsm7 = (dcs & 0x0C) == 0;
    size_t at = made.len;
    put(0);
    if (header)
        put_header();
    put_some(pick() % 150);
    size_t octets = made.len - at - 1;
    put_at(at, nearly(gsm7 ? octets * 8 / 7 : ucs2 ? octets & ~(size_t)1 : octets));
}

static void make_deliver(void)
{
    static const uint8_t codings[] = {0x00, 0x04, 0x08, 0x10, 0x11, 0x18, 0x20, 0x40,
                                      0xC0, 0xD8, 0xE0, 0xF0, 0xF4, 0x80, 0xFF, 0x0C};
    bool header = pick() & 1;
    put((uint8_t)((header ? 0x44 : 0x04) ^ (pick() < 240 ? 0 : pick())));
    put_address();
    put(pick());
    uint8_t dcs = codings[pick() % sizeof codings];
    put(dcs);
    put_time();
    put_user_data(header, dcs);
}

static void make_report(void)
{
    put(pick() < 240 ? 0x06 : pick());
    put(pick());
    put_address();
    put_time();
    put_time();
    put(pick());
    put_some(pick() % 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wish.at = data;
    wish.left = size;
    made.len = 0;
    bool report = pick() % 4 == 0;
    if (report)
        make_report();
    else
        make_deliver();
    if (pick() >= 240 && made.len > 0)
        made.len -= pick() % made.len;
    const char *differ =
        report ? pdu_agree_report(made.octet, made.len) : pdu_agree_deliver(made.octet, made.len);
    if (!differ)
        return 0;
    fprintf(stderr, "%s:", differ);
    for (size_t i = 0; i < made.len; i++)
        fprintf(stderr, "%s%02X", i ? "" : " ", made.octet[i]);
    fputc('\n', stderr);
    abort();
}
