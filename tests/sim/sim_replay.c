/* sim_replay: see sim_replay.h. */
#include "sim_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_pdu.h"
#include "sim_replay_pdu.h"

enum { ESC = 0x1b, CTRL_Z = 0x1a, AHEAD = 12, LINE_ROOM = 1200, SPOKEN_ROOM = 1024 };

struct entry {
    int64_t at_ms;
    char way;
    char *text;
};

struct sim_replay {
    struct sim_clock *clock;
    struct sim_replay_host host;
    void *ctx;
    struct entry *entry;
    size_t count, at; /* `at`: the next that was not played */
    int64_t shift_ms; /* from the trace's time to the clock's */
    struct sim_timer timer;
    char line[LINE_ROOM];
    size_t len;
    bool body;                     /* the prompt is ours: what comes is a body */
    char to[SIM_NUMBER];           /* of the last body of the host */
    char sent_to[256][SIM_NUMBER]; /* by the reference that was said to it */
};

/* --- reading --- */

static bool entry_read(struct sim_replay *replay, const char *line, size_t len)
{
    long long seconds, nanos;
    char way;
    int used = 0;
    char head[64];
    snprintf(head, sizeof head, "%.*s", (int)(len < 60 ? len : 60), line);
    if (sscanf(head, "%12lld.%9lld %c %n", &seconds, &nanos, &way, &used) != 3 || !used ||
        seconds < 0 || nanos < 0 || !strchr("<>=", way) || (size_t)used > len)
        return false;
    struct entry *entry = &replay->entry[replay->count++];
    entry->at_ms = seconds * 1000 + nanos / 1000000;
    entry->way = way;
    entry->text = strndup(line + used, len - (size_t)used);
    return entry->text != NULL;
}

static void replay_play(void *arg);

struct sim_replay *sim_replay_new(struct sim_clock *clock, const char *text, size_t len,
                                  const struct sim_replay_host *host, void *ctx, unsigned *wrong)
{
    struct sim_replay *replay = sim_alloc(sizeof *replay);
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    replay->clock = clock;
    replay->host = *host;
    replay->ctx = ctx;
    replay->entry = sim_alloc(lines * sizeof *replay->entry);
    sim_timer_init(&replay->timer, clock, replay_play, replay);
    *wrong = 0;
    for (size_t i = 0, number = 1; i < len; number++) {
        size_t end = i;
        while (end < len && text[end] != '\n')
            end++;
        if (end > i && text[i] != '#' && !entry_read(replay, text + i, end - i)) {
            *wrong = (unsigned)number;
            sim_replay_free(replay);
            return NULL;
        }
        i = end + 1;
    }
    if (replay->count > 0)
        return replay;
    sim_replay_free(replay);
    return NULL;
}

void sim_replay_free(struct sim_replay *replay)
{
    sim_timer_cancel(&replay->timer);
    for (size_t i = 0; i < replay->count; i++)
        free(replay->entry[i].text);
    free(replay->entry);
    free(replay);
}

/* --- what was left out --- */

/* "<kind:n>" at `at`: its length in the text, 0: there is none. */
static size_t token_at(const char *at, char kind[12], size_t *length)
{
    unsigned long number;
    int used = 0;
    if (sscanf(at, "<%11[a-z]:%5lu>%n", kind, &number, &used) != 2 || !used || number > 1000)
        return 0;
    *length = number;
    return (size_t)used;
}

/* What such a field might have been: numbers that a host takes for such. */
static char filler(const char *kind, size_t i)
{
    static const struct {
        const char *kind, *head;
        char rest;
    } rows[] = {{"iccid", "8984", '0'}, {"imsi", "45204", '0'}, {"imei", "35", '0'},
                {"phone", "+84", '9'},  {"digits", "", '0'},    {"hex", "", 'A'},
                {"pdu", "", '0'},       {"pin", "", '1'},       {"code", "", '1'}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (!strcmp(rows[k].kind, kind)) {
            if (i < strlen(rows[k].head))
                return rows[k].head[i];
            return rows[k].rest;
        }
    return 'x';
}

static size_t spoken(const char *text, char *out)
{
    char kind[12];
    size_t at = 0, length, used;
    while (*text && at + 1 < SPOKEN_ROOM) {
        used = token_at(text, kind, &length);
        for (size_t i = 0; used && i < length && at + 1 < SPOKEN_ROOM; i++)
            out[at++] = filler(kind, i);
        if (used)
            text += used;
        else
            out[at++] = *text++;
    }
    return at;
}

/* Whether the host's line is the recorded one, with anything of the right length in the gaps. */
static bool fits(const char *recorded, const char *line)
{
    char kind[12];
    size_t length;
    while (*recorded) {
        size_t used = token_at(recorded, kind, &length);
        if (used && strnlen(line, length) < length)
            return false;
        if (!used && *recorded != *line)
            return false;
        recorded += used ? used : 1;
        line += used ? length : 1;
    }
    return *line == 0;
}

/* --- what came in --- */

/* The line of this way before entry `i` that begins so: what stands behind it, or NULL where
 * another line of that way is nearer. */
static const char *before(const struct sim_replay *replay, size_t i, char way, const char *prefix)
{
    while (i-- > 0) {
        const struct entry *entry = &replay->entry[i];
        if (entry->way == way)
            return strncmp(entry->text, prefix, strlen(prefix)) ? NULL
                                                                : entry->text + strlen(prefix);
    }
    return NULL;
}

/* Where it was read; -1: it came directly. */
static int place_of(const struct sim_replay *replay, size_t i)
{
    const char *listed = before(replay, i, '<', "+CMGL:");
    const char *asked =
        before(replay, i, '<', "+CMGR:") ? before(replay, i, '>', "AT+CMGR=") : NULL;
    int place = -1;
    if (listed || asked)
        (void)sscanf(listed ? listed : asked, " %5d", &place);
    return place;
}

/* Read twice it is the same message, until its place was cleared. */
static unsigned seed_of(const struct sim_replay *replay, size_t i)
{
    int place = place_of(replay, i), cleared;
    unsigned seed = 0;
    if (place < 0)
        return (unsigned)i + 1000000;
    for (size_t k = 0; k < i; k++)
        if (replay->entry[k].way == '>' &&
            sscanf(replay->entry[k].text, "AT+CMGD=%5d", &cleared) == 1 && cleared == place)
            seed++;
    return seed * 1000 + (unsigned)place % 1000;
}

/* The length that stood before it is the last number of that line. */
static int announced_of(const struct sim_replay *replay, size_t i)
{
    const char *header = before(replay, i, '<', "+C"), *last;
    int announced = 0;
    if (!header)
        return 0;
    last = strrchr(header, ',');
    last = last ? last + 1 : strchr(header, ':') ? strchr(header, ':') + 1 : "";
    return sscanf(last, " %5d", &announced) == 1 ? announced : 0;
}

static bool spoken_pdu(const struct sim_replay *replay, size_t i, char *out, size_t *len)
{
    struct sim_replay_pdu pdu;
    if (!sim_replay_pdu_read(replay->entry[i].text, &pdu))
        return false;
    pdu.announced = announced_of(replay, i);
    pdu.seed = seed_of(replay, i);
    pdu.to = replay->sent_to[pdu.reference];
    (void)sim_replay_pdu_write(&pdu, out);
    *len = pdu.digits;
    return true;
}

/* Reports will want to know to whom it went. */
static void note_body(struct sim_replay *replay)
{
    struct sim_submit submit;
    unsigned centre = 0;
    bool length_wrong;
    if (sscanf(replay->line, "%2x", &centre) == 1 && replay->len / 2 > centre + 1 &&
        !sim_pdu_submit_decode(replay->line, replay->len, (unsigned)(replay->len / 2) - centre - 1,
                               &submit, &length_wrong))
        memcpy(replay->to, submit.to, sizeof replay->to);
}

static void note_said(struct sim_replay *replay, const char *text)
{
    unsigned reference;
    if (sscanf(text, "+CMGS: %3u", &reference) == 1 && reference <= 255)
        memcpy(replay->sent_to[reference], replay->to, sizeof replay->to);
}

/* --- playing --- */

static void say(struct sim_replay *replay, size_t i)
{
    const char *text = replay->entry[i].text;
    char out[SPOKEN_ROOM + 4] = "\r\n> ";
    size_t len = 4;
    note_said(replay, text);
    replay->body = !strcmp(text, ">");
    if (!replay->body) {
        if (!spoken_pdu(replay, i, out + 2, &len))
            len = spoken(text, out + 2);
        len += 2;
        out[len++] = '\r';
        out[len++] = '\n';
    }
    replay->host.output(replay->ctx, (const uint8_t *)out, len);
}

/* Says what is due; `all`: whatever stands before the next line of the host. */
static void play(struct sim_replay *replay, bool all)
{
    int64_t now = replay->clock->now_ms;
    for (; replay->at < replay->count; replay->at++) {
        const struct entry *entry = &replay->entry[replay->at];
        if (entry->way == '>')
            return;
        if (entry->way == '=')
            continue;
        if (!all && entry->at_ms + replay->shift_ms > now) {
            sim_timer_arm(&replay->timer, entry->at_ms + replay->shift_ms);
            return;
        }
        say(replay, replay->at);
    }
}

static void replay_play(void *arg)
{
    play(arg, false);
}

/* The host's line is looked for among the next of its lines in the trace. What it asks by the way,
 * a memory or its signal, may come earlier than it did: no message is passed over for that. */
static bool heard(struct sim_replay *replay, const char *line)
{
    static const char submit[] = "AT+CMGS=";
    bool submits = !strncmp(line, submit, sizeof submit - 1);
    unsigned seen = 0;
    for (size_t i = replay->at; i < replay->count && seen < AHEAD; i++) {
        if (replay->entry[i].way != '>')
            continue;
        seen++;
        if (!fits(replay->entry[i].text, line)) {
            if (!submits && !strncmp(replay->entry[i].text, submit, sizeof submit - 1))
                return false;
            continue;
        }
        sim_timer_cancel(&replay->timer);
        play(replay, true); /* what was said before it */
        replay->at = i + 1;
        replay->shift_ms = replay->clock->now_ms - replay->entry[i].at_ms;
        replay->body = false;
        play(replay, false);
        return true;
    }
    return false;
}

static void line_end(struct sim_replay *replay, char end)
{
    char shown[LINE_ROOM + 4];
    size_t len = replay->len;
    replay->line[len] = 0;
    replay->len = 0;
    snprintf(shown, sizeof shown, "%s%s", replay->line, end == CTRL_Z ? "^Z" : "");
    if (end == CTRL_Z) {
        replay->len = len;
        note_body(replay);
        replay->len = 0;
    }
    bool empty = len == 0 && end == '\r';
    if (!empty && heard(replay, shown))
        return;
    if (end == CTRL_Z)
        replay->body = false;
    replay->line[len] = end;
    replay->host.unknown(replay->ctx, (const uint8_t *)replay->line, len + 1);
}

void sim_replay_input(struct sim_replay *replay, const void *bytes, size_t len)
{
    const char *at = bytes;
    for (size_t i = 0; i < len; i++) {
        if (at[i] == ESC) {
            replay->len = 0;
            replay->body = false;
            if (!heard(replay, "^["))
                replay->host.unknown(replay->ctx, (const uint8_t *)at + i, 1);
        } else if (at[i] == '\r' || at[i] == CTRL_Z) {
            line_end(replay, at[i]);
        } else if (replay->len + 2 < sizeof replay->line) {
            replay->line[replay->len++] = at[i];
        }
    }
}

void sim_replay_closed(struct sim_replay *replay)
{
    sim_timer_cancel(&replay->timer);
    replay->len = 0;
    replay->body = false;
    while (replay->at < replay->count && replay->entry[replay->at].way != '>')
        replay->at++;
}
