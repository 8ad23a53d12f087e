/* gammu_hear: what the helper says, line by line, all of it hostile: which words may be said in
 * which state, and what each changes. */
#include <stdio.h>
#include "gammu_inside.h"
#include "log.h"
#include "text.h"

enum { LINES_MAX = 10000 }; /* between two looks: more is a flood */

static bool take_identity(struct gammu_link *l, const struct gammu_line *line, char *out,
                          size_t room)
{
    return gammu_state(l) == LINK_IDENTIFYING && text_copy(out, room, line->text);
}

static bool take_ready(struct gammu_link *l)
{
    if (gammu_state(l) != LINK_IDENTIFYING)
        return false;
    l->link.card = LINK_CARD_READY;
    gammu_goto(l, LINK_REGISTERING, "phone known");
    gammu_look(l);
    return true;
}

static bool take_radio(struct gammu_link *l, const struct gammu_line *line)
{
    l->link.radio.registration = (int)line->number;
    l->link.radio.signal_dbm = line->value;
    (void)text_copy(l->link.radio.operator_, sizeof l->link.radio.operator_, line->text);
    l->notices.radio = true;
    gammu_notify(l);
    return true;
}

static bool take_alive(struct gammu_link *l)
{
    if (!l->looking)
        return false;
    l->looking = false;
    l->looked_ms = loop_now_ms(l->loop);
    /* A while after its start: one that dies soon after each has answered once every time. */
    int64_t now_ms = loop_now_ms(l->loop);
    if (!l->sending && now_ms - l->started_ms >= l->keepalive_ms &&
        !often_is_trouble(&l->losses, now_ms))
        l->penalty = l->replugs = 0;
    if (l->send.active)
        return true; /* the answer that is awaited is another one */
    loop_timer_cancel(&l->answer);
    loop_timer_cancel(&l->timer);
    gammu_settle(l, "registered");
    return true;
}

/* False: it has no business to say so now. */
static bool take(struct gammu_link *l, const struct gammu_line *line)
{
    struct link_identity *id = &l->link.identity;
    bool known = gammu_state(l) == LINK_REGISTERING || gammu_state(l) == LINK_READY ||
                 gammu_state(l) == LINK_BUSY;
    switch (line->word) {
    case GAMMU_HELLO:
        if (gammu_state(l) != LINK_SYNCING || line->number != GAMMU_WIRE_VERSION)
            return false;
        gammu_goto(l, LINK_IDENTIFYING, "helper speaks");
        return true;
    case GAMMU_IMEI:
        return take_identity(l, line, id->imei, sizeof id->imei);
    case GAMMU_IMSI:
        return take_identity(l, line, id->imsi, sizeof id->imsi) &&
               take_identity(l, line, id->iccid, sizeof id->iccid);
    case GAMMU_SMSC:
        return take_identity(l, line, id->smsc, sizeof id->smsc);
    case GAMMU_MAKER:
        return take_identity(l, line, id->maker, sizeof id->maker);
    case GAMMU_MODEL:
        return take_identity(l, line, id->model, sizeof id->model);
    case GAMMU_REVISION:
        return take_identity(l, line, id->revision, sizeof id->revision);
    case GAMMU_READY:
        return take_ready(l);
    case GAMMU_RADIO:
        return known && take_radio(l, line);
    case GAMMU_INBOUND:
        return known && gammu_take_inbound(l, line);
    case GAMMU_SENT:
    case GAMMU_REFUSED:
    case GAMMU_FAILED:
        return gammu_take_outcome(l, line);
    case GAMMU_ALIVE:
        return known && take_alive(l);
    case GAMMU_BROKEN:
        log_event(LOG_LEVEL_WARNING, "gammu", l->link.name, "broken", "error=%u", line->number);
        if (line->number == GAMMU_PHONE_BUSY)
            gammu_gone(l, "held by another program", GAMMU_BUSY_MS);
        else
            gammu_gone(l, "the phone is not reached", GAMMU_GONE_MS);
        return true;
    case GAMMU_SEND:
    case GAMMU_TAKEN:
    case GAMMU_LOOK:
        return false;
    }
    return false;
}

static void take_text(struct gammu_link *l, const char *text, size_t len)
{
    struct gammu_line line;
    bool known = gammu_line_parse(text, len, &line);
    char *seen = recorder_put(&l->recorder, loop_now_ns(l->loop), '<');
    if (known)
        gammu_line_show(&line, seen, RECORDER_TEXT);
    else
        (void)snprintf(seen, RECORDER_TEXT, "<line:%zu>", len);
    if (++l->lines > LINES_MAX)
        gammu_restart(l, SMS_LOCAL_GONE, "the helper floods");
    else if (!known || !take(l, &line))
        gammu_restart(l, SMS_LOCAL_GONE, "the helper says what it must not");
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct gammu_link *l = ctx;
    const struct stream *stream = l->stream;
    for (size_t i = 0; i < len && l->stream && l->stream == stream; i++) {
        if (data[i] == '\n') {
            size_t line = l->in_len;
            l->in_len = 0;
            take_text(l, l->in, line);
        } else if (l->in_len < GAMMU_LINE_MAX) {
            l->in[l->in_len++] = (char)data[i];
        } else {
            gammu_restart(l, SMS_LOCAL_GONE, "the helper says what it must not");
        }
    }
}

static void on_gone(void *ctx, int err)
{
    (void)err;
    gammu_restart(ctx, SMS_LOCAL_GONE, "the helper has ended");
}

const struct stream_sink gammu_hears = {.on_data = on_data, .on_gone = on_gone};
