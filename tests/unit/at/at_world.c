#include "at_world.h"
#include "late_stream.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "port_slot.h"
#include "text.h"

enum { START_MS = 1000000 };

static enum link_state last_state;

static void __attribute__((format(printf, 2, 3))) trace(struct world *w, const char *format, ...)
{
    va_list args;
    int n = snprintf(w->trace + w->trace_len, sizeof w->trace - w->trace_len, "%lld ",
                     (long long)loop_now_ms(w->loop) - START_MS);
    assert(n > 0);
    if (w->trace_len + (size_t)n < sizeof w->trace)
        w->trace_len += (size_t)n;
    va_start(args, format);
    n = vsnprintf(w->trace + w->trace_len, sizeof w->trace - w->trace_len, format, args);
    va_end(args);
    assert(n >= 0);
    if (w->trace_len + (size_t)n < sizeof w->trace)
        w->trace_len += (size_t)n;
}

/* --- the owner --- */

static void owner_answer(void *arg)
{
    struct world *w = arg;
    switch (w->answer) {
    case OWNER_YES:
    case OWNER_LATE_YES:
        link_proceed(w->link, w->asked_token, w->asked_part, true);
        break;
    case OWNER_NO:
        link_proceed(w->link, w->asked_token, w->asked_part, false);
        break;
    case OWNER_ABORTS:
        link_abort(w->link);
        break;
    case OWNER_CLOSES:
        link_close(w->link);
        w->link = NULL;
        break;
    case OWNER_SILENT:
        break;
    }
}

static void on_state(void *ctx, struct link *link, enum link_state state, const char *why)
{
    struct world *w = ctx;
    (void)link;
    last_state = state;
    trace(w, "state %s (%s)\n", link_state_name(state), why);
}

static void on_commit(void *ctx, struct link *link, uint64_t token, unsigned part)
{
    struct world *w = ctx;
    (void)link;
    w->commits++;
    w->asked_ms = loop_now_ms(w->loop);
    w->asked_token = token;
    w->asked_part = part;
    trace(w, "commit %llu/%u\n", (unsigned long long)token, part);
    if (w->answer_ms > 0)
        loop_timer_arm_in(&w->owner, w->answer_ms);
    else
        owner_answer(w);
}

static void on_outcome(void *ctx, struct link *link, uint64_t token, unsigned part,
                       const struct sms_outcome *outcome)
{
    struct world *w = ctx;
    (void)link;
    w->outcomes++;
    w->told_ms = loop_now_ms(w->loop);
    w->ctrl_z_ms = 0;
    w->outcome = *outcome;
    w->outcome_token = token;
    trace(w, "outcome %llu/%u %s space=%d cause=%d reference=%d\n", (unsigned long long)token, part,
          sms_verdict_name(outcome->verdict), outcome->space, outcome->cause, outcome->reference);
}

static void on_evidence(void *ctx, struct link *link, const struct link_evidence *evidence)
{
    struct world *w = ctx;
    (void)link;
    w->evidences++;
    w->evidence = *evidence;
    trace(w, "evidence %llu/%u reference=%d unsure=%d\n", (unsigned long long)evidence->token,
          evidence->part, evidence->reference, evidence->unsure);
}

static void on_inbound(void *ctx, struct link *link, const struct link_inbound *inbound)
{
    struct world *w = ctx;
    w->inbounds++;
    trace(w, "inbound %u octets\n", inbound->len);
    link_taken(link, inbound->handle, true);
}

static void on_radio(void *ctx, struct link *link, const struct link_radio *radio)
{
    struct world *w = ctx;
    (void)link;
    if (!w->no_radio)
        trace(w, "radio %d %d %d %s\n", radio->registration, radio->technology, radio->signal_dbm,
              radio->operator_);
}

static void on_ussd_form(void *ctx, struct link *link, enum ussd_form form)
{
    struct world *w = ctx;
    (void)link;
    w->forms++;
    w->form = form;
    trace(w, "form %s\n", ussd_form_name(form));
}

static void on_ussd(void *ctx, struct link *link, const struct link_ussd *result)
{
    struct world *w = ctx;
    (void)link;
    w->ussds++;
    w->ussd = *result;
    trace(w, "ussd %s %d <%s>\n", link_ussd_end_name(result->end), result->cause, result->text);
}

static const struct link_sink owner_sink = {.state = on_state,
                                            .commit = on_commit,
                                            .outcome = on_outcome,
                                            .evidence = on_evidence,
                                            .inbound = on_inbound,
                                            .radio = on_radio,
                                            .ussd = on_ussd,
                                            .ussd_form = on_ussd_form};

/* --- the modem --- */

static void modem_read(struct world *w, const char *bytes, size_t len);
static const struct stream_sink modem_sink;

static void modem_write(struct world *w, const char *bytes, size_t len)
{
    if (w->modem && len > 0)
        assert(stream_write(w->modem, bytes, len) == 0);
}

static void modem_reset(struct world *w)
{
    w->deaf = w->stalled = w->in_prompt = w->dialogue = w->busy = false;
    w->line_len = w->out_len = w->in_len = 0;
    loop_timer_cancel(&w->stall);
}

static void modem_stall_over(void *arg)
{
    struct world *w = arg;
    char out[sizeof w->out];
    char in[sizeof w->in];
    size_t out_len = w->out_len;
    size_t in_len = w->in_len;
    memcpy(out, w->out, out_len);
    memcpy(in, w->in, in_len);
    w->stalled = false;
    w->out_len = w->in_len = 0;
    modem_write(w, out, out_len);
    modem_read(w, in, in_len);
}

static void modem_fault(struct world *w)
{
    struct stream *modem = w->modem;
    w->fault_done = true;
    switch (w->fault) {
    case FAULT_NONE:
        break;
    case FAULT_CLOSE:
    case FAULT_CUT:
        w->modem = NULL;
        w->absent = true;
        if (w->fault == FAULT_CUT)
            stream_pipe_cut(modem, EIO);
        stream_close(modem);
        modem_reset(w);
        loop_timer_arm_in(&w->replug, w->replug_ms);
        break;
    case FAULT_DEAF:
        w->deaf = true;
        break;
    case FAULT_STALL:
        w->stalled = true;
        loop_timer_arm_in(&w->stall, w->stall_ms);
        break;
    case FAULT_GARBAGE:
        modem_write(w, "\x7e\xff\x00\x13>#@\xd0+C\x01\x02\xfe\x7e", 15);
        break;
    case FAULT_INJECT:
        modem_write(w, w->inject, strlen(w->inject));
        break;
    }
}

/* Puts bytes out; those of a message's dialogue are counted, and the fault strikes between two. */
static void modem_say(struct world *w, const char *bytes, size_t len)
{
    bool garbled = false;
    for (size_t i = 0; i < len; i++) {
        bool counted = w->dialogue || w->all;
        bool between = !w->all || i == 0 || bytes[i - 1] == '\n' || bytes[i] == '\r';
        if (w->all && between && w->said < sizeof w->borders)
            w->borders[w->said] = 1;
        if (counted && between && w->fault != FAULT_NONE && !w->fault_done &&
            w->said == w->at_byte) {
            modem_fault(w);
            garbled = w->fault == FAULT_GARBAGE;
        }
        w->said += counted;
        if (w->stalled && w->out_len < sizeof w->out)
            w->out[w->out_len++] = bytes[i];
        else if (!w->deaf && !w->stalled && w->modem && !garbled)
            modem_write(w, bytes + i, 1);
    }
}

static void modem_text(struct world *w, const char *text)
{
    modem_say(w, text, strlen(text));
}

/* The token lies in the last eight octets of the test's TPDU. */
static void modem_message(struct world *w)
{
    uint8_t octets[256];
    char answer[128];
    ssize_t len = text_hex_decode(w->line, w->line_len, octets, sizeof octets);
    w->line_len = 0;
    w->in_prompt = false;
    if (len < 9) {
        modem_text(w, "\r\n+CMS ERROR: 304\r\n");
    } else {
        uint64_t token = 0;
        for (ssize_t i = len - 8; i < len; i++)
            token = token << 8 | octets[i];
        int reference = w->next_reference++ & 255;
        if (w->sent < WORLD_TRUTHS)
            w->truth[w->sent] = (struct world_truth){token, reference};
        w->sent++;
        const char *format = w->cmgs_answer ? w->cmgs_answer : "\r\n+CMGS: %d\r\n\r\nOK\r\n";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(answer, sizeof answer, format, reference);
#pragma GCC diagnostic pop
        if (w->answer_late_ms > 0) {
            (void)text_copy(w->late_answer, sizeof w->late_answer, answer);
            loop_timer_arm_in(&w->late, w->answer_late_ms);
        } else {
            modem_text(w, answer);
        }
    }
    w->dialogue = false;
}

static void modem_late(void *arg)
{
    struct world *w = arg;
    modem_text(w, w->late_answer);
}

static void modem_command(struct world *w)
{
    static const struct {
        const char *command, *answer;
    } rows[] = {
        {"AT+CGSN", "\r\n356938035643809\r\n\r\nOK\r\n"},
        {"AT+CGMR", "\r\n1.0\r\n\r\nOK\r\n"},
        {"AT+CFUN?", "\r\n+CFUN: 1\r\n\r\nOK\r\n"},
        {"AT+CCID", "\r\n+CCID: \"8984048000000000012\"\r\n\r\nOK\r\n"},
        {"AT+CIMI", "\r\n452040000000001\r\n\r\nOK\r\n"},
        {"AT+CMEE?", "\r\n+CMEE: 1\r\n\r\nOK\r\n"},
        {"AT+COPS?", "\r\n+COPS: 0,2,\"45204\",7\r\n\r\nOK\r\n"},
        {"AT+CSQ", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"},
        {"AT+CGREG?", "\r\nERROR\r\n"},
        {"AT+CPMS=?", "\r\n+CPMS: (\"ME\",\"SM\"),(\"ME\",\"SM\"),(\"ME\",\"SM\")\r\n\r\nOK\r\n"},
        {"AT+CPMS?", "\r\n+CPMS: \"ME\",0,50,\"ME\",0,50,\"ME\",0,50\r\n\r\nOK\r\n"},
        {"AT+CPMS=\"ME\",\"ME\",\"ME\"", "\r\n+CPMS: 0,50,0,50,0,50\r\n\r\nOK\r\n"},
        {"AT+CPMS=\"ME\"", "\r\n+CPMS: 0,50,0,50,0,50\r\n\r\nOK\r\n"},
        {"AT+CPMS=\"SM\"", "\r\n+CPMS: 0,20,0,50,0,50\r\n\r\nOK\r\n"},
        {"AT+CNMI=?", "\r\n+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\r\n\r\nOK\r\n"},
        {"AT+CNMI?", "\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK\r\n"},
        {"AT^CURC=0", "\r\nERROR\r\n"},
    };
    char answer[128];
    w->line[w->line_len] = '\0';
    w->line_len = 0;
    w->commands++;
    if (w->echo) {
        modem_text(w, w->line);
        modem_text(w, "\r");
    }
    if (w->mute && strncmp(w->line, w->mute, strlen(w->mute)) == 0)
        return;
    if (w->hook && w->hook(w, w->line))
        return;
    if (strcmp(w->line, "ATE0") == 0 || strcmp(w->line, "ATE0Q0V1") == 0)
        w->echo = false;
    if (strncmp(w->line, "AT+CMGS=", 8) == 0) {
        w->dialogue = true;
        if (!w->all)
            w->said = 0;
        w->in_prompt = true;
        modem_text(w, w->prompt ? w->prompt : "\r\n> ");
        return;
    }
    if (strcmp(w->line, "AT+CGMI") == 0 || strcmp(w->line, "AT+CGMM") == 0) {
        (void)snprintf(answer, sizeof answer, "\r\n%s\r\n\r\nOK\r\n",
                       w->line[6] == 'I' ? w->maker : w->model);
        modem_text(w, answer);
        return;
    }
    const struct {
        const char *command, *wish, *answer;
    } wishes[] = {
        {"AT+CPIN?", w->cpin, "\r\n+CPIN: READY\r\n\r\nOK\r\n"},
        {"AT+CREG?", w->creg, "\r\n+CREG: 2,1,\"00A1\",\"01B2C3D4\",7\r\n\r\nOK\r\n"},
        {"AT+CEREG?", w->cereg, "\r\nERROR\r\n"},
        {"AT+CSCA?", w->csca, "\r\n+CSCA: \"+84980200030\",145\r\n\r\nOK\r\n"},
        {"AT+CMGF?", w->cmgf, "\r\n+CMGF: 0\r\n\r\nOK\r\n"},
    };
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
        if (strcmp(w->line, wishes[i].command) == 0) {
            modem_text(w, wishes[i].wish ? wishes[i].wish : wishes[i].answer);
            return;
        }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(w->line, rows[i].command) == 0) {
            modem_text(w, rows[i].answer);
            return;
        }
    if (strncmp(w->line, "AT", 2) == 0)
        modem_text(w, "\r\nOK\r\n");
    else if (*w->line)
        modem_text(w, "\r\nERROR\r\n");
}

static void modem_byte(struct world *w, char c)
{
    if (w->stalled) {
        if (w->in_len < sizeof w->in)
            w->in[w->in_len++] = c;
        return;
    }
    if (!w->modem)
        return;
    if (c == 0x1b) {
        if (w->in_prompt)
            modem_text(w, "\r\nOK\r\n");
        w->in_prompt = w->dialogue = false;
        w->line_len = 0;
    } else if (w->in_prompt) {
        if (c == 0x1a)
            modem_message(w);
        else if (w->line_len < sizeof w->line - 1)
            w->line[w->line_len++] = c;
    } else if (c == '\r') {
        modem_command(w);
    } else if (w->line_len < sizeof w->line - 1) {
        w->line[w->line_len++] = c;
    }
}

/* A deaf modem's firmware watchdog still hears a reset. */
static bool modem_hears_reset(struct world *w, const char *bytes, size_t len)
{
    static const char reset[] = "AT+CFUN=1,1\r";
    return w->deaf && !w->dead && memmem(bytes, len, reset, sizeof reset - 1) != NULL;
}

static void modem_read(struct world *w, const char *bytes, size_t len)
{
    if (modem_hears_reset(w, bytes, len)) {
        modem_reset(w);
        return;
    }
    for (size_t i = 0; i < len && !w->deaf; i++)
        modem_byte(w, bytes[i]);
}

static void modem_on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct world *w = ctx;
    if (w->ctrl_z_ms && loop_now_ms(w->loop) < w->ctrl_z_ms + 120000)
        w->written_meanwhile++;
    if (memchr(data, 0x1a, len))
        w->ctrl_z_ms = loop_now_ms(w->loop);
    for (size_t i = 0; i < len && w->wire_len < sizeof w->wire; i++)
        w->wire[w->wire_len++] = (char)data[i];
    modem_read(w, (const char *)data, len);
}

static void modem_on_gone(void *ctx, int err)
{
    struct world *w = ctx;
    (void)err;
    if (w->modem)
        stream_close(w->modem);
    w->modem = NULL;
    modem_reset(w);
}

static const struct stream_sink modem_sink = {.on_data = modem_on_data, .on_gone = modem_on_gone};

/* --- the port --- */

static struct world *world_of(struct port *port)
{
    return (struct world *)((char *)port - offsetof(struct world, port));
}

static int port_do_open(struct port *port, const struct stream_sink *sink, void *ctx,
                        struct stream **out)
{
    struct world *w = world_of(port);
    if (w->absent)
        return -ENOENT;
    if (w->open_error && w->open_late)
        return late_stream_new(w->loop, -w->open_error, w->open_error_ms, sink, ctx, out);
    if (w->open_error)
        return w->open_error;
    if (w->modem)
        stream_close(w->modem);
    w->opens++;
    modem_reset(w);
    w->deaf = w->dead;
    int err = stream_pipe_new(w->loop, 0, sink, ctx, &w->host, &modem_sink, w, &w->modem);
    *out = w->host;
    return err;
}

static void port_do_watch(struct port *port, loop_fn *fn, void *arg)
{
    struct world *w = world_of(port);
    w->watch = fn;
    w->watch_arg = arg;
    w->watch_new = false;
}

static void port_do_unwatch(struct port *port)
{
    world_of(port)->watch = NULL;
}

static void port_do_watch_new(struct port *port, loop_fn *fn, void *arg)
{
    port_do_watch(port, fn, arg);
    world_of(port)->watch_new = true;
}

static const struct port_ops world_port_ops = {.open = port_do_open,
                                               .watch = port_do_watch,
                                               .unwatch = port_do_unwatch,
                                               .free = port_do_unwatch,
                                               .watch_new = port_do_watch_new};

static void world_watched(void *arg)
{
    struct world *w = arg;
    loop_fn *fn = w->watch;
    w->watch = NULL;
    if (fn)
        fn(w->watch_arg);
}

void world_plug(struct world *w)
{
    w->absent = false;
    if (w->watch)
        loop_timer_arm_in(&w->watched, 0);
}

void world_let_go(struct world *w)
{
    if (w->watch && !w->watch_new)
        loop_timer_arm_in(&w->watched, 0);
}

static void world_replug(void *arg)
{
    world_plug(arg);
}

void world_unplug(struct world *w)
{
    struct stream *modem = w->modem;
    w->modem = NULL;
    w->absent = true;
    modem_reset(w);
    if (modem)
        stream_close(modem);
}

/* --- from outside --- */

static struct world *world_of_rescue(struct rescue *rescue)
{
    return (struct world *)((char *)rescue - offsetof(struct world, rescue));
}

static void rescue_do_note(struct rescue *rescue, const char *place)
{
    world_of_rescue(rescue)->noted = place != NULL;
}

static bool rescue_do_can(const struct rescue *rescue, enum rescue_way way)
{
    const struct world *w =
        (const struct world *)((const char *)rescue - offsetof(struct world, rescue));
    return way == RESCUE_USB ? w->has_usb : w->has_power;
}

static void world_rescued(void *arg)
{
    struct world *w = arg;
    rescue_done_fn *done = w->rescue_done;
    w->rescue_done = NULL;
    if (w->rescue_result == 0 && w->rescue_revives) {
        w->dead = w->absent = false;
        w->open_error = 0;
    }
    done(w->rescue_arg, w->rescue_result);
}

static int rescue_do_start(struct rescue *rescue, enum rescue_way way, rescue_done_fn *done,
                           void *arg)
{
    struct world *w = world_of_rescue(rescue);
    assert(!w->rescue_done);
    *(way == RESCUE_USB ? &w->usbs : &w->powers) += 1;
    w->rescue_done = done;
    w->rescue_arg = arg;
    loop_timer_arm_in(&w->rescued, w->rescue_ms);
    return 0;
}

static void rescue_do_stop(struct rescue *rescue)
{
    struct world *w = world_of_rescue(rescue);
    w->rescue_stops++;
    w->rescue_done = NULL;
    loop_timer_cancel(&w->rescued);
}

static const struct rescue_ops world_rescue_ops = {rescue_do_note, rescue_do_can, rescue_do_start,
                                                   rescue_do_stop, rescue_do_stop};

/* --- the test's calls --- */

static int world_place(void *arg, const char *uri, struct port **out, const char **why)
{
    struct world *w = arg;
    (void)uri;
    (void)why;
    *out = &w->port;
    return 0;
}

void world_start(struct world *w)
{
    struct at_link_config config = {.name = "test",
                                    .smsc = w->smsc,
                                    .roaming = w->roaming,
                                    .rescue = &w->rescue,
                                    .slot = w->moves,
                                    .owns_port = w->moves};
    const char *why = "";
    w->loop = loop_sim_new(START_MS, 1795000000000);
    assert(w->loop);
    w->port.ops = &world_port_ops;
    (void)text_copy(w->port.uri, sizeof w->port.uri, "/dev/ttyUSB0");
    w->rescue.ops = &world_rescue_ops;
    w->echo = true;
    w->next_reference = 7;
    w->next_token = 100;
    if (!w->maker[0])
        strcpy(w->maker, "Plain");
    if (!w->model[0])
        strcpy(w->model, "One");
    if (w->replug_ms == 0)
        w->replug_ms = 3000;
    loop_timer_init(&w->replug, w->loop, world_replug, w);
    loop_timer_init(&w->stall, w->loop, modem_stall_over, w);
    loop_timer_init(&w->late, w->loop, modem_late, w);
    loop_timer_init(&w->owner, w->loop, owner_answer, w);
    loop_timer_init(&w->watched, w->loop, world_watched, w);
    loop_timer_init(&w->rescued, w->loop, world_rescued, w);
    struct port *port = w->moves ? port_slot_new(w->loop, world_place, w) : &w->port;
    assert(!w->moves || port_slot_attach(port, "/dev/ttyUSB0", &why) == 0);
    w->link = at_link_new(w->loop, port, &config, &owner_sink, w);
    assert(w->link);
    last_state = LINK_GONE;
    assert(link_open(w->link) == 0);
}

void world_stop(struct world *w)
{
    if (w->link)
        link_close(w->link);
    w->link = NULL;
    loop_sim_settle(w->loop);
    if (w->modem)
        stream_close(w->modem);
    w->modem = NULL;
    loop_timer_cancel(&w->replug);
    loop_timer_cancel(&w->stall);
    loop_timer_cancel(&w->owner);
    loop_timer_cancel(&w->late);
    loop_timer_cancel(&w->watched);
    loop_sim_settle(w->loop);
    loop_free(w->loop);
}

void world_run(struct world *w, int64_t ms)
{
    loop_sim_run_until(w->loop, loop_now_ms(w->loop) + ms);
}

enum link_state world_state(const struct world *w)
{
    (void)w;
    return last_state;
}

/* Step by step, so that what happens next starts at the moment it may. */
static bool world_until(struct world *w, int64_t ms, bool (*over)(struct world *, uint64_t),
                        uint64_t arg)
{
    int64_t end = loop_now_ms(w->loop) + ms;
    loop_sim_settle(w->loop);
    while (!over(w, arg)) {
        int64_t next = loop_sim_next_ms(w->loop);
        if (next > end) {
            loop_sim_run_until(w->loop, end);
            return over(w, arg);
        }
        loop_sim_run_until(w->loop, next);
    }
    return true;
}

static bool is_ready(struct world *w, uint64_t arg)
{
    (void)arg;
    return world_state(w) == LINK_READY;
}

bool world_until_ready(struct world *w, int64_t ms)
{
    return world_until(w, ms, is_ready, 0);
}

static bool has_outcome(struct world *w, uint64_t token)
{
    return w->outcome_token == token;
}

bool world_until_outcome(struct world *w, uint64_t token, int64_t ms)
{
    return world_until(w, ms, has_outcome, token);
}

uint64_t world_submit(struct world *w, bool more)
{
    struct link_submit submit = {.token = w->next_token, .more = more};
    submit.tpdu.len = 20;
    memset(submit.tpdu.octet, 0x11, 12);
    for (unsigned i = 0; i < 8; i++)
        submit.tpdu.octet[12 + i] = (uint8_t)(submit.token >> (56 - 8 * i));
    if (link_submit(w->link, &submit) != 0)
        return 0;
    return w->next_token++;
}

void world_say(struct world *w, const char *bytes, size_t len)
{
    modem_write(w, bytes, len);
}
