#include "otp_conversion.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "carriers.h"
#include "otp_internal.h"
#include "otp_limits.h"
#include "text.h"

enum {
    HOUR_MS = 3600 * 1000,
    SLOT_UNUSED = 100,
    SLOTS = 40, /* of time: each a quarter longer than the one before, from 1 s to two hours */
    JUDGE_MS = 60 * 1000,
    JUDGED_HOURS = 3,
    ENOUGH = 20, /* codes, for a share to say something */
};
static const double SLOT_GROWTH = 1.25;

struct judged {
    struct conversion_row starts[CONVERSION_ROWS]; /* by range of the number */
    int count;
    int64_t sent; /* messages that the network had taken */
};

struct judged *conversion_new(void)
{
    return calloc(1, sizeof(struct judged));
}

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

/* By prefix: a hint, as numbers are portable. */
static const char *carrier_of(const struct otp *otp, const char *to)
{
    const struct carrier *carrier = carriers_of_number(otp->config->carriers, to);

    return carrier ? carrier->name : "unknown";
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
        [CONVERSION_CARRIER] = carrier_of(otp, message->to),
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

int conversion_started(struct otp *otp, const char *to)
{
    char prefix[LIMITS_PREFIX];

    limits_prefix(to, prefix);
    return store_tally_add(otp->store, loop_wall_ms(otp->loop) / HOUR_MS, CONVERSION_STARTS, prefix,
                           SLOT_UNUSED);
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

int conversion_read(const struct otp *otp, int kind, int hours,
                    struct conversion_row rows[CONVERSION_ROWS])
{
    static struct table table; /* one thread; large for a stack */
    int64_t since = loop_wall_ms(otp->loop) / HOUR_MS - hours + 1;

    memset(&table, 0, sizeof table);
    table.rows = rows;
    int rc = store_tally_read(otp->store, since, kind, table_take, &table);
    if (rc < 0)
        return rc;
    for (int i = 0; i < table.count; i++)
        rows[i].median_s = median_of(table.slots[i], rows[i].used);
    return table.count;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* Raises one for each of `bad` (of `rows`), and clears those that are not among them any more, as
 * their traffic may have ended too. */
static void judge_alarms(struct otp *otp, const char *name, const struct conversion_row *rows,
                         int count, const bool *bad)
{
    struct alarm_view alarm;
    char subject[ALARM_SUBJECT_ROOM];

    for (size_t at = 0; alarm_at(gateway_alarms(otp->gateway), at, &alarm);) {
        bool stays = strcmp(alarm.name, name) != 0;
        for (int i = 0; i < count; i++)
            stays |= bad[i] && strcmp(rows[i].name, alarm.subject) == 0;
        if (stays) {
            at++;
            continue;
        }
        text_copy(subject, sizeof subject, alarm.subject);
        alarm_clear(gateway_alarms(otp->gateway), name, subject);
    }
    for (int i = 0; i < count; i++)
        if (bad[i])
            alarm_raise(gateway_alarms(otp->gateway), name, rows[i].name, NULL);
}

/* Far below: less than half of what all the others together have. */
static bool modem_is_low(const struct conversion_row *row, int64_t accepted, int64_t used)
{
    int64_t others = accepted - row->accepted, others_used = used - row->used;

    return row->accepted >= ENOUGH && others >= ENOUGH &&
           2 * row->used * others < others_used * row->accepted;
}

static void judge_modems(struct otp *otp, struct conversion_row *rows)
{
    int count = conversion_read(otp, CONVERSION_MODEM, JUDGED_HOURS, rows);
    int64_t accepted = 0, used = 0;
    bool bad[CONVERSION_ROWS];

    for (int i = 0; i < count; i++) {
        accepted += rows[i].accepted;
        used += rows[i].used;
    }
    for (int i = 0; i < count; i++)
        bad[i] = modem_is_low(&rows[i], accepted, used);
    judge_alarms(otp, "sim_conversion", rows, count, bad);
}

/* Less than three in a hundred: citizens lose a code now and then, who pumps types none. */
static bool is_pumped(int64_t asked, int64_t used)
{
    return asked >= ENOUGH && 100 * used < 3 * asked;
}

/* Its place among the rows; where none of its codes has ended yet, a new one. */
static int judge_place(struct conversion_row *rows, int *count, const char *name)
{
    for (int i = 0; i < *count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    if (*count == CONVERSION_ROWS)
        return CONVERSION_ROWS - 1;
    rows[*count] = (struct conversion_row){.median_s = -1};
    text_copy(rows[*count].name, sizeof rows[*count].name, name);
    return (*count)++;
}

/* By what has ended, and by what was started before the last look: a code takes five minutes to
 * expire, and a pump fills many hours in them. Where nothing was taken by the network meanwhile the
 * starts say nothing: then it is us. */
static void judge_prefixes(struct otp *otp, struct conversion_row *rows)
{
    struct judged *before = otp->judged;
    int count = conversion_read(otp, CONVERSION_PREFIX, JUDGED_HOURS, rows);
    struct gateway_stats stats;
    bool bad[CONVERSION_ROWS];

    gateway_stats(otp->gateway, &stats);
    count = count > 0 ? count : 0;
    for (int i = 0; i < CONVERSION_ROWS; i++)
        bad[i] = i < count && is_pumped(rows[i].accepted, rows[i].used);
    for (int i = 0; i < before->count && stats.sent > before->sent; i++) {
        int at = judge_place(rows, &count, before->starts[i].name);
        bad[at] |= is_pumped(before->starts[i].accepted, rows[at].used);
    }
    judge_alarms(otp, "sms_pumping", rows, count, bad);
    before->count = conversion_read(otp, CONVERSION_STARTS, JUDGED_HOURS, before->starts);
    before->sent = stats.sent;
}

void conversion_judge(struct otp *otp)
{
    static struct conversion_row rows[CONVERSION_ROWS]; /* one thread; large for a stack */
    int64_t now_ms = loop_now_ms(otp->loop);

    if (otp->judged_ms != 0 && now_ms - otp->judged_ms < JUDGE_MS)
        return;
    otp->judged_ms = now_ms;
    judge_modems(otp, rows);
    judge_prefixes(otp, rows);
}
