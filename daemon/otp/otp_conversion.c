#include "otp_conversion.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "log.h"
#include "otp_internal.h"
#include "otp_limits.h"
#include "text.h"

enum {
    HOUR_MS = 3600 * 1000,
    SLOT_UNUSED = 100,
    SLOTS = 40, /* of time: each a quarter longer than the one before, from 1 s to two hours */
    HOURS_SHOWN = 24,
};
static const double SLOT_GROWTH = 1.25;

/* --- counting --------------------------------------------------------------------------------- */

static int slot_of(int64_t took_ms)
{
    double seconds = (double)took_ms / 1000.0;
    int slot = seconds > 1 ? (int)(log(seconds) / log(SLOT_GROWTH)) + 1 : 0;

    return slot < SLOTS ? slot : SLOTS - 1;
}

/* The middle of a slot. */
static int slot_seconds(int slot)
{
    return slot == 0 ? 1 : (int)lround(pow(SLOT_GROWTH, slot - 0.5));
}

int conversion_count(struct otp *otp, const struct message *message, bool used,
                     int64_t since_wall_ms)
{
    int64_t wall_ms = loop_wall_ms(otp->loop);
    int64_t hour = wall_ms / HOUR_MS;
    int slot = used ? slot_of(wall_ms - since_wall_ms) : SLOT_UNUSED;
    char prefix[LIMITS_PREFIX], when[24];

    limits_prefix(message->to, prefix);
    snprintf(when, sizeof when, "%lld", (long long)hour);
    const char *const names[CONVERSION_KINDS] = {
        [CONVERSION_MODEM] = message->modem[0] ? message->modem : "unknown",
        [CONVERSION_PREFIX] = prefix[0] ? prefix : "unknown",
        [CONVERSION_HOUR] = when,
    };
    for (int kind = 0; kind < CONVERSION_KINDS; kind++) {
        int rc = store_tally_add(otp->store, hour, kind, names[kind], slot);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct table {
    struct conversion_row *rows;
    int64_t slots[CONVERSION_ROWS][SLOTS];
    int count;
};

static int table_row(struct table *table, const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return i;
    if (table->count == CONVERSION_ROWS)
        return CONVERSION_ROWS - 1; /* that one is "other" by now */
    bool last = table->count == CONVERSION_ROWS - 1;
    struct conversion_row *row = &table->rows[table->count];
    *row = (struct conversion_row){.median_s = -1};
    text_copy(row->name, sizeof row->name, last ? "other" : name);
    return table->count++;
}

static void table_take(void *arg, const char *name, int slot, int64_t count)
{
    struct table *table = arg;
    int i = table_row(table, name);

    table->rows[i].accepted += count;
    if (slot < 0 || slot >= SLOTS)
        return;
    table->rows[i].used += count;
    table->slots[i][slot] += count;
}

static int median_of(const int64_t slots[SLOTS], int64_t used)
{
    int64_t below = 0;

    for (int slot = 0; slot < SLOTS; slot++) {
        below += slots[slot];
        if (used > 0 && 2 * below >= used)
            return slot_seconds(slot);
    }
    return -1;
}

int conversion_read(const struct otp *otp, enum conversion_kind kind, int hours,
                    struct conversion_row rows[CONVERSION_ROWS])
{
    static struct table table; /* one thread; large for a stack */
    int64_t since = loop_wall_ms(otp->loop) / HOUR_MS - hours + 1;

    memset(&table, 0, sizeof table);
    table.rows = rows;
    int rc = store_tally_read(otp->store, since, (int)kind, table_take, &table);
    if (rc < 0)
        return rc;
    for (int i = 0; i < table.count; i++)
        rows[i].median_s = median_of(table.slots[i], rows[i].used);
    return table.count;
}
