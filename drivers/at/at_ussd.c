/* at_ussd: from a code to the network's text. It never asks the same code twice once the network
 * may have had it: a USSD can spend money. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "at_modem.h"
#include "at_parse_cusd.h"
#include "log.h"
#include "text.h"

enum {
    CHARSET_MS = 5000,
    TAIL_MS = 5000,     /* the OK behind an answer that came before it */
    BETTER_MS = 1000,   /* "Initiating Release" and then the real text */
    RELEASED_MS = 5000, /* a release without a word, which some firmware puts before the text */
    END_MS = 10000,
    PARTING_MS = 1000,
    CME_NO_NETWORK = 30,
    CME_NETWORK_TIMEOUT = 31,
    CME_EMERGENCY_ONLY = 32,
};

static void ussd_prepare(struct at_link *l);

bool at_ussd_take_turn(struct at_link *l)
{
    if (l->ussd.stage != AT_USSD_DUE)
        return false;
    ussd_prepare(l);
    return true;
}

/* --- forms --- */

static bool known_fits(const struct at_link *l)
{
    return l->ussd.known.imei[0] && strcmp(l->ussd.known.imei, l->link.identity.imei) == 0 &&
           strcmp(l->ussd.known.revision, l->link.identity.revision) == 0;
}

void at_ussd_recall(struct at_link *l, enum ussd_form form)
{
    (void)text_copy(l->ussd.known.imei, sizeof l->ussd.known.imei, l->link.identity.imei);
    (void)text_copy(l->ussd.known.revision, sizeof l->ussd.known.revision,
                    l->link.identity.revision);
    l->ussd.known.form = form;
}

static void remember_form(struct at_link *l)
{
    if (known_fits(l) && l->ussd.known.form == l->ussd.form)
        return;
    at_ussd_recall(l, l->ussd.form);
    if (known_fits(l))
        at_link_tell_ussd_form(l, l->ussd.form);
}

/* The next form that was not tried; false: none is left. */
static bool next_form(struct at_link *l)
{
    struct at_ussd *u = &l->ussd;
    enum ussd_form order[USSD_FORMS + 1] = {known_fits(l) ? u->known.form : l->quirks->ussd,
                                            USSD_PLAIN, USSD_PACKED, USSD_UCS2};
    for (unsigned i = 0; i <= USSD_FORMS; i++) {
        if (u->tried >> order[i] & 1)
            continue;
        u->form = order[i];
        u->tried |= 1U << u->form;
        return true;
    }
    return false;
}

static enum at_charset charset_of(enum ussd_form form)
{
    return form == USSD_UCS2 ? AT_CHARSET_UCS2 : AT_CHARSET_GSM;
}

/* --- ends --- */

static void ussd_tell(struct at_link *l, enum link_ussd_end end)
{
    struct at_ussd *u = &l->ussd;
    u->result.end = end;
    u->heard = false;
    loop_timer_cancel(&u->timer);
    log_event(LOG_LEVEL_INFO, "at", l->link.name, "ussd", "end=%s form=%s bytes=%zu cause=%d ms=%d",
              link_ussd_end_name(end), ussd_form_name(u->form), strlen(u->result.text),
              u->result.cause, (int)(loop_now_ms(l->loop) - u->asked_ms));
    at_link_tell_ussd(l, &u->result);
    explicit_bzero(u->result.text, sizeof u->result.text);
}

static void ussd_over(struct at_link *l)
{
    l->ussd.stage = AT_USSD_IDLE;
    explicit_bzero(l->ussd.code, sizeof l->ussd.code);
    ussd_tell(l, l->ussd.result.end);
    at_network_settle(l, "free");
}

static void ussd_send(struct at_link *l, enum at_ussd_stage stage, const char *text, int timeout_ms,
                      void (*done)(void *, const struct at_result *))
{
    struct at_command command = {.text = text, .timeout_ms = timeout_ms, .done = done, .arg = l};
    l->ussd.stage = stage;
    at_chat_send(&l->chat, &command);
}

/* True: the modem is not to be talked to any more, and what becomes of it is decided elsewhere. */
static bool ussd_lost(struct at_link *l, const struct at_result *result)
{
    if (l->chat.state == AT_CHAT_CLOSED || l->ussd.stage == AT_USSD_IDLE)
        return true;
    if (!result->in_step)
        at_init_failed(l, AT_SCRIPT_DEAF);
    else if (l->recovery.reboot_seen)
        at_network_settle(l, "");
    else
        return false;
    return true;
}

static void left(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    if (ussd_lost(l, result))
        return;
    l->ussd.charset = at_result_ok(result) ? AT_CHARSET_GSM : AT_CHARSET_UNKNOWN;
    ussd_over(l);
}

/* The strings of other commands are not read in UCS-2. */
static void ussd_finish(struct at_link *l, enum link_ussd_end end)
{
    l->ussd.result.end = end;
    loop_timer_cancel(&l->ussd.timer);
    if (l->ussd.charset == AT_CHARSET_UCS2)
        ussd_send(l, AT_USSD_LEAVING, "AT+CSCS=\"GSM\"", CHARSET_MS, left);
    else
        ussd_over(l);
}

static void ended(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    if (ussd_lost(l, result))
        return;
    l->ussd.stage = AT_USSD_PARTING;
    loop_timer_arm_in(&l->ussd.timer, PARTING_MS);
}

/* `end`: what is told unless an answer comes yet. */
static void ussd_part(struct at_link *l, enum link_ussd_end end)
{
    l->ussd.result.end = end;
    l->ussd.heard = false;
    loop_timer_cancel(&l->ussd.timer);
    ussd_send(l, AT_USSD_ENDING, "AT+CUSD=2", END_MS, ended);
}

static void ussd_open(struct at_link *l)
{
    l->ussd.stage = AT_USSD_OPEN;
    ussd_tell(l, LINK_USSD_MORE);
}

/* `final`: the network may have had the code, and it is not asked again in another form. */
static void ussd_refused(struct at_link *l, int cause, bool final)
{
    struct at_ussd *u = &l->ussd;
    bool network =
        cause == CME_NO_NETWORK || cause == CME_NETWORK_TIMEOUT || cause == CME_EMERGENCY_ONLY;
    u->heard = false;
    u->result.cause = cause;
    loop_timer_cancel(&u->timer);
    if (u->first && !u->answered && !final && !network && !u->cancelled && next_form(l))
        ussd_prepare(l);
    else
        ussd_finish(l, u->cancelled ? LINK_USSD_CANCELLED : LINK_USSD_REFUSED);
}

/* --- what is heard --- */

static void read_text(struct at_link *l, const struct at_cusd *cusd)
{
    (void)ussd_text_read(cusd->text, cusd->len, cusd->dcs, l->ussd.form, l->ussd.result.text);
}

/* Whether the line says how it ends, and then how. */
static bool ussd_hear(struct at_link *l, const struct at_cusd *cusd)
{
    struct at_ussd *u = &l->ussd;
    switch (cusd->mode) {
    case AT_CUSD_DONE:
    case AT_CUSD_MENU:
        u->answered = true;
        if (cusd->text)
            read_text(l, cusd);
        u->result.end = cusd->mode == AT_CUSD_MENU ? LINK_USSD_MORE : LINK_USSD_DONE;
        return true;
    case AT_CUSD_ENDED:
        u->answered = true;
        if (u->heard && !cusd->text)
            return false; /* the release behind the text */
        if (cusd->text)
            read_text(l, cusd);
        u->result.end = cusd->text ? LINK_USSD_DONE : LINK_USSD_RELEASED;
        return true;
    case AT_CUSD_OTHER:
        return false; /* noise of the modem's own toolkit */
    case AT_CUSD_REFUSED:
    case AT_CUSD_TIMEOUT:
        if (u->result.end == LINK_USSD_DONE && u->result.text[0])
            return false; /* behind the text: it stands */
        u->result.end = cusd->mode == AT_CUSD_REFUSED ? LINK_USSD_REFUSED : LINK_USSD_SILENT;
        return true;
    }
    assert(!"a mode of +CUSD");
    return false;
}

/* A release may stand before the text it releases; everything else is the last word. */
static void ussd_conclude(struct at_link *l, bool released)
{
    struct at_ussd *u = &l->ussd;
    if (released) {
        u->stage = AT_USSD_BETTER;
        loop_timer_arm_in(&u->timer, u->result.text[0] ? BETTER_MS : RELEASED_MS);
    } else if (u->result.end == LINK_USSD_REFUSED) {
        ussd_refused(l, 0, false);
    } else {
        if (u->result.end == LINK_USSD_DONE || u->result.end == LINK_USSD_MORE)
            remember_form(l);
        if (u->result.end == LINK_USSD_MORE && u->cancelled)
            ussd_part(l, LINK_USSD_CANCELLED);
        else if (u->result.end == LINK_USSD_MORE)
            ussd_open(l);
        else
            ussd_finish(l, u->result.end);
    }
}

/* With no command on the wire; while a fence for a stray prompt is, its end goes on here. */
static void ussd_heard(struct at_link *l, bool released)
{
    l->ussd.heard = true;
    l->ussd.released = released;
    if (at_chat_is_idle(&l->chat))
        ussd_conclude(l, released);
}

void at_ussd_on_line(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    struct at_ussd *u = &l->ussd;
    struct at_cusd cusd;
    bool menu_again;
    if (!at_parse_cusd(line, &cusd))
        return;
    switch (u->stage) {
    case AT_USSD_IDLE:
    case AT_USSD_DUE:
    case AT_USSD_CHARSET:
    case AT_USSD_LEAVING:
        u->strays++;
        break;
    case AT_USSD_ASKING: /* before the OK */
        if (!ussd_hear(l, &cusd))
            break;
        u->released = cusd.mode == AT_CUSD_ENDED;
        u->heard = true;
        at_chat_extend(&l->chat, TAIL_MS);
        break;
    case AT_USSD_WAITING:
    case AT_USSD_BETTER:
        if (ussd_hear(l, &cusd))
            ussd_heard(l, cusd.mode == AT_CUSD_ENDED);
        break;
    case AT_USSD_OPEN:
        menu_again = cusd.mode == AT_CUSD_MENU || cusd.mode == AT_CUSD_OTHER;
        if (!menu_again && ussd_hear(l, &cusd))
            ussd_heard(l, false);
        break;
    case AT_USSD_ENDING:
    case AT_USSD_PARTING: /* just too late, but whole */
        if (cusd.mode == AT_CUSD_DONE && cusd.text && !u->cancelled)
            (void)ussd_hear(l, &cusd);
        break;
    }
}

/* +CME ERROR: 258 and its like in place of a +CUSD: the network may have had the code. */
void at_ussd_on_orphan(struct at_link *l, const struct at_final *final)
{
    if (l->ussd.stage == AT_USSD_WAITING && final->kind != AT_FINAL_OK)
        ussd_refused(l, final->kind == AT_FINAL_CME ? final->code : 0, true);
}

/* --- asking --- */

static void asked(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    struct at_ussd *u = &l->ussd;
    if (l->chat.state == AT_CHAT_CLOSED || u->stage != AT_USSD_ASKING)
        return;
    if (!result->in_step && u->heard) { /* what was heard stands, whatever the modem does next */
        u->stage = AT_USSD_IDLE;
        ussd_tell(l, u->result.end == LINK_USSD_MORE ? LINK_USSD_DONE : u->result.end);
        at_init_failed(l, AT_SCRIPT_DEAF);
        return;
    }
    if (ussd_lost(l, result))
        return;
    if (u->heard) {
        ussd_conclude(l, u->released);
    } else if (result->end == AT_END_FINAL && result->final.kind != AT_FINAL_OK) {
        ussd_refused(l, result->final.kind == AT_FINAL_CME ? result->final.code : 0, false);
    } else if (u->cancelled) {
        ussd_part(l, LINK_USSD_CANCELLED);
    } else if (result->end != AT_END_FINAL) {
        ussd_part(l, LINK_USSD_SILENT);
    } else {
        u->stage = AT_USSD_WAITING;
        loop_timer_arm(&u->timer, u->deadline_ms);
    }
}

static void ussd_ask(struct at_link *l)
{
    struct at_ussd *u = &l->ussd;
    char written[USSD_WIRE_MAX + 1];
    char text[AT_COMMAND_MAX + 1];
    int64_t left_ms = u->deadline_ms - loop_now_ms(l->loop);
    ussd_code_write(u->code, u->form, written);
    (void)snprintf(text, sizeof text, "AT+CUSD=1,\"%s\",15", written);
    u->heard = u->released = false;
    u->result.text[0] = '\0';
    u->result.cause = 0;
    ussd_send(l, AT_USSD_ASKING, text, left_ms > 1 ? (int)left_ms : 1, asked);
    explicit_bzero(written, sizeof written);
    explicit_bzero(text, sizeof text);
}

static void charset_chosen(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    struct at_ussd *u = &l->ussd;
    if (ussd_lost(l, result))
        return;
    u->charset = at_result_ok(result) ? charset_of(u->form) : AT_CHARSET_UNKNOWN;
    if (u->cancelled)
        ussd_finish(l, LINK_USSD_CANCELLED);
    else if (u->form == USSD_UCS2 && !at_result_ok(result))
        ussd_refused(l, 0, false); /* it does not know this one: no use to ask in it */
    else
        ussd_ask(l);
}

static void ussd_prepare(struct at_link *l)
{
    struct at_ussd *u = &l->ussd;
    if (u->charset == charset_of(u->form))
        ussd_ask(l);
    else
        ussd_send(l, AT_USSD_CHARSET, u->form == USSD_UCS2 ? "AT+CSCS=\"UCS2\"" : "AT+CSCS=\"GSM\"",
                  CHARSET_MS, charset_chosen);
}

static void ussd_on_timer(void *arg)
{
    struct at_link *l = arg;
    enum at_ussd_stage stage = l->ussd.stage;
    stream_drain(l->stream); /* after a stall of ours the answer may long be there */
    if (l->ussd.stage != stage || loop_timer_armed(&l->ussd.timer))
        return;
    if (!at_chat_is_idle(&l->chat)) { /* a fence for a stray prompt */
        loop_timer_arm_in(&l->ussd.timer, AT_CHAT_ESCAPE_MS);
        return;
    }
    switch (stage) {
    case AT_USSD_WAITING:
        ussd_part(l, LINK_USSD_SILENT);
        break;
    case AT_USSD_BETTER:
    case AT_USSD_PARTING:
        ussd_finish(l, l->ussd.result.end);
        break;
    case AT_USSD_IDLE:
    case AT_USSD_DUE:
    case AT_USSD_CHARSET:
    case AT_USSD_ASKING:
    case AT_USSD_OPEN:
    case AT_USSD_ENDING:
    case AT_USSD_LEAVING:
        break;
    }
}

/* --- the link's calls --- */

void at_ussd_init(struct at_link *l)
{
    loop_timer_init(&l->ussd.timer, l->loop, ussd_on_timer, l);
}

static void ussd_begin(struct at_link *l, const char *code, int timeout_ms)
{
    struct at_ussd *u = &l->ussd;
    assert(timeout_ms > 0);
    (void)text_copy(u->code, sizeof u->code, code);
    u->cancelled = u->answered = false;
    u->asked_ms = loop_now_ms(l->loop);
    u->deadline_ms = u->asked_ms + timeout_ms;
}

int at_ussd_start(struct at_link *l, const char *code, int timeout_ms)
{
    struct at_ussd *u = &l->ussd;
    if (!ussd_code_is_clean(code))
        return -EINVAL;
    if (at_link_state(l) != LINK_READY || l->send.active || l->notices.outcome || l->notices.ussd)
        return -EAGAIN;
    ussd_begin(l, code, timeout_ms);
    u->tried = 0;
    u->first = true;
    (void)next_form(l);
    u->stage = AT_USSD_DUE;
    at_link_goto(l, LINK_BUSY, "ussd");
    /* A keepalive's command on the wire is awaited first; its end begins this one. */
    if (!at_script_stop(&l->script) && at_chat_is_idle(&l->chat))
        ussd_prepare(l);
    return 0;
}

int at_ussd_answer(struct at_link *l, const char *text, int timeout_ms)
{
    if (!ussd_code_is_clean(text))
        return -EINVAL;
    if (l->ussd.stage != AT_USSD_OPEN || l->notices.ussd)
        return -EAGAIN;
    ussd_begin(l, text, timeout_ms);
    l->ussd.first = false;
    if (at_chat_is_idle(&l->chat))
        ussd_ask(l);
    else
        l->ussd.stage = AT_USSD_DUE; /* a fence for a stray prompt */
    return 0;
}

void at_ussd_cancel(struct at_link *l)
{
    struct at_ussd *u = &l->ussd;
    bool idle = at_chat_is_idle(&l->chat);
    switch (u->stage) {
    case AT_USSD_DUE:
        if (!u->first) {
            u->stage = AT_USSD_OPEN;
            u->cancelled = true;
            break;
        }
        u->stage = AT_USSD_IDLE;
        ussd_tell(l, LINK_USSD_CANCELLED);
        if (!l->script.steps && idle)
            at_network_settle(l, "free");
        break;
    case AT_USSD_WAITING:
    case AT_USSD_OPEN:
        u->cancelled = true;
        if (idle)
            ussd_part(l, LINK_USSD_CANCELLED);
        break;
    case AT_USSD_CHARSET:
    case AT_USSD_ASKING:
        u->cancelled = true;
        break;
    case AT_USSD_IDLE:
    case AT_USSD_BETTER:
    case AT_USSD_ENDING:
    case AT_USSD_PARTING:
    case AT_USSD_LEAVING:
        break; /* it is over as it is */
    }
}

void at_ussd_forget(struct at_link *l)
{
    struct at_ussd *u = &l->ussd;
    if (u->stage == AT_USSD_IDLE)
        return;
    u->stage = AT_USSD_IDLE;
    u->result.text[0] = '\0';
    explicit_bzero(u->code, sizeof u->code);
    ussd_tell(l, LINK_USSD_GONE);
}

bool at_ussd_fenced(struct at_link *l)
{
    switch (l->ussd.stage) {
    case AT_USSD_IDLE:
        return false;
    case AT_USSD_DUE:
        ussd_prepare(l);
        return true;
    case AT_USSD_WAITING:
    case AT_USSD_OPEN:
    case AT_USSD_BETTER:
        if (l->ussd.heard)
            ussd_conclude(l, l->ussd.released);
        else if (l->ussd.cancelled)
            ussd_part(l, LINK_USSD_CANCELLED);
        return true;
    case AT_USSD_CHARSET:
    case AT_USSD_ASKING:
    case AT_USSD_ENDING:
    case AT_USSD_PARTING:
    case AT_USSD_LEAVING:
        return true;
    }
    assert(!"a stage of a session");
    return false;
}
