/* sim_output: what a modem says, to the byte, and the faults that strike on the way. */
#include "simmodem_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char **buffer, size_t *len, size_t *room, const char *bytes, size_t count)
{
    if (!count)
        return;
    if (*len + count > *room) {
        *room = 2 * (*len + count) + 256;
        *buffer = sim_grow(*buffer, *room);
    }
    memcpy(*buffer + *len, bytes, count);
    *len += count;
}

void sim_flush(struct simmodem *modem)
{
    if (modem->hold || !modem->out_len)
        return;
    size_t len = modem->out_len;
    modem->out_len = 0;
    modem->stats.bytes_out += len;
    if (modem->mode == SIM_PROMPT)
        modem->prompt_out = true;
    modem->host.output(modem->ctx, (const uint8_t *)modem->out, len);
}

/* --- faults --- */

static const char *const action_names[] = {
    [SIMMODEM_HANG] = "hang",       [SIMMODEM_MUTE] = "mute",   [SIMMODEM_CLOSE] = "close",
    [SIMMODEM_GARBAGE] = "garbage", [SIMMODEM_DELAY] = "delay", [SIMMODEM_SAY] = "say",
};

/* Bytes that belong to no dialogue: they neither count nor strike. */
static void emit_aside(struct simmodem *modem, const char *bytes, size_t len)
{
    if (modem->plugged && !modem->hung)
        append(&modem->out, &modem->out_len, &modem->out_room, bytes, len);
}

static void say_garbage(struct simmodem *modem, const struct simmodem_trigger *trigger)
{
    char bytes[16];
    if (trigger->len) {
        emit_aside(modem, trigger->bytes, trigger->len);
        return;
    }
    for (size_t i = 0; i < sizeof bytes; i += 8) {
        uint64_t random = simnet_random(modem->net);
        memcpy(bytes + i, &random, 8);
    }
    emit_aside(modem, bytes, sizeof bytes);
}

static void strike(struct simmodem *modem, const struct simmodem_trigger *trigger)
{
    int64_t now = simnet_now_ms(modem->net);
    modem->stats.faults++;
    sim_tell(modem, SIM_EVENT_FAULT, action_names[trigger->action], (int)trigger->byte);
    switch (trigger->action) {
    case SIMMODEM_HANG:
        modem->hung = true;
        if (trigger->ms)
            sim_timer_arm(&modem->unhang_timer, now + trigger->ms);
        break;
    case SIMMODEM_MUTE:
        modem->mute = true;
        break;
    case SIMMODEM_CLOSE:
        sim_drop_port(modem, trigger->ms);
        break;
    case SIMMODEM_GARBAGE:
        say_garbage(modem, trigger);
        break;
    case SIMMODEM_DELAY:
        sim_flush(modem);
        modem->hold = true;
        sim_timer_arm(&modem->hold_timer, now + trigger->ms);
        break;
    case SIMMODEM_SAY:
        emit_aside(modem, trigger->bytes, trigger->len);
        break;
    }
}

/* Taken out of the list before it strikes: a strike may end the dialogue. */
static void take_and_strike(struct simmodem *modem, unsigned at)
{
    struct simmodem_trigger trigger = modem->trigger[at];
    modem->triggers--;
    memmove(modem->trigger + at, modem->trigger + at + 1, (modem->triggers - at) * sizeof trigger);
    strike(modem, &trigger);
}

void sim_fire(struct simmodem *modem, enum simmodem_point point, const char *line)
{
    for (unsigned i = 0; i < modem->triggers;) {
        const struct simmodem_trigger *trigger = &modem->trigger[i];
        if (trigger->point == point && (point != SIMMODEM_AT_COMMAND ||
                                        !strncmp(line, trigger->match, strlen(trigger->match))))
            take_and_strike(modem, i);
        else
            i++;
    }
}

static void strike_bytes(struct simmodem *modem)
{
    for (unsigned i = 0; modem->dialogue && i < modem->triggers;) {
        const struct simmodem_trigger *trigger = &modem->trigger[i];
        if (trigger->point == SIMMODEM_AT_BYTE && trigger->byte == modem->dialogue_bytes)
            take_and_strike(modem, i);
        else
            i++;
    }
}

bool simmodem_trigger(struct simmodem *modem, const struct simmodem_trigger *trigger)
{
    if (trigger->point == SIMMODEM_NOW) {
        strike(modem, trigger);
        sim_leave(modem);
        return true;
    }
    if (modem->triggers == SIMMODEM_TRIGGERS)
        return false;
    modem->trigger[modem->triggers++] = *trigger;
    return true;
}

bool simmodem_say_trigger(struct simmodem *modem, enum simmodem_point point, const char *line,
                          bool raw, struct simmodem_trigger *out)
{
    const char *before = raw || sim_has(modem, SIM_HABIT_CR_ONLY) ? "" : "\r\n";
    const char *after = raw ? "" : sim_has(modem, SIM_HABIT_CR_ONLY) ? "\r" : "\r\n";
    *out = (struct simmodem_trigger){.point = point, .action = SIMMODEM_SAY};
    int len = snprintf(out->bytes, sizeof out->bytes, "%s%s%s", before, line, after);
    out->len = (size_t)len;
    return len >= 0 && (size_t)len < sizeof out->bytes;
}

void simmodem_triggers_clear(struct simmodem *modem)
{
    modem->triggers = 0;
}

void sim_dialogue_begin(struct simmodem *modem)
{
    modem->dialogue = true;
    modem->dialogue_bytes = 0;
    strike_bytes(modem);
}

void sim_dialogue_end(struct simmodem *modem)
{
    if (!modem->dialogue)
        return;
    modem->dialogue = false;
    for (unsigned i = 0; i < modem->triggers;) {
        const struct simmodem_trigger *trigger = &modem->trigger[i];
        if (trigger->point != SIMMODEM_AT_BYTE) {
            i++;
            continue;
        }
        modem->stats.missed++;
        sim_tell(modem, SIM_EVENT_MISSED, action_names[trigger->action], (int)trigger->byte);
        modem->triggers--;
        memmove(modem->trigger + i, modem->trigger + i + 1,
                (modem->triggers - i) * sizeof *trigger);
    }
}

/* --- words --- */

/* How many bytes may go out before a byte trigger strikes. */
static size_t until_strike(const struct simmodem *modem, size_t len)
{
    for (unsigned i = 0; i < modem->triggers; i++) {
        const struct simmodem_trigger *trigger = &modem->trigger[i];
        if (trigger->point == SIMMODEM_AT_BYTE && trigger->byte > modem->dialogue_bytes &&
            trigger->byte - modem->dialogue_bytes < len)
            len = trigger->byte - modem->dialogue_bytes;
    }
    return len;
}

void sim_emit(struct simmodem *modem, const char *bytes, size_t len)
{
    while (len) {
        if (!modem->plugged || modem->hung || modem->mute)
            return;
        if (!modem->dialogue) {
            append(&modem->out, &modem->out_len, &modem->out_room, bytes, len);
            return;
        }
        size_t now = until_strike(modem, len);
        append(&modem->out, &modem->out_len, &modem->out_room, bytes, now);
        modem->dialogue_bytes += (unsigned)now;
        bytes += now;
        len -= now;
        strike_bytes(modem);
    }
}

void sim_unhold(void *arg)
{
    struct simmodem *modem = arg;
    modem->hold = false;
    sim_leave(modem);
}

/* A line with what this modem, in this mode, puts around it. */
static size_t dress(const struct simmodem *modem, char *out, size_t room, const char *format,
                    va_list args) __attribute__((format(printf, 4, 0)));
static size_t dress(const struct simmodem *modem, char *out, size_t room, const char *format,
                    va_list args)
{
    bool head = modem->settings.verbose && !sim_has(modem, SIM_HABIT_CR_ONLY);
    size_t at = 0;
    if (head) {
        out[at++] = '\r';
        out[at++] = '\n';
    }
    int len = vsnprintf(out + at, room - at - 2, format, args);
    if (len < 0)
        len = 0;
    at += (size_t)len < room - at - 2 ? (size_t)len : room - at - 3;
    out[at++] = '\r';
    if (!sim_has(modem, SIM_HABIT_CR_ONLY))
        out[at++] = '\n';
    return at;
}

void simmodem_port_set(struct simmodem *modem, int port)
{
    modem->port = port;
}

void simmodem_beside_set(struct simmodem *modem, simmodem_beside_fn *fn)
{
    modem->beside = fn;
}

void simmodem_habits_set(struct simmodem *modem, unsigned habits, bool on)
{
    modem->habits = on ? modem->habits | habits : modem->habits & ~habits;
    modem->habit_turn = 0;
    if (!on && (habits & SIM_HABIT_STORAGE_FULL))
        simnet_station_ready(&modem->station);
    sim_leave(modem);
}

unsigned simmodem_habits(const struct simmodem *modem)
{
    return modem->habits;
}

enum { HABIT_EVERY = 3, OK_LOST_EVERY = 7 };

void sim_say(struct simmodem *modem, const char *format, ...)
{
    static const char cut[] = "\r\n^RSSI:1";
    char line[SIMMODEM_BYTES];
    va_list args;
    va_start(args, format);
    size_t len = dress(modem, line, sizeof line, format, args);
    va_end(args);
    size_t head = len > 2 && line[0] == '\r' ? 2 : 0;
    if (sim_has(modem, SIM_HABIT_GLUES) && line[head] == '+' &&
        ++modem->habit_turn % HABIT_EVERY == 0) {
        sim_emit(modem, cut, sizeof cut - 1);
        sim_emit(modem, line + head, len - head);
        return;
    }
    sim_emit(modem, line, len);
}

/* A result code: a number and CR alone with ATV0. */
void sim_say_final(struct simmodem *modem, const char *line)
{
    static const char *const numeric[][2] = {{"OK", "0\r"}, {"ERROR", "4\r"}};
    if (modem->settings.quiet)
        return;
    if (sim_has(modem, SIM_HABIT_LOSES_OK) && !strcmp(line, "OK") &&
        ++modem->habit_turn % OK_LOST_EVERY == 0)
        return;
    for (unsigned i = 0; !modem->settings.verbose && i < 2; i++) {
        if (!strcmp(line, numeric[i][0])) {
            sim_emit(modem, numeric[i][1], 2);
            return;
        }
    }
    sim_say(modem, "%s", line);
}

void sim_urc(struct simmodem *modem, const char *format, ...)
{
    char line[SIMMODEM_BYTES];
    va_list args;
    va_start(args, format);
    size_t len = dress(modem, line, sizeof line, format, args);
    va_end(args);
    if (modem->power != SIM_RUNNING || !modem->plugged)
        return;
    if (simnet_logs(modem->net)) {
        char told[SIMMODEM_BYTES];
        size_t skip = line[0] == '\r' ? 2 : 0;
        snprintf(told, sizeof told, "%.*s", (int)(len - skip - 1), line + skip);
        told[strcspn(told, "\r")] = 0;
        sim_tell(modem, SIM_EVENT_URC, told, -1);
    }
    if (modem->settings.told_port != modem->port) {
        if (modem->beside)
            modem->beside(modem->ctx, (const uint8_t *)line, len);
        return;
    }
    if (modem->mode == SIM_PROMPT)
        append(&modem->urc, &modem->urc_len, &modem->urc_room, line, len);
    else
        emit_aside(modem, line, len);
}

void sim_urcs_release(struct simmodem *modem)
{
    emit_aside(modem, modem->urc, modem->urc_len);
    modem->urc_len = 0;
}
