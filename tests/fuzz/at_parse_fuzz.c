/* at_parse: any line through every parser; what comes out keeps its promises. */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "at_parse.h"
#include "at_parse_store.h"
#include "at_quirks.h"
#include "number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_digits(const char *text, size_t least, size_t most)
{
    size_t len = strlen(text);
    assert(len >= least && len <= most && strspn(text, "0123456789") == len);
}

static void check_printable(const char *text)
{
    for (; *text; text++)
        assert(*text >= 0x20 && *text < 0x7f);
}

static void check_numbers(const char *line)
{
    static const char *const families[] = {"+CREG:", "+CGREG:", "+CEREG:"};
    struct at_registration registration;
    int value;
    int five[5];
    enum at_sim sim;
    if (at_parse_cmgs(line, &value))
        assert(value >= 0 && value <= 255);
    for (int i = 0; i < 3; i++)
        if (at_parse_registration(line, families[i], &registration))
            assert(registration.stat >= 0 && registration.stat <= 10);
    if (at_parse_csq(line, &value) || at_parse_cesq(line, &value))
        assert(value <= 0 && value > -150);
    if (at_parse_cnmi(line, five))
        assert(five[4] >= 0);
    if (at_parse_cmgf(line, &value) || at_parse_cmee(line, &value) || at_parse_cfun(line, &value))
        assert(value >= 0);
    if (at_parse_cpin(line, &sim))
        assert(sim <= AT_SIM_FAILURE);
}

static void check_stored(const char *line)
{
    struct at_place place;
    struct at_stored stored;
    struct at_room room;
    struct pdu_tpdu tpdu;
    unsigned offer[5];
    if (at_parse_place(line, "+CMTI:", &place) || at_parse_place(line, "+CDSI:", &place))
        assert(place.memory <= AT_MEMORY_SELECTED);
    if (at_parse_cmgr(line, &stored) || at_parse_cmgl(line, &stored)) {
        assert(stored.index >= -1 && stored.index <= UINT16_MAX && stored.len >= -1);
        assert(!stored.hex || (stored.hex > line && stored.hex_len <= strlen(stored.hex)));
        if (stored.hex && at_parse_tpdu(stored.hex, stored.hex_len, stored.len, false, &tpdu))
            assert(tpdu.len <= PDU_TPDU_MAX);
    }
    for (int announced = -1; announced <= 30; announced += 10)
        if (at_parse_tpdu(line, strlen(line), announced, announced & 1, &tpdu))
            assert(tpdu.len > 0 && tpdu.len <= PDU_TPDU_MAX && 2U * tpdu.len <= strlen(line));
    if (at_parse_cpms(line, &room))
        assert(room.memory <= AT_MEMORY_SELECTED && room.used >= -1 && room.total >= -1);
    if (at_parse_cpms_offer(line, offer))
        assert(offer[0] < 1U << AT_MEMORIES);
    if (at_parse_cnmi_offer(line, offer))
        assert(offer[0] < 1U << 10 && offer[4] < 1U << 10);
    (void)at_parse_announced(line, "+CMT:");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct at_final final;
    char text[40];
    int technology;
    char *line = malloc(size + 1);
    assert(line);
    if (size > 0)
        memcpy(line, data, size);
    line[size] = '\0';
    if (at_parse_final(line, &final)) {
        assert(final.code >= 0 && final.code <= 999999);
        (void)at_sim_of_error(&final);
    }
    check_numbers(line);
    check_stored(line);
    for (unsigned i = 0; i < 4; i++) {
        if (!at_parse_pin_left(line, "+CPINR:", i ? NULL : "SIM PIN", i, &technology))
            assert(technology == -1);
        assert(technology >= -1 && technology <= 99);
    }
    if (at_parse_imei(line, text))
        check_digits(text, 14, 16);
    if (at_parse_imsi(line, text))
        check_digits(text, 14, 15);
    if (at_parse_iccid(line, text))
        assert(strlen(text) >= 18 && strlen(text) <= 22 && strncmp(text, "89", 2) == 0);
    if (at_parse_csca(line, text))
        assert(!*text || number_is_clean(text));
    if (at_parse_cops(line, text, &technology))
        check_printable(text);
    if (at_parse_name(line, "+CGMI:", text, 10)) {
        check_printable(text);
        assert(strlen(text) < 10);
    }
    assert(at_quirks_find(line, line));
    free(line);
    return 0;
}
