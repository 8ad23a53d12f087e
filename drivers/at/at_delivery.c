/* at_delivery: how messages and reports shall come. Stored, with a notice, so that they outlive a
 * crash of ours and need no AT+CNMA: whoever owes one and misses it is deafened by the modem
 * without a word (mt and ds become 0). Reports come directly where the modem can. The memory is the
 * modem's own where it has one: a SIM is slow and holds 10 to 50. */
#include <stdio.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"

/* --- the memory --- */

enum { MEMORY_TRIES = 2 };
static const enum at_memory memory_order[MEMORY_TRIES] = {AT_MEMORY_ME, AT_MEMORY_SM};

static bool learn_offer(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_cpms_offer(line, l->receive.offered);
}

static enum at_memory memory_tried(const struct at_link *l)
{
    return memory_order[l->receive.preference];
}

/* A memory that the modem does not offer is not asked for, unless it has told nothing at all. */
static bool memory_is_wanted(const struct at_link *l)
{
    unsigned offered = l->receive.offered[0];
    return l->receive.home == AT_MEMORY_SELECTED &&
           (offered == 0 || (offered >> memory_tried(l) & 1));
}

static const char *ask_memory(struct at_link *l, unsigned preference, bool all)
{
    l->receive.preference = preference;
    if (!memory_is_wanted(l))
        return NULL;
    const char *name = at_memory_name(memory_tried(l));
    if (all)
        (void)snprintf(l->room, sizeof l->room, "AT+CPMS=\"%s\",\"%s\",\"%s\"", name, name, name);
    else
        (void)snprintf(l->room, sizeof l->room, "AT+CPMS=\"%s\"", name);
    return l->room;
}

static const char *ask_memory_1(void *arg)
{
    return ask_memory(arg, 0, true);
}

static const char *ask_memory_1_only(void *arg)
{
    return ask_memory(arg, 0, false);
}

static const char *ask_memory_2(void *arg)
{
    return ask_memory(arg, 1, true);
}

static const char *ask_memory_2_only(void *arg)
{
    return ask_memory(arg, 1, false);
}

/* A memory without slots is none: some modems offer "ME" and have no flash for it. */
static bool learn_memory(void *arg, const char *line)
{
    struct at_link *l = arg;
    struct at_room room;
    if (!at_parse_cpms(line, &room))
        return false;
    if (room.total != 0) {
        l->receive.home = l->receive.selected = memory_tried(l);
        l->receive.used = room.used;
        l->receive.total = room.total;
    }
    return true;
}

/* --- the notices --- */

/* Modes, memory notices and reports in the order of what is known to work: 2,1,0,1,0 by the book;
 * Qualcomm chips say that they know <ds> 1 or <mode> 2 and refuse them; Cinterion wants <bm> 0; the
 * last one is for modems that can only hand messages over. */
static const uint8_t cnmi_rows[][5] = {
    {2, 1, 0, 1, 0}, {1, 1, 0, 1, 0}, {2, 1, 2, 1, 0}, {2, 1, 0, 2, 0}, {1, 1, 0, 2, 0},
    {2, 1, 2, 2, 0}, {2, 1, 0, 1, 1}, {2, 1, 0, 0, 0}, {1, 1, 0, 0, 0}, {1, 2, 0, 0, 0},
};
/* The same for modems whose reports are to be stored (quirks). */
static const uint8_t cnmi_rows_stored[][5] = {
    {2, 1, 0, 2, 0}, {1, 1, 0, 2, 0}, {2, 1, 2, 2, 0}, {2, 1, 0, 1, 0}, {1, 1, 0, 1, 0},
    {2, 1, 2, 1, 0}, {2, 1, 0, 2, 1}, {2, 1, 0, 0, 0}, {1, 1, 0, 0, 0}, {1, 2, 0, 0, 0},
};
enum { CNMI_ROWS = sizeof cnmi_rows / sizeof *cnmi_rows };
_Static_assert(sizeof cnmi_rows == sizeof cnmi_rows_stored, "the script tries as many of each");

static bool learn_cnmi_offer(void *arg, const char *line)
{
    struct at_link *l = arg;
    return at_parse_cnmi_offer(line, l->receive.cnmi_offer);
}

static bool is_offered(const struct at_link *l, const uint8_t row[5])
{
    for (unsigned i = 0; i < 5; i++)
        if (l->receive.cnmi_offer[i] && !(l->receive.cnmi_offer[i] >> row[i] & 1))
            return false;
    return true;
}

/* First the rows that the modem offers, then, since some lie, the others. */
static void cnmi_take_row(struct at_link *l, unsigned nth)
{
    const uint8_t(*rows)[5] = l->quirks->reports_stored ? cnmi_rows_stored : cnmi_rows;
    for (int offered = 1; offered >= 0; offered--)
        for (unsigned i = 0; i < CNMI_ROWS; i++)
            if (is_offered(l, rows[i]) == offered && nth-- == 0) {
                for (unsigned k = 0; k < 5; k++)
                    l->receive.cnmi[k] = rows[i][k];
                return;
            }
}

void at_delivery_cnmi(const struct at_link *l, char *text)
{
    const int *cnmi = l->receive.cnmi;
    (void)snprintf(text, AT_COMMAND_MAX + 1, "AT+CNMI=%d,%d,%d,%d,%d", cnmi[0], cnmi[1], cnmi[2],
                   cnmi[3], cnmi[4]);
}

static const char *ask_cnmi(void *arg)
{
    struct at_link *l = arg;
    l->receive.cnmi_set = true; /* until an error says otherwise */
    cnmi_take_row(l, l->receive.preference);
    at_delivery_cnmi(l, l->room);
    return l->room;
}

static void cnmi_refused(void *arg, const struct at_final *final)
{
    struct at_link *l = arg;
    (void) final;
    l->receive.cnmi_set = false;
    l->receive.preference++;
}

static const char *ask_rows_start(void *arg)
{
    struct at_link *l = arg;
    l->receive.preference = 0;
    return NULL;
}

bool at_delivery_is_kept(const struct at_link *l, const char *line)
{
    int now[5];
    if (!at_parse_cnmi(line, now))
        return true;
    /* <mode> 0 keeps everything in the modem until it is asked. Another value than the chosen one
     * is the modem's own way; what it says so is heard all the same. */
    static const unsigned told[] = {0, 1, 3};
    for (unsigned i = 0; i < sizeof told / sizeof *told; i++)
        if (now[told[i]] == 0 && l->receive.cnmi[told[i]] != 0)
            return false;
    return true;
}

/* --- the script --- */

static const struct at_step steps[] = {
    {.command = "AT+CPMS=?",
     .prefix = {"+CPMS:"},
     .line = learn_offer,
     .timeout_ms = 10000,
     .tries = 5,
     .retry_ms = 2000}, /* the SIM is still being read: +CMS ERROR: 314 */
    {.make = ask_memory_1, .prefix = {"+CPMS:"}, .line = learn_memory, .timeout_ms = 10000},
    {.make = ask_memory_1_only, .prefix = {"+CPMS:"}, .line = learn_memory, .timeout_ms = 10000},
    {.make = ask_memory_2, .prefix = {"+CPMS:"}, .line = learn_memory, .timeout_ms = 10000},
    {.make = ask_memory_2_only, .prefix = {"+CPMS:"}, .line = learn_memory, .timeout_ms = 10000},
    {.command = "AT+CSMS=0", .prefix = {"+CSMS:"}, .timeout_ms = 5000},
    {.command = "AT+CNMI=?", .prefix = {"+CNMI:"}, .line = learn_cnmi_offer, .timeout_ms = 5000},
    {.make = ask_rows_start},
    {.make = ask_cnmi, .error = cnmi_refused, .timeout_ms = 5000, .tries = CNMI_ROWS},
    {0},
};

void at_delivery_choose(struct at_link *l, void (*done)(void *arg, enum at_script_end end))
{
    struct at_receiving *r = &l->receive;
    memset(r->offered, 0, sizeof r->offered);
    memset(r->cnmi_offer, 0, sizeof r->cnmi_offer);
    r->home = r->selected = AT_MEMORY_SELECTED;
    r->which = AT_WHICH_KNOWN;
    r->used = r->total = -1;
    r->cnmi_set = r->cnmi_changed = false;
    at_script_run(&l->script, steps, done);
}
