/* at_probe: see at_probe.h. */
#include "at_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "at_chat.h"
#include "at_parse.h"
#include "at_quirks.h"
#include "at_script.h"
#include "port_holder.h"
#include "text.h"

/* Longer than a stick that boots, and than two of the control transfers that a hung one leaves
 * unanswered; who waits for the answer is to ask another port then. */
enum { OPEN_MS = 15000 };

struct at_probe {
    struct loop *loop;
    struct port *port;
    struct stream *stream;
    struct at_chat chat;
    struct at_script script;
    unsigned tries;
    struct link_identity identity;
    int err;
    char why[96];
    at_probe_fn *fn; /* NULL: forgotten */
    void *arg;
    struct loop_timer opening;
    struct loop_task answer, reaper;
};

/* --- the end --- */

static void probe_reap(void *arg)
{
    struct at_probe *probe = arg;
    port_free(probe->port);
    free(probe);
}

static void probe_let_go(struct at_probe *probe)
{
    loop_timer_cancel(&probe->opening);
    at_script_forget(&probe->script);
    at_chat_close(&probe->chat);
    if (probe->stream)
        stream_close(probe->stream);
    probe->stream = NULL;
}

static void probe_begin(struct at_probe *probe);

static void probe_again(void *arg)
{
    struct at_probe *probe = arg;
    probe->tries = 0;
    probe_begin(probe);
}

static void probe_answer(void *arg)
{
    struct at_probe *probe = arg;
    const struct at_probe_answer answer = {probe->err, probe->why, &probe->identity};
    if (probe->err == -EBUSY)
        port_watch(probe->port, probe_again, probe);
    else
        loop_defer(&probe->reaper, LOOP_SOON);
    probe->fn(probe->arg, &answer);
}

/* Told after the stream's own end of this turn, so that the port is free for whoever is next. */
static void probe_end(struct at_probe *probe, int err, const char *why)
{
    probe_let_go(probe);
    probe->err = err;
    (void)text_copy(probe->why, sizeof probe->why, why);
    loop_defer(&probe->answer, LOOP_SOON);
}

void at_probe_forget(struct at_probe *probe)
{
    probe_let_go(probe);
    port_unwatch(probe->port);
    loop_task_cancel(&probe->answer);
    loop_defer(&probe->reaper, LOOP_SOON);
}

/* --- who is it? --- */

static bool learn_maker(void *arg, const char *line)
{
    struct link_identity *id = &((struct at_probe *)arg)->identity;
    return id->maker[0] || at_parse_name(line, "+CGMI:", id->maker, sizeof id->maker);
}

static bool learn_model(void *arg, const char *line)
{
    struct link_identity *id = &((struct at_probe *)arg)->identity;
    return id->model[0] || at_parse_name(line, "+CGMM:", id->model, sizeof id->model);
}

static bool learn_imei(void *arg, const char *line)
{
    return at_parse_imei(line, ((struct at_probe *)arg)->identity.imei);
}

static bool learn_iccid(void *arg, const char *line)
{
    return at_parse_iccid(line, ((struct at_probe *)arg)->identity.iccid);
}

static bool learn_imsi(void *arg, const char *line)
{
    return at_parse_imsi(line, ((struct at_probe *)arg)->identity.imsi);
}

static const char *ask_iccid(const struct at_probe *probe, const char *command)
{
    return probe->identity.iccid[0] ? NULL : command;
}

static const char *ask_iccid_own(void *arg)
{
    const struct at_probe *probe = arg;
    return ask_iccid(probe, at_quirks_find(probe->identity.maker, probe->identity.model)->iccid);
}

static const char *ask_iccid_common(void *arg)
{
    return ask_iccid(arg, "AT+CCID");
}

static const char *ask_iccid_file(void *arg)
{
    return ask_iccid(arg, "AT+CRSM=176,12258,0,0,10");
}

static const struct at_step steps[] = {
    {.command = "AT+CGMI", .prefix = {"+CGMI:", ""}, .line = learn_maker, .timeout_ms = 5000},
    {.command = "AT+CGMM", .prefix = {"+CGMM:", ""}, .line = learn_model, .timeout_ms = 5000},
    {.command = "AT+CGSN", .prefix = {"+CGSN:", ""}, .line = learn_imei, .timeout_ms = 5000},
    {.make = ask_iccid_own, .prefix = {""}, .line = learn_iccid, .timeout_ms = 5000},
    {.make = ask_iccid_common, .prefix = {""}, .line = learn_iccid, .timeout_ms = 5000},
    {.make = ask_iccid_file, .prefix = {"+CRSM:"}, .line = learn_iccid, .timeout_ms = 5000},
    {.command = "AT+CIMI", .prefix = {"+CIMI:", ""}, .line = learn_imsi, .timeout_ms = 5000},
    {0},
};

/* However it ended: it spoke AT, and what it did not tell is empty. */
static void asked(void *arg, enum at_script_end end)
{
    (void)end;
    probe_end(arg, 0, "it speaks AT");
}

/* --- does anybody speak AT? --- */

static void try_once(struct at_probe *probe);

/* Behind a try that was not answered in time its answer may still come, and would be taken for that
 * of the first question. */
static void tried(void *arg, const struct at_result *result)
{
    struct at_probe *probe = arg;
    if (result->end == AT_END_TIMEOUT)
        try_once(probe);
    else if (result->end == AT_END_FINAL && probe->tries > 1)
        at_chat_fence(&probe->chat);
    else if (result->end == AT_END_FINAL)
        at_script_run(&probe->script, steps, asked);
}

/* An emulator is known that answers no bare AT, and a modem may have been left quiet: the other try
 * takes both along, and soon, for a citizen may be waiting. A DIAG port is not to see long lines:
 * these are short. */
static void try_once(struct at_probe *probe)
{
    static const struct {
        const char *text;
        int ms;
    } tries[] = {{"AT", 500}, {"ATE0Q0V1", 2500}, {"AT", 3000}, {"ATE0Q0V1", 3000}};
    if (probe->tries == sizeof tries / sizeof *tries) {
        probe_end(probe, -ETIMEDOUT, "nobody speaks AT there");
        return;
    }
    const struct at_command command = {.text = tries[probe->tries].text,
                                       .timeout_ms = tries[probe->tries].ms,
                                       .no_fence = true,
                                       .done = tried,
                                       .arg = probe};
    probe->tries++;
    at_chat_send(&probe->chat, &command);
}

static void on_awake(void *ctx)
{
    try_once(ctx);
}

/* Some lack both queries, and speak AT all the same. */
static void on_fenced(void *ctx, bool in_step)
{
    struct at_probe *probe = ctx;
    (void)in_step;
    if (probe->tries > 1 && probe->stream && !probe->script.steps)
        at_script_run(&probe->script, steps, asked);
}

static void on_orphan(void *ctx, const struct at_final *final)
{
    (void)ctx;
    (void) final;
}

static void on_broken(void *ctx)
{
    probe_end(ctx, -EIO, "cannot write");
}

static const struct at_chat_sink chat_sink = {
    .awake = on_awake, .fenced = on_fenced, .orphan = on_orphan, .broken = on_broken};
static const struct at_urc no_urcs[] = {{.prefix = NULL}};

/* --- the port --- */

static void on_open(void *ctx)
{
    struct at_probe *probe = ctx;
    loop_timer_cancel(&probe->opening);
    at_chat_wake(&probe->chat, probe->stream);
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct at_probe *probe = ctx;
    at_chat_feed(&probe->chat, data, len);
}

static void cannot_open(struct at_probe *probe, int err)
{
    char holder[PORT_HOLDER_ROOM];
    if (err == EBUSY)
        port_holder(port_uri(probe->port), holder);
    probe_end(probe, -err, err == EBUSY ? holder : strerror(err));
}

static void on_gone(void *ctx, int err)
{
    if (err)
        cannot_open(ctx, err);
    else
        probe_end(ctx, -ENODEV, "hung up");
}

/* No -ETIMEDOUT, which says that nobody speaks AT there. */
static void opens_too_long(void *arg)
{
    probe_end(arg, -EIO, "the port does not open");
}

static const struct stream_sink stream_sink = {
    .on_open = on_open, .on_data = on_data, .on_gone = on_gone};

static void probe_begin(struct at_probe *probe)
{
    int rc = port_open(probe->port, &stream_sink, probe, &probe->stream);
    if (rc == 0) {
        loop_timer_arm_in(&probe->opening, OPEN_MS);
        return;
    }
    probe->stream = NULL;
    cannot_open(probe, -rc);
}

struct at_probe *at_probe_new(struct loop *loop, struct port *port, at_probe_fn *fn, void *arg)
{
    struct at_probe *probe = calloc(1, sizeof *probe);
    if (!probe) {
        port_free(port);
        return NULL;
    }
    probe->loop = loop;
    probe->port = port;
    probe->fn = fn;
    probe->arg = arg;
    loop_timer_init(&probe->opening, loop, opens_too_long, probe);
    loop_task_init(&probe->answer, loop, probe_answer, probe);
    loop_task_init(&probe->reaper, loop, probe_reap, probe);
    at_chat_init(&probe->chat, loop, no_urcs, &chat_sink, probe);
    probe->chat.queries = at_queries_early;
    at_script_init(&probe->script, loop, &probe->chat, probe);
    probe_begin(probe);
    return probe;
}
