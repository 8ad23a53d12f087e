/* sim_event: see sim_event.h. The JSON is written by hand: a bench makes 100,000 lines a second. */
#include "sim_event.h"

#include <stdbool.h>
#include <string.h>

static const char *const names[SIM_EVENTS] = {
    [SIM_EVENT_COMMAND] = "command",
    [SIM_EVENT_PROMPT] = "prompt",
    [SIM_EVENT_ESCAPE] = "escape",
    [SIM_EVENT_PDU] = "pdu",
    [SIM_EVENT_RESULT] = "result",
    [SIM_EVENT_ACCEPTED] = "accepted",
    [SIM_EVENT_REFUSED] = "refused",
    [SIM_EVENT_DELIVERED] = "delivered",
    [SIM_EVENT_RECEIVED] = "received",
    [SIM_EVENT_REPORT] = "report",
    [SIM_EVENT_DROPPED] = "dropped",
    [SIM_EVENT_DELETED] = "deleted",
    [SIM_EVENT_URC] = "urc",
    [SIM_EVENT_FAULT] = "fault",
    [SIM_EVENT_MISSED] = "missed",
    [SIM_EVENT_VIOLATION] = "violation",
    [SIM_EVENT_UNPLUGGED] = "unplugged",
    [SIM_EVENT_PLUGGED] = "plugged",
    [SIM_EVENT_BOOTED] = "booted",
    [SIM_EVENT_REGISTRATION] = "registration",
};

const char *sim_event_name(enum sim_event_kind kind)
{
    return names[kind];
}

int sim_event_find(const char *name)
{
    for (int i = 0; i < SIM_EVENTS; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

struct writer {
    char *at, *end;
};

static void put(struct writer *out, const char *bytes, size_t len)
{
    if ((size_t)(out->end - out->at) < len)
        len = (size_t)(out->end - out->at);
    memcpy(out->at, bytes, len);
    out->at += len;
}

static void put_text(struct writer *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_number(struct writer *out, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        digits[--at] = '-';
    put(out, digits + at, sizeof digits - at);
}

/* `utf8`: the text is known to be; else what is not ASCII is escaped octet by octet. */
static void put_string(struct writer *out, const char *text, bool utf8)
{
    static const char digits[] = "0123456789abcdef";
    put(out, "\"", 1);
    for (; *text; text++) {
        uint8_t c = (uint8_t)*text;
        if (c == '"' || c == '\\') {
            put(out, "\\", 1);
            put(out, text, 1);
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8)) {
            const char escape[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
            put(out, escape, sizeof escape);
        } else {
            put(out, text, 1);
        }
    }
    put(out, "\"", 1);
}

static void put_member(struct writer *out, const char *name)
{
    put(out, ",\"", 2);
    put_text(out, name);
    put(out, "\":", 2);
}

static void put_int(struct writer *out, const char *name, int64_t value)
{
    put_member(out, name);
    put_number(out, value);
}

static void put_submit(struct writer *out, const struct sim_submit *submit)
{
    static const char *const alphabets[] = {
        [SIM_GSM7] = "gsm7", [SIM_8BIT] = "8bit", [SIM_UCS2] = "ucs2"};
    put_member(out, "to");
    put_string(out, submit->to, false);
    put_member(out, "text");
    put_string(out, submit->text, true);
    put_member(out, "alphabet");
    put_string(out, alphabets[submit->alphabet], false);
    put_int(out, "vp", submit->vp);
    put_int(out, "validity_ms", submit->validity_ms);
    put_member(out, "srr");
    put_text(out, submit->report ? "true" : "false");
    put_int(out, "pid", submit->pid);
    put_int(out, "dcs", submit->dcs);
    put_int(out, "ref", submit->ref);
    put_int(out, "part", submit->part);
    put_int(out, "parts", submit->parts);
    if (submit->class_ >= 0)
        put_int(out, "class", submit->class_);
    if (submit->smsc[0]) {
        put_member(out, "smsc");
        put_string(out, submit->smsc, false);
    }
}

static void put_optional(struct writer *out, const char *name, const char *text, bool utf8)
{
    if (!text)
        return;
    put_member(out, name);
    put_string(out, text, utf8);
}

size_t sim_event_json(const struct sim_event *event, uint64_t seq, int64_t ns, char *out)
{
    struct writer to = {out, out + SIM_EVENT_ROOM - 2}; /* the brace and a NUL */
    put_text(&to, "{\"seq\":");
    put_number(&to, (int64_t)seq);
    put_int(&to, "ns", ns);
    put_int(&to, "ms", event->at_ms);
    put_member(&to, "event");
    put_string(&to, names[event->kind], false);
    if (event->modem >= 0)
        put_int(&to, "modem", event->modem);
    if (event->id)
        put_int(&to, "submit", (int64_t)event->id);
    put_optional(&to, "line", event->line, false);
    put_optional(&to, "number", event->number, true);
    put_optional(&to, "from", event->from, true);
    if (event->submit)
        put_submit(&to, event->submit);
    else
        put_optional(&to, "text", event->text, true);
    if (event->value >= 0)
        put_int(&to, "value", event->value);
    *to.at++ = '}';
    *to.at = 0;
    return (size_t)(to.at - out);
}
