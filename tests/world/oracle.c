/* oracle: what must hold, in words and in code.
 *
 * 1. Accepted is never lost: when all has calmed down every accepted message has ended, and how it
 *    ended is true. Sent means that the network took every part; failed, expired and cancelled that
 *    it took none (but for parts of an unfinished one, which is said).
 * 2. At most one copy: the network takes each part once; twice only where the caller chose
 *    `resend`, and then only after an UNKNOWN, once.
 * 3. Nothing leaves late: no body is handed to a modem after the message's expires_at.
 * 4. One command on the wire: no modem ever saw a second command while one was pending.
 * 5. Class, then deadline: a claim takes nothing while something more urgent is due for that modem.
 * 6. Nobody idles: at a quiet moment no ready modem is free while something is due for it; also
 *    what avoids its SIM, where all others have been at something for BUSY_MOST_MS.
 * 7. The book is right: the counters that answer "in time?" agree with the disk.
 * 8. Nothing is promised before it is synced: no answer to a client, no body.
 * 9. What is written to a modem stands in the inbox, once.
 * 10. The storage of a modem that could be read is not full for longer than one sweep without
 *     anything being taken out of it (what the network has held back comes in at once).
 * 11. A follower misses nothing: each event names the one before it, and that is the one it saw,
 *     however slowly it reads, and over cuts and crashes.
 * 12. The log is bounded: no virtual minute has more lines than LINES_AT_ALL (clients, the disk,
 *     starts), LINES_A_MODEM for each modem, LINES_A_MESSAGE for each message that went or came.
 * 13. A report that lies in a modem's memory is read: what it is of is delivered, whatever became
 * of the submit.
 * 14. All comes back: a quarter of an hour after all has calmed down every modem is ready.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attempt.h"
#include "choose.h"
#include "gateway_inside.h"
#include "serve.h"
#include "text.h"
#include "vfs_shim.h"
#include "world.h"

enum {
    PARTS = SMS_PARTS_MAX,
    LIST = 512,
    LINES_AT_ALL = 100,
    LINES_A_MODEM = 40,
    LINES_A_MESSAGE = 12,
    BUSY_MOST_MS = 60 * 1000, /* far more than a submit takes on the mean */
    FULL_MOST_MS =
        60000 + 120000 + 10000, /* one keepalive, behind an answer that never comes and its fence */
};

struct entry {
    bool accepted, cancelled;
    bool reported; /* a modem has stored its report */
    char id[40];
    bool resend;
    int ttl_s, class_, parts;
    int64_t asked_ms;      /* for the last time */
    uint8_t bodies[PARTS]; /* Ctrl-Zs that a modem got */
    uint8_t taken[PARTS];  /* times the network took it */
};
/* Which part of which entry a submit of the simulated network carries. */
struct carried {
    unsigned entry, part;
};
struct oracle {
    struct world *world;
    struct carried *carried; /* by the submit's id */
    uint64_t carried_room;
    struct entry *entry;
    unsigned count, room;
    unsigned written;                    /* messages to modems */
    unsigned reported;                   /* messages whose report was stored in a modem */
    unsigned followed;                   /* events that the follower got */
    int64_t minute;                      /* of the log */
    unsigned lines, most_lines, traffic; /* lines; messages in and out */
    unsigned broken;
};
static struct oracle *current; /* for the wrapped claim: one world at a time */

static void broken(struct oracle *oracle, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void broken(struct oracle *oracle, const char *format, ...)
{
    va_list args;

    if (oracle->broken++ < 20) {
        printf("seed %llu at %lld ms: ", (unsigned long long)oracle->world->options.seed,
               (long long)loop_now_ms(oracle->world->loop));
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
    }
}

struct oracle *oracle_new(struct world *world)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);

    oracle->world = world;
    current = oracle;
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    current = NULL;
    free(oracle->entry);
    free(oracle->carried);
    free(oracle);
}

unsigned oracle_broken(const struct oracle *oracle)
{
    return oracle->broken;
}

/* --- the book --------------------------------------------------------------------------------- */

unsigned oracle_wish(struct oracle *oracle, const struct oracle_wish *wish)
{
    if (oracle->count == oracle->room) {
        oracle->room = oracle->room ? oracle->room * 2 : 1024;
        oracle->entry = realloc(oracle->entry, oracle->room * sizeof *oracle->entry);
    }
    struct entry *entry = &oracle->entry[oracle->count];
    memset(entry, 0, sizeof *entry);
    entry->resend = wish->resend;
    entry->ttl_s = wish->ttl_s;
    entry->class_ = wish->class_;
    entry->asked_ms = loop_now_ms(oracle->world->loop);
    return oracle->count++;
}

void oracle_number(unsigned entry, char out[16])
{
    snprintf(out, 16, "090%07u", entry);
}

static struct entry *entry_of_number(struct oracle *oracle, const char *number)
{
    if (strncmp(number, "+8490", 5) != 0)
        return NULL;
    unsigned at = (unsigned)strtoul(number + 5, NULL, 10);
    return at < oracle->count ? &oracle->entry[at] : NULL;
}

void oracle_asked_again(struct oracle *oracle, unsigned entry)
{
    oracle->entry[entry].asked_ms = loop_now_ms(oracle->world->loop);
}

void oracle_accepted(struct oracle *oracle, unsigned at, const char *id, int parts)
{
    struct entry *entry = &oracle->entry[at];

    entry->accepted = true;
    entry->parts = parts;
    text_copy(entry->id, sizeof entry->id, id);
}

void oracle_cancelled(struct oracle *oracle, unsigned entry)
{
    oracle->entry[entry].cancelled = true;
}

void oracle_followed(struct oracle *oracle, int64_t seq, int64_t prev_seq, int64_t seen_seq)
{
    if (oracle->world->options.breach == BREACH_MISSED && ++oracle->followed % 20 == 0)
        seen_seq--;
    if (prev_seq != seen_seq || seq <= seen_seq)
        broken(oracle, "11: after event %lld came %lld, which says that %lld is before it",
               (long long)seen_seq, (long long)seq, (long long)prev_seq);
}

static unsigned lines_most(const struct oracle *oracle)
{
    const struct world_options *options = &oracle->world->options;

    if (options->breach == BREACH_LOG)
        return 20;
    return LINES_AT_ALL + LINES_A_MODEM * (unsigned)options->modems +
           LINES_A_MESSAGE * oracle->traffic;
}

void oracle_logged(struct oracle *oracle)
{
    int64_t minute = oracle->world->loop ? loop_now_ms(oracle->world->loop) / 60000 : 0;

    if (minute != oracle->minute)
        oracle->lines = oracle->traffic = 0;
    oracle->minute = minute;
    if (oracle->lines == lines_most(oracle))
        broken(oracle, "12: over %u lines of log in a minute", oracle->lines);
    if (++oracle->lines > oracle->most_lines)
        oracle->most_lines = oracle->lines;
}

unsigned oracle_most_lines(const struct oracle *oracle)
{
    return oracle->most_lines;
}

void oracle_written(struct oracle *oracle, char text[40])
{
    snprintf(text, 40, "TTTB %u", oracle->written++);
}

/* --- 2, 3, 4: what the simulated world saw -------------------------------------------------------
 */

static void carry(struct oracle *oracle, uint64_t id, unsigned entry, unsigned part)
{
    if (id >= oracle->carried_room) {
        oracle->carried_room = id * 2 + 1024;
        oracle->carried = realloc(oracle->carried, oracle->carried_room * sizeof *oracle->carried);
    }
    oracle->carried[id] = (struct carried){entry, part};
}

void oracle_promised(struct oracle *oracle, const char *what)
{
    /* what a COMMIT that failed has left behind is promised to nobody */
    if (vfs_shim_unsynced() && !oracle->world->disk_hurt)
        broken(oracle, "8: %s before what was written is synced", what);
}

/* A modem got the body and its Ctrl-Z. */
static void on_body(struct oracle *oracle, struct entry *entry, const struct sim_event *event)
{
    oracle_promised(oracle, "a body left");
    unsigned part = event->submit->parts > 1 ? event->submit->part - 1u : 0;
    int64_t limit_ms = entry->asked_ms + entry->ttl_s * INT64_C(1000);

    if (oracle->world->options.breach == BREACH_LATE)
        limit_ms -= entry->ttl_s * INT64_C(900);
    if (event->at_ms > limit_ms)
        broken(oracle, "3: the body of entry %d left at %lld, its deadline was %lld",
               (int)(entry - oracle->entry), (long long)event->at_ms, (long long)limit_ms);
    if (part < PARTS)
        entry->bodies[part]++;
    carry(oracle, event->id, (unsigned)(entry - oracle->entry), part);
}

/* The service centre has it: it was sent, whatever the modem will say. */
static void on_taken(struct oracle *oracle, const struct sim_event *event)
{
    if (event->id >= oracle->carried_room)
        return;
    const struct carried *carried = &oracle->carried[event->id];
    struct entry *entry = &oracle->entry[carried->entry];
    int most = entry->resend && oracle->world->options.breach != BREACH_TWICE ? 2 : 1;

    if (++entry->taken[carried->part] > most)
        broken(oracle, "2: part %u of entry %u was taken %d times (%s)", carried->part,
               carried->entry, entry->taken[carried->part], entry->resend ? "resend" : "report");
}

void oracle_sim_event(void *arg, const struct sim_event *event)
{
    struct oracle *oracle = arg;
    struct entry *entry = NULL;

    if (oracle->world->options.trace)
        printf("%9lld m%d %-12s %s %s\n", (long long)event->at_ms, event->modem,
               sim_event_name(event->kind), event->line ? event->line : "",
               event->number ? event->number : "");
    oracle->traffic += event->kind == SIM_EVENT_PDU || event->kind == SIM_EVENT_DELETED;
    if (event->kind == SIM_EVENT_VIOLATION)
        broken(oracle, "4: modem %d saw a violation: %s (%s)", event->modem,
               event->text ? event->text : "", event->line ? event->line : "");
    if (event->kind == SIM_EVENT_PDU && (entry = entry_of_number(oracle, event->submit->to)))
        on_body(oracle, entry, event);
    if (event->kind == SIM_EVENT_ACCEPTED)
        on_taken(oracle, event);
    if (event->kind == SIM_EVENT_REPORT &&
        (event->value >= 0 || oracle->world->options.breach == BREACH_REPORT) &&
        (entry = entry_of_number(oracle, event->number)))
        entry->reported = true;
    if (event->kind == SIM_EVENT_DELETED)
        oracle->world->stick[event->modem].at->full_since_ms = 0; /* there was room */
}

/* --- 5: each claim is looked at before it is made
 * --------------------------------------------------- */

static bool more_urgent(const struct message *a, const struct message *b)
{
    return a->class_ != b->class_ ? a->class_ < b->class_ : a->expires_ms < b->expires_ms;
}

static bool is_for(const struct message *message, const struct modem *modem)
{
    char by_name[MODEM_NAME_MAX + 8], by_sim[MODEM_NAME_MAX + 8];

    if (message->wait_until_ms > 0 || message->state != MESSAGE_QUEUED)
        return false;
    if (!message->pin[0] && strcmp(message->avoid, modem->link->identity.iccid) == 0)
        return false;
    snprintf(by_name, sizeof by_name, "modem:%s", modem->config.name);
    snprintf(by_sim, sizeof by_sim, "sim:%s", modem->link->identity.iccid);
    return !message->pin[0] || strcmp(message->pin, by_name) == 0 ||
           strcmp(message->pin, by_sim) == 0;
}

int __real_attempt_claim(struct modem *modem, struct message *message);
int __wrap_attempt_claim(struct modem *modem, struct message *message);
int __wrap_attempt_claim(struct modem *modem, struct message *message)
{
    static struct message list[LIST];
    struct store *store = modem->fleet->store;
    bool inverted = current && current->world->options.breach == BREACH_ORDER;
    const struct message_filter queued = {UINT32_MAX, MESSAGE_QUEUED, -1};
    int64_t cursor = 0;
    int count = store_message_list(store, &queued, &cursor, list, LIST);

    for (int i = 0; current && i < count; i++) {
        if (is_for(&list[i], modem) &&
            (inverted ? more_urgent(message, &list[i]) : more_urgent(&list[i], message)))
            broken(current, "5: %s took row %lld though row %lld is more urgent",
                   modem->config.name, (long long)message->row, (long long)list[i].row);
        message_clear(&list[i]);
    }
    return __real_attempt_claim(modem, message);
}

/* No other may soon take what avoids this one's SIM. */
static bool others_hang(const struct fleet *fleet, const struct modem *modem)
{
    int64_t now_ms = loop_now_ms(fleet->loop);

    for (struct modem *other = fleet->modems; other; other = other->next) {
        bool in_service = other->state == LINK_READY || other->state == LINK_BUSY;
        bool hangs = (other->slot != SLOT_FREE || lease_holds(other)) &&
                     now_ms - other->pace.begun_ms > BUSY_MOST_MS;
        if (other != modem && in_service && !hangs)
            return false;
    }
    return true;
}

static void look_for_what_is_left(struct oracle *oracle, struct modem *modem)
{
    static struct message list[LIST];
    const struct message_filter queued = {UINT32_MAX, MESSAGE_QUEUED, -1};
    int64_t cursor = 0;
    int count = 0;

    if (others_hang(modem->fleet, modem))
        count = store_message_list(modem->fleet->store, &queued, &cursor, list, LIST);
    for (int i = 0; i < count; i++) {
        if (list[i].wait_until_ms == 0 && !list[i].pin[0] &&
            list[i].parts - list[i].parts_done <= budget_left(modem) &&
            strcmp(list[i].avoid, modem->link->identity.iccid) == 0)
            broken(oracle, "6: %s is free while row %lld is left to modems that hang",
                   modem->config.name, (long long)list[i].row);
        message_clear(&list[i]);
    }
}

/* --- 6, 7: at a quiet moment
 * ---------------------------------------------------------------------------- */

static void sum_queue(void *arg, int class_, int parts, int64_t expires_ms)
{
    (void)expires_ms;
    ((int64_t *)arg)[class_] += parts;
}

void oracle_look(struct oracle *oracle)
{
    struct gateway *gateway = oracle->world->gateway;
    int64_t queued[MESSAGE_CLASSES] = {0};

    if (!gateway || gateway->disk.failing) /* on a failing disk nothing new is claimed */
        return;
    if (store_queue_scan(gateway->store, sum_queue, queued) < 0)
        broken(oracle, "7: the queue cannot be read");
    for (struct modem *modem = gateway->fleet.modems; modem; modem = modem->next) {
        struct message message = {0};
        if (!modem_is_free(modem))
            continue;
        if (modem_due(modem, &message) > 0)
            broken(oracle, "6: %s is free while row %lld is due", modem->config.name,
                   (long long)message.row);
        message_clear(&message);
        look_for_what_is_left(oracle, modem);
    }
    for (int i = 0; i < MESSAGE_CLASSES; i++)
        if (queued[i] != gateway->admission.parts[i])
            broken(oracle, "7: %lld parts of class %d wait, %lld are counted", (long long)queued[i],
                   i, (long long)gateway->admission.parts[i]);
}

/* --- 10: at any look
 * ------------------------------------------------------------------------------------------ */

/* A modem that hangs has its time-out first, and what is not ready cannot be read. */
void oracle_look_at_storage(struct oracle *oracle)
{
    struct gateway *gateway = oracle->world->gateway;
    int64_t now_ms = loop_now_ms(oracle->world->loop);
    int64_t most_ms = oracle->world->options.breach == BREACH_FULL ? 0 : FULL_MOST_MS;
    int at = 0;

    for (struct modem *modem = gateway ? gateway->fleet.modems : NULL; modem; modem = modem->next) {
        struct world_modem *end = &oracle->world->modem[at++];
        bool could = modem->state == LINK_READY || modem->state == LINK_BUSY;
        if (!could || !simmodem_storage_full(end->modem)) {
            end->full_since_ms = 0;
            continue;
        }
        if (!end->full_since_ms)
            end->full_since_ms = now_ms;
        if (now_ms - end->full_since_ms > most_ms) {
            broken(oracle, "10: the storage of modem %d is full for %lld ms", end->index,
                   (long long)(now_ms - end->full_since_ms));
            end->full_since_ms = now_ms;
        }
    }
}

/* --- 1: in the end
 * ------------------------------------------------------------------------------------------ */

static void check_end(struct oracle *oracle, const struct entry *entry,
                      const struct message *message)
{
    int at = (int)(entry - oracle->entry);
    bool every = true, none = true;

    /* A line that strikes in the midst of +CMGS may give a text a reference that no report bears:
     * then it stays SENT. Where reports are counted nothing may. */
    bool spoiled = message->state == MESSAGE_SENT && !oracle->world->options.least;
    if (entry->reported && entry->parts == 1 && !spoiled && message->state != MESSAGE_DELIVERED)
        broken(oracle, "13: the report of entry %d was stored, and it is %s (%s)", at,
               message_state_name(message->state), message->reason);
    oracle->reported += entry->reported;
    for (int part = 0; part < entry->parts; part++) {
        every = every && entry->taken[part] > 0;
        none = none && entry->taken[part] == 0;
    }
    switch (message->state) {
    case MESSAGE_SENT:
        if (!oracle->world->options.faults)
            broken(oracle, "9: entry %d was never reported as delivered", at);
        __attribute__((fallthrough));
    case MESSAGE_DELIVERED:
    case MESSAGE_UNDELIVERED:
        if (!every)
            broken(oracle, "1: entry %d is %s, but the network has not got all of it", at,
                   message_state_name(message->state));
        break;
    case MESSAGE_FAILED:
    case MESSAGE_EXPIRED:
    case MESSAGE_CANCELLED:
        if (!none && entry->parts == 1)
            broken(oracle, "1: entry %d is %s (%s), but the network took it", at,
                   message_state_name(message->state), message->reason);
        break;
    case MESSAGE_UNKNOWN:
        break;
    case MESSAGE_QUEUED:
    case MESSAGE_CLAIMED:
    case MESSAGE_SENDING:
        broken(oracle, "1: entry %d has not ended, it is %s", at,
               message_state_name(message->state));
        break;
    }
    for (int part = 0; part < entry->parts; part++)
        if (entry->taken[part] > 1 && message->resends == 0)
            broken(oracle, "2: part %d of entry %d left twice without an UNKNOWN", part, at);
}

/* --- 14: some time after the trouble -----------------------------------------------------------
 */

void oracle_look_at_modems(struct oracle *oracle)
{
    for (struct modem *modem = oracle->world->gateway->fleet.modems; modem; modem = modem->next)
        if (modem->state != LINK_READY && modem->state != LINK_BUSY)
            broken(oracle, "14: %s is still %s (%s)", modem->config.name,
                   link_state_name(modem->state), modem->why);
}

/* --- 9: the inbox ------------------------------------------------------------------------------
 */

static void check_inbox(struct oracle *oracle)
{
    static struct inbox page[64];
    uint8_t *seen = calloc(1, oracle->written + 1);
    int64_t cursor = 0;
    int count;
    unsigned at;

    while ((count = store_inbox_list(oracle->world->store, cursor, page, 64)) > 0) {
        for (int i = 0; i < count; i++) {
            cursor = page[i].row;
            if (sscanf(page[i].text, "TTTB %u", &at) != 1 || at >= oracle->written)
                broken(oracle, "9: the inbox holds what nobody wrote: %s", page[i].text);
            else if (seen[at]++)
                broken(oracle, "9: message %u stands twice in the inbox", at);
            inbox_clear(&page[i]);
        }
    }
    for (at = 0; at < oracle->written; at++)
        if (!seen[at])
            broken(oracle, "9: message %u never came to the inbox", at);
    free(seen);
}

void oracle_drained(struct oracle *oracle)
{
    unsigned least = oracle->world->options.least;

    check_inbox(oracle);
    for (unsigned i = 0; i < oracle->count; i++) {
        const struct entry *entry = &oracle->entry[i];
        struct message message = {0};
        uint8_t id[16];
        if (!entry->accepted)
            continue;
        if (!message_id_parse(entry->id, id) ||
            store_message_by_id(oracle->world->store, id, &message) != 1 ||
            (oracle->world->options.breach == BREACH_LOST && i == 3)) {
            broken(oracle, "1: entry %u (%s) was accepted and is lost", i, entry->id);
        } else {
            check_end(oracle, entry, &message);
        }
        message_clear(&message);
    }
    if (oracle->written < least || oracle->reported < least)
        broken(oracle, "13: %u messages and %u reports came back, %u of each were to come",
               oracle->written, oracle->reported, least);
}
